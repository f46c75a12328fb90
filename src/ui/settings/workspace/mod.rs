//! Settings > Workspace: where it lies, how its secrets are protected, how much is in it, and backing it up.

mod backup;
mod protect;
mod restore;

use std::path::PathBuf;

use egui::{Label, Ui};

use super::facts::fact;
use crate::app::engine::{Answer, Command, RequestId, WorkspaceAnswer, WorkspaceCommand};
use crate::app::{
    BackupMade, BackupProtection, LastCheck, Occasion, Protection, Restored, WorkspaceCheck, WorkspaceFacts,
};
use crate::domain::sentence::sentence;
use crate::ui::command::UiCommand;
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::lock::LockAfter;
use crate::ui::moment::{count, grouped, size};
use crate::ui::widgets::{Choice, ToneName, field, mono, muted, notice, primary, progress, secondary, section, select};
use backup::BackupDialog;
use protect::ProtectDialog;
pub(in crate::ui) use protect::UnlockDialog;
use restore::RestoreDialog;

/// The section, with what is under way.
#[derive(Default)]
pub(in crate::ui) struct WorkspaceSection {
    facts: Option<WorkspaceFacts>,
    reading: Option<RequestId>,
    run: Option<Run>,
    /// Folders and workspaces that are being opened.
    opening: Option<RequestId>,
    /// Damage is being looked for.
    checking: Option<RequestId>,
}

/// A backup that is being written, or restored.
struct Run {
    id: Option<RequestId>,
    restores: bool,
    done: u64,
    total: u64,
    given_up: bool,
}

impl WorkspaceSection {
    /// Adds up anew.
    pub(super) fn enter(&mut self) {
        self.facts = None;
        self.reading = None;
    }

    /// Has something done.
    pub(in crate::ui) fn carry_out(&mut self, command: WorkspaceCommand, desk: &mut Desk<'_>) {
        let restores = matches!(command, WorkspaceCommand::Restore(..));
        if !restores && !matches!(command, WorkspaceCommand::BackUp(_)) {
            self.opening = desk.ask(|id| Command::Workspace(id, command));
        } else if self.run.is_none() {
            let id = desk.ask(|id| Command::Workspace(id, command));
            self.run = id.is_some().then_some(Run { id, restores, done: 0, total: 0, given_up: false });
        }
    }

    /// Takes how far something has come.
    pub(in crate::ui) fn progress(&mut self, id: RequestId, done: u64, total: u64) {
        if let Some(run) = self.run.as_mut().filter(|run| run.id == Some(id)) {
            (run.done, run.total) = (done, total);
        }
    }

