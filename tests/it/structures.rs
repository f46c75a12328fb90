//! Every structure of RFC 4130 section 4.2 and RFC 5402 section 3, both ways: what is built is opened, and the MIC is over
//! what the table of RFC 4130 section 7.3.1 and RFC 5402 section 4 says, computed here apart from the engine.

use std::io::Cursor;

use countersign::as2::headers::get;
use countersign::as2::{Layer, OpenError, SignatureOutcome};
use countersign::domain::algorithm::{Compression, Digest, Encryption};
use countersign::domain::connection::Profile;
use proptest::prelude::*;

use crate::messages::{
    asked, build, compressed_data, content, ec_sender, entity, fixture, headers, message, mic_of, opened, part,
    profile, stored_zlib,
};

const COMPRESSIONS: [&str; 3] = ["none", "before-signing", "after-signing"];

/// Payloads that line-minded programs stumble over.
fn payloads() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        b"x".to_vec(),
        b"ISA*00*~\r\nGS*PO~\r\n".to_vec(),
        b"ISA*00*~\nGS*PO~\n".to_vec(),
        b"no final newline".to_vec(),
        b"\r\n\r\n".to_vec(),
        (0..=255).collect(),
        b"\r\n--=_countersign_\r\n--b--\r\n\r\nContent-Type: text/plain\r\n\r\n--\r\n".to_vec(),
        b"Content-Type: application/pkcs7-mime\r\n\r\n0\x80".to_vec(),
        b"line after line\r\n".repeat(20_000),
    ]
}

/// The layers that a profile asks for, outermost first.
fn expected_layers(profile: &Profile) -> Vec<Layer> {
    let signed = profile.signing.digest().is_some();
    let mut layers = Vec::new();
    if profile.encryption != Encryption::None {
        layers.push(Layer::Encrypted);
    }
    match profile.compression {
        Compression::None => layers.extend(signed.then_some(Layer::Signed)),
        Compression::AfterSigning => {
            layers.push(Layer::Compressed);
            layers.extend(signed.then_some(Layer::Signed));
        }
        Compression::BeforeSigning => {
            layers.extend(signed.then_some(Layer::Signed));
            layers.push(Layer::Compressed);
        }
    }
    layers
}

/// What the MIC is over, where it can be told from outside: not for what is compressed before it is signed.
fn hashed(profile: &Profile, payload: &[u8]) -> Option<Vec<u8>> {
    let plain = profile.signing.digest().is_none()
        && profile.encryption == Encryption::None
        && profile.compression == Compression::None;
    let compressed_inside = profile.compression == Compression::BeforeSigning && profile.signing.digest().is_some();
    if compressed_inside {
        None
    } else if plain {
        Some(content(profile, payload))
    } else {
        Some(part(profile, payload))
    }
}

fn holds(settings: &str, payload: &[u8]) {
    let profile = profile(settings);
    let (built, body) = build(&profile, payload).unwrap_or_else(|error| panic!("{settings}: {error}"));
    for (name, value) in &built.headers {
        assert!(!value.contains(['\r', '\n']), "{name} is folded");
    }
    let digest = profile.signing.digest().unwrap_or_else(|| profile.receipt_digest());
    let (opened, received) =
        asked(&built.headers, &body, &[digest]).unwrap_or_else(|error| panic!("{settings}: {error}"));
    assert_eq!(received, payload, "{settings}");
    assert_eq!(opened.layers, expected_layers(&profile), "{settings}");
    assert_eq!(opened.compression.is_some(), profile.compression != Compression::None);
    assert_eq!(opened.mic, built.mic, "{settings}");
    assert_eq!(built.mic.digest, digest, "{settings}");
    if let Some(hashed) = hashed(&profile, payload) {
        assert_eq!(built.mic, mic_of(digest, &hashed), "{settings} {} bytes", payload.len());
    }
    if profile.signing.digest().is_some() {
        assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. }), "{settings}");
    }
    assert_eq!(get(&opened.headers, "Content-Type"), Some("application/edi-x12"), "{settings}");
    // The same again in another algorithm, as a receipt may name it.
    let entity = entity(&profile, payload);
    let message = message(&profile, &entity, crate::messages::sender());
    for other in [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512] {
        let mic = message.mic(&mut Cursor::new(payload), other, &built.mic).unwrap();
        assert_eq!(mic.digest, other);
        if let Some(hashed) = hashed(&profile, payload) {
            assert_eq!(mic, mic_of(other, &hashed), "{settings}");
        }
    }
}

