//! The control of each kind of setting. What is typed or chosen goes into the draft.

use egui::{Align, Button, Layout, Popup, Response, RichText, Ui, Widget as _, vec2};

use super::SettingsTab;
use super::catalogue::{Control, Row, Scope};
use super::draft::Key;
use crate::app::engine::{ConnectionState, Snapshot};
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::ProfileKind;
use crate::domain::timeline::used_now;
use crate::ui::desk::Desk;
use crate::ui::files::FilePick;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::{InspectorTab, Intent};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{
    Choice, focus_ring, mono_edit, muted, password_edit, secondary, select, text_area, text_edit,
};

impl SettingsTab {
    /// Shows the control of a setting, so wide.
    pub(super) fn control(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        key: Key,
        row: &'static Row,
        width: f32,
    ) {
        let response = match row.control {
            Control::Words(_) | Control::Flag | Control::Identity(_) | Control::Policy => {
                self.list(ui, desk, key, row, width)
            }
            Control::Text(hint) => self.line(key, |text| text_edit(ui, row.label, text, hint, width)),
            Control::Mono(hint) => self.line(key, |text| mono_edit(ui, row.label, text, hint, width)),
            Control::Notes => self.line(key, |text| text_area(ui, row.label, text, "", width)),
            Control::Number(unit) => self.line(key, |text| {
                let response = text_edit(ui, row.label, text, "", 84.0);
                ui.allocate_ui_with_layout(vec2(80.0, theme::CONTROL), Layout::left_to_right(Align::Center), |ui| {
                    ui.label(muted(ui, unit));
                });
                response
            }),
            Control::Password => self.password(ui, key, row, width),
            Control::Trust => self.trust(ui, desk, key, row, width),
            Control::PartnerCertificate => partner_certificate(ui, desk, state, key, row, width),
        };
        if self.show == Some(key) {
            response.request_focus();
            response.scroll_to_me(Some(Align::Center));
        }
    }

    fn list(&mut self, ui: &mut Ui, desk: &Desk<'_>, key: Key, row: &Row, width: f32) -> Response {
        let current = self.draft.value(key).to_owned();
        let (chosen, response) = select(ui, row.label, &current, self.outlook.choices(key), width);
        let open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response));
        if open && self.outlook.judge_choices(desk.snapshot, key) {
            // The remarks are to be there when the list is first seen, so that its width does not change.
            ui.ctx().request_discard("the list has been judged");
        }
        if let Some(value) = chosen {
            self.choose(key, value);
        }
        response
    }

    fn line(&mut self, key: Key, show: impl FnOnce(&mut String) -> Response) -> Response {
        let mut text = self.draft.value(key).to_owned();
        let response = show(&mut text);
        if response.changed() {
            self.draft.typed(key, text);
            self.changed();
        }
        response
    }

    fn password(&mut self, ui: &mut Ui, key: Key, row: &Row, width: f32) -> Response {
        let (scope, _) = key;
        let Scope::Profile(kind) = scope else { return ui.label("") };
        let mut password = self.draft.password(kind);
        let user = self.draft.saved((scope, "http_user"));
        let hint = if user.is_empty() { "None" } else { "Kept; type to replace it" };
        let response = password_edit(ui, row.label, &mut password, hint, width);
        if response.changed() {
            self.draft.typed_password(kind, password);
            self.changed();
        }
        response
    }

    fn trust(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, key: Key, row: &Row, width: f32) -> Response {
        let system = self.draft.value(key) == "system";
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            let choices = [Choice::new(true, "System"), Choice::new(false, "Only a PEM file")];
            let (chosen, response) = select(ui, row.label, &system, &choices, width);
            if let Some(system) = chosen {
                // A space is what no path is: the field is there, and empty says that it is to be filled.
                self.choose(key, if system { "system".to_owned() } else { " ".to_owned() });
            }
            if !system {
                ui.horizontal(|ui| {
                    let mut path = self.draft.value(key).trim_start().to_owned();
                    let room = (width - 96.0).max(100.0);
                    let field = mono_edit(ui, "File of trusted certificates", &mut path, "/path/server.pem", room);
                    if field.changed() {
                        self.draft.typed(key, if path.is_empty() { " ".to_owned() } else { path });
                        self.changed();
                    }
                    if secondary(ui, "Choose…").clicked() {
                        self.picking = Some((key, desk.pick_file(FilePick::Certificate)));
                    }
                });
            }
            response
        })
        .inner
    }
}

/// The partner's certificate that a profile uses as it is saved.
pub(super) fn in_use(snapshot: &Snapshot, state: &ConnectionState, kind: ProfileKind) -> Option<Fingerprint> {
    let profile = state.connection.profile(kind)?;
    let used = used_now(&profile.partner_certificates, snapshot.at).map(|used| used.fingerprint);
    let accepted = || snapshot.observations.accepted(&state.connection.id, kind, profile, snapshot.at);
    used.or_else(|| accepted().first().copied())
}

/// The certificate in use, or that there is none; a click leads to all of them.
fn partner_certificate(
    ui: &mut Ui,
    desk: &mut Desk<'_>,
    state: &ConnectionState,
    key: Key,
    row: &Row,
    width: f32,
) -> Response {
    let kind = match key.0 {
        Scope::Profile(kind) => kind,
        Scope::Own => ProfileKind::Production,
    };
    let fingerprint = in_use(desk.snapshot, state, kind);
    let name = fingerprint.map_or_else(
        || "None".to_owned(),
        |used| desk.snapshot.facts(&used).map_or("Not in the workspace", |facts| facts.common_name()).to_owned(),
    );
    let tokens = tokens(ui.ctx());
    let said = fingerprint.map_or_else(|| name.clone(), |used| format!("{name} {}", used.short()));
    let text = RichText::new(name).font(theme::body()).color(tokens.text);
    let response = ui
        .scope(|ui| {
            ui.set_max_width(width);
            ui.spacing_mut().button_padding.x = 10.0;
            Button::new((icon::text(Icon::FileBadge, tokens.muted), text))
                .right_text(icon::text(Icon::ChevronRight, tokens.muted))
                .truncate()
                .corner_radius(theme::RADIUS)
                .min_size(vec2(width, theme::CONTROL))
                .ui(ui)
        })
        .inner
        .on_hover_text(&said);
    focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_label(row.label);
        node.set_value(said);
    });
    if response.clicked() {
        let tab = Some(InspectorTab::Certificates);
        desk.intend(Intent::Inspect { connection: state.connection.id.clone(), profile: Some(kind), tab });
    }
    response.on_hover_text("All certificates of this partner, and when each is used")
}
