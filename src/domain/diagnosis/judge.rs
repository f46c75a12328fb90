//! The verdict and the five lights of an attempt.

use super::finding::{Finding, concerns_this, is_duplicate};
use super::outcome::{AnswerFacts, AttemptFacts, Receipt, ReceiptFacts, ReceiptSignature, RequestFacts};
use crate::domain::transmission::{Light, Lights, Verdict};

/// Judges an attempt. The worst light decides: it is delivered only where none is bad or missing.
///
/// - `delivered`: the status is 2xx and everything that was asked for is good. A warning (RFC 4130 section 7.5.5) does
///   not change that, and the word that such a message was there already is a yes: the partner has it. Where no receipt
///   was asked for, 2xx is enough.
/// - `pending`: 2xx, and an asynchronous receipt is outstanding.
/// - `failed`: known not to have been accepted. Nothing complete can have arrived (no connection, no TLS, broken off or
///   given up before the last byte was handed over); the status is not 2xx; the receipt says no (one that is unsigned or
///   of an unknown signer too, because a partner who does not know us may answer unsigned, RFC 4130 section 6.2); or its
///   MIC is that of something else than was sent.
/// - `cancelled`: given up by the user before the last byte was handed over.
/// - `uncertain`: sent, but no answer that decides. Nothing came after the last byte; a status other than 2xx came with a
///   positive receipt; or there is no receipt that proves anything: none, unreadable, for another message, broken
///   signature, unsigned or signed by an unknown certificate though a signature was asked for, MIC missing or not
///   comparable, or a disposition that is neither yes nor no.
///
/// A light is bad where something was found that should not be, and missing where a proof is wanting: also where a
/// signature or a MIC is there but cannot be checked. A refusal without MIC leaves its light missing and nothing more.
#[must_use]
pub fn judge(facts: &AttemptFacts) -> (Verdict, Lights) {
    (Finding::of(facts).verdict(), lights(facts))
}

fn lights(facts: &AttemptFacts) -> Lights {
    let request = &facts.request;
    let dark = Lights {
        http: Light::Missing,
        receipt: owed(request.asks_receipt()),
        receipt_signature: owed(request.mdn.is_signed()),
        disposition: owed(request.asks_receipt()),
        mic: owed(request.asks_mic()),
    };
    match &facts.answer {
        AnswerFacts::OwnFault { .. } | AnswerFacts::Cancelled { .. } => dark,
        AnswerFacts::Broken { all_bytes_sent: true, .. } | AnswerFacts::Timeout { all_bytes_sent: true, .. } => dark,
        AnswerFacts::NotConnected { .. }
        | AnswerFacts::TlsRefused { .. }
        | AnswerFacts::Broken { .. }
        | AnswerFacts::Timeout { .. }
        | AnswerFacts::NotHttp { .. } => Lights { http: Light::Bad, ..dark },
        AnswerFacts::Http(answer) => {
            let lit = Lights { http: if answer.accepted() { Light::Good } else { Light::Bad }, ..dark };
            match &answer.receipt {
                ReceiptFacts::Read(receipt) => with_receipt(lit, request, receipt),
                ReceiptFacts::Unreadable { .. } if request.asks_receipt() => Lights { receipt: Light::Bad, ..lit },
                _ => lit,
            }
        }
    }
}

/// The lights of a receipt. One that was not asked for is judged all the same: what is good in it counts, and so does
/// what is bad, but nothing is missed in it.
fn with_receipt(lit: Lights, request: &RequestFacts, receipt: &Receipt) -> Lights {
    let receipt_signature = match &receipt.signature {
        ReceiptSignature::Good { .. } => Light::Good,
        ReceiptSignature::Broken { .. } | ReceiptSignature::OtherLineEnds => Light::Bad,
        ReceiptSignature::UnknownSigner { .. } if request.mdn.is_signed() => Light::Bad,
        ReceiptSignature::UnknownSigner { .. } | ReceiptSignature::Unsigned | ReceiptSignature::Unsupported { .. } => {
            owed(request.mdn.is_signed())
        }
    };
    if !concerns_this(request, receipt) {
        return Lights { receipt: Light::Bad, receipt_signature, ..lit };
    }
    let duplicate = is_duplicate(receipt);
    Lights {
        http: lit.http,
        receipt: Light::Good,
        receipt_signature,
        disposition: if receipt.disposition.is_positive() || duplicate { Light::Good } else { Light::Bad },
        mic: match receipt.mic.matches {
            Some(true) => Light::Good,
            Some(false) => Light::Bad,
            None if duplicate => Light::NotAsked,
            None => owed(request.misses_mic(receipt)),
        },
    }
}

