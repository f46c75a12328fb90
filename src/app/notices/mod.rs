//! Notices: gathered from everything that is known, with what became of each.
//!
//! [`App::notices`] is the one list that the window, the command line, e-mail and the calendar stand on. What was
//! seen or has happened joins what is due in `happened`.

mod desktop;
mod happened;
mod mail;
mod settings;
mod telling;

use jiff::Timestamp;
use serde::Serialize;

use super::{App, AppError, Observations};
use crate::domain::certificate::CertificateFacts;
use crate::domain::compliance::{self, ComplianceSettings, Known};
use crate::domain::notice::standing::{Acknowledgement, Standing, Telling};
use crate::domain::notice::{Facts, Notice, NoticeKind, Reminding, SeenServer, Urgency, sort};
use crate::domain::sighting::Sighting;
use crate::store::{MailFailure, NoticeRecords, Workspace};
pub use settings::{MailSettings, MailTls, NotificationSettings};
pub(super) use telling::Herald;
pub use telling::Told;

/// A notice with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedNotice {
    /// The notice as it is now.
    #[serde(flatten)]
    pub notice: Notice,
    /// How it stands.
    pub standing: Standing,
    /// When and how it was told so far.
    pub told: Vec<Telling>,
}

impl App {
    /// Every notice there is now, also those that are acknowledged or put off, the most urgent first.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn notices(&self) -> Result<Vec<ListedNotice>, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(Vec::new()) };
        let certificates: Vec<CertificateFacts> =
            workspace.certificates().await?.into_iter().map(|stored| stored.facts).collect();
        let identities = workspace.identities().await?;
        let connections = self.connections().await?;
        let policies = self.policies().await?;
        let reads = self.read_notices(&workspace).await?;
        let at = self.now();
        let by_print: std::collections::HashMap<_, _> =
            certificates.iter().map(|facts| (facts.fingerprint_sha256, facts)).collect();
        let by_name: std::collections::HashMap<_, _> =
            identities.iter().map(|identity| (&identity.name, &identity.facts)).collect();
        let known = Known {
            certificates: &|fingerprint| by_print.get(fingerprint).copied(),
            identities: &|name| by_name.get(name).copied(),
        };
        let report = compliance::check(&connections, &policies, &known, at, &ComplianceSettings::default());
        let facts = Facts { connections: &connections, known: &known, report: &report, servers: &reads.servers };
        Ok(reads.listed(&facts, at))
    }

    /// The servers whose certificates were seen.
    pub(super) async fn seen_servers(&self) -> Result<Vec<SeenServer>, AppError> {
        Ok(happened::servers(&self.observations().await?))
    }

    /// Reads what notices need besides the facts.
    pub(super) async fn read_notices(&self, workspace: &Workspace) -> Result<NoticeReads, AppError> {
        let observations = self.observations().await?;
        Ok(NoticeReads {
            servers: happened::servers(&observations),
            observations,
            first_sights: self.first_sights().await?,
            settings: self.notification_settings().await?,
            records: workspace.notice_records().await?,
            failure: workspace.mail_failure().await?,
        })
    }

    /// Notes that somebody has taken note of a notice: it is quiet until it becomes louder.
    ///
    /// # Errors
    /// Where there is no such notice now, or the workspace cannot be written.
    pub async fn acknowledge_notice(&self, key: &str) -> Result<(), AppError> {
        let notice = self.notice(key).await?.notice;
        self.settle_notice(key, Some(notice.acknowledged(self.now(), &who())), None).await
    }

    /// Puts a notice off until an instant; then it is told again.
    ///
    /// # Errors
    /// Where there is no such notice now, the instant has passed, or the workspace cannot be written.
    pub async fn snooze_notice(&self, key: &str, until: Timestamp) -> Result<(), AppError> {
        if until <= self.now() {
            return Err(AppError::new(format!("a notice cannot be put off until {until}, which has passed")));
        }
        self.notice(key).await?;
        self.settle_notice(key, None, Some((until, who()))).await
    }

    /// Takes back that a notice was acknowledged or put off.
    ///
    /// # Errors
    /// Where there is no such notice now, or the workspace cannot be written.
    pub async fn reopen_notice(&self, key: &str) -> Result<(), AppError> {
        self.notice(key).await?;
        self.settle_notice(key, None, None).await
    }

    async fn notice(&self, key: &str) -> Result<ListedNotice, AppError> {
        self.notices().await?.into_iter().find(|listed| listed.notice.key == key).ok_or_else(|| {
            let shown: String = key.chars().take(120).collect();
            AppError::new(format!("there is no notice `{shown}` now"))
                .hint("`countersign notice list --all` shows the notices")
        })
    }

    async fn settle_notice(
        &self,
        key: &str,
        acknowledged: Option<Acknowledgement>,
        snoozed: Option<(Timestamp, String)>,
    ) -> Result<(), AppError> {
        let mut transaction = self.workspace().await?.begin().await?;
        transaction.settle_notice(key, acknowledged, snoozed).await?;
        Ok(transaction.commit().await?)
    }
}

/// What notices need besides the facts.
pub(super) struct NoticeReads {
    /// How is reminded.
    pub(super) settings: NotificationSettings,
    /// What has been seen of certificates, servers and the time.
    pub(super) observations: Observations,
    /// Certificates that partners were seen to sign with before they were expected.
    pub(super) first_sights: Vec<Sighting>,
    /// The servers whose certificates were seen.
    pub(super) servers: Vec<SeenServer>,
    records: NoticeRecords,
    failure: Option<MailFailure>,
}

impl NoticeReads {
    /// All notices there are at an instant, with what became of each.
    pub(super) fn listed(&self, facts: &Facts<'_, '_>, at: Timestamp) -> Vec<ListedNotice> {
        self.gather(facts, at).into_iter().map(|notice| listed(notice, &self.records, at)).collect()
    }

    /// All notices there are at an instant.
    fn gather(&self, facts: &Facts<'_, '_>, at: Timestamp) -> Vec<Notice> {
        let reminding = Reminding { steps: self.settings.steps.clone(), quiet: self.settings.quiet.clone() };
        let mut notices = facts.due(&reminding, at);
        notices.extend(happened::happened(&self.observations, &self.first_sights, facts.connections, &reminding.quiet));
        if let Some(failure) = &self.failure {
            let number = failure.waiting;
            let waiting = if number == 1 { "1 reminder waits".to_owned() } else { format!("{number} reminders wait") };
            notices.push(Notice::event(NoticeKind::MailFailed, "smtp", Urgency::Urgent, failure.at).saying(
                "Reminders could not be sent by e-mail",
                format!("{waiting} and will be tried again; {}", failure.reason),
                "Look at the e-mail settings and send a test mail",
            ));
        }
        sort(&mut notices);
        notices
    }
}

fn listed(notice: Notice, records: &NoticeRecords, at: Timestamp) -> ListedNotice {
    ListedNotice {
        standing: notice.standing(records.settlements.get(&notice.key), at),
        told: records.tellings(&notice.key).to_vec(),
        notice,
    }
}

/// Who sits here, as the system knows them.
pub(super) fn who() -> String {
    super::arrivals::user().map_or_else(|| "somebody".to_owned(), |name| name.chars().take(64).collect())
}
