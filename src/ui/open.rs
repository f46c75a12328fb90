//! Opening the window on a workspace.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};

use egui::{Context, Rect, ViewportCommand, pos2, vec2};

use super::date_form::DateForm;
use super::intent::Intent;
use super::week::WeekStart;
use super::{Window, theme};
use crate::app::engine::{Command, Engine, EngineOptions};
use crate::app::sample::SampleFiles;
use crate::app::{App, AppError, FirstWindow, Shutdown, ToOpen, system_reduces_motion};

/// Name under which the system knows the window.
const APP_ID: &str = "countersign";

/// So many calls may wait for the next frame.
const CALLS: usize = 16;

/// So many seconds the system has to let a window come forward.
const TO_COME_FORWARD: f64 = 0.6;

/// What the window is opened on.
pub struct WindowOptions {
    /// The program on its workspace.
    pub app: App,
    /// The sample's files, where the workspace is the sample.
    pub sample: Option<SampleFiles>,
    /// What it is to open at once.
    pub open: Vec<ToOpen>,
    /// Where it is called by what is started later.
    pub first: Option<FirstWindow>,
    /// Where the window's own preferences are kept; the platform's place where absent.
    pub preferences: Option<PathBuf>,
}

/// Opens the window and returns when it has been closed.
///
/// # Errors
/// Where there is no display, or it cannot be drawn on.
pub fn open(options: WindowOptions) -> Result<(), AppError> {
    let WindowOptions { app, sample, open, first, preferences } = options;
    show(APP_ID, "Countersign", preferences, |cc| {
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
        let mut opened = Opened::new(&cc.egui_ctx, engine, shown, first)?;
        opened.window.open(open);
        Ok(Box::new(opened))
    })
}

/// Shows something in a window of its own, until it is closed.
pub(super) fn show<'a>(
    id: &str,
    title: &str,
    preferences: Option<PathBuf>,
    create: impl FnOnce(&eframe::CreationContext<'_>) -> Created<'a> + 'a,
) -> Result<(), AppError> {
    let viewport = egui::ViewportBuilder::default()
        .with_app_id(id)
        .with_title(title)
        .with_icon(icon())
        .with_inner_size([1360.0, 860.0])
        .with_min_inner_size([640.0, 480.0]);
    let native = eframe::NativeOptions {
        viewport,
        renderer: renderer(),
        persistence_path: preferences,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(id, native, Box::new(create)).map_err(|error| {
        AppError::new(format!("the window cannot be opened: {}", in_words(&error))).hint(
            "without a display, use the commands of the terminal, such as `countersign sample --headless`; on a machine \
             without a graphics driver set LIBGL_ALWAYS_SOFTWARE=1",
        )
    })
}

/// What is shown in a window, or why there is nothing.
type Created<'a> = Result<Box<dyn eframe::App + 'a>, Box<dyn std::error::Error + Send + Sync>>;

/// Its icon; none where it cannot be read.
fn icon() -> egui::IconData {
    const PICTURE: &[u8] = include_bytes!("../../assets/icons/countersign-128.png");
    eframe::icon_data::from_png_bytes(PICTURE).unwrap_or_default()
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
    /// What later starts bring.
    brought: Receiver<Vec<ToOpen>>,
    /// When it was called forward, by the window's clock, until it is seen whether it has the keyboard.
    called: Option<f64>,
    /// Whether the window's place was looked at.
    placed: bool,
    /// The program, until it has been told that the first frame is shown.
    untold: Option<App>,
    /// Whether a frame was drawn.
    drawn: bool,
}

impl Opened {
    fn new(ctx: &Context, engine: Engine, app: App, first: Option<FirstWindow>) -> Result<Self, AppError> {
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
        let busy = |busy: crate::app::engine::Busy| AppError::new(busy.to_string());
        engine.tell(Command::Run(Box::pin(wait))).map_err(busy)?;
        let (bring, brought) = mpsc::sync_channel(CALLS);
        if let Some(first) = first {
            let wake = ctx.clone();
            let calls = first.listen(move |what| {
                let taken = bring.try_send(what).is_ok();
                wake.request_repaint();
                taken
            });
            engine.tell(Command::Run(Box::pin(calls))).map_err(busy)?;
        }
        Ok(Self {
            window: Window::new(ctx, engine),
            to_end,
            brought,
            called: None,
            placed: false,
            untold: Some(app),
            drawn: false,
        })
    }

    /// Comes forward with what later starts have brought.
    fn take_calls(&mut self, ctx: &Context) {
        for what in self.brought.try_iter() {
            self.window.open(what);
            self.called = Some(ctx.input(|input| input.time));
            if ctx.input(|input| input.viewport().minimized) != Some(false) {
                ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            }
            ctx.send_viewport_cmd(ViewportCommand::Focus);
        }
        let Some(called) = self.called else { return };
        let (focused, waited) = ctx.input(|input| (input.viewport().focused == Some(true), input.time - called));
        if focused {
            self.called = None;
        } else if waited < TO_COME_FORWARD {
            ctx.request_repaint_after(std::time::Duration::from_secs_f64(TO_COME_FORWARD - waited));
        } else {
            // Where the system lets no window come forward by itself, it is at least shown which one wishes to.
            self.called = None;
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(egui::UserAttentionType::Informational));
        }
    }
}

