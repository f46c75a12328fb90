//! The system's file dialogs. They are opened on the window's thread, as some systems want, and waited for beside the
//! engine's work, so that the window goes on drawing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use egui::Context;

use crate::app::engine::{Command, Engine, Snapshot};

/// By which a pick is told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PickId(u64);

/// Which file is to be picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilePick {
    /// A certificate to be read.
    Certificate,
    /// A connection file to be read.
    Connection,
    /// The partnerships of OpenAS2, or an export of mendelson.
    Partnerships,
    /// A keystore.
    Keystore,
    /// A document to be sent.
    Document,
    /// Documents to be sent, as many as are chosen.
    Documents,
    /// A folder, under this title.
    Folder(&'static str),
    /// A table in CSV to be read.
    Table,
    /// A key with its certificate to be read.
    Identity,
    /// A policy file to be read.
    Policy,
    /// A CA's answer to a certificate request.
    CaAnswer,
    /// A backup of a workspace.
    Backup,
    /// A receipt (MDN) that came another way.
    Receipt,
    /// Where something is to be written, with the name proposed for it.
    Save(String),
}

/// Nobody closes a dialog so soon after it was asked for: the system has none to open, which it does not tell otherwise.
const TOO_SOON: Duration = Duration::from_millis(250);

/// Said where the system has no file dialog.
const NO_DIALOG: &str = if cfg!(target_os = "linux") {
    "No file dialog could be opened: install a desktop portal or zenity, drop the file on the window, or use the command line"
} else {
    "No file dialog could be opened: drop the file on the window, or use the command line"
};

/// Open file dialogs, and what was picked.
pub(super) struct FilePicks {
    ctx: Context,
    last: u64,
    open: Option<(PickId, Instant, Receiver<Vec<PathBuf>>)>,
    picked: HashMap<PickId, Vec<PathBuf>>,
    /// Whose asker says itself that there was no dialog.
    quiet: Option<PickId>,
    /// For which of those there was none.
    none: Option<PickId>,
    /// Whether it is as if the system had none.
    without: bool,
}

impl FilePicks {
    /// None open yet; `ctx` is woken when something was picked.
    #[must_use]
    pub(super) fn new(ctx: Context) -> Self {
        Self { ctx, last: 0, open: None, picked: HashMap::new(), quiet: None, none: None, without: false }
    }

    /// From now on it is as on a system that has no file dialogs.
    pub(super) const fn do_without(&mut self) {
        self.without = true;
    }

    /// That there was no dialog is for the asker to say.
    pub(super) const fn tell_asker(&mut self, pick: PickId) {
        self.quiet = Some(pick);
    }

    /// Whether there was none for this one, once.
    pub(super) fn had_no_dialog(&mut self, pick: PickId) -> bool {
        self.none.take_if(|none| *none == pick).is_some()
    }

