//! iCalendar files (RFC 5545): what is needed to write events, and no more.
//!
//! Ours, because the crate for it brings `chrono` and leaves UID and DTSTAMP, which decide whether a second import doubles
//! an event, to chance.

use jiff::Timestamp;
use jiff::tz::Offset;

/// The most octets of a line, without its end (RFC 5545 section 3.1).
const LINE: usize = 75;

/// An alarm before an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// So many days before.
    Days(u16),
    /// So many minutes before.
    Minutes(u16),
}

/// Something that happens at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The same in every file: by it a calendar knows the event again.
    pub(super) uid: String,
    /// When.
    pub(super) at: Timestamp,
    /// In a line.
    pub(super) summary: String,
    /// More of it; line ends are kept.
    pub(super) description: String,
    /// A word to group by.
    pub(super) category: &'static str,
    /// When it is reminded of.
    pub(super) alarms: Vec<Alarm>,
}

/// A calendar with these events, written at an instant.
pub(super) fn calendar(name: &str, events: &[Event], written: Timestamp) -> String {
    let mut out = String::new();
    line(&mut out, "BEGIN:VCALENDAR");
    line(&mut out, "VERSION:2.0");
    line(&mut out, concat!("PRODID:-//Countersign//Countersign ", env!("CARGO_PKG_VERSION"), "//EN"));
    line(&mut out, "CALSCALE:GREGORIAN");
    line(&mut out, "METHOD:PUBLISH");
    line(&mut out, &format!("X-WR-CALNAME:{}", text(name)));
    for event in events {
        line(&mut out, "BEGIN:VEVENT");
        line(&mut out, &format!("UID:{}", text(&event.uid)));
        line(&mut out, &format!("DTSTAMP:{}", instant(written)));
        line(&mut out, &format!("DTSTART:{}", instant(event.at)));
        line(&mut out, "DURATION:PT15M");
        line(&mut out, &format!("SUMMARY:{}", text(&event.summary)));
        line(&mut out, &format!("DESCRIPTION:{}", text(&event.description)));
        line(&mut out, &format!("CATEGORIES:{}", text(event.category)));
        // Nobody is busy because a certificate ends.
        line(&mut out, "TRANSP:TRANSPARENT");
        for alarm in &event.alarms {
            line(&mut out, "BEGIN:VALARM");
            line(&mut out, "ACTION:DISPLAY");
            line(&mut out, &format!("DESCRIPTION:{}", text(&event.summary)));
            line(
                &mut out,
                &match alarm {
                    Alarm::Days(days) => format!("TRIGGER:-P{days}D"),
                    Alarm::Minutes(minutes) => format!("TRIGGER:-PT{minutes}M"),
                },
            );
            line(&mut out, "END:VALARM");
        }
        line(&mut out, "END:VEVENT");
    }
    line(&mut out, "END:VCALENDAR");
    out
}

/// `20261128T080000Z` (section 3.3.5, form 2).
fn instant(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text value (section 3.3.11). Control characters but line ends have no place in it.
fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            ';' => escaped.push_str("\\;"),
            ',' => escaped.push_str("\\,"),
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push(' '),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// Writes a line, folded before its octets are too many and never within a character.
fn line(out: &mut String, content: &str) {
    let mut octets = 0;
    for character in content.chars() {
        let more = character.len_utf8();
        if octets + more > LINE {
            // The space that says so counts too.
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(character);
        octets += more;
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(summary: &str) -> Event {
        Event {
            uid: "end-4fa2@countersign".to_owned(),
            at: "2026-12-14T23:59:59Z".parse().unwrap(),
            summary: summary.to_owned(),
            description: "one\ntwo".to_owned(),
            category: "Certificate ends",
            alarms: vec![Alarm::Days(30), Alarm::Minutes(60)],
        }
    }

    fn written(summary: &str) -> String {
        calendar("Acme", &[event(summary)], "2026-11-26T00:00:00Z".parse().unwrap())
    }

    /// As a reader unfolds and unescapes it.
    fn read_back(file: &str, property: &str) -> String {
        let unfolded = file.replace("\r\n ", "");
        let line = unfolded.split("\r\n").find_map(|line| line.strip_prefix(property)).unwrap();
        let mut out = String::new();
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match (character, character == '\\') {
                (_, true) => match characters.next().unwrap() {
                    'n' => out.push('\n'),
                    other => out.push(other),
                },
                (other, false) => out.push(other),
            }
        }
        out
    }

    #[test]
    fn an_event_has_what_a_calendar_wants() {
        let file = written("a; b, c\\d");
        for line in [
            "BEGIN:VCALENDAR",
            "UID:end-4fa2@countersign",
            "DTSTAMP:20261126T000000Z",
            "DTSTART:20261214T235959Z",
            "SUMMARY:a\\; b\\, c\\\\d",
            "DESCRIPTION:one\\ntwo",
            "TRIGGER:-P30D",
            "TRIGGER:-PT60M",
            "END:VCALENDAR",
        ] {
            assert!(file.contains(&format!("{line}\r\n")), "{line} in {file}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_every_text_comes_back(summary in "\\PC{0,200}") {
            let file = written(&summary);
            for line in file.split("\r\n") {
                prop_assert!(line.len() <= LINE, "{line}");
                prop_assert!(!line.contains(['\r', '\n']));
            }
            prop_assert_eq!(read_back(&file, "SUMMARY:"), summary);
        }
    }
}
