//! By which characters an interchange is taken apart, recognised from its beginning.
//!
//! X12 gives them by their places in ISA, EDIFACT in UNA, and TRADACOMS always uses the same.

use std::fmt;

use serde::Serialize;

use crate::domain::spelling::spelled;

/// Length of ISA with its terminator, where every field is as long as X12 wants it.
const ISA: usize = 106;

/// Where the element separators stand in such an ISA.
const ISA_SEPARATORS: [usize; 16] = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103];

/// So many bytes of the beginning of an interchange are enough to know its delimiters, also where ISA is not as long as
/// it should be.
pub(super) const ENOUGH: usize = 400;

spelled! {
    /// The kind of syntax.
    pub enum Standard {
        /// ANSI ASC X12.
        X12 = "x12",
        /// UN/EDIFACT (ISO 9735).
        Edifact = "edifact",
        /// TRADACOMS, as British retailers speak it.
        Tradacoms = "tradacoms",
    }
}

impl Standard {
    /// As people write it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::X12 => "X12",
            Self::Edifact => "EDIFACT",
            Self::Tradacoms => "TRADACOMS",
        }
    }
}

/// The delimiters of one interchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// Of which standard.
    pub standard: Standard,
    /// Behind the tag of a segment: the element separator, but with TRADACOMS.
    pub tag: u8,
    /// Between elements.
    pub element: u8,
    /// Between the components of an element.
    pub component: u8,
    /// Between repetitions of an element, where there is such a character.
    pub repetition: Option<u8>,
    /// Takes the meaning off the delimiter behind it, where there is such a character.
    pub release: Option<u8>,
    /// At the end of a segment.
    pub segment: u8,
}

/// What was recognised at the beginning of an interchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    pub(super) delimiters: Delimiters,
    /// Bytes that stand before its first segment: UNA, which is none.
    pub(super) before: usize,
    /// What is not as it should be.
    pub(super) problems: Vec<String>,
}

/// Whether bytes begin like an interchange.
pub(super) fn begins(bytes: &[u8]) -> Option<Standard> {
    let tag = bytes.get(..3)?;
    let next = bytes.get(3).copied().unwrap_or(b'*');
    match tag {
        b"ISA" if !next.is_ascii_alphanumeric() => Some(Standard::X12),
        b"UNA" => Some(Standard::Edifact),
        b"UNB" if !next.is_ascii_alphanumeric() => Some(Standard::Edifact),
        b"STX" if next == b'=' => Some(Standard::Tradacoms),
        _ => None,
    }
}

/// Whether bytes begin like a group or message of EDIFACT without an interchange around it, which has the usual delimiters.
pub(super) fn begins_alone(bytes: &[u8]) -> Option<Standard> {
    (bytes.starts_with(b"UNG+") || bytes.starts_with(b"UNH+")).then_some(Standard::Edifact)
}

/// The delimiters of the interchange that begins here. `beginning` holds [`ENOUGH`] bytes, or all there are.
pub(super) fn recognise(beginning: &[u8]) -> Option<Recognised> {
    let mut recognised = match begins(beginning).or_else(|| begins_alone(beginning))? {
        Standard::X12 => x12(beginning)?,
        Standard::Edifact => edifact(beginning)?,
        Standard::Tradacoms => tradacoms(),
    };
    if let Some(twice) = recognised.delimiters.used_twice() {
        recognised.problems.push(format!("{} stands for two different delimiters", Shown(twice)));
    }
    Some(recognised)
}

fn x12(beginning: &[u8]) -> Option<Recognised> {
    let element = *beginning.get(3)?;
    let mut problems = Vec::new();
    let as_long_as_it_should_be = ISA_SEPARATORS.iter().all(|at| beginning.get(*at) == Some(&element));
    // Where the component separator and then the segment's end stand.
    let end = if as_long_as_it_should_be {
        ISA - 2
    } else {
        problems.push(
            "the fields of ISA do not have the lengths that X12 fixes, so the delimiters are taken by counting its elements"
                .to_owned(),
        );
        let mut separators = beginning.iter().enumerate().filter(|(_, byte)| **byte == element);
        separators.nth(15)?.0 + 1
    };
    let (component, segment) = (*beginning.get(end)?, *beginning.get(end + 1)?);
    let fields: Vec<&[u8]> = beginning[..end].split(|byte| *byte == element).collect();
    // ISA11 was the standards identifier `U` until version 00402 made it the repetition separator.
    let repetition = match fields.get(11) {
        Some([byte]) if !byte.is_ascii_alphanumeric() && *byte != b' ' => Some(*byte),
        _ => None,
    };
    let delimiters =
        Delimiters { standard: Standard::X12, tag: element, element, component, repetition, release: None, segment };
    Some(Recognised { delimiters, before: 0, problems })
}

