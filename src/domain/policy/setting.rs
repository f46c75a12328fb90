//! What a rule can be about, and the values that each setting takes.

use serde::Serialize;

use crate::domain::algorithm::{Compression, Digest, Encryption, KeyTransport, MicalgStyle, SignatureScheme, Signing};
use crate::domain::certificate::KeyAlgorithm;
use crate::domain::connection::{
    FilenameMode, GcmContent, InboundSecurity, InboundStrength, MdnMode, QuoteAs2Ids, RecipientIdentifierStyle,
    SignatureOid, SignerCertificates, TransferEncoding,
};
use crate::domain::spelling::spelled;

spelled! {
    /// What a rule is about: a key of the connection file, a property of a certificate, or the transport.
    pub enum Setting {
        /// Content encryption.
        Encryption = "encryption",
        /// Whether messages are protected at all on their way: encrypted, or sent over https.
        EncryptionOrTls = "encryption.or_tls",
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
        /// The port of the address to which asynchronous receipts are to be posted.
        MdnUrlPort = "mdn_url.port",
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
        /// Whether what comes in weaker than we send is taken all the same.
        RequireStrength = "require_strength",
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
        /// The port of the address, stated or implied.
        UrlPort = "url.port",
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
        /// Hosts to which receipts may be posted besides that of the address.
        ReceiptHosts = "quirks.receipt_hosts",
        /// The hash inside the signature on the partner's certificate.
        PartnerSignatureHash = "partner_certificate.signature_hash",
        /// The kind of the partner's key.
        PartnerKeyAlgorithm = "partner_certificate.key_algorithm",
        /// The size of the partner's RSA key in bits.
        PartnerRsaBits = "partner_certificate.rsa_bits",
        /// The size of the partner's elliptic curve in bits.
        PartnerEcBits = "partner_certificate.ec_bits",
        /// Whether the partner's certificate is signed with its own key.
        PartnerSelfSigned = "partner_certificate.self_signed",
        /// How many days the partner's certificate is valid in all.
        PartnerValidityDays = "partner_certificate.validity_days",
        /// The scheme of the signature on the partner's certificate.
        PartnerSignatureScheme = "partner_certificate.signature_scheme",
        /// Whether every attribute in the names of the partner's certificate's subject and issuer has a value.
        PartnerNamesComplete = "partner_certificate.names_complete",
        /// Whether the partner's certificate is one for TLS: made for a web server alone.
        PartnerTlsUse = "partner_certificate.tls_use",
        /// The hash inside the signature on our certificate.
        IdentitySignatureHash = "identity_certificate.signature_hash",
        /// The kind of our key.
        IdentityKeyAlgorithm = "identity_certificate.key_algorithm",
        /// The size of our RSA key in bits.
        IdentityRsaBits = "identity_certificate.rsa_bits",
        /// The size of our elliptic curve in bits.
        IdentityEcBits = "identity_certificate.ec_bits",
        /// Whether our certificate is signed with its own key.
        IdentitySelfSigned = "identity_certificate.self_signed",
        /// How many days our certificate is valid in all.
        IdentityValidityDays = "identity_certificate.validity_days",
        /// The scheme of the signature on our certificate.
        IdentitySignatureScheme = "identity_certificate.signature_scheme",
        /// Whether every attribute in the names of our certificate's subject and issuer has a value.
        IdentityNamesComplete = "identity_certificate.names_complete",
        /// Whether our certificate is one for TLS: made for a web server alone or, ours, shown to servers too.
        IdentityTlsUse = "identity_certificate.tls_use",
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

/// The schemes that a signature on a certificate can have, as [`SignatureFacts`] spells those that it knows.
///
/// [`SignatureFacts`]: crate::domain::certificate::SignatureFacts
pub const CERTIFICATE_SCHEMES: [&str; 3] = ["rsa-pkcs1", "rsa-pss", "ecdsa"];

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
        self.parts().map_or_else(|| self.as_str(), |(head, _aspect)| head)
    }

    /// Which property of a certificate it is about, such as `signature_hash`, `rsa_bits` or `validity_days`; of the
    /// address its `port`, of encryption whether TLS will do instead, `or_tls`.
    #[must_use]
    pub fn aspect(self) -> Option<&'static str> {
        self.parts().map(|(_head, aspect)| aspect)
    }

    /// Head and aspect, where it is about a part of something. A quirk is a key of the connection file by itself.
    fn parts(self) -> Option<(&'static str, &'static str)> {
        self.as_str().split_once('.').filter(|(head, _aspect)| *head != "quirks")
    }

    /// Whether a profile's settings tell something of it about what the partner sends, not only about what we send.
    #[must_use]
    pub const fn told_inbound(self) -> bool {
        self.certificate().is_some()
            || matches!(
                self,
                Self::Require | Self::RequireStrength | Self::OurAs2Id | Self::PartnerAs2Id | Self::Identity
            )
    }

    /// Whether it is a key of the connection file, and so the profile's to change.
    #[must_use]
    pub fn is_a_key(self) -> bool {
        self.parts().is_none() && self != Self::Tls
    }

    /// Which certificate it is about, if any.
    #[must_use]
    pub const fn certificate(self) -> Option<CertificateRole> {
        match self {
            Self::PartnerSignatureHash
            | Self::PartnerKeyAlgorithm
            | Self::PartnerRsaBits
            | Self::PartnerEcBits
            | Self::PartnerSelfSigned
            | Self::PartnerValidityDays
            | Self::PartnerSignatureScheme
            | Self::PartnerNamesComplete
            | Self::PartnerTlsUse => Some(CertificateRole::Partner),
            Self::IdentitySignatureHash
            | Self::IdentityKeyAlgorithm
            | Self::IdentityRsaBits
            | Self::IdentityEcBits
            | Self::IdentitySelfSigned
            | Self::IdentityValidityDays
            | Self::IdentitySignatureScheme
            | Self::IdentityNamesComplete
            | Self::IdentityTlsUse => Some(CertificateRole::Identity),
            _ => None,
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
            Self::RequireStrength => Shape::Ordered(spellings!(InboundStrength)),
            Self::Tls => Shape::Ordered(spellings!(TlsLevel)),
            Self::PartnerSignatureScheme | Self::IdentitySignatureScheme => Shape::Words(CERTIFICATE_SCHEMES.to_vec()),
            Self::PartnerKeyAlgorithm | Self::IdentityKeyAlgorithm => Shape::Words(spellings!(KeyAlgorithm)),
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
            | Self::UrlPort
            | Self::MdnUrlPort
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
            | Self::EncryptionOrTls
            | Self::PartnerSelfSigned
            | Self::PartnerNamesComplete
            | Self::PartnerTlsUse
            | Self::IdentitySelfSigned
            | Self::IdentityNamesComplete
            | Self::IdentityTlsUse => Shape::Flag,
            Self::MdnUrl
            | Self::ContentType
            | Self::Subject
            | Self::HttpUser
            | Self::TlsTrust
            | Self::TlsIdentity
            | Self::OurAs2Id
            | Self::PartnerAs2Id
            | Self::Url
            | Self::ReceiptHosts
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
}
