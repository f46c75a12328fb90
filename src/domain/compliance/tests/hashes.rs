//! Message digest, certificate signature and receipt MIC are three matters.

use super::*;

/// A partner's certificate signed over SHA-1 (1) or SHA-256 (2), messages signed over one digest, the receipt's MIC in
/// another: three things, each judged by its own rule and by no other.
#[test]
fn three_hashes_are_three_matters() {
    let demands = [("signing", None), ("partner_certificate", Some("signature_hash")), ("mdn_mic", None)];
    let rules: Vec<String> = ["signing", "partner_certificate.signature_hash", "mdn_mic"]
        .iter()
        .map(|setting| rule(setting, "at-least", "\"sha256\"", "required", "2020-01-01"))
        .collect();
    let at = at(NOW);
    for weak in 0..8_usize {
        let is_weak = |which: usize| weak >> which & 1 == 1;
        let digest = |which| if is_weak(which) { "sha1" } else { "sha256" };
        let keys = format!("signing = \"{}\"\nmdn_mic = \"{}\"\n", digest(0), digest(2));
        let profile = connection("mine", &keys, &[if is_weak(1) { 1 } else { 2 }]);
        // All three demanded at once.
        let report = World::new().with_rules(&rules.concat()).judge(&profile, at);
        for (which, (setting, aspect)) in demands.iter().enumerate() {
            let status = if is_weak(which) { Status::NonCompliant } else { Status::Compliant };
            assert_eq!(find(&report, setting, *aspect).status, status, "{setting} with {weak:03b}");
        }
        // Each demanded alone: the other two do not matter.
        for (which, rule) in rules.iter().enumerate() {
            let alone = World::new().with_rules(rule).judge(&profile, at);
            let judged: Vec<&Finding> =
                alone.profiles[0].findings.iter().filter(|finding| finding.since.is_some()).collect();
            let status = if is_weak(which) { Status::NonCompliant } else { Status::Compliant };
            assert_eq!(
                judged.iter().map(|finding| finding.status).collect::<Vec<_>>(),
                [status],
                "{which} of {weak:03b}"
            );
            assert_eq!((judged[0].setting, judged[0].aspect), demands[which]);
        }
    }
}

#[test]
fn each_of_the_three_hashes_is_told_in_words_of_its_own() {
    let world = World::new();
    let profile = connection("mine", "signing = \"sha1\"\nmdn_mic = \"sha1\"\n", &[1]);
    let reason = |setting: &str| {
        let rules = rule(setting, "at-least", "\"sha256\"", "required", "2020-01-01");
        let report = World::new().with_rules(&rules).judge(&profile, at(NOW));
        report.profiles[0].findings.iter().find(|finding| finding.since.is_some()).unwrap().reason.clone()
    };
    assert_eq!(
        ["signing", "partner_certificate.signature_hash", "mdn_mic"].map(reason),
        [
            "Mine requires SHA-256 or stronger for signing since 1 Jan 2020; this is SHA-1",
            "Mine requires SHA-256 or stronger for the signature on the partner certificate since 1 Jan 2020; this is SHA-1",
            "Mine requires SHA-256 or stronger for the receipt's MIC since 1 Jan 2020; this is SHA-1",
        ]
    );
    // Where no MIC is stated, the receipt is asked for in the digest of signing: still a matter of its own.
    let rules = rule("mdn_mic", "at-least", "\"sha256\"", "required", "2020-01-01");
    let implied = world.with_rules(&rules).judge(&connection("mine", "signing = \"sha1\"\n", &[2]), at(NOW));
    let mic = find(&implied, "mdn_mic", None);
    assert_eq!((mic.status, fix(mic)), (Status::NonCompliant, Some(("mdn_mic", "sha256".to_owned()))));
}

#[test]
fn the_scheme_of_a_certificates_signature_is_not_that_of_messages() {
    let rules = rule("signature_scheme", "one-of", "[\"rsa-pss\"]", "required", "2020-01-01")
        + &rule("partner_certificate.signature_scheme", "one-of", "[\"rsa-pss\"]", "required", "2020-01-01");
    let mut world = World::new().with_rules(&rules);
    let profile = connection("mine", "signature_scheme = \"rsa-pss\"\n", &[2]);
    let report = world.judge(&profile, at(NOW));
    assert_eq!(find(&report, "signature_scheme", None).status, Status::Compliant);
    let certificate = find(&report, "partner_certificate", Some("signature_scheme"));
    assert_eq!((certificate.status, certificate.actual.as_str()), (Status::NonCompliant, "RSA PKCS #1 v1.5"));
    let signed = |world: &mut World, scheme: &str| {
        world.certificates.get_mut(&Fingerprint([2; 32])).unwrap().signature.algorithm = scheme.to_owned();
        let report = world.judge(&profile, at(NOW));
        let finding = find(&report, "partner_certificate", Some("signature_scheme"));
        (finding.status, finding.reason.clone())
    };
    assert_eq!(signed(&mut world, "rsa-pss").0, Status::Compliant);
    let (status, reason) = signed(&mut world, "1.3.101.112");
    assert_eq!(status, Status::Unknown);
    assert!(reason.starts_with("The scheme of the certificate's signature (1.3.101.112) is not known"), "{reason}");
}
