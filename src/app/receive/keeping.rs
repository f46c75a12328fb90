//! Keeping a body as it comes: while one piece is written, the connection receives the next.

use std::io::Write as _;

use tokio::runtime::Handle;

use super::cannot_keep;
use crate::app::AppError;
use crate::app::send::blocking;
use crate::store::{ArchiveWriter, ArchivedFile};
use crate::transport::RequestBody;

/// Writes all that comes of a body. What came of one that breaks off is kept as well, and why it did is told beside it.
pub(super) async fn keep_body(
    mut body: RequestBody,
    mut writer: ArchiveWriter,
) -> Result<(ArchivedFile, Result<(), AppError>), AppError> {
    let runtime = Handle::current();
    blocking(move || {
        // The thread that writes waits for what comes itself: passing it on to another would cost that one's waking.
        let received = runtime.block_on(async {
            while let Some(piece) = body.next().await {
                match piece {
                    Ok(piece) => writer.write_all(&piece).map_err(|error| cannot_keep(&error))?,
                    Err(error) => return Ok(Err(AppError::new(error.to_string()))),
                }
            }
            Ok::<_, AppError>(Ok(()))
        })?;
        Ok((writer.finish()?, received))
    })
    .await
}
