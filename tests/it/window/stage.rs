//! A window on a workspace of its own, and how a test acts on it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::app::engine::{Engine, EngineOptions};
use countersign::app::sample::{OpenSample, SampleFiles};
use countersign::app::{App, Clock, Location, Unlock};
use countersign::ui::{self, Window};
use egui_kittest::kittest::{Queryable as _, by};
use egui_kittest::{Harness, HarnessBuilder, Node};
use jiff::tz::TimeZone;

use crate::exchange::PATIENCE;

/// A file as the system hands it over when it is dropped.
#[derive(Debug)]
struct OnDisk(PathBuf);

impl egui::DroppedFile for OnDisk {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// The window under test.
pub(super) struct Stage {
    pub(super) harness: Harness<'static, Window>,
    pub(super) workspace: PathBuf,
    pub(super) sample: Option<SampleFiles>,
    /// Keeps the partners running.
    _partners: Option<OpenSample>,
    /// Keeps the folder; dropped last.
    _folder: tempfile::TempDir,
}

impl Stage {
    /// A window on the sample: four connections, their partners running.
    pub(super) fn sample() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("sample");
        let sample = OpenSample::begin(Some(workspace.clone()), None).unwrap();
        let (app, files) = (sample.app(), sample.files());
        let mut stage = Self::on(app, folder, workspace, Some(files), Some(sample));
        stage.wait_for("Amazon Vendor US, production");
        stage
    }

