//! Where commands come in: what may run side by side is begun here, everything else goes on to the clerk.

use std::collections::HashMap;
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::clerk::clerk;
use super::command::{Answer, Command, Event, RequestId, SendId};
use super::identity_work::IdentityCommand;
use super::sending::{Waiting, await_receipt, send, take_on};
use super::{EngineOptions, GRACE};
use crate::app::notices::Herald;
use crate::app::retention::Keeper;
use crate::app::sample::SampleFiles;
use crate::app::steward::Steward;
use crate::app::{App, AppError, Clock, ServeEvent, log_event};
use crate::domain::notice::standing::Way;
use crate::domain::transmission::Direction;

/// How many commands may wait to be carried out in order.
const IN_ORDER: usize = 64;

/// Events out, each waking the window.
#[derive(Clone)]
pub(super) struct Outlet {
    events: std_mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Outlet {
    pub(super) fn tell(&self, event: Event) {
        if let Event::Answered(_, Err(error)) | Event::Snapshot(Err(error)) = &event {
            tracing::warn!("{}", error.message());
        }
        // Nobody listens any more only when the window is gone, and then nobody is to be told.
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

/// The engine's side of the channels.
pub(super) struct Worker {
    app: App,
    sample: Option<SampleFiles>,
    out: Outlet,
}

impl Worker {
    pub(super) fn new(options: EngineOptions, events: std_mpsc::Sender<Event>) -> Self {
        let EngineOptions { app, sample, zone: _, wake } = options;
        Self { app, sample, out: Outlet { events, wake } }
    }

    /// Works until the window has let go of its end, then finishes what is under way.
    pub(super) async fn run(self, mut commands: mpsc::Receiver<Command>) {
        let Self { app, sample, out } = self;
        let (in_order, ordered) = mpsc::channel(IN_ORDER);
        let is_sample = sample.is_some();
        let (stop, stopped) = watch::channel(false);
        // Nothing becomes due by itself in a picture.
        let works = !is_picture(&app);
        let steward = Steward::new(app.clone(), "window", None, told_of_what_comes(&out, in_order.downgrade()));
        let held = steward.held();
        let clerk = tokio::spawn(clerk(
            app.clone(),
            sample,
            out.clone(),
            in_order.downgrade(),
            ordered,
            works.then(|| held.clone()),
        ));
        tokio::spawn(herald(&app, is_sample, &out).mailing_while(held.clone()).run(stopped.clone()));
        if !is_quiet(&app, is_sample) {
            let told = out.clone();
            let freed = move |_run| told.tell(Event::JournalChanged);
            tokio::spawn(Keeper::new(app.clone(), Arc::new(freed), held.clone()).run(stopped.clone()));
        }
        let mut daily = JoinSet::new();
        if works {
            daily.spawn(steward.run(stopped.clone()));
            tokio::spawn(tell_of_the_lease(held, in_order.downgrade(), stopped));
        }
        tracing::info!(version = env!("CARGO_PKG_VERSION"), place = %app.location, "window opened");
        let mut sends = JoinSet::new();
        // What waits for receipts is in the journal: nobody has to wait for it at the end.
        let waiting: Waiting = Arc::default();
        let mut summing: Option<tokio::task::JoinHandle<()>> = None;
        let mut cancels: HashMap<SendId, oneshot::Sender<()>> = HashMap::new();
        while let Some(command) = commands.recv().await {
            // What has ended is let go of.
            while sends.try_join_next().is_some() {}
            match command {
                Command::Send(id, request) => {
                    let (cancel, cancelled) = oneshot::channel();
                    cancels.retain(|_, cancel| !cancel.is_closed());
                    cancels.insert(id, cancel);
                    let under_way = send(app.clone(), out.clone(), id, request, cancelled, in_order.clone());
                    let (app, out, in_order, waiting) =
                        (app.clone(), out.clone(), in_order.downgrade(), Arc::clone(&waiting));
                    sends.spawn(async move {
                        if let Some(sent) = under_way.await {
                            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                            while waiting.try_join_next().is_some() {}
                            waiting.spawn(await_receipt(app, out, sent, in_order));
                        }
                    });
                }
                Command::Retention(id, command) => {
                    let (cancel, cancelled) = oneshot::channel();
                    cancels.retain(|_, cancel| !cancel.is_closed());
                    cancels.insert(id, cancel);
                    let (app, told) = (app.clone(), out.clone());
                    let tell = Arc::new(move |event| told.tell(event));
                    sends.spawn(super::retention::carry_out(app, tell, id, command, cancelled));
                }
                Command::Workspace(id, command) => {
                    let (cancel, cancelled) = oneshot::channel();
                    cancels.retain(|_, cancel| !cancel.is_closed());
                    cancels.insert(id, cancel);
                    let (app, told) = (app.clone(), out.clone());
                    let tell = Arc::new(move |event| told.tell(event));
                    sends.spawn(super::workspace::carry_out(app, tell, id, command, cancelled));
                }
                Command::Identity(id, command @ IdentityCommand::Create(_)) => {
                    let (cancel, cancelled) = oneshot::channel();
                    cancels.retain(|_, cancel| !cancel.is_closed());
                    cancels.insert(id, cancel);
                    sends.spawn(make_key(app.clone(), id, command, cancelled, in_order.clone()));
                }
                Command::CancelSend(id) | Command::GiveUp(id) => {
                    if let Some(cancel) = cancels.remove(&id) {
                        // It has ended meanwhile where nobody listens.
                        cancel.send(()).unwrap_or_default();
                    }
                }
                Command::Rollover(id, command) if command.is_test() => {
                    let (cancel, cancelled) = oneshot::channel();
                    cancels.retain(|_, cancel| !cancel.is_closed());
                    cancels.insert(id, cancel);
                    let (app, told, in_order) = (app.clone(), out.clone(), in_order.clone());
                    let tell = Arc::new(move |event| told.tell(event));
                    sends.spawn(super::rollovers::test(app, tell, id, *command, cancelled, in_order));
                }
                Command::Run(errand) => {
                    tokio::spawn(errand);
                }
                // A large file takes a while to be copied.
                Command::TakeOn(id, connection, profile, files) => {
                    let (cancel, cancelled) = oneshot::channel();
                    cancels.retain(|_, cancel| !cancel.is_closed());
                    cancels.insert(id, cancel);
                    let whither = (connection, profile);
                    sends.spawn(take_on(app.clone(), out.clone(), id, whither, files, cancelled, in_order.clone()));
                }
                // A list is read while something else is being changed.
                Command::Journal(id, command) if command.supersedes() => {
                    let (app, out) = (app.clone(), out.clone());
                    let begun =
                        tokio::spawn(async move { out.tell(Event::Answered(id, command.carry_out(&app).await)) });
                    // What nobody waits for any more must not take the place of what is waited for.
                    if let Some(before) = summing.replace(begun) {
                        before.abort();
                    }
                }
                Command::Journal(id, command) => {
                    let (app, out) = (app.clone(), out.clone());
                    tokio::spawn(async move { out.tell(Event::Answered(id, command.carry_out(&app).await)) });
                }
                Command::Foresee(id, outlook) => {
                    let out = out.clone();
                    tokio::task::spawn_blocking(move || out.tell(Event::Answered(id, Ok(outlook.answer()))));
                }
                // A hundred megabytes are read through: nothing else is to wait for that.
                Command::Look(id, command) => {
                    let (app, out) = (app.clone(), out.clone());
                    tokio::spawn(async move { out.tell(Event::Answered(id, command.carry_out(&app).await)) });
                }
                // A server that does not answer must not keep everything else waiting.
                Command::FetchServer(id, (connection, profile)) => {
                    let (app, out) = (app.clone(), out.clone());
                    tokio::spawn(async move {
                        let fetched = app.fetch_server(&connection, profile).await;
                        out.tell(Event::Answered(id, fetched.map(|fetched| Answer::Server(Box::new(fetched)))));
                    });
                }
                other => {
                    if in_order.send(other).await.is_err() {
                        break;
                    }
                }
            }
        }
        drop(in_order);
        stop.send_replace(true);
        let finished = async {
            while sends.join_next().await.is_some() {}
            drop(clerk.await);
            while daily.join_next().await.is_some() {}
        };
        // What is cut off here is in the journal, and settled as uncertain by whoever opens the workspace next.
        drop(timeout(GRACE, finished).await);
        drop(std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner)));
        app.close().await;
        tracing::info!("window closed");
    }
}

/// A fixed clock is a picture's.
const fn is_picture(app: &App) -> bool {
    matches!(app.clock, Clock::Fixed(_))
}

/// The sample is no reason to disturb anybody, nor is a picture.
const fn is_quiet(app: &App, is_sample: bool) -> bool {
    is_sample || is_picture(app)
}

/// Has the snapshot read anew when this program begins or ends to do what is done by itself.
async fn tell_of_the_lease(
    mut held: watch::Receiver<bool>,
    in_order: mpsc::WeakSender<Command>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            changed = held.changed() => if changed.is_err() { return },
        }
        let Some(in_order) = in_order.upgrade() else { return };
        drop(in_order.send(Command::Refresh).await);
    }
}

