//! `authentication-failed`: what the partner found wrong with our signature.

use super::Action;
use super::context::Context;
use super::delivered::own_certificate;
use super::dispositions::identifiers;
use super::outcome::AttemptFacts;
use super::scene::Scene;
use super::wording::{Draft, instant};

/// The partner does not know who we are.
pub(super) fn failed(facts: &AttemptFacts, scene: &Scene, context: &Context) -> Draft {
    if facts.request.signed_by.is_none() {
        return Draft::of("authentication-failed-unsigned", scene);
    }
    let ended = context.own.as_ref().and_then(|own| own.certificate.ended(context.at));
    let known = context.known_to_partner();
    let renewed = context.own.as_ref().and_then(|own| own.renewed(context.at));
    let give = context.own.as_ref().map(|own| Action::ExportCertificate { identity: own.name.clone() });
    let (draft, give) = match (ended, known, renewed) {
        (Some(day), ..) => (Draft::of("authentication-failed-certificate-ended", scene).word("own_ended", day), None),
        (None, Some(at), _) => {
            // What was changed here since is the likelier cause than what was changed there.
            let changed = &context.surroundings.changed;
            let key = if changed.is_empty() { "authentication-failed-known" } else { "authentication-failed-changed" };
            let moved = changed.iter().any(|change| change.setting == "url");
            let draft = Draft::of(key, scene).word("known_at", instant(at)).so("moved", moved).so("not-moved", !moved);
            (draft, give.filter(|_| changed.is_empty()))
        }
        (None, None, Some(day)) => (Draft::of("authentication-failed-renewed", scene).word("own_since", day), give),
        (None, None, None) => (Draft::of("authentication-failed", scene), give),
    };
    let draft = draft.found_all(own_certificate(context)).found_all(identifiers(facts, context));
    match give {
        Some(give) => draft.offer(give),
        None => draft,
    }
}
