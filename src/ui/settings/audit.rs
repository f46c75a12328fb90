//! Settings > Audit log: who changed what, when, and whether the log is as it was written.

use egui::{Align, Context, Label, Layout, RichText, Ui, vec2};

use crate::app::engine::{Answer, Command, RequestId, WorkspaceAnswer, WorkspaceCommand};
use crate::app::{AuditFilter, AuditVerification, ExportFormat};
use crate::domain::audit::AuditEntry;
use crate::domain::counted::plural_unless;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::files::FilePick;
use crate::ui::icon::Icon;
use crate::ui::intent::Intent;
use crate::ui::moment::grouped;
use crate::ui::path_field::PathField;
use crate::ui::theme;
use crate::ui::widgets::{
    ToneName, card, empty_state, link, long_text, mono, muted, notice, primary, search, secondary, section, small,
    strong, utc_on_hover,
};

/// So many are read at a time.
const PAGE: u32 = 50;

/// The most changes of an entry that are shown at once.
const MOST_CHANGES: usize = 6;

/// The section, with what it shows.
#[derive(Default)]
pub(super) struct AuditSection {
    entries: Vec<AuditEntry>,
    /// There may be older ones.
    has_more: bool,
    search: String,
    /// They were read at least once.
    is_read: bool,
    /// They could not be read when they were asked for last.
    has_failed: bool,
    /// What was searched for when they were asked for last; nothing before that.
    sought: Option<String>,
    asked: Option<RequestId>,
    /// What is asked for comes after what is there.
    is_next: bool,
    verifying: Option<RequestId>,
    verified: Option<AuditVerification>,
}

impl AuditSection {
    /// Looks anew.
    pub(super) fn enter(&mut self) {
        *self = Self::default();
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.listen(desk);
        section(ui, "Audit log");
        ui.add_space(6.0);
        let what = "Who changed what, when, from what to what. Entries are only ever added, each with a digest over itself \
                    and the one before it. Passwords and keys are named, never shown";
        ui.add(Label::new(muted(ui, what)).wrap());
        ui.add_space(8.0);
        ui.horizontal_wrapped(|ui| {
            search(ui, "Search the audit log", &mut self.search, "Connection, act, person, value", 260.0);
            let idle = self.verifying.is_none();
            if ui.add_enabled_ui(idle, |ui| secondary(ui, "Verify")).inner.clicked() {
                self.verifying = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::VerifyAudit));
            }
            if secondary(ui, "Export…").clicked() {
                desk.intend(Intent::Open(Box::new(ExportDialog::new(desk))));
            }
        });
        ui.add_space(8.0);
        if let Some(verified) = &self.verified {
            told(ui, verified);
            ui.add_space(8.0);
        }
        self.list(ui, desk);
    }

    fn list(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if self.has_failed {
            let text = "Nothing of it is lost by that";
            let again = notice(ui, ToneName::Bad, "The audit log could not be read", text, |ui| {
                secondary(ui, "Try again").clicked()
            });
            if again {
                self.sought = None;
            }
            return;
        }
        if !self.is_read {
            ui.label(muted(ui, "Reading the audit log…"));
            return;
        }
        if self.entries.is_empty() {
            let (head, text) = if self.search.trim().is_empty() {
                ("Nothing was changed yet", "The first connection, certificate or setting is the first entry")
            } else {
                ("No entry matches", "No act, connection, person or value holds what is searched for")
            };
            empty_state(ui, Icon::ListChecks, head, text, |_| ());
            return;
        }
        for entry in &self.entries {
            card(ui).show(ui, |ui| {
                ui.set_width(ui.available_width());
                shown(ui, entry, desk);
            });
        }
        ui.add_space(4.0);
        if self.has_more && ui.add_enabled_ui(self.asked.is_none(), |ui| link(ui, "Show older entries")).inner.clicked()
        {
            self.is_next = true;
            self.ask(desk);
        }
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        let before = self.entries.last().filter(|_| self.is_next).map(|entry| entry.number);
        let filter = AuditFilter { search: self.search.clone(), before, most: PAGE };
        self.sought = Some(self.search.clone());
        self.asked = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::Audit(filter)));
        self.has_failed = self.asked.is_none();
    }

    fn listen(&mut self, desk: &mut Desk<'_>) {
        if self.asked.is_none() && self.sought.as_ref() != Some(&self.search) {
            self.is_next = false;
            self.ask(desk);
        }
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Audit(entries) = *answer {
                    self.is_read = true;
                    self.has_more = entries.len() == PAGE as usize;
                    if !self.is_next {
                        self.entries.clear();
                    }
                    self.entries.extend(entries);
                }
            }
            Some(Err(error)) => {
                self.has_failed = true;
                desk.toasts.failed("The audit log could not be read", &error);
            }
            Some(Ok(_)) | None => {}
        }
        match desk.answer(&mut self.verifying) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Verified(verified) = *answer {
                    self.verified = Some(verified);
                }
            }
            Some(Err(error)) => desk.toasts.failed("The audit log could not be verified", &error),
            Some(Ok(_)) | None => {}
        }
    }
}

