//! Sealing secrets: AES-256-GCM under the workspace's key, bound to the place where each is kept.
//!
//! A sealed value is a version byte, the nonce of 12 bytes, the ciphertext, and the tag of 16 bytes. Nonces are random,
//! which is good for 2^32 values under one key (NIST SP 800-38D section 8.3); a workspace seals a few thousand.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use zeroize::{Zeroize as _, Zeroizing};

use super::error::StoreError;

/// Length of a key in bytes.
pub(super) const KEY_LENGTH: usize = 32;

const VERSION: u8 = 1;
const TAG_LENGTH: usize = 16;

/// The key under which a workspace's secrets are sealed.
pub(super) struct SealingKey(Zeroizing<[u8; KEY_LENGTH]>);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Where a sealed value is kept. Authenticated with the value, so that it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// Table and column.
    pub(super) column: &'static str,
    /// The row's key.
    pub(super) row: &'a str,
}

impl Place<'_> {
    fn aad(self) -> Aad<Vec<u8>> {
        // The column never holds a NUL, so no two places share their bytes.
        Aad::from(format!("countersign sealed value\0{}\0{}", self.column, self.row).into_bytes())
    }
}

impl SealingKey {
    /// A new random key.
    pub(super) fn generate() -> Result<Self, StoreError> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        rand::fill(key.as_mut_slice())
            .map_err(|_unspecified| StoreError::Cryptography { doing: "make the workspace's key" })?;
        Ok(Self(key))
    }

    /// The key with these bytes; nothing where their number is another.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        if bytes.len() != KEY_LENGTH {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// The key's bytes, for keeping it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Seals a value for one place.
    pub(super) fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let refused = |_unspecified| StoreError::Cryptography { doing: "seal a secret" };
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, self.bytes()).map_err(refused)?;
        // All the room it needs from the start: growing it would leave a copy of the secret behind.
        let mut sealed = Vec::with_capacity(value.len() + TAG_LENGTH);
        sealed.extend_from_slice(value);
        let nonce = match cipher.seal_in_place_append_tag(place.aad(), &mut sealed) {
            Ok(nonce) => nonce,
            Err(error) => {
                sealed.zeroize();
                return Err(refused(error));
            }
        };
        let mut whole = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
        whole.push(VERSION);
        whole.extend_from_slice(nonce.as_ref());
        whole.extend_from_slice(&sealed);
        Ok(whole)
    }

    /// Opens a value that was sealed for this very place; nothing where it was not, or not under this key.
    pub(super) fn unseal(&self, place: Place<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&version, rest) = sealed.split_first()?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN)?;
        if version != VERSION {
            return None;
        }
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, self.bytes()).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut value = Zeroizing::new(ciphertext.to_vec());
        let length = cipher.open_in_place(nonce, place.aad(), value.as_mut_slice()).ok()?.len();
        value.truncate(length);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { column: "secrets.sealed", row: "http-password/acme/test" };

    #[test]
    fn a_value_opens_only_in_its_place_and_unchanged() {
        let key = SealingKey::generate().unwrap();
        let sealed = key.seal(HERE, b"hunter2").unwrap();
        assert_eq!(key.unseal(HERE, &sealed).unwrap().as_slice(), b"hunter2");
        assert!(key.unseal(Place { row: "http-password/acme/production", ..HERE }, &sealed).is_none());
        assert!(key.unseal(Place { column: "identities.private_key", ..HERE }, &sealed).is_none());
        assert!(SealingKey::generate().unwrap().unseal(HERE, &sealed).is_none());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(key.unseal(HERE, &changed).is_none(), "byte {index}");
        }
        for length in 0..sealed.len() {
            assert!(key.unseal(HERE, &sealed[..length]).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn sealing_twice_gives_two_values_and_the_key_is_not_shown() {
        let key = SealingKey::generate().unwrap();
        assert_ne!(key.seal(HERE, b"").unwrap(), key.seal(HERE, b"").unwrap());
        assert_eq!(format!("{key:?}"), "SealingKey(…)");
    }
}
