//! Short messages at the window's edge: what was done, or what could not be. Errors stay until they are closed.

use std::collections::VecDeque;
use std::time::Duration;

use egui::{Align2, Area, Context, Frame, Id, Margin, Order, RichText, Stroke, vec2};
use jiff::Timestamp;

use crate::app::AppError;
use crate::domain::notice::{Notice, Urgency};
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::{Intent, Page};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, icon_button, secondary};

/// So long is a message shown that needs no answer.
const SHOWN: Duration = Duration::from_secs(6);

/// So long one that offers to take something back: it has to be read and thought about.
const OFFERED: Duration = Duration::from_secs(20);

/// More than these are too many to read: the oldest goes.
const MOST: usize = 4;

/// So many are kept to be read again.
const REMEMBERED: usize = 200;

/// What the button is called that takes something back.
const UNDO: &str = "Undo";

struct Toast {
    tone: ToneName,
    head: String,
    text: String,
    /// Set on the first frame that shows it.
    since: Option<Timestamp>,
    /// What can still be done about it, and what that is called.
    offer: Option<(String, Offer)>,
}

/// What a message offers to do.
pub(crate) type Offer = Box<dyn FnOnce(&mut Desk<'_>)>;

/// A message that was shown.
pub(super) struct Said {
    pub(super) tone: ToneName,
    pub(super) head: String,
    pub(super) text: String,
    /// When it was first shown.
    pub(super) at: Option<Timestamp>,
}

impl Said {
    /// All of it, to be passed on.
    #[must_use]
    pub(super) fn whole(&self) -> String {
        format!("{}\n{}", self.head, self.text).trim_end().to_owned()
    }
}

/// The messages that are shown, and those that were.
#[derive(Default)]
pub struct Toasts {
    shown: Vec<Toast>,
    /// The newest last.
    said: VecDeque<Said>,
    /// So much of the lower edge is kept clear in this frame.
    clear: f32,
}

impl Toasts {
    /// Says that something was done.
    pub fn done(&mut self, head: &str, text: &str) {
        self.push(ToneName::Ok, head, text);
    }

    /// Says that something was done which is to be looked at.
    pub fn warn(&mut self, head: &str, text: &str) {
        self.push(ToneName::Warn, head, text);
    }

    /// Says that something could not be done, and what to do.
    pub fn error(&mut self, head: &str, text: &str) {
        self.push(ToneName::Bad, head, text);
    }

    /// The same for an error as the engine gives it.
    pub fn failed(&mut self, what: &str, error: &AppError) {
        let hint = error.what_to_do().map(|hint| format!("\n{hint}")).unwrap_or_default();
        self.error(what, &format!("{}{hint}", error.message()));
    }

    /// Tells what is new among the notices: one message, however many there are.
    pub(in crate::ui) fn notices(&mut self, notices: &[Notice]) {
        let Some(first) = notices.first() else { return };
        let head = match notices {
            [_] => first.title.clone(),
            several => format!("{} new notices", several.len()),
        };
        let text = if notices.len() == 1 { &first.text } else { &first.title };
        // Also the most urgent goes by itself: it stays in the list.
        self.push(if first.urgency == Urgency::Info { ToneName::Info } else { ToneName::Warn }, &head, text);
        if let Some(toast) = self.shown.last_mut() {
            let show = |desk: &mut Desk<'_>| desk.intend(Intent::Go(Page::Notices));
            toast.offer = Some(("Show notices".to_owned(), Box::new(show)));
        }
    }

    /// Says that something was done, with a button that does something about it: `Undo`.
    pub fn offer(&mut self, head: &str, text: &str, button: &str, act: Offer) {
        self.push(ToneName::Ok, head, text);
        self.attach(button, act);
    }

    /// Offers with the last message to take back what it tells of.
    pub(in crate::ui) fn offer_undo(&mut self, act: impl FnOnce(&mut Desk<'_>) + 'static) {
        self.attach(UNDO, Box::new(act));
    }

    fn attach(&mut self, button: &str, act: Offer) {
        // What was offered before belongs to what was done before: it may not fit any more.
        self.shown.iter_mut().for_each(|toast| toast.offer = None);
        if let Some(toast) = self.shown.last_mut() {
            toast.offer = Some((button.to_owned(), act));
        }
    }

    /// What takes the last thing back, as long as that is offered; its message goes.
    pub(in crate::ui) fn take_undo(&mut self) -> Option<Offer> {
        let is_undo = |toast: &Toast| toast.offer.as_ref().is_some_and(|(button, _)| button == UNDO);
        let place = self.shown.iter().position(is_undo)?;
        self.shown.remove(place).offer.map(|(_, act)| act)
    }

    /// Keeps so much of the lower edge clear while this frame is drawn: buttons are there.
    pub(in crate::ui) const fn keep_clear(&mut self, height: f32) {
        self.clear = height;
    }

    /// What was said since the window was opened, the newest first.
    pub(super) fn said(&self) -> impl Iterator<Item = &Said> {
        self.said.iter().rev()
    }

    fn push(&mut self, tone: ToneName, head: &str, text: &str) {
        self.shown.retain(|toast| toast.head != head || toast.text != text);
        self.said.push_back(Said { tone, head: head.to_owned(), text: text.to_owned(), at: None });
        if self.said.len() > REMEMBERED {
            self.said.pop_front();
        }
        self.shown.push(Toast { tone, head: head.to_owned(), text: text.to_owned(), since: None, offer: None });
        if self.shown.len() > MOST {
            // Errors stay as long as something else can go.
            let oldest = self.shown.iter().position(|toast| toast.tone != ToneName::Bad).unwrap_or(0);
            self.shown.remove(oldest);
        }
    }

    /// Shows them, and returns what was taken of what they offer.
    pub fn show(&mut self, ctx: &Context, now: Timestamp) -> Option<Offer> {
        let clear = std::mem::take(&mut self.clear);
        if self.shown.is_empty() {
            return None;
        }
        for said in self.said.iter_mut().rev().take_while(|said| said.at.is_none()) {
            said.at = Some(now);
        }
        let mut taken = None;
        let tokens = tokens(ctx);
        let mut closed = None;
        // Beside the navigation, away from the buttons of the inspector and of dialogs; where the inspector covers the
        // page, above its foot.
        let narrow = ctx.content_rect().width() < theme::NARROW;
        let place = if narrow { vec2(theme::RAIL + 16.0, -68.0) } else { vec2(theme::NAV + 16.0, -16.0) };
        let place = place - vec2(0.0, clear);
        Area::new(Id::unique("toasts")).order(Order::Tooltip).anchor(Align2::LEFT_BOTTOM, place).show(ctx, |ui| {
            for (index, toast) in self.shown.iter_mut().enumerate() {
                toast.since.get_or_insert(now);
                let tone = toast.tone.of(tokens);
                Frame::new()
                    .fill(tokens.panel)
                    .stroke(Stroke::new(1.0, tone.ink))
                    .corner_radius(theme::CARD_RADIUS)
                    .shadow(ctx.global_style().visuals.popup_shadow)
                    .inner_margin(Margin::symmetric(14, 10))
                    .show(ui, |ui| {
                        ui.set_width(360.0);
                        ui.horizontal_top(|ui| {
                            ui.label(icon::text(toast.tone.icon(), tone.ink));
                            ui.vertical(|ui| {
                                ui.set_width(ui.available_width() - 36.0);
                                ui.spacing_mut().item_spacing.y = 2.0;
                                let head = RichText::new(&toast.head).font(theme::bold(theme::BODY));
                                ui.add(egui::Label::new(head).wrap().selectable(true));
                                if !toast.text.is_empty() {
                                    let text = RichText::new(&toast.text).font(theme::small()).color(tokens.muted);
                                    ui.add(egui::Label::new(text).wrap().selectable(true));
                                }
                                if let Some((label, _)) = &toast.offer
                                    && secondary(ui, label).clicked()
                                {
                                    taken = toast.offer.take().map(|(_, act)| act);
                                    closed = Some(index);
                                }
                            });
                            if icon_button(ui, Icon::X, "Close message").clicked() {
                                closed = Some(index);
                            }
                        });
                    });
            }
        });
        if let Some(index) = closed {
            self.shown.remove(index);
        }
        let age = |since: Timestamp| u64::try_from(now.as_millisecond() - since.as_millisecond()).unwrap_or(0);
        let most = |toast: &Toast| {
            let shown = if toast.offer.is_some() { OFFERED } else { SHOWN };
            u64::try_from(shown.as_millis()).unwrap_or(u64::MAX)
        };
        self.shown
            .retain(|toast| toast.tone == ToneName::Bad || toast.since.is_none_or(|since| age(since) < most(toast)));
        let passing = self.shown.iter().filter(|toast| toast.tone != ToneName::Bad);
        let left = passing.filter_map(|toast| Some(most(toast).saturating_sub(age(toast.since?)))).min();
        if let Some(left) = left {
            ctx.request_repaint_after(Duration::from_millis(left.max(1)));
        }
        taken
    }
}
