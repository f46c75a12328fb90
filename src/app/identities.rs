//! Our own keys and certificates.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{App, AppError};
use crate::certificate::{self, Certificate, KeyError, KeyKind, PrivateKey, ReadError, certify_key};
use crate::domain::certificate::{CertificateWarning, Fingerprint, KeyFacts, warnings};
use crate::domain::connection::{Connection, Profile};
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

/// A key with its certificate to be taken from files. Not to be shown: it holds a password.
#[derive(Clone, Default)]
pub struct IdentityFiles {
    /// The file with the key.
    pub file: PathBuf,
    /// The file with its certificate, where that is another.
    pub certificate: Option<PathBuf>,
    /// The password of the key's file.
    pub password: Option<Zeroizing<String>>,
    /// The certificate of the key that is meant, in a file with several: the beginning of its fingerprint in hex.
    pub choose: Option<String>,
}

/// Where an identity is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityUse {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// When it begins to sign there, where that is to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
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
    /// Where it is used, or will be.
    pub used: Vec<IdentityUse>,
    /// What speaks against its certificate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<CertificateWarning>,
    /// Where it was just taken from a file that held several certificates for its key: those that were not taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<Fingerprint>,
}

impl App {
    /// All identities, sorted by name.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn identities(&self) -> Result<Vec<ListedIdentity>, AppError> {
        let (connections, now) = (self.connections().await?, self.now());
        let listed = |identity: StoredIdentity| {
            let used = connections
                .iter()
                .flat_map(|connection| connection.profiles().map(move |(kind, profile)| (connection, kind, profile)))
                .filter(|(_, _, profile)| needed_by(profile, &identity.name, now))
                .map(|(connection, kind, profile)| IdentityUse {
                    connection: connection.id.clone(),
                    profile: kind,
                    from: begins(profile, &identity.name, now),
                })
                .collect();
            ListedIdentity {
                warnings: warnings(&identity.facts, now),
                fingerprint_sha256: identity.facts.fingerprint_sha256,
                not_after: identity.facts.not_after,
                key: identity.facts.key,
                subject: identity.facts.subject,
                name: identity.name,
                used,
                passed_over: Vec::new(),
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
        let made = beside("making the key", move || certificate::create_identity(&subject, key, days, now)).await?;
        let (key, certificate) = made.map_err(|error| AppError::new(error.to_string()))?;
        self.keep_identity(&new.name, std::slice::from_ref(&certificate), key.pkcs8_der()).await
    }

    /// Makes a new self-signed certificate for the key of an identity, under a name of its own. `key` of `new` plays no
    /// part; the subject is that of the identity where none is given.
    ///
    /// # Errors
    /// As [`App::create_identity`], and where there is no identity `of`.
    pub async fn renew_identity(&self, new: NewIdentity, of: &IdentityName) -> Result<ListedIdentity, AppError> {
        self.refuse_taken(&new.name).await?;
        let there = self.unseal(&self.workspace().await?, of).await?;
        let subject = new.subject.unwrap_or_else(|| there.certificate.facts().subject.clone());
        let certificate = certify_key(&subject, &there.key, new.days, self.now())
            .map_err(|error| AppError::new(error.to_string()))?;
        self.keep_identity(&new.name, std::slice::from_ref(&certificate), there.key.pkcs8_der()).await
    }

    /// Takes a key with its certificate from a file: PKCS#12, or PEM with both.
    ///
    /// # Errors
    /// As [`App::import_identity_files`].
    pub async fn import_identity(
        &self,
        file: &Path,
        name: Option<IdentityName>,
        password: Option<Zeroizing<String>>,
    ) -> Result<ListedIdentity, AppError> {
        let files = IdentityFiles { file: file.to_owned(), password, ..IdentityFiles::default() };
        self.import_identity_files(&files, name).await
    }

    /// Takes a key with its certificate from a file: PKCS#12, or PEM with both; or from two files.
    ///
    /// # Errors
    /// Where there is no private key, no certificate for it, more than one key and none chosen, the password is wrong, the
    /// name is taken, or there is another with its issuer and serial number.
    pub async fn import_identity_files(
        &self,
        files: &IdentityFiles,
        name: Option<IdentityName>,
    ) -> Result<ListedIdentity, AppError> {
        let IdentityFiles { file, certificate, password, choose } = files;
        let name = match name {
            Some(name) => name,
            None => name_of(file)?,
        };
        self.refuse_taken(&name).await?;
        let read = |path: &Path| {
            let bytes = Zeroizing::new(super::certificates::read_bytes(path)?);
            certificate::read(&bytes, password.as_deref().map(String::as_str))
                .map_err(|error| super::certificates::unreadable(&error).in_file(path))
        };
        let mut contents = read(file)?;
        if let Some(path) = certificate {
            let mut beside = read(path)?;
            contents.certificates.append(&mut beside.certificates);
        }
        if let Some(obstacle @ KeyError::TooShort { .. }) = contents.key_obstacle {
            return Err(AppError::new(format!("{}: {obstacle}", file.display()))
                .hint("make a new identity and give its certificate to your partners"));
        }
        if contents.has_private_key && contents.private_key.is_none() {
            return Err(match contents.key_obstacle {
                Some(obstacle) => AppError::new(format!("{}: {obstacle}", file.display())),
                None if contents.has_key_of_old => {
                    super::certificates::unreadable(&ReadError::EncryptedKey).in_file(file)
                }
                None => super::certificates::unreadable(&ReadError::PasswordNeeded).in_file(file),
            });
        }
        let keys: Vec<PrivateKey> = contents.private_key.into_iter().chain(contents.further_keys).collect();
        if keys.is_empty() {
            return Err(AppError::new(format!("there is no private key in {}", file.display()))
                .hint("an identity needs key and certificate: a .p12 or .pfx file, or a PEM file with both"));
        }
        let now = self.now();
        let pairs: Vec<(PrivateKey, Vec<usize>)> = keys
            .into_iter()
            .map(|key| {
                let own = fitting(&key, &contents.certificates, now);
                (key, own)
            })
            .filter(|(_, own)| !own.is_empty())
            .collect();
        let (key, own) = chosen(pairs, &contents.certificates, choose.as_deref())
            .map_err(|error| error.in_file(certificate.as_deref().unwrap_or(file)))?;
        self.keep_newest(&name, contents.certificates, &own, &key, None).await
    }

    /// Keeps a key with the first of the certificates that are for it, and those above that one. The request that they answer
    /// goes with it.
    pub(super) async fn keep_newest(
        &self,
        name: &IdentityName,
        mut certificates: Vec<Certificate>,
        own: &[usize],
        key: &PrivateKey,
        answers: Option<(&IdentityName, u32)>,
    ) -> Result<ListedIdentity, AppError> {
        let (taken, others) = own.split_first().ok_or_else(|| AppError::new("an identity needs a certificate"))?;
        let passed_over = others.iter().map(|place| certificates[*place].facts().fingerprint_sha256).collect();
        certificates[..=*taken].rotate_right(1);
        let kept = self.keep(name, &issuers_of(certificates), key.pkcs8_der(), answers).await?;
        Ok(ListedIdentity { passed_over, ..kept })
    }

    /// Removes an identity with its key, for good.
    ///
    /// # Errors
    /// Where there is none of that name, or a profile uses it or will; then the profiles are named.
    pub async fn remove_identity(&self, name: &IdentityName) -> Result<(), AppError> {
        let now = self.now();
        if !self.stored_identities().await?.iter().any(|identity| identity.name == *name) {
            return Err(unknown(name));
        }
        let workspace = self.workspace().await?;
        for duty in workspace.duties(Timestamp::MAX).await? {
            // Its receipt, or the next attempt, needs the key that signed it.
            let sent = workspace.sent_as(duty.transmission).await?;
            if sent.is_some_and(|sent| sent.profile.identity.names(name)) {
                return Err(AppError::new(format!(
                    "a message signed with the identity `{name}` still waits for its receipt: {}",
                    duty.transmission
                ))
                .hint("remove it once that is settled: `countersign transmission show` tells"));
            }
        }
        let mut transaction = workspace.begin().await?;
        let connections = self.connections().await?;
        let users: Vec<String> = connections
            .iter()
            .flat_map(|connection| connection.profiles().map(move |(kind, profile)| (connection, kind, profile)))
            .filter(|(_, _, profile)| needed_by(profile, name, now))
            .map(|(connection, kind, _)| format!("{} {kind}", connection.id))
            .collect();
        if !users.is_empty() {
            return Err(AppError::new(format!("the identity `{name}` is used by {}", in_short(&users)))
                .hint("change these profiles over to another identity first: `countersign identity rollover`"));
        }
        for mut connection in connections {
            let names = |connection: &Connection| connection.profiles().any(|(_, each)| each.identity.names(name));
            if !names(&connection) {
                continue;
            }
            // What signed once and does not any more is forgotten with it.
            for kind in ProfileKind::ALL {
                if let Some(profile) = connection.profile_mut(*kind) {
                    profile.identity = profile.identity.without(name, now);
                }
            }
            transaction.save_connection(&connection, now).await?;
        }
        transaction.remove_requests_for_key_of(name).await?;
        transaction.remove_identity(name).await?;
        transaction.commit().await?;
        self.keys.forget();
        Ok(())
    }

    async fn refuse_taken(&self, name: &IdentityName) -> Result<(), AppError> {
        if self.stored_identities().await?.iter().any(|identity| identity.name == *name) {
            return Err(AppError::new(format!("there is an identity `{name}` already"))
                .hint("choose another name, for example with the year"));
        }
        Ok(())
    }

    /// Refuses a certificate that has issuer and serial number of another of ours: messages name whom they are encrypted
    /// for by these two alone (RFC 5652 section 6.2.1), and neither we nor a partner could tell which key is meant.
    async fn refuse_twin(&self, own: &Certificate) -> Result<(), AppError> {
        for identity in self.stored_identities().await? {
            let Some(other) = identity.chain.first().and_then(|der| Certificate::from_der(der).ok()) else { continue };
            if other == *own {
                return Err(AppError::new(format!("this certificate is the identity `{}` already", identity.name)));
            }
            if other.issuer_der() == own.issuer_der() && other.serial_bytes() == own.serial_bytes() {
                return Err(AppError::new(format!(
                    "the certificate has the issuer and the serial number {} of the identity `{}`, so that partners could \
                     not tell the two apart",
                    own.facts().serial,
                    identity.name
                ))
                .hint("have it made again with a serial number of its own, or make it here: each gets a random one"));
            }
        }
        Ok(())
    }

    pub(super) async fn keep_identity(
        &self,
        name: &IdentityName,
        chain: &[Certificate],
        key: &[u8],
    ) -> Result<ListedIdentity, AppError> {
        self.keep(name, chain, key, None).await
    }

    async fn keep(
        &self,
        name: &IdentityName,
        chain: &[Certificate],
        key: &[u8],
        answers: Option<(&IdentityName, u32)>,
    ) -> Result<ListedIdentity, AppError> {
        let own = chain.first().ok_or_else(|| AppError::new("an identity needs a certificate"))?;
        self.refuse_twin(own).await?;
        let ders: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        let mut transaction = self.workspace().await?.begin().await?;
        transaction.put_identity(name, &ders, own.facts(), key, self.now()).await?;
        if let Some((requested, number)) = answers {
            transaction.remove_identity_request(requested, number).await?;
        }
        transaction.commit().await?;
        let all = self.identities().await?;
        all.into_iter().find(|identity| identity.name == *name).ok_or_else(|| unknown(name))
    }
}

/// Whether a profile signs with an identity, will, or presents it to servers.
pub(super) fn needed_by(profile: &Profile, name: &IdentityName, now: Timestamp) -> bool {
    profile.identity.needs(name, now) || profile.tls_identity.as_ref() == Some(name)
}

/// When an identity begins to sign for a profile that another signs for now and that presents another to servers.
fn begins(profile: &Profile, name: &IdentityName, now: Timestamp) -> Option<Timestamp> {
    if profile.identity.at(now) == name || profile.tls_identity.as_ref() == Some(name) {
        return None;
    }
    let coming = profile.identity.uses().iter().filter(|entry| entry.name == *name).filter_map(|entry| entry.from);
    coming.filter(|from| *from > now).min()
}

/// A few of many, in words.
pub(super) fn in_short(all: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Work of the processor's, beside what waits.
pub(super) async fn beside<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::new(format!("{what} was interrupted: {error}")))
}

