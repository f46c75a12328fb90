//! `decryption-failed`: nearly always a certificate that one side has replaced and the other has not.

use super::Action;
use super::context::{Context, KnownCertificate};
use super::outcome::{AttemptFacts, Receipt};
use super::scene::Scene;
use super::wording::{Draft, day, instant};
use crate::domain::algorithm::{Encryption, KeyTransport};
use crate::domain::certificate::Fingerprint;

/// For how long after a switch of ours a partner that still has its old key is the likely reason.
const SWITCHED_LATELY_SECONDS: i64 = 14 * 86_400;

/// The partner could not decrypt.
pub(super) fn failed(facts: &AttemptFacts, scene: &Scene, context: &Context, receipt: &Receipt) -> Draft {
    let Some(target) = facts.request.encrypted_for else {
        return Draft::of("decryption-failed-plain", scene);
    };
    let scene = &scene.clone().word("target", context.name(target));
    let draft = switched_meanwhile(scene, context, target)
        .or_else(|| partner_is_ahead(scene, context, receipt, target))
        .or_else(|| is_another_s(scene, context, receipt))
        .or_else(|| partner_is_behind(scene, context, receipt))
        .or_else(|| certificate_ended(scene, context))
        .unwrap_or_else(|| compare(scene, context, target));
    draft
        .found(format!("Encrypted for {}, SHA-256 {target}{}", context.name(target), standing(context, target)))
        .found_all(unusual(facts).map(|(setting, value)| format!("`{setting}` is {value}")))
}

/// The partner says why: by an entry for its words.
pub(super) fn in_their_words(key: &'static str, facts: &AttemptFacts, scene: &Scene, context: &Context) -> Draft {
    let Some(target) = facts.request.encrypted_for else {
        return Draft::of("decryption-failed-plain", scene);
    };
    Draft::of(key, scene)
        .found(format!("Encrypted for {}, SHA-256 {target}{}", context.name(target), standing(context, target)))
        .found_all(unusual(facts).map(|(setting, value)| format!("`{setting}` is {value}")))
}

/// How a certificate of the partner stands at this instant: in use, scheduled, replaced; ended.
fn standing(context: &Context, target: Fingerprint) -> String {
    let times = &context.certificates;
    let of = |known: &Option<KnownCertificate>| known.as_ref().is_some_and(|known| known.fingerprint == target);
    let standing = if of(&times.in_use) {
        ", the one in use".to_owned()
    } else if let Some((_, at)) = context.next().filter(|(next, _)| next.fingerprint == target) {
        format!(", scheduled for {}", instant(at))
    } else if times.in_use.is_some() {
        ", replaced in this profile".to_owned()
    } else {
        ", not in use".to_owned()
    };
    let end = context.known(target).and_then(|known| known.ended(context.at));
    format!("{standing}{}", end.map(|end| format!(", ended on {end}")).unwrap_or_default())
}

/// The profile has gone on to another certificate since this message was encrypted.
fn switched_meanwhile(scene: &Scene, context: &Context, target: Fingerprint) -> Option<Draft> {
    let now = context.certificates.in_use.as_ref().filter(|now| now.fingerprint != target)?;
    let since = context.certificates.in_use_since.map(|at| format!(" on {}", day(at))).unwrap_or_default();
    Some(Draft::of("decryption-failed-switched-meanwhile", scene).word("in_use", now.named()).word("since", since))
}

/// The partner uses its new key, this profile still the old one.
fn partner_is_ahead(scene: &Scene, context: &Context, receipt: &Receipt, target: Fingerprint) -> Option<Draft> {
    let signer = receipt.signature.made_with();
    if let Some((next, at)) = context.next() {
        let sure = signer == Some(next.fingerprint);
        return Some(
            Draft::of("decryption-failed-partner-ahead", scene)
                .so("sure", sure)
                .so("unsure", !sure)
                .word("next", next.named())
                .word("next_at", instant(at))
                .found(format!("{} is scheduled for {}", next.named(), instant(at)))
                .offer(Action::ActivateCertificate { fingerprint: next.fingerprint }),
        );
    }
    let unknown = signer.filter(|signer| {
        let times = &context.certificates;
        *signer != target
            && times.previous.as_ref().is_none_or(|known| known.fingerprint != *signer)
            && times.acceptable.iter().all(|known| known.fingerprint != *signer)
    })?;
    Some(
        Draft::of("decryption-failed-new-certificate", scene)
            .word("signer", unknown.short())
            .offer(Action::ImportCertificate { fingerprint: Some(unknown) }),
    )
}

