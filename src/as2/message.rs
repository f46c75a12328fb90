//! Building an outbound message (RFC 4130 section 4.2, RFC 5402 section 3): a payload signed, compressed and encrypted as
//! the profile says, as one stream of a length that is known before it is written.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base64::Engine as _;
use jiff::Timestamp;

use super::beside;
use super::compressed::{self, Packed};
use super::digest::{DigestValues, HashingWriter, LineEnds, LineHasher};
use super::entity::{Entity, header_bytes};
use super::enveloped::{EncryptionPlan, Envelope};
use super::error::BuildError;
use super::headers::{HeaderList, as2_id};
use super::line_ends::is_text;
use super::mic::Mic;
use super::signed::SigningPlan;
use super::signed_multipart::SignedMultipart;
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

/// Identifies the program in receipts.
pub(super) const PRODUCT: &str = concat!("Countersign/", env!("CARGO_PKG_VERSION"));

/// What every message and receipt says of the program that wrote it. AS2-Version 1.2 is that of those who name their
/// features (RFC 6017): the same Message-ID on a retry and the first receipt for a repetition are ours. `AS2-Product` is
/// of the successor draft.
pub(super) fn program_headers() -> HeaderList {
    vec![
        ("AS2-Version".to_owned(), "1.2".to_owned()),
        ("EDIINT-Features".to_owned(), "AS2-Reliability".to_owned()),
        ("AS2-Product".to_owned(), concat!("countersign:", env!("CARGO_PKG_VERSION")).to_owned()),
    ]
}

