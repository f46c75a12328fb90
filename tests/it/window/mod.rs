//! The window, driven through the accessibility tree as a screen reader sees it, without drawing; behind it the real
//! engine, a workspace on disk, and the sample's partners on real sockets.

mod certificate;
mod connections;
mod stage;

use stage::Stage;
