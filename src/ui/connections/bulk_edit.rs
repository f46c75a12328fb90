//! Changing one setting of many connections: which, to what, and what that does to each, before it is done.

use std::sync::Arc;

use egui::{Context, RichText, Ui};

use super::subject::{Subject, in_labels, in_words};
use crate::app::engine::{Answer, Command, ManyAnswer, ManyCommand, RequestId, Snapshot};
use crate::app::{ChangedConnection, ManyChange, ManyDone, ManyPlan, RefusedConnection};
use crate::domain::compliance::Status;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, Part, buttons, frame_with_foot};
use crate::ui::icon::{self, Icon};
use crate::ui::intent::Intent;
use crate::ui::moment::{count, grouped};
use crate::ui::policies::in_a_sentence;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{
    Badge, Choice, ToneName, field, lines, link, muted, notice, primary, secondary, segmented, select, small,
};

/// Height of a connection in the list.
const LINE: f32 = 50.0;

/// The most of the list that is seen at once.
const LIST: f32 = 276.0;

/// So many reasons are told, and for each so many connections are named.
const REFUSED: usize = 3;

/// The dialog.
pub(super) struct BulkEdit {
    connections: Vec<ConnectionId>,
    subjects: Vec<Choice<usize>>,
    all: Vec<Subject>,
    /// Which setting; nothing at first.
    subject: Option<usize>,
    /// To what; nothing until something was typed or chosen.
    value: Option<String>,
    /// What can be chosen as its value.
    choices: Option<Vec<Choice<String>>>,
    /// The value is taken away instead.
    empty: bool,
    profile: Option<ProfileKind>,
    /// What was asked last, and of which workspace.
    asked: Option<(Arc<Snapshot>, Filled)>,
    request: Option<RequestId>,
    plan: Option<Result<Planned, String>>,
    saving: Option<RequestId>,
    refused: Option<String>,
}

/// What is filled in. Of thousands of connections it says only how many: they are not compared on every frame.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Filled {
    subject: usize,
    value: String,
    profile: Option<ProfileKind>,
    connections: usize,
}

/// What a change would do, in words. What it does to each is put into words where it is seen.
struct Planned {
    plan: ManyPlan,
    sentence: String,
    /// Which connections refuse it, and why.
    refusal: Option<(String, String)>,
}

/// A connection that would be changed.
struct Line {
    name: String,
    difference: String,
    from: Status,
    to: Status,
}

/// What is wished for in the dialog.
enum Wish {
    Cancel,
    Apply,
    LeaveOut,
}

impl BulkEdit {
    /// Of these connections.
    #[must_use]
    pub(super) fn new(connections: Vec<ConnectionId>) -> Self {
        let all = Subject::all();
        let subjects = all.iter().enumerate().map(|(place, subject)| Choice::new(place, subject.label())).collect();
        Self {
            connections,
            subjects,
            all,
            subject: None,
            value: None,
            choices: None,
            empty: false,
            profile: None,
            asked: None,
            request: None,
            plan: None,
            saving: None,
            refused: None,
        }
    }

    fn chosen(&self) -> Option<Subject> {
        self.subject.and_then(|place| self.all.get(place)).copied()
    }

    /// What is filled in; nothing while something is missing.
    fn filled(&self) -> Option<Filled> {
        let subject = self.subject.filter(|place| *place < self.all.len())?;
        let value = if self.empty { "" } else { self.value.as_deref()?.trim() };
        // What was typed and wiped again is not meant to take anything away.
        if value.is_empty() && !self.empty && self.choices.is_none() {
            return None;
        }
        Some(Filled {
            subject,
            value: value.to_owned(),
            profile: self.profile,
            // They only ever become fewer.
            connections: self.connections.len(),
        })
    }

    /// The change that it comes to.
    fn change(&self, filled: &Filled) -> Option<ManyChange> {
        let subject = self.all.get(filled.subject)?;
        Some(subject.change(&filled.value, self.connections.clone(), filled.profile))
    }

