//! Bringing a partner's renewed certificate into profiles, all of them or none.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use super::arrivals::{refuse_ended, refuse_key};
use super::certificates::{CertificateSource, read_partners};
use super::{App, AppError, arrivals};
use crate::certificate::{Candidate, Certificate};
use crate::domain::arrival::{Arrival, SubjectUsers};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint, ImportContext, import_warnings};
use crate::domain::confirmation::Comparison;
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::policy::resolve;
use crate::domain::renewal::{renew_for, replaced_now};
use crate::domain::timeline::{Activation, ActivationError, CertificatePurpose, next_activation};
use crate::store::StoredCertificate;

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
    /// The certificate that is meant, where it was looked at before or is one of several: another is not taken in its
    /// place.
    pub expected: Option<Fingerprint>,
    /// How its fingerprint was compared with what the partner says, where it was.
    pub confirmed: Option<Comparison>,
    /// For one purpose alone, where the partner uses two certificates; the other purpose keeps what it has.
    pub purpose: Option<CertificatePurpose>,
    /// That it is put to use at once although it has ended, because somebody said so.
    pub though_ended: bool,
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
    /// The certificate whose scheduled activation is cancelled by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancels: Option<Fingerprint>,
    /// That it is in use there already, so that nothing was changed and the activation was not taken.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportResult {
    /// By profile.
    pub profiles: Vec<ImportedProfile>,
    /// What is to be said about it.
    pub warnings: Vec<CertificateWarning>,
}

impl App {
    /// Brings a renewed certificate into profiles, all of them or none.
    ///
    /// # Errors
    /// Where the file holds no certificate or a private key, the connection or a profile does not exist, a confirmed
    /// fingerprint is another, its key cannot be used in AS2, it has ended, or the activation is refused. Then nothing has
    /// changed.
    pub async fn import_certificate(&self, request: &ImportRequest) -> Result<ImportResult, AppError> {
        let bytes = self.bytes_of(&request.source).await?;
        let found = read_partners(&bytes, "the file").map_err(|error| request.source.located(error))?;
        let meant = arrivals::meant(&found, "the file", request.expected, request.confirmed.as_ref(), request.purpose);
        let candidate = meant.map_err(|error| request.source.located(error))?;
        self.import(&candidate, &request.source.name(), request).await
    }

