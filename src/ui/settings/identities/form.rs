//! What the dialogs of this section share: asking the engine and showing why it refused.

use egui::Ui;

use crate::app::engine::{Answer, Command, IdentityCommand, RequestId};
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::widgets::{ToneName, notice};

/// A request under way, and why the last one was refused.
#[derive(Default)]
pub(super) struct Asking {
    request: Option<RequestId>,
    pub(super) refused: Option<String>,
}

impl Asking {
    /// Whether the engine is at work.
    #[must_use]
    pub(super) const fn busy(&self) -> bool {
        self.request.is_some()
    }

    /// Asks the engine.
    pub(super) fn ask(&mut self, desk: &mut Desk<'_>, command: IdentityCommand) {
        self.refused = None;
        self.request = desk.ask(|id| Command::Identity(id, command));
    }

    /// The answer, once. A refusal is kept to be shown.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) -> Option<Answer> {
        match desk.answer(&mut self.request)? {
            Ok(answer) => Some(answer),
            Err(error) => {
                let hint = error.what_to_do().map(|hint| format!("\n{}", sentence(hint))).unwrap_or_default();
                self.refused = Some(format!("{}{hint}", sentence(error.message())));
                None
            }
        }
    }

    /// Shows why it was refused.
    pub(super) fn show(&self, ui: &mut Ui, head: &str) {
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, head, reason, |_| ());
        }
    }
}
