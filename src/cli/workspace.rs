//! `workspace`: the workspace as a whole, backed up into one file and restored from it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::{Answer, Session, secret, words};
use crate::app::{
    AppError, BackupFacts, BackupProtection, BackupRequest, DatabaseRestored, NewProtection, Occasion, Restored,
    Shutdown, WorkspaceCheck, WorkspaceFacts, is_database, long_enough, restore_backup, restore_database,
    verify_backup, verify_database,
};
use crate::domain::counted::counted;
use crate::domain::size::size;

/// What there is to do about the workspace as a whole.
#[derive(Debug, Subcommand)]
pub(super) enum WorkspaceCommand {
    /// Show where it lies, what protects it and how much is in it
    Show,
    /// Write all of it into one file, as it is now; sending and receiving go on meanwhile
    Backup(BackupArguments),
    /// Restore a backup into a folder that does not exist yet, or is empty; or put a database back that was backed up by itself
    Restore {
        /// The backup: one file with all of a workspace, or one of the databases in `backups` in the workspace's folder. Such a
        /// database is put back beside the archive that is there, while no program is at work on the workspace; the one that is
        /// there stays, under another name
        file: PathBuf,
        /// The folder, which becomes a workspace; open it with --workspace DIR. For a database alone, the folder of its
        /// workspace; where it lies in `backups` there, it need not be named
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Look for damage: in the database, and in the archive by the digests in the journal. Indexes are mended. 0 where it is
    /// sound, 1 where it is damaged
    Check {
        /// Look at the database alone; the archive takes as long as reading all payloads does
        #[arg(long)]
        without_archive: bool,
    },
    /// Choose what protects its keys and passwords: a passphrase, the keychain, or a key file beside the database
    #[command(group = clap::ArgGroup::new("protected by").required(true))]
    Protect {
        /// Read the new passphrase from standard input. Programs that run need it from their next start on
        #[arg(long, group = "protected by")]
        passphrase_stdin: bool,
        /// By the keychain of this desktop, which opens when you log in. Programs of other users, and those that run
        /// without a desktop, cannot open it then
        #[arg(long, group = "protected by")]
        keychain: bool,
        /// By a key file that the user alone can read
        #[arg(long, group = "protected by")]
        key_file: bool,
    },
    /// Read all of a backup and compare it with the digests in it, without restoring it
    Verify {
        /// The backup
        file: PathBuf,
    },
}

/// What is to be backed up, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArguments {
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Leave payloads out, and the messages that hold them; those of what is not at its end stay in it
    #[arg(long)]
    without_payloads: bool,
    /// Read a passphrase from standard input under which keys and passwords are in the backup, so that it can be opened on
    /// another machine. Without it they open as in this workspace: by its passphrase, or by its key file, which is not in
    /// the backup. Where its key is in the keychain, the backup needs one
    #[arg(long)]
    passphrase_stdin: bool,
}

#[derive(Serialize)]
struct VerifiedDocument<'a> {
    file: &'a Path,
    #[serde(flatten)]
    facts: &'a BackupFacts,
}

pub(super) async fn run(session: &Session, command: WorkspaceCommand) -> Result<Answer, AppError> {
    match command {
        WorkspaceCommand::Show => {
            let facts = session.app.workspace_facts().await?;
            session.out.answer(&facts, || shown(&facts));
        }
        WorkspaceCommand::Backup(arguments) => back_up(session, arguments).await?,
        WorkspaceCommand::Restore { file, into } if is_database(&file) => {
            let restored = restore_database(&file, into.as_deref(), session.app.now()).await?;
            session.out.answer(&restored, || told_of_database(&restored));
        }
        WorkspaceCommand::Restore { file, into } => {
            let into = into.ok_or_else(|| {
                AppError::new("it is not said where the backup is to be restored")
                    .hint("name a folder that does not exist yet, or an empty one, with --into DIR")
            })?;
            let told = progress(session, "restored");
            let restored = unless_stopped(restore_backup(&file, &into, &told)).await?;
            session.out.answer(&restored, || told_of(&restored));
        }
        WorkspaceCommand::Protect { passphrase_stdin, keychain, key_file: _ } => {
            let new = match (passphrase_stdin, keychain) {
                (true, _) => NewProtection::Passphrase(secret::password_from_stdin()?),
                (false, true) => NewProtection::Keychain,
                (false, false) => NewProtection::KeyFile,
            };
            let left = session.app.protect(new).await?;
            if let Some(left) = left {
                session.out.warning(&left);
            }
            let facts = session.app.workspace_facts().await?;
            session.out.answer(&facts, || shown(&facts));
        }
        WorkspaceCommand::Check { without_archive } => return check(session, !without_archive).await,
        WorkspaceCommand::Verify { file } if is_database(&file) => {
            let looked = verify_database(&file).await?;
            session.out.answer(&looked, || format!("{} is sound\n{}", looked.file.display(), listed_database(&looked)));
        }
        WorkspaceCommand::Verify { file } => {
            let told = progress(session, "read");
            let facts = unless_stopped(verify_backup(&file, &told)).await?;
            session.out.answer(&VerifiedDocument { file: &file, facts: &facts }, || {
                format!("{} is whole\n{}", file.display(), listed(&facts))
            });
        }
    }
    Ok(Answer::Yes)
}

