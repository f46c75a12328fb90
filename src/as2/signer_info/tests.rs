use jiff::Timestamp;

use super::*;
use crate::as2::digest::{LineEnds, LineHasher};
use crate::certificate::encode::{algorithm, element, joined, oid};
use crate::certificate::{KeyKind, PrivateKey, create_identity};
use crate::domain::algorithm::SignatureScheme;

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\ncontent";

struct Signer {
    key: PrivateKey,
    certificate: Certificate,
}

fn signer(kind: KeyKind) -> Signer {
    let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let (key, certificate) = create_identity("CN=Signer, O=Test", kind, 365, now).unwrap();
    Signer { key, certificate }
}

fn digests() -> DigestValues {
    let mut hasher = LineHasher::new(&[Digest::Sha1, Digest::Sha256, Digest::Sha384], LineEnds::AsTheyAre);
    hasher.update(CONTENT);
    hasher.finish()
}

fn attribute(identifier: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    joined(SEQUENCE, &[&oid(identifier), &element(SET, value)])
}

fn content_digest() -> Vec<u8> {
    attribute(ids::ATTRIBUTE_MESSAGE_DIGEST, &element(OCTET_STRING, digests().get(Digest::Sha256).unwrap()))
}

fn sha256(parameters: &[u8]) -> Vec<u8> {
    algorithm(ids::of_digest(Digest::Sha256), parameters)
}

/// What a signer's information may look like.
struct Made<'a> {
    by: &'a Signer,
    scheme: SignatureScheme,
    attributes: Vec<Vec<u8>>,
    /// Whether the attributes are signed in the order of DER and not in that in which they are sent.
    sorted: bool,
    digest_algorithm: Vec<u8>,
    signature_algorithm: Vec<u8>,
}

impl Made<'_> {
    fn outcome(&self) -> SignatureOutcome {
        let signed =
            if self.sorted { set_of(SET, self.attributes.clone()) } else { element(SET, &self.attributes.concat()) };
        let signature = self.by.key.sign(Digest::Sha256, self.scheme, &signed).unwrap();
        let named = crate::as2::named::issuer_and_serial(&self.by.certificate);
        let info = joined(
            SEQUENCE,
            &[
                &element(INTEGER, &[1]),
                &named,
                &self.digest_algorithm,
                &element(0xa0, &self.attributes.concat()),
                &self.signature_algorithm,
                &element(OCTET_STRING, &signature),
            ],
        );
        let fields = Tlv::first(&info).unwrap().0.children().unwrap();
        SignerInfo::read(&fields).unwrap().check(&digests(), Some(ids::DATA), &[&self.by.certificate], &[])
    }
}

fn plain(by: &Signer) -> Made<'_> {
    Made {
        by,
        scheme: SignatureScheme::RsaPkcs1,
        attributes: vec![
            attribute(ids::ATTRIBUTE_CONTENT_TYPE, &oid(ids::DATA)),
            attribute(ObjectIdentifier::new_unwrap("1.2.3.4.5"), &element(0x0c, b"what a vendor adds")),
            content_digest(),
        ],
        sorted: false,
        digest_algorithm: sha256(&[]),
        signature_algorithm: algorithm(ids::rsa_with(Digest::Sha256), &NULL),
    }
}

fn protection(digest: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut signature = signature.to_vec();
    signature[0] = 0xa1;
    attribute(ids::ATTRIBUTE_ALGORITHM_PROTECTION, &joined(SEQUENCE, &[digest, &signature]))
}

#[test]
fn quirk_35_attributes_may_be_unknown_and_in_any_order() {
    let by = signer(KeyKind::Rsa2048);
    let good = SignatureOutcome::Good { signer: by.certificate.facts().fingerprint_sha256 };
    for sorted in [false, true] {
        for reverse in [false, true] {
            let mut made = Made { sorted, ..plain(&by) };
            if reverse {
                made.attributes.reverse();
            }
            assert_eq!(made.outcome(), good, "sorted {sorted}, reverse {reverse}");
        }
    }
}

#[test]
fn quirk_34_algorithms_are_named_in_several_ways() {
    let by = signer(KeyKind::Rsa2048);
    let good = SignatureOutcome::Good { signer: by.certificate.facts().fingerprint_sha256 };
    for digest_algorithm in [sha256(&[]), sha256(&NULL)] {
        for identifier in [ids::RSA_ENCRYPTION, ids::rsa_with(Digest::Sha256), ids::of_digest(Digest::Sha256)] {
            for parameters in [&NULL[..], &[]] {
                let made = Made {
                    digest_algorithm: digest_algorithm.clone(),
                    signature_algorithm: algorithm(identifier, parameters),
                    ..plain(&by)
                };
                assert_eq!(made.outcome(), good, "{identifier}");
            }
        }
    }
    // The signature's own digest counts, whatever the content's is called.
    let mut made = plain(&by);
    made.digest_algorithm = algorithm(ids::of_digest(Digest::Sha384), &[]);
    let digest = digests().get(Digest::Sha384).unwrap().to_vec();
    made.attributes[2] = attribute(ids::ATTRIBUTE_MESSAGE_DIGEST, &element(OCTET_STRING, &digest));
    assert_eq!(made.outcome(), good);
}

