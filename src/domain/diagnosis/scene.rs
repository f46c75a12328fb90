//! What the texts of the knowledge base are filled with, and what is so of an attempt that they ask about.

use super::context::Context;
use super::outcome::{AttemptFacts, RequestFacts};
use super::wording::{instant, literal};
use crate::domain::algorithm::{Compression, Digest, Encryption, KeyTransport, MicalgStyle, SignatureScheme, Signing};
use crate::domain::connection::{GcmContent, TransferEncoding};

/// From this size on a message is large enough to be refused for it.
const LARGE: u64 = 10_000_000;

/// Words for the places in texts, and the conditions of which it is so.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    words: Vec<(&'static str, String)>,
    holds: Vec<&'static str>,
}

impl Scene {
    /// Of an attempt.
    pub(super) fn of(facts: &AttemptFacts, context: &Context) -> Self {
        let request = &facts.request;
        let host = literal(&request.url.host());
        let port = request.url.port();
        Self::with(&context.partner)
            .word("source", context.source())
            .word("at", instant(context.at))
            .word("profile", context.profile.to_string())
            .word("pin", format!("countersign connection tls {} {}", context.connection, context.profile))
            .word("sibling", context.sibling.as_ref().map_or_else(String::new, |other| other.profile.to_string()))
            .word("door", format!("{host} port {port}"))
            .word("host", host)
            .word("size", format!("; this one has {} bytes", request.bytes))
            .word("clock", format!("; it says {}", instant(context.at)))
            .word("encryption", request.encryption.label())
            .word("key_transport", request.key_transport.as_str())
            .asking(request)
    }

    /// With nothing known but the partner.
    pub(super) fn with(partner: &str) -> Self {
        Self::default().word("partner", partner)
    }

    /// A word for a place.
    pub(super) fn word(mut self, place: &'static str, word: impl Into<String>) -> Self {
        self.words.push((place, word.into()));
        self
    }

    /// That something is so.
    pub(super) fn so(mut self, condition: &'static str, holds: bool) -> Self {
        if holds {
            self.holds.push(condition);
        }
        self
    }

    /// The word for a place: the last that was given.
    pub(super) fn filling(&self, place: &str) -> Option<&str> {
        self.words.iter().rev().find(|(known, _)| *known == place).map(|(_, word)| word.as_str())
    }

    /// What is so.
    pub(super) fn holds(&self) -> &[&'static str] {
        &self.holds
    }

    /// What is so of a message as it was sent.
    pub(super) fn asking(self, request: &RequestFacts) -> Self {
        let quirks = &request.quirks;
        let gcm = matches!(request.encryption, Encryption::Aes128Gcm | Encryption::Aes192Gcm | Encryption::Aes256Gcm);
        let compressed = request.compression != Compression::None;
        let base64 = request.transfer_encoding != TransferEncoding::Binary;
        let pss = request.signature_scheme == SignatureScheme::RsaPss;
        let hyphens = quirks.micalg_style == MicalgStyle::Rfc5751;
        let unsigned = request.signing == Signing::None;
        let (sha1, unencrypted) = (request.signing == Signing::Sha1, request.encryption == Encryption::None);
        let triple_des = request.encryption == Encryption::TripleDesCbc;
        self.so("same-id", !quirks.new_message_id_on_retry)
            .so("new-id", quirks.new_message_id_on_retry)
            .so("plain-http", !request.url.is_tls())
            .so("large", request.bytes > LARGE)
            .so("small", request.bytes <= LARGE)
            .so("chunked", quirks.chunked)
            .so("not-chunked", !quirks.chunked)
            .so("compressed", compressed)
            .so("not-compressed", !compressed)
            .so("canonicalised", quirks.canonicalise_mic)
            .so("not-canonicalised", !quirks.canonicalise_mic)
            .so("unsigned", unsigned)
            .so("not-signed", request.signing.digest().is_none())
            .so("sha1", sha1)
            .so("unencrypted", unencrypted)
            .so("3des", triple_des)
            .so("nothing-lacking", !(unsigned || sha1 || unencrypted || triple_des))
            .so("base64", base64)
            .so("algorithm-protection", quirks.cms_algorithm_protection)
            .so("pss", pss)
            .so("hyphens", hyphens)
            .so(
                "nothing-else",
                !(base64 || compressed || quirks.cms_algorithm_protection || quirks.canonicalise_mic || pss || hyphens),
            )
            .so("gcm", gcm)
            .so("not-gcm", !gcm)
            .so("gcm-authenticated", gcm && quirks.gcm_content == GcmContent::AuthEnveloped)
            .so("gcm-enveloped", gcm && quirks.gcm_content != GcmContent::AuthEnveloped)
            .so("oaep", !gcm && request.key_transport != KeyTransport::RsaPkcs1)
            .so("not-sha256", request.receipt_digest.is_some_and(|digest| digest != Digest::Sha256))
            .so("same", request.our_as2_id == request.partner_as2_id)
            .so("different", request.our_as2_id != request.partner_as2_id)
    }
}
