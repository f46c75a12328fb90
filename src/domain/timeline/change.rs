//! Changing a schedule. Every function takes what a profile has and returns what it has afterwards; nothing is half done,
//! and what was there before is all that is needed to take a change back.

use jiff::Timestamp;

use super::ahead::{append, is_coming, is_for_both, keep_apart, listed, without_coming, without_coming_of};
use super::{ActivationError, CertificatePurpose, CertificateUse, ScheduleError, next_activation, used_now};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint, time_warnings};

/// When a certificate is to go active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activation {
    /// At once.
    Now,
    /// At an instant, stated in a time zone where one was given.
    At {
        /// The instant.
        at: Timestamp,
        /// The IANA name of the zone, or an offset.
        zone: Option<String>,
    },
}

/// What importing a certificate does to a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The profile's certificates afterwards.
    pub uses: Vec<CertificateUse>,
    /// When the new one goes active.
    pub activates: Timestamp,
    /// The one that it replaces.
    pub replaces: Option<Fingerprint>,
    /// What is to be said about the schedule.
    pub warnings: Vec<CertificateWarning>,
}

/// What changing a schedule does to a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The profile's certificates afterwards.
    pub uses: Vec<CertificateUse>,
    /// The certificate that it is about: the one that goes active then, or that does not any more.
    pub certificate: Fingerprint,
    /// When it goes active; nothing where it does not any more.
    pub activates: Option<Timestamp>,
    /// The one that is encrypted for until then, or from now on instead of another.
    pub other: Option<Fingerprint>,
    /// What is to be said about the schedule.
    pub warnings: Vec<CertificateWarning>,
}

/// What is known of a profile's certificates.
type Facts<'a, 'f> = &'a dyn Fn(&Fingerprint) -> Option<&'f CertificateFacts>;

/// Brings a renewed certificate into a profile: signatures made with it are accepted from now on, messages are
/// encrypted for it from its activation, and signatures made with the old one are accepted until that one ends.
///
/// A schedule of the same certificate is replaced; so is any other activation still to come, because one profile has
/// one successor at a time. What the certificate was used for before stays in the list: that is what rolling back goes
/// back to.
///
/// # Errors
/// Where the activation is past or outside the certificate's validity. A certificate that has ended or not begun can
/// still be put to use at once: that is the user's to decide, and the warnings say it.
pub fn renew(
    uses: &[CertificateUse],
    new: &CertificateFacts,
    old: Option<&CertificateFacts>,
    activation: &Activation,
    now: Timestamp,
) -> Result<Renewal, ActivationError> {
    let (activates, zone) = instant_of(new, activation, now)?;
    let fresh = new.fingerprint_sha256;
    let verifies_now = |uses: &[CertificateUse]| {
        uses.iter().any(|entry| entry.fingerprint == fresh && entry.covers(CertificatePurpose::Verify, now))
    };
    if let Some(mut renewal) = in_use_already(uses, fresh, now) {
        // The old file again. What only encrypted until now is to verify as well.
        if !verifies_now(uses) {
            renewal.uses.push(use_of(fresh, &[CertificatePurpose::Verify], now, None));
        }
        return Ok(renewal);
    }
    let replaces = used_now(uses, now).map(|entry| entry.fingerprint);
    let (mut after, mut ahead) = (Vec::new(), Vec::new());
    for (entry, is_ahead) in without_coming(uses, now, Some(fresh)) {
        if entry.fingerprint == fresh {
            // What is accepted for the sake of the activation moves with it.
            let place = if is_ahead { &mut ahead } else { &mut after };
            place.extend(accepted_on(&entry, new, now));
        } else if Some(entry.fingerprint) == replaces {
            after.extend(replaced(&entry, old, activates));
        } else {
            after.push(entry);
        }
    }
    let both = activates <= now;
    let accepted = verifies_now(&after) || verifies_now(&ahead);
    if !both && !accepted {
        ahead.push(use_of(fresh, &[CertificatePurpose::Verify], now, None));
    }
    let purposes: &[_] = if both && !accepted { CertificatePurpose::ALL } else { &[CertificatePurpose::Encrypt] };
    let activated = use_of(fresh, purposes, activates, zone);
    if ahead.is_empty() {
        append(&mut after, activated);
    } else {
        after.extend(ahead);
        after.push(activated);
    }
    Ok(Renewal { uses: after, activates, replaces, warnings: said(uses, new, old, activates, now) })
}

