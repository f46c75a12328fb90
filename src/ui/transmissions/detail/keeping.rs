//! What retention has let go of, and what somebody has decided about keeping the rest.

use egui::{Label, Ui};

use super::fact;
use crate::app::engine::{Command, RequestId, RetentionCommand, TransmissionDetail};
use crate::domain::retention::{Held, RetentionMark, removed_on};
use crate::ui::desk::Desk;
use crate::ui::widgets::{muted, secondary, section, small};

/// The section, with what is being changed.
#[derive(Default)]
pub(super) struct KeepingSection {
    marking: Option<RequestId>,
}

impl KeepingSection {
    /// Shows it. Returns whether the transmission is to be read anew.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, detail: &TransmissionDetail) -> bool {
        let answer = desk.answer(&mut self.marking);
        let is_changed = matches!(answer, Some(Ok(_)));
        if let Some(Err(error)) = answer {
            desk.toasts.failed("It was not marked", &error);
        }
        ui.add_space(6.0);
        section(ui, "Kept");
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 5.0;
            for (kind, at) in &detail.keeping.removed {
                fact(ui, kind.label(), small(removed_on(*at)));
            }
        });
        let held = Held::by_journal(&detail.transmission);
        let disputed = matches!(held, Some(Held::Uncertain | Held::Disputed));
        let (words, acts): (&str, &[(&str, Option<RetentionMark>)]) = match (detail.keeping.mark, held) {
            (Some(RetentionMark::Keep), _) => {
                ("Marked to be kept, whatever the rules of retention say", &[("Follow the rules", None)])
            }
            (Some(RetentionMark::Settled), _) => {
                ("What was disputed is settled, so the rules of retention hold", &[("Not settled", None)])
            }
            (None, Some(_)) if disputed => (
                "Kept until it is settled: retention touches nothing that is uncertain or disputed",
                &[("Settled", Some(RetentionMark::Settled)), ("Keep for good", Some(RetentionMark::Keep))],
            ),
            (None, Some(_)) => ("Kept as long as it is pending", &[("Keep for good", Some(RetentionMark::Keep))]),
            (None, None) => ("As long as the rules of retention say", &[("Keep for good", Some(RetentionMark::Keep))]),
        };
        ui.add(Label::new(muted(ui, words)).wrap());
        let id = detail.transmission.id;
        ui.add_enabled_ui(self.marking.is_none() && !desk.snapshot.workspace.read_only, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (label, mark) in acts {
                    if secondary(ui, *label).clicked() {
                        self.marking =
                            desk.ask(|request| Command::Retention(request, RetentionCommand::Mark(id, *mark)));
                    }
                }
            });
        });
        is_changed
    }
}
