//! The engine behind the window, without a window.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign::app::engine::{Answer, Command, Engine, EngineOptions, Event, RequestId, Snapshot};
use countersign::app::sample::OpenSample;
use countersign::app::{App, AppError, CertificateSource, Clock, ConnectionChange, ImportRequest, Location, Unlock};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::{Activation, used_now};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::exchange::PATIENCE;

struct Listener {
    engine: Engine,
    woken: Arc<AtomicUsize>,
    heard: usize,
    /// The newest snapshot that was told.
    last: Option<Arc<Snapshot>>,
}

impl Listener {
    fn start(app: App) -> Self {
        let woken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&woken);
        let wake = Arc::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        Self {
            engine: Engine::start(EngineOptions { app, sample: None, zone: TimeZone::UTC, wake }).unwrap(),
            woken,
            heard: 0,
            last: None,
        }
    }

    fn event(&mut self) -> Event {
        let begun = Instant::now();
        loop {
            if let Some(event) = self.engine.event() {
                self.heard += 1;
                if let Event::Snapshot(Ok(snapshot)) = &event {
                    self.last = Some(Arc::clone(snapshot));
                }
                return event;
            }
            assert!(begun.elapsed() < PATIENCE, "no event came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn snapshot(&mut self) -> Arc<Snapshot> {
        loop {
            if let Event::Snapshot(snapshot) = self.event() {
                return snapshot.unwrap();
            }
        }
    }

    fn ask(&mut self, command: impl FnOnce(RequestId) -> Command) -> Result<Answer, AppError> {
        let request = self.engine.request();
        self.engine.tell(command(request)).unwrap();
        loop {
            if let Event::Answered(id, answer) = self.event()
                && id == request
            {
                return answer;
            }
        }
    }
}

fn nowhere() -> (tempfile::TempDir, PathBuf, App) {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let app = App::new(Location::Dir(workspace.clone()), Unlock::none(), Clock::System);
    (folder, workspace, app)
}

#[test]
fn a_snapshot_comes_at_once_and_every_event_wakes_the_window() {
    let (_folder, workspace, app) = nowhere();
    let mut listener = Listener::start(app);
    let snapshot = listener.snapshot();
    assert!(snapshot.connections.is_empty() && snapshot.workspace.protection.is_none());
    assert_eq!(snapshot.policies.len(), countersign::domain::policy::builtin().len());
    listener.engine.tell(Command::Refresh).unwrap();
    listener.snapshot();
    assert!(listener.woken.load(Ordering::SeqCst) >= listener.heard);
    listener.engine.stop();
    assert!(listener.engine.tell(Command::Refresh).is_err());
    assert!(!workspace.exists(), "looking at nothing leaves nothing behind");
}

#[test]
fn what_cannot_be_done_is_answered_in_words_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sample = OpenSample::begin(Some(folder.path().join("sample")), None).unwrap();
    let mut listener = Listener::start(sample.app());
    let before = listener.snapshot();
    let mut change = ConnectionChange::new("amazon-us".parse().unwrap());
    change.profiles.push((ProfileKind::Production, vec![("encryption".to_owned(), "aes256-cbc".to_owned())]));
    change.profiles.push((ProfileKind::Test, vec![("url".to_owned(), "not an address".to_owned())]));
    let error = listener.ask(|id| Command::Save(id, change)).unwrap_err();
    assert!(error.message().contains("not an address"), "{error}");
    listener.engine.tell(Command::Refresh).unwrap();
    let after = listener.snapshot();
    assert_eq!(before.connections[1].connection, after.connections[1].connection, "all or nothing");
}

#[test]
fn what_another_program_does_in_the_workspace_is_seen_within_a_second_and_told_once() {
    let (folder, _workspace, app) = nowhere();
    let other = app.clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let name = |name: &str| countersign::app::NewIdentity {
        name: name.parse().unwrap(),
        key: countersign::app::KeyKind::EcP256,
        days: 365,
        subject: None,
    };
    runtime.block_on(async {
        other.create_identity(name("first")).await.unwrap();
        other.close().await;
    });
    let mut listener = Listener::start(app);
    let mut seen = listener.snapshot();
    assert_eq!(seen.identities.len(), 1);
    // That the window has begun to do what is due is seen too, and is nothing that another program did.
    while !seen.lease.here {
        seen = listener.snapshot();
    }
    let other = App::new(Location::Dir(folder.path().join("workspace")), Unlock::none(), Clock::System);
    runtime.block_on(other.create_identity(name("second"))).unwrap();
    let begun = Instant::now();
    // Lists are read anew, too.
    while !matches!(listener.event(), Event::JournalChanged) {}
    while listener.snapshot().identities.len() != 2 {}
    // Without it the workspace is read once a minute.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // What else the other program had to write down may come a moment later; then it is quiet.
    let mut later = Vec::new();
    for _ in 0..4 {
        later.clear();
        std::thread::sleep(Duration::from_millis(2500));
        while let Some(event) = listener.engine.event() {
            later.push(format!("{event:?}").chars().take(40).collect::<String>());
        }
        if later.is_empty() {
            break;
        }
    }
    assert!(later.is_empty(), "nobody is woken for what was seen: {later:?}");
    runtime.block_on(other.close());
}

#[test]
fn a_scheduled_certificate_is_seen_to_go_active_without_anybody_asking() {
    let folder = tempfile::tempdir().unwrap();
    let sample = OpenSample::begin(Some(folder.path().join("sample")), None).unwrap();
    let (_, renewed) = sample.files().renewed[0].clone();
    let mut listener = Listener::start(sample.app());
    listener.snapshot();
    let at: Timestamp = listener.engine.now().checked_add(SignedDuration::from_secs(10)).unwrap();
    let request = ImportRequest {
        source: CertificateSource::File(renewed),
        connection: "amazon-us".parse().unwrap(),
        profiles: vec![ProfileKind::Production],
        also_where_used: false,
        also: Vec::new(),
        expected: None,
        activation: Activation::At { at, zone: None },
        confirmed: None,
        purpose: None,
        though_ended: false,
    };
    let Ok(Answer::Imported(imported)) = listener.ask(|id| Command::Import(id, request)) else {
        panic!("not imported")
    };
    let fresh = imported.profiles[0].fingerprint_sha256;
    // The answer comes after the snapshot in which it is true.
    let scheduled = listener.last.clone().unwrap();
    assert_eq!(scheduled.next_activation().map(|(when, ..)| when), Some(at));
    let mut active = listener.snapshot();
    while active.at < at {
        active = listener.snapshot();
    }
    assert!(active.next_activation().is_none());
    let production = active.connection(&"amazon-us".parse().unwrap()).unwrap().connection.production.clone().unwrap();
    assert_eq!(used_now(&production.partner_certificates, active.at).map(|used| used.fingerprint), Some(fresh));
}
