//! The workspace as the window draws it: read once, judged already.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::notices::NoticeState;
use super::receiving::Receiving;
use crate::app::sample::SampleFiles;
use crate::app::{
    App, AppError, CommandSettings, Confirmed, LeaseState, ListedRequest, Observations, Occasion, PolicyOrigin,
    ProfileFolders, TransmissionSummary,
};
use crate::certificate::Certificate;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{self, ComplianceSettings, ConnectionReport, Finding, Known, ProfileReport, Status};
use crate::domain::connection::{Connection, Profile};
use crate::domain::due::{DueItem, due, needs_action, provided_for};
use crate::domain::identifier::{ConnectionId, IdentityName, PolicyId, ProfileKind};
use crate::domain::natural_order::natural;
use crate::domain::notice::Facts;
use crate::domain::policy::{Policy, PolicyKind, ResolveError, ResolvedPolicy, resolve};
use crate::domain::sighting::Sighting;
use crate::domain::timeline::{next_activation, used_now};
use crate::store::{FolderKind, Protection};

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
    /// Certificates that a CA was asked for.
    pub requests: Vec<ListedRequest>,
    /// All policies, sorted by id.
    pub policies: Vec<PolicyState>,
    /// What is to be counted of all this.
    pub summary: Summary,
    /// What will bite and does not yet, the next first.
    pub due: Vec<DueItem>,
    /// How receiving stands in this program.
    pub receiving: Receiving,
    /// Who does what is done by itself.
    pub lease: LeaseState,
    /// The folders of profiles.
    pub folders: Vec<ProfileFolders>,
    /// What is run when a message was received or could not be delivered.
    pub commands: CommandSettings,
    /// When something of that is not run, because it came with a restored backup and nobody has confirmed it.
    pub commands_put_off: Vec<Occasion>,
    /// What has been seen of certificates, servers and the time.
    pub observations: Observations,
    /// What is to be told, and how.
    pub notices: NoticeState,
    /// Certificates that partners were seen to sign with and that are to be told of, the newest first.
    pub first_sights: Vec<Sighting>,
}

/// What a workspace comes to, counted once: a frame only draws it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many profiles there are.
    pub profiles: usize,
    /// How many connections need action before traffic is at risk: they break a required rule now, or a certificate ends
    /// within its warning time and nothing takes its place.
    pub need_action: usize,
    /// How many of them break a required rule now.
    pub non_compliant: usize,
    /// How many profiles are due and have nothing left to be done about it.
    pub provided_for: usize,
    /// How many certificates in use, ours and theirs, have ended or end within [`Summary::ending_days`] days.
    pub ending: usize,
    /// The next activation of a certificate.
    pub next: Option<NextActivation>,
}

impl Summary {
    /// How far ahead the end of certificates is looked for: as far as compliance calls it due.
    #[must_use]
    pub fn ending_days() -> i64 {
        i64::from(ComplianceSettings::default().certificate_due_days)
    }
}

/// An activation that is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextActivation {
    /// When.
    pub at: Timestamp,
    /// For which connection.
    pub connection: ConnectionId,
    /// Its name.
    pub name: String,
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
    /// When and how somebody confirmed its fingerprint, and who.
    pub confirmed: Option<Confirmed>,
    /// The subjects of the issuers that came with it, the nearest first.
    pub chain: Vec<String>,
}

/// One of our identities.
#[derive(Clone, Debug)]
pub struct IdentityState {
    /// Its name.
    pub name: IdentityName,
    /// What is known of its certificate.
    pub facts: CertificateFacts,
    /// How many certificates above it are kept with it.
    pub above: usize,
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
    /// The policy itself, without what it inherits.
    pub policy: Policy,
    /// Where it is kept.
    pub origin: PolicyOrigin,
    /// Its file, where it is in the workspace.
    pub text: Option<String>,
    /// Its rules, or why they cannot be had.
    pub resolved: Result<ResolvedPolicy, ResolveError>,
}

