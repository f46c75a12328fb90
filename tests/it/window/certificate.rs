//! Bringing in a partner's renewed certificate, and each profile's certificates over time.

use std::path::{Path, PathBuf};

use countersign::app::CertificateSource;
use countersign::ui::Intent;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::Value;

use super::Stage;

/// A file that is dropped onto the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

impl Stage {
    /// Clicks a control wherever it is in what scrolls.
    #[track_caller]
    fn touch(&mut self, label: &str) {
        self.get(label).scroll_to_me();
        self.settle();
        self.click(label);
    }

    /// Puts text into a field wherever it is in what scrolls.
    #[track_caller]
    fn write(&mut self, field: &str, text: &str) {
        self.get(field).scroll_to_me();
        self.settle();
        self.fill(field, text);
    }

    fn drop_file(&mut self, path: &Path) {
        self.harness.input_mut().dropped_files = vec![std::sync::Arc::new(Dropped(path.to_owned()))];
        self.harness.step();
        self.settle();
    }

    fn paste(&mut self, text: &str) {
        self.harness.input_mut().events.push(egui::Event::Paste(text.to_owned()));
        self.harness.step();
        self.settle();
    }

    fn renewed(&self, connection: &str) -> PathBuf {
        let sample = self.sample.as_ref().unwrap();
        sample.renewed.iter().find(|(id, _)| id.as_str() == connection).unwrap().1.clone()
    }

    /// Opens the dialog for Amazon from the selected connection.
    fn open_for_amazon(&mut self) {
        self.click_beginning("Amazon Vendor US, production");
        self.press(Modifiers::COMMAND, Key::I);
        self.wait_for("Drop the partner's certificate here");
    }

    /// The certificates of a profile as the command line exports them: `(fingerprint, use, from)`.
    fn uses(&self, connection: &str, profile: &str) -> Vec<Value> {
        let shown: Value = serde_json::from_str(&self.cli(&["--json", "connection", "show", connection])).unwrap();
        shown[profile]["partner_certificates"].as_array().cloned().unwrap_or_default()
    }

    fn encrypts_from(&self, connection: &str, profile: &str, fingerprint: &str) -> Option<String> {
        self.uses(connection, profile)
            .iter()
            .find(|entry| {
                entry["fingerprint"] == fingerprint
                    && entry["use"].as_array().is_some_and(|uses| uses.iter().any(|one| one == "encrypt"))
            })
            .and_then(|entry| entry["from"].as_str().map(str::to_owned))
    }

    fn fingerprint_of(&self, path: &Path) -> String {
        let inspected: Value =
            serde_json::from_str(&self.cli(&["--json", "certificate", "inspect", path.to_str().unwrap()])).unwrap();
        inspected["certificates"][0]["fingerprint_sha256"].as_str().unwrap().to_owned()
    }

    fn is_enabled(&self, label: &str) -> bool {
        !self.get(label).accesskit_node().is_disabled()
    }

    /// The control that has this name and this role.
    fn button_beginning(&self, beginning: &str) -> Option<String> {
        self.labels().into_iter().find(|label| label.starts_with(beginning))
    }

    fn is_ticked(&self, label: &str) -> bool {
        use egui::accesskit::Toggled;
        self.get(label).accesskit_node().toggled() == Some(Toggled::True)
    }
}

