//! Whom a TLS server must be to be trusted, who we are to it, and what was agreed.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use zeroize::Zeroizing;

use super::failure::{TlsReason, names};

/// The most PEM that is read for trust or for an identity's chain, in bytes.
const MOST_PEM: usize = 4 * 1024 * 1024;

/// The most certificates of a server that are kept to be shown.
const MOST_SHOWN: usize = 16;

/// How long the machine's roots are used before they are read again.
const ROOTS_KEPT: Duration = Duration::from_secs(600);

/// Which servers are trusted.
#[derive(Clone, PartialEq, Eq)]
pub enum Trust {
    /// Those which the machine trusts.
    System,
    /// Those with one of the certificates in this PEM text, and no others.
    ///
    /// A server that shows exactly one of them is that server: another host name, a missing issuer or a CA's certificate
    /// as its own is then no obstacle (self-signed servers), its dates still count. Any other server must show a chain
    /// that leads to one of them, with the right host name.
    Pem(Vec<u8>),
}

impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => formatter.write_str("System"),
            Self::Pem(pem) => write!(formatter, "Pem({} bytes)", pem.len()),
        }
    }
}

/// A certificate chain with its key, to show to the other side.
#[derive(Clone)]
pub struct Identity {
    chain: Vec<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({} certificates, key hidden)", self.chain.len())
    }
}

/// Why a chain and a key are no identity. Ours to put right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No certificate was found.
    #[error("there is no certificate in what was given for TLS: {0}")]
    NoCertificate(String),
    /// The key cannot be used.
    #[error("the private key given for TLS cannot be used: {0}")]
    Key(String),
}

impl Identity {
    /// From DER: the own certificate first, then those above it; the key as PKCS #8, PKCS #1 or SEC 1.
    ///
    /// # Errors
    /// If there is no certificate. Whether the key belongs to it is found when it is used.
    pub fn from_der(chain: Vec<Vec<u8>>, key: Zeroizing<Vec<u8>>) -> Result<Self, IdentityError> {
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate("the list is empty".into()));
        }
        Ok(Self { chain, key })
    }

    /// From PEM: the own certificate first, then those above it; the key unencrypted, in the same text or another.
    ///
    /// # Errors
    /// If there is no certificate or no unencrypted private key.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain = pem_certificates(chain).map_err(IdentityError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| IdentityError::Key(error.to_string()))?;
        Self::from_der(
            chain.into_iter().map(|certificate| certificate.to_vec()).collect(),
            Zeroizing::new(key.secret_der().to_vec()),
        )
    }

    /// The identity as TLS uses it; fails if the key is not that of the first certificate.
    pub(super) fn certified(&self) -> Result<CertifiedKey, IdentityError> {
        let key = PrivateKeyDer::try_from(self.key.to_vec()).map_err(|error| IdentityError::Key(error.to_owned()))?;
        let chain = self.chain.iter().cloned().map(CertificateDer::from).collect();
        CertifiedKey::from_der(chain, key, &provider()).map_err(|error| IdentityError::Key(error.to_string()))
    }
}

/// What TLS agreed on with a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The server's certificates as DER, its own first, at most 16.
    pub chain: Vec<Vec<u8>>,
    /// The server asked for a client certificate.
    pub client_certificate_asked: bool,
}

/// The cryptography of every TLS connection, named and not left to a default of the process.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// For plain HTTP: trusts nobody and reads nothing, because a client must have some configuration.
pub(super) fn without_tls() -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// The certificates in a PEM text, at least one.
fn pem_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if pem.len() > MOST_PEM {
        return Err(format!("{} bytes are too much, at most {MOST_PEM} are read", pem.len()));
    }
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("no `BEGIN CERTIFICATE` in it".into());
    }
    Ok(found)
}

/// A client's configuration, with what it notes while it shakes hands.
pub(super) struct ClientTls {
    pub(super) config: ClientConfig,
    verifier: Arc<Recorder>,
    presenter: Arc<Presenter>,
}

impl ClientTls {
    /// Prepares TLS. Reads the machine's roots where they are wanted, which may block for some milliseconds.
    pub(super) fn prepare(trust: &Trust, identity: Option<&Identity>) -> Result<Self, String> {
        let rule = match trust {
            Trust::System => Rule::System(system_verifier()?),
            Trust::Pem(pem) => Rule::pinned(pem)?,
        };
        let key = identity.map(Identity::certified).transpose().map_err(|error| error.to_string())?;
        let verifier = Arc::new(Recorder {
            rule,
            provider: provider(),
            seen: Mutex::default(),
            pinned_another: AtomicBool::new(false),
            tls13: AtomicBool::new(false),
        });
        let presenter = Arc::new(Presenter { key: key.map(Arc::new), asked: AtomicBool::new(false) });
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_client_cert_resolver(Arc::clone(&presenter) as _);
        Ok(Self { config, verifier, presenter })
    }

