//! A profile's partner certificates over time: which one encrypts at an instant, and which ones verify.
//!
//! Sending cannot overlap, receiving can: *used now* for encrypting is one certificate, *acceptable now* for
//! verifying is a set. Both are computed at the instant of use; nothing is ever switched by a timer.
//!
//! | if you look for | it is in |
//! |---|---|
//! | what is used, accepted and comes next at an instant | here |
//! | bringing one in, another time, cancelling, at once, going back | `change` |
//! | what is still to come, and what is accepted only ahead of that | `ahead` |
//! | why a change is refused | `refusal` |
//! | when a replaced one stops being accepted | `retirement` |
//! | which ones only verify, and whose end matters by itself | `verifying` |
//! | accepting one again that is not any more | `again` |
//! | accepting one no longer | `withdrawal` |
//! | which activations happened in a stretch of time | `past` |
//! | when each certificate really is used, to be shown | `periods` |

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::Fingerprint;
use super::spelling::spelled;

mod again;
mod ahead;
mod change;
mod past;
mod periods;
#[cfg(test)]
mod properties;
mod refusal;
mod retirement;
mod verifying;
mod withdrawal;

pub use again::{accept_again, accepted_again, is_to_be_accepted_again};
pub(super) use ahead::keep_apart;
pub use ahead::{common_purpose, is_accepted_ahead, purpose_of};
pub(super) use change::instant_of;
pub use change::{
    Activation, Change, Renewal, activate_now, cancel, previous, renew, renew_encrypting, reschedule, roll_back,
    without,
};
pub use past::{PastActivation, activations_between};
pub use periods::{Period, periods};
pub use refusal::{ActivationError, ScheduleError};
pub use retirement::{LastSeen, Retirement, accepted, retirement, with_retirement};
pub use verifying::only_verifying;
pub use withdrawal::withdraw;

spelled! {
    /// What a partner certificate is used for.
    pub enum CertificatePurpose {
        /// Encrypting what we send.
        Encrypt = "encrypt",
        /// Verifying what they sign.
        Verify = "verify",
    }
}

/// One certificate, what it is used for, and from when until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateUse {
    /// Which certificate.
    pub fingerprint: Fingerprint,
    /// What for.
    #[serde(rename = "use")]
    pub purposes: Vec<CertificatePurpose>,
    /// First instant of this use; always, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The instant this use ends; never, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The time zone in which `from` was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl CertificateUse {
    fn covers(&self, purpose: CertificatePurpose, at: Timestamp) -> bool {
        self.purposes.contains(&purpose)
            && self.from.is_none_or(|from| from <= at)
            && self.until.is_none_or(|until| at < until)
    }

    pub(super) fn encrypts(&self) -> bool {
        self.purposes.contains(&CertificatePurpose::Encrypt)
    }

    pub(super) fn verifies(&self) -> bool {
        self.purposes.contains(&CertificatePurpose::Verify)
    }

    /// The same for one purpose alone.
    pub(super) fn only(&self, purpose: CertificatePurpose) -> Self {
        Self { purposes: vec![purpose], ..self.clone() }
    }
}

/// The certificate that messages are encrypted for at an instant: of those whose period covers it, the one that
/// began last. Of those that began at the same instant the last listed, because what is decided later is appended; of
/// those that were always there the first, as in a plain list.
#[must_use]
pub fn used_now(uses: &[CertificateUse], at: Timestamp) -> Option<&CertificateUse> {
    let mut chosen: Option<&CertificateUse> = None;
    for candidate in uses.iter().filter(|candidate| candidate.covers(CertificatePurpose::Encrypt, at)) {
        let later = |best: &CertificateUse| {
            candidate.from > best.from || (candidate.from.is_some() && candidate.from == best.from)
        };
        if chosen.is_none_or(later) {
            chosen = Some(candidate);
        }
    }
    chosen
}

/// The certificates that a signature may be made with at an instant as far as the list says, the one in use for encrypting
/// first. What has retired is not in the list: what is accepted of a partner is told by [`accepted`].
#[must_use]
pub fn acceptable_now(uses: &[CertificateUse], at: Timestamp) -> Vec<Fingerprint> {
    let in_use = used_now(uses, at).map(|entry| entry.fingerprint);
    let mut found: Vec<Fingerprint> = Vec::new();
    for entry in uses.iter().filter(|entry| entry.covers(CertificatePurpose::Verify, at)) {
        if found.contains(&entry.fingerprint) {
            continue;
        }
        if Some(entry.fingerprint) == in_use {
            found.insert(0, entry.fingerprint);
        } else {
            found.push(entry.fingerprint);
        }
    }
    found
}

