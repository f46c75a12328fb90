//! What is noticed in passing, while messages come and go: what partners' TLS servers show, and what they say of the time.
//! None of it is worth failing for: where it cannot be kept, it is seen again. Which certificates still sign is journalled
//! with what they signed; here is what follows from it for what is accepted.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{App, AppError};
use crate::as2::headers::get;
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::Profile;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::own_clock::{self, ClockSample, ClockStanding};
use crate::domain::server_certificate::{Revocation, ServerSight, ServerTrust};
use crate::domain::timeline::{CertificateUse, acceptable_now, with_retirement};
use crate::domain::transmission::SeenTls;
use crate::store::{LastSeen, MissedActivation, ProfileKey, StoreError, Transaction, Workspace};
use crate::transport::{self, FailureKind, PostFailure, TlsReason};

/// What says nothing new is written again after this long: what is counted in days needs no more, and a message must not
/// wait for the disk once more than it has to.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What this program has written last, and when.
#[derive(Clone, Default)]
pub(super) struct Noted {
    last: Arc<Mutex<HashMap<String, (String, Timestamp)>>>,
}

impl Noted {
    /// Whether something is to be written: it says something else than before, or it is long ago.
    pub(super) fn is_due(&self, what: &str, says: &str, now: Timestamp) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was put back makes it due as well.
        let fresh = |at: Timestamp| at <= now && now.duration_since(at) < AGAIN_AFTER;
        if last.get(what).is_some_and(|(said, at)| said == says && fresh(*at)) {
            return false;
        }
        last.insert(what.to_owned(), (says.to_owned(), now));
        true
    }

    /// It could not be written: it is due as before.
    pub(super) fn forget(&self, what: &str) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }
}

/// What has been seen, as the window draws it and as retirement is computed from.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// When each certificate was last seen in a good signature.
    pub signatures: LastSeen,
    /// What each partner's TLS server showed last.
    pub servers: BTreeMap<ProfileKey, ServerSight>,
    /// How our clock stands; nothing where no server has said anything yet.
    pub clock: Option<ClockStanding>,
    /// Since when it has been off without a break, by itself; nothing where it is not.
    pub clock_off_since: Option<Timestamp>,
    /// Activations that happened while nobody was running, and that nobody has read yet.
    pub missed: Vec<MissedActivation>,
}

impl Observations {
    /// When a certificate was last seen in a profile's signatures.
    #[must_use]
    pub fn last_seen(
        &self,
        connection: &ConnectionId,
        profile: ProfileKind,
        certificate: &Fingerprint,
    ) -> Option<Timestamp> {
        self.signatures.get(&(connection.clone(), profile))?.get(certificate).copied()
    }

    /// A profile's certificates with the ends that retirement sets.
    #[must_use]
    pub fn uses(&self, connection: &ConnectionId, kind: ProfileKind, profile: &Profile) -> Vec<CertificateUse> {
        retired(profile, self.signatures.get(&(connection.clone(), kind)))
    }

    /// The certificates that a profile accepts signatures of at an instant, without those that have retired.
    #[must_use]
    pub fn accepted(
        &self,
        connection: &ConnectionId,
        kind: ProfileKind,
        profile: &Profile,
        at: Timestamp,
    ) -> Vec<Fingerprint> {
        acceptable_now(&self.uses(connection, kind, profile), at)
    }
}

fn retired(profile: &Profile, seen: Option<&BTreeMap<Fingerprint, Timestamp>>) -> Vec<CertificateUse> {
    let last_seen = |print: &Fingerprint| seen?.get(print).copied();
    with_retirement(&profile.partner_certificates, profile.retire_unused_days, &last_seen)
}

