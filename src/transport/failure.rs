//! Why a message was not answered, and whether it may have arrived all the same.

use std::fmt;

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use super::client::Answer;
use super::trust::TlsFacts;

/// How far a post had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No connection yet: preparing, resolving, connecting, TLS.
    BeforeConnect,
    /// Connected, bytes of the request are still ours.
    Sending,
    /// Everything handed over, no answer yet.
    AwaitingAnswer,
    /// The answer's head is there, its body is not complete.
    ReadingAnswer,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BeforeConnect => "before the connection was made",
            Self::Sending => "while sending",
            Self::AwaitingAnswer => "while waiting for the answer",
            Self::ReadingAnswer => "while reading the answer",
        })
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FailureKind {
    /// The answer is longer than we take.
    #[error("the partner's answer is too large")]
    AnswerTooLarge {
        /// What we take, in bytes.
        most: u64,
    },
    /// What came back is not HTTP.
    #[error("what answered is not an HTTP server")]
    BadAnswer,
    /// Our own copy of the message could not be read.
    #[error("our own copy of the message could not be read")]
    Body,
    /// The connection ended too early.
    #[error("the connection was closed before the answer was complete")]
    Broken,
    /// No connection within the time allowed.
    #[error("the partner's server did not take the connection in time")]
    ConnectTimeout,
    /// The proxy of this machine's network did not let us through.
    #[error("the proxy did not make the connection")]
    Proxy,
    /// The proxy of this machine's network wants a user name and password.
    #[error("the proxy wants a user name and password")]
    ProxyPassword,
    /// The answer began and was not whole after twice the time allowed, though something moved.
    #[error("the answer came too slowly")]
    SlowAnswer,
    /// Nobody listens there.
    #[error("the partner's server refused the connection")]
    Refused,
    /// The host name is not known.
    #[error("the partner's host name could not be resolved")]
    Resolve,
    /// Whether the host name is known could not be found out.
    #[error("the name server did not answer")]
    ResolveLater,
    /// The request cannot be made as it was asked for; ours to put right.
    #[error("the request could not be prepared")]
    Setup,
    /// Connected, and then nothing moved for the time allowed. If the whole message had left, the partner may have it.
    #[error("nothing moved on the connection for the time allowed")]
    Timeout,
    /// One of the two sides refused the other in the TLS handshake.
    #[error("no TLS connection: {reason}")]
    TlsRefused {
        /// Why.
        reason: TlsReason,
        /// The server's certificates as DER, its own first, as far as it showed them.
        chain: Vec<Vec<u8>>,
    },
    /// No way to that address.
    #[error("the partner's server cannot be reached")]
    Unreachable,
}

/// Why there was no TLS connection. Displays as a phrase for the reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsReason {
    /// The server ended the handshake with an alert.
    #[error("the server refused with the alert `{0}`")]
    Alert(String),
    /// Another fault of the server's certificate.
    #[error("the server's certificate is not acceptable: {0}")]
    Certificate(String),
    /// The server wants a client certificate that it accepts, ours was refused; by which sign that is known.
    #[error("the server did not accept our client certificate ({0})")]
    ClientCertificateRefused(String),
    /// The server wants a client certificate, and we have none to show.
    #[error("the server wants a client certificate, and none is set (`tls_identity`)")]
    ClientCertificateWanted,
    /// The connection ended during the handshake.
    #[error("the server closed the connection during the TLS handshake")]
    Closed,
    /// The server's certificate has expired.
    #[error("the server's certificate has expired")]
    Expired,
    /// The server ended the handshake before it showed a certificate: nothing that was offered suits it.
    #[error("the server found no cipher suite that it accepts among ours (TLS 1.2 with ECDHE, TLS 1.3)")]
    NoCipherSuite,
    /// What answered does not speak TLS.
    #[error("what answered does not speak TLS; perhaps the address should begin with http:// or the port is another")]
    NotTls,
    /// The server's certificate is not valid yet.
    #[error("the server's certificate is not valid yet")]
    NotYetValid,
    /// Another certificate is pinned for this server.
    #[error("the server's certificate is another than the one that is pinned for it (`tls_trust`)")]
    NotPinned,
    /// Something else.
    #[error("{0}")]
    Other(String),
    /// No common version.
    #[error("the server speaks no version of TLS that we accept (TLS 1.2, TLS 1.3)")]
    ProtocolVersion,
    /// The server's certificate was revoked.
    #[error("the server's certificate has been revoked")]
    Revoked,
    /// The server's certificate is signed by itself and not trusted.
    #[error("the server's certificate is self-signed and not among those trusted (`tls_trust`)")]
    SelfSigned,
    /// The server serves several names and knows none like this.
    #[error("the server knows no host of that name")]
    UnknownName,
    /// The issuer of the server's certificate is not trusted.
    #[error("the server's certificate was issued by nobody whom we trust (`tls_trust`), or an intermediate is missing")]
    UnknownIssuer,
    /// The server's certificate is for another host.
    #[error("the server's certificate is for another host name")]
    WrongName,
}

