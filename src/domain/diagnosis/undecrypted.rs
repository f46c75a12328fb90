//! A received message that does not decrypt: for which certificate it was encrypted, and what that says.

use jiff::Timestamp;

use super::context::{KnownCertificate, OwnIdentity};
use super::scene::Scene;
use super::wording::{Draft, day, plain};
use super::{Action, Diagnosis};
use crate::domain::identifier::{IdentityName, ProfileKind};

/// What is known of a received message that does not decrypt.
#[derive(Clone, Debug)]
pub struct Undecrypted {
    /// When it was received.
    pub at: Timestamp,
    /// The connection's name.
    pub partner: String,
    /// The identity of the profile that it belongs to.
    pub own: Option<OwnIdentity>,
    /// The recipients it names.
    pub recipients: Vec<Recipient>,
}

/// A recipient that a message names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// How the message names it.
    pub named: String,
    /// Whose certificate that is.
    pub holder: Holder,
}

/// Whose certificate a message was encrypted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Ours.
    Ours {
        /// The identity it belongs to.
        identity: IdentityName,
        /// The certificate.
        certificate: KnownCertificate,
        /// The profiles that use it, by their connection's name.
        used: Vec<(String, ProfileKind)>,
    },
    /// A partner's.
    Partner {
        /// Its connection's name; nothing where no connection uses it any more.
        connection: Option<String>,
        /// Whether that is the partner that the message is from.
        sender: bool,
        /// The certificate.
        certificate: KnownCertificate,
    },
    /// Nobody's that is known here.
    Unknown,
    /// It is no certificate but a password or a key that both sides share.
    Shared,
}

/// Explains why a received message does not decrypt.
#[must_use]
pub fn explain_undecrypted(facts: &Undecrypted) -> Diagnosis {
    let draft = [ours, partners, unknown].iter().find_map(|explain| explain(facts)).unwrap_or_else(|| nobody(facts));
    let at = facts.at;
    draft
        .found_all(facts.recipients.iter().map(|recipient| {
            let named = plain(&recipient.named, 300);
            match &recipient.holder {
                Holder::Ours { identity, certificate, .. } => {
                    format!("Encrypted for {named}: {}, of our identity `{identity}`", full(certificate, at))
                }
                Holder::Partner { connection: Some(connection), certificate, .. } => {
                    format!("Encrypted for {named}: {}, of {}", full(certificate, at), plain(connection, 64))
                }
                Holder::Partner { connection: None, certificate, .. } => {
                    format!("Encrypted for {named}: {}, which no connection uses any more", full(certificate, at))
                }
                Holder::Unknown => format!("Encrypted for {named}, which is not known here"),
                Holder::Shared => "Encrypted with a password or a key that both sides share".to_owned(),
            }
        }))
        .found_all(
            facts
                .own
                .as_ref()
                .map(|own| format!("Identity `{}` of this profile has {}", own.name, full(&own.certificate, at))),
        )
        .finish()
}

/// Name, end and whole fingerprint of a certificate.
fn full(certificate: &KnownCertificate, at: Timestamp) -> String {
    let end = match certificate.not_after {
        Some(end) if end < at => format!(", ended on {}", day(end)),
        Some(end) => format!(", valid until {}", day(end)),
        None => String::new(),
    };
    format!("{}, SHA-256 {}{end}", certificate.named(), certificate.fingerprint)
}

/// It names a key of ours and does not decrypt with it.
fn ours(facts: &Undecrypted) -> Option<Draft> {
    let (identity, certificate, used) = facts.recipients.iter().find_map(|recipient| match &recipient.holder {
        Holder::Ours { identity, certificate, used } => Some((identity, certificate, used)),
        _ => None,
    })?;
    let of_this_profile = facts.own.as_ref().is_some_and(|own| own.name == *identity);
    let used_by = match used.as_slice() {
        [] => "which no profile uses".to_owned(),
        [(connection, profile), ..] => format!("of the {profile} profile of {}", plain(connection, 64)),
    };
    Some(
        Draft::of("received-for-another-key", &scene(facts))
            .so("of-this-profile", of_this_profile)
            .so("of-another", !of_this_profile)
            .word("named", certificate.named())
            .word("identity", identity.as_str())
            .word("used_by", used_by)
            .word("own_end", certificate.ended(facts.at).map(|end| format!("; it ended on {end}")).unwrap_or_default())
            .offer(Action::ExportCertificate { identity: identity.clone() }),
    )
}

/// It is for a certificate of a partner's, most likely the sender's own.
fn partners(facts: &Undecrypted) -> Option<Draft> {
    let found = |wanted: bool| {
        facts.recipients.iter().find_map(|recipient| match &recipient.holder {
            Holder::Partner { connection, sender, certificate } if *sender == wanted => {
                Some((connection.as_deref(), certificate))
            }
            _ => None,
        })
    };
    let (sender, (connection, certificate)) =
        found(true).map(|found| (true, found)).or_else(|| found(false).map(|found| (false, found)))?;
    let whose = connection.map_or_else(
        || "the former certificate of a partner".to_owned(),
        |connection| format!("the certificate of another partner, {}", plain(connection, 64)),
    );
    Some(give_ours(
        Draft::of("received-for-a-partner", &scene(facts))
            .so("the-sender", sender)
            .so("another-partner", !sender)
            .word("named", certificate.named())
            .word("whose", whose),
        facts,
    ))
}

