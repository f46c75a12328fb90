//! What is fuzzed: functions that take any bytes, and hold what is true of them whatever they are.
//!
//! Each says in a few words what came of the bytes, so that inputs which lead somewhere new can be told from the others.
//! Where bytes are a message, they are its header lines, a blank line, and its body.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::OnceLock;

use countersign::as2::headers::{HeaderList, MediaType, as2_id, get, quote, unquote};
use countersign::as2::{
    Built, DecryptionKey, Dissected, EncryptionPlan, Entity, Layer, MAX_RECEIPT, OpenError, Opened, OpeningKeys,
    OutboundMessage, ReceiptContent, ReceiptReading, SignatureOutcome, SigningPlan, build_receipt, dissect, filename,
    open, read_receipt,
};
use countersign::certificate::{Certificate, PrivateKey, read};
use countersign::domain::algorithm::{Compression, Digest, Encryption, MicalgStyle, SignatureScheme, Signing};
use countersign::domain::connection::{Profile, TransferEncoding};
use countersign::domain::disposition::Disposition;
use countersign::domain::document::{Outline, Segment, SegmentReader, acknowledgement};
use countersign::domain::identifier::As2Id;
use jiff::Timestamp;

#[path = "ber.rs"]
pub(crate) mod ber;
#[path = "files.rs"]
pub(crate) mod files;

/// What takes any bytes.
pub(crate) type Target = fn(&[u8]) -> String;

/// All of them, by name.
pub(crate) const TARGETS: [(&str, Target); 20] = [
    ("headers", headers),
    ("multipart", multipart),
    ("ber", structures),
    ("envelopes", envelopes),
    ("signatures", signatures),
    ("compressed", compressed),
    ("messages", messages),
    ("built", built),
    ("receipts", receipts),
    ("dispositions", dispositions),
    ("certificates", certificates),
    ("dissected", dissected),
    ("documents", documents),
    ("heads", files::heads),
    ("parcels", files::parcels),
    ("keystores", files::keystores),
    ("partners", files::partners),
    ("policies", files::policies),
    ("connections", files::connections),
    ("backups", files::backups),
];

/// The most that comes out of a body, whatever it is: what inflates freely, and some buffers.
const MOST_INFLATED: u64 = (16 << 20) + (1 << 20);

/// The most layers of a message.
const MOST_LAYERS: usize = 8;

/// A key with its certificate.
pub(crate) struct Party {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

/// RSA, P-256, P-384.
pub(crate) fn parties() -> &'static [Party; 3] {
    static PARTIES: OnceLock<[Party; 3]> = OnceLock::new();
    let party = |certificate: &[u8], key| Party {
        certificate: read(certificate, None).unwrap().certificates.remove(0),
        key: PrivateKey::from_pkcs8_der(key).unwrap(),
    };
    PARTIES.get_or_init(|| {
        [
            party(include_bytes!("../fixtures/openssl/rsa.crt"), include_bytes!("../fixtures/openssl/rsa.key.der")),
            party(include_bytes!("../fixtures/openssl/ec.crt"), include_bytes!("../fixtures/openssl/ec.key.der")),
            party(include_bytes!("../fixtures/openssl/ec384.crt"), include_bytes!("../fixtures/openssl/ec384.key.der")),
        ]
    })
}

/// The entity that the signatures among the fixtures are for.
const ENTITY: &[u8] = include_bytes!("../fixtures/openssl/entity.mime");

fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// Header lines and what follows the blank line behind them.
fn split(data: &[u8]) -> (HeaderList, &[u8]) {
    let mut headers = HeaderList::new();
    let mut rest = data;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        match line.split_once(':') {
            _ if line.is_empty() => return (headers, rest),
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => {}
        }
    }
}

/// Where a payload goes: counted and hashed, and not kept.
struct Sink {
    hash: DefaultHasher,
    length: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.write(bytes);
        self.length += bytes.len() as u64;
        assert!(self.length <= MOST_INFLATED, "{} bytes came out", self.length);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body that comes a few bytes at a time.
struct Trickle<'a>(Cursor<&'a [u8]>);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let few = (self.0.position() % 13 + 1) as usize;
        let few = few.min(buffer.len());
        self.0.read(&mut buffer[..few])
    }
}

