//! Writing certificates and keys as files: PEM, PKCS#7 with a chain, PKCS#12 under a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::ObjectIdentifier;
use p12_keystore::{EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKeyChain};
use zeroize::Zeroizing;

use super::encode::{INTEGER, SEQUENCE, SET, element, joined, oid, set_of};
use super::private_key::PrivateKey;
use super::x509::Certificate;
use crate::domain::spelling::spelled;

spelled! {
    /// How a PKCS#12 file is encrypted.
    pub enum P12Form {
        /// PBES2 with AES-256 and SHA-256: what everything of the last ten years reads.
        Modern = "modern",
        /// Triple DES and SHA-1, for partners' and servers' programs from before.
        Legacy = "legacy",
    }
}

/// Why a file could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the PKCS#12 file could not be made: {0}")]
pub struct ExportError(String);

/// DER as PEM (RFC 7468) under a label such as `CERTIFICATE`.
#[must_use]
pub fn to_pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// Certificates as a PKCS#7 file in DER: a SignedData that signs nothing (RFC 5652 section 5.1, "certs-only").
#[must_use]
pub fn to_p7b(chain: &[Certificate]) -> Vec<u8> {
    const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
    const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
    let certificates = set_of(0xa0, chain.iter().map(|certificate| certificate.der().to_vec()).collect());
    let nothing = element(SET, &[]);
    let signed =
        joined(SEQUENCE, &[&element(INTEGER, &[1]), &nothing, &element(SEQUENCE, &oid(DATA)), &certificates, &nothing]);
    joined(SEQUENCE, &[&oid(SIGNED_DATA), &element(0xa0, &signed)])
}

/// A key with its certificates, its own first, as a PKCS#12 file (RFC 7292) under a password.
///
/// # Errors
/// Where the library that makes it fails.
pub fn to_p12(
    name: &str,
    key: &PrivateKey,
    chain: &[Certificate],
    password: &str,
    form: P12Form,
) -> Result<Zeroizing<Vec<u8>>, ExportError> {
    let failed = |error: p12_keystore::error::Error| ExportError(error.to_string());
    let own = chain.first().ok_or_else(|| ExportError("there is no certificate".to_owned()))?;
    let certificates = chain
        .iter()
        .map(|certificate| p12_keystore::Certificate::from_der(certificate.der()).map_err(failed))
        .collect::<Result<Vec<_>, _>>()?;
    let pair = p12_keystore::PrivateKey::from_der(key.pkcs8_der()).map_err(failed)?;
    // By which readers tell which certificate is the key's: any bytes do, as long as both have the same.
    let id = own.facts().fingerprint_sha256.0[..20].to_vec();
    let mut store = KeyStore::new();
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(id, pair, certificates)));
    let writer = store.writer(password);
    let writer = match form {
        P12Form::Modern => writer,
        P12Form::Legacy => writer
            .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
            .mac_algorithm(MacAlgorithm::HmacSha1),
    };
    writer.write().map(Zeroizing::new).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::super::{KeyKind, create_identity, read};
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let now = "2026-11-26T00:00:00Z".parse().unwrap();
        for kind in [KeyKind::Rsa2048, KeyKind::EcP384] {
            let (key, own) = create_identity("CN=Acme", kind, 30, now).unwrap();
            let (_, above) = create_identity("CN=Above", KeyKind::EcP256, 30, now).unwrap();
            let chain = [own.clone(), above];
            for form in P12Form::ALL {
                let file = to_p12("acme", &key, &chain, "pässword", *form).unwrap();
                let found = read(&file, Some("pässword")).unwrap();
                assert!(found.private_key.unwrap().matches(&own), "{form}");
                assert_eq!(found.certificates.len(), 2);
                assert_eq!(read(&file, Some("other")).unwrap_err(), super::super::ReadError::WrongPassword);
            }
            let found = read(&to_p7b(&chain), None).unwrap();
            assert_eq!((found.certificates.len(), found.has_private_key), (2, false));
            assert_eq!(read(own.to_pem().as_bytes(), None).unwrap().certificates, [own]);
        }
    }

    #[test]
    fn an_empty_password_is_one_too() {
        let now = "2026-11-26T00:00:00Z".parse().unwrap();
        let (key, own) = create_identity("CN=Acme", KeyKind::EcP256, 30, now).unwrap();
        let file = to_p12("acme", &key, &[own], "", P12Form::Modern).unwrap();
        assert!(read(&file, None).unwrap().private_key.is_some());
    }
}
