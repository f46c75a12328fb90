//! What holds for whatever is kept, under any rules.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::transmission::{Lights, TransmissionId};

const DAY: i64 = 86_400;
/// The day that is today.
const TODAY: i64 = 20_000;

fn now() -> Timestamp {
    Timestamp::from_second(TODAY * DAY).unwrap()
}

fn rule() -> impl Strategy<Value = RetentionRule> {
    let days = prop::option::of(prop_oneof![1..200_u32, 300..4000_u32]);
    (days, prop::option::of(0..4000_u64)).prop_map(|(days, bytes)| RetentionRule { days, bytes })
}

fn rules() -> impl Strategy<Value = RetentionRules> {
    (rule(), rule(), rule(), rule()).prop_map(|(payloads, raw, receipts, journal)| RetentionRules {
        payloads,
        raw,
        receipts,
        journal,
    })
}

/// What is kept, the oldest first.
fn holdings() -> impl Strategy<Value = Vec<Holding>> {
    let bytes = || prop::option::weighted(0.8, prop_oneof![Just(0_u64), 1..500_u64]);
    let held = prop::option::weighted(0.2, prop::sample::select(Held::ALL));
    let one = (0..1500_i64, bytes(), bytes(), bytes(), 1..200_u64, held, prop::bool::weighted(0.1));
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let mut all: Vec<Holding> = all
            .into_iter()
            .map(|(days, payload, raw, receipt, journal, held, is_last)| Holding {
                at: Timestamp::from_second((TODAY - days) * DAY - 1).unwrap(),
                bytes: [payload, raw, receipt, Some(journal)],
                held,
                is_last,
            })
            .collect();
        all.sort_by_key(|holding| holding.at);
        all
    })
}

fn there(all: &[Holding]) -> [u64; 4] {
    std::array::from_fn(|kind| all.iter().filter_map(|holding| holding.bytes[kind]).sum())
}

fn plan(rules: RetentionRules, all: &[Holding]) -> Vec<Judgement> {
    let mut planner = Planner::new(rules, now(), there(all));
    all.iter().map(|holding| planner.judge(holding)).collect()
}

fn days_old(holding: &Holding) -> i64 {
    (now().as_second() - holding.at.as_second()) / DAY
}