fn settings(encryption: &str, signing: &str, compression: &str, transfer_encoding: &str) -> String {
    format!(
        "encryption = \"{encryption}\"\nsigning = \"{signing}\"\ncompression = \"{compression}\"\n\
         transfer_encoding = \"{transfer_encoding}\"\nmdn_mic = \"sha384\""
    )
}

#[test]
fn every_structure_is_opened_again_with_the_mic_of_the_table() {
    for encryption in ["none", "aes128-cbc"] {
        for signing in ["none", "sha1", "sha256", "sha512"] {
            for compression in COMPRESSIONS {
                for transfer_encoding in ["binary", "base64"] {
                    for payload in payloads() {
                        holds(&settings(encryption, signing, compression, transfer_encoding), &payload);
                    }
                }
            }
        }
    }
}

#[test]
fn compressed_before_signing_the_mic_is_over_the_compressed_part() {
    let profile = profile(&settings("none", "sha256", "before-signing", "binary"));
    let payload = b"0123456789".repeat(100);
    let (built, body) = build(&profile, &payload).unwrap();
    // Behind an empty line, without which mendelson does not find its beginning, the part stands between the first two delimiters,
    // octet by octet.
    let body = body.strip_prefix(b"\r\n").unwrap();
    let delimiter = &body[..body.iter().position(|byte| *byte == b'\n').unwrap() + 1];
    let line = [b"\r\n", &delimiter[..delimiter.len() - 2]].concat();
    let end = crate::messages::find(body, &line).unwrap();
    let part = &body[delimiter.len()..end];
    assert!(part.starts_with(b"Content-Type: application/pkcs7-mime; smime-type=compressed-data"));
    assert!(part.len() < payload.len());
    assert_eq!(built.mic, mic_of(Digest::Sha256, part));
    // Encrypted it is the same part.
    let encrypted = crate::messages::profile(&settings("aes256-cbc", "sha256", "before-signing", "binary"));
    assert_eq!(build(&encrypted, &payload).unwrap().0.mic, built.mic);
}

#[test]
fn an_ec_signature_over_a_compressed_part_fits() {
    for compression in COMPRESSIONS {
        let profile = profile(&settings("aes128-cbc", "sha256", compression, "binary"));
        let payload = b"to be signed twice over\n".repeat(5000);
        let entity = entity(&profile, &payload);
        let mut body = Vec::new();
        let built = message(&profile, &entity, ec_sender()).build(&mut Cursor::new(&payload), &mut body).unwrap();
        let (opened, received) = opened(&built.headers, &body).unwrap();
        assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. }), "{compression}");
        assert_eq!((received, opened.mic), (payload, built.mic), "{compression}");
    }
}

