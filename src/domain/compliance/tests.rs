mod alike;
mod courses;
mod dates;
mod demands;
mod hashes;
mod keys;
mod settings;
mod successors;
mod verifying;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::*;
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{KeyAlgorithm, KeyFacts, SignatureFacts};
use crate::domain::fixtures;
use crate::domain::policy::{SettingValue, builtin};
use crate::domain::timeline::{Activation, plain_list, renew};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| format!("{text}T00:00:00Z").parse().unwrap())
}

/// A certificate known by its number.
fn facts(id: u8, from: &str, until: &str, hash: Digest, key: KeyAlgorithm, bits: u32) -> CertificateFacts {
    CertificateFacts {
        key: KeyFacts { algorithm: key, bits },
        signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: Some(hash) },
        ..fixtures::certificate(id, at(from), at(until))
    }
}

/// A workspace of two partner certificates (1: SHA-1, to 2026-12-15; 2: SHA-256, to 2031) and an identity `own`.
struct World {
    certificates: BTreeMap<Fingerprint, CertificateFacts>,
    own: CertificateFacts,
    policies: Vec<Policy>,
    settings: ComplianceSettings,
}

impl World {
    fn new() -> Self {
        let list = [
            facts(1, "2021-12-15", "2026-12-15", Digest::Sha1, KeyAlgorithm::Rsa, 2048),
            facts(2, "2026-11-01", "2031-11-01", Digest::Sha256, KeyAlgorithm::Rsa, 2048),
            facts(3, "2026-11-01", "2031-11-01", Digest::Sha256, KeyAlgorithm::Rsa, 1024),
            facts(4, "2026-11-01", "2031-11-01", Digest::Sha256, KeyAlgorithm::Ec, 256),
            facts(5, "2026-11-01", "2031-11-01", Digest::Sha256, KeyAlgorithm::Ed, 256),
        ];
        Self {
            certificates: list.into_iter().map(|facts| (facts.fingerprint_sha256, facts)).collect(),
            own: facts(9, "2026-01-01", "2028-12-31", Digest::Sha256, KeyAlgorithm::Rsa, 3072),
            policies: builtin().to_vec(),
            settings: ComplianceSettings::default(),
        }
    }

    fn judge(&self, connection: &Connection, at: Timestamp) -> ConnectionReport {
        let known = Known {
            certificates: &|fingerprint| self.certificates.get(fingerprint),
            identities: &|name| (name.as_str() == "own").then_some(&self.own),
        };
        check([connection], &self.policies, &known, at, &self.settings).connections.remove(0)
    }

    fn with_rules(mut self, rules: &str) -> Self {
        let text = format!("id = \"mine\"\nname = \"Mine\"\nkind = \"own\"\n{rules}");
        self.policies.push(Policy::from_toml(&text).unwrap());
        self
    }
}

fn rule(setting: &str, op: &str, value: &str, severity: &str, from: &str) -> String {
    format!(
        "[[rules]]\nsetting = \"{setting}\"\nop = \"{op}\"\nvalue = {value}\napplies_to = \"both\"\n\
         severity = \"{severity}\"\nfrom = {from}\nsource = \"s\"\nquote = \"q\"\nchecked = 2026-01-01\n"
    )
}

/// A connection with a production profile alone; `keys` are lines of the connection file.
fn connection(policy: &str, keys: &str, certificates: &[u8]) -> Connection {
    let prints: Vec<Fingerprint> = certificates.iter().map(|id| Fingerprint([*id; 32])).collect();
    let stated = |key: &str| keys.lines().any(|line| line.starts_with(&format!("{key} = ")));
    let text = format!(
        "id = \"c\"\nname = \"C\"\npolicy = \"{policy}\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"THEM\"\n\
         {keys}{}{}",
        if stated("url") { "" } else { "url = \"https://as2.example/as2\"\n" },
        if stated("identity") { "" } else { "identity = \"own\"\n" },
    );
    let mut connection: Connection = toml::from_str(&text).unwrap();
    connection.production.as_mut().unwrap().partner_certificates = plain_list(&prints);
    connection
}

