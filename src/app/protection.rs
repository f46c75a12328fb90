//! What protects the secrets of a workspace: giving its passphrase to a program that runs, and changing it.

use zeroize::Zeroizing;

use super::{App, AppError};
use crate::store::{NewProtection, OpenError, Unlock};

/// The fewest characters of a passphrase. Whoever has the file may try as many as they like: Argon2id makes each try slow,
/// and cannot make up for a word that is among the first few thousand.
pub const SHORTEST_PASSPHRASE: usize = 8;

/// Refuses a passphrase that is too short to protect anything.
///
/// # Errors
/// Where that is so.
pub fn long_enough(passphrase: &str) -> Result<(), AppError> {
    if passphrase.chars().count() < SHORTEST_PASSPHRASE {
        return Err(AppError::new(format!("the passphrase has fewer than {SHORTEST_PASSPHRASE} characters"))
            .hint("take several words that belong together for you alone; nothing was changed"));
    }
    Ok(())
}

impl App {
    /// Opens the secrets of a workspace that was opened without its passphrase; without one, tries its keychain or key file
    /// anew, for as long as somebody may need to give the keychain its password.
    ///
    /// # Errors
    /// Where there is no workspace, the passphrase is wrong, or they stay locked for another reason.
    pub async fn unlock(&self, passphrase: Option<Zeroizing<String>>) -> Result<(), AppError> {
        let workspace = self.existing().await?.ok_or_else(none_yet)?;
        let unlock = passphrase.map_or_else(Unlock::attended, Unlock::with_passphrase);
        workspace.unlock(&unlock).await.map_err(|error| match error {
            OpenError::WrongPassphrase { .. } => {
                AppError::new("this is not the passphrase of this workspace").hint("they stay locked; try again")
            }
            other => other.into(),
        })?;
        super::keys::refuse_locked(&workspace)
    }

    /// Protects the secrets by a new passphrase, by the system's keychain, or by a key file beside the database; so too in the
    /// backups that were made by themselves. What somebody has backed up before stays under what protected it then. Returns
    /// what is still to be done by hand, in words.
    ///
    /// # Errors
    /// Where there is no workspace, its secrets are locked, the passphrase is too short, the keychain does not take the key,
    /// or it cannot be written; then it stays as it is.
    pub async fn protect(&self, new: NewProtection) -> Result<Option<String>, AppError> {
        if let NewProtection::Passphrase(passphrase) = &new {
            long_enough(passphrase)?;
        }
        let workspace = self.existing().await?.ok_or_else(none_yet)?;
        super::keys::refuse_locked(&workspace)?;
        let left = workspace.protect(new).await?;
        workspace.protect_backups_alike().await.map_err(|error| {
            AppError::new(format!("the protection was changed, but not in all automatic backups: {error}")).hint(
                "what is sealed in those opens as it did before; remove them from `backups` where that must not be",
            )
        })?;
        Ok(left.map(|trouble| {
            format!(
                "the keychain still holds the key of this workspace, because {trouble}: remove the entry `Countersign` in \
                 the keychain's own program"
            )
        }))
    }
}

fn none_yet() -> AppError {
    AppError::new("there is no workspace yet, so there is nothing to protect")
        .hint("it is made with the first connection or identity")
}
