//! How a partner's certificate arrives: every file that may be mailed, what is said about it, who confirmed it, and what
//! is seen in signatures before it is expected.

mod confirmation;
mod files;
mod purposes;
mod retired;
mod several;
mod sightings;
mod warnings;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use countersign::app::{App, CertificateSource, Clock, ImportRequest, ImportResult, Location, Unlock};
use countersign::certificate::{FileContents, ReadError, read};
use countersign::domain::certificate::Fingerprint;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::{Activation, CertificateUse};
use countersign::store::Workspace;
use serde_json::Value;

/// Where the files lie, made by `tests/fixtures/arrival/make`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrival").join(name)
}

fn read_fixture(name: &str) -> Result<FileContents, ReadError> {
    read(&std::fs::read(fixture(name)).unwrap(), None)
}

/// The fingerprint of a fixture with one certificate.
fn print(name: &str) -> Fingerprint {
    read_fixture(name).unwrap().certificates[0].facts().fingerprint_sha256
}

const NOW: &str = "2026-11-24T12:00:00Z";

/// A workspace with one partner: `old.cer` for production, `test.cer` for test.
struct Desk {
    folder: tempfile::TempDir,
    app: App,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = App::new(Location::Dir(workspace), Unlock::none(), Clock::Fixed(NOW.parse().unwrap()));
        app.import_identity(&fixture("ours.pem"), Some("ours".parse().unwrap()), None).await.unwrap();
        let location = Location::Dir(folder.path().join("workspace"));
        let workspace = Workspace::open_or_create(&location, &Unlock::none(), NOW.parse().unwrap()).await.unwrap();
        workspace.put_policy(&"limits".parse().unwrap(), LIMITS).await.unwrap();
        let desk = Self { folder, app };
        desk.connect(&format!("[{:?}]", fixture("old.cer")), &format!("[{:?}]", fixture("test.cer"))).await;
        desk
    }

    /// Puts the connection there anew, with these certificates as a connection file names them.
    async fn connect(&self, production: &str, test: &str) {
        let profile = |name: &str, certificates: &str| {
            format!(
                "[{name}]\nour_as2_id = \"ACME\"\npartner_as2_id = \"PARTNER\"\nurl = \"http://127.0.0.1:9/{name}\"\n\
                 identity = \"ours\"\npartner_certificates = {certificates}\n"
            )
        };
        let (production, test) = (profile("production", production), profile("test", test));
        let text = format!("id = \"partner\"\nname = \"Partner\"\npolicy = \"limits\"\n{production}{test}");
        let file = self.folder.path().join("partner.toml");
        std::fs::write(&file, text).unwrap();
        self.app.add_connection(&file, true).await.unwrap();
    }

    /// An import of a fixture for production, at once.
    fn request(name: &str) -> ImportRequest {
        ImportRequest {
            source: CertificateSource::File(fixture(name)),
            connection: "partner".parse().unwrap(),
            profiles: vec![ProfileKind::Production],
            also_where_used: false,
            also: Vec::new(),
            activation: Activation::Now,
            expected: None,
            confirmed: None,
            purpose: None,
            though_ended: false,
        }
    }

    async fn import(&self, name: &str) -> ImportResult {
        self.app.import_certificate(&Self::request(name)).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    async fn uses(&self, kind: ProfileKind) -> Vec<CertificateUse> {
        let connection = self.app.connection(&"partner".parse().unwrap()).await.unwrap();
        connection.profile(kind).unwrap().partner_certificates.clone()
    }

    /// Runs the program on the same workspace.
    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(words)
            .env("COUNTERSIGN_WORKSPACE", self.folder.path().join("workspace"))
            .env_remove("COUNTERSIGN_PASSPHRASE")
            .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// The document that a command answers with, and what it wrote beside.
    fn json(&self, words: &[&str]) -> (Value, String) {
        let output = self.run(&[words, &["--json"]].concat());
        let beside = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {beside}");
        (serde_json::from_slice(&output.stdout).unwrap(), beside)
    }
}

const LIMITS: &str = r#"
id = "limits"
name = "Limits"
kind = "own"

[[rules]]
setting = "partner_certificate.rsa_bits"
op = "range"
value = [2048, 4096]
applies_to = "both"
severity = "required"
from = 2020-01-01
source = "a test"
quote = "Keys have 2048 to 4096 bits"
checked = 2026-11-01
"#;
