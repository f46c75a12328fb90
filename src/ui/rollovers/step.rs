//! The dialog in which a change to many profiles is set, its difference shown, and then applied in one stroke.

use egui::{Context, Ui};

use super::difference::difference;
use super::in_words;
use crate::app::engine::{Answer, Command, RequestId, RolloverAnswer, RolloverCommand};
use crate::app::{RolloverAction, RolloverRequest};
use crate::domain::certificate::CertificateFacts;
use crate::domain::rollover::{Board, KeptProfile, ProfileKey, RolloverId, RolloverPlan, Step};
use crate::domain::timeline::Activation;
use crate::ui::certificate::{ActivationForm, means};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, Part, buttons, frame_with_foot};
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme;
use crate::ui::widgets::{ToneName, danger, muted, notice, primary, secondary, segmented};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Apply to all that take part, each at its time.
    Apply,
    /// Schedule, or move to another time.
    Schedule,
    /// Activate at once.
    ActivateNow,
    /// Back to the old certificate.
    RollBack,
    /// Everything as it was.
    Undo,
    /// Leave out, and put back what was done.
    LeaveOut,
}

impl Kind {
    const fn title(self) -> &'static str {
        match self {
            Self::Apply => "Apply the rollover",
            Self::Schedule => "Schedule or move",
            Self::ActivateNow => "Activate now",
            Self::RollBack => "Roll back",
            Self::Undo => "Undo the rollover",
            Self::LeaveOut => "Leave out",
        }
    }

    const fn explains(self) -> &'static str {
        match self {
            Self::Apply | Self::Schedule => {
                "Signatures made with the new certificate are accepted at once, messages are encrypted for it from the time of each profile"
            }
            Self::ActivateNow => "Messages are encrypted for the new certificate from now on",
            Self::RollBack => {
                "Messages are encrypted for the old certificate again from now on; signatures made with the new one stay acceptable"
            }
            Self::Undo => "Certificates are put back as they were before, where nobody has changed them since",
            Self::LeaveOut => {
                "They no longer take part: what was done to them is put back, and what others have changed since stays"
            }
        }
    }

    /// Whether it asks for a time.
    const fn is_timed(self) -> bool {
        matches!(self, Self::Apply | Self::Schedule)
    }
}

/// What the user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    /// To have it done.
    Apply,
    /// To leave those out for which it cannot be done.
    LeaveOut(Vec<ProfileKey>),
    /// To have nothing done.
    Close,
}

/// The dialog.
pub(super) struct StepDialog {
    id: RolloverId,
    name: String,
    kind: Kind,
    keys: Vec<ProfileKey>,
    new: Option<CertificateFacts>,
    old: Option<CertificateFacts>,
    form: Option<ActivationForm>,
    /// Whether each changes at the time that is set for it already.
    as_planned: bool,
    /// Whether all have such a time.
    all_planned: bool,
    plan: Option<(Step, RolloverPlan)>,
    planning: Option<(Step, Option<RequestId>)>,
    trouble: Option<(String, String)>,
    applying: Option<RequestId>,
}

impl StepDialog {
    /// For these profiles, or for all that take part where none is named.
    pub(super) fn new(board: &Board, kind: Kind, keys: Vec<ProfileKey>, desk: &Desk<'_>) -> Self {
        let facts = |print| desk.snapshot.facts(print).cloned();
        let new = facts(&board.rollover.certificate);
        let old = board.rollover.replaces.first().and_then(facts);
        let meant = |key: &ProfileKey| keys.is_empty() || keys.contains(key);
        let taking_part = board.rollover.profiles.iter().filter(|profile| meant(&profile.key()));
        let all_planned = taking_part
            .filter(|profile| profile.chosen || !keys.is_empty())
            .all(|profile| board.rollover.activation_of(profile).is_some());
        let form = new.as_ref().filter(|_| kind.is_timed()).map(|new| {
            let scheduled = board.rows.iter().filter(|row| meant(&row.key()));
            let first =
                scheduled.filter_map(|row| Some((row.activates.filter(|at| *at > board.at)?, row.zone.clone()))).min();
            match first {
                Some((at, zone)) => ActivationForm::scheduled(at, zone.as_deref(), &desk.moment),
                None => ActivationForm::proposed(old.as_ref(), new, &desk.moment),
            }
        });
        Self {
            id: board.rollover.id,
            name: board.rollover.name.clone(),
            kind,
            keys,
            new,
            old,
            form,
            as_planned: kind == Kind::Apply && all_planned,
            all_planned,
            plan: None,
            planning: None,
            trouble: None,
            applying: None,
        }
    }

