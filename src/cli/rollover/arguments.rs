//! What can be written after `rollover`. The comments here are the help that users read.

use std::path::PathBuf;

use clap::Subcommand;

use crate::app::NamedProfiles;
use crate::cli::arguments::{ProfileChoice, activation};
use crate::domain::certificate::Fingerprint;
use crate::domain::confirmation::StatedFingerprint;
use crate::domain::rollover::{RolloverId, RolloverState};
use crate::domain::timeline::Activation;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RolloverCommand {
    /// Start one from a partner's renewed certificate: nothing is changed before it is applied
    Start(StartArguments),
    /// List the rollovers with how many profiles stand how
    List,
    /// Show one with how each of its profiles stands
    Show {
        /// Its number
        id: RolloverId,
        /// Only the profiles that stand so, such as problem or not-told
        #[arg(long, value_name = "STATE")]
        state: Option<RolloverState>,
    },
    /// Bring the new certificate into all profiles that take part, in one stroke: all of them or none
    Apply {
        /// Its number
        id: RolloverId,
        /// Only these, as CONNECTION or CONNECTION/PROFILE; all that take part where none is named
        #[arg(value_name = "PROFILE")]
        profiles: Vec<NamedProfiles>,
        /// Change all at this time; else each at its own, or at that of the rollover
        #[arg(long, value_name = "now|INSTANT", value_parser = activation)]
        at: Option<Activation>,
        /// Show what would be changed and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Put the certificates back as they were, where nobody has changed them since
    Undo {
        /// Its number
        id: RolloverId,
        /// Only these; all where none is named
        #[arg(value_name = "PROFILE")]
        profiles: Vec<NamedProfiles>,
        /// Show what would be changed and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Encrypt for the old certificate again at once; signatures made with the new one stay acceptable
    Rollback {
        /// Its number
        id: RolloverId,
        /// Which; all that take part where none is named
        #[arg(value_name = "PROFILE")]
        profiles: Vec<NamedProfiles>,
    },
    /// Note that the partners were told of the change
    Told {
        /// Its number
        id: RolloverId,
        /// Which; all that take part where none is named
        #[arg(value_name = "PROFILE")]
        profiles: Vec<NamedProfiles>,
        /// How: by mail, by telephone
        #[arg(long, default_value = "")]
        how: String,
        /// What else is to be remembered
        #[arg(long, default_value = "")]
        note: String,
        /// They were not told after all
        #[arg(long, conflicts_with_all = ["how", "note"])]
        not: bool,
    },
    /// Leave profiles out at any time; what was done to them is put back, what others have changed since stays
    LeaveOut {
        /// Its number
        id: RolloverId,
        /// Which
        #[arg(value_name = "PROFILE", required = true)]
        profiles: Vec<NamedProfiles>,
        /// Show what would be changed and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Have profiles take part that were left out; they are changed when it is applied again
    TakeIn {
        /// Its number
        id: RolloverId,
        /// Which
        #[arg(value_name = "PROFILE", required = true)]
        profiles: Vec<NamedProfiles>,
    },
    /// Send the test document to the profiles, a few at a time
    Test {
        /// Its number
        id: RolloverId,
        /// Only these; all that take part where none is named
        #[arg(value_name = "NAME")]
        profiles: Vec<NamedProfiles>,
        /// To which kind of profile. To production only where it is said
        #[arg(long, value_enum, default_value_t = ProfileChoice::Test)]
        profile: ProfileChoice,
        /// How many at once, 1 to 32; 4 where nothing else was set
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
        parallel: Option<u8>,
    },
    /// Take times and notes from a CSV table with the columns connection, profile, activation and note; one that is not
    /// there changes nothing
    Import {
        /// Its number
        id: RolloverId,
        /// The table
        file: PathBuf,
    },
    /// Write it as a CSV table with all columns
    Export {
        /// Its number
        id: RolloverId,
        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Forget one that has nothing left to change; what it did stays
    Remove {
        /// Its number
        id: RolloverId,
    },
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct StartArguments {
    /// The renewed certificate, in any format; or the fingerprint of one that is in the workspace
    pub(super) file: PathBuf,
    /// The certificate that it replaces, may be repeated; those in use with the same subject where none is named
    #[arg(long, value_name = "FINGERPRINT")]
    pub(super) replaces: Vec<Fingerprint>,
    /// When all change that have no time of their own
    #[arg(long, value_name = "now|INSTANT", value_parser = activation)]
    pub(super) at: Option<Activation>,
    /// Only these of those that use the old one, as CONNECTION or CONNECTION/PROFILE, may be repeated
    #[arg(long, value_name = "PROFILE")]
    pub(super) only: Vec<NamedProfiles>,
    /// All but these, may be repeated
    #[arg(long, value_name = "PROFILE")]
    pub(super) except: Vec<NamedProfiles>,
    /// Which certificate of the file is meant, where it holds several that do not belong together
    #[arg(long, value_name = "SHA256HEX")]
    pub(super) fingerprint: Option<Fingerprint>,
    /// A table of who takes part: connection, profile, activation, note
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "except"])]
    pub(super) csv: Option<PathBuf>,
    /// Show what it would do and keep nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The SHA-256 fingerprint as the partner told it
    #[arg(long, value_name = "SHA256HEX")]
    pub(super) confirm_fingerprint: Option<StatedFingerprint>,
}
