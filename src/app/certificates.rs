//! Partners' certificates: what is in a file, bringing a renewed one in, where each is used.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::{App, AppError};
use crate::certificate::{self, Certificate, MAX_FILE, ReadError};
use crate::domain::certificate::{
    CertificateFacts, CertificateWarning, Fingerprint, ImportContext, import_warnings, warnings,
};
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::{self, Activation, CertificatePurpose, acceptable_now, next_activation, used_now};
use crate::store::StoredCertificate;

/// A certificate with what speaks against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedCertificate {
    /// What is known of it.
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// What speaks against it.
    pub warnings: Vec<CertificateWarning>,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The file's path as given.
    pub file: String,
    /// Its format, by content.
    pub format: certificate::Format,
    /// Its certificates, the leaf first.
    pub certificates: Vec<InspectedCertificate>,
    /// Whether it holds a private key.
    pub private_key: bool,
}

/// Where a certificate is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// A file.
    File(PathBuf),
    /// Bytes that were pasted or dropped, with the name they are known by.
    Bytes {
        /// What they are called: a file's name, or `pasted`.
        name: String,
        /// What a file would hold.
        bytes: Vec<u8>,
    },
    /// The workspace, where it is already.
    Workspace(Fingerprint),
}

impl CertificateSource {
    /// What it is called in words.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            Self::Bytes { name, .. } => name.clone(),
            Self::Workspace(fingerprint) => fingerprint.short(),
        }
    }

    /// Says first where an error was found.
    pub(super) fn located(&self, error: AppError) -> AppError {
        match self {
            Self::File(path) => error.in_file(path),
            Self::Bytes { .. } | Self::Workspace(_) => error,
        }
    }
}

/// A renewed partner certificate to be brought in.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Where it is.
    pub source: CertificateSource,
    /// Whose it is.
    pub connection: ConnectionId,
    /// For which profiles; both where empty.
    pub profiles: Vec<ProfileKind>,
    /// Also for every other profile that uses the certificate which it replaces.
    pub also_where_used: bool,
    /// And for these, whatever they use now.
    pub also: Vec<(ConnectionId, ProfileKind)>,
    /// When it goes active.
    pub activation: Activation,
    /// The certificate that was looked at before, where one was: another is not taken in its place.
    pub expected: Option<Fingerprint>,
    /// The fingerprint as the partner confirmed it.
    pub confirmed: Option<Fingerprint>,
}

/// What an import did to one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportedProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// The new certificate.
    pub fingerprint_sha256: Fingerprint,
    /// When it goes active.
    pub activates: Timestamp,
    /// The one it replaces.
    pub replaces: Option<Fingerprint>,
    /// The end of the new certificate.
    pub until: Timestamp,
    /// Until when signatures made with the replaced one are accepted.
    pub replaced_until: Option<Timestamp>,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportResult {
    /// By profile.
    pub profiles: Vec<ImportedProfile>,
    /// What is to be said about it.
    pub warnings: Vec<CertificateWarning>,
}

/// Where a certificate is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedUse {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// What for.
    #[serde(rename = "use")]
    pub purpose: CertificatePurpose,
    /// From when.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Whether it is used so now: encrypted for, or accepted.
    pub now: bool,
}

/// A certificate as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedCertificate {
    /// What is known of it and speaks against it.
    #[serde(flatten)]
    pub certificate: InspectedCertificate,
    /// Where it is used.
    pub used: Vec<ListedUse>,
    /// The one that is scheduled to follow it.
    pub successor: Option<Fingerprint>,
}

