//! A message as the tree of its layers, as far as it opens: what each is made of, and where it stops.
//!
//! [`super::open()`] gives one answer about a whole message, and the first error ends it. This is for looking at a message
//! that was kept: every layer is described by itself, what is broken is told where it is broken, and what stands beside or
//! around it is read all the same. Nothing of it leaves this machine, so that more can be told than a sender may learn.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::compressed;
use super::digest::{COMPUTED, HashingReader, LineEnds, LineHasher};
use super::enveloped::EnvelopeHead;
use super::error::OpenError;
use super::headers::{Ending, HeaderList, MediaType, get, is_mime, read_block};
use super::multipart::Multipart;
use super::named::NamedCertificate;
use super::oid as ids;
use super::open::OpeningKeys;
use super::recipients::{self, NamedRecipient};
use super::signed::{DetachedSignature, SignatureCheck};
use super::transfer::{base64_decoder, cms_is_base64, is_base64};
use crate::domain::algorithm::Encryption;
use crate::domain::certificate::Fingerprint;

/// The deepest nesting that is followed.
const MAX_LAYERS: usize = 12;

/// The most parts of one multipart that are followed.
const MAX_PARTS: usize = 100;

/// The most bytes of a signature part.
const MAX_SIGNATURE_PART: u64 = 2 * 1024 * 1024;

/// How an envelope is encrypted.
#[derive(Clone, Debug)]
pub struct EnvelopeFacts {
    /// Whether it is AuthEnvelopedData.
    pub authenticated: bool,
    /// The content cipher, where it is known here.
    pub cipher: Option<Encryption>,
    /// The identifier of the content cipher.
    pub cipher_id: String,
    /// For whom it is encrypted, as it names them.
    pub recipients: Vec<NamedRecipient>,
    /// With which certificate of ours it was opened.
    pub opened_with: Option<Fingerprint>,
}

/// What is known of a signature.
#[derive(Clone, Debug)]
pub struct SignatureFacts {
    /// The digests that the headers announce, as written.
    pub micalg: Option<String>,
    /// The certificates that its signers name.
    pub signers: Vec<NamedCertificate>,
    /// What it is worth; nothing where it cannot be read.
    pub check: Option<SignatureCheck>,
}

/// What a layer is.
#[derive(Clone, Debug)]
pub enum LayerKind {
    /// EnvelopedData or AuthEnvelopedData.
    Encrypted(EnvelopeFacts),
    /// CompressedData.
    Compressed,
    /// multipart/signed.
    Signed(Box<SignatureFacts>),
    /// The signature beside what is signed.
    Signature,
    /// Another multipart.
    Parts,
    /// A CMS structure of another kind, or something that is announced as one.
    OtherCms(Option<String>),
    /// What is inside of it all.
    Content {
        /// Its length in bytes without its transfer encoding.
        decoded: u64,
    },
}

/// One layer of a message.
#[derive(Clone, Debug)]
pub struct Dissected {
    /// What it is.
    pub kind: LayerKind,
    /// Its own headers; for the outermost those of the HTTP message.
    pub headers: HeaderList,
    /// Where it begins in what surrounds it, in bytes.
    pub offset: u64,
    /// Its length in bytes, its own headers included, as far as it could be read.
    pub length: u64,
    /// Whether it is written in base64.
    pub base64: bool,
    /// Why it could not be read further.
    pub obstacle: Option<String>,
    /// What is in it.
    pub parts: Vec<Self>,
}

impl Dissected {
    const fn new(kind: LayerKind, headers: HeaderList) -> Self {
        Self { kind, headers, offset: 0, length: 0, base64: false, obstacle: None, parts: Vec::new() }
    }

    fn stopped(mut self, why: &OpenError) -> Self {
        self.obstacle = Some(why.to_string());
        self
    }
}

