//! Receipts that came, but prove nothing: unsigned, signed by an unknown, changed, for another message, over other bytes.

use super::Action;
use super::context::Context;
use super::outcome::{AttemptFacts, EmbeddedCertificate, MicForensics, Receipt, ReceiptSignature};
use super::scene::Scene;
use super::surroundings::ReceiverThen;
use super::wording::{Draft, instant, literal, said};
use crate::domain::algorithm::Digest;
use crate::domain::counted::counted;

/// A receipt that cannot be read.
pub(super) fn unreadable(scene: &Scene, detail: &str) -> Draft {
    Draft::of("receipt-unreadable", scene).found_all(said("What is wrong with it", detail))
}

/// The asynchronous receipt did not come.
pub(super) fn overdue(scene: &Scene, context: &Context, minutes: u32, unproved: bool) -> Draft {
    let in_words = |minutes: u32| counted(usize::try_from(minutes).unwrap_or(usize::MAX), "minute");
    let (patience, receiver) = (in_words(minutes), context.surroundings.receiver);
    let key = match receiver {
        _ if unproved => "receipt-overdue-unproved",
        Some(ReceiverThen::Off) => "receipt-overdue-not-receiving",
        _ => "receipt-overdue",
    };
    let ran = receiver.map(|receiver| match receiver {
        ReceiverThen::Off => "No receiver ran here for all or nearly all of that time".to_owned(),
        ReceiverThen::Partly { minutes } => {
            format!("No receiver ran here for {} of that time, and the receipt may have come then", in_words(minutes))
        }
        ReceiverThen::On => "Our receiver ran all that time".to_owned(),
    });
    let lacking = if unproved { "No receipt that proves anything" } else { "No receipt" };
    Draft::of(key, scene).found(format!("{lacking} for {patience}")).word("patience", patience).found_all(ran)
}

/// A receipt that is not for this message.
pub(super) fn other_message(facts: &AttemptFacts, scene: &Scene, receipt: &Receipt) -> Draft {
    let draft = match receipt.original_message_id.as_deref() {
        Some(id) => Draft::of("receipt-other-message", scene).found(format!("The receipt is for {}", literal(id))),
        None => Draft::of("receipt-nameless", scene).found("The receipt has no Original-Message-ID"),
    };
    draft.found(format!("This message is {}", literal(&facts.request.message_id)))
}

/// A receipt signed with a certificate that is not acceptable.
pub(super) fn unknown_signer(scene: &Scene, context: &Context, receipt: &Receipt) -> Draft {
    let draft = match &receipt.signature {
        ReceiptSignature::UnknownSigner { embedded: Some(embedded) } => whose(scene, context, embedded),
        _ => Draft::of("signer-unknown-and-absent", scene).offer(Action::ImportCertificate { fingerprint: None }),
    };
    draft.found_all(acceptable(context))
}

/// Whose certificate a receipt of an unknown signer was made with.
fn whose(scene: &Scene, context: &Context, embedded: &EmbeddedCertificate) -> Draft {
    let print = embedded.fingerprint;
    if let Some((next, at)) = context.next().filter(|_| context.is_next(Some(print))) {
        return Draft::of("signer-scheduled", scene)
            .word("next", next.named())
            .word("next_at", instant(at))
            .offer(Action::ActivateCertificate { fingerprint: print });
    }
    if context.own.as_ref().is_some_and(|own| own.certificate.fingerprint == print) {
        return Draft::of("signer-ourselves", scene);
    }
    if context.sibling.as_ref().is_some_and(|sibling| sibling.certificate == Some(print)) {
        return Draft::of("signer-other-profile", scene).offer(Action::ImportCertificate { fingerprint: Some(print) });
    }
    let former = &context.certificates.former;
    if context.previous().into_iter().chain(former).any(|former| former.fingerprint == print) {
        return Draft::of("signer-replaced", scene).offer(Action::AcceptCertificate { fingerprint: print });
    }
    Draft::of("signer-unknown", scene).offer(Action::ImportCertificate { fingerprint: Some(print) })
}

fn acceptable(context: &Context) -> Option<String> {
    let names: Vec<String> = context.certificates.acceptable.iter().take(5).map(|known| known.named()).collect();
    (!names.is_empty()).then(|| format!("Acceptable in this profile: {}", names.join(", ")))
}

