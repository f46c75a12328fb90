//! A transmission with what its receipt says, read from the answer that was kept.

use std::fs::File;
use std::io::Read as _;

use super::engine::{ReceiptText, TransmissionDetail};
use super::send::blocking;
use super::{App, AppError, RawPart};
use crate::as2::{MAX_RECEIPT, OpeningKeys, ReceiptReading, SignatureCheck, SignatureOutcome, read_receipt};
use crate::certificate::Certificate;
use crate::domain::certificate::Fingerprint;
use crate::domain::timeline::all_fingerprints;
use crate::domain::transmission::{Direction, Transmission, TransmissionId};

impl App {
    /// A transmission with what its receipt says.
    ///
    /// # Errors
    /// Where there is no such transmission, or the workspace cannot be read.
    pub async fn transmission_detail(&self, id: TransmissionId) -> Result<TransmissionDetail, AppError> {
        let transmission = self.transmission(&id.simple().to_string()).await?;
        let receipt = self.receipt_text(&transmission).await;
        let keeping = self.keeping(&id.simple().to_string()).await?;
        let commands = self.command_runs(transmission.id).await?;
        Ok(TransmissionDetail { transmission, receipt, keeping, commands })
    }

    /// What the receipt says, as far as it was kept. Nothing kept is no error: not every transmission has an answer.
    async fn receipt_text(&self, transmission: &Transmission) -> Option<ReceiptText> {
        let kept = self.kept(&transmission.id.simple().to_string(), RawPart::Receipt).await.ok()?;
        let (path, headers) = (kept.body?, kept.headers);
        let known = self.known_signers(transmission).await;
        let ours = transmission.direction == Direction::Inbound;
        blocking(move || {
            let mut body = Vec::new();
            let most = MAX_RECEIPT;
            let kept = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut body));
            let (Ok(_), false) = (kept, body.is_empty()) else { return Ok(None) };
            let accepted: Vec<&Certificate> = known.iter().collect();
            let keys = OpeningKeys { decryption: &[], accepted: &accepted };
            let ReceiptReading::Read(receipt) = read_receipt(&headers, &body, keys) else { return Ok(None) };
            let signed = receipt.signature.as_ref().map(|check| signer(check, &known, ours));
            Ok(Some(ReceiptText { human: receipt.text, fields: receipt.fields, signed }))
        })
        .await
        .ok()?
    }

    /// The partner's certificates of the profile, whatever their period, and the one that the signature verified with when
    /// it came, though the profile may have given it up since: whose a signature is does not change with time.
    pub(super) async fn known_signers(&self, transmission: &Transmission) -> Vec<Certificate> {
        let mut known = self.signers_of_profile(transmission).await;
        let is_known = |signer: &Fingerprint| known.iter().any(|each| each.facts().fingerprint_sha256 == *signer);
        if let Some(signer) = transmission.signed_with.filter(|signer| !is_known(signer))
            && let Ok(workspace) = self.workspace().await
        {
            known.extend(self.partner_certificates(&workspace, &[signer]).await.unwrap_or_default());
        }
        known
    }

    async fn signers_of_profile(&self, transmission: &Transmission) -> Vec<Certificate> {
        let (Some(connection), Some(kind)) = (&transmission.connection, transmission.profile) else {
            return Vec::new();
        };
        let Ok((workspace, _, profile)) = self.profile(connection, kind).await else { return Vec::new() };
        let all = all_fingerprints(&profile.partner_certificates);
        self.partner_certificates(&workspace, &all).await.unwrap_or_default()
    }
}

/// With which certificate a receipt was signed, and what that is worth.
fn signer(check: &SignatureCheck, known: &[Certificate], ours: bool) -> String {
    let named = |fingerprint: &Fingerprint| {
        let certificate =
            known.iter().chain(&check.embedded).find(|each| each.facts().fingerprint_sha256 == *fingerprint);
        let name = certificate.map_or("a certificate", |certificate| certificate.facts().common_name());
        format!("{name} {}", fingerprint.short())
    };
    match &check.outcome {
        SignatureOutcome::Good { signer } => format!("Signed with {}", named(signer)),
        SignatureOutcome::Altered { signer } => {
            format!("Signed with {}, and changed after it was signed", named(signer))
        }
        SignatureOutcome::Broken { named: fingerprint, reason } => {
            format!("Names {} as its signer and {reason}", named(fingerprint))
        }
        SignatureOutcome::UnknownSigner { embedded: Some(embedded), .. } if ours => {
            format!("Signed by us with {}", named(embedded))
        }
        SignatureOutcome::UnknownSigner { embedded: Some(embedded), .. } => {
            format!("Signed with {}, which is none of the partner's certificates here", named(embedded))
        }
        SignatureOutcome::UnknownSigner { embedded: None, .. } => {
            "Signed with a certificate that is not known here".to_owned()
        }
        SignatureOutcome::Unsupported { detail } => format!("Signed in a way that cannot be checked: {detail}"),
    }
}
