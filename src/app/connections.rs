//! Connections: adding, changing, copying, exporting, removing.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::connection_file;
use super::{App, AppError};
use crate::certificate::Certificate;
use crate::domain::compliance::ConnectionReport;
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, PolicyId, ProfileKind};
use crate::store::{Workspace, http_password_name};

/// A connection as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionSummary {
    /// Its id.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The policy it is judged by.
    pub policy: PolicyId,
    /// Its profiles, production first.
    pub profiles: Vec<ProfileKind>,
}

/// A connection that has been saved, and how it stands now.
#[derive(Clone, Debug)]
pub struct Saved {
    /// How it stands.
    pub report: ConnectionReport,
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

    /// All connections as a list shows them.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn connection_list(&self) -> Result<Vec<ConnectionSummary>, AppError> {
        Ok(self
            .connections()
            .await?
            .into_iter()
            .map(|connection| ConnectionSummary {
                profiles: connection.profiles().map(|(kind, _)| kind).collect(),
                id: connection.id,
                name: connection.name,
                policy: connection.policy,
            })
            .collect())
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
        found.ok_or_else(|| unknown(id))
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
    /// Where a key is unknown or a value makes no sense. Then nothing has changed.
    pub async fn set(
        &self,
        id: &ConnectionId,
        profile: Option<ProfileKind>,
        changes: &[(String, String)],
        password: Option<Zeroizing<String>>,
    ) -> Result<Saved, AppError> {
        let mut connection = self.connection(id).await?;
        match profile {
            None => connection = changed(&connection, changes, &["id", "production", "test"])?,
            Some(kind) => {
                let current = connection.profile(kind).ok_or_else(|| no_profile(id, kind))?;
                let after = changed(current, changes, &["partner_certificates"])?;
                if let Some(place) = connection.profile_mut(kind) {
                    *place = after;
                }
            }
        }
        self.validate(&connection).await?;
        let (now, workspace) = (self.now(), self.workspace().await?);
        let mut transaction = workspace.begin().await?;
        transaction.save_connection(&connection, now).await?;
        if let (Some(password), Some(kind)) = (password, profile) {
            transaction.put_secret(&http_password_name(id, kind), password.as_bytes()).await?;
        }
        transaction.commit().await?;
        self.saved(&connection).await
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
        let mut connection = self.connection(id).await?;
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
        self.workspace().await?.save_connection(&connection, self.now()).await?;
        self.saved(&connection).await
    }

    /// Removes a connection. Its transmissions stay in the journal.
    ///
    /// # Errors
    /// Where there is none of that id.
    pub async fn remove_connection(&self, id: &ConnectionId) -> Result<(), AppError> {
        let connection = self.connection(id).await?;
        let workspace = self.workspace().await?;
        let mut transaction = workspace.begin().await?;
        transaction.remove_connection(id, self.now()).await?;
        for (kind, _) in connection.profiles() {
            transaction.remove_secret(&http_password_name(id, kind)).await?;
        }
        Ok(transaction.commit().await?)
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

    /// Refuses what makes no sense, whatever a policy says of it.
    async fn validate(&self, connection: &Connection) -> Result<(), AppError> {
        if connection.name.trim().is_empty() || connection.name.chars().any(char::is_control) {
            return Err(AppError::new("the connection's name is empty or holds a control character"));
        }
        let policies = self.policies().await?;
        if !policies.iter().any(|policy| policy.id == connection.policy) {
            return Err(AppError::new(format!("there is no policy `{}`", connection.policy))
                .hint("`countersign policy list` shows the policies"));
        }
        let identities = self.identities().await?;
        for (kind, profile) in connection.profiles() {
            if let Some(contradiction) = profile.contradictions().into_iter().next() {
                return Err(AppError::new(format!("{kind}: {contradiction}")));
            }
            for name in [Some(&profile.identity), profile.tls_identity.as_ref()].into_iter().flatten() {
                if !identities.iter().any(|identity| identity.name == *name) {
                    return Err(AppError::new(format!("{kind}: there is no identity `{name}` in this workspace"))
                        .hint(format!(
                            "`countersign identity create {name}` makes one, `identity import` takes one from a file"
                        )));
                }
            }
            if profile.tls_trust != "system" && !Path::new(&profile.tls_trust).is_file() {
                return Err(AppError::new(format!("{kind}: `tls_trust` {} is not a file", profile.tls_trust)));
            }
        }
        Ok(())
    }

    pub(super) async fn saved(&self, connection: &Connection) -> Result<Saved, AppError> {
        let report = self.check_now(std::slice::from_ref(connection), self.now()).await?;
        let report = report
            .connections
            .into_iter()
            .next()
            .ok_or_else(|| AppError::new(format!("`{}` was saved but could not be judged", connection.id)))?;
        Ok(Saved { report })
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

fn unknown(id: &ConnectionId) -> AppError {
    AppError::new(format!("there is no connection `{id}` in this workspace"))
        .hint("`countersign connection list` shows the connections")
}

fn no_profile(id: &ConnectionId, kind: ProfileKind) -> AppError {
    AppError::new(format!("connection `{id}` has no {kind} profile"))
}

/// The same with some settings changed: what is written is read as it would be from the connection file.
fn changed<T: Serialize + DeserializeOwned>(
    current: &T,
    changes: &[(String, String)],
    elsewhere: &[&str],
) -> Result<T, AppError> {
    let mut table = toml::Table::try_from(current)
        .map_err(|error| AppError::new(format!("the connection cannot be changed: {error}")))?;
    for (key, value) in changes {
        if elsewhere.contains(&key.as_str()) {
            return Err(AppError::new(format!("`{key}` is not changed this way"))
                .hint("certificates are changed with `countersign certificate import`, whole connections with `connection add --replace`"));
        }
        put(&mut table, key, key, value)?;
    }
    table.try_into().map_err(|error: toml::de::Error| AppError::new(error.message().trim().replace('\n', " ")))
}

/// Puts one value under a key, which may be a path such as `quirks.chunked`; `setting` is the whole path. It gets the type that stands there; an
/// empty value takes the key away, so that it has its default again.
fn put(table: &mut toml::Table, setting: &str, key: &str, value: &str) -> Result<(), AppError> {
    if let Some((outer, inner)) = key.split_once('.') {
        return match table.get_mut(outer) {
            Some(toml::Value::Table(inside)) => put(inside, setting, inner, value),
            _ => Err(AppError::new(format!("there is no setting `{setting}`"))),
        };
    }
    if value.is_empty() {
        table.remove(key);
        return Ok(());
    }
    let wrong = |wanted: &str| AppError::new(format!("`{setting}` must be {wanted}, not `{value}`"));
    let value = match table.get(key) {
        Some(toml::Value::Integer(_)) => toml::Value::Integer(value.parse().map_err(|_nan| wrong("a whole number"))?),
        Some(toml::Value::Boolean(_)) => {
            toml::Value::Boolean(value.parse().map_err(|_not_bool| wrong("true or false"))?)
        }
        _ => toml::Value::String(value.to_owned()),
    };
    table.insert(key.to_owned(), value);
    Ok(())
}
