//! What becomes of a message that was opened, or could not be: taken, or refused with the disposition that says why
//! (RFC 4130 section 7.5.4).

use super::Candidate;
use crate::as2::{Layer, LineEnds, Mic, OpenError, Opened, SignatureOutcome};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::InboundSecurity;
use crate::domain::diagnosis::{Blame, Diagnosis};
use crate::domain::disposition::Disposition;

/// What became of a message, before it is answered.
pub(super) struct Outcome {
    pub(super) disposition: Disposition,
    pub(super) mic: Option<Mic>,
    pub(super) text: String,
    /// It was a receipt for a message of ours, not a message.
    pub(super) is_receipt: bool,
    /// And the message that it is for was found.
    pub(super) is_matched: bool,
    pub(super) diagnosis: Diagnosis,
}

pub(super) fn diagnosis(cause: &str, explanation: &str, blame: Blame) -> Diagnosis {
    Diagnosis { cause: cause.to_owned(), explanation: explanation.to_owned(), blame, ..Diagnosis::default() }
}

pub(super) fn refusal(modifier: &str, cause: &str, explanation: &str, blame: Blame) -> Outcome {
    Outcome {
        disposition: Disposition::error(modifier),
        mic: None,
        text: format!("The message was not processed. {cause}: {modifier}"),
        is_receipt: false,
        is_matched: false,
        diagnosis: diagnosis(cause, explanation, blame),
    }
}

/// All is well with a message, or with what else was received.
pub(super) fn taken(mic: Option<Mic>, cause: &str, explanation: &str) -> Outcome {
    Outcome {
        disposition: Disposition::processed(),
        mic,
        text: "The message was received and processed".to_owned(),
        is_receipt: false,
        is_matched: false,
        diagnosis: diagnosis(cause, explanation, Blame::Nobody),
    }
}

/// A receipt that came by itself, for a message of ours. It is no order, so it is never delivered as one.
pub(super) fn matched_receipt(message_id: &str) -> Outcome {
    let explanation = format!("It settles the message {message_id}");
    Outcome { is_receipt: true, is_matched: true, ..taken(None, "Asynchronous receipt", &explanation) }
}

/// A receipt that came by itself, for nothing that is known here.
pub(super) fn unmatched_receipt(why: &str) -> Outcome {
    let explanation = format!("{why}; the receipt was kept and answered, and settles nothing");
    Outcome {
        is_receipt: true,
        ..refusal("unexpected-processing-error", "A receipt for no message of ours", &explanation, Blame::Partner)
    }
}

/// A message that insists on a receipt which cannot be made (RFC 4130 section 7.5.3). It is not processed.
pub(super) fn unmet_wish(disposition: &Disposition) -> Outcome {
    let what = disposition.key().unwrap_or_default();
    let explanation = "The message insists on a kind of receipt that is not supported here, so it was not processed";
    Outcome {
        disposition: disposition.clone(),
        ..refusal(&what, "Receipt asked for cannot be made", explanation, Blame::Partner)
    }
}

/// The partner is told the same whichever of the two identifiers is unknown, so that nobody can find out who our partners
/// are; we are told which they are.
pub(super) fn unknown_relationship(from: &str, to: &str) -> Outcome {
    let shown = |id: &str| id.chars().filter(|each| !each.is_control()).take(128).collect::<String>();
    refusal(
        "unknown-trading-relationship",
        "Unknown pair of AS2 identifiers",
        &format!(
            "No profile has this pair of AS2 identifiers: from `{}` to `{}`; they are case-sensitive",
            shown(from),
            shown(to)
        ),
        Blame::Partner,
    )
}

