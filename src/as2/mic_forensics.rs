//! When the MIC of a receipt is not that of what was sent: which other rule gives it. One table of what partners have
//! been seen to hash, worked through in one pass over the payload, one over its compressed form, one over the body sent.

use std::io::{self, Read, Seek, Write};

use super::digest::{COMPUTED, LineEnds, LineHasher};
use super::entity::header_bytes;
use super::error::BuildError;
use super::headers::HeaderList;
use super::message::OutboundMessage;
use super::mic::ReceivedMic;
use crate::domain::algorithm::{Compression, Digest};
use crate::domain::connection::TransferEncoding;

/// What was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashed {
    /// The payload's part with its headers.
    Part,
    /// That, and the line break before the delimiter, which is not the part's (RFC 2046 section 5.1.1).
    PartAndLineBreak,
    /// The part's content as it was transmitted.
    Content,
    /// The payload, its transfer encoding undone.
    Payload,
    /// The compressed part with its headers.
    CompressedPart,
    /// The compressed structure alone.
    CompressedContent,
    /// The message as it was sent, not opened, with its own `Content-` headers.
    Message,
    /// The body of the message as it was sent, not opened.
    Body,
    /// Not one byte.
    Nothing,
}

/// The table: what may have been hashed and with which line ends, the likeliest first.
const RULES: [(Hashed, LineEnds); 17] = [
    (Hashed::Part, LineEnds::AsTheyAre),
    (Hashed::Content, LineEnds::AsTheyAre),
    (Hashed::Part, LineEnds::Crlf),
    (Hashed::Content, LineEnds::Crlf),
    (Hashed::Part, LineEnds::LfToCrlf),
    (Hashed::Part, LineEnds::BodyLf),
    (Hashed::Part, LineEnds::Lf),
    (Hashed::Content, LineEnds::Lf),
    (Hashed::Payload, LineEnds::AsTheyAre),
    (Hashed::Payload, LineEnds::Crlf),
    (Hashed::Payload, LineEnds::Lf),
    (Hashed::CompressedPart, LineEnds::AsTheyAre),
    (Hashed::CompressedContent, LineEnds::AsTheyAre),
    // phase2 6.0 does the one or the other.
    (Hashed::Message, LineEnds::AsTheyAre),
    (Hashed::Body, LineEnds::AsTheyAre),
    (Hashed::PartAndLineBreak, LineEnds::AsTheyAre),
    (Hashed::Nothing, LineEnds::AsTheyAre),
];

/// One way to compute a MIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicRule {
    /// What is hashed.
    pub hashed: Hashed,
    /// With which line ends.
    pub line_ends: LineEnds,
    /// With which digest.
    pub digest: Digest,
}

/// A message as it left the house.
pub struct SentMessage<'a> {
    /// Its headers.
    pub headers: &'a HeaderList,
    /// Its body, from the beginning.
    pub body: &'a mut dyn Read,
}

/// What came of looking for another rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicFindings {
    /// The rule that gives the receipt's MIC.
    pub rule: Option<MicRule>,
    /// All rules that were tried.
    pub tried: Vec<MicRule>,
    /// The digest that the receipt names.
    named: Option<Digest>,
    encrypted: bool,
}

impl MicFindings {
    /// Whether the rule that fits is over what was encrypted, as of somebody who did not decrypt it.
    #[must_use]
    pub fn is_of_the_encrypted(&self) -> bool {
        self.encrypted && self.rule.is_some_and(|rule| matches!(rule.hashed, Hashed::Message | Hashed::Body))
    }
}