/// Takes a message apart as far as it opens.
#[must_use]
pub fn dissect(headers: &[(String, String)], body: &mut (dyn BufRead + Send), keys: OpeningKeys<'_>) -> Dissected {
    let mut body = Watched::new(body);
    let mut found = Walk { keys, depth: 0 }.entity(headers.to_vec(), 0, &mut body);
    body.drain();
    if let Some(failure) = body.failure {
        found.obstacle.get_or_insert(failure);
    }
    found.length = body.count;
    found
}

/// Counts what is read, and keeps why reading failed.
struct Watched<'a> {
    source: &'a mut (dyn BufRead + Send),
    count: u64,
    failure: Option<String>,
}

impl<'a> Watched<'a> {
    fn new(source: &'a mut (dyn BufRead + Send)) -> Self {
        Self { source, count: 0, failure: None }
    }

    /// Reads to the end, so that padding, tags and checksums are seen. A failure is kept, not returned.
    fn drain(&mut self) {
        while self.failure.is_none() {
            match self.fill_buf().map(<[u8]>::len) {
                Ok(0) => return,
                Ok(read) => self.consume(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            // What has failed once is not asked again: a cipher that has ended has no more to say.
            Err(error) => {
                self.failure.get_or_insert(OpenError::from(error).to_string());
                Err(io::Error::other("what surrounds it cannot be read further"))
            }
            read => read,
        }
    }

    fn consume(&mut self, amount: usize) {
        self.count += amount as u64;
        self.source.consume(amount);
    }
}

struct Walk<'k> {
    keys: OpeningKeys<'k>,
    depth: usize,
}

impl Walk<'_> {
    /// An entity: its headers, how many bytes they take, its body.
    fn entity(&mut self, headers: HeaderList, head: u64, body: &mut Watched<'_>) -> Dissected {
        if self.depth >= MAX_LAYERS {
            let content = Dissected::new(LayerKind::Content { decoded: 0 }, headers);
            return content.stopped(&OpenError::Malformed("it is nested too deeply".to_owned()));
        }
        self.depth += 1;
        let mut body = Watched::new(body);
        let kind = MediaType::parse(get(&headers, "Content-Type").unwrap_or_default());
        let mut found = match kind.essence.as_str() {
            "application/pkcs7-mime" => self.cms(headers, &mut body),
            "multipart/signed" => self.signed(headers, &kind, &mut body),
            other if other.starts_with("multipart/") => self.multipart(headers, &kind, &mut body),
            _ => leaf(headers, &mut body),
        };
        body.drain();
        found.length = head + body.count;
        self.depth -= 1;
        found
    }

    /// What is inside a layer: an entity with headers of its own, or bare content.
    fn inner(&mut self, content: &mut Watched<'_>) -> Dissected {
        let Ok((headers, raw, ending)) = read_block(content) else {
            return Dissected::new(LayerKind::Content { decoded: 0 }, Vec::new());
        };
        let head = raw.len() as u64;
        match ending {
            Ending::BlankLine | Ending::EndOfInput if is_mime(&headers) => self.entity(headers, head, content),
            Ending::EmptyBlock => self.entity(headers, head, content),
            _ => {
                let mut whole = Cursor::new(raw).chain(content);
                let mut whole = Watched::new(&mut whole);
                let mut found = leaf(Vec::new(), &mut whole);
                found.length = whole.count;
                found
            }
        }
    }

    /// What a layer holds, read to its end. The failure is the layer's own where what surrounds it has not failed.
    fn within(&mut self, content: &mut (dyn BufRead + Send)) -> (Dissected, Option<String>) {
        let mut content = Watched::new(content);
        let inner = self.inner(&mut content);
        content.drain();
        (inner, content.failure)
    }

