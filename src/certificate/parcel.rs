//! What certificates are sent in: archives (ZIP) and mails, one in the other. Everything is opened in memory and read by
//! its content; nothing is ever written under a name that stands in it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};
use zeroize::Zeroizing;
use zip::ZipArchive;
use zip::result::ZipError;

use super::candidates::leaf_first;
use super::file::{FileContents, Format, MAX_FILE, ReadError, single};
use super::mail_limits;
use super::x509::Certificate;
use crate::domain::certificate::Fingerprint;

/// The most files and attachments that are looked at, all layers together.
const MOST_PARTS: usize = 200;

/// So many archives and mails may be in one another.
const MOST_LAYERS: usize = 3;

/// The most entries that may stand in an archive's list, those of archives inside included: taken apart, it costs many times
/// its length in memory.
const MOST_ENTRIES: usize = 10_000;

/// The most bytes that are unpacked, all layers together.
const MOST_UNPACKED: u64 = 64 * 1024 * 1024;

/// A file in an archive may be so many times as large as it is packed. Certificates hardly shrink; text does tenfold.
const MOST_RATIO: u64 = 100;

/// The most certificates that are taken.
const MOST_CERTIFICATES: usize = 500;

/// What a file is that others are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    Mail,
}

impl Kind {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Zip => "archive",
            Self::Mail => "mail",
        }
    }
}

/// Recognises an archive or a mail by its content.
pub(super) fn recognise(bytes: &[u8]) -> Option<Kind> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(Kind::Zip);
    }
    is_mail(bytes).then_some(Kind::Mail)
}

/// Whether bytes begin with the header of a mail: fields of RFC 5322 up to a blank line, among them some that only a mail
/// has. The `Subject` and `Issuer` that some tools write above a certificate make none.
fn is_mail(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut fields: Vec<String> = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').take(500).enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let continued = line[0] == b' ' || line[0] == b'\t';
        // A line of mailbox files stands above the header.
        if continued || (number == 0 && line.starts_with(b"From ")) {
            continue;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
        let name = line[..colon].trim_ascii_end();
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)) {
            return false;
        }
        fields.push(String::from_utf8_lossy(name).to_ascii_lowercase());
    }
    let has = |name: &str| fields.iter().any(|field| field == name);
    let addressed = has("from") && (has("to") || has("date") || has("message-id"));
    addressed || has("mime-version") || has("content-type")
}

/// Other containers and documents, told by how they begin.
pub(super) fn stranger(bytes: &[u8]) -> Option<ReadError> {
    const BEGINNINGS: [(&[u8], &str); 8] = [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Outlook message (.msg) or another file of Office"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x1f\x8b", "packed with gzip"),
        (b"BZh", "packed with bzip2"),
        (b"\xfd7zXZ", "packed with xz"),
        (b"\xfe\xed\xfe\xed", "a Java keystore"),
        (b"%PDF", "a PDF document"),
    ];
    let known = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning));
    known.map(|(_, what)| ReadError::OtherArchive(what))
}

/// Opens an archive or a mail, and everything that is in it.
pub(super) fn open(kind: Kind, bytes: &[u8]) -> Result<FileContents, ReadError> {
    let mut unpacking = Unpacking::default();
    unpacking.layer(kind, bytes, 1)?;
    let what = kind.in_words();
    let format = match kind {
        Kind::Zip => Format::Zip,
        Kind::Mail => Format::Mail,
    };
    if unpacking.found.is_empty() && !unpacking.private_key {
        if unpacking.locked && unpacking.passed_over.is_empty() {
            return Err(ReadError::LockedArchive);
        }
        // One damaged certificate is more telling than that there is none.
        if let [only] = unpacking.remarks.as_slice() {
            return Err(ReadError::NothingInside { what, inside: format!(": {only}") });
        }
        return Err(ReadError::NothingInside { what, inside: unpacking.instead() });
    }
    Ok(FileContents {
        format,
        certificates: leaf_first(unpacking.found),
        // Of a key that came this way nothing is kept, not even in memory.
        private_key: None,
        has_private_key: unpacking.private_key,
        has_key_of_old: false,
        key_obstacle: None,
        further_keys: Vec::new(),
        places: unpacking.places,
        remarks: unpacking.remarks,
    })
}

/// What has come to light so far.
#[derive(Default)]
struct Unpacking {
    parts: usize,
    unpacked: u64,
    found: Vec<Certificate>,
    places: BTreeMap<Fingerprint, String>,
    private_key: bool,
    /// Something is under a password.
    locked: bool,
    remarks: Vec<String>,
    /// What is no certificate and need not be spoken of where there is one.
    passed_over: Vec<String>,
}

