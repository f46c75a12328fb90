//! The head of the tab: which profile, copying from the other, and what is the matter with this one.

use egui::{Align, Button, Frame, Layout, Margin, RichText, Role, Stroke, Ui, Widget as _, WidgetInfo, vec2};

use super::SettingsTab;
use super::catalogue::{Control, Scope, rows};
use super::copy::CopyQuestion;
use crate::app::engine::{Command, ConnectionState};
use crate::domain::compliance::{Finding, Status};
use crate::domain::due::is_provided_for;
use crate::domain::identifier::ProfileKind;
use crate::domain::policy::{PolicyKind, Severity};
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, empty_state, focus_ring, link, notice, primary, secondary};

impl SettingsTab {
    /// The switch between the profiles, and the way to make one like the other.
    pub(super) fn switch(&mut self, ui: &mut Ui, profile: &mut ProfileKind) {
        ui.horizontal(|ui| {
            for kind in ProfileKind::ALL {
                if self.segment(ui, *kind, *kind == *profile) {
                    *profile = *kind;
                }
            }
            let other = other(*profile);
            if self.outlook.profile(*profile).is_some() && self.outlook.profile(other).is_some() {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if link(ui, format!("Copy from {}…", other)).clicked() {
                        self.question = Some(CopyQuestion::new(&self.draft, other, *profile));
                    }
                });
            }
        });
    }

    /// One half of the switch, with a word for what waits there.
    fn segment(&self, ui: &mut Ui, kind: ProfileKind, selected: bool) -> bool {
        let tokens = tokens(ui.ctx());
        let unsaved = self.draft.changed_in(Scope::Profile(kind));
        let broken = self.outlook.broken(kind);
        let mark = if unsaved > 0 {
            Some((Icon::Pencil, tokens.accent.ink, format!("{unsaved} unsaved")))
        } else if broken > 0 {
            Some((Icon::X, tokens.bad.ink, format!("{broken} to fix")))
        } else {
            None
        };
        let label = RichText::new(kind.label()).font(theme::medium(theme::BODY)).color(tokens.text);
        let mut said = format!("{} profile", kind.label());
        let mut button = match mark {
            None => Button::new(label),
            Some((symbol, ink, word)) => {
                said.push_str(", ");
                said.push_str(&word);
                let word = RichText::new(word).font(theme::small()).color(ink);
                Button::new((label, icon::text(symbol, ink).size(12.0), word)).gap(5.0)
            }
        };
        button = button.corner_radius(theme::RADIUS).min_size(vec2(0.0, theme::CONTROL));
        if selected {
            button = button.fill(tokens.accent.soft).stroke(Stroke::new(1.0, tokens.accent.ink));
        }
        let response = button.ui(ui);
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), selected, said.as_str()));
        focus_ring(ui, &response);
        response.clicked() && !selected
    }

    /// Shows that the connection has no such profile yet.
    pub(super) fn missing(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, kind: ProfileKind) {
        let other = other(kind);
        let head = format!("There is no {kind} profile");
        let text = format!(
            "It can begin as a copy of the {other} profile as it is saved; then it gets the identifiers and the address of its \
             own system",
        );
        empty_state(ui, Icon::Columns2, &head, &text, |ui| {
            let create = ui.add_enabled_ui(self.copying.is_none(), |ui| primary(ui, format!("Create from {other}")));
            if create.inner.clicked() {
                let id = self.connection.clone();
                self.copying = desk.ask(|request| Command::CopyProfile(request, id, other, kind));
            }
        });
        ui.add_space(24.0);
    }

    /// What is the matter with the profile, and the button that mends it.
    pub(super) fn notices(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, state: &ConnectionState, kind: ProfileKind) {
        let Some(prospect) = self.outlook.profile(kind) else { return };
        let troubles: Vec<&Finding> =
            prospect.report.findings.iter().filter(|finding| finding.status < Status::Compliant).collect();
        // What ends and has a successor in time is told, and nothing is asked for.
        let (provided, troubles): (Vec<&Finding>, Vec<&Finding>) =
            troubles.into_iter().partition(|finding| is_provided_for(finding));
        let Some(worst) = troubles.iter().map(|finding| finding.status).min() else {
            provided_for(ui, &provided);
            return;
        };
        // Counted by setting, as they are shown; the policy itself may be what is not known.
        let about = |status: Option<Status>| {
            rows(Scope::Profile(kind))
                .filter(|row| {
                    prospect.worst(row).is_some_and(|finding| {
                        status.is_none_or(|of| finding.status == of)
                            && finding.status < Status::Compliant
                            && !is_provided_for(finding)
                    })
                })
                .count()
        };
        let policy = desk.snapshot.policy(&self.outlook.policy);
        let name = policy.map_or_else(|| self.outlook.policy.to_string(), |policy| policy.name.clone());
        let partners_own = policy.is_some_and(|policy| policy.kind != PolicyKind::Template);
        let number = about(Some(worst));
        let (head, text) = match worst {
            Status::NonCompliant => (
                if number == 1 {
                    "1 setting does not meet the policy".to_owned()
                } else {
                    format!("{number} settings do not meet the policy")
                },
                if partners_own && troubles.iter().any(|finding| finding.severity == Some(Severity::Required)) {
                    format!("Messages may be refused, or traffic suspended, under {name}")
                } else {
                    "Messages may fail until this is put right".to_owned()
                },
            ),
            Status::Unknown if number == 0 => (
                "The policy cannot be judged by".to_owned(),
                troubles.iter().map(|finding| finding.reason.clone()).next().unwrap_or_default(),
            ),
            Status::Unknown => (
                format!("{} cannot be judged yet", count(number, "setting")),
                troubles
                    .iter()
                    .find(|finding| finding.status == worst)
                    .map(|finding| finding.reason.clone())
                    .unwrap_or_default(),
            ),
            Status::Due => {
                let bites = troubles.iter().filter_map(|finding| finding.bites).min();
                let when = bites.map_or_else(
                    || "It meets the policy today".to_owned(),
                    |at| format!("It meets the policy today, and breaks it on {}", desk.moment.date(at)),
                );
                (if number == 1 { "1 setting is due".to_owned() } else { format!("{number} settings are due") }, when)
            }
            _ => (
                format!("{} could be better", count(number, "setting")),
                "Traffic is not at risk: these rules are recommended, not required".to_owned(),
            ),
        };
        let fixable = troubles.iter().any(|finding| finding.fix.is_some());
        let about_certificate = troubles.iter().any(|finding| finding.setting == "partner_certificate");
        let replaced_on = prospect.replaced_on.filter(|_| about_certificate);
        let certificate = about_certificate && replaced_on.is_none();
        let own_certificate = troubles.iter().any(|finding| finding.setting == "identity_certificate");
        let tls = troubles.iter().any(|finding| finding.setting == "tls");
        let mut left: Vec<&str> = Vec::new();
        let none_yet = state.connection.profile(kind).is_some_and(|profile| profile.partner_certificates.is_empty());
        // Where there is none the reason says so already.
        if certificate && !none_yet {
            left.push("the partner's certificate is to be imported");
        }
        if own_certificate {
            left.push("our own certificate is to be replaced by another identity");
        }
        if tls {
            left.push("the partner's address must be one that offers the transport");
        }
        let text = match (left.is_empty(), fixable) {
            (true, _) => text,
            (false, true) => format!("{text}. What cannot be fixed here: {}", left.join(", ")),
            (false, false) => format!("{text}: {}", left.join(", ")),
        };
        let text = match replaced_on {
            Some(at) => {
                format!("{text}. The partner's new certificate is scheduled and goes active on {}", desk.moment.day(at))
            }
            None => text,
        };
        let tone = ToneName::status(worst);
        let (mut fix, mut import) = (false, false);
        Frame::new().inner_margin(Margin { left: 18, right: 18, top: 4, bottom: 10 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            notice(ui, tone, &head, &text, |ui| {
                if fixable {
                    fix = secondary(ui, "Fix all").clicked();
                }
                if certificate {
                    let label =
                        if none_yet { "Import the certificate…" } else { "Import the renewed certificate…" };
                    import = link(ui, label).clicked();
                }
            });
        });
        if import {
            desk.intend(new_certificate(state, kind));
        }
        if fix {
            let fixes = desk.snapshot.mend(&self.outlook.policy, kind, &prospect.profile);
            let scope = Scope::Profile(kind);
            let known = fixes.into_iter().filter_map(|(setting, value)| {
                let row = super::catalogue::find(scope, setting)?;
                (!matches!(row.control, Control::PartnerCertificate)).then_some(((scope, row.key), value))
            });
            self.draft.choose_all(known.collect::<Vec<_>>());
            self.changed();
        }
    }
}

/// That a certificate ends before long and its successor is scheduled.
fn provided_for(ui: &mut Ui, provided: &[&Finding]) {
    if provided.is_empty() {
        return;
    }
    let head = match provided {
        [_] => "The successor of a certificate that ends soon is scheduled".to_owned(),
        several => format!("The successors of {} certificates that end soon are scheduled", several.len()),
    };
    let reasons: Vec<&str> = provided.iter().map(|finding| finding.reason.as_str()).collect();
    Frame::new().inner_margin(Margin { left: 18, right: 18, top: 4, bottom: 10 }).show(ui, |ui| {
        notice(ui, ToneName::Accent, &head, &reasons.join("\n"), |_| {});
    });
}

/// The way to a renewed certificate of this partner.
pub(super) fn new_certificate(state: &ConnectionState, kind: ProfileKind) -> Intent {
    Intent::NewCertificate { connection: Some(state.connection.id.clone()), profile: Some(kind), source: None }
}

/// The other profile.
#[must_use]
pub(super) const fn other(kind: ProfileKind) -> ProfileKind {
    match kind {
        ProfileKind::Production => ProfileKind::Test,
        ProfileKind::Test => ProfileKind::Production,
    }
}
