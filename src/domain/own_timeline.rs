//! Our own identity of a profile over time: whose key signs at an instant.
//!
//! Decrypting needs no timeline: every key in the workspace is tried, those that are not signed with yet and those that
//! are not signed with any more included. Signing has exactly one at every instant, computed at the instant of use.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::certificate::CertificateFacts;
use super::identifier::IdentityName;
use super::instant;
use super::timeline::{Activation, ActivationError};

/// The most identities that a profile remembers: the schedule is no archive, the journal is.
const MOST: usize = 32;

/// From when an identity signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityUse {
    /// Which identity.
    pub name: IdentityName,
    /// The first instant at which it signs; since ever, where absent.
    pub from: Option<Timestamp>,
    /// The time zone in which `from` was stated.
    pub zone: Option<String>,
}

/// A profile's identities in the order in which they sign. There is always one, and exactly one at every instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTimeline {
    /// Sorted by `from`, no two together; never empty.
    uses: Vec<IdentityUse>,
}

/// A list of identities that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnTimelineError {
    /// Nothing in it.
    #[error("`identity` names no identity")]
    Empty,
    /// More than any profile ever had.
    #[error("`identity` lists more than {MOST} identities")]
    TooMany,
    /// Two begin at one instant.
    #[error("`identity`: `{one}` and `{other}` would sign from the same instant on")]
    Together {
        /// One of them.
        one: IdentityName,
        /// The other.
        other: IdentityName,
    },
}

/// A change of the identity that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnChangeError {
    /// The instant makes no sense.
    #[error(transparent)]
    Activation(#[from] ActivationError),
    /// It signs already.
    #[error("`{name}` signs already")]
    SignsAlready {
        /// The identity.
        name: IdentityName,
    },
    /// Nothing is scheduled.
    #[error("no change of the identity is scheduled")]
    NothingScheduled,
    /// There was none before.
    #[error("`{name}` is the first identity here: there is none to go back to")]
    NoneBefore {
        /// The one that signs.
        name: IdentityName,
    },
    /// The one before has ended.
    #[error("`{name}` cannot sign again: its certificate ended at {not_after}")]
    Ended {
        /// The one before.
        name: IdentityName,
        /// Its certificate's end.
        not_after: Timestamp,
    },
}

impl OwnTimeline {
    /// One identity, since ever.
    #[must_use]
    pub fn plain(name: IdentityName) -> Self {
        Self { uses: vec![IdentityUse { name, from: None, zone: None }] }
    }

    /// Several, in any order.
    ///
    /// # Errors
    /// Where there is none, or two begin together.
    pub fn new(mut uses: Vec<IdentityUse>) -> Result<Self, OwnTimelineError> {
        if uses.is_empty() {
            return Err(OwnTimelineError::Empty);
        }
        if uses.len() > MOST {
            return Err(OwnTimelineError::TooMany);
        }
        uses.sort_by_key(|entry| entry.from);
        if let Some(pair) = uses.windows(2).find(|pair| pair[0].from == pair[1].from) {
            return Err(OwnTimelineError::Together { one: pair[0].name.clone(), other: pair[1].name.clone() });
        }
        Ok(Self { uses })
    }

    /// All of them, the first first.
    #[must_use]
    pub fn uses(&self) -> &[IdentityUse] {
        &self.uses
    }

    /// The one that signs at an instant: of those that have begun the last, and before any has begun the first.
    #[must_use]
    pub fn signing(&self, at: Timestamp) -> &IdentityUse {
        let begun = self.uses.iter().take_while(|entry| entry.from.is_none_or(|from| from <= at)).count();
        &self.uses[begun.saturating_sub(1)]
    }

