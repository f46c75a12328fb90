//! Badges: icon, word and colour together, never colour alone.

use std::sync::Arc;

use egui::{Galley, Painter, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::domain::compliance::Status;
use crate::domain::transmission::{Light, Verdict};
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, Tokens, Tone, tokens};

/// What a badge or a notice says, before any word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToneName {
    /// All is well.
    Ok,
    /// To be looked at.
    Warn,
    /// Wrong.
    Bad,
    /// Not known, or not asked.
    Info,
    /// Being worked on.
    Accent,
}

impl ToneName {
    /// Its colours.
    #[must_use]
    pub(crate) const fn of(self, tokens: &Tokens) -> Tone {
        match self {
            Self::Ok => tokens.ok,
            Self::Warn => tokens.warn,
            Self::Bad => tokens.bad,
            Self::Info => tokens.info,
            Self::Accent => tokens.accent,
        }
    }

    /// Its icon.
    #[must_use]
    pub(crate) const fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::Check,
            Self::Warn => Icon::TriangleAlert,
            Self::Bad => Icon::X,
            Self::Info => Icon::CircleQuestionMark,
            Self::Accent => Icon::CircleDashed,
        }
    }

    /// The tone of a compliance status.
    #[must_use]
    pub(crate) const fn status(status: Status) -> Self {
        match status {
            Status::NonCompliant => Self::Bad,
            Status::Due | Status::Advice => Self::Warn,
            Status::Compliant => Self::Ok,
            Status::Unknown | Status::NotApplicable => Self::Info,
        }
    }

    /// The tone of a verdict.
    #[must_use]
    pub(crate) const fn verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Delivered | Verdict::Received => Self::Ok,
            Verdict::Failed | Verdict::Refused => Self::Bad,
            Verdict::Pending | Verdict::Uncertain => Self::Warn,
            Verdict::Queued | Verdict::Sending => Self::Accent,
            Verdict::Cancelled => Self::Info,
        }
    }

    /// The tone of one of the five lights.
    #[must_use]
    pub(crate) const fn light(light: Light) -> Self {
        match light {
            Light::Good => Self::Ok,
            Light::Bad => Self::Bad,
            Light::Missing => Self::Warn,
            Light::NotAsked => Self::Info,
        }
    }
}

/// Between a badge's edge and what is in it.
const PADDING: f32 = 7.0;

/// Between its icon and its word.
const GAP: f32 = 4.0;

/// A badge that is laid out.
struct Laid {
    tone: Tone,
    icon: Arc<Galley>,
    word: Arc<Galley>,
    size: Vec2,
}

impl Laid {
    fn draw(self, painter: &Painter, rect: Rect, outlined: bool) {
        let Self { tone, icon, word, .. } = self;
        painter.rect_filled(rect, rect.height() / 2.0, tone.soft);
        if outlined {
            let line = egui::Stroke::new(1.0, tone.ink);
            painter.rect_stroke(rect, rect.height() / 2.0, line, egui::StrokeKind::Inside);
        }
        let middle = |galley_height: f32| rect.center().y - galley_height / 2.0;
        let icon_at = pos2(rect.left() + PADDING - 1.0, middle(icon.size().y));
        let word_at = pos2(rect.right() - PADDING - word.size().x, middle(word.size().y));
        painter.galley(icon_at, icon, tone.ink);
        painter.galley(word_at, word, tone.ink);
    }
}

/// A pill of icon and word on a soft ground.
#[must_use = "a badge is seen only when it is shown"]
pub(crate) struct Badge<'a> {
    tone: ToneName,
    icon: Option<Icon>,
    word: &'a str,
    about: Option<&'a str>,
    status: Option<&'a str>,
    leads: bool,
}

impl<'a> Badge<'a> {
    /// A badge of a tone, with the tone's icon.
    pub(crate) const fn new(tone: ToneName, word: &'a str) -> Self {
        Self { tone, icon: None, word, about: None, status: None, leads: false }
    }

    /// A badge for a compliance status.
    pub(crate) const fn status(status: Status, word: &'a str) -> Self {
        let badge = Self::new(ToneName::status(status), word);
        Self { status: Some(status.label()), ..badge }
    }

    /// A badge for a verdict.
    pub(crate) const fn verdict(verdict: Verdict, word: &'a str) -> Self {
        let icon = match verdict {
            Verdict::Pending => Some(Icon::Clock),
            Verdict::Cancelled => Some(Icon::Ban),
            _ => None,
        };
        Self { icon, ..Self::new(ToneName::verdict(verdict), word) }
    }

    /// With another icon than the tone's.
    pub(crate) const fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// How that stands, for those who cannot see the icon.
    pub(crate) const fn stands(mut self, status: &'a str) -> Self {
        self.status = Some(status);
        self
    }

    /// Of which setting it speaks, for those who cannot see where it stands.
    pub(crate) const fn about(mut self, setting: &'a str) -> Self {
        self.about = Some(setting);
        self
    }

    /// Leading to its cause, for the pointer: the keyboard stops at what it stands in.
    pub(crate) const fn leads(mut self) -> Self {
        self.leads = true;
        self
    }

    /// Shows it.
    pub(crate) fn show(self, ui: &mut Ui) -> Response {
        let laid = self.laid(ui, ui.available_width());
        let sense = if self.leads { Sense::CLICK } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(laid.size, sense);
        if ui.is_rect_visible(rect) {
            laid.draw(ui.painter(), rect, self.leads && response.hovered());
        }
        let role = if self.leads { Role::Link } else { Role::Label };
        response.widget_info(|| WidgetInfo::labeled(role, true, self.said()));
        if self.leads { response.on_hover_cursor(egui::CursorIcon::PointingHand) } else { response }
    }

    /// Draws it alone, from the middle of its left edge, without taking room or saying anything: for what is said otherwise.
    pub(crate) fn draw(self, ui: &Ui, at: Pos2, room: f32) {
        let laid = self.laid(ui, room);
        let rect = Rect::from_min_size(at - vec2(0.0, laid.size.y / 2.0), laid.size);
        laid.draw(ui.painter(), rect, false);
    }

    fn laid(&self, ui: &Ui, room: f32) -> Laid {
        let tone = self.tone.of(tokens(ui.ctx()));
        let icon = char::from(self.icon.unwrap_or_else(|| self.tone.icon())).to_string();
        let icon = ui.painter().layout_no_wrap(icon, icon::font(12.5), tone.ink);
        let room = (room - icon.size().x - GAP - 2.0 * PADDING).max(24.0);
        let mut job =
            egui::text::LayoutJob::simple_singleline(self.word.to_owned(), theme::medium(theme::SMALL), tone.ink);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room);
        let word = ui.painter().layout_job(job);
        let size = vec2(2.0 * PADDING + icon.size().x + GAP + word.size().x, 20.0);
        Laid { tone, icon, word, size }
    }

    /// How wide it will be at the most.
    #[must_use]
    pub(crate) fn width(ui: &Ui, word: &str) -> f32 {
        let font = theme::medium(theme::SMALL);
        ui.painter().layout_no_wrap(word.to_owned(), font, tokens(ui.ctx()).text).size().x + 36.0
    }

    /// What a screen reader says: `Encryption: 3DES, Non-compliant`.
    fn said(&self) -> String {
        let mut said = String::new();
        if let Some(about) = self.about {
            said.push_str(about);
            said.push_str(": ");
        }
        said.push_str(self.word);
        if let Some(status) = self.status {
            said.push_str(", ");
            said.push_str(status);
        }
        said
    }
}
