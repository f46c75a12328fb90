//! Which commands are about what a workspace holds already: where there is none, its place was written wrongly.

use super::arguments::{CertificateCommand, Command, ConnectionCommand};
use super::command::CommandCommand;
use super::identity_arguments::IdentityCommand;
use super::notice::NotificationsCommand;
use super::retention::RetentionCommand;
use super::workspace::WorkspaceCommand;

/// Whether a command can do nothing where there is no workspace.
pub(super) const fn needs_workspace(command: &Command) -> bool {
    match command {
        #[cfg(debug_assertions)]
        Command::Gallery => false,
        Command::Sample(_)
        | Command::Explain { .. }
        | Command::Licences { .. }
        | Command::Desktop(_)
        | Command::Serve(_)
        | Command::Policy(_) => false,
        Command::Check { .. }
        | Command::Send(_)
        | Command::Transmission(_)
        | Command::Rollover(_)
        | Command::Notice(_)
        | Command::Calendar(_)
        | Command::Audit(_)
        | Command::Report(_) => true,
        Command::Connection(command) => {
            !matches!(command, ConnectionCommand::Add { .. } | ConnectionCommand::Import { .. })
        }
        Command::Certificate(command) => !matches!(command, CertificateCommand::Inspect { .. }),
        Command::Identity(command) => !matches!(
            command,
            IdentityCommand::Create { .. } | IdentityCommand::Import { .. } | IdentityCommand::Request { .. }
        ),
        Command::After(command) => !matches!(command, CommandCommand::Set { .. }),
        Command::Notifications(command) => !matches!(command, NotificationsCommand::Set { .. }),
        Command::Retention(command) => !matches!(command, RetentionCommand::Set(_)),
        // One that is damaged is to be checked too.
        Command::Workspace(command) => {
            matches!(command, WorkspaceCommand::Backup(_) | WorkspaceCommand::Protect { .. })
        }
        Command::Log(_) | Command::Proxy(_) | Command::Receiver(_) => false,
    }
}
