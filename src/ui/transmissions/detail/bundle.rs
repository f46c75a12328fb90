//! A support bundle: what is in it, file by file, before it is saved.

use std::sync::Arc;

use egui::{Context, Label, Ui};

use super::mono_block;
use crate::app::engine::{Answer, Command, LookAnswer, LookCommand, RequestId};
use crate::app::{AppError, Bundle};
use crate::domain::transmission::{Transmission, TransmissionId};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, Part, buttons, frame_with_foot};
use crate::ui::files::{FilePick, PickId};
use crate::ui::moment::size;
use crate::ui::widgets::{ToneName, muted, notice, primary, secondary, section, small};

/// So many characters of a file are shown.
const MOST: usize = 20_000;

/// The dialog.
pub(super) struct BundleDialog {
    id: TransmissionId,
    title: String,
    with_payload: bool,
    asked: Option<RequestId>,
    bundle: Option<Arc<Bundle>>,
    /// Which of its files is shown, and its text.
    shown: usize,
    text: String,
    pick: Option<PickId>,
    writing: Option<RequestId>,
    written: bool,
    error: Option<String>,
}

/// What was clicked at the foot.
enum Wish {
    Save,
    Close,
}

impl BundleDialog {
    /// Of one transmission.
    #[must_use]
    pub(super) fn new(transmission: &Transmission, with_whom: &str, desk: &mut Desk<'_>) -> Self {
        let mut dialog = Self {
            id: transmission.id,
            title: format!("{} · {with_whom}", desk.moment.full(transmission.at)),
            with_payload: false,
            asked: None,
            bundle: None,
            shown: 0,
            text: String::new(),
            pick: None,
            writing: None,
            written: false,
            error: None,
        };
        dialog.gather(desk);
        dialog
    }

    fn gather(&mut self, desk: &mut Desk<'_>) {
        let (id, with_payload) = (self.id, self.with_payload);
        self.error = None;
        // What was gathered before stays in sight until this comes, so that nothing jumps under the pointer.
        self.asked = desk.ask(|request| Command::Look(request, LookCommand::Bundle(id, with_payload)));
        if self.asked.is_none() {
            self.bundle = None;
        }
    }

    fn poll(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Look(answer))) => {
                if let LookAnswer::Bundled(bundle) = *answer {
                    self.bundle = Some(bundle);
                    self.show_file(0);
                }
            }
            Some(Ok(_)) | None => {}
            Some(Err(error)) => {
                self.bundle = None;
                self.failed(&error);
            }
        }
        if let Some(Some(file)) = desk.picked(&mut self.pick)
            && let Some(bundle) = self.bundle.as_ref().filter(|_| self.asked.is_none())
        {
            let bundle = Arc::clone(bundle);
            self.writing = desk.ask(|request| Command::Look(request, LookCommand::WriteBundle(bundle, file)));
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Look(answer))) => {
                if let LookAnswer::BundleWritten(file) = *answer {
                    desk.toasts.done("Support bundle saved", &file.display().to_string());
                    self.written = true;
                }
            }
            Some(Ok(_)) | None => {}
            Some(Err(error)) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &AppError) {
        self.error = Some(match error.what_to_do() {
            Some(hint) => format!("{}\n{hint}", error.message()),
            None => error.message().to_owned(),
        });
    }

    fn show_file(&mut self, index: usize) {
        let text = self.bundle.as_ref().and_then(|bundle| bundle.files.get(index)).map(crate::app::BundleFile::text);
        let text = text.unwrap_or_default();
        self.shown = index;
        self.text = text.chars().take(MOST).collect();
        if self.text.len() < text.len() {
            self.text.push_str("\n…");
        }
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if let Some(error) = &self.error {
            notice(ui, ToneName::Bad, "It was not done", error, |_ui| {});
        }
        let mut with_payload = self.with_payload;
        ui.checkbox(&mut with_payload, small("Put the document itself into it"));
        if with_payload != self.with_payload {
            self.with_payload = with_payload;
            self.gather(desk);
        }
        if self.with_payload {
            let text = "Whoever gets the bundle can read the whole document. Without it the partner's support sees everything else";
            notice(ui, ToneName::Warn, "The document will leave this machine in the clear", text, |_ui| {});
        }
        let Some(bundle) = self.bundle.clone() else {
            if self.error.is_none() {
                ui.label(muted(ui, "Gathering what is needed…"));
            }
            return;
        };
        section(ui, "What is in it");
        let mut chosen = None;
        for (index, (name, bytes, what)) in bundle.list().enumerate() {
            ui.horizontal(|ui| {
                let readable = index < bundle.files.len();
                let words = small(name);
                if ui.add_enabled(readable, egui::Button::selectable(readable && index == self.shown, words)).clicked()
                {
                    chosen = Some(index);
                }
                ui.add(Label::new(muted(ui, format!("{what}, {}", size(bytes)))).truncate());
            });
        }
        if let Some(index) = chosen {
            self.show_file(index);
        }
        if !bundle.left_out.is_empty() {
            section(ui, "What is not in it");
            for line in &bundle.left_out {
                ui.add(Label::new(muted(ui, crate::domain::sentence::sentence(line))).wrap());
            }
        }
        if let Some(file) = bundle.files.get(self.shown) {
            section(ui, &file.name);
            mono_block(ui, &self.text);
        }
    }

    fn foot(&self, ui: &mut Ui) -> Option<Wish> {
        let ready = self.bundle.is_some()
            && [&self.asked, &self.writing].iter().all(|asked| asked.is_none())
            && self.pick.is_none();
        buttons(ui, |ui| {
            let save = ui.add_enabled_ui(ready, |ui| primary(ui, "Save…")).inner.clicked();
            let close = secondary(ui, "Cancel").clicked();
            save.then_some(Wish::Save).or(close.then_some(Wish::Close))
        })
    }
}

impl Dialog for BundleDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        self.poll(desk);
        if self.written {
            return Flow::Close;
        }
        let (subtitle, busy) = (self.title.clone(), self.writing.is_some());
        let wish = frame_with_foot(ctx, "bundle", "Support bundle", &subtitle, 860.0, busy, |ui, part| match part {
            Part::Content => {
                self.content(ui, desk);
                None
            }
            Part::Foot => self.foot(ui),
        });
        match wish {
            Some(Some(Wish::Save)) => {
                self.error = None;
                let name = format!("support-bundle-{}.zip", super::raw::short(self.id));
                self.pick = desk.pick_file(FilePick::Save(name));
                Flow::Open
            }
            Some(Some(Wish::Close) | None) => Flow::Close,
            None => Flow::Open,
        }
    }
}
