//! Changing many profiles in one stroke: all of them or none.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::start::{read_rows, take_rows};
use super::surroundings::Surroundings;
use super::unknown;
use crate::app::{App, AppError};
use crate::domain::certificate::CertificateFacts;
use crate::domain::connection::Connection;
use crate::domain::identifier::ConnectionId;
use crate::domain::rollover::{
    PlannedActivation, ProfileKey, Rollover, RolloverId, RolloverPlan, RolloverProfile, Step, Told,
};
use crate::domain::timeline::{Activation, CertificateUse};
use crate::store::Transaction;

/// The most characters of a note, and of how a partner was told.
const MOST_NOTE: usize = 2000;

/// What is to be done to profiles of a rollover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RolloverAction {
    /// Change their certificates.
    Step(Step),
    /// Note that the partners were told.
    Told {
        /// How.
        how: String,
        /// What else is to be remembered.
        note: String,
    },
    /// Note that they were not.
    NotTold,
    /// Have them take part.
    TakeIn,
    /// Keep a note.
    Note(String),
    /// Give them a time of their own, or take it away; nothing is changed before it is applied.
    Plan(Option<Activation>),
    /// Take times and notes from a table in CSV, for those that stand in it.
    Sheet(PathBuf),
}

/// A change to a rollover.
#[derive(Clone, Debug)]
pub struct RolloverRequest {
    /// Which rollover.
    pub id: RolloverId,
    /// To which of its profiles; to all that take part, where none is named.
    pub profiles: Vec<ProfileKey>,
    /// What is to be done.
    pub action: RolloverAction,
    /// The profiles' certificates as they were when the difference was looked at: where one has changed since, nothing is
    /// done.
    pub seen: Option<Vec<(ProfileKey, Vec<CertificateUse>)>>,
}

impl RolloverRequest {
    /// To all that take part, whatever they are like now.
    #[must_use]
    pub const fn all(id: RolloverId, action: RolloverAction) -> Self {
        Self { id, profiles: Vec::new(), action, seen: None }
    }
}

/// What a change to a rollover did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RolloverChanged {
    /// The rollover.
    pub rollover: RolloverId,
    /// How many profiles of connections it changed.
    pub changed: usize,
    /// For how many profiles it noted something that was not noted before.
    pub noted: usize,
    /// How many profiles applying the rollover would change, after something was noted that has to be applied.
    pub pending: usize,
    /// What it did to each.
    #[serde(flatten)]
    pub plan: RolloverPlan,
}

impl App {
    /// Works out what a step would do to profiles of a rollover, and changes nothing.
    ///
    /// # Errors
    /// Where there is none of this number, or the workspace cannot be read. That a profile cannot be changed is no error:
    /// it stands in the plan.
    pub async fn plan_rollover(
        &self,
        id: RolloverId,
        step: &Step,
        profiles: &[ProfileKey],
    ) -> Result<RolloverPlan, AppError> {
        let workspace = self.existing().await?.ok_or_else(|| unknown(id))?;
        let rollover = workspace.rollover(id).await?.ok_or_else(|| unknown(id))?;
        let surroundings = Surroundings::read(self, None).await?;
        let new = certificate(&rollover, &surroundings)?;
        let connections = workspace.connections().await?;
        Ok(surroundings.plan(&rollover, new, step, profiles, &connections, self.now()))
    }

