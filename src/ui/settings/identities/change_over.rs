//! Having another identity sign: which, when, and for which profiles.

use std::collections::BTreeSet;

use egui::{Context, ScrollArea, Ui, vec2};

use super::form::Asking;
use crate::app::engine::{Answer, IdentityCommand};
use crate::app::{OwnChange, ProfileRef};
use crate::domain::certificate::{CertificateFacts, CertificateWarning};
use crate::domain::identifier::IdentityName;
use crate::ui::certificate::{ActivationForm, means, stated_fully};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, Part, buttons, frame_with_foot};
use crate::ui::moment::count;
use crate::ui::theme;
use crate::ui::widgets::{Choice, field, link, muted, primary, secondary, select};

/// The dialog.
pub(super) struct ChangeOverDialog {
    from: IdentityName,
    to: Option<IdentityName>,
    activation: Option<ActivationForm>,
    /// The profiles that sign with it now, with their names.
    profiles: Vec<(ProfileRef, String)>,
    ticked: BTreeSet<ProfileRef>,
    asking: Asking,
}

impl ChangeOverDialog {
    /// To the one that was made last, for all profiles.
    #[must_use]
    pub(super) fn new(from: IdentityName, desk: &Desk<'_>) -> Self {
        let now = desk.moment.now;
        let profiles: Vec<(ProfileRef, String)> = desk
            .snapshot
            .connections
            .iter()
            .flat_map(|state| state.connection.profiles().map(move |(kind, profile)| (state, kind, profile)))
            .filter(|(_, _, profile)| *profile.identity.at(now) == from)
            .map(|(state, kind, _)| {
                let connection = &state.connection;
                ((connection.id.clone(), kind), format!("{}, {kind}", connection.name))
            })
            .collect();
        let newest = desk
            .snapshot
            .identities
            .iter()
            .filter(|identity| identity.name != from)
            .max_by_key(|identity| identity.facts.not_before)
            .map(|identity| identity.name.clone());
        let ticked = profiles.iter().map(|(profile, _)| profile.clone()).collect();
        let mut dialog = Self { from, to: None, activation: None, profiles, ticked, asking: Asking::default() };
        if let Some(newest) = newest {
            dialog.choose(newest, desk);
        }
        dialog
    }

    /// For these profiles alone, to this identity.
    #[must_use]
    pub(super) fn again(
        from: IdentityName,
        to: IdentityName,
        profiles: &BTreeSet<ProfileRef>,
        desk: &Desk<'_>,
    ) -> Self {
        let mut dialog = Self::new(from, desk);
        dialog.ticked.retain(|profile| profiles.contains(profile));
        dialog.choose(to, desk);
        dialog
    }

    fn choose(&mut self, to: IdentityName, desk: &Desk<'_>) {
        let new = desk.snapshot.identity(&to).map(|identity| &identity.facts);
        self.activation = new.map(|new| ActivationForm::proposed(self.old(desk), new, &desk.moment));
        self.to = Some(to);
    }

    fn old<'d>(&self, desk: &'d Desk<'_>) -> Option<&'d CertificateFacts> {
        desk.snapshot.identity(&self.from).map(|identity| &identity.facts)
    }

    fn content(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        field(ui, "Sign with", |ui| {
            let choices: Vec<Choice<Option<IdentityName>>> = desk
                .snapshot
                .identities
                .iter()
                .filter(|identity| identity.name != self.from)
                .map(|identity| Choice {
                    value: Some(identity.name.clone()),
                    label: identity.name.to_string(),
                    remark: Some(format!("until {}", desk.moment.date(identity.facts.not_after))),
                })
                .collect();
            let chosen = select(ui, "Identity that is to sign", &self.to, &choices, ui.available_width()).0;
            if let Some(Some(to)) = chosen {
                self.choose(to, desk);
            }
            let text = "It decrypts already: partners may encrypt for it before and after the date";
            ui.add(egui::Label::new(muted(ui, text)).wrap());
        });
        let (old, to) = (self.old(desk).cloned(), self.to.clone());
        let new = to.and_then(|to| desk.snapshot.identity(&to)).map(|identity| identity.facts.clone());
        if let (Some(form), Some(new)) = (&mut self.activation, new) {
            field(ui, "From", |ui| {
                let reading = form.stated.read(&new, &desk.moment);
                let means = means(&reading, old.as_ref(), &desk.moment);
                form.show(ui, &reading, &means, old.as_ref(), &desk.moment);
            });
        }
        field(ui, "For", |ui| self.targets(ui));
        self.asking.show(ui, "Nothing was changed");
    }

