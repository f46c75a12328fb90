//! Colours, type and measures: the one place that names them. Views ask for a token by its meaning.

use egui::style::{HandleShape, ScrollStyle, Selection, TextCursorStyle, WidgetVisuals};
use egui::{Color32, Context, CornerRadius, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme, Visuals, vec2};

use super::fonts;

/// A colour for text and icons, with the soft ground that belongs behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tone {
    /// For text and icons.
    pub ink: Color32,
    /// The ground of a badge or a notice.
    pub soft: Color32,
}

/// The colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tokens {
    /// The window.
    pub bg: Color32,
    /// Tables, cards, inspector, dialogs.
    pub panel: Color32,
    /// Navigation.
    pub side: Color32,
    /// Separators and borders, one pixel.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Secondary text.
    pub muted: Color32,
    /// Placeholders and disabled text only: below AA contrast.
    pub faint: Color32,
    /// Primary button, focus, selection, links.
    pub accent: Tone,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Compliant, delivered.
    pub ok: Tone,
    /// Due, advice, waiting, uncertain.
    pub warn: Tone,
    /// Non-compliant, failed.
    pub bad: Tone,
    /// Unknown, not checked.
    pub info: Tone,
    /// A row under the pointer.
    pub hover: Color32,
    /// What lies behind a dialog.
    pub backdrop: Color32,
    /// The shadow of dialogs and popups.
    pub shadow: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    Color32::from_rgb(r, g, b)
}

const fn tone(ink: u32, soft: u32) -> Tone {
    Tone { ink: rgb(ink), soft: rgb(soft) }
}

/// The light theme.
pub(super) const LIGHT: Tokens = Tokens {
    bg: rgb(0xf6_f7_f9),
    panel: rgb(0xff_ff_ff),
    side: rgb(0xee_f0_f4),
    line: rgb(0xdf_e3_ea),
    text: rgb(0x1b_23_30),
    muted: rgb(0x5c_67_77),
    faint: rgb(0x8a_94_a3),
    accent: tone(0x2f_5b_d0, 0xe6_ec_fb),
    on_accent: rgb(0xff_ff_ff),
    ok: tone(0x1c_7c_4a, 0xe3_f4_ea),
    warn: tone(0x9a_62_00, 0xfd_f1_d8),
    bad: tone(0xb3_26_1e, 0xfc_e8_e6),
    info: tone(0x49_61_7f, 0xe8_ed_f4),
    hover: rgb(0xf3_f5_f9),
    backdrop: Color32::from_black_alpha(80),
    shadow: Color32::from_black_alpha(36),
};

/// The dark theme.
pub(super) const DARK: Tokens = Tokens {
    bg: rgb(0x12_15_1b),
    panel: rgb(0x1a_1e_26),
    side: rgb(0x0f_12_17),
    line: rgb(0x2b_31_3c),
    text: rgb(0xe6_e9_ef),
    muted: rgb(0x9a_a5_b5),
    faint: rgb(0x6d_78_88),
    accent: tone(0x8a_a9_ff, 0x22_30_4f),
    on_accent: rgb(0x12_15_1b),
    ok: tone(0x5f_ce_93, 0x16_33_2a),
    warn: tone(0xf0_b6_51, 0x3a_2e_15),
    bad: tone(0xff_8a_80, 0x40_20_1f),
    info: tone(0xa4_b5_cc, 0x25_2d_39),
    hover: rgb(0x20_25_2e),
    backdrop: Color32::from_black_alpha(140),
    shadow: Color32::from_black_alpha(120),
};

/// The colours of the theme that is shown.
#[must_use]
pub(super) fn tokens(ctx: &Context) -> &'static Tokens {
    match ctx.theme() {
        Theme::Light => &LIGHT,
        Theme::Dark => &DARK,
    }
}

