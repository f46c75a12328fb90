//! Renewing a partner's certificate for one purpose alone, for partners who use two: one to encrypt for, another that
//! signs.

use jiff::Timestamp;

use super::certificate::{CertificateFacts, CertificateWarning, Fingerprint, time_warnings};
use super::timeline::{
    self, Activation, ActivationError, CertificatePurpose, CertificateUse, Renewal, acceptable_now, keep_apart,
    used_now,
};

/// The certificate that a new one takes the place of at an instant. For verifying that is the one which only signs, where
/// there is one: neither encrypted for, nor scheduled to be, nor left over from that. Of several the one that began last
/// counts.
#[must_use]
pub fn replaced_now(
    uses: &[CertificateUse],
    purpose: Option<CertificatePurpose>,
    at: Timestamp,
) -> Option<Fingerprint> {
    if purpose != Some(CertificatePurpose::Verify) {
        return used_now(uses, at).map(|entry| entry.fingerprint);
    }
    let accepted = acceptable_now(uses, at);
    let began = |print: &Fingerprint| {
        uses.iter().filter(|entry| entry.fingerprint == *print && entry.verifies()).filter_map(|entry| entry.from).max()
    };
    let encrypts = |print: &Fingerprint| uses.iter().any(|entry| entry.fingerprint == *print && entry.encrypts());
    let signing = accepted.iter().copied().filter(|print| !encrypts(print)).max_by_key(began);
    signing.or(accepted.first().copied())
}

/// Brings a renewed certificate into a profile for one purpose, or for both where none is named; what is used for the
/// other purpose stays as it is.
///
/// For verifying it is accepted at once, whatever the activation says, because receiving may overlap; signatures made
/// with the one it replaces are accepted until that one ends. `old` are the facts of [`replaced_now`].
///
/// # Errors
/// As [`timeline::renew`].
pub fn renew_for(
    purpose: Option<CertificatePurpose>,
    uses: &[CertificateUse],
    new: &CertificateFacts,
    old: Option<&CertificateFacts>,
    activation: &Activation,
    now: Timestamp,
) -> Result<Renewal, ActivationError> {
    match purpose {
        None => timeline::renew(uses, new, old, activation, now),
        Some(CertificatePurpose::Encrypt) => timeline::renew_encrypting(uses, new, old, activation, now),
        Some(CertificatePurpose::Verify) => verifying(uses, new, old, activation, now),
    }
}

