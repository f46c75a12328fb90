//! What is decided on the board: who takes part, who was told, notes; and what is refused.

use countersign::app::{CertificateSource, NamedProfiles, NewRollover, RolloverAction, RolloverRequest};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::rollover::{RolloverId, RolloverState, Step};

use super::{apply, started};
use crate::many::{Many, Size, id, key};

#[tokio::test]
async fn told_notes_and_taking_part_are_kept_for_those_that_are_named() {
    let many = Many::new(Size { connections: 3, using: 3 }).await;
    let rollover = started(&many).await;
    let some = |action| RolloverRequest {
        id: rollover,
        profiles: vec![key(0, ProfileKind::Test), key(1, ProfileKind::Production)],
        action,
        seen: None,
    };
    let told = RolloverAction::Told { how: "by mail".to_owned(), note: "Ms Lee agreed".to_owned() };
    many.app.change_rollover(&some(told)).await.unwrap();
    many.app.change_rollover(&some(RolloverAction::Note("ticket 12".to_owned()))).await.unwrap();
    let board = many.app.rollover(rollover).await.unwrap();
    assert_eq!((board.count(RolloverState::Told), board.count(RolloverState::NotTold)), (2, 4));
    let row = board.rows.iter().find(|row| row.key() == key(0, ProfileKind::Test)).unwrap();
    let said = row.told.as_ref().unwrap();
    assert_eq!((said.how.as_str(), said.note.as_str(), row.note.as_str()), ("by mail", "Ms Lee agreed", "ticket 12"));
    many.app.change_rollover(&some(RolloverAction::NotTold)).await.unwrap();
    many.app.change_rollover(&some(RolloverAction::Step(Step::LeaveOut))).await.unwrap();
    let board = many.app.rollover(rollover).await.unwrap();
    assert_eq!((board.count(RolloverState::LeftOut), board.count(RolloverState::NotTold)), (2, 4));
    assert_eq!(many.app.change_rollover(&apply(rollover)).await.unwrap().changed, 4);
    many.app.change_rollover(&some(RolloverAction::TakeIn)).await.unwrap();
    assert_eq!(many.app.change_rollover(&apply(rollover)).await.unwrap().changed, 2);
    // Left out after it was applied: what was done to it is undone.
    let out = many.app.change_rollover(&some(RolloverAction::Step(Step::LeaveOut))).await.unwrap();
    assert_eq!(out.changed, 2);
    let [listed] = many.app.rollovers().await.unwrap().try_into().unwrap();
    assert_eq!((listed.profiles, listed.next), (6, Some(super::agreed())));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let many = Many::new(Size { connections: 3, using: 2 }).await;
    let of = || NewRollover::of(CertificateSource::File(many.renewed.clone()));
    let refused = |new: NewRollover| {
        let app = many.app.clone();
        async move { app.start_rollover(&new).await.unwrap_err() }
    };
    let stranger = NamedProfiles { connection: id(2).parse().unwrap(), profile: None };
    let error = refused(NewRollover { only: vec![stranger], ..of() }).await;
    assert!(error.to_string().contains("does not use the certificate that is to be replaced"), "{error}");
    let error = refused(NewRollover::of(CertificateSource::File(crate::many::fixture("acme-2026.pem")))).await;
    assert!(error.to_string().contains("private key"), "{error}");
    let error = refused(NewRollover::of(CertificateSource::File(crate::many::fixture("harbor.pem")))).await;
    assert!(error.to_string().contains("no certificate in use has the subject"), "{error}");
    assert!(error.what_to_do().unwrap().contains("--replaces"));
    let own = many.new.facts().fingerprint_sha256;
    let error = refused(NewRollover { replaces: vec![own], ..of() }).await;
    assert!(error.to_string().contains("the very one"), "{error}");
    assert!(many.app.rollover(RolloverId(1)).await.unwrap_err().to_string().contains("there is no rollover 1"));

    // Without a time nothing can be applied.
    let begun = many.app.start_rollover(&of()).await.unwrap();
    assert_eq!(begun.plan, None);
    let error = many.app.change_rollover(&apply(begun.id.unwrap())).await.unwrap_err();
    assert!(error.to_string().contains("no time was set"), "{error}");
    let stranger = RolloverRequest {
        id: begun.id.unwrap(),
        profiles: vec![key(2, ProfileKind::Test)],
        action: RolloverAction::Step(Step::Undo),
        seen: None,
    };
    assert!(many.app.change_rollover(&stranger).await.unwrap_err().to_string().contains("is not in rollover 1"));
    many.app.remove_rollover(begun.id.unwrap()).await.unwrap();
    assert!(many.app.rollovers().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_still_to_change_is_not_forgotten() {
    let many = Many::new(Size { connections: 2, using: 2 }).await;
    let rollover = started(&many).await;
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    let error = many.app.remove_rollover(rollover).await.unwrap_err();
    assert!(error.to_string().contains("4 profiles are still to change"), "{error}");
}
