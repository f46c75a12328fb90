//! What a policy that is not saved would change: asked of the engine as it is written, and shown as a list.

use std::sync::Arc;

use egui::{RichText, Ui};

use crate::app::engine::{Answer, Command, Foreseen, Outlook, RequestId, Snapshot};
use crate::domain::policy::Policy;
use crate::domain::status_change::{StatusChange, StatusChanges};
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, lines, muted, small};

/// Height of a line of the list.
const LINE: f32 = 44.0;

/// What was foreseen last, and of what.
#[derive(Default)]
pub(super) struct Preview {
    asked: Option<(Arc<Snapshot>, Policy)>,
    request: Option<RequestId>,
    shown: Option<(Policy, Result<StatusChanges, String>)>,
}

impl Preview {
    /// Asks anew where the policy or the workspace has changed; one question at a time.
    pub(super) fn follow(&mut self, policy: &Policy, desk: &mut Desk<'_>) {
        let answered = match desk.answer(&mut self.request) {
            Some(Ok(Answer::Foreseen(foreseen))) => match *foreseen {
                Foreseen::Policy(changes) => Some(changes),
                _ => None,
            },
            Some(Err(error)) => Some(Err(error.message().to_owned())),
            Some(Ok(_)) | None => None,
        };
        if let (Some(answered), Some((_, asked))) = (answered, &self.asked) {
            self.shown = Some((asked.clone(), answered));
        }
        if self.request.is_none() && !self.is_of(policy, desk) {
            let snapshot = Arc::clone(desk.snapshot);
            self.asked = Some((Arc::clone(&snapshot), policy.clone()));
            let policy = Box::new(policy.clone());
            self.request = desk.ask(|id| Command::Foresee(id, Outlook::Policy(snapshot, policy)));
        }
    }

    fn is_of(&self, policy: &Policy, desk: &Desk<'_>) -> bool {
        self.asked.as_ref().is_some_and(|(snapshot, asked)| Arc::ptr_eq(snapshot, desk.snapshot) && asked == policy)
    }

    /// What would change, once that is known of what is written now. It stays while the same is judged anew because the
    /// workspace has changed: what is shown does not come and go, and nobody clicks beside what has moved.
    #[must_use]
    pub(super) fn known(&self, policy: &Policy) -> Option<&Result<StatusChanges, String>> {
        self.shown.as_ref().filter(|(of, _)| of == policy).map(|(_, changes)| changes)
    }
}

/// What a change would do, in a sentence.
#[must_use]
pub(in crate::ui) fn in_a_sentence(changes: &StatusChanges) -> String {
    if changes.judged == 0 {
        return "There is no connection to be judged yet".to_owned();
    }
    if changes.is_empty() {
        return "The status of no profile would change".to_owned();
    }
    let other = match changes.other_findings {
        0 => String::new(),
        number => {
            let verb = if number == 1 { "stands" } else { "stand" };
            format!("{} {verb} as before for other reasons", count(number, "profile"))
        }
    };
    if changes.changes.is_empty() {
        return other;
    }
    let number = changes.changes.len();
    let verb = if number == 1 { "changes" } else { "change" };
    let worse = match changes.worse() {
        0 => "none for the worse".to_owned(),
        worse if worse == number && number == 1 => "for the worse".to_owned(),
        worse if worse == number => "all for the worse".to_owned(),
        worse => format!("{worse} for the worse"),
    };
    let mut said = format!("{} {verb} status, {worse}", count(number, "profile"));
    if !other.is_empty() {
        said.push_str("; ");
        said.push_str(&other);
    }
    said
}

/// Shows each profile that would stand otherwise: from what, to what, and why.
pub(super) fn list(ui: &mut Ui, changes: &StatusChanges, most: f32) {
    lines(ui, "status changes", &changes.changes, LINE, most, line);
}

fn line(ui: &mut Ui, change: &StatusChange) {
    let tokens = tokens(ui.ctx());
    let size = egui::vec2(ui.available_width(), LINE);
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_min_height(LINE);
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 2.0);
        // Why stands closer to whom than the next one does.
        ui.spacing_mut().interact_size.y = 20.0;
        ui.horizontal(|ui| {
            let name = format!("{}, {}", change.name, change.profile);
            let room = (ui.available_width() - 290.0).max(120.0);
            ui.allocate_ui_with_layout(
                egui::vec2(room, 20.0),
                egui::Layout::left_to_right(egui::Align::Center),
                |ui| {
                    ui.set_min_width(room);
                    ui.add(egui::Label::new(RichText::new(name).font(theme::medium(theme::SMALL))).truncate());
                },
            );
            Badge::status(change.from, change.from.label()).about("Now").show(ui);
            ui.label(icon::text(Icon::ArrowRight, tokens.muted).size(12.0));
            Badge::status(change.to, change.to.label()).about("Then").show(ui);
        });
        if let Some(reason) = &change.reason {
            ui.add(egui::Label::new(muted(ui, reason)).truncate()).on_hover_text(small(reason));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::compliance::Status;
    use crate::domain::identifier::ProfileKind;

    #[test]
    fn a_change_is_told_in_a_sentence() {
        let change = |from, to| StatusChange {
            connection: "a".parse().unwrap(),
            name: "A".to_owned(),
            profile: ProfileKind::Test,
            from,
            to,
            reason: None,
        };
        let mut changes = StatusChanges { changes: Vec::new(), other_findings: 0, judged: 0 };
        assert_eq!(in_a_sentence(&changes), "There is no connection to be judged yet");
        changes.judged = 4;
        assert_eq!(in_a_sentence(&changes), "The status of no profile would change");
        changes.other_findings = 1;
        assert_eq!(in_a_sentence(&changes), "1 profile stands as before for other reasons");
        changes.other_findings = 0;
        changes.changes.push(change(Status::Compliant, Status::NonCompliant));
        assert_eq!(in_a_sentence(&changes), "1 profile changes status, for the worse");
        changes.changes.push(change(Status::NonCompliant, Status::Advice));
        changes.other_findings = 2;
        assert_eq!(
            in_a_sentence(&changes),
            "2 profiles change status, 1 for the worse; 2 profiles stand as before for other reasons"
        );
    }
}
