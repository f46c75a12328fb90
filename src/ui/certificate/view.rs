//! The content of the dialog, from the top.

use egui::{Label, RichText, Ui};

use super::applies_to;
use super::comparison;
use super::dialog::{CertificateDialog, Wish};
use super::purpose;
use super::timeline_layout::draw;
use crate::app::CertificateSource;
use crate::app::engine::Snapshot;
use crate::domain::certificate::CertificateWarning;
use crate::domain::timeline::CertificatePurpose;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Part, buttons};
use crate::ui::icon::{self, Icon};
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, empty_state, link, muted, notice, primary, secondary, small};

/// What is taken.
const ACCEPTED: &str = "also accepts .pem .der .p7b .zip .eml, or drop a file anywhere, or paste";

impl CertificateDialog {
    /// Title and subtitle.
    pub(super) fn title(&self, snapshot: &Snapshot) -> (String, String) {
        let name =
            self.connection.as_ref().and_then(|id| snapshot.connection(id)).map(|state| state.connection.name.as_str());
        match self.looking.found() {
            Some(found) if matches!(found.source, CertificateSource::Workspace(_)) => (
                "Reschedule the certificate".to_owned(),
                format!("{} · {}", name.unwrap_or_default(), found.facts.fingerprint_sha256.short()),
            ),
            Some(found) => {
                let file = match &found.source {
                    CertificateSource::Bytes { .. } => "Pasted text".to_owned(),
                    CertificateSource::Sighted(_) => "Found inside a signature".to_owned(),
                    other => other.name(),
                };
                ("New partner certificate".to_owned(), format!("{file} · {ACCEPTED}"))
            }
            None => ("New partner certificate".to_owned(), name.map_or_else(String::new, |name| format!("For {name}"))),
        }
    }

