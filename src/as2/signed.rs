//! Detached signatures: SignedData (RFC 5652 section 5) made and checked.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::digest::{COMPUTED, DigestValues};
use super::enveloped::object_identifier;
use super::error::{BuildError, OpenError};
use super::named::{NamedCertificate, issuer_and_serial};
use super::oid::{self as ids, SignatureKind};
use super::signer_info::SignerInfo;
use crate::certificate::ber::{BerReader, Tlv};
use crate::certificate::encode::{INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, algorithm, element, joined, oid, set_of};
use crate::certificate::{Certificate, PrivateKey};
use crate::domain::algorithm::{Digest, SignatureScheme};
use crate::domain::certificate::{Fingerprint, KeyAlgorithm};
use crate::domain::connection::{Quirks, SignatureOid, SignerCertificates};

/// The most bytes of a detached signature that are taken: generous for a chain of certificates.
const MAX_SIGNATURE: u64 = 1024 * 1024;

/// The most signers that are looked at.
const MAX_SIGNERS: usize = 16;

/// With which key and how a message or receipt is signed.
#[derive(Clone, Copy)]
pub struct SigningPlan<'a> {
    /// Our certificate.
    pub certificate: &'a Certificate,
    /// Its issuers, for partners who want them.
    pub chain: &'a [Certificate],
    /// Our private key.
    pub key: &'a PrivateKey,
    /// The message digest.
    pub digest: Digest,
    /// The scheme for an RSA key.
    pub scheme: SignatureScheme,
    /// What the partner needs otherwise.
    pub quirks: &'a Quirks,
    /// The signing time.
    pub at: Timestamp,
}

impl SigningPlan<'_> {
    fn kind(&self) -> SignatureKind {
        match (self.certificate.facts().key.algorithm, self.scheme) {
            (KeyAlgorithm::Ec, _) => SignatureKind::Ecdsa,
            (_, SignatureScheme::RsaPkcs1) => SignatureKind::RsaPkcs1,
            (_, SignatureScheme::RsaPss) => SignatureKind::RsaPss,
        }
    }

    fn signature_algorithm(&self) -> Vec<u8> {
        match (self.kind(), self.quirks.signature_oid) {
            (SignatureKind::Ecdsa, _) => algorithm(ids::ecdsa_with(self.digest), &[]),
            (SignatureKind::RsaPss, _) => algorithm(ids::RSASSA_PSS, &pss_parameters(self.digest)),
            (SignatureKind::RsaPkcs1, SignatureOid::Combined) => algorithm(ids::rsa_with(self.digest), &NULL),
            (SignatureKind::RsaPkcs1, SignatureOid::Plain) => algorithm(ids::RSA_ENCRYPTION, &NULL),
        }
    }

    /// Length of the whole detached signature in bytes, where it does not depend on what is signed: with RSA.
    pub(super) fn fixed_length(&self) -> Option<usize> {
        let facts = self.certificate.facts();
        let signature = match facts.key.algorithm {
            KeyAlgorithm::Rsa => vec![0; facts.key.bits.div_ceil(8) as usize],
            _ => return None,
        };
        let digest = vec![0; usize::from(digest_bytes(self.digest))];
        Some(self.assemble(&self.attributes(&digest), &signature).len())
    }

    /// Signs a content by its digest and returns the ContentInfo.
    pub(super) fn sign(&self, content_digest: &[u8]) -> Result<Vec<u8>, BuildError> {
        let attributes = self.attributes(content_digest);
        // What is signed is the SET OF, not the implicit tag it travels under (RFC 5652 section 5.4).
        let signed = set_of(SET, attributes.clone());
        let signature =
            self.key.sign(self.digest, self.scheme, &signed).map_err(|error| BuildError::OwnKey(error.to_string()))?;
        Ok(self.assemble(&attributes, &signature))
    }

    fn attributes(&self, content_digest: &[u8]) -> Vec<Vec<u8>> {
        let attribute = |identifier, value: &[u8]| joined(SEQUENCE, &[&oid(identifier), &element(SET, value)]);
        let mut attributes = vec![
            attribute(ids::ATTRIBUTE_CONTENT_TYPE, &oid(ids::DATA)),
            attribute(ids::ATTRIBUTE_SIGNING_TIME, &time(self.at)),
            attribute(ids::ATTRIBUTE_MESSAGE_DIGEST, &element(OCTET_STRING, content_digest)),
        ];
        if self.quirks.cms_algorithm_protection {
            let mut signature = self.signature_algorithm();
            // [1] IMPLICIT in place of SEQUENCE (RFC 6211 section 2).
            signature[0] = 0xa1;
            let protection = joined(SEQUENCE, &[&digest_algorithm(self.digest), &signature]);
            attributes.push(attribute(ids::ATTRIBUTE_ALGORITHM_PROTECTION, &protection));
        }
        attributes
    }

    fn assemble(&self, attributes: &[Vec<u8>], signature: &[u8]) -> Vec<u8> {
        let signer = joined(
            SEQUENCE,
            &[
                &element(INTEGER, &[1]),
                &issuer_and_serial(self.certificate),
                &digest_algorithm(self.digest),
                &set_of(0xa0, attributes.to_vec()),
                &self.signature_algorithm(),
                &element(OCTET_STRING, signature),
            ],
        );
        let mut certificates = Vec::new();
        match self.quirks.signer_certificates {
            SignerCertificates::None => {}
            SignerCertificates::Own => certificates.push(self.certificate.der().to_vec()),
            SignerCertificates::Chain => {
                certificates.push(self.certificate.der().to_vec());
                certificates.extend(self.chain.iter().map(|issuer| issuer.der().to_vec()));
            }
        }
        let certificates = if certificates.is_empty() { Vec::new() } else { set_of(0xa0, certificates) };
        let signed_data = joined(
            SEQUENCE,
            &[
                &element(INTEGER, &[1]),
                &element(SET, &digest_algorithm(self.digest)),
                &element(SEQUENCE, &oid(ids::DATA)),
                &certificates,
                &element(SET, &signer),
            ],
        );
        joined(SEQUENCE, &[&oid(ids::SIGNED_DATA), &element(0xa0, &signed_data)])
    }
}