/// The certificate that is used since the last switch names somebody else than the one before, and the partner has not shown
/// that it is its own: it was imported by mistake.
fn is_another_s(scene: &Scene, context: &Context, receipt: &Receipt) -> Option<Draft> {
    let (previous, since) = (context.previous()?, context.certificates.in_use_since?);
    let now = context.certificates.in_use.as_ref()?;
    let named = |known: &KnownCertificate| (!known.common_name.is_empty()).then(|| known.common_name.to_lowercase());
    let differs = named(now)? != named(previous)?;
    if !differs || receipt.signature.made_with() == Some(now.fingerprint) {
        return None;
    }
    Some(
        Draft::of("decryption-failed-wrong-certificate", scene)
            .word("previous", previous.named())
            .word("in_use_since", instant(since))
            .found(format!("{} took the place of {}", now.named(), previous.named()))
            .offer(Action::RollbackCertificate { fingerprint: previous.fingerprint }),
    )
}

/// This profile uses the new key, the partner still the old one.
fn partner_is_behind(scene: &Scene, context: &Context, receipt: &Receipt) -> Option<Draft> {
    let previous = context.previous()?;
    let since = context.certificates.in_use_since?;
    let signs_with_old = receipt.signature.made_with() == Some(previous.fingerprint);
    let lately = (0..=SWITCHED_LATELY_SECONDS).contains(&(context.at.as_second() - since.as_second()));
    if !(signs_with_old || lately) {
        return None;
    }
    Some(
        Draft::of("decryption-failed-partner-behind", scene)
            .word("previous", previous.named())
            .word("in_use_since", instant(since))
            .found_all(
                signs_with_old
                    .then(|| format!("The receipt is signed with {}, the certificate used before", previous.named())),
            )
            .offer(Action::RollbackCertificate { fingerprint: previous.fingerprint }),
    )
}

/// The certificate has ended and nothing was imported after it.
fn certificate_ended(scene: &Scene, context: &Context) -> Option<Draft> {
    let ended = context.certificates.in_use.as_ref()?.ended(context.at)?;
    Some(
        Draft::of("decryption-failed-certificate-ended", scene)
            .word("ended", ended)
            .offer(Action::ImportCertificate { fingerprint: None }),
    )
}

/// Nothing here says which side is wrong.
fn compare(scene: &Scene, context: &Context, target: Fingerprint) -> Draft {
    let shared = context.sibling.as_ref().filter(|sibling| sibling.certificate == Some(target));
    Draft::of("decryption-failed", scene)
        .found_all(shared.map(|other| format!("The {} profile encrypts for the same certificate", other.profile)))
        .offer(Action::ImportCertificate { fingerprint: None })
}

