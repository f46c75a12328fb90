//! Servers, certificates and files for the tests of this room.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

use super::client::{PostEvent, PostRequest};
use super::trust::{Identity, Trust};

/// A certificate with its key.
pub(super) struct Made {
    pub(super) pem: Vec<u8>,
    pub(super) identity: Identity,
}

fn made(certificate: &rcgen::Certificate, key: &KeyPair) -> Made {
    let identity = Identity::from_der(vec![certificate.der().to_vec()], Zeroizing::new(key.serialize_der()));
    Made { pem: certificate.pem().into_bytes(), identity: identity.expect("an identity") }
}

/// A self-signed server's certificate, as OpenSSL makes them: it says of itself that it is a CA's.
pub(super) fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().expect("a key");
    made(&params.self_signed(&key).expect("a certificate"), &key)
}

/// An authority's certificate as PEM, and one that it issued.
pub(super) fn issued(name: &str) -> (Vec<u8>, Made) {
    let mut params = CertificateParams::new(vec![]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Test Authority");
    let authority_key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&authority_key).expect("a certificate").pem().into_bytes();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    let own = own.signed_by(&key, &issuer).expect("a certificate");
    (authority, made(&own, &key))
}

/// A file to post.
pub(super) fn body(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    file
}

/// So long waits a request that is to end in silence.
pub(super) const SOON: Duration = Duration::from_millis(600);

/// A request to this machine with usual settings.
pub(super) fn request(scheme: &str, address: SocketAddr, body: &tempfile::NamedTempFile) -> PostRequest {
    PostRequest {
        url: format!("{scheme}://{address}/as2?partner=a").parse().expect("an address"),
        headers: vec![("AS2-From".into(), "us".into()), ("AS2-To".into(), "\"the partner\"".into())],
        body: body.path().to_owned(),
        length: body.path().metadata().expect("a file").len(),
        chunked: false,
        timeout: Duration::from_secs(20),
        basic_auth: None,
        trust: Trust::System,
        identity: None,
        max_answer: super::client::USUAL_ANSWER,
        proxy: super::proxy::ProxyChoice::System,
        reach: super::reach::Reach::Anywhere,
    }
}

/// A server which does with its first connection what it is told to.
pub(super) async fn server<F>(conversation: impl FnOnce(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send,
{
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = socket.local_addr().expect("an address");
    drop(tokio::spawn(async move {
        let (stream, _) = socket.accept().await.expect("accepted");
        conversation(stream).await;
    }));
    address
}

/// Reads until these bytes have come; returns everything read.
pub(super) async fn read_to(stream: &mut (impl AsyncRead + Unpin), mark: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    let mut searched = 0_usize;
    while !all[searched.saturating_sub(mark.len())..].windows(mark.len()).any(|window| window == mark) {
        searched = all.len();
        match stream.read(&mut piece).await {
            Ok(count @ 1..) => all.extend_from_slice(&piece[..count]),
            _ => break,
        }
    }
    all
}

/// Collects events.
#[derive(Default)]
pub(super) struct Events(pub(super) Mutex<Vec<PostEvent>>);

impl Events {
    pub(super) fn note(&self) -> impl Fn(PostEvent) + Send + Sync {
        |event| self.0.lock().expect("not poisoned").push(event)
    }
}
