//! What came of one attempt at sending, as plain data.

use crate::domain::algorithm::{Compression, Digest, Encryption, KeyTransport, SignatureScheme, Signing};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::{MdnMode, Profile, Quirks, TransferEncoding};
use crate::domain::disposition::Disposition;
use crate::domain::identifier::{Address, As2Id};
use crate::domain::spelling::spelled;
use crate::domain::transmission::MicComparison;

/// One attempt: what was sent, and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFacts {
    /// What was sent.
    pub request: RequestFacts,
    /// What came back.
    pub answer: AnswerFacts,
}

/// What was sent, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFacts {
    /// The Message-ID with angle brackets.
    pub message_id: String,
    /// `AS2-From`.
    pub our_as2_id: As2Id,
    /// `AS2-To`.
    pub partner_as2_id: As2Id,
    /// Where it was posted.
    pub url: Address,
    /// Content encryption.
    pub encryption: Encryption,
    /// How the content key was wrapped.
    pub key_transport: KeyTransport,
    /// Message digest of the signature.
    pub signing: Signing,
    /// Signature scheme.
    pub signature_scheme: SignatureScheme,
    /// Compression.
    pub compression: Compression,
    /// Transfer encoding of the payload.
    pub transfer_encoding: TransferEncoding,
    /// Media type of the payload.
    pub content_type: String,
    /// The payload's file name, where it was sent.
    pub filename: Option<String>,
    /// Deviations from the standard in force.
    pub quirks: Quirks,
    /// The certificate it was encrypted for.
    pub encrypted_for: Option<Fingerprint>,
    /// Our certificate whose key signed it.
    pub signed_by: Option<Fingerprint>,
    /// Whether a user name and password for HTTP went with it.
    pub http_credentials: bool,
    /// The receipt asked for.
    pub mdn: MdnMode,
    /// The MIC algorithm asked for; nothing where none was named.
    pub receipt_digest: Option<Digest>,
    /// Bytes of the HTTP body.
    pub bytes: u64,
}

impl RequestFacts {
    /// What a profile says of a message, before the particulars of the one message: no certificates, no file name, no
    /// size. A MIC algorithm is asked for where a signed receipt is (RFC 4130 section 7.3), or where it names one.
    #[must_use]
    pub fn of<C>(profile: &Profile<C>, message_id: String) -> Self {
        Self {
            message_id,
            our_as2_id: profile.our_as2_id.clone(),
            partner_as2_id: profile.partner_as2_id.clone(),
            url: profile.url.clone(),
            encryption: profile.encryption,
            key_transport: profile.key_transport,
            signing: profile.signing,
            signature_scheme: profile.signature_scheme,
            compression: profile.compression,
            transfer_encoding: profile.transfer_encoding,
            content_type: profile.content_type.clone(),
            filename: None,
            quirks: profile.quirks.clone(),
            encrypted_for: None,
            signed_by: None,
            http_credentials: profile.http_user.is_some(),
            mdn: profile.mdn,
            receipt_digest: profile.mdn_mic.or_else(|| profile.mdn.is_signed().then(|| profile.receipt_digest())),
            bytes: 0,
        }
    }

    /// Whether a receipt was asked for.
    pub(super) const fn asks_receipt(&self) -> bool {
        !matches!(self.mdn, MdnMode::None)
    }

    /// Whether a MIC is owed: RFC 4130 section 7.4.3 requires it in signed receipts and leaves it open in unsigned ones,
    /// where it is expected if the profile names an algorithm for it.
    pub(super) const fn asks_mic(&self) -> bool {
        self.asks_receipt() && (self.mdn.is_signed() || self.receipt_digest.is_some())
    }

