//! The envelopes of an interchange: interchange, group, message, with the control numbers by which each is known and the
//! counts that their last segments give.

use serde::Serialize;

use super::delimiters::{Delimiters, Standard};
use super::outline::MOST_LISTED;
use super::segments::Segment;

/// An interchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interchange {
    /// Of which standard.
    pub standard: Standard,
    /// Its first segment, counted from 0.
    pub segment: u64,
    /// From whom (ISA06, UNB 0004).
    pub sender: Option<String>,
    /// To whom (ISA08, UNB 0010).
    pub receiver: Option<String>,
    /// Its control number (ISA13, UNB 0020).
    pub control: Option<String>,
    /// Its version (ISA12) or syntax (UNB S001).
    pub version: Option<String>,
    /// Whether it says of itself that it is a test (ISA15, UNB 0035).
    pub test: bool,
}

/// A transaction set or message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Its first segment, counted from 0.
    pub segment: u64,
    /// How many segments it has, its first and last included; nothing where its end is missing.
    pub segments: Option<u64>,
    /// What it is: `850`, `ORDERS`.
    pub kind: Option<String>,
    /// Its version: `005010`, `D:96A:UN:EAN008`.
    pub version: Option<String>,
    /// Its control number (ST02, UNH 0062).
    pub control: Option<String>,
    /// The control number of its group (GS06, UNG 0048), where it is in one.
    pub group: Option<String>,
    /// The kind of its group (GS01, UNG 0038).
    pub group_kind: Option<String>,
    /// The control number of its interchange.
    pub interchange: Option<String>,
}

/// How the three envelopes of a standard begin and end.
struct Tags {
    interchange: (&'static str, &'static str),
    group: (&'static str, &'static str),
    message: (&'static str, &'static str),
}

const fn tags(standard: Standard) -> Tags {
    match standard {
        Standard::X12 => Tags { interchange: ("ISA", "IEA"), group: ("GS", "GE"), message: ("ST", "SE") },
        Standard::Edifact => Tags { interchange: ("UNB", "UNZ"), group: ("UNG", "UNE"), message: ("UNH", "UNT") },
        Standard::Tradacoms => Tags { interchange: ("STX", "END"), group: ("BAT", "EOB"), message: ("MHD", "MTR") },
    }
}

/// An envelope that is open.
#[derive(Clone, Debug, Default)]
struct Open {
    control: Option<String>,
    kind: Option<String>,
    version: Option<String>,
    /// What it holds so far: groups or messages, in a message segments.
    held: u64,
    /// In an interchange: messages that stand in no group.
    loose: u64,
}

/// Follows the envelopes segment by segment.
#[derive(Default)]
pub(super) struct Envelopes {
    pub(super) interchanges: Vec<Interchange>,
    pub(super) interchange_count: u64,
    pub(super) messages: Vec<Message>,
    pub(super) message_count: u64,
    standard: Option<Standard>,
    interchange: Option<Open>,
    group: Option<Open>,
    message: Option<Open>,
}

impl Envelopes {
    /// Takes the next segment; what is wrong is told.
    pub(super) fn take(&mut self, segment: &Segment, delimiters: &Delimiters, tell: &mut dyn FnMut(String)) {
        let tags = tags(delimiters.standard);
        let tag = segment.tag.as_str();
        self.standard = Some(delimiters.standard);
        if let Some(message) = &mut self.message {
            message.held += 1;
        }
        if tag == tags.interchange.0 {
            self.unended(&tags, 3, tell);
            self.begin_interchange(segment, delimiters);
        } else if tag == tags.interchange.1 {
            self.unended(&tags, 2, tell);
            self.end_interchange(segment, delimiters, &tags, tell);
        } else if tag == tags.group.0 {
            self.unended(&tags, 2, tell);
            self.group = Some(group(segment, delimiters));
            if let Some(interchange) = &mut self.interchange {
                interchange.held += 1;
            }
        } else if tag == tags.group.1 {
            self.unended(&tags, 1, tell);
            self.end_group(segment, delimiters, &tags, tell);
        } else if tag == tags.message.0 {
            self.unended(&tags, 1, tell);
            self.begin_message(segment, delimiters);
        } else if tag == tags.message.1 {
            self.end_message(segment, delimiters, &tags, tell);
        } else if self.message.is_none() && !stands_alone(tag, delimiters.standard) {
            tell(format!("{} stands outside of any message", owned(Some(tag)).unwrap_or_default()));
        }
    }

