//! Changing when a partner's certificates go active: another time, not at all, at once, back to the one before, and all of
//! that taken back.

use jiff::Timestamp;
use serde::Serialize;

use super::{App, AppError};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint};
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::spelling::spelled;
use crate::domain::timeline::{self, CertificateUse, ScheduleError};
use crate::store::{ProfileKey, Transaction};

spelled! {
    /// What was done to a schedule.
    pub enum ScheduleActName {
        /// Its activation was moved.
        Rescheduled = "rescheduled",
        /// Its activation was taken back.
        Cancelled = "cancelled",
        /// It was activated at once.
        Activated = "activated",
        /// The one before is used again.
        RolledBack = "rolled-back",
        /// One that was replaced is accepted again.
        AcceptedAgain = "accepted-again",
        /// One is accepted no longer.
        Withdrawn = "withdrawn",
        /// A change was taken back.
        Undone = "undone",
    }
}

/// What is to be done to a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleAct {
    /// Move the activation that is to come.
    Reschedule {
        /// To when.
        at: Timestamp,
        /// Stated in which zone.
        zone: Option<String>,
    },
    /// Take it back.
    Cancel,
    /// Let it happen now.
    ActivateNow,
    /// Use the certificate again that was used before.
    RollBack,
    /// Accept signatures again that are made with one that was replaced; what is encrypted for stays.
    AcceptAgain {
        /// Which one.
        certificate: Fingerprint,
    },
    /// Accept signatures no longer that are made with one that is not in use.
    Withdraw {
        /// Which one.
        certificate: Fingerprint,
    },
}

/// What a change has done to one profile, and all that is needed to take it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleChange {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// What was done.
    pub done: ScheduleActName,
    /// The certificate that it is about.
    pub fingerprint_sha256: Option<Fingerprint>,
    /// When that goes active; nothing where it does not any more.
    pub activates: Option<Timestamp>,
    /// The certificate that messages are encrypted for now.
    pub in_use: Option<Fingerprint>,
    /// What is to be said about it.
    pub warnings: Vec<CertificateWarning>,
    /// The profile's certificates before it.
    #[serde(skip)]
    pub before: Vec<CertificateUse>,
    /// The profile's certificates after it.
    #[serde(skip)]
    pub after: Vec<CertificateUse>,
}

impl ScheduleChange {
    /// The certificates that are accepted after it beside the one in use: after rolling back, the one gone back from.
    #[must_use]
    pub fn left_accepted(&self, now: Timestamp) -> Vec<Fingerprint> {
        let gone_from = timeline::used_now(&self.before, now).map(|entry| entry.fingerprint);
        let mut left = timeline::acceptable_now(&self.after, now);
        left.retain(|print| Some(*print) == gone_from && Some(*print) != self.in_use);
        left
    }
}

fn no_profile(id: &ConnectionId, kind: ProfileKind) -> AppError {
    AppError::new(format!("connection `{id}` has no {kind} profile"))
}

fn refused(error: ScheduleError, id: &ConnectionId, kind: ProfileKind) -> AppError {
    let hint = match &error {
        ScheduleError::NothingScheduled => "import the renewed certificate to schedule it",
        ScheduleError::NothingBefore => {
            "what is only scheduled yet is cancelled instead; another certificate that is to be used is imported"
        }
        ScheduleError::PreviousEnded { .. } => {
            "an ended certificate is not gone back to; ask the partner for a valid one and import it"
        }
        ScheduleError::NotOfProfile { .. } => "import the certificate if it is the partner's",
        ScheduleError::InUse { .. } => "roll back, or import the right one, first",
        ScheduleError::Scheduled { .. } => "cancel its schedule instead",
        ScheduleError::NoOther { .. } => "import the one that the partner signs with first",
        ScheduleError::Unknown { .. } => "import the certificate again",
        ScheduleError::Activation(_) => "choose an instant that is still to come and within the certificate's validity",
    };
    AppError::new(format!("{id}, {kind}: {error}")).hint(format!("nothing was changed; {hint}"))
}

impl App {
    /// Changes the schedules of some profiles, all of them or none.
    ///
    /// # Errors
    /// Where a profile does not exist, has nothing that can be changed so, or the workspace cannot be written. Then nothing
    /// has changed.
    pub async fn change_schedule(
        &self,
        profiles: &[ProfileKey],
        act: &ScheduleAct,
    ) -> Result<Vec<ScheduleChange>, AppError> {
        let stored = self.stored_certificates().await?;
        let now = self.now();
        let facts = |print: &Fingerprint| -> Option<&CertificateFacts> {
            stored.iter().map(|stored| &stored.facts).find(|facts| facts.fingerprint_sha256 == *print)
        };
        self.rewrite(profiles, |id, kind, before| {
            let change = match act {
                ScheduleAct::Reschedule { at, zone } => timeline::reschedule(before, &facts, *at, zone.clone(), now),
                ScheduleAct::Cancel => timeline::cancel(before, &facts, now),
                ScheduleAct::ActivateNow => timeline::activate_now(before, &facts, now),
                ScheduleAct::RollBack => timeline::roll_back(before, &facts, now),
                ScheduleAct::AcceptAgain { certificate } => {
                    timeline::accept_again(before, *certificate, facts(certificate), now)
                }
                ScheduleAct::Withdraw { certificate } => timeline::withdraw(before, *certificate, now),
            }
            .map_err(|error| refused(error, id, kind))?;
            Ok(ScheduleChange {
                connection: id.clone(),
                profile: kind,
                done: match act {
                    ScheduleAct::Reschedule { .. } => ScheduleActName::Rescheduled,
                    ScheduleAct::Cancel => ScheduleActName::Cancelled,
                    ScheduleAct::ActivateNow => ScheduleActName::Activated,
                    ScheduleAct::RollBack => ScheduleActName::RolledBack,
                    ScheduleAct::AcceptAgain { .. } => ScheduleActName::AcceptedAgain,
                    ScheduleAct::Withdraw { .. } => ScheduleActName::Withdrawn,
                },
                fingerprint_sha256: Some(change.certificate),
                activates: change.activates,
                in_use: timeline::used_now(&change.uses, now).map(|entry| entry.fingerprint),
                warnings: change.warnings,
                before: before.to_vec(),
                after: change.uses,
            })
        })
        .await
    }

