use super::*;
use crate::domain::certificate::Fingerprint;
use crate::domain::rollover::{Rollover, RolloverId, RolloverProfile, RolloverState, Told};
use proptest::prelude::*;

fn board(notes: &[String]) -> Board {
    let rollover = Rollover {
        id: RolloverId(1),
        name: "x".to_owned(),
        certificate: Fingerprint([1; 32]),
        replaces: Vec::new(),
        created: jiff::Timestamp::UNIX_EPOCH,
        activation: Some(PlannedActivation { at: Some("2027-02-01T08:00:00Z".parse().unwrap()), zone: None }),
        undone: None,
        profiles: Vec::new(),
    };
    let rows: Vec<BoardRow> = notes
        .iter()
        .enumerate()
        .map(|(index, note)| BoardRow {
            connection: format!("c-{index}").parse().unwrap(),
            name: note.clone(),
            profile: if index % 2 == 0 { ProfileKind::Production } else { ProfileKind::Test },
            state: RolloverState::Scheduled,
            problem: Some(note.clone()),
            remark: None,
            planned: (index % 3 > 0).then(|| PlannedActivation {
                at: (index % 3 == 1).then(|| "2027-03-01T08:00:00Z".parse().unwrap()),
                zone: (index % 3 == 1).then(|| "Europe/Berlin".to_owned()),
            }),
            activates: None,
            zone: None,
            encrypts_for: None,
            told: Some(Told { at: jiff::Timestamp::UNIX_EPOCH, how: note.clone(), note: String::new() }),
            last_test: None,
            last_traffic: None,
            proof: None,
            note: note.clone(),
            applied: false,
            pending: true,
        })
        .collect();
    // The first of three changes with all others.
    let mut rollover = rollover;
    for row in &rows {
        let profile = RolloverProfile::new(row.connection.clone(), row.profile);
        rollover.profiles.push(RolloverProfile { activation: row.planned.clone(), ..profile });
    }
    let rows = rows
        .into_iter()
        .map(|row| BoardRow { planned: row.planned.clone().or_else(|| rollover.activation.clone()), ..row })
        .collect();
    Board { rollover, at: jiff::Timestamp::UNIX_EPOCH, states: Vec::new(), rows }
}

/// Holds that everything that is read again is what was written.
fn round(notes: &[String]) {
    let board = board(notes);
    let text = write_sheet(&board).unwrap();
    let read = read_sheet(&text).unwrap_or_else(|errors| panic!("{errors}: {text}"));
    assert_eq!(read.len(), board.rows.len());
    for (read, (written, kept)) in read.iter().zip(board.rows.iter().zip(&board.rollover.profiles)) {
        assert_eq!(read.key(), written.key());
        assert_eq!(read.activation.as_ref().map(SheetTime::own), Some(kept.activation.clone()));
        assert_eq!(read.note.as_deref(), Some(written.note.as_str()), "{text}");
        assert!(written.planned.is_some());
    }
}

#[test]
fn nasty_cells_come_back_and_none_is_a_formula() {
    let notes = [
        "=HYPERLINK(\"http://evil\",\"x\")",
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "'",
        "''=",
        "'=1",
        "a;b,c\td",
        "two\r\nlines \"quoted\"",
        "Größe – 漢字",
        "＝1＋1",
        "＠x",
        "",
    ]
    .map(str::to_owned);
    round(&notes);
    let text = write_sheet(&board(&notes)).unwrap();
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in record.unwrap().iter() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＠']), "{cell}");
        }
    }
}

proptest! {
    #[test]
    fn any_note_comes_back(notes in proptest::collection::vec("[ -~=+@\\t\\r\\n'\";,äß]{0,12}", 1..6)) {
        round(&notes);
    }
}

#[test]
fn a_column_that_is_not_there_says_nothing() {
    let read = |text: &str| read_sheet(text).unwrap().remove(0);
    let bare = read("connection,profile\na,test\n");
    assert_eq!((bare.activation, bare.note), (None, None));
    let timed = read("connection,profile,activation\na,test,now\n");
    assert!(matches!(timed.activation, Some(SheetTime::Own(_))) && timed.note.is_none());
    // The column is there: an empty cell, or none at the end of the line, takes away.
    for line in ["a,test,,", "a,test"] {
        let empty = read(&format!("connection,profile,activation,note\n{line}\n"));
        assert_eq!((empty.activation, empty.note.as_deref()), (Some(SheetTime::WithAll), Some("")), "{line}");
    }
}

#[test]
fn errors_name_their_lines_and_nothing_is_taken() {
    let text = "\u{feff}Connection;Profile;Activation;Note\r\n\
                a;production;2027-03-01T09:00[Europe/Berlin];\"two\r\nlines\"\r\n\
                b;staging;;\r\n\
                Bad Id;test;;\r\n\
                \r\n\
                a;production;now;again\r\n\
                c;test;2027-03-28T02:30[Europe/Berlin];\r\n";
    let errors = read_sheet(text).unwrap_err();
    let lines: Vec<u64> = errors.0.iter().map(|error| error.line).collect();
    assert_eq!(lines, [4, 5, 7, 8], "{errors}");
    let text = errors.to_string();
    assert!(text.contains("`staging` is no profile"), "{text}");
    assert!(text.contains("does not exist in Europe/Berlin"), "{text}");
    assert!(read_sheet("").is_err());
    assert!(read_sheet("id,kind\n1,2\n").unwrap_err().to_string().contains("`connection` and `profile`"));
    assert!(read_sheet("connection,profile\n").unwrap().is_empty());
}
