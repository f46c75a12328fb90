//! Everything that is shown: the page, the inspector beside it, the dialogs on top, and what the keyboard and the intents
//! do to them.

mod dropped;
mod given;
mod history;

use egui::{CentralPanel, Context, Frame, Key, Panel, Ui, ViewportCommand};

use super::certificates::{CertificatesPage, ScheduleActs};
use super::command::UiCommand;
use super::connections::{self, ConnectionsPage};
use super::desk::Desk;
use super::dialog::{Dialog, Flow};
use super::focus::{self, Part};
use super::inspector::Inspector;
use super::intent::{InspectorTab, Intent, Page, SettingsSection};
use super::notices::{NoticeFiles, NoticesPage, ReportDialog};
use super::policies::{PoliciesPage, PolicyErrands, PolicyIntent};
use super::rollovers::{RolloversPage, StartDialog};
use super::send_files::SendFiles;
use super::settings::SettingsPage;
use super::shell::{self, Confirm, Palette};
use super::test_send::TestSendPage;
use super::theme::{self, tokens};
use super::transmissions::TransmissionsPage;
use super::widgets::row_has_focus;
use crate::app::engine::{Command, RequestId};
use crate::domain::identifier::ConnectionId;
use dropped::pasted_certificate;
use history::History;

/// Everything that is shown, with its state.
#[derive(Default)]
pub(super) struct Views {
    pub(super) page: Page,
    pub(super) connections: ConnectionsPage,
    certificates: CertificatesPage,
    schedules: ScheduleActs,
    transmissions: TransmissionsPage,
    policies: PoliciesPage,
    policy_errands: PolicyErrands,
    pub(super) rollovers: RolloversPage,
    test_send: Option<TestSendPage>,
    settings: SettingsPage,
    notices: NoticesPage,
    notice_files: NoticeFiles,
    pub(super) inspector: Option<Inspector>,
    dialogs: Vec<Box<dyn Dialog>>,
    palette: Palette,
    errands: connections::FileErrands,
    put_back: connections::PutBack,
    /// What had the keyboard before the dialogs.
    before: focus::Before,
    history: History,
    /// Whether something other than a row of a table had the keyboard in the frame before.
    was_focused: bool,
    /// Where in the stack the question before closing the window lies, as long as it does.
    leaving: Option<usize>,
}

impl Views {
    /// The journal has changed: what is shown of it is to be read anew.
    pub(super) fn journal_changed(&mut self) {
        self.transmissions.refresh();
        self.rollovers.journal_changed();
        if let Some(inspector) = &mut self.inspector {
            inspector.journal_changed();
        }
    }

    /// So much of a piece of work is done.
    pub(super) fn progress(&mut self, id: RequestId, done: u64, total: u64) {
        self.settings.workspace.progress(id, done, total);
        for dialog in &mut self.dialogs {
            dialog.progress(id, done, total);
        }
    }

