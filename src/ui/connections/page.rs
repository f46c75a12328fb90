//! The page: title, tiles, search, matrix.

use std::sync::Arc;

use egui::{Align, Key, Layout, Modifiers, Ui, vec2};

use super::bulk_edit::{BulkEdit, Undoing};
use super::day::{DAY_WIDTH, DayView};
use super::due::due;
use super::facets::Kept;
use super::filter_bar::FilterBar;
use super::lines::Line;
use super::made::{Asked, Made};
use super::matrix::{Clicked, Looks, TABLE, matrix};
use super::rows::{Filter, MatrixColumn, Order, Row};
use super::selection::{self, Selection};
use super::welcome::welcome;
use crate::app::ManyDone;
use crate::app::engine::{Snapshot, Summary};
use crate::domain::compliance::Column;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::command::UiCommand;
use crate::ui::desk::Desk;
use crate::ui::focus::{self, Part};
use crate::ui::icon::Icon;
use crate::ui::intent::{InspectorTab, Intent};
use crate::ui::moment::{Moment, count};
use crate::ui::settings::UnlockDialog;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{
    ToneName, empty_state, figure_tile, link, notice, page_title, primary, search, secondary, segmented, table_step,
};

/// The page of connections with what the user has set on it.
#[derive(Default)]
pub(crate) struct ConnectionsPage {
    query: String,
    filter: Filter,
    order: Order,
    focus_search: bool,
    scroll_to: Option<usize>,
    /// The day that is looked at.
    day: DayView,
    /// What is due, in the place of the matrix.
    show_due: bool,
    /// What many connections are narrowed to and grouped by; nothing before the first frame.
    kept: Option<Kept>,
    bar: FilterBar,
    /// What is selected, so that all of it is changed.
    selection: Selection,
    undoing: Undoing,
    /// The rows as last made; none where they have to be made anew.
    made: Option<Made>,
}

impl ConnectionsPage {
    /// The workspace has been read anew.
    pub(crate) fn refresh(&mut self) {
        self.made = None;
    }

    /// Puts the cursor into the search field.
    pub(crate) const fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// Gives a selection of several up; false where there is none.
    pub(crate) fn give_selection_up(&mut self) -> bool {
        let several = self.selection.is_several();
        if several {
            self.selection.clear();
        }
        several
    }

    /// Has a change of many connections taken back.
    pub(crate) fn undo(&mut self, done: Box<ManyDone>, desk: &mut Desk<'_>) {
        self.undoing.begin(done, desk);
    }

    /// Takes what was answered, whatever page is shown.
    pub(crate) fn listen(&mut self, desk: &mut Desk<'_>) {
        self.undoing.listen(desk);
    }

