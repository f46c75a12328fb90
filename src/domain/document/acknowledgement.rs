//! What a functional acknowledgement says: which interchange, group or message it is about, by their control numbers, and
//! whether it was accepted. X12 997, 999 and TA1; EDIFACT CONTRL.

use std::io::{self, Read};

use serde::Serialize;

use super::delimiters::{Delimiters, Standard};
use super::names::code;
use super::segments::{Segment, SegmentReader};
use crate::domain::document_facts::{DocumentFacts, DocumentMessage};
use crate::domain::spelling::spelled;

/// At most so many answers are read of one file.
const MOST: usize = 1000;

/// At most so many reasons are kept of one answer.
const MOST_REASONS: usize = 20;

spelled! {
    /// About what an answer is.
    pub enum Level {
        /// A whole interchange.
        Interchange = "interchange",
        /// A group.
        Group = "group",
        /// A transaction set or message.
        Message = "message",
    }
}

spelled! {
    /// What became of it.
    pub enum Outcome {
        /// It was taken.
        Accepted = "accepted",
        /// It was taken, and errors were noted.
        WithErrors = "accepted-with-errors",
        /// Some of it was taken.
        Partly = "partly-accepted",
        /// It was not taken.
        Rejected = "rejected",
        /// It has arrived; whether it is taken is not said.
        Received = "received",
    }
}

impl Outcome {
    /// In words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::WithErrors => "Accepted with errors",
            Self::Partly => "Partly accepted",
            Self::Rejected => "Rejected",
            Self::Received => "Received",
        }
    }
}

/// One answer of a functional acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acknowledged {
    /// At which segment it stands, counted from 0.
    pub segment: u64,
    /// About what it is.
    pub level: Level,
    /// The interchange's control number, where it is named.
    pub interchange: Option<String>,
    /// The group's control number, where it is named.
    pub group: Option<String>,
    /// The kind of the group (GS01).
    pub group_kind: Option<String>,
    /// The message's control number, where it is about one.
    pub message: Option<String>,
    /// The kind of the message: `850`, `ORDERS`.
    pub kind: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// The code that says so.
    pub code: String,
    /// That code and what else is wrong, in words.
    pub reasons: Vec<String>,
}

impl Acknowledged {
    /// The number of the envelope that it is about: of the interchange where that is named, else of the group.
    #[must_use]
    pub fn envelope(&self) -> Option<&str> {
        self.interchange.as_deref().or(self.group.as_deref())
    }

    /// Whether it is about a document, by the numbers of its envelopes and messages. Leading zeros make no difference:
    /// ISA13 has them, and what refers to it may not.
    #[must_use]
    pub fn is_about(&self, document: &DocumentFacts) -> bool {
        let holds = |numbers: &[String], number: &str| numbers.iter().any(|known| bare(known) == bare(number));
        let envelope = match (&self.interchange, &self.group) {
            (Some(interchange), _) => holds(&document.interchanges, interchange),
            (None, Some(group)) => holds(&document.groups, group),
            (None, None) => false,
        };
        let message = self.message.as_deref().is_none_or(|message| {
            let kind = self.kind.as_deref();
            let same = |known: &DocumentMessage| {
                bare(&known.number) == bare(message) && kind.is_none_or(|kind| kind == known.kind)
            };
            document.messages.iter().any(same)
        });
        envelope && message
    }
}

fn bare(number: &str) -> &str {
    number.trim().trim_start_matches('0')
}

/// Whether documents of this kind acknowledge others.
#[must_use]
pub fn acknowledges(standard: Standard, kind: &str) -> bool {
    matches!((standard, kind), (Standard::X12, "997" | "999") | (Standard::Edifact, "CONTRL"))
}

/// What is acknowledged in a file, from the first answer to the last; nothing where it acknowledges nothing.
///
/// # Errors
/// Where the source fails.
pub fn read(source: impl Read) -> io::Result<Vec<Acknowledged>> {
    let mut reader = SegmentReader::new(source);
    let mut reading = Reading::default();
    while let Some(segment) = reader.next_segment()? {
        let Some(delimiters) = reader.delimiters() else { break };
        match delimiters.standard {
            Standard::X12 => reading.x12(&segment),
            Standard::Edifact => reading.edifact(&segment, delimiters),
            Standard::Tradacoms => break,
        }
        if reading.found.len() >= MOST {
            break;
        }
    }
    Ok(reading.found)
}

#[derive(Default)]
struct Reading {
    found: Vec<Acknowledged>,
    /// Within a message that acknowledges.
    within: bool,
    group: Option<String>,
    group_kind: Option<String>,
    interchange: Option<String>,
    message: Option<(Option<String>, Option<String>)>,
    reasons: Vec<String>,
}

