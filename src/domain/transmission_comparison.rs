//! Two transmissions beside each other: what is the same and what differs, so that the one that went wrong can be told from
//! the one that went right.

use serde::Serialize;

use super::size::size;
use super::transmission::{Direction, Headers, Light, Stage, StageName, StageStatus, Transmission, Verdict};

/// A line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedLine {
    /// What is compared.
    pub name: String,
    /// As it is with the one; nothing where it is absent.
    pub one: Option<String>,
    /// As it is with the other.
    pub other: Option<String>,
    /// Whether it differs in a way that says something: numbers that differ by their nature do not.
    pub differs: bool,
}

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedGroup {
    /// What they are about.
    pub title: &'static str,
    /// The lines.
    pub lines: Vec<ComparedLine>,
}

/// Two transmissions beside each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Group by group.
    pub groups: Vec<ComparedGroup>,
}

impl Comparison {
    /// How many lines differ.
    #[must_use]
    pub fn differences(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.lines).filter(|line| line.differs).count()
    }
}

/// Headers that differ with every message by their nature.
const ALWAYS_OTHER: [&str; 6] = ["message-id", "date", "content-length", "etag", "server-timing", "x-request-id"];

/// Compares two transmissions.
#[must_use]
pub fn compare(one: &Transmission, other: &Transmission) -> Comparison {
    let groups = vec![
        ComparedGroup { title: "Result", lines: result(one, other) },
        ComparedGroup { title: "Document", lines: document(one, other) },
        ComparedGroup { title: "Stages", lines: stages(one, other) },
        ComparedGroup { title: "Server", lines: server(one, other) },
        ComparedGroup { title: "Request headers", lines: headers(&one.request_headers, &other.request_headers) },
        ComparedGroup { title: "Answer headers", lines: headers(&one.response_headers, &other.response_headers) },
        ComparedGroup { title: "Headers of the receipt", lines: headers(&one.receipt_headers, &other.receipt_headers) },
    ];
    Comparison { groups: groups.into_iter().filter(|group| !group.lines.is_empty()).collect() }
}

fn line(name: &str, one: Option<String>, other: Option<String>) -> Option<ComparedLine> {
    let differs = one != other;
    (one.is_some() || other.is_some()).then(|| ComparedLine { name: name.to_owned(), one, other, differs })
}

/// One that always differs.
fn by_nature(name: &str, one: Option<String>, other: Option<String>) -> Option<ComparedLine> {
    line(name, one, other).map(|line| ComparedLine { differs: line.one.is_some() != line.other.is_some(), ..line })
}

fn both<T>(one: &Transmission, other: &Transmission, of: impl Fn(&Transmission) -> T) -> (T, T) {
    (of(one), of(other))
}

fn result(one: &Transmission, other: &Transmission) -> Vec<ComparedLine> {
    let text = |name: &str, of: &dyn Fn(&Transmission) -> Option<String>| {
        let (one, other) = both(one, other, of);
        line(name, one, other)
    };
    let own = |name: &str, of: &dyn Fn(&Transmission) -> Option<String>| {
        let (one, other) = both(one, other, of);
        by_nature(name, one, other)
    };
    let mut lines = vec![
        text("Verdict", &|each| Some(verdict(each.verdict).to_owned())),
        text("Cause", &|each| each.cause().map(str::to_owned)),
        own("When", &|each| Some(each.at.to_string())),
        text("Way", &|each| Some(way(each.direction).to_owned())),
        text("Connection", &|each| each.connection.as_ref().map(ToString::to_string)),
        text("Profile", &|each| each.profile.map(|profile| profile.label().to_owned())),
        own("Message-ID", &|each| Some(each.message_id.clone())),
        text("HTTP status", &|each| each.http_status.map(|status| status.to_string())),
        text("Disposition", &|each| each.disposition.clone()),
        text("MIC algorithm", &|each| each.mic.algorithm.clone()),
        text("MIC matches", &|each| each.mic.matches.map(|same| if same { "yes" } else { "no" }.to_owned())),
        text("Signed with", &|each| each.signed_with.map(|with| with.to_string())),
        text("Attempts", &|each| Some(each.attempts.len().to_string())),
    ];
    for ((name, first), (_, second)) in one.lights.named().into_iter().zip(other.lights.named()) {
        // The disposition itself and its light are two things.
        lines.push(line(&format!("{name} light"), Some(light(first).to_owned()), Some(light(second).to_owned())));
    }
    lines.into_iter().flatten().collect()
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Queued => "Queued",
        Verdict::Sending => "Sending",
        Verdict::Delivered => "Delivered",
        Verdict::Failed => "Failed",
        Verdict::Pending => "Waiting for receipt",
        Verdict::Uncertain => "Uncertain",
        Verdict::Cancelled => "Cancelled",
        Verdict::Received => "Received",
        Verdict::Refused => "Refused",
    }
}

const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Outbound => "Sent",
        Direction::Inbound => "Received",
    }
}

const fn light(light: Light) -> &'static str {
    match light {
        Light::Good => "Good",
        Light::Bad => "Wrong",
        Light::Missing => "Missing",
        Light::NotAsked => "Not asked for",
    }
}

/// How a stage stands, with its evidence.
fn told(stage: &Stage) -> String {
    let status = match stage.status {
        StageStatus::Running => "Under way",
        StageStatus::Good => "Good",
        StageStatus::Bad => "Failed",
        StageStatus::Skipped => "Skipped",
    };
    if stage.detail.is_empty() { status.to_owned() } else { format!("{status}, {}", stage.detail) }
}

