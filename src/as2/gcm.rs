//! AES-GCM (NIST SP 800-38D) as streams of any size in constant memory.
//!
//! The cryptographic library offers GCM for whole messages alone, so it is put together here from the library's AES-CTR
//! and from GHASH. What comes out of [`GcmReader`] before its end is not authenticated: an error at the end says that
//! none of it may be used.

use std::io::{self, Read, Write};

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::iv::FixedLength;
use ghash::universal_hash::UniversalHash as _;
use ghash::{Block, GHash};
use zeroize::Zeroizing;

use super::cipher::{CHUNK, CipherError, Unreadable};
use crate::domain::algorithm::Encryption;

/// The longest content in bytes (NIST SP 800-38D section 5.2.1.1): beyond it the counter would come round.
pub(super) const MAX_GCM: u64 = (1 << 36) - 32;

/// Length of the nonces that are made here, in bytes (RFC 5084 section 3.2 recommends it).
pub(super) const NONCE_BYTES: usize = 12;

/// Length of the tags that are made here, in bytes.
pub(super) const TAG_BYTES: usize = 16;

/// The shortest tag that is taken, in bytes (RFC 5084 section 3.2).
pub(super) const LEAST_TAG_BYTES: usize = 12;

/// Length of a block in bytes.
const BLOCK: usize = 16;

/// The longest nonce that is taken, in bytes.
const MAX_NONCE: usize = 256;

/// AES in GCM mode.
#[derive(Clone, Copy)]
pub(super) struct Gcm {
    algorithm: &'static Algorithm,
    pub(super) key_bytes: usize,
}

impl Gcm {
    /// The cipher of an encryption setting; nothing where that is none or another mode.
    pub(super) const fn of(encryption: Encryption) -> Option<Self> {
        Some(match encryption {
            Encryption::Aes128Gcm => Self { algorithm: &AES_128, key_bytes: 16 },
            Encryption::Aes192Gcm => Self { algorithm: &AES_192, key_bytes: 24 },
            Encryption::Aes256Gcm => Self { algorithm: &AES_256, key_bytes: 32 },
            Encryption::None
            | Encryption::TripleDesCbc
            | Encryption::Aes128Cbc
            | Encryption::Aes192Cbc
            | Encryption::Aes256Cbc => return None,
        })
    }
}

/// AES-CTR with the counter of GCM: 32 bits that come round without carrying over.
struct Counter {
    gcm: Gcm,
    key: Zeroizing<Vec<u8>>,
    stream: StreamingEncryptingKey,
    fixed: [u8; NONCE_BYTES],
    /// Bytes until the counter comes round.
    room: u64,
}

impl Counter {
    fn new(gcm: Gcm, key: &[u8], first: [u8; BLOCK]) -> Result<Self, CipherError> {
        let mut fixed = [0; NONCE_BYTES];
        fixed.copy_from_slice(&first[..NONCE_BYTES]);
        let low = first[NONCE_BYTES..].iter().fold(0_u64, |low, byte| low << 8 | u64::from(*byte));
        Ok(Self {
            gcm,
            key: Zeroizing::new(key.to_vec()),
            stream: stream(gcm, key, &first)?,
            fixed,
            room: ((1 << 32) - low) * BLOCK as u64,
        })
    }

    /// Encrypts or decrypts; `output` has a block more than `input`.
    fn apply(&mut self, mut input: &[u8], output: &mut [u8]) -> Result<usize, CipherError> {
        let mut done = 0;
        while !input.is_empty() {
            if self.room == 0 {
                let mut first = [0; BLOCK];
                first[..NONCE_BYTES].copy_from_slice(&self.fixed);
                self.stream = stream(self.gcm, &self.key, &first)?;
                self.room = (1 << 32) * BLOCK as u64;
            }
            let most = usize::try_from(self.room).unwrap_or(usize::MAX).min(input.len());
            let (now, later) = input.split_at(most);
            let written =
                self.stream.update(now, &mut output[done..]).map_err(|_unspecified| CipherError::Key)?.written().len();
            done += written;
            self.room -= now.len() as u64;
            input = later;
        }
        Ok(done)
    }
}

fn stream(gcm: Gcm, key: &[u8], first: &[u8; BLOCK]) -> Result<StreamingEncryptingKey, CipherError> {
    let key = UnboundCipherKey::new(gcm.algorithm, key).map_err(|_unspecified| CipherError::Key)?;
    let context = EncryptionContext::Iv128(FixedLength::from(first));
    StreamingEncryptingKey::less_safe_ctr(key, context).map_err(|_unspecified| CipherError::Key)
}

/// GHASH (NIST SP 800-38D section 6.4) over bytes as they come.
#[derive(Clone)]
struct Hash {
    ghash: GHash,
    partial: [u8; BLOCK],
    filled: usize,
    length: u64,
}

