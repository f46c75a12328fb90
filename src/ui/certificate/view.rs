//! The content of the dialog, from the top.

use egui::{Align, Checkbox, Label, Layout, RichText, Ui, Widget as _, vec2};

use super::applies_to;
use super::comparison;
use super::dialog::{CertificateDialog, Wish};
use super::purpose;
use super::timeline_layout::draw_above;
use crate::app::CertificateSource;
use crate::app::engine::Snapshot;
use crate::domain::certificate::CertificateWarning;
use crate::domain::timeline::CertificatePurpose;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Part, buttons};
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, empty_state, link, muted, notice, notice_lines, primary, secondary, small};

/// What is taken.
const ACCEPTED: &str = "also accepts .pem .der .p7b .zip .eml, or drop a file anywhere, or paste";

/// That nobody has confirmed it, where there is half a line for that.
const SELF_SIGNED: &str = "It is self-signed: confirm it with the partner";

/// From here on there is room for heads beside what they head, and for links beside the buttons.
const WIDE: f32 = 860.0;

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
                let whose = name.map_or_else(String::new, |name| format!("For {name} · "));
                ("New partner certificate".to_owned(), format!("{whose}{file} · {ACCEPTED}"))
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
        let typed = self.looking.typed(ui);
        let (Some(found), Some(plan), Some(form)) = (self.looking.found(), &self.plan, &mut self.activation) else {
            ui.label(muted(ui, "Looking at it"));
            return None;
        };
        ui.spacing_mut().item_spacing.y = 4.0;
        let mut wish = typed.map(Wish::Look);
        let again = matches!(found.source, CertificateSource::Workspace(_));
        if !again && ui.available_width() < WIDE {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.spacing_mut().interact_size.y = 0.0;
                ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
                wish = others(ui, found.is_one_of_several()).or(wish.take());
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
        warnings(ui, &plan.warnings, plan.cancels.as_deref());
        let known = desk
            .snapshot
            .certificates
            .get(&found.facts.fingerprint_sha256)
            .is_some_and(|known| known.confirmed.is_some());
        if found.facts.self_signed && !known {
            let tokens = tokens(ui.ctx());
            let confirmed = self.comparing.comparison(&found.facts).is_some();
            self.comparing.show_under(ui, &found.facts, |ui, short| {
                let (tone, symbol, text) = match (confirmed, short) {
                    (true, _) => (tokens.ok, Icon::Check, "The fingerprint is confirmed"),
                    (false, true) => (tokens.warn, Icon::TriangleAlert, SELF_SIGNED),
                    (false, false) => (tokens.warn, Icon::TriangleAlert, CertificateWarning::Unconfirmed.sentence()),
                };
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    ui.spacing_mut().interact_size.y = 0.0;
                    head(ui, "Fingerprint");
                    ui.add_space(6.0);
                    ui.label(icon::text(symbol, tone.ink));
                    let said = ui.add(Label::new(small(text).color(tone.ink)).wrap());
                    if text == SELF_SIGNED {
                        said.on_hover_text(CertificateWarning::Unconfirmed.sentence());
                    }
                });
            });
        }
        let fresh = found.facts.fingerprint_sha256;
        let targets = &mut self.targets;
        let rollover =
            beside(ui, "Applies to", |ui| ui.push_id("applies to", |ui| applies_to::show(ui, targets, &fresh)).inner);
        if rollover {
            wish = Some(Wish::Rollover);
        }
        let purpose = self.purpose;
        if let Some(purpose) = beside(ui, "Use for", |ui| purpose::show(ui, purpose)) {
            wish = Some(Wish::UseFor(purpose));
        }
        // Receiving may overlap: for verifying there is no instant to be chosen.
        if plan.ended {
            let ended = &mut self.though_ended;
            beside(ui, "Goes active", |ui| {
                let text = "No date is left on which it could go active: ask the partner for the renewed certificate";
                ui.add(Label::new(muted(ui, text)).wrap());
                Checkbox::new(ended, RichText::new("Use it now although it has ended").font(theme::body())).ui(ui);
            });
        } else if self.purpose != Some(CertificatePurpose::Verify) {
            // Under a name of its own: what is said above comes and goes while a time is typed, and the field must stay
            // itself.
            beside(ui, "Goes active", |ui| {
                ui.push_id("goes active", |ui| {
                    form.show_close(ui, &plan.reading, &plan.means, plan.old.as_ref(), &desk.moment);
                });
            });
        }
        // Of an instant that cannot be there is nothing to draw and nothing to promise.
        if plan.reading.activation().is_some() {
            draw_above(ui, &plan.timeline, &plan.sentence);
        }
        wish
    }

    fn foot(&self, ui: &mut Ui) -> Option<Wish> {
        // Another file could not be read while one is shown: that is said where it is seen.
        let unread = self.looking.trouble().filter(|_| self.looking.found().is_some());
        if let Some(refusal) = self.refusal.as_ref().or(unread) {
            notice(ui, ToneName::Bad, &refusal.head, &refusal.remedy, |_| {});
        }
        let busy = self.busy();
        let wide = ui.available_width() >= WIDE;
        buttons(ui, |ui| {
            let mut wish = None;
            if let Some(plan) = self.plan.as_ref().filter(|_| self.looking.found().is_some()) {
                let ready = plan.obstacle.is_none() && !busy;
                // Of one that has ended another file is what is needed, not putting it to use.
                if plan.ended && ui.add_enabled_ui(!busy, |ui| primary(ui, "Choose another file…")).inner.clicked() {
                    wish = Some(Wish::Pick);
                }
                let act = |ui: &mut Ui| {
                    if plan.ended { secondary(ui, plan.button()) } else { primary(ui, plan.button()) }
                };
                if ui.add_enabled_ui(ready, act).inner.clicked() {
                    wish = Some(Wish::Import { then_test: false });
                }
                if !plan.ended && ui.add_enabled_ui(ready, |ui| secondary(ui, plan.second_button())).inner.clicked() {
                    wish = Some(Wish::Import { then_test: true });
                }
            }
            if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                wish = Some(Wish::Close);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let brought = |source: &CertificateSource| !matches!(source, CertificateSource::Workspace(_));
                let found =
                    self.looking.found().filter(|found| wide && self.connection.is_some() && brought(&found.source));
                if let Some(found) = found {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    let several = found.is_one_of_several();
                    let other = ui.add_enabled_ui(!busy, |ui| ui.horizontal(|ui| others(ui, several)).inner).inner;
                    wish = other.or(wish.take());
                    ui.add_space(8.0);
                }
                if let Some(plan) = &self.plan {
                    let why = if busy { Some("Being brought in") } else { plan.obstacle.as_deref() };
                    if let Some(why) = why {
                        let ink = if busy { tokens(ui.ctx()).muted } else { tokens(ui.ctx()).bad.ink };
                        ui.add(Label::new(small(why).color(ink)).truncate());
                    }
                }
            });
            wish
        })
    }
}

