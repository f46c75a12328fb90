//! Saving what was kept to a file that is picked.

use egui::Ui;

use crate::app::RawPart;
use crate::app::engine::{Answer, Command, LookAnswer, LookCommand, RequestId};
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::moment::size;
use crate::ui::widgets::secondary;

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Part(RawPart, Option<u32>),
    Proof,
}

/// A file on its way.
#[derive(Default)]
pub(super) struct Saving {
    pick: Option<(What, TransmissionId, Option<PickId>)>,
    writing: Option<RequestId>,
}

impl Saving {
    /// The button that saves a part, of an attempt or of the one that counts.
    pub(super) fn button(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        id: TransmissionId,
        (part, attempt): (RawPart, Option<u32>),
        name: &str,
    ) {
        let button =
            secondary(ui, format!("Save {}…", part.label())).on_hover_text("Every byte exactly as it was kept");
        if button.clicked() {
            self.pick = Some((What::Part(part, attempt), id, desk.pick_file(FilePick::Save(name.to_owned()))));
        }
    }

    /// The button that writes the proof of delivery.
    pub(super) fn proof(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, id: TransmissionId, name: &str) {
        let button = secondary(ui, "Proof of delivery…")
            .on_hover_text("A page with the signed receipt, its signature verified anew");
        if button.clicked() {
            self.pick = Some((What::Proof, id, desk.pick_file(FilePick::Save(name.to_owned()))));
        }
    }

    /// Takes what was picked and what came of it.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) {
        if let Some((what, id, pick)) = &mut self.pick {
            let (what, id) = (*what, *id);
            // A dialog that could not be opened is not waited for.
            let picked = if pick.is_none() { Some(None) } else { desk.picked(pick) };
            if let Some(picked) = picked {
                self.pick = None;
                if let Some(file) = picked {
                    let command = match what {
                        What::Part(part, attempt) => LookCommand::Save(id, part, attempt, file),
                        What::Proof => LookCommand::Proof(id, file),
                    };
                    self.writing = desk.ask(|request| Command::Look(request, command));
                }
            }
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Look(answer))) => told(desk, &answer),
            Some(Ok(_)) | None => {}
            Some(Err(error)) => desk.toasts.failed("It was not written", &error),
        }
    }
}

fn told(desk: &mut Desk<'_>, answer: &LookAnswer) {
    match answer {
        LookAnswer::Saved(saved) => {
            let file = saved.file.display().to_string();
            match saved.gap {
                None => desk.toasts.done("Saved", &file),
                Some(gap) => desk.toasts.warn(&format!("Saved without {} that were not kept", size(gap.bytes)), &file),
            }
        }
        LookAnswer::Proven(file, true) => {
            desk.toasts.done("Written, and every check holds", &file.display().to_string())
        }
        LookAnswer::Proven(file, false) => {
            desk.toasts.warn("Written, but the delivery is not proven", &file.display().to_string());
        }
        _ => {}
    }
}