#[test]
fn a_path_typed_in_is_looked_at_and_brought_in_for_the_pair() {
    let mut stage = Stage::sample();
    let file = stage.renewed("amazon-us");
    let fingerprint = stage.fingerprint_of(&file);
    stage.open_for_amazon();
    stage.write("Path or PEM text", file.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("Schedule for 2 profiles");
    // Old and new, judged by the partner's policy, and what differs.
    for seen in [
        "Signature: SHA-1 with RSA, Non-compliant",
        "Signature: SHA-256 with RSA, Compliant",
        "Signature differs",
        "SHA-256 differs",
        "Valid: 21 days left, Due",
        "For Amazon Vendor US",
        "It is self-signed: confirm its SHA-256 fingerprint",
        "before the old one expires",
        "messages are encrypted for the old certificate. Signatures made with either are accepted until",
        "Timeline; in use, valid from",
    ] {
        assert!(stage.sees(seen), "{seen}: {:#?}", stage.labels());
    }
    assert!(!stage.sees("Subject differs") && !stage.sees("Key differs"));
    stage.touch("Now");
    stage.touch("Activate now for 2 profiles");
    stage.wait_for("New certificate active for 2 profiles");
    assert!(!stage.sees("New partner certificate"), "the dialog has closed");
    for profile in ["production", "test"] {
        assert!(stage.encrypts_from("amazon-us", profile, &fingerprint).is_some(), "{:#?}", stage.uses("amazon-us", profile));
    }
    let checked: Value = serde_json::from_str(&stage.cli(&["--json", "check", "amazon-us"])).unwrap();
    let said = checked["connections"][0]["profiles"][1]["findings"].to_string();
    assert!(!said.contains("SHA-1"), "{said}");
}

#[test]
fn pasted_text_finds_its_connection_and_says_why() {
    let mut stage = Stage::sample();
    let text = std::fs::read_to_string(stage.renewed("northwind")).unwrap();
    stage.paste(&text);
    stage.wait_for("Which connection is it for?");
    assert!(stage.sees("Suggested: its certificate in use has the same subject, NWR-PROD"), "{:#?}", stage.labels());
    stage.get("Search the connection").type_text("north");
    stage.settle();
    assert!(!stage.sees("Amazon Vendor DE Suggested") && !stage.sees("Harbor Grocers ACME"));
    stage.click_beginning("Northwind Retail Suggested");
    stage.wait_for("Schedule for 2 profiles");
    assert!(stage.sees("Pasted text"));
    assert!(stage.sees("has none in use"), "the test profile has no certificate yet");
    stage.touch("Northwind Retail, test");
    assert!(stage.sees("Schedule for 1 profile"));
    stage.touch("Now");
    stage.touch("Activate now for 1 profile");
    stage.wait_for("New certificate active for Northwind Retail, production");
    let fingerprint = stage.fingerprint_of(&stage.renewed("northwind"));
    assert!(stage.encrypts_from("northwind", "production", &fingerprint).is_some());
    assert!(stage.uses("northwind", "test").is_empty());
}

#[test]
fn a_dropped_file_opens_the_dialog_and_another_replaces_it() {
    let mut stage = Stage::sample();
    stage.click_beginning("Amazon Vendor US, production");
    let (northwind, amazon) = (stage.renewed("northwind"), stage.renewed("amazon-us"));
    stage.drop_file(&northwind);
    stage.wait_for("It names another subject than the certificate it replaces");
    stage.drop_file(&amazon);
    stage.wait_gone("It names another subject than the certificate it replaces");
    stage.wait_for("amazon-renewed.cer");
    stage.drop_file(Path::new("/no/such/file.cer"));
    stage.wait_for("Cannot read /no/such/file.cer");
    assert!(stage.sees("amazon-renewed.cer"), "what was there stays");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("New partner certificate"));
}

#[test]
fn the_samples_certificate_is_scheduled_for_a_date_in_a_stated_zone() {
    let mut stage = Stage::sample();
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    // The month, by keyboard: two days on and a day back from what is proposed, in a week.
    stage.touch("Date");
    if !stage.sees(", today") {
        stage.click("Month before");
    }
    assert!(stage.sees(", today"), "{:#?}", stage.labels());
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Month after") && stage.sees("New partner certificate"), "Escape closes the month and no more");
    stage.click("Date");
    assert!(stage.sees("Month after"));
    stage.press(Modifiers::NONE, Key::ArrowRight);
    stage.press(Modifiers::NONE, Key::ArrowRight);
    stage.press(Modifiers::NONE, Key::ArrowLeft);
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(!stage.sees("Month after"), "the month has closed");
    assert!(stage.sees("New partner certificate"), "and nothing else");
    stage.write("Time", "7.30");
    stage.touch("Time zone");
    stage.wait_for("Search time zones");
    stage.get("Search time zones").type_text("berl");
    stage.settle();
    assert!(stage.sees("Europe/Berlin UTC+0"), "{:#?}", stage.labels());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_until("07:30 in Berlin", |stage| stage.sees("07:30 Europe/Berlin") && stage.sees(" UTC, in "));
    stage.touch("Schedule for 2 profiles");
    stage.wait_for("New certificate scheduled for 2 profiles");
    assert!(stage.sees("07:30 Europe/Berlin"));
    let now = jiff_now(&stage);
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    for profile in ["production", "test"] {
        let from = stage.encrypts_from("amazon-us", profile, &fingerprint).unwrap();
        let at: jiff::Timestamp = from.split('[').next().unwrap().parse().unwrap();
        let there = berlin.to_datetime(at);
        assert_eq!((there.hour(), there.minute()), (7, 30), "{from}");
        let days = (at.as_second() - now.as_second()) / 86_400;
        assert!((7..=8).contains(&days), "eight days on: {from}");
    }
    // The policy's word after the switch.
    let later = (now + jiff::SignedDuration::from_hours(24 * 10)).to_string();
    let checked: Value = serde_json::from_str(&stage.cli(&["--json", "check", "amazon-us", "--at", &later])).unwrap();
    assert!(!checked["connections"][0]["profiles"][1].to_string().contains("SHA-1"), "{checked}");
}

