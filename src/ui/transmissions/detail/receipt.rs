//! What the receipt says, and whether it is about what was sent.

use egui::{RichText, Ui};

use super::{fact, mono_block};
use crate::app::engine::TransmissionDetail;
use crate::app::receipt_given;
use crate::domain::disposition::Disposition;
use crate::domain::retention::{kind_of_receipt, removed_on};
use crate::domain::transmission::{Direction, Light, Transmission};
use crate::ui::theme;
use crate::ui::widgets::{Badge, ToneName, mono, muted, section};

/// Shows the receipt.
pub(super) fn receipt(ui: &mut Ui, detail: &TransmissionDetail) {
    let transmission = &detail.transmission;
    let outbound = transmission.direction == Direction::Outbound;
    let said = |text: &str| RichText::new(text).font(theme::small());
    if let Some(given) = receipt_given(transmission) {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            fact(ui, "Asked for", said(&given.asked));
            fact(ui, "What became of it", said(&given.became));
        });
    }
    if transmission.disposition.is_none() && detail.receipt.is_none() {
        let text = if outbound && transmission.lights.receipt == Light::NotAsked {
            "No receipt (MDN) was asked for"
        } else if outbound {
            "No receipt (MDN) has come that can be read"
        } else {
            "No receipt (MDN) was sent"
        };
        ui.label(muted(ui, text));
        return;
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        if let Some(words) = in_plain_words(transmission) {
            ui.add(egui::Label::new(RichText::new(words).font(theme::body())).wrap().selectable(true));
        }
        if let Some(disposition) = &transmission.disposition {
            fact(ui, "Disposition", mono(disposition));
        }
        let signed = detail.receipt.as_ref().and_then(|receipt| receipt.signed.as_deref());
        fact(ui, "Signature", said(signed.unwrap_or("Not signed")));
        let mic = &transmission.mic;
        if let Some(algorithm) = &mic.algorithm {
            fact(ui, "MIC algorithm", mono(algorithm));
        }
        let (mine, other) = if outbound { ("MIC of ours", "MIC of theirs") } else { ("MIC of ours", "MIC sent") };
        if let Some(ours) = &mic.ours {
            fact(ui, mine, mono(ours));
        }
        if let Some(theirs) = &mic.theirs {
            fact(ui, other, mono(theirs));
        }
        if outbound {
            match mic.matches {
                Some(true) => Badge::new(ToneName::Ok, "What arrived is what was sent").about("MIC").show(ui),
                Some(false) => Badge::new(ToneName::Bad, "What arrived is not what was sent").about("MIC").show(ui),
                None => Badge::new(ToneName::Info, "Not compared").about("MIC").show(ui),
            };
        }
    });
    let Some(receipt) = &detail.receipt else {
        let gone = detail.keeping.removed(kind_of_receipt(transmission));
        ui.label(muted(ui, gone.map_or_else(|| "The receipt itself was not kept".to_owned(), removed_on)));
        return;
    };
    if let Some(human) = receipt.human.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        ui.add_space(4.0);
        section(ui, "For people");
        ui.add(egui::Label::new(said(human)).wrap().selectable(true));
    }
    if !receipt.fields.is_empty() {
        ui.add_space(4.0);
        section(ui, "For machines");
        mono_block(ui, &super::headers::lines(&receipt.fields));
    }
}

/// What the receipt comes to.
fn in_plain_words(transmission: &Transmission) -> Option<String> {
    let disposition = Disposition::parse(transmission.disposition.as_deref()?);
    let why = disposition.key().map_or_else(String::new, |key| format!(": {key}"));
    Some(match (transmission.direction, disposition.is_positive()) {
        (Direction::Inbound, true) => "We have told the sender that it was processed".to_owned(),
        (Direction::Inbound, false) => format!("We have told the sender that it was not processed{why}"),
        (Direction::Outbound, false) => format!("The partner says that it was not processed{why}"),
        (Direction::Outbound, true) => match transmission.mic.matches {
            Some(true) => "The partner says that it was processed, and what arrived is what was sent",
            Some(false) => "The partner says that it was processed, but what arrived is not what was sent",
            None => "The partner says that it was processed; whether it arrived unchanged is not proven",
        }
        .to_owned(),
    })
}
