//! What is done once an answer has been given: nobody waits for it, but the program does before it ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

/// Work under way. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Afterwards(Arc<Mutex<JoinSet<()>>>);

impl Afterwards {
    fn all(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something done that nobody who is answered waits for.
    pub(super) fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut all = self.all();
        while all.try_join_next().is_some() {}
        all.spawn(work);
    }

    /// Waits until all of it is done, what it begins itself included.
    pub(super) async fn ended(&self) {
        loop {
            let mut now = std::mem::take(&mut *self.all());
            if now.is_empty() {
                return;
            }
            while now.join_next().await.is_some() {}
        }
    }
}
