//! Sends from the window, side by side, and what waits for receipts after them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::command::{Answer, Command, Event, RequestId, SendId};
use super::work::{Outlet, given_up};
use crate::app::send::copying_given_up;
use crate::app::{App, SendEvent, SendRequest};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Transmission, Verdict};

/// What is followed until its receipt has come.
pub(super) type Waiting = Arc<Mutex<JoinSet<()>>>;

/// Sends one message and tells of it.
pub(super) async fn send(
    app: App,
    out: Outlet,
    id: SendId,
    request: SendRequest,
    cancelled: oneshot::Receiver<()>,
    in_order: mpsc::Sender<Command>,
) -> Option<Transmission> {
    let told = out.clone();
    let shown = AtomicU64::new(0);
    let events = move |event: SendEvent| {
        if let SendEvent::Building { bytes, total } | SendEvent::Progress { bytes, total } = &event
            && !is_next_hundredth(&shown, *bytes, *total)
        {
            return;
        }
        told.tell(Event::Sending(id, event));
    };
    let sent = app.send_unless(&request, &events, given_up(cancelled)).await;
    let pending = sent.as_ref().ok().filter(|sent| sent.verdict == Verdict::Pending).cloned();
    let answer = sent.map(|transmission| Answer::Sent(Box::new(transmission)));
    out.tell(Event::Answered(id, answer));
    out.tell(Event::JournalChanged);
    // Closed only when the engine ends, and then nobody looks at what was sent last.
    drop(in_order.send(Command::Refresh).await);
    pending
}

/// Whether so many bytes are to be told of: a window shows hundredths, and what comes between would only keep it busy.
fn is_next_hundredth(shown: &AtomicU64, bytes: u64, total: u64) -> bool {
    let hundredth = bytes * 100 / total.max(1);
    shown.swap(hundredth, Ordering::Relaxed) != hundredth
}

/// Takes files on as daily work, one after the other, and tells how many bytes of them all are copied. Where that is given up,
/// those that are copied are sent, and the others are not.
pub(super) async fn take_on(
    app: App,
    out: Outlet,
    id: RequestId,
    (connection, profile): (ConnectionId, ProfileKind),
    files: Vec<PathBuf>,
    cancelled: oneshot::Receiver<()>,
    in_order: mpsc::Sender<Command>,
) {
    let mut given_up = std::pin::pin!(given_up(cancelled));
    let length = |file: &PathBuf| std::fs::metadata(file).map_or(0, |found| found.len());
    let lengths: Vec<u64> = files.iter().map(length).collect();
    let total: u64 = lengths.iter().sum();
    let mut before = 0;
    let mut ended = false;
    let mut taken = Vec::with_capacity(files.len());
    for (file, length) in files.iter().zip(lengths) {
        if ended {
            taken.push(Err(copying_given_up()));
            continue;
        }
        let shown = AtomicU64::new(0);
        let told = |bytes: u64| {
            if is_next_hundredth(&shown, before + bytes, total) {
                out.tell(Event::Progress(id, (before + bytes).min(total), total));
            }
        };
        let stop = async {
            given_up.as_mut().await;
            ended = true;
        };
        taken.push(app.take_on_file_unless(&connection, profile, file, &told, stop).await);
        before += length;
        out.tell(Event::JournalChanged);
    }
    let answer = Event::Answered(id, Ok(Answer::TakenOn(taken)));
    // Closed only when the engine ends, and then nobody waits.
    drop(in_order.send(Command::Ended(Box::new(answer))).await);
}

/// Follows what waits for its receipt in the journal, whoever takes the receipt: this program or another.
pub(super) async fn await_receipt(app: App, out: Outlet, sent: Transmission, in_order: mpsc::WeakSender<Command>) {
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
