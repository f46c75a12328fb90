//! Content keys under a key that was agreed on: AES Key Wrap (RFC 3394), and Triple DES Key Wrap (RFC 3217) where it is
//! received.

use aws_lc_rs::cipher::{AES_192, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::oid as ids;

/// The longest wrapped key that is taken, in bytes: twice what a content key can have.
const MAX_WRAPPED: usize = 80;

/// A way to wrap a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyWrap {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

impl KeyWrap {
    /// What an identifier names.
    pub(super) const fn of(identifier: ObjectIdentifier) -> Option<Self> {
        Some(match identifier {
            ids::AES128_WRAP => Self::Aes128,
            ids::AES192_WRAP => Self::Aes192,
            ids::AES256_WRAP => Self::Aes256,
            ids::TRIPLE_DES_WRAP => Self::TripleDes,
            _ => return None,
        })
    }

    pub(super) const fn identifier(self) -> ObjectIdentifier {
        match self {
            Self::Aes128 => ids::AES128_WRAP,
            Self::Aes192 => ids::AES192_WRAP,
            Self::Aes256 => ids::AES256_WRAP,
            Self::TripleDes => ids::TRIPLE_DES_WRAP,
        }
    }

    /// The one for a content key of so many bytes: no weaker than the content key.
    pub(super) const fn fitting(key_bytes: usize) -> Self {
        if key_bytes <= 16 { Self::Aes128 } else { Self::Aes256 }
    }

    /// Length of the wrapping key in bytes.
    pub(super) const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    /// Wraps a content key. Nothing where the keys do not fit, and for what is only ever read: AES-192, Triple DES.
    pub(super) fn wrap(self, kek: &[u8], key: &[u8]) -> Option<Vec<u8>> {
        let kek = match self {
            Self::Aes128 => AesKek::new(&AES_128, kek),
            Self::Aes256 => AesKek::new(&AES_256, kek),
            Self::Aes192 | Self::TripleDes => return None,
        };
        let mut wrapped = vec![0; key.len() + 8];
        let length = kek.ok()?.wrap(key, &mut wrapped).ok()?.len();
        wrapped.truncate(length);
        Some(wrapped)
    }

    /// Unwraps a content key. Nothing where it is damaged or was wrapped with another key.
    pub(super) fn unwrap(self, kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if wrapped.len() > MAX_WRAPPED || wrapped.len() < 24 || !wrapped.len().is_multiple_of(8) {
            return None;
        }
        let kek = match self {
            Self::Aes128 => AesKek::new(&AES_128, kek),
            Self::Aes256 => AesKek::new(&AES_256, kek),
            Self::Aes192 => return unwrap_aes192(kek, wrapped),
            Self::TripleDes => return unwrap_triple_des(kek, wrapped),
        };
        let mut key = Zeroizing::new(vec![0; wrapped.len()]);
        let length = kek.ok()?.unwrap(wrapped, &mut key).ok()?.len();
        key.truncate(length);
        Some(key)
    }
}

/// RFC 3394 section 2.2.2 with AES-192, which the cryptographic library has no key wrap for.
fn unwrap_aes192(kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = DecryptingKey::ecb(UnboundCipherKey::new(&AES_192, kek).ok()?).ok()?;
    let (check, rest) = wrapped.split_at(8);
    let mut key = Zeroizing::new(rest.to_vec());
    let mut block = Zeroizing::new([0; 16]);
    block[..8].copy_from_slice(check);
    let count = key.len() / 8;
    for step in (1..=6 * count).rev() {
        let place = (step - 1) % count * 8;
        for (byte, mask) in block.iter_mut().zip((step as u64).to_be_bytes()) {
            *byte ^= mask;
        }
        block[8..].copy_from_slice(&key[place..place + 8]);
        cipher.decrypt(block.as_mut_slice(), DecryptionContext::None).ok()?;
        key[place..place + 8].copy_from_slice(&block[8..]);
    }
    verify_slices_are_equal(&block[..8], &[0xa6; 8]).ok()?;
    Some(key)
}

/// RFC 3217 section 3.2.
#[expect(deprecated, reason = "Triple DES is what some partners still speak; policies judge it")]
fn unwrap_triple_des(kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    use aws_lc_rs::cipher::DES_EDE3_FOR_LEGACY_USE_ONLY;
    const FIRST: [u8; 8] = [0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05];
    let cipher = DecryptingKey::cbc(UnboundCipherKey::new(&DES_EDE3_FOR_LEGACY_USE_ONLY, kek).ok()?).ok()?;
    let mut outer = Zeroizing::new(wrapped.to_vec());
    cipher.decrypt(&mut outer, DecryptionContext::Iv64(FixedLength::from(FIRST))).ok()?;
    outer.reverse();
    let (second, inner) = outer.split_at_mut(8);
    let second = <[u8; 8]>::try_from(&*second).ok()?;
    cipher.decrypt(inner, DecryptionContext::Iv64(FixedLength::from(second))).ok()?;
    let (key, check) = inner.split_at(inner.len() - 8);
    verify_slices_are_equal(&digest(&SHA1_FOR_LEGACY_USE_ONLY, key).as_ref()[..8], check).ok()?;
    Some(Zeroizing::new(key.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 3394 sections 4.1 to 4.5.
    #[test]
    fn known_answers() {
        let data = "00112233445566778899aabbccddeeff0001020304050607";
        for (wrap, key_bytes, data, wrapped) in [
            (KeyWrap::Aes128, 16, &data[..32], "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (KeyWrap::Aes192, 24, &data[..32], "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (KeyWrap::Aes256, 32, &data[..32], "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
            (KeyWrap::Aes192, 24, data, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"),
            (KeyWrap::Aes256, 32, data, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
        ] {
            let kek: Vec<u8> = (0..key_bytes).collect();
            assert_eq!(wrap.unwrap(&kek, &bytes(wrapped)).unwrap().as_slice(), bytes(data), "{wrap:?}");
            if wrap != KeyWrap::Aes192 {
                assert_eq!(wrap.wrap(&kek, &bytes(data)).unwrap(), bytes(wrapped), "{wrap:?}");
            }
            for at in 0..wrapped.len() / 2 {
                let mut damaged = bytes(wrapped);
                damaged[at] ^= 1;
                assert!(wrap.unwrap(&kek, &damaged).is_none(), "{wrap:?} {at}");
            }
        }
    }

    /// RFC 3217 section 3.4.
    #[test]
    fn known_answer_of_triple_des() {
        let kek = bytes("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f");
        let wrapped = bytes("690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4");
        let key = KeyWrap::TripleDes.unwrap(&kek, &wrapped).unwrap();
        assert_eq!(key.as_slice(), bytes("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98"));
        assert!(KeyWrap::TripleDes.unwrap(&kek, &wrapped[8..]).is_none());
    }

    #[test]
    fn lengths_beyond_reason_are_refused() {
        for length in [0, 8, 16, 25, 88, 4096] {
            for wrap in [KeyWrap::Aes128, KeyWrap::Aes192, KeyWrap::Aes256, KeyWrap::TripleDes] {
                assert!(wrap.unwrap(&vec![7; wrap.key_bytes()], &vec![1; length]).is_none(), "{wrap:?} {length}");
            }
        }
    }
}
