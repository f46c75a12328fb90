//! How messages may differ from what RFC 4130 wants, for partners that need it.

use serde::{Deserialize, Serialize};

use crate::domain::algorithm::MicalgStyle;
use crate::domain::spelling::spelled;

spelled! {
    /// Certificates that travel inside a signature.
    pub enum SignerCertificates {
        /// The signer's own.
        Own = "own",
        /// None.
        None = "none",
        /// The signer's own and its issuers.
        Chain = "chain",
    }
}

spelled! {
    /// How a recipient is named in an encrypted message.
    pub enum RecipientIdentifierStyle {
        /// By issuer and serial number.
        IssuerSerial = "issuer-serial",
        /// By subject key identifier.
        KeyIdentifier = "key-identifier",
    }
}

spelled! {
    /// The algorithm identifier written beside an RSA signature.
    pub enum SignatureOid {
        /// With its digest, such as sha256WithRSAEncryption.
        Combined = "combined",
        /// rsaEncryption alone (RFC 3370 section 3.2).
        Plain = "plain",
    }
}

spelled! {
    /// The CMS structure around AES-GCM content.
    pub enum GcmContent {
        /// AuthEnvelopedData (RFC 5083).
        AuthEnveloped = "auth-enveloped",
        /// EnvelopedData with the tag appended, as several AS2 products write it.
        Enveloped = "enveloped",
    }
}

/// Deviations that a partner needs; each defaults to what RFC 4130 wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quirks {
    /// Spelling of digest names.
    pub micalg_style: MicalgStyle,
    /// Whether the signature carries CMSAlgorithmProtection (RFC 6211).
    pub cms_algorithm_protection: bool,
    /// Certificates inside the signature.
    pub signer_certificates: SignerCertificates,
    /// How the recipient is named.
    pub recipient_identifier: RecipientIdentifierStyle,
    /// Algorithm identifier beside the signature.
    pub signature_oid: SignatureOid,
    /// CMS structure around AES-GCM content.
    pub gcm_content: GcmContent,
    /// Whether the MIC is computed over CRLF line ends, in both directions, and a signature that fits with other line ends
    /// than those that came is let pass.
    pub canonicalise_mic: bool,
    /// Whether a retry gets a new Message-ID.
    pub new_message_id_on_retry: bool,
    /// When AS2 identifiers stand in quotes.
    pub quote_as2_ids: QuoteAs2Ids,
    /// Whether the body is sent chunked instead of with Content-Length.
    pub chunked: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            micalg_style: MicalgStyle::Rfc5751,
            cms_algorithm_protection: true,
            signer_certificates: SignerCertificates::Own,
            recipient_identifier: RecipientIdentifierStyle::IssuerSerial,
            signature_oid: SignatureOid::Combined,
            gcm_content: GcmContent::AuthEnveloped,
            canonicalise_mic: false,
            new_message_id_on_retry: false,
            quote_as2_ids: QuoteAs2Ids::WhenNeeded,
            chunked: false,
        }
    }
}

spelled! {
    /// When AS2 identifiers stand in quotes (RFC 4130 section 6.2).
    pub enum QuoteAs2Ids {
        /// Only those that hold a space, a quote or a backslash.
        WhenNeeded = "when-needed",
        /// All.
        Always = "always",
    }
}
