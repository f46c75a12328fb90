//! The sample does the whole job, notices when something is broken on purpose, and is opened again as it was left.

use std::path::PathBuf;
use std::sync::Mutex;

use countersign::app::sample::{OpenOptions, OpenSample, SampleEvent, SampleFault, SampleOptions, SampleOutcome, run};
use countersign::app::{AppError, Payload, SendRequest};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::{Transmission, Verdict};

fn sample(fault: Option<SampleFault>) -> (SampleOutcome, Vec<Transmission>) {
    let folder = tempfile::tempdir().unwrap();
    let options = SampleOptions { folder: Some(folder.path().join("sample")), fault };
    let sent = Mutex::new(Vec::new());
    let events = |event: SampleEvent| {
        if let SampleEvent::Transmission(transmission) = event {
            sent.lock().unwrap().push(*transmission);
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runtime.block_on(run(&options, &events)).unwrap();
    drop(runtime);
    (outcome, sent.into_inner().unwrap())
}

#[test]
fn every_step_of_the_sample_holds() {
    let (outcome, sent) = sample(None);
    let failed: Vec<_> = outcome.steps.iter().filter(|step| !step.held).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{sent:#?}");
    assert_eq!(outcome.steps.len(), 12);
    let verdicts: Vec<Verdict> = sent.iter().map(|transmission| transmission.verdict).collect();
    let delivered = Verdict::Delivered;
    assert_eq!(verdicts[..5], [delivered, delivered, delivered, Verdict::Failed, delivered]);
    // The receipt of the last comes by itself, before or after the answer to the message.
    assert!(matches!(verdicts[5..], [Verdict::Pending | Verdict::Delivered]), "{verdicts:?}");
}

#[test]
fn a_stopped_partner_and_a_swapped_certificate_are_noticed() {
    let (stopped, sent) = sample(Some(SampleFault::PartnerStopped));
    let last = stopped.steps.last().unwrap();
    assert!(!stopped.held() && last.title == "Send to the test profile", "{last:?}");
    assert_eq!(sent.last().unwrap().verdict, Verdict::Failed);
    let (swapped, _) = sample(Some(SampleFault::CertificateSwapped));
    let last = swapped.steps.last().unwrap();
    assert!(!swapped.held() && last.title.starts_with("Import it"), "{last:?}");
    assert!(last.detail.contains("fingerprint"), "{last:?}");
}

/// The sample as the window opens it, in a folder of its own.
struct Opened {
    folder: tempfile::TempDir,
}

impl Opened {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("sample")
    }

    /// Opens it and waits until it is ready.
    fn begin(&self) -> Result<OpenSample, AppError> {
        OpenSample::begin(Some(self.path()), None)
    }

    #[track_caller]
    fn refused(&self) -> (String, String) {
        let error = self.begin().err().unwrap();
        (error.message().to_owned(), error.what_to_do().unwrap_or_default().to_owned())
    }

    /// The workspace's own, behind the program's back.
    fn set_meta(&self, key: &str, value: &str) {
        let location = countersign::app::Location::Dir(self.path());
        let now = jiff::Timestamp::UNIX_EPOCH;
        run_here(async {
            let unlock = countersign::app::Unlock::none();
            let workspace =
                countersign::store::Workspace::open_existing(&location, &unlock, now).await.unwrap().unwrap();
            workspace.set_meta(key, value).await.unwrap();
            workspace.close().await;
        });
    }
}

fn run_here<F: Future>(future: F) -> F::Output {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

fn url(sample: &OpenSample, connection: &str) -> String {
    let connection = run_here(sample.app().connection(&connection.parse().unwrap())).unwrap();
    connection.production.unwrap().url.to_string()
}

fn delivered(sample: &OpenSample, connection: &str) -> Verdict {
    let (connection, profile) = (connection.parse().unwrap(), ProfileKind::Production);
    let request = SendRequest { connection, profile, payload: Payload::TestDocument };
    run_here(async { sample.app().send(&request, &|_| {}).await }).unwrap().verdict
}

#[test]
fn the_sample_is_opened_again_as_it_was_left() {
    let opened = Opened::new();
    let sample = opened.begin().unwrap();
    let before = url(&sample, "harbor");
    let notes = [("notes".to_owned(), "kept".to_owned())];
    run_here(sample.app().set(&"harbor".parse().unwrap(), None, &notes, None)).unwrap();
    assert_eq!(delivered(&sample, "amazon-de"), Verdict::Delivered);
    run_here(sample.app().close());
    drop(sample);

    let sample = opened.begin().unwrap();
    assert_eq!(url(&sample, "harbor"), before, "its partner listens where it did");
    let harbor = run_here(sample.app().connection(&"harbor".parse().unwrap())).unwrap();
    assert_eq!(harbor.notes.as_deref(), Some("kept"));
    assert_eq!(delivered(&sample, "amazon-de"), Verdict::Delivered);
    let sent = run_here(sample.app().transmissions(&Default::default())).unwrap();
    assert_eq!(sent.transmissions.len(), 2, "the journal goes on");
    assert_eq!(sample.files().aged, None);
    assert!(sample.files().renewed.iter().all(|(_, file)| file.is_file()));
}

#[test]
fn connections_follow_a_partner_whose_address_was_taken_unless_they_point_elsewhere() {
    let opened = Opened::new();
    let sample = opened.begin().unwrap();
    let (harbor, german) = (url(&sample, "harbor"), url(&sample, "amazon-de"));
    let elsewhere = [("url".to_owned(), "http://127.0.0.1:9/mine".to_owned())];
    let (id, test) = ("harbor".parse().unwrap(), Some(ProfileKind::Test));
    run_here(sample.app().set(&id, test, &elsewhere, None)).unwrap();
    run_here(sample.app().close());
    drop(sample);

    let address = harbor.trim_start_matches("http://").trim_end_matches("/as2").to_owned();
    let _taken = std::net::TcpListener::bind(address).unwrap();
    let sample = opened.begin().unwrap();
    assert_ne!(url(&sample, "harbor"), harbor);
    assert!(url(&sample, "harbor").ends_with("/as2"));
    assert_eq!(url(&sample, "amazon-de"), german);
    let test = run_here(sample.app().connection(&id)).unwrap().test.unwrap();
    assert_eq!(test.url.to_string(), "http://127.0.0.1:9/mine");
    assert_eq!(delivered(&sample, "harbor"), Verdict::Pending, "it was taken, and nobody receives its receipt here");
}

#[test]
fn one_program_at_a_time_plays_in_a_sample() {
    let opened = Opened::new();
    let sample = opened.begin().unwrap();
    let (message, hint) = opened.refused();
    assert!(message.ends_with("is open already") && hint.contains("use its window"), "{message}\n{hint}");
    let options = SampleOptions { folder: Some(opened.path()), fault: None };
    let error = run_here(run(&options, &|_| {})).unwrap_err();
    assert!(error.message().ends_with("is open already"), "{error}");
    assert_eq!(delivered(&sample, "amazon-de"), Verdict::Delivered, "the open one is not disturbed");
    drop(sample);
    opened.begin().unwrap();
}

#[test]
fn what_cannot_be_opened_again_is_said_and_set_up_anew_on_demand() {
    let opened = Opened::new();
    drop(opened.begin().unwrap());
    // Long ago, so that certificates have ended.
    opened.set_meta("sample-made", "2020-05-04T10:00:00Z");
    let aged = opened.begin().unwrap().files().aged.unwrap();
    assert!(aged.contains("4 May 2020") && aged.contains("--reset"), "{aged}");
    assert!(aged.contains(&format!("--workspace \"{}\"", opened.path().display())), "never another sample: {aged}");
    // By another version.
    opened.set_meta("sample", "1");
    let (message, hint) = opened.refused();
    assert!(message.contains("another version") && hint.contains("--reset"), "{message}\n{hint}");
    opened.set_meta("sample", "3");
    // Without one of its partners.
    std::fs::remove_dir_all(opened.path().join("partners/harbor")).unwrap();
    let (message, hint) = opened.refused();
    assert!(message.contains("the partner harbor is missing") && hint.contains("--reset"), "{message}\n{hint}");
    // With a database that is none.
    let database = opened.path().join("countersign.sqlite");
    std::fs::write(&database, [b'x'; 4096]).unwrap();
    let (message, hint) = opened.refused();
    assert!(message.contains("is damaged") && hint.contains("--reset"), "{message}\n{hint}");
    // With what the program has put beside it meanwhile.
    for name in ["log", "server-certificates"] {
        std::fs::create_dir_all(opened.path().join(name)).unwrap();
        std::fs::write(opened.path().join(name).join("file"), "").unwrap();
    }
    std::fs::write(opened.path().join("retention"), "").unwrap();
    let reset = OpenOptions { folder: Some(opened.path()), reset: true, ..OpenOptions::default() };
    let sample = OpenSample::start(reset).unwrap();
    assert_eq!(delivered(&sample, "amazon-de"), Verdict::Delivered);
    assert_eq!(sample.files().aged, None);
}

#[test]
fn a_set_up_that_was_interrupted_is_begun_again_and_foreign_folders_are_left_alone() {
    let opened = Opened::new();
    // Dropped at once: its set-up has hardly begun.
    drop(OpenSample::start(OpenOptions { folder: Some(opened.path()), ..OpenOptions::default() }).unwrap());
    let sample = opened.begin().unwrap();
    assert_eq!(delivered(&sample, "amazon-de"), Verdict::Delivered);

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    for reset in [false, true] {
        let options = OpenOptions { folder: Some(folder.path().to_owned()), reset, ..OpenOptions::default() };
        let error = OpenSample::start(options).err().unwrap();
        assert!(error.message().contains("neither empty nor a sample"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let folder = tempfile::tempdir().unwrap();
    let own = countersign::app::Location::Dir(folder.path().to_owned());
    let app = countersign::app::App::new(own, countersign::app::Unlock::none(), countersign::app::Clock::System);
    let identity = countersign::app::NewIdentity {
        name: "mine".parse().unwrap(),
        key: countersign::app::KeyKind::EcP256,
        days: 10,
        subject: None,
    };
    run_here(async {
        app.create_identity(identity).await.unwrap();
        app.close().await;
    });
    for mark in [false, true] {
        if mark {
            std::fs::write(folder.path().join("sample.lock"), "").unwrap();
        }
        let options = OpenOptions { folder: Some(folder.path().to_owned()), reset: true, ..OpenOptions::default() };
        assert!(OpenSample::start(options).is_err(), "a workspace of the user's own is not a sample");
    }
    assert_eq!(run_here(async { app.identities().await }).unwrap().len(), 1);
}
