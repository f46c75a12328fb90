//! Whether a program is at work on a workspace, as told by the files that such programs lock.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::lock::take_lock;

/// Locked by the one program that receives for a workspace.
pub const SERVING: &str = "serving";

/// Locked by the one program that does what is done by itself: the window has it too, where no other program does.
pub const DUE_WORK: &str = "due-work";

/// As long as this lives, no program receives for a workspace or does what is due.
pub(super) struct Alone {
    _locked: Vec<File>,
}

impl Alone {
    /// Locks both; nothing where some program has one of them. What cannot be locked is nobody's.
    pub(super) async fn claim(folder: &Path) -> Option<Self> {
        let mut locked = Vec::new();
        for name in [SERVING, DUE_WORK] {
            let opened = File::options().create(true).truncate(false).write(true).open(folder.join(name));
            let Ok(file) = opened else { continue };
            match take_lock(&file).await {
                Ok(()) => locked.push(file),
                Err(TryLockError::WouldBlock) => return None,
                Err(TryLockError::Error(_)) => {}
            }
        }
        Some(Self { _locked: locked })
    }
}
