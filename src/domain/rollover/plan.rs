//! What a change to many profiles would do, worked out before it is made; the same working out is what makes it.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{ProfileKey, Rollover, RolloverProfile};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint, ImportContext, import_warnings};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::{
    self, Activation, CertificatePurpose, CertificateUse, acceptable_now, next_activation, used_now,
};

/// What is to be done to each profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bring the new certificate in: at this time, or at each profile's own time, else that of the rollover.
    Schedule(Option<Activation>),
    /// Encrypt for the old certificate again at once; signatures made with the new one stay acceptable.
    RollBack,
    /// Put the certificates back as they were before the rollover, where nobody has changed them since.
    Undo,
}

/// What a step does to one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// Its name.
    pub name: String,
    /// The profile.
    pub profile: ProfileKind,
    /// What messages are encrypted for now.
    pub encrypts_now: Option<Fingerprint>,
    /// What they will be encrypted for.
    pub encrypts_then: Option<Fingerprint>,
    /// From when; nothing where that does not change.
    pub from: Option<Timestamp>,
    /// The zone in which that was stated.
    pub zone: Option<String>,
    /// Until when signatures made with the certificate that is replaced are accepted; nothing where without end.
    pub old_accepted_until: Option<Timestamp>,
    /// What is to be said about it.
    pub warnings: Vec<CertificateWarning>,
    /// Rules of the partner's policy that the profile's certificate would break then.
    pub against_policy: Vec<String>,
    /// The profile's certificates as they are.
    #[serde(skip)]
    pub before: Vec<CertificateUse>,
    /// The profile's certificates as they will be.
    #[serde(skip)]
    pub after: Vec<CertificateUse>,
}

impl PlannedProfile {
    /// Whether it changes anything.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.before != self.after
    }

    /// By what it is found.
    #[must_use]
    pub fn key(&self) -> ProfileKey {
        (self.connection.clone(), self.profile)
    }
}

/// A profile for which a step cannot be done: then it is done for none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// Why.
    pub why: String,
}

/// A profile that stays as it is, though the others are changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// Why.
    pub why: String,
}

/// What a step does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RolloverPlan {
    /// The profiles that it changes or leaves as they should be.
    pub profiles: Vec<PlannedProfile>,
    /// Those that stay as they are, and why.
    pub kept: Vec<KeptProfile>,
    /// Those that it cannot be done for. While there are any, nothing is done.
    pub refused: Vec<RefusedProfile>,
}

impl RolloverPlan {
    /// How many profiles it changes.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.profiles.iter().filter(|profile| profile.changes()).count()
    }

    /// What is to be said, with how many profiles it is said of.
    #[must_use]
    pub fn warnings(&self) -> Vec<(CertificateWarning, usize)> {
        let mut found: Vec<(CertificateWarning, usize)> = Vec::new();
        for warning in self.profiles.iter().filter(|profile| profile.changes()).flat_map(|each| &each.warnings) {
            match found.iter_mut().find(|(known, _)| known == warning) {
                Some((_, number)) => *number += 1,
                None => found.push((*warning, 1)),
            }
        }
        found.sort();
        found
    }

    /// How many profiles would break their partner's policy with it.
    #[must_use]
    pub fn against_policy(&self) -> usize {
        self.profiles.iter().filter(|profile| profile.changes() && !profile.against_policy.is_empty()).count()
    }
}

/// What the working out looks things up in.
pub struct Lookups<'a> {
    /// Certificates by fingerprint.
    pub certificates: &'a dyn Fn(&Fingerprint) -> Option<&'a CertificateFacts>,
    /// Certificates of our own.
    pub own: &'a [&'a CertificateFacts],
    /// Whether the new certificate's fingerprint was confirmed.
    pub confirmed: bool,
    /// Which rules of its policy a profile's certificate breaks at an instant.
    pub against_policy: &'a dyn Fn(&Connection, ProfileKind, &Profile, Timestamp) -> Vec<String>,
}