    /// Asks what would be changed where that is not known; one question at a time.
    fn follow(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Many(answer))) => {
                if let ManyAnswer::Planned(plan) = *answer {
                    self.plan = Some(Ok(Planned::new(plan)));
                }
            }
            Some(Err(error)) => self.plan = Some(Err(error.message().to_owned())),
            Some(Ok(_)) | None => {}
        }
        let Some(filled) = self.filled() else {
            (self.asked, self.plan) = (None, None);
            return;
        };
        if self.request.is_none()
            && self.saving.is_none()
            && !self.is_of(&filled, desk)
            && let Some(change) = self.change(&filled)
        {
            self.asked = Some((Arc::clone(desk.snapshot), filled));
            self.request = desk.ask(|id| Command::Many(id, ManyCommand::Plan(change)));
        }
    }

    fn is_of(&self, filled: &Filled, desk: &Desk<'_>) -> bool {
        self.asked.as_ref().is_some_and(|(snapshot, asked)| Arc::ptr_eq(snapshot, desk.snapshot) && asked == filled)
    }

    /// What would be done, once that is known of what is filled in now.
    fn known(&self, desk: &Desk<'_>) -> Option<&Planned> {
        let filled = self.filled()?;
        let known = self.request.is_none() && self.is_of(&filled, desk);
        self.plan.as_ref().filter(|_| known)?.as_ref().ok()
    }

    fn fields(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        field(ui, "Setting", |ui| {
            let width = ui.available_width();
            let none = usize::MAX;
            let shown = self.subject.unwrap_or(none);
            if let (Some(place), _) = select(ui, "Setting", &shown, &self.subjects, width) {
                self.subject = Some(place);
                (self.value, self.empty) = (None, false);
                self.choices = self.chosen().and_then(|subject| subject.choices(desk.snapshot));
            }
            if let Some(subject) = self.chosen() {
                ui.add(egui::Label::new(muted(ui, subject.about())).wrap());
            }
        });
        let Some(subject) = self.chosen() else { return };
        if subject.is_of_profiles() {
            field(ui, "Profiles", |ui| {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    let kinds = ProfileKind::ALL.iter().map(|kind| (Some(*kind), kind.label()));
                    let ways: Vec<_> = std::iter::once((None, "Both")).chain(kinds).collect();
                    if let Some(profile) = segmented(ui, self.profile, &ways) {
                        self.profile = profile;
                    }
                });
            });
        }
        field(ui, "Value", |ui| {
            let width = ui.available_width();
            ui.add_enabled_ui(!self.empty, |ui| {
                subject.control(ui, &mut self.value, self.choices.as_deref(), width);
            });
            if subject.is_optional() {
                ui.checkbox(&mut self.empty, small("Take away what is there"));
            }
        });
    }

    fn preview(&self, ui: &mut Ui, desk: &Desk<'_>) -> Option<Wish> {
        if self.filled().is_none() {
            let text = "What it does to each connection is shown here before it is done";
            ui.label(muted(ui, text));
            return None;
        }
        let Some(plan) = &self.plan else {
            ui.label(muted(ui, "Working out what it does…"));
            return None;
        };
        let planned = match plan {
            Ok(planned) => planned,
            Err(reason) => {
                notice(ui, ToneName::Bad, "It cannot be changed so", reason, |_| {});
                return None;
            }
        };
        let mut wish = None;
        if let Some((head, text)) = &planned.refusal {
            let rest = self.connections.len() > planned.plan.refused.len();
            let leave_out = notice(ui, ToneName::Bad, head, text, |ui| rest && link(ui, "Leave them out").clicked());
            if leave_out {
                wish = Some(Wish::LeaveOut);
            }
        }
        let changed = &planned.plan.changed;
        if changed.is_empty() {
            if planned.plan.refused.is_empty() {
                ui.label(muted(ui, "All of them are so already"));
            }
            return wish;
        }
        ui.add(egui::Label::new(small(&planned.sentence)).wrap());
        lines(ui, "what it does", changed, LINE, LIST, |ui, each| show(ui, &Line::new(each, desk.snapshot)));
        if self.known(desk).is_none() {
            ui.label(muted(ui, "Working out what it does…"));
        }
        wish
    }

    fn foot(&self, ui: &mut Ui, desk: &Desk<'_>) -> Option<Wish> {
        let known = self.known(desk).map(|planned| &planned.plan);
        let number = known.map_or(0, |plan| plan.changed.len());
        let may = number > 0 && known.is_some_and(|plan| plan.refused.is_empty()) && self.saving.is_none();
        buttons(ui, |ui| {
            let label = match number {
                0 => "Change".to_owned(),
                number => format!("Change {}", count(number, "connection")),
            };
            let apply = ui.add_enabled_ui(may, |ui| primary(ui, label)).inner.clicked();
            if secondary(ui, "Cancel").clicked() {
                return Some(Wish::Cancel);
            }
            apply.then_some(Wish::Apply)
        })
    }
}

