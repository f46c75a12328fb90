//! Content encryption in CBC mode (RFC 5652 section 6.3, RFC 3565, RFC 3370 section 5.1) as streams.

use std::io::{self, Read, Write};

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, EncryptionContext, StreamingDecryptingKey,
    StreamingEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::domain::algorithm::Encryption;

/// Bytes that go through the cipher at a time.
pub(super) const CHUNK: usize = 64 * 1024;

/// A block cipher in CBC mode.
#[derive(Clone, Copy)]
pub(super) struct Cbc {
    algorithm: &'static Algorithm,
    pub(super) key_bytes: usize,
    pub(super) block_bytes: usize,
}

impl Cbc {
    /// The cipher of an encryption setting; nothing where that is none or another mode.
    #[expect(deprecated, reason = "Triple DES is what some partners still speak; policies judge it")]
    pub(super) const fn of(encryption: Encryption) -> Option<Self> {
        use aws_lc_rs::cipher::DES_EDE3_FOR_LEGACY_USE_ONLY;
        Some(match encryption {
            Encryption::TripleDesCbc => {
                Self { algorithm: &DES_EDE3_FOR_LEGACY_USE_ONLY, key_bytes: 24, block_bytes: 8 }
            }
            Encryption::Aes128Cbc => Self { algorithm: &AES_128, key_bytes: 16, block_bytes: 16 },
            Encryption::Aes192Cbc => Self { algorithm: &AES_192, key_bytes: 24, block_bytes: 16 },
            Encryption::Aes256Cbc => Self { algorithm: &AES_256, key_bytes: 32, block_bytes: 16 },
            Encryption::None | Encryption::Aes128Gcm | Encryption::Aes192Gcm | Encryption::Aes256Gcm => return None,
        })
    }

    /// Length of the ciphertext of `plain` bytes: padding fills up a block or adds one (RFC 5652 section 6.3).
    pub(super) const fn ciphertext_length(self, plain: u64) -> u64 {
        let block = self.block_bytes as u64;
        (plain / block + 1) * block
    }

    fn unbound(self, key: &[u8]) -> Result<UnboundCipherKey, CipherError> {
        UnboundCipherKey::new(self.algorithm, key).map_err(|_unspecified| CipherError::Key)
    }
}

/// Fresh random bytes, for a key or an initialisation vector.
pub(super) fn random(length: usize) -> Result<Zeroizing<Vec<u8>>, CipherError> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    rand::fill(&mut bytes).map_err(|_unspecified| CipherError::Random)?;
    Ok(bytes)
}

/// Why a cipher could not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// The system gave no random bytes.
    #[error("the system's random numbers are not available")]
    Random,
    /// The key does not fit the cipher.
    #[error("the content key does not fit the cipher")]
    Key,
    /// The initialisation vector does not fit the cipher.
    #[error("the initialisation vector does not fit the cipher")]
    Iv,
}