    /// The file has ended.
    pub(super) fn end(&mut self, tell: &mut dyn FnMut(String)) {
        if let Some(standard) = self.standard {
            self.unended(&tags(standard), 3, tell);
        }
    }

    /// Closes what is still open though something begins that cannot stand in it: 1 a message, 2 a group, too, 3 the
    /// interchange, too.
    fn unended(&mut self, tags: &Tags, depth: u8, tell: &mut dyn FnMut(String)) {
        let mut missing = |open: Option<Open>, (begin, end): (&str, &str)| {
            if let Some(open) = open {
                let which = open.control.map_or_else(String::new, |control| format!(" {control}"));
                tell(format!("{begin}{which} is never ended: {end} is missing"));
            }
        };
        missing(self.message.take(), tags.message);
        if depth >= 2 {
            missing(self.group.take(), tags.group);
        }
        if depth >= 3 {
            missing(self.interchange.take(), tags.interchange);
        }
    }

    fn begin_interchange(&mut self, segment: &Segment, delimiters: &Delimiters) {
        let interchange = interchange(segment, delimiters);
        self.interchange = Some(Open { control: interchange.control.clone(), ..Open::default() });
        self.interchange_count += 1;
        if self.interchanges.len() < MOST_LISTED {
            self.interchanges.push(interchange);
        }
    }

    fn begin_message(&mut self, segment: &Segment, delimiters: &Delimiters) {
        let open = message(segment, delimiters, self.group.as_ref());
        match (&mut self.group, &mut self.interchange) {
            (Some(group), _) => group.held += 1,
            (None, Some(interchange)) => interchange.loose += 1,
            (None, None) => {}
        }
        self.message_count += 1;
        if self.messages.len() < MOST_LISTED {
            self.messages.push(Message {
                segment: segment.number,
                segments: None,
                kind: open.kind.clone(),
                version: open.version.clone(),
                control: open.control.clone(),
                group: self.group.as_ref().and_then(|group| group.control.clone()),
                group_kind: self.group.as_ref().and_then(|group| group.kind.clone()),
                interchange: self.interchange.as_ref().and_then(|interchange| interchange.control.clone()),
            });
        }
        self.message = Some(open);
    }

    fn end_message(&mut self, segment: &Segment, delimiters: &Delimiters, tags: &Tags, tell: &mut dyn FnMut(String)) {
        let (begin, end) = tags.message;
        let Some(open) = self.message.take() else {
            tell(format!("{end} ends nothing: there is no {begin} before it"));
            return;
        };
        if let Some(listed) = self.messages.get_mut(usize::try_from(self.message_count - 1).unwrap_or(usize::MAX)) {
            listed.segments = Some(open.held);
        }
        count(end, segment.element(1), open.held, "segment", tell);
        if delimiters.standard != Standard::Tradacoms {
            same(begin, &open.control, end, segment.element(2), tell);
        }
    }

    fn end_group(&mut self, segment: &Segment, delimiters: &Delimiters, tags: &Tags, tell: &mut dyn FnMut(String)) {
        let (begin, end) = tags.group;
        let Some(open) = self.group.take() else {
            tell(format!("{end} ends nothing: there is no {begin} before it"));
            return;
        };
        count(end, segment.element(1), open.held, "message", tell);
        if delimiters.standard != Standard::Tradacoms {
            same(begin, &open.control, end, segment.element(2), tell);
        }
    }

    fn end_interchange(
        &mut self,
        segment: &Segment,
        delimiters: &Delimiters,
        tags: &Tags,
        tell: &mut dyn FnMut(String),
    ) {
        let (begin, end) = tags.interchange;
        let Some(open) = self.interchange.take() else {
            tell(format!("{end} ends nothing: there is no {begin} before it"));
            return;
        };
        let (held, what) = match delimiters.standard {
            Standard::X12 => (open.held, "group"),
            // Groups where there are any, else messages (ISO 9735, 0036).
            Standard::Edifact if open.held > 0 => (open.held, "group"),
            Standard::Edifact | Standard::Tradacoms => (open.loose, "message"),
        };
        count(end, segment.element(1), held, what, tell);
        if delimiters.standard != Standard::Tradacoms {
            same(begin, &open.control, end, segment.element(2), tell);
        }
    }
}

