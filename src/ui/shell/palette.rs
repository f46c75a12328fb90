//! The palette: finds connections, certificates, transmissions, settings and commands by a few letters.

use egui::{Button, Context, Key, Modifiers, RichText, ScrollArea, Ui, Widget as _, vec2};

use crate::app::engine::{Answer, Command, JournalCommand, RequestId, Snapshot};
use crate::app::{SHORTEST_SEARCH, TransmissionFilter, TransmissionSummary};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::ConnectionId;
use crate::domain::transmission::TransmissionId;
use crate::ui::command::UiCommand;
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::{Intent, Page, SettingsSection};
use crate::ui::outcome::result_of;
use crate::ui::settings::SECTIONS;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{muted, search, small};

/// So many finds are listed.
const MOST: usize = 12;

/// So many transmissions are among them.
const TRANSMISSIONS: usize = 5;

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A connection to be opened.
    Connection(ConnectionId),
    /// A certificate to be shown.
    Certificate(Fingerprint),
    /// A transmission to be shown.
    Transmission(TransmissionId),
    /// A section of the settings to be shown.
    Settings(SettingsSection),
    /// A command to be given.
    Command(UiCommand),
}

impl Found {
    /// What is to happen; nothing for a command, which is given.
    pub(crate) fn intents(self) -> Vec<Intent> {
        match self {
            Self::Connection(connection) => {
                vec![Intent::Go(Page::Connections), Intent::Inspect { connection, profile: None, tab: None }]
            }
            Self::Certificate(fingerprint) => vec![Intent::ShowCertificate(fingerprint)],
            Self::Transmission(id) => vec![Intent::ShowTransmission(id)],
            Self::Settings(section) => vec![Intent::Go(Page::Settings(section))],
            Self::Command(_) => Vec::new(),
        }
    }
}

/// The palette, while it is open.
#[derive(Default)]
pub(crate) struct Palette {
    open: bool,
    query: String,
    chosen: usize,
    /// Enter came together with letters, so it is for what these find.
    enter: bool,
    journal: Journal,
}

/// What the journal has that answers to the query: it is asked beside the frames, one question at a time.
#[derive(Default)]
struct Journal {
    asked: Option<RequestId>,
    asked_for: String,
    answered: String,
    found: Vec<TransmissionSummary>,
}

impl Journal {
    fn look(&mut self, query: &str, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Page(page))) => {
                self.found = page.transmissions;
                self.answered.clone_from(&self.asked_for);
            }
            Some(_) => self.found.clear(),
            None => {}
        }
        if query.chars().count() >= SHORTEST_SEARCH && self.asked.is_none() && self.asked_for != query {
            query.clone_into(&mut self.asked_for);
            let search = Some(query.to_owned());
            let filter = TransmissionFilter { search, limit: TRANSMISSIONS, ..TransmissionFilter::default() };
            self.asked = desk.ask(|id| Command::Journal(id, JournalCommand::Page(Box::new(filter))));
        }
    }

    /// As entries, after what is nearer at hand.
    fn entries(&self, query: &str, desk: &Desk<'_>) -> Vec<Entry> {
        if self.answered != query {
            return Vec::new();
        }
        let entry = |sent: &TransmissionSummary| {
            let connection = sent.connection.as_ref().and_then(|id| desk.snapshot.connection(id));
            let whom = connection.map_or("Unknown sender", |state| state.connection.name.as_str());
            let result = result_of(sent.direction, sent.verdict, sent.cause.as_deref());
            let remark = format!("{whom}, {}, {}", desk.moment.day_and_time(sent.at), result.to_lowercase());
            let label = sent.file.clone().unwrap_or_else(|| sent.message_id.clone());
            Entry { found: Found::Transmission(sent.id), label, remark, rank: 7 }
        };
        self.found.iter().map(entry).collect()
    }
}

struct Entry {
    found: Found,
    label: String,
    remark: String,
    rank: u32,
}

