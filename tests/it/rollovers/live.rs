//! A rollover against a partner that flips its key at the agreed instant, over real sockets.

use std::time::{Duration, Instant};

use countersign::app::{App, CertificateSource, Clock, NewIdentity, NewRollover, Payload, SendRequest, TestRollover};
use countersign::certificate::KeyKind;
use countersign::domain::identifier::{IdentityName, ProfileKind};
use countersign::domain::rollover::{BoardRow, ProofKind, RolloverId, RolloverState};
use countersign::domain::timeline::Activation;
use countersign::domain::transmission::{Transmission, Verdict};

use super::{apply, undo};
use crate::exchange::{DOCUMENT, PATIENCE, Serving, app_on};

/// The instant that was agreed on lies so far ahead.
const AHEAD: i64 = 12;

/// Makes an identity and writes its certificate beside the workspaces.
async fn identity(app: &App, folder: &std::path::Path, name: &str, subject: &str) -> std::path::PathBuf {
    let identity: IdentityName = name.parse().unwrap();
    let subject = Some(subject.to_owned());
    app.create_identity(NewIdentity { name: identity.clone(), key: KeyKind::Rsa2048, days: 365, subject })
        .await
        .unwrap();
    let file = folder.join(format!("{name}.pem"));
    std::fs::write(&file, app.export_identity(&identity).await.unwrap()).unwrap();
    file
}

/// Connects a workspace to the other.
async fn connect(app: &App, folder: &std::path::Path, names: [&str; 4], url: &str) {
    let [us, them, identity, certificate] = names;
    let profile = |kind: &str, suffix: &str| {
        format!(
            "[{kind}]\nour_as2_id = \"{us}{suffix}\"\npartner_as2_id = \"{them}{suffix}\"\nurl = \"{url}\"\n\
             identity = \"{identity}\"\npartner_certificates = [\"{certificate}.pem\"]\n"
        )
    };
    let text = format!("id = \"other\"\nname = \"Other\"\n{}{}", profile("production", ""), profile("test", "T"));
    let file = folder.join(format!("{us}.toml"));
    std::fs::write(&file, text).unwrap();
    app.add_connection(&file, true).await.unwrap();
}

struct Pair {
    folder: tempfile::TempDir,
    ours: App,
    theirs: App,
    serving: Option<Serving>,
}