    /// Shows a part of the dialog and returns what the user wants.
    pub(super) fn part(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, part: Part) -> Option<Wish> {
        match part {
            Part::Content => ui.add_enabled_ui(!self.busy(), |ui| self.content(ui, desk)).inner,
            Part::Foot => self.foot(ui),
        }
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> Option<Wish> {
        if self.looking.found().is_none() {
            let sample = desk.snapshot.workspace.sample.clone();
            let offered = sample.as_ref().and_then(|files| {
                let ours = |id| Some(id) == self.connection.as_ref() || self.connection.is_none();
                files.renewed.iter().find(|(id, _)| ours(id)).map(|(_, path)| path)
            });
            return self.looking.show(ui, desk, offered).then_some(Wish::Found);
        }
        if self.connection.is_none() {
            return self.choose_connection(ui, desk);
        }
        self.about(ui, desk)
    }

    fn choose_connection(&mut self, ui: &mut Ui, desk: &Desk<'_>) -> Option<Wish> {
        let found = self.looking.found()?;
        if desk.snapshot.connections.is_empty() {
            let text = "A certificate is kept for the connection that uses it";
            return empty_state(ui, Icon::Network, "There is no connection yet", text, |ui| {
                primary(ui, "New connection…").clicked().then_some(Wish::NewConnection)
            });
        }
        ui.label(RichText::new("Which connection is it for?").font(theme::bold(theme::SECTION)));
        ui.add(
            Label::new(muted(ui, format!("{} · {}", found.facts.subject, found.facts.fingerprint_sha256.short())))
                .truncate(),
        );
        self.whose.show(ui, desk.snapshot, &found.facts).map(Wish::For)
    }

    fn about(&mut self, ui: &mut Ui, desk: &Desk<'_>) -> Option<Wish> {
        let (Some(found), Some(plan), Some(form)) = (self.looking.found(), &self.plan, &mut self.activation) else {
            ui.label(muted(ui, "Looking at it"));
            return None;
        };
        ui.spacing_mut().item_spacing.y = 6.0;
        let mut wish = None;
        let again = matches!(found.source, CertificateSource::Workspace(_));
        if !again {
            let connection = self.connection.as_ref().and_then(|id| desk.snapshot.connection(id));
            let name = connection.map_or("", |state| state.connection.name.as_str());
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.spacing_mut().interact_size.y = 0.0;
                ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
                // However long a name is, what can be done about it stays beside it.
                let room = (ui.available_width() - 260.0).max(120.0);
                ui.scope(|ui| {
                    ui.set_max_width(room);
                    ui.add(Label::new(small(format!("For {name}"))).truncate());
                });
                if link(ui, "Another connection…").clicked() {
                    wish = Some(Wish::Another);
                }
                ui.label(muted(ui, "·"));
                if link(ui, "Another file…").clicked() {
                    wish = Some(Wish::Pick);
                }
                if found.is_one_of_several() {
                    ui.label(muted(ui, "·"));
                    if link(ui, "Another one of the file…").clicked() {
                        wish = Some(Wish::Choose);
                    }
                }
            });
        }
        comparison::show(ui, &plan.rows, true);
        if let Some(differing) = &plan.differing {
            ui.add(Label::new(muted(ui, format!("Not all use the same one now: {differing}"))).wrap());
        }
        if !found.chain.is_empty() {
            comparison::beside(ui, &found.chain);
        }
        found.say_passed_over(ui);
        warnings(ui, &plan.warnings);
        let known = desk
            .snapshot
            .certificates
            .get(&found.facts.fingerprint_sha256)
            .is_some_and(|known| known.confirmed.is_some());
        if found.facts.self_signed && !known {
            let tokens = tokens(ui.ctx());
            let (tone, symbol, text) = if self.comparing.comparison(&found.facts).is_some() {
                (tokens.ok, Icon::Check, "The fingerprint is confirmed")
            } else {
                (tokens.warn, Icon::TriangleAlert, CertificateWarning::Unconfirmed.sentence())
            };
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.spacing_mut().interact_size.y = 0.0;
                head(ui, "Fingerprint");
                ui.add_space(6.0);
                ui.label(icon::text(symbol, tone.ink));
                ui.add(Label::new(small(text).color(tone.ink)).wrap());
            });
            self.comparing.show(ui, &found.facts);
        }
        ui.add_space(2.0);
        head(ui, "Use for");
        if let Some(purpose) = purpose::show(ui, self.purpose) {
            wish = Some(Wish::UseFor(purpose));
        }
        // Receiving may overlap: for verifying there is no instant to be chosen.
        if self.purpose != Some(CertificatePurpose::Verify) {
            ui.add_space(2.0);
            head(ui, "Goes active");
            // Under a name of its own: what is said above comes and goes while a time is typed, and the field must stay
            // itself.
            ui.push_id("goes active", |ui| form.show(ui, &plan.reading, &plan.means, plan.old.as_ref(), &desk.moment));
        }
        // Of an instant that cannot be there is nothing to draw and nothing to promise.
        if plan.reading.activation().is_some() {
            draw(ui, &plan.timeline);
            ui.add(Label::new(muted(ui, &plan.sentence)).wrap());
        }
        ui.add_space(2.0);
        head(ui, "Applies to");
        ui.push_id("applies to", |ui| applies_to::show(ui, &mut self.targets, &found.facts.fingerprint_sha256));
        wish
    }

    fn foot(&self, ui: &mut Ui) -> Option<Wish> {
        // Another file could not be read while one is shown: that is said where it is seen.
        let unread = self.looking.trouble().filter(|_| self.looking.found().is_some());
        if let Some(refusal) = self.refusal.as_ref().or(unread) {
            notice(ui, ToneName::Bad, &refusal.head, &refusal.remedy, |_| {});
        }
        let busy = self.busy();
        buttons(ui, |ui| {
            let mut wish = None;
            if let Some(plan) = self.plan.as_ref().filter(|_| self.looking.found().is_some()) {
                let ready = plan.obstacle.is_none() && !busy;
                if ui.add_enabled_ui(ready, |ui| primary(ui, plan.button())).inner.clicked() {
                    wish = Some(Wish::Import { then_test: false });
                }
                if ui.add_enabled_ui(ready, |ui| secondary(ui, plan.second_button())).inner.clicked() {
                    wish = Some(Wish::Import { then_test: true });
                }
            }
            if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                wish = Some(Wish::Close);
            }
            if let Some(plan) = &self.plan {
                let why = if busy { Some("Being brought in") } else { plan.obstacle.as_deref() };
                if let Some(why) = why {
                    let ink = if busy { tokens(ui.ctx()).muted } else { tokens(ui.ctx()).bad.ink };
                    ui.add(Label::new(small(why).color(ink)).truncate());
                }
            }
            wish
        })
    }
}

/// The head of a part.
fn head(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::bold(theme::TABLE_HEAD)).color(tokens(ui.ctx()).muted));
}

/// What speaks against the certificate. None of it stops the import.
fn warnings(ui: &mut Ui, all: &[CertificateWarning]) {
    // That nobody has confirmed it is said where it can be confirmed.
    let said: Vec<CertificateWarning> =
        all.iter().copied().filter(|warning| *warning != CertificateWarning::Unconfirmed).collect();
    let warnings = said.as_slice();
    let grave = |warning: &CertificateWarning| {
        matches!(warning, CertificateWarning::Own | CertificateWarning::Expired | CertificateWarning::UnsupportedKey)
    };
    let tone = if warnings.iter().any(grave) { ToneName::Bad } else { ToneName::Warn };
    match warnings {
        [] => {}
        [one] => notice(ui, tone, one.sentence(), "", |_| {}),
        several => {
            let lines: Vec<String> = several.iter().map(|warning| format!("•  {}", warning.sentence())).collect();
            notice(ui, tone, &format!("{} to look at", count(several.len(), "thing")), &lines.join("\n"), |_| {});
        }
    }
}
