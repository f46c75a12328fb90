//! What the window asks for, and what it is told.

use std::path::PathBuf;
use std::sync::Arc;

use super::Errand;
use super::identity_work::IdentityCommand;
use super::journal::JournalCommand;
use super::look::{LookAnswer, LookCommand};
use super::many::{ManyAnswer, ManyCommand};
use super::notices::NoticeCommand;
use super::policies::{PolicyAnswer, PolicyTask};
use super::prospect::{Foreseen, Outlook};
use super::receiving::ReceivingSettings;
use super::retention::{RetentionAnswer, RetentionCommand};
use super::rollovers::{RolloverAnswer, RolloverCommand};
use super::snapshot::Snapshot;
use super::workspace::{Password, WorkspaceAnswer, WorkspaceCommand};
use crate::app::{
    AppError, ConnectionBefore, ConnectionChange, ImportRequest, ImportResult, Inspection, Keeping, NewProtection,
    Occasion, OpenAs2Files, OpenAs2Plan, OwnChanges, OwnCommand, OwnProgress, SendEvent, SendRequest, TestProgress,
    TransmissionChoices, TransmissionPage,
};
use crate::app::{CertificateSource, CommandRun, CommandSettings, Saved, TransmissionFilter};
use crate::app::{FetchedServer, PinnedServer, ProfileKey, ScheduleAct, ScheduleChange};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::Connection;
use crate::domain::identifier::{Address, ConnectionId, IdentityName, ProfileKind};
use crate::domain::notice::Notice;
use crate::domain::summary::Summary;
use crate::domain::transmission::{Transmission, TransmissionId};

/// By which an answer is told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub(super) u64);

/// A send under way is known by the request that began it.
pub type SendId = RequestId;

