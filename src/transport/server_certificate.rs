//! Looking at a server's certificates: connects, shakes hands, and hangs up. No request is made and nothing is sent.

use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::explain;
use super::failure::{FailureKind, PostFailure, TlsReason};
use super::proxy::ProxyChoice;
use super::trust::{ClientTls, Identity, Trust};
use crate::domain::identifier::Address;

/// The most of a proxy's answer that is read, in bytes.
const MOST_HEAD: usize = 16 * 1024;

/// What a server has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownServer {
    /// `TLS 1.2` or `TLS 1.3`; nothing where none was agreed on.
    pub version: Option<&'static str>,
    /// Its certificates as DER, its own first, at most 16.
    pub chain: Vec<Vec<u8>>,
    /// Why there would be no connection; nothing where there would.
    pub refusal: Option<TlsReason>,
}

/// Looks at the certificates of the server at an address, whether it is trusted or not.
///
/// The same road as a message takes: through the proxy where there is one, showing our certificate where the
/// server asks for it and one is set.
///
/// # Errors
/// Where no connection is made, or the server shows nothing.
pub async fn show_server(
    url: &Address,
    trust: &Trust,
    identity: Option<&Identity>,
    proxy: &ProxyChoice,
    patience: Duration,
) -> Result<ShownServer, PostFailure> {
    show_through(url, trust, identity, patience, || proxy.matcher()).await
}

pub(super) async fn show_through(
    url: &Address,
    trust: &Trust,
    identity: Option<&Identity>,
    patience: Duration,
    proxies: impl FnOnce() -> Matcher + Send,
) -> Result<ShownServer, PostFailure> {
    let setup = |detail: String| PostFailure::before(FailureKind::Setup, detail);
    if !url.is_tls() {
        return Err(setup("the address begins with http://: there is no TLS and no certificate".to_owned()));
    }
    let (trust, identity) = (trust.clone(), identity.cloned());
    let prepared = tokio::task::spawn_blocking(move || ClientTls::prepare(&trust, identity.as_ref())).await;
    let tls = prepared.map_err(|error| setup(error.to_string()))?.map_err(setup)?;
    let late = |_elapsed| PostFailure::before(FailureKind::ConnectTimeout, format!("not within {patience:?}"));
    tokio::time::timeout(patience, look(url, &tls, proxies)).await.map_err(late)?
}

async fn look(
    url: &Address,
    tls: &ClientTls,
    proxies: impl FnOnce() -> Matcher + Send,
) -> Result<ShownServer, PostFailure> {
    let host = url.host().trim_matches(['[', ']']).to_owned();
    let stream = connect(url, &host, proxies).await?;
    let name =
        ServerName::try_from(host).map_err(|error| PostFailure::before(FailureKind::Setup, error.to_string()))?;
    let connector = TlsConnector::from(std::sync::Arc::new(tls.config.clone()));
    match connector.connect(name, stream).await {
        Ok(mut stream) => {
            // It was only looked at; whether it hears us say so does not matter.
            stream.shutdown().await.unwrap_or_default();
            let facts = tls.facts();
            Ok(ShownServer { version: Some(facts.version), chain: facts.chain, refusal: None })
        }
        Err(error) => {
            let chain = tls.chain();
            let reason = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => tls.reason(error),
                None => TlsReason::Closed,
            };
            if chain.is_empty() {
                let detail = error.to_string();
                return Err(PostFailure::before(FailureKind::TlsRefused { reason, chain }, detail));
            }
            Ok(ShownServer { version: None, chain, refusal: Some(reason) })
        }
    }
}