fn find<'r>(report: &'r ConnectionReport, setting: &str, aspect: Option<&str>) -> &'r Finding {
    report.profiles[0]
        .findings
        .iter()
        .find(|finding| finding.setting == setting && finding.aspect == aspect)
        .unwrap_or_else(|| panic!("{setting} {aspect:?} in {:#?}", report.profiles[0].findings))
}

fn fix(finding: &Finding) -> Option<(&str, String)> {
    finding.fix.as_ref().map(|fix| (fix.setting, fix.value.to_string()))
}

fn cells(report: &ConnectionReport) -> Vec<(Status, &str)> {
    report.profiles[0].cells.iter().map(|cell| (cell.status, cell.word.as_str())).collect()
}

const NOW: &str = "2026-11-24";

#[test]
fn a_connection_of_2019_breaks_all_that_amazon_requires() {
    let old = connection("amazon-vendor-central", "encryption = \"3des-cbc\"\nsigning = \"sha1\"\n", &[1]);
    let report = World::new().judge(&old, at(NOW));
    assert_eq!(report.status, Status::NonCompliant);
    let encryption = find(&report, "encryption", None);
    assert_eq!(
        encryption.reason,
        "Amazon Vendor Central requires AES-128 or stronger for encryption since 15 Oct 2019; this is 3DES"
    );
    assert_eq!(fix(encryption), Some(("encryption", "aes128-cbc".to_owned())));
    assert_eq!(fix(find(&report, "signing", None)), Some(("signing", "sha256".to_owned())));
    let certificate = find(&report, "partner_certificate", Some("signature_hash"));
    assert_eq!((certificate.status, fix(certificate)), (Status::NonCompliant, None));
    assert_eq!(
        cells(&report),
        [
            (Status::NonCompliant, "3DES"),
            (Status::NonCompliant, "SHA-1"),
            (Status::NonCompliant, "SHA-1 · 21 days"),
            (Status::Compliant, "SHA-256 · 2 y"),
            (Status::NotApplicable, "Signed"),
        ]
    );
}

#[test]
fn a_rule_is_due_within_a_year_before_its_date_and_nothing_before_that() {
    let old = connection("amazon-vendor-central", "encryption = \"none\"\n", &[2]);
    let status = |day: &str| {
        let report = World::new().judge(&old, at(day));
        let finding = find(&report, "encryption", None);
        (finding.status, finding.bites.is_some(), finding.actual.clone())
    };
    assert_eq!(status("2019-10-15"), (Status::NonCompliant, false, "None".to_owned()));
    assert_eq!(status("2019-10-14T23:59:59Z"), (Status::Due, true, "None".to_owned()));
    assert_eq!(status("2018-10-15"), (Status::Due, true, "None".to_owned()));
    assert_eq!(status("2018-10-14"), (Status::NotApplicable, true, "None".to_owned()));
    let reason = |instant: &str| find(&World::new().judge(&old, at(instant)), "encryption", None).reason.clone();
    let demand = "Amazon Vendor Central requires AES-128 or stronger for encryption from 15 Oct 2019";
    assert_eq!(reason("2019-10-05"), format!("{demand}, in 10 days; this is None"));
    assert_eq!(reason("2019-10-14T23:59:59Z"), format!("{demand}, tomorrow; this is None"), "it is not today");
}

#[test]
fn what_is_met_is_told_in_a_sentence() {
    let connection = connection("amazon-vendor-central", "", &[2]);
    let reason = |day: &str| find(&World::new().judge(&connection, at(day)), "encryption", None).reason.clone();
    let demand = "Amazon Vendor Central requires AES-128 or stronger for encryption";
    assert_eq!(reason(NOW), format!("{demand} since 15 Oct 2019; AES-128 meets that"));
    assert_eq!(reason("2019-10-05"), format!("{demand} from 15 Oct 2019; AES-128 meets that already"));
}