    async fn import(
        &self,
        candidate: &Candidate,
        source: &str,
        request: &ImportRequest,
    ) -> Result<ImportResult, AppError> {
        let certificate = &candidate.leaf;
        let facts = certificate.facts();
        let fingerprint = facts.fingerprint_sha256;
        if let Some(confirmed) = request.confirmed.filter(|confirmed| !confirmed.is_of(facts)) {
            return Err(AppError::new(format!(
                "the confirmed fingerprint {confirmed} is not that of the certificate, which is {fingerprint}"
            ))
            .hint("nothing was imported; ask the partner which certificate is theirs"));
        }
        self.note_running().await;
        let now = self.now();
        let stored = self.stored_certificates().await?;
        let own: Vec<CertificateFacts> =
            self.stored_identities().await?.into_iter().map(|identity| identity.facts).collect();
        let by_print: HashMap<Fingerprint, &StoredCertificate> =
            stored.iter().map(|stored| (stored.facts.fingerprint_sha256, stored)).collect();
        let known = |wanted: &Fingerprint| by_print.get(wanted).map(|stored| &stored.facts);
        let confirmed =
            request.confirmed.is_some() || by_print.get(&fingerprint).is_some_and(|stored| stored.confirmed.is_some());
        let policies = self.policies().await?;
        let connections = self.workspace().await?.connections().await?;
        let of_subject = SubjectUsers::of(facts, &connections, &known, now);
        let mut resolved = HashMap::new();

        let targets = self.targets(request, &connections, now).await?;
        let encrypts = request.purpose != Some(CertificatePurpose::Verify)
            && targets
                .iter()
                .any(|(connection, kind)| connection.profile(*kind).is_some_and(|profile| profile.encrypts()));
        refuse_key(facts, encrypts)?;
        if request.activation == Activation::Now && !request.though_ended {
            refuse_ended(facts, now)?;
        }
        let mut transaction = self.workspace().await?.begin().await?;
        let mut result = ImportResult { profiles: Vec::new(), warnings: Vec::new() };
        // What is changed, and beside it what it was: what is said of one profile does not depend on which came before it.
        let chosen: HashSet<(&ConnectionId, ProfileKind)> =
            targets.iter().map(|(connection, kind)| (&connection.id, *kind)).collect();
        // As they are within the transaction that writes: of two changes at once none is lost.
        let mut ids: Vec<ConnectionId> = targets.iter().map(|(connection, _)| connection.id.clone()).collect();
        ids.sort();
        ids.dedup();
        let before: Vec<Connection> = transaction.connections_of(&ids).await?;
        let mut changed = before.clone();
        let places: HashMap<&ConnectionId, usize> =
            before.iter().enumerate().map(|(index, connection)| (&connection.id, index)).collect();
        for (connection, kind) in &targets {
            let kind = *kind;
            let index = *places
                .get(&connection.id)
                .ok_or_else(|| AppError::new(format!("the connection `{}` was removed meanwhile", connection.id)))?;
            let connection = &mut changed[index];
            let id = connection.id.clone();
            let policy =
                resolved.entry(connection.policy.clone()).or_insert_with_key(|policy| resolve(policy, &policies).ok());
            let arrival = Arrival {
                connection: &before[index],
                of_subject: &of_subject,
                kind,
                purpose: request.purpose,
                own: &own,
                known: &known,
                policy: policy.as_ref(),
                confirmed,
            };
            let for_both = ProfileKind::ALL.iter().any(|other| *other != kind && chosen.contains(&(&id, *other)));
            let context = ImportContext { for_both, ..arrival.context(facts, now) };
            let Some(profile) = connection.profile(kind) else { continue };
            let uses = &profile.partner_certificates;
            let old = replaced_now(uses, request.purpose, now).and_then(|print| known(&print));
            let renewal = renew_for(request.purpose, uses, facts, old, &request.activation, now).map_err(|error| {
                let hint = match error {
                    ActivationError::Ended { .. } => "nothing was changed; ask the partner for the renewed certificate",
                    ActivationError::Past { .. } => "nothing was imported; name a later time, or `now`",
                    ActivationError::BeforeBegin { .. } => "nothing was imported; name a later time",
                    ActivationError::AfterEnd { .. } => "nothing was imported; name an earlier time",
                };
                AppError::from(error).hint(hint)
            })?;
            let cancels = next_activation(uses, now)
                .map(|(entry, _)| entry.fingerprint)
                .filter(|_| renewal.warnings.contains(&CertificateWarning::ScheduleCancelled));
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
                cancels,
                unchanged: renewal.uses == *uses && renewal.activates <= now,
            });
            if let Some(profile) = connection.profile_mut(kind) {
                profile.partner_certificates = renewal.uses;
            }
        }

        transaction.put_certificate(certificate.der(), facts, source, now).await?;
        let chain: Vec<&[u8]> = candidate.chain.iter().map(Certificate::der).collect();
        transaction.put_chain(&fingerprint, &chain).await?;
        if let Some(confirmed) = &request.confirmed {
            let by = arrivals::user();
            transaction.confirm_certificate(&fingerprint, confirmed.how(), by.as_deref(), now).await?;
        }
        transaction.save_connections(&changed, now).await?;
        transaction.commit().await?;
        Ok(result)
    }

    /// The profiles that an import is for.
    async fn targets(
        &self,
        request: &ImportRequest,
        all: &[Connection],
        now: Timestamp,
    ) -> Result<Vec<(Connection, ProfileKind)>, AppError> {
        let there: HashMap<&ConnectionId, &Connection> =
            all.iter().map(|connection| (&connection.id, connection)).collect();
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
            replaced.extend(replaced_now(&profile.partner_certificates, request.purpose, now));
            targets.push((connection.clone(), kind));
        }
        let mut taken: HashSet<(ConnectionId, ProfileKind)> =
            targets.iter().map(|(connection, kind)| (connection.id.clone(), *kind)).collect();
        for (id, kind) in &request.also {
            if !taken.insert((id.clone(), *kind)) {
                continue;
            }
            let other = match there.get(id) {
                Some(other) => (*other).clone(),
                // Says which one was perhaps meant.
                None => self.connection(id).await?,
            };
            other.profile(*kind).ok_or_else(|| AppError::new(format!("connection `{id}` has no {kind} profile")))?;
            targets.push((other, *kind));
        }
        if request.also_where_used {
            for other in all {
                for (kind, profile) in other.profiles() {
                    let old = replaced_now(&profile.partner_certificates, request.purpose, now);
                    let uses_it = old.is_some_and(|print| replaced.contains(&print));
                    if uses_it && taken.insert((other.id.clone(), kind)) {
                        targets.push((other.clone(), kind));
                    }
                }
            }
        }
        Ok(targets)
    }
}
