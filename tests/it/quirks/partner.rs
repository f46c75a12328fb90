//! A partner that returns whatever MIC it likes, and what is made of it.

use std::io::{BufRead as _, BufReader, Cursor, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use countersign::as2::headers::get;
use countersign::as2::{DecryptionKey, Mic, OpeningKeys, ReceiptContent, SigningPlan, build_receipt, open};
use countersign::domain::algorithm::{Digest, MicalgStyle, SignatureScheme};
use countersign::domain::connection::Quirks;
use countersign::domain::disposition::Disposition;
use serde_json::Value;

use crate::messages::{Headers, fixture, mic_of, now, receiver};

const PAYLOAD: &[u8] = b"ISA*00*~\nGS*PO~\r\nno final newline";

/// Sends the payload with these settings to a partner that returns the MIC that `hashes` makes of payload and raw body.
fn sent(settings: &str, hashes: fn(&[u8], &[u8]) -> Mic) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/as2", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(words).env("COUNTERSIGN_WORKSPACE", path("workspace")).stdin(Stdio::null());
        command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
        command.output().unwrap()
    };
    std::fs::write(path("partner.pem"), fixture("rsa4096.crt")).unwrap();
    std::fs::write(path("order.edi"), PAYLOAD).unwrap();
    let connection = format!(
        "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"ACME\"\npartner_as2_id = \"PEER\"\n\
         url = \"{url}\"\nidentity = \"me\"\npartner_certificates = [\"partner.pem\"]\n{settings}\n"
    );
    std::fs::write(path("partner.toml"), connection).unwrap();
    for words in [&["identity", "create", "me"][..], &["connection", "add", &path("partner.toml")]] {
        let output = run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let partner = std::thread::Builder::new().name("partner".to_owned());
    let partner = partner.spawn(move || answer(&listener, hashes)).unwrap();
    let words = ["send", &path("order.edi"), "--connection", "partner", "--profile", "production", "--json"];
    let output = run(&words);
    partner.join().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Takes one message and answers with a signed receipt.
fn answer(listener: &TcpListener, hashes: fn(&[u8], &[u8]) -> Mic) {
    let (socket, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    let mut headers = Headers::new();
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut body = vec![0; get(&headers, "Content-Length").unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let ours = [DecryptionKey { certificate: &receiver().certificate, key: &receiver().key }];
    let keys = OpeningKeys { decryption: &ours, accepted: &[] };
    let mut payload = Vec::new();
    open(&headers, &mut Cursor::new(&body), keys, &[], &mut payload).unwrap();
    let mic = hashes(&payload, &body);
    let quirks = Quirks::default();
    let plan = SigningPlan {
        certificate: &receiver().certificate,
        chain: &[],
        key: &receiver().key,
        digest: Digest::Sha256,
        scheme: SignatureScheme::RsaPkcs1,
        quirks: &quirks,
        at: now(),
    };
    let content = ReceiptContent {
        from: "PEER",
        to: "ACME",
        message_id: "<receipt@peer>",
        original_message_id: get(&headers, "Message-ID").unwrap(),
        disposition: Disposition::processed(),
        mic: Some(&mic),
        micalg_style: MicalgStyle::Rfc5751,
        text: "Received",
        at: now(),
    };
    let receipt = build_receipt(&content, Some(&plan)).unwrap();
    let mut head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n", receipt.body.len());
    for (name, value) in &receipt.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut socket = socket;
    socket.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    socket.write_all(&receipt.body).unwrap();
}

fn evidence(sent: &Value) -> String {
    sent["diagnosis"]["evidence"].to_string()
}

#[test]
fn quirk_41_both_readings_for_a_message_that_is_compressed_alone_are_taken() {
    let settings = "signing = \"none\"\nencryption = \"none\"\ncompression = \"before-signing\"";
    let sent = sent(settings, |payload, _| mic_of(Digest::Sha256, payload));
    assert_eq!((&sent["verdict"], &sent["lights"]["mic"]), (&"delivered".into(), &"good".into()), "{sent}");
    assert!(evidence(&sent).contains("without its headers"), "{}", evidence(&sent));
}

#[test]
fn quirk_46_and_58_a_wrong_mic_is_explained_by_its_rule() {
    let explained = |settings: &str, hashes: fn(&[u8], &[u8]) -> Mic, words: &str| {
        let sent = sent(settings, hashes);
        assert_eq!((&sent["verdict"], &sent["lights"]["mic"]), (&"failed".into(), &"bad".into()), "{sent}");
        assert_eq!(sent["mic"]["match"], false);
        assert!(evidence(&sent).contains(words), "{words}: {}", evidence(&sent));
        sent
    };
    explained("", |_, body| mic_of(Digest::Sha512, body), "still encrypted, without its headers, with SHA-512");
    explained(
        "compression = \"before-signing\"",
        |payload, _| mic_of(Digest::Sha256, payload),
        "the payload's part without its headers",
    );
    explained("compression = \"after-signing\"", |_, _| mic_of(Digest::Sha256, b"else"), "none of");
    let lost = explained("signing = \"none\"", |_, _| mic_of(Digest::Sha256, b""), "not one byte");
    assert!(lost["diagnosis"]["remedy"].to_string().contains("lost on its side"), "{lost}");
}

#[test]
fn quirk_42_a_receipt_in_another_algorithm_is_compared_in_that() {
    // Over the right bytes, with another digest than the signature's: the partner's part is the message's, decrypted.
    let settings = "signing = \"sha256\"\nencryption = \"none\"\ncompression = \"before-signing\"";
    let sent = sent(settings, |_, body| {
        let body = body.strip_prefix(b"\r\n").unwrap();
        let first_line = body.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let delimiter = [b"\r\n", &body[..first_line - 2]].concat();
        let end = crate::messages::find(body, &delimiter).unwrap();
        mic_of(Digest::Sha1, &body[first_line..end])
    });
    assert_eq!((&sent["verdict"], &sent["mic"]["algorithm"]), (&"delivered".into(), &"sha1".into()), "{sent}");
}
