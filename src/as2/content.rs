//! The content of an envelope as a stream, in whichever mode it is encrypted.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use super::cipher::{Cbc, CbcReader, CbcWriter, CipherError, random};
use super::gcm::{Ciphertext, Gcm, GcmReader, GcmWriter, Trailer};
use crate::certificate::ber::{BerError, BerReader, Octets, Tlv};
use crate::certificate::encode::{OCTET_STRING, SET, element, set_of};
use crate::domain::algorithm::Encryption;

/// The most bytes of authenticated attributes that are taken.
const MAX_ATTRIBUTES: u64 = 64 * 1024;

/// The most bytes of a field that holds a tag.
const MAX_TAG: u64 = 64;

/// A content cipher.
#[derive(Clone, Copy)]
pub(super) enum ContentCipher {
    Cbc(Cbc),
    Gcm(Gcm),
}

impl ContentCipher {
    /// The cipher of an encryption setting; nothing for `none`.
    pub(super) fn of(encryption: Encryption) -> Option<Self> {
        Cbc::of(encryption).map(Self::Cbc).or_else(|| Gcm::of(encryption).map(Self::Gcm))
    }

    /// Length of its keys in bytes.
    pub(super) const fn key_bytes(self) -> usize {
        match self {
            Self::Cbc(cbc) => cbc.key_bytes,
            Self::Gcm(gcm) => gcm.key_bytes,
        }
    }

    /// A fresh random key.
    pub(super) fn random_key(self) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        random(self.key_bytes())
    }
}

/// Encrypts what is written and passes it on. [`ContentWriter::finish`] writes what belongs at the end.
pub(super) enum ContentWriter<W> {
    Cbc(CbcWriter<W>),
    Gcm(Box<GcmWriter<W>>),
}

impl<W: Write> ContentWriter<W> {
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Cbc(writer) => writer.finish(),
            Self::Gcm(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for ContentWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Cbc(writer) => writer.write(bytes),
            Self::Gcm(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Cbc(writer) => writer.flush(),
            Self::Gcm(writer) => writer.flush(),
        }
    }
}

/// Decrypts what is read through it. Whether the key was the right one shows at the end, in the padding or the tag.
pub(super) enum ContentReader<R> {
    Cbc(CbcReader<OctetReader<R>>),
    Gcm(Box<GcmReader<OctetReader<R>>>),
}

impl<R: Read> Read for ContentReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Cbc(reader) => reader.read(buffer),
            Self::Gcm(reader) => reader.read(buffer),
        }
    }
}

/// [`Octets`] as a [`Read`].
pub(super) struct OctetReader<R>(pub(super) Octets<R>);

impl<R: Read> Read for OctetReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.next(buffer).map_err(into_io)
    }
}

impl<R: Read> Ciphertext for OctetReader<R> {
    /// `authAttrs` and `mac` of AuthEnvelopedData (RFC 5083 section 2.1).
    fn trailer(&mut self) -> io::Result<Trailer> {
        trailer(self.0.behind()).map_err(into_io)
    }
}

fn trailer<R: Read>(ber: &mut BerReader<R>) -> Result<Trailer, BerError> {
    // Out of the EncryptedContentInfo that the content was the last field of.
    ber.leave()?;
    let mut additional = vec![Vec::new()];
    if ber.next_tag()? == 0xa1 {
        let attributes = ber.element(MAX_ATTRIBUTES)?;
        let (attributes, _) = Tlv::first(&attributes)?;
        let parts = attributes.children()?.iter().map(|part| part.raw.to_vec()).collect();
        // Authenticated is the SET OF in DER (RFC 5083 section 2.2); some leave it in the order in which it is sent.
        additional = vec![set_of(SET, parts), element(SET, attributes.value)];
    }
    let mac = ber.element(MAX_TAG)?;
    let (mac, _) = Tlv::first(&mac)?;
    if mac.tag != OCTET_STRING {
        return Err(BerError::Malformed("the encrypted content has no authentication tag"));
    }
    Ok(Trailer { tag: mac.value.to_vec(), additional })
}

/// An error of the structure on its way through readers; it becomes itself again in [`super::OpenError`].
fn into_io(error: BerError) -> io::Error {
    match error {
        BerError::Io(error) => error,
        other => io::Error::other(other),
    }
}
