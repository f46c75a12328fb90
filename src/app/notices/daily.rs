//! What is wrong with daily work, as notices: outboxes that cannot be read, files that were not delivered, commands that
//! failed.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppError;
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::notice::{About, Affected, Notice, NoticeKind, Urgency};
use crate::domain::transmission::{TransmissionId, Verdict};
use crate::store::{CommandRun, OutboxFile, OutboxTrouble, Workspace};

/// What is wrong with daily work.
pub(super) struct DailyTroubles {
    troubles: Vec<OutboxTrouble>,
    /// Files that were not delivered, and for which no attempt follows.
    left: Vec<OutboxFile>,
    commands: Vec<CommandRun>,
}

impl DailyTroubles {
    pub(super) async fn read(workspace: &Workspace) -> Result<Self, AppError> {
        let mut left = workspace.outbox_files(None).await?;
        left.retain(|file| {
            let ended = matches!(file.verdict, Some(Verdict::Failed | Verdict::Uncertain | Verdict::Cancelled));
            ended && !file.goes_on
        });
        Ok(Self { troubles: workspace.outbox_troubles().await?, left, commands: workspace.command_failures().await? })
    }

    /// The same as notices, but for connections that are gone or are to be quiet.
    pub(super) fn notices(&self, connections: &[Connection], quiet: &BTreeSet<ConnectionId>) -> Vec<Notice> {
        let name = |id: &ConnectionId| {
            connections.iter().find(|each| each.id == *id).filter(|_| !quiet.contains(id)).map(|each| each.name.clone())
        };
        let mut found = Vec::new();
        for trouble in &self.troubles {
            let Some(partner) = name(&trouble.connection) else { continue };
            let key = format!("{}/{}:{}", trouble.connection, trouble.profile, trouble.since.as_second());
            let notice = Notice::event(NoticeKind::OutboxTrouble, &key, Urgency::Urgent, trouble.since);
            found.push(
                notice
                    .saying(
                        format!("Nothing is sent from the outbox of {partner}, {}", trouble.profile),
                        format!("{}: {}", trouble.folder, trouble.reason),
                        "Put the folder right, or choose another in the settings of the profile",
                    )
                    .about(about(&trouble.connection, trouble.profile)),
            );
        }
        let mut by_folder: BTreeMap<(&ConnectionId, ProfileKind, &str), Vec<&OutboxFile>> = BTreeMap::new();
        for file in &self.left {
            if let Some((connection, profile)) = &file.of {
                by_folder.entry((connection, *profile, &file.folder)).or_default().push(file);
            }
        }
        for ((connection, profile, folder), files) in by_folder {
            let Some(partner) = name(connection) else { continue };
            // Ids sort by time: another file that fails is another matter.
            let Some(newest) = files.iter().map(|file| file.transmission).max() else { continue };
            let at = instant_of(newest);
            let notice = Notice::event(NoticeKind::OutboxTrouble, &newest.simple().to_string(), Urgency::Urgent, at);
            let (number, first) = (files.len(), files.first().map_or("", |file| file.name.as_str()));
            let (title, what) = match number {
                1 => (format!("A file for {partner}, {profile} was not delivered"), first.to_owned()),
                _ => (
                    format!("{number} files for {partner}, {profile} were not delivered"),
                    format!("{first} and {} more", number - 1),
                ),
            };
            found.push(
                notice
                    .saying(
                        title,
                        format!("{what} stays in {folder}, and is not sent again by itself"),
                        "Look at the transmission and redeliver it; the file is moved once it was delivered",
                    )
                    .about(about(connection, profile)),
            );
        }
        found.extend(self.commands.last().map(|run| {
            let key = run.transmission.simple().to_string();
            Notice::event(NoticeKind::CommandFailed, &key, Urgency::Urgent, run.at).saying(
                "The command that follows a message has failed",
                format!("{}: {}", run.program, run.outcome),
                "Look at what it wrote, with the transmission; the message itself is as it was",
            )
        }));
        found
    }
}

/// When a transmission was journalled, as its number says.
fn instant_of(id: TransmissionId) -> jiff::Timestamp {
    let at = id.get_timestamp().and_then(|at| {
        let (seconds, nanos) = at.to_unix();
        jiff::Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
    });
    at.unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn about(connection: &ConnectionId, profile: ProfileKind) -> About {
    About { profiles: vec![Affected { connection: connection.clone(), profile }], ..About::default() }
}
