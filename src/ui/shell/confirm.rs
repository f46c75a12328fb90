//! The question before something that cannot be taken back.

use egui::{Context, RichText};

use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::widgets::{danger, primary, secondary};
use crate::ui::{focus, theme};

/// One of the answers, and what it does.
type Answer = (String, Box<dyn FnOnce(&mut Desk<'_>)>);

/// A question with two answers: the one it is about, and not now.
pub(crate) struct Confirm {
    title: String,
    text: String,
    yes: Option<Answer>,
    cancel: String,
    destructive: bool,
}

impl Confirm {
    /// A question whose answer does what it says.
    pub(crate) fn new(
        title: impl Into<String>,
        text: impl Into<String>,
        answer: impl Into<String>,
        act: impl FnOnce(&mut Desk<'_>) + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            text: text.into(),
            yes: Some((answer.into(), Box::new(act))),
            cancel: "Cancel".to_owned(),
            destructive: false,
        }
    }

    /// The answer takes something away for good.
    #[must_use]
    pub(crate) fn destructive(mut self) -> Self {
        self.destructive = true;
        self
    }

    /// With another word for not now.
    #[must_use]
    pub(crate) fn cancel(mut self, word: impl Into<String>) -> Self {
        self.cancel = word.into();
        self
    }
}

impl Dialog for Confirm {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        let mut taken: Option<Answer> = None;
        let flow = frame(ctx, "confirm", &self.title, "", 480.0, false, |ui| {
            ui.add(egui::Label::new(RichText::new(&self.text).font(theme::body())).wrap());
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                if let Some((label, _)) = &self.yes {
                    let button = if self.destructive { danger(ui, label) } else { primary(ui, label) };
                    // Whoever presses Enter once too often has not been asked.
                    focus::avoid(ui.ctx(), button.id);
                    if button.clicked() {
                        taken = self.yes.take();
                        flow = Flow::Close;
                    }
                }
                if secondary(ui, &self.cancel).clicked() {
                    flow = Flow::Close;
                }
                flow
            })
        });
        if let Some((_, act)) = taken {
            act(desk);
        }
        flow
    }
}
