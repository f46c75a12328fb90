//! What went well, or may yet.

use super::context::Context;
use super::finding::is_duplicate;
use super::outcome::{AttemptFacts, Receipt, ReceiptSignature};
use super::wording::{Draft, instant, literal, plain, quoted};
use super::{Action, Blame};
use crate::domain::disposition::Modifier;

/// All that was asked for is good.
pub(super) fn delivered(facts: &AttemptFacts, context: &Context, receipt: Option<&Receipt>) -> Draft {
    let partner = &context.partner;
    let Some(receipt) = receipt else {
        return Draft::new("Delivered without a receipt", Blame::Nobody).say(format!(
            "The server of {partner} took the message, and no receipt was asked for, so nothing proves what became of it"
        ));
    };
    if let Modifier::Warning(warning) = &receipt.disposition.modifier {
        return warned(context, receipt, warning);
    }
    let signed = match &receipt.signature {
        ReceiptSignature::Good { signer, .. } => Some(*signer),
        _ => None,
    };
    let draft = match &receipt.signature {
        ReceiptSignature::Good { .. } => Draft::new("Delivered and signed for", Blame::Nobody)
            .say(format!("{partner} has the message and confirmed it with a signed receipt")),
        ReceiptSignature::Unsigned => Draft::new("Delivered, receipt unsigned", Blame::Nobody).say(format!(
            "{partner} has the message and confirmed it; the receipt is unsigned, as asked for, so it is no proof"
        )),
        // No signature was asked for, so none that is not known makes it less delivered.
        ReceiptSignature::UnknownSigner { .. } => {
            Draft::new("Delivered, the receipt's signer is not known", Blame::Nobody)
                .say(format!(
                    "{partner} has the message and confirmed it; the receipt is signed, though that was not asked for, with a certificate that is not in this profile, so it is no proof"
                ))
                .advise("If the certificate is the partner's, import it: then its receipts are proof")
        }
        _ => Draft::new("Delivered, the receipt's signature is not checked", Blame::Nobody).say(format!(
            "{partner} has the message and confirmed it; the receipt is signed, though that was not asked for, in a way that cannot be checked here, so it is no proof"
        )),
    };
    let draft = if receipt.mic.matches == Some(true) {
        draft.say("What arrived is what was sent")
    } else {
        draft.say("The receipt does not say whether what arrived is what was sent, and was not asked to")
    };
    match context.next() {
        // The first sign that the partner has begun to switch, worth knowing before a message fails.
        Some((next, at)) if Some(next.fingerprint) == signed && facts.request.encrypted_for != signed => draft
            .say(format!(
                "{partner} signs with its new certificate already, which this profile will encrypt for from {}",
                instant(at)
            ))
            .advise("Activate the new certificate now")
            .advise(format!(
                "Or ask {partner} whether it still takes messages encrypted for the old certificate until then"
            ))
            .offer(Action::ActivateCertificate { fingerprint: next.fingerprint }),
        _ => draft,
    }
}

/// Processed, with a reservation (RFC 4130 section 7.5.5).
fn warned(context: &Context, receipt: &Receipt, warning: &str) -> Draft {
    let partner = &context.partner;
    let key = super::finding::reason_key(receipt);
    if is_duplicate(receipt) {
        return Draft::new("Delivered, the partner had it already", Blame::Nobody)
            .say(format!("{partner} has seen this Message-ID before and has processed the first copy"))
            .say("That is what happens when an answer was lost and the message was sent again")
            .advise("Do not send it again; it counts as delivered");
    }
    if key.contains("authentication-failed") {
        return Draft::new("Delivered, but the partner could not check our signature", Blame::Ours)
            .say(format!("{partner} processed the message although it could not verify who signed it"))
            .say("Most likely it does not hold our present certificate, and one day it will refuse")
            .advise(format!("Give our certificate to {}", context.source()))
            .found_all(own_certificate(context));
    }
    let said = if warning.trim().is_empty() {
        receipt.remarks.first().map(String::as_str).unwrap_or_default()
    } else {
        warning
    };
    let draft = Draft::new("Delivered, with a warning from the partner", Blame::Nobody);
    let draft = if said.trim().is_empty() {
        draft.say(format!("{partner} processed the message with a warning that gives no reason"))
    } else {
        draft.say(format!("{partner} processed the message and adds the warning {}", quoted(said, 200)))
    };
    draft.advise(format!("Ask {partner} what the warning means if it comes again"))
}

/// The receipt comes later.
pub(super) fn pending(context: &Context) -> Draft {
    Draft::new("Waiting for the receipt", Blame::Nobody)
        .say(format!(
            "The server of {} took the message; its receipt comes later, on a connection of its own",
            context.partner
        ))
        .advise("Nothing yet; the receiver must be running and reachable for the partner when the receipt comes")
}

/// Our own certificate as evidence.
pub(super) fn own_certificate(context: &Context) -> Vec<String> {
    let Some(own) = &context.own else { return Vec::new() };
    let mut found = vec![format!(
        "Our certificate is {} of the identity {}, SHA-256 {}",
        plain(&own.certificate.common_name, 64),
        literal(own.name.as_str()),
        own.certificate.fingerprint
    )];
    if let Some(day) = own.certificate.ended(context.at) {
        found.push(format!("Our certificate ended on {day}"));
    } else if let Some(day) = own.renewed(context.at) {
        found.push(format!("Our certificate is in use here since {day}"));
    }
    found
}
