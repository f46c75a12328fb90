//! What has to end before a workspace can be used, while the window is open already.

use tokio::sync::watch;

use super::AppError;

/// How a preparation stands; nothing while it goes on.
type State = Option<Result<(), AppError>>;

/// The end of a preparation, to be waited for by any number.
#[derive(Clone)]
pub(super) struct Preparation(watch::Receiver<State>);

/// Says that a preparation has ended. Dropped without a word, it was interrupted.
pub(super) struct Prepared(watch::Sender<State>);

impl Preparation {
    /// A preparation that begins now.
    pub(super) fn begin() -> (Prepared, Self) {
        let (sender, receiver) = watch::channel(None);
        (Prepared(sender), Self(receiver))
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&self) -> Result<(), AppError> {
        let mut state = self.0.clone();
        let ended = state.wait_for(Option::is_some).await;
        match ended.as_deref() {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(error))) => Err(error.again()),
            Ok(None) | Err(_) => Err(AppError::new("setting the workspace up was interrupted")),
        }
    }
}

impl Prepared {
    /// It has ended.
    pub(super) fn end(self, result: Result<(), AppError>) {
        // Nobody waits any more where the window was closed meanwhile.
        self.0.send_replace(Some(result));
    }
}
