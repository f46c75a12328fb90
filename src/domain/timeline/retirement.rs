//! When a replaced certificate stops being accepted: some days after it was last seen, and at the latest at its end.
//!
//! Computed from the schedule and from when each certificate was last seen, never switched. The days begin to count only
//! once a signature was seen that was made with another certificate after the change: a partner who has sent nothing
//! since may not have switched, and is not to be shut out by silence. One that is accepted again, after it was replaced, has
//! its days counted from then.

use jiff::{SignedDuration, Timestamp};

use super::{CertificatePurpose, CertificateUse, acceptable_now, all_fingerprints};
use crate::domain::certificate::Fingerprint;

/// When a certificate of a profile was last seen in a signature that was good.
pub type LastSeen<'a> = &'a dyn Fn(&Fingerprint) -> Option<Timestamp>;

/// How the retirement of a replaced certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retirement {
    /// It is not replaced: it is in use, will be, or was never encrypted for.
    NotReplaced,
    /// It is accepted until its end.
    AtItsEnd,
    /// It is accepted until its end, because nothing signed with its successor has been seen yet.
    AwaitsSuccessor,
    /// It is accepted until then, where it is not seen again before.
    At(Timestamp),
}

/// Since when a certificate is replaced: from then on another is encrypted for, which verifies as well. One that is
/// encrypted for alone takes nobody's place in verifying.
pub(super) fn replaced_since(uses: &[CertificateUse], certificate: &Fingerprint) -> Option<Timestamp> {
    let own = uses.iter().filter(|entry| entry.fingerprint == *certificate && entry.encrypts());
    // Absent sorts before every instant: it was always there.
    let latest = own.map(|entry| entry.from).max()?;
    let verifies = |print: &Fingerprint| uses.iter().any(|entry| entry.fingerprint == *print && entry.verifies());
    uses.iter()
        .filter(|entry| entry.fingerprint != *certificate && entry.encrypts())
        .filter(|entry| entry.from > latest && verifies(&entry.fingerprint))
        .filter_map(|entry| entry.from)
        .min()
}

/// How the retirement of a certificate stands. `unused_days` without a signature retire it, 0 leaves it until its end.
#[must_use]
pub fn retirement(
    uses: &[CertificateUse],
    certificate: &Fingerprint,
    unused_days: u32,
    seen: LastSeen<'_>,
) -> Retirement {
    let again = uses.iter().filter(|entry| entry.fingerprint == *certificate && entry.verifies());
    retirement_from(uses, certificate, again.filter_map(|entry| entry.from).max(), unused_days, seen)
}

/// The same of what is accepted from an instant on.
fn retirement_from(
    uses: &[CertificateUse],
    certificate: &Fingerprint,
    from: Option<Timestamp>,
    unused_days: u32,
    seen: LastSeen<'_>,
) -> Retirement {
    let Some(replaced) = replaced_since(uses, certificate) else { return Retirement::NotReplaced };
    if unused_days == 0 {
        return Retirement::AtItsEnd;
    }
    let switched = all_fingerprints(uses)
        .iter()
        .filter(|other| *other != certificate)
        .any(|other| seen(other).is_some_and(|seen| seen >= replaced));
    if !switched {
        return Retirement::AwaitsSuccessor;
    }
    let last = [seen(certificate), from].into_iter().flatten().fold(replaced, Timestamp::max);
    let days = SignedDuration::from_hours(24 * i64::from(unused_days));
    last.checked_add(days).map_or(Retirement::AtItsEnd, Retirement::At)
}

/// The uses with the ends that retirement sets: what is asked of a schedule about verifying is to be asked of these.
#[must_use]
pub fn with_retirement(uses: &[CertificateUse], unused_days: u32, seen: LastSeen<'_>) -> Vec<CertificateUse> {
    let mut after = Vec::with_capacity(uses.len());
    for entry in uses {
        let retirement = retirement_from(uses, &entry.fingerprint, entry.from, unused_days, seen);
        let (Retirement::At(at), true) = (retirement, entry.verifies()) else {
            after.push(entry.clone());
            continue;
        };
        if entry.encrypts() {
            after.push(entry.only(CertificatePurpose::Encrypt));
        }
        let until = Some(entry.until.map_or(at, |until| until.min(at)));
        after.push(CertificateUse { until, ..entry.only(CertificatePurpose::Verify) });
    }
    after
}

