//! A time of day, typed or stepped.

use egui::{Key, Modifiers, Ui};
use jiff::civil::Time;

use crate::ui::icon::Icon;
use crate::ui::widgets::{icon_button, mono_edit};

/// So many minutes does a step take.
const STEP: i32 = 15;

/// A field for a time of day, such as `09:00`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeField {
    text: String,
}

impl TimeField {
    /// Holding a time.
    #[must_use]
    pub(crate) fn new(time: Time) -> Self {
        Self { text: written(time) }
    }

    /// Holding what somebody typed.
    #[cfg(test)]
    pub(crate) fn typed(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// The time, where what was typed is one.
    #[must_use]
    pub(crate) fn value(&self) -> Option<Time> {
        read(&self.text)
    }

    /// What was typed.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Shows it with its two steps. Says whether it was changed.
    pub(crate) fn show(&mut self, ui: &mut Ui, name: &str) -> bool {
        let before = self.text.clone();
        let field = mono_edit(ui, name, &mut self.text, "09:00", 60.0);
        let mut by = 0;
        if field.has_focus() {
            ui.input_mut(|input| {
                by += i32::from(input.consume_key(Modifiers::NONE, Key::ArrowUp));
                by -= i32::from(input.consume_key(Modifiers::NONE, Key::ArrowDown));
            });
        }
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            by -= i32::from(icon_button(ui, Icon::Minus, "15 minutes earlier").clicked());
            by += i32::from(icon_button(ui, Icon::Plus, "15 minutes later").clicked());
        });
        if by != 0
            && let Some(time) = self.value()
        {
            self.text = written(stepped(time, by));
        } else if field.lost_focus()
            && let Some(time) = self.value()
        {
            self.text = written(time);
        }
        self.text != before
    }
}

fn written(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

/// The next quarter of an hour, or the one before; from 23:45 on to 00:00.
fn stepped(time: Time, by: i32) -> Time {
    let minutes = i32::from(time.hour()) * 60 + i32::from(time.minute());
    let quarter = if by > 0 { minutes.div_euclid(STEP) + by } else { (minutes + STEP - 1).div_euclid(STEP) + by };
    let minutes = (quarter * STEP).rem_euclid(24 * 60);
    let part = |value: i32| i8::try_from(value).unwrap_or(0);
    Time::new(part(minutes / 60), part(minutes % 60), 0, 0).unwrap_or(time)
}

/// Reads `9`, `9:05`, `0905`, `09.05`, `9:05 pm`.
fn read(text: &str) -> Option<Time> {
    let text = text.trim().to_ascii_lowercase();
    let (digits, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(rest), _) => (rest.trim_end(), Some(0)),
        (_, Some(rest)) => (rest.trim_end(), Some(12)),
        (None, None) => (text.as_str(), None),
    };
    let (hour, minute) = match digits.split_once([':', '.', 'h']) {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        Some(_) => return None,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| {
        let all_digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then(|| text.parse::<i8>().ok())?
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    #[test]
    fn a_time_is_read_as_people_type_it() {
        for (text, hour, minute) in [
            ("09:00", 9, 0),
            ("9", 9, 0),
            (" 9:05 ", 9, 5),
            ("0905", 9, 5),
            ("905", 9, 5),
            ("17.30", 17, 30),
            ("9:05 pm", 21, 5),
            ("12am", 0, 0),
            ("12 PM", 12, 0),
            ("23:59", 23, 59),
        ] {
            assert_eq!(read(text), Some(time(hour, minute, 0, 0)), "{text}");
        }
        for wrong in ["", "24:00", "9:60", "9:5", "13 pm", "nine", "-1", "9:00:00", "é9"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_step_goes_to_the_next_quarter_and_over_midnight() {
        assert_eq!(stepped(time(9, 0, 0, 0), 1), time(9, 15, 0, 0));
        assert_eq!(stepped(time(9, 7, 0, 0), 1), time(9, 15, 0, 0));
        assert_eq!(stepped(time(9, 7, 0, 0), -1), time(9, 0, 0, 0));
        assert_eq!(stepped(time(23, 50, 0, 0), 1), time(0, 0, 0, 0));
        assert_eq!(stepped(time(0, 0, 0, 0), -1), time(23, 45, 0, 0));
    }
}
