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
    /// When it was journalled.
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
    /// When that message was journalled.
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
}

impl BoardRow {
    /// By what it is found.
    #[must_use]
    pub fn key(&self) -> ProfileKey {
        (self.connection.clone(), self.profile)
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
mod tests {
    use super::*;
    use crate::domain::certificate::{KeyAlgorithm, KeyFacts, SignatureFacts};
    use crate::domain::rollover::{Applied, RolloverId};
    use crate::domain::timeline::{Activation, plain_list, renew};

    const OLD: u8 = 1;
    const NEW: u8 = 2;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn facts_of(id: u8, from: i64, until: i64) -> CertificateFacts {
        CertificateFacts {
            subject: "CN=partner".to_owned(),
            issuer: "CN=partner".to_owned(),
            serial: format!("{id:02x}"),
            fingerprint_sha256: Fingerprint([id; 32]),
            fingerprint_sha1: String::new(),
            spki_sha256: format!("{id:02x}"),
            not_before: day(from),
            not_after: day(until),
            key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
            signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
            self_signed: true,
            ca: false,
            key_usage: Vec::new(),
        }
    }

    fn connection(uses: Vec<CertificateUse>) -> Connection {
        let mut connection: Connection = toml::from_str(
            "id = \"p\"\nname = \"P\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"P\"\nurl = \"http://127.0.0.1/\"\nidentity = \"us\"\n",
        )
        .unwrap();
        connection.production.as_mut().unwrap().partner_certificates = uses;
        connection
    }

    fn message(at: Timestamp, verdict: Verdict) -> Message {
        Message {
            id: uuid::Uuid::nil(),
            at,
            direction: Direction::Outbound,
            verdict,
            cause: (verdict == Verdict::Failed).then(|| "MIC mismatch".to_owned()),
        }
    }

    /// How a profile with this history stands: scheduled on day 60 for day 70, the old one ending on day 100.
    struct Case {
        chosen: bool,
        told: bool,
        applied: bool,
        uses: Vec<CertificateUse>,
        facts: ProfileFacts,
        gone: bool,
    }

    impl Case {
        fn begun() -> Self {
            Self {
                chosen: true,
                told: false,
                applied: false,
                uses: plain_list(&[Fingerprint([OLD; 32])]),
                facts: ProfileFacts::default(),
                gone: false,
            }
        }

        fn scheduled() -> Self {
            let (old, new) = (facts_of(OLD, 0, 100), facts_of(NEW, 50, 200));
            let at = Activation::At { at: day(70), zone: Some("Europe/Berlin".to_owned()) };
            let uses = renew(&Self::begun().uses, &new, Some(&old), &at, day(60)).unwrap().uses;
            Self { applied: true, uses, ..Self::begun() }
        }

        fn stands(self, at: Timestamp) -> BoardRow {
            let rollover = Rollover {
                id: RolloverId(1),
                name: "P".to_owned(),
                certificate: Fingerprint([NEW; 32]),
                replaces: vec![Fingerprint([OLD; 32])],
                created: day(59),
                activation: None,
                undone: None,
                profiles: vec![RolloverProfile {
                    chosen: self.chosen,
                    told: self.told.then(|| Told { at: day(59), how: "by mail".to_owned(), note: String::new() }),
                    applied: self.applied.then(|| Applied {
                        at: day(60),
                        before: Vec::new(),
                        after: self.uses.clone(),
                    }),
                    ..RolloverProfile::new("p".parse().unwrap(), ProfileKind::Production)
                }],
            };
            let connection = connection(self.uses);
            let mut connections = HashMap::new();
            if !self.gone {
                connections.insert(&connection.id, &connection);
            }
            let known = [facts_of(OLD, 0, 100), facts_of(NEW, 50, 200)];
            let facts = HashMap::from([(rollover.profiles[0].key(), self.facts)]);
            let find = |print: &Fingerprint| known.iter().find(|facts| facts.fingerprint_sha256 == *print).cloned();
            let board = board(&rollover, &connections, &facts, &find, at);
            assert_eq!(board.states.len(), 1);
            assert_eq!(board.count(board.rows[0].state), 1);
            board.rows.into_iter().next().unwrap()
        }
    }

    #[test]
    fn states_follow_from_the_timeline_and_the_journal() {
        use RolloverState as S;
        let test = |at, verdict| ProfileFacts { last_test: Some(message(day(at), verdict)), ..ProfileFacts::default() };
        let sent = |at, verdict| ProfileFacts { last_sent: Some(message(day(at), verdict)), ..ProfileFacts::default() };
        let received =
            |at, verdict| ProfileFacts { last_received: Some(message(day(at), verdict)), ..ProfileFacts::default() };
        let signed =
            |at| ProfileFacts { signed: Some(message(day(at), Verdict::Delivered)), ..ProfileFacts::default() };
        let delivered =
            |at| ProfileFacts { delivered: Some(message(day(at), Verdict::Delivered)), ..ProfileFacts::default() };
        let with = |facts| Case { facts, ..Case::scheduled() };
        let table: Vec<(&str, Case, i64, S)> = vec![
            ("begun", Case::begun(), 60, S::NotTold),
            ("told", Case { told: true, ..Case::begun() }, 60, S::Told),
            ("left out", Case { chosen: false, ..Case::scheduled() }, 60, S::LeftOut),
            ("scheduled", Case::scheduled(), 60, S::Scheduled),
            ("an instant before", Case::scheduled(), 69, S::Scheduled),
            ("tested", with(test(61, Verdict::Delivered)), 62, S::Tested),
            ("test under way", with(test(61, Verdict::Sending)), 62, S::Scheduled),
            ("test uncertain", with(test(61, Verdict::Uncertain)), 62, S::Scheduled),
            ("test failed", with(test(61, Verdict::Failed)), 62, S::Problem),
            ("at the instant", with(test(61, Verdict::Delivered)), 70, S::Active),
            ("a failure before the change is over", with(sent(69, Verdict::Failed)), 71, S::Active),
            ("a failure since the change", with(sent(70, Verdict::Failed)), 71, S::Problem),
            ("theirs was refused since the change", with(received(70, Verdict::Refused)), 71, S::Problem),
            ("theirs was refused before the change", with(received(69, Verdict::Refused)), 71, S::Active),
            ("uncertain since the change", with(sent(70, Verdict::Uncertain)), 71, S::Active),
            ("signed before the change", with(signed(69)), 71, S::Active),
            ("signed since the change", with(signed(70)), 71, S::Confirmed),
            ("decrypted since the change", with(delivered(70)), 71, S::Confirmed),
            ("the new one has ended", Case::scheduled(), 201, S::Problem),
            ("changed elsewhere", Case { applied: true, ..Case::begun() }, 61, S::Problem),
            ("the profile is gone", Case { gone: true, ..Case::scheduled() }, 61, S::Problem),
            ("a gap", gap(), 101, S::Problem),
            ("before the gap", gap(), 99, S::Scheduled),
        ];
        for (name, case, at, state) in table {
            let row = case.stands(day(at));
            assert_eq!(row.state, state, "{name}: {row:#?}");
            assert_eq!(row.problem.is_some(), state == S::Problem, "{name}");
        }
    }

    /// Scheduled for after the end of the old one.
    fn gap() -> Case {
        let (old, new) = (facts_of(OLD, 0, 100), facts_of(NEW, 50, 200));
        let at = Activation::At { at: day(110), zone: None };
        let uses = renew(&Case::begun().uses, &new, Some(&old), &at, day(60)).unwrap().uses;
        Case { applied: true, uses, ..Case::begun() }
    }

    #[test]
    fn what_is_good_to_know_is_said() {
        let early = ProfileFacts { signed: Some(message(day(61), Verdict::Delivered)), ..ProfileFacts::default() };
        let row = Case { facts: early, told: true, ..Case::scheduled() }.stands(day(62));
        assert!(row.remark.unwrap().contains("already"));
        let row = Case::scheduled().stands(day(62));
        assert!(row.remark.unwrap().contains("told"));
        assert_eq!((row.activates, row.zone.as_deref()), (Some(day(70)), Some("Europe/Berlin")));
        let failed = ProfileFacts { last_sent: Some(message(day(71), Verdict::Failed)), ..ProfileFacts::default() };
        let row = Case { facts: failed, ..Case::scheduled() }.stands(day(72));
        assert_eq!(row.problem.as_deref(), Some("The last message since the change failed: MIC mismatch"));
    }

    #[test]
    fn a_delivery_without_a_receipt_proves_nothing() {
        let facts = ProfileFacts { delivered: Some(message(day(71), Verdict::Delivered)), ..ProfileFacts::default() };
        let mut connection = connection(Vec::new());
        let profile = connection.production.as_mut().unwrap();
        profile.mdn = MdnMode::None;
        assert_eq!(proof(&facts, Some(profile)), None);
        profile.mdn = MdnMode::Sync;
        assert_eq!(proof(&facts, Some(profile)).unwrap().kind, ProofKind::Decrypted);
    }
}
