//! Functional acknowledgements matched with what they acknowledge, by the control numbers that the journal keeps: on a 997,
//! 999 or CONTRL what it is about, on any other document by what it was acknowledged.

use std::fs::File;
use std::io::Read as _;

use jiff::Timestamp;
use serde::Serialize;

use super::send::blocking;
use super::transmissions::none;
use super::{App, AppError};
use crate::domain::document::acknowledgement::{self, Acknowledged};
use crate::domain::document_facts::{DocumentFacts, Standard};
use crate::domain::transmission::{Direction, Transmission, TransmissionId};
use crate::store::{Part, TransmissionFilter, Workspace};

/// So much of an acknowledgement is read; one that is longer acknowledges more than anybody looks through.
const MOST_BYTES: u64 = 4 << 20;

/// So many different numbers of one acknowledgement are looked for.
const MOST_NUMBERS: usize = 20;

/// So many transmissions are looked through for one number.
const MOST_CANDIDATES: usize = 50;

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
        let workspace = self.existing().await?.ok_or_else(|| none(id))?;
        let id = workspace.resolve_id(id).await?;
        let transmission = workspace.transmission(id).await?.ok_or_else(|| none(&id.to_string()))?;
        let Some(document) = &transmission.document else { return Ok(AcknowledgementLinks::default()) };
        if document.messages.iter().any(|message| kinds(document.standard).contains(&message.kind.as_str())) {
            return acknowledges(&workspace, &transmission, document).await;
        }
        acknowledged_by(&workspace, &transmission, document).await
    }
}

/// The kinds of document that acknowledge others.
const fn kinds(standard: Standard) -> &'static [&'static str] {
    match standard {
        Standard::X12 => &["997", "999"],
        Standard::Edifact => &["CONTRL"],
    }
}

/// The other way: what went out is acknowledged by what came in.
fn other_way(transmission: &Transmission) -> TransmissionFilter {
    let direction = match transmission.direction {
        Direction::Outbound => Direction::Inbound,
        Direction::Inbound => Direction::Outbound,
    };
    TransmissionFilter {
        connection: transmission.connection.clone(),
        direction: Some(direction),
        ..TransmissionFilter::default()
    }
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
            // The journal keeps it with the zeros that the interchange header has, and an answer may leave out.
            search: Some(number.trim_start_matches('0').to_owned()),
            limit: MOST_CANDIDATES,
            ..other_way(transmission)
        };
        for summary in workspace.transmissions(&filter).await?.0 {
            // What was sent after it is not what it acknowledges.
            if summary.at <= transmission.at
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
            facts.is_some_and(|facts| facts.standard == document.standard && answer.is_about(facts))
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
) -> Result<AcknowledgementLinks, AppError> {
    let mut later = Vec::new();
    for kind in kinds(document.standard) {
        let filter = TransmissionFilter {
            document: Some((*kind).to_owned()),
            since: Some(transmission.at),
            limit: MOST_LATER,
            ..other_way(transmission)
        };
        later.extend(workspace.transmissions(&filter).await?.0);
    }
    later.sort_by_key(|summary| summary.at);
    let mut links = AcknowledgementLinks::default();
    let mut told = 0;
    for summary in later {
        let about = answers(workspace, summary.id).await?.into_iter().filter(|answer| answer.is_about(document));
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