proptest! {
    #[test]
    fn nothing_goes_that_is_held_or_too_young(rules in rules(), all in holdings()) {
        for (holding, judged) in all.iter().zip(plan(rules, &all)) {
            prop_assert!(holding.held.is_none() || !judged.is_any());
            for kind in judged.kinds() {
                prop_assert!(days_old(holding) >= i64::from(kind.minimum_days()));
                prop_assert!(holding.of(kind).is_some(), "only what is there goes");
                prop_assert!(rules.of(kind).is_active(), "nothing goes without a rule");
            }
        }
    }

    #[test]
    fn whatever_is_over_its_age_goes_and_nothing_that_no_limit_asks_for(rules in rules(), all in holdings()) {
        for (holding, judged) in all.iter().zip(plan(rules, &all)) {
            for kind in RetentionKind::FILES {
                let rule = rules.of(kind);
                let over = rule.days.is_some_and(|days| days_old(holding) >= i64::from(days.max(kind.minimum_days())));
                let goes = judged.goes[kind.index()];
                if over && holding.held.is_none() && holding.of(kind).is_some() {
                    prop_assert!(goes);
                }
                if goes && !over {
                    prop_assert!(rule.bytes.is_some());
                }
            }
        }
    }

    #[test]
    fn by_size_the_oldest_go_and_no_more_than_has_to(rules in rules(), all in holdings()) {
        let judged = plan(rules, &all);
        for kind in RetentionKind::FILES {
            let RetentionRule { days, bytes: Some(limit) } = rules.of(kind) else { continue };
            let mut left = there(&all)[kind.index()];
            for (holding, judged) in all.iter().zip(&judged) {
                let Some(bytes) = holding.of(kind) else { continue };
                let by_age = days.is_some_and(|days| days_old(holding) >= i64::from(days.max(kind.minimum_days())));
                if judged.goes[kind.index()] {
                    prop_assert!(by_age || left > limit, "it would have fitted");
                    left -= bytes;
                } else {
                    let must_stay = holding.held.is_some() || days_old(holding) < i64::from(kind.minimum_days());
                    prop_assert!(must_stay || left <= limit, "an older one stays where a younger one goes");
                }
            }
        }
    }

    #[test]
    fn an_entry_goes_last_and_the_last_of_a_profile_never(rules in rules(), all in holdings()) {
        for (holding, judged) in all.iter().zip(plan(rules, &all)) {
            if judged.goes[RetentionKind::Journal.index()] {
                prop_assert!(!holding.is_last);
                for kind in RetentionKind::FILES {
                    prop_assert!(holding.of(kind).is_none() || judged.goes[kind.index()]);
                }
            }
            prop_assert!(!(judged.entry_waits && judged.goes[RetentionKind::Journal.index()]));
        }
    }

    #[test]
    fn once_it_is_done_nothing_goes_of_what_comes_later(rules in rules(), all in holdings()) {
        let mut planner = Planner::new(rules, now(), there(&all));
        let mut done = false;
        for holding in &all {
            done |= planner.is_done(holding.at);
            prop_assert!(!(done && planner.judge(holding).is_any()));
        }
    }

    #[test]
    fn what_stays_stays_when_it_is_looked_at_again(rules in rules(), all in holdings()) {
        let judged = plan(rules, &all);
        let left: Vec<Holding> = all
            .iter()
            .zip(&judged)
            .map(|(holding, judged)| {
                let bytes = std::array::from_fn(|kind| holding.bytes[kind].filter(|_| !judged.goes[kind]));
                Holding { bytes, ..*holding }
            })
            .collect();
        prop_assert!(plan(rules, &left).iter().all(|judged| !judged.is_any()));
    }

    #[test]
    fn by_default_everything_is_kept(all in holdings()) {
        prop_assert!(plan(RetentionRules::default(), &all).iter().all(|judged| !judged.is_any()));
    }

    #[test]
    fn ages_and_sizes_are_read_as_they_are_written(days in 0..100_000_u32, bytes in 0..1_u64 << 50) {
        prop_assert_eq!(age(&age_in_words(Some(days))), Ok(Some(days)));
        prop_assert_eq!(amount(&amount_in_words(Some(bytes))), Ok(Some(bytes)));
        prop_assert_eq!(amount(&amount_in_words(Some(bytes << 10))), Ok(Some(bytes << 10)));
    }
}

fn sent(verdict: Verdict) -> Transmission {
    let mut sent = Transmission::new(TransmissionId::nil(), "<1@acme>".to_owned(), now(), Direction::Outbound);
    sent.verdict = verdict;
    sent.lights = Lights {
        http: Light::Good,
        receipt: Light::Good,
        receipt_signature: Light::Good,
        disposition: Light::Good,
        mic: Light::Good,
    };
    sent
}

#[test]
fn what_is_pending_or_disputed_is_held() {
    for (verdict, held) in [
        (Verdict::Queued, Some(Held::Pending)),
        (Verdict::Sending, Some(Held::Pending)),
        (Verdict::Pending, Some(Held::Pending)),
        (Verdict::Uncertain, Some(Held::Uncertain)),
        (Verdict::Delivered, None),
        (Verdict::Failed, None),
        (Verdict::Cancelled, None),
        (Verdict::Received, None),
        (Verdict::Refused, None),
    ] {
        assert_eq!(Held::by_journal(&sent(verdict)), held, "{verdict}");
    }
    let mut differs = sent(Verdict::Failed);
    differs.mic.matches = Some(false);
    let mut forged = sent(Verdict::Failed);
    forged.lights.receipt_signature = Light::Bad;
    let mut other = sent(Verdict::Failed);
    other.lights.receipt = Light::Bad;
    let mut retried = sent(Verdict::Failed);
    retried.next_attempt = Some(now());
    for (transmission, held) in
        [(differs, Held::Disputed), (forged, Held::Disputed), (other, Held::Disputed), (retried, Held::Pending)]
    {
        assert_eq!(Held::by_journal(&transmission), Some(held));
    }
}

