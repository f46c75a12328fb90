//! What a partner's certificate is held against when it arrives: what the profile uses and used, the other environment,
//! our own identities, the policy's limits for keys.

use jiff::Timestamp;

use super::algorithm::Encryption;
use super::certificate::{CertificateFacts, Fingerprint, ImportContext, KeyAlgorithm, KeySize};
use super::connection::Connection;
use super::identifier::{ConnectionId, ProfileKind};
use super::policy::{Requirement, ResolvedPolicy, Setting, SettingValue};
use super::renewal::replaced_now;
use super::timeline::{CertificatePurpose, CertificateUse, all_fingerprints, used_now};

/// Where a certificate arrives, and what is known there.
pub struct Arrival<'r, 'a> {
    /// The connection.
    pub connection: &'r Connection,
    /// Which connections use a certificate of the same subject.
    pub of_subject: &'r SubjectUsers<'r>,
    /// The profile.
    pub kind: ProfileKind,
    /// For one purpose alone, where one is named.
    pub purpose: Option<CertificatePurpose>,
    /// The certificates of our identities.
    pub own: &'a [CertificateFacts],
    /// What is known of partners' certificates.
    pub known: &'r dyn Fn(&Fingerprint) -> Option<&'a CertificateFacts>,
    /// The connection's policy, where it can be had.
    pub policy: Option<&'r ResolvedPolicy>,
    /// Whether its fingerprint has been confirmed.
    pub confirmed: bool,
}

impl<'a> Arrival<'_, 'a> {
    /// What the certificate is held against.
    #[must_use]
    pub fn context(&self, new: &CertificateFacts, at: Timestamp) -> ImportContext<'a> {
        let profile = self.connection.profile(self.kind);
        let uses = profile.map_or(&[] as &[CertificateUse], |profile| &profile.partner_certificates);
        let used_before = used_before(uses, at);
        let installed = all_fingerprints(uses).into_iter().filter(|print| !used_before.contains(print)).collect();
        let replaces = replaced_now(uses, self.purpose, at).and_then(|print| (self.known)(&print));
        ImportContext {
            own: self.own.iter().collect(),
            replaces,
            subject_elsewhere: replaces.is_some_and(|old| old.subject != new.subject)
                && self.of_subject.beside(&self.connection.id),
            installed,
            used_before,
            other_environment: self.other_environment(replaces, at),
            for_both: false,
            key_size: self.policy.and_then(|policy| key_size(new, policy, self.kind, at)),
            confirmed: self.confirmed,
            encrypts: self.purpose != Some(CertificatePurpose::Verify)
                && profile.is_none_or(|profile| profile.encryption != Encryption::None),
            verifies: self.purpose != Some(CertificatePurpose::Encrypt),
        }
    }

    /// The connection's other profile with its certificate, where the two do not share one and have not shared this one.
    fn other_environment(
        &self,
        replaces: Option<&CertificateFacts>,
        at: Timestamp,
    ) -> Option<(ProfileKind, &'a CertificateFacts)> {
        let old = replaces?;
        let (kind, other) = self.connection.profiles().find(|(kind, _)| *kind != self.kind)?;
        if all_fingerprints(&other.partner_certificates).contains(&old.fingerprint_sha256) {
            return None;
        }
        let theirs = used_now(&other.partner_certificates, at)?.fingerprint;
        Some((kind, (self.known)(&theirs)?))
    }
}

/// Which connections use a certificate of a subject: looked for once for all that a certificate is brought into.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubjectUsers<'r> {
    first: Option<&'r ConnectionId>,
    /// Another one than the first.
    second: bool,
}

impl<'r> SubjectUsers<'r> {
    /// Of the subject of a certificate, among all connections.
    #[must_use]
    pub fn of<'a>(
        new: &CertificateFacts,
        connections: impl IntoIterator<Item = &'r Connection>,
        known: &dyn Fn(&Fingerprint) -> Option<&'a CertificateFacts>,
        at: Timestamp,
    ) -> Self {
        let mut found = Self::default();
        for connection in connections {
            let uses = connection.profiles().any(|(_, profile)| {
                let used = used_now(&profile.partner_certificates, at);
                used.and_then(|entry| known(&entry.fingerprint)).is_some_and(|used| used.subject == new.subject)
            });
            match found.first {
                _ if !uses => {}
                None => found.first = Some(&connection.id),
                Some(_) => {
                    found.second = true;
                    break;
                }
            }
        }
        found
    }

    /// Whether there is one beside this connection.
    fn beside(&self, connection: &ConnectionId) -> bool {
        self.second || self.first.is_some_and(|first| first != connection)
    }
}

/// The certificates that were encrypted for and are not any more, nor will be.
fn used_before(uses: &[CertificateUse], at: Timestamp) -> Vec<Fingerprint> {
    let in_use = used_now(uses, at).map(|entry| entry.fingerprint);
    let encrypts = |entry: &&CertificateUse| entry.purposes.contains(&CertificatePurpose::Encrypt);
    let begins_later = |print: &Fingerprint| {
        uses.iter()
            .filter(encrypts)
            .any(|entry| entry.fingerprint == *print && entry.from.is_some_and(|from| from > at))
    };
    let mut found: Vec<Fingerprint> = uses
        .iter()
        .filter(encrypts)
        .map(|entry| entry.fingerprint)
        .filter(|print| Some(*print) != in_use && !begins_later(print))
        .collect();
    found.dedup();
    found
}

/// Whether a key is too short or too long for the rules in force at an instant.
fn key_size(facts: &CertificateFacts, policy: &ResolvedPolicy, kind: ProfileKind, at: Timestamp) -> Option<KeySize> {
    let setting = match facts.key.algorithm {
        KeyAlgorithm::Rsa => Setting::PartnerRsaBits,
        KeyAlgorithm::Ec => Setting::PartnerEcBits,
        KeyAlgorithm::Ed | KeyAlgorithm::Other => return None,
    };
    let bits = SettingValue::Number(facts.key.bits);
    policy
        .rules
        .iter()
        .map(|resolved| &resolved.rule)
        .filter(|rule| rule.setting == setting && rule.applies_to.covers(kind))
        .filter(|rule| rule.from.instant() <= at && !rule.ended(at))
        .find(|rule| !rule.requirement.met_by(setting, &bits))
        .map(|rule| if above_the_least(&rule.requirement, facts.key.bits) { KeySize::Long } else { KeySize::Short })
}

/// Whether a size that a rule does not allow is above the least that it does.
fn above_the_least(requirement: &Requirement, bits: u32) -> bool {
    let number = |value: &SettingValue| match value {
        SettingValue::Number(number) => Some(*number),
        SettingValue::Flag(_) | SettingValue::Word(_) => None,
    };
    let least = match requirement {
        Requirement::AtLeast(least) | Requirement::Range(least, _) => number(least),
        Requirement::OneOf(allowed) => allowed.iter().filter_map(number).min(),
        Requirement::Never(_) => None,
    };
    least.is_some_and(|least| bits >= least)
}
