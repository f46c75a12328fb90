//! Whose certificate it is, where nobody has said so yet.

use std::sync::Arc;

use egui::{Button, RichText, ScrollArea, Ui, Widget as _, vec2};

use crate::app::engine::{ConnectionState, Snapshot};
use crate::domain::certificate::CertificateFacts;
use crate::domain::identifier::ConnectionId;
use crate::domain::timeline::used_now;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{muted, search, small};

/// So many connections are listed; a search finds the others.
const MOST: usize = 40;

/// A connection that it could be for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    id: ConnectionId,
    name: String,
    /// Why it is suggested, else its identifiers.
    remark: String,
    score: u8,
}

/// The choice of a connection.
#[derive(Default)]
pub(super) struct Whose {
    query: String,
    made: Option<(Arc<Snapshot>, String, Vec<Candidate>)>,
    opened: bool,
}

impl Whose {
    /// Shows it and returns what was chosen.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        snapshot: &Arc<Snapshot>,
        facts: &CertificateFacts,
    ) -> Option<ConnectionId> {
        let fresh =
            self.made.as_ref().is_some_and(|(made, query, _)| Arc::ptr_eq(made, snapshot) && *query == self.query);
        if !fresh {
            self.made = Some((Arc::clone(snapshot), self.query.clone(), candidates(snapshot, facts, &self.query)));
        }
        let field = search(ui, "Search the connection", &mut self.query, "Search by name or AS2 identifier", 360.0);
        if !std::mem::replace(&mut self.opened, true) {
            field.request_focus();
        }
        let (_, _, candidates) = self.made.as_ref()?;
        let enter = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let mut chosen = candidates.first().filter(|_| enter).map(|first| first.id.clone());
        if candidates.is_empty() {
            ui.label(muted(ui, format!("No connection is called “{}”", self.query.trim())));
        }
        let tokens = tokens(ui.ctx());
        ScrollArea::vertical().id_salt("candidates").max_height(260.0).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for candidate in candidates {
                let name = RichText::new(&candidate.name).font(theme::medium(theme::BODY));
                let ink = if candidate.score > 0 { tokens.ok.ink } else { tokens.muted };
                let button = Button::selectable(false, name)
                    .right_text(small(&candidate.remark).color(ink))
                    .truncate()
                    .min_size(vec2(ui.available_width(), 32.0));
                if button.ui(ui).clicked() {
                    chosen = Some(candidate.id.clone());
                }
            }
        });
        chosen
    }
}

/// The connections that answer to a query, those first whose certificate this seems to be.
fn candidates(snapshot: &Snapshot, facts: &CertificateFacts, query: &str) -> Vec<Candidate> {
    let query = query.trim().to_lowercase();
    let mut found: Vec<Candidate> = snapshot
        .connections
        .iter()
        .filter(|state| answers(state, &query))
        .map(|state| {
            let (score, remark) = likeness(snapshot, state, facts).unwrap_or_else(|| (0, identifiers(state)));
            Candidate { id: state.connection.id.clone(), name: state.connection.name.clone(), remark, score }
        })
        .collect();
    found.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    found.truncate(MOST);
    found
}

fn identifiers(state: &ConnectionState) -> String {
    let pair = state.connection.profiles().next();
    pair.map_or_else(String::new, |(_, profile)| format!("{} → {}", profile.our_as2_id, profile.partner_as2_id))
}

fn answers(state: &ConnectionState, query: &str) -> bool {
    query.is_empty()
        || state.connection.name.to_lowercase().contains(query)
        || state.connection.id.as_str().contains(query)
        || state.connection.profiles().any(|(_, profile)| {
            profile.our_as2_id.as_str().to_lowercase().contains(query)
                || profile.partner_as2_id.as_str().to_lowercase().contains(query)
        })
}

/// Why a certificate seems to be that of a connection.
fn likeness(snapshot: &Snapshot, state: &ConnectionState, facts: &CertificateFacts) -> Option<(u8, String)> {
    let profiles = state.connection.profiles();
    profiles
        .filter_map(|(_, profile)| {
            let used = used_now(&profile.partner_certificates, snapshot.at);
            let used = used.and_then(|entry| snapshot.facts(&entry.fingerprint));
            let name = facts.common_name();
            match used {
                Some(used) if used.fingerprint_sha256 == facts.fingerprint_sha256 => {
                    Some((4, "Suggested: uses this certificate already".to_owned()))
                }
                Some(used) if used.subject == facts.subject => {
                    Some((3, format!("Suggested: its certificate in use has the same subject, {name}")))
                }
                Some(used) if used.common_name() == name => {
                    Some((2, format!("Suggested: its certificate in use has the same name, {name}")))
                }
                _ if profile.partner_as2_id.as_str().eq_ignore_ascii_case(name) => {
                    Some((1, format!("Suggested: the partner's AS2 identifier is {name}")))
                }
                _ => None,
            }
        })
        .max_by_key(|(score, _)| *score)
}
