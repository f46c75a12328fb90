//! What legacy partners do with RSA and the safe interface of aws-lc-rs does not have: signatures made over SHA-1; checked
//! with keys under 2048 bits, and RSASSA-PSS with any digest and mask; RSAES-OAEP with any digest and mask.
//!
//! The one file with unsafe code: a few calls into the same library underneath.
#![expect(unsafe_code, reason = "what is called here has no safe interface")]

use std::os::raw::{c_int, c_uint};
use std::ptr::NonNull;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_sys::{
    CBS, CBS_init, EVP_MD, EVP_PKEY, EVP_PKEY_CTX, EVP_PKEY_CTX_free, EVP_PKEY_CTX_new, EVP_PKEY_CTX_set_rsa_mgf1_md,
    EVP_PKEY_CTX_set_rsa_oaep_md, EVP_PKEY_CTX_set_rsa_padding, EVP_PKEY_decrypt, EVP_PKEY_decrypt_init, EVP_PKEY_free,
    EVP_PKEY_get0_RSA, EVP_PKEY_size, EVP_parse_private_key, EVP_sha1, EVP_sha256, EVP_sha384, EVP_sha512, NID_sha1,
    NID_sha256, NID_sha384, NID_sha512, RSA, RSA_PKCS1_OAEP_PADDING, RSA_bits, RSA_free, RSA_public_key_from_bytes,
    RSA_sign, RSA_size, RSA_verify, RSA_verify_pss_mgf1,
};
use zeroize::Zeroizing;

use super::verification::digest_algorithm;
use crate::domain::algorithm::Digest;

/// The least size of an RSA key that signs, in bytes: 2048 bits.
const LEAST: u32 = 256;

/// The least size of an RSA key whose signatures are checked, in bits.
const LEAST_CHECKED: u32 = 1024;

/// Frees the key when it goes.
struct OwnedKey(NonNull<EVP_PKEY>);

impl Drop for OwnedKey {
    fn drop(&mut self) {
        // SAFETY: the pointer came from EVP_parse_private_key, is not null and is freed once.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) };
    }
}

/// Frees what decrypts with a key when it goes.
struct OwnedContext(NonNull<EVP_PKEY_CTX>);

impl Drop for OwnedContext {
    fn drop(&mut self) {
        // SAFETY: the pointer came from EVP_PKEY_CTX_new, is not null and is freed once.
        unsafe { EVP_PKEY_CTX_free(self.0.as_ptr()) };
    }
}

/// Frees the public key when it goes.
struct OwnedRsa(NonNull<RSA>);

impl Drop for OwnedRsa {
    fn drop(&mut self) {
        // SAFETY: the pointer came from RSA_public_key_from_bytes, is not null and is freed once.
        unsafe { RSA_free(self.0.as_ptr()) };
    }
}

/// How a digest was padded before it was signed.
#[derive(Clone, Copy)]
pub(super) enum Padding {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSASSA-PSS.
    Pss {
        /// The digest of the mask generation function.
        mask: Digest,
        /// Length of the salt in bytes.
        salt_length: u16,
    },
}

/// A digest as the library below names it. MD5 is not checked.
fn message_digest(digest: Digest) -> Option<(c_int, *const EVP_MD)> {
    // SAFETY: these functions take nothing and return pointers to what lives as long as the program.
    unsafe {
        Some(match digest {
            Digest::Md5 => return None,
            Digest::Sha1 => (NID_sha1, EVP_sha1()),
            Digest::Sha256 => (NID_sha256, EVP_sha256()),
            Digest::Sha384 => (NID_sha384, EVP_sha384()),
            Digest::Sha512 => (NID_sha512, EVP_sha512()),
        })
    }
}

