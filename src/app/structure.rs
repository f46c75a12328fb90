//! A kept message as the tree of its layers, in words: what each is made of, for whom it is encrypted, who signed it, how
//! large it is, and where it stops. Private keys are used here and go nowhere else.

use std::fs::File;
use std::io::BufReader;

use serde::Serialize;

use super::kept::cannot_read;
use super::kept_so_far::{AsFarAsKept, CUT};
use super::keys::UnsealedIdentity;
use super::send::blocking;
use super::{App, AppError, KeptPart, RawPart};
use crate::as2::headers::{MediaType, get};
use crate::as2::{
    self, DecryptionKey, Dissected, EnvelopeFacts, LayerKind, NamedCertificate, OpeningKeys, SignatureCheck,
    SignatureFacts, SignatureOutcome,
};
use crate::certificate::Certificate;
use crate::domain::certificate::{Fingerprint, KeyAlgorithm};
use crate::domain::size::size;
use crate::domain::timeline::all_fingerprints;
use crate::domain::transmission::{StageName, Transmission};
use crate::store::Workspace;

/// One thing that is known of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerFact {
    /// What it is about.
    pub name: String,
    /// What it is.
    pub value: String,
    /// Whether that is as it should be, where it can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<bool>,
}

/// One layer of a message, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageLayer {
    /// What it is: `Encrypted`, `Signed`, `Content`.
    pub title: String,
    /// Where it begins in what surrounds it, in bytes.
    pub offset: u64,
    /// Its length in bytes, its own headers included.
    pub bytes: u64,
    /// What is known of it.
    pub facts: Vec<LayerFact>,
    /// Its own MIME headers.
    pub headers: Vec<(String, String)>,
    /// Why it could not be read further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
    /// What is in it.
    pub layers: Vec<Self>,
}

/// A message taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageStructure {
    /// The outermost layer, with all others in it.
    pub message: MessageLayer,
    /// Why it is not whole, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What the journal knows of the inside, where that cannot be opened here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub journal: Vec<LayerFact>,
}

impl MessageStructure {
    /// The first layer, from outside, that could not be read to its end, and why.
    #[must_use]
    pub fn obstacle(&self) -> Option<(&str, &str)> {
        fn first(layer: &MessageLayer) -> Option<(&str, &str)> {
            let own = layer.obstacle.as_deref().map(|why| (layer.title.as_str(), why));
            own.or_else(|| layer.layers.iter().find_map(first))
        }
        first(&self.message)
    }

    /// It as text, a line for each layer and what is known of it, deeper ones further in.
    #[must_use]
    pub fn to_text(&self) -> String {
        fn write(layer: &MessageLayer, depth: usize, text: &mut String) {
            let indent = "  ".repeat(depth);
            text.push_str(&format!("{indent}{}, {}\n", on_a_line(&layer.title), size(layer.bytes)));
            for fact in &layer.facts {
                text.push_str(&format!("{indent}  {}: {}\n", fact.name, on_a_line(&fact.value)));
            }
            if let Some(obstacle) = &layer.obstacle {
                text.push_str(&format!("{indent}  Stops here: {}\n", on_a_line(obstacle)));
            }
            for inner in &layer.layers {
                write(inner, depth + 1, text);
            }
        }
        let mut text = String::new();
        write(&self.message, 0, &mut text);
        if let Some(line) = &self.missing {
            text.push_str(&format!("{line}\n"));
        }
        if !self.journal.is_empty() {
            text.push_str("What the journal knows of the inside\n");
            text.extend(self.journal.iter().map(|fact| format!("  {}: {}\n", fact.name, on_a_line(&fact.value))));
        }
        text
    }
}

/// What came from outside makes no lines of its own.
fn on_a_line(value: &str) -> String {
    value.chars().map(|each| if each.is_control() { '·' } else { each }).collect()
}

impl App {
    /// The layers of a message, its answer or its receipt, from what was kept of it.
    ///
    /// # Errors
    /// Where nothing of it was kept, or it cannot be read. A message that does not open is no error but part of the answer.
    pub async fn structure(&self, id: &str, part: RawPart) -> Result<MessageStructure, AppError> {
        self.structure_of(id, part, None).await
    }

