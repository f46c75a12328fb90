//! Functional acknowledgements matched with what they acknowledge, by the control numbers that the journal keeps: on a 997,
//! 999 or CONTRL what it is about, on any other document by what it was acknowledged.

use std::fs::File;
use std::io::Read as _;

use jiff::Timestamp;
use serde::Serialize;

use super::send::blocking;
use super::{App, AppError};
use crate::domain::document::acknowledgement::{self, Acknowledged, same_number};
use crate::domain::document_facts::{DocumentFacts, FIRST_PIECE, Standard};
use crate::domain::transmission::{Direction, Transmission, TransmissionId};
use crate::store::{Part, SHORTEST_SEARCH, TransmissionFilter, Workspace};

/// So much of an acknowledgement is read; one that is longer acknowledges more than anybody looks through.
const MOST_BYTES: u64 = 4 << 20;

/// So many different numbers of one acknowledgement are looked for.
const MOST_NUMBERS: usize = 20;

/// So many transmissions are looked through for one number.
const MOST_CANDIDATES: usize = 200;

/// So many acknowledgements that came later are looked through for one document.
const MOST_LATER: usize = 200;

/// So many that acknowledge the same document are told.
const MOST_TOLD: usize = 3;

/// An answer, and the transmission at its other end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AcknowledgementLink {
    /// That transmission; nothing where the journal has none that fits.
    pub transmission: Option<TransmissionId>,
    /// When that was journalled.
    pub at: Option<Timestamp>,
    /// Its file's name.
    pub file: Option<String>,
    /// The answer.
    #[serde(flatten)]
    pub answer: Acknowledged,
}

/// What a transmission has to do with functional acknowledgements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AcknowledgementLinks {
    /// What it acknowledges.
    pub acknowledges: Vec<AcknowledgementLink>,
    /// By what it was acknowledged, the first first.
    pub acknowledged_by: Vec<AcknowledgementLink>,
}

impl App {
    /// What a transmission acknowledges, and by what it was acknowledged.
    ///
    /// # Errors
    /// Where there is no such transmission, or the workspace cannot be read.
    pub async fn acknowledgements(&self, id: &str) -> Result<AcknowledgementLinks, AppError> {
        let (workspace, transmission) = self.journalled(id).await?;
        let Some(document) = &transmission.document else { return Ok(AcknowledgementLinks::default()) };
        // Whoever is not known may be anybody.
        let Some(other_way) = other_way(&transmission) else { return Ok(AcknowledgementLinks::default()) };
        let acknowledging =
            document.messages.iter().any(|message| kinds(document.standard).contains(&message.kind.as_str()));
        // A TA1 needs no message around it.
        if acknowledging || document.messages.is_empty() {
            let links = acknowledges(&workspace, &transmission, document, &other_way).await?;
            if acknowledging || !links.acknowledges.is_empty() {
                return Ok(links);
            }
        }
        acknowledged_by(&workspace, &transmission, document, &other_way).await
    }
}

/// The kinds of document that acknowledge others.
const fn kinds(standard: Standard) -> &'static [&'static str] {
    match standard {
        Standard::X12 => &["997", "999", "TA1"],
        Standard::Edifact => &["CONTRL"],
    }
}

/// The other way: what went out to a profile is acknowledged by what came in for it. Nothing where it belongs to no
/// connection.
fn other_way(transmission: &Transmission) -> Option<TransmissionFilter> {
    let connection = transmission.connection.clone()?;
    let direction = match transmission.direction {
        Direction::Outbound => Direction::Inbound,
        Direction::Inbound => Direction::Outbound,
    };
    Some(TransmissionFilter {
        connection: Some(connection),
        profile: transmission.profile,
        direction: Some(direction),
        ..TransmissionFilter::default()
    })
}

/// Whether the journal may not have all numbers of a document: it keeps those of its beginning, and not more than so many.
fn is_cut(transmission: &Transmission, document: &DocumentFacts) -> bool {
    document.is_full() || transmission.bytes.payload > FIRST_PIECE
}

