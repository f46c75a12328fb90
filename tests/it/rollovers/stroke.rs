//! Six hundred and forty profiles in one stroke: all of them or none, and back again.

use countersign::app::{
    App, CertificateSource, Clock, ImportRequest, Location, NamedProfiles, NewRollover, RolloverAction,
    RolloverRequest, Unlock,
};
use countersign::domain::certificate::CertificateWarning;
use countersign::domain::confirmation::Comparison;
use countersign::domain::connection::Connection;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::rollover::{ProfileKey, Rollover, RolloverState, Step};
use countersign::domain::timeline::{Activation, CertificateUse, acceptable_now, plain_list, used_now};

use super::{agreed, apply, at, started, undo};
use crate::many::{Many, Size, connection, fixture, id, key, read};

const PRODUCTION: ProfileKind = ProfileKind::Production;

/// 320 of 330 connections, which are 640 profiles.
const SIZE: Size = Size { connections: 330, using: 320 };

/// All that a rollover could have changed.
async fn everything(many: &Many) -> (Vec<Connection>, Vec<Rollover>) {
    let workspace = many.behind().await;
    let all = (workspace.connections().await.unwrap(), workspace.rollovers().await.unwrap());
    workspace.close().await;
    all
}

/// Holds that a change is refused with these words, and that nothing has changed.
async fn refused(many: &Many, request: &RolloverRequest, words: &[&str]) {
    let before = everything(many).await;
    let error = many.app.change_rollover(request).await.unwrap_err();
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
    assert!(everything(many).await == before, "something was changed: {error}");
}

#[tokio::test]
async fn all_change_at_the_instant_and_receiving_is_widened_at_once() {
    let many = Many::new(SIZE).await;
    let id = started(&many).await;
    let untouched = everything(&many).await.0;
    assert_eq!(many.app.rollover(id).await.unwrap().count(RolloverState::NotTold), 640);
    let changed = many.app.change_rollover(&apply(id)).await.unwrap();
    assert_eq!((changed.changed, changed.plan.profiles.len()), (640, 640));
    let (old, new) = (many.old.facts().fingerprint_sha256, many.new.facts().fingerprint_sha256);
    let (connections, _) = everything(&many).await;
    for (number, connection) in connections.iter().enumerate() {
        for (_, profile) in connection.profiles() {
            let uses = &profile.partner_certificates;
            if number >= SIZE.using {
                assert_eq!(connection, &untouched[number]);
                continue;
            }
            assert_eq!(used_now(uses, many.app.now()).unwrap().fingerprint, old);
            assert_eq!(used_now(uses, agreed()).unwrap().fingerprint, new);
            assert_eq!(acceptable_now(uses, many.app.now()), [old, new]);
        }
    }
    let board = many.app.rollover(id).await.unwrap();
    assert_eq!(board.count(RolloverState::Scheduled), 640);
    assert_eq!(board.rows[0].activates, Some(agreed()));
    assert_eq!(board.rows[0].zone.as_deref(), Some("Europe/Berlin"));
    // Once more changes nothing, and everything comes back as it was.
    assert_eq!(many.app.change_rollover(&apply(id)).await.unwrap().changed, 0);
    assert_eq!(many.app.change_rollover(&undo(id)).await.unwrap().changed, 640);
    assert_eq!(everything(&many).await.0, untouched);
    assert_eq!(many.app.rollover(id).await.unwrap().count(RolloverState::NotTold), 640);
}

