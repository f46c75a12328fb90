//! What is around every page: navigation, short messages, the palette, what a dragged file means.

mod confirm;
mod drop_hint;
mod messages;
mod nav;
mod palette;
mod shortcut_sheet;
mod toasts;

pub(super) use confirm::Confirm;
pub(super) use drop_hint::drop_hint;
pub(super) use messages::Messages;
pub(super) use nav::nav;
pub(super) use palette::{Found, Palette};
pub(super) use shortcut_sheet::ShortcutSheet;
pub(super) use toasts::Toasts;
