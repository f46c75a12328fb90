//! The commands that followed a transmission, each with the end of what it wrote.

use egui::{Label, RichText, Ui};

use crate::app::CommandRun;
use crate::ui::moment::Moment;
use crate::ui::theme;
use crate::ui::widgets::{Badge, ToneName, mono, muted, section};

/// Shows them, where there are any.
pub(super) fn commands(ui: &mut Ui, runs: &[CommandRun], moment: &Moment) {
    if runs.is_empty() {
        return;
    }
    section(ui, "Commands");
    ui.spacing_mut().item_spacing.y = 4.0;
    for run in runs {
        ui.horizontal_wrapped(|ui| {
            let (tone, word) = if run.good { (ToneName::Ok, "Ended well") } else { (ToneName::Bad, "Failed") };
            Badge::new(tone, word).about("Command").show(ui);
            ui.add(Label::new(RichText::new(&run.program).font(theme::small())).wrap().selectable(true));
        });
        let what = format!("{} · {} · {} ms", moment.day_and_time(run.at), run.outcome, run.ms);
        ui.add(Label::new(muted(ui, what)).wrap());
        if !run.output.is_empty() {
            ui.add(Label::new(mono(run.output.as_str())).wrap().selectable(true));
        }
    }
    ui.add_space(6.0);
}
