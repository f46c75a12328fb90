//! Settings > Identities: our own keys and certificates, where each is used, until when, and how far partners are with
//! the next one.
//!
//! | if you look for | it is in |
//! |---|---|
//! | the list | `list` |
//! | one identity with its buttons | `detail` |
//! | how far its partners are, and what is done about that | `partners` |
//! | writing it to a file | `export` |
//! | asking a CA, installing its answer | `request` |
//! | having another one sign | `change_over` |
//! | noting who was told and who has confirmed | `note` |
//! | the sheet for a partner | `sheet` |
//! | a new certificate for the same key | `renew` |
//! | questions before something is taken away; what dialogs share | `ask`, `form` |

mod ask;
mod change_over;
mod detail;
mod export;
mod form;
mod list;
mod note;
mod partners;
mod renew;
mod request;
mod sheet;

use std::sync::Arc;

use egui::{Align, Layout, ScrollArea, Ui, vec2};

use crate::app::ListedRequest;
use crate::app::engine::Snapshot;
use crate::domain::identifier::IdentityName;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::identity::IdentityDialog;
use crate::ui::intent::Intent;
use crate::ui::theme;
use crate::ui::widgets::{ToneName, empty_state, link, notice, primary, secondary, section};

/// The section.
#[derive(Default)]
pub(super) struct IdentitiesSection {
    rows: Vec<list::Row>,
    /// From which snapshot the rows were made.
    of: Option<Arc<Snapshot>>,
    selected: Option<IdentityName>,
    partners: partners::Partners,
}

impl IdentitiesSection {
    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.refresh(desk);
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            section(ui, "Identities");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if primary(ui, "New identity…").clicked() {
                    desk.intend(Intent::Open(Box::new(IdentityDialog::new(desk, None))));
                }
                if secondary(ui, "Request a certificate…").clicked() {
                    desk.intend(Intent::Open(Box::new(request::RequestDialog::new(None, desk))));
                }
            });
        });
        if self.rows.is_empty() && desk.snapshot.requests.is_empty() {
            let text = "An identity is a key with which we sign and decrypt, and its certificate, which partners are given. \
                        Make one here, or take one from a .p12 file";
            empty_state(ui, Icon::KeyRound, "No identity yet", text, |_| ());
            return;
        }
        // The list scrolls by itself, so that what is selected stays in sight below it.
        if !self.rows.is_empty() {
            let room = match (&self.selected, desk.snapshot.requests.is_empty()) {
                (Some(_), _) => ui.available_height() * 0.42,
                (None, true) => ui.available_height() - 8.0,
                (None, false) => ui.available_height() - 120.0,
            };
            if let Some(name) = list::list(ui, &self.rows, self.selected.as_ref(), room.max(120.0)) {
                self.selected = if self.selected.as_ref() == Some(&name) { None } else { Some(name) };
            }
        }
        ui.add_space(4.0);
        let requests = desk.snapshot.requests.clone();
        for waiting in &requests {
            self.waiting(ui, waiting, desk);
        }
        let Some(selected) = self.selected.clone() else { return };
        let Some(identity) = desk.snapshot.identity(&selected).cloned() else {
            self.selected = None;
            return;
        };
        ScrollArea::vertical().id_salt("identity").auto_shrink([false, false]).show(ui, |ui| {
            detail::detail(ui, &identity, desk);
            ui.add_space(8.0);
            self.partners.show(ui, &identity.name, desk);
        });
    }

    fn refresh(&mut self, desk: &mut Desk<'_>) {
        if self.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, desk.snapshot)) {
            self.rows = list::rows(desk.snapshot, &desk.moment);
            self.of = Some(Arc::clone(desk.snapshot));
        }
        self.partners.follow(self.selected.as_ref(), desk);
    }

    /// A request that waits for its answer.
    fn waiting(&self, ui: &mut Ui, waiting: &ListedRequest, desk: &mut Desk<'_>) {
        let head = match &waiting.identity {
            Some(identity) => format!("A new certificate was requested for the key of {identity}"),
            None => format!("A certificate was requested for the new key {}", waiting.name),
        };
        let text = format!("{}, {}", waiting.subject, desk.moment.day_and_time(waiting.made));
        let name = waiting.name.clone();
        notice(ui, ToneName::Accent, &head, &text, |ui| {
            ui.push_id((waiting.name.as_str(), waiting.number), |ui| {
                if link(ui, "Install the answer…").clicked() {
                    desk.intend(Intent::Open(Box::new(request::InstallDialog::new(name.clone(), desk))));
                }
                if link(ui, "Write the request again…").clicked() {
                    let dialog = request::RequestDialog::again(waiting);
                    desk.intend(Intent::Open(Box::new(dialog)));
                }
                if link(ui, "Give it up…").clicked() {
                    desk.intend(Intent::Open(Box::new(ask::forget(waiting))));
                }
            });
        });
        ui.add_space(4.0);
    }
}