#[test]
fn what_is_large_is_compressed_through_a_file() {
    // Three megabytes that do not shrink.
    let mut state = 1_u64;
    let payload: Vec<u8> = (0..3 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for compression in ["before-signing", "after-signing"] {
        let profile = profile(&settings("aes128-cbc", "sha256", compression, "binary"));
        let entity = entity(&profile, &payload);
        let mut body = Vec::new();
        let message = message(&profile, &entity, crate::messages::sender());
        let built = message.build_beside(&mut Cursor::new(&payload), &mut body, Some(folder.path())).unwrap();
        let (opened, received) = opened(&built.headers, &body).unwrap();
        assert!(received == payload, "{compression}");
        assert_eq!(opened.mic, built.mic);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{compression}: something was left behind");
    }
}

#[test]
fn compressed_twice_is_refused_and_a_bomb_too() {
    let inner = compressed_data(&stored_zlib(b"Content-Type: text/plain\r\n\r\nx"), None);
    let again =
        [b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\n\r\n", inner.as_slice()].concat();
    let twice = compressed_data(&stored_zlib(&again), None);
    let kind = headers(&["Content-Type: application/pkcs7-mime; smime-type=compressed-data"]);
    assert_eq!(opened(&kind, &inner).unwrap().1, b"x");
    let error = opened(&kind, &twice).unwrap_err();
    assert!(matches!(error, OpenError::Decompression(_)), "{error}");
    assert_eq!(
        error.disposition().to_string(),
        "automatic-action/MDN-sent-automatically; processed/error: decompression-failed"
    );

    // A quarter of a gigabyte of zeros: some hundred kilobytes on the wire, behind a signature as well.
    let bomb = vec![0; 256 << 20];
    for signing in ["none", "sha256"] {
        let profile = profile(&settings("aes128-cbc", signing, "after-signing", "binary"));
        let (built, body) = build(&profile, &bomb).unwrap();
        assert!(body.len() < 1 << 20);
        let error = opened(&built.headers, &body).unwrap_err();
        assert_eq!(error.disposition().key().as_deref(), Some("decompression-failed"), "{error}");
    }
}

#[test]
fn the_envelope_of_openssl_that_is_announced_as_compressed_is_decrypted() {
    let kind = headers(&["Content-Type: application/pkcs7-mime; smime-type=compressed-data"]);
    let (opened, _) = opened(&kind, &fixture("enc-aes256cbc-rsa4096.der")).unwrap();
    assert_eq!(opened.layers, [Layer::Encrypted]);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(b"--b".to_vec()),
        Just(b"--=_countersign_0123456789abcdef0123456789abcdef--".to_vec()),
        Just(b"Content-Type: multipart/signed; boundary=b".to_vec()),
        Just(b"ISA*00*~".to_vec()),
        Just(Vec::new()),
    ]
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let ending = prop::sample::select(&["\r\n", "\n", "\r", ""][..]);
    prop::collection::vec((line(), ending), 0..12).prop_map(|lines| {
        lines.into_iter().flat_map(|(line, ending)| [line, ending.as_bytes().to_vec()].concat()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn building_then_opening_is_the_identity(
        payload in any_payload(),
        encryption in prop::sample::select(&["none", "3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc"][..]),
        signing in prop::sample::select(&["none", "sha1", "sha256", "sha384", "sha512"][..]),
        compression in prop::sample::select(&COMPRESSIONS[..]),
        transfer_encoding in prop::sample::select(&["binary", "base64"][..]),
    ) {
        holds(&settings(encryption, signing, compression, transfer_encoding), &payload);
    }

    #[test]
    fn opening_what_was_changed_never_panics(
        payload in any_payload(),
        encryption in prop::sample::select(&["none", "aes128-cbc"][..]),
        signing in prop::sample::select(&["none", "sha256"][..]),
        compression in prop::sample::select(&COMPRESSIONS[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        way in 0..3_u8,
    ) {
        let profile = profile(&settings(encryption, signing, compression, "binary"));
        let (built, mut body) = build(&profile, &payload).unwrap();
        for (index, byte) in changes {
            if !body.is_empty() {
                let at = index.index(body.len());
                body[at] = byte;
            }
        }
        let cut = if body.is_empty() { 0 } else { cut.index(body.len()) };
        match way {
            0 => body.truncate(cut),
            1 => body.extend_from_within(cut..),
            _ => {}
        }
        if let Ok((opened, received)) = opened(&built.headers, &body) {
            prop_assert_eq!(opened.payload_length, received.len() as u64);
            // What is signed and good is what was sent.
            if opened.signature.is_some_and(|check| matches!(check.outcome, SignatureOutcome::Good { .. })) {
                prop_assert_eq!(received, payload);
            }
        }
    }
}