    /// A window on a workspace that does not exist yet.
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let mut stage = Self::opened(folder, workspace);
        stage.wait_for("No connection yet");
        stage
    }

    /// A window on whatever is there.
    pub(super) fn opened(folder: tempfile::TempDir, workspace: PathBuf) -> Self {
        let app = App::new(Location::Dir(workspace.clone()), Unlock::none(), Clock::System);
        Self::on(app, folder, workspace, None, None)
    }

    /// A window on a program that is given.
    pub(super) fn on_app(app: App, folder: tempfile::TempDir, workspace: PathBuf) -> Self {
        Self::on(app, folder, workspace, None, None)
    }

    /// A window for a picture.
    #[cfg(feature = "pictures")]
    pub(super) fn pictured(
        app: App,
        folder: tempfile::TempDir,
        workspace: PathBuf,
        size: [f32; 2],
        theme: egui::Theme,
    ) -> Self {
        let builder = Harness::builder().with_size(size).with_theme(theme).wgpu();
        Self::build(builder, app, folder, workspace, None, None)
    }

    fn on(
        app: App,
        folder: tempfile::TempDir,
        workspace: PathBuf,
        sample: Option<SampleFiles>,
        partners: Option<OpenSample>,
    ) -> Self {
        Self::build(Harness::builder().with_size([1360.0, 860.0]), app, folder, workspace, sample, partners)
    }

    fn build(
        builder: HarnessBuilder<Window>,
        app: App,
        folder: tempfile::TempDir,
        workspace: PathBuf,
        sample: Option<SampleFiles>,
        partners: Option<OpenSample>,
    ) -> Self {
        let files = sample.clone();
        let harness = builder
            .with_max_steps(64)
            .with_context_setup(|ctx| {
                ui::install(ctx);
                ctx.all_styles_mut(|style| style.animation_time = 0.0);
            })
            .build_eframe(move |cc| {
                let ctx = cc.egui_ctx.clone();
                let wake = Arc::new(move || ctx.request_repaint());
                Window::new(
                    &cc.egui_ctx,
                    Engine::start(EngineOptions { app, sample, zone: TimeZone::UTC, wake }).unwrap(),
                )
            });
        Self { harness, workspace, sample: files, _partners: partners, _folder: folder }
    }

    /// Runs frames until nothing moves any more.
    pub(super) fn settle(&mut self) {
        self.harness.run();
    }

    /// Runs frames until something is there whose label holds this text.
    #[track_caller]
    pub(super) fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |stage| stage.sees(text));
    }

    /// Runs frames until nothing is there whose label holds this text.
    #[track_caller]
    pub(super) fn wait_gone(&mut self, text: &str) {
        self.wait_until(text, |stage| !stage.sees(text));
    }

    /// Runs frames until something holds.
    #[track_caller]
    pub(super) fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        loop {
            self.harness.step();
            if holds(self) {
                self.harness.run();
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for `{what}`; there is: {:#?}", self.labels());
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Whether something is there whose label or value holds this text.
    pub(super) fn sees(&self, text: &str) -> bool {
        self.harness.query_all(by().label_contains(text)).next().is_some()
            || self
                .harness
                .query_all(by().predicate(|node| node.value().is_some_and(|value| value.contains(text))))
                .next()
                .is_some()
    }

    /// The first thing whose label is just this text; a control rather than the text beside it.
    #[track_caller]
    pub(super) fn get<'s>(&'s self, label: &'s str) -> Node<'s> {
        use egui_kittest::kittest::NodeT as _;
        let text = |node: &Node<'_>| node.accesskit_node().role() == egui::accesskit::Role::Label;
        let control = self.harness.query_all_by_label(label).find(|node| !text(node));
        let found = control.or_else(|| self.harness.query_all_by_label(label).next());
        found.unwrap_or_else(|| panic!("there is no `{label}`; there is: {:#?}", self.labels()))
    }

    /// Clicks the first thing whose label is just this text.
    #[track_caller]
    pub(super) fn click(&mut self, label: &str) {
        self.get(label).click();
        self.harness.run();
    }

    /// The row of a table that begins with this text.
    #[track_caller]
    pub(super) fn row(&self, beginning: &str) -> Node<'_> {
        use egui_kittest::kittest::NodeT as _;
        let text = |node: &Node<'_>| node.accesskit_node().role() == egui::accesskit::Role::Label;
        let wanted = |label: Option<String>| label.is_some_and(|label| label.starts_with(beginning));
        let mut found = self.harness.root().children_recursive().filter(|node| wanted(node.accesskit_node().label()));
        found
            .find(|node| !text(node))
            .unwrap_or_else(|| panic!("no row begins with `{beginning}`; there is: {:#?}", self.labels()))
    }

    /// Clicks the first thing whose label begins with this text.
    #[track_caller]
    pub(super) fn click_beginning(&mut self, beginning: &str) {
        let wanted = |label: Option<String>| label.is_some_and(|label| label.starts_with(beginning));
        let found = self.harness.query_all(by().predicate(move |node| wanted(node.label()))).next();
        found.unwrap_or_else(|| panic!("nothing begins with `{beginning}`; there is: {:#?}", self.labels())).click();
        self.harness.run();
    }

    /// Whether the first thing whose label is just this text cannot be used now.
    #[track_caller]
    pub(super) fn get_is_disabled(&self, label: &str) -> bool {
        use egui_kittest::kittest::NodeT as _;
        self.get(label).accesskit_node().is_disabled()
    }

    /// Clicks the first thing whose label holds this text.
    #[track_caller]
    pub(super) fn click_containing(&mut self, text: &str) {
        let found = self.harness.query_all(by().label_contains(text)).next();
        found.unwrap_or_else(|| panic!("nothing holds `{text}`; there is: {:#?}", self.labels())).click();
        self.harness.run();
    }

    /// Shows a section of the settings, in whichever way there is room for.
    #[cfg(feature = "pictures")]
    pub(super) fn settings(&mut self, section: &str) {
        self.press(egui::Modifiers::COMMAND, egui::Key::Comma);
        if self.labels().iter().any(|label| label == "Section") {
            self.click("Section");
        }
        self.click(section);
    }

    /// Puts text into the field of this name, in place of what it holds.
    #[track_caller]
    pub(super) fn fill(&mut self, field: &str, text: &str) {
        self.get(field).click();
        self.harness.run();
        self.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        self.harness.run();
        self.get(field).type_text(text);
        self.harness.run();
    }

    /// Drops a file onto the window.
    pub(super) fn drop_file(&mut self, path: &Path) {
        self.drop_files(&[path.to_owned()]);
    }

    /// Drops several files at once.
    pub(super) fn drop_files(&mut self, paths: &[PathBuf]) {
        let files = paths.iter().map(|path| Arc::new(OnDisk(path.clone())) as egui::DroppedFileHandle);
        self.harness.input_mut().dropped_files = files.collect();
        self.harness.step();
        self.settle();
    }

    /// Presses a key with modifiers.
    pub(super) fn press(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run();
    }

    /// Everything that has a label, for failures.
    pub(super) fn labels(&self) -> Vec<String> {
        self.harness
            .query_all(by().predicate(|node| node.label().is_some_and(|label| !label.is_empty())))
            .map(|node| {
                use egui_kittest::kittest::NodeT as _;
                node.accesskit_node().label().unwrap_or_default()
            })
            .collect()
    }

    /// What the command line says of the same workspace: standard output, where it ends with 0 or 1.
    #[track_caller]
    pub(super) fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .arg("--workspace")
            .arg(&self.workspace)
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() < Some(2), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }
}