#[test]
fn a_rule_that_has_ended_is_not_judged() {
    let rules = rule("encryption", "at-least", "\"aes256-cbc\"", "required", "2020-01-01\nuntil = 2026-01-01");
    let world = World::new().with_rules(&rules);
    let profile = connection("mine", "", &[2]);
    let judged =
        |day| world.judge(&profile, at(day)).profiles[0].findings.iter().any(|finding| finding.setting == "encryption");
    assert!(judged("2025-12-31T23:59:59Z"));
    assert!(!judged("2026-01-01"));
}

#[test]
fn the_certificate_that_is_judged_is_the_one_in_use_at_the_instant() {
    let world = World::new();
    let mut profile = connection("amazon-vendor-central", "", &[1]);
    let activation = Activation::At { at: at("2026-11-28T08:00:00Z"), zone: Some("Europe/Berlin".to_owned()) };
    let (old, new) = (&world.certificates[&Fingerprint([1; 32])], &world.certificates[&Fingerprint([2; 32])]);
    let production = profile.production.as_mut().unwrap();
    production.partner_certificates =
        renew(&production.partner_certificates, new, Some(old), &activation, at(NOW)).unwrap().uses;

    let before = world.judge(&profile, at("2026-11-28T07:59:59Z"));
    let finding = find(&before, "partner_certificate", Some("signature_hash"));
    assert_eq!(finding.status, Status::NonCompliant);
    assert!(
        finding.reason.ends_with(
            "this is SHA-1; 02:02:02:02…, which meets the rule, goes active on 28 Nov 2026 09:00 Europe/Berlin"
        ),
        "{}",
        finding.reason
    );
    let validity = find(&before, "partner_certificate", Some("validity"));
    assert_eq!(validity.status, Status::Due);
    assert_eq!(
        validity.reason,
        "Ends on 15 Dec 2026, in 16 days; its successor 02:02:02:02… goes active on 28 Nov 2026 09:00 Europe/Berlin"
    );
    let after = world.judge(&profile, at("2026-11-28T08:00:00Z"));
    assert_eq!(after.status, Status::Compliant);
    assert_eq!(cells(&after)[2], (Status::Compliant, "SHA-256 · 4 y"));
}

#[test]
fn a_certificate_that_ends_soon_is_due_and_one_that_has_ended_breaks() {
    let mut world = World::new().with_rules("");
    let profile = connection("mine", "", &[1]);
    let judged = |world: &World, day: &str| {
        let report = world.judge(&profile, at(day));
        let finding = find(&report, "partner_certificate", Some("validity"));
        (finding.status, finding.reason.clone(), cells(&report)[2].1.to_owned())
    };
    let (status, reason, word) = judged(&world, "2026-11-07");
    assert_eq!(status, Status::Due);
    assert_eq!(reason, "Ends on 15 Dec 2026, in 38 days; no successor is scheduled");
    assert_eq!(word, "38 days left");
    assert_eq!(judged(&world, "2026-10-31").0, Status::Due);
    assert_eq!(judged(&world, "2026-10-30T23:59:59Z").0, Status::Compliant);
    assert_eq!(judged(&world, "2026-12-15").0, Status::Due);
    let (status, reason, word) = judged(&world, "2026-12-18");
    assert_eq!(
        (status, reason.as_str(), word.as_str()),
        (Status::NonCompliant, "Ended on 15 Dec 2026, 3 days ago", "Ended")
    );
    assert_eq!(judged(&world, "2021-12-14").2, "Not valid yet");
    // The end is at the first instant of its day: the day before it is not that day, nor is the day after.
    let (_, reason, word) = judged(&world, "2026-12-14T23:59:59Z");
    assert_eq!(
        (reason.as_str(), word.as_str()),
        ("Ends on 15 Dec 2026, tomorrow; no successor is scheduled", "Ends tomorrow")
    );
    let (_, reason, word) = judged(&world, "2026-12-15");
    assert_eq!(
        (reason.as_str(), word.as_str()),
        ("Ends on 15 Dec 2026, today; no successor is scheduled", "Ends today")
    );
    assert_eq!(judged(&world, "2026-12-15T23:59:59Z").1, "Ended on 15 Dec 2026, today");
    assert_eq!(judged(&world, "2026-12-16").1, "Ended on 15 Dec 2026, 1 day ago");
    // 12 days and some hours, 13 by the calendar: what stands beside each other is rounded alike.
    let (_, reason, word) = judged(&world, "2026-12-02T09:00:00Z");
    assert_eq!(
        (reason.as_str(), word.as_str()),
        ("Ends on 15 Dec 2026, in 12 days; no successor is scheduled", "12 days left")
    );
    world.settings.certificate_due_days = 10;
    assert_eq!(judged(&world, "2026-11-07").0, Status::Compliant);
}

