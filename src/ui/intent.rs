//! What a view wants to happen outside itself. Intents are collected while a frame is drawn and done once after it.

use std::path::PathBuf;

use super::dialog::Dialog;
use super::policies::PolicyIntent;
use crate::app::engine::{RequestId, WorkspaceCommand};
use crate::app::{CertificateSource, ConnectionBefore, ManyDone, ProfileKey, ScheduleAct, ScheduleChange};
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::rollover::RolloverId;
use crate::domain::transmission::TransmissionId;

/// A page of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The matrix of connections.
    #[default]
    Connections,
    /// The test send of one connection, both profiles beside each other.
    TestSend(ConnectionId),
    /// Every certificate, ours and theirs.
    Certificates,
    /// The journal.
    Transmissions,
    /// Rollovers, or the board of one.
    Rollovers,
    /// The policies.
    Policies,
    /// What must be told.
    Notices,
    /// The settings, with one of their sections in front.
    Settings(SettingsSection),
}

/// A section of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SettingsSection {
    /// Our own keys and certificates.
    #[default]
    Identities,
    /// Where messages are received.
    Receiving,
    /// Who sends what is due, and what follows a message.
    DailyWork,
    /// When and how is reminded.
    Notifications,
    /// What is kept of transmissions, and for how long.
    Storage,
    /// Colours and the size of text.
    Appearance,
    /// The workspace and its protection.
    Workspace,
    /// The proxy that messages go through.
    Proxy,
    /// Who changed what, when.
    Audit,
    /// What the program writes down.
    Log,
    /// The version, and the licences.
    About,
}

/// A tab of the inspector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InspectorTab {
    /// The settings of both profiles.
    #[default]
    Settings,
    /// The partner's certificates and when each is used.
    Certificates,
    /// Sending to one or both profiles.
    TestSend,
    /// What was sent and received.
    History,
}

/// What is to happen.
pub enum Intent {
    /// Show a page.
    Go(Page),
    /// Open the inspector on a connection, with one of its profiles in front.
    Inspect {
        /// Which connection.
        connection: ConnectionId,
        /// Which of its profiles.
        profile: Option<ProfileKind>,
        /// Which tab; the one that is open where absent.
        tab: Option<InspectorTab>,
    },
    /// Show the test send of a connection and begin it, as its buttons would.
    SendTest {
        /// Which connection.
        connection: ConnectionId,
        /// To which of its profiles.
        profiles: Vec<ProfileKind>,
    },
    /// Open the dialog that sends files, with some in it already.
    SendFiles {
        /// To which connection.
        connection: ConnectionId,
        /// To which of its profiles, as far as that was chosen.
        profile: ProfileKind,
        /// Which files.
        files: Vec<PathBuf>,
    },
    /// Close the inspector.
    CloseInspector,
    /// Give the inspector's unsaved changes up.
    DiscardChanges,
    /// Change a setting in the inspector's draft, as a diagnosis proposes; without a value only show it.
    ProposeSetting {
        /// Which connection.
        connection: ConnectionId,
        /// Which of its profiles.
        profile: ProfileKind,
        /// The key of the connection file.
        setting: String,
        /// The value to try.
        value: Option<String>,
    },
    /// Open the dialog for a partner's renewed certificate.
    NewCertificate {
        /// Whose, where that is known.
        connection: Option<ConnectionId>,
        /// For which profile it was asked; both where absent.
        profile: Option<ProfileKind>,
        /// Where it is, where that is known.
        source: Option<CertificateSource>,
    },
    /// Show one certificate on its page.
    ShowCertificate(Fingerprint),
    /// Change when certificates go active, for these profiles alike. What was done offers to be taken back.
    ChangeSchedule(Vec<ProfileKey>, ScheduleAct),
    /// Take changes of schedules back.
    UndoSchedule(Vec<ScheduleChange>),
    /// Take a change of many connections back.
    UndoMany(Box<ManyDone>),
    /// Open the dialog for a new connection.
    NewConnection,
    /// Open the dialog that duplicates a connection.
    Duplicate(ConnectionId),
    /// Ask, and then remove a connection.
    Remove(ConnectionId),
    /// Put a connection back as it was before it was changed or removed.
    PutBack(Box<ConnectionBefore>),
    /// Pick a connection file and add it.
    ImportConnectionFile,
    /// Open the dialog that takes connections over from OpenAS2 or mendelson, with its partnerships, where it is known where they are.
    ImportOpenAs2(Option<PathBuf>),
    /// Add a connection file that is known already.
    AddConnectionFile(PathBuf),
    /// Add a connection file in place of the connection of the same id.
    ReplaceConnectionFile(PathBuf),
    /// Pick a place and write a connection's file there.
    ExportConnection(ConnectionId),
    /// Open the dialog that starts a rollover, from a certificate, where that is known.
    NewRollover(Option<CertificateSource>),
    /// Show the board of a rollover.
    ShowRollover(RolloverId),
    /// Lead back from a board to the list of rollovers.
    CloseRollover,
    /// Follow test sends of a rollover.
    FollowTests(RequestId, RolloverId),
    /// Show a transmission.
    ShowTransmission(TransmissionId),
    /// What is to happen about policies.
    Policies(PolicyIntent),
    /// Put a dialog on top of the window.
    Open(Box<dyn Dialog>),
    /// Pick a place and write a report or the calendar there.
    WriteNoticeFile(super::notices::NoticeFile),
    /// What is to be done about the workspace as a whole.
    Workspace(WorkspaceCommand),
    /// Leave the user's workspace and open the sample.
    OpenSample,
    /// Find connections and commands.
    OpenPalette,
    /// Read the workspace anew.
    Refresh,
    /// Lock the window, where a passphrase can unlock it.
    Lock,
    /// Close the window; asked about where something is unsaved.
    Quit,
}
