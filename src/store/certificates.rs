//! Partners' certificates, by fingerprint.

use jiff::Timestamp;

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::certificate::{CertificateFacts, Fingerprint};

use super::error::{StoreError, at_most};
use super::session::{column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes that a certificate has.
pub(super) const MOST: usize = 1024 * 1024;

/// That somebody compared a certificate's fingerprint with what the partner says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// When.
    pub at: Timestamp,
    /// How, in words.
    pub how: String,
    /// Who: a user of the system; nothing where that is not known.
    pub by: Option<String>,
}

/// A certificate in the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCertificate {
    /// What is known of it.
    pub facts: CertificateFacts,
    /// The certificate itself.
    pub der: Vec<u8>,
    /// Where it came from: a file's name, `pasted` …
    pub source: String,
    /// When it was first put here.
    pub added: Timestamp,
    /// Whether its fingerprint was confirmed.
    pub confirmed: Option<Confirmation>,
}

const COLUMNS: &str =
    "SELECT fingerprint, der, facts, source, added_at, confirmed_at, confirmed_how, confirmed_by FROM certificates";

impl Workspace {
    /// Every certificate, the one that ends first at the head.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn certificates(&self) -> Result<Vec<StoredCertificate>, StoreError> {
        const DOING: &str = "read the certificates";
        let rows = self.reading(DOING).await?.rows(DOING, sql(COLUMNS)).await?;
        let mut found = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|entry| (entry.facts.not_after, entry.facts.fingerprint_sha256));
        Ok(found)
    }

    /// One certificate, where it is in the workspace.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn certificate(&self, fingerprint: &Fingerprint) -> Result<Option<StoredCertificate>, StoreError> {
        const DOING: &str = "read a certificate";
        let statement =
            sql("SELECT fingerprint, der, facts, source, added_at, confirmed_at, confirmed_how, confirmed_by
             FROM certificates WHERE fingerprint = $1");
        let row = self.reading(DOING).await?.row(DOING, statement.bind(fingerprint.to_hex())).await?;
        row.as_ref().map(stored).transpose()
    }

    /// Puts a certificate into the workspace; answers whether it was not there yet.
    ///
    /// # Errors
    /// As [`Transaction::put_certificate`].
    pub async fn put_certificate(
        &self,
        der: &[u8],
        facts: &CertificateFacts,
        source: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let new = transaction.put_certificate(der, facts, source, now).await?;
        transaction.commit().await?;
        Ok(new)
    }

    /// Notes that a certificate's fingerprint was confirmed.
    ///
    /// # Errors
    /// As [`Transaction::confirm_certificate`].
    pub async fn confirm_certificate(
        &self,
        fingerprint: &Fingerprint,
        how: &str,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.confirm_certificate(fingerprint, how, by, now).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Puts a certificate into the workspace; answers whether it was not there yet. One that is there stays as it is,
    /// with its first source and its confirmation.
    ///
    /// # Errors
    /// Where the certificate is larger than 1 MiB, or the database cannot be written.
    pub async fn put_certificate(
        &mut self,
        der: &[u8],
        facts: &CertificateFacts,
        source: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        at_most("the certificate", der.len(), MOST)?;
        at_most("the certificate's source", source.len(), 4096)?;
        let statement =
            sql("INSERT INTO certificates (fingerprint, der, facts, source, added_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (fingerprint) DO NOTHING")
            .bind(facts.fingerprint_sha256.to_hex())
            .bind(der.to_vec())
            .bind(to_json("the certificate", facts)?)
            .bind(source.to_owned())
            .bind(now.to_string());
        let is_new = self.session.execute("put a certificate into the workspace", statement).await? > 0;
        if is_new {
            let note = AuditNote::of(AuditAct::CertificateImported, facts.fingerprint_sha256.to_string());
            self.note(note.with("subject", None, Some(&facts.subject)).with("source", None, Some(source)));
        }
        Ok(is_new)
    }

    /// Notes that a certificate's fingerprint was confirmed, how, and by whom. The first confirmation stays.
    ///
    /// # Errors
    /// Where the certificate is not in the workspace, or the database cannot be written.
    pub async fn confirm_certificate(
        &mut self,
        fingerprint: &Fingerprint,
        how: &str,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        at_most("the confirmation", how.len() + by.map_or(0, str::len), 4096)?;
        let known = sql("SELECT confirmed_how FROM certificates WHERE fingerprint = $1 AND confirmed_at IS NOT NULL");
        let known = self.session.row("read how a certificate was confirmed", known.bind(fingerprint.to_hex())).await?;
        // Who belongs to how: a confirmation of an earlier version stays without a name.
        let statement = sql("UPDATE certificates SET
                 confirmed_by = CASE WHEN confirmed_at IS NULL THEN $4 ELSE confirmed_by END,
                 confirmed_how = coalesce(confirmed_how, $2),
                 confirmed_at = coalesce(confirmed_at, $3) WHERE fingerprint = $1")
        .bind(fingerprint.to_hex())
        .bind(how.to_owned())
        .bind(now.to_string())
        .bind(by.map(str::to_owned));
        if self.session.execute("note that a certificate was confirmed", statement).await? == 0 {
            return Err(StoreError::NotFound { what: "certificate", name: fingerprint.to_hex() });
        }
        if known.is_none() {
            let note = AuditNote::of(AuditAct::CertificateConfirmed, fingerprint.to_string());
            self.note(note.with("how", None, Some(how)));
        }
        Ok(())
    }
}

fn stored(row: &sqlx::any::AnyRow) -> Result<StoredCertificate, StoreError> {
    let fingerprint: String = column(row, "fingerprint")?;
    let confirmed: Option<String> = column(row, "confirmed_at")?;
    Ok(StoredCertificate {
        facts: from_json(&format!("the certificate {fingerprint}"), &column::<String>(row, "facts")?)?,
        der: column(row, "der")?,
        source: column(row, "source")?,
        added: parsed(row, "added_at")?,
        confirmed: match confirmed {
            Some(_) => Some(Confirmation {
                at: parsed(row, "confirmed_at")?,
                how: column::<Option<String>>(row, "confirmed_how")?.unwrap_or_default(),
                by: column(row, "confirmed_by")?,
            }),
            None => None,
        },
    })
}