/// The next certificate that will be encrypted for, and when, after an instant.
#[must_use]
pub fn next_activation(uses: &[CertificateUse], at: Timestamp) -> Option<(&CertificateUse, Timestamp)> {
    let next = uses
        .iter()
        .filter(|entry| entry.encrypts())
        .filter_map(|entry| entry.from.filter(|from| *from > at && entry.until.is_none_or(|until| *from < until)))
        .min()?;
    used_now(uses, next).map(|entry| (entry, next))
}

/// Every certificate of a profile, each once, in the order of the list.
#[must_use]
pub fn all_fingerprints(uses: &[CertificateUse]) -> Vec<Fingerprint> {
    let mut found = Vec::new();
    for entry in uses {
        if !found.contains(&entry.fingerprint) {
            found.push(entry.fingerprint);
        }
    }
    found
}

/// The uses of a plain list of certificates: the first encrypts, all verify.
#[must_use]
pub fn plain_list(fingerprints: &[Fingerprint]) -> Vec<CertificateUse> {
    fingerprints
        .iter()
        .enumerate()
        .map(|(index, fingerprint)| CertificateUse {
            fingerprint: *fingerprint,
            purposes: if index == 0 {
                vec![CertificatePurpose::Encrypt, CertificatePurpose::Verify]
            } else {
                vec![CertificatePurpose::Verify]
            },
            from: None,
            until: None,
            zone: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::certificate::CertificateWarning;
    use crate::domain::fixtures::{day, facts};

    #[test]
    fn sending_flips_at_the_instant_while_receiving_overlaps() {
        let (old, new) = (facts(1, 0, 100), facts(2, 50, 200));
        let uses = plain_list(&[old.fingerprint_sha256]);
        let at = Activation::At { at: day(90), zone: Some("Europe/Berlin".to_owned()) };
        let renewal = renew(&uses, &new, Some(&old), &at, day(80)).unwrap();
        let encrypts = |day| used_now(&renewal.uses, day).map(|entry| entry.fingerprint.0[0]);
        assert_eq!(encrypts(day(80)), Some(1));
        assert_eq!(encrypts(Timestamp::from_second(90 * 86_400 - 1).unwrap()), Some(1));
        assert_eq!(encrypts(day(90)), Some(2));
        assert_eq!(encrypts(day(300)), Some(2));
        let accepts = |day| acceptable_now(&renewal.uses, day).iter().map(|print| print.0[0]).collect::<Vec<_>>();
        assert_eq!(accepts(day(79)), [1]);
        assert_eq!(accepts(day(80)), [1, 2]);
        assert_eq!(accepts(day(95)), [2, 1]);
        assert_eq!(accepts(day(100)), [2]);
        assert_eq!(renewal.replaces, Some(old.fingerprint_sha256));
        assert_eq!(renewal.warnings, []);
    }

    #[test]
    fn an_activation_outside_the_possible_is_refused() {
        let (old, new) = (facts(1, 0, 100), facts(2, 50, 200));
        let uses = plain_list(&[old.fingerprint_sha256]);
        let attempt = |at| renew(&uses, &new, Some(&old), &Activation::At { at, zone: None }, day(40));
        assert!(matches!(attempt(day(39)), Err(ActivationError::Past { .. })));
        assert!(matches!(attempt(day(45)), Err(ActivationError::BeforeBegin { .. })));
        assert!(matches!(attempt(day(201)), Err(ActivationError::AfterEnd { .. })));
        assert_eq!(attempt(day(150)).unwrap().warnings, [CertificateWarning::Gap]);
    }

    #[test]
    fn a_successor_that_does_not_last_is_taken_and_told_of() {
        let (old, new) = (facts(1, 0, 100), facts(2, 50, 95));
        let uses = plain_list(&[old.fingerprint_sha256]);
        let at = |at| Activation::At { at: day(at), zone: None };
        let expected = [CertificateWarning::EndsEarlier, CertificateWarning::EndsSoon];
        assert_eq!(renew(&uses, &new, Some(&old), &at(90), day(80)).unwrap().warnings, expected);
        assert_eq!(renew_encrypting(&uses, &new, Some(&old), &at(90), day(80)).unwrap().warnings, expected);
        let lasting = facts(3, 50, 200);
        let scheduled = renew(&uses, &lasting, Some(&old), &at(90), day(80)).unwrap();
        assert_eq!(scheduled.warnings, []);
        // Put off until little is left of it.
        let find = |print: &Fingerprint| [&old, &lasting].into_iter().find(|facts| facts.fingerprint_sha256 == *print);
        let later = reschedule(&scheduled.uses, &find, day(160), None, day(81)).unwrap();
        assert_eq!(later.warnings, [CertificateWarning::Gap, CertificateWarning::EndsSoon]);
    }

    #[test]
    fn a_second_schedule_replaces_the_first_and_repeating_one_changes_nothing() {
        let (old, new, newer) = (facts(1, 0, 100), facts(2, 50, 200), facts(3, 50, 300));
        let uses = plain_list(&[old.fingerprint_sha256]);
        let at = |at| Activation::At { at: day(at), zone: None };
        let first = renew(&uses, &new, Some(&old), &at(70), day(60)).unwrap().uses;
        let again = renew(&first, &new, Some(&old), &at(75), day(60)).unwrap().uses;
        assert_eq!(
            next_activation(&again, day(60)).map(|(entry, at)| (entry.fingerprint.0[0], at)),
            Some((2, day(75)))
        );
        assert_eq!(again.len(), first.len());
        let renewal = renew(&again, &newer, Some(&old), &at(80), day(61)).unwrap();
        assert_eq!(renewal.warnings, [CertificateWarning::ScheduleCancelled]);
        let other = renewal.uses;
        assert_eq!(used_now(&other, day(76)).map(|entry| entry.fingerprint.0[0]), Some(1));
        assert_eq!(used_now(&other, day(80)).map(|entry| entry.fingerprint.0[0]), Some(3));
        let accepted: Vec<u8> = acceptable_now(&other, day(62)).iter().map(|print| print.0[0]).collect();
        assert_eq!(accepted, [1, 3], "what was cancelled is not accepted any longer");
    }

    #[test]
    fn what_is_scheduled_of_one_is_taken_back_alone() {
        let (old, new, newer) = (facts(1, 0, 100), facts(2, 50, 200), facts(3, 50, 300));
        let known = [&old, &new, &newer];
        let find = |print: &Fingerprint| known.into_iter().find(|facts| facts.fingerprint_sha256 == *print);
        let taken = |uses: &[CertificateUse], number| without(uses, Fingerprint([number; 32]), &find, day(61));
        let plain = plain_list(&[old.fingerprint_sha256]);
        let at = Activation::At { at: day(70), zone: None };
        let scheduled = renew(&plain, &new, Some(&old), &at, day(60)).unwrap().uses;
        assert_eq!(taken(&scheduled, 3), None);
        let cancelled = cancel(&scheduled, &find, day(61)).unwrap().uses;
        assert_eq!(taken(&scheduled, 2), Some(cancelled));
        // A further one, as a connection file may state it.
        let mut both = scheduled;
        both.push(CertificateUse { from: Some(day(90)), ..plain_list(&[newer.fingerprint_sha256]).remove(0) });
        let after = taken(&both, 2).unwrap();
        let encrypts = |at| used_now(&after, day(at)).map(|entry| entry.fingerprint.0[0]);
        assert_eq!([encrypts(75), encrypts(90)], [Some(1), Some(3)]);
        assert_eq!(acceptable_now(&after, day(61)), [old.fingerprint_sha256]);
    }

    #[test]
    fn the_old_file_again_leaves_the_schedule_alone() {
        let (old, new) = (facts(1, 0, 100), facts(2, 50, 200));
        let uses = plain_list(&[old.fingerprint_sha256]);
        let at = |at| Activation::At { at: day(at), zone: None };
        let scheduled = renew(&uses, &new, Some(&old), &at(70), day(60)).unwrap().uses;
        let again = renew(&scheduled, &old, Some(&old), &at(80), day(61)).unwrap();
        assert_eq!((again.uses, again.replaces), (scheduled, None));
    }

    #[test]
    fn the_first_of_a_plain_list_encrypts_and_all_verify() {
        let uses = plain_list(&[Fingerprint([1; 32]), Fingerprint([2; 32])]);
        assert_eq!(used_now(&uses, day(0)).map(|entry| entry.fingerprint.0[0]), Some(1));
        assert_eq!(acceptable_now(&uses, day(0)).len(), 2);
        assert_eq!(used_now(&[], day(0)), None);
    }
}