    /// The same for leaving these out of the rollover.
    fn leaving_out(&self, keys: Vec<ProfileKey>) -> Self {
        Self {
            id: self.id,
            name: self.name.clone(),
            kind: Kind::LeaveOut,
            keys,
            new: self.new.clone(),
            old: self.old.clone(),
            form: None,
            as_planned: false,
            all_planned: false,
            plan: None,
            planning: None,
            trouble: None,
            applying: None,
        }
    }

    /// The step as it is set now; nothing where the time makes no sense.
    fn step(&self, desk: &Desk<'_>) -> Option<Step> {
        match self.kind {
            Kind::ActivateNow => Some(Step::Schedule(Some(Activation::Now))),
            Kind::RollBack => Some(Step::RollBack),
            Kind::Undo => Some(Step::Undo),
            Kind::LeaveOut => Some(Step::LeaveOut),
            Kind::Apply | Kind::Schedule if self.as_planned => Some(Step::Schedule(None)),
            Kind::Apply | Kind::Schedule => {
                let reading = self.form.as_ref()?.stated.read(self.new.as_ref()?, &desk.moment);
                Some(Step::Schedule(Some(reading.activation()?)))
            }
        }
    }

    fn answers(&mut self, desk: &mut Desk<'_>) -> Flow {
        if let Some((step, request)) = &mut self.planning
            && let Some(answer) = desk.answer(request)
        {
            let step = step.clone();
            self.planning = None;
            match answer {
                Ok(Answer::Rollover(answer)) => {
                    if let RolloverAnswer::Planned(plan) = *answer {
                        self.plan = Some((step, *plan));
                    }
                }
                Ok(_) => {}
                Err(error) => self.trouble = Some(in_words(&error)),
            }
        }
        match desk.answer(&mut self.applying) {
            Some(Ok(Answer::Rollover(answer))) => {
                if let RolloverAnswer::Changed(changed) = *answer {
                    self.tell(changed.changed, &changed.plan.kept, desk);
                }
                return Flow::Close;
            }
            Some(Err(error)) => {
                self.trouble = Some(in_words(&error));
                // What was shown is not what is there any more.
                self.plan = None;
            }
            Some(Ok(_)) | None => {}
        }
        Flow::Open
    }

    fn tell(&self, changed: usize, kept: &[KeptProfile], desk: &mut Desk<'_>) {
        let whom = count(changed, "profile");
        let head = match self.kind {
            Kind::Apply | Kind::Schedule => format!("{whom} scheduled"),
            Kind::ActivateNow => format!("New certificate active for {whom}"),
            Kind::RollBack => format!("{whom} rolled back"),
            Kind::Undo => format!("{whom} put back as before"),
            Kind::LeaveOut => format!("{} left out", count(self.keys.len(), "profile")),
        };
        let Some(first) = kept.first() else {
            desk.toasts.done(&head, "");
            return;
        };
        let mut text = format!("{}, {} keeps its certificates: {}", first.connection, first.profile, first.why);
        if kept.len() > 1 {
            text.push_str(&format!("; and {} more", kept.len() - 1));
        }
        desk.toasts.warn(&head, &text);
    }

    /// Has the engine work out what is set, where that has changed.
    fn work_out(&mut self, desk: &mut Desk<'_>) {
        let Some(step) = self.step(desk) else {
            self.plan = None;
            return;
        };
        let known = self.plan.as_ref().is_some_and(|(planned, _)| *planned == step);
        if known || self.planning.is_some() || self.applying.is_some() || self.trouble.is_some() {
            return;
        }
        let command = RolloverCommand::Plan(self.id, step.clone(), self.keys.clone());
        self.planning = desk.ask(|id| Command::Rollover(id, Box::new(command))).map(|request| (step, Some(request)));
    }

