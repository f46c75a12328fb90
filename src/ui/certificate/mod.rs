//! Bringing in a partner's renewed certificate.

use egui::Context;

use super::desk::Desk;
use super::dialog::{Dialog, Flow, frame};
use crate::app::CertificateSource;
use crate::domain::identifier::{ConnectionId, ProfileKind};

/// The dialog for a renewed certificate.
pub(super) struct CertificateDialog {}

impl CertificateDialog {
    /// For a connection, where it is known whose certificate it is, from a source, where that is known.
    #[must_use]
    pub(super) fn new(
        _connection: Option<ConnectionId>,
        _profile: Option<ProfileKind>,
        _source: Option<CertificateSource>,
        _desk: &mut Desk<'_>,
    ) -> Self {
        Self {}
    }
}

impl Dialog for CertificateDialog {
    fn show(&mut self, ctx: &Context, _desk: &mut Desk<'_>) -> Flow {
        frame(ctx, "certificate", "New partner certificate", "", super::theme::DIALOG, false, |_ui| Flow::Open)
    }
}
