//! Partners' certificates: what is in a file, where each is used, who has confirmed it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::{App, AppError, arrivals};
use crate::certificate::{self, Certificate, FileContents, MAX_FILE, ReadError, most_of};
use crate::domain::certificate::{
    CertificateFacts, CertificateWarning, Fingerprint, ImportContext, import_warnings, warnings,
};
use crate::domain::confirmation::{Comparison, StatedFingerprint};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::{CertificatePurpose, all_fingerprints, next_activation, periods, used_now};
use crate::store::StoredCertificate;

/// A certificate with what speaks against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedCertificate {
    /// What is known of it.
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// What speaks against it.
    pub warnings: Vec<CertificateWarning>,
    /// In which part of an archive or a mail it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_in: Option<String>,
}

/// A certificate in a file that may be meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InspectedCandidate {
    /// The certificate.
    pub fingerprint_sha256: Fingerprint,
    /// Its issuers in the same file, the nearest first.
    pub chain: Vec<Fingerprint>,
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
    /// Those that may be meant: more than one where several do not belong together.
    pub candidates: Vec<InspectedCandidate>,
    /// Whether it holds a private key.
    pub private_key: bool,
    /// What was passed over in an archive or a mail, and why.
    pub remarks: Vec<String>,
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
    /// A message or a receipt that was signed with it and holds it.
    Sighted(Fingerprint),
}

impl CertificateSource {
    /// What it is called in words.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            Self::Bytes { name, .. } => name.clone(),
            Self::Workspace(fingerprint) => fingerprint.short(),
            Self::Sighted(_) => "seen in a signature".to_owned(),
        }
    }

    /// Says first where an error was found.
    pub(super) fn located(&self, error: AppError) -> AppError {
        match self {
            Self::File(path) => error.in_file(path),
            Self::Bytes { .. } | Self::Workspace(_) | Self::Sighted(_) => error,
        }
    }
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

/// That somebody compared a certificate's fingerprint with what the partner says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmed {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: String,
    /// Who: a user of the system, where it is known.
    pub by: Option<String>,
}

impl From<crate::store::Confirmation> for Confirmed {
    fn from(kept: crate::store::Confirmation) -> Self {
        Self { at: kept.at, how: kept.how, by: kept.by }
    }
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
    /// Where it came from: a file's name.
    pub came_from: String,
    /// When it was brought in.
    pub added: Timestamp,
    /// Who has compared its fingerprint, when and how.
    pub confirmation: Option<Confirmed>,
    /// The issuers that came with it, the nearest first.
    pub chain: Vec<String>,
}

/// Reads what may hold certificates; no more of it than is taken, which is more of an archive and of a mail.
///
/// # Errors
/// Where it cannot be read.
pub fn certificate_bytes(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.by_ref().take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    if read > MAX_FILE {
        reader.take((most_of(&bytes) + 1).saturating_sub(read)).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Reads a file that may hold certificates; no more of it than is taken.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, AppError> {
    if is_lone_pipe(path) {
        return Err(AppError::new(format!("{} is a pipe, not a file", path.display()))
            .hint("write what comes out of it to a file and name that"));
    }
    let cannot = |error: io::Error| AppError::unread(path, &error);
    certificate_bytes(std::fs::File::open(path).map_err(cannot)?).map_err(cannot)
}

/// A pipe that lies in a folder would be waited for until somebody writes into it, perhaps forever. One that a shell hands
/// over, under `/dev` or `/proc`, has its writer.
#[cfg(unix)]
fn is_lone_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let handed_over = ["/dev", "/proc"].iter().any(|place| path.starts_with(place));
    !handed_over && std::fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo())
}

#[cfg(not(unix))]
const fn is_lone_pipe(_path: &Path) -> bool {
    false
}

pub(super) fn unreadable(error: &ReadError) -> AppError {
    AppError::new(error.to_string()).maybe_hint(error.hint())
}

/// The certificates in bytes, the leaf first; a private key is refused.
pub(super) fn read_certificates(bytes: &[u8], what: &str) -> Result<Vec<Certificate>, AppError> {
    Ok(read_partners(bytes, what)?.certificates)
}