/// Body text.
pub(super) const BODY: f32 = 13.5;
/// Secondary text and badges.
pub(super) const SMALL: f32 = 12.5;
/// Heads of tables.
pub(super) const TABLE_HEAD: f32 = 12.0;
/// Heads of sections.
pub(super) const SECTION: f32 = 15.0;
/// Title of a page.
pub(super) const TITLE: f32 = 19.0;
/// Figure of a tile.
pub(super) const FIGURE: f32 = 22.0;
/// Identifiers, fingerprints, file names.
pub(super) const MONO: f32 = 12.0;

/// Margin of a page.
pub(super) const PAGE_MARGIN: i8 = 20;
/// Padding of a card.
pub(super) const CARD_PADDING: i8 = 14;
/// Height of a row of a table.
pub(super) const ROW: f32 = 30.0;
/// Height of a table's head.
pub(super) const HEAD: f32 = 34.0;
/// Height of buttons and fields.
pub(super) const CONTROL: f32 = 30.0;
/// Width of the navigation.
pub(super) const NAV: f32 = 196.0;
/// Width of the navigation where only icons have room.
pub(super) const RAIL: f32 = 56.0;
/// Width of the inspector.
pub(super) const INSPECTOR: f32 = 452.0;
/// How narrow and how wide it can be made.
const INSPECTOR_WIDTHS: [f32; 2] = [380.0, 720.0];
/// The greatest width of a dialog.
pub(super) const DIALOG: f32 = 960.0;
/// Below this width the navigation shrinks to icons and the inspector covers the page.
pub(super) const NARROW: f32 = 1000.0;
/// Corner radius of controls.
pub(super) const RADIUS: CornerRadius = CornerRadius::same(6);
/// Corner radius of cards and tables.
pub(super) const CARD_RADIUS: CornerRadius = CornerRadius::same(8);
/// Corner radius of dialogs.
pub(super) const DIALOG_RADIUS: CornerRadius = CornerRadius::same(12);

/// Body text in regular weight.
#[must_use]
pub(super) fn body() -> FontId {
    FontId::new(BODY, fonts::regular())
}

/// Secondary text.
#[must_use]
pub(super) fn small() -> FontId {
    FontId::new(SMALL, fonts::regular())
}

/// Text of buttons and badges.
#[must_use]
pub(super) fn medium(size: f32) -> FontId {
    FontId::new(size, fonts::medium())
}

/// Heads and names.
#[must_use]
pub(super) fn bold(size: f32) -> FontId {
    FontId::new(size, fonts::bold())
}

/// Identifiers, fingerprints, file names.
#[must_use]
pub(super) fn mono() -> FontId {
    FontId::new(MONO, fonts::mono())
}

/// How narrow and how wide what is open beside a page can be: never so wide that nothing is left to work with.
pub(super) fn inspector(ctx: &Context) -> std::ops::RangeInclusive<f32> {
    /// The page keeps at least this.
    const WORK: f32 = 420.0;
    let [least, most] = INSPECTOR_WIDTHS;
    least..=(ctx.content_rect().width() - NAV - WORK).clamp(least, most)
}

/// Gives a context its fonts and both themes. To be called before the first frame.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts::definitions());
    ctx.add_plugin(super::spoken::Spoken::default());
    // Where the system does not say what it prefers.
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    ctx.style_mut_of(Theme::Light, |style| apply(style, &LIGHT, Visuals::light()));
    ctx.style_mut_of(Theme::Dark, |style| apply(style, &DARK, Visuals::dark()));
}

fn apply(style: &mut Style, tokens: &Tokens, visuals: Visuals) {
    style.text_styles = [
        (TextStyle::Body, body()),
        (TextStyle::Button, medium(BODY)),
        (TextStyle::Small, small()),
        (TextStyle::Heading, bold(SECTION)),
        (TextStyle::Monospace, mono()),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 8.0);
    spacing.button_padding = vec2(11.0, 6.0);
    spacing.interact_size = vec2(CONTROL, CONTROL);
    spacing.menu_margin = Margin::same(6);
    spacing.combo_height = 360.0;
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 10.0;
    spacing.icon_spacing = 8.0;
    spacing.tooltip_width = 380.0;
    spacing.window_margin = Margin::same(24);
    spacing.scroll = ScrollStyle { bar_width: 8.0, ..ScrollStyle::floating() };
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;
    style.interaction.tooltip_grace_time = 0.0;
    style.animation_time = super::motion::USUAL;
    style.visuals = colours(tokens, visuals);
    #[cfg(debug_assertions)]
    {
        // egui_table moves its cells while it scrolls.
        style.debug.warn_if_rect_changes_id = false;
    }
}

