//! Keys that a program has left which was killed while it changed what protects them.

use super::archive_sweep::sweep_begun;
use super::database::Database;
use super::error::StoreError;
use super::keyring::{self, KEY_FILE, KeyringEntry, Protection, Unlocked};

/// Takes away a key file that is not whole, and one beside a database that opens by something else.
pub(super) async fn clear_left_keys(database: &Database, protection: &Protection, key: &Unlocked) {
    let folder = database.folder();
    // What cannot be taken away now goes the next time.
    sweep_begun(&folder, KEY_FILE).ok();
    let path = folder.join(KEY_FILE);
    let Ok(key) = key else { return };
    if matches!(protection, Protection::KeyFile { .. }) || !path.exists() {
        return;
    }
    let cleared = async {
        // Whoever protects it by a key file writes that while nobody else writes, and before the database says so.
        let mut session = database.write("look after the key file").await?;
        let entry = KeyringEntry::load(&mut session).await?;
        let is_needed = entry.is_none_or(|entry| matches!(entry.protection(&folder), Protection::KeyFile { .. }));
        if !is_needed && keyring::read_key_file(&path).is_ok_and(|left| left.bytes() == key.bytes()) {
            keyring::remove_key_file(&path)?;
        }
        Ok::<_, StoreError>(())
    }
    .await;
    if let Err(error) = cleared {
        tracing::warn!("a key file may lie beside the database that nothing needs: {error}");
    }
}
