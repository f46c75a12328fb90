//! The MIME entity of a payload: its headers, its transfer encoding, its length before it is written.

use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::BuildError;
use super::headers::{HeaderList, quote};
use crate::domain::connection::TransferEncoding;

/// Payload bytes in one line of base64, which is 76 characters long (RFC 2045 section 6.8).
const LINE: u64 = LINE_BYTES as u64;
const LINE_BYTES: usize = 57;

/// The payload as a MIME entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Media type, as set.
    pub content_type: String,
    /// File name, where it is sent.
    pub filename: Option<String>,
    /// Transfer encoding.
    pub transfer_encoding: TransferEncoding,
    /// Length of the payload in bytes.
    pub payload_length: u64,
}

impl Entity {
    /// Its header fields.
    pub(super) fn headers(&self) -> HeaderList {
        let mut headers = vec![
            ("Content-Type".to_owned(), self.content_type.clone()),
            ("Content-Transfer-Encoding".to_owned(), self.transfer_encoding.to_string()),
        ];
        if let Some(name) = &self.filename {
            headers.push(("Content-Disposition".to_owned(), format!("attachment; {}", filename_parameter(name))));
        }
        headers
    }

    /// Its header fields as bytes, with the blank line that ends them.
    pub(super) fn header_bytes(&self) -> Vec<u8> {
        header_bytes(&self.headers())
    }

    /// Length of its body in bytes, transfer encoding included.
    pub(super) const fn body_length(&self) -> u64 {
        match self.transfer_encoding {
            TransferEncoding::Binary => self.payload_length,
            TransferEncoding::Base64 => {
                let lines = self.payload_length.div_ceil(LINE);
                self.payload_length.div_ceil(3) * 4 + lines * 2
            }
        }
    }

    /// Writes its body.
    pub(super) fn write_body(&self, payload: &mut dyn Read, out: &mut dyn Write) -> Result<(), BuildError> {
        let mut body = self.body_writer(out);
        let mut found = 0_u64;
        // A multiple of the bytes in a line, so that lines of base64 need not be put together from two reads.
        let mut buffer = vec![0; LINE_BYTES * 1149];
        loop {
            let read = read_full(payload, &mut buffer)?;
            found += read as u64;
            if read == 0 || found > self.payload_length {
                break;
            }
            body.write_all(&buffer[..read])?;
        }
        if found != self.payload_length {
            return Err(BuildError::PayloadChanged { expected: self.payload_length, found });
        }
        Ok(body.finish()?)
    }

    /// Takes the payload and writes the body.
    pub(super) const fn body_writer<'w>(&self, out: &'w mut dyn Write) -> BodyWriter<'w> {
        BodyWriter { out, transfer_encoding: self.transfer_encoding, line: Vec::new() }
    }
}

/// A payload on its way into its transfer encoding. [`BodyWriter::finish`] writes the last line.
pub(super) struct BodyWriter<'w> {
    out: &'w mut dyn Write,
    transfer_encoding: TransferEncoding,
    /// Bytes that do not fill a line of base64 yet.
    line: Vec<u8>,
}

impl BodyWriter<'_> {
    pub(super) fn finish(self) -> io::Result<()> {
        self.out.write_all(&base64_lines(&self.line))
    }
}

impl Write for BodyWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.transfer_encoding == TransferEncoding::Binary {
            return self.out.write(bytes);
        }
        let mut rest = bytes;
        if !self.line.is_empty() {
            let (more, after) = rest.split_at(rest.len().min(LINE_BYTES - self.line.len()));
            self.line.extend_from_slice(more);
            rest = after;
            if self.line.len() < LINE_BYTES {
                return Ok(bytes.len());
            }
            self.out.write_all(&base64_lines(&self.line))?;
            self.line.clear();
        }
        let (whole, part) = rest.split_at(rest.len() - rest.len() % LINE_BYTES);
        self.out.write_all(&base64_lines(whole))?;
        self.line.extend_from_slice(part);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Base64 in lines of 76 characters, each with its line break.
pub(super) fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / LINE_BYTES * 78 + 80);
    for line in bytes.chunks(LINE_BYTES) {
        out.extend_from_slice(STANDARD.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn read_full(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Header fields as bytes, with the blank line that ends them.
pub(super) fn header_bytes(headers: &[(String, String)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in headers {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// `filename="…"`, percent-encoded (RFC 2231) where it is not ASCII. Control characters are dropped.
fn filename_parameter(name: &str) -> String {
    let name: String = name.chars().filter(|character| !character.is_control()).collect();
    if name.is_ascii() {
        return format!("filename={}", quote(&name));
    }
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_as_long_as_foretold() {
        for transfer_encoding in [TransferEncoding::Binary, TransferEncoding::Base64] {
            for payload_length in [0_u64, 1, 56, 57, 58, 114, 65_493, 65_494, 200_001] {
                let entity = Entity {
                    content_type: "application/edi-x12".to_owned(),
                    filename: None,
                    transfer_encoding,
                    payload_length,
                };
                let payload = vec![b'x'; usize::try_from(payload_length).unwrap()];
                let mut out = Vec::new();
                entity.write_body(&mut payload.as_slice(), &mut out).unwrap();
                assert_eq!(out.len() as u64, entity.body_length(), "{transfer_encoding} {payload_length}");
                let longer = [payload.as_slice(), b"y"].concat();
                assert!(matches!(
                    entity.write_body(&mut longer.as_slice(), &mut Vec::new()),
                    Err(BuildError::PayloadChanged { .. })
                ));
            }
        }
    }

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        assert_eq!(filename_parameter("a\"b\r\nX: y.edi"), "filename=\"a\\\"bX: y.edi\"");
        assert_eq!(filename_parameter("größe.edi"), "filename*=UTF-8''gr%C3%B6%C3%9Fe.edi");
    }
}
