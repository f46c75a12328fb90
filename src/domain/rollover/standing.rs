//! How every profile of a rollover stands, computed from its timeline and from what the journal saw.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{PlannedActivation, ProfileKey, Rollover, RolloverProfile, Told};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::connection::{Connection, MdnMode, Profile};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::spelling::spelled;
use crate::domain::timeline::{CertificatePurpose, CertificateUse, used_now};
use crate::domain::transmission::{Direction, TransmissionId, Verdict};

spelled! {
    /// How a profile of a rollover stands. The order is that of the work, with what needs a person at its head.
    pub enum RolloverState {
        /// Something is in the way.
        Problem = "problem",
        /// The old certificate is encrypted for again, because somebody wanted that.
        RolledBack = "rolled-back",
        /// The partner does not know yet.
        NotTold = "not-told",
        /// The partner knows; nothing is scheduled.
        Told = "told",
        /// It changes at an instant.
        Scheduled = "scheduled",
        /// The same, and a test since then went through.
        Tested = "tested",
        /// Messages are encrypted for the new certificate.
        Active = "active",
        /// The same, and the partner has shown that it uses the new one.
        Confirmed = "confirmed",
        /// It does not take part.
        LeftOut = "left-out",
    }
}

impl RolloverState {
    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Problem => "Problem",
            Self::RolledBack => "Rolled back",
            Self::NotTold => "Not told",
            Self::Told => "Told",
            Self::Scheduled => "Scheduled",
            Self::Tested => "Tested",
            Self::Active => "Active",
            Self::Confirmed => "Confirmed by traffic",
            Self::LeftOut => "Left out",
        }
    }
}

/// A message of the journal, as far as a rollover asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The transmission.
    pub id: TransmissionId,
    /// When it was journalled; of one that shows a signature, when that was received.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// How it stands.
    pub verdict: Verdict,
    /// Why, in a phrase.
    pub cause: Option<String>,
}

spelled! {
    /// What shows that the partner uses the new certificate.
    pub enum ProofKind {
        /// A message or a receipt of theirs was signed with it.
        Signed = "signed",
        /// A message that was encrypted for it was received and acknowledged by a receipt.
        Decrypted = "decrypted",
    }
}

/// That the partner uses the new certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// What shows it.
    pub kind: ProofKind,
    /// When that signature was received, or that message journalled.
    pub at: Timestamp,
    /// That message.
    pub id: TransmissionId,
}

/// What the journal knows of one profile since a rollover was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileFacts {
    /// The last test that was sent.
    pub last_test: Option<Message>,
    /// The last message that was sent.
    pub last_sent: Option<Message>,
    /// The last message that was received.
    pub last_received: Option<Message>,
    /// The last message or receipt that was signed with the new certificate.
    pub signed: Option<Message>,
    /// The last document, not a test, that was encrypted for the new certificate and delivered.
    pub delivered: Option<Message>,
}

/// How one profile stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoardRow {
    /// The connection.
    pub connection: ConnectionId,
    /// Its name; its id where it was removed.
    pub name: String,
    /// The profile.
    pub profile: ProfileKind,
    /// How it stands.
    pub state: RolloverState,
    /// What is in the way, where something is.
    pub problem: Option<String>,
    /// What is good to know beside it.
    pub remark: Option<String>,
    /// When it is to change: its own time, else that of all. Nothing was said yet, where absent.
    pub planned: Option<PlannedActivation>,
    /// When it changes or has changed; nothing where it does not.
    pub activates: Option<Timestamp>,
    /// The zone in which that was stated.
    pub zone: Option<String>,
    /// What messages are encrypted for now.
    pub encrypts_for: Option<Fingerprint>,
    /// That the partner was told.
    pub told: Option<Told>,
    /// The last test since the rollover was started.
    pub last_test: Option<Message>,
    /// The last message in either direction since then.
    pub last_traffic: Option<Message>,
    /// That the partner uses the new one.
    pub proof: Option<Proof>,
    /// Free text.
    pub note: String,
    /// Whether the rollover has changed it.
    pub applied: bool,
    /// Whether applying the rollover to all changes it: what is planned is not what is applied.
    pub pending: bool,
}

impl BoardRow {
    /// By what it is found.
    #[must_use]
    pub fn key(&self) -> ProfileKey {
        (self.connection.clone(), self.profile)
    }

    /// The time that is planned and not applied, where another is scheduled.
    #[must_use]
    pub fn planned_otherwise(&self) -> Option<&PlannedActivation> {
        let other = |planned: &&PlannedActivation| self.activates.is_some() && planned.at != self.activates;
        self.planned.as_ref().filter(|_| self.pending).filter(other)
    }
}

/// How many profiles stand so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// How they stand.
    pub state: RolloverState,
    /// How many.
    pub profiles: usize,
}

