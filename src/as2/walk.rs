//! Reading a message once, layer by layer: what is inside goes on to the next, the payload to where it is wanted, and what
//! was signed or hashed is noted on the way.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};
use std::sync::{Mutex, PoisonError};

use super::beside;
use super::cipher::Cbc;
use super::compressed::{self, CompressionFacts};
use super::digest::{COMPUTED, DigestValues, HashingReader, LineEnds, LineHasher};
use super::enveloped::{self, EncryptionFacts};
use super::error::OpenError;
use super::headers::{Ending, HeaderList, MediaType, get, is_mime, read_block};
use super::line_ends::is_text;
use super::multipart::Multipart;
use super::named::NamedCertificate;
use super::oid as ids;
use super::open::{Layer, OpeningKeys, filename};
use super::opening_streams::{ContentReader, Copied, Noted, copy, is_unreadable};
use super::signed::{DetachedSignature, SignatureCheck, SignatureOutcome};
use super::transfer::{base64_decoder, cms_is_base64, quoted_printable_decoder, transfer_encoding};
use crate::domain::algorithm::Digest;

/// The deepest nesting of MIME layers that is followed.
const MAX_LAYERS: usize = 8;

/// The most bytes of a signature part.
const MAX_SIGNATURE_PART: u64 = 2 * 1024 * 1024;

/// Reads the same message once more for what it hashes to, without writing the payload again.
pub(super) fn again<'k, B: Read + Seek + Send>(
    keys: OpeningKeys<'k>,
    mic_digest: Digest,
    line_ends: LineEnds,
    digests: &[Digest],
    headers: &[(String, String)],
    body: &mut B,
) -> Result<Walk<'k>, OpenError> {
    body.rewind()?;
    let mut walk = Walk::new(keys, mic_digest, line_ends, digests);
    walk.message(headers, body, &mut io::sink())?;
    Ok(walk)
}

/// One reading of a message.
pub(super) struct Walk<'k> {
    keys: OpeningKeys<'k>,
    pub(super) mic_digest: Digest,
    line_ends: LineEnds,
    /// Digests wanted besides those that the headers announce.
    wanted: Vec<Digest>,
    pub(super) layers: Vec<Layer>,
    pub(super) encryption: Option<EncryptionFacts>,
    pub(super) compression: Option<CompressionFacts>,
    pub(super) signature: Option<DetachedSignature>,
    /// Digests of what was signed, or of what the MIC of an unsigned message is over.
    pub(super) content: DigestValues,
    pub(super) leaf_headers: HeaderList,
    pub(super) payload_length: u64,
    /// Whether some of it was encrypted without a tag.
    pub(super) untagged: bool,
    /// Where the content key or the padding was wrong: the recipients that the message names.
    pub(super) spoilt: Option<Vec<NamedCertificate>>,
}

impl<'k> Walk<'k> {
    pub(super) fn new(keys: OpeningKeys<'k>, mic_digest: Digest, line_ends: LineEnds, wanted: &[Digest]) -> Self {
        Self {
            keys,
            mic_digest,
            line_ends,
            // What is asked for and cannot be answered is left out.
            wanted: wanted.iter().copied().filter(|digest| COMPUTED.contains(digest)).collect(),
            layers: Vec::new(),
            encryption: None,
            compression: None,
            signature: None,
            content: DigestValues::default(),
            leaf_headers: Vec::new(),
            payload_length: 0,
            untagged: false,
            spoilt: None,
        }
    }

    pub(super) fn message(
        &mut self,
        headers: &[(String, String)],
        body: &mut (dyn Read + Send),
        payload: &mut (dyn Write + Send),
    ) -> Result<(), OpenError> {
        let headers = headers.to_vec();
        let mut body = BufReader::with_capacity(64 * 1024, body);
        self.entity(&headers, &[], &mut body, payload)
    }

    /// An entity: its header fields, those same headers as bytes (empty for the HTTP headers), its body.
    fn entity(
        &mut self,
        headers: &HeaderList,
        raw_headers: &[u8],
        body: &mut (dyn BufRead + Send),
        payload: &mut (dyn Write + Send),
    ) -> Result<(), OpenError> {
        if self.layers.len() >= MAX_LAYERS {
            return Err(OpenError::Malformed("it is nested too deeply".to_owned()));
        }
        let kind = MediaType::parse(get(headers, "Content-Type").unwrap_or_default());
        match kind.essence.as_str() {
            // RFC 5751 section 3.9: gateways lose the media type and keep the name.
            "application/octet-stream" if self.layers.is_empty() && is_cms_file(headers) => {
                self.cms(headers, body, payload)
            }
            "application/pkcs7-mime" => self.cms(headers, body, payload),
            "multipart/signed" => self.signed(&kind, body, payload),
            _ => self.leaf(headers, raw_headers, body, payload),
        }
    }

