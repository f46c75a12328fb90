//! The protocol (RFC 4130): MIME, CMS, integrity checks and receipts. Bytes in, bytes out; no sockets, no clock.
//!
//! [`OutboundMessage::build`] writes a message as a stream; [`open()`] reads one; [`build_receipt`] and [`read_receipt`]
//! do the same for receipts. What a signature, a receipt or a MIC is worth comes back as a value with all its checks,
//! and whoever called decides.

mod beside;
mod cipher;
mod compressed;
mod content;
mod digest;
mod entity;
mod enveloped;
mod error;
mod gcm;
pub mod headers;
mod key_agreement;
mod key_transport;
mod key_wrap;
mod layers;
mod line_ends;
mod message;
mod mic;
mod mic_forensics;
mod multipart;
mod named;
mod oid;
mod open;
mod opening_streams;
mod receipt;
mod recipients;
mod signed;
mod signed_multipart;
mod signer_info;
mod transfer;
mod walk;

pub use beside::{sha256_beside, written as written_beside};
pub use compressed::CompressionFacts;
pub use digest::{DigestValues, LineEnds};
pub use entity::Entity;
pub use enveloped::{DecryptionKey, EncryptionFacts, EncryptionPlan};
pub use error::{BuildError, OpenError};
pub use layers::{Dissected, EnvelopeFacts, LayerKind, SignatureFacts, dissect};
pub use line_ends::{Fitting, canonical_mic};
pub use message::{Built, OutboundMessage};
pub use mic::{Mic, ReceivedMic};
pub use mic_forensics::{Hashed, MicFindings, MicRule, SentMessage};
pub use named::NamedCertificate;
pub use open::{Layer, Opened, OpeningKeys, filename, open, open_to_answer};
pub use receipt::{BuiltReceipt, MAX_RECEIPT, Receipt, ReceiptContent, ReceiptReading, build_receipt, read_receipt};
pub use recipients::NamedRecipient;
pub use signed::{SignatureCheck, SignatureOutcome, SigningPlan};
