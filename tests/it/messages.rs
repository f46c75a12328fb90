//! What the tests of messages share: two parties with keys, messages built as a profile says, messages put together by hand.

use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::as2::{
    BuildError, Built, DecryptionKey, EncryptionPlan, Entity, Mic, OpenError, Opened, OpeningKeys, OutboundMessage,
    Receipt, ReceiptReading, SigningPlan, open, read_receipt,
};
use countersign::certificate::{Certificate, PrivateKey, read};
use countersign::domain::algorithm::{Digest, Encryption};
use countersign::domain::connection::{Profile, TransferEncoding};
use jiff::Timestamp;

/// Header fields in their order.
pub(crate) type Headers = Vec<(String, String)>;

/// A key and its certificate.
pub(crate) struct Party {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

/// A file of those that OpenSSL made.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openssl").join(name)).unwrap()
}

fn party(name: &str) -> Party {
    Party {
        certificate: read(&fixture(&format!("{name}.crt")), None).unwrap().certificates.remove(0),
        key: PrivateKey::from_pkcs8_der(&fixture(&format!("{name}.key.der"))).unwrap(),
    }
}

/// Who sends.
pub(crate) fn sender() -> &'static Party {
    static SENDER: OnceLock<Party> = OnceLock::new();
    SENDER.get_or_init(|| party("rsa"))
}

/// Who receives.
pub(crate) fn receiver() -> &'static Party {
    static RECEIVER: OnceLock<Party> = OnceLock::new();
    RECEIVER.get_or_init(|| party("rsa4096"))
}

/// Somebody with an EC key, who signs.
pub(crate) fn ec_sender() -> &'static Party {
    static SENDER: OnceLock<Party> = OnceLock::new();
    SENDER.get_or_init(|| party("ec"))
}

pub(crate) fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// A profile with some settings, `key = value` a line.
pub(crate) fn profile(settings: &str) -> Profile {
    toml::from_str(&format!(
        "our_as2_id = \"ME\"\npartner_as2_id = \"YOU\"\nurl = \"http://127.0.0.1/\"\nidentity = \"me\"\n{settings}"
    ))
    .unwrap()
}

/// The entity of a payload called `order.edi`.
pub(crate) fn entity(profile: &Profile, payload: &[u8]) -> Entity {
    Entity {
        content_type: profile.content_type.clone(),
        filename: Some("order.edi".to_owned()),
        transfer_encoding: profile.transfer_encoding,
        payload_length: payload.len() as u64,
    }
}

/// The message that a profile describes, from one party.
pub(crate) fn message<'a>(profile: &'a Profile, entity: &'a Entity, from: &'a Party) -> OutboundMessage<'a> {
    OutboundMessage {
        profile,
        entity,
        message_id: "<1@test>",
        signing: profile.signing.digest().map(|digest| SigningPlan {
            certificate: &from.certificate,
            chain: &[],
            key: &from.key,
            digest,
            scheme: profile.signature_scheme,
            quirks: &profile.quirks,
            at: now(),
        }),
        encryption: (profile.encryption != Encryption::None).then_some(EncryptionPlan {
            recipient: &receiver().certificate,
            encryption: profile.encryption,
            key_transport: profile.key_transport,
            identifier: profile.quirks.recipient_identifier,
            gcm_content: profile.quirks.gcm_content,
        }),
        at: now(),
    }
}

/// Builds what a profile describes.
pub(crate) fn build(profile: &Profile, payload: &[u8]) -> Result<(Built, Vec<u8>), BuildError> {
    let entity = entity(profile, payload);
    let mut body = Vec::new();
    let built = message(profile, &entity, sender()).build(&mut Cursor::new(payload), &mut body)?;
    assert_eq!(built.length, body.len() as u64);
    Ok((built, body))
}

/// Opens a message as its receiver.
pub(crate) fn opened(headers: &[(String, String)], body: &[u8]) -> Result<(Opened, Vec<u8>), OpenError> {
    asked(headers, body, &[])
}

/// The same, with digests asked for.
pub(crate) fn asked(
    headers: &[(String, String)],
    body: &[u8],
    digests: &[Digest],
) -> Result<(Opened, Vec<u8>), OpenError> {
    let ours = [DecryptionKey { certificate: &receiver().certificate, key: &receiver().key }];
    let accepted = [&sender().certificate, &ec_sender().certificate];
    let keys = OpeningKeys { decryption: &ours, accepted: &accepted };
    let mut payload = Vec::new();
    let opened = open(headers, &mut Cursor::new(body), keys, digests, &mut payload)?;
    Ok((opened, payload))
}

/// Reads an answer as a receipt signed by the sender.
pub(crate) fn receipt(headers: &[(String, String)], body: &[u8]) -> Receipt {
    match reading(headers, body) {
        ReceiptReading::Read(receipt) => *receipt,
        other => panic!("no receipt but {other:?}"),
    }
}

