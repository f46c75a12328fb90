//! Receiving inside the window: the same listener as that of `serve`, as the workspace's setting says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::app::serve::is_served;
use crate::app::{App, AppError, ServeEvent, ServeOptions};
use crate::domain::identifier::Address;

/// Under which the workspace keeps the setting.
const SETTING: &str = "receiving";

/// How long what is being received is waited for when receiving ends.
const GRACE: Duration = Duration::from_secs(3);

/// Whether and where the window receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivingSettings {
    /// Whether it does.
    pub on: bool,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Where payloads are put; without it they stay in the archive.
    pub inbox: Option<PathBuf>,
}

impl Default for ReceivingSettings {
    /// Off, and where `serve` would listen.
    fn default() -> Self {
        Self { on: false, listen: SocketAddr::from(([127, 0, 0, 1], 10_080)), inbox: None }
    }
}

/// How receiving stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReceivingState {
    /// It is not wanted.
    #[default]
    Off,
    /// Messages are taken at this address.
    On {
        /// The address listened on.
        listen: SocketAddr,
        /// The address under which it is reached where it listens.
        url: String,
    },
    /// Another program receives for this workspace.
    Elsewhere,
    /// It is wanted and cannot be.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Receiving as the window shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receiving {
    /// What is wanted.
    pub settings: ReceivingSettings,
    /// What is.
    pub state: ReceivingState,
    /// The address that partners are told, where one is set.
    pub public_url: Option<Address>,
}

impl App {
    /// Whether and where the window receives for this workspace.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn receiving_settings(&self) -> Result<ReceivingSettings, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(ReceivingSettings::default()) };
        let kept = workspace.meta(SETTING).await?;
        // What a later version wrote is as good as nothing.
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Sets whether and where the window receives.
    ///
    /// # Errors
    /// Where the workspace cannot be written.
    pub async fn set_receiving(&self, settings: &ReceivingSettings) -> Result<(), AppError> {
        let text = serde_json::to_string(settings)
            .map_err(|error| AppError::new(format!("the setting cannot be written: {error}")))?;
        Ok(self.workspace().await?.choose(SETTING, &text).await?)
    }
}

/// A listener under way.
struct Running {
    settings: ReceivingSettings,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// Keeps the listener as the setting says.
pub(super) struct Receptionist {
    app: App,
    tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    running: Option<Running>,
    standing: Receiving,
    /// Whether what is due is done beside it in this program.
    only_receives: bool,
}

impl Receptionist {
    pub(super) fn new(app: App, tell: Arc<dyn Fn(ServeEvent) + Send + Sync>, only_receives: bool) -> Self {
        Self { app, tell, running: None, standing: Receiving::default(), only_receives }
    }

    /// How receiving stands.
    pub(super) const fn standing(&self) -> &Receiving {
        &self.standing
    }

    /// Follows the setting. What could not be is tried again each time.
    pub(super) async fn follow(&mut self) {
        // Where the workspace cannot be read, that is told elsewhere.
        let Ok(settings) = self.app.receiving_settings().await else { return };
        if let Ok(told) = self.app.public_url().await {
            self.standing.public_url = told.public_url;
        }
        let ended = self.running.as_ref().is_some_and(|running| running.serving.is_finished());
        if ended || self.running.as_ref().is_some_and(|running| running.settings != settings) {
            self.stop().await;
        }
        if self.running.is_none() {
            self.standing.state = if settings.on {
                self.start(&settings).await
            } else if self.is_elsewhere().await {
                ReceivingState::Elsewhere
            } else {
                ReceivingState::Off
            };
        }
        self.standing.settings = settings;
    }

    async fn start(&mut self, settings: &ReceivingSettings) -> ReceivingState {
        let options = ServeOptions { listen: settings.listen, tls: None, inbox: settings.inbox.clone(), outbox: None };
        if self.is_elsewhere().await {
            return ReceivingState::Elsewhere;
        }
        let bound = match self.app.bind(&options).await {
            Ok(bound) if self.only_receives => bound.only_receiving(),
            Ok(bound) => bound,
            Err(error) => return ReceivingState::Failed { reason: error.to_string() },
        };
        let (listen, url) = (bound.address, bound.url.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let tell = Arc::clone(&self.tell);
        let serving = tokio::spawn(async move {
            let until = async {
                drop(stopped.await);
            };
            // A listener that ends by itself is started again the next time.
            drop(bound.serve(until, move |event| tell(event)).await);
        });
        self.running = Some(Running { settings: settings.clone(), stop, serving });
        ReceivingState::On { listen, url }
    }

    async fn is_elsewhere(&self) -> bool {
        match self.app.existing().await {
            Ok(Some(workspace)) => is_served(&workspace),
            Ok(None) | Err(_) => false,
        }
    }

    /// Ends receiving, after what is under way, as far as there is time.
    pub(super) async fn stop(&mut self) {
        let Some(Running { stop, mut serving, .. }) = self.running.take() else { return };
        drop(stop);
        if timeout(GRACE, &mut serving).await.is_err() {
            serving.abort();
            drop(serving.await);
        }
    }
}
