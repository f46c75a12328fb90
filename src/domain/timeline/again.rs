//! Accepting a certificate again that was the profile's and is not accepted any more: it was replaced and has retired, or
//! its time was over.

use jiff::Timestamp;

use super::ahead::keep_apart;
use super::retirement::replaced_since;
use super::{CertificatePurpose, CertificateUse, Change, ScheduleError, used_now};
use crate::domain::certificate::{CertificateFacts, Fingerprint};

/// Whether bringing a certificate in to verify means to accept it again: another has taken its place, or its time is over.
#[must_use]
pub fn is_to_be_accepted_again(uses: &[CertificateUse], certificate: &Fingerprint, now: Timestamp) -> bool {
    let over = |entry: &CertificateUse| {
        entry.fingerprint == *certificate && entry.verifies() && entry.until.is_some_and(|until| until <= now)
    };
    replaced_since(uses, certificate).is_some_and(|at| at <= now) || uses.iter().any(over)
}

/// The uses in which a certificate verifies from now on: one that was replaced until its end, where that is still to come.
/// What is encrypted for does not change, and retirement counts its days anew.
#[must_use]
pub fn accepted_again(uses: &[CertificateUse], certificate: &CertificateFacts, now: Timestamp) -> Vec<CertificateUse> {
    let fingerprint = certificate.fingerprint_sha256;
    let replaced = replaced_since(uses, &fingerprint).is_some();
    let mut after = Vec::with_capacity(uses.len() + 1);
    for entry in uses {
        if entry.fingerprint != fingerprint || !entry.verifies() {
            after.push(entry.clone());
        } else if entry.encrypts() {
            after.push(entry.only(CertificatePurpose::Encrypt));
        }
    }
    after.push(CertificateUse {
        fingerprint,
        purposes: vec![CertificatePurpose::Verify],
        from: Some(now),
        until: Some(certificate.not_after).filter(|end| replaced && *end > now),
        zone: None,
    });
    keep_apart(&mut after, uses);
    after
}

/// Accepts a certificate of the profile again, from now on.
///
/// # Errors
/// Where it is none of the profile's, or not known.
pub fn accept_again(
    uses: &[CertificateUse],
    certificate: Fingerprint,
    facts: Option<&CertificateFacts>,
    now: Timestamp,
) -> Result<Change, ScheduleError> {
    if !uses.iter().any(|entry| entry.fingerprint == certificate) {
        return Err(ScheduleError::NotOfProfile { certificate });
    }
    let facts = facts.ok_or(ScheduleError::Unknown { certificate })?;
    Ok(Change {
        uses: accepted_again(uses, facts, now),
        certificate,
        activates: None,
        other: used_now(uses, now).map(|entry| entry.fingerprint),
        warnings: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, accepted, plain_list, renew};
    use super::*;
    use crate::domain::fixtures::{day, facts};

    /// 1 was replaced by 2 on day 20; 2 has signed since, and 1 was seen last on day 21.
    fn replaced() -> Vec<CertificateUse> {
        let uses = plain_list(&[Fingerprint([1; 32])]);
        renew(&uses, &facts(2, 0, 400), Some(&facts(1, 0, 300)), &Activation::Now, day(20)).unwrap().uses
    }

    fn accepts(uses: &[CertificateUse], at: i64) -> Vec<u8> {
        let seen = |print: &Fingerprint| Some(if print.0[0] == 1 { day(21) } else { day(22) });
        accepted(uses, 30, &seen, day(at)).iter().map(|print| print.0[0]).collect()
    }

    #[test]
    fn one_that_has_retired_is_accepted_again_and_its_days_count_anew() {
        let before = replaced();
        assert_eq!((accepts(&before, 50), accepts(&before, 51)), (vec![2, 1], vec![2]));
        assert!(is_to_be_accepted_again(&before, &Fingerprint([1; 32]), day(60)));
        let change = accept_again(&before, Fingerprint([1; 32]), Some(&facts(1, 0, 300)), day(60)).unwrap();
        assert_eq!((accepts(&change.uses, 60), accepts(&change.uses, 89)), (vec![2, 1], vec![2, 1]));
        assert_eq!(accepts(&change.uses, 90), [2], "30 days after it was accepted again, not seen since");
        let used = |uses: &[CertificateUse]| used_now(uses, day(60)).map(|entry| entry.fingerprint.0[0]);
        assert_eq!((used(&before), used(&change.uses)), (Some(2), Some(2)), "it is not encrypted for");
        assert_eq!(change.uses.last().and_then(|entry| entry.until), Some(day(300)));
    }

    #[test]
    fn what_is_not_the_profiles_cannot_be_accepted_again() {
        let other = Fingerprint([9; 32]);
        assert_eq!(
            accept_again(&replaced(), other, Some(&facts(9, 0, 300)), day(60)),
            Err(ScheduleError::NotOfProfile { certificate: other })
        );
        assert!(!is_to_be_accepted_again(&replaced(), &Fingerprint([2; 32]), day(60)), "in use");
    }
}
