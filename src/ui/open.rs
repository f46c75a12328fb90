//! Opening the window on a workspace.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Window, theme};
use crate::app::engine::{Engine, EngineOptions};
use crate::app::sample::SampleFiles;
use crate::app::{App, AppError};

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
        let ctx = cc.egui_ctx.clone();
        let engine = Engine::start(EngineOptions {
            app,
            sample,
            zone: jiff::tz::TimeZone::system(),
            wake: Arc::new(move || ctx.request_repaint()),
        })?;
        Ok(Box::new(Window::new(&cc.egui_ctx, engine)))
    });
    eframe::run_native(APP_ID, native, create).map_err(|error| {
        AppError::new(format!("the window cannot be opened: {error}")).hint(
            "without a display, use the commands of the terminal; on a machine without a graphics driver set LIBGL_ALWAYS_SOFTWARE=1",
        )
    })
}

/// OpenGL where it was built in: old machines and virtual ones have it.
const fn renderer() -> eframe::Renderer {
    #[cfg(feature = "glow")]
    return eframe::Renderer::Glow;
    #[cfg(not(feature = "glow"))]
    return eframe::Renderer::Wgpu;
}
