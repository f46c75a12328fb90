//! A date: a button that opens a month, for the pointer and for the keyboard.

use egui::{
    Align2, EventFilter, Id, Key, Modifiers, Popup, PopupCloseBehavior, Rect, Response, Role, Sense, Stroke,
    StrokeKind, Ui, WidgetInfo, vec2,
};
use jiff::civil::Date;

use super::calendar::{Month, Step, step};
use super::{Follow, opener};
use crate::ui::date_form::DateForm;
use crate::ui::icon::Icon;
use crate::ui::theme::{self, Tokens, tokens};
use crate::ui::week::WeekStart;
use crate::ui::widgets::{focus_ring, icon_button, keep_above, link, muted};

/// Width and height of a day.
const DAY: f32 = 34.0;

/// What is to be seen in the month besides the days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateMarks<'a> {
    /// Today; days before it cannot be chosen.
    pub today: Date,
    /// Another day with what happens on it: `the old certificate expires`.
    pub other: Option<(Date, &'a str)>,
}

/// A date picker. Which date is chosen is the caller's.
#[derive(Debug, Default)]
pub(crate) struct DatePicker {
    /// The day under the cursor, while the month is open.
    cursor: Option<Date>,
    month: Option<Month>,
    /// The cursor has moved: the keyboard goes with it.
    follow: Follow,
}

impl DatePicker {
    /// Shows the button and, where it is open, the month. Says whether another date was chosen.
    pub(crate) fn show(&mut self, ui: &mut Ui, name: &str, date: &mut Date, marks: &DateMarks<'_>) -> bool {
        let button = opener(ui, name, &DateForm::of(ui.ctx()).date_of_week(*date));
        let mut chosen = None;
        let shown = Popup::from_toggle_button_response(&button)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .accessible_name(name)
            .show(|ui| {
                let cursor = *self.cursor.get_or_insert_with(|| {
                    self.follow = Follow::begin();
                    (*date).max(marks.today)
                });
                let month = *self.month.get_or_insert_with(|| Month::of(cursor));
                ui.set_width(DAY * 7.0);
                ui.spacing_mut().item_spacing = vec2(0.0, 4.0);
                self.head(ui, month, marks);
                chosen = self.days(ui, month, cursor, *date, marks);
                if let Some((day, what)) = marks.other {
                    ui.horizontal(|ui| {
                        ui.spacing_mut().item_spacing.x = 6.0;
                        let (dot, _) = ui.allocate_exact_size(vec2(8.0, 16.0), Sense::hover());
                        ui.painter().circle_filled(dot.center(), 3.0, tokens(ui.ctx()).bad.ink);
                        ui.label(muted(ui, format!("{}, {what}", DateForm::of(ui.ctx()).date(day))));
                    });
                }
                if chosen.is_some() {
                    ui.close();
                }
            });
        keep_above(ui, shown.as_ref());
        if shown.is_none() {
            self.cursor = None;
            self.month = None;
        }
        let Some(chosen) = chosen else { return false };
        button.request_focus();
        let changed = *date != chosen;
        *date = chosen;
        changed
    }

