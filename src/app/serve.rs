//! Receiving: the listener with the engine behind it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::commands::Commands;
use super::notices::{Herald, Told};
use super::receive::Receiver;
use super::retention::{Keeper, RetentionRun};
use super::steward::Steward;
use super::{App, AppError, receiving_times};
use crate::domain::notice::Notice;
use crate::domain::notice::standing::Way;
use crate::domain::transmission::Transmission;
use crate::store::{SERVING, Workspace, is_locked, lasting_folder, take_lock};
use crate::transport::{Identity, Limits, Listener, ServerTls};

/// How long receipts on their way, and large messages being settled, are waited for at the end.
const GRACE: Duration = Duration::from_secs(30);

/// Where and how messages are received.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The address to listen on; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Certificate chain and key for TLS, PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Where payloads are put; without it they stay in the archive.
    pub inbox: Option<PathBuf>,
    /// Whose files are sent as daily work.
    pub outbox: Option<PathBuf>,
}

/// What is told while receiving.
#[derive(Clone, Debug)]
pub enum ServeEvent {
    /// Ready, at this address.
    Listening {
        /// The address announced to partners.
        url: String,
    },
    /// A message was received or refused, and journalled.
    Transmission(Box<Transmission>),
    /// A message was delivered, for the first time, and journalled as received.
    Arrived(Box<Transmission>),
    /// Something else in the journal has changed.
    JournalChanged,
    /// Retention has let something go.
    Retention(Box<RetentionRun>),
    /// Something that is to be told, once.
    Notice(Box<Notice>),
    /// A file of the outbox that is not sent.
    Outbox {
        /// Where it lies now.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something was turned away before it was a message.
    TurnedAway {
        /// By whom it was sent.
        peer: SocketAddr,
        /// Why.
        reason: String,
    },
}

/// A listener that is bound but does not serve yet.
pub struct BoundListener {
    app: App,
    listener: Listener,
    inbox: Option<PathBuf>,
    outbox: Option<PathBuf>,
    /// Locked as long as this one receives.
    alone: File,
    /// Whether reminders are sent too.
    reminds: bool,
    /// Whether what is due is done too.
    does_what_is_due: bool,
    /// The address listened on.
    pub address: SocketAddr,
    /// The address announced to partners.
    pub url: String,
}

/// Whether some program receives for a workspace.
pub(super) fn is_served(workspace: &Workspace) -> bool {
    is_locked(&workspace.folder().join(SERVING))
}

impl App {
    /// Binds the address, so that it is known before serving begins.
    ///
    /// # Errors
    /// Where the address cannot be had, or certificate and key for TLS cannot be used.
    pub async fn bind(&self, options: &ServeOptions) -> Result<BoundListener, AppError> {
        let workspace = self.workspace().await?;
        super::keys::refuse_locked(&workspace)?;
        if workspace.wants_room() {
            return Err(AppError::new(format!("the disk that holds {} is full", workspace.folder().display()))
                .hint("free some space on that disk"));
        }
        if workspace.is_read_only() {
            return Err(AppError::new(format!(
                "{} cannot be written to, so nothing can be received",
                workspace.folder().display()
            )));
        }
        if let Some(inbox) = &options.inbox {
            // Found out now, not with the first order.
            let cannot =
                |error: &str| AppError::new(format!("nothing can be put into the inbox {}: {error}", inbox.display()));
            lasting_folder(inbox).map_err(|error| cannot(&error.source.to_string()))?;
            tempfile::tempfile_in(inbox).map_err(|error| cannot(&error.to_string()))?;
        }
        if let Some(outbox) = &options.outbox {
            // Files are taken by being renamed.
            std::fs::create_dir_all(outbox).and_then(|()| tempfile::tempfile_in(outbox)).map_err(|error| {
                AppError::new(format!("nothing can be taken from the outbox {}: {error}", outbox.display()))
            })?;
        }
        // Repetitions are told from first messages within one program, so one receives for a workspace at a time.
        let place = workspace.folder().join(SERVING);
        let alone = File::create(&place)
            .map_err(|error| AppError::new(format!("cannot write {}: {error}", place.display())))?;
        if take_lock(&alone).await.is_err() {
            return Err(AppError::new("another program is receiving for this workspace already")
                .hint("stop it first, or give this one a workspace of its own"));
        }
        super::send::settle_abandoned(&workspace, self.now()).await?;
        self.settle_left(&workspace).await?;
        self.sweep_left_over(&workspace);
        let tls = match &options.tls {
            Some((chain, key)) => {
                let chain = super::certificates::read_bytes(chain)?;
                let key = zeroize::Zeroizing::new(super::certificates::read_bytes(key)?);
                let identity = Identity::from_pem(&chain, &key).map_err(|error| AppError::new(error.to_string()))?;
                Some(ServerTls::new(&identity)?)
            }
            None => None,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let listener = Listener::bind(options.listen, tls).await?;
        let address =
            listener.address().map_err(|error| AppError::new(format!("the address is not known: {error}")))?;
        Ok(BoundListener {
            app: self.clone(),
            listener,
            inbox: options.inbox.clone(),
            outbox: options.outbox.clone(),
            alone,
            reminds: false,
            does_what_is_due: true,
            address,
            url: format!("{scheme}://{address}/as2"),
        })
    }
}

impl BoundListener {
    /// The same, that tells what is due too, by e-mail and by [`ServeEvent::Notice`], and follows the rules of retention.
    #[must_use]
    pub fn reminding(mut self) -> Self {
        self.reminds = true;
        self
    }

