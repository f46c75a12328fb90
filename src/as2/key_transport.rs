//! The content key for an RSA recipient: KeyTransRecipientInfo (RFC 5652 section 6.2.1).

use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey,
    PublicEncryptingKey,
};
use zeroize::Zeroizing;

use super::enveloped::{EncryptionPlan, algorithm_identifier};
use super::error::{BuildError, OpenError};
use super::named::issuer_and_serial;
use super::oid as ids;
use crate::certificate::PrivateKey;
use crate::certificate::ber::Tlv;
use crate::certificate::encode::{INTEGER, NULL, OCTET_STRING, SEQUENCE, algorithm, element, joined};
use crate::domain::algorithm::{Digest, KeyTransport};

/// The RecipientInfo for the partner's RSA certificate.
pub(super) fn recipient(plan: &EncryptionPlan<'_>, key: &[u8]) -> Result<Vec<u8>, BuildError> {
    let certificate = plan.recipient;
    let bits = certificate.facts().key.bits;
    if bits < 2048 {
        let why = format!("its RSA key has {bits} bits, and 2048 is the least that is encrypted for");
        return Err(BuildError::PartnerKey(why));
    }
    let (version, identifier) = match plan.key_identifier() {
        Some(key_identifier) => (2_u8, element(0x80, key_identifier)),
        None => (0, issuer_and_serial(certificate)),
    };
    let refused = |reason: &dyn fmt::Display| BuildError::PartnerKey(reason.to_string());
    let public = PublicEncryptingKey::from_der(certificate.spki_der()).map_err(|reason| refused(&reason))?;
    let mut wrapped = vec![0; 1024];
    let (transport, wrapped) = match oaep(plan.key_transport) {
        None => {
            let public = Pkcs1PublicEncryptingKey::new(public).map_err(|reason| refused(&reason))?;
            wrapped.resize(public.ciphertext_size(), 0);
            let written = public.encrypt(key, &mut wrapped).map_err(|reason| refused(&reason))?;
            (algorithm(ids::RSA_ENCRYPTION, &NULL), written.to_vec())
        }
        Some((digest, scheme)) => {
            let public = OaepPublicEncryptingKey::new(public).map_err(|reason| refused(&reason))?;
            wrapped.resize(public.ciphertext_size(), 0);
            let written = public.encrypt(scheme, key, &mut wrapped, None).map_err(|reason| refused(&reason))?;
            (algorithm(ids::RSAES_OAEP, &oaep_parameters(digest)), written.to_vec())
        }
    };
    Ok(joined(SEQUENCE, &[&element(INTEGER, &[version]), &identifier, &transport, &element(OCTET_STRING, &wrapped)]))
}

const fn oaep(transport: KeyTransport) -> Option<(Digest, &'static OaepAlgorithm)> {
    match transport {
        KeyTransport::RsaPkcs1 => None,
        KeyTransport::RsaOaepSha1 => Some((Digest::Sha1, &OAEP_SHA1_MGF1SHA1)),
        KeyTransport::RsaOaepSha256 => Some((Digest::Sha256, &OAEP_SHA256_MGF1SHA256)),
        KeyTransport::RsaOaepSha384 => Some((Digest::Sha384, &OAEP_SHA384_MGF1SHA384)),
        KeyTransport::RsaOaepSha512 => Some((Digest::Sha512, &OAEP_SHA512_MGF1SHA512)),
    }
}

/// RSAES-OAEP-params (RFC 4055 section 4.1); defaults, which are those of SHA-1, are left out.
fn oaep_parameters(digest: Digest) -> Vec<u8> {
    if digest == Digest::Sha1 {
        return element(SEQUENCE, &[]);
    }
    let hash = algorithm(ids::of_digest(digest), &NULL);
    let mask = algorithm(ids::MGF1, &hash);
    joined(SEQUENCE, &[&element(0xa0, &hash), &element(0xa1, &mask)])
}

/// How a received content key was wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrapping {
    /// As settings know it: by the digest of the label, where it is RSAES-OAEP.
    pub(super) transport: KeyTransport,
    /// The digests of label and mask where they are different, as by Java's default: SHA-256 and SHA-1.
    mixed: Option<(Digest, Digest)>,
}

/// As the standards call it.
impl fmt::Display for Wrapping {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (oaep(self.transport), self.mixed) {
            (None, _) => formatter.write_str("RSAES-PKCS1-v1_5"),
            (Some(_), Some((digest, mask))) => {
                write!(formatter, "RSAES-OAEP with {} and MGF1 with {}", digest.label(), mask.label())
            }
            (Some((digest, _)), None) => write!(formatter, "RSAES-OAEP with {}", digest.label()),
        }
    }
}

