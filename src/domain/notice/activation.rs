//! Activations: which are to come, of partners' certificates and of our own, and which have come about as they were planned.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{About, Affected, Facts, Notice, NoticeKind, Urgency, instant};
use crate::domain::algorithm::{Encryption, Signing};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, IdentityName};
use crate::domain::timeline::{CertificatePurpose, activations_between, used_now};

/// When which certificate goes active after an instant, and for which of the profiles whose messages are encrypted.
#[must_use]
pub fn activations(connections: &[Connection], at: Timestamp) -> BTreeMap<(Timestamp, Fingerprint), Vec<Affected>> {
    let mut all: BTreeMap<(Timestamp, Fingerprint), Vec<Affected>> = BTreeMap::new();
    for connection in connections {
        for (kind, profile) in connection.profiles().filter(|(_, profile)| encrypts(profile)) {
            for entry in &profile.partner_certificates {
                let encrypts = entry.purposes.contains(&CertificatePurpose::Encrypt);
                if let Some(from) = entry.from.filter(|from| encrypts && *from > at) {
                    let affected = Affected { connection: connection.id.clone(), profile: kind };
                    all.entry((from, entry.fingerprint)).or_default().push(affected);
                }
            }
        }
    }
    all
}

/// When which identity of ours begins to sign after an instant, and for which of the profiles whose messages are signed.
#[must_use]
pub fn own_activations(
    connections: &[Connection],
    at: Timestamp,
) -> BTreeMap<(Timestamp, IdentityName), Vec<Affected>> {
    let mut all: BTreeMap<(Timestamp, IdentityName), Vec<Affected>> = BTreeMap::new();
    for connection in connections {
        for (kind, profile) in connection.profiles().filter(|(_, profile)| signs_messages(profile)) {
            let mut signs = profile.identity.at(at);
            for entry in profile.identity.uses() {
                // What signs already and is written once more changes nothing.
                if let Some(from) = entry.from.filter(|from| *from > at && entry.name != *signs) {
                    let affected = Affected { connection: connection.id.clone(), profile: kind };
                    all.entry((from, entry.name.clone())).or_default().push(affected);
                    signs = &entry.name;
                }
            }
        }
    }
    all
}

/// What is in use since an activation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InUse {
    /// A certificate of ours that we sign with.
    Ours(IdentityName),
    /// A partner's that is encrypted for.
    Theirs(Fingerprint),
}

/// An activation that has come about for a profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CameAbout {
    /// When.
    pub at: Timestamp,
    /// Of what.
    pub what: InUse,
    /// For which profile.
    pub place: Affected,
}

impl CameAbout {
    /// Whether it was on the schedule already, as a connection was before: what is activated by hand is not.
    #[must_use]
    pub fn was_planned(&self, before: &Connection) -> bool {
        before.profile(self.place.profile).is_some_and(|profile| match &self.what {
            InUse::Theirs(print) => profile
                .partner_certificates
                .iter()
                .any(|entry| entry.fingerprint == *print && entry.from == Some(self.at)),
            InUse::Ours(name) => {
                profile.identity.uses().iter().any(|entry| entry.name == *name && entry.from == Some(self.at))
            }
        })
    }
}

/// The activations of the last while of which what they brought is still in use, whoever made them. Nothing is in use for
/// messages that are neither encrypted nor signed.
#[must_use]
pub fn came_about(connection: &Connection, since: Timestamp, now: Timestamp) -> Vec<CameAbout> {
    let mut found = Vec::new();
    for (kind, profile) in connection.profiles() {
        let place = Affected { connection: connection.id.clone(), profile: kind };
        let theirs = activations_between(&profile.partner_certificates, since, now).pop();
        let in_use = used_now(&profile.partner_certificates, now).map(|entry| entry.fingerprint);
        if let Some(past) = theirs.filter(|past| Some(past.certificate) == in_use && encrypts(profile)) {
            let what = InUse::Theirs(past.certificate);
            found.push(CameAbout { at: past.at, what, place: place.clone() });
        }
        if let Some((at, name)) = signs_since(profile, now).filter(|(at, _)| *at > since && signs_messages(profile)) {
            found.push(CameAbout { at, what: InUse::Ours(name.clone()), place });
        }
    }
    found
}

fn encrypts(profile: &Profile) -> bool {
    profile.encryption != Encryption::None
}

fn signs_messages(profile: &Profile) -> bool {
    profile.signing != Signing::None
}

/// Since when the identity signs that signs now, where another signed before.
fn signs_since(profile: &Profile, now: Timestamp) -> Option<(Timestamp, &IdentityName)> {
    let entry = profile.identity.signing(now);
    let at = entry.from.filter(|from| *from <= now)?;
    let before = Timestamp::from_nanosecond(at.as_nanosecond() - 1).ok()?;
    (profile.identity.at(before) != &entry.name).then_some((at, &entry.name))
}

impl Facts<'_, '_> {
    /// What has come about, as notices: one for each instant and what is in use since, but for connections that are to be
    /// quiet.
    #[must_use]
    pub fn told_of(&self, came_about: &[CameAbout], quiet: &BTreeSet<ConnectionId>) -> Vec<Notice> {
        let mut together: BTreeMap<(Timestamp, &InUse), Vec<Affected>> = BTreeMap::new();
        for each in came_about.iter().filter(|each| !quiet.contains(&each.place.connection)) {
            together.entry((each.at, &each.what)).or_default().push(each.place.clone());
        }
        together.into_iter().map(|((at, what), profiles)| self.in_use(at, what, profiles)).collect()
    }

