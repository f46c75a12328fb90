//! The page of certificates, and what is told of certificates over time elsewhere in the window.

use countersign::app::CertificateSource;
use countersign::ui::Intent;
use egui::{Key, Modifiers};

use super::Stage;

impl Stage {
    /// Schedules Amazon's renewed certificate for both profiles.
    fn schedule_amazon(&mut self) {
        let source = CertificateSource::File(self.renewed("amazon-us"));
        let connection = Some("amazon-us".parse().unwrap());
        self.harness.state_mut().intend(Intent::NewCertificate { connection, profile: None, source: Some(source) });
        self.wait_for("Schedule for 2 profiles");
        self.touch("Schedule for 2 profiles");
        self.wait_for("New certificate scheduled");
    }

    fn go_to_certificates(&mut self) {
        self.press(Modifiers::COMMAND, Key::Num3);
        self.wait_for("Sort by Valid until");
    }

    /// The rows of the table, each as its sentence.
    fn rows(&self) -> Vec<String> {
        self.labels().into_iter().filter(|label| label.contains(", valid until ")).collect()
    }
}

#[test]
fn every_certificate_is_listed_searched_filtered_and_sorted() {
    let mut stage = Stage::sample();
    assert!(
        stage.labels().iter().any(|label| label.starts_with("Certificates, ") && label.ends_with("end within 45 days"))
    );
    stage.go_to_certificates();
    let all = stage.rows();
    assert!(all.iter().any(|row| row.contains(", Ours, ")), "{all:#?}");
    assert!(all.iter().any(|row| row.contains(", Partner, Amazon Vendor US")), "{all:#?}");
    assert!(all.iter().any(|row| row.contains("No successor yet")), "{all:#?}");
    stage.fill("Search certificates", "amazon");
    let found = stage.rows();
    assert!(!found.is_empty() && found.len() < all.len(), "{found:#?}");
    stage.fill("Search certificates", "no such certificate");
    stage.wait_for("No certificate matches");
    stage.click("Show all certificates");
    assert_eq!(stage.rows().len(), all.len());
    stage.click("Whose");
    stage.click("Ours");
    let ours = stage.rows();
    assert!(!ours.is_empty() && ours.iter().all(|row| row.contains(", Ours, ")), "{ours:#?}");
    stage.click("Whose");
    stage.click("All");
    stage.click("Ending");
    stage.click("Ends in 30 days");
    let soon = stage.rows();
    assert!(
        soon.len() < all.len() && soon.iter().all(|row| row.contains(" day") || row.contains("ended")),
        "{soon:#?}"
    );
}

#[test]
fn a_certificate_is_opened_cancelled_undone_activated_and_rolled_back_from_the_page() {
    let mut stage = Stage::sample();
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    stage.schedule_amazon();
    stage.go_to_certificates();
    stage.click("Standing");
    stage.click("Scheduled");
    stage.wait_for("Goes active");
    let row = stage.rows().into_iter().find(|row| row.contains("Goes active")).unwrap();
    stage.click(&row);
    stage.wait_for("Used by");
    for seen in ["SHA-256 fingerprint", "Timeline; in use", "goes active", "Subject: ", "Zoom into the timeline"] {
        assert!(stage.sees(seen), "{seen}: {:#?}", stage.labels());
    }
    let at = stage.encrypts_from("amazon-us", "production", &fingerprint).unwrap();
    stage.touch("Cancel the schedule, 2 profiles");
    stage.wait_for("The schedule was cancelled");
    assert_eq!(stage.encrypts_from("amazon-us", "production", &fingerprint), None);
    stage.click("Undo");
    stage.wait_for("The change was taken back");
    for profile in ["production", "test"] {
        assert_eq!(stage.encrypts_from("amazon-us", profile, &fingerprint).as_ref(), Some(&at));
    }
    stage.wait_for("Activate now…, 2 profiles");
    stage.touch("Activate now…, 2 profiles");
    stage.wait_for("Activate the certificate now?");
    stage.click("Activate now");
    stage.wait_for("The certificate is active");
    stage.wait_for("Roll back, 2 profiles");
    stage.touch("Roll back, 2 profiles");
    stage.wait_for("Rolled back to the certificate before");
    // Leads to the connection, where the same is offered for one profile.
    stage.touch("Amazon Vendor US, production");
    stage.wait_for("Roll back to");
    stage.wait_for("Used for sending");
}