impl Palette {
    /// Opens it, empty.
    pub(crate) fn open(&mut self) {
        *self = Self { open: true, ..Self::default() };
    }

    /// Shows it where it is open, and returns what was chosen.
    pub(crate) fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Option<Found> {
        if !self.open {
            return None;
        }
        let query = self.query.trim().to_lowercase();
        self.journal.look(&query, desk);
        let entries = self.entries(ctx, &query, desk);
        let (up, down, enter) = ctx.input_mut(|input| {
            (
                input.consume_key(Modifiers::NONE, Key::ArrowUp),
                input.consume_key(Modifiers::NONE, Key::ArrowDown),
                input.consume_key(Modifiers::NONE, Key::Enter),
            )
        });
        let enter = std::mem::take(&mut self.enter) || enter;
        let last = entries.len().saturating_sub(1);
        self.chosen = self.chosen.min(last);
        if down {
            self.chosen = if self.chosen == last { 0 } else { self.chosen + 1 };
        }
        if up {
            self.chosen = if self.chosen == 0 { last } else { self.chosen - 1 };
        }
        let mut found = entries.get(self.chosen).filter(|_| enter).map(|entry| entry.found.clone());
        let tokens = tokens(ctx);
        let width = 560.0_f32.min(ctx.content_rect().width() - 32.0);
        let frame = egui::Frame::new()
            .fill(tokens.panel)
            .stroke(egui::Stroke::new(1.0, tokens.line))
            .corner_radius(theme::DIALOG_RADIUS)
            .shadow(ctx.global_style().visuals.window_shadow)
            .inner_margin(egui::Margin::same(12));
        let area =
            egui::Modal::default_area(egui::Id::unique("palette")).anchor(egui::Align2::CENTER_TOP, vec2(0.0, 90.0));
        let shown = egui::Modal::new(egui::Id::unique("palette"))
            .area(area)
            .backdrop_color(tokens.backdrop)
            .frame(frame)
            .show(ctx, |ui| {
                ui.set_width(width - 24.0);
                let query = search(
                    ui,
                    "Find",
                    &mut self.query,
                    "Find connections, certificates, transmissions, settings, commands",
                    f32::INFINITY,
                );
                query.request_focus();
                if query.changed() {
                    self.chosen = 0;
                    if enter {
                        self.enter = true;
                        found = None;
                        ui.ctx().request_repaint();
                    }
                }
                if entries.is_empty() {
                    ui.label(muted(ui, "Nothing is called so"));
                }
                ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    for (index, entry) in entries.iter().enumerate() {
                        if self.entry(ui, index, entry) {
                            found = Some(entry.found.clone());
                        }
                    }
                });
            });
        if shown.should_close() || found.is_some() {
            self.open = false;
        }
        found
    }

    fn entry(&self, ui: &mut Ui, index: usize, entry: &Entry) -> bool {
        let tokens = tokens(ui.ctx());
        let symbol = match entry.found {
            Found::Connection(_) => Icon::Network,
            Found::Certificate(_) => Icon::FileBadge,
            Found::Transmission(_) => Icon::ArrowLeftRight,
            Found::Settings(_) => Icon::Settings,
            Found::Command(_) => Icon::Command,
        };
        let label = (icon::text(symbol, tokens.muted), RichText::new(&entry.label).font(theme::body()));
        let remark = small(&entry.remark).color(tokens.muted);
        let button = Button::selectable(index == self.chosen, label).right_text(remark).truncate();
        let response = button.min_size(vec2(ui.available_width(), 30.0)).ui(ui);
        if index == self.chosen {
            response.scroll_to_me(None);
        }
        response.clicked()
    }

    fn entries(&self, ctx: &Context, query: &str, desk: &Desk<'_>) -> Vec<Entry> {
        let snapshot: &Snapshot = desk.snapshot;
        let connections = snapshot.connections.iter().filter_map(|state| {
            let connection = &state.connection;
            let ids = connection.profiles().next().map_or_else(String::new, |(_, profile)| {
                format!("{} → {}", profile.our_as2_id, profile.partner_as2_id)
            });
            let rank = rank(query, &connection.name)
                .or_else(|| Some(rank(query, connection.id.as_str())? + 1))
                .or_else(|| Some(rank(query, &ids)? + 2))
                .or_else(|| {
                    let customer = connection.customer.as_ref()?;
                    // By its words, not by letters that happen to be in it: there may be hundreds of it.
                    Some(rank(query, customer.as_str()).filter(|rank| *rank < 8)? + 3)
                })?;
            let remark = connection.customer.as_ref().map_or(ids.clone(), |customer| format!("{customer} · {ids}"));
            let found = Found::Connection(connection.id.clone());
            Some(Entry { found, label: connection.name.clone(), remark, rank: rank * 2 })
        });
        let commands = UiCommand::ALL.iter().filter(|command| **command != UiCommand::Find).filter_map(|command| {
            let remark = command.keys(ctx);
            let rank = rank(query, command.label())? * 2 + 1;
            Some(Entry { found: Found::Command(*command), label: command.label().to_owned(), remark, rank })
        });
        let mut entries: Vec<Entry> = if query.is_empty() {
            commands.chain(connections.take(MOST)).collect()
        } else {
            let others = certificates(query, snapshot).into_iter().chain(sections(query));
            connections.chain(commands).chain(others).chain(self.journal.entries(query, desk)).collect()
        };
        if !query.is_empty() {
            entries.sort_by_key(|entry| entry.rank);
        }
        entries.truncate(if query.is_empty() { 40 } else { MOST });
        entries
    }
}