/// The partner hashed something else than was sent.
pub(super) fn mic_mismatch(scene: &Scene, receipt: &Receipt) -> Draft {
    let (rule, lost) = match &receipt.forensics {
        Some(MicForensics::Undecrypted(_)) => return Draft::of("mic-of-the-encrypted", scene),
        Some(MicForensics::Rule(_)) => (true, false),
        Some(MicForensics::Lost(_)) => (false, true),
        Some(MicForensics::NoRule(_)) | None => (false, false),
    };
    Draft::of("mic-mismatch", scene).so("rule", rule).so("lost", lost).so("no-rule", !rule && !lost)
}

/// A positive receipt without the MIC that is owed.
pub(super) fn mic_missing(facts: &AttemptFacts, scene: &Scene) -> Draft {
    Draft::of("mic-missing", scene).found_all(asked_for(facts))
}

/// A MIC that cannot be compared.
pub(super) fn mic_incomparable(facts: &AttemptFacts, scene: &Scene, receipt: &Receipt) -> Draft {
    let unknown = receipt.mic.algorithm.as_deref().is_some_and(|name| Digest::from_micalg(name).is_none());
    Draft::of("mic-incomparable", scene).so("unknown-digest", unknown).found_all(asked_for(facts))
}

/// The digest that was asked for.
fn asked_for(facts: &AttemptFacts) -> Option<String> {
    let style = facts.request.quirks.micalg_style;
    facts.request.receipt_digest.map(|digest| format!("Asked for {}", literal(digest.micalg(style))))
}

#[cfg(test)]
mod tests {
    use super::super::context::KnownCertificate;
    use super::super::explain::explain;
    use super::super::judge::judge;
    use super::super::samples::{self, NEXT, OWN, PREVIOUS, STRANGE, with_receipt};
    use super::*;
    use crate::domain::certificate::Fingerprint;
    use crate::domain::connection::MdnMode;

    #[test]
    fn an_unknown_signer_is_recognised_where_possible() {
        let mut twins = samples::quiet();
        if let Some(sibling) = &mut twins.sibling {
            sibling.certificate = Some(STRANGE);
        }
        // Replaced by one that was replaced itself since.
        let mut long_ago = samples::switched_lately();
        long_ago.certificates.former = vec![KnownCertificate::unseen(STRANGE)];
        let import = |fingerprint| Action::ImportCertificate { fingerprint: Some(fingerprint) };
        for (context, signer, cause, action) in [
            (
                samples::scheduled(),
                NEXT,
                "The receipt is signed with the scheduled certificate",
                Action::ActivateCertificate { fingerprint: NEXT },
            ),
            (samples::quiet(), STRANGE, "The receipt is signed with a certificate we do not have", import(STRANGE)),
            (
                samples::switched_lately(),
                PREVIOUS,
                "The receipt is signed with the replaced certificate",
                Action::AcceptCertificate { fingerprint: PREVIOUS },
            ),
            (
                long_ago,
                STRANGE,
                "The receipt is signed with the replaced certificate",
                Action::AcceptCertificate { fingerprint: STRANGE },
            ),
            (samples::quiet(), OWN, "The receipt is signed with our own certificate", Action::look_at("url")),
            (twins, STRANGE, "The receipt is signed with the other profile's certificate", import(STRANGE)),
        ] {
            let diagnosis = told(&context, signer);
            assert_eq!(diagnosis.cause, cause);
            assert_eq!(diagnosis.action, Some(action), "{cause}");
            assert!(diagnosis.evidence.iter().any(|line| line.contains(&signer.to_string())), "{diagnosis:?}");
        }
    }

    fn told(context: &Context, signer: Fingerprint) -> super::super::Diagnosis {
        let embedded = EmbeddedCertificate { fingerprint: signer, subject: "CN=partner".to_owned(), der: Vec::new() };
        let signature = ReceiptSignature::UnknownSigner { embedded: Some(embedded) };
        let facts = with_receipt(MdnMode::SyncSigned, Receipt { signature, ..samples::good_receipt() });
        let (verdict, lights) = judge(&facts);
        explain(&facts, &verdict, &lights, context)
    }
}