#[test]
fn a_certificate_that_is_not_the_partners_own_is_told() {
    let owner = |world: &World| {
        let report = world.judge(&connection("mine", "", &[2]), at(NOW));
        let found = report.profiles[0].findings.iter().find(|finding| finding.aspect == Some("owner"));
        (report.status, found.map(|found| (found.status, found.actual.clone(), cells(&report)[2].1.to_owned())))
    };
    let mut world = World::new().with_rules("");
    assert_eq!(owner(&world), (Status::Compliant, None));
    let theirs = world.certificates.get_mut(&Fingerprint([2; 32])).unwrap();
    (theirs.ca, theirs.self_signed) = (true, false);
    let (status, told) = owner(&world);
    assert_eq!(status, Status::Advice);
    assert_eq!(told, Some((Status::Advice, "A CA's".to_owned(), "A CA's · 4 y".to_owned())));
    // Our own, under whatever certificate its key is.
    let theirs = world.certificates.get_mut(&Fingerprint([2; 32])).unwrap();
    theirs.spki_sha256 = "the same key".to_owned();
    world.own.spki_sha256 = "the same key".to_owned();
    let (status, told) = owner(&world);
    assert_eq!(status, Status::NonCompliant);
    assert_eq!(told, Some((Status::NonCompliant, "Our own".to_owned(), "Our own · 4 y".to_owned())));
}

#[test]
fn what_cannot_be_judged_is_unknown_and_never_good() {
    let world = World::new();
    let none = world.judge(&connection("amazon-vendor-central", "", &[]), at(NOW));
    assert_eq!(none.status, Status::Unknown);
    assert_eq!(cells(&none)[2], (Status::Unknown, "None imported"));
    let lost = world.judge(&connection("amazon-vendor-central", "", &[77]), at(NOW));
    assert_eq!(cells(&lost)[2], (Status::Unknown, "Not in workspace"));
    let nobody = world.judge(&connection("amazon-vendor-central", "identity = \"nobody\"\n", &[2]), at(NOW));
    assert_eq!(cells(&nobody)[3], (Status::Unknown, "Not in workspace"));
    assert!(find(&nobody, "identity_certificate", Some("available")).reason.contains("`nobody`"));
    let edwards = world.judge(&connection("as2-modern", "", &[5]), at(NOW));
    assert_eq!(find(&edwards, "partner_certificate", Some("rsa_bits")).status, Status::Unknown);
    let stray = world.judge(&connection("nowhere", "", &[2]), at(NOW));
    assert_eq!(stray.status, Status::Unknown);
    assert!(find(&stray, "policy", None).reason.contains("there is no policy `nowhere`"));
    assert!(cells(&stray).iter().all(|(status, _)| *status == Status::Unknown));
    let silent = world.judge(
        &connection("amazon-vendor-central", "encryption = \"none\"\nsigning = \"none\"\nmdn = \"none\"\n", &[]),
        at(NOW),
    );
    assert_eq!(find(&silent, "partner_certificate", Some("available")).status, Status::NotApplicable);
}

