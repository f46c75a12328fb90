//! The board of one rollover: head, filters, what can be done to many at once, and the table.

use std::collections::HashSet;

use egui::{Align, Key, Layout, Modifiers, RichText, Ui, vec2};

use super::acts::{Act, Errand};
use super::bar::{bar, legend};
use super::lines::{BoardColumn, Lines, planned};
use super::loaded::Loaded;
use super::page::join;
use super::table::table;
use super::testing::Testing;
use crate::app::engine::{RequestId, RolloverAnswer, RolloverCommand};
use crate::domain::link::Link;
use crate::domain::rollover::{Board, ProfileKey, RolloverId, RolloverState};
use crate::ui::desk::Desk;
use crate::ui::files::PickId;
use crate::ui::icon::Icon;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{
    TableClick, ToneName, empty_state, icon_button, link, mono, muted, notice, page_title, primary, search, secondary,
    small,
};

/// The board of one rollover.
pub(super) struct BoardView {
    pub(super) id: RolloverId,
    pub(super) board: Loaded<Board>,
    lines: Lines,
    query: String,
    state: Option<RolloverState>,
    pub(super) selected: HashSet<ProfileKey>,
    last_clicked: Option<ProfileKey>,
    focus_search: bool,
    pub(super) picking: Option<(Errand, Option<PickId>)>,
    pub(super) doing: Option<(&'static str, Option<RequestId>)>,
}

impl BoardView {
    pub(super) fn new(id: RolloverId) -> Self {
        Self {
            id,
            board: Loaded::default(),
            lines: Lines::default(),
            query: String::new(),
            state: None,
            selected: HashSet::new(),
            last_clicked: None,
            focus_search: false,
            picking: None,
            doing: None,
        }
    }

    pub(super) const fn id(&self) -> RolloverId {
        self.id
    }

    pub(super) const fn refresh(&mut self) {
        self.board.refresh();
    }

    pub(super) const fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// Selects none; says whether any was.
    pub(super) fn clear_selection(&mut self) -> bool {
        let any = !self.selected.is_empty();
        self.selected.clear();
        any
    }

    /// Shows it; says whether to go back to the list.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, testing: Option<&mut Testing>) -> bool {
        let id = self.id;
        let came = self.board.poll(
            desk,
            || RolloverCommand::Board(id),
            |answer| match answer {
                RolloverAnswer::Board(board) => Some(*board),
                _ => None,
            },
        );
        if came && let Some(board) = &self.board.value {
            self.lines.write(board, &desk.moment);
            let known = self.lines.by_key();
            self.selected.retain(|key| known.contains_key(key));
        }
        self.answers(desk);
        let Some(board) = self.board.value.take() else { return self.without(ui) };
        let back = self.with(ui, desk, &board, testing);
        self.board.value = Some(board);
        back
    }

    /// Nothing was read yet, or nothing can be.
    fn without(&mut self, ui: &mut Ui) -> bool {
        let mut back = false;
        match &self.board.trouble {
            Some((head, text)) => {
                let text = join(head, text);
                let again = empty_state(ui, Icon::TriangleAlert, "The rollover cannot be read", &text, |ui| {
                    let again = primary(ui, "Try again").clicked();
                    back = secondary(ui, "All rollovers").clicked();
                    again
                });
                if again {
                    self.board.trouble = None;
                    self.board.refresh();
                }
            }
            None => {
                page_title(ui, &format!("Rollover {}", self.id));
                ui.label(muted(ui, "Reading the rollover…"));
            }
        }
        back
    }

    fn with(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, board: &Board, testing: Option<&mut Testing>) -> bool {
        let mut act = None;
        let back = self.head(ui, desk, board, &mut act);
        if let Some((head, text)) = &self.board.trouble {
            notice(ui, ToneName::Warn, "What is shown may be old", &join(head, text), |_| {});
        }
        let width = ui.available_width();
        bar(ui, &board.states, width);
        if let Some(state) = legend(ui, &board.states, self.state) {
            self.state = (self.state != Some(state)).then_some(state);
        }
        if let Some(testing) = testing {
            testing.show(ui, desk);
        }
        self.actions(ui, board, &mut act);
        self.lines.filter(&self.query, self.state);
        if self.lines.shown.is_empty() {
            let none = self.lines.len() == 0;
            let (head, text) = if none {
                ("No profile takes part", "Nothing uses the old certificate any more")
            } else {
                ("No profile matches", "None of the profiles answers to what is searched for and shown above")
            };
            let all =
                empty_state(ui, Icon::Search, head, text, |ui| !none && secondary(ui, "Show all profiles").clicked());
            if all {
                self.query.clear();
                self.state = None;
            }
        } else {
            self.keys(ui);
            if let Some(clicked) = table(ui, &self.lines, &self.selected) {
                self.click(clicked);
            }
        }
        if let Some(act) = act {
            self.act(act, board, desk);
        }
        back
    }

