//! The window, driven through the accessibility tree as a screen reader sees it, without drawing; behind it the real
//! engine, a workspace on disk, and the sample's partners on real sockets.

mod certificate;
mod certificates;
mod connections;
mod engine;
mod new_connection;
#[cfg(feature = "pictures")]
mod picture_workspace;
#[cfg(feature = "pictures")]
mod pictures;
#[cfg(feature = "pictures")]
mod pictures_over_time;
mod receiving;
mod settings;
mod shell;
mod stage;
mod test_send;
mod transmissions;

use stage::Stage;