/// A digest's AlgorithmIdentifier: parameters absent for SHA-2 (RFC 5754 section 2), NULL for SHA-1 as everybody
/// writes it.
fn digest_algorithm(digest: Digest) -> Vec<u8> {
    let parameters: &[u8] = if digest <= Digest::Sha1 { &NULL } else { &[] };
    algorithm(ids::of_digest(digest), parameters)
}

pub(super) const fn digest_bytes(digest: Digest) -> u8 {
    match digest {
        Digest::Md5 => 16,
        Digest::Sha1 => 20,
        Digest::Sha256 => 32,
        Digest::Sha384 => 48,
        Digest::Sha512 => 64,
    }
}

/// RSASSA-PSS-params with the digest's length as salt length (RFC 4056 section 3).
fn pss_parameters(digest: Digest) -> Vec<u8> {
    let hash = algorithm(ids::of_digest(digest), &NULL);
    let mask = algorithm(ids::MGF1, &hash);
    let salt = element(INTEGER, &[digest_bytes(digest)]);
    joined(SEQUENCE, &[&element(0xa0, &hash), &element(0xa1, &mask), &element(0xa2, &salt)])
}

/// UTCTime until 2049, GeneralizedTime from then on (RFC 5652 section 11.3).
fn time(at: Timestamp) -> Vec<u8> {
    let time = Offset::UTC.to_datetime(at);
    if (1950..2050).contains(&time.year()) {
        element(0x17, time.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        element(0x18, time.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
    }
}

/// What was found out about a signature: all of it, whichever part is wrong.
#[derive(Clone, Debug)]
pub struct SignatureCheck {
    /// The message digest the signer used.
    pub digest: Option<Digest>,
    /// The weaker of that and the digest that the signature's algorithm names: what the signature is worth.
    pub strength: Option<Digest>,
    /// Whether the signature is RSASSA-PSS.
    pub pss: bool,
    /// Certificates that travelled inside the signature.
    pub embedded: Vec<Certificate>,
    /// What came out.
    pub outcome: SignatureOutcome,
}

/// The outcome of checking a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureOutcome {
    /// Made with an accepted certificate, over exactly this content.
    Good {
        /// The certificate.
        signer: Fingerprint,
    },
    /// Made with an accepted certificate, but over another content: it was changed on the way.
    Altered {
        /// The certificate.
        signer: Fingerprint,
    },
    /// Made with a certificate that is not accepted here.
    UnknownSigner {
        /// The certificate that travelled inside and fits the signature, where there is one.
        embedded: Option<Fingerprint>,
        /// Whether the content is what was signed, as far as can be told.
        content_intact: bool,
    },
    /// It names an accepted certificate but is no good signature of it.
    Broken {
        /// The certificate it names.
        named: Fingerprint,
        /// What is wrong, as the rest of a sentence about the signature.
        reason: &'static str,
    },
    /// It uses an algorithm that cannot be checked.
    Unsupported {
        /// Which one.
        detail: String,
    },
}

/// A detached signature as it was read, before its content is known.
pub(super) struct DetachedSignature {
    der: Vec<u8>,
}

impl DetachedSignature {
    /// Reads a ContentInfo with SignedData.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, OpenError> {
        Ok(Self { der: BerReader::new(bytes).element(MAX_SIGNATURE)? })
    }

    fn signed_data(&self) -> Result<Vec<Tlv<'_>>, OpenError> {
        let (outer, _) = Tlv::first(&self.der)?;
        let parts = outer.children()?;
        let [kind, content, ..] = parts.as_slice() else {
            return Err(OpenError::Malformed("the signature is empty".to_owned()));
        };
        let kind = object_identifier(kind.raw)?;
        if kind != ids::SIGNED_DATA {
            return Err(OpenError::Malformed(format!("the signature part holds CMS content of type {kind}")));
        }
        let (signed_data, _) = Tlv::first(content.value)?;
        Ok(signed_data.children()?)
    }

    fn signer_infos(&self) -> Result<Vec<Vec<Tlv<'_>>>, OpenError> {
        let fields = self.signed_data()?;
        let missing = || OpenError::Malformed("the signature has no signer".to_owned());
        // version, digestAlgorithms and encapContentInfo come first; the last SET holds the signers.
        let signers = fields.iter().skip(3).rfind(|field| field.tag == SET).ok_or_else(missing)?;
        let infos: Result<Vec<_>, _> = signers.children()?.iter().take(MAX_SIGNERS).map(Tlv::children).collect();
        let infos = infos?;
        if infos.is_empty() { Err(missing()) } else { Ok(infos) }
    }

    /// The digests that its signers use.
    pub(super) fn digests(&self) -> Result<Vec<Digest>, OpenError> {
        let mut found = Vec::new();
        for info in self.signer_infos()? {
            // One that cannot be read may stand beside others that can.
            for digest in SignerInfo::read(&info).map(|info| info.digests()).unwrap_or_default() {
                if !found.contains(&digest) {
                    found.push(digest);
                }
            }
        }
        Ok(found)
    }

    /// The names of those that cannot be computed, for people.
    pub(super) fn unknown_digests(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for info in self.signer_infos().unwrap_or_default() {
            let digest =
                SignerInfo::read(&info).ok().filter(|info| info.digest.is_none_or(|it| !COMPUTED.contains(&it)));
            if let Some(name) = digest.and_then(|info| info.digest_name()).filter(|name| !names.contains(name)) {
                names.push(name);
            }
        }
        names.join(", ")
    }

    /// The certificates that its signers name.
    pub(super) fn named(&self) -> Vec<NamedCertificate> {
        let infos = self.signer_infos().unwrap_or_default();
        infos.iter().filter_map(|info| SignerInfo::read(info).ok()).map(|info| info.named().clone()).collect()
    }

    /// Whether every signer signed attributes, and not the content itself.
    pub(super) fn has_attributes(&self) -> bool {
        self.signer_infos().is_ok_and(|infos| {
            infos.iter().all(|info| SignerInfo::read(info).is_ok_and(|info| info.attributes.is_some()))
        })
    }

    fn embedded(&self) -> Result<Vec<Certificate>, OpenError> {
        let fields = self.signed_data()?;
        let Some(certificates) = fields.iter().skip(3).find(|field| field.tag == 0xa0) else { return Ok(Vec::new()) };
        // What cannot be read as a certificate is of no use here, and no reason to refuse the signature.
        Ok(certificates.children()?.iter().filter_map(|each| Certificate::from_der(each.raw).ok()).take(20).collect())
    }

    /// Checks the signature over a content of which `content` are the digests, accepting the certificates in
    /// `accepted`. Of several signers, the best outcome counts, and of outcomes that are as good that of the certificate
    /// which stands first in `accepted`.
    pub(super) fn check(&self, content: &DigestValues, accepted: &[&Certificate]) -> Result<SignatureCheck, OpenError> {
        let embedded = self.embedded()?;
        // EncapsulatedContentInfo is the third field.
        let content_type = self
            .signed_data()?
            .get(2)
            .and_then(|content| content.children().ok())
            .and_then(|parts| object_identifier(parts.first()?.raw).ok());
        let mut best: Option<SignatureCheck> = None;
        let mut unreadable = None;
        for fields in self.signer_infos()? {
            let info = match SignerInfo::read(&fields) {
                Ok(info) => info,
                Err(error) => {
                    unreadable.get_or_insert(error);
                    continue;
                }
            };
            let outcome = info.check(content, content_type, accepted, &embedded);
            let check = SignatureCheck {
                digest: info.digest,
                strength: info.weakest(),
                pss: info.kind == Some(SignatureKind::RsaPss),
                embedded: embedded.clone(),
                outcome,
            };
            let place = |outcome: &SignatureOutcome| (rank(outcome), position(outcome, accepted));
            if best.as_ref().is_none_or(|best| place(&check.outcome) < place(&best.outcome)) {
                best = Some(check);
            }
        }
        best.ok_or_else(|| unreadable.unwrap_or_else(|| OpenError::Malformed("the signature has no signer".to_owned())))
    }
}

/// Where the signer stands among the accepted ones.
fn position(outcome: &SignatureOutcome, accepted: &[&Certificate]) -> Option<usize> {
    let (SignatureOutcome::Good { signer } | SignatureOutcome::Altered { signer }) = outcome else { return None };
    accepted.iter().position(|certificate| certificate.facts().fingerprint_sha256 == *signer)
}

const fn rank(outcome: &SignatureOutcome) -> u8 {
    match outcome {
        SignatureOutcome::Good { .. } => 0,
        SignatureOutcome::Altered { .. } => 1,
        SignatureOutcome::UnknownSigner { .. } => 2,
        SignatureOutcome::Broken { .. } => 3,
        SignatureOutcome::Unsupported { .. } => 4,
    }
}
