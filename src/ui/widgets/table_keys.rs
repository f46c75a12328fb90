//! The keyboard in tables and lists: arrows, Home and End, a page up or down, and the first letters of what is sought. The same
//! for all of them, whether one of their rows has the keyboard or nothing has.

use egui::{Context, Event, EventFilter, FocusDirection, Id, Key, Modifiers, Popup, Response, Ui};

use crate::ui::theme;

/// Letters that come so many seconds after each other are one word.
const ONE_WORD: f64 = 1.0;

/// What is kept of a table from frame to frame.
#[derive(Clone, Default)]
struct Kept {
    /// The row that had the keyboard when it was last drawn.
    focused: Option<(Id, usize)>,
    /// The row that is to be given the keyboard once it is drawn.
    give: Option<usize>,
    typed: String,
    typed_at: f64,
}

/// The row of any table through which the keyboard comes into it, with the frame in which it was drawn.
#[derive(Clone, Copy)]
struct Entry(Id, u64);

/// The row of any table that has the keyboard.
#[derive(Clone, Copy)]
struct Holder(Id);

fn kept(table: &str) -> Id {
    Id::unique(("table keys", table))
}

/// The row that a key leads to in a table of so many rows, where nothing else has use for the key. `here` is the row that is
/// selected, `name` what a row begins with. The row is given the keyboard; whoever asks brings it into sight.
pub(crate) fn step(
    ui: &Ui,
    table: &str,
    rows: usize,
    here: impl FnOnce() -> Option<usize>,
    name: impl Fn(usize) -> String,
) -> Option<usize> {
    let ctx = ui.ctx();
    let last = rows.checked_sub(1)?;
    let (focused, modal) = ctx.memory(|memory| (memory.focused(), memory.top_modal_layer().is_some()));
    if modal || Popup::is_any_open(ctx) {
        return None;
    }
    let id = kept(table);
    let mut known: Kept = ctx.data(|data| data.get_temp(id)).unwrap_or_default();
    let row = known.focused.filter(|(id, _)| Some(*id) == focused).map(|(_, row)| row);
    if (focused.is_some() && row.is_none()) || !asks(ctx) {
        return None;
    }
    let here = row.or_else(here).map(|row| row.min(last));
    let page = page(ui);
    let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let to = if pressed(Key::ArrowDown) {
        Some(here.map_or(0, |here| (here + 1).min(last)))
    } else if pressed(Key::ArrowUp) {
        Some(here.map_or(last, |here| here.saturating_sub(1)))
    } else if pressed(Key::Home) {
        Some(0)
    } else if pressed(Key::End) {
        Some(last)
    } else if pressed(Key::PageDown) {
        Some((here.unwrap_or(0) + page).min(last))
    } else if pressed(Key::PageUp) {
        Some(here.unwrap_or(0).saturating_sub(page))
    } else {
        typed(ctx, &mut known).and_then(|()| sought(&known.typed, rows, here, name))
    };
    if let Some(to) = to {
        known.give = Some(to);
        // Else the keyboard would go on from the row to what lies in the arrow's direction.
        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
    }
    ctx.data_mut(|data| data.insert_temp(id, known));
    to.filter(|to| row.is_none_or(|row| row != *to) && here != Some(*to))
}

/// Whether there is any key at all that could lead somewhere.
fn asks(ctx: &Context) -> bool {
    ctx.input(|input| {
        input.events.iter().any(|event| match event {
            Event::Key { pressed, modifiers, .. } => *pressed && !modifiers.any(),
            Event::Text(_) => !input.modifiers.command && !input.modifiers.alt,
            _ => false,
        })
    })
}

/// So many rows are a page.
fn page(ui: &Ui) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few rows of a window")]
    let rows = ((ui.available_height() - theme::HEAD) / theme::ROW).floor().max(2.0) as usize;
    rows - 1
}

/// Takes the letters that were typed; nothing where there are none.
fn typed(ctx: &Context, known: &mut Kept) -> Option<()> {
    let now = ctx.input(|input| input.time);
    let letters: String = ctx.input(|input| {
        let texts = input.events.iter().filter_map(|event| match event {
            Event::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    });
    if now - known.typed_at > ONE_WORD {
        known.typed.clear();
    }
    // A space presses what has the keyboard, but may stand within a name.
    let begins = known.typed.is_empty();
    if letters.is_empty() || !letters.chars().all(|letter| letter.is_alphanumeric() || (!begins && letter == ' ')) {
        return None;
    }
    known.typed.push_str(&letters.to_lowercase());
    known.typed_at = now;
    Some(())
}

/// The next row whose name begins with what was typed. One letter again and again goes through all that begin with it.
fn sought(typed: &str, rows: usize, here: Option<usize>, name: impl Fn(usize) -> String) -> Option<usize> {
    let first = typed.chars().next()?;
    let again = typed.chars().all(|letter| letter == first);
    let mut wanted = typed;
    let one = first.to_string();
    if again {
        wanted = &one;
    }
    let begin = here.map_or(0, |here| if again { here + 1 } else { here });
    (begin..rows).chain(0..begin.min(rows)).find(|row| name(*row).to_lowercase().starts_with(wanted))
}

/// Tells of a row that was drawn, so that the keyboard goes to it and from it.
pub(crate) fn drawn(ui: &Ui, table: &str, row: usize, chosen: bool, response: &Response) {
    let ctx = ui.ctx();
    let id = kept(table);
    let give = ctx.data(|data| data.get_temp::<Kept>(id)).and_then(|known| known.give) == Some(row);
    if give {
        response.request_focus();
    }
    if give || response.has_focus() {
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ctx.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        ctx.data_mut(|data| {
            let known: &mut Kept = data.get_temp_mut_or_default(id);
            known.focused = Some((response.id, row));
            if give {
                known.give = None;
            }
            data.insert_temp(Id::NULL, Holder(response.id));
        });
    }
    let frame = ctx.cumulative_frame_nr();
    ctx.data_mut(|data| {
        let known = data.get_temp::<Entry>(Id::NULL).is_some_and(|entry| entry.1 == frame);
        if chosen || !known {
            data.insert_temp(Id::NULL, Entry(response.id, frame));
        }
    });
}

/// Whether a row of a table has the keyboard.
pub(crate) fn row_has_focus(ctx: &Context) -> bool {
    let holder = ctx.data(|data| data.get_temp::<Holder>(Id::NULL)).map(|holder| holder.0);
    holder.is_some() && ctx.memory(egui::Memory::focused) == holder
}

/// The row through which the keyboard comes into the table that is seen: the chosen one, else the first.
pub(crate) fn entry(ctx: &Context) -> Option<Id> {
    let frame = ctx.cumulative_frame_nr();
    ctx.data(|data| data.get_temp::<Entry>(Id::NULL)).filter(|entry| entry.1 == frame).map(|entry| entry.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_lead_to_the_next_name_that_begins_with_them() {
        let names = ["Amazon DE", "Amazon US", "Harbor", "Northwind", "Amazon Fresh"];
        let find = |typed: &str, here| sought(typed, names.len(), here, |row| names[row].to_owned());
        assert_eq!(find("h", None), Some(2));
        assert_eq!(find("a", None), Some(0));
        assert_eq!(find("a", Some(0)), Some(1));
        assert_eq!(find("aa", Some(1)), Some(4));
        assert_eq!(find("a", Some(4)), Some(0));
        assert_eq!(find("amazon f", Some(0)), Some(4));
        // What is being typed stays where it fits already.
        assert_eq!(find("am", Some(1)), Some(1));
        assert_eq!(find("x", Some(1)), None);
    }
}
