//! The window, driven through the accessibility tree as a screen reader sees it, without drawing; behind it the real
//! engine, a workspace on disk, and the sample's partners on real sockets.

mod access;
#[cfg(feature = "pictures")]
mod arrival_pictures;
mod backup;
mod certificate;
mod certificates;
#[cfg(feature = "pictures")]
mod chart_pictures;
mod charts;
mod comparison;
mod connections;
mod daily;
#[cfg(feature = "pictures")]
mod daily_pictures;
#[cfg(feature = "pictures")]
mod deep_dive_pictures;
mod engine;
#[cfg(debug_assertions)]
mod gallery;
mod identities;
#[cfg(feature = "pictures")]
mod identity_pictures;
mod layout;
mod new_connection;
mod notices;
mod openas2;
mod opening;
#[cfg(feature = "pictures")]
mod picture_workspace;
#[cfg(feature = "pictures")]
mod pictures;
#[cfg(feature = "pictures")]
mod pictures_of_notices;
#[cfg(feature = "pictures")]
mod pictures_over_time;
mod policies;
mod protection;
mod provider;
#[cfg(feature = "pictures")]
mod provider_pictures;
mod receiving;
mod redelivery;
#[cfg(feature = "pictures")]
mod rollover_pictures;
mod rollovers;
mod settings;
mod settings_page;
#[cfg(feature = "pictures")]
mod settings_pictures;
mod shell;
#[cfg(feature = "pictures")]
mod shell_pictures;
mod stage;
mod storage;
#[cfg(feature = "pictures")]
mod storage_pictures;
mod tasks;
mod test_send;
mod transmissions;

use stage::Stage;
