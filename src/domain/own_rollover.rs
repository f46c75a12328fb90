//! How far a partner is with a new identity of ours: told, confirmed, signed with, seen working.
//!
//! Whose key signs is [`OwnTimeline`]'s to say. This is what is known of the other side: nothing here changes what is
//! signed with, and a partner who never answered is changed over on the date all the same, which is why it is shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::identifier::IdentityName;
use super::own_timeline::OwnTimeline;
use super::spelling::spelled;

/// Days before the change from which it is said that nobody has told the partner.
const TELL_DAYS: i64 = 14;
/// Days before the change from which it is said that the partner has not confirmed.
const CONFIRM_DAYS: i64 = 3;
/// Days after the change from which it is said that nothing shows that it works.
const SILENT_DAYS: i64 = 7;
const DAY: i64 = 86_400;

spelled! {
    /// How far one profile's partner is.
    pub enum OwnStage {
        /// Nobody has told them.
        NotTold = "not-told",
        /// They were given the certificate and the date.
        Told = "told",
        /// They have said that it is installed.
        Confirmed = "confirmed",
        /// We sign with it.
        Signing = "signing",
        /// And messages show that they use it.
        Working = "working",
        /// It has signed since ever: there was no change that they had to be told of.
        InUse = "in-use",
        /// Another one signs instead of it by now.
        Replaced = "replaced",
    }
}

impl OwnStage {
    /// In words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotTold => "Not told",
            Self::Told => "Told",
            Self::Confirmed => "Confirmed",
            Self::Signing => "Signing with it",
            Self::Working => "Seen working",
            Self::InUse => "In use",
            Self::Replaced => "Replaced",
        }
    }
}

/// A step that a person has made, when, and how or by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// When.
    pub at: Timestamp,
    /// How they were told, or by whom it was confirmed.
    pub words: String,
}

/// What is known of one profile's partner and one certificate of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquaintance {
    /// When and how they were told.
    pub told: Option<Noted>,
    /// When and by whom it was confirmed.
    pub confirmed: Option<Noted>,
    /// When a message came that was encrypted for it.
    pub decrypted: Option<Timestamp>,
    /// When a message signed with it was acknowledged by a receipt.
    pub verified: Option<Timestamp>,
}

impl Acquaintance {
    /// When it was first seen to work, either way.
    #[must_use]
    pub fn seen(&self) -> Option<Timestamp> {
        self.decrypted.into_iter().chain(self.verified).min()
    }
}

/// How far a partner is with an identity at an instant.
#[must_use]
pub fn stage(timeline: &OwnTimeline, new: &IdentityName, known: &Acquaintance, now: Timestamp) -> OwnStage {
    let signing = timeline.signing(now);
    let signs = signing.name == *new;
    let mut begun = timeline.uses().iter().filter(|entry| entry.from.is_none_or(|from| from <= now));
    if !timeline.needs(new, now) && begun.any(|entry| entry.name == *new) {
        OwnStage::Replaced
    } else if signs && signing.from.is_none() {
        OwnStage::InUse
    } else if signs && known.seen().is_some() {
        OwnStage::Working
    } else if signs {
        OwnStage::Signing
    } else if known.confirmed.is_some() {
        OwnStage::Confirmed
    } else if known.told.is_some() {
        OwnStage::Told
    } else {
        OwnStage::NotTold
    }
}

/// What is to be worried about at an instant, in a sentence; nothing where all is as it should be.
#[must_use]
pub fn concern(timeline: &OwnTimeline, new: &IdentityName, known: &Acquaintance, now: Timestamp) -> Option<String> {
    // Who has encrypted for it has it.
    let installed = known.confirmed.is_some() || known.seen().is_some();
    let stage = stage(timeline, new, known, now);
    if let Some((_, at)) = timeline.next(now).filter(|(entry, _)| entry.name == *new) {
        let days = (at.as_second() - now.as_second()).div_euclid(DAY);
        let when = match days {
            0 => "within a day".to_owned(),
            1 => "in a day".to_owned(),
            days => format!("in {days} days"),
        };
        return match stage {
            OwnStage::NotTold if !installed && days < TELL_DAYS => {
                Some(format!("We sign with it {when}, and nobody has told them"))
            }
            OwnStage::Told if !installed && days < CONFIRM_DAYS => {
                Some(format!("We sign with it {when}, and they have not confirmed"))
            }
            _ => None,
        };
    }
    let since = timeline.signing(now).from.filter(|_| stage == OwnStage::Signing)?;
    let days = (now.as_second() - since.as_second()).div_euclid(DAY);
    if timeline.uses().len() > 1 && !installed {
        return Some("We sign with it, and they have not confirmed that they have it".to_owned());
    }
    (days >= SILENT_DAYS).then(|| format!("We have signed with it for {days} days, and nothing shows that it works"))
}

#[cfg(test)]
mod tests {
    use super::super::own_timeline::IdentityUse;
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * DAY).unwrap()
    }

    #[test]
    fn a_partner_goes_from_not_told_to_seen_working_and_what_is_late_is_said() {
        let (old, new): (IdentityName, IdentityName) = ("old".parse().unwrap(), "new".parse().unwrap());
        let timeline = OwnTimeline::new(vec![
            IdentityUse { name: old, from: None, zone: None },
            IdentityUse { name: new.clone(), from: Some(day(100)), zone: None },
        ])
        .unwrap();
        let at = |known: &Acquaintance, number| {
            (stage(&timeline, &new, known, day(number)), concern(&timeline, &new, known, day(number)).is_some())
        };
        let noted = |number| Some(Noted { at: day(number), words: "by mail".to_owned() });
        let mut known = Acquaintance::default();
        assert_eq!(at(&known, 50), (OwnStage::NotTold, false));
        assert_eq!(at(&known, 86), (OwnStage::NotTold, false));
        assert_eq!(at(&known, 87), (OwnStage::NotTold, true));
        known.told = noted(87);
        assert_eq!(at(&known, 88), (OwnStage::Told, false));
        assert_eq!(at(&known, 98), (OwnStage::Told, true));
        known.confirmed = noted(98);
        assert_eq!(at(&known, 99), (OwnStage::Confirmed, false));
        assert_eq!(at(&known, 100), (OwnStage::Signing, false));
        assert_eq!(at(&known, 107), (OwnStage::Signing, true));
        known.verified = Some(day(107));
        assert_eq!(at(&known, 108), (OwnStage::Working, false));
        let first = timeline.uses()[0].name.clone();
        let of_old = |number| stage(&timeline, &first, &Acquaintance::default(), day(number));
        assert_eq!((of_old(50), of_old(101)), (OwnStage::InUse, OwnStage::Replaced));
        let told = Acquaintance { told: noted(80), ..Acquaintance::default() };
        assert_eq!(at(&told, 101), (OwnStage::Signing, true));
        let used = Acquaintance { decrypted: Some(day(90)), ..told };
        assert_eq!(at(&used, 98), (OwnStage::Told, false), "they have it: they encrypt for it");
    }
}