    /// The certificates which the server showed, whether they were accepted or not.
    pub(super) fn chain(&self) -> Vec<Vec<u8>> {
        self.verifier.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was agreed, once it is.
    pub(super) fn facts(&self) -> TlsFacts {
        TlsFacts {
            version: if self.verifier.tls13.load(Ordering::Relaxed) { "TLS 1.3" } else { "TLS 1.2" },
            chain: self.chain(),
            client_certificate_asked: self.asked(),
        }
    }

    /// Why TLS failed, in our words.
    pub(super) fn reason(&self, error: &rustls::Error) -> TlsReason {
        match TlsReason::new(error, &self.chain(), self.asked(), self.presents()) {
            TlsReason::SelfSigned | TlsReason::UnknownIssuer
                if self.verifier.pinned_another.load(Ordering::Relaxed) =>
            {
                TlsReason::NotPinned
            }
            reason => reason,
        }
    }

    /// Whether the server asked for a client certificate.
    pub(super) fn asked(&self) -> bool {
        self.presenter.asked.load(Ordering::Relaxed)
    }

    /// Whether there is one to show.
    pub(super) fn presents(&self) -> bool {
        self.presenter.key.is_some()
    }
}

/// The machine's own rule, read anew when it is older than [`ROOTS_KEPT`].
fn system_verifier() -> Result<Arc<rustls_platform_verifier::Verifier>, String> {
    static KEPT: Mutex<Option<(Instant, Arc<rustls_platform_verifier::Verifier>)>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((read, verifier)) = &*kept
        && read.elapsed() < ROOTS_KEPT
    {
        return Ok(Arc::clone(verifier));
    }
    let verifier = rustls_platform_verifier::Verifier::new(provider()).map(Arc::new).map_err(|error| {
        format!("this machine's trusted certificate authorities could not be read ({error}); install its CA certificates, or name a PEM file in `tls_trust`")
    })?;
    *kept = Some((Instant::now(), Arc::clone(&verifier)));
    Ok(verifier)
}

/// Decides over a server's certificate.
#[derive(Debug)]
enum Rule {
    System(Arc<rustls_platform_verifier::Verifier>),
    Pinned { exact: Vec<CertificateDer<'static>>, roots: Arc<WebPkiServerVerifier> },
}

impl Rule {
    fn pinned(pem: &[u8]) -> Result<Self, String> {
        let why = |error: String| format!("the PEM in `tls_trust` cannot be used: {error}");
        let exact = pem_certificates(pem).map_err(why)?;
        let mut store = RootCertStore::empty();
        let (taken, _) = store.add_parsable_certificates(exact.iter().cloned());
        if taken == 0 {
            return Err(why("none of its certificates can be read".into()));
        }
        let roots = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider())
            .build()
            .map_err(|error| why(error.to_string()))?;
        Ok(Self::Pinned { exact, roots })
    }

    /// Whether this server has a pinned certificate that is not the one it shows: usually it has renewed.
    fn pins_another(&self, own: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
        match self {
            Self::System(_) => false,
            Self::Pinned { exact, .. } => !exact.contains(own) && exact.iter().any(|pinned| is_for(pinned, own, name)),
        }
    }

    fn decide(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        match self {
            Self::System(verifier) => verifier.verify_server_cert(own, above, name, ocsp, now).map(|_| ()),
            Self::Pinned { exact, roots } => {
                let verdict = roots.verify_server_cert(own, above, name, ocsp, now).map(|_| ());
                if !exact.contains(own) {
                    return verdict;
                }
                match verdict {
                    Err(error) if is_about_dates(&error) => Err(error),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Whether a certificate that is pinned is this server's: it has the host's name, or that of what the server shows now.
fn is_for(pinned: &CertificateDer<'_>, own: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let names_host = ParsedCertificate::try_from(pinned).is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok());
    let (before, now) = (names(pinned), names(own));
    names_host || before.zip(now).is_some_and(|((_, before), (_, now))| before == now)
}

/// webpki looks at the dates before everything else, so a certificate outside its dates is always reported as such.
const fn is_about_dates(error: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
    )
}

/// Notes which certificates a server shows, then lets the rule decide.
#[derive(Debug)]
struct Recorder {
    rule: Rule,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Vec<Vec<u8>>>,
    /// The server was refused, and another certificate is pinned for it.
    pinned_another: AtomicBool,
    /// Each version of TLS has its own way to sign the handshake, so the one which is asked for tells the version.
    tls13: AtomicBool,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
            std::iter::once(own).chain(above).take(MOST_SHOWN).map(|certificate| certificate.to_vec()).collect();
        self.rule.decide(own, above, name, ocsp, now).inspect_err(|_| {
            self.pinned_another.store(self.rule.pins_another(own, name), Ordering::Relaxed);
        })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.tls13.store(true, Ordering::Relaxed);
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Shows our certificate if there is one, and notes that it was asked for.
#[derive(Debug)]
struct Presenter {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ResolvesClientCert for Presenter {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        // Always, so that the question reaches `resolve` and is noted; `None` from there sends an empty list.
        true
    }
}