/// Encrypts what is written and passes it on. [`CbcWriter::finish`] writes the padding.
pub(super) struct CbcWriter<W> {
    key: StreamingEncryptingKey,
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> CbcWriter<W> {
    pub(super) fn new(cbc: Cbc, key: &[u8], iv: &[u8], out: W) -> Result<Self, CipherError> {
        let context = match cbc.block_bytes {
            8 => EncryptionContext::Iv64(FixedLength::try_from(iv).map_err(|_unspecified| CipherError::Iv)?),
            _ => EncryptionContext::Iv128(FixedLength::try_from(iv).map_err(|_unspecified| CipherError::Iv)?),
        };
        let key = StreamingEncryptingKey::less_safe_cbc_pkcs7(cbc.unbound(key)?, context)
            .map_err(|_unspecified| CipherError::Key)?;
        Ok(Self { key, out, buffer: vec![0; CHUNK + 64] })
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        let (_, last) =
            self.key.finish(&mut self.buffer).map_err(|_unspecified| io::Error::other("the cipher failed"))?;
        self.out.write_all(last.written())?;
        Ok(self.out)
    }
}

impl<W: Write> Write for CbcWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = &bytes[..bytes.len().min(CHUNK)];
        let update =
            self.key.update(chunk, &mut self.buffer).map_err(|_unspecified| io::Error::other("the cipher failed"))?;
        self.out.write_all(update.written())?;
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The padding or the tag of decrypted content was wrong: the key was another one, or the content was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the decrypted content is unreadable")]
pub(super) struct Unreadable;

/// Decrypts what is read through it. Wrong padding is an [`io::Error`] that holds [`Unreadable`].
pub(super) struct CbcReader<R> {
    key: Option<StreamingDecryptingKey>,
    source: R,
    cipher: Vec<u8>,
    plain: Vec<u8>,
    start: usize,
    end: usize,
}

impl<R: Read> CbcReader<R> {
    pub(super) fn new(cbc: Cbc, key: &[u8], iv: &[u8], source: R) -> Result<Self, CipherError> {
        let context = match cbc.block_bytes {
            8 => DecryptionContext::Iv64(FixedLength::try_from(iv).map_err(|_unspecified| CipherError::Iv)?),
            _ => DecryptionContext::Iv128(FixedLength::try_from(iv).map_err(|_unspecified| CipherError::Iv)?),
        };
        let key =
            StreamingDecryptingKey::cbc_pkcs7(cbc.unbound(key)?, context).map_err(|_unspecified| CipherError::Key)?;
        Ok(Self { key: Some(key), source, cipher: vec![0; CHUNK], plain: vec![0; CHUNK + 64], start: 0, end: 0 })
    }
}

impl<R: Read> Read for CbcReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Straight to where it is wanted, where there is room for it.
        if self.start == self.end
            && buffer.len() > CHUNK + 64
            && let Some(key) = self.key.as_mut()
        {
            let read = self.source.read(&mut self.cipher)?;
            if read > 0 {
                let update =
                    key.update(&self.cipher[..read], buffer).map_err(|_unspecified| io::Error::other(Unreadable))?;
                if !update.written().is_empty() {
                    return Ok(update.written().len());
                }
            }
        }
        while self.start == self.end {
            let Some(key) = self.key.as_mut() else { return Ok(0) };
            let read = self.source.read(&mut self.cipher)?;
            // Also where what follows fails: what was read is not read again.
            (self.start, self.end) = (0, 0);
            if read > 0 {
                let update = key
                    .update(&self.cipher[..read], &mut self.plain)
                    .map_err(|_unspecified| io::Error::other(Unreadable))?;
                self.end = update.written().len();
            } else if let Some(key) = self.key.take() {
                let last = key.finish(&mut self.plain).map_err(|_unspecified| io::Error::other(Unreadable))?;
                self.end = last.written().len();
            }
        }
        let read = (self.end - self.start).min(buffer.len());
        buffer[..read].copy_from_slice(&self.plain[self.start..self.start + read]);
        self.start += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_is_decrypted_and_as_long_as_foretold() {
        for encryption in
            [Encryption::TripleDesCbc, Encryption::Aes128Cbc, Encryption::Aes192Cbc, Encryption::Aes256Cbc]
        {
            let cbc = Cbc::of(encryption).unwrap();
            for length in [0, 1, 15, 16, 17, 100_000] {
                let plain: Vec<u8> = (0..length).map(|index: usize| index.to_le_bytes()[0]).collect();
                let (key, iv) = (random(cbc.key_bytes).unwrap(), random(cbc.block_bytes).unwrap());
                let mut writer = CbcWriter::new(cbc, &key, &iv, Vec::new()).unwrap();
                for chunk in plain.chunks(777) {
                    writer.write_all(chunk).unwrap();
                }
                let cipher = writer.finish().unwrap();
                assert_eq!(cipher.len() as u64, cbc.ciphertext_length(length as u64));
                let mut back = Vec::new();
                CbcReader::new(cbc, &key, &iv, cipher.as_slice()).unwrap().read_to_end(&mut back).unwrap();
                assert_eq!(back, plain, "{encryption} {length}");
                let cut = CbcReader::new(cbc, &key, &iv, &cipher[..cipher.len() - 1]).unwrap().read_to_end(&mut back);
                assert!(cut.is_err());
            }
        }
    }

    #[test]
    fn what_follows_a_wrong_padding_is_the_end() {
        let cbc = Cbc::of(Encryption::Aes128Cbc).unwrap();
        let (key, iv) = (random(cbc.key_bytes).unwrap(), random(cbc.block_bytes).unwrap());
        let mut writer = CbcWriter::new(cbc, &key, &iv, Vec::new()).unwrap();
        writer.write_all(&[7; 100]).unwrap();
        let mut cipher = writer.finish().unwrap();
        let last = cipher.len() - 17;
        cipher[last] ^= 0x55;
        let mut reader = CbcReader::new(cbc, &key, &iv, cipher.as_slice()).unwrap();
        let (mut read, mut buffer) = (0, [0; 32]);
        while let Ok(more) = reader.read(&mut buffer) {
            assert!(more > 0, "the padding is wrong");
            read += more;
        }
        assert_eq!(read, 96);
        assert_eq!(reader.read(&mut buffer).unwrap(), 0, "nothing is given twice");
    }
}
