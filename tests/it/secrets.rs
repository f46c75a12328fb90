//! Secrets are in their vault and nowhere else: planted, used, and looked for in everything that is kept, written down or given away.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::app::{App, BackupRequest, Clock, Location, Unlock};
use countersign::certificate::{Certificate, KeyKind, PrivateKey, create_identity};
use zeroize::Zeroizing;

use crate::backups::{given, program, text};
use crate::exchange::{PARTNER, Partner, Received, Serving, Wrong, post};
use crate::support_bundle::{holds, unpacked};

const PASSPHRASE: &str = "the passphrase of the workspace";
const OF_BACKUP: &str = "the passphrase of the backup";
const HTTP: &str = "http-pa55word-at-the-partner";
const PROXY: &str = "proxy-pa55word-in-the-office";
const MAIL: &str = "mail-pa55word-at-the-server";
const OF_PARTNER: &str = "pa55word-of-the-partner-at-ours";

/// The whole numbers in an RSA key (RFC 8017 appendix A.1.2, in the OCTET STRING of RFC 5958).
fn numbers(pkcs8: &[u8]) -> Vec<Vec<u8>> {
    fn value(bytes: &[u8]) -> (u8, &[u8], &[u8]) {
        let (tag, length) = (bytes[0], usize::from(bytes[1]));
        let (length, begin) = match length {
            0x80.. => {
                let end = 2 + (length & 0x7f);
                (bytes[2..end].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), end)
            }
            _ => (length, 2),
        };
        (tag, &bytes[begin..begin + length], &bytes[begin + length..])
    }
    let (_, info, _) = value(pkcs8);
    let (_, _version, rest) = value(info);
    let (_, _algorithm, rest) = value(rest);
    let (tag, key, _) = value(rest);
    assert_eq!(tag, 0x04);
    let (_, mut rest, _) = value(key);
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let (tag, number, after) = value(rest);
        assert_eq!(tag, 0x02);
        numbers.push(number.to_vec());
        rest = after;
    }
    numbers
}

/// The secret numbers of an RSA key: its exponent and both primes, without a zero before them.
fn secret_numbers(key: &PrivateKey) -> [Vec<u8>; 3] {
    let numbers = numbers(key.pkcs8_der());
    [3, 4, 5].map(|place: usize| numbers[place].iter().copied().skip_while(|byte| *byte == 0).collect())
}

fn made(name: &str) -> (PrivateKey, Certificate) {
    let begun = jiff::Timestamp::from_second(Clock::System.now().as_second() - 3600).unwrap();
    create_identity(name, KeyKind::Rsa2048, 365, begun).unwrap()
}

fn pem(key: &PrivateKey, certificate: &Certificate) -> String {
    let encoded = STANDARD.encode(key.pkcs8_der());
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n{}", lines.join("\n"), certificate.to_pem())
}

