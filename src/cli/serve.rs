//! `serve`: receiving until the program is told to stop.

use serde::Serialize;

use super::arguments::ServeArguments;
use super::output::line;
use super::{Answer, Session, check, sightings, words};
use crate::app::{AppError, ServeEvent, ServeOptions, Shutdown, log_event};
use crate::domain::identifier::Address;
use crate::domain::transmission::{Direction, StageName};

/// How often is looked whether a full disk has room again.
const ROOM_LOOKED_FOR: std::time::Duration = std::time::Duration::from_secs(2);

#[derive(Serialize)]
struct ListeningDocument<'a> {
    listening: &'a str,
}

pub(super) async fn run(session: &Session, arguments: ServeArguments) -> Result<Answer, AppError> {
    let mut shutdown = Shutdown::listen()?;
    let options = ServeOptions {
        listen: arguments.listen,
        tls: arguments.tls_cert.zip(arguments.tls_key),
        inbox: arguments.inbox,
        outbox: arguments.outbox,
    };
    if !room(session, &mut shutdown).await? {
        return Ok(Answer::Yes);
    }
    let bound = session.app.bind(&options).await?.reminding();
    session.tell_protection().await?;
    super::schedule::tell_what_happened(session).await?;
    let out = session.out.clone();
    let suffix = session.suffix.clone();
    bound
        .serve(shutdown.wished(), move |event| {
            log_event(&event);
            match event {
                ServeEvent::Listening { url } => {
                    if is_open_in_clear(&url) {
                        out.warning(
                            "whoever can reach this address may post here, and it is not encrypted on the way: set --tls-cert \
                             and --tls-key, or put it behind a reverse proxy that does",
                        );
                    }
                    out.answer(&ListeningDocument { listening: &url }, || format!("listening on {url}"));
                }
                event => told(&event, &suffix).iter().for_each(|said| out.aside(said)),
            }
        })
        .await?;
    Ok(Answer::Yes)
}

/// Waits until there is room on the workspace's disk. Answers whether there is, or the program is to end before that.
async fn room(session: &Session, shutdown: &mut Shutdown) -> Result<bool, AppError> {
    let mut is_told = false;
    while session.app.wants_room().await? {
        if !std::mem::replace(&mut is_told, true) {
            session.out.warning(
                "the disk that holds the workspace is full, so nothing can be received: free some space on it; receiving begins \
                 by itself then",
            );
        }
        if !shutdown.goes_on_after(ROOM_LOOKED_FOR).await {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether other machines reach it, and without TLS.
fn is_open_in_clear(url: &str) -> bool {
    url.parse::<Address>().is_ok_and(|url| !url.is_tls() && !url.is_loopback())
}

/// What is said of an event, line by line. Whatever somebody else wrote makes no lines of its own.
fn told(event: &ServeEvent, suffix: &str) -> Vec<String> {
    let said = match event {
        ServeEvent::Transmission(received) => {
            let place = check::place(received.connection.as_ref(), received.profile);
            let bytes = received.bytes.payload;
            // What is told once more of a message that came is what has become of its receipt.
            let came = received.direction == Direction::Inbound;
            let receipt = received.stages.iter().rev().find(|stage| came && stage.stage == StageName::Receipt);
            let explanation = || received.diagnosis.as_ref().map_or("", |diagnosis| diagnosis.explanation.as_str());
            let said = format!(
                "{}  {}  {place}  {}  {}  {}  {}",
                words::instant(received.at),
                words::verdict(received.verdict),
                received.id,
                received.file.as_deref().unwrap_or_default(),
                if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") },
                receipt.map_or_else(explanation, |stage| stage.detail.as_str())
            );
            std::iter::once(said).chain(sightings::line(received, suffix)).collect()
        }
        ServeEvent::Listening { .. } | ServeEvent::Arrived(_) | ServeEvent::JournalChanged => Vec::new(),
        ServeEvent::Retention(run) => vec![format!("{}  {}", words::instant(run.at), run.in_words())],
        ServeEvent::Notice(notice) => vec![format!(
            "{} {}  {}: {}",
            words::urgency(notice.urgency),
            notice.urgency.label(),
            notice.title,
            notice.text
        )],
        ServeEvent::Outbox { file, reason } => vec![format!("not sent: {}: {reason}", file.display())],
        ServeEvent::TurnedAway { peer, reason } => vec![format!("turned away {peer}: {reason}")],
    };
    said.iter().map(|said| line(said)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transmission::{Stage, StageStatus, Transmission};

    #[test]
    fn an_address_that_others_reach_in_clear_is_told_apart() {
        for (url, open) in [
            ("http://127.0.0.1:10080/as2", false),
            ("http://[::1]:10080/as2", false),
            ("https://0.0.0.0:10443/as2", false),
            ("http://0.0.0.0:10080/as2", true),
            ("http://[::]:10080/as2", true),
            ("http://192.0.2.7:10080/as2", true),
        ] {
            assert_eq!(is_open_in_clear(url), open, "{url}");
        }
    }

    #[test]
    fn the_name_of_a_file_makes_no_line_of_the_log() {
        let at = "2026-11-24T08:30:00Z".parse().unwrap();
        let id = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
        let mut sent = Transmission::new(id, "<1@acme>".to_owned(), at, Direction::Outbound);
        sent.file = Some("two\nFORGED line.edi".to_owned());
        sent.bytes.payload = 1;
        let said = told(&ServeEvent::Transmission(Box::new(sent)), "");
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("two FORGED line.edi  1 byte") && !said[0].contains('\n'), "{said:?}");
        let file = std::path::PathBuf::from("out/two\nFORGED\u{1b}[2J.edi");
        let said = told(&ServeEvent::Outbox { file, reason: "a\nb".to_owned() }, "");
        assert_eq!(said, ["not sent: out/two FORGED\u{fffd}[2J.edi: a b"]);
    }

    #[test]
    fn what_became_of_a_receipt_is_told_instead_of_the_message_once_more() {
        let at = "2026-11-24T08:30:00Z".parse().unwrap();
        let id = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
        let mut came = Transmission::new(id, "<1@acme>".to_owned(), at, Direction::Inbound);
        let first = told(&ServeEvent::Transmission(Box::new(came.clone())), "");
        let detail = "Receipt not taken by http://partner.example/: HTTP 503".to_owned();
        came.stages.push(Stage { stage: StageName::Receipt, status: StageStatus::Bad, started: at, ms: 1, detail });
        let second = told(&ServeEvent::Transmission(Box::new(came)), "");
        assert_ne!(first, second);
        assert!(second[0].ends_with("Receipt not taken by http://partner.example/: HTTP 503"), "{second:?}");
    }
}
