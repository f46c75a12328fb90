//! What is judged at which instant, and in which order it is told.

use super::*;

#[test]
fn what_is_due_comes_in_the_order_in_which_it_bites() {
    let mut world = World::new();
    world.own.not_after = at("2026-12-10");
    let rules = rule("signing", "at-least", "\"sha384\"", "required", "2027-09-01")
        + &rule("encryption", "at-least", "\"aes256-cbc\"", "required", "2027-03-01")
        + &rule("compression", "one-of", "[\"after-signing\"]", "required", "2020-01-01")
        + &rule("mdn", "at-least", "\"async-signed\"", "recommended", "2027-01-01");
    let report = world.with_rules(&rules).judge(&connection("mine", "", &[1]), at(NOW));
    let order: Vec<(Status, &str)> =
        report.profiles[0].findings.iter().map(|finding| (finding.status, finding.setting)).collect();
    assert_eq!(
        order,
        [
            (Status::NonCompliant, "compression"),
            (Status::Due, "identity_certificate"),
            (Status::Due, "partner_certificate"),
            (Status::Due, "encryption"),
            (Status::Due, "signing"),
            (Status::Compliant, "mdn"),
        ]
    );
    let dates: Vec<String> = crate::domain::due::due([&report]).iter().map(|due| due.bites.to_string()).collect();
    assert_eq!(dates, ["2026-12-10T00:00:00Z", "2026-12-15T00:00:00Z", "2027-03-01T00:00:00Z", "2027-09-01T00:00:00Z"]);
}

#[test]
fn the_past_and_the_future_are_judged_by_their_own_rules_and_certificates() {
    let rules = rule("encryption", "at-least", "\"3des-cbc\"", "required", "2010-01-01\nuntil = 2024-01-01")
        + &rule("encryption", "at-least", "\"aes128-cbc\"", "required", "2024-01-01")
        + &rule("partner_certificate.signature_hash", "at-least", "\"sha256\"", "required", "2019-10-15");
    let world = World::new().with_rules(&rules);
    let mut profile = connection("mine", "encryption = \"3des-cbc\"\n", &[1]);
    let activation = Activation::At { at: at("2026-11-28T08:00:00Z"), zone: None };
    let (old, new) = (&world.certificates[&Fingerprint([1; 32])], &world.certificates[&Fingerprint([2; 32])]);
    let production = profile.production.as_mut().unwrap();
    production.partner_certificates =
        renew(&production.partner_certificates, new, Some(old), &activation, at(NOW)).unwrap().uses;
    let judged = |day: &str| {
        let report = world.judge(&profile, at(day));
        let statuses = |setting: &str| -> Vec<Status> {
            let findings = report.profiles[0].findings.iter();
            findings
                .filter(|found| found.setting == setting && found.since.is_some())
                .map(|found| found.status)
                .collect()
        };
        let validity = find(&report, "partner_certificate", Some("validity")).status;
        (statuses("encryption"), statuses("partner_certificate"), validity)
    };
    use Status::{Compliant, Due, NonCompliant, NotApplicable};
    // Not begun: the rule of 2024 is more than a year off, and the certificate is not valid yet.
    assert_eq!(judged("2019-01-01"), (vec![Compliant, NotApplicable], vec![Due], NonCompliant));
    assert_eq!(judged("2023-06-01"), (vec![Due, Compliant], vec![NonCompliant], Compliant));
    // Ended: the older rule is gone on the day the younger one begins.
    assert_eq!(judged("2023-12-31T23:59:59Z").0, [Due, Compliant]);
    assert_eq!(judged("2024-01-01").0, [NonCompliant]);
    // The certificate in use at the instant is the one that is judged.
    assert_eq!(judged("2026-11-28T07:59:59Z"), (vec![NonCompliant], vec![NonCompliant], Due));
    assert_eq!(judged("2026-11-28T08:00:00Z"), (vec![NonCompliant], vec![Compliant], Compliant));
    assert_eq!(judged("2031-11-02").2, NonCompliant);
}
