//! The sheet of shortcuts: every command with its keys, and what the keyboard does everywhere.

use egui::{Context, Key, KeyboardShortcut, Modifiers, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::ui::command::UiCommand;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, frame};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::section;

/// What is the same in every table, list and dialog.
const EVERYWHERE: [(&str, &str); 7] = [
    ("Row above or below", "Up, Down"),
    ("First or last row", "Home, End"),
    ("A page of rows", "Page Up, Page Down"),
    ("Row that begins with", "Its first letters"),
    ("Open a row and go on in it", "Enter"),
    ("Select several rows", "Shift+Up, Shift+Down"),
    ("Close what is on top", "Esc"),
];

/// What selects all rows, where several can be selected.
const ALL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::A);

/// Height of a line.
const LINE: f32 = 24.0;

/// The sheet.
pub(crate) struct ShortcutSheet;

impl Dialog for ShortcutSheet {
    fn show(&mut self, ctx: &Context, _desk: &mut Desk<'_>) -> Flow {
        let mut commands: Vec<(&str, String)> = UiCommand::ALL
            .iter()
            .filter(|command| command.shortcut().is_some())
            .map(|command| (command.label(), command.all_keys(ctx)))
            .collect();
        // The pages in the order of their numbers, where the first of them stands.
        let numbered = |keys: &str| keys.ends_with(|last: char| last.is_ascii_digit()) && !keys.starts_with('F');
        if let Some(first) = commands.iter().position(|(_, keys)| numbered(keys)) {
            let (mut pages, others): (Vec<_>, Vec<_>) = commands.into_iter().partition(|(_, keys)| numbered(keys));
            pages.sort_by(|(_, a), (_, b)| a.cmp(b));
            commands = others;
            commands.splice(first..first, pages);
        }
        frame(ctx, "shortcuts", "Shortcuts", "", 760.0, false, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let half = ((ui.available_width() - 28.0) / 2.0).floor();
            let (left, right) = commands.split_at((commands.len() + EVERYWHERE.len() + 3) / 2);
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 28.0;
                ui.vertical(|ui| {
                    for (label, keys) in left {
                        line(ui, half, label, keys);
                    }
                });
                ui.vertical(|ui| {
                    for (label, keys) in right {
                        line(ui, half, label, keys);
                    }
                    ui.add_space(12.0);
                    section(ui, "In tables, lists and dialogs");
                    ui.add_space(4.0);
                    for (label, keys) in EVERYWHERE {
                        line(ui, half, label, keys);
                    }
                    line(ui, half, "Select all that are shown", &ctx.format_shortcut(&ALL));
                });
            });
            Flow::Open
        })
    }
}

fn line(ui: &mut Ui, width: f32, label: &str, keys: &str) {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(width, LINE), Sense::hover());
    let middle = rect.center().y;
    let right = ui.painter().layout_no_wrap(keys.to_owned(), theme::medium(theme::SMALL), tokens.muted);
    let at = rect.right() - right.size().x;
    ui.painter().galley(egui::pos2(at, middle - right.size().y / 2.0), right, tokens.muted);
    let mut within = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(egui::Rect::from_min_max(rect.min, egui::pos2(at - 8.0, rect.bottom())))
            .layout(egui::Layout::left_to_right(egui::Align::Center)),
    );
    within.add(egui::Label::new(RichText::new(label).font(theme::body())).truncate());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{label}, {keys}")));
}
