//! What a role is played by, one certificate after the other, and when it is played by none that is valid for the first
//! time. A certificate that ends is no trouble where another takes over in time, and a long one none the less is where what
//! follows it ends before.

use jiff::Timestamp;

use super::evidence::{Evidence, Held};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::IdentityName;
use crate::domain::policy::CertificateRole;
use crate::domain::timeline;

/// A certificate to come, the partner's or ours: when it goes active, and in which zone that was stated.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Coming<'x> {
    pub(super) name: Name<'x>,
    pub(super) when: Timestamp,
    pub(super) zone: Option<&'x str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name<'x> {
    Partner(Fingerprint),
    Own(&'x IdentityName),
}

/// The first instant at which nothing valid is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Lapse<'x> {
    pub(super) at: Timestamp,
    pub(super) why: Why,
    /// What is used then, where that is not what is used now.
    pub(super) last: Option<Coming<'x>>,
}

/// Why nothing valid is used any more.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// What is used until then ends.
    Ends,
    /// What is used from then on is valid only later.
    NotYet(Timestamp),
    /// What is used from then on has ended by then.
    Ended(Timestamp),
    /// What is used from then on is not known, or there is nothing.
    Unknown,
}

impl<'x> Coming<'x> {
    /// What goes active next in a role.
    pub(super) fn next(evidence: &Evidence<'x, '_>, role: CertificateRole, at: Timestamp) -> Option<Self> {
        let (name, when, zone) = match role {
            CertificateRole::Partner => {
                let (entry, when) = evidence.activation(at)?;
                (Name::Partner(entry.fingerprint), when, entry.zone.as_deref())
            }
            CertificateRole::Identity => {
                let (entry, when) = evidence.profile.identity.next(at)?;
                (Name::Own(&entry.name), when, entry.zone.as_deref())
            }
        };
        Some(Self { name, when, zone })
    }

    /// What begins to play a role at an instant, as far as the profile names it.
    fn beginning(evidence: &Evidence<'x, '_>, role: CertificateRole, when: Timestamp) -> Option<Self> {
        match role {
            CertificateRole::Partner => {
                let uses = &evidence.profile.partner_certificates;
                if !evidence.encrypts() {
                    let print = *timeline::acceptable_now(uses, when).first()?;
                    return Some(Self { name: Name::Partner(print), when, zone: None });
                }
                let entry = timeline::used_now(uses, when)?;
                let zone = entry.zone.as_deref().filter(|_| entry.from == Some(when));
                Some(Self { name: Name::Partner(entry.fingerprint), when, zone })
            }
            CertificateRole::Identity => {
                let entry = evidence.profile.identity.signing(when);
                Some(Self { name: Name::Own(&entry.name), when, zone: entry.zone.as_deref() })
            }
        }
    }
}

/// When nothing valid is used for the first time, after an instant at which `present` is used and valid. Every certificate
/// has its end, so there is always such an instant.
pub(super) fn lapse<'x>(
    evidence: &Evidence<'x, '_>,
    role: CertificateRole,
    present: &CertificateFacts,
    at: Timestamp,
) -> Lapse<'x> {
    let (mut end, mut last) = (present.not_after, None);
    let mut used = present.fingerprint_sha256;
    for when in changes(evidence, role, at) {
        if end < when {
            break;
        }
        let lapse = |why| Lapse { at: when, why, last: Coming::beginning(evidence, role, when) };
        match evidence.held(role, when) {
            Held::Known(facts) if facts.fingerprint_sha256 == used => {}
            Held::Known(facts) if when < facts.not_before => return lapse(Why::NotYet(facts.not_before)),
            Held::Known(facts) if when > facts.not_after => return lapse(Why::Ended(facts.not_after)),
            Held::Known(facts) => {
                (used, end) = (facts.fingerprint_sha256, facts.not_after);
                last = Coming::beginning(evidence, role, when);
            }
            Held::Missing { .. } | Held::NotNeeded(_) => return lapse(Why::Unknown),
        }
    }
    Lapse { at: end, why: Why::Ends, last }
}

/// The instants after another at which another certificate may play a role, in their order. Of thousands of profiles nearly
/// all have none.
fn changes(evidence: &Evidence<'_, '_>, role: CertificateRole, at: Timestamp) -> Vec<Timestamp> {
    let mut found: Vec<Timestamp> = match role {
        CertificateRole::Partner => {
            let encrypts = evidence.encrypts();
            let uses = evidence.profile.partner_certificates.iter().filter(|entry| !encrypts || entry.encrypts());
            uses.flat_map(|entry| [entry.from, entry.until]).flatten().filter(|when| *when > at).collect()
        }
        CertificateRole::Identity => {
            evidence.profile.identity.uses().iter().filter_map(|entry| entry.from).filter(|from| *from > at).collect()
        }
    };
    found.sort_unstable();
    found.dedup();
    found
}
