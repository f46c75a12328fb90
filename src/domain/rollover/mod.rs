//! A rollover: one renewed certificate, the ones it replaces, and every profile that uses one of those, brought to the new
//! one together.
//!
//! | if you look for | it is in |
//! |---|---|
//! | what is kept of a rollover | here |
//! | how each profile stands, computed from facts | `standing` |
//! | what a change would do, before it is made | `plan`, said in `planned` |
//! | the table that goes out and comes in as CSV | `sheet` |
//!
//! Only what somebody decided is kept: who takes part, when, who was told. How a profile stands is computed at the
//! instant of looking, from the profile's timeline and from the journal, so that it cannot be out of date.

mod plan;
mod planned;
mod sheet;
mod standing;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::{CertificateFacts, Fingerprint};
use super::identifier::{ConnectionId, ProfileKind};
use super::timeline::{Activation, ActivationError, CertificateUse, instant_of, next_activation, used_now};

pub use plan::{Lookups, Step, plan};
pub use planned::{KeptProfile, PlannedProfile, RefusedProfile, RolloverPlan, ScheduleEffect, ScheduledUse};
pub use sheet::{MOST_BYTES, SheetError, SheetErrors, SheetRow, SheetTime, read_sheet, write_sheet};
pub use standing::{Board, BoardRow, Message, ProfileFacts, Proof, ProofKind, RolloverState, StateCount, board};

/// A profile by its connection's id and its kind.
pub type ProfileKey = (ConnectionId, ProfileKind);

/// Number of a rollover, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RolloverId(pub u32);

/// A text that is no rollover's number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not the number of a rollover, such as 1")]
pub struct RolloverIdError {
    /// What was given, cut to 60 characters.
    pub given: String,
}

impl fmt::Display for RolloverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RolloverId {
    type Err = RolloverIdError;

    fn from_str(text: &str) -> Result<Self, RolloverIdError> {
        match text.trim().parse() {
            Ok(number) if number > 0 => Ok(Self(number)),
            _ => Err(RolloverIdError { given: text.chars().take(60).collect() }),
        }
    }
}

/// When a profile is to change to the new certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedActivation {
    /// The instant; as soon as it is applied, where absent.
    pub at: Option<Timestamp>,
    /// The zone in which it was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl From<&Activation> for PlannedActivation {
    fn from(activation: &Activation) -> Self {
        match activation {
            Activation::Now => Self { at: None, zone: None },
            Activation::At { at, zone } => Self { at: Some(*at), zone: zone.clone() },
        }
    }
}

impl PlannedActivation {
    /// Holds that a certificate can go active then.
    ///
    /// # Errors
    /// Where the instant has passed, or lies before the certificate begins or after it ends.
    pub fn check(&self, new: &CertificateFacts, now: Timestamp) -> Result<(), ActivationError> {
        instant_of(new, &Activation::from(self), now).map(|_| ())
    }
}

impl From<&PlannedActivation> for Activation {
    fn from(planned: &PlannedActivation) -> Self {
        planned.at.map_or(Self::Now, |at| Self::At { at, zone: planned.zone.clone() })
    }
}

/// That a partner was told of the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When that was noted.
    pub at: Timestamp,
    /// How: by mail, by telephone …
    #[serde(default)]
    pub how: String,
    /// What else is to be remembered of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What a rollover has done to a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// When it was first done to what was there before.
    pub at: Timestamp,
    /// The profile's certificates as they were before.
    pub before: Vec<CertificateUse>,
    /// As the rollover left them: where they are still so, they can be put back.
    pub after: Vec<CertificateUse>,
}

/// A profile that takes part in a rollover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloverProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// Whether it is to change with the others.
    pub chosen: bool,
    /// Its own time, where it is not that of the rollover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<PlannedActivation>,
    /// That the partner was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// Free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What was done to it so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
}

impl RolloverProfile {
    /// One that takes part and to which nothing was done yet.
    #[must_use]
    pub const fn new(connection: ConnectionId, profile: ProfileKind) -> Self {
        Self { connection, profile, chosen: true, activation: None, told: None, note: String::new(), applied: None }
    }

    /// By what it is found.
    #[must_use]
    pub fn key(&self) -> ProfileKey {
        (self.connection.clone(), self.profile)
    }

    /// Whether the rollover itself has taken its certificate back: the profile's certificates are as it left them, and the
    /// new one is neither used nor scheduled.
    #[must_use]
    pub fn is_rolled_back(&self, uses: &[CertificateUse], certificate: Fingerprint, at: Timestamp) -> bool {
        let left_so = self.applied.as_ref().is_some_and(|applied| applied.after == uses);
        let used = used_now(uses, at).is_some_and(|entry| entry.fingerprint == certificate);
        let scheduled = next_activation(uses, at).is_some_and(|(entry, _)| entry.fingerprint == certificate);
        left_so && !used && !scheduled
    }
}

/// A rollover as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollover {
    /// Its number.
    pub id: RolloverId,
    /// What people call it.
    pub name: String,
    /// The renewed certificate.
    pub certificate: Fingerprint,
    /// The ones that it replaces.
    pub replaces: Vec<Fingerprint>,
    /// When it was started.
    pub created: Timestamp,
    /// When every profile without a time of its own is to change; nothing was said yet, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<PlannedActivation>,
    /// When it was last undone as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
    /// The profiles, by connection and kind. Kept beside it.
    #[serde(skip)]
    pub profiles: Vec<RolloverProfile>,
}

impl Rollover {
    /// When a profile is to change: its own time, else that of all.
    #[must_use]
    pub fn activation_of<'a>(&'a self, profile: &'a RolloverProfile) -> Option<&'a PlannedActivation> {
        profile.activation.as_ref().or(self.activation.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_and_nothing_else() {
        assert_eq!(" 12 ".parse(), Ok(RolloverId(12)));
        for wrong in ["0", "-1", "", "x", "4294967296"] {
            assert!(wrong.parse::<RolloverId>().is_err(), "{wrong}");
        }
    }
}