async fn back_up(session: &Session, arguments: BackupArguments) -> Result<(), AppError> {
    let passphrase = if arguments.passphrase_stdin { Some(secret::password_from_stdin()?) } else { None };
    if passphrase.as_ref().is_some_and(|passphrase| passphrase.is_empty()) {
        return Err(AppError::new("the passphrase for the backup is empty")
            .hint("write it on standard input, or leave --passphrase-stdin out"));
    }
    passphrase.as_ref().map_or(Ok(()), |passphrase| long_enough(passphrase))?;
    let request = BackupRequest { file: arguments.output, payloads: !arguments.without_payloads, passphrase };
    let told = progress(session, "backed up");
    let made = unless_stopped(session.app.back_up(&request, &told)).await?;
    session.out.answer(&made, || {
        format!("Backed up to {}, {}\n{}", made.file.display(), size(made.size), listed(&made.facts))
    });
    if made.facts.protection == BackupProtection::KeyFile {
        session.out.warning(
            "keys and passwords in it open only by this workspace's key file, which is not in it: keep a copy of that file \
             apart, or back up with --passphrase-stdin",
        );
    }
    Ok(())
}

/// Looks for damage, and says what to do where there is some.
async fn check(session: &Session, archive: bool) -> Result<Answer, AppError> {
    let out = session.out.clone();
    let told = move |bytes: u64| out.moving(&format!("{} of the archive read…", size(bytes)));
    let checked = unless_stopped(session.app.check_workspace(archive, &told)).await?;
    session.out.answer(&checked, || told_of_check(&checked));
    Ok(Answer::of(checked.sound))
}

fn told_of_check(checked: &WorkspaceCheck) -> String {
    let count = |number: u64, noun: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), noun);
    let mut text = String::new();
    let database = if checked.database.problems.is_empty() { "sound" } else { "damaged" };
    text.push_str(&format!("Database      {database}\n"));
    for problem in &checked.database.problems {
        text.push_str(&format!("              {problem}\n"));
    }
    if !checked.database.mended.is_empty() {
        text.push_str(
            "              indexes did not say what their tables do; they were made anew, and nothing is lost\n",
        );
    }
    match &checked.archive {
        None => text.push_str("Archive       not looked at\n"),
        Some(archive) => {
            let state = if archive.damaged == 0 { "sound" } else { "damaged" };
            text.push_str(&format!(
                "Archive       {state}: {}, {} compared with the journal\n",
                count(archive.payloads, "payload"),
                size(archive.bytes)
            ));
            for damaged in &archive.named {
                text.push_str(&format!("              {}: {}\n", damaged.file.display(), damaged.what));
            }
            let unnamed = archive.damaged.saturating_sub(archive.named.len() as u64);
            if unnamed > 0 {
                text.push_str(&format!("              and {unnamed} more\n"));
            }
        }
    }
    if checked.sound {
        return text;
    }
    if !checked.database.problems.is_empty() {
        text.push_str(&match &checked.newest_backup {
            Some(backup) => format!(
                "Look at the disk first. With every program of this workspace stopped, `countersign workspace restore {}` puts \
                 back the automatic backup of {} and keeps the damaged database beside it\n",
                words::shell_word(&backup.file.to_string_lossy()),
                words::instant(backup.made)
            ),
            None => "There is no automatic backup. Copy the workspace's folder elsewhere before anything else, look at the disk, \
                     and restore a backup that was made with `countersign workspace backup`\n"
                .to_owned(),
        });
    }
    if checked.archive.as_ref().is_some_and(|archive| archive.damaged > 0) {
        text.push_str("Look at the disk, and put those files back from a backup of the workspace\n");
    }
    text
}

/// What is in a backup of the database alone.
fn listed_database(restored: &DatabaseRestored) -> String {
    let count = |number: u64, noun: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), noun);
    let facts = &restored.facts;
    let made = restored.made.map_or_else(String::new, |made| format!("Made          {}\n", words::instant(made)));
    let identities = counted(usize::try_from(facts.identities).unwrap_or(usize::MAX), "identity");
    format!(
        "{made}Holds         {}, {identities}, {}\nSchema        {}\n",
        count(facts.connections, "connection"),
        count(facts.transmissions, "transmission"),
        facts.schema
    )
}

