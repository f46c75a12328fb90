//! One connection in depth: settings, certificates, test send, history.

mod certificate_cards;
mod certificates;
mod history;
mod server_card;
mod settings;
mod sighted;

use egui::{Align, Layout, Ui};

use super::desk::Desk;
use super::icon::Icon;
use super::intent::{InspectorTab, Intent, Page};
use super::theme;
use super::widgets::{icon_button, long_text_in, muted, tabs};
use crate::app::engine::{ConnectionState, Snapshot};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::link::Link;
use certificates::CertificatesTab;
use history::HistoryTab;
use settings::SettingsTab;

pub(super) use settings::catalogue;

/// The inspector of one connection.
pub(super) struct Inspector {
    connection: ConnectionId,
    profile: ProfileKind,
    tab: InspectorTab,
    settings: SettingsTab,
    certificates: CertificatesTab,
    history: HistoryTab,
}

impl Inspector {
    /// Of a connection that is there.
    #[must_use]
    pub(super) fn new(connection: ConnectionId, snapshot: &Snapshot) -> Option<Self> {
        let state = snapshot.connection(&connection)?;
        let profile = state.connection.profiles().next().map_or(ProfileKind::Production, |(kind, _)| kind);
        Some(Self {
            profile,
            tab: InspectorTab::default(),
            settings: SettingsTab::new(&state.connection),
            certificates: CertificatesTab::default(),
            history: HistoryTab::default(),
            connection,
        })
    }

    /// The connection it is open on.
    #[must_use]
    pub(super) const fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The profile in front.
    #[must_use]
    pub(super) const fn profile(&self) -> ProfileKind {
        self.profile
    }

    /// Brings a profile and a tab to the front, where they are named.
    pub(super) const fn show_on(&mut self, profile: Option<ProfileKind>, tab: Option<InspectorTab>) {
        if let Some(profile) = profile {
            self.profile = profile;
        }
        if let Some(tab) = tab {
            self.tab = tab;
        }
    }

    /// How many changes are unsaved.
    #[must_use]
    pub(super) fn unsaved(&self) -> usize {
        self.settings.unsaved()
    }

    /// Gives the unsaved changes up.
    pub(super) fn discard(&mut self) {
        self.settings.discard();
    }

    /// Saves the unsaved changes, where there are any.
    pub(super) fn save(&mut self, desk: &mut Desk<'_>) {
        self.settings.save(desk);
    }

    /// Takes the last change that is not saved yet back; answers whether there was one.
    pub(super) fn undo(&mut self) -> bool {
        self.settings.undo()
    }

    /// Makes it again.
    pub(super) fn redo(&mut self) {
        self.settings.redo();
    }

    /// Puts a value into the draft, as a diagnosis or a finding proposes; without a value the setting is shown.
    pub(super) fn propose(&mut self, profile: ProfileKind, setting: &str, value: Option<&str>) {
        self.settings.propose(profile, setting, value);
    }

    /// The workspace has been read anew.
    pub(super) fn refresh(&mut self, snapshot: &Snapshot) {
        self.settings.refresh(snapshot);
    }

    /// The journal has changed.
    pub(super) fn journal_changed(&mut self) {
        self.history.refresh();
    }

    /// Takes what the engine has answered, also while it is not seen. To be called once a frame.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) {
        self.settings.listen(desk);
        self.certificates.listen(desk);
    }

    /// Shows it.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let snapshot = std::sync::Arc::clone(desk.snapshot);
        let Some(state) = snapshot.connection(&self.connection) else {
            // It was removed, here or by another program.
            desk.intend(Intent::DiscardChanges);
            desk.intend(Intent::CloseInspector);
            return;
        };
        self.head(ui, desk, &snapshot, state);
        let all = [
            (InspectorTab::Settings, "Settings"),
            (InspectorTab::Certificates, "Certificates"),
            (InspectorTab::TestSend, "Test send"),
            (InspectorTab::History, "History"),
        ];
        match tabs(ui, self.tab, &all) {
            // A page of its own: whoever comes back finds the tab they left.
            Some(InspectorTab::TestSend) => desk.intend(Intent::Go(Page::TestSend(self.connection.clone()))),
            Some(tab) => self.tab = tab,
            None => {}
        }
        match self.tab {
            // The test send has a page of its own.
            InspectorTab::Settings | InspectorTab::TestSend => {
                self.settings.show(ui, desk, state, &mut self.profile);
            }
            InspectorTab::Certificates => self.certificates.show(ui, desk, state, &mut self.profile),
            InspectorTab::History => self.history.show(ui, desk, state),
        }
    }

    fn head(&self, ui: &mut Ui, desk: &mut Desk<'_>, snapshot: &Snapshot, state: &ConnectionState) {
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                ui.set_width((ui.available_width() - 76.0).max(80.0));
                ui.spacing_mut().item_spacing.y = 3.0;
                let ink = theme::tokens(ui.ctx()).text;
                long_text_in(ui, &state.connection.name, theme::bold(16.0), ink, "Copy the name");
                let policy = snapshot
                    .policy(&state.connection.policy)
                    .map_or_else(|| state.connection.policy.to_string(), |policy| policy.name.clone());
                ui.add(egui::Label::new(muted(ui, format!("Policy {policy}"))).truncate());
            });
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                if icon_button(ui, Icon::X, "Close inspector").clicked() {
                    desk.intend(Intent::CloseInspector);
                }
                let more = icon_button(ui, Icon::Ellipsis, "More actions");
                egui::Popup::menu(&more).show(|ui| {
                    ui.set_min_width(200.0);
                    if ui.button("Send files…").clicked() {
                        let (connection, profile) = (self.connection.clone(), self.profile);
                        desk.intend(Intent::SendFiles { connection, profile, files: Vec::new() });
                    }
                    if ui.button("Duplicate…").clicked() {
                        desk.intend(Intent::Duplicate(self.connection.clone()));
                    }
                    if ui.button("Copy link").on_hover_text("It opens this connection in the window").clicked() {
                        desk.copy_link(ui.ctx(), &Link::Connection(self.connection.clone()));
                    }
                    if ui.button("Write to a file…").clicked() {
                        desk.intend(Intent::ExportConnection(self.connection.clone()));
                    }
                    if ui.button("Remove…").clicked() {
                        desk.intend(Intent::Remove(self.connection.clone()));
                    }
                });
            });
        });
        ui.add_space(2.0);
    }
}
