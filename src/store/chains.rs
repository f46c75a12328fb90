//! The issuers that came in one file with a partner's certificate.

use std::collections::BTreeMap;

use crate::domain::certificate::Fingerprint;

use super::error::{StoreError, at_most};
use super::session::{column, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

impl Workspace {
    /// The issuers that are kept, by certificate, the nearest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn certificate_chains(&self) -> Result<BTreeMap<Fingerprint, Vec<Vec<u8>>>, StoreError> {
        const DOING: &str = "read the certificates' chains";
        let statement = sql("SELECT certificate, der FROM certificate_chains ORDER BY certificate, position");
        let mut found: BTreeMap<Fingerprint, Vec<Vec<u8>>> = BTreeMap::new();
        for row in self.reading(DOING).await?.rows(DOING, statement).await? {
            found.entry(parsed(&row, "certificate")?).or_default().push(column(&row, "der")?);
        }
        Ok(found)
    }
}

impl Transaction {
    /// Keeps the issuers that came with a certificate of the workspace. Where some are kept, a longer chain takes their
    /// place.
    ///
    /// # Errors
    /// Where they are larger than a certificate file may be, or the database cannot be written.
    pub async fn put_chain(&mut self, fingerprint: &Fingerprint, chain: &[&[u8]]) -> Result<(), StoreError> {
        const DOING: &str = "keep a certificate's chain";
        at_most("the certificate chain", chain.iter().map(|der| der.len()).sum(), super::certificates::MOST)?;
        let count = sql("SELECT count(*) AS kept FROM certificate_chains WHERE certificate = $1");
        let kept: i64 = match self.session.row(DOING, count.bind(fingerprint.to_hex())).await? {
            Some(row) => column(&row, "kept")?,
            None => 0,
        };
        if usize::try_from(kept).is_ok_and(|kept| kept >= chain.len()) {
            return Ok(());
        }
        let clear = sql("DELETE FROM certificate_chains WHERE certificate = $1").bind(fingerprint.to_hex());
        self.session.execute(DOING, clear).await?;
        for (position, der) in (0_i64..).zip(chain) {
            let statement = sql("INSERT INTO certificate_chains (certificate, position, der) VALUES ($1, $2, $3)")
                .bind(fingerprint.to_hex())
                .bind(position)
                .bind(der.to_vec());
            self.session.execute(DOING, statement).await?;
        }
        Ok(())
    }
}
