//! The runtime that everything asynchronous runs on, and the system's wish that the program ends.

use super::AppError;

/// Runs a future to its end on a runtime of several threads.
///
/// # Errors
/// Where the system gives no threads for it.
pub fn run<F: Future>(future: F) -> Result<F::Output, AppError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::new(format!("the system gives the program no threads to run on: {error}")))?;
    Ok(runtime.block_on(future))
}

/// The system's wish that the program ends: SIGTERM or SIGINT on Unix, Ctrl+C elsewhere.
///
/// It is listened for from [`Shutdown::listen`] on, so that a signal which comes before [`Shutdown::wished`] is awaited
/// is not missed.
pub struct Shutdown {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Shutdown {
    /// Begins to listen. From now on these signals no longer end the program by themselves.
    ///
    /// # Errors
    /// Where the system does not let the program listen for signals.
    #[cfg(unix)]
    pub fn listen() -> Result<Self, AppError> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| deaf(&error));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Begins to listen. From now on Ctrl+C no longer ends the program by itself.
    ///
    /// # Errors
    /// Where the system does not let the program listen for it.
    #[cfg(windows)]
    pub fn listen() -> Result<Self, AppError> {
        tokio::signal::windows::ctrl_c().map(|interrupt| Self { interrupt }).map_err(|error| deaf(&error))
    }

    /// Waits until the program is to end.
    pub async fn wished(mut self) {
        self.wish().await;
    }

    /// The same. Whoever wishes it once more does not want to wait for what is brought to its end, and the program ends at
    /// once.
    pub async fn wished_patiently(mut self) {
        self.wish().await;
        tokio::spawn(async move {
            self.wish().await;
            // It is wished that the program ends wherever it is.
            std::process::exit(ENDED_AT_ONCE);
        });
    }

    /// Waits for some work; where the system wishes that the program ends, the work is let go of first.
    ///
    /// # Errors
    /// As the work, and where it was let go of.
    pub async fn unless_wished<T>(self, work: impl Future<Output = Result<T, AppError>>) -> Result<T, AppError> {
        tokio::select! {
            done = work => done,
            () = self.wished() => Err(AppError::new("it was given up, and nothing was kept")),
        }
    }

    /// Waits for so long; whether the program is to go on after that.
    pub async fn goes_on_after(&mut self, time: std::time::Duration) -> bool {
        tokio::select! {
            () = self.wish() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    async fn wish(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}

/// The exit code of a program that was ended before it could say what became of its work: it could not be carried out.
const ENDED_AT_ONCE: i32 = 2;

fn deaf(error: &std::io::Error) -> AppError {
    AppError::new(format!("the system does not let the program listen for signals: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_runs_to_its_end_and_a_signal_can_be_listened_for() {
        let waited = run(async {
            let shutdown = Shutdown::listen()?;
            // Nobody wishes it: the other branch has to win.
            tokio::select! {
                () = shutdown.wished() => Ok::<_, AppError>(false),
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => Ok(true),
            }
        });
        assert!(waited.unwrap().unwrap());
    }
}