fn document(one: &Transmission, other: &Transmission) -> Vec<ComparedLine> {
    let pair = |name: &str, of: &dyn Fn(&Transmission) -> Option<String>| {
        let (one, other) = both(one, other, of);
        line(name, one, other)
    };
    let lines = [
        pair("File", &|each| each.file.clone()),
        pair("Size", &|each| Some(size(each.bytes.payload))),
        pair("On the wire", &|each| Some(size(each.bytes.sent))),
        pair("SHA-256", &|each| each.payload_sha256.clone()),
    ];
    lines.into_iter().flatten().collect()
}

/// Each stage with its evidence. How long it took differs by its nature.
fn stages(one: &Transmission, other: &Transmission) -> Vec<ComparedLine> {
    let mut lines = Vec::new();
    for name in StageName::ALL {
        let find = |each: &Transmission| {
            let stage = each.stages.iter().find(|stage| stage.stage == *name);
            stage.map(|stage| (told(stage), format!("{} ms", stage.ms)))
        };
        let (first, second) = both(one, other, find);
        let part = |pair: &Option<(String, String)>| pair.as_ref().map(|(told, _)| told.clone());
        let time = |pair: &Option<(String, String)>| pair.as_ref().map(|(_, time)| time.clone());
        lines.extend(line(name.label(), part(&first), part(&second)));
        lines.extend(by_nature(&format!("{}, time", name.label()), time(&first), time(&second)));
    }
    lines
}

fn server(one: &Transmission, other: &Transmission) -> Vec<ComparedLine> {
    let pair = |name: &str, of: &dyn Fn(&Transmission) -> Option<String>| {
        let (one, other) = both(one, other, of);
        line(name, one, other)
    };
    let certificate = |each: &Transmission| {
        each.tls
            .as_ref()
            .and_then(|tls| tls.chain.first())
            .map(|own| format!("{} {}", own.subject, own.fingerprint_sha256.short()))
    };
    let lines = [
        pair("TLS", &|each| each.tls.as_ref().and_then(|tls| tls.version.clone())),
        pair("Server's certificate", &certificate),
    ];
    lines.into_iter().flatten().collect()
}

/// Headers by their names, whatever their order and however the names are written.
fn headers(one: &Headers, other: &Headers) -> Vec<ComparedLine> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in one.iter().chain(other) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.clone());
        }
    }
    let values = |headers: &Headers, wanted: &str| {
        let found: Vec<&str> = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_str())
            .collect();
        (!found.is_empty()).then(|| found.join(", "))
    };
    names
        .iter()
        .filter_map(|name| {
            let (first, second) = (values(one, name), values(other, name));
            if ALWAYS_OTHER.contains(&name.to_ascii_lowercase().as_str()) {
                return by_nature(name, first, second);
            }
            // A boundary is made anew for every message.
            let without = |value: &Option<String>| value.as_deref().map(without_boundary);
            let same = without(&first) == without(&second);
            line(name, first, second).map(|line| ComparedLine { differs: !same, ..line })
        })
        .collect()
}

fn without_boundary(value: &str) -> String {
    let parts = value.split(';').map(str::trim).filter(|part| !part.to_ascii_lowercase().starts_with("boundary="));
    parts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn sent(id: u128) -> Transmission {
        let mut sent =
            Transmission::new(Uuid::from_u128(id), format!("<{id}@acme>"), Timestamp::UNIX_EPOCH, Direction::Outbound);
        sent.request_headers = vec![
            ("Message-ID".to_owned(), format!("<{id}@acme>")),
            ("Content-Type".to_owned(), format!("multipart/signed; micalg=sha-256; boundary=\"b{id}\"")),
        ];
        sent.verdict = Verdict::Delivered;
        sent
    }

    fn differing(comparison: &Comparison) -> Vec<&str> {
        let lines = comparison.groups.iter().flat_map(|group| &group.lines);
        lines.filter(|line| line.differs).map(|line| line.name.as_str()).collect()
    }

    #[test]
    fn what_differs_by_its_nature_is_shown_and_not_marked() {
        let comparison = compare(&sent(1), &sent(2));
        assert_eq!(differing(&comparison), Vec::<&str>::new());
        let identifiers = comparison.groups[0].lines.iter().find(|line| line.name == "Message-ID").unwrap();
        assert_eq!((identifiers.one.as_deref(), identifiers.other.as_deref()), (Some("<1@acme>"), Some("<2@acme>")));
    }

    #[test]
    fn what_says_something_is_marked_also_where_one_side_lacks_it() {
        let mut failed = sent(2);
        failed.verdict = Verdict::Failed;
        failed.http_status = Some(500);
        failed.request_headers[1].1 = "multipart/signed; micalg=sha1; boundary=b".to_owned();
        failed.response_headers = vec![("Server".to_owned(), "proxy".to_owned())];
        let comparison = compare(&sent(1), &failed);
        assert_eq!(differing(&comparison), ["Verdict", "HTTP status", "Content-Type", "Server"]);
        assert_eq!(comparison.differences(), 4);
        let shown = |name: &str| {
            let line = comparison.groups[0].lines.iter().find(|line| line.name == name).unwrap();
            (line.one.as_deref().unwrap_or_default(), line.other.as_deref().unwrap_or_default())
        };
        assert_eq!((shown("Verdict"), shown("Way")), (("Delivered", "Failed"), ("Sent", "Sent")));
        assert_eq!(shown("MIC light"), ("Missing", "Missing"));
        let mut names: Vec<&str> = comparison.groups[0].lines.iter().map(|line| line.name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