impl TlsReason {
    /// Puts TLS's error in our words. `chain`: what the server showed; `asked`: it asked for a client certificate;
    /// `shown`: we had one.
    pub(super) fn new(error: &rustls::Error, chain: &[Vec<u8>], asked: bool, shown: bool) -> Self {
        use rustls::Error;
        match error {
            Error::InvalidCertificate(why) => Self::of_certificate(why, chain),
            Error::AlertReceived(AlertDescription::CertificateRequired) => Self::ClientCertificateWanted,
            Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::ProtocolVersion,
            Error::AlertReceived(AlertDescription::InsufficientSecurity) => Self::NoCipherSuite,
            // Before the server has shown a certificate it cannot be about ours (RFC 8446 section 4.1.1).
            Error::AlertReceived(AlertDescription::HandshakeFailure) if chain.is_empty() && !asked => {
                Self::NoCipherSuite
            }
            Error::AlertReceived(AlertDescription::UnrecognisedName) => Self::UnknownName,
            Error::AlertReceived(alert) => {
                let alert = alert.as_str().map_or_else(|| format!("{alert:?}"), str::to_owned);
                match (asked, shown) {
                    (true, false) => Self::ClientCertificateWanted,
                    (true, true) => Self::ClientCertificateRefused(format!("alert `{alert}`")),
                    (false, _) => Self::Alert(alert),
                }
            }
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => Self::ProtocolVersion,
            Error::PeerIncompatible(
                PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon,
            ) => Self::NoCipherSuite,
            Error::InvalidMessage(_) if chain.is_empty() => Self::NotTls,
            Error::NoCertificatesPresented => Self::Certificate("it showed none".into()),
            other => Self::Other(other.to_string()),
        }
    }

    /// The server asked for a client certificate and hung up behind the handshake, before anything of the request had left.
    pub(super) fn hung_up_on_certificate(shown: bool) -> Self {
        if shown {
            Self::ClientCertificateRefused("perhaps: it closed the connection as soon as it had seen it".into())
        } else {
            Self::ClientCertificateWanted
        }
    }

    fn of_certificate(why: &CertificateError, chain: &[Vec<u8>]) -> Self {
        use CertificateError as Why;
        match why {
            Why::Expired | Why::ExpiredContext { .. } => Self::Expired,
            Why::NotValidYet | Why::NotValidYetContext { .. } => Self::NotYetValid,
            Why::Revoked => Self::Revoked,
            Why::NotValidForName | Why::NotValidForNameContext { .. } => Self::WrongName,
            // A self-signed certificate that says of itself that it is a CA's (what OpenSSL makes by default) is refused
            // for that before its issuer is looked for.
            _ if chain.first().is_some_and(|own| is_self_issued(own)) => Self::SelfSigned,
            Why::UnknownIssuer => Self::UnknownIssuer,
            other => Self::Certificate(other.to_string()),
        }
    }
}

/// Whether a certificate names itself as its issuer: only to choose a word, never to trust.
fn is_self_issued(der: &[u8]) -> bool {
    names(der).is_some_and(|(issuer, subject)| issuer == subject)
}

/// The names of a certificate's issuer and of its subject, as they are encoded (RFC 5280, 4.1). Nothing is checked.
pub(super) fn names(der: &[u8]) -> Option<(&[u8], &[u8])> {
    fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
        let (&tag, rest) = der.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (bytes, rest) =
                rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
            (bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some((tag, content, rest))
    }
    let (_, certificate, _) = element(der)?;
    let (_, tbs, _) = element(certificate)?;
    let (tag, _, after) = element(tbs)?;
    let serial = if tag == 0xa0 { after } else { tbs };
    let (_, _, algorithm) = element(serial)?;
    let (_, _, issuer) = element(algorithm)?;
    let (_, issuer, validity) = element(issuer)?;
    let (_, _, subject) = element(validity)?;
    let (_, subject, _) = element(subject)?;
    Some((issuer, subject))
}

/// A post without a whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}, {phase}: {detail}")]
pub struct PostFailure {
    /// What went wrong.
    pub kind: FailureKind,
    /// The particulars, for the reader.
    pub detail: String,
    /// How far it had come.
    pub phase: Phase,
    /// Bytes of the body that were taken from us.
    pub sent_bytes: u64,
    /// Every byte of the body was taken from us.
    pub whole_sent: bool,
    /// What TLS agreed on, if it came so far.
    pub tls: Option<TlsFacts>,
    /// The answer as far as it came, if its head did.
    pub answer: Option<Box<Answer>>,
}

impl PostFailure {
    /// A failure before there was a connection.
    pub(super) fn before(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            phase: Phase::BeforeConnect,
            sent_bytes: 0,
            whole_sent: false,
            tls: None,
            answer: None,
        }
    }

    /// Whether the partner may have the message although nothing (or nothing whole) came back: true as soon as its last
    /// byte was handed over.
    ///
    /// False is certain: a part of the message never left this program, or the server refused us in the handshake.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        self.whole_sent && !matches!(self.kind, FailureKind::TlsRefused { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_issued_is_seen_in_the_names() {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let der = certified.cert.der().to_vec();
        assert!(is_self_issued(&der));
        for length in 0..der.len().min(200) {
            assert!(!is_self_issued(&der[..length]), "cut at {length}");
        }
        let issuer_key = rcgen::KeyPair::generate().expect("a key");
        let mut authority = rcgen::CertificateParams::new(vec![]).expect("parameters");
        authority.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        let issuer = rcgen::Issuer::new(authority, issuer_key);
        let key = rcgen::KeyPair::generate().expect("a key");
        let own = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        assert!(!is_self_issued(own.signed_by(&key, &issuer).expect("signed").der()));
    }

    #[test]
    fn an_alert_after_a_question_is_about_the_client_certificate() {
        let alert = rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);
        assert_eq!(TlsReason::new(&alert, &[], true, false), TlsReason::ClientCertificateWanted);
        assert!(matches!(TlsReason::new(&alert, &[], true, true), TlsReason::ClientCertificateRefused(_)));
        let shown = [vec![0x30, 0]];
        assert!(matches!(TlsReason::new(&alert, &shown, false, false), TlsReason::Alert(name) if !name.is_empty()));
        assert_eq!(TlsReason::new(&alert, &[], false, false), TlsReason::NoCipherSuite);
    }
}
