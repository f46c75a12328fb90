//! What a document says of itself, read from the beginning of the payload that was kept of it.

use std::io::Read as _;

use super::send::blocking;
use crate::domain::document_facts::{DocumentFacts, FIRST_PIECE};
use crate::domain::transmission::TransmissionId;
use crate::store::{Archive, Part};

/// Reads it. What cannot be read is of no standard that is known: whoever needs the payload itself says what is wrong.
pub(super) async fn document_of(archive: &Archive, id: TransmissionId) -> Option<DocumentFacts> {
    let archive = archive.clone();
    blocking(move || Ok(read(&archive, id))).await.ok().flatten()
}

fn read(archive: &Archive, id: TransmissionId) -> Option<DocumentFacts> {
    let mut piece = Vec::new();
    archive.open(id, Part::Payload).ok()?.take(FIRST_PIECE).read_to_end(&mut piece).ok()?;
    DocumentFacts::read(&piece, (piece.len() as u64) < FIRST_PIECE)
}
