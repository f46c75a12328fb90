//! Changing when certificates go active, from wherever that is asked, and taking it back.

use jiff::Timestamp;

use crate::app::engine::{Answer, Command, RequestId};
use crate::app::{ProfileKey, ScheduleAct, ScheduleActName, ScheduleChange};
use crate::domain::certificate::Fingerprint;
use crate::ui::certificate::stated_fully;
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::shell::Confirm;

/// Changes under way.
#[derive(Default)]
pub(in crate::ui) struct ScheduleActs {
    asking: Vec<(Option<RequestId>, &'static str)>,
}

impl ScheduleActs {
    /// Has the engine change schedules.
    pub(in crate::ui) fn change(&mut self, profiles: Vec<ProfileKey>, act: ScheduleAct, desk: &mut Desk<'_>) {
        let failed = match act {
            ScheduleAct::Reschedule { .. } => "The certificate was not rescheduled",
            ScheduleAct::Cancel => "The schedule was not cancelled",
            ScheduleAct::ActivateNow => "The certificate was not activated",
            ScheduleAct::RollBack => "The certificate was not rolled back",
            ScheduleAct::AcceptAgain { .. } => "The certificate is still not accepted",
            ScheduleAct::Withdraw { .. } => "The certificate is still accepted",
        };
        let request = desk.ask(|id| Command::ChangeSchedule(id, profiles, act));
        self.asking.push((request, failed));
    }

    /// Has the engine take changes back.
    pub(in crate::ui) fn undo(&mut self, changes: Vec<ScheduleChange>, desk: &mut Desk<'_>) {
        let request = desk.ask(|id| Command::UndoSchedule(id, changes));
        self.asking.push((request, "The change was not taken back"));
    }

    /// Tells what came of it. To be called once a frame.
    pub(in crate::ui) fn listen(&mut self, desk: &mut Desk<'_>) {
        for (request, failed) in &mut self.asking {
            match desk.answer(request) {
                Some(Ok(Answer::Scheduled(changes))) => tell(changes, desk),
                Some(Err(error)) => desk.toasts.failed(failed, &error),
                Some(Ok(_)) | None => {}
            }
        }
        self.asking.retain(|(request, _)| request.is_some());
    }
}

fn tell(changes: Vec<ScheduleChange>, desk: &mut Desk<'_>) {
    let Some(first) = changes.first() else { return };
    let whom = match changes.as_slice() {
        [one] => {
            let state = desk.snapshot.connection(&one.connection);
            let name = state.map_or(one.connection.as_str(), |state| state.connection.name.as_str());
            format!("{name}, {}", one.profile)
        }
        several => count(several.len(), "profile"),
    };
    let in_use = first.in_use.map_or_else(|| "nothing".to_owned(), |print| print.short());
    let when = |at: Timestamp| stated_fully(at, None, &desk.moment);
    let (head, text) = match first.done {
        ScheduleActName::Rescheduled => (
            "The certificate was rescheduled",
            format!("{whom}: it goes active {}", first.activates.map_or_else(String::new, when)),
        ),
        ScheduleActName::Cancelled => ("The schedule was cancelled", format!("{whom}: {in_use} stays in use")),
        ScheduleActName::Activated => {
            ("The certificate is active", format!("{whom}: messages are encrypted for it from now on"))
        }
        ScheduleActName::RolledBack => {
            let left = first.left_accepted(desk.moment.now).first().map_or_else(String::new, |left| {
                format!(
                    ". {} is still accepted for signatures; where it is not the partner's, stop that on its card",
                    left.short()
                )
            });
            (
                "Rolled back to the certificate before",
                format!("{whom}: messages are encrypted for {in_use} again{left}"),
            )
        }
        ScheduleActName::Withdrawn => {
            let gone = first.fingerprint_sha256.map_or_else(String::new, |print| print.short());
            (
                "The certificate is accepted no longer",
                format!("{whom}: signatures made with {gone} are refused from now on"),
            )
        }
        ScheduleActName::AcceptedAgain => (
            "The certificate is accepted again",
            format!(
                "{whom}: messages are encrypted for {in_use} as before. Ask the partner to send again what was refused"
            ),
        ),
        ScheduleActName::Undone => {
            desk.toasts.done("The change was taken back", &format!("{whom}: {in_use} is in use"));
            return;
        }
    };
    desk.toasts.offer(head, &text, "Undo", Box::new(move |desk| desk.intend(Intent::UndoSchedule(changes))));
}

/// Asks before a scheduled certificate goes active at once: the partner has to switch at the same time.
pub(in crate::ui) fn activate_now(
    profiles: Vec<ProfileKey>,
    whom: &str,
    fingerprint: &Fingerprint,
    desk: &mut Desk<'_>,
) {
    let text = format!(
        "From now on messages of {whom} are encrypted for {}. The partner must have switched to it already; signatures made with the old one are still accepted",
        fingerprint.short()
    );
    let question = Confirm::new("Activate the certificate now?", text, "Activate now", move |desk| {
        desk.intend(Intent::ChangeSchedule(profiles, ScheduleAct::ActivateNow));
    });
    desk.intend(Intent::Open(Box::new(question)));
}