/// A rollover with how all of it stands at an instant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Board {
    /// The rollover.
    #[serde(flatten)]
    pub rollover: Rollover,
    /// The instant.
    pub at: Timestamp,
    /// How many stand how, in the order of the states; those of which there are none are left out.
    pub states: Vec<StateCount>,
    /// The profiles, by name and kind.
    pub rows: Vec<BoardRow>,
}

impl Board {
    /// How many stand so.
    #[must_use]
    pub fn count(&self, state: RolloverState) -> usize {
        self.states.iter().find(|count| count.state == state).map_or(0, |count| count.profiles)
    }
}

/// Computes how a rollover stands.
#[must_use]
pub fn board(
    rollover: &Rollover,
    connections: &HashMap<&ConnectionId, &Connection>,
    facts: &HashMap<ProfileKey, ProfileFacts>,
    certificates: &dyn Fn(&Fingerprint) -> Option<CertificateFacts>,
    at: Timestamp,
) -> Board {
    let nothing = ProfileFacts::default();
    let new = certificates(&rollover.certificate);
    let mut ends: HashMap<Fingerprint, Option<Timestamp>> = HashMap::new();
    let mut rows: Vec<BoardRow> = rollover
        .profiles
        .iter()
        .map(|profile| {
            let connection = connections.get(&profile.connection).copied();
            let facts = facts.get(&profile.key()).unwrap_or(&nothing);
            let mut end_of = |fingerprint: &Fingerprint| {
                *ends.entry(*fingerprint).or_insert_with(|| certificates(fingerprint).map(|facts| facts.not_after))
            };
            row(rollover, profile, connection, facts, new.as_ref(), &mut end_of, at)
        })
        .collect();
    rows.sort_by_cached_key(|row| (row.name.to_lowercase(), row.connection.clone(), row.profile));
    let states = RolloverState::ALL
        .iter()
        .map(|state| StateCount { state: *state, profiles: rows.iter().filter(|row| row.state == *state).count() })
        .filter(|count| count.profiles > 0)
        .collect();
    Board { rollover: rollover.clone(), at, states, rows }
}

/// The instant at which a profile changes to a certificate or has changed to it, and its zone.
fn change_to(uses: &[CertificateUse], certificate: Fingerprint, at: Timestamp) -> Option<&CertificateUse> {
    let encrypts = |entry: &&CertificateUse| {
        entry.fingerprint == certificate
            && entry.purposes.contains(&CertificatePurpose::Encrypt)
            && entry.until.is_none_or(|until| at < until)
    };
    uses.iter().filter(encrypts).max_by_key(|entry| entry.from)
}

