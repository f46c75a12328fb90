//! The bytes as they were kept, the beginning of them.

use egui::{ScrollArea, Ui};

use super::mono_block;
use crate::app::RawPart;
use crate::app::engine::{Answer, Command, RawText, RequestId};
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;
use crate::ui::moment::size;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{mono, muted, secondary, section, segmented};

/// Longer lines are shown in pieces: what is off the screen costs time all the same.
const LONGEST: usize = 160;

/// Height of what is seen of the body at a time.
const SEEN: f32 = 360.0;

/// The tab, with what was read of each side.
#[derive(Default)]
pub(super) struct RawTab {
    answer: bool,
    sides: [Side; 2],
}

#[derive(Default)]
enum Side {
    #[default]
    Unread,
    Asked(Option<RequestId>),
    Read(Box<Read>),
    Failed(String),
}

struct Read {
    raw: RawText,
    /// The body in lines as they are shown.
    lines: Vec<String>,
    /// Letters in the longest of them.
    widest: usize,
    folder: String,
}

impl RawTab {
    /// Shows it.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, id: TransmissionId) {
        ui.horizontal(|ui| {
            if let Some(answer) = segmented(ui, self.answer, &[(false, "Request"), (true, "Answer")]) {
                self.answer = answer;
            }
        });
        let part = if self.answer { RawPart::Response } else { RawPart::Request };
        let side = &mut self.sides[usize::from(self.answer)];
        side.poll(desk, id, part);
        match side {
            Side::Unread | Side::Asked(_) => {
                ui.label(muted(ui, "Reading what was kept…"));
            }
            Side::Failed(why) => {
                let why = crate::ui::wording::sentence(why);
                ui.add(egui::Label::new(muted(ui, why)).wrap());
            }
            Side::Read(read) => show(ui, desk, read),
        }
    }
}

impl Side {
    fn poll(&mut self, desk: &mut Desk<'_>, id: TransmissionId, part: RawPart) {
        if matches!(self, Self::Unread)
            && let Some(request) = desk.ask(|request| Command::Raw(request, id, part))
        {
            *self = Self::Asked(Some(request));
        }
        let Self::Asked(request) = self else { return };
        match desk.answer(request) {
            Some(Ok(Answer::Raw(raw))) => *self = Self::Read(Box::new(Read::new(*raw))),
            Some(Ok(_)) => *self = Self::Failed("nothing was kept".to_owned()),
            Some(Err(error)) => *self = Self::Failed(error.message().to_owned()),
            None => {}
        }
    }
}

impl Read {
    fn new(raw: RawText) -> Self {
        let mut lines = Vec::new();
        for line in raw.body.lines() {
            let letters: Vec<char> = line.chars().collect();
            if letters.len() <= LONGEST {
                lines.push(line.to_owned());
            } else {
                lines.extend(letters.chunks(LONGEST).map(|piece| piece.iter().collect::<String>()));
            }
        }
        let widest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let folder = raw.files.first().and_then(|file| file.parent());
        let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
        Self { raw, lines, widest, folder }
    }
}

fn show(ui: &mut Ui, desk: &mut Desk<'_>, read: &Read) {
    let raw = &read.raw;
    if !raw.head.is_empty() {
        section(ui, "Head");
        mono_block(ui, raw.head.trim_end());
    }
    section(ui, "Body");
    let cut = if raw.cut { ", of which the beginning is shown" } else { "" };
    ui.label(muted(ui, format!("{}{cut}", size(raw.bytes))));
    if !read.lines.is_empty() {
        body(ui, read);
    }
    ui.horizontal_wrapped(|ui| {
        if secondary(ui, "Copy").on_hover_text("Head and body as shown").clicked() {
            ui.ctx().copy_text(format!("{}{}", raw.head, raw.body));
            desk.toasts.done("Copied", "Head and body as shown");
        }
        if !read.folder.is_empty() && secondary(ui, "Copy folder path").on_hover_text(&read.folder).clicked() {
            ui.ctx().copy_text(read.folder.clone());
            desk.toasts.done("Copied", &read.folder);
        }
    });
    ui.add(egui::Label::new(mono(&read.folder).color(tokens(ui.ctx()).muted)).wrap().selectable(true));
}

fn body(ui: &mut Ui, read: &Read) {
    let letter = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
    #[expect(clippy::cast_precision_loss, reason = "a number of letters on a line")]
    let width = read.widest as f32 * letter + 4.0;
    egui::Frame::new()
        .fill(tokens(ui.ctx()).side)
        .corner_radius(theme::RADIUS)
        .inner_margin(egui::Margin::same(10))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let height = ui.text_style_height(&egui::TextStyle::Monospace);
            ScrollArea::both().id_salt("body").max_height(SEEN).auto_shrink([false, true]).show_rows(
                ui,
                height,
                read.lines.len(),
                |ui, seen| {
                    ui.set_min_width(width);
                    for line in &read.lines[seen] {
                        ui.add(egui::Label::new(mono(line)).extend().selectable(true));
                    }
                },
            );
        });
}
