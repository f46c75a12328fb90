//! `authentication-failed` and `integrity-check-failed`: what the partner found wrong with our signature.

use super::context::Context;
use super::delivered::own_certificate;
use super::dispositions::identifiers;
use super::outcome::AttemptFacts;
use super::wording::Draft;
use super::{Action, Blame};
use crate::domain::algorithm::{Compression, MicalgStyle, SignatureScheme};
use crate::domain::connection::TransferEncoding;

/// The partner does not know who we are.
pub(super) fn failed(facts: &AttemptFacts, context: &Context) -> Draft {
    const CAUSE: &str = "Partner does not accept our signature";
    let partner = &context.partner;
    if facts.request.signed_by.is_none() {
        return Draft::new(CAUSE, Blame::Ours)
            .say(format!("{partner} could not tell who sent the message, because it was not signed"))
            .advise("Switch signing on in this profile")
            .offer(Action::set("signing", "sha256"));
    }
    let give = format!("Give our certificate to {} and compare the fingerprint", context.source());
    let ended = context.own.as_ref().and_then(|own| own.certificate.ended(context.at));
    let renewed = context.own.as_ref().and_then(|own| own.renewed(context.at));
    let draft = if let Some(day) = ended {
        Draft::new(CAUSE, Blame::Ours)
            .say(format!("Our certificate ended on {day}, and {partner} refuses what is signed with it"))
            .advise("Create or import a renewed identity, give its certificate to the partner, then use it here")
            .offer(Action::look_at("identity"))
    } else if let Some(day) = renewed {
        Draft::new(CAUSE, Blame::Ours)
            .say(format!("Most likely: {partner} does not have our renewed certificate yet, in use here since {day}"))
            .advise(give)
            .advise("Until it has, sign with the previous identity, if its certificate is still valid")
    } else {
        Draft::new(CAUSE, Blame::Ours)
            .say(format!("{partner} could not match the signature with a certificate of ours"))
            .say("Usually it holds an old certificate of ours or that of our other profile (test or production), or takes us for somebody else by the AS2 identifier")
            .advise(give)
            .advise("Compare the AS2 identifiers in the evidence with those registered there")
    };
    let draft = draft.found_all(own_certificate(context)).found_all(identifiers(facts, context));
    match &context.own {
        Some(own) => draft.offer(Action::ExportCertificate { identity: own.name.clone() }),
        None => draft,
    }
}

/// What arrived is not what we signed, by the partner's reckoning.
pub(super) fn integrity(facts: &AttemptFacts, context: &Context) -> Draft {
    let partner = &context.partner;
    let mut draft = Draft::new("Partner could not verify the content", Blame::Ours)
        .say(format!("{partner} knows our certificate, but the content does not fit the signature"))
        .say("Usually the bytes were changed on the way (line ends, transfer encoding, a virus scanner), or its product stumbles over a detail of the signature");
    let toggles = toggles(facts);
    if toggles.is_empty() {
        draft = draft
            .advise("Try `transfer_encoding` base64, which survives what changes line ends")
            .offer(Action::set("transfer_encoding", "base64"));
    }
    for (index, (setting, value, why)) in toggles.iter().enumerate() {
        let step = if index == 0 { "First try" } else { "Then try" };
        draft = draft.advise(format!("{step} `{setting}` {value}: {why}"));
    }
    if let Some((setting, value, _)) = toggles.first() {
        draft = draft.offer(Action::set(setting, value));
    }
    draft.advise(format!(
        "Ask {partner} for the bytes that it received, and compare them with the raw request kept here"
    ))
}

/// The settings to change, in the order in which to try them, of those that are not so already.
fn toggles(facts: &AttemptFacts) -> Vec<(&'static str, &'static str, &'static str)> {
    let request = &facts.request;
    let quirks = &request.quirks;
    [
        (
            request.transfer_encoding != TransferEncoding::Binary,
            ("transfer_encoding", "binary", "nothing is left to decode differently"),
        ),
        (request.compression != Compression::None, ("compression", "none", "many products hash in another order")),
        (
            quirks.cms_algorithm_protection,
            ("quirks.cms_algorithm_protection", "false", "older products do not know this attribute"),
        ),
        (quirks.canonicalise_mic, ("quirks.canonicalise_mic", "false", "line ends are then left as they are")),
        (
            request.signature_scheme == SignatureScheme::RsaPss,
            ("signature_scheme", "rsa-pkcs1", "few AS2 products verify RSA-PSS"),
        ),
        (
            quirks.micalg_style == MicalgStyle::Rfc5751,
            ("quirks.micalg_style", "rfc3851", "older products know digests by their names without hyphen only"),
        ),
    ]
    .into_iter()
    .filter_map(|(applies, toggle)| applies.then_some(toggle))
    .collect()
}