    /// Takes what came of it, whichever page is shown.
    pub(in crate::ui) fn listen(&mut self, desk: &mut Desk<'_>) {
        if let Some(Err(error)) = desk.answer(&mut self.opening) {
            desk.toasts.failed("It could not be opened", &error);
        }
        match desk.answer(&mut self.checking) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Checked(checked) = *answer {
                    told_of_check(desk, &checked);
                }
                self.enter();
            }
            Some(Err(error)) => desk.toasts.failed("It could not be checked", &error),
            Some(Ok(_)) | None => {}
        }
        let Some(run) = &mut self.run else { return };
        let Some(answer) = desk.answer(&mut run.id) else { return };
        let Run { restores, given_up, .. } = *run;
        self.run = None;
        match answer {
            Ok(Answer::Workspace(answer)) => match *answer {
                WorkspaceAnswer::BackedUp(made) => backed_up(desk, &made),
                WorkspaceAnswer::Restored(restored) => told_of_restored(desk, restored),
                _ => {}
            },
            Ok(_) => {}
            Err(_) if given_up => {
                desk.toasts.done(
                    if restores { "Restoring was given up" } else { "The backup was given up" },
                    "Nothing is left of it",
                );
            }
            Err(error) => {
                desk.toasts.failed(if restores { "It was not restored" } else { "The backup was not written" }, &error);
            }
        }
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.read(desk);
        let snapshot = desk.snapshot;
        let workspace = &snapshot.workspace;
        section(ui, "Workspace");
        ui.add_space(6.0);
        if let Some(reason) = &workspace.locked {
            let unlock = notice(ui, ToneName::Warn, "Its secrets are locked", &sentence(reason), |ui| {
                secondary(ui, "Unlock…").clicked()
            });
            if unlock {
                desk.intend(Intent::Open(Box::new(UnlockDialog::of(desk))));
            }
        }
        let kind = match (&workspace.sample, &workspace.protection) {
            (Some(_), _) => "The sample, with trading partners of its own",
            (None, Some(_)) => "Yours",
            (None, None) => "Not begun yet: it is made with the first connection or identity",
        };
        fact(ui, "Kind", kind, "");
        fact(ui, "Place", mono(&workspace.place), "");
        match &workspace.protection {
            Some(Protection::KeyFile { path }) => fact(
                ui,
                "Protection",
                "A key file that you alone can read",
                &format!("{}\nKeep a copy of it: without it, keys and passwords cannot be opened", path.display()),
            ),
            Some(Protection::Passphrase) => fact(
                ui,
                "Protection",
                "A passphrase",
                "Asked for here, or taken from COUNTERSIGN_PASSPHRASE or COUNTERSIGN_PASSPHRASE_FILE; without it, keys and \
                 passwords cannot be opened",
            ),
            Some(Protection::Keychain) => fact(
                ui,
                "Protection",
                "The keychain",
                "Of this user on this machine; it opens when you log in. Programs of other users, and those that run without \
                 a desktop, cannot open it",
            ),
            None => {}
        }
        if workspace.protection.is_some() && workspace.locked.is_none() && !workspace.read_only {
            field(ui, "", |ui| {
                if secondary(ui, "Change protection…").clicked() {
                    desk.intend(Intent::Open(Box::new(ProtectDialog::new())));
                }
            });
        }
        if workspace.protection == Some(Protection::Passphrase) {
            field(ui, "Lock the window", |ui| {
                let choices = LockAfter::ALL.map(|(after, label)| Choice::new(after, label));
                if let (Some(chosen), _) = select(ui, "Lock the window", &LockAfter::of(ui.ctx()), &choices, 240.0) {
                    chosen.choose(ui.ctx());
                }
                let now = UiCommand::Lock.keys(ui.ctx());
                let text = format!("Without input; sending and receiving go on. At once with {now}");
                ui.add(Label::new(muted(ui, text)).wrap());
            });
        }
        let access = if workspace.read_only { "Read only" } else { "Read and written" };
        fact(ui, "Access", access, "");
        let profiles = count(snapshot.summary.profiles, "profile");
        fact(ui, "Connections", format!("{}, {profiles}", snapshot.connections.len()), "");
        fact(ui, "Certificates", format!("{} of partners", snapshot.certificates.len()), "");
        fact(ui, "Identities", snapshot.identities.len().to_string(), "");
        if workspace.protection.is_none() {
            ui.add_space(8.0);
            self.restoring(ui, desk);
            return;
        }
        match &self.facts {
            Some(facts) => {
                fact(ui, "Transmissions", grouped(facts.transmissions), "");
                let (database, archive) = (size(facts.database.bytes), size(facts.archive));
                let mut text = format!("{database} of database, {archive} of payloads, messages and receipts");
                if facts.backups.number > 0 {
                    text.push_str(&format!(", {} of automatic backups", size(facts.backups.bytes)));
                }
                fact(ui, "Size", text, "");
            }
            None => fact(ui, "Size", muted(ui, "Being added up…"), ""),
        }
        ui.add_space(10.0);
        section(ui, "Backup");
        ui.add_space(6.0);
        let what = "All of the workspace in one file, as it is at one instant; sending and receiving go on meanwhile. To \
                    move the workspace, restore a backup in the other place and open that one";
        ui.add(Label::new(muted(ui, what)).wrap());
        ui.add_space(8.0);
        self.by_itself(ui, desk);
        ui.add_space(8.0);
        self.restoring(ui, desk);
    }

    /// What the program does for it by itself, and looking for damage now.
    fn by_itself(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let Some(facts) = &self.facts else { return };
        let newest = facts.automatic_backups.first();
        let made = newest.map_or_else(|| "Not yet".to_owned(), |newest| desk.moment.day_and_time(newest.made));
        let remark = match newest {
            Some(newest) => newest.file.display().to_string(),
            None => "The database, once a day while this window or `serve` runs".to_owned(),
        };
        fact(ui, "Daily backup", made, &remark);
        let (checked, remark) = match &facts.checked {
            None => ("Not looked for yet".to_owned(), String::new()),
            Some(last) if last.is_sound() => {
                (format!("None found, {}", desk.moment.day_and_time(last.at)), String::new())
            }
            Some(last) => (format!("Found, {}", desk.moment.day_and_time(last.at)), damage(last)),
        };
        fact(ui, "Damage", checked, &remark);
        field(ui, "", |ui| {
            let idle = self.checking.is_none();
            let label = if idle { "Check for damage" } else { "Checking for damage…" };
            if ui.add_enabled_ui(idle, |ui| secondary(ui, label)).inner.clicked() {
                self.checking = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::Check));
            }
        });
    }

    /// The buttons, or what is under way.
    fn restoring(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if let Some(run) = &mut self.run {
            run.show(ui, desk);
            return;
        }
        ui.horizontal(|ui| {
            if desk.snapshot.workspace.protection.is_some() {
                if primary(ui, "Back up…").clicked() {
                    let dialog = BackupDialog::new(desk);
                    desk.intend(Intent::Open(Box::new(dialog)));
                }
                if secondary(ui, "Restore a backup…").clicked() {
                    desk.intend(Intent::Open(Box::new(RestoreDialog::new())));
                }
                if secondary(ui, "Show folder").clicked() {
                    let folder = PathBuf::from(&desk.snapshot.workspace.place);
                    self.carry_out(WorkspaceCommand::ShowFolder(folder), desk);
                }
            } else if secondary(ui, "Restore a backup…").clicked() {
                desk.intend(Intent::Open(Box::new(RestoreDialog::new())));
            }
        });
    }

    fn read(&mut self, desk: &mut Desk<'_>) {
        if self.facts.is_none() && self.reading.is_none() {
            self.reading = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::Facts));
        }
        match desk.answer(&mut self.reading) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Facts(facts) = *answer {
                    self.facts = Some(facts);
                }
            }
            Some(Err(error)) => {
                // Not asked for again and again.
                self.facts = Some(WorkspaceFacts::default());
                desk.toasts.failed("What is in the workspace cannot be added up", &error);
            }
            Some(Ok(_)) | None => {}
        }
    }
}