#[tokio::test]
async fn when_the_four_hundredth_has_an_impossible_time_none_is_changed_and_it_is_named() {
    let many = Many::new(SIZE).await;
    let rollover = started(&many).await;
    let own = |time| RolloverRequest {
        id: rollover,
        profiles: vec![key(199, ProfileKind::Test)],
        action: RolloverAction::Plan(Some(time)),
        seen: None,
    };
    // After the end of the new certificate, in 2028.
    let late = "2029-01-01T00:00:00Z".parse().unwrap();
    many.app.change_rollover(&own(Activation::At { at: late, zone: None })).await.unwrap();
    let plan = many.app.plan_rollover(rollover, &Step::Schedule(None), &[]).await.unwrap();
    assert_eq!((plan.refused.len(), plan.profiles.len()), (1, 639));
    refused(
        &many,
        &apply(rollover),
        &["nothing was changed", "of 640 profiles", &id(199), "test", "after the certificate ends"],
    )
    .await;
    // Put right, all go.
    many.app.change_rollover(&own(at("2026-12-02T08:00:00Z".parse().unwrap()))).await.unwrap();
    assert_eq!(many.app.change_rollover(&apply(rollover)).await.unwrap().changed, 640);
    let board = many.app.rollover(rollover).await.unwrap();
    let own: Vec<_> = board.rows.iter().filter(|row| row.activates != Some(agreed())).map(|row| row.key()).collect();
    assert_eq!(own, [key(199, ProfileKind::Test)]);
}

#[tokio::test]
async fn when_somebody_has_given_the_four_hundredth_another_certificate_none_is_changed() {
    let many = Many::new(SIZE).await;
    let rollover = started(&many).await;
    let other = ImportRequest {
        source: CertificateSource::File(fixture("northwind.pem")),
        connection: id(199).parse().unwrap(),
        profiles: vec![PRODUCTION],
        also_where_used: false,
        also: Vec::new(),
        activation: Activation::Now,
        expected: None,
        confirmed: None,
        purpose: None,
        though_ended: false,
    };
    many.app.import_certificate(&other).await.unwrap();
    refused(&many, &apply(rollover), &["of 640 profiles", &id(199), "uses another certificate now"]).await;
    // Left out, the others go.
    let leave = RolloverRequest {
        id: rollover,
        profiles: vec![key(199, PRODUCTION)],
        action: RolloverAction::Step(Step::LeaveOut),
        seen: None,
    };
    many.app.change_rollover(&leave).await.unwrap();
    assert_eq!(many.app.change_rollover(&apply(rollover)).await.unwrap().changed, 639);
}

#[tokio::test]
async fn a_profile_that_blocks_what_was_applied_is_left_out_and_taken_in_again() {
    let many = Many::new(SIZE).await;
    let rollover = started(&many).await;
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    let (blocking, meddled) = (key(199, PRODUCTION), key(7, ProfileKind::Test));
    let (old, new) = (many.old.facts().fingerprint_sha256, many.new.facts().fingerprint_sha256);
    let further = read(&fixture("northwind.pem")).facts().fingerprint_sha256;
    // One gets another certificate from somebody else, one a further one to be verified with.
    let put = |key: &ProfileKey, uses: Vec<CertificateUse>| {
        let (id, kind) = key.clone();
        let many = &many;
        async move {
            let workspace = many.behind().await;
            let mut connection = workspace.connection(&id).await.unwrap().unwrap();
            connection.profile_mut(kind).unwrap().partner_certificates = uses;
            workspace.save_connection(&connection, many.app.now()).await.unwrap();
            workspace.close().await;
        }
    };
    let uses = |key: &ProfileKey| {
        let (id, kind) = key.clone();
        let app = many.app.clone();
        async move { app.connection(&id).await.unwrap().profile(kind).unwrap().partner_certificates.clone() }
    };
    put(&blocking, plain_list(&[further])).await;
    let mut more = uses(&meddled).await;
    more.extend(plain_list(&[old, further]).into_iter().skip(1));
    put(&meddled, more).await;
    let of =
        |keys: &[ProfileKey], action| RolloverRequest { id: rollover, profiles: keys.to_vec(), action, seen: None };
    let step = |step| RolloverAction::Step(step);
    let moved = step(Step::Schedule(Some(at("2026-12-02T08:00:00Z".parse().unwrap()))));
    let all = RolloverRequest::all(rollover, moved);
    refused(&many, &all, &[&id(199), "uses another certificate now"]).await;

    let others = everything(&many).await.0;
    let left = many.app.change_rollover(&of(&[blocking.clone(), meddled.clone()], step(Step::LeaveOut))).await.unwrap();
    assert_eq!((left.changed, left.plan.kept.len()), (1, 1), "{:?}", left.plan);
    assert!(left.plan.kept[0].why.contains("changed since by somebody else"));
    // Of the one nothing was undone, of the other its schedule; nobody else was touched.
    assert_eq!(uses(&blocking).await, plain_list(&[further]));
    assert_eq!(used_now(&uses(&meddled).await, agreed()).unwrap().fingerprint, old);
    assert_eq!(acceptable_now(&uses(&meddled).await, agreed()), [old, further]);
    for (before, after) in others.iter().zip(everything(&many).await.0) {
        assert!(*before == after || after.id == meddled.0, "{}", after.id);
    }
    assert_eq!(many.app.rollover(rollover).await.unwrap().count(RolloverState::LeftOut), 2);
    assert_eq!(many.app.change_rollover(&all).await.unwrap().changed, 638);

    // Taken in again, what blocks still blocks; put right, both go with the others.
    let both = [blocking.clone(), meddled.clone()];
    many.app.change_rollover(&of(&both, RolloverAction::TakeIn)).await.unwrap();
    refused(&many, &all, &[&id(199), "uses another certificate now"]).await;
    put(&blocking, plain_list(&[old])).await;
    assert_eq!(many.app.change_rollover(&all).await.unwrap().changed, 2);
    let board = many.app.rollover(rollover).await.unwrap();
    assert_eq!(board.count(RolloverState::Scheduled), 640);
    assert_eq!(acceptable_now(&uses(&meddled).await, many.app.now()), [old, further, new]);
    // Undone, each has what it had when it was taken in.
    assert_eq!(many.app.change_rollover(&undo(rollover)).await.unwrap().changed, 640);
    assert_eq!(uses(&blocking).await, plain_list(&[old]));
    assert_eq!(acceptable_now(&uses(&meddled).await, agreed()), [old, further]);
}

