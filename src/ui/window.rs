//! The frame around everything: takes what the engine tells, draws the page, does what the views intend.

use std::sync::Arc;

use egui::{CentralPanel, Context, Frame, Ui, ViewportCommand};

use super::date_form::DateForm;
use super::desk::{Answers, Desk};
use super::files::FilePicks;
use super::icon::Icon;
use super::intent::Intent;
use super::lock::Lock;
use super::moment::Moment;
use super::sends::Sends;
use super::shell::{Confirm, Toasts};
use super::theme::tokens;
use super::views::Views;
use super::widgets;
use crate::app::engine::{Answer, Command, Engine, Event, Snapshot};
use crate::app::{AppError, Protection, SendEvent, ToOpen};

/// The window.
pub struct Window {
    engine: Engine,
    snapshot: Option<Arc<Snapshot>>,
    /// Why the workspace could not be read when it was tried last.
    trouble: Option<AppError>,
    answers: Answers,
    intents: Vec<Intent>,
    /// What is to be opened once the workspace has been read.
    to_open: Vec<ToOpen>,
    files: FilePicks,
    sends: Sends,
    toasts: Toasts,
    views: Views,
    /// Set once the user has agreed to close in spite of what is unsaved.
    may_close: bool,
    /// Set once the user has been told that the engine is gone.
    told_failure: bool,
    /// How dates are written.
    dates: DateForm,
    lock: Lock,
}

impl Window {
    /// The window over a running engine.
    #[must_use]
    pub fn new(ctx: &Context, engine: Engine) -> Self {
        Self {
            engine,
            snapshot: None,
            trouble: None,
            answers: Answers::default(),
            intents: Vec::new(),
            to_open: Vec::new(),
            files: FilePicks::new(ctx.clone()),
            sends: Sends::default(),
            toasts: Toasts::default(),
            views: Views::default(),
            may_close: false,
            told_failure: false,
            dates: DateForm::of(ctx),
            lock: Lock::default(),
        }
    }

    /// The workspace as last read, once it has been.
    #[must_use]
    pub const fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// Makes something happen, as a view would.
    pub fn intend(&mut self, intent: Intent) {
        self.intents.push(intent);
    }

    /// Opens what a link leads to, or a file, once the workspace has been read.
    pub fn open(&mut self, what: impl IntoIterator<Item = ToOpen>) {
        self.to_open.extend(what);
    }

    /// From now on it is as on a system that has no file dialogs.
    pub const fn without_file_dialogs(&mut self) {
        self.files.do_without();
    }

    /// Takes what the engine has told since the last frame.
    fn listen(&mut self) {
        while let Some(event) = self.engine.event() {
            match event {
                Event::Snapshot(Ok(snapshot)) => {
                    self.views.connections.refresh();
                    if let Some(inspector) = &mut self.views.inspector {
                        inspector.refresh(&snapshot);
                    }
                    let aged = snapshot.workspace.sample.as_ref().and_then(|sample| sample.aged.as_deref());
                    if let Some(aged) = aged.filter(|_| self.snapshot.is_none()) {
                        self.toasts.warn("This sample is an old one", aged);
                    }
                    if let Some(before) = &self.snapshot {
                        super::connections::tell_sightings(&mut self.toasts, before, &snapshot);
                    }
                    self.snapshot = Some(snapshot);
                    self.trouble = None;
                }
                Event::Snapshot(Err(error)) => self.trouble = Some(error),
                Event::Sending(id, event) => {
                    if matches!(event, SendEvent::Begun { .. }) {
                        self.views.journal_changed();
                    }
                    self.sends.follow(id, event);
                }
                Event::Answered(id, Ok(Answer::Sent(sent))) => self.sends.end(id, Ok(sent)),
                Event::Answered(id, Err(error)) if self.sends.knows(id) => self.sends.end(id, Err(error)),
                Event::Answered(id, answer) => self.answers.put(id, answer),
                Event::Settled(transmission) => self.sends.settle(*transmission),
                Event::Notices(notices) => self.toasts.notices(&notices),
                Event::JournalChanged => self.views.journal_changed(),
                Event::Progress(id, done, total) => self.views.progress(id, done, total),
                Event::Testing(id, progress) => self.views.rollovers.progress(id, progress),
            }
        }
        if let Err(none) = self.files.poll() {
            self.toasts.error("No file was chosen", none);
        }
        if self.engine.has_failed() && !self.told_failure {
            self.told_failure = true;
            // Nothing would ever answer them.
            self.views.close_dialogs();
            self.toasts.error(
                "Countersign has a defect and cannot go on",
                "What was saved and sent is kept. Close the window and open it again, and please report what you did last",
            );
        }
    }

