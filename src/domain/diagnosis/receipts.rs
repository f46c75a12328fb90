//! Receipts that came, but prove nothing: unsigned, signed by an unknown, changed, for another message, over other bytes.

use super::context::Context;
use super::outcome::{AttemptFacts, EmbeddedCertificate, MicForensics, Receipt, ReceiptSignature};
use super::road::may_have_arrived;
use super::wording::{Draft, instant, literal, said};
use super::{Action, Blame};
use crate::domain::algorithm::{Compression, Digest};

/// A receipt that cannot be read.
pub(super) fn unreadable(context: &Context, detail: &str) -> Draft {
    let partner = &context.partner;
    Draft::new("The receipt cannot be read", Blame::Partner)
        .say(format!("{partner} answered with something that begins like a receipt and is not one"))
        .say("Whether the message was processed is open")
        .advise(format!("Ask {partner} whether it has the message, by its Message-ID and the time"))
        .advise("Keep the raw answer for the partner's support; it is in the transmission")
        .found_all(said("What is wrong with it", detail))
}

/// The asynchronous receipt did not come.
pub(super) fn overdue(facts: &AttemptFacts, context: &Context, minutes: u32) -> Draft {
    let partner = &context.partner;
    let draft = Draft::new("The receipt did not come in time", Blame::Partner)
        .say(format!("{partner} took the message but sent no receipt within {minutes} minutes"))
        .say("Usually it cannot reach the address that receipts are to be sent to, or that address is not ours")
        .advise("See that the receiver runs and that `mdn_url` can be reached from outside, through our firewall")
        .advise(format!("Ask {partner} whether it tried to send the receipt, and with which result"));
    may_have_arrived(draft, facts, context).found(format!("No receipt for {minutes} minutes"))
}

/// A receipt that is not for this message.
pub(super) fn other_message(facts: &AttemptFacts, context: &Context, receipt: &Receipt) -> Draft {
    let partner = &context.partner;
    let draft = match receipt.original_message_id.as_deref() {
        Some(id) => Draft::new("The receipt is for another message", Blame::Partner)
            .say(format!("{partner} answered with a receipt that names another Message-ID"))
            .found(format!("The receipt is for {}", literal(id))),
        None => Draft::new("The receipt names no message", Blame::Partner)
            .say(format!("{partner} answered with a receipt that does not say which message it is for"))
            .found("The receipt has no Original-Message-ID"),
    };
    draft
        .say("So it proves nothing about this one")
        .advise(format!("Ask {partner} whether it has this message, and why its receipts name another"))
        .found(format!("This message is {}", literal(&facts.request.message_id)))
}

/// A receipt that was changed after it was signed.
pub(super) fn signature_broken(context: &Context) -> Draft {
    Draft::new("The receipt's signature is broken", Blame::Network)
        .say("What was signed is not what arrived, so nothing in the receipt can be relied on")
        .say("Usually a proxy or virus scanner on the way changed it, or the partner's product signs wrongly")
        .advise("See whether something between this machine and the partner rewrites HTTP answers")
        .advise(format!("Ask {} whether it has the message, and send it the raw answer", context.partner))
}

/// A receipt that was signed with other line ends than it has.
pub(super) fn other_line_ends(context: &Context) -> Draft {
    let partner = &context.partner;
    Draft::new("The receipt was signed with other line ends", Blame::Partner)
        .say("The signature fits once the line ends of the receipt are turned into those it was signed with")
        .say(format!("So {partner} signs its receipts in another form than it sends them, or something on the way turns their line ends"))
        .advise(format!("Ask {partner} to sign what it sends, byte by byte"))
        .advise("If it cannot, switch `quirks.canonicalise_mic` on: then other line ends are let pass, here and in messages")
        .offer(Action::set("quirks.canonicalise_mic", "true"))
}

