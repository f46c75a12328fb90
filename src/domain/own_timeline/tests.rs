//! What signs when, whatever is done to the list.

use proptest::prelude::*;

use super::*;
use crate::domain::certificate::{Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts};

fn day(number: i64) -> Timestamp {
    Timestamp::from_second(number * 86_400).unwrap()
}

fn name(text: &str) -> IdentityName {
    text.parse().unwrap()
}

fn facts(from: i64, until: i64) -> CertificateFacts {
    CertificateFacts {
        subject: "CN=us".to_owned(),
        issuer: "CN=us".to_owned(),
        serial: "01".to_owned(),
        fingerprint_sha256: Fingerprint([1; 32]),
        fingerprint_sha1: String::new(),
        spki_sha256: String::new(),
        not_before: day(from),
        not_after: day(until),
        key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
        signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
        self_signed: true,
        ca: false,
        key_usage: Vec::new(),
    }
}

fn at(number: i64) -> Activation {
    Activation::At { at: day(number), zone: Some("Europe/Berlin".to_owned()) }
}

#[test]
fn signing_flips_at_the_instant_and_can_be_put_off_given_up_and_taken_back() {
    let (old, new) = (name("acme-2026"), name("acme-2028"));
    let plain = OwnTimeline::plain(old.clone());
    let planned = plain.change_over(&new, &facts(0, 400), &at(90), day(80)).unwrap();
    assert_eq!(planned.at(day(0)), &old);
    assert_eq!(planned.at(Timestamp::from_second(90 * 86_400 - 1).unwrap()), &old);
    assert_eq!(planned.at(day(90)), &new);
    assert_eq!(planned.next(day(80)).map(|(entry, at)| (&entry.name, at)), Some((&new, day(90))));
    assert!(planned.needs(&new, day(80)) && planned.needs(&old, day(80)));
    let later = planned.change_over(&new, &facts(0, 400), &at(95), day(81)).unwrap();
    assert_eq!((later.at(day(94)), later.at(day(95))), (&old, &new));
    assert_eq!(later.uses().len(), 2);
    assert_eq!(later.cancel(day(82)).unwrap(), plain);
    assert_eq!(plain.cancel(day(82)), Err(OwnChangeError::NothingScheduled));
    let active = later.change_over(&new, &facts(0, 400), &Activation::Now, day(83)).unwrap();
    assert_eq!((active.at(day(82)), active.at(day(83))), (&old, &new));
    let back = active.roll_back(|_| Some(facts(0, 400)), day(84)).unwrap();
    assert_eq!((back.at(day(82)), back.at(day(83)), back.at(day(84))), (&old, &new, &old));
    assert!(!back.needs(&new, day(85)) && !back.without(&new, day(85)).names(&new));
    assert!(matches!(plain.roll_back(|_| None, day(1)), Err(OwnChangeError::NoneBefore { .. })));
    assert!(matches!(active.roll_back(|_| Some(facts(0, 83)), day(84)), Err(OwnChangeError::Ended { .. })));
}

#[test]
fn an_instant_outside_the_possible_is_refused() {
    let plain = OwnTimeline::plain(name("a"));
    let attempt = |when| plain.change_over(&name("b"), &facts(50, 200), &at(when), day(40));
    use ActivationError::{AfterEnd, BeforeBegin, Past};
    assert!(matches!(attempt(39), Err(OwnChangeError::Activation(Past { .. }))));
    assert!(matches!(attempt(45), Err(OwnChangeError::Activation(BeforeBegin { .. }))));
    assert!(matches!(attempt(201), Err(OwnChangeError::Activation(AfterEnd { .. }))));
    let now = plain.change_over(&name("a"), &facts(0, 200), &Activation::Now, day(40));
    assert!(matches!(now, Err(OwnChangeError::SignsAlready { .. })));
}