    /// Shows the page. `selected` is what the inspector is open on.
    pub(crate) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, selected: Option<&(ConnectionId, ProfileKind)>) {
        if desk.snapshot.connections.is_empty() {
            welcome(ui, desk);
            return;
        }
        self.head(ui, desk, selected.is_some());
        ui.add_space(6.0);
        trouble(ui, desk);
        let shown = self.day.shown(desk);
        crate::ui::certificates::banners(ui, desk);
        super::sighted::band(ui, desk, selected.map(|(connection, _)| connection));
        if selected.is_none() {
            self.tiles(ui, desk, &shown);
            ui.add_space(6.0);
        }
        self.looks(ui, desk, &shown);
        let mut kept = self.kept.take().unwrap_or_else(|| Kept::load(ui.ctx()));
        self.make(&shown, &desk.moment, &kept);
        if let Some(made) = &self.made
            && (made.is_many || kept != Kept::default())
        {
            let groups = (!self.show_due).then_some(made.groups.as_slice());
            let left = (made.shown.len(), made.snapshot.connections.len());
            self.bar.show(ui, &mut kept, &made.choices, left, groups);
        }
        if !self.is_made_for(&kept) {
            self.make(&shown, &desk.moment, &kept);
            kept.store(ui.ctx());
        }
        ui.add_space(2.0);
        self.body(ui, desk, &shown, selected, &mut kept);
        if !self.is_made_for(&kept) {
            kept.store(ui.ctx());
            ui.ctx().request_repaint();
        }
        self.kept = Some(kept);
    }

    /// The matrix, or what is due.
    fn body(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        shown: &Snapshot,
        selected: Option<&(ConnectionId, ProfileKind)>,
        kept: &mut Kept,
    ) {
        let Some(made) = &self.made else { return };
        if self.show_due {
            let within = |id: &ConnectionId| made.narrowed.as_ref().is_none_or(|narrowed| narrowed.contains(id));
            due(ui, shown, &self.query, &within, &desk.moment, self.day.now(desk))
                .into_iter()
                .for_each(|wish| desk.intend(wish));
            return;
        }
        if made.lines.is_empty() {
            let text = self.what_is_asked(kept);
            let clear = empty_state(ui, Icon::Search, "No connection matches", &text, |ui| {
                secondary(ui, "Show all connections").clicked()
            });
            if clear {
                self.query.clear();
                self.filter = Filter::All;
                kept.clear();
            }
            return;
        }
        let lines = &made.lines;
        if self.selection.is_several() && selection::bar(ui, &mut self.selection, !desk.snapshot.workspace.read_only) {
            let ids = self.selection.ids().cloned().collect();
            desk.intend(Intent::Open(Box::new(BulkEdit::new(ids))));
        }
        if selection::select_all(ui) {
            self.selection.all(lines);
        }
        if let Some(line) = self.selection.step(ui, lines) {
            self.selection.click(line, Modifiers::SHIFT, lines);
            self.scroll_to = Some(line);
        }
        let here = || {
            let (id, kind) = selected?;
            lines.iter().position(|line| line.row().is_some_and(|row| row.connection == *id && row.profile == *kind))
        };
        if let Some(line) = table_step(ui, TABLE, lines.len(), here, |line| lines[line].name().to_owned()) {
            self.scroll_to = Some(line);
            self.selection.click(line, Modifiers::NONE, lines);
            if let Some(row) = lines[line].row() {
                open(desk, row);
            }
        }
        let looks = Looks {
            lines,
            snapshot: &made.snapshot,
            order: self.order,
            inspected: selected,
            selection: &self.selection,
        };
        match matrix(ui, &looks, self.scroll_to.take()) {
            Some(Clicked::Row(line)) => {
                let keys = ui.input(|input| input.modifiers);
                if ui.input(|input| input.key_pressed(Key::Enter)) {
                    focus::ask(ui.ctx(), Part::Inspector);
                }
                if self.selection.click(line, keys, lines)
                    && let Some(row) = lines[line].row()
                {
                    open(desk, row);
                }
            }
            Some(Clicked::Group(line)) => {
                if let Line::Group(group) = &lines[line] {
                    kept.fold(&group.mark.key);
                }
            }
            Some(Clicked::Cause(line, column)) => {
                if let Some(row) = lines[line].row() {
                    lead(desk, row, column);
                }
            }
            Some(Clicked::Head(column)) => {
                let reversed = self.order.by == column && !self.order.reversed;
                self.order = Order { by: column, reversed };
            }
            None => {}
        }
    }

    fn head(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, inspecting: bool) {
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), theme::CONTROL),
            Layout::left_to_right(Align::Center),
            |ui| {
                page_title(ui, "Connections");
                if self.filter != Filter::All && link(ui, format!("{}  Show all", self.filter_word())).clicked() {
                    self.filter = Filter::All;
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if !inspecting {
                        let tip = UiCommand::NewConnection.tip(ui.ctx(), "");
                        if primary(ui, "New connection").on_hover_text(tip).clicked() {
                            desk.intend(Intent::NewConnection);
                        }
                        let tip = UiCommand::ImportConnection.tip(ui.ctx(), "A connection file");
                        if secondary(ui, "Import…").on_hover_text(tip).clicked() {
                            desk.intend(Intent::ImportConnectionFile);
                        }
                    }
                    let width = if inspecting { 180.0_f32 } else { 230.0 }.min(ui.available_width() - 8.0);
                    let hint = if inspecting { "Search" } else { "Search connections" };
                    if width > 60.0 {
                        let field = search(ui, "Search connections", &mut self.query, hint, width - 34.0);
                        if std::mem::take(&mut self.focus_search) {
                            field.request_focus();
                        }
                        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
                            self.query.clear();
                        }
                    }
                });
            },
        );
    }

    /// What is looked at, and how it stands on which day.
    fn looks(&mut self, ui: &mut Ui, desk: &Desk<'_>, shown: &Snapshot) {
        ui.horizontal_wrapped(|ui| {
            let number = shown.due.len();
            let label = if number == 0 { "Due".to_owned() } else { format!("Due ({number})") };
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                let looks = [(false, "All settings"), (true, label.as_str())];
                if let Some(show_due) = segmented(ui, self.show_due, &looks) {
                    self.show_due = show_due;
                }
            });
            ui.add_space(8.0);
            // What has no room begins a line of its own, whole.
            if ui.available_size_before_wrap().x < DAY_WIDTH {
                ui.end_row();
            }
            self.day.control(ui, desk);
        });
        self.day.banner(ui, desk);
    }

    const fn filter_word(&self) -> &'static str {
        match self.filter {
            Filter::All => "",
            Filter::NeedAction => "Need action",
            Filter::Ending => "Certificates that end soon",
        }
    }

    fn what_is_asked(&self, kept: &Kept) -> String {
        match (self.query.trim(), self.filter) {
            ("", Filter::All) => "Nothing answers to what is set above".to_owned(),
            (query, _) if kept.narrows() && !query.is_empty() => {
                format!("Nothing of what is set above is called or set to “{query}”")
            }
            (_, _) if kept.narrows() => "Nothing of what is set above does".to_owned(),
            ("", Filter::NeedAction) => {
                "Every connection meets its required rules, and no certificate ends soon without a successor".to_owned()
            }
            ("", _) => "No certificate ends soon".to_owned(),
            (query, Filter::All) => format!("Nothing is called or set to “{query}”"),
            (query, _) => format!("Nothing of what is shown is called or set to “{query}”"),
        }
    }

    fn tiles(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, snapshot: &Snapshot) {
        let tokens = tokens(ui.ctx());
        let gap = 12.0;
        let across: u8 = if ui.available_width() < 800.0 { 2 } else { 4 };
        let width = ((ui.available_width() - gap * f32::from(across - 1)) / f32::from(across)).floor();
        let height = if across == 2 { 78.0 } else { 92.0 };
        let connections = snapshot.connections.len();
        let summary = &snapshot.summary;
        let profiles = count(summary.profiles, "profile");
        let ending_days = Summary::ending_days();
        let noun = if connections == 1 { "connection" } else { "connections" };
        let need_action = summary.need_action;
        let ending = summary.ending;
        let next = next_step(summary, &desk.moment);
        let clear = |number: usize, colour| if number == 0 { None } else { Some(colour) };
        let tiles = [
            (connections.to_string(), None, format!("{noun}, {profiles}"), Filter::All),
            (
                need_action.to_string(),
                clear(need_action, if summary.non_compliant > 0 { tokens.bad.ink } else { tokens.warn.ink }),
                if need_action == 1 {
                    "needs action before traffic is at risk"
                } else {
                    "need action before traffic is at risk"
                }
                .to_owned(),
                Filter::NeedAction,
            ),
            (
                ending.to_string(),
                clear(ending, tokens.warn.ink),
                format!(
                    "{} within {ending_days} days",
                    if ending == 1 { "certificate expires" } else { "certificates expire" }
                ),
                Filter::Ending,
            ),
        ];
        let mut next_clicked = false;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing = vec2(gap, gap);
            let mut all: Vec<(String, Option<egui::Color32>, String, Option<Filter>)> =
                tiles.into_iter().map(|(figure, colour, text, filter)| (figure, colour, text, Some(filter))).collect();
            all.push((next.0, None, next.1, None));
            for line in all.chunks(usize::from(across)) {
                ui.horizontal(|ui| {
                    for (figure, colour, text, filter) in line {
                        let tile = figure_tile(ui, figure, *colour, text, width, height);
                        if tile.clicked() {
                            match filter {
                                Some(filter) => self.filter = *filter,
                                None => next_clicked = true,
                            }
                        }
                    }
                });
            }
        });
        if next_clicked && let Some(next) = &summary.next {
            let connection = next.connection.clone();
            let tab = Some(InspectorTab::Certificates);
            desk.intend(Intent::Inspect { connection, profile: None, tab });
        }
    }

    /// Whether the rows answer to this.
    fn is_made_for(&self, kept: &Kept) -> bool {
        let asked = self.made.as_ref().and_then(|made| made.asked.as_ref());
        asked.is_none_or(|asked| asked.kept == *kept)
    }

    /// Makes the rows where they are out of date.
    fn make(&mut self, snapshot: &Arc<Snapshot>, moment: &Moment, kept: &Kept) {
        if !self.made.as_ref().is_some_and(|made| Arc::ptr_eq(&made.snapshot, snapshot)) {
            self.made = Some(Made::new(snapshot, moment));
        }
        let is_answered = |asked: &Asked| {
            asked.query == self.query && asked.filter == self.filter && asked.order == self.order && asked.kept == *kept
        };
        if let Some(made) = &mut self.made
            && !made.asked.as_ref().is_some_and(is_answered)
        {
            let (query, filter, order) = (self.query.clone(), self.filter, self.order);
            made.answer(Asked { query, filter, order, kept: kept.clone() });
            self.selection.keep(&made.shown);
        }
    }
}

