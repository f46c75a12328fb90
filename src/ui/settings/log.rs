//! Settings > Log: where the program writes down what it does, and how much of it.

use egui::{Label, Ui};

use super::facts::fact;
use crate::app::engine::{Answer, Command, RequestId, WorkspaceAnswer, WorkspaceCommand};
use crate::app::{LogFacts, LogLevel};
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::moment::size;
use crate::ui::widgets::{Choice, field, mono, muted, secondary, section, select};

/// The section, with what it shows.
#[derive(Default)]
pub(super) struct LogSection {
    facts: Option<LogFacts>,
    asked: Option<RequestId>,
    /// It could not be read, and is not asked for again and again.
    failed: bool,
}

impl LogSection {
    /// Looks anew.
    pub(super) fn enter(&mut self) {
        *self = Self::default();
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.listen(desk);
        section(ui, "Log");
        ui.add_space(6.0);
        let what = "What the program did and could not do, for whoever looks for a fault. No document, no key and no \
                    password is in it; the journal is the record, and the log may be removed";
        ui.add(Label::new(muted(ui, what)).wrap());
        ui.add_space(6.0);
        let Some(facts) = &self.facts else {
            if !self.failed {
                ui.label(muted(ui, "Looking at the log…"));
            }
            return;
        };
        fact(ui, "Place", mono(facts.folder.display().to_string()), "");
        let bytes = facts.files.iter().map(|file| file.bytes).sum();
        let files = if facts.files.is_empty() { "Nothing was written yet".to_owned() } else { size(bytes) };
        fact(ui, "Size", files, "Ten megabytes at most: what is older goes");
        let mut level = None;
        let is_changeable = self.asked.is_none() && !desk.snapshot.workspace.read_only;
        field(ui, "Written", |ui| {
            let choices: Vec<Choice<LogLevel>> =
                LogLevel::ALL.iter().map(|level| Choice::new(*level, level.label())).collect();
            ui.add_enabled_ui(is_changeable, |ui| {
                level = select(ui, "What is written", &facts.level, &choices, 260.0).0
            });
            ui.add(
                Label::new(muted(ui, "A program that runs apart, such as serve, takes it when it is started anew"))
                    .wrap(),
            );
        });
        ui.add_space(8.0);
        let there = !facts.files.is_empty();
        if ui.add_enabled_ui(there, |ui| secondary(ui, "Show log folder")).inner.clicked() {
            desk.intend(Intent::Workspace(WorkspaceCommand::ShowFolder(facts.folder.clone())));
        }
        if let Some(level) = level {
            self.asked = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::SetLogLevel(level)));
        }
    }

    fn listen(&mut self, desk: &mut Desk<'_>) {
        if self.facts.is_none() && self.asked.is_none() && !self.failed {
            self.asked = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::Log));
        }
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Log(facts) = *answer {
                    self.facts = Some(facts);
                }
            }
            Some(Err(error)) => {
                self.failed = self.facts.is_none();
                desk.toasts.failed("The log could not be set or looked at", &error);
            }
            Some(Ok(_)) | None => {}
        }
    }
}
