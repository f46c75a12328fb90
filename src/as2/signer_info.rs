//! One signer of a SignedData (RFC 5652 section 5.3), and what its signature is worth.

use der::asn1::ObjectIdentifier;

use super::digest::DigestValues;
use super::enveloped::{algorithm_identifier, object_identifier};
use super::error::OpenError;
use super::named::NamedCertificate;
use super::oid::{self as ids, SignatureKind};
use super::signed::{SignatureOutcome, digest_bytes};
use crate::certificate::ber::Tlv;
use crate::certificate::encode::{INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, set_of};
use crate::certificate::{Certificate, Scheme, is_checkable, verify, verify_digest};
use crate::domain::algorithm::Digest;

/// Length of the salt where RSASSA-PSS-params do not say, in bytes (RFC 4055 section 3.1).
const DEFAULT_SALT: u16 = 20;

/// The fields of a SignerInfo that matter.
pub(super) struct SignerInfo<'a> {
    identifier: NamedCertificate,
    /// The digest of the content.
    pub(super) digest: Option<Digest>,
    digest_algorithm: Tlv<'a>,
    /// Signed attributes with their implicit tag.
    pub(super) attributes: Option<Tlv<'a>>,
    pub(super) kind: Option<SignatureKind>,
    signature_algorithm: Tlv<'a>,
    signature: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    /// The certificate that it names.
    pub(super) const fn named(&self) -> &NamedCertificate {
        &self.identifier
    }

    pub(super) fn read(fields: &[Tlv<'a>]) -> Result<Self, OpenError> {
        let damaged = || OpenError::Malformed("a signer's information is incomplete".to_owned());
        let [_version, identifier, digest, rest @ ..] = fields else { return Err(damaged()) };
        let (attributes, rest) = match rest {
            [attributes, rest @ ..] if attributes.tag == 0xa0 => (Some(*attributes), rest),
            rest => (None, rest),
        };
        let [signature_algorithm, signature, ..] = rest else { return Err(damaged()) };
        let (digest_id, _) = algorithm_identifier(digest.raw)?;
        let (signature_id, _) = algorithm_identifier(signature_algorithm.raw)?;
        Ok(Self {
            identifier: NamedCertificate::read(identifier),
            digest: ids::digest(digest_id),
            digest_algorithm: *digest,
            attributes,
            kind: ids::signature_kind(signature_id),
            signature_algorithm: *signature_algorithm,
            signature: signature.value,
        })
    }

    /// The name of the digest of the content, also of one that nobody computes here.
    pub(super) fn digest_name(&self) -> Option<String> {
        algorithm_identifier(self.digest_algorithm.raw).ok().map(|(identifier, _)| ids::digest_name(identifier))
    }

    /// The digests of the content that it takes to check it.
    pub(super) fn digests(&self) -> Vec<Digest> {
        let mut found: Vec<Digest> = self.digest.into_iter().collect();
        // Without attributes the signature itself is over the content.
        if self.attributes.is_none() {
            found.extend(self.ways().into_iter().map(|(digest, _)| digest));
        }
        found
    }

    /// Checks the signature over a content of which `content` are the digests and which the structure calls `content_type`.
    pub(super) fn check(
        &self,
        content: &DigestValues,
        content_type: Option<ObjectIdentifier>,
        accepted: &[&Certificate],
        embedded: &[Certificate],
    ) -> SignatureOutcome {
        let unsupported = |detail: &str| SignatureOutcome::Unsupported { detail: detail.to_owned() };
        let Some(digest) = self.digest else { return unsupported("the signature uses an unknown digest") };
        let ways = self.ways();
        if ways.is_empty() {
            return unsupported("the signature uses an unknown algorithm");
        }
        let Some(value) = content.get(digest) else {
            return unsupported(&format!("signatures with {} are not checked", digest.label()));
        };
        let intact = self.attributes.is_none_or(|attributes| message_digest(attributes) == Some(value));
        let verifies = |certificate: &Certificate| {
            ways.iter().any(|(digest, scheme)| self.verifies(certificate, *digest, *scheme, content))
        };
        if let Some(signer) = accepted.iter().find(|certificate| verifies(certificate)) {
            let signer = signer.facts().fingerprint_sha256;
            return if let Some(reason) = self.fault(content_type) {
                SignatureOutcome::Broken { named: signer, reason }
            } else if intact {
                SignatureOutcome::Good { signer }
            } else {
                SignatureOutcome::Altered { signer }
            };
        }
        let fitting = embedded.iter().find(|certificate| verifies(certificate));
        if let Some(fitting) = fitting {
            let embedded = Some(fitting.facts().fingerprint_sha256);
            return SignatureOutcome::UnknownSigner { embedded, content_intact: intact };
        }
        match accepted.iter().find(|certificate| self.identifier.names(certificate)) {
            Some(named) if !ways.iter().any(|(digest, scheme)| is_checkable(named, *digest, *scheme)) => {
                unsupported("signatures of this kind by a key of this kind are not checked")
            }
            // Without attributes the signature is over the content itself: a changed content is all that shows.
            Some(named) if self.attributes.is_none() => {
                SignatureOutcome::Altered { signer: named.facts().fingerprint_sha256 }
            }
            Some(named) => {
                let reason = "does not verify with it";
                SignatureOutcome::Broken { named: named.facts().fingerprint_sha256, reason }
            }
            None => {
                SignatureOutcome::UnknownSigner { embedded: None, content_intact: intact && self.attributes.is_some() }
            }
        }
    }

    fn verifies(&self, certificate: &Certificate, digest: Digest, scheme: Scheme, content: &DigestValues) -> bool {
        match self.attributes {
            Some(attributes) => {
                // As received first, then in the order that DER wants: some sign the one, some the other.
                let mut received = attributes.raw.to_vec();
                received[0] = SET;
                verify(certificate, digest, scheme, &received, self.signature)
                    || attributes.children().is_ok_and(|parts| {
                        let sorted = set_of(SET, parts.iter().map(|part| part.raw.to_vec()).collect());
                        sorted != received && verify(certificate, digest, scheme, &sorted, self.signature)
                    })
            }
            None => content
                .get(digest)
                .is_some_and(|value| verify_digest(certificate, digest, scheme, value, self.signature)),
        }
    }

    /// The weaker of the digests of content and signature.
    pub(super) fn weakest(&self) -> Option<Digest> {
        self.ways().first().map(|(digest, _)| *digest).into_iter().chain(self.digest).min()
    }

    /// The digests and schemes that the signature may have been made with, as its algorithm says first. Where that names
    /// another digest than the content's, which it should not, products differ in which of the two they take.
    fn ways(&self) -> Vec<(Digest, Scheme)> {
        let (Some(kind), Ok((identifier, parameters))) =
            (self.kind, algorithm_identifier(self.signature_algorithm.raw))
        else {
            return Vec::new();
        };
        let scheme = match kind {
            SignatureKind::RsaPkcs1 => Scheme::RsaPkcs1,
            SignatureKind::Ecdsa => Scheme::Ecdsa,
            SignatureKind::RsaPss => return self.pss_ways(parameters),
        };
        let mut ways: Vec<(Digest, Scheme)> = Vec::new();
        for digest in [ids::digest(identifier), self.digest].into_iter().flatten() {
            if !ways.contains(&(digest, scheme)) {
                ways.push((digest, scheme));
            }
        }
        ways
    }

    fn pss_ways(&self, parameters: Option<Tlv<'_>>) -> Vec<(Digest, Scheme)> {
        let given = parameters.filter(|parameters| parameters.tag == SEQUENCE);
        let mut ways = match given {
            Some(parameters) => pss_parameters(parameters).into_iter().collect(),
            None => vec![(Digest::Sha1, Scheme::RsaPss { mask: Digest::Sha1, salt_length: DEFAULT_SALT })],
        };
        // Parameters that are missing altogether mean SHA-1, but some mean the digest of the content.
        if let (None, Some(digest)) = (given, self.digest) {
            let salt_length = u16::from(digest_bytes(digest));
            ways.push((digest, Scheme::RsaPss { mask: digest, salt_length }));
        }
        ways
    }

    /// What makes a signature worth nothing that verifies: it was made for something else, or leaves open for what. That the
    /// attribute with the content's type is missing is let pass.
    fn fault(&self, content_type: Option<ObjectIdentifier>) -> Option<&'static str> {
        if self.contradicts_itself() {
            return Some("protects other algorithms than it uses (CMSAlgorithmProtection, RFC 6211)");
        }
        // RFC 5751 section 2.4.2.
        if content_type != Some(ids::DATA) {
            return Some("is over something else than a document (its content is not of the type id-data)");
        }
        let attributes = self.attributes?;
        let single = [ids::ATTRIBUTE_CONTENT_TYPE, ids::ATTRIBUTE_MESSAGE_DIGEST];
        if single.into_iter().any(|attribute| values(attributes, attribute).len() > 1) {
            return Some("has several values of an attribute that has one (RFC 5652 section 11)");
        }
        let announced = attribute(attributes, ids::ATTRIBUTE_CONTENT_TYPE);
        let differs = announced.is_some_and(|announced| object_identifier(announced.raw).ok() != content_type);
        differs.then_some("is over content of another type than it says (RFC 5652 section 11.1)")
    }

    /// Whether CMSAlgorithmProtection names other algorithms than the signer's fields do (RFC 6211 section 3).
    fn contradicts_itself(&self) -> bool {
        let protection = self
            .attributes
            .and_then(|attributes| attribute(attributes, ids::ATTRIBUTE_ALGORITHM_PROTECTION))
            .and_then(|value| value.children().ok());
        let Some([digest, rest @ ..]) = protection.as_deref() else { return false };
        let signature = rest.iter().find(|field| field.tag == 0xa1);
        !same_algorithm(digest.value, self.digest_algorithm.value)
            || signature.is_some_and(|signature| !same_algorithm(signature.value, self.signature_algorithm.value))
    }
}

