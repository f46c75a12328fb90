//! Both sides of an exchange over real sockets: the program on a workspace, and a partner that does what it is told.

mod http;
mod partner;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use countersign::app::{
    App, CertificateSource, Clock, ImportRequest, Location, Payload, SendRequest, ServeEvent, ServeOptions,
    TransmissionFilter, Unlock,
};
use countersign::certificate::{Certificate, KeyKind, PrivateKey, create_identity};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::Activation;
use countersign::domain::transmission::{Light, Lights, Transmission, Verdict};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::running::Running;
pub(crate) use http::{Answered, post, post_raw, read_answer, request, unheard};
pub(crate) use partner::{Partner, Received, Wrong};

/// The longest that anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A key with its certificate.
pub(crate) struct Party {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

fn party(name: &str) -> Party {
    let now = jiff::Timestamp::from_second(Clock::System.now().as_second() - 3600).unwrap();
    let (key, certificate) = create_identity(&format!("CN={name}"), KeyKind::Rsa2048, 365, now).unwrap();
    Party { certificate, key }
}

/// The partner's key, made once.
pub(crate) static PARTNER: LazyLock<Party> = LazyLock::new(|| party("partner"));

/// A key that nobody knows.
pub(crate) static STRANGER: LazyLock<Party> = LazyLock::new(|| party("stranger"));

/// The document that is sent.
pub(crate) const DOCUMENT: &str = "UNA:+.? 'UNB+UNOC:3+US+PARTNER+261124:0900+1'UNZ+0+1'\r\n";

/// Bringing a certificate in for the production profile of the partner, for both purposes.
pub(crate) fn import_of(source: CertificateSource, activation: Activation) -> ImportRequest {
    ImportRequest {
        source,
        connection: "partner".parse().unwrap(),
        profiles: vec![ProfileKind::Production],
        also_where_used: false,
        also: Vec::new(),
        activation,
        expected: None,
        confirmed: None,
        purpose: None,
        though_ended: false,
    }
}

/// The program on a workspace.
pub(crate) struct Us {
    folder: tempfile::TempDir,
    pub(crate) app: App,
    pub(crate) certificate: Certificate,
}

impl Us {
    /// A workspace with an identity and nothing else.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = app_on(&folder.path().join("workspace"), Clock::System);
        let name: countersign::domain::identifier::IdentityName = "us".parse().unwrap();
        app.create_identity(countersign::app::NewIdentity {
            name: name.clone(),
            key: KeyKind::Rsa2048,
            days: 365,
            subject: Some("CN=us".to_owned()),
        })
        .await
        .unwrap();
        let pem = app.export_identity(&name).await.unwrap();
        std::fs::write(folder.path().join("partner.pem"), PARTNER.certificate.to_pem()).unwrap();
        let certificate = countersign::certificate::read(pem.as_bytes(), None).unwrap().certificates.remove(0);
        Self { folder, app, certificate }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.path("workspace")
    }

    /// Connects to a partner under the id `partner`, with further settings.
    pub(crate) async fn connect(&self, url: &str, settings: &str) {
        let text = format!(
            "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"PARTNER\"\n\
             url = \"{url}\"\nidentity = \"us\"\npartner_certificates = [\"partner.pem\"]\n{settings}\n"
        );
        let file = self.path("partner.toml");
        std::fs::write(&file, text).unwrap();
        self.app.add_connection(&file, true).await.unwrap();
    }

    /// Sends the document in one attempt.
    pub(crate) async fn send(&self) -> Transmission {
        self.send_bytes(DOCUMENT.as_bytes()).await
    }

    /// Sends something else in one attempt.
    pub(crate) async fn send_bytes(&self, document: &[u8]) -> Transmission {
        let file = self.path("order.edi");
        std::fs::write(&file, document).unwrap();
        let request = SendRequest {
            connection: "partner".parse().unwrap(),
            profile: ProfileKind::Production,
            payload: Payload::File(file),
        };
        self.app.send(&request, &|_event| {}).await.unwrap()
    }

    pub(crate) async fn transmission(&self, sent: &Transmission) -> Transmission {
        self.app.transmission(&sent.id.to_string()).await.unwrap()
    }

    /// All of the journal, the newest first.
    pub(crate) async fn journal(&self) -> Vec<Transmission> {
        let page = self.app.transmissions(&TransmissionFilter::default()).await.unwrap();
        let mut all = Vec::new();
        for each in page.transmissions {
            all.push(self.app.transmission(&each.id.to_string()).await.unwrap());
        }
        all
    }

