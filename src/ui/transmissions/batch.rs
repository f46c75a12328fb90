//! Messages that were sent again together: how many are under way, and what came of them in the end.

use crate::app::engine::SendId;
use crate::domain::transmission::Verdict;
use crate::ui::desk::Desk;
use crate::ui::moment::count;
use crate::ui::sends::Sends;

/// What was begun together, and what has ended so far.
#[derive(Debug, Default)]
pub(super) struct Batch {
    under_way: Vec<SendId>,
    delivered: usize,
    pending: usize,
    uncertain: usize,
    failed: usize,
}

impl Batch {
    /// One more has begun.
    pub(super) fn begun(&mut self, id: SendId) {
        self.under_way.push(id);
    }

    /// How many are under way.
    #[must_use]
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Counts what has ended.
    pub(super) fn follow(&mut self, sends: &Sends) {
        let ids = std::mem::take(&mut self.under_way);
        for id in ids {
            match sends.run(id).map(|run| &run.outcome) {
                Some(None) => self.under_way.push(id),
                Some(Some(Ok(transmission))) => match transmission.verdict {
                    Verdict::Delivered => self.delivered += 1,
                    Verdict::Pending => self.pending += 1,
                    Verdict::Uncertain => self.uncertain += 1,
                    _ => self.failed += 1,
                },
                Some(Some(Err(_))) => self.failed += 1,
                // Another was sent to that profile meanwhile: what became of this one is in the journal.
                None => self.uncertain += 1,
            }
        }
    }

    /// Says what came of all of them, once nothing is under way and nothing is left to be sent.
    pub(super) fn conclude(&mut self, left: usize, desk: &mut Desk<'_>) {
        let ended = self.delivered + self.pending + self.uncertain + self.failed;
        if left > 0 || !self.under_way.is_empty() || ended == 0 {
            return;
        }
        let head = format!("{} sent again", count(ended, "message"));
        let text = self.in_words();
        if self.failed + self.uncertain > 0 {
            desk.toasts.warn(&head, &text)
        } else {
            desk.toasts.done(&head, &text)
        }
        *self = Self::default();
    }

    /// `2 delivered, 1 failed`.
    fn in_words(&self) -> String {
        let all = [
            (self.delivered, "delivered"),
            (self.pending, "waiting for the receipt"),
            (self.uncertain, "uncertain"),
            (self.failed, "failed"),
        ];
        let told: Vec<String> =
            all.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
        told.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_them_is_told_in_a_line() {
        let batch = Batch { delivered: 2, failed: 1, ..Batch::default() };
        assert_eq!(batch.in_words(), "2 delivered, 1 failed");
    }
}
