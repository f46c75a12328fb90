//! ASC X12: the interchange header has elements of fixed length, and its delimiters are where these end (X12.5).

use super::{DocumentFacts, Standard, word};

/// The elements of ISA.
const ELEMENTS: usize = 16;

/// Where the separators of an ISA stand, its name at 0, where all elements have their lengths.
const SEPARATORS: [usize; ELEMENTS] = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103];

/// How the segments of an interchange are told apart.
#[derive(Clone, Copy)]
struct Delimiters {
    element: u8,
    segment: u8,
    /// Where the first segment ends.
    end: usize,
}

/// The delimiters that an ISA at the beginning sets.
fn delimiters(piece: &[u8]) -> Option<Delimiters> {
    let element = *piece.strip_prefix(b"ISA")?.first()?;
    if element.is_ascii_alphanumeric() {
        return None;
    }
    let at = |place: usize| piece.get(place).copied();
    let last = if SEPARATORS.iter().all(|place| at(*place) == Some(element)) {
        SEPARATORS[ELEMENTS - 1]
    } else {
        // Some write elements without the spaces that fill them up.
        let mut places = piece.iter().enumerate().filter(|(_, byte)| **byte == element).map(|(place, _)| place);
        places.nth(ELEMENTS - 1)?
    };
    // The component separator, then the terminator.
    let segment = at(last + 2)?;
    let usable = segment != element && !segment.is_ascii_alphanumeric() && segment != b' ';
    usable.then_some(Delimiters { element, segment, end: last + 2 })
}

/// Reads as far as it can be read.
pub(super) fn read(piece: &[u8], whole: bool) -> Option<DocumentFacts> {
    let mut document = DocumentFacts::of(Standard::X12);
    let mut rest = piece;
    let mut known = delimiters(piece)?;
    loop {
        let number = rest[..known.end].split(|byte| *byte == known.element).nth(13).and_then(word);
        document.interchange(number);
        rest = rest.get(known.end + 1..).unwrap_or_default();
        // Up to the next interchange, which may have delimiters of its own.
        loop {
            rest = rest.trim_ascii_start();
            if rest.is_empty() || document.is_full() {
                return Some(document);
            }
            if let Some(next) = delimiters(rest) {
                known = next;
                break;
            }
            let end = rest.iter().position(|byte| *byte == known.segment);
            if end.is_none() && !whole {
                return Some(document);
            }
            let (segment, after) = rest.split_at(end.unwrap_or(rest.len()));
            let mut elements = segment.split(|byte| *byte == known.element);
            match elements.next() {
                Some(b"GS") => {
                    let kind = elements.next().and_then(word);
                    document.group(kind, elements.nth(4).and_then(word));
                }
                Some(b"ST") => {
                    let kind = elements.next().and_then(word);
                    document.message(kind, elements.next().and_then(word));
                }
                _ => {}
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An interchange with these delimiters.
    fn written(element: char, component: char, segment: &str) -> Vec<u8> {
        let text = "ISA*00*          *00*          *ZZ*ACME           *ZZ*NORTHWIND      *261123*1402*U*00401*000000412*0*P*>~\
GS*SH*ACME*NW*20261123*1402*17*X*004010~ST*856*0001~BSN*00*7~SE*3*0001~ST*856*0002~SE*1*0002~GE*2*17~IEA*1*000000412~";
        let text = text.replace('~', segment).replace('*', &element.to_string()).replace('>', &component.to_string());
        text.into_bytes()
    }

    #[test]
    fn its_delimiters_are_its_own() {
        for (element, component, segment) in [
            ('*', '>', "~"),
            ('|', ':', "\n"),
            ('+', '^', "~\r\n"),
            ('\u{1d}', '\u{1f}', "\u{1c}"),
            ('*', ':', "\r\n"),
            ('~', '>', "'"),
        ] {
            let read = read(&written(element, component, segment), true).unwrap();
            assert_eq!((read.interchanges, read.groups), (vec!["000000412".to_owned()], vec!["17".to_owned()]));
            let messages: Vec<_> =
                read.messages.iter().map(|each| (each.kind.as_str(), each.number.as_str())).collect();
            assert_eq!(messages, [("856", "0001"), ("856", "0002")], "{element} {segment:?}");
        }
    }

    #[test]
    fn elements_that_were_not_filled_up_are_read_and_several_interchanges_too() {
        let mut text =
            b"ISA*00**00**ZZ*ACME*ZZ*NW*261123*1402*U*00401*5*0*P*>~GS*IN*A*B*20261123*1402*6*X*004010~ST*810*7~"
                .to_vec();
        text.extend(b"\r\n");
        text.extend(written('|', ':', "\n"));
        let read = read(&text, true).unwrap();
        assert_eq!(
            (read.interchanges, read.groups),
            (vec!["5".to_owned(), "000000412".to_owned()], vec!["6".to_owned(), "17".to_owned()])
        );
        assert_eq!(read.messages.len(), 3);
    }

    #[test]
    fn a_last_segment_counts_without_its_end_only_where_nothing_follows() {
        let whole = written('*', '>', "~");
        let cut = whole.iter().position(|byte| *byte == b'~').unwrap()
            + "~GS*SH*ACME*NW*20261123*1402*17*X*004010~ST*856*00".len();
        assert_eq!(read(&whole[..cut], false).unwrap().messages.len(), 0);
        assert_eq!(read(&whole[..cut], true).unwrap().messages[0].number, "00");
    }
}