/// What in the encryption many products do not speak: the setting and its value.
fn unusual(facts: &AttemptFacts) -> Option<(&'static str, &'static str)> {
    let request = &facts.request;
    if matches!(request.encryption, Encryption::Aes128Gcm | Encryption::Aes192Gcm | Encryption::Aes256Gcm) {
        return Some(("encryption", request.encryption.as_str()));
    }
    (request.key_transport != KeyTransport::RsaPkcs1).then(|| ("key_transport", request.key_transport.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::Diagnosis;
    use super::super::explain::explain;
    use super::super::judge::judge;
    use super::super::outcome::{Acceptance, EmbeddedCertificate, ReceiptSignature};
    use super::super::samples::{self, IN_USE, NEXT, PREVIOUS, STRANGE, refusal, with_receipt};
    use super::*;
    use crate::domain::connection::MdnMode;

    fn told(context: &Context, signature: ReceiptSignature, target: Option<Fingerprint>) -> Diagnosis {
        let receipt = Receipt { signature, ..refusal("decryption-failed") };
        let mut facts = with_receipt(MdnMode::SyncSigned, receipt);
        facts.request.encrypted_for = target;
        let (verdict, lights) = judge(&facts);
        explain(&facts, &verdict, &lights, context)
    }

    fn by(signer: Fingerprint) -> ReceiptSignature {
        ReceiptSignature::Good { signer, accepted: Acceptance::OtherAcceptable }
    }

    fn stranger(fingerprint: Fingerprint) -> ReceiptSignature {
        ReceiptSignature::UnknownSigner {
            embedded: Some(EmbeddedCertificate { fingerprint, subject: "CN=amazonedi".to_owned(), der: Vec::new() }),
        }
    }

    #[test]
    fn the_certificates_tell_which_side_has_switched() {
        let mut ended = samples::quiet();
        ended.at = samples::instant("2027-04-01T00:00:00Z");
        let mut long_ago = samples::switched_lately();
        long_ago.at = samples::instant("2026-12-24T00:00:00Z");
        let mut gone_on = samples::switched_lately();
        gone_on.certificates.in_use = Some(samples::certificate(NEXT, "amazonedi"));
        let import = |fingerprint| Action::ImportCertificate { fingerprint };
        let in_use = samples::signed_by_in_use;
        for (context, signature, target, says, action) in [
            (
                &samples::scheduled(),
                in_use(),
                Some(IN_USE),
                "Most likely: Amazon has already switched",
                Action::ActivateCertificate { fingerprint: NEXT },
            ),
            (
                &samples::scheduled(),
                by(NEXT),
                Some(IN_USE),
                "the receipt is signed with it",
                Action::ActivateCertificate { fingerprint: NEXT },
            ),
            (
                &samples::quiet(),
                stranger(STRANGE),
                Some(IN_USE),
                "has a new certificate that this profile does not have",
                import(Some(STRANGE)),
            ),
            (
                &samples::mistaken(),
                by(PREVIOUS),
                Some(IN_USE),
                "is not that of Amazon",
                Action::RollbackCertificate { fingerprint: PREVIOUS },
            ),
            (
                &samples::switched_lately(),
                in_use(),
                Some(IN_USE),
                "has not switched to its new certificate yet",
                Action::RollbackCertificate { fingerprint: PREVIOUS },
            ),
            (
                &long_ago,
                stranger(PREVIOUS),
                Some(IN_USE),
                "has not switched to its new certificate yet",
                Action::RollbackCertificate { fingerprint: PREVIOUS },
            ),
            (&long_ago, in_use(), Some(IN_USE), "Usually it has renewed", import(None)),
            (&ended, in_use(), Some(IN_USE), "ended on 1 March 2027", import(None)),
            (&gone_on, in_use(), Some(IN_USE), "replaced in this profile on 21 November 2026", Action::Redeliver),
            (&samples::quiet(), in_use(), Some(IN_USE), "Usually it has renewed", import(None)),
            (&samples::quiet(), in_use(), None, "the message was not encrypted", Action::look_at("encryption")),
        ] {
            let diagnosis = told(context, signature, target);
            assert_eq!(diagnosis.cause, "Partner could not decrypt");
            assert!(diagnosis.explanation.contains(says), "{says}: {diagnosis:?}");
            assert_eq!(diagnosis.action, Some(action), "{says}");
        }
    }

    #[test]
    fn the_full_fingerprint_is_in_the_evidence() {
        let diagnosis = told(&samples::quiet(), samples::signed_by_in_use(), Some(IN_USE));
        assert!(diagnosis.evidence.iter().any(|line| line.contains(&IN_USE.to_string())), "{diagnosis:?}");
        assert!(diagnosis.remedy.iter().any(|line| line.contains("Vendor Central > EDI")), "{diagnosis:?}");
    }

    #[test]
    fn how_the_certificate_stands_is_in_the_evidence() {
        let mut ended = samples::quiet();
        ended.at = samples::instant("2027-04-01T00:00:00Z");
        for (context, target, says) in [
            (samples::quiet(), IN_USE, ", the one in use"),
            (ended, IN_USE, ", the one in use, ended on 1 March 2027"),
            (samples::scheduled(), NEXT, ", scheduled for 28 November 2026"),
            (samples::switched_lately(), PREVIOUS, ", replaced in this profile"),
        ] {
            let diagnosis = told(&context, samples::signed_by_in_use(), Some(target));
            assert!(diagnosis.evidence.iter().any(|line| line.contains(says)), "{says}: {diagnosis:?}");
        }
    }

    #[test]
    fn algorithms_out_of_the_ordinary_are_named() {
        let receipt = refusal("decryption-failed");
        let mut facts = with_receipt(MdnMode::SyncSigned, receipt);
        facts.request.encryption = Encryption::Aes256Gcm;
        let (verdict, lights) = judge(&facts);
        let diagnosis = explain(&facts, &verdict, &lights, &samples::quiet());
        assert!(diagnosis.evidence.contains(&"`encryption` is aes256-gcm".to_owned()), "{diagnosis:?}");
        assert!(diagnosis.remedy.iter().any(|line| line.contains("CBC")), "{diagnosis:?}");
    }
}
