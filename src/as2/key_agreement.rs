//! The content key for an EC recipient: KeyAgreeRecipientInfo with ephemeral-static ECDH (RFC 5753 section 3.1).

use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use aws_lc_rs::digest::{self, Context};
use aws_lc_rs::rand::SystemRandom;
use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::cipher::CipherError;
use super::enveloped::{EncryptionPlan, algorithm_identifier, object_identifier};
use super::error::{BuildError, OpenError};
use super::key_wrap::KeyWrap;
use super::named::{NamedCertificate, issuer_and_serial};
use super::oid as ids;
use crate::certificate::ber::Tlv;
use crate::certificate::encode::{INTEGER, OCTET_STRING, SEQUENCE, algorithm, element, joined};
use crate::certificate::{Certificate, PrivateKey};

/// A BIT STRING, primitive.
const BIT_STRING: u8 = 0x03;

/// The RecipientInfo for the partner's EC certificate.
pub(super) fn recipient(plan: &EncryptionPlan<'_>, key: &[u8]) -> Result<Vec<u8>, BuildError> {
    let certificate = plan.recipient;
    let refused = |reason: &str| BuildError::PartnerKey(reason.to_owned());
    let (curve, kdf, scheme) = match curve(certificate) {
        Some(ids::P256) => (&ECDH_P256, &digest::SHA256, ids::STD_DH_SHA256_KDF),
        Some(ids::P384) => (&ECDH_P384, &digest::SHA384, ids::STD_DH_SHA384_KDF),
        Some(ids::P521) => (&ECDH_P521, &digest::SHA512, ids::STD_DH_SHA512_KDF),
        _ => return Err(refused("its key is on none of the curves P-256, P-384 and P-521")),
    };
    let wrap = KeyWrap::fitting(key.len());
    let wrap_id = algorithm(wrap.identifier(), &[]);
    let failed = |_unspecified| BuildError::Cipher(CipherError::Random);
    let ephemeral = EphemeralPrivateKey::generate(curve, &SystemRandom::new()).map_err(failed)?;
    let point = ephemeral.compute_public_key().map_err(failed)?;
    let peer = UnparsedPublicKey::new(curve, certificate.public_key());
    let unusable = || refused("its key is no valid point of its curve");
    let kek = agree_ephemeral(ephemeral, peer, unusable(), |secret| {
        Ok(derive(kdf, secret, &shared_info(&wrap_id, None, wrap), wrap.key_bytes()))
    })?;
    let wrapped = wrap.wrap(&kek, key).ok_or(BuildError::Cipher(CipherError::Key))?;

    // The curve is that of the recipient's key, so it is left out (RFC 5753 section 3.1.1).
    let originator =
        joined(0xa1, &[&algorithm(ids::EC_PUBLIC_KEY, &[]), &element(BIT_STRING, &[&[0], point.as_ref()].concat())]);
    let identifier = match plan.key_identifier() {
        Some(key_identifier) => element(0xa0, &element(OCTET_STRING, key_identifier)),
        None => issuer_and_serial(certificate),
    };
    let encrypted = joined(SEQUENCE, &[&identifier, &element(OCTET_STRING, &wrapped)]);
    Ok(joined(
        0xa1,
        &[
            &element(INTEGER, &[3]),
            &element(0xa0, &originator),
            &algorithm(scheme, &wrap_id),
            &element(SEQUENCE, &encrypted),
        ],
    ))
}

/// The curve of a certificate's EC key, where it is a named one.
fn curve(certificate: &Certificate) -> Option<ObjectIdentifier> {
    let (spki, _) = Tlv::first(certificate.spki_der()).ok()?;
    let (kind, parameters) = algorithm_identifier(spki.children().ok()?.first()?.raw).ok()?;
    (kind == ids::EC_PUBLIC_KEY).then(|| object_identifier(parameters?.raw).ok()).flatten()
}

/// ECC-CMS-SharedInfo (RFC 5753 section 7.2).
fn shared_info(wrap_id: &[u8], user_keying_material: Option<&[u8]>, wrap: KeyWrap) -> Vec<u8> {
    let user = user_keying_material.map_or_else(Vec::new, |material| element(0xa0, &element(OCTET_STRING, material)));
    let bits = u32::try_from(wrap.key_bytes() * 8).unwrap_or_default().to_be_bytes();
    joined(SEQUENCE, &[wrap_id, &user, &element(0xa2, &element(OCTET_STRING, &bits))])
}

