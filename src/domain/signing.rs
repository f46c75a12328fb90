//! Which keys sign with which digests.

use super::algorithm::Signing;
use super::certificate::{KeyAlgorithm, KeyFacts};
use super::identifier::IdentityName;

/// Why an identity cannot sign as a profile wants it, in words for the user; nothing where it can.
///
/// An EC key signs with the digest of its own strength alone (RFC 5753 section 2.1, NIST SP 800-57), and nothing is signed
/// with an RSA key under 2048 bits, whatever is still accepted from others.
#[must_use]
pub fn signing_obstacle(identity: &IdentityName, key: KeyFacts, signing: Signing) -> Option<String> {
    let only = |fitting: Signing| {
        (signing != fitting).then(|| {
            format!("`signing` is {signing}, but the key of identity `{identity}` is {key}, which signs with {fitting} alone")
        })
    };
    match (key.algorithm, key.bits) {
        _ if signing == Signing::None => None,
        (KeyAlgorithm::Rsa, 2048..) => None,
        (KeyAlgorithm::Rsa, _) => Some(format!(
            "the key of identity `{identity}` is {key}, which is too short to sign with: 2048 bits are the least"
        )),
        (KeyAlgorithm::Ec, 256) => only(Signing::Sha256),
        (KeyAlgorithm::Ec, 384) => only(Signing::Sha384),
        (KeyAlgorithm::Ec | KeyAlgorithm::Ed | KeyAlgorithm::Other, _) => {
            Some(format!("the key of identity `{identity}` is of a kind that does not sign here: {key}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_with_what_fits_it() {
        let name: IdentityName = "acme".parse().unwrap();
        let obstacle = |algorithm, bits, signing| signing_obstacle(&name, KeyFacts { algorithm, bits }, signing);
        for signing in Signing::ALL {
            let none = *signing == Signing::None;
            assert_eq!(obstacle(KeyAlgorithm::Rsa, 2048, *signing), None);
            assert_eq!(obstacle(KeyAlgorithm::Rsa, 1024, *signing).is_none(), none);
            assert_eq!(obstacle(KeyAlgorithm::Ec, 256, *signing).is_none(), none || *signing == Signing::Sha256);
            assert_eq!(obstacle(KeyAlgorithm::Ec, 384, *signing).is_none(), none || *signing == Signing::Sha384);
            assert_eq!(obstacle(KeyAlgorithm::Ec, 521, *signing).is_none(), none);
            assert_eq!(obstacle(KeyAlgorithm::Ed, 256, *signing).is_none(), none);
        }
        let said = obstacle(KeyAlgorithm::Ec, 256, Signing::Sha512).unwrap();
        assert!(said.contains("EC P-256") && said.contains("sha256 alone") && said.contains("`acme`"), "{said}");
    }
}