#[tokio::test]
async fn whoever_was_left_out_and_cannot_be_put_back_does_not_hold_the_rollover() {
    let many = Many::new(Size { connections: 1, using: 1 }).await;
    let rollover = started(&many).await;
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    let workspace = many.behind().await;
    let gone = workspace.connection(&id(0).parse().unwrap()).await.unwrap().unwrap();
    workspace.save_connection(&Connection { test: None, ..gone }, many.app.now()).await.unwrap();
    workspace.close().await;
    let out = RolloverRequest {
        id: rollover,
        profiles: vec![key(0, PRODUCTION), key(0, ProfileKind::Test)],
        action: RolloverAction::Step(Step::LeaveOut),
        seen: None,
    };
    let left = many.app.change_rollover(&out).await.unwrap();
    assert_eq!((left.changed, left.plan.kept.len()), (1, 1));
    let none = RolloverRequest { profiles: Vec::new(), ..out };
    refused(&many, &none, &["no profile is named"]).await;
    many.app.remove_rollover(rollover).await.unwrap();
}

#[tokio::test]
async fn applying_twice_keeps_undo_from_what_others_have_done() {
    let many = Many::new(Size { connections: 2, using: 2 }).await;
    let rollover = started(&many).await;
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    let workspace = many.behind().await;
    let mut changed = workspace.connection(&id(1).parse().unwrap()).await.unwrap().unwrap();
    let further = read(&fixture("northwind.pem")).facts().fingerprint_sha256;
    let uses = &mut changed.production.as_mut().unwrap().partner_certificates;
    uses.extend(plain_list(&[further, further]).into_iter().skip(1));
    workspace.save_connection(&changed, many.app.now()).await.unwrap();
    workspace.close().await;
    assert_eq!(many.app.change_rollover(&apply(rollover)).await.unwrap().changed, 0);
    let undone = many.app.change_rollover(&undo(rollover)).await.unwrap();
    assert_eq!((undone.changed, undone.plan.kept.len()), (3, 1), "{:?}", undone.plan);
    assert_eq!(many.app.connection(&id(1).parse().unwrap()).await.unwrap().production, changed.production);
}

