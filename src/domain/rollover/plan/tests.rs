use super::*;
use crate::domain::fixtures::{day, facts};
use crate::domain::rollover::{Applied, PlannedActivation, RolloverId};
use crate::domain::timeline::plain_list;

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
        plan(&self.rollover, &known[1], step, &[], &connections, &lookups, day(now))
    }

    fn uses(&mut self) -> &mut Vec<CertificateUse> {
        &mut self.connection.test.as_mut().unwrap().partner_certificates
    }

    /// Does what was planned.
    fn apply(&mut self, plan: &RolloverPlan) {
        let planned = &plan.profiles[0];
        self.uses().clone_from(&planned.after);
        let profile = &mut self.rollover.profiles[0];
        match &mut profile.applied {
            Some(applied) => applied.after.clone_from(&planned.after),
            None => {
                profile.applied =
                    Some(Applied { at: day(50), before: planned.before.clone(), after: planned.after.clone() });
            }
        }
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
