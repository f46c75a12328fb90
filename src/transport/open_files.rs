//! How many files and connections this program may have open at once.

/// So many are asked for, where the system lets us have them: for each connection the socket and up to three files of the
/// archive, and what else is open. Not all that the system allows, because programs that are started from here inherit it,
/// and some go through every one that there may be.
#[cfg(unix)]
const WANTED: u64 = 4096;

/// Raises the limit that a user sets as they begin, usually 1024 or less, to what is needed or the most that the system
/// allows; and says what it is then. Nothing where the system does not say.
#[cfg(unix)]
pub(super) fn raised_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let current = limits.current?;
    let wanted = limits.maximum.map_or(WANTED, |most| most.min(WANTED));
    if current < wanted && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limits }).is_ok() {
        return Some(wanted);
    }
    Some(current)
}

/// Windows has no such limit.
#[cfg(not(unix))]
pub(super) const fn raised_limit() -> Option<u64> {
    None
}
