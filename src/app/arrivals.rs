//! Certificates as they arrive: which of several in a file is meant, and who compared it.

use super::AppError;
use crate::certificate::{Candidate, FileContents};
use crate::domain::certificate::Fingerprint;
use crate::domain::confirmation::Comparison;

/// So many certificates are named in an error; more would not be read.
const MOST_NAMED: usize = 8;

/// The user of the system, who is kept with what somebody has confirmed. Nothing where the system does not say.
pub(super) fn user() -> Option<String> {
    whoami::username().ok().filter(|name| !name.is_empty())
}

/// The certificate that is meant, with its chain. Where several do not belong together, it is the one that was chosen, or
/// the one whose fingerprint the partner told.
///
/// # Errors
/// Where nothing says which of several it is, or the one that was chosen is not there.
pub(super) fn meant(
    contents: &FileContents,
    what: &str,
    chosen: Option<Fingerprint>,
    confirmed: Option<&Comparison>,
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
    Err(several(contents, what, &candidates))
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
            format!("{} valid until {until}{place}, {}", facts.common_name(), facts.fingerprint_sha256.to_hex())
        })
        .collect();
    if candidates.len() > MOST_NAMED {
        named.push(format!("and {} more", candidates.len() - MOST_NAMED));
    }
    AppError::new(format!(
        "{what} holds {} certificates that do not belong together, and nothing says which is meant: {}",
        candidates.len(),
        named.join("; ")
    ))
    .hint("nothing was imported; ask the partner which is theirs and say so with --fingerprint SHA256HEX")
}
