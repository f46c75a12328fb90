//! TLS servers, each with a defect.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use countersign::domain::diagnosis::Blame::{self, Network, Ours, Partner as Theirs};
use countersign::domain::transmission::Verdict::Failed;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::holds;
use crate::exchange::{Partner, Us};

pub(super) const KEYS: &[&str] = &[
    "tls-alert",
    "tls-certificate",
    "tls-cipher",
    "tls-client-certificate",
    "tls-client-certificate-refused",
    "tls-closed",
    "tls-expired",
    "tls-not-pinned",
    "tls-not-tls",
    "tls-not-yet-valid",
    "tls-other",
    "tls-protocol",
    "tls-self-signed",
    "tls-unknown-issuer",
    "tls-unknown-name",
    "tls-wrong-host",
];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut parameters = CertificateParams::new(vec![]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// A server's certificate with its key.
type Own = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn issued(by: &Authority, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Own {
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut parameters);
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, by).unwrap();
    (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
}

fn self_signed() -> Own {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn serving((certificate, key): Own) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

/// A server that takes the handshake as far as it goes, and says the alerts that belong to it.
fn shaking_hands(config: Arc<ServerConfig>) -> Partner {
    with_tls(Partner::raw(move |stream, _| {
        let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        while connection.is_handshaking() && connection.complete_io(stream).is_ok() {}
        connection.complete_io(stream).ok();
        // Whoever closes with bytes unread resets the connection, and its alert is lost.
        stream.shutdown(std::net::Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    }))
}

/// A server that reads the client's greeting and says this.
fn saying(bytes: &'static [u8]) -> Partner {
    with_tls(Partner::raw(move |stream: &mut TcpStream, _| {
        let mut greeting = [0; 4096];
        let read = stream.read(&mut greeting).unwrap_or_default();
        assert!(read > 0);
        stream.write_all(bytes).ok();
        stream.shutdown(std::net::Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    }))
}

fn with_tls(mut partner: Partner) -> Partner {
    partner.url = partner.url.replace("http://", "https://");
    partner
}

/// Sends to a server, trusting an authority.
async fn meets(
    us: &Us,
    partner: &Partner,
    trusted: &Authority,
    more: &str,
    key: &'static str,
    side: Blame,
    remedy: &'static str,
) {
    std::fs::write(us.path("trusted.pem"), trusted.pem()).unwrap();
    let trust = us.path("trusted.pem").display().to_string();
    us.connect(&partner.url, &format!("timeout_seconds = 10\ntls_trust = \"{trust}\"\n{more}")).await;
    holds(&us.send().await, (key, Failed, side, remedy));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_defect_of_a_tls_certificate_leads_to_its_entry() {
    let us = Us::new().await;
    let (ours, others) = (authority("An authority"), authority("Another authority"));
    let year = |from: i32| {
        move |parameters: &mut CertificateParams| {
            parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(from + 1, 1, 1);
        }
    };
    let place = "127.0.0.1";
    for (own, key, side, remedy) in [
        (issued(&ours, place, year(2020)), "tls-expired", Theirs, "renew the certificate of its server"),
        (issued(&ours, place, year(2090)), "tls-not-yet-valid", Ours, "clock is right"),
        (issued(&others, place, |_| {}), "tls-unknown-issuer", Theirs, "the whole chain"),
        (self_signed(), "tls-self-signed", Theirs, "`countersign connection tls partner production --pin SHA256HEX`"),
        (issued(&ours, "as2.example.com", |_| {}), "tls-wrong-host", Ours, "host name"),
        (
            issued(&ours, place, |parameters| {
                parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
            "tls-certificate",
            Theirs,
            "another certificate on its server",
        ),
    ] {
        meets(&us, &shaking_hands(serving(own)), &ours, "", key, side, remedy).await;
    }
    // What was pinned before the server renewed.
    let parameters = CertificateParams::new(vec![place.to_owned()]).unwrap();
    let before = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    meets(&us, &shaking_hands(serving(self_signed())), &before, "", "tls-not-pinned", Ours, "pin it").await;
}

#[derive(Debug)]
struct Nothing;

impl rustls::server::ResolvesServerCert for Nothing {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_which_tls_ends_leads_to_its_entry() {
    let us = Us::new().await;
    let trusted = authority("An authority");
    // A server that has an ECDSA key, and only cipher suites for RSA keys.
    let mut only_rsa = aws_lc_rs::default_provider();
    only_rsa.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let (certificate, key) = issued(&trusted, "127.0.0.1", |_| {});
    let cipherless = ServerConfig::builder_with_provider(Arc::new(only_rsa))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let nothing = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Nothing));
    for (server, key, side, remedy) in [
        (shaking_hands(Arc::new(cipherless)), "tls-cipher", Theirs, "ECDHE and AES-GCM"),
        (shaking_hands(Arc::new(nothing)), "tls-alert", Theirs, "client certificate or an allow-listed address"),
        // What a server says that speaks TLS 1.0 alone, and one that does not know the name.
        (saying(b"\x15\x03\x01\x00\x02\x02\x46"), "tls-protocol", Theirs, "TLS 1.2 or later"),
        (saying(b"\x15\x03\x03\x00\x02\x02\x70"), "tls-unknown-name", Ours, "host name letter by letter"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls-not-tls", Ours, "scheme and port"),
        (saying(b""), "tls-closed", Network, "allow list"),
        // A message that has no place there.
        (saying(b"\x16\x03\x03\x00\x04\x14\x00\x00\x00"), "tls-other", Network, "intercepts TLS"),
    ] {
        meets(&us, &server, &trusted, "", key, side, remedy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_that_is_missing_or_not_accepted() {
    let us = Us::new().await;
    let (trusted, known) = (authority("An authority"), authority("Issuer of client certificates"));
    let mut roots = RootCertStore::empty();
    roots.add(known.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let (certificate, key) = issued(&trusted, "127.0.0.1", |_| {});
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let server = shaking_hands(Arc::new(config));
    meets(&us, &server, &trusted, "", "tls-client-certificate", Ours, "which certificate to show").await;
    let more = "tls_identity = \"us\"";
    meets(&us, &server, &trusted, more, "tls-client-certificate-refused", Ours, "ask it to accept that one").await;
}
