use super::*;
use crate::domain::fixtures::{day, facts as facts_of};
use crate::domain::rollover::{Applied, RolloverId};
use crate::domain::timeline::{Activation, plain_list, renew};

const OLD: u8 = 1;
const NEW: u8 = 2;

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
    /// What the rollover left, where somebody has changed it since.
    left: Option<Vec<CertificateUse>>,
    undone: Option<Timestamp>,
    planned: Option<Timestamp>,
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
            left: None,
            undone: None,
            planned: None,
            uses: plain_list(&[Fingerprint([OLD; 32])]),
            facts: ProfileFacts::default(),
            gone: false,
        }
    }

    /// Scheduled, and cancelled by hand.
    fn cancelled() -> Self {
        Self { applied: true, left: Some(Self::scheduled().uses), ..Self::begun() }
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
            activation: self.planned.map(|at| PlannedActivation { at: Some(at), zone: None }),
            undone: self.undone,
            profiles: vec![RolloverProfile {
                chosen: self.chosen,
                told: self.told.then(|| Told { at: day(59), how: "by mail".to_owned(), note: String::new() }),
                applied: self.applied.then(|| Applied {
                    at: day(60),
                    before: Vec::new(),
                    after: self.left.unwrap_or_else(|| self.uses.clone()),
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
    let signed = |at| ProfileFacts { signed: Some(message(day(at), Verdict::Delivered)), ..ProfileFacts::default() };
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
        ("changed elsewhere", Case::cancelled(), 61, S::Problem),
        ("rolled back by the rollover", Case { applied: true, ..Case::begun() }, 61, S::RolledBack),
        (
            "cancelled by hand after all was undone",
            Case { undone: Some(day(60)), ..Case::cancelled() },
            61,
            S::RolledBack,
        ),
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

#[test]
fn what_is_planned_and_not_applied_is_pending() {
    let planned = |at, case: Case| Case { planned: Some(day(at)), ..case }.stands(day(62)).pending;
    assert!(planned(70, Case::begun()), "not applied");
    assert!(!planned(70, Case::scheduled()), "as planned");
    assert!(planned(75, Case::scheduled()), "another time is planned since");
    assert!(planned(70, Case::cancelled()));
    assert!(!planned(70, Case { applied: true, ..Case::begun() }), "rolled back");
    assert!(!planned(70, Case { chosen: false, ..Case::begun() }), "left out");
    let active = Case { planned: Some(day(75)), ..Case::scheduled() };
    assert!(!active.stands(day(71)).pending, "active already");
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
