//! Building and opening, into a sink.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek, Write};

use countersign::as2::{
    Built, DecryptionKey, EncryptionPlan, Entity, OpeningKeys, OutboundMessage, SignatureOutcome, SigningPlan, open,
};
use countersign::certificate::{Certificate, KeyKind, PrivateKey, create_identity};
use countersign::domain::connection::Profile;
use jiff::Timestamp;

use super::measure::tell;
use super::processor::{self, Endless};

/// The cipher of all that is measured, but where another is named.
pub(crate) const CBC: &str = "aes128-cbc";

/// The same in the other mode.
pub(crate) const GCM: &str = "aes128-gcm";

/// One and the same in every process: who made a message and who opens it.
struct Parties {
    profile: Profile,
    key: PrivateKey,
    certificate: Certificate,
    at: Timestamp,
}

impl Parties {
    fn new(encryption: &str) -> Self {
        let at = "2026-11-24T12:00:00Z".parse().unwrap();
        let (key, certificate) = create_identity("CN=bench", KeyKind::Rsa2048, 365, at).unwrap();
        Self::of(key, certificate, encryption)
    }

    fn of(key: PrivateKey, certificate: Certificate, encryption: &str) -> Self {
        let profile: Profile = toml::from_str(&format!(
            "our_as2_id = \"A\"\npartner_as2_id = \"B\"\nurl = \"http://127.0.0.1/\"\nidentity = \"me\"\n\
             encryption = \"{encryption}\"\nsigning = \"sha256\"\n"
        ))
        .unwrap();
        Self { profile, key, certificate, at: "2026-11-24T12:00:00Z".parse().unwrap() }
    }

    fn build<P: Read + Seek>(&self, payload: &mut P, length: u64, out: &mut (dyn Write + Send)) -> Built {
        let entity = Entity {
            content_type: self.profile.content_type.clone(),
            filename: Some("order.edi".to_owned()),
            transfer_encoding: self.profile.transfer_encoding,
            payload_length: length,
        };
        let message = OutboundMessage {
            profile: &self.profile,
            entity: &entity,
            message_id: "<1@bench>",
            signing: self.profile.signing.digest().map(|digest| SigningPlan {
                certificate: &self.certificate,
                chain: &[],
                key: &self.key,
                digest,
                scheme: self.profile.signature_scheme,
                quirks: &self.profile.quirks,
                at: self.at,
            }),
            encryption: Some(EncryptionPlan {
                recipient: &self.certificate,
                encryption: self.profile.encryption,
                key_transport: self.profile.key_transport,
                identifier: self.profile.quirks.recipient_identifier,
                gcm_content: countersign::domain::connection::GcmContent::AuthEnveloped,
            }),
            at: self.at,
        };
        message.build(payload, out).unwrap()
    }

    /// Opens a message; whether its signature is good.
    fn open(&self, headers: &[(String, String)], body: &mut File) -> (u64, bool) {
        let keys = [DecryptionKey { certificate: &self.certificate, key: &self.key }];
        let keys = OpeningKeys { decryption: &keys, accepted: &[&self.certificate] };
        let opened = open(headers, body, keys, &[], &mut io::sink()).unwrap();
        let good = opened.signature.is_some_and(|check| matches!(check.outcome, SignatureOutcome::Good { .. }));
        (opened.payload_length, good)
    }
}

/// One case, as the parent process names it.
pub(crate) fn case(arguments: &[&str]) {
    let number = |text: &str| text.parse::<u64>().unwrap();
    match arguments {
        ["sha256", length] => tell(|| processor::sha256(number(length))),
        ["aes128cbc", length] => tell(|| processor::aes128cbc(number(length))),
        ["limit", length] => tell(|| processor::both(number(length))),
        ["rsa", threads] => tell(|| processor::signatures(number(threads).try_into().unwrap())),
        ["build", encryption, length] => {
            let (parties, length) = (Parties::new(encryption), number(length));
            tell(|| {
                parties.build(&mut Endless::new(length), length, &mut io::sink());
                length
            });
        }
        ["build-file", path] => {
            let (parties, mut payload) = (Parties::new(CBC), File::open(path).unwrap());
            let length = payload.metadata().unwrap().len();
            tell(|| {
                parties.build(&mut payload, length, &mut io::sink());
                length
            });
        }
        ["make", encryption, path, length] => make(encryption, path, number(length)),
        ["open", path] => {
            let (parties, headers) = made(path);
            let mut body = File::open(path).unwrap();
            tell(|| {
                let (length, good) = parties.open(&headers, &mut body);
                assert!(good, "its signature is not good");
                length
            });
        }
        ["small", threads] => {
            let parties = Parties::new(CBC);
            let payload = processor::noise(4096);
            tell(|| {
                processor::for_a_while(number(threads).try_into().unwrap(), || {
                    let mut out = Vec::with_capacity(8192);
                    parties.build(&mut Cursor::new(&payload), 4096, &mut out);
                    std::hint::black_box(out);
                })
            });
        }
        other => panic!("there is no case {other:?}"),
    }
}

/// Makes a message to be opened by another process, with what that needs beside it.
fn make(encryption: &str, path: &str, length: u64) {
    let parties = Parties::new(encryption);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let built = parties.build(&mut Endless::new(length), length, &mut out);
    out.flush().unwrap();
    let aside = serde_json::json!({
        "headers": built.headers,
        "key": parties.key.pkcs8_der(),
        "certificate": parties.certificate.der(),
    });
    std::fs::write(format!("{path}.json"), aside.to_string()).unwrap();
    println!("{} 1", built.length);
}

fn made(path: &str) -> (Parties, Vec<(String, String)>) {
    let text = std::fs::read_to_string(format!("{path}.json")).unwrap();
    let aside: serde_json::Value = serde_json::from_str(&text).unwrap();
    let bytes = |name: &str| serde_json::from_value::<Vec<u8>>(aside[name].clone()).unwrap();
    let key = PrivateKey::from_pkcs8_der(&bytes("key")).unwrap();
    let certificate = Certificate::from_der(&bytes("certificate")).unwrap();
    (Parties::of(key, certificate, CBC), serde_json::from_value(aside["headers"].clone()).unwrap())
}
