//! Reading any file that may hold certificates or a key, by its content.

use std::collections::BTreeMap;

use base64::Engine as _;
use p12_keystore::Pkcs12Archive;
use zeroize::Zeroizing;

use super::ber::{BerReader, Tlv};
use super::candidates::leaf_first;
use super::encode::{SEQUENCE, SET};
use super::key_file::{self, KeyForm};
use super::parcel;
use super::password_work;
use super::private_key::{KeyError, PrivateKey};
use super::x509::Certificate;
use crate::domain::certificate::Fingerprint;
use crate::domain::spelling::spelled;

/// The largest file in bytes: 1 MiB.
pub const MAX_FILE: u64 = 1024 * 1024;

/// The largest archive or mail in bytes: 32 MiB. What is attached beside the certificate may be large.
const MAX_PARCEL: u64 = 32 * 1024 * 1024;

/// The most certificates that are taken from one file.
pub(super) const MAX_CERTIFICATES: usize = 500;

spelled! {
    /// A file's format, told by its content.
    pub enum Format {
        /// One certificate in DER.
        Der = "der",
        /// PEM, with or without text around it.
        Pem = "pem",
        /// PKCS#7 with certificates, in DER or PEM.
        P7b = "p7b",
        /// PKCS#12.
        P12 = "p12",
        /// A private key alone, in DER.
        Key = "key",
        /// An archive with any of these in it.
        Zip = "zip",
        /// An e-mail with any of these attached or in its text.
        Mail = "eml",
    }
}

/// What is in a file.
#[derive(Debug)]
pub struct FileContents {
    /// Its format.
    pub format: Format,
    /// Its certificates, the leaf first.
    pub certificates: Vec<Certificate>,
    /// Its private key, where it holds one that can be used.
    pub private_key: Option<PrivateKey>,
    /// More private keys that can be used, of a file that holds several.
    pub further_keys: Vec<PrivateKey>,
    /// Whether it holds a private key at all.
    pub has_private_key: bool,
    /// Whether that is under a password in a form of old, which is not read.
    pub has_key_of_old: bool,
    /// Why its private key cannot be used, where it could be read.
    pub key_obstacle: Option<KeyError>,
    /// In which part of an archive or a mail each certificate was found; empty for other files.
    pub places: BTreeMap<Fingerprint, String>,
    /// What was passed over in an archive or a mail, and why, each in a sentence.
    pub remarks: Vec<String>,
}