#[tokio::test]
async fn undoing_names_a_certificate_that_has_ended_meanwhile() {
    let many = Many::new(Size { connections: 1, using: 1 }).await;
    let rollover = started(&many).await;
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    // After the old one's end, 14 December.
    let later = App::new(
        Location::Dir(many.workspace.clone()),
        Unlock::none(),
        Clock::Fixed("2026-12-20T08:00:00Z".parse().unwrap()),
    );
    let undone = later.change_rollover(&undo(rollover)).await.unwrap();
    assert_eq!((undone.changed, undone.plan.kept.len()), (0, 2));
    let why = &undone.plan.kept[0].why;
    assert!(why.contains(&many.old.facts().fingerprint_sha256.short()) && why.contains("has ended on"), "{why}");
    let board = later.rollover(rollover).await.unwrap();
    assert_eq!((board.count(RolloverState::Active), board.rollover.undone), (2, None));
    later.close().await;
}

#[tokio::test]
async fn when_one_was_changed_since_the_difference_was_shown_none_is_changed() {
    let many = Many::new(SIZE).await;
    let rollover = started(&many).await;
    let plan = many.app.plan_rollover(rollover, &Step::Schedule(None), &[]).await.unwrap();
    let seen = plan.profiles.iter().map(|planned| (planned.key(), planned.before.clone())).collect();
    // Somebody takes a further certificate of the partner's for verifying.
    let workspace = many.behind().await;
    let mut changed = workspace.connection(&id(199).parse().unwrap()).await.unwrap().unwrap();
    let further = read(&fixture("northwind.pem")).facts().fingerprint_sha256;
    let mut uses = plain_list(&[many.old.facts().fingerprint_sha256, further]);
    changed.test.as_mut().unwrap().partner_certificates.clone_from(&uses);
    workspace.save_connection(&changed, many.app.now()).await.unwrap();
    workspace.close().await;
    let request = RolloverRequest { seen: Some(seen), ..apply(rollover) };
    refused(&many, &request, &[&id(199), "test", "changed by somebody else since the difference was shown"]).await;
    // Looked at again, it goes, and what was added stays.
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    let connection = many.app.connection(&id(199).parse().unwrap()).await.unwrap();
    uses.retain(|entry| entry.fingerprint == further);
    assert!(connection.test.unwrap().partner_certificates.contains(&uses[0]));
}

#[tokio::test]
async fn when_the_store_refuses_the_four_hundredth_none_is_changed() {
    let many = Many::new(SIZE).await;
    // So large that it can just be kept, and not with a schedule in it.
    let workspace = many.behind().await;
    let mut large = workspace.connection(&id(199).parse().unwrap()).await.unwrap().unwrap();
    let bare = serde_json::to_string(&large).unwrap().len();
    large.notes = Some("x".repeat(1024 * 1024 - bare - 64));
    workspace.save_connection(&large, many.app.now()).await.unwrap();
    workspace.close().await;
    let rollover = started(&many).await;
    refused(&many, &apply(rollover), &["the connection `", &id(199), "bytes"]).await;
}

#[tokio::test]
async fn undoing_restores_all_but_what_was_changed_since_and_names_that() {
    let many = Many::new(Size { connections: 5, using: 5 }).await;
    let rollover = started(&many).await;
    many.app.change_rollover(&apply(rollover)).await.unwrap();
    let workspace = many.behind().await;
    let mut changed = workspace.connection(&id(2).parse().unwrap()).await.unwrap().unwrap();
    changed.production.as_mut().unwrap().partner_certificates.pop();
    workspace.save_connection(&changed, many.app.now()).await.unwrap();
    workspace.close().await;
    let undone = many.app.change_rollover(&undo(rollover)).await.unwrap();
    assert_eq!(undone.changed, 9);
    let kept: Vec<String> =
        undone.plan.kept.iter().map(|kept| format!("{}/{}", kept.connection, kept.profile)).collect();
    assert_eq!(kept, [format!("{}/production", id(2))]);
    assert!(undone.plan.kept[0].why.contains("changed since by somebody else"));
    let old = plain_list(&[many.old.facts().fingerprint_sha256]);
    let (connections, rollovers) = everything(&many).await;
    for (number, found) in connections.iter().enumerate() {
        let expected = if number == 2 { changed.clone() } else { connection(number, &old) };
        assert_eq!(found.production, expected.production, "{number}");
        assert_eq!(found.test, connection(number, &old).test, "{number}");
    }
    assert!(rollovers[0].undone.is_some());
}

