//! The rows of the matrix: which are there, in which order, with everything that is written in them. Made anew only when
//! the workspace, the search or the order has changed, so that a frame does nothing but draw.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::facets::Marks;
use crate::app::TransmissionSummary;
use crate::app::engine::{ConnectionState, Snapshot};
use crate::domain::compliance::{Column, Status};
use crate::domain::due::needs_action;
use crate::domain::identifier::{ConnectionId, PolicyId, ProfileKind};
use crate::domain::labels::Customer;
use crate::domain::sentence::sentence;
use crate::domain::transmission::Verdict;
use crate::ui::moment::Moment;

/// A cause of so many characters has room in its cell.
const SHORT_CAUSE: usize = 10;

/// A column of the matrix, from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatrixColumn {
    /// Name and AS2 identifiers.
    Connection,
    /// Production or test.
    Profile,
    /// A setting.
    Setting(Column),
    /// The newest message sent.
    LastSend,
}

impl MatrixColumn {
    /// All, from the left.
    pub(super) const ALL: [Self; 8] = [
        Self::Connection,
        Self::Profile,
        Self::Setting(Column::Encryption),
        Self::Setting(Column::Signing),
        Self::Setting(Column::PartnerCertificate),
        Self::Setting(Column::IdentityCertificate),
        Self::Setting(Column::Mdn),
        Self::LastSend,
    ];

    /// Its head.
    #[must_use]
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::Profile => "Profile",
            Self::Setting(Column::Mdn) => "Receipt (MDN)",
            Self::Setting(column) => column.label(),
            Self::LastSend => "Last send",
        }
    }

    /// Its width at first.
    #[must_use]
    pub(super) const fn width(self) -> f32 {
        match self {
            Self::Connection => 186.0,
            Self::Profile => 84.0,
            Self::Setting(Column::Encryption) => 136.0,
            Self::Setting(Column::Signing) => 106.0,
            Self::Setting(Column::PartnerCertificate) => 142.0,
            Self::Setting(Column::IdentityCertificate) => 136.0,
            Self::Setting(Column::Mdn) => 134.0,
            Self::LastSend => 118.0,
        }
    }
}

/// In which order the connections stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// By which column.
    pub by: MatrixColumn,
    /// From the end.
    pub reversed: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self { by: MatrixColumn::Connection, reversed: false }
    }
}

/// Which connections are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Filter {
    /// All.
    #[default]
    All,
    /// Those that break a required rule, or have a certificate that ends soon and no successor.
    NeedAction,
    /// Those with a certificate that ends soon or has ended.
    Ending,
}

/// How a message to a profile ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LastSend {
    /// The verdict; nothing where nothing was sent yet.
    pub verdict: Option<Verdict>,
    /// When, or why not: `2 min ago`, `MIC mismatch`.
    pub word: String,
    /// More about it, for the pointer.
    pub hint: String,
}

/// One profile's row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its connection.
    pub connection: ConnectionId,
    /// The connection's name.
    pub name: String,
    /// `ACMEVC → AMAZONEDI`.
    pub ids: String,
    /// Which profile.
    pub profile: ProfileKind,
    /// Whether it is the connection's first row here.
    pub first: bool,
    /// Whether it is the connection's last row here.
    pub last: bool,
    /// How each setting stands: status and word, in the order of [`Column::ALL`].
    pub cells: Vec<(Status, String)>,
    /// The newest message sent.
    pub last_send: LastSend,
    /// The whole row in a sentence, for screen readers.
    pub sentence: String,
}

/// A connection's rows with what they are searched and ordered by. Made once for each snapshot, because writing all this
/// takes longer than a frame may.
pub(super) struct Prepared {
    /// Its rows.
    pub rows: Vec<Arc<Row>>,
    /// What it has in common with others.
    pub marks: Marks,
    /// How it stands.
    pub status: Status,
    /// Everything that a search looks through, in small letters.
    haystack: String,
    needs_action: bool,
    ends_soon: bool,
    profile: Option<ProfileKind>,
    /// The worst of each setting's cells, in the order of [`Column::ALL`].
    worst: Vec<(Status, String)>,
    last_sent: Option<Timestamp>,
}

