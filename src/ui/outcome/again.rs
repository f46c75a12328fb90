//! Sending a document again that the partner may have already.

use crate::app::{Payload, SendRequest};
use crate::domain::identifier::ProfileKind;
use crate::domain::transmission::{Transmission, Verdict};
use crate::ui::desk::Desk;
use crate::ui::intent::{Intent, Page};
use crate::ui::shell::Confirm;

/// Whether a production system may act twice on a document that ended so and is sent again. A new message has a
/// Message-ID of its own, by which nobody recognises it.
#[must_use]
pub(in crate::ui) const fn may_double(profile: ProfileKind, verdict: Verdict) -> bool {
    matches!(profile, ProfileKind::Production)
        && matches!(verdict, Verdict::Delivered | Verdict::Uncertain | Verdict::Pending)
}

/// What goes out where something is sent once more after it came to this, and the word for it. A test document is another
/// one every time; of anything else that did not get through the same message is sent, under its Message-ID.
#[must_use]
pub(in crate::ui) fn once_more(payload: &Payload, sent: Option<&Transmission>) -> (Payload, &'static str) {
    match (payload, sent) {
        (Payload::TestDocument, _) | (_, None) => (payload.clone(), "Send again"),
        (_, Some(sent)) if may_be_redelivered(sent.verdict) => {
            (Payload::Again { id: sent.id, even_delivered: false }, "Redeliver")
        }
        (Payload::Again { id, .. }, Some(_)) => (Payload::Kept(*id), "Send as new…"),
        (_, Some(_)) => (payload.clone(), "Send again"),
    }
}

/// Whether what stands so can be sent again under its Message-ID without a question.
#[must_use]
pub(in crate::ui) const fn may_be_redelivered(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Failed | Verdict::Uncertain | Verdict::Cancelled)
}

/// Asks whether what the partner has, or is still to acknowledge, is to be sent again under its Message-ID.
pub(in crate::ui) fn ask_to_redeliver(desk: &mut Desk<'_>, request: SendRequest, verdict: Verdict) {
    let what = match verdict {
        Verdict::Pending => "The partner took this message, and its receipt is still to come",
        _ => "This message was delivered",
    };
    let text = format!(
        "{what}. It goes out once more under its Message-ID, and a partner that has it puts it aside as a duplicate. Where \
         the partner has lost the document, send it as new instead"
    );
    let question = Confirm::new("Redeliver what the partner has?", text, "Redeliver", |desk| {
        send_and_show(desk, request);
    });
    desk.intend(Intent::Open(Box::new(question)));
}

/// Asks before a document goes out as a new message, because nobody recognises it by its Message-ID.
pub(in crate::ui) fn ask_to_send_as_new(desk: &mut Desk<'_>, request: SendRequest) {
    let text = "The same document goes out as a new message with a Message-ID of its own. A partner that has it already \
                cannot tell that it is the same and may act on it twice: a second order, a second invoice. To have it \
                recognised, redeliver it instead";
    let question = Confirm::new("Send this document as a new message?", text, "Send as new", |desk| {
        send_and_show(desk, request);
    });
    desk.intend(Intent::Open(Box::new(question)));
}

/// Asks, sends, and shows how it goes.
pub(in crate::ui) fn ask_to_repeat(desk: &mut Desk<'_>, request: SendRequest) {
    let text = "The partner may have this document already. It goes out as a new message with a Message-ID of its own, so \
                the partner cannot tell that it is the same and may act on it twice";
    let question = Confirm::new("Send this document to production again?", text, "Send to production again", |desk| {
        send_and_show(desk, request);
    });
    desk.intend(Intent::Open(Box::new(question)));
}

/// Sends and shows how it goes.
pub(in crate::ui) fn send_and_show(desk: &mut Desk<'_>, request: SendRequest) {
    let connection = request.connection.clone();
    desk.send(request);
    desk.intend(Intent::Go(Page::TestSend(connection)));
}
