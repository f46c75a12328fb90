//! The chart above the list: what became of its transmissions, over time, by cause and by partner; and the same in numbers.

mod bars;
mod card;
mod numbers;
mod plot;
mod told;

use egui::Ui;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::filters::{Filters, Stretch};
use super::list::List;
use crate::app::engine::{Answer, Command, JournalCommand, RequestId};
use crate::domain::identifier::ConnectionId;
use crate::domain::summary::Step;
use crate::ui::desk::Desk;
use told::Told;

/// So many summaries are kept, so that what was looked at before is there at once.
const MOST_KNOWN: usize = 8;

/// What the chart shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum View {
    /// How many were delivered and failed, over time.
    #[default]
    Outcomes,
    /// How soon receipts came, over time.
    Receipts,
    /// Failures by cause.
    Causes,
    /// Failures by partner.
    Partners,
}

impl View {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Outcomes, "Delivered and failed"),
        (Self::Receipts, "Receipt time"),
        (Self::Causes, "By cause"),
        (Self::Partners, "By partner"),
    ];

    /// Whether it is one over time.
    const fn is_over_time(self) -> bool {
        matches!(self, Self::Outcomes | Self::Receipts)
    }
}

/// How the chart is shown, as it is kept from one start to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Looks {
    /// Only its first line.
    pub collapsed: bool,
    /// What it shows.
    pub view: View,
    /// By hours, days or weeks; as suits the time where nothing is chosen.
    pub step: Option<Step>,
    /// The numbers in place of the bars.
    pub as_table: bool,
}

/// What a summary is of: the filters but for the stretch of time that was chosen in it, with their beginning.
type Key = (Filters, Option<Timestamp>, Option<Step>);

/// What was clicked.
enum Chosen {
    /// A stretch of time.
    Stretch(Stretch),
    /// A cause of failures.
    Cause(String),
    /// A partner's failures.
    Partner(ConnectionId),
}

/// The chart.
#[derive(Default)]
pub(super) struct Chart {
    /// The last is the newest.
    known: Vec<(Key, Told)>,
    asked: Option<(Key, Option<RequestId>)>,
    /// The journal has changed since what is known was asked for.
    stale: bool,
    error: Option<(Key, String)>,
    /// What is shown: stays until what is asked for has come.
    shown: Option<Key>,
    /// The bar that the keyboard comes to; nothing for the newest.
    at: Option<Timestamp>,
}

impl Chart {
    /// The journal has changed.
    pub(super) const fn refresh(&mut self) {
        self.stale = true;
    }

    /// Takes what has come and asks for what is needed, after the list: that goes first.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, filters: &Filters, step: Option<Step>, list: &List) {
        let filters = Filters { stretch: None, ..filters.asked() };
        let question = filters.question(&desk.moment);
        let key = (filters, question.since, step);
        if let Some((asked, id)) = &mut self.asked
            && let Some(answer) = desk.answer(id)
        {
            let asked = asked.clone();
            self.asked = None;
            match answer {
                Ok(Answer::Summed(summary)) => {
                    self.error = None;
                    self.known.retain(|(known, _)| *known != asked);
                    self.known.push((asked, Told::new(*summary, &desk.moment)));
                    let many = self.known.len().saturating_sub(MOST_KNOWN);
                    self.known.drain(..many);
                }
                Ok(_) => {}
                Err(error) => self.error = Some((asked, error.message().to_owned())),
            }
        }
        if self.error.as_ref().is_some_and(|(asked, _)| *asked != key) {
            self.error = None;
        }
        let asking = self.asked.as_ref().is_some_and(|(asked, _)| *asked == key);
        let is_known = self.known.iter().any(|(known, _)| *known == key);
        // While the same is on its way, what has changed meanwhile is asked for after it.
        if !asking && (self.stale || !is_known) && self.error.is_none() && list.is_settled() {
            if std::mem::take(&mut self.stale) {
                self.known.retain(|(known, _)| *known == key || Some(known) == self.shown.as_ref());
            }
            let (step, zone) = (key.2, desk.moment.zone.clone());
            let id = desk.ask(|id| Command::Journal(id, JournalCommand::SumUp(Box::new(question), step, zone)));
            self.asked = id.map(|id| (key.clone(), Some(id)));
        }
        if self.known.iter().any(|(known, _)| *known == key) {
            self.shown = Some(key);
        }
    }

    /// Tries again after an error.
    fn again(&mut self) {
        self.error = None;
        self.stale = true;
    }

    fn told(&self) -> Option<&Told> {
        let shown = self.shown.as_ref()?;
        self.known.iter().find(|(known, _)| known == shown).map(|(_, told)| told)
    }

    /// Shows it, and changes the filters where something in it is clicked.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &Desk<'_>, looks: &mut Looks, filters: &mut Filters, list: &List) {
        match card::card(ui, desk, self, looks, filters, list) {
            Some(Chosen::Stretch(stretch)) => {
                filters.stretch = if filters.stretch.as_ref() == Some(&stretch) { None } else { Some(stretch) };
            }
            Some(Chosen::Cause(cause)) => {
                filters.cause = if filters.cause.as_ref() == Some(&cause) { None } else { Some(cause) };
                filters.only_failed();
            }
            Some(Chosen::Partner(id)) => {
                filters.connection = if filters.connection.as_ref() == Some(&id) { None } else { Some(id) };
                filters.only_failed();
            }
            None => {}
        }
    }
}
