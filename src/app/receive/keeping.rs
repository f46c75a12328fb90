//! Keeping a body as it comes: while one piece is written, the connection receives the next.

use std::io::Write as _;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::cannot_keep;
use crate::app::AppError;
use crate::app::send::blocking;
use crate::store::{ArchiveFollower, ArchiveWriter, ArchivedFile, DEFAULT_KEEP};
use crate::transport::{BodyError, RequestBody};

/// Writes all that comes of a body. What came of one that breaks off is kept as well, and why it did is told beside it.
/// `grown` is told where it grows large, and may read along.
pub(super) async fn keep_body(
    mut body: RequestBody,
    mut writer: ArchiveWriter,
    grown: oneshot::Sender<ArchiveFollower>,
) -> Result<(ArchivedFile, Result<(), BodyError>), AppError> {
    let runtime = Handle::current();
    blocking(move || {
        // The thread that writes waits for what comes itself: passing it on to another would cost that one's waking.
        let mut grown = Some(grown);
        let received = runtime.block_on(async {
            while let Some(piece) = body.next().await {
                match piece {
                    Ok(piece) => writer.write_all(&piece).map_err(|error| cannot_keep(&error))?,
                    Err(error) => {
                        writer.cut_short();
                        return Ok(Err(error));
                    }
                }
                if writer.bytes() > DEFAULT_KEEP
                    && let Some(grown) = grown.take()
                    && let Ok(follower) = writer.follow()
                {
                    // Where nobody reads along, it is read when it is whole.
                    drop(grown.send(follower));
                }
            }
            Ok::<_, AppError>(Ok(()))
        })?;
        Ok((writer.finish()?, received))
    })
    .await
}