impl Reading {
    fn x12(&mut self, segment: &Segment) {
        let owned = |number| segment.element(number).map(str::to_owned);
        match segment.tag.as_str() {
            "ST" => self.within = segment.element(1).is_some_and(|kind| acknowledges(Standard::X12, kind)),
            "TA1" => self.interchange_answer(segment),
            _ if !self.within => {}
            "SE" => self.within = false,
            "AK1" => (self.group_kind, self.group) = (owned(1), owned(2)),
            "AK2" => {
                self.message = Some((owned(1), owned(2)));
                self.reasons.clear();
            }
            "AK3" | "IK3" => {
                let which = segment.element(1).unwrap_or("a segment");
                let at = segment.element(2).map_or_else(String::new, |at| format!(" (segment {at})"));
                // Without a code the elements below it say what is wrong.
                if let Some(why) = segment.element(4) {
                    self.reason(format!("{which}{at}: {}", code(Standard::X12, "720", why)));
                }
            }
            "AK4" | "IK4" => {
                let at = segment.element(1).unwrap_or("?").to_owned();
                let why = code(Standard::X12, "723", segment.element(3).unwrap_or_default());
                let value = segment.element(4).map_or_else(String::new, |value| format!(", it holds “{value}”"));
                self.reason(format!("Element {at}: {why}{value}"));
            }
            "AK5" | "IK5" => {
                let (kind, message) = self.message.take().unwrap_or_default();
                self.answer(segment, Level::Message, (message, kind), "717", "718", 2..=6);
            }
            "AK9" => self.answer(segment, Level::Group, (None, None), "715", "716", 5..=9),
            _ => {}
        }
    }

    fn answer(
        &mut self,
        segment: &Segment,
        level: Level,
        (message, kind): (Option<String>, Option<String>),
        answers: &str,
        errors: &str,
        further: std::ops::RangeInclusive<usize>,
    ) {
        let given = segment.element(1).unwrap_or_default().to_owned();
        let mut reasons = vec![code(Standard::X12, answers, &given)];
        reasons
            .extend(further.filter_map(|number| segment.element(number)).map(|each| code(Standard::X12, errors, each)));
        if level == Level::Message {
            reasons.append(&mut self.reasons);
        }
        self.found.push(Acknowledged {
            segment: segment.number,
            level,
            interchange: None,
            group: self.group.clone(),
            group_kind: self.group_kind.clone(),
            message,
            kind,
            outcome: x12_outcome(&given),
            code: given,
            reasons,
        });
    }

    fn interchange_answer(&mut self, segment: &Segment) {
        let given = segment.element(4).unwrap_or_default().to_owned();
        let mut reasons = vec![code(Standard::X12, "ta1", &given)];
        reasons.extend(segment.element(5).filter(|note| *note != "000").map(|note| code(Standard::X12, "i18", note)));
        self.found.push(Acknowledged {
            segment: segment.number,
            level: Level::Interchange,
            interchange: segment.element(1).map(str::to_owned),
            group: None,
            group_kind: None,
            message: None,
            kind: None,
            outcome: x12_outcome(&given),
            code: given,
            reasons,
        });
    }

    fn edifact(&mut self, segment: &Segment, delimiters: &Delimiters) {
        let owned = |number| segment.element(number).map(str::to_owned);
        let component = |element, number| segment.component(delimiters, element, number).map(str::to_owned);
        match segment.tag.as_str() {
            "UNH" => {
                self.within = component(2, 1).is_some_and(|kind| acknowledges(Standard::Edifact, &kind));
                self.interchange = None;
                self.group = None;
            }
            _ if !self.within => {}
            "UNT" => self.within = false,
            "UCI" => {
                self.interchange = owned(1);
                self.contrl(segment, Level::Interchange, 4, (None, None));
            }
            "UCF" => {
                self.group = owned(1);
                self.contrl(segment, Level::Group, 4, (None, None));
            }
            "UCM" => self.contrl(segment, Level::Message, 3, (owned(1), component(2, 1))),
            "UCS" => {
                let at = segment.element(1).unwrap_or("?").to_owned();
                if let Some(why) = segment.element(2) {
                    self.reason_of_last(format!("Segment {at}: {}", code(Standard::Edifact, "0085", why)));
                }
            }
            "UCD" => {
                let at = component(2, 1).unwrap_or_else(|| "?".to_owned());
                let why = code(Standard::Edifact, "0085", segment.element(1).unwrap_or_default());
                self.reason_of_last(format!("Element {at}: {why}"));
            }
            _ => {}
        }
    }

    fn contrl(
        &mut self,
        segment: &Segment,
        level: Level,
        action: usize,
        (message, kind): (Option<String>, Option<String>),
    ) {
        let given = segment.element(action).unwrap_or_default().to_owned();
        let error = segment.element(action + 1);
        let mut reasons = vec![code(Standard::Edifact, "0083", &given)];
        reasons.extend(error.map(|error| code(Standard::Edifact, "0085", error)));
        let outcome = match given.as_str() {
            "1" | "7" => Outcome::Accepted,
            "2" => Outcome::WithErrors,
            "8" => Outcome::Received,
            _ => Outcome::Rejected,
        };
        self.found.push(Acknowledged {
            segment: segment.number,
            level,
            interchange: self.interchange.clone(),
            group: self.group.clone(),
            group_kind: None,
            message,
            kind,
            outcome,
            code: given,
            reasons,
        });
    }

    fn reason(&mut self, reason: String) {
        if self.reasons.len() < MOST_REASONS {
            self.reasons.push(reason);
        }
    }

    /// In CONTRL what is wrong stands behind the answer that it explains.
    fn reason_of_last(&mut self, reason: String) {
        if let Some(last) = self.found.last_mut()
            && last.reasons.len() < MOST_REASONS
        {
            last.reasons.push(reason);
        }
    }
}

fn x12_outcome(code: &str) -> Outcome {
    match code {
        "A" => Outcome::Accepted,
        "E" => Outcome::WithErrors,
        "P" => Outcome::Partly,
        // M, R, W and X reject, each for another reason; what is not known is not taken for a yes.
        _ => Outcome::Rejected,
    }
}
