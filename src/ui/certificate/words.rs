//! Certificates and instants in words, as this part of the window says them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::ProfileKind;
use crate::ui::moment::{Moment, count};

/// `28 Nov, 09:00`, in the zone in which it was stated; the zone is named where it is not the user's.
#[must_use]
pub(in crate::ui) fn stated(at: Timestamp, zone: Option<&str>, moment: &Moment) -> String {
    let home = moment.zone.iana_name();
    match zone.filter(|name| Some(*name) != home).and_then(|name| Some((name, TimeZone::get(name).ok()?))) {
        Some((name, zone)) => format!("{} {name}", moment.there(zone).day_and_time(at)),
        None => moment.day_and_time(at),
    }
}

/// The same with the zone always named, for what is told once and remembered.
#[must_use]
pub(in crate::ui) fn stated_fully(at: Timestamp, zone: Option<&str>, moment: &Moment) -> String {
    let said = stated(at, zone, moment);
    match zone.or(moment.zone.iana_name()) {
        Some(name) if !said.ends_with(name) => format!("{said} {name}"),
        _ => said,
    }
}

/// `SHA-256 with RSA`.
#[must_use]
pub(in crate::ui) fn signature(facts: &CertificateFacts) -> String {
    let scheme = match facts.signature.algorithm.as_str() {
        "rsa-pkcs1" => "RSA",
        "rsa-pss" => "RSA-PSS",
        "ecdsa" => "ECDSA",
        other => other,
    };
    facts.signature.hash.map_or_else(|| scheme.to_owned(), |hash| format!("{} with {scheme}", hash.label()))
}

/// `15 Dec 2023 – 14 Dec 2026`.
#[must_use]
pub(in crate::ui) fn validity(facts: &CertificateFacts, moment: &Moment) -> String {
    format!("{} – {}", moment.date(facts.not_before), moment.date(facts.not_after))
}

/// `21 days left`, `Ended`, `Not valid yet`, at an instant.
#[must_use]
pub(in crate::ui) fn days_left(facts: &CertificateFacts, at: Timestamp) -> String {
    if at < facts.not_before {
        return "Not valid yet".to_owned();
    }
    match facts.days_left(at) {
        days if days < 0 => "Ended".to_owned(),
        // By the calendar in UTC, as the matrix says it.
        0 if facts.not_after.as_second().div_euclid(86_400) > at.as_second().div_euclid(86_400) => {
            "Ends tomorrow".to_owned()
        }
        0 => "Ends today".to_owned(),
        days if days < 90 => format!("{} left", count(usize::try_from(days).unwrap_or(0), "day")),
        _ => "Valid".to_owned(),
    }
}

/// `digital signature, key encipherment`.
#[must_use]
pub(in crate::ui) fn usage(facts: &CertificateFacts) -> String {
    if facts.key_usage.is_empty() {
        return "Any".to_owned();
    }
    crate::domain::sentence::sentence(
        &facts
            .key_usage
            .iter()
            .map(|usage| usage.replace('-', " ").replace("non repudiation", "non-repudiation"))
            .collect::<Vec<_>>()
            .join(", "),
    )
}

/// A fingerprint in two lines of four groups, to be read aloud.
#[must_use]
pub(in crate::ui) fn grouped(fingerprint: &Fingerprint) -> [String; 2] {
    let line = |bytes: &[u8]| {
        let group = |four: &[u8]| four.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
        bytes.chunks(4).map(group).collect::<Vec<_>>().join("  ")
    };
    [line(&fingerprint.0[..16]), line(&fingerprint.0[16..])]
}

/// `Amazon Vendor US, production`.
#[must_use]
pub(in crate::ui) fn profile(name: &str, kind: ProfileKind) -> String {
    format!("{name}, {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_in_the_zone_it_was_stated_in() {
        let moment = Moment::new("2026-11-24T08:30:00Z".parse().unwrap(), TimeZone::get("Europe/Berlin").unwrap());
        let at: Timestamp = "2026-11-28T08:00:00Z".parse().unwrap();
        assert_eq!(stated(at, Some("Europe/Berlin"), &moment), "28 Nov, 09:00");
        assert_eq!(stated(at, Some("America/New_York"), &moment), "28 Nov, 03:00 America/New_York");
        assert_eq!(stated(at, None, &moment), "28 Nov, 09:00");
        assert_eq!(stated_fully(at, None, &moment), "28 Nov, 09:00 Europe/Berlin");
    }

    #[test]
    fn a_fingerprint_is_shown_in_groups() {
        let fingerprint = Fingerprint(std::array::from_fn(|index| u8::try_from(index).unwrap()));
        assert_eq!(grouped(&fingerprint)[0], "00:01:02:03  04:05:06:07  08:09:0A:0B  0C:0D:0E:0F");
    }
}
