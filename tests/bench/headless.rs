//! A window without a screen, and what its own work takes in a frame: shared by the benches that measure it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::app::App;
use countersign::app::engine::{Engine, EngineOptions};
use countersign::ui::{self, Window};
use eframe::App as _;
use egui::{
    Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, Vec2, pos2, vec2,
};

const SIZE: Vec2 = vec2(1360.0, 860.0);

/// A window without a screen.
pub(crate) struct Bench {
    ctx: egui::Context,
    pub(crate) window: Window,
    frame: eframe::Frame,
    begun: Instant,
}

impl Bench {
    pub(crate) fn open(app: App) -> Self {
        let ctx = egui::Context::default();
        ui::install(&ctx);
        let engine =
            Engine::start(EngineOptions { app, sample: None, zone: jiff::tz::TimeZone::UTC, wake: Arc::new(|| {}) })
                .unwrap();
        let window = Window::new(&ctx, engine);
        let mut bench = Self { ctx, window, frame: eframe::Frame::_new_kittest(), begun: Instant::now() };
        while bench.window.snapshot().is_none() {
            bench.show(Vec::new());
            std::thread::sleep(Duration::from_millis(5));
        }
        // Fonts, and what a table learns about its columns.
        for _ in 0..10 {
            bench.show(Vec::new());
        }
        bench
    }

    /// Shows one frame and returns what its own work took.
    pub(crate) fn show(&mut self, events: Vec<Event>) -> Duration {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.begun.elapsed().as_secs_f64()),
            events,
            ..RawInput::default()
        };
        let (window, frame) = (&mut self.window, &mut self.frame);
        let mut work = Duration::ZERO;
        let mut output = self.ctx.run_ui(input, |ui| {
            let begun = Instant::now();
            let ctx = ui.ctx().clone();
            window.logic(&ctx, frame);
            window.ui(ui, frame);
            // A frame that is laid out twice costs twice.
            work += begun.elapsed();
        });
        // There is no screen to show it on.
        output.textures_delta.clear();
        work
    }

    /// Where what is labelled so stands, as a screen reader is told; nothing where it is not there. Its frame is not measured.
    pub(crate) fn find(&mut self, label: &str) -> Option<Pos2> {
        self.ctx.enable_accesskit();
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.begun.elapsed().as_secs_f64()),
            ..RawInput::default()
        };
        let (window, frame) = (&mut self.window, &mut self.frame);
        let mut output = self.ctx.run_ui(input, |ui| {
            let ctx = ui.ctx().clone();
            window.logic(&ctx, frame);
            window.ui(ui, frame);
        });
        output.textures_delta.clear();
        self.ctx.disable_accesskit();
        let tree = output.platform_output.accesskit_update?;
        let control = |node: &egui::accesskit::Node| node.role() != egui::accesskit::Role::Label;
        let mut found: Vec<_> = tree.nodes.iter().filter(|(_, node)| node.label() == Some(label)).collect();
        found.sort_by_key(|(_, node)| !control(node));
        let bounds = found.first()?.1.bounds()?;
        let middle = |from: f64, to: f64| ((from + to) / 2.0) as f32;
        Some(pos2(middle(bounds.x0, bounds.x1), middle(bounds.y0, bounds.y1)))
    }

    pub(crate) fn press(&mut self, key: Key, modifiers: Modifiers) -> Duration {
        let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        self.show(vec![event(true), event(false)])
    }

    pub(crate) fn scroll(&mut self, round: usize) -> Duration {
        let down = if (round / 100).is_multiple_of(2) { -240.0 } else { 240.0 };
        let wheel = Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, down),
            phase: TouchPhase::Move,
            source: MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        };
        self.show(vec![Event::PointerMoved(pos2(600.0, 500.0)), wheel])
    }

    pub(crate) fn hover(&mut self, round: usize) -> Duration {
        let (across, down) = ((round * 37 % 1100) as f32, (round * 23 % 600) as f32);
        self.show(vec![Event::PointerMoved(pos2(220.0 + across, 200.0 + down))])
    }

    pub(crate) fn select(&mut self, round: usize) -> Duration {
        self.press(if (round / 50).is_multiple_of(2) { Key::ArrowDown } else { Key::ArrowUp }, Modifiers::NONE)
    }

    pub(crate) fn search(&mut self, round: usize) -> Duration {
        match round % 8 {
            0 => self.press(Key::F, Modifiers::COMMAND),
            1 => self.press(Key::A, Modifiers::COMMAND),
            letter => self.show(vec![Event::Text("partner"[letter - 2..letter - 1].to_owned())]),
        }
    }
}

/// The time that so many of a hundred stay below, in milliseconds; the times are sorted.
pub(crate) fn percentile(times: &[Duration], of_hundred: usize) -> f64 {
    times[(times.len() - 1) * of_hundred / 100].as_secs_f64() * 1000.0
}