fn row(
    rollover: &Rollover,
    profile: &RolloverProfile,
    connection: Option<&Connection>,
    facts: &ProfileFacts,
    new: Option<&CertificateFacts>,
    end_of: &mut dyn FnMut(&Fingerprint) -> Option<Timestamp>,
    at: Timestamp,
) -> BoardRow {
    let settings = connection.and_then(|connection| connection.profile(profile.profile));
    let uses = settings.map_or(&[][..], |settings| &settings.partner_certificates);
    let in_use = used_now(uses, at);
    let change = change_to(uses, rollover.certificate, at);
    let newest = |one: &Option<Message>, other: &Option<Message>| match (one, other) {
        (Some(one), Some(other)) => Some(if one.at >= other.at { one.clone() } else { other.clone() }),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let proof = proof(facts, settings);
    let mut row = BoardRow {
        connection: profile.connection.clone(),
        name: connection.map_or_else(|| profile.connection.to_string(), |connection| connection.name.clone()),
        profile: profile.profile,
        state: RolloverState::LeftOut,
        problem: None,
        remark: None,
        planned: rollover.activation_of(profile).cloned(),
        activates: change.and_then(|entry| entry.from),
        zone: change.and_then(|entry| entry.zone.clone()),
        encrypts_for: in_use.map(|entry| entry.fingerprint),
        told: profile.told.clone(),
        last_test: facts.last_test.clone(),
        last_traffic: newest(&facts.last_sent, &facts.last_received),
        proof,
        note: profile.note.clone(),
        applied: profile.applied.is_some(),
        pending: false,
    };
    if !profile.chosen {
        return row;
    }
    let active = in_use.is_some_and(|entry| entry.fingerprint == rollover.certificate);
    let standing = if settings.is_none() {
        Err("The profile is not there any more".to_owned())
    } else if active {
        after_change(&row, facts, new, at)
    } else if row.activates.is_some_and(|activates| activates > at) {
        before_change(facts, in_use.map(|entry| entry.fingerprint).and_then(|old| end_of(&old)), at)
    } else if profile.is_rolled_back(uses, rollover.certificate, at) || is_undone(rollover, profile, in_use) {
        Ok(RolloverState::RolledBack)
    } else if profile.applied.is_some() {
        Err(match in_use {
            Some(other) => format!(
                "Its schedule was changed elsewhere: messages are encrypted for {} and no change is scheduled",
                other.fingerprint.short()
            ),
            None => "Its schedule was changed elsewhere: it has no certificate to encrypt for".to_owned(),
        })
    } else if profile.told.is_some() {
        Ok(RolloverState::Told)
    } else {
        Ok(RolloverState::NotTold)
    };
    row.pending = settings.is_some() && !active && standing != Ok(RolloverState::RolledBack) && is_pending(&row, at);
    match standing {
        Ok(state) => {
            row.remark = remark(&row, state);
            row.state = state;
        }
        Err(problem) => {
            row.state = RolloverState::Problem;
            row.problem = Some(problem);
        }
    }
    row
}

/// Whether the whole rollover was undone since, and somebody has seen to a profile that undoing had to leave alone: it uses
/// what it used before.
fn is_undone(rollover: &Rollover, profile: &RolloverProfile, in_use: Option<&CertificateUse>) -> bool {
    let since = |undone: Timestamp| profile.applied.as_ref().is_some_and(|applied| applied.at <= undone);
    rollover.undone.is_some_and(since) && in_use.is_some_and(|used| rollover.replaces.contains(&used.fingerprint))
}

/// Whether what is planned for a profile that does not use the new certificate yet is not what is applied.
fn is_pending(row: &BoardRow, at: Timestamp) -> bool {
    match (&row.planned, row.activates.filter(|activates| *activates > at)) {
        (Some(planned), Some(activates)) => !row.applied || planned.at != Some(activates),
        (None, Some(_)) => !row.applied,
        (_, None) => true,
    }
}

/// What shows that the partner uses the new one, the latest. A delivery says nothing where no receipt was asked for.
fn proof(facts: &ProfileFacts, settings: Option<&Profile>) -> Option<Proof> {
    let proof = |message: &Message, kind| Proof { kind, at: message.at, id: message.id };
    let signed = facts.signed.as_ref().map(|message| proof(message, ProofKind::Signed));
    let asks = settings.is_some_and(|settings| settings.mdn != MdnMode::None);
    let decrypted = facts.delivered.as_ref().filter(|_| asks).map(|message| proof(message, ProofKind::Decrypted));
    match (signed, decrypted) {
        (Some(signed), Some(decrypted)) => Some(if signed.at >= decrypted.at { signed } else { decrypted }),
        (signed, decrypted) => signed.or(decrypted),
    }
}

fn after_change(
    row: &BoardRow,
    facts: &ProfileFacts,
    new: Option<&CertificateFacts>,
    at: Timestamp,
) -> Result<RolloverState, String> {
    if new.is_some_and(|new| new.not_after < at) {
        return Err("The new certificate has ended".to_owned());
    }
    let since = |message: &&Message| row.activates.is_none_or(|activates| message.at >= activates);
    let stands = |message: &&Message, verdict| since(message) && message.verdict == verdict;
    if let Some(failed) = facts.last_sent.as_ref().filter(|sent| stands(sent, Verdict::Failed)) {
        return Err(failed_words("The last message since the change failed", failed));
    }
    if let Some(refused) = facts.last_received.as_ref().filter(|received| stands(received, Verdict::Refused)) {
        return Err(failed_words("Their last message since the change was refused", refused));
    }
    let proven = row.proof.as_ref().is_some_and(|proof| row.activates.is_none_or(|activates| proof.at >= activates));
    Ok(if proven { RolloverState::Confirmed } else { RolloverState::Active })
}

fn before_change(facts: &ProfileFacts, old_ends: Option<Timestamp>, at: Timestamp) -> Result<RolloverState, String> {
    if old_ends.is_some_and(|end| end < at) {
        return Err("The old certificate has ended and the new one is not active yet".to_owned());
    }
    match facts.last_test.as_ref().map(|test| (test, test.verdict)) {
        Some((test, Verdict::Failed)) => Err(failed_words("The last test failed", test)),
        Some((_, Verdict::Delivered)) => Ok(RolloverState::Tested),
        _ => Ok(RolloverState::Scheduled),
    }
}

fn failed_words(what: &str, message: &Message) -> String {
    message.cause.as_ref().map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
}

/// What is good to know beside a state.
fn remark(row: &BoardRow, state: RolloverState) -> Option<String> {
    let early = matches!(
        state,
        RolloverState::Scheduled | RolloverState::Tested | RolloverState::Told | RolloverState::NotTold
    ) && row.proof.as_ref().is_some_and(|proof| proof.kind == ProofKind::Signed);
    if early {
        return Some("The partner signs with the new certificate already: consider to activate it now".to_owned());
    }
    if matches!(state, RolloverState::Scheduled | RolloverState::Tested) && row.told.is_none() {
        return Some("Not noted that the partner was told".to_owned());
    }
    None
}

#[cfg(test)]
mod tests;
