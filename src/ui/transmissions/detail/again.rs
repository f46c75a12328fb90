//! Sending the transmission that is looked at again: as the same message, or as a new one.

use egui::Ui;

use crate::app::{Payload, SendRequest};
use crate::domain::transmission::{Direction, Transmission, Verdict};
use crate::ui::desk::Desk;
use crate::ui::outcome::{ask_to_redeliver, ask_to_send_as_new, may_be_redelivered, send_and_show};
use crate::ui::sends::Run;
use crate::ui::widgets::{Choice, primary, secondary, select};

/// How something is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Under its Message-ID.
    Redeliver,
    /// As a new message.
    AsNew,
}

/// Lets the user choose which attempt is looked at, where there were several. Returns whether it is another now.
pub(super) fn choose_attempt(ui: &mut Ui, transmission: &Transmission, chosen: &mut Option<u32>) -> bool {
    if transmission.last_attempt() < 2 {
        return false;
    }
    let mut choices = vec![Choice::new(None, "The last attempt")];
    let made = transmission.attempts.iter().map(|attempt| attempt.number);
    choices.extend(made.map(|number| Choice::new(Some(number), format!("Attempt {number}"))));
    let (Some(other), _) = select(ui, "Which attempt", chosen, &choices, 140.0) else { return false };
    *chosen = other;
    true
}

/// Whether it can be sent again: it was sent, its profile is still there, and nothing is under way to it.
pub(super) fn can_send(transmission: &Transmission, desk: &Desk<'_>) -> bool {
    let (Some(connection), Some(profile)) = (&transmission.connection, transmission.profile) else { return false };
    let waits = transmission.verdict == Verdict::Queued && transmission.attempts.is_empty();
    transmission.direction == Direction::Outbound
        && transmission.verdict != Verdict::Sending
        && !waits
        && desk.snapshot.connection(connection).is_some_and(|state| state.connection.profile(profile).is_some())
        && !desk.sends.of(connection, profile).is_some_and(Run::is_running)
}

/// Whether nothing speaks against sending it again under its Message-ID at once.
pub(super) fn may_go_now(transmission: &Transmission) -> bool {
    may_be_redelivered(transmission.verdict) || transmission.verdict == Verdict::Queued
}

/// The button for the same message: the one to press where it did not get through.
pub(super) fn redeliver_button(ui: &mut Ui, transmission: &Transmission) -> Option<Again> {
    let (button, hint) = if !may_go_now(transmission) {
        (
            secondary(ui, "Redeliver…"),
            "The same message once more, which a partner that has it puts aside as a duplicate",
        )
    } else if transmission.verdict == Verdict::Uncertain {
        (primary(ui, "Redeliver"), "The very bytes that were sent, so that a partner that has them recognises them")
    } else {
        (
            primary(ui, "Redeliver"),
            "The same document under the same Message-ID, signed and encrypted with what is used now",
        )
    };
    button.on_hover_text(hint).clicked().then_some(Again::Redeliver)
}

/// The button for a new message with the same document.
pub(super) fn as_new_button(ui: &mut Ui) -> Option<Again> {
    let hint = "The same document as a new message with a Message-ID of its own";
    secondary(ui, "Send as new…").on_hover_text(hint).clicked().then_some(Again::AsNew)
}

/// Sends it, after a question where the partner may act twice or has it, and shows how it goes.
pub(super) fn send_again(transmission: &Transmission, how: Again, desk: &mut Desk<'_>) {
    let (Some(connection), Some(profile)) = (transmission.connection.clone(), transmission.profile) else { return };
    let id = transmission.id;
    match how {
        Again::AsNew => ask_to_send_as_new(desk, SendRequest { connection, profile, payload: Payload::Kept(id) }),
        Again::Redeliver if may_go_now(transmission) => {
            send_and_show(
                desk,
                SendRequest { connection, profile, payload: Payload::Again { id, even_delivered: false } },
            );
        }
        Again::Redeliver => {
            let request = SendRequest { connection, profile, payload: Payload::Again { id, even_delivered: true } };
            ask_to_redeliver(desk, request, transmission.verdict);
        }
    }
}
