//! Content-Transfer-Encoding on receipt: base64 is decoded, everything else is taken as it is.

use std::io::{self, BufRead, Read};

use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::read::DecoderReader;

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
