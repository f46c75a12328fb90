//! One row: label, control, badge; under it why it stands so and what mends it.

use egui::{Align, Color32, CornerRadius, Frame, Layout, Margin, Mesh, RichText, Shape, Stroke, Ui, vec2};

use super::catalogue::{Control, Group, Row, Scope, find, rows, value_label};
use super::controls::in_use;
use super::head::new_certificate;
use super::{LABELS, SettingsTab, label_font};
use crate::app::engine::ConnectionState;
use crate::domain::compliance::{Column, Finding, Status};
use crate::domain::policy::{Setting, SettingValue, Shape as Values};
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::Intent;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, field_error, focus_ring, link, mono, muted};

/// What a row says beside its control.
struct Standing {
    badge: Option<(Status, String)>,
    /// Why, for each finding that wants attention.
    reasons: Vec<Reason>,
    /// Where it is changed at the partner, or what else has to be known.
    note: Option<String>,
    /// Source and words of the rule, for the pointer.
    hover: String,
}

/// Why a setting stands as it does.
struct Reason {
    /// The finding's reason.
    text: String,
    /// The value that mends it, and its label.
    fix: Option<(String, String)>,
}

impl SettingsTab {
    /// The rows of a group: all of them where it is open, else those that have something to say.
    pub(super) fn group(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        scope: Scope,
        group: Group,
    ) {
        let wanted = self.show.and_then(|(of, key)| (of == scope).then(|| find(scope, key)).flatten());
        if wanted.is_some_and(|row| row.group == group) && !self.open.contains(&group) {
            self.open.push(group);
        }
        let folded = match group {
            Group::Security | Group::Address => false,
            _ => !self.header(ui, group),
        };
        for row in rows(scope) {
            if self.place(row, scope) == group && (!folded || self.speaks(row, scope)) {
                self.row(ui, desk, state, scope, row);
            }
        }
    }

    /// Where a row stands: the address of receipts that come later belongs beside the receipt.
    fn place(&self, row: &Row, scope: Scope) -> Group {
        let beside_receipt = matches!(row.key, "mdn_url" | "receipt_deadline_minutes")
            && self.draft.value((scope, "mdn")).starts_with("async");
        if beside_receipt { Group::Security } else { row.group }
    }

    /// Whether a row is to be seen even in a folded group.
    fn speaks(&self, row: &Row, scope: Scope) -> bool {
        let key = (scope, row.key);
        let trouble = match scope {
            Scope::Own => false,
            Scope::Profile(kind) => self
                .outlook
                .profile(kind)
                .and_then(|prospect| prospect.worst(row))
                .is_some_and(|worst| worst.status < Status::Compliant),
        };
        let typed = matches!((scope, row.control), (Scope::Profile(kind), Control::Password) if !self.draft.password(kind).is_empty());
        trouble || typed || self.draft.is_changed(key) || self.outlook.errors.contains_key(&key)
    }

