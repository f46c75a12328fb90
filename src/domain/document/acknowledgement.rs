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

/// So many characters of a value are kept; no number or code of either standard has nearly as many.
const LONGEST: usize = 120;

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
    /// ISA13 has them, and what refers to it may not. Groups of different kinds are numbered each for itself, so that the
    /// kind decides, too, where both are known. Where a document's facts are `cut`, its messages are not all known, and
    /// its envelope is enough.
    #[must_use]
    pub fn is_about(&self, document: &DocumentFacts, cut: bool) -> bool {
        let envelope = match (&self.interchange, &self.group) {
            (Some(interchange), _) => document.interchanges.iter().any(|known| same_number(known, interchange)),
            (None, Some(group)) => document.groups.iter().enumerate().any(|(index, known)| {
                let kind = document.group_kinds.get(index).filter(|kind| !kind.is_empty());
                let other = kind.zip(self.group_kind.as_ref()).is_some_and(|(known, said)| known != said);
                same_number(known, group) && !other
            }),
            (None, None) => false,
        };
        let message = cut
            || self.message.as_deref().is_none_or(|message| {
                let kind = self.kind.as_deref();
                let same = |known: &DocumentMessage| {
                    same_number(&known.number, message) && kind.is_none_or(|kind| kind == known.kind)
                };
                document.messages.iter().any(same)
            });
        envelope && message
    }
}

/// Whether two control numbers are the same but for leading zeros.
#[must_use]
pub fn same_number(one: &str, other: &str) -> bool {
    fn bare(number: &str) -> &str {
        number.trim().trim_start_matches('0')
    }
    bare(one) == bare(other)
}

/// A value of a segment, but its beginning where it is longer than any that means something.
fn element(segment: &Segment, number: usize) -> Option<&str> {
    segment.element(number).map(shortened)
}

/// The same of a component.
fn part<'s>(segment: &'s Segment, delimiters: &Delimiters, element: usize, number: usize) -> Option<&'s str> {
    segment.component(delimiters, element, number).map(shortened)
}

fn shortened(value: &str) -> &str {
    value.char_indices().nth(LONGEST).map_or(value, |(end, _)| &value[..end])
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
        let owned = |number| element(segment, number).map(str::to_owned);
        match segment.tag.as_str() {
            "ST" => self.within = element(segment, 1).is_some_and(|kind| acknowledges(Standard::X12, kind)),
            "TA1" => self.interchange_answer(segment),
            _ if !self.within => {}
            "SE" => self.within = false,
            "AK1" => (self.group_kind, self.group) = (owned(1), owned(2)),
            "AK2" => {
                self.message = Some((owned(1), owned(2)));
                self.reasons.clear();
            }
            "AK3" | "IK3" => {
                let which = element(segment, 1).unwrap_or("a segment");
                let at = element(segment, 2).map_or_else(String::new, |at| format!(" (segment {at})"));
                // Without a code the elements below it say what is wrong.
                if let Some(why) = element(segment, 4) {
                    self.reason(format!("{which}{at}: {}", code(Standard::X12, "720", why)));
                }
            }
            "AK4" | "IK4" => {
                let at = element(segment, 1).unwrap_or("?").to_owned();
                let why = code(Standard::X12, "723", element(segment, 3).unwrap_or_default());
                let value = element(segment, 4).map_or_else(String::new, |value| format!(", it holds “{value}”"));
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
        let given = element(segment, 1).unwrap_or_default().to_owned();
        let mut reasons = vec![code(Standard::X12, answers, &given)];
        reasons.extend(
            further.filter_map(|number| element(segment, number)).map(|each| code(Standard::X12, errors, each)),
        );
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
        let given = element(segment, 4).unwrap_or_default().to_owned();
        let mut reasons = vec![code(Standard::X12, "ta1", &given)];
        reasons.extend(element(segment, 5).filter(|note| *note != "000").map(|note| code(Standard::X12, "i18", note)));
        self.found.push(Acknowledged {
            segment: segment.number,
            level: Level::Interchange,
            interchange: element(segment, 1).map(str::to_owned),
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
        let owned = |number| element(segment, number).map(str::to_owned);
        let component = |element, number| part(segment, delimiters, element, number).map(str::to_owned);
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
                let at = element(segment, 1).unwrap_or("?").to_owned();
                if let Some(why) = element(segment, 2) {
                    self.reason_of_last(format!("Segment {at}: {}", code(Standard::Edifact, "0085", why)));
                }
            }
            "UCD" => {
                let at = component(2, 1).unwrap_or_else(|| "?".to_owned());
                let why = code(Standard::Edifact, "0085", element(segment, 1).unwrap_or_default());
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
        let given = element(segment, action).unwrap_or_default().to_owned();
        let error = element(segment, action + 1);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kinds: &[&str]) -> DocumentFacts {
        let text = format!(
            r#"{{"standard":"x12","interchanges":["000000017"],"groups":["17"],"messages":[{{"type":"850","number":"0001"}}],
               "group_kinds":{kinds:?}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    const ISA: &str =
        "ISA*00*          *00*          *ZZ*PARTNER        *ZZ*ACME           *261123*1402*U*00401*000000009*0*P*>~";

    fn first(segments: &str) -> Acknowledged {
        read(format!("{ISA}{segments}").as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn a_group_of_another_kind_with_the_same_number_is_another() {
        let answer = |kind: &str| first(&format!("ST*997*1~AK1*{kind}*17~AK9*A*1*1*1~SE*3*1~"));
        assert!(answer("PO").is_about(&facts(&["PO"]), false));
        assert!(!answer("IN").is_about(&facts(&["PO"]), false));
        assert!(answer("IN").is_about(&facts(&[]), false), "what was kept before says no kind");
        assert!(answer("IN").is_about(&facts(&[""]), false));
    }

    #[test]
    fn where_facts_are_cut_the_envelope_is_enough() {
        let answer = first("ST*997*1~AK1*PO*17~AK2*850*0099~AK5*A~AK9*A*1*1*1~SE*5*1~");
        assert!(!answer.is_about(&facts(&["PO"]), false));
        assert!(answer.is_about(&facts(&["PO"]), true));
        let other = first("ST*997*1~AK1*PO*18~AK2*850*0001~AK5*A~AK9*A*1*1*1~SE*5*1~");
        assert!(!other.is_about(&facts(&["PO"]), true));
    }

    #[test]
    fn what_is_kept_of_a_hostile_answer_is_bounded() {
        let long = "9".repeat(60_000);
        for text in [
            format!(
                "{ISA}TA1*{long}*261123*1402*R*{long}~ST*997*1~AK1*{long}*{long}~AK2*{long}*{long}~AK3*{long}*{long}**{long}~\
                     AK4*{long}**{long}*{long}~AK5*{long}*{long}~AK9*{long}*1*1*1*{long}~SE*7*1~"
            ),
            format!(
                "UNB+UNOC:3+A+B+261123:1402+1'UNH+1+CONTRL:D:3:UN'UCI+{long}+A+B+{long}+{long}'UCM+{long}+{long}:D+{long}+{long}'\
                     UCS+{long}+{long}'UCD+{long}+{long}:{long}'UNT+6+1'UNZ+1+1'"
            ),
        ] {
            let found = read(text.as_bytes()).unwrap();
            let kept = serde_json::to_string(&found).unwrap().len();
            assert!(found.len() >= 2 && kept < 6_000, "{}: {kept}", found.len());
        }
    }
}
