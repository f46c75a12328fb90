//! What is to be read first in a bundle: what happened, when, with whom, why, and what was tried.

use super::{Bundle, Subject};
use crate::as2::headers::{get, unquote};
use crate::domain::diagnosis::Blame;
use crate::domain::instant::in_words as instant;
use crate::domain::size::size;
use crate::domain::transmission::{Direction, Stage, Transmission};

/// The whole text.
pub(super) fn readme(subject: &Subject, bundle: &Bundle) -> String {
    let sent = &subject.transmission;
    let mut text = Text::default();
    text.line(&format!("Support bundle for the AS2 transmission {}", sent.message_id));
    let held = if bundle.payload.is_some() {
        "It holds the document itself, because that was asked for. It holds no password and no private key"
    } else {
        "It holds no password, no private key and no document"
    };
    text.line(held);
    text.head("What happened");
    facts(&mut text, subject);
    if let Some(diagnosis) = &sent.diagnosis {
        text.head("Why");
        text.line(&diagnosis.cause);
        text.line(&diagnosis.explanation);
        if diagnosis.blame != Blame::Nobody {
            // It is read by the partner, to whom we are the other side.
            text.fact("Whose side", &format!("{}, as seen by the sender of this bundle", diagnosis.blame.in_words()));
        }
        text.points("What was found", &diagnosis.evidence);
        text.points("What could be done", &diagnosis.remedy);
    }
    text.points("Step by step", &stages(sent));
    text.points("What was tried", &attempts(sent));
    let files: Vec<String> =
        bundle.list().map(|(name, bytes, what)| format!("{name}, {}. {what}", size(bytes))).collect();
    text.points("What else is in here", &files);
    text.points("What is not in here", &bundle.left_out);
    text.head("Made with");
    text.fact("Program", concat!("Countersign ", env!("CARGO_PKG_VERSION")));
    text.fact("Operating system", &system());
    text.fact("Made", &instant(subject.now));
    subject.hidden.text(&text.0)
}

fn facts(text: &mut Text, subject: &Subject) {
    let sent = &subject.transmission;
    let (way, to) = match sent.direction {
        Direction::Outbound => ("Sent", "To"),
        Direction::Inbound => ("Received", "From"),
    };
    text.fact("Result", sent.verdict.as_str());
    text.fact(way, &instant(sent.at));
    let partner = match (&subject.profile, &sent.connection) {
        (Some((connection, kind, _)), _) => format!("{}, {}", connection.name, kind.label()),
        (None, Some(id)) => id.to_string(),
        (None, None) => "a sender who belongs to no connection".to_owned(),
    };
    text.fact(to, &partner);
    let identifier = |name: &str| get(&sent.request_headers, name).map(unquote).unwrap_or_default();
    text.fact("AS2-From", &identifier("AS2-From"));
    text.fact("AS2-To", &identifier("AS2-To"));
    text.fact("Message-ID", &sent.message_id);
    text.fact("Transmission", &sent.id.to_string());
    text.fact("File name", sent.file.as_deref().unwrap_or_default());
    text.fact("Document", &size(sent.bytes.payload));
    text.fact("SHA-256 of the document", sent.payload_sha256.as_deref().unwrap_or_default());
    text.fact("On the wire", &size(sent.bytes.sent));
    text.fact("HTTP status", &sent.http_status.map(|status| status.to_string()).unwrap_or_default());
    text.fact("Disposition", sent.disposition.as_deref().unwrap_or_default());
    text.fact("MIC algorithm", sent.mic.algorithm.as_deref().unwrap_or_default());
    text.fact("MIC of ours", sent.mic.ours.as_deref().unwrap_or_default());
    text.fact("MIC of theirs", sent.mic.theirs.as_deref().unwrap_or_default());
    if sent.direction == Direction::Outbound {
        for (name, light) in sent.lights.named() {
            text.fact(name, light.as_str());
        }
    }
    if let Some(tls) = &sent.tls {
        text.fact("TLS", tls.version.as_deref().unwrap_or("not agreed on"));
        if let Some(own) = tls.chain.first() {
            let fingerprint = own.fingerprint_sha256;
            let end = instant(own.not_after);
            text.fact("Server's certificate", &format!("{}, until {end}, SHA-256 {fingerprint}", own.subject));
        }
    }
}

fn stages(sent: &Transmission) -> Vec<String> {
    let stage = |stage: &Stage| format!("{}, {}, {} ms. {}", stage.stage.label(), stage.status, stage.ms, stage.detail);
    sent.stages.iter().map(|each| stage(each).trim_end().to_owned()).collect()
}

fn attempts(sent: &Transmission) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for attempt in &sent.attempts {
        let status = attempt.http_status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
        let began = instant(attempt.started);
        let line = format!("Attempt {}, {began}, {status}, {}. {}", attempt.number, attempt.verdict, attempt.detail);
        lines.push(line.trim_end().to_owned());
    }
    lines.extend(sent.next_attempt.map(|at| format!("The next attempt is made by itself at {}", instant(at))));
    lines.extend(sent.receipt_due.map(|at| format!("A receipt (MDN) is waited for until {}", instant(at))));
    lines
}

/// Name and version of the operating system, as far as it says them of itself.
fn system() -> String {
    let kind = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    match name.map(|name| name.trim_matches('"')).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name}, {kind}"),
        None => kind,
    }
}

#[derive(Default)]
struct Text(String);

impl Text {
    /// What others wrote stays on its line.
    fn line(&mut self, line: &str) {
        let line: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    fn head(&mut self, head: &str) {
        self.0.push_str(&format!("\n{head}\n"));
    }

    fn fact(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.line(&format!("  {name}: {value}"));
        }
    }

    fn points(&mut self, head: &str, points: &[String]) {
        if !points.is_empty() {
            self.head(head);
            for point in points {
                self.line(&format!("  - {point}"));
            }
        }
    }
}
