//! Our own keys and certificates.

use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{App, AppError};
use crate::certificate::{self, Certificate, KeyError, KeyKind};
use crate::domain::certificate::{Fingerprint, KeyFacts};
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::store::StoredIdentity;

/// A new identity to be made.
#[derive(Clone, Debug)]
pub struct NewIdentity {
    /// Its name.
    pub name: IdentityName,
    /// Kind and size of its key.
    pub key: KeyKind,
    /// Days of validity.
    pub days: u32,
    /// Subject; `CN=` and the name where absent.
    pub subject: Option<String>,
}

/// Where an identity is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityUse {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
}

/// An identity as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedIdentity {
    /// Its name.
    pub name: IdentityName,
    /// Fingerprint of its certificate.
    pub fingerprint_sha256: Fingerprint,
    /// The end of its certificate.
    pub not_after: Timestamp,
    /// Its key.
    pub key: KeyFacts,
    /// Subject of its certificate.
    pub subject: String,
    /// Where it is used.
    pub used: Vec<IdentityUse>,
}

impl App {
    /// All identities, sorted by name.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn identities(&self) -> Result<Vec<ListedIdentity>, AppError> {
        let connections = self.connections().await?;
        let listed = |identity: StoredIdentity| {
            let used = connections
                .iter()
                .flat_map(|connection| connection.profiles().map(move |(kind, profile)| (connection, kind, profile)))
                .filter(|(_, _, profile)| profile.identity == identity.name)
                .map(|(connection, profile, _)| IdentityUse { connection: connection.id.clone(), profile })
                .collect();
            ListedIdentity {
                fingerprint_sha256: identity.facts.fingerprint_sha256,
                not_after: identity.facts.not_after,
                key: identity.facts.key,
                subject: identity.facts.subject,
                name: identity.name,
                used,
            }
        };
        Ok(self.stored_identities().await?.into_iter().map(listed).collect())
    }

    pub(super) async fn stored_identities(&self) -> Result<Vec<StoredIdentity>, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.identities().await?),
            None => Ok(Vec::new()),
        }
    }

    /// Makes a key and a self-signed certificate.
    ///
    /// # Errors
    /// Where the name is taken, or subject or days make no sense.
    pub async fn create_identity(&self, new: NewIdentity) -> Result<ListedIdentity, AppError> {
        self.refuse_taken(&new.name).await?;
        let subject = new.subject.clone().unwrap_or_else(|| format!("CN={}", new.name));
        let (key, days, now) = (new.key, new.days, self.now());
        let made = tokio::task::spawn_blocking(move || certificate::create_identity(&subject, key, days, now))
            .await
            .map_err(|error| AppError::new(format!("making the key was interrupted: {error}")))?;
        let (private_key, certificate) = made.map_err(|error| AppError::new(error.to_string()))?;
        self.keep_identity(&new.name, std::slice::from_ref(&certificate), private_key.pkcs8_der()).await
    }

    /// Takes a key with its certificate from a file: PKCS#12, or PEM with both.
    ///
    /// # Errors
    /// Where the file holds no private key, no certificate for it, the password is wrong, or the name is taken.
    pub async fn import_identity(
        &self,
        file: &std::path::Path,
        name: Option<IdentityName>,
        password: Option<Zeroizing<String>>,
    ) -> Result<ListedIdentity, AppError> {
        let name = match name {
            Some(name) => name,
            None => name_of(file)?,
        };
        self.refuse_taken(&name).await?;
        let bytes = super::certificates::read_bytes(file)?;
        let contents = certificate::read(&bytes, password.as_deref().map(String::as_str))
            .map_err(|error| super::certificates::unreadable(&error).in_file(file))?;
        if let Some(obstacle @ KeyError::TooShort { .. }) = contents.key_obstacle {
            return Err(AppError::new(format!("{}: {obstacle}", file.display()))
                .hint("make a new identity and give its certificate to your partners"));
        }
        if contents.has_private_key && contents.private_key.is_none() {
            return Err(AppError::new(format!("{}: its private key cannot be used in this form", file.display()))
                .hint("convert it with: openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out identity.p12"));
        }
        let Some(key) = contents.private_key else {
            return Err(AppError::new(format!("there is no private key in {}", file.display()))
                .hint("an identity needs key and certificate: a .p12 or .pfx file, or a PEM file with both"));
        };
        let Some(own) = contents.certificates.iter().position(|certificate| key.matches(certificate)) else {
            return Err(AppError::new(format!("{} holds a private key but no certificate for it", file.display())));
        };
        let mut chain = contents.certificates;
        chain[..=own].rotate_right(1);
        self.keep_identity(&name, &chain, key.pkcs8_der()).await
    }

    /// The certificate of an identity as PEM, for sending to partners. The key never leaves the workspace this way.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub async fn export_identity(&self, name: &IdentityName) -> Result<String, AppError> {
        let identity = self
            .stored_identities()
            .await?
            .into_iter()
            .find(|identity| identity.name == *name)
            .ok_or_else(|| unknown(name))?;
        let own =
            identity.chain.first().ok_or_else(|| AppError::new(format!("identity `{name}` has no certificate")))?;
        Ok(Certificate::from_der(own)?.to_pem())
    }

    async fn refuse_taken(&self, name: &IdentityName) -> Result<(), AppError> {
        if self.stored_identities().await?.iter().any(|identity| identity.name == *name) {
            return Err(AppError::new(format!("there is an identity `{name}` already"))
                .hint("choose another name, for example with the year"));
        }
        Ok(())
    }

    pub(super) async fn keep_identity(
        &self,
        name: &IdentityName,
        chain: &[Certificate],
        key: &[u8],
    ) -> Result<ListedIdentity, AppError> {
        let own = chain.first().ok_or_else(|| AppError::new("an identity needs a certificate"))?;
        let ders: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        self.workspace().await?.put_identity(name, &ders, own.facts(), key, self.now()).await?;
        let all = self.identities().await?;
        all.into_iter().find(|identity| identity.name == *name).ok_or_else(|| unknown(name))
    }
}

pub(super) fn unknown(name: &IdentityName) -> AppError {
    AppError::new(format!("there is no identity `{name}` in this workspace"))
        .hint("`countersign identity list` shows the identities")
}

/// A name from a file's name.
fn name_of(file: &std::path::Path) -> Result<IdentityName, AppError> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).take(64).collect();
    name.parse::<IdentityName>().map_err(|error| AppError::from(error).hint("give a name with --name"))
}
