//! First sight of a certificate: a message or a receipt is signed with one that is scheduled, not known, or not accepted
//! any more. It is recorded and told at once; it never makes a signature good.

use jiff::Timestamp;
use serde::Serialize;

use super::certificate::{CertificateFacts, Fingerprint};
use super::diagnosis::{Action, Diagnosis};
use super::identifier::{ConnectionId, ProfileKind};
use super::spelling::spelled;
use super::timeline::{CertificatePurpose, CertificateUse, acceptable_now, used_now};
use super::transmission::TransmissionId;

spelled! {
    /// What a certificate was to the profile when it was seen.
    pub enum SightingKind {
        /// Its activation is still to come: the partner has switched already.
        Scheduled = "scheduled",
        /// It is none of the profile's.
        Unknown = "unknown",
        /// It is the profile's, and signatures made with it are not accepted, or not any more.
        Retired = "retired",
    }
}

spelled! {
    /// What was signed with it.
    pub enum SightedIn {
        /// A message that came in.
        Message = "message",
        /// A receipt for a message of ours.
        Receipt = "receipt",
    }
}

/// A certificate that was seen in use before it was expected, or that nobody expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// The certificate.
    #[serde(rename = "fingerprint_sha256")]
    pub fingerprint: Fingerprint,
    /// What it is to the profile.
    pub kind: SightingKind,
    /// What was signed with it last.
    pub seen_in: SightedIn,
    /// What is known of it, where it is in the workspace or was inside what it signed.
    #[serde(rename = "certificate", skip_serializing_if = "Option::is_none")]
    pub facts: Option<CertificateFacts>,
    /// The last transmission that showed it.
    pub transmission: TransmissionId,
    /// When it was seen first.
    pub first_at: Timestamp,
    /// When it was seen last.
    pub last_at: Timestamp,
    /// How often.
    pub times: u32,
}

/// What a certificate is to a profile at an instant. Nothing where it is one that is expected: accepted without being about
/// to take over. `uses` have the ends that retirement sets: what has retired is not expected any more.
#[must_use]
pub fn standing(uses: &[CertificateUse], fingerprint: &Fingerprint, at: Timestamp) -> Option<SightingKind> {
    let accepted = acceptable_now(uses, at).contains(fingerprint);
    if used_now(uses, at).is_some_and(|entry| entry.fingerprint == *fingerprint) {
        // One that is encrypted for alone is not expected to sign.
        return (!accepted).then_some(SightingKind::Retired);
    }
    let mut own = uses.iter().filter(|entry| entry.fingerprint == *fingerprint).peekable();
    if own.peek().is_none() {
        return Some(SightingKind::Unknown);
    }
    let encrypts = CertificatePurpose::Encrypt;
    if own.any(|entry| entry.purposes.contains(&encrypts) && entry.from.is_some_and(|from| from > at)) {
        return Some(SightingKind::Scheduled);
    }
    (!accepted).then_some(SightingKind::Retired)
}

