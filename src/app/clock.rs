//! The clock: the one place that reads it.

use jiff::Timestamp;

/// Where the present comes from.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// An instant that does not move, for tests.
    Fixed(Timestamp),
}

impl Clock {
    /// The present instant, in whole milliseconds: more is measured by nobody and only fills lines.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => {
                let now = Timestamp::now();
                Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
            }
            Self::Fixed(at) => at,
        }
    }
}
