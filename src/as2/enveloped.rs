//! Encrypting for a recipient and decrypting as one: EnvelopedData (RFC 5652 section 6) and AuthEnvelopedData (RFC 5083).

use std::io::{Read, Write};

use zeroize::Zeroizing;

use super::cipher::{CbcReader, CbcWriter, random};
use super::content::{ContentCipher, ContentReader, ContentWriter, OctetReader};
use super::digest::sha256;
use super::error::{BuildError, OpenError};
use super::gcm::{GcmReader, GcmWriter, LEAST_TAG_BYTES, MAX_GCM, NONCE_BYTES, TAG_BYTES, TagPlace};
use super::named::NamedCertificate;
use super::recipients::unwrap_key;
use super::{key_agreement, key_transport, oid as ids};
use crate::certificate::ber::{BerReader, Octets, Tlv};
use crate::certificate::encode::{INTEGER, OCTET_STRING, SEQUENCE, SET, algorithm, element, header, joined, oid};
use crate::certificate::{Certificate, PrivateKey};
use crate::domain::algorithm::{Encryption, KeyTransport};
use crate::domain::certificate::{Fingerprint, KeyAlgorithm};
use crate::domain::connection::{GcmContent, RecipientIdentifierStyle};

/// The most bytes of recipient information that are taken.
const MAX_RECIPIENTS: u64 = 1024 * 1024;

/// What stands before the tag of AuthEnvelopedData: the head of its OCTET STRING.
const MAC_HEAD: [u8; 2] = [OCTET_STRING, 16];

/// For whom and how a message is encrypted.
#[derive(Clone, Copy)]
pub struct EncryptionPlan<'a> {
    /// The partner's certificate.
    pub recipient: &'a Certificate,
    /// The content cipher; not `none`.
    pub encryption: Encryption,
    /// How the content key is wrapped for an RSA key. With an EC key it is agreed on.
    pub key_transport: KeyTransport,
    /// How the recipient is named.
    pub identifier: RecipientIdentifierStyle,
    /// The structure around AES-GCM content.
    pub gcm_content: GcmContent,
}

impl EncryptionPlan<'_> {
    /// The identifier that the recipient is named by, where that is how it is named. A certificate without one is named
    /// by its issuer and serial number whatever the setting says.
    pub(super) fn key_identifier(&self) -> Option<&[u8]> {
        let style = self.identifier == RecipientIdentifierStyle::KeyIdentifier;
        self.recipient.subject_key_identifier().filter(|_| style)
    }

    /// Whether what is made is AuthEnvelopedData.
    pub(super) fn is_authenticated(&self) -> bool {
        self.gcm_content == GcmContent::AuthEnveloped
            && matches!(ContentCipher::of(self.encryption), Some(ContentCipher::Gcm(_)))
    }

    /// The RecipientInfo, and the version of EnvelopedData that goes with it (RFC 5652 section 6.1).
    fn recipient_info(&self, key: &[u8]) -> Result<(Vec<u8>, u8), BuildError> {
        match self.recipient.facts().key.algorithm {
            KeyAlgorithm::Rsa => {
                let version = if self.key_identifier().is_some() { 2 } else { 0 };
                Ok((key_transport::recipient(self, key)?, version))
            }
            KeyAlgorithm::Ec => Ok((key_agreement::recipient(self, key)?, 2)),
            KeyAlgorithm::Ed | KeyAlgorithm::Other => Err(BuildError::PartnerKey(format!(
                "its key is of a kind that is not encrypted for ({})",
                self.recipient.facts().key
            ))),
        }
    }
}

/// An envelope about to be filled: its beginning and the key of its content.
pub(super) struct Envelope {
    prefix: Vec<u8>,
    cipher: ContentCipher,
    key: Zeroizing<Vec<u8>>,
    iv: Vec<u8>,
    before_tag: &'static [u8],
    /// Length of what is encrypted, with padding or tag.
    content_length: u64,
}

