//! Receiving: the listener with the engine behind it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::receive::Receiver;
use super::{App, AppError};
use crate::domain::transmission::Transmission;
use crate::transport::{Identity, Limits, Listener, ServerTls};

/// Where and how messages are received.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The address to listen on; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Certificate chain and key for TLS, PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Where payloads are put; without it they stay in the archive.
    pub inbox: Option<PathBuf>,
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
    /// Locked as long as this one receives.
    alone: std::fs::File,
    /// The address announced to partners.
    pub url: String,
}

impl App {
    /// Binds the address, so that it is known before serving begins.
    ///
    /// # Errors
    /// Where the address cannot be had, or certificate and key for TLS cannot be used.
    pub async fn bind(&self, options: &ServeOptions) -> Result<BoundListener, AppError> {
        let workspace = self.workspace().await?;
        super::keys::refuse_locked(&workspace)?;
        if workspace.is_read_only() {
            return Err(AppError::new(format!(
                "{} cannot be written to, so nothing can be received",
                workspace.folder().display()
            )));
        }
        if let Some(inbox) = &options.inbox {
            // Found out now, not with the first order.
            std::fs::create_dir_all(inbox).and_then(|()| tempfile::tempfile_in(inbox)).map_err(|error| {
                AppError::new(format!("nothing can be put into the inbox {}: {error}", inbox.display()))
            })?;
        }
        // Repetitions are told from first messages within one program, so one receives for a workspace at a time.
        let place = workspace.folder().join("serving");
        let alone = std::fs::File::create(&place)
            .map_err(|error| AppError::new(format!("cannot write {}: {error}", place.display())))?;
        if alone.try_lock().is_err() {
            return Err(AppError::new("another program is receiving for this workspace already")
                .hint("stop it first, or give this one a workspace of its own"));
        }
        super::send::settle_abandoned(&workspace, self.now()).await?;
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
            alone,
            url: format!("{scheme}://{address}/as2"),
        })
    }
}

impl BoundListener {
    /// Serves until `shutdown` completes, then finishes what is in flight.
    ///
    /// # Errors
    /// Where the workspace cannot be opened.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send,
        events: impl Fn(ServeEvent) + Send + Sync + 'static,
    ) -> Result<(), AppError> {
        let receiver = Receiver::new(self.app, self.inbox, Box::new(events)).await?;
        receiver.tell(ServeEvent::Listening { url: self.url });
        self.listener.serve(Arc::new(receiver), Limits::default(), shutdown).await;
        drop(self.alone);
        Ok(())
    }
}