/// Brings a renewed certificate in to be encrypted for alone: whatever verifies signatures goes on as it is.
///
/// # Errors
/// As [`renew`].
pub fn renew_encrypting(
    uses: &[CertificateUse],
    new: &CertificateFacts,
    old: Option<&CertificateFacts>,
    activation: &Activation,
    now: Timestamp,
) -> Result<Renewal, ActivationError> {
    let (activates, zone) = instant_of(new, activation, now)?;
    let fresh = new.fingerprint_sha256;
    if let Some(renewal) = in_use_already(uses, fresh, now) {
        return Ok(renewal);
    }
    let replaces = used_now(uses, now).map(|entry| entry.fingerprint);
    let mut after = Vec::new();
    for entry in uses {
        if !is_coming(entry, now) {
            after.push(entry.clone());
        } else if entry.verifies() {
            after.push(entry.only(CertificatePurpose::Verify));
        }
    }
    append(&mut after, use_of(fresh, &[CertificatePurpose::Encrypt], activates, zone));
    Ok(Renewal { uses: after, activates, replaces, warnings: said(uses, new, old, activates, now) })
}

/// When a certificate is to go active, and in which zone that was stated, where it can be so.
pub(in crate::domain) fn instant_of(
    new: &CertificateFacts,
    activation: &Activation,
    now: Timestamp,
) -> Result<(Timestamp, Option<String>), ActivationError> {
    match activation {
        Activation::Now => Ok((now, None)),
        Activation::At { at, .. } if *at < now => Err(ActivationError::Past { at: *at, now }),
        Activation::At { .. } if new.not_after < now => Err(ActivationError::Ended { not_after: new.not_after }),
        Activation::At { at, .. } if *at < new.not_before => {
            Err(ActivationError::BeforeBegin { at: *at, not_before: new.not_before })
        }
        Activation::At { at, .. } if *at > new.not_after => {
            Err(ActivationError::AfterEnd { at: *at, not_after: new.not_after })
        }
        Activation::At { at, zone } => Ok((*at, zone.clone())),
    }
}

/// Where it is encrypted for already, nothing is to be done, and least of all is a schedule to be lost.
fn in_use_already(uses: &[CertificateUse], fresh: Fingerprint, now: Timestamp) -> Option<Renewal> {
    let entry = used_now(uses, now).filter(|entry| entry.fingerprint == fresh)?;
    let activates = entry.from.unwrap_or(now);
    Some(Renewal { uses: uses.to_vec(), activates, replaces: None, warnings: Vec::new() })
}

/// What is to be said of an activation.
fn said(
    uses: &[CertificateUse],
    new: &CertificateFacts,
    old: Option<&CertificateFacts>,
    activates: Timestamp,
    now: Timestamp,
) -> Vec<CertificateWarning> {
    let mut warnings = Vec::new();
    if uses.iter().any(|entry| is_coming(entry, now) && entry.fingerprint != new.fingerprint_sha256) {
        warnings.push(CertificateWarning::ScheduleCancelled);
    }
    if old.is_some_and(|old| old.not_after < activates && activates > now) {
        warnings.push(CertificateWarning::Gap);
    }
    if activates > now && activates.as_second() - now.as_second() < 86_400 {
        warnings.push(CertificateWarning::Soon);
    }
    warnings.extend(time_warnings(new, old, activates, now));
    warnings
}

/// Moves the activation that is still to come to another instant.
///
/// # Errors
/// Where none is to come, its certificate is not known, or the new instant is refused as [`renew`] refuses it.
pub fn reschedule(
    uses: &[CertificateUse],
    facts: Facts<'_, '_>,
    at: Timestamp,
    zone: Option<String>,
    now: Timestamp,
) -> Result<Change, ScheduleError> {
    again(uses, facts, &Activation::At { at, zone }, now)
}

/// Activates at once what is scheduled for later.
///
/// # Errors
/// Where nothing is scheduled, or its certificate is not known.
pub fn activate_now(uses: &[CertificateUse], facts: Facts<'_, '_>, now: Timestamp) -> Result<Change, ScheduleError> {
    again(uses, facts, &Activation::Now, now)
}

