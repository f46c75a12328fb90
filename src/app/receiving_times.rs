//! When a receiver ran on a workspace: a receipt that does not come is not the partner's fault while nobody is here to take it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::serve::is_served;
use super::{App, AppError};
use crate::domain::diagnosis::ReceiverThen;
use crate::domain::transmission::Direction;
use crate::store::{TransmissionFilter, Workspace};

/// How often a receiver says that it runs. Whoever has the workspace open reads it anew then.
const EVERY: Duration = Duration::from_secs(300);

/// A shorter time without a receiver, in milliseconds, is none to speak of: it was started anew.
const SLIGHT: i64 = 30_000;

/// Says now and then that a receiver runs, until `stop` turns true. What cannot be written now is written the next time.
pub(super) async fn keep(app: App, workspace: Workspace, begun: Timestamp, mut stop: watch::Receiver<bool>) {
    loop {
        drop(workspace.note_receiving(begun, app.now()).await);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    drop(workspace.note_receiving(begun, app.now()).await);
}

impl App {
    /// Whether a receiver ran between two instants, as far as the workspace tells.
    pub(super) async fn receiver_then(
        &self,
        workspace: &Workspace,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<ReceiverThen, AppError> {
        let mut times = workspace.receiving_times().await?;
        if is_served(workspace)
            && let Some((_, last)) = times.last_mut()
        {
            // It says so only now and then.
            *last = (*last).max(self.now());
        }
        let covered: i64 = times
            .iter()
            .map(|(begun, ended)| (*ended).min(until).as_millisecond() - (*begun).max(from).as_millisecond())
            .filter(|milliseconds| *milliseconds > 0)
            .sum();
        let all = until.as_millisecond() - from.as_millisecond();
        let off = all - covered;
        if off <= SLIGHT {
            return Ok(ReceiverThen::On);
        }
        if covered > all / 10 {
            return Ok(ReceiverThen::Partly { minutes: u32::try_from((off + 59_999) / 60_000).unwrap_or(u32::MAX) });
        }
        // One of an earlier version did not say that it ran.
        let came = TransmissionFilter {
            direction: Some(Direction::Inbound),
            since: Some(from),
            until: Some(until),
            limit: 1,
            ..TransmissionFilter::default()
        };
        let (came, _) = workspace.transmissions(&came).await?;
        Ok(if came.is_empty() { ReceiverThen::Off } else { ReceiverThen::On })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Clock;
    use crate::store::{Location, Unlock};

    #[tokio::test]
    async fn times_in_which_a_receiver_ran_are_counted_together() {
        let guard = tempfile::tempdir().unwrap();
        let second = |number: i64| Timestamp::from_second(1_800_000_000 + number).unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::Fixed(second(4000)));
        let workspace = app.workspace().await.unwrap();
        let then =
            async |from: i64, until: i64| app.receiver_then(&workspace, second(from), second(until)).await.unwrap();
        assert_eq!(then(0, 600).await, ReceiverThen::Off);
        for (begun, until) in [(100, 100), (100, 160), (170, 170), (170, 400), (1000, 1000)] {
            workspace.note_receiving(second(begun), second(until)).await.unwrap();
        }
        assert_eq!(workspace.receiving_times().await.unwrap().len(), 3);
        assert_eq!(then(110, 390).await, ReceiverThen::On, "ten seconds between two are none");
        assert_eq!(then(100, 1000).await, ReceiverThen::Partly { minutes: 11 });
        assert_eq!(then(420, 980).await, ReceiverThen::Off);
        // Of the one that runs now it is known without its last word.
        let lock = std::fs::File::create(workspace.folder().join("serving")).unwrap();
        lock.lock().unwrap();
        assert_eq!(then(1100, 3000).await, ReceiverThen::On);
    }
}