/// What becomes of a message that cannot be opened. Its sender may be told less than our own journal is.
pub(super) fn cannot_open(error: &OpenError) -> Outcome {
    let modifier = error.disposition().key().unwrap_or_else(|| "unexpected-processing-error".to_owned());
    let told = error.as_told();
    let (cause, blame) = cause_of(told);
    let outcome = refusal(&modifier, cause, &told.to_string(), blame);
    let (cause, blame) = match error {
        OpenError::Garbled(_) => ("Decrypted, but cannot be read", Blame::Partner),
        OpenError::UnknownDigest { .. } => cause_of(error),
        _ => return outcome,
    };
    Outcome { diagnosis: diagnosis(cause, &error.to_string(), blame), ..outcome }
}

const fn cause_of(error: &OpenError) -> (&'static str, Blame) {
    match error {
        OpenError::NotForUs { .. } | OpenError::Undecryptable { .. } | OpenError::Garbled(_) => {
            ("Could not be decrypted", Blame::Partner)
        }
        OpenError::Signature(_) => ("Signature cannot be read", Blame::Partner),
        OpenError::UnknownDigest { .. } => ("Signed with an unsupported digest", Blame::Nobody),
        OpenError::Altered(_) => ("Changed on its way", Blame::Partner),
        OpenError::UnknownEncryption(_) => ("Encrypted in an unsupported way", Blame::Nobody),
        OpenError::Decompression(_) => ("Could not be decompressed", Blame::Partner),
        OpenError::Unsupported(_) => ("Uses something that is not supported", Blame::Nobody),
        OpenError::Io(_) => ("Could not be stored", Blame::Ours),
        _ => ("Could not be read", Blame::Partner),
    }
}

/// What was odd about a message that was taken all the same.
pub(super) fn remark(opened: &Opened) -> String {
    let mut said = String::new();
    if opened.compression.is_some_and(|facts| facts.base64_inside) {
        said.push_str(
            "; its compressed content is in base64 once more, which RFC 3274 does not provide for, and was read all the same",
        );
    }
    let kind = opened.content_type();
    if kind.essence.starts_with("multipart/") {
        let essence: String = kind.essence.chars().filter(char::is_ascii_graphic).take(80).collect();
        said.push_str(&format!(
            "; it holds several parts ({essence}), which were delivered as one file, as they came: attachments are not taken apart"
        ));
    }
    if let Some(ends) = opened.fits_with {
        said.push_str(&format!(
            "; its signature does not fit as it came, but {}, which `quirks.canonicalise_mic` of the profile lets pass",
            what_happened(Some(ends))
        ));
    }
    said
}

/// What became of the content on its way, as far as line ends tell.
const fn what_happened(fits_with: Option<LineEnds>) -> &'static str {
    match fits_with {
        Some(LineEnds::Crlf | LineEnds::LfToCrlf) => {
            "it fits once every line end is turned into CRLF, so the partner signed it with CRLF and sent it with other line ends, or something on the way changed them"
        }
        Some(LineEnds::Lf | LineEnds::BodyLf) => {
            "it fits once every line end is turned into LF, so the partner signed it with bare line feeds and sent it with CRLF, or something on the way changed them"
        }
        Some(LineEnds::HeadCrlf) => {
            "it fits once the line ends of its headers are turned into CRLF, so the partner signed them with CRLF and sent them with bare line feeds, or something on the way changed them"
        }
        Some(LineEnds::WithoutLast) => {
            "it fits without its last line break, so the partner left that out when it signed, or something on the way added one"
        }
        Some(LineEnds::AsTheyAre) | None => "it was changed on the way",
    }
}

