//! Compliance of the connections in the workspace.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{App, AppError};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{self, CheckReport, ComplianceSettings, Known};
use crate::domain::connection::Connection;
use crate::domain::identifier::ConnectionId;

impl App {
    /// Judges the named connections, or all, at an instant.
    ///
    /// # Errors
    /// Where one of them does not exist, or the workspace cannot be read.
    pub async fn check(&self, ids: &[ConnectionId], at: Timestamp) -> Result<CheckReport, AppError> {
        let mut connections = Vec::new();
        if ids.is_empty() {
            connections = self.connections().await?;
        }
        for id in ids {
            connections.push(self.connection(id).await?);
        }
        self.check_now(&connections, at).await
    }

    /// Judges connections that need not be saved.
    pub(super) async fn check_now(&self, connections: &[Connection], at: Timestamp) -> Result<CheckReport, AppError> {
        let certificates: BTreeMap<Fingerprint, CertificateFacts> = self
            .stored_certificates()
            .await?
            .into_iter()
            .map(|stored| (stored.facts.fingerprint_sha256, stored.facts))
            .collect();
        let identities = self.stored_identities().await?;
        let policies = self.policies().await?;
        let known = Known {
            certificates: &|fingerprint| certificates.get(fingerprint),
            identities: &|name| {
                identities.iter().find(|identity| identity.name == *name).map(|identity| &identity.facts)
            },
        };
        Ok(compliance::check(connections, &policies, &known, at, &ComplianceSettings::default()))
    }
}