    fn apply(&mut self, desk: &mut Desk<'_>) {
        let Some((step, plan)) = &self.plan else { return };
        let seen = plan.profiles.iter().map(|planned| (planned.key(), planned.before.clone())).collect();
        let action = RolloverAction::Step(step.clone());
        let request = RolloverRequest { id: self.id, profiles: self.keys.clone(), action, seen: Some(seen) };
        let command = RolloverCommand::Change(request);
        self.applying = desk.ask(|id| Command::Rollover(id, Box::new(command)));
    }

    fn content(&mut self, ui: &mut Ui, desk: &Desk<'_>) -> Option<Wish> {
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.add(egui::Label::new(muted(ui, self.kind.explains())).wrap());
        if self.kind.is_timed() {
            if self.all_planned {
                ui.horizontal(|ui| {
                    let all = [(true, "Each at the time set for it"), (false, "All at one time")];
                    if let Some(as_planned) = segmented(ui, self.as_planned, &all) {
                        self.as_planned = as_planned;
                        self.trouble = None;
                    }
                });
            }
            if !self.as_planned
                && let (Some(form), Some(new)) = (&mut self.form, &self.new)
            {
                let before = form.stated.clone();
                let reading = form.stated.read(new, &desk.moment);
                let said = means(&reading, self.old.as_ref(), &desk.moment);
                form.show(ui, &reading, &said, self.old.as_ref(), &desk.moment);
                if form.stated != before {
                    self.trouble = None;
                }
            }
        }
        if let Some((head, text)) = &self.trouble {
            notice(ui, ToneName::Bad, head, text, |_| {});
        }
        match &self.plan {
            Some((_, plan)) => difference(ui, plan, &desk.moment).map(Wish::LeaveOut),
            None => {
                if self.planning.is_some() {
                    ui.label(muted(ui, "Working out the difference…"));
                }
                None
            }
        }
    }

    fn foot(&self, ui: &mut Ui, desk: &Desk<'_>) -> Option<Wish> {
        let current = self.step(desk);
        let ready =
            self.plan.as_ref().is_some_and(|(step, plan)| Some(step) == current.as_ref() && plan.refused.is_empty());
        let changed = self.plan.as_ref().map_or(0, |(_, plan)| plan.changed());
        let leaving = self.kind == Kind::LeaveOut;
        let whom = if leaving { count(self.keys.len(), "profile") } else { count(changed, "profile") };
        let label = match self.kind {
            Kind::Apply | Kind::Schedule => format!("Schedule {whom}"),
            Kind::ActivateNow => format!("Activate now for {whom}"),
            Kind::RollBack => format!("Roll {whom} back"),
            Kind::Undo => format!("Undo for {whom}"),
            Kind::LeaveOut => format!("Leave {whom} out"),
        };
        buttons(ui, |ui| {
            let enabled = ready && (changed > 0 || leaving) && self.applying.is_none();
            let undoing = matches!(self.kind, Kind::Undo | Kind::RollBack | Kind::LeaveOut);
            let button =
                ui.add_enabled_ui(enabled, |ui| if undoing { danger(ui, &label) } else { primary(ui, &label) });
            if button.inner.clicked() {
                return Some(Wish::Apply);
            }
            secondary(ui, "Cancel").clicked().then_some(Wish::Close)
        })
    }
}

impl Dialog for StepDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.answers(desk) == Flow::Close {
            return Flow::Close;
        }
        self.work_out(desk);
        let whom =
            if self.keys.is_empty() { "all that take part".to_owned() } else { count(self.keys.len(), "profile") };
        let subtitle = format!("{} · {whom}", self.name);
        let busy = self.applying.is_some();
        let shown =
            frame_with_foot(ctx, "rollover step", self.kind.title(), &subtitle, theme::DIALOG, busy, |ui, part| {
                match part {
                    Part::Content => ui.add_enabled_ui(!busy, |ui| self.content(ui, desk)).inner,
                    Part::Foot => self.foot(ui, desk),
                }
            });
        match shown {
            None => Flow::Open,
            Some(Some(Wish::Apply)) => {
                self.apply(desk);
                ctx.request_repaint();
                Flow::Open
            }
            Some(Some(Wish::LeaveOut(keys))) => {
                desk.intend(Intent::Open(Box::new(self.leaving_out(keys))));
                Flow::Close
            }
            Some(Some(Wish::Close) | None) => Flow::Close,
        }
    }
}