impl App {
    /// What has been seen so far.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn observations(&self) -> Result<Observations, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(Observations::default()) };
        Ok(Observations {
            signatures: workspace.signatures_seen().await?,
            servers: workspace.server_sights().await?,
            clock: own_clock::standing(&workspace.clock_samples().await?),
            clock_off_since: workspace.clock_off_since().await?,
            missed: workspace.missed_activations().await?,
        })
    }

    /// How our clock stands against what partners' servers said; nothing where none has said anything yet.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn clock_standing(&self) -> Result<Option<ClockStanding>, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(None) };
        Ok(own_clock::standing(&workspace.clock_samples().await?))
    }

    /// The certificates that a profile accepts signatures of at an instant, without those that have retired.
    pub(super) async fn accepted(
        &self,
        workspace: &Workspace,
        connection: &ConnectionId,
        kind: ProfileKind,
        profile: &Profile,
        at: Timestamp,
    ) -> Result<Vec<Fingerprint>, AppError> {
        Ok(acceptable_now(&self.over_time(workspace, connection, kind, profile).await?, at))
    }

    /// A profile's certificates with the ends that retirement sets.
    pub(super) async fn over_time(
        &self,
        workspace: &Workspace,
        connection: &ConnectionId,
        kind: ProfileKind,
        profile: &Profile,
    ) -> Result<Vec<CertificateUse>, AppError> {
        // Without a replaced certificate nothing can have retired, and nothing has to be looked up.
        let replaced = profile.partner_certificates.iter().any(|entry| entry.from.is_some());
        if profile.retire_unused_days == 0 || !replaced {
            return Ok(profile.partner_certificates.clone());
        }
        let seen = workspace.signatures_seen_of(connection, kind).await?;
        Ok(retired(profile, Some(&seen)))
    }

    /// Notes what an exchange showed of the partner's server: its certificates, and what it says of the time.
    pub(super) async fn note_exchange(
        &self,
        workspace: &Workspace,
        connection: &ConnectionId,
        kind: ProfileKind,
        profile: &Profile,
        posted: &Result<transport::Answer, PostFailure>,
        tls: Option<&SeenTls>,
    ) {
        let now = self.now();
        let server = format!("{}:{}", profile.url.host(), profile.url.port());
        let answer = match posted {
            Ok(answer) => Some(answer),
            Err(failure) => failure.answer.as_deref(),
        };
        let sample = answer.and_then(|answer| {
            let since = answer.timings.finished.saturating_sub(answer.timings.answered);
            let answered = SignedDuration::try_from(since).ok().and_then(|since| now.checked_sub(since).ok())?;
            let ahead_seconds = own_clock::ahead(get(&answer.headers, "Date")?, answered)?;
            Some(ClockSample { server: server.clone(), at: now, ahead_seconds })
        });
        // To the minute: seconds come and go on the way.
        let sample = sample.filter(|sample| {
            self.noted.is_due(&format!("clock {server}"), &(sample.ahead_seconds / 60).to_string(), now)
        });
        let sight = tls.filter(|_| shown(posted)).map(|tls| sight(server, now, tls.clone(), profile, posted));
        let sight = sight.filter(|sight| {
            let says = serde_json::to_string(&(&sight.tls.chain, sight.trust, &sight.refusal)).unwrap_or_default();
            self.noted.is_due(&format!("server {connection} {kind}"), &says, now)
        });
        if sample.is_none() && sight.is_none() {
            return;
        }
        quietly(workspace, async |transaction| {
            if let Some(sample) = &sample {
                transaction.put_clock_sample(sample).await?;
            }
            if let Some(sight) = sight {
                keep_sight(transaction, connection, kind, sight).await?;
            }
            Ok(())
        })
        .await;
    }
}

/// Keeps what a server showed, with what it showed before.
pub(super) async fn keep_sight(
    transaction: &mut Transaction,
    connection: &ConnectionId,
    kind: ProfileKind,
    sight: ServerSight,
) -> Result<(), StoreError> {
    let earlier = transaction.server_sight(connection, kind).await?;
    transaction.put_server_sight(connection, kind, &sight.after(earlier.as_ref())).await
}

/// Writes something that is not worth failing for.
async fn quietly(workspace: &Workspace, write: impl AsyncFnOnce(&mut Transaction) -> Result<(), StoreError>) {
    let written = async {
        let mut transaction = workspace.begin().await?;
        write(&mut transaction).await?;
        transaction.commit().await
    };
    let written: Result<(), StoreError> = written.await;
    if let Err(error) = written {
        tracing::warn!(%error, "what was seen could not be noted");
    }
}

/// Whether TLS showed anything at this very attempt.
fn shown(posted: &Result<transport::Answer, PostFailure>) -> bool {
    match posted {
        Ok(answer) => answer.tls.is_some(),
        Err(PostFailure { kind: FailureKind::TlsRefused { chain, .. }, .. }) => !chain.is_empty(),
        Err(failure) => failure.tls.is_some(),
    }
}

fn sight(
    server: String,
    seen: Timestamp,
    tls: SeenTls,
    profile: &Profile,
    posted: &Result<transport::Answer, PostFailure>,
) -> ServerSight {
    let refusal = match posted {
        Err(PostFailure { kind: FailureKind::TlsRefused { reason, .. }, .. }) if is_about_server(reason) => {
            Some(reason.to_string())
        }
        _ => None,
    };
    let trust = trust_of(profile, refusal.is_some());
    ServerSight {
        server,
        seen,
        tls,
        trust,
        refusal,
        revocation: Revocation::NotChecked,
        before: None,
        change_known: None,
    }
}

/// By what a server is trusted, where it is.
pub(super) fn trust_of(profile: &Profile, refused: bool) -> ServerTrust {
    match (refused, profile.tls_trust.as_str()) {
        (true, _) => ServerTrust::Refused,
        (false, "system") => ServerTrust::System,
        (false, _) => ServerTrust::Pinned,
    }
}

/// Whether we refused the server, and not the server us.
pub(super) const fn is_about_server(reason: &TlsReason) -> bool {
    matches!(
        reason,
        TlsReason::Certificate(_)
            | TlsReason::Expired
            | TlsReason::NotYetValid
            | TlsReason::Revoked
            | TlsReason::NotPinned
            | TlsReason::SelfSigned
            | TlsReason::UnknownIssuer
            | TlsReason::WrongName
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_new_is_written_once_an_hour() {
        let noted = Noted::default();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert!(noted.is_due("a", "x", at(10_000)));
        assert!(!noted.is_due("a", "x", at(13_599)));
        assert!(noted.is_due("b", "x", at(10_001)), "something else");
        assert!(noted.is_due("a", "y", at(10_002)), "it says something else");
        assert!(noted.is_due("a", "y", at(13_602)), "an hour later");
        assert!(noted.is_due("a", "y", at(5_000)), "the clock was put back");
    }
}