    /// The head of a group that can be folded; true while it is open.
    fn header(&mut self, ui: &mut Ui, group: Group) -> bool {
        let (name, about) = match group {
            Group::Quirks => ("Quirks", "deviations that a partner needs"),
            Group::Connection => ("Connection", "name, policy, customer, tags, contact, notes"),
            _ => ("More settings", "formats, inbound security, server, retries"),
        };
        let open = self.open.contains(&group);
        let tokens = tokens(ui.ctx());
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 38.0), egui::Sense::click());
        if response.hovered() {
            ui.painter().rect_filled(rect, CornerRadius::ZERO, tokens.hover);
        }
        let symbol = if open { Icon::ChevronDown } else { Icon::ChevronRight };
        let painter = ui.painter();
        let caret = painter.layout_no_wrap(icon::glyph(symbol), icon::font(icon::SIZE), tokens.muted);
        let head = painter.layout_no_wrap(name.to_owned(), theme::bold(theme::BODY), tokens.text);
        let more = painter.layout_no_wrap(about.to_owned(), theme::small(), tokens.muted);
        let mut x = rect.left() + super::MARGIN - 2.0;
        for galley in [caret, head, more] {
            let at = egui::pos2(x, rect.center().y - galley.size().y / 2.0);
            x += galley.size().x + 8.0;
            painter.galley(at, galley, tokens.text);
        }
        painter.hline(rect.x_range().shrink(super::MARGIN), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, open, name));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(open));
        focus_ring(ui, &response);
        if response.clicked() {
            if open {
                self.open.retain(|shown| *shown != group);
            } else {
                self.open.push(group);
            }
        }
        open
    }

    fn row(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, state: &ConnectionState, scope: Scope, row: &'static Row) {
        let standing = self.standing(scope, row);
        let ground = ui.painter().add(Shape::Noop);
        let shown = ui.push_id((scope, row.key), |ui| {
            Frame::new().inner_margin(Margin::symmetric(18, 8)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.horizontal_top(|ui| {
                    let label = label(ui, row);
                    ui.label_inputs_by(label, |ui| {
                        ui.vertical(|ui| {
                            ui.spacing_mut().item_spacing.y = 4.0;
                            self.control_and_badge(ui, desk, state, scope, row, &standing);
                            self.remarks(ui, desk, state, scope, row, &standing);
                        });
                    });
                });
            })
        });
        let rect = shown.inner.response.rect;
        let tokens = tokens(ui.ctx());
        let worst = standing.badge.as_ref().map(|(status, _)| *status);
        if worst == Some(Status::NonCompliant) || self.outlook.errors.contains_key(&(scope, row.key)) {
            ui.painter().set(ground, fading(rect, tokens.bad.soft));
        }
        ui.painter().hline(rect.x_range().shrink(super::MARGIN), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
    }

    fn control_and_badge(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        scope: Scope,
        row: &'static Row,
        standing: &Standing,
    ) {
        let width = ui.available_width();
        ui.allocate_ui_with_layout(vec2(width, theme::CONTROL), Layout::left_to_right(Align::Min), |ui| {
            let badge = standing
                .badge
                .as_ref()
                .map(|(status, word)| (Badge::status(*status, word).about(row.label), Badge::width(ui, word)));
            let room = badge.as_ref().map_or(width, |(_, badge)| (width - badge - 8.0).max(120.0));
            self.control(ui, desk, state, (scope, row.key), row, room);
            if let Some((badge, _)) = badge {
                ui.allocate_ui_with_layout(
                    vec2(ui.available_width(), theme::CONTROL),
                    Layout::right_to_left(Align::Center),
                    |ui| {
                        let response = badge.show(ui);
                        if !standing.hover.is_empty() {
                            response.on_hover_text(&standing.hover);
                        }
                    },
                );
            }
        });
    }

    /// What stands under the control.
    fn remarks(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        scope: Scope,
        row: &'static Row,
        standing: &Standing,
    ) {
        let key = (scope, row.key);
        if let Some(error) = self.outlook.errors.get(&key) {
            field_error(ui, error);
        }
        if row.group == Group::Quirks {
            ui.add(egui::Label::new(muted(ui, row.about)).wrap());
        }
        if self.draft.is_changed(key) {
            let was = format!("Was {}", value_label(row, self.draft.saved(key)));
            ui.add(egui::Label::new(muted(ui, was)).truncate());
        }
        // What partners are told is where their receipts are to come, unless something else is written.
        if row.key == "mdn_url"
            && self.draft.value(key).is_empty()
            && let Some(url) = &desk.snapshot.receiving.public_url
        {
            ui.spacing_mut().interact_size.y = 16.0;
            if link(ui, format!("Use our public URL, {url}")).clicked() {
                self.choose(key, url.to_string());
            }
        }
        for Reason { text: reason, fix } in &standing.reasons {
            let mut chosen = None;
            // A line of text, not as high as a control.
            ui.spacing_mut().interact_size.y = 16.0;
            let response = ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(5.0, 2.0);
                ui.label(muted(ui, reason));
                if let Some((value, label)) = fix
                    && link(ui, format!("Use {label}")).clicked()
                {
                    chosen = Some(value.clone());
                }
            });
            if !standing.hover.is_empty() {
                response.response.on_hover_text(&standing.hover);
            }
            if let Some(value) = chosen {
                self.choose(key, value);
            }
        }
        // What holds of several settings, such as where the partner's own are, is said at the first.
        if let Some(note) = standing.note.as_ref().filter(|note| !self.noted.contains(*note)) {
            self.noted.push(note.clone());
            ui.add(egui::Label::new(muted(ui, note)).wrap());
        }
        if let (Control::PartnerCertificate, Scope::Profile(kind)) = (row.control, scope) {
            let used = in_use(desk.snapshot, state, kind);
            let name = if used.is_some() { "Import the renewed certificate…" } else { "Import the certificate…" };
            ui.spacing_mut().interact_size.y = 16.0;
            let clicked = ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(8.0, 2.0);
                if let Some(fingerprint) = used {
                    ui.add(egui::Label::new(mono(fingerprint.short()).color(tokens(ui.ctx()).muted)));
                }
                link(ui, name).clicked()
            });
            if clicked.inner {
                desk.intend(new_certificate(state, kind));
            }
        }
        if let (Control::Identity(None), Scope::Profile(kind)) = (row.control, scope)
            && link(ui, "New identity…").clicked()
        {
            let dialog = crate::ui::identity::IdentityDialog::new(desk, Some((state.connection.id.clone(), kind)));
            desk.intend(Intent::Open(Box::new(dialog)));
        }
    }

    fn standing(&self, scope: Scope, row: &'static Row) -> Standing {
        let none = Standing { badge: None, reasons: Vec::new(), note: None, hover: String::new() };
        let Scope::Profile(kind) = scope else { return none };
        let Some(prospect) = self.outlook.profile(kind) else { return none };
        let Some(worst) = prospect.worst(row) else { return none };
        let word = match Column::of(worst.setting).filter(|_| row.finding.ends_with("certificate")) {
            Some(column) => prospect
                .report
                .cells
                .iter()
                .find(|cell| cell.column == column)
                .map_or_else(|| worst.actual.clone(), |cell| cell.word.clone()),
            None => badge_word(row, worst),
        };
        // Two rules may want the same change: it is offered once.
        let mut offered: Vec<&SettingValue> = Vec::new();
        let reasons = prospect
            .troubles(row)
            .into_iter()
            .map(|finding| {
                let fix = finding.fix.as_ref().filter(|fix| fix.setting == row.key && !offered.contains(&&fix.value));
                offered.extend(fix.map(|fix| &fix.value));
                let fix = fix.map(|fix| {
                    let setting = row.key.parse::<Setting>();
                    let label = setting.map_or_else(|_| fix.value.to_string(), |setting| setting.label(&fix.value));
                    (fix.value.to_string(), label)
                });
                Reason { text: finding.reason.clone(), fix }
            })
            .collect();
        let note = worst.note.as_deref().filter(|_| worst.status < Status::Compliant).map(str::to_owned);
        Standing { badge: Some((worst.status, word)), reasons, note, hover: evidence(worst) }
    }
}