/// Everything in a folder by its path, with what is in ZIP archives.
fn everything(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything(&path, found);
            continue;
        }
        let Ok(content) = fs::read(&path) else { continue };
        if content.starts_with(b"PK\x03\x04") {
            let inside = unpacked(&content).into_iter();
            found.extend(inside.map(|(name, content)| (format!("{}: {name}", path.display()), content)));
        }
        found.push((path.display().to_string(), content));
    }
}

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program as a command line has it, under its passphrase.
    #[track_caller]
    fn says(&self, arguments: &[&str], input: &str) -> Vec<u8> {
        let mut command = program(&self.path("workspace"), arguments);
        command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE);
        let output = given(command, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() < Some(2), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
        [output.stdout.as_slice(), output.stderr.as_slice()].concat()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_found_in_nothing_that_is_kept_or_given_away() {
    let world = World { folder: tempfile::tempdir().unwrap() };
    let (key, certificate) = made("CN=us");
    let (tls_key, tls_certificate) = made("CN=localhost");
    for (name, key, certificate) in [("us.pem", &key, &certificate), ("tls.pem", &tls_key, &tls_certificate)] {
        fs::write(world.path(name), pem(key, certificate)).unwrap();
    }
    fs::write(world.path("partner.pem"), PARTNER.certificate.to_pem()).unwrap();
    let ours = certificate.clone();
    let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&ours, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });

    // Planted, by the ways that a user has.
    world.says(&["log", "set", "debug"], "");
    world.says(&["identity", "import", text(&world.path("us.pem")), "--name", "us"], "");
    let connection = format!(
        "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"PARTNER\"\nurl = \"{}\"\n\
         identity = \"us\"\npartner_certificates = [\"partner.pem\"]\nhttp_user = \"anna\"\n",
        partner.url
    );
    fs::write(world.path("partner.toml"), connection).unwrap();
    world.says(&["connection", "add", text(&world.path("partner.toml"))], "");
    world.says(&["connection", "set", "partner", "production", "http_password=-"], &format!("{HTTP}\n"));
    world.says(&["proxy", "set", "proxy.example:8080", "--user", "bert", "--password-stdin"], &format!("{PROXY}\n"));
    let mail = ["smtp_host=mail.example", "smtp_user=us", "smtp_password=-"];
    world.says(&[&["notifications", "set"][..], &mail[..]].concat(), &format!("{MAIL}\n"));
    // A key of ours for TLS is in a file of its own, which the program is told.
    let tls = world.path("tls.pem");
    let mut served = program(&world.path("workspace"), &["serve", "--listen", "127.0.0.1:0"]);
    served.args(["--tls-cert", text(&tls), "--tls-key", text(&tls)]).env("COUNTERSIGN_PASSPHRASE", PASSPHRASE);
    let mut served = served.spawn().unwrap();
    let announced = crate::exchange::listening(&mut served);
    assert!(announced.starts_with("https://"), "{announced}");
    served.kill().unwrap();
    let served = served.wait_with_output().unwrap();
    let unlock = Unlock::with_passphrase(Zeroizing::new(PASSPHRASE.to_owned()));
    let app = App::new(Location::Dir(world.path("workspace")), unlock, Clock::System);
    let serving = Serving::start(app.clone(), world.path("inbox"), None).await;

    // Used: sent, answered, received from somebody who names a password to us, and failed.
    let sent = world.says(&["send", "--connection", "partner", "--profile", "production", "--json"], "");
    assert!(partner.received()[0].header("Authorization").unwrap().starts_with("Basic "), "the password was used");
    let sent: serde_json::Value = serde_json::from_slice(sent.split(|byte| *byte == b'\n').next().unwrap())
        .unwrap_or_else(|_| {
            serde_json::from_slice(&sent[..sent.iter().rposition(|byte| *byte == b'}').unwrap() + 1]).unwrap()
        });
    let id = sent["id"].as_str().unwrap().to_owned();
    let basic = STANDARD.encode(format!("partner:{OF_PARTNER}"));
    let (mut headers, body) = Partner::message(&certificate, "<1@partner>", b"UNA:+.? '", &[]);
    headers.push(("Authorization".to_owned(), format!("Basic {basic}")));
    assert_eq!(post(&serving.url, &headers, &body).status, 200);
    let refused = given(
        {
            let mut command = program(&world.path("workspace"), &["identity", "list"]);
            command.env("COUNTERSIGN_PASSPHRASE", format!("{PASSPHRASE}, but wrong"));
            command
        },
        "",
    );
    assert_eq!(refused.status.code(), Some(2));
    // Given away, in every form there is.
    fs::create_dir(world.path("given")).unwrap();
    let give = |name: &str| world.path("given").join(name);
    for (what, files) in [
        (&["report", "-o"][..], &["report.html", "report.csv", "report.json"][..]),
        (&["transmission", "proof", &id, "-o"], &["proof.html"]),
        (&["transmission", "bundle", &id, "-o"], &["bundle.zip"]),
        (&["transmission", "export", "-o"], &["transmissions.csv", "transmissions.json"]),
        (&["connection", "export", "partner", "-o"], &["connection.toml"]),
        (&["identity", "export", "us", "-o"], &["identity.pem"]),
        (&["identity", "sheet", "us", "--connection", "partner", "-o"], &["sheet.html"]),
        (&["policy", "export", "as2-modern", "-o"], &["policy.toml"]),
        (&["audit", "export", "-o"], &["audit.csv", "audit.json"]),
        (&["calendar", "-o"], &["calendar.ics"]),
    ] {
        for file in files {
            world.says(&[what, &[text(&give(file))]].concat(), "");
        }
    }
    let answers = [
        &["check"][..],
        &["connection", "list"],
        &["connection", "show", "partner"],
        &["identity", "list"],
        &["transmission", "list"],
        &["transmission", "show", &id],
        &["transmission", "summary"],
        &["transmission", "raw", &id, "request"],
        &["transmission", "raw", &id, "response"],
        &["notifications", "show"],
        &["notice", "list"],
        &["proxy", "show"],
        &["workspace", "show"],
        &["audit", "list"],
        &["log", "show"],
    ];
    for (number, words) in answers.iter().enumerate() {
        for form in [&[][..], &["--json"]] {
            let said = world.says(&[*words, form].concat(), "");
            fs::write(give(&format!("answer {number} {}.txt", form.len())), said).unwrap();
        }
    }
    fs::write(give("served.txt"), [served.stdout, served.stderr, refused.stdout, refused.stderr].concat()).unwrap();
    for (name, passphrase) in [("backup.zip", None), ("under its own passphrase.zip", Some(OF_BACKUP))] {
        let passphrase = passphrase.map(|passphrase| Zeroizing::new(passphrase.to_owned()));
        app.back_up(&BackupRequest { file: give(name), payloads: true, passphrase }, &|_, _| {}).await.unwrap();
    }

    // Looked for while a program has it open, so that what is in the log of the database is there too, and afterwards.
    let mut found = Vec::new();
    everything(&world.path("workspace"), &mut found);
    everything(&world.path("given"), &mut found);
    everything(&world.path("inbox"), &mut found);
    serving.stop().await;
    app.close().await;
    everything(&world.path("workspace"), &mut found);
    for place in [
        "countersign.sqlite",
        "countersign.sqlite-wal",
        "log/countersign.log",
        "request.head",
        "backup.zip: countersign.sqlite",
    ] {
        assert!(
            found.iter().any(|(name, content)| name.ends_with(place) && !content.is_empty()),
            "{place} is not looked at"
        );
    }
    let log = found.iter().find(|(name, _)| name.ends_with("countersign.log")).unwrap();
    assert!(String::from_utf8_lossy(&log.1).contains(": sent "), "the log says what was done");
    let log: serde_json::Value = serde_json::from_slice(&world.says(&["log", "show", "--json"], "")).unwrap();
    assert_eq!(log["level"], "debug", "as much as it can");

    let basic = [format!("anna:{HTTP}"), format!("bert:{PROXY}")].map(|text| STANDARD.encode(text));
    let words = [PASSPHRASE, OF_BACKUP, HTTP, PROXY, MAIL, OF_PARTNER, &basic[0], &basic[1]];
    let mut secrets: Vec<(String, Vec<u8>)> =
        words.iter().map(|word| ((*word).to_owned(), word.as_bytes().to_vec())).collect();
    for (whose, key) in [("our key", &key), ("the key for TLS", &tls_key)] {
        let file = fs::read(world.path(if whose == "our key" { "us.pem" } else { "tls.pem" })).unwrap();
        for (what, number) in ["exponent", "first prime", "second prime"].into_iter().zip(secret_numbers(key)) {
            // A part is enough to know it by, and in base64 the rest could stand in another line.
            let part = number[8..44].to_vec();
            assert!(holds(&file, &part), "the search finds what is there");
            secrets.push((format!("{what} of {whose}"), part));
        }
    }
    let mut leaks = Vec::new();
    for (name, content) in &found {
        leaks.extend(
            secrets.iter().filter(|(_, secret)| holds(content, secret)).map(|(what, _)| format!("{what}: {name}")),
        );
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert!(found.len() > 60, "{}", found.len());
}