fn edifact(beginning: &[u8]) -> Option<Recognised> {
    let mut problems = Vec::new();
    if beginning.starts_with(b"UNA") {
        let [component, element, _decimal, release, repetition, segment] = *beginning.get(3..9)? else { return None };
        let given = |byte: u8| Some(byte).filter(|byte| *byte != b' ');
        let delimiters = Delimiters {
            standard: Standard::Edifact,
            tag: element,
            element,
            component,
            repetition: given(repetition),
            release: given(release),
            segment,
        };
        return Some(Recognised { delimiters, before: 9, problems });
    }
    let element = *beginning.get(3)?;
    let (component, release, segment) = match element {
        // Level B of syntax versions 1 to 3 (ISO 9735 section 7.2): control characters, and none that releases.
        0x1d => (0x1f, None, 0x1c),
        b'+' => (b':', Some(b'?'), b'\''),
        _ => {
            problems.push(format!(
                "UNB goes on with {} and no UNA says so: the other delimiters are taken to be the usual ones",
                Shown(element)
            ));
            (b':', Some(b'?'), b'\'')
        }
    };
    // Syntax version 4 knows repetitions without UNA, too.
    let version = beginning.split(|byte| *byte == element).nth(1).and_then(|field| {
        let mut components = field.split(|byte| *byte == component);
        components.nth(1).and_then(|version| version.first().copied())
    });
    let repetition = (version == Some(b'4')).then_some(b'*');
    let delimiters =
        Delimiters { standard: Standard::Edifact, tag: element, element, component, repetition, release, segment };
    Some(Recognised { delimiters, before: 0, problems })
}

const fn tradacoms() -> Recognised {
    let delimiters = Delimiters {
        standard: Standard::Tradacoms,
        tag: b'=',
        element: b'+',
        component: b':',
        repetition: None,
        release: Some(b'?'),
        segment: b'\'',
    };
    Recognised { delimiters, before: 0, problems: Vec::new() }
}

impl Delimiters {
    /// A character that stands for two of them.
    fn used_twice(&self) -> Option<u8> {
        let all = [Some(self.element), Some(self.component), self.repetition, self.release, Some(self.segment)];
        let given: Vec<u8> = all.into_iter().flatten().collect();
        given.iter().enumerate().find(|(index, byte)| given[..*index].contains(byte)).map(|(_, byte)| *byte)
    }

    /// Whether segments and elements can be told apart by them.
    #[must_use]
    pub fn are_usable(&self) -> bool {
        let of_components = match self.standard {
            // X12 has components in few elements, and none in its envelopes.
            Standard::X12 => None,
            Standard::Edifact | Standard::Tradacoms => Some(self.component),
        };
        let all = [Some(self.element), Some(self.segment), of_components];
        let given: Vec<u8> = all.into_iter().flatten().collect();
        let another = |index: usize, byte: &u8| !given[..index].contains(byte);
        given
            .iter()
            .enumerate()
            .all(|(index, byte)| another(index, byte) && !byte.is_ascii_alphanumeric() && *byte != b' ')
    }

    /// What each is for and how it is written, in the order in which they are told.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("Element separator", Shown(self.element).to_string()),
            ("Component separator", Shown(self.component).to_string()),
        ];
        all.extend(self.repetition.map(|byte| ("Repetition separator", Shown(byte).to_string())));
        all.extend(self.release.map(|byte| ("Release character", Shown(byte).to_string())));
        all.push(("Segment terminator", Shown(self.segment).to_string()));
        all
    }
}

