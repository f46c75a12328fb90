//! Opening a received message: decrypting it, checking its signature, writing out its payload, computing its MIC.
//!
//! The layers come in any order that RFC 4130 and RFC 5402 allow. The body is streamed; only headers, recipients and the
//! signature itself are held in memory. A body is read again only where the first reading could not know what it would
//! need: a digest that the headers did not announce, or, for a signature that does not fit, whether other line ends would
//! have made it fit.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};
use std::sync::{Mutex, PoisonError};

use super::beside;
use super::cipher::Cbc;
use super::compressed::{self, CompressionFacts};
use super::digest::{COMPUTED, DigestValues, HashingReader, LineEnds, LineHasher};
use super::enveloped::{self, DecryptionKey, EncryptionFacts};
use super::error::OpenError;
use super::headers::{Ending, HeaderList, MediaType, get, is_mime, read_block};
use super::line_ends::{Fitting, is_text};
use super::mic::Mic;
use super::multipart::Multipart;
use super::named::NamedCertificate;
use super::oid as ids;
use super::opening_streams::{ContentReader, Copied, Noted, copy, is_unreadable};
use super::signed::{DetachedSignature, SignatureCheck, SignatureOutcome};
use super::transfer::{base64_decoder, cms_is_base64, quoted_printable_decoder, transfer_encoding};
use crate::certificate::Certificate;
use crate::domain::algorithm::Digest;

/// The deepest nesting of MIME layers that is followed.
const MAX_LAYERS: usize = 8;

/// The most bytes of a signature part.
const MAX_SIGNATURE_PART: u64 = 2 * 1024 * 1024;

/// What a message is opened with.
#[derive(Clone, Copy)]
pub struct OpeningKeys<'a> {
    /// All our keys, whichever it may have been encrypted for.
    pub decryption: &'a [DecryptionKey<'a>],
    /// The partner's certificates that are acceptable now; after those perhaps others that are only to be recognised, so
    /// that of several signers one that is acceptable counts.
    pub accepted: &'a [&'a Certificate],
}

/// One layer of a message, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Encrypted.
    Encrypted,
    /// Signed.
    Signed,
    /// Compressed. Outside [`Layer::Signed`] it was compressed after signing, inside it before.
    Compressed,
}

/// What came out of opening a message. Whether that is good enough is for others to judge.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its layers, outermost first.
    pub layers: Vec<Layer>,
    /// How it was encrypted, where it was.
    pub encryption: Option<EncryptionFacts>,
    /// How it was compressed, where it was.
    pub compression: Option<CompressionFacts>,
    /// What its signature is worth, where it has one.
    pub signature: Option<SignatureCheck>,
    /// Headers of the payload's own entity.
    pub headers: HeaderList,
    /// Length of the payload in bytes.
    pub payload_length: u64,
    /// The MIC that a receipt returns.
    pub mic: Mic,
    /// For a signature that does not fit the content: the line ends with which it would.
    pub fits_with: Option<LineEnds>,
    /// What signature and MIC are then.
    pub fitting: Option<Fitting>,
    /// Where the content key or the padding was wrong: the recipients that the message names. What was read is worth nothing
    /// unless a good signature holds it; the sender is told what it would have been told otherwise, see
    /// [`OpenError::Undecryptable`].
    pub spoilt: Option<Vec<NamedCertificate>>,
}

impl Opened {
    /// Media type of the payload.
    #[must_use]
    pub fn content_type(&self) -> MediaType {
        MediaType::parse(get(&self.headers, "Content-Type").unwrap_or("application/octet-stream"))
    }

    /// Whether a certificate that is acceptable has signed what was read.
    #[must_use]
    pub fn is_well_signed(&self) -> bool {
        matches!(self.signature.as_ref().map(|check| &check.outcome), Some(SignatureOutcome::Good { .. }))
    }

    /// File name of the payload, as its own entity gives it.
    #[must_use]
    pub fn filename(&self) -> Option<String> {
        filename(&self.headers)
    }
}

/// The file name that headers give: of Content-Disposition, else the `name` of Content-Type, else a Content-ID that is one
/// and not an identifier with its host.
#[must_use]
pub fn filename(headers: &[(String, String)]) -> Option<String> {
    let named = |header: &str, parameter: &str| {
        get(headers, header).and_then(|value| MediaType::parse(value).text_parameter(parameter))
    };
    named("Content-Disposition", "filename")
        .or_else(|| named("Content-Type", "name"))
        .or_else(|| {
            let id = get(headers, "Content-ID")?.trim().trim_start_matches('<').trim_end_matches('>');
            (id.contains('.') && !id.contains('@')).then(|| id.to_owned())
        })
        .filter(|name| !name.trim().is_empty())
}

/// Whether a body of no particular type is called what S/MIME calls encrypted and compressed content.
fn is_cms_file(headers: &HeaderList) -> bool {
    filename(headers).is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.ends_with(".p7m") || name.ends_with(".p7z")
    })
}

/// Opens a message and writes its payload to `payload`. What has been written is worth nothing where an error comes
/// back, or where the signature turns out not to be good.
///
/// `mic_digests` are those that the sender asks for, in its order; the first that can be computed serves for a
/// message that is not signed (RFC 4130 section 7.3), SHA-256 where none is asked for.
///
/// # Errors
/// Where the message cannot be read or decrypted. A signature that is wrong is no error here but part of the result.
pub fn open<B: Read + Seek + Send>(
    headers: &[(String, String)],
    body: &mut B,
    keys: OpeningKeys<'_>,
    mic_digests: &[Digest],
    payload: &mut (dyn Write + Send),
) -> Result<Opened, OpenError> {
    let opened = open_to_answer(headers, body, keys, mic_digests, payload)?;
    match &opened.spoilt {
        Some(recipients) if !opened.is_well_signed() => {
            Err(OpenError::Undecryptable { recipients: recipients.clone(), told_as: None })
        }
        _ => Ok(opened),
    }
}

