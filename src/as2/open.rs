//! Opening a received message: decrypting it, checking its signature, writing out its payload, computing its MIC.
//!
//! The layers come in any order that RFC 4130 and RFC 5402 allow. The body is streamed; only headers, recipients and the
//! signature itself are held in memory. A body is read again only where the first reading could not know what it would
//! need: a digest that the headers did not announce, or, for a signature that does not fit, whether other line ends would
//! have made it fit.

use std::io::{Read, Seek, Write};

use super::compressed::CompressionFacts;
use super::digest::{COMPUTED, LineEnds, sha256};
use super::enveloped::{DecryptionKey, EncryptionFacts};
use super::error::OpenError;
use super::headers::{HeaderList, MediaType, get};
use super::line_ends::Fitting;
use super::mic::Mic;
use super::named::NamedCertificate;
use super::signed::{DetachedSignature, SignatureCheck, SignatureOutcome};
use super::walk::{Walk, again};
use crate::certificate::Certificate;
use crate::domain::algorithm::Digest;
use crate::domain::certificate::hex;

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
    /// Whether some of it was encrypted without a tag: then what came out may be what somebody has made of the ciphertext.
    pub untagged: bool,
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

    /// What a message that was encrypted has in common with its own copies alone, as 64 hex digits; nothing of one that was
    /// not. It is made of the content key, which is fresh for every message and which nobody but its sender and we can put
    /// into an envelope, and of what was signed. So a copy has the same one in whatever transfer encoding and structure it
    /// comes, and the same document that is sent a second time has another one.
    #[must_use]
    pub fn imprint(&self) -> Option<String> {
        let encryption = self.encryption.as_ref()?;
        let mut what = b"imprint 1\0".to_vec();
        what.extend(encryption.key_sha256);
        what.extend(self.mic.digest.as_str().bytes());
        what.push(0);
        what.extend(&self.mic.value);
        Some(hex(&sha256(&what)))
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
    let untagged = walk.untagged;
    judge(headers, body, keys, walk).map_err(|error| {
        let error = if untagged { error.of_encrypted() } else { error };
        match spoilt {
            Some(recipients) => error.of_undecryptable(&recipients),
            None => error,
        }
    })
}

/// The line ends that a signature is tried with where it does not fit what came.
const FITTING: [LineEnds; 6] =
    [LineEnds::HeadCrlf, LineEnds::Crlf, LineEnds::LfToCrlf, LineEnds::BodyLf, LineEnds::Lf, LineEnds::WithoutLast];

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
        for line_ends in FITTING {
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
            .ok_or_else(|| OpenError::UnknownDigest {
                name: walk.signature.as_ref().map_or_else(String::new, DetachedSignature::unknown_digests),
                told_as: None,
            })?,
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
        untagged: walk.untagged,
        spoilt: walk.spoilt,
    })
}

const fn is_altered(outcome: &SignatureOutcome) -> bool {
    matches!(
        outcome,
        SignatureOutcome::Altered { .. } | SignatureOutcome::UnknownSigner { content_intact: false, embedded: Some(_) }
    )
}
