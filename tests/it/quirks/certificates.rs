//! Quirks of certificates that are in use out there.

use std::io::Cursor;
use std::path::Path;

use countersign::as2::{DecryptionKey, OpeningKeys, OutboundMessage, SignatureOutcome, open};
use countersign::certificate::{Certificate, read};
use countersign::domain::connection::RecipientIdentifierStyle;

use crate::messages::{entity, message, profile, sender};

fn certificate(name: &str) -> Certificate {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates").join(name);
    read(&std::fs::read(path).unwrap(), None).unwrap_or_else(|error| panic!("{name}: {error}")).certificates.remove(0)
}

#[test]
fn quirk_51_odd_certificates_are_read_encrypted_for_and_verified_with() {
    let payload = b"ISA*00*~";
    for name in [
        "odd-serial-negative.cer",
        "odd-serial-zero.cer",
        "odd-serial-huge.cer",
        "odd-country.cer",
        "odd-ia5.cer",
        // A wildcard, and a critical extended key usage that has nothing to do with messages.
        "odd-eku-critical.cer",
    ] {
        // All of them are for the sender's key.
        let odd = certificate(name);
        assert!(!odd.facts().serial.is_empty() && !odd.facts().subject.is_empty(), "{name}");
        for identifier in [RecipientIdentifierStyle::IssuerSerial, RecipientIdentifierStyle::KeyIdentifier] {
            let profile = profile("");
            let entity = entity(&profile, payload);
            let built_from = message(&profile, &entity, sender());
            let built_from = OutboundMessage {
                signing: built_from.signing.map(|mut plan| {
                    plan.certificate = &odd;
                    plan
                }),
                encryption: built_from.encryption.map(|mut plan| {
                    (plan.recipient, plan.identifier) = (&odd, identifier);
                    plan
                }),
                ..built_from
            };
            let mut body = Vec::new();
            let built = built_from.build(&mut Cursor::new(payload), &mut body).unwrap();
            let ours = [DecryptionKey { certificate: &odd, key: &sender().key }];
            let keys = OpeningKeys { decryption: &ours, accepted: &[&odd] };
            let mut received = Vec::new();
            let opened = open(&built.headers, &mut Cursor::new(&body), keys, &[], &mut received)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(received, payload, "{name}");
            let signer = odd.facts().fingerprint_sha256;
            assert_eq!(opened.signature.unwrap().outcome, SignatureOutcome::Good { signer }, "{name}");
        }
    }
}
