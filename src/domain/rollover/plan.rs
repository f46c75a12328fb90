//! What a change to many profiles would do, worked out before it is made; the same working out is what makes it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::planned::{KeptProfile, PlannedProfile, RefusedProfile, RolloverPlan, ScheduledUse};
use super::{Applied, ProfileKey, Rollover, RolloverProfile};
use crate::domain::certificate::{CertificateFacts, Fingerprint, ImportContext, import_warnings};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::instant;
use crate::domain::renewal::renew_for;
use crate::domain::timeline::{
    self, Activation, ActivationError, CertificatePurpose, CertificateUse, next_activation, used_now,
};

/// What is to be done to each profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bring the new certificate in: at this time, or at each profile's own time, else that of the rollover.
    Schedule(Option<Activation>),
    /// Encrypt for the old certificate again at once; signatures made with the new one stay acceptable. What was scheduled
    /// before the rollover does not come back.
    RollBack,
    /// Put the certificates back as they were before the rollover, where nobody has changed them since; signatures made with
    /// the new one stay acceptable where it was in use.
    Undo,
    /// Have them take part no longer. What the rollover did is put back; where somebody has changed the certificates
    /// since, only what it still has scheduled is taken back. None is refused: who cannot be put back is left out, too.
    LeaveOut,
}

