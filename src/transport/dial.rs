//! From an address to a connection: resolving, connecting, the proxy, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderValue;
use http_body_util::Empty;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::failure::{FailureKind, PostFailure, TlsReason};
use super::meter::{Stream, tls_error};
use super::trust::{ClientTls, TlsFacts};

/// After so long a further address of the same host is tried beside the first (RFC 8305, 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// The most addresses of one host that are tried.
const MOST_ADDRESSES: usize = 8;

/// Where to connect to.
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) uri: http::Uri,
    pub(super) loopback: bool,
}

/// Which proxy to go through.
pub(super) enum ProxyChoice {
    /// What the environment or the system says; never for this very machine.
    System,
    /// This rule, for tests.
    #[cfg(test)]
    Rule(Box<Matcher>),
}

/// A made connection.
pub(super) struct Dialled {
    pub(super) stream: Box<dyn Stream>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) tls: Option<TlsFacts>,
    /// Set where the proxy passes plain requests on: they name the whole address, and may need its password.
    pub(super) forward: Option<Forward>,
    /// The proxy, without its password.
    pub(super) proxy: Option<String>,
}

/// A proxy which passes plain HTTP on (RFC 9112, 3.2.2).
pub(super) struct Forward {
    pub(super) authorization: Option<HeaderValue>,
}

/// Makes the connection. The time limit is the caller's.
pub(super) async fn dial(
    target: &Target,
    choice: &ProxyChoice,
    tls: Option<&ClientTls>,
) -> Result<Dialled, PostFailure> {
    let proxy = match choice {
        ProxyChoice::System if target.loopback => None,
        ProxyChoice::System => Matcher::from_system().intercept(&target.uri),
        #[cfg(test)]
        ProxyChoice::Rule(matcher) => matcher.intercept(&target.uri),
    };
    let Some(proxy) = proxy else {
        let tcp = connect(&target.host, target.port).await?;
        let peer = tcp.peer_addr().ok();
        let (stream, facts) = secure(Box::new(tcp), &target.host, tls).await?;
        return Ok(Dialled { stream, peer, tls: facts, forward: None, proxy: None });
    };
    through(target, &proxy, tls).await
}

async fn through(target: &Target, proxy: &Intercept, tls: Option<&ClientTls>) -> Result<Dialled, PostFailure> {
    let host = proxy.uri().host().unwrap_or_default();
    let named = format!("{host}:{}", proxy.uri().port_u16().unwrap_or(80));
    let failed = |why: &str| PostFailure::before(FailureKind::Proxy, format!("proxy {named}: {why}"));
    if proxy.uri().scheme_str() != Some("http") {
        return Err(failed("only proxies whose address begins with http:// are supported"));
    }
    let tcp = connect(host, proxy.uri().port_u16().unwrap_or(80))
        .await
        .map_err(|failure| failed(&format!("{}: {}", failure.kind, failure.detail)))?;
    let peer = tcp.peer_addr().ok();
    let authorization = proxy.basic_auth().cloned();
    let name = Some(named.clone());
    if tls.is_none() {
        return Ok(Dialled {
            stream: Box::new(tcp),
            peer,
            tls: None,
            forward: Some(Forward { authorization }),
            proxy: name,
        });
    }
    let tunnel = tunnel(tcp, target, authorization).await.map_err(|why| failed(&why))?;
    let (stream, facts) = secure(tunnel, &target.host, tls).await?;
    Ok(Dialled { stream, peer, tls: facts, forward: None, proxy: name })
}

/// A tunnel to the target through a proxy (CONNECT, RFC 9110, 9.3.6).
async fn tunnel(
    tcp: TcpStream,
    target: &Target,
    authorization: Option<HeaderValue>,
) -> Result<Box<dyn Stream>, String> {
    let words = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp)).await.map_err(words)?;
    // Ends by itself with the tunnel.
    drop(tokio::spawn(connection.with_upgrades()));
    let authority = format!("{}:{}", target.host, target.port);
    let mut request =
        http::Request::connect(&authority).header(http::header::HOST, &authority).body(Empty::<Bytes>::new());
    if let (Ok(request), Some(value)) = (&mut request, authorization) {
        request.headers_mut().insert(http::header::PROXY_AUTHORIZATION, value);
    }
    let answer = sender.send_request(request.map_err(|error| error.to_string())?).await.map_err(words)?;
    if !answer.status().is_success() {
        return Err(format!("it answered {} to CONNECT {authority}", answer.status()));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(words)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

async fn secure(
    stream: Box<dyn Stream>,
    host: &str,
    tls: Option<&ClientTls>,
) -> Result<(Box<dyn Stream>, Option<TlsFacts>), PostFailure> {
    let Some(tls) = tls else { return Ok((stream, None)) };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned()).map_err(|error| {
        PostFailure::before(FailureKind::Setup, format!("`{host}` cannot be asked for in TLS: {error}"))
    })?;
    match TlsConnector::from(Arc::clone(&tls.config)).connect(name, stream).await {
        Ok(stream) => {
            let agreed = stream.get_ref().1;
            let facts = TlsFacts {
                version: match agreed.protocol_version() {
                    Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                    _ => "TLS 1.2",
                },
                cipher: agreed
                    .negotiated_cipher_suite()
                    .and_then(|suite| suite.suite().as_str())
                    .unwrap_or("unknown")
                    .to_owned(),
                chain: tls.chain(),
                client_certificate_asked: tls.asked(),
            };
            Ok((Box::new(stream), Some(facts)))
        }
        Err(error) => Err(refused(&error, tls)),
    }
}