/// What keeps the workspace from being used fully.
fn trouble(ui: &mut Ui, desk: &mut Desk<'_>) {
    let snapshot = desk.snapshot;
    let workspace = &snapshot.workspace;
    if workspace.read_only {
        let text = format!("{} cannot be written to, so nothing can be saved or sent", workspace.place);
        notice(ui, ToneName::Warn, "This workspace can only be read", &text, |_| {});
    }
    if let Some(reason) = &workspace.locked {
        let text = format!("Nothing can be sent and no key can be added, because {reason}");
        let unlock = notice(ui, ToneName::Warn, "The secrets of this workspace are locked", &text, |ui| {
            secondary(ui, "Unlock…").clicked()
        });
        if unlock {
            desk.intend(Intent::Open(Box::new(UnlockDialog::of(desk))));
        }
    }
}

/// What happens next: figure and text of the last tile.
fn next_step(summary: &Summary, moment: &Moment) -> (String, String) {
    match &summary.next {
        Some(next) => (moment.day_and_time(next.at), format!("next: new {} certificate goes active", next.name)),
        None => ("None".to_owned(), "no certificate is scheduled to go active".to_owned()),
    }
}

fn open(desk: &mut Desk<'_>, row: &Row) {
    desk.intend(Intent::Inspect { connection: row.connection.clone(), profile: Some(row.profile), tab: None });
}

