//! The certificates of a partner's TLS server: what was seen of them when, what has changed, and what ends when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::connection::Profile;
use super::spelling::spelled;
use super::transmission::{SeenCertificate, SeenTls};

spelled! {
    /// Whether a server was trusted when it was seen.
    pub enum ServerTrust {
        /// By the machine's certificate authorities.
        System = "system",
        /// By what the profile names in `tls_trust`.
        Pinned = "pinned",
        /// Not: the connection was not made.
        Refused = "refused",
    }
}

spelled! {
    /// Whether it was asked if a certificate was revoked.
    pub enum Revocation {
        /// It was not: neither CRL nor OCSP was asked.
        NotChecked = "not-checked",
    }
}

/// The server certificate that was seen before the one that is shown now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierServer {
    /// The certificate.
    #[serde(flatten)]
    pub certificate: SeenCertificate,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// When the other one was seen first in its place.
    pub changed: Timestamp,
}

/// A partner's TLS server as it was seen last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSight {
    /// Its host and port.
    pub server: String,
    /// When it was seen last.
    pub seen: Timestamp,
    /// What it showed.
    pub tls: SeenTls,
    /// Whether it was trusted.
    pub trust: ServerTrust,
    /// Why it was refused, in words; nothing where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Whether revocation was checked.
    pub revocation: Revocation,
    /// The certificate that it showed before, where it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EarlierServer>,
    /// When somebody said that they know of the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_known: Option<Timestamp>,
}

impl ServerSight {
    /// Whether it is the server that a profile talks to as it is set now, and by TLS: of another that it has talked to before
    /// nothing is to be expected any more.
    #[must_use]
    pub fn is_of(&self, profile: &Profile) -> bool {
        let server = format!("{}:{}", profile.url.host(), profile.url.port());
        profile.url.is_tls() && self.server.eq_ignore_ascii_case(&server)
    }

    /// The server's own certificate.
    #[must_use]
    pub fn own(&self) -> Option<&SeenCertificate> {
        self.tls.chain.first()
    }

    /// The change that nobody has said yet that they know of.
    #[must_use]
    pub fn untold_change(&self) -> Option<&EarlierServer> {
        self.before.as_ref().filter(|_| self.change_known.is_none())
    }

    /// What is known after a further sight: it takes the place of the earlier one, and remembers what it has replaced.
    /// Another server (the profile's address was changed) is not a change of its certificate.
    #[must_use]
    pub fn after(mut self, earlier: Option<&Self>) -> Self {
        let Some(earlier) = earlier.filter(|earlier| earlier.server == self.server) else { return self };
        let (Some(own), Some(old)) = (self.own(), earlier.own()) else { return self };
        if own.fingerprint_sha256 == old.fingerprint_sha256 {
            self.before.clone_from(&earlier.before);
            self.change_known = earlier.change_known;
        } else {
            let (certificate, changed) = (old.clone(), self.seen);
            self.before = Some(EarlierServer { certificate, last_seen: earlier.seen, changed });
            self.change_known = None;
        }
        self
    }
}

/// A certificate of a server that ends soon, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerEnd<'a> {
    /// Which one; of a chain the one that ends first.
    pub certificate: &'a SeenCertificate,
    /// Whether it is the server's own, and not one above it.
    pub own: bool,
    /// Whole days until then; negative once it has ended.
    pub days: i64,
}

/// What of a server's chain ends first, where that is within so many days: what is to be reminded of.
#[must_use]
pub fn ends_within(sight: &ServerSight, days: i64, now: Timestamp) -> Option<ServerEnd<'_>> {
    let (index, certificate) =
        sight.tls.chain.iter().enumerate().min_by_key(|(index, certificate)| (certificate.not_after, *index))?;
    let left = (certificate.not_after.as_second() - now.as_second()).div_euclid(86_400);
    (left <= days).then_some(ServerEnd { certificate, own: index == 0, days: left })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::certificate::Fingerprint;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn certificate(id: u8, until: i64) -> SeenCertificate {
        SeenCertificate {
            subject: format!("CN=server {id}"),
            issuer: "CN=authority".to_owned(),
            not_after: day(until),
            fingerprint_sha256: Fingerprint([id; 32]),
        }
    }

    fn sight(server: &str, chain: &[(u8, i64)], seen: i64) -> ServerSight {
        ServerSight {
            server: server.to_owned(),
            seen: day(seen),
            tls: SeenTls {
                version: Some("TLS 1.3".to_owned()),
                chain: chain.iter().map(|(id, until)| certificate(*id, *until)).collect(),
            },
            trust: ServerTrust::System,
            refusal: None,
            revocation: Revocation::NotChecked,
            before: None,
            change_known: None,
        }
    }

    #[test]
    fn a_change_is_remembered_until_the_next_and_told_until_it_is_known() {
        let first = sight("a:443", &[(1, 100)], 1).after(None);
        assert_eq!(first.untold_change(), None);
        let second = sight("a:443", &[(2, 200)], 9).after(Some(&first));
        let change = second.untold_change().unwrap();
        assert_eq!((change.certificate.fingerprint_sha256.0[0], change.last_seen, change.changed), (1, day(1), day(9)));
        // The same again: still told, and since when stays.
        let mut third = sight("a:443", &[(2, 200)], 12).after(Some(&second));
        assert_eq!(third.untold_change().map(|change| change.changed), Some(day(9)));
        third.change_known = Some(day(13));
        let fourth = sight("a:443", &[(2, 200)], 14).after(Some(&third));
        assert_eq!((fourth.untold_change(), fourth.before.is_some()), (None, true));
        let back = sight("a:443", &[(1, 100)], 15).after(Some(&fourth));
        assert_eq!(back.untold_change().map(|change| change.certificate.fingerprint_sha256.0[0]), Some(2));
        assert_eq!(sight("b:443", &[(3, 100)], 16).after(Some(&back)).before, None, "another server");
    }

    #[test]
    fn the_first_end_of_a_chain_is_what_counts() {
        let sight = sight("a:443", &[(1, 100), (2, 60), (3, 900)], 1);
        let ends = |days, now| ends_within(&sight, days, day(now)).map(|end| (end.days, end.own));
        assert_eq!(ends(30, 10), None);
        assert_eq!(ends(30, 30), Some((30, false)));
        assert_eq!(ends(30, 29), None);
        assert_eq!(ends(30, 61), Some((-1, false)));
    }
}
