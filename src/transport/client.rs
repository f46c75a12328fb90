//! Posting: one request, its progress, its answer or why there is none.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::connector::Watch;
use super::exchange::{Exchange, Told};
use super::failure::{FailureKind, PostFailure};
use super::file_body::FileBody;
use super::meter::Meter;
use super::proxy::ProxyChoice;
use super::reach::{self, PublicNames, Reach};
use super::trust::{self, ClientTls, Identity, TlsFacts, Trust};
use crate::domain::identifier::Address;

/// What of an answer is read unless something else is asked for, in bytes.
pub const USUAL_ANSWER: u64 = 1024 * 1024;

/// The most headers of an answer. Their length is limited by the client, to about 400 KiB.
const MOST_HEADERS: usize = 256;

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
    /// The headers, in order. Host, Content-Length, User-Agent, Authorization and `Accept: */*` are added by the client.
    pub headers: Vec<(String, String)>,
    /// The file that holds the body.
    pub body: PathBuf,
    /// Its length in bytes; if the file's is another, nothing is sent.
    pub length: u64,
    /// Chunked instead of Content-Length.
    pub chunked: bool,
    /// For connecting as a whole, and after that the longest time in which nothing moves: no piece of the body (128 KiB) is
    /// taken, neither the answer's head nor a piece of its body comes. What the system still holds back is not seen.
    pub timeout: Duration,
    /// User and password, if the partner wants them.
    pub basic_auth: Option<BasicAuth>,
    /// Which servers are trusted, for https.
    pub trust: Trust,
    /// The client certificate, for https, if the partner wants one.
    pub identity: Option<Identity>,
    /// The most of the answer's body, in bytes.
    pub max_answer: u64,
    /// Which proxy it goes through; never one for this very machine.
    pub proxy: ProxyChoice,
    /// Where it may go.
    pub reach: Reach,
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
    /// A further part of the body was handed over; after 256 KiB and then some ten times a second.
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
    /// The last byte was taken from us; none if the answer came before.
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
    /// The body, decoded from chunks, otherwise as it came.
    pub body: Vec<u8>,
    /// Whether all of the request was taken from us when the answer was complete; a server may answer early (401, 413).
    pub whole_sent: bool,
    /// When things happened.
    pub timings: Timings,
    /// What TLS agreed on; none without TLS.
    pub tls: Option<TlsFacts>,
}

/// Posts a file and waits for the answer, whatever its status.
///
/// One connection, HTTP/1.1, no redirect is followed, nothing is repeated, nothing is unpacked, `Expect` is not used. The
/// proxy is what the request says, never for this very machine. TLS 1.2 and 1.3.
///
/// An answer that comes while the body is still being sent is delivered. If the server hangs up right behind it, what counts
/// is which of the two is seen first: the answer, or the break ([`FailureKind::Broken`], and the message cannot have
/// arrived).
///
/// # Errors
/// A [`PostFailure`] says what happened, and whether the partner may have the message.
pub async fn post<F>(request: PostRequest, events: F) -> Result<Answer, PostFailure>
where
    F: Fn(PostEvent) + Send + Sync,
{
    let proxy = request.proxy.clone();
    post_through(request, move || proxy.matcher(), events).await
}

/// `proxies`: which proxy is for which address; asked for this post only, and never for this very machine.
pub(super) async fn post_through<F>(
    request: PostRequest,
    proxies: impl FnOnce() -> Matcher + Send,
    events: F,
) -> Result<Answer, PostFailure>
where
    F: Fn(PostEvent) + Send + Sync,
{
    carry(reqwest::Method::POST, request, proxies, events).await
}

/// One request and its answer. Only a post carries a body.
async fn carry<F>(
    method: reqwest::Method,
    request: PostRequest,
    proxies: impl FnOnce() -> Matcher + Send,
    events: F,
) -> Result<Answer, PostFailure>
where
    F: Fn(PostEvent) + Send + Sync,
{
    let setup = |detail: String| PostFailure::before(FailureKind::Setup, detail);
    let url = reqwest::Url::parse(request.url.as_str()).map_err(|error| setup(error.to_string()))?;
    let headers = headers(&request, &url).map_err(setup)?;
    let proxy = if request.url.is_loopback() {
        None
    } else {
        Proxy::choose(&url, &proxies()).map_err(|why| PostFailure::before(FailureKind::Proxy, why))?
    };
    // A number is connected to without being looked up, and a name by the proxy; any other name is looked at as it is looked up.
    if request.reach == Reach::Public
        && (proxy.is_some() || !matches!(url.host(), Some(url::Host::Domain(_))))
        && let Err(inside) = reach::look(url.host()).await
    {
        return Err(PostFailure::before(FailureKind::Unreachable, format!("{}: {inside}", request.url.host())));
    }
    let meter = Arc::new(Meter::new(request.length));
    let body = if method == reqwest::Method::POST {
        let opened = FileBody::open(&request.body, request.length, !request.chunked, Some(Arc::clone(&meter))).await;
        Some(opened.map_err(|error| PostFailure::before(FailureKind::Body, error.to_string()))?)
    } else {
        None
    };
    let tls = if request.url.is_tls() {
        let (trust, identity) = (request.trust.clone(), request.identity.clone());
        let prepared = tokio::task::spawn_blocking(move || ClientTls::prepare(&trust, identity.as_ref())).await;
        Some(prepared.map_err(|error| setup(error.to_string()))?.map_err(setup)?)
    } else {
        None
    };
    let client = client(&request, tls.as_ref(), proxy.as_ref(), &meter).map_err(setup)?;
    let mut message = reqwest::Request::new(method, url);
    *message.headers_mut() = headers;
    *message.body_mut() = body.map(reqwest::Body::wrap);
    let exchange = Exchange {
        meter,
        tls,
        whither: format!("{}:{}", request.url.host(), request.url.port()),
        proxy: proxy.map(|proxy| proxy.named),
        limit: request.timeout,
        most: request.max_answer,
        events: &events,
        told: Told::default(),
    };
    exchange.run(client.execute(message)).await
}

