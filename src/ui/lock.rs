//! The window's lock: nothing of the workspace is shown, written or opened here until its passphrase was given again. The engine goes
//! on meanwhile: what is sent and received is nobody's to wait for.
//!
//! It means something only where a passphrase protects the workspace: a key file or an open keychain would open it for anybody who
//! sits here.

use std::time::Duration;

use egui::{Align, CentralPanel, Context, Event, Frame, Id, Key, Label, Layout, RawInput, Ui, vec2};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::desk::Answers;
use super::icon::Icon;
use super::theme::tokens;
use super::widgets::{empty_state, field_error, muted, password_edit, primary};
use crate::app::engine::{Command, Engine, Password, RequestId};
use crate::domain::sentence::sentence;

/// After how long without input the window locks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum LockAfter {
    /// Not by itself.
    Never,
    /// Five minutes.
    Five,
    /// A quarter of an hour.
    #[default]
    Fifteen,
    /// Half an hour.
    Thirty,
    /// An hour.
    Sixty,
}

impl LockAfter {
    /// All of them, with their names.
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Five, "After 5 minutes"),
        (Self::Fifteen, "After 15 minutes"),
        (Self::Thirty, "After 30 minutes"),
        (Self::Sixty, "After an hour"),
        (Self::Never, "Never"),
    ];

    fn kept() -> Id {
        Id::unique("lock after")
    }

    /// What is chosen.
    #[must_use]
    pub(super) fn of(ctx: &Context) -> Self {
        ctx.data_mut(|data| data.get_persisted(Self::kept())).unwrap_or_default()
    }

    /// Keeps it.
    pub(super) fn choose(self, ctx: &Context) {
        ctx.data_mut(|data| data.insert_persisted(Self::kept(), self));
    }

    const fn limit(self) -> Option<Duration> {
        let minutes = match self {
            Self::Never => return None,
            Self::Five => 5,
            Self::Fifteen => 15,
            Self::Thirty => 30,
            Self::Sixty => 60,
        };
        Some(Duration::from_secs(minutes * 60))
    }
}

/// When somebody was last seen to do something.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// By the window's own time, which stands still while the machine sleeps, and
    time: f64,
    /// by the clock, which does not, but can be set.
    at: Timestamp,
}

impl Seen {
    /// For how long nobody has done anything.
    fn idle(self, time: f64, now: Timestamp) -> Duration {
        let awake = Duration::try_from_secs_f64(time - self.time).unwrap_or_default();
        awake.max(Duration::try_from(now.duration_since(self.at)).unwrap_or_default())
    }
}

/// The lock.
#[derive(Default)]
pub(super) struct Lock {
    is_on: bool,
    seen: Option<Seen>,
    passphrase: Zeroizing<String>,
    asked: Option<RequestId>,
    refused: Option<String>,
    /// Whether the field has been given the keyboard.
    has_begun: bool,
}

impl Lock {
    /// Whether the window is locked.
    pub(super) const fn is_on(&self) -> bool {
        self.is_on
    }

    /// Locks the window.
    pub(super) fn turn_on(&mut self, ctx: &Context) {
        *self = Self { is_on: true, ..Self::default() };
        egui::Popup::close_all(ctx);
        ctx.request_repaint();
    }

    /// Locks the window once nobody has done anything for long enough; where a passphrase protects the workspace, as far as that is
    /// known by now. Asks for one frame at the end of that time, and for none meanwhile.
    pub(super) fn follow(&mut self, ctx: &Context, by_passphrase: Option<bool>, now: Timestamp) {
        let Some(by_passphrase) = by_passphrase else { return };
        if !by_passphrase {
            // Another program has changed what protects it: there is nothing any more that could be asked for.
            *self = Self::default();
            return;
        }
        let (time, acts) = ctx.input(|input| (input.time, acts(&input.raw)));
        let seen = self.seen.filter(|_| !acts).unwrap_or(Seen { time, at: now });
        self.seen = Some(seen);
        let Some(limit) = LockAfter::of(ctx).limit().filter(|_| !self.is_on) else { return };
        match limit.checked_sub(seen.idle(time, now)).filter(|left| !left.is_zero()) {
            Some(left) => ctx.request_repaint_after(left),
            None => self.turn_on(ctx),
        }
    }

    /// Takes whether the passphrase was right.
    pub(super) fn listen(&mut self, answers: &mut Answers) {
        let Some(answer) = self.asked.and_then(|id| answers.take(id)) else { return };
        self.asked = None;
        self.passphrase = Zeroizing::default();
        match answer {
            Ok(_) => *self = Self::default(),
            Err(error) => {
                self.refused = Some(sentence(error.message()));
                self.has_begun = false;
            }
        }
    }

