//! Certificates that follow each other: due is what comes to an end, not what is replaced in time.

use proptest::prelude::*;

use super::*;
use crate::domain::due;
use crate::domain::own_timeline::{IdentityUse, OwnTimeline};
use crate::domain::timeline::{CertificatePurpose, CertificateUse};

/// The partner's certificate 1, which ends on 15 December, followed by others at these instants.
fn followed(by: &[(u8, &str)]) -> Connection {
    let mut connection = connection("mine", "", &[1]);
    let uses = &mut connection.production.as_mut().unwrap().partner_certificates;
    uses.extend(by.iter().map(|(id, from)| CertificateUse {
        fingerprint: Fingerprint([*id; 32]),
        purposes: CertificatePurpose::ALL.to_vec(),
        from: Some(at(from)),
        until: None,
        zone: None,
    }));
    connection
}

/// A workspace with certificates 6, which ends on 8 December, and 7, which ends on 20 December.
fn world() -> World {
    let mut world = World::new().with_rules("");
    for (id, until) in [(6, "2026-12-08T12:00:00Z"), (7, "2026-12-20T12:00:00Z")] {
        let facts = facts(id, "2026-11-20", until, Digest::Sha256, KeyAlgorithm::Rsa, 2048);
        world.certificates.insert(facts.fingerprint_sha256, facts);
    }
    world
}

fn validity(report: &ConnectionReport, setting: &str) -> (Status, Option<Timestamp>, String, String) {
    let finding = find(report, setting, Some("validity"));
    (finding.status, finding.bites, finding.actual.clone(), finding.reason.clone())
}

#[test]
fn a_successor_that_ends_sooner_is_due_at_its_own_end() {
    let report = world().judge(&followed(&[(6, "2026-12-05T09:00:00Z")]), at("2026-11-26"));
    let (status, bites, actual, reason) = validity(&report, "partner_certificate");
    assert_eq!((status, bites), (Status::Due, Some(at("2026-12-08T12:00:00Z"))));
    assert_eq!(actual, "Until 8 Dec 2026");
    assert_eq!(
        reason,
        "The successor 06:06:06:06… goes active on 5 Dec 2026 09:00 UTC and ends on 8 Dec 2026, in 12 days; nothing \
         follows it yet"
    );
    assert_eq!(cells(&report)[2], (Status::Due, "12 days left"));
    assert_eq!(due::due([&report]).first().map(|item| item.bites), Some(at("2026-12-08T12:00:00Z")));
    assert!(due::needs_action(&report) && due::provided_for([&report]) == 0, "nothing follows it");
    // It is as bad as that says.
    let then = world().judge(&followed(&[(6, "2026-12-05T09:00:00Z")]), at("2026-12-08T12:00:01Z"));
    assert_eq!(validity(&then, "partner_certificate").0, Status::NonCompliant);
}

#[test]
fn of_a_whole_chain_the_end_counts() {
    let judged = |by: &[(u8, &str)], day: &str| {
        let (status, bites, ..) = validity(&world().judge(&followed(by), at(day)), "partner_certificate");
        (status, bites)
    };
    let (first, second, last) = ((6, "2026-12-05"), (7, "2026-12-08"), (2, "2026-12-19"));
    assert_eq!(judged(&[first, second], "2026-11-26"), (Status::Due, Some(at("2026-12-20T12:00:00Z"))));
    assert_eq!(judged(&[first, second, last], "2026-11-26"), (Status::Due, None), "it is replaced, and that lasts");
    let late = (7, "2026-12-10");
    assert_eq!(judged(&[first, late, last], "2026-11-26"), (Status::Due, Some(at("2026-12-08T12:00:00Z"))), "a gap");
    // What is not known, or not valid yet, is no successor.
    assert_eq!(judged(&[(77, "2026-12-05")], "2026-11-26"), (Status::Due, Some(at("2026-12-05"))));
    assert_eq!(judged(&[(6, "2026-11-15")], "2026-11-10"), (Status::Due, Some(at("2026-11-15"))));
    // Nor is one before which its predecessor comes into use again: its own end has passed by then.
    let mut back = followed(&[second]);
    let uses = &mut back.production.as_mut().unwrap().partner_certificates;
    uses[1].until = Some(at("2026-12-18"));
    let (status, bites, ..) = validity(&world().judge(&back, at("2026-11-26")), "partner_certificate");
    assert_eq!((status, bites), (Status::Due, Some(at("2026-12-18"))));
}

