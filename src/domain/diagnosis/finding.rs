//! The one finding by which an attempt is judged and explained.

use super::outcome::{
    AnswerFacts, AttemptFacts, ConnectFailure, HttpAnswer, Receipt, ReceiptFacts, ReceiptSignature, RequestFacts,
    TlsRefusal, WhatCame,
};
use crate::domain::knowledge;
use crate::domain::transmission::Verdict;

/// What decides about an attempt, the weightiest where there are several.
#[derive(Clone, Copy, Debug)]
pub(super) enum Finding<'a> {
    /// It never left.
    OwnFault { detail: &'a str },
    /// No connection.
    NotConnected { kind: ConnectFailure, detail: &'a str },
    /// No TLS.
    TlsRefused { reason: TlsRefusal, detail: &'a str, chain: &'a [String] },
    /// Broken off.
    Broken { all_bytes_sent: bool, detail: &'a str },
    /// Nothing more came.
    Timeout { all_bytes_sent: bool, seconds: u32 },
    /// Given up by the user.
    Cancelled { all_bytes_sent: bool },
    /// Not an HTTP server.
    NotHttp { all_bytes_sent: bool, detail: &'a str },
    /// An HTTP status other than 2xx, and no receipt that says more.
    HttpStatus(&'a HttpAnswer),
    /// An HTTP status other than 2xx with a positive receipt.
    HttpContradicts(&'a HttpAnswer),
    /// 2xx, but no receipt.
    NoReceipt { answer: &'a HttpAnswer, came: &'a WhatCame },
    /// 2xx with a receipt that cannot be read.
    Unreadable { detail: &'a str },
    /// The asynchronous receipt is outstanding.
    Pending,
    /// The asynchronous receipt did not come in time.
    Overdue { minutes: u32, unproved: bool },
    /// The receipt is for another message, or names none.
    OtherMessage(&'a Receipt),
    /// The receipt was changed after it was signed.
    SignatureBroken,
    /// The receipt has other line ends than it was signed with.
    OtherLineEnds,
    /// The partner says no.
    Negative(&'a Receipt),
    /// The partner says that it has a message with this Message-ID already, and nothing proves which.
    AlreadyThere,
    /// The disposition says neither yes nor no.
    Undecided(&'a Receipt),
    /// The partner hashed something else than was sent.
    MicMismatch(&'a Receipt),
    /// The receipt's signer is none of the acceptable.
    UnknownSigner(&'a Receipt),
    /// The receipt is unsigned though a signature was asked for.
    Unsigned,
    /// The receipt's signature cannot be checked.
    SignatureUnsupported,
    /// The receipt holds no MIC though one is owed.
    MicMissing,
    /// The partner refuses it because it knows the Message-ID, and does not say what became of the first copy.
    SeenBefore,
    /// The receipt's MIC cannot be compared.
    MicIncomparable(&'a Receipt),
    /// All that was asked for is good.
    Delivered(Option<&'a Receipt>),
}

impl<'a> Finding<'a> {
    /// What decides about an attempt.
    pub(super) fn of(facts: &'a AttemptFacts) -> Self {
        match &facts.answer {
            AnswerFacts::OwnFault { detail } => Self::OwnFault { detail },
            AnswerFacts::NotConnected { kind, detail } => Self::NotConnected { kind: *kind, detail },
            AnswerFacts::TlsRefused { reason, detail, chain } => Self::TlsRefused { reason: *reason, detail, chain },
            AnswerFacts::Broken { all_bytes_sent, detail } => Self::Broken { all_bytes_sent: *all_bytes_sent, detail },
            AnswerFacts::Timeout { all_bytes_sent, seconds } => {
                Self::Timeout { all_bytes_sent: *all_bytes_sent, seconds: *seconds }
            }
            AnswerFacts::NotHttp { all_bytes_sent, detail } => {
                Self::NotHttp { all_bytes_sent: *all_bytes_sent, detail }
            }
            AnswerFacts::Cancelled { all_bytes_sent } => Self::Cancelled { all_bytes_sent: *all_bytes_sent },
            AnswerFacts::Http(answer) => Self::of_answer(&facts.request, answer),
        }
    }

    fn of_answer(request: &RequestFacts, answer: &'a HttpAnswer) -> Self {
        match &answer.receipt {
            ReceiptFacts::Read(receipt) => Self::of_receipt(request, answer, receipt),
            _ if !answer.accepted() => Self::HttpStatus(answer),
            ReceiptFacts::Unreadable { detail } if request.asks_receipt() => Self::Unreadable { detail },
            _ if !request.asks_receipt() => Self::Delivered(None),
            ReceiptFacts::Overdue { minutes, unproved } => Self::Overdue { minutes: *minutes, unproved: *unproved },
            // The body of an answer to a request for an asynchronous receipt means nothing (RFC 4130 section 7.2).
            _ if request.mdn.is_async() => Self::Pending,
            ReceiptFacts::Absent(came) => Self::NoReceipt { answer, came },
            ReceiptFacts::NotAsked | ReceiptFacts::Pending | ReceiptFacts::Unreadable { .. } => {
                Self::NoReceipt { answer, came: &WhatCame::Empty }
            }
        }
    }

    fn of_receipt(request: &RequestFacts, answer: &'a HttpAnswer, receipt: &'a Receipt) -> Self {
        let disposition = &receipt.disposition;
        if !concerns_this(request, receipt) {
            return Self::OtherMessage(receipt);
        }
        let duplicate = is_duplicate(receipt);
        let refuses = disposition.is_refusal() && !duplicate;
        // mendelson signs the words of a refusal with other line ends than it sends; what it says is worth no less than if it
        // had not signed.
        if receipt.signature == ReceiptSignature::OtherLineEnds && !refuses {
            return Self::OtherLineEnds;
        }
        if matches!(receipt.signature, ReceiptSignature::Broken { .. }) {
            return Self::SignatureBroken;
        }
        if refuses {
            let key = knowledge::of_refusal(disposition, &receipt.remarks, receipt.human_text.as_deref());
            return if key == "seen-before" { Self::SeenBefore } else { Self::Negative(receipt) };
        }
        if !disposition.is_positive() && !duplicate {
            return Self::Undecided(receipt);
        }
        if receipt.mic.matches == Some(false) {
            return Self::MicMismatch(receipt);
        }
        if !answer.accepted() {
            return Self::HttpContradicts(answer);
        }
        if request.mdn.is_signed() {
            match &receipt.signature {
                ReceiptSignature::Unsigned => return Self::Unsigned,
                ReceiptSignature::UnknownSigner { .. } => return Self::UnknownSigner(receipt),
                ReceiptSignature::Unsupported { .. } => return Self::SignatureUnsupported,
                ReceiptSignature::Good { .. } | ReceiptSignature::Broken { .. } | ReceiptSignature::OtherLineEnds => {}
            }
        }
        // Of a message that it has already a partner need not compute anything anew.
        if duplicate && !(disposition.is_positive() && receipt.mic.matches.is_some()) {
            return Self::AlreadyThere;
        }
        if receipt.mic.matches.is_none() && request.misses_mic(receipt) {
            return if receipt.mic.theirs.is_some() { Self::MicIncomparable(receipt) } else { Self::MicMissing };
        }
        Self::Delivered(Some(receipt))
    }

    /// The verdict it leads to; the rule stands at [`super::judge`].
    pub(super) const fn verdict(&self) -> Verdict {
        match self {
            Self::Delivered(_) | Self::AlreadyThere => Verdict::Delivered,
            Self::Pending => Verdict::Pending,
            Self::Cancelled { all_bytes_sent: false } => Verdict::Cancelled,
            Self::Broken { all_bytes_sent: true, .. }
            | Self::Timeout { all_bytes_sent: true, .. }
            | Self::NotHttp { all_bytes_sent: true, .. }
            | Self::Cancelled { .. }
            | Self::HttpContradicts(_)
            | Self::NoReceipt { .. }
            | Self::Unreadable { .. }
            | Self::Overdue { .. }
            | Self::OtherMessage(_)
            | Self::SignatureBroken
            | Self::OtherLineEnds
            | Self::Undecided(_)
            | Self::SeenBefore
            | Self::UnknownSigner(_)
            | Self::Unsigned
            | Self::SignatureUnsupported
            | Self::MicMissing
            | Self::MicIncomparable(_) => Verdict::Uncertain,
            Self::OwnFault { .. }
            | Self::NotConnected { .. }
            | Self::TlsRefused { .. }
            | Self::Broken { .. }
            | Self::Timeout { .. }
            | Self::NotHttp { .. }
            | Self::HttpStatus(_)
            | Self::Negative(_)
            | Self::MicMismatch(_) => Verdict::Failed,
        }
    }
}

/// Whether a receipt says something about the message that was sent. A refusal in the very answer may name no message,
/// because a partner who could not read the message may not know its Message-ID.
pub(super) fn concerns_this(request: &RequestFacts, receipt: &Receipt) -> bool {
    let nameless_refusal =
        receipt.original_message_id.is_none() && !request.mdn.is_async() && receipt.disposition.is_refusal();
    receipt.for_this_message || nameless_refusal
}

/// Whether a receipt says that the Message-ID has been seen before.
pub(super) fn is_duplicate(receipt: &Receipt) -> bool {
    let key = knowledge::of_disposition(&receipt.disposition, &receipt.remarks);
    matches!(key, "duplicate-document" | "warning-duplicate")
}
