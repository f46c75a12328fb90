//! The samples of the usual documents under `tests/fixtures/documents`: whole ones, odd ones, broken ones, large ones.

use std::fs;
use std::io::{self, Cursor, Read};
use std::path::Path;

use super::acknowledgement::{Level, Outcome, read as acknowledged};
use crate::domain::document_facts::DocumentFacts;

use super::{Outline, Segment, SegmentReader, Standard, names};

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/documents").join(name)).unwrap()
}

fn outline(name: &str) -> Outline {
    Outline::read(Cursor::new(sample(name))).unwrap().unwrap_or_else(|| panic!("{name} is no interchange"))
}

fn told(name: &str) -> Vec<(u64, String)> {
    outline(name).problems.into_iter().map(|problem| (problem.segment, problem.what)).collect()
}

#[test]
fn the_usual_documents_are_read_whole_and_nothing_is_wrong_with_them() {
    let x12 = |name, kind, control| (name, Standard::X12, kind, control);
    let edifact = |name, kind, control| (name, Standard::Edifact, kind, control);
    let usual = [
        x12("850.x12", "850", "000077120"),
        x12("855.x12", "855", "000000553"),
        x12("856.x12", "856", "000009931"),
        x12("810.x12", "810", "000020933"),
        x12("846.x12", "846", "000000041"),
        x12("997.x12", "997", "000000412"),
        x12("997-rejected.x12", "997", "000000413"),
        x12("999.x12", "999", "000000414"),
        x12("odd-control-characters.x12", "850", "000000078"),
        x12("odd-newline-terminator.x12", "850", "000000079"),
        x12("odd-crlf-between.x12", "850", "000000080"),
        edifact("ORDERS.edi", "ORDERS", "77121"),
        edifact("ORDRSP.edi", "ORDRSP", "554"),
        edifact("DESADV.edi", "DESADV", "9932"),
        edifact("INVOIC.edi", "INVOIC", "20934"),
        edifact("CONTRL.edi", "CONTRL", "5001"),
        edifact("odd-una.edi", "ORDERS", "77122"),
        edifact("odd-syntax-4.edi", "ORDERS", "77123"),
        ("ORDERS.tradacoms", Standard::Tradacoms, "ORDHDR", "000412"),
    ];
    for (name, standard, kind, control) in usual {
        let found = outline(name);
        assert_eq!(found.problems, [], "{name}");
        assert_eq!((found.standard, found.interchange_count), (standard, 1), "{name}");
        assert_eq!(found.interchanges[0].control.as_deref(), Some(control), "{name}");
        assert_eq!(found.messages[0].kind.as_deref(), Some(kind), "{name}");
        assert!(names::message(standard, kind).is_some(), "{kind} has no name");
        assert_eq!(found.bytes, sample(name).len() as u64, "{name}");
        let segments = found.segments(Cursor::new(sample(name)), 0, 1000).unwrap();
        assert_eq!(segments.len() as u64, found.segments, "{name}");
        for segment in &segments {
            assert!(names::segment(standard, &segment.tag).is_some(), "{} of {name} has no name", segment.tag);
        }
    }
}

#[test]
fn control_numbers_parties_and_versions_are_those_of_the_envelopes() {
    let found = outline("856.x12");
    let interchange = &found.interchanges[0];
    assert_eq!((interchange.sender.as_deref(), interchange.receiver.as_deref()), (Some("ACME"), Some("AMAZON")));
    assert!(!interchange.test);
    let message = &found.messages[0];
    let known = [&message.control, &message.group, &message.group_kind, &message.version, &message.interchange];
    let known: Vec<&str> = known.into_iter().map(|value| value.as_deref().unwrap()).collect();
    assert_eq!(known, ["0001", "9931", "SH", "005010", "000009931"]);
    assert_eq!((message.segment, message.segments), (2, Some(18)));

    let found = outline("ORDERS.edi");
    assert_eq!(found.interchanges[0].sender.as_deref(), Some("4012345000009"));
    assert_eq!(found.interchanges[0].version.as_deref(), Some("UNOC:3"));
    assert_eq!(found.messages[0].version.as_deref(), Some("D:96A:UN:EAN008"));
    let party = found.segments(Cursor::new(sample("ORDERS.edi")), 7, 1).unwrap().remove(0);
    assert_eq!(party.element(5), Some("Straße 1+2"), "Latin-1, and a delimiter that was released: {party:?}");
    assert_eq!(outline("ORDERS.tradacoms").message_count, 3);
    let two = outline("two-interchanges.x12");
    assert_eq!((two.interchange_count, two.messages[1].interchange.as_deref()), (2, Some("000000079")));
    assert_eq!(two.problems, []);
}