#[test]
fn what_somebody_decides_ends_a_dispute_and_nothing_else() {
    let settled = Some(RetentionMark::Settled);
    assert_eq!(Held::of(Some(Held::Disputed), false, settled), None);
    assert_eq!(Held::of(Some(Held::Uncertain), false, settled), None);
    assert_eq!(Held::of(Some(Held::Pending), false, settled), Some(Held::Pending));
    assert_eq!(Held::of(None, true, settled), Some(Held::Pending));
    assert_eq!(Held::of(None, false, Some(RetentionMark::Keep)), Some(Held::Kept));
    assert_eq!(Held::of(Some(Held::Disputed), false, None), Some(Held::Disputed));
}

#[test]
fn files_belong_to_kinds_by_what_they_are() {
    let synchronous = sent(Verdict::Delivered);
    let mut asynchronous = sent(Verdict::Delivered);
    asynchronous.receipt_headers = vec![("AS2-From".to_owned(), "P".to_owned())];
    let mut unanswered = sent(Verdict::Failed);
    unanswered.lights.receipt = Light::Missing;
    let received = Transmission { direction: Direction::Inbound, ..unanswered.clone() };
    for (file, of, kind) in [
        ("payload", &synchronous, Some(RetentionKind::Payload)),
        ("request.body", &synchronous, Some(RetentionKind::Raw)),
        ("request.body.json", &synchronous, Some(RetentionKind::Raw)),
        ("server.2.pem", &synchronous, Some(RetentionKind::Raw)),
        ("response.2.body", &synchronous, Some(RetentionKind::Receipt)),
        ("response.body", &asynchronous, Some(RetentionKind::Raw)),
        ("receipt.3.head", &asynchronous, Some(RetentionKind::Receipt)),
        ("response.body", &unanswered, Some(RetentionKind::Raw)),
        ("response.body", &received, Some(RetentionKind::Receipt)),
        ("in-flight", &synchronous, None),
        ("payloads", &synchronous, None),
    ] {
        assert_eq!(kind_of(file, of), kind, "{file}");
    }
}

#[test]
fn ages_and_sizes_in_every_spelling() {
    assert_eq!(age("7y"), Ok(Some(7 * 366)));
    assert_eq!(age(" 90 Days "), Ok(Some(90)));
    assert_eq!(age("12w"), Ok(Some(84)));
    assert_eq!(age("forever"), Ok(None));
    assert_eq!(amount("50GiB"), Ok(Some(50 << 30)));
    assert_eq!(amount("1.5 GB"), Ok(Some(1_500_000_000)));
    assert_eq!(amount("10 bytes"), Ok(Some(10)));
    assert_eq!(amount("10B"), Ok(Some(10)));
    assert_eq!(amount("unlimited"), Ok(None));
    for bad in ["", "d", "7", "-1d", "1.5y", "9999999999d", "7m", "99999999y"] {
        assert!(age(bad).is_err(), "{bad}");
    }
    for bad in ["", "GB", "50XB", "1.x GB", "99999999999 TB", "-5GB", "1..5GB"] {
        assert!(amount(bad).is_err(), "{bad}");
    }
    assert_eq!(age_in_words(Some(2562)), "7 years");
    assert_eq!(age_in_words(Some(366)), "1 year");
    assert_eq!(amount_in_words(Some(50 << 30)), "50 GiB");
    assert_eq!(amount_in_words(Some(200_000_000_000)), "200 GB");
}

#[test]
fn nothing_may_go_before_its_minimum() {
    let mut rules =
        RetentionRules { journal: RetentionRule { days: Some(89), bytes: None }, ..RetentionRules::default() };
    let refused = rules.check().unwrap_err().to_string();
    assert_eq!(refused, "Journal entries cannot be removed after 89 days: they are kept for 90 days at least");
    rules.journal.days = Some(90);
    assert_eq!(rules.check(), Ok(()));
    rules.payloads.days = Some(0);
    assert!(rules.check().is_err());
}

#[test]
fn what_has_gone_is_said_with_its_day() {
    let at = "2026-05-03T23:59:00Z".parse().unwrap();
    assert_eq!(removed_on(at), "Removed by retention on 3 May 2026");
    assert_eq!(removed(at), "removed by retention on 3 May 2026");
}
