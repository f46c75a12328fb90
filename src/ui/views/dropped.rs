//! What is dropped onto the window or pasted into it, and where it goes.

use std::path::PathBuf;

use egui::Context;

use super::Views;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::desk::Desk;
use crate::ui::dialog::Dropped;
use crate::ui::inspector::Inspector;
use crate::ui::intent::{Intent, Page};
use crate::ui::policies::PolicyIntent;

impl Views {
    /// Takes files that were dropped onto the window.
    pub(in crate::ui) fn dropped(&mut self, ctx: &Context, desk: &mut Desk<'_>) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        let mut taken = false;
        let mut to_send = Vec::new();
        let several = dropped.len() > 1;
        for file in dropped {
            let path = self.lead_to_dialog(file.path().to_owned(), desk);
            let Some(path) = path.and_then(|path| Self::to_settings(path, desk)) else { continue };
            if self.sends_to().is_some() && is_document(&path) && (several || self.page == Page::Connections) {
                to_send.push(path);
            } else if let (Page::TestSend(_), Some(page), false) =
                (&self.page, &mut self.test_send, is_certificate(&path))
            {
                page.take_file(path);
            } else if taken {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                desk.toasts.warn("One certificate at a time", &format!("{name} was not taken; drop it afterwards"));
            } else {
                taken = true;
                let source = Some(crate::app::CertificateSource::File(path));
                desk.intend(match self.page {
                    Page::Rollovers => Intent::NewRollover(source),
                    _ => Intent::NewCertificate { connection: None, profile: None, source },
                });
            }
        }
        if let Some((connection, profile)) = self.sends_to().filter(|_| !to_send.is_empty()) {
            desk.intend(Intent::SendFiles { connection, profile, files: to_send });
        }
    }

    /// Gives a file to the dialog in front; what that has no use for is given back.
    pub(super) fn lead_to_dialog(&mut self, path: PathBuf, desk: &mut Desk<'_>) -> Option<PathBuf> {
        match self.dialogs.last_mut() {
            Some(dialog) => dialog.drop_file(Dropped { path }, desk).map(|file| file.path),
            None => Some(path),
        }
    }

    /// Takes a file that holds connections or a policy; any other is given back.
    pub(super) fn to_settings(path: PathBuf, desk: &mut Desk<'_>) -> Option<PathBuf> {
        if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml")) {
            desk.intend(Intent::Policies(PolicyIntent::TakeToml(path)));
        } else if path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("partnerships.xml")) {
            desk.intend(Intent::ImportOpenAs2(Some(path)));
        } else {
            return Some(path);
        }
        None
    }

    /// To whom files go that are dropped: to whom is in front.
    fn sends_to(&self) -> Option<(ConnectionId, ProfileKind)> {
        let connection = self.selected()?.clone();
        let of = self.inspector.as_ref().filter(|inspector| *inspector.connection() == connection);
        Some((connection, of.map_or(ProfileKind::Production, Inspector::profile)))
    }

    /// What becomes of a file that is let go of here, a line for each kind.
    pub(super) fn dropping(&self, desk: &Desk<'_>) -> Vec<String> {
        if !self.dialogs.is_empty() {
            return vec!["The dialog in front takes what it has use for".to_owned()];
        }
        let name = |id: &ConnectionId| {
            desk.snapshot.connection(id).map_or_else(|| id.to_string(), |state| state.connection.name.clone())
        };
        let certificate = match &self.page {
            Page::Rollovers => "A certificate begins a rollover".to_owned(),
            _ => "A certificate is looked at before it is brought in".to_owned(),
        };
        let document = match (&self.page, self.sends_to()) {
            (Page::TestSend(connection), _) => {
                Some(format!("A document is taken for the test of {}", name(connection)))
            }
            (_, Some((connection, profile))) => Some(format!("A document is sent to {}, {profile}", name(&connection))),
            _ => None,
        };
        let file = "A connection file is added, a policy file shows what it would change".to_owned();
        [Some(certificate), document, Some(file)].into_iter().flatten().collect()
    }
}

/// Whether a file is called as documents are that are sent. What is called otherwise may hold certificates.
fn is_document(path: &std::path::Path) -> bool {
    const ENDS: [&str; 9] = ["edi", "edifact", "x12", "xml", "csv", "json", "dat", "idoc", "pdf"];
    path.extension().and_then(|end| end.to_str()).is_some_and(|end| {
        // Many call them by the number of the transaction set, such as `po.850`.
        ENDS.iter().any(|known| end.eq_ignore_ascii_case(known)) || end.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a file is called as certificates are. What it holds is looked at only when it is opened.
fn is_certificate(path: &std::path::Path) -> bool {
    const ENDS: [&str; 8] = ["cer", "crt", "pem", "der", "p7b", "p7c", "p12", "pfx"];
    path.extension().is_some_and(|end| ENDS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// A certificate that was pasted while nothing was typed into.
pub(super) fn pasted_certificate(ctx: &Context) -> Option<crate::app::CertificateSource> {
    if ctx.text_edit_focused() {
        return None;
    }
    ctx.input(|input| {
        input.events.iter().find_map(|event| match event {
            egui::Event::Paste(text) if text.contains("-----BEGIN") => Some(crate::app::CertificateSource::Bytes {
                name: "Pasted text".to_owned(),
                bytes: text.clone().into_bytes(),
            }),
            _ => None,
        })
    })
}