impl Unpacking {
    fn layer(&mut self, kind: Kind, bytes: &[u8], layer: usize) -> Result<(), ReadError> {
        match kind {
            Kind::Zip => self.zip(bytes, layer),
            Kind::Mail => self.mail(bytes, layer),
        }
    }

    /// One file or attachment.
    fn part(&mut self, name: &str, bytes: &[u8], layer: usize) -> Result<(), ReadError> {
        match recognise(bytes) {
            Some(_) if layer >= MOST_LAYERS => {
                self.remarks.push(format!("{name} is packed too deep and was not opened"));
                Ok(())
            }
            Some(kind) => self.layer(kind, bytes, layer + 1),
            None if bytes.len() as u64 > MAX_FILE => {
                self.passed_over.push(name.to_owned());
                Ok(())
            }
            None => self.take(name, single(bytes, None)),
        }
    }

    /// What a part turned out to be.
    fn take(&mut self, name: &str, read: Result<FileContents, ReadError>) -> Result<(), ReadError> {
        match read {
            Ok(contents) => {
                self.private_key |= contents.has_private_key;
                for certificate in contents.certificates {
                    self.places.entry(certificate.facts().fingerprint_sha256).or_insert_with(|| name.to_owned());
                    self.found.push(certificate);
                }
                if self.found.len() > MOST_CERTIFICATES {
                    return Err(ReadError::Excessive("more than 500 certificates"));
                }
            }
            // Under a password there is as good as always a private key.
            Err(
                ReadError::EncryptedKey
                | ReadError::PasswordNeeded
                | ReadError::WrongPassword
                | ReadError::UnsupportedEncryption(_),
            ) => self.private_key = true,
            Err(error @ (ReadError::Damaged(_) | ReadError::Truncated { .. } | ReadError::Instead(_))) => {
                let said = error.to_string();
                self.remarks.push(format!("{name}: {}", said.strip_prefix("the file ").unwrap_or(&said)));
            }
            Err(_) => self.passed_over.push(name.to_owned()),
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), ReadError> {
        self.parts += 1;
        if self.parts > MOST_PARTS { Err(ReadError::Excessive("more than 200 files")) } else { Ok(()) }
    }

    fn zip(&mut self, bytes: &[u8], layer: usize) -> Result<(), ReadError> {
        if bytes.windows(4).filter(|window| window == b"PK\x01\x02").take(MOST_ENTRIES + 1).count() > MOST_ENTRIES {
            return Err(ReadError::Excessive("more than 200 files"));
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| ReadError::Damaged(error.to_string()))?;
        if archive.len() > MOST_PARTS {
            return Err(ReadError::Excessive("more than 200 files"));
        }
        for index in 0..archive.len() {
            self.count()?;
            let mut file = match archive.by_index(index) {
                Ok(file) => file,
                Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword) => {
                    if !std::mem::replace(&mut self.locked, true) {
                        self.remarks
                            .push("a file in the archive is protected by a password and was not opened".to_owned());
                    }
                    continue;
                }
                Err(error) => {
                    self.remarks.push(format!("a file in the archive cannot be opened: {error}"));
                    continue;
                }
            };
            let name =
                shown(&file.name().map_or_else(|_unnamed| format!("file {}", index + 1), std::borrow::Cow::into_owned));
            // What the system of Apple's computers puts beside every file.
            if file.is_dir() || name.starts_with("._") || name == ".DS_Store" {
                continue;
            }
            if file.size() > MAX_FILE {
                self.passed_over.push(name);
                continue;
            }
            // What it says of its size may be wrong: it is cut off where it goes beyond what is plausible.
            let most = MAX_FILE.min(file.compressed_size().saturating_mul(MOST_RATIO).saturating_add(4096));
            let mut content = Zeroizing::new(Vec::new());
            if let Err(error) = file.by_ref().take(most + 1).read_to_end(&mut content) {
                self.remarks.push(format!("{name}: is damaged: {error}"));
                continue;
            }
            drop(file);
            if content.len() as u64 > most {
                return Err(ReadError::Excessive("a file in it is more than 100 times as large as it is packed"));
            }
            self.unpacked += content.len() as u64;
            if self.unpacked > MOST_UNPACKED {
                return Err(ReadError::Excessive("more than 64 MiB"));
            }
            self.part(&name, &content, layer)?;
        }
        Ok(())
    }

