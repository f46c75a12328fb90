//! Kept bytes, looked at row by row: segments of an interchange, lines of text, hex. The engine reads what is seen and
//! nothing else, so that a hundred megabytes scroll like a page.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Align, Label, Layout, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

use super::outline::outline_card;
use super::saving::Saving;
use crate::app::engine::{Answer, Command, LookAnswer, LookCommand, RequestId};
use crate::app::{OpenedView, RawPart, ViewKind, ViewRow};
use crate::domain::document::{Outline, Segment, names};
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::moment::{grouped, size};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, icon_button, mono, mono_edit, muted, notice, segmented};

/// So many rows are asked for at a time.
const CHUNK: u64 = 200;

/// So many chunks are held.
const MOST_CHUNKS: usize = 48;

/// So many rows lie on one page: beyond that, places on the screen are too coarse to scroll by.
const PAGE: u64 = 20_000;

/// The most letters of one row that are shown.
const MOST_LETTERS: usize = 600;

/// The most letters of a tag that are shown: those of every standard have two or three.
const MOST_OF_A_TAG: usize = 12;

/// Height of a segment: its tag and name above its elements.
const SEGMENT: f32 = 40.0;

/// Height of a line.
const LINE: f32 = 17.0;

/// A viewer of one part.
pub(super) struct Viewer {
    part: RawPart,
    /// Of which attempt, where that was chosen.
    attempt: Option<u32>,
    wished: Option<ViewKind>,
    opened: Opened,
    chunks: BTreeMap<u64, Vec<ViewRow>>,
    /// The chunk that is being read.
    reading: Option<(u64, Option<RequestId>)>,
    page: u64,
    /// The row that is to be brought into view.
    bring: Option<u64>,
    go_to: String,
    saving: Saving,
}

enum Opened {
    Not,
    Asked(Option<RequestId>),
    Here(Arc<OpenedView>),
    Failed(String),
}

impl Viewer {
    /// Of a part that is opened when it is first shown.
    #[must_use]
    pub(super) fn new(part: RawPart) -> Self {
        Self {
            part,
            attempt: None,
            wished: None,
            opened: Opened::Not,
            chunks: BTreeMap::new(),
            reading: None,
            page: 0,
            bring: None,
            go_to: String::new(),
            saving: Saving::default(),
        }
    }

    /// Forgets what was read, because something else is kept now. A file that is being saved goes on.
    pub(super) fn reset(&mut self) {
        let saving = std::mem::take(&mut self.saving);
        *self = Self { saving, attempt: self.attempt, ..Self::new(self.part) };
    }

    /// Looks at another attempt.
    pub(super) fn choose(&mut self, attempt: Option<u32>) {
        if self.attempt != attempt {
            self.attempt = attempt;
            self.reset();
        }
    }

    /// What is in the interchange, where it is one and has been opened.
    #[must_use]
    pub(super) fn outline(&self) -> Option<&Outline> {
        match &self.opened {
            Opened::Here(view) => view.outline.as_deref(),
            _ => None,
        }
    }

