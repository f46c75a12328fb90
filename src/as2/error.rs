//! What can go wrong, by whose fault it is.

use std::io;

use super::cipher::{CipherError, Unreadable};
use super::compressed::CompressionError;
use super::multipart::MultipartError;
use super::named::NamedCertificate;
use crate::certificate::ber::BerError;
use crate::domain::disposition::Disposition;

/// Why a message could not be built. All of these are ours to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting asks for something that this version does not do.
    #[error("{0}")]
    Unsupported(String),
    /// The partner's certificate cannot be encrypted for.
    #[error("the partner's certificate cannot be encrypted for: {0}")]
    PartnerKey(String),
    /// Our key cannot sign in the way that is set.
    #[error("our key cannot sign: {0}")]
    OwnKey(String),
    /// The payload has another length than it had when building began.
    #[error("the payload changed while it was being read: {expected} bytes were expected, {found} were found")]
    PayloadChanged {
        /// Length at the beginning, in bytes.
        expected: u64,
        /// Length found, in bytes.
        found: u64,
    },
    /// A cipher could not begin.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// Reading the payload or writing the message failed.
    #[error("reading the payload or writing the message failed: {0}")]
    Io(#[from] io::Error),
}

/// Why a received message or receipt could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The peer's fault: it does not follow the standards.
    #[error("the message cannot be read: {0}")]
    Malformed(String),
    /// The peer's fault, or ours for not having told them: it is encrypted for none of our keys.
    #[error("the message is encrypted for none of our keys (it names {})", listed(recipients))]
    NotForUs {
        /// The recipients it names, up to a handful.
        recipients: Vec<NamedCertificate>,
    },
    /// It names a key of ours but does not decrypt: wrong key behind the name, or changed on the way.
    #[error("the message cannot be decrypted")]
    Undecryptable {
        /// The recipients it names, up to a handful.
        recipients: Vec<NamedCertificate>,
        /// What came of reading on all the same, which is what the sender is told: whoever changes what others have
        /// encrypted must not learn from our answers whether the padding was right, nor whether the key was (RFC 3218
        /// section 2.3.2). The truth is for our own journal.
        told_as: Option<Box<Self>>,
    },
    /// The peer's fault, or that of whoever changed it: it decrypts, and what comes out cannot be read. Its sender is told the
    /// same as where it does not decrypt: where nothing protects the ciphertext, the one may be the other.
    #[error("what was encrypted cannot be read: {0}")]
    Garbled(String),
    /// It cannot be read, and the partner has signed it so: nobody learns from the truth what they have not written.
    #[error("{0}")]
    AsSigned(Box<Self>),
    /// Nobody's fault: it is signed over a digest that this version does not compute.
    #[error("the signature uses the digest {name}, which is not supported")]
    UnknownDigest {
        /// Its name, or its identifier where it has none here.
        name: String,
        /// What the sender is told, where no tag protects what was encrypted.
        told_as: Option<Box<Self>>,
    },
    /// Nobody's fault: it is encrypted in a way that this version does not know.
    #[error("{0}")]
    UnknownEncryption(String),
    /// The peer's fault: what is compressed in it cannot be inflated, or would inflate beyond reason.
    #[error("the message cannot be decompressed: {0}")]
    Decompression(String),
    /// The peer's fault: there is no signature that could be checked where one should be.
    #[error("the signature cannot be read: {0}")]
    Signature(String),
    /// What was signed was changed on its way, so much that it cannot be read any more; with what kept it from that.
    #[error("what was signed is not what arrived: {0}")]
    Altered(String),
    /// Nobody's fault: something this version does not do.
    #[error("{0}")]
    Unsupported(String),
    /// Our fault: reading or writing failed.
    #[error("reading the message or writing the payload failed: {0}")]
    Io(#[source] io::Error),
}

