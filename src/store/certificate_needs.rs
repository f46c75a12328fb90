//! What in the workspace needs a certificate beside the connections, and removing one that nothing needs.

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::certificate::Fingerprint;
use crate::domain::rollover::RolloverId;

use super::error::StoreError;
use super::session::{column, sql};
use super::transaction::Transaction;

/// What needs a certificate beside the connections that have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateNeeds {
    /// The rollovers that are about it, or have changed profiles from it.
    pub rollovers: Vec<RolloverId>,
    /// How many transmissions were encrypted for it, or show a signature that was verified with it.
    pub transmissions: u64,
    /// The connections with which it was seen in signatures that did not bring it along.
    pub seen_with: Vec<String>,
}

impl Transaction {
    /// Whether a certificate is in the workspace.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn holds_certificate(&mut self, fingerprint: &Fingerprint) -> Result<bool, StoreError> {
        let statement = sql("SELECT fingerprint FROM certificates WHERE fingerprint = $1").bind(fingerprint.to_hex());
        Ok(self.session.row("look for a certificate", statement).await?.is_some())
    }

    /// What needs a certificate beside the connections.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn certificate_needs(&mut self, fingerprint: &Fingerprint) -> Result<CertificateNeeds, StoreError> {
        const DOING: &str = "look for what needs a certificate";
        let hex = fingerprint.to_hex();
        // What a profile of a rollover was before stands in its document.
        let about = sql("SELECT id FROM rollovers WHERE document LIKE $1
             UNION SELECT rollover AS id FROM rollover_profiles WHERE document LIKE $1 ORDER BY id")
        .bind(format!("%{hex}%"));
        let mut rollovers = Vec::new();
        for row in &self.session.rows(DOING, about).await? {
            let id = u32::try_from(column::<i64>(row, "id")?);
            rollovers.push(id.map(RolloverId).map_err(StoreError::damaged("the rollover's number"))?);
        }
        let journalled =
            sql("SELECT count(*) AS number FROM transmissions WHERE encrypted_for = $1 OR signed_with = $1")
                .bind(hex.clone());
        let transmissions = match self.session.row(DOING, journalled).await? {
            Some(row) => u64::try_from(column::<i64>(&row, "number")?).unwrap_or_default(),
            None => 0,
        };
        let seen =
            sql("SELECT DISTINCT connection FROM sightings WHERE fingerprint = $1 AND der IS NULL ORDER BY connection")
                .bind(hex);
        let rows = self.session.rows(DOING, seen).await?;
        let seen_with = rows.iter().map(|row| column(row, "connection")).collect::<Result<_, _>>()?;
        Ok(CertificateNeeds { rollovers, transmissions, seen_with })
    }

    /// Removes a certificate with the issuers that came with it; answers whether it was there.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn remove_certificate(&mut self, fingerprint: &Fingerprint) -> Result<bool, StoreError> {
        const DOING: &str = "remove a certificate";
        let chain = sql("DELETE FROM certificate_chains WHERE certificate = $1").bind(fingerprint.to_hex());
        self.session.execute(DOING, chain).await?;
        let statement = sql("DELETE FROM certificates WHERE fingerprint = $1").bind(fingerprint.to_hex());
        let was_there = self.session.execute(DOING, statement).await? > 0;
        if was_there {
            self.note(AuditNote::of(AuditAct::CertificateRemoved, fingerprint.to_string()));
        }
        Ok(was_there)
    }
}