#[test]
fn what_is_broken_is_told_with_where_and_the_rest_is_read_all_the_same() {
    assert_eq!(
        told("broken-counts.x12"),
        [
            (15, "SE counts 12, and there are 14 segments".to_owned()),
            (16, "GE counts 2, and there is 1 message".to_owned()),
            (17, "ISA has the control number 000077120 and IEA has 000077129".to_owned()),
        ]
    );
    let cut = told("broken-cut-off.x12");
    let said: Vec<&str> = cut.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(
        said,
        [
            "the last segment has no end: the file may be cut off",
            "ST 0001 is never ended: SE is missing",
            "GS 77120 is never ended: GE is missing",
            "ISA 000077120 is never ended: IEA is missing"
        ]
    );
    assert_eq!(told("broken-no-trailer.x12"), [(15, "ST 0001 is never ended: SE is missing".to_owned())]);
    let short = told("broken-short-isa.x12");
    assert!(short.len() == 1 && short[0].1.contains("lengths that X12 fixes"), "{short:?}");
    let garbage = told("broken-garbage.x12");
    assert_eq!(garbage[0], (4, "“ref” is no segment tag".to_owned()));
    assert_eq!(garbage[1], (5, "“<html>oops” is no segment tag".to_owned()));
    assert_eq!(garbage[2].1, "SE counts 14, and there are 15 segments");
    assert_eq!(
        told("broken-counts.edi"),
        [
            (18, "UNT counts 17, and there are 18 segments".to_owned()),
            (18, "UNH has the control number 1 and UNT has 2".to_owned()),
            (19, "UNZ counts 3, and there is 1 message".to_owned()),
        ]
    );
    let unescaped = told("broken-unescaped.edi");
    assert!(unescaped[0].1.contains("no segment tag") && unescaped[1].1.contains("UNT counts 18"), "{unescaped:?}");
    assert!(Outline::read(&b"<?xml version=\"1.0\"?><Order/>"[..]).unwrap().is_none());
    assert!(Outline::read(&b""[..]).unwrap().is_none());
}

#[test]
fn functional_acknowledgements_name_what_they_are_about_and_say_why() {
    let read = |name: &str| acknowledged(Cursor::new(sample(name))).unwrap();
    let accepted = read("997.x12");
    let levels: Vec<_> = accepted.iter().map(|each| (each.level, each.outcome)).collect();
    assert_eq!(levels, [(Level::Message, Outcome::Accepted), (Level::Group, Outcome::Accepted)]);
    let first = &accepted[0];
    assert_eq!((first.group.as_deref(), first.group_kind.as_deref()), (Some("9931"), Some("SH")));
    assert_eq!((first.message.as_deref(), first.kind.as_deref()), (Some("0001"), Some("856")));

    let rejected = read("997-rejected.x12");
    assert_eq!(rejected[0].outcome, Outcome::Rejected);
    assert_eq!(
        rejected[0].reasons,
        [
            "Rejected",
            "One or more segments in error",
            "IT1 (segment 8): Segment has data element errors",
            "Element 7: Invalid code value, it holds “999”"
        ]
    );
    assert_eq!((rejected[1].outcome, rejected[1].message.as_deref()), (Outcome::WithErrors, Some("0002")));
    assert_eq!((rejected[2].level, rejected[2].outcome), (Level::Group, Outcome::Partly));

    let guide = read("999.x12");
    assert!(guide[0].reasons.iter().any(|why| why.contains("guide")), "{:?}", guide[0].reasons);
    let whole = read("ta1.x12");
    assert_eq!((whole[0].level, whole[0].interchange.as_deref()), (Level::Interchange, Some("000009931")));
    assert_eq!(whole[0].reasons, ["Rejected", "Duplicate interchange control number"]);
    assert!(outline("ta1.x12").problems.is_empty());

    let accepted = read("CONTRL.edi");
    assert_eq!((accepted[1].level, accepted[1].outcome), (Level::Message, Outcome::Accepted));
    assert_eq!(accepted[1].interchange.as_deref(), Some("9932"));
    let rejected = read("CONTRL-rejected.edi");
    assert_eq!((rejected[0].outcome, rejected[1].outcome), (Outcome::Received, Outcome::Rejected));
    assert_eq!(
        rejected[1].reasons,
        [
            "Rejected, including all lower levels",
            "Unspecified error",
            "Segment 11: Invalid value",
            "Element 2: Data element too long"
        ]
    );
    assert!(read("850.x12").is_empty());
}

