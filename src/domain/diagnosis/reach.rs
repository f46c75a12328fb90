//! That the knowledge base and the code that chooses from it fit each other: every entry is reached, every text is filled,
//! and every button that an entry names is offered.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::copied::{Copied, explain_copied};
use super::outcome::{
    Acceptance, AnswerFacts, AttemptFacts, ConnectFailure, EmbeddedCertificate, HttpAnswer, MicForensics, Receipt,
    ReceiptFacts, ReceiptSignature, TlsRefusal, WhatCame,
};
use super::samples::{
    self, IN_USE, NEXT, OWN, PREVIOUS, STRANGE, answer, certificate, good_receipt, instant, mic, refusal, request,
    with_receipt,
};
use super::surroundings::{ChangedSetting, ReceiverThen};
use super::undecrypted::{Holder, Recipient, Undecrypted, explain_undecrypted};
use super::{Diagnosis, Interrupted, explain, explain_interrupted, judge};
use crate::domain::algorithm::{Compression, Encryption, KeyTransport, Signing};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::{MdnMode, TransferEncoding};
use crate::domain::disposition::{Disposition, Modifier};
use crate::domain::knowledge::{self, ButtonKind};

fn signed(answer: AnswerFacts) -> AttemptFacts {
    AttemptFacts { request: request(MdnMode::SyncSigned), answer }
}

fn read(receipt: Receipt) -> AttemptFacts {
    with_receipt(MdnMode::SyncSigned, receipt)
}

fn said(disposition: Disposition) -> AttemptFacts {
    read(Receipt { disposition, ..refusal("") })
}

fn by(signer: Fingerprint) -> AttemptFacts {
    let embedded = EmbeddedCertificate { fingerprint: signer, subject: "CN=partner".to_owned(), der: Vec::new() };
    read(Receipt { signature: ReceiptSignature::UnknownSigner { embedded: Some(embedded) }, ..good_receipt() })
}

