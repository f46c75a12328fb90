//! What the receipt says, and whether it is about what was sent.

use egui::{RichText, Ui};

use super::{fact, mono_block};
use crate::app::engine::TransmissionDetail;
use crate::domain::transmission::{Direction, Light};
use crate::ui::theme;
use crate::ui::widgets::{Badge, ToneName, mono, muted, section};

/// Shows the receipt.
pub(super) fn receipt(ui: &mut Ui, detail: &TransmissionDetail) {
    let transmission = &detail.transmission;
    let outbound = transmission.direction == Direction::Outbound;
    let said = |text: &str| RichText::new(text).font(theme::small());
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
        ui.label(muted(ui, "The receipt itself was not kept"));
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