/// The key derivation function of ANSI X9.63 (SEC 1 section 3.6.1).
fn derive(kdf: &'static digest::Algorithm, secret: &[u8], info: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + kdf.output_len()));
    let mut counter = 1_u32;
    while key.len() < length {
        let mut hash = Context::new(kdf);
        hash.update(secret);
        hash.update(&counter.to_be_bytes());
        hash.update(info);
        key.extend_from_slice(hash.finish().as_ref());
        counter += 1;
    }
    key.truncate(length);
    key
}

/// A received KeyAgreeRecipientInfo.
pub(super) struct Agreement<'a> {
    originator: Originator<'a>,
    user_keying_material: Option<&'a [u8]>,
    /// The key derivation and the key wrap, and the encoding of the latter; nothing where one of them is unknown.
    scheme: Option<(&'static digest::Algorithm, KeyWrap, &'a [u8])>,
    scheme_name: ObjectIdentifier,
    /// The recipients and their content keys.
    pub(super) recipients: Vec<(NamedCertificate, &'a [u8])>,
}

enum Originator<'a> {
    /// The point of an ephemeral key.
    Point(&'a [u8]),
    /// A static key, by its certificate.
    Certificate,
}

impl<'a> Agreement<'a> {
    pub(super) fn read(info: &Tlv<'a>) -> Result<Self, OpenError> {
        let incomplete = || OpenError::Malformed("a recipient is incomplete".to_owned());
        let fields = info.children()?;
        let [_version, originator, rest @ ..] = fields.as_slice() else { return Err(incomplete()) };
        let (user_keying_material, rest) = match rest {
            [material, rest @ ..] if material.tag == 0xa1 => (Some(Tlv::first(material.value)?.0.value), rest),
            rest => (None, rest),
        };
        let [encryption, recipients, ..] = rest else { return Err(incomplete()) };
        let (originator, _) = Tlv::first(originator.value)?;
        let originator = match (originator.tag, originator.children().unwrap_or_default().as_slice()) {
            // A BIT STRING begins with the number of its unused bits.
            (0xa1, [_, point, ..]) => Originator::Point(point.value.get(1..).unwrap_or_default()),
            _ => Originator::Certificate,
        };
        let (scheme_name, wrap) = algorithm_identifier(encryption.raw)?;
        let scheme = match (derivation(scheme_name), wrap) {
            (Some(kdf), Some(wrap)) => {
                KeyWrap::of(algorithm_identifier(wrap.raw)?.0).map(|known| (kdf, known, wrap.raw))
            }
            _ => None,
        };
        let mut named = Vec::new();
        for recipient in recipients.children()? {
            let parts = recipient.children()?;
            let [identifier, key, ..] = parts.as_slice() else { return Err(incomplete()) };
            named.push((NamedCertificate::read(identifier), key.value));
        }
        Ok(Self { originator, user_keying_material, scheme, scheme_name, recipients: named })
    }

    /// What of it is not supported, in words; nothing where all is.
    pub(super) fn obstacle(&self) -> Option<String> {
        match (&self.originator, &self.scheme) {
            (Originator::Certificate, _) => Some("a static key of its sender (static-static ECDH)".to_owned()),
            (_, None) => Some(format!("the key agreement {} or an unknown key wrap", self.scheme_name)),
            _ => None,
        }
    }

    /// The content key, where the private key is the one it was encrypted for.
    pub(super) fn unwrap(&self, key: &PrivateKey, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (Originator::Point(point), Some((kdf, wrap, wrap_id))) = (&self.originator, self.scheme) else {
            return None;
        };
        let secret = key.agree(point)?;
        let info = shared_info(wrap_id, self.user_keying_material, wrap);
        wrap.unwrap(&derive(kdf, &secret, &info, wrap.key_bytes()), wrapped)
    }
}

/// The digest of a key agreement's derivation. With the cofactor or without makes no difference: it is 1 on all curves
/// here.
fn derivation(scheme: ObjectIdentifier) -> Option<&'static digest::Algorithm> {
    match scheme {
        ids::STD_DH_SHA1_KDF | ids::COFACTOR_DH_SHA1_KDF => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        ids::STD_DH_SHA224_KDF | ids::COFACTOR_DH_SHA224_KDF => Some(&digest::SHA224),
        ids::STD_DH_SHA256_KDF | ids::COFACTOR_DH_SHA256_KDF => Some(&digest::SHA256),
        ids::STD_DH_SHA384_KDF | ids::COFACTOR_DH_SHA384_KDF => Some(&digest::SHA384),
        ids::STD_DH_SHA512_KDF | ids::COFACTOR_DH_SHA512_KDF => Some(&digest::SHA512),
        _ => None,
    }
}
