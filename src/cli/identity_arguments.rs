//! What can be written after `identity`. The comments here are the help that users read.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;

use super::arguments::{ProfileChoice, activation, instant_at};
use crate::app::{IdentityFormat, KeyKind, SheetFormat};
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::domain::timeline::Activation;

#[derive(Debug, Subcommand)]
pub(super) enum IdentityCommand {
    /// Make a key and a self-signed certificate
    Create {
        /// Its name
        name: IdentityName,
        /// rsa-2048, rsa-3072, rsa-4096, ec-p256 or ec-p384
        #[arg(long, default_value = "rsa-2048")]
        key: KeyKind,
        /// Make no key: a new certificate for the key of this identity
        #[arg(long, value_name = "NAME", conflicts_with = "key")]
        same_key: Option<IdentityName>,
        /// Days that the certificate is valid
        #[arg(long, default_value_t = 1825)]
        days: u32,
        /// The certificate's subject, such as "CN=Acme, O=Acme\, Inc., C=US"; CN= and the name where it is not given
        #[arg(long, value_name = "DN")]
        subject: Option<String>,
    },
    /// Take a key with its certificate from a PKCS#12 or PEM file, or from two files
    Import {
        /// The file with the key
        file: PathBuf,
        /// The file with its certificate, where that is another
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
        /// Its name; that of the file where it is not given
        #[arg(long)]
        name: Option<IdentityName>,
        /// Which key, in a file with several: the beginning of its certificate's fingerprint
        #[arg(long, value_name = "SHA256HEX")]
        choose: Option<String>,
        /// Read the file's password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Write an identity's certificate for partners, or with --format p12 its key as well
    Export {
        /// The identity
        name: IdentityName,
        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// pem, der, p7b with those above it, or p12 with the key
        #[arg(long, default_value = "pem")]
        format: IdentityFormat,
        /// Read the password of a .p12 from standard input
        #[arg(long)]
        password_stdin: bool,
        /// Encrypt a .p12 with triple DES, for programs of old
        #[arg(long)]
        legacy: bool,
    },
    /// Make a certificate request for a CA: for the key of an identity, or for a new key where there is none of that name
    Request {
        /// The identity
        name: IdentityName,
        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The kind of a new key: rsa-2048, rsa-3072, rsa-4096, ec-p256 or ec-p384. Another kind than the key has that is
        /// there makes a new one; rsa-2048 where there is none and nothing is said
        #[arg(long)]
        key: Option<KeyKind>,
        /// The subject; the identity's, or CN= and the name, where it is not given
        #[arg(long, value_name = "DN")]
        subject: Option<String>,
        /// Give the request of this name up, with its key where that is a new one
        #[arg(long, conflicts_with_all = ["output", "key", "subject"])]
        forget: bool,
        /// Which one is given up or written again, where several of this name wait: its number in the list
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["key", "subject"])]
        number: Option<u32>,
    },
    /// Install a CA's answer to a request, alone or with those above it
    Install {
        /// The name under which it was requested
        name: IdentityName,
        /// The file from the CA, in any format
        file: PathBuf,
        /// The name of the new identity, where the request was for the key of one that is there
        #[arg(long = "as", value_name = "NAME")]
        new_name: Option<IdentityName>,
    },
    /// Remove an identity with its key, for good
    Remove {
        /// The identity
        name: IdentityName,
    },
    /// Have profiles sign with another identity, now or from an instant on; it decrypts at once
    Rollover {
        /// The identity that signs now
        name: IdentityName,
        /// The one that is to sign
        new: IdentityName,
        /// now, or an instant such as 2027-03-01T09:00[Europe/Berlin]
        #[arg(long, value_name = "INSTANT", value_parser = activation)]
        at: Activation,
        /// Only these connections; all that sign with it where none is named
        #[arg(long = "connection", value_name = "ID")]
        connections: Vec<ConnectionId>,
        /// Which of their profiles
        #[arg(long, value_enum, default_value_t = ProfileChoice::Both)]
        profile: ProfileChoice,
    },
    /// Give a change of the identity up before it happens
    Cancel {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
    },
    /// Have the identity before sign again
    Rollback {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
    },
    /// Note that partners were told of an identity
    Told {
        /// The identity
        name: IdentityName,
        /// Which connections; all that name it where none is given
        #[arg(long = "connection", value_name = "ID")]
        connections: Vec<ConnectionId>,
        /// How: by mail to whom, through which portal
        #[arg(long, value_name = "TEXT")]
        how: String,
        /// When; now where it is not given
        #[arg(long, value_name = "INSTANT", value_parser = instant_at)]
        at: Option<Timestamp>,
    },
    /// Note that partners have confirmed that they have it
    Confirmed {
        /// The identity
        name: IdentityName,
        /// Which connections; all that name it where none is given
        #[arg(long = "connection", value_name = "ID")]
        connections: Vec<ConnectionId>,
        /// Who has confirmed it
        #[arg(long, value_name = "TEXT")]
        by: String,
        /// When; now where it is not given
        #[arg(long, value_name = "INSTANT", value_parser = instant_at)]
        at: Option<Timestamp>,
    },
    /// Show how far the partners are with an identity
    Progress {
        /// The identity
        name: IdentityName,
    },
    /// Write the sheet that tells a partner of an identity, and the certificate beside it
    Sheet {
        /// The identity
        name: IdentityName,
        /// For which connection
        #[arg(long, value_name = "ID")]
        connection: ConnectionId,
        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// html, which a browser also prints, or text; as the file's name ends where it is not given, else html
        #[arg(long)]
        format: Option<SheetFormat>,
        /// Whom of ours they are to answer
        #[arg(long, value_name = "TEXT")]
        contact: Option<String>,
        /// The partner's time zone, such as America/Chicago; that of the schedule where it is not given
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
    },
    /// List the identities
    List,
}
