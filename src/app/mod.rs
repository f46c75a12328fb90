//! The running program: commands in, results and events out.
//!
//! [`App`] is what the window and the command line both stand on. It owns the clock, knows the workspace, and puts the
//! rooms below together: `store` journals, `as2` builds and opens, `transport` carries, `domain` judges.

mod acknowledgements;
mod afterwards;
mod arrivals;
mod audit;
mod backup;
mod bundle;
mod calendar;
mod certificate_removal;
mod certificates;
mod check;
mod clock;
mod clock_watch;
mod commands;
mod connection_file;
mod connections;
mod core_dumps;
mod courier;
mod desktop_entry;
mod document_facts;
pub mod engine;
mod error;
mod first_sight;
mod folders;
mod identities;
mod identity_export;
mod identity_requests;
mod identity_sheet;
mod importing;
mod inbox;
mod kept;
mod kept_so_far;
mod keys;
mod large;
mod lease;
mod left_over;
mod licences;
mod listing;
mod log;
mod many;
mod missed;
mod named;
mod notices;
mod observations;
mod one_window;
mod openas2;
mod outbox;
mod outbox_folder;
mod owed;
mod own_policies;
mod own_rollover;
mod places;
mod policies;
mod preparation;
mod proof;
mod protection;
mod proxy;
mod public_url;
mod put_back;
mod receipt_by_hand;
mod receipt_text;
mod receive;
mod receiving_times;
mod reduced_motion;
mod report;
mod retention;
mod rollovers;
mod runtime;
pub mod sample;
mod schedule;
mod send;
mod serve;
mod server_certificate;
mod soundness;
mod steward;
mod structure;
mod surroundings;
mod transmission_document;
mod transmission_export;
mod transmission_summary;
mod transmissions;
mod upkeep;
mod view;
mod workspace_facts;
mod written;

use std::sync::Arc;

use tokio::sync::Mutex;

