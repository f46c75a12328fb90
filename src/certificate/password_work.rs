//! How much work a file under a password asks for before the password can be judged.
//!
//! A PKCS#12 says itself how often its password is hashed, once for its MAC and once for each thing that it encrypts. The
//! library has a limit for each of them; all together a file of 1 MiB could still keep a processor busy for hours. What is
//! told only inside of what is encrypted cannot be counted beforehand: there is the library's limit alone.

use super::ber::Tlv;
use super::encode::{INTEGER, OCTET_STRING, SEQUENCE};
use super::file::ReadError;

/// The most that is worked for one file, in rounds of a hash: seconds. A keystore of Java with 10,000 for each of its entries,
/// as keytool writes it, may have two thousand of them.
const MOST: u64 = 20_000_000;

/// The deepest that is looked into. A key in a PKCS#12 stands about ten deep.
const DEEPEST: usize = 24;

/// Refuses a file, in definite lengths, that asks for more work than anybody means it to.
pub(super) fn affordable(der: &[u8]) -> Result<(), ReadError> {
    let mut work = 0;
    count(der, 0, &mut work)?;
    if work > MOST {
        return Err(ReadError::TooMuchWork);
    }
    Ok(())
}

fn count(bytes: &[u8], depth: usize, work: &mut u64) -> Result<(), ReadError> {
    let Ok(elements) = Tlv::all(bytes) else { return Ok(()) };
    for element in elements {
        let inside = element.tag == OCTET_STRING && element.value.first() == Some(&SEQUENCE);
        if element.tag == SEQUENCE {
            *work = work.saturating_add(rounds(&element)?);
        }
        if depth < DEEPEST && (element.tag & 0x20 != 0 || inside) {
            count(element.value, depth + 1, work)?;
        }
    }
    Ok(())
}

/// The rounds that a salt and what follows it ask for: PBKDF2 and the schemes of PKCS#12 have one number (RFC 8018 appendix
/// A.2, RFC 7292 appendices A and C), which the length of the key may follow; scrypt has three that multiply (RFC 7914
/// section 7.1).
fn rounds(sequence: &Tlv<'_>) -> Result<u64, ReadError> {
    let Ok(parts) = sequence.children() else { return Ok(0) };
    // The salt comes first, behind the digest where it is that of a MAC. Else it may be the parameters of a curve.
    let after = match parts.as_slice() {
        [salt, after @ ..] if salt.tag == OCTET_STRING => after,
        [digest, salt, after @ ..] if digest.tag == SEQUENCE && salt.tag == OCTET_STRING => after,
        _ => return Ok(0),
    };
    let numbers: Vec<u64> = after.iter().take_while(|part| part.tag == INTEGER).map(number).collect();
    match numbers.as_slice() {
        [] => Ok(0),
        // The library would take the logarithm of it.
        [0, _, _, ..] => Err(ReadError::Damaged("its password is to be hashed with a cost of zero".to_owned())),
        [cost, size, lanes, ..] => Ok(cost.saturating_mul(*size).saturating_mul(*lanes)),
        [rounds, ..] => Ok(*rounds),
    }
}

/// A number; one below zero counts as none, and one that no u64 holds as the greatest.
fn number(part: &Tlv<'_>) -> u64 {
    if part.value.first().is_some_and(|first| first & 0x80 != 0) {
        return 0;
    }
    part.value.iter().try_fold(0_u64, |sum, digit| Some(sum.checked_mul(256)? + u64::from(*digit))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::encode::{element, joined};

    fn integer(number: u32) -> Vec<u8> {
        element(INTEGER, &[&[0][..], &number.to_be_bytes()].concat())
    }

    fn parameters(numbers: &[u32]) -> Vec<u8> {
        let salt = element(OCTET_STRING, b"salt");
        let numbers = numbers.iter().flat_map(|each| integer(*each)).collect::<Vec<u8>>();
        joined(SEQUENCE, &[&salt, &numbers])
    }

    #[test]
    fn the_work_of_all_parts_together_has_a_limit() {
        let told = |each: &[u8], times: usize| {
            affordable(&joined(SEQUENCE, &[&element(OCTET_STRING, &element(SEQUENCE, &each.repeat(times)))]))
        };
        assert_eq!(told(&parameters(&[10_000]), 2_000), Ok(()));
        assert_eq!(told(&parameters(&[10_000]), 2_001), Err(ReadError::TooMuchWork));
        // With a length of the key, and as scrypt has it.
        assert_eq!(told(&parameters(&[1_000_000, 32]), 20), Ok(()));
        assert_eq!(told(&parameters(&[16_384, 8, 1]), 100), Ok(()));
        assert_eq!(told(&parameters(&[1 << 20, 8, 16]), 1), Err(ReadError::TooMuchWork));
        assert!(matches!(told(&parameters(&[0, 8, 1]), 1), Err(ReadError::Damaged(_))));
        assert_eq!(told(&parameters(&[u32::MAX, u32::MAX, u32::MAX]), 3), Err(ReadError::TooMuchWork));
        assert_eq!(affordable(b"no structure"), Ok(()));
        assert_eq!(number(&Tlv::first(&element(INTEGER, &[0xff])).unwrap().0), 0);
        assert_eq!(number(&Tlv::first(&element(INTEGER, &[0x7f; 30])).unwrap().0), u64::MAX);
    }
}
