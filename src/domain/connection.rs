//! A connection with its two profiles: what the connection file holds and the workspace keeps.
//!
//! [`Connection`] and [`Profile`] are generic in how a partner certificate is named: by fingerprint and period in the
//! workspace ([`CertificateUse`]), by file in the connection file.

mod quirks;

use serde::{Deserialize, Serialize};

pub use quirks::{
    GcmContent, HostError, Quirks, QuoteAs2Ids, ReceiptHosts, RecipientIdentifierStyle, SignatureOid,
    SignerCertificates,
};

use super::algorithm::{Compression, Digest, Encryption, KeyTransport, SignatureScheme, Signing};
use super::identifier::{Address, As2Id, ConnectionId, IdentityName, PolicyId, ProfileKind};
use super::labels::{Customer, Tags};
use super::own_timeline::OwnTimeline;
use super::spelling::spelled;
use super::timeline::CertificateUse;

/// A trading partner's connection: a pair of profiles under one policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection<C = CertificateUse> {
    /// Unique in the workspace.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The policy it is judged by.
    #[serde(default)]
    pub policy: PolicyId,
    /// For whom it is kept, where that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// The words it is marked with.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Whom to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The profile for real documents.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub production: Option<Profile<C>>,
    /// The profile for the partner's test system.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub test: Option<Profile<C>>,
}

impl<C> Connection<C> {
    /// One of the two profiles, where it exists.
    #[must_use]
    pub const fn profile(&self, kind: ProfileKind) -> Option<&Profile<C>> {
        match kind {
            ProfileKind::Production => self.production.as_ref(),
            ProfileKind::Test => self.test.as_ref(),
        }
    }

    /// One of the two profiles, where it exists, to be changed.
    pub const fn profile_mut(&mut self, kind: ProfileKind) -> Option<&mut Profile<C>> {
        match kind {
            ProfileKind::Production => self.production.as_mut(),
            ProfileKind::Test => self.test.as_mut(),
        }
    }

    /// The profiles that exist, production first.
    pub fn profiles(&self) -> impl Iterator<Item = (ProfileKind, &Profile<C>)> {
        ProfileKind::ALL.iter().filter_map(|kind| Some((*kind, self.profile(*kind)?)))
    }

    /// The same connection with its partner certificates named another way.
    ///
    /// # Errors
    /// The first error that `rename` returns.
    pub fn try_rename_certificates<D, E>(
        self,
        mut rename: impl FnMut(ProfileKind, Vec<C>) -> Result<Vec<D>, E>,
    ) -> Result<Connection<D>, E> {
        Ok(Connection {
            id: self.id,
            name: self.name,
            policy: self.policy,
            customer: self.customer,
            tags: self.tags,
            notes: self.notes,
            contact: self.contact,
            production: self
                .production
                .map(|profile| profile.try_rename_certificates(|list| rename(ProfileKind::Production, list)))
                .transpose()?,
            test: self
                .test
                .map(|profile| profile.try_rename_certificates(|list| rename(ProfileKind::Test, list)))
                .transpose()?,
        })
    }
}

/// One profile of a connection: everything that decides how messages to and from this partner look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile<C = CertificateUse> {
    /// Our AS2 identifier: `AS2-From` of what we send.
    pub our_as2_id: As2Id,
    /// The partner's AS2 identifier: `AS2-To` of what we send.
    pub partner_as2_id: As2Id,
    /// Where messages are posted.
    pub url: Address,
    /// The identity whose key signs, and from when another one does. Every identity of the workspace decrypts.
    pub identity: OwnTimeline,
    /// The partner's certificates and when each is used.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub partner_certificates: Vec<C>,
    /// Content encryption.
    #[serde(default = "defaults::encryption")]
    pub encryption: Encryption,
    /// How the content key is wrapped.
    #[serde(default = "defaults::key_transport")]
    pub key_transport: KeyTransport,
    /// Message digest of the signature.
    #[serde(default = "defaults::signing")]
    pub signing: Signing,
    /// Signature scheme for RSA keys.
    #[serde(default = "defaults::signature_scheme")]
    pub signature_scheme: SignatureScheme,
    /// Compression.
    #[serde(default = "defaults::compression")]
    pub compression: Compression,
    /// The receipt that is asked for.
    #[serde(default = "defaults::mdn")]
    pub mdn: MdnMode,
    /// Where asynchronous receipts are to be posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mdn_url: Option<Address>,
    /// The MIC algorithm asked for; that of signing where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mdn_mic: Option<Digest>,
    /// Minutes until an outstanding asynchronous receipt makes a transmission uncertain.
    #[serde(default = "defaults::receipt_deadline_minutes")]
    pub receipt_deadline_minutes: u32,
    /// Media type of the payload.
    #[serde(default = "defaults::content_type")]
    pub content_type: String,
    /// Transfer encoding of the payload's MIME part.
    #[serde(default = "defaults::transfer_encoding")]
    pub transfer_encoding: TransferEncoding,
    /// The `Subject` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether the payload's file name is sent.
    #[serde(default = "defaults::filename")]
    pub filename: FilenameMode,
    /// User name for HTTP basic authentication; its password is a secret of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_user: Option<String>,
    /// `system`, or the path of a PEM file whose certificates alone are trusted for this server.
    #[serde(default = "defaults::tls_trust")]
    pub tls_trust: String,
    /// The identity presented to the partner's server, where it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_identity: Option<IdentityName>,
    /// The least security accepted inbound; as `signing` and `encryption` say where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<InboundSecurity>,
    /// Whether what is signed or encrypted less strongly than we send is taken all the same.
    #[serde(default, skip_serializing_if = "InboundStrength::is_any")]
    pub require_strength: InboundStrength,
    /// Seconds without progress after which a transmission is given up.
    #[serde(default = "defaults::timeout_seconds")]
    pub timeout_seconds: u32,
    /// Days without a signature after which a certificate that was replaced is not accepted any longer, once its
    /// successor has been seen; 0 leaves it until its end.
    #[serde(default = "defaults::retire_unused_days")]
    pub retire_unused_days: u32,
    /// Automatic retries of daily work.
    #[serde(default = "defaults::retries")]
    pub retries: u32,
    /// Deviations from the standard that this partner needs.
    #[serde(default)]
    pub quirks: Quirks,
}