impl Seek for Trickle<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

fn with_keys<T>(act: impl FnOnce(OpeningKeys<'_>) -> T) -> T {
    let parties = parties();
    let decryption: Vec<DecryptionKey<'_>> =
        parties.iter().map(|party| DecryptionKey { certificate: &party.certificate, key: &party.key }).collect();
    let accepted: Vec<&Certificate> = parties.iter().map(|party| &party.certificate).collect();
    act(OpeningKeys { decryption: &decryption, accepted: &accepted })
}

/// Opens a message once.
fn once<B: Read + Seek + Send>(headers: &[(String, String)], mut body: B) -> (Result<Opened, OpenError>, u64, u64) {
    let mut sink = Sink { hash: DefaultHasher::new(), length: 0 };
    let digests = [Digest::Sha256, Digest::Sha1];
    let opened = with_keys(|keys| open(headers, &mut body, keys, &digests, &mut sink));
    (opened, sink.hash.finish(), sink.length)
}

/// Opens a message, and holds what is true of any that opens or does not; how it is read makes no difference.
fn opened(headers: &[(String, String)], body: &[u8]) -> String {
    let (outcome, hash, length) = once(headers, Cursor::new(body));
    let said = held(&outcome, length, body.len() as u64);
    if body.len() <= 16 * 1024 && length <= 1 << 20 {
        let (slowly, slow_hash, slow_length) = once(headers, Trickle(Cursor::new(body)));
        let slow = held(&slowly, slow_length, body.len() as u64);
        // Of several things that are wrong with it, any may be met first.
        assert_eq!(outcome.is_ok(), slowly.is_ok(), "it matters how the body comes: {said} / {slow}");
        if outcome.is_ok() {
            assert_eq!((&said, hash, length), (&slow, slow_hash, slow_length));
        }
    }
    said
}

fn held(outcome: &Result<Opened, OpenError>, length: u64, body: u64) -> String {
    let opened = match outcome {
        Ok(opened) => opened,
        Err(error) => {
            assert!(!error.disposition().is_positive());
            return error.to_string();
        }
    };
    assert_eq!(opened.payload_length, length);
    assert!(opened.layers.len() <= MOST_LAYERS, "{:?}", opened.layers);
    for (layer, is_there) in [
        (Layer::Encrypted, opened.encryption.is_some()),
        (Layer::Signed, opened.signature.is_some()),
        (Layer::Compressed, opened.compression.is_some()),
    ] {
        assert_eq!(opened.layers.contains(&layer), is_there, "{layer:?}");
    }
    // Only what is compressed grows.
    assert!(opened.compression.is_some() || length <= body, "{length} bytes came out of {body}");
    let expected = match opened.mic.digest {
        Digest::Md5 => 16,
        Digest::Sha1 => 20,
        Digest::Sha256 => 32,
        Digest::Sha384 => 48,
        Digest::Sha512 => 64,
    };
    assert_eq!(opened.mic.value.len(), expected);
    let signature = opened.signature.as_ref().map(|check| &check.outcome);
    assert!(
        opened.fits_with.is_none()
            || signature.is_some_and(|outcome| !matches!(outcome, SignatureOutcome::Good { .. }))
    );
    if let Some(SignatureOutcome::Good { signer }) = signature {
        let known = |party: &Party| party.certificate.facts().fingerprint_sha256 == *signer;
        assert!(parties().iter().any(known), "a stranger's signature is good");
    }
    assert!(opened.filename().is_none_or(|name| !name.trim().is_empty()));
    let signature = signature.map(|outcome| format!("{outcome:?}").chars().take(12).collect::<String>());
    format!("{:?} {signature:?} {}", opened.layers, opened.content_type().essence)
}

fn field(name: &str, value: &str) -> HeaderList {
    vec![(name.to_owned(), value.to_owned())]
}

/// Header values: media types, file names, identifiers.
fn headers(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    assert_eq!(unquote(&quote(&text)), *text);
    if let Ok(id) = text.parse::<As2Id>() {
        for always in [false, true] {
            assert_eq!(unquote(&as2_id(id.as_str(), always)), id.as_str());
        }
    }
    let kind = MediaType::parse(&text);
    // Written again in quotes it is the same, as far as its names are tokens.
    let token = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\";=".contains(&byte));
    if token(&kind.essence) && kind.parameters.iter().all(|(name, _)| token(name)) {
        let written: String =
            kind.parameters.iter().map(|(name, value)| format!("; {name}={}", quote(value))).collect();
        assert_eq!(MediaType::parse(&format!("{}{written}", kind.essence)), kind);
    }
    let mut named = 0;
    for header in ["Content-Disposition", "Content-Type", "Content-ID"] {
        if let Some(name) = filename(&field(header, &text)) {
            assert!(!name.trim().is_empty());
            // What is no character becomes one of three bytes.
            assert!(name.len() <= text.len() * 3, "{} bytes of name from {}", name.len(), text.len());
            named += 1;
        }
    }
    let (list, _) = split(data);
    let read = get(&list, "content-type").is_some();
    format!("{} {named} {} {read}", token(&kind.essence), kind.parameters.len().min(6))
}