    fn cms(&mut self, headers: HeaderList, body: &mut Watched<'_>) -> Dissected {
        let base64 = cms_is_base64(&headers, body).unwrap_or_default();
        let mut found = {
            let mut source: Box<dyn Read + Send + '_> =
                if base64 { Box::new(base64_decoder(&mut *body)) } else { Box::new(&mut *body) };
            match compressed::content_type(&mut source) {
                Ok((Some(kind), head)) => {
                    let source = Cursor::new(head).chain(source);
                    match kind {
                        ids::ENVELOPED_DATA | ids::AUTH_ENVELOPED_DATA => self.encrypted(headers, source),
                        ids::COMPRESSED_DATA => self.compressed(headers, source),
                        ids::SIGNED_DATA => {
                            let opaque = Dissected::new(LayerKind::OtherCms(Some(kind.to_string())), headers);
                            let why = "it is signed with its content inside, where AS2 wants multipart/signed";
                            opaque.stopped(&OpenError::Unsupported(why.to_owned()))
                        }
                        other => {
                            let unknown = Dissected::new(LayerKind::OtherCms(Some(other.to_string())), headers);
                            unknown.stopped(&OpenError::Unsupported(format!("it holds CMS content of type {other}")))
                        }
                    }
                }
                Ok((None, _)) => {
                    let why = OpenError::Malformed("it does not begin with a CMS structure".to_owned());
                    Dissected::new(LayerKind::OtherCms(None), headers).stopped(&why)
                }
                Err(error) => Dissected::new(LayerKind::OtherCms(None), headers).stopped(&error.into()),
            }
        };
        found.base64 = base64;
        // What the surroundings are to blame for is told of them.
        if body.failure.is_some() {
            found.obstacle = None;
        }
        found
    }

    fn encrypted<R: Read + Send>(&mut self, headers: HeaderList, source: R) -> Dissected {
        let head = match EnvelopeHead::read(BufReader::new(source)) {
            Ok(head) => head,
            Err(error) => {
                let facts = EnvelopeFacts {
                    authenticated: false,
                    cipher: None,
                    cipher_id: String::new(),
                    recipients: Vec::new(),
                    opened_with: None,
                };
                return Dissected::new(LayerKind::Encrypted(facts), headers).stopped(&error);
            }
        };
        let cipher = head.cipher();
        let mut facts = EnvelopeFacts {
            authenticated: head.authenticated,
            cipher: cipher.as_ref().ok().and_then(|(_, known)| *known),
            cipher_id: cipher.map(|(identifier, _)| identifier.to_string()).unwrap_or_default(),
            recipients: recipients::named(&head.recipients),
            opened_with: None,
        };
        let opened = match head.open(self.keys.decryption) {
            Ok(opened) => opened,
            Err(error) => return Dissected::new(LayerKind::Encrypted(facts), headers).stopped(&error),
        };
        if opened.spoilt {
            let why = OpenError::Undecryptable { recipients: opened.named, told_as: None };
            return Dissected::new(LayerKind::Encrypted(facts), headers).stopped(&why);
        }
        facts.opened_with = Some(opened.facts.recipient);
        let mut content = BufReader::with_capacity(64 * 1024, opened.content);
        let (inner, failure) = self.within(&mut content);
        let mut found = Dissected::new(LayerKind::Encrypted(facts), headers);
        found.obstacle = failure;
        found.parts = vec![inner];
        found
    }

    fn compressed<R: Read + Send>(&mut self, headers: HeaderList, source: R) -> Dissected {
        let mut found = Dissected::new(LayerKind::Compressed, headers);
        match compressed::open(BufReader::new(source)) {
            Ok((_, content)) => {
                let mut content = BufReader::with_capacity(64 * 1024, content);
                let (inner, failure) = self.within(&mut content);
                found.obstacle = failure;
                found.parts = vec![inner];
            }
            Err(error) => return found.stopped(&error),
        }
        found
    }

    fn signed(&mut self, headers: HeaderList, kind: &MediaType, body: &mut Watched<'_>) -> Dissected {
        let micalg = kind.parameter("micalg").map(str::to_owned);
        let mut facts = SignatureFacts { micalg, signers: Vec::new(), check: None };
        let mut parts = Vec::new();
        let read = self.signed_parts(kind, body, &mut facts, &mut parts);
        let mut found = Dissected::new(LayerKind::Signed(Box::new(facts)), headers);
        found.parts = parts;
        match read {
            Err(error) if body.failure.is_none() => found.stopped(&error),
            _ => found,
        }
    }

