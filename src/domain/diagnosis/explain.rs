//! From an attempt's outcome to words: which room of the knowledge base speaks, and the evidence common to all.

use super::context::Context;
use super::finding::Finding;
use super::outcome::{
    Acceptance, AnswerFacts, AttemptFacts, HttpAnswer, MicForensics, Receipt, ReceiptFacts, ReceiptSignature,
    RequestFacts,
};
use super::scene::Scene;
use super::surroundings::{known_for, switches};
use super::wording::{Draft, literal, plain, quoted, said, shown};
use super::{Diagnosis, delivered, dispositions, http, receipts, road};
use crate::domain::knowledge::recognise;
use crate::domain::transmission::{Light, Lights, Verdict};

/// Explains an attempt: the likely cause, the evidence found here, and what to do.
///
/// `verdict` and `lights` are those of [`super::judge`] for the same facts. Every other light that is not good is named
/// in the evidence, so that a second fault is not hidden behind the first.
#[must_use]
pub fn explain(facts: &AttemptFacts, verdict: &Verdict, lights: &Lights, context: &Context) -> Diagnosis {
    let finding = Finding::of(facts);
    let scene = &Scene::of(facts, context);
    let draft = match finding {
        Finding::OwnFault { detail } => road::own_fault(scene, detail),
        Finding::NotConnected { kind, detail } => road::not_connected(facts, scene, context, kind, detail),
        Finding::TlsRefused { reason, detail, chain } => road::tls_refused(facts, scene, reason, detail, chain),
        Finding::Broken { all_bytes_sent, detail } => road::broken(scene, all_bytes_sent, detail),
        Finding::Timeout { all_bytes_sent, seconds } => road::timeout(scene, all_bytes_sent, seconds),
        Finding::NotHttp { all_bytes_sent, detail } => road::not_http(facts, scene, all_bytes_sent, detail),
        Finding::Cancelled { all_bytes_sent } => road::cancelled(scene, all_bytes_sent),
        Finding::HttpStatus(answer) => http::status(facts, scene, context, answer),
        Finding::HttpContradicts(answer) => http::contradicts(scene, answer),
        Finding::NoReceipt { answer, came } => http::no_receipt(scene, answer, came),
        Finding::Unreadable { detail } => receipts::unreadable(scene, detail),
        Finding::Pending => Draft::of("pending", scene),
        Finding::Overdue { minutes, unproved } => receipts::overdue(scene, context, minutes, unproved),
        Finding::OtherMessage(receipt) => receipts::other_message(facts, scene, receipt),
        Finding::SignatureBroken => Draft::of("receipt-signature-broken", scene),
        Finding::OtherLineEnds => Draft::of("receipt-other-line-ends", scene),
        Finding::Negative(receipt) => dispositions::negative(facts, scene, context, receipt),
        Finding::AlreadyThere => Draft::of("duplicate-document", scene),
        Finding::SeenBefore => Draft::of("seen-before", scene),
        Finding::Undecided(receipt) => dispositions::undecided(scene, receipt),
        Finding::MicMismatch(receipt) => receipts::mic_mismatch(scene, receipt),
        Finding::UnknownSigner(receipt) => receipts::unknown_signer(scene, context, receipt),
        Finding::Unsigned => Draft::of("receipt-unsigned", scene),
        Finding::SignatureUnsupported => Draft::of("receipt-signature-unsupported", scene),
        Finding::MicMissing => receipts::mic_missing(facts, scene),
        Finding::MicIncomparable(receipt) => receipts::mic_incomparable(facts, scene, receipt),
        Finding::Delivered(receipt) => delivered::delivered(facts, scene, context, receipt),
    };
    let draft = match &facts.answer {
        AnswerFacts::Http(HttpAnswer { receipt: ReceiptFacts::Read(receipt), .. }) => {
            draft.found_all(receipt_evidence(receipt, lights, context))
        }
        _ => draft,
    };
    let draft = match &facts.answer {
        AnswerFacts::Http(answer) if lights.http == Light::Bad => draft.found(http::status_line(answer)),
        _ => draft,
    };
    if *verdict == Verdict::Delivered {
        return draft.finish();
    }
    let draft = draft.found(sent_as(&facts.request));
    let draft = if matches!(verdict, Verdict::Pending | Verdict::Cancelled) {
        draft
    } else {
        let around = context.surroundings.evidence(draft.cause());
        draft.found_all(around)
    };
    with_software(draft, facts, context, scene, about_content(&finding)).finish()
}