/// Parts between boundaries, of messages and of receipts.
fn multipart(data: &[u8]) -> String {
    let (headers, body) = split(data);
    let kind = MediaType::parse(get(&headers, "Content-Type").unwrap_or_default());
    let boundary = quote(kind.parameter("boundary").unwrap_or("x"));
    let signed = opened(&field("Content-Type", &format!("multipart/signed; boundary={boundary}")), body);
    let report = receipt(&field("Content-Type", &format!("multipart/report; boundary={boundary}")), body);
    format!("{signed} / {report}")
}

const CMS: &str = "application/pkcs7-mime";

/// Structures, whose lengths may be definite or not.
fn structures(data: &[u8]) -> String {
    let headers = field("Content-Type", CMS);
    let said = opened(&headers, data);
    let file = certificates(data);
    // The same structure with the lengths of its outer elements left open is the same.
    if let Some((root, rest)) = ber::parse(data)
        && let (Ok(first), hash, length) = once(&headers, Cursor::new(data))
    {
        let mut open = Vec::new();
        root.write(3, &mut open);
        open.extend(rest);
        let (second, other_hash, other_length) = once(&headers, Cursor::new(&open));
        let second = second.unwrap_or_else(|error| panic!("with indefinite lengths: {error}"));
        assert_eq!((hash, length, first.layers), (other_hash, other_length, second.layers));
    }
    format!("{said} / {file}")
}

/// What is encrypted, for keys that we have.
fn envelopes(data: &[u8]) -> String {
    opened(&field("Content-Type", CMS), data)
}

/// What is compressed, and nobody's keys.
fn compressed(data: &[u8]) -> String {
    opened(&field("Content-Type", "application/pkcs7-mime; smime-type=compressed-data"), data)
}

/// A signature of a fixed entity.
fn signatures(data: &[u8]) -> String {
    let mut body = b"--x\r\n".to_vec();
    body.extend_from_slice(ENTITY);
    body.extend_from_slice(b"\r\n--x\r\nContent-Type: application/pkcs7-signature\r\n\r\n");
    body.extend_from_slice(data);
    body.extend_from_slice(b"\r\n--x--\r\n");
    opened(&field("Content-Type", "multipart/signed; boundary=x; micalg=sha-256"), &body)
}

/// Whole messages.
fn messages(data: &[u8]) -> String {
    let (headers, body) = split(data);
    opened(&headers, body)
}

/// The message that a profile describes, from one party to another.
pub(crate) fn build(profile: &Profile, file: &str, payload: &[u8], from: &Party, to: &Party) -> (Built, Vec<u8>) {
    let entity = Entity {
        content_type: profile.content_type.clone(),
        filename: Some(file.to_owned()),
        transfer_encoding: profile.transfer_encoding,
        payload_length: payload.len() as u64,
    };
    let message = OutboundMessage {
        profile,
        entity: &entity,
        message_id: "<1@test>",
        signing: profile.signing.digest().map(|digest| SigningPlan {
            certificate: &from.certificate,
            chain: &[],
            key: &from.key,
            digest,
            scheme: profile.signature_scheme,
            quirks: &profile.quirks,
            at: at(),
        }),
        encryption: (profile.encryption != Encryption::None).then_some(EncryptionPlan {
            recipient: &to.certificate,
            encryption: profile.encryption,
            key_transport: profile.key_transport,
            identifier: profile.quirks.recipient_identifier,
            gcm_content: profile.quirks.gcm_content,
        }),
        at: at(),
    };
    let mut body = Vec::new();
    let built = message.build(&mut Cursor::new(payload), &mut body).unwrap();
    (built, body)
}

