//! Asking a CA for a certificate of ours, and installing its answer.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::identities::{beside, fitting, in_short, unknown};
use super::{App, AppError, ListedIdentity};
use crate::certificate::{KeyKind, PrivateKey, certificate_request, create_key, to_pem};
use crate::domain::identifier::IdentityName;
use crate::store::{StoredRequest, Workspace};

/// A certificate to be requested.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The identity whose key it is for; one of this name is to be where there is none yet.
    pub name: IdentityName,
    /// Kind and size of the key. Another than that of the identity makes a new key; that of the identity, or RSA with
    /// 2048 bits, where absent.
    pub key: Option<KeyKind>,
    /// Subject; that of the identity, or `CN=` and the name, where absent.
    pub subject: Option<String>,
    /// The one that was made under this number, once more.
    pub number: Option<u32>,
}

/// A request as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedRequest {
    /// Its name.
    pub name: IdentityName,
    /// Which of those of its name that wait, from 1.
    pub number: u32,
    /// The identity whose key it is for; nothing where it has a new one.
    pub identity: Option<IdentityName>,
    /// The subject asked for.
    pub subject: String,
    /// When it was made.
    pub made: Timestamp,
}

impl App {
    /// The requests that wait for a CA's answer, sorted by name and number.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn identity_requests(&self) -> Result<Vec<ListedRequest>, AppError> {
        let listed = |request: StoredRequest| ListedRequest {
            name: request.name,
            number: request.number,
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

    async fn requests_of(&self, name: &IdentityName) -> Result<Vec<StoredRequest>, AppError> {
        let all = self.stored_requests().await?;
        Ok(all.into_iter().filter(|request| request.name == *name).collect())
    }

    /// Makes a certificate request, as PEM. It is for the key of the identity of this name, or for a new key that waits in
    /// the workspace for the answer. Asked for again, the same one is given, as long as nothing else is asked for: another
    /// subject or another kind of key makes another request, and all wait beside each other.
    ///
    /// # Errors
    /// Where the subject makes no sense, there is none of the number, or the workspace is locked.
    pub async fn request_certificate(&self, new: NewRequest) -> Result<String, AppError> {
        let waiting = self.requests_of(&new.name).await?;
        if let Some(number) = new.number {
            let request = waiting.into_iter().find(|request| request.number == number);
            let request = request.ok_or_else(|| no_request(&new.name))?;
            return Ok(to_pem("CERTIFICATE REQUEST", &request.request));
        }
        let workspace = self.workspace().await?;
        // The newest is what was asked for last.
        for request in waiting.iter().rev() {
            let fits_subject = new.subject.as_ref().is_none_or(|subject| *subject == request.subject);
            if fits_subject && self.has_key(&workspace, request, new.key).await? {
                return Ok(to_pem("CERTIFICATE REQUEST", &request.request));
            }
        }
        let there = match workspace.identity(&new.name).await? {
            Some(_) => Some(self.unseal(&workspace, &new.name).await?),
            None => None,
        };
        let subject = match (&new.subject, &there) {
            (Some(subject), _) => subject.clone(),
            (None, Some(there)) => there.certificate.facts().subject.clone(),
            (None, None) => format!("CN={}", new.name),
        };
        let there = there.filter(|there| new.key.is_none_or(|kind| kind.facts() == there.key.facts()));
        let (asked, kind) = (subject.clone(), new.key.unwrap_or(KeyKind::Rsa2048));
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
        let number = waiting.last().map_or(1, |last| last.number.saturating_add(1));
        let stored = StoredRequest { name: new.name, number, identity, subject, request, made: self.now() };
        let mut transaction = workspace.begin().await?;
        transaction.put_identity_request(&stored, new_key.as_ref().map(|key| key.pkcs8_der())).await?;
        transaction.commit().await?;
        Ok(to_pem("CERTIFICATE REQUEST", &stored.request))
    }

    /// Whether a request that waits is for a key of this kind; of any, where none is asked for. One for the key of an
    /// identity that was removed cannot be answered any more.
    async fn has_key(
        &self,
        workspace: &Workspace,
        request: &StoredRequest,
        kind: Option<KeyKind>,
    ) -> Result<bool, AppError> {
        let facts = match &request.identity {
            Some(identity) => workspace.identity(identity).await?.map(|identity| identity.facts.key),
            None if kind.is_none() => return Ok(true),
            None => {
                let der = workspace.unseal_request_key(&request.name, request.number).await?;
                Some(PrivateKey::from_pkcs8_der(&der)?.facts())
            }
        };
        Ok(facts.is_some_and(|facts| kind.is_none_or(|kind| kind.facts() == facts)))
    }

    /// Gives a request up, with its key where that is a new one.
    ///
    /// # Errors
    /// Where there is none of this name and number, or there are several and none is said.
    pub async fn drop_request(&self, name: &IdentityName, number: Option<u32>) -> Result<(), AppError> {
        let waiting = self.requests_of(name).await?;
        let number = match (number, waiting.as_slice()) {
            (Some(number), _) => number,
            (None, []) => return Err(no_request(name)),
            (None, [only]) => only.number,
            (None, several) => {
                let all: Vec<String> =
                    several.iter().map(|request| format!("{} ({})", request.number, request.subject)).collect();
                return Err(AppError::new(format!("{} requests wait for `{name}`: {}", all.len(), in_short(&all)))
                    .hint("say which one by its number: --number"));
            }
        };
        let mut transaction = self.workspace().await?.begin().await?;
        if !transaction.remove_identity_request(name, number).await? {
            return Err(no_request(name));
        }
        Ok(transaction.commit().await?)
    }

    /// Installs what a CA answered: a certificate for the key of a request of this name, alone or with those above it. Of
    /// several requests it answers the one whose key it is for. For a new key it becomes the identity of the request's
    /// name. For the key of an identity, and where there is an identity of that name, it becomes one of its own, under
    /// another name, and the old certificate stays until its profiles are changed over.
    ///
    /// # Errors
    /// Where there is no request of this name, the file holds no certificate for a key of one, or the new name is taken.
    pub async fn install_answer(
        &self,
        name: &IdentityName,
        file: &Path,
        new_name: Option<IdentityName>,
    ) -> Result<ListedIdentity, AppError> {
        let workspace = self.workspace().await?;
        let requests = self.requests_of(name).await?;
        let mut keys: Vec<(PrivateKey, Option<u32>)> = Vec::new();
        for request in requests.iter().filter(|request| request.identity.is_none()) {
            let der = workspace.unseal_request_key(name, request.number).await?;
            keys.push((PrivateKey::from_pkcs8_der(&der)?, Some(request.number)));
        }
        let is_there = workspace.identity(name).await?.is_some();
        if is_there {
            // A CA may also have been asked from elsewhere: that the certificate fits the key is all that counts.
            keys.push((PrivateKey::from_pkcs8_der(&workspace.unseal_identity_key(name).await?)?, None));
        }
        if keys.is_empty() {
            return Err(no_request(name));
        }
        let certificates = super::certificates::read_certificate_file(file)?;
        let now = self.now();
        let answered = keys.iter().find_map(|(key, number)| {
            let own = fitting(key, &certificates, now);
            (!own.is_empty()).then_some((key, *number, own))
        });
        let (key, number, own) = answered.ok_or_else(|| {
            AppError::new(format!("no certificate in {} is for the key of `{name}`", file.display()))
                .hint("install the CA's answer to this very request; an answer to another has another key")
        })?;
        let facts = certificates[own[0]].facts().clone();
        let name_of_it = match new_name {
            Some(new) => new,
            None if is_there => self.free_name(name, facts.not_after).await?,
            None => name.clone(),
        };
        // Of those for the key of an identity the one that asked for this subject. A CA may have changed it: then the only one
        // that waits, and of several none, because nobody can say which.
        let borrowed = || {
            let asked: Vec<_> = requests.iter().filter(|request| request.identity.is_some()).collect();
            let same = asked.iter().find(|request| request.subject == facts.subject);
            let only = asked.first().filter(|_| asked.len() == 1);
            same.or(only).map(|request| request.number)
        };
        let answers = number.or_else(borrowed).map(|number| (name, number));
        self.keep_newest(&name_of_it, certificates, &own, key, answers).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Clock, NewIdentity};
    use crate::certificate::certify_key;
    use crate::store::{Location, Unlock};

    struct House {
        guard: tempfile::TempDir,
        app: App,
        name: IdentityName,
    }

    impl House {
        /// With an identity `acme`, whose key is an elliptic curve's: such a key is made at once.
        async fn new() -> Self {
            let guard = tempfile::tempdir().unwrap();
            let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
            let house = Self { guard, app, name: "acme".parse().unwrap() };
            house.create().await;
            house
        }

        async fn create(&self) {
            let new = NewIdentity { name: self.name.clone(), key: KeyKind::EcP256, days: 30, subject: None };
            self.app.create_identity(new).await.unwrap();
        }

        async fn request(&self, subject: Option<&str>) -> String {
            let subject = subject.map(str::to_owned);
            let new = NewRequest { name: self.name.clone(), key: None, subject, number: None };
            self.app.request_certificate(new).await.unwrap()
        }

        /// A CA answers with a certificate for the identity's key.
        async fn answer(&self, subject: &str) {
            let workspace = self.app.workspace().await.unwrap();
            let key = self.app.unseal(&workspace, &self.name).await.unwrap().key.clone();
            let certificate = certify_key(subject, &key, 300, self.app.now()).unwrap();
            let file = self.guard.path().join("answer.pem");
            std::fs::write(&file, to_pem("CERTIFICATE", certificate.der())).unwrap();
            let new_name = format!("acme-{}", subject.len()).parse().unwrap();
            self.app.install_answer(&self.name, &file, Some(new_name)).await.unwrap();
        }

        async fn waiting(&self) -> Vec<String> {
            self.app.identity_requests().await.unwrap().into_iter().map(|request| request.subject).collect()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_answer_takes_the_request_it_answers_and_no_other() {
        let house = House::new().await;
        house.request(Some("CN=one")).await;
        house.request(Some("CN=two")).await;
        assert_eq!(house.waiting().await, ["CN=one", "CN=two"]);
        // Of two neither has asked for this subject.
        house.answer("CN=changed").await;
        assert_eq!(house.waiting().await, ["CN=one", "CN=two"]);
        house.answer("CN=two").await;
        assert_eq!(house.waiting().await, ["CN=one"]);
        house.answer("CN=changed by the CA").await;
        assert!(house.waiting().await.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_identity_takes_its_requests_with_it_when_it_is_removed() {
        let house = House::new().await;
        let before = house.request(None).await;
        house.app.remove_identity(&house.name).await.unwrap();
        assert!(house.waiting().await.is_empty());
        house.create().await;
        assert_ne!(house.request(None).await, before, "it is for the new key");
    }
}
