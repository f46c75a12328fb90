//! The embedded fonts: Inter for text in three weights, JetBrains Mono for identifiers, Lucide for icons.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily};

const REGULAR: &str = "Inter";
const MEDIUM: &str = "Inter Medium";
const BOLD: &str = "Inter SemiBold";
const MONO: &str = "JetBrains Mono";
const ICONS: &str = "Lucide";

/// Text.
#[must_use]
pub(super) const fn regular() -> FontFamily {
    FontFamily::Proportional
}

/// Buttons and badges.
#[must_use]
pub(super) fn medium() -> FontFamily {
    FontFamily::Name(MEDIUM.into())
}

/// Heads and names.
#[must_use]
pub(super) fn bold() -> FontFamily {
    FontFamily::Name(BOLD.into())
}

/// Identifiers, fingerprints, file names.
#[must_use]
pub(super) const fn mono() -> FontFamily {
    FontFamily::Monospace
}

/// Icons. A family of its own, because Inter has letters of its own where Lucide has its icons.
#[must_use]
pub(super) fn icons() -> FontFamily {
    FontFamily::Name(ICONS.into())
}

/// All fonts. A letter that one does not have is taken from the other.
#[must_use]
pub(super) fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [
        (REGULAR, &include_bytes!("../../assets/fonts/Inter-Regular.otf")[..]),
        (MEDIUM, &include_bytes!("../../assets/fonts/Inter-Medium.otf")[..]),
        (BOLD, &include_bytes!("../../assets/fonts/Inter-SemiBold.otf")[..]),
        (MONO, &include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")[..]),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    fonts.font_data.insert(ICONS.to_owned(), Arc::new(FontData::from_static(lucide_icons::LUCIDE_FONT_BYTES)));
    fonts.families.insert(icons(), vec![ICONS.to_owned()]);
    for (family, names) in
        [(regular(), [REGULAR, MONO]), (medium(), [MEDIUM, MONO]), (bold(), [BOLD, MONO]), (mono(), [MONO, REGULAR])]
    {
        fonts.families.insert(family, names.map(str::to_owned).to_vec());
    }
    fonts
}