    /// The same of one attempt.
    ///
    /// # Errors
    /// As [`App::structure`], and where there was no such attempt.
    pub async fn structure_of(
        &self,
        id: &str,
        part: RawPart,
        attempt: Option<u32>,
    ) -> Result<MessageStructure, AppError> {
        self.structure_among(id, part, attempt, |_known| true).await
    }

    /// The same for the eyes of the partner: whatever belongs to others is not known in it.
    pub(super) async fn structure_for_partner(&self, id: &str, part: RawPart) -> Result<MessageStructure, AppError> {
        self.structure_among(id, part, None, |known| known.expected).await
    }

    async fn structure_among(
        &self,
        id: &str,
        part: RawPart,
        attempt: Option<u32>,
        may_be_named: fn(&Known) -> bool,
    ) -> Result<MessageStructure, AppError> {
        let transmission = self.transmission(id).await?;
        let kept = self.kept_of(id, part, attempt).await?;
        let workspace = self.workspace().await?;
        let mut people = self.people(&workspace, &transmission).await?;
        people.known.retain(may_be_named);
        // Without its secrets a message still shows its outermost layer.
        let keys = self.keys_at_hand(&workspace).await?;
        blocking(move || read(&transmission, part, &kept, &people, &keys)).await
    }

    /// The keys that can be used now, and why others cannot: one that is damaged does not keep the rest from opening.
    async fn keys_at_hand(&self, workspace: &Workspace) -> Result<KeysAtHand, AppError> {
        let mut keys = KeysAtHand::default();
        if workspace.locked().is_some() {
            keys.missing = Some("the workspace is locked".to_owned());
            return Ok(keys);
        }
        let mut unread = Vec::new();
        for stored in workspace.identities().await? {
            match self.unseal_stored(workspace, &stored).await {
                Ok(identity) => keys.usable.push(identity),
                Err(_why) => unread.push(format!("“{}”", stored.name)),
            }
        }
        keys.missing = match unread.as_slice() {
            [] => None,
            [one] => Some(format!("the key of {one} cannot be read")),
            several => Some(format!("the keys of {} cannot be read", several.join(", "))),
        };
        Ok(keys)
    }

    /// Everybody whose certificate a message may name.
    async fn people(&self, workspace: &Workspace, transmission: &Transmission) -> Result<People, AppError> {
        let mut people = People::default();
        for identity in workspace.identities().await? {
            let name = format!("ours, {}", identity.name);
            let own = identity.chain.first().and_then(|der| Certificate::from_der(der).ok());
            people.known.extend(own.map(|certificate| Known { certificate, whose: name, expected: true }));
        }
        let mut profiles: Vec<(String, bool, Vec<Fingerprint>)> = Vec::new();
        for connection in workspace.connections().await? {
            for (kind, profile) in connection.profiles() {
                let expected =
                    transmission.connection.as_ref() == Some(&connection.id) && transmission.profile == Some(kind);
                let whose = format!("{}, {}", connection.name, kind.label());
                profiles.push((whose, expected, all_fingerprints(&profile.partner_certificates)));
            }
        }
        // Those of this very profile first: several partners may use the same one.
        profiles.sort_by_key(|(_, expected, _)| !expected);
        for stored in workspace.certificates().await? {
            let Ok(certificate) = Certificate::from_der(&stored.der) else { continue };
            let used = profiles.iter().find(|(_, _, all)| all.contains(&stored.facts.fingerprint_sha256));
            let (whose, expected) = used.map_or_else(
                || ("in the workspace, used by no profile".to_owned(), false),
                |(whose, expected, _)| (whose.clone(), *expected),
            );
            people.known.push(Known { certificate, whose, expected });
        }
        Ok(people)
    }
}

/// Our keys.
#[derive(Default)]
struct KeysAtHand {
    usable: Vec<UnsealedIdentity>,
    /// Why others cannot be used, where there are such.
    missing: Option<String>,
}