    /// Encrypted or compressed: what the structure says counts, whatever `smime-type` says.
    fn cms(
        &mut self,
        headers: &HeaderList,
        body: &mut (dyn BufRead + Send),
        payload: &mut (dyn Write + Send),
    ) -> Result<(), OpenError> {
        let mut source: Box<dyn Read + Send + '_> =
            if cms_is_base64(headers, body)? { Box::new(base64_decoder(body)) } else { Box::new(body) };
        let (kind, head) = compressed::content_type(&mut source)?;
        let mut source = Cursor::new(head).chain(source);
        if kind == Some(ids::COMPRESSED_DATA) {
            self.compressed(&mut source, payload)
        } else {
            self.encrypted(&mut source, payload)
        }
    }

    fn encrypted(&mut self, source: &mut (dyn Read + Send), payload: &mut (dyn Write + Send)) -> Result<(), OpenError> {
        self.layers.push(Layer::Encrypted);
        let opened = enveloped::open(BufReader::new(source), self.keys.decryption)?;
        let (spoilt, named) = (opened.spoilt, opened.named);
        let reads_on = Cbc::of(opened.facts.encryption).is_some();
        self.untagged |= reads_on;
        self.encryption.get_or_insert(opened.facts);
        let failure = Mutex::new(None);
        let content = Noted { source: opened.content, failure: &failure, reads_on };
        let inner = beside::read_ahead("decipher", content, |content| {
            let inner = self.inner(content, payload);
            // To the end, so that padding or tag are checked.
            io::copy(content, &mut io::sink())?;
            inner
        });
        // What has a wrong tag, and what a structure cut short leaves open, gets one answer whatever the content looks like.
        let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        match failure {
            Some(error) if !(reads_on && is_unreadable(&error)) => return Err(OpenError::from(error).naming(&named)),
            // Wrong padding, and a key that could not be unwrapped, get the answer that what came out would have got: so
            // nobody learns from it which it was, nor that it was (RFC 3218).
            unpadded if spoilt || unpadded.is_some() => {
                self.spoilt.get_or_insert_with(|| named.clone());
            }
            _ => {}
        }
        inner.map_err(|error| {
            let error = if reads_on { error.of_encrypted() } else { error };
            if self.spoilt.is_some() { error.of_undecryptable(&named) } else { error.naming(&named) }
        })
    }

    fn compressed(
        &mut self,
        source: &mut (dyn Read + Send),
        payload: &mut (dyn Write + Send),
    ) -> Result<(), OpenError> {
        // RFC 5402 section 3: inside the signature or outside of it, but not both.
        if self.layers.contains(&Layer::Compressed) {
            return Err(OpenError::Decompression("it is compressed twice".to_owned()));
        }
        self.layers.push(Layer::Compressed);
        let (facts, content) = compressed::open(BufReader::new(source))?;
        self.compression = Some(facts);
        let mut content = BufReader::with_capacity(64 * 1024, content);
        let inner = self.inner(&mut content, payload);
        // To the end, so that the checksum is checked, and first of all: what is damaged is told as that, whatever the
        // content looks like.
        if inner.is_ok() || !content.get_ref().failed {
            io::copy(&mut content, &mut io::sink())?;
        }
        inner
    }

    fn signed(
        &mut self,
        kind: &MediaType,
        body: &mut (dyn BufRead + Send),
        payload: &mut (dyn Write + Send),
    ) -> Result<(), OpenError> {
        let outermost = !self.layers.contains(&Layer::Signed);
        self.layers.push(Layer::Signed);
        let boundary = kind.boundary().unwrap_or_default();
        let mut parts = Multipart::new(body, &boundary).map_err(|error| OpenError::Malformed(error.to_string()))?;
        if !parts.next_part()? {
            return Err(OpenError::Malformed("the signed message has no parts".to_owned()));
        }
        let mut digests = self.wanted.clone();
        let announced = kind.parameter("micalg").unwrap_or_default();
        let announced = announced.split(',').filter_map(Digest::from_micalg);
        digests.extend(announced.filter(|digest| COMPUTED.contains(digest)));
        if digests.is_empty() {
            digests.extend(COMPUTED);
        }
        let mut hasher = LineHasher::new(&digests, self.line_ends);
        let read = {
            let mut part = HashingReader::new(&mut parts, &mut hasher);
            let read = self.inner(&mut part, payload);
            if matches!(read, Err(OpenError::Io(_))) {
                return read;
            }
            let mut rest = [0; 4096];
            while part.read(&mut rest)? > 0 {}
            read
        };
        if !parts.next_part()? {
            return Err(OpenError::Malformed("the signed message has no signature part".to_owned()));
        }
        let (headers, raw, ending) = read_block(&mut parts)?;
        let head: &[u8] = if ending == Ending::NotHeaders { &raw } else { &[] };
        let mut part = BufReader::new(Cursor::new(head).chain(&mut parts));
        let mut signature = Vec::new();
        if cms_is_base64(&headers, &mut part)? {
            base64_decoder(&mut part).take(MAX_SIGNATURE_PART).read_to_end(&mut signature).map_err(
                |error| match error.kind() {
                    io::ErrorKind::InvalidData => {
                        OpenError::Malformed("the signature is not base64 as announced".to_owned())
                    }
                    // Of a layer around it, or of the disk.
                    _ => error.into(),
                },
            )?;
        } else {
            part.take(MAX_SIGNATURE_PART).read_to_end(&mut signature)?;
        }
        if outermost {
            let signature = DetachedSignature::read(&signature);
            self.signature = match (signature, &read) {
                (Ok(signature), _) => Some(signature),
                (Err(error), Ok(())) => return Err(error.of_signature()),
                (Err(_), Err(_)) => None,
            };
            self.content = hasher.finish();
        }
        // What cannot be read because it was changed on its way was changed: that is what the signature says first.
        read.map_err(|error| match self.check() {
            Ok(Some(SignatureCheck { outcome: SignatureOutcome::Altered { .. }, .. })) => {
                OpenError::Altered(error.to_string())
            }
            // Where no tag holds it, the signature does.
            Ok(Some(SignatureCheck { outcome: SignatureOutcome::Good { .. }, .. })) if outermost && self.untagged => {
                error.of_signed()
            }
            _ => error,
        })
    }