    /// The same in a program that does what is due by itself.
    pub(super) fn only_receiving(mut self) -> Self {
        self.does_what_is_due = false;
        self
    }

    /// Serves until `shutdown` completes, then finishes what is in flight. Beside it everything is done that is due:
    /// further attempts, receipts that are owed, files of the outbox.
    ///
    /// # Errors
    /// Where the workspace cannot be opened.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send,
        events: impl Fn(ServeEvent) + Send + Sync + 'static,
    ) -> Result<(), AppError> {
        let Self { app, listener, inbox, outbox, alone, reminds, does_what_is_due, url, .. } = self;
        let workspace = app.workspace().await?;
        let tell: Arc<dyn Fn(ServeEvent) + Send + Sync> = Arc::new(events);
        let with_commands = Commands::beside(app.clone(), workspace.clone(), Arc::clone(&tell));
        let receiver = Arc::new(Receiver::new(app.clone(), inbox, with_commands).await?);
        let (stop, stopped) = watch::channel(false);
        let mut beside = JoinSet::new();
        let steward = Steward::new(app.clone(), "serve", outbox, Arc::clone(&tell));
        if reminds {
            let freed = Arc::clone(&tell);
            let tell = Arc::clone(&tell);
            let told = move |told: Told| {
                for notice in told.log {
                    tell(ServeEvent::Notice(Box::new(notice)));
                }
            };
            let told_of = move |run| freed(ServeEvent::Retention(Box::new(run)));
            beside.spawn(Keeper::new(app.clone(), Arc::new(told_of), steward.held()).run(stopped.clone()));
            let herald = Herald::new(app.clone(), &[Way::Log, Way::Mail], Arc::new(told));
            beside.spawn(herald.mailing_while(steward.held()).run(stopped.clone()));
        }
        let begun = app.now();
        // Before anything that is due is settled by whether a receiver ran.
        drop(workspace.note_receiving(begun, begun).await);
        beside.spawn(receiving_times::keep(app.clone(), workspace.clone(), begun, stopped.clone()));
        if does_what_is_due {
            beside.spawn(steward.run(stopped));
        }
        tell(ServeEvent::Listening { url });
        listener.serve(Arc::clone(&receiver), Limits::default(), shutdown).await;
        stop.send_replace(true);
        // What takes longer is in the journal, and goes on with the next program.
        let finished = async {
            receiver.finished().await;
            app.afterwards.ended().await;
        };
        drop(tokio::time::timeout(GRACE, finished).await);
        while beside.join_next().await.is_some() {}
        drop(alone);
        Ok(())
    }
}