/// What may come back.
fn outcomes() -> Vec<AttemptFacts> {
    let detail = || "os error 111".to_owned();
    let mut all = vec![signed(AnswerFacts::OwnFault { detail: detail() })];
    all.extend(
        ConnectFailure::ALL.iter().map(|kind| signed(AnswerFacts::NotConnected { kind: *kind, detail: detail() })),
    );
    all.extend(TlsRefusal::ALL.iter().map(|reason| {
        signed(AnswerFacts::TlsRefused { reason: *reason, detail: detail(), chain: vec!["CN=a".to_owned()] })
    }));
    for all_bytes_sent in [true, false] {
        all.push(signed(AnswerFacts::Broken { all_bytes_sent, detail: detail() }));
        all.push(signed(AnswerFacts::Timeout { all_bytes_sent, seconds: 60 }));
        all.push(signed(AnswerFacts::Cancelled { all_bytes_sent }));
        all.push(signed(AnswerFacts::NotHttp { all_bytes_sent, detail: detail() }));
    }
    let written = knowledge::entries().flat_map(|entry| &entry.matches).filter_map(|text| text.parse().ok());
    all.extend(
        written.chain([102, 304, 418, 599]).map(|status| signed(answer(status, ReceiptFacts::Absent(WhatCame::Empty)))),
    );
    all.push(signed(AnswerFacts::Http(HttpAnswer {
        status: 400,
        reason: String::new(),
        content_type: None,
        location: None,
        body_excerpt: "Client sent an HTTP request to an HTTPS server.".to_owned(),
        receipt: ReceiptFacts::Absent(WhatCame::Text),
    })));
    for came in [WhatCame::Empty, WhatCame::Html, WhatCame::Text, WhatCame::Other("a/b".to_owned()), WhatCame::TooLarge]
    {
        all.push(signed(answer(200, ReceiptFacts::Absent(came))));
    }
    all.push(signed(answer(200, ReceiptFacts::Unreadable { detail: detail() })));
    all.push(signed(answer(500, ReceiptFacts::Read(Box::new(good_receipt())))));
    let overdue = [false, true].map(|unproved| ReceiptFacts::Overdue { minutes: 1440, unproved });
    for receipt in [ReceiptFacts::Pending].into_iter().chain(overdue) {
        all.push(AttemptFacts { request: request(MdnMode::AsyncSigned), answer: answer(200, receipt) });
    }
    all.push(AttemptFacts { request: request(MdnMode::None), answer: answer(200, ReceiptFacts::NotAsked) });
    let earlier = ReceiptSignature::Good { signer: PREVIOUS, accepted: Acceptance::OtherAcceptable };
    all.push(read(Receipt { signature: earlier, ..refusal("decryption-failed") }));
    for signature in [
        ReceiptSignature::Unsigned,
        ReceiptSignature::Unsupported { detail: detail() },
        ReceiptSignature::UnknownSigner { embedded: None },
    ] {
        all.push(with_receipt(MdnMode::Sync, Receipt { signature, ..good_receipt() }));
    }
    all.push(read(good_receipt()));
    let next = ReceiptSignature::Good { signer: NEXT, accepted: Acceptance::OtherAcceptable };
    all.push(read(Receipt { signature: next, ..good_receipt() }));
    for id in [None, Some("<2@x>".to_owned())] {
        all.push(read(Receipt { for_this_message: false, original_message_id: id, ..good_receipt() }));
    }
    for signature in [
        ReceiptSignature::Broken { detail: detail() },
        ReceiptSignature::OtherLineEnds,
        ReceiptSignature::Unsigned,
        ReceiptSignature::Unsupported { detail: detail() },
        ReceiptSignature::UnknownSigner { embedded: None },
    ] {
        all.push(read(Receipt { signature, ..good_receipt() }));
    }
    all.extend([NEXT, OWN, PREVIOUS, STRANGE].map(by));
    for forensics in [
        None,
        Some(MicForensics::Rule("x".to_owned())),
        Some(MicForensics::Undecrypted("x".to_owned())),
        Some(MicForensics::Lost("x".to_owned())),
        Some(MicForensics::NoRule("x".to_owned())),
    ] {
        all.push(read(Receipt { mic: mic(Some("AAAA"), Some(false)), forensics, ..good_receipt() }));
    }
    all.push(read(Receipt { mic: mic(None, None), ..good_receipt() }));
    let mut odd = mic(Some("AAAA"), None);
    odd.algorithm = Some("crc32".to_owned());
    all.push(read(Receipt { mic: odd, ..good_receipt() }));
    for warning in ["duplicate-document", "authentication-failed, processing continued", "x", ""] {
        let modifier = Modifier::Warning(warning.to_owned());
        let disposition = Disposition { modifier, ..Disposition::processed() };
        all.push(read(Receipt { disposition, ..good_receipt() }));
    }
    for entry in knowledge::entries() {
        for spelling in entry.matches.iter().filter(|spelling| spelling.parse::<u16>().is_err()) {
            all.push(said(Disposition::error(spelling.clone())));
            all.push(said(Disposition::failure(spelling.clone())));
        }
    }
    for value in ["", "displayed", "dispatched", "deleted", "denied", "failed", "error: something", "processed/error"] {
        all.push(said(Disposition::parse(value)));
    }
    // Signed by somebody unknown, and saying no.
    if let AttemptFacts { answer: AnswerFacts::Http(HttpAnswer { receipt: ReceiptFacts::Read(strange), .. }), .. } =
        by(STRANGE)
    {
        all.push(read(Receipt { signature: strange.signature, ..refusal("decryption-failed") }));
    }
    let told = Receipt { human_text: Some("words".to_owned()), ..refusal("unexpected-processing-error") };
    all.push(read(told));
    for words in ["Unsupported algorithm: OID 2.16.840.1.101.3.4.1.6", "Error finalising cipher"] {
        all.push(read(Receipt { human_text: Some(words.to_owned()), ..refusal("decryption-failed") }));
    }
    for words in ["This mock does not implement S/MIME", "Unable to verify the signature", "words"] {
        all.push(read(Receipt { human_text: Some(words.to_owned()), ..refusal("insufficient-message-security") }));
    }
    let seen =
        "An AS2 message with the message id 1@acme has been already processed successfully by the system or is pending";
    all.push(read(Receipt { human_text: Some(seen.to_owned()), ..refusal("unexpected-processing-error") }));
    all
}

/// Changes of what was sent that make a difference.
fn changes() -> Vec<fn(&mut AttemptFacts)> {
    vec![
        |_| {},
        |facts| facts.request.compression = Compression::BeforeSigning,
        |facts| facts.request.compression = Compression::AfterSigning,
        |facts| facts.request.signing = Signing::None,
        |facts| facts.request.signing = Signing::Sha1,
        |facts| facts.request.encryption = Encryption::None,
        |facts| facts.request.encryption = Encryption::TripleDesCbc,
        |facts| facts.request.encryption = Encryption::Aes256Gcm,
        |facts| facts.request.key_transport = KeyTransport::RsaOaepSha256,
        |facts| facts.request.transfer_encoding = TransferEncoding::Base64,
        |facts| facts.request.quirks.new_message_id_on_retry = true,
        |facts| facts.request.quirks.chunked = true,
        |facts| facts.request.quirks.canonicalise_mic = true,
        |facts| facts.request.http_credentials = true,
        |facts| facts.request.encrypted_for = None,
        |facts| facts.request.encrypted_for = Some(PREVIOUS),
        |facts| facts.request.signed_by = None,
        |facts| facts.request.message_id = "a b".to_owned(),
        |facts| facts.request.bytes = 20_000_000,
        |facts| facts.request.partner_as2_id = facts.request.our_as2_id.clone(),
        |facts| facts.request.url = "http://as2.example/in".parse().unwrap(),
        |facts| facts.request.receipt_digest = Some(crate::domain::algorithm::Digest::Sha1),
    ]
}