/// Reads an answer, whatever it is.
pub(crate) fn reading(headers: &[(String, String)], body: &[u8]) -> ReceiptReading {
    let accepted = [&sender().certificate];
    read_receipt(headers, body, OpeningKeys { decryption: &[], accepted: &accepted })
}

/// Fields from `Name: value` lines.
pub(crate) fn headers(lines: &[&str]) -> Headers {
    lines
        .iter()
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

/// A multipart/signed body of one part, signed by the sender over SHA-256, with the delimiters and heads that are given.
pub(crate) fn signed_body(part: &[u8], signature_head: &str, signature: &[u8]) -> Vec<u8> {
    [b"--b\r\n", part, b"\r\n--b\r\n", signature_head.as_bytes(), b"\r\n", signature, b"\r\n--b--\r\n"].concat()
}

/// A detached signature of the sender over bytes: taken from a message of ours that has them as its part. `part` has to
/// begin with the headers that [`part`] gives.
pub(crate) fn signature_over(payload: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let profile = profile("signing = \"sha256\"\nencryption = \"none\"");
    let (_, body) = build(&profile, payload).unwrap();
    let part = part(&profile, payload);
    let start = find(&body, &part).unwrap() + part.len();
    let after = &body[start..];
    let blank = find(after, b"\r\n\r\n").unwrap() + 4;
    let end = blank + find(&after[blank..], b"--").unwrap();
    let text: Vec<u8> = after[blank..end].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    (part, STANDARD.decode(text).unwrap())
}

/// The entity of a payload as bytes, put together apart from the engine.
pub(crate) fn part(profile: &Profile, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "Content-Type: {}\r\nContent-Transfer-Encoding: {}\r\nContent-Disposition: attachment; filename=\"order.edi\"\r\n\r\n",
        profile.content_type, profile.transfer_encoding
    );
    [head.as_bytes(), &content(profile, payload)].concat()
}

/// The content of that entity: the payload, in lines of base64 where the profile wants them.
pub(crate) fn content(profile: &Profile, payload: &[u8]) -> Vec<u8> {
    match profile.transfer_encoding {
        TransferEncoding::Binary => payload.to_vec(),
        TransferEncoding::Base64 => {
            let text = STANDARD.encode(payload);
            text.as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
        }
    }
}

/// Where some bytes are in others.
pub(crate) fn find(all: &[u8], wanted: &[u8]) -> Option<usize> {
    all.windows(wanted.len()).position(|window| window == wanted)
}

/// A digest computed by another library than the engine's.
pub(crate) fn mic_of(digest: Digest, bytes: &[u8]) -> Mic {
    Mic { digest, value: aws_lc_rs_digest(digest, bytes) }
}

fn aws_lc_rs_digest(digest: Digest, bytes: &[u8]) -> Vec<u8> {
    use aws_lc_rs::digest as algorithms;
    let algorithm = match digest {
        Digest::Sha1 => &algorithms::SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha384 => &algorithms::SHA384,
        Digest::Sha512 => &algorithms::SHA512,
        _ => &algorithms::SHA256,
    };
    algorithms::digest(algorithm, bytes).as_ref().to_vec()
}

/// A CompressedData around compressed bytes; `pieces` writes it in BER of indefinite length with octet strings of that size.
pub(crate) fn compressed_data(zlib: &[u8], pieces: Option<usize>) -> Vec<u8> {
    const KIND: &[u8] = &[0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 9];
    const ZLIB: &[u8] = &[0x30, 13, 0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 3, 8];
    const DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    match pieces {
        Some(size) => {
            let strings: Vec<u8> = zlib.chunks(size).flat_map(|piece| tlv(0x04, piece)).collect();
            [
                &[0x30, 0x80],
                KIND,
                &[0xa0, 0x80, 0x30, 0x80, 2, 1, 0],
                ZLIB,
                &[0x30, 0x80],
                DATA,
                &[0xa0, 0x80, 0x24, 0x80],
                &strings,
                &[0; 12],
            ]
            .concat()
        }
        None => {
            let content = tlv(0x30, &[DATA, &tlv(0xa0, &tlv(0x04, zlib))].concat());
            let compressed = tlv(0x30, &[&[2, 1, 0], ZLIB, &content].concat());
            tlv(0x30, &[KIND, &tlv(0xa0, &compressed)].concat())
        }
    }
}

/// One element in definite length.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let head = if length < 0x80 {
        vec![tag, length.to_le_bytes()[0]]
    } else {
        [&[tag, 0x84][..], &length.to_be_bytes()].concat()
    };
    [head, content.to_vec()].concat()
}

/// ZLIB without compression (RFC 1950, RFC 1951 section 3.2.4), written apart from the engine.
pub(crate) fn stored_zlib(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = content.chunks(65_535).peekable();
    if blocks.peek().is_none() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in content {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}
