//! Certificates as messages name them: SignerIdentifier and RecipientIdentifier (RFC 5652 sections 5.3 and 6.2).

use std::fmt;

use crate::certificate::ber::Tlv;
use crate::certificate::encode::{INTEGER, OCTET_STRING, SEQUENCE, element, joined};
use crate::certificate::{Certificate, name_in_words};
use crate::domain::certificate::hex;

/// The longest name that is kept, in bytes.
const MAX_NAME: usize = 4096;

/// A certificate as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedCertificate {
    /// By its issuer and serial number.
    IssuerAndSerial {
        /// The issuer's Name, in DER.
        issuer: Vec<u8>,
        /// Content octets of the serial number.
        serial: Vec<u8>,
    },
    /// By its subject key identifier.
    KeyIdentifier(Vec<u8>),
    /// Not at all: a password or a shared key stands in its place, or it is written in a way that nobody knows.
    Unnamed,
}

impl NamedCertificate {
    /// Reads an identifier, also one of KeyAgreeRecipientInfo (RFC 5652 section 6.2.2).
    pub(super) fn read(identifier: &Tlv<'_>) -> Self {
        let parts = identifier.children().unwrap_or_default();
        match (identifier.tag, parts.as_slice()) {
            (SEQUENCE, [issuer, serial, ..]) if issuer.raw.len() <= MAX_NAME && serial.value.len() <= MAX_NAME => {
                Self::IssuerAndSerial { issuer: issuer.raw.to_vec(), serial: serial.value.to_vec() }
            }
            // RecipientKeyIdentifier: the key identifier, then a date and other things.
            (0xa0, [key, ..]) if key.tag == OCTET_STRING && key.value.len() <= MAX_NAME => {
                Self::KeyIdentifier(key.value.to_vec())
            }
            (0x80, _) if identifier.value.len() <= MAX_NAME => Self::KeyIdentifier(identifier.value.to_vec()),
            _ => Self::Unnamed,
        }
    }

    /// Whether it is this certificate. A name counts as the same also where somebody has encoded it anew, as other
    /// kinds of string.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                serial == certificate.serial_bytes()
                    && (issuer == certificate.issuer_der()
                        || name_in_words(issuer).is_some_and(|words| words == certificate.facts().issuer))
            }
            Self::KeyIdentifier(key) => certificate.subject_key_identifier() == Some(key),
            Self::Unnamed => false,
        }
    }
}

impl fmt::Display for NamedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                // As certificates show it: without the zero that keeps it positive.
                let digits = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
                write!(f, "serial number {}", hex(&digits[..digits.len().min(32)]))?;
                let words = name_in_words(issuer).filter(|words| !words.is_empty());
                words.map_or(Ok(()), |words| write!(f, " of {}", words.chars().take(200).collect::<String>()))
            }
            Self::KeyIdentifier(key) => write!(f, "key identifier {}", hex(&key[..key.len().min(32)])),
            Self::Unnamed => f.write_str("something that is no certificate"),
        }
    }
}

/// IssuerAndSerialNumber, byte by byte as in the certificate.
pub(super) fn issuer_and_serial(certificate: &Certificate) -> Vec<u8> {
    joined(SEQUENCE, &[certificate.issuer_der(), &element(INTEGER, certificate.serial_bytes())])
}