/// The certificates that a signature may be made with at an instant, without those that have retired: the one answer to
/// what is accepted from a partner.
#[must_use]
pub fn accepted(uses: &[CertificateUse], unused_days: u32, seen: LastSeen<'_>, at: Timestamp) -> Vec<Fingerprint> {
    acceptable_now(&with_retirement(uses, unused_days, seen), at)
}

#[cfg(test)]
mod tests {
    use super::super::{plain_list, used_now};
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn changed_on(at: i64) -> Vec<CertificateUse> {
        let mut uses = plain_list(&[Fingerprint([1; 32])]);
        uses.push(CertificateUse {
            fingerprint: Fingerprint([2; 32]),
            purposes: CertificatePurpose::ALL.to_vec(),
            from: Some(day(at)),
            until: None,
            zone: None,
        });
        uses
    }

    fn accepts(uses: &[CertificateUse], old: Option<i64>, new: Option<i64>, at: i64) -> Vec<u8> {
        let seen = |print: &Fingerprint| if print.0[0] == 1 { old.map(day) } else { new.map(day) };
        let retired = with_retirement(uses, 30, &seen);
        let used = |uses: &[CertificateUse]| used_now(uses, day(at)).map(|entry| entry.fingerprint);
        assert_eq!(used(&retired), used(uses), "what encrypts stays");
        accepted(uses, 30, &seen, day(at)).iter().map(|print| print.0[0]).collect()
    }

    #[test]
    fn the_old_one_retires_after_days_without_a_signature() {
        let uses = changed_on(100);
        // The new one was seen on day 101, the old one last on day 110.
        assert_eq!(accepts(&uses, Some(110), Some(101), 139), [2, 1]);
        assert_eq!(accepts(&uses, Some(110), Some(101), 140), [2]);
        // Not seen at all since the change: counted from the change.
        assert_eq!(accepts(&uses, Some(20), Some(101), 129), [2, 1]);
        assert_eq!(accepts(&uses, Some(20), Some(101), 130), [2]);
        assert_eq!(accepts(&uses, None, Some(101), 130), [2]);
    }

    #[test]
    fn silence_retires_nothing_and_neither_does_a_signature_before_the_change() {
        let uses = changed_on(100);
        assert_eq!(accepts(&uses, Some(90), None, 1000), [2, 1]);
        // Seen while it was only accepted: the partner had tried it, and may have gone back.
        assert_eq!(accepts(&uses, Some(90), Some(95), 1000), [2, 1]);
        let seen = |_: &Fingerprint| None;
        assert_eq!(retirement(&uses, &Fingerprint([1; 32]), 30, &seen), Retirement::AwaitsSuccessor);
        assert_eq!(retirement(&uses, &Fingerprint([1; 32]), 0, &seen), Retirement::AtItsEnd);
        assert_eq!(retirement(&uses, &Fingerprint([2; 32]), 30, &seen), Retirement::NotReplaced);
    }

    #[test]
    fn an_end_that_comes_earlier_stays() {
        let mut uses = changed_on(100);
        uses[0].until = Some(day(105));
        assert_eq!(accepts(&uses, Some(104), Some(101), 104), [2, 1]);
        assert_eq!(accepts(&uses, Some(104), Some(101), 105), [2]);
    }

    #[test]
    fn one_that_is_encrypted_for_alone_retires_nobody_who_verifies() {
        let mut uses = changed_on(100);
        uses[1].purposes = vec![CertificatePurpose::Encrypt];
        uses.push(CertificateUse { fingerprint: Fingerprint([3; 32]), ..uses[0].only(CertificatePurpose::Verify) });
        let seen = |print: &Fingerprint| (print.0[0] == 3).then(|| day(110));
        assert_eq!(retirement(&uses, &Fingerprint([1; 32]), 30, &seen), Retirement::NotReplaced);
        let accepted: Vec<u8> = accepted(&uses, 30, &seen, day(1000)).iter().map(|print| print.0[0]).collect();
        assert_eq!(accepted, [1, 3]);
    }
}