    fn head(&mut self, ui: &mut Ui, month: Month, marks: &DateMarks<'_>) {
        ui.horizontal(|ui| {
            let earlier = !month.plus(-1).ends_before(marks.today);
            if ui.add_enabled_ui(earlier, |ui| icon_button(ui, Icon::ChevronLeft, "Month before")).inner.clicked() {
                self.month = Some(month.plus(-1));
            }
            let room = ui.available_width() - 28.0;
            let (rect, label) = ui.allocate_exact_size(vec2(room, 28.0), Sense::hover());
            let ink = tokens(ui.ctx()).text;
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, month.label(), theme::bold(theme::BODY), ink);
            label.widget_info(|| WidgetInfo::labeled(Role::Label, true, month.label()));
            if icon_button(ui, Icon::ChevronRight, "Month after").clicked() {
                self.month = Some(month.plus(1));
            }
        });
        ui.horizontal(|ui| {
            for day in WeekStart::of(ui.ctx()).heads() {
                let (rect, _) = ui.allocate_exact_size(vec2(DAY, 20.0), Sense::hover());
                let ink = tokens(ui.ctx()).muted;
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, day, theme::bold(theme::TABLE_HEAD), ink);
            }
        });
    }

    fn days(&mut self, ui: &mut Ui, month: Month, cursor: Date, selected: Date, marks: &DateMarks<'_>) -> Option<Date> {
        let grid = ui.scope_id().with("days");
        let mut chosen = None;
        ui.spacing_mut().item_spacing.y = 0.0;
        for week in month.weeks(WeekStart::of(ui.ctx())) {
            ui.horizontal(|ui| {
                for day in week {
                    // The days of the neighbouring months are there to be seen, and once only in the tree of names.
                    let live = month.holds(day) && day >= marks.today;
                    let (rect, _) = ui.allocate_exact_size(vec2(DAY, DAY), Sense::hover());
                    let sense = if live { Sense::click() } else { Sense::hover() };
                    let response = ui.interact(rect, grid.with(day.to_string()), sense);
                    let look = Look { day, live, inside: month.holds(day), selected: day == selected, marks };
                    look.paint(ui, rect, &response);
                    if live && response.clicked() {
                        chosen = Some(day);
                    }
                    if live && day == cursor {
                        self.follow.to(ui, &response);
                        if response.has_focus() {
                            self.keys(ui, response.id, cursor, marks.today);
                        }
                    }
                }
            });
        }
        ui.add_space(4.0);
        if link(ui, "Today").clicked() {
            chosen = Some(marks.today);
        }
        chosen
    }

    fn keys(&mut self, ui: &Ui, focused: Id, cursor: Date, earliest: Date) {
        let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(focused, filter));
        const KEYS: [(Modifiers, Key, Step); 10] = [
            (Modifiers::SHIFT, Key::PageUp, Step::Months(-12)),
            (Modifiers::SHIFT, Key::PageDown, Step::Months(12)),
            (Modifiers::NONE, Key::ArrowLeft, Step::Days(-1)),
            (Modifiers::NONE, Key::ArrowRight, Step::Days(1)),
            (Modifiers::NONE, Key::ArrowUp, Step::Days(-7)),
            (Modifiers::NONE, Key::ArrowDown, Step::Days(7)),
            (Modifiers::NONE, Key::PageUp, Step::Months(-1)),
            (Modifiers::NONE, Key::PageDown, Step::Months(1)),
            (Modifiers::NONE, Key::Home, Step::WeekStart),
            (Modifiers::NONE, Key::End, Step::WeekEnd),
        ];
        for (modifiers, key, by) in KEYS {
            if ui.input_mut(|input| input.consume_key(modifiers, key)) {
                let there = step(cursor, by, WeekStart::of(ui.ctx()), earliest);
                self.cursor = Some(there);
                self.month = Some(Month::of(there));
                self.follow = Follow::begin();
                ui.request_repaint();
                return;
            }
        }
    }
}

/// How one day looks.
struct Look<'a> {
    day: Date,
    live: bool,
    inside: bool,
    selected: bool,
    marks: &'a DateMarks<'a>,
}

impl Look<'_> {
    fn paint(&self, ui: &Ui, rect: Rect, response: &Response) {
        let tokens: &Tokens = tokens(ui.ctx());
        let cell = rect.shrink(2.0);
        let painter = ui.painter();
        let today = self.day == self.marks.today;
        let (fill, ink) = match (self.selected && self.inside, self.live) {
            (true, _) => (Some(tokens.accent.ink), tokens.on_accent),
            (false, true) if response.hovered() => (Some(tokens.hover), tokens.text),
            (false, true) => (None, tokens.text),
            (false, false) => (None, tokens.faint),
        };
        if let Some(fill) = fill {
            painter.rect_filled(cell, theme::RADIUS, fill);
        }
        if today {
            painter.rect_stroke(cell, theme::RADIUS, Stroke::new(1.0, tokens.accent.ink), StrokeKind::Inside);
        }
        painter.text(cell.center(), Align2::CENTER_CENTER, self.day.day(), theme::body(), ink);
        let other = self.marks.other.filter(|(day, _)| *day == self.day && self.inside);
        if other.is_some() {
            let dot = if self.selected { tokens.on_accent } else { tokens.bad.ink };
            painter.circle_filled(cell.center_bottom() - vec2(0.0, 5.0), 2.5, dot);
        }
        if self.inside {
            let mut said = self.day.strftime("%-d %B %Y").to_string();
            if today {
                said.push_str(", today");
            }
            if let Some((_, what)) = other {
                said.push_str(", ");
                said.push_str(what);
            }
            response.widget_info(|| WidgetInfo::selected(Role::Button, self.live, self.selected, &said));
        }
        focus_ring(ui, response);
    }
}