#[test]
fn a_version_of_tls_is_not_told_by_the_address() {
    let status = |op: &str, value: &str, url: &str| {
        let world = World::new().with_rules(&rule("tls", op, value, "required", "2020-01-01"));
        let report = world.judge(&connection("mine", &format!("url = \"{url}\"\n"), &[2]), at(NOW));
        let finding = find(&report, "tls", None);
        assert!(finding.fix.is_none());
        (finding.status, finding.actual.clone())
    };
    let (http, https, here) = ("http://as2.example/", "https://as2.example/", "http://127.0.0.1:10080/as2");
    let is = |status, actual: &str| (status, actual.to_owned());
    assert_eq!(status("at-least", "\"https\"", http), is(Status::NonCompliant, "http"));
    assert_eq!(status("at-least", "\"https\"", https), is(Status::Compliant, "https"));
    // This program speaks TLS 1.2 and 1.3 and nothing older, so the one is sure and the other is not.
    assert_eq!(status("at-least", "\"tls-1.2\"", https), is(Status::Compliant, "https"));
    assert_eq!(status("one-of", "[\"tls-1.2\", \"tls-1.3\"]", https), is(Status::Compliant, "https"));
    assert_eq!(status("at-least", "\"tls-1.3\"", https), is(Status::Unknown, "https"));
    assert_eq!(status("range", "[\"http\", \"tls-1.2\"]", https), is(Status::Unknown, "https"));
    assert_eq!(status("never", "[\"https\"]", https), is(Status::NonCompliant, "https"));
    assert_eq!(status("never", "[\"tls-1.2\", \"tls-1.3\"]", https), is(Status::NonCompliant, "https"));
    assert_eq!(status("at-least", "\"tls-1.2\"", http), is(Status::NonCompliant, "http"));
    assert_eq!(status("one-of", "[\"https\"]", https), is(Status::Compliant, "https"));
    assert_eq!(status("one-of", "[\"tls-1.3\"]", https), is(Status::Unknown, "https"));
    assert_eq!(status("never", "[\"http\"]", https), is(Status::Compliant, "https"));
    assert_eq!(status("never", "[\"tls-1.2\"]", https), is(Status::Unknown, "https"));
    assert_eq!(status("never", "[\"http\"]", http), is(Status::NonCompliant, "http"));
    assert_eq!(status("at-least", "\"https\"", here), is(Status::NotApplicable, "http"));
}

#[test]
fn rules_that_play_no_part_are_not_applicable() {
    let world = World::new();
    let ec = world.judge(&connection("as2-modern", "mdn = \"none\"\n", &[4]), at(NOW));
    assert_eq!(find(&ec, "partner_certificate", Some("rsa_bits")).status, Status::NotApplicable);
    assert_eq!(find(&ec, "partner_certificate", Some("ec_bits")).status, Status::Compliant);
    assert_eq!(find(&ec, "mdn_mic", None).status, Status::NotApplicable);
    assert_eq!(find(&ec, "mdn", None).status, Status::Advice);
    let short = world.judge(&connection("as2-modern", "", &[3]), at(NOW));
    assert_eq!(cells(&short)[2], (Status::NonCompliant, "RSA 1024 · 4 y"));
    let oaep = World::new().with_rules(&rule("key_transport", "never", "[\"rsa-pkcs1\"]", "required", "2020-01-01"));
    let status = |keys, certificates: &[u8]| {
        find(&oaep.judge(&connection("mine", keys, certificates), at(NOW)), "key_transport", None).status
    };
    assert_eq!(status("", &[2]), Status::NonCompliant);
    assert_eq!(status("", &[4]), Status::NotApplicable);
    assert_eq!(status("encryption = \"none\"\n", &[2]), Status::NotApplicable);
}

