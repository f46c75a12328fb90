//! What the user has set up for the list and finds again: columns, order, saved filters. Kept with the window's own
//! preferences.

use egui::{Context, Id};
use serde::{Deserialize, Serialize};

use super::chart::Looks as ChartLooks;
use super::filters::Filters;
use crate::app::Sort;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Cell {
    When,
    Partner,
    Profile,
    File,
    Document,
    Numbers,
    MessageId,
    Size,
    Result,
}

impl Cell {
    /// All there are, in their order.
    pub(super) const ALL: [Self; 9] = [
        Self::When,
        Self::Partner,
        Self::Profile,
        Self::File,
        Self::Document,
        Self::Numbers,
        Self::MessageId,
        Self::Size,
        Self::Result,
    ];

    /// Those that are shown where nothing else was chosen.
    pub(super) const USUAL: [Self; 6] =
        [Self::When, Self::Partner, Self::Profile, Self::File, Self::Size, Self::Result];

    /// Its head.
    pub(super) const fn head(self) -> &'static str {
        match self {
            Self::When => "When",
            Self::Partner => "Partner",
            Self::Profile => "Profile",
            Self::File => "File",
            Self::Document => "Document",
            Self::Numbers => "Control numbers",
            Self::MessageId => "Message-ID",
            Self::Size => "Size",
            Self::Result => "Result",
        }
    }

    /// By what its head sorts.
    pub(super) const fn sort(self) -> Option<Sort> {
        match self {
            Self::When => Some(Sort::Time),
            Self::Partner => Some(Sort::Connection),
            Self::Size => Some(Sort::Size),
            Self::Result => Some(Sort::Result),
            Self::Profile | Self::File | Self::Document | Self::Numbers | Self::MessageId => None,
        }
    }

    /// Its width, and where room is short.
    pub(super) const fn width(self, compact: bool) -> f32 {
        match (self, compact) {
            (Self::When, false) => 118.0,
            (Self::When, true) => 104.0,
            (Self::Partner, false) => 168.0,
            (Self::Partner, true) => 142.0,
            (Self::Profile, false) => 112.0,
            (Self::Profile, true) => 108.0,
            (Self::File, false) => 258.0,
            (Self::File, true) => 104.0,
            (Self::Document, _) => 92.0,
            (Self::Numbers, _) => 190.0,
            (Self::MessageId, _) => 320.0,
            (Self::Size, _) => 84.0,
            (Self::Result, false) => 196.0,
            (Self::Result, true) => 130.0,
        }
    }
}

/// In which order the list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    /// By what.
    pub by: Sort,
    /// The other way round.
    pub reversed: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self { by: Sort::Time, reversed: false }
    }
}

impl Order {
    /// What a click on a head makes of it.
    #[must_use]
    pub(super) fn clicked(self, by: Sort) -> Self {
        Self { by, reversed: self.by == by && !self.reversed }
    }

    /// Whether the newest come first.
    #[must_use]
    pub(super) fn is_newest_first(self) -> bool {
        self == Self::default()
    }
}

/// A filter under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    pub name: String,
    pub filters: Filters,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// The columns that are shown.
    pub columns: Vec<Cell>,
    /// The order.
    pub order: Order,
    /// Filters under their names, in the order of saving.
    pub saved: Vec<Saved>,
    /// The chart.
    pub chart: ChartLooks,
}

impl Default for Kept {
    fn default() -> Self {
        Self { columns: Cell::USUAL.to_vec(), order: Order::default(), saved: Vec::new(), chart: ChartLooks::default() }
    }
}

/// The most filters that are saved.
const MOST: usize = 50;

impl Kept {
    /// As it was kept.
    pub(super) fn load(ctx: &Context) -> Self {
        ctx.data_mut(|data| data.get_persisted(Self::id())).unwrap_or_default()
    }

    /// Keeps it.
    pub(super) fn store(&self, ctx: &Context) {
        let kept = self.clone();
        ctx.data_mut(|data| data.insert_persisted(Self::id(), kept));
    }

    fn id() -> Id {
        Id::unique("list of transmissions")
    }

    /// Shows a column, or hides it. The first and the last stay: they name a row and say how it stands.
    pub(super) fn toggle(&mut self, cell: Cell) {
        let shown = self.columns.contains(&cell);
        self.columns = Cell::ALL
            .into_iter()
            .filter(|each| if *each == cell { !shown } else { self.columns.contains(each) })
            .collect();
        for (place, must) in [(0, Cell::When), (self.columns.len() + 1, Cell::Result)] {
            if !self.columns.contains(&must) {
                self.columns.insert(place.min(self.columns.len()), must);
            }
        }
    }

    /// Saves a filter under a name, in the place of one that has it.
    pub(super) fn save(&mut self, name: &str, filters: &Filters) {
        self.saved.retain(|saved| saved.name != name);
        self.saved.truncate(MOST - 1);
        self.saved.push(Saved { name: name.to_owned(), filters: filters.asked() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_order_and_the_first_and_the_last_stay() {
        let mut kept = Kept::default();
        kept.toggle(Cell::Document);
        kept.toggle(Cell::Profile);
        assert_eq!(kept.columns, [Cell::When, Cell::Partner, Cell::File, Cell::Document, Cell::Size, Cell::Result]);
        for cell in kept.columns.clone() {
            kept.toggle(cell);
        }
        assert_eq!(kept.columns, [Cell::When, Cell::Result]);
    }

    #[test]
    fn a_head_that_is_clicked_again_turns_the_order_round() {
        let size = Order::default().clicked(Sort::Size);
        assert_eq!(size, Order { by: Sort::Size, reversed: false });
        assert_eq!(size.clicked(Sort::Size), Order { by: Sort::Size, reversed: true });
        assert_eq!(size.clicked(Sort::Size).clicked(Sort::Time), Order::default());
    }

    #[test]
    fn a_filter_is_saved_once_under_its_name_and_read_again() {
        let mut kept = Kept::default();
        let one = Filters { query: "850".to_owned(), ..Filters::default() };
        kept.save("Orders", &Filters::default());
        kept.save("Orders", &one);
        assert_eq!(kept.saved, [Saved { name: "Orders".to_owned(), filters: one }]);
        kept.chart = ChartLooks { collapsed: true, as_table: true, ..ChartLooks::default() };
        let ctx = Context::default();
        kept.store(&ctx);
        assert_eq!(Kept::load(&ctx), kept);
    }
}