impl<C> Profile<C> {
    fn try_rename_certificates<D, E>(self, rename: impl FnOnce(Vec<C>) -> Result<Vec<D>, E>) -> Result<Profile<D>, E> {
        Ok(Profile {
            partner_certificates: rename(self.partner_certificates)?,
            our_as2_id: self.our_as2_id,
            partner_as2_id: self.partner_as2_id,
            url: self.url,
            identity: self.identity,
            encryption: self.encryption,
            key_transport: self.key_transport,
            signing: self.signing,
            signature_scheme: self.signature_scheme,
            compression: self.compression,
            mdn: self.mdn,
            mdn_url: self.mdn_url,
            mdn_mic: self.mdn_mic,
            receipt_deadline_minutes: self.receipt_deadline_minutes,
            content_type: self.content_type,
            transfer_encoding: self.transfer_encoding,
            subject: self.subject,
            filename: self.filename,
            http_user: self.http_user,
            tls_trust: self.tls_trust,
            tls_identity: self.tls_identity,
            require: self.require,
            require_strength: self.require_strength,
            timeout_seconds: self.timeout_seconds,
            retire_unused_days: self.retire_unused_days,
            retries: self.retries,
            quirks: self.quirks,
        })
    }

    /// Whether what is sent is encrypted for the partner.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        self.encryption != Encryption::None
    }

    /// The digest asked for in the receipt: `mdn_mic`, else that of signing, else SHA-256.
    #[must_use]
    pub fn receipt_digest(&self) -> Digest {
        self.mdn_mic.or_else(|| self.signing.digest()).unwrap_or(Digest::Sha256)
    }

    /// The least security accepted inbound.
    #[must_use]
    pub fn inbound_security(&self) -> InboundSecurity {
        self.require.unwrap_or(match (self.signing, self.encryption) {
            (Signing::None, Encryption::None) => InboundSecurity::None,
            (_, Encryption::None) => InboundSecurity::Signed,
            (Signing::None, _) => InboundSecurity::Encrypted,
            _ => InboundSecurity::SignedEncrypted,
        })
    }

    /// What makes no sense however each value looks alone, in words for the user.
    #[must_use]
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.mdn.is_async() && self.mdn_url.is_none() {
            found.push(format!(
                "`mdn` is {} but `mdn_url` is not set: the partner would not know where to send the receipt",
                self.mdn
            ));
        }
        if self.signature_scheme == SignatureScheme::RsaPss && self.signing == Signing::Sha1 {
            found.push("`signature_scheme` is rsa-pss, which does not go with `signing` sha1".to_owned());
        }
        if self.timeout_seconds == 0 || self.timeout_seconds > 86_400 {
            found.push("`timeout_seconds` must be 1 to 86400".to_owned());
        }
        if self.receipt_deadline_minutes == 0 || self.receipt_deadline_minutes > 525_600 {
            found.push("`receipt_deadline_minutes` must be 1 to 525600".to_owned());
        }
        if self.retire_unused_days > 3650 {
            found.push(
                "`retire_unused_days` must be at most 3650; 0 accepts the old certificate until its end".to_owned(),
            );
        }
        if self.retries > 20 {
            found.push("`retries` must be at most 20".to_owned());
        }
        if matches!(self.mdn_mic, Some(Digest::Md5)) {
            found.push("`mdn_mic` md5 is only read, never asked for".to_owned());
        }
        for (key, value) in [
            ("content_type", Some(&self.content_type)),
            ("subject", self.subject.as_ref()),
            ("http_user", self.http_user.as_ref()),
        ] {
            if value.is_some_and(|text| text.chars().any(char::is_control) || text.len() > 255) {
                found.push(format!("`{key}` holds a control character or more than 255 bytes"));
            }
        }
        if self.http_user.as_ref().is_some_and(|user| user.contains(':')) {
            found.push("`http_user` holds a colon, which HTTP basic authentication cannot carry".to_owned());
        }
        let mut halves = self.content_type.split(';').next().unwrap_or_default().trim().splitn(2, '/');
        let token = |half: Option<&str>| {
            half.is_some_and(|half| {
                !half.is_empty() && half.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
            })
        };
        if !(token(halves.next()) && token(halves.next())) {
            found.push(format!(
                "`content_type` `{}` is not a media type such as application/edi-x12",
                self.content_type
            ));
        }
        found
    }
}

