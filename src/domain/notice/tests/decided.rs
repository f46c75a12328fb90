//! What was acknowledged or put off: for how long it is quiet.

use super::*;
use crate::domain::notice::standing::{Settlement, Snooze, Standing};

#[test]
fn what_was_acknowledged_is_quiet_until_it_is_louder_or_concerns_more() {
    let mut world = fresh();
    let at = before(30, 0);
    let known = Settlement { round: 1, acknowledged: Some(world.only(at).acknowledged(at, "jo")), snoozed: None };
    let standing = |world: &World, at| world.only(at).standing(Some(&known), at);
    assert_eq!(standing(&world, at), Standing::Acknowledged { at, by: "jo".to_owned() });
    assert!(!standing(&world, before(14, 1)).is_open());
    assert!(standing(&world, before(14, 0)).is_open(), "the next step");
    assert!(!standing(&world, before(60, 0)).is_open(), "the clock was put back");
    world.schedule(&[0, 1], 5);
    assert!(!standing(&world, before(7, 0)).is_open(), "a successor came: it is not louder");

    // Acknowledged while a successor was scheduled, which was then cancelled.
    let quiet = world.only(at);
    let known = Settlement { round: 1, acknowledged: Some(quiet.acknowledged(at, "jo")), snoozed: None };
    assert!(!world.only(before(7, 0)).standing(Some(&known), before(7, 0)).is_open(), "no quiet step is louder");
    let again = fresh();
    assert!(again.only(at).standing(Some(&known), at).is_open());

    // A third profile uses it since.
    let mut more = fresh();
    let known = Settlement { round: 1, acknowledged: Some(more.only(at).acknowledged(at, "jo")), snoozed: None };
    let test = more.connections[0].production.clone();
    more.connections[0].test = test;
    assert!(more.only(at).standing(Some(&known), at).is_open());
}

#[test]
fn what_is_put_off_comes_back_at_its_instant() {
    let world = fresh();
    let until = before(20, 0);
    let snooze = Snooze { until, by: "jo".to_owned(), seen: None };
    let put_off = Settlement { round: 1, acknowledged: None, snoozed: Some(snooze) };
    assert!(!world.only(before(20, 1)).standing(Some(&put_off), before(20, 1)).is_open());
    assert!(world.only(until).standing(Some(&put_off), until).is_open());
    assert!(!world.only(before(40, 0)).standing(Some(&put_off), before(40, 0)).is_open(), "the clock was put back");
}

#[test]
fn what_is_put_off_comes_back_when_its_successor_is_cancelled_or_it_concerns_more() {
    let mut scheduled = fresh();
    scheduled.schedule(&[0, 1], 5);
    let (at, until) = (before(30, 0), before(6, 0));
    let put_off = |notice: &Notice| Settlement {
        round: 1,
        acknowledged: None,
        snoozed: Some(Snooze { until, by: "jo".to_owned(), seen: Some(notice.acknowledged(at, "jo")) }),
    };
    let known = put_off(&scheduled.only(at));
    let open = |world: &World, at| world.only(at).standing(Some(&known), at).is_open();
    assert!(!open(&scheduled, before(7, 0)), "its steps are what was put off");
    assert!(open(&fresh(), before(20, 0)), "its successor was cancelled");
    assert!(open(&scheduled, until));
    let mut more = fresh();
    let known = put_off(&more.only(at));
    assert!(!more.only(before(15, 0)).standing(Some(&known), before(15, 0)).is_open(), "the same, and nearer");
    more.connections[0].test = more.connections[0].production.clone();
    assert!(more.only(at).standing(Some(&known), at).is_open());
    assert_eq!(more.only(at).latest_snooze(at), Some(end()));
    // Its day has come since, however long it was put off.
    let seen = Some(more.only(at).acknowledged(at, "jo"));
    let long = Snooze { until: before(-30, 0), by: "jo".to_owned(), seen };
    let known = Settlement { round: 1, acknowledged: None, snoozed: Some(long) };
    assert!(more.only(before(-1, 0)).standing(Some(&known), before(-1, 0)).is_open());
}

#[test]
fn what_is_put_off_comes_back_at_the_instant_at_which_it_is_more_urgent() {
    let world = fresh();
    let put_off = |days, until| {
        let at = before(days, 0);
        let seen = Some(world.only(at).acknowledged(at, "jo"));
        Settlement { round: 1, acknowledged: None, snoozed: Some(Snooze { until, by: "jo".to_owned(), seen }) }
    };
    let open = |known: &Settlement, at| world.only(at).standing(Some(known), at).is_open();
    // Soon at 40 days, urgent from 14 on, critical from 3 on.
    let soon = put_off(40, before(2, 0));
    for (at, expected) in [(before(30, 0), false), (before(14, 1), false), (before(14, 0), true), (before(10, 0), true)]
    {
        assert_eq!(open(&soon, at), expected, "{at}");
    }
    let urgent = put_off(14, before(1, 0));
    assert!(!open(&urgent, before(7, 0)), "as urgent as it was");
    assert!(!open(&urgent, before(3, 1)));
    assert!(open(&urgent, before(3, 0)));
    // What was put off before that was kept stays until its instant.
    let mut of_old = put_off(40, before(2, 0));
    of_old.snoozed.as_mut().unwrap().seen.as_mut().unwrap().urgency = None;
    assert!(!open(&of_old, before(10, 0)));
    assert!(open(&of_old, before(2, 0)));
}