    fn head(&self, ui: &mut Ui, desk: &mut Desk<'_>, board: &Board, act: &mut Option<Act>) -> bool {
        let mut back = false;
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            back = icon_button(ui, Icon::ArrowLeft, "All rollovers").clicked();
            // Laid out from the right first: however long a name is, the buttons stay.
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if board.rows.iter().any(|row| row.pending) && primary(ui, "Apply…").clicked() {
                    *act = Some(Act::Apply);
                }
                let applied = board.rows.iter().any(|row| row.applied);
                if applied && secondary(ui, "Undo all…").clicked() {
                    *act = Some(Act::Undo);
                }
                if !applied && secondary(ui, "Forget…").clicked() {
                    *act = Some(Act::Forget);
                }
                if secondary(ui, "Export CSV…").clicked() {
                    *act = Some(Act::Export);
                }
                if secondary(ui, "Import CSV…").clicked() {
                    *act = Some(Act::Import);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let name = RichText::new(&board.rollover.name).font(theme::bold(theme::TITLE));
                    ui.add(egui::Label::new(name).truncate());
                });
            });
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let old: Vec<String> = board.rollover.replaces.iter().map(|old| old.short()).collect();
            ui.label(mono(old.join(", ")));
            ui.label(muted(ui, "is replaced by"));
            ui.label(mono(board.rollover.certificate.short()));
            if let Some(facts) = desk.snapshot.facts(&board.rollover.certificate) {
                let valid = crate::ui::certificate::validity(facts, &desk.moment);
                ui.label(muted(ui, format!("valid {valid}")));
            }
            if let Some(all) = &board.rollover.activation {
                ui.label(muted(
                    ui,
                    format!("· all change {}", planned(all, &desk.moment).replace("At once", "at once")),
                ));
            }
            if let Some(undone) = board.rollover.undone {
                ui.label(muted(ui, format!("· undone {}", desk.moment.ago(undone))));
            }
            if link(ui, "Copy link").on_hover_text("It opens this board in the window").clicked() {
                desk.copy_link(ui.ctx(), &Link::Rollover(board.rollover.id));
            }
        });
        back
    }

    /// Search, what is selected, and what can be done to it.
    fn actions(&mut self, ui: &mut Ui, board: &Board, act: &mut Option<Act>) {
        let selected = self.selected.len();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            let field = search(ui, "Search profiles", &mut self.query, "Search partner, state, note", 200.0);
            if std::mem::take(&mut self.focus_search) {
                field.request_focus();
            }
            if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
                self.query.clear();
            }
            let taking_part = board.rows.iter().filter(|row| row.state != RolloverState::LeftOut).count();
            let whom = if selected > 0 {
                format!("{} selected", count(selected, "profile"))
            } else {
                format!("All {taking_part} that take part")
            };
            ui.add(egui::Label::new(small(whom).color(tokens(ui.ctx()).text)).extend());
            if selected > 0 && link(ui, "Select none").clicked() {
                self.selected.clear();
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            if self.doing.is_some() {
                ui.disable();
            }
            let chosen_left_out = board
                .rows
                .iter()
                .filter(|row| row.state == RolloverState::LeftOut && self.selected.contains(&row.key()))
                .count();
            for (label, does) in [
                ("Schedule or move…", Act::Schedule),
                ("Activate now…", Act::ActivateNow),
                ("Mark told…", Act::Told),
                ("Send tests…", Act::Test),
                ("Note…", Act::Note),
                ("Roll back…", Act::RollBack),
            ] {
                if button(ui, label, true).clicked() {
                    *act = Some(does);
                }
            }
            if chosen_left_out > 0 && button(ui, "Take in", true).clicked() {
                *act = Some(Act::TakeIn);
            }
            if chosen_left_out < selected || selected == 0 {
                let leave = button(ui, "Leave out…", selected > 0);
                if leave.on_disabled_hover_text("Select the profiles to be left out first").clicked() {
                    *act = Some(Act::LeaveOut);
                }
            }
        });
    }

    /// What the keyboard does to the table, where nothing else has use for it.
    fn keys(&mut self, ui: &Ui) {
        let ctx = ui.ctx();
        if ctx.text_edit_focused() || ctx.memory(|memory| memory.top_modal_layer().is_some()) {
            return;
        }
        if ctx.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A)) {
            self.selected.extend(self.lines.shown.iter().map(|line| line.key.clone()));
        }
    }

    fn click(&mut self, clicked: TableClick<BoardColumn>) {
        match clicked {
            TableClick::Head(column) => self.lines.sort(column),
            TableClick::All => {
                let keys: Vec<ProfileKey> = self.lines.shown.iter().map(|line| line.key.clone()).collect();
                if keys.iter().all(|key| self.selected.contains(key)) {
                    for key in &keys {
                        self.selected.remove(key);
                    }
                } else {
                    self.selected.extend(keys);
                }
            }
            TableClick::Row(row, up_to) => {
                let Some(line) = self.lines.shown.get(row) else { return };
                let from = self.last_clicked.as_ref().filter(|_| up_to);
                let from = from.and_then(|key| self.lines.shown.iter().position(|line| line.key == *key));
                match from {
                    Some(from) => {
                        let (first, last) = (from.min(row), from.max(row));
                        self.selected.extend(self.lines.shown[first..=last].iter().map(|line| line.key.clone()));
                    }
                    None if self.selected.contains(&line.key) => {
                        self.selected.remove(&line.key);
                    }
                    None => {
                        self.selected.insert(line.key.clone());
                    }
                }
                self.last_clicked = Some(line.key.clone());
            }
        }
    }

    /// The selected ones, in the order of the table; none stands for all that take part.
    pub(super) fn keys_selected(&self) -> Vec<ProfileKey> {
        let mut keys: Vec<ProfileKey> = self.selected.iter().cloned().collect();
        keys.sort();
        keys
    }
}

/// A button in a row that wraps: what does not fit goes to the next line, whole.
fn button(ui: &mut Ui, label: &str, enabled: bool) -> egui::Response {
    let font = theme::medium(theme::BODY);
    let text = ui.painter().layout_no_wrap(label.to_owned(), font, tokens(ui.ctx()).text);
    if ui.available_size_before_wrap().x < text.size().x + 2.0 * ui.spacing().button_padding.x {
        ui.end_row();
    }
    ui.add_enabled_ui(enabled, |ui| secondary(ui, label)).inner
}
