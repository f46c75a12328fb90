//! Rules that our own successor will break or mend.

use super::*;

const SCHEDULED: &str = "identity = [{ name = \"own\" }, { name = \"next\", from = \"2026-12-01T00:00:00Z\" }]\n";

/// `own` signs until December; `next` follows.
fn judged(own: &CertificateFacts, next: &CertificateFacts) -> ConnectionReport {
    let mut world = World::new().with_rules(&rule(
        "identity_certificate.signature_hash",
        "at-least",
        "\"sha256\"",
        "required",
        "2019-01-01",
    ));
    world.own = own.clone();
    let known = Known {
        certificates: &|fingerprint| world.certificates.get(fingerprint),
        identities: &|name| match name.as_str() {
            "own" => Some(&world.own),
            "next" => Some(next),
            _ => None,
        },
    };
    let connection = connection("mine", SCHEDULED, &[2]);
    let connections = [connection];
    check(&connections, &world.policies, &known, at("2026-11-24"), &world.settings).connections.remove(0)
}

#[test]
fn a_rule_that_our_own_successor_will_break_is_due_when_it_goes_active() {
    let sha1 = facts(8, "2026-11-01", "2029-01-01", Digest::Sha1, KeyAlgorithm::Rsa, 2048);
    let sha256 = facts(9, "2026-01-01", "2028-12-31", Digest::Sha256, KeyAlgorithm::Rsa, 3072);
    let broken = judged(&sha256, &sha1);
    let finding = find(&broken, "identity_certificate", Some("signature_hash"));
    assert_eq!((finding.status, finding.bites), (Status::Due, Some(at("2026-12-01"))));
    assert!(finding.reason.contains("next with SHA-1 goes active on 1 Dec 2026"), "{}", finding.reason);
    let cell = &broken.profiles[0].cells[Column::IdentityCertificate as usize];
    assert_eq!((cell.status, cell.word.as_str()), (Status::Due, "New on 1 Dec"));

    let mended = judged(&sha1, &sha256);
    let finding = find(&mended, "identity_certificate", Some("signature_hash"));
    assert_eq!(finding.status, Status::NonCompliant);
    assert!(finding.reason.contains("; next, which meets the rule, goes active on 1 Dec 2026"), "{}", finding.reason);

    let fine = judged(&sha256, &facts(8, "2026-11-01", "2029-01-01", Digest::Sha256, KeyAlgorithm::Rsa, 2048));
    assert_eq!(find(&fine, "identity_certificate", Some("signature_hash")).status, Status::Compliant);
}
