//! Settings > About, below: the program in the desktop's menu, for links and for certificate files.

use egui::{Label, Ui};

use super::facts::fact;
use crate::app::DesktopEntry;
use crate::app::engine::{Answer, Command, DesktopAct, RequestId, WorkspaceAnswer, WorkspaceCommand};
use crate::domain::counted::counted;
use crate::ui::desk::Desk;
use crate::ui::widgets::{mono, muted, secondary, section};

/// Whether it is there, as far as it is known.
#[derive(Default)]
pub(super) struct OnDesktop {
    known: Option<DesktopEntry>,
    asked: Option<RequestId>,
    /// What was done when it was last asked to do something.
    doing: Option<DesktopAct>,
    failed: bool,
}

impl OnDesktop {
    /// Looks anew.
    pub(super) fn enter(&mut self) {
        self.known = None;
        self.failed = false;
    }

    /// Shows it, where it is offered.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.listen(desk);
        let Some(known) = self.known.as_ref().filter(|known| known.offered) else { return };
        ui.add_space(18.0);
        section(ui, "On the desktop");
        ui.add_space(6.0);
        let what = "In the menu with its icon, for countersign:// links and for certificate files. Other programs stay what \
                    opens those files unless you choose otherwise";
        ui.add(Label::new(muted(ui, what)).wrap());
        ui.add_space(6.0);
        let (act, label) = match &known.entry {
            Some(entry) => {
                fact(ui, "Entry", mono(entry.display().to_string()), "");
                (DesktopAct::Remove, "Remove from the desktop")
            }
            None => (DesktopAct::Install, "Add to the desktop"),
        };
        ui.add_space(2.0);
        let free = self.asked.is_none();
        if ui.add_enabled_ui(free, |ui| secondary(ui, label)).inner.clicked() {
            self.doing = Some(act);
            self.asked = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::Desktop(act)));
        }
    }

    fn listen(&mut self, desk: &mut Desk<'_>) {
        if self.known.is_none() && self.asked.is_none() && !self.failed {
            self.asked = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::Desktop(DesktopAct::Look)));
        }
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Desktop(entry) = *answer {
                    if let Some(act) = self.doing.take() {
                        tell(act, &entry, desk);
                    }
                    self.known = Some(entry);
                }
            }
            Some(Err(error)) => {
                self.failed = self.known.is_none();
                self.doing = None;
                desk.toasts.failed("The desktop's menu was not changed", &error);
            }
            Some(Ok(_)) | None => {}
        }
    }
}

fn tell(act: DesktopAct, entry: &DesktopEntry, desk: &mut Desk<'_>) {
    let head = match act {
        DesktopAct::Look => return,
        DesktopAct::Install => "Countersign is in the desktop's menu",
        DesktopAct::Remove => "Countersign is no longer in the desktop's menu",
    };
    let files = counted(entry.files.len(), "file");
    let text = match (act, entry.told) {
        (DesktopAct::Remove, _) => format!("{files} removed"),
        (_, true) => format!("{files} written"),
        (_, false) => format!("{files} written; it is seen when you log in anew"),
    };
    desk.toasts.done(head, &text);
}