const fn owed(asked: bool) -> Light {
    if asked { Light::Missing } else { Light::NotAsked }
}

#[cfg(test)]
mod tests {
    use super::super::explain::explain;
    use super::super::outcome::{Acceptance, ConnectFailure, EmbeddedCertificate, TlsRefusal, WhatCame};
    use super::super::samples::{self, good_receipt, mic, refusal, request, with_receipt};
    use super::*;
    use crate::domain::algorithm::Signing;
    use crate::domain::connection::MdnMode;
    use crate::domain::disposition::{Disposition, Modifier};

    /// The lights as five letters: good, bad, missing, not asked.
    fn letters(lights: &Lights) -> String {
        let letter = |light| match light {
            Light::Good => 'g',
            Light::Bad => 'b',
            Light::Missing => 'm',
            Light::NotAsked => 'n',
        };
        lights.named().iter().map(|(_, light)| letter(*light)).collect()
    }

    #[track_caller]
    fn expect(facts: &AttemptFacts, verdict: Verdict, lights: &str, cause: &str) {
        let (found, lit) = judge(facts);
        assert_eq!((found, letters(&lit).as_str()), (verdict, lights), "{cause}");
        assert_eq!(explain(facts, &found, &lit, &samples::quiet()).cause, cause);
    }

    fn signed(answer: AnswerFacts) -> AttemptFacts {
        AttemptFacts { request: request(MdnMode::SyncSigned), answer }
    }

    #[test]
    fn before_there_is_an_answer() {
        let detail = String::new;
        let cases = [
            (
                AnswerFacts::OwnFault { detail: detail() },
                Verdict::Failed,
                "mmmmm",
                "Not sent, the fault is on our side",
            ),
            (
                AnswerFacts::NotConnected { kind: ConnectFailure::Refused, detail: detail() },
                Verdict::Failed,
                "bmmmm",
                "The partner's server refused the connection",
            ),
            (
                AnswerFacts::TlsRefused { reason: TlsRefusal::Expired, detail: detail(), chain: Vec::new() },
                Verdict::Failed,
                "bmmmm",
                "The partner's TLS certificate has expired",
            ),
            (
                AnswerFacts::Broken { all_bytes_sent: false, detail: detail() },
                Verdict::Failed,
                "bmmmm",
                "Connection lost while sending",
            ),
            (
                AnswerFacts::Broken { all_bytes_sent: true, detail: detail() },
                Verdict::Uncertain,
                "mmmmm",
                "Connection lost while waiting for the answer",
            ),
            (
                AnswerFacts::Timeout { all_bytes_sent: false, seconds: 60 },
                Verdict::Failed,
                "bmmmm",
                "The partner's server stopped reading",
            ),
            (
                AnswerFacts::Timeout { all_bytes_sent: true, seconds: 60 },
                Verdict::Uncertain,
                "mmmmm",
                "No answer in time, the message may have arrived",
            ),
            (
                AnswerFacts::NotHttp { all_bytes_sent: true, detail: detail() },
                Verdict::Uncertain,
                "bmmmm",
                "What answers there is no web server",
            ),
        ];
        for (answer, verdict, lights, cause) in cases {
            expect(&signed(answer), verdict, lights, cause);
        }
    }

