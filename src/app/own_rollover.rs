//! Changing our own identity, partner by partner: the schedule, who was told, who has confirmed, what was seen.

use jiff::Timestamp;
use serde::Serialize;

use super::identities::{in_short, unknown};
use super::{App, AppError};
use crate::domain::algorithm::Signing;
use crate::domain::certificate::{CertificateFacts, CertificateWarning, time_warnings};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::domain::own_rollover::{Acquaintance, Noted, OwnStage, concern, stage};
use crate::domain::own_timeline::{OwnChangeError, OwnTimeline};
use crate::domain::signing::signing_obstacle;
use crate::domain::timeline::{Activation, ActivationError};
use crate::domain::transmission::{Direction, Verdict};
use crate::store::{TransmissionFilter, Workspace};

/// A profile of a connection.
pub type ProfileRef = (ConnectionId, ProfileKind);

/// A change of the identity that signs.
#[derive(Clone, Debug)]
pub struct OwnChange {
    /// Only profiles that sign with this one; any where absent.
    pub from: Option<IdentityName>,
    /// The one that is to sign.
    pub to: IdentityName,
    /// When.
    pub activation: Activation,
    /// Which profiles; all that sign with `from` where there is none.
    pub profiles: Vec<ProfileRef>,
}

/// What is to become of a change that was scheduled or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnStep {
    /// It is given up before it happens.
    Cancel,
    /// The one before signs again.
    RollBack,
}

/// One profile whose schedule was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnChanged {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// The identity that will sign.
    pub identity: IdentityName,
    /// From when.
    pub activates: Timestamp,
    /// The one that signed before.
    pub replaces: IdentityName,
}

/// What was changed, and what is to be said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OwnChanges {
    /// The profiles.
    pub profiles: Vec<OwnChanged>,
    /// What is to be said.
    pub warnings: Vec<CertificateWarning>,
    /// The identities to which changes were scheduled that are cancelled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cancelled: Vec<IdentityName>,
}

/// How far one profile's partner is with an identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnProgress {
    /// The connection.
    pub connection: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The profile.
    pub profile: ProfileKind,
    /// How far.
    pub stage: OwnStage,
    /// The one that signs now.
    pub signs_now: IdentityName,
    /// From when the identity signs, where that was stated.
    pub activates: Option<Timestamp>,
    /// The zone in which that was stated.
    pub zone: Option<String>,
    /// What is known of the partner.
    #[serde(flatten)]
    pub known: Acquaintance,
    /// What is to be worried about.
    pub concern: Option<String>,
}

impl App {
    /// Has another identity sign for profiles, now or from an instant on: all of them or none. It decrypts at once, as
    /// every identity does.
    ///
    /// # Errors
    /// Where an identity or a profile does not exist, none is concerned, one that is named does not sign with `from`, the
    /// new key does not sign as a profile wants it, or the instant is past or outside the certificate's validity. Then
    /// nothing has changed.
    pub async fn change_own(&self, change: &OwnChange) -> Result<OwnChanges, AppError> {
        if change.from.as_ref() == Some(&change.to) {
            return Err(AppError::new(format!("`{}` is named as the old identity and as the new one", change.to))
                .hint("name the one that signs now first, then the one that is to follow it"));
        }
        let (now, facts) = (self.now(), self.own_facts().await?);
        let new = facts.iter().find(|(name, _)| *name == change.to).ok_or_else(|| unknown(&change.to))?.1.clone();
        if let Some(from) = change.from.as_ref().filter(|from| !facts.iter().any(|(name, _)| name == *from)) {
            return Err(unknown(from));
        }
        for (id, kind) in &change.profiles {
            self.profile(id, *kind).await?;
        }
        let concerned = |connection: &Connection, kind: ProfileKind, profile: &Profile| match &change.from {
            Some(from) if change.profiles.is_empty() => profile.identity.at(now) == from,
            _ => change.profiles.iter().any(|(id, each)| *id == connection.id && *each == kind),
        };
        let mut warnings = Vec::new();
        let mut cancelled = Vec::new();
        let changed = self
            .change_timelines(concerned, |timeline, profile| {
                // Whoever names a profile means it: it is not passed over in silence.
                if let Some(from) = change.from.as_ref().filter(|from| timeline.at(now) != *from) {
                    let signs = timeline.at(now);
                    return Err(AppError::new(format!("it signs with `{signs}` and not with `{from}`"))
                        .hint("leave it out, or name the identity that it signs with"));
                }
                if let Some(obstacle) = signing_obstacle(&change.to, new.key, profile.signing) {
                    return Err(AppError::new(obstacle));
                }
                let after = timeline
                    .change_over(&change.to, &new, &change.activation, now)
                    .map_err(|error| AppError::new(error.to_string()).maybe_hint(what_to_do(&error)))?;
                let flips = after.next(now).map(|(_, at)| at);
                let old = facts.iter().find(|(name, _)| name == timeline.at(now)).map(|(_, facts)| facts);
                let mut warn = |warning| {
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                };
                if let Some(at) = flips {
                    if old.is_some_and(|old| old.not_after < at) {
                        warn(CertificateWarning::Gap);
                    }
                    if at.as_second() - now.as_second() < 86_400 {
                        warn(CertificateWarning::Soon);
                    }
                }
                // Where the present one lasts for years, nobody looks for an end that comes sooner.
                for warning in time_warnings(&new, old, flips.unwrap_or(now), now) {
                    warn(warning);
                }
                if let Some((entry, _)) = timeline.next(now).filter(|(entry, _)| entry.name != change.to) {
                    warn(CertificateWarning::ScheduleCancelled);
                    if !cancelled.contains(&entry.name) {
                        cancelled.push(entry.name.clone());
                    }
                }
                Ok(after)
            })
            .await?;
        Ok(OwnChanges { profiles: changed, warnings, cancelled })
    }

