//! Attempts and surroundings that the tests of this folder start from.

use jiff::Timestamp;

use super::context::{Context, KnownCertificate, OwnIdentity, PartnerCertificates, Sibling};
use super::outcome::{
    Acceptance, AnswerFacts, AttemptFacts, HttpAnswer, Receipt, ReceiptFacts, ReceiptSignature, RequestFacts,
};
use super::surroundings::Surroundings;
use crate::domain::algorithm::{Compression, Digest, Encryption, KeyTransport, SignatureScheme, Signing};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::{MdnMode, Quirks, TransferEncoding};
use crate::domain::disposition::Disposition;
use crate::domain::identifier::ProfileKind;
use crate::domain::transmission::MicComparison;

/// The certificate in use, the scheduled one, the one used before, our own, and one that nobody knows.
pub(super) const IN_USE: Fingerprint = Fingerprint([0x4f; 32]);
pub(super) const NEXT: Fingerprint = Fingerprint([0xb8; 32]);
pub(super) const PREVIOUS: Fingerprint = Fingerprint([0x11; 32]);
pub(super) const OWN: Fingerprint = Fingerprint([0xac; 32]);
pub(super) const STRANGE: Fingerprint = Fingerprint([0xee; 32]);

pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn request(mdn: MdnMode) -> RequestFacts {
    RequestFacts {
        message_id: "<1@acme.example>".to_owned(),
        our_as2_id: "ACMEVC".parse().unwrap(),
        partner_as2_id: "AMAZONEDI".parse().unwrap(),
        url: "https://as2.example/in?key=hidden".parse().unwrap(),
        encryption: Encryption::Aes128Cbc,
        key_transport: KeyTransport::RsaPkcs1,
        signing: Signing::Sha256,
        signature_scheme: SignatureScheme::RsaPkcs1,
        compression: Compression::None,
        transfer_encoding: TransferEncoding::Binary,
        content_type: "application/edi-x12".to_owned(),
        filename: Some("order 1.x12".to_owned()),
        quirks: Quirks::default(),
        encrypted_for: Some(IN_USE),
        signed_by: Some(OWN),
        http_credentials: false,
        mdn,
        receipt_digest: mdn.is_signed().then_some(Digest::Sha256),
        bytes: 4_600,
    }
}

pub(super) fn signed_by_in_use() -> ReceiptSignature {
    ReceiptSignature::Good { signer: IN_USE, accepted: Acceptance::InUse }
}

pub(super) fn mic(theirs: Option<&str>, matches: Option<bool>) -> MicComparison {
    MicComparison {
        algorithm: Some("sha-256".to_owned()),
        ours: Some("b3Vycw==".to_owned()),
        theirs: theirs.map(str::to_owned),
        matches,
    }
}

/// A receipt without fault.
pub(super) fn good_receipt() -> Receipt {
    Receipt {
        for_this_message: true,
        original_message_id: Some("<1@acme.example>".to_owned()),
        signature: signed_by_in_use(),
        disposition: Disposition::processed(),
        disposition_text: None,
        remarks: Vec::new(),
        mic: mic(Some("b3Vycw=="), Some(true)),
        mic_obstacle: None,
        forensics: None,
        human_text: None,
        product: None,
    }
}

/// A receipt that refuses, without MIC.
pub(super) fn refusal(reason: &str) -> Receipt {
    Receipt { disposition: Disposition::error(reason), mic: mic(None, None), ..good_receipt() }
}

pub(super) fn answer(status: u16, receipt: ReceiptFacts) -> AnswerFacts {
    AnswerFacts::Http(HttpAnswer {
        status,
        reason: "Reason".to_owned(),
        content_type: None,
        location: None,
        body_excerpt: String::new(),
        receipt,
    })
}

pub(super) fn with_receipt(mdn: MdnMode, receipt: Receipt) -> AttemptFacts {
    AttemptFacts { request: request(mdn), answer: answer(200, ReceiptFacts::Read(Box::new(receipt))) }
}

pub(super) fn certificate(fingerprint: Fingerprint, name: &str) -> KnownCertificate {
    KnownCertificate {
        fingerprint,
        common_name: name.to_owned(),
        not_before: Some(instant("2022-03-01T00:00:00Z")),
        not_after: Some(instant("2027-03-01T00:00:00Z")),
    }
}

/// A quiet profile: one certificate, always in use, nothing scheduled.
pub(super) fn quiet() -> Context {
    Context {
        at: instant("2026-11-24T08:30:00Z"),
        connection: "amazon-us".parse().unwrap(),
        partner: "Amazon".to_owned(),
        profile: ProfileKind::Production,
        portal: Some("Vendor Central > EDI".to_owned()),
        certificates: PartnerCertificates {
            in_use: Some(certificate(IN_USE, "amazonedi")),
            in_use_since: None,
            next: None,
            previous: None,
            acceptable: vec![certificate(IN_USE, "amazonedi")],
            former: Vec::new(),
        },
        own: Some(OwnIdentity {
            name: "acme-2026".parse().unwrap(),
            certificate: certificate(OWN, "acme"),
            used_since: None,
            before: None,
        }),
        sibling: Some(Sibling {
            profile: ProfileKind::Test,
            our_as2_id: "ACMEVC".parse().unwrap(),
            partner_as2_id: "AMAZONTEST".parse().unwrap(),
            url: "https://as2-test.example/in".parse().unwrap(),
            certificate: None,
        }),
        surroundings: Surroundings::default(),
    }
}

/// The same with a successor scheduled for 28 November.
pub(super) fn scheduled() -> Context {
    let mut context = quiet();
    context.certificates.next = Some((certificate(NEXT, "amazonedi"), instant("2026-11-28T08:00:00Z")));
    context
}

/// The same after a switch to a certificate that names somebody else.
pub(super) fn mistaken() -> Context {
    let mut context = switched_lately();
    context.certificates.in_use = Some(certificate(IN_USE, "northwind"));
    context
}

/// The same three days after a switch.
pub(super) fn switched_lately() -> Context {
    let mut context = quiet();
    context.certificates.in_use_since = Some(instant("2026-11-21T08:30:00Z"));
    context.certificates.previous = Some(certificate(PREVIOUS, "amazonedi"));
    context
}