    /// What is inside a layer: an entity with headers of its own, or bare content.
    fn inner(&mut self, content: &mut (dyn BufRead + Send), payload: &mut (dyn Write + Send)) -> Result<(), OpenError> {
        let (headers, raw, ending) = read_block(&mut ContentReader(content))?;
        match ending {
            Ending::BlankLine | Ending::EndOfInput if is_mime(&headers) => {
                self.entity(&headers, &raw, content, payload)
            }
            Ending::EmptyBlock => self.entity(&headers, &raw, content, payload),
            // Seen in the field: a decrypted payload without any MIME header.
            _ => self.leaf(&Vec::new(), &[], &mut Cursor::new(raw).chain(ContentReader(content)), payload),
        }
    }

    fn leaf(
        &mut self,
        headers: &HeaderList,
        raw_headers: &[u8],
        body: &mut (dyn BufRead + Send),
        payload: &mut (dyn Write + Send),
    ) -> Result<(), OpenError> {
        let encoding = transfer_encoding(headers);
        if !["", "7bit", "8bit", "binary", "base64", "quoted-printable"].contains(&encoding.as_str()) {
            let encoding: String = encoding.chars().take(40).collect();
            return Err(OpenError::Unsupported(format!(
                "the payload has the transfer encoding `{encoding}`, which is not read"
            )));
        }
        let signed = self.layers.contains(&Layer::Signed);
        // Unsigned: over the entity with its headers where it was encrypted or compressed (RFC 4130 section 7.3.1, RFC 5402
        // sections 4.2 and 4.3), over its content alone where it was neither.
        // What is encrypted and nothing else is canonicalised, which text alone is (RFC 4130 section 7.3.1).
        let is_text = self.layers == [Layer::Encrypted] && is_text(get(headers, "Content-Type").unwrap_or_default());
        // Of anything else the headers alone have a canonical form.
        let line_ends = match self.line_ends {
            LineEnds::AsTheyAre if is_text => LineEnds::Crlf,
            LineEnds::AsTheyAre if self.layers == [Layer::Encrypted] && !raw_headers.is_empty() => LineEnds::HeadCrlf,
            line_ends => line_ends,
        };
        let mut hasher = LineHasher::new(&[self.mic_digest], line_ends);
        if self.layers.iter().any(|layer| matches!(layer, Layer::Encrypted | Layer::Compressed)) {
            hasher.update(raw_headers);
        }
        let copied = Copied { out: payload, length: 0 };
        let mut nothing = LineHasher::new(&[], LineEnds::AsTheyAre);
        let transmitted = HashingReader::new(ContentReader(body), if signed { &mut nothing } else { &mut hasher });
        let ((), copied) = beside::written("payload", copied, |out| {
            let result = match encoding.as_str() {
                "base64" => copy(&mut BufReader::with_capacity(64 * 1024, base64_decoder(transmitted)), out),
                "quoted-printable" => {
                    copy(&mut BufReader::with_capacity(64 * 1024, quoted_printable_decoder(transmitted)), out)
                }
                _ => copy(&mut { transmitted }, out),
            };
            result.map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => {
                    OpenError::Malformed(format!("the payload is not {encoding} as announced"))
                }
                _ => error.into(),
            })
        })?;
        self.payload_length = copied.length;
        self.leaf_headers.clone_from(headers);
        if !signed {
            self.content = hasher.finish();
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<Option<SignatureCheck>, OpenError> {
        let check = |signature: &DetachedSignature| signature.check(&self.content, self.keys.accepted);
        self.signature.as_ref().map(check).transpose().map_err(OpenError::of_signature)
    }
}

/// Whether a body of no particular type is called what S/MIME calls encrypted and compressed content.
fn is_cms_file(headers: &HeaderList) -> bool {
    filename(headers).is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.ends_with(".p7m") || name.ends_with(".p7z")
    })
}
