//! What a rule can be about, and the values that each setting takes.

use serde::Serialize;

use crate::domain::algorithm::{Compression, Digest, Encryption, KeyTransport, MicalgStyle, SignatureScheme, Signing};
use crate::domain::connection::{
    FilenameMode, GcmContent, InboundSecurity, MdnMode, QuoteAs2Ids, RecipientIdentifierStyle, SignatureOid,
    SignerCertificates, TransferEncoding,
};
use crate::domain::spelling::spelled;

spelled! {
    /// What a rule is about: a key of the connection file, a property of a certificate, or the transport.
    pub enum Setting {
        /// Content encryption.
        Encryption = "encryption",
        /// How the content key is wrapped.
        KeyTransport = "key_transport",
        /// Message digest of the signature.
        Signing = "signing",
        /// Signature scheme for RSA keys.
        SignatureScheme = "signature_scheme",
        /// Compression.
        Compression = "compression",
        /// The receipt that is asked for.
        Mdn = "mdn",
        /// Where asynchronous receipts are to be posted.
        MdnUrl = "mdn_url",
        /// The MIC algorithm asked for, whether stated or taken from signing.
        MdnMic = "mdn_mic",
        /// Minutes until an outstanding asynchronous receipt makes a transmission uncertain.
        ReceiptDeadlineMinutes = "receipt_deadline_minutes",
        /// Media type of the payload.
        ContentType = "content_type",
        /// Transfer encoding of the payload.
        TransferEncoding = "transfer_encoding",
        /// The `Subject` header.
        Subject = "subject",
        /// Whether the payload's file name is sent.
        Filename = "filename",
        /// User name for HTTP basic authentication.
        HttpUser = "http_user",
        /// Which TLS servers are trusted.
        TlsTrust = "tls_trust",
        /// The identity presented to the partner's server.
        TlsIdentity = "tls_identity",
        /// The least security accepted inbound, whether stated or taken from signing and encryption.
        Require = "require",
        /// Seconds without progress after which a transmission is given up.
        TimeoutSeconds = "timeout_seconds",
        /// Automatic retries of daily work.
        Retries = "retries",
        /// Our AS2 identifier.
        OurAs2Id = "our_as2_id",
        /// The partner's AS2 identifier.
        PartnerAs2Id = "partner_as2_id",
        /// Where messages are posted.
        Url = "url",
        /// The identity whose key signs and decrypts.
        Identity = "identity",
        /// Spelling of digest names.
        MicalgStyle = "quirks.micalg_style",
        /// Whether the signature carries CMSAlgorithmProtection (RFC 6211).
        CmsAlgorithmProtection = "quirks.cms_algorithm_protection",
        /// Certificates inside the signature.
        SignerCertificates = "quirks.signer_certificates",
        /// How the recipient is named.
        RecipientIdentifier = "quirks.recipient_identifier",
        /// Algorithm identifier beside the signature.
        SignatureOid = "quirks.signature_oid",
        /// CMS structure around AES-GCM content.
        GcmContent = "quirks.gcm_content",
        /// Whether the MIC of text is computed over CRLF line ends.
        CanonicaliseMic = "quirks.canonicalise_mic",
        /// Whether a retry gets a new Message-ID.
        NewMessageIdOnRetry = "quirks.new_message_id_on_retry",
        /// When AS2 identifiers stand in quotes.
        QuoteAs2Ids = "quirks.quote_as2_ids",
        /// Whether the body is sent chunked.
        Chunked = "quirks.chunked",
        /// The hash inside the signature on the partner's certificate.
        PartnerSignatureHash = "partner_certificate.signature_hash",
        /// The size of the partner's RSA key in bits.
        PartnerRsaBits = "partner_certificate.rsa_bits",
        /// The size of the partner's elliptic curve in bits.
        PartnerEcBits = "partner_certificate.ec_bits",
        /// Whether the partner's certificate is signed with its own key.
        PartnerSelfSigned = "partner_certificate.self_signed",
        /// How many days the partner's certificate is valid in all.
        PartnerValidityDays = "partner_certificate.validity_days",
        /// The hash inside the signature on our certificate.
        IdentitySignatureHash = "identity_certificate.signature_hash",
        /// The size of our RSA key in bits.
        IdentityRsaBits = "identity_certificate.rsa_bits",
        /// The size of our elliptic curve in bits.
        IdentityEcBits = "identity_certificate.ec_bits",
        /// Whether our certificate is signed with its own key.
        IdentitySelfSigned = "identity_certificate.self_signed",
        /// How many days our certificate is valid in all.
        IdentityValidityDays = "identity_certificate.validity_days",
        /// The transport: plain HTTP, TLS, or a version of TLS.
        Tls = "tls",
    }
}

spelled! {
    /// How a transmission is protected on its way, for rules about `tls`. The order is that of strength.
    pub enum TlsLevel {
        /// Not at all.
        Http = "http",
        /// TLS of whatever version.
        Https = "https",
        /// TLS 1.2.
        Tls12 = "tls-1.2",
        /// TLS 1.3.
        Tls13 = "tls-1.3",
    }
}

