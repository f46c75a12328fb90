//! Activations that have happened. They need nobody to be awake: they are computed, also afterwards, to be told.

use jiff::Timestamp;

use super::{CertificateUse, used_now};
use crate::domain::certificate::Fingerprint;

/// An activation that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastActivation {
    /// The certificate that went active.
    pub certificate: Fingerprint,
    /// When.
    pub at: Timestamp,
    /// The zone in which that was stated.
    pub zone: Option<String>,
    /// The one that was used until then.
    pub replaced: Option<Fingerprint>,
}

/// The activations that happened after one instant and until another, the oldest first. Nothing where the second is not
/// later, as after a clock was put back. Only what really changed the certificate in use is one.
#[must_use]
pub fn activations_between(uses: &[CertificateUse], after: Timestamp, until: Timestamp) -> Vec<PastActivation> {
    let mut instants: Vec<Timestamp> = uses
        .iter()
        .filter(|entry| entry.encrypts())
        .filter_map(|entry| entry.from)
        .filter(|from| *from > after && *from <= until)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    instants
        .into_iter()
        .filter_map(|at| {
            let entry = used_now(uses, at).filter(|entry| entry.from == Some(at))?;
            let before = Timestamp::from_nanosecond(at.as_nanosecond() - 1).ok()?;
            let replaced = used_now(uses, before).map(|entry| entry.fingerprint);
            (replaced != Some(entry.fingerprint)).then(|| PastActivation {
                certificate: entry.fingerprint,
                at,
                zone: entry.zone.clone(),
                replaced,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{CertificatePurpose, plain_list};
    use super::*;

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    #[test]
    fn what_happened_in_between_is_found_once_and_in_order() {
        let mut uses = plain_list(&[Fingerprint([1; 32])]);
        let add = |number: u8, at: i64| CertificateUse {
            fingerprint: Fingerprint([number; 32]),
            purposes: vec![CertificatePurpose::Encrypt],
            from: Some(second(at)),
            until: None,
            zone: Some("Europe/Berlin".to_owned()),
        };
        uses.extend([add(3, 200), add(2, 100), add(2, 150)]);
        let found = |after, until| {
            activations_between(&uses, second(after), second(until))
                .iter()
                .map(|past| (past.certificate.0[0], past.at.as_second(), past.replaced.map(|old| old.0[0])))
                .collect::<Vec<_>>()
        };
        // The same once more at 150 changes nothing.
        assert_eq!(found(0, 300), [(2, 100, Some(1)), (3, 200, Some(2))]);
        assert_eq!(found(100, 200), [(3, 200, Some(2))], "after the first, until and with the second");
        assert_eq!(found(99, 100), [(2, 100, Some(1))]);
        assert_eq!(found(300, 100), [], "the clock was put back");
    }
}
