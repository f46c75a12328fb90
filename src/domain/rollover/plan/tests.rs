use super::*;
use crate::domain::fixtures::{day, facts};
use crate::domain::rollover::{PlannedActivation, RolloverId, ScheduleEffect};
use crate::domain::timeline::{acceptable_now, plain_list};

const OLD: Fingerprint = Fingerprint([1; 32]);
const NEW: Fingerprint = Fingerprint([2; 32]);
const FURTHER: Fingerprint = Fingerprint([7; 32]);

/// A rollover of 1 to 2 over one profile, at day 70 for all; the old one ends on day 100.
struct World {
    rollover: Rollover,
    connection: Connection,
}

impl World {
    fn new() -> Self {
        let mut connection: Connection = toml::from_str(
            "id = \"p\"\nname = \"P\"\n[test]\nour_as2_id = \"US\"\npartner_as2_id = \"P\"\nurl = \"http://127.0.0.1/\"\nidentity = \"us\"\n",
        )
        .unwrap();
        connection.test.as_mut().unwrap().partner_certificates = plain_list(&[Fingerprint([1; 32])]);
        let rollover = Rollover {
            id: RolloverId(1),
            name: "P".to_owned(),
            certificate: Fingerprint([2; 32]),
            replaces: vec![Fingerprint([1; 32])],
            created: day(50),
            activation: Some(PlannedActivation { at: Some(day(70)), zone: None }),
            undone: None,
            profiles: vec![RolloverProfile::new("p".parse().unwrap(), ProfileKind::Test)],
        };
        Self { rollover, connection }
    }

    fn plan(&self, step: &Step, now: i64) -> RolloverPlan {
        self.plan_of(step, &[], now)
    }

    fn plan_of(&self, step: &Step, wanted: &[ProfileKey], now: i64) -> RolloverPlan {
        let known = [facts(1, 0, 100), facts(2, 40, 200)];
        let against = |_: &Connection, _: ProfileKind, _: &Profile, _: Timestamp| vec!["too short".to_owned()];
        let find = |print: &Fingerprint| known.iter().find(|facts| facts.fingerprint_sha256 == *print);
        let accepted = |_: &ConnectionId, _: ProfileKind, profile: &Profile, at: Timestamp| {
            let seen = |print: &Fingerprint| (print.0[0] > 1).then(|| day(70));
            timeline::accepted(&profile.partner_certificates, 30, &seen, at)
        };
        let lookups =
            Lookups { certificates: &find, own: &[], confirmed: true, accepted: &accepted, against_policy: &against };
        let connections = HashMap::from([(&self.connection.id, &self.connection)]);
        plan(&self.rollover, &known[1], step, wanted, &connections, &lookups, day(now))
    }

    fn uses(&mut self) -> &mut Vec<CertificateUse> {
        &mut self.connection.test.as_mut().unwrap().partner_certificates
    }

    /// Does what was planned.
    fn apply(&mut self, plan: &RolloverPlan) {
        let planned = &plan.profiles[0];
        self.uses().clone_from(&planned.after);
        self.rollover.profiles[0].note_applied(planned, day(50));
    }

    /// Somebody else has signatures accepted that are made with a further certificate.
    fn meddle(&mut self) {
        let mut further = plain_list(&[FURTHER]);
        further[0].purposes = vec![CertificatePurpose::Verify];
        self.uses().extend(further);
    }

    fn leave_out(&self, now: i64) -> RolloverPlan {
        self.plan_of(&Step::LeaveOut, &[self.rollover.profiles[0].key()], now)
    }
}