/// Reads a file that may hold certificates; no more of it than is taken.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, AppError> {
    let cannot = |error: std::io::Error| AppError::new(format!("cannot read {}: {error}", path.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(cannot)?.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}

pub(super) fn unreadable(error: &ReadError) -> AppError {
    AppError::new(error.to_string()).maybe_hint(error.hint())
}

/// The certificates in bytes, the leaf first; a private key is refused.
pub(super) fn read_certificates(bytes: &[u8], what: &str) -> Result<Vec<Certificate>, AppError> {
    let contents = certificate::read(bytes, None).map_err(|error| match error {
        ReadError::PasswordNeeded | ReadError::EncryptedKey => AppError::new(error.to_string())
            .hint("a partner's certificate needs no password: ask for the certificate alone"),
        other => unreadable(&other),
    })?;
    if contents.has_private_key {
        return Err(AppError::new(format!("{what} holds a private key: it was not taken and nothing of it was kept"))
            .hint("a partner sends only a certificate; if the partner sent this, tell them that the key is no longer secret"));
    }
    if contents.certificates.is_empty() {
        return Err(AppError::new(format!("there is no certificate in {what}")));
    }
    Ok(contents.certificates)
}

/// The certificates in a file, the leaf first; a private key is refused.
pub(super) fn read_certificate_file(path: &Path) -> Result<Vec<Certificate>, AppError> {
    let bytes = read_bytes(path)?;
    read_certificates(&bytes, "the file").map_err(|error| error.in_file(path))
}

impl App {
    pub(super) async fn stored_certificates(&self) -> Result<Vec<StoredCertificate>, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.certificates().await?),
            None => Ok(Vec::new()),
        }
    }

    /// What is in a file, without keeping anything.
    ///
    /// # Errors
    /// Where the file cannot be read or holds neither a certificate nor a key.
    pub async fn inspect_certificate(
        &self,
        source: &CertificateSource,
        password: Option<&str>,
    ) -> Result<Inspection, AppError> {
        let bytes = self.bytes_of(source).await?;
        let contents = certificate::read(&bytes, password).map_err(|error| source.located(unreadable(&error)))?;
        let own: Vec<CertificateFacts> =
            self.stored_identities().await?.into_iter().map(|identity| identity.facts).collect();
        let stored = self.stored_certificates().await?;
        let now = self.now();
        let certificates = contents
            .certificates
            .iter()
            .map(|certificate| {
                let facts = certificate.facts();
                let confirmed = stored.iter().any(|stored| {
                    stored.facts.fingerprint_sha256 == facts.fingerprint_sha256 && stored.confirmed.is_some()
                });
                let context = ImportContext {
                    own: own.iter().collect(),
                    replaces: None,
                    installed: stored.iter().map(|stored| stored.facts.fingerprint_sha256).collect(),
                    // Whether it is confirmed matters on import, not on looking.
                    confirmed: confirmed || contents.has_private_key,
                };
                InspectedCertificate { facts: facts.clone(), warnings: import_warnings(facts, now, &context) }
            })
            .collect();
        Ok(Inspection {
            file: match source {
                CertificateSource::File(path) => path.display().to_string(),
                other => other.name(),
            },
            format: contents.format,
            certificates,
            private_key: contents.has_private_key,
        })
    }

    /// The bytes that a file with this certificate would hold.
    pub(super) async fn bytes_of(&self, source: &CertificateSource) -> Result<Vec<u8>, AppError> {
        match source {
            CertificateSource::File(path) => read_bytes(path),
            CertificateSource::Bytes { bytes, .. } => Ok(bytes.clone()),
            CertificateSource::Workspace(fingerprint) => self
                .stored_certificates()
                .await?
                .into_iter()
                .find(|stored| stored.facts.fingerprint_sha256 == *fingerprint)
                .map(|stored| stored.der)
                .ok_or_else(|| {
                    AppError::new(format!(
                        "there is no certificate with the fingerprint {fingerprint} in this workspace"
                    ))
                }),
        }
    }

    /// Brings a renewed certificate into profiles, all of them or none.
    ///
    /// # Errors
    /// Where the file holds no certificate or a private key, the connection or a profile does not exist, a confirmed
    /// fingerprint is another, or the activation is refused. Then nothing has changed.
    pub async fn import_certificate(&self, request: &ImportRequest) -> Result<ImportResult, AppError> {
        let bytes = self.bytes_of(&request.source).await?;
        let found = read_certificates(&bytes, "the file").map_err(|error| request.source.located(error))?;
        let certificate = found.first().ok_or_else(|| AppError::new("there is no certificate in the file"))?;
        let mut result = self.import(certificate, &request.source.name(), request).await?;
        // A chain is expected; a certificate of somebody else beside the first is not.
        let stranger = |other: &Certificate| other.facts().subject != certificate.facts().issuer && !other.facts().ca;
        if found.iter().skip(1).any(|other| other != certificate && stranger(other)) {
            result.warnings.push(CertificateWarning::Several);
        }
        Ok(result)
    }

    async fn import(
        &self,
        certificate: &Certificate,
        source: &str,
        request: &ImportRequest,
    ) -> Result<ImportResult, AppError> {
        let facts = certificate.facts();
        let fingerprint = facts.fingerprint_sha256;
        if let Some(confirmed) = request.confirmed.filter(|confirmed| *confirmed != fingerprint) {
            return Err(AppError::new(format!(
                "the confirmed fingerprint {confirmed} is not that of the certificate, which is {fingerprint}"
            ))
            .hint("nothing was imported; ask the partner which certificate is theirs"));
        }
        if request.expected.is_some_and(|expected| expected != fingerprint) {
            return Err(AppError::new(format!("{source} holds another certificate now than when it was looked at"))
                .hint("nothing was imported; look at the file again"));
        }
        self.note_running().await;
        let now = self.now();
        let stored = self.stored_certificates().await?;
        let own: Vec<CertificateFacts> =
            self.stored_identities().await?.into_iter().map(|identity| identity.facts).collect();
        let known = |wanted: Fingerprint| stored.iter().find(|stored| stored.facts.fingerprint_sha256 == wanted);
        let confirmed =
            request.confirmed.is_some() || known(fingerprint).is_some_and(|stored| stored.confirmed.is_some());

        let targets = self.targets(request, now).await?;
        let mut transaction = self.workspace().await?.begin().await?;
        let mut result = ImportResult { profiles: Vec::new(), warnings: Vec::new() };
        let mut changed: Vec<Connection> = Vec::new();
        for (connection, kind) in targets {
            let index = match changed.iter().position(|known| known.id == connection.id) {
                Some(index) => index,
                None => {
                    // As it is within the transaction that writes: of two changes at once none is lost.
                    let current = transaction.connection(&connection.id).await?.ok_or_else(|| {
                        AppError::new(format!("the connection `{}` was removed meanwhile", connection.id))
                    })?;
                    changed.push(current);
                    changed.len() - 1
                }
            };
            let connection = &mut changed[index];
            let id = connection.id.clone();
            let Some(profile) = connection.profile_mut(kind) else { continue };
            let uses = &profile.partner_certificates;
            let old = used_now(uses, now).and_then(|entry| known(entry.fingerprint)).map(|stored| &stored.facts);
            let renewal = timeline::renew(uses, facts, old, &request.activation, now)
                .map_err(|error| AppError::from(error).hint("nothing was imported"))?;
            let context = ImportContext {
                own: own.iter().collect(),
                replaces: old,
                installed: timeline::all_fingerprints(uses),
                confirmed,
            };
            for warning in import_warnings(facts, now, &context).into_iter().chain(renewal.warnings) {
                if !result.warnings.contains(&warning) {
                    result.warnings.push(warning);
                }
            }
            let replaced_until = renewal.replaces.and_then(|old| {
                renewal
                    .uses
                    .iter()
                    .filter(|entry| entry.fingerprint == old && entry.purposes.contains(&CertificatePurpose::Verify))
                    .find_map(|entry| entry.until)
            });
            result.profiles.push(ImportedProfile {
                connection: id,
                profile: kind,
                fingerprint_sha256: fingerprint,
                activates: renewal.activates,
                replaces: renewal.replaces,
                until: facts.not_after,
                replaced_until,
            });
            profile.partner_certificates = renewal.uses;
        }

        transaction.put_certificate(certificate.der(), facts, source, now).await?;
        if request.confirmed.is_some() {
            transaction.confirm_certificate(&fingerprint, "given on import", now).await?;
        }
        for connection in &changed {
            transaction.save_connection(connection, now).await?;
        }
        transaction.commit().await?;
        Ok(result)
    }

    /// The profiles that an import is for.
    async fn targets(
        &self,
        request: &ImportRequest,
        now: Timestamp,
    ) -> Result<Vec<(Connection, ProfileKind)>, AppError> {
        let connection = self.connection(&request.connection).await?;
        let mut kinds = request.profiles.clone();
        if kinds.is_empty() {
            kinds = connection.profiles().map(|(kind, _)| kind).collect();
        }
        let mut targets = Vec::new();
        let mut replaced = Vec::new();
        for kind in kinds {
            let profile = connection
                .profile(kind)
                .ok_or_else(|| AppError::new(format!("connection `{}` has no {kind} profile", connection.id)))?;
            replaced.extend(used_now(&profile.partner_certificates, now).map(|entry| entry.fingerprint));
            targets.push((connection.clone(), kind));
        }
        for (id, kind) in &request.also {
            if !targets.iter().any(|(known, profile)| known.id == *id && profile == kind) {
                let other = self.connection(id).await?;
                other
                    .profile(*kind)
                    .ok_or_else(|| AppError::new(format!("connection `{id}` has no {kind} profile")))?;
                targets.push((other, *kind));
            }
        }
        if request.also_where_used {
            for other in self.connections().await? {
                let kinds: Vec<ProfileKind> = other
                    .profiles()
                    .filter(|(_, profile)| {
                        used_now(&profile.partner_certificates, now)
                            .is_some_and(|entry| replaced.contains(&entry.fingerprint))
                    })
                    .map(|(kind, _)| kind)
                    .filter(|kind| !targets.iter().any(|(known, also)| known.id == other.id && also == kind))
                    .collect();
                targets.extend(kinds.into_iter().map(|kind| (other.clone(), kind)));
            }
        }
        Ok(targets)
    }

    /// Every partner certificate with where it is used.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn certificates(&self) -> Result<Vec<ListedCertificate>, AppError> {
        let connections = self.connections().await?;
        let now = self.now();
        let mut listed = Vec::new();
        for stored in self.stored_certificates().await? {
            let fingerprint = stored.facts.fingerprint_sha256;
            let mut certificate = InspectedCertificate { warnings: warnings(&stored.facts, now), facts: stored.facts };
            if certificate.facts.self_signed && stored.confirmed.is_none() {
                certificate.warnings.push(CertificateWarning::Unconfirmed);
            }
            let mut used = Vec::new();
            let mut successor = None;
            for connection in &connections {
                for (profile, settings) in connection.profiles() {
                    let uses = &settings.partner_certificates;
                    for entry in uses.iter().filter(|entry| entry.fingerprint == fingerprint) {
                        let encrypts = used_now(uses, now).is_some_and(|used| used.fingerprint == fingerprint);
                        let accepted = acceptable_now(uses, now).contains(&fingerprint);
                        used.extend(entry.purposes.iter().map(|purpose| ListedUse {
                            now: match purpose {
                                CertificatePurpose::Encrypt => encrypts,
                                CertificatePurpose::Verify => accepted,
                            },
                            connection: connection.id.clone(),
                            profile,
                            purpose: *purpose,
                            from: entry.from,
                            until: entry.until,
                        }));
                    }
                    if used_now(uses, now).is_some_and(|entry| entry.fingerprint == fingerprint) {
                        successor = successor.or(next_activation(uses, now).map(|(entry, _)| entry.fingerprint));
                    }
                }
            }
            listed.push(ListedCertificate { certificate, used, successor });
        }
        Ok(listed)
    }

    /// Keeps that somebody compared a certificate's fingerprint with what the partner says.
    ///
    /// # Errors
    /// Where there is no such certificate in the workspace.
    pub async fn confirm_certificate(&self, fingerprint: &Fingerprint, how: &str) -> Result<(), AppError> {
        let missing = || {
            AppError::new(format!("there is no certificate with the fingerprint {fingerprint} in this workspace"))
                .hint("`countersign certificate list` shows the certificates")
        };
        let workspace = self.existing().await?.ok_or_else(missing)?;
        workspace.certificate(fingerprint).await?.ok_or_else(missing)?;
        Ok(workspace.confirm_certificate(fingerprint, how, self.now()).await?)
    }
}
