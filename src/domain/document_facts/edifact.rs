//! UN/EDIFACT, ISO 9735: delimiters are announced by UNA, or are those of the syntax's level A.

use super::{DocumentFacts, Standard, word};

/// How the parts of a message are told apart.
#[derive(Clone, Copy)]
struct Delimiters {
    component: u8,
    element: u8,
    release: u8,
    segment: u8,
}

/// Without UNA (ISO 9735, part 1, 5.1).
const USUAL: Delimiters = Delimiters { component: b':', element: b'+', release: b'?', segment: b'\'' };

/// The delimiters, and what follows their announcement.
fn delimiters(piece: &[u8]) -> Option<(Delimiters, &[u8])> {
    if let Some(announced) = piece.strip_prefix(b"UNA") {
        // Component, element, decimal mark, release, repetition, segment; a space for a release is none.
        let [component, element, _, release, _, segment, rest @ ..] = announced else { return None };
        let known = Delimiters { component: *component, element: *element, release: *release, segment: *segment };
        let all = [known.component, known.element, known.segment];
        let usable = !all.iter().any(u8::is_ascii_alphanumeric)
            && known.component != known.element
            && known.element != known.segment
            && known.component != known.segment;
        return usable.then(|| (known, rest.trim_ascii_start()));
    }
    Some((USUAL, piece))
}

/// Splits at a delimiter, but not where it is released.
fn split(text: &[u8], at: u8, release: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match find(text, at, release) {
            Some(end) => {
                rest = Some(&text[end + 1..]);
                Some(&text[..end])
            }
            None => {
                rest = None;
                Some(text)
            }
        }
    })
}

/// Where the delimiter stands first that is not released.
fn find(text: &[u8], wanted: u8, release: u8) -> Option<usize> {
    let mut place = 0;
    while let Some(byte) = text.get(place) {
        if *byte == wanted {
            return Some(place);
        }
        place += if *byte == release && release != b' ' { 2 } else { 1 };
    }
    None
}

/// A value as it is meant, without the marks that release what follows them.
fn value(text: &[u8], known: Delimiters) -> Option<String> {
    let mut meant = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let byte = if *byte == known.release && known.release != b' ' { bytes.next() } else { Some(byte) };
        meant.extend(byte);
    }
    word(&meant)
}

/// Reads as far as it can be read.
pub(super) fn read(piece: &[u8], whole: bool) -> Option<DocumentFacts> {
    let (mut known, mut rest) = delimiters(piece)?;
    let begins = |name: &[u8]| rest.strip_prefix(name).and_then(<[u8]>::first) == Some(&known.element);
    // A message can stand without an interchange around it, as within some enterprises.
    if ![&b"UNB"[..], b"UNG", b"UNH"].iter().any(|name| begins(name)) {
        return None;
    }
    let mut document = DocumentFacts::of(Standard::Edifact);
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() || document.is_full() {
            return Some(document);
        }
        if rest.starts_with(b"UNA")
            && let Some((next, after)) = delimiters(rest)
        {
            (known, rest) = (next, after);
            continue;
        }
        let end = find(rest, known.segment, known.release);
        if end.is_none() && !whole {
            return Some(document);
        }
        let (segment, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.get(1..).unwrap_or_default();
        let mut elements = split(segment, known.element, known.release);
        let read = |text: &[u8]| value(text, known);
        // The first component of a composite.
        let first = |text: &[u8]| split(text, known.component, known.release).next().and_then(read);
        match elements.next() {
            Some(b"UNB") => document.interchange(elements.nth(4).and_then(read)),
            Some(b"UNG") => {
                let kind = elements.next().and_then(read);
                document.group(kind, elements.nth(3).and_then(read));
            }
            Some(b"UNH") => {
                let number = elements.next().and_then(read);
                document.message(elements.next().and_then(first), number);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Vec<String>, Vec<String>, Vec<(String, String)>) {
        let read = read(text.as_bytes(), true).unwrap();
        let messages = read.messages.into_iter().map(|message| (message.kind, message.number)).collect();
        (read.interchanges, read.groups, messages)
    }

    #[test]
    fn its_delimiters_are_announced_or_the_usual_ones() {
        let plain = "UNB+UNOC:3+ACME:14+NW:14+261123:1402+REF77++ORDERS'UNG+ORDERS+A+B+261123:1402+G9+UN+D:96A'\r\n\
                     UNH+ME1+ORDERS:D:96A:UN:EAN008'BGM+220+1'UNT+3+ME1'UNH+ME2+ORDERS:D:96A:UN'UNT+1+ME2'UNE+2+G9'UNZ+1+REF77'";
        let expected = told(plain);
        assert_eq!(expected.0, ["REF77"]);
        assert_eq!(expected.1, ["G9"]);
        let messages = [("ORDERS".to_owned(), "ME1".to_owned()), ("ORDERS".to_owned(), "ME2".to_owned())];
        assert_eq!(expected.2, messages);
        assert_eq!(told(&format!("UNA:+.? '{plain}")), expected);
        let odd = plain.replace(':', "\u{1f}").replace('+', "|").replace('\'', "~");
        assert_eq!(told(&format!("UNA\u{1f}|,\\ ~\r\n{odd}")), expected);
    }

    #[test]
    fn a_released_delimiter_is_part_of_the_value() {
        let (interchanges, _, messages) = told("UNB+UNOA:2+AC?+ME:1+N?'W+1:1+R?+7??'UNH+1?:2+INVOIC?::D'");
        assert_eq!(interchanges, ["R+7?"]);
        assert_eq!(messages, [("INVOIC:".to_owned(), "1:2".to_owned())]);
        // With a space where the release is announced nothing is released.
        assert_eq!(told("UNA:+.  'UNB+UNOA:2+A?+B+1:1+R?'UNH+1+DESADV'").0, ["R?"]);
    }

    #[test]
    fn a_message_without_an_interchange_is_read() {
        assert_eq!(told("UNH+1+ORDERS:D:96A:UN'").2, [("ORDERS".to_owned(), "1".to_owned())]);
    }
}