/// What the window asks for. Commands that change the workspace are carried out one after the other.
pub enum Command {
    /// Read the workspace anew.
    Refresh,
    /// Change settings. Answered by [`Answer::Saved`].
    Save(RequestId, ConnectionChange),
    /// Add a connection. Answered by [`Answer::Saved`].
    CreateConnection(RequestId, Box<Connection>),
    /// Add the connection of a file, in place of one of the same id where that is wanted. Answered by [`Answer::Saved`].
    AddConnectionFile(RequestId, PathBuf, bool),
    /// Show what would come of what OpenAS2 or mendelson keeps. Answered by [`Answer::OpenAs2`].
    PlanOpenAs2(RequestId, OpenAs2Files),
    /// Take connections over from OpenAS2 or mendelson. Answered by [`Answer::OpenAs2`].
    ImportOpenAs2(RequestId, OpenAs2Files),
    /// One change of many connections. Answered by [`Answer::Many`].
    Many(RequestId, ManyCommand),
    /// Make one profile like the other. Answered by [`Answer::Saved`].
    CopyProfile(RequestId, ConnectionId, ProfileKind, ProfileKind),
    /// Remove a connection. Answered by [`Answer::Removed`].
    RemoveConnection(RequestId, ConnectionId),
    /// Put a connection back as it was before it was changed or removed. Answered by [`Answer::Saved`].
    PutBack(RequestId, Box<ConnectionBefore>),
    /// Write a connection to its file. Answered by [`Answer::Written`].
    ExportConnection(RequestId, ConnectionId, PathBuf),
    /// Look at a certificate without keeping it. Answered by [`Answer::Inspected`].
    Inspect(RequestId, CertificateSource),
    /// Bring a renewed certificate in. Answered by [`Answer::Imported`].
    Import(RequestId, ImportRequest),
    /// Keep that a fingerprint was compared, and how. Answered by [`Answer::Done`].
    Confirm(RequestId, Fingerprint, String),
    /// Remove a certificate that nothing needs. Answered by [`Answer::Done`].
    RemoveCertificate(RequestId, Fingerprint),
    /// Change the schedules of some profiles. Answered by [`Answer::Scheduled`].
    ChangeSchedule(RequestId, Vec<ProfileKey>, ScheduleAct),
    /// Take changes of schedules back. Answered by [`Answer::Scheduled`].
    UndoSchedule(RequestId, Vec<ScheduleChange>),
    /// Note that missed activations were read. Answered by [`Answer::Done`].
    KnowMissed(RequestId),
    /// Look at the certificates of a profile's server. Answered by [`Answer::Server`].
    FetchServer(RequestId, ProfileKey),
    /// Trust one server certificate for a profile alone, as DER, where it has this fingerprint. Answered by
    /// [`Answer::Pinned`].
    PinServer(RequestId, ProfileKey, Vec<u8>, Fingerprint),
    /// Note that the change of a server's certificate is known. Answered by [`Answer::Done`].
    KnowServerChange(RequestId, ProfileKey),
    /// Write a partner's certificate to a file: as DER where its name ends so, else as PEM. Answered by
    /// [`Answer::Written`].
    ExportCertificate(RequestId, Fingerprint, PathBuf),
    /// Forget that a certificate was seen, because it is not the partner's. Answered by [`Answer::Done`].
    ForgetSighting(RequestId, ConnectionId, ProfileKind, Fingerprint),
    /// Write an identity's certificate to a file. Answered by [`Answer::Written`].
    ExportIdentity(RequestId, IdentityName, PathBuf),
    /// What is asked about our own identities; the answer depends.
    Identity(RequestId, IdentityCommand),
    /// Give something up that is done beside everything else: making a key.
    GiveUp(RequestId),
    /// Something done beside everything else has ended: the workspace is read anew, and then it is told. From the engine
    /// to itself.
    Ended(Box<Event>),
    /// Send one message. Told by [`Event::Sending`], answered by [`Answer::Sent`].
    Send(SendId, SendRequest),
    /// Settle a transmission by a receipt that came another way. Answered by [`Answer::Settled`].
    TakeReceipt(RequestId, TransmissionId, ReceiptSource),
    /// Give a send up.
    CancelSend(SendId),
    /// Whether nothing has been sent to a profile yet. Answered by [`Answer::FirstSend`].
    IsFirstSend(RequestId, ConnectionId, ProfileKind),
    /// A page of the journal. Answered by [`Answer::Page`].
    Transmissions(RequestId, TransmissionFilter),
    /// What is asked of the journal's list; answered as it says.
    Journal(RequestId, JournalCommand),
    /// One transmission with what its receipt says. Answered by [`Answer::Detail`].
    Transmission(RequestId, TransmissionId),
    /// Look into what was kept of a transmission, beside all else. Answered by [`Answer::Look`] or [`Answer::Written`].
    Look(RequestId, LookCommand),
    /// Take files on as daily work for a profile. Told by [`Event::Progress`], answered by [`Answer::TakenOn`]; can be given up:
    /// then what was not copied yet is not sent.
    TakeOn(RequestId, ConnectionId, ProfileKind, Vec<PathBuf>),
    /// Set what is run when a message was received or could not be delivered. Answered by [`Answer::Done`].
    SetCommand(RequestId, Occasion, Option<OwnCommand>),
    /// Let these commands run that came with a restored backup. Answered by [`Answer::Done`].
    ConfirmCommands(RequestId, CommandSettings),
    /// Set whether and where the window receives. Answered by [`Answer::Done`]; what came of it is in the snapshot.
    SetReceiving(RequestId, ReceivingSettings),
    /// Open the secrets by the workspace's passphrase; without one, try its keychain or key file anew. Answered by
    /// [`Answer::Done`].
    Unlock(RequestId, Option<Password>),
    /// Protect the secrets another way from now on. Answered by [`Answer::Protected`].
    Protect(RequestId, NewProtection),
    /// Set the address that partners are told, or take it away. Answered by [`Answer::Done`]; it is in the snapshot.
    SetPublicUrl(RequestId, Option<Address>),
    /// Look into a policy file, or change one's own policies. Answered by [`Answer::Policy`].
    Policy(RequestId, PolicyTask),
    /// Judge everything at another instant or by another policy, beside all else. Answered by [`Answer::Foreseen`].
    Foresee(RequestId, Outlook),
    /// Open the sample in a window of its own: another program, so that neither can disturb the other. Answered by
    /// [`Answer::Done`].
    OpenSample(RequestId),
    /// Look at rollovers, change them, or send tests to their profiles. Answered by [`Answer::Rollover`].
    Rollover(RequestId, Box<RolloverCommand>),
    /// Notices, reports and the calendar; each answered as it says.
    Notices(RequestId, NoticeCommand),
    /// What is kept and for how long, beside all else. Answered by [`Answer::Retention`]; freeing can be given up.
    Retention(RequestId, RetentionCommand),
    /// The workspace as a whole, beside all else; backing up and restoring can be given up. Answered as it says.
    Workspace(RequestId, WorkspaceCommand),
    /// Run something beside all this.
    Run(Errand),
}