impl Serialize for Delimiters {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let text = |byte: u8| char::from(byte).to_string();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("element", &text(self.element))?;
        map.serialize_entry("component", &text(self.component))?;
        map.serialize_entry("repetition", &self.repetition.map(text))?;
        map.serialize_entry("release", &self.release.map(text))?;
        map.serialize_entry("segment", &text(self.segment))?;
        map.end()
    }
}

/// A character as it can be read: itself, or by its name.
pub(super) struct Shown(pub(super) u8);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\n' => f.write_str("line feed"),
            b'\r' => f.write_str("carriage return"),
            b'\t' => f.write_str("tab"),
            b' ' => f.write_str("space"),
            byte @ 0x21..=0x7e => write!(f, "{}", char::from(byte)),
            byte => write!(f, "0x{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISA_LINE: &[u8] =
        b"ISA*00*          *00*          *ZZ*ACME           *ZZ*AMAZON         *261123*1402*^*00501*000000412*0*P*>~";

    #[test]
    fn the_delimiters_of_x12_stand_at_their_places_in_isa() {
        let found = recognise(ISA_LINE).unwrap();
        let Delimiters { element, component, repetition, release, segment, .. } = found.delimiters;
        assert_eq!((element, component, repetition, release, segment), (b'*', b'>', Some(b'^'), None, b'~'));
        assert_eq!(found.problems, Vec::<String>::new());
        let odd: Vec<u8> = ISA_LINE
            .iter()
            .map(|byte| match byte {
                b'*' => 0x1d,
                b'>' => 0x1f,
                b'^' => b'U',
                b'~' => b'\n',
                other => *other,
            })
            .collect();
        let found = recognise(&odd).unwrap();
        let Delimiters { element, component, repetition, segment, .. } = found.delimiters;
        assert_eq!((element, component, repetition, segment), (0x1d, 0x1f, None, b'\n'));
        assert_eq!(found.delimiters.named()[2], ("Segment terminator", "line feed".to_owned()));
    }

    #[test]
    fn an_isa_whose_fields_are_not_filled_up_is_read_by_counting() {
        let found = recognise(b"ISA*00**00**ZZ*ACME*ZZ*AMAZON*261123*1402*U*00401*000000412*0*P*:~GS*PO*A*B~").unwrap();
        assert_eq!((found.delimiters.component, found.delimiters.segment), (b':', b'~'));
        assert!(found.problems[0].contains("lengths"), "{:?}", found.problems);
        assert!(recognise(b"ISA*00*cut off").is_none());
    }

    #[test]
    fn una_says_which_delimiters_edifact_uses_and_without_it_they_are_the_usual_ones() {
        let found = recognise(b"UNA#|.! ~UNB|UNOC#3|A|B|261123#1402|1~").unwrap();
        let Delimiters { element, component, repetition, release, segment, .. } = found.delimiters;
        assert_eq!((element, component, repetition, release, segment), (b'|', b'#', None, Some(b'!'), b'~'));
        assert_eq!(found.before, 9);
        let usual = recognise(b"UNB+UNOA:4+A+B+261123:1402+1'").unwrap().delimiters;
        assert_eq!((usual.component, usual.release, usual.repetition), (b':', Some(b'?'), Some(b'*')));
        let level_b = recognise(b"UNB\x1dUNOB\x1f1\x1dA\x1dB\x1d261123\x1f1402\x1d1\x1c").unwrap().delimiters;
        assert_eq!((level_b.component, level_b.release, level_b.segment), (0x1f, None, 0x1c));
        assert!(!recognise(b"UNB;UNOA:2;A;B;261123:1402;1'").unwrap().problems.is_empty());
    }

    #[test]
    fn one_character_for_two_delimiters_is_told() {
        let problems = recognise(b"UNA::.? 'UNB:UNOA'").unwrap().problems;
        assert!(problems[0].contains("two different delimiters"), "{problems:?}");
        for other in [&b"<?xml version=\"1.0\"?>"[..], b"ISAAC NEWTON", b"", b"IS", b"%PDF-1.4"] {
            assert_eq!(recognise(other), None);
        }
    }
}