    pub(super) fn carry_out(&mut self, intent: Intent, desk: &mut Desk<'_>, ctx: &Context) {
        match intent {
            Intent::Go(page) => self.go(page),
            Intent::Inspect { connection, profile, tab } => {
                self.page = Page::Connections;
                if self.may_leave_for(&connection, || Intent::Inspect { connection: connection.clone(), profile, tab })
                {
                    self.inspect(connection, desk, |inspector| inspector.show_on(profile, tab));
                }
            }
            Intent::CloseInspector => match self.inspector.as_ref().map_or(0, Inspector::unsaved) {
                0 => self.inspector = None,
                unsaved => self.ask_about_unsaved(unsaved, Intent::CloseInspector),
            },
            Intent::DiscardChanges => {
                if let Some(inspector) = &mut self.inspector {
                    inspector.discard();
                }
            }
            Intent::ProposeSetting { connection, profile, setting, value } => {
                self.page = Page::Connections;
                let again = || Intent::ProposeSetting {
                    connection: connection.clone(),
                    profile,
                    setting: setting.clone(),
                    value: value.clone(),
                };
                if self.may_leave_for(&connection, again) {
                    self.inspect(connection, desk, |inspector| {
                        inspector.show_on(Some(profile), Some(InspectorTab::Settings));
                        inspector.propose(profile, &setting, value.as_deref());
                    });
                }
            }
            Intent::NewCertificate { connection, profile, source } => {
                let connection = connection.or_else(|| self.selected().cloned());
                self.dialogs
                    .push(Box::new(super::certificate::CertificateDialog::new(connection, profile, source, desk)));
            }
            Intent::ShowCertificate(fingerprint) => {
                self.go(Page::Certificates);
                self.certificates.open(fingerprint);
            }
            Intent::ChangeSchedule(profiles, act) => self.schedules.change(profiles, act, desk),
            Intent::UndoSchedule(changes) => self.schedules.undo(changes, desk),
            Intent::UndoMany(done) => self.connections.undo(done, desk),
            Intent::NewConnection => self.dialogs.push(Box::new(connections::NewConnection::new(desk))),
            Intent::Duplicate(id) => self.dialogs.push(Box::new(connections::Duplicate::new(id, desk))),
            Intent::Remove(id) => self.dialogs.push(Box::new(connections::remove(&id, desk))),
            Intent::PutBack(before) => self.put_back.begin(before, desk),
            Intent::ImportConnectionFile => self.errands.pick_connection(desk),
            Intent::ImportOpenAs2(file) => self.dialogs.push(Box::new(connections::ImportOpenAs2::new(file, desk))),
            Intent::AddConnectionFile(file) => self.errands.add(file, false, desk),
            Intent::ReplaceConnectionFile(file) => self.errands.add(file, true, desk),
            Intent::ExportConnection(id) => self.errands.export(id, desk),
            Intent::SendTest { connection, profiles } => {
                self.go(Page::TestSend(connection));
                if let Some(page) = &mut self.test_send {
                    page.begin(&profiles, desk);
                }
            }
            Intent::SendFiles { connection, profile, files } => {
                self.dialogs.push(Box::new(SendFiles::new(connection, profile, files, desk, ctx)));
            }
            Intent::NewRollover(source) => self.dialogs.push(Box::new(StartDialog::new(source, desk))),
            Intent::ShowRollover(id) => {
                self.go(Page::Rollovers);
                self.rollovers.open(id);
            }
            Intent::CloseRollover => self.rollovers.close(),
            Intent::FollowTests(request, id) => self.rollovers.follow(request, id),
            Intent::ShowTransmission(id) => {
                self.go(Page::Transmissions);
                self.transmissions.open(id);
            }
            Intent::Policies(intent) => {
                if let Some(page) = self.policies.carry_out(intent, &mut self.policy_errands, desk) {
                    self.go(page);
                }
            }
            Intent::Open(dialog) => self.dialogs.push(dialog),
            Intent::WriteNoticeFile(what) => self.notice_files.pick(what, desk),
            Intent::OpenSample => self.errands.open_sample(desk),
            Intent::Workspace(command) => self.settings.workspace.carry_out(command, desk),
            Intent::OpenPalette => self.palette.open(),
            Intent::Refresh => {
                if desk.ask(|_| Command::Refresh).is_some() {
                    self.journal_changed();
                }
            }
            // Done by the window itself.
            Intent::Lock => {}
            Intent::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    fn go(&mut self, page: Page) {
        if page != self.page
            && let Some(test_send) = &mut self.test_send
        {
            test_send.leave();
        }
        if let Page::TestSend(connection) = &page
            && self.test_send.as_ref().is_none_or(|shown| shown.connection() != connection)
        {
            self.test_send = Some(TestSendPage::new(connection.clone()));
        }
        self.page = page;
    }

    /// The connection that is seen: that of the test send, or of the inspector beside the matrix.
    fn selected(&self) -> Option<&ConnectionId> {
        match &self.page {
            Page::TestSend(connection) => Some(connection),
            Page::Connections => self.inspector.as_ref().map(Inspector::connection),
            Page::Certificates
            | Page::Transmissions
            | Page::Rollovers
            | Page::Policies
            | Page::Settings(_)
            | Page::Notices => None,
        }
    }

    /// The inspector where it is seen: keys do nothing to what is not.
    fn seen_inspector(&mut self) -> Option<&mut Inspector> {
        self.inspector.as_mut().filter(|_| self.page == Page::Connections)
    }

    fn inspect(&mut self, connection: ConnectionId, desk: &Desk<'_>, then: impl FnOnce(&mut Inspector)) {
        if self.inspector.as_ref().is_none_or(|inspector| *inspector.connection() != connection) {
            self.inspector = Inspector::new(connection, desk.snapshot);
        }
        if let Some(inspector) = &mut self.inspector {
            then(inspector);
        }
    }

    /// Whether the inspector can be given to a connection; asks where that would lose changes to another.
    fn may_leave_for(&mut self, connection: &ConnectionId, next: impl FnOnce() -> Intent) -> bool {
        let other = self.inspector.as_ref().filter(|inspector| inspector.connection() != connection);
        let unsaved = other.map_or(0, Inspector::unsaved);
        if unsaved > 0 {
            self.ask_about_unsaved(unsaved, next());
        }
        unsaved == 0
    }

    /// Asks what is to become of unsaved changes before `next` is done.
    fn ask_about_unsaved(&mut self, unsaved: usize, next: Intent) {
        let text = format!("{} to this connection", super::moment::count(unsaved, "unsaved change"));
        let question = Confirm::new("Leave without saving?", text, "Discard changes", move |desk| {
            desk.intend(Intent::DiscardChanges);
            desk.intend(next);
        });
        self.dialogs.push(Box::new(question.destructive().cancel("Keep editing")));
    }

    /// What the keyboard asks for.
    pub(super) fn keyboard(&mut self, ctx: &Context, desk: &mut Desk<'_>) {
        for command in UiCommand::pressed(ctx) {
            self.give(command, desk, ctx);
        }
        // Escape has taken the focus away already; whether there was one is known from the frame before.
        let idle = self.dialogs.is_empty()
            && !self.was_focused
            && ctx.memory(|memory| memory.top_modal_layer().is_none())
            && !egui::Popup::is_any_open(ctx);
        if idle && ctx.input(|input| input.key_pressed(Key::Escape)) {
            match self.page {
                Page::TestSend(_) => desk.intend(Intent::Go(Page::Connections)),
                Page::Certificates => self.certificates.close_detail(),
                Page::Transmissions => self.transmissions.close_detail(),
                Page::Policies => self.policies.escape(desk),
                Page::Settings(_) | Page::Notices => {}
                Page::Rollovers => self.rollovers.back(),
                Page::Connections if self.connections.give_selection_up() => {}
                Page::Connections => desk.intend(Intent::CloseInspector),
            }
        }
        if let Some(pasted) = pasted_certificate(ctx)
            && self.dialogs.is_empty()
        {
            desk.intend(match self.page {
                Page::Rollovers => Intent::NewRollover(Some(pasted)),
                _ => Intent::NewCertificate { connection: None, profile: None, source: Some(pasted) },
            });
        }
    }

    fn give(&mut self, command: UiCommand, desk: &mut Desk<'_>, ctx: &Context) {
        match command {
            UiCommand::Find => self.palette.open(),
            UiCommand::Search => match self.page {
                Page::Certificates => self.certificates.focus_search(),
                Page::Transmissions => self.transmissions.focus_search(),
                Page::Policies => self.policies.focus_search(),
                Page::Rollovers => self.rollovers.focus_search(),
                _ => {
                    self.page = Page::Connections;
                    self.connections.focus_search();
                }
            },
            UiCommand::Connections => desk.intend(Intent::Go(Page::Connections)),
            UiCommand::Certificates => desk.intend(Intent::Go(Page::Certificates)),
            UiCommand::Transmissions => desk.intend(Intent::Go(Page::Transmissions)),
            UiCommand::Compare => {
                desk.intend(Intent::Go(Page::Transmissions));
                self.transmissions.compare(desk);
            }
            UiCommand::Policies => desk.intend(Intent::Go(Page::Policies)),
            UiCommand::ImportPolicy => desk.intend(Intent::Policies(PolicyIntent::Import)),
            UiCommand::Notices => desk.intend(Intent::Go(Page::Notices)),
            UiCommand::Report => self.dialogs.push(Box::<ReportDialog>::default()),
            UiCommand::Calendar => self.notice_files.pick(super::notices::NoticeFile::Calendar, desk),
            UiCommand::Settings => desk.intend(Intent::Go(Page::Settings(SettingsSection::default()))),
            UiCommand::Rollovers => desk.intend(Intent::Go(Page::Rollovers)),
            UiCommand::NewRollover => desk.intend(Intent::NewRollover(None)),
            UiCommand::NewConnection => desk.intend(Intent::NewConnection),
            UiCommand::ImportConnection => desk.intend(Intent::ImportConnectionFile),
            UiCommand::ImportOpenAs2 => desk.intend(Intent::ImportOpenAs2(None)),
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
            UiCommand::Save if self.page == Page::Policies => self.policies.save(desk),
            UiCommand::Undo if self.page == Page::Policies => self.policies.undo(),
            UiCommand::Redo if self.page == Page::Policies => self.policies.redo(),
            UiCommand::Save => {
                if let Some(inspector) = self.seen_inspector() {
                    inspector.save(desk);
                }
            }
            UiCommand::Undo => {
                // First what is being edited, then what was done last.
                let in_draft = self.seen_inspector().is_some_and(Inspector::undo);
                if !in_draft && let Some(undo) = desk.toasts.take_undo() {
                    undo(desk);
                }
            }
            UiCommand::Redo => {
                if let Some(inspector) = self.seen_inspector() {
                    inspector.redo();
                }
            }
            UiCommand::Back | UiCommand::Forward => self.travel(command == UiCommand::Forward, desk, ctx),
            UiCommand::NextPart => focus::next(ctx),
            UiCommand::Messages => self.dialogs.push(Box::new(shell::Messages)),
            UiCommand::Shortcuts => self.dialogs.push(Box::new(shell::ShortcutSheet)),
            UiCommand::Refresh => desk.intend(Intent::Refresh),
            UiCommand::Light => ctx.set_theme(egui::ThemePreference::Light),
            UiCommand::Dark => ctx.set_theme(egui::ThemePreference::Dark),
            UiCommand::System => ctx.set_theme(egui::ThemePreference::System),
            UiCommand::Sample => desk.intend(Intent::OpenSample),
            UiCommand::Lock => desk.intend(Intent::Lock),
            UiCommand::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.note_place(ui.ctx());
        shell::nav(ui, &self.page, desk);
        let narrow = ui.ctx().content_rect().width() < theme::NARROW;
        if self.page == Page::Connections
            && let Some(inspector) = &mut self.inspector
        {
            let tokens = tokens(ui.ctx());
            let frame = Frame::new().fill(tokens.panel).inner_margin(egui::Margin::symmetric(18, 16));
            if narrow {
                let shown = CentralPanel::no_frame().frame(frame).show(ui, |ui| inspector.show(ui, desk));
                focus::place(ui.ctx(), Part::Inspector, shown.response.rect);
                return;
            }
            let shown = Panel::right("inspector")
                .resizable(true)
                .default_size(theme::INSPECTOR)
                .size_range(theme::inspector(ui.ctx()))
                .frame(frame)
                .show(ui, |ui| inspector.show(ui, desk));
            focus::place(ui.ctx(), Part::Inspector, shown.response.rect);
        }
        focus::place(ui.ctx(), Part::Work, ui.available_rect_before_wrap());
        let margin = egui::Margin { left: theme::PAGE_MARGIN, right: theme::PAGE_MARGIN, top: 16, bottom: 16 };
        let frame = Frame::new().fill(tokens(ui.ctx()).bg).inner_margin(margin);
        if self.page == Page::Certificates {
            self.certificates.show(ui, desk, narrow);
            return;
        }
        if self.page == Page::Transmissions {
            self.transmissions.show(ui, desk, narrow);
            return;
        }
        if self.page == Page::Policies {
            self.policies.show(ui, desk, narrow);
            return;
        }
        CentralPanel::no_frame().frame(frame).show(ui, |ui| match &self.page {
            Page::TestSend(_) => {
                if let Some(page) = &mut self.test_send {
                    page.show(ui, desk);
                }
            }
            Page::Notices => self.notices.show(ui, desk),
            Page::Settings(section) => self.settings.show(ui, *section, desk),
            Page::Rollovers => self.rollovers.show(ui, desk),
            Page::Connections | Page::Certificates | Page::Transmissions | Page::Policies => {
                let selected =
                    self.inspector.as_ref().map(|inspector| (inspector.connection().clone(), inspector.profile()));
                self.connections.show(ui, desk, selected.as_ref());
            }
        });
    }

    pub(super) fn overlays(&mut self, ctx: &Context, desk: &mut Desk<'_>) {
        self.before.note(ctx, self.dialogs.len());
        // Only the top one is shown: a click must not act in two, and what lies below has its turn again.
        if let Some(top) = self.dialogs.last_mut()
            && top.show(ctx, desk) == Flow::Close
        {
            self.dialogs.pop();
            ctx.request_repaint();
        }
        self.before.follow(ctx, self.dialogs.len());
        match self.palette.show(ctx, desk) {
            Some(shell::Found::Command(command)) => self.give(command, desk, ctx),
            Some(found) => found.intents().into_iter().for_each(|intent| desk.intend(intent)),
            None => {}
        }
        shell::drop_hint(ctx, || self.dropping(desk));
        if let Some(taken) = desk.toasts.show(ctx, desk.moment.now) {
            taken(desk);
        }
        focus::follow(ctx);
        self.was_focused = ctx.memory(|memory| memory.focused().is_some()) && !row_has_focus(ctx);
    }

    /// Takes what the engine has answered to what is not seen at the moment.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) {
        self.errands.poll(desk);
        self.put_back.poll(desk);
        self.connections.listen(desk);
        self.policy_errands.poll(desk);
        self.policies.listen(desk);
        self.transmissions.listen(desk);
        self.schedules.listen(desk);
        self.certificates.listen(desk);
        self.rollovers.listen(desk);
        self.notice_files.poll(desk);
        self.settings.workspace.listen(desk);
        if let Some(inspector) = &mut self.inspector {
            inspector.listen(desk);
        }
    }

    /// How many changes are not saved, wherever they are made.
    pub(super) fn unsaved(&self) -> usize {
        self.inspector.as_ref().map_or(0, Inspector::unsaved) + self.policies.unsaved()
    }

    /// How many documents were to be sent again and have not begun yet.
    pub(super) fn to_be_sent(&self) -> usize {
        self.transmissions.to_be_sent()
    }

    /// Closes whatever waits for an answer.
    pub(super) fn close_dialogs(&mut self) {
        self.dialogs.clear();
    }

    /// Asks before the window is closed, on top of whatever is open.
    pub(super) fn ask_to_leave(&mut self, question: Confirm) {
        if self.leaving.is_none_or(|place| place >= self.dialogs.len()) {
            self.leaving = Some(self.dialogs.len());
            self.dialogs.push(Box::new(question));
        }
    }
}