#[test]
fn an_answer_is_about_the_document_whose_numbers_it_names() {
    let facts = |name: &str| DocumentFacts::read(&sample(name), true).unwrap();
    let answers = |name: &str| acknowledged(Cursor::new(sample(name))).unwrap();
    let about = |answer: &str, document: &str| {
        answers(answer).iter().map(|answer| answer.is_about(&facts(document), false)).collect::<Vec<_>>()
    };
    assert_eq!(about("997.x12", "856.x12"), [true, true]);
    assert_eq!(about("997.x12", "810.x12"), [false, false]);
    // The second message that it rejects was not in it.
    assert_eq!(about("997-rejected.x12", "810.x12"), [true, false, true]);
    assert_eq!(about("999.x12", "855.x12"), [true, true]);
    assert_eq!(about("ta1.x12", "856.x12"), [true], "by the interchange, whatever its zeros");
    assert_eq!(about("CONTRL.edi", "DESADV.edi"), [true, true]);
    assert_eq!(about("CONTRL-rejected.edi", "INVOIC.edi"), [true, true]);
    assert_eq!(about("CONTRL-rejected.edi", "DESADV.edi"), [false, false]);
}

/// A purchase order as long as is wished, made while it is read.
struct Long {
    line: Vec<u8>,
    lines: u64,
    given: Vec<u8>,
    end: Vec<u8>,
}

impl Long {
    fn new(lines: u64) -> Self {
        let sample = String::from_utf8(sample("850.x12")).unwrap();
        let (head, _) = sample.split_once("PO1*").unwrap();
        let count = lines + 11;
        let end = format!("CTT*{lines}~\nSE*{count}*0001~\nGE*1*77120~\nIEA*1*000077120~\n").into_bytes();
        let line = b"PO1*1*24*EA*12.50**UP*012345678905*VN*ACME-100~\n".to_vec();
        Self { line, lines, given: head.as_bytes().to_vec(), end }
    }
}

impl Read for Long {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given.len() < buffer.len() && self.lines > 0 {
            self.given.extend_from_slice(&self.line);
            self.lines -= 1;
        }
        if self.lines == 0 {
            self.given.append(&mut self.end);
        }
        let read = self.given.len().min(buffer.len());
        buffer[..read].copy_from_slice(&self.given[..read]);
        self.given.drain(..read);
        Ok(read)
    }
}

#[test]
fn a_hundred_megabytes_are_outlined_in_little_memory_and_any_segment_is_near() {
    const LINES: u64 = 2_200_000;
    let mut file = tempfile::tempfile().unwrap();
    let bytes = io::copy(&mut Long::new(LINES), &mut file).unwrap();
    assert!(bytes > 100_000_000);
    io::Seek::rewind(&mut file).unwrap();
    let found = Outline::read(&file).unwrap().unwrap();
    assert_eq!(found.problems, []);
    assert_eq!((found.bytes, found.segments), (bytes, LINES + 15));
    assert!(found.places.len() <= 4097, "{} places are kept", found.places.len());
    // What is read for some segments in the middle is less than a thousandth of the file.
    let mut counted = Counted { file: &file, read: 0 };
    let some: Vec<Segment> = found.segments(&mut counted, 1_234_567, 50).unwrap();
    assert_eq!((some.len(), some[0].number, some[0].tag.as_str()), (50, 1_234_567, "PO1"));
    assert!(counted.read < bytes / 500, "{} bytes were read", counted.read);
    let last = found.segments(&file, LINES + 14, 50).unwrap();
    assert_eq!((last.len(), last[0].tag.as_str()), (1, "IEA"));
}

struct Counted<'a> {
    file: &'a fs::File,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl io::Seek for Counted<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[test]
fn reading_one_after_the_other_gives_the_same_as_reading_anywhere() {
    let bytes = sample("two-interchanges.x12");
    let mut reader = SegmentReader::new(bytes.as_slice());
    let all: Vec<Segment> = std::iter::from_fn(|| reader.next_segment().unwrap()).collect();
    let found = outline("two-interchanges.x12");
    for from in 0..all.len() {
        let some = found.segments(Cursor::new(&bytes), from as u64, 3).unwrap();
        assert_eq!(some, all[from..(from + 3).min(all.len())]);
    }
}
