//! Posting: one request, its progress, its answer or why there is none.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::dial::{self, Dialled, ProxyChoice, Target};
use super::exchange::Exchange;
use super::failure::{FailureKind, PostFailure};
use super::file_body::FileBody;
use super::meter::Meter;
use super::trust::{ClientTls, Identity, TlsFacts, Trust};
use crate::domain::identifier::Address;

/// What of an answer is read unless something else is asked for, in bytes.
pub const USUAL_ANSWER: u64 = 1024 * 1024;

/// A user's name and password for HTTP's basic authentication (RFC 7617).
#[derive(Clone)]
pub struct BasicAuth {
    /// The name; without a colon.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for BasicAuth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BasicAuth({}, password hidden)", self.user)
    }
}

/// What to post, where, and within which limits.
#[derive(Clone, Debug)]
pub struct PostRequest {
    /// Where to.
    pub url: Address,
    /// The headers, in order. Host, Content-Length, User-Agent and Authorization are added by the client.
    pub headers: Vec<(String, String)>,
    /// The file that holds the body.
    pub body: PathBuf,
    /// Its length in bytes; if the file's is another, nothing is sent.
    pub length: u64,
    /// Chunked instead of Content-Length.
    pub chunked: bool,
    /// For connecting as a whole, and after that the longest time in which nothing moves.
    pub timeout: Duration,
    /// User and password, if the partner wants them.
    pub basic_auth: Option<BasicAuth>,
    /// Which servers are trusted, for https.
    pub trust: Trust,
    /// The client certificate, for https, if the partner wants one.
    pub identity: Option<Identity>,
    /// The most of the answer's body, in bytes.
    pub max_answer: u64,
}

/// What happens on the way. Times are milliseconds since the post began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostEvent {
    /// The connection is made.
    Connected {
        /// When.
        ms: u64,
        /// What TLS agreed on; none without TLS.
        tls: Option<TlsFacts>,
        /// The address reached: the partner's, or the proxy's.
        peer: Option<SocketAddr>,
        /// The proxy gone through, as host and port.
        proxy: Option<String>,
    },
    /// A further part of the body was handed over; about every 256 KiB.
    Progress {
        /// Bytes of the body so far.
        bytes: u64,
    },
    /// The last byte was handed over.
    Sent {
        /// When.
        ms: u64,
        /// Bytes of the body.
        bytes: u64,
    },
    /// The answer's head is there.
    Answered {
        /// When.
        ms: u64,
        /// Its status.
        status: u16,
    },
}

/// When things happened, since the post began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// The connection was made, TLS included.
    pub connected: Duration,
    /// The last byte had left; none if the answer came before.
    pub sent: Option<Duration>,
    /// The answer's head was there.
    pub answered: Duration,
    /// The answer was complete.
    pub finished: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The words after it, as sent; may be empty.
    pub reason: String,
    /// The headers in order, names in lower case, those of one name together.
    pub headers: Vec<(String, String)>,
    /// The head as it came, up to 64 KiB; interim answers (1xx) are left out.
    pub raw_head: Vec<u8>,
    /// The body, decoded from chunks, otherwise as it came.
    pub body: Vec<u8>,
    /// Whether all of the request had left when the answer was complete; a server may answer early (401, 413).
    pub whole_sent: bool,
    /// When things happened.
    pub timings: Timings,
    /// What TLS agreed on; none without TLS.
    pub tls: Option<TlsFacts>,
}

/// Posts a file and waits for the answer, whatever its status.
///
/// One connection, HTTP/1.1, no redirect is followed, nothing is repeated, nothing is unpacked, `Expect` is not used. The
/// proxy is the system's, never for this very machine. TLS 1.2 and 1.3.
///
/// # Errors
/// A [`PostFailure`] says what happened, and whether the partner may have the message.
pub async fn post<F>(request: PostRequest, events: F) -> Result<Answer, PostFailure>
where
    F: Fn(PostEvent) + Send + Sync,
{
    post_through(request, &ProxyChoice::System, events).await
}

