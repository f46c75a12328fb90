//! What has to end before a workspace can be used, while the window is open already.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::AppError;

/// How a preparation stands; nothing while it goes on.
type State = Option<Result<(), AppError>>;

/// The end of a preparation, to be waited for by any number.
#[derive(Clone)]
pub(super) struct Preparation {
    state: watch::Receiver<State>,
    due: Arc<Notify>,
}

/// Says that a preparation has ended. Dropped without a word, it was interrupted.
pub(super) struct Prepared {
    state: watch::Sender<State>,
    due: Arc<Notify>,
}

impl Preparation {
    /// A preparation that is to be made.
    pub(super) fn begin() -> (Prepared, Self) {
        let (sender, receiver) = watch::channel(None);
        let due = Arc::new(Notify::new());
        (Prepared { state: sender, due: Arc::clone(&due) }, Self { state: receiver, due })
    }

    /// Says that it is time for it, where it waits for that.
    pub(super) fn is_due(&self) {
        self.due.notify_one();
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&self) -> Result<(), AppError> {
        let mut state = self.state.clone();
        let ended = state.wait_for(Option::is_some).await;
        match ended.as_deref() {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(error))) => Err(error.again()),
            Ok(None) | Err(_) => Err(AppError::new("setting the workspace up was interrupted")),
        }
    }
}

impl Prepared {
    /// Waits until it is time.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    /// It has ended.
    pub(super) fn end(self, result: Result<(), AppError>) {
        // Nobody waits any more where the window was closed meanwhile.
        self.state.send_replace(Some(result));
    }
}