impl PolicyState {
    /// Whether it can be changed rule by rule: one's own, whose file can be read.
    #[must_use]
    pub fn is_editable(&self) -> bool {
        self.origin.is_own() && self.policy.fault.is_none()
    }
}

impl Snapshot {
    /// A connection by its id.
    #[must_use]
    pub fn connection(&self, id: &ConnectionId) -> Option<&ConnectionState> {
        self.connections.iter().find(|state| state.connection.id == *id)
    }

    /// A folder of a profile, where it has one of its own.
    #[must_use]
    pub fn folder(&self, connection: &ConnectionId, profile: ProfileKind, kind: FolderKind) -> Option<&str> {
        let of = self.folders.iter().find(|each| each.connection == *connection && each.profile == profile)?;
        match kind {
            FolderKind::Outbox => of.outbox.as_deref(),
            FolderKind::Inbox => of.inbox.as_deref(),
        }
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

    /// What puts a profile right as far as its settings can: the fixes of its findings by setting, as the connection file
    /// writes them, repeated until no finding has one. Of two fixes for a setting that of the worse finding counts.
    #[must_use]
    pub fn mend(&self, policy: &PolicyId, kind: ProfileKind, profile: &Profile) -> BTreeMap<&'static str, String> {
        let mut fixes: BTreeMap<&'static str, String> = BTreeMap::new();
        let mut current = profile.clone();
        // One fix may bring another rule into play; a setting is changed once, so this comes to an end.
        loop {
            let report = self.judge(policy, kind, &current);
            let mut findings: Vec<&Finding> =
                report.findings.iter().filter(|finding| finding.status < Status::Compliant).collect();
            findings.sort_by_key(|finding| finding.status);
            let next = findings
                .into_iter()
                .filter_map(|finding| finding.fix.as_ref())
                .find(|fix| !fixes.contains_key(fix.setting))
                .map(|fix| (fix.setting, fix.value.to_string()));
            let Some((setting, value)) = next else { return fixes };
            if let Ok(changed) = current.with_changes(&[(setting.to_owned(), value.clone())]) {
                current = changed;
            }
            fixes.insert(setting, value);
        }
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

impl Snapshot {
    /// When the next change of an identity of ours is.
    #[must_use]
    pub fn next_own_change(&self) -> Option<Timestamp> {
        let profiles = self.connections.iter().flat_map(|state| state.connection.profiles());
        profiles.filter_map(|(_, profile)| profile.identity.next(self.at)).map(|(_, at)| at).min()
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
        let chains = match &existing {
            Some(workspace) => workspace.certificate_chains().await?,
            None => BTreeMap::new(),
        };
        let certificates: BTreeMap<Fingerprint, CertificateState> = self
            .stored_certificates()
            .await?
            .into_iter()
            .map(|stored| {
                let state = CertificateState {
                    source: stored.source,
                    confirmed: stored.confirmed.map(Confirmed::from),
                    chain: chains.get(&stored.facts.fingerprint_sha256).map_or_else(Vec::new, |chain| subjects(chain)),
                    facts: stored.facts,
                };
                (state.facts.fingerprint_sha256, state)
            })
            .collect();
        let identities: Vec<IdentityState> = self
            .stored_identities()
            .await?
            .into_iter()
            .map(|stored| IdentityState {
                above: stored.chain.len().saturating_sub(1),
                name: stored.name,
                facts: stored.facts,
            })
            .collect();
        let mut last_sent: HashMap<ConnectionId, Vec<(ProfileKind, TransmissionSummary)>> = HashMap::new();
        if let Some(workspace) = &existing {
            for sent in workspace.last_sent().await? {
                if let (Some(connection), Some(profile)) = (sent.connection.clone(), sent.profile) {
                    last_sent.entry(connection).or_default().push((profile, sent));
                }
            }
        }
        let known_policies = self.known_policies().await?;
        let policies: Vec<Policy> = known_policies.iter().map(|known| known.policy.clone()).collect();
        let requests = self.identity_requests().await?;
        let (folders, commands) = (self.folders().await?, self.command_settings().await?);
        let commands_put_off = self.commands_put_off().await?;
        let mut connections = self.connections().await?;
        connections.sort_by_cached_key(|connection| (natural(&connection.name), connection.id.clone()));
        let reads = match &existing {
            Some(workspace) => {
                Some((self.read_notices(workspace, &connections).await?, self.has_mail_password().await?))
            }
            None => None,
        };
        let at = self.now();
        let by_name: HashMap<&IdentityName, &CertificateFacts> =
            identities.iter().map(|identity| (&identity.name, &identity.facts)).collect();
        let known = Known {
            certificates: &|fingerprint| certificates.get(fingerprint).map(|state| &state.facts),
            identities: &|name| by_name.get(name).copied(),
        };
        let report = compliance::check(&connections, &policies, &known, at, &ComplianceSettings::default());
        let (mut notices, mut observations, mut first_sights) = Default::default();
        if let Some((reads, has_password)) = reads {
            let facts = Facts { connections: &connections, known: &known, report: &report, servers: &reads.servers };
            notices = NoticeState { list: reads.listed(&facts, at), settings: reads.settings, has_password };
            (observations, first_sights) = (reads.observations, reads.first_sights);
        }
        let connections = connections
            .into_iter()
            .zip(report.connections)
            .map(|(connection, report)| ConnectionState {
                last_sent: last_sent.remove(&connection.id).unwrap_or_default(),
                connection,
                report,
            })
            .collect();
        let policies = known_policies
            .into_iter()
            .map(|known| PolicyState {
                id: known.policy.id.clone(),
                name: known.policy.name.clone(),
                kind: known.policy.kind,
                resolved: resolve(&known.policy.id, &policies),
                policy: known.policy,
                origin: known.origin,
                text: known.text,
            })
            .collect();
        let mut snapshot = Snapshot {
            at,
            workspace,
            connections,
            certificates,
            identities,
            requests,
            policies,
            summary: Summary::default(),
            due: Vec::new(),
            receiving: Receiving::default(),
            lease: LeaseState::default(),
            folders,
            commands,
            commands_put_off,
            observations,
            notices,
            first_sights,
        };
        snapshot.count();
        Ok(snapshot)
    }
}

impl Snapshot {
    /// Counts anew what is counted of it.
    pub(super) fn count(&mut self) {
        self.summary = summary(self);
        self.due = due(self.connections.iter().map(|state| &state.report));
    }
}

/// The subjects of certificates that can be read.
fn subjects(chain: &[Vec<u8>]) -> Vec<String> {
    chain.iter().filter_map(|der| Certificate::from_der(der).ok()).map(|each| each.facts().subject.clone()).collect()
}

fn summary(snapshot: &Snapshot) -> Summary {
    let connections = &snapshot.connections;
    let ours: HashMap<&IdentityName, &CertificateFacts> =
        snapshot.identities.iter().map(|identity| (&identity.name, &identity.facts)).collect();
    let mut ending = BTreeSet::new();
    for (_, profile) in connections.iter().flat_map(|state| state.connection.profiles()) {
        let used = used_now(&profile.partner_certificates, snapshot.at);
        let theirs = used.and_then(|used| snapshot.facts(&used.fingerprint));
        for facts in [theirs, ours.get(profile.identity.at(snapshot.at)).copied()].into_iter().flatten() {
            if facts.days_left(snapshot.at) <= Summary::ending_days() {
                ending.insert(facts.fingerprint_sha256);
            }
        }
    }
    let non_compliant = |state: &&ConnectionState| state.report.status == Status::NonCompliant;
    Summary {
        profiles: connections.iter().map(|state| state.report.profiles.len()).sum(),
        need_action: connections.iter().filter(|state| needs_action(&state.report)).count(),
        non_compliant: connections.iter().filter(non_compliant).count(),
        provided_for: provided_for(connections.iter().map(|state| &state.report)),
        ending: ending.len(),
        next: snapshot.next_activation().map(|(at, _, state)| NextActivation {
            at,
            connection: state.connection.id.clone(),
            name: state.connection.name.clone(),
        }),
    }
}
