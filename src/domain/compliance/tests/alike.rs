//! Judged among many, a profile stands as it does alone.

use super::*;

/// Profiles of every kind: each differs from the first in one thing, and from some in no thing that is looked at.
fn crowd(policy: &str) -> Vec<Connection> {
    let keys = [
        "",
        "encryption = \"3des-cbc\"\n",
        "encryption = \"none\"\n",
        "encryption = \"none\"\nsigning = \"none\"\nmdn = \"none\"\n",
        "signing = \"none\"\n",
        "signing = \"sha1\"\n",
        "mdn = \"sync\"\n",
        "mdn = \"async-signed\"\nmdn_url = \"https://us.example:8443/\"\n",
        "mdn_mic = \"sha1\"\n",
        "require = \"none\"\n",
        "url = \"http://as2.example/as2\"\n",
        "url = \"http://127.0.0.1:9/as2\"\n",
        "url = \"https://upload-api-esgng.fda.gov:4080/as2/receive\"\n",
        "tls_identity = \"own\"\n",
        "tls_identity = \"nobody\"\n",
        "identity = \"nobody\"\n",
        "key_transport = \"rsa-oaep-sha256\"\n",
        "signature_scheme = \"rsa-pss\"\n",
        "compression = \"before-signing\"\n",
        "subject = \"EPCIS AS2 Message\"\n",
        "url = \"https://as2.example/of/another\"\n",
        "url = \"https://as2.example:4080/\"\nsubject = \"EPCIS AS2 Message\"\nmdn = \"none\"\n",
    ];
    let certificates: [&[u8]; 7] = [&[2], &[1], &[3], &[4], &[5], &[77], &[]];
    let mut all = Vec::new();
    for keys in keys {
        for certificates in certificates {
            all.push(connection(policy, keys, certificates));
        }
    }
    let world = World::new();
    let (old, new) = (&world.certificates[&Fingerprint([1; 32])], &world.certificates[&Fingerprint([2; 32])]);
    for (hour, zone) in [(8, Some("Europe/Berlin")), (8, None), (9, None)] {
        let mut scheduled = connection(policy, "", &[1]);
        let when = at(&format!("2026-11-28T{hour:02}:00:00Z"));
        let activation = Activation::At { at: when, zone: zone.map(str::to_owned) };
        let uses = &mut scheduled.production.as_mut().unwrap().partner_certificates;
        *uses = renew(uses, new, Some(old), &activation, at(NOW)).unwrap().uses;
        all.push(scheduled);
    }
    all
}

#[test]
fn among_many_each_stands_as_it_does_alone() {
    let world = World::new();
    let known = Known {
        certificates: &|fingerprint| world.certificates.get(fingerprint),
        identities: &|name| (name.as_str() == "own").then_some(&world.own),
    };
    for policy in ["as2-modern-strict", "fda-esg", "bdew-edi-energy", "availablerx", "aws-transfer-family"] {
        let resolved = resolve(&policy.parse().unwrap(), builtin()).unwrap();
        let mut crowd = crowd(policy);
        // Also where the one before is another, and where it is the same.
        let again: Vec<Connection> = crowd.iter().rev().cloned().collect();
        crowd.extend(again);
        let together = check(&crowd, builtin(), &known, at(NOW), &world.settings).connections;
        for (connection, report) in crowd.iter().zip(together) {
            let alone = judge(connection, Ok(&resolved), &known, at(NOW), &world.settings);
            assert_eq!(report, alone, "{policy}: {connection:#?}");
        }
    }
}

#[test]
fn what_plays_no_part_now_and_does_when_a_rule_begins_is_told_apart() {
    let rules = rule("key_transport", "never", "[\"rsa-pkcs1\"]", "required", "2027-06-01")
        + &rule("signature_scheme", "never", "[\"rsa-pkcs1\"]", "required", "2027-06-01");
    let world = World::new().with_rules(&rules);
    let ec = facts(8, "2026-01-01", "2028-12-31", Digest::Sha256, KeyAlgorithm::Ec, 256);
    let known = Known {
        certificates: &|fingerprint| world.certificates.get(fingerprint),
        identities: &|name| match name.as_str() {
            "own" => Some(&world.own),
            "ec" => Some(&ec),
            _ => None,
        },
    };
    // The partner's key and ours are those of elliptic curves until March, and RSA's from then on.
    let switching = |keys: &str| {
        let identity = "identity = [{ name = \"ec\" }, { name = \"own\", from = \"2027-03-01T09:00[UTC]\" }]\n";
        let mut connection = connection("mine", &format!("{identity}{keys}"), &[4]);
        let (old, new) = (&world.certificates[&Fingerprint([4; 32])], &world.certificates[&Fingerprint([2; 32])]);
        let activation = Activation::At { at: at("2027-03-01"), zone: None };
        let uses = &mut connection.production.as_mut().unwrap().partner_certificates;
        *uses = renew(uses, new, Some(old), &activation, at(NOW)).unwrap().uses;
        connection
    };
    let crowd = [
        switching(""),
        switching("key_transport = \"rsa-oaep-sha256\"\n"),
        switching("signature_scheme = \"rsa-pss\"\n"),
        switching(""),
    ];
    let together = check(&crowd, &world.policies, &known, at(NOW), &world.settings).connections;
    for (connection, report) in crowd.iter().zip(&together) {
        let alone = check([connection], &world.policies, &known, at(NOW), &world.settings).connections.remove(0);
        assert_eq!(*report, alone, "{connection:#?}");
    }
    for setting in ["key_transport", "signature_scheme"] {
        assert_eq!(find(&together[0], setting, None).status, Status::Due, "{setting}");
    }
    assert_eq!(find(&together[1], "key_transport", None).status, Status::Compliant);
    assert_eq!(find(&together[2], "signature_scheme", None).status, Status::Compliant);
}
