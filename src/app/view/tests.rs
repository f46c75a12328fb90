use std::io::Write as _;

use super::*;

fn view(bytes: &[u8], gap: Option<Gap>, kind: ViewKind) -> (tempfile::NamedTempFile, OpenedView) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let missing = gap.map_or(0, |gap| gap.bytes);
    let mut view = OpenedView {
        part: RawPart::Request,
        kind,
        kinds: vec![ViewKind::Text, ViewKind::Hex],
        head: String::new(),
        bytes: bytes.len() as u64 + missing,
        rows: 0,
        gap,
        outline: None,
        acknowledged: Arc::default(),
        file: Some(file.path().to_owned()),
        altered: None,
        lines: Lines::default(),
    };
    view.read(Some(kind)).unwrap();
    (file, view)
}

fn line(text: &str) -> ViewRow {
    ViewRow::Line(text.to_owned())
}

#[test]
fn lines_are_the_same_wherever_reading_begins_and_long_ones_come_in_pieces() {
    let mut text = String::new();
    for number in 0..5000 {
        text.push_str(&format!("line {number}{}", if number % 2 == 0 { "\r\n" } else { "\n" }));
    }
    text.push_str(&"ü".repeat(200));
    let (_file, view) = view(text.as_bytes(), None, ViewKind::Text);
    assert_eq!(view.rows, 5003);
    assert_eq!(view.some(4321, 2).unwrap(), [line("line 4321"), line("line 4322")]);
    assert_eq!(view.some(5000, 9).unwrap(), [line(&"ü".repeat(80)), line(&"ü".repeat(80)), line(&"ü".repeat(40))]);
    let odd = format!("x{}", "ü".repeat(200));
    let (_file, view) = self::view(odd.as_bytes(), None, ViewKind::Text);
    assert_eq!(view.some(0, 1).unwrap(), [line(&format!("x{}", "ü".repeat(79)))], "no character is torn apart");
    assert_eq!(readable(b"a\tb\x00\xfc\n"), "a    b·ü");
}

#[test]
fn what_was_not_kept_stands_as_a_row_between_what_was() {
    let gap = Gap { offset: 20, bytes: 1_000_000 };
    let bytes: Vec<u8> = (b'a'..=b'z').cycle().take(40).collect();
    let (_file, hex) = view(&bytes, Some(gap), ViewKind::Hex);
    assert_eq!(hex.rows, 5);
    let rows = hex.some(0, 9).unwrap();
    let offsets: Vec<Option<u64>> = rows
        .iter()
        .map(|row| match row {
            ViewRow::Hex { offset, .. } => Some(*offset),
            _ => None,
        })
        .collect();
    assert_eq!(offsets, [Some(0), Some(16), None, Some(1_000_020), Some(1_000_036)]);
    assert_eq!(rows[1], ViewRow::Hex { offset: 16, hex: "71 72 73 74".to_owned(), text: "qrst".to_owned() });
    assert_eq!(rows[2], ViewRow::Missing(1_000_000));
    assert_eq!(rows[3..], hex.some(3, 2).unwrap());
    let (_file, text) = view(&bytes, Some(gap), ViewKind::Text);
    let whole = [line("abcdefghijklmnopqrst"), ViewRow::Missing(1_000_000), line("uvwxyzabcdefghijklmn")];
    assert_eq!(text.some(0, 9).unwrap(), whole);
}

#[test]
fn rows_behind_a_gap_are_the_same_wherever_reading_begins() {
    let mut text: String = (0..63).map(|number| format!("line {number}\n")).collect();
    let gap = Gap { offset: text.len() as u64, bytes: 5_000 };
    (0..100).for_each(|number| text.push_str(&format!("behind {number}\n")));
    let (_file, view) = view(text.as_bytes(), Some(gap), ViewKind::Text);
    assert_eq!(view.rows, 164);
    let all = view.some(0, 200).unwrap();
    assert_eq!((&all[63], &all[64]), (&ViewRow::Missing(5_000), &line("behind 0")));
    for from in [0, 62, 63, 64, 65, 128] {
        assert_eq!(view.some(from as u64, 3).unwrap(), all[from..from + 3], "{from}");
    }
}

#[test]
fn the_end_of_a_line_as_long_as_a_row_is_no_row() {
    for end in ["\n", "\r\n"] {
        let text = format!("{}{end}next", "x".repeat(LONGEST));
        let (_file, view) = view(text.as_bytes(), None, ViewKind::Text);
        assert_eq!(view.some(0, 9).unwrap(), [line(&"x".repeat(LONGEST)), line("next")]);
    }
    let (_file, view) = view(format!("{}\ry", "x".repeat(LONGEST)).as_bytes(), None, ViewKind::Text);
    assert_eq!(view.some(1, 9).unwrap(), [line("·y")]);
}

#[test]
fn a_segment_that_is_longer_than_anybody_reads_is_cut() {
    let isa =
        "ISA*00*          *00*          *ZZ*A              *ZZ*B              *261123*1402*U*00401*000000009*0*P*>~";
    let text = format!("{isa}{}*{}*{}~", "T".repeat(9000), "x".repeat(50_000), "y".repeat(50));
    let (_file, view) = view(text.as_bytes(), None, ViewKind::Segments);
    let ViewRow::Segment(segment) = view.some(1, 1).unwrap().remove(0) else { unreachable!() };
    let letters: usize =
        segment.tag.chars().count() + segment.elements.iter().map(|each| each.chars().count()).sum::<usize>();
    assert!(letters < MOST_OF_A_ROW + 10, "{letters}");
}
