//! The partner's certificates of one connection, and when each is used.

use egui::Ui;

use crate::app::engine::ConnectionState;
use crate::domain::identifier::ProfileKind;
use crate::ui::desk::Desk;

/// The tab.
#[derive(Default)]
pub(super) struct CertificatesTab {}

impl CertificatesTab {
    pub(super) fn show(
        &mut self,
        _ui: &mut Ui,
        _desk: &mut Desk<'_>,
        _state: &ConnectionState,
        _profile: &mut ProfileKind,
    ) {
    }
}
