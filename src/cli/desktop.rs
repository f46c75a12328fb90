//! `desktop`: the program among those of the desktop.

use clap::Subcommand;

use super::output::Output;
use super::{Answer, located};
use crate::app::{AppError, DesktopEntry, install_desktop_entry, remove_desktop_entry};

/// What there is to do about the desktop.
#[derive(Debug, Subcommand)]
pub(super) enum DesktopCommand {
    /// Put it into the desktop's menu with its icon, for countersign:// links and for certificate files; with --workspace it
    /// opens that one
    Install,
    /// Take that away again
    Remove,
}

pub(super) fn run(out: &Output, command: &DesktopCommand, workspace: Option<&str>) -> Result<Answer, AppError> {
    let (done, verb) = match command {
        DesktopCommand::Install => {
            let workspace = workspace.map(located).transpose()?;
            (install_desktop_entry(workspace.as_ref())?, "Wrote")
        }
        DesktopCommand::Remove => (remove_desktop_entry()?, "Removed"),
    };
    out.answer(&done, || listed(&done, verb));
    if !done.files.is_empty() && !done.told {
        out.note(
            "the desktop sees it when you log in anew: update-desktop-database, by which it is told, is not there",
        );
    }
    Ok(Answer::Yes)
}

fn listed(done: &DesktopEntry, verb: &str) -> String {
    if done.files.is_empty() {
        return "There was nothing to remove".to_owned();
    }
    done.files.iter().map(|file| format!("{verb} {}\n", file.display())).collect()
}
