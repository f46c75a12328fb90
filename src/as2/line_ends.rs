//! Line ends that are not those which were signed or hashed: what a message is for partners who canonicalise.

use std::io::{Read, Seek};

use super::digest::LineEnds;
use super::error::OpenError;
use super::headers::MediaType;
use super::mic::Mic;
use super::open::{Layer, Opened, OpeningKeys};
use super::signed::SignatureCheck;
use super::walk::again;

/// What a message is whose signature fits once its line ends are others.
#[derive(Clone, Debug)]
pub struct Fitting {
    /// What its signature is worth with them.
    pub signature: SignatureCheck,
    /// The MIC over what was signed.
    pub mic: Mic,
}

impl Opened {
    /// The same for whoever lets other line ends pass: its signature and MIC are those of what was signed.
    #[must_use]
    pub fn as_signed(mut self) -> Self {
        if let Some(fitting) = self.fitting.take() {
            self.signature = Some(fitting.signature);
            self.mic = fitting.mic;
        }
        self
    }
}

/// The MIC of an opened message where every line end is hashed as CRLF, for partners who compute it so. What was
/// compressed before it was signed is no text: there it is the same.
///
/// # Errors
/// As for [`open()`](super::open()).
pub fn canonical_mic<B: Read + Seek + Send>(
    headers: &[(String, String)],
    body: &mut B,
    keys: OpeningKeys<'_>,
    opened: &Opened,
) -> Result<Mic, OpenError> {
    let place = |wanted: Layer| opened.layers.iter().position(|layer| *layer == wanted);
    if matches!((place(Layer::Signed), place(Layer::Compressed)), (Some(signed), Some(compressed)) if signed < compressed)
    {
        return Ok(opened.mic.clone());
    }
    let digest = opened.mic.digest;
    let walk = again(keys, digest, LineEnds::Crlf, &[digest], headers, body)?;
    let value = walk.content.get(digest).map(<[u8]>::to_vec);
    Ok(value.map_or_else(|| opened.mic.clone(), |value| Mic { digest, value }))
}

/// Whether content of a media type has a canonical form, which is that with CRLF (RFC 2046 section 4.1.1).
pub(super) fn is_text(content_type: &str) -> bool {
    MediaType::parse(content_type).essence.starts_with("text/")
}