/// Decrypts a content key.
pub(super) fn unwrap_with(key: &PrivateKey, wrapping: Wrapping, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if let Some((digest, mask)) = wrapping.mixed {
        return key.decrypt_oaep(digest, mask, wrapped);
    }
    let private = key.decrypting()?;
    let mut plain = Zeroizing::new(vec![0; private.key_size_bytes().max(wrapped.len())]);
    let length = match oaep(wrapping.transport) {
        None => Pkcs1PrivateDecryptingKey::new(private).ok()?.decrypt(wrapped, &mut plain).ok()?.len(),
        Some((_, scheme)) => {
            OaepPrivateDecryptingKey::new(private).ok()?.decrypt(scheme, wrapped, &mut plain, None).ok()?.len()
        }
    };
    plain.truncate(length);
    Some(plain)
}

/// How an AlgorithmIdentifier says that a key is wrapped; nothing for an algorithm or a digest that is unknown.
pub(super) fn read_wrapping(transport: &Tlv<'_>) -> Result<Option<Wrapping>, OpenError> {
    let (identifier, parameters) = algorithm_identifier(transport.raw)?;
    match identifier {
        ids::RSA_ENCRYPTION => Ok(Some(Wrapping { transport: KeyTransport::RsaPkcs1, mixed: None })),
        ids::RSAES_OAEP => {
            let (mut digest, mut mask) = (Digest::Sha1, Digest::Sha1);
            for parameter in parameters.map(|parameters| parameters.children()).transpose()?.unwrap_or_default() {
                if has_label(&parameter)? {
                    return Ok(None);
                }
                if parameter.tag == 0xa0 {
                    let (hash, _) = algorithm_identifier(parameter.value)?;
                    match ids::digest(hash) {
                        Some(known) => digest = known,
                        None => return Ok(None),
                    }
                }
                if parameter.tag == 0xa1 {
                    match mask_digest(parameter.value)? {
                        Some(known) if known != Digest::Md5 => mask = known,
                        _ => return Ok(None),
                    }
                }
            }
            let transport = match digest {
                Digest::Sha1 => KeyTransport::RsaOaepSha1,
                Digest::Sha256 => KeyTransport::RsaOaepSha256,
                Digest::Sha384 => KeyTransport::RsaOaepSha384,
                Digest::Sha512 => KeyTransport::RsaOaepSha512,
                Digest::Md5 => return Ok(None),
            };
            Ok(Some(Wrapping { transport, mixed: (mask != digest).then_some((digest, mask)) }))
        }
        _ => Ok(None),
    }
}

/// Whether a parameter of RSAES-OAEP is a label that is not empty (`pSourceAlgorithm`, RFC 4055 section 4.1). Nobody needs
/// one, and the key cannot be unwrapped without it.
fn has_label(parameter: &Tlv<'_>) -> Result<bool, OpenError> {
    if parameter.tag != 0xa2 {
        return Ok(false);
    }
    let (_, label) = algorithm_identifier(parameter.value)?;
    Ok(label.is_some_and(|label| !label.value.is_empty()))
}

/// The digest of a mask generation function, where it is MGF1 and the digest is known (RFC 4055 section 2.2).
fn mask_digest(encoded: &[u8]) -> Result<Option<Digest>, OpenError> {
    match algorithm_identifier(encoded)? {
        (ids::MGF1, Some(hash)) => Ok(ids::digest(algorithm_identifier(hash.raw)?.0)),
        _ => Ok(None),
    }
}

/// How a key transport that cannot be used is named to people.
pub(super) fn transport_name(transport: &Tlv<'_>) -> Result<String, OpenError> {
    let (identifier, parameters) = algorithm_identifier(transport.raw)?;
    let parameters = parameters.and_then(|parameters| parameters.children().ok()).unwrap_or_default();
    Ok(match identifier {
        ids::RSAES_OAEP if parameters.iter().any(|parameter| has_label(parameter).unwrap_or_default()) => {
            "RSAES-OAEP with a label".to_owned()
        }
        ids::RSAES_OAEP => "RSAES-OAEP with an unknown digest".to_owned(),
        other => format!("the algorithm {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_told_as_what_it_is_and_an_empty_one_is_none() {
        let specified = der::asn1::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.9");
        let transport = |label: &[u8]| {
            let source = element(0xa2, &algorithm(specified, &element(OCTET_STRING, label)));
            algorithm(ids::RSAES_OAEP, &element(SEQUENCE, &source))
        };
        let (labelled, bare) = (transport(b"abc"), transport(b""));
        let (labelled, bare) = (Tlv::first(&labelled).unwrap().0, Tlv::first(&bare).unwrap().0);
        assert_eq!(read_wrapping(&labelled).unwrap(), None);
        assert_eq!(transport_name(&labelled).unwrap(), "RSAES-OAEP with a label");
        assert_eq!(read_wrapping(&bare).unwrap().unwrap().transport, KeyTransport::RsaOaepSha1);
    }
}
