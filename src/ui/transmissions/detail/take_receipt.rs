//! A receipt that came another way: pasted, or picked as a file.

use std::path::PathBuf;

use egui::{Context, Label, RichText, ScrollArea, TextEdit, Ui};

use crate::app::engine::{Answer, Command, ReceiptSource, RequestId};
use crate::domain::transmission::{Direction, Transmission, TransmissionId, Verdict};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, buttons, frame};
use crate::ui::files::{FilePick, PickId};
use crate::ui::theme;
use crate::ui::widgets::{ToneName, notice, primary, secondary};

/// Asks for the receipt and says what came of it.
pub(super) struct ReceiptDialog {
    id: TransmissionId,
    message_id: String,
    text: String,
    file: Option<PathBuf>,
    pick: Option<PickId>,
    asked: Option<RequestId>,
    error: Option<(String, String)>,
}

/// Whether a receipt may still settle it.
pub(super) fn may_wait(transmission: &Transmission) -> bool {
    transmission.direction == Direction::Outbound
        && matches!(transmission.verdict, Verdict::Pending | Verdict::Uncertain)
        && !transmission.request_headers.is_empty()
}

impl ReceiptDialog {
    /// For a transmission that waits.
    pub(super) fn new(transmission: &Transmission) -> Self {
        Self {
            id: transmission.id,
            message_id: transmission.message_id.clone(),
            text: String::new(),
            file: None,
            pick: None,
            asked: None,
            error: None,
        }
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> Flow {
        let label = "Paste the receipt whole, with its headers or from its first line that begins with two hyphens. It \
                     must name this Message-ID, and its signature and MIC must fit what was sent";
        ui.add(Label::new(RichText::new(label).font(theme::body())).wrap());
        ui.add_space(4.0);
        match &self.file {
            Some(file) => {
                ui.horizontal_wrapped(|ui| {
                    ui.add(Label::new(RichText::new(file.display().to_string()).font(theme::body())).wrap());
                });
            }
            None => {
                ScrollArea::vertical().max_height(200.0).show(ui, |ui| {
                    let edit = TextEdit::multiline(&mut self.text)
                        .font(theme::mono())
                        .desired_rows(10)
                        .desired_width(f32::INFINITY)
                        .char_limit(2 * 1024 * 1024);
                    let field = ui.add(edit);
                    field.widget_info(|| {
                        let mut info = egui::WidgetInfo::text_edit(true, "", &self.text, "");
                        info.label = Some("Pasted receipt".to_owned());
                        info
                    });
                });
            }
        }
        if let Some((message, hint)) = &self.error {
            ui.add_space(4.0);
            notice(ui, ToneName::Bad, message, hint, |_| ());
        }
        buttons(ui, |ui| {
            let may = self.asked.is_none() && (self.file.is_some() || !self.text.trim().is_empty());
            if ui.add_enabled_ui(may, |ui| primary(ui, "Take receipt")).inner.clicked() {
                let source = match &self.file {
                    Some(file) => ReceiptSource::File(file.clone()),
                    None => ReceiptSource::Pasted(self.text.clone()),
                };
                self.error = None;
                let id = self.id;
                self.asked = desk.ask(|request| Command::TakeReceipt(request, id, source));
            }
            let mut flow = Flow::Open;
            if secondary(ui, "Cancel").clicked() {
                flow = Flow::Close;
            }
            if secondary(ui, "Choose file…").clicked() {
                self.pick = desk.pick_file(FilePick::Receipt);
            }
            flow
        })
    }
}

impl Dialog for ReceiptDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Some(file)) = desk.picked(&mut self.pick) {
            self.file = Some(file);
        }
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Settled(settled))) => {
                let said = settled.cause().unwrap_or_default().to_owned();
                match settled.verdict {
                    Verdict::Delivered => desk.toasts.done("The receipt settled it: delivered", &said),
                    _ => desk.toasts.warn("The receipt settled it: not delivered", &said),
                }
                return Flow::Close;
            }
            Some(Err(error)) => {
                self.error = Some((error.message().to_owned(), error.what_to_do().unwrap_or_default().to_owned()));
            }
            Some(Ok(_)) | None => {}
        }
        let subtitle = format!("For the message {}", self.message_id);
        let busy = self.asked.is_some();
        frame(ctx, "receipt", "Add a receipt (MDN)", &subtitle, 620.0, busy, |ui| self.content(ui, desk))
    }

    fn drop_file(&mut self, file: Dropped, _desk: &mut Desk<'_>) -> Option<Dropped> {
        self.file = Some(file.path);
        None
    }
}