/// A certificate and whose it is.
struct Known {
    certificate: Certificate,
    whose: String,
    /// Whether it is ours, or one of the profile's own.
    expected: bool,
}

#[derive(Default)]
struct People {
    known: Vec<Known>,
}

impl Known {
    fn words(&self) -> String {
        let facts = self.certificate.facts();
        format!("{} {} ({})", facts.common_name(), facts.fingerprint_sha256.short(), self.whose)
    }
}

impl People {
    /// A certificate that a message names.
    fn named(&self, named: &NamedCertificate) -> (String, Option<bool>) {
        let mut fitting: Vec<&Known> = self.known.iter().filter(|known| named.names(&known.certificate)).collect();
        fitting.sort_by_key(|known| !known.expected);
        match fitting.first() {
            Some(known) => (known.words(), Some(known.expected)),
            None => (format!("{named}, not known here"), None),
        }
    }

    /// By what kind of signature: that of the signer's key.
    fn scheme(&self, check: &SignatureCheck) -> &'static str {
        let (SignatureOutcome::Good { signer: fingerprint }
        | SignatureOutcome::Altered { signer: fingerprint }
        | SignatureOutcome::Broken { named: fingerprint, .. }
        | SignatureOutcome::UnknownSigner { embedded: Some(fingerprint), .. }) = &check.outcome
        else {
            return "Unknown";
        };
        let known = self.known.iter().map(|known| &known.certificate).chain(&check.embedded);
        let mut keys = known.map(Certificate::facts).filter(|facts| facts.fingerprint_sha256 == *fingerprint);
        match keys.next().map(|facts| facts.key.algorithm) {
            Some(KeyAlgorithm::Rsa) if check.pss => "RSASSA-PSS",
            Some(KeyAlgorithm::Rsa) => "RSASSA-PKCS1-v1_5",
            Some(KeyAlgorithm::Ec) => "ECDSA",
            Some(KeyAlgorithm::Ed | KeyAlgorithm::Other) | None => "Unknown",
        }
    }

    fn fingerprint(&self, fingerprint: &Fingerprint, embedded: &[Certificate]) -> String {
        let known = self.known.iter().find(|known| known.certificate.facts().fingerprint_sha256 == *fingerprint);
        if let Some(known) = known {
            return known.words();
        }
        let embedded = embedded.iter().find(|each| each.facts().fingerprint_sha256 == *fingerprint);
        let name = embedded.map_or("a certificate", |each| each.facts().common_name());
        format!("{name} {} (not known here)", fingerprint.short())
    }
}

fn read(
    transmission: &Transmission,
    part: RawPart,
    kept: &KeptPart,
    people: &People,
    keys: &KeysAtHand,
) -> Result<MessageStructure, AppError> {
    let Some(path) = &kept.body else {
        return Err(AppError::new(format!("nothing was kept of the body of the {}", part.label())));
    };
    let cannot = cannot_read(path);
    let file = File::open(path).map_err(&cannot)?;
    let mut body = BufReader::with_capacity(64 * 1024, AsFarAsKept::new(file, kept.gap.map(|gap| gap.offset)));
    let decryption: Vec<DecryptionKey<'_>> = keys.usable.iter().map(UnsealedIdentity::decryption_key).collect();
    // Whose signature it is does not change with time; whether it was acceptable then is told by the verdict.
    let accepted: Vec<&Certificate> =
        people.known.iter().filter(|known| known.expected).map(|known| &known.certificate).collect();
    let found = as2::dissect(&kept.headers, &mut body, OpeningKeys { decryption: &decryption, accepted: &accepted });
    let mut message = layer(&found, people, true);
    let missing = kept.gap.map(|gap| {
        format!(
            "Only the first and the last {} of {} are kept, so it is read as far as the first",
            size(gap.offset),
            size(kept.bytes)
        )
    });
    let closed = is_closed(&found);
    let theirs = KeptPart::is_theirs(part, transmission.direction);
    if closed && !theirs {
        message.obstacle = Some("it is encrypted for the partner, and only the partner can open it".to_owned());
    } else if let (true, Some(why)) = (closed, &keys.missing) {
        message.obstacle = Some(format!("it is encrypted, and {why}"));
    }
    if let Some(gap) = kept.gap {
        message.bytes = kept.bytes;
        say_cut(&mut message, &format!("only its first {} are kept, and that far it could be read", size(gap.offset)));
    }
    let journal = if closed && part == RawPart::Request { inside(transmission) } else { Vec::new() };
    Ok(MessageStructure { message, missing, journal })
}