    /// Takes what has come, and opens the part where that has not been done. To be called once a frame.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, id: TransmissionId) {
        let (part, attempt, wished) = (self.part, self.attempt, self.wished);
        if matches!(self.opened, Opened::Not) {
            let asked = desk.ask(|request| Command::Look(request, LookCommand::Open(id, part, attempt, wished)));
            // Where it was not taken, it is asked again.
            self.opened = asked.map_or(Opened::Not, |asked| Opened::Asked(Some(asked)));
        }
        if let Opened::Asked(request) = &mut self.opened {
            match desk.answer(request) {
                Some(Ok(Answer::Look(answer))) => {
                    if let LookAnswer::Opened(view) = *answer {
                        self.opened = Opened::Here(view);
                    }
                }
                Some(Ok(_)) => self.opened = Opened::Failed("Nothing was kept".to_owned()),
                Some(Err(error)) => self.opened = Opened::Failed(error.message().to_owned()),
                None => {}
            }
        }
        self.take_rows(desk);
        self.saving.poll(desk);
    }

    fn take_rows(&mut self, desk: &mut Desk<'_>) {
        let Some((chunk, request)) = &mut self.reading else { return };
        let chunk = *chunk;
        let Some(answer) = desk.answer(request) else { return };
        self.reading = None;
        match answer {
            Ok(Answer::Look(answer)) => {
                if let LookAnswer::Rows(from, rows) = *answer
                    && from == chunk * CHUNK
                {
                    self.chunks.insert(chunk, rows);
                }
            }
            Ok(_) => {}
            Err(error) => self.opened = Opened::Failed(error.message().to_owned()),
        }
    }

    /// Shows it. `name` is proposed for a file.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, id: TransmissionId, name: &str) {
        let view = match &self.opened {
            Opened::Here(view) => Arc::clone(view),
            Opened::Failed(why) => {
                let why = crate::domain::sentence::sentence(why);
                ui.add(Label::new(muted(ui, why)).wrap());
                return;
            }
            Opened::Not | Opened::Asked(_) => {
                ui.label(muted(ui, "Reading what was kept…"));
                return;
            }
        };
        if self.bar(ui, desk, &view, id, name) {
            // It is opened anew, and rows of what was shown so far are none of it.
            return;
        }
        if let Some(altered) = &view.altered {
            notice(ui, ToneName::Bad, "This is not the document that was journalled", altered, |_ui| ());
        }
        if !view.head.is_empty() {
            super::mono_block(ui, view.head.trim_end());
        }
        if view.kind == ViewKind::Segments
            && let Some(outline) = &view.outline
            && let Some(segment) = outline_card(ui, outline, &view.acknowledged)
        {
            self.go(segment);
        }
        if view.rows > 0 {
            self.pager(ui, &view);
            self.rows(ui, desk, &view);
        }
    }

    /// How it is looked at, how large it is, and saving it. Returns whether it is to be looked at in another way.
    fn bar(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, view: &OpenedView, id: TransmissionId, name: &str) -> bool {
        let mut changed = false;
        ui.horizontal_wrapped(|ui| {
            let label = |kind: &ViewKind| match kind {
                ViewKind::Segments => "Segments",
                ViewKind::Text => "Text",
                ViewKind::Hex => "Hex",
            };
            let kinds: Vec<(ViewKind, &str)> = view.kinds.iter().map(|kind| (*kind, label(kind))).collect();
            if view.rows > 0
                && let Some(kind) = segmented(ui, view.kind, &kinds)
            {
                *self = Self { wished: Some(kind), saving: std::mem::take(&mut self.saving), ..Self::new(self.part) };
                changed = true;
            }
            self.saving.button(ui, desk, id, (self.part, self.attempt), name);
        });
        let missing = view
            .gap
            .map_or_else(String::new, |gap| format!(", of which {} in the middle were not kept", size(gap.bytes)));
        let length = if view.bytes == 0 { "Empty, 0 bytes".to_owned() } else { size(view.bytes) };
        ui.label(muted(ui, format!("{length}{missing}")));
        changed
    }

    fn go(&mut self, row: u64) {
        self.page = row / PAGE;
        self.bring = Some(row % PAGE);
    }

    /// The pages, where there are several.
    fn pager(&mut self, ui: &mut Ui, view: &OpenedView) {
        if view.rows <= PAGE {
            return;
        }
        let pages = view.rows.div_ceil(PAGE);
        let what = if view.kind == ViewKind::Segments { "Segments" } else { "Lines" };
        ui.horizontal(|ui| {
            let before = ui.add_enabled_ui(self.page > 0, |ui| icon_button(ui, Icon::ChevronLeft, "Previous page"));
            if before.inner.clicked() {
                self.go((self.page - 1) * PAGE);
            }
            let (first, last) = (self.page * PAGE + 1, ((self.page + 1) * PAGE).min(view.rows));
            ui.label(muted(ui, format!("{what} {} to {} of {}", grouped(first), grouped(last), grouped(view.rows))));
            let after = ui.add_enabled_ui(self.page + 1 < pages, |ui| icon_button(ui, Icon::ChevronRight, "Next page"));
            if after.inner.clicked() {
                self.go((self.page + 1) * PAGE);
            }
            let field = mono_edit(ui, "Go to number", &mut self.go_to, "Go to…", 84.0);
            if field.lost_focus()
                && ui.input(|input| input.key_pressed(egui::Key::Enter))
                && let Ok(number) = self.go_to.trim().replace([',', '.', ' '], "").parse::<u64>()
            {
                self.go(number.clamp(1, view.rows) - 1);
            }
        });
    }

    fn rows(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, view: &Arc<OpenedView>) {
        let halved = view.kind == ViewKind::Hex && is_narrow(ui);
        let height = match view.kind {
            ViewKind::Segments => SEGMENT,
            ViewKind::Hex if halved => LINE * 2.0,
            ViewKind::Text | ViewKind::Hex => LINE,
        };
        let first = self.page * PAGE;
        let count = usize::try_from((view.rows - first.min(view.rows)).min(PAGE)).unwrap_or_default();
        let seen_height = (ui.ctx().content_rect().height() * 0.56).max(220.0);
        let mut seen = 0..0;
        egui::Frame::new()
            .fill(tokens(ui.ctx()).side)
            .corner_radius(theme::RADIUS)
            .inner_margin(egui::Margin::same(8))
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                let mut area = ScrollArea::both()
                    .id_salt(("rows", self.part_name(), self.page, halved))
                    .max_height(seen_height)
                    .auto_shrink([false, true]);
                if let Some(row) = self.bring.take() {
                    #[expect(clippy::cast_precision_loss, reason = "a row of at most twenty thousand")]
                    let offset = row as f32 * height;
                    area = area.vertical_scroll_offset(offset);
                }
                area.show_rows(ui, height, count, |ui, range| {
                    seen = range.clone();
                    for row in range {
                        self.row(ui, view, first + row as u64, height);
                    }
                });
            });
        self.fetch(desk, view, first + seen.start as u64, first + seen.end as u64);
    }

    const fn part_name(&self) -> &'static str {
        self.part.label()
    }

    fn row(&self, ui: &mut Ui, view: &OpenedView, row: u64, height: f32) {
        let index = usize::try_from(row % CHUNK).unwrap_or_default();
        // Exactly as high as was said: else what is scrolled to is not what is seen.
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let mut inner = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
        inner.spacing_mut().item_spacing.y = 2.0;
        inner.spacing_mut().interact_size.y = 0.0;
        match self.chunks.get(&(row / CHUNK)).and_then(|chunk| chunk.get(index)) {
            Some(ViewRow::Segment(segment)) => segment_row(&mut inner, segment, view),
            Some(ViewRow::Line(text)) => text_row(&mut inner, text),
            Some(ViewRow::Hex { offset, hex, text }) if height > LINE => {
                inner.spacing_mut().item_spacing.y = 1.0;
                for line in halves(*offset, hex, text) {
                    text_row(&mut inner, &line);
                }
            }
            Some(ViewRow::Hex { offset, hex, text }) => text_row(&mut inner, &hex_line(*offset, hex, 16, text)),
            Some(ViewRow::Missing(bytes)) => {
                let words = muted(&inner, format!("{} that were not kept", size(*bytes)));
                inner.label(words);
            }
            None => {
                let words = muted(&inner, "…");
                inner.label(words);
            }
        }
        let right = inner.min_rect().right();
        ui.expand_to_include_x(right);
    }

    /// Asks for what is seen and not there yet, one chunk after the other.
    fn fetch(&mut self, desk: &mut Desk<'_>, view: &Arc<OpenedView>, from: u64, to: u64) {
        if self.reading.is_some() || from >= to {
            return;
        }
        let mut seen = from / CHUNK..=(to - 1) / CHUNK;
        let Some(missing) = seen.find(|chunk| !self.chunks.contains_key(chunk)) else { return };
        while self.chunks.len() >= MOST_CHUNKS {
            // The one that lies furthest from what is seen.
            let distance = |chunk: &u64| chunk.abs_diff(missing);
            let Some(furthest) = self.chunks.keys().copied().max_by_key(distance) else { break };
            self.chunks.remove(&furthest);
        }
        let view = Arc::clone(view);
        let request = desk.ask(|request| {
            let count = usize::try_from(CHUNK).unwrap_or_default();
            Command::Look(request, LookCommand::Rows { view, from: missing * CHUNK, count })
        });
        self.reading = request.map(|request| (missing, Some(request)));
    }
}