fn listed(recipients: &[NamedCertificate]) -> String {
    recipients.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl OpenError {
    /// The same, with the recipients that the message names where it says nothing of them.
    pub(super) fn naming(self, named: &[NamedCertificate]) -> Self {
        match self {
            Self::Undecryptable { recipients, told_as } if recipients.is_empty() => {
                Self::Undecryptable { recipients: named.to_vec(), told_as }
            }
            other => other,
        }
    }

    /// What the sender is told: it may be less than is known here.
    #[must_use]
    pub fn as_told(&self) -> &Self {
        match self {
            Self::Undecryptable { told_as: Some(told), .. } | Self::UnknownDigest { told_as: Some(told), .. } => {
                told.as_told()
            }
            Self::AsSigned(told) => told.as_told(),
            told => told,
        }
    }

    /// The same of a signature.
    pub(super) fn of_signature(self) -> Self {
        match self {
            Self::Malformed(why) => Self::Signature(why),
            other => other,
        }
    }

    /// The same of what the partner has signed as it is.
    pub(super) fn of_signed(self) -> Self {
        match self {
            Self::Malformed(_) | Self::Unsupported(_) => Self::AsSigned(Box::new(self)),
            other => other,
        }
    }

    /// The same of what nothing protected but a cipher without a tag.
    pub(super) fn of_encrypted(self) -> Self {
        match self {
            Self::Malformed(why) | Self::Unsupported(why) => Self::Garbled(why),
            Self::UnknownDigest { name, told_as: None } => {
                let told = Self::Garbled(format!("its signature uses the digest {name}"));
                Self::UnknownDigest { name, told_as: Some(Box::new(told)) }
            }
            other => other,
        }
    }

    /// What came of reading on where the content key or the padding was wrong. Our own trouble stays what it is.
    pub(super) fn of_undecryptable(self, recipients: &[NamedCertificate]) -> Self {
        match self {
            Self::Io(_) => self,
            told => Self::Undecryptable { recipients: recipients.to_vec(), told_as: Some(Box::new(told)) },
        }
    }

    /// The disposition with which a receipt says it (RFC 4130 section 7.5.4).
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self.as_told() {
            Self::NotForUs { .. } | Self::Undecryptable { .. } | Self::Garbled(_) | Self::UnknownEncryption(_) => {
                Disposition::error("decryption-failed")
            }
            Self::Signature(_) | Self::UnknownDigest { .. } => Disposition::error("authentication-failed"),
            Self::Altered(_) => Disposition::error("integrity-check-failed"),
            // RFC 5402 section 5.
            Self::Decompression(_) => Disposition::error("decompression-failed"),
            Self::Malformed(_) | Self::Unsupported(_) | Self::AsSigned(_) | Self::Io(_) => {
                Disposition::error("unexpected-processing-error")
            }
        }
    }
}

impl From<BerError> for OpenError {
    fn from(error: BerError) -> Self {
        match error {
            BerError::Io(error) => error.into(),
            other => Self::Malformed(other.to_string()),
        }
    }
}

impl From<CipherError> for OpenError {
    fn from(error: CipherError) -> Self {
        match error {
            CipherError::Random => Self::Io(io::Error::other(error)),
            // A key or vector of the wrong size is as good as a wrong key: one answer for all (RFC 3218).
            CipherError::Key | CipherError::Iv => Self::Undecryptable { recipients: Vec::new(), told_as: None },
        }
    }
}

impl From<io::Error> for OpenError {
    /// Errors of the layers travel through readers as [`io::Error`]; here they become themselves again.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::InvalidData {
            return Self::Malformed("a part is not base64 as announced".to_owned());
        }
        let Some(inner) = error.get_ref() else { return Self::Io(error) };
        if inner.is::<Unreadable>() {
            return Self::Undecryptable { recipients: Vec::new(), told_as: None };
        }
        if let Some(compression) = inner.downcast_ref::<CompressionError>() {
            return Self::Decompression(compression.to_string());
        }
        if let Some(multipart) = inner.downcast_ref::<MultipartError>() {
            return Self::Malformed(multipart.to_string());
        }
        match inner.downcast_ref::<BerError>() {
            Some(BerError::Io(_)) | None => Self::Io(error),
            Some(ber) => Self::Malformed(ber.to_string()),
        }
    }
}
