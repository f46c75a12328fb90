//! Which rule a partner applied to come to its MIC: every one in the table is recognised by what it gives.

use std::io::Cursor;

use countersign::as2::{Hashed, LineEnds, MicFindings, ReceivedMic, SentMessage};
use countersign::domain::algorithm::{Digest, MicalgStyle};

use crate::messages::{build, content, entity, message, mic_of, part, profile, sender};

const PAYLOAD: &[u8] = b"ISA*00*~\nGS*PO~\r\nno final newline";

/// What comes of a MIC over `hashed` with `digest`, returned under the name `named`.
fn findings(settings: &str, hashed: &[u8], digest: Digest, named: Digest) -> MicFindings {
    let profile = profile(settings);
    let entity = entity(&profile, PAYLOAD);
    let message = message(&profile, &entity, sender());
    let mut body = Vec::new();
    let built = message.build(&mut Cursor::new(PAYLOAD), &mut body).unwrap();
    let field = format!("{}, {}", mic_of(digest, hashed).base64(), named.micalg(MicalgStyle::Rfc3851));
    let received = ReceivedMic::parse(&field).unwrap();
    let sent = SentMessage { headers: &built.headers, body: &mut body.as_slice() };
    message.explain_mic(&mut Cursor::new(PAYLOAD), &received, Some(sent)).unwrap()
}

fn applied(settings: &str, hashed: &[u8]) -> (Hashed, LineEnds) {
    let findings = findings(settings, hashed, Digest::Sha384, Digest::Sha384);
    let rule = findings.rule.unwrap_or_else(|| panic!("{settings}: {}", findings.sentence()));
    assert_eq!(rule.digest, Digest::Sha384);
    assert!(findings.sentence().starts_with("the partner hashed "), "{}", findings.sentence());
    (rule.hashed, rule.line_ends)
}

fn replaced(bytes: &[u8], ending: &str) -> Vec<u8> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let lf = text.replace("\r\n", "\n");
    lf.replace('\n', ending).chars().map(|character| character as u8).collect()
}

#[test]
fn rules_over_the_payload_are_recognised_whatever_the_structure() {
    for settings in [
        "signing = \"sha256\"\nencryption = \"aes128-cbc\"\ntransfer_encoding = \"base64\"",
        "signing = \"none\"\nencryption = \"aes128-cbc\"\ntransfer_encoding = \"base64\"",
        "signing = \"none\"\nencryption = \"none\"\ntransfer_encoding = \"base64\"",
        "signing = \"sha512\"\ncompression = \"before-signing\"\ntransfer_encoding = \"base64\"",
        "signing = \"sha512\"\ncompression = \"after-signing\"\ntransfer_encoding = \"base64\"",
    ] {
        let sent = profile(settings);
        let (part, content) = (part(&sent, PAYLOAD), content(&sent, PAYLOAD));
        assert_eq!(applied(settings, &part), (Hashed::Part, LineEnds::AsTheyAre), "{settings}");
        assert_eq!(applied(settings, &replaced(&part, "\n")), (Hashed::Part, LineEnds::Lf), "{settings}");
        assert_eq!(applied(settings, &content), (Hashed::Content, LineEnds::AsTheyAre), "{settings}");
        assert_eq!(applied(settings, &replaced(&content, "\n")), (Hashed::Content, LineEnds::Lf), "{settings}");
        assert_eq!(applied(settings, PAYLOAD), (Hashed::Payload, LineEnds::AsTheyAre), "{settings}");
        assert_eq!(applied(settings, &replaced(PAYLOAD, "\r\n")), (Hashed::Payload, LineEnds::Crlf), "{settings}");
        assert_eq!(applied(settings, &replaced(PAYLOAD, "\n")), (Hashed::Payload, LineEnds::Lf), "{settings}");
    }
    let settings = "signing = \"sha256\"";
    let with_break = [part(&profile(settings), PAYLOAD).as_slice(), b"\r\n"].concat();
    assert_eq!(applied(settings, &with_break), (Hashed::PartAndLineBreak, LineEnds::AsTheyAre));
}

#[test]
fn rules_over_what_is_compressed_are_recognised() {
    const HEAD: &[u8] = b"Content-Type: application/pkcs7-mime; smime-type=compressed-data; name=\"smime.p7z\"\r\n\
        Content-Transfer-Encoding: binary\r\nContent-Disposition: attachment; filename=\"smime.p7z\"\r\n\r\n";
    // The compressed part is the same whatever is around it, so the body of a message that is compressed alone has it.
    let alone = profile("signing = \"none\"\nencryption = \"none\"\ncompression = \"after-signing\"");
    let (built, compressed) = build(&alone, PAYLOAD).unwrap();
    assert_eq!(built.mic, mic_of(Digest::Sha256, &part(&alone, PAYLOAD)));
    for settings in [
        "signing = \"none\"\nencryption = \"none\"\ncompression = \"after-signing\"",
        "signing = \"none\"\nencryption = \"aes128-cbc\"\ncompression = \"before-signing\"",
        "signing = \"sha256\"\nencryption = \"aes128-cbc\"\ncompression = \"before-signing\"",
    ] {
        let with_headers = [HEAD, &compressed].concat();
        assert_eq!(applied(settings, &with_headers), (Hashed::CompressedPart, LineEnds::AsTheyAre), "{settings}");
        assert_eq!(applied(settings, &compressed), (Hashed::CompressedContent, LineEnds::AsTheyAre), "{settings}");
    }
}

#[test]
fn a_whole_signed_message_and_a_digest_under_a_wrong_name_are_recognised() {
    let settings = "signing = \"sha256\"\nencryption = \"none\"";
    let sent = profile(settings);
    let entity = entity(&sent, PAYLOAD);
    let message = message(&sent, &entity, sender());
    let mut body = Vec::new();
    let built = message.build(&mut Cursor::new(PAYLOAD), &mut body).unwrap();
    let received = ReceivedMic::parse(&mic_of(Digest::Sha256, &body).field(MicalgStyle::Rfc5751)).unwrap();
    let whole = SentMessage { headers: &built.headers, body: &mut body.as_slice() };
    let found = message.explain_mic(&mut Cursor::new(PAYLOAD), &received, Some(whole)).unwrap();
    assert_eq!(found.rule.unwrap().hashed, Hashed::Body);
    assert!(found.sentence().contains("its signature"), "{}", found.sentence());

    let misnamed = findings(settings, &part(&sent, PAYLOAD), Digest::Sha1, Digest::Sha256);
    assert_eq!(misnamed.rule.unwrap().digest, Digest::Sha1);
    assert!(misnamed.sentence().ends_with("with SHA-1, though it says SHA-256"), "{}", misnamed.sentence());
}