fn colours(tokens: &Tokens, mut visuals: Visuals) -> Visuals {
    let line = Stroke::new(1.0, tokens.line);
    let state = |fill: Color32, stroke: Stroke, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: stroke,
        corner_radius: RADIUS,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = state(tokens.panel, line, tokens.text);
    visuals.widgets.inactive = state(tokens.panel, line, tokens.text);
    visuals.widgets.hovered = state(tokens.hover, Stroke::new(1.0, tokens.faint), tokens.text);
    visuals.widgets.active = state(tokens.accent.soft, Stroke::new(1.0, tokens.accent.ink), tokens.text);
    visuals.widgets.open = state(tokens.panel, Stroke::new(1.0, tokens.accent.ink), tokens.text);
    visuals.selection = Selection { bg_fill: tokens.accent.soft, stroke: Stroke::new(1.0, tokens.accent.ink) };
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(tokens.muted);
    visuals.hyperlink_color = tokens.accent.ink;
    visuals.faint_bg_color = tokens.hover;
    visuals.extreme_bg_color = tokens.panel;
    visuals.text_edit_bg_color = Some(tokens.panel);
    visuals.code_bg_color = tokens.side;
    visuals.warn_fg_color = tokens.warn.ink;
    visuals.error_fg_color = tokens.bad.ink;
    visuals.panel_fill = tokens.bg;
    visuals.window_fill = tokens.panel;
    visuals.window_stroke = line;
    visuals.window_corner_radius = DIALOG_RADIUS;
    visuals.menu_corner_radius = CARD_RADIUS;
    visuals.window_shadow = Shadow { offset: [0, 12], blur: 36, spread: 0, color: tokens.shadow };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: tokens.shadow };
    visuals.text_cursor = TextCursorStyle {
        stroke: Stroke::new(1.5, tokens.text),
        // A blinking cursor draws a frame twice a second for nothing.
        blink: false,
        ..visuals.text_cursor
    };
    visuals.handle_shape = HandleShape::Circle;
    visuals.striped = false;
    visuals.indent_has_left_vline = false;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2.2 defines them.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |colour: Color32| {
            let part = |value: u8| {
                let value = f32::from(value) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(colour.r()) + 0.7152 * part(colour.g()) + 0.0722 * part(colour.b())
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_its_ground() {
        for (name, tokens) in [("light", LIGHT), ("dark", DARK)] {
            let grounds = [tokens.bg, tokens.panel, tokens.side, tokens.hover, tokens.accent.soft];
            let mut pairs: Vec<(&str, Color32, Color32)> = Vec::new();
            pairs.extend(grounds.map(|ground| ("text", tokens.text, ground)));
            pairs.extend(grounds.map(|ground| ("muted", tokens.muted, ground)));
            for (tone, what) in [
                (tokens.ok, "ok"),
                (tokens.warn, "warn"),
                (tokens.bad, "bad"),
                (tokens.info, "info"),
                (tokens.accent, "accent"),
            ] {
                pairs.extend([(what, tone.ink, tone.soft), (what, tone.ink, tokens.panel)]);
            }
            pairs.push(("on accent", tokens.on_accent, tokens.accent.ink));
            for (what, ink, ground) in pairs {
                let ratio = contrast(ink, ground);
                assert!(ratio >= 4.5, "{name}: {what} {ink:?} on {ground:?} is {ratio:.2}");
            }
        }
    }
}
