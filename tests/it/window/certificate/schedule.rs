//! When a certificate goes active: the date, the time and the zone, and changing that later.

use countersign::app::CertificateSource;
use countersign::ui::Intent;
use egui::{Key, Modifiers};
use serde_json::Value;

use super::Stage;

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
    for seen in [
        ": Used for sending",
        "Signatures made with it are accepted until",
        "Came from: amazon-renewed.cer",
        "acme-2026",
    ] {
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
    let back = stage.button_beginning("Roll back to ").unwrap();
    stage.touch(&back);
    stage.wait_for("Rolled back to the certificate before");
    stage.wait_for("is still accepted for signatures");
    stage.touch("Stop accepting it");
    stage.wait_for("The certificate is accepted no longer");
    assert_eq!(stage.encrypts_from("amazon-us", "production", &fingerprint), None);
    assert!(stage.uses("amazon-us", "production").iter().all(|entry| entry["fingerprint"] != fingerprint.as_str()));
    stage.wait_gone("Stop accepting it");
    stage.wait_gone("Roll back to ");
    assert_eq!(stage.encrypts_from("amazon-us", "test", &fingerprint).unwrap(), after, "the other profile as before");
}

/// Presses and lets go within one frame, as a touchpad does.
fn tap(stage: &mut Stage, label: &str) {
    stage.get(label).scroll_to_me();
    stage.settle();
    let pos = stage.get(label).rect().center();
    let button = egui::PointerButton::Primary;
    let press = |pressed| egui::Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
    stage.harness.input_mut().events.extend([egui::Event::PointerMoved(pos), press(true), press(false)]);
    stage.harness.step();
    stage.settle();
}

#[test]
fn what_opens_in_a_dialog_lies_above_it_however_fast_the_click_and_a_click_beside_the_dialog_loses_nothing() {
    let mut stage = Stage::sample();
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    for _ in 0..3 {
        tap(&mut stage, "Date");
        assert!(stage.sees("Month after"));
        let later = stage.get("Month after").rect().center();
        let top = stage.harness.ctx.layer_id_at(later);
        let dialog = stage.harness.ctx.memory(|memory| memory.top_modal_layer());
        assert!(top.is_some() && top != dialog, "the month lies behind the dialog");
        tap(&mut stage, "Time zone");
        assert!(stage.sees("Search time zones"));
        let field = stage.get("Search time zones").rect().center();
        assert_ne!(stage.harness.ctx.layer_id_at(field), dialog, "the zones lie behind the dialog");
    }
    stage.press(Modifiers::NONE, Key::Escape);
    let beside = egui::pos2(8.0, 400.0);
    for pressed in [true, false] {
        let button = egui::PointerButton::Primary;
        let event = egui::Event::PointerButton { pos: beside, button, pressed, modifiers: Modifiers::NONE };
        stage.harness.input_mut().events.extend([egui::Event::PointerMoved(beside), event]);
        stage.harness.step();
    }
    stage.settle();
    assert!(stage.sees("Schedule for 2 profiles"), "{:#?}", stage.labels());
}
