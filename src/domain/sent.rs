//! What a message was made of, and when it may be sent again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::certificate::Fingerprint;
use super::connection::Profile;
use super::diagnosis::{AnswerFacts, ReceiptFacts, RequestFacts};
use super::transmission::Headers;

/// What a message was made of, as the profile was then: it is sent again with these bytes, and its receipt is read by
/// what was asked for, whatever the profile says by now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentAs {
    /// The profile.
    pub profile: Profile,
    /// The certificate it was encrypted for.
    pub encrypted_for: Option<Fingerprint>,
    /// Our certificate whose key signed it.
    pub signed_by: Option<Fingerprint>,
}

impl SentAs {
    /// What was sent, as it is judged.
    #[must_use]
    pub fn request(&self, message_id: String, filename: Option<String>, bytes: u64) -> RequestFacts {
        RequestFacts {
            filename,
            encrypted_for: self.encrypted_for,
            signed_by: self.signed_by,
            bytes,
            ..RequestFacts::of(&self.profile, message_id)
        }
    }
}

/// A message as it was built for an attempt. The attempts that follow send the same bytes, until it is built anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentBuild {
    /// The attempt that it was built for; its body is kept under that number.
    pub attempt: u32,
    /// What it was made of.
    pub sent: SentAs,
    /// Its headers.
    pub headers: Headers,
    /// The algorithm of its MIC, and the MIC in base64.
    pub mic: Option<(String, String)>,
    /// The length of its body.
    pub bytes: u64,
}

/// So many minutes after the first attempt the second is made; then each time twice as many.
const FIRST_PAUSE_MINUTES: i64 = 5;

/// The longest pause: a day.
const LONGEST_PAUSE_MINUTES: i64 = 1440;

/// The most attempts at posting a receipt that we owe: the last is made about ten hours after the first.
pub const MOST_RECEIPT_ATTEMPTS: u32 = 8;

/// How long is waited after an attempt, counted from 1, that ended at this instant: 5, 10, 20 … minutes.
#[must_use]
pub fn next_attempt(made: u32, ended: Timestamp) -> Timestamp {
    let doubled = 1_i64.checked_shl(made.saturating_sub(1).min(16)).unwrap_or(1);
    let minutes = FIRST_PAUSE_MINUTES.saturating_mul(doubled).min(LONGEST_PAUSE_MINUTES);
    ended.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX)
}

/// Whether a message whose attempt came to this may be sent again as it is: nobody has decided about it, and another time
/// may come to something else. Never after a receipt, an answer of 2xx, or a refusal by status but 408 and those of the
/// server's own trouble; nor where the fault is ours or the user gave it up.
#[must_use]
pub const fn may_be_repeated(answer: &AnswerFacts) -> bool {
    match answer {
        AnswerFacts::NotConnected { .. }
        | AnswerFacts::TlsRefused { .. }
        | AnswerFacts::Broken { .. }
        | AnswerFacts::Timeout { .. }
        | AnswerFacts::NotHttp { .. } => true,
        AnswerFacts::Http(http) => {
            !matches!(http.receipt, ReceiptFacts::Read(_)) && (http.status == 408 || http.status >= 500)
        }
        AnswerFacts::OwnFault { .. } | AnswerFacts::Cancelled { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::{ConnectFailure, HttpAnswer, WhatCame};

    #[test]
    fn pauses_double_and_end_at_a_day() {
        let ended: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let minutes = |made| (next_attempt(made, ended).as_second() - ended.as_second()) / 60;
        assert_eq!([1, 2, 3, 4, 8, 9, 20, u32::MAX].map(minutes), [5, 10, 20, 40, 640, 1280, 1440, 1440]);
        assert_eq!(next_attempt(1, Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn only_what_nobody_decided_is_sent_again() {
        let http = |status| {
            AnswerFacts::Http(HttpAnswer {
                status,
                reason: String::new(),
                content_type: None,
                location: None,
                body_excerpt: String::new(),
                receipt: ReceiptFacts::Absent(WhatCame::Empty),
            })
        };
        let detail = String::new;
        for (answer, again) in [
            (AnswerFacts::NotConnected { kind: ConnectFailure::Refused, detail: detail() }, true),
            (AnswerFacts::Broken { all_bytes_sent: true, detail: detail() }, true),
            (AnswerFacts::Timeout { all_bytes_sent: true, seconds: 1 }, true),
            (AnswerFacts::OwnFault { detail: detail() }, false),
            (AnswerFacts::Cancelled { all_bytes_sent: false }, false),
            (http(200), false),
            (http(302), false),
            (http(401), false),
            (http(404), false),
            (http(408), true),
            (http(413), false),
            (http(429), false),
            (http(500), true),
            (http(503), true),
        ] {
            assert_eq!(may_be_repeated(&answer), again, "{answer:?}");
        }
    }
}