/// Messages that are built are opened again as they were: three bytes say how, the rest is the payload.
fn built(data: &[u8]) -> String {
    let &[how, encryption, form, ref payload @ ..] = data else { return "nothing".to_owned() };
    let [rsa, p256, p384] = parties();
    let (from, signing, scheme) = match how % 9 {
        0 => (rsa, Signing::None, SignatureScheme::RsaPkcs1),
        1 => (rsa, Signing::Sha1, SignatureScheme::RsaPkcs1),
        2 => (rsa, Signing::Sha256, SignatureScheme::RsaPkcs1),
        3 => (rsa, Signing::Sha384, SignatureScheme::RsaPkcs1),
        4 => (rsa, Signing::Sha512, SignatureScheme::RsaPkcs1),
        5 => (rsa, Signing::Sha256, SignatureScheme::RsaPss),
        6 => (rsa, Signing::Sha512, SignatureScheme::RsaPss),
        7 => (p256, Signing::Sha256, SignatureScheme::RsaPkcs1),
        _ => (p384, Signing::Sha384, SignatureScheme::RsaPkcs1),
    };
    let encryption = Encryption::ALL[usize::from(encryption) % Encryption::ALL.len()];
    let mut profile = profile();
    profile.signing = signing;
    profile.signature_scheme = scheme;
    profile.encryption = encryption;
    profile.compression = Compression::ALL[usize::from(form) % Compression::ALL.len()];
    if form & 0x80 != 0 {
        profile.transfer_encoding = TransferEncoding::Base64;
    }
    let name: String = payload.iter().take(12).map(|byte| char::from(byte % 0x5f + 0x20)).collect();
    let recipient = &parties()[usize::from(form) / 3 % 3];
    let file = format!("a{name}b");
    let (built, body) = build(&profile, &file, payload, from, recipient);
    assert_eq!(built.length, body.len() as u64);
    let mut back = Vec::new();
    let opened = with_keys(|keys| open(&built.headers, &mut Cursor::new(&body), keys, &[Digest::Sha256], &mut back));
    let opened = opened.unwrap();
    assert_eq!(back, payload);
    assert_eq!((opened.mic.digest, opened.mic.value), (built.mic.digest, built.mic.value));
    assert_eq!(filename(&opened.headers).or_else(|| filename(&built.headers)), Some(file));
    let signature = opened.signature.map(|check| check.outcome);
    assert_eq!(signature.is_some(), signing != Signing::None);
    assert!(signature.is_none_or(|outcome| matches!(outcome, SignatureOutcome::Good { .. })));
    format!("{:?} {signing} {scheme} {encryption}", opened.layers)
}

/// A profile of which the rest is as it is by default.
pub(crate) fn profile() -> Profile {
    let settings = "our_as2_id = \"ME\"\npartner_as2_id = \"YOU\"\nurl = \"http://127.0.0.1/\"\nidentity = \"me\"\n";
    toml::from_str(settings).unwrap()
}

/// Answers, receipts or not.
fn receipts(data: &[u8]) -> String {
    let (headers, body) = split(data);
    receipt(&headers, body)
}