/// Why nothing could be read from a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Beyond the limit.
    #[error("the file has more than 1 MiB, far more than a certificate")]
    TooLarge,
    /// An archive or a mail beyond its limit.
    #[error("the {0} has more than 32 MiB, which is not opened")]
    ParcelTooLarge(&'static str),
    /// A web page.
    #[error("the file is a web page, not a certificate")]
    WebPage,
    /// Text without a certificate in it.
    #[error("the file is text without a certificate in it")]
    Text,
    /// DER that ends too early.
    #[error("the file is cut off: it announces {announced} bytes and has {found}")]
    Truncated {
        /// Bytes that it announces.
        announced: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// A block or structure that is damaged.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// Something else altogether.
    #[error("the file is neither a certificate nor a collection of them")]
    Unknown,
    /// PKCS#12 needs a password.
    #[error("the file is protected by a password")]
    PasswordNeeded,
    /// The password is another.
    #[error("the password is wrong")]
    WrongPassword,
    /// So much work that nobody means it to be done.
    #[error("the file wants its password hashed more than 20 million times, which takes minutes and is not done")]
    TooMuchWork,
    /// A private key under a password, outside of PKCS#12.
    #[error("the file holds a private key under a password, in a form of old that is not read")]
    EncryptedKey,
    /// PKCS#12 encrypted in a way that is not read.
    #[error("the file is a PKCS#12 that is encrypted in a way that is not read: {0}")]
    UnsupportedEncryption(String),
    /// A keystore of Java's own form.
    #[error("the file is a keystore in Java's own form (JKS), which is not read here")]
    JavaKeystore,
    /// PKCS#7 or PKCS#12 without certificates.
    #[error("there is no certificate in the file")]
    NoCertificate,
    /// A related thing that is not a certificate.
    #[error("the file holds {0}, not a certificate")]
    Instead(&'static str),
    /// An archive or a mail without certificates.
    #[error("there is no certificate in the {what}{inside}")]
    NothingInside {
        /// An archive or a mail.
        what: &'static str,
        /// What there is instead, in words that go on with the sentence.
        inside: String,
    },
    /// An archive under a password.
    #[error("the archive is protected by a password")]
    LockedArchive,
    /// An archive that is far larger unpacked than anybody needs for certificates.
    #[error("the archive unpacks to far more than certificates need: {0}")]
    Excessive(&'static str),
    /// An archive of a kind that is not opened.
    #[error("the file is {0}, which is not opened here")]
    OtherArchive(&'static str),
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Empty | Self::Truncated { .. } | Self::Damaged(_) => "download or export the file again",
            Self::WebPage => "the portal answered with a page, perhaps its login; download the certificate itself",
            Self::Text => "a certificate in text begins with -----BEGIN CERTIFICATE-----",
            Self::TooLarge | Self::Unknown => {
                "a certificate comes as .cer, .crt, .pem, .der, .p7b or .p7c, in a .zip or in a mail (.eml)"
            }
            Self::PasswordNeeded => "give the password with --password-stdin",
            Self::WrongPassword => "ask whoever made the file for its password; upper and lower case differ",
            Self::TooMuchWork => "export it again with fewer iterations, or with fewer entries",
            Self::EncryptedKey => {
                "convert it with: openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out identity.p12"
            }
            Self::UnsupportedEncryption(_) => {
                "convert it with: openssl pkcs12 -legacy -in OLD -nodes | openssl pkcs12 -export -out NEW"
            }
            Self::JavaKeystore => {
                "convert it with: keytool -importkeystore -srckeystore OLD -destkeystore NEW.p12 -deststoretype PKCS12"
            }
            Self::NoCertificate | Self::Instead(_) | Self::NothingInside { .. } => "ask for the certificate itself",
            Self::LockedArchive => "unpack it with its password and choose the certificate in it",
            Self::ParcelTooLarge(_) | Self::Excessive(_) | Self::OtherArchive(_) => {
                "save or unpack the certificate from it, and choose that"
            }
        })
    }
}

/// Reads a file's content. `password` serves for PKCS#12, where none is tried as an empty one, and for private keys.
///
/// # Errors
/// Where there is nothing in it that can be read, saying what it is instead.
pub fn read(bytes: &[u8], password: Option<&str>) -> Result<FileContents, ReadError> {
    match parcel::recognise(bytes) {
        Some(kind) if bytes.len() as u64 > MAX_PARCEL => Err(ReadError::ParcelTooLarge(kind.in_words())),
        Some(kind) => parcel::open(kind, bytes),
        None if bytes.len() as u64 > MAX_FILE => Err(ReadError::TooLarge),
        None => single(bytes, password),
    }
}

/// The most bytes that are read of a file which begins so.
#[must_use]
pub fn most_of(beginning: &[u8]) -> u64 {
    if parcel::recognise(beginning).is_some() { MAX_PARCEL } else { MAX_FILE }
}

/// Reads what is neither an archive nor a mail.
pub(super) fn single(bytes: &[u8], password: Option<&str>) -> Result<FileContents, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    // The digit zero is the same byte: what can be text is DER only where its length is possible.
    if bytes[0] == SEQUENCE && (bytes.contains(&0) || !bytes.is_ascii()) {
        return binary(bytes, password);
    }
    if let Some(stranger) = parcel::stranger(bytes) {
        return Err(stranger);
    }
    let text = text_of(bytes).ok_or(ReadError::Unknown)?;
    if text.contains("-----BEGIN ") {
        return pem(&text, password);
    }
    if text.contains("PuTTY-User-Key-File") {
        return Err(ReadError::EncryptedKey);
    }
    // Base64 without its armour, as some portals give it.
    let bare: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    if bare.starts_with("MI")
        && let Ok(der) = base64::engine::general_purpose::STANDARD.decode(&bare)
    {
        return binary(&der, password);
    }
    let beginning = text.trim_start().get(..200).unwrap_or(&text).to_ascii_lowercase();
    if beginning.starts_with("<!doctype html") || beginning.starts_with("<html") {
        return Err(ReadError::WebPage);
    }
    Err(ReadError::Text)
}

