//! When each certificate really is used: what a list says about it, without what later entries have taken back.
//!
//! An entry that encrypts is not closed when another takes over, because going back needs to know that it is open; and one
//! that is gone back to begins a new entry. To people a certificate is used from when it takes over until another does.

use jiff::Timestamp;

use super::{CertificatePurpose, CertificateUse, all_fingerprints, used_now};
use crate::domain::certificate::Fingerprint;

/// A stretch of time in which a certificate is used for a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Which certificate.
    pub certificate: Fingerprint,
    /// What for.
    pub purpose: CertificatePurpose,
    /// From when; always, where absent.
    pub from: Option<Timestamp>,
    /// Until when; no end is set, where absent.
    pub until: Option<Timestamp>,
}

impl Period {
    /// Whether an instant lies in it.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// The periods of all certificates of a list: those of encrypting, which follow each other, then those of verifying by
/// certificate, none of which touches another of its own.
#[must_use]
pub fn periods(uses: &[CertificateUse]) -> Vec<Period> {
    let mut found = encrypting(uses);
    for certificate in all_fingerprints(uses) {
        found.extend(verifying(uses, certificate));
    }
    found
}

fn encrypting(uses: &[CertificateUse]) -> Vec<Period> {
    let mut changes: Vec<Timestamp> =
        uses.iter().filter(|entry| entry.encrypts()).flat_map(|entry| [entry.from, entry.until]).flatten().collect();
    changes.sort_unstable();
    changes.dedup();
    let mut found: Vec<Period> = Vec::new();
    // Nothing begins before the first instant there is, but what was there always.
    for from in std::iter::once(None).chain(changes.into_iter().map(Some)) {
        let used = used_now(uses, from.unwrap_or(Timestamp::MIN)).map(|entry| entry.fingerprint);
        let last = found.last_mut().filter(|last| last.until.is_none());
        if let Some(last) = last {
            if Some(last.certificate) == used {
                continue;
            }
            last.until = from;
        }
        let purpose = CertificatePurpose::Encrypt;
        found.extend(used.map(|certificate| Period { certificate, purpose, from, until: None }));
    }
    found
}

fn verifying(uses: &[CertificateUse], certificate: Fingerprint) -> Vec<Period> {
    let own = uses.iter().filter(|entry| entry.fingerprint == certificate && entry.verifies());
    let mut spans: Vec<(Option<Timestamp>, Option<Timestamp>)> = own
        .map(|entry| (entry.from, entry.until))
        .filter(|(from, until)| until.is_none_or(|until| from.is_none_or(|from| from < until)))
        .collect();
    spans.sort_unstable();
    let mut found: Vec<Period> = Vec::new();
    for (from, until) in spans {
        match found.last_mut() {
            // It goes on, or is said twice.
            Some(last) if last.until.is_none_or(|end| from.is_none_or(|from| from <= end)) => {
                last.until = last.until.zip(until).map(|(one, other)| one.max(other));
            }
            _ => found.push(Period { certificate, purpose: CertificatePurpose::Verify, from, until }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, plain_list, renew, roll_back};
    use super::*;
    use crate::domain::certificate::CertificateFacts;
    use crate::domain::fixtures::{day, facts};

    fn known() -> [CertificateFacts; 2] {
        [facts(1, 0, 300), facts(2, 5, 400)]
    }

    /// 1 until day 20, 2 until day 30, then 1 again, and from day 40 on 2 again.
    fn twice_rolled_back() -> Vec<CertificateUse> {
        let known = known();
        let find = |print: &Fingerprint| known.iter().find(|facts| facts.fingerprint_sha256 == *print);
        let uses = plain_list(&[known[0].fingerprint_sha256]);
        let uses = renew(&uses, &known[1], Some(&known[0]), &Activation::Now, day(20)).unwrap().uses;
        let uses = roll_back(&uses, &find, day(30)).unwrap().uses;
        roll_back(&uses, &find, day(40)).unwrap().uses
    }

    fn told(uses: &[CertificateUse], purpose: CertificatePurpose) -> Vec<(u8, Option<i64>, Option<i64>)> {
        let days = |at: Option<Timestamp>| at.map(|at| at.as_second() / 86_400);
        let of = periods(uses).into_iter().filter(|period| period.purpose == purpose);
        of.map(|period| (period.certificate.0[0], days(period.from), days(period.until))).collect()
    }

    #[test]
    fn what_was_rolled_back_is_closed_and_only_one_is_open() {
        let uses = twice_rolled_back();
        assert_eq!(
            told(&uses, CertificatePurpose::Encrypt),
            [(1, None, Some(20)), (2, Some(20), Some(30)), (1, Some(30), Some(40)), (2, Some(40), None)]
        );
        // Each of both verifies in one stretch, however often it was taken up again.
        assert_eq!(told(&uses, CertificatePurpose::Verify), [(1, None, Some(300)), (2, Some(20), None)], "{uses:#?}");
    }

    #[test]
    fn an_entry_of_its_own_end_falls_back_and_one_that_is_never_used_has_no_period() {
        let mut uses = plain_list(&[1, 2, 3].map(|id| Fingerprint([id; 32])));
        uses[1].purposes = CertificatePurpose::ALL.to_vec();
        (uses[2].purposes, uses[2].from, uses[2].until) =
            (vec![CertificatePurpose::Encrypt], Some(day(10)), Some(day(20)));
        assert_eq!(
            told(&uses, CertificatePurpose::Encrypt),
            [(1, None, Some(10)), (3, Some(10), Some(20)), (1, Some(20), None)]
        );
        uses.remove(0);
        uses[0].until = Some(day(5));
        assert_eq!(told(&uses, CertificatePurpose::Encrypt), [(2, None, Some(5)), (3, Some(10), Some(20))]);
        assert_eq!(told(&uses, CertificatePurpose::Verify), [(2, None, Some(5))]);
    }
}