/// The label of a row, in its column; what it is for under the pointer.
fn label(ui: &mut Ui, row: &Row) -> egui::Id {
    let (rect, _) = ui.allocate_exact_size(vec2(LABELS - 8.0, theme::CONTROL), egui::Sense::hover());
    let mut column = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    let text = RichText::new(row.label).font(label_font());
    column.add(egui::Label::new(text).truncate().sense(egui::Sense::hover())).on_hover_text(row.about).id
}

/// What a badge says: what is wrong, or what is there.
fn badge_word(row: &Row, worst: &Finding) -> String {
    let ordered = row.key.parse::<Setting>().is_ok_and(|setting| matches!(setting.shape(), Values::Ordered(_)));
    match worst.status {
        Status::NonCompliant if ordered && worst.fix.is_some() => "Too weak".to_owned(),
        Status::NonCompliant => "Not allowed".to_owned(),
        Status::Due => "Due".to_owned(),
        Status::Advice => "Advice".to_owned(),
        _ => {
            let known =
                row.key.parse::<Setting>().ok().map(|setting| setting.label(&SettingValue::Word(worst.actual.clone())));
            known.filter(|label| label.len() < 24).unwrap_or_else(|| worst.actual.clone())
        }
    }
}

/// Why, who says so, and in which words.
fn evidence(finding: &Finding) -> String {
    let mut said = finding.reason.clone();
    for (head, text) in [("", &finding.note), ("Source: ", &finding.source)] {
        if let Some(text) = text {
            said.push_str(&format!("\n{head}{text}"));
        }
    }
    if let Some(quote) = &finding.quote {
        said.push_str(&format!("\n“{quote}”"));
    }
    said
}

/// A soft ground that fades out to the right.
fn fading(rect: egui::Rect, colour: Color32) -> Shape {
    let mut mesh = Mesh::default();
    let clear = colour.gamma_multiply(0.0);
    let end = rect.left() + rect.width() * 0.55;
    for (x, y, ink) in [
        (rect.left(), rect.top(), colour),
        (end, rect.top(), clear),
        (rect.left(), rect.bottom(), colour),
        (end, rect.bottom(), clear),
    ] {
        mesh.colored_vertex(egui::pos2(x, y), ink);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(1, 3, 2);
    Shape::mesh(mesh)
}
