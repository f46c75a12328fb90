//! The workspace as the window draws it: read once, judged already.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::app::sample::SampleFiles;
use crate::app::{App, AppError, TransmissionSummary};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{self, ComplianceSettings, ConnectionReport, Known, ProfileReport, Status};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, IdentityName, PolicyId, ProfileKind};
use crate::domain::policy::{PolicyKind, ResolveError, ResolvedPolicy, resolve};
use crate::domain::timeline::{next_activation, used_now};
use crate::store::Protection;

/// The workspace at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When it was read and judged.
    pub at: Timestamp,
    /// The workspace itself.
    pub workspace: WorkspaceState,
    /// All connections, sorted by name.
    pub connections: Vec<ConnectionState>,
    /// Partners' certificates by fingerprint.
    pub certificates: BTreeMap<Fingerprint, CertificateState>,
    /// Our identities, sorted by name.
    pub identities: Vec<IdentityState>,
    /// All policies, sorted by id.
    pub policies: Vec<PolicyState>,
}

/// What is known of the workspace itself.
#[derive(Clone, Debug)]
pub struct WorkspaceState {
    /// Where it lies.
    pub place: String,
    /// How its secrets are protected; nothing where there is no workspace yet.
    pub protection: Option<Protection>,
    /// Why its secrets cannot be opened, in words; nothing where they can.
    pub locked: Option<String>,
    /// Whether it can only be read.
    pub read_only: bool,
    /// The sample's files, where it is the sample.
    pub sample: Option<SampleFiles>,
}

/// A connection with how it stands.
#[derive(Clone, Debug)]
pub struct ConnectionState {
    /// Its settings.
    pub connection: Connection,
    /// How it stands.
    pub report: ConnectionReport,
    /// The newest message sent to each of its profiles.
    pub last_sent: Vec<(ProfileKind, TransmissionSummary)>,
}

impl ConnectionState {
    /// How one of its profiles stands, where it exists.
    #[must_use]
    pub fn profile_report(&self, kind: ProfileKind) -> Option<&ProfileReport> {
        self.report.profiles.iter().find(|report| report.profile == kind)
    }

    /// The newest message sent to one of its profiles.
    #[must_use]
    pub fn last_sent(&self, kind: ProfileKind) -> Option<&TransmissionSummary> {
        self.last_sent.iter().find(|(profile, _)| *profile == kind).map(|(_, sent)| sent)
    }
}

/// A partner's certificate in the workspace.
#[derive(Clone, Debug)]
pub struct CertificateState {
    /// What is known of it.
    pub facts: CertificateFacts,
    /// Where it came from: a file's name.
    pub source: String,
    /// When somebody confirmed its fingerprint.
    pub confirmed: Option<Timestamp>,
}

/// One of our identities.
#[derive(Clone, Debug)]
pub struct IdentityState {
    /// Its name.
    pub name: IdentityName,
    /// What is known of its certificate.
    pub facts: CertificateFacts,
}

/// A policy with the rules that it inherits.
#[derive(Clone, Debug)]
pub struct PolicyState {
    /// Its id.
    pub id: PolicyId,
    /// What people call it.
    pub name: String,
    /// How far its rules can be relied on.
    pub kind: PolicyKind,
    /// Its rules, or why they cannot be had.
    pub resolved: Result<ResolvedPolicy, ResolveError>,
}

impl Snapshot {
    /// A connection by its id.
    #[must_use]
    pub fn connection(&self, id: &ConnectionId) -> Option<&ConnectionState> {
        self.connections.iter().find(|state| state.connection.id == *id)
    }

    /// A policy by its id.
    #[must_use]
    pub fn policy(&self, id: &PolicyId) -> Option<&PolicyState> {
        self.policies.iter().find(|policy| policy.id == *id)
    }

    /// What is known of a partner's certificate.
    #[must_use]
    pub fn facts(&self, fingerprint: &Fingerprint) -> Option<&CertificateFacts> {
        self.certificates.get(fingerprint).map(|state| &state.facts)
    }

    /// An identity by its name.
    #[must_use]
    pub fn identity(&self, name: &IdentityName) -> Option<&IdentityState> {
        self.identities.iter().find(|identity| identity.name == *name)
    }

    /// How a profile would stand that need not be saved, at the instant of the snapshot.
    #[must_use]
    pub fn judge(&self, policy: &PolicyId, kind: ProfileKind, profile: &Profile) -> ProfileReport {
        let missing = Err(ResolveError::Unknown { id: policy.clone() });
        let resolved = self.policy(policy).map_or(&missing, |state| &state.resolved);
        let known = Known {
            certificates: &|fingerprint| self.facts(fingerprint),
            identities: &|name| self.identity(name).map(|identity| &identity.facts),
        };
        let settings = ComplianceSettings::default();
        compliance::judge_profile(policy, kind, profile, resolved.as_ref(), &known, self.at, &settings)
    }

