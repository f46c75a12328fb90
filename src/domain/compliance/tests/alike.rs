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