#[test]
fn the_time_of_all_holds_unless_a_profile_has_its_own_or_one_is_given() {
    let mut world = World::new();
    let from = |plan: RolloverPlan| plan.profiles[0].from;
    assert_eq!(from(world.plan(&Step::Schedule(None), 60)), Some(day(70)));
    world.rollover.profiles[0].activation = Some(PlannedActivation { at: Some(day(75)), zone: None });
    assert_eq!(from(world.plan(&Step::Schedule(None), 60)), Some(day(75)));
    let given = Activation::At { at: day(80), zone: Some("Europe/Berlin".to_owned()) };
    let planned = world.plan(&Step::Schedule(Some(given)), 60);
    assert_eq!(planned.profiles[0].zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(planned.profiles[0].old_accepted_until, Some(day(100)));
    assert_eq!(planned.against_policy(), 1);
    assert_eq!(from(planned), Some(day(80)));
}

#[test]
fn an_impossible_time_is_refused_and_what_is_there_already_is_left_alone() {
    let mut world = World::new();
    let refused = world.plan(&Step::Schedule(None), 71);
    assert!(refused.profiles.is_empty() && refused.refused[0].why.contains("in the past"), "{refused:?}");
    let plan = world.plan(&Step::Schedule(Some(Activation::Now)), 60);
    world.apply(&plan);
    // Active by now: the same step changes nothing, whatever its time.
    let again = world.plan(&Step::Schedule(None), 71);
    assert_eq!((again.changed(), again.refused.len()), (0, 0));
    world.uses()[0].fingerprint = Fingerprint([9; 32]);
    world.uses().truncate(1);
    assert!(world.plan(&Step::Schedule(None), 60).refused[0].why.contains("another certificate"));
}

#[test]
fn rolling_back_ends_with_the_old_one_and_undoing_with_what_was() {
    let mut world = World::new();
    assert!(world.plan(&Step::RollBack, 60).refused[0].why.contains("nothing was done"));
    assert_eq!(world.plan(&Step::Undo, 60), RolloverPlan::default());
    let before = world.uses().clone();
    let plan = world.plan(&Step::Schedule(None), 60);
    world.apply(&plan);
    let back = world.plan(&Step::RollBack, 71);
    assert_eq!(back.profiles[0].encrypts_then, Some(Fingerprint([1; 32])));
    assert!(world.plan(&Step::RollBack, 101).refused[0].why.contains("has ended"));
    world.apply(&back);
    let undone = world.plan(&Step::Undo, 72);
    assert_eq!(undone.profiles[0].after, before);
    world.uses().pop();
    let kept = world.plan(&Step::Undo, 72);
    assert!(kept.profiles.is_empty() && kept.kept[0].why.contains("changed since"), "{kept:?}");
}

/// A profile for which somebody had scheduled the new certificate for day 80 before the rollover.
fn scheduled_by_hand() -> World {
    let mut world = World::new();
    let at = Activation::At { at: day(80), zone: Some("Europe/Berlin".to_owned()) };
    let (old, new) = (facts(1, 0, 100), facts(2, 40, 200));
    let scheduled = timeline::renew(world.uses(), &new, Some(&old), &at, day(49)).unwrap().uses;
    *world.uses() = scheduled;
    world
}

#[test]
fn rolling_back_brings_no_earlier_schedule_back_and_undoing_says_that_it_does() {
    let earlier = Some(ScheduledUse { certificate: NEW, at: day(80), zone: Some("Europe/Berlin".to_owned()) });
    // Also once its time has passed, when nobody has seen it go active.
    for now in [61, 85] {
        let mut world = scheduled_by_hand();
        let plan = world.plan(&Step::Schedule(Some(Activation::Now)), 50);
        assert_eq!((&plan.profiles[0].scheduled_now, &plan.profiles[0].scheduled_then), (&earlier, &None));
        assert_eq!(plan.profiles[0].schedule_effect(), ScheduleEffect::None, "it is brought in");
        world.apply(&plan);
        let back = world.plan(&Step::RollBack, now);
        assert_eq!((back.profiles[0].encrypts_now, back.profiles[0].encrypts_then), (Some(NEW), Some(OLD)));
        assert_eq!(told(&back.profiles[0].after, 90), (Some(OLD), vec![OLD, NEW]), "on day {now}");
        world.apply(&back);
        let undone = world.plan(&Step::Undo, now).profiles.remove(0);
        if now == 61 {
            let expected = earlier.as_ref().map_or(ScheduleEffect::None, ScheduleEffect::ComesBack);
            assert_eq!((undone.from, undone.schedule_effect()), (None, expected));
        }
        // Whoever applies what is planned to all does not mean it.
        let all = world.plan(&Step::Schedule(None), 61);
        assert!(all.profiles.is_empty() && all.kept[0].why.contains("rolled back"), "{all:?}");
        let named = world.plan_of(&Step::Schedule(None), &[world.rollover.profiles[0].key()], 61);
        assert_eq!((named.changed(), named.profiles[0].from), (1, Some(day(70))));
    }
}

#[test]
fn a_schedule_that_is_taken_back_or_stays_is_told() {
    let mut world = World::new();
    let plan = world.plan(&Step::Schedule(None), 60);
    world.apply(&plan);
    for step in [Step::RollBack, Step::Undo] {
        let back = world.plan(&step, 61).profiles.remove(0);
        assert_eq!((back.from, back.schedule_effect()), (None, ScheduleEffect::Removed), "{step:?}");
    }
    // What was scheduled so before stays, and is not as it should be.
    let mut world = scheduled_by_hand();
    world.rollover.activation = Some(PlannedActivation { at: Some(day(80)), zone: Some("Europe/Berlin".to_owned()) });
    let plan = world.plan(&Step::Schedule(None), 60);
    assert_eq!((plan.changed(), plan.unchanged()), (0, (1, 0)));
    world.apply(&plan);
    assert_eq!(world.plan(&Step::Undo, 61).unchanged(), (0, 1));
}

/// What stands for encrypting and for verifying, by fingerprint.
fn told(uses: &[CertificateUse], at: i64) -> (Option<Fingerprint>, Vec<Fingerprint>) {
    (used_now(uses, day(at)).map(|entry| entry.fingerprint), acceptable_now(uses, day(at)))
}

#[test]
fn applying_twice_forgets_nothing_that_others_have_done() {
    let mut world = World::new();
    let before = world.uses().clone();
    let first = world.plan(&Step::Schedule(None), 60);
    world.apply(&first);
    // The same again, and another time: what is gone back to stays.
    let again = world.plan(&Step::Schedule(None), 61);
    assert_eq!(again.changed(), 0);
    world.apply(&again);
    let later = Activation::At { at: day(80), zone: None };
    let moved = world.plan(&Step::Schedule(Some(later.clone())), 61);
    world.apply(&moved);
    assert_eq!(world.plan(&Step::Undo, 62).profiles[0].after, before);
    // Somebody else changes it, and the same is applied again: nothing was done, and undoing is still refused.
    world.meddle();
    let again = world.plan(&Step::Schedule(Some(later)), 62);
    assert_eq!(again.changed(), 0);
    world.apply(&again);
    let kept = world.plan(&Step::Undo, 63);
    assert!(kept.profiles.is_empty() && kept.kept[0].why.contains("changed since"), "{kept:?}");
    // Moved again, undoing goes back to what they left.
    let moved = world.plan(&Step::Schedule(Some(Activation::At { at: day(85), zone: None })), 63);
    assert_eq!(moved.changed(), 1);
    world.apply(&moved);
    let undone = world.plan(&Step::Undo, 64);
    assert_eq!(told(&undone.profiles[0].after, 90), (Some(OLD), vec![OLD, FURTHER]));
}

#[test]
fn undoing_does_not_go_back_to_a_certificate_that_has_ended() {
    let mut world = World::new();
    let plan = world.plan(&Step::Schedule(None), 60);
    world.apply(&plan);
    assert_eq!(world.plan(&Step::Undo, 99).changed(), 1);
    let kept = world.plan(&Step::Undo, 101);
    assert!(kept.profiles.is_empty(), "{kept:?}");
    let why = &kept.kept[0].why;
    assert!(why.contains(&OLD.short()) && why.contains("has ended on 11 Apr 1970"), "{why}");
    // Whoever leaves goes on with the new one.
    let left = world.leave_out(101);
    assert!(left.profiles.is_empty() && left.kept[0].why.contains("has ended"), "{left:?}");
}

#[test]
fn leaving_out_takes_back_what_is_scheduled_and_no_more() {
    let mut world = World::new();
    let before = world.uses().clone();
    assert_eq!(world.leave_out(60), RolloverPlan::default());
    let plan = world.plan(&Step::Schedule(None), 60);
    world.apply(&plan);
    assert_eq!(world.leave_out(61).profiles[0].after, before);
    // Nobody is meant where nobody is named.
    assert_eq!(world.plan(&Step::LeaveOut, 61), RolloverPlan::default());
    // What somebody else has added stays.
    world.meddle();
    let left = world.leave_out(61);
    assert_eq!(told(&left.profiles[0].after, 90), (Some(OLD), vec![OLD, FURTHER]), "{left:?}");
    assert_eq!((left.changed(), left.kept.len(), left.refused.len()), (1, 0, 0));
    // A time that somebody else has set stays, and so does another certificate that they have put to use.
    for entry in world.uses().iter_mut().filter(|entry| entry.fingerprint == NEW) {
        entry.from = entry.from.map(|from| if from == day(70) { day(75) } else { from });
    }
    let left = world.leave_out(61);
    assert!(left.profiles.is_empty() && left.kept[0].why.contains("changed since"), "{left:?}");
    *world.uses() = plain_list(&[FURTHER]);
    assert!(world.plan(&Step::Schedule(None), 61).refused[0].why.contains("another certificate"));
    let left = world.leave_out(61);
    assert_eq!((left.profiles.len(), left.kept.len(), left.refused.len()), (0, 1, 0), "{left:?}");
    world.connection.test = None;
    let left = world.leave_out(61);
    assert!(left.refused.is_empty() && left.kept[0].why.contains("not there any more"), "{left:?}");
}

#[test]
fn what_was_encrypted_for_alone_is_replaced_in_that_alone() {
    let mut world = World::new();
    *world.uses() = plain_list(&[Fingerprint([1; 32]), Fingerprint([3; 32])]);
    world.uses()[0].purposes = vec![CertificatePurpose::Encrypt];
    let planned = world.plan(&Step::Schedule(None), 60).profiles.remove(0);
    let verifies = |entry: &&CertificateUse| entry.purposes.contains(&CertificatePurpose::Verify);
    let verifying: Vec<u8> = planned.after.iter().filter(verifies).map(|entry| entry.fingerprint.0[0]).collect();
    assert_eq!((planned.encrypts_then, verifying), (Some(Fingerprint([2; 32])), vec![3]));
}

#[test]
fn whoever_has_switched_is_not_shut_out_by_undoing_or_leaving_out() {
    let mut world = World::new();
    let before = world.uses().clone();
    let plan = world.plan(&Step::Schedule(None), 60);
    world.apply(&plan);
    for plan in [world.plan(&Step::Undo, 71), world.leave_out(71)] {
        let back = &plan.profiles[0];
        assert_eq!(told(&back.after, 71), (Some(OLD), vec![OLD, NEW]), "{plan:?}");
        assert_eq!(back.from, Some(day(71)));
    }
    // Before the switch nobody signs with it.
    for plan in [world.plan(&Step::Undo, 69), world.leave_out(69)] {
        assert_eq!(plan.profiles[0].after, before);
    }
}