/// A connection to the server, or through the proxy that is for it.
async fn connect(
    url: &Address,
    host: &str,
    proxies: impl FnOnce() -> Matcher + Send,
) -> Result<TcpStream, PostFailure> {
    let proxy_failed = |why: String| PostFailure::before(FailureKind::Proxy, why);
    let through = if url.is_loopback() {
        None
    } else {
        let uri: http::Uri =
            url.as_str().parse().map_err(|error: http::uri::InvalidUri| proxy_failed(error.to_string()))?;
        proxies().intercept(&uri)
    };
    let Some(proxy) = through else { return open(host, url.port()).await };
    let (proxy_host, proxy_port) = (proxy.uri().host().unwrap_or_default(), proxy.uri().port_u16().unwrap_or(80));
    if proxy.uri().scheme_str() != Some("http") {
        let why =
            format!("proxy {proxy_host}:{proxy_port}: only proxies whose address begins with http:// are supported");
        return Err(proxy_failed(why));
    }
    let mut stream = open(proxy_host, proxy_port).await.map_err(|error| proxy_failed(error.detail))?;
    let whither = format!("{}:{}", url.host(), url.port());
    let mut request = format!("CONNECT {whither} HTTP/1.1\r\nHost: {whither}\r\n").into_bytes();
    if let Some(auth) = proxy.basic_auth() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(auth.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(|error| proxy_failed(error.to_string()))?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte: what follows the head belongs to the handshake.
        match stream.read_u8().await {
            Ok(byte) if head.len() < MOST_HEAD => head.push(byte),
            Ok(_) => return Err(proxy_failed("its answer has no end".to_owned())),
            Err(error) => return Err(proxy_failed(error.to_string())),
        }
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    match line.split_whitespace().nth(1) {
        Some(status) if status.starts_with('2') => Ok(stream),
        _ => Err(proxy_failed(format!("the proxy {proxy_host}:{proxy_port} answered `{line}`"))),
    }
}

async fn open(host: &str, port: u16) -> Result<TcpStream, PostFailure> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<_> = found
        .map_err(|error| PostFailure::before(explain::unresolved(&error.to_string()), format!("{host}: {error}")))?
        .collect();
    TcpStream::connect(&addresses[..]).await.map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::ConnectionRefused => FailureKind::Refused,
            std::io::ErrorKind::TimedOut => FailureKind::ConnectTimeout,
            _ => FailureKind::Unreachable,
        };
        PostFailure::before(kind, format!("{host}:{port}: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_rustls::TlsAcceptor;

    use super::super::proxy::NamedProxy;
    use super::super::testing::{Made, issued, self_signed, server};
    use super::*;

    /// A TLS server for one handshake.
    async fn tls_server(made: &Made) -> Address {
        let certified = made.identity.certified().unwrap();
        let resolver = rustls::sign::SingleCertAndKey::from(certified);
        let config = rustls::ServerConfig::builder_with_provider(super::super::trust::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = server(|stream| async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                stream.read_to_end(&mut Vec::new()).await.unwrap_or_default();
            }
        })
        .await;
        format!("https://localhost:{}/as2", address.port()).parse().unwrap()
    }

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_self_signed_server_is_shown_though_it_is_not_trusted_and_trusted_once_pinned() {
        let made = self_signed("localhost", |_| {});
        let pem = String::from_utf8(made.pem.clone()).unwrap();
        let (authority, _) = issued("localhost");
        let shown = show_server(&tls_server(&made).await, &Trust::Pem(authority), None, &ProxyChoice::System, PATIENCE)
            .await
            .unwrap();
        assert_eq!((shown.refusal, shown.version, shown.chain.len()), (Some(TlsReason::SelfSigned), None, 1));
        let trust = Trust::Pem(pem.into_bytes());
        let shown = show_server(&tls_server(&made).await, &trust, None, &ProxyChoice::System, PATIENCE).await.unwrap();
        assert_eq!((shown.refusal, shown.version, shown.chain.len()), (None, Some("TLS 1.3"), 1));
    }

    #[tokio::test]
    async fn what_shows_nothing_is_a_failure_in_words() {
        let silent = server(|stream| async move { drop(stream) }).await;
        let address = format!("https://127.0.0.1:{}/", silent.port()).parse().unwrap();
        let made = self_signed("localhost", |_| {});
        let trust = Trust::Pem(made.pem.clone());
        let failure = show_server(&address, &trust, None, &ProxyChoice::System, PATIENCE).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::TlsRefused { .. }), "{failure}");
        let plain = "http://127.0.0.1:1/".parse().unwrap();
        let failure = show_server(&plain, &trust, None, &ProxyChoice::System, PATIENCE).await.unwrap_err();
        assert!(failure.to_string().contains("http://"), "{failure}");
        let nobody = "https://127.0.0.1:1/".parse().unwrap();
        let failure = show_server(&nobody, &trust, None, &ProxyChoice::System, PATIENCE).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
    }

    #[tokio::test]
    async fn it_goes_through_the_proxy_that_is_for_the_address() {
        let made = self_signed("as2.example.com", |_| {});
        let inner = tls_server(&made).await;
        let proxy = server(move |mut stream| async move {
            let asked = super::super::testing::read_to(&mut stream, b"\r\n\r\n").await;
            assert!(asked.starts_with(b"CONNECT as2.example.com:443 HTTP/1.1\r\n"), "{asked:?}");
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let mut other = TcpStream::connect(("127.0.0.1", inner.port())).await.unwrap();
            tokio::io::copy_bidirectional(&mut stream, &mut other).await.unwrap_or_default();
        })
        .await;
        let proxy = NamedProxy { host: proxy.ip().to_string(), port: proxy.port(), auth: None };
        let address = "https://as2.example.com/as2".parse().unwrap();
        let trust = Trust::Pem(made.pem.clone());
        let shown = show_server(&address, &trust, None, &ProxyChoice::Named(proxy), PATIENCE).await.unwrap();
        assert_eq!((shown.refusal, shown.chain.len()), (None, 1));
    }
}