fn jiff_now(stage: &Stage) -> jiff::Timestamp {
    stage.harness.state().snapshot().unwrap().at
}

#[test]
fn times_that_cannot_be_are_refused_in_words_and_twice_is_asked() {
    let mut stage = Stage::sample();
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    stage.write("Time", "25:00");
    stage.press(Modifiers::NONE, Key::Tab);
    assert!(stage.sees("“25:00” is no time of day"), "{:#?}", stage.labels());
    assert!(!stage.is_enabled("Schedule for 2 profiles"));
    assert!(stage.sees("The date and time cannot be used"));
    stage.write("Time", "02:30");
    stage.touch("Time zone");
    stage.get("Search time zones").type_text("berl");
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    // The clock is put forward on the last Sunday of March, back on the last of October.
    let year = jiff::tz::TimeZone::UTC.to_datetime(jiff_now(&stage)).year() + 1;
    let to = |stage: &mut Stage, day: jiff::civil::Date| {
        stage.touch("Date");
        let label = day.strftime("%-d %B %Y").to_string();
        for _ in 0..24 {
            if stage.labels().iter().any(|seen| seen.starts_with(&label)) {
                break;
            }
            stage.click("Month after");
        }
        stage.click_beginning(&label);
    };
    let last_sunday = |month| {
        let last = jiff::civil::date(year, month, 31);
        last.saturating_sub(jiff::Span::new().days(i64::from(last.weekday().to_sunday_zero_offset())))
    };
    to(&mut stage, last_sunday(3));
    stage.wait_for("does not exist in Europe/Berlin: the clock is put forward over it");
    assert!(!stage.is_enabled("Schedule for 2 profiles"));
    to(&mut stage, last_sunday(10));
    stage.wait_for("exists twice in Europe/Berlin");
    assert!(stage.sees("Say which of the two times is meant") && !stage.is_enabled("Schedule for 2 profiles"));
    stage.touch("The later, UTC+01");
    stage.wait_for("01:30 UTC");
    assert!(stage.is_enabled("Schedule for 2 profiles"));
    assert!(stage.sees("after the old one has expired"));
    assert!(stage.sees("It goes active only after the certificate it replaces has ended"));
}

#[test]
fn what_is_no_partner_certificate_is_refused_with_what_to_do() {
    let mut stage = Stage::sample();
    let folder = stage.sample.as_ref().unwrap().folder.clone();
    stage.open_for_amazon();
    let look_at = |stage: &mut Stage, name: &str, text: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        stage.write("Path or PEM text", path.to_str().unwrap());
        stage.press(Modifiers::NONE, Key::Enter);
    };
    look_at(&mut stage, "page.cer", b"<!DOCTYPE html><html><body>Log in</body></html>");
    stage.wait_for("the file is a web page, not a certificate");
    assert!(stage.sees("The portal answered with a page"));
    look_at(&mut stage, "big.cer", &vec![b'A'; 2 << 20]);
    stage.wait_for("more than 1 MiB");
    // A key beside the certificate, as a partner sends it who has exported too much.
    let identity = folder.join("theirs.pem");
    let (key, certificate) = key_and_certificate();
    std::fs::write(&identity, format!("{key}{certificate}")).unwrap();
    stage.write("Path or PEM text", identity.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("holds a private key: it was not taken and nothing of it was kept");
    assert!(stage.sees("tell them that the key is no longer secret"));
    assert!(stage.button_beginning("Schedule for").is_none());
}