#[tokio::test]
async fn rolling_back_encrypts_for_the_old_one_and_still_accepts_the_new_one() {
    let many = Many::new(Size { connections: 3, using: 3 }).await;
    let rollover = started(&many).await;
    let one = |action| RolloverRequest { id: rollover, profiles: vec![key(1, PRODUCTION)], action, seen: None };
    let back = one(RolloverAction::Step(Step::RollBack));
    refused(&many, &back, &["nothing was done to it yet"]).await;
    many.app.change_rollover(&one(RolloverAction::Step(Step::Schedule(Some(Activation::Now))))).await.unwrap();
    let (old, new) = (many.old.facts().fingerprint_sha256, many.new.facts().fingerprint_sha256);
    let uses = || async {
        many.app.connection(&id(1).parse().unwrap()).await.unwrap().production.unwrap().partner_certificates
    };
    assert_eq!(used_now(&uses().await, many.app.now()).unwrap().fingerprint, new);
    many.app.change_rollover(&back).await.unwrap();
    assert_eq!(used_now(&uses().await, many.app.now()).unwrap().fingerprint, old);
    assert_eq!(acceptable_now(&uses().await, many.app.now()), [old, new]);
    // And back to how it was before all of it.
    many.app.change_rollover(&undo(rollover)).await.unwrap();
    assert_eq!(uses().await, plain_list(&[old]));
}

#[tokio::test]
async fn the_difference_says_what_is_to_be_looked_at() {
    let many = Many::new(Size { connections: 4, using: 4 }).await;
    let only = NamedProfiles { connection: id(0).parse().unwrap(), profile: None };
    let new = NewRollover {
        // After the old one's end, 14 December.
        activation: Some(at("2026-12-20T08:00:00Z".parse().unwrap())),
        except: vec![only],
        ..NewRollover::of(CertificateSource::File(many.renewed.clone()))
    };
    let prepared = many.app.prepare_rollover(&new).await.unwrap();
    assert_eq!((prepared.id, prepared.chosen, prepared.left_out), (None, 6, 2));
    assert!(prepared.warnings.contains(&CertificateWarning::Unconfirmed));
    let plan = prepared.plan.unwrap();
    assert!(plan.warnings().contains(&(CertificateWarning::Gap, 6)), "{:?}", plan.warnings());
    assert_eq!(many.app.rollovers().await.unwrap(), [], "nothing was kept");
    assert!(everything(&many).await.1.is_empty());

    // What is confirmed is not asked for again; a wrong fingerprint is refused.
    let wrong = NewRollover { confirmed: Some(Comparison::ByEye(many.old.facts().fingerprint_sha256)), ..new.clone() };
    assert!(many.app.start_rollover(&wrong).await.unwrap_err().to_string().contains("is not that of the certificate"));
    let right = NewRollover { confirmed: Some(Comparison::ByEye(many.new.facts().fingerprint_sha256)), ..new };
    let begun = many.app.start_rollover(&right).await.unwrap();
    assert!(!begun.warnings.contains(&CertificateWarning::Unconfirmed));
    let again = many.app.start_rollover(&right).await.unwrap_err();
    assert!(again.to_string().contains("rollover 1 is about this certificate already"), "{again}");
    // Soon, for one of them.
    let soon = Step::Schedule(Some(at("2026-11-24T08:00:00Z".parse().unwrap())));
    let plan = many.app.plan_rollover(begun.id.unwrap(), &soon, &[key(1, PRODUCTION)]).await.unwrap();
    assert_eq!(plan.warnings(), [(CertificateWarning::Soon, 1)]);
}