    /// Runs `act` with what the views are given.
    fn with_desk<R>(&mut self, act: impl FnOnce(&mut Views, &mut Desk<'_>) -> R) -> Option<R> {
        let snapshot = self.snapshot.as_ref()?;
        let mut desk = Desk {
            snapshot,
            moment: Moment { dates: self.dates, ..Moment::new(self.engine.now(), self.engine.zone().clone()) },
            sends: &mut self.sends,
            toasts: &mut self.toasts,
            engine: &mut self.engine,
            answers: &mut self.answers,
            intents: &mut self.intents,
            files: &mut self.files,
        };
        Some(act(&mut self.views, &mut desk))
    }

    /// Writes dates as they are chosen to be written. What was written before is written anew with what it is about.
    fn follow_dates(&mut self, ctx: &Context) {
        let dates = DateForm::of(ctx);
        if std::mem::replace(&mut self.dates, dates) != dates && self.snapshot.is_some() {
            self.views.journal_changed();
            // Where no more fit, one is among those that wait.
            self.engine.tell(Command::Refresh).unwrap_or_default();
        }
    }

    /// Does what the views have intended.
    fn act(&mut self, ctx: &Context) {
        for intent in std::mem::take(&mut self.intents) {
            match intent {
                Intent::Quit => {
                    self.may_close = true;
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
                Intent::Lock => self.lock_now(ctx),
                // What was asked for before has its turn again when somebody is there who may see it.
                intent if self.lock.is_on() => self.intents.push(intent),
                intent => drop(self.with_desk(|views, desk| views.carry_out(intent, desk, ctx))),
            }
        }
    }

    /// Whether a passphrase protects the workspace; nothing, as long as that is not known.
    fn by_passphrase(&self) -> Option<bool> {
        let snapshot = self.snapshot.as_ref()?;
        Some(snapshot.workspace.protection == Some(Protection::Passphrase))
    }

    /// Locks the window, or says why that would mean nothing.
    fn lock_now(&mut self, ctx: &Context) {
        if self.by_passphrase() == Some(true) {
            self.lock.turn_on(ctx);
        } else {
            self.toasts.warn(
                "The window cannot be locked",
                "Nothing could be asked for to unlock it: first put the workspace under a passphrase, in Settings > Workspace",
            );
        }
    }

    /// What closing the window would lose, in words; nothing where it would lose nothing.
    fn lost(&self) -> Option<(String, String)> {
        let (unsaved, running, waiting) = (self.views.unsaved(), self.sends.running(), self.views.to_be_sent());
        (unsaved > 0 || running > 0 || waiting > 0).then(|| leaving_words(unsaved, running, waiting))
    }

    /// Asks before closing where something would be lost.
    fn closing(&mut self, ctx: &Context) {
        if !ctx.input(|input| input.viewport().close_requested()) || self.may_close {
            return;
        }
        let Some(lost) = self.lost() else { return };
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        self.with_desk(|views, _| views.ask_to_leave(leaving(lost)));
    }
}

/// What is shown until the workspace has been read, which takes long only where the sample is set up first.
fn waiting(ui: &mut Ui, brings_up_to_date: bool) {
    /// A word that is gone after less would only flicker.
    const SILENT: f64 = 0.25;
    let left = SILENT - ui.input(|input| input.time);
    if left > 0.0 {
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(left));
    } else {
        let colour = tokens(ui.ctx()).muted;
        let words = match brings_up_to_date {
            true => {
                "Bringing the workspace up to date…\nThis is done once after an update. With a large journal it takes some \
                 minutes; nothing is lost if you close the window"
            }
            false => "Opening the workspace…",
        };
        ui.centered_and_justified(|ui| ui.label(egui::RichText::new(words).color(colour)));
    }
}

/// The question before the window is closed.
fn leaving((title, text): (String, String)) -> Confirm {
    Confirm::new(title, text, "Close", |desk| desk.intend(Intent::Quit)).destructive().cancel("Stay")
}

/// Its title and what it says.
fn leaving_words(unsaved: usize, running: usize, waiting: usize) -> (String, String) {
    let changes = super::moment::count(unsaved, "unsaved change");
    // While more are to follow, what is under way need not be a test.
    let sends = super::moment::count(running, if waiting > 0 { "message" } else { "test send" });
    let mut text = Vec::new();
    if unsaved > 0 {
        text.push(format!("{changes} would be lost"));
    }
    match (running, waiting) {
        (0, 0) => {}
        (_, 0) if unsaved == 0 => text.push(format!(
            "{sends} under way. What was sent is in the journal; an answer that comes later is not seen"
        )),
        (_, 0) => text.push(format!("{sends} under way")),
        (0, _) => text.push(format!("{} still to be sent would not be", super::moment::count(waiting, "document"))),
        _ => text.push(format!(
            "{sends} under way, and {} still to be sent would not be",
            super::moment::count(waiting, "document")
        )),
    }
    let title = match (unsaved, running + waiting) {
        (_, 0) => "Close without saving?",
        (0, _) => "Close while sending?",
        _ => "Close while sending, without saving?",
    };
    (title.to_owned(), text.join(", "))
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        super::motion::apply(ctx);
        self.follow_dates(ctx);
        self.listen();
        self.lock.listen(&mut self.answers);
        self.lock.follow(ctx, self.by_passphrase(), self.engine.now());
        self.with_desk(|views, desk| views.listen(desk));
        if self.snapshot.is_some() && !self.lock.is_on() {
            for what in std::mem::take(&mut self.to_open) {
                self.with_desk(|views, desk| views.open(what, desk));
            }
        }
        self.closing(ctx);
        self.act(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        if self.lock.is_on() {
            let lost = self.lost().map(|(_, text)| text);
            self.lock.show(ui, &mut self.engine, lost.as_deref());
            return;
        }
        let drawn = self.with_desk(|views, desk| {
            views.keyboard(&ctx, desk);
            views.dropped(&ctx, desk);
            views.show(ui, desk);
            views.overlays(&ctx, desk);
        });
        let fill = tokens(&ctx).bg;
        if drawn.is_none() {
            CentralPanel::no_frame().frame(Frame::new().fill(fill).inner_margin(20)).show(ui, |ui| {
                match &self.trouble {
                    Some(error) => {
                        let hint = error.what_to_do().unwrap_or_default();
                        let text = format!("{}\n{hint}", error.message());
                        let again = widgets::empty_state(
                            ui,
                            Icon::TriangleAlert,
                            "The workspace cannot be read",
                            &text,
                            |ui| widgets::primary(ui, "Try again").clicked(),
                        );
                        if again && self.engine.tell(Command::Refresh).is_err() {
                            self.toasts.error("Countersign is busy", "Close the window and open it again");
                        }
                    }
                    None => waiting(ui, self.engine.brings_up_to_date()),
                }
            });
        } else if let Some(error) = &self.trouble {
            self.toasts.failed("The workspace could not be read anew", error);
            self.trouble = None;
        }
        if !self.intents.is_empty() {
            ctx.request_repaint();
        }
    }

    fn on_exit(&mut self, #[cfg(feature = "glow")] _gl: Option<&eframe::glow::Context>) {
        self.engine.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_closing_all_is_told_that_would_not_happen() {
        let text = |unsaved, running, waiting| leaving_words(unsaved, running, waiting).1;
        assert_eq!(text(1, 0, 0), "1 unsaved change would be lost");
        assert_eq!(text(0, 0, 3), "3 documents still to be sent would not be");
        assert_eq!(text(0, 1, 3), "1 message under way, and 3 documents still to be sent would not be");
        assert_eq!(text(2, 1, 0), "2 unsaved changes would be lost, 1 test send under way");
        assert_eq!(leaving_words(1, 0, 1).0, "Close while sending, without saving?");
    }
}
