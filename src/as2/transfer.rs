//! Content-Transfer-Encoding on receipt: base64 and quoted-printable are decoded, everything else is taken as it is.

use std::io::{self, BufRead, Cursor, Read};

use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::read::DecoderReader;
use quoted_printable::ParseMode;

use super::headers::{HeaderList, get, unquote, without_comments};

/// Base64 as the field writes it: padding or none.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The encoding that the headers announce, in lower case; empty where they announce none.
pub(super) fn transfer_encoding(headers: &HeaderList) -> String {
    let written = get(headers, "Content-Transfer-Encoding").unwrap_or_default();
    unquote(&without_comments(written)).trim().to_ascii_lowercase()
}

/// Whether the headers announce base64.
pub(super) fn is_base64(headers: &HeaderList) -> bool {
    transfer_encoding(headers) == "base64"
}

/// A reader of what base64 text stands for.
pub(super) fn base64_decoder<R: Read>(source: R) -> impl Read {
    DecoderReader::new(WithoutSpace(source), &LENIENT)
}

/// The longest line of quoted-printable text, in bytes. RFC 2045 section 6.7 allows 76 characters.
const MAX_LINE: u64 = 64 * 1024;

/// A reader of what quoted-printable text stands for. Line breaks stay as they came.
pub(super) fn quoted_printable_decoder<R: BufRead>(source: R) -> impl Read {
    QuotedPrintable { source, line: Cursor::default() }
}

struct QuotedPrintable<R> {
    source: R,
    /// What is decoded and not read yet.
    line: Cursor<Vec<u8>>,
}

impl<R: BufRead> QuotedPrintable<R> {
    /// Decodes the next line; nothing where there is none.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.source.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let is_text = line.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        let whole = line.ends_with(b"\n") || line.len() as u64 != MAX_LINE;
        if !is_text || !whole {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let length = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(&line).len();
        let (text, line_break) = line.split_at(length);
        let goes_on = text.trim_ascii_end().ends_with(b"=");
        let mut decoded = quoted_printable::decode(text, ParseMode::Robust)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if !goes_on {
            decoded.extend_from_slice(line_break);
        }
        Ok(Some(decoded))
    }
}

impl<R: BufRead> Read for QuotedPrintable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.line.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.next_line()? {
                Some(line) => self.line = Cursor::new(line),
                None => return Ok(0),
            }
        }
    }
}

/// Whether a CMS structure that is announced as base64, or not announced at all, really is: DER and BER begin with
/// the identifier of a SEQUENCE, whatever the headers say.
pub(super) fn cms_is_base64(headers: &HeaderList, body: &mut dyn BufRead) -> io::Result<bool> {
    let first = body.fill_buf()?.first().copied();
    Ok(match first {
        // '0' is also a character of base64, with which base64 of a SEQUENCE does not begin.
        Some(0x30) => false,
        Some(byte) => is_base64(headers) || byte == b'M',
        None => false,
    })
}

/// Leaves out white space.
struct WithoutSpace<R>(R);

impl<R: Read> Read for WithoutSpace<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let mut kept = 0;
            for at in 0..read {
                if !buffer[at].is_ascii_whitespace() {
                    buffer[kept] = buffer[at];
                    kept += 1;
                }
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_any_line_ends_and_padding() {
        for text in ["aGVsbG8=", "aGVs\r\nbG8=\r\n", "a G\nVsbG8", "aGVsbG8\n\n"] {
            let mut out = Vec::new();
            base64_decoder(text.as_bytes()).read_to_end(&mut out).unwrap();
            assert_eq!(out, b"hello", "{text:?}");
        }
        assert!(base64_decoder(&b"a*b"[..]).read_to_end(&mut Vec::new()).is_err());
    }
}
