//! Removing a partner's certificate that nothing needs: one that was brought in by mistake, or whose activation was
//! cancelled.

use super::{App, AppError};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::connection::Connection;
use crate::domain::counted::counted;
use crate::domain::timeline::all_fingerprints;
use crate::store::CertificateNeeds;

/// So many profiles are named in a sentence.
const NAMED: usize = 5;

impl App {
    /// Removes a partner's certificate that nothing uses, and says what it was.
    ///
    /// # Errors
    /// Where there is none with this fingerprint, or a profile, a rollover or the journal needs it; they are named. Then
    /// nothing has changed.
    pub async fn remove_certificate(&self, fingerprint: &Fingerprint) -> Result<CertificateFacts, AppError> {
        let missing = || {
            AppError::new(format!("there is no certificate with the fingerprint {fingerprint} in this workspace"))
                .hint("`countersign certificate list` shows the certificates")
        };
        let workspace = self.existing().await?.ok_or_else(missing)?;
        let stored = workspace.certificate(fingerprint).await?.ok_or_else(missing)?;
        // All that could begin to use it writes too, so nothing can between looking and removing.
        let mut transaction = workspace.begin().await?;
        refuse_used(fingerprint, &transaction.connections().await?)?;
        refuse_needed(fingerprint, &transaction.certificate_needs(fingerprint).await?)?;
        if !transaction.remove_certificate(fingerprint).await? {
            return Err(missing());
        }
        transaction.commit().await?;
        Ok(stored.facts)
    }
}

/// Certificates that profiles list, past ones too: what is replaced may be gone back to, and explains older messages.
fn refuse_used(fingerprint: &Fingerprint, connections: &[Connection]) -> Result<(), AppError> {
    let mut users = Vec::new();
    for connection in connections {
        for (kind, profile) in connection.profiles() {
            if all_fingerprints(&profile.partner_certificates).contains(fingerprint) {
                users.push(format!("{} {kind}", connection.id));
            }
        }
    }
    if users.is_empty() {
        return Ok(());
    }
    let more = users.len().saturating_sub(NAMED);
    users.truncate(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Err(AppError::new(format!("the certificate {} belongs to {}{more}", fingerprint.short(), users.join(", "))).hint(
        "only a certificate that no profile has or had can be removed; `countersign certificate cancel` takes one back that \
         is only scheduled",
    ))
}

fn refuse_needed(fingerprint: &Fingerprint, needs: &CertificateNeeds) -> Result<(), AppError> {
    let short = fingerprint.short();
    if let Some(first) = needs.rollovers.first() {
        return Err(AppError::new(format!("rollover {first} is about the certificate {short}"))
            .hint(format!("`countersign rollover remove {first}` forgets it, where it is of no use any more")));
    }
    if needs.transmissions > 0 {
        let number = usize::try_from(needs.transmissions).unwrap_or(usize::MAX);
        return Err(AppError::new(format!(
            "the journal needs the certificate {short}: {} used it",
            counted(number, "transmission")
        ))
        .hint("it stays as long as they are kept, so that their signatures can be checked again"));
    }
    if let Some(first) = needs.seen_with.first() {
        return Err(AppError::new(format!("the certificate {short} was seen in a signature of {first}")).hint(format!(
            "forget that first, where it is not theirs: `countersign certificate forget {fingerprint} --connection {first}`"
        )));
    }
    Ok(())
}