fn cut(text: &str) -> String {
    cut_to(text, MOST_LETTERS)
}

fn cut_to(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut short: String =
        letters.by_ref().take(most).map(|each| if each.is_control() { '·' } else { each }).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// A line of hex: where it stands, its bytes, and what can be read of them.
fn hex_line(offset: u64, hex: &str, bytes: usize, text: &str) -> String {
    let width = bytes * 3 - 1;
    format!("{offset:08x}  {hex:<width$}  {text}")
}

/// The same in two lines of eight bytes, for where sixteen do not fit beside each other.
fn halves(offset: u64, hex: &str, text: &str) -> Vec<String> {
    let (left, right) = hex.split_at_checked(24).unwrap_or((hex, ""));
    let (readable, rest) = text.split_at_checked(8).unwrap_or((text, ""));
    let mut lines = vec![hex_line(offset, left.trim_end(), 8, readable)];
    if !right.is_empty() {
        lines.push(hex_line(offset + 8, right, 8, rest));
    }
    lines
}

/// Whether a line of sixteen bytes does not fit beside what the frame around it takes.
fn is_narrow(ui: &Ui) -> bool {
    const FRAME: f32 = 16.0;
    let line = hex_line(0, "", 16, &"m".repeat(16));
    let width = ui.painter().layout_no_wrap(line, theme::mono(), tokens(ui.ctx()).text).size().x;
    width + FRAME > ui.available_width()
}

fn text_row(ui: &mut Ui, text: &str) {
    ui.add(Label::new(mono(text)).extend().selectable(true));
}

/// A segment: its number, tag and name above its elements.
fn segment_row(ui: &mut Ui, segment: &Segment, view: &OpenedView) {
    let Some(outline) = &view.outline else { return };
    let tokens = tokens(ui.ctx());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.label(mono(cut_to(&segment.tag, MOST_OF_A_TAG)).color(tokens.accent.ink).strong());
        let name = names::segment(outline.standard, &segment.tag).unwrap_or("Not known here");
        ui.add(Label::new(muted(ui, name)).extend());
        ui.add(Label::new(muted(ui, grouped(segment.number + 1))).extend());
        if segment.cut {
            let size = size(segment.length);
            ui.label(RichText::new(format!("Its end is missing, {size}")).font(theme::small()).color(tokens.bad.ink));
        }
    });
    let separator = separator(&outline.delimiters);
    text_row(ui, &cut(&segment.written().join(&separator)));
}

