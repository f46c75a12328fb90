//! What protects the secrets: the passphrase asked for where they are locked, and another one chosen.

use egui::{Context, Ui};
use zeroize::Zeroizing;

use crate::app::engine::{Answer, Command, Password, RequestId};
use crate::app::{AppError, NewProtection, Protection, SHORTEST_PASSPHRASE};
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::widgets::{
    ToneName, field, field_error, muted, notice, password_again, password_edit, primary, secondary, segmented,
};

/// Asks for the passphrase of a workspace whose secrets are locked; where no passphrase protects them, tries again what does.
pub(in crate::ui) struct UnlockDialog {
    by_passphrase: bool,
    passphrase: Zeroizing<String>,
    asked: Option<RequestId>,
    refused: Option<String>,
}

impl UnlockDialog {
    /// For the workspace as it is protected now.
    #[must_use]
    pub(in crate::ui) fn of(desk: &Desk<'_>) -> Self {
        Self {
            by_passphrase: desk.snapshot.workspace.protection == Some(Protection::Passphrase),
            passphrase: Zeroizing::default(),
            asked: None,
            refused: None,
        }
    }

    /// The field for the passphrase. Returns whether Enter was pressed in it.
    fn passphrase(&mut self, ui: &mut Ui) -> bool {
        let mut enter = false;
        field(ui, "Passphrase", |ui| {
            let width = ui.available_width();
            let edit = password_edit(ui, "Passphrase of the workspace", &mut self.passphrase, "", width);
            enter = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if let Some(reason) = &self.refused {
                field_error(ui, reason);
            }
        });
        enter
    }

    /// What keeps it locked, and what comes of trying again.
    fn trouble(&self, ui: &mut Ui, desk: &Desk<'_>) {
        if self.asked.is_some() {
            let text = "Where the keychain asks for its password, give it";
            notice(ui, ToneName::Info, "Waiting for the keychain", text, |_| ());
            return;
        }
        let locked = desk.snapshot.workspace.locked.as_deref().map(sentence).unwrap_or_default();
        notice(ui, ToneName::Warn, "They stay locked", self.refused.as_deref().unwrap_or(&locked), |_| ());
    }
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
                let text = match (self.by_passphrase, error.what_to_do()) {
                    (false, Some(hint)) => format!("{}: {hint}", error.message()),
                    _ => error.message().to_owned(),
                };
                self.refused = Some(sentence(&text));
            }
            None => {}
        }
        let busy = self.asked.is_some();
        let subtitle = match &desk.snapshot.workspace.protection {
            Some(Protection::Keychain) => "Keys and passwords of this workspace open by the keychain of this machine",
            Some(Protection::KeyFile { .. }) => "Keys and passwords of this workspace open by its key file",
            Some(Protection::Passphrase) | None => "Keys and passwords of this workspace are under a passphrase",
        };
        frame(ctx, "unlock", "Unlock the workspace", subtitle, 480.0, busy, |ui| {
            let mut enter = false;
            if self.by_passphrase {
                enter = self.passphrase(ui);
            } else {
                self.trouble(ui, desk);
            }
            buttons(ui, |ui| {
                let lacks_passphrase = self.by_passphrase && self.passphrase.is_empty();
                let ready = !busy && !lacks_passphrase;
                let label = if self.by_passphrase { "Unlock" } else { "Try again" };
                let unlock = ui.add_enabled_ui(ready, |ui| primary(ui, label)).inner.clicked();
                if ready && (unlock || enter) {
                    let password = self.by_passphrase.then(|| Password(self.passphrase.clone()));
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

/// What is chosen to protect the secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Passphrase,
    Keychain,
    KeyFile,
}

/// Asks what shall protect the secrets from now on.
pub(super) struct ProtectDialog {
    by: By,
    passphrase: Zeroizing<String>,
    again: Zeroizing<String>,
    asked: Option<RequestId>,
    refused: Option<AppError>,
}

impl ProtectDialog {
    #[must_use]
    pub(super) fn new() -> Self {
        Self {
            by: By::Passphrase,
            passphrase: Zeroizing::default(),
            again: Zeroizing::default(),
            asked: None,
            refused: None,
        }
    }

    fn problem(&self) -> Option<String> {
        if self.by != By::Passphrase {
            return None;
        }
        if self.passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Some(format!("At least {SHORTEST_PASSPHRASE} characters"));
        }
        (self.passphrase != self.again).then(|| "Write the passphrase again".to_owned())
    }

    fn fields(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        field(ui, "Protected by", |ui| {
            let all = [(By::Passphrase, "A passphrase"), (By::Keychain, "The keychain"), (By::KeyFile, "A key file")];
            if let Some(chosen) = ui.horizontal(|ui| segmented(ui, self.by, &all)).inner {
                self.by = chosen;
                self.refused = None;
            }
        });
        match self.by {
            By::Passphrase => {
                field(ui, "New passphrase", |ui| {
                    let width = ui.available_width();
                    password_edit(ui, "New passphrase", &mut self.passphrase, "Several words are best", width);
                });
                password_again(ui, "New passphrase once more", &self.passphrase, &mut self.again);
                let text = "Nobody can open keys and passwords without it. Backups made before stay under what protected \
                            them then; serve needs it in COUNTERSIGN_PASSPHRASE_FILE from its next start on";
                notice(ui, ToneName::Info, "Keep it apart from this computer", text, |_| ());
            }
            By::Keychain => {
                let text = "It opens when you log in at this desktop. Another user, a service that runs without a desktop, or \
                            another machine cannot open the workspace then; a backup needs a passphrase of its own";
                notice(ui, ToneName::Info, "The keychain of this machine keeps the key", text, |_| ());
            }
            By::KeyFile => {
                let text = "The file lies beside the database, readable by you alone. Whoever can read your files can use your keys";
                notice(ui, ToneName::Warn, "No passphrase is asked for any more", text, |_| ());
            }
        }
        if let Some(error) = &self.refused {
            let what = error.what_to_do().map(sentence).unwrap_or_default();
            notice(ui, ToneName::Bad, &sentence(error.message()), &what, |_| ());
        }
        if let Some(Protection::KeyFile { path }) = &desk.snapshot.workspace.protection
            && self.by != By::KeyFile
        {
            ui.add(egui::Label::new(muted(ui, format!("{} is removed then", path.display()))).wrap());
        }
    }
}

impl Dialog for ProtectDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Protected(left))) => {
                desk.toasts.done("Protection changed", "It holds from now on, for this and every other program");
                if let Some(left) = left {
                    desk.toasts.warn("The key is still in the keychain", &sentence(&left));
                }
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
                    let new = match self.by {
                        By::Passphrase => NewProtection::Passphrase(self.passphrase.clone()),
                        By::Keychain => NewProtection::Keychain,
                        By::KeyFile => NewProtection::KeyFile,
                    };
                    self.refused = None;
                    self.asked = desk.ask(|id| Command::Protect(id, new));
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
