//! The built-in test document: an X12 functional acknowledgement (997) that is marked as a test and acknowledges nothing.
//!
//! A 997 is what every partner's translator reads and none books: where it is taken for real by mistake, it refers to a
//! group that was never sent, and no order or invoice comes of it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::identifier::ProfileKind;

/// The highest interchange control number: nine digits (X12 element I12).
const LAST_CONTROL_NUMBER: u32 = 999_999_999;

/// The built-in test document.
#[derive(Clone, Copy, Debug)]
pub struct TestDocument;

impl TestDocument {
    /// The media type of the document.
    pub const CONTENT_TYPE: &'static str = "application/edi-x12";

    /// The document as text: X12 version 4010, element separator `*`, component separator `>`, every segment ended by `~`
    /// and a CRLF. ISA15 is `T`, so that a translator keeps it out of production.
    ///
    /// `sender` and `receiver` name the two sides in the envelope (qualifier `ZZ`, mutually defined); they are cut to 15
    /// characters, and what X12 does not allow in them, or uses as a separator, becomes a hyphen. `control_number` is
    /// taken as the nearest of 1 to 999,999,999. `at` is written in UTC.
    #[must_use]
    pub fn x12(sender: &str, receiver: &str, control_number: u32, at: Timestamp) -> String {
        let control = control_number.clamp(1, LAST_CONTROL_NUMBER);
        let (sender, receiver) = (party(sender), party(receiver));
        let when = TimeZone::UTC.to_datetime(at);
        let (date, time) = (date(when), format!("{:02}{:02}", when.hour(), when.minute()));
        let transaction = [
            "ST*997*0001".to_owned(),
            // AK1 and AK9: one purchase order group of one document, accepted.
            format!("AK1*PO*{control}"),
            "AK9*A*1*1*1".to_owned(),
        ];
        let mut segments = vec![
            format!(
                "ISA*00*{blank}*00*{blank}*ZZ*{sender:<15}*ZZ*{receiver:<15}*{short}*{time}*U*00401*{control:09}*0*T*>",
                blank = " ".repeat(10),
                short = &date[2..],
            ),
            format!("GS*FA*{sender:<2}*{receiver:<2}*{date}*{time}*{control}*X*004010"),
        ];
        // SE01 counts the segments of the transaction with ST and SE themselves.
        let count = transaction.len() + 1;
        segments.extend(transaction);
        segments.extend([format!("SE*{count}*0001"), format!("GE*1*{control}"), format!("IEA*1*{control:09}")]);
        segments.iter().map(|segment| format!("{segment}~\r\n")).collect()
    }

    /// With what its file name begins, by which it is known in the journal.
    pub const FILE_PREFIX: &'static str = "countersign-test-";

    /// Whether a file in the journal is a test document, by its name.
    #[must_use]
    pub fn is_named(file: Option<&str>) -> bool {
        file.is_some_and(|name| name.starts_with(Self::FILE_PREFIX))
    }

    /// The suggested file name, with the instant in UTC: `countersign-test-20261124-083000.x12`.
    #[must_use]
    pub fn file_name(at: Timestamp) -> String {
        let when = TimeZone::UTC.to_datetime(at);
        let (date, hour, minute, second) = (date(when), when.hour(), when.minute(), when.second());
        format!("{}{date}-{hour:02}{minute:02}{second:02}.x12", Self::FILE_PREFIX)
    }

    /// What will arrive when it is sent to this profile of a partner, in a sentence to be read before it is sent.
    #[must_use]
    pub fn what_arrives(partner: &str, profile: ProfileKind) -> String {
        let system = match profile {
            ProfileKind::Production => "production system",
            ProfileKind::Test => "test system",
        };
        format!(
            "The {system} of {partner} will receive one X12 997 (functional acknowledgement), marked as a test (ISA15 `T`), \
             that acknowledges nothing real"
        )
    }
}

/// Year, month and day in eight digits. Years that do not have four digits do not fit X12 and are cut to it.
fn date(when: DateTime) -> String {
    format!("{:04}{:02}{:02}", when.year().rem_euclid(10_000), when.month(), when.day())
}

/// A party's identifier for ISA06, ISA08, GS02 and GS03: 1 to 15 characters of the X12 basic and extended sets without
/// the separators in use.
fn party(name: &str) -> String {
    let legal =
        |character: char| character.is_ascii_alphanumeric() || " !\"&'()+,-./:;?=%@[]_{}\\|<#$".contains(character);
    let cleaned: String =
        name.trim().chars().take(15).map(|character| if legal(character) { character } else { '-' }).collect();
    let cleaned = cleaned.trim_end();
    // A mandatory element cannot be empty.
    if cleaned.is_empty() { "UNKNOWN".to_owned() } else { cleaned.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(sender: &str, receiver: &str, control: u32) -> String {
        TestDocument::x12(sender, receiver, control, "2026-11-24T08:30:15Z".parse().unwrap())
    }

    #[test]
    fn is_a_997_marked_as_test() {
        assert_eq!(
            document("ACMEVC", "AMAZONEDI", 42),
            "ISA*00*          *00*          *ZZ*ACMEVC         *ZZ*AMAZONEDI      *261124*0830*U*00401*000000042*0*T*>~\r\n\
             GS*FA*ACMEVC*AMAZONEDI*20261124*0830*42*X*004010~\r\n\
             ST*997*0001~\r\n\
             AK1*PO*42~\r\n\
             AK9*A*1*1*1~\r\n\
             SE*4*0001~\r\n\
             GE*1*42~\r\n\
             IEA*1*000000042~\r\n"
        );
    }

    #[test]
    fn keeps_its_fixed_width_and_its_counts_whatever_the_names() {
        let long = "x".repeat(200);
        for (sender, receiver, control) in [
            ("A", "B", 1),
            ("", "  ", 0),
            ("a*b~c>d^e`f", "M\u{fc}ller \u{1f600} GmbH and more", u32::MAX),
            (long.as_str(), "one\r\ntwo", LAST_CONTROL_NUMBER),
        ] {
            let text = document(sender, receiver, control);
            assert!(text.is_ascii());
            assert_eq!(text.find('~'), Some(105), "{text}");
            let segments: Vec<&str> = text.split_terminator("~\r\n").collect();
            let isa: Vec<&str> = segments[0].split('*').collect();
            assert_eq!((isa.len(), isa[13].len(), isa[15], isa[16]), (17, 9, "T", ">"), "{text}");
            assert!(isa[13].parse::<u32>().unwrap() >= 1);
            let names = segments.iter().map(|segment| segment.split('*').next().unwrap()).collect::<Vec<_>>();
            assert_eq!(names, ["ISA", "GS", "ST", "AK1", "AK9", "SE", "GE", "IEA"]);
            let gs: Vec<&str> = segments[1].split('*').collect();
            assert!([gs[2], gs[3]].iter().all(|id| (2..=15).contains(&id.len())), "{text}");
            assert_eq!(segments[6], format!("GE*1*{}", gs[6]));
            assert_eq!(segments[7], format!("IEA*1*{}", isa[13]));
        }
    }

    #[test]
    fn survives_the_ends_of_time() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert!(TestDocument::is_named(Some(&TestDocument::file_name(at))));
            assert_eq!(TestDocument::x12("A", "B", 1, at).find('~'), Some(105));
            assert!(TestDocument::file_name(at).ends_with(".x12"));
        }
        assert_eq!(
            TestDocument::file_name("2026-11-24T08:30:15Z".parse().unwrap()),
            "countersign-test-20261124-083015.x12"
        );
    }
}
