//! The bare algorithms, and payloads for everybody.

use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use aws_lc_rs::cipher::{AES_128, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

/// Bytes that are given to an algorithm at a time.
const CHUNK: usize = 64 * 1024;

/// Bytes without order that are the same in every run.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A payload of any length that takes no room: the same noise again and again.
pub(crate) struct Endless {
    noise: Vec<u8>,
    at: u64,
    length: u64,
}

impl Endless {
    pub(crate) fn new(length: u64) -> Self {
        Self { noise: noise(CHUNK), at: 0, length }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(self.at % CHUNK as u64).unwrap();
        let left = usize::try_from(self.length - self.at).unwrap();
        let read = buffer.len().min(CHUNK - from).min(left);
        buffer[..read].copy_from_slice(&self.noise[from..from + read]);
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(at) => self.at = at.min(self.length),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(self.at)
    }
}

pub(crate) fn write_payload(path: &Path, length: u64) {
    let mut file = std::fs::File::create(path).unwrap();
    io::copy(&mut io::BufReader::with_capacity(1 << 20, Endless::new(length)), &mut file).unwrap();
    file.flush().unwrap();
}

pub(crate) fn sha256(length: u64) -> u64 {
    let chunk = noise(CHUNK);
    let mut context = Context::new(&SHA256);
    for _ in 0..length / CHUNK as u64 {
        context.update(&chunk);
    }
    std::hint::black_box(context.finish());
    length
}

pub(crate) fn aes128cbc(length: u64) -> u64 {
    let chunk = noise(CHUNK);
    let mut out = vec![0; CHUNK + 64];
    let key = UnboundCipherKey::new(&AES_128, &[7; 16]).unwrap();
    let vector = EncryptionContext::Iv128(FixedLength::from([9; 16]));
    let mut key = StreamingEncryptingKey::less_safe_cbc_pkcs7(key, vector).unwrap();
    for _ in 0..length / CHUNK as u64 {
        std::hint::black_box(key.update(&chunk, &mut out).unwrap());
    }
    length
}

/// Both over as many bytes, at the same time.
pub(crate) fn both(length: u64) -> u64 {
    std::thread::scope(|scope| {
        scope.spawn(|| sha256(length));
        aes128cbc(length)
    })
}

/// How many RSA-2048 signatures a thread makes in two seconds, all threads together.
pub(crate) fn signatures(threads: usize) -> u64 {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    for_a_while(threads, || {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[1; 200], &mut signature).unwrap();
        std::hint::black_box(signature);
    })
}

/// Does something again and again for two seconds on so many threads; how often it was done.
pub(crate) fn for_a_while(threads: usize, work: impl Fn() + Sync) -> u64 {
    let begun = Instant::now();
    let one = || {
        let mut done = 0;
        while begun.elapsed().as_secs_f64() < 2.0 {
            work();
            done += 1;
        }
        done
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(one)).collect();
        one() + others.into_iter().map(|other| other.join().unwrap()).sum::<u64>()
    })
}
