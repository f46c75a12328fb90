//! What can be written on the command line. The comments here are the help that users read.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::identity_arguments::IdentityCommand;
use super::many::{Condition, FilterArguments};
use super::policy::PolicyCommand;
use super::schedule::ScheduleCommand;
use super::server_certificate::TlsArguments;
use super::transmission_arguments::{ExportArguments, ListArguments, RedeliverArguments, SummaryArguments};
use crate::app::RawPart;
use crate::app::sample::SampleFault;
use crate::domain::certificate::Fingerprint;
use crate::domain::confirmation::StatedFingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::instant::{self, InstantError};
use crate::domain::timeline::{Activation, CertificatePurpose};

/// Keeps every AS2 trading-partner connection compliant, through every certificate renewal, with proof
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    disable_help_subcommand = true,
    max_term_width = 100,
    override_usage = "countersign [OPTIONS] [COMMAND | FILE | LINK]",
    after_help = "Without a command the window opens on the workspace: with a certificate where its FILE is named, at what a \
                  LINK such as countersign://connection/amazon-us leads to. Where a window is open on the workspace already, \
                  that one comes forward.\n\
                  COUNTERSIGN_PASSPHRASE, or the first line of the file COUNTERSIGN_PASSPHRASE_FILE, unlocks the workspace.\n\
                  Exit codes: 0 done, 1 done and the answer is no, 2 it could not be carried out."
)]
pub(super) struct Arguments {
    /// The workspace's folder; your data directory where it is not given
    #[arg(long, global = true, env = "COUNTERSIGN_WORKSPACE", hide_env_values = true, value_name = "DIR|URL")]
    pub(super) workspace: Option<String>,

