//! Encrypting for a recipient and decrypting as one: EnvelopedData (RFC 5652 section 6).

use std::io::{self, Read, Write};

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey,
    PublicEncryptingKey,
};
use zeroize::Zeroizing;

use super::cipher::{Cbc, CbcReader, CbcWriter};
use super::error::{BuildError, OpenError};
use super::oid as ids;
use crate::certificate::ber::{BerError, BerReader, Octets, Tlv};
use crate::certificate::encode::{INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, algorithm, element, header, joined, oid};
use crate::certificate::{Certificate, PrivateKey};
use crate::domain::algorithm::{Digest, Encryption, KeyTransport};
use crate::domain::certificate::{Fingerprint, KeyAlgorithm, hex};
use crate::domain::connection::RecipientIdentifierStyle;

/// The most bytes of recipient information that are taken.
const MAX_RECIPIENTS: u64 = 1024 * 1024;

/// The most recipients of one message.
const MOST_RECIPIENTS: usize = 64;

/// For whom and how a message is encrypted.
#[derive(Clone, Copy)]
pub struct EncryptionPlan<'a> {
    /// The partner's certificate.
    pub recipient: &'a Certificate,
    /// The content cipher; not `none`.
    pub encryption: Encryption,
    /// How the content key is wrapped.
    pub key_transport: KeyTransport,
    /// How the recipient is named.
    pub identifier: RecipientIdentifierStyle,
}

/// An envelope about to be filled: its beginning and the key of its content.
pub(super) struct Envelope {
    prefix: Vec<u8>,
    cbc: Cbc,
    key: Zeroizing<Vec<u8>>,
    iv: Vec<u8>,
    ciphertext_length: u64,
}

impl Envelope {
    /// Prepares the envelope of `plain_length` bytes of content. Its lengths are definite, so they are fixed here.
    pub(super) fn prepare(plan: &EncryptionPlan<'_>, plain_length: u64) -> Result<Self, BuildError> {
        let unsupported =
            || BuildError::Unsupported(format!("encryption {} is not available for sending yet", plan.encryption));
        let cbc = Cbc::of(plan.encryption).ok_or_else(unsupported)?;
        let cipher_id = ids::of_encryption(plan.encryption).ok_or_else(unsupported)?;
        let (key, iv) = (cbc.random_key()?, cbc.random_iv()?);

        let recipient = key_transport_recipient(plan, &key)?;
        // Version 2 where a recipient is named by key identifier (RFC 5652 section 6.1).
        let version: u8 = if recipient_by_key_identifier(plan) { 2 } else { 0 };
        let cipher = algorithm(cipher_id, &element(OCTET_STRING, &iv));
        let ciphertext_length = cbc.ciphertext_length(plain_length);
        let content = header(0x80, ciphertext_length);
        let data = oid(ids::DATA);
        let content_info_length = (data.len() + cipher.len() + content.len()) as u64 + ciphertext_length;
        let content_info = header(SEQUENCE, content_info_length);
        let head = [element(INTEGER, &[version]), element(SET, &recipient)].concat();
        let enveloped_length = (head.len() + content_info.len()) as u64 + content_info_length;
        let enveloped = header(SEQUENCE, enveloped_length);
        let explicit = header(0xa0, enveloped.len() as u64 + enveloped_length);
        let kind = oid(ids::ENVELOPED_DATA);
        let outer_length = (kind.len() + explicit.len() + enveloped.len()) as u64 + enveloped_length;
        let prefix =
            [header(SEQUENCE, outer_length), kind, explicit, enveloped, head, content_info, data, cipher, content]
                .concat();
        Ok(Self { prefix, cbc, key, iv, ciphertext_length })
    }

    /// Length of the whole envelope in bytes.
    pub(super) fn length(&self) -> u64 {
        self.prefix.len() as u64 + self.ciphertext_length
    }

    /// Writes the beginning; what is then written to the result is the content.
    pub(super) fn begin<W: Write>(self, mut out: W) -> Result<CbcWriter<W>, BuildError> {
        out.write_all(&self.prefix)?;
        Ok(CbcWriter::new(self.cbc, &self.key, &self.iv, out)?)
    }
}

fn recipient_by_key_identifier(plan: &EncryptionPlan<'_>) -> bool {
    plan.identifier == RecipientIdentifierStyle::KeyIdentifier && plan.recipient.subject_key_identifier().is_some()
}