impl OutboundMessage<'_> {
    /// Looks for the rule by which a partner came to its MIC. `sent` is the message as it was built, where it is at hand.
    ///
    /// The digest is told by the value's length, whatever name stands beside it: no other can have given it.
    ///
    /// # Errors
    /// As for [`OutboundMessage::build`].
    pub fn explain_mic<P: Read + Seek>(
        &self,
        payload: &mut P,
        received: &ReceivedMic,
        sent: Option<SentMessage<'_>>,
    ) -> Result<MicFindings, BuildError> {
        let mut findings =
            MicFindings { rule: None, tried: Vec::new(), named: received.digest, encrypted: self.encryption.is_some() };
        let Some(digest) = received.digest_by_length().filter(|digest| COMPUTED.contains(digest)) else {
            return Ok(findings);
        };
        let mut trials: Vec<Trial> = RULES
            .iter()
            .filter(|(hashed, _)| self.applies(*hashed, sent.is_some()))
            .map(|&(hashed, line_ends)| Trial {
                rule: MicRule { hashed, line_ends, digest },
                hasher: LineHasher::new(&[digest], line_ends),
            })
            .collect();
        payload.rewind()?;
        feed(&mut trials, &[Hashed::Part, Hashed::PartAndLineBreak], &self.entity.header_bytes());
        let (mut decoded, mut others): (Vec<_>, Vec<_>) =
            trials.into_iter().partition(|trial| trial.rule.hashed == Hashed::Payload);
        let mut payload_read = Seen { source: &mut *payload, trials: &mut decoded };
        const BODY: &[Hashed] = &[Hashed::Part, Hashed::PartAndLineBreak, Hashed::Content];
        self.entity.write_body(&mut payload_read, &mut Fed { trials: &mut others, of: BODY })?;
        let mut trials = others;
        trials.append(&mut decoded);
        feed(&mut trials, &[Hashed::PartAndLineBreak], b"\r\n");
        if self.keeps_compressed() {
            feed(&mut trials, &[Hashed::CompressedPart], &self.compressed_head());
            const COMPRESSED: &[Hashed] = &[Hashed::CompressedPart, Hashed::CompressedContent];
            self.write_compressed(payload, &mut Fed { trials: &mut trials, of: COMPRESSED })?;
        }
        if let Some(sent) = sent {
            let content: HeaderList = sent
                .headers
                .iter()
                .filter(|(name, _)| name.to_ascii_lowercase().starts_with("content-"))
                .cloned()
                .collect();
            feed(&mut trials, &[Hashed::Message], &header_bytes(&content));
            io::copy(sent.body, &mut Fed { trials: &mut trials, of: &[Hashed::Message, Hashed::Body] })?;
        }
        for trial in trials {
            let value = trial.hasher.finish();
            if findings.rule.is_none() && value.get(digest).is_some_and(|value| received.is_value(value)) {
                findings.rule = Some(trial.rule);
            }
            findings.tried.push(trial.rule);
        }
        Ok(findings)
    }

    /// A rule that is taken as well as that of the standard. For a message that is compressed and nothing else, RFC 5402
    /// section 4.3 wants the headers hashed where RFC 4130 section 7.3.1 does not: both are right. Text that is encrypted
    /// and nothing else is hashed by many as it is, where the same section wants it canonicalised.
    #[must_use]
    pub fn takes_as_well(&self, rule: &MicRule) -> bool {
        if self.is_sealed_text() && (rule.hashed, rule.line_ends) == (Hashed::Part, LineEnds::AsTheyAre) {
            return true;
        }
        self.profile.compression != Compression::None
            && self.signing.is_none()
            && self.encryption.is_none()
            && rule.hashed == Hashed::Content
            && rule.line_ends == LineEnds::AsTheyAre
    }

    fn applies(&self, hashed: Hashed, sent: bool) -> bool {
        match hashed {
            Hashed::Part | Hashed::Content | Hashed::Nothing => true,
            Hashed::PartAndLineBreak => self.signing.is_some(),
            Hashed::Payload => self.entity.transfer_encoding == TransferEncoding::Base64,
            Hashed::CompressedPart | Hashed::CompressedContent => self.keeps_compressed(),
            // Of a plain message the body is the content, of one that is compressed alone it is the compressed part.
            Hashed::Message | Hashed::Body => sent && (self.signing.is_some() || self.encryption.is_some()),
        }
    }

    /// Whether the payload's entity is compressed by itself. What is signed before it is compressed cannot be made again:
    /// its boundary was random.
    fn keeps_compressed(&self) -> bool {
        match self.profile.compression {
            Compression::None => false,
            Compression::BeforeSigning => true,
            Compression::AfterSigning => self.signing.is_none(),
        }
    }
}