/// Says of every layer that stops where nothing is kept any more that this is why.
fn say_cut(layer: &mut MessageLayer, why: &str) {
    if layer.obstacle.as_deref().is_some_and(|obstacle| obstacle.contains(CUT)) {
        layer.obstacle = Some(why.to_owned());
    }
    layer.layers.iter_mut().for_each(|inner| say_cut(inner, why));
}

/// Whether the outermost layer is encrypted for others.
fn is_closed(found: &Dissected) -> bool {
    matches!(&found.kind, LayerKind::Encrypted(facts) if facts.opened_with.is_none() && !facts.recipients.is_empty())
}

/// What the journal knows of the inside of a message that cannot be opened.
fn inside(transmission: &Transmission) -> Vec<LayerFact> {
    let mut facts = Vec::new();
    let mut known = |name: &str, value: Option<String>| facts.extend(value.map(|value| fact(name, value)));
    let stage = |name: StageName| {
        let stage = transmission.stages.iter().find(|stage| stage.stage == name);
        stage.map(|stage| stage.detail.clone()).filter(|detail| !detail.is_empty())
    };
    known("Certificates", stage(StageName::Certificates));
    known("Built", stage(StageName::Built));
    known("File", transmission.file.clone());
    known("Payload", (transmission.bytes.payload > 0).then(|| size(transmission.bytes.payload)));
    known("Payload SHA-256", transmission.payload_sha256.clone());
    let mic = &transmission.mic;
    known("MIC of ours", mic.ours.clone().map(|ours| format!("{ours} ({})", mic.algorithm.as_deref().unwrap_or("?"))));
    facts
}

fn fact(name: &str, value: impl Into<String>) -> LayerFact {
    LayerFact { name: name.to_owned(), value: value.into(), good: None }
}

fn judged(name: &str, value: impl Into<String>, good: Option<bool>) -> LayerFact {
    LayerFact { good, ..fact(name, value) }
}

fn layer(found: &Dissected, people: &People, outermost: bool) -> MessageLayer {
    let media = MediaType::parse(get(&found.headers, "Content-Type").unwrap_or_default()).essence;
    let inside: u64 = found.parts.iter().map(|part| part.length).sum();
    let (title, mut facts) = match &found.kind {
        LayerKind::Encrypted(facts) => ("Encrypted".to_owned(), encrypted(facts, people)),
        LayerKind::Compressed => ("Compressed".to_owned(), compressed(found.length, inside)),
        LayerKind::Signed(facts) => ("Signed".to_owned(), signed(facts, people)),
        LayerKind::Signature => ("Signature".to_owned(), Vec::new()),
        LayerKind::Parts => (format!("Parts ({media})"), Vec::new()),
        LayerKind::OtherCms(kind) => {
            let kind = kind.as_deref().map(|kind| fact("CMS content type", kind));
            ("Announced as CMS".to_owned(), kind.into_iter().collect())
        }
        LayerKind::Content { decoded } => {
            let title = if media.is_empty() { "Content".to_owned() } else { format!("Content ({media})") };
            let mut facts = Vec::new();
            if found.base64 {
                facts.push(fact("Decoded", size(*decoded)));
            }
            facts.extend(as2::filename(&found.headers).map(|name| fact("File name", name)));
            (title, facts)
        }
    };
    if found.base64 {
        facts.push(fact("Written in", "base64"));
    }
    let mime = |name: &str| {
        let name = name.to_ascii_lowercase();
        !outermost || name.starts_with("content-") || name == "mime-version"
    };
    MessageLayer {
        title,
        offset: found.offset,
        bytes: found.length,
        facts,
        headers: found.headers.iter().filter(|(name, _)| mime(name)).cloned().collect(),
        obstacle: found.obstacle.clone(),
        layers: found.parts.iter().map(|part| layer(part, people, false)).collect(),
    }
}

