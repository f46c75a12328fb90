//! Questions before something is taken away or changed at once. Why it is refused is said where it was asked.

use egui::{Context, RichText};

use super::form::Asking;
use crate::app::engine::IdentityCommand;
use crate::app::{ListedRequest, OwnStep, ProfileRef};
use crate::domain::identifier::IdentityName;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::moment::count;
use crate::ui::theme;
use crate::ui::widgets::{danger, primary, secondary};

/// A question with what is done when it is answered with yes.
pub(super) struct Ask {
    title: String,
    text: String,
    yes: &'static str,
    refusal: &'static str,
    done: String,
    destructive: bool,
    command: Box<dyn Fn() -> IdentityCommand>,
    asking: Asking,
}

/// Removing an identity for good.
pub(super) fn remove(name: &IdentityName) -> Ask {
    let removed = name.clone();
    Ask {
        title: format!("Remove {name}?"),
        text:
            "Its key goes with it, for good: messages that were encrypted for it cannot be opened any more. Export it \
               first where you may need it again"
                .to_owned(),
        yes: "Remove",
        refusal: "It was not removed",
        done: format!("Identity {name} was removed"),
        destructive: true,
        command: Box::new(move || IdentityCommand::Remove(removed.clone())),
        asking: Asking::default(),
    }
}

/// Giving a certificate request up.
pub(super) fn forget(request: &ListedRequest) -> Ask {
    let (name, number) = (request.name.clone(), request.number);
    let text = match &request.identity {
        Some(_) => "The CA's answer can still be installed with the identity itself",
        None => "Its key is removed for good: the CA's answer cannot be installed any more",
    };
    Ask {
        title: format!("Give the request for {name} up?"),
        text: text.to_owned(),
        yes: "Give it up",
        refusal: "It was not given up",
        done: format!("The request for {name} was given up"),
        destructive: true,
        command: Box::new(move || IdentityCommand::Forget(name.clone(), number)),
        asking: Asking::default(),
    }
}

/// Giving changes up, or taking them back.
pub(super) fn step(name: &IdentityName, profiles: Vec<ProfileRef>, step: OwnStep) -> Ask {
    let number = count(profiles.len(), "profile");
    let (title, text, yes, refusal, done) = match step {
        OwnStep::Cancel => (
            format!("Cancel the change to {name}?"),
            format!("{number} will go on signing as now. {name} goes on decrypting"),
            "Cancel the change",
            "The change was not cancelled",
            format!("The change to {name} was cancelled for {number}"),
        ),
        OwnStep::RollBack => (
            "Sign with the one before again?".to_owned(),
            format!("{number} will sign at once with what signed before {name}, which the partner still knows"),
            "Roll back",
            "It was not rolled back",
            format!("{number} signed with {name} and signs as before again"),
        ),
    };
    Ask {
        title,
        text,
        yes,
        refusal,
        done,
        destructive: false,
        command: Box::new(move || IdentityCommand::Step(profiles.clone(), step)),
        asking: Asking::default(),
    }
}

impl Dialog for Ask {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.asking.poll(desk).is_some() {
            desk.toasts.done(&self.done, "");
            return Flow::Close;
        }
        let busy = self.asking.busy();
        frame(ctx, "ask", &self.title, "", 480.0, busy, |ui| {
            ui.add(egui::Label::new(RichText::new(&self.text).font(theme::body())).wrap());
            self.asking.show(ui, self.refusal);
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                ui.add_enabled_ui(!busy, |ui| {
                    let button = if self.destructive { danger(ui, self.yes) } else { primary(ui, self.yes) };
                    if button.clicked() {
                        self.asking.ask(desk, (self.command)());
                    }
                    if secondary(ui, "Leave it").clicked() {
                        flow = Flow::Close;
                    }
                });
                flow
            })
        })
    }
}
