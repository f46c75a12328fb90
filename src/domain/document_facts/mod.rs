//! What a business document says of itself at its beginning: its standard, the type of its messages, its control numbers.
//! Read from the first piece of a payload, whatever that holds: what is broken or cut off is passed over, and what is no
//! document of a known standard is nothing.

mod edifact;
mod x12;

use serde::{Deserialize, Serialize};

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
}

impl DocumentFacts {
    /// Reads the first piece of a payload. `whole` says that nothing follows it.
    #[must_use]
    pub fn read(piece: &[u8], whole: bool) -> Option<Self> {
        let piece = piece.strip_prefix(b"\xef\xbb\xbf").unwrap_or(piece).trim_ascii_start();
        x12::read(piece, whole).or_else(|| edifact::read(piece, whole))
    }

    const fn of(standard: Standard) -> Self {
        Self { standard, interchanges: Vec::new(), groups: Vec::new(), group_kinds: Vec::new(), messages: Vec::new() }
    }

    /// The type of its first message.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.messages.first().map(|message| message.kind.as_str())
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
fn word(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes.trim_ascii()).ok()?;
    let is_word = !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_word.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const X12: &[u8] =
        b"ISA*00*          *00*          *ZZ*ACME           *ZZ*NORTHWIND      *261123*1402*U*00401*000000412*0\
*P*>~GS*PO*ACME*NW*20261123*1402*412*X*004010~ST*850*0001~BEG*00*SA*1~SE*3*0001~GE*1*412~IEA*1*000000412~";
    const EDIFACT: &[u8] = b"UNA:+.? 'UNB+UNOA:2+ACME+NW+261123:1402+REF77'UNH+1+ORDERS:D:96A:UN'UNT+2+1'UNZ+1+REF77'";

    #[test]
    fn what_is_no_document_is_nothing() {
        for text in ["", "I", "ISA", "UNB", "UNA:+.? '", "<?xml version=\"1.0\"?><Order/>", "Dear all,", "ISABEL*a*b"] {
            assert_eq!(DocumentFacts::read(text.as_bytes(), true), None, "{text}");
        }
        assert_eq!(DocumentFacts::read(&[0xff; 300], true), None);
    }

    #[test]
    fn nothing_that_is_cut_or_broken_makes_it_panic_or_keep_what_is_not_there() {
        for sample in [X12, EDIFACT] {
            let whole = DocumentFacts::read(sample, true).unwrap();
            for end in 0..sample.len() {
                if let Some(read) = DocumentFacts::read(&sample[..end], false) {
                    assert!(whole.interchanges.starts_with(&read.interchanges), "{read:?}");
                    assert!(whole.groups.starts_with(&read.groups) && whole.messages.starts_with(&read.messages));
                }
                for other in [0_u8, b'*', b'+', b'?', b'~', b'\'', b'\n', 0x80, 0xff] {
                    let mut broken = sample.to_vec();
                    broken[end] = other;
                    drop(DocumentFacts::read(&broken, true));
                    broken.remove(end);
                    drop(DocumentFacts::read(&broken, false));
                }
            }
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut many = X12[..X12.len() - 30].to_vec();
        for _ in 0..5000 {
            many.extend_from_slice(b"ST*850*0001~SE*1*0001~");
        }
        let read = DocumentFacts::read(&many, true).unwrap();
        assert_eq!(read.messages.len(), MOST);
        let long = format!("UNB+UNOA:2+A+B+1:1+{}'UNH+1+ORDERS'", "9".repeat(LONGEST + 1));
        let read = DocumentFacts::read(long.as_bytes(), true).unwrap();
        assert_eq!((read.interchanges.len(), read.kind()), (0, Some("ORDERS")));
    }

    #[test]
    fn its_numbers_are_those_of_interchange_group_and_message() {
        let read = DocumentFacts::read(X12, true).unwrap();
        assert_eq!(read.numbers().collect::<Vec<_>>(), ["000000412", "412", "0001"]);
        assert_eq!((read.standard, read.kind()), (Standard::X12, Some("850")));
        assert_eq!(read.group_kinds, ["PO"]);
        let text = serde_json::to_string(&read).unwrap();
        assert!(text.contains(r#""messages":[{"type":"850","number":"0001"}]"#), "{text}");
        assert_eq!(serde_json::from_str::<DocumentFacts>(&text).unwrap(), read);
    }
}
