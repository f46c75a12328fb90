//! Carrying commands out: sends side by side, everything else one after the other.

use std::collections::HashMap;
use std::future::Future;
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::command::{Answer, Command, Event, ReceiptSource, RequestId, SendId};
use super::identity_work::IdentityCommand;
use super::receiving::Receptionist;
use super::{EngineOptions, GRACE};
use crate::app::notices::Herald;
use crate::app::retention::Keeper;
use crate::app::sample::{SampleFiles, is_open, usual_folder};
use crate::app::steward::Steward;
use crate::app::{App, AppError, Clock, SendEvent, SendRequest, ServeEvent, write_file};
use crate::domain::notice::standing::Way;
use crate::domain::transmission::{Direction, Transmission, TransmissionId, Verdict};

/// At least so often is the workspace read anew: days count down.
const EVERY: Duration = Duration::from_secs(60);

/// How soon what another program has changed is seen.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// How many commands may wait to be carried out in order.
const IN_ORDER: usize = 64;

/// What is followed until its receipt has come.
type Waiting = Arc<Mutex<JoinSet<()>>>;

/// Events out, each waking the window.
#[derive(Clone)]
struct Outlet {
    events: std_mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Outlet {
    fn tell(&self, event: Event) {
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
                    let (app, out, in_order) = (app.clone(), out.clone(), in_order.clone());
                    sends.spawn(async move {
                        let mut taken = Vec::with_capacity(files.len());
                        for file in &files {
                            taken.push(app.take_on_file(&connection, profile, file).await);
                            out.tell(Event::JournalChanged);
                        }
                        let answer = Event::Answered(id, Ok(Answer::TakenOn(taken)));
                        // Closed only when the engine ends, and then nobody waits.
                        drop(in_order.send(Command::Ended(Box::new(answer))).await);
                    });
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

/// Makes a key beside everything else, unless that is given up. What it comes to is told in order, once it can be seen.
async fn make_key(
    app: App,
    id: RequestId,
    command: IdentityCommand,
    cancelled: oneshot::Receiver<()>,
    in_order: mpsc::Sender<Command>,
) {
    let given_up = async {
        if cancelled.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    // A key that is being made when it is given up is never kept.
    let answer = tokio::select! {
        answer = command.carry_out(&app) => answer,
        () = given_up => Err(AppError::new("it was given up, and nothing was kept")),
    };
    // Closed only when the engine ends, and then nobody waits.
    drop(in_order.send(Command::Ended(Box::new(Event::Answered(id, answer)))).await);
}

/// Sends one message and tells of it.
async fn send(
    app: App,
    out: Outlet,
    id: SendId,
    request: SendRequest,
    cancelled: oneshot::Receiver<()>,
    in_order: mpsc::Sender<Command>,
) -> Option<Transmission> {
    let told = out.clone();
    let shown = std::sync::atomic::AtomicU64::new(0);
    let events = move |event: SendEvent| {
        if let SendEvent::Building { bytes, total } | SendEvent::Progress { bytes, total } = &event {
            // A window shows hundredths: what comes between would only keep it busy.
            let hundredth = bytes * 100 / (*total).max(1);
            if shown.swap(hundredth, std::sync::atomic::Ordering::Relaxed) == hundredth {
                return;
            }
        }
        told.tell(Event::Sending(id, event));
    };
    let sent = app.send_unless(&request, &events, async {
        if cancelled.await.is_err() {
            std::future::pending().await
        }
    });
    let sent = sent.await;
    let pending = sent.as_ref().ok().filter(|sent| sent.verdict == Verdict::Pending).cloned();
    let answer = sent.map(|transmission| Answer::Sent(Box::new(transmission)));
    out.tell(Event::Answered(id, answer));
    out.tell(Event::JournalChanged);
    // Closed only when the engine ends, and then nobody looks at what was sent last.
    drop(in_order.send(Command::Refresh).await);
    pending
}

/// Takes a receipt that somebody brings in.
async fn take_receipt(app: &App, of: TransmissionId, source: ReceiptSource) -> Result<Transmission, AppError> {
    let bytes = match source {
        ReceiptSource::Pasted(text) => text.into_bytes(),
        ReceiptSource::File(path) => crate::app::receipt_by_hand::read_file(path).await?,
    };
    app.take_receipt(&of.simple().to_string(), bytes).await
}

/// Follows what waits for its receipt in the journal, whoever takes the receipt: this program or another.
async fn await_receipt(app: App, out: Outlet, sent: Transmission, in_order: mpsc::WeakSender<Command>) {
    let begun = Instant::now();
    loop {
        let soon = begun.elapsed() < Duration::from_secs(60);
        tokio::time::sleep(if soon { Duration::from_millis(250) } else { Duration::from_secs(5) }).await;
        // A journal that cannot be read now is read again.
        let Ok(standing) = app.transmission(&sent.id.simple().to_string()).await else { continue };
        if standing.verdict == Verdict::Pending {
            continue;
        }
        out.tell(Event::Settled(Box::new(standing.clone())));
        out.tell(Event::JournalChanged);
        if let Some(in_order) = in_order.upgrade() {
            drop(in_order.send(Command::Refresh).await);
        }
        // What is uncertain by now is settled by a receipt that comes after all.
        if standing.verdict != Verdict::Uncertain {
            return;
        }
        while app.transmission(&sent.id.simple().to_string()).await.is_ok_and(|found| found == standing) {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
}

/// Carries commands out in their order, and reads the workspace anew when it is time.
async fn clerk(
    app: App,
    sample: Option<SampleFiles>,
    out: Outlet,
    in_order: mpsc::WeakSender<Command>,
    mut commands: mpsc::Receiver<Command>,
    held: Option<watch::Receiver<bool>>,
) {
    let mut receptionist = Receptionist::new(app.clone(), told_of_what_comes(&out, in_order), held.is_some());
    let look = async |receptionist: &mut Receptionist| {
        let here = held.as_ref().is_some_and(|held| *held.borrow());
        look(&app, sample.as_ref(), &out, receptionist, here).await
    };
    let mut next = Instant::now() + look(&mut receptionist).await;
    let mut ask = Instant::now() + ELSEWHERE;
    loop {
        // Fixed instants: commands that keep coming must not put them off.
        let done = match timeout_at(next.min(ask), commands.recv()).await {
            Ok(None) => break,
            Ok(Some(command)) => carry_out(&app, &out, command).await,
            Err(_time_to_look) if next <= ask => Done::Changed(None),
            Err(_time_to_ask) => {
                ask = Instant::now() + ELSEWHERE;
                if follow_elsewhere(&app, &out).await { Done::Changed(None) } else { Done::Looked }
            }
        };
        if let Done::Changed(answer) = done {
            next = Instant::now() + look(&mut receptionist).await;
            // After the snapshot: whoever is answered finds what was done in it.
            if let Some(answer) = answer {
                out.tell(answer);
            }
        }
    }
    receptionist.stop().await;
}

/// Whether another program has written to the workspace since this was last asked; lists are then read anew.
async fn follow_elsewhere(app: &App, out: &Outlet) -> bool {
    // One that cannot be opened is not tried every second: that takes long where a passphrase protects it.
    let Some(workspace) = app.opened.lock().await.clone() else { return false };
    // What cannot be read now is told by whoever reads it next.
    let changed = workspace.changed_elsewhere().await.unwrap_or_default();
    if changed {
        out.tell(Event::JournalChanged);
    }
    changed
}

/// Has lists read anew when something is received, and the snapshot, at most once for all that waits.
fn told_of_what_comes(out: &Outlet, in_order: mpsc::WeakSender<Command>) -> Arc<dyn Fn(ServeEvent) + Send + Sync> {
    let out = out.clone();
    Arc::new(move |event| match event {
        ServeEvent::Transmission(transmission) => {
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

/// Reads the workspace and tells of it; returns when to do so next.
async fn look(
    app: &App,
    sample: Option<&SampleFiles>,
    out: &Outlet,
    receptionist: &mut Receptionist,
    here: bool,
) -> Duration {
    receptionist.follow().await;
    app.note_running().await;
    if app.pass_deadlines().await {
        out.tell(Event::JournalChanged);
    }
    // What has been changed by now is read here.
    follow_elsewhere(app, out).await;
    let lease = app.lease_state(here).await;
    let snapshot = app.snapshot(sample.cloned()).await.map(|mut snapshot| {
        snapshot.lease = lease;
        snapshot.receiving.clone_from(receptionist.standing());
        snapshot
    });
    let mut next = EVERY;
    if let Ok(snapshot) = &snapshot {
        let theirs = snapshot.next_activation().map(|(at, ..)| at);
        for at in theirs.into_iter().chain(snapshot.next_own_change()) {
            let left = at.as_millisecond() - snapshot.at.as_millisecond();
            // A little later than it is: the clock is read in whole milliseconds.
            next = next.min(Duration::from_millis(u64::try_from(left.max(0)).unwrap_or(0) + 5));
        }
    }
    out.tell(Event::Snapshot(snapshot.map(Arc::new)));
    next
}

/// Carries one command out and says what is left to do.
async fn carry_out(app: &App, out: &Outlet, command: Command) -> Done {
    let told = Told { out };
    match command {
        Command::Refresh => Done::Changed(None),
        Command::Save(id, change) => {
            told.changing(id, app.save(change), |saved| Answer::Saved(Box::new(saved.report))).await
        }
        Command::CreateConnection(id, connection) => {
            told.changing(id, app.create_connection(*connection), |saved| Answer::Saved(Box::new(saved.report))).await
        }
        Command::AddConnectionFile(id, file, replace) => {
            told.changing(id, app.add_connection(&file, replace), |saved| Answer::Saved(Box::new(saved.report))).await
        }
        Command::CopyProfile(id, connection, from, to) => {
            told.changing(id, app.copy_profile(&connection, from, to), |saved| Answer::Saved(Box::new(saved.report)))
                .await
        }
        Command::RemoveConnection(id, connection) => {
            told.changing(id, app.remove_connection(&connection), |()| Answer::Done).await
        }
        Command::ExportConnection(id, connection, file) => {
            let written = async {
                let text = app.export_connection(&connection).await?;
                write_file(&file, text)?;
                Ok(file)
            };
            told.looking(id, written, Answer::Written).await
        }
        Command::Inspect(id, source) => {
            let inspected = app.inspect_certificate(&source, None);
            told.looking(id, inspected, |inspection| Answer::Inspected(Box::new(inspection))).await
        }
        Command::Import(id, request) => {
            told.changing(id, app.import_certificate(&request), |result| Answer::Imported(Box::new(result))).await
        }
        Command::Confirm(id, fingerprint, how) => {
            told.changing(id, app.confirm_certificate(&fingerprint, &how), |()| Answer::Done).await
        }
        Command::ForgetSighting(id, connection, profile, fingerprint) => {
            told.changing(id, app.forget_sighting(&connection, profile, &fingerprint), |()| Answer::Done).await
        }
        Command::ChangeSchedule(id, profiles, act) => {
            told.changing(id, app.change_schedule(&profiles, &act), Answer::Scheduled).await
        }
        Command::UndoSchedule(id, changes) => told.changing(id, app.undo_schedule(&changes), Answer::Scheduled).await,
        Command::TakeReceipt(id, of, source) => {
            let settled = take_receipt(app, of, source).await;
            if let Ok(transmission) = &settled {
                out.tell(Event::Settled(Box::new(transmission.clone())));
                out.tell(Event::JournalChanged);
            }
            told.changing(id, std::future::ready(settled), |settled| Answer::Settled(Box::new(settled))).await
        }
        Command::KnowMissed(id) => told.changing(id, app.know_missed_activations(), |()| Answer::Done).await,
        Command::PinServer(id, (connection, profile), der, fingerprint) => {
            let pinned = app.pin_server(&connection, profile, &der, &fingerprint);
            told.changing(id, pinned, |pinned| Answer::Pinned(Box::new(pinned))).await
        }
        Command::KnowServerChange(id, (connection, profile)) => {
            told.changing(id, app.know_server_change(&connection, profile), |()| Answer::Done).await
        }
        Command::ExportCertificate(id, fingerprint, file) => {
            let written = app.export_certificate(&fingerprint, &file);
            told.looking(id, async { written.await.map(|()| file.clone()) }, Answer::Written).await
        }
        Command::Identity(id, command) if command.only_looks() => {
            told.looking(id, command.carry_out(app), |answer| answer).await
        }
        Command::Identity(id, command) => told.changing(id, command.carry_out(app), |answer| answer).await,
        Command::Ended(event) => Done::Changed(Some(*event)),
        Command::ExportIdentity(id, name, file) => {
            let written = async {
                let text = app.export_identity(&name).await?;
                write_file(&file, text)?;
                Ok(file)
            };
            told.looking(id, written, Answer::Written).await
        }
        Command::IsFirstSend(id, connection, profile) => {
            told.looking(id, app.is_first_send(&connection, profile), Answer::FirstSend).await
        }
        Command::Transmissions(id, filter) => {
            told.looking(id, app.transmissions(&filter), |page| Answer::Page(Box::new(page))).await
        }
        Command::Transmission(id, transmission) => {
            told.looking(id, app.transmission_detail(transmission), |detail| Answer::Detail(Box::new(detail))).await
        }
        Command::SetCommand(id, occasion, command) => {
            told.changing(id, app.set_command(occasion, command), |()| Answer::Done).await
        }
        Command::SetReceiving(id, settings) => told.changing(id, app.set_receiving(&settings), |()| Answer::Done).await,
        Command::Policy(id, task) => {
            let changes = task.changes();
            let done = app.policy_task(task);
            let answer = |done| Answer::Policy(Box::new(done));
            if changes { told.changing(id, done, answer).await } else { told.looking(id, done, answer).await }
        }
        Command::Notices(id, command) if command.changes() => {
            told.changing(id, command.carry_out(app), |answer| answer).await
        }
        Command::Notices(id, command) => {
            let (app, out) = (app.clone(), out.clone());
            tokio::spawn(async move { out.tell(Event::Answered(id, command.carry_out(&app).await)) });
            Done::Looked
        }
        Command::OpenSample(id) => told.looking(id, async { open_sample() }, |()| Answer::Done).await,
        Command::Rollover(id, command) => {
            let changes = command.changes();
            let done = super::rollovers::carry_out(app, *command);
            let answer = |answer| Answer::Rollover(Box::new(answer));
            if changes { told.changing(id, done, answer).await } else { told.looking(id, done, answer).await }
        }
        // These never get here: they are not carried out in order.
        Command::Send(..)
        | Command::CancelSend(_)
        | Command::GiveUp(_)
        | Command::TakeOn(..)
        | Command::Run(_)
        | Command::Journal(..)
        | Command::Foresee(..)
        | Command::Look(..)
        | Command::Retention(..)
        | Command::FetchServer(..) => Done::Looked,
    }
}

/// Starts this very program on the sample.
fn open_sample() -> Result<(), AppError> {
    if is_open(&usual_folder()?) {
        return Err(AppError::new("it is open already").hint("look for its window"));
    }
    let cannot = |error: std::io::Error| AppError::new(format!("the sample cannot be started: {error}"));
    let program = std::env::current_exe().map_err(cannot)?;
    let mut sample = std::process::Command::new(program);
    let mut child = sample.arg("sample").env_remove("COUNTERSIGN_WORKSPACE").spawn().map_err(cannot)?;
    // Waited for by a thread of its own, so that nothing of it stays behind when it ends before this program does.
    drop(std::thread::Builder::new().name("sample".to_owned()).spawn(move || child.wait()));
    Ok(())
}

/// What a command has left to do.
enum Done {
    /// The workspace may have changed: it is to be read anew, and then the answer told.
    Changed(Option<Event>),
    /// Nothing: it was only looked at, or stays as it was.
    Looked,
}

/// Answers requests.
struct Told<'a> {
    out: &'a Outlet,
}

impl Told<'_> {
    /// One that changes the workspace, where it succeeds.
    async fn changing<T>(
        &self,
        id: RequestId,
        work: impl Future<Output = Result<T, AppError>>,
        answer: impl FnOnce(T) -> Answer,
    ) -> Done {
        match work.await.map(answer) {
            Ok(answer) => Done::Changed(Some(Event::Answered(id, Ok(answer)))),
            Err(error) => {
                self.out.tell(Event::Answered(id, Err(error)));
                Done::Looked
            }
        }
    }

    /// One that changes nothing.
    async fn looking<T>(
        &self,
        id: RequestId,
        work: impl Future<Output = Result<T, AppError>>,
        answer: impl FnOnce(T) -> Answer,
    ) -> Done {
        self.out.tell(Event::Answered(id, work.await.map(answer)));
        Done::Looked
    }
}
