//! The connection file: one connection as TOML, with its partner certificates as files or text.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::AppError;
use super::certificates::read_certificates;
use crate::certificate::Certificate;
use crate::domain::connection::Connection;
use crate::domain::instant;
use crate::domain::timeline::{CertificatePurpose, CertificateUse};

/// The largest connection file in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The most certificates that a profile names: each may be a file, and the same one over and over.
const MOST_CERTIFICATES: usize = 100;

/// A partner certificate as the file names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum NamedCertificate {
    /// A path or PEM text: the first encrypts, all verify.
    Plain(String),
    /// With its uses and period.
    Table {
        /// A path or PEM text.
        file: String,
        /// What for; both where absent.
        #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
        purposes: Option<Vec<CertificatePurpose>>,
        /// From when.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
}

impl<'de> Deserialize<'de> for NamedCertificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = NamedCertificate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, PEM text, or a table { file, use, from, until }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NamedCertificate, E> {
                Ok(NamedCertificate::Plain(text.to_owned()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<NamedCertificate, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Table {
                    file: String,
                    #[serde(rename = "use")]
                    purposes: Option<Vec<CertificatePurpose>>,
                    from: Option<String>,
                    until: Option<String>,
                }
                let Table { file, purposes, from, until } =
                    Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(NamedCertificate::Table { file, purposes, from, until })
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

/// A connection as read from its file, with every certificate that it names.
pub(super) struct ReadConnection {
    /// The connection.
    pub(super) connection: Connection,
    /// The certificates, with where each came from.
    pub(super) certificates: Vec<(Certificate, String)>,
}

/// Reads a connection file and the certificates that it names.
pub(super) fn read(path: &Path) -> Result<ReadConnection, AppError> {
    let text = read_text(path, MAX_FILE)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    parse(&text, folder).map_err(|error| error.in_file(path))
}

/// Reads a file of at most `limit` bytes as text.
pub(super) fn read_text(path: &Path, limit: u64) -> Result<String, AppError> {
    use std::io::Read as _;
    let cannot = |error: std::io::Error| AppError::unread(path, &error);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(cannot)?.take(limit + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > limit {
        return Err(AppError::new(format!("{} has more than {limit} bytes", path.display()))
            .hint("perhaps it is another file than was meant"));
    }
    String::from_utf8(bytes).map_err(|_not_utf8| {
        AppError::new(format!("{} is not text in UTF-8", path.display()))
            .hint("perhaps it is another file than was meant; else save it as UTF-8 and try again")
    })
}

fn parse(text: &str, folder: &Path) -> Result<ReadConnection, AppError> {
    let named: Connection<NamedCertificate> =
        toml::from_str(text).map_err(|error| with_hint(in_words(text, &error)))?;
    let mut certificates = Vec::new();
    let mut connection = named.try_rename_certificates(|kind, list| {
        if list.len() > MOST_CERTIFICATES {
            return Err(AppError::new(format!(
                "the {kind} profile names {} certificates, at most {MOST_CERTIFICATES} are read",
                list.len()
            )));
        }
        let mut uses = Vec::new();
        for (index, entry) in list.into_iter().enumerate() {
            uses.push(resolve(entry, index == 0, folder, &mut certificates)?);
        }
        Ok::<_, AppError>(uses)
    })?;
    if connection.production.is_none() && connection.test.is_none() {
        return Err(AppError::new("it has neither a [production] nor a [test] profile"));
    }
    for profile in [connection.production.as_mut(), connection.test.as_mut()].into_iter().flatten() {
        if profile.tls_trust != "system" {
            profile.tls_trust = absolute(folder, &profile.tls_trust)?.display().to_string();
        }
    }
    Ok(ReadConnection { connection, certificates })
}

/// What belongs to this machine and not to a connection is not taken from a file, which others may have written.
fn with_hint(error: AppError) -> AppError {
    let is_of = |key: &str| error.message().contains(&format!("unknown field `{key}`"));
    let hint = match ["outbox", "inbox", "on_received", "on_failed"].into_iter().find(|key| is_of(key)) {
        Some(key @ ("outbox" | "inbox")) => format!(
            "a folder of this machine is not taken from a file; set it with `countersign connection set ID PROFILE {key}=DIR`"
        ),
        Some(_command) => {
            "a command of this machine is not taken from a file; set it with `countersign command set`".to_owned()
        }
        None => return error,
    };
    error.hint(hint)
}

/// TOML's error with its line, on one line.
pub(super) fn in_words(text: &str, error: &toml::de::Error) -> AppError {
    let message = error.message().trim().replace('\n', " ");
    match error.span() {
        Some(span) => {
            let line = text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1);
            AppError::new(format!("line {line}: {message}"))
        }
        None => AppError::new(message),
    }
}

fn absolute(folder: &Path, path: &str) -> Result<PathBuf, AppError> {
    std::path::absolute(folder.join(path)).map_err(|error| AppError::new(format!("`{path}` is not a path: {error}")))
}

fn resolve(
    entry: NamedCertificate,
    first: bool,
    folder: &Path,
    certificates: &mut Vec<(Certificate, String)>,
) -> Result<CertificateUse, AppError> {
    let (file, purposes, from, until) = match entry {
        NamedCertificate::Plain(file) => {
            let purposes = if first {
                vec![CertificatePurpose::Encrypt, CertificatePurpose::Verify]
            } else {
                vec![CertificatePurpose::Verify]
            };
            (file, purposes, None, None)
        }
        NamedCertificate::Table { file, purposes, from, until } => {
            let purposes = purposes.unwrap_or_else(|| CertificatePurpose::ALL.to_vec());
            (file, purposes, from, until)
        }
    };
    let from = from.as_deref().map(instant::parse).transpose()?;
    let until = until.as_deref().map(instant::parse).transpose()?.map(|stated| stated.at);
    if let (Some(from), Some(until)) = (&from, until)
        && from.at >= until
    {
        return Err(AppError::new(format!("a certificate's use from {} ends before it begins, at {until}", from.at)));
    }
    let (found, source) = if file.contains("-----BEGIN") {
        (read_certificates(file.as_bytes(), "the connection file")?, "connection file".to_owned())
    } else {
        let path = absolute(folder, &file)?;
        let source = path.file_name().map_or_else(|| file.clone(), |name| name.to_string_lossy().into_owned());
        (super::certificates::read_certificate_file(&path)?, source)
    };
    let mut found = found.into_iter();
    let certificate = found.next().ok_or_else(|| AppError::new(format!("there is no certificate in {source}")))?;
    let fingerprint = certificate.facts().fingerprint_sha256;
    certificates.push((certificate, source));
    Ok(CertificateUse {
        fingerprint,
        purposes,
        from: from.as_ref().map(|stated| stated.at),
        until,
        zone: from.and_then(|stated| stated.zone),
    })
}

/// Writes a connection as its file, with its certificates as PEM text, so that the file stands alone.
pub(super) fn write(
    connection: Connection,
    pem: &dyn Fn(&CertificateUse) -> Option<String>,
) -> Result<String, AppError> {
    let named = connection.try_rename_certificates(|_, uses| {
        uses.into_iter()
            .map(|entry| {
                let file = pem(&entry).ok_or_else(|| {
                    AppError::new(format!("the certificate {} is missing from the workspace", entry.fingerprint))
                })?;
                Ok(NamedCertificate::Table {
                    file,
                    purposes: Some(entry.purposes),
                    from: entry.from.map(|from| instant::written(from, entry.zone.as_deref())),
                    until: entry.until.map(|until| until.to_string()),
                })
            })
            .collect::<Result<Vec<_>, AppError>>()
    })?;
    toml::to_string(&named).map_err(|error| AppError::new(format!("the connection cannot be written as TOML: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "id = \"a\"\nname = \"A\"\n[test]\nour_as2_id = \"ME\"\npartner_as2_id = \"YOU\"\nurl = \"http://127.0.0.1/as2\"\nidentity = \"me\"\n";

    #[test]
    fn the_rest_defaults_to_what_is_documented() {
        let read = parse(MINIMAL, Path::new("/")).unwrap().connection;
        assert_eq!(read.policy.as_str(), "as2-modern");
        let profile = read.test.unwrap();
        assert_eq!(profile.encryption.as_str(), "aes128-cbc");
        assert_eq!(profile.receipt_deadline_minutes, 1440);
        assert!(profile.quirks.cms_algorithm_protection);
        assert!(profile.contradictions().is_empty());
    }

    #[test]
    fn a_profile_names_so_many_certificates_and_no_more() {
        let names = format!("{MINIMAL}partner_certificates = [{}]\n", "\"/there/is/none.pem\",".repeat(101));
        let error = parse(&names, Path::new("/")).map(|_| ()).unwrap_err().to_string();
        assert_eq!(error, "the test profile names 101 certificates, at most 100 are read");
    }

    #[test]
    fn an_error_names_the_key_and_the_line() {
        let error = |text: &str| parse(text, Path::new("/")).map(|_| ()).unwrap_err().to_string();
        let unknown = error(&format!("{MINIMAL}encrypton = \"aes128-cbc\"\n"));
        assert!(unknown.starts_with("line 8: ") && unknown.contains("encrypton"), "{unknown}");
        let quirk = error(&format!("{MINIMAL}[test.quirks]\nmicalg = \"x\"\n"));
        assert!(quirk.starts_with("line 9: ") && quirk.contains("micalg"), "{quirk}");
        let word = error(&format!("{MINIMAL}encryption = \"des\"\n"));
        assert!(word.starts_with("line 8: `des` is not one of none, 3des-cbc"), "{word}");
        let control = error(&MINIMAL.replace("\"ME\"", "\"M\\u0007E\""));
        assert!(control.starts_with("line 4: ") && control.contains("U+0007"), "{control}");
        let address = error(&MINIMAL.replace("http://127.0.0.1/as2", "127.0.0.1/as2"));
        assert!(address.contains("http://"), "{address}");
        assert!(error("id = \"a\"\nname = \"A\"\n").contains("neither"));
        let period = error(&format!("{MINIMAL}partner_certificates = [{{ file = \"x\", when = 1 }}]\n"));
        assert!(period.contains("when"), "{period}");
    }

    /// The certificates of `tests/fixtures`, as the workspace would hold them.
    fn fixtures() -> [Certificate; 2] {
        ["amazon-old.pem", "amazon-renewed.pem"].map(|name| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/window").join(name);
            super::super::certificates::read_certificate_file(&path).unwrap().remove(0)
        })
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

        /// Whatever schedule a profile has, the tables of its file give the same again.
        #[test]
        fn a_schedule_survives_the_file(
            entries in proptest::collection::vec(
                (0..2_usize, 1..4_u8, proptest::option::of((0..2_000_000_000_i64, 0..4_usize)), proptest::option::of(1..1_000_000_000_i64)),
                0..7,
            ),
            retire in 0..400_u32,
        ) {
            let certificates = fixtures();
            let zones = [None, Some("Europe/Berlin"), Some("America/St_Johns"), Some("Australia/Lord_Howe")];
            let uses: Vec<CertificateUse> = entries
                .iter()
                .map(|(which, purposes, from, until)| {
                    let instant = |second| jiff::Timestamp::from_second(second).unwrap();
                    CertificateUse {
                        fingerprint: certificates[*which].facts().fingerprint_sha256,
                        purposes: CertificatePurpose::ALL
                            .iter()
                            .enumerate()
                            .filter(|(index, _)| purposes >> index & 1 == 1)
                            .map(|(_, purpose)| *purpose)
                            .collect(),
                        from: from.map(|(second, _)| instant(second)),
                        until: until.map(|after| instant(from.map_or(0, |(second, _)| second) + after)),
                        zone: from.and_then(|(_, zone)| zones[zone].map(str::to_owned)),
                    }
                })
                .collect();
            let mut connection = parse(MINIMAL, Path::new("/")).unwrap().connection;
            let profile = connection.test.as_mut().unwrap();
            profile.partner_certificates = uses;
            profile.retire_unused_days = retire;
            let pem = |entry: &CertificateUse| {
                certificates.iter().find(|known| known.facts().fingerprint_sha256 == entry.fingerprint).map(Certificate::to_pem)
            };
            let text = write(connection.clone(), &pem).unwrap();
            proptest::prop_assert_eq!(parse(&text, Path::new("/")).unwrap().connection, connection, "{}", text);
        }
    }
}
