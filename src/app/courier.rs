//! Whoever does what is due: further attempts, receipts that we owe, and the end of waiting for receipts. What is due is
//! computed from the journal each time; nothing is remembered here.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock_watch::Moved;
use super::places::{Full, Place, Places};
use super::serve::ServeEvent;
use super::{App, AppError};
use crate::domain::sent::next_attempt;
use crate::domain::transmission::{Transmission, TransmissionId};
use crate::store::{Duty, DutyKind, MOST_DUTIES, Workspace};

/// How soon is looked again where something due could not be begun, or the journal not be read.
const SOON: Duration = Duration::from_secs(1);

/// How long is waited at most: another program may have left something to be done, the clock may have been set, the machine
/// may have slept.
const AT_MOST: Duration = Duration::from_secs(15);

/// How much is done at once, and how much of that for one connection: a partner that keeps us waiting must not keep the
/// others waiting.
const AT_ONCE: usize = 16;
const FOR_ONE: usize = 4;

/// How long work under way is waited for at the end. What takes longer is in the journal.
const GRACE: Duration = Duration::from_secs(30);

/// What this program is at, so that it is not begun twice.
#[derive(Clone, Debug, Default)]
pub(super) struct InHand(Arc<Mutex<HashSet<(TransmissionId, DutyKind)>>>);

/// Something in hand, until this is dropped.
pub(super) struct Hand {
    all: InHand,
    what: (TransmissionId, DutyKind),
}

impl InHand {
    /// Takes something in hand, unless it is already.
    pub(super) fn take(&self, id: TransmissionId, kind: DutyKind) -> Option<Hand> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((id, kind)).then(|| Hand { all: self.clone(), what: (id, kind) })
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.what);
    }
}

/// Does what is due as long as the program runs.
pub(super) struct Courier {
    app: App,
    workspace: Workspace,
    tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    places: Places,
    /// Whether this program is the one to do it.
    held: watch::Receiver<bool>,
}

impl Courier {
    pub(super) fn new(
        app: App,
        workspace: Workspace,
        tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
        held: watch::Receiver<bool>,
    ) -> Self {
        Self { app, workspace, tell, places: Places::new(AT_ONCE, FOR_ONE), held }
    }

    /// Looks for what is due until `stop` turns true, then waits for what is under way.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        loop {
            // A journal that cannot be read now is read again in a moment.
            let wait = self.round(&mut running).await.unwrap_or(SOON);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(wait) => {}
                () = self.workspace.duty_comes() => {}
                Ok(()) = self.held.changed() => {}
                // There is room for another.
                Some(_) = running.join_next() => {}
            }
        }
        let finished = async { while running.join_next().await.is_some() {} };
        drop(tokio::time::timeout(GRACE, finished).await);
    }

    /// Begins what is due now, as far as there is room, and says for how long nothing else is due.
    pub(super) async fn round(&mut self, running: &mut JoinSet<()>) -> Result<Duration, AppError> {
        while running.try_join_next().is_some() {}
        if !*self.held.borrow_and_update() {
            return Ok(AT_MOST);
        }
        self.app.note_running().await;
        let now = self.app.now();
        if self.app.clock_watch.look(now, Instant::now()) == Some(Moved::Back) {
            // Else it would be done once the clock is where it was, which may be in years.
            self.workspace.bring_forward(now).await?;
        }
        let mut due = self.workspace.duties_besides(now, &[]).await?;
        let mut wait = match self.workspace.next_duty(now).await? {
            Some(next) => Duration::try_from(next.duration_since(now)).unwrap_or(SOON).min(AT_MOST),
            None => AT_MOST,
        };
        if due.iter().any(|(duty, _)| duty.kind == DutyKind::Deadline) {
            match self.app.settle_overdue(&self.workspace, now).await {
                Ok(true) => (self.tell)(ServeEvent::JournalChanged),
                Ok(false) => {}
                // The rest is done all the same.
                Err(_) => wait = wait.min(SOON),
            }
        }
        let mut with_their_share: Vec<String> = Vec::new();
        loop {
            let were_all = due.len() < MOST_DUTIES;
            let known = with_their_share.len();
            for (duty, of) in due.into_iter().filter(|(duty, _)| duty.kind != DutyKind::Deadline) {
                if with_their_share.contains(&of) {
                    continue;
                }
                let Some(hand) = self.app.in_hand.take(duty.transmission, duty.kind) else {
                    wait = wait.min(SOON);
                    continue;
                };
                match self.places.take(&of) {
                    Ok(place) => self.begin(running, duty, hand, place),
                    // One that ends makes room.
                    Err(Full::All) => return Ok(wait),
                    Err(Full::Share) => with_their_share.push(of),
                }
            }
            // Behind a thousand of those that have to wait there may be others.
            if were_all || with_their_share.len() == known {
                return Ok(wait);
            }
            due = self.workspace.duties_besides(now, &with_their_share).await?;
        }
    }

    fn begin(&self, running: &mut JoinSet<()>, duty: Duty, hand: Hand, place: Place) {
        let (app, workspace, tell) = (self.app.clone(), self.workspace.clone(), Arc::clone(&self.tell));
        running.spawn(async move {
            match carry_out(&app, &workspace, &duty).await {
                Ok(Some(transmission)) => tell(ServeEvent::Transmission(Box::new(transmission))),
                Ok(None) => {}
                // What cannot be read or written now is still due, and does not keep the rest from being done. Where
                // not even that can be written, all is looked at again in a moment.
                Err(_) => drop(put_off(&app, &workspace, &duty).await),
            }
            drop((hand, place));
        });
    }
}

/// Does one thing; what came of it, where anything was done.
async fn carry_out(app: &App, workspace: &Workspace, duty: &Duty) -> Result<Option<Transmission>, AppError> {
    let id = duty.transmission;
    match duty.kind {
        DutyKind::Receipt => app.post_owed_receipt(workspace, id, false).await,
        DutyKind::Attempt => app.attempt(workspace, id, &|_event| {}).await,
        DutyKind::Deadline => Ok(None),
    }
}

/// Has something wait that could not be done, where it is still to be done as it was.
async fn put_off(app: &App, workspace: &Workspace, duty: &Duty) -> Result<(), AppError> {
    let mut transaction = workspace.begin().await?;
    if transaction.duty(duty.transmission, duty.kind).await?.as_ref() == Some(duty) {
        let at = next_attempt(1, app.now());
        transaction.put_duty(&Duty { at, ..duty.clone() }).await?;
        transaction.commit().await?;
    }
    Ok(())
}