    /// Changes profiles of a rollover, all of them or none: in one transaction, which is on disk once this has returned.
    ///
    /// # Errors
    /// Where one of them cannot be changed, says which and why; where it was changed since the difference was looked at;
    /// where the workspace cannot be written. Then nothing has changed.
    pub async fn change_rollover(&self, request: &RolloverRequest) -> Result<RolloverChanged, AppError> {
        let id = request.id;
        let workspace = self.existing().await?.ok_or_else(|| unknown(id))?;
        workspace.rollover(id).await?.ok_or_else(|| unknown(id))?;
        let rows = match &request.action {
            RolloverAction::Sheet(path) => Some((path, read_rows(path)?)),
            _ => None,
        };
        let surroundings = Surroundings::read(self, None).await?;
        let now = self.now();
        let mut transaction = workspace.begin().await?;
        // As it is within the transaction that writes: of two changes at once none is lost.
        let mut rollover = transaction.rollover(id).await?.ok_or_else(|| unknown(id))?;
        refuse_strangers(&rollover, &request.profiles)?;
        let before = rollover.profiles.clone();
        let mut plan = RolloverPlan::default();
        match &request.action {
            RolloverAction::Step(step) => {
                if *step == Step::LeaveOut {
                    refuse_all(&request.profiles)?;
                }
                plan = self.step(&mut transaction, &mut rollover, &surroundings, step, request, now).await?;
                let whole = request.profiles.is_empty();
                match step {
                    Step::Undo if whole && !plan.profiles.is_empty() => rollover.undone = Some(now),
                    // The rollover has no more to do with it, whatever it was like.
                    Step::LeaveOut => each(&mut rollover, &request.profiles, |profile| {
                        profile.chosen = false;
                        profile.applied = None;
                    }),
                    Step::Schedule(activation) if whole => {
                        rollover.undone = None;
                        if let Some(activation) = activation {
                            rollover.activation = Some(activation.into());
                        }
                    }
                    _ => {}
                }
            }
            RolloverAction::Told { how, note } => {
                let told = Told { at: now, how: limited("how", how)?, note: limited("the note", note)? };
                each(&mut rollover, &request.profiles, |profile| profile.told = Some(told.clone()));
            }
            RolloverAction::NotTold => each(&mut rollover, &request.profiles, |profile| profile.told = None),
            RolloverAction::Note(note) => {
                let note = limited("the note", note)?;
                each(&mut rollover, &request.profiles, |profile| profile.note.clone_from(&note));
            }
            RolloverAction::Plan(activation) => {
                let planned = activation.as_ref().map(PlannedActivation::from);
                if request.profiles.is_empty() {
                    rollover.activation.clone_from(&planned);
                } else {
                    each(&mut rollover, &request.profiles, |profile| profile.activation.clone_from(&planned));
                }
            }
            RolloverAction::TakeIn => {
                refuse_all(&request.profiles)?;
                each(&mut rollover, &request.profiles, |profile| profile.chosen = true);
            }
            RolloverAction::Sheet(_) => {
                if let Some((path, rows)) = rows {
                    let new = certificate(&rollover, &surroundings)?;
                    take_rows(&mut rollover.profiles, &rows, false, (new, now)).map_err(|error| error.in_file(path))?;
                }
            }
        }
        transaction.save_rollover(&rollover).await?;
        transaction.commit().await?;
        let noted = before.iter().zip(&rollover.profiles).filter(|(before, after)| before != after).count();
        let to_apply =
            matches!(request.action, RolloverAction::Plan(_) | RolloverAction::Sheet(_) | RolloverAction::TakeIn);
        let pending = if to_apply { self.rollover(id).await?.rows.iter().filter(|row| row.pending).count() } else { 0 };
        Ok(RolloverChanged { rollover: id, changed: plan.changed(), noted, pending, plan })
    }

    /// Forgets a rollover that changes nothing any more. What it did to connections stays.
    ///
    /// # Errors
    /// Where there is none of this number, or profiles are still to change by it.
    pub async fn remove_rollover(&self, id: RolloverId) -> Result<(), AppError> {
        let board = self.rollover(id).await?;
        let open = board.rows.iter().filter(|row| row.applied && row.activates.is_some_and(|at| at > board.at)).count();
        if open > 0 {
            let whom = if open == 1 { "1 profile is".to_owned() } else { format!("{open} profiles are") };
            return Err(AppError::new(format!("{whom} still to change by rollover {id}"))
                .hint(format!("undo it first: `countersign rollover undo {id}`")));
        }
        let mut transaction = self.workspace().await?.begin().await?;
        transaction.remove_rollover(id).await?;
        Ok(transaction.commit().await?)
    }

