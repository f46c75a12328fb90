//! Editing an own policy: its fields and rules in a draft, and what saving it would change, shown while it is written.

use egui::{Align, Layout, Panel, RichText, ScrollArea, Ui};

use super::changes::{Preview, in_a_sentence, list};
use super::draft::{Content, Draft, Typed};
use super::errands::told;
use super::rule_card::{fact_field, rule_card, today};
use super::rule_form::{Done, RuleForm, Subject};
use super::words::{kind_meaning, kind_word};
use crate::app::Expected;
use crate::app::engine::{Answer, Command, PolicyAnswer, PolicyState, PolicyTask, RequestId};
use crate::domain::identifier::PolicyId;
use crate::domain::policy::{Policy, PolicyKind, ResolveError, ResolvedPolicy, Rule, resolve};
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{
    Choice, ToneName, field_error, icon_button, link, muted, notice, primary, secondary, section, select, text_area,
    text_edit,
};

/// The editor, while it is open.
pub(super) struct Editor {
    draft: Draft,
    /// The policy's file as it was when editing began: only that is replaced.
    base: Option<String>,
    resolved: Option<(Content, Result<ResolvedPolicy, ResolveError>)>,
    form: Option<RuleForm>,
    preview: Preview,
    saving: Option<RequestId>,
    refused: Option<String>,
}

impl Editor {
    /// On a policy of the workspace.
    #[must_use]
    pub(super) fn new(state: &PolicyState) -> Self {
        Self {
            draft: Draft::new(&state.policy),
            base: state.text.clone(),
            resolved: None,
            form: None,
            preview: Preview::default(),
            saving: None,
            refused: None,
        }
    }

    /// Which policy is edited.
    #[must_use]
    pub(super) const fn id(&self) -> &PolicyId {
        self.draft.id()
    }

    /// How many changes are not saved.
    #[must_use]
    pub(super) fn unsaved(&self) -> usize {
        self.draft.unsaved()
    }

    /// Takes the last step back.
    pub(super) fn undo(&mut self) {
        self.draft.undo();
    }

    /// Makes it again.
    pub(super) fn redo(&mut self) {
        self.draft.redo();
    }

    /// Gives all changes up.
    pub(super) fn discard(&mut self) {
        self.draft.discard();
    }

    /// Saves what can be saved.
    pub(super) fn save(&mut self, desk: &mut Desk<'_>) {
        if !self.may_save(desk) {
            return;
        }
        match self.policy(desk).to_toml() {
            Ok(text) => {
                self.refused = None;
                let expected = Expected::Just(self.base.clone());
                self.saving = desk.ask(|id| Command::Policy(id, PolicyTask::Save(text, expected)));
            }
            Err(error) => self.refused = Some(error.to_string()),
        }
    }

    fn policy(&self, desk: &Desk<'_>) -> Policy {
        self.draft.policy(today(&desk.moment))
    }

    fn faults(&self) -> usize {
        let faults = [self.draft.name_fault(), self.draft.portal_fault(), self.draft.notes_fault()];
        faults.into_iter().flatten().count()
    }

    fn may_save(&self, desk: &Desk<'_>) -> bool {
        self.unsaved() > 0
            && self.faults() == 0
            && self.saving.is_none()
            && !desk.snapshot.workspace.read_only
            && matches!(self.preview.known(&self.policy(desk)), Some(Ok(_)))
    }