    /// The same at another instant, with a certificate that the workspace does not hold yet.
    #[must_use]
    pub fn judge_with(
        &self,
        policy: &PolicyId,
        kind: ProfileKind,
        profile: &Profile,
        new: &CertificateFacts,
        at: Timestamp,
    ) -> ProfileReport {
        let missing = Err(ResolveError::Unknown { id: policy.clone() });
        let resolved = self.policy(policy).map_or(&missing, |state| &state.resolved);
        let known = Known {
            certificates: &|fingerprint| {
                if *fingerprint == new.fingerprint_sha256 { Some(new) } else { self.facts(fingerprint) }
            },
            identities: &|name| self.identity(name).map(|identity| &identity.facts),
        };
        let settings = ComplianceSettings::default();
        compliance::judge_profile(policy, kind, profile, resolved.as_ref(), &known, at, &settings)
    }

    /// How many profiles there are.
    #[must_use]
    pub fn profiles(&self) -> usize {
        self.connections.iter().map(|state| state.report.profiles.len()).sum()
    }

    /// How many connections break a required rule now.
    #[must_use]
    pub fn need_action(&self) -> usize {
        self.connections.iter().filter(|state| state.report.status == Status::NonCompliant).count()
    }

    /// How many certificates in use, ours and theirs, have ended or end within so many days.
    #[must_use]
    pub fn ending_within(&self, days: i64) -> usize {
        let mut ending: Vec<Fingerprint> = Vec::new();
        for (_, profile) in self.connections.iter().flat_map(|state| state.connection.profiles()) {
            let theirs = used_now(&profile.partner_certificates, self.at).and_then(|used| self.facts(&used.fingerprint));
            let ours = self.identity(&profile.identity).map(|identity| &identity.facts);
            for facts in [theirs, ours].into_iter().flatten() {
                if facts.days_left(self.at) <= days && !ending.contains(&facts.fingerprint_sha256) {
                    ending.push(facts.fingerprint_sha256);
                }
            }
        }
        ending.len()
    }

    /// The next activation of a certificate: when, stated in which zone, and for which connection.
    #[must_use]
    pub fn next_activation(&self) -> Option<(Timestamp, Option<String>, &ConnectionState)> {
        self.connections
            .iter()
            .flat_map(|state| state.connection.profiles().map(move |(_, profile)| (state, profile)))
            .filter_map(|(state, profile)| {
                let (entry, at) = next_activation(&profile.partner_certificates, self.at)?;
                Some((at, entry.zone.clone(), state))
            })
            .min_by_key(|(at, ..)| *at)
    }
}

impl App {
    /// The workspace as it is now. The sample's files are known only to who set the sample up.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn snapshot(&self, sample: Option<SampleFiles>) -> Result<Snapshot, AppError> {
        let existing = self.existing().await?;
        let workspace = WorkspaceState {
            place: self.location.to_string(),
            protection: existing.as_ref().map(crate::store::Workspace::protection),
            locked: existing.as_ref().and_then(crate::store::Workspace::locked).map(|reason| reason.to_string()),
            read_only: existing.as_ref().is_some_and(crate::store::Workspace::is_read_only),
            sample,
        };
        let certificates: BTreeMap<Fingerprint, CertificateState> = self
            .stored_certificates()
            .await?
            .into_iter()
            .map(|stored| {
                let state = CertificateState {
                    source: stored.source,
                    confirmed: stored.confirmed.map(|confirmation| confirmation.at),
                    facts: stored.facts,
                };
                (state.facts.fingerprint_sha256, state)
            })
            .collect();
        let identities: Vec<IdentityState> = self
            .stored_identities()
            .await?
            .into_iter()
            .map(|stored| IdentityState { name: stored.name, facts: stored.facts })
            .collect();
        let mut last_sent: HashMap<ConnectionId, Vec<(ProfileKind, TransmissionSummary)>> = HashMap::new();
        if let Some(workspace) = &existing {
            for sent in workspace.last_sent().await? {
                if let (Some(connection), Some(profile)) = (sent.connection.clone(), sent.profile) {
                    last_sent.entry(connection).or_default().push((profile, sent));
                }
            }
        }
        let policies = self.policies().await?;
        let mut connections = self.connections().await?;
        connections.sort_by_cached_key(|connection| (connection.name.to_lowercase(), connection.id.clone()));
        let at = self.now();
        let by_name: HashMap<&IdentityName, &CertificateFacts> =
            identities.iter().map(|identity| (&identity.name, &identity.facts)).collect();
        let known = Known {
            certificates: &|fingerprint| certificates.get(fingerprint).map(|state| &state.facts),
            identities: &|name| by_name.get(name).copied(),
        };
        let report = compliance::check(&connections, &policies, &known, at, &ComplianceSettings::default());
        let connections = connections
            .into_iter()
            .zip(report.connections)
            .map(|(connection, report)| ConnectionState {
                last_sent: last_sent.remove(&connection.id).unwrap_or_default(),
                connection,
                report,
            })
            .collect();
        let policies = policies
            .iter()
            .map(|policy| PolicyState {
                id: policy.id.clone(),
                name: policy.name.clone(),
                kind: policy.kind,
                resolved: resolve(&policy.id, &policies),
            })
            .collect();
        Ok(Snapshot { at, workspace, connections, certificates, identities, policies })
    }
}
