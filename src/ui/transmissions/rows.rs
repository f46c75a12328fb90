//! The rows of the table: each written out once, when it is first seen.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::kept::Cell;
use crate::app::TransmissionSummary;
use crate::app::engine::Snapshot;
use crate::domain::identifier::ConnectionId;
use crate::domain::transmission::Direction;
use crate::ui::moment::Moment;
use crate::ui::moment::size;
use crate::ui::outcome::{direction_word, result_of};

/// What is written in a row.
#[derive(Debug)]
pub(super) struct Cells {
    /// `23 Nov, 14:02`.
    pub when: String,
    /// The connection's name.
    pub partner: String,
    /// `↑ Production`.
    pub profile: String,
    /// The file's name.
    pub file: String,
    /// The type of its document.
    pub document: String,
    /// Its control numbers.
    pub numbers: String,
    /// Its size.
    pub size: String,
    /// The result.
    pub result: String,
    /// What every row says, for screen readers.
    pub sentence: String,
}

/// One transmission in the list.
#[derive(Debug)]
pub(super) struct Row {
    /// As listed by the journal.
    pub summary: TransmissionSummary,
    cells: OnceCell<Cells>,
}

impl Row {
    /// Not written out yet.
    #[must_use]
    pub(super) const fn new(summary: TransmissionSummary) -> Self {
        Self { summary, cells: OnceCell::new() }
    }

    /// What is written in it.
    pub(super) fn cells(&self, names: &Names, moment: &Moment) -> &Cells {
        self.cells.get_or_init(|| write(&self.summary, names, moment))
    }

    /// All that is written in it, for screen readers, with the columns that the user has chosen.
    #[must_use]
    pub(super) fn sentence(&self, cells: &Cells, columns: &[Cell]) -> String {
        let mut sentence = cells.sentence.clone();
        for column in columns {
            let (what, value) = match column {
                Cell::Document => ("document type", &cells.document),
                Cell::Numbers => ("control numbers", &cells.numbers),
                Cell::MessageId => ("Message-ID", &self.summary.message_id),
                Cell::When | Cell::Partner | Cell::Profile | Cell::File | Cell::Size | Cell::Result => continue,
            };
            if !value.is_empty() {
                sentence.push_str(&format!(", {what} {value}"));
            }
        }
        sentence
    }

    /// Forgets what was written, because names have changed.
    pub(super) fn forget(&mut self) {
        self.cells = OnceCell::new();
    }
}

/// What connections are called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names(HashMap<ConnectionId, String>);

impl Names {
    /// As the workspace has them.
    #[must_use]
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let named =
            |state: &crate::app::engine::ConnectionState| (state.connection.id.clone(), state.connection.name.clone());
        Self(snapshot.connections.iter().map(named).collect())
    }

    /// One's name; its id where it was removed.
    #[must_use]
    pub(super) fn of(&self, connection: Option<&ConnectionId>) -> String {
        match connection {
            Some(id) => self.0.get(id).cloned().unwrap_or_else(|| id.to_string()),
            None => "Unknown sender".to_owned(),
        }
    }
}

fn write(summary: &TransmissionSummary, names: &Names, moment: &Moment) -> Cells {
    let when = moment.day_and_time(summary.at);
    let partner = names.of(summary.connection.as_ref());
    let profile = summary.profile.map_or("No profile", crate::domain::identifier::ProfileKind::label);
    let arrow = match summary.direction {
        Direction::Outbound => "↑",
        Direction::Inbound => "↓",
    };
    let file = summary.file.clone().unwrap_or_else(|| "No file name".to_owned());
    let size = size(summary.bytes);
    let result = result_of(summary.direction, summary.verdict, summary.cause.as_deref());
    let way = direction_word(summary.direction);
    Cells {
        sentence: format!("{partner}, {profile}, {way} {when}, {file}, {size}, {result}"),
        profile: format!("{arrow} {profile}"),
        when,
        partner,
        file,
        document: summary.document.clone().unwrap_or_default(),
        numbers: summary.control_numbers.clone().unwrap_or_default(),
        size,
        result,
    }
}
