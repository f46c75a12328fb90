//! Certificates as they arrive: which of several in a file is meant, and who compared it.

use jiff::Timestamp;

use super::AppError;
use crate::certificate::{Candidate, FileContents};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::confirmation::Comparison;
use crate::domain::timeline::{ActivationError, CertificatePurpose};

/// So many certificates are named in an error; more would not be read.
const MOST_NAMED: usize = 8;

/// The user of the system, who is kept with what somebody has confirmed. Nothing where the system does not say.
pub(super) fn user() -> Option<String> {
    whoami::username().ok().filter(|name| !name.is_empty())
}

/// Refuses a partner's certificate with a key that cannot be used: nothing would ever go through.
///
/// # Errors
/// Where that is so, says why and what to ask for.
pub(super) fn refuse_key(facts: &CertificateFacts, encrypts: bool) -> Result<(), AppError> {
    match facts.key.refused(encrypts) {
        None => Ok(()),
        Some(why) => Err(AppError::new(format!("the certificate of {} {why}", facts.common_name())).hint(
            "nothing was changed; ask the partner for a certificate with an RSA key, or EC on P-256, P-384 or P-521",
        )),
    }
}

/// Refuses a partner's certificate that has ended.
///
/// # Errors
/// Where it has, says when and what to do.
pub(super) fn refuse_ended(facts: &CertificateFacts, now: Timestamp) -> Result<(), AppError> {
    if now <= facts.not_after {
        return Ok(());
    }
    let ended = ActivationError::Ended { not_after: facts.not_after };
    Err(AppError::from(ended).hint("nothing was changed; ask the partner for the renewed certificate"))
}

/// The certificate that is meant, with its chain. Where several do not belong together, it is the one that was chosen, the
/// one whose fingerprint the partner told, or, for one purpose alone, the only one whose key usage is for that.
///
/// # Errors
/// Where nothing says which of several it is, or the one that was chosen is not there.
pub(super) fn meant(
    contents: &FileContents,
    what: &str,
    chosen: Option<Fingerprint>,
    confirmed: Option<&Comparison>,
    purpose: Option<CertificatePurpose>,
) -> Result<Candidate, AppError> {
    let candidates = contents.candidates();
    if let Some(chosen) = chosen {
        let is_it = |each: &&Candidate| each.leaf.facts().fingerprint_sha256 == chosen;
        if let Some(found) = candidates.iter().find(is_it) {
            return Ok(found.clone());
        }
        // Somebody may mean an issuer in spite of what is said about it.
        let other = contents.certificates.iter().find(|each| each.facts().fingerprint_sha256 == chosen);
        return other.map(|leaf| Candidate { leaf: leaf.clone(), chain: Vec::new() }).ok_or_else(|| {
            AppError::new(format!(
                "{what} does not hold the certificate {}; perhaps it holds another certificate now than when it was looked at",
                chosen.short()
            ))
                .hint("nothing was imported; look at the file again")
        });
    }
    if let [only] = candidates.as_slice() {
        return Ok(only.clone());
    }
    let told: Vec<&Candidate> = match confirmed {
        Some(confirmed) => candidates.iter().filter(|each| confirmed.is_of(each.leaf.facts())).collect(),
        None => Vec::new(),
    };
    if let [only] = told.as_slice() {
        return Ok((*only).clone());
    }
    // What the partner told is not passed over for what a certificate says of itself.
    if let (Some(purpose), None) = (purpose, confirmed) {
        let fits = |each: &&Candidate| is_for(each, purpose);
        if let [only] = candidates.iter().filter(fits).collect::<Vec<_>>().as_slice() {
            return Ok((*only).clone());
        }
    }
    Err(several(contents, what, &candidates))
}

/// Whether a certificate's key usage allows what it would be used for.
fn is_for(candidate: &Candidate, purpose: CertificatePurpose) -> bool {
    match purpose {
        CertificatePurpose::Encrypt => candidate.leaf.facts().allows_encrypting(),
        CertificatePurpose::Verify => candidate.leaf.facts().allows_verifying(),
    }
}

/// Whether these are a partner's two certificates, each for one purpose alone.
fn one_for_each(candidates: &[Candidate]) -> bool {
    let allowed: Vec<[bool; 2]> = candidates
        .iter()
        .map(|each| [is_for(each, CertificatePurpose::Encrypt), is_for(each, CertificatePurpose::Verify)])
        .collect();
    matches!(allowed.as_slice(), [[true, false], [false, true]] | [[false, true], [true, false]])
}

/// That nobody but the user can say which one is meant.
fn several(contents: &FileContents, what: &str, candidates: &[Candidate]) -> AppError {
    let mut named: Vec<String> = candidates
        .iter()
        .take(MOST_NAMED)
        .map(|each| {
            let facts = each.leaf.facts();
            let place = contents.places.get(&facts.fingerprint_sha256);
            let place = place.map_or_else(String::new, |place| format!(" in {place}"));
            let until = facts.not_after.strftime("%-d %b %Y");
            let usage = facts.meant_for().map_or_else(String::new, |usage| format!(" {usage}"));
            format!("{}{usage} valid until {until}{place}, {}", facts.common_name(), facts.fingerprint_sha256.to_hex())
        })
        .collect();
    if candidates.len() > MOST_NAMED {
        named.push(format!("and {} more", candidates.len() - MOST_NAMED));
    }
    let hint = if one_for_each(candidates) {
        "nothing was imported; one is for encrypting and the other for signing: import the file once with --use encrypt and \
         once with --use verify"
    } else {
        "nothing was imported; ask the partner which is theirs and say so with --fingerprint SHA256HEX"
    };
    AppError::new(format!(
        "{what} holds {} certificates that do not belong together, and nothing says which is meant: {}",
        candidates.len(),
        named.join("; ")
    ))
    .hint(hint)
}
