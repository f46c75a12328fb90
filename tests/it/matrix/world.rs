//! Two workspaces, each with a listener, and one connection between them for each kind of key.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::app::{App, AppError, Clock, Location, Payload, SendRequest, ServeEvent, Unlock};
use countersign::certificate::{KeyKind, create_identity};
use countersign::domain::algorithm::Digest;
use countersign::domain::connection::MdnMode;
use countersign::domain::identifier::{ConnectionId, ProfileKind};
use countersign::domain::transmission::{Direction, Transmission, Verdict};

use super::axes::{Form, Key, Sample};
use crate::exchange::{PATIENCE, Serving};

const SIDES: [&str; 2] = ["us", "them"];

/// Key and certificate in PEM, then the certificate alone.
type Identity = (String, String);

/// An identity for each side and kind of key, made once.
static IDENTITIES: LazyLock<HashMap<(&'static str, &'static str), Identity>> = LazyLock::new(|| {
    let each = SIDES.into_iter().flat_map(|side| Key::ALL.map(|key| (side, key)));
    each.map(|(side, key)| ((side, key.name()), identity(side, key))).collect()
});

fn identity(side: &str, key: Key) -> Identity {
    let kind = match key {
        Key::Rsa => KeyKind::Rsa2048,
        Key::P256 => KeyKind::EcP256,
        Key::P384 => {
            // None of ours to be made, but one that may be brought along.
            let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
            let mut parameters = rcgen::CertificateParams::default();
            parameters.distinguished_name = rcgen::DistinguishedName::new();
            parameters.distinguished_name.push(rcgen::DnType::CommonName, side);
            let certificate = parameters.self_signed(&pair).unwrap().pem();
            return (format!("{}{certificate}", pair.serialize_pem()), certificate);
        }
    };
    let (key, certificate) = create_identity(&format!("CN={side}"), kind, 365, Clock::System.now()).unwrap();
    let certificate = certificate.to_pem();
    let key = STANDARD.encode(key.pkcs8_der());
    (format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n{certificate}"), certificate)
}

/// Two workspaces and what they have received.
pub(super) struct World {
    folder: tempfile::TempDir,
    us: App,
    them: App,
    /// What they have received, by Message-ID.
    received: Arc<Mutex<HashMap<String, Transmission>>>,
    listening: Vec<Serving>,
    sent: AtomicUsize,
}

impl World {
    pub(super) async fn new() -> Self {
        // In memory where the system has a folder there: what is asked here is not how fast a disk is.
        let memory = Path::new("/dev/shm");
        let folder = tempfile::Builder::new();
        let folder = if memory.is_dir() { folder.tempdir_in(memory) } else { folder.tempdir() }.unwrap();
        fs::create_dir(folder.path().join("outgoing")).unwrap();
        let received = Arc::<Mutex<HashMap<String, Transmission>>>::default();
        let (mut apps, mut listening) = (Vec::new(), Vec::new());
        for side in SIDES {
            let app = App::new(Location::Dir(folder.path().join(side)), Unlock::none(), Clock::System);
            for key in Key::ALL {
                let (whole, certificate) = &IDENTITIES[&(side, key.name())];
                let file = folder.path().join(format!("{side}-{}.key", key.name()));
                fs::write(&file, whole).unwrap();
                fs::write(file.with_extension("pem"), certificate).unwrap();
                app.import_identity(&file, Some(key.name().parse().unwrap()), None).await.unwrap();
            }
            let inbox = folder.path().join(format!("{side}-inbox"));
            listening.push(listen(&app, inbox, Arc::clone(&received)).await);
            apps.push(app);
        }
        for (ours, theirs) in [(0, 1), (1, 0)] {
            for key in Key::ALL {
                let name = key.name();
                let [us, them] = [SIDES[ours], SIDES[theirs]];
                let text = format!(
                    "id = \"{name}\"\nname = \"{name}\"\n[production]\nour_as2_id = \"{us} {name}\"\n\
                     partner_as2_id = \"{them} {name}\"\nurl = \"{}\"\nmdn_url = \"{}\"\nidentity = \"{name}\"\n\
                     partner_certificates = [\"{them}-{name}.pem\"]\nsigning = \"none\"\n",
                    listening[theirs].url, listening[ours].url
                );
                let file = folder.path().join("connection.toml");
                fs::write(&file, text).unwrap();
                apps[ours].add_connection(&file, false).await.unwrap();
            }
        }
        let (them, us) = (apps.pop().unwrap(), apps.pop().unwrap());
        Self { folder, us, them, received, listening, sent: AtomicUsize::new(0) }
    }

    /// How much has been sent here.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Saves a form on both sides; what each said to it.
    pub(super) async fn save(&self, form: &Form) -> [Result<(), AppError>; 2] {
        let (id, settings) = (connection(form), form.settings());
        let ours = self.us.set(&id, Some(ProfileKind::Production), &settings, None).await;
        let theirs = self.them.set(&id, Some(ProfileKind::Production), &settings, None).await;
        [ours.map(drop), theirs.map(drop)]
    }

    /// Sends a payload in the form that was saved last for its key, and holds everything that is to be held of it.
    pub(super) async fn send(&self, form: &Form, sample: &Sample) -> Result<(), String> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let file = self.folder.path().join("outgoing").join(format!("{number}-{}.edi", sample.name));
        fs::write(&file, &sample.bytes).map_err(|error| error.to_string())?;
        let request = SendRequest {
            connection: connection(form),
            profile: ProfileKind::Production,
            payload: Payload::File(file.clone()),
        };
        let sent = self.us.send(&request, &|_event| {}).await.map_err(|error| error.to_string())?;
        let sent = if form.mdn.is_async() { self.settled(sent).await? } else { sent };
        let mut wrong = unlike(form, &sent);
        let came = self.received.lock().map_err(|error| error.to_string())?.remove(&sent.message_id);
        match came {
            Some(came) => {
                let name = came.file.clone().unwrap_or_default();
                let place = self.folder.path().join("them-inbox").join(form.signature.key.name());
                let bytes =
                    fs::read(place.join("production").join(&name)).unwrap_or_else(|error| error.to_string().into());
                for (what, holds) in [
                    ("they did not take it", came.verdict == Verdict::Received),
                    ("its name is another", file.file_name().is_some_and(|sent| *sent == *name)),
                    ("what lies in their inbox is not what was sent", bytes == sample.bytes),
                    ("they journalled another digest", came.payload_sha256 == sent.payload_sha256),
                ] {
                    wrong.extend((!holds).then(|| format!("{what} ({:?})", came.cause())));
                }
            }
            None => wrong.push("they received nothing".to_owned()),
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{form}, {}: {}", sample.name, wrong.join("; "))) }
    }

    /// Waits for what settles a message whose receipt comes later.
    async fn settled(&self, sent: Transmission) -> Result<Transmission, String> {
        let begun = Instant::now();
        let id = sent.id.to_string();
        let mut found = sent;
        while found.verdict == Verdict::Pending && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(10)).await;
            found = self.us.transmission(&id).await.map_err(|error| error.to_string())?;
        }
        Ok(found)
    }

    /// Stops both listeners when what they are at has ended.
    pub(super) async fn end(self) {
        for each in self.listening {
            each.stop().await;
        }
        self.us.close().await;
        self.them.close().await;
    }
}

