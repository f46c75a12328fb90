//! What was sent to one connection and received from it.

use egui::{Align, Layout, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, vec2};

use crate::app::TransmissionFilter;
use crate::app::TransmissionSummary;
use crate::app::engine::{Answer, Command, ConnectionState, RequestId};
use crate::domain::transmission::Direction;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::{Intent, Page};
use crate::ui::moment::Moment;
use crate::ui::outcome::{direction_word, result_of};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, empty_state, focus_ring, mono, muted, notice, secondary, utc_on_hover};

/// So many are shown; the page of transmissions has them all.
const NEWEST: usize = 50;

/// Height of a row of two lines.
const ROW: f32 = 52.0;

/// The tab.
#[derive(Default)]
pub(super) struct HistoryTab {
    asked: Option<RequestId>,
    fresh: bool,
    rows: Option<Vec<Row>>,
    error: Option<(String, String)>,
}

struct Row {
    sent: TransmissionSummary,
    when: String,
    way: String,
    result: String,
    sentence: String,
}

impl Row {
    fn new(sent: TransmissionSummary, moment: &Moment) -> Self {
        let when = moment.day_and_time(sent.at);
        let arrow = match sent.direction {
            Direction::Outbound => "↑",
            Direction::Inbound => "↓",
        };
        let profile = sent.profile.map_or("No profile", crate::domain::identifier::ProfileKind::label);
        let result = result_of(sent.direction, sent.verdict, sent.cause.as_deref());
        let file = sent.file.as_deref().unwrap_or("no file name");
        let sentence = format!("{profile}, {} {when}, {file}, {result}", direction_word(sent.direction));
        Self { way: format!("{arrow} {profile}"), when, result, sentence, sent }
    }
}

impl HistoryTab {
    /// The journal has changed.
    pub(super) fn refresh(&mut self) {
        self.fresh = false;
    }

    /// Shows the newest transmissions of both profiles.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, state: &ConnectionState) {
        if !self.fresh && self.asked.is_none() {
            self.fresh = true;
            let filter = TransmissionFilter {
                connection: Some(state.connection.id.clone()),
                limit: NEWEST,
                ..TransmissionFilter::default()
            };
            self.asked = desk.ask(|id| Command::Transmissions(id, filter));
        }
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Page(page))) => {
                self.error = None;
                self.rows = Some(page.transmissions.into_iter().map(|sent| Row::new(sent, &desk.moment)).collect());
            }
            Some(Err(error)) => {
                self.error = Some((error.message().to_owned(), error.what_to_do().unwrap_or_default().to_owned()));
            }
            Some(Ok(_)) | None => {}
        }
        if let Some((message, hint)) = &self.error {
            let text = format!("{message}\n{hint}");
            if notice(ui, ToneName::Bad, "The journal cannot be read", text.trim(), |ui| {
                secondary(ui, "Try again").clicked()
            }) {
                self.fresh = false;
            }
            return;
        }
        let Some(rows) = &self.rows else {
            ui.label(muted(ui, "Reading the journal…"));
            return;
        };
        if rows.is_empty() {
            let text = format!("Nothing was sent to {} or received from it yet", state.connection.name);
            let send = empty_state(ui, Icon::ArrowLeftRight, "No transmission yet", &text, |ui| {
                secondary(ui, "Test send").clicked()
            });
            if send {
                desk.intend(Intent::Go(Page::TestSend(state.connection.id.clone())));
            }
            return;
        }
        let mut opened = None;
        let place = ("history", state.connection.id.as_str());
        ScrollArea::vertical().id_salt(place).auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for row in rows {
                if show(ui, row) {
                    opened = Some(row.sent.id);
                }
            }
            if rows.len() == NEWEST {
                ui.add_space(8.0);
                ui.label(muted(ui, format!("These are the newest {NEWEST}. Transmissions has them all")));
            }
        });
        if let Some(id) = opened {
            desk.intend(Intent::ShowTransmission(id));
        }
    }
}

/// Shows a row and returns whether it was clicked.
fn show(ui: &mut Ui, row: &Row) -> bool {
    let tokens = tokens(ui.ctx());
    let (rect, response) =
        ui.push_id(row.sent.id, |ui| ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click())).inner;
    if !ui.is_rect_visible(rect) {
        return false;
    }
    if response.hovered() {
        ui.painter().rect_filled(rect, theme::RADIUS, tokens.hover);
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, egui::Stroke::new(1.0, tokens.line));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &row.sentence));
    focus_ring(ui, &response);
    let inner = rect.shrink2(vec2(6.0, 6.0));
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.spacing_mut().item_spacing.y = 2.0;
    let line = vec2(inner.width(), 20.0);
    within.allocate_ui_with_layout(line, Layout::left_to_right(Align::Center), |ui| {
        let way = RichText::new(&row.way).font(theme::body());
        ui.add(egui::Label::new(way).extend());
        // A cause needs the room of the whole line.
        Badge::verdict(row.sent.verdict, &row.result).show(ui);
    });
    within.allocate_ui_with_layout(line, Layout::right_to_left(Align::Center), |ui| {
        utc_on_hover(ui.label(muted(ui, &row.when)), row.sent.at);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let file = row.sent.file.as_deref().unwrap_or("No file name");
            ui.add(egui::Label::new(mono(file).color(tokens.muted)).truncate());
        });
    });
    response.clicked()
}