    async fn step(
        &self,
        transaction: &mut Transaction,
        rollover: &mut Rollover,
        surroundings: &Surroundings,
        step: &Step,
        request: &RolloverRequest,
        now: Timestamp,
    ) -> Result<RolloverPlan, AppError> {
        let new = certificate(rollover, surroundings)?.clone();
        let mut ids: Vec<ConnectionId> = rollover.profiles.iter().map(|profile| profile.connection.clone()).collect();
        ids.dedup();
        let mut connections = transaction.connections_of(&ids).await?;
        let plan = surroundings.plan(rollover, &new, step, &request.profiles, &connections, now);
        if let Some(first) = plan.refused.first() {
            let (others, all) = (plan.refused.len() - 1, plan.refused.len() + plan.profiles.len());
            let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
            let whole = if all == 1 { String::new() } else { format!("of {all} profiles, ") };
            return Err(AppError::new(format!(
                "nothing was changed: {whole}{}, {} cannot be changed{more}: {}",
                first.connection, first.profile, first.why
            ))
            .hint("put that right, or leave these profiles out, and do it again"));
        }
        if let Some(seen) = &request.seen {
            for planned in &plan.profiles {
                let known = seen.iter().find(|(key, _)| *key == planned.key());
                if known.is_some_and(|(_, uses)| *uses != planned.before) {
                    return Err(AppError::new(format!(
                        "nothing was changed: {}, {} was changed by somebody else since the difference was shown",
                        planned.connection, planned.profile
                    ))
                    .hint("look at the difference again"));
                }
            }
        }
        write(&mut connections, rollover, &plan, step, now);
        let changed: HashSet<ConnectionId> = plan
            .profiles
            .iter()
            .filter(|planned| planned.changes())
            .map(|planned| planned.connection.clone())
            .collect();
        connections.retain(|connection| changed.contains(&connection.id));
        transaction.save_connections(&connections, now).await.map_err(|error| {
            let error = AppError::from(error);
            let said = AppError::new(format!("nothing was changed: {}", error.message()));
            said.maybe_hint(error.what_to_do())
        })?;
        Ok(plan)
    }
}

/// Writes a plan into connections and the rollover.
fn write(connections: &mut [Connection], rollover: &mut Rollover, plan: &RolloverPlan, step: &Step, now: Timestamp) {
    for planned in &plan.profiles {
        // Both are sorted by the connection's id.
        let place = connections.binary_search_by(|connection| connection.id.cmp(&planned.connection));
        let settings = place.ok().and_then(|index| connections.get_mut(index));
        let Some(settings) = settings.and_then(|connection| connection.profile_mut(planned.profile)) else { continue };
        settings.partner_certificates.clone_from(&planned.after);
        let key = planned.key();
        let place =
            rollover.profiles.binary_search_by(|profile| (&profile.connection, profile.profile).cmp(&(&key.0, key.1)));
        let Some(profile) = place.ok().and_then(|index| rollover.profiles.get_mut(index)) else { continue };
        match step {
            Step::Undo | Step::LeaveOut => profile.applied = None,
            Step::Schedule(activation) => {
                if let Some(activation) = activation {
                    profile.activation = Some(activation.into());
                }
                profile.note_applied(planned, now);
                profile.chosen = true;
            }
            Step::RollBack => profile.note_applied(planned, now),
        }
    }
}

fn certificate<'a>(rollover: &Rollover, surroundings: &'a Surroundings) -> Result<&'a CertificateFacts, AppError> {
    surroundings.facts(&rollover.certificate).ok_or_else(|| {
        AppError::new(format!("the certificate {} of rollover {} is not kept", rollover.certificate, rollover.id))
    })
}

/// Changes the named profiles, or all that take part.
fn each(rollover: &mut Rollover, wanted: &[ProfileKey], mut change: impl FnMut(&mut RolloverProfile)) {
    let wanted: HashSet<&ProfileKey> = wanted.iter().collect();
    for profile in &mut rollover.profiles {
        if if wanted.is_empty() { profile.chosen } else { wanted.contains(&profile.key()) } {
            change(profile);
        }
    }
}

/// What has to be said of whom.
fn refuse_all(wanted: &[ProfileKey]) -> Result<(), AppError> {
    if wanted.is_empty() { Err(AppError::new("no profile is named")) } else { Ok(()) }
}

fn refuse_strangers(rollover: &Rollover, wanted: &[ProfileKey]) -> Result<(), AppError> {
    let known: HashSet<ProfileKey> = rollover.profiles.iter().map(RolloverProfile::key).collect();
    match wanted.iter().find(|key| !known.contains(key)) {
        Some((connection, profile)) => {
            Err(AppError::new(format!("{connection}, {profile} is not in rollover {}", rollover.id))
                .hint(format!("`countersign rollover show {}` lists its profiles", rollover.id)))
        }
        None => Ok(()),
    }
}

fn limited(what: &str, text: &str) -> Result<String, AppError> {
    let length = text.chars().count();
    if length > MOST_NOTE {
        return Err(AppError::new(format!("{what} has {length} characters, at most {MOST_NOTE} are kept")));
    }
    Ok(text.trim().to_owned())
}
