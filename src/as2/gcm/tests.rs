use std::io::Cursor;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Ciphertext with its tag behind it, read in pieces.
struct Sealed {
    content: Cursor<Vec<u8>>,
    piece: usize,
    tag: Vec<u8>,
    additional: Vec<u8>,
}

impl Read for Sealed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.piece);
        self.content.read(&mut buffer[..most])
    }
}

impl Ciphertext for Sealed {
    fn trailer(&mut self) -> io::Result<Trailer> {
        Ok(Trailer { tag: self.tag.clone(), additional: vec![vec![1, 2, 3], self.additional.clone()] })
    }
}

fn sealed(content: &[u8], tag: &[u8], additional: &[u8], piece: usize) -> Sealed {
    Sealed { content: Cursor::new(content.to_vec()), piece, tag: tag.to_vec(), additional: additional.to_vec() }
}

fn opened(gcm: Gcm, key: &[u8], nonce: &[u8], place: TagPlace, source: Sealed) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GcmReader::new(gcm, key, nonce, place, source).unwrap().read_to_end(&mut plain)?;
    Ok(plain)
}

fn encrypted(gcm: Gcm, key: &[u8], nonce: &[u8], plain: &[u8], piece: usize) -> Vec<u8> {
    let mut writer = GcmWriter::new(gcm, key, nonce, &[], Vec::new()).unwrap();
    for chunk in plain.chunks(piece) {
        writer.write_all(chunk).unwrap();
    }
    writer.finish().unwrap()
}

fn of_key(key: &[u8]) -> (Gcm, &'static aead::Algorithm) {
    let (encryption, one_shot) = match key.len() {
        16 => (Encryption::Aes128Gcm, &aead::AES_128_GCM),
        24 => (Encryption::Aes192Gcm, &aead::AES_192_GCM),
        _ => (Encryption::Aes256Gcm, &aead::AES_256_GCM),
    };
    (Gcm::of(encryption).unwrap(), one_shot)
}

/// The library's own GCM, which takes a message whole.
fn one_shot(algorithm: &'static aead::Algorithm, key: &[u8], nonce: &[u8], additional: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap());
    let mut content = plain.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    key.seal_in_place_append_tag(nonce, Aad::from(additional), &mut content).unwrap();
    content
}

const KEY: &str = "feffe9928665731c6d6a8f9467308308";
const PLAIN: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const NONCE: &str = "cafebabefacedbaddecaf888";
const ADDITIONAL: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";

/// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: test cases 1 to 6, 10 and 16, which NIST SP
/// 800-38D refers to.
#[test]
fn known_answers() {
    let zeros = "00".repeat(16);
    let (key_192, key_256) = (format!("{KEY}{}", &KEY[..16]), KEY.repeat(2));
    let long_nonce = "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728\
                      c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b";
    for (key, nonce, plain, additional, cipher, tag) in [
        (zeros.as_str(), &zeros[..24], "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"),
        (&zeros, &zeros[..24], &zeros, "", "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"),
        (
            KEY,
            NONCE,
            PLAIN,
            "",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
             21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
            "4d5c2af327cd64a62cf35abd2ba6fab4",
        ),
        (
            KEY,
            NONCE,
            &PLAIN[..120],
            ADDITIONAL,
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
             21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
            "5bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            KEY,
            &NONCE[..16],
            &PLAIN[..120],
            ADDITIONAL,
            "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423\
             73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598",
            "3612d2e79e3b0785561be14aaca2fccb",
        ),
        (
            KEY,
            long_nonce,
            &PLAIN[..120],
            ADDITIONAL,
            "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca7\
             01e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5",
            "619cc5aefffe0bfa462af43c1699d050",
        ),
        (
            &key_192,
            NONCE,
            &PLAIN[..120],
            ADDITIONAL,
            "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c\
             7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
            "2519498e80f1478f37ba55bd6d27618c",
        ),
        (
            &key_256,
            NONCE,
            &PLAIN[..120],
            ADDITIONAL,
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ] {
        let [key, nonce, plain, additional, cipher, tag] = [key, nonce, plain, additional, cipher, tag].map(bytes);
        let (gcm, _) = of_key(&key);
        let source = sealed(&cipher, &tag, &additional, 7);
        assert_eq!(opened(gcm, &key, &nonce, TagPlace::Behind, source).unwrap(), plain);
        if additional.is_empty() {
            assert_eq!(encrypted(gcm, &key, &nonce, &plain, 7), [cipher, tag].concat());
        }
    }
}

#[test]
fn the_counter_comes_round_without_carrying_over() {
    let (gcm, key) = (Gcm::of(Encryption::Aes128Gcm).unwrap(), bytes(KEY));
    let block = |low: u32| {
        let mut first = [0x5a; BLOCK];
        first[NONCE_BYTES..].copy_from_slice(&low.to_be_bytes());
        first
    };
    let mut together = [0; 6 * BLOCK];
    let mut counter = Counter::new(gcm, &key, block(u32::MAX - 1)).unwrap();
    let length = counter.apply(&[0; 5 * BLOCK], &mut together).unwrap();
    assert_eq!(length, 5 * BLOCK);
    for (index, low) in [u32::MAX - 1, u32::MAX, 0, 1, 2].into_iter().enumerate() {
        let mut alone = [0; 2 * BLOCK];
        Counter::new(gcm, &key, block(low)).unwrap().apply(&[0; BLOCK], &mut alone).unwrap();
        assert_eq!(together[index * BLOCK..(index + 1) * BLOCK], alone[..BLOCK], "{low}");
    }
}

#[test]
fn nothing_is_encrypted_under_a_counter_that_was_used() {
    let (gcm, key) = (Gcm::of(Encryption::Aes128Gcm).unwrap(), bytes(KEY));
    let mut engine = Engine::new(gcm, &key, &bytes(NONCE)).unwrap();
    engine.hash.length = MAX_GCM - 1;
    assert!(engine.encrypt(&[1], &mut [0; 32]).is_ok());
    assert!(engine.encrypt(&[1], &mut [0; 32]).is_err());
    assert!(engine.decrypt(&[1], &mut [0; 32]).is_err());
    assert!(Engine::new(gcm, &key, &[]).is_err());
    assert!(Engine::new(gcm, &key, &[0; MAX_NONCE + 1]).is_err());
}

#[test]
fn a_tag_too_short_or_absent_is_refused() {
    let (key, nonce) = (bytes(KEY), bytes(NONCE));
    let (gcm, _) = of_key(&key);
    let whole = encrypted(gcm, &key, &nonce, b"content", 100);
    let (cipher, tag) = whole.split_at(7);
    for length in 0..=TAG_BYTES {
        let source = sealed(cipher, &tag[..length], &[], 5);
        let result = opened(gcm, &key, &nonce, TagPlace::Behind, source);
        assert_eq!(result.is_ok(), length >= LEAST_TAG_BYTES, "{length}");
    }
    for length in 0..whole.len() {
        let source = sealed(&whole[..length], &[], &[], 5);
        let place = TagPlace::Appended(vec![LEAST_TAG_BYTES, TAG_BYTES]);
        // One that was cut to 12 bytes is as good as whole where the length is open.
        assert_eq!(opened(gcm, &key, &nonce, place, source).is_ok(), length == whole.len() - 4, "{length}");
    }
    // Once refused, it stays so.
    let mut reader = GcmReader::new(gcm, &key, &nonce, TagPlace::Behind, sealed(cipher, &[0; 16], &[], 100)).unwrap();
    assert!(io::copy(&mut reader, &mut io::sink()).is_err());
    assert!(reader.read(&mut [0; 10]).is_err());
}

#[test]
fn a_tag_that_stands_twice_is_read() {
    let (key, nonce) = (bytes(KEY), bytes(NONCE));
    let (gcm, _) = of_key(&key);
    for length in [0, 1, 16, 40, CHUNK - 1, CHUNK] {
        let plain = vec![3; length];
        let whole = encrypted(gcm, &key, &nonce, &plain, 1000);
        let tag = &whole[length..];
        let read =
            |content: &[u8], tag: &[u8]| opened(gcm, &key, &nonce, TagPlace::Behind, sealed(content, tag, &[], 1000));
        assert_eq!(read(&whole, tag).unwrap(), plain, "{length}");
        assert_eq!(read(&whole[..length], tag).unwrap(), plain, "{length}");
        // Another one behind the ciphertext than in its place, and one that is half there.
        assert!(read(&whole, &[tag[0] ^ 1; TAG_BYTES]).is_err(), "{length}");
        assert!(read(&whole[..length + 8], tag).is_err(), "{length}");
    }
}

/// Lengths around the edges of blocks and of chunks.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![0..70_usize, (CHUNK - 40)..(CHUNK + 40), (2 * CHUNK - 40)..(2 * CHUNK + 40), 0..3 * CHUNK]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_the_library_does_it_whole(
        length in length(),
        key in prop_oneof![Just(16_usize), Just(24), Just(32)],
        fill in any::<u64>(),
        nonce in any::<[u8; 12]>(),
        additional in prop::collection::vec(any::<u8>(), 0..80),
        pieces in (1..100_000_usize, 1..100_000_usize),
        kept in LEAST_TAG_BYTES..=TAG_BYTES,
        change in any::<(prop::sample::Index, u8)>(),
    ) {
        let key: Vec<u8> = fill.to_be_bytes().into_iter().cycle().take(key).collect();
        let plain: Vec<u8> = (0..length as u64).map(|at| (at.wrapping_mul(fill | 1) >> 13).to_le_bytes()[0]).collect();
        let (gcm, library) = of_key(&key);
        let whole = one_shot(library, &key, &nonce, &[], &plain);
        prop_assert_eq!(&encrypted(gcm, &key, &nonce, &plain, pieces.0), &whole);
        // Appended, and cut short.
        let short = &whole[..length + kept];
        let place = TagPlace::Appended(vec![kept]);
        let back = opened(gcm, &key, &nonce, place.clone(), sealed(short, &[], &[], pieces.1));
        prop_assert_eq!(&back.unwrap(), &plain);
        // Behind, with additional data.
        let with = one_shot(library, &key, &nonce, &additional, &plain);
        let (cipher, tag) = with.split_at(length);
        let back = opened(gcm, &key, &nonce, TagPlace::Behind, sealed(cipher, tag, &additional, pieces.1));
        prop_assert_eq!(back.unwrap(), plain);
        // Changed anywhere.
        let mut changed = short.to_vec();
        let at = change.0.index(changed.len());
        changed[at] ^= change.1 | 1;
        prop_assert!(opened(gcm, &key, &nonce, place, sealed(&changed, &[], &[], pieces.1)).is_err());
    }
}