fn verifying(
    uses: &[CertificateUse],
    new: &CertificateFacts,
    old: Option<&CertificateFacts>,
    activation: &Activation,
    now: Timestamp,
) -> Result<Renewal, ActivationError> {
    // Whether the instant is possible at all is judged by the same rule.
    let (activates, _) = timeline::instant_of(new, activation, now)?;
    let fresh = new.fingerprint_sha256;
    // Nobody is to think that it waits for the time that was named.
    let at_once = (activates > now).then_some(CertificateWarning::VerifiesAtOnce);
    let nothing_replaced =
        |uses| Renewal { uses, activates: now, replaces: None, warnings: at_once.into_iter().collect() };
    if timeline::is_to_be_accepted_again(uses, &fresh, now) {
        return Ok(nothing_replaced(timeline::accepted_again(uses, new, now)));
    }
    let accepted_without_end = uses.iter().any(|entry| {
        entry.fingerprint == fresh
            && entry.verifies()
            && entry.until.is_none()
            && entry.from.is_none_or(|from| from <= now)
    });
    if accepted_without_end {
        let mut after = uses.to_vec();
        // From now on it verifies by itself, whatever becomes of its activation.
        let others: Vec<CertificateUse> = uses.iter().filter(|entry| entry.fingerprint != fresh).cloned().collect();
        keep_apart(&mut after, &others);
        return Ok(nothing_replaced(after));
    }
    let replaces = replaced_now(uses, Some(CertificatePurpose::Verify), now).filter(|old| *old != fresh);
    // One that ends before its successor is used keeps verifying: a partner who is late is not to be shut out.
    let old = old.filter(|old| Some(old.fingerprint_sha256) == replaces);
    let mut warnings = time_warnings(new, old, now, now);
    warnings.extend(at_once);
    let end = old.map(|old| old.not_after);
    let end = end.filter(|end| *end > activates);
    let mut after = Vec::with_capacity(uses.len() + 2);
    for entry in uses {
        if !entry.verifies() {
            after.push(entry.clone());
            continue;
        }
        let until = match (entry.until, end) {
            (Some(until), Some(end)) => Some(until.min(end)),
            (until, end) => until.or(end),
        };
        let encrypting = entry.encrypts().then(|| entry.only(CertificatePurpose::Encrypt));
        if entry.fingerprint == fresh {
            after.extend(encrypting);
        } else if Some(entry.fingerprint) == replaces && until != entry.until {
            after.extend(encrypting);
            after.push(CertificateUse { until, ..entry.only(CertificatePurpose::Verify) });
        } else {
            after.push(entry.clone());
        }
    }
    after.push(CertificateUse {
        fingerprint: fresh,
        purposes: vec![CertificatePurpose::Verify],
        from: Some(now),
        until: None,
        zone: None,
    });
    keep_apart(&mut after, uses);
    Ok(Renewal { uses: after, activates: now, replaces, warnings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{day, facts};
    use crate::domain::timeline::plain_list;

    const BOTH: Option<CertificatePurpose> = None;
    const ENCRYPT: Option<CertificatePurpose> = Some(CertificatePurpose::Encrypt);
    const VERIFY: Option<CertificatePurpose> = Some(CertificatePurpose::Verify);

    fn accepts(uses: &[CertificateUse], at: i64) -> Vec<u8> {
        let mut found: Vec<u8> = acceptable_now(uses, day(at)).iter().map(|print| print.0[0]).collect();
        found.sort_unstable();
        found
    }

    fn encrypts(uses: &[CertificateUse], at: i64) -> Option<u8> {
        used_now(uses, day(at)).map(|entry| entry.fingerprint.0[0])
    }

    /// The first encrypts alone, the second verifies alone.
    fn two() -> Vec<CertificateUse> {
        let mut uses = plain_list(&[Fingerprint([1; 32]), Fingerprint([2; 32])]);
        uses[0].purposes = vec![CertificatePurpose::Encrypt];
        uses
    }

    #[test]
    fn the_encrypting_one_is_renewed_and_what_verifies_stays() {
        let at = Activation::At { at: day(20), zone: None };
        let old = facts(1, 0, 100);
        assert_eq!(replaced_now(&two(), ENCRYPT, day(10)), Some(old.fingerprint_sha256));
        let renewal = renew_for(ENCRYPT, &two(), &facts(3, 5, 200), Some(&old), &at, day(10)).unwrap();
        assert_eq!((encrypts(&renewal.uses, 19), encrypts(&renewal.uses, 20)), (Some(1), Some(3)));
        for at in [10, 20, 99, 150] {
            assert_eq!(accepts(&renewal.uses, at), [2], "on day {at}");
        }
        assert_eq!(renewal.replaces, Some(old.fingerprint_sha256));
    }

    #[test]
    fn the_verifying_one_is_renewed_and_what_encrypts_stays() {
        let at = Activation::At { at: day(20), zone: None };
        let old = facts(2, 0, 100);
        assert_eq!(replaced_now(&two(), VERIFY, day(10)), Some(old.fingerprint_sha256));
        let renewal = renew_for(VERIFY, &two(), &facts(3, 5, 200), Some(&old), &at, day(10)).unwrap();
        assert_eq!((accepts(&renewal.uses, 9), accepts(&renewal.uses, 10)), (vec![2], vec![2, 3]));
        assert_eq!(accepts(&renewal.uses, 100), [3], "the old one until it ends");
        for at in [10, 20, 150] {
            assert_eq!(encrypts(&renewal.uses, at), Some(1), "on day {at}");
        }
        assert_eq!(renewal.warnings, [CertificateWarning::VerifiesAtOnce], "day 20 is not waited for");
        let now = renew_for(VERIFY, &two(), &facts(3, 5, 50), Some(&old), &Activation::Now, day(10)).unwrap();
        assert_eq!(now.warnings, [CertificateWarning::EndsEarlier, CertificateWarning::EndsSoon]);
        let again = renew_for(VERIFY, &renewal.uses, &facts(3, 5, 200), None, &at, day(11)).unwrap();
        assert_eq!((again.uses, again.replaces), (renewal.uses, None), "twice is once");
    }

    #[test]
    fn a_scheduled_successor_is_not_what_a_signing_certificate_replaces() {
        let uses = plain_list(&[Fingerprint([1; 32])]);
        let at = Activation::At { at: day(50), zone: None };
        let scheduled = renew_for(BOTH, &uses, &facts(2, 5, 200), Some(&facts(1, 0, 100)), &at, day(10)).unwrap().uses;
        assert_eq!(replaced_now(&scheduled, VERIFY, day(11)), Some(Fingerprint([1; 32])));
        let renewal = renew_for(VERIFY, &scheduled, &facts(3, 5, 300), Some(&facts(1, 0, 100)), &at, day(11)).unwrap();
        assert_eq!(accepts(&renewal.uses, 150), [2, 3], "the successor goes on being accepted");
        assert_eq!((encrypts(&renewal.uses, 49), encrypts(&renewal.uses, 50)), (Some(1), Some(2)));
    }

    #[test]
    fn one_certificate_for_both_may_be_split() {
        let uses = plain_list(&[Fingerprint([1; 32])]);
        let old = facts(1, 0, 100);
        let now = Activation::Now;
        let renewal = renew_for(VERIFY, &uses, &facts(3, 5, 200), Some(&old), &now, day(10)).unwrap();
        assert_eq!((encrypts(&renewal.uses, 150), accepts(&renewal.uses, 50)), (Some(1), vec![1, 3]));
        assert_eq!(accepts(&renewal.uses, 100), [3]);
        let renewal = renew_for(ENCRYPT, &uses, &facts(3, 5, 200), Some(&old), &now, day(10)).unwrap();
        assert_eq!((encrypts(&renewal.uses, 10), accepts(&renewal.uses, 150)), (Some(3), vec![1]));
        let both = renew_for(BOTH, &uses, &facts(3, 5, 200), Some(&old), &now, day(10)).unwrap();
        assert_eq!(both, timeline::renew(&uses, &facts(3, 5, 200), Some(&old), &now, day(10)).unwrap());
    }

    #[test]
    fn what_is_not_changed_keeps_its_form_and_impossible_instants_are_refused() {
        let uses = plain_list(&[Fingerprint([1; 32]), Fingerprint([2; 32])]);
        let new = facts(3, 5, 200);
        let renewal = renew_for(VERIFY, &uses, &new, None, &Activation::Now, day(10)).unwrap();
        assert_eq!(renewal.uses[..2], uses, "the list is not cut into more pieces than it needs");
        let past = Activation::At { at: day(9), zone: None };
        for purpose in [ENCRYPT, VERIFY] {
            assert!(matches!(renew_for(purpose, &uses, &new, None, &past, day(10)), Err(ActivationError::Past { .. })));
        }
    }
}
