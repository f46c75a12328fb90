//! The page: filters, the table or the timeline, and the detail beside it.

use std::sync::Arc;

use egui::{Align, CentralPanel, Frame, Key, Layout, Margin, Panel, Ui, vec2};

use super::chart::{Line, Target, by_certificate, by_profile, chart};
use super::detail::Detail;
use super::filters::{Filters, Order, filter_row};
use super::rows::{Row, RowKey, prepare};
use super::table::table;
use crate::app::engine::Snapshot;
use crate::domain::certificate::Fingerprint;
use crate::ui::command::UiCommand;
use crate::ui::desk::Desk;
use crate::ui::focus::{self, Part};
use crate::ui::icon::Icon;
use crate::ui::intent::{InspectorTab, Intent};
use crate::ui::moment::{Moment, count};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{TableClick, empty_state, muted, page_title, primary, secondary, segmented};

/// How the certificates are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    /// A table.
    #[default]
    List,
    /// A bar for each certificate.
    ByCertificate,
    /// For each profile what is used when.
    ByProfile,
}

/// What was asked for when the rows were picked.
type Asked = (Filters, Order, View);

/// Rows with what they were made from.
struct Made {
    snapshot: Arc<Snapshot>,
    minute: i64,
    all: Vec<Arc<Row>>,
    asked: Option<Asked>,
    rows: Vec<Arc<Row>>,
    lines: Vec<Line>,
}

/// Every certificate.
#[derive(Default)]
pub(in crate::ui) struct CertificatesPage {
    filters: Filters,
    order: Order,
    view: View,
    made: Option<Made>,
    detail: Option<Detail>,
    focus_search: bool,
    scroll_to: Option<usize>,
    /// A certificate to be opened once the rows are there.
    bring: Option<Fingerprint>,
}

impl CertificatesPage {
    /// Opens one certificate's detail.
    pub(in crate::ui) const fn open(&mut self, fingerprint: Fingerprint) {
        self.bring = Some(fingerprint);
    }

    /// The certificate whose detail is open.
    #[must_use]
    pub(in crate::ui) fn shown(&self) -> Option<Fingerprint> {
        self.bring.or_else(|| self.detail.as_ref().map(|detail| detail.key().fingerprint))
    }

    /// Closes the detail.
    pub(in crate::ui) fn close_detail(&mut self) {
        self.detail = None;
    }

    /// Puts the cursor into the search field.
    pub(in crate::ui) const fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// Takes what has been answered, also while the page is not seen.
    pub(in crate::ui) fn listen(&mut self, desk: &mut Desk<'_>) {
        if let Some(detail) = &mut self.detail {
            detail.listen(desk);
        }
    }

