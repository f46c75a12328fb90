//! Building an outbound message (RFC 4130 section 4.2): a payload signed, encrypted or both, as one stream of a length
//! that is known before it is written.

use std::io::{self, Read, Seek, Write};

use jiff::Timestamp;

use super::beside;
use super::digest::{DigestValues, HashingWriter, LineEnds, LineHasher};
use super::entity::{Entity, base64_lines, header_bytes};
use super::enveloped::{EncryptionPlan, Envelope};
use super::error::BuildError;
use super::headers::{HeaderList, as2_id};
use super::mic::Mic;
use super::signed::SigningPlan;
use crate::domain::algorithm::{Compression, Digest};
use crate::domain::connection::{MdnMode, Profile, QuoteAs2Ids, TransferEncoding};

/// Everything that decides how a message looks, apart from its payload.
#[derive(Clone, Copy)]
pub struct OutboundMessage<'a> {
    /// The profile it goes to.
    pub profile: &'a Profile,
    /// The payload's MIME entity.
    pub entity: &'a Entity,
    /// With angle brackets.
    pub message_id: &'a str,
    /// How it is signed, where it is.
    pub signing: Option<SigningPlan<'a>>,
    /// How it is encrypted, where it is.
    pub encryption: Option<EncryptionPlan<'a>>,
    /// The `Date` header.
    pub at: Timestamp,
}

/// What came out of building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The HTTP headers, without those that the transport adds (Host, Content-Length, User-Agent).
    pub headers: HeaderList,
    /// Length of the body in bytes.
    pub length: u64,
    /// The MIC that the receipt should return.
    pub mic: Mic,
}

/// Identifies the program in receipts and messages, as `AS2-Product` (successor draft) and `Reporting-UA`.
pub(super) const PRODUCT: &str = concat!("Countersign/", env!("CARGO_PKG_VERSION"));

