//! Which certificates are listed, and in which order.

use std::cmp::Ordering;
use std::sync::Arc;

use egui::{Key, Ui, vec2};

use super::rows::{Role, Row, Whose};
use crate::ui::widgets::{Choice, search, select};

/// When they end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// Whenever.
    #[default]
    Any,
    /// Within so many days, those that have ended among them.
    Within(i64),
}

/// How they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// However.
    #[default]
    Any,
    /// In use, and nothing follows.
    NoSuccessor,
    /// Scheduled to go active.
    Scheduled,
    /// Used nowhere.
    Unused,
    /// Self-signed, and nobody has compared the fingerprint.
    Unconfirmed,
}

/// By which column they are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum By {
    Name,
    Whose,
    Used,
    #[default]
    Until,
    Next,
    Confirmed,
    Key,
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub by: By,
    pub reversed: bool,
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filters {
    pub query: String,
    pub whose: Option<Whose>,
    pub ending: Ending,
    pub standing: Standing,
}

impl Filters {
    fn takes(&self, row: &Row, words: &str) -> bool {
        let standing = match self.standing {
            Standing::Any => true,
            Standing::NoSuccessor => row.without_successor,
            Standing::Scheduled => row.places.iter().any(|place| matches!(place.role, Role::Coming(_))),
            Standing::Unused => row.places.iter().all(|place| place.role == Role::Past),
            Standing::Unconfirmed => row.confirmed.word == "Not confirmed",
        };
        let ending = match self.ending {
            Ending::Any => true,
            Ending::Within(days) => row.days <= days,
        };
        standing && ending && self.whose.is_none_or(|whose| row.key.whose == whose) && row.answers(words)
    }

    /// The rows that are asked for, in their order.
    #[must_use]
    pub(super) fn pick(&self, all: &[Arc<Row>], order: Order) -> Vec<Arc<Row>> {
        let words = self.query.trim().to_lowercase();
        let mut rows: Vec<Arc<Row>> = all.iter().filter(|row| self.takes(row, &words)).cloned().collect();
        rows.sort_by(|one, other| {
            let by = order.by.compare(one, other);
            let by = if order.reversed { by.reverse() } else { by };
            by.then_with(|| one.not_after.cmp(&other.not_after)).then_with(|| one.key.cmp(&other.key))
        });
        rows
    }

    /// Whether anything is asked for at all.
    #[must_use]
    pub(super) fn is_set(&self) -> bool {
        Self { query: self.query.trim().to_owned(), ..self.clone() } != Self::default()
    }
}

impl By {
    fn compare(self, one: &Row, other: &Row) -> Ordering {
        let text = |word: fn(&Row) -> &str| word(one).to_lowercase().cmp(&word(other).to_lowercase());
        match self {
            Self::Name => text(|row| &row.name),
            Self::Whose => one.key.whose.cmp(&other.key.whose),
            Self::Used => one.places.len().cmp(&other.places.len()).reverse().then_with(|| text(|row| &row.used)),
            Self::Until => one.not_after.cmp(&other.not_after),
            // Those without a successor first: they are what is to be done.
            Self::Next => other.without_successor.cmp(&one.without_successor).then_with(|| text(|row| &row.next.word)),
            Self::Confirmed => text(|row| &row.confirmed.word),
            Self::Key => text(|row| &row.key_words),
        }
    }
}

/// Shows search and filters, and changes what the user changes.
pub(super) fn filter_row(ui: &mut Ui, filters: &mut Filters, focus: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        let rest = ui.available_width() - 132.0 - 172.0 - 152.0 - 32.0 - 36.0;
        let width = if rest < 110.0 { 170.0 } else { rest.min(260.0) };
        let field = search(ui, "Search certificates", &mut filters.query, "Subject, connection, fingerprint", width);
        if focus {
            field.request_focus();
        }
        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            filters.query.clear();
        }
        let whose = [
            Choice::new(None, "All"),
            Choice::new(Some(Whose::Theirs), "Partners'"),
            Choice::new(Some(Whose::Ours), "Ours"),
            Choice::new(Some(Whose::Server), "TLS servers'"),
        ];
        choose(ui, "Whose", &mut filters.whose, &whose, 132.0);
        let ending = [
            Choice::new(Ending::Any, "Ending at any time"),
            Choice::new(Ending::Within(30), "Ends in 30 days"),
            Choice::new(Ending::Within(60), "Ends in 60 days"),
            Choice::new(Ending::Within(90), "Ends in 90 days"),
        ];
        choose(ui, "Ending", &mut filters.ending, &ending, 172.0);
        let standing = [
            Choice::new(Standing::Any, "Any standing"),
            Choice::new(Standing::NoSuccessor, "No successor"),
            Choice::new(Standing::Scheduled, "Scheduled"),
            Choice::new(Standing::Unused, "Not used"),
            Choice::new(Standing::Unconfirmed, "Not confirmed"),
        ];
        choose(ui, "Standing", &mut filters.standing, &standing, 152.0);
    });
}

fn choose<T: PartialEq + Clone>(ui: &mut Ui, name: &str, value: &mut T, choices: &[Choice<T>], width: f32) {
    if ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
    if let (Some(chosen), _) = select(ui, name, value, choices, width) {
        *value = chosen;
    }
}