/// Whether the contents of two AlgorithmIdentifiers say the same: NULL is as good as no parameters, and rsaEncryption as
/// its combination with a digest, which stands in a field of its own.
fn same_algorithm(one: &[u8], other: &[u8]) -> bool {
    let read = |content: &[u8]| {
        let parts = Tlv::all(content).ok()?;
        let identifier = object_identifier(parts.first()?.raw).ok()?;
        Some((identifier, parts.get(1).map(|part| part.raw.to_vec()).filter(|raw| *raw != NULL)))
    };
    let (Some((one, one_parameters)), Some((other, other_parameters))) = (read(one), read(other)) else {
        return false;
    };
    let plain_rsa = |identifier: ObjectIdentifier| {
        if ids::signature_kind(identifier) == Some(SignatureKind::RsaPkcs1) && identifier != ids::RSA_ENCRYPTION {
            ids::RSA_ENCRYPTION
        } else {
            identifier
        }
    };
    let both_digests = ids::digest(one).is_some() && ids::digest(other).is_some();
    let same = one == other || !both_digests && plain_rsa(one) == plain_rsa(other);
    same && one_parameters == other_parameters
}

/// The digest, mask and salt of RSASSA-PSS-params; each left out is that of SHA-1 (RFC 4055 section 3.1).
fn pss_parameters(parameters: Tlv<'_>) -> Option<(Digest, Scheme)> {
    let (mut digest, mut mask, mut salt_length) = (Digest::Sha1, Digest::Sha1, DEFAULT_SALT);
    for parameter in parameters.children().ok()? {
        match parameter.tag {
            0xa0 => digest = ids::digest(algorithm_identifier(parameter.value).ok()?.0)?,
            0xa1 => match algorithm_identifier(parameter.value).ok()? {
                (ids::MGF1, Some(hash)) => mask = ids::digest(algorithm_identifier(hash.raw).ok()?.0)?,
                _ => return None,
            },
            0xa2 => {
                let (length, _) = Tlv::first(parameter.value).ok()?;
                let bytes = length.value.strip_prefix(&[0]).unwrap_or(length.value);
                if length.tag != INTEGER || bytes.len() > 2 {
                    return None;
                }
                salt_length = bytes.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte));
            }
            _ => {}
        }
    }
    Some((digest, Scheme::RsaPss { mask, salt_length }))
}

/// The values of an attribute, also where it stands there more than once.
fn values(attributes: Tlv<'_>, wanted: ObjectIdentifier) -> Vec<Tlv<'_>> {
    let mut found = Vec::new();
    for attribute in attributes.children().unwrap_or_default() {
        if let Ok([kind, values, ..]) = attribute.children().as_deref()
            && object_identifier(kind.raw).is_ok_and(|kind| kind == wanted)
        {
            found.extend(Tlv::all(values.value).unwrap_or_default());
        }
    }
    found
}

/// The first value of an attribute.
fn attribute(attributes: Tlv<'_>, wanted: ObjectIdentifier) -> Option<Tlv<'_>> {
    values(attributes, wanted).into_iter().next()
}

/// The value of the message-digest attribute.
fn message_digest(attributes: Tlv<'_>) -> Option<&[u8]> {
    attribute(attributes, ids::ATTRIBUTE_MESSAGE_DIGEST)
        .filter(|value| value.tag == OCTET_STRING)
        .map(|value| value.value)
}

#[cfg(test)]
mod tests;
