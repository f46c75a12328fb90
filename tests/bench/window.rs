//! What the window itself works in a frame: `logic` and `ui` without drawing, while it is scrolled, hovered, selected in and
//! searched, over four connections and over a thousand. `cargo bench --bench window` prints the times; nothing is held,
//! because they are the machine's.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::app::engine::{Engine, EngineOptions};
use countersign::app::{App, Clock, KeyKind, Location, NewIdentity, Unlock};
use countersign::ui::{self, Window};
use eframe::App as _;
use egui::{
    Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, Vec2, pos2, vec2,
};

const SIZE: Vec2 = vec2(1360.0, 860.0);

/// How often each thing is done.
const ROUNDS: usize = 400;

const PARTNER: &str = include_str!("../fixtures/certificates/retailer_sha256_2022_2027.pem");

/// A workspace with so many connections: some comply, some do not, some have one profile only.
fn furnish(app: &App, folder: &Path, connections: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    std::fs::write(folder.join("partner.pem"), PARTNER).unwrap();
    runtime.block_on(async {
        let name = "acme".parse().unwrap();
        app.create_identity(NewIdentity { name, key: KeyKind::Rsa2048, days: 700, subject: None }).await.unwrap();
        for number in 0..connections {
            let policy = ["amazon-vendor-central", "as2-modern"][number % 2];
            let mut text = format!("id = \"partner-{number}\"\nname = \"Partner {number}\"\npolicy = \"{policy}\"\n");
            for (profile, kind) in ["production", "test"].into_iter().enumerate().take(1 + number % 3) {
                let cipher = ["aes128-cbc", "3des-cbc", "aes256-cbc"][(number + profile) % 3];
                let digest = ["sha256", "sha1"][number / 7 % 2];
                write!(
                    text,
                    "[{kind}]\nour_as2_id = \"ACME{number}\"\npartner_as2_id = \"PARTNER{number}\"\nidentity = \"acme\"\n\
                     url = \"http://127.0.0.1:9/{number}\"\npartner_certificates = [\"partner.pem\"]\n\
                     encryption = \"{cipher}\"\nsigning = \"{digest}\"\n"
                )
                .unwrap();
            }
            let file = folder.join("connection.toml");
            std::fs::write(&file, text).unwrap();
            app.add_connection(&file, false).await.unwrap();
        }
        app.close().await;
    });
}

/// A window without a screen.
struct Bench {
    ctx: egui::Context,
    window: Window,
    frame: eframe::Frame,
    begun: Instant,
}

impl Bench {
    fn open(app: App) -> Self {
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
    fn show(&mut self, events: Vec<Event>) -> Duration {
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

    fn press(&mut self, key: Key, modifiers: Modifiers) -> Duration {
        let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        self.show(vec![event(true), event(false)])
    }

    fn scroll(&mut self, round: usize) -> Duration {
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

    fn hover(&mut self, round: usize) -> Duration {
        let (across, down) = ((round * 37 % 1100) as f32, (round * 23 % 600) as f32);
        self.show(vec![Event::PointerMoved(pos2(220.0 + across, 200.0 + down))])
    }

    fn select(&mut self, round: usize) -> Duration {
        self.press(if (round / 50).is_multiple_of(2) { Key::ArrowDown } else { Key::ArrowUp }, Modifiers::NONE)
    }

    fn search(&mut self, round: usize) -> Duration {
        match round % 8 {
            0 => self.press(Key::F, Modifiers::COMMAND),
            1 => self.press(Key::A, Modifiers::COMMAND),
            letter => self.show(vec![Event::Text("partner"[letter - 2..letter - 1].to_owned())]),
        }
    }
}

fn percentile(times: &[Duration], of_hundred: usize) -> f64 {
    times[(times.len() - 1) * of_hundred / 100].as_secs_f64() * 1000.0
}

fn main() {
    if cfg!(debug_assertions) {
        println!("note: this is not a release build; `cargo bench --bench window` makes one");
    }
    println!("own work per frame in ms, {ROUNDS} frames each");
    println!("{:>12}  {:10} {:>7} {:>7} {:>7} {:>7}", "connections", "", "median", "95th", "99th", "most");
    for connections in [4, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let app = || App::new(Location::Dir(folder.path().join("workspace")), Unlock::none(), Clock::System);
        furnish(&app(), folder.path(), connections);
        let mut bench = Bench::open(app());
        let mut all = Vec::new();
        type Act = fn(&mut Bench, usize) -> Duration;
        let acts: [(&str, Act); 4] =
            [("scroll", Bench::scroll), ("hover", Bench::hover), ("select", Bench::select), ("search", Bench::search)];
        for (name, act) in acts {
            let mut times: Vec<Duration> = (0..ROUNDS).map(|round| act(&mut bench, round)).collect();
            all.extend_from_slice(&times);
            print(connections, name, &mut times);
        }
        print(connections, "all", &mut all);
    }
}

fn print(connections: usize, name: &str, times: &mut [Duration]) {
    times.sort();
    let [median, many, most, all] = [50, 95, 99, 100].map(|of_hundred| percentile(times, of_hundred));
    println!("{connections:>12}  {name:10} {median:>7.2} {many:>7.2} {most:>7.2} {all:>7.2}");
}
