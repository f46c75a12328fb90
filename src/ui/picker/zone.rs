//! A time zone, found by a few letters of its city.

use egui::{Button, Key, Modifiers, Popup, PopupCloseBehavior, RichText, ScrollArea, Ui, Widget as _, vec2};
use jiff::civil::DateTime;
use jiff::tz::{self, Offset, TimeZone};

use super::{Follow, opener};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{keep_above, muted, search, small};

/// So many zones are listed.
const MOST: usize = 60;

/// A zone of the list, with its offset at the local time in question.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    offset: String,
}

/// A zone picker. Which zone is chosen is the caller's.
#[derive(Debug, Default)]
pub(crate) struct ZonePicker {
    query: String,
    cursor: usize,
    follow: Option<Follow>,
    /// The list, and for what it was made: finding the offsets of all zones is not for every frame.
    listed: Option<(String, DateTime, Vec<Entry>)>,
}

impl ZonePicker {
    /// Shows the button and, where it is open, the list. Says whether another zone was chosen.
    pub(crate) fn show(&mut self, ui: &mut Ui, name: &str, zone: &mut String, local: DateTime, home: &str) -> bool {
        let button = opener(ui, name, zone);
        let mut chosen = None;
        let shown = Popup::from_toggle_button_response(&button)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .accessible_name(name)
            .width(300.0)
            .show(|ui| {
                ui.set_width(300.0);
                chosen = self.list(ui, zone, local, home);
                if chosen.is_some() {
                    ui.close();
                }
            });
        keep_above(ui, shown.as_ref());
        if shown.is_none() {
            *self = Self::default();
        }
        let Some(chosen) = chosen else { return false };
        button.request_focus();
        let changed = *zone != chosen;
        *zone = chosen;
        changed
    }

    fn list(&mut self, ui: &mut Ui, zone: &str, local: DateTime, home: &str) -> Option<String> {
        let (up, down, enter) = ui.input_mut(|input| {
            (
                input.consume_key(Modifiers::NONE, Key::ArrowUp),
                input.consume_key(Modifiers::NONE, Key::ArrowDown),
                input.consume_key(Modifiers::NONE, Key::Enter),
            )
        });
        let field = search(ui, "Search time zones", &mut self.query, "City or region", f32::INFINITY);
        self.follow.get_or_insert(Follow::begin()).to(ui, &field);
        if field.changed() {
            self.cursor = 0;
        }
        let fresh = self.listed.as_ref().is_some_and(|(query, at, _)| *query == self.query && *at == local);
        if !fresh {
            self.listed = Some((self.query.clone(), local, entries(&self.query, local, home, zone)));
        }
        let (_, _, entries) = self.listed.as_ref()?;
        let last = entries.len().saturating_sub(1);
        self.cursor = self.cursor.min(last);
        match (up, down) {
            (true, false) => self.cursor = self.cursor.saturating_sub(1),
            (false, true) => self.cursor = (self.cursor + 1).min(last),
            _ => {}
        }
        let mut chosen = entries.get(self.cursor).filter(|_| enter).map(|entry| entry.name.clone());
        if entries.is_empty() {
            ui.label(muted(ui, format!("No time zone is called “{}”", self.query.trim())));
        }
        let moved = up || down;
        ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let ink = tokens(ui.ctx()).muted;
            for (index, entry) in entries.iter().enumerate() {
                let remark =
                    if entry.name == home { format!("yours · {}", entry.offset) } else { entry.offset.clone() };
                let button = Button::selectable(index == self.cursor, RichText::new(&entry.name).font(theme::body()))
                    .right_text(small(remark).color(ink))
                    .truncate()
                    .min_size(vec2(ui.available_width(), 28.0));
                let response = button.ui(ui);
                if moved && index == self.cursor {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    chosen = Some(entry.name.clone());
                }
            }
        });
        chosen
    }
}

/// The zones that answer to a query: the user's own first, then the one chosen, then by how well they answer.
fn entries(query: &str, local: DateTime, home: &str, zone: &str) -> Vec<Entry> {
    let query = query.trim().to_lowercase().replace(' ', "_");
    let mut found: Vec<(u32, String)> = tz::db()
        .available()
        .map(|name| name.to_string())
        // The sign of Etc/GMT+5 is not what people expect, and what has no region is an old spelling of what has one.
        .filter(|name| name == "UTC" || (name.contains('/') && !name.starts_with("Etc/")))
        .filter_map(|name| Some((rank(&query, &name)?, name)))
        .collect();
    for (name, place) in [(home, 0), (zone, 1)] {
        let Some(rank) = rank(&query, name) else { continue };
        let place = if query.is_empty() { place } else { rank };
        match found.iter_mut().find(|(_, known)| known == name) {
            Some(entry) => entry.0 = place,
            None => found.push((place, name.to_owned())),
        }
    }
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found.into_iter().map(|(_, name)| Entry { offset: offset_words(&name, local), name }).collect()
}

/// How well a zone answers to a query: 2 its city begins with it, 3 its region does, 4 it holds it.
fn rank(query: &str, name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let city = name.rsplit('/').next().unwrap_or_default();
    if city.starts_with(query) {
        Some(2)
    } else if name.starts_with(query) {
        Some(3)
    } else {
        name.contains(query).then_some(4)
    }
}

/// The offset of a zone at a local time: `UTC+01:00`.
fn offset_words(name: &str, local: DateTime) -> String {
    let Ok(zone) = TimeZone::get(name) else { return String::new() };
    let offset = zone.to_ambiguous_timestamp(local).compatible().map_or(Offset::UTC, |at| zone.to_offset(at));
    written(offset)
}

fn written(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_few_letters_find_a_zone_with_its_offset_on_that_day() {
        let winter = date(2026, 11, 28).at(9, 0, 0, 0);
        let summer = date(2027, 7, 1).at(9, 0, 0, 0);
        let first = |query, at| entries(query, at, "America/New_York", "UTC").into_iter().next();
        let berlin = |offset: &str| Some(Entry { name: "Europe/Berlin".to_owned(), offset: offset.to_owned() });
        assert_eq!(first("berl", winter), berlin("UTC+01:00"));
        assert_eq!(first("Berl", summer), berlin("UTC+02:00"));
        assert_eq!(first("", winter).map(|entry| entry.name).as_deref(), Some("America/New_York"));
        assert_eq!(first("new york", winter).map(|entry| entry.offset).as_deref(), Some("UTC-05:00"));
        assert_eq!(first("nowhere at all", winter), None);
        assert_eq!(entries("", winter, "Europe/Berlin", "UTC").get(1).map(|entry| entry.name.as_str()), Some("UTC"));
    }
}