/// What the working out looks things up in.
pub struct Lookups<'a> {
    /// Certificates by fingerprint.
    pub certificates: &'a dyn Fn(&Fingerprint) -> Option<&'a CertificateFacts>,
    /// Certificates of our own.
    pub own: &'a [&'a CertificateFacts],
    /// Whether the new certificate's fingerprint was confirmed.
    pub confirmed: bool,
    /// What a profile accepts signatures of at an instant, without what has retired.
    pub accepted: &'a dyn Fn(&ConnectionId, ProfileKind, &Profile, Timestamp) -> Vec<Fingerprint>,
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
        let all = match step {
            Step::Schedule(_) | Step::RollBack => profile.chosen,
            Step::Undo => true,
            // Who is left out has to be named.
            Step::LeaveOut => false,
        };
        let everybody = all && wanted.is_empty();
        if !(named || everybody) {
            continue;
        }
        let connection = connections.get(&profile.connection).copied();
        let place = connection.and_then(|connection| Some((connection, connection.profile(profile.profile)?)));
        let refuse =
            |why: String| RefusedProfile { connection: profile.connection.clone(), profile: profile.profile, why };
        let Some((connection, settings)) = place else {
            let why = "the profile is not there any more".to_owned();
            match step {
                Step::Undo | Step::LeaveOut => found.kept.push(kept(profile, why)),
                Step::Schedule(_) | Step::RollBack => found.refused.push(refuse(format!("{why}; leave it out"))),
            }
            continue;
        };
        let one = One { rollover, profile, connection, settings, new, lookups, now };
        // Whoever applies what is planned to all does not mean those that were taken back on purpose.
        let uses = &settings.partner_certificates;
        if *step == Step::Schedule(None) && !named && profile.is_rolled_back(uses, rollover.certificate, now) {
            found.kept.push(kept(
                profile,
                "it was rolled back; schedule it by itself where it is to change after all".to_owned(),
            ));
            continue;
        }
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
            Step::Undo | Step::LeaveOut => match one.taken_back(*step == Step::LeaveOut) {
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
            scheduled_now: ScheduledUse::of(&before, self.now),
            scheduled_then: ScheduledUse::of(&after, self.now),
            old_accepted_until: None,
            warnings: Vec::new(),
            against_policy: Vec::new(),
            goes_back: false,
            before,
            after,
            back_to: self.back_to(),
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
        // A date is refused by the schedule itself.
        if *activation == Activation::Now && self.new.not_after < self.now {
            return Err(ActivationError::Ended { not_after: self.new.not_after }.to_string());
        }
        let old = in_use.and_then(|old| (self.lookups.certificates)(&old));
        // One that was encrypted for alone, beside another that verifies, is replaced in that alone.
        let verifies = |entry: &&CertificateUse| entry.purposes.contains(&CertificatePurpose::Verify);
        let other_verifies = || uses.iter().any(|entry| verifies(&entry));
        let alone = in_use.is_some_and(|old| !uses.iter().filter(verifies).any(|entry| entry.fingerprint == old));
        let purpose = (alone && other_verifies()).then_some(CertificatePurpose::Encrypt);
        let renewal =
            renew_for(purpose, uses, self.new, old, activation, self.now).map_err(|error| error.to_string())?;
        let installed = timeline::all_fingerprints(uses);
        let scheduled =
            next_activation(uses, self.now).is_some_and(|(entry, _)| entry.fingerprint == self.rollover.certificate);
        let context = ImportContext {
            own: self.lookups.own.to_vec(),
            replaces: old,
            // That it was scheduled by this very rollover is nothing to be told.
            installed: if scheduled { Vec::new() } else { installed },
            confirmed: self.lookups.confirmed,
            encrypts: self.settings.encrypts(),
            verifies: purpose.is_none(),
            ..ImportContext::default()
        };
        let mut warnings = import_warnings(self.new, self.now, &context);
        warnings.extend(renewal.warnings);
        // In another order is no change: it is scheduled so already.
        let holds = |one: &[CertificateUse], other: &[CertificateUse]| other.iter().all(|entry| one.contains(entry));
        let same = renewal.uses.len() == uses.len() && holds(uses, &renewal.uses) && holds(&renewal.uses, uses);
        let after = if same { uses.clone() } else { renewal.uses };
        let mut planned = self.planned(after, Some(renewal.activates));
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

    /// Back to what was encrypted for before the rollover, at once, and nothing goes active by itself afterwards. What the
    /// partner may sign with stays acceptable.
    fn roll_back(&self) -> Result<PlannedProfile, String> {
        let Some(applied) = &self.profile.applied else {
            return Err("nothing was done to it yet".to_owned());
        };
        let before = self.unscheduled(applied);
        let Some(old) = used_now(&before, self.now) else {
            return Err("it had no certificate to go back to".to_owned());
        };
        if let Some(facts) = (self.lookups.certificates)(&old.fingerprint)
            && facts.not_after < self.now
        {
            return Err(format!(
                "the old certificate {} has ended on {}",
                old.fingerprint.short(),
                instant::in_words(facts.not_after)
            ));
        }
        let current = &self.settings.partner_certificates;
        if *current != applied.after {
            return Err("its certificates were changed since by somebody else".to_owned());
        }
        Ok(self.back(self.accepting(before)))
    }

    /// As it was before the rollover, without what was still to come then: also where its time has passed since, nobody has
    /// seen it go active.
    fn unscheduled(&self, applied: &Applied) -> Vec<CertificateUse> {
        timeline::cancel(&applied.before, self.lookups.certificates, applied.at.min(self.now))
            .map_or_else(|_nothing_scheduled| applied.before.clone(), |change| change.uses)
    }

    /// Certificates that are gone back to, and with them all that is accepted now: what the partner may sign with already.
    fn accepting(&self, mut after: Vec<CertificateUse>) -> Vec<CertificateUse> {
        let accepts = |uses: &[CertificateUse]| {
            let settings = Profile { partner_certificates: uses.to_vec(), ..self.settings.clone() };
            (self.lookups.accepted)(&self.connection.id, self.profile.profile, &settings, self.now)
        };
        let then = accepts(&after);
        for accepted in accepts(&self.settings.partner_certificates) {
            if !then.contains(&accepted) {
                after.push(CertificateUse {
                    fingerprint: accepted,
                    purposes: vec![CertificatePurpose::Verify],
                    from: Some(self.now),
                    until: None,
                    zone: None,
                });
            }
        }
        after
    }

    /// As it was before. Nothing where there is nothing to be put back. Where the new certificate is encrypted for already,
    /// the partner may have switched, and what they may sign with stays acceptable.
    fn taken_back(&self, leaves: bool) -> Result<Option<PlannedProfile>, String> {
        let Some(applied) = &self.profile.applied else { return Ok(None) };
        if self.settings.partner_certificates == applied.after {
            let mut back = self.back(applied.before.clone());
            // Whoever leaves goes on with what is used now, unless that changes; an undone rollover is to work.
            let same = back.encrypts_now == back.encrypts_then;
            if !(leaves && same) {
                self.refuse_ended(back.encrypts_then)?;
            }
            if !same {
                back = self.back(self.accepting(applied.before.clone()));
            }
            return Ok(Some(back));
        }
        let changed = "its certificates were changed since by somebody else".to_owned();
        if !leaves {
            return Err(changed);
        }
        // What somebody else has changed stays; what is scheduled goes.
        self.without_schedule(applied).map(|after| Some(self.back(after))).ok_or(changed)
    }

    /// Other certificates from now on, where that changes which one is encrypted for.
    fn back(&self, after: Vec<CertificateUse>) -> PlannedProfile {
        let back = self.planned(after, Some(self.now));
        let changes = back.encrypts_now != back.encrypts_then;
        PlannedProfile { from: changes.then_some(self.now), goes_back: true, ..back }
    }

    /// A certificate that has ended meanwhile is nothing to go back to.
    fn refuse_ended(&self, old: Option<Fingerprint>) -> Result<(), String> {
        let facts = old.and_then(|old| (self.lookups.certificates)(&old));
        match facts.filter(|facts| facts.not_after < self.now) {
            None => Ok(()),
            Some(facts) => Err(format!(
                "the certificate it would go back to, {} {}, has ended on {}",
                facts.common_name(),
                facts.fingerprint_sha256.short(),
                instant::in_words(facts.not_after)
            )),
        }
    }

    /// The certificates as they are, without what the rollover has scheduled; nothing where that is not there any more.
    fn without_schedule(&self, applied: &Applied) -> Option<Vec<CertificateUse>> {
        let current = &self.settings.partner_certificates;
        let certificate = self.rollover.certificate;
        let ours = |entry: &&CertificateUse| {
            entry.fingerprint == certificate
                && entry.purposes.contains(&CertificatePurpose::Encrypt)
                && entry.from.is_some_and(|from| from > self.now)
        };
        // Another time was somebody else's decision.
        let scheduled = applied.after.iter().find(ours)?;
        if !current.contains(scheduled) {
            return None;
        }
        timeline::without(current, certificate, self.lookups.certificates, self.now)
    }

    /// What undoing goes back to: what was there before the rollover did anything; where somebody has changed that since,
    /// what they left, without what the rollover had scheduled.
    fn back_to(&self) -> Vec<CertificateUse> {
        let current = &self.settings.partner_certificates;
        match &self.profile.applied {
            Some(applied) if applied.after == *current => applied.before.clone(),
            Some(applied) => self.without_schedule(applied).unwrap_or_else(|| current.clone()),
            None => current.clone(),
        }
    }
}

impl RolloverProfile {
    /// Notes what was done to it. Doing the same again changes nothing: where somebody has changed its certificates since,
    /// that they did is not forgotten.
    pub fn note_applied(&mut self, planned: &PlannedProfile, now: Timestamp) {
        if self.applied.is_some() && !planned.changes() {
            return;
        }
        let same = self.applied.as_ref().filter(|known| known.before == planned.back_to);
        let at = same.map_or(now, |known| known.at);
        self.applied = Some(Applied { at, before: planned.back_to.clone(), after: planned.after.clone() });
    }
}

#[cfg(test)]
mod tests;
