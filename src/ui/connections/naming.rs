//! Name and id of a connection that does not exist yet.

use egui::Ui;

use crate::app::engine::Snapshot;
use crate::domain::identifier::ConnectionId;
use crate::ui::widgets::{field, field_error, mono_edit, muted, text_edit};

/// The longest id.
const LONGEST: usize = 64;

/// The two fields. The id follows the name until it is edited itself.
pub(super) struct NameAndId {
    name: String,
    id: String,
    own_id: bool,
}

impl NameAndId {
    /// With a name to begin with.
    #[must_use]
    pub(super) fn new(name: &str, snapshot: &Snapshot) -> Self {
        Self { name: name.to_owned(), id: free_id(name, snapshot), own_id: false }
    }

    /// The fields, with what is wrong under each.
    pub(super) fn show(&mut self, ui: &mut Ui, snapshot: &Snapshot) {
        field(ui, "Name", |ui| {
            let name =
                text_edit(ui, "Name", &mut self.name, "The partner and the country, for example", ui.available_width());
            if name.changed() && !self.own_id {
                self.id = free_id(&self.name, snapshot);
            }
        });
        field(ui, "ID", |ui| {
            if mono_edit(ui, "ID", &mut self.id, "partner-country", ui.available_width()).changed() {
                self.own_id = !self.id.is_empty();
            }
            match self.id_problem(snapshot) {
                Some(reason) if !self.id.is_empty() => {
                    field_error(ui, &reason);
                }
                _ => {
                    ui.label(muted(ui, "By which the command line and the journal know it; it stays as it is"));
                }
            }
        });
    }

    /// What keeps both from being used, in words.
    #[must_use]
    pub(super) fn problem(&self, snapshot: &Snapshot) -> Option<String> {
        if self.name.trim().is_empty() {
            return Some("Name the connection".to_owned());
        }
        self.id_problem(snapshot)
    }

    fn id_problem(&self, snapshot: &Snapshot) -> Option<String> {
        match self.id.parse::<ConnectionId>() {
            Err(error) if self.id.is_empty() => Some(format!("Give the connection an id: {error}")),
            Err(error) => {
                let mut said = error.to_string();
                if let Some(rest) = said.strip_prefix('t') {
                    said = format!("T{rest}");
                }
                Some(said)
            }
            Ok(id) => {
                snapshot.connection(&id).map(|state| format!("`{id}` is the id of {} already", state.connection.name))
            }
        }
    }

    /// Both, where they can be used.
    #[must_use]
    pub(super) fn value(&self) -> Option<(String, ConnectionId)> {
        Some((self.name.trim().to_owned(), self.id.parse().ok()?))
    }
}

/// An id from a name: `Amazon Vendor US` becomes `amazon-vendor-us`, with a number where that is taken.
fn free_id(name: &str, snapshot: &Snapshot) -> String {
    let taken = |id: &str| snapshot.connections.iter().any(|state| state.connection.id.as_str() == id);
    let first = id_of(name);
    if first.is_empty() || !taken(&first) {
        return first;
    }
    (2..)
        .map(|number| {
            let end = format!("-{number}");
            let kept: String = first.chars().take(LONGEST - end.len()).collect();
            format!("{kept}{end}")
        })
        .find(|id| !taken(id))
        .unwrap_or(first)
}

fn id_of(name: &str) -> String {
    let spelt: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let id: String = spelt.split_whitespace().collect::<Vec<_>>().join("-").chars().take(LONGEST).collect();
    id.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_spelt_as_ids_are() {
        assert_eq!(id_of("Amazon Vendor US"), "amazon-vendor-us");
        assert_eq!(id_of("  Müller & Söhne (Test) "), "m-ller-s-hne-test");
        assert_eq!(id_of("Ω"), "");
        assert!(id_of(&"long name ".repeat(20)).parse::<ConnectionId>().is_ok());
    }
}