    /// Whether it matters that the MIC of a receipt was not compared: one that is there is a statement, also where nobody
    /// owes it.
    pub(super) const fn misses_mic(&self, receipt: &Receipt) -> bool {
        self.asks_mic() || (self.asks_receipt() && receipt.mic.theirs.is_some())
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerFacts {
    /// It never left: something here went wrong.
    OwnFault {
        /// What went wrong, in words.
        detail: String,
    },
    /// No connection to the partner's server.
    NotConnected {
        /// How it failed.
        kind: ConnectFailure,
        /// What the system said.
        detail: String,
    },
    /// A connection, but no agreement on TLS.
    TlsRefused {
        /// Why.
        reason: TlsRefusal,
        /// What the TLS library said.
        detail: String,
        /// Subjects of the server's certificates, its own first.
        chain: Vec<String>,
    },
    /// The connection broke.
    Broken {
        /// Whether everything had been handed over by then.
        all_bytes_sent: bool,
        /// What the system said.
        detail: String,
    },
    /// Nothing happened for too long.
    Timeout {
        /// Whether everything had been handed over by then.
        all_bytes_sent: bool,
        /// How long was waited.
        seconds: u32,
    },
    /// Something answered, but not in HTTP.
    NotHttp {
        /// Whether everything had been handed over by then.
        all_bytes_sent: bool,
        /// What is wrong with it.
        detail: String,
    },
    /// The user gave it up.
    Cancelled {
        /// Whether everything had been handed over by then.
        all_bytes_sent: bool,
    },
    /// An HTTP answer.
    Http(HttpAnswer),
}

spelled! {
    /// How connecting failed.
    pub enum ConnectFailure {
        /// The host name is not known.
        Resolve = "resolve",
        /// The name server gave no answer.
        ResolveLater = "resolve-later",
        /// Nothing listens at the port.
        Refused = "refused",
        /// No route to the host.
        Unreachable = "unreachable",
        /// No reaction at all.
        ConnectTimeout = "connect-timeout",
        /// The proxy in between did not let it through.
        Proxy = "proxy",
        /// The proxy in between wants a user name and password.
        ProxyPassword = "proxy-password",
    }
}

spelled! {
    /// Why TLS was not agreed on.
    pub enum TlsRefusal {
        /// The server's certificate has ended.
        Expired = "expired",
        /// The server's certificate has not begun.
        NotYetValid = "not-yet-valid",
        /// Its issuer is not trusted here, or an intermediate certificate is missing.
        UnknownIssuer = "unknown-issuer",
        /// It is self-signed and not pinned here.
        SelfSigned = "self-signed",
        /// Another one is pinned here for this server.
        NotPinned = "not-pinned",
        /// It is for another host name.
        WrongHost = "wrong-host",
        /// It has been revoked.
        Revoked = "revoked",
        /// It breaks another rule for certificates.
        Certificate = "certificate",
        /// No TLS version in common.
        Protocol = "protocol",
        /// No cipher suite in common.
        Cipher = "cipher",
        /// The server knows no host of that name.
        UnknownName = "unknown-name",
        /// The server broke off with an alert.
        Alert = "alert",
        /// The server closed the connection in the midst of it.
        Closed = "closed",
        /// What answers does not speak TLS.
        NotTls = "not-tls",
        /// The server wants a certificate from us.
        ClientCertificate = "client-certificate",
        /// The server does not accept our certificate.
        ClientCertificateRefused = "client-certificate-refused",
        /// Anything else.
        Other = "other",
    }
}

/// An HTTP answer and the receipt in it, or the receipt that came later in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The text beside the status.
    pub reason: String,
    /// Its media type, where it names one.
    pub content_type: Option<String>,
    /// Where a redirect points.
    pub location: Option<String>,
    /// The beginning of its body as text.
    pub body_excerpt: String,
    /// The receipt.
    pub receipt: ReceiptFacts,
}

impl HttpAnswer {
    /// Whether the status is in the 200 range, each of which is acceptance (RFC 4130 section 7.6).
    pub(super) const fn accepted(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// The receipt, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptFacts {
    /// None was asked for, none came.
    NotAsked,
    /// It comes later (asynchronous), and may still come.
    Pending,
    /// It was to come later, and its deadline has passed.
    Overdue {
        /// The deadline in minutes after sending.
        minutes: u32,
        /// Something came that nothing proves.
        unproved: bool,
    },
    /// The answer holds none.
    Absent(WhatCame),
    /// There is one, but it cannot be read.
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
    /// There is one.
    Read(Box<Receipt>),
}

/// What came in place of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhatCame {
    /// Nothing.
    Empty,
    /// A web page.
    Html,
    /// Plain text.
    Text,
    /// Another media type.
    Other(String),
    /// More than is taken for a receipt.
    TooLarge,
}

/// A receipt as read, with all that was checked about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whether it is for the message that was sent.
    pub for_this_message: bool,
    /// The Message-ID it names.
    pub original_message_id: Option<String>,
    /// Its signature.
    pub signature: ReceiptSignature,
    /// Its disposition.
    pub disposition: Disposition,
    /// The same as it is written.
    pub disposition_text: Option<String>,
    /// The texts of its `Error`, `Failure` and `Warning` fields (RFC 3798 section 3.2.7).
    pub remarks: Vec<String>,
    /// Its MIC beside ours.
    pub mic: MicComparison,
    /// Why the two cannot be compared, where they cannot.
    pub mic_obstacle: Option<String>,
    /// What came of looking for another way to hash the message, where its MIC is another than ours.
    pub forensics: Option<MicForensics>,
    /// Its part for people.
    pub human_text: Option<String>,
    /// What the partner's software calls itself in it (Reporting-UA).
    pub product: Option<String>,
}