/// Whether `signature` is one of a message with the digest `value` by an RSAPublicKey (RFC 8017 sections 8.1.2 and
/// 8.2.2) of at least 1024 bits.
pub(super) fn verify(public_key: &[u8], digest: Digest, value: &[u8], padding: Padding, signature: &[u8]) -> bool {
    if digest_algorithm(digest).is_none_or(|algorithm| algorithm.output_len() != value.len()) {
        return false;
    }
    let Some((nid, hash)) = message_digest(digest) else { return false };
    // SAFETY: the key is read from the slice during the call and owned from then on; it outlives its use. The digest
    // and the signature are slices passed with their lengths, and the digest's length was compared with the algorithm's.
    unsafe {
        let Some(key) = NonNull::new(RSA_public_key_from_bytes(public_key.as_ptr(), public_key.len())) else {
            return false;
        };
        let key = OwnedRsa(key);
        let rsa = key.0.as_ptr();
        if RSA_bits(rsa) < LEAST_CHECKED {
            return false;
        }
        let (value, length) = (value.as_ptr(), value.len());
        let (signature, signature_length) = (signature.as_ptr(), signature.len());
        match padding {
            Padding::Pkcs1 => RSA_verify(nid, value, length, signature, signature_length, rsa) == 1,
            Padding::Pss { mask, salt_length } => message_digest(mask).is_some_and(|(_, mask)| {
                let salt = c_int::from(salt_length);
                RSA_verify_pss_mgf1(rsa, value, length, hash, mask, salt, signature, signature_length) == 1
            }),
        }
    }
}

/// Signs the SHA-1 of `message` with an RSA key in PKCS#8 (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2). Nothing where the
/// key is no RSA key of at least 2048 bits.
pub(super) fn sign(pkcs8: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let value = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    let value = value.as_ref();
    let digest_length = value.len();
    let nid: c_int = NID_sha1;
    // SAFETY: CBS_init fills the reader it is given; the reader and the parsed key borrow `pkcs8` only during the
    // call. EVP_PKEY_get0_RSA gives a pointer that lives as long as the key, which outlives its use here. RSA_sign
    // writes at most RSA_size bytes, which is what the buffer holds, and says how many it wrote.
    unsafe {
        let mut reader = std::mem::zeroed::<CBS>();
        CBS_init(&raw mut reader, pkcs8.as_ptr(), pkcs8.len());
        let key = OwnedKey(NonNull::new(EVP_parse_private_key(&raw mut reader))?);
        let rsa = EVP_PKEY_get0_RSA(key.0.as_ptr());
        if rsa.is_null() {
            return None;
        }
        let size = RSA_size(rsa);
        if size < LEAST {
            return None;
        }
        let mut signature = vec![0; size as usize];
        let mut written: c_uint = 0;
        let done = RSA_sign(nid, value.as_ptr(), digest_length, signature.as_mut_ptr(), &raw mut written, rsa);
        if done != 1 || written > size {
            return None;
        }
        signature.truncate(written as usize);
        Some(signature)
    }
}

/// Decrypts RSAES-OAEP (RFC 8017 section 7.1.2) without a label, with an RSA key in PKCS#8. Nothing where the key is no such
/// key, the digests are none that are used so, or it does not decrypt: why is not told, and does not show in the time,
/// because the padding is checked in one go by the library.
pub(super) fn decrypt_oaep(pkcs8: &[u8], digest: Digest, mask: Digest, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let ((_, hash), (_, mask)) = (message_digest(digest)?, message_digest(mask)?);
    // SAFETY: CBS_init fills the reader it is given; the reader and the parsed key borrow `pkcs8` only during the call. The
    // context holds the key for itself and is freed first. EVP_PKEY_decrypt writes at most EVP_PKEY_size bytes, which is
    // what the buffer holds and `length` says, and puts into it how many it wrote.
    unsafe {
        let mut reader = std::mem::zeroed::<CBS>();
        CBS_init(&raw mut reader, pkcs8.as_ptr(), pkcs8.len());
        let key = OwnedKey(NonNull::new(EVP_parse_private_key(&raw mut reader))?);
        let owned = OwnedContext(NonNull::new(EVP_PKEY_CTX_new(key.0.as_ptr(), std::ptr::null_mut()))?);
        let context = owned.0.as_ptr();
        let ready = EVP_PKEY_decrypt_init(context) == 1
            && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_oaep_md(context, hash) == 1
            && EVP_PKEY_CTX_set_rsa_mgf1_md(context, mask) == 1;
        if !ready {
            return None;
        }
        let mut plain = Zeroizing::new(vec![0; usize::try_from(EVP_PKEY_size(key.0.as_ptr())).ok()?]);
        let mut length = plain.len();
        let done = EVP_PKEY_decrypt(context, plain.as_mut_ptr(), &raw mut length, wrapped.as_ptr(), wrapped.len());
        if done != 1 || length > plain.len() {
            return None;
        }
        plain.truncate(length);
        Some(plain)
    }
}
