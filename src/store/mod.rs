//! The workspace on disk: connections, certificates, identities, policies, the journal, the archive, and secrets.
//!
//! A [`Workspace`] is a folder with four things in it: `countersign.sqlite`, the folder `archive`, `workspace.key` where no
//! passphrase protects the secrets, and `backups`, copies of the database that are made by themselves. Everything that must hold together is written in one [`Transaction`].
//!
//! * Nothing is created until something is to be written: [`Workspace::open_existing`] creates nothing,
//!   [`Workspace::open_or_create`] does.
//! * A folder or a database that is not a workspace, or that a newer version wrote, is refused and left as it is.
//! * The journal is appended to: a stage is never rewritten, an archived file never replaced, a connection's earlier
//!   revisions are kept.
//! * Nothing is deleted but by retention, and not before the journal says so.
//! * Secrets are sealed (AES-256-GCM) under the workspace's own key and bound to their place, so that one cannot be put
//!   in another's stead. Everything else can be read without the key.

mod archive;
mod archive_follow;
mod archive_head;
mod archive_inbox;
mod archive_receipt;
mod archive_retention;
mod archive_settle;
mod archive_sweep;
mod audit;
mod automatic_backups;
mod backup;
mod certificate_needs;
mod certificates;
mod chains;
mod command_runs;
mod connections;
mod database;
mod database_file;
mod duties;
#[cfg(test)]
mod earlier_versions;
mod early_sync;
mod elsewhere;
mod error;
mod evidence;
mod first_sight;
#[cfg(test)]
pub(crate) mod fixtures;
mod folder_troubles;
mod folders;
mod identities;
mod identity_requests;
mod in_use;
mod journal;
mod journal_choices;
mod journal_filter;
mod journal_find;
mod journal_index;
mod journal_list;
mod journal_query;
mod journal_sparse;
mod journal_summary;
mod journal_words;
mod keychain;
mod keyring;
mod left_keys;
mod location;
mod lock;
mod migrations;
mod notice_mails;
mod notices;
mod observations;
mod outbox_files;
mod outdated;
mod own_acquaintances;
mod putting_back;
mod receiving_times;
mod retention;
mod retention_run;
mod rollovers;
mod room;
mod sealing;
mod secrets;
mod session;
mod settings;
mod soundness;
mod transaction;
mod upgrade;
mod workspace;
mod writing;

pub use archive::{Archive, ArchiveWriter, ArchivedFile, Part, lasting_folder};
pub use archive_follow::ArchiveFollower;
pub use archive_retention::Freed;
pub use archive_settle::{Cut, DEFAULT_KEEP};
pub use archive_sweep::{UnfinishedFolder, sweep_begun, unfinished};
pub use audit::{AuditFilter, AuditVerification, Witness};
pub use automatic_backups::{AutomaticBackup, AutomaticBackupKind, BackupTrouble, automatic_backups};
pub use backup::{
    ARCHIVE_FOLDER, CopyOptions, DATABASE_FILE, DatabaseCopy, Digesting, NEWEST_SCHEMA, holds_payload, is_archived,
};
pub use certificate_needs::CertificateNeeds;
pub use certificates::{Confirmation, StoredCertificate};
pub use command_runs::CommandRun;
pub use connections::Revision;
pub use duties::{Duty, DutyKind, MOST_DUTIES};
pub use error::{FileError, OpenError, StoreError, after_damage};
pub use evidence::{Delivery, VerdictCount};
pub use folder_troubles::{FolderTrouble, FolderTroubleKind};
pub use folders::{FolderKind, StoredFolder};
pub use identities::StoredIdentity;
pub use identity_requests::StoredRequest;
pub use in_use::{DUE_WORK, SERVING};
pub use journal::{As2Pair, JournalledStage};
pub use journal_choices::TransmissionChoices;
pub use journal_filter::{Cursor, CursorError, SHORTEST_SEARCH, Sort, TransmissionFilter};
pub use journal_find::PrefixError;
pub use journal_list::TransmissionSummary;
pub use keychain::KeychainTrouble;
pub use keyring::{LockReason, NewProtection, Protection, Unlock, sync_folder};
pub use location::{Location, LocationError, data_home, session_folder};
pub use lock::{is_locked, take_lock};
pub use notice_mails::{MailFailure, WaitingMail};
pub use notices::NoticeRecords;
pub use observations::{LastSeen, MissedActivation, ProfileKey};
pub use outbox_files::{OutboxFile, OutboxTrouble};
pub use outdated::{is_workspace, outdated};
pub use own_acquaintances::StoredAcquaintance;
pub use putting_back::{PutBack, PuttingBack, is_database, look_at_database, put_back};
pub use retention::{Kept, Measured, Removal, Unmeasured};
pub use retention_run::{KeptBytes, OpenRemoval};
pub use rollovers::RolloverFacts;
pub use secrets::http_password_name;
pub use settings::setting_at_rest;
pub use soundness::{DatabaseSoundness, KeptPayload};
pub use transaction::Transaction;
pub use workspace::Workspace;