impl Hash {
    fn new(key: &Block) -> Self {
        Self { ghash: GHash::new(key), partial: [0; BLOCK], filled: 0, length: 0 }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.filled > 0 {
            let (now, later) = bytes.split_at((BLOCK - self.filled).min(bytes.len()));
            self.partial[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
            if self.filled < BLOCK {
                return;
            }
            self.ghash.update(&[self.partial.into()]);
            self.filled = 0;
        }
        let (blocks, rest) = Block::slice_as_chunks(bytes);
        self.ghash.update(blocks);
        self.partial[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// Fills up the last block with zeros.
    fn pad(&mut self) {
        if self.filled > 0 {
            self.partial[self.filled..].fill(0);
            self.ghash.update(&[self.partial.into()]);
            self.filled = 0;
        }
    }

    /// The hash with the lengths as its last block; `additional` bytes of other data are said to stand before.
    fn finish(mut self, additional: u64) -> Block {
        self.pad();
        let mut lengths = [0; BLOCK];
        lengths[..8].copy_from_slice(&(additional * 8).to_be_bytes());
        lengths[8..].copy_from_slice(&(self.length * 8).to_be_bytes());
        self.ghash.update(&[lengths.into()]);
        self.ghash.finalize()
    }
}

/// The product of two elements of the field that GHASH computes in: one block hashed under the other.
fn product(one: &Block, other: &Block) -> Block {
    let mut hash = GHash::new(other);
    hash.update(std::slice::from_ref(one));
    hash.finalize()
}

/// An element of that field, multiplied `exponent` times with another.
fn multiplied(mut element: Block, by: &Block, mut exponent: u64) -> Block {
    let mut square = *by;
    while exponent > 0 {
        if exponent & 1 == 1 {
            element = product(&element, &square);
        }
        square = product(&square, &square);
        exponent >>= 1;
    }
    element
}

/// One message being encrypted or decrypted.
struct Engine {
    counter: Counter,
    hash_key: Block,
    hash: Hash,
    /// The encrypted first counter, which covers the tag.
    mask: [u8; BLOCK],
}

impl Engine {
    fn new(gcm: Gcm, key: &[u8], nonce: &[u8]) -> Result<Self, CipherError> {
        if nonce.is_empty() || nonce.len() > MAX_NONCE {
            return Err(CipherError::Iv);
        }
        let (zeros, mut block) = ([0; BLOCK], [0; 2 * BLOCK]);
        Counter::new(gcm, key, zeros)?.apply(&zeros, &mut block)?;
        let mut hash_key = Block::default();
        hash_key.copy_from_slice(&block[..BLOCK]);
        let mut first = [0; BLOCK];
        if nonce.len() == NONCE_BYTES {
            first[..NONCE_BYTES].copy_from_slice(nonce);
            first[BLOCK - 1] = 1;
        } else {
            let mut hash = Hash::new(&hash_key);
            hash.update(nonce);
            first.copy_from_slice(&hash.finish(0));
        }
        let mut counter = Counter::new(gcm, key, first)?;
        counter.apply(&zeros, &mut block)?;
        let mut mask = [0; BLOCK];
        mask.copy_from_slice(&block[..BLOCK]);
        Ok(Self { counter, hash: Hash::new(&hash_key), hash_key, mask })
    }

    fn encrypt(&mut self, plain: &[u8], cipher: &mut [u8]) -> Result<usize, CipherError> {
        self.room_for(plain)?;
        let length = self.counter.apply(plain, cipher)?;
        self.hash.update(&cipher[..length]);
        Ok(length)
    }

    fn decrypt(&mut self, cipher: &[u8], plain: &mut [u8]) -> Result<usize, CipherError> {
        self.room_for(cipher)?;
        self.hash.update(cipher);
        self.counter.apply(cipher, plain)
    }

    const fn room_for(&self, bytes: &[u8]) -> Result<(), CipherError> {
        if self.hash.length.saturating_add(bytes.len() as u64) > MAX_GCM { Err(CipherError::Key) } else { Ok(()) }
    }

    /// The tag over additional data and over what was hashed of the content.
    fn tag(&self, hash: Hash, additional: &[u8]) -> [u8; TAG_BYTES] {
        let blocks = hash.length.div_ceil(BLOCK as u64) + 1;
        let mut tag = hash.finish(additional.len() as u64);
        if !additional.is_empty() {
            // Additional data is hashed before the content but stands behind it in the message (RFC 5083 section 2.1).
            // The hash is linear, so its part is added now: multiplied once more for each block that came meanwhile.
            let mut before = Hash::new(&self.hash_key);
            before.update(additional);
            before.pad();
            let before = multiplied(before.ghash.finalize(), &self.hash_key, blocks);
            tag.iter_mut().zip(before).for_each(|(byte, other)| *byte ^= other);
        }
        let mut covered = self.mask;
        covered.iter_mut().zip(tag).for_each(|(byte, other)| *byte ^= other);
        covered
    }

    /// Whether a received tag is right, told in constant time.
    fn fits(&self, hash: Hash, additional: &[u8], received: &[u8]) -> bool {
        (LEAST_TAG_BYTES..=TAG_BYTES).contains(&received.len())
            && verify_slices_are_equal(&self.tag(hash, additional)[..received.len()], received).is_ok()
    }
}

/// Encrypts what is written and passes it on. [`GcmWriter::finish`] writes the tag.
pub(super) struct GcmWriter<W> {
    engine: Engine,
    out: W,
    buffer: Vec<u8>,
    before_tag: &'static [u8],
}

impl<W: Write> GcmWriter<W> {
    /// `before_tag` are bytes that stand between the ciphertext and its tag.
    pub(super) fn new(
        gcm: Gcm,
        key: &[u8],
        nonce: &[u8],
        before_tag: &'static [u8],
        out: W,
    ) -> Result<Self, CipherError> {
        Ok(Self { engine: Engine::new(gcm, key, nonce)?, out, buffer: vec![0; CHUNK + BLOCK], before_tag })
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        let tag = self.engine.tag(self.engine.hash.clone(), &[]);
        self.out.write_all(self.before_tag)?;
        self.out.write_all(&tag)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for GcmWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = &bytes[..bytes.len().min(CHUNK)];
        let length = self.engine.encrypt(chunk, &mut self.buffer).map_err(io::Error::other)?;
        self.out.write_all(&self.buffer[..length])?;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A tag that stands behind the ciphertext, and the data that it is over besides.
pub(super) struct Trailer {
    pub(super) tag: Vec<u8>,
    /// Every way in which the sender may have encoded the additional data.
    pub(super) additional: Vec<Vec<u8>>,
}

/// Ciphertext that knows what stands behind it.
pub(super) trait Ciphertext: Read {
    /// What stands behind it, once all of it has been read.
    fn trailer(&mut self) -> io::Result<Trailer>;
}

/// Where the tag of received content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TagPlace {
    /// In a field of its own behind the content.
    Behind,
    /// The last bytes of the content; of several lengths the one that fits.
    Appended(Vec<usize>),
}

/// How far the content of a [`GcmReader`] is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Authenticated,
    Refused,
}

/// Decrypts what is read through it. A wrong tag is an [`io::Error`] at the end that holds [`Unreadable`].
pub(super) struct GcmReader<R> {
    engine: Engine,
    source: R,
    place: TagPlace,
    state: State,
    cipher: Vec<u8>,
    /// Bytes at the beginning of `cipher` that are held back, because they may be the tag.
    held: usize,
    plain: Vec<u8>,
    start: usize,
    end: usize,
}

impl<R: Ciphertext> GcmReader<R> {
    pub(super) fn new(gcm: Gcm, key: &[u8], nonce: &[u8], place: TagPlace, source: R) -> Result<Self, CipherError> {
        Ok(Self {
            engine: Engine::new(gcm, key, nonce)?,
            source,
            place,
            state: State::Reading,
            cipher: vec![0; CHUNK + TAG_BYTES],
            held: 0,
            plain: vec![0; CHUNK + TAG_BYTES + BLOCK],
            start: 0,
            end: 0,
        })
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = self.source.read(&mut self.cipher[self.held..])?;
        if read == 0 {
            return self.authenticate();
        }
        let all = self.held + read;
        self.held = all.min(TAG_BYTES);
        let content = &self.cipher[..all - self.held];
        self.start = 0;
        self.end = self.engine.decrypt(content, &mut self.plain).map_err(|_failed| self.refuse())?;
        self.cipher.copy_within(all - self.held..all, 0);
        Ok(())
    }

    fn authenticate(&mut self) -> io::Result<()> {
        let held = self.cipher[..self.held].to_vec();
        let found = match &self.place {
            TagPlace::Behind => {
                let trailer = self.source.trailer()?;
                // BouncyCastle before 1.67 wrote the tag behind the ciphertext and, once more, where it belongs.
                let twice = held.strip_suffix(trailer.tag.as_slice());
                [Some(held.as_slice()), twice]
                    .into_iter()
                    .flatten()
                    .find(|rest| trailer.additional.iter().any(|additional| self.fits(rest, additional, &trailer.tag)))
            }
            TagPlace::Appended(lengths) => {
                let mut splits =
                    lengths.iter().filter_map(|length| held.split_at_checked(held.len().checked_sub(*length)?));
                splits.find(|(rest, tag)| self.fits(rest, &[], tag)).map(|(rest, _)| rest)
            }
        };
        let Some(rest) = found else { return Err(self.refuse()) };
        self.start = 0;
        self.end = self.engine.decrypt(rest, &mut self.plain).map_err(|_failed| self.refuse())?;
        self.state = State::Authenticated;
        Ok(())
    }

    /// Whether a tag fits where `rest` is the last of the content.
    fn fits(&self, rest: &[u8], additional: &[u8], tag: &[u8]) -> bool {
        let mut hash = self.engine.hash.clone();
        hash.update(rest);
        self.engine.fits(hash, additional, tag)
    }

    fn refuse(&mut self) -> io::Error {
        self.state = State::Refused;
        io::Error::other(Unreadable)
    }
}

impl<R: Ciphertext> Read for GcmReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.start == self.end {
            match self.state {
                State::Reading => self.fill()?,
                State::Authenticated => return Ok(0),
                State::Refused => return Err(io::Error::other(Unreadable)),
            }
        }
        let read = (self.end - self.start).min(buffer.len());
        buffer[..read].copy_from_slice(&self.plain[self.start..self.start + read]);
        self.start += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