impl Dialog for BulkEdit {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.saving) {
            Some(Ok(Answer::Many(answer))) => {
                if let ManyAnswer::Changed(done) = *answer {
                    tell(done, self.chosen(), desk);
                }
                return Flow::Close;
            }
            Some(Err(error)) => self.refused = Some(error.message().to_owned()),
            Some(Ok(_)) | None => {}
        }
        self.follow(desk);
        let title = format!("Edit {}", count(self.connections.len(), "connection"));
        let about = "One setting of all of them, all or none of them";
        let busy = self.saving.is_some();
        let wish = frame_with_foot(ctx, "bulk edit", &title, about, 640.0, busy, |ui, part| match part {
            Part::Content => {
                ui.spacing_mut().item_spacing.y = 8.0;
                self.fields(ui, desk);
                ui.add_space(4.0);
                let wish = self.preview(ui, desk);
                if let Some(reason) = &self.refused {
                    notice(ui, ToneName::Bad, "Nothing was changed", reason, |_| {});
                }
                wish
            }
            Part::Foot => self.foot(ui, desk),
        });
        match wish {
            None => Flow::Open,
            Some(None | Some(Wish::Cancel)) => Flow::Close,
            Some(Some(Wish::LeaveOut)) => {
                if let Some(Ok(planned)) = &self.plan {
                    let refused = &planned.plan.refused;
                    self.connections.retain(|id| !refused.iter().any(|one| one.id == *id));
                }
                Flow::Open
            }
            Some(Some(Wish::Apply)) => {
                self.refused = None;
                if let Some(change) = self.filled().and_then(|filled| self.change(&filled)) {
                    self.saving = desk.ask(|id| Command::Many(id, ManyCommand::Change(change)));
                }
                Flow::Open
            }
        }
    }
}

impl Planned {
    fn new(plan: ManyPlan) -> Self {
        let mut sentence = format!("{} would change", count(plan.changed.len(), "connection"));
        match plan.unchanged.len() {
            0 => {}
            1 => sentence.push_str(", 1 is so already"),
            number => sentence.push_str(&format!(", {} are so already", grouped(number))),
        }
        sentence.push_str(". ");
        sentence.push_str(&in_a_sentence(&plan.standing));
        let refusal = (!plan.refused.is_empty()).then(|| refusal(&plan.refused));
        Self { plan, sentence, refusal }
    }
}

impl Line {
    fn new(changed: &ChangedConnection, snapshot: &Snapshot) -> Self {
        // What is alike for both profiles is said once.
        let mut told: Vec<(String, Vec<&str>)> = Vec::new();
        for difference in &changed.differences {
            let of_profile = difference.profile.is_some();
            let (label, is) = in_words(&difference.setting, &difference.is, of_profile, snapshot);
            let (_, was) = in_words(&difference.setting, &difference.was, of_profile, snapshot);
            let words = format!("{label}: {was} → {is}");
            let profile = difference.profile.map(ProfileKind::as_str);
            match told.iter_mut().find(|(known, _)| *known == words) {
                Some((_, profiles)) => profiles.extend(profile),
                None => told.push((words, profile.into_iter().collect())),
            }
        }
        let told = told.into_iter().map(|(words, profiles)| match profiles.as_slice() {
            [] => words,
            profiles => format!("{words} ({})", profiles.join(" and ")),
        });
        let difference = told.collect::<Vec<_>>().join("; ");
        Self { name: changed.name.clone(), difference, from: changed.from, to: changed.to }
    }
}

