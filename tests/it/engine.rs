//! What the engine builds, it opens: every cipher, digest, payload and structure.

use std::io::Cursor;

use countersign::as2::headers::get;
use countersign::as2::{
    BuildError, DecryptionKey, EncryptionPlan, Entity, Layer, OpeningKeys, OutboundMessage, ReceiptContent,
    ReceiptReading, SignatureOutcome, SigningPlan, build_receipt, open, read_receipt,
};
use countersign::certificate::{Certificate, KeyKind, PrivateKey, create_identity, read};
use countersign::domain::algorithm::{Encryption, KeyTransport, MicalgStyle, SignatureScheme, Signing};
use countersign::domain::connection::{
    GcmContent, Profile, RecipientIdentifierStyle, SignatureOid, SignerCertificates, TransferEncoding,
};
use countersign::domain::disposition::Disposition;
use jiff::Timestamp;

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// Headers, body and the MIC in base64.
type Message = (Vec<(String, String)>, Vec<u8>, String);

struct Party {
    certificate: Certificate,
    key: PrivateKey,
}

fn party(name: &str, kind: KeyKind) -> Party {
    let (key, certificate) = create_identity(&format!("CN={name}"), kind, 365, now()).unwrap();
    Party { certificate, key }
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/openssl/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn file_certificate(name: &str) -> Certificate {
    read(&file(&format!("{name}.crt")), None).unwrap().certificates.remove(0)
}

fn file_party(name: &str) -> Party {
    let key = PrivateKey::from_pkcs8_der(&file(&format!("{name}.key.der"))).unwrap();
    Party { certificate: file_certificate(name), key }
}

fn profile() -> Profile {
    toml::from_str(
        "our_as2_id = \"My Company\"\npartner_as2_id = \"quo\\\"te\"\nurl = \"http://127.0.0.1/\"\nidentity = \"me\"\n",
    )
    .unwrap()
}

fn build(profile: &Profile, us: &Party, partner: &Party, payload: &[u8]) -> Result<Message, BuildError> {
    let entity = Entity {
        content_type: profile.content_type.clone(),
        filename: Some("größe.edi".to_owned()),
        transfer_encoding: profile.transfer_encoding,
        payload_length: payload.len() as u64,
    };
    let message = OutboundMessage {
        profile,
        entity: &entity,
        message_id: "<1@test>",
        signing: profile.signing.digest().map(|digest| SigningPlan {
            certificate: &us.certificate,
            chain: &[],
            key: &us.key,
            digest,
            scheme: profile.signature_scheme,
            quirks: &profile.quirks,
            at: now(),
        }),
        encryption: (profile.encryption != Encryption::None).then_some(EncryptionPlan {
            recipient: &partner.certificate,
            encryption: profile.encryption,
            key_transport: profile.key_transport,
            identifier: profile.quirks.recipient_identifier,
            gcm_content: profile.quirks.gcm_content,
        }),
        at: now(),
    };
    let mut body = Vec::new();
    let built = message.build(&mut Cursor::new(payload), &mut body)?;
    assert_eq!(built.length, body.len() as u64);
    Ok((built.headers, body, built.mic.base64()))
}

fn opens_again(profile: &Profile, us: &Party, partner: &Party, payload: &[u8]) {
    let (headers, body, mic) = build(profile, us, partner, payload).unwrap();
    let decryption = [DecryptionKey { certificate: &partner.certificate, key: &partner.key }];
    let keys = OpeningKeys { decryption: &decryption, accepted: &[&us.certificate] };
    let mut received = Vec::new();
    let opened = open(&headers, &mut Cursor::new(&body), keys, &[profile.receipt_digest()], &mut received).unwrap();
    let what = format!("{} {} {} bytes", profile.encryption, profile.signing, payload.len());
    assert_eq!(received, payload, "{what}");
    assert_eq!(opened.mic.base64(), mic, "{what}");
    assert_eq!(opened.filename().as_deref(), Some("größe.edi"));
    assert_eq!(opened.layers.contains(&Layer::Encrypted), profile.encryption != Encryption::None);
    match opened.signature {
        Some(check) => {
            let signer = us.certificate.facts().fingerprint_sha256;
            assert_eq!(check.outcome, SignatureOutcome::Good { signer }, "{what}");
        }
        None => assert_eq!(profile.signing, Signing::None),
    }
}

#[test]
fn every_cipher_and_digest_goes_there_and_back() {
    let (us, partner) = (party("us", KeyKind::Rsa2048), party("partner", KeyKind::Rsa2048));
    let big: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let payloads: [&[u8]; 5] = [b"", b"line\r\nline\r\n", b"bare\nline\n", b"\r\n--boundary\r\n\x00\xff", &big];
    for encryption in Encryption::ALL {
        for signing in Signing::ALL {
            for payload in payloads {
                for transfer_encoding in [TransferEncoding::Binary, TransferEncoding::Base64] {
                    let mut profile = profile();
                    profile.encryption = *encryption;
                    profile.signing = *signing;
                    profile.transfer_encoding = transfer_encoding;
                    opens_again(&profile, &us, &partner, payload);
                }
            }
        }
    }
}

#[test]
fn what_partners_need_otherwise_goes_there_and_back() {
    let (us, partner) = (party("us", KeyKind::Rsa3072), party("partner", KeyKind::Rsa4096));
    let change = |change: fn(&mut Profile)| {
        let mut changed = profile();
        change(&mut changed);
        opens_again(&changed, &us, &partner, b"payload\n");
    };
    change(|profile| profile.quirks.cms_algorithm_protection = false);
    change(|profile| profile.quirks.signer_certificates = SignerCertificates::None);
    change(|profile| profile.quirks.signer_certificates = SignerCertificates::Chain);
    change(|profile| profile.quirks.signature_oid = SignatureOid::Plain);
    change(|profile| profile.quirks.micalg_style = MicalgStyle::Rfc3851);
    change(|profile| profile.signature_scheme = SignatureScheme::RsaPss);
    for transport in KeyTransport::ALL {
        let mut changed = profile();
        changed.key_transport = *transport;
        opens_again(&changed, &us, &partner, b"payload\n");
    }
    let ec = party("ec", KeyKind::EcP256);
    opens_again(&profile(), &ec, &partner, b"signed with an EC key\n");
}

#[test]
fn quirk_54_gcm_in_both_structures_and_ec_recipients_go_there_and_back() {
    let us = party("us", KeyKind::Rsa2048);
    for partner in [party("rsa", KeyKind::Rsa2048), party("ec", KeyKind::EcP256), file_party("ec384")] {
        for encryption in Encryption::ALL {
            for gcm_content in GcmContent::ALL {
                for identifier in RecipientIdentifierStyle::ALL {
                    let mut profile = profile();
                    profile.encryption = *encryption;
                    profile.quirks.gcm_content = *gcm_content;
                    profile.quirks.recipient_identifier = *identifier;
                    opens_again(&profile, &us, &partner, b"payload\n");
                    let (headers, ..) = build(&profile, &us, &partner, b"x").unwrap();
                    let authenticated =
                        encryption.as_str().ends_with("gcm") && *gcm_content == GcmContent::AuthEnveloped;
                    let kind = get(&headers, "Content-Type").unwrap();
                    assert_eq!(kind.contains("smime-type=authEnveloped-data"), authenticated, "{encryption} {kind}");
                }
            }
        }
    }
}

#[test]
fn an_ec_key_on_p_384_signs_with_sha_384() {
    let (us, partner) = (file_party("ec384"), party("partner", KeyKind::Rsa2048));
    let mut profile = profile();
    profile.signing = Signing::Sha384;
    opens_again(&profile, &us, &partner, b"payload\n");
    profile.signing = Signing::Sha256;
    assert!(matches!(build(&profile, &us, &partner, b"x"), Err(BuildError::OwnKey(_))));
}

#[test]
fn a_certificate_that_is_not_encrypted_for_is_refused_in_words() {
    let us = party("us", KeyKind::Rsa2048);
    let weak = Party { certificate: file_certificate("rsa1024"), key: file_party("rsa").key };
    let error = build(&profile(), &us, &weak, b"x").unwrap_err();
    assert!(matches!(error, BuildError::PartnerKey(_)) && error.to_string().contains("1024 bits"), "{error}");
}

#[test]
fn identifiers_and_options_stand_in_the_headers_as_the_standard_wants() {
    let (us, partner) = (party("us", KeyKind::Rsa2048), party("partner", KeyKind::Rsa2048));
    let (headers, ..) = build(&profile(), &us, &partner, b"x").unwrap();
    assert_eq!(get(&headers, "AS2-From"), Some("\"My Company\""));
    assert_eq!(get(&headers, "AS2-To"), Some("\"quo\\\"te\""));
    assert_eq!(
        get(&headers, "Disposition-Notification-Options"),
        Some("signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256")
    );
    assert_eq!(get(&headers, "Date"), Some("Tue, 24 Nov 2026 12:00:00 +0000"));
    assert!(headers.iter().all(|(name, value)| !name.contains('\n') && !value.contains('\n')));
}

#[test]
fn a_receipt_says_what_it_was_told_and_is_signed() {
    let (us, partner) = (party("us", KeyKind::Rsa2048), party("partner", KeyKind::Rsa2048));
    let profile = profile();
    let mic = countersign::as2::Mic { digest: countersign::domain::algorithm::Digest::Sha256, value: vec![7; 32] };
    let content = ReceiptContent {
        from: "quo\"te",
        to: "My Company",
        message_id: "<r@test>",
        original_message_id: "no brackets # here",
        disposition: Disposition::error("decryption-failed"),
        mic: Some(&mic),
        micalg_style: MicalgStyle::Rfc3851,
        text: "The message could not be decrypted",
        at: now(),
    };
    let plan = SigningPlan {
        certificate: &partner.certificate,
        chain: &[],
        key: &partner.key,
        digest: countersign::domain::algorithm::Digest::Sha512,
        scheme: SignatureScheme::RsaPkcs1,
        quirks: &profile.quirks,
        at: now(),
    };
    for signing in [None, Some(&plan)] {
        let receipt = build_receipt(&content, signing).unwrap();
        for (label, headers) in [
            ("announced", receipt.headers.clone()),
            ("as a web page", vec![("Content-Type".to_owned(), "text/html".to_owned())]),
        ] {
            let keys = OpeningKeys { decryption: &[], accepted: &[&us.certificate, &partner.certificate] };
            let ReceiptReading::Read(read) = read_receipt(&headers, &receipt.body, keys) else {
                panic!("no receipt, {label}")
            };
            assert!(read.is_for("<no brackets # here>"));
            assert_eq!(read.disposition, Some(Disposition::error("decryption-failed")));
            assert!(read.mic.as_ref().unwrap().matches(&mic));
            assert_eq!(read.final_recipient.as_deref(), Some("quo\"te"));
            assert_eq!(read.text.as_deref(), Some("The message could not be decrypted"));
            assert_eq!(read.signature.is_some(), signing.is_some());
            if let Some(check) = read.signature {
                let signer = partner.certificate.facts().fingerprint_sha256;
                assert_eq!(check.outcome, SignatureOutcome::Good { signer });
            }
        }
    }
    let keys = OpeningKeys { decryption: &[], accepted: &[] };
    assert!(matches!(read_receipt(&[], b"", keys), ReceiptReading::Absent(_)));
    assert!(matches!(read_receipt(&[], b"<html>Welcome</html>", keys), ReceiptReading::Absent(_)));
}