/// Text in UTF-8, in UTF-16 as some editors of Windows save it, or in an older one-byte encoding.
fn text_of(bytes: &[u8]) -> Option<String> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return wide(rest, u16::from_be_bytes),
        _ => {}
    }
    if bytes.contains(&0) {
        return None;
    }
    Some(
        String::from_utf8(bytes.to_vec())
            .unwrap_or_else(|_not_utf8| bytes.iter().map(|byte| char::from(*byte)).collect()),
    )
}

fn binary(bytes: &[u8], password: Option<&str>) -> Result<FileContents, ReadError> {
    // Line ends that an editor or a mail program left behind a binary file are passed over.
    let trimmed = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(bytes, |last| &bytes[..=last]);
    for candidate in [bytes, trimmed] {
        if let Ok(certificate) = Certificate::from_der(candidate) {
            return Ok(contents(Format::Der, vec![certificate], None));
        }
    }
    let Ok(normal) = BerReader::new(bytes).element(MAX_FILE) else { return Err(cut_off(bytes)) };
    let (outer, _) = Tlv::first(&normal).map_err(|error| ReadError::Damaged(error.to_string()))?;
    let parts = outer.children().map_err(|error| ReadError::Damaged(error.to_string()))?;
    match parts.first() {
        // ContentInfo with SignedData (RFC 5652 section 5.1).
        Some(kind) if kind.tag == 0x06 => {
            let certificates = signed_data(&normal)?;
            Ok(contents(Format::P7b, certificates, None))
        }
        // PFX, version 3 (RFC 7292 section 4).
        Some(version) if version.tag == 0x02 && version.value == [3] => pkcs12(bytes, &normal, password),
        _ => match key_file::recognise(&normal) {
            Some(KeyForm::Plain(pkcs8)) => Ok(contents(Format::Key, Vec::new(), Some(&pkcs8))),
            Some(KeyForm::Encrypted(key)) => match password {
                Some(password) => Ok(contents(Format::Key, Vec::new(), Some(&key_file::decrypt(&key, password)?))),
                None => Err(ReadError::PasswordNeeded),
            },
            None => match Certificate::from_der(&normal) {
                Ok(certificate) => Ok(contents(Format::Der, vec![certificate], None)),
                Err(error) => Err(ReadError::Damaged(error.to_string())),
            },
        },
    }
}

/// Tells a file that ends too early from one that is damaged otherwise.
fn cut_off(bytes: &[u8]) -> ReadError {
    let announced = match bytes {
        [_, length @ 0..=0x7f, ..] => Some(usize::from(*length) + 2),
        [_, count @ 0x81..=0x84, digits @ ..] => {
            let count = usize::from(count & 0x7f);
            digits.get(..count).map(|digits| {
                digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit)).saturating_add(2 + count)
            })
        }
        _ => None,
    };
    match announced {
        Some(announced) if announced > bytes.len() => ReadError::Truncated { announced, found: bytes.len() },
        _ => ReadError::Damaged("its structure does not hold together".to_owned()),
    }
}

fn contents(format: Format, certificates: Vec<Certificate>, key: Option<&[u8]>) -> FileContents {
    let read = key.map(PrivateKey::from_pkcs8_der);
    FileContents {
        format,
        certificates: leaf_first(certificates),
        has_private_key: key.is_some(),
        has_key_of_old: false,
        key_obstacle: read.as_ref().and_then(|read| read.as_ref().err().cloned()),
        private_key: read.and_then(Result::ok),
        further_keys: Vec::new(),
        places: BTreeMap::new(),
        remarks: Vec::new(),
    }
}