    /// Gives changes up or takes them back: all of them or none.
    ///
    /// # Errors
    /// Where a profile does not exist, nothing is scheduled, there was none before, its certificate has ended, or its key
    /// does not sign as the profile wants it by now. Then nothing has changed.
    pub async fn step_own(&self, profiles: &[ProfileRef], step: OwnStep) -> Result<OwnChanges, AppError> {
        let (now, facts) = (self.now(), self.own_facts().await?);
        for (id, kind) in profiles {
            self.profile(id, *kind).await?;
        }
        let concerned = |connection: &Connection, kind: ProfileKind, _: &Profile| {
            profiles.iter().any(|(id, each)| *id == connection.id && *each == kind)
        };
        let known = |name: &IdentityName| facts.iter().find(|(each, _)| each == name).map(|(_, facts)| facts.clone());
        let changed = self
            .change_timelines(concerned, |timeline, profile| {
                let after = match step {
                    OwnStep::Cancel => timeline.cancel(now),
                    OwnStep::RollBack => timeline.roll_back(known, now),
                }
                .map_err(|error| AppError::new(error.to_string()))?;
                if step == OwnStep::RollBack {
                    let name = after.at(now);
                    let back = known(name).ok_or_else(|| unknown(name))?;
                    if let Some(obstacle) = signing_obstacle(name, back.key, profile.signing) {
                        return Err(AppError::new(obstacle).hint(
                            "set `signing` to what that key signs with first, or go on with the present identity",
                        ));
                    }
                }
                Ok(after)
            })
            .await?;
        Ok(OwnChanges { profiles: changed, ..OwnChanges::default() })
    }

