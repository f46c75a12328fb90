//! The message as the tree of its layers.

use egui::{Frame, Label, Margin, RichText, Stroke, Ui};

use super::again::choose_attempt;
use super::{fact, mono_block};
use crate::app::engine::{Answer, Command, LookAnswer, LookCommand, RequestId};
use crate::app::{LayerFact, MessageLayer, MessageStructure, RawPart};
use crate::domain::transmission::{Transmission, TransmissionId};
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::size;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, mono, muted, section, segmented, small};

/// The tab, with what was read of each side.
#[derive(Default)]
pub(super) struct StructureTab {
    receipt: bool,
    /// Of which attempt, where that was chosen.
    attempt: Option<u32>,
    sides: [Side; 2],
}

#[derive(Default)]
enum Side {
    #[default]
    Unread,
    Asked(Option<RequestId>),
    Read(Box<MessageStructure>),
    Failed(String),
}

impl StructureTab {
    /// Shows it.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, transmission: &Transmission) {
        let id = transmission.id;
        ui.horizontal_wrapped(|ui| {
            if let Some(receipt) = segmented(ui, self.receipt, &[(false, "Message"), (true, "Receipt (MDN)")]) {
                self.receipt = receipt;
            }
            if !self.receipt && choose_attempt(ui, transmission, &mut self.attempt) {
                self.sides = Default::default();
            }
        });
        let part = if self.receipt { RawPart::Receipt } else { RawPart::Request };
        let side = &mut self.sides[usize::from(self.receipt)];
        side.poll(desk, id, part, self.attempt.filter(|_| part == RawPart::Request));
        match side {
            Side::Unread | Side::Asked(_) => {
                ui.label(muted(ui, "Opening what was kept…"));
            }
            Side::Failed(why) => {
                let why = crate::domain::sentence::sentence(why);
                ui.add(Label::new(muted(ui, why)).wrap());
            }
            Side::Read(structure) => show(ui, structure),
        }
    }
}

impl Side {
    fn poll(&mut self, desk: &mut Desk<'_>, id: TransmissionId, part: RawPart, attempt: Option<u32>) {
        if matches!(self, Self::Unread)
            && let Some(request) = desk.ask(|request| Command::Look(request, LookCommand::Structure(id, part, attempt)))
        {
            *self = Self::Asked(Some(request));
        }
        let Self::Asked(request) = self else { return };
        match desk.answer(request) {
            Some(Ok(Answer::Look(answer))) => {
                if let LookAnswer::Structure(structure) = *answer {
                    *self = Self::Read(Box::new(structure));
                }
            }
            Some(Ok(_)) => *self = Self::Failed("nothing was kept".to_owned()),
            Some(Err(error)) => *self = Self::Failed(error.message().to_owned()),
            None => {}
        }
    }
}

fn show(ui: &mut Ui, structure: &MessageStructure) {
    match structure.obstacle() {
        None => {
            Badge::new(ToneName::Ok, "Opens to its innermost layer").about("Message").show(ui);
        }
        Some((title, why)) => {
            let word = format!("Stops at “{title}”");
            Badge::new(ToneName::Warn, &word).about("Message").show(ui).on_hover_text(why);
        }
    }
    if let Some(missing) = &structure.missing {
        ui.add(Label::new(muted(ui, missing)).wrap());
    }
    layer(ui, &structure.message, 0);
    if !structure.journal.is_empty() {
        ui.add_space(4.0);
        section(ui, "What the journal knows of the inside");
        facts(ui, &structure.journal);
    }
}

/// A layer with all that is in it: each in a frame within that of the one around it.
fn layer(ui: &mut Ui, layer: &MessageLayer, depth: usize) {
    let colours = tokens(ui.ctx());
    let (symbol, fill) = match layer.title.split(' ').next() {
        Some("Encrypted") => (Icon::Lock, colours.panel),
        Some("Signed" | "Signature") => (Icon::FileKey, colours.panel),
        Some("Compressed") => (Icon::FileArchive, colours.panel),
        _ => (Icon::FileText, colours.side),
    };
    Frame::new()
        .fill(fill)
        .stroke(Stroke::new(1.0, colours.line))
        .corner_radius(theme::RADIUS)
        .inner_margin(Margin::same(10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.horizontal_wrapped(|ui| {
                ui.label(icon::text(symbol, colours.muted).size(15.0));
                ui.add(Label::new(RichText::new(&layer.title).font(theme::bold(theme::BODY))).wrap());
                let place = if layer.offset > 0 { format!(", from byte {} on", layer.offset) } else { String::new() };
                ui.label(muted(ui, format!("{}{place}", size(layer.bytes))));
            });
            facts(ui, &layer.facts);
            if depth > 0 && !layer.headers.is_empty() {
                mono_block(ui, &super::headers::lines(&layer.headers));
            }
            if let Some(why) = &layer.obstacle {
                ui.horizontal_top(|ui| {
                    ui.label(icon::text(Icon::TriangleAlert, colours.warn.ink).size(14.0));
                    ui.vertical(|ui| {
                        ui.label(small("It stops here").color(colours.warn.ink));
                        let why = small(crate::domain::sentence::sentence(why)).color(colours.warn.ink);
                        ui.add(Label::new(why).wrap().selectable(true));
                    });
                });
            }
            for inner in &layer.layers {
                self::layer(ui, inner, depth + 1);
            }
        });
}

fn facts(ui: &mut Ui, facts: &[LayerFact]) {
    for each in facts {
        match each.good {
            None => fact(ui, &each.name, mono(each.value.as_str())),
            Some(good) => {
                let tone = if good { ToneName::Ok } else { ToneName::Bad };
                let ink = tone.of(tokens(ui.ctx())).ink;
                fact(ui, &each.name, mono(each.value.as_str()).color(ink));
            }
        }
    }
}
