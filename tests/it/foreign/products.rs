//! What captured messages hold: payloads octet by octet, a message and its receipt that agree.

use std::io::Cursor;

use base64::Engine as _;
use countersign::as2::{DecryptionKey, OpeningKeys, ReceiptReading, SignatureOutcome, open, read_receipt};
use countersign::certificate::{Certificate, PrivateKey};

use super::{alexdean, captures, certificate};

#[test]
fn messages_of_mendelson_and_openas2_open_with_their_payload() {
    let Some(folder) = captures() else { return };
    let mut seen = 0;
    for product in ["from_mendelson", "from_openas2"] {
        for entry in std::fs::read_dir(folder.join("alexdean-as2/fixtures").join(product)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "pkcs7") {
                continue;
            }
            let body = std::fs::read(&path).unwrap();
            let (opened, payload) =
                alexdean(&folder, &body).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(
                matches!(opened.signature.as_ref().unwrap().outcome, SignatureOutcome::Good { .. }),
                "{}: {:?}",
                path.display(),
                opened.signature
            );
            // The `.txt` file is the payload's part, headers and all, some with a line break before them.
            let part = std::fs::read(path.with_extension("txt")).unwrap();
            let (head, content) = split_headers(part.strip_prefix(b"\r\n").unwrap_or(&part));
            let expected = match countersign::as2::headers::get(&head, "Content-Transfer-Encoding") {
                Some("base64") => base64::engine::general_purpose::STANDARD
                    .decode(content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>())
                    .unwrap(),
                _ => content.to_vec(),
            };
            assert_eq!(payload, expected, "{}", path.display());
            // The decrypted part as captured gives the same MIC.
            let mime = std::fs::read(path.with_extension("mime")).unwrap();
            let (head, rest) = split_headers(&mime);
            let client = certificate(&folder.join("alexdean-as2/certificates/client.crt"));
            let keys = OpeningKeys { decryption: &[], accepted: &[&client] };
            let plain = open(&head, &mut Cursor::new(rest), keys, &[], &mut Vec::new()).unwrap();
            assert_eq!(plain.mic, opened.mic, "{}", path.display());
            seen += 1;
        }
    }
    assert_eq!(seen, 16);
}

#[test]
fn a_message_and_its_receipt_of_libas2_agree() {
    let Some(folder) = captures() else { return };
    let folder = folder.join("node-libas2");
    let wire = |name: &str| {
        let text = String::from_utf8(std::fs::read(folder.join(name)).unwrap()).unwrap();
        text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
    };
    let certificates = [certificate(&folder.join("as2testing.cer")), certificate(&folder.join("libas2community.cer"))];
    let accepted: Vec<&Certificate> = certificates.iter().collect();
    let keys = OpeningKeys { decryption: &[], accepted: &accepted };
    let message = wire("content.signed.txt");
    let (headers, body) = split_headers(&message);
    let opened = open(&headers, &mut Cursor::new(body), keys, &[], &mut Vec::new()).unwrap();
    assert_eq!(opened.mic.base64(), "bIwxkbRLLtHWlniKxMReISQ/GvEve0LV/hxdl9OD0E8=");
    let answer = wire("mdn.signed.txt");
    let (headers, body) = split_headers(&answer);
    let ReceiptReading::Read(receipt) = read_receipt(&headers, body, keys) else { panic!("no receipt") };
    assert!(receipt.mic.as_ref().unwrap().matches(&opened.mic));
    assert!(receipt.disposition.as_ref().unwrap().is_positive());
    assert!(receipt.is_for("<51dac186-d7d2-8440-392e-d9153a830125@DESKTOP-BTP8V2E>"));

    let key = PrivateKey::from_pkcs8_der(&std::fs::read(folder.join("libas2community.key.der")).unwrap()).unwrap();
    let ours = [DecryptionKey { certificate: &certificates[1], key: &key }];
    let message = wire("content.encrypted.txt");
    let (headers, body) = split_headers(&message);
    let keys = OpeningKeys { decryption: &ours, accepted: &accepted };
    let mut payload = Vec::new();
    let opened = open(&headers, &mut Cursor::new(body), keys, &[], &mut payload).unwrap();
    assert_eq!(opened.encryption.unwrap().key_transport.unwrap().as_str(), "rsa-oaep-sha512");
    assert!(!payload.is_empty());
}

fn split_headers(message: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let end = message.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&message[..end]).replace("\r\n\t", " ").replace("\r\n ", " ");
    let fields = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    (fields, &message[end + 4..])
}