/// Where a receipt that somebody brings in is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptSource {
    /// What was pasted.
    Pasted(String),
    /// In a file.
    File(PathBuf),
}

/// What a request came to.
#[derive(Debug)]
pub enum Answer {
    /// It is done, and there is nothing to say of it.
    Done,
    /// The secrets are protected so now, and what is still to be done by hand, in words.
    Protected(Option<String>),
    /// A connection was saved, and stands so now.
    Saved(Box<Saved>),
    /// A connection was removed, and was this before, where that can be kept.
    Removed(Option<Box<ConnectionBefore>>),
    /// A file was written.
    Written(PathBuf),
    /// What is in a certificate file.
    Inspected(Box<Inspection>),
    /// What an import did.
    Imported(Box<ImportResult>),
    /// Schedules were changed, and how that is taken back.
    Scheduled(Vec<ScheduleChange>),
    /// What a server has shown.
    Server(Box<FetchedServer>),
    /// A server's certificate is trusted now.
    Pinned(Box<PinnedServer>),
    /// An identity was made or taken.
    Identity(IdentityName),
    /// What comes, or came, of what OpenAS2 keeps.
    OpenAs2(Box<OpenAs2Plan>),
    /// Which identity signs was changed.
    OwnChanged(OwnChanges),
    /// How far the partners are with an identity of ours.
    OwnProgress(Vec<OwnProgress>),
    /// A message was sent or not; the verdict says.
    Sent(Box<Transmission>),
    /// A receipt that was brought in has settled it.
    Settled(Box<Transmission>),
    /// Whether it would be the first.
    FirstSend(bool),
    /// What became of each file, in the order in which they were given.
    TakenOn(Vec<Result<TransmissionId, AppError>>),
    /// A page of the journal.
    Page(Box<TransmissionPage>),
    /// How many there are.
    Count(u64),
    /// What became of many transmissions.
    Summed(Box<Summary>),
    /// What can be filtered by.
    Choices(Box<TransmissionChoices>),
    /// One transmission.
    Detail(Box<TransmissionDetail>),
    /// Something of what was kept.
    Look(Box<LookAnswer>),
    /// What became of a task about policies.
    Policy(Box<PolicyAnswer>),
    /// How everything would stand.
    Foreseen(Box<Foreseen>),
    /// Something about rollovers.
    Rollover(Box<RolloverAnswer>),
    /// Something about a change of many connections.
    Many(Box<ManyAnswer>),
    /// Something about what is kept.
    Retention(Box<RetentionAnswer>),
    /// Something about the workspace as a whole.
    Workspace(Box<WorkspaceAnswer>),
}

/// A transmission with what is read from its archive.
#[derive(Clone, Debug)]
pub struct TransmissionDetail {
    /// As journalled.
    pub transmission: Transmission,
    /// What its receipt says; nothing where none is kept that can be read.
    pub receipt: Option<ReceiptText>,
    /// What has gone of it, and whether it is marked to be kept.
    pub keeping: Keeping,
    /// The commands that were run because of it.
    pub commands: Vec<CommandRun>,
}

/// What a receipt says, read from the answer that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptText {
    /// Its text for people.
    pub human: Option<String>,
    /// Its fields for machines, as written.
    pub fields: Vec<(String, String)>,
    /// With which certificate it was signed, in words; nothing where it was not.
    pub signed: Option<String>,
}

/// What the window is told.
#[derive(Debug)]
pub enum Event {
    /// The workspace as it is now, or why it cannot be read.
    Snapshot(Result<Arc<Snapshot>, AppError>),
    /// A send goes on.
    Sending(SendId, SendEvent),
    /// A request has been carried out, or could not be.
    Answered(RequestId, Result<Answer, AppError>),
    /// What was sent and waited for its receipt has been settled.
    Settled(Box<Transmission>),
    /// Test sends of a rollover go on.
    Testing(RequestId, TestProgress),
    /// So many bytes of a piece of work are done, of so many; of none as long as that is not known.
    Progress(RequestId, u64, u64),
    /// Something is to be told now, once.
    Notices(Vec<Notice>),
    /// The journal has changed: lists of transmissions are to be read anew.
    JournalChanged,
}