    /// Shows the page, with its own panel for the detail.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, narrow: bool) {
        self.make(desk.snapshot, &desk.moment);
        self.bring();
        let colours = tokens(ui.ctx());
        let panel = Frame::new().fill(colours.panel).inner_margin(Margin::symmetric(18, 16));
        let row = self.detail.as_ref().and_then(|detail| self.row(detail.key()));
        let mut close = false;
        if let Some(detail) = &mut self.detail {
            if narrow {
                CentralPanel::no_frame().frame(panel).show(ui, |ui| close = detail.show(ui, desk, row.as_ref()));
                if close {
                    self.detail = None;
                }
                return;
            }
            let shown = Panel::right("certificate")
                .resizable(true)
                .default_size(theme::INSPECTOR)
                .size_range(theme::inspector(ui.ctx()))
                .frame(panel)
                .show(ui, |ui| close = detail.show(ui, desk, row.as_ref()));
            focus::place(ui.ctx(), Part::Inspector, shown.response.rect);
        }
        if close {
            self.detail = None;
        }
        let margin = Margin { left: theme::PAGE_MARGIN, right: theme::PAGE_MARGIN, top: 16, bottom: 16 };
        CentralPanel::no_frame().frame(Frame::new().fill(colours.bg).inner_margin(margin)).show(ui, |ui| {
            focus::place(ui.ctx(), Part::Work, ui.max_rect());
            self.page(ui, desk);
        });
    }

    fn row(&self, key: &RowKey) -> Option<Arc<Row>> {
        self.made.as_ref()?.all.iter().find(|row| row.key == *key).cloned()
    }

    /// Makes the rows where they are out of date.
    fn make(&mut self, snapshot: &Arc<Snapshot>, moment: &Moment) {
        let minute = moment.now.as_second().div_euclid(60);
        let fresh = |made: &Made| Arc::ptr_eq(&made.snapshot, snapshot) && made.minute == minute;
        if !self.made.as_ref().is_some_and(fresh) {
            let all = prepare(snapshot, moment);
            let snapshot = Arc::clone(snapshot);
            self.made = Some(Made { snapshot, minute, all, asked: None, rows: Vec::new(), lines: Vec::new() });
        }
        let asked = (self.filters.clone(), self.order, self.view);
        if let Some(made) = &mut self.made
            && made.asked.as_ref() != Some(&asked)
        {
            made.rows = self.filters.pick(&made.all, self.order);
            made.lines = match self.view {
                View::List => Vec::new(),
                View::ByCertificate => by_certificate(&made.rows, moment),
                View::ByProfile => by_profile(&made.snapshot, &self.filters.query, moment),
            };
            made.asked = Some(asked);
        }
    }

    /// Opens what was asked for by its fingerprint: a partner's before the same one as a server's.
    fn bring(&mut self) {
        let (Some(print), Some(made)) = (self.bring, &self.made) else { return };
        let mut found: Vec<&RowKey> =
            made.all.iter().map(|row| &row.key).filter(|key| key.fingerprint == print).collect();
        found.sort();
        if let Some(key) = found.first() {
            self.scroll_to = made.rows.iter().position(|row| row.key == **key);
            self.detail = Some(Detail::new((*key).clone()));
        }
        self.bring = None;
    }

    fn page(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let total = self.made.as_ref().map_or(0, |made| made.all.len());
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            page_title(ui, "Certificates");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if self.detail.is_none()
                    && primary(ui, "Import…")
                        .on_hover_text(UiCommand::NewCertificate.tip(ui.ctx(), "A partner's renewed certificate"))
                        .clicked()
                {
                    desk.intend(Intent::NewCertificate { connection: None, profile: None, source: None });
                }
                if total > 0 {
                    ui.add(egui::Label::new(muted(ui, self.counted())).truncate());
                }
            });
        });
        ui.add_space(4.0);
        if total == 0 {
            nothing(ui, desk);
            return;
        }
        filter_row(ui, &mut self.filters, std::mem::take(&mut self.focus_search));
        ui.horizontal(|ui| {
            let views = [
                (View::List, "List"),
                (View::ByCertificate, "Timeline by certificate"),
                (View::ByProfile, "Timeline by profile"),
            ];
            if let Some(view) = segmented(ui, self.view, &views) {
                self.view = view;
            }
        });
        // What was just typed or chosen is answered in the same frame.
        self.make(desk.snapshot, &desk.moment);
        ui.add_space(2.0);
        let Some(made) = &self.made else { return };
        let nothing = if self.view == View::ByProfile { made.lines.is_empty() } else { made.rows.is_empty() };
        if nothing {
            let again =
                empty_state(ui, Icon::Search, "No certificate matches", "Nothing answers to what is set above", |ui| {
                    secondary(ui, "Show all certificates").clicked()
                });
            if again {
                self.filters = Filters::default();
            }
            return;
        }
        if self.view == View::List {
            self.list(ui);
        } else {
            let selected = self.detail.as_ref().map(Detail::key);
            match chart(ui, &made.lines, selected, &desk.moment) {
                Some(Target::Certificate(key)) => self.detail = Some(Detail::new(key)),
                Some(Target::Profile((connection, profile))) => {
                    let tab = Some(InspectorTab::Certificates);
                    desk.intend(Intent::Inspect { connection, profile: Some(profile), tab });
                }
                None => {}
            }
        }
    }

    fn list(&mut self, ui: &mut Ui) {
        let Some(made) = &self.made else { return };
        let selected = self.detail.as_ref().map(Detail::key);
        match table(ui, &made.rows, self.order, selected, self.scroll_to.take()) {
            Some(TableClick::Row(index, _)) => {
                if ui.input(|input| input.key_pressed(Key::Enter)) {
                    focus::ask(ui.ctx(), Part::Inspector);
                }
                let key = made.rows.get(index).map(|row| row.key.clone());
                if let Some(key) = key.filter(|key| selected != Some(key)) {
                    self.detail = Some(Detail::new(key));
                }
            }
            Some(TableClick::Head(by)) => {
                let reversed = self.order.by == by && !self.order.reversed;
                self.order = Order { by, reversed };
            }
            Some(TableClick::All) | None => {}
        }
    }

    fn counted(&self) -> String {
        let Some(made) = &self.made else { return String::new() };
        let total = count(made.all.len(), "certificate");
        if self.filters.is_set() { format!("{} of {total}", made.rows.len()) } else { total }
    }
}

/// What is shown where there is none.
fn nothing(ui: &mut Ui, desk: &mut Desk<'_>) {
    let text = "Partners' certificates come with their connections, ours with an identity. Each is listed here with where it is used, until when, and what follows it";
    empty_state(ui, Icon::FileBadge, "No certificate yet", text, |ui| {
        if desk.snapshot.connections.is_empty() {
            if primary(ui, "New connection…").clicked() {
                desk.intend(Intent::NewConnection);
            }
        } else if primary(ui, "Import a certificate…").clicked() {
            desk.intend(Intent::NewCertificate { connection: None, profile: None, source: None });
        }
    });
}
