//! The table that goes out and comes in.

use countersign::app::{CertificateSource, NewRollover, RolloverAction, RolloverRequest};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::rollover::{RolloverState, read_sheet};

use super::{agreed, apply, at, started};
use crate::many::{Many, Size, id, key};

#[tokio::test]
async fn a_table_says_who_takes_part_and_when() {
    let many = Many::new(Size { connections: 4, using: 4 }).await;
    let file = many.folder.path().join("who.csv");
    let text = format!(
        "Connection;Profile;Activation;Note\r\n{};production;2026-12-03T09:00[Europe/Berlin];=1+1\r\n{};test;;\r\n",
        id(0),
        id(1)
    );
    std::fs::write(&file, text).unwrap();
    let new = NewRollover {
        activation: Some(at(agreed())),
        sheet: Some(file),
        ..NewRollover::of(CertificateSource::File(many.renewed.clone()))
    };
    let begun = many.app.start_rollover(&new).await.unwrap();
    assert_eq!((begun.chosen, begun.left_out), (2, 6));
    many.app.change_rollover(&apply(begun.id.unwrap())).await.unwrap();
    let board = many.app.rollover(begun.id.unwrap()).await.unwrap();
    let row = |key: &_| board.rows.iter().find(|row| row.key() == *key).unwrap();
    let own = row(&key(0, ProfileKind::Production));
    assert_eq!(own.activates, Some("2026-12-03T08:00:00Z".parse().unwrap()));
    assert_eq!(own.note, "=1+1");
    assert_eq!(row(&key(1, ProfileKind::Test)).activates, Some(agreed()));
    assert_eq!(board.count(RolloverState::LeftOut), 6);
    // No spreadsheet carries the note out.
    let text = many.app.rollover_sheet(begun.id.unwrap()).await.unwrap();
    assert!(text.contains(",'=1+1,") && !text.contains(",=1+1"), "{text}");
}

#[tokio::test]
async fn what_was_written_is_read_again_and_changes_nothing() {
    let many = Many::new(Size { connections: 3, using: 3 }).await;
    let rollover = started(&many).await;
    let note = |number, note: &str| RolloverRequest {
        id: rollover,
        profiles: vec![key(number, ProfileKind::Test)],
        action: RolloverAction::Note(note.to_owned()),
        seen: None,
    };
    for (number, text) in ["@SUM(A1:A9) \"quoted\", and more", "'apostrophe", "two\nlines; –"].into_iter().enumerate()
    {
        many.app.change_rollover(&note(number, text)).await.unwrap();
    }
    // One has a time of its own, the others change with all.
    let plan = |profiles, activation| RolloverRequest {
        id: rollover,
        profiles,
        action: RolloverAction::Plan(Some(activation)),
        seen: None,
    };
    let own = "2026-12-03T08:00:00Z".parse().unwrap();
    many.app.change_rollover(&plan(vec![key(2, ProfileKind::Test)], at(own))).await.unwrap();
    let kept = || async {
        let workspace = many.behind().await;
        let kept = workspace.rollover(rollover).await.unwrap();
        workspace.close().await;
        kept
    };
    let (before, kept_before) = (many.app.rollover(rollover).await.unwrap(), kept().await);
    let file = many.folder.path().join("board.csv");
    let text = many.app.rollover_sheet(rollover).await.unwrap();
    std::fs::write(&file, &text).unwrap();
    assert_eq!(read_sheet(&text).unwrap().len(), 6);
    let take = RolloverRequest::all(rollover, RolloverAction::Sheet(file));
    many.app.change_rollover(&take).await.unwrap();
    let after = many.app.rollover(rollover).await.unwrap();
    assert_eq!(after.rows, before.rows);
    assert_eq!(kept().await, kept_before);
    // Moved, all go but the one.
    many.app.change_rollover(&plan(Vec::new(), at("2026-12-02T08:00:00Z".parse().unwrap()))).await.unwrap();
    let moved = many.app.rollover(rollover).await.unwrap();
    let stay = moved.rows.iter().filter(|row| row.planned.as_ref().unwrap().at == Some(own));
    assert_eq!(stay.map(|row| row.key()).collect::<Vec<_>>(), [key(2, ProfileKind::Test)]);
    assert!(moved.rows.iter().all(|row| row.planned.as_ref().unwrap().at != Some(agreed())));
}