    /// Answer with one JSON document on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open the window on a sample workspace with built-in trading partners, or do the main job on it in the terminal
    Sample(SampleArguments),
    /// Judge every profile by its partner's policy
    Check {
        /// Only these connections; all where none is named
        #[arg(value_name = "CONNECTION")]
        connections: Vec<ConnectionId>,
        /// The instant to judge at; now where it is not given
        #[arg(long, value_name = "INSTANT", value_parser = instant_at)]
        at: Option<Timestamp>,
    },
    /// Connections to trading partners
    #[command(subcommand, arg_required_else_help = false)]
    Connection(ConnectionCommand),
    /// Partners' certificates
    #[command(subcommand, arg_required_else_help = false)]
    Certificate(CertificateCommand),
    /// Our own keys and certificates
    #[command(subcommand, arg_required_else_help = false)]
    Identity(IdentityCommand),
    /// Send one message in one attempt and report what came of it
    Send(SendArguments),
    /// Receive messages until the program is told to stop
    Serve(ServeArguments),
    /// What is run when a message was received, or could not be delivered
    #[command(name = "command", subcommand, arg_required_else_help = false)]
    After(super::command::CommandCommand),
    /// The journal of what was sent and received
    #[command(subcommand, arg_required_else_help = false)]
    Transmission(TransmissionCommand),
    /// What an outcome means, whose side it is on and what to do: of a key, an HTTP status, a disposition copied from a
    /// partner's mail, or a product; without one, everything that is known
    Explain {
        /// A key, a status, a disposition, a product, or words that stand in an entry
        #[arg(value_name = "KEY|DISPOSITION|HTTP-STATUS")]
        words: Vec<String>,
    },
    /// Partners' policies
    #[command(subcommand, arg_required_else_help = false)]
    Policy(PolicyCommand),
    /// One renewed certificate for many profiles at once
    #[command(subcommand, arg_required_else_help = false)]
    Rollover(super::rollover::RolloverCommand),
    /// What must be told: certificates that end, rules that take effect
    #[command(subcommand, arg_required_else_help = false)]
    Notice(super::notice::NoticeCommand),
    /// When and how is reminded
    #[command(subcommand, arg_required_else_help = false)]
    Notifications(super::notice::NotificationsCommand),
    /// Activations, ends and deadlines as a calendar file (.ics)
    Calendar(super::notice::CalendarArguments),
    /// What is kept of transmissions and for how long
    #[command(subcommand, arg_required_else_help = false)]
    Retention(super::retention::RetentionCommand),
    /// The evidence: inventory, findings, schedule, what was proven
    Report(super::report::ReportArguments),
    /// The workspace as a whole: backing it up, restoring a backup, where it lies
    #[command(subcommand, arg_required_else_help = false)]
    Workspace(super::workspace::WorkspaceCommand),
    /// Who changed what, when, and whether the log is as it was written
    #[command(subcommand, arg_required_else_help = false)]
    Audit(super::audit::AuditCommand),
    /// Where the program writes down what it does, and how much of it
    #[command(name = "log", subcommand, arg_required_else_help = false)]
    Log(super::log::LogCommand),
    /// The proxy that messages go through
    #[command(subcommand, arg_required_else_help = false)]
    Proxy(super::proxy::ProxyCommand),
    /// The program in the desktop's menu, for links and for certificate files (Linux)
    #[command(subcommand, arg_required_else_help = false)]
    Desktop(super::desktop::DesktopCommand),
    /// Show every widget of the window in every state
    #[cfg(debug_assertions)]
    Gallery,
    /// The address that partners are told, and whether our own receiver answers there
    #[command(subcommand, arg_required_else_help = false)]
    Receiver(super::receiver::ReceiverCommand),
    /// What the program is made from, and under which licences
    Licences {
        /// Only these parts; all where none is named
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct SampleArguments {
    /// Stay in the terminal, as it does without a display
    #[arg(long)]
    pub(super) headless: bool,
    /// Set the sample up anew; otherwise the window opens it as you left it. In the terminal it is always set up anew
    #[arg(long)]
    pub(super) reset: bool,
    /// Break something on purpose, to see it noticed: partner-stopped or certificate-swapped
    #[arg(long, value_name = "FAULT")]
    pub(super) fault: Option<SampleFault>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConnectionCommand {
    /// Add the connection of a connection file
    Add {
        /// The connection file
        file: PathBuf,
        /// Put it in the place of the connection of that id
        #[arg(long)]
        replace: bool,
    },
    /// Take connections over from OpenAS2, its partnerships.xml with its keystore, or from mendelson AS2, the file of its export
    /// with its keystore
    Import {
        /// The file partnerships.xml, the config.xml beside which is read too; or what mendelson has exported
        file: PathBuf,
        /// Its keystore; what config.xml names, else as2_certs.p12 beside it, or mendelson's certificates.p12, where it is not given
        #[arg(long, value_name = "FILE")]
        keystore: Option<PathBuf>,
        /// Read the keystore's password from standard input, where config.xml or the export does not tell it
        #[arg(long)]
        password_stdin: bool,
        /// The name or as2_id of your own partner entry, where the file does not show which it is
        #[arg(long, value_name = "NAME")]
        ours: Option<String>,
        /// Show what would come of it, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List the connections
    List(FilterArguments),
    /// Show one connection with its profiles side by side
    Show {
        /// The connection
        id: ConnectionId,
    },
    /// Write a connection as its file; passwords are not in it
    Export {
        /// The connection
        id: ConnectionId,
        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Change settings of a profile, or the connection's own where no profile is named
    Set {
        /// The connection; none where --where says which
        #[arg(value_name = "ID")]
        id: String,
        /// The profile, production or test, then settings as in the connection file; `tags+=TAG` and `tags-=TAG` put a tag to
        /// the others and take it away.
        /// `http_password=-` reads the password from standard input; `outbox=DIR` and `inbox=DIR` are folders of this
        /// machine, whose files are sent and where payloads are put; an empty value brings the default back
        #[arg(required_unless_present = "conditions", value_name = "[PROFILE] KEY=VALUE")]
        changes: Vec<String>,
        /// Change all connections that have this in common, all or none: customer=NAME, tag=TAG, policy=ID or status=STATUS.
        /// Of several for one key one is enough; as profile, `both` means those a connection has
        #[arg(long = "where", id = "conditions", value_name = "KEY=VALUE")]
        conditions: Vec<Condition>,
        /// Show what would be changed and how each would stand, and change nothing
        #[arg(long, requires = "conditions")]
        dry_run: bool,
    },
    /// Copy the settings of one profile to the other; identifiers and addresses of the other stay
    Copy {
        /// The connection
        id: ConnectionId,
        /// production or test
        from: ProfileKind,
        /// test or production
        to: ProfileKind,
    },
    /// Look at the certificates of the partner's TLS server, and trust one
    Tls(TlsArguments),
    /// Remove a connection; its transmissions stay in the journal
    Remove {
        /// The connection
        id: ConnectionId,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CertificateCommand {
    /// Show what is in a file
    Inspect {
        /// The file, in any format; - for standard input
        file: PathBuf,
        /// Read the file's password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Bring in a partner's renewed certificate
    Import(ImportArguments),
    /// List every partner certificate, where it is used, until when, and what follows it
    List,
    /// Keep that a certificate's fingerprint was compared with what the partner says
    Confirm {
        /// The fingerprint as the partner told it: SHA-256, or SHA-1, which is weaker; spaces and colons do not matter
        fingerprint: StatedFingerprint,
    },
    /// Remove a certificate that no profile has or had and that the journal does not need
    Remove {
        /// Its SHA-256 fingerprint, as `list` shows it
        fingerprint: Fingerprint,
    },
    /// Forget that a certificate was seen with a partner, because it is not theirs
    Forget {
        /// The SHA-256 fingerprint, as `list` shows it
        fingerprint: Fingerprint,
        /// With which connection it was seen
        #[arg(long, value_name = "ID")]
        connection: ConnectionId,
    },
    #[command(flatten)]
    Schedule(ScheduleCommand),
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportArguments {
    /// The file: a certificate in any format, an archive (.zip) or a mail (.eml) with it; - for standard input
    #[arg(required_unless_present = "sighted")]
    pub(super) file: Option<PathBuf>,
    /// Instead of a file the certificate that was seen in a message or a receipt, by its SHA-256 fingerprint
    #[arg(long, value_name = "SHA256HEX", conflicts_with = "file")]
    pub(super) sighted: Option<Fingerprint>,
    /// Which certificate of the file is meant, where it holds several that do not belong together
    #[arg(long, value_name = "SHA256HEX")]
    pub(super) fingerprint: Option<Fingerprint>,
    /// For one purpose alone, for partners who use two certificates: encrypt or verify
    #[arg(long = "use", value_name = "encrypt|verify")]
    pub(super) purpose: Option<CertificatePurpose>,
    /// Whose certificate it is
    #[arg(long, value_name = "ID")]
    pub(super) connection: ConnectionId,
    /// For which of its profiles
    #[arg(long, value_enum, default_value_t = ProfileChoice::Both)]
    pub(super) profile: ProfileChoice,
    /// Also for every other profile that uses the certificate which it replaces
    #[arg(long)]
    pub(super) also_where_used: bool,
    /// When messages are first encrypted for it, such as 2026-11-28T09:00[Europe/Berlin]
    #[arg(long, value_name = "now|INSTANT", value_parser = activation)]
    pub(super) activate: Activation,
    /// The fingerprint as the partner told it: SHA-256, or SHA-1, which is weaker; spaces and colons do not matter
    #[arg(long, value_name = "SHA256HEX")]
    pub(super) confirm_fingerprint: Option<StatedFingerprint>,
}

/// One profile or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProfileChoice {
    Production,
    Test,
    Both,
}

impl ProfileChoice {
    /// The profiles meant; none stands for all there are.
    pub(super) fn kinds(self) -> Vec<ProfileKind> {
        match self {
            Self::Production => vec![ProfileKind::Production],
            Self::Test => vec![ProfileKind::Test],
            Self::Both => Vec::new(),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct SendArguments {
    /// The file to send; the built-in test document where it is not given
    pub(super) file: Option<PathBuf>,
    /// To which connection
    #[arg(long, value_name = "ID")]
    pub(super) connection: ConnectionId,
    /// To which of its profiles, production or test
    #[arg(long)]
    pub(super) profile: ProfileKind,
}

#[derive(Debug, clap::Args)]
pub(super) struct ServeArguments {
    /// The address to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:10080")]
    pub(super) listen: SocketAddr,
    /// Certificate chain for TLS, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// Private key for TLS, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Put received payloads into DIR/CONNECTION/PROFILE, where the profile has no inbox of its own; without it they stay in
    /// the archive
    #[arg(long, value_name = "DIR")]
    pub(super) inbox: Option<PathBuf>,
    /// Send the files of DIR/CONNECTION/PROFILE as daily work, beside those of the outboxes that profiles have: each is taken
    /// once it is complete, sent again by itself until somebody has decided, and moved to `sent` beside it when it was
    /// delivered. What is not delivered stays where it is
    #[arg(long, value_name = "DIR")]
    pub(super) outbox: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum TransmissionCommand {
    /// List transmissions, the newest first
    List(ListArguments),
    /// Say how many were delivered and failed, when, why and at whose, and how soon receipts came
    Summary(SummaryArguments),
    /// Write every transmission of a filter as a table or a JSON document
    Export(ExportArguments),
    /// Show one transmission with its stages, lights, headers and diagnosis
    Show {
        /// Its id, or the first 8 or more digits of it
        id: String,
        /// Show the message as the tree of its layers, as far as it opens
        #[arg(long)]
        structure: bool,
        /// The structure of this attempt, from 1; of the last where it is not given
        #[arg(long, value_name = "N", requires = "structure")]
        attempt: Option<u32>,
        /// Show the document: X12, EDIFACT and TRADACOMS by segment
        #[arg(long)]
        payload: bool,
    },
    /// Write the raw bytes of one part, head and body, to standard output or a file
    Raw {
        /// The transmission's id, or the first 8 or more digits of it
        id: String,
        /// Which part
        side: Side,
        /// Of this attempt, from 1; of the last where it is not given
        #[arg(long, value_name = "N")]
        attempt: Option<u32>,
        /// Where to write it
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write all that a partner's support needs, and no secret: no password, no key, no document
    Bundle {
        /// The transmission's id, or the first 8 or more digits of it
        id: String,
        /// Where to write it; without a file its content is shown, and nothing is written
        #[arg(short, long, value_name = "FILE.zip")]
        output: Option<PathBuf>,
        /// Put the document itself into it
        #[arg(long)]
        with_payload: bool,
    },
    /// Send transmissions again: the same document under the same Message-ID, signed and encrypted with what is used now.
    /// Where the partner may have it already (uncertain), the very bytes that were sent
    Redeliver(RedeliverArguments),
    /// Settle a transmission by a receipt (MDN) that came another way: saved from a mail, or by the partner's software
    Receipt {
        /// The transmission's id, or the first 8 or more digits of it
        id: String,
        /// The receipt with its headers, or its body alone; - for standard input
        file: PathBuf,
    },
    /// Compare two transmissions, such as one that failed with one that went through: what differs is marked
    Compare {
        /// The one, by its id or the first 8 or more digits of it
        one: String,
        /// The other
        other: String,
        /// Show also what is the same
        #[arg(long)]
        all: bool,
    },
    /// Write the proof of delivery as a page, with every check made anew
    Proof {
        /// The transmission's id, or the first 8 or more digits of it
        id: String,
        /// Where to write it
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// One part of a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Side {
    Request,
    Response,
    Payload,
    Receipt,
}

impl From<Side> for RawPart {
    fn from(side: Side) -> Self {
        match side {
            Side::Request => Self::Request,
            Side::Response => Self::Response,
            Side::Payload => Self::Payload,
            Side::Receipt => Self::Receipt,
        }
    }
}

pub(super) fn instant_at(text: &str) -> Result<Timestamp, InstantError> {
    instant::parse(text).map(|stated| stated.at)
}

pub(super) fn activation(text: &str) -> Result<Activation, InstantError> {
    if text == "now" {
        return Ok(Activation::Now);
    }
    instant::parse(text).map(|stated| Activation::At { at: stated.at, zone: stated.zone })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once(&"countersign").chain(words))
    }

    #[test]
    fn the_definition_holds_together() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for words in [
            ["--json", "--workspace", "/w", "check", "a"],
            ["check", "a", "--json", "--workspace", "/w"],
            ["--json", "check", "--workspace", "/w", "a"],
        ] {
            let arguments = read(&words).unwrap();
            assert!(arguments.json, "{words:?}");
            assert_eq!(arguments.workspace.as_deref(), Some("/w"), "{words:?}");
            let Some(Command::Check { connections, at }) = arguments.command else { panic!("{words:?}") };
            assert_eq!((connections.len(), at), (1, None), "{words:?}");
        }
        assert!(read(&[]).unwrap().command.is_none());
    }

    #[test]
    fn an_activation_is_now_or_an_instant_with_its_zone() {
        let import = |when: &str| {
            let words = ["certificate", "import", "new.pem", "--connection", "a", "--activate", when];
            match read(&words)?.command {
                Some(Command::Certificate(CertificateCommand::Import(import))) => Ok::<_, clap::Error>(import),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(import("now").unwrap().activate, Activation::Now);
        assert_eq!(import("now").unwrap().profile.kinds(), []);
        let at = "2026-11-28T08:00:00Z".parse().unwrap();
        let zone = Some("Europe/Berlin".to_owned());
        assert_eq!(import("2026-11-28T09:00[Europe/Berlin]").unwrap().activate, Activation::At { at, zone });
        assert!(import("2027-03-28T02:30[Europe/Berlin]").unwrap_err().to_string().contains("does not exist"));
        assert!(read(&["certificate", "import", "new.pem", "--connection", "a"]).is_err());
    }

    #[test]
    fn settings_are_taken_as_words_whatever_their_values_look_like() {
        let words = ["connection", "set", "a", "production", "our_as2_id=-A B", "subject=", "http_password=-"];
        let Some(Command::Connection(ConnectionCommand::Set { changes, .. })) = read(&words).unwrap().command else {
            panic!()
        };
        assert_eq!(changes, ["production", "our_as2_id=-A B", "subject=", "http_password=-"]);
        assert!(read(&["connection", "set", "a"]).is_err());
    }

    #[test]
    fn what_is_out_of_range_or_half_given_is_refused() {
        assert!(read(&["transmission", "list", "--limit", "0"]).is_err());
        assert!(read(&["transmission", "list", "--limit", "10001"]).is_err());
        assert!(read(&["serve", "--tls-cert", "a.pem"]).is_err());
        assert!(read(&["connection", "show", "Not An Id"]).is_err());
        assert!(read(&["identity", "create", "acme", "--key", "rsa-512"]).is_err());
        assert!(read(&["check", "--at", "2026-11-28T09:00"]).is_err());
    }
}