fn receipt(headers: &[(String, String)], body: &[u8]) -> String {
    let found = match with_keys(|keys| read_receipt(headers, body, keys)) {
        ReceiptReading::Absent(what) => return format!("{what:?}").chars().take(20).collect(),
        ReceiptReading::Unreadable(why) => return why,
        ReceiptReading::Read(found) => found,
    };
    // Inflated, a receipt may be larger than it came.
    assert!(found.text.as_ref().is_none_or(|text| text.chars().count() <= 4000));
    let size: usize = found.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(size as u64 <= 3 * MAX_RECEIPT, "{size} bytes of fields");
    let Some(original) = found.original_message_id.as_deref() else { return "for nothing".to_owned() };
    assert!(found.is_for(original));
    let disposition = found.disposition.clone().unwrap_or_else(Disposition::processed);
    if let Some(text) = &found.disposition_text {
        assert_eq!(Disposition::parse(text), disposition);
    }
    // What it says, said by us, is read again the same.
    if original.len() + disposition.to_string().len() < 4000 {
        let content = ReceiptContent {
            from: "YOU",
            to: "ME",
            message_id: "<r@test>",
            original_message_id: original,
            disposition: disposition.clone(),
            mic: None,
            micalg_style: MicalgStyle::Rfc5751,
            text: "It came",
            at: at(),
        };
        let ours = build_receipt(&content, None).unwrap();
        let ReceiptReading::Read(again) = with_keys(|keys| read_receipt(&ours.headers, &ours.body, keys)) else {
            panic!("our own receipt is none")
        };
        assert_eq!(
            (again.original_message_id.as_deref(), again.disposition),
            (Some(original), Some(disposition.clone()))
        );
    }
    format!("{:?} {} {}", found.signature.is_some(), disposition.is_positive(), found.mic.is_some())
}

/// The value of a `Disposition` field.
fn dispositions(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    let read = Disposition::parse(&text);
    assert!(!read.is_positive() || read.kind == "processed");
    assert_eq!(Disposition::parse(&read.to_string()), read, "written as {read}");
    let modifier: String = format!("{:?}", read.modifier).chars().take(5).collect();
    format!("{} {modifier} {}", read.is_positive(), read.key().is_some())
}

/// Files that may hold certificates and keys.
fn certificates(data: &[u8]) -> String {
    let contents = match read(data, Some("test")) {
        Ok(contents) => contents,
        Err(error) => return error.to_string().chars().take(40).collect(),
    };
    assert!(contents.certificates.len() <= 500);
    let mut different = HashSet::new();
    for certificate in &contents.certificates {
        let again = read(certificate.to_pem().as_bytes(), None).unwrap().certificates.remove(0);
        assert!(again == *certificate, "it is another when it is written and read again");
        assert_eq!(again.facts(), certificate.facts());
        different.insert(certificate.der());
    }
    assert!(contents.has_private_key || contents.private_key.is_none());
    format!("{} {} {}", contents.format, different.len().min(4), contents.has_private_key)
}

/// A message as the tree of its layers: whatever it is, there is one, and no layer reaches beyond what surrounds it.
fn dissected(data: &[u8]) -> String {
    fn told(layer: &Dissected, depth: usize, said: &mut String) {
        assert!(depth <= 13, "it is followed too deeply");
        said.push_str(&format!("{:?}", std::mem::discriminant(&layer.kind)));
        said.push(if layer.obstacle.is_some() { '!' } else { ' ' });
        layer.parts.iter().for_each(|part| told(part, depth + 1, said));
    }
    let (headers, body) = split(data);
    let found = with_keys(|keys| dissect(&headers, &mut Cursor::new(body), keys));
    assert_eq!(found.length, body.len() as u64);
    let mut said = String::new();
    told(&found, 1, &mut said);
    said
}

/// A document by segments: the same from one end to the other as from anywhere within.
fn documents(data: &[u8]) -> String {
    let mut reader = SegmentReader::new(data);
    let all: Vec<Segment> = std::iter::from_fn(|| reader.next_segment().unwrap()).collect();
    acknowledgement::read(data).unwrap();
    let Some(outline) = Outline::read(data).unwrap() else {
        assert!(all.is_empty());
        return "no interchange".to_owned();
    };
    assert_eq!((outline.segments, outline.bytes), (all.len() as u64, data.len() as u64));
    for from in [0, all.len() / 2, all.len().saturating_sub(1)] {
        let some = outline.segments(Cursor::new(data), from as u64, 3).unwrap();
        assert_eq!(some, all[from..(from + 3).min(all.len())], "from {from} on");
    }
    format!(
        "{} {:?}",
        outline.standard,
        outline.problems.iter().map(|problem| &problem.what).take(3).collect::<Vec<_>>()
    )
}
