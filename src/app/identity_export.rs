//! Giving our certificate away, and taking a key with it out of the workspace.

use std::path::Path;

use zeroize::Zeroizing;

use super::written::write_private;
use super::{App, AppError};
use crate::certificate::{self, Certificate, P12Form};
use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::identifier::IdentityName;
use crate::domain::spelling::spelled;

spelled! {
    /// The form of an exported identity.
    pub enum IdentityFormat {
        /// The certificate as PEM.
        Pem = "pem",
        /// The certificate in DER.
        Der = "der",
        /// The certificate with those above it, as PKCS#7.
        P7b = "p7b",
        /// The key with its certificates under a password, as PKCS#12.
        P12 = "p12",
    }
}

impl IdentityFormat {
    /// The usual end of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Der => "cer",
            Self::P7b => "p7b",
            Self::P12 => "p12",
        }
    }
}

/// What an export of a key needs. Not to be shown: it holds a password.
#[derive(Clone)]
pub struct KeyExport {
    /// The password of the file.
    pub password: Zeroizing<String>,
    /// How it is encrypted.
    pub form: P12Form,
}

impl App {
    /// The certificate of an identity as PEM, for sending to partners. The key never leaves the workspace this way.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub async fn export_identity(&self, name: &IdentityName) -> Result<String, AppError> {
        Ok(self.own_chain(name).await?.first().map(Certificate::to_pem).unwrap_or_default())
    }

    /// The certificate of an identity in a form without its key.
    ///
    /// # Errors
    /// Where there is none of that name, or the form is one with the key.
    pub async fn export_own_certificate(
        &self,
        name: &IdentityName,
        format: IdentityFormat,
    ) -> Result<Vec<u8>, AppError> {
        let chain = self.own_chain(name).await?;
        let own = chain.first().ok_or_else(|| AppError::new(format!("identity `{name}` has no certificate")))?;
        match format {
            IdentityFormat::Pem => Ok(own.to_pem().into_bytes()),
            IdentityFormat::Der => Ok(own.der().to_vec()),
            IdentityFormat::P7b => Ok(certificate::to_p7b(&chain)),
            IdentityFormat::P12 => Err(AppError::new("a PKCS#12 file holds the key, which needs a password")),
        }
    }

    /// Writes an identity with its key to a file that its owner alone can read.
    ///
    /// # Errors
    /// Where there is none of that name, the workspace is locked, or the file cannot be written; then there is none.
    pub async fn export_key(&self, name: &IdentityName, export: KeyExport, file: &Path) -> Result<(), AppError> {
        let identity = self.unseal(&self.workspace().await?, name).await?;
        let friendly = name.to_string();
        let bytes = super::identities::beside("making the file", move || {
            let chain: Vec<Certificate> = std::iter::once(identity.certificate).chain(identity.chain).collect();
            certificate::to_p12(&friendly, &identity.key, &chain, &export.password, export.form)
        })
        .await?
        .map_err(|error| AppError::new(error.to_string()))?;
        // First: no key leaves without an entry.
        let note = AuditNote::of(AuditAct::KeyExported, name.as_str());
        let to = file.display().to_string();
        self.workspace().await?.note(note.with("file", None, Some(&to))).await?;
        write_private(file, &bytes)
    }

    /// The certificates of an identity, its own first.
    pub(super) async fn own_chain(&self, name: &IdentityName) -> Result<Vec<Certificate>, AppError> {
        let identity = self.stored_identities().await?.into_iter().find(|identity| identity.name == *name);
        let identity = identity.ok_or_else(|| super::identities::unknown(name))?;
        Ok(identity.chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>()?)
    }
}