/// A receipt without the signature that was asked for.
pub(super) fn unsigned(context: &Context) -> Draft {
    let partner = &context.partner;
    Draft::new("The receipt is not signed", Blame::Partner)
        .say(format!(
            "{partner} says that it processed the message, but did not sign the receipt, though that was asked for"
        ))
        .say("Anybody could have written it, so it is no proof")
        .advise(format!("Ask {} to switch signed receipts on for us", context.source()))
        .advise("If unsigned receipts are agreed with this partner, ask for those (`mdn` sync)")
        .offer(Action::look_at("mdn"))
}

/// A receipt whose signature cannot be checked here.
pub(super) fn signature_unsupported(context: &Context) -> Draft {
    let partner = &context.partner;
    Draft::new("The receipt's signature cannot be checked", Blame::Partner)
        .say(format!(
            "{partner} says that it processed the message, and signed the receipt in a way that is not supported here"
        ))
        .advise(format!("Ask {partner} to sign receipts with RSA or ECDSA and SHA-256"))
}

/// A receipt signed with a certificate that is not acceptable.
pub(super) fn unknown_signer(context: &Context, receipt: &Receipt) -> Draft {
    let partner = &context.partner;
    let claims = format!("{partner} says that it processed the message");
    let ReceiptSignature::UnknownSigner { embedded: Some(embedded) } = &receipt.signature else {
        return Draft::new("The receipt is signed with a certificate we do not have", Blame::Ours)
            .say(format!("{claims}, but no certificate of this profile verifies the receipt, and the receipt does not hold its own"))
            .say("Usually the partner has renewed its certificate")
            .advise(format!("Get the present certificate from {} and import it", context.source()))
            .offer(Action::ImportCertificate { fingerprint: None })
            .found_all(acceptable(context));
    };
    whose(context, embedded, claims).found_all(acceptable(context))
}

/// Whose certificate a receipt of an unknown signer was made with.
fn whose(context: &Context, embedded: &EmbeddedCertificate, claims: String) -> Draft {
    let partner = &context.partner;
    let print = embedded.fingerprint;
    if let Some((next, at)) = context.next().filter(|_| context.is_next(Some(print))) {
        return Draft::new("The receipt is signed with the scheduled certificate", Blame::Ours)
            .say(format!(
                "{claims} and signed the receipt with {}, which this profile accepts only later",
                next.named()
            ))
            .say(format!("So {partner} has already switched; here the switch is scheduled for {}", instant(at)))
            .advise("Activate the new certificate now")
            .offer(Action::ActivateCertificate { fingerprint: print });
    }
    if context.own.as_ref().is_some_and(|own| own.certificate.fingerprint == print) {
        return Draft::new("The receipt is signed with our own certificate", Blame::Ours)
            .say(format!("{claims}, but the signature is made with the key of our own identity"))
            .say("Usually the address leads back to ourselves, or our private key was given away")
            .advise("See that the address of this profile is the partner's")
            .advise("If it is, renew our identity: somebody else has its key")
            .offer(Action::look_at("url"));
    }
    if let Some(sibling) = context.sibling.as_ref().filter(|sibling| sibling.certificate == Some(print)) {
        return Draft::new("The receipt is signed with the other profile's certificate", Blame::Ours)
            .say(format!("{claims} and signed with the certificate that the {} profile uses", sibling.profile))
            .say("Either the address is that of the partner's other system, or both of its systems share a certificate")
            .advise(format!("See that the address is the one for {}", context.profile))
            .advise("If it is, import that certificate for this profile too")
            .offer(Action::ImportCertificate { fingerprint: Some(print) });
    }
    let former = &context.certificates.former;
    if context.previous().into_iter().chain(former).any(|former| former.fingerprint == print) {
        return Draft::new("The receipt is signed with the replaced certificate", Blame::Partner)
            .say(format!("{claims}, but still signs with a certificate used before, which is no longer accepted here"))
            .advise(format!("Ask {partner} to sign with its new certificate"))
            .advise("Until it does, accept the old one again")
            .offer(Action::AcceptCertificate { fingerprint: print });
    }
    Draft::new("The receipt is signed with a certificate we do not have", Blame::Ours)
        .say(format!("{claims} and signed the receipt with a certificate that is not in this profile"))
        .say("Most likely the partner has renewed its certificate")
        .advise(format!(
            "Compare the fingerprint in the evidence with the one that {} shows, or by telephone",
            context.source()
        ))
        .advise("If it is the same, import the certificate from the receipt")
        .advise("If it is not, trust nothing that was signed with it")
        .offer(Action::ImportCertificate { fingerprint: Some(print) })
}

