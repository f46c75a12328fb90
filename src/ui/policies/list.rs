//! The list on the left: every policy with its kind, its rules and how many connections are judged by it.

use std::sync::Arc;

use egui::{Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, vec2};

use super::words::{kind_badge, kind_word};
use crate::app::engine::Snapshot;
use crate::domain::compliance::Status;
use crate::domain::identifier::{ConnectionId, PolicyId, ProfileKind};
use crate::domain::policy::PolicyKind;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{focus_ring, muted, row_drawn};

/// What the list is called among the tables.
pub(super) const LIST: &str = "policies";

/// Height of an entry.
const ENTRY: f32 = 54.0;

/// A connection that is judged by a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// Which.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// How its profiles stand.
    pub profiles: Vec<(ProfileKind, Status)>,
}

impl Judged {
    /// What a screen reader says of the button that opens it.
    #[must_use]
    pub(super) fn said(&self) -> String {
        let standing = self.profiles.iter().map(|(profile, status)| format!(", {profile} {}", status.label()));
        format!("Open {}{}", self.name, standing.collect::<String>())
    }
}

/// A policy as the list shows it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Which.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub kind: PolicyKind,
    /// Rules with those that it inherits; nothing where they cannot be had.
    pub rules: Option<usize>,
    /// What is judged by it.
    pub connections: Vec<Judged>,
    haystack: String,
    /// What a screen reader says.
    said: String,
}

impl Entry {
    fn counts(&self) -> String {
        let rules = self.rules.map_or_else(|| "no rules to be had".to_owned(), |rules| count(rules, "rule"));
        match self.connections.len() {
            0 => rules,
            number => format!("{rules} · {}", count(number, "connection")),
        }
    }
}

/// The entries, made once for each snapshot.
pub(super) struct Entries {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) all: Vec<Entry>,
}

impl Entries {
    /// Those of a snapshot: what is used first, then by name.
    #[must_use]
    pub(super) fn of(snapshot: &Arc<Snapshot>) -> Self {
        let mut all: Vec<Entry> = snapshot
            .policies
            .iter()
            .map(|state| {
                let connections: Vec<Judged> = snapshot
                    .connections
                    .iter()
                    .filter(|connection| connection.connection.policy == state.id)
                    .map(|connection| Judged {
                        id: connection.connection.id.clone(),
                        name: connection.connection.name.clone(),
                        profiles: connection.report.profiles.iter().map(|one| (one.profile, one.status)).collect(),
                    })
                    .collect();
                let rules = state.resolved.as_ref().ok().map(|resolved| resolved.rules.len());
                let mut entry = Entry {
                    id: state.id.clone(),
                    name: state.name.clone(),
                    kind: state.kind,
                    rules,
                    haystack: haystack(state),
                    connections,
                    said: String::new(),
                };
                entry.said = format!("{}, {}, {}", entry.name, kind_word(entry.kind), entry.counts());
                entry
            })
            .collect();
        all.sort_by_cached_key(|entry| (entry.connections.is_empty(), entry.name.to_lowercase(), entry.id.clone()));
        Self { snapshot: Arc::clone(snapshot), all }
    }

    /// Those that answer to a search and are of a kind.
    pub(super) fn matching(&self, query: &str, kind: Option<PolicyKind>) -> Vec<&Entry> {
        let query = query.trim().to_lowercase();
        self.all
            .iter()
            .filter(|entry| kind.is_none_or(|kind| entry.kind == kind))
            .filter(|entry| query.split_whitespace().all(|word| entry.haystack.contains(word)))
            .collect()
    }
}

/// Everything that a search looks through, in small letters.
fn haystack(state: &crate::app::engine::PolicyState) -> String {
    let mut all = format!("{}\n{}\n{}", state.name, state.id, kind_word(state.kind));
    if let Some(portal) = &state.policy.portal {
        all.push('\n');
        all.push_str(portal);
    }
    for rule in &state.policy.rules {
        all.push_str(&format!("\n{} {}", rule.setting, rule.requirement.label(rule.setting)));
    }
    all.to_lowercase()
}

/// Shows the entries and returns the one that was clicked.
pub(super) fn list(
    ui: &mut Ui,
    entries: &[&Entry],
    selected: Option<&PolicyId>,
    scroll_to: Option<&PolicyId>,
) -> Option<PolicyId> {
    let mut clicked = None;
    ScrollArea::vertical().id_salt("policies").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let mut used = None;
        for (row, entry) in entries.iter().enumerate() {
            if used != Some(!entry.connections.is_empty()) {
                let first = used.is_none();
                used = Some(!entry.connections.is_empty());
                if !first {
                    ui.add_space(8.0);
                }
                let head = if entry.connections.is_empty() { "Not used yet" } else { "Judging connections" };
                ui.add(egui::Label::new(muted(ui, head)).truncate());
            }
            let response = show(ui, entry, selected == Some(&entry.id));
            row_drawn(ui, LIST, row, selected == Some(&entry.id), &response);
            if scroll_to == Some(&entry.id) {
                response.scroll_to_me(Some(egui::Align::Center));
            }
            if response.clicked() {
                clicked = Some(entry.id.clone());
            }
        }
    });
    clicked
}

fn show(ui: &mut Ui, entry: &Entry, selected: bool) -> egui::Response {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ENTRY), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &entry.said));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    if selected {
        ui.painter().rect_filled(rect, theme::CARD_RADIUS, tokens.accent.soft);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, theme::CARD_RADIUS, tokens.hover);
    }
    let inner = rect.shrink2(vec2(10.0, 7.0));
    let layout = egui::Layout::top_down(egui::Align::Min);
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(layout));
    within.set_clip_rect(rect.intersect(ui.clip_rect()));
    within.spacing_mut().item_spacing = vec2(8.0, 3.0);
    let name = egui::RichText::new(&entry.name).font(theme::bold(theme::BODY)).color(tokens.text);
    within.add(egui::Label::new(name).truncate());
    within.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        kind_badge(ui, entry.kind);
        ui.add(egui::Label::new(muted(ui, entry.counts())).truncate());
    });
    focus_ring(ui, &response);
    response
}