/// The places of the certificates that are for a key, each certificate once, the one to be taken first: of those that are
/// valid the one that began last, else the one that ends last.
pub(super) fn fitting(key: &PrivateKey, certificates: &[Certificate], now: Timestamp) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for (place, certificate) in certificates.iter().enumerate() {
        if key.matches(certificate) && found.iter().all(|known| certificates[*known] != *certificate) {
            found.push(place);
        }
    }
    let rank = |place: &usize| {
        let facts = certificates[*place].facts();
        let valid = facts.not_before <= now && now <= facts.not_after;
        (valid, if valid { facts.not_before } else { facts.not_after })
    };
    found.sort_by_key(|place| std::cmp::Reverse(rank(place)));
    found
}

/// The key that is meant, with the places of its certificates, the one to be taken first.
fn chosen(
    mut pairs: Vec<(PrivateKey, Vec<usize>)>,
    certificates: &[Certificate],
    choose: Option<&str>,
) -> Result<(PrivateKey, Vec<usize>), AppError> {
    if let Some(wanted) = choose {
        let wanted: String = wanted.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase();
        for (_, own) in &mut pairs {
            own.retain(|place| certificates[*place].facts().fingerprint_sha256.to_hex().starts_with(&wanted));
        }
        pairs.retain(|(_, own)| !own.is_empty());
        if pairs.is_empty() {
            return Err(AppError::new("no key in it has a certificate with that fingerprint"));
        }
    }
    if pairs.len() > 1 {
        let all: Vec<String> = pairs
            .iter()
            .filter_map(|(_, own)| Some(certificates[*own.first()?].facts()))
            .map(|facts| {
                format!("{} ({}, until {})", facts.fingerprint_sha256.short(), facts.common_name(), facts.not_after)
            })
            .collect();
        return Err(AppError::new(format!("it holds {} keys: {}", all.len(), in_short(&all)))
            .hint("say which one, by the beginning of its certificate's fingerprint (--choose)"));
    }
    pairs.pop().ok_or_else(|| {
        if certificates.is_empty() {
            AppError::new("it holds a private key but no certificate for it")
                .hint("give the file with the certificate as well: --certificate FILE")
        } else {
            AppError::new("the private key does not fit the certificate: they belong to two pairs")
                .hint("look for the key that was made together with this certificate")
        }
    })
}

/// The first certificate and those above it; what else a file held is not ours to keep.
pub(super) fn issuers_of(mut certificates: Vec<Certificate>) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    let mut next = (!certificates.is_empty()).then(|| certificates.remove(0));
    while let Some(certificate) = next {
        let issuer = certificate.facts().issuer.clone();
        let ends = certificate.facts().subject == issuer;
        chain.push(certificate);
        next = certificates
            .iter()
            .position(|other| !ends && other.facts().subject == issuer)
            .map(|place| certificates.remove(place));
    }
    chain
}

pub(super) fn unknown(name: &IdentityName) -> AppError {
    AppError::new(format!("there is no identity `{name}` in this workspace"))
        .hint("`countersign identity list` shows the identities")
}

/// A name from a file's name.
fn name_of(file: &Path) -> Result<IdentityName, AppError> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).take(64).collect();
    name.parse::<IdentityName>().map_err(|error| AppError::from(error).hint("give a name with --name"))
}
