//! The page: what is sent, to whom, and a card for each profile.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Align, Layout, ScrollArea, Ui, vec2};

use super::asking::{Asking, partner, payload_word};
use super::card::Card;
use crate::app::{Payload, SendRequest};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::icon::Icon;
use crate::ui::intent::{Intent, Page};
use crate::ui::sends::Run;
use crate::ui::theme::tokens;
use crate::ui::widgets::{Choice, empty_state, link, long_text, muted, page_title, primary, secondary, select};

/// Below this width the cards lie below each other.
const BESIDE: f32 = 720.0;

/// The test send of one connection.
pub(in crate::ui) struct TestSendPage {
    connection: ConnectionId,
    payload: Payload,
    file: Option<PathBuf>,
    picking: Option<PickId>,
    asking: Asking,
    /// Test on the left, production on the right.
    cards: [Card; 2],
    /// Height of the taller card's content when last shown, so that both are as tall.
    tallest: f32,
}

impl TestSendPage {
    /// Of this connection.
    #[must_use]
    pub(in crate::ui) fn new(connection: ConnectionId) -> Self {
        Self {
            connection,
            payload: Payload::TestDocument,
            file: None,
            picking: None,
            asking: Asking::default(),
            cards: [Card::new(ProfileKind::Test), Card::new(ProfileKind::Production)],
            tallest: 0.0,
        }
    }

    /// The connection it is about.
    #[must_use]
    pub(in crate::ui) const fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// Takes a file as what is sent.
    pub(in crate::ui) fn take_file(&mut self, file: PathBuf) {
        self.payload = Payload::File(file.clone());
        self.file = Some(file);
    }

    /// The page is left: a send that was not begun is not begun behind the user's back.
    pub(in crate::ui) fn leave(&mut self) {
        self.asking.let_go();
    }

    /// Begins a test send of the test document, as its buttons would: asking first where they would.
    pub(in crate::ui) fn begin(&mut self, profiles: &[ProfileKind], desk: &mut Desk<'_>) {
        for kind in profiles {
            if !desk.sends.of(&self.connection, *kind).is_some_and(Run::is_running) {
                self.asking.send(desk, self.request(*kind, Payload::TestDocument));
            }
        }
    }

    /// Shows it.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.asking.poll(desk);
        if let Some(Some(file)) = desk.picked(&mut self.picking) {
            self.take_file(file);
        }
        let snapshot = Arc::clone(desk.snapshot);
        let Some(state) = snapshot.connection(&self.connection) else {
            page_title(ui, "Test send");
            let back =
                empty_state(ui, Icon::Network, "This connection was removed", "There is nobody to send to", |ui| {
                    secondary(ui, "Back to the connections").clicked()
                });
            if back {
                desk.intend(Intent::Go(Page::Connections));
            }
            return;
        };
        let wanted = self.head(ui, desk);
        ui.add_space(8.0);
        let mut wanted: Vec<SendRequest> =
            wanted.into_iter().map(|kind| self.request(kind, self.payload.clone())).collect();
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            let beside = ui.available_width() >= BESIDE;
            let gap = 16.0;
            let width = if beside { (ui.available_width() - gap) / 2.0 } else { ui.available_width() };
            let mut tallest: f32 = 0.0;
            let payload = self.payload.clone();
            let least = if beside { self.tallest } else { 0.0 };
            let asking = &self.asking;
            let cards = &mut self.cards;
            let mut all = |ui: &mut Ui| {
                for card in cards.iter_mut() {
                    let waits = asking.waits_for(card.kind());
                    let layout = Layout::top_down(Align::Min);
                    let again = ui.allocate_ui_with_layout(vec2(width, 0.0), layout, |ui| {
                        card.show(ui, desk, state, &payload, waits, least, &mut tallest)
                    });
                    wanted.extend(again.inner);
                }
            };
            if beside {
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = gap;
                    all(ui);
                });
            } else {
                ui.spacing_mut().item_spacing.y = gap;
                all(ui);
            }
            if (tallest - self.tallest).abs() > 0.5 {
                self.tallest = tallest;
                ui.ctx().request_repaint();
            }
        });
        for request in wanted {
            self.asking.send(desk, request);
        }
    }

    fn request(&self, profile: ProfileKind, payload: Payload) -> SendRequest {
        SendRequest { connection: self.connection.clone(), profile, payload }
    }

    /// Where one is, and what is sent. Returns to which profiles it is to be sent.
    fn head(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> Vec<ProfileKind> {
        let narrow = ui.available_width() < 640.0;
        let mut wanted = Vec::new();
        if narrow {
            ui.vertical(|ui| self.title(ui, desk));
            ui.horizontal_wrapped(|ui| {
                self.what(ui, desk);
                wanted = self.to_both(ui, desk);
            });
        } else {
            ui.allocate_ui_with_layout(vec2(ui.available_width(), 46.0), Layout::right_to_left(Align::Center), |ui| {
                wanted = self.to_both(ui, desk);
                self.what(ui, desk);
                ui.with_layout(Layout::top_down(Align::Min), |ui| self.title(ui, desk));
            });
        }
        wanted
    }

    fn title(&self, ui: &mut Ui, desk: &mut Desk<'_>) {
        ui.spacing_mut().item_spacing.y = 2.0;
        let name = partner(desk, &self.connection);
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 18.0), Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            if link(ui, "Connections").clicked() {
                desk.intend(Intent::Go(Page::Connections));
            }
            ui.label(muted(ui, "›"));
            let ink = tokens(ui.ctx()).muted;
            long_text(ui, &name, ink, "Copy the name");
        });
        page_title(ui, "Test send");
    }

    /// The choice of what is sent. Within a row from the right it is turned round.
    fn what(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let mut choices = vec![Choice::new(Payload::TestDocument, payload_word(&Payload::TestDocument))];
        if let Some(file) = &self.file {
            let payload = Payload::File(file.clone());
            choices.push(Choice::new(payload.clone(), payload_word(&payload)));
        }
        let reversed = ui.layout().prefer_right_to_left();
        if reversed {
            self.choose_file(ui, desk);
        }
        if let (Some(chosen), _) = select(ui, "What is sent", &self.payload, &choices, 190.0) {
            self.payload = chosen;
        }
        if !reversed {
            self.choose_file(ui, desk);
        }
    }

    fn choose_file(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let button = ui.add_enabled_ui(self.picking.is_none(), |ui| secondary(ui, "Choose file…")).inner;
        if button.on_hover_text("A document to send in place of the test document").clicked() {
            self.picking = desk.pick_file(FilePick::Document);
        }
    }

    fn to_both(&self, ui: &mut Ui, desk: &Desk<'_>) -> Vec<ProfileKind> {
        let Some(state) = desk.snapshot.connection(&self.connection) else { return Vec::new() };
        let both = state.connection.profiles().count() == 2;
        let free =
            |kind| !desk.sends.of(&self.connection, kind).is_some_and(Run::is_running) && !self.asking.waits_for(kind);
        let free = free(ProfileKind::Test) && free(ProfileKind::Production);
        if !both {
            return Vec::new();
        }
        let button = ui.add_enabled_ui(free, |ui| primary(ui, "Send to both")).inner;
        if button.clicked() { vec![ProfileKind::Test, ProfileKind::Production] } else { Vec::new() }
    }
}
