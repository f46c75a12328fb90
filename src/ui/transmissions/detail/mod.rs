//! One transmission in depth: what became of it and why, its stages, its document, its layers, its receipt, its headers,
//! its bytes.

mod acknowledgements;
mod again;
mod bundle;
mod commands;
mod compare;
mod headers;
mod keeping;
mod outline;
mod raw;
mod receipt;
mod saving;
mod structure;
mod summary;
mod take_receipt;
mod timeline;
mod viewer;

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui};

use crate::app::RawPart;
use crate::app::engine::{Answer, Command, RequestId, TransmissionDetail};
use crate::domain::diagnosis::Action;
use crate::domain::link::Link;
use crate::domain::transmission::{Direction, Transmission, TransmissionId, Verdict};
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::Intent;
use crate::ui::outcome::{Mending, Target, diagnosis_notice, lights, result_badge, verdict_word};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, icon_button, muted, notice, secondary, section, tabs, utc_on_hover};
use acknowledgements::Acknowledgements;
use again::{Again, as_new_button, can_send, may_go_now, redeliver_button, send_again};
use bundle::BundleDialog;
use compare::CompareDialog;
use keeping::KeepingSection;
use raw::RawTab;
use saving::Saving;
use structure::StructureTab;
use take_receipt::ReceiptDialog;
use viewer::Viewer;

/// Documents up to this many bytes are looked into before anybody asks.
const READ_AT_ONCE: u64 = 1024 * 1024;

/// So many seconds lie between two readings of the same transmission.
const APART: f64 = 0.5;

/// A tab of the detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Timeline,
    Payload,
    Structure,
    Receipt,
    Headers,
    Raw,
}

/// The detail of one transmission.
pub(super) struct Detail {
    id: TransmissionId,
    asked: Option<RequestId>,
    stale: bool,
    /// When it was last asked for, by the window's clock.
    read_at: Option<f64>,
    loaded: Option<Box<TransmissionDetail>>,
    error: Option<(String, String)>,
    tab: Tab,
    acknowledgements: Acknowledgements,
    payload: Viewer,
    structure: StructureTab,
    receipt: Viewer,
    raw: RawTab,
    proof: Saving,
    keeping: KeepingSection,
    /// Height of what is at its foot, as it was last drawn.
    foot: f32,
    explained: bool,
    mending: Mending,
}

impl Detail {
    /// Of this transmission; read when it is first shown.
    #[must_use]
    pub(super) fn new(id: TransmissionId) -> Self {
        Self {
            id,
            asked: None,
            stale: true,
            read_at: None,
            loaded: None,
            error: None,
            tab: Tab::default(),
            acknowledgements: Acknowledgements::default(),
            payload: Viewer::new(RawPart::Payload),
            structure: StructureTab::default(),
            receipt: Viewer::new(RawPart::Receipt),
            raw: RawTab::default(),
            proof: Saving::default(),
            keeping: KeepingSection::default(),
            foot: theme::CONTROL,
            explained: false,
            mending: Mending::default(),
        }
    }

    /// Which transmission.
    #[must_use]
    pub(super) const fn id(&self) -> TransmissionId {
        self.id
    }

    /// The journal has changed. What was received and has ended does not change any more; what was sent may be sent again,
    /// here or elsewhere. Whether anything has come of it is seen when it has been read.
    pub(super) fn refresh(&mut self) {
        // An acknowledgement comes hours after what it is about was delivered.
        self.acknowledgements.refresh();
        let open = |detail: &TransmissionDetail| {
            let transmission = &detail.transmission;
            transmission.direction == Direction::Outbound
                || matches!(transmission.verdict, Verdict::Queued | Verdict::Sending)
        };
        self.stale |= self.loaded.as_deref().is_none_or(open);
    }

    /// Takes what was read. Where more has come of it than was known, what is kept of it is read anew.
    fn take(&mut self, detail: Box<TransmissionDetail>) {
        let other = |known: &TransmissionDetail| has_moved(&known.transmission, &detail.transmission);
        if self.loaded.as_deref().is_some_and(other) {
            self.payload.reset();
            self.structure = StructureTab::default();
            self.receipt.reset();
            self.raw.reset();
        }
        self.loaded = Some(detail);
        self.error = None;
    }

