//! Accepting a certificate no longer: it was never the partner's, or it is not to be trusted any more.

use jiff::Timestamp;

use super::ahead::{is_coming, keep_apart};
use super::{CertificateUse, Change, ScheduleError, acceptable_now, used_now};
use crate::domain::certificate::Fingerprint;

/// Takes a certificate out of a profile that is accepted only, or not even that: signatures made with it are refused from
/// now on, and rolling back does not come to it any more.
///
/// # Errors
/// Where it is none of the profile's, is in use or scheduled, or nothing else is accepted.
pub fn withdraw(uses: &[CertificateUse], certificate: Fingerprint, now: Timestamp) -> Result<Change, ScheduleError> {
    let of = |entry: &&CertificateUse| entry.fingerprint == certificate;
    if !uses.iter().any(|entry| of(&entry)) {
        return Err(ScheduleError::NotOfProfile { certificate });
    }
    let other = used_now(uses, now).map(|entry| entry.fingerprint);
    if other == Some(certificate) {
        return Err(ScheduleError::InUse { certificate });
    }
    if uses.iter().filter(of).any(|entry| is_coming(entry, now)) {
        return Err(ScheduleError::Scheduled { certificate });
    }
    let mut after: Vec<CertificateUse> = uses.iter().filter(|entry| !of(entry)).cloned().collect();
    if acceptable_now(&after, now).is_empty() {
        return Err(ScheduleError::NoOther { certificate });
    }
    keep_apart(&mut after, uses);
    Ok(Change { uses: after, certificate, activates: None, other, warnings: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, CertificatePurpose, plain_list, previous, renew, roll_back};
    use super::*;
    use crate::domain::certificate::CertificateFacts;
    use crate::domain::fixtures::{day, facts};

    #[test]
    fn one_that_was_brought_in_by_mistake_is_accepted_no_longer_and_not_gone_back_to() {
        let (right, wrong) = (facts(1, 0, 300), facts(2, 0, 400));
        let plain = plain_list(&[right.fingerprint_sha256]);
        let known = |print: &Fingerprint| -> Option<&CertificateFacts> {
            [&right, &wrong].into_iter().find(|facts| facts.fingerprint_sha256 == *print)
        };
        let uses = renew(&plain, &wrong, Some(&right), &Activation::Now, day(20)).unwrap().uses;
        let refused = withdraw(&uses, wrong.fingerprint_sha256, day(21));
        assert_eq!(refused, Err(ScheduleError::InUse { certificate: wrong.fingerprint_sha256 }));
        let back = roll_back(&uses, &known, day(22)).unwrap().uses;
        assert_eq!(acceptable_now(&back, day(23)).len(), 2, "the partner may sign with it already");
        let change = withdraw(&back, wrong.fingerprint_sha256, day(23)).unwrap();
        assert_eq!(acceptable_now(&change.uses, day(24)), [right.fingerprint_sha256]);
        assert_eq!(used_now(&change.uses, day(24)).unwrap().fingerprint, right.fingerprint_sha256);
        assert_eq!(previous(&change.uses, day(24)), None);
        assert!(matches!(
            withdraw(&change.uses, wrong.fingerprint_sha256, day(24)),
            Err(ScheduleError::NotOfProfile { .. })
        ));
    }

    #[test]
    fn what_is_scheduled_is_cancelled_instead_and_the_last_one_stays() {
        let (old, new) = (facts(1, 0, 300), facts(2, 0, 400));
        let plain = plain_list(&[old.fingerprint_sha256]);
        let on = Activation::At { at: day(30), zone: None };
        let uses = renew(&plain, &new, Some(&old), &on, day(20)).unwrap().uses;
        let refused = withdraw(&uses, new.fingerprint_sha256, day(21));
        assert_eq!(refused, Err(ScheduleError::Scheduled { certificate: new.fingerprint_sha256 }));
        // The only one that verifies, beside one that is encrypted for alone.
        let mut split = plain_list(&[old.fingerprint_sha256, new.fingerprint_sha256]);
        split[0].purposes = vec![CertificatePurpose::Encrypt];
        let refused = withdraw(&split, new.fingerprint_sha256, day(21));
        assert_eq!(refused, Err(ScheduleError::NoOther { certificate: new.fingerprint_sha256 }));
    }
}
