//! What rules about ports, keys, names and TLS say of a profile.

use super::*;

#[test]
fn what_the_new_settings_say_of_a_profile() {
    let judged = |setting: &str, op: &str, value: &str, keys: &str, certificates: &[u8]| {
        let world = World::new().with_rules(&rule(setting, op, value, "required", "2020-01-01"));
        let report = world.judge(&connection("mine", keys, certificates), at(NOW));
        let finding = report.profiles[0].findings.iter().find(|finding| finding.since.is_some()).unwrap().clone();
        assert!(finding.fix.is_none(), "{finding:?}");
        (finding.setting, finding.aspect, finding.status, finding.actual)
    };
    let is = |setting, aspect, status, actual: &str| (setting, Some(aspect), status, actual.to_owned());
    let plain = "encryption = \"none\"\nurl = \"http://as2.example/\"\n";
    let or_tls = |keys| judged("encryption.or_tls", "one-of", "[true]", keys, &[2]);
    let neither = "neither encrypted nor over https";
    assert_eq!(or_tls(plain), is("encryption", "or_tls", Status::NonCompliant, neither));
    for keys in ["", "encryption = \"none\"\n", "url = \"http://as2.example/\"\n"] {
        assert_eq!(or_tls(keys), is("encryption", "or_tls", Status::Compliant, "encrypted or over https"), "{keys}");
    }
    let here = "encryption = \"none\"\nurl = \"http://127.0.0.1:9/\"\n";
    assert_eq!(or_tls(here), is("encryption", "or_tls", Status::NotApplicable, "Not encrypted"));
    let port = |keys| judged("url.port", "one-of", "[443, 4080]", keys, &[2]);
    assert_eq!(port(""), is("url", "port", Status::Compliant, "port 443"));
    assert_eq!(port("url = \"https://as2.example:4080/\"\n"), is("url", "port", Status::Compliant, "port 4080"));
    assert_eq!(port("url = \"http://as2.example/\"\n"), is("url", "port", Status::NonCompliant, "port 80"));
    let answer = |keys| judged("mdn_url.port", "one-of", "[443, 4080]", keys, &[2]);
    assert_eq!(answer(""), is("mdn_url", "port", Status::NotApplicable, "Not needed"));
    let later = "mdn = \"async-signed\"\nmdn_url = \"https://us.example:8443/\"\n";
    assert_eq!(answer(later), is("mdn_url", "port", Status::NonCompliant, "port 8443"));
    assert_eq!(answer("mdn = \"async-signed\"\n"), is("mdn_url", "port", Status::NonCompliant, "Not set"));
    let kind =
        |certificates| judged("partner_certificate.key_algorithm", "never", "[\"rsa\", \"ec\"]", "", certificates);
    assert_eq!(kind(&[2]), is("partner_certificate", "key_algorithm", Status::NonCompliant, "RSA"));
    assert_eq!(kind(&[5]), is("partner_certificate", "key_algorithm", Status::Compliant, "Edwards curve"));
}

#[test]
fn a_certificate_that_serves_tls_too_is_told() {
    let rules = rule("identity_certificate.tls_use", "one-of", "[false]", "required", "2020-01-01")
        + &rule("partner_certificate.tls_use", "one-of", "[false]", "required", "2020-01-01")
        + &rule("partner_certificate.names_complete", "one-of", "[true]", "required", "2020-01-01");
    let mut world = World::new().with_rules(&rules);
    let own = |world: &World, keys: &str| {
        let report = world.judge(&connection("mine", keys, &[2]), at(NOW));
        find(&report, "identity_certificate", Some("tls_use")).status
    };
    assert_eq!(own(&world, ""), Status::Compliant);
    assert_eq!(
        own(&world, "tls_identity = \"own\"\n"),
        Status::NonCompliant,
        "the same identity is shown to the server"
    );
    assert_eq!(
        own(&world, "tls_identity = \"another\"\n"),
        Status::Unknown,
        "nobody knows whether it has the same key"
    );
    world.own.key_usage = vec!["server-auth".to_owned()];
    assert_eq!(own(&world, ""), Status::NonCompliant);
    let theirs = world.certificates.get_mut(&Fingerprint([2; 32])).unwrap();
    theirs.key_usage = vec!["server-auth".to_owned(), "client-auth".to_owned()];
    theirs.issuer = "CN=partner,O=".to_owned();
    let report = world.judge(&connection("mine", "", &[2]), at(NOW));
    let tls = find(&report, "partner_certificate", Some("tls_use"));
    assert_eq!((tls.status, tls.actual.as_str()), (Status::NonCompliant, "made for TLS"));
    let names = find(&report, "partner_certificate", Some("names_complete"));
    assert_eq!(
        names.reason,
        "Mine requires every part filled for the names in the partner certificate since 1 Jan 2020; this is an empty part"
    );
}