/// Whoever tells what is due, in the window and beside it.
fn herald(app: &App, is_sample: bool, out: &Outlet) -> Herald {
    let ways: &'static [Way] = if is_quiet(app, is_sample) { &[] } else { &[Way::Window, Way::Desktop, Way::Mail] };
    let out = out.clone();
    let tell = move |told: crate::app::Told| {
        if !told.window.is_empty() {
            out.tell(Event::Notices(told.window));
        }
    };
    Herald::new(app.clone(), ways, Arc::new(tell))
}

/// Completes when somebody gives it up, and never where whoever could has let go: they want it done.
pub(super) async fn given_up(cancelled: oneshot::Receiver<()>) {
    if cancelled.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Makes a key beside everything else, unless that is given up. What it comes to is told in order, once it can be seen.
async fn make_key(
    app: App,
    id: RequestId,
    command: IdentityCommand,
    cancelled: oneshot::Receiver<()>,
    in_order: mpsc::Sender<Command>,
) {
    // A key that is being made when it is given up is never kept.
    let answer = tokio::select! {
        answer = command.carry_out(&app) => answer,
        () = given_up(cancelled) => Err(AppError::new("it was given up, and nothing was kept")),
    };
    // Closed only when the engine ends, and then nobody waits.
    drop(in_order.send(Command::Ended(Box::new(Event::Answered(id, answer)))).await);
}

/// Has lists read anew when something is received, and the snapshot, at most once for all that waits.
pub(super) fn told_of_what_comes(
    out: &Outlet,
    in_order: mpsc::WeakSender<Command>,
) -> Arc<dyn Fn(ServeEvent) + Send + Sync> {
    let out = out.clone();
    Arc::new(move |event| match event {
        ServeEvent::Transmission(transmission) => {
            log_event(&ServeEvent::Transmission(transmission.clone()));
            out.tell(Event::JournalChanged);
            if transmission.direction == Direction::Outbound
                && let Some(in_order) = in_order.upgrade()
            {
                // Where no more fit, a refresh is among those that wait or comes within the minute.
                drop(in_order.try_send(Command::Refresh));
            }
        }
        ServeEvent::JournalChanged | ServeEvent::Retention(_) => out.tell(Event::JournalChanged),
        ServeEvent::Arrived(_)
        | ServeEvent::Notice(_)
        | ServeEvent::Listening { .. }
        | ServeEvent::Outbox { .. }
        | ServeEvent::TurnedAway { .. } => {}
    })
}
