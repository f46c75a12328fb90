//! The steps at which is reminded: so many days before something bites, and then when it does.

use super::Notice;
use serde::{Deserialize, Deserializer, Serialize};

/// The most days ahead, a year: no rule is looked for further ahead.
const FURTHEST: u16 = 365;

/// How many steps may be set.
const MOST: usize = 24;

/// When is reminded, in days before the instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// Where nothing has been done about it, and of rules. Falling, each once.
    #[serde(rename = "steps", serialize_with = "super::comma")]
    open: Vec<u16>,
    /// Where the successor is scheduled.
    #[serde(rename = "steps_scheduled", serialize_with = "super::comma")]
    scheduled: Vec<u16>,
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            steps: Vec<u16>,
            steps_scheduled: Vec<u16>,
        }
        let Written { steps, steps_scheduled } = Written::deserialize(deserializer)?;
        Self::new(&steps, &steps_scheduled).map_err(serde::de::Error::custom)
    }
}

/// Days that make no steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepsError {
    /// No step at all.
    #[error("there has to be one step at least, such as 30")]
    None,
    /// Too many.
    #[error("more than {MOST} steps are not kept")]
    TooMany,
    /// Too far ahead, or on the day itself, which is told anyway.
    #[error("{0} is not a number of days from 1 to {FURTHEST}")]
    Range(u16),
}

impl Default for Steps {
    /// 90, 60, 30, 14, 7, 3 and 1 days; 30, 7 and 1 where the successor is scheduled.
    fn default() -> Self {
        Self { open: vec![90, 60, 30, 14, 7, 3, 1], scheduled: vec![30, 7, 1] }
    }
}

impl Steps {
    /// Steps from days in any order.
    ///
    /// # Errors
    /// Where there are none or too many, or one is not from 1 to 365.
    pub fn new(open: &[u16], scheduled: &[u16]) -> Result<Self, StepsError> {
        Ok(Self { open: ordered(open)?, scheduled: ordered(scheduled)? })
    }

    /// The days where nothing has been done yet, falling.
    #[must_use]
    pub fn open(&self) -> &[u16] {
        &self.open
    }

    /// The days where the successor is scheduled, falling.
    #[must_use]
    pub fn scheduled(&self) -> &[u16] {
        &self.scheduled
    }

    /// The furthest of all.
    #[must_use]
    pub fn furthest(&self) -> u16 {
        self.open.first().copied().max(self.scheduled.first().copied()).unwrap_or(0)
    }

    /// The step that has been reached so many seconds before the instant, the latest of those that have: 0 once it is
    /// there, [`Notice::FAR`] where the first is still to come.
    pub(super) fn reached(days: &[u16], seconds_left: i64) -> i32 {
        if seconds_left <= 0 {
            return 0;
        }
        let reached = days.iter().copied().filter(|days| seconds_left <= i64::from(*days) * 86_400).min();
        reached.map_or(Notice::FAR, i32::from)
    }
}

fn ordered(days: &[u16]) -> Result<Vec<u16>, StepsError> {
    if let Some(bad) = days.iter().find(|days| !(1..=FURTHEST).contains(*days)) {
        return Err(StepsError::Range(*bad));
    }
    let mut days = days.to_vec();
    days.sort_unstable_by(|a, b| b.cmp(a));
    days.dedup();
    match days.len() {
        0 => Err(StepsError::None),
        1..=MOST => Ok(days),
        _ => Err(StepsError::TooMany),
    }
}
