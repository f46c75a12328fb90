//! Taking the last change of a connection back.

use crate::app::ConnectionBefore;
use crate::app::engine::{Command, RequestId};
use crate::ui::desk::Desk;

/// A connection that is being put back as it was.
#[derive(Default)]
pub(crate) struct PutBack {
    asked: Option<(String, Option<RequestId>)>,
}

impl PutBack {
    /// Puts it back; one at a time.
    pub(crate) fn begin(&mut self, before: Box<ConnectionBefore>, desk: &mut Desk<'_>) {
        if self.asked.is_none() {
            let name = before.name().to_owned();
            let request = desk.ask(|id| Command::PutBack(id, before));
            self.asked = request.map(|request| (name, Some(request)));
        }
    }

    /// Tells what came of it. To be called once a frame.
    pub(crate) fn poll(&mut self, desk: &mut Desk<'_>) {
        let Some((name, request)) = &mut self.asked else { return };
        let Some(answer) = desk.answer(request) else { return };
        match answer {
            Ok(_) => desk.toasts.done(&format!("{name} is as it was before"), ""),
            Err(error) => desk.toasts.failed("It could not be undone", &error),
        }
        self.asked = None;
    }
}