/// What stands between elements, as it can be seen.
fn separator(delimiters: &crate::domain::document::Delimiters) -> String {
    let separator = char::from(delimiters.element);
    if separator.is_control() || separator == ' ' { " · ".to_owned() } else { separator.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_that_do_not_fit_stand_in_two_lines() {
        let hex = "49 53 41 2a 30 30 2a 20 20 20 20 20 20 20 20 20";
        assert_eq!(
            halves(16, hex, "ISA*00*         "),
            ["00000010  49 53 41 2a 30 30 2a 20  ISA*00* ", "00000018  20 20 20 20 20 20 20 20          "]
        );
        assert_eq!(halves(0, "49 53", "IS"), ["00000000  49 53                    IS"]);
        assert_eq!(halves(0, &hex[..23], "ISA*00* "), ["00000000  49 53 41 2a 30 30 2a 20  ISA*00* "]);
        assert_eq!(hex_line(0, "49", 16, "I").len(), 8 + 2 + 47 + 2 + 1);
    }

    #[test]
    fn long_rows_are_cut() {
        assert_eq!(cut(&"x".repeat(MOST_LETTERS)).chars().count(), MOST_LETTERS);
        assert!(cut(&"x".repeat(MOST_LETTERS + 1)).ends_with('…'));
        assert_eq!(cut_to(&"T\n".repeat(9000), 4), "T·T·…");
    }
}
