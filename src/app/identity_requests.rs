//! Asking a CA for a certificate of ours, and installing its answer.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::identities::{beside, issuers_of, unknown};
use super::{App, AppError, ListedIdentity};
use crate::certificate::{KeyKind, PrivateKey, certificate_request, create_key, to_pem};
use crate::domain::identifier::IdentityName;
use crate::store::StoredRequest;

/// A certificate to be requested.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The identity whose key it is for; one of this name is to be where there is none yet.
    pub name: IdentityName,
    /// Kind and size of a new key.
    pub key: KeyKind,
    /// Subject; that of the identity, or `CN=` and the name, where absent.
    pub subject: Option<String>,
}

/// A request as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedRequest {
    /// Its name.
    pub name: IdentityName,
    /// The identity whose key it is for; nothing where it has a new one.
    pub identity: Option<IdentityName>,
    /// The subject asked for.
    pub subject: String,
    /// When it was made.
    pub made: Timestamp,
}

impl App {
    /// The requests that wait for a CA's answer, sorted by name.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn identity_requests(&self) -> Result<Vec<ListedRequest>, AppError> {
        let listed = |request: StoredRequest| ListedRequest {
            name: request.name,
            identity: request.identity,
            subject: request.subject,
            made: request.made,
        };
        Ok(self.stored_requests().await?.into_iter().map(listed).collect())
    }

    async fn stored_requests(&self) -> Result<Vec<StoredRequest>, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.identity_requests().await?),
            None => Ok(Vec::new()),
        }
    }

    /// Makes a certificate request, as PEM. It is for the key of the identity of this name, or for a new key that waits in
    /// the workspace for the answer. Asked for again, the same one is given, as long as nothing else is asked for.
    ///
    /// # Errors
    /// Where the subject makes no sense or the workspace is locked.
    pub async fn request_certificate(&self, new: NewRequest) -> Result<String, AppError> {
        let waiting = self.stored_requests().await?.into_iter().find(|request| request.name == new.name);
        if let Some(waiting) =
            waiting.filter(|waiting| new.subject.as_ref().is_none_or(|name| *name == waiting.subject))
        {
            return Ok(to_pem("CERTIFICATE REQUEST", &waiting.request));
        }
        let workspace = self.workspace().await?;
        let there = match workspace.identity(&new.name).await? {
            Some(_) => Some(self.unseal(&workspace, &new.name).await?),
            None => None,
        };
        let subject = match (&new.subject, &there) {
            (Some(subject), _) => subject.clone(),
            (None, Some(there)) => there.certificate.facts().subject.clone(),
            (None, None) => format!("CN={}", new.name),
        };
        let (asked, kind) = (subject.clone(), new.key);
        let identity = there.is_some().then(|| new.name.clone());
        let (request, new_key) = beside("making the key", move || {
            let (key, is_new) = match there {
                Some(there) => (there.key, false),
                None => (Arc::new(create_key(kind)?), true),
            };
            certificate_request(&asked, &key).map(|request| (request, is_new.then_some(key)))
        })
        .await?
        .map_err(|error| AppError::new(error.to_string()))?;
        let stored = StoredRequest { name: new.name, identity, subject, request, made: self.now() };
        let mut transaction = workspace.begin().await?;
        transaction.put_identity_request(&stored, new_key.as_ref().map(|key| key.pkcs8_der())).await?;
        transaction.commit().await?;
        Ok(to_pem("CERTIFICATE REQUEST", &stored.request))
    }

    /// Gives a request up, with its key where that is a new one.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub async fn drop_request(&self, name: &IdentityName) -> Result<(), AppError> {
        let mut transaction = self.workspace().await?.begin().await?;
        if !transaction.remove_identity_request(name).await? {
            return Err(no_request(name));
        }
        Ok(transaction.commit().await?)
    }

    /// Installs what a CA answered: a certificate for the key of the request, alone or with those above it. For a new key it
    /// becomes the identity of the request's name. For the key of an identity it becomes an identity of its own, under
    /// another name, and the old certificate stays until its profiles are changed over.
    ///
    /// # Errors
    /// Where there is no request of this name, the file holds no certificate for its key, or the new name is taken.
    pub async fn install_answer(
        &self,
        name: &IdentityName,
        file: &Path,
        new_name: Option<IdentityName>,
    ) -> Result<ListedIdentity, AppError> {
        let requests = self.stored_requests().await?;
        let request = requests.into_iter().find(|request| request.name == *name);
        let workspace = self.workspace().await?;
        let (key, borrowed) = match &request {
            Some(StoredRequest { identity: None, .. }) => {
                (PrivateKey::from_pkcs8_der(&workspace.unseal_request_key(name).await?)?, false)
            }
            // A CA may also have been asked from elsewhere: that the certificate fits the key is all that counts.
            _ if workspace.identity(name).await?.is_some() => {
                (PrivateKey::from_pkcs8_der(&workspace.unseal_identity_key(name).await?)?, true)
            }
            _ => return Err(no_request(name)),
        };
        let mut certificates = super::certificates::read_certificate_file(file)?;
        let own = certificates.iter().position(|certificate| key.matches(certificate)).ok_or_else(|| {
            AppError::new(format!("no certificate in {} is for the key of `{name}`", file.display()))
                .hint("install the CA's answer to this very request; an answer to another has another key")
        })?;
        certificates[..=own].rotate_right(1);
        let chain = issuers_of(certificates);
        let name_of_it = match (new_name, borrowed) {
            (Some(new), _) => new,
            (None, false) => name.clone(),
            (None, true) => self.free_name(name, chain[0].facts().not_after).await?,
        };
        let made = self.keep_identity(&name_of_it, &chain, key.pkcs8_der()).await?;
        if request.is_some() {
            self.drop_request(name).await?;
        }
        Ok(made)
    }

    /// A name for a renewed certificate: the old one's with the year in which the new one ends.
    async fn free_name(&self, name: &IdentityName, not_after: Timestamp) -> Result<IdentityName, AppError> {
        let year = not_after.to_zoned_datetime(jiff::tz::TimeZone::UTC).year();
        let base = name.as_str().trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
        let base: String = if base.is_empty() { name.as_str() } else { base }.chars().take(50).collect();
        let taken = self.stored_identities().await?;
        let names =
            std::iter::once(format!("{base}-{year}")).chain((2..100).map(|number| format!("{base}-{year}-{number}")));
        for candidate in names {
            let candidate: IdentityName = candidate.parse().map_err(AppError::from)?;
            if !taken.iter().any(|identity| identity.name == candidate) {
                return Ok(candidate);
            }
        }
        Err(unknown(name))
    }
}

fn no_request(name: &IdentityName) -> AppError {
    AppError::new(format!("no certificate was requested for `{name}`"))
        .hint(format!("`countersign identity request {name}` makes a request"))
}
