//! Every entry of the knowledge base, provoked for real: a partner, a server or a network that does what the entry is for.
//! What cannot be provoked on one machine is named with the reason.

mod answers;
mod command;
mod receipts;
mod road;
mod servers;

use std::collections::BTreeSet;

use countersign::domain::diagnosis::Blame;
use countersign::domain::knowledge;
use countersign::domain::transmission::{Transmission, Verdict};

/// What a provoked outcome must come to: its entry, the verdict, whose side, and words of what to do.
pub(crate) type Expected = (&'static str, Verdict, Blame, &'static str);

/// Entries that are provoked for real by a test elsewhere.
const ELSEWHERE: &[(&str, &str)] = &[
    ("receipt-overdue", "a_receipt_that_does_not_come_is_the_partners_where_a_receiver_ran_and_ours_where_none_did"),
    (
        "receipt-overdue-not-receiving",
        "a_receipt_that_does_not_come_is_the_partners_where_a_receiver_ran_and_ours_where_none_did",
    ),
    ("receipt-overdue-unproved", "what_a_receipt_says_that_proves_nothing_outlives_the_deadline"),
    ("interrupted-sending", "a_sender_that_was_killed_says_where_it_was_interrupted_and_what_to_do"),
    ("interrupted", "what_a_killed_program_left_open_says_what_to_do_and_where_it_was_interrupted"),
    ("interrupted-not-copied", "what_a_killed_program_left_open_says_what_to_do_and_where_it_was_interrupted"),
    ("received-as-a-copy", "what_was_recorded_on_its_way_and_comes_under_another_message_id_is_not_delivered_again"),
];

/// Entries that cannot be provoked on one machine, and why not. That code leads to each of them, and that its texts are
/// whole, is held by `every_entry_is_reached_and_every_button_offered`.
const NOT_HERE: &[(&str, &str)] = &[
    ("connect-resolve-later", "the system's name server would have to fail"),
    ("tls-revoked", "revocation is not checked on Linux, so no server certificate is ever refused for it there"),
    ("decryption-failed-switched-meanwhile", "the switch has to fall between building a message and its answer"),
    ("signer-ourselves", "no command gives our private key away, so no partner can sign with it"),
    ("delivered-signature-unchecked", "no library at hand signs in a way that is not supported here"),
    ("receipt-signature-unsupported", "no library at hand signs in a way that is not supported here"),
    ("invalid-message-id", "no Message-ID is made here that could be refused with reason"),
    ("received-for-another-key", "two certificates of ours with the same name and number have to be made by hand"),
    ("received-for-a-password", "no library at hand encrypts with a password"),
    ("received-for-nobody", "no library at hand makes a message that names no recipient"),
];

/// Holds what came of one.
#[track_caller]
pub(crate) fn holds(sent: &Transmission, expected: Expected) {
    let (key, verdict, side, remedy) = expected;
    let diagnosis = sent.diagnosis.as_ref().unwrap();
    let told = format!("{key}: {sent:#?}");
    assert_eq!((diagnosis.entry.as_str(), sent.verdict), (key, verdict), "{told}");
    let entry = knowledge::entry(key).unwrap();
    assert_eq!((diagnosis.cause.as_str(), diagnosis.blame), (entry.cause.as_str(), side), "{told}");
    assert!(remedy.is_empty() || diagnosis.remedy.iter().any(|step| step.contains(remedy)), "{told}");
    for text in diagnosis.remedy.iter().chain(&diagnosis.evidence).chain([&diagnosis.explanation]) {
        assert!(!text.is_empty() && !text.contains('{'), "{told}");
    }
}

#[test]
fn every_entry_is_provoked_or_it_is_said_why_not() {
    let mut known = BTreeSet::new();
    let provoked = [answers::KEYS, receipts::KEYS, road::KEYS, servers::KEYS].concat();
    let others = ELSEWHERE.iter().chain(NOT_HERE).map(|(key, _)| *key);
    for key in provoked.into_iter().chain(others) {
        assert!(known.insert(key), "{key} stands there twice");
        assert!(knowledge::entry(key).is_some(), "there is no entry {key}");
    }
    let missing: Vec<&str> =
        knowledge::entries().map(|entry| entry.key.as_str()).filter(|key| !known.contains(key)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "entries that nobody provokes");
    assert!(NOT_HERE.iter().all(|(_, why)| !why.is_empty()));
    let elsewhere = [
        include_str!("../asynchronous.rs"),
        include_str!("../delivered_once.rs"),
        include_str!("../killed.rs"),
        include_str!("../../../src/app/send/in_flight.rs"),
    ];
    let is_there = |test: &str| elsewhere.iter().any(|file| file.contains(&format!("fn {test}()")));
    assert!(ELSEWHERE.iter().all(|(_, test)| is_there(test)));
}