    fn mail(&mut self, bytes: &[u8], layer: usize) -> Result<(), ReadError> {
        // The parser wants the header first.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        mail_limits::within(bytes)?;
        let from_line = bytes.starts_with(b"From ");
        let start = if from_line { bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1) } else { 0 };
        let mail = &bytes[start..];
        // However many are in one another, they are let go of one inside the other.
        std::thread::scope(|scope| {
            let read = || {
                let message = MessageParser::default().parse(mail);
                let message = message.ok_or_else(|| ReadError::Damaged("the mail cannot be read".to_owned()))?;
                self.message(&message, layer)
            };
            let reading = std::thread::Builder::new().name("mail".to_owned()).stack_size(mail_limits::STACK);
            let reading = reading.spawn_scoped(scope, read).map_err(|error| ReadError::Damaged(error.to_string()))?;
            reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn message(&mut self, message: &Message<'_>, layer: usize) -> Result<(), ReadError> {
        for part in &message.parts {
            self.count()?;
            let name = part.attachment_name().map(shown);
            let called = name.clone().unwrap_or_else(|| "the mail's text".to_owned());
            let signature = part.is_content_type("application", "pkcs7-signature")
                || part.is_content_type("application", "x-pkcs7-signature")
                || name.as_deref() == Some("smime.p7s");
            match &part.body {
                PartType::Multipart(_) => {}
                _ if signature => {
                    self.remarks.push(format!(
                        "{called} is the signature of the mail itself; the certificate in it is the sender's for mail"
                    ));
                }
                // Text that quotes another mail is not taken apart a second time.
                PartType::Text(text) => self.text(name.as_deref(), text)?,
                PartType::Html(html) => self.text(name.as_deref(), &html_to_text(html))?,
                PartType::Binary(content) | PartType::InlineBinary(content) => self.part(&called, content, layer)?,
                PartType::Message(inner) if layer < MOST_LAYERS => self.message(inner, layer + 1)?,
                PartType::Message(_) => self.remarks.push(format!("{called} is packed too deep and was not opened")),
            }
        }
        Ok(())
    }

    fn text(&mut self, name: Option<&str>, text: &str) -> Result<(), ReadError> {
        if text.len() as u64 > MAX_FILE {
            self.passed_over.extend(name.map(str::to_owned));
            return Ok(());
        }
        match single(text.as_bytes(), None) {
            // That a mail has words in it is no news.
            Err(ReadError::Text | ReadError::Empty | ReadError::WebPage) if name.is_none() => Ok(()),
            read => self.take(name.unwrap_or("the mail's text"), read),
        }
    }

    /// What there is where there is no certificate, to go on with the sentence.
    fn instead(&self) -> String {
        let mut names: Vec<&str> = self.passed_over.iter().map(String::as_str).collect();
        let more = names.len().saturating_sub(5);
        names.truncate(5);
        let mut said = if names.is_empty() { String::new() } else { format!("; in it: {}", names.join(", ")) };
        if more > 0 {
            said.push_str(&format!(" and {more} more"));
        }
        for remark in self.remarks.iter().take(3) {
            said.push_str(&format!("; {remark}"));
        }
        said
    }
}

/// A name from an archive or a mail, fit to be shown: its last part, on one line.
fn shown(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|character| !character.is_control()).take(80).collect();
    if plain.trim().is_empty() { "a file without a name".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_told_from_text_above_a_certificate() {
        for mail in [
            "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\nhello",
            "Received: from x\n by y\nMIME-Version: 1.0\n\nhello",
            "From MAILER Thu Nov 26 00:00:00 2026\nFrom: a@example.com\nDate: today\n\nhello",
        ] {
            assert!(is_mail(mail.as_bytes()), "{mail}");
        }
        for text in [
            "Subject: CN=partner\nIssuer: CN=partner\n-----BEGIN CERTIFICATE-----",
            "subject=/CN=partner\n\nFrom: x\nTo: y",
            "Bag Attributes\n    localKeyID: 01\n-----BEGIN CERTIFICATE-----",
            "Dear partner,\nFrom: now on\n",
            "",
        ] {
            assert!(!is_mail(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn names_are_shown_and_never_followed() {
        assert_eq!(shown("../../etc/passwd"), "passwd");
        assert_eq!(shown("C:\\x\\new\u{7}.cer"), "new.cer");
        assert_eq!(shown("folder/"), "a file without a name");
    }
}