impl OutboundMessage<'_> {
    /// Writes the body to `out` and returns the headers that belong to it and the MIC.
    ///
    /// The payload is read once; with an EC key twice, because the length of an ECDSA signature is not known before
    /// it is made. Compressed content waits in a temporary file, because its length stands before it.
    ///
    /// # Errors
    /// Where a setting is not available, a certificate or key does not fit, the payload changed while it was read,
    /// or reading or writing failed.
    pub fn build<P: Read + Seek>(&self, payload: &mut P, out: &mut (dyn Write + Send)) -> Result<Built, BuildError> {
        self.build_beside(payload, out, None)
    }

    /// Whether it can be built from a payload that is read once, and comes from where it cannot be read again: nothing
    /// about it has to be known before it is written but its length.
    #[must_use]
    pub fn is_built_in_one_pass(&self) -> bool {
        self.profile.compression == Compression::None
            && self
                .signing
                .is_none_or(|signing| signing.fixed_length().is_some() && !self.profile.quirks.canonicalise_mic)
    }

    /// The same as [`OutboundMessage::build`] from a payload that is read once.
    ///
    /// # Errors
    /// As for [`OutboundMessage::build`], and where it is not [built in one pass](OutboundMessage::is_built_in_one_pass).
    pub fn build_in_one_pass<P: Read>(
        &self,
        payload: &mut P,
        out: &mut (dyn Write + Send),
    ) -> Result<Built, BuildError> {
        self.build_beside(&mut Once(payload), out, None)
    }

    /// The same, with the temporary file in `folder`, where there is room for what is sent.
    ///
    /// # Errors
    /// As for [`OutboundMessage::build`].
    pub fn build_beside<P: Read + Seek>(
        &self,
        payload: &mut P,
        out: &mut (dyn Write + Send),
        folder: Option<&Path>,
    ) -> Result<Built, BuildError> {
        let mut headers = self.envelope_headers();
        let mut counted = Counting { out, written: 0 };
        let order = self.profile.compression;
        let digests = if order == Compression::None {
            let content = self.content(self.entity, payload)?;
            self.seal(&content, payload, &mut headers, &mut counted)?
        } else {
            let inner = match order {
                Compression::AfterSigning => self.content(self.entity, payload)?,
                _ => Content::Bare(self.entity),
            };
            let (mut packed, inner) = Packed::fill(folder, |out| self.write_content(&inner, true, payload, out))?;
            let entity = compressed_entity(packed.length(), self.profile.transfer_encoding);
            let signed = order == Compression::BeforeSigning && self.signing.is_some();
            let outer = match if signed { self.content(&entity, &mut packed)? } else { Content::Bare(&entity) } {
                Content::Signed(multipart) if self.encryption.is_none() => {
                    Content::Signed(multipart.behind_an_empty_line())
                }
                content => content,
            };
            let outer = self.seal(&outer, &mut packed, &mut headers, &mut counted)?;
            // Compressed before signing, the compressed part is what was signed; else the MIC is over what is inside, with
            // its headers: the signed part, or the whole entity (RFC 5402 section 4).
            if signed { outer } else { inner }
        };
        let canonicalised = self.profile.quirks.canonicalise_mic && self.signing.is_some();
        let mic = if canonicalised && !self.signs_compressed() {
            self.mic_of(payload, &[self.mic_digest()])?
        } else {
            digests
        };
        Ok(Built { headers, length: counted.written, mic: first_mic(&mic)? })
    }

    /// The MIC of this message in another algorithm, for comparing with a receipt that uses it. `built` is the one that
    /// came out of building. Reads the payload once, or twice where it is compressed before it is signed.
    ///
    /// # Errors
    /// As for [`OutboundMessage::build`], and where the message does not come out as it was built.
    pub fn mic<P: Read + Seek>(&self, payload: &mut P, digest: Digest, built: &Mic) -> Result<Mic, BuildError> {
        let digests = self.mic_of(payload, &[digest, built.digest])?;
        if digests.get(built.digest) != Some(&built.value) {
            return Err(BuildError::Unsupported(format!(
                "the message does not come out as it was sent when it is built again, so its MIC in {} is not known",
                digest.label()
            )));
        }
        let value = digests
            .get(digest)
            .ok_or_else(|| BuildError::Unsupported(format!("a MIC in {} cannot be computed", digest.label())))?;
        Ok(Mic { digest, value: value.to_vec() })
    }

    fn mic_of<P: Read + Seek>(&self, payload: &mut P, digests: &[Digest]) -> Result<DigestValues, BuildError> {
        payload.rewind()?;
        if self.signs_compressed() {
            let mut hasher = LineHasher::new(digests, LineEnds::AsTheyAre);
            hasher.update(&self.compressed_head());
            self.write_compressed(payload, &mut HashingWriter::new(io::sink(), &mut hasher))?;
            return Ok(hasher.finish());
        }
        let mut hasher = LineHasher::new(digests, self.line_ends());
        let bare = self.signing.is_none() && self.encryption.is_none() && self.profile.compression == Compression::None;
        let mut hashed = HashingWriter::new(io::sink(), &mut hasher);
        if !bare {
            hashed.write_all(&self.entity.header_bytes())?;
        }
        self.entity.write_body(payload, &mut hashed)?;
        Ok(hasher.finish())
    }

    /// Headers of the part into which the payload's entity is compressed.
    pub(super) fn compressed_head(&self) -> Vec<u8> {
        compressed_entity(0, self.profile.transfer_encoding).header_bytes()
    }

    /// Writes the body of that part. Nothing is kept: it is compressed twice, the first time for its length.
    pub(super) fn write_compressed<P: Read + Seek>(
        &self,
        payload: &mut P,
        out: &mut dyn Write,
    ) -> Result<(), BuildError> {
        let mut counted = Counting { out: &mut io::sink(), written: 0 };
        self.deflate_entity(payload, &mut counted)?;
        let prefix = compressed::prefix(counted.written);
        let entity = compressed_entity(prefix.len() as u64 + counted.written, self.profile.transfer_encoding);
        let mut body = entity.body_writer(out);
        body.write_all(&prefix)?;
        self.deflate_entity(payload, &mut body)?;
        Ok(body.finish()?)
    }

    fn deflate_entity<P: Read + Seek>(&self, payload: &mut P, out: &mut dyn Write) -> Result<(), BuildError> {
        payload.rewind()?;
        let mut deflate = compressed::deflate(out);
        deflate.write_all(&self.entity.header_bytes())?;
        self.entity.write_body(payload, &mut deflate)?;
        deflate.finish()?;
        Ok(())
    }

    /// Whether what is signed is the compressed part.
    fn signs_compressed(&self) -> bool {
        self.profile.compression == Compression::BeforeSigning && self.signing.is_some()
    }

    /// An entity, in multipart/signed where the message is signed.
    fn content<'e, P: Read + Seek>(&'e self, entity: &'e Entity, payload: &mut P) -> Result<Content<'e>, BuildError> {
        Ok(match &self.signing {
            Some(signing) => Content::Signed(SignedMultipart::prepare(entity, signing, payload)?),
            None => Content::Bare(entity),
        })
    }

    /// Writes content to the body, encrypted where the message is, and adds the headers that it gives the message.
    fn seal(
        &self,
        content: &Content<'_>,
        payload: &mut dyn Read,
        headers: &mut HeaderList,
        counted: &mut Counting<'_>,
    ) -> Result<DigestValues, BuildError> {
        let Some(plan) = &self.encryption else {
            headers.extend(content.headers(self));
            return self.write_content(content, false, payload, counted);
        };
        let inner = header_bytes(&content.headers(self)).len() as u64 + content.body_length();
        let envelope = Envelope::prepare(plan, inner)?;
        let expected = envelope.length();
        let cipher = envelope.begin(&mut *counted)?;
        let (digests, cipher) =
            beside::written("cipher", cipher, |out| self.write_content(content, true, payload, out))?;
        cipher.finish()?;
        debug_assert_eq!(expected, counted.written);
        headers.extend(encrypted_headers(plan));
        Ok(digests)
    }

    /// Writes content and returns the digests of its MIC: of what is signed, else of all that is written here. So the
    /// headers belong to it where they are inside a layer, and not where they are those of the message itself.
    fn write_content(
        &self,
        content: &Content<'_>,
        with_headers: bool,
        payload: &mut dyn Read,
        out: &mut dyn Write,
    ) -> Result<DigestValues, BuildError> {
        let head = if with_headers { header_bytes(&content.headers(self)) } else { Vec::new() };
        match content {
            Content::Signed(multipart) => {
                out.write_all(&head)?;
                multipart.write(payload, out)
            }
            Content::Bare(entity) => {
                let mut hasher = LineHasher::new(&[self.mic_digest()], self.line_ends());
                let mut hashed = HashingWriter::new(out, &mut hasher);
                hashed.write_all(&head)?;
                entity.write_body(payload, &mut hashed)?;
                Ok(hasher.finish())
            }
        }
    }

    /// The algorithm of the MIC: that of the signature, else the one asked for (RFC 4130 section 7.4.3).
    fn mic_digest(&self) -> Digest {
        self.signing.map_or_else(|| self.profile.receipt_digest(), |signing| signing.digest)
    }

    fn line_ends(&self) -> LineEnds {
        let canonical = self.profile.quirks.canonicalise_mic || self.is_sealed_text();
        if canonical { LineEnds::Crlf } else { LineEnds::AsTheyAre }
    }

    /// Whether it is text that is encrypted and nothing else: then the content is canonicalised before the MIC is computed
    /// (RFC 4130 section 7.3.1).
    pub(super) fn is_sealed_text(&self) -> bool {
        self.encryption.is_some()
            && self.signing.is_none()
            && self.profile.compression == Compression::None
            && is_text(&self.entity.content_type)
    }

    /// Headers that every message has, whatever its structure.
    fn envelope_headers(&self) -> HeaderList {
        let profile = self.profile;
        let always = profile.quirks.quote_as2_ids == QuoteAs2Ids::Always;
        let mut headers = program_headers();
        headers.extend([
            ("AS2-From".to_owned(), as2_id(profile.our_as2_id.as_str(), always)),
            ("AS2-To".to_owned(), as2_id(profile.partner_as2_id.as_str(), always)),
            ("Message-ID".to_owned(), self.message_id.to_owned()),
            ("Date".to_owned(), date(self.at)),
            ("MIME-Version".to_owned(), "1.0".to_owned()),
        ]);
        if let Some(subject) = &profile.subject {
            headers.push(("Subject".to_owned(), encoded_words(subject)));
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
            } else if self.signing.is_none() || profile.mdn_mic.is_some() {
                // Some products, pyas2 among them, sign the receipt wherever there are options: an unsigned one is asked for
                // its MIC only where somebody wants that.
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

/// Text of a header field: as it is where it is printable ASCII, else in encoded words of at most 75 characters each
/// (RFC 2047 section 2). They stand on one line, because lines of HTTP are not folded.
fn encoded_words(text: &str) -> String {
    const MOST: usize = 45;
    if text.chars().all(|character| character == ' ' || character.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(MOST));
        words.push(format!("=?UTF-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(word)));
        rest = after;
    }
    words.join(" ")
}

/// What is inside the encryption, or the whole message where there is none.
enum Content<'a> {
    Bare(&'a Entity),
    Signed(SignedMultipart<'a>),
}

impl Content<'_> {
    fn headers(&self, message: &OutboundMessage<'_>) -> HeaderList {
        match self {
            Self::Bare(entity) => entity.headers(),
            Self::Signed(multipart) => vec![("Content-Type".to_owned(), multipart.content_type(message))],
        }
    }

    fn body_length(&self) -> u64 {
        match self {
            Self::Bare(entity) => entity.body_length(),
            Self::Signed(multipart) => multipart.length(),
        }
    }
}

/// Compressed content as an entity (RFC 3274 section 1.2, RFC 5402 section 3). The transfer encoding is the payload's: it
/// is for the same way.
fn compressed_entity(length: u64, transfer_encoding: TransferEncoding) -> Entity {
    Entity {
        content_type: "application/pkcs7-mime; smime-type=compressed-data; name=\"smime.p7z\"".to_owned(),
        filename: Some("smime.p7z".to_owned()),
        transfer_encoding,
        payload_length: length,
    }
}

pub(super) fn first_mic(digests: &DigestValues) -> Result<Mic, BuildError> {
    digests
        .first()
        .map(|(digest, value)| Mic { digest, value: value.to_vec() })
        .ok_or_else(|| BuildError::Unsupported("the MIC algorithm asked for cannot be computed".to_owned()))
}

/// HTTP headers of an encrypted body (RFC 8551 section 3.2.2).
fn encrypted_headers(plan: &EncryptionPlan<'_>) -> HeaderList {
    let kind = if plan.is_authenticated() { "authEnveloped-data" } else { "enveloped-data" };
    vec![
        ("Content-Type".to_owned(), format!("application/pkcs7-mime; smime-type={kind}; name=\"smime.p7m\"")),
        ("Content-Transfer-Encoding".to_owned(), "binary".to_owned()),
        ("Content-Disposition".to_owned(), "attachment; filename=\"smime.p7m\"".to_owned()),
    ]
}

/// The `Date` header (RFC 5322 section 3.3), in UTC.
pub(super) fn date(at: Timestamp) -> String {
    jiff::tz::Offset::UTC.to_datetime(at).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// What is read once.
struct Once<'p, P>(&'p mut P);

impl<P: Read> Read for Once<'_, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<P> Seek for Once<'_, P> {
    fn seek(&mut self, _to: SeekFrom) -> io::Result<u64> {
        Err(io::Error::new(io::ErrorKind::NotSeekable, "the payload can be read only once"))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_is_not_ascii_leaves_in_encoded_words() {
        assert_eq!(encoded_words("Orders, \"x\" \\ y"), "Orders, \"x\" \\ y");
        assert_eq!(encoded_words("Grüße"), "=?UTF-8?B?R3LDvMOfZQ==?=");
        let long = encoded_words(&"ü".repeat(100));
        assert!(long.is_ascii() && long.split(' ').all(|word| word.len() <= 75), "{long}");
        let data: String = long.split(' ').map(|word| &word[10..word.len() - 2]).collect::<Vec<_>>().concat();
        assert!(!data.contains('?') && long.split(' ').count() == 5, "{long}");
    }
}