/// Which certificate a setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateRole {
    /// The partner's, in use at the instant.
    Partner,
    /// That of our identity.
    Identity,
}

/// The values that a setting takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Words in the order of their strength.
    Ordered(Vec<&'static str>),
    /// Words without an order.
    Words(Vec<&'static str>),
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// Any text.
    Text,
}

/// One value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// True or false.
    Flag(bool),
    /// A whole number, in the setting's unit.
    Number(u32),
    /// A word of the connection file, or a text.
    Word(String),
}

impl std::fmt::Display for SettingValue {
    /// As in the connection file, without quotes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// The spellings of all values of an enumeration.
macro_rules! spellings {
    ($name:ident) => {
        $name::ALL.iter().map(|value| value.as_str()).collect()
    };
}

impl Setting {
    /// What findings call it: the key of the connection file, `partner_certificate`, `identity_certificate` or `tls`.
    #[must_use]
    pub fn head(self) -> &'static str {
        match self.certificate() {
            Some(CertificateRole::Partner) => "partner_certificate",
            Some(CertificateRole::Identity) => "identity_certificate",
            None => self.as_str(),
        }
    }

    /// Which property of a certificate it is about: `signature_hash`, `rsa_bits`, `ec_bits`, `self_signed` or
    /// `validity_days`.
    #[must_use]
    pub fn aspect(self) -> Option<&'static str> {
        self.certificate().and_then(|_role| self.as_str().split_once('.')).map(|(_head, tail)| tail)
    }

    /// Which certificate it is about, if any.
    #[must_use]
    pub const fn certificate(self) -> Option<CertificateRole> {
        match self {
            Self::PartnerSignatureHash
            | Self::PartnerRsaBits
            | Self::PartnerEcBits
            | Self::PartnerSelfSigned
            | Self::PartnerValidityDays => Some(CertificateRole::Partner),
            Self::IdentitySignatureHash
            | Self::IdentityRsaBits
            | Self::IdentityEcBits
            | Self::IdentitySelfSigned
            | Self::IdentityValidityDays => Some(CertificateRole::Identity),
            _ => None,
        }
    }

    /// What it is, within a sentence: `encryption`, `the receipt (MDN)`, `our key`.
    #[must_use]
    pub const fn topic(self) -> &'static str {
        match self {
            Self::Encryption => "encryption",
            Self::KeyTransport => "key transport",
            Self::Signing => "signing",
            Self::SignatureScheme => "the signature scheme",
            Self::Compression => "compression",
            Self::Mdn => "the receipt (MDN)",
            Self::MdnMic => "the receipt's MIC",
            Self::Require => "what is accepted inbound",
            Self::PartnerSignatureHash => "the signature on the partner certificate",
            Self::PartnerRsaBits | Self::PartnerEcBits => "the partner's key",
            Self::PartnerSelfSigned => "the partner certificate",
            Self::PartnerValidityDays => "the partner certificate's validity",
            Self::IdentitySignatureHash => "the signature on our certificate",
            Self::IdentityRsaBits | Self::IdentityEcBits => "our key",
            Self::IdentitySelfSigned => "our certificate",
            Self::IdentityValidityDays => "our certificate's validity",
            Self::Tls => "the transport",
            _ => self.as_str(),
        }
    }

    /// The values that it takes.
    #[must_use]
    pub fn shape(self) -> Shape {
        match self {
            Self::Encryption => Shape::Ordered(spellings!(Encryption)),
            Self::Signing => Shape::Ordered(spellings!(Signing)),
            Self::Mdn => Shape::Ordered(spellings!(MdnMode)),
            Self::MdnMic | Self::PartnerSignatureHash | Self::IdentitySignatureHash => {
                Shape::Ordered(spellings!(Digest))
            }
            Self::Require => Shape::Ordered(spellings!(InboundSecurity)),
            Self::Tls => Shape::Ordered(spellings!(TlsLevel)),
            Self::KeyTransport => Shape::Words(spellings!(KeyTransport)),
            Self::SignatureScheme => Shape::Words(spellings!(SignatureScheme)),
            Self::Compression => Shape::Words(spellings!(Compression)),
            Self::TransferEncoding => Shape::Words(spellings!(TransferEncoding)),
            Self::Filename => Shape::Words(spellings!(FilenameMode)),
            Self::MicalgStyle => Shape::Words(spellings!(MicalgStyle)),
            Self::SignerCertificates => Shape::Words(spellings!(SignerCertificates)),
            Self::RecipientIdentifier => Shape::Words(spellings!(RecipientIdentifierStyle)),
            Self::SignatureOid => Shape::Words(spellings!(SignatureOid)),
            Self::GcmContent => Shape::Words(spellings!(GcmContent)),
            Self::QuoteAs2Ids => Shape::Words(spellings!(QuoteAs2Ids)),
            Self::ReceiptDeadlineMinutes
            | Self::TimeoutSeconds
            | Self::Retries
            | Self::PartnerRsaBits
            | Self::PartnerEcBits
            | Self::PartnerValidityDays
            | Self::IdentityRsaBits
            | Self::IdentityEcBits
            | Self::IdentityValidityDays => Shape::Number,
            Self::CmsAlgorithmProtection
            | Self::CanonicaliseMic
            | Self::NewMessageIdOnRetry
            | Self::Chunked
            | Self::PartnerSelfSigned
            | Self::IdentitySelfSigned => Shape::Flag,
            Self::MdnUrl
            | Self::ContentType
            | Self::Subject
            | Self::HttpUser
            | Self::TlsTrust
            | Self::TlsIdentity
            | Self::OurAs2Id
            | Self::PartnerAs2Id
            | Self::Url
            | Self::Identity => Shape::Text,
        }
    }

    /// Whether `value` is as strong as `least`, or stronger. A mode of encryption or of a receipt's way makes no
    /// difference: AES-128 in GCM is as strong as in CBC, an asynchronous signed receipt as a synchronous one.
    #[must_use]
    pub fn at_least(self, value: &SettingValue, least: &SettingValue) -> bool {
        match (value, least) {
            (SettingValue::Number(value), SettingValue::Number(least)) => value >= least,
            (SettingValue::Word(value), SettingValue::Word(least)) if self == Self::Require => {
                // Signed and encrypted do not outrank each other: each demand must be met by itself.
                let parts = |word: &str| (word.contains("signed"), word.contains("encrypted"));
                let ((signed, encrypted), (must_sign, must_encrypt)) = (parts(value), parts(least));
                (signed || !must_sign) && (encrypted || !must_encrypt)
            }
            (SettingValue::Word(value), SettingValue::Word(least)) => {
                match (self.strength(value), self.strength(least)) {
                    (Some(value), Some(least)) => value >= least,
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The rank of a word, for settings whose words have an order.
    #[must_use]
    pub fn strength(self, word: &str) -> Option<u32> {
        match self {
            Self::Encryption => word.parse().ok().map(Encryption::strength),
            Self::Mdn => word.parse().ok().map(|mode: MdnMode| match mode {
                MdnMode::None => 0,
                MdnMode::Sync | MdnMode::Async => 1,
                MdnMode::SyncSigned | MdnMode::AsyncSigned => 2,
            }),
            _ => match self.shape() {
                Shape::Ordered(words) => {
                    words.iter().position(|known| *known == word).and_then(|rank| u32::try_from(rank).ok())
                }
                _ => None,
            },
        }
    }

    /// A value in the words people use: `3DES`, `SHA-256`, `RSA 2048`.
    #[must_use]
    pub fn label(self, value: &SettingValue) -> String {
        match (self, value) {
            (_, SettingValue::Word(word)) => self.word_label(word),
            (Self::PartnerRsaBits | Self::IdentityRsaBits, SettingValue::Number(bits)) => format!("RSA {bits}"),
            (Self::PartnerEcBits | Self::IdentityEcBits, SettingValue::Number(bits)) => format!("EC P-{bits}"),
            (Self::PartnerValidityDays | Self::IdentityValidityDays, SettingValue::Number(days)) => {
                format!("{days} days")
            }
            (Self::ReceiptDeadlineMinutes, SettingValue::Number(minutes)) => format!("{minutes} min"),
            (Self::TimeoutSeconds, SettingValue::Number(seconds)) => format!("{seconds} s"),
            (_, SettingValue::Number(number)) => number.to_string(),
            (Self::PartnerSelfSigned | Self::IdentitySelfSigned, SettingValue::Flag(flag)) => {
                if *flag { "self-signed" } else { "not self-signed" }.to_owned()
            }
            (_, SettingValue::Flag(flag)) => if *flag { "on" } else { "off" }.to_owned(),
        }
    }

    fn word_label(self, word: &str) -> String {
        let known = match self {
            Self::Encryption => word.parse().ok().map(Encryption::label),
            Self::Signing => word.parse().ok().map(Signing::label),
            Self::Mdn => word.parse().ok().map(MdnMode::label),
            Self::MdnMic | Self::PartnerSignatureHash | Self::IdentitySignatureHash => {
                word.parse().ok().map(Digest::label)
            }
            Self::KeyTransport | Self::SignatureScheme => match word {
                "rsa-pkcs1" => Some("RSA PKCS #1 v1.5"),
                "rsa-oaep-sha1" => Some("RSA-OAEP SHA-1"),
                "rsa-oaep-sha256" => Some("RSA-OAEP SHA-256"),
                "rsa-oaep-sha384" => Some("RSA-OAEP SHA-384"),
                "rsa-oaep-sha512" => Some("RSA-OAEP SHA-512"),
                "rsa-pss" => Some("RSA-PSS"),
                _ => None,
            },
            Self::Compression | Self::Require => match word {
                "none" => Some("None"),
                "before-signing" => Some("Before signing"),
                "after-signing" => Some("After signing"),
                "signed" => Some("Signed"),
                "encrypted" => Some("Encrypted"),
                "signed-encrypted" => Some("Signed and encrypted"),
                _ => None,
            },
            Self::Tls => match word {
                "tls-1.2" => Some("TLS 1.2"),
                "tls-1.3" => Some("TLS 1.3"),
                _ => None,
            },
            _ => None,
        };
        known.map_or_else(|| word.to_owned(), str::to_owned)
    }
}
