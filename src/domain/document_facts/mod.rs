//! What a business document says of itself at its beginning: its standard, the type of its messages, its control numbers.
//! Read from the first piece of a payload, whatever that holds: what is broken or cut off is passed over, and what is no
//! document of a known standard is nothing.

use serde::{Deserialize, Serialize};

use super::document::{Delimiters, Segment, SegmentReader, Standard as Syntax};
use super::spelling::spelled;

/// So much of a payload is looked at.
pub const FIRST_PIECE: u64 = 64 * 1024;

/// The most numbers of one kind that are kept.
const MOST: usize = 64;

/// The most characters of one: an interchange's reference has 14, what is longer is none.
const LONGEST: usize = 35;

spelled! {
    /// How a document is written.
    pub enum Standard {
        /// ANSI ASC X12.
        X12 = "x12",
        /// UN/EDIFACT, ISO 9735.
        Edifact = "edifact",
    }
}

/// One message within an interchange: ST01 and ST02, or the type and reference of UNH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentMessage {
    /// `850`, `ORDERS`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its control number.
    pub number: String,
}

/// What a document's beginning says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFacts {
    /// Its standard.
    pub standard: Standard,
    /// Control numbers of its interchanges: ISA13, or the reference of UNB.
    #[serde(default)]
    pub interchanges: Vec<String>,
    /// Control numbers of its groups: GS06, or the reference of UNG.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What each of its groups holds (GS01), empty where it does not say so. Nothing at all where it was read before this
    /// was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_kinds: Vec<String>,
    /// Its messages.
    #[serde(default)]
    pub messages: Vec<DocumentMessage>,
    /// Whether it answers an interchange (TA1), which needs no message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answers_interchange: bool,
}

impl DocumentFacts {
    /// Reads the first piece of a payload. `whole` says that nothing follows it.
    #[must_use]
    pub fn read(piece: &[u8], whole: bool) -> Option<Self> {
        // A message can stand without an interchange around it, as within some enterprises.
        const BEGIN: [&str; 4] = ["ISA", "UNB", "UNG", "UNH"];
        let mut reader = SegmentReader::new(piece).envelopes_only();
        let mut document: Option<Self> = None;
        // What lies in memory can be read.
        while let Ok(Some(segment)) = reader.next_segment() {
            let Some(delimiters) = reader.delimiters().filter(|known| known.are_usable()) else { break };
            let standard = match delimiters.standard {
                Syntax::X12 => Standard::X12,
                Syntax::Edifact => Standard::Edifact,
                Syntax::Tradacoms => break,
            };
            if document.is_none() && !BEGIN.contains(&segment.tag.as_str()) {
                break;
            }
            let known = document.get_or_insert_with(|| Self::of(standard));
            if known.standard != standard || (segment.cut && !whole) {
                break;
            }
            known.take(&segment, delimiters);
            if known.is_full() {
                break;
            }
        }
        document
    }

    fn take(&mut self, segment: &Segment, delimiters: &Delimiters) {
        let element = |number| segment.element(number).and_then(word);
        match segment.tag.as_str() {
            "ISA" => self.interchange(element(13)),
            "UNB" => self.interchange(element(5)),
            "TA1" => self.answers_interchange = true,
            "GS" => self.group(element(1), element(6)),
            "UNG" => self.group(element(1), element(5)),
            "ST" => self.message(element(1), element(2)),
            "UNH" => self.message(segment.component(delimiters, 2, 1).and_then(word), element(1)),
            _ => {}
        }
    }

    const fn of(standard: Standard) -> Self {
        Self {
            standard,
            interchanges: Vec::new(),
            groups: Vec::new(),
            group_kinds: Vec::new(),
            messages: Vec::new(),
            answers_interchange: false,
        }
    }

    /// The type of its first message; `TA1` where it holds no message but an answer to an interchange.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        let technical = self.answers_interchange.then_some("TA1");
        self.messages.first().map(|message| message.kind.as_str()).or(technical)
    }

    /// Its control numbers, those of interchanges first.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        let messages = self.messages.iter().map(|message| &message.number);
        self.interchanges.iter().chain(&self.groups).chain(messages).map(String::as_str)
    }

    /// Whether there is no room for more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        [self.interchanges.len(), self.groups.len(), self.messages.len()].contains(&MOST)
    }

    fn interchange(&mut self, number: Option<String>) {
        self.interchanges.extend(number);
    }

    fn group(&mut self, kind: Option<String>, number: Option<String>) {
        if let Some(number) = number {
            self.groups.push(number);
            self.group_kinds.push(kind.unwrap_or_default());
        }
    }

    fn message(&mut self, kind: Option<String>, number: Option<String>) {
        if let Some(kind) = kind {
            self.messages.push(DocumentMessage { kind, number: number.unwrap_or_default() });
        }
    }
}

/// A type or a number as it is kept: printable ASCII, not too long; nothing where it is not.
fn word(text: &str) -> Option<String> {
    let is_word = !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_word.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