#[test]
fn what_the_default_policy_says_of_receipts_and_ciphers() {
    let world = World::new();
    let report = world.judge(
        &connection("as2-modern", "mdn = \"async\"\nmdn_mic = \"sha1\"\nencryption = \"aes128-gcm\"\nmdn_url = \"https://us.example/\"\nurl = \"http://as2.example/\"\n", &[2]),
        at(NOW),
    );
    assert_eq!(find(&report, "encryption", None).status, Status::Compliant);
    let mdn = find(&report, "mdn", None);
    assert_eq!((mdn.status, fix(mdn)), (Status::Advice, Some(("mdn", "async-signed".to_owned()))));
    let mic = find(&report, "mdn_mic", None);
    assert_eq!((mic.status, fix(mic)), (Status::NonCompliant, Some(("mdn_mic", "sha256".to_owned()))));
    assert_eq!(find(&report, "tls", None).status, Status::Advice);
    assert_eq!(cells(&report)[4], (Status::NonCompliant, "MIC SHA-1"));
    let good = world.judge(&connection("as2-modern", "", &[2]), at(NOW));
    assert_eq!(good.status, Status::Compliant, "{good:#?}");
}

#[test]
fn a_fix_is_the_least_that_meets_every_rule_of_the_setting() {
    let fixed = |rules: &[String], setting: &str, keys: &str| {
        let world = World::new().with_rules(&rules.concat());
        let report = world.judge(&connection("mine", keys, &[2]), at(NOW));
        fix(find(&report, setting, None)).map(|(_, value)| value)
    };
    let value = |text: &str| Some(text.to_owned());
    let aes128 = rule("encryption", "at-least", "\"aes128-cbc\"", "required", "2020-01-01");
    let aes192_soon = rule("encryption", "at-least", "\"aes192-cbc\"", "required", "2027-06-01");
    let aes256_late = rule("encryption", "range", "[\"aes256-cbc\", \"aes256-cbc\"]", "required", "2030-01-01");
    let no_cbc = rule("encryption", "never", "[\"aes192-cbc\", \"aes256-cbc\"]", "recommended", "2020-01-01");
    let weak = "encryption = \"3des-cbc\"\n";
    assert_eq!(fixed(&[aes128.clone(), aes256_late], "encryption", weak), value("aes128-cbc"));
    assert_eq!(fixed(&[aes128.clone(), aes192_soon.clone()], "encryption", weak), value("aes192-cbc"));
    assert_eq!(fixed(&[aes128.clone(), aes192_soon, no_cbc], "encryption", weak), value("aes192-gcm"));
    assert_eq!(fixed(&[aes128], "encryption", "encryption = \"aes256-cbc\"\n"), None);
    let list = rule("signing", "one-of", "[\"sha384\", \"sha512\"]", "recommended", "2020-01-01");
    assert_eq!(fixed(&[list], "signing", ""), value("sha384"));
    // What is not refused may be weak, too: only what another rule names as the least is offered.
    let never = rule("signing", "never", "[\"sha256\"]", "required", "2020-01-01");
    assert_eq!(fixed(std::slice::from_ref(&never), "signing", ""), None);
    let sha256 = rule("signing", "at-least", "\"sha256\"", "recommended", "2020-01-01");
    assert_eq!(fixed(&[never, sha256], "signing", ""), value("sha384"));
    let no_3des = rule("encryption", "never", "[\"3des-cbc\"]", "required", "2020-01-01");
    let aes128_advised = rule("encryption", "at-least", "\"aes128-cbc\"", "recommended", "2020-01-01");
    assert_eq!(fixed(&[no_3des, aes128_advised], "encryption", weak), value("aes128-cbc"));
    let quick = rule("timeout_seconds", "range", "[10, 30]", "required", "2020-01-01");
    assert_eq!(fixed(std::slice::from_ref(&quick), "timeout_seconds", ""), value("30"));
    assert_eq!(fixed(&[quick], "timeout_seconds", "timeout_seconds = 5\n"), value("10"));
    let patient = [
        rule("retries", "at-least", "5", "required", "2020-01-01"),
        rule("retries", "at-least", "8", "required", "2020-01-02"),
    ];
    assert_eq!(fixed(&patient, "retries", ""), value("8"));
    let unprotected = rule("quirks.cms_algorithm_protection", "never", "true", "required", "2020-01-01");
    assert_eq!(fixed(&[unprotected], "quirks.cms_algorithm_protection", ""), value("false"));
    let both = [
        rule("require", "at-least", "\"signed\"", "required", "2020-01-01"),
        rule("require", "at-least", "\"encrypted\"", "required", "2020-01-02"),
    ];
    assert_eq!(fixed(&both, "require", "require = \"none\"\n"), value("signed-encrypted"));
}

