//! The system's keychain: the Secret Service of a Linux desktop, Keychain Services, the Credential Manager of Windows.
//!
//! It may ask its user for a password before it answers, and it may hang. So it is asked on a thread of its own and waited for
//! only so long; a thread that never comes back is left to itself and holds nothing.

use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// How long the keychain is waited for by a program that opens a workspace.
pub(super) const OPENING: Duration = Duration::from_secs(3);

/// How long where somebody is there who has asked for it, and can give the keychain its password.
pub(super) const ASKED: Duration = Duration::from_secs(60);

/// Under which name the keys of workspaces stand in it.
const SERVICE: &str = "Countersign";

/// Why the keychain does not give a workspace's key, or does not take it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeychainTrouble {
    /// There is none that this program can reach.
    #[error("this machine has no keychain that this program can reach ({0})")]
    Missing(String),
    /// It was waited for in vain.
    #[error("the keychain of this system did not answer within {0} seconds")]
    Silent(u64),
    /// It is locked, or does not let this program.
    #[error("the keychain of this system is locked or refuses ({0})")]
    Refused(String),
    /// It holds no key of this workspace.
    #[error("the key of this workspace is not in the keychain of this user on this machine")]
    Gone,
    /// It holds another key.
    #[error("what the keychain holds for this workspace is not its key")]
    Foreign,
}

impl KeychainTrouble {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Missing(_) => {
                "log in at the desktop whose keychain holds the key, or start its keychain (GNOME Keyring, KWallet or \
                 KeePassXC); where there is no desktop, restore a backup, which has a passphrase of its own"
            }
            Self::Silent(_) => "where it asks for its password, give it, and try again; else start the keychain anew",
            Self::Refused(_) => "unlock the keychain, let Countersign use it, and try again",
            Self::Gone | Self::Foreign => {
                "open the workspace as the user and on the machine where it was put under the keychain, or restore a backup, \
                 which has a passphrase of its own"
            }
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::NoEntry => Self::Gone,
            Error::NoStorageAccess(reason) => Self::Refused(reason.to_string()),
            other => Self::Refused(other.to_string()),
        }
    }
}

/// The secret that the keychain holds under a name.
pub(super) async fn read(name: &str, limit: Duration) -> Result<Zeroizing<Vec<u8>>, KeychainTrouble> {
    ask(name, limit, |entry| entry.get_secret().map(Zeroizing::new)).await
}

/// Has the keychain hold a secret under a name, and holds that it gives it back.
pub(super) async fn write(name: &str, secret: Zeroizing<Vec<u8>>, limit: Duration) -> Result<(), KeychainTrouble> {
    let put = move |entry: &Entry| {
        entry.set_secret(&secret)?;
        Ok(Zeroizing::new(entry.get_secret()?).as_slice() == secret.as_slice())
    };
    if ask(name, limit, put).await? { Ok(()) } else { Err(KeychainTrouble::Foreign) }
}

/// Has the keychain forget what it holds under a name. What it does not hold is forgotten.
pub(super) async fn forget(name: &str, limit: Duration) -> Result<(), KeychainTrouble> {
    match ask(name, limit, Entry::delete_credential).await {
        Ok(()) | Err(KeychainTrouble::Gone) => Ok(()),
        Err(trouble) => Err(trouble),
    }
}

/// Asks it on a thread of its own.
async fn ask<T: Send + 'static>(
    name: &str,
    limit: Duration,
    work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, KeychainTrouble> {
    let (tell, told) = oneshot::channel();
    let name = name.to_owned();
    let asking = move || {
        let answer = entry(&name).and_then(|entry| work(&entry).map_err(|error| KeychainTrouble::of(&error)));
        // Nobody may be waiting for it any more.
        drop(tell.send(answer));
    };
    let thread = std::thread::Builder::new().name("keychain".to_owned()).spawn(asking);
    thread.map(drop).map_err(|error| KeychainTrouble::Missing(error.to_string()))?;
    match tokio::time::timeout(limit, told).await {
        Ok(Ok(answer)) => answer,
        // It panicked, in what the system's library is reached by.
        Ok(Err(_gone)) => Err(KeychainTrouble::Missing("reaching it failed".to_owned())),
        Err(_elapsed) => Err(KeychainTrouble::Silent(limit.as_secs())),
    }
}

/// The entry of this name. The keychain is reached anew each time: one that was not there, or hung, may be there now.
fn entry(name: &str) -> Result<Entry, KeychainTrouble> {
    let store = store().map_err(|error| {
        KeychainTrouble::Missing(match &error {
            Error::PlatformFailure(reason) => reason.to_string(),
            other => other.to_string(),
        })
    })?;
    Entry::new_in_store(&store, SERVICE, name).map_err(|error| KeychainTrouble::of(&error))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_keychain_says_is_told_as_what_it_is() {
        assert_eq!(KeychainTrouble::of(&Error::NoEntry), KeychainTrouble::Gone);
        let locked = KeychainTrouble::of(&Error::NoStorageAccess("prompt dismissed".into()));
        assert_eq!(locked, KeychainTrouble::Refused("prompt dismissed".to_owned()));
        let all = [
            KeychainTrouble::Missing(String::new()),
            KeychainTrouble::Silent(3),
            locked,
            KeychainTrouble::Gone,
            KeychainTrouble::Foreign,
        ];
        for trouble in all {
            assert!(trouble.to_string().len() > 20 && trouble.hint().len() > 20, "{trouble:?}");
        }
    }
}