    fn signed_parts(
        &mut self,
        kind: &MediaType,
        body: &mut Watched<'_>,
        facts: &mut SignatureFacts,
        found: &mut Vec<Dissected>,
    ) -> Result<(), OpenError> {
        let boundary = kind.boundary().unwrap_or_default();
        let malformed = |why: &str| OpenError::Malformed(why.to_owned());
        let mut parts = Multipart::new(body, &boundary).map_err(|error| OpenError::Malformed(error.to_string()))?;
        if !parts.next_part()? {
            return Err(malformed("the signed message has no parts"));
        }
        let mut hasher = LineHasher::new(&COMPUTED, LineEnds::AsTheyAre);
        let offset = parts.position();
        {
            let mut part = HashingReader::new(&mut parts, &mut hasher);
            let (mut signed, _) = self.within(&mut part);
            signed.offset = offset;
            found.push(signed);
        }
        if !parts.next_part()? {
            return Err(malformed("the signed message has no signature part"));
        }
        let offset = parts.position();
        let (headers, raw, ending) = read_block(&mut parts)?;
        let head: &[u8] = if ending == Ending::NotHeaders { &raw } else { &[] };
        let mut whole = Cursor::new(head).chain(&mut parts);
        let mut part = Watched::new(&mut whole);
        let base64 = cms_is_base64(&headers, &mut part)?;
        let mut signature = Vec::new();
        let read = if base64 {
            base64_decoder(&mut part).take(MAX_SIGNATURE_PART).read_to_end(&mut signature)
        } else {
            (&mut part).take(MAX_SIGNATURE_PART).read_to_end(&mut signature)
        };
        let length = part.count + (raw.len() - head.len()) as u64;
        let cut_off = part.failure.is_some();
        let mut layer = Dissected { offset, length, base64, ..Dissected::new(LayerKind::Signature, headers) };
        if cut_off {
            // What cuts it off is told of what surrounds it.
            found.push(layer);
            return parts.next_part().map(|_more| ()).map_err(OpenError::from);
        }
        let checked = read.map_err(OpenError::from).and_then(|_read| {
            let signature = DetachedSignature::read(&signature)?;
            facts.signers = signature.named();
            signature.check(&hasher.finish(), self.keys.accepted)
        });
        match checked {
            Ok(check) => facts.check = Some(check),
            Err(error) => layer.obstacle = Some(error.to_string()),
        }
        found.push(layer);
        Ok(())
    }

    fn multipart(&mut self, headers: HeaderList, kind: &MediaType, body: &mut Watched<'_>) -> Dissected {
        let mut found = Dissected::new(LayerKind::Parts, headers);
        let mut read = || -> Result<(), OpenError> {
            let boundary = kind.boundary().unwrap_or_default();
            let mut parts =
                Multipart::new(&mut *body, &boundary).map_err(|error| OpenError::Malformed(error.to_string()))?;
            while found.parts.len() < MAX_PARTS && parts.next_part()? {
                let offset = parts.position();
                let (mut part, _) = self.within(&mut parts);
                part.offset = offset;
                found.parts.push(part);
            }
            Ok(())
        };
        match read() {
            Err(error) if body.failure.is_none() => found.stopped(&error),
            _ => found,
        }
    }
}

/// What is inside of it all.
fn leaf(headers: HeaderList, body: &mut Watched<'_>) -> Dissected {
    let base64 = is_base64(&headers);
    let decoded = if base64 {
        io::copy(&mut base64_decoder(&mut *body), &mut io::sink())
    } else {
        body.drain();
        Ok(body.count)
    };
    let mut found = Dissected::new(LayerKind::Content { decoded: *decoded.as_ref().unwrap_or(&0) }, headers);
    found.base64 = base64;
    match decoded {
        Err(error) if body.failure.is_none() => found.stopped(&error.into()),
        _ => found,
    }
}
