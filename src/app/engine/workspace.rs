//! What the window asks for about the workspace as a whole: backing it up and restoring it, beside everything else.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::command::{Answer, Event, RequestId};
use super::work::given_up;
use crate::app::{
    App, AppError, AuditFilter, AuditVerification, BackupFacts, BackupMade, BackupRequest, DesktopEntry, ExportFormat,
    LogFacts, LogLevel, ProxySettings, ReceiverCheck, Restored, WorkspaceCheck, WorkspaceFacts, desktop_entry,
    look_at_backup, open_workspace, remove_desktop_entry, restore_backup, show_folder,
};
use crate::domain::audit::AuditEntry;
use crate::domain::identifier::Address;

/// What is asked for.
#[derive(Clone, Debug)]
pub enum WorkspaceCommand {
    /// What is to be known of it. Answered by [`WorkspaceAnswer::Facts`].
    Facts,
    /// Back it up. Told by [`Event::Progress`], answered by [`WorkspaceAnswer::BackedUp`]; can be given up.
    BackUp(BackupRequest),
    /// What a backup says of itself. Answered by [`WorkspaceAnswer::Seen`].
    LookAt(PathBuf),
    /// Restore a backup into a folder. Told by [`Event::Progress`], answered by [`WorkspaceAnswer::Restored`]; can be given
    /// up.
    Restore(PathBuf, PathBuf),
    /// Look for damage in all of it. Answered by [`WorkspaceAnswer::Checked`]; can be given up.
    Check,
    /// Show a folder in the system's program for files. Answered by [`Answer::Done`].
    ShowFolder(PathBuf),
    /// Where the log is, and how much is written. Answered by [`WorkspaceAnswer::Log`].
    Log,
    /// Set how much is written. Answered by [`WorkspaceAnswer::Log`].
    SetLogLevel(LogLevel),
    /// Entries of the audit log. Answered by [`WorkspaceAnswer::Audit`].
    Audit(AuditFilter),
    /// Compute the audit log's chain anew. Answered by [`WorkspaceAnswer::Verified`].
    VerifyAudit,
    /// Write the audit log to a file. Answered by [`WorkspaceAnswer::AuditExported`].
    ExportAudit(PathBuf, ExportFormat),
    /// Which proxy is used. Answered by [`WorkspaceAnswer::Proxy`].
    Proxy,
    /// Set which proxy is used, with its password where that is another. Answered by [`WorkspaceAnswer::Proxy`].
    SetProxy(ProxySettings, Option<Password>),
    /// How the program stands in the desktop's menu, or put it there or take it away. Answered by
    /// [`WorkspaceAnswer::Desktop`].
    Desktop(DesktopAct),
    /// Ask at an address whether our own receiver answers there. Answered by [`WorkspaceAnswer::Receiver`]; can be given up.
    CheckReceiver(Address),
    /// Open another workspace in a window of its own. Answered by [`Answer::Done`].
    Open(PathBuf),
}

/// What is asked for about the desktop's menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesktopAct {
    /// Whether the program is in it.
    Look,
    /// Put it there.
    Install,
    /// Take it away.
    Remove,
}

/// A password on its way.
#[derive(Clone)]
pub struct Password(pub Zeroizing<String>);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum WorkspaceAnswer {
    /// What is to be known of it.
    Facts(WorkspaceFacts),
    /// A backup was written.
    BackedUp(BackupMade),
    /// What a backup says of itself.
    Seen(BackupFacts),
    /// A backup was restored.
    Restored(Restored),
    /// It was looked for damage.
    Checked(WorkspaceCheck),
    /// Where the log is.
    Log(LogFacts),
    /// Entries of the audit log, the newest first.
    Audit(Vec<AuditEntry>),
    /// What a look at the whole audit log has shown.
    Verified(AuditVerification),
    /// The audit log was written to this file, with so many entries.
    AuditExported(PathBuf, u64),
    /// Which proxy is used.
    Proxy(ProxySettings),
    /// How the program stands in the desktop's menu.
    Desktop(DesktopEntry),
    /// Whether our own receiver answered.
    Receiver(ReceiverCheck),
}

/// Carries it out and tells what came of it. What is `cancelled` leaves nothing behind.
pub(super) async fn carry_out(
    app: App,
    tell: Arc<dyn Fn(Event) + Send + Sync>,
    id: RequestId,
    command: WorkspaceCommand,
    cancelled: oneshot::Receiver<()>,
) {
    let progress = |done, total| tell(Event::Progress(id, done, total));
    let answer = tokio::select! {
        answer = answer(&app, command, &progress) => answer,
        () = given_up(cancelled) => Err(AppError::new("it was given up, and nothing was kept")),
    };
    tell(Event::Answered(id, answer));
}

async fn answer(
    app: &App,
    command: WorkspaceCommand,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Answer, AppError> {
    let answer = match command {
        WorkspaceCommand::Facts => WorkspaceAnswer::Facts(app.workspace_facts().await?),
        WorkspaceCommand::BackUp(request) => WorkspaceAnswer::BackedUp(app.back_up(&request, progress).await?),
        WorkspaceCommand::LookAt(file) => WorkspaceAnswer::Seen(look_at_backup(&file).await?),
        WorkspaceCommand::Restore(file, into) => {
            WorkspaceAnswer::Restored(restore_backup(&file, &into, progress).await?)
        }
        WorkspaceCommand::Check => WorkspaceAnswer::Checked(app.check_workspace(true, &|_bytes| {}).await?),
        WorkspaceCommand::Log => WorkspaceAnswer::Log(app.log_facts().await?),
        WorkspaceCommand::SetLogLevel(level) => {
            app.set_log_level(level).await?;
            WorkspaceAnswer::Log(app.log_facts().await?)
        }
        WorkspaceCommand::Audit(filter) => WorkspaceAnswer::Audit(app.audit_entries(&filter).await?),
        WorkspaceCommand::VerifyAudit => WorkspaceAnswer::Verified(app.verify_audit(None).await?),
        WorkspaceCommand::ExportAudit(file, format) => {
            let entries = app.export_audit(format, &file).await?;
            WorkspaceAnswer::AuditExported(file, entries)
        }
        WorkspaceCommand::Proxy => WorkspaceAnswer::Proxy(app.proxy_settings().await?),
        WorkspaceCommand::SetProxy(settings, password) => {
            WorkspaceAnswer::Proxy(app.set_proxy(&settings, password.map(|password| password.0)).await?)
        }
        WorkspaceCommand::Desktop(act) => {
            // The desktop's own program may take a while.
            let app = app.clone();
            let done = tokio::task::spawn_blocking(move || desktop(&app, act)).await;
            let done = done.map_err(|error| AppError::new(format!("it was not carried out: {error}")))?;
            WorkspaceAnswer::Desktop(done?)
        }
        WorkspaceCommand::CheckReceiver(url) => WorkspaceAnswer::Receiver(app.check_receiver(&url).await?),
        WorkspaceCommand::ShowFolder(folder) => {
            show_folder(&folder)?;
            return Ok(Answer::Done);
        }
        WorkspaceCommand::Open(folder) => {
            open_workspace(&folder)?;
            return Ok(Answer::Done);
        }
    };
    Ok(Answer::Workspace(Box::new(answer)))
}

fn desktop(app: &App, act: DesktopAct) -> Result<DesktopEntry, AppError> {
    match act {
        DesktopAct::Look => Ok(desktop_entry()),
        DesktopAct::Install => app.install_desktop_entry(),
        DesktopAct::Remove => remove_desktop_entry(),
    }
}