#[test]
fn the_parameters_of_pss_may_be_missing() {
    let by = signer(KeyKind::Rsa2048);
    let good = SignatureOutcome::Good { signer: by.certificate.facts().fingerprint_sha256 };
    let made =
        Made { scheme: SignatureScheme::RsaPss, signature_algorithm: algorithm(ids::RSASSA_PSS, &[]), ..plain(&by) };
    // Made with SHA-256 and a salt of 32 bytes, which the missing parameters do not say.
    assert_eq!(made.outcome(), good);
    // Present but empty they say SHA-1 with a salt of 20 bytes.
    let empty = Made { signature_algorithm: algorithm(ids::RSASSA_PSS, &element(SEQUENCE, &[])), ..made };
    assert!(matches!(empty.outcome(), SignatureOutcome::Broken { .. }));
}

#[test]
fn a_signature_that_protects_other_algorithms_than_it_uses_is_bad() {
    let by = signer(KeyKind::Rsa2048);
    let named = by.certificate.facts().fingerprint_sha256;
    let combined = algorithm(ids::rsa_with(Digest::Sha256), &NULL);
    let with = |attribute: Vec<u8>| {
        let mut made = plain(&by);
        made.attributes.push(attribute);
        made.outcome()
    };
    for (digest, signature) in [
        (sha256(&[]), combined.clone()),
        (sha256(&NULL), algorithm(ids::rsa_with(Digest::Sha256), &[])),
        (sha256(&[]), algorithm(ids::RSA_ENCRYPTION, &NULL)),
    ] {
        assert_eq!(with(protection(&digest, &signature)), SignatureOutcome::Good { signer: named });
    }
    for (digest, signature) in [
        (algorithm(ids::of_digest(Digest::Sha1), &NULL), combined),
        (sha256(&[]), algorithm(ids::rsa_with(Digest::Sha1), &NULL)),
        (sha256(&[]), algorithm(ids::RSASSA_PSS, &[])),
        (sha256(&[]), algorithm(ids::ecdsa_with(Digest::Sha256), &[])),
    ] {
        let SignatureOutcome::Broken { named: of, reason } = with(protection(&digest, &signature)) else {
            panic!("{digest:?} {signature:?} is taken")
        };
        assert!(of == named && reason.contains("RFC 6211"));
    }
    // What cannot be read says nothing.
    let odd = attribute(ids::ATTRIBUTE_ALGORITHM_PROTECTION, &element(OCTET_STRING, b"?"));
    assert_eq!(with(odd), SignatureOutcome::Good { signer: named });
}

#[test]
fn content_that_was_changed_shows() {
    let by = signer(KeyKind::EcP256);
    let named = by.certificate.facts().fingerprint_sha256;
    let mut made = plain(&by);
    made.signature_algorithm = algorithm(ids::ecdsa_with(Digest::Sha256), &[]);
    assert_eq!(made.outcome(), SignatureOutcome::Good { signer: named });
    made.attributes[2] = attribute(ids::ATTRIBUTE_MESSAGE_DIGEST, &element(OCTET_STRING, &[0; 32]));
    assert_eq!(made.outcome(), SignatureOutcome::Altered { signer: named });
    made.attributes.pop();
    assert_eq!(made.outcome(), SignatureOutcome::Altered { signer: named });
}

#[test]
fn a_signature_that_was_made_for_something_else_is_worth_nothing() {
    let by = signer(KeyKind::Rsa2048);
    let broken = |made: &Made<'_>, says: &str| match made.outcome() {
        SignatureOutcome::Broken { reason, .. } => assert!(reason.contains(says), "{reason}"),
        other => panic!("{says}: {other:?}"),
    };
    let mut other_type = plain(&by);
    other_type.attributes[0] = attribute(ids::ATTRIBUTE_CONTENT_TYPE, &oid(ids::SIGNED_DATA));
    broken(&other_type, "another type");
    let (mut two, mut twice) = (plain(&by), plain(&by));
    let digest = element(OCTET_STRING, digests().get(Digest::Sha256).unwrap());
    two.attributes[2] = attribute(ids::ATTRIBUTE_MESSAGE_DIGEST, &[digest.clone(), digest].concat());
    broken(&two, "several values");
    twice.attributes.push(content_digest());
    broken(&twice, "several values");
    // That the type is not said is let pass.
    let mut silent = plain(&by);
    silent.attributes.remove(0);
    assert!(matches!(silent.outcome(), SignatureOutcome::Good { .. }));
}
