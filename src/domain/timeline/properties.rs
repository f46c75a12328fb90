//! What holds for a schedule after any sequence of acts at any instants, with a clock that is put forward and back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use proptest::prelude::*;

use super::ahead::is_for_both;
use super::*;
use crate::domain::certificate::CertificateFacts;
use crate::domain::fixtures;
use crate::domain::instant::{self, InstantError};
use crate::domain::renewal::{renew_for, replaced_now};

/// Half days, so that acts fall between and onto the ends of certificates.
const STEP: i64 = 43_200;
const LAST: i64 = 240;

fn at(step: i64) -> Timestamp {
    Timestamp::from_second(step * STEP).unwrap()
}

fn certificate(id: u8, from: i64, until: i64) -> CertificateFacts {
    fixtures::certificate(id, at(from), at(until))
}

/// Four certificates that overlap, follow each other, and leave gaps.
fn certificates() -> [CertificateFacts; 4] {
    [certificate(1, -100, 100), certificate(2, 40, 150), certificate(3, 90, 220), certificate(4, 160, 400)]
}

#[derive(Clone, Debug)]
enum Act {
    Import(usize, Option<i64>, Option<CertificatePurpose>),
    Reschedule(i64),
    Cancel,
    ActivateNow,
    RollBack,
}

/// Certificates brought in for both purposes, or for one of them as well.
fn act(mixed: bool) -> impl Strategy<Value = Act> {
    let both = Just(None).boxed();
    let one = prop::sample::select(CertificatePurpose::ALL).prop_map(Some).boxed();
    let purpose = if mixed { prop_oneof![1 => both, 2 => one].boxed() } else { both };
    let when = prop_oneof![1 => Just(None), 2 => (0..LAST).prop_map(Some)];
    prop_oneof![
        4 => (0..4_usize, when, purpose).prop_map(|(which, when, purpose)| Act::Import(which, when, purpose)),
        2 => (0..LAST).prop_map(Act::Reschedule),
        2 => Just(Act::Cancel),
        2 => Just(Act::ActivateNow),
        3 => Just(Act::RollBack),
    ]
}

/// Acts, each with the instant at which it is done: the clock may be put back between two.
fn history(mixed: bool) -> impl Strategy<Value = Vec<(i64, Act)>> {
    let forward = proptest::collection::vec((0..25_i64, act(mixed)), 1..12).prop_map(|acts| {
        let mut now = 0;
        acts.into_iter()
            .map(|(passed, act)| {
                now += passed;
                (now, act)
            })
            .collect::<Vec<_>>()
    });
    let jumping = proptest::collection::vec((0..LAST, act(mixed)), 1..12);
    prop_oneof![forward, jumping]
}

fn used(uses: &[CertificateUse], at: Timestamp) -> Option<Fingerprint> {
    used_now(uses, at).map(|entry| entry.fingerprint)
}

/// Every instant at which something may change, the one before each, and those between.
fn instants() -> impl Iterator<Item = Timestamp> {
    (-2..LAST + 2).flat_map(|step| {
        let on = at(step);
        [Timestamp::from_nanosecond(on.as_nanosecond() - 1).unwrap(), on]
    })
}

/// Whether a certificate serves a purpose, at whatever time.
fn has(uses: &[CertificateUse], print: &Fingerprint, purpose: CertificatePurpose) -> bool {
    uses.iter().any(|entry| entry.fingerprint == *print && entry.purposes.contains(&purpose))
}

/// The parts that encrypt, in their order.
fn encrypting(uses: &[CertificateUse]) -> Vec<(Fingerprint, Option<Timestamp>, Option<Timestamp>)> {
    uses.iter().filter(|entry| entry.encrypts()).map(|entry| (entry.fingerprint, entry.from, entry.until)).collect()
}

fn accepted_at(uses: &[CertificateUse], at: Timestamp) -> BTreeSet<[u8; 32]> {
    acceptable_now(uses, at).iter().map(|print| print.0).collect()
}