    /// Shows it. Returns whether it is to be closed.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> bool {
        self.mending.poll(desk);
        self.poll(ui, desk);
        self.proof.poll(desk);
        let mut close = false;
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                ui.set_width((ui.available_width() - 40.0).max(80.0));
                ui.spacing_mut().item_spacing.y = 3.0;
                self.title(ui, desk);
            });
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                close = icon_button(ui, Icon::X, "Close transmission").clicked();
            });
        });
        ui.add_space(2.0);
        let Some(detail) = self.loaded.take() else {
            self.unloaded(ui);
            return close;
        };
        let room = (ui.available_height() - self.foot - 8.0).max(120.0);
        let area = ScrollArea::vertical().auto_shrink([false, false]).max_height(room).id_salt(self.id);
        let mut wish = area
            .show(ui, |ui| {
                // Beside the scroll bar, not below it.
                ui.set_max_width(ui.available_width() - 6.0);
                self.content(ui, desk, &detail)
            })
            .inner;
        // What can be done with it is always in sight.
        let foot = ui.scope(|ui| self.acts(ui, desk, &detail));
        wish = wish.or(foot.inner);
        let height = foot.response.rect.height();
        if (height - self.foot).abs() > 0.5 {
            self.foot = height;
            ui.request_repaint();
        }
        if let Some(wish) = wish {
            send_again(&detail.transmission, wish, desk);
        }
        self.loaded = Some(detail);
        close
    }

    fn poll(&mut self, ui: &Ui, desk: &mut Desk<'_>) {
        if self.stale && self.asked.is_none() {
            // Where much is sent and received, the journal changes all the time.
            let left = self.read_at.map_or(0.0, |at| at + APART - ui.input(|input| input.time));
            if left > 0.0 {
                ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(left));
            } else {
                self.read_at = Some(ui.input(|input| input.time));
                let id = self.id;
                self.asked = desk.ask(|request| Command::Transmission(request, id));
                self.stale = self.asked.is_none();
            }
        }
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Detail(detail))) => self.take(detail),
            Some(Err(error)) => {
                self.error = Some((error.message().to_owned(), error.what_to_do().unwrap_or_default().to_owned()));
            }
            Some(Ok(_)) | None => {}
        }
    }

    fn title(&self, ui: &mut Ui, desk: &Desk<'_>) {
        let transmission = self.loaded.as_ref().map(|detail| &detail.transmission);
        let title = transmission.map_or("Transmission", |sent| sent.file.as_deref().unwrap_or("Without a file name"));
        ui.add(Label::new(RichText::new(title).font(theme::bold(16.0))).truncate());
        if let Some(transmission) = transmission {
            let text = format!("{} · {}", desk.moment.full(transmission.at), with_whom(transmission, desk));
            utc_on_hover(ui.add(Label::new(muted(ui, text)).truncate()), transmission.at);
        }
    }

    fn unloaded(&mut self, ui: &mut Ui) {
        match &self.error {
            Some((message, hint)) => {
                let text = if hint.is_empty() { message.clone() } else { format!("{message}\n{hint}") };
                let again = notice(ui, ToneName::Bad, "This transmission cannot be read", &text, |ui| {
                    secondary(ui, "Try again").clicked()
                });
                self.stale |= again;
            }
            None => {
                ui.label(muted(ui, "Reading the journal…"));
            }
        }
    }

    /// All that is told of it. Returns whether and how it is to be sent again.
    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, detail: &TransmissionDetail) -> Option<Again> {
        let transmission = &detail.transmission;
        let cause = transmission.cause();
        let word = verdict_word(transmission.direction, transmission.verdict, &transmission.lights, cause);
        result_badge(transmission.verdict, cause, &word).about("Result").show(ui).on_hover_text(cause.unwrap_or(&word));
        if transmission.direction == Direction::Outbound {
            lights(ui, &transmission.lights);
        }
        let wish = self.diagnosis(ui, desk, transmission);
        ui.add_space(2.0);
        let all = [
            (Tab::Timeline, "Timeline"),
            (Tab::Payload, "Payload"),
            (Tab::Structure, "Structure"),
            (Tab::Receipt, "Receipt"),
            (Tab::Headers, "Headers"),
            (Tab::Raw, "Raw"),
        ];
        if let Some(tab) = tabs(ui, self.tab, &all) {
            self.tab = tab;
        }
        match self.tab {
            Tab::Timeline => {
                // A small document is looked into at once, for its control numbers.
                if transmission.bytes.payload <= READ_AT_ONCE {
                    self.payload.poll(desk, self.id);
                }
                timeline::timeline(ui, transmission, &desk.moment);
                if transmission.document.is_some() {
                    self.acknowledgements.show(ui, desk, transmission);
                }
                commands::commands(ui, &detail.commands, &desk.moment);
                timeline::identity(ui, transmission, self.payload.outline());
                self.stale |= self.keeping.show(ui, desk, detail);
            }
            Tab::Payload => {
                self.payload.poll(desk, self.id);
                let name = raw::file_name(transmission, RawPart::Payload);
                self.payload.show(ui, desk, self.id, &name);
            }
            Tab::Structure => self.structure.show(ui, desk, transmission),
            Tab::Receipt => {
                receipt::receipt(ui, detail);
                if detail.receipt.is_some() {
                    ui.add_space(4.0);
                    section(ui, "As it was kept");
                    self.receipt.poll(desk, self.id);
                    let name = raw::file_name(transmission, RawPart::Receipt);
                    self.receipt.show(ui, desk, self.id, &name);
                }
            }
            Tab::Headers => headers::headers(ui, desk, transmission),
            Tab::Raw => self.raw.show(ui, desk, transmission),
        }
        wish
    }

    /// What can be done with it. Returns whether and how it is to be sent again.
    fn acts(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, detail: &TransmissionDetail) -> Option<Again> {
        let transmission = &detail.transmission;
        let mut wish = None;
        ui.horizontal_wrapped(|ui| {
            let copy = secondary(ui, "Copy as text").on_hover_text("A summary without secrets, for a ticket or a mail");
            if copy.clicked() {
                let text = summary::summary(detail, &with_whom(transmission, desk), self.payload.outline());
                ui.ctx().copy_text(text);
                desk.toasts.done("Copied", "A summary of this transmission, without secrets");
            }
            if secondary(ui, "Copy link").on_hover_text("It opens this transmission in the window").clicked() {
                desk.copy_link(ui.ctx(), &Link::Transmission(self.id));
            }
            if secondary(ui, "Compare…").on_hover_text("This one and another beside each other").clicked() {
                compare_with(desk, transmission);
            }
            if transmission.direction == Direction::Outbound && transmission.disposition.is_some() {
                let name = format!("proof-of-delivery-{}.html", raw::short(self.id));
                self.proof.proof(ui, desk, self.id, &name);
            }
            let bundle = secondary(ui, "Support bundle…")
                .on_hover_text("All that the partner's support needs and no secret, shown before it is saved");
            if bundle.clicked() {
                let dialog = BundleDialog::new(transmission, &with_whom(transmission, desk), desk);
                desk.intend(Intent::Open(Box::new(dialog)));
            }
            // Where something is the matter, it stands above beside what mends it.
            if transmission.verdict == Verdict::Delivered && can_send(transmission, desk) {
                wish = redeliver_button(ui, transmission).or(as_new_button(ui));
            }
        });
        wish
    }

    /// Asks which other transmission this one is to be compared with.
    pub(super) fn compare(&self, desk: &mut Desk<'_>) {
        match &self.loaded {
            Some(detail) => compare_with(desk, &detail.transmission),
            None => desk.toasts.warn("It is still being read", "Compare it in a moment"),
        }
    }

    /// The diagnosis with the buttons that mend it. Returns whether and how it is to be sent again.
    fn diagnosis(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, transmission: &Transmission) -> Option<Again> {
        let diagnosis = transmission.diagnosis.as_ref()?;
        let target = match (&transmission.connection, transmission.profile) {
            (Some(connection), Some(profile)) => Some(Target { connection: connection.clone(), profile }),
            _ => None,
        };
        let there = target.filter(|target| {
            let state = desk.snapshot.connection(&target.connection);
            state.is_some_and(|state| state.connection.profile(target.profile).is_some())
        });
        let Self { explained, mending, .. } = self;
        let mut wish = None;
        diagnosis_notice(ui, transmission.verdict, diagnosis, explained, |ui| {
            if mending.is_mended() {
                return;
            }
            if let (Some(action), Some(target)) = (&diagnosis.action, &there)
                && *action != Action::Redeliver
            {
                mending.button(ui, desk, target, action, "Redeliver");
            }
            if take_receipt::may_wait(transmission) {
                let button = secondary(ui, "Add receipt…")
                    .on_hover_text("A receipt (MDN) that came another way, by mail for example, settles this");
                if button.clicked() {
                    desk.intend(Intent::Open(Box::new(ReceiptDialog::new(transmission))));
                }
            }
            if transmission.verdict != Verdict::Delivered && can_send(transmission, desk) {
                wish = redeliver_button(ui, transmission).or(as_new_button(ui));
            }
        });
        if transmission.direction == Direction::Inbound {
            // What came from the partner is theirs to send again.
            mending.told(ui, "Ask the partner to send the message again if it was refused");
            return None;
        }
        let mended = if may_go_now(transmission) { "Redeliver" } else { "Send as new…" };
        match mending.mended(ui, mended) {
            true if may_go_now(transmission) => Some(Again::Redeliver),
            true => Some(Again::AsNew),
            false => wish,
        }
    }
}

