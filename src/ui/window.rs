//! The frame around everything: takes what the engine tells, draws the page, does what the views intend.

use std::sync::Arc;

use egui::{CentralPanel, Context, Frame, Key, Panel, Ui, ViewportCommand};

use super::command::UiCommand;
use super::connections::{self, ConnectionsPage};
use super::desk::{Answers, Desk};
use super::dialog::{Dialog, Dropped, Flow};
use super::files::FilePicks;
use super::icon::Icon;
use super::inspector::Inspector;
use super::intent::{InspectorTab, Intent, Page};
use super::moment::Moment;
use super::sends::Sends;
use super::shell::{self, Confirm, Palette, Toasts};
use super::test_send::TestSendPage;
use super::theme::{self, tokens};
use super::transmissions::TransmissionsPage;
use super::widgets;
use crate::app::engine::{Answer, Command, Engine, Event, Snapshot};
use crate::app::{AppError, SendEvent};
use crate::domain::identifier::ConnectionId;

/// The window.
pub struct Window {
    engine: Engine,
    snapshot: Option<Arc<Snapshot>>,
    /// Why the workspace could not be read when it was tried last.
    trouble: Option<AppError>,
    answers: Answers,
    intents: Vec<Intent>,
    files: FilePicks,
    sends: Sends,
    toasts: Toasts,
    views: Views,
    /// Set once the user has agreed to close in spite of what is unsaved.
    may_close: bool,
}

/// Everything that is shown, with its state.
struct Views {
    page: Page,
    connections: ConnectionsPage,
    transmissions: TransmissionsPage,
    test_send: Option<TestSendPage>,
    inspector: Option<Inspector>,
    dialogs: Vec<Box<dyn Dialog>>,
    palette: Palette,
    errands: connections::FileErrands,
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
            files: FilePicks::new(ctx.clone()),
            sends: Sends::default(),
            toasts: Toasts::default(),
            views: Views {
                page: Page::Connections,
                connections: ConnectionsPage::default(),
                transmissions: TransmissionsPage::default(),
                test_send: None,
                inspector: None,
                dialogs: Vec::new(),
                palette: Palette::default(),
                errands: connections::FileErrands::default(),
            },
            may_close: false,
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
                Event::JournalChanged => self.views.journal_changed(),
            }
        }
        self.files.poll();
    }

    /// Runs `act` with what the views are given.
    fn with_desk<R>(&mut self, act: impl FnOnce(&mut Views, &mut Desk<'_>) -> R) -> Option<R> {
        let snapshot = self.snapshot.as_ref()?;
        let mut desk = Desk {
            snapshot,
            moment: Moment { now: self.engine.now(), zone: self.engine.zone().clone() },
            sends: &mut self.sends,
            toasts: &mut self.toasts,
            engine: &mut self.engine,
            answers: &mut self.answers,
            intents: &mut self.intents,
            files: &mut self.files,
        };
        Some(act(&mut self.views, &mut desk))
    }

    /// Does what the views have intended.
    fn act(&mut self, ctx: &Context) {
        for intent in std::mem::take(&mut self.intents) {
            if let Intent::Quit = intent {
                self.may_close = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
                continue;
            }
            self.with_desk(|views, desk| views.carry_out(intent, desk, ctx));
        }
    }

    /// Asks before closing where something would be lost.
    fn closing(&mut self, ctx: &Context) {
        if !ctx.input(|input| input.viewport().close_requested()) || self.may_close {
            return;
        }
        let unsaved = self.views.inspector.as_ref().map_or(0, Inspector::unsaved);
        let running = self.sends.running();
        if unsaved == 0 && running == 0 {
            return;
        }
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        self.with_desk(|views, _| {
            if views.dialogs.is_empty() {
                views.dialogs.push(Box::new(leaving(unsaved, running)));
            }
        });
    }
}

/// What is shown until the workspace has been read, which takes long only where the sample is set up first.
fn waiting(ui: &mut Ui) {
    /// A word that is gone after less would only flicker.
    const SILENT: f64 = 0.25;
    let left = SILENT - ui.input(|input| input.time);
    if left > 0.0 {
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(left));
    } else {
        let colour = tokens(ui.ctx()).muted;
        ui.centered_and_justified(|ui| ui.label(egui::RichText::new("Opening the workspace…").color(colour)));
    }
}

