//! The window: views over a snapshot of the workspace, an engine behind them.
//!
//! | if you look for | it is in |
//! |---|---|
//! | the frame around everything, what happens in which order | `window` |
//! | which page, inspector and dialogs are shown, what keys and intents do to them | `views` |
//! | what a view is given, and how it asks for something | `desk`, `intent` |
//! | the matrix of connections | `connections` |
//! | the settings, certificates and history of one connection | `inspector` |
//! | making or importing one of our own identities | `identity` |
//! | bringing in a renewed certificate | `certificate` |
//! | choosing a date, a time, a time zone | `picker` |
//! | the test send | `test_send`, followed in `sends` |
//! | the journal | `transmissions` |
//! | policies: their rules and sources, one's own, two compared | `policies` |
//! | one renewed certificate for many profiles | `rollovers` |
//! | what must be told, reports, the calendar | `notices` |
//! | receiving in the window, started and stopped | `receiving` |
//! | the settings: identities, receiving, appearance, workspace | `settings` |
//! | how one transmission went, and the button that mends it | `outcome` |
//! | navigation, palette, messages, dialogs | `shell`, `dialog`, `files` |
//! | colours, type, measures; buttons, badges, fields | `theme`, `fonts`, `icon`, `widgets` |
//! | every widget in every state, for who works on them (`countersign gallery`) | `gallery`, in debug builds |
//! | when nothing is shown until the passphrase was given again | `lock` |
//! | shortcuts | `command` |
//! | which part of the window has the keyboard, and gets it back after a dialog | `focus` |
//! | what a screen reader is told, where the keyboard stops | `spoken` |
//! | instants, sizes and sentences in words | `moment`, `wording` |
//!
//! A view draws what it has and never waits. It asks the engine under a request's number and takes the answer in a later
//! frame, and says what is to happen outside itself with an [`Intent`], done once after the frame. Preferences (colours,
//! column widths, the window's place) are egui's to keep; everything of the workspace is the engine's.

mod certificate;
mod certificates;
mod command;
mod connections;
mod date_form;
mod desk;
mod dialog;
mod files;
mod focus;
mod fonts;
#[cfg(debug_assertions)]
mod gallery;
mod icon;
mod identity;
mod inspector;
mod intent;
mod lock;
mod moment;
mod motion;
mod notices;
mod open;
mod outcome;
mod path_field;
mod picker;
mod policies;
mod receiving;
mod rollovers;
mod send_files;
mod sends;
mod settings;
mod shell;
mod spoken;
mod territory;
mod test_send;
mod theme;
mod transmissions;
mod views;
mod week;
mod widgets;
mod window;

#[cfg(debug_assertions)]
pub use gallery::{Gallery, open_gallery};
pub use intent::Intent;
pub use open::{WindowOptions, open};
pub use theme::install;
pub use window::Window;