/// What else it could be: another connection's, another file, another one of the same file.
fn others(ui: &mut Ui, chosen_from_several: bool) -> Option<Wish> {
    let mut wish = None;
    if link(ui, "Another connection…").clicked() {
        wish = Some(Wish::Another);
    }
    ui.label(muted(ui, "·"));
    if link(ui, "Another file…").clicked() {
        wish = Some(Wish::Pick);
    }
    if chosen_from_several {
        ui.label(muted(ui, "·"));
        if link(ui, "Another one of the file…").clicked() {
            wish = Some(Wish::Choose);
        }
    }
    wish
}

/// A part with its head beside it, in the column of names; above it where there is little room.
fn beside<R>(ui: &mut Ui, text: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    if ui.available_width() < WIDE {
        ui.add_space(2.0);
        head(ui, text);
        return content(ui);
    }
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let size = vec2(comparison::NAMES, theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(size);
            head(ui, text);
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            content(ui)
        })
        .inner
    })
    .inner
}

/// The head of a part.
fn head(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::bold(theme::TABLE_HEAD)).color(tokens(ui.ctx()).muted));
}

/// What speaks against the certificate. None of it stops the import.
fn warnings(ui: &mut Ui, all: &[CertificateWarning], cancels: Option<&str>) {
    // That nobody has confirmed it is said where it can be confirmed.
    let said: Vec<CertificateWarning> =
        all.iter().copied().filter(|warning| *warning != CertificateWarning::Unconfirmed).collect();
    let warnings = said.as_slice();
    let grave = |warning: &CertificateWarning| {
        matches!(warning, CertificateWarning::Own | CertificateWarning::Expired | CertificateWarning::UnsupportedKey)
    };
    let tone = if warnings.iter().any(grave) { ToneName::Bad } else { ToneName::Warn };
    let sentence = |warning: &CertificateWarning| match (warning, cancels) {
        (CertificateWarning::ScheduleCancelled, Some(named)) => named.to_owned(),
        _ => warning.sentence_beforehand().to_owned(),
    };
    if !warnings.is_empty() {
        let lines: Vec<String> = warnings.iter().map(sentence).collect();
        notice_lines(ui, tone, &lines);
    }
}