/// Works out what a step does to these profiles of a rollover; to all that are chosen, where none is named.
#[must_use]
pub fn plan<'a>(
    rollover: &'a Rollover,
    new: &'a CertificateFacts,
    step: &Step,
    wanted: &[ProfileKey],
    connections: &HashMap<&'a ConnectionId, &'a Connection>,
    lookups: &'a Lookups<'a>,
    now: Timestamp,
) -> RolloverPlan {
    let wanted: std::collections::HashSet<&ProfileKey> = wanted.iter().collect();
    let mut found = RolloverPlan::default();
    for profile in &rollover.profiles {
        let named = !wanted.is_empty() && wanted.contains(&profile.key());
        let all = wanted.is_empty() && (profile.chosen || *step == Step::Undo);
        if !named && !all {
            continue;
        }
        let connection = connections.get(&profile.connection).copied();
        let place = connection.and_then(|connection| Some((connection, connection.profile(profile.profile)?)));
        let refuse =
            |why: String| RefusedProfile { connection: profile.connection.clone(), profile: profile.profile, why };
        let Some((connection, settings)) = place else {
            let why = "the profile is not there any more".to_owned();
            match step {
                Step::Undo => found.kept.push(kept(profile, why)),
                _ => found.refused.push(refuse(format!("{why}; leave it out"))),
            }
            continue;
        };
        let one = One { rollover, profile, connection, settings, new, lookups, now };
        match step {
            Step::Schedule(activation) => {
                let own = rollover.activation_of(profile).map(Activation::from);
                match activation.clone().or(own) {
                    Some(activation) => match one.schedule(&activation) {
                        Ok(planned) => found.profiles.push(planned),
                        Err(why) => found.refused.push(refuse(why)),
                    },
                    None => found.refused.push(refuse("no time was set at which it is to change".to_owned())),
                }
            }
            Step::RollBack => match one.roll_back() {
                Ok(planned) => found.profiles.push(planned),
                Err(why) => found.refused.push(refuse(why)),
            },
            Step::Undo => match one.undo() {
                Ok(Some(planned)) => found.profiles.push(planned),
                Ok(None) => {}
                Err(why) => found.kept.push(kept(profile, why)),
            },
        }
    }
    found
}

fn kept(profile: &RolloverProfile, why: String) -> KeptProfile {
    KeptProfile { connection: profile.connection.clone(), profile: profile.profile, why }
}

/// One profile that a step is worked out for.
struct One<'a> {
    rollover: &'a Rollover,
    profile: &'a RolloverProfile,
    connection: &'a Connection,
    settings: &'a Profile,
    new: &'a CertificateFacts,
    lookups: &'a Lookups<'a>,
    now: Timestamp,
}

