//! Connections: adding, changing, copying, exporting, removing.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::arrivals::refuse_key;
use super::connection_file;
use super::folders::FolderChange;
use super::put_back::ConnectionBefore;
use super::{App, AppError};
use crate::certificate::Certificate;
use crate::domain::certificate::{CertificateFacts, KeyFacts};
use crate::domain::change::ChangeError;
use crate::domain::compliance::{ConnectionReport, Status};
use crate::domain::connection::{Connection, Profile};
use crate::domain::connection_filter::ConnectionFilter;
use crate::domain::identifier::{ConnectionId, IdentityName, PolicyId, ProfileKind};
use crate::domain::labels::{Customer, Tags};
use crate::domain::policy::Policy;
use crate::domain::signing::signing_obstacle;
use crate::domain::timeline::CertificatePurpose;
use crate::store::{FolderKind, Transaction, Workspace, http_password_name};

/// A connection as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionSummary {
    /// Its id.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The policy it is judged by.
    pub policy: PolicyId,
    /// For whom it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// The words it is marked with.
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// How it stands now.
    pub status: Status,
    /// Its profiles, production first.
    pub profiles: Vec<ProfileKind>,
}

/// Changes to one connection that are saved together, by key as in the connection file.
#[derive(Clone, Debug)]
pub struct ConnectionChange {
    /// Which connection.
    pub id: ConnectionId,
    /// Its own settings: `name`, `policy`, `customer`, `tags`, `notes`, `contact`.
    pub own: Vec<(String, String)>,
    /// Settings of its profiles.
    pub profiles: Vec<(ProfileKind, Vec<(String, String)>)>,
    /// HTTP passwords of its profiles, kept as secrets.
    pub passwords: Vec<(ProfileKind, Zeroizing<String>)>,
    /// Folders of its profiles.
    pub folders: Vec<FolderChange>,
}

impl ConnectionChange {
    /// No change yet.
    #[must_use]
    pub const fn new(id: ConnectionId) -> Self {
        Self { id, own: Vec::new(), profiles: Vec::new(), passwords: Vec::new(), folders: Vec::new() }
    }
}

/// A connection that has been saved, and how it stands now.
#[derive(Clone, Debug)]
pub struct Saved {
    /// How it stands.
    pub report: ConnectionReport,
    /// Other connections with the same pair of AS2 identifiers, by name: who sends us a message is told by nothing else.
    pub same_pair: Vec<String>,
    /// What it was before, to be put back; nothing where it is new, or where what it was cannot be kept.
    pub before: Option<Box<ConnectionBefore>>,
}

impl Saved {
    /// What is to be said where others have the same identifiers; nothing where none has.
    #[must_use]
    pub fn shared_pair(&self) -> Option<String> {
        let others = match self.same_pair.as_slice() {
            [] => return None,
            [one] => one.clone(),
            [one, rest @ ..] => format!("{one} and {} more", rest.len()),
        };
        Some(format!(
            "The pair of AS2 identifiers is also that of {others}: a message that comes is given to the connection whose \
             certificate it is signed with, and to either where both have that"
        ))
    }
}

