//! The certificates in a bundle: the public ones of both sides, with what is known of them.

use std::fmt::Write as _;

use super::{Bundle, Subject};
use crate::app::{App, AppError};
use crate::certificate::Certificate;
use crate::domain::certificate::{CertificateFacts, Fingerprint, warnings};
use crate::domain::instant::in_words as instant;
use crate::domain::timeline::{CertificateUse, all_fingerprints};
use crate::domain::transmission::Direction;
use crate::store::Workspace;

/// What is in the files of both sides.
const THEIRS: &str = "A certificate of the partner, public";
const OURS: &str = "A certificate of ours, public; above it those that it was issued by";

impl App {
    pub(super) async fn add_certificates(
        &self,
        workspace: &Workspace,
        subject: &Subject,
        bundle: &mut Bundle,
    ) -> Result<(), AppError> {
        let mut told = String::new();
        let theirs = self.partner_certificates(workspace, &of_the_partner(subject)).await?;
        for (index, certificate) in theirs.iter().enumerate() {
            let name = format!("certificates/partner-{}.pem", index + 1);
            tell(&mut told, &name, &part_of_theirs(subject, certificate.facts()), certificate.facts(), subject);
            bundle.add(&name, THEIRS, certificate.to_pem());
        }
        let signed_by = subject.sent.as_ref().and_then(|sent| sent.signed_by);
        let mut number = 0;
        for identity in workspace.identities().await? {
            let signs = signed_by == Some(identity.facts.fingerprint_sha256);
            let names = subject.profile.iter().flat_map(|(_, _, profile)| {
                let own = [profile.identity.at(subject.transmission.at), profile.identity.at(subject.now)];
                own.into_iter().chain(profile.tls_identity.as_ref())
            });
            if !signs && !names.into_iter().any(|name| *name == identity.name) {
                continue;
            }
            number += 1;
            let name = format!("certificates/ours-{number}.pem");
            let mut part = format!("identity {} of ours", identity.name);
            if signs {
                part.push_str(", the message was signed with it");
            }
            tell(&mut told, &name, &part, &identity.facts, subject);
            let mut pem = String::new();
            for der in &identity.chain {
                pem.push_str(&Certificate::from_der(der)?.to_pem());
            }
            bundle.add(&name, OURS, pem);
        }
        if !told.is_empty() {
            bundle.add("certificates.txt", "What is known of the certificates", subject.hidden.text(told.trim_start()));
        }
        Ok(())
    }
}

/// All of the profile, and those that this message had to do with.
fn of_the_partner(subject: &Subject) -> Vec<Fingerprint> {
    let mut all: Vec<Fingerprint> = Vec::new();
    let own =
        subject.sent.as_ref().and_then(|sent| sent.encrypted_for).into_iter().chain(subject.transmission.signed_with);
    let profile = subject.profile.iter().flat_map(|(_, _, profile)| all_fingerprints(&profile.partner_certificates));
    for fingerprint in own.chain(profile) {
        if !all.contains(&fingerprint) {
            all.push(fingerprint);
        }
    }
    all
}

/// What a certificate of the partner is for, and what it had to do with this message.
fn part_of_theirs(subject: &Subject, facts: &CertificateFacts) -> String {
    let mut parts = vec!["of the partner".to_owned()];
    let fingerprint = Some(facts.fingerprint_sha256);
    if subject.sent.as_ref().and_then(|sent| sent.encrypted_for) == fingerprint {
        parts.push("the message was encrypted for it".to_owned());
    }
    if subject.transmission.signed_with == fingerprint {
        parts.push(match subject.transmission.direction {
            Direction::Outbound => "the receipt was signed with it".to_owned(),
            Direction::Inbound => "the message was signed with it".to_owned(),
        });
    }
    let uses = subject.profile.iter().flat_map(|(_, _, profile)| &profile.partner_certificates);
    parts.extend(uses.filter(|entry| Some(entry.fingerprint) == fingerprint).map(use_of));
    parts.join(", ")
}

fn use_of(entry: &CertificateUse) -> String {
    let purposes: Vec<&str> = entry.purposes.iter().map(|purpose| purpose.as_str()).collect();
    let mut text = format!("used to {}", purposes.join(" and "));
    if let Some(from) = entry.from {
        text.push_str(&format!(" from {}", instant(from)));
    }
    if let Some(until) = entry.until {
        text.push_str(&format!(" until {}", instant(until)));
    }
    text
}

fn tell(told: &mut String, name: &str, part: &str, facts: &CertificateFacts, subject: &Subject) {
    let signature = match facts.signature.hash {
        Some(hash) => format!("{} with {hash}", facts.signature.algorithm),
        None => facts.signature.algorithm.clone(),
    };
    let mut lines = vec![
        ("Part", part.to_owned()),
        ("Subject", facts.subject.clone()),
        ("Issuer", facts.issuer.clone()),
        ("Serial", facts.serial.clone()),
        ("Valid", format!("from {} to {}", instant(facts.not_before), instant(facts.not_after))),
        ("Key", facts.key.to_string()),
        ("Signed by its issuer", signature),
        ("Key usage", facts.key_usage.join(", ")),
        ("SHA-256", facts.fingerprint_sha256.to_string()),
        ("SHA-1", facts.fingerprint_sha1.clone()),
    ];
    lines.extend(warnings(facts, subject.now).into_iter().map(|warning| ("Note", warning.sentence().to_owned())));
    told.push_str(&format!("\n{name}\n"));
    for (head, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a String does not fail.
        writeln!(told, "  {head}: {value}").unwrap_or_default();
    }
}