/// The labels of blocks with one certificate.
const CERTIFICATES: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// The labels of blocks with a collection of them.
const COLLECTIONS: [&str; 3] = ["PKCS7", "CMS", "PKCS #7 SIGNED DATA"];

/// What a block is that is sometimes sent where a certificate is meant.
fn other_block(label: &str) -> Option<&'static str> {
    Some(match label {
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a request for a certificate",
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a bare public key",
        "X509 CRL" => "a list of revoked certificates",
        "SSH2 PUBLIC KEY" => "an SSH key",
        _ if label.starts_with("PGP ") => "something of PGP's",
        _ => return None,
    })
}

fn pem(text: &str, password: Option<&str>) -> Result<FileContents, ReadError> {
    let mut certificates = Vec::new();
    let mut key: Option<Zeroizing<Vec<u8>>> = None;
    let mut format = Format::Pem;
    let (mut encrypted, mut of_old) = (false, false);
    let mut instead = None;
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        rest = &rest[start + "-----BEGIN ".len()..];
        let Some((label, after)) = rest.split_once("-----") else { break };
        let end = format!("-----END {label}-----");
        let (body, after) = after
            .split_once(end.as_str())
            .ok_or_else(|| ReadError::Damaged(format!("the block `{label}` has no end")))?;
        rest = after;
        // Headers of older encrypted keys (RFC 1421) stand before a blank line.
        let is_key = label.ends_with("PRIVATE KEY");
        if is_key && body.contains("Proc-Type") {
            (encrypted, of_old) = (true, true);
            continue;
        }
        if !is_key && !CERTIFICATES.contains(&label) && !COLLECTIONS.contains(&label) {
            instead = instead.or(other_block(label));
            continue;
        }
        // In an answer to a mail every line may begin as a quotation.
        let base64: Zeroizing<String> = Zeroizing::new(
            body.lines()
                .flat_map(|line| line.trim_start_matches(['>', '|', ' ', '\t']).chars())
                .filter(|character| !character.is_whitespace())
                .collect(),
        );
        let der = base64::engine::general_purpose::STANDARD
            .decode(base64.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_not_base64| ReadError::Damaged(format!("the block `{label}` is not base64")))?;
        match label {
            _ if CERTIFICATES.contains(&label) => match Certificate::from_der(without_trust(label, &der)) {
                Ok(certificate) => certificates.push(certificate),
                // Some write a collection under the label of one certificate.
                Err(error) => match collection(&der) {
                    Ok(held) => {
                        format = Format::P7b;
                        certificates.extend(held);
                    }
                    Err(_no_collection) => {
                        return Err(match cut_off(&der) {
                            cut @ ReadError::Truncated { .. } => cut,
                            _ => ReadError::Damaged(error.to_string()),
                        });
                    }
                },
            },
            _ if COLLECTIONS.contains(&label) => {
                format = Format::P7b;
                certificates.extend(collection(&der)?);
            }
            _ => match key_file::recognise(&der) {
                Some(KeyForm::Plain(pkcs8)) => key = Some(pkcs8),
                Some(KeyForm::Encrypted(under)) => match password {
                    Some(password) => key = Some(key_file::decrypt(&under, password)?),
                    None => encrypted = true,
                },
                // Of another kind (OpenSSH, DSA): a private key all the same.
                None => (encrypted, of_old) = (true, true),
            },
        }
        if certificates.len() > MAX_CERTIFICATES {
            return Err(ReadError::Damaged(format!("it holds more than {MAX_CERTIFICATES} certificates")));
        }
    }
    if certificates.is_empty() && key.is_none() {
        return Err(match instead {
            _ if of_old => ReadError::EncryptedKey,
            _ if encrypted => ReadError::PasswordNeeded,
            Some(what) => ReadError::Instead(what),
            None => ReadError::Text,
        });
    }
    let mut found = contents(format, certificates, key.as_deref().map(Vec::as_slice));
    found.has_private_key |= encrypted;
    found.has_key_of_old = of_old;
    Ok(found)
}

