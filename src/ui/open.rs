//! Opening the window on a workspace.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::{Context, Pos2, Rect, ViewportCommand, pos2, vec2};

use super::date_form::DateForm;
use super::intent::Intent;
use super::week::WeekStart;
use super::{Window, theme};
use crate::app::engine::{Command, Engine, EngineOptions};
use crate::app::sample::SampleFiles;
use crate::app::{App, AppError, Shutdown, system_reduces_motion};

/// Name under which the system knows the window.
const APP_ID: &str = "countersign";

/// What the window is opened on.
pub struct WindowOptions {
    /// The program on its workspace.
    pub app: App,
    /// The sample's files, where the workspace is the sample.
    pub sample: Option<SampleFiles>,
    /// Where the window's own preferences are kept; the platform's place where absent.
    pub preferences: Option<PathBuf>,
}

/// Opens the window and returns when it has been closed.
///
/// # Errors
/// Where there is no display, or it cannot be drawn on.
pub fn open(options: WindowOptions) -> Result<(), AppError> {
    let WindowOptions { app, sample, preferences } = options;
    let viewport = egui::ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title("Countersign")
        .with_inner_size([1360.0, 860.0])
        .with_min_inner_size([640.0, 480.0]);
    let native = eframe::NativeOptions {
        viewport,
        renderer: renderer(),
        persistence_path: preferences,
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |cc| {
        theme::install(&cc.egui_ctx);
        let settings = ["LC_ALL", "LC_TIME", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
        WeekStart::follow(&cc.egui_ctx, settings.iter().map(String::as_str));
        super::motion::follow(&cc.egui_ctx, system_reduces_motion());
        DateForm::follow(&cc.egui_ctx, settings.iter().map(String::as_str));
        let ctx = cc.egui_ctx.clone();
        let shown = app.clone();
        let engine = Engine::start(EngineOptions {
            app,
            sample,
            zone: jiff::tz::TimeZone::system(),
            wake: Arc::new(move || ctx.request_repaint()),
        })?;
        Ok(Box::new(Opened::new(&cc.egui_ctx, engine, shown)?))
    });
    eframe::run_native(APP_ID, native, create).map_err(|error| {
        AppError::new(format!("the window cannot be opened: {}", in_words(&error))).hint(
            "without a display, use the commands of the terminal, such as `countersign sample --headless`; on a machine \
             without a graphics driver set LIBGL_ALWAYS_SOFTWARE=1",
        )
    })
}

/// Why there is no window. winit says first where in its own sources it noticed, which helps nobody.
fn in_words(error: &eframe::Error) -> String {
    let text = error.to_string();
    match text.split_once("os error at ").and_then(|(_, rest)| rest.split_once(": ")) {
        Some((_, why)) => why.to_owned(),
        None => text,
    }
}

/// The window as a program of the desktop: it ends when the system wishes it, and is where it can be seen.
struct Opened {
    window: Window,
    /// Set when the system wishes that the program ends.
    to_end: Arc<AtomicBool>,
    /// Whether the window's place was looked at.
    placed: bool,
    /// The program, until it has been told that the first frame is shown.
    untold: Option<App>,
    /// Whether a frame was drawn.
    drawn: bool,
}

impl Opened {
    fn new(ctx: &Context, engine: Engine, app: App) -> Result<Self, AppError> {
        let to_end = Arc::new(AtomicBool::new(false));
        let (set, wake) = (Arc::clone(&to_end), ctx.clone());
        let wait = async move {
            // Where the system does not let us listen, it ends the program itself.
            if let Ok(shutdown) = Shutdown::listen() {
                shutdown.wished().await;
                set.store(true, Ordering::Relaxed);
                wake.request_repaint();
            }
        };
        engine.tell(Command::Run(Box::pin(wait))).map_err(|busy| AppError::new(busy.to_string()))?;
        Ok(Self { window: Window::new(ctx, engine), to_end, placed: false, untold: Some(app), drawn: false })
    }
}

impl eframe::App for Opened {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        if !self.placed
            && let Some(window) = frame.winit_window()
        {
            self.placed = true;
            if let Some(at) = displaced(window) {
                ctx.send_viewport_cmd(ViewportCommand::OuterPosition(at));
            }
        }
        // Nobody is asked: who ends a session does not wait for answers.
        if self.to_end.swap(false, Ordering::Relaxed) {
            self.window.intend(Intent::Quit);
        }
        if let Some(app) = self.untold.take_if(|_| self.drawn) {
            app.first_frame_is_shown();
        }
        self.window.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        if !std::mem::replace(&mut self.drawn, true) {
            // So that it is noticed when this one has been shown.
            ui.ctx().request_repaint();
        }
        self.window.ui(ui, frame);
    }

    fn on_exit(&mut self, #[cfg(feature = "glow")] gl: Option<&eframe::glow::Context>) {
        #[cfg(feature = "glow")]
        self.window.on_exit(gl);
        #[cfg(not(feature = "glow"))]
        self.window.on_exit();
    }
}

