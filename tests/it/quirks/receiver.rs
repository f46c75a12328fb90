//! A receiver to post odd requests to: the program itself, and a socket that writes what it is told.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign::as2::{OpeningKeys, Receipt, ReceiptReading, read_receipt};
use countersign::certificate::{Certificate, read};

use crate::exchange::listening;
use crate::messages::{Headers, fixture};
use crate::running::Running;

/// `countersign serve` on a workspace with one partner, whose messages may be plain.
pub(super) struct Receiver {
    folder: tempfile::TempDir,
    _serving: Running,
    address: String,
    certificate: Certificate,
}

/// An answer as it came.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

fn program(workspace: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(words).env("COUNTERSIGN_WORKSPACE", workspace).stdin(Stdio::null());
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
    command
}

impl Receiver {
    /// A receiver that is known as `ours` and whose partner is `theirs`.
    pub(super) fn start(ours: &str, theirs: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let workspace = path("workspace");
        let done = |words: &[&str]| {
            let output = program(&workspace, words).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        done(&["identity", "create", "me"]);
        done(&["identity", "export", "me", "-o", path("me.pem").to_str().unwrap()]);
        std::fs::write(path("partner.pem"), fixture("rsa.crt")).unwrap();
        let quoted = |text: &str| format!("'{text}'");
        let connection = format!(
            "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = {}\npartner_as2_id = {}\n\
             url = \"http://127.0.0.1:9/as2\"\nidentity = \"me\"\npartner_certificates = [\"partner.pem\"]\n\
             require = \"none\"\n",
            quoted(ours),
            quoted(theirs)
        );
        std::fs::write(path("partner.toml"), connection).unwrap();
        done(&["connection", "add", path("partner.toml").to_str().unwrap()]);
        let inbox = path("inbox");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--inbox", inbox.to_str().unwrap()];
        let mut command = program(&workspace, &arguments);
        let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let url = listening(&mut child);
        let address = url.strip_prefix("http://").unwrap().strip_suffix("/as2").unwrap().to_owned();
        let certificate = read(&std::fs::read(path("me.pem")).unwrap(), None).unwrap().certificates.remove(0);
        Self { folder, _serving: child, address, certificate }
    }

    /// Posts header lines as they are given, and a body with its length.
    pub(super) fn post(&self, lines: &[&str], body: &[u8]) -> Answer {
        let mut request = format!("POST /as2 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for line in lines {
            request.push_str(&format!("{line}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut socket = TcpStream::connect(&self.address).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        socket.write_all(body).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let end = crate::messages::find(&answer, b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = crate::messages::headers(&lines.collect::<Vec<_>>());
        Answer { status, headers, body: answer[end + 4..].to_vec() }
    }

    /// Reads an answer as a receipt of this receiver's.
    pub(super) fn receipt(&self, answer: &Answer) -> Receipt {
        let keys = OpeningKeys { decryption: &[], accepted: &[&self.certificate] };
        match read_receipt(&answer.headers, &answer.body, keys) {
            ReceiptReading::Read(receipt) => *receipt,
            other => panic!("{}: no receipt but {other:?}", answer.status),
        }
    }

    /// What the journal says of the newest message.
    pub(super) fn newest(&self) -> serde_json::Value {
        let workspace = self.folder.path().join("workspace");
        let json = |words: &[&str]| -> serde_json::Value {
            let output = program(&workspace, words).arg("--json").output().unwrap();
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let listed = json(&["transmission", "list", "--limit", "1"]);
        json(&["transmission", "show", listed["transmissions"][0]["id"].as_str().unwrap()])
    }

    /// Files that arrived, by name.
    pub(super) fn inbox(&self) -> Vec<(String, Vec<u8>)> {
        let folder: PathBuf = self.folder.path().join("inbox/partner/production");
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut found: Vec<_> = entries
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
            .collect();
        found.sort();
        found
    }
}