/// What OpenSSL calls a trusted certificate: behind the certificate itself stands what it is trusted for there, which says
/// nothing here.
fn without_trust<'d>(label: &str, der: &'d [u8]) -> &'d [u8] {
    match Tlv::first(der) {
        Ok((certificate, _trust)) if label == "TRUSTED CERTIFICATE" => certificate.raw,
        _ => der,
    }
}

/// The certificates of a collection, in whichever form of BER it is written.
fn collection(ber: &[u8]) -> Result<Vec<Certificate>, ReadError> {
    signed_data(&BerReader::new(ber).element(MAX_FILE).map_err(|_damaged| cut_off(ber))?)
}

/// The certificates in a SignedData, which otherwise is empty in a .p7b file.
fn signed_data(normal: &[u8]) -> Result<Vec<Certificate>, ReadError> {
    let damaged = |reason: &dyn std::fmt::Display| ReadError::Damaged(reason.to_string());
    let (outer, _) = Tlv::first(normal).map_err(|error| damaged(&error))?;
    let parts = outer.children().map_err(|error| damaged(&error))?;
    let content = parts.get(1).ok_or(ReadError::NoCertificate)?;
    let (signed, _) = Tlv::first(content.value).map_err(|error| damaged(&error))?;
    let fields = signed.children().map_err(|error| damaged(&error))?;
    if fields.len() < 3 || fields[1].tag != SET {
        return Err(ReadError::NoCertificate);
    }
    let set = fields.iter().skip(3).find(|field| field.tag == 0xa0).ok_or(ReadError::NoCertificate)?;
    let members = set.children().map_err(|error| damaged(&error))?;
    let certificates: Vec<Certificate> = members
        .iter()
        .filter(|member| member.tag == SEQUENCE)
        .take(MAX_CERTIFICATES)
        .map(|member| Certificate::from_der(member.raw).map_err(|error| damaged(&error)))
        .collect::<Result<_, _>>()?;
    if certificates.is_empty() { Err(ReadError::NoCertificate) } else { Ok(certificates) }
}

/// Decrypts a PKCS#12, given as it is and in DER.
pub(super) fn open_pkcs12(bytes: &[u8], normal: &[u8], password: Option<&str>) -> Result<Pkcs12Archive, ReadError> {
    password_work::affordable(normal)?;
    let open = |bytes: &[u8]| Pkcs12Archive::from_pkcs12(bytes, password.unwrap_or_default());
    let again = |first| if bytes == normal { Err(first) } else { open(normal).map_err(|_second| first) };
    open(bytes).or_else(again).map_err(|error| {
        let said = error.to_string();
        let lower = said.to_ascii_lowercase();
        if lower.contains("unsupported") {
            ReadError::UnsupportedEncryption(said)
        } else if lower.contains("mac") || lower.contains("pad") || lower.contains("decrypt") || lower.contains("pkcs5")
        {
            if password.is_some() { ReadError::WrongPassword } else { ReadError::PasswordNeeded }
        } else {
            ReadError::Damaged(said)
        }
    })
}

fn pkcs12(bytes: &[u8], normal: &[u8], password: Option<&str>) -> Result<FileContents, ReadError> {
    let archive = open_pkcs12(bytes, normal, password)?;
    let keys: Vec<Zeroizing<Vec<u8>>> =
        archive.keys.iter().map(|bag| Zeroizing::new(bag.key.as_der().to_vec())).collect();
    let certificates: Vec<&[u8]> = archive.certs.iter().map(|bag| bag.cert.as_der()).collect();
    let mut parsed: Vec<Certificate> = Vec::new();
    for der in certificates.into_iter().take(MAX_CERTIFICATES) {
        let certificate = Certificate::from_der(der).map_err(|error| ReadError::Damaged(error.to_string()))?;
        if !parsed.contains(&certificate) {
            parsed.push(certificate);
        }
    }
    if parsed.is_empty() && keys.is_empty() {
        return Err(ReadError::NoCertificate);
    }
    let mut keys = keys.iter();
    let mut found = contents(Format::P12, parsed, keys.next().map(|key| key.as_slice()));
    found.further_keys = keys.filter_map(|key| PrivateKey::from_pkcs8_der(key).ok()).collect();
    Ok(found)
}
