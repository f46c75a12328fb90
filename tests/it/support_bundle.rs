//! The support bundle: everything a partner's support needs, and no secret in any spelling.

use std::io::{Cursor, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::app::{App, Bundle, Clock, Location, Payload, SendRequest, Unlock};
use countersign::certificate::{Certificate, KeyKind, create_identity};
use countersign::domain::certificate::hex;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::{Transmission, Verdict};
use tempfile::TempDir;
use zip::ZipArchive;

use crate::exchange::{PARTNER, Partner, Received, STRANGER, Serving, Us, Wrong, post};

const PASSPHRASE: &str = "correct horse battery staple";
const PASSWORD: &str = "pa55-word-at-the-partner";
const TOKEN: &str = "t0ken-in-the-address";
const COOKIE: &str = "c00kie-of-a-session";
const MARKER: &str = "PAYLOAD-MARKER-7F3A9C";
const NOTES: &str = "what we think of them";
const CONTACT: &str = "their.boss@partner.example";
const OTHER: &str = "Northwind Retail Group";

/// Everything in an archive by its name.
pub(crate) fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.push((file.name().unwrap().into_owned(), content));
    }
    files
}

fn file<'f>(files: &'f [(String, Vec<u8>)], name: &str) -> &'f [u8] {
    let found = files.iter().find(|(known, _)| known == name);
    found.map_or_else(|| panic!("no {name}: {:?}", names(files)), |(_, content)| content.as_slice())
}

fn text(files: &[(String, Vec<u8>)], name: &str) -> String {
    String::from_utf8(file(files, name).to_vec()).unwrap()
}

fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

/// Whether a secret is in bytes: as it is, in hex, or in base64 wherever in a longer text it begins, lines joined.
pub(crate) fn holds(content: &[u8], secret: &[u8]) -> bool {
    let has = |content: &[u8], what: &[u8]| content.windows(what.len()).any(|window| window == what);
    let joined: Vec<u8> = content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let low = joined.to_ascii_lowercase();
    let base64 = (0..3).any(|skipped| {
        let whole = (secret.len() - skipped) / 3 * 3;
        has(&joined, STANDARD.encode(&secret[skipped..skipped + whole]).as_bytes())
    });
    has(content, secret) || has(&low, hex(secret).as_bytes()) || base64
}

/// We, with a passphrase, a password, a token and a key that are known here.
struct Secretive {
    folder: TempDir,
    app: App,
    certificate: Certificate,
    key: Vec<u8>,
    pem: Vec<u8>,
}

