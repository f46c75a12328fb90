//! What is wrong with daily work, as notices: outboxes that cannot be read, inboxes that take nothing, files that were not
//! delivered, commands that failed.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppError;
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::notice::{About, Affected, Notice, NoticeKind, Urgency};
use crate::domain::transmission::{TransmissionId, Verdict};
use crate::store::{CommandRun, FolderTrouble, FolderTroubleKind, OutboxFile, OutboxTrouble, Workspace};

/// What is wrong with daily work.
pub(super) struct DailyTroubles {
    troubles: Vec<OutboxTrouble>,
    /// Files that were not delivered, and for which no attempt follows.
    left: Vec<OutboxFile>,
    commands: Vec<CommandRun>,
    /// Inboxes that take nothing, and outboxes of nobody.
    folders: Vec<FolderTrouble>,
}

impl DailyTroubles {
    pub(super) async fn read(workspace: &Workspace) -> Result<Self, AppError> {
        let mut left = workspace.outbox_files(None).await?;
        left.retain(|file| {
            let ended = matches!(file.verdict, Some(Verdict::Failed | Verdict::Uncertain | Verdict::Cancelled));
            ended && !file.goes_on
        });
        let (troubles, commands) = (workspace.outbox_troubles().await?, workspace.command_failures().await?);
        Ok(Self { troubles, left, commands, folders: workspace.folder_troubles().await? })
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
        found.extend(self.folders.iter().filter_map(|trouble| {
            let text = format!("{}: {}", trouble.folder, trouble.reason);
            let event = |kind, whose: &str, urgency| {
                let key = format!("{whose}:{}", trouble.since.as_second());
                Notice::event(kind, &key, urgency, trouble.since)
            };
            let Some((connection, profile)) = &trouble.of else {
                let notice = event(NoticeKind::OutboxTrouble, &trouble.folder, Urgency::Urgent);
                return Some(notice.saying("Files wait in an outbox that belongs to nobody", text, &trouble.remedy));
            };
            let partner = name(connection)?;
            let (kind, urgency, part, title) = match trouble.kind {
                FolderTroubleKind::Inbox => (
                    NoticeKind::InboxTrouble,
                    Urgency::Critical,
                    "",
                    format!("Messages of {partner}, {profile} are refused: their inbox takes nothing"),
                ),
                FolderTroubleKind::Left | FolderTroubleKind::Nobodys => (
                    NoticeKind::OutboxTrouble,
                    Urgency::Urgent,
                    "/left",
                    format!("Not all is sent that lies in the outbox of {partner}, {profile}"),
                ),
            };
            let notice = event(kind, &format!("{connection}/{profile}{part}"), urgency);
            Some(notice.saying(title, text, &trouble.remedy).about(about(connection, *profile)))
        }));
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
                1 => (
                    format!("A file for {partner}, {profile} was not delivered"),
                    format!("{first} stays in {folder}, and is not sent again by itself"),
                ),
                _ => (
                    format!("{number} files for {partner}, {profile} were not delivered"),
                    format!("{first} and {} more stay in {folder}, and are not sent again by themselves", number - 1),
                ),
            };
            found.push(
                notice
                    .saying(
                        title,
                        what,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixtures::connection;

    #[test]
    fn what_is_wrong_with_folders_is_told_of_as_much_as_it_concerns() {
        let of: Option<(ConnectionId, ProfileKind)> = Some(("acme".parse().unwrap(), ProfileKind::Production));
        let file = |name: &str| OutboxFile {
            folder: "/out".to_owned(),
            name: name.to_owned(),
            bytes: 1,
            changed_ns: 1,
            transmission: TransmissionId::nil(),
            verdict: Some(Verdict::Failed),
            goes_on: false,
            of: of.clone(),
        };
        let trouble = |kind, of| FolderTrouble {
            folder: "/in".to_owned(),
            kind,
            of,
            reason: "its disk is full".to_owned(),
            remedy: "Make room".to_owned(),
            since: jiff::Timestamp::UNIX_EPOCH,
        };
        let troubles = DailyTroubles {
            troubles: Vec::new(),
            left: vec![file("a.edi"), file("b.edi")],
            commands: Vec::new(),
            folders: vec![
                trouble(FolderTroubleKind::Inbox, of.clone()),
                trouble(FolderTroubleKind::Left, of.clone()),
                trouble(FolderTroubleKind::Nobodys, None),
            ],
        };
        let acme = [connection("acme", "Acme")];
        let told = troubles.notices(&acme, &BTreeSet::new());
        let said: Vec<(NoticeKind, Urgency, &str)> =
            told.iter().map(|notice| (notice.kind, notice.urgency, notice.title.as_str())).collect();
        let (inbox, outbox) = (NoticeKind::InboxTrouble, NoticeKind::OutboxTrouble);
        assert_eq!(
            said,
            [
                (inbox, Urgency::Critical, "Messages of Acme, production are refused: their inbox takes nothing"),
                (outbox, Urgency::Urgent, "Not all is sent that lies in the outbox of Acme, production"),
                (outbox, Urgency::Urgent, "Files wait in an outbox that belongs to nobody"),
                (outbox, Urgency::Urgent, "2 files for Acme, production were not delivered"),
            ]
        );
        assert!(told[3].text.starts_with("a.edi and 1 more stay in /out"), "{}", told[3].text);
        let keys: BTreeSet<&str> = told.iter().map(|notice| notice.key.as_str()).collect();
        assert_eq!(keys.len(), told.len());
        // Of a connection that is to be quiet nothing is said; what is nobody's is still told.
        let quiet = BTreeSet::from(["acme".parse().unwrap()]);
        assert_eq!(troubles.notices(&acme, &quiet).len(), 1);
    }
}
