//! The page: the list on the left, and beside it the chosen policy, the editor or a comparison.

use std::path::PathBuf;

use egui::{Align, CentralPanel, Frame, Key, Layout, Margin, Panel, Ui, vec2};

use super::compare::Comparison;
use super::detail::detail;
use super::duplicate::DuplicatePolicy;
use super::editor::Editor;
use super::errands::{PolicyErrands, import};
use super::list::{Entries, LIST, list};
use super::remove::RemovePolicy;
use super::words::kind_word;
use crate::app::PolicyChange;
use crate::domain::identifier::PolicyId;
use crate::domain::policy::PolicyKind;
use crate::ui::desk::Desk;
use crate::ui::focus::{self, Part};
use crate::ui::icon::Icon;
use crate::ui::intent::{Intent, Page};
use crate::ui::moment::count;
use crate::ui::shell::Confirm;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Choice, empty_state, muted, page_title, search, secondary, select, table_step};

/// What is to happen about policies.
pub enum PolicyIntent {
    /// Show a policy.
    Show(PolicyId),
    /// Edit an own one.
    Edit(PolicyId),
    /// Compare two; the second is chosen where absent.
    Compare(PolicyId, Option<PolicyId>),
    /// Open the dialog that makes a policy one's own.
    Duplicate(PolicyId),
    /// Ask, and then remove an own policy.
    Remove(PolicyId),
    /// Pick a place and write a policy's file there.
    Export(PolicyId),
    /// Pick a policy file and show what importing it would do.
    Import,
    /// Show what importing a policy file would do.
    ImportFile(PathBuf),
    /// Take a TOML file that may be a connection or a policy.
    TakeToml(PathBuf),
    /// Take a change back.
    Undo(Box<PolicyChange>),
    /// Give the editor's changes up and close it, then go on.
    Leave(Box<Intent>),
    /// Close the editor, asked about where something is unsaved.
    CloseEditor,
}

/// What is shown beside the list.
#[derive(Default)]
enum Beside {
    /// The chosen policy.
    #[default]
    Detail,
    /// The editor on it.
    Editor(Box<Editor>),
    /// Two policies.
    Comparison(Box<Comparison>),
}

/// The page of policies with what the user has set on it.
#[derive(Default)]
pub(in crate::ui) struct PoliciesPage {
    query: String,
    kind: Option<PolicyKind>,
    selected: Option<PolicyId>,
    scroll_to: Option<PolicyId>,
    focus_search: bool,
    beside: Beside,
    entries: Option<Entries>,
}

impl PoliciesPage {
    /// How many changes are not saved.
    #[must_use]
    pub(in crate::ui) fn unsaved(&self) -> usize {
        match &self.beside {
            Beside::Editor(editor) => editor.unsaved(),
            Beside::Detail | Beside::Comparison(_) => 0,
        }
    }

    /// The policy that is shown.
    #[must_use]
    pub(in crate::ui) const fn shown(&self) -> Option<&PolicyId> {
        self.selected.as_ref()
    }

    /// Puts the cursor into the search field.
    pub(in crate::ui) const fn focus_search(&mut self) {
        self.focus_search = true;
    }

    fn editor(&mut self) -> Option<&mut Editor> {
        match &mut self.beside {
            Beside::Editor(editor) => Some(editor),
            Beside::Detail | Beside::Comparison(_) => None,
        }
    }

    /// Saves what is edited.
    pub(in crate::ui) fn save(&mut self, desk: &mut Desk<'_>) {
        if let Some(editor) = self.editor() {
            editor.save(desk);
        }
    }

    /// Takes the last step of the editor back.
    pub(in crate::ui) fn undo(&mut self) {
        if let Some(editor) = self.editor() {
            editor.undo();
        }
    }

    /// Makes it again.
    pub(in crate::ui) fn redo(&mut self) {
        if let Some(editor) = self.editor() {
            editor.redo();
        }
    }

    /// Closes what is shown in the place of the policy itself.
    pub(in crate::ui) fn escape(&mut self, desk: &mut Desk<'_>) {
        match self.beside {
            Beside::Editor(_) => desk.intend(Intent::Policies(PolicyIntent::CloseEditor)),
            Beside::Comparison(_) => self.beside = Beside::Detail,
            Beside::Detail => {}
        }
    }

