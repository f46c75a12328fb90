//! What a step does to each profile, as it is shown before it is done and told afterwards.

use jiff::Timestamp;
use serde::Serialize;

use super::ProfileKey;
use crate::domain::certificate::{CertificateWarning, Fingerprint};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::{CertificateUse, next_activation};

/// A certificate that is scheduled to go active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduledUse {
    /// Which.
    pub certificate: Fingerprint,
    /// When.
    pub at: Timestamp,
    /// The zone in which that was stated.
    pub zone: Option<String>,
}

impl ScheduledUse {
    pub(super) fn of(uses: &[CertificateUse], now: Timestamp) -> Option<Self> {
        let (entry, at) = next_activation(uses, now)?;
        Some(Self { certificate: entry.fingerprint, at, zone: entry.zone.clone() })
    }
}

/// What taking something back does to what is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleEffect<'a> {
    /// Nothing.
    None,
    /// What was to go active does not any more.
    Removed,
    /// This goes active as it was to before the rollover.
    ComesBack(&'a ScheduledUse),
}

/// What a step does to one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// Its name.
    pub name: String,
    /// The profile.
    pub profile: ProfileKind,
    /// What messages are encrypted for now.
    pub encrypts_now: Option<Fingerprint>,
    /// What they will be encrypted for.
    pub encrypts_then: Option<Fingerprint>,
    /// From when; nothing where that does not change.
    pub from: Option<Timestamp>,
    /// The zone in which that was stated.
    pub zone: Option<String>,
    /// What is scheduled to go active as it is.
    pub scheduled_now: Option<ScheduledUse>,
    /// What will be.
    pub scheduled_then: Option<ScheduledUse>,
    /// Until when signatures made with the certificate that is replaced are accepted; nothing where without end.
    pub old_accepted_until: Option<Timestamp>,
    /// What is to be said about it.
    pub warnings: Vec<CertificateWarning>,
    /// Rules of the partner's policy that the profile's certificate would break then.
    pub against_policy: Vec<String>,
    /// Whether it takes something back, and brings nothing in.
    #[serde(skip)]
    pub goes_back: bool,
    /// The profile's certificates as they are.
    #[serde(skip)]
    pub before: Vec<CertificateUse>,
    /// The profile's certificates as they will be.
    #[serde(skip)]
    pub after: Vec<CertificateUse>,
    /// The profile's certificates as undoing will put them back.
    #[serde(skip)]
    pub back_to: Vec<CertificateUse>,
}

impl PlannedProfile {
    /// Whether it changes anything.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.before != self.after
    }

    /// What it does to a schedule, where it takes something back.
    #[must_use]
    pub fn schedule_effect(&self) -> ScheduleEffect<'_> {
        if !self.goes_back || self.scheduled_now == self.scheduled_then {
            return ScheduleEffect::None;
        }
        self.scheduled_then.as_ref().map_or(ScheduleEffect::Removed, ScheduleEffect::ComesBack)
    }

    /// By what it is found.
    #[must_use]
    pub fn key(&self) -> ProfileKey {
        (self.connection.clone(), self.profile)
    }
}

/// A profile for which a step cannot be done: then it is done for none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// Why.
    pub why: String,
}

/// A profile that stays as it is, though the others are changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// Why.
    pub why: String,
}

/// What a step does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RolloverPlan {
    /// The profiles that it changes or leaves as they should be.
    pub profiles: Vec<PlannedProfile>,
    /// Those that stay as they are, and why.
    pub kept: Vec<KeptProfile>,
    /// Those that it cannot be done for. While there are any, nothing is done.
    pub refused: Vec<RefusedProfile>,
}

impl RolloverPlan {
    /// How many profiles it changes.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.profiles.iter().filter(|profile| profile.changes()).count()
    }

    /// How many profiles it leaves as they are: those that stand as they should, and those that stay scheduled by somebody
    /// else than the rollover, which has nothing to take back there.
    #[must_use]
    pub fn unchanged(&self) -> (usize, usize) {
        let scheduled = |profile: &PlannedProfile| profile.goes_back && profile.scheduled_then.is_some();
        let same = self.profiles.iter().filter(|profile| !profile.changes());
        let stay = same.clone().filter(|profile| scheduled(profile)).count();
        (same.count() - stay, stay)
    }

    /// What is to be said, with how many profiles it is said of.
    #[must_use]
    pub fn warnings(&self) -> Vec<(CertificateWarning, usize)> {
        let mut found: Vec<(CertificateWarning, usize)> = Vec::new();
        for warning in self.profiles.iter().filter(|profile| profile.changes()).flat_map(|each| &each.warnings) {
            match found.iter_mut().find(|(known, _)| known == warning) {
                Some((_, number)) => *number += 1,
                None => found.push((*warning, 1)),
            }
        }
        found.sort();
        found
    }

    /// How many profiles would break their partner's policy with it.
    #[must_use]
    pub fn against_policy(&self) -> usize {
        self.profiles.iter().filter(|profile| profile.changes() && !profile.against_policy.is_empty()).count()
    }
}