async fn listen(app: &App, inbox: PathBuf, received: Arc<Mutex<HashMap<String, Transmission>>>) -> Serving {
    let keep = move |event| {
        if let ServeEvent::Transmission(transmission) = event
            && transmission.direction == Direction::Inbound
        {
            received.lock().unwrap().insert(transmission.message_id.clone(), *transmission);
        }
    };
    Serving::telling(app.clone(), inbox, None, keep).await
}

fn connection(form: &Form) -> ConnectionId {
    form.signature.key.name().parse().unwrap()
}

/// What of a sent message is not as its form says that it should be.
fn unlike(form: &Form, sent: &Transmission) -> Vec<String> {
    let mut wrong = Vec::new();
    let explained = || sent.diagnosis.as_ref().map(|found| format!("{}: {}", found.cause, found.explanation));
    if sent.verdict != Verdict::Delivered {
        wrong.push(format!("{} ({:?})", sent.verdict, explained()));
    }
    if sent.lights != form.lights() {
        wrong.push(format!("its lights are {:?}", sent.lights));
    }
    let announced = sent.request_headers.iter().find(|(name, _)| name == "Content-Type").map(|(_, value)| value);
    if !announced.is_some_and(|announced| announced.starts_with(form.announced())) {
        wrong.push(format!("it was sent as {announced:?}"));
    }
    let mic = &sent.mic;
    if mic.ours.is_none() || mic.algorithm.as_deref().and_then(Digest::from_micalg) != Some(form.mic()) {
        wrong.push(format!("its MIC is {mic:?}"));
    }
    let returned = form.mdn != MdnMode::None;
    if mic.matches != returned.then_some(true) || mic.theirs != mic.ours.clone().filter(|_| returned) {
        wrong.push(format!("the MIC returned: {mic:?}"));
    }
    wrong
}