/// The rows of all connections, in the order of the snapshot.
#[must_use]
pub(super) fn prepare(snapshot: &Snapshot, moment: &Moment) -> Vec<Prepared> {
    let policies: HashMap<&PolicyId, &str> =
        snapshot.policies.iter().map(|policy| (&policy.id, policy.name.as_str())).collect();
    snapshot
        .connections
        .iter()
        .map(|state| Prepared {
            rows: rows_of(state, moment).into_iter().map(Arc::new).collect(),
            marks: {
                let policy = &state.connection.policy;
                Marks::of(state, policies.get(policy).copied().unwrap_or(policy.as_str()))
            },
            status: state.report.status,
            haystack: haystack(state),
            needs_action: needs_action(&state.report),
            ends_soon: ends_soon(state),
            profile: state.report.profiles.first().map(|report| report.profile),
            worst: Column::ALL.iter().map(|column| worst_cell(state, *column)).collect(),
            last_sent: state.last_sent.iter().map(|(_, sent)| sent.at).max(),
        })
        .collect()
}

impl Prepared {
    /// Whether it answers to a search in small letters and to a tile.
    #[must_use]
    pub(super) fn answers(&self, query: &str, filter: Filter) -> bool {
        let asked = match filter {
            Filter::All => true,
            Filter::NeedAction => self.needs_action,
            Filter::Ending => self.ends_soon,
        };
        asked && (query.is_empty() || self.haystack.contains(query))
    }
}

/// Connections in an order.
pub(super) fn sort(shown: &mut [&Prepared], order: Order) {
    match order.by {
        // As in the snapshot.
        MatrixColumn::Connection => {}
        MatrixColumn::Profile => shown.sort_by_key(|connection| connection.profile),
        MatrixColumn::Setting(column) => {
            let place = Column::ALL.iter().position(|each| *each == column).unwrap_or(0);
            shown.sort_by(|a, b| a.worst.get(place).cmp(&b.worst.get(place)));
        }
        MatrixColumn::LastSend => shown.sort_by_key(|connection| std::cmp::Reverse(connection.last_sent)),
    }
    if order.reversed {
        shown.reverse();
    }
}

fn haystack(state: &ConnectionState) -> String {
    let connection = &state.connection;
    let mut all = format!("{}\n{}", connection.name, connection.id);
    for text in connection.customer.iter().map(Customer::as_str).chain(connection.tags.iter()) {
        all.push('\n');
        all.push_str(text);
    }
    for (_, profile) in connection.profiles() {
        for text in [profile.our_as2_id.as_str(), profile.partner_as2_id.as_str(), profile.url.as_str()] {
            all.push('\n');
            all.push_str(text);
        }
    }
    for cell in state.report.profiles.iter().flat_map(|report| &report.cells) {
        all.push('\n');
        all.push_str(&cell.word);
    }
    all.to_lowercase()
}

fn ends_soon(state: &ConnectionState) -> bool {
    state.report.profiles.iter().flat_map(|report| &report.findings).any(|finding| {
        finding.aspect == Some("validity") && matches!(finding.status, Status::NonCompliant | Status::Due)
    })
}

fn worst_cell(state: &ConnectionState, column: Column) -> (Status, String) {
    state
        .report
        .profiles
        .iter()
        .flat_map(|report| &report.cells)
        .filter(|cell| cell.column == column)
        .map(|cell| (cell.status, cell.word.clone()))
        .min()
        .unwrap_or((Status::NotApplicable, String::new()))
}

