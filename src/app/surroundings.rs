//! What else is known at the time of a failure, read from the workspace in a few bounded questions.

use jiff::{SignedDuration, Timestamp};

use super::{App, AppError};
use crate::as2::headers::get;
use crate::domain::connection::Profile;
use crate::domain::diagnosis::{ChangedSetting, Neighbour, SameHost, Surroundings};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::own_clock;
use crate::domain::transmission::{Direction, Transmission, Verdict};
use crate::store::{TransmissionFilter, TransmissionSummary, Workspace};

/// So many messages before the one that failed are looked at.
const EARLIER: usize = 20;

/// The last message to so many other profiles at the same host is looked at.
const OTHERS: usize = 4;

/// For so long another certificate of the partner's server counts as new.
const LATELY: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Headers in which software speaks of itself.
const SPEAKING: [&str; 5] = ["AS2-Product", "Server", "User-Agent", "X-Powered-By", "Product"];

/// The most characters of a setting's value that are shown.
const SHOWN: usize = 60;

/// Whether what happened around a message says something about its outcome.
pub(super) const fn worth_looking_around(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Failed | Verdict::Uncertain)
}

impl App {
    /// What else is known at the time of a failure. What cannot be read is left out: the failure itself is what counts.
    pub(super) async fn surroundings(
        &self,
        workspace: &Workspace,
        (connection, kind, profile): (&ConnectionId, ProfileKind, &Profile),
        sent: &Transmission,
    ) -> Surroundings {
        let mut found = Surroundings { said: speaks_of_itself(sent), ..Surroundings::default() };
        let before = |limit| TransmissionFilter {
            direction: Some(Direction::Outbound),
            connection: Some(connection.clone()),
            profile: Some(kind),
            until: Some(sent.at),
            limit,
            ..TransmissionFilter::default()
        };
        if let Ok((earlier, next)) = workspace.transmissions(&before(EARLIER)).await {
            found.more = next.is_some();
            found.first = earlier.is_empty();
            found.earlier = earlier.iter().filter(|each| has_ended(each.verdict)).map(neighbour).collect();
        }
        let delivered = TransmissionFilter { verdict: Some(Verdict::Delivered), ..before(1) };
        found.last_delivered = newest(workspace, &delivered).await.map(|last| last.at);
        let received = TransmissionFilter {
            direction: Some(Direction::Inbound),
            verdict: Some(Verdict::Received),
            profile: None,
            ..before(1)
        };
        found.last_received = newest(workspace, &received).await.map(|last| last.at);
        if let Some(at) = found.last_delivered {
            found.changed = changed_since(workspace, connection, kind, profile, at).await.unwrap_or_default();
        }
        found.same_host = self.same_host(workspace, (connection, kind, profile), sent.at).await.unwrap_or_default();
        let now = self.now();
        if let Ok(Some(sight)) = workspace.server_sight_of(connection, kind).await {
            let server = format!("{}:{}", profile.url.host(), profile.url.port());
            let changed = sight.before.as_ref().map(|before| before.changed).filter(|_| sight.server == server);
            found.server_changed = changed.filter(|at| now.duration_since(*at) <= LATELY);
        }
        if let Ok(samples) = workspace.clock_samples().await {
            found.clock =
                own_clock::standing(&samples).filter(own_clock::ClockStanding::is_off).map(|off| off.told().0);
        }
        found
    }

    /// The last message to other profiles at the same host and port.
    async fn same_host(
        &self,
        workspace: &Workspace,
        (connection, kind, profile): (&ConnectionId, ProfileKind, &Profile),
        at: Timestamp,
    ) -> Result<Vec<SameHost>, AppError> {
        let place = |profile: &Profile| (profile.url.host().to_ascii_lowercase(), profile.url.port());
        let mut found = Vec::new();
        for other in workspace.connections().await? {
            for (other_kind, other_profile) in other.profiles() {
                if (&other.id, other_kind) == (connection, kind) || place(other_profile) != place(profile) {
                    continue;
                }
                let last = TransmissionFilter {
                    direction: Some(Direction::Outbound),
                    connection: Some(other.id.clone()),
                    profile: Some(other_kind),
                    until: Some(at),
                    limit: 1,
                    ..TransmissionFilter::default()
                };
                if let Some(last) = newest(workspace, &last).await {
                    found.push(SameHost { partner: other.name.clone(), profile: other_kind, last: neighbour(&last) });
                }
                if found.len() == OTHERS {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }
}

async fn newest(workspace: &Workspace, filter: &TransmissionFilter) -> Option<TransmissionSummary> {
    workspace.transmissions(filter).await.ok().and_then(|(found, _)| found.into_iter().next())
}

fn neighbour(summary: &TransmissionSummary) -> Neighbour {
    Neighbour { at: summary.at, verdict: summary.verdict, cause: summary.cause.clone() }
}

const fn has_ended(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Delivered | Verdict::Failed | Verdict::Uncertain)
}

/// What the partner's software says of itself in the answer, and in a receipt that came by itself.
fn speaks_of_itself(sent: &Transmission) -> Vec<(String, String)> {
    [&sent.receipt_headers, &sent.response_headers]
        .into_iter()
        .flat_map(|headers| {
            SPEAKING.iter().filter_map(move |name| Some(((*name).to_owned(), get(headers, name)?.to_owned())))
        })
        .collect()
}

/// What was changed in a profile since an instant.
async fn changed_since(
    workspace: &Workspace,
    connection: &ConnectionId,
    kind: ProfileKind,
    profile: &Profile,
    at: Timestamp,
) -> Result<Vec<ChangedSetting>, AppError> {
    let Some(then) = workspace.connection_as_of(connection, at).await? else { return Ok(Vec::new()) };
    let then = then.profiles().find(|(other, _)| *other == kind).map(|(_, profile)| profile.clone());
    Ok(then.map_or_else(Vec::new, |then| profile.changed_from(&then)).into_iter().map(shown).collect())
}

/// A changed setting with its values, where they are short and hold no address: that may hold a secret.
fn shown((setting, values): (String, (String, String))) -> ChangedSetting {
    let short = |value: &str| !value.is_empty() && value.len() <= SHOWN && !value.contains("://");
    let values = (short(&values.0) && short(&values.1)).then_some(values);
    ChangedSetting { setting, values }
}
