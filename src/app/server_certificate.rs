//! The certificates of a partner's TLS server on demand: looking at them, trusting one for a profile alone, and saying
//! that a change is known.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::observations::{is_about_server, keep_sight, trust_of};
use super::written::write_private;
use super::{App, AppError, ConnectionChange};
use crate::certificate::Certificate;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::connection::Profile;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::server_certificate::{Revocation, ServerSight, ServerTrust};
use crate::domain::transmission::{SeenCertificate, SeenTls};
use crate::store::Workspace;
use crate::transport;

/// The folder in the workspace where trusted servers' certificates are kept, each under its fingerprint.
const FOLDER: &str = "server-certificates";

/// The longest that looking at a server may take, whatever the profile's own limit.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server's certificates as they were fetched. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FetchedServer {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// The server's host and port.
    pub server: String,
    /// `TLS 1.2` or `TLS 1.3`; nothing where none was agreed on.
    pub version: Option<String>,
    /// Whether it is trusted as the profile is set now.
    pub trust: ServerTrust,
    /// Why not, in words; nothing where it is.
    pub refusal: Option<String>,
    /// Whether revocation was checked.
    pub revocation: Revocation,
    /// Its certificates, its own first.
    pub certificates: Vec<CertificateFacts>,
    /// Its own certificate.
    #[serde(skip)]
    pub der: Vec<u8>,
}

/// A server's certificate that is now the only one trusted for a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PinnedServer {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// The certificate.
    pub fingerprint_sha256: Fingerprint,
    /// The file that `tls_trust` names now.
    pub tls_trust: String,
    /// What it named before.
    pub before: String,
}

impl App {
    /// Looks at the certificates of a profile's server: connects, shakes hands, hangs up, and keeps nothing.
    ///
    /// # Errors
    /// Where there is no such profile, its address has no TLS, or the server cannot be reached or shows nothing.
    pub async fn fetch_server(&self, id: &ConnectionId, kind: ProfileKind) -> Result<FetchedServer, AppError> {
        let (workspace, connection, profile) = self.profile(id, kind).await?;
        if !profile.url.is_tls() {
            return Err(AppError::new(format!("{id}, {kind}: {} has no TLS, so there is no certificate", profile.url))
                .hint("a server with a certificate has an address that begins with https://"));
        }
        let conditions = self.conditions(&workspace, &connection.id, kind, &profile).await?;
        let (trust, identity) = conditions;
        let patience = PATIENCE.min(Duration::from_secs(u64::from(profile.timeout_seconds)));
        let proxy = self.proxy(&workspace).await?;
        let shown = transport::show_server(&profile.url, &trust, identity.as_ref(), &proxy, patience).await.map_err(
            |failure| {
                AppError::new(format!(
                    "the server {} shows no certificate: {} ({})",
                    profile.url.host(),
                    failure.kind,
                    failure.detail
                ))
                .hint("check the address, and whether the server can be reached from here")
            },
        )?;
        let found: Vec<Certificate> = shown.chain.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
        let own = shown
            .chain
            .first()
            .filter(|der| Certificate::from_der(der).is_ok())
            .cloned()
            .ok_or_else(|| AppError::new(format!("the certificate of {} cannot be read", profile.url.host())))?;
        let refused = shown.refusal.as_ref().filter(|reason| is_about_server(reason));
        Ok(FetchedServer {
            connection: id.clone(),
            profile: kind,
            server: server_of(&profile),
            version: shown.version.map(str::to_owned),
            trust: trust_of(&profile, refused.is_some()),
            refusal: shown.refusal.as_ref().map(ToString::to_string),
            revocation: Revocation::NotChecked,
            certificates: found.iter().map(|certificate| certificate.facts().clone()).collect(),
            der: own,
        })
    }