#[test]
fn the_timeline_is_zoomed_and_read_without_seeing_it() {
    let mut stage = Stage::sample();
    stage.schedule_amazon();
    stage.go_to_certificates();
    stage.click("Timeline by profile");
    stage.wait_for("Certificates over time");
    assert!(stage.sees("Amazon Vendor US, production; in use"), "{:#?}", stage.labels());
    assert!(stage.sees("nothing valid from"), "{:#?}", stage.labels());
    stage.click("Zoom into the timeline");
    stage.click("Fit the timeline");
    stage.click("Timeline by certificate");
    assert!(stage.sees("Certificates over time"));
    stage.click("List");
    stage.wait_for("Sort by Valid until");
}

#[test]
fn a_page_without_certificates_says_what_to_do() {
    let mut stage = Stage::empty();
    stage.press(Modifiers::COMMAND, Key::Num3);
    stage.wait_for("No certificate yet");
    stage.click("New connection…");
    stage.wait_for("New connection");
}

#[test]
fn the_successor_of_one_that_production_alone_uses_is_for_production_alone() {
    let mut stage = Stage::sample();
    stage.go_to_certificates();
    let row = stage.rows().into_iter().find(|row| row.contains(", Partner, Northwind Retail, production")).unwrap();
    stage.click(&row);
    stage.wait_for("Import its successor…");
    stage.touch("Import its successor…");
    stage.touch("Use the sample's renewed certificate");
    // Test has none, and is not taken along.
    stage.wait_for("Schedule for 1 profile");
}

#[test]
fn an_identity_that_is_to_sign_later_is_listed_with_its_profiles_and_in_the_timeline() {
    let mut stage = Stage::sample();
    stage.cli(&["identity", "create", "acme-2028b"]);
    let at = (stage.harness.state().snapshot().unwrap().at + jiff::SignedDuration::from_hours(24 * 20)).to_string();
    stage.cli(&["identity", "rollover", "acme-2026", "acme-2028b", "--at", &at, "--connection", "amazon-us"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.go_to_certificates();
    stage.wait_for("acme-2028b, Ours, Amazon Vendor US, both");
    let next = stage.rows().into_iter().find(|row| row.starts_with("acme-2028b, ")).unwrap();
    assert!(next.contains("Goes active"), "{next}");
    stage.click(&next);
    stage.wait_for("decrypts already");
    stage.click("Timeline by certificate");
    stage.wait_for("Certificates over time");
    assert!(stage.sees("acme-2028b, Ours, Amazon Vendor US, both"), "{:#?}", stage.labels());
}

#[test]
fn the_inspector_does_not_ask_for_a_certificate_that_is_scheduled() {
    let mut stage = Stage::sample();
    stage.click_beginning("Amazon Vendor US, production");
    stage.wait_for("the partner's certificate is to be imported");
    stage.schedule_amazon();
    stage.wait_gone("the partner's certificate is to be imported");
    stage.wait_for("The partner's new certificate is scheduled and goes active on");
}

#[test]
fn a_certificate_that_no_profile_has_is_removed_from_its_page() {
    let mut stage = Stage::sample();
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    stage.schedule_amazon();
    stage.go_to_certificates();
    stage.click("Standing");
    stage.click("Scheduled");
    stage.wait_for("Goes active");
    let row = stage.rows().into_iter().find(|row| row.contains("Goes active")).unwrap();
    stage.click(&row);
    stage.wait_for("Used by");
    assert!(!stage.sees("Remove…"), "what is scheduled is not offered to be removed");
    stage.touch("Cancel the schedule, 2 profiles");
    stage.wait_for("No profile uses it");
    stage.touch("Remove…");
    stage.wait_for("It is taken out of this workspace");
    assert!(stage.cli(&["certificate", "list"]).contains(&fingerprint), "nothing is removed by asking");
    stage.click("Remove certificate");
    stage.wait_for("The certificate was removed");
    stage.wait_for("Not in the workspace any more");
    assert!(!stage.cli(&["certificate", "list"]).contains(&fingerprint));
    // What is taken back afterwards does not bring it back into a profile.
    stage.click("Undo");
    stage.wait_for("was removed meanwhile");
    assert_eq!(stage.encrypts_from("amazon-us", "production", &fingerprint), None);
}

#[test]
fn the_activation_that_another_one_would_cancel_is_named_before_anything_is_done() {
    let mut stage = Stage::sample();
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    let fingerprint: countersign::domain::certificate::Fingerprint = fingerprint.parse().unwrap();
    stage.schedule_amazon();
    let source = Some(CertificateSource::File(stage.renewed("northwind")));
    let connection = Some("amazon-us".parse().unwrap());
    stage.harness.state_mut().intend(Intent::NewCertificate { connection, profile: None, source });
    stage.wait_for(&format!("The activation of {} that is scheduled for", fingerprint.short()));
    assert!(stage.sees("would be cancelled") && !stage.sees("is cancelled"), "{:#?}", stage.labels());
}
