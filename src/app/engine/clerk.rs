//! Commands one after the other, and the snapshot after those that change something.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::command::{Answer, Command, Event, ReceiptSource, RequestId};
use super::receiving::Receptionist;
use super::work::{Outlet, told_of_what_comes};
use crate::app::sample::{SampleFiles, is_open, usual_folder};
use crate::app::{App, AppError, Location, hand_over, write_confidential, write_file};
use crate::domain::transmission::{Transmission, TransmissionId};

/// At least so often is the workspace read anew: days count down.
const EVERY: Duration = Duration::from_secs(60);

/// How soon what another program has changed is seen.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// Carries commands out in their order, and reads the workspace anew when it is time.
pub(super) async fn clerk(
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
        Command::Save(id, change) => told.changing(id, app.save(change), |saved| Answer::Saved(Box::new(saved))).await,
        Command::CreateConnection(id, connection) => {
            told.changing(id, app.create_connection(*connection), |saved| Answer::Saved(Box::new(saved))).await
        }
        Command::AddConnectionFile(id, file, replace) => {
            told.changing(id, app.add_connection(&file, replace), |saved| Answer::Saved(Box::new(saved))).await
        }
        Command::PlanOpenAs2(id, files) => {
            told.looking(id, app.plan_openas2(&files), |plan| Answer::OpenAs2(Box::new(plan))).await
        }
        Command::ImportOpenAs2(id, files) => {
            told.changing(id, app.import_openas2(&files), |plan| Answer::OpenAs2(Box::new(plan))).await
        }
        Command::CopyProfile(id, connection, from, to) => {
            told.changing(id, app.copy_profile(&connection, from, to), |saved| Answer::Saved(Box::new(saved))).await
        }
        Command::PutBack(id, before) => {
            told.changing(id, async { app.put_back(&before).await }, |saved| Answer::Saved(Box::new(saved))).await
        }
        Command::RemoveConnection(id, connection) => {
            told.changing(id, app.remove_connection(&connection), |before| Answer::Removed(before.map(Box::new))).await
        }
        Command::ExportConnection(id, connection, file) => {
            let written = async {
                let text = app.export_connection(&connection).await?;
                write_confidential(&file, text)?;
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
        Command::RemoveCertificate(id, fingerprint) => {
            told.changing(id, app.remove_certificate(&fingerprint), |_facts| Answer::Done).await
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
        Command::ConfirmCommands(id, seen) => told.changing(id, app.confirm_commands(&seen), |()| Answer::Done).await,
        Command::Unlock(id, password) => {
            told.changing(id, app.unlock(password.map(|password| password.0)), |()| Answer::Done).await
        }
        Command::Protect(id, new) => told.changing(id, app.protect(new), Answer::Protected).await,
        Command::SetPublicUrl(id, url) => told.changing(id, app.set_public_url(url.as_ref()), |_| Answer::Done).await,
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
        Command::Many(id, command) if command.only_looks() => {
            let (app, out) = (app.clone(), out.clone());
            tokio::spawn(async move { out.tell(Event::Answered(id, command.carry_out(&app).await)) });
            Done::Looked
        }
        Command::Many(id, command) => told.changing(id, command.carry_out(app), |answer| answer).await,
        Command::OpenSample(id) => told.looking(id, open_sample(), |()| Answer::Done).await,
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
        | Command::Workspace(..)
        | Command::FetchServer(..) => Done::Looked,
    }
}

/// Takes a receipt that somebody brings in.
async fn take_receipt(app: &App, of: TransmissionId, source: ReceiptSource) -> Result<Transmission, AppError> {
    let bytes = match source {
        ReceiptSource::Pasted(text) => text.into_bytes(),
        ReceiptSource::File(path) => crate::app::receipt_by_hand::read_file(path).await?,
    };
    app.take_receipt(&of.simple().to_string(), bytes).await
}

/// Starts this very program on the sample, or has the window come forward that is open on it.
async fn open_sample() -> Result<(), AppError> {
    let folder = usual_folder()?;
    if is_open(&folder) {
        let called = tokio::task::spawn_blocking(move || hand_over(&Location::Dir(folder), &[])).await;
        if called.is_ok_and(|taken| taken) {
            return Ok(());
        }
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
