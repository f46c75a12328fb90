//! `send`: one message in one attempt, with its stages as they happen.

use super::arguments::SendArguments;
use super::output::Output;
use super::table::labelled;
use super::{Answer, Session, words};
use crate::app::{AppError, Payload, SendDocument, SendEvent, SendRequest, Shutdown};
use crate::domain::diagnosis::Blame;
use crate::domain::identifier::ProfileKind;
use crate::domain::size::size;
use crate::domain::test_document::TestDocument;
use crate::domain::transmission::{Direction, Stage, StageStatus, Transmission, Verdict};

pub(super) async fn run(session: &Session, arguments: SendArguments) -> Result<Answer, AppError> {
    let app = &session.app;
    let connection = app.connection(&arguments.connection).await?;
    let payload = arguments.file.map_or(Payload::TestDocument, Payload::File);
    let enters_the_books = matches!(payload, Payload::TestDocument) && arguments.profile == ProfileKind::Production;
    if enters_the_books && app.is_first_send(&arguments.connection, arguments.profile).await? {
        session.out.note(&TestDocument::what_arrives(&connection.name, arguments.profile));
    }
    let out = session.out.clone();
    // Ctrl+C gives it up as the window's Cancel does: what became of it is journalled and told.
    let cancelled = Shutdown::listen()?.wished_patiently();
    let request = SendRequest { connection: arguments.connection, profile: arguments.profile, payload };
    let sent = app.send_unless(&request, &|event| told(&out, event), cancelled).await?;
    session.out.answer(&SendDocument::from(&sent), || outcome(&sent));
    if let Some(line) = super::sightings::line(&sent, &session.suffix) {
        session.out.aside(&line);
    }
    Ok(Answer::of(matches!(sent.verdict, Verdict::Delivered | Verdict::Pending)))
}

/// Shows how a send goes on.
pub(super) fn told(out: &Output, event: SendEvent) {
    match event {
        SendEvent::Begun { .. } => {}
        SendEvent::Stage(stage) if stage.status == StageStatus::Running => {
            out.moving(&format!("{} …", stage.stage.label()));
        }
        SendEvent::Stage(stage) => out.progress(&one_stage(&stage)),
        SendEvent::Building { bytes, total } => out.moving(&bar("Building", bytes, total)),
        SendEvent::Progress { bytes, total } => out.moving(&bar("Sending", bytes, total)),
    }
}

/// How far something has come: `Sending  ████████░░░░░░░░░░░░   42 %  431 MB of 1.0 GB`.
fn bar(what: &str, bytes: u64, total: u64) -> String {
    const WIDTH: usize = 20;
    let Some(hundredths) = bytes.min(total).saturating_mul(100).checked_div(total) else {
        return format!("{what}  {}", size(bytes));
    };
    let hundredths = usize::try_from(hundredths).unwrap_or(100);
    let full = hundredths * WIDTH / 100;
    let (done, left) = ("█".repeat(full), "░".repeat(WIDTH - full));
    format!("{what:<8}  {done}{left}  {hundredths:>3} %  {} of {}", size(bytes), size(total))
}

/// A stage on a line: `✓ Connected  TLS 1.3  48 ms`.
pub(super) fn one_stage(stage: &Stage) -> String {
    let detail = match (stage.status, stage.detail.as_str()) {
        (StageStatus::Skipped, "") => "not reached",
        (_, detail) => detail,
    };
    // The longest label has 19 characters.
    let mut line = format!("{} {:<19}  {detail}", words::stage(stage.status), stage.stage.label());
    if stage.ms > 0 {
        line.push_str(&format!("  {} ms", stage.ms));
    }
    line
}

/// Lights, verdict and diagnosis. The lights are of the receipt for what we sent.
pub(super) fn outcome(sent: &Transmission) -> String {
    let mut text = String::new();
    if sent.direction == Direction::Outbound {
        let lights = sent.lights.named().map(|(name, light)| (name, words::light(light)));
        text.push_str(&format!("\n{}", labelled(lights, "")));
    }
    text.push_str(&format!("\n{}", words::verdict(sent.verdict)));
    if let Some(diagnosis) = &sent.diagnosis {
        text.push_str(&format!("  {}\n{}\n", diagnosis.cause, diagnosis.explanation));
        if diagnosis.blame != Blame::Nobody {
            text.push_str(&format!("{}\n", diagnosis.blame.in_words()));
        }
        for (title, points) in [("What to do", &diagnosis.remedy), ("What was found", &diagnosis.evidence)] {
            if !points.is_empty() {
                text.push_str(&format!("\n{title}\n"));
                text.extend(points.iter().map(|point| format!("  - {}\n", super::output::line(point))));
            }
        }
    } else {
        text.push('\n');
    }
    text.push_str(&format!("\nTransmission {}  Message-ID {}\n", sent.id, super::output::line(&sent.message_id)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_how_far_it_has_come() {
        assert!(bar("Sending", 0, 1000).starts_with(&format!("Sending   {}    0 %", "░".repeat(20))));
        assert!(bar("Building", 1000, 1000).starts_with(&format!("Building  {}  100 %", "█".repeat(20))));
        assert!(bar("Sending", 1, 2).contains("  50 %"));
        // Of what comes through a pipe nobody knows how much there is.
        assert_eq!(bar("Building", 5, 0), format!("Building  {}", size(5)));
    }
}
