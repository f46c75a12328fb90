//! RSA signatures over SHA-1, which legacy partners still ask for and the safe interface of aws-lc-rs does not make.
//!
//! The one file with unsafe code: a few calls into the same library underneath.
#![expect(unsafe_code, reason = "RSA_sign with SHA-1 has no safe interface")]

use std::os::raw::{c_int, c_uint};
use std::ptr::NonNull;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_sys::{
    CBS, CBS_init, EVP_PKEY, EVP_PKEY_free, EVP_PKEY_get0_RSA, EVP_parse_private_key, NID_sha1, RSA_sign, RSA_size,
};

/// The least size of an RSA key in bytes: 2048 bits.
const LEAST: u32 = 256;

/// Frees the key when it goes.
struct OwnedKey(NonNull<EVP_PKEY>);

impl Drop for OwnedKey {
    fn drop(&mut self) {
        // SAFETY: the pointer came from EVP_parse_private_key, is not null and is freed once.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) };
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