impl One<'_> {
    fn planned(&self, after: Vec<CertificateUse>, from: Option<Timestamp>) -> PlannedProfile {
        let before = self.settings.partner_certificates.clone();
        let encrypts = |uses: &[CertificateUse], at| used_now(uses, at).map(|entry| entry.fingerprint);
        let then = from.unwrap_or(self.now);
        PlannedProfile {
            connection: self.connection.id.clone(),
            name: self.connection.name.clone(),
            profile: self.profile.profile,
            encrypts_now: encrypts(&before, self.now),
            encrypts_then: encrypts(&after, then),
            from,
            zone: None,
            old_accepted_until: None,
            warnings: Vec::new(),
            against_policy: Vec::new(),
            before,
            after,
        }
    }

    fn schedule(&self, activation: &Activation) -> Result<PlannedProfile, String> {
        let uses = &self.settings.partner_certificates;
        let in_use = used_now(uses, self.now).map(|entry| entry.fingerprint);
        let expected = |used: &Fingerprint| *used == self.rollover.certificate || self.rollover.replaces.contains(used);
        if let Some(other) = in_use.filter(|used| !expected(used)) {
            return Err(format!(
                "it uses another certificate now ({}) than those that this rollover replaces; leave it out",
                other.short()
            ));
        }
        if in_use == Some(self.rollover.certificate) {
            // Already there: nothing is to be done, and no schedule is to be lost.
            return Ok(self.planned(uses.clone(), None));
        }
        let old = in_use.and_then(|old| (self.lookups.certificates)(&old));
        let renewal = timeline::renew(uses, self.new, old, activation, self.now).map_err(|error| error.to_string())?;
        let installed = timeline::all_fingerprints(uses);
        let scheduled =
            next_activation(uses, self.now).is_some_and(|(entry, _)| entry.fingerprint == self.rollover.certificate);
        let context = ImportContext {
            own: self.lookups.own.to_vec(),
            replaces: old,
            // That it was scheduled by this very rollover is nothing to be told.
            installed: if scheduled { Vec::new() } else { installed },
            confirmed: self.lookups.confirmed,
        };
        let mut warnings = import_warnings(self.new, self.now, &context);
        warnings.extend(renewal.warnings);
        let mut planned = self.planned(renewal.uses, Some(renewal.activates));
        planned.zone = match activation {
            Activation::Now => None,
            Activation::At { zone, .. } => zone.clone(),
        };
        planned.old_accepted_until = renewal.replaces.and_then(|old| {
            let verifies = |entry: &&CertificateUse| {
                entry.fingerprint == old && entry.purposes.contains(&CertificatePurpose::Verify)
            };
            planned.after.iter().filter(verifies).find_map(|entry| entry.until)
        });
        planned.warnings = warnings;
        let changed = Profile { partner_certificates: planned.after.clone(), ..self.settings.clone() };
        planned.against_policy =
            (self.lookups.against_policy)(self.connection, self.profile.profile, &changed, renewal.activates);
        Ok(planned)
    }

    /// Back to what was encrypted for before the rollover, at once. What the partner may sign with stays acceptable.
    fn roll_back(&self) -> Result<PlannedProfile, String> {
        let Some(applied) = &self.profile.applied else {
            return Err("nothing was done to it yet".to_owned());
        };
        let Some(old) = used_now(&applied.before, self.now) else {
            return Err("it had no certificate to go back to".to_owned());
        };
        if let Some(facts) = (self.lookups.certificates)(&old.fingerprint)
            && facts.not_after < self.now
        {
            return Err(format!("the old certificate {} has ended on {}", old.fingerprint.short(), facts.not_after));
        }
        let current = &self.settings.partner_certificates;
        if *current != applied.after {
            return Err("its certificates were changed since by somebody else".to_owned());
        }
        let mut after = applied.before.clone();
        for accepted in acceptable_now(current, self.now) {
            if !acceptable_now(&after, self.now).contains(&accepted) {
                after.push(CertificateUse {
                    fingerprint: accepted,
                    purposes: vec![CertificatePurpose::Verify],
                    from: Some(self.now),
                    until: None,
                    zone: None,
                });
            }
        }
        Ok(self.planned(after, Some(self.now)))
    }

    /// Nothing where there is nothing to be undone.
    fn undo(&self) -> Result<Option<PlannedProfile>, String> {
        let Some(applied) = &self.profile.applied else { return Ok(None) };
        if self.settings.partner_certificates != applied.after {
            return Err("its certificates were changed since by somebody else".to_owned());
        }
        let back = self.planned(applied.before.clone(), Some(self.now));
        let changes = back.encrypts_now != back.encrypts_then;
        Ok(Some(PlannedProfile { from: changes.then_some(self.now), ..back }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::certificate::{KeyAlgorithm, KeyFacts, SignatureFacts};
    use crate::domain::rollover::{Applied, PlannedActivation, RolloverId};
    use crate::domain::timeline::plain_list;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn facts(id: u8, from: i64, until: i64) -> CertificateFacts {
        CertificateFacts {
            subject: "CN=partner".to_owned(),
            issuer: "CN=partner".to_owned(),
            serial: format!("{id:02x}"),
            fingerprint_sha256: Fingerprint([id; 32]),
            fingerprint_sha1: String::new(),
            spki_sha256: format!("{id:02x}"),
            not_before: day(from),
            not_after: day(until),
            key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
            signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
            self_signed: true,
            ca: false,
            key_usage: Vec::new(),
        }
    }

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
            let lookups = Lookups { certificates: &find, own: &[], confirmed: true, against_policy: &against };
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
}
