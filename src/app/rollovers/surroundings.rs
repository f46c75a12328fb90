//! What a change to many profiles is worked out with: certificates, identities and policies, read once.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::app::{App, AppError, Observations};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{ComplianceSettings, Known, Status, judge_profile};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, IdentityName, PolicyId, ProfileKind};
use crate::domain::policy::{ResolveError, ResolvedPolicy, resolve};
use crate::domain::rollover::{Lookups, ProfileKey, Rollover, RolloverPlan, Step, plan};

/// Certificates, identities and policies of the workspace.
pub(super) struct Surroundings {
    certificates: HashMap<Fingerprint, CertificateFacts>,
    confirmed: Vec<Fingerprint>,
    identities: HashMap<IdentityName, CertificateFacts>,
    policies: BTreeMap<PolicyId, Result<ResolvedPolicy, ResolveError>>,
    observations: Observations,
}

impl Surroundings {
    /// Reads them, with a certificate that need not be in the workspace yet.
    pub(super) async fn read(app: &App, with: Option<(&CertificateFacts, bool)>) -> Result<Self, AppError> {
        let stored = app.stored_certificates().await?;
        let mut confirmed: Vec<Fingerprint> = stored
            .iter()
            .filter(|stored| stored.confirmed.is_some())
            .map(|stored| stored.facts.fingerprint_sha256)
            .collect();
        let mut certificates: HashMap<Fingerprint, CertificateFacts> =
            stored.into_iter().map(|stored| (stored.facts.fingerprint_sha256, stored.facts)).collect();
        if let Some((facts, is_confirmed)) = with {
            certificates.insert(facts.fingerprint_sha256, facts.clone());
            confirmed.extend(is_confirmed.then_some(facts.fingerprint_sha256));
        }
        let identities = app.stored_identities().await?.into_iter().map(|stored| (stored.name, stored.facts)).collect();
        let all = app.policies().await?;
        let policies = all.iter().map(|policy| (policy.id.clone(), resolve(&policy.id, &all))).collect();
        let observations = app.observations().await?;
        Ok(Self { certificates, confirmed, identities, policies, observations })
    }

    /// What is known of a certificate.
    pub(super) fn facts(&self, fingerprint: &Fingerprint) -> Option<&CertificateFacts> {
        self.certificates.get(fingerprint)
    }

    /// Whether somebody confirmed a certificate's fingerprint.
    pub(super) fn is_confirmed(&self, fingerprint: &Fingerprint) -> bool {
        self.confirmed.contains(fingerprint)
    }

    /// The certificates of our own.
    pub(super) fn own(&self) -> Vec<&CertificateFacts> {
        let mut own: Vec<&CertificateFacts> = self.identities.values().collect();
        own.sort_by_key(|facts| facts.fingerprint_sha256);
        own
    }

    /// Works out what a step does.
    pub(super) fn plan(
        &self,
        rollover: &Rollover,
        new: &CertificateFacts,
        step: &Step,
        wanted: &[ProfileKey],
        connections: &[Connection],
        now: Timestamp,
    ) -> RolloverPlan {
        let by_id: HashMap<&ConnectionId, &Connection> =
            connections.iter().map(|connection| (&connection.id, connection)).collect();
        let against_policy = |connection: &Connection, kind: ProfileKind, profile: &Profile, at: Timestamp| {
            self.against_policy(connection, kind, profile, at)
        };
        let own = self.own();
        let lookups = Lookups {
            certificates: &|fingerprint| self.facts(fingerprint),
            own: &own,
            confirmed: self.is_confirmed(&rollover.certificate),
            accepted: &|connection, kind, profile, at| self.observations.accepted(connection, kind, profile, at),
            against_policy: &against_policy,
        };
        plan(rollover, new, step, wanted, &by_id, &lookups, now)
    }

    /// Which required rules of its policy the partner's certificate of a profile breaks at an instant.
    fn against_policy(
        &self,
        connection: &Connection,
        kind: ProfileKind,
        profile: &Profile,
        at: Timestamp,
    ) -> Vec<String> {
        let missing = Err(ResolveError::Unknown { id: connection.policy.clone() });
        let policy = self.policies.get(&connection.policy).unwrap_or(&missing);
        let known = Known {
            certificates: &|fingerprint| self.facts(fingerprint),
            identities: &|name| self.identities.get(name),
        };
        let settings = ComplianceSettings::default();
        judge_profile(&connection.policy, kind, profile, policy.as_ref(), &known, at, &settings)
            .findings
            .into_iter()
            .filter(|finding| finding.setting == "partner_certificate" && finding.status == Status::NonCompliant)
            // What only verifies is not what is rolled over.
            .filter(|finding| finding.certificate.is_none())
            .map(|finding| finding.reason.clone())
            .collect()
    }
}
