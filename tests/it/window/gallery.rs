//! The gallery: every widget in every state, as a picture in both themes, with a name for each control.

use countersign::ui::{self, Gallery};
use egui::Theme;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

fn gallery(theme: Theme, size: [f32; 2]) -> Harness<'static, Gallery> {
    let builder = Harness::builder().with_size(size).with_theme(theme).with_max_steps(64);
    #[cfg(feature = "pictures")]
    let builder = builder.wgpu();
    let mut harness = builder
        .with_context_setup(|ctx| {
            ui::install(ctx);
            ctx.all_styles_mut(|style| style.animation_time = 0.0);
        })
        .build_eframe(|_| Gallery::default());
    harness.run();
    harness
}

/// All of it at once.
const WHOLE: [f32; 2] = [1280.0, 1900.0];

#[test]
fn the_gallery_switches_its_theme_and_every_control_in_it_has_a_name() {
    let mut harness = gallery(Theme::Light, WHOLE);
    harness.get_by_label("Dark").click();
    harness.run();
    assert_eq!(harness.ctx.theme(), Theme::Dark);
    let nameless: Vec<_> = harness
        .root()
        .children_recursive()
        .filter(|node| {
            let node = node.accesskit_node();
            let input = egui::accessibility::is_input(node.role());
            input && node.label().is_none_or(|label| label.is_empty())
        })
        .map(|node| format!("{:?}", node.accesskit_node().role()))
        .collect();
    assert_eq!(nameless, Vec::<String>::new());
    // Its controls are live: a table is ticked, a choice is made.
    harness.get_by_label("Select all that are shown").click();
    harness.run();
    let choice = |harness: &Harness<'static, Gallery>| {
        let chosen = harness.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Encryption");
        chosen.click();
        chosen.value()
    };
    assert_eq!(choice(&harness).as_deref(), Some("AES-128"));
    harness.run();
    harness.get_by_label_contains("AES-256").click();
    harness.run();
    assert_eq!(choice(&harness).as_deref(), Some("AES-256"));
}

#[test]
fn every_widget_is_in_it() {
    /// What has no looks of its own.
    const UNSEEN: [&str; 9] = [
        "elided",
        "focus_ring",
        "keep_above",
        "row_drawn",
        "row_has_focus",
        "spread",
        "table_entry",
        "table_ground",
        "table_step",
    ];
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
    let widgets = std::fs::read_to_string(source.join("widgets/mod.rs")).unwrap();
    let mut names: Vec<&str> = Vec::new();
    for line in widgets.lines() {
        if let Some(of) = line.strip_prefix("pub(super) use ") {
            let of = of.split_once("::").unwrap().1.trim_matches(['{', '}', ';']);
            names.extend(of.split(", ").map(|name| name.rsplit(" as ").next().unwrap().trim_matches('}')));
        } else if let Some(of) = line.strip_prefix("pub(super) fn ") {
            names.push(of.split(['(', '<']).next().unwrap());
        }
    }
    assert!(names.len() > 40, "{names:?}");
    let shown: String = ["mod.rs", "controls.rs", "data.rs", "ground.rs"]
        .iter()
        .map(|file| std::fs::read_to_string(source.join("gallery").join(file)).unwrap())
        .collect();
    let named =
        |name: &&str| shown.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == *name);
    let missing: Vec<&str> =
        names.iter().filter(|name| !UNSEEN.contains(*name)).filter(|name| !named(name)).copied().collect();
    assert!(missing.is_empty(), "the gallery does not show {missing:?}");
}

#[cfg(feature = "pictures")]
#[test]
fn gallery_pictures() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (theme, name) in [(Theme::Light, "gallery-light"), (Theme::Dark, "gallery-dark")] {
        let mut harness = gallery(theme, WHOLE);
        let options =
            egui_kittest::SnapshotOptions::new().output_path("tests/pictures").threshold(1.0).max_failed_pixels(10);
        harness.snapshot_options(name, &options);
        results.extend(harness.take_snapshot_results());
    }
}