impl MicFindings {
    /// What was found out, in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(rule) = self.rule else {
            return self.nothing_fits();
        };
        let mut said = format!("the partner hashed {}", self.what(rule.hashed));
        said.push_str(match rule.line_ends {
            LineEnds::AsTheyAre => "",
            LineEnds::Crlf => ", with every line end turned into CRLF",
            LineEnds::LfToCrlf => ", with every bare line feed turned into CRLF",
            LineEnds::WithoutLast => ", without its last line break",
            LineEnds::Lf => ", with every line end turned into LF",
            LineEnds::BodyLf => ", with every line end of its content turned into LF",
            LineEnds::HeadCrlf => ", with every line end of its headers turned into CRLF",
        });
        said.push_str(&format!(", with {}", rule.digest.label()));
        if let Some(named) = self.named.filter(|named| *named != rule.digest) {
            said.push_str(&format!(", though it says {}", named.label()));
        }
        said
    }

    fn nothing_fits(&self) -> String {
        let Some(first) = self.tried.first() else {
            return "its value has the length of no digest that is known".to_owned();
        };
        let mut tried: Vec<String> = Vec::new();
        for rule in &self.tried {
            let of_it = self.tried.iter().filter(|other| other.hashed == rule.hashed).count();
            let ends = if of_it > 1 { " (as sent, with CRLF, with LF)" } else { "" };
            // That it was tried must not read as if it had been found.
            let what = match rule.hashed {
                Hashed::Nothing => "nothing at all".to_owned(),
                hashed => format!("{}{ends}", self.what(hashed)),
            };
            if !tried.contains(&what) {
                tried.push(what);
            }
        }
        format!("none of {} ways fits; tried with {}: {}", self.tried.len(), first.digest.label(), tried.join("; "))
    }

    const fn what(&self, hashed: Hashed) -> &'static str {
        match hashed {
            Hashed::Part => "the payload's part with its headers",
            Hashed::PartAndLineBreak => "the signed part together with the line break that follows it",
            Hashed::Content => "the payload's part without its headers",
            Hashed::Payload => "the payload with its transfer encoding undone",
            Hashed::CompressedPart => "the compressed part with its headers",
            Hashed::CompressedContent => "the compressed part without its headers",
            Hashed::Message if self.encrypted => "the message while it was still encrypted, with its headers",
            Hashed::Body if self.encrypted => "the message while it was still encrypted, without its headers",
            Hashed::Message => "the message with its signature, headers included",
            Hashed::Body => "the message with its signature, without its headers",
            Hashed::Nothing => "not one byte: the content was lost on its side",
        }
    }
}

/// A rule being tried.
struct Trial {
    rule: MicRule,
    hasher: LineHasher,
}

fn feed(trials: &mut [Trial], of: &[Hashed], bytes: &[u8]) {
    for trial in trials.iter_mut().filter(|trial| of.contains(&trial.rule.hashed)) {
        trial.hasher.update(bytes);
    }
}

/// Feeds what is written to the trials of some rules.
struct Fed<'t> {
    trials: &'t mut [Trial],
    of: &'static [Hashed],
}

impl Write for Fed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        feed(self.trials, self.of, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Feeds what is read to the trials of the payload alone.
struct Seen<'t, R> {
    source: &'t mut R,
    trials: &'t mut [Trial],
}

impl<R: Read> Read for Seen<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        feed(self.trials, &[Hashed::Payload], &buffer[..read]);
        Ok(read)
    }
}