/// Contexts that make a difference.
fn contexts() -> Vec<Context> {
    let mut ended = samples::quiet();
    ended.at = instant("2027-04-01T00:00:00Z");
    let mut renewed = samples::quiet();
    if let Some(own) = &mut renewed.own {
        own.used_since = Some(instant("2026-11-10T00:00:00Z"));
        own.before = Some("acme-2025".parse().unwrap());
    }
    let mut known = samples::quiet();
    known.surroundings.last_delivered = Some(instant("2026-11-23T10:00:00Z"));
    let mut moved_since = known.clone();
    moved_since.surroundings.changed = vec![ChangedSetting { setting: "url".to_owned(), values: None }];
    let mut away = samples::quiet();
    away.surroundings.receiver = Some(ReceiverThen::Off);
    let mut twins = samples::quiet();
    if let Some(sibling) = &mut twins.sibling {
        sibling.certificate = Some(STRANGE);
    }
    let mut moved = samples::quiet();
    moved.surroundings.changed = vec![ChangedSetting { setting: "url".to_owned(), values: None }];
    vec![
        samples::quiet(),
        samples::scheduled(),
        samples::switched_lately(),
        samples::mistaken(),
        ended,
        renewed,
        known,
        moved_since,
        away,
        twins,
        moved,
    ]
}

/// Received messages that do not decrypt.
fn undecrypted() -> Vec<Diagnosis> {
    let own = super::OwnIdentity {
        name: "acme".parse().unwrap(),
        certificate: certificate(OWN, "Acme"),
        used_since: None,
        before: None,
    };
    let holders = [
        Some(Holder::Ours {
            identity: "acme".parse().unwrap(),
            certificate: certificate(OWN, "Acme"),
            used: Vec::new(),
        }),
        Some(Holder::Ours {
            identity: "old".parse().unwrap(),
            certificate: certificate(IN_USE, "Acme"),
            used: Vec::new(),
        }),
        Some(Holder::Partner { connection: None, sender: true, certificate: certificate(STRANGE, "x") }),
        Some(Holder::Partner { connection: None, sender: false, certificate: certificate(STRANGE, "x") }),
        Some(Holder::Unknown),
        Some(Holder::Shared),
        None,
    ];
    let mut all = Vec::new();
    for holder in holders {
        for own in [Some(own.clone()), None] {
            let recipients = holder.iter().map(|holder| Recipient { named: "4f".to_owned(), holder: holder.clone() });
            all.push(explain_undecrypted(&Undecrypted {
                at: instant("2026-11-24T12:00:00Z"),
                partner: "Amazon".to_owned(),
                own,
                recipients: recipients.collect(),
            }));
        }
    }
    all
}

#[test]
fn every_entry_is_reached_and_every_button_offered() {
    let mut reached: BTreeMap<String, BTreeSet<ButtonKind>> = BTreeMap::new();
    let mut all = undecrypted();
    let first = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
    all.push(explain_copied(&Copied { partner: "Amazon", first, message_id: "<1@x>" }));
    let request = request(MdnMode::SyncSigned);
    for (begun, copied, request) in [(true, true, Some(&request)), (false, true, None), (false, false, None)] {
        all.push(explain_interrupted(&Interrupted { partner: "Amazon", request, begun, copied, reached: None }));
    }
    for facts in outcomes() {
        for change in changes() {
            let mut facts = facts.clone();
            change(&mut facts);
            let (verdict, lights) = judge(&facts);
            all.extend(contexts().iter().map(|context| explain(&facts, &verdict, &lights, context)));
        }
    }
    for diagnosis in all {
        let entry = knowledge::entry(&diagnosis.entry).unwrap_or_else(|| panic!("no entry: {diagnosis:?}"));
        let texts = diagnosis.remedy.iter().chain([&diagnosis.cause, &diagnosis.explanation]);
        for text in texts {
            assert!(!text.is_empty() && !text.contains(['{', '}']), "{text:?} in {diagnosis:?}");
        }
        let kinds = reached.entry(entry.key.clone()).or_default();
        if let Some(action) = &diagnosis.action {
            let known = entry.buttons.iter().any(|button| button.kind == action.kind());
            assert!(known, "the entry does not know of the button in {diagnosis:?}");
            kinds.insert(action.kind());
        }
    }
    let unreached: Vec<&str> =
        knowledge::entries().map(|entry| entry.key.as_str()).filter(|key| !reached.contains_key(*key)).collect();
    assert_eq!(unreached, Vec::<&str>::new(), "entries that nothing leads to");
    for entry in knowledge::entries() {
        for button in &entry.buttons {
            assert!(reached[&entry.key].contains(&button.kind), "{} never offers {}", entry.key, button.kind);
        }
    }
}