/// Leads to what makes a cell as it is: a setting to the setting, a certificate to the certificates, the last send to its
/// transmission.
fn lead(desk: &mut Desk<'_>, row: &Row, column: MatrixColumn) {
    let (connection, profile) = (row.connection.clone(), row.profile);
    let state = desk.snapshot.connection(&connection);
    let intent = match column {
        MatrixColumn::LastSend => match state.and_then(|state| state.last_sent(profile)) {
            Some(sent) => Intent::ShowTransmission(sent.id),
            None => return,
        },
        MatrixColumn::Setting(Column::PartnerCertificate | Column::IdentityCertificate) => {
            Intent::Inspect { connection, profile: Some(profile), tab: Some(InspectorTab::Certificates) }
        }
        MatrixColumn::Setting(column) => {
            // Of several settings that share the column, the one that makes it stand as it does.
            let report = state.and_then(|state| state.profile_report(profile));
            let findings = report.iter().flat_map(|report| report.findings.iter());
            let worst = findings
                .filter(|finding| Column::of(finding.setting) == Some(column))
                .min_by_key(|finding| finding.status)
                .map_or(column.as_str(), |finding| finding.setting);
            Intent::ProposeSetting { connection, profile, setting: worst.to_owned(), value: None }
        }
        MatrixColumn::Connection | MatrixColumn::Profile => return,
    };
    desk.intend(intent);
}
