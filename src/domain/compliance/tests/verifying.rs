//! Certificates of the partner that only verify.

use super::*;
use crate::domain::timeline::{CertificatePurpose, renew_encrypting};

/// The first is encrypted for alone, the others only verify.
fn split(keys: &str, certificates: &[u8]) -> Connection {
    let mut connection = connection("mine", keys, certificates);
    connection.production.as_mut().unwrap().partner_certificates[0].purposes = vec![CertificatePurpose::Encrypt];
    connection
}

fn world() -> World {
    World::new().with_rules(
        &(rule("partner_certificate.signature_hash", "at-least", "\"sha256\"", "required", "2019-01-01")
            + &rule("partner_certificate.rsa_bits", "at-least", "2048", "required", "2019-01-01")),
    )
}

fn about(report: &ConnectionReport, id: u8) -> Vec<(&str, Status, &str)> {
    let print = Fingerprint([id; 32]);
    let own = report.profiles[0].findings.iter().filter(|finding| finding.certificate == Some(print));
    own.map(|finding| {
        assert!(finding.reason.starts_with(&format!("Verifying certificate {}: ", print.short())), "{finding:?}");
        (finding.aspect.unwrap(), finding.status, finding.actual.as_str())
    })
    .collect()
}

#[test]
fn one_that_only_verifies_is_judged_like_the_one_in_use() {
    let report = world().judge(&split("", &[2, 1]), at("2026-11-24"));
    assert_eq!(
        about(&report, 1),
        [
            ("signature_hash", Status::NonCompliant, "SHA-1"),
            ("validity", Status::Due, "Until 15 Dec 2026"),
            ("rsa_bits", Status::Compliant, "RSA 2048"),
        ]
    );
    assert_eq!(report.status, Status::NonCompliant);
    let in_use = report.profiles[0]
        .findings
        .iter()
        .find(|finding| finding.certificate.is_none() && finding.aspect == Some("signature_hash"));
    assert_eq!(in_use.map(|finding| finding.status), Some(Status::Compliant));
    let cell = &report.profiles[0].cells[Column::PartnerCertificate as usize];
    assert_eq!((cell.status, cell.word.as_str()), (Status::NonCompliant, "Verifying: SHA-1"));
    let short = world().judge(&split("", &[2, 3]), at("2026-11-24"));
    assert_eq!(about(&short, 3)[0], ("rsa_bits", Status::NonCompliant, "RSA 1024"));
    let ended = world().judge(&split("", &[2, 1]), at("2027-01-24"));
    assert!(about(&ended, 1).contains(&("validity", Status::NonCompliant, "Ended")));
}

#[test]
fn one_that_ends_beside_another_that_lasts_is_not_due_and_one_on_its_way_out_is_not_judged() {
    let two = world().judge(&split("", &[2, 1, 4]), at("2026-11-24"));
    let validities = |report: &ConnectionReport, id| about(report, id).iter().any(|(aspect, ..)| *aspect == "validity");
    assert!(!validities(&two, 1) && validities(&two, 4));
    let mut leaving = split("", &[2, 1, 4]);
    leaving.production.as_mut().unwrap().partner_certificates[1].until = Some(at("2026-12-15"));
    assert_eq!(about(&world().judge(&leaving, at("2026-11-24")), 1), []);
}

#[test]
fn what_was_encrypted_for_or_verifies_nothing_is_not_judged() {
    let mut renewed = connection("mine", "", &[1]);
    let (old, new) =
        (&World::new().certificates[&Fingerprint([1; 32])], &World::new().certificates[&Fingerprint([2; 32])]);
    let uses = &mut renewed.production.as_mut().unwrap().partner_certificates;
    *uses = renew(uses, new, Some(old), &Activation::Now, at("2026-11-20")).unwrap().uses;
    assert_eq!(about(&world().judge(&renewed, at("2026-11-24")), 1), [], "the old one goes on being accepted");
    let silent = split("mdn = \"none\"\nrequire = \"none\"\n", &[2, 1]);
    assert_eq!(about(&world().judge(&silent, at("2026-11-24")), 1), [], "no signature is expected");
}

#[test]
fn many_profiles_with_one_verifying_certificate_share_what_is_said_of_it() {
    let world = world();
    let known = Known {
        certificates: &|fingerprint| world.certificates.get(fingerprint),
        identities: &|name| (name.as_str() == "own").then_some(&world.own),
    };
    let connections = [split("", &[2, 1]), split("subject = \"a\"\n", &[2, 1])];
    let report = check(&connections, &world.policies, &known, at("2026-11-24"), &world.settings);
    let addresses = |index: usize| -> Vec<*const Finding> {
        let findings = report.connections[index].profiles[0].findings.iter();
        findings.filter(|finding| finding.certificate.is_some()).map(std::ptr::from_ref).collect()
    };
    assert_eq!((addresses(0).len(), addresses(0)), (3, addresses(1)));
}

#[test]
fn one_that_goes_on_verifying_alone_is_judged_once_another_is_encrypted_for_alone() {
    let mut renewed = connection("mine", "", &[1]);
    let (old, new) =
        (&World::new().certificates[&Fingerprint([1; 32])], &World::new().certificates[&Fingerprint([2; 32])]);
    let uses = &mut renewed.production.as_mut().unwrap().partner_certificates;
    *uses = renew_encrypting(uses, new, Some(old), &Activation::Now, at("2026-11-20")).unwrap().uses;
    let report = world().judge(&renewed, at("2026-11-24"));
    assert!(about(&report, 1).contains(&("validity", Status::Due, "Until 15 Dec 2026")), "{report:#?}");
    assert!(about(&report, 1).contains(&("signature_hash", Status::NonCompliant, "SHA-1")));
    // Also where somebody has set its end: nothing takes its place.
    let uses = &mut renewed.production.as_mut().unwrap().partner_certificates;
    uses[0].until = Some(at("2026-12-15"));
    assert!(!about(&world().judge(&renewed, at("2026-11-24")), 1).is_empty());
}