/// Whether a finding is about what the partner's software made of the message, so that a setting may help.
const fn about_content(finding: &Finding<'_>) -> bool {
    match finding {
        Finding::Negative(_) | Finding::MicMismatch(_) | Finding::MicIncomparable(_) | Finding::MicMissing => true,
        Finding::HttpStatus(answer) => matches!(answer.status, 400 | 411 | 415 | 422 | 500),
        _ => false,
    }
}

/// Adds what is known of the partner's software, and what helps with it.
fn with_software(draft: Draft, facts: &AttemptFacts, context: &Context, scene: &Scene, helps: bool) -> Draft {
    let mut said = context.surroundings.said.clone();
    if let AnswerFacts::Http(HttpAnswer { receipt: ReceiptFacts::Read(receipt), .. }) = &facts.answer {
        said.extend(receipt.product.clone().map(|product| ("Reporting-UA".to_owned(), product)));
    }
    let partner = facts.request.partner_as2_id.as_str();
    match recognise(&said, partner).filter(|found| helps || found.by.is_some()) {
        Some(found) if helps => draft.advise_all(switches(&found, &facts.request, scene)).found_all(known_for(&found)),
        Some(found) => draft.found_all(known_for(&found)),
        None => draft,
    }
}

/// What a receipt says, one line each.
fn receipt_evidence(receipt: &Receipt, lights: &Lights, context: &Context) -> Vec<String> {
    let mut found = vec![format!("The receipt says {}", literal(&receipt.said()))];
    found.extend(receipt.remarks.iter().take(5).filter_map(|remark| said("The receipt adds", remark)));
    if let Some(text) = receipt.human_text.as_deref().filter(|text| !text.trim().is_empty()) {
        // Some begin with what their product is called and where it is to be had.
        found.push(format!("The partner's words: {}", quoted(text, 600)));
    }
    found.push(match &receipt.signature {
        ReceiptSignature::Unsigned => "The receipt is not signed".to_owned(),
        ReceiptSignature::Good { signer, accepted: Acceptance::InUse } => {
            format!("The receipt is signed with {}, the certificate in use", context.name(*signer))
        }
        ReceiptSignature::Good { signer, accepted: Acceptance::OtherAcceptable } => {
            format!("The receipt is signed with {}, another acceptable certificate", context.name(*signer))
        }
        ReceiptSignature::UnknownSigner { embedded: Some(embedded) } => format!(
            "The receipt is signed with a certificate that is not acceptable here: {}, SHA-256 {}",
            plain(&embedded.subject, 120),
            embedded.fingerprint
        ),
        ReceiptSignature::UnknownSigner { embedded: None } => {
            "The receipt is signed with a certificate that is not acceptable here and does not hold it".to_owned()
        }
        ReceiptSignature::Broken { detail } => format!("The receipt's signature is broken: {}", plain(detail, 200)),
        ReceiptSignature::OtherLineEnds => {
            "The receipt's signature fits once its line ends are turned into those it was signed with".to_owned()
        }
        ReceiptSignature::Unsupported { detail } => {
            format!("The receipt's signature cannot be checked: {}", plain(detail, 200))
        }
    });
    // A MIC in a receipt for another message is that of the other.
    if receipt.for_this_message || receipt.original_message_id.is_none() {
        found.extend(mic_evidence(receipt));
    }
    // A refusal owes no MIC (RFC 4130 section 7.4.3): only where the receipt says yes is it a fault of its own.
    if receipt.mic.theirs.is_none() && lights.mic == Light::Missing && lights.disposition == Light::Good {
        found.push("The receipt holds no MIC".to_owned());
    }
    found
}