/// Why a message that was opened is not taken, where it is not: its signature, or less security than the profile wants.
pub(super) fn refused(opened: &Opened, candidate: &Candidate, signer: Option<Fingerprint>) -> Option<Outcome> {
    let signature = opened.signature.as_ref().map(|check| &check.outcome);
    let with_mic = |mut outcome: Outcome| {
        outcome.mic = Some(opened.mic.clone());
        Some(outcome)
    };
    let required = candidate.profile.inbound_security();
    match signature {
        Some(SignatureOutcome::Good { .. }) if signer.is_some_and(|signer| candidate.accepted.contains(&signer)) => {}
        Some(SignatureOutcome::Altered { .. }) => {
            let mut outcome = refusal(
                "integrity-check-failed",
                "Content is not what was signed",
                &format!(
                    "The signature was made with a certificate of the partner, but over another content: {}",
                    what_happened(opened.fits_with)
                ),
                Blame::Network,
            );
            if opened.fits_with.is_some() {
                outcome.diagnosis.remedy.push(
                    "If the partner cannot sign what it sends, switch `quirks.canonicalise_mic` on: then such messages are taken"
                        .to_owned(),
                );
            }
            return with_mic(outcome);
        }
        Some(SignatureOutcome::UnknownSigner { embedded, .. }) => {
            let name = &candidate.name;
            let explanation = match embedded {
                Some(print) => {
                    format!(
                        "The message is signed with {print}, which is not among the certificates accepted from {name}"
                    )
                }
                None => format!(
                    "The message does not hold the certificate that it is signed with, and none of those accepted from {name} fits"
                ),
            };
            return with_mic(refusal(
                "authentication-failed",
                "Signed with a certificate that is not the partner's",
                &explanation,
                Blame::Partner,
            ));
        }
        Some(SignatureOutcome::Unsupported { detail }) => {
            return with_mic(refusal("authentication-failed", "Signature cannot be checked", detail, Blame::Nobody));
        }
        Some(SignatureOutcome::Broken { reason, .. }) => {
            return with_mic(refusal(
                "authentication-failed",
                "Signature is broken",
                &format!("The signature names a certificate of the partner but {reason}"),
                Blame::Partner,
            ));
        }
        Some(SignatureOutcome::Good { signer }) => {
            return with_mic(refusal(
                "authentication-failed",
                "Signed with a certificate that is not the partner's",
                &format!(
                    "The message is signed with {}, which is not among the certificates accepted from {}",
                    signer.short(),
                    candidate.name
                ),
                Blame::Partner,
            ));
        }
        None => {}
    }
    let encrypted = opened.layers.contains(&Layer::Encrypted);
    let missing = match required {
        InboundSecurity::None => None,
        InboundSecurity::Signed => signature.is_none().then_some("not signed"),
        InboundSecurity::Encrypted => (!encrypted).then_some("not encrypted"),
        InboundSecurity::SignedEncrypted if signature.is_none() => Some("not signed"),
        InboundSecurity::SignedEncrypted => (!encrypted).then_some("not encrypted"),
    }?;
    // What comes out under another key looks like this, whether its padding happens to be right or not.
    // What a tag holds is as its sender encrypted it.
    if opened.untagged && opened.headers.is_empty() {
        return Some(undecipherable(required));
    }
    // Of what nobody has signed the MIC would tell whoever guesses at its content whether the guess is right.
    let with_mic = |outcome: Outcome| if encrypted { Some(outcome) } else { with_mic(outcome) };
    with_mic(refusal(
        "insufficient-message-security",
        "Too little security",
        &format!("The message is {missing}; the profile wants {required}"),
        Blame::Partner,
    ))
}

/// What was decrypted has neither MIME headers nor a signature.
fn undecipherable(required: InboundSecurity) -> Outcome {
    refusal(
        "decryption-failed",
        "Could not be decrypted",
        &format!(
            "What came out has no MIME headers and no signature: it was encrypted with another key, or changed on its way, or the partner sends bare content; the profile wants {required}"
        ),
        Blame::Partner,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_told_which_pair_is_unknown_and_the_partner_is_not() {
        let outcome = unknown_relationship("STRANGER\nFORGED", "US");
        let told = &outcome.diagnosis.explanation;
        assert!(told.contains("from `STRANGERFORGED` to `US`"), "{told}");
        assert!(!outcome.text.contains("STRANGER") && !outcome.text.contains("US"), "{}", outcome.text);
    }
}