impl Envelope {
    /// Prepares the envelope of `plain_length` bytes of content. Its lengths are definite, so they are fixed here.
    pub(super) fn prepare(plan: &EncryptionPlan<'_>, plain_length: u64) -> Result<Self, BuildError> {
        let unknown = || BuildError::Unsupported(format!("encryption {} is no cipher", plan.encryption));
        let cipher = ContentCipher::of(plan.encryption).ok_or_else(unknown)?;
        let cipher_id = ids::of_encryption(plan.encryption).ok_or_else(unknown)?;
        let key = cipher.random_key()?;
        let authenticated = plan.is_authenticated();
        let (iv, parameters, ciphertext_length) = match cipher {
            ContentCipher::Cbc(cbc) => {
                let iv = random(cbc.block_bytes)?.to_vec();
                let parameters = element(OCTET_STRING, &iv);
                (iv, parameters, cbc.ciphertext_length(plain_length))
            }
            ContentCipher::Gcm(_) if plain_length > MAX_GCM => {
                return Err(BuildError::Unsupported(format!(
                    "a message of {plain_length} bytes is too long for {}, which ends at {MAX_GCM}: choose a CBC mode",
                    plan.encryption.label()
                )));
            }
            ContentCipher::Gcm(_) => {
                let nonce = random(NONCE_BYTES)?.to_vec();
                // GCMParameters (RFC 5084 section 3.2); the tag's length is written because its default is 12.
                let parameters = joined(SEQUENCE, &[&element(OCTET_STRING, &nonce), &element(INTEGER, &[16])]);
                let tag = if authenticated { 0 } else { TAG_BYTES as u64 };
                (nonce, parameters, plain_length + tag)
            }
        };
        let before_tag: &[u8] = if authenticated { &MAC_HEAD } else { &[] };
        let trailer = if authenticated { (MAC_HEAD.len() + TAG_BYTES) as u64 } else { 0 };

        let (recipient, version) = plan.recipient_info(&key)?;
        // The version of AuthEnvelopedData is always 0 (RFC 5083 section 2.1).
        let (kind, version) =
            if authenticated { (oid(ids::AUTH_ENVELOPED_DATA), 0) } else { (oid(ids::ENVELOPED_DATA), version) };
        let algorithm = algorithm(cipher_id, &parameters);
        let content = header(0x80, ciphertext_length);
        let data = oid(ids::DATA);
        let content_info_length = (data.len() + algorithm.len() + content.len()) as u64 + ciphertext_length;
        let content_info = header(SEQUENCE, content_info_length);
        let head = [element(INTEGER, &[version]), element(SET, &recipient)].concat();
        let enveloped_length = (head.len() + content_info.len()) as u64 + content_info_length + trailer;
        let enveloped = header(SEQUENCE, enveloped_length);
        let explicit = header(0xa0, enveloped.len() as u64 + enveloped_length);
        let outer_length = (kind.len() + explicit.len() + enveloped.len()) as u64 + enveloped_length;
        let prefix =
            [header(SEQUENCE, outer_length), kind, explicit, enveloped, head, content_info, data, algorithm, content]
                .concat();
        Ok(Self { prefix, cipher, key, iv, before_tag, content_length: ciphertext_length + trailer })
    }

    /// Length of the whole envelope in bytes.
    pub(super) fn length(&self) -> u64 {
        self.prefix.len() as u64 + self.content_length
    }

    /// Writes the beginning; what is then written to the result is the content.
    pub(super) fn begin<W: Write>(self, mut out: W) -> Result<ContentWriter<W>, BuildError> {
        out.write_all(&self.prefix)?;
        Ok(match self.cipher {
            ContentCipher::Cbc(cbc) => ContentWriter::Cbc(CbcWriter::new(cbc, &self.key, &self.iv, out)?),
            ContentCipher::Gcm(gcm) => {
                ContentWriter::Gcm(Box::new(GcmWriter::new(gcm, &self.key, &self.iv, self.before_tag, out)?))
            }
        })
    }
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
    /// How the content key was wrapped; nothing where it was agreed on with an EC key.
    pub key_transport: Option<KeyTransport>,
    /// Which of our certificates it was encrypted for.
    pub recipient: Fingerprint,
    /// SHA-256 of the content key, which is fresh for every message: what has the same one was made from the same message.
    pub(super) key_sha256: [u8; 32],
}

/// An envelope that is being opened.
pub(super) struct OpenedEnvelope<R> {
    pub(super) facts: EncryptionFacts,
    /// Its content. Whether the content key was the right one shows at its end.
    pub(super) content: ContentReader<R>,
    /// The certificates that it names as recipients.
    pub(super) named: Vec<NamedCertificate>,
    /// The content key could not be unwrapped and a random one was taken in its place, so that a sender cannot tell
    /// the one failure from the other (RFC 3218 section 2.3.2). Whatever comes out is not to be used.
    pub(super) spoilt: bool,
}

/// An envelope that was read up to its content, which nothing has been decrypted of yet.
pub(super) struct EnvelopeHead<R> {
    ber: BerReader<R>,
    /// Whether it is AuthEnvelopedData.
    pub(super) authenticated: bool,
    /// The SET of its recipients.
    pub(super) recipients: Vec<u8>,
    /// The AlgorithmIdentifier of its content cipher.
    cipher: Vec<u8>,
}

impl<R: Read> EnvelopeHead<R> {
    pub(super) fn read(source: R) -> Result<Self, OpenError> {
        let mut ber = BerReader::new(source);
        ber.enter_tag(SEQUENCE, "it does not begin with a CMS structure")?;
        let kind = ber.element(100)?;
        let kind = object_identifier(&kind)?;
        match kind {
            ids::ENVELOPED_DATA | ids::AUTH_ENVELOPED_DATA => {}
            // RFC 4130 section 2.5 has multipart/signed, and nothing else.
            ids::SIGNED_DATA => {
                return Err(OpenError::Unsupported(
                    "the message is signed with its content inside the signature (`signed-data`), where AS2 wants multipart/signed"
                        .to_owned(),
                ));
            }
            other => {
                return Err(OpenError::Malformed(format!(
                    "it holds CMS content of type {other} where encrypted content was announced"
                )));
            }
        }
        let authenticated = kind == ids::AUTH_ENVELOPED_DATA;
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
        Ok(Self { ber, authenticated, recipients, cipher })
    }

