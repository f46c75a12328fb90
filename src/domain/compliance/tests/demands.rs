//! What is demanded in which words, and what is not told.

use super::*;

#[test]
fn the_default_policy_forbids_what_is_weak_and_recommends_what_is_strong() {
    let world = World::new();
    let about = |keys: &str, setting: &str| -> Vec<(Status, String)> {
        let report = world.judge(&connection("as2-modern", keys, &[2]), at(NOW));
        let findings = report.profiles[0].findings.iter().filter(|finding| finding.setting == setting);
        findings.map(|finding| (finding.status, finding.reason.clone())).collect()
    };
    let weak = about("encryption = \"3des-cbc\"\n", "encryption");
    assert_eq!(
        weak,
        [
            (
                Status::NonCompliant,
                "AS2 1.3 (draft) forbids 3DES for encryption since 14 May 2026; this is 3DES".to_owned()
            ),
            (
                Status::Advice,
                "AS2 1.3 (draft) recommends AES-128 or stronger for encryption since 14 May 2026; this is 3DES"
                    .to_owned()
            ),
            // And of what the partner sends, which the settings do not tell.
            (Status::NotApplicable, "Every message is held against this rule when it comes".to_owned()),
        ]
    );
    // The draft does not demand that messages are encrypted or signed at all.
    for (keys, setting) in [("encryption = \"none\"\n", "encryption"), ("signing = \"none\"\n", "signing")] {
        let statuses: Vec<Status> = about(keys, setting).into_iter().map(|(status, _)| status).collect();
        assert_eq!(statuses, [Status::Advice, Status::Compliant, Status::NotApplicable], "{keys}");
    }
    let fixed =
        world.judge(&connection("as2-modern", "encryption = \"3des-cbc\"\nsigning = \"sha1\"\n", &[2]), at(NOW));
    assert_eq!(fix(find(&fixed, "encryption", None)), Some(("encryption", "aes128-cbc".to_owned())));
    assert_eq!(fix(find(&fixed, "signing", None)), Some(("signing", "sha256".to_owned())));
}

#[test]
fn what_may_be_secret_in_an_address_is_in_no_finding() {
    let rules = rule("url", "one-of", "[\"https://as2.example/in?key=theirs\"]", "required", "2020-01-01");
    let keys = "url = \"https://as2.example/in?token=ours\"\n";
    let report = World::new().with_rules(&rules).judge(&connection("mine", keys, &[2]), at(NOW));
    let finding = find(&report, "url", None);
    assert_eq!(
        finding.reason,
        "Mine requires https://as2.example/in?… for url since 1 Jan 2020; this is https://as2.example/in?…"
    );
    assert_eq!(finding.actual, "https://as2.example/in?…");
    assert_eq!(fix(finding), Some(("url", "https://as2.example/in?key=theirs".to_owned())), "it has to be all of it");
}
