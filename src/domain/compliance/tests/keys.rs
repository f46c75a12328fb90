//! Keys with which nothing in AS2 can be done.

use super::*;
use crate::domain::policy::Severity;

#[test]
fn a_key_that_cannot_be_used_is_non_compliant_without_any_rule() {
    let world = World::new();
    for policy in ["as2-modern", "nowhere"] {
        let report = world.judge(&connection(policy, "", &[5]), at(NOW));
        let usable = find(&report, "partner_certificate", Some("usable"));
        assert_eq!((report.status, usable.status), (Status::NonCompliant, Status::NonCompliant), "{policy}");
        assert_eq!((usable.severity, usable.actual.as_str()), (Some(Severity::Required), "Ed25519"));
        assert!(usable.reason.contains("cannot be used for encryption or to verify a signature in AS2"), "{usable:?}");
        assert_eq!(cells(&report)[2], (Status::NonCompliant, "Ed25519 · 4 y"), "{policy}");
    }
    let beside = world.judge(&connection("as2-modern", "", &[2, 5]), at(NOW));
    let usable = find(&beside, "partner_certificate", Some("usable"));
    assert_eq!((usable.status, usable.certificate), (Status::NonCompliant, Some(Fingerprint([5; 32]))));
    let fine = world.judge(&connection("as2-modern", "", &[2, 4]), at(NOW));
    assert!(fine.profiles[0].findings.iter().all(|finding| finding.aspect != Some("usable")));
}

#[test]
fn which_keys_are_refused_depends_on_what_they_are_for() {
    let key = |algorithm, bits| KeyFacts { algorithm, bits };
    for (key, refused) in [
        (key(KeyAlgorithm::Rsa, 1024), [false, false]),
        (key(KeyAlgorithm::Ec, 256), [false, false]),
        (key(KeyAlgorithm::Ec, 521), [false, false]),
        (key(KeyAlgorithm::Ec, 224), [true, true]),
        (key(KeyAlgorithm::Ec, 0), [true, true]),
        (key(KeyAlgorithm::Ed, 256), [true, true]),
        (key(KeyAlgorithm::Ed, 456), [true, true]),
        // One for RSASSA-PSS alone verifies all the same.
        (key(KeyAlgorithm::Other, 0), [true, false]),
    ] {
        assert_eq!([true, false].map(|encrypts| key.refused(encrypts).is_some()), refused, "{key}");
    }
}
