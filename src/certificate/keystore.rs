//! A keystore as Java programs keep it: a PKCS#12 whose entries have names, called aliases.

use p12_keystore::Pkcs12Archive;

use super::ber::BerReader;
use super::file::{MAX_CERTIFICATES, MAX_FILE, ReadError, open_pkcs12};
use super::private_key::PrivateKey;
use super::x509::Certificate;

/// What a keystore in Java's own form begins with, and one of its extension JCE.
const JAVA: [&[u8]; 2] = [&[0xfe, 0xed, 0xfe, 0xed], &[0xce, 0xce, 0xce, 0xce]];

/// An entry of a keystore.
#[derive(Debug)]
pub struct KeystoreEntry {
    /// Its name, in lower case: aliases that differ in case alone are the same to Java.
    pub alias: String,
    /// Its certificate.
    pub certificate: Certificate,
    /// The private key of that certificate, where it is ours.
    pub key: Option<PrivateKey>,
}

/// What is in a keystore.
#[derive(Debug)]
pub struct Keystore {
    /// Its named entries, in its order.
    pub entries: Vec<KeystoreEntry>,
    /// Certificates without a name.
    pub others: Vec<Certificate>,
}

impl Keystore {
    /// Certificates that are nobody's own: those above the others are among them, with a name or without.
    #[must_use]
    pub fn without_key(&self) -> Vec<Certificate> {
        let named = self.entries.iter().filter(|entry| entry.key.is_none()).map(|entry| &entry.certificate);
        named.chain(&self.others).cloned().collect()
    }

    /// The entry of that alias.
    #[must_use]
    pub fn entry(&self, alias: &str) -> Option<&KeystoreEntry> {
        let alias = alias.trim().to_lowercase();
        self.entries.iter().find(|entry| entry.alias == alias)
    }
}

/// Reads a keystore: a PKCS#12 with an alias for each entry.
///
/// # Errors
/// Where it is no PKCS#12, the password is wrong, or it cannot be read, saying what it is instead.
pub fn read_keystore(bytes: &[u8], password: &str) -> Result<Keystore, ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    if bytes.len() as u64 > MAX_FILE {
        return Err(ReadError::TooLarge);
    }
    if JAVA.iter().any(|magic| bytes.starts_with(magic)) {
        return Err(ReadError::JavaKeystore);
    }
    let normal = BerReader::new(bytes).element(MAX_FILE).map_err(|_no_structure| ReadError::Unknown)?;
    entries_of(open_pkcs12(bytes, &normal, Some(password))?)
}

fn entries_of(archive: Pkcs12Archive) -> Result<Keystore, ReadError> {
    let mut keys = Vec::new();
    for bag in archive.keys {
        // A key that cannot be used is as good as none: its certificate is still there.
        if let Ok(key) = PrivateKey::from_pkcs8_der(bag.key.as_der()) {
            keys.push(key);
        }
    }
    let mut found = Keystore { entries: Vec::new(), others: Vec::new() };
    for bag in archive.certs.into_iter().take(MAX_CERTIFICATES) {
        let certificate =
            Certificate::from_der(bag.cert.as_der()).map_err(|error| ReadError::Damaged(error.to_string()))?;
        match bag.friendly_name.filter(|name| !name.trim().is_empty()) {
            Some(alias) => {
                let alias = alias.trim().to_lowercase();
                let key = keys.iter().position(|key| key.matches(&certificate)).map(|place| keys.swap_remove(place));
                found.entries.push(KeystoreEntry { alias, certificate, key });
            }
            None => found.others.push(certificate),
        }
    }
    if found.entries.is_empty() && found.others.is_empty() { Err(ReadError::NoCertificate) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> Vec<u8> {
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/openas2/as2_certs.p12")).unwrap()
    }

    #[test]
    fn entries_have_their_aliases_and_keys() {
        let keystore = read_keystore(&fixture(), "secret").unwrap();
        let aliases: Vec<(&str, bool)> =
            keystore.entries.iter().map(|entry| (entry.alias.as_str(), entry.key.is_some())).collect();
        assert_eq!(aliases, [("acme", true), ("northwind", false), ("contoso", false)]);
        assert!(keystore.entry("NorthWind").unwrap().certificate.facts().subject.contains("Northwind"));
        assert!(keystore.entry("nobody").is_none());
    }

    #[test]
    fn what_is_no_such_keystore_is_told_as_what_it_is() {
        let told = |bytes: &[u8]| read_keystore(bytes, "secret").map(|_| ()).unwrap_err();
        assert_eq!(read_keystore(&fixture(), "other").map(|_| ()).unwrap_err(), ReadError::WrongPassword);
        assert_eq!(told(&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]), ReadError::JavaKeystore);
        assert_eq!(told(b""), ReadError::Empty);
        assert_eq!(told(b"<partnerships/>"), ReadError::Unknown);
    }
}