impl eframe::App for Opened {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        if !self.placed
            && let Some(window) = frame.winit_window()
        {
            self.placed = true;
            bring_back(window);
        }
        self.take_calls(ctx);
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
        // Whatever is started from here on opens a window itself, once this one has let go.
        self.brought = mpsc::sync_channel(0).1;
        #[cfg(feature = "glow")]
        self.window.on_exit(gl);
        #[cfg(not(feature = "glow"))]
        self.window.on_exit();
    }
}

/// Puts the window where it is seen, where it was restored to a place that no monitor shows any more.
fn bring_back(window: &winit::window::Window) {
    // Where a system does not tell the place it lets nobody choose it either.
    let Ok(at) = window.outer_position() else { return };
    let size = window.outer_size();
    let frame = Rect::from_min_size(pos2(at.x as f32, at.y as f32), vec2(size.width as f32, size.height as f32));
    let monitors: Vec<Rect> = window
        .available_monitors()
        .map(|monitor| {
            let (at, size) = (monitor.position(), monitor.size());
            Rect::from_min_size(pos2(at.x as f32, at.y as f32), vec2(size.width as f32, size.height as f32))
        })
        .collect();
    let Some(seen) = off_screen(frame, &monitors) else { return };
    // In pixels, as monitors are measured: points depend on how large the user wishes the text to be.
    window.set_outer_position(winit::dpi::PhysicalPosition::new(seen.min.x, seen.min.y));
    if seen.size() != frame.size() {
        let inner = window.inner_size();
        let around = frame.size() - vec2(inner.width as f32, inner.height as f32);
        let smaller = seen.size() - around;
        // Where it is done at once, no change of size is told.
        if window.request_inner_size(winit::dpi::PhysicalSize::new(smaller.x, smaller.y)).is_some() {
            window.request_redraw();
        }
    }
}

/// Where a window goes of which no monitor shows enough to be taken hold of: into the corner of the first one, and no larger
/// than has room there. One that is seen stays as it is, also across monitors.
fn off_screen(frame: Rect, monitors: &[Rect]) -> Option<Rect> {
    const ENOUGH: f32 = 96.0;
    const CORNER: f32 = 32.0;
    // The title is above: a window whose upper edge is not shown cannot be moved with the mouse.
    let title = Rect::from_min_size(frame.min, vec2(frame.width(), ENOUGH.min(frame.height())));
    let shown = |monitor: &Rect| {
        let part = title.intersect(*monitor);
        part.width() >= ENOUGH && part.height() >= ENOUGH / 3.0
    };
    let first = monitors.first()?;
    let room = first.shrink(CORNER);
    (!monitors.iter().any(shown)).then(|| Rect::from_min_size(room.min, frame.size().min(room.size())))
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
    fn the_window_has_its_icon() {
        let icon = icon();
        assert_eq!((icon.width, icon.height, icon.rgba.len()), (128, 128, 128 * 128 * 4));
    }

    #[test]
    fn a_window_that_no_monitor_shows_is_brought_back_and_another_stays() {
        let frame = |x, y| Rect::from_min_size(pos2(x, y), vec2(1360.0, 860.0));
        let one = Rect::from_min_size(pos2(0.0, 0.0), vec2(1920.0, 1080.0));
        let two = Rect::from_min_size(pos2(1920.0, 0.0), vec2(1920.0, 1080.0));
        assert_eq!(off_screen(frame(100.0, 50.0), &[one]), None);
        assert_eq!(off_screen(frame(2000.0, 50.0), &[one, two]), None);
        assert_eq!(off_screen(frame(-1000.0, 0.0), &[one]), None, "part of the title can be taken hold of");
        let back = Some(frame(32.0, 32.0));
        assert_eq!(off_screen(frame(2000.0, 50.0), &[one]), back, "the second monitor is gone");
        assert_eq!(off_screen(frame(-1340.0, 0.0), &[one]), back);
        assert_eq!(off_screen(frame(100.0, -400.0), &[one]), back);
        assert_eq!(off_screen(frame(100.0, 1060.0), &[one]), back);
        assert_eq!(off_screen(frame(5000.0, 0.0), &[]), None, "nothing is known of monitors");
        // The one that is left has its corner elsewhere, and less room than the window had.
        let small = Rect::from_min_size(pos2(-1280.0, 200.0), vec2(1280.0, 720.0));
        let within = Rect::from_min_size(pos2(-1248.0, 232.0), vec2(1216.0, 656.0));
        assert_eq!(off_screen(frame(2000.0, 50.0), &[small]), Some(within));
        // Across two that are there it may be larger than each.
        let wide = Rect::from_min_size(pos2(100.0, 50.0), vec2(3600.0, 900.0));
        assert_eq!(off_screen(wide, &[one, two]), None);
    }
}