    #[test]
    fn answers_without_a_receipt() {
        let absent = |status, came| signed(samples::answer(status, ReceiptFacts::Absent(came)));
        for (status, cause) in [
            (200, "Taken, but no receipt came"),
            (204, "Taken, but no receipt came"),
            (302, "Partner's server redirects to another address"),
            (401, "Partner's server wants a user name and password"),
            (403, "Partner's server does not let us in"),
            (404, "Nothing is at that address"),
            (405, "That address takes no messages"),
            (408, "Partner's server grew tired of waiting"),
            (413, "Too big for the partner's server"),
            (415, "Partner's server does not take this content type"),
            (422, "Partner does not know our AS2 identifiers"),
            (429, "Too many messages for the partner's server"),
            (418, "Partner's server refused the request"),
            (500, "Partner's server reported an internal error"),
            (503, "Partner's server is out of service for now"),
            (504, "Partner's gateway did not reach its AS2 server"),
            (599, "Partner's server failed"),
            (102, "Partner's server gave an answer that makes no sense"),
        ] {
            let (verdict, lights) =
                if (200..300).contains(&status) { (Verdict::Uncertain, "gmmmm") } else { (Verdict::Failed, "bmmmm") };
            expect(&absent(status, WhatCame::Empty), verdict, lights, cause);
        }
        for (came, cause) in [
            (WhatCame::Html, "A web page came instead of a receipt"),
            (WhatCame::Text, "Text came instead of a receipt"),
            (WhatCame::Other("image/png".to_owned()), "Something else came instead of a receipt"),
            (WhatCame::TooLarge, "The answer is too big for a receipt"),
        ] {
            expect(&absent(200, came), Verdict::Uncertain, "gmmmm", cause);
        }
        let unreadable = ReceiptFacts::Unreadable { detail: "no boundary".to_owned() };
        expect(&signed(samples::answer(200, unreadable)), Verdict::Uncertain, "gbmmm", "The receipt cannot be read");
    }

    #[test]
    fn a_receipt_not_asked_for_or_asked_for_later() {
        let attempt = |mdn, receipt| AttemptFacts { request: request(mdn), answer: samples::answer(200, receipt) };
        let cases = [
            (MdnMode::None, ReceiptFacts::NotAsked, Verdict::Delivered, "gnnnn", "Delivered without a receipt"),
            (
                MdnMode::None,
                ReceiptFacts::Absent(WhatCame::Html),
                Verdict::Delivered,
                "gnnnn",
                "Delivered without a receipt",
            ),
            (MdnMode::AsyncSigned, ReceiptFacts::Pending, Verdict::Pending, "gmmmm", "Waiting for the receipt"),
            (
                MdnMode::Async,
                ReceiptFacts::Absent(WhatCame::Html),
                Verdict::Pending,
                "gmnmn",
                "Waiting for the receipt",
            ),
            (
                MdnMode::AsyncSigned,
                ReceiptFacts::Overdue { minutes: 1440, unproved: false },
                Verdict::Uncertain,
                "gmmmm",
                "The receipt did not come in time",
            ),
            (
                MdnMode::AsyncSigned,
                ReceiptFacts::Read(Box::new(good_receipt())),
                Verdict::Delivered,
                "ggggg",
                "Delivered and signed for",
            ),
        ];
        for (mdn, receipt, verdict, lights, cause) in cases {
            expect(&attempt(mdn, receipt), verdict, lights, cause);
        }
    }

