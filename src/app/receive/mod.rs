//! Receiving one message: kept before it is read, opened, judged, delivered, journalled, answered.

mod answer;
mod arrived;
mod broken_off;
mod copies;
mod delivery;
mod given;
mod handler;
mod inbox_trouble;
mod judgement;
mod judging;
mod keeping;
mod message;
mod opening;
mod policy;
mod recipients;
mod repetition;
mod reticence;
mod secret_head;
mod sighted;
mod strangers;
mod turned_away;
mod wish;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{Mutex, Semaphore};

pub use given::{ReceiptGiven, receipt_given};
use judgement::{diagnosis, unknown_relationship, unmet_wish};
use opening::OPENED_AT_ONCE;
use reticence::{Reticence, Stranger};
use turned_away::TurnedAway;

use super::afterwards::Afterwards;
use super::places::Places;
use super::serve::ServeEvent;
use super::{App, AppError};
use crate::as2::headers::{as2_identifier, get};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::Profile;
use crate::domain::identifier::{ConnectionId, PolicyId, ProfileKind};
use crate::domain::transmission::{Headers, Light, Lights, Transmission, TransmissionId};
use crate::store::Workspace;

/// An inbound message has one attempt.
const FIRST: u32 = 1;

/// So many receipts are posted at once, and so many of them for one connection.
const POSTS_AT_ONCE: usize = 16;
const POSTS_FOR_ONE: usize = 4;

/// Places at which messages wait for their repetitions.
const PLACES: usize = 64;

/// What answers the listener.
pub(super) struct Receiver {
    app: App,
    workspace: Workspace,
    inbox: Option<PathBuf>,
    events: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    /// Receipts on their way to those who asked for them, once the message has been answered.
    afterwards: Afterwards,
    posts: Arc<Places>,
    /// Places for messages that are opened while they come.
    openings: Semaphore,
    /// A message waits for others whose Message-ID falls on the same place, so that a repetition finds the answer of the
    /// first and is not worked on beside it.
    in_work: [Mutex<()>; PLACES],
    /// And for others that may be copies of it under other Message-IDs, before it is delivered.
    copies: [Mutex<()>; PLACES],
    /// What was delivered just now and is not journalled as received yet.
    arrived: std::sync::Mutex<HashSet<TransmissionId>>,
    /// Folders of inboxes that hold nothing forgotten any more.
    cleared: std::sync::Mutex<HashSet<PathBuf>>,
    reticence: std::sync::Mutex<Reticence>,
    turned_away: std::sync::Mutex<TurnedAway>,
    /// Whether an inbox may be known to take nothing.
    troubled: AtomicBool,
}

/// What a message is from and to, as its headers say.
struct Addressed {
    from: String,
    to: String,
    message_id: String,
}

impl Addressed {
    /// Between nobody who is named.
    const fn unknown() -> Self {
        Self { from: String::new(), to: String::new(), message_id: String::new() }
    }
}

/// Who has sent a message.
#[derive(Clone, Copy)]
struct Sender {
    peer: SocketAddr,
    /// That nobody is known by its identifiers, and what that counts for.
    stranger: Option<Stranger>,
}

/// A profile that a message may belong to.
struct Candidate {
    connection: ConnectionId,
    name: String,
    kind: ProfileKind,
    policy: PolicyId,
    profile: Profile,
    accepted: Vec<Fingerprint>,
}

impl Candidate {
    /// Whether a certificate is one of the profile's, accepted or not.
    fn knows(&self, certificate: &Fingerprint) -> bool {
        self.profile.partner_certificates.iter().any(|entry| entry.fingerprint == *certificate)
    }
}

impl Receiver {
    pub(super) async fn new(
        app: App,
        inbox: Option<PathBuf>,
        events: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    ) -> Result<Self, AppError> {
        let workspace = app.workspace().await?;
        let (in_work, copies) = (std::array::from_fn(|_| Mutex::default()), std::array::from_fn(|_| Mutex::default()));
        let posts = Arc::new(Places::new(POSTS_AT_ONCE, POSTS_FOR_ONE));
        let (afterwards, openings) = (Afterwards::default(), Semaphore::new(OPENED_AT_ONCE));
        let (arrived, reticence) = (std::sync::Mutex::default(), std::sync::Mutex::default());
        let troubled = AtomicBool::new(true);
        Ok(Self {
            app,
            workspace,
            inbox,
            events,
            afterwards,
            posts,
            openings,
            in_work,
            copies,
            arrived,
            cleared: std::sync::Mutex::default(),
            reticence,
            turned_away: std::sync::Mutex::default(),
            troubled,
        })
    }

    /// Waits for the receipts that are on their way.
    pub(super) async fn finished(&self) {
        self.afterwards.ended().await;
        self.tell_rest();
    }

    pub(super) fn tell(&self, event: ServeEvent) {
        (self.events)(event);
    }
}

/// Lights of an inbound message: none of them is asked for.
const NOTHING_ASKED: Lights = Lights {
    http: Light::NotAsked,
    receipt: Light::NotAsked,
    receipt_signature: Light::NotAsked,
    disposition: Light::NotAsked,
    mic: Light::NotAsked,
};

fn place_of(message_id: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    message_id.hash(&mut hasher);
    usize::try_from(hasher.finish() % PLACES as u64).unwrap_or_default()
}

fn cannot_keep(error: &io::Error) -> AppError {
    AppError::new(format!("the archive cannot be written: {error}"))
}

/// The pair of identifiers, unquoted, and the Message-ID as it was received. Of repeated fields the first counts
/// (AS2.md quirk 4).
fn addressed(headers: &Headers) -> Option<Addressed> {
    Some(Addressed {
        from: as2_identifier(get(headers, "AS2-From")?),
        to: as2_identifier(get(headers, "AS2-To")?),
        message_id: get(headers, "Message-ID").filter(|id| !id.is_empty() && id.len() <= 998)?.to_owned(),
    })
}

fn belongs_to(transmission: &mut Transmission, candidate: &Candidate) {
    transmission.connection = Some(candidate.connection.clone());
    transmission.profile = Some(candidate.kind);
}
