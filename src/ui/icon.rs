//! The icons that the window uses, all from Lucide. An icon never stands alone for a status: a word is beside it.

use egui::{Color32, FontId, RichText};

use super::fonts;

pub(super) use lucide_icons::Icon;

/// The size of an icon beside body text.
pub(super) const SIZE: f32 = 15.0;

/// The font of icons in a size.
#[must_use]
pub(super) fn font(size: f32) -> FontId {
    FontId::new(size, fonts::icons())
}

/// An icon as its character, to be laid out in [`font`].
#[must_use]
pub(super) fn glyph(icon: Icon) -> String {
    char::from(icon).to_string()
}

/// An icon beside body text, for labels and buttons: `(icon::text(Icon::Plus, colour), "Add")`.
#[must_use]
pub(super) fn text(icon: Icon, colour: Color32) -> RichText {
    RichText::new(glyph(icon)).font(font(SIZE)).color(colour)
}