fn do_it(
    uses: &[CertificateUse],
    act: &Act,
    now: Timestamp,
    known: &[CertificateFacts],
) -> Option<(Vec<CertificateUse>, Fingerprint)> {
    let facts = |print: &Fingerprint| known.iter().find(|facts| facts.fingerprint_sha256 == *print);
    let old = used(uses, now);
    let change = match act {
        Act::Import(which, when, purpose) => {
            let new = &known[*which];
            let activation =
                when.map_or(Activation::Now, |step| Activation::At { at: at(step), zone: Some("UTC".to_owned()) });
            let old = replaced_now(uses, *purpose, now).and_then(|old| facts(&old));
            let renewal = renew_for(*purpose, uses, new, old, &activation, now).ok()?;
            let fresh = new.fingerprint_sha256;
            if purpose.is_some() {
                return Some((renewal.uses, fresh));
            }
            assert!(acceptable_now(&renewal.uses, now).contains(&fresh), "receiving widens at import");
            let dropped: Vec<Fingerprint> = acceptable_now(uses, now)
                .into_iter()
                .filter(|print| !acceptable_now(&renewal.uses, now).contains(print))
                .collect();
            // One change is to come at a time; by a clock that was put back, several may be.
            let to_come = |print: &Fingerprint| {
                uses.iter().any(|entry| entry.fingerprint == *print && entry.encrypts() && entry.from > Some(now))
            };
            assert!(dropped.iter().all(to_come), "nothing else is shut out by an import");
            return Some((renewal.uses, fresh));
        }
        Act::Reschedule(step) => reschedule(uses, &facts, at(*step), None, now),
        Act::Cancel => cancel(uses, &facts, now),
        Act::ActivateNow => activate_now(uses, &facts, now),
        Act::RollBack => roll_back(uses, &facts, now),
    };
    let change = change.ok()?;
    match act {
        Act::Cancel => {
            assert_eq!(next_activation(&change.uses, now), None, "nothing is to come any more");
            assert_eq!(used(&change.uses, now), old, "what is used now is not touched");
        }
        Act::ActivateNow => assert_eq!(used(&change.uses, now), Some(change.certificate)),
        Act::Reschedule(step) => {
            assert_eq!(used(&change.uses, at(*step)), Some(change.certificate));
            if at(*step) > now {
                assert_eq!(used(&change.uses, now), old);
            }
        }
        Act::RollBack => {
            assert_eq!(used(&change.uses, now), previous(uses, now));
            assert!(facts(&change.certificate).is_some_and(|facts| facts.not_after >= now), "an ended one was taken");
            let next = next_activation(&change.uses, now).map(|(entry, _)| entry.fingerprint);
            assert_ne!(next, Some(change.certificate), "what is used now is not to come as well");
            // There is always a way back.
            assert_eq!(previous(&change.uses, now), old);
            assert_eq!(change.other, old);
        }
        Act::Import(..) => {}
    }
    let verifies = |uses: &[CertificateUse], print: &Fingerprint| has(uses, print, CertificatePurpose::Verify);
    for facts in known {
        let print = &facts.fingerprint_sha256;
        // What was accepted for the sake of a schedule goes with it; whatever takes its place leaves what it names.
        let taken_back = is_for_both(uses, *print, now)
            && match act {
                Act::Cancel | Act::Import(..) => true,
                Act::ActivateNow | Act::Reschedule(_) => *print != change.certificate,
                Act::RollBack => false,
            };
        assert!(
            taken_back || verifies(&change.uses, print) == verifies(uses, print),
            "{act:?} altered what verifies: {uses:#?} {:#?}",
            change.uses
        );
        let encrypts = |uses: &[CertificateUse]| has(uses, print, CertificatePurpose::Encrypt);
        assert!(!encrypts(&change.uses) || encrypts(uses), "{act:?} has one encrypt that did not");
    }
    Some((change.uses, change.certificate))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Exactly one certificate is used at any instant from the first activation on, and what is used is accepted.
    #[test]
    fn one_is_used_and_a_superset_accepted_after_any_history(
        begun in any::<bool>(),
        history in history(false),
        seen in proptest::collection::vec(proptest::option::of(0..LAST), 4),
        days in 0..40_u32,
    ) {
        let known = certificates();
        let mut uses = if begun { plain_list(&[known[0].fingerprint_sha256]) } else { Vec::new() };
        for (step, act) in &history {
            let now = at(*step);
            let before = used(&uses, now);
            let Some((after, _)) = do_it(&uses, act, now, &known) else { continue };
            prop_assert!(before.is_none() || used(&after, now).is_some(), "{act:?} left nothing in use at {now}");
            // What was used until now is what was used: nothing is rewritten.
            if begun {
                for instant in instants().filter(|instant| *instant < now) {
                    prop_assert_eq!(used(&after, instant), used(&uses, instant), "{:?} rewrote {}", act, instant);
                }
            }
            uses = after;
            let first = uses.iter().filter(|entry| entry.purposes.contains(&CertificatePurpose::Encrypt)).map(|entry| entry.from).min();
            let last_seen = |print: &Fingerprint| seen[usize::from(print.0[0]) - 1].map(at);
            let retired = with_retirement(&uses, days, &last_seen);
            let told = periods(&retired);
            for instant in instants() {
                let used_then = used(&uses, instant);
                if first.is_some_and(|first| first.is_none_or(|first| first <= instant)) {
                    prop_assert!(used_then.is_some(), "nothing is used at {instant} after {act:?}");
                }
                prop_assert_eq!(used(&retired, instant), used_then, "retirement changes what is used");
                if let Some(print) = used_then {
                    prop_assert!(acceptable_now(&uses, instant).contains(&print), "{:?} is used and not accepted at {} after {:?}: {:#?}", print, instant, act, &uses);
                    prop_assert!(acceptable_now(&retired, instant).contains(&print), "retired while in use at {}", instant);
                }
                for print in acceptable_now(&retired, instant) {
                    prop_assert!(acceptable_now(&uses, instant).contains(&print), "retirement widens");
                }
                // What is shown of a schedule is what it means, each once.
                let shown = |purpose| {
                    let mut all: Vec<Fingerprint> = told.iter()
                        .filter(|period| period.purpose == purpose && period.covers(instant))
                        .map(|period| period.certificate).collect();
                    all.sort_unstable();
                    all
                };
                prop_assert_eq!(shown(CertificatePurpose::Encrypt), used_then.into_iter().collect::<Vec<_>>());
                let mut accepted = acceptable_now(&retired, instant);
                accepted.sort_unstable();
                prop_assert_eq!(shown(CertificatePurpose::Verify), accepted);
            }
        }
    }

    /// Whatever is mixed, one encrypts from the first activation on; what was brought in for one purpose keeps to it, and
    /// nothing alters a purpose of what it does not name.
    #[test]
    fn what_is_for_one_purpose_keeps_to_it(
        start in 0..4_usize,
        history in history(true),
        seen in proptest::collection::vec(proptest::option::of(0..LAST), 4),
        days in 1..40_u32,
    ) {
        let (encrypt, verify) = (CertificatePurpose::Encrypt, CertificatePurpose::Verify);
        let known = certificates();
        let prints: Vec<Fingerprint> = known.iter().map(|facts| facts.fingerprint_sha256).collect();
        let mut uses = plain_list(&prints[..start.min(2)]);
        if start == 3 {
            uses[0].purposes = vec![encrypt];
        }
        // What each was brought in for, and what verifies by itself.
        let mut meant: BTreeMap<Fingerprint, BTreeSet<&str>> = BTreeMap::new();
        for entry in &uses {
            meant.entry(entry.fingerprint).or_default().extend(entry.purposes.iter().map(|purpose| purpose.as_str()));
        }
        let mut by_itself: BTreeSet<Fingerprint> =
            prints.iter().filter(|print| has(&uses, print, verify)).copied().collect();
        for (step, act) in &history {
            let now = at(*step);
            let Some((after, _)) = do_it(&uses, act, now, &known) else { continue };
            if let Act::Import(which, _, purpose) = act {
                let fresh = prints[*which];
                let purposes = purpose.as_ref().map_or(CertificatePurpose::ALL, std::slice::from_ref);
                meant.entry(fresh).or_default().extend(purposes.iter().map(|purpose| purpose.as_str()));
                match purpose {
                    Some(CertificatePurpose::Encrypt) => for instant in instants() {
                        prop_assert_eq!(accepted_at(&after, instant), accepted_at(&uses, instant), "{:?}", act);
                    },
                    Some(CertificatePurpose::Verify) => {
                        prop_assert_eq!(encrypting(&after), encrypting(&uses), "{:?}", act);
                        // What one entry says for both is one decision still.
                        let whole = |entry: &CertificateUse| entry.fingerprint == fresh && entry.encrypts() && entry.verifies();
                        if !uses.iter().any(whole) {
                            by_itself.insert(fresh);
                        }
                    }
                    None => {}
                }
                let last_seen = |print: &Fingerprint| seen[usize::from(print.0[0]) - 1].map(at);
                if *purpose != Some(encrypt) {
                    prop_assert!(accepted(&after, days, &last_seen, now).contains(&fresh), "{act:?}: {after:#?}");
                }
                for print in prints.iter().filter(|print| **print != fresh) {
                    let gone = purpose.is_none() && is_for_both(&uses, *print, now);
                    prop_assert!(gone || has(&after, print, verify) == has(&uses, print, verify), "{:?}", act);
                    prop_assert!(!has(&after, print, encrypt) || has(&uses, print, encrypt), "{:?}", act);
                }
            }
            uses = after;
            for print in &prints {
                for purpose in CertificatePurpose::ALL {
                    let meant = meant.get(print).is_some_and(|meant| meant.contains(purpose.as_str()));
                    prop_assert!(meant || !has(&uses, print, *purpose), "{act:?} gave {print:?} {purpose}: {uses:#?}");
                }
                prop_assert!(!by_itself.contains(print) || has(&uses, print, verify), "{act:?} took it from {print:?}: {uses:#?}");
            }
            let first = uses.iter().filter(|entry| entry.encrypts()).map(|entry| entry.from).min();
            for instant in instants() {
                if first.is_some_and(|first| first.is_none_or(|first| first <= instant)) {
                    prop_assert!(used(&uses, instant).is_some(), "nothing is used at {instant} after {act:?}");
                }
            }
        }
    }

    /// Rolling back twice ends where it began, as long as both are valid.
    #[test]
    fn rolling_back_can_be_rolled_back(first in 0..40_i64, second in 0..40_i64, third in 0..20_i64) {
        let known = certificates();
        let facts = |print: &Fingerprint| known.iter().find(|facts| facts.fingerprint_sha256 == *print);
        let uses = plain_list(&[known[0].fingerprint_sha256]);
        let begun = at(40 + first);
        let uses = renew(&uses, &known[1], Some(&known[0]), &Activation::Now, begun).unwrap().uses;
        let now = at(40 + first.min(39) + second.min(19));
        let back = roll_back(&uses, &facts, now).unwrap();
        prop_assert_eq!(used(&back.uses, now), Some(known[0].fingerprint_sha256));
        let later = at(40 + first + second.min(19) + third);
        let again = roll_back(&back.uses, &facts, later).unwrap();
        prop_assert_eq!(used(&again.uses, later), Some(known[1].fingerprint_sha256));
    }

    /// What happened between two instants is told once, however the time between is cut into pieces.
    #[test]
    fn past_activations_are_told_once(history in history(false), mut cuts in proptest::collection::vec(0..LAST, 0..6)) {
        let known = certificates();
        let mut uses = plain_list(&[known[0].fingerprint_sha256]);
        for (step, act) in &history {
            if let Some((after, _)) = do_it(&uses, act, at(*step), &known) {
                uses = after;
            }
        }
        cuts.extend([-1, LAST]);
        cuts.sort_unstable();
        let pieces: Vec<PastActivation> =
            cuts.windows(2).flat_map(|cut| activations_between(&uses, at(cut[0]), at(cut[1]))).collect();
        prop_assert_eq!(&pieces, &activations_between(&uses, at(-1), at(LAST)));
        for past in &pieces {
            prop_assert_eq!(used(&uses, past.at), Some(past.certificate));
        }
    }

    /// A local time is taken where it exists once, and refused in words where it does not exist or exists twice.
    #[test]
    fn local_times_at_the_edges_of_daylight_saving(
        zone in prop::sample::select(vec![
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo",
            "Pacific/Apia", "Asia/Kathmandu", "UTC", "America/Santiago", "Antarctica/Troll",
        ]),
        year in 2011..2040_i16, days in 0..366_i64, minutes in 0..1440_i64, near in any::<bool>(), off in -90..90_i64,
    ) {
        let tz = TimeZone::get(zone).unwrap();
        let mut local: DateTime = jiff::civil::date(year, 1, 1).at(0, 0, 0, 0)
            + jiff::Span::new().days(days).minutes(minutes);
        if near && let Some(change) = tz.following(tz.to_timestamp(local).unwrap()).next() {
            // Round the next change of the clock.
            local = tz.to_datetime(change.timestamp()) + jiff::Span::new().minutes(off);
            local = local.date().at(local.hour(), local.minute(), 0, 0);
        }
        let written = format!("{local}[{zone}]");
        let read = instant::parse(&written);
        match tz.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                let stated = read.unwrap();
                prop_assert_eq!(stated.at, offset.to_timestamp(local).unwrap());
                let again = instant::parse(&instant::written(stated.at, stated.zone.as_deref())).unwrap();
                prop_assert_eq!(again, stated, "{}", written);
            }
            AmbiguousOffset::Gap { .. } => {
                prop_assert!(matches!(read, Err(InstantError::DoesNotExist { .. })), "{} {:?}", written, read);
            }
            AmbiguousOffset::Fold { before, after } => {
                let Err(InstantError::ExistsTwice { first, second, .. }) = read else {
                    return Err(TestCaseError::fail(format!("{written} was taken")));
                };
                // Written with the offset that the error proposes it is taken, and means what it says.
                for (text, offset) in [(first, before), (second, after)] {
                    let stated = instant::parse(&format!("{text}[{zone}]")).unwrap();
                    prop_assert_eq!(stated.at, offset.to_timestamp(local).unwrap());
                    let again = instant::parse(&instant::written(stated.at, Some(zone))).unwrap();
                    prop_assert_eq!(again.at, stated.at);
                }
            }
        }
    }
}
