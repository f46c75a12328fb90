//! What a screen reader is told, and where the keyboard stops: icons are letters of a font of their own, which would be
//! read aloud as they are, and what can only be dragged is no place for the keyboard.

use egui::accesskit::{Node, Role};
use egui::{Context, FullOutput, Id, Key, Modifiers, Plugin, Ui, WidgetRect, WidgetRects};

/// Goes over what a frame tells before anybody hears it.
#[derive(Default)]
pub(super) struct Spoken {
    /// Whether the keyboard goes backwards.
    back: bool,
}

/// Whether a letter is an icon: the private use area, where icon fonts have theirs.
const fn is_icon(letter: char) -> bool {
    matches!(letter, '\u{e000}'..='\u{f8ff}')
}

/// The words without the icons among them; nothing where there are no icons.
fn without_icons(text: &str) -> Option<String> {
    text.contains(is_icon).then(|| text.replace(is_icon, " ").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The same for the letters of a field or a selectable text, each of which has its place: as many bytes, but unheard.
fn in_place(text: &str) -> Option<String> {
    text.contains(is_icon).then(|| text.replace(is_icon, "\u{200b}"))
}

fn clean(node: &mut Node) {
    if let Some(label) = node.label().and_then(without_icons) {
        if label.is_empty() { node.clear_label() } else { node.set_label(label) }
    }
    if node.role() == Role::TextRun {
        if let Some(value) = node.value().and_then(in_place) {
            node.set_value(value);
        }
    } else if let Some(value) = node.value().and_then(without_icons) {
        if value.is_empty() {
            node.clear_value()
        } else {
            node.set_value(value)
        }
        // What was an icon and nothing else stands beside words that say the same.
        if node.role() == Role::Label && node.value().is_none() && node.label().is_none() {
            node.set_hidden();
        }
    }
}

/// Whether it is an edge to be dragged: no control of ours is as thin.
pub(super) fn is_handle(widget: &WidgetRect) -> bool {
    const THIN: f32 = 14.0;
    widget.sense.senses_drag() && widget.rect.size().min_elem() < THIN
}

/// What the keyboard goes to in the place of a handle: the next control of its layer, or the one before it.
fn beyond(widgets: &WidgetRects, focused: Id, back: bool) -> Option<Id> {
    let handle = widgets.get(focused).filter(|widget| is_handle(widget))?;
    let (_, here) = widgets.order(focused)?;
    let stops = || {
        let layer = widgets.get_layer(handle.layer_id).enumerate();
        layer.filter(move |(_, widget)| widget.sense.is_focusable() && widget.enabled && !is_handle(widget))
    };
    let found = if back {
        stops().filter(|(place, _)| *place < here).last().or_else(|| stops().last())
    } else {
        stops().find(|(place, _)| *place > here).or_else(|| stops().next())
    };
    found.map(|(_, widget)| widget.id)
}

impl Plugin for Spoken {
    fn debug_name(&self) -> &'static str {
        "spoken"
    }

    fn on_end_pass(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx();
        ctx.input(|input| {
            if input.key_pressed(Key::Tab) {
                self.back = input.modifiers.contains(Modifiers::SHIFT);
            }
        });
        let Some(focused) = ctx.memory(egui::Memory::focused) else { return };
        if let Some(next) = ctx.viewport(|viewport| beyond(&viewport.this_pass.widgets, focused, self.back)) {
            ctx.memory_mut(|memory| memory.request_focus(next));
        }
    }

    fn output_hook(&mut self, ctx: &Context, output: &mut FullOutput) {
        let Some(update) = &mut output.platform_output.accesskit_update else { return };
        let handles: Vec<_> = ctx.viewport(|viewport| {
            let all = viewport.prev_pass.widgets.layers().flat_map(|(_, layer)| layer);
            all.filter(|widget| is_handle(widget)).map(|widget| widget.id.accesskit_id()).collect()
        });
        for (id, node) in &mut update.nodes {
            clean(node);
            // It has no name, and nobody can do anything with it who does not see it.
            if node.role() == Role::Unknown && handles.contains(id) {
                node.set_hidden();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_are_not_read_aloud_and_words_stay() {
        assert_eq!(without_icons("\u{e123} Add \u{e124}"), Some("Add".to_owned()));
        assert_eq!(without_icons("\u{e123}"), Some(String::new()));
        assert_eq!(without_icons("Two  spaces"), None);
        assert_eq!(in_place("a\u{e123}b").map(|text| text.len()), Some("a\u{e123}b".len()));
        let mut node = Node::new(Role::Label);
        node.set_value("\u{e123}");
        clean(&mut node);
        assert!(node.is_hidden() && node.value().is_none());
        let mut node = Node::new(Role::Button);
        node.set_label("\u{e123}");
        clean(&mut node);
        assert!(!node.is_hidden(), "a control without a name is a fault that has to be seen");
    }
}