/// What is searched for to find a number, which the journal keeps with the zeros that the interchange header has, and an
/// answer may leave out. Nothing where that is too short to be found by.
fn searched(number: &str) -> Option<String> {
    let bare = number.trim().trim_start_matches('0');
    (bare.chars().count() >= SHORTEST_SEARCH).then(|| bare.to_owned())
}

/// Whether a transmission's numbers, as the list has them, hold one.
fn holds(numbers: Option<&str>, number: &str) -> bool {
    // They are divided by spaces, and one that has a space in it cannot be told.
    number.contains(' ') || numbers.is_some_and(|all| all.split(' ').any(|each| same_number(each, number)))
}

async fn answers(workspace: &Workspace, id: TransmissionId) -> Result<Vec<Acknowledged>, AppError> {
    let archive = workspace.archive().clone();
    // What is not kept any more says nothing.
    blocking(move || {
        let payload = File::open(archive.path(id, Part::Payload));
        Ok(payload.and_then(|file| acknowledgement::read(file.take(MOST_BYTES))).unwrap_or_default())
    })
    .await
}

async fn acknowledges(
    workspace: &Workspace,
    transmission: &Transmission,
    document: &DocumentFacts,
    other_way: &TransmissionFilter,
) -> Result<AcknowledgementLinks, AppError> {
    let answers = answers(workspace, transmission.id).await?;
    let mut numbers: Vec<&str> = Vec::new();
    for number in answers.iter().filter_map(Acknowledged::envelope) {
        if !numbers.contains(&number) && numbers.len() < MOST_NUMBERS {
            numbers.push(number);
        }
    }
    let mut candidates: Vec<Transmission> = Vec::new();
    for number in numbers {
        let filter = TransmissionFilter {
            search: searched(number),
            // What was sent after it is not what it acknowledges.
            until: Some(transmission.at),
            limit: MOST_CANDIDATES,
            ..other_way.clone()
        };
        for summary in workspace.transmissions(&filter).await?.0 {
            if holds(summary.control_numbers.as_deref(), number)
                && !candidates.iter().any(|known| known.id == summary.id)
                && let Some(found) = workspace.transmission(summary.id).await?
            {
                candidates.push(found);
            }
        }
    }
    // The last that was sent under a number that was used again.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.at));
    let link = |answer: Acknowledged| {
        let about = |candidate: &&Transmission| {
            let facts = candidate.document.as_ref();
            facts.is_some_and(|facts| {
                facts.standard == document.standard && answer.is_about(facts, is_cut(candidate, facts))
            })
        };
        let found = candidates.iter().find(about);
        AcknowledgementLink {
            transmission: found.map(|found| found.id),
            at: found.map(|found| found.at),
            file: found.and_then(|found| found.file.clone()),
            answer,
        }
    };
    Ok(AcknowledgementLinks { acknowledges: answers.into_iter().map(link).collect(), acknowledged_by: Vec::new() })
}

async fn acknowledged_by(
    workspace: &Workspace,
    transmission: &Transmission,
    document: &DocumentFacts,
    other_way: &TransmissionFilter,
) -> Result<AcknowledgementLinks, AppError> {
    let cut = is_cut(transmission, document);
    let mut later = Vec::new();
    for kind in kinds(document.standard) {
        let filter = TransmissionFilter {
            document: Some((*kind).to_owned()),
            since: Some(transmission.at),
            // The first that came after it: with many a day, the last would be about others.
            reverse: true,
            limit: MOST_LATER,
            ..other_way.clone()
        };
        later.extend(workspace.transmissions(&filter).await?.0);
    }
    later.sort_by_key(|summary| summary.at);
    let mut links = AcknowledgementLinks::default();
    let mut told = 0;
    for summary in later {
        let about = answers(workspace, summary.id).await?.into_iter().filter(|answer| answer.is_about(document, cut));
        let before = links.acknowledged_by.len();
        links.acknowledged_by.extend(about.map(|answer| AcknowledgementLink {
            transmission: Some(summary.id),
            at: Some(summary.at),
            file: summary.file.clone(),
            answer,
        }));
        told += usize::from(links.acknowledged_by.len() > before);
        if told == MOST_TOLD {
            break;
        }
    }
    Ok(links)
}