/// Both sides of the integrity check, where the receipt has one.
fn mic_evidence(receipt: &Receipt) -> Vec<String> {
    let mic = &receipt.mic;
    let Some(theirs) = &mic.theirs else { return Vec::new() };
    let algorithm = mic.algorithm.as_deref().map(|name| format!(" ({})", plain(name, 40))).unwrap_or_default();
    let mut found = match (mic.matches, &mic.ours) {
        (Some(true), _) => vec![format!("MIC {}{algorithm} is what was sent", literal(theirs))],
        (_, Some(ours)) => {
            vec![format!("MIC of what was sent {}, of the receipt {}{algorithm}", literal(ours), literal(theirs))]
        }
        (_, None) => vec![format!("MIC of the receipt {}{algorithm}", literal(theirs))],
    };
    match &receipt.forensics {
        Some(MicForensics::Rule(what) | MicForensics::Undecrypted(what) | MicForensics::Lost(what)) => {
            found.extend(said("How the partner came to its MIC", what));
        }
        Some(MicForensics::NoRule(tried)) => {
            found.push(format!("Compared with other ways to hash it: {}", plain(tried, 900)));
        }
        None => {}
    }
    if mic.matches != Some(true) {
        found.extend(receipt.mic_obstacle.as_deref().and_then(|text| said("Why it cannot be compared", text)));
    }
    found
}

/// Where it went and under which names: what the partner needs to find it in its log.
pub(super) fn sent_as(request: &RequestFacts) -> String {
    format!(
        "Message-ID {} from {} to {} at {}",
        literal(&request.message_id),
        literal(request.our_as2_id.as_str()),
        literal(request.partner_as2_id.as_str()),
        shown(&request.url)
    )
}

#[cfg(test)]
mod tests {
    use super::super::judge::judge;
    use super::super::outcome::{ConnectFailure, TlsRefusal, WhatCame};
    use super::super::samples::{self, refusal, request, with_receipt};
    use super::super::{Action, Blame};
    use super::*;
    use crate::domain::algorithm::{Compression, Encryption, Signing};
    use crate::domain::connection::{MdnMode, TransferEncoding};
    use crate::domain::disposition::Disposition;

    fn explained(facts: &AttemptFacts, context: &Context) -> Diagnosis {
        let (verdict, lights) = judge(facts);
        explain(facts, &verdict, &lights, context)
    }

    fn signed(answer: AnswerFacts) -> AttemptFacts {
        AttemptFacts { request: request(MdnMode::SyncSigned), answer }
    }

    fn refused(reason: &str, change: fn(&mut RequestFacts)) -> Diagnosis {
        let mut facts = with_receipt(MdnMode::SyncSigned, refusal(reason));
        change(&mut facts.request);
        explained(&facts, &samples::quiet())
    }

    fn setting(name: &str, value: &str) -> Option<Action> {
        Some(Action::set(name, value))
    }