fn told_of_database(restored: &DatabaseRestored) -> String {
    let facts = &restored.facts;
    let mut text = format!("Put back into {}\n{}", facts.folder.display(), listed_database(restored));
    if let Some(aside) = &facts.put_aside {
        text.push_str(&format!("Put aside     the database that was there, as {}\n", aside.display()));
    }
    if facts.unsettled > 0 {
        text.push_str(&format!(
            "{} of its transmissions are not at their end as it knows them: whichever program opens it goes on with them, and \
             may send again what was sent since the backup, under the same Message-ID\n",
            facts.unsettled
        ));
    }
    text.push_str(
        "What was sent, received and set since the backup is not in its journal; its payloads and messages lie in the archive \
         as before\n",
    );
    text
}

/// Does it, unless the program is to end: then nothing is left of it.
async fn unless_stopped<T>(work: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
    Shutdown::listen()?.unless_wished(work).await
}

/// How far it has come, on a terminal.
fn progress(session: &Session, done: &'static str) -> impl Fn(u64, u64) + Sync + use<> {
    let out = session.out.clone();
    move |bytes, total| match total {
        0 => out.moving("copying the database…"),
        total => out.moving(&format!("{} of {} {done}…", size(bytes), size(total))),
    }
}

fn shown(facts: &WorkspaceFacts) -> String {
    let mut text = format!("Place         {}\n", facts.place.display());
    if !facts.exists {
        text.push_str("It is made with the first connection or identity\n");
        return text;
    }
    let protection = match (&facts.key_file, facts.protection) {
        (Some(file), _) => format!("the key file {}", file.display()),
        (None, Some("keychain")) => "the keychain of this user on this machine".to_owned(),
        (None, _) => "a passphrase".to_owned(),
    };
    text.push_str(&format!("Protection    {protection}\n"));
    if let Some(reason) = &facts.locked {
        text.push_str(&format!("Secrets       locked: {reason}\n"));
    }
    if facts.read_only {
        text.push_str("Access        it can only be read\n");
    }
    if facts.shared {
        text.push_str("Access        a group may write to its folder\n");
    }
    let database = format!("{}, of which {} are free", size(facts.database.bytes), size(facts.database.free));
    text.push_str(&format!("Database      {database}\nArchive       {}\n", size(facts.archive)));
    text.push_str(&format!(
        "Holds         {}, {}, {}, {}\n",
        counted(facts.connections, "connection"),
        counted(facts.identities, "identity"),
        counted(facts.certificates, "certificate"),
        counted(usize::try_from(facts.transmissions).unwrap_or(usize::MAX), "transmission")
    ));
    let newest = match facts.automatic_backups.first() {
        Some(newest) => {
            let number = counted(usize::try_from(facts.backups.number).unwrap_or(usize::MAX), "automatic backup");
            let (made, bytes) = (words::instant(newest.made), size(facts.backups.bytes));
            format!("{made}, {}; {number}, {bytes}", newest.file.display())
        }
        None => "none yet: one is made each day while the window or `serve` runs".to_owned(),
    };
    text.push_str(&format!("Backed up     {newest}\n"));
    if let Some(checked) = &facts.checked {
        let state = if checked.is_sound() { "sound" } else { "damaged, see `countersign workspace check`" };
        text.push_str(&format!("Checked       {}: {state}\n", words::instant(checked.at)));
    }
    text
}

/// What is in a backup, line by line.
fn listed(facts: &BackupFacts) -> String {
    let count = |number: u64, noun: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), noun);
    let payloads = if facts.payloads { "" } else { ", without payloads" };
    format!(
        "Made          {} by countersign {}\nHolds         {}, {}, {}{payloads}\nFiles         {}, {}\nSecrets       {}\n",
        words::instant(facts.made),
        facts.version,
        count(facts.connections, "connection"),
        counted(usize::try_from(facts.identities).unwrap_or(usize::MAX), "identity"),
        count(facts.transmissions, "transmission"),
        facts.files,
        size(facts.bytes),
        facts.protection.in_words()
    )
}

fn told_of(restored: &Restored) -> String {
    let mut text = format!("Restored into {}\n{}", restored.folder.display(), listed(&restored.facts));
    if let Some(file) = &restored.key_file {
        text.push_str(&format!(
            "Copy workspace.key of the workspace that was backed up to {}; until then keys and passwords are locked\n",
            file.display()
        ));
    }
    let commands = &restored.commands;
    let put_off: Vec<Occasion> =
        Occasion::ALL.iter().copied().filter(|occasion| commands.of(*occasion).is_some()).collect();
    if !put_off.is_empty() {
        let programs = super::command::listed(commands, &put_off);
        text.push_str(&format!(
            "Programs came with it that follow a message. Look at them; none is run until `countersign command confirm`:\n{programs}\n"
        ));
    }
    if restored.facts.unsettled > 0 {
        text.push_str(&format!(
            "{} of its transmissions are not at their end: whichever program opens it goes on with them\n",
            restored.facts.unsettled
        ));
    }
    text.push_str(&format!(
        "Open it with `countersign --workspace {}`, and no longer the one that was backed up: two that send and receive \
         for the same partners would get in each other's way\n",
        words::shell_word(&restored.folder.to_string_lossy())
    ));
    text
}