/// What a partner sent; a private key anywhere in it is refused.
pub(super) fn read_partners(bytes: &[u8], what: &str) -> Result<FileContents, AppError> {
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
    Ok(contents)
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
        // What is only kept, and used by nobody, is not installed.
        let installed: Vec<Fingerprint> = self
            .connections()
            .await?
            .iter()
            .flat_map(|connection| {
                connection.profiles().map(|(_, profile)| all_fingerprints(&profile.partner_certificates))
            })
            .flatten()
            .collect();
        let now = self.now();
        let meant = contents.candidates();
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
                    installed: installed.clone(),
                    // Whether it is confirmed matters on import, not on looking.
                    confirmed: confirmed || contents.has_private_key,
                    ..ImportContext::default()
                };
                let mut warnings = import_warnings(facts, now, &context);
                if meant.len() > 1 && meant.iter().any(|candidate| candidate.leaf == *certificate) {
                    warnings.push(CertificateWarning::Several);
                }
                let found_in = contents.places.get(&facts.fingerprint_sha256).cloned();
                InspectedCertificate { facts: facts.clone(), warnings, found_in }
            })
            .collect();
        let print = |certificate: &Certificate| certificate.facts().fingerprint_sha256;
        let candidates = meant.iter().map(|candidate| InspectedCandidate {
            fingerprint_sha256: print(&candidate.leaf),
            chain: candidate.chain.iter().map(print).collect(),
        });
        Ok(Inspection {
            file: match source {
                CertificateSource::File(path) => path.display().to_string(),
                other => other.name(),
            },
            format: contents.format,
            certificates,
            candidates: candidates.collect(),
            private_key: contents.has_private_key,
            remarks: contents.remarks,
        })
    }

    /// The bytes that a file with this certificate would hold.
    pub(super) async fn bytes_of(&self, source: &CertificateSource) -> Result<Vec<u8>, AppError> {
        match source {
            CertificateSource::File(path) => read_bytes(path),
            CertificateSource::Bytes { bytes, .. } => Ok(bytes.clone()),
            CertificateSource::Sighted(fingerprint) => self.sighted(fingerprint).await,
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

    /// A certificate that was seen in a signature, or in the workspace where it is there too.
    async fn sighted(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, AppError> {
        let missing = || {
            AppError::new(format!("no message or receipt has shown the certificate {fingerprint}"))
                .hint("`countersign certificate list` shows what was seen")
        };
        let workspace = self.existing().await?.ok_or_else(missing)?;
        if let Some(der) = workspace.sighted_certificate(fingerprint).await? {
            return Ok(der);
        }
        workspace.certificate(fingerprint).await?.map(|stored| stored.der).ok_or_else(missing)
    }

    /// Every partner certificate with where it is used.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn certificates(&self) -> Result<Vec<ListedCertificate>, AppError> {
        let connections = self.connections().await?;
        let mut chains = match self.existing().await? {
            Some(workspace) => workspace.certificate_chains().await?,
            None => BTreeMap::new(),
        };
        let now = self.now();
        let seen = self.observations().await?;
        let mut places: BTreeMap<Fingerprint, (Vec<ListedUse>, Option<Fingerprint>)> = BTreeMap::new();
        for connection in &connections {
            for (profile, settings) in connection.profiles() {
                for period in periods(&seen.uses(&connection.id, profile, settings)) {
                    places.entry(period.certificate).or_default().0.push(ListedUse {
                        connection: connection.id.clone(),
                        profile,
                        purpose: period.purpose,
                        from: period.from,
                        until: period.until,
                        now: period.covers(now),
                    });
                }
                let uses = &settings.partner_certificates;
                if let (Some(entry), Some((next, _))) = (used_now(uses, now), next_activation(uses, now)) {
                    places.entry(entry.fingerprint).or_default().1.get_or_insert(next.fingerprint);
                }
            }
        }
        let mut listed = Vec::new();
        for stored in self.stored_certificates().await? {
            let fingerprint = stored.facts.fingerprint_sha256;
            let mut certificate =
                InspectedCertificate { warnings: warnings(&stored.facts, now), facts: stored.facts, found_in: None };
            if certificate.facts.self_signed && stored.confirmed.is_none() {
                certificate.warnings.push(CertificateWarning::Unconfirmed);
            }
            let (used, successor) = places.remove(&fingerprint).unwrap_or_default();
            let chain = chains.remove(&fingerprint).unwrap_or_default();
            let issuer = |der: &Vec<u8>| Certificate::from_der(der).ok().map(|each| each.facts().subject.clone());
            listed.push(ListedCertificate {
                certificate,
                used,
                successor,
                came_from: stored.source,
                added: stored.added,
                confirmation: stored.confirmed.map(Confirmed::from),
                chain: chain.iter().filter_map(issuer).collect(),
            });
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
        let by = arrivals::user();
        Ok(workspace.confirm_certificate(fingerprint, how, by.as_deref(), self.now()).await?)
    }

    /// The same by a fingerprint as the partner states it; which certificate that was.
    ///
    /// # Errors
    /// Where no certificate in the workspace has it.
    pub async fn confirm_stated(&self, stated: &StatedFingerprint) -> Result<Fingerprint, AppError> {
        let found = self.stored_certificates().await?.into_iter().find(|stored| stated.is_of(&stored.facts));
        let found = found.ok_or_else(|| {
            AppError::new(format!("there is no certificate with the fingerprint {stated} in this workspace"))
                .hint("`countersign certificate list` shows the certificates")
        })?;
        let fingerprint = found.facts.fingerprint_sha256;
        self.confirm_certificate(&fingerprint, Comparison::Stated(*stated).how()).await?;
        Ok(fingerprint)
    }
}