impl Secretive {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unlock = Unlock::with_passphrase(zeroize::Zeroizing::new(PASSPHRASE.to_owned()));
        let app = App::new(Location::Dir(folder.path().join("workspace")), unlock, Clock::System);
        let begun = jiff::Timestamp::from_second(Clock::System.now().as_second() - 3600).unwrap();
        let (key, certificate) = create_identity("CN=us", KeyKind::Rsa2048, 365, begun).unwrap();
        let encoded = STANDARD.encode(key.pkcs8_der());
        let lines: Vec<&str> = encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n{}",
            lines.join("\n"),
            certificate.to_pem()
        );
        let file = folder.path().join("us.pem");
        std::fs::write(&file, &pem).unwrap();
        app.import_identity(&file, Some("us".parse().unwrap()), None).await.unwrap();
        let us = Self { folder, app, certificate, key: key.pkcs8_der().to_vec(), pem: pem.into_bytes() };
        std::fs::write(us.path("partner.pem"), PARTNER.certificate.to_pem()).unwrap();
        std::fs::write(us.path("stranger.pem"), STRANGER.certificate.to_pem()).unwrap();
        us
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn connect(&self, id: &str, name: &str, url: &str, certificate: &str) {
        let profile = format!(
            "our_as2_id = \"US-{id}\"\npartner_as2_id = \"PARTNER-{id}\"\nurl = \"{url}?token={TOKEN}&v=1\"\n\
             mdn_url = \"http://127.0.0.1:9/mdn?token={TOKEN}\"\nidentity = \"us\"\nhttp_user = \"anna\"\n\
             partner_certificates = [\"{certificate}\"]\ntls_trust = \"partner.pem\"\n"
        );
        let text = format!(
            "id = \"{id}\"\nname = \"{name}\"\nnotes = \"{NOTES}\"\ncontact = \"{CONTACT}\"\n[production]\n{profile}"
        );
        let file = self.path("connection.toml");
        std::fs::write(&file, text).unwrap();
        self.app.add_connection(&file, true).await.unwrap();
        let (id, user) = (id.parse().unwrap(), [("http_user".to_owned(), "anna".to_owned())]);
        let password = Some(zeroize::Zeroizing::new(PASSWORD.to_owned()));
        self.app.set(&id, Some(ProfileKind::Production), &user, password).await.unwrap();
    }

    async fn send(&self) -> Transmission {
        let order = self.path("order.edi");
        std::fs::write(&order, format!("UNA:+.? 'UNB+UNOC:3+US+P+261124:0900+1'FTX+{MARKER}'UNZ+0+1'")).unwrap();
        let request = SendRequest {
            connection: "partner".parse().unwrap(),
            profile: ProfileKind::Production,
            payload: Payload::File(order),
        };
        self.app.send(&request, &|_event| {}).await.unwrap()
    }

    /// What the bundle holds once it is written and unpacked.
    async fn bundle(&self, sent: &Transmission, with_payload: bool) -> (Bundle, Vec<(String, Vec<u8>)>) {
        let bundle = self.app.bundle(&sent.id.to_string(), with_payload).await.unwrap();
        let file = self.path("bundle.zip");
        let written = self.app.write_bundle(&bundle, &file).await.unwrap();
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!((written.file, written.size), (file, bytes.len() as u64));
        let files = unpacked(&bytes);
        let listed: Vec<(&str, u64)> = bundle.list().map(|(name, bytes, _)| (name, bytes)).collect();
        let found: Vec<(&str, u64)> =
            files.iter().map(|(name, content)| (name.as_str(), content.len() as u64)).collect();
        assert_eq!(found, listed, "what is written is what was shown");
        (bundle, files)
    }

    /// No secret of ours is in any file.
    fn is_silent(&self, files: &[(String, Vec<u8>)]) {
        // The middle of the private exponent, a prime, and what stands last: nothing of it is in the public key.
        let (key, length) = (&self.key, self.key.len());
        let pieces =
            [&key[length / 3..length / 3 + 36], &key[length * 2 / 3..length * 2 / 3 + 36], &key[length - 36..]];
        for piece in pieces {
            assert!(holds(&self.pem, piece), "the search finds what is there");
        }
        let folder = self.folder.path().display().to_string();
        let basic = STANDARD.encode(format!("anna:{PASSWORD}"));
        let words =
            [PASSPHRASE, PASSWORD, TOKEN, COOKIE, MARKER, NOTES, CONTACT, OTHER, folder.as_str(), basic.as_str()];
        for secret in words.iter().map(|word| word.as_bytes()).chain(pieces) {
            for (name, content) in files {
                assert!(!holds(content, secret), "{}: {name}", String::from_utf8_lossy(secret));
                assert!(!name.contains("order"), "{name}");
            }
        }
    }
}