    /// Opens a dialog. The error is a sentence for the user.
    pub(super) fn open(&mut self, pick: FilePick, engine: &Engine, snapshot: &Snapshot) -> Result<PickId, String> {
        if self.open.is_some() {
            return Err("A file dialog is open already; finish it first".to_owned());
        }
        if self.without {
            self.last += 1;
            let id = PickId(self.last);
            let (_, nothing_comes) = channel();
            self.open = Some((id, Instant::now(), nothing_comes));
            self.ctx.request_repaint();
            return Ok(id);
        }
        let mut dialog = rfd::AsyncFileDialog::new();
        if let Some(sample) = &snapshot.workspace.sample {
            dialog = dialog.set_directory(&sample.folder);
        }
        dialog = match &pick {
            FilePick::Certificate => dialog
                .set_title("Choose the partner's renewed certificate")
                .add_filter("Certificates", &["cer", "crt", "pem", "der", "p7b", "p7c", "txt", "zip", "eml"])
                .add_filter("All files", &["*"]),
            FilePick::Connection => {
                dialog.set_title("Choose a connection file").add_filter("Connection files", &["toml"])
            }
            FilePick::Partnerships => dialog
                .set_title("Choose partnerships.xml of OpenAS2, or what mendelson has exported")
                .add_filter("Partnerships or an export", &["xml"])
                .add_filter("All files", &["*"]),
            FilePick::Keystore => dialog
                .set_title("Choose the keystore")
                .add_filter("Keystores", &["p12", "pfx", "jks"])
                .add_filter("All files", &["*"]),
            FilePick::Table => dialog.set_title("Choose the table").add_filter("CSV tables", &["csv", "txt"]),
            FilePick::Receipt => dialog
                .set_title("Choose the receipt")
                .add_filter("Receipts", &["eml", "mdn", "txt", "mime", "msg"])
                .add_filter("All files", &["*"]),
            FilePick::Backup => {
                dialog.set_title("Choose the backup").add_filter("Backups", &["zip"]).add_filter("All files", &["*"])
            }
            FilePick::Document => dialog.set_title("Choose the document to send"),
            FilePick::Documents => dialog.set_title("Choose the files to send"),
            FilePick::Folder(title) => dialog.set_title(*title),
            FilePick::Identity => dialog
                .set_title("Choose a key with its certificate")
                .add_filter("Keys and certificates", &["p12", "pfx", "pem"])
                .add_filter("All files", &["*"]),
            FilePick::Policy => dialog.set_title("Choose a policy file").add_filter("Policy files", &["toml"]),
            FilePick::CaAnswer => dialog
                .set_title("Choose the CA's answer")
                .add_filter("Certificates", &["cer", "crt", "pem", "der", "p7b", "p7c", "zip", "eml"])
                .add_filter("All files", &["*"]),
            FilePick::Save(name) => dialog.set_title("Save as").set_file_name(name),
        };
        self.last += 1;
        let id = PickId(self.last);
        let (done, waiting) = channel();
        let ctx = self.ctx.clone();
        let picked: std::pin::Pin<Box<dyn Future<Output = Vec<rfd::FileHandle>> + Send>> = match pick {
            FilePick::Save(_) => Box::pin(async move { dialog.save_file().await.into_iter().collect() }),
            FilePick::Documents => Box::pin(async move { dialog.pick_files().await.unwrap_or_default() }),
            FilePick::Folder(_) => Box::pin(async move { dialog.pick_folder().await.into_iter().collect() }),
            _ => Box::pin(async move { dialog.pick_file().await.into_iter().collect() }),
        };
        let errand = Box::pin(async move {
            let files = picked.await.iter().map(|handle| handle.path().to_owned()).collect();
            // Nobody waits any more where the window is gone.
            if done.send(files).is_ok() {
                ctx.request_repaint();
            }
        });
        engine.tell(Command::Run(errand)).map_err(|busy| busy.to_string())?;
        self.open = Some((id, Instant::now(), waiting));
        Ok(id)
    }

    /// Looks whether the open dialog has ended; the error, that there was none, is a sentence for the user. To be called
    /// once a frame.
    pub(super) fn poll(&mut self) -> Result<(), &'static str> {
        let Some((id, asked, waiting)) = &self.open else { return Ok(()) };
        let picked = match waiting.try_recv() {
            Ok(file) => file,
            Err(std::sync::mpsc::TryRecvError::Empty) => return Ok(()),
            Err(std::sync::mpsc::TryRecvError::Disconnected) => Vec::new(),
        };
        let none = picked.is_empty() && (self.without || asked.elapsed() < TOO_SOON);
        self.picked.insert(*id, picked);
        let asker_says = self.quiet.take() == Some(*id);
        if none && asker_says {
            self.none = Some(*id);
        }
        self.open = None;
        if none && !asker_says { Err(NO_DIALOG) } else { Ok(()) }
    }

    pub(super) fn take(&mut self, id: PickId) -> Option<Option<PathBuf>> {
        self.take_all(id).map(|files| files.into_iter().next())
    }

    pub(super) fn take_all(&mut self, id: PickId) -> Option<Vec<PathBuf>> {
        self.picked.remove(&id)
    }
}
