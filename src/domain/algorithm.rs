//! The algorithms a profile names, and how they compare in strength.

use super::spelling::spelled;

spelled! {
    /// Content encryption of an outbound message.
    pub enum Encryption {
        /// Not encrypted.
        None = "none",
        /// Triple DES with three keys in CBC mode; withdrawn by NIST on 2024-01-01.
        TripleDesCbc = "3des-cbc",
        /// AES with a 128-bit key in CBC mode.
        Aes128Cbc = "aes128-cbc",
        /// AES with a 192-bit key in CBC mode.
        Aes192Cbc = "aes192-cbc",
        /// AES with a 256-bit key in CBC mode.
        Aes256Cbc = "aes256-cbc",
        /// AES with a 128-bit key in GCM mode (RFC 5084).
        Aes128Gcm = "aes128-gcm",
        /// AES with a 192-bit key in GCM mode (RFC 5084).
        Aes192Gcm = "aes192-gcm",
        /// AES with a 256-bit key in GCM mode (RFC 5084).
        Aes256Gcm = "aes256-gcm",
    }
}

impl Encryption {
    /// Rank for "at least" rules: none, 3DES, AES-128, AES-192, AES-256; the mode does not change it.
    #[must_use]
    pub const fn strength(self) -> u32 {
        match self {
            Self::None => 0,
            Self::TripleDesCbc => 112,
            Self::Aes128Cbc | Self::Aes128Gcm => 128,
            Self::Aes192Cbc | Self::Aes192Gcm => 192,
            Self::Aes256Cbc | Self::Aes256Gcm => 256,
        }
    }

    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::TripleDesCbc => "3DES",
            Self::Aes128Cbc => "AES-128",
            Self::Aes192Cbc => "AES-192",
            Self::Aes256Cbc => "AES-256",
            Self::Aes128Gcm => "AES-128-GCM",
            Self::Aes192Gcm => "AES-192-GCM",
            Self::Aes256Gcm => "AES-256-GCM",
        }
    }
}

spelled! {
    /// How the content key is wrapped for an RSA recipient. For an EC key it is ECDH, implied by the key.
    pub enum KeyTransport {
        /// RSAES-PKCS1-v1_5 (RFC 8017 section 7.2), what nearly every product speaks.
        RsaPkcs1 = "rsa-pkcs1",
        /// RSAES-OAEP with SHA-1.
        RsaOaepSha1 = "rsa-oaep-sha1",
        /// RSAES-OAEP with SHA-256.
        RsaOaepSha256 = "rsa-oaep-sha256",
        /// RSAES-OAEP with SHA-384.
        RsaOaepSha384 = "rsa-oaep-sha384",
        /// RSAES-OAEP with SHA-512.
        RsaOaepSha512 = "rsa-oaep-sha512",
    }
}

spelled! {
    /// A digest algorithm. The order is that of strength.
    pub enum Digest {
        /// MD5, only ever read.
        Md5 = "md5",
        /// SHA-1.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-384.
        Sha384 = "sha384",
        /// SHA-512.
        Sha512 = "sha512",
    }
}

impl Digest {
    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The value for a `micalg` parameter or a `Received-Content-MIC` field.
    #[must_use]
    pub const fn micalg(self, style: MicalgStyle) -> &'static str {
        match (self, style) {
            (Self::Md5, _) => "md5",
            (Self::Sha1, MicalgStyle::Rfc5751) => "sha-1",
            (Self::Sha256, MicalgStyle::Rfc5751) => "sha-256",
            (Self::Sha384, MicalgStyle::Rfc5751) => "sha-384",
            (Self::Sha512, MicalgStyle::Rfc5751) => "sha-512",
            (Self::Sha1, MicalgStyle::Rfc3851) => "sha1",
            (Self::Sha256, MicalgStyle::Rfc3851) => "sha256",
            (Self::Sha384, MicalgStyle::Rfc3851) => "sha384",
            (Self::Sha512, MicalgStyle::Rfc3851) => "sha512",
        }
    }

    /// Reads any spelling of a digest that partners use: `sha-256`, `SHA256`, `RSA-SHA1`, `SHA`, `sha2_256`,
    /// `rsassa-pss-sha-256`. A name that contains one known digest counts as that digest.
    #[must_use]
    pub fn from_micalg(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        for (digest, words) in [
            (Self::Sha512, ["sha512", "sha2512"]),
            (Self::Sha384, ["sha384", "sha2384"]),
            (Self::Sha256, ["sha256", "sha2256"]),
            (Self::Md5, ["md5", "rsamd5"]),
            (Self::Sha1, ["sha1", "rsasha1"]),
        ] {
            if words.iter().any(|word| plain.contains(word)) {
                return Some(digest);
            }
        }
        (plain == "sha").then_some(Self::Sha1)
    }
}

spelled! {
    /// Signing of an outbound message: whether, and with which message digest.
    pub enum Signing {
        /// Not signed.
        None = "none",
        /// Signed over a SHA-1 digest.
        Sha1 = "sha1",
        /// Signed over a SHA-256 digest.
        Sha256 = "sha256",
        /// Signed over a SHA-384 digest.
        Sha384 = "sha384",
        /// Signed over a SHA-512 digest.
        Sha512 = "sha512",
    }
}

impl Signing {
    /// The message digest, or nothing where messages are not signed.
    #[must_use]
    pub const fn digest(self) -> Option<Digest> {
        match self {
            Self::None => None,
            Self::Sha1 => Some(Digest::Sha1),
            Self::Sha256 => Some(Digest::Sha256),
            Self::Sha384 => Some(Digest::Sha384),
            Self::Sha512 => Some(Digest::Sha512),
        }
    }

    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self.digest() {
            Some(digest) => digest.label(),
            None => "None",
        }
    }
}

spelled! {
    /// Signature scheme for an RSA key. For an EC key it is ECDSA, implied by the key.
    pub enum SignatureScheme {
        /// RSASSA-PKCS1-v1_5.
        RsaPkcs1 = "rsa-pkcs1",
        /// RSASSA-PSS (RFC 4056).
        RsaPss = "rsa-pss",
    }
}

spelled! {
    /// Compression of an outbound message (RFC 5402).
    pub enum Compression {
        /// Not compressed.
        None = "none",
        /// Compressed, then signed: the signature is over the compressed part.
        BeforeSigning = "before-signing",
        /// Signed, then compressed.
        AfterSigning = "after-signing",
    }
}

spelled! {
    /// How `micalg` names are spelt to this partner.
    pub enum MicalgStyle {
        /// With hyphen: `sha-256` (RFC 5751 section 3.4.3.2).
        Rfc5751 = "rfc5751",
        /// Without: `sha256` (RFC 3851, older products).
        Rfc3851 = "rfc3851",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling_of_a_digest_seen_in_the_field() {
        for (name, digest) in [
            ("sha1", Digest::Sha1),
            ("sha-1", Digest::Sha1),
            ("SHA1", Digest::Sha1),
            ("RSA-SHA1", Digest::Sha1),
            ("SHA", Digest::Sha1),
            ("sha256", Digest::Sha256),
            (" sha-256", Digest::Sha256),
            ("sha2_256", Digest::Sha256),
            ("rsassa-pss-sha-256", Digest::Sha256),
            ("sha-256-rsassa-pss", Digest::Sha256),
            ("SHA-512", Digest::Sha512),
            ("sha-384", Digest::Sha384),
            ("rsa-md5", Digest::Md5),
        ] {
            assert_eq!(Digest::from_micalg(name), Some(digest), "{name}");
        }
        assert_eq!(Digest::from_micalg("crc32"), None);
    }
}
