//! What comes as a file, and the head of a request: parcels of certificates, keystores, what other programs export, policies,
//! connections, backups.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;

use countersign::app::{App, Clock, Location, OpenAs2Files, Unlock, look_at_backup, restore_backup, verify_backup};
use countersign::certificate::{FileContents, ReadError, read, read_keystore};
use countersign::domain::connection::Connection;
use countersign::domain::policy::{Policy, builtin, faults, resolve, validate};
use countersign::transport::head::{Framing, Head, HeadError, parse};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The most header lines of a request.
const MOST_LINES: usize = 256;

/// The most certificates of a file.
const MOST_CERTIFICATES: usize = 500;

/// What stands between two files of one input.
pub(crate) const BETWEEN: u8 = 0x1e;

/// The end of a text without what belongs to this one input.
fn briefly(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Something that is waited for.
fn waited<T>(work: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let built = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    RUNTIME.get_or_init(built).block_on(work)
}

/// A folder of its own, as long as the program runs.
fn folder() -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path().to_owned()
}

/// The head of a request: what is read of it is plain, and when it is written plainly it is read as the same.
pub(crate) fn heads(data: &[u8]) -> String {
    let head = match parse(data) {
        Ok(head) => head,
        Err(error) => {
            assert_eq!(error.status().is_none(), error == HeadError::Closed);
            return briefly(&error.to_string());
        }
    };
    assert!(head.headers.len() <= MOST_LINES, "{} lines", head.headers.len());
    assert_eq!(head.raw, data);
    let mut plain = format!("{} {} HTTP/1.{}\r\n", head.method, head.path, u8::from(!head.old));
    for (name, value) in &head.headers {
        assert_eq!(*name, name.to_ascii_lowercase());
        assert!(!value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
        assert_eq!(value.trim_matches([' ', '\t']), value);
        plain.push_str(&format!("{name}: {value}\r\n"));
    }
    plain.push_str("\r\n");
    let again = parse(plain.as_bytes()).unwrap();
    assert_eq!(Head { raw: Vec::new(), ..again }, Head { raw: Vec::new(), ..head.clone() });
    let framing = match head.framing {
        Framing::Chunked => "chunked",
        Framing::Length(0) => "none",
        Framing::Length(_) => "length",
    };
    format!("{framing} {} {}", head.expects_continue, head.headers.len().min(4))
}

fn told(read: &Result<FileContents, ReadError>) -> String {
    match read {
        Ok(contents) => {
            assert!(contents.certificates.len() <= MOST_CERTIFICATES);
            for certificate in &contents.certificates {
                assert!(!certificate.to_pem().is_empty());
            }
            format!("{} {} {}", contents.format, contents.certificates.len().min(3), contents.remarks.len().min(3))
        }
        Err(error) => briefly(&error.to_string()),
    }
}

/// Archives and mails: the input itself, and the input as a file in one of each.
pub(crate) fn parcels(data: &[u8]) -> String {
    let plain = read(data, None);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{method}/new.cer"), options).unwrap();
        zip.write_all(data).unwrap();
    }
    let zipped = read(&zip.finish().unwrap().into_inner(), None);
    let head = "From: a@example.com\r\nTo: b@example.com\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"new.cer\"\r\n\r\n";
    let mailed = read(&[head.as_bytes(), data].concat(), None);
    for (parcel, what) in [(&zipped, "archive"), (&mailed, "mail")] {
        if let Ok(contents) = parcel {
            assert!(contents.private_key.is_none(), "a key came in an {what}");
        }
    }
    // What is a certificate by itself is one in an archive.
    let alone = plain.as_ref().is_ok_and(|contents| !contents.certificates.is_empty());
    if alone && !matches!(&zipped, Err(ReadError::Excessive(_))) {
        assert!(zipped.as_ref().is_ok_and(|contents| !contents.certificates.is_empty()), "{zipped:?}");
    }
    format!("{} / {} / {}", told(&plain), told(&zipped), told(&mailed))
}

/// PKCS#12, as a file for an identity and as another program's keystore.
pub(crate) fn keystores(data: &[u8]) -> String {
    let mut said = String::new();
    for password in ["secret", "test"] {
        let opened = match read_keystore(data, password) {
            Ok(keystore) => {
                assert!(keystore.entries.len() + keystore.others.len() <= MOST_CERTIFICATES);
                for entry in &keystore.entries {
                    assert_eq!(entry.alias, entry.alias.trim().to_lowercase());
                    assert!(entry.key.as_ref().is_none_or(|key| key.matches(&entry.certificate)));
                }
                format!("{} {}", keystore.entries.len().min(4), keystore.others.len().min(4))
            }
            Err(error) => briefly(&error.to_string()),
        };
        said.push_str(&format!("{opened} / {} ", told(&read(data, Some(password)))));
    }
    said
}