impl Pair {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let ours = app_on(&path.join("ours"), Clock::System);
        let theirs = app_on(&path.join("theirs"), Clock::System);
        identity(&ours, path, "us", "CN=us").await;
        identity(&theirs, path, "old", "CN=partner").await;
        identity(&theirs, path, "new", "CN=partner").await;
        connect(&theirs, path, ["PARTNER", "US", "old", "us"], "http://127.0.0.1:9/").await;
        let serving = Serving::start(theirs.clone(), path.join("inbox"), None).await;
        connect(&ours, path, ["US", "PARTNER", "us", "old"], &serving.url).await;
        Self { folder, ours, theirs, serving: Some(serving) }
    }

    async fn begin(&self, activation: Activation) -> RolloverId {
        let new = NewRollover {
            activation: Some(activation),
            ..NewRollover::of(CertificateSource::File(self.folder.path().join("new.pem")))
        };
        self.ours.start_rollover(&new).await.unwrap().id.unwrap()
    }

    /// The partner signs with its new key from now on; it opens with either all the time.
    async fn flip(&self) {
        for kind in [ProfileKind::Production, ProfileKind::Test] {
            let change = [("identity".to_owned(), "new".to_owned())];
            self.theirs.set(&"other".parse().unwrap(), Some(kind), &change, None).await.unwrap();
        }
    }

    async fn send(&self, kind: ProfileKind) -> Transmission {
        let file = self.folder.path().join("order.edi");
        std::fs::write(&file, DOCUMENT).unwrap();
        let request = SendRequest { connection: "other".parse().unwrap(), profile: kind, payload: Payload::File(file) };
        self.ours.send(&request, &|_event| {}).await.unwrap()
    }

    async fn row(&self, id: RolloverId, kind: ProfileKind) -> BoardRow {
        self.ours.rollover(id).await.unwrap().rows.into_iter().find(|row| row.profile == kind).unwrap()
    }

    async fn until(&self, id: RolloverId, kind: ProfileKind, state: RolloverState) -> BoardRow {
        let begun = Instant::now();
        loop {
            let row = self.row(id, kind).await;
            if row.state == state {
                return row;
            }
            assert!(begun.elapsed() < PATIENCE, "it did not become {state}: {row:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn end(mut self) {
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
    }
}

#[tokio::test]
async fn the_board_follows_a_partner_that_flips_at_the_agreed_instant() {
    let pair = Pair::new().await;
    let agreed = jiff::Timestamp::from_second(Clock::System.now().as_second() + AHEAD).unwrap();
    let id = pair.begin(Activation::At { at: agreed, zone: Some("UTC".to_owned()) }).await;
    assert_eq!(pair.row(id, ProfileKind::Production).await.state, RolloverState::NotTold);
    pair.ours.change_rollover(&apply(id)).await.unwrap();
    assert_eq!(pair.row(id, ProfileKind::Production).await.state, RolloverState::Scheduled);
    let request = TestRollover { id, kinds: ProfileKind::ALL.to_vec(), profiles: Vec::new(), at_once: Some(2) };
    let tested = pair.ours.test_rollover(&request, &|_progress| {}, std::future::pending()).await.unwrap();
    assert!(tested.all_good() && tested.sent.len() == 2, "{tested:#?}");
    for kind in [ProfileKind::Production, ProfileKind::Test] {
        let row = pair.row(id, kind).await;
        // On a machine that took longer than that, the instant has passed.
        if row.activates.is_some_and(|at| at > Clock::System.now()) {
            assert_eq!(row.state, RolloverState::Tested, "{row:#?}");
        }
    }
    let active = pair.until(id, ProfileKind::Production, RolloverState::Active).await;
    assert_eq!(active.activates, Some(agreed));
    assert_eq!(active.proof, None, "their receipt was signed with the old one: {active:#?}");
    pair.flip().await;
    let sent = pair.send(ProfileKind::Production).await;
    assert_eq!(sent.verdict, Verdict::Delivered, "{sent:#?}");
    let confirmed = pair.row(id, ProfileKind::Production).await;
    assert_eq!(confirmed.state, RolloverState::Confirmed, "{confirmed:#?}");
    let proof = confirmed.proof.unwrap();
    assert_eq!((proof.kind, proof.id), (ProofKind::Signed, sent.id));
    // The other profile has had no traffic since.
    assert_eq!(pair.row(id, ProfileKind::Test).await.state, RolloverState::Active);
    pair.end().await;
}

#[tokio::test]
async fn a_partner_that_is_early_is_seen_and_one_that_never_flips_stays_a_problem() {
    let pair = Pair::new().await;
    let far = jiff::Timestamp::from_second(Clock::System.now().as_second() + 7 * 86_400).unwrap();
    let id = pair.begin(Activation::At { at: far, zone: None }).await;
    pair.ours.change_rollover(&apply(id)).await.unwrap();
    pair.flip().await;
    let sent = pair.send(ProfileKind::Test).await;
    assert_eq!(sent.verdict, Verdict::Delivered, "receiving was widened when it was applied: {sent:#?}");
    let early = pair.row(id, ProfileKind::Test).await;
    assert_eq!(early.state, RolloverState::Scheduled);
    assert!(early.remark.as_deref().unwrap().contains("signs with the new certificate already"), "{early:#?}");
    // Undone too early, its receipts cannot be verified any more, and the board of the profile says what stands there.
    pair.ours.change_rollover(&undo(id)).await.unwrap();
    let refused = pair.send(ProfileKind::Test).await;
    assert_ne!(refused.verdict, Verdict::Delivered, "{refused:#?}");
    pair.end().await;
}
