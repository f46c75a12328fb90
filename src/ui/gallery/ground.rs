//! What everything stands on: colours, type, surfaces.

use egui::{Label, RichText, Sense, Stroke, StrokeKind, Ui, vec2};

use super::{is_dark, part};
use crate::ui::icon::Icon;
use crate::ui::theme::{self, DARK, LIGHT, tokens};
use crate::ui::widgets::{
    ToneName, empty_state, figure_tile, lines, long_text, long_text_in, mono, muted, notice, notice_lines, page_title,
    secondary, section, separator, small, strong, utc_on_hover,
};

pub(super) fn show(ui: &mut Ui) {
    part(ui, "Colours", colours);
    part(ui, "Type", type_scale);
    part(ui, "Tiles", tiles);
    part(ui, "Notices", notices);
    part(ui, "Long texts and lists", texts);
    part(ui, "Nothing to show", |ui| {
        ui.set_max_height(170.0);
        empty_state(
            ui,
            Icon::Inbox,
            "No connection yet",
            "It begins with a trading partner, or with the sample",
            |ui| {
                secondary(ui, "New connection…");
                secondary(ui, "Open the sample");
            },
        );
    });
}

fn colours(ui: &mut Ui) {
    let tokens = if is_dark(ui.ctx()) { &DARK } else { &LIGHT };
    let tones = [
        ("accent", tokens.accent),
        ("ok", tokens.ok),
        ("warn", tokens.warn),
        ("bad", tokens.bad),
        ("info", tokens.info),
    ];
    let grounds = [
        ("bg", tokens.bg),
        ("panel", tokens.panel),
        ("side", tokens.side),
        ("hover", tokens.hover),
        ("line", tokens.line),
        ("text", tokens.text),
        ("muted", tokens.muted),
        ("faint", tokens.faint),
        ("on accent", tokens.on_accent),
    ];
    let tones = tones.map(|(name, tone)| [(name, tone.ink), ("soft", tone.soft)]);
    for row in [&grounds[..], tones.as_flattened()] {
        ui.horizontal_top(|ui| {
            for (name, colour) in row {
                ui.vertical(|ui| {
                    ui.set_width(48.0);
                    ui.spacing_mut().item_spacing.y = 2.0;
                    let (rect, _) = ui.allocate_exact_size(vec2(48.0, 22.0), Sense::hover());
                    let line = Stroke::new(1.0, tokens.line);
                    ui.painter().rect(rect, theme::RADIUS, *colour, line, StrokeKind::Inside);
                    ui.add(Label::new(muted(ui, *name)).truncate());
                });
            }
        });
    }
}

fn type_scale(ui: &mut Ui) {
    page_title(ui, "Title of a page");
    section(ui, "Head of a section");
    ui.label(RichText::new("1,284").font(theme::bold(theme::FIGURE)));
    ui.label("Body text, which most is written in");
    ui.label(strong("A name in a body text"));
    ui.label(small("Secondary text"));
    ui.label(muted(ui, "Secondary text that steps back"));
    ui.label(RichText::new("HEAD OF A TABLE").font(theme::bold(theme::TABLE_HEAD)).color(tokens(ui.ctx()).muted));
    ui.label(mono("8B:07:5D:2C  AMAZONEDI  order-850.edi"));
}

fn tiles(ui: &mut Ui) {
    let tokens = tokens(ui.ctx());
    ui.horizontal_wrapped(|ui| {
        for (figure, colour, text) in [
            ("4", None, "connections"),
            ("2", Some(tokens.bad.ink), "need action"),
            ("3", Some(tokens.warn.ink), "end within 45 days"),
        ] {
            figure_tile(ui, figure, colour, text, 176.0, 78.0);
        }
    });
}

fn notices(ui: &mut Ui) {
    let text = "What it means for what is sent, and what to do about it";
    notice(ui, ToneName::Bad, "Orders will stop on 28 Nov", text, |ui| {
        secondary(ui, "Import the certificate…");
        secondary(ui, "Show");
    });
    notice(ui, ToneName::Warn, "The certificate ends in 12 days", text, |_| ());
    notice(ui, ToneName::Ok, "Every setting complies", "", |_| ());
    notice(ui, ToneName::Info, "Nothing was sent yet", "", |_| ());
    notice(ui, ToneName::Accent, "The test is under way", "", |_| ());
    let all = ["It ends within 45 days", "Its key is shorter than the policy wants"];
    notice_lines(ui, ToneName::Warn, &all.map(str::to_owned));
}

fn texts(ui: &mut Ui) {
    let ink = tokens(ui.ctx()).text;
    let long = "CN=as2-production.certificates.example.com, OU=Electronic Data Interchange, O=Amazon Services, C=US";
    long_text(ui, long, ink, "Copy the name");
    long_text_in(
        ui,
        "A name in bold that is much longer than it has room for on a card like this one, and its end is read as well",
        theme::bold(theme::BODY),
        ink,
        "Copy it",
    );
    long_text(ui, "CN=short, C=US", ink, "Copy the name");
    utc_on_hover(ui.label(small("28 Nov 2026, 10:00, in UTC under the pointer")), jiff::Timestamp::UNIX_EPOCH);
    separator(ui);
    let all: Vec<String> = (1..=40).map(|number| format!("Line {number} of 40")).collect();
    lines(ui, "gallery lines", &all, 20.0, 60.0, |ui, line| {
        ui.label(small(line));
    });
}