fn told(ui: &mut Ui, verified: &AuditVerification) {
    let (tone, head, mut text) = match &verified.broken {
        Some((number, why)) => {
            let text = "Somebody has written to the database behind Countersign's back, or it is damaged. Compare it with a backup";
            (ToneName::Bad, format!("Entry {}: {why}", grouped(number)), text.to_owned())
        }
        None => (ToneName::Ok, format!("{}, all as written", entries(verified.entries)), String::new()),
    };
    if let Some(last) = &verified.last {
        text = format!("Keep the last digest elsewhere, and a log that was cut can be told: {last}");
    }
    notice(ui, tone, &head, &text, |_| ());
}

fn shown(ui: &mut Ui, entry: &AuditEntry, desk: &Desk<'_>) {
    // Rows as high as their text.
    ui.spacing_mut().interact_size.y = 0.0;
    ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let when = ui.label(muted(ui, desk.moment.day_and_time(entry.at)));
            utc_on_hover(when, entry.at);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(strong(entry.act.label()));
                let ink = theme::tokens(ui.ctx()).text;
                long_text(ui, &entry.subject, ink, "Copy");
            });
        });
    });
    for change in entry.changes.iter().take(MOST_CHANGES) {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        ui.horizontal_wrapped(|ui| {
            ui.label(mono(&change.what));
            let words: RichText = match (&change.from, &change.to) {
                (None, to) => small(value(to)),
                (from, to) => small(format!("{} → {}", value(from), value(to))),
            };
            ui.add(Label::new(words).wrap());
        });
    }
    if entry.changes.len() > MOST_CHANGES {
        let more = entry.changes.len() - MOST_CHANGES;
        ui.label(muted(ui, format!("and {} more, in the export", grouped(more))));
    }
    ui.add(Label::new(muted(ui, format!("{} · by {}", grouped(entry.number), entry.by))).truncate());
}

fn entries(number: u64) -> String {
    format!("{} {}", grouped(number), plural_unless(number == 1, "entry"))
}

/// Asks where the log is written.
struct ExportDialog {
    name: String,
    file: PathField,
    asked: Option<RequestId>,
}

impl ExportDialog {
    fn new(desk: &Desk<'_>) -> Self {
        let day = desk.moment.zone.to_datetime(desk.moment.now).strftime("%Y-%m-%d");
        let name = format!("countersign-audit-{day}.csv");
        Self { file: PathField::new(FilePick::Save(name.clone())), name, asked: None }
    }
}

impl Dialog for ExportDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::AuditExported(file, number) = *answer {
                    desk.toasts.done(&format!("{} written", entries(number)), &file.display().to_string());
                    return Flow::Close;
                }
            }
            Some(Err(error)) => desk.toasts.failed("The audit log was not written", &error),
            Some(Ok(_)) | None => {}
        }
        let busy = self.asked.is_some();
        frame(ctx, "export audit log", "Export the audit log", "All entries, as CSV or JSON", 520.0, busy, |ui| {
            self.file.show(ui, desk, "File", "File to write", &self.name);
            let file = self.file.value().and_then(|file| match ExportFormat::for_file(&file) {
                Ok(format) => Ok((file, format)),
                Err(error) => Err(error.message().to_owned()),
            });
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                if ui.add_enabled_ui(file.is_ok() && !busy, |ui| primary(ui, "Export")).inner.clicked()
                    && let Ok((file, format)) = file.clone()
                {
                    self.asked = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::ExportAudit(file, format)));
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                if let Err(reason) = &file {
                    ui.add(Label::new(muted(ui, reason)).truncate());
                }
                flow
            })
        })
    }
}
