use std::collections::BTreeSet;

use super::software::software;
use super::wording::IN_GENERAL;
use super::*;
use crate::domain::connection::Profile;

fn lines(entry: &'static Entry) -> Vec<&'static str> {
    entry.sentences(None).into_iter().chain(entry.to_do(None)).collect()
}

#[test]
fn every_file_is_readable_and_well_formed() {
    let mut keys = BTreeSet::new();
    for text in FILES {
        let family: Family = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        assert!(!family.title.is_empty() && !family.entries.is_empty());
        for entry in family.entries {
            assert!(keys.insert(entry.key.clone()), "{} stands there twice", entry.key);
        }
    }
    assert_eq!(entries().count(), keys.len());
    for entry in entries() {
        let told = &entry.key;
        assert!(
            entry.key.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-'),
            "{told}"
        );
        assert!(entry.cause.starts_with(|first: char| first.is_uppercase()) && !entry.cause.ends_with('.'), "{told}");
        assert!(!entry.what.is_empty() && !entry.source.trim().is_empty(), "{told}");
        let well = entry.side == Blame::Nobody && entry.key.starts_with("delivered");
        assert!(well || !entry.to_do(None).is_empty(), "{told} says nothing to do");
        for line in lines(entry) {
            assert!(!line.trim().is_empty() && !line.ends_with(['.', ':']), "{told}: {line}");
            for place in line.split('{').skip(1) {
                let name = place.split('}').next().unwrap();
                assert!(IN_GENERAL.iter().any(|(known, _)| *known == name), "{told}: {{{name}}} cannot be filled");
            }
        }
        for line in &entry.steps {
            if let Line::Shared { shared } = line {
                assert!(!shared_steps(shared).is_empty(), "{told}: there is no {shared}");
            }
        }
    }
}

#[test]
fn every_button_sets_what_can_be_set() {
    let (id, url) = ("A".parse().unwrap(), "https://x.example/".parse().unwrap());
    let fresh = Profile::fresh(&id, &id, &url, &"us".parse().unwrap()).unwrap();
    let takes = |setting: &str, value: &str| {
        fresh.with_changes(&[(setting.to_owned(), value.to_owned())]).map(|_| ()).map_err(|error| error.to_string())
    };
    for entry in entries() {
        for button in &entry.buttons {
            let told = format!("{}: {button:?}", entry.key);
            assert_eq!(button.setting.is_some(), button.kind == ButtonKind::EditSetting, "{told}");
            if let (Some(setting), Some(value)) = (&button.setting, &button.value) {
                assert_eq!(takes(setting, value), Ok(()), "{told}");
            }
        }
    }
    for each in software() {
        for switch in &each.switches {
            for value in switch.instead_of.iter().chain([&switch.value]) {
                assert_eq!(takes(&switch.setting, value), Ok(()), "{}: {switch:?}", each.key);
            }
        }
    }
}

#[test]
fn no_spelling_belongs_to_two_entries() {
    let mut seen = BTreeSet::new();
    for entry in entries() {
        for spelling in &entry.matches {
            assert!(seen.insert(spelling.clone()), "{spelling} stands at {} and before", entry.key);
            let status = spelling.parse::<u16>().ok();
            let found = status.map_or_else(|| of_reason(spelling), of_status);
            assert_eq!(found.map(|found| &found.key), Some(&entry.key), "{spelling}");
            assert!(status.is_some() || *spelling == reason_key(spelling), "{spelling}");
        }
    }
}

#[test]
fn what_partners_write_leads_to_its_entry() {
    for (text, key) in [
        ("automatic-action/MDN-sent-automatically; processed", "delivered"),
        ("automatic-action/MDN-sent-automatically; processed/error: decryption-failed", "decryption-failed"),
        (
            "Disposition: automatic-action/MDN-sent-automatically; processed/Error: Decryption_Failed, sorry",
            "decryption-failed",
        ),
        ("processed/error: unable to decrypt", "decryption-failed"),
        ("processed/error: authentication-failed", "authentication-failed"),
        ("processed/warning: authentication-failed, processing continued", "warning-authentication"),
        ("processed/warning: duplicate-document", "warning-duplicate"),
        ("processed/error: duplicate-document", "duplicate-document"),
        ("failed/Failure: unsupported format", "unsupported-format"),
        ("failed/Failure: unsupported MIC-algorithms", "unsupported-mic-algorithms"),
        ("failed/failure: sender-equals-receiver", "sender-equals-receiver"),
        ("processed/error: unexpected-processing-error", "unexpected-processing-error"),
        ("processed/error: insufficient-message-security", "insufficient-message-security"),
        ("processed/error: decompression-failed", "decompression-failed"),
        ("processed/error: integrity-check-failed", "integrity-check-failed"),
        ("processed/error: unknown-trading-relationship", "unknown-trading-partner"),
        ("processed/error: invalid-message-id", "invalid-message-id"),
        ("processed/error: illegal-filename", "illegal-filename"),
        ("processed/error: duplicate-filename", "duplicate-filename"),
        ("automatic-action/MDN-sent-automatically; error: x", "refused-for-a-reason-of-its-own"),
        ("automatic-action/MDN-sent-automatically; failed", "refused-without-reason"),
        ("manual-action/MDN-sent-manually; displayed", "undecided"),
        ("automatic-action/MDN-sent-automatically; dispatched", "undecided"),
        ("manual-action/MDN-sent-manually; deleted", "denied"),
        ("denied", "denied"),
        ("404", "http-404"),
        ("HTTP/1.1 503 Service Unavailable", "http-503"),
        ("HTTP status 418", "http-4xx"),
        ("tls-expired", "tls-expired"),
        ("Unknown_Trading_Partner", "unknown-trading-partner"),
    ] {
        let (found, _) = look_up(text);
        assert_eq!(found.iter().map(|each| each.key).collect::<Vec<_>>(), [key], "{text}");
        assert!(!found[0].explanation.is_empty() && !found[0].explanation.join("").contains('{'), "{text}");
    }
    let (found, _) = look_up("certificate self-signed");
    assert!(found.iter().any(|each| each.key == "tls-self-signed"), "{found:?}");
    assert_eq!(look_up("zzzyx").0, []);
    assert_eq!(look_up("").0, []);
}

#[test]
fn software_is_recognised_by_what_it_says_of_itself() {
    assert!(software().len() > 10);
    for each in software() {
        let said = [("Server".to_owned(), each.example.clone())];
        let found = recognise(&said, "X").unwrap_or_else(|| panic!("{} is not recognised", each.key));
        assert_eq!(found.software.key, each.key, "{}", each.example);
        assert!(found.in_words().contains(&each.example));
        assert!(each.holds.iter().all(|word| *word == word.to_lowercase()) && !each.source.is_empty());
        for line in each.knows.iter().chain(each.switches.iter().map(|switch| &switch.why)) {
            assert!(
                !line.ends_with('.') && line.starts_with(|first: char| first.is_lowercase()),
                "{}: {line}",
                each.key
            );
        }
    }
    assert!(recognise(&[("Server".to_owned(), "nginx".to_owned())], "ACME").is_none());
    assert!(recognise(&[], "AMAZONEDI").is_some_and(|found| found.by.is_none()));
    let (found, products) = look_up("mendelson");
    assert_eq!((found.len(), products.len()), (0, 1));
}

#[test]
fn what_two_products_have_in_their_names_is_told_apart() {
    for (field, said, key) in [
        ("Reporting-UA", "ph-OpenAS2/AS2-lib/6.2.0", "phase2"),
        ("Message-ID", "<ph-OpenAS2-24092019223921+0200-0150@A_B>", "phase2"),
        ("Server", "OpenAS2 v4.9.0 - (AS2)", "openas2"),
    ] {
        let said = [(field.to_owned(), said.to_owned())];
        assert_eq!(recognise(&said, "A").map(|found| found.software.key.as_str()), Some(key), "{said:?}");
    }
}

#[test]
fn every_text_reads_well_where_there_is_no_transmission_to_fill_it_from() {
    let texts = |key: &str| {
        let (found, _) = look_up(key);
        found.into_iter().flat_map(|each| [each.explanation, each.remedy].concat()).collect::<Vec<_>>().join("\n")
    };
    for (key, reads) in [
        ("unexpected-processing-error", "went wrong at the time of the attempt, by the Message-ID in the evidence"),
        ("tls-expired", "See that this machine's clock is right\n"),
        ("broken-sending", "ask the partner how big a message may be\n"),
        ("timeout-waiting", "did not answer within the time that the profile allows"),
        ("connect-timeout", "whether connections to the partner's host and port may go out"),
        ("warning", "adds the warning that it names"),
        ("received-for-an-unknown-certificate", "the certificate with another issuer and number, which"),
    ] {
        assert!(format!("{}\n", texts(key)).contains(reads), "{key}: {}", texts(key));
    }
}