    /// One of every outcome that has words of its own.
    fn every_outcome() -> Vec<AttemptFacts> {
        let detail = || "os error 111\r\nsecond line".to_owned();
        let mut all = vec![signed(AnswerFacts::OwnFault { detail: detail() })];
        all.extend(
            ConnectFailure::ALL.iter().map(|kind| signed(AnswerFacts::NotConnected { kind: *kind, detail: detail() })),
        );
        all.extend(TlsRefusal::ALL.iter().map(|reason| {
            let chain = vec!["CN=as2.example".to_owned(), "CN=Issuer".to_owned()];
            signed(AnswerFacts::TlsRefused { reason: *reason, detail: detail(), chain })
        }));
        for all_bytes_sent in [true, false] {
            all.push(signed(AnswerFacts::Broken { all_bytes_sent, detail: detail() }));
            all.push(signed(AnswerFacts::Timeout { all_bytes_sent, seconds: 60 }));
            all.push(signed(AnswerFacts::Cancelled { all_bytes_sent }));
            all.push(signed(AnswerFacts::NotHttp { all_bytes_sent, detail: detail() }));
        }
        all.extend((100..=600).map(|status| signed(samples::answer(status, ReceiptFacts::Absent(WhatCame::Empty)))));
        for came in [WhatCame::Html, WhatCame::Text, WhatCame::Other("a/b".to_owned()), WhatCame::TooLarge] {
            all.push(signed(samples::answer(200, ReceiptFacts::Absent(came))));
        }
        all.push(signed(samples::answer(200, ReceiptFacts::Unreadable { detail: detail() })));
        for receipt in [ReceiptFacts::Pending, ReceiptFacts::Overdue { minutes: 1440, unproved: false }] {
            all.push(AttemptFacts { request: request(MdnMode::AsyncSigned), answer: samples::answer(200, receipt) });
        }
        for value in [
            "processed/error: authentication-failed",
            "processed/error: decompression-failed",
            "processed/error: decryption-failed",
            "processed/error: duplicate-document",
            "processed/error: duplicate-filename",
            "processed/error: illegal-filename",
            "processed/error: insufficient-message-security",
            "processed/error: integrity-check-failed",
            "processed/error: invalid-message-id",
            "processed/error: unexpected-processing-error",
            "processed/error: unknown-trading-partner",
            "processed/error: unknown-trading-relationship",
            "processed/error: document-type-id-not-accepted",
            "processed/error",
            "processed/warning: authentication-failed, processing continued",
            "processed/warning: duplicate-document",
            "processed/warning: something",
            "processed/warning",
            "processed",
            "failed/failure: sender-equals-receiver",
            "failed/failure: unsupported format",
            "failed/failure: unsupported MIC-algorithms",
            "failed",
            "displayed",
            "",
        ] {
            let receipt = Receipt { disposition: Disposition::parse(value), ..samples::good_receipt() };
            all.push(with_receipt(MdnMode::SyncSigned, receipt));
        }
        all
    }

    #[test]
    fn every_outcome_has_words_in_the_house_style() {
        let contexts = [samples::quiet(), samples::scheduled(), samples::switched_lately()];
        for facts in every_outcome() {
            for context in &contexts {
                let (verdict, lights) = judge(&facts);
                let diagnosis = explain(&facts, &verdict, &lights, context);
                let told = format!("{:?}: {diagnosis:?}", facts.answer);
                assert!(!diagnosis.cause.is_empty() && !diagnosis.cause.ends_with('.'), "{told}");
                assert!(diagnosis.cause.starts_with(|first: char| first.is_uppercase()), "{told}");
                assert!(!diagnosis.explanation.is_empty(), "{told}");
                let full_stops = diagnosis.explanation.matches(". ").count();
                assert_eq!(diagnosis.explanation.ends_with('.'), full_stops > 0, "{told}");
                assert!(verdict == Verdict::Delivered || !diagnosis.remedy.is_empty(), "{told}");
                for line in diagnosis.remedy.iter().chain(&diagnosis.evidence) {
                    assert!(!line.trim().is_empty() && !line.ends_with('.') && !line.contains('\n'), "{told}");
                }
                let delivered_or_waiting = matches!(verdict, Verdict::Delivered | Verdict::Pending);
                assert!(delivered_or_waiting || !diagnosis.evidence.is_empty(), "{told}");
                assert!(!serde_json::to_string(&diagnosis).unwrap().contains("hidden"), "{told}");
            }
        }
    }

    #[test]
    fn decryption_failed_reads_as_in_the_design() {
        let facts = with_receipt(MdnMode::SyncSigned, refusal("decryption-failed"));
        let diagnosis = explained(&facts, &samples::scheduled());
        assert_eq!(diagnosis.cause, "Partner could not decrypt");
        assert_eq!(
            diagnosis.explanation,
            "Most likely: Amazon has already switched to its new certificate. This profile still encrypts for amazonedi \
             4F:4F:4F:4F…, which the new certificate replaces on 28 November 2026, 08:00 UTC."
        );
        assert_eq!(diagnosis.action, Some(Action::ActivateCertificate { fingerprint: samples::NEXT }));
        assert_eq!(diagnosis.blame, Blame::Ours);
        assert!(diagnosis.evidence.iter().any(|line| line
            == "The receipt says `automatic-action/MDN-sent-automatically; processed/error: decryption-failed`"));
        assert!(diagnosis.evidence.iter().all(|line| !line.contains("MIC")), "{diagnosis:?}");
    }

