//! `decryption-failed`: nearly always a certificate that one side has replaced and the other has not.

use super::context::{Context, KnownCertificate};
use super::outcome::{AttemptFacts, Receipt};
use super::wording::{Draft, day, instant};
use super::{Action, Blame};
use crate::domain::algorithm::{Encryption, KeyTransport};
use crate::domain::certificate::Fingerprint;

/// For how long after a switch of ours a partner that still has its old key is the likely reason.
const SWITCHED_LATELY_SECONDS: i64 = 14 * 86_400;

const CAUSE: &str = "Partner could not decrypt";

/// The partner could not decrypt.
pub(super) fn failed(facts: &AttemptFacts, context: &Context, receipt: &Receipt) -> Draft {
    let Some(target) = facts.request.encrypted_for else {
        return Draft::new(CAUSE, Blame::Partner)
            .say(format!(
                "{} says that it could not decrypt the message, but the message was not encrypted",
                context.partner
            ))
            .advise(format!("Ask {} whether it expects encrypted messages", context.source()))
            .advise("If it does, switch encryption on in this profile")
            .offer(Action::look_at("encryption"));
    };
    let draft = switched_meanwhile(context, target)
        .or_else(|| partner_is_ahead(context, receipt, target))
        .or_else(|| partner_is_behind(context, receipt, target))
        .or_else(|| certificate_ended(context, target))
        .unwrap_or_else(|| compare(facts, context, target));
    draft
        .found(format!("Encrypted for {}, SHA-256 {target}{}", context.name(target), standing(context, target)))
        .found_all(Unusual::of(facts).map(|unusual| format!("`{}` is {}", unusual.setting, unusual.value)))
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
fn switched_meanwhile(context: &Context, target: Fingerprint) -> Option<Draft> {
    let now = context.certificates.in_use.as_ref().filter(|now| now.fingerprint != target)?;
    let since = context.certificates.in_use_since.map(|at| format!(" on {}", day(at))).unwrap_or_default();
    Some(
        Draft::new(CAUSE, Blame::Ours)
            .say(format!(
                "This message was encrypted for {}, which {} replaced in this profile{since}",
                context.name(target),
                now.named()
            ))
            .say(format!("{} has most likely put the old key away", context.partner))
            .advise(format!("Send the document again: it is now encrypted for {}", now.named()))
            .offer(Action::Redeliver),
    )
}

/// The partner uses its new key, this profile still the old one.
fn partner_is_ahead(context: &Context, receipt: &Receipt, target: Fingerprint) -> Option<Draft> {
    let partner = &context.partner;
    let signer = receipt.signature.made_with();
    if let Some((next, at)) = context.next() {
        let sure = signer == Some(next.fingerprint);
        let draft = Draft::new(CAUSE, Blame::Ours)
            .say(if sure {
                format!("{partner} has already switched to its new certificate: the receipt is signed with it")
            } else {
                format!("Most likely: {partner} has already switched to its new certificate")
            })
            .say(format!(
                "This profile still encrypts for {}, which the new certificate replaces on {}",
                context.name(target),
                instant(at)
            ))
            .advise(format!("Activate the new certificate {} now, then send again", next.named()));
        let draft = if sure {
            draft
        } else {
            draft.advise(format!(
                "If {partner} says that it has not switched, compare the fingerprint in the evidence with its own"
            ))
        };
        return Some(
            draft
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
        Draft::new(CAUSE, Blame::Ours)
            .say(format!("Most likely: {partner} has a new certificate that this profile does not have"))
            .say(format!("The receipt is signed with {}, while the message was encrypted for {}", unknown.short(), context.name(target)))
            .advise(format!("Confirm the fingerprint of the new certificate with {}, import it and activate it now, then send again", context.source()))
            .offer(Action::ImportCertificate { fingerprint: Some(unknown) }),
    )
}

/// This profile uses the new key, the partner still the old one.
fn partner_is_behind(context: &Context, receipt: &Receipt, target: Fingerprint) -> Option<Draft> {
    let partner = &context.partner;
    let previous = context.previous()?;
    let since = context.certificates.in_use_since?;
    let signs_with_old = receipt.signature.made_with() == Some(previous.fingerprint);
    let lately = (0..=SWITCHED_LATELY_SECONDS).contains(&(context.at.as_second() - since.as_second()));
    if !(signs_with_old || lately) {
        return None;
    }
    Some(
        Draft::new(CAUSE, Blame::Partner)
            .say(format!("Most likely: {partner} has not switched to its new certificate yet"))
            .say(format!("This profile encrypts for {} since {}", context.name(target), instant(since)))
            .advise(format!("Ask {partner} whether it has switched; until it has, go back to {}", previous.named()))
            .advise(format!(
                "If it has switched, compare the fingerprint in the evidence with its own at {}",
                context.source()
            ))
            .found_all(
                signs_with_old
                    .then(|| format!("The receipt is signed with {}, the certificate used before", previous.named())),
            )
            .offer(Action::RollbackCertificate { fingerprint: previous.fingerprint }),
    )
}

/// The certificate has ended and nothing was imported after it.
fn certificate_ended(context: &Context, target: Fingerprint) -> Option<Draft> {
    let ended = context.certificates.in_use.as_ref()?.ended(context.at)?;
    Some(
        Draft::new(CAUSE, Blame::Ours)
            .say(format!("Most likely: {} has renewed its certificate", context.partner))
            .say(format!(
                "The one that this profile encrypts for, {}, ended on {ended}, and no successor was imported",
                context.name(target)
            ))
            .advise(format!("Get the renewed certificate from {}, import it and activate it now", context.source()))
            .offer(Action::ImportCertificate { fingerprint: None }),
    )
}

/// Nothing here says which side is wrong.
fn compare(facts: &AttemptFacts, context: &Context, target: Fingerprint) -> Draft {
    let draft = Draft::new(CAUSE, Blame::Ours)
        .say(format!("{} does not have the key for the certificate that this message was encrypted for", context.partner))
        .say("Usually it has renewed its certificate, or this is the certificate of its other system (test or production) or of another partner")
        .advise(format!("Compare the fingerprint in the evidence with the one that {} shows", context.source()))
        .advise("If it differs, import the partner's present certificate and activate it now");
    let shared = context.sibling.as_ref().filter(|sibling| sibling.certificate == Some(target));
    let draft = match shared {
        Some(sibling) => draft.found(format!("The {} profile encrypts for the same certificate", sibling.profile)),
        None => draft,
    };
    let draft = draft.offer(Action::ImportCertificate { fingerprint: None });
    match Unusual::of(facts) {
        Some(Unusual { advice, .. }) => {
            draft.advise(format!("If it is the same, the partner may not support {advice}"))
        }
        None => draft,
    }
}

/// What in the encryption many products do not speak.
struct Unusual {
    setting: &'static str,
    value: &'static str,
    advice: String,
}

impl Unusual {
    fn of(facts: &AttemptFacts) -> Option<Self> {
        let request = &facts.request;
        if matches!(request.encryption, Encryption::Aes128Gcm | Encryption::Aes192Gcm | Encryption::Aes256Gcm) {
            let advice = format!("{}: try a CBC mode, or `quirks.gcm_content` enveloped", request.encryption.label());
            return Some(Self { setting: "encryption", value: request.encryption.as_str(), advice });
        }
        let value = request.key_transport.as_str();
        (request.key_transport != KeyTransport::RsaPkcs1).then(|| Self {
            setting: "key_transport",
            value,
            advice: format!("{value}: try rsa-pkcs1"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::explain::explain;
    use super::super::judge::judge;
    use super::super::outcome::{Acceptance, EmbeddedCertificate, ReceiptSignature};
    use super::super::samples::{self, IN_USE, NEXT, PREVIOUS, STRANGE, refusal, with_receipt};
    use super::super::{Action, Diagnosis};
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