/// The question before the window is closed.
fn leaving(unsaved: usize, running: usize) -> Confirm {
    let changes = super::moment::count(unsaved, "unsaved change");
    let sends = super::moment::count(running, "test send");
    let (title, text) = match (unsaved, running) {
        (_, 0) => ("Close without saving?".to_owned(), format!("{changes} would be lost")),
        (0, _) => (
            "Close while sending?".to_owned(),
            format!("{sends} under way. What was sent is in the journal; an answer that comes later is not seen"),
        ),
        _ => ("Close while sending, without saving?".to_owned(), format!("{changes} would be lost, {sends} under way")),
    };
    Confirm::new(title, text, "Close", |desk| desk.intend(Intent::Quit)).destructive().cancel("Stay")
}

impl Views {
    /// The journal has changed: what is shown of it is to be read anew.
    fn journal_changed(&mut self) {
        self.transmissions.refresh();
        if let Some(inspector) = &mut self.inspector {
            inspector.journal_changed();
        }
    }

    fn carry_out(&mut self, intent: Intent, desk: &mut Desk<'_>, ctx: &Context) {
        match intent {
            Intent::Go(page) => self.go(page),
            Intent::Inspect { connection, profile, tab } => {
                self.page = Page::Connections;
                let other = self.inspector.as_ref().filter(|inspector| *inspector.connection() != connection);
                if let Some(unsaved) = other.map(Inspector::unsaved).filter(|unsaved| *unsaved > 0) {
                    let next = move || Intent::Inspect { connection: connection.clone(), profile, tab };
                    self.ask_about_unsaved(unsaved, next);
                } else {
                    self.inspect(connection, desk, |inspector| inspector.show_on(profile, tab));
                }
            }
            Intent::CloseInspector => match self.inspector.as_ref().map_or(0, Inspector::unsaved) {
                0 => self.inspector = None,
                unsaved => self.ask_about_unsaved(unsaved, || Intent::CloseInspector),
            },
            Intent::DiscardChanges => {
                if let Some(inspector) = &mut self.inspector {
                    inspector.discard();
                }
            }
            Intent::ProposeSetting { connection, profile, setting, value } => {
                self.page = Page::Connections;
                self.inspect(connection, desk, |inspector| {
                    inspector.show_on(Some(profile), Some(InspectorTab::Settings));
                    inspector.propose(profile, &setting, value.as_deref());
                });
            }
            Intent::NewCertificate { connection, profile, source } => {
                let connection = connection.or_else(|| self.selected().cloned());
                self.dialogs
                    .push(Box::new(super::certificate::CertificateDialog::new(connection, profile, source, desk)));
            }
            Intent::NewConnection => self.dialogs.push(Box::new(connections::NewConnection::new(desk))),
            Intent::Duplicate(id) => self.dialogs.push(Box::new(connections::Duplicate::new(id, desk))),
            Intent::Remove(id) => self.dialogs.push(Box::new(connections::remove(&id, desk))),
            Intent::ImportConnectionFile => self.errands.pick_connection(desk),
            Intent::AddConnectionFile(file) => self.errands.add(file, false, desk),
            Intent::ReplaceConnectionFile(file) => self.errands.add(file, true, desk),
            Intent::ExportConnection(id) => self.errands.export(id, desk),
            Intent::ShowTransmission(id) => {
                self.go(Page::Transmissions);
                self.transmissions.open(id);
            }
            Intent::Open(dialog) => self.dialogs.push(dialog),
            Intent::OpenSample => self.errands.open_sample(desk),
            Intent::OpenPalette => self.palette.open(),
            Intent::Refresh => {
                if desk.ask(|_| Command::Refresh).is_some() {
                    self.journal_changed();
                }
            }
            // Done by the window itself.
            Intent::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    fn go(&mut self, page: Page) {
        if let Page::TestSend(connection) = &page
            && self.test_send.as_ref().is_none_or(|shown| shown.connection() != connection)
        {
            self.test_send = Some(TestSendPage::new(connection.clone()));
        }
        self.page = page;
    }

    fn selected(&self) -> Option<&ConnectionId> {
        match &self.page {
            Page::TestSend(connection) => Some(connection),
            _ => self.inspector.as_ref().map(Inspector::connection),
        }
    }

    fn inspect(&mut self, connection: ConnectionId, desk: &Desk<'_>, then: impl FnOnce(&mut Inspector)) {
        if self.inspector.as_ref().is_none_or(|inspector| *inspector.connection() != connection) {
            self.inspector = Inspector::new(connection, desk.snapshot);
        }
        if let Some(inspector) = &mut self.inspector {
            then(inspector);
        }
    }

    /// Asks what is to become of unsaved changes before `next` is done.
    fn ask_about_unsaved(&mut self, unsaved: usize, next: impl Fn() -> Intent + 'static) {
        let text = format!("{} to this connection", super::moment::count(unsaved, "unsaved change"));
        let question = Confirm::new("Leave without saving?", text, "Discard changes", move |desk| {
            desk.intend(Intent::DiscardChanges);
            desk.intend(next());
        });
        self.dialogs.push(Box::new(question.destructive().cancel("Keep editing")));
    }

    /// What the keyboard asks for.
    fn keyboard(&mut self, ctx: &Context, desk: &mut Desk<'_>) {
        for command in UiCommand::pressed(ctx) {
            self.give(command, desk, ctx);
        }
        let idle = self.dialogs.is_empty()
            && ctx.memory(|memory| memory.top_modal_layer().is_none() && memory.focused().is_none())
            && !egui::Popup::is_any_open(ctx);
        if idle && ctx.input(|input| input.key_pressed(Key::Escape)) {
            match self.page {
                Page::TestSend(_) => desk.intend(Intent::Go(Page::Connections)),
                Page::Transmissions => self.transmissions.close_detail(),
                Page::Connections => desk.intend(Intent::CloseInspector),
            }
        }
        if let Some(pasted) = pasted_certificate(ctx)
            && self.dialogs.is_empty()
        {
            desk.intend(Intent::NewCertificate { connection: None, profile: None, source: Some(pasted) });
        }
    }

    fn give(&mut self, command: UiCommand, desk: &mut Desk<'_>, ctx: &Context) {
        match command {
            UiCommand::Find => self.palette.open(),
            UiCommand::Search => match self.page {
                Page::Transmissions => self.transmissions.focus_search(),
                _ => {
                    self.page = Page::Connections;
                    self.connections.focus_search();
                }
            },
            UiCommand::Connections => desk.intend(Intent::Go(Page::Connections)),
            UiCommand::Transmissions => desk.intend(Intent::Go(Page::Transmissions)),
            UiCommand::NewConnection => desk.intend(Intent::NewConnection),
            UiCommand::ImportConnection => desk.intend(Intent::ImportConnectionFile),
            UiCommand::NewCertificate => {
                desk.intend(Intent::NewCertificate { connection: None, profile: None, source: None });
            }
            UiCommand::TestSend => {
                if let Some(connection) = self.selected().cloned() {
                    desk.intend(Intent::Go(Page::TestSend(connection)));
                } else {
                    desk.toasts.warn("Select a connection first", "A test send goes to one connection");
                }
            }
            UiCommand::Save => {
                if let Some(inspector) = &mut self.inspector {
                    inspector.save(desk);
                }
            }
            UiCommand::Undo => {
                if let Some(inspector) = &mut self.inspector {
                    inspector.undo();
                }
            }
            UiCommand::Redo => {
                if let Some(inspector) = &mut self.inspector {
                    inspector.redo();
                }
            }
            UiCommand::Refresh => desk.intend(Intent::Refresh),
            UiCommand::Light => ctx.set_theme(egui::ThemePreference::Light),
            UiCommand::Dark => ctx.set_theme(egui::ThemePreference::Dark),
            UiCommand::System => ctx.set_theme(egui::ThemePreference::System),
            UiCommand::Sample => desk.intend(Intent::OpenSample),
            UiCommand::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    /// Takes files that were dropped onto the window.
    fn dropped(&mut self, ctx: &Context, desk: &mut Desk<'_>) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        for file in dropped {
            let mut file = Some(Dropped { path: file.path().to_owned() });
            if let Some(dialog) = self.dialogs.last_mut() {
                file = file.and_then(|file| dialog.drop_file(file, desk));
            }
            let Some(Dropped { path }) = file else { continue };
            if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml")) {
                desk.intend(Intent::AddConnectionFile(path));
            } else if let (Page::TestSend(_), Some(page), false) =
                (&self.page, &mut self.test_send, is_certificate(&path))
            {
                page.take_file(path);
            } else {
                let source = Some(crate::app::CertificateSource::File(path));
                desk.intend(Intent::NewCertificate { connection: None, profile: None, source });
            }
        }
    }

    fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        shell::nav(ui, &self.page, desk);
        let narrow = ui.ctx().content_rect().width() < theme::NARROW;
        if self.page == Page::Connections
            && let Some(inspector) = &mut self.inspector
        {
            let tokens = tokens(ui.ctx());
            let frame = Frame::new().fill(tokens.panel).inner_margin(egui::Margin::symmetric(18, 16));
            if narrow {
                CentralPanel::no_frame().frame(frame).show(ui, |ui| inspector.show(ui, desk));
                return;
            }
            Panel::right("inspector")
                .resizable(true)
                .default_size(theme::INSPECTOR)
                .size_range(380.0..=720.0)
                .frame(frame)
                .show(ui, |ui| inspector.show(ui, desk));
        }
        let margin = egui::Margin { left: theme::PAGE_MARGIN, right: theme::PAGE_MARGIN, top: 16, bottom: 16 };
        let frame = Frame::new().fill(tokens(ui.ctx()).bg).inner_margin(margin);
        if self.page == Page::Transmissions {
            self.transmissions.show(ui, desk, narrow);
            return;
        }
        CentralPanel::no_frame().frame(frame).show(ui, |ui| match &self.page {
            Page::TestSend(_) => {
                if let Some(page) = &mut self.test_send {
                    page.show(ui, desk);
                }
            }
            Page::Connections | Page::Transmissions => {
                let selected =
                    self.inspector.as_ref().map(|inspector| (inspector.connection().clone(), inspector.profile()));
                self.connections.show(ui, desk, selected.as_ref());
            }
        });
    }

    fn overlays(&mut self, ctx: &Context, desk: &mut Desk<'_>) {
        if let Some(top) = self.dialogs.len().checked_sub(1) {
            for index in 0..=top {
                if self.dialogs[index].show(ctx, desk) == Flow::Close {
                    self.dialogs.remove(index);
                    break;
                }
            }
        }
        match self.palette.show(ctx, desk.snapshot) {
            Some(shell::Found::Connection(connection)) => {
                desk.intend(Intent::Go(Page::Connections));
                desk.intend(Intent::Inspect { connection, profile: None, tab: None });
            }
            Some(shell::Found::Command(command)) => self.give(command, desk, ctx),
            None => {}
        }
        shell::drop_hint(ctx);
        desk.toasts.show(ctx, desk.moment.now);
    }
}

/// Whether a file is called as certificates are. What it holds is looked at only when it is opened.
fn is_certificate(path: &std::path::Path) -> bool {
    const ENDS: [&str; 8] = ["cer", "crt", "pem", "der", "p7b", "p7c", "p12", "pfx"];
    path.extension().is_some_and(|end| ENDS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// A certificate that was pasted while nothing was typed into.
fn pasted_certificate(ctx: &Context) -> Option<crate::app::CertificateSource> {
    if ctx.text_edit_focused() {
        return None;
    }
    ctx.input(|input| {
        input.events.iter().find_map(|event| match event {
            egui::Event::Paste(text) if text.contains("-----BEGIN") => Some(crate::app::CertificateSource::Bytes {
                name: "pasted".to_owned(),
                bytes: text.clone().into_bytes(),
            }),
            _ => None,
        })
    })
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.listen();
        self.with_desk(|views, desk| views.errands.poll(desk));
        self.closing(ctx);
        self.act(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
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
                    None => waiting(ui),
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
