//! What the command line says when something is odd, refused or not what was expected: in words, with what to do.

mod certificates;
mod settings;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const PARTNER: &str = include_str!("../../fixtures/certificates/retailer_sha256_2022_2027.pem");
const RENEWED: &str = include_str!("../../fixtures/certificates/retailer_sha256_samekey_renewal.pem");

/// A folder with a workspace in it: the identity `me` and the connection `partner`, both of whose profiles use PARTNER.
struct Desk {
    folder: tempfile::TempDir,
}

/// What a command came to.
struct Said {
    code: Option<i32>,
    text: String,
    beside: String,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.good(&["identity", "create", "me", "--days", "700"]);
        desk.file("partner.pem", PARTNER);
        desk.file("renewed.pem", RENEWED);
        let profile = |kind: &str| {
            format!(
                "[{kind}]\nour_as2_id = \"ME\"\npartner_as2_id = \"YOU-{kind}\"\nurl = \"http://127.0.0.1:9/as2\"\n\
                 identity = \"me\"\npartner_certificates = [\"partner.pem\"]\n"
            )
        };
        let text = format!("id = \"partner\"\nname = \"Partner\"\n{}{}", profile("production"), profile("test"));
        let file = desk.file("partner.toml", text);
        desk.good(&["connection", "add", &file]);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .args(words)
            .env("COUNTERSIGN_WORKSPACE", self.path("workspace"))
            .env_remove("COUNTERSIGN_PASSPHRASE")
            .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Said {
        Said::of(&self.command(words).output().unwrap())
    }

    /// Runs a command with something on its standard input.
    fn given(&self, words: &[&str], input: &[u8]) -> Said {
        let mut command = self.command(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Said::of(&child.wait_with_output().unwrap())
    }

    /// Runs a command that must succeed.
    #[track_caller]
    fn good(&self, words: &[&str]) -> Said {
        let said = self.run(words);
        assert_eq!(said.code, Some(0), "{words:?}: {}{}", said.text, said.beside);
        said
    }

    /// Runs a command that must be refused; its error and its hint.
    #[track_caller]
    fn refused(&self, words: &[&str]) -> (String, String) {
        let said = self.run(words);
        assert_eq!(said.code, Some(2), "{words:?}: {}{}", said.text, said.beside);
        let line =
            |head: &str| said.beside.lines().find_map(|line| line.strip_prefix(head)).unwrap_or_default().to_owned();
        (line("error: "), line("hint: "))
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.good(&[words, &["--json"]].concat()).text).unwrap()
    }
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), text: text(&output.stdout), beside: text(&output.stderr) }
    }
}

/// The fingerprint of the first certificate of a PEM.
fn print(pem: &str) -> countersign::domain::certificate::Fingerprint {
    let contents = countersign::certificate::read(pem.as_bytes(), None).unwrap();
    contents.certificates[0].facts().fingerprint_sha256
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
