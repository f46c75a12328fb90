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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::certificate::{Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts};

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn name(text: &str) -> IdentityName {
        text.parse().unwrap()
    }

    fn facts(from: i64, until: i64) -> CertificateFacts {
        CertificateFacts {
            subject: "CN=us".to_owned(),
            issuer: "CN=us".to_owned(),
            serial: "01".to_owned(),
            fingerprint_sha256: Fingerprint([1; 32]),
            fingerprint_sha1: String::new(),
            spki_sha256: String::new(),
            not_before: day(from),
            not_after: day(until),
            key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
            signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
            self_signed: true,
            ca: false,
            key_usage: Vec::new(),
        }
    }

    fn at(number: i64) -> Activation {
        Activation::At { at: day(number), zone: Some("Europe/Berlin".to_owned()) }
    }

    #[test]
    fn signing_flips_at_the_instant_and_can_be_put_off_given_up_and_taken_back() {
        let (old, new) = (name("acme-2026"), name("acme-2028"));
        let plain = OwnTimeline::plain(old.clone());
        let planned = plain.change_over(&new, &facts(0, 400), &at(90), day(80)).unwrap();
        assert_eq!(planned.at(day(0)), &old);
        assert_eq!(planned.at(Timestamp::from_second(90 * 86_400 - 1).unwrap()), &old);
        assert_eq!(planned.at(day(90)), &new);
        assert_eq!(planned.next(day(80)).map(|(entry, at)| (&entry.name, at)), Some((&new, day(90))));
        assert!(planned.needs(&new, day(80)) && planned.needs(&old, day(80)));
        let later = planned.change_over(&new, &facts(0, 400), &at(95), day(81)).unwrap();
        assert_eq!((later.at(day(94)), later.at(day(95))), (&old, &new));
        assert_eq!(later.uses().len(), 2);
        assert_eq!(later.cancel(day(82)).unwrap(), plain);
        assert_eq!(plain.cancel(day(82)), Err(OwnChangeError::NothingScheduled));
        let active = later.change_over(&new, &facts(0, 400), &Activation::Now, day(83)).unwrap();
        assert_eq!((active.at(day(82)), active.at(day(83))), (&old, &new));
        let back = active.roll_back(|_| Some(facts(0, 400)), day(84)).unwrap();
        assert_eq!((back.at(day(82)), back.at(day(83)), back.at(day(84))), (&old, &new, &old));
        assert!(!back.needs(&new, day(85)) && !back.without(&new, day(85)).names(&new));
        assert!(matches!(plain.roll_back(|_| None, day(1)), Err(OwnChangeError::NoneBefore { .. })));
        assert!(matches!(active.roll_back(|_| Some(facts(0, 83)), day(84)), Err(OwnChangeError::Ended { .. })));
    }

    #[test]
    fn an_instant_outside_the_possible_is_refused() {
        let plain = OwnTimeline::plain(name("a"));
        let attempt = |when| plain.change_over(&name("b"), &facts(50, 200), &at(when), day(40));
        use ActivationError::{AfterEnd, BeforeBegin, Past};
        assert!(matches!(attempt(39), Err(OwnChangeError::Activation(Past { .. }))));
        assert!(matches!(attempt(45), Err(OwnChangeError::Activation(BeforeBegin { .. }))));
        assert!(matches!(attempt(201), Err(OwnChangeError::Activation(AfterEnd { .. }))));
        let now = plain.change_over(&name("a"), &facts(0, 200), &Activation::Now, day(40));
        assert!(matches!(now, Err(OwnChangeError::SignsAlready { .. })));
    }

    #[test]
    fn the_plain_form_stays_plain_and_the_other_is_read_back() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct File {
            identity: OwnTimeline,
        }
        let plain: File = toml::from_str("identity = \"acme-2026\"\n").unwrap();
        assert_eq!(toml::to_string(&plain).unwrap(), "identity = \"acme-2026\"\n");
        let text = "identity = [{ name = \"b\", from = \"2027-03-01T09:00[Europe/Berlin]\" }, { name = \"a\" }]\n";
        let listed: File = toml::from_str(text).unwrap();
        assert_eq!(listed.identity.uses()[1].zone.as_deref(), Some("Europe/Berlin"));
        let again: File = toml::from_str(&toml::to_string(&listed).unwrap()).unwrap();
        assert_eq!(again, listed);
        let json = serde_json::to_string(&listed).unwrap();
        assert_eq!(serde_json::from_str::<File>(&json).unwrap(), listed);
        for (bad, words) in [
            ("identity = []", "names no identity"),
            ("identity = [{ name = \"a\" }, { name = \"b\" }]", "same instant"),
            ("identity = [{ name = \"a\", when = \"x\" }]", "when"),
            ("identity = [{ name = \"a\", from = \"2027-03-01T09:00\" }]", "time zone"),
            ("identity = 1", "name of an identity"),
        ] {
            let error = toml::from_str::<File>(bad).unwrap_err().to_string();
            assert!(error.contains(words), "{bad}: {error}");
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Change(u8, Option<u16>),
        Cancel,
        Back,
    }

    fn step() -> impl Strategy<Value = (u16, Step)> {
        let what = prop_oneof![
            (0_u8..4, prop::option::of(0_u16..300)).prop_map(|(which, ahead)| Step::Change(which, ahead)),
            Just(Step::Cancel),
            Just(Step::Back),
        ];
        (0_u16..50, what)
    }

    /// Any list that a connection file may have: also one whose first begins only in the future.
    fn start() -> impl Strategy<Value = OwnTimeline> {
        let entry = (0_u8..4, prop::option::weighted(0.8, 0_i64..200));
        prop::collection::vec(entry, 1..5).prop_filter_map("two together", |entries| {
            let uses = entries
                .into_iter()
                .map(|(which, from)| IdentityUse {
                    name: name(["a", "b", "c", "d"][usize::from(which)]),
                    from: from.map(day),
                    zone: None,
                })
                .collect();
            OwnTimeline::new(uses).ok()
        })
    }

    #[test]
    fn a_change_before_the_first_has_begun_comes_after_it_and_leaves_the_past_alone() {
        let uses = vec![IdentityUse { name: name("a"), from: Some(day(100)), zone: None }];
        let timeline = OwnTimeline::new(uses).unwrap();
        let planned = timeline.change_over(&name("b"), &facts(0, 400), &at(50), day(40)).unwrap();
        assert_eq!((planned.at(day(49)), planned.at(day(50))), (&name("a"), &name("b")));
        assert_eq!(planned.at(day(150)), &name("b"), "a profile has one change to come at a time");
    }

    #[test]
    fn a_change_at_the_instant_of_the_first_leaves_the_past_to_it() {
        let uses = vec![IdentityUse { name: name("a"), from: Some(day(9)), zone: None }];
        let changed = OwnTimeline::new(uses).unwrap().change_over(&name("b"), &facts(0, 400), &at(9), day(9)).unwrap();
        assert_eq!((changed.at(day(8)), changed.at(day(9))), (&name("a"), &name("b")));
    }

    proptest! {
        /// Whatever is done, what signed in the past stays as it was, one change is to come at most, and what a step
        /// says holds at its instant.
        #[test]
        fn the_past_never_changes_and_the_future_holds_one_change(
            start in start(),
            steps in prop::collection::vec(step(), 0..30),
        ) {
            let names: Vec<IdentityName> = ["a", "b", "c", "d"].into_iter().map(name).collect();
            let wide = facts(-1000, 100_000);
            let mut timeline = start;
            // As it was written by hand, it may hold several changes to come until the first of ours.
            let mut by_hand = true;
            let mut now = 1_i64;
            for (pause, step) in steps {
                now += i64::from(pause);
                let before = timeline.clone();
                let result = match &step {
                    Step::Change(which, ahead) => {
                        let activation = ahead.map_or(Activation::Now, |ahead| at(now + i64::from(ahead)));
                        timeline.change_over(&names[usize::from(*which)], &wide, &activation, day(now))
                    }
                    Step::Cancel => timeline.cancel(day(now)),
                    Step::Back => timeline.roll_back(|_| Some(wide.clone()), day(now)),
                };
                if let Ok(after) = result {
                    timeline = after;
                    by_hand = false;
                }
                for past in 0..now {
                    prop_assert_eq!(timeline.at(day(past)), before.at(day(past)), "{} at {}", past, now);
                }
                let to_come = timeline.uses().iter().filter(|entry| entry.from.is_some_and(|from| from > day(now)));
                prop_assert!(by_hand || to_come.count() <= 1);
                prop_assert!(timeline.uses().windows(2).all(|pair| pair[0].from < pair[1].from));
                let written = serde_json::to_string(&timeline).unwrap();
                prop_assert_eq!(&serde_json::from_str::<OwnTimeline>(&written).unwrap(), &timeline);
            }
        }
    }
}
