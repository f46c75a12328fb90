//! A transmission as plain text, for a ticket or a mail. Headers and bytes stay out: they may hold what is secret.

use std::fmt::Write as _;

use super::outline::control_numbers;
use crate::app::engine::TransmissionDetail;
use crate::domain::diagnosis::Blame;
use crate::domain::document::Outline;
use crate::domain::transmission::Direction;
use crate::ui::moment::size;
use crate::ui::outcome::verdict_word;

/// The summary. `with_whom` is where it went or came from, `document` what is in it, where that is known.
#[must_use]
pub(super) fn summary(detail: &TransmissionDetail, with_whom: &str, document: Option<&Outline>) -> String {
    let sent = &detail.transmission;
    let way = match sent.direction {
        Direction::Outbound => "Sent",
        Direction::Inbound => "Received",
    };
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            // Writing to a String does not fail.
            writeln!(text, "{name}: {value}").unwrap_or_default();
        }
    };
    line("Result", &verdict_word(sent.direction, sent.verdict, &sent.lights, sent.cause()));
    line(way, &format!("{} {with_whom}", sent.at));
    line("File", sent.file.as_deref().unwrap_or_default());
    if let Some(document) = document {
        line("Document", &control_numbers(document));
        if let Some(problem) = document.problems.first() {
            line("Wrong with it", &format!("segment {}, {}", problem.segment + 1, problem.what));
        }
    }
    line("Message-ID", &sent.message_id);
    line("Transmission", &sent.id.to_string());
    line(
        "Payload",
        &format!("{}, SHA-256 {}", size(sent.bytes.payload), sent.payload_sha256.as_deref().unwrap_or("unknown")),
    );
    line("On the wire", &size(sent.bytes.sent));
    if let Some(status) = sent.http_status {
        line("HTTP status", &status.to_string());
    }
    line("Disposition", sent.disposition.as_deref().unwrap_or_default());
    if let Some(receipt) = &detail.receipt {
        line("Receipt", receipt.signed.as_deref().unwrap_or("not signed"));
    }
    let mic = &sent.mic;
    line("MIC algorithm", mic.algorithm.as_deref().unwrap_or_default());
    line("MIC of ours", mic.ours.as_deref().unwrap_or_default());
    line("MIC of theirs", mic.theirs.as_deref().unwrap_or_default());
    if sent.direction == Direction::Outbound {
        for (name, light) in sent.lights.named() {
            line(name, light.as_str());
        }
    }
    if let Some(diagnosis) = &sent.diagnosis {
        line("Cause", &diagnosis.cause);
        line("Explanation", &diagnosis.explanation);
        if diagnosis.blame != Blame::Nobody {
            line("Whose side", diagnosis.blame.in_words());
        }
        for remedy in &diagnosis.remedy {
            line("To do", remedy);
        }
        for evidence in &diagnosis.evidence {
            line("Evidence", evidence);
        }
    }
    for stage in &sent.stages {
        line(stage.stage.label(), format!("{}, {} ms. {}", stage.status, stage.ms, stage.detail).trim_end());
    }
    for attempt in &sent.attempts {
        let status = attempt.http_status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
        let said = format!("{}, {status}, {}. {}", attempt.started, attempt.verdict, attempt.detail);
        line(&format!("Attempt {}", attempt.number), said.trim_end());
    }
    if let Some(tls) = &sent.tls {
        line("TLS", tls.version.as_deref().unwrap_or("not agreed on"));
        if let Some(own) = tls.chain.first() {
            line("Server's certificate", &format!("{}, until {}", own.subject, own.not_after));
        }
    }
    text
}