pub use acknowledgements::{AcknowledgementLink, AcknowledgementLinks};
use afterwards::Afterwards;
pub use backup::{
    BackupFacts, BackupMade, BackupProgress, BackupProtection, BackupRequest, DatabaseRestored, Restored, is_database,
    look_at_backup, restore_backup, restore_database, verify_backup, verify_database,
};
pub use bundle::{Bundle, BundleFile, BundlePayload, WrittenBundle};
pub use certificates::{
    CertificateSource, Confirmed, InspectedCandidate, InspectedCertificate, Inspection, ListedCertificate, ListedUse,
    certificate_bytes,
};
pub use clock::Clock;
use clock_watch::ClockWatch;
pub use commands::{COMMAND_PLACES, CommandSettings, Occasion, OwnCommand};
pub use connections::{ConnectionChange, ConnectionSummary, Saved};
pub use core_dumps::forbid_core_dumps;
use courier::InHand;
pub use desktop_entry::{DesktopEntry, desktop_entry, install_desktop_entry, remove_desktop_entry};
pub use error::AppError;
pub use folders::{FolderChange, ProfileFolders};
pub use identities::{IdentityFiles, IdentityUse, ListedIdentity, NewIdentity};
pub use identity_export::{IdentityFormat, KeyExport};
pub use identity_requests::{ListedRequest, NewRequest};
pub use identity_sheet::{SheetFormat, SheetRequest};
pub use importing::{ImportRequest, ImportResult, ImportedProfile};
pub use kept::{CutPart, Gap, KeptPart, SavedPart};
pub use lease::{LeaseHolder, LeaseState};
pub use licences::{Licence, licences, licences_text};
pub use log::{LogFacts, LogFile, LogLevel, flush_log, install_log, log_event};
pub use many::{ChangedConnection, Difference, ManyChange, ManyDone, ManyPlan, RefusedConnection};
pub use notices::{ListedNotice, MailSettings, MailTls, NotificationSettings, Told};
pub use observations::Observations;
pub use one_window::{FirstWindow, ToOpen, WindowStart, first_window, hand_over, start_window};
pub use openas2::{MovedFrom, OpenAs2Connection, OpenAs2Files, OpenAs2Identity, OpenAs2PassedOver, OpenAs2Plan};
pub use own_policies::{Duplication, Expected, PolicyChange, PolicyInspection};
pub use own_rollover::{OwnChange, OwnChanged, OwnChanges, OwnProgress, OwnStep, ProfileRef};
pub use policies::{KnownPolicy, PolicyOrigin, PolicySummary};
use preparation::Preparation;
pub use proof::{Proof, ProofCheck, ProofSigner};
pub use protection::{SHORTEST_PASSPHRASE, long_enough};
pub use proxy::{ProxyKind, ProxySettings};
pub use public_url::{PublicUrl, ReceiverCheck};
pub use put_back::ConnectionBefore;
pub use receive::{ReceiptGiven, receipt_given};
pub use reduced_motion::system_reduces_motion;
pub use report::{Report, ReportFormat};
pub use retention::{
    BackupsUsage, DatabaseUsage, FreedKind, HeldCounts, Keeping, KindUsage, RetentionPreview, RetentionRun,
    StorageUsage,
};
pub use rollovers::{
    DEFAULT_AT_ONCE, MOST_AT_ONCE, NamedProfiles, NewRollover, RolloverAction, RolloverChanged, RolloverRequest,
    RolloverSummary, StartedRollover, TestProgress, TestRollover, TestedProfile, TestedRollover,
};
pub use runtime::{Shutdown, run};
pub use schedule::{ScheduleAct, ScheduleActName, ScheduleChange};
pub use send::{Payload, Redelivered, Redelivery, SendEvent, SendRequest};
pub use serve::{ServeEvent, ServeOptions};
pub use server_certificate::{FetchedServer, PinnedServer};
pub use soundness::{CheckedArchive, CheckedDatabase, DamagedPayload, LastCheck, WorkspaceCheck};
pub use structure::{LayerFact, MessageLayer, MessageStructure};
pub use transmission_document::{DocumentSummary, RedeliveryDocument, SendDocument, TransmissionDocument};
pub use transmission_export::{ExportFormat, Exported};
pub use transmissions::{RawPart, TransmissionPage};
pub use view::{OpenedView, ViewKind, ViewRow};
pub use workspace_facts::{WorkspaceFacts, open_workspace, show_folder};
pub use written::{write as write_file, write_confidential};

pub use crate::certificate::{KeyKind, P12Form};
pub use crate::store::{
    AuditFilter, AuditVerification, AutomaticBackup, AutomaticBackupKind, CommandRun, Cursor, FolderKind, Location,
    MissedActivation, NewProtection, ProfileKey, Protection, SHORTEST_SEARCH, Sort, TransmissionChoices,
    TransmissionFilter, TransmissionSummary, Unlock,
};
use crate::store::{OpenError, Witness, Workspace};

/// The running program on one workspace.
///
/// A workspace is opened when it is first needed and created when something is first written, so that looking at
/// nothing leaves nothing behind.
#[derive(Clone)]
pub struct App {
    location: Location,
    unlock: Unlock,
    clock: Clock,
    opened: Arc<Mutex<Option<Workspace>>>,
    /// What has to end before the workspace is opened.
    preparation: Option<Preparation>,
    /// What this program is at of all that is due.
    in_hand: InHand,
    /// Whether the clock was set meanwhile.
    clock_watch: ClockWatch,
    /// What it does when whoever waited has been answered.
    afterwards: Afterwards,
    /// Our keys, unsealed once.
    keys: keys::UnsealedKeys,
    /// What was noticed in passing and written down last.
    noted: observations::Noted,
    /// Which of the activations that have come about were planned, as far as it was looked up.
    planned: notices::Planned,
}