    /// The name of the one that signs at an instant.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> &IdentityName {
        &self.signing(at).name
    }

    /// The next change after an instant: which identity will sign, and from when.
    #[must_use]
    pub fn next(&self, at: Timestamp) -> Option<(&IdentityUse, Timestamp)> {
        let here = self.at(at);
        self.uses
            .iter()
            .filter_map(|entry| Some((entry, entry.from.filter(|from| *from > at)?)))
            .find(|(entry, _)| entry.name != *here)
    }

    /// The one that signed before the present one, where that is known.
    #[must_use]
    pub fn before(&self, at: Timestamp) -> Option<&IdentityUse> {
        let here = self.at(at);
        self.uses
            .iter()
            .filter(|entry| entry.from.is_none_or(|from| from <= at))
            .rev()
            .find(|entry| entry.name != *here)
    }

    /// Whether it names an identity, whenever that signs.
    #[must_use]
    pub fn names(&self, name: &IdentityName) -> bool {
        self.uses.iter().any(|entry| entry.name == *name)
    }

    /// Whether an identity signs at an instant or will later: such a one must not be removed.
    #[must_use]
    pub fn needs(&self, name: &IdentityName, at: Timestamp) -> bool {
        self.at(at) == name
            || self.uses.iter().any(|entry| entry.name == *name && entry.from.is_some_and(|from| from > at))
    }

    /// The same without the past of an identity that is removed. Where it is still needed, nothing changes.
    #[must_use]
    pub fn without(&self, name: &IdentityName, at: Timestamp) -> Self {
        if self.needs(name, at) {
            return self.clone();
        }
        Self { uses: self.uses.iter().filter(|entry| entry.name != *name).cloned().collect() }
    }

    /// Has another identity sign from now or from an instant on. What was scheduled before is replaced: a profile has one
    /// change to come at a time. The past stays as it was.
    ///
    /// # Errors
    /// Where it signs already, or the instant is past or outside its certificate's validity.
    pub fn change_over(
        &self,
        new: &IdentityName,
        facts: &CertificateFacts,
        activation: &Activation,
        now: Timestamp,
    ) -> Result<Self, OwnChangeError> {
        if self.at(now) == new {
            return Err(OwnChangeError::SignsAlready { name: new.clone() });
        }
        let (from, zone) = match activation {
            Activation::Now => (now, None),
            Activation::At { at, .. } if *at < now => Err(ActivationError::Past { at: *at, now })?,
            Activation::At { at, zone } => (*at, zone.clone()),
        };
        if from < facts.not_before {
            Err(ActivationError::BeforeBegin { at: from, not_before: facts.not_before })?;
        }
        if from > facts.not_after {
            Err(ActivationError::AfterEnd { at: from, not_after: facts.not_after })?;
        }
        Ok(self.with(IdentityUse { name: new.clone(), from: Some(from), zone }, now))
    }

    /// Gives up the change that is to come.
    ///
    /// # Errors
    /// Where none is.
    pub fn cancel(&self, now: Timestamp) -> Result<Self, OwnChangeError> {
        let kept = self.begun(now);
        if kept.len() == self.uses.len() {
            return Err(OwnChangeError::NothingScheduled);
        }
        Ok(Self { uses: kept })
    }

    /// Has the one that signed before sign again from now on. A change that is to come is given up with it.
    ///
    /// # Errors
    /// Where there was none before, or its certificate has ended.
    pub fn roll_back(
        &self,
        facts: impl Fn(&IdentityName) -> Option<CertificateFacts>,
        now: Timestamp,
    ) -> Result<Self, OwnChangeError> {
        let before =
            self.before(now).ok_or_else(|| OwnChangeError::NoneBefore { name: self.at(now).clone() })?.name.clone();
        if let Some(facts) = facts(&before).filter(|facts| facts.not_after < now) {
            return Err(OwnChangeError::Ended { name: before, not_after: facts.not_after });
        }
        Ok(self.with(IdentityUse { name: before, from: Some(now), zone: None }, now))
    }

    /// What has begun by now, and one more after it.
    fn with(&self, next: IdentityUse, now: Timestamp) -> Self {
        let mut uses = self.begun(now);
        // The first has signed since ever, also before it says so.
        if let Some(first) = uses.first_mut().filter(|first| first.from == next.from) {
            (first.from, first.zone) = (None, None);
        }
        // At the very instant of an earlier change the later word counts.
        uses.retain(|entry| entry.from.is_none() || entry.from != next.from);
        uses.push(next);
        uses.sort_by_key(|entry| entry.from);
        let surplus = uses.len().saturating_sub(MOST);
        uses.drain(..surplus);
        Self { uses }
    }

    /// What has begun by now; where nothing has, the first, which signs all the same and so has done since ever.
    fn begun(&self, now: Timestamp) -> Vec<IdentityUse> {
        let count = self.uses.iter().take_while(|entry| entry.from.is_none_or(|from| from <= now)).count();
        match (count, self.uses.first()) {
            (0, Some(first)) => vec![IdentityUse { from: None, zone: None, ..first.clone() }],
            _ => self.uses[..count].to_vec(),
        }
    }

    /// How far from now a change lies; nothing where none is to come.
    #[must_use]
    pub fn until_next(&self, now: Timestamp) -> Option<SignedDuration> {
        self.next(now).map(|(_, at)| at.duration_since(now))
    }
}

impl From<IdentityName> for OwnTimeline {
    fn from(name: IdentityName) -> Self {
        Self::plain(name)
    }
}

/// The name alone where one identity signs since ever; else the whole, as the connection file writes it.
impl std::fmt::Display for OwnTimeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, entry) in self.uses.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{}", entry.name)?;
            if let Some(from) = entry.from {
                write!(f, " from {}", instant::written(from, entry.zone.as_deref()))?;
            }
        }
        Ok(())
    }
}

/// One entry as the connection file writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: IdentityName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

impl Serialize for OwnTimeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let [IdentityUse { name, from: None, .. }] = self.uses.as_slice() {
            return name.serialize(serializer);
        }
        serializer.collect_seq(self.uses.iter().map(|entry| Written {
            name: entry.name.clone(),
            from: entry.from.map(|from| instant::written(from, entry.zone.as_deref())),
        }))
    }
}

impl<'de> Deserialize<'de> for OwnTimeline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrList;

        impl<'de> serde::de::Visitor<'de> for NameOrList {
            type Value = OwnTimeline;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of an identity, or a list of tables { name, from }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OwnTimeline, E> {
                text.parse::<IdentityName>().map(OwnTimeline::plain).map_err(E::custom)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<OwnTimeline, A::Error> {
                use serde::de::Error as _;
                let mut uses = Vec::new();
                while let Some(Written { name, from }) = list.next_element()? {
                    let stated = from.as_deref().map(instant::parse).transpose().map_err(A::Error::custom)?;
                    let zone = stated.as_ref().and_then(|stated| stated.zone.clone());
                    uses.push(IdentityUse { name, from: stated.map(|stated| stated.at), zone });
                    if uses.len() > MOST {
                        return Err(A::Error::custom(OwnTimelineError::TooMany));
                    }
                }
                OwnTimeline::new(uses).map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(NameOrList)
    }
}

#[cfg(test)]
mod tests;
