//! Importing a policy file: what is in it, what it would take the place of, and which profiles would stand otherwise. What
//! is wrong with the file is told with its line.

use std::path::PathBuf;

use egui::{Context, RichText, Ui};

use super::changes::{in_a_sentence, list};
use super::errands::told;
use super::page::PolicyIntent;
use super::rule_card::fact;
use super::words::{kind_badge, kind_meaning};
use crate::app::engine::{Answer, Command, PolicyAnswer, PolicyTask, RequestId};
use crate::app::{AppError, PolicyInspection};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, Part, buttons, frame_with_foot};
use crate::ui::focus;
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme;
use crate::ui::widgets::{ToneName, link, muted, notice, primary, secondary, section};

/// The dialog.
pub(super) struct ImportPolicy {
    file: PathBuf,
    reading: Option<RequestId>,
    seen: Option<Result<PolicyInspection, AppError>>,
    saving: Option<RequestId>,
    refused: Option<AppError>,
}

/// What a button wishes.
enum Wish {
    Close,
    Import,
    Again,
}

impl ImportPolicy {
    /// On a file, which is read at once.
    #[must_use]
    pub(super) fn new(file: PathBuf, desk: &mut Desk<'_>) -> Self {
        let mut dialog = Self { file, reading: None, seen: None, saving: None, refused: None };
        dialog.read(desk);
        dialog
    }

    fn read(&mut self, desk: &mut Desk<'_>) {
        self.seen = None;
        self.refused = None;
        let file = self.file.clone();
        self.reading = desk.ask(|id| Command::Policy(id, PolicyTask::Inspect(file)));
    }

    fn import(&mut self, desk: &mut Desk<'_>) {
        let Some(Ok(seen)) = &self.seen else { return };
        self.refused = None;
        // What was shown is what is saved, whatever the file holds by now.
        let (text, expected) = (seen.text.clone(), seen.expected());
        self.saving = desk.ask(|id| Command::Policy(id, PolicyTask::Save(text, expected)));
    }