/// It is for a certificate that nobody here knows.
fn unknown(facts: &Undecrypted) -> Option<Draft> {
    let named = facts.recipients.iter().find(|recipient| recipient.holder == Holder::Unknown)?;
    let draft =
        Draft::of("received-for-an-unknown-certificate", &scene(facts)).word("number", plain(&named.named, 300));
    Some(give_ours(draft, facts))
}

/// It names no recipient at all.
fn nobody(facts: &Undecrypted) -> Draft {
    let key = if facts.recipients.is_empty() { "received-for-nobody" } else { "received-for-a-password" };
    give_ours(Draft::of(key, &scene(facts)), facts)
}

fn scene(facts: &Undecrypted) -> Scene {
    Scene::with(&plain(&facts.partner, 64))
}

fn give_ours(draft: Draft, facts: &Undecrypted) -> Draft {
    match &facts.own {
        Some(own) => draft
            .so("own", true)
            .word("identity", own.name.as_str())
            .word("own_print", own.certificate.fingerprint.short())
            .offer(Action::ExportCertificate { identity: own.name.clone() }),
        None => draft.so("no-own", true),
    }
}

/// What there is to say where a message did decrypt, but with another certificate than the profile's: the partner has not
/// switched, or has switched too far.
#[must_use]
pub fn remark_on_recipient(own: &OwnIdentity, identity: &IdentityName, certificate: &KnownCertificate) -> String {
    format!(
        "it was encrypted for {} of the identity `{identity}`, while this profile has {} of `{}`",
        certificate.named(),
        own.certificate.named(),
        own.name
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, IN_USE, OWN, STRANGE};
    use super::*;

    fn facts(holders: Vec<Holder>) -> Undecrypted {
        Undecrypted {
            at: samples::instant("2026-11-24T12:00:00Z"),
            partner: "Amazon".to_owned(),
            own: Some(OwnIdentity {
                name: "acme".parse().unwrap(),
                certificate: samples::certificate(OWN, "Acme"),
                used_since: None,
                before: None,
            }),
            recipients: holders
                .into_iter()
                .map(|holder| Recipient { named: "serial number 4f of CN=x".to_owned(), holder })
                .collect(),
        }
    }

    fn own(identity: &str, used: &[(&str, ProfileKind)]) -> Holder {
        Holder::Ours {
            identity: identity.parse().unwrap(),
            certificate: samples::certificate(IN_USE, "Acme old"),
            used: used.iter().map(|(name, profile)| ((*name).to_owned(), *profile)).collect(),
        }
    }

    fn partner(connection: Option<&str>, sender: bool) -> Holder {
        let certificate = samples::certificate(STRANGE, "partner");
        Holder::Partner { connection: connection.map(str::to_owned), sender, certificate }
    }

    #[test]
    fn whose_certificate_it_was_encrypted_for_is_said() {
        let mut ended = facts(vec![own("acme", &[])]);
        ended.at = samples::instant("2027-04-01T00:00:00Z");
        for (facts, says) in [
            (
                facts(vec![own("acme", &[("Amazon", ProfileKind::Production)])]),
                "the certificate of this profile's identity `acme`",
            ),
            (ended, "it ended on 1 March 2027"),
            (facts(vec![own("old", &[("Harbor", ProfileKind::Test)])]), "`old`, of the test profile of Harbor"),
            (facts(vec![own("old", &[])]), "`old`, which no profile uses"),
            (facts(vec![partner(Some("Amazon"), true)]), "the certificate of Amazon itself and not ours"),
            (facts(vec![partner(Some("Harbor"), false)]), "another partner, Harbor"),
            (facts(vec![partner(None, false)]), "the former certificate of a partner"),
            (facts(vec![Holder::Unknown]), "serial number 4f of CN=x, which is not ours"),
            (facts(Vec::new()), "names no recipient"),
            (facts(vec![Holder::Shared]), "a password or a key that both sides share, and for no certificate"),
            (facts(vec![Holder::Shared, Holder::Unknown]), "serial number 4f of CN=x, which is not ours"),
            // Of several, the one that says most.
            (facts(vec![Holder::Unknown, partner(Some("Amazon"), true), own("acme", &[])]), "identity `acme`"),
        ] {
            let diagnosis = explain_undecrypted(&facts);
            assert_eq!(diagnosis.cause, "Could not be decrypted");
            assert!(diagnosis.explanation.contains(says), "{says}: {diagnosis:?}");
            assert!(!diagnosis.remedy.is_empty(), "{says}");
            assert!(matches!(diagnosis.action, Some(Action::ExportCertificate { .. })), "{says}");
            for line in diagnosis.remedy.iter().chain(&diagnosis.evidence) {
                assert!(!line.trim().is_empty() && !line.ends_with('.'), "{diagnosis:?}");
            }
            let full_stops = diagnosis.explanation.matches(". ").count();
            assert_eq!(diagnosis.explanation.ends_with('.'), full_stops > 0, "{diagnosis:?}");
            let evidence = diagnosis.evidence.join("\n");
            assert!(evidence.contains(&OWN.to_string()), "{diagnosis:?}");
            assert_eq!(evidence.contains("Encrypted "), !facts.recipients.is_empty());
        }
        let mut without = facts(vec![Holder::Unknown]);
        without.own = None;
        assert_eq!(explain_undecrypted(&without).action, None);
    }
}