impl Receipt {
    /// Its disposition in the words that it has, where they were kept.
    #[must_use]
    pub fn said(&self) -> String {
        self.disposition_text.clone().unwrap_or_else(|| self.disposition.to_string())
    }
}

/// What came of looking for the way in which a partner came to its MIC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MicForensics {
    /// This is what it hashed, in words.
    Rule(String),
    /// It hashed what was encrypted, in words: whether it can read it is open.
    Undecrypted(String),
    /// It hashed nothing: the content was lost on its side, in words.
    Lost(String),
    /// Nothing that was tried gives its MIC; what was tried, in words.
    NoRule(String),
}

/// The signature of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptSignature {
    /// There is none.
    Unsigned,
    /// It verifies with a certificate that is acceptable.
    Good {
        /// That certificate.
        signer: Fingerprint,
        /// Which of the acceptable ones it is.
        accepted: Acceptance,
    },
    /// No acceptable certificate verifies it.
    UnknownSigner {
        /// The certificate inside the signature, where it holds one that does verify it.
        embedded: Option<EmbeddedCertificate>,
    },
    /// What was signed is not what arrived.
    Broken {
        /// What does not fit.
        detail: String,
    },
    /// It verifies with a certificate that is acceptable, once the line ends of the receipt are turned into those it was
    /// signed with.
    OtherLineEnds,
    /// It is made in a way that cannot be checked here.
    Unsupported {
        /// What is not supported.
        detail: String,
    },
}

spelled! {
    /// Which of the acceptable certificates a receipt was signed with.
    pub enum Acceptance {
        /// The one that we encrypt for at that instant.
        InUse = "in-use",
        /// Another acceptable one.
        OtherAcceptable = "other-acceptable",
    }
}

/// A certificate found inside a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedCertificate {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its subject.
    pub subject: String,
    /// The certificate itself.
    pub der: Vec<u8>,
}

impl ReceiptSignature {
    /// The acceptable certificate that it verifies with.
    #[must_use]
    pub const fn good_with(&self) -> Option<Fingerprint> {
        match self {
            Self::Good { signer, .. } => Some(*signer),
            _ => None,
        }
    }

    /// Whether nobody but the partner can have written what is signed, whatever happened to its line ends.
    #[must_use]
    pub const fn proves_author(&self) -> bool {
        matches!(self, Self::Good { .. } | Self::OtherLineEnds)
    }

    /// The certificate it was made with, as far as it is known.
    #[must_use]
    pub const fn made_with(&self) -> Option<Fingerprint> {
        match self {
            Self::Good { signer, .. } => Some(*signer),
            Self::UnknownSigner { embedded: Some(embedded) } => Some(embedded.fingerprint),
            Self::Unsigned
            | Self::UnknownSigner { embedded: None }
            | Self::Broken { .. }
            | Self::OtherLineEnds
            | Self::Unsupported { .. } => None,
        }
    }
}