/// KeyTransRecipientInfo (RFC 5652 section 6.2.1). A certificate without a key identifier is named by its issuer and
/// serial number whatever the setting says.
fn key_transport_recipient(plan: &EncryptionPlan<'_>, key: &[u8]) -> Result<Vec<u8>, BuildError> {
    let certificate = plan.recipient;
    let facts = certificate.facts();
    if facts.key.algorithm != KeyAlgorithm::Rsa {
        return Err(BuildError::Unsupported(format!(
            "encrypting for a certificate with an {} key is not available yet",
            facts.key
        )));
    }
    let (version, identifier) = match certificate.subject_key_identifier().filter(|_| recipient_by_key_identifier(plan))
    {
        Some(key_identifier) => (2_u8, element(0x80, key_identifier)),
        None => (0, issuer_and_serial(certificate)),
    };
    let refused = |reason: &dyn std::fmt::Display| BuildError::PartnerKey(reason.to_string());
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

/// IssuerAndSerialNumber, byte by byte as in the certificate.
pub(super) fn issuer_and_serial(certificate: &Certificate) -> Vec<u8> {
    joined(SEQUENCE, &[certificate.issuer_der(), &element(INTEGER, certificate.serial_bytes())])
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

/// A key of ours with which messages may be decrypted.
#[derive(Clone, Copy)]
pub struct DecryptionKey<'a> {
    /// The certificate that senders encrypt for.
    pub certificate: &'a Certificate,
    /// Its private key.
    pub key: &'a PrivateKey,
}

/// How a received message was encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionFacts {
    /// The content cipher.
    pub encryption: Encryption,
    /// How the content key was wrapped.
    pub key_transport: KeyTransport,
    /// Which of our certificates it was encrypted for.
    pub recipient: Fingerprint,
}

/// An envelope that is being opened.
pub(super) struct OpenedEnvelope<R> {
    pub(super) facts: EncryptionFacts,
    /// Its content. Whether the content key was the right one shows in its padding.
    pub(super) content: CbcReader<OctetReader<R>>,
    /// The content key could not be unwrapped and a random one was taken in its place, so that a sender cannot tell
    /// the one failure from the other (RFC 3218 section 2.3.2). Whatever comes out is not to be used.
    pub(super) spoilt: bool,
}

/// [`Octets`] as a [`Read`].
pub(super) struct OctetReader<R>(Octets<R>);

impl<R: Read> Read for OctetReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.next(buffer).map_err(|error| match error {
            BerError::Io(error) => error,
            other => io::Error::other(other),
        })
    }
}