#[test]
fn the_search_for_secrets_finds_them_in_every_spelling() {
    for content in [
        PASSWORD.to_owned(),
        hex(PASSWORD.as_bytes()).to_uppercase(),
        STANDARD.encode(format!("a{PASSWORD}")),
        STANDARD.encode(format!("anna:{PASSWORD}")).replacen("c", "c\r\n", 1),
    ] {
        assert!(holds(format!("x {content} y").as_bytes(), PASSWORD.as_bytes()), "{content}");
    }
    assert!(!holds(b"pa55-word", PASSWORD.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_told_with_receipt_certificates_and_settings_and_no_secret() {
    let us = Secretive::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let mut receipt = received.receipt(&certificate, Wrong::Nothing);
        // A server that repeats whatever it got.
        let echo = received.header("Authorization").unwrap().to_owned();
        receipt.headers.extend([
            ("X-Echo".to_owned(), format!("{echo} {PASSWORD} http://a.example/?token={TOKEN}")),
            ("Set-Cookie".to_owned(), format!("session={COOKIE}")),
            ("Location".to_owned(), format!("/as2?token={TOKEN}")),
        ]);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect("northwind", OTHER, "http://127.0.0.1:9/as2", "stranger.pem").await;
    us.connect("partner", "Partner", &partner.url, "partner.pem").await;
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Delivered, "{sent:#?}");
    let (bundle, files) = us.bundle(&sent, false).await;
    us.is_silent(&files);
    assert_eq!(
        names(&files),
        [
            "README.txt",
            "transmission.json",
            "request-head.txt",
            "answer-head.txt",
            "receipt.txt",
            "receipt.mdn",
            "structure.txt",
            "settings.toml",
            "certificates/partner-1.pem",
            "certificates/ours-1.pem",
            "certificates.txt",
        ]
    );
    assert_eq!(bundle.left_out, Vec::<String>::new());
    let readme = text(&files, "README.txt");
    for wanted in [
        sent.message_id.as_str(),
        "It holds no password, no private key and no document",
        "  Result: delivered",
        "  To: Partner, Production",
        "  AS2-To: PARTNER-partner",
        "Attempt 1, ",
        "certificates/partner-1.pem, ",
        concat!("  Program: Countersign ", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(readme.contains(wanted), "{wanted}: {readme}");
    }
    let document: serde_json::Value = serde_json::from_slice(file(&files, "transmission.json")).unwrap();
    assert_eq!(
        (&document["message_id"], &document["verdict"]),
        (&sent.message_id.as_str().into(), &"delivered".into())
    );
    let head = text(&files, "request-head.txt");
    assert!(head.starts_with("POST http://127.0.0.1") && head.contains("AS2-From: US-partner\n"), "{head}");
    let answer = text(&files, "answer-head.txt");
    assert!(answer.starts_with("HTTP/1.1 200 OK\n"), "{answer}");
    for wanted in
        ["X-Echo: Basic (hidden) (hidden) http://a.example/?(hidden)\n", "Set-Cookie: (hidden)\n", "Location: /as2\n"]
    {
        // The names of headers come in small letters.
        assert!(answer.to_lowercase().contains(&wanted.to_lowercase()), "{wanted}: {answer}");
    }
    let kept = us.app.kept(&sent.id.to_string(), countersign::app::RawPart::Receipt).await.unwrap();
    assert_eq!(
        file(&files, "receipt.mdn"),
        std::fs::read(kept.body.unwrap()).unwrap(),
        "every byte, so that it verifies"
    );
    let receipt = text(&files, "receipt.txt");
    assert!(receipt.contains("The message was received") && receipt.contains("Signed with partner"), "{receipt}");
    assert!(text(&files, "structure.txt").starts_with("Encrypted, "));
    let settings = text(&files, "settings.toml");
    for wanted in ["http_user = \"anna\"", "tls_trust = \"a file of ours\"", "encryption = \"aes128-cbc\""] {
        assert!(settings.contains(wanted), "{wanted}: {settings}");
    }
    assert_eq!(text(&files, "certificates/partner-1.pem"), PARTNER.certificate.to_pem());
    assert_eq!(text(&files, "certificates/ours-1.pem"), us.certificate.to_pem());
    let facts = text(&files, "certificates.txt");
    let fingerprint = PARTNER.certificate.facts().fingerprint_sha256.to_string();
    for wanted in [
        fingerprint.as_str(),
        "the message was encrypted for it",
        "the receipt was signed with it",
        "identity us of ours",
    ] {
        assert!(facts.contains(wanted), "{wanted}: {facts}");
    }

    // The certificate it was encrypted for is another partner's by now: who that is, is nobody's business.
    us.connect("northwind", OTHER, "http://127.0.0.1:9/as2", "partner.pem").await;
    us.connect("partner", "Partner", &partner.url, "stranger.pem").await;
    let ours = us.app.structure(&sent.id.to_string(), countersign::app::RawPart::Request).await.unwrap().to_text();
    assert!(ours.contains(OTHER), "{ours}");
    let (_, files) = us.bundle(&sent, false).await;
    us.is_silent(&files);
    assert!(text(&files, "structure.txt").contains("not known here"));
    assert!(file(&files, "settings-when-sent.toml") != file(&files, "settings.toml"));
    assert_eq!(
        text(&files, "certificates/partner-1.pem"),
        PARTNER.certificate.to_pem(),
        "the one of the message first"
    );

    // The document is in it where that is asked for, and that is said.
    let (bundle, files) = us.bundle(&sent, true).await;
    assert!(bundle.payload.is_some() && holds(file(&files, "payload.bin"), MARKER.as_bytes()));
    assert!(text(&files, "README.txt").contains("It holds the document itself"));
    let others: Vec<(String, Vec<u8>)> = files.into_iter().filter(|(name, _)| name != "payload.bin").collect();
    us.is_silent(&others);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_repeats_in_an_error_or_a_receipt_does_not_go_on() {
    let us = Secretive::new().await;
    let partner = Partner::start(|received: &Received, stream: &mut TcpStream| {
        let echo = received.header("Authorization").unwrap();
        let page = format!("<p>{echo} {PASSWORD} http://a.example/as2?token={TOKEN} {TOKEN}</p>");
        let headers = [("Content-Type".to_owned(), "text/html".to_owned())];
        Partner::answer(stream, "500 Internal Server Error", &headers, page.as_bytes());
    });
    us.connect("partner", "Partner", &partner.url, "partner.pem").await;
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Failed, "{sent:#?}");
    let (bundle, files) = us.bundle(&sent, false).await;
    us.is_silent(&files);
    assert_eq!(bundle.left_out, ["the receipt (MDN): none is kept that can be read"]);
    assert!(text(&files, "README.txt").contains(sent.cause().unwrap()));

    // What is signed cannot be hidden in part: where it repeats a secret, it stays here.
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, Wrong::Unsigned);
        let body = String::from_utf8(receipt.body).unwrap();
        let body = body.replace("The message was received", &format!("Received from anna with {PASSWORD}"));
        Partner::answer(stream, "200 OK", &receipt.headers, body.as_bytes());
    });
    us.connect("partner", "Partner", &partner.url, "partner.pem").await;
    let sent = us.send().await;
    let (bundle, files) = us.bundle(&sent, false).await;
    us.is_silent(&files);
    assert_eq!(bundle.left_out, ["the receipt as it was kept: it repeats a secret"]);
    assert!(text(&files, "receipt.txt").contains("Received from anna with (hidden)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_is_told_without_what_let_it_in() {
    let us = Secretive::new().await;
    us.connect("partner", "Partner", "http://127.0.0.1:9/as2", "partner.pem").await;
    let serving = Serving::start(us.app.clone(), us.path("inbox"), None).await;
    let basic = format!("Basic {}", STANDARD.encode(format!("anna:{PASSWORD}")));
    let cookie = format!("session={COOKIE}");
    let payload = format!("UNA:+.? 'UNB+UNOC:3+P+US+261124:0900+1'FTX+{MARKER}'UNZ+0+1'");
    let (mut headers, body) = Partner::message(
        &us.certificate,
        "<bundle@p>",
        payload.as_bytes(),
        &[("AS2-From", "PARTNER-partner"), ("AS2-To", "US-partner")],
    );
    headers.extend([("Authorization".to_owned(), basic), ("Cookie".to_owned(), cookie)]);
    headers.push(("X-Auth-Token".to_owned(), TOKEN.to_owned()));
    let url = format!("{}?token={TOKEN}", serving.url);
    tokio::task::spawn_blocking(move || post(&url, &headers, &body)).await.unwrap();
    serving.stop().await;
    let page = us.app.transmissions(&countersign::app::TransmissionFilter::default()).await.unwrap();
    let received = us.app.transmission(&page.transmissions[0].id.to_string()).await.unwrap();
    assert_eq!(received.verdict, Verdict::Received, "{received:#?}");
    let (_, files) = us.bundle(&received, false).await;
    us.is_silent(&files);
    let head = text(&files, "request-head.txt").to_lowercase();
    assert!(head.contains("authorization: (hidden)\n") && head.contains("as2-from: partner-partner\n"), "{head}");
    assert!(text(&files, "README.txt").contains("  From: Partner, Production"));
    assert!(text(&files, "certificates.txt").contains("the message was signed with it"));
}

fn program(workspace: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(words).env("COUNTERSIGN_WORKSPACE", workspace).stdin(Stdio::null());
    let output =
        command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_what_is_in_it_and_writes_it() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Failed);
    us.app.close().await;
    let id = sent.id.to_string();
    let bundle = us.path("bundle.zip");
    let to = bundle.display().to_string();

    let (code, shown, _) = program(&us.workspace(), &["transmission", "bundle", &id]);
    assert_eq!(code, 0);
    assert!(shown.contains("README.txt") && shown.contains("Nothing is written yet: add -o FILE.zip"), "{shown}");
    assert!(!bundle.exists());
    let (code, document, _) = program(&us.workspace(), &["transmission", "bundle", &id, "-o", &to, "--json"]);
    assert_eq!(code, 0);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let before = std::fs::read(&bundle).unwrap();
    let files = unpacked(&before);
    let listed: Vec<&str> =
        document["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!((listed, &document["file"]), (names(&files), &to.as_str().into()), "{document}");
    assert_eq!(document["files"][0]["bytes"], file(&files, "README.txt").len());
    assert_eq!((&document["size"], &document["payload"]), (&before.len().into(), &serde_json::Value::Null));
    let (code, said, note) = program(&us.workspace(), &["transmission", "bundle", &id, "-o", &to, "--with-payload"]);
    assert_eq!(code, 0);
    assert!(said.contains("payload.bin") && note.contains("The document itself is in it"), "{said}{note}");
    let files = unpacked(&std::fs::read(&bundle).unwrap());
    assert_eq!(file(&files, "payload.bin"), us.kept(&sent, "payload"));

    // Where it cannot be written nothing is left, and what was there stays.
    let absent = us.path("absent/bundle.zip").display().to_string();
    assert_eq!(program(&us.workspace(), &["transmission", "bundle", &id, "-o", &absent]).0, 2);
    std::fs::File::create(&bundle).unwrap().write_all(b"before").unwrap();
    let payload = us.workspace().join("archive").join(sent.at.strftime("%Y-%m").to_string()).join(&id).join("payload");
    std::fs::remove_file(payload).unwrap();
    let (code, said, _) = program(&us.workspace(), &["transmission", "bundle", &id, "-o", &to, "--with-payload"]);
    assert_eq!(code, 0);
    assert!(said.contains("Left out: the document itself: nothing was kept of the payload"), "{said}");
    assert_eq!(program(&us.workspace(), &["transmission", "bundle", "00000000"]).0, 2);
}