    #[test]
    fn a_disposition_is_quoted_as_it_is_written() {
        for written in ["automatic-action/MDN-sent-automatically; failed/failure=Could not verify signature", "failed"]
        {
            let receipt = Receipt {
                disposition: Disposition::parse(written),
                disposition_text: Some(written.to_owned()),
                ..refusal("")
            };
            let said = format!("The receipt says `{written}`");
            let diagnosis = explained(&with_receipt(MdnMode::SyncSigned, receipt), &samples::quiet());
            assert!(diagnosis.evidence.contains(&said), "{:?}", diagnosis.evidence);
        }
    }

    #[test]
    fn who_has_to_act_is_said() {
        let wrong_door = signed(AnswerFacts::NotConnected { kind: ConnectFailure::Refused, detail: String::new() });
        assert_eq!(explained(&wrong_door, &samples::quiet()).blame, Blame::Partner);
        let firewall =
            signed(AnswerFacts::NotConnected { kind: ConnectFailure::ConnectTimeout, detail: String::new() });
        assert_eq!(explained(&firewall, &samples::quiet()).blame, Blame::Network);
        let own = signed(AnswerFacts::OwnFault { detail: "the key cannot be read".to_owned() });
        assert_eq!(explained(&own, &samples::quiet()).blame, Blame::Ours);
        let fine = with_receipt(MdnMode::SyncSigned, samples::good_receipt());
        assert_eq!(explained(&fine, &samples::quiet()).blame, Blame::Nobody);
    }

    #[test]
    fn the_step_offered_fits_what_was_sent() {
        let security = "insufficient-message-security";
        let integrity = "integrity-check-failed";
        let cases = [
            (refused(security, |sent| sent.signing = Signing::Sha1), setting("signing", "sha256")),
            (refused(security, |sent| sent.encryption = Encryption::TripleDesCbc), setting("encryption", "aes128-cbc")),
            (refused(security, |_| ()), None),
            (refused(integrity, |_| ()), setting("quirks.cms_algorithm_protection", "false")),
            (
                refused(integrity, |sent| sent.transfer_encoding = TransferEncoding::Base64),
                setting("transfer_encoding", "binary"),
            ),
            (refused(integrity, |sent| sent.compression = Compression::AfterSigning), setting("compression", "none")),
            (
                refused("decompression-failed", |sent| sent.compression = Compression::BeforeSigning),
                setting("compression", "none"),
            ),
            (refused("illegal-filename", |_| ()), setting("filename", "none")),
            (refused("authentication-failed", |sent| sent.signed_by = None), setting("signing", "sha256")),
            (
                refused("authentication-failed", |_| ()),
                Some(Action::ExportCertificate { identity: "acme-2026".parse().unwrap() }),
            ),
        ];
        for (diagnosis, action) in cases {
            assert_eq!(diagnosis.action, action, "{diagnosis:?}");
        }
    }

    #[test]
    fn a_renewal_of_ours_explains_a_refused_signature() {
        let facts = with_receipt(MdnMode::SyncSigned, refusal("authentication-failed"));
        let mut context = samples::quiet();
        if let Some(own) = &mut context.own {
            own.used_since = Some(samples::instant("2026-11-10T00:00:00Z"));
        }
        // The first that there ever was has renewed nothing.
        assert_eq!(explained(&facts, &context).entry, "authentication-failed");
        if let Some(own) = &mut context.own {
            own.before = Some("acme-2025".parse().unwrap());
        }
        let diagnosis = explained(&facts, &context);
        assert_eq!(
            diagnosis.explanation,
            "Most likely: Amazon does not have our renewed certificate yet, in use here since 10 November 2026"
        );
        // Delivered before it was used says nothing, and after it says that the partner has it.
        context.surroundings.last_delivered = Some(samples::instant("2026-11-09T00:00:00Z"));
        assert_eq!(explained(&facts, &context).entry, "authentication-failed-renewed");
        context.surroundings.last_delivered = Some(samples::instant("2026-11-11T00:00:00Z"));
        assert_eq!(explained(&facts, &context).entry, "authentication-failed-known");
    }

