//! A text that may be longer than its place: elided in the middle, whole under the pointer.

use egui::{Color32, FontId, Label, Response, RichText, Role, TextWrapMode, Ui, WidgetInfo};

use super::{link, small};
use crate::ui::theme;

/// As wide is what shows under the pointer at the most.
const WHOLE: f32 = 440.0;

/// So much of the room is for the beginning.
const BEGINNING: f32 = 0.62;

/// A text on one line. Where it has no room it is elided in the middle, because its end counts as its beginning does; all of
/// it shows under the pointer, where it can be copied. `copy` is what a screen reader says of that.
pub(crate) fn long_text(ui: &mut Ui, text: &str, ink: Color32, copy: &str) -> Response {
    long_text_in(ui, text, theme::small(), ink, copy)
}

/// The same in another font.
pub(crate) fn long_text_in(ui: &mut Ui, text: &str, font: FontId, ink: Color32, copy: &str) -> Response {
    let shown = elided(ui, text, &font, ui.available_width());
    let label = Label::new(RichText::new(shown).font(font).color(ink)).truncate().show_tooltip_when_elided(false);
    let label = ui.add(label);
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    label.on_hover_ui(|ui| {
        ui.set_max_width(WHOLE);
        ui.style_mut().wrap_mode = Some(TextWrapMode::Wrap);
        ui.add(Label::new(small(text)).wrap().selectable(true));
        let button = link(ui, "Copy");
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, copy));
        if button.clicked() {
            ui.copy_text(text.to_owned());
        }
    })
}

/// As much of the beginning and the end as has room.
pub(crate) fn elided(ui: &Ui, text: &str, font: &FontId, width: f32) -> String {
    ui.fonts_mut(|fonts| {
        // Letters may stand a little wider side by side than alone.
        let (mark, width) = (fonts.glyph_width(font, '…'), width - 2.0);
        cut(text, width, mark, |letter| fonts.glyph_width(font, letter))
    })
}

/// The same for letters of any width.
fn cut(text: &str, width: f32, mark: f32, mut letter: impl FnMut(char) -> f32) -> String {
    let mut left = width;
    let fits = text.chars().all(|each| {
        left -= letter(each);
        left >= 0.0
    });
    if fits {
        return text.to_owned();
    }
    let mut take = |letters: &mut dyn Iterator<Item = char>, mut room: f32| -> (usize, f32) {
        let mut bytes = 0;
        for each in letters {
            let width = letter(each);
            if width > room {
                break;
            }
            room -= width;
            bytes += each.len_utf8();
        }
        (bytes, room)
    };
    let room = (width - mark).max(0.0);
    let (head, over) = take(&mut text.chars(), room * BEGINNING);
    let (tail, _) = take(&mut text.chars().rev(), room * (1.0 - BEGINNING) + over);
    format!("{}…{}", text[..head].trim_end(), text[text.len() - tail..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_goes_where_there_is_no_room() {
        let ten = |text: &str, letters: f32| cut(text, letters * 10.0, 10.0, |_| 10.0);
        assert_eq!(ten("just so", 7.0), "just so");
        assert_eq!(ten("The last test failed: MIC mismatch · Told 23 Nov", 30.0), "The last test fai…Told 23 Nov");
        assert_eq!(ten("äöüäöüäöüäöü", 6.5), "äöü…öü");
        assert_eq!(ten("anything", 0.0), "…");
        assert_eq!(ten("", 0.0), "");
    }
}