pub(super) async fn post_through<F>(request: PostRequest, proxy: &ProxyChoice, events: F) -> Result<Answer, PostFailure>
where
    F: Fn(PostEvent) + Send + Sync,
{
    let setup = |detail: String| PostFailure::before(FailureKind::Setup, detail);
    let meter = Arc::new(Meter::new());
    let target = target(&request.url).map_err(setup)?;
    let mut headers = headers(&request, &target).map_err(setup)?;
    let body = FileBody::open(&request.body, request.length, !request.chunked, Some(Arc::clone(&meter)))
        .await
        .map_err(|error| PostFailure::before(FailureKind::Body, error.to_string()))?;

    let tls = if request.url.is_tls() {
        let (trust, identity) = (request.trust.clone(), request.identity.clone());
        let prepared = tokio::task::spawn_blocking(move || ClientTls::prepare(&trust, identity.as_ref())).await;
        Some(prepared.map_err(|error| setup(error.to_string()))?.map_err(setup)?)
    } else {
        None
    };
    let dialled = tokio::time::timeout(request.timeout, dial::dial(&target, proxy, tls.as_ref())).await.map_err(
        |_elapsed| {
            let detail = format!("{}:{} within {:?}", target.host, target.port, request.timeout);
            PostFailure::before(FailureKind::ConnectTimeout, detail)
        },
    )??;
    let Dialled { stream, peer, tls: facts, forward, proxy } = dialled;
    let connected = meter.elapsed();
    meter.moved();
    events(PostEvent::Connected { ms: millis(connected), tls: facts.clone(), peer, proxy });

    let uri = match forward {
        Some(forward) => {
            if let Some(value) = forward.authorization {
                headers.insert(header::PROXY_AUTHORIZATION, value);
            }
            target.uri.clone()
        }
        None => origin_form(&target.uri),
    };
    let mut message = http::Request::new(body);
    *message.method_mut() = http::Method::POST;
    *message.uri_mut() = uri;
    *message.headers_mut() = headers;

    let exchange = Exchange { meter, tls, facts, connected, limit: request.timeout, most: request.max_answer };
    exchange.run(stream, message, &events).await
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn target(address: &Address) -> Result<Target, String> {
    // Through `url`, which writes international host names and odd paths as HTTP wants them.
    let url = url::Url::parse(address.as_str()).map_err(|error| error.to_string())?;
    let uri = url.as_str().parse().map_err(|error: http::uri::InvalidUri| error.to_string())?;
    Ok(Target { host: address.host(), port: address.port(), uri, loopback: address.is_loopback() })
}

fn origin_form(uri: &http::Uri) -> http::Uri {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| http::uri::PathAndQuery::from_static("/"));
    http::Uri::from(path)
}

fn headers(request: &PostRequest, target: &Target) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let host = target.uri.authority().map_or(target.host.as_str(), http::uri::Authority::as_str);
    headers.insert(header::HOST, value("Host", host)?);
    for (name, text) in &request.headers {
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_invalid| {
            format!(
                "`{}` cannot be the name of a header",
                name.escape_debug().to_string().chars().take(80).collect::<String>()
            )
        })?;
        match parsed {
            header::HOST => drop(headers.insert(header::HOST, value(name, text)?)),
            header::CONTENT_LENGTH if text.trim().parse() == Ok(request.length) => {}
            header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION | header::EXPECT | header::TE => {
                return Err(format!("the header `{name}` is set by the client itself"));
            }
            header::AUTHORIZATION if request.basic_auth.is_some() => {
                return Err("there is an `Authorization` header beside the user and password".into());
            }
            parsed => drop(headers.append(parsed, value(name, text)?)),
        }
    }
    if let Some(auth) = &request.basic_auth {
        if auth.user.contains(':') {
            return Err("the user's name holds a colon, which basic authentication cannot carry (RFC 7617, 2)".into());
        }
        let pair = Zeroizing::new(format!("{}:{}", auth.user, auth.password.as_str()));
        let text = Zeroizing::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(&*pair)));
        let mut value = value("Authorization", &text)?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    if !headers.contains_key(header::USER_AGENT) {
        headers
            .insert(header::USER_AGENT, HeaderValue::from_static(concat!("Countersign/", env!("CARGO_PKG_VERSION"))));
    }
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if !request.chunked {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(request.length));
    }
    Ok(headers)
}

fn value(name: &str, text: &str) -> Result<HeaderValue, String> {
    // No value in the message: it may be a secret.
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_invalid| format!("the value of the header `{name}` holds a line end or another control character"))
}

#[cfg(test)]
mod tests;