    fn in_use(&self, at: Timestamp, what: &InUse, mut profiles: Vec<Affected>) -> Notice {
        profiles.sort();
        let (whose, places, since) = (self.whose(&profiles), self.places(&profiles), instant(at));
        let (key, certificate, identity, words) = match what {
            InUse::Theirs(print) => (
                print.to_hex(),
                Some(*print),
                None,
                (
                    format!("{whose}: the new certificate {} is in use now", print.short()),
                    format!("As it was scheduled, messages for {places} are encrypted for it since {since}"),
                    "Send a test message, to see that the partner has changed too",
                ),
            ),
            InUse::Ours(name) => (
                name.to_string(),
                (self.known.identities)(name).map(|facts| facts.fingerprint_sha256),
                Some(name.clone()),
                (
                    format!("{whose}: we sign with {name} now"),
                    format!("As it was scheduled, messages for {places} are signed with it since {since}"),
                    "Send a test message, to see that the partner has installed it",
                ),
            ),
        };
        let key = format!("{key}:{}", at.as_second());
        Notice::event(NoticeKind::ActivationHappened, &key, Urgency::Info, at)
            .saying(words.0, words.1, words.2)
            .about(About { profiles, certificate, identity, setting: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::own_timeline::{IdentityUse, OwnTimeline};
    use crate::domain::timeline::CertificateUse;

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    fn planned() -> Connection {
        let mut connection: Connection = toml::from_str(
            "id = 'acme'\nname = 'Acme'\n[production]\nour_as2_id = 'A'\npartner_as2_id = 'B'\n\
             url = 'http://127.0.0.1/'\nidentity = 'old'\n",
        )
        .unwrap();
        let entry = |number: u8, from: Option<i64>| CertificateUse {
            fingerprint: Fingerprint([number; 32]),
            purposes: vec![CertificatePurpose::Encrypt],
            from: from.map(second),
            until: None,
            zone: None,
        };
        let profile = connection.profile_mut(crate::domain::identifier::ProfileKind::Production).unwrap();
        profile.partner_certificates = vec![entry(1, None), entry(2, Some(1_000))];
        let uses = [("old", None), ("new", Some(2_000)), ("new", Some(2_500)), ("newer", Some(3_000))];
        let uses =
            uses.map(|(name, from)| IdentityUse { name: name.parse().unwrap(), from: from.map(second), zone: None });
        profile.identity = OwnTimeline::new(uses.to_vec()).unwrap();
        connection
    }

    #[test]
    fn ours_are_to_come_each_once_and_come_about_at_their_instant() {
        let connection = planned();
        let coming = |at| {
            let all = own_activations(std::slice::from_ref(&connection), second(at));
            all.into_keys().map(|(at, name)| (at.as_second(), name.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(coming(0), [(2_000, "new".to_owned()), (3_000, "newer".to_owned())]);
        assert_eq!(coming(2_000), [(3_000, "newer".to_owned())]);
        let happened = |since, now| {
            let all = came_about(&connection, second(since), second(now));
            all.into_iter().map(|each| (each.at.as_second(), each.what)).collect::<Vec<_>>()
        };
        let (theirs, ours) = (InUse::Theirs(Fingerprint([2; 32])), InUse::Ours("new".parse().unwrap()));
        assert_eq!(happened(0, 999), []);
        assert_eq!(happened(0, 1_000), [(1_000, theirs.clone())]);
        assert_eq!(happened(0, 2_000), [(1_000, theirs), (2_000, ours)]);
        assert_eq!(happened(2_000, 2_400), [], "long ago");
    }

    #[test]
    fn what_is_neither_encrypted_nor_signed_has_nothing_go_active() {
        let counts = |connection: Connection| {
            let happened = came_about(&connection, second(0), second(2_000)).into_iter().map(|each| each.what);
            let happened: Vec<InUse> = happened.collect();
            let list = std::slice::from_ref(&connection);
            (happened, activations(list, second(0)).len(), own_activations(list, second(0)).len())
        };
        let (theirs, ours) = (InUse::Theirs(Fingerprint([2; 32])), InUse::Ours("new".parse().unwrap()));
        let with = |encryption, signing| {
            let mut connection = planned();
            let profile = connection.profile_mut(crate::domain::identifier::ProfileKind::Production).unwrap();
            (profile.encryption, profile.signing) = (encryption, signing);
            counts(connection)
        };
        let (encryption, signing) = (Encryption::Aes256Cbc, Signing::Sha256);
        assert_eq!(with(encryption, Signing::None), (vec![theirs], 1, 0));
        assert_eq!(with(Encryption::None, signing), (vec![ours], 0, 2));
    }

    #[test]
    fn what_was_made_by_hand_was_not_planned() {
        let after = planned();
        let happened = came_about(&after, second(0), second(3_000));
        assert_eq!(happened.len(), 2);
        let mut before = after.clone();
        let profile = before.profile_mut(crate::domain::identifier::ProfileKind::Production).unwrap();
        profile.partner_certificates.truncate(1);
        assert_eq!(happened.iter().map(|each| each.was_planned(&before)).collect::<Vec<_>>(), [false, true]);
        assert!(happened.iter().all(|each| each.was_planned(&after)));
    }
}