/// What to get, where, and within which limits; else as [`PostRequest`].
#[derive(Clone, Debug)]
pub struct GetRequest {
    /// Where.
    pub url: Address,
    /// The headers, in order, as of a post.
    pub headers: Vec<(String, String)>,
    /// For connecting, and after that the longest time in which nothing moves.
    pub timeout: Duration,
    /// Which servers are trusted, for https.
    pub trust: Trust,
    /// The most of the answer's body, in bytes.
    pub max_answer: u64,
    /// Which proxy it goes through; never one for this very machine.
    pub proxy: ProxyChoice,
}

/// Gets what is at an address, by the rules of [`post`].
///
/// # Errors
/// As [`post`].
pub async fn get<F>(request: GetRequest, events: F) -> Result<Answer, PostFailure>
where
    F: Fn(PostEvent) + Send + Sync,
{
    let GetRequest { url, headers, timeout, trust, max_answer, proxy } = request;
    let request = PostRequest {
        url,
        headers,
        // There is no body, and without chunks a length would be told.
        body: PathBuf::new(),
        length: 0,
        chunked: true,
        timeout,
        basic_auth: None,
        trust,
        identity: None,
        max_answer,
        proxy: proxy.clone(),
        reach: Reach::Anywhere,
    };
    carry(reqwest::Method::GET, request, move || proxy.matcher(), events).await
}

/// A client for one connection.
fn client(
    request: &PostRequest,
    tls: Option<&ClientTls>,
    proxy: Option<&Proxy>,
    meter: &Arc<Meter>,
) -> Result<reqwest::Client, String> {
    let config = tls.map_or_else(trust::without_tls, |tls| Ok(tls.config.clone()))?;
    let builder = reqwest::Client::builder()
        .http1_only()
        .http1_title_case_headers()
        .http1_max_headers(MOST_HEADERS)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .connect_timeout(request.timeout)
        .connector_layer(Watch(Arc::clone(meter)))
        .tls_backend_preconfigured(config);
    let builder = match proxy {
        Some(proxy) => builder.proxy(proxy.rule.clone()),
        None => builder.no_proxy(),
    };
    let builder = match (request.reach, proxy) {
        (Reach::Public, None) => builder.dns_resolver(PublicNames::new()),
        _ => builder,
    };
    builder.build().map_err(|error| error.to_string())
}

/// The proxy to go through.
struct Proxy {
    /// Host and port, without the password.
    named: String,
    rule: reqwest::Proxy,
}

impl Proxy {
    /// The proxy for an address, if there is one for it, or why it cannot be used.
    fn choose(url: &reqwest::Url, proxies: &Matcher) -> Result<Option<Self>, String> {
        let uri: http::Uri = url.as_str().parse().map_err(|error: http::uri::InvalidUri| error.to_string())?;
        let Some(found) = proxies.intercept(&uri) else { return Ok(None) };
        let named = format!("{}:{}", found.uri().host().unwrap_or_default(), found.uri().port_u16().unwrap_or(80));
        if found.uri().scheme_str() != Some("http") {
            return Err(format!("proxy {named}: only proxies whose address begins with http:// are supported"));
        }
        let mut rule = reqwest::Proxy::all(format!("http://{named}"))
            .map_err(|error| format!("proxy {named}: {}", error.without_url()))?;
        if let Some(auth) = found.basic_auth() {
            rule = rule.custom_http_auth(auth.clone());
        }
        Ok(Some(Self { named, rule }))
    }
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn headers(request: &PostRequest, url: &reqwest::Url) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    // The client would add it as the last one; it belongs first (RFC 9110, 7.2).
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    headers.insert(header::HOST, value("Host", &host)?);
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
