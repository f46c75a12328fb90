//! A multipart/signed body (RFC 1847): the part that is signed, and its signature.

use std::io::{self, Read, Seek, Write};

use super::digest::{DigestValues, HashingWriter, LineEnds, LineHasher};
use super::entity::{Entity, base64_lines, header_bytes};
use super::error::BuildError;
use super::message::{OutboundMessage, first_mic};
use super::signed::SigningPlan;
use crate::domain::connection::TransferEncoding;

/// A multipart/signed body (RFC 1847) about to be written.
pub(super) struct SignedMultipart<'a> {
    entity: &'a Entity,
    signing: &'a SigningPlan<'a>,
    boundary: String,
    signature_length: usize,
    /// Already made, where its length could not be foretold.
    signature: Option<Vec<u8>>,
    /// What stands before the first delimiter.
    preamble: &'static str,
}

impl<'a> SignedMultipart<'a> {
    pub(super) fn prepare<P: Read + Seek>(
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
        Ok(Self { entity, signing, boundary, signature_length, signature, preamble: "" })
    }

    /// The same with an empty line before its first delimiter, as RFC 2046 section 5.1.1 allows: mendelson reads what was
    /// compressed, then signed and not encrypted from its first empty line on.
    pub(super) fn behind_an_empty_line(self) -> Self {
        Self { preamble: "\r\n", ..self }
    }

    pub(super) fn content_type(&self, message: &OutboundMessage<'_>) -> String {
        let micalg = self.signing.digest.micalg(message.profile.quirks.micalg_style);
        signed_content_type(&self.boundary, micalg)
    }

    fn between(&self) -> Vec<u8> {
        signature_part_head(&self.boundary)
    }

    pub(super) fn length(&self) -> u64 {
        let base64 = Entity {
            content_type: String::new(),
            filename: None,
            transfer_encoding: TransferEncoding::Base64,
            payload_length: self.signature_length as u64,
        };
        let opening = self.boundary.len() + 4;
        let closing = self.boundary.len() + 6;
        (self.preamble.len() + opening + self.entity.header_bytes().len() + self.between().len() + closing) as u64
            + self.entity.body_length()
            + base64.body_length()
    }

    /// Writes it, hashing the part that is signed, and returns that digest.
    pub(super) fn write(&self, payload: &mut dyn Read, out: &mut dyn Write) -> Result<DigestValues, BuildError> {
        write!(out, "{}--{}\r\n", self.preamble, self.boundary)?;
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

/// A boundary that cannot be in the payload: 128 random bits.
pub(super) fn boundary() -> Result<String, BuildError> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_unspecified| super::cipher::CipherError::Random)?;
    Ok(format!("=_countersign_{}", crate::domain::certificate::hex(&random)))
}