/// Segments that stand outside of messages.
fn stands_alone(tag: &str, standard: Standard) -> bool {
    match standard {
        Standard::X12 => matches!(tag, "TA1" | "TA3" | "ISB" | "ISE"),
        Standard::Edifact => matches!(tag, "UNA" | "UNO" | "UNP"),
        Standard::Tradacoms => tag == "RSG",
    }
}

fn count(end: &str, said: Option<&str>, counted: u64, what: &str, tell: &mut dyn FnMut(String)) {
    let things = if counted == 1 { format!("is 1 {what}") } else { format!("are {counted} {what}s") };
    match said.map(str::parse::<u64>) {
        Some(Ok(said)) if said == counted => {}
        Some(Ok(said)) => tell(format!("{end} counts {said}, and there {things}")),
        Some(Err(_)) => tell(format!("{end} does not give a number where it counts {what}s")),
        None => tell(format!("{end} does not say how many {what}s there are")),
    }
}

/// Numbers are the same also where one of them has leading zeros that the other leaves out.
fn same(begin: &str, first: &Option<String>, end: &str, last: Option<&str>, tell: &mut dyn FnMut(String)) {
    let bare = |number: &str| number.trim_start_matches('0').to_owned();
    // As short as the first was kept.
    let last = owned(last);
    let (first, last) = (first.as_deref().unwrap_or_default(), last.as_deref().unwrap_or_default());
    if bare(first) != bare(last) {
        let shown = |number: &str| if number.is_empty() { "none".to_owned() } else { number.to_owned() };
        tell(format!("{begin} has the control number {} and {end} has {}", shown(first), shown(last)));
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(|text| text.chars().take(120).collect())
}

fn interchange(segment: &Segment, delimiters: &Delimiters) -> Interchange {
    let element = |number| owned(segment.element(number));
    let component = |element, number| owned(segment.component(delimiters, element, number));
    let (sender, receiver, control, version, test) = match delimiters.standard {
        Standard::X12 => (element(6), element(8), element(13), element(12), segment.element(15) == Some("T")),
        Standard::Edifact => {
            let syntax = element(1).map(|syntax| syntax.replace(char::from(delimiters.component), ":"));
            // 0035, which is `1` in a test; further values are of version 4.
            let test = segment.element(11).is_some_and(|indicator| indicator != "0");
            (component(2, 1), component(3, 1), element(5), syntax, test)
        }
        Standard::Tradacoms => {
            let name = |number| component(number, 1).or_else(|| component(number, 2));
            (name(2), name(3), component(5, 1), element(1), false)
        }
    };
    Interchange { standard: delimiters.standard, segment: segment.number, sender, receiver, control, version, test }
}

fn group(segment: &Segment, delimiters: &Delimiters) -> Open {
    let element = |number| owned(segment.element(number));
    let (kind, control, version) = match delimiters.standard {
        Standard::X12 => (element(1), element(6), element(8)),
        Standard::Edifact => (element(1), element(5), None),
        Standard::Tradacoms => (None, element(1), None),
    };
    Open { control, kind, version, ..Open::default() }
}

fn message(segment: &Segment, delimiters: &Delimiters, group: Option<&Open>) -> Open {
    let component = |element, number| owned(segment.component(delimiters, element, number));
    let (kind, control, version) = match delimiters.standard {
        Standard::X12 => {
            // ST03 is the implementation guide; the version is that of the group.
            let version = segment.element(3).or_else(|| group.and_then(|group| group.version.as_deref()));
            (owned(segment.element(1)), owned(segment.element(2)), owned(version))
        }
        Standard::Edifact => {
            let version: Vec<String> = (2..=5).filter_map(|number| component(2, number)).collect();
            let version = (!version.is_empty()).then(|| version.join(":"));
            (component(2, 1), owned(segment.element(1)), version)
        }
        Standard::Tradacoms => (component(2, 1), owned(segment.element(1)), component(2, 2)),
    };
    // The segment itself is the first that it holds.
    Open { control, kind, version, held: 1, loose: 0 }
}