    #[test]
    fn a_reason_of_the_partners_own_is_quoted_and_cannot_disturb() {
        let diagnosis = refused("quota\u{202e} exceeded\r\nX", |_| ());
        assert_eq!(diagnosis.cause, "Partner refused the message for a reason of its own");
        assert!(diagnosis.explanation.contains("“quotaU+202E exceeded X”"), "{diagnosis:?}");
        assert!(diagnosis.explanation.contains("non-standard"));
    }

    #[test]
    fn the_reason_may_stand_in_a_field_of_its_own() {
        let receipt = Receipt {
            disposition: Disposition::parse("automatic-action/MDN-sent-automatically; processed/error"),
            remarks: vec!["decryption-failed".to_owned()],
            ..refusal("")
        };
        let diagnosis = explained(&with_receipt(MdnMode::SyncSigned, receipt), &samples::quiet());
        assert_eq!(diagnosis.cause, "Partner could not decrypt");
    }

    #[test]
    fn identifiers_are_shown_beside_those_of_the_other_profile() {
        let diagnosis = refused("unknown-trading-relationship", |_| ());
        for line in [
            "Sent as `ACMEVC` to `AMAZONEDI`; upper and lower case count",
            "The test profile uses `ACMEVC` to `AMAZONTEST`",
        ] {
            assert!(diagnosis.evidence.iter().any(|found| found == line), "{diagnosis:?}");
        }
    }

    #[test]
    fn both_sides_of_a_mismatch_are_shown() {
        let receipt = Receipt {
            mic: samples::mic(Some("AAAA"), Some(false)),
            forensics: Some(MicForensics::Rule("the part without its headers".to_owned())),
            ..samples::good_receipt()
        };
        let diagnosis = explained(&with_receipt(MdnMode::SyncSigned, receipt), &samples::quiet());
        for line in [
            "MIC of what was sent `b3Vycw==`, of the receipt `AAAA` (sha-256)",
            "How the partner came to its MIC: the part without its headers",
        ] {
            assert!(diagnosis.evidence.iter().any(|found| found == line), "{diagnosis:?}");
        }
    }

    #[test]
    fn a_timeout_offers_redelivery_only_where_the_message_id_stays() {
        let mut facts = signed(AnswerFacts::Timeout { all_bytes_sent: true, seconds: 60 });
        assert_eq!(explained(&facts, &samples::quiet()).action, Some(Action::Redeliver));
        facts.request.quirks.new_message_id_on_retry = true;
        assert_eq!(explained(&facts, &samples::quiet()).action, None);
    }

    #[test]
    fn a_redirect_is_offered_only_as_a_whole_address() {
        let to = |location: &str| {
            signed(AnswerFacts::Http(HttpAnswer {
                status: 308,
                reason: String::new(),
                content_type: None,
                location: Some(location.to_owned()),
                body_excerpt: String::new(),
                receipt: ReceiptFacts::Absent(WhatCame::Empty),
            }))
        };
        let offered = |location| explained(&to(location), &samples::quiet()).action;
        assert_eq!(offered("https://new.example/as2"), setting("url", "https://new.example/as2"));
        for unfit in ["/login", "http://new.example/as2"] {
            assert_eq!(offered(unfit), Some(Action::look_at("url")), "{unfit}");
        }
    }

    #[test]
    fn the_json_keeps_the_contract_and_reads_what_was_written_before() {
        let diagnosis = refused("illegal-filename", |_| ());
        let json = serde_json::to_value(&diagnosis).unwrap();
        assert_eq!(json["blame"], "ours");
        assert_eq!(json["action"], serde_json::json!({"kind": "edit-setting", "setting": "filename", "value": "none"}));
        assert_eq!(serde_json::from_value::<Diagnosis>(json).unwrap(), diagnosis);
        let older = serde_json::json!({"cause": "x", "explanation": "y", "remedy": [], "evidence": []});
        assert_eq!(serde_json::from_value::<Diagnosis>(older).unwrap().blame, Blame::Nobody);
    }
}
