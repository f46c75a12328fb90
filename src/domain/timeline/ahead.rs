//! What is still to come in a list, and what is accepted only ahead of it.
//!
//! Bringing a certificate in for both purposes at a later instant writes a pair: it verifies from now on, and right after
//! that entry stands the one that it encrypts by. Taking the schedule back takes both; what verifies by itself stands
//! anywhere else, and stays.

use jiff::Timestamp;

use super::{CertificatePurpose, CertificateUse};
use crate::domain::certificate::Fingerprint;

/// Whether it is an activation that is still to come.
pub(super) fn is_coming(entry: &CertificateUse, now: Timestamp) -> bool {
    entry.encrypts() && entry.from.is_some_and(|from| from > now)
}

/// Whether an entry only accepts, ahead of its activation, the certificate that the next entry activates. Such a pair is
/// what bringing one in for both writes; what verifies by itself never stands right before the certificate's activation.
fn is_ahead(uses: &[CertificateUse], index: usize, now: Timestamp) -> bool {
    let (Some(entry), Some(next)) = (uses.get(index), uses.get(index + 1)) else { return false };
    let accepts = entry.verifies() && !entry.encrypts() && entry.from.is_some();
    accepts && next.fingerprint == entry.fingerprint && is_coming(next, now) && !next.verifies()
}

/// Whether a certificate that is scheduled is accepted for the sake of that only.
#[must_use]
pub fn is_accepted_ahead(uses: &[CertificateUse], certificate: Fingerprint, now: Timestamp) -> bool {
    (0..uses.len()).any(|index| uses[index].fingerprint == certificate && is_ahead(uses, index, now))
}

/// Whether a certificate that is scheduled was brought in for both purposes.
pub(super) fn is_for_both(uses: &[CertificateUse], certificate: Fingerprint, now: Timestamp) -> bool {
    // Also where one entry for both was cut in two since, and has become one that is to come by a clock that was put back.
    let verifies =
        |from| uses.iter().any(|entry| entry.fingerprint == certificate && entry.verifies() && entry.from == from);
    let own = |entry: &&CertificateUse| entry.fingerprint == certificate && is_coming(entry, now);
    uses.iter().filter(own).any(|entry| verifies(entry.from)) || is_accepted_ahead(uses, certificate, now)
}

/// For what a profile has a certificate that is scheduled, or was used before: to be encrypted for alone, or, where nothing
/// is named, for both.
#[must_use]
pub fn purpose_of(uses: &[CertificateUse], certificate: Fingerprint, now: Timestamp) -> Option<CertificatePurpose> {
    let own = || uses.iter().filter(|entry| entry.fingerprint == certificate);
    let both = if own().any(|entry| is_coming(entry, now)) {
        is_for_both(uses, certificate, now)
    } else {
        own().any(CertificateUse::verifies)
    };
    (!both && own().any(CertificateUse::encrypts)).then_some(CertificatePurpose::Encrypt)
}

/// The same for several lists together: what all say that have the certificate. Where they differ nothing is to be taken
/// for granted.
#[must_use]
pub fn common_purpose<'u>(
    lists: impl IntoIterator<Item = &'u [CertificateUse]>,
    certificate: Fingerprint,
    now: Timestamp,
) -> Option<CertificatePurpose> {
    let has = |uses: &&[CertificateUse]| uses.iter().any(|entry| entry.fingerprint == certificate);
    let mut said = lists.into_iter().filter(has).map(|uses| purpose_of(uses, certificate, now));
    let first = said.next()??;
    said.all(|other| other == Some(first)).then_some(first)
}

/// Without the activations that are still to come, each with whether it is accepted only ahead of one. What is accepted
/// for the sake of one goes with it, unless the certificate was encrypted for before; not so that of the certificate
/// that is to stay.
pub(super) fn without_coming(
    uses: &[CertificateUse],
    now: Timestamp,
    stays: Option<Fingerprint>,
) -> Vec<(CertificateUse, bool)> {
    taken(uses, now, stays, None)
}

/// The same for one certificate alone: what is scheduled of others stays.
pub(super) fn without_coming_of(
    uses: &[CertificateUse],
    certificate: Fingerprint,
    now: Timestamp,
) -> Vec<(CertificateUse, bool)> {
    taken(uses, now, None, Some(certificate))
}

fn taken(
    uses: &[CertificateUse],
    now: Timestamp,
    stays: Option<Fingerprint>,
    only: Option<Fingerprint>,
) -> Vec<(CertificateUse, bool)> {
    let mut kept = Vec::new();
    for (index, entry) in uses.iter().enumerate() {
        let was_used = || {
            uses.iter()
                .any(|other| other.fingerprint == entry.fingerprint && other.encrypts() && !is_coming(other, now))
        };
        let stays = || stays == Some(entry.fingerprint) || was_used();
        let ahead = is_ahead(uses, index, now);
        if only.is_some_and(|only| only != entry.fingerprint) {
            kept.push((entry.clone(), ahead));
            continue;
        }
        if is_coming(entry, now) {
            if entry.verifies() && stays() {
                kept.push((entry.only(CertificatePurpose::Verify), false));
            }
        } else if !ahead || stays() {
            kept.push((entry.clone(), ahead));
        }
    }
    kept
}

pub(super) fn listed(kept: Vec<(CertificateUse, bool)>) -> Vec<CertificateUse> {
    kept.into_iter().map(|(entry, _)| entry).collect()
}

/// Adds an activation at the end. What the certificate verifies by itself does not come to stand right before it, where it
/// would be taken for what is accepted for its sake.
pub(super) fn append(after: &mut Vec<CertificateUse>, activated: CertificateUse) {
    let by_itself = after
        .last()
        .is_some_and(|last| last.fingerprint == activated.fingerprint && last.verifies() && !last.encrypts());
    let place = if by_itself { after.len() - 1 } else { after.len() };
    after.insert(place, activated);
}

/// Sees to it that a change has not brought what verifies by itself right before an activation of its certificate, begun or
/// not: the clock may be put back.
pub(in crate::domain) fn keep_apart(after: &mut [CertificateUse], before: &[CertificateUse]) {
    let ever = Timestamp::MIN;
    for index in 1..after.len() {
        if is_ahead(after, index - 1, ever) && !is_accepted_ahead(before, after[index].fingerprint, ever) {
            after.swap(index - 1, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, plain_list, renew, renew_encrypting};
    use super::*;
    use crate::domain::fixtures::{day, facts};

    #[test]
    fn profiles_that_have_it_for_different_purposes_have_none_in_common() {
        let (old, new) = (facts(1, 0, 100), facts(2, 5, 200));
        let none = plain_list(&[old.fingerprint_sha256]);
        let at = Activation::At { at: day(50), zone: None };
        let both = renew(&none, &new, Some(&old), &at, day(10)).unwrap().uses;
        let alone = renew_encrypting(&none, &new, Some(&old), &at, day(10)).unwrap().uses;
        let common =
            |lists: &[&[CertificateUse]]| common_purpose(lists.iter().copied(), new.fingerprint_sha256, day(11));
        let encrypt = Some(CertificatePurpose::Encrypt);
        assert_eq!([common(&[&alone]), common(&[&alone, &alone]), common(&[&both])], [encrypt, encrypt, None]);
        assert_eq!([common(&[&alone, &both]), common(&[&both, &alone])], [None, None]);
        assert_eq!([common(&[&none, &alone]), common(&[&none])], [encrypt, None], "who has none of it has no say");
    }
}