fn encrypted(facts: &EnvelopeFacts, people: &People) -> Vec<LayerFact> {
    let structure = if facts.authenticated { "AuthEnvelopedData" } else { "EnvelopedData" };
    let cipher = match facts.cipher {
        Some(cipher) => cipher.label().to_owned(),
        None if facts.cipher_id.is_empty() => "cannot be read".to_owned(),
        None => format!("{}, not known here", facts.cipher_id),
    };
    let mut told = vec![fact("Structure", structure), fact("Content cipher", cipher)];
    for recipient in &facts.recipients {
        let (whose, expected) = people.named(&recipient.certificate);
        told.push(judged("Recipient", whose, expected));
        told.push(fact("Key transport", recipient.how.as_str()));
    }
    if let Some(own) = &facts.opened_with {
        told.push(judged("Opened with", people.fingerprint(own, &[]), Some(true)));
    }
    told
}

fn compressed(before: u64, after: u64) -> Vec<LayerFact> {
    let mut told = vec![fact("Algorithm", "ZLIB")];
    if after > 0 {
        told.push(fact("Inflated", format!("{} from {}", size(after), size(before))));
    }
    told
}

fn signed(facts: &SignatureFacts, people: &People) -> Vec<LayerFact> {
    let mut told = Vec::new();
    told.extend(facts.micalg.as_ref().map(|micalg| fact("Announced", micalg.as_str())));
    if let Some(check) = &facts.check {
        let digest = check.digest.map_or("unknown", |digest| digest.label());
        told.push(fact("Digest", digest));
        told.push(fact("Scheme", people.scheme(check)));
    }
    for signer in &facts.signers {
        told.push(fact("Signer", people.named(signer).0));
    }
    if let Some(check) = &facts.check {
        let (words, good) = outcome(check, people);
        told.push(judged("Signature", words, good));
        for embedded in &check.embedded {
            let facts = embedded.facts();
            told.push(fact(
                "Certificate inside",
                format!("{} {}", facts.common_name(), facts.fingerprint_sha256.short()),
            ));
        }
    }
    told
}

fn outcome(check: &SignatureCheck, people: &People) -> (String, Option<bool>) {
    let whose = |fingerprint: &Fingerprint| people.fingerprint(fingerprint, &check.embedded);
    match &check.outcome {
        SignatureOutcome::Good { signer } => (format!("Good, made by {}", whose(signer)), Some(true)),
        SignatureOutcome::Altered { signer } => {
            (format!("Made by {}, and what it signs was changed afterwards", whose(signer)), Some(false))
        }
        SignatureOutcome::UnknownSigner { embedded, content_intact } => {
            let who = embedded.as_ref().map_or_else(|| "a certificate that is not known here".to_owned(), whose);
            let content = if *content_intact { "" } else { ", and what it signs was changed" };
            (format!("Made by {who}, which is none of the profile's certificates{content}"), Some(false))
        }
        SignatureOutcome::Broken { named, reason } => {
            (format!("Names {} as its signer and {reason}", whose(named)), Some(false))
        }
        SignatureOutcome::Unsupported { detail } => (format!("Cannot be checked: {detail}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_says_makes_no_lines_of_its_own() {
        let message = MessageLayer {
            title: "Content (a\nb)".to_owned(),
            offset: 0,
            bytes: 3,
            facts: vec![fact("File name", "a.edi\n  Signature: Good, made by\r\u{1b}[31m")],
            headers: Vec::new(),
            obstacle: Some("it\nends".to_owned()),
            layers: Vec::new(),
        };
        let structure = MessageStructure { message, missing: None, journal: vec![fact("File", "x\ny")] };
        let text = structure.to_text();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.contains("File name: a.edi·  Signature") && !text.contains('\u{1b}'), "{text}");
    }
}