    /// Takes what the engine has answered; says whether it is done.
    fn poll(&mut self, desk: &mut Desk<'_>) -> bool {
        match desk.answer(&mut self.reading) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Inspected(seen) = *answer {
                    self.seen = Some(Ok(*seen));
                }
            }
            Some(Err(error)) => self.seen = Some(Err(error)),
            Some(Ok(_)) | None => {}
        }
        match desk.answer(&mut self.saving) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Changed(change) = *answer {
                    desk.intend(Intent::Policies(PolicyIntent::Show(change.id.clone())));
                    let head = format!("{} was imported", change.name);
                    told(desk, &head, change);
                }
                true
            }
            Some(Err(error)) => {
                self.refused = Some(error);
                false
            }
            Some(Ok(_)) | None => false,
        }
    }

    fn content(&self, ui: &mut Ui) {
        match &self.seen {
            None => {
                ui.label(muted(ui, "Reading the file…"));
            }
            Some(Err(error)) => {
                let own = format!("{}: ", self.file.display());
                let reason = error.message().strip_prefix(&own).unwrap_or(error.message());
                let reason = crate::domain::sentence::sentence(reason);
                notice(ui, ToneName::Bad, "This file cannot be imported", &reason, |_| ());
                // What a terminal is told of commands is nothing for a window.
                let mend = "Mend the file and read it again. Nothing has changed";
                let hint = error.what_to_do().filter(|hint| !hint.contains("`countersign ")).unwrap_or(mend);
                ui.label(muted(ui, hint));
            }
            Some(Ok(seen)) => self.inspection(ui, seen),
        }
        if let Some(error) = &self.refused {
            let hint = error.what_to_do().map(|hint| format!("\n{hint}")).unwrap_or_default();
            let text = format!("{}{hint}", error.message());
            notice(ui, ToneName::Bad, "The policy was not imported", &text, |_| ());
        }
    }

    #[expect(clippy::unused_self, reason = "a part of the dialog like the others")]
    fn inspection(&self, ui: &mut Ui, seen: &PolicyInspection) {
        let policy = &seen.policy;
        ui.spacing_mut().item_spacing.y = 5.0;
        fact(ui, "Name", |ui| {
            ui.add(egui::Label::new(RichText::new(&policy.name).font(theme::bold(theme::BODY))).wrap());
        });
        fact(ui, "ID", |ui| {
            ui.label(RichText::new(policy.id.as_str()).font(theme::mono()));
        });
        fact(ui, "Kind", |ui| {
            ui.horizontal_wrapped(|ui| {
                kind_badge(ui, policy.kind);
                ui.label(muted(ui, kind_meaning(policy.kind)));
            });
        });
        if let Some(parent) = &policy.inherits {
            fact(ui, "Inherits", |ui| {
                ui.label(RichText::new(parent.as_str()).font(theme::mono()));
            });
        }
        fact(ui, "Rules", |ui| {
            ui.label(count(policy.rules.len(), "own rule"));
        });
        ui.add_space(4.0);
        if let Some(known) = &seen.replaces {
            let (head, text) = if known.origin.is_own() {
                (
                    "It replaces a policy of yours",
                    format!("{} is in this workspace under the same ID", known.policy.name),
                )
            } else {
                (
                    "It takes the place of a policy that comes with Countersign",
                    format!(
                        "{} has the same ID. It holds again when yours is removed; updates of it do not reach you till then",
                        known.policy.name
                    ),
                )
            };
            notice(ui, ToneName::Warn, head, &text, |_| ());
        }
        if !seen.warnings.is_empty() {
            let said: Vec<String> =
                seen.warnings.iter().map(|warning| crate::domain::sentence::sentence(warning)).collect();
            notice(ui, ToneName::Warn, "Dates that have not come", &said.join("\n"), |_| ());
        }
        section(ui, "What changes");
        ui.label(in_a_sentence(&seen.changes));
        list(ui, &seen.changes, 220.0);
    }
}

impl Dialog for ImportPolicy {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.poll(desk) {
            return Flow::Close;
        }
        let busy = self.saving.is_some();
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read_only = desk.snapshot.workspace.read_only;
        let label = match &self.seen {
            Some(Ok(seen)) if seen.replaces.is_some() => "Replace",
            _ => "Import",
        };
        let wish =
            frame_with_foot(ctx, "import policy", "Import a policy", &name, 620.0, busy, |ui, part| match part {
                Part::Content => {
                    self.content(ui);
                    None
                }
                Part::Foot => buttons(ui, |ui| {
                    let mut wish = None;
                    let ready = matches!(self.seen, Some(Ok(_))) && !busy && !read_only;
                    if ui.add_enabled_ui(ready, |ui| primary(ui, label)).inner.clicked() {
                        wish = Some(Wish::Import);
                    }
                    if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                        wish = Some(Wish::Close);
                    }
                    if self.reading.is_none() && !busy {
                        let again = link(ui, "Read the file again");
                        focus::avoid(ui.ctx(), again.id);
                        if again.clicked() {
                            wish = Some(Wish::Again);
                        }
                    }
                    if read_only {
                        ui.label(muted(ui, "The workspace can only be read"));
                    }
                    wish
                }),
            });
        match wish {
            None => return Flow::Open,
            Some(Some(Wish::Import)) => self.import(desk),
            Some(Some(Wish::Again)) => self.read(desk),
            Some(Some(Wish::Close) | None) => return Flow::Close,
        }
        Flow::Open
    }

    fn drop_file(&mut self, file: Dropped, desk: &mut Desk<'_>) -> Option<Dropped> {
        let is_toml = file.path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
        if !is_toml || self.saving.is_some() {
            return Some(file);
        }
        self.file = file.path;
        self.read(desk);
        None
    }
}