#[tokio::test]
async fn a_column_that_is_not_in_the_table_stays_as_it_was() {
    let many = Many::new(Size { connections: 2, using: 2 }).await;
    let rollover = started(&many).await;
    let file = many.folder.path().join("some.csv");
    let read = |columns: &str, cells: &str| {
        std::fs::write(&file, format!("connection,profile{columns}\n{},test{cells}\n", id(0))).unwrap();
        let take = RolloverRequest::all(rollover, RolloverAction::Sheet(file.clone()));
        let app = many.app.clone();
        async move {
            app.change_rollover(&take).await.unwrap();
            let board = app.rollover(rollover).await.unwrap();
            let row = board.rows.into_iter().find(|row| row.key() == key(0, ProfileKind::Test)).unwrap();
            (row.planned.unwrap().at, row.note)
        }
    };
    let own = Some("2026-12-03T08:00:00Z".parse().unwrap());
    let stated = |at, note: &str| (at, note.to_owned());
    assert_eq!(read(",activation,note", ",2026-12-03T08:00:00Z,called").await, stated(own, "called"));
    assert_eq!(read(",note", ",called again").await, stated(own, "called again"));
    assert_eq!(read("", "").await, stated(own, "called again"));
    assert_eq!(read(",activation", ",now").await, stated(None, "called again"));
    // An empty cell takes away.
    assert_eq!(read(",activation,note", ",,").await, stated(Some(agreed()), ""));
}

#[tokio::test]
async fn new_times_for_what_is_scheduled_are_counted_shown_and_then_applied() {
    let many = Many::new(Size { connections: 2, using: 2 }).await;
    let rollover = started(&many).await;
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    let file = many.folder.path().join("times.csv");
    let take = async |time: &str| {
        let text = format!("connection,profile,activation\n{},test,{time}\n{},test,\n", id(0), id(1));
        std::fs::write(&file, text).unwrap();
        many.app.change_rollover(&RolloverRequest::all(rollover, RolloverAction::Sheet(file.clone()))).await
    };
    let row = async || {
        let board = many.app.rollover(rollover).await.unwrap();
        let pending = board.rows.iter().filter(|row| row.pending).count();
        let row = board.rows.into_iter().find(|row| row.key() == key(0, ProfileKind::Test)).unwrap();
        (row.activates, row.planned.unwrap().at, pending)
    };
    let later = "2026-12-05T08:00:00Z".parse().unwrap();
    let noted = take("2026-12-05T09:00[Europe/Berlin]").await.unwrap();
    assert_eq!((noted.changed, noted.noted, noted.pending), (0, 1, 1));
    assert_eq!(row().await, (Some(agreed()), Some(later), 1));
    let again = take("2026-12-05T09:00[Europe/Berlin]").await.unwrap();
    assert_eq!((again.noted, again.pending), (0, 1));
    // What cannot be applied is not noted either.
    for (time, why) in [("2026-11-01T00:00Z", "in the past"), ("2029-01-01T00:00Z", "after the certificate ends")] {
        let error = take(time).await.unwrap_err();
        assert!(error.to_string().contains(&format!("line 2: {}, test: the activation at", id(0))), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(row().await, (Some(agreed()), Some(later), 1));
    }
    assert_eq!(many.app.change_rollover(&apply(rollover)).await.unwrap().changed, 1);
    assert_eq!(row().await, (Some(later), Some(later), 0));
}

#[tokio::test]
async fn errors_name_their_lines_and_nothing_of_the_table_is_taken() {
    let many = Many::new(Size { connections: 3, using: 2 }).await;
    let rollover = started(&many).await;
    let before = many.app.rollover(rollover).await.unwrap();
    let file = many.folder.path().join("wrong.csv");
    let take = RolloverRequest::all(rollover, RolloverAction::Sheet(file.clone()));
    let attempt = |text: String| {
        std::fs::write(&file, text).unwrap();
        many.app.change_rollover(&take)
    };
    let good = format!("{},test,now,taken\n", id(0));
    let error = attempt(format!("connection,profile,activation,note\n{good}{},test,2026-12-01T09:00,\n", id(1))).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("wrong.csv: line 3: "), "{error}");
    assert!(error.to_string().contains("neither an offset nor a time zone"), "{error}");
    let error = attempt(format!("connection,profile,activation,note\n{good}{},test,,\n", id(2))).await.unwrap_err();
    assert!(error.to_string().contains(&format!("line 3: {}, test does not use", id(2))), "{error}");
    assert_eq!(many.app.rollover(rollover).await.unwrap().rows, before.rows);
    attempt(format!("connection,profile,activation,note\n{good}")).await.unwrap();
    let row = many.app.rollover(rollover).await.unwrap();
    let row = row.rows.iter().find(|row| row.key() == key(0, ProfileKind::Test)).unwrap().clone();
    assert_eq!((row.note.as_str(), row.planned.unwrap().at), ("taken", None));
}