/// A failed handshake in our words.
fn refused(error: &io::Error, tls: &ClientTls) -> PostFailure {
    let chain = tls.chain();
    let reason = match tls_error(error) {
        Some(error) => TlsReason::new(&error, &chain, tls.asked(), tls.presents()),
        None => TlsReason::Closed,
    };
    PostFailure::before(FailureKind::TlsRefused { reason, chain }, error.to_string())
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, PostFailure> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => tokio::net::lookup_host((bare, port))
            .await
            .map_err(|error| PostFailure::before(FailureKind::Resolve, format!("`{bare}`: {error}")))?
            .collect(),
    };
    if found.is_empty() {
        return Err(PostFailure::before(FailureKind::Resolve, format!("`{bare}` has no address")));
    }
    first_to_connect(alternating(found)).await
}

/// The addresses with their families by turns, beginning with the resolver's favourite (RFC 8305, 4).
fn alternating(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let leading_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (leading, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| address.is_ipv6() == leading_v6);
    let mut turns = Vec::new();
    let (mut leading, mut other) = (leading.into_iter(), other.into_iter());
    loop {
        let before = turns.len();
        turns.extend(leading.next());
        turns.extend(other.next());
        if turns.len() == before {
            turns.truncate(MOST_ADDRESSES);
            return turns;
        }
    }
}

async fn first_to_connect(addresses: Vec<SocketAddr>) -> Result<TcpStream, PostFailure> {
    let mut waiting = addresses.into_iter();
    let mut running = JoinSet::new();
    let mut failures: Vec<(SocketAddr, io::Error)> = Vec::new();
    if let Some(address) = waiting.next() {
        running.spawn(one(address));
    }
    loop {
        tokio::select! {
            ended = running.join_next() => match ended {
                Some(Ok((_, Ok(stream)))) => return Ok(stream),
                Some(Ok((address, Err(error)))) => {
                    failures.push((address, error));
                    if let Some(next) = waiting.next() {
                        running.spawn(one(next));
                    }
                }
                Some(Err(_)) => {}
                None => return Err(not_connected(&failures)),
            },
            () = tokio::time::sleep(NEXT_ADDRESS), if waiting.len() > 0 => {
                if let Some(next) = waiting.next() {
                    running.spawn(one(next));
                }
            }
        }
    }
}

async fn one(address: SocketAddr) -> (SocketAddr, io::Result<TcpStream>) {
    let attempt = async {
        let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
        // A receipt may take long: firewalls forget connections on which nothing moves.
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        socket.connect(address).await
    };
    (address, attempt.await)
}

fn not_connected(failures: &[(SocketAddr, io::Error)]) -> PostFailure {
    let kind_of = |error: &io::Error| match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Refused,
        io::ErrorKind::TimedOut => FailureKind::ConnectTimeout,
        _ => FailureKind::Unreachable,
    };
    // A refusal says more than a missing route, which is what a machine without IPv6 reports for half the addresses.
    let kind = failures
        .iter()
        .map(|(_, error)| kind_of(error))
        .min_by_key(|kind| match kind {
            FailureKind::Refused => 0,
            FailureKind::ConnectTimeout => 1,
            _ => 2,
        })
        .unwrap_or(FailureKind::Unreachable);
    let detail: Vec<String> = failures.iter().map(|(address, error)| format!("{address}: {error}")).collect();
    PostFailure::before(kind, detail.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let six = ["[::1]:1", "[::2]:1", "[::3]:1"].map(parse);
        let four = ["1.1.1.1:1"].map(parse);
        let mixed = [six.as_slice(), four.as_slice()].concat();
        assert_eq!(alternating(mixed), [six[0], four[0], six[1], six[2]]);
    }
}