/// The values of the connection file's optional keys.
mod defaults {
    use super::{
        Compression, Encryption, FilenameMode, KeyTransport, MdnMode, SignatureScheme, Signing, TransferEncoding,
    };

    pub(super) const fn encryption() -> Encryption {
        Encryption::Aes128Cbc
    }
    pub(super) const fn key_transport() -> KeyTransport {
        KeyTransport::RsaPkcs1
    }
    pub(super) const fn signing() -> Signing {
        Signing::Sha256
    }
    pub(super) const fn signature_scheme() -> SignatureScheme {
        SignatureScheme::RsaPkcs1
    }
    pub(super) const fn compression() -> Compression {
        Compression::None
    }
    pub(super) const fn mdn() -> MdnMode {
        MdnMode::SyncSigned
    }
    pub(super) const fn receipt_deadline_minutes() -> u32 {
        1440
    }
    pub(super) const fn retire_unused_days() -> u32 {
        30
    }
    pub(super) fn content_type() -> String {
        "application/edi-x12".to_owned()
    }
    pub(super) const fn transfer_encoding() -> TransferEncoding {
        TransferEncoding::Binary
    }
    pub(super) const fn filename() -> FilenameMode {
        FilenameMode::Preserve
    }
    pub(super) fn tls_trust() -> String {
        "system".to_owned()
    }
    pub(super) const fn timeout_seconds() -> u32 {
        60
    }
    pub(super) const fn retries() -> u32 {
        3
    }
}

spelled! {
    /// The receipt (MDN) that is asked for.
    pub enum MdnMode {
        /// None.
        None = "none",
        /// In the answer to the message, unsigned.
        Sync = "sync",
        /// In the answer to the message, signed.
        SyncSigned = "sync-signed",
        /// Posted to us later, unsigned.
        Async = "async",
        /// Posted to us later, signed.
        AsyncSigned = "async-signed",
    }
}

impl MdnMode {
    /// Whether a signature on the receipt is asked for.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::SyncSigned | Self::AsyncSigned)
    }

    /// Whether the receipt comes later, on a connection of its own.
    #[must_use]
    pub const fn is_async(self) -> bool {
        matches!(self, Self::Async | Self::AsyncSigned)
    }

    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Sync => "Unsigned",
            Self::SyncSigned => "Signed",
            Self::Async => "Unsigned, async",
            Self::AsyncSigned => "Signed, async",
        }
    }
}

spelled! {
    /// Content-Transfer-Encoding of the payload's MIME part. HTTP is clean for 8 bits, so binary is the rule (RFC 4130 section 5.2.1).
    pub enum TransferEncoding {
        /// As it is.
        Binary = "binary",
        /// Base64 in lines of 76 characters.
        Base64 = "base64",
    }
}

spelled! {
    /// Whether the payload's file name goes with it.
    pub enum FilenameMode {
        /// As `filename` of the payload's Content-Disposition.
        Preserve = "preserve",
        /// Not sent.
        None = "none",
    }
}

spelled! {
    /// The least security that an inbound message must have.
    pub enum InboundSecurity {
        /// Anything is taken.
        None = "none",
        /// Signed.
        Signed = "signed",
        /// Encrypted.
        Encrypted = "encrypted",
        /// Signed and encrypted.
        SignedEncrypted = "signed-encrypted",
    }
}

spelled! {
    /// How strong the digest and the cipher of an inbound message must be. The order is that of strength.
    #[derive(Default)]
    pub enum InboundStrength {
        /// Whatever can be checked: what is weaker than we send is noted.
        #[default]
        Any = "any",
        /// As strong as what we send, or stronger: what is weaker is refused.
        AsSent = "as-sent",
    }
}

impl InboundStrength {
    /// Whether it asks for nothing: then the connection file need not say so.
    const fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}
