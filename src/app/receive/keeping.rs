//! Keeping a body as it comes: while one piece is written, the next is received.

use std::io::Write as _;

use super::cannot_keep;
use crate::app::AppError;
use crate::app::send::blocking;
use crate::store::{ArchiveWriter, ArchivedFile};
use crate::transport::RequestBody;

/// Pieces that may wait to be written. The listener's are of some hundred KiB at most.
const WAITING: usize = 4;

/// Writes all that comes of a body. What came of one that breaks off is kept as well, and why it did is told beside it.
pub(super) async fn keep_body(
    body: &mut RequestBody,
    mut writer: ArchiveWriter,
) -> Result<(ArchivedFile, Result<(), AppError>), AppError> {
    let (pieces, mut waiting) = tokio::sync::mpsc::channel(WAITING);
    let write = blocking(move || {
        while let Some(piece) = waiting.blocking_recv() {
            let piece: bytes::Bytes = piece;
            writer.write_all(&piece).map_err(|error| cannot_keep(&error))?;
        }
        Ok(writer.finish()?)
    });
    let receive = async move {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| AppError::new(error.to_string()))?;
            if pieces.send(piece).await.is_err() {
                // It cannot be written, and that is told.
                break;
            }
        }
        Ok(())
    };
    let (received, written) = tokio::join!(receive, write);
    Ok((written?, received))
}
