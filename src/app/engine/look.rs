//! What the window asks for about what was kept of a transmission: rows of bytes, layers, files, comparisons.

use std::path::PathBuf;
use std::sync::Arc;

use super::command::Answer;
use crate::app::{
    AcknowledgementLinks, App, AppError, Bundle, MessageStructure, OpenedView, RawPart, SavedPart, ViewKind, ViewRow,
};
use crate::domain::transmission::TransmissionId;
use crate::domain::transmission_comparison::Comparison;

/// What is asked for.
pub enum LookCommand {
    /// Open a part for looking at, of an attempt or of the one that counts, in a way or as what it is. Answered by
    /// [`LookAnswer::Opened`].
    Open(TransmissionId, RawPart, Option<u32>, Option<ViewKind>),
    /// Some rows of it. Answered by [`LookAnswer::Rows`].
    Rows {
        /// What was opened.
        view: Arc<OpenedView>,
        /// The first row.
        from: u64,
        /// How many.
        count: usize,
    },
    /// The layers of a part, of an attempt or of the one that counts. Answered by [`LookAnswer::Structure`].
    Structure(TransmissionId, RawPart, Option<u32>),
    /// What it acknowledges, and by what it was acknowledged. Answered by [`LookAnswer::Acknowledgements`].
    Acknowledgements(TransmissionId),
    /// Two transmissions beside each other. Answered by [`LookAnswer::Compared`].
    Compare(TransmissionId, TransmissionId),
    /// Write a part to a file, of an attempt or of the one that counts. Answered by [`LookAnswer::Saved`].
    Save(TransmissionId, RawPart, Option<u32>, PathBuf),
    /// Write the proof of delivery. Answered by [`LookAnswer::Proven`].
    Proof(TransmissionId, PathBuf),
    /// Gather what a partner's support needs, with the document itself or without. Answered by [`LookAnswer::Bundled`].
    Bundle(TransmissionId, bool),
    /// Write what was gathered. Answered by [`LookAnswer::BundleWritten`].
    WriteBundle(Arc<Bundle>, PathBuf),
}

/// What came of it.
#[derive(Debug)]
pub enum LookAnswer {
    /// A part is open.
    Opened(Arc<OpenedView>),
    /// Rows from one on.
    Rows(u64, Vec<ViewRow>),
    /// The layers.
    Structure(MessageStructure),
    /// What has to do with functional acknowledgements.
    Acknowledgements(AcknowledgementLinks),
    /// Both beside each other.
    Compared(Comparison),
    /// A part was written.
    Saved(SavedPart),
    /// A proof was written to a file; whether it holds.
    Proven(PathBuf, bool),
    /// What goes to a partner's support.
    Bundled(Arc<Bundle>),
    /// It was written to a file.
    BundleWritten(PathBuf),
}

impl LookCommand {
    /// Carries it out.
    pub(super) async fn carry_out(self, app: &App) -> Result<Answer, AppError> {
        let id = |id: TransmissionId| id.simple().to_string();
        let answer = match self {
            Self::Open(of, part, attempt, kind) => {
                LookAnswer::Opened(Arc::new(app.open_view_of(&id(of), part, attempt, kind).await?))
            }
            Self::Rows { view, from, count } => LookAnswer::Rows(from, app.view_rows(&view, from, count).await?),
            Self::Structure(of, part, attempt) => {
                LookAnswer::Structure(app.structure_of(&id(of), part, attempt).await?)
            }
            Self::Acknowledgements(of) => LookAnswer::Acknowledgements(app.acknowledgements(&id(of)).await?),
            Self::Compare(one, other) => LookAnswer::Compared(app.compare_transmissions(&id(one), &id(other)).await?),
            Self::Save(of, part, attempt, file) => {
                LookAnswer::Saved(app.save_part(&id(of), part, attempt, &file).await?)
            }
            Self::Proof(of, file) => {
                let proof = app.write_proof(&id(of), &file).await?;
                LookAnswer::Proven(file, proof.proven)
            }
            Self::Bundle(of, with_payload) => LookAnswer::Bundled(Arc::new(app.bundle(&id(of), with_payload).await?)),
            Self::WriteBundle(bundle, file) => LookAnswer::BundleWritten(app.write_bundle(&bundle, &file).await?.file),
        };
        Ok(Answer::Look(Box::new(answer)))
    }
}
