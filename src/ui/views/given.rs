//! What was named on the command line, or is brought by a later start: a link to go to, a file to look at.

use std::path::PathBuf;

use super::Views;
use crate::app::{CertificateSource, ToOpen};
use crate::domain::link::Link;
use crate::domain::nearest_name::did_you_mean;
use crate::domain::sentence::sentence;
use crate::ui::certificate::CertificateDialog;
use crate::ui::desk::Desk;
use crate::ui::intent::{Intent, Page};

impl Views {
    /// Opens it.
    pub(in crate::ui) fn open(&mut self, what: ToOpen, desk: &mut Desk<'_>) {
        match what {
            ToOpen::Link(text) => follow(&text, desk),
            ToOpen::File(path) => self.take_given(PathBuf::from(path), desk),
        }
    }

    /// Takes a file, as one that is dropped while nothing else is shown: it is looked at and never sent.
    fn take_given(&mut self, path: PathBuf, desk: &mut Desk<'_>) {
        let Some(path) = self.lead_to_dialog(path, desk) else { return };
        if let Some(path) = Self::to_settings(path, desk) {
            // Whoever opens a file elsewhere does not think of the connection that happens to be shown here.
            let source = Some(CertificateSource::File(path));
            self.dialogs.push(Box::new(CertificateDialog::new(None, None, source, desk)));
        }
    }
}

/// Goes where a link leads, or says why it leads nowhere.
fn follow(text: &str, desk: &mut Desk<'_>) {
    match text.parse() {
        Ok(Link::Connection(connection)) if desk.snapshot.connection(&connection).is_some() => {
            desk.intend(Intent::Go(Page::Connections));
            desk.intend(Intent::Inspect { connection, profile: None, tab: None });
        }
        Ok(Link::Connection(connection)) => {
            let ids = desk.snapshot.connections.iter().map(|state| state.connection.id.as_str());
            let meant = did_you_mean(connection.as_str(), ids).map(|meant| format!("; {meant}")).unwrap_or_default();
            let text = format!("This workspace has no connection {connection}{meant}");
            desk.toasts.error("The link leads nowhere", &text);
        }
        Ok(Link::Transmission(id)) => desk.intend(Intent::ShowTransmission(id)),
        Ok(Link::Rollover(id)) => desk.intend(Intent::ShowRollover(id)),
        Err(error) => {
            let text = format!("{}\n{}", sentence(&error.to_string()), sentence(error.hint()));
            desk.toasts.error("The link leads nowhere", &text);
        }
    }
}