    /// Waits until a transmission is as it should be.
    pub(crate) async fn until(&self, sent: &Transmission, holds: impl Fn(&Transmission) -> bool) -> Transmission {
        let begun = Instant::now();
        loop {
            let found = self.transmission(sent).await;
            if holds(&found) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "it did not become as it should: {found:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn settled(&self, sent: &Transmission, verdict: Verdict) -> Transmission {
        self.until(sent, |found| found.verdict == verdict).await
    }

    /// Begins to receive, with an inbox and an outbox in the folder.
    pub(crate) async fn serve(&self) -> Serving {
        Serving::start(self.app.clone(), self.path("inbox"), Some(self.path("outbox"))).await
    }

    /// The program on the workspace as a process of its own, receiving, with further words; and the address that it announces.
    pub(crate) fn serve_apart(&self, more: &[&str]) -> (Running, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(more).env("COUNTERSIGN_WORKSPACE", self.workspace());
        command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
        let mut child = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let url = listening(&mut child);
        (child, url)
    }

    /// What lies in the partner's folder of the inbox.
    pub(crate) fn inbox(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("inbox/partner/production"));
        let mut names: Vec<String> = entries
            .map(|entries| entries.map(|each| each.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default();
        names.sort();
        names
    }

    /// The folder of what was kept of a transmission.
    fn archived(&self, transmission: &Transmission) -> PathBuf {
        let month = transmission.at.strftime("%Y-%m").to_string();
        self.workspace().join("archive").join(month).join(transmission.id.to_string())
    }

    /// The names of the files that were kept of a transmission.
    pub(crate) fn files(&self, transmission: &Transmission) -> Vec<String> {
        let entries = std::fs::read_dir(self.archived(transmission)).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Raw bytes that were kept of a transmission.
    pub(crate) fn kept(&self, transmission: &Transmission, file: &str) -> Vec<u8> {
        std::fs::read(self.archived(transmission).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

/// Where a program serves that was just started, by the first line that it writes.
pub(crate) fn listening(serving: &mut Child) -> String {
    let mut first = String::new();
    BufReader::new(serving.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    first.trim_end().strip_prefix("listening on ").unwrap().to_owned()
}

/// The program on a workspace that need not be its own.
pub(crate) fn app_on(folder: &Path, clock: Clock) -> App {
    App::new(Location::Dir(folder.to_owned()), Unlock::none(), clock)
}

/// Waits until something is as it should be.
pub(crate) async fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it never came that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A listener as long as it serves.
pub(crate) struct Serving {
    pub(crate) url: String,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

impl Serving {
    pub(crate) async fn start(app: App, inbox: PathBuf, outbox: Option<PathBuf>) -> Self {
        Self::telling(app, inbox, outbox, |_event| {}).await
    }

    /// The same, telling what comes.
    pub(crate) async fn telling(
        app: App,
        inbox: PathBuf,
        outbox: Option<PathBuf>,
        events: impl Fn(ServeEvent) + Send + Sync + 'static,
    ) -> Self {
        let options = ServeOptions { listen: ([127, 0, 0, 1], 0).into(), tls: None, inbox: Some(inbox), outbox };
        let bound = app.bind(&options).await.unwrap();
        let url = bound.url.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let until = async {
                drop(stopped.await);
            };
            bound.serve(until, events).await.unwrap();
        });
        Self { url, stop: Some(stop), running: Some(running) }
    }

    /// Stops it and waits until all that was under way has ended.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.running.take().unwrap().await.unwrap();
    }
}

/// The lights as five letters: good, bad, missing, not asked.
pub(crate) fn letters(lights: &Lights) -> String {
    let letter = |light| match light {
        Light::Good => 'g',
        Light::Bad => 'b',
        Light::Missing => 'm',
        Light::NotAsked => 'n',
    };
    lights.named().iter().map(|(_, light)| letter(*light)).collect()
}

/// Holds how a transmission was judged, and that it is explained.
#[track_caller]
pub(crate) fn judged(found: &Transmission, verdict: Verdict, lights: &str, cause: &str) {
    assert_eq!((found.verdict, letters(&found.lights).as_str()), (verdict, lights), "{found:#?}");
    assert_eq!(found.cause(), Some(cause));
}