    /// The content cipher: by its identifier, and as what it is known here.
    pub(super) fn cipher(&self) -> Result<(der::asn1::ObjectIdentifier, Option<Encryption>), OpenError> {
        let (identifier, _) = algorithm_identifier(&self.cipher)?;
        Ok((identifier, ids::encryption(identifier)))
    }

    /// Opens it up to the beginning of its content, trying all `keys`.
    pub(super) fn open(self, keys: &[DecryptionKey<'_>]) -> Result<OpenedEnvelope<R>, OpenError> {
        let Self { mut ber, authenticated, recipients, cipher } = self;
        let (cipher_id, parameters) = algorithm_identifier(&cipher)?;
        let unknown = || {
            OpenError::UnknownEncryption(match ids::foreign_cipher(cipher_id) {
                Some(name) => format!("the message is encrypted with {name}, which is not supported ({cipher_id})"),
                None => format!("the message is encrypted with an unknown cipher ({cipher_id})"),
            })
        };
        let encryption = ids::encryption(cipher_id).ok_or_else(unknown)?;
        let cipher = ContentCipher::of(encryption).ok_or_else(unknown)?;
        if ber.next_tag()? & 0xdf != 0x80 {
            return Err(OpenError::Malformed("the encrypted content is missing".to_owned()));
        }

        let found = unwrap_key(&recipients, keys)?;
        let spoilt = found.key.as_ref().is_none_or(|key| key.len() != cipher.key_bytes());
        let key = match found.key {
            Some(key) if !spoilt => key,
            _ => cipher.random_key()?,
        };
        let content = match cipher {
            ContentCipher::Cbc(_) if authenticated => {
                return Err(OpenError::Malformed(format!(
                    "it announces authenticated encryption but is encrypted with {}",
                    encryption.label()
                )));
            }
            ContentCipher::Cbc(cbc) => {
                let iv = initialisation_vector(parameters)?;
                ContentReader::Cbc(CbcReader::new(cbc, &key, iv, OctetReader(Octets::enter(ber)?))?)
            }
            ContentCipher::Gcm(gcm) => {
                let (nonce, appended) = gcm_parameters(parameters)?;
                let place = if authenticated { TagPlace::Behind } else { TagPlace::Appended(appended) };
                let octets = OctetReader(Octets::enter(ber)?);
                ContentReader::Gcm(Box::new(GcmReader::new(gcm, &key, nonce, place, octets)?))
            }
        };
        let facts = EncryptionFacts {
            encryption,
            key_transport: found.key_transport,
            recipient: found.recipient,
            key_sha256: sha256(&key),
        };
        Ok(OpenedEnvelope { facts, content, named: found.named, spoilt })
    }
}

/// Opens an envelope up to the beginning of its content, trying all `keys`.
pub(super) fn open<R: Read>(source: R, keys: &[DecryptionKey<'_>]) -> Result<OpenedEnvelope<R>, OpenError> {
    EnvelopeHead::read(source)?.open(keys)
}

fn initialisation_vector<'a>(parameters: Option<Tlv<'a>>) -> Result<&'a [u8], OpenError> {
    parameters
        .filter(|parameters| parameters.tag == OCTET_STRING)
        .map(|parameters| parameters.value)
        .ok_or_else(|| OpenError::Malformed("the cipher has no initialisation vector".to_owned()))
}

/// The nonce of GCM, and the lengths in bytes that an appended tag may have. The parameters are GCMParameters (RFC 5084
/// section 3.2), or the bare nonce, as some write it.
fn gcm_parameters<'a>(parameters: Option<Tlv<'a>>) -> Result<(&'a [u8], Vec<usize>), OpenError> {
    let sequence = parameters.filter(|parameters| parameters.tag == SEQUENCE);
    let Some(sequence) = sequence else { return Ok((initialisation_vector(parameters)?, vec![TAG_BYTES])) };
    let fields = sequence.children()?;
    let nonce = initialisation_vector(fields.first().copied())?;
    let lengths = match fields.get(1).filter(|field| field.tag == INTEGER) {
        Some(Tlv { value: [length], .. }) if (LEAST_TAG_BYTES..=TAG_BYTES).contains(&usize::from(*length)) => {
            vec![usize::from(*length)]
        }
        Some(_) => return Err(OpenError::Malformed("its authentication tag has an impossible length".to_owned())),
        // The default is 12, which whoever leaves the length out does not always mean.
        None => vec![LEAST_TAG_BYTES, TAG_BYTES],
    };
    Ok((nonce, lengths))
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

#[cfg(test)]
mod tests;