/// The certificates that answer to a query: ours by the name of the identity, partners' by their common name, each also by
/// the beginning of its fingerprint.
fn certificates(query: &str, snapshot: &Snapshot) -> Vec<Entry> {
    let ours = snapshot.identities.iter().map(|identity| (&identity.facts, identity.name.as_str(), "Our certificate"));
    let theirs =
        snapshot.certificates.values().map(|state| (&state.facts, state.facts.common_name(), "Partner's certificate"));
    let entry = |(facts, name, whose): (&CertificateFacts, &str, &str)| {
        let print = facts.fingerprint_sha256;
        let rank = rank(query, name).or_else(|| print.to_string().to_lowercase().starts_with(query).then_some(2))?;
        let remark = format!("{whose}, {}", print.short());
        Some(Entry { found: Found::Certificate(print), label: name.to_owned(), remark, rank: rank * 2 + 1 })
    };
    ours.chain(theirs).filter_map(entry).collect()
}

/// The sections of the settings that answer to a query.
fn sections(query: &str) -> Vec<Entry> {
    let entry = |(section, label, _): (SettingsSection, &str, Icon)| {
        let rank = rank(query, label).or_else(|| rank(query, &format!("Settings {label}")))?;
        let found = Found::Settings(section);
        Some(Entry { found, label: label.to_owned(), remark: "Settings".to_owned(), rank: rank * 2 + 1 })
    };
    SECTIONS.into_iter().filter_map(entry).collect()
}

/// How well a name answers to a query: 0 begins with it, 2 a word does, 4 holds it, 8 holds its letters in order.
fn rank(query: &str, name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    if name.starts_with(query) {
        return Some(0);
    }
    if name.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(query)) {
        return Some(2);
    }
    if name.contains(query) {
        return Some(4);
    }
    let mut letters = name.chars();
    query.chars().all(|wanted| letters.any(|letter| letter == wanted)).then_some(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first() {
        assert_eq!(rank("ama", "Amazon Vendor US"), Some(0));
        assert_eq!(rank("ven", "Amazon Vendor US"), Some(2));
        assert_eq!(rank("zon", "Amazon Vendor US"), Some(4));
        assert_eq!(rank("avu", "Amazon Vendor US"), Some(8));
        assert_eq!(rank("xyz", "Amazon Vendor US"), None);
    }
}
