//! What protects the secrets: the passphrase asked for where they are locked, and another one chosen.

use egui::{Context, Ui};
use zeroize::Zeroizing;

use crate::app::engine::{Answer, Command, Password, RequestId};
use crate::app::{AppError, Protection, SHORTEST_PASSPHRASE};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::widgets::{
    ToneName, field, field_error, muted, notice, password_again, password_edit, primary, secondary, segmented,
};
use crate::ui::wording::sentence;

/// Asks for the passphrase of a workspace whose secrets are locked.
#[derive(Default)]
pub(in crate::ui) struct UnlockDialog {
    passphrase: Zeroizing<String>,
    asked: Option<RequestId>,
    refused: Option<String>,
}

impl Dialog for UnlockDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.asked) {
            Some(Ok(_)) => {
                desk.toasts.done("Unlocked", "Keys and passwords can be used until the window is closed");
                return Flow::Close;
            }
            Some(Err(error)) => {
                self.passphrase = Zeroizing::default();
                self.refused = Some(sentence(error.message()));
            }
            None => {}
        }
        let busy = self.asked.is_some();
        let subtitle = "Keys and passwords of this workspace are under a passphrase";
        frame(ctx, "unlock", "Unlock the workspace", subtitle, 480.0, busy, |ui| {
            let mut enter = false;
            field(ui, "Passphrase", |ui| {
                let width = ui.available_width();
                let edit = password_edit(ui, "Passphrase of the workspace", &mut self.passphrase, "", width);
                enter = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if let Some(reason) = &self.refused {
                    field_error(ui, reason);
                }
            });
            buttons(ui, |ui| {
                let ready = !busy && !self.passphrase.is_empty();
                let unlock = ui.add_enabled_ui(ready, |ui| primary(ui, "Unlock")).inner.clicked();
                if ready && (unlock || enter) {
                    let password = Password(self.passphrase.clone());
                    self.asked = desk.ask(|id| Command::Unlock(id, password));
                    self.refused = None;
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    return Flow::Close;
                }
                Flow::Open
            })
        })
    }
}

/// Asks what shall protect the secrets from now on.
pub(super) struct ProtectDialog {
    by_passphrase: bool,
    passphrase: Zeroizing<String>,
    again: Zeroizing<String>,
    asked: Option<RequestId>,
    refused: Option<AppError>,
}

impl ProtectDialog {
    #[must_use]
    pub(super) fn new() -> Self {
        Self {
            by_passphrase: true,
            passphrase: Zeroizing::default(),
            again: Zeroizing::default(),
            asked: None,
            refused: None,
        }
    }

    fn problem(&self) -> Option<String> {
        if !self.by_passphrase {
            return None;
        }
        if self.passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Some(format!("At least {SHORTEST_PASSPHRASE} characters"));
        }
        (self.passphrase != self.again).then(|| "Write the passphrase again".to_owned())
    }

    fn fields(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        field(ui, "Protected by", |ui| {
            let both = [(true, "A passphrase"), (false, "A key file")];
            if let Some(chosen) = ui.horizontal(|ui| segmented(ui, self.by_passphrase, &both)).inner {
                self.by_passphrase = chosen;
            }
        });
        if self.by_passphrase {
            field(ui, "New passphrase", |ui| {
                let width = ui.available_width();
                password_edit(ui, "New passphrase", &mut self.passphrase, "Several words are best", width);
            });
            password_again(ui, "New passphrase once more", &self.passphrase, &mut self.again);
            let text = "Nobody can open keys and passwords without it. Backups made before stay under what protected them then; \
                        serve needs it in COUNTERSIGN_PASSPHRASE_FILE from its next start on";
            notice(ui, ToneName::Info, "Keep it apart from this computer", text, |_| ());
        } else {
            let text = "The file lies beside the database, readable by you alone. Whoever can read your files can use your keys";
            notice(ui, ToneName::Warn, "No passphrase is asked for any more", text, |_| ());
        }
        if let Some(error) = &self.refused {
            let what = error.what_to_do().map(sentence).unwrap_or_default();
            notice(ui, ToneName::Bad, &sentence(error.message()), &what, |_| ());
        }
        if let Some(Protection::KeyFile { path }) = &desk.snapshot.workspace.protection
            && self.by_passphrase
        {
            ui.add(egui::Label::new(muted(ui, format!("{} is removed then", path.display()))).wrap());
        }
    }
}

impl Dialog for ProtectDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Done)) => {
                desk.toasts.done("Protection changed", "It holds from now on, for this and every other program");
                return Flow::Close;
            }
            Some(Err(error)) => self.refused = Some(error),
            Some(Ok(_)) | None => {}
        }
        let busy = self.asked.is_some();
        let subtitle = "What opens the keys and passwords of this workspace";
        frame(ctx, "protect", "Change protection", subtitle, 520.0, busy, |ui| {
            self.fields(ui, desk);
            let problem = self.problem();
            buttons(ui, |ui| {
                let ready = problem.is_none() && !busy;
                if ui.add_enabled_ui(ready, |ui| primary(ui, "Change")).inner.clicked() {
                    let password = self.by_passphrase.then(|| Password(self.passphrase.clone()));
                    self.refused = None;
                    self.asked = desk.ask(|id| Command::Protect(id, password));
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    return Flow::Close;
                }
                if let Some(reason) = &problem {
                    ui.add(egui::Label::new(muted(ui, reason)).truncate());
                }
                Flow::Open
            })
        })
    }
}