fn again(
    uses: &[CertificateUse],
    facts: Facts<'_, '_>,
    activation: &Activation,
    now: Timestamp,
) -> Result<Change, ScheduleError> {
    let (entry, _) = next_activation(uses, now).ok_or(ScheduleError::NothingScheduled)?;
    let certificate = entry.fingerprint;
    let new = facts(&certificate).ok_or(ScheduleError::Unknown { certificate })?;
    let other = used_now(uses, now).map(|entry| entry.fingerprint);
    if other == Some(certificate) {
        // Used already, and once more later: the later one is all that there is to change.
        let mut after = listed(without_coming(uses, now, Some(certificate)));
        if let Activation::At { at, zone } = activation {
            if *at < now {
                return Err(ActivationError::Past { at: *at, now }.into());
            }
            append(&mut after, use_of(certificate, &[CertificatePurpose::Encrypt], *at, zone.clone()));
        }
        return Ok(Change { uses: after, certificate, activates: Some(now), other: None, warnings: Vec::new() });
    }
    let old = other.and_then(|print| facts(&print));
    // As it was brought in: what was to be encrypted for alone does not begin to verify.
    let activates = match activation {
        Activation::Now => now,
        Activation::At { at, .. } => *at,
    };
    let verifies = || uses.iter().filter(|entry| entry.fingerprint == certificate && entry.verifies());
    // What verifies only from later on, by a clock that was put back, is to verify once it is used.
    let waits = !verifies().any(|entry| entry.covers(CertificatePurpose::Verify, activates))
        && verifies().any(|entry| entry.from > Some(activates));
    let renewal = if waits || is_for_both(uses, certificate, now) {
        renew(uses, new, old, activation, now)?
    } else {
        let renewal = renew_encrypting(uses, new, old, activation, now)?;
        // An end that being replaced has set says nothing where it is used beyond it.
        let goes_on = |entry: &CertificateUse| {
            let end = facts(&entry.fingerprint).map(|facts| facts.not_after);
            let beyond = Some(entry.fingerprint) == other && end.is_some_and(|end| end <= renewal.activates);
            let own = entry.verifies() && (entry.fingerprint == certificate || beyond);
            if own { without_own_end(entry.clone(), end) } else { entry.clone() }
        };
        Renewal { uses: renewal.uses.iter().map(goes_on).collect(), ..renewal }
    };
    Ok(Change {
        uses: renewal.uses,
        certificate,
        activates: Some(renewal.activates),
        other,
        warnings: renewal.warnings,
    })
}

/// Takes back what is scheduled: nothing is encrypted for it any more, and what was accepted only for its sake is not
/// accepted any longer. A certificate that was in use before stays accepted. The one in use goes on as if nothing had
/// been scheduled.
///
/// # Errors
/// Where nothing is scheduled.
pub fn cancel(uses: &[CertificateUse], facts: Facts<'_, '_>, now: Timestamp) -> Result<Change, ScheduleError> {
    let (entry, _) = next_activation(uses, now).ok_or(ScheduleError::NothingScheduled)?;
    let certificate = entry.fingerprint;
    let other = used_now(uses, now).map(|entry| entry.fingerprint);
    // One that is encrypted for alone has set no end to what verifies.
    let ended = other.filter(|_| verifies(uses, certificate));
    let after = freed(listed(without_coming(uses, now, None)), ended, facts);
    Ok(Change { uses: after, certificate, activates: None, other, warnings: Vec::new() })
}

/// Takes back what is scheduled of one certificate, as [`cancel`] does, and leaves what is scheduled of others. Nothing
/// where none of it is scheduled.
#[must_use]
pub fn without(
    uses: &[CertificateUse],
    certificate: Fingerprint,
    facts: Facts<'_, '_>,
    now: Timestamp,
) -> Option<Vec<CertificateUse>> {
    if !uses.iter().any(|entry| entry.fingerprint == certificate && is_coming(entry, now)) {
        return None;
    }
    let after = listed(without_coming_of(uses, certificate, now));
    if next_activation(&after, now).is_some() {
        return Some(after);
    }
    let in_use = used_now(uses, now).map(|entry| entry.fingerprint);
    Some(freed(after, in_use.filter(|_| verifies(uses, certificate)), facts))
}

/// The certificate that was used before the one that is used now, also where both began at the same instant.
#[must_use]
pub fn previous(uses: &[CertificateUse], now: Timestamp) -> Option<Fingerprint> {
    let mut begun: Vec<(usize, &CertificateUse)> =
        uses.iter().enumerate().filter(|(_, entry)| entry.covers(CertificatePurpose::Encrypt, now)).collect();
    // As `used_now` chooses: of those that were always there the first listed is the last word, of others the last.
    let place = |index: usize, entry: &CertificateUse| if entry.from.is_none() { usize::MAX - index } else { index };
    begun.sort_by_key(|(index, entry)| (entry.from, place(*index, entry)));
    let present = begun.last()?.1.fingerprint;
    begun.iter().rev().map(|(_, entry)| entry.fingerprint).find(|print| *print != present)
}

