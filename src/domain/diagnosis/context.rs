//! What is known around an attempt: the partner's certificates over time, our own, the other profile.

use jiff::Timestamp;

use super::surroundings::Surroundings;
use super::wording::{day, plain};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::{Address, As2Id, ConnectionId, IdentityName, ProfileKind};
use crate::domain::sighting::{SightingKind, standing};
use crate::domain::timeline::{CertificateUse, acceptable_now, all_fingerprints, next_activation, used_now};

/// What is known around an attempt.
#[derive(Clone, Debug)]
pub struct Context {
    /// The instant of the outcome.
    pub at: Timestamp,
    /// The connection.
    pub connection: ConnectionId,
    /// Its name.
    pub partner: String,
    /// Which of its profiles.
    pub profile: ProfileKind,
    /// Where the partner keeps its own side of the settings, from the connection's policy.
    pub portal: Option<String>,
    /// The partner's certificates at that instant.
    pub certificates: PartnerCertificates,
    /// The identity that signs for this profile.
    pub own: Option<OwnIdentity>,
    /// The connection's other profile.
    pub sibling: Option<Sibling>,
    /// What else is known at the time of a failure.
    pub surroundings: Surroundings,
}

impl Context {
    /// Where to look up the partner's own settings.
    pub(super) fn source(&self) -> String {
        match &self.portal {
            Some(portal) => format!("{} ({})", self.partner, plain(portal, 200)),
            None => self.partner.clone(),
        }
    }

    /// What is known of a certificate of the partner.
    pub(super) fn known(&self, fingerprint: Fingerprint) -> Option<&KnownCertificate> {
        let times = &self.certificates;
        let known = [times.in_use.as_ref(), times.previous.as_ref(), times.next.as_ref().map(|(next, _)| next)];
        known.into_iter().flatten().chain(&times.acceptable).find(|known| known.fingerprint == fingerprint)
    }

    /// What a certificate is called, else no more than its fingerprint.
    pub(super) fn name(&self, fingerprint: Fingerprint) -> String {
        self.known(fingerprint).map_or_else(|| fingerprint.short(), KnownCertificate::named)
    }

    /// The scheduled certificate and its activation, where there is one.
    pub(super) fn next(&self) -> Option<(&KnownCertificate, Timestamp)> {
        self.certificates.next.as_ref().map(|(next, at)| (next, *at))
    }

    /// Whether this certificate is the scheduled one.
    pub(super) fn is_next(&self, fingerprint: Option<Fingerprint>) -> bool {
        self.next().is_some_and(|(next, _)| Some(next.fingerprint) == fingerprint)
    }

    /// The certificate used before the present one, where it is another.
    pub(super) fn previous(&self) -> Option<&KnownCertificate> {
        let in_use = self.certificates.in_use.as_ref().map(|known| known.fingerprint);
        self.certificates.previous.as_ref().filter(|previous| Some(previous.fingerprint) != in_use)
    }
}

/// What has to be known of a certificate to speak of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// SHA-256 over it.
    pub fingerprint: Fingerprint,
    /// Its common name; empty where only its fingerprint is known.
    pub common_name: String,
    /// First instant of validity, where known.
    pub not_before: Option<Timestamp>,
    /// Last instant of validity, where known.
    pub not_after: Option<Timestamp>,
}

impl KnownCertificate {
    /// A certificate of which nothing but the fingerprint is at hand.
    #[must_use]
    pub const fn unseen(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, common_name: String::new(), not_before: None, not_after: None }
    }

    /// Common name and the beginning of the fingerprint.
    pub(super) fn named(&self) -> String {
        if self.common_name.is_empty() {
            self.fingerprint.short()
        } else {
            format!("{} {}", plain(&self.common_name, 64), self.fingerprint.short())
        }
    }

    /// The day it ended, where it has ended by `at`.
    pub(super) fn ended(&self, at: Timestamp) -> Option<String> {
        self.not_after.filter(|end| *end < at).map(day)
    }
}

impl From<&CertificateFacts> for KnownCertificate {
    fn from(facts: &CertificateFacts) -> Self {
        Self {
            fingerprint: facts.fingerprint_sha256,
            common_name: facts.common_name().to_owned(),
            not_before: Some(facts.not_before),
            not_after: Some(facts.not_after),
        }
    }
}

/// A profile's partner certificates, seen from an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerCertificates {
    /// The one that messages are encrypted for.
    pub in_use: Option<KnownCertificate>,
    /// Since when; nothing where it has been so always.
    pub in_use_since: Option<Timestamp>,
    /// The one that will be next, and when.
    pub next: Option<(KnownCertificate, Timestamp)>,
    /// The one that was used until `in_use_since`.
    pub previous: Option<KnownCertificate>,
    /// Those that signatures may be made with.
    pub acceptable: Vec<KnownCertificate>,
    /// Those that signatures may not be made with any more.
    pub former: Vec<KnownCertificate>,
}