/// Opens an envelope up to the beginning of its content, trying all `keys`.
pub(super) fn open<R: Read>(source: R, keys: &[DecryptionKey<'_>]) -> Result<OpenedEnvelope<R>, OpenError> {
    let mut ber = BerReader::new(source);
    ber.enter_tag(SEQUENCE, "it does not begin with a CMS structure")?;
    let kind = ber.element(100)?;
    let kind = object_identifier(&kind)?;
    match kind {
        ids::ENVELOPED_DATA => {}
        ids::AUTH_ENVELOPED_DATA => {
            return Err(OpenError::Unsupported("messages encrypted with AES-GCM cannot be read yet".to_owned()));
        }
        ids::COMPRESSED_DATA => {
            return Err(OpenError::Unsupported("compressed messages cannot be read yet".to_owned()));
        }
        other => {
            return Err(OpenError::Malformed(format!(
                "it holds CMS content of type {other} where encrypted content was announced"
            )));
        }
    }
    ber.enter_tag(0xa0, "the content of the CMS structure is missing")?;
    ber.enter_tag(SEQUENCE, "the encrypted structure is missing")?;
    ber.element(16)?;
    if ber.next_tag()? == 0xa0 {
        ber.element(MAX_RECIPIENTS)?;
    }
    if ber.next_tag()? != SET {
        return Err(OpenError::Malformed("the encrypted structure names no recipients".to_owned()));
    }
    let recipients = ber.element(MAX_RECIPIENTS)?;
    ber.enter_tag(SEQUENCE, "the encrypted content is missing")?;
    ber.element(100)?;
    let cipher = ber.element(4096)?;
    let (cipher_id, parameters) = algorithm_identifier(&cipher)?;
    let encryption = ids::encryption(cipher_id).ok_or_else(|| {
        OpenError::Unsupported(format!("the message is encrypted with an unknown cipher ({cipher_id})"))
    })?;
    let cbc = Cbc::of(encryption)
        .ok_or_else(|| OpenError::Unsupported("messages encrypted with AES-GCM cannot be read yet".to_owned()))?;
    let iv = parameters
        .filter(|parameters| parameters.tag == OCTET_STRING)
        .ok_or_else(|| OpenError::Malformed("the cipher has no initialisation vector".to_owned()))?
        .value
        .to_vec();
    if ber.next_tag()? & 0xdf != 0x80 {
        return Err(OpenError::Malformed("the encrypted content is missing".to_owned()));
    }

    let found = unwrap_key(&recipients, keys)?;
    let spoilt = found.key.as_ref().is_none_or(|key| key.len() != cbc.key_bytes);
    let key = match found.key {
        Some(key) if !spoilt => key,
        _ => cbc.random_key()?,
    };
    let octets = Octets::enter(ber)?;
    let content = CbcReader::new(cbc, &key, &iv, OctetReader(octets))?;
    let facts = EncryptionFacts { encryption, key_transport: found.key_transport, recipient: found.recipient };
    Ok(OpenedEnvelope { facts, content, spoilt })
}

struct Unwrapped {
    key: Option<Zeroizing<Vec<u8>>>,
    key_transport: KeyTransport,
    recipient: Fingerprint,
}

/// Finds the recipients that are ours, and unwraps the content key with the first of our keys that can.
fn unwrap_key(recipients: &[u8], keys: &[DecryptionKey<'_>]) -> Result<Unwrapped, OpenError> {
    let (set, _) = Tlv::first(recipients)?;
    let mut named = Vec::new();
    let mut best: Option<Unwrapped> = None;
    let mut unsupported = None;
    let recipients = set.children()?;
    if recipients.len() > MOST_RECIPIENTS {
        return Err(OpenError::Malformed(format!("it is encrypted for more than {MOST_RECIPIENTS} recipients")));
    }
    // Every recipient that is ours is unwrapped, and one that cannot be spoils the message: whoever writes two of them
    // must not learn from the answer which was well-formed (RFC 3218).
    let mut spoilt = false;
    for recipient in recipients {
        if recipient.tag != SEQUENCE {
            named.push("a recipient of another kind than RSA".to_owned());
            continue;
        }
        let fields = recipient.children()?;
        let [_, identifier, transport, wrapped, ..] = fields.as_slice() else {
            return Err(OpenError::Malformed("a recipient is incomplete".to_owned()));
        };
        named.push(recipient_name(identifier));
        for candidate in keys.iter().filter(|candidate| names(identifier, candidate.certificate)) {
            let Some(key_transport) = read_transport(transport)? else {
                unsupported = Some(transport_name(transport)?);
                continue;
            };
            let key = unwrap_with(candidate.key, key_transport, wrapped.value);
            spoilt |= key.is_none();
            best.get_or_insert(Unwrapped {
                key,
                key_transport,
                recipient: candidate.certificate.facts().fingerprint_sha256,
            });
        }
    }
    if let Some(found) = best.as_mut().filter(|_| spoilt) {
        found.key = None;
    }
    if let (None, Some(how)) = (&best, unsupported) {
        return Err(OpenError::Unsupported(format!(
            "the message is encrypted for us, but its key is encrypted with {how}, which is not supported"
        )));
    }
    named.truncate(10);
    best.ok_or(OpenError::NotForUs { recipients: named })
}

/// Whether a RecipientIdentifier names a certificate, by issuer and serial number or by key identifier.
pub(super) fn names(identifier: &Tlv<'_>, certificate: &Certificate) -> bool {
    match identifier.tag {
        SEQUENCE => identifier.children().is_ok_and(|parts| match parts.as_slice() {
            [issuer, serial, ..] => {
                issuer.raw == certificate.issuer_der() && serial.value == certificate.serial_bytes()
            }
            _ => false,
        }),
        0x80 => certificate.subject_key_identifier() == Some(identifier.value),
        _ => false,
    }
}

fn recipient_name(identifier: &Tlv<'_>) -> String {
    match identifier.children().ok().as_deref() {
        Some([_, serial, ..]) if identifier.tag == SEQUENCE => format!("serial number {}", hex(serial.value)),
        _ => format!("key identifier {}", hex(identifier.value)),
    }
}

fn unwrap_with(key: &PrivateKey, transport: KeyTransport, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let private = key.decrypting()?;
    let mut plain = Zeroizing::new(vec![0; private.key_size_bytes().max(wrapped.len())]);
    let length = match oaep(transport) {
        None => Pkcs1PrivateDecryptingKey::new(private).ok()?.decrypt(wrapped, &mut plain).ok()?.len(),
        Some((_, scheme)) => {
            OaepPrivateDecryptingKey::new(private).ok()?.decrypt(scheme, wrapped, &mut plain, None).ok()?.len()
        }
    };
    plain.truncate(length);
    Some(plain)
}

/// Which key transport an AlgorithmIdentifier names; nothing for one that is unknown, or that takes another digest for
/// its mask than for its label.
fn read_transport(transport: &Tlv<'_>) -> Result<Option<KeyTransport>, OpenError> {
    let (identifier, parameters) = algorithm_identifier(transport.raw)?;
    match identifier {
        ids::RSA_ENCRYPTION => Ok(Some(KeyTransport::RsaPkcs1)),
        ids::RSAES_OAEP => {
            let (mut digest, mut mask) = (Digest::Sha1, Digest::Sha1);
            for parameter in parameters.map(|parameters| parameters.children()).transpose()?.unwrap_or_default() {
                if parameter.tag == 0xa0 {
                    let (hash, _) = algorithm_identifier(parameter.value)?;
                    match ids::digest(hash) {
                        Some(known) => digest = known,
                        None => return Ok(None),
                    }
                }
                if parameter.tag == 0xa1 {
                    match mask_digest(parameter.value)? {
                        Some(known) => mask = known,
                        None => return Ok(None),
                    }
                }
            }
            if mask != digest {
                return Ok(None);
            }
            Ok(match digest {
                Digest::Sha1 => Some(KeyTransport::RsaOaepSha1),
                Digest::Sha256 => Some(KeyTransport::RsaOaepSha256),
                Digest::Sha384 => Some(KeyTransport::RsaOaepSha384),
                Digest::Sha512 => Some(KeyTransport::RsaOaepSha512),
                Digest::Md5 => None,
            })
        }
        _ => Ok(None),
    }
}

/// The digest of a mask generation function, where it is MGF1 and the digest is known (RFC 4055 section 2.2).
fn mask_digest(encoded: &[u8]) -> Result<Option<Digest>, OpenError> {
    match algorithm_identifier(encoded)? {
        (ids::MGF1, Some(hash)) => Ok(ids::digest(algorithm_identifier(hash.raw)?.0)),
        _ => Ok(None),
    }
}

/// How a key transport that cannot be used is named to people.
fn transport_name(transport: &Tlv<'_>) -> Result<String, OpenError> {
    Ok(match algorithm_identifier(transport.raw)?.0 {
        ids::RSAES_OAEP => "RSAES-OAEP with different digests for label and mask, or an unknown one".to_owned(),
        other => format!("the algorithm {other}"),
    })
}

/// The identifier in an encoded OBJECT IDENTIFIER.
pub(super) fn object_identifier(encoded: &[u8]) -> Result<der::asn1::ObjectIdentifier, OpenError> {
    let (element, _) = Tlv::first(encoded)?;
    (element.tag == 0x06)
        .then(|| der::asn1::ObjectIdentifier::from_bytes(element.value).ok())
        .flatten()
        .ok_or_else(|| OpenError::Malformed("an object identifier is damaged".to_owned()))
}

/// The parts of an encoded AlgorithmIdentifier.
pub(super) fn algorithm_identifier(
    encoded: &[u8],
) -> Result<(der::asn1::ObjectIdentifier, Option<Tlv<'_>>), OpenError> {
    let (sequence, _) = Tlv::first(encoded)?;
    let parts = sequence.children()?;
    let identifier = parts
        .first()
        .ok_or_else(|| OpenError::Malformed("an algorithm is not named".to_owned()))
        .and_then(|first| object_identifier(first.raw))?;
    Ok((identifier, parts.get(1).copied()))
}
