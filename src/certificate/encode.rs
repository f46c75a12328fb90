//! Composing DER from pieces that are DER already.
//!
//! Names and serial numbers of certificates go into messages byte by byte as they stand in the certificate, odd ones
//! included, so pieces are joined here rather than decoded into types and encoded again.

use der::asn1::ObjectIdentifier;

/// SEQUENCE, constructed.
pub(crate) const SEQUENCE: u8 = 0x30;
/// SET, constructed.
pub(crate) const SET: u8 = 0x31;
/// OCTET STRING, primitive.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// NULL with its empty value.
pub(crate) const NULL: [u8; 2] = [0x05, 0x00];

/// The identifier and length octets of an element with `length` content bytes.
pub(crate) fn header(tag: u8, length: u64) -> Vec<u8> {
    let mut out = vec![tag];
    if let (true, Ok(short)) = (length < 0x80, u8::try_from(length)) {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        // At most eight bytes, so the sum stays below 0x89.
        out.push(0x80 | significant.len().to_le_bytes()[0]);
        out.extend_from_slice(significant);
    }
    out
}

/// An element around one content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = header(tag, content.len() as u64);
    out.extend_from_slice(content);
    out
}

/// An element around several contents.
pub(crate) fn joined(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    element(tag, &contents.concat())
}

/// A SET OF in the order that DER wants (X.690 section 11.6).
pub(crate) fn set_of(tag: u8, mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    element(tag, &elements.concat())
}

/// An OBJECT IDENTIFIER.
pub(crate) fn oid(identifier: ObjectIdentifier) -> Vec<u8> {
    element(0x06, identifier.as_bytes())
}

/// An AlgorithmIdentifier; `parameters` is an encoded element or empty.
pub(crate) fn algorithm(identifier: ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    joined(SEQUENCE, &[&oid(identifier), parameters])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(header(SEQUENCE, 0), [0x30, 0x00]);
        assert_eq!(header(SEQUENCE, 127), [0x30, 0x7f]);
        assert_eq!(header(SEQUENCE, 128), [0x30, 0x81, 0x80]);
        assert_eq!(header(SEQUENCE, 256), [0x30, 0x82, 0x01, 0x00]);
        assert_eq!(header(OCTET_STRING, 1 << 32), [0x04, 0x85, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn a_set_of_is_sorted() {
        assert_eq!(set_of(SET, vec![vec![2, 1, 9], vec![2, 1, 3]]), [0x31, 6, 2, 1, 3, 2, 1, 9]);
    }
}