    /// Takes what the engine has answered. Says whether the policy was saved, so that there is nothing to edit any more.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) -> bool {
        match desk.answer(&mut self.saving) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Changed(change) = *answer {
                    let head = format!("{} was saved", change.name);
                    told(desk, &head, change);
                }
                return true;
            }
            Some(Err(error)) => {
                let hint = error.what_to_do().map(|hint| format!("\n{hint}")).unwrap_or_default();
                self.refused = Some(format!("{}{hint}", error.message()));
            }
            Some(Ok(_)) | None => {}
        }
        false
    }

    /// Shows it. Says whether it is to be closed.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> bool {
        self.resolve(desk);
        if self.faults() == 0 && self.unsaved() > 0 {
            self.preview.follow(&self.policy(desk), desk);
        }
        let close = self.head(ui);
        let foot = egui::Frame::new().inner_margin(egui::Margin { left: 0, right: 0, top: 10, bottom: 0 });
        Panel::bottom("policy foot").resizable(false).frame(foot).show(ui, |ui| self.foot(ui, desk));
        ScrollArea::vertical().id_salt("policy editor").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            self.fields(ui, desk);
            self.rules(ui, desk);
            ui.add_space(8.0);
        });
        if let Some(form) = &mut self.form
            && let Some(done) = form.show(ui.ctx(), &self.draft.now.rules)
        {
            self.form = None;
            if let Done::Rule(subject, rule) = done {
                self.put(subject, *rule);
            }
        }
        close
    }

    fn put(&mut self, subject: Subject, rule: Rule) {
        self.draft.change(|now| match subject {
            Subject::Own(place) if place < now.rules.len() => now.rules[place] = rule,
            _ => now.rules.push(rule),
        });
    }

    /// Puts the policy together with those it inherits, where it was changed.
    fn resolve(&mut self, desk: &Desk<'_>) {
        if self.resolved.as_ref().is_some_and(|(content, _)| *content == self.draft.now) {
            return;
        }
        let policy = self.policy(desk);
        let mut all: Vec<Policy> = desk.snapshot.policies.iter().map(|state| state.policy.clone()).collect();
        all.retain(|known| known.id != policy.id);
        all.push(policy.clone());
        self.resolved = Some((self.draft.now.clone(), resolve(&policy.id, &all)));
    }

    fn head(&self, ui: &mut Ui) -> bool {
        let mut close = false;
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                close = icon_button(ui, Icon::X, "Close the editor").clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let title = format!("Edit {}", self.draft.now.name.trim());
                    ui.add(egui::Label::new(RichText::new(title).font(theme::bold(theme::TITLE))).truncate());
                });
            });
        });
        close
    }

    fn fields(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        let width = (ui.available_width() - 110.0).min(560.0);
        fact_field(ui, "Name", |ui| {
            let mut name = self.draft.now.name.clone();
            if text_edit(ui, "Policy name", &mut name, "The partner, usually", width).changed() {
                self.draft.typed(Typed::Name, name);
            }
            if let Some(reason) = self.draft.name_fault() {
                field_error(ui, &reason);
            }
        });
        fact_field(ui, "Kind", |ui| {
            let choices: Vec<Choice<PolicyKind>> =
                PolicyKind::ALL.iter().map(|kind| Choice::new(*kind, kind_word(*kind))).collect();
            if let (Some(kind), _) = select(ui, "Kind of policy", &self.draft.now.kind, &choices, 200.0) {
                self.draft.change(|now| now.kind = kind);
            }
            ui.label(muted(ui, kind_meaning(self.draft.now.kind)));
        });
        fact_field(ui, "Inherits", |ui| {
            let mut choices = vec![Choice::new(None, "Nothing")];
            let others = desk.snapshot.policies.iter().filter(|state| state.id != *self.draft.id());
            choices.extend(others.map(|state| Choice {
                value: Some(state.id.clone()),
                label: state.name.clone(),
                remark: Some(kind_word(state.kind).to_owned()),
            }));
            if let (Some(parent), _) = select(ui, "Inherits", &self.draft.now.inherits, &choices, width.min(360.0)) {
                self.draft.change(|now| {
                    // What falls away is what was inherited before.
                    now.drops.clear();
                    now.inherits = parent;
                });
            }
            if let Some((_, Err(error))) = &self.resolved {
                field_error(ui, &error.to_string());
            } else {
                ui.label(muted(ui, "Its rules hold too, where no rule below takes their place"));
            }
        });
        fact_field(ui, "At the partner", |ui| {
            let mut portal = self.draft.now.portal.clone();
            let hint = "The way through the partner's portal to its own setting";
            if text_edit(ui, "At the partner", &mut portal, hint, width).changed() {
                self.draft.typed(Typed::Portal, portal);
            }
            if let Some(reason) = self.draft.portal_fault() {
                field_error(ui, &reason);
            }
        });
        fact_field(ui, "Notes", |ui| {
            let mut notes = self.draft.now.notes.clone();
            if text_area(ui, "Notes", &mut notes, "What else is known and no rule can hold", width).changed() {
                self.draft.typed(Typed::Notes, notes);
            }
            if let Some(reason) = self.draft.notes_fault() {
                field_error(ui, &reason);
            }
        });
        if self.base.as_ref().is_some_and(|text| text.lines().any(|line| line.trim_start().starts_with('#'))) {
            ui.label(muted(ui, "Its file has comments; they are not kept where it is saved from here"));
        }
    }

    fn rules(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let day = today(&desk.moment).to_string();
        ui.horizontal(|ui| {
            section(ui, &count(self.draft.now.rules.len(), "own rule"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if secondary(ui, "Add rule…").clicked() {
                    self.form = Some(RuleForm::new(day.clone()));
                }
            });
        });
        if self.draft.now.rules.is_empty() {
            ui.label(muted(ui, "No rule of its own yet. Add one, or change an inherited one below"));
        }
        let mut removed = None;
        for (place, rule) in self.draft.now.rules.clone().iter().enumerate() {
            ui.push_id(("own", place), |ui| {
                let name = super::words::setting_label(rule.setting);
                let (edit, remove) = rule_card(ui, rule, None, desk, |ui| {
                    let remove = icon_button(ui, Icon::Trash2, &format!("Remove the rule for {name}")).clicked();
                    (icon_button(ui, Icon::Pencil, &format!("Edit the rule for {name}")).clicked(), remove)
                });
                if edit {
                    self.form = Some(RuleForm::of(Subject::Own(place), rule, day.clone()));
                }
                if remove {
                    removed = Some(place);
                }
            });
        }
        if let Some(place) = removed {
            self.draft.change(|now| {
                now.rules.remove(place);
            });
        }
        self.inherited(ui, desk, &day);
    }

    fn inherited(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, day: &str) {
        let Some((_, Ok(resolved))) = &self.resolved else { return };
        let stated_elsewhere = |rule: &&crate::domain::policy::ResolvedRule| rule.stated_by != *self.draft.id();
        let inherited: Vec<_> = resolved.rules.iter().filter(stated_elsewhere).cloned().collect();
        self.dropped(ui);
        if inherited.is_empty() {
            return;
        }
        ui.add_space(4.0);
        let mut copy = false;
        ui.horizontal(|ui| {
            section(ui, &count(inherited.len(), "inherited rule"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                copy = link(ui, "Copy them into this policy")
                    .on_hover_text("Then it inherits nothing, and each of them can be changed or removed")
                    .clicked();
            });
        });
        for (place, stated) in inherited.iter().enumerate() {
            ui.push_id(("inherited", place), |ui| {
                let name = super::words::setting_label(stated.rule.setting);
                let (change, drop) = rule_card(ui, &stated.rule, Some(&stated.stated_by_name), desk, |ui| {
                    let drop = icon_button(ui, Icon::Unlink, &format!("Inherit nothing about {name}")).clicked();
                    (icon_button(ui, Icon::Pencil, &format!("Change the inherited rule for {name}")).clicked(), drop)
                });
                if drop && !self.draft.now.drops.contains(&stated.rule.setting) {
                    self.draft.change(|now| now.drops.push(stated.rule.setting));
                }
                if change {
                    let subject = Subject::Instead(Box::new(stated.rule.clone()));
                    self.form = Some(RuleForm::of(subject, &stated.rule, day.to_owned()));
                }
            });
        }
        if copy {
            self.draft.change(|now| {
                now.inherits = None;
                now.drops.clear();
                for stated in inherited {
                    if !now.rules.iter().any(|known| known.duplicates(&stated.rule)) {
                        now.rules.push(stated.rule);
                    }
                }
            });
        }
    }

    /// The settings about which nothing is inherited, each with its way back.
    fn dropped(&mut self, ui: &mut Ui) {
        let mut back = None;
        if !self.draft.now.drops.is_empty() {
            ui.horizontal_wrapped(|ui| {
                ui.label(muted(ui, "Nothing is inherited about"));
                for setting in &self.draft.now.drops {
                    let label = format!("{} · inherit again", super::words::setting_label(*setting));
                    if link(ui, label).clicked() {
                        back = Some(*setting);
                    }
                }
            });
        }
        if let Some(setting) = back {
            self.draft.change(|now| now.drops.retain(|known| *known != setting));
        }
    }

    fn foot(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        crate::ui::widgets::separator(ui);
        ui.spacing_mut().item_spacing.y = 8.0;
        if let Some(reason) = self.refused.clone() {
            let closed = notice(ui, ToneName::Bad, "The policy was not saved", &reason, |ui| {
                link(ui, "Close this message").clicked()
            });
            if closed {
                self.refused = None;
            }
        }
        let unsaved = self.unsaved();
        if unsaved > 0 && self.faults() == 0 {
            self.foreseen(ui, desk);
        }
        let may_save = self.may_save(desk);
        ui.add_space(2.0);
        // From the right: short messages lie over the left of the foot while they are shown.
        let size = egui::vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
            if ui.add_enabled_ui(may_save, |ui| primary(ui, "Save")).inner.clicked() {
                self.save(desk);
            }
            let idle = unsaved > 0 && self.saving.is_none();
            if ui.add_enabled_ui(idle, |ui| secondary(ui, "Discard")).inner.clicked() {
                self.discard();
            }
            let redo = ui.add_enabled_ui(self.draft.can_redo(), |ui| icon_button(ui, Icon::Redo2, "Redo"));
            if redo.inner.clicked() {
                self.redo();
            }
            let undo = ui.add_enabled_ui(self.draft.can_undo(), |ui| icon_button(ui, Icon::Undo2, "Undo"));
            if undo.inner.clicked() {
                self.undo();
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(self.said(ui, unsaved, desk)).truncate());
            });
        });
    }

    fn said(&self, ui: &Ui, unsaved: usize, desk: &Desk<'_>) -> RichText {
        match self.faults() {
            _ if desk.snapshot.workspace.read_only => muted(ui, "The workspace can only be read"),
            _ if self.saving.is_some() => muted(ui, "Saving"),
            0 if unsaved == 0 => muted(ui, "No unsaved changes"),
            0 => muted(ui, count(unsaved, "unsaved change")),
            faults => muted(ui, format!("{} to correct first", count(faults, "field"))).color(tokens(ui.ctx()).bad.ink),
        }
    }

    /// What saving would change.
    fn foreseen(&self, ui: &mut Ui, desk: &Desk<'_>) {
        let tokens = tokens(ui.ctx());
        match self.preview.known(&self.policy(desk)) {
            None => {
                ui.label(muted(ui, "Judging the connections…"));
            }
            Some(Err(reason)) => {
                field_error(ui, &crate::domain::sentence::sentence(reason));
            }
            Some(Ok(changes)) => {
                let tone = if changes.worse() > 0 { tokens.bad.ink } else { tokens.text };
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    ui.label(icon::text(Icon::Eye, tone));
                    let said = format!("If saved: {}", within(&in_a_sentence(changes)));
                    ui.add(egui::Label::new(RichText::new(said).font(theme::medium(theme::BODY)).color(tone)).wrap());
                });
                list(ui, changes, 132.0);
            }
        }
    }
}

/// A sentence as it stands within another.
fn within(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
