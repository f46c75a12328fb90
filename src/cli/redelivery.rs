//! `transmission redeliver` and `transmission receipt`: what is done about a transmission that did not get through.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::transmission_arguments::RedeliverArguments;
use super::{Answer, Session, send, words};
use crate::app::{AppError, Redelivered, Redelivery, RedeliveryDocument, SendDocument, Sort, TransmissionFilter};
use crate::domain::transmission::{Direction, TransmissionId, Verdict};

/// So many are sent again at most by one filter.
const MOST: usize = 10_000;

/// More than any receipt has.
const MOST_BYTES: u64 = 2 * 1024 * 1024;

/// What is said where a document goes out under a new Message-ID.
const WARNING: &str = "sent as a new message: a partner who has the document already cannot tell that it is the same, and \
                       may act on it twice";

/// What became of several.
#[derive(Serialize)]
struct Document<'a> {
    transmissions: Vec<Line<'a>>,
}

/// What became of one of them, or why it was not sent.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Sent(Box<RedeliveryDocument<'a>>),
    Not {
        id: TransmissionId,
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
    },
}

impl<'a> From<&'a Redelivered> for Line<'a> {
    fn from(one: &'a Redelivered) -> Self {
        match &one.outcome {
            Ok(sent) => Self::Sent(Box::new(RedeliveryDocument::from(sent))),
            Err(error) => Self::Not { id: one.id, error: error.message(), hint: error.what_to_do() },
        }
    }
}

pub(super) async fn run(session: &Session, arguments: RedeliverArguments) -> Result<Answer, AppError> {
    let RedeliverArguments { ids, filter, again, new_message_id, yes } = arguments;
    let how = Redelivery { even_delivered: again, as_new: new_message_id };
    let by_filter = filter.names_a_standing();
    if ids.is_empty() && !by_filter {
        return Err(AppError::new("nothing says which transmissions are to be sent again")
            .hint("name their ids, or choose them with --failed, --verdict or --cause, and what narrows that down"));
    }
    if !ids.is_empty() && by_filter {
        return Err(
            AppError::new("ids and a filter cannot be given together").hint("name the ids, or choose by a filter")
        );
    }
    if let [id] = ids.as_slice() {
        let id = session.app.transmission(id).await?.id;
        let out = session.out.clone();
        let sent = session.app.redeliver_as(id, how, &|event| send::told(&out, event)).await?;
        let one = Redelivered { id, outcome: Ok(sent) };
        if let Ok(sent) = &one.outcome {
            session.out.answer(&RedeliveryDocument::from(sent), || send::outcome(sent));
        }
        warn(session, how);
        return Ok(Answer::of(one.went_well()));
    }
    let ids = if by_filter {
        let filter = TransmissionFilter {
            direction: Some(Direction::Outbound),
            sort: Sort::Time,
            reverse: true,
            limit: MOST,
            ..filter.filter(session).await?
        };
        let page = session.app.transmissions(&filter).await?;
        if page.next.is_some() {
            return Err(AppError::new(format!("these are more than {MOST} transmissions"))
                .hint("narrow them down with --connection, --since or --until"));
        }
        let ids: Vec<TransmissionId> = page.transmissions.into_iter().map(|each| each.id).collect();
        if !ids.is_empty() {
            let number = words::counted(ids.len(), "transmission");
            if !yes {
                return Err(AppError::new(format!("{number} would be sent again, and nothing was sent yet")).hint(
                    "look at them with `countersign transmission list` and the same filter; add --yes to send them",
                ));
            }
            session.out.note(&format!("{number} to be sent again, the oldest first"));
        }
        ids
    } else {
        let mut found = Vec::new();
        for id in &ids {
            let id = session.app.transmission(id).await?.id;
            if !found.contains(&id) {
                found.push(id);
            }
        }
        found
    };
    several(session, ids, how).await
}

async fn several(session: &Session, ids: Vec<TransmissionId>, how: Redelivery) -> Result<Answer, AppError> {
    let out = session.out.clone();
    let done = session.app.redeliver_several(ids, how, Arc::new(move |one| out.progress(&in_words(one)))).await?;
    let number = done.iter().filter(|one| one.went_well()).count();
    let content = Document { transmissions: done.iter().map(Line::from).collect() };
    session.out.answer(&content, || match done.len() {
        0 => "No transmission is as the filter says".to_owned(),
        all => format!("{number} of {all} delivered, or waiting for their receipts"),
    });
    if !done.is_empty() {
        warn(session, how);
    }
    Ok(Answer::of(number == done.len()))
}

fn warn(session: &Session, how: Redelivery) {
    if how.as_new {
        session.out.note(WARNING);
    }
}

/// What became of one, on a line.
fn in_words(one: &Redelivered) -> String {
    let text = match &one.outcome {
        Ok(sent) => {
            let verdict = sent.attempts.last().map_or(sent.verdict, |attempt| attempt.verdict);
            format!("{}  {}  {}", sent.id, words::verdict(verdict), sent.cause().unwrap_or_default())
        }
        Err(error) => format!("{}  not sent  {error}", one.id),
    };
    super::output::line(&text)
}

/// Settles a transmission by a receipt from a file or from standard input.
pub(super) async fn receipt(session: &Session, id: &str, file: &Path) -> Result<Answer, AppError> {
    let cannot = |error: std::io::Error| AppError::unread(file, &error);
    let source: Box<dyn Read> =
        if file == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(File::open(file).map_err(cannot)?) };
    let mut bytes = Vec::new();
    source.take(MOST_BYTES).read_to_end(&mut bytes).map_err(cannot)?;
    let settled = session.app.take_receipt(id, bytes).await?;
    session.out.answer(&SendDocument::from(&settled), || send::outcome(&settled));
    Ok(Answer::of(settled.verdict == Verdict::Delivered))
}