impl Run {
    fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let what = if self.restores { "Restoring" } else { "Backing up" };
        ui.label(muted(
            ui,
            if self.total == 0 && !self.restores {
                format!("{what}: copying the database…")
            } else {
                format!("{what}…")
            },
        ));
        ui.add_space(4.0);
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width().min(420.0));
            if self.total == 0 {
                progress::bar(ui, 0.0, ui.available_width(), what);
            } else {
                let word = if self.restores { "restored" } else { "backed up" };
                progress::bytes(ui, (what, self.id), word, self.done, self.total);
            }
        });
        ui.add_space(8.0);
        if ui
            .add_enabled_ui(!self.given_up, |ui| secondary(ui, format!("Cancel {}", what.to_lowercase())))
            .inner
            .clicked()
            && let Some(id) = self.id
        {
            self.given_up = desk.ask(|_| Command::GiveUp(id)).is_some();
        }
    }
}

/// What is damaged, in a line or two.
fn damage(last: &LastCheck) -> String {
    let database = last.database.problems.first().map(|problem| format!("The database: {problem}"));
    let payload = last.payloads.first().map(|payload| format!("{}: {}", payload.file.display(), payload.what));
    database.into_iter().chain(payload).collect::<Vec<_>>().join("\n")
}

fn told_of_check(desk: &mut Desk<'_>, checked: &WorkspaceCheck) {
    if checked.sound {
        let archive = checked.archive.clone().unwrap_or_default();
        let compared = count(usize::try_from(archive.payloads).unwrap_or(usize::MAX), "payload");
        let text = format!("The database is sound; {compared}, {}, are as they were journalled", size(archive.bytes));
        desk.toasts.done("No damage found", &text);
        return;
    }
    let text = match (checked.database.problems.first(), &checked.newest_backup) {
        (Some(problem), Some(backup)) => format!(
            "The database: {problem}\nClose this window and stop `serve`; then `countersign workspace restore {}` puts back the \
             automatic backup of {}",
            backup.file.display(),
            desk.moment.day_and_time(backup.made)
        ),
        (Some(problem), None) => format!(
            "The database: {problem}\nCopy the workspace's folder elsewhere before anything else, and restore a backup"
        ),
        (None, _) => {
            let number = checked.archive.as_ref().map_or(0, |archive| archive.damaged);
            let payloads = count(usize::try_from(number).unwrap_or(usize::MAX), "payload");
            format!(
                "In the archive: {payloads}\nPut the files back from a backup; `countersign workspace check` names them"
            )
        }
    };
    desk.toasts.error("Damage was found", &text);
}

fn backed_up(desk: &mut Desk<'_>, made: &BackupMade) {
    let head = format!("Backed up, {}", size(made.size));
    let mut text = made.file.display().to_string();
    if made.facts.protection == BackupProtection::KeyFile {
        text.push_str("\nThe key file is not in it: keep a copy of that apart");
    }
    let folder = made.file.parent().map(std::path::Path::to_owned).unwrap_or_default();
    let show = move |desk: &mut Desk<'_>| desk.intend(Intent::Workspace(WorkspaceCommand::ShowFolder(folder)));
    desk.toasts.offer(&head, &text, "Show folder", Box::new(show));
}

fn told_of_restored(desk: &mut Desk<'_>, restored: Restored) {
    let mut text = restored.folder.display().to_string();
    if let Some(file) = &restored.key_file {
        text.push_str(&format!("\nCopy workspace.key of the workspace that was backed up to {}", file.display()));
    }
    if Occasion::ALL.iter().any(|occasion| restored.commands.of(*occasion).is_some()) {
        text.push_str("\nIts commands are not run until you confirm them there, in Settings > Daily work");
    }
    let folder = restored.folder;
    let open = move |desk: &mut Desk<'_>| desk.intend(Intent::Workspace(WorkspaceCommand::Open(folder)));
    desk.toasts.offer("Restored", &text, "Open it", Box::new(open));
}