/// Goes back to the certificate that was used before: messages are encrypted for it from now on. The one that was used
/// until now stays accepted until its end, because the partner may sign with it already. What is scheduled for later
/// stays scheduled, unless it is the very one that is gone back to.
///
/// # Errors
/// Where none was used before, or that one has ended or is not known.
pub fn roll_back(uses: &[CertificateUse], facts: Facts<'_, '_>, now: Timestamp) -> Result<Change, ScheduleError> {
    let certificate = previous(uses, now).ok_or(ScheduleError::NothingBefore)?;
    let old = facts(&certificate).ok_or(ScheduleError::Unknown { certificate })?;
    if old.not_after < now {
        return Err(ScheduleError::PreviousEnded { previous: certificate, not_after: old.not_after });
    }
    let other = used_now(uses, now).map(|entry| entry.fingerprint);
    // One that is encrypted for alone takes no other's place in verifying, and does not begin to verify.
    let verifies = uses.iter().any(|entry| entry.fingerprint == certificate && entry.verifies());
    let is_to_come = |print: Fingerprint| uses.iter().any(|entry| entry.fingerprint == print && is_coming(entry, now));
    let mut after = Vec::new();
    for entry in uses {
        if entry.fingerprint == certificate && is_coming(entry, now) {
            // It is used from now on: being activated later says nothing any more.
            continue;
        }
        if entry.fingerprint == certificate {
            after.extend(accepted_on(entry, old, now));
        } else if is_to_come(entry.fingerprint) {
            // An end that being replaced has set says nothing of one that is to be used later.
            after.push(without_own_end(entry.clone(), facts(&entry.fingerprint).map(|facts| facts.not_after)));
        } else if Some(entry.fingerprint) == other && verifies {
            after.extend(replaced(entry, other.and_then(|print| facts(&print)), now));
        } else {
            after.push(entry.clone());
        }
    }
    let accepted =
        after.iter().any(|entry| entry.fingerprint == certificate && entry.covers(CertificatePurpose::Verify, now));
    let purposes: &[_] = if accepted || !verifies { &[CertificatePurpose::Encrypt] } else { CertificatePurpose::ALL };
    append(&mut after, use_of(certificate, purposes, now, None));
    keep_apart(&mut after, uses);
    Ok(Change { uses: after, certificate, activates: Some(now), other, warnings: Vec::new() })
}

fn verifies(uses: &[CertificateUse], certificate: Fingerprint) -> bool {
    uses.iter().any(|entry| entry.fingerprint == certificate && entry.verifies())
}

fn use_of(
    fingerprint: Fingerprint,
    purposes: &[CertificatePurpose],
    from: Timestamp,
    zone: Option<String>,
) -> CertificateUse {
    CertificateUse { fingerprint, purposes: purposes.to_vec(), from: Some(from), until: None, zone }
}

/// The uses of a certificate that is being replaced: it encrypts as before (its successor, having begun later, takes
/// over), and verifies until it ends. One that ends before its successor begins keeps verifying: a partner who is
/// late is not to be shut out by a date that has passed anyway.
fn replaced(entry: &CertificateUse, old: Option<&CertificateFacts>, activates: Timestamp) -> Vec<CertificateUse> {
    let own_end = old.map(|old| old.not_after);
    // An end that an earlier schedule had set says nothing any more.
    let stated = entry.until.filter(|until| Some(*until) != own_end);
    let end = own_end.filter(|end| *end > activates);
    let until = match (stated, end) {
        (Some(stated), Some(end)) => Some(stated.min(end)),
        (stated, end) => stated.or(end),
    };
    let mut parts = Vec::new();
    if entry.encrypts() {
        parts.push(CertificateUse { until: stated, ..entry.only(CertificatePurpose::Encrypt) });
    }
    if entry.verifies() {
        parts.push(CertificateUse { until, ..entry.only(CertificatePurpose::Verify) });
    }
    parts
}

/// The uses of a certificate that is put to use again: what it was accepted for has no end any more.
fn accepted_on(entry: &CertificateUse, facts: &CertificateFacts, now: Timestamp) -> Vec<CertificateUse> {
    let entry = without_own_end(entry.clone(), Some(facts.not_after));
    let mut parts = Vec::new();
    if entry.encrypts() {
        parts.push(entry.only(CertificatePurpose::Encrypt));
    }
    // What has ended stays ended; a new one begins.
    if entry.verifies() && entry.until.is_none_or(|until| until > now) {
        parts.push(CertificateUse { until: None, ..entry.only(CertificatePurpose::Verify) });
    }
    if parts.len() == 2 && parts[0].until.is_none() {
        return vec![CertificateUse { until: None, ..entry }];
    }
    parts
}

/// The one in use has no successor any more: the end that being replaced has set goes.
fn freed(uses: Vec<CertificateUse>, in_use: Option<Fingerprint>, facts: Facts<'_, '_>) -> Vec<CertificateUse> {
    let free = |entry: CertificateUse| {
        let end = facts(&entry.fingerprint).map(|facts| facts.not_after);
        if Some(entry.fingerprint) == in_use { without_own_end(entry, end) } else { entry }
    };
    uses.into_iter().map(free).collect()
}

/// Without the end that being replaced has set, which is the certificate's own.
fn without_own_end(entry: CertificateUse, end: Option<Timestamp>) -> CertificateUse {
    let until = entry.until.filter(|until| Some(*until) != end);
    CertificateUse { until, ..entry }
}
