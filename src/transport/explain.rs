//! The HTTP client's errors in our words.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter::successors;

use rustls::{CertificateError, OtherError};

use super::failure::{FailureKind, TlsReason};
use super::reach::Inside;
use super::trust::ClientTls;

/// An error with all that it was caused by. An `io::Error` passes over what it wraps, so that is looked up by hand.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// The outermost kind is the one that was meant; inner ones may be of a wrapped error.
fn io_kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).find(|kind| {
        // What wraps an error of another library has no kind of its own.
        *kind != ErrorKind::Other
    })
}

/// What happened, without the client's own frame of words and without the address, which may hold secrets in its query.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let frame = cause.is::<reqwest::Error>() || cause.is::<hyper_util::client::legacy::Error>();
        let text = cause.to_string();
        if !frame && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    if parts.is_empty() { "the HTTP client gives no reason".to_owned() } else { parts.join(": ") }
}

/// Whether a host name is not known, or whether that could not be found out: the system's resolver has one error for both
/// (EAI_NONAME, EAI_AGAIN) and tells them apart in words alone.
pub(super) fn unresolved(said: &str) -> FailureKind {
    let said = said.to_ascii_lowercase();
    // glibc and macOS, musl, Windows (WSATRY_AGAIN).
    let later = ["temporary failure in name resolution", "try again", "os error 11002"];
    if later.iter().any(|words| said.contains(words)) { FailureKind::ResolveLater } else { FailureKind::Resolve }
}

/// What TLS says, without the names that its library has for what it found in a certificate.
fn in_words(why: &rustls::Error) -> String {
    match why {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(found))) => {
            let found = found.to_string();
            let words = match found.as_str() {
                "CaUsedAsEndEntity" => {
                    "it is marked as a certificate authority's (CA:TRUE), and no certificate that is trusted here vouches for it"
                }
                _ => found.as_str(),
            };
            format!("invalid peer certificate: {words}")
        }
        why => why.to_string(),
    }
}

/// Why there is no connection. `whither`: host and port of the partner; `proxy`: those of the proxy, if there is one.
pub(super) fn not_connected(
    error: &reqwest::Error,
    whither: &str,
    proxy: Option<&str>,
    tls: Option<&ClientTls>,
) -> (FailureKind, String) {
    let refused = |reason: TlsReason, tls: &ClientTls| FailureKind::TlsRefused { reason, chain: tls.chain() };
    if let (Some(why), Some(tls)) = (find::<rustls::Error>(error), tls) {
        return (refused(tls.reason(why), tls), format!("{whither}: {}", in_words(why)));
    }
    let io = io_kind(error);
    let kind = match (proxy, io) {
        _ if error.is_timeout() => FailureKind::ConnectTimeout,
        _ if find::<Inside>(error).is_some() => FailureKind::Unreachable,
        (Some(_), _) if words(error).contains("proxy authorization required") => FailureKind::ProxyPassword,
        (Some(_), _) => FailureKind::Proxy,
        _ if error.is_dns() => unresolved(&words(error)),
        (None, Some(ErrorKind::ConnectionRefused)) => FailureKind::Refused,
        (
            None,
            Some(
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe,
            ),
        ) if let Some(tls) = tls => refused(TlsReason::Closed, tls),
        (None, Some(_)) => FailureKind::Unreachable,
        // Nothing of the network is in it: the client did not take the request.
        (None, None) => FailureKind::Setup,
    };
    let detail = match proxy {
        Some(proxy) => format!("{whither} through the proxy {proxy}: {}", words(error)),
        None => format!("{whither}: {}", words(error)),
    };
    (kind, detail)
}

/// Why there is no whole answer although there was a connection. `sent`: the whole body was taken; `answered`: the answer's
/// head came.
pub(super) fn broken(
    error: &(dyn Error + 'static),
    tls: Option<&ClientTls>,
    sent: bool,
    answered: bool,
) -> (FailureKind, String) {
    // In TLS 1.3 the server judges our certificate after we have begun to send (RFC 8446, 4.4.2.4).
    if let Some(tls) = tls
        && tls.asked()
        && !answered
    {
        let chain = tls.chain();
        let refused = |reason, why: String| (FailureKind::TlsRefused { reason, chain: chain.clone() }, why);
        if let Some(why @ rustls::Error::AlertReceived(_)) = find::<rustls::Error>(error) {
            return refused(TlsReason::new(why, &chain, true, tls.presents()), why.to_string());
        }
        // The server was so quick that the connection had ended before it was given the request: the HTTP client then
        // keeps no cause, so the alert is lost.
        let never_began = |error: &hyper::Error| error.is_canceled() || error.is_closed();
        if !sent && find::<hyper::Error>(error).is_some_and(never_began) {
            return refused(TlsReason::hung_up_on_certificate(tls.presents()), words(error));
        }
    }
    if !answered && find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return (FailureKind::BadAnswer, words(error));
    }
    let what = if answered {
        "the connection ended in the middle of the answer"
    } else {
        "the connection ended without an answer"
    };
    let hint = match tls {
        Some(tls) if !answered && tls.asked() && !tls.presents() => {
            "; the server had asked for a client certificate, and none is set (`tls_identity`)"
        }
        // Its answer, if it gave one, is lost: the break was seen first.
        Some(tls) if !answered && !sent && tls.asked() => {
            "; perhaps the server did not accept our client certificate, or refused the message unread"
        }
        _ if !answered && !sent => "; perhaps the server refused it unread, as too large or without permission",
        _ => "",
    };
    (FailureKind::Broken, format!("{what} ({}){hint}", words(error)))
}

/// Whether a connection just ended, without TLS's word that it is the end (close_notify, RFC 8446, 6.1).
pub(super) fn is_bare_end(error: &reqwest::Error) -> bool {
    io_kind(error) == Some(ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::super::trust::Trust;
    use super::*;

    #[tokio::test]
    async fn a_server_that_hangs_up_before_the_request_has_refused_our_certificate() {
        let (near, far) = tokio::io::duplex(64);
        let io = hyper_util::rt::TokioIo::new(near);
        let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, String>(io).await.expect("HTTP");
        drop((connection, far));
        let error = sender.send_request(http::Request::new(String::new())).await.expect_err("there is no connection");
        let made = super::super::testing::self_signed("127.0.0.1", |_| ());
        let trust = Trust::Pem(made.pem.clone());
        for (identity, refused) in [
            (None, TlsReason::ClientCertificateWanted),
            (Some(&made.identity), TlsReason::hung_up_on_certificate(true)),
        ] {
            let tls = ClientTls::prepare(&trust, identity).expect("a configuration");
            assert_eq!(broken(&error, Some(&tls), false, false).0, FailureKind::Broken, "nothing was asked for");
            tls.config.client_auth_cert_resolver.resolve(&[], &[]);
            let (kind, _) = broken(&error, Some(&tls), false, false);
            assert_eq!(kind, FailureKind::TlsRefused { reason: refused, chain: vec![] });
            assert_eq!(broken(&error, Some(&tls), true, false).0, FailureKind::Broken, "the request had left");
        }
    }

    #[test]
    fn a_name_that_is_not_known_is_told_from_a_name_server_that_does_not_answer() {
        for said in [
            "failed to lookup address information: Temporary failure in name resolution",
            "failed to lookup address information: Try again",
            "This is usually a temporary error during hostname resolution (os error 11002)",
        ] {
            assert_eq!(unresolved(said), FailureKind::ResolveLater, "{said}");
        }
        let unknown = "failed to lookup address information: Name or service not known";
        assert_eq!(unresolved(unknown), FailureKind::Resolve);
    }
}