/// Which connections refuse the change, and why.
fn refusal(refused: &[RefusedConnection]) -> (String, String) {
    let head = match refused.len() {
        1 => "1 connection cannot be changed so".to_owned(),
        number => format!("{} cannot be changed so", count(number, "connection")),
    };
    // The same reason is told once.
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for one in refused {
        match told.iter_mut().find(|(reason, _)| *reason == one.reason) {
            Some((_, names)) => names.push(&one.name),
            None => told.push((&one.reason, vec![&one.name])),
        }
    }
    let line = |(reason, names): &(&str, Vec<&str>)| {
        let mut named = names.get(..REFUSED).unwrap_or(names).join(", ");
        if names.len() > REFUSED {
            named.push_str(&format!(" and {} more", names.len() - REFUSED));
        }
        format!("{named}: {}", in_labels(reason))
    };
    let mut lines: Vec<String> = told.iter().take(REFUSED).map(line).collect();
    if told.len() > REFUSED {
        let rest: usize = told.iter().skip(REFUSED).map(|(_, names)| names.len()).sum();
        lines.push(format!("and {rest} more for other reasons"));
    }
    (head, lines.join("\n"))
}

fn show(ui: &mut Ui, line: &Line) {
    let tokens = tokens(ui.ctx());
    let size = egui::vec2(ui.available_width(), LINE);
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_height(LINE);
        ui.set_max_height(LINE);
        let (rect, ink) = (ui.max_rect(), tokens.line);
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, egui::Stroke::new(1.0, ink));
        ui.add_space(5.0);
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 1.0);
        ui.spacing_mut().interact_size.y = 18.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            let room = (ui.available_width() - 290.0).max(120.0);
            ui.allocate_ui_with_layout(
                egui::vec2(room, 20.0),
                egui::Layout::left_to_right(egui::Align::Center),
                |ui| {
                    ui.set_min_width(room);
                    let name = RichText::new(&line.name).font(theme::medium(theme::SMALL));
                    ui.add(egui::Label::new(name).truncate());
                },
            );
            if line.from == line.to {
                Badge::status(line.to, line.to.label()).about("Now and then").show(ui);
                return;
            }
            Badge::status(line.from, line.from.label()).about("Now").show(ui);
            ui.label(icon::text(Icon::ArrowRight, tokens.muted).size(12.0));
            Badge::status(line.to, line.to.label()).about("Then").show(ui);
        });
        ui.add(egui::Label::new(muted(ui, &line.difference)).truncate()).on_hover_text(small(&line.difference));
    });
}

/// Says what was done, and offers to take it back.
fn tell(done: ManyDone, subject: Option<Subject>, desk: &mut Desk<'_>) {
    let changed = &done.plan.changed;
    let head = format!("{} changed", count(changed.len(), "connection"));
    let open = changed.iter().filter(|one| one.to == Status::NonCompliant).count();
    let what = subject.map_or("", Subject::label);
    let text = match open {
        0 => what.to_owned(),
        1 => format!("{what}. 1 of them is non-compliant"),
        open => format!("{what}. {open} of them are non-compliant"),
    };
    let undo = move |desk: &mut Desk<'_>| desk.intend(Intent::UndoMany(Box::new(done)));
    desk.toasts.offer(&head, &text, "Undo", Box::new(undo));
}

/// Changes of many that are being taken back.
#[derive(Default)]
pub(super) struct Undoing {
    request: Option<RequestId>,
}

impl Undoing {
    /// Has the engine take a change back.
    pub(super) fn begin(&mut self, done: Box<ManyDone>, desk: &mut Desk<'_>) {
        self.request = desk.ask(|id| Command::Many(id, ManyCommand::Undo(done)));
    }

    /// Tells what came of it. To be called once a frame.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Many(answer))) => {
                if let ManyAnswer::Undone(number) = *answer {
                    desk.toasts.done("Taken back", &format!("{} as before", count(number, "connection")));
                }
            }
            Some(Err(error)) => desk.toasts.failed("The change was not taken back", &error),
            Some(Ok(_)) | None => {}
        }
    }
}
