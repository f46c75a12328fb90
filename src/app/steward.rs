//! What is done by itself beside everything else, by the one program of a workspace that holds the lease: attempts that are
//! due, receipts that are owed, files of outboxes, backups and looking for damage.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::watch;

use super::App;
use super::commands::Commands;
use super::courier::Courier;
use super::lease;
use super::outbox::Outbox;
use super::serve::ServeEvent;
use super::upkeep::Upkeep;
use crate::store::Workspace;

/// How often is looked whether the workspace has been opened.
const EVERY: Duration = Duration::from_millis(500);

/// Whoever does it in one program.
pub(super) struct Steward {
    app: App,
    program: &'static str,
    /// Where `CONNECTION/PROFILE` are outboxes, beside those of the profiles.
    tree: Option<PathBuf>,
    tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    held: watch::Sender<bool>,
}

impl Steward {
    pub(super) fn new(
        app: App,
        program: &'static str,
        tree: Option<PathBuf>,
        tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    ) -> Self {
        Self { app, program, tree, tell, held: watch::Sender::new(false) }
    }

    /// Whether this program holds the lease.
    pub(super) fn held(&self) -> watch::Receiver<bool> {
        self.held.subscribe()
    }

    /// Does it as long as this program holds the lease, until `stop` turns true; then finishes what is under way.
    pub(super) async fn run(self, stop: watch::Receiver<bool>) {
        let Self { app, program, tree, tell, held } = self;
        let (courier, outbox, cared) = (held.subscribe(), held.subscribe(), held.subscribe());
        let unclean = Arc::<AtomicBool>::default();
        let work = async {
            let Some(workspace) = opened(&app, &mut stop.clone()).await else { return };
            let tell = Commands::beside(app.clone(), workspace.clone(), tell);
            let outbox = Outbox::new(app.clone(), workspace.clone(), tree, Arc::clone(&tell), outbox);
            let upkeep = Upkeep::new(app.clone(), workspace.clone(), Arc::clone(&tell), cared, Arc::clone(&unclean));
            tokio::join!(
                Courier::new(app.clone(), workspace, tell, courier).run(stop.clone()),
                outbox.run(stop.clone()),
                upkeep.run(stop.clone())
            );
        };
        tokio::join!(lease::keep(app.clone(), program, held, Arc::clone(&unclean), stop.clone()), work);
    }
}

/// The workspace, once somebody has opened it. It is not opened for this: that may need a passphrase, or be created.
async fn opened(app: &App, stop: &mut watch::Receiver<bool>) -> Option<Workspace> {
    loop {
        let opened = app.opened.lock().await.clone();
        if let Some(workspace) = opened.filter(|workspace| !workspace.is_read_only()) {
            return Some(workspace);
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return None,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