/// What OpenAS2 and mendelson AS2 keep: `partnerships.xml` and `config.xml`, or an export. The keystore is one that is there.
pub(crate) fn partners(data: &[u8]) -> String {
    let folder = folder().join("partners");
    std::fs::create_dir_all(&folder).unwrap();
    let mut parts = data.splitn(2, |byte| *byte == BETWEEN);
    let file = folder.join("partnerships.xml");
    std::fs::write(&file, parts.next().unwrap_or_default()).unwrap();
    let config = folder.join("config.xml");
    match parts.next() {
        Some(text) => std::fs::write(&config, text).unwrap(),
        None => drop(std::fs::remove_file(&config)),
    }
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/openssl/rsa-nomac.p12");
    let app = App::new(Location::Dir(folder.join("nothing")), Unlock::none(), Clock::Fixed(Timestamp::UNIX_EPOCH));
    let files = OpenAs2Files {
        partnerships: file,
        keystore: Some(PathBuf::from(fixture)),
        password: Some("test".to_owned().into()),
        ours: None,
    };
    match waited(app.plan_openas2(&files)) {
        Ok(plan) => {
            let why: Vec<String> = plan.passed_over.iter().take(2).map(|passed| briefly(&passed.why)).collect();
            for planned in &plan.connections {
                let text = toml::to_string(&planned.connection).unwrap();
                assert_eq!(toml::from_str::<Connection>(&text).unwrap(), planned.connection);
            }
            format!("{} {} {why:?}", plan.from, plan.connections.len().min(3))
        }
        Err(error) => briefly(&error.to_string().replace(&*folder.to_string_lossy(), "")),
    }
}

/// A policy: what is read is written and read as the same, and what is wrong is told with its line.
pub(crate) fn policies(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    let lines = text.matches('\n').count() + 1;
    let found = faults(&text, builtin());
    let valid = validate(&text, builtin());
    assert_eq!(found.is_empty(), valid.is_ok(), "{found:?} / {valid:?}");
    assert!(found.iter().all(|fault| (1..=lines).contains(&fault.line)), "{found:?}");
    match Policy::from_toml(&text) {
        Ok(policy) => {
            // What is written says when it was last changed, also where the file that was read leaves that to its rules.
            let written = Policy { stated_update: policy.updated(), ..policy.clone() };
            let again = Policy::from_toml(&policy.to_toml().unwrap());
            assert!(again == Ok(written), "it is another when it is written and read again");
            let mut all = builtin().to_vec();
            all.retain(|known| known.id != policy.id);
            all.push(policy.clone());
            let resolved = resolve(&policy.id, &all);
            assert!(valid.is_err() || resolved.is_ok());
            let rules = resolved.map(|resolved| {
                resolved.rules.iter().for_each(|each| assert!(!each.rule.demand().is_empty()));
                resolved.rules.len().min(3)
            });
            format!("{} rules, {rules:?}", policy.rules.len().min(3))
        }
        Err(error) => briefly(&error.reason),
    }
}

/// A connection as it is kept: what is read is written and read as the same.
pub(crate) fn connections(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    let connection = match toml::from_str::<Connection>(&text) {
        Ok(connection) => connection,
        Err(error) => return briefly(error.message()),
    };
    let written = toml::to_string(&connection).unwrap();
    assert_eq!(toml::from_str::<Connection>(&written).unwrap(), connection);
    let mut said = String::new();
    for (kind, profile) in connection.profiles() {
        assert_eq!(profile.changed_from(profile), []);
        let same: Vec<(String, String)> = ["url", "encryption", "require_strength", "mdn_url"]
            .map(|key| (key.to_owned(), profile.written(key)))
            .into();
        assert_eq!(profile.with_changes(&same).unwrap(), *profile, "{same:?}");
        said.push_str(&format!("{kind} {} ", profile.contradictions().len().min(3)));
    }
    said
}

/// Files with their names, as an archive whose digests are right.
pub(crate) fn packed(sections: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    let mut sums = String::new();
    for section in sections.split(|byte| *byte == BETWEEN).take(50) {
        let end = section.iter().position(|byte| *byte == b'\n').unwrap_or(section.len());
        let (name, content) = section.split_at(end);
        let (name, content) = (String::from_utf8_lossy(name), content.get(1..).unwrap_or_default());
        // Names that are there already, or that the writer itself refuses.
        if zip.start_file(name.clone(), options).is_ok() {
            zip.write_all(content).unwrap();
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
            let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            sums.push_str(&format!("{hex}  {name}\n"));
        }
    }
    if zip.start_file("SHA256SUMS", options).is_ok() {
        zip.write_all(sums.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A backup: an archive as it is, or files that are made into one. What is restored stands in its folder alone.
pub(crate) fn backups(data: &[u8]) -> String {
    let folder = folder().join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("backup.zip");
    let bytes = if data.starts_with(b"PK") { data.to_vec() } else { packed(data) };
    std::fs::write(&file, bytes).unwrap();
    let said = waited(look_at_backup(&file)).map(|facts| facts.files.min(3));
    let verified = waited(verify_backup(&file, &|_done, _all| ()));
    let place = folder.join("restored");
    match &verified {
        Ok(_) => {
            assert!(said.is_ok());
            drop(waited(restore_backup(&file, &place, &|_done, _all| ())).unwrap());
            let mut beside: Vec<String> = std::fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            beside.sort();
            assert_eq!(beside, ["backup.zip", "restored"], "something lies beside its folder");
            assert!(place.join("countersign.sqlite").exists() || place.read_dir().unwrap().next().is_some());
            std::fs::remove_dir_all(&place).unwrap();
            format!("whole {said:?}")
        }
        Err(error) => briefly(&error.to_string().replace(&*folder.to_string_lossy(), "")),
    }
}