    /// Takes changes back, all of them or none.
    ///
    /// # Errors
    /// Where a profile's certificates are not any more as the change has left them. Then nothing has changed.
    pub async fn undo_schedule(&self, changes: &[ScheduleChange]) -> Result<Vec<ScheduleChange>, AppError> {
        let now = self.now();
        let profiles: Vec<ProfileKey> =
            changes.iter().map(|change| (change.connection.clone(), change.profile)).collect();
        self.rewrite(&profiles, |id, kind, current| {
            let change = changes.iter().find(|change| change.connection == *id && change.profile == kind);
            let change = change.filter(|change| change.after == current).ok_or_else(|| {
                AppError::new(format!("the certificates of {id}, {kind}, have been changed since"))
                    .hint("nothing was taken back; look at them as they are now")
            })?;
            Ok(ScheduleChange {
                connection: id.clone(),
                profile: kind,
                done: ScheduleActName::Undone,
                fingerprint_sha256: change.fingerprint_sha256,
                activates: timeline::next_activation(&change.before, now).map(|(_, at)| at),
                in_use: timeline::used_now(&change.before, now).map(|entry| entry.fingerprint),
                warnings: Vec::new(),
                before: current.to_vec(),
                after: change.before.clone(),
            })
        })
        .await
    }

    /// Gives profiles other certificates in one transaction.
    async fn rewrite(
        &self,
        profiles: &[ProfileKey],
        mut change: impl FnMut(&ConnectionId, ProfileKind, &[CertificateUse]) -> Result<ScheduleChange, AppError>,
    ) -> Result<Vec<ScheduleChange>, AppError> {
        for (id, _) in profiles {
            // Said before a workspace is made for the sake of a connection that is not there.
            self.connection(id).await?;
        }
        self.note_running().await;
        let now = self.now();
        let mut transaction = self.workspace().await?.begin().await?;
        let mut connections: Vec<Connection> = Vec::new();
        let mut done = Vec::new();
        for (id, kind) in profiles {
            if !connections.iter().any(|known| known.id == *id) {
                // As it is within the transaction that writes: of two changes at once none is lost.
                connections.push(
                    transaction
                        .connection(id)
                        .await?
                        .ok_or_else(|| AppError::new(format!("the connection `{id}` was removed meanwhile")))?,
                );
            }
            let profile =
                connections.iter_mut().find(|known| known.id == *id).and_then(|known| known.profile_mut(*kind));
            let profile = profile.ok_or_else(|| no_profile(id, *kind))?;
            let changed = change(id, *kind, &profile.partner_certificates)?;
            refuse_removed(&mut transaction, &changed).await?;
            profile.partner_certificates.clone_from(&changed.after);
            done.push(changed);
        }
        for connection in &connections {
            transaction.save_connection(connection, now).await?;
        }
        transaction.commit().await?;
        Ok(done)
    }
}

/// What was taken out of the workspace meanwhile does not come back into a profile.
async fn refuse_removed(transaction: &mut Transaction, change: &ScheduleChange) -> Result<(), AppError> {
    let before = timeline::all_fingerprints(&change.before);
    for print in timeline::all_fingerprints(&change.after).into_iter().filter(|print| !before.contains(print)) {
        if !transaction.holds_certificate(&print).await? {
            return Err(AppError::new(format!("the certificate {} was removed meanwhile", print.short()))
                .hint("nothing was changed; import it again if it is needed"));
        }
    }
    Ok(())
}

impl App {
    /// Writes a partner's certificate to a file: as DER where its name ends in `.der` or `.cer`, else as PEM.
    ///
    /// # Errors
    /// Where there is no such certificate in the workspace, or the file cannot be written.
    pub async fn export_certificate(&self, fingerprint: &Fingerprint, file: &std::path::Path) -> Result<(), AppError> {
        let stored = self
            .stored_certificates()
            .await?
            .into_iter()
            .find(|stored| stored.facts.fingerprint_sha256 == *fingerprint)
            .ok_or_else(|| {
                AppError::new(format!("there is no certificate with the fingerprint {fingerprint} in this workspace"))
            })?;
        let binary =
            file.extension().is_some_and(|end| ["der", "cer"].iter().any(|known| end.eq_ignore_ascii_case(known)));
        let bytes = if binary {
            stored.der
        } else {
            let certificate = crate::certificate::Certificate::from_der(&stored.der);
            certificate.map_err(|error| AppError::new(error.to_string()))?.to_pem().into_bytes()
        };
        super::written::write(file, bytes)
    }
}
