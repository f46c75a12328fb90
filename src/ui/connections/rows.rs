//! The rows of the matrix: which are there, in which order, with everything that is written in them. Made anew only when
//! the workspace, the search or the order has changed, so that a frame does nothing but draw.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::TransmissionSummary;
use crate::app::engine::{ConnectionState, Snapshot};
use crate::domain::compliance::{Column, Status};
use crate::domain::due::needs_action;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::Verdict;
use crate::ui::moment::Moment;
use crate::ui::wording::sentence;

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
    rows: Vec<Arc<Row>>,
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
    snapshot
        .connections
        .iter()
        .map(|state| Prepared {
            rows: rows_of(state, moment).into_iter().map(Arc::new).collect(),
            haystack: haystack(state),
            needs_action: needs_action(&state.report),
            ends_soon: ends_soon(state),
            profile: state.report.profiles.first().map(|report| report.profile),
            worst: Column::ALL.iter().map(|column| worst_cell(state, *column)).collect(),
            last_sent: state.last_sent.iter().map(|(_, sent)| sent.at).max(),
        })
        .collect()
}

/// The rows that answer to a search, in their order.
#[must_use]
pub(super) fn rows(prepared: &[Prepared], query: &str, filter: Filter, order: Order) -> Vec<Arc<Row>> {
    let query = query.trim().to_lowercase();
    let mut shown: Vec<&Prepared> = prepared
        .iter()
        .filter(|connection| match filter {
            Filter::All => true,
            Filter::NeedAction => connection.needs_action,
            Filter::Ending => connection.ends_soon,
        })
        .filter(|connection| query.is_empty() || connection.haystack.contains(&query))
        .collect();
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
    shown.into_iter().flat_map(|connection| connection.rows.iter().cloned()).collect()
}

fn haystack(state: &ConnectionState) -> String {
    let connection = &state.connection;
    let mut all = format!("{}\n{}", connection.name, connection.id);
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