    /// Does what is to happen. Returns the page to be shown, where it is this one.
    pub(in crate::ui) fn carry_out(
        &mut self,
        intent: PolicyIntent,
        errands: &mut PolicyErrands,
        desk: &mut Desk<'_>,
    ) -> Option<Page> {
        match intent {
            PolicyIntent::Show(id) => {
                let again = || PolicyIntent::Show(id.clone());
                if self.may_leave(&id, again, desk) {
                    self.beside = Beside::Detail;
                    self.scroll_to = Some(id.clone());
                    self.selected = Some(id);
                }
                return Some(Page::Policies);
            }
            PolicyIntent::Edit(id) => {
                let editing = self.editor().is_some_and(|editor| *editor.id() == id);
                if !editing
                    && self.may_leave(&id, || PolicyIntent::Edit(id.clone()), desk)
                    && let Some(state) = desk.snapshot.policy(&id).filter(|state| state.is_editable())
                {
                    self.beside = Beside::Editor(Box::new(Editor::new(state)));
                    self.scroll_to = Some(id.clone());
                    self.selected = Some(id);
                }
                return Some(Page::Policies);
            }
            PolicyIntent::Compare(a, b) => {
                if self.may_leave(&a, || PolicyIntent::Compare(a.clone(), b.clone()), desk) {
                    self.beside = Beside::Comparison(Box::new(Comparison::new(a, b, desk.snapshot)));
                }
                return Some(Page::Policies);
            }
            PolicyIntent::Duplicate(id) => {
                if let Some(state) = desk.snapshot.policy(&id) {
                    let dialog = DuplicatePolicy::new(state, desk.snapshot);
                    desk.intend(Intent::Open(Box::new(dialog)));
                }
            }
            PolicyIntent::Remove(id) => {
                if let Some(state) = desk.snapshot.policy(&id) {
                    let dialog = RemovePolicy::new(state);
                    desk.intend(Intent::Open(Box::new(dialog)));
                }
            }
            PolicyIntent::Export(id) => errands.export(id, desk),
            PolicyIntent::Import => errands.pick(desk),
            PolicyIntent::ImportFile(file) => import(file, desk),
            PolicyIntent::TakeToml(file) => errands.take(file),
            PolicyIntent::Undo(change) => errands.undo(change, desk),
            PolicyIntent::Leave(next) => {
                self.beside = Beside::Detail;
                desk.intend(*next);
            }
            PolicyIntent::CloseEditor => {
                let next = || Intent::Go(Page::Policies);
                if self.leave(desk, next) {
                    self.beside = Beside::Detail;
                }
            }
        }
        None
    }

    /// Whether another policy can be shown; asks where that would lose changes.
    fn may_leave(&self, id: &PolicyId, next: impl FnOnce() -> PolicyIntent, desk: &mut Desk<'_>) -> bool {
        let Beside::Editor(editor) = &self.beside else { return true };
        if editor.id() == id && editor.unsaved() == 0 {
            return true;
        }
        self.leave(desk, || Intent::Policies(next()))
    }

    fn leave(&self, desk: &mut Desk<'_>, next: impl FnOnce() -> Intent) -> bool {
        let unsaved = self.unsaved();
        if unsaved == 0 {
            return true;
        }
        let text = format!("{} to this policy", count(unsaved, "unsaved change"));
        let next = next();
        let question = Confirm::new("Leave without saving?", text, "Discard changes", move |desk| {
            desk.intend(Intent::Policies(PolicyIntent::Leave(Box::new(next))));
        });
        desk.intend(Intent::Open(Box::new(question.destructive().cancel("Keep editing"))));
        false
    }

    /// Takes what the engine has answered, whether the page is seen or not.
    pub(in crate::ui) fn listen(&mut self, desk: &mut Desk<'_>) {
        let gone = self.editor().is_some_and(|editor| editor.listen(desk));
        if gone {
            self.beside = Beside::Detail;
        }
    }