impl PartnerCertificates {
    /// Reads a timeline, with the ends that retirement sets, at an instant; `known` tells what is known of a certificate.
    #[must_use]
    pub fn at(
        uses: &[CertificateUse],
        at: Timestamp,
        known: impl Fn(&Fingerprint) -> Option<KnownCertificate>,
    ) -> Self {
        let of = |print: &Fingerprint| known(print).unwrap_or_else(|| KnownCertificate::unseen(*print));
        let in_use = used_now(uses, at);
        let in_use_since = in_use.and_then(|entry| entry.from);
        let before = in_use_since.and_then(|since| since.checked_sub(jiff::SignedDuration::from_nanos(1)).ok());
        Self {
            in_use: in_use.map(|entry| of(&entry.fingerprint)),
            in_use_since,
            next: next_activation(uses, at).map(|(entry, from)| (of(&entry.fingerprint), from)),
            previous: before.and_then(|before| used_now(uses, before)).map(|entry| of(&entry.fingerprint)),
            former: all_fingerprints(uses)
                .iter()
                .filter(|print| standing(uses, print, at) == Some(SightingKind::Retired))
                .map(of)
                .collect(),
            acceptable: acceptable_now(uses, at).iter().map(of).collect(),
        }
    }
}

/// The identity that signs for a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnIdentity {
    /// Its name in the workspace.
    pub name: IdentityName,
    /// Its certificate.
    pub certificate: KnownCertificate,
    /// Since when this profile signs with it, where that is recorded.
    pub used_since: Option<Timestamp>,
    /// The one that this profile signed with before, where there was one.
    pub before: Option<IdentityName>,
}

impl OwnIdentity {
    /// The day on which it took the place of another, where that was within 60 days before `at`: long enough for a partner to
    /// be late, short enough to be the likely reason. The first that there ever was has renewed nothing.
    pub(super) fn renewed(&self, at: Timestamp) -> Option<String> {
        const RECENT_SECONDS: i64 = 60 * 86_400;
        self.used_since
            .filter(|_| self.before.is_some())
            .filter(|since| *since <= at && at.as_second() - since.as_second() <= RECENT_SECONDS)
            .map(day)
    }
}

impl Context {
    /// When the last message was delivered that was signed with the certificate that signs now, where one was.
    pub(super) fn known_to_partner(&self) -> Option<Timestamp> {
        let (own, around) = (self.own.as_ref()?, &self.surroundings);
        let was_it = |at: &Timestamp| {
            let begun = own.used_since.is_none_or(|since| since <= *at);
            begun && own.certificate.not_before.is_none_or(|since| since <= *at)
        };
        let is_another = around.changed.iter().any(|change| ["identity", "signing"].contains(&change.setting.as_str()));
        around.last_delivered.filter(was_it).filter(|_| !is_another)
    }
}

/// The other profile of the connection, for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sibling {
    /// Which one it is.
    pub profile: ProfileKind,
    /// Our AS2 identifier there.
    pub our_as2_id: As2Id,
    /// The partner's AS2 identifier there.
    pub partner_as2_id: As2Id,
    /// Where it posts to.
    pub url: Address,
    /// The certificate that it encrypts for.
    pub certificate: Option<Fingerprint>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timeline::{CertificatePurpose, plain_list};

    #[test]
    fn a_timeline_is_seen_from_an_instant() {
        let day = |number: i64| Timestamp::from_second(number * 86_400).unwrap();
        let mut uses = plain_list(&[Fingerprint([1; 32])]);
        uses.push(CertificateUse {
            fingerprint: Fingerprint([2; 32]),
            purposes: vec![CertificatePurpose::Encrypt, CertificatePurpose::Verify],
            from: Some(day(10)),
            until: None,
            zone: None,
        });
        let seen = |at| PartnerCertificates::at(&uses, at, |_| None);
        let before = seen(day(9));
        assert_eq!(before.in_use, Some(KnownCertificate::unseen(Fingerprint([1; 32]))));
        assert_eq!(before.next, Some((KnownCertificate::unseen(Fingerprint([2; 32])), day(10))));
        assert_eq!(before.previous, None);
        let after = seen(day(10));
        assert_eq!(after.in_use, Some(KnownCertificate::unseen(Fingerprint([2; 32]))));
        assert_eq!(after.in_use_since, Some(day(10)));
        assert_eq!(after.previous, Some(KnownCertificate::unseen(Fingerprint([1; 32]))));
        assert_eq!(after.next, None);
        assert_eq!((after.acceptable.len(), after.former.len()), (2, 0));
        uses[0].until = Some(day(15));
        let ended = PartnerCertificates::at(&uses, day(15), |_| None);
        assert_eq!(ended.former, [KnownCertificate::unseen(Fingerprint([1; 32]))]);
    }
}