#[test]
fn the_plain_form_stays_plain_and_the_other_is_read_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        identity: OwnTimeline,
    }
    let plain: File = toml::from_str("identity = \"acme-2026\"\n").unwrap();
    assert_eq!(toml::to_string(&plain).unwrap(), "identity = \"acme-2026\"\n");
    let text = "identity = [{ name = \"b\", from = \"2027-03-01T09:00[Europe/Berlin]\" }, { name = \"a\" }]\n";
    let listed: File = toml::from_str(text).unwrap();
    assert_eq!(listed.identity.uses()[1].zone.as_deref(), Some("Europe/Berlin"));
    let again: File = toml::from_str(&toml::to_string(&listed).unwrap()).unwrap();
    assert_eq!(again, listed);
    let json = serde_json::to_string(&listed).unwrap();
    assert_eq!(serde_json::from_str::<File>(&json).unwrap(), listed);
    for (bad, words) in [
        ("identity = []", "names no identity"),
        ("identity = [{ name = \"a\" }, { name = \"b\" }]", "same instant"),
        ("identity = [{ name = \"a\", when = \"x\" }]", "when"),
        ("identity = [{ name = \"a\", from = \"2027-03-01T09:00\" }]", "time zone"),
        ("identity = 1", "name of an identity"),
    ] {
        let error = toml::from_str::<File>(bad).unwrap_err().to_string();
        assert!(error.contains(words), "{bad}: {error}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Change(u8, Option<u16>),
    Cancel,
    Back,
}

fn step() -> impl Strategy<Value = (u16, Step)> {
    let what = prop_oneof![
        (0_u8..4, prop::option::of(0_u16..300)).prop_map(|(which, ahead)| Step::Change(which, ahead)),
        Just(Step::Cancel),
        Just(Step::Back),
    ];
    (0_u16..50, what)
}

/// Any list that a connection file may have: also one whose first begins only in the future.
fn start() -> impl Strategy<Value = OwnTimeline> {
    let entry = (0_u8..4, prop::option::weighted(0.8, 0_i64..200));
    prop::collection::vec(entry, 1..5).prop_filter_map("two together", |entries| {
        let uses = entries
            .into_iter()
            .map(|(which, from)| IdentityUse {
                name: name(["a", "b", "c", "d"][usize::from(which)]),
                from: from.map(day),
                zone: None,
            })
            .collect();
        OwnTimeline::new(uses).ok()
    })
}

#[test]
fn a_change_before_the_first_has_begun_comes_after_it_and_leaves_the_past_alone() {
    let uses = vec![IdentityUse { name: name("a"), from: Some(day(100)), zone: None }];
    let timeline = OwnTimeline::new(uses).unwrap();
    let planned = timeline.change_over(&name("b"), &facts(0, 400), &at(50), day(40)).unwrap();
    assert_eq!((planned.at(day(49)), planned.at(day(50))), (&name("a"), &name("b")));
    assert_eq!(planned.at(day(150)), &name("b"), "a profile has one change to come at a time");
}

#[test]
fn a_change_at_the_instant_of_the_first_leaves_the_past_to_it() {
    let uses = vec![IdentityUse { name: name("a"), from: Some(day(9)), zone: None }];
    let changed = OwnTimeline::new(uses).unwrap().change_over(&name("b"), &facts(0, 400), &at(9), day(9)).unwrap();
    assert_eq!((changed.at(day(8)), changed.at(day(9))), (&name("a"), &name("b")));
}

proptest! {
    /// Whatever is done, what signed in the past stays as it was, one change is to come at most, and what a step
    /// says holds at its instant.
    #[test]
    fn the_past_never_changes_and_the_future_holds_one_change(
        start in start(),
        steps in prop::collection::vec(step(), 0..30),
    ) {
        let names: Vec<IdentityName> = ["a", "b", "c", "d"].into_iter().map(name).collect();
        let wide = facts(-1000, 100_000);
        let mut timeline = start;
        // As it was written by hand, it may hold several changes to come until the first of ours.
        let mut by_hand = true;
        let mut now = 1_i64;
        for (pause, step) in steps {
            now += i64::from(pause);
            let before = timeline.clone();
            let result = match &step {
                Step::Change(which, ahead) => {
                    let activation = ahead.map_or(Activation::Now, |ahead| at(now + i64::from(ahead)));
                    timeline.change_over(&names[usize::from(*which)], &wide, &activation, day(now))
                }
                Step::Cancel => timeline.cancel(day(now)),
                Step::Back => timeline.roll_back(|_| Some(wide.clone()), day(now)),
            };
            if let Ok(after) = result {
                timeline = after;
                by_hand = false;
            }
            for past in 0..now {
                prop_assert_eq!(timeline.at(day(past)), before.at(day(past)), "{} at {}", past, now);
            }
            let to_come = timeline.uses().iter().filter(|entry| entry.from.is_some_and(|from| from > day(now)));
            prop_assert!(by_hand || to_come.count() <= 1);
            prop_assert!(timeline.uses().windows(2).all(|pair| pair[0].from < pair[1].from));
            let written = serde_json::to_string(&timeline).unwrap();
            prop_assert_eq!(&serde_json::from_str::<OwnTimeline>(&written).unwrap(), &timeline);
        }
    }
}
