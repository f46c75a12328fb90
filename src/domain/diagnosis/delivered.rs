//! What went well, or may yet.

use super::Action;
use super::context::Context;
use super::dispositions::reason;
use super::outcome::{AttemptFacts, Receipt, ReceiptSignature};
use super::scene::Scene;
use super::wording::{Draft, instant, literal, plain, quoted};
use crate::domain::disposition::Modifier;
use crate::domain::knowledge;

/// All that was asked for is good.
pub(super) fn delivered(facts: &AttemptFacts, scene: &Scene, context: &Context, receipt: Option<&Receipt>) -> Draft {
    let Some(receipt) = receipt else { return Draft::of("delivered-without-receipt", scene) };
    if matches!(receipt.disposition.modifier, Modifier::Warning(_)) {
        return warned(scene, context, receipt);
    }
    let signed = match &receipt.signature {
        ReceiptSignature::Good { signer, .. } => Some(*signer),
        _ => None,
    };
    let key = match &receipt.signature {
        ReceiptSignature::Good { .. } => "delivered",
        ReceiptSignature::Unsigned => "delivered-unsigned",
        // No signature was asked for, so one that is not known makes it no less delivered.
        ReceiptSignature::UnknownSigner { .. } => "delivered-signer-unknown",
        _ => "delivered-signature-unchecked",
    };
    let good = receipt.mic.matches == Some(true);
    let draft = Draft::of(key, scene).so("mic-good", good).so("mic-not-asked", !good);
    match context.next() {
        // The first sign that the partner has begun to switch, worth knowing before a message fails.
        Some((next, at)) if Some(next.fingerprint) == signed && facts.request.encrypted_for != signed => draft
            .so("ahead", true)
            .word("next_at", instant(at))
            .offer(Action::ActivateCertificate { fingerprint: next.fingerprint }),
        _ => draft,
    }
}

/// Processed, with a reservation (RFC 4130 section 7.5.5).
fn warned(scene: &Scene, context: &Context, receipt: &Receipt) -> Draft {
    let key = knowledge::of_disposition(&receipt.disposition, &receipt.remarks);
    let said = reason(receipt);
    let draft = Draft::of(key, scene)
        .so("words", !said.trim().is_empty())
        .so("no-words", said.trim().is_empty())
        .word("warning", quoted(said, 200));
    if key == "warning-authentication" { draft.found_all(own_certificate(context)) } else { draft }
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