    #[test]
    fn receipts() {
        use MdnMode::{Sync, SyncSigned};
        use Verdict::{Delivered, Failed, Uncertain};
        let with = |change: fn(&mut Receipt)| {
            let mut receipt = good_receipt();
            change(&mut receipt);
            receipt
        };
        let unsigned = |receipt: &mut Receipt| receipt.signature = ReceiptSignature::Unsigned;
        let unknown = |receipt: &mut Receipt| receipt.signature = ReceiptSignature::UnknownSigner { embedded: None };
        let cases: [(MdnMode, Receipt, Verdict, &str, &str); 26] = [
            (SyncSigned, good_receipt(), Delivered, "ggggg", "Delivered and signed for"),
            (Sync, with(unsigned), Delivered, "ggngg", "Delivered, receipt unsigned"),
            (Sync, with(unknown), Delivered, "ggngg", "Delivered, the receipt's signer is not known"),
            (SyncSigned, with(unsigned), Uncertain, "ggmgg", "The receipt is not signed"),
            (SyncSigned, with(unknown), Uncertain, "ggbgg", "The receipt is signed with a certificate we do not have"),
            (
                Sync,
                with(|receipt| receipt.signature = ReceiptSignature::Broken { detail: String::new() }),
                Uncertain,
                "ggbgg",
                "The receipt's signature is broken",
            ),
            (
                SyncSigned,
                with(|receipt| receipt.signature = ReceiptSignature::Unsupported { detail: String::new() }),
                Uncertain,
                "ggmgg",
                "The receipt's signature cannot be checked",
            ),
            (
                SyncSigned,
                with(|receipt| receipt.mic = mic(Some("AAAA"), Some(false))),
                Failed,
                "ggggb",
                "The partner has something else than was sent",
            ),
            (SyncSigned, with(|receipt| receipt.mic = mic(None, None)), Uncertain, "ggggm", "The receipt holds no MIC"),
            (
                SyncSigned,
                with(|receipt| receipt.mic = mic(Some("AAAA"), None)),
                Uncertain,
                "ggggm",
                "The MIC cannot be compared",
            ),
            (
                SyncSigned,
                with(|receipt| {
                    receipt.for_this_message = false;
                    receipt.original_message_id = Some("<2@acme.example>".to_owned());
                }),
                Uncertain,
                "gbgmm",
                "The receipt is for another message",
            ),
            (
                SyncSigned,
                with(|receipt| {
                    receipt.for_this_message = false;
                    receipt.original_message_id = None;
                }),
                Uncertain,
                "gbgmm",
                "The receipt names no message",
            ),
            (
                SyncSigned,
                Receipt { for_this_message: false, original_message_id: None, ..refusal("decryption-failed") },
                Failed,
                "gggbm",
                "Partner could not decrypt",
            ),
            (SyncSigned, refusal("decryption-failed"), Failed, "gggbm", "Partner could not decrypt"),
            (
                SyncSigned,
                Receipt { signature: ReceiptSignature::Unsigned, ..refusal("unknown-trading-partner") },
                Failed,
                "ggmbm",
                "Partner does not know our AS2 identifiers",
            ),
            (
                SyncSigned,
                with(|receipt| receipt.disposition.modifier = Modifier::Warning("duplicate-document".to_owned())),
                Delivered,
                "ggggg",
                "Delivered, the partner had it already",
            ),
            (
                SyncSigned,
                with(|receipt| {
                    receipt.disposition.modifier = Modifier::Warning("duplicate-document".to_owned());
                    receipt.mic = mic(None, None);
                }),
                Delivered,
                "ggggn",
                "Delivered, the partner had it already",
            ),
            (SyncSigned, refusal("duplicate-document"), Delivered, "ggggn", "Delivered, the partner had it already"),
            (
                SyncSigned,
                Receipt { signature: ReceiptSignature::Unsigned, ..refusal("duplicate-document") },
                Uncertain,
                "ggmgn",
                "The receipt is not signed",
            ),
            (
                SyncSigned,
                with(|receipt| {
                    receipt.disposition.modifier = Modifier::Error("duplicate-document".to_owned());
                    receipt.mic.matches = Some(false);
                }),
                Failed,
                "ggggb",
                "The partner has something else than was sent",
            ),
            (
                SyncSigned,
                Receipt {
                    human_text: Some("Message 1 has been already processed successfully or is pending".to_owned()),
                    ..refusal("unexpected-processing-error")
                },
                Uncertain,
                "gggbm",
                "Partner knows this Message-ID and does not say what became of it",
            ),
            (
                SyncSigned,
                Receipt {
                    human_text: Some("Error decrypting: Recipient certificate does not match.".to_owned()),
                    ..refusal("authentication-failed")
                },
                Failed,
                "gggbm",
                "Partner could not decrypt",
            ),
            (
                SyncSigned,
                Receipt {
                    signature: ReceiptSignature::OtherLineEnds,
                    human_text: Some(
                        "Error verifying: message-digest attribute value does not match calculated value.".to_owned(),
                    ),
                    ..refusal("authentication-failed")
                },
                Failed,
                "ggbbm",
                "Partner could not verify the content",
            ),
            (
                SyncSigned,
                with(|receipt| receipt.signature = ReceiptSignature::OtherLineEnds),
                Uncertain,
                "ggbgg",
                "The receipt was signed with other line ends",
            ),
            (
                SyncSigned,
                with(|receipt| receipt.disposition = Disposition::parse("manual-action/MDN-sent-manually; displayed")),
                Uncertain,
                "gggbg",
                "The receipt says neither yes nor no",
            ),
            (
                SyncSigned,
                with(|receipt| {
                    receipt.disposition.modifier =
                        Modifier::Warning("authentication-failed, processing continued".to_owned());
                }),
                Delivered,
                "ggggg",
                "Delivered, but the partner could not check our signature",
            ),
        ];
        for (mdn, receipt, verdict, lights, cause) in cases {
            expect(&with_receipt(mdn, receipt), verdict, lights, cause);
        }
        let contradiction = AttemptFacts {
            request: request(SyncSigned),
            answer: samples::answer(500, ReceiptFacts::Read(Box::new(good_receipt()))),
        };
        expect(&contradiction, Uncertain, "bgggg", "The status says no, the receipt says yes");
    }

