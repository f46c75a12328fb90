//! Which of several certificates in a file is meant: the leaf, with the chain that came with it.

use super::file::FileContents;
use super::x509::Certificate;
use crate::domain::certificate::CertificateFacts;

/// A certificate that a partner may mean, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The certificate itself.
    pub leaf: Certificate,
    /// Its issuers in the same file, the nearest first.
    pub chain: Vec<Certificate>,
}

impl FileContents {
    /// The certificates that may be meant, in the order of the file. More than one where several do not belong together;
    /// then nobody but the user can say which it is.
    #[must_use]
    pub fn candidates(&self) -> Vec<Candidate> {
        let all = &self.certificates;
        let leaves: Vec<&Certificate> = all.iter().filter(|each| !issued_another(each.facts(), all)).collect();
        let ends = |each: &&&Certificate| !each.facts().is_authority();
        let ordinary: Vec<&Certificate> = leaves.iter().filter(ends).copied().collect();
        let meant = if ordinary.is_empty() { leaves } else { ordinary };
        meant.into_iter().map(|leaf| Candidate { leaf: leaf.clone(), chain: chain_of(leaf, all) }).collect()
    }
}

/// Whether a certificate issued another one of these. Two certificates of one self-signed subject, an old and a new one,
/// did not issue each other.
fn issued_another(facts: &CertificateFacts, all: &[Certificate]) -> bool {
    all.iter().map(Certificate::facts).any(|other| {
        other.fingerprint_sha256 != facts.fingerprint_sha256
            && other.issuer == facts.subject
            && other.subject != other.issuer
    })
}

/// The issuers of a certificate, one above the other. Of several of one name the one that ends last counts.
fn chain_of(leaf: &Certificate, all: &[Certificate]) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    let mut below = leaf;
    while below.facts().issuer != below.facts().subject {
        let issuer = all
            .iter()
            .filter(|each| each.facts().subject == below.facts().issuer && !chain.contains(each))
            .max_by_key(|each| each.facts().not_after);
        let Some(issuer) = issuer else { break };
        chain.push(issuer.clone());
        below = issuer;
    }
    chain
}

/// Each once, the leaf first, then its issuers, then the rest.
pub(super) fn leaf_first(certificates: Vec<Certificate>) -> Vec<Certificate> {
    let mut all: Vec<Certificate> = Vec::new();
    for certificate in certificates {
        if !all.contains(&certificate) {
            all.push(certificate);
        }
    }
    let leaf = all
        .iter()
        .position(|each| !issued_another(each.facts(), &all) && !each.facts().is_authority())
        .or_else(|| all.iter().position(|each| !issued_another(each.facts(), &all)));
    let Some(leaf) = leaf else { return all };
    let mut ordered = vec![all[leaf].clone()];
    ordered.extend(chain_of(&ordered[0], &all));
    ordered.extend(all.into_iter().filter(|each| !ordered.contains(each)).collect::<Vec<_>>());
    ordered
}
