//! Sending a document again that the partner may have already.

use crate::app::SendRequest;
use crate::domain::identifier::ProfileKind;
use crate::domain::transmission::Verdict;
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
