//! How much room there is on a disk.

use std::path::Path;

/// With less than this a database cannot even be opened for writing: the index of its log alone takes 32 KiB.
const NOTHING: u64 = 128 * 1024;

/// So many bytes this user may still write on the disk of a file or folder; nothing where that is not known.
#[cfg(unix)]
pub(super) fn free(place: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(place).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Elsewhere it is not asked: what is written fails, and says so.
#[cfg(not(unix))]
pub(super) const fn free(_place: &Path) -> Option<u64> {
    None
}

/// Whether nothing more can be written there.
pub(super) fn is_full(place: &Path) -> bool {
    free(place).is_some_and(|bytes| bytes < NOTHING)
}
