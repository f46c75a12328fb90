//! Writing a report or the calendar to a file that is picked.

use egui::{Context, Ui};

use super::NoticeFile;
use crate::app::ReportFormat;
use crate::app::engine::{Answer, Command, NoticeCommand, RequestId};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::files::{FilePick, PickId};
use crate::ui::intent::Intent;
use crate::ui::widgets::{field, muted, primary, secondary, segmented};

/// Files on their way.
#[derive(Default)]
pub(in crate::ui) struct NoticeFiles {
    pick: Option<(NoticeFile, Option<PickId>)>,
    writing: Option<RequestId>,
}

impl NoticeFiles {
    /// Asks where the file is to be written.
    pub(in crate::ui) fn pick(&mut self, what: NoticeFile, desk: &mut Desk<'_>) {
        let day = desk.moment.zone.to_datetime(desk.moment.now).strftime("%Y-%m-%d").to_string();
        let name = match what {
            NoticeFile::Calendar => "countersign.ics".to_owned(),
            NoticeFile::Report(format) => format!("countersign-report-{day}.{format}"),
        };
        self.pick = Some((what, desk.pick_file(FilePick::Save(name))));
    }

    /// Takes what was picked and what came of it.
    pub(in crate::ui) fn poll(&mut self, desk: &mut Desk<'_>) {
        if let Some((what, pick)) = &mut self.pick {
            let what = *what;
            match desk.picked(pick) {
                Some(Some(file)) => {
                    let command = match what {
                        NoticeFile::Calendar => NoticeCommand::Calendar(file),
                        NoticeFile::Report(format) => NoticeCommand::Report(format, None, file),
                    };
                    self.pick = None;
                    self.writing = desk.ask(|id| Command::Notices(id, command));
                }
                Some(None) => self.pick = None,
                None => {}
            }
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Written(file))) => desk.toasts.done("Written", &file.display().to_string()),
            Some(Ok(_)) | None => {}
            Some(Err(error)) => desk.toasts.failed("It was not written", &error),
        }
    }
}

/// Which form the report is to have.
pub(in crate::ui) struct ReportDialog {
    format: ReportFormat,
}

impl Default for ReportDialog {
    fn default() -> Self {
        Self { format: ReportFormat::Html }
    }
}

impl Dialog for ReportDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        let subtitle = "The inventory of certificates and algorithms, the findings with their sources, the schedule, and what \
                        was proven when";
        frame(ctx, "report", "Report", subtitle, 520.0, false, |ui| self.content(ui, desk))
    }
}

impl ReportDialog {
    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> Flow {
        field(ui, "Format", |ui| {
            ui.horizontal(|ui| {
                let all = [(ReportFormat::Html, "HTML"), (ReportFormat::Csv, "CSV"), (ReportFormat::Json, "JSON")];
                if let Some(format) = segmented(ui, self.format, &all) {
                    self.format = format;
                }
            });
            let words = match self.format {
                ReportFormat::Html => "One page to read, print or forward",
                ReportFormat::Csv => "One table for spreadsheets",
                ReportFormat::Json => "For programs",
            };
            ui.add(egui::Label::new(muted(ui, words)).wrap());
        });
        buttons(ui, |ui| {
            let mut flow = Flow::Open;
            if primary(ui, "Save as…").clicked() {
                desk.intend(Intent::WriteNoticeFile(NoticeFile::Report(self.format)));
                flow = Flow::Close;
            }
            if secondary(ui, "Cancel").clicked() {
                flow = Flow::Close;
            }
            flow
        })
    }
}