/// The same for whoever answers the sender: what was decrypted with a wrong key, or has a wrong padding, is read on and
/// judged as if it had been right, so that the answer does not tell (see [`Opened::spoilt`]).
///
/// # Errors
/// As for [`open()`].
pub fn open_to_answer<B: Read + Seek + Send>(
    headers: &[(String, String)],
    body: &mut B,
    keys: OpeningKeys<'_>,
    mic_digests: &[Digest],
    payload: &mut (dyn Write + Send),
) -> Result<Opened, OpenError> {
    let mic_digest = mic_digests.iter().copied().find(|digest| COMPUTED.contains(digest)).unwrap_or(Digest::Sha256);
    let mut walk = Walk::new(keys, mic_digest, LineEnds::AsTheyAre, &[]);
    walk.message(headers, body, payload)?;
    let spoilt = walk.spoilt.clone();
    judge(headers, body, keys, walk).map_err(|error| match spoilt {
        Some(recipients) => error.of_undecryptable(&recipients),
        None => error,
    })
}

/// What a message is worth that has been read.
fn judge<'k, B: Read + Seek + Send>(
    headers: &[(String, String)],
    body: &mut B,
    keys: OpeningKeys<'k>,
    mut walk: Walk<'k>,
) -> Result<Opened, OpenError> {
    let mic_digest = walk.mic_digest;
    // The signature may use another digest than `micalg` announced; what counts is the signature.
    if let Some(signature) = &walk.signature {
        let missing: Vec<Digest> = signature
            .digests()
            .map_err(OpenError::of_signature)?
            .into_iter()
            .filter(|digest| COMPUTED.contains(digest) && walk.content.get(*digest).is_none())
            .collect();
        if !missing.is_empty() {
            walk = again(keys, mic_digest, LineEnds::AsTheyAre, &missing, headers, body)?;
        }
    }
    let (mut fits_with, mut fitting) = (None, None);
    let check = walk.check()?;
    // Bare content under a signature without attributes could be the attributes of another message, signed elsewhere.
    if walk.leaf_headers.is_empty() && walk.signature.as_ref().is_some_and(|signature| !signature.has_attributes()) {
        return Err(OpenError::Malformed("the signed content has no MIME headers".to_owned()));
    }
    if let Some(check) = &check
        && is_altered(&check.outcome)
        && let Some(digest) = check.digest
    {
        for line_ends in [LineEnds::HeadCrlf, LineEnds::Crlf, LineEnds::BodyLf, LineEnds::Lf] {
            let other = again(keys, mic_digest, line_ends, &[digest], headers, body)?;
            if let Some(signature) = other.check()?.filter(|check| !is_altered(&check.outcome)) {
                fits_with = Some(line_ends);
                let value = other.content.get(digest).map(<[u8]>::to_vec);
                fitting = value.map(|value| Fitting { signature, mic: Mic { digest, value } });
                break;
            }
        }
    }
    let mic = match &check {
        Some(check) => check
            .digest
            .and_then(|digest| Some(Mic { digest, value: walk.content.get(digest)?.to_vec() }))
            .ok_or_else(|| OpenError::Unsupported("the signature uses a digest that cannot be computed".to_owned()))?,
        None => walk
            .content
            .first()
            .map(|(digest, value)| Mic { digest, value: value.to_vec() })
            .ok_or_else(|| OpenError::Malformed("it has no content".to_owned()))?,
    };
    Ok(Opened {
        layers: walk.layers,
        encryption: walk.encryption,
        compression: walk.compression,
        signature: check,
        headers: walk.leaf_headers,
        payload_length: walk.payload_length,
        mic,
        fits_with,
        fitting,
        spoilt: walk.spoilt,
    })
}

const fn is_altered(outcome: &SignatureOutcome) -> bool {
    matches!(
        outcome,
        SignatureOutcome::Altered { .. } | SignatureOutcome::UnknownSigner { content_intact: false, embedded: Some(_) }
    )
}

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
    mic_digest: Digest,
    line_ends: LineEnds,
    /// Digests wanted besides those that the headers announce.
    wanted: Vec<Digest>,
    layers: Vec<Layer>,
    encryption: Option<EncryptionFacts>,
    compression: Option<CompressionFacts>,
    signature: Option<DetachedSignature>,
    /// Digests of what was signed, or of what the MIC of an unsigned message is over.
    pub(super) content: DigestValues,
    leaf_headers: HeaderList,
    payload_length: u64,
    /// Where the content key or the padding was wrong: the recipients that the message names.
    spoilt: Option<Vec<NamedCertificate>>,
}

impl<'k> Walk<'k> {
    fn new(keys: OpeningKeys<'k>, mic_digest: Digest, line_ends: LineEnds, wanted: &[Digest]) -> Self {
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
            spoilt: None,
        }
    }

    fn message(
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
        inner.map_err(|error| if self.spoilt.is_some() { error.of_undecryptable(&named) } else { error.naming(&named) })
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

    fn check(&self) -> Result<Option<SignatureCheck>, OpenError> {
        let check = |signature: &DetachedSignature| signature.check(&self.content, self.keys.accepted);
        self.signature.as_ref().map(check).transpose().map_err(OpenError::of_signature)
    }
}