    /// Shows the page, with its own panel for the list.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, narrow: bool) {
        if self.entries.as_ref().is_none_or(|entries| !std::sync::Arc::ptr_eq(&entries.snapshot, desk.snapshot)) {
            let fresh = Entries::of(desk.snapshot);
            let place =
                |entries: &Entries| entries.all.iter().position(|entry| Some(&entry.id) == self.selected.as_ref());
            // What begins or ceases to be used moves: the chosen one stays in sight.
            if self.entries.as_ref().is_some_and(|known| place(known) != place(&fresh)) {
                self.scroll_to.clone_from(&self.selected);
            }
            self.entries = Some(fresh);
        }
        let colours = tokens(ui.ctx());
        let panel = Frame::new().fill(colours.panel).inner_margin(Margin::symmetric(12, 16));
        let width = if narrow { 232.0 } else { 300.0 };
        Panel::left("policies").resizable(true).default_size(width).size_range(200.0..=460.0).frame(panel).show(
            ui,
            |ui| {
                focus::place(ui.ctx(), Part::Work, ui.max_rect());
                self.left(ui, desk);
            },
        );
        let margin = Margin { left: theme::PAGE_MARGIN, right: theme::PAGE_MARGIN, top: 16, bottom: 16 };
        CentralPanel::no_frame().frame(Frame::new().fill(colours.bg).inner_margin(margin)).show(ui, |ui| {
            focus::place(ui.ctx(), Part::Inspector, ui.max_rect());
            self.right(ui, desk);
        });
    }

    fn left(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            page_title(ui, "Policies");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if secondary(ui, "Import…").on_hover_text("A policy file").clicked() {
                    desk.intend(Intent::Policies(PolicyIntent::Import));
                }
            });
        });
        let width = ui.available_width();
        let field = search(ui, "Search policies", &mut self.query, "Search policies", width);
        if std::mem::take(&mut self.focus_search) {
            field.request_focus();
        }
        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            self.query.clear();
        }
        let Some(entries) = &self.entries else { return };
        let kinds = kinds(entries);
        if let (Some(kind), _) = select(ui, "Kind of policies", &self.kind, &kinds, width) {
            self.kind = kind;
        }
        let shown = entries.matching(&self.query, self.kind);
        if shown.is_empty() {
            let text = match self.query.trim() {
                "" => "There is none of this kind".to_owned(),
                query => format!("None is called or demands “{query}”"),
            };
            let all = empty_state(ui, Icon::Search, "No policy matches", &text, |ui| {
                secondary(ui, "Show all policies").clicked()
            });
            if all {
                self.query.clear();
                self.kind = None;
            }
            return;
        }
        let present = |id: &PolicyId| entries.all.iter().any(|entry| entry.id == *id);
        if self.selected.as_ref().is_none_or(|id| !present(id)) {
            self.selected = shown.first().map(|entry| entry.id.clone());
        }
        let here = || shown.iter().position(|entry| Some(&entry.id) == self.selected.as_ref());
        let step = table_step(ui, LIST, shown.len(), here, |row| shown[row].name.clone());
        let step = step.map(|row| shown[row].id.clone());
        let clicked = list(ui, &shown, self.selected.as_ref(), self.scroll_to.take().as_ref());
        if clicked.is_some() && ui.input(|input| input.key_pressed(Key::Enter)) {
            focus::ask(ui.ctx(), Part::Inspector);
        }
        if let Some(id) = clicked.or(step) {
            desk.intend(Intent::Policies(PolicyIntent::Show(id)));
        }
    }

    fn right(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        match &mut self.beside {
            Beside::Comparison(comparison) => {
                if comparison.show(ui, desk) {
                    self.beside = Beside::Detail;
                }
                return;
            }
            Beside::Editor(editor) => {
                if editor.show(ui, desk) {
                    desk.intend(Intent::Policies(PolicyIntent::CloseEditor));
                }
                return;
            }
            Beside::Detail => {}
        }
        let Some(entries) = &self.entries else { return };
        let chosen = self.selected.as_ref();
        let entry = entries.all.iter().find(|entry| Some(&entry.id) == chosen);
        let snapshot = std::sync::Arc::clone(desk.snapshot);
        match (entry, chosen.and_then(|id| snapshot.policy(id))) {
            (Some(entry), Some(state)) => detail(ui, state, entry, desk),
            _ => {
                ui.label(muted(ui, "Choose a policy on the left"));
            }
        }
    }
}

/// The kinds that there are, to choose from.
fn kinds(entries: &Entries) -> Vec<Choice<Option<PolicyKind>>> {
    let number = |kind: Option<PolicyKind>| {
        entries.all.iter().filter(|entry| kind.is_none_or(|kind| entry.kind == kind)).count()
    };
    let choice = |kind: Option<PolicyKind>, label: &str| Choice {
        value: kind,
        label: label.to_owned(),
        remark: Some(number(kind).to_string()),
    };
    std::iter::once(choice(None, "All kinds"))
        .chain(PolicyKind::ALL.iter().map(|kind| choice(Some(*kind), kind_word(*kind))))
        .collect()
}