fn acceptable(context: &Context) -> Option<String> {
    let names: Vec<String> = context.certificates.acceptable.iter().take(5).map(|known| known.named()).collect();
    (!names.is_empty()).then(|| format!("Acceptable in this profile: {}", names.join(", ")))
}

/// The partner hashed something else than was sent.
pub(super) fn mic_mismatch(facts: &AttemptFacts, context: &Context, receipt: &Receipt) -> Draft {
    let partner = &context.partner;
    let request = &facts.request;
    let draft = Draft::new("The partner has something else than was sent", Blame::Partner).say(format!(
        "{partner} says that it processed the message, but the MIC in its receipt is not that of what was sent"
    ));
    let draft = match &receipt.forensics {
        Some(MicForensics::Rule(_)) => draft
            .say("What it hashed instead could be found out and stands in the evidence, so the content most likely arrived whole")
            .advise(format!("Show {partner} what it hashes and what RFC 4130 section 7.3.1 wants hashed")),
        Some(MicForensics::Lost(_)) => draft
            .say("It hashed not one byte, so the document did not reach the end of its road")
            .advise(format!("Tell {partner} that the document was lost on its side, and send it again")),
        Some(MicForensics::NoRule(_)) | None => draft
            .say("Either the content was changed on the way, or its product hashes something else")
            .advise(format!("Ask {partner} for the document as it arrived, and compare")),
    };
    let draft = if request.compression == Compression::None {
        draft
    } else {
        draft
            .advise("Switch compression off: the rules for its MIC are often misread")
            .offer(Action::set("compression", "none"))
    };
    if request.quirks.canonicalise_mic {
        draft.advise("Try `quirks.canonicalise_mic` false").offer(Action::set("quirks.canonicalise_mic", "false"))
    } else {
        draft.advise("If the payload has bare line feeds, try `quirks.canonicalise_mic` true")
    }
}

/// A positive receipt without the MIC that is owed.
pub(super) fn mic_missing(facts: &AttemptFacts, context: &Context) -> Draft {
    let partner = &context.partner;
    let draft = Draft::new("The receipt holds no MIC", Blame::Partner)
        .say(format!("{partner} says that it processed the message, but not what it received"))
        .say("Without the MIC a receipt does not prove that what arrived is what was sent")
        .advise(format!("Ask {} to return the MIC (Received-Content-MIC) in its receipts", context.source()))
        .found_all(
            facts
                .request
                .receipt_digest
                .map(|digest| format!("Asked for {}", literal(digest.micalg(facts.request.quirks.micalg_style)))),
        );
    if facts.request.signing.digest().is_none() {
        draft
            .advise("Sign messages: some products return a MIC for signed messages only")
            .offer(Action::set("signing", "sha256"))
    } else {
        draft
    }
}

/// A MIC that cannot be compared.
pub(super) fn mic_incomparable(facts: &AttemptFacts, context: &Context, receipt: &Receipt) -> Draft {
    let unknown = receipt.mic.algorithm.as_deref().is_some_and(|name| Digest::from_micalg(name).is_none());
    let draft = Draft::new("The MIC cannot be compared", Blame::Partner).say(format!(
        "{} says that it processed the message, but its MIC cannot be held against ours",
        context.partner
    ));
    let draft = if unknown { draft.say("It names a digest that is not known here") } else { draft };
    draft
        .advise("Ask for SHA-256 in the receipt (`mdn_mic` sha256), which nearly every product knows")
        .advise(format!("If that is asked for already, ask {} to keep to it", context.partner))
        .found_all(
            facts
                .request
                .receipt_digest
                .map(|digest| format!("Asked for {}", literal(digest.micalg(facts.request.quirks.micalg_style)))),
        )
        .offer(Action::look_at("mdn_mic"))
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