#[test]
fn a_successor_that_breaks_a_required_rule_is_due() {
    let world = World::new();
    let mut profile = connection("as2-modern", "", &[2]);
    let (old, new) = (&world.certificates[&Fingerprint([2; 32])], &world.certificates[&Fingerprint([3; 32])]);
    let activation = Activation::At { at: at("2026-12-01"), zone: None };
    let production = profile.production.as_mut().unwrap();
    production.partner_certificates =
        renew(&production.partner_certificates, new, Some(old), &activation, at(NOW)).unwrap().uses;
    let report = world.judge(&profile, at(NOW));
    let finding = find(&report, "partner_certificate", Some("rsa_bits"));
    assert_eq!((finding.status, finding.bites), (Status::Due, Some(at("2026-12-01"))));
    assert_eq!(cells(&report)[2], (Status::Due, "New on 1 Dec"));
}

#[test]
fn a_rule_about_what_the_partner_sends_is_not_judged_by_what_we_send() {
    let rules = rule("encryption", "at-least", "\"aes128-cbc\"", "required", "2020-01-01\ndirection = \"inbound\"")
        + &rule("require", "at-least", "\"signed-encrypted\"", "required", "2020-01-01\ndirection = \"inbound\"");
    let report = World::new().with_rules(&rules).judge(&connection("mine", "", &[2]), at(NOW));
    assert_eq!(find(&report, "encryption", None).status, Status::NotApplicable);
    assert_eq!(find(&report, "require", None).status, Status::Compliant);
}

#[test]
fn the_worst_decides_in_the_order_of_the_interface() {
    let order = ["non-compliant", "unknown", "due", "advice", "compliant", "not-applicable"];
    assert_eq!(Status::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>(), order);
    for (index, worse) in Status::ALL.iter().enumerate() {
        for better in &Status::ALL[index..] {
            assert_eq!(Status::worst([*better, *worse]), *worse);
        }
    }
    assert_eq!(Status::worst([]), Status::NotApplicable);
}

#[test]
fn the_report_has_the_shape_that_scripts_rely_on() {
    let world = World::new();
    let known =
        Known { certificates: &|fingerprint| world.certificates.get(fingerprint), identities: &|_| Some(&world.own) };
    let old = connection("amazon-vendor-central", "encryption = \"3des-cbc\"\n", &[2]);
    let report = check([&old], builtin(), &known, at(NOW), &world.settings);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["at"], "2026-11-24T00:00:00Z");
    assert_eq!(json["status"], "non-compliant");
    let profile = &json["connections"][0]["profiles"][0];
    assert_eq!((&profile["profile"], &profile["status"]), (&"production".into(), &"non-compliant".into()));
    let mut finding = profile["findings"][0].clone();
    finding.as_object_mut().unwrap().remove("reason");
    assert_eq!(
        finding,
        serde_json::json!({
            "setting": "encryption", "status": "non-compliant", "actual": "3DES", "required": "AES-128 or stronger",
            "since": "2019-10-15", "severity": "required",
            "fix": {"setting": "encryption", "value": "aes128-cbc"},
            "source": "https://edihere.com/amazon-required-as2-connection-security-setting-update-2/",
            "quote": "AES128 Encryption Algorithm",
            "note": "At the partner: Vendor Central > EDI tab > Self Service Setup > Connection dashboard > Edit; the certificate is under Download certificate there",
            "stated_by": "amazon-vendor-central",
        })
    );
    assert_eq!(serde_json::to_value(SettingValue::Number(2048)).unwrap(), 2048);
}