/// A key with its certificate, as PEM.
fn key_and_certificate() -> (String, String) {
    use base64::Engine as _;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openssl");
    let key = base64::engine::general_purpose::STANDARD.encode(std::fs::read(folder.join("rsa.key.der")).unwrap());
    let certificate = std::fs::read_to_string(folder.join("rsa-pem.crt")).unwrap();
    (format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"), certificate)
}

#[test]
fn our_own_certificate_is_named_as_such_and_can_still_be_taken() {
    let mut stage = Stage::sample();
    let file = stage.sample.as_ref().unwrap().folder.join("ours.pem");
    stage.cli(&["identity", "export", "acme-2026", "-o", file.to_str().unwrap()]);
    stage.open_for_amazon();
    stage.write("Path or PEM text", file.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("This is our own certificate, not the partner's");
    assert!(stage.sees("things to look at"));
    assert!(stage.button_beginning("Schedule for 2 profiles").is_some_and(|button| stage.is_enabled(&button)));
}

#[test]
fn a_fingerprint_is_confirmed_by_comparing_and_only_then() {
    let mut stage = Stage::sample();
    let file = stage.renewed("amazon-us");
    let fingerprint = stage.fingerprint_of(&file);
    let confirmed = |stage: &Stage| {
        let listed: Value = serde_json::from_str(&stage.cli(&["--json", "certificate", "list"])).unwrap();
        let one = listed["certificates"].as_array().unwrap().iter().find(|one| one["fingerprint_sha256"] == fingerprint.as_str());
        !one.unwrap()["warnings"].to_string().contains("unconfirmed")
    };
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    stage.write("Fingerprint from the partner", &"ab".repeat(32));
    assert!(stage.sees("It is another one: this is not the certificate that the partner means"));
    stage.write("Fingerprint from the partner", "12:34");
    assert!(stage.sees("has 64 hex digits, this has 4"), "{:#?}", stage.labels());
    stage.touch("Schedule for 2 profiles");
    stage.wait_for("New certificate scheduled for 2 profiles");
    assert!(!confirmed(&stage), "nobody has confirmed it");
    // Later, in the inspector.
    stage.touch("Certificates");
    stage.wait_for("Fingerprint: Not confirmed");
    let mut links = stage.labels();
    links.retain(|label| label == "Confirm fingerprint…");
    assert_eq!(links.len(), 2, "the old one is self-signed too");
    stage.harness.query_all_by_label("Confirm fingerprint…").last().unwrap().scroll_to_me();
    stage.settle();
    stage.harness.query_all_by_label("Confirm fingerprint…").last().unwrap().click();
    stage.settle();
    assert!(!stage.is_enabled("Confirm") && stage.sees("Compare the fingerprint first"));
    stage.write("Fingerprint from the partner", &fingerprint);
    assert!(stage.sees("It is the same"));
    stage.touch("Confirm");
    stage.wait_for("Fingerprint confirmed");
    assert!(confirmed(&stage));
    stage.wait_for("Fingerprint: Confirmed");
}

#[test]
fn a_confirmation_on_import_is_kept() {
    let mut stage = Stage::sample();
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    stage.touch("I have compared this fingerprint with what the partner says");
    assert!(stage.sees("The fingerprint is confirmed"));
    stage.touch("Schedule and test send");
    stage.wait_for("New certificate scheduled for 2 profiles");
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    let listed: Value = serde_json::from_str(&stage.cli(&["--json", "certificate", "list"])).unwrap();
    let one = listed["certificates"].as_array().unwrap().iter().find(|one| one["fingerprint_sha256"] == fingerprint.as_str());
    assert!(!one.unwrap()["warnings"].to_string().contains("unconfirmed"));
    assert!(stage.sees("It goes active"));
}

#[test]
fn profiles_of_others_with_the_same_certificate_are_offered_and_not_ticked() {
    let mut stage = Stage::sample();
    let folder = stage.sample.as_ref().unwrap().folder.clone();
    let text = std::fs::read_to_string(folder.join("amazon-us.toml")).unwrap();
    let text = text.replace("\"amazon-us\"", "\"amazon-mx\"").replace("Amazon Vendor US", "Amazon Vendor MX").replace("ACMEVC", "ACMEMX");
    let copy = folder.join("amazon-mx.toml");
    std::fs::write(&copy, text).unwrap();
    stage.cli(&["connection", "add", copy.to_str().unwrap()]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Amazon Vendor MX, production");
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    assert!(stage.sees("2 profiles of other connections use the old certificate"));
    assert!(stage.is_ticked("Amazon Vendor US, production") && stage.is_ticked("Amazon Vendor US, test"));
    assert!(!stage.is_ticked("Amazon Vendor MX, production") && !stage.is_ticked("Amazon Vendor MX, test"));
    stage.touch("Select all");
    stage.wait_for("Schedule for 4 profiles");
    stage.touch("Amazon Vendor US, production");
    stage.touch("Amazon Vendor US, test");
    stage.touch("Amazon Vendor MX, test");
    stage.wait_for("Schedule for 1 profile");
    stage.touch("Amazon Vendor MX, production");
    stage.wait_for("Choose at least one profile");
    assert!(!stage.is_enabled("Schedule for 0 profiles"));
    // Only one of another connection, and one of this.
    stage.touch("Amazon Vendor MX, production");
    stage.touch("Schedule for 1 profile");
    stage.wait_for("New certificate scheduled for Amazon Vendor MX, production");
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    assert!(stage.encrypts_from("amazon-mx", "production", &fingerprint).is_some());
    for (connection, profile) in [("amazon-mx", "test"), ("amazon-us", "production"), ("amazon-us", "test")] {
        assert_eq!(stage.encrypts_from(connection, profile, &fingerprint), None, "{connection} {profile}");
    }
}

#[test]
fn a_schedule_is_seen_moved_and_brought_forward_in_the_inspector() {
    let mut stage = Stage::sample();
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    let source = CertificateSource::File(stage.renewed("amazon-us"));
    let connection = Some("amazon-us".parse().unwrap());
    stage.harness.state_mut().intend(Intent::NewCertificate { connection, profile: None, source: Some(source) });
    stage.wait_for("Schedule for 2 profiles");
    stage.touch("Schedule for 2 profiles");
    stage.wait_for("New certificate scheduled");
    stage.click_beginning("Amazon Vendor US, production");
    stage.touch("Certificates");
    stage.wait_for(": Goes active ");
    for seen in [": Used for sending", "Signatures made with it are accepted until", "Came from: amazon-renewed.cer", "acme-2026"] {
        assert!(stage.sees(seen), "{seen}: {:#?}", stage.labels());
    }
    let before = stage.encrypts_from("amazon-us", "production", &fingerprint).unwrap();
    stage.touch("Reschedule…");
    stage.wait_for("Reschedule the certificate");
    assert!(!stage.sees("installed already"), "that is why it is here");
    stage.touch("15 minutes later");
    stage.touch("Schedule for 2 profiles");
    stage.wait_gone("Reschedule the certificate");
    let after = stage.encrypts_from("amazon-us", "production", &fingerprint).unwrap();
    assert_ne!(before, after);
    assert_eq!(stage.encrypts_from("amazon-us", "test", &fingerprint).unwrap(), after, "the pair stays together");
    stage.touch("Activate now…");
    stage.wait_for("Activate the certificate now?");
    stage.touch("Cancel");
    assert_eq!(stage.encrypts_from("amazon-us", "production", &fingerprint).unwrap(), after);
    stage.touch("Activate now…");
    stage.touch("Activate now");
    stage.wait_for("The certificate is active");
    stage.wait_for(": Accepted only");
    stage.wait_gone(": Goes active ");
    let now = stage.encrypts_from("amazon-us", "production", &fingerprint).unwrap();
    assert!(now < after, "{now} is before {after}");
    assert_eq!(stage.encrypts_from("amazon-us", "test", &fingerprint).unwrap(), after, "the other profile as before");
}

#[test]
fn a_profile_without_a_certificate_says_so_and_offers_to_import_one() {
    let mut stage = Stage::sample();
    stage.click_beginning("Northwind Retail, test");
    stage.touch("Certificates");
    stage.wait_for("No certificate of the partner yet");
    assert!(stage.sees("Write our certificate to a file…"));
    stage.touch("Import the certificate…");
    stage.touch("Use the sample's renewed certificate");
    // There is no old one here: it is to be used at once, and only here.
    stage.wait_for("Activate now for 1 profile");
    assert!(!stage.sees("In use"));
    stage.touch("Activate now for 1 profile");
    stage.wait_for("New certificate active for Northwind Retail, test");
    stage.wait_for(": Used for sending");
}
