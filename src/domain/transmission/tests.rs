use super::*;
use crate::domain::sent::SentAs;

fn attempt(number: u32, verdict: Verdict) -> Attempt {
    Attempt { number, started: Timestamp::UNIX_EPOCH, verdict, http_status: None, detail: String::new() }
}

fn build(attempt: u32) -> SentBuild {
    let profile = "our_as2_id = \"US\"\npartner_as2_id = \"P\"\nurl = \"http://127.0.0.1/\"\nidentity = \"us\"\n";
    let sent = SentAs { profile: toml::from_str(profile).unwrap(), encrypted_for: None, signed_by: None };
    SentBuild { attempt, sent, headers: Vec::new(), mic: None, bytes: 1 }
}

#[test]
fn every_attempt_sends_what_was_built_last_before_it() {
    let mut sent = Transmission::new(Uuid::nil(), "<1@a>".to_owned(), Timestamp::UNIX_EPOCH, Direction::Outbound);
    assert_eq!((sent.body_of(1), sent.body_of(4), sent.last_attempt()), (1, 1, 1));
    sent.builds = vec![build(1), build(3)];
    sent.attempts = vec![attempt(1, Verdict::Failed), attempt(2, Verdict::Failed)];
    assert_eq!([1, 2, 3, 4].map(|number| sent.body_of(number)), [1, 1, 3, 3]);
    assert_eq!(sent.last_attempt(), 3, "it is under way");
}

#[test]
fn the_answer_that_counts_is_the_one_that_said_yes() {
    let mut sent = Transmission::new(Uuid::nil(), "<1@a>".to_owned(), Timestamp::UNIX_EPOCH, Direction::Outbound);
    sent.attempts = vec![attempt(1, Verdict::Delivered), attempt(2, Verdict::Failed)];
    sent.verdict = Verdict::Delivered;
    assert_eq!(sent.answered_attempt(), 1);
    sent.verdict = Verdict::Failed;
    assert_eq!(sent.answered_attempt(), 2);
}
