//! The page: what is to be looked at, and what was.

use egui::{Align, Layout, ScrollArea, Ui, vec2};

use super::{NoticeFile, card};
use crate::app::ListedNotice;
use crate::app::engine::{Command, NoticeCommand, RequestId};
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::{Intent, Page, SettingsSection};
use crate::ui::moment::count;
use crate::ui::shell::Messages;
use crate::ui::theme;
use crate::ui::widgets::{ToneName, empty_state, muted, notice, page_title, secondary, segmented};

/// So many are drawn; more on demand.
const AT_ONCE: usize = 60;

/// The notices.
#[derive(Default)]
pub(in crate::ui) struct NoticesPage {
    /// Whether those are shown too that were acknowledged or put off.
    all: bool,
    /// How many are drawn beyond the first.
    more: usize,
    request: Option<RequestId>,
    /// What could not be done, as it was told.
    failed: Option<String>,
}

impl NoticesPage {
    /// Shows the page.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.take_answer(desk);
        let snapshot = std::sync::Arc::clone(desk.snapshot);
        let open = snapshot.notices.open().count();
        self.head(ui, desk, open, snapshot.notices.list.len());
        ui.add_space(6.0);
        if let Some(reason) = &self.failed
            && notice(ui, ToneName::Bad, "It was not done", reason, |ui| secondary(ui, "Close").clicked())
        {
            self.failed = None;
        }
        let shown: Vec<&ListedNotice> =
            snapshot.notices.list.iter().filter(|listed| self.all || listed.standing.is_open()).collect();
        if shown.is_empty() {
            let text = if snapshot.notices.list.is_empty() {
                "Certificates that end and rules that take effect are told here in time, and by e-mail where that is set up"
            } else {
                "Everything was acknowledged or put off"
            };
            let set = empty_state(ui, Icon::BellOff, "There are no open notices", text, |ui| {
                secondary(ui, "Set up notifications").clicked()
            });
            if set {
                desk.intend(Intent::Go(Page::Settings(SettingsSection::Notifications)));
            }
            return;
        }
        let most = AT_ONCE + self.more;
        let mut wish = None;
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            for listed in shown.iter().take(most) {
                wish = wish.take().or(card::card(ui, listed, desk));
            }
            if shown.len() > most {
                let left = count(shown.len() - most, "notice");
                if secondary(ui, format!("Show more, {left} left")).clicked() {
                    self.more += AT_ONCE;
                }
            }
        });
        if let Some(command) = wish {
            self.ask(command, desk);
        }
    }

    /// Asks the engine; one thing at a time.
    fn ask(&mut self, command: NoticeCommand, desk: &mut Desk<'_>) {
        if self.request.is_none() {
            self.failed = None;
            self.request = desk.ask(|id| Command::Notices(id, command));
        }
    }

    fn take_answer(&mut self, desk: &mut Desk<'_>) {
        if let Some(Err(error)) = desk.answer(&mut self.request) {
            let hint = error.what_to_do().map(|hint| format!("\n{hint}")).unwrap_or_default();
            self.failed = Some(format!("{}{hint}", error.message()));
        }
    }

    fn head(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, open: usize, all: usize) {
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            page_title(ui, "Notices");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if secondary(ui, "Report…").clicked() {
                    desk.intend(Intent::Open(Box::<super::ReportDialog>::default()));
                }
                if secondary(ui, "Earlier messages…").on_hover_text("What this window has said").clicked() {
                    desk.intend(Intent::Open(Box::new(Messages)));
                }
                if secondary(ui, "Calendar file…").clicked() {
                    desk.intend(Intent::WriteNoticeFile(NoticeFile::Calendar));
                }
                let words = match (open, all - open) {
                    (open, 0) => format!("{open} to look at"),
                    (open, settled) => format!("{open} to look at, {settled} settled"),
                };
                ui.add(egui::Label::new(muted(ui, words)).truncate());
            });
        });
        ui.horizontal(|ui| {
            if let Some(all) = segmented(ui, self.all, &[(false, "To look at"), (true, "All")]) {
                self.all = all;
                self.more = 0;
            }
        });
    }
}