    #[test]
    fn a_mic_is_owed_in_a_signed_receipt_and_where_an_algorithm_was_named() {
        let bare = Receipt { signature: ReceiptSignature::Unsigned, mic: mic(None, None), ..good_receipt() };
        let mut facts = with_receipt(MdnMode::Sync, bare);
        assert_eq!((judge(&facts).0, letters(&judge(&facts).1)), (Verdict::Delivered, "ggngn".to_owned()));
        facts.request.receipt_digest = Some(crate::domain::algorithm::Digest::Sha256);
        assert_eq!((judge(&facts).0, letters(&judge(&facts).1)), (Verdict::Uncertain, "ggngm".to_owned()));
    }

    /// Every receipt that can be put together.
    fn every_receipt() -> Vec<Receipt> {
        let signatures = [
            ReceiptSignature::Unsigned,
            samples::signed_by_in_use(),
            ReceiptSignature::Good { signer: samples::NEXT, accepted: Acceptance::OtherAcceptable },
            ReceiptSignature::UnknownSigner { embedded: None },
            ReceiptSignature::UnknownSigner {
                embedded: Some(EmbeddedCertificate {
                    fingerprint: samples::STRANGE,
                    subject: "CN=x".to_owned(),
                    der: Vec::new(),
                }),
            },
            ReceiptSignature::Broken { detail: "digest".to_owned() },
            ReceiptSignature::Unsupported { detail: "Ed25519".to_owned() },
        ];
        let dispositions =
            ["processed", "processed/warning: x", "processed/error: x", "processed/error", "failed", "x", ""];
        let mics = [mic(Some("A"), Some(true)), mic(Some("B"), Some(false)), mic(Some("B"), None), mic(None, None)];
        let mut all = Vec::new();
        for signature in &signatures {
            for disposition in dispositions {
                for compared in &mics {
                    for (for_this_message, id) in
                        [(true, Some("<1@acme.example>")), (false, Some("<2>")), (false, None)]
                    {
                        all.push(Receipt {
                            for_this_message,
                            original_message_id: id.map(str::to_owned),
                            signature: signature.clone(),
                            disposition: Disposition::parse(disposition),
                            mic: compared.clone(),
                            ..good_receipt()
                        });
                    }
                }
            }
        }
        all
    }

    #[test]
    fn delivered_is_what_has_all_lights_good_and_nothing_else() {
        for receipt in every_receipt() {
            for mdn in MdnMode::ALL {
                for signing in [Signing::None, Signing::Sha256] {
                    for status in [200, 500] {
                        let mut facts = with_receipt(*mdn, receipt.clone());
                        facts.answer = samples::answer(status, ReceiptFacts::Read(Box::new(receipt.clone())));
                        facts.request.signing = signing;
                        let (verdict, lights) = judge(&facts);
                        assert_eq!(verdict == Verdict::Delivered, lights.all_good(), "{facts:?}");
                        assert!(matches!(verdict, Verdict::Delivered | Verdict::Failed | Verdict::Uncertain));
                        let diagnosis = explain(&facts, &verdict, &lights, &samples::scheduled());
                        let told = !diagnosis.remedy.is_empty() && !diagnosis.evidence.is_empty();
                        assert!(verdict == Verdict::Delivered || told, "{facts:?}: {diagnosis:?}");
                    }
                }
            }
        }
    }
}
