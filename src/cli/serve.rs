//! `serve`: receiving until the program is told to stop.

use serde::Serialize;

use super::arguments::ServeArguments;
use super::{Answer, Session, check, sightings, words};
use crate::app::{AppError, ServeEvent, ServeOptions, Shutdown};

#[derive(Serialize)]
struct ListeningDocument<'a> {
    listening: &'a str,
}

pub(super) async fn run(session: &Session, arguments: ServeArguments) -> Result<Answer, AppError> {
    let shutdown = Shutdown::listen()?;
    let options = ServeOptions {
        listen: arguments.listen,
        tls: arguments.tls_cert.zip(arguments.tls_key),
        inbox: arguments.inbox,
        outbox: arguments.outbox,
    };
    let bound = session.app.bind(&options).await?.reminding();
    session.tell_protection().await?;
    super::schedule::tell_what_happened(session).await?;
    let out = session.out.clone();
    let suffix = session.suffix.clone();
    bound
        .serve(shutdown.wished(), move |event| match event {
            ServeEvent::Listening { url } => {
                out.answer(&ListeningDocument { listening: &url }, || format!("listening on {url}"));
            }
            ServeEvent::Transmission(received) => {
                let place = check::place(received.connection.as_ref(), received.profile);
                let file = received.file.clone().unwrap_or_default();
                out.aside(&format!(
                    "{}  {}  {place}  {}  {file}  {} bytes  {}",
                    words::instant(received.at),
                    words::verdict(received.verdict),
                    received.id,
                    received.bytes.payload,
                    received.diagnosis.as_ref().map_or("", |diagnosis| diagnosis.explanation.as_str())
                ));
                if let Some(line) = sightings::line(&received, &suffix) {
                    out.aside(&line);
                }
            }
            ServeEvent::Arrived(_) | ServeEvent::JournalChanged => {}
            ServeEvent::Retention(run) => out.aside(&format!("{}  {}", words::instant(run.at), run.in_words())),
            ServeEvent::Notice(notice) => out.aside(&format!(
                "{} {}  {}: {}",
                words::urgency(notice.urgency),
                notice.urgency.label(),
                super::output::line(&notice.title),
                super::output::line(&notice.text)
            )),
            ServeEvent::Outbox { file, reason } => {
                out.aside(&format!("not sent: {}: {}", file.display(), super::output::line(&reason)));
            }
            ServeEvent::TurnedAway { peer, reason } => out.aside(&format!("turned away {peer}: {reason}")),
        })
        .await?;
    Ok(Answer::Yes)
}
