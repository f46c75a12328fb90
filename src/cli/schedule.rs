//! `certificate reschedule`, `cancel`, `activate`, `rollback`, `accept`, `withdraw`: when a partner's certificates go active, and which
//! are accepted again; and what is told of schedules beside other answers.

use std::io::IsTerminal as _;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::arguments::activation;
use super::table::Table;
use super::{Session, check, words};
use crate::app::{AppError, ProfileKey, ScheduleAct, ScheduleActName, ScheduleChange};
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::Activation;

/// What is done to a schedule.
#[derive(Debug, Subcommand)]
pub(super) enum ScheduleCommand {
    /// Move the activation that is to come to another instant, or to now
    Reschedule {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
        /// When messages are first encrypted for it, such as 2026-11-28T09:00[Europe/Berlin]
        #[arg(value_name = "now|INSTANT", value_parser = activation)]
        at: Activation,
    },
    /// Take the activation back that is to come
    Cancel {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
    },
    /// Let what is scheduled go active now
    Activate {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
    },
    /// Use the certificate again that was used before, while it is valid
    Rollback {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
    },
    /// Accept signatures again that are made with a certificate which was replaced; what is encrypted for stays
    Accept {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
        /// The certificate, by its SHA-256 fingerprint
        fingerprint: Fingerprint,
    },
    /// Accept signatures no longer that are made with a certificate which is not in use: it was not the partner's after all
    Withdraw {
        /// The connection
        id: ConnectionId,
        /// production or test
        profile: ProfileKind,
        /// The certificate, by its SHA-256 fingerprint
        fingerprint: Fingerprint,
    },
}

#[derive(Serialize)]
struct ScheduleDocument<'a> {
    profiles: &'a [ScheduleChange],
}

pub(super) async fn run(session: &Session, command: ScheduleCommand) -> Result<(), AppError> {
    let (profile, act): (ProfileKey, _) = match command {
        ScheduleCommand::Reschedule { id, profile, at: Activation::Now } => ((id, profile), ScheduleAct::ActivateNow),
        ScheduleCommand::Reschedule { id, profile, at: Activation::At { at, zone } } => {
            ((id, profile), ScheduleAct::Reschedule { at, zone })
        }
        ScheduleCommand::Cancel { id, profile } => ((id, profile), ScheduleAct::Cancel),
        ScheduleCommand::Activate { id, profile } => ((id, profile), ScheduleAct::ActivateNow),
        ScheduleCommand::Rollback { id, profile } => ((id, profile), ScheduleAct::RollBack),
        ScheduleCommand::Accept { id, profile, fingerprint } => {
            ((id, profile), ScheduleAct::AcceptAgain { certificate: fingerprint })
        }
        ScheduleCommand::Withdraw { id, profile, fingerprint } => {
            ((id, profile), ScheduleAct::Withdraw { certificate: fingerprint })
        }
    };
    let changes = session.app.change_schedule(std::slice::from_ref(&profile), &act).await?;
    session.out.answer(&ScheduleDocument { profiles: &changes }, || changed(&changes));
    for warning in changes.iter().flat_map(|change| &change.warnings) {
        session.out.warning(warning.sentence());
    }
    for change in changes.iter().filter(|change| change.done == ScheduleActName::RolledBack) {
        for left in change.left_accepted(session.app.now()) {
            let (connection, kind) = (&change.connection, change.profile);
            session.out.note(&format!(
                "{} is still accepted for signatures, because the partner may sign with it already; where it is not the \
                 partner's, `countersign certificate withdraw {connection} {kind} {left}` ends that",
                left.short()
            ));
        }
    }
    let report = session.app.check(std::slice::from_ref(&profile.0), session.app.now()).await?;
    for connection in &report.connections {
        let open = check::still_open(connection);
        if !open.is_empty() {
            session.out.aside(&open);
        }
    }
    Ok(())
}

fn changed(changes: &[ScheduleChange]) -> String {
    let mut table = Table::new(["Connection", "Profile", "Done", "Certificate", "Goes active", "In use"]);
    for change in changes {
        let short = |print: Option<Fingerprint>| print.map_or_else(|| "none".to_owned(), |print| print.short());
        table.row([
            change.connection.to_string(),
            change.profile.label().to_owned(),
            done(change.done).to_owned(),
            short(change.fingerprint_sha256),
            match (change.done, change.activates) {
                (ScheduleActName::AcceptedAgain, _) => "accepted only".to_owned(),
                (ScheduleActName::Withdrawn, _) => "not accepted any more".to_owned(),
                (_, activates) => activates.map_or_else(|| "not any more".to_owned(), words::instant),
            },
            short(change.in_use),
        ]);
    }
    table.render()
}

const fn done(name: ScheduleActName) -> &'static str {
    match name {
        ScheduleActName::Rescheduled => "Rescheduled",
        ScheduleActName::Cancelled => "Cancelled",
        ScheduleActName::Activated => "Activated",
        ScheduleActName::RolledBack => "Rolled back",
        ScheduleActName::AcceptedAgain => "Accepted again",
        ScheduleActName::Withdrawn => "Withdrawn",
        ScheduleActName::Undone => "Undone",
    }
}

/// Says beside an answer that our clock is off, and which activations happened while nobody was running. What a person
/// has seen on their terminal is told; what went into a file is told again.
pub(super) async fn tell_what_happened(session: &Session) -> Result<(), AppError> {
    session.app.note_running().await;
    if let Some(clock) = session.app.clock_standing().await?.filter(|clock| clock.is_off()) {
        let (what, remedy) = clock.told();
        session.out.warning(&format!("{what}. {remedy}"));
    }
    let missed = session.app.missed_activations().await?;
    for missed in &missed {
        session.out.note(&missed_in_words(
            &missed.connection,
            missed.profile,
            &missed.activation.certificate.short(),
            missed.activation.at,
        ));
    }
    if !missed.is_empty() && std::io::stderr().is_terminal() {
        session.app.know_missed_activations().await?;
    }
    Ok(())
}

fn missed_in_words(connection: &ConnectionId, profile: ProfileKind, certificate: &str, at: Timestamp) -> String {
    format!(
        "while Countersign was not running, the certificate {certificate} of {connection} {profile} went active on {}; messages are encrypted for it since",
        words::instant(at)
    )
}