/// Whether anything has come that what is kept of a transmission depends on.
fn has_moved(known: &Transmission, now: &Transmission) -> bool {
    let told = |each: &Transmission| (each.verdict, each.attempts.len(), each.receipts, each.deciding_receipt);
    told(known) != told(now) || known.http_status != now.http_status || known.response_headers != now.response_headers
}

/// Opens the dialog that compares a transmission with another.
fn compare_with(desk: &mut Desk<'_>, transmission: &Transmission) {
    let dialog = CompareDialog::new(transmission, desk);
    desk.intend(Intent::Open(Box::new(dialog)));
}

/// `to Amazon Vendor US, Production`.
fn with_whom(transmission: &Transmission, desk: &Desk<'_>) -> String {
    let way = match transmission.direction {
        Direction::Outbound => "to",
        Direction::Inbound => "from",
    };
    let partner = match &transmission.connection {
        Some(id) => desk.snapshot.connection(id).map_or_else(|| id.to_string(), |state| state.connection.name.clone()),
        None => "an unknown sender".to_owned(),
    };
    match transmission.profile {
        Some(profile) => format!("{way} {partner}, {}", profile.label()),
        None => format!("{way} {partner}"),
    }
}

/// A name and what it is, below each other, the value selectable.
fn fact(ui: &mut Ui, name: &str, value: RichText) {
    ui.horizontal_top(|ui| {
        let size = egui::vec2(104.0, 18.0);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Min), |ui| {
            ui.set_min_width(104.0);
            ui.add(Label::new(muted(ui, name)).truncate());
        });
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            ui.add(Label::new(value).wrap().selectable(true));
        });
    });
}

/// Text in the font of identifiers on a ground of its own.
fn mono_block(ui: &mut Ui, text: &str) {
    egui::Frame::new()
        .fill(tokens(ui.ctx()).side)
        .corner_radius(theme::RADIUS)
        .inner_margin(egui::Margin::same(10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.add(Label::new(crate::ui::widgets::mono(text)).wrap().selectable(true));
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_read_anew_only_where_more_has_come() {
        let id = TransmissionId::from_u128(1);
        let known = Transmission::new(id, "<1@a>".to_owned(), jiff::Timestamp::UNIX_EPOCH, Direction::Outbound);
        assert!(!has_moved(&known, &known.clone()));
        let settled = Transmission { verdict: Verdict::Delivered, ..known.clone() };
        let answered = Transmission { receipts: 1, ..known.clone() };
        assert!(has_moved(&known, &settled) && has_moved(&known, &answered));
    }
}