fn rows_of(state: &ConnectionState, moment: &Moment) -> Vec<Row> {
    let connection = &state.connection;
    let count = connection.profiles().count();
    // Those of the first profile stand for the pair.
    let ids = connection
        .profiles()
        .next()
        .map_or_else(String::new, |(_, profile)| format!("{} → {}", profile.our_as2_id, profile.partner_as2_id));
    connection
        .profiles()
        .zip(&state.report.profiles)
        .enumerate()
        .map(|(index, ((kind, _), report))| {
            let cells: Vec<(Status, String)> =
                report.cells.iter().map(|cell| (cell.status, cell.word.clone())).collect();
            let last_send = last_send(state.last_sent(kind), moment);
            let mut sentence = format!("{}, {kind}, {}", connection.name, report.status.label());
            for cell in &report.cells {
                sentence.push_str(&format!("; {} {}", cell.column.label(), cell.word));
            }
            sentence.push_str(&format!("; last send {}", last_send.word));
            if let Some(customer) = &connection.customer {
                sentence.push_str(&format!("; customer {customer}"));
            }
            Row {
                connection: connection.id.clone(),
                name: connection.name.clone(),
                ids: ids.clone(),
                profile: kind,
                first: index == 0,
                last: index + 1 == count,
                cells,
                last_send,
                sentence,
            }
        })
        .collect()
}

fn last_send(sent: Option<&TransmissionSummary>, moment: &Moment) -> LastSend {
    let Some(sent) = sent else {
        return LastSend { verdict: None, word: "Never".to_owned(), hint: "Nothing was sent yet".to_owned() };
    };
    let ago = moment.ago(sent.at);
    let cause = sent.cause.clone().unwrap_or_default();
    let word = match sent.verdict {
        Verdict::Delivered | Verdict::Received => sentence(&ago),
        Verdict::Pending => "Waiting".to_owned(),
        Verdict::Sending | Verdict::Queued => "Sending".to_owned(),
        Verdict::Uncertain => "Uncertain".to_owned(),
        Verdict::Cancelled => "Cancelled".to_owned(),
        Verdict::Failed | Verdict::Refused => {
            // A phrase that would be cut says less than a word; the pointer tells the rest.
            let short = !cause.is_empty() && cause.chars().count() <= SHORT_CAUSE;
            if short { cause.clone() } else { "Failed".to_owned() }
        }
    };
    let hint = format!("{}, {}: {cause}", moment.day_and_time(sent.at), sent.verdict);
    LastSend { verdict: Some(sent.verdict), word, hint }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A connection of one profile that stands so.
    pub(in crate::ui::connections) fn prepared(
        name: &str,
        customer: Option<&str>,
        tags: &[&str],
        status: Status,
    ) -> Prepared {
        let mut connection: crate::domain::connection::Connection =
            toml::from_str(&format!("id = \"{}\"\nname = \"{name}\"\n", name.to_lowercase())).unwrap();
        connection.customer = customer.map(|customer| customer.parse().unwrap());
        connection.tags = crate::domain::labels::Tags::new(tags).unwrap();
        let report = crate::domain::compliance::ConnectionReport {
            id: connection.id.clone(),
            name: name.to_owned(),
            policy: connection.policy.clone(),
            status,
            profiles: Vec::new(),
        };
        let row = Row {
            connection: connection.id.clone(),
            name: name.to_owned(),
            ids: String::new(),
            profile: ProfileKind::Production,
            first: true,
            last: true,
            cells: Vec::new(),
            last_send: LastSend { verdict: None, word: String::new(), hint: String::new() },
            sentence: String::new(),
        };
        let state = ConnectionState { connection, report, last_sent: Vec::new() };
        Prepared {
            rows: vec![Arc::new(row)],
            marks: Marks::of(&state, "AS2 modern"),
            status,
            haystack: haystack(&state),
            needs_action: false,
            ends_soon: false,
            profile: None,
            worst: Vec::new(),
            last_sent: None,
        }
    }
}