    /// Trusts one server certificate for a profile, and no other: it is kept as a file of the workspace, and `tls_trust`
    /// names that.
    ///
    /// # Errors
    /// Where the certificate is not the one that was confirmed, or the profile or the file cannot be written. Then the
    /// profile is as before.
    pub async fn pin_server(
        &self,
        id: &ConnectionId,
        kind: ProfileKind,
        der: &[u8],
        confirmed: &Fingerprint,
    ) -> Result<PinnedServer, AppError> {
        let certificate = Certificate::from_der(der).map_err(|error| AppError::new(error.to_string()))?;
        let shown = certificate.facts().fingerprint_sha256;
        if shown != *confirmed {
            return Err(AppError::new(format!(
                "the server shows {shown}, which is not the confirmed fingerprint {confirmed}"
            ))
            .hint("nothing was changed; ask the partner which certificate their server has"));
        }
        let (workspace, _, profile) = self.profile(id, kind).await?;
        let file = keep_pem(&workspace, &shown, &certificate.to_pem())?;
        let mut change = ConnectionChange::new(id.clone());
        let path = file.display().to_string();
        change.profiles.push((kind, vec![("tls_trust".to_owned(), path.clone())]));
        self.save(change).await?;
        let facts = certificate.facts();
        let sight = ServerSight {
            server: server_of(&profile),
            seen: self.now(),
            tls: SeenTls { version: None, chain: vec![seen(facts)] },
            trust: ServerTrust::Pinned,
            refusal: None,
            revocation: Revocation::NotChecked,
            before: None,
            change_known: None,
        };
        let mut transaction = workspace.begin().await?;
        keep_sight(&mut transaction, id, kind, sight).await?;
        transaction.commit().await?;
        // It was looked at and confirmed just now: that it is another than before is known.
        self.know_server_change(id, kind).await?;
        let before = profile.tls_trust;
        Ok(PinnedServer { connection: id.clone(), profile: kind, fingerprint_sha256: shown, tls_trust: path, before })
    }

    /// Notes that somebody knows of the last change of a server's certificate.
    ///
    /// # Errors
    /// Where the workspace cannot be written.
    pub async fn know_server_change(&self, id: &ConnectionId, kind: ProfileKind) -> Result<(), AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(()) };
        let mut transaction = workspace.begin().await?;
        if let Some(mut sight) = transaction.server_sight(id, kind).await? {
            sight.change_known = Some(self.now());
            transaction.put_server_sight(id, kind, &sight).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn conditions(
        &self,
        workspace: &Workspace,
        id: &ConnectionId,
        kind: ProfileKind,
        profile: &Profile,
    ) -> Result<(transport::Trust, Option<transport::Identity>), AppError> {
        // No password is needed for shaking hands, so one that is missing is no obstacle.
        let profile = Profile { http_user: None, ..profile.clone() };
        let (_, trust, identity) =
            super::send::post_conditions(self, workspace, id, kind, &profile, &profile.url).await?;
        Ok((trust, identity))
    }
}

fn server_of(profile: &Profile) -> String {
    format!("{}:{}", profile.url.host(), profile.url.port())
}

fn seen(facts: &CertificateFacts) -> SeenCertificate {
    SeenCertificate {
        subject: facts.subject.clone(),
        issuer: facts.issuer.clone(),
        not_after: facts.not_after,
        fingerprint_sha256: facts.fingerprint_sha256,
    }
}

/// The place below the workspace's folder for a certificate that is kept so; nothing for any other name.
pub(super) fn place_of_kept(name: &str) -> Option<PathBuf> {
    let (folder, file) = name.split_once('/')?;
    let fingerprint = file.strip_suffix(".pem")?;
    let is_one = fingerprint.len() == 64 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    (folder == FOLDER && is_one).then(|| Path::new(FOLDER).join(file))
}

/// The names below the workspace's folder of all that are kept so, sorted.
pub(super) fn kept_certificates(workspace: &Workspace) -> Result<Vec<String>, AppError> {
    let folder = workspace.folder().join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| AppError::unread(&folder, &error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| AppError::unread(&folder, &error))?;
        names.push(format!("{FOLDER}/{}", entry.file_name().to_string_lossy()));
    }
    names.retain(|name| place_of_kept(name).is_some());
    names.sort_unstable();
    Ok(names)
}

impl App {
    /// The file that a profile's `tls_trust` names. One that a workspace keeps is found in this one, also where it was
    /// restored in another place than the profile says.
    pub(super) fn trust_file(&self, named: &str) -> PathBuf {
        let named = Path::new(named);
        let kept = named.parent().and_then(Path::file_name).filter(|folder| *folder == FOLDER).and(named.file_name());
        let ours = kept.map(|file| self.location.path().join(FOLDER).join(file));
        ours.filter(|file| file.is_file()).unwrap_or_else(|| named.to_owned())
    }
}

/// Keeps a certificate as a file of the workspace, whole or not at all.
fn keep_pem(workspace: &Workspace, fingerprint: &Fingerprint, pem: &str) -> Result<PathBuf, AppError> {
    let folder = workspace.folder().join(FOLDER);
    std::fs::create_dir_all(&folder)
        .map_err(|error| AppError::new(format!("cannot write {}: {error}", folder.display())))?;
    let file = folder.join(format!("{}.pem", fingerprint.to_hex()));
    write_private(&file, pem.as_bytes())?;
    Ok(file)
}