impl OutboundMessage<'_> {
    /// Writes the body to `out` and returns the headers that belong to it and the MIC.
    ///
    /// The payload is read once; with an EC key twice, because the length of an ECDSA signature is not known before
    /// it is made.
    ///
    /// # Errors
    /// Where a setting is not available, a certificate or key does not fit, the payload changed while it was read,
    /// or reading or writing failed.
    pub fn build<P: Read + Seek>(&self, payload: &mut P, out: &mut (dyn Write + Send)) -> Result<Built, BuildError> {
        if self.profile.compression != Compression::None {
            return Err(BuildError::Unsupported("compression is not available for sending yet".to_owned()));
        }
        let mut headers = self.envelope_headers();
        let mut counted = Counting { out, written: 0 };
        let digests = match &self.signing {
            Some(signing) => {
                let multipart = SignedMultipart::prepare(self.entity, signing, payload)?;
                let kind = multipart.content_type(self);
                match &self.encryption {
                    None => {
                        headers.push(("Content-Type".to_owned(), kind));
                        multipart.write(payload, &mut counted)?
                    }
                    Some(plan) => {
                        let inner = header_bytes(&[("Content-Type".to_owned(), kind)]);
                        let envelope = Envelope::prepare(plan, inner.len() as u64 + multipart.length())?;
                        let expected = envelope.length();
                        let cipher = envelope.begin(&mut counted)?;
                        let (digests, cipher) = beside::written("cipher", cipher, |out| {
                            out.write_all(&inner)?;
                            multipart.write(payload, out)
                        })?;
                        cipher.finish()?;
                        debug_assert_eq!(expected, counted.written);
                        headers.extend(encrypted_headers());
                        digests
                    }
                }
            }
            None => {
                let mut hasher = LineHasher::new(&[self.mic_digest()], self.line_ends());
                match &self.encryption {
                    // Encrypted, unsigned: over the entity with its headers (RFC 4130 section 7.3.1).
                    Some(plan) => {
                        let inner = self.entity.header_bytes();
                        let envelope = Envelope::prepare(plan, inner.len() as u64 + self.entity.body_length())?;
                        let cipher = envelope.begin(&mut counted)?;
                        let ((), cipher) = beside::written("cipher", cipher, |out| {
                            let mut out = HashingWriter::new(out, &mut hasher);
                            out.write_all(&inner)?;
                            self.entity.write_body(payload, &mut out)
                        })?;
                        cipher.finish()?;
                        headers.extend(encrypted_headers());
                    }
                    // Plain: over the content alone.
                    None => {
                        headers.extend(self.entity.headers());
                        self.entity.write_body(payload, &mut HashingWriter::new(&mut counted, &mut hasher))?;
                    }
                }
                hasher.finish()
            }
        };
        let mic = if self.signing.is_some() && self.profile.quirks.canonicalise_mic {
            self.mic(payload, self.mic_digest(), MicVariant::Standard)?
        } else {
            first_mic(&digests)?
        };
        Ok(Built { headers, length: counted.written, mic })
    }

    /// The MIC of this message in another algorithm or with other line ends, for comparing with a receipt that uses
    /// them. Reads the payload once.
    ///
    /// # Errors
    /// As for [`OutboundMessage::build`].
    pub fn mic<P: Read + Seek>(&self, payload: &mut P, digest: Digest, variant: MicVariant) -> Result<Mic, BuildError> {
        payload.rewind()?;
        let line_ends = match variant {
            MicVariant::Standard => self.line_ends(),
            MicVariant::Crlf => LineEnds::Crlf,
            MicVariant::Lf => LineEnds::Lf,
            MicVariant::OtherHeaders => LineEnds::AsTheyAre,
        };
        let with_headers =
            (self.signing.is_some() || self.encryption.is_some()) != (variant == MicVariant::OtherHeaders);
        let mut hasher = LineHasher::new(&[digest], line_ends);
        if with_headers {
            hasher.update(&self.entity.header_bytes());
        }
        self.entity.write_body(payload, &mut HashingWriter::new(io::sink(), &mut hasher))?;
        first_mic(&hasher.finish())
    }

    /// The algorithm of the MIC: that of the signature, else the one asked for (RFC 4130 section 7.4.3).
    fn mic_digest(&self) -> Digest {
        self.signing.map_or_else(|| self.profile.receipt_digest(), |signing| signing.digest)
    }

    const fn line_ends(&self) -> LineEnds {
        if self.profile.quirks.canonicalise_mic { LineEnds::Crlf } else { LineEnds::AsTheyAre }
    }

    /// Headers that every message has, whatever its structure.
    fn envelope_headers(&self) -> HeaderList {
        let profile = self.profile;
        let always = profile.quirks.quote_as2_ids == QuoteAs2Ids::Always;
        let mut headers: HeaderList = vec![
            ("AS2-Version".to_owned(), "1.2".to_owned()),
            ("AS2-From".to_owned(), as2_id(profile.our_as2_id.as_str(), always)),
            ("AS2-To".to_owned(), as2_id(profile.partner_as2_id.as_str(), always)),
            ("Message-ID".to_owned(), self.message_id.to_owned()),
            ("Date".to_owned(), date(self.at)),
            ("MIME-Version".to_owned(), "1.0".to_owned()),
        ];
        if let Some(subject) = &profile.subject {
            headers.push(("Subject".to_owned(), subject.clone()));
        }
        if profile.mdn != MdnMode::None {
            // The value is no address to use; that it is there asks for a receipt (RFC 4130 section 7.3).
            let to = format!("{}@as2", profile.our_as2_id.as_str().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
            headers.push(("Disposition-Notification-To".to_owned(), to));
            let digest = profile.receipt_digest().micalg(profile.quirks.micalg_style);
            if profile.mdn.is_signed() {
                headers.push((
                    "Disposition-Notification-Options".to_owned(),
                    format!(
                        "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, {digest}"
                    ),
                ));
            } else if self.signing.is_none() {
                headers.push((
                    "Disposition-Notification-Options".to_owned(),
                    format!("signed-receipt-micalg=optional, {digest}"),
                ));
            }
        }
        if let (true, Some(url)) = (profile.mdn.is_async(), &profile.mdn_url) {
            headers.push(("Receipt-Delivery-Option".to_owned(), url.to_string()));
        }
        headers
    }
}

/// Other ways in which partners have been seen to compute a MIC, for telling what they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MicVariant {
    /// As the standard and the profile say.
    Standard,
    /// With every line end as CRLF.
    Crlf,
    /// With every line end as LF.
    Lf,
    /// Without the part's headers where they belong in, with them where they do not.
    OtherHeaders,
}

impl MicVariant {
    /// What the partner did, in words.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Standard => "the partner hashed what was sent",
            Self::Crlf => "the partner hashed the part with every line end turned into CRLF",
            Self::Lf => "the partner hashed the part with every line end turned into LF",
            Self::OtherHeaders => {
                "the partner hashed the part without its headers, or with them where they do not belong"
            }
        }
    }
}

fn first_mic(digests: &DigestValues) -> Result<Mic, BuildError> {
    digests
        .first()
        .map(|(digest, value)| Mic { digest, value: value.to_vec() })
        .ok_or_else(|| BuildError::Unsupported("the MIC algorithm asked for cannot be computed".to_owned()))
}