impl Sighting {
    /// The matter, the same in every program and as long as it stands so: `first-sight:`, the fingerprint, the profile, and
    /// what the certificate is to it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("first-sight:{}:{}/{}:{}", self.fingerprint.to_hex(), self.connection, self.profile, self.kind)
    }

    /// Its common name and the beginning of its fingerprint.
    #[must_use]
    pub fn named(&self) -> String {
        match &self.facts {
            Some(facts) => format!("{} {}", facts.common_name(), self.fingerprint.short()),
            None => self.fingerprint.short(),
        }
    }

    /// What happened, in a phrase: `Amazon Vendor US, production signs with its new certificate already`.
    #[must_use]
    pub fn head(&self, partner: &str) -> String {
        let profile = self.profile;
        match self.kind {
            SightingKind::Scheduled => format!("{partner}, {profile} signs with its new certificate already"),
            SightingKind::Unknown => format!("{partner}, {profile} signs with a certificate we do not have"),
            SightingKind::Retired => {
                format!("{partner}, {profile} signs with a certificate that is not accepted for that")
            }
        }
    }

    /// What it means and what is to be done.
    #[must_use]
    pub const fn meaning(&self) -> &'static str {
        match self.kind {
            SightingKind::Scheduled => {
                "Its activation is still to come here, so messages are encrypted for the old certificate, which the partner may not be able to open any more. Activate the new one now"
            }
            SightingKind::Unknown => {
                "Anybody can sign with a certificate of their own, so nothing that it signed was taken. Compare its fingerprint with the partner by another way; if it is theirs, import it"
            }
            SightingKind::Retired => {
                "It was replaced, or is encrypted for alone, so nothing that it signed was taken. Ask the partner to sign with the one that is accepted; until then this one can be accepted again"
            }
        }
    }

    /// What puts it right.
    #[must_use]
    pub const fn remedy(&self) -> Action {
        match self.kind {
            SightingKind::Scheduled => Action::ActivateCertificate { fingerprint: self.fingerprint },
            SightingKind::Retired => Action::AcceptCertificate { fingerprint: self.fingerprint },
            SightingKind::Unknown => Action::ImportCertificate { fingerprint: Some(self.fingerprint) },
        }
    }

    /// Says it in the diagnosis of the message that it was seen in.
    pub fn explain(&self, diagnosis: &mut Diagnosis, partner: &str) {
        match self.kind {
            SightingKind::Scheduled => {
                diagnosis.explanation.push_str(&format!(
                    "; that is the scheduled certificate, so {partner} has switched already, and here the switch is still to come"
                ));
                diagnosis.remedy.push("Activate the new certificate now".to_owned());
            }
            SightingKind::Unknown => diagnosis.remedy.extend([
                format!("Compare the fingerprint in the evidence with the one that {partner} shows, or by telephone"),
                "If it is the same, import the certificate from the message, and ask for the message again".to_owned(),
                "If it is not, trust nothing that was signed with it".to_owned(),
            ]),
            SightingKind::Retired => diagnosis.remedy.extend([
                format!("Ask {partner} to sign with its new certificate and to send the message again"),
                "Until it does, accept the old one again".to_owned(),
            ]),
        }
        let subject = self.facts.as_ref().map_or_else(String::new, |facts| format!("{}, ", facts.subject));
        diagnosis.evidence.push(format!("Signed with {subject}SHA-256 {}", self.fingerprint));
        diagnosis.action = Some(self.remedy());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timeline::plain_list;

    #[test]
    fn what_is_expected_is_not_told() {
        let day = |number: i64| Timestamp::from_second(number * 86_400).unwrap();
        let [old, new, retired, other] = [1, 2, 3, 9].map(|id| Fingerprint([id; 32]));
        let mut uses = plain_list(&[old, retired]);
        uses[1].until = Some(day(5));
        for (purpose, from) in [(CertificatePurpose::Verify, 8), (CertificatePurpose::Encrypt, 20)] {
            uses.push(CertificateUse {
                fingerprint: new,
                purposes: vec![purpose],
                from: Some(day(from)),
                until: None,
                zone: None,
            });
        }
        let seen = |print, at| standing(&uses, &print, day(at));
        assert_eq!((seen(old, 10), seen(old, 30)), (None, None), "in use, and accepted after that");
        assert_eq!((seen(new, 10), seen(new, 20)), (Some(SightingKind::Scheduled), None));
        assert_eq!((seen(retired, 4), seen(retired, 10)), (None, Some(SightingKind::Retired)));
        assert_eq!(seen(other, 10), Some(SightingKind::Unknown));
        uses[0].purposes = vec![CertificatePurpose::Encrypt];
        assert_eq!(standing(&uses, &old, day(10)), Some(SightingKind::Retired), "encrypted for alone");
    }
}