    /// Changes the timelines of the profiles concerned in one transaction.
    async fn change_timelines(
        &self,
        concerned: impl Fn(&Connection, ProfileKind, &Profile) -> bool,
        mut change: impl FnMut(&OwnTimeline, &Profile) -> Result<OwnTimeline, AppError>,
    ) -> Result<Vec<OwnChanged>, AppError> {
        let now = self.now();
        let mut changed = Vec::new();
        let ids: Vec<ConnectionId> = self
            .connections()
            .await?
            .iter()
            .filter(|connection| connection.profiles().any(|(kind, profile)| concerned(connection, kind, profile)))
            .map(|connection| connection.id.clone())
            .collect();
        if ids.is_empty() {
            return Err(AppError::new("no profile is concerned: none of those named signs with that identity")
                .hint("`countersign identity list` shows which profile uses which identity"));
        }
        // Read within the transaction that writes: of two changes at once none is lost.
        let mut transaction = self.workspace().await?.begin().await?;
        let mut refused: Vec<(String, AppError)> = Vec::new();
        for id in ids {
            let Some(mut connection) = transaction.connection(&id).await? else { continue };
            for kind in ProfileKind::ALL {
                let Some(profile) = connection.profile(*kind) else { continue };
                if !concerned(&connection, *kind, profile) {
                    continue;
                }
                let after = match change(&profile.identity, profile) {
                    Ok(after) => after,
                    Err(error) => {
                        refused.push((format!("{id} {kind}"), error));
                        continue;
                    }
                };
                let next = after.next(now);
                changed.push(OwnChanged {
                    connection: id.clone(),
                    profile: *kind,
                    identity: next.map_or_else(|| after.at(now), |(entry, _)| &entry.name).clone(),
                    activates: next.map_or(now, |(_, at)| at),
                    replaces: profile.identity.at(now).clone(),
                });
                if let Some(profile) = connection.profile_mut(*kind) {
                    profile.identity = after;
                }
            }
            transaction.save_connection(&connection, now).await?;
        }
        if let Some(error) = in_one(refused) {
            return Err(error);
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// Notes that partners were told of an identity, how.
    ///
    /// # Errors
    /// Where the identity or a profile does not exist, or `how` is empty.
    pub async fn note_told(
        &self,
        name: &IdentityName,
        profiles: &[ProfileRef],
        how: &str,
        at: Option<Timestamp>,
    ) -> Result<(), AppError> {
        self.note(name, profiles, how, at, false).await
    }

    /// Notes that partners have confirmed that they have it, by whom.
    ///
    /// # Errors
    /// As [`App::note_told`].
    pub async fn note_confirmed(
        &self,
        name: &IdentityName,
        profiles: &[ProfileRef],
        by: &str,
        at: Option<Timestamp>,
    ) -> Result<(), AppError> {
        self.note(name, profiles, by, at, true).await
    }

    async fn note(
        &self,
        name: &IdentityName,
        profiles: &[ProfileRef],
        words: &str,
        at: Option<Timestamp>,
        confirmed: bool,
    ) -> Result<(), AppError> {
        let words = words.trim().to_owned();
        if words.is_empty() || words.chars().any(|c| c.is_control() && c != '\n') {
            let what = if confirmed { "by whom it was confirmed" } else { "how they were told" };
            return Err(AppError::new(format!("{what} is to be said, in a few words")));
        }
        let fingerprint = self.own_fact(name).await?.fingerprint_sha256;
        for (id, kind) in profiles {
            self.profile(id, *kind).await?;
        }
        let note = Noted { at: at.unwrap_or_else(|| self.now()), words };
        let mut transaction = self.workspace().await?.begin().await?;
        for (id, kind) in profiles {
            if confirmed {
                transaction.note_confirmed(id, *kind, &fingerprint, &note).await?;
            } else {
                transaction.note_told(id, *kind, &fingerprint, &note).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// How far the partners are whose profiles sign with an identity, will, or did.
    ///
    /// # Errors
    /// Where there is none of that name, or the workspace cannot be read.
    pub async fn own_progress(&self, name: &IdentityName) -> Result<Vec<OwnProgress>, AppError> {
        let (now, fingerprint) = (self.now(), self.own_fact(name).await?.fingerprint_sha256);
        let workspace = self.workspace().await?;
        let known = workspace.acquaintances(&fingerprint).await?;
        let mut all = Vec::new();
        for connection in self.connections().await? {
            for (kind, profile) in connection.profiles() {
                let timeline = &profile.identity;
                let Some(entry) = timeline.uses().iter().rev().find(|entry| entry.name == *name) else { continue };
                let stored = known.iter().find(|each| each.connection == connection.id && each.profile == kind);
                let mut acquaintance = stored.map(|stored| stored.known.clone()).unwrap_or_default();
                if let Some(from) = entry.from.filter(|from| *from <= now && profile.signing != Signing::None) {
                    acquaintance.verified = delivered_since(&workspace, &connection.id, kind, from).await?;
                }
                all.push(OwnProgress {
                    stage: stage(timeline, name, &acquaintance, now),
                    concern: concern(timeline, name, &acquaintance, now),
                    connection: connection.id.clone(),
                    name: connection.name.clone(),
                    profile: kind,
                    signs_now: timeline.at(now).clone(),
                    activates: entry.from,
                    zone: entry.zone.clone(),
                    known: acquaintance,
                });
            }
        }
        all.sort_by(|one, other| (&one.name, one.profile).cmp(&(&other.name, other.profile)));
        Ok(all)
    }

    /// What is to be worried about in all changes of our identities, those that are to come and those that were made: the
    /// identity, and how far the partner is.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn own_concerns(&self) -> Result<Vec<(IdentityName, OwnProgress)>, AppError> {
        let now = self.now();
        let mut names = std::collections::BTreeSet::new();
        for connection in self.connections().await? {
            for (_, profile) in connection.profiles().filter(|(_, profile)| profile.identity.uses().len() > 1) {
                names.insert(profile.identity.at(now).clone());
                names.extend(profile.identity.next(now).map(|(entry, _)| entry.name.clone()));
            }
        }
        let mut all = Vec::new();
        for name in names {
            let concerned = self.own_progress(&name).await?.into_iter().filter(|row| row.concern.is_some());
            all.extend(concerned.map(|row| (name.clone(), row)));
        }
        Ok(all)
    }

    /// The profiles of connections that name an identity, for what is said about all of a connection.
    ///
    /// # Errors
    /// Where a connection has no profile that names it; all are looked at where none is given.
    pub async fn profiles_naming(
        &self,
        name: &IdentityName,
        connections: &[ConnectionId],
    ) -> Result<Vec<ProfileRef>, AppError> {
        for id in connections {
            self.connection(id).await?;
        }
        let wanted = |id: &ConnectionId| connections.is_empty() || connections.contains(id);
        let found: Vec<ProfileRef> = self
            .connections()
            .await?
            .iter()
            .filter(|connection| wanted(&connection.id))
            .flat_map(|connection| connection.profiles().map(move |(kind, profile)| (connection, kind, profile)))
            .filter(|(_, _, profile)| profile.identity.names(name))
            .map(|(connection, kind, _)| (connection.id.clone(), kind))
            .collect();
        let without: Vec<String> = connections
            .iter()
            .filter(|id| !found.iter().any(|(each, _)| each == *id))
            .map(ToString::to_string)
            .collect();
        if found.is_empty() || !without.is_empty() {
            let whose = if without.is_empty() { "no connection".to_owned() } else { in_short(&without) };
            return Err(AppError::new(format!("`{name}` is not an identity of {whose}, now or on a date"))
                .hint("schedule the change first: `countersign identity rollover`"));
        }
        Ok(found)
    }

    async fn own_facts(&self) -> Result<Vec<(IdentityName, CertificateFacts)>, AppError> {
        Ok(self.stored_identities().await?.into_iter().map(|stored| (stored.name, stored.facts)).collect())
    }

    async fn own_fact(&self, name: &IdentityName) -> Result<CertificateFacts, AppError> {
        let found = self.own_facts().await?.into_iter().find(|(each, _)| each == name);
        found.map(|(_, facts)| facts).ok_or_else(|| unknown(name))
    }
}

/// Why some profiles cannot be changed, each with its reason; nothing where all can.
fn in_one(refused: Vec<(String, AppError)>) -> Option<AppError> {
    let hint = refused.first()?.1.what_to_do().map(ToOwned::to_owned);
    let number = refused.len();
    // What holds of several is said once.
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for (place, error) in refused {
        match reasons.iter_mut().find(|(reason, _)| reason == error.message()) {
            Some((_, places)) => places.push(place),
            None => reasons.push((error.message().to_owned(), vec![place])),
        }
    }
    let said: Vec<String> = reasons.iter().map(|(reason, places)| format!("{}: {reason}", in_short(places))).collect();
    let text = match number {
        1 => said.concat(),
        number => format!("{number} profiles cannot be changed, so none was: {}", in_short(&said)),
    };
    Some(AppError::new(text).maybe_hint(hint))
}

/// What to do where an identity cannot sign as it is wanted.
fn what_to_do(error: &OwnChangeError) -> Option<&'static str> {
    match error {
        OwnChangeError::Activation(ActivationError::Past { .. }) => {
            Some("nothing was changed; name a later time, or `now`")
        }
        OwnChangeError::Activation(ActivationError::BeforeBegin { .. }) => {
            Some("nothing was changed; name a later time")
        }
        OwnChangeError::Activation(ActivationError::AfterEnd { .. }) => {
            Some("nothing was changed; name an earlier time")
        }
        OwnChangeError::Activation(ActivationError::Ended { .. }) => {
            Some("nothing was changed; make or install a certificate that is valid")
        }
        OwnChangeError::SignsAlready { .. } => Some("leave those out: name the others with --connection"),
        _ => None,
    }
}

/// When a message was last acknowledged of those sent to a profile since an instant.
async fn delivered_since(
    workspace: &Workspace,
    connection: &ConnectionId,
    profile: ProfileKind,
    since: Timestamp,
) -> Result<Option<Timestamp>, AppError> {
    let filter = TransmissionFilter {
        verdict: Some(Verdict::Delivered),
        direction: Some(Direction::Outbound),
        connection: Some(connection.clone()),
        profile: Some(profile),
        since: Some(since),
        limit: 1,
        ..TransmissionFilter::default()
    };
    Ok(workspace.transmissions(&filter).await?.0.first().map(|found| found.at))
}
