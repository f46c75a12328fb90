//! Receipts that say no and that nobody can be shown to have written: they decide nothing, and what they say is kept.

use super::Diagnosis;
use super::outcome::{Receipt, ReceiptSignature};
use super::wording::{literal, quoted};

/// How the evidence of one begins, by which it is found again.
const BEGINS: &str = "A receipt came that says ";

/// What one says and why it decides nothing, as a line of evidence.
#[must_use]
pub fn unproved(receipt: &Receipt) -> String {
    let why = match &receipt.signature {
        ReceiptSignature::UnknownSigner { .. } => "is signed with a certificate that is not the partner's",
        ReceiptSignature::Broken { .. } => "does not fit its signature",
        ReceiptSignature::Unsupported { .. } => "is signed in a way that cannot be checked",
        _ => "is not signed as was asked for",
    };
    let words = receipt.human_text.as_deref().filter(|text| !text.trim().is_empty());
    let words = words.map(|text| format!(", in words {},", quoted(text, 300))).unwrap_or_default();
    format!(
        "{BEGINS}{}{words} and {why}; anybody who knows the Message-ID can have written it, so it decides nothing",
        literal(&receipt.said())
    )
}

/// Whether a diagnosis has such a line.
#[must_use]
pub fn has_unproved(diagnosis: &Diagnosis) -> bool {
    lines_of(diagnosis).next().is_some()
}

/// Takes the lines of such receipts over into what is explained anew, without saying anything twice.
pub fn keep_unproved(said_before: Option<&Diagnosis>, anew: &mut Diagnosis) {
    for line in said_before.into_iter().flat_map(lines_of) {
        if !anew.evidence.contains(line) {
            anew.evidence.push(line.clone());
        }
    }
}

fn lines_of(diagnosis: &Diagnosis) -> impl Iterator<Item = &String> {
    diagnosis.evidence.iter().filter(|line| line.starts_with(BEGINS))
}
