//! What programs that were killed have left in the archive and no journal knows of.

use super::send::blocking;
use super::{App, AppError};
use crate::store::Workspace;

impl App {
    /// Takes away afterwards what programs that were killed have left half written. A message that was coming is in no
    /// journal before all of it is there, so nothing else leads to its files.
    pub(super) fn sweep_left_over(&self, workspace: &Workspace) {
        let workspace = workspace.clone();
        self.afterwards.begin(async move {
            // What cannot be taken away now is taken away by the next that receives.
            drop(sweep(&workspace).await);
        });
    }
}

async fn sweep(workspace: &Workspace) -> Result<(), AppError> {
    let archive = workspace.archive().clone();
    for id in blocking(move || Ok(archive.left_over()?)).await? {
        let is_known = workspace.transmission(id).await?.is_some();
        let archive = workspace.archive().clone();
        blocking(move || {
            // Looked at before anything in it changes.
            let is_forgotten = !is_known && archive.is_forgotten(id);
            archive.sweep(id)?;
            if is_forgotten {
                archive.discard(id)?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write as _;
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::app::Clock;
    use crate::domain::transmission::{Direction, Transmission};
    use crate::store::{As2Pair, Location, Part, Unlock};

    const NAMES: [&str; 2] = ["request.head", ".request.body.aB3dE6.partial"];

    fn age(folder: &Path, by: Duration) {
        let then = fs::metadata(folder).unwrap().modified().unwrap() - by;
        for entry in fs::read_dir(folder).unwrap() {
            File::options().write(true).open(entry.unwrap().path()).unwrap().set_modified(then).unwrap();
        }
        File::open(folder).unwrap().set_modified(then).unwrap();
    }

    #[tokio::test]
    async fn what_no_journal_knows_of_goes_and_what_is_coming_stays() {
        let guard = tempfile::tempdir().unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
        let workspace = app.workspace().await.unwrap();
        let day = Duration::from_hours(25);
        let mut folders = Vec::new();
        for (by, is_known) in [(day, false), (Duration::ZERO, false), (day, true)] {
            let id = crate::app::send::new_id(app.now());
            if is_known {
                let transmission = Transmission::new(id, format!("<{id}@acme>"), app.now(), Direction::Inbound);
                workspace.begin_transmission(&transmission, As2Pair::default()).await.unwrap();
            }
            let folder = workspace.archive().prepare(id).unwrap();
            for name in NAMES {
                fs::write(folder.join(name), b"half").unwrap();
            }
            age(&folder, by);
            folders.push(folder);
        }
        // A message that comes in another program, however slowly.
        let coming = crate::app::send::new_id(app.now());
        let mut body = workspace.archive().create(coming, Part::RequestBody(1)).unwrap();
        body.write_all(b"half").unwrap();
        app.sweep_left_over(&workspace);
        app.afterwards.ended().await;
        let left = |folder: &Path| fs::read_dir(folder).map_or(0, Iterator::count);
        assert!(!folders[0].exists(), "older than anything that is under way");
        assert_eq!((left(&folders[1]), left(&folders[2])), (1, 1), "what was half written, and nothing else");
        body.write_all(b" and half").unwrap();
        assert_eq!(body.finish().unwrap().bytes, 13);
    }
}
