//! What does not decrypt gets one answer, whatever its size and whatever the damage makes of the layers inside.

use std::io::Cursor;
use std::mem::discriminant;

use countersign::as2::{DecryptionKey, OpenError, Opened, OpeningKeys, open};

use crate::messages::{Headers, build, opened, profile, receiver, sender};

/// More than is decrypted before another thread takes over.
const LARGE: usize = 2 * 1024 * 1024;

fn settings(encryption: &str, signing: &str) -> String {
    format!("encryption = \"{encryption}\"\nsigning = \"{signing}\"")
}

/// The message with one byte changed, so far from its end.
fn damaged(settings: &str, payload: &[u8], from_end: usize) -> Result<(Opened, Vec<u8>), OpenError> {
    let (built, mut body) = build(&profile(settings), payload).unwrap();
    let at = body.len() - from_end;
    body[at] ^= 0x40;
    opened(&built.headers, &body)
}

fn opened_with(headers: &Headers, body: &[u8], keys: &[DecryptionKey<'_>]) -> Result<Vec<u8>, OpenError> {
    let mut payload = Vec::new();
    let keys = OpeningKeys { decryption: keys, accepted: &[&sender().certificate] };
    open(headers, &mut Cursor::new(body), keys, &[], &mut payload)?;
    Ok(payload)
}

#[test]
fn damage_at_the_end_of_a_large_message_is_not_taken_for_trouble_of_ours() {
    let payload = vec![b'x'; LARGE];
    for signing in ["none", "sha256"] {
        // The tag is last; the padding is told by the block before the last.
        for (encryption, from_end) in [("aes256-gcm", 1), ("aes128-cbc", 17), ("3des-cbc", 9)] {
            let error = damaged(&settings(encryption, signing), &payload, from_end).unwrap_err();
            assert!(matches!(error, OpenError::Undecryptable { .. }), "{encryption} {signing}: {error:?}");
        }
    }
}

#[test]
fn damage_within_the_signature_part_is_not_taken_for_bad_base64() {
    for length in 0..16 {
        let error = damaged(&settings("aes128-cbc", "sha256"), &vec![b'x'; 100 + length], 17).unwrap_err();
        assert!(matches!(error, OpenError::Undecryptable { .. }), "{length}: {error:?}");
    }
}

#[test]
fn whether_the_content_key_could_be_unwrapped_does_not_show_in_the_answer() {
    let ours = DecryptionKey { certificate: &receiver().certificate, key: &receiver().key };
    let another = DecryptionKey { certificate: &receiver().certificate, key: &sender().key };
    for encryption in ["aes128-cbc", "aes256-gcm"] {
        for length in [1000, LARGE] {
            let (built, body) = build(&profile(&settings(encryption, "sha256")), &vec![b'x'; length]).unwrap();
            let kind = |body: &[u8], key| discriminant(&opened_with(&built.headers, body, &[key]).unwrap_err());
            for cut in [body.len() / 2, body.len() - 1, body.len() - 20] {
                assert_eq!(kind(&body[..cut], ours), kind(&body[..cut], another), "{encryption} {length} {cut}");
            }
            let error = opened_with(&built.headers, &body, &[another]).unwrap_err();
            assert!(matches!(error, OpenError::Undecryptable { .. }), "{error:?}");
        }
    }
}

#[test]
fn of_two_certificates_with_the_same_name_the_one_whose_key_fits_opens_it() {
    let ours = DecryptionKey { certificate: &receiver().certificate, key: &receiver().key };
    let another = DecryptionKey { certificate: &receiver().certificate, key: &sender().key };
    let (built, body) = build(&profile(&settings("aes128-cbc", "sha256")), b"order").unwrap();
    for keys in [[ours, another], [another, ours]] {
        assert_eq!(opened_with(&built.headers, &body, &keys).unwrap(), b"order");
    }
}

#[test]
fn what_is_encrypted_in_an_unknown_way_could_not_be_decrypted() {
    // AES-128-CBC becomes a neighbour of it that nobody knows, and RSAES-OAEP with SHA-256 one with another digest.
    let aes = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
    let sha256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    for (settings, known, last, says) in [
        ("encryption = \"aes128-cbc\"", aes, 0x03, "unknown cipher"),
        ("key_transport = \"rsa-oaep-sha256\"", sha256, 0x04, "RSAES-OAEP with an unknown digest"),
    ] {
        let (built, mut body) = build(&profile(settings), b"order").unwrap();
        let at = crate::messages::find(&body, &known).unwrap();
        body[at + known.len() - 1] = last;
        let error = opened(&built.headers, &body).unwrap_err();
        assert!(matches!(error, OpenError::UnknownEncryption(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.disposition().key().as_deref(), Some("decryption-failed"));
    }
}