#[test]
fn what_is_replaced_in_time_never_breaks_and_says_when() {
    let report = world().judge(&followed(&[(2, "2026-12-05T09:00:00Z")]), at("2026-11-26"));
    let (status, bites, actual, reason) = validity(&report, "partner_certificate");
    assert_eq!((status, bites), (Status::Due, None));
    assert_eq!(actual, "Until 15 Dec 2026, successor scheduled for 5 Dec 2026");
    assert_eq!(
        reason,
        "Ends on 15 Dec 2026, in 19 days; its successor 02:02:02:02… goes active on 5 Dec 2026 09:00 UTC"
    );
    assert_eq!(cells(&report)[2], (Status::Due, "New on 5 Dec"));
    assert_eq!(due::due([&report]), [], "it does not bite");
    assert_eq!((report.status, due::provided_for([&report])), (Status::Due, 1), "due, and provided for");
    assert!(!due::needs_action(&report));
    let alone = world().judge(&followed(&[]), at("2026-11-26"));
    assert!(due::needs_action(&alone), "it ends in 19 days and nothing follows");
    let then = world().judge(&followed(&[(2, "2026-12-05T09:00:00Z")]), at("2026-12-17"));
    assert_eq!(validity(&then, "partner_certificate").0, Status::Compliant);
}

#[test]
fn ours_is_due_where_the_next_one_ends_though_the_present_one_lasts() {
    let world = world();
    let soon = facts(8, "2026-11-20", "2026-12-06", Digest::Sha256, KeyAlgorithm::Rsa, 3072);
    let known = Known {
        certificates: &|print| world.certificates.get(print),
        identities: &|name| Some(if name.as_str() == "soon" { &soon } else { &world.own }),
    };
    let mut connection = connection("mine", "", &[2]);
    let entry =
        |name: &str, from: Option<&str>| IdentityUse { name: name.parse().unwrap(), from: from.map(at), zone: None };
    let uses = vec![entry("own", None), entry("soon", Some("2026-12-01"))];
    connection.production.as_mut().unwrap().identity = OwnTimeline::new(uses).unwrap();
    let judged =
        |day: &str| check([&connection], &world.policies, &known, at(day), &world.settings).connections.remove(0);
    let (status, bites, _, reason) = validity(&judged("2026-11-26"), "identity_certificate");
    assert_eq!((status, bites), (Status::Due, Some(at("2026-12-06"))));
    assert_eq!(
        reason,
        "The successor soon goes active on 1 Dec 2026 00:00 UTC and ends on 6 Dec 2026, in 10 days; nothing follows it \
         yet"
    );
    assert_eq!(cells(&judged("2026-11-26"))[3], (Status::Due, "10 days left"));
    // Long before, it says what will be.
    let (status, bites, _, reason) = validity(&judged("2026-10-01"), "identity_certificate");
    assert_eq!((status, bites), (Status::Compliant, None));
    assert!(reason.ends_with("; soon goes active on 1 Dec 2026 00:00 UTC and lasts until 6 Dec 2026"), "{reason}");
}

/// Half days after the judged instant, so that changes fall between and onto ends.
fn step(number: i64) -> Timestamp {
    Timestamp::from_second(at("2026-11-26").as_second() + number * 43_200).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is said today of the day on which it breaks is what is found on that day, and on none before.
    #[test]
    fn it_breaks_when_it_was_said_to_and_not_before(
        validity in proptest::collection::vec((-10..20_i64, 2..40_i64), 3),
        entries in proptest::collection::vec((0..3_u8, prop::option::of(1..40_i64), prop::option::of(1..50_i64)), 1..5),
    ) {
        let mut world = World::new().with_rules("");
        world.settings.certificate_due_days = 1000;
        for (id, (from, lasts)) in (21..).zip(validity) {
            let facts = fixtures::certificate(id, step(from), step(from + lasts));
            world.certificates.insert(facts.fingerprint_sha256, facts);
        }
        let mut connection = connection("mine", "", &[]);
        let uses = entries.into_iter().map(|(id, from, until)| CertificateUse {
            fingerprint: Fingerprint([21 + id; 32]),
            purposes: CertificatePurpose::ALL.to_vec(),
            from: from.map(step),
            until: until.map(step),
            zone: None,
        });
        connection.production.as_mut().unwrap().partner_certificates = uses.collect();
        let found = |at: Timestamp| {
            let report = world.judge(&connection, at);
            let findings = &report.profiles[0].findings;
            let own = findings.iter().find(|finding| {
                finding.setting == "partner_certificate" && finding.certificate.is_none()
            });
            let own = own.unwrap();
            (matches!(own.status, Status::Due | Status::Compliant), own.bites)
        };
        let (true, bites) = found(step(0)) else { return Ok(()) };
        // So far ahead everything is due, and every certificate ends.
        let bites = bites.unwrap();
        for number in 0..70 {
            let instant = step(number);
            if instant < bites {
                prop_assert!(found(instant).0, "broken at {instant}, before {bites}");
            }
        }
        let after = Timestamp::from_second(bites.as_second() + 1).unwrap();
        prop_assert!(!found(after).0, "not broken at {after}");
    }
}