    fn targets(&mut self, ui: &mut Ui) {
        if self.profiles.is_empty() {
            ui.add_space(6.0);
            ui.label(muted(ui, format!("No profile signs with {} now", self.from)));
            return;
        }
        ui.horizontal(|ui| {
            ui.label(muted(ui, format!("{} of {}", self.ticked.len(), count(self.profiles.len(), "profile"))));
            if link(ui, "All").clicked() {
                self.ticked = self.profiles.iter().map(|(profile, _)| profile.clone()).collect();
            }
            if link(ui, "None").clicked() {
                self.ticked.clear();
            }
        });
        let height = (self.profiles.len() as f32 * 24.0).min(192.0);
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            let all = self.profiles.len();
            ui.spacing_mut().interact_size.y = 20.0;
            ui.spacing_mut().item_spacing.y = 4.0;
            ScrollArea::vertical().id_salt("profiles").auto_shrink([false, true]).show_rows(
                ui,
                20.0,
                all,
                |ui, seen| {
                    for (profile, name) in &self.profiles[seen] {
                        let mut ticked = self.ticked.contains(profile);
                        let tick = ui.checkbox(&mut ticked, egui::RichText::new(name).font(theme::small()));
                        // The page below has boxes for the same profiles.
                        ui.ctx().accesskit_node_builder(tick.id, |node| node.set_label(format!("Change over {name}")));
                        if tick.changed() {
                            if ticked {
                                self.ticked.insert(profile.clone());
                            } else {
                                self.ticked.remove(profile);
                            }
                        }
                    }
                },
            );
        });
    }

    /// The change, or what is missing.
    fn change(&self, desk: &Desk<'_>) -> Result<OwnChange, String> {
        let to = self.to.clone().ok_or("Make or import the next identity first")?;
        let new = desk.snapshot.identity(&to).ok_or("Choose the identity that is to sign")?;
        let form = self.activation.as_ref().ok_or("Choose the identity that is to sign")?;
        let reading = form.stated.read(&new.facts, &desk.moment);
        let activation = reading.activation().ok_or("Choose when")?;
        if self.ticked.is_empty() {
            return Err("Choose the profiles".to_owned());
        }
        Ok(OwnChange { from: Some(self.from.clone()), to, activation, profiles: self.ticked.iter().cloned().collect() })
    }
}

impl Dialog for ChangeOverDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Answer::OwnChanged(changes)) = self.asking.poll(desk) {
            let number = count(changes.profiles.len(), "profile");
            let to = self.to.as_ref().map(ToString::to_string).unwrap_or_default();
            let later = changes.profiles.iter().find(|each| each.activates > desk.moment.now);
            let head = match later {
                Some(each) => {
                    let zone = self.activation.as_ref().map(|form| form.stated.zone.as_str());
                    let from = stated_fully(each.activates, zone, &desk.moment);
                    format!("{number} will sign with {to} from {from}")
                }
                None => format!("{number} sign with {to} now"),
            };
            let said: Vec<&str> = changes
                .warnings
                .iter()
                .map(|warning| match warning {
                    CertificateWarning::ScheduleCancelled => warning.sentence_about_ours(),
                    other => other.sentence(),
                })
                .collect();
            if said.is_empty() {
                desk.toasts.done(&head, "Tell the partners: each gets a sheet with the certificate and the date");
            } else {
                desk.toasts.warn(&head, &said.join("; "));
            }
            return Flow::Close;
        }
        let busy = self.asking.busy();
        let title = format!("Change over from {}", self.from);
        let subtitle =
            "Messages and receipts are signed with the new key from the date on, which each partner has to know";
        let wish = frame_with_foot(ctx, "change-over", &title, subtitle, 720.0, busy, |ui, part| {
            if part == Part::Content {
                ui.add_enabled_ui(!busy, |ui| self.content(ui, desk));
                return None;
            }
            let change = self.change(desk);
            buttons(ui, |ui| {
                let word = match &change {
                    Ok(OwnChange { activation: crate::domain::timeline::Activation::Now, .. }) => "Change over now",
                    _ => "Schedule",
                };
                let mut close = None;
                if ui.add_enabled_ui(change.is_ok() && !busy, |ui| primary(ui, word)).inner.clicked()
                    && let Ok(change) = &change
                {
                    self.asking.ask(desk, IdentityCommand::Change(change.clone()));
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    close = Some(());
                }
                if let Err(reason) = &change {
                    ui.add(egui::Label::new(muted(ui, reason)).truncate());
                }
                close
            })
        });
        if wish.is_some() { Flow::Close } else { Flow::Open }
    }
}