impl App {
    /// The program on a workspace that need not exist yet.
    #[must_use]
    pub fn new(location: Location, unlock: Unlock, clock: Clock) -> Self {
        Self {
            location,
            unlock,
            clock,
            opened: Arc::default(),
            preparation: None,
            in_hand: InHand::default(),
            clock_watch: ClockWatch::default(),
            afterwards: Afterwards::default(),
            keys: keys::UnsealedKeys::default(),
            noted: observations::Noted::default(),
            planned: notices::Planned::default(),
        }
    }

    /// The same, whose workspace is first opened when it has been prepared.
    fn after(mut self, preparation: Preparation) -> Self {
        self.preparation = Some(preparation);
        self
    }

    /// Says that the window's first frame is shown: what would only have slowed that down may begin, such as setting the
    /// sample up.
    pub fn first_frame_is_shown(&self) {
        if let Some(preparation) = &self.preparation {
            preparation.is_due();
        }
    }

    async fn prepared(&self) -> Result<(), AppError> {
        match &self.preparation {
            Some(preparation) => preparation.ended().await,
            None => Ok(()),
        }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// The workspace where it exists.
    async fn existing(&self) -> Result<Option<Workspace>, AppError> {
        self.prepared().await?;
        Ok(self.opened_existing().await?)
    }

    async fn opened_existing(&self) -> Result<Option<Workspace>, OpenError> {
        let mut opened = self.opened.lock().await;
        if opened.as_ref().is_some_and(Workspace::has_room_again) {
            // It was opened while its disk was full, and can only be read. Whoever still reads it goes on.
            *opened = None;
        }
        if opened.is_none() {
            *opened = Workspace::open_existing(&self.location, &self.unlock, self.now()).await?;
            if let Some(workspace) = &*opened {
                self.settle(workspace).await;
            }
        }
        Ok(opened.clone())
    }

    /// Brings to an end what a killed program left open. Where that cannot be done now, whoever opens the workspace next
    /// tries again.
    async fn settle(&self, workspace: &Workspace) {
        let clock = self.clock;
        workspace.witnessed_by(Witness { by: audit::who(), now: Arc::new(move || clock.now()) });
        log::follow(workspace).await;
        if !workspace.is_read_only() {
            drop(send::settle_abandoned(workspace, self.now()).await);
        }
    }

    /// The workspace, made where it does not exist.
    async fn workspace(&self) -> Result<Workspace, AppError> {
        if let Some(workspace) = self.existing().await? {
            return Ok(workspace);
        }
        let mut opened = self.opened.lock().await;
        if let Some(workspace) = &*opened {
            return Ok(workspace.clone());
        }
        if let Some(passphrase) = &self.unlock.passphrase {
            // Of one that exists already it is what it is.
            if !crate::store::is_workspace(self.location.path()) {
                long_enough(passphrase)?;
            }
        }
        let workspace = Workspace::open_or_create(&self.location, &self.unlock, self.now()).await?;
        self.settle(&workspace).await;
        *opened = Some(workspace.clone());
        Ok(workspace)
    }

    /// Whether the workspace is to be brought up to date when it is opened, and so large that this takes more than a moment.
    #[must_use]
    pub fn is_to_be_brought_up_to_date(&self) -> bool {
        /// A journal of some ten thousand transmissions.
        const LARGE: u64 = 50_000_000;
        let unopened = self.opened.try_lock().is_ok_and(|opened| opened.is_none());
        unopened && crate::store::outdated(&self.location).is_some_and(|bytes| bytes >= LARGE)
    }

    /// How the secrets of the workspace are protected; nothing where there is no workspace yet.
    ///
    /// # Errors
    /// Where the workspace cannot be opened.
    pub async fn protection(&self) -> Result<Option<Protection>, AppError> {
        Ok(self.existing().await?.map(|workspace| workspace.protection()))
    }

    /// Closes the workspace, once what is done afterwards has ended.
    pub async fn close(&self) {
        self.afterwards.ended().await;
        if let Some(workspace) = self.opened.lock().await.take() {
            workspace.close().await;
        }
        self.keys.forget();
        self.planned.forget();
    }
}