/// Where the window is to be put, where it was restored to a place that no monitor shows any more.
fn displaced(window: &winit::window::Window) -> Option<Pos2> {
    let (at, size) = (window.outer_position().ok()?, window.outer_size());
    let scale = window.scale_factor() as f32;
    let frame = Rect::from_min_size(pos2(at.x as f32, at.y as f32), vec2(size.width as f32, size.height as f32));
    let monitors: Vec<Rect> = window
        .available_monitors()
        .map(|monitor| {
            let (at, size) = (monitor.position(), monitor.size());
            Rect::from_min_size(pos2(at.x as f32, at.y as f32), vec2(size.width as f32, size.height as f32))
        })
        .collect();
    off_screen(frame, &monitors).map(|at| at / scale)
}

/// Where a window goes of which no monitor shows enough to be taken hold of: into the corner of the first one.
fn off_screen(frame: Rect, monitors: &[Rect]) -> Option<Pos2> {
    const ENOUGH: f32 = 96.0;
    // The title is above: a window whose upper edge is not shown cannot be moved with the mouse.
    let title = Rect::from_min_size(frame.min, vec2(frame.width(), ENOUGH.min(frame.height())));
    let shown = |monitor: &Rect| {
        let part = title.intersect(*monitor);
        part.width() >= ENOUGH && part.height() >= ENOUGH / 3.0
    };
    let first = monitors.first()?;
    (!monitors.iter().any(shown)).then(|| first.min + vec2(32.0, 32.0))
}

/// OpenGL where it was built in: old machines and virtual ones have it.
const fn renderer() -> eframe::Renderer {
    #[cfg(feature = "glow")]
    return eframe::Renderer::Glow;
    #[cfg(not(feature = "glow"))]
    return eframe::Renderer::Wgpu;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_no_monitor_shows_is_brought_back_and_another_stays() {
        let frame = |x, y| Rect::from_min_size(pos2(x, y), vec2(1360.0, 860.0));
        let one = Rect::from_min_size(pos2(0.0, 0.0), vec2(1920.0, 1080.0));
        let two = Rect::from_min_size(pos2(1920.0, 0.0), vec2(1920.0, 1080.0));
        assert_eq!(off_screen(frame(100.0, 50.0), &[one]), None);
        assert_eq!(off_screen(frame(2000.0, 50.0), &[one, two]), None);
        assert_eq!(off_screen(frame(-1000.0, 0.0), &[one]), None, "part of the title can be taken hold of");
        let back = Some(pos2(32.0, 32.0));
        assert_eq!(off_screen(frame(2000.0, 50.0), &[one]), back, "the second monitor is gone");
        assert_eq!(off_screen(frame(-1340.0, 0.0), &[one]), back);
        assert_eq!(off_screen(frame(100.0, -400.0), &[one]), back);
        assert_eq!(off_screen(frame(100.0, 1060.0), &[one]), back);
        assert_eq!(off_screen(frame(5000.0, 0.0), &[]), None, "nothing is known of monitors");
    }
}