/// HTTP headers of an encrypted body.
fn encrypted_headers() -> HeaderList {
    vec![
        ("Content-Type".to_owned(), "application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"".to_owned()),
        ("Content-Transfer-Encoding".to_owned(), "binary".to_owned()),
        ("Content-Disposition".to_owned(), "attachment; filename=\"smime.p7m\"".to_owned()),
    ]
}

/// The `Date` header (RFC 5322 section 3.3), in UTC.
pub(super) fn date(at: Timestamp) -> String {
    jiff::tz::Offset::UTC.to_datetime(at).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A boundary that cannot be in the payload: 128 random bits.
pub(super) fn boundary() -> Result<String, BuildError> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_unspecified| super::cipher::CipherError::Random)?;
    Ok(format!("=_countersign_{}", crate::domain::certificate::hex(&random)))
}

/// A multipart/signed body (RFC 1847) about to be written.
struct SignedMultipart<'a> {
    entity: &'a Entity,
    signing: &'a SigningPlan<'a>,
    boundary: String,
    signature_length: usize,
    /// Already made, where its length could not be foretold.
    signature: Option<Vec<u8>>,
}

impl<'a> SignedMultipart<'a> {
    fn prepare<P: Read + Seek>(
        entity: &'a Entity,
        signing: &'a SigningPlan<'a>,
        payload: &mut P,
    ) -> Result<Self, BuildError> {
        let boundary = boundary()?;
        let (signature_length, signature) = match signing.fixed_length() {
            Some(length) => (length, None),
            None => {
                let mut hasher = LineHasher::new(&[signing.digest], LineEnds::AsTheyAre);
                hasher.update(&entity.header_bytes());
                entity.write_body(payload, &mut HashingWriter::new(io::sink(), &mut hasher))?;
                payload.rewind()?;
                let signature = signing.sign(&first_mic(&hasher.finish())?.value)?;
                (signature.len(), Some(signature))
            }
        };
        Ok(Self { entity, signing, boundary, signature_length, signature })
    }

    fn content_type(&self, message: &OutboundMessage<'_>) -> String {
        let micalg = self.signing.digest.micalg(message.profile.quirks.micalg_style);
        signed_content_type(&self.boundary, micalg)
    }

    fn between(&self) -> Vec<u8> {
        signature_part_head(&self.boundary)
    }

    fn length(&self) -> u64 {
        let base64 = Entity {
            content_type: String::new(),
            filename: None,
            transfer_encoding: TransferEncoding::Base64,
            payload_length: self.signature_length as u64,
        };
        let opening = self.boundary.len() + 4;
        let closing = self.boundary.len() + 6;
        (opening + self.entity.header_bytes().len() + self.between().len() + closing) as u64
            + self.entity.body_length()
            + base64.body_length()
    }

    /// Writes it, hashing the part that is signed, and returns that digest.
    fn write(&self, payload: &mut dyn Read, out: &mut dyn Write) -> Result<DigestValues, BuildError> {
        write!(out, "--{}\r\n", self.boundary)?;
        let mut hasher = LineHasher::new(&[self.signing.digest], LineEnds::AsTheyAre);
        let mut part = HashingWriter::new(&mut *out, &mut hasher);
        part.write_all(&self.entity.header_bytes())?;
        self.entity.write_body(payload, &mut part)?;
        let digests = hasher.finish();
        let signature = match &self.signature {
            Some(signature) => signature.clone(),
            None => self.signing.sign(&first_mic(&digests)?.value)?,
        };
        if signature.len() != self.signature_length {
            return Err(BuildError::OwnKey("the signature has another length than the key says".to_owned()));
        }
        out.write_all(&self.between())?;
        out.write_all(&base64_lines(&signature))?;
        write!(out, "--{}--\r\n", self.boundary)?;
        Ok(digests)
    }
}

/// Content-Type of a multipart/signed body.
pub(super) fn signed_content_type(boundary: &str, micalg: &str) -> String {
    format!("multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={micalg}; boundary=\"{boundary}\"")
}

/// What stands between the signed part and its signature. The line break before the delimiter belongs to it.
pub(super) fn signature_part_head(boundary: &str) -> Vec<u8> {
    let mut head = format!("\r\n--{boundary}\r\n").into_bytes();
    head.extend(header_bytes(&[
        ("Content-Type".to_owned(), "application/pkcs7-signature; name=\"smime.p7s\"".to_owned()),
        ("Content-Transfer-Encoding".to_owned(), "base64".to_owned()),
        ("Content-Disposition".to_owned(), "attachment; filename=\"smime.p7s\"".to_owned()),
    ]));
    head
}

struct Counting<'a> {
    out: &'a mut (dyn Write + Send),
    written: u64,
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