    /// Shows nothing but what it is unlocked with. `lost` is what closing the window would lose, in words.
    pub(super) fn show(&mut self, ui: &mut Ui, engine: &mut Engine, lost: Option<&str>) {
        let fill = tokens(ui.ctx()).bg;
        CentralPanel::no_frame().frame(Frame::new().fill(fill).inner_margin(20)).show(ui, |ui| {
            let text = "Sending and receiving go on. The passphrase of this workspace opens it";
            empty_state(ui, Icon::LockKeyhole, "Countersign is locked", text, |ui| self.field(ui, engine));
            if let Some(lost) = lost {
                ui.vertical_centered(|ui| {
                    ui.add(Label::new(muted(ui, format!("Unlock it before you close it: {lost}"))).wrap())
                });
            }
        });
    }

    fn field(&mut self, ui: &mut Ui, engine: &mut Engine) {
        const WIDTH: f32 = 320.0;
        let busy = self.asked.is_some();
        ui.allocate_ui_with_layout(vec2(WIDTH, 0.0), Layout::top_down(Align::Center), |ui| {
            let edit = password_edit(ui, "Passphrase of the workspace", &mut self.passphrase, "Passphrase", WIDTH);
            if !std::mem::replace(&mut self.has_begun, true) {
                edit.request_focus();
            }
            let enter = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if let Some(reason) = &self.refused {
                field_error(ui, reason);
            }
            ui.add_space(8.0);
            let ready = !busy && !self.passphrase.is_empty();
            let unlock = ui.add_enabled_ui(ready, |ui| primary(ui, "Unlock")).inner.clicked();
            if ready && (unlock || enter) {
                let id = engine.request();
                let told = engine.tell(Command::Unlock(id, Some(Password(self.passphrase.clone()))));
                self.asked = told.is_ok().then_some(id);
                self.refused = told.err().map(|busy| sentence(&busy.to_string()));
            }
        });
    }
}

/// Whether somebody has done something in this frame.
fn acts(raw: &RawInput) -> bool {
    let is_done = |event: &Event| !matches!(event, Event::WindowFocused(_) | Event::PointerGone);
    raw.events.iter().any(is_done) || !raw.dropped_files.is_empty() || !raw.hovered_files.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sleeps_has_been_idle_and_a_clock_that_is_set_back_says_nothing() {
        let at: Timestamp = "2026-11-28T09:00:00Z".parse().unwrap();
        let seen = Seen { time: 100.0, at };
        let later = |minutes: i64| at + jiff::SignedDuration::from_mins(minutes);
        assert_eq!(seen.idle(160.0, later(0)), Duration::from_secs(60));
        assert_eq!(seen.idle(101.0, later(60)), Duration::from_secs(3600), "the machine slept");
        assert_eq!(seen.idle(160.0, later(-60)), Duration::from_secs(60));
    }

    /// Frames of a window in which nobody does anything: when the next one is wanted, in seconds.
    #[test]
    fn an_idle_window_is_drawn_once_at_the_end_of_its_time() {
        let ctx = Context::default();
        let at: Timestamp = "2026-11-28T09:00:00Z".parse().unwrap();
        let mut lock = Lock::default();
        let mut frame = |time: f64, events: Vec<Event>, by_passphrase| {
            let raw = RawInput { time: Some(time), events, ..RawInput::default() };
            let mut out = ctx.run_ui(raw, |ui| lock.follow(ui.ctx(), Some(by_passphrase), at));
            out.textures_delta.clear();
            (out.viewport_output[&egui::ViewportId::ROOT].repaint_delay.as_secs_f64().round(), lock.is_on())
        };
        // What happens is drawn once more by itself; then it is still.
        let mut settled = |time: f64, events: Vec<Event>, by_passphrase: bool| {
            frame(time, events, by_passphrase);
            frame(time, Vec::new(), by_passphrase);
            frame(time, Vec::new(), by_passphrase)
        };
        settled(0.0, Vec::new(), true);
        assert_eq!(settled(10.0, Vec::new(), true), (890.0, false));
        let key = Event::Text("a".to_owned());
        assert_eq!(settled(600.0, vec![key], true), (900.0, false), "somebody is there");
        assert_eq!(settled(1499.0, vec![Event::WindowFocused(false)], true), (1.0, false), "that is nobody");
        assert!(settled(1500.0, Vec::new(), true).1);
        assert!(!settled(1501.0, Vec::new(), false).1, "nothing protects it any more");
        let (delay, is_on) = settled(9000.0, Vec::new(), false);
        assert!(!is_on && delay > 1e6, "without a passphrase nothing is waited for: {delay}");
    }
}
