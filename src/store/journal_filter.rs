//! What is asked of the journal's lists: which transmissions, in which order, and from which place on.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::spelling::spelled;
use crate::domain::transmission::{Direction, Verdict};

/// Which transmissions a list holds, and in which order. The default is the newest hundred of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransmissionFilter {
    /// Only those that failed or were refused.
    pub failed: bool,
    /// Only those of this verdict.
    pub verdict: Option<Verdict>,
    /// Only those whose verdict has this cause.
    pub cause: Option<String>,
    /// Only those that went this way.
    pub direction: Option<Direction>,
    /// Only those of this connection.
    pub connection: Option<ConnectionId>,
    /// Only those of this profile.
    pub profile: Option<ProfileKind>,
    /// Only those journalled at this instant or later.
    pub since: Option<Timestamp>,
    /// Only those journalled before this instant.
    pub until: Option<Timestamp>,
    /// Only those with a payload of so many bytes or more.
    pub min_bytes: Option<u64>,
    /// Only those with a payload of so many bytes or fewer.
    pub max_bytes: Option<u64>,
    /// Only those whose document is of this type: `850`, `ORDERS`.
    pub document: Option<String>,
    /// Only those whose Message-ID, file name or control numbers hold this; three characters or more, capitals or not.
    pub search: Option<String>,
    /// By what they are sorted.
    pub sort: Sort,
    /// The other way round.
    pub reverse: bool,
    /// At most this many; 1 to 10,000.
    pub limit: usize,
    /// Only those after this place in the list: the page that follows.
    pub after: Option<Cursor>,
    /// So many are passed over.
    pub skip: u64,
}

impl Default for TransmissionFilter {
    fn default() -> Self {
        Self {
            failed: false,
            verdict: None,
            cause: None,
            direction: None,
            connection: None,
            profile: None,
            since: None,
            until: None,
            min_bytes: None,
            max_bytes: None,
            document: None,
            search: None,
            sort: Sort::Time,
            reverse: false,
            limit: 100,
            after: None,
            skip: 0,
        }
    }
}

spelled! {
    /// By what a list is sorted. Among equals the newest comes first; the other way round everything is.
    pub enum Sort {
        /// The newest first.
        Time = "time",
        /// By the connection's id.
        Connection = "connection",
        /// The largest first.
        Size = "size",
        /// What needs action first: failed, uncertain, waiting, under way, cancelled, delivered.
        Result = "result",
    }
}

/// The fewest characters that are searched for.
pub const SHORTEST_SEARCH: usize = 3;

/// A place in a list of transmissions, from which a next page goes on. As text it is opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The number of the last one.
    pub(super) number: i64,
    /// By what the list was sorted, and what that was of the last one, but for time.
    pub(super) key: Option<(Sort, String)>,
}

impl Cursor {
    /// By what the list is sorted that this is a place in.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.key.as_ref().map_or(Sort::Time, |(sort, _)| *sort)
    }
}

/// A text that is no place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not what an earlier list gave as the place of its next page")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some((sort, key)) => write!(f, "{}.{sort}.{key}", self.number),
            None => write!(f, "{}", self.number),
        }
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (number, key) = text.split_once('.').map_or((text, None), |(number, key)| (number, Some(key)));
        let sorted = |key: &str| {
            let (sort, key) = key.split_once('.')?;
            sort.parse().ok().map(|sort| (sort, key.to_owned()))
        };
        let key = key.map(|key| sorted(key).ok_or(CursorError)).transpose()?;
        Ok(Self { number: number.parse().map_err(|_not_a_number| CursorError)?, key })
    }
}
