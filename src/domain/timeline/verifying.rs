//! Which certificates of a partner only verify at an instant: their end matters by itself, whatever is encrypted for.

use jiff::Timestamp;

use super::ahead::is_coming;
use super::retirement::replaced_since;
use super::{CertificateUse, acceptable_now, used_now};
use crate::domain::certificate::Fingerprint;

/// The certificates that are accepted at an instant and by which signatures are verified alone: not encrypted for then nor
/// later, and not replaced by one that verifies as well. One that was encrypted for is among them as soon as another is
/// encrypted for alone. What somebody has set an end to is on its way out, as long as another without one is accepted.
#[must_use]
pub fn only_verifying(uses: &[CertificateUse], at: Timestamp) -> Vec<Fingerprint> {
    let in_use = used_now(uses, at).map(|entry| entry.fingerprint);
    // Nearly every profile has no other, and this is asked of thousands.
    if uses.iter().all(|entry| Some(entry.fingerprint) == in_use) {
        return Vec::new();
    }
    let mut found = acceptable_now(uses, at);
    let of = |print: Fingerprint| uses.iter().filter(move |entry| entry.fingerprint == print);
    let lasts = |print: &Fingerprint| of(*print).any(|entry| entry.verifies() && entry.until.is_none());
    let one_lasts = found.iter().any(lasts);
    found.retain(|print| {
        Some(*print) != in_use
            && !of(*print).any(|entry| is_coming(entry, at))
            && replaced_since(uses, print).is_none_or(|since| since > at)
            && (lasts(print) || !one_lasts)
    });
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, CertificatePurpose, plain_list, renew, renew_encrypting};
    use super::*;
    use crate::domain::fixtures::{day, facts};

    fn only(uses: &[CertificateUse], at: i64) -> Vec<u8> {
        only_verifying(uses, day(at)).iter().map(|print| print.0[0]).collect()
    }

    fn on(at: i64) -> Activation {
        Activation::At { at: day(at), zone: None }
    }

    #[test]
    fn one_goes_on_verifying_alone_once_another_is_encrypted_for_alone() {
        let (old, new, both) = (facts(1, 0, 100), facts(3, 5, 200), facts(2, 5, 200));
        let plain = plain_list(&[old.fingerprint_sha256]);
        assert_eq!(only(&plain, 10), []);
        let split = renew_encrypting(&plain, &new, Some(&old), &on(20), day(10)).unwrap().uses;
        assert_eq!([only(&split, 19), only(&split, 20)], [vec![], vec![1]]);
        // What comes for both is in nobody's place until then, and takes it then.
        let renewed = renew(&split, &both, Some(&new), &on(40), day(30)).unwrap().uses;
        assert_eq!([only(&renewed, 39), only(&renewed, 40)], [vec![1], vec![]]);
    }

    #[test]
    fn one_that_is_replaced_for_both_or_on_its_way_out_is_none() {
        let (old, new) = (facts(1, 0, 100), facts(2, 5, 200));
        let plain = plain_list(&[old.fingerprint_sha256]);
        let renewed = renew(&plain, &new, Some(&old), &on(20), day(10)).unwrap().uses;
        assert!(only(&renewed, 15).is_empty() && only(&renewed, 25).is_empty());
        let mut list = plain_list(&[1, 2, 3].map(|id| Fingerprint([id; 32])));
        list[0].purposes = vec![CertificatePurpose::Encrypt];
        list[1].until = Some(day(50));
        assert_eq!(only(&list, 10), [3]);
        list.pop();
        assert_eq!(only(&list, 10), [2], "nothing is there beside it");
    }
}