impl App {
    /// All connections, sorted by id.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn connections(&self) -> Result<Vec<Connection>, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.connections().await?),
            None => Ok(Vec::new()),
        }
    }

    /// The connections of a filter as a list shows them, sorted by id.
    ///
    /// # Errors
    /// Where it asks for a policy that does not exist, or the workspace cannot be read.
    pub async fn connection_list(&self, filter: &ConnectionFilter) -> Result<Vec<ConnectionSummary>, AppError> {
        let found = self.filtered(filter).await?;
        let summary = |(connection, status): (Connection, Status)| ConnectionSummary {
            profiles: connection.profiles().map(|(kind, _)| kind).collect(),
            id: connection.id,
            name: connection.name,
            policy: connection.policy,
            customer: connection.customer,
            tags: connection.tags,
            status,
        };
        Ok(found.into_iter().map(summary).collect())
    }

    /// The connections of a filter with how each stands now, sorted by id.
    pub(super) async fn filtered(&self, filter: &ConnectionFilter) -> Result<Vec<(Connection, Status)>, AppError> {
        self.require_policies(&filter.policies).await?;
        let connections = self.connections().await?;
        let report = self.check_now(&connections, self.now()).await?;
        let judged = connections.into_iter().zip(report.connections.into_iter().map(|report| report.status));
        Ok(judged.filter(|(connection, status)| filter.matches(connection, *status)).collect())
    }

    /// One connection.
    ///
    /// # Errors
    /// Where there is none of that id, or the workspace cannot be read.
    pub async fn connection(&self, id: &ConnectionId) -> Result<Connection, AppError> {
        let found = match self.existing().await? {
            Some(workspace) => workspace.connection(id).await?,
            None => None,
        };
        match found {
            Some(connection) => Ok(connection),
            None => Err(self.unknown_connection(id).await),
        }
    }

    /// Adds the connection of a connection file.
    ///
    /// # Errors
    /// Where the file makes no sense, names an identity or a policy that does not exist, or the id is taken and is not
    /// to be replaced. Then nothing has changed.
    pub async fn add_connection(&self, file: &Path, replace: bool) -> Result<Saved, AppError> {
        let read = connection_file::read(file)?;
        self.save_new(read.connection, &read.certificates, replace).await.map_err(|error| error.in_file(file))
    }

    /// Adds a connection whose certificates, where it names any, are in the workspace already.
    ///
    /// # Errors
    /// As [`App::add_connection`].
    pub async fn create_connection(&self, connection: Connection) -> Result<Saved, AppError> {
        self.save_new(connection, &[], false).await
    }

    pub(super) async fn save_new(
        &self,
        connection: Connection,
        certificates: &[(Certificate, String)],
        replace: bool,
    ) -> Result<Saved, AppError> {
        let existing = self.existing().await?;
        let known = match &existing {
            Some(workspace) => workspace.connection(&connection.id).await?,
            None => None,
        };
        if known.is_some() && !replace {
            return Err(AppError::new(format!("there is a connection `{}` already", connection.id))
                .hint("use --replace to put this one in its place"));
        }
        self.validate(&connection).await?;
        self.refuse_keys(&connection, certificates).await?;
        let (now, workspace) = (self.now(), self.workspace().await?);
        let mut transaction = workspace.begin().await?;
        for (certificate, source) in certificates {
            transaction.put_certificate(certificate.der(), certificate.facts(), source, now).await?;
        }
        transaction.save_connection(&connection, now).await?;
        transaction.commit().await?;
        self.saved(&connection).await
    }

    /// Changes settings, written as in the connection file: of a profile, or the connection's own where none is named.
    /// `http_password` is taken from `password` and kept as a secret.
    ///
    /// # Errors
    /// As [`App::save`].
    pub async fn set(
        &self,
        id: &ConnectionId,
        profile: Option<ProfileKind>,
        changes: &[(String, String)],
        password: Option<Zeroizing<String>>,
    ) -> Result<Saved, AppError> {
        let mut change = ConnectionChange::new(id.clone());
        match profile {
            None => change.own = changes.to_vec(),
            Some(kind) => {
                change.profiles.push((kind, changes.to_vec()));
                change.passwords.extend(password.map(|password| (kind, password)));
            }
        }
        self.save(change).await
    }

    /// Changes settings of a connection and its profiles, all of them or none.
    ///
    /// # Errors
    /// Where a key is unknown or a value makes no sense. Then nothing has changed.
    pub async fn save(&self, change: ConnectionChange) -> Result<Saved, AppError> {
        let ConnectionChange { id, own, profiles, passwords, folders } = change;
        // Read within the transaction that writes: of two changes at once none is lost.
        let kinds: Vec<ProfileKind> = passwords.iter().map(|(kind, _)| *kind).collect();
        let (now, mut transaction, mut connection) = self.begin_change(&id).await?;
        let before = self.before_change(&connection, &kinds).await?;
        connection = connection.with_changes(&own).map_err(in_words)?;
        for (kind, changes) in &profiles {
            let current = connection.profile(*kind).ok_or_else(|| no_profile(&id, *kind))?;
            let mut after: Profile = current.with_changes(changes).map_err(in_words)?;
            if after.tls_trust != "system" {
                after.tls_trust = absolute(&after.tls_trust)?;
            }
            if let Some(place) = connection.profile_mut(*kind) {
                *place = after;
            }
        }
        self.validate(&connection).await?;
        transaction.save_connection(&connection, now).await?;
        for (kind, password) in &passwords {
            transaction.put_secret(&http_password_name(&id, *kind), password.as_bytes()).await?;
        }
        for (kind, ..) in &folders {
            connection.profile(*kind).ok_or_else(|| no_profile(&id, *kind))?;
        }
        self.change_folders(&mut transaction, &id, &folders).await?;
        transaction.commit().await?;
        let before = before.map(|before| Box::new(before.changed_to(&connection)));
        Ok(Saved { before, ..self.saved(&connection).await? })
    }

    /// Copies all settings of one profile to the other, certificates and all, except what tells the two systems apart:
    /// identifiers and addresses stay where the other profile exists.
    ///
    /// # Errors
    /// Where the connection or the profile does not exist.
    pub async fn copy_profile(&self, id: &ConnectionId, from: ProfileKind, to: ProfileKind) -> Result<Saved, AppError> {
        if from == to {
            return Err(AppError::new(format!("{from} cannot be copied to itself")));
        }
        let (now, mut transaction, mut connection) = self.begin_change(id).await?;
        let before = connection.clone();
        let mut copy = connection.profile(from).ok_or_else(|| no_profile(id, from))?.clone();
        if let Some(there) = connection.profile(to) {
            copy = Profile {
                our_as2_id: there.our_as2_id.clone(),
                partner_as2_id: there.partner_as2_id.clone(),
                url: there.url.clone(),
                mdn_url: there.mdn_url.clone().or(copy.mdn_url),
                http_user: there.http_user.clone(),
                partner_certificates: if there.partner_certificates.is_empty() {
                    copy.partner_certificates
                } else {
                    there.partner_certificates.clone()
                },
                ..copy
            };
        }
        match to {
            ProfileKind::Production => connection.production = Some(copy),
            ProfileKind::Test => connection.test = Some(copy),
        }
        self.validate(&connection).await?;
        transaction.save_connection(&connection, now).await?;
        transaction.commit().await?;
        let before = self.before_change(&before, &[]).await?;
        let before = before.map(|before| Box::new(before.changed_to(&connection)));
        Ok(Saved { before, ..self.saved(&connection).await? })
    }

    /// Begins to change a connection: the instant, the transaction, and the connection as it is within it.
    async fn begin_change(&self, id: &ConnectionId) -> Result<(Timestamp, Transaction, Connection), AppError> {
        self.connection(id).await?;
        let mut transaction = self.workspace().await?.begin().await?;
        let connection = transaction.connection(id).await?;
        let connection = connection.ok_or_else(|| {
            AppError::new(format!("the connection `{id}` was removed meanwhile"))
                .hint("`countersign connection list` shows the connections")
        })?;
        Ok((self.now(), transaction, connection))
    }

    /// Removes a connection. Its transmissions stay in the journal. What is returned puts it back, where it can be kept.
    ///
    /// # Errors
    /// Where there is none of that id.
    pub async fn remove_connection(&self, id: &ConnectionId) -> Result<Option<ConnectionBefore>, AppError> {
        let connection = self.connection(id).await?;
        let kinds: Vec<ProfileKind> = connection.profiles().map(|(kind, _)| kind).collect();
        let before = self.before_change(&connection, &kinds).await?;
        let workspace = self.workspace().await?;
        let mut transaction = workspace.begin().await?;
        transaction.remove_connection(id, self.now()).await?;
        for (kind, _) in connection.profiles() {
            transaction.remove_secret(&http_password_name(id, kind)).await?;
        }
        for kind in ProfileKind::ALL {
            for folder in FolderKind::ALL {
                transaction.remove_folder(id, *kind, *folder).await?;
            }
        }
        transaction.commit().await?;
        Ok(before)
    }

    /// A connection as its file. Passwords are not in it.
    ///
    /// # Errors
    /// Where there is none of that id, or the workspace cannot be read.
    pub async fn export_connection(&self, id: &ConnectionId) -> Result<String, AppError> {
        let connection = self.connection(id).await?;
        let stored = self.stored_certificates().await?;
        connection_file::write(connection, &|entry| {
            stored
                .iter()
                .find(|stored| stored.facts.fingerprint_sha256 == entry.fingerprint)
                .and_then(|stored| Some(Certificate::from_der(&stored.der).ok()?.to_pem()))
        })
    }

    /// Refuses partners' certificates with keys that cannot be used, where they come with a connection. In one that is there
    /// they are judged and do not keep anything else from being changed.
    pub(super) async fn refuse_keys(
        &self,
        connection: &Connection,
        certificates: &[(Certificate, String)],
    ) -> Result<(), AppError> {
        let stored = self.stored_certificates().await?;
        let brought = certificates.iter().map(|(certificate, _)| certificate.facts());
        let known: Vec<&CertificateFacts> = brought.chain(stored.iter().map(|stored| &stored.facts)).collect();
        for (kind, profile) in connection.profiles() {
            for entry in &profile.partner_certificates {
                let facts = known.iter().find(|facts| facts.fingerprint_sha256 == entry.fingerprint);
                let encrypts = profile.encrypts() && entry.purposes.contains(&CertificatePurpose::Encrypt);
                if let Some(facts) = facts {
                    refuse_key(facts, encrypts).map_err(|error| error.at(&format!("{kind}: ")))?;
                }
            }
        }
        Ok(())
    }

    /// Refuses what makes no sense, whatever a policy says of it.
    pub(super) async fn validate(&self, connection: &Connection) -> Result<(), AppError> {
        let identities = self.identities().await?.into_iter().map(|identity| (identity.name, identity.key));
        self.validate_with(connection, &identities.collect::<Vec<_>>()).await
    }

    /// Whether a connection makes sense where these are our identities.
    pub(super) async fn validate_with(
        &self,
        connection: &Connection,
        identities: &[(IdentityName, KeyFacts)],
    ) -> Result<(), AppError> {
        self.validate_by(connection, identities, &self.policies().await?)
    }

    /// Whether a connection makes sense where these are our identities and these the policies.
    pub(super) fn validate_by(
        &self,
        connection: &Connection,
        identities: &[(IdentityName, KeyFacts)],
        policies: &[Policy],
    ) -> Result<(), AppError> {
        if connection.name.trim().is_empty() || connection.name.chars().any(char::is_control) {
            return Err(AppError::new("the connection's name is empty or holds a control character"));
        }
        if !policies.iter().any(|policy| policy.id == connection.policy) {
            return Err(AppError::new(format!("there is no policy `{}`", connection.policy))
                .hint("`countersign policy list` shows the policies"));
        }
        for (kind, profile) in connection.profiles() {
            if let Some(contradiction) = profile.contradictions().into_iter().next() {
                return Err(AppError::new(format!("{kind}: {contradiction}")));
            }
            for name in profile.identity.uses().iter().map(|entry| &entry.name).chain(profile.tls_identity.as_ref()) {
                if !identities.iter().any(|(known, _)| known == name) {
                    return Err(AppError::new(format!("{kind}: there is no identity `{name}` in this workspace"))
                        .hint(format!(
                            "`countersign identity create {name}` makes one, `identity import` takes one from a file"
                        )));
                }
            }
            // Also who signs later: a change that could not be made is refused now, and not noticed then.
            let now = self.now();
            let mut signers = identities.iter().filter(|(name, _)| profile.identity.needs(name, now));
            let obstacle = signers.find_map(|(name, key)| signing_obstacle(name, *key, profile.signing));
            if let Some(obstacle) = obstacle {
                return Err(AppError::new(format!("{kind}: {obstacle}"))
                    .hint("change `signing` to what the key signs with, or take an identity with another key"));
            }
            if profile.tls_trust != "system" {
                super::certificates::read_certificate_file(&self.trust_file(&profile.tls_trust))
                    .map_err(|error| AppError::new(format!("{kind}: `tls_trust`: {error}")))?;
            }
        }
        Ok(())
    }

    pub(super) async fn saved(&self, connection: &Connection) -> Result<Saved, AppError> {
        tracing::info!(connection = connection.id.as_str(), "saved");
        let report = self.check_now(std::slice::from_ref(connection), self.now()).await?;
        let report = report
            .connections
            .into_iter()
            .next()
            .ok_or_else(|| AppError::new(format!("`{}` was saved but could not be judged", connection.id)))?;
        Ok(Saved { report, same_pair: self.same_pair(connection).await?, before: None })
    }

    /// The names of other connections that have a pair of AS2 identifiers of this one.
    async fn same_pair(&self, connection: &Connection) -> Result<Vec<String>, AppError> {
        let pair = |profile: &Profile| (profile.our_as2_id.clone(), profile.partner_as2_id.clone());
        let own: Vec<_> = connection.profiles().map(|(_, profile)| pair(profile)).collect();
        let mut all = self.connections().await?;
        all.retain(|other| {
            other.id != connection.id && other.profiles().any(|(_, profile)| own.contains(&pair(profile)))
        });
        Ok(all.into_iter().map(|other| other.name).collect())
    }

    /// The workspace and a profile of a connection in it.
    pub(super) async fn profile(
        &self,
        id: &ConnectionId,
        kind: ProfileKind,
    ) -> Result<(Workspace, Connection, Profile), AppError> {
        let connection = self.connection(id).await?;
        let profile = connection.profile(kind).ok_or_else(|| no_profile(id, kind))?.clone();
        Ok((self.workspace().await?, connection, profile))
    }
}

fn no_profile(id: &ConnectionId, kind: ProfileKind) -> AppError {
    AppError::new(format!("connection `{id}` has no {kind} profile"))
}

/// A path as it is from here, so that it means the same from anywhere.
pub(super) fn absolute(path: &str) -> Result<String, AppError> {
    std::path::absolute(path)
        .map(|path| path.display().to_string())
        .map_err(|error| AppError::new(format!("`{path}` is not a path: {error}")))
}

/// A change that makes no sense, as an error.
pub(super) fn in_words(error: ChangeError) -> AppError {
    let (elsewhere, hint) = (error.elsewhere, error.hint().map(str::to_owned));
    let error = AppError::new(error.to_string());
    if elsewhere {
        return error.hint(
            "certificates are changed with `countersign certificate import`, whole connections with `connection add --replace`",
        );
    }
    error
        .hint(hint.unwrap_or_else(|| "`countersign connection export ID` writes every setting as it stands".to_owned()))
}
