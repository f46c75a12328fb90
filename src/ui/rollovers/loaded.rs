//! Something that the engine reads: what was read last, what is being asked, and why it could not be had.

use super::in_words;
use crate::app::engine::{Answer, Command, RequestId, RolloverAnswer, RolloverCommand};
use crate::ui::desk::Desk;

/// Something that is read anew when it may have changed; until then the last is shown.
pub(super) struct Loaded<T> {
    pub(super) value: Option<T>,
    pub(super) trouble: Option<(String, String)>,
    request: Option<RequestId>,
    stale: bool,
}

impl<T> Default for Loaded<T> {
    fn default() -> Self {
        Self { value: None, trouble: None, request: None, stale: true }
    }
}

impl<T> Loaded<T> {
    /// It may have changed.
    pub(super) const fn refresh(&mut self) {
        self.stale = true;
    }

    /// Asks where that is due, and takes the answer; says whether one has come.
    pub(super) fn poll(
        &mut self,
        desk: &mut Desk<'_>,
        command: impl FnOnce() -> RolloverCommand,
        take: impl FnOnce(RolloverAnswer) -> Option<T>,
    ) -> bool {
        let mut came = false;
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Rollover(answer))) => {
                if let Some(value) = take(*answer) {
                    self.value = Some(value);
                    self.trouble = None;
                    came = true;
                }
            }
            Some(Ok(_)) | None => {}
            Some(Err(error)) => self.trouble = Some(in_words(&error)),
        }
        if self.stale && self.request.is_none() {
            self.stale = false;
            let command = command();
            self.request = desk.ask(|id| Command::Rollover(id, Box::new(command)));
        }
        came
    }
}
