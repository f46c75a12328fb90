//! Notices: gathered from everything that is known, with what became of each.
//!
//! [`App::notices`] is the one list that the window, the command line, e-mail and the calendar stand on. What was
//! seen or has happened joins what is due in `happened`.

mod activated;
mod daily;
mod desktop;
mod happened;
mod mail;
mod settings;
mod telling;

use jiff::Timestamp;
use serde::Serialize;

use super::upkeep::UpkeepTroubles;
use super::{App, AppError, Observations};
use crate::domain::certificate::CertificateFacts;
use crate::domain::compliance::{self, ComplianceSettings, Known};
use crate::domain::connection::Connection;
use crate::domain::instant;
use crate::domain::notice::standing::{Snooze, Standing, Telling};
use crate::domain::notice::{CameAbout, Facts, Notice, NoticeKind, Reminding, SeenServer, Urgency, sort};
use crate::domain::sighting::Sighting;
use crate::store::{MailFailure, NoticeRecords, Workspace};
pub(super) use activated::Planned;
use daily::DailyTroubles;
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
        let reads = self.read_notices(&workspace, &connections).await?;
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

    /// The servers whose certificates were seen and that are talked to still.
    pub(super) async fn seen_servers(&self) -> Result<Vec<SeenServer>, AppError> {
        Ok(happened::servers(&self.observations().await?, &self.connections().await?))
    }

    /// Reads what notices need besides the facts.
    pub(super) async fn read_notices(
        &self,
        workspace: &Workspace,
        connections: &[Connection],
    ) -> Result<NoticeReads, AppError> {
        let observations = self.observations().await?;
        Ok(NoticeReads {
            servers: happened::servers(&observations, connections),
            observations,
            first_sights: self.first_sights().await?,
            came_about: self.planned.came_about(workspace, connections, self.now()).await?,
            settings: self.notification_settings().await?,
            records: workspace.notice_records().await?,
            failure: workspace.mail_failure().await?,
            daily: DailyTroubles::read(workspace).await?,
            upkeep: UpkeepTroubles::read(workspace).await?,
        })
    }

    /// Notes that somebody has taken note of a notice: it is quiet until it becomes louder.
    ///
    /// # Errors
    /// Where there is no such notice now, or the workspace cannot be written.
    pub async fn acknowledge_notice(&self, key: &str) -> Result<(), AppError> {
        self.acknowledge_notices(&[key.to_owned()]).await
    }

    /// Notes the same of several, of all of them or of none.
    ///
    /// # Errors
    /// Where one of them is no notice now, or the workspace cannot be written.
    pub async fn acknowledge_notices(&self, keys: &[String]) -> Result<(), AppError> {
        let (listed, now, who) = (self.notices().await?, self.now(), who());
        let mut transaction = self.workspace().await?.begin().await?;
        for key in keys {
            let notice = listed.iter().map(|listed| &listed.notice).find(|notice| notice.key == *key);
            let notice = notice.ok_or_else(|| no_notice(key))?;
            transaction.settle_notice(key, Some(notice.acknowledged(now, &who)), None).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Puts a notice off until an instant; then it is told again.
    ///
    /// # Errors
    /// Where there is no such notice now, the instant has passed or lies after the one that the notice is about, or the
    /// workspace cannot be written.
    pub async fn snooze_notice(&self, key: &str, until: Timestamp) -> Result<(), AppError> {
        let (now, by) = (self.now(), who());
        if until <= now {
            let until = instant::in_words(until);
            return Err(AppError::new(format!("a notice cannot be put off until {until}, which has passed")));
        }
        let notice = self.notice(key).await?.notice;
        if let Some(latest) = notice.latest_snooze(now).filter(|latest| until > *latest) {
            let (until, latest) = (instant::in_words(until), instant::in_words(latest));
            return Err(AppError::new(format!(
                "a notice cannot be put off until {until}: what it is about comes on {latest}, and it would stay silent then"
            ))
            .hint(format!("put it off until {latest} at the latest, or acknowledge it")));
        }
        let seen = Some(notice.acknowledged(now, &by));
        self.settle_notice(key, Some(Snooze { until, by, seen })).await
    }

    /// Takes back that a notice was acknowledged or put off.
    ///
    /// # Errors
    /// Where there is no such notice now, or the workspace cannot be written.
    pub async fn reopen_notice(&self, key: &str) -> Result<(), AppError> {
        self.notice(key).await?;
        self.settle_notice(key, None).await
    }

    async fn notice(&self, key: &str) -> Result<ListedNotice, AppError> {
        self.notices().await?.into_iter().find(|listed| listed.notice.key == key).ok_or_else(|| no_notice(key))
    }

    async fn settle_notice(&self, key: &str, snoozed: Option<Snooze>) -> Result<(), AppError> {
        let mut transaction = self.workspace().await?.begin().await?;
        transaction.settle_notice(key, None, snoozed).await?;
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
    /// Activations that have come about as they were planned.
    came_about: Vec<CameAbout>,
    records: NoticeRecords,
    failure: Option<MailFailure>,
    /// What is wrong with outboxes and commands.
    daily: DailyTroubles,
    /// What is wrong with the workspace on disk.
    upkeep: UpkeepTroubles,
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
        notices.extend(facts.told_of(&self.came_about, &reminding.quiet));
        notices.extend(self.upkeep.notices());
        notices.extend(self.daily.notices(facts.connections, &reminding.quiet));
        if let Some(failure) = &self.failure {
            let number = failure.waiting;
            let waiting = if number == 1 { "1 reminder waits".to_owned() } else { format!("{number} reminders wait") };
            // Once it has ended, the next time is another matter.
            let key = format!("smtp:{}", failure.since.as_second());
            notices.push(Notice::event(NoticeKind::MailFailed, &key, Urgency::Urgent, failure.at).saying(
                "Reminders could not be sent by e-mail",
                format!("{waiting} and will be tried again; {}", failure.reason),
                "Look at the e-mail settings and send a test mail",
            ));
        }
        sort(&mut notices);
        notices
    }
}

fn no_notice(key: &str) -> AppError {
    let shown: String = key.chars().take(120).collect();
    AppError::new(format!("there is no notice `{shown}` now")).hint("`countersign notice list --all` shows the notices")
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

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::app::Clock;
    use crate::domain::identifier::ProfileKind;
    use crate::domain::own_clock::ClockSample;
    use crate::domain::timeline::{CertificatePurpose, CertificateUse};
    use crate::store::fixtures::connection;
    use crate::store::{Location, Unlock, WaitingMail};

    struct House(tempfile::TempDir);

    impl House {
        fn at(&self, second: i64) -> App {
            let now = Timestamp::from_second(1_800_000_000 + second).unwrap();
            App::new(Location::Dir(self.0.path().join("w")), Unlock::none(), Clock::Fixed(now))
        }

        /// Whether there is a notice of this kind, and whether it is open.
        async fn stands(&self, second: i64, kind: NoticeKind) -> Option<bool> {
            let app = self.at(second);
            let found = app.notices().await.unwrap();
            app.close().await;
            let mut found = found.iter().filter(|listed| listed.notice.kind == kind);
            let first = found.next().map(|listed| listed.standing.is_open());
            assert!(found.next().is_none(), "one at a time");
            first
        }

        async fn acknowledge(&self, second: i64, kind: NoticeKind) {
            let app = self.at(second);
            let found = app.notices().await.unwrap();
            let listed = found.iter().find(|listed| listed.notice.kind == kind).unwrap();
            app.acknowledge_notice(&listed.notice.key).await.unwrap();
            app.close().await;
        }

        async fn server_says(&self, second: i64, ahead_seconds: i64) {
            let app = self.at(second);
            let mut transaction = app.workspace().await.unwrap().begin().await.unwrap();
            let sample = ClockSample { server: "a:443".to_owned(), at: app.now(), ahead_seconds };
            transaction.put_clock_sample(&sample).await.unwrap();
            transaction.commit().await.unwrap();
            app.close().await;
        }
    }

    fn house() -> House {
        House(tempfile::tempdir().unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_clock_that_is_off_again_is_told_again_and_one_that_still_is_stays_quiet() {
        let (house, kind) = (house(), NoticeKind::ClockOff);
        house.server_says(0, 900).await;
        assert_eq!(house.stands(1, kind).await, Some(true));
        house.acknowledge(1, kind).await;
        house.server_says(4000, 1200).await;
        assert_eq!(house.stands(4001, kind).await, Some(false), "the same trouble");
        house.server_says(8000, 2).await;
        assert_eq!(house.stands(8001, kind).await, None);
        house.server_says(12_000, 900).await;
        assert_eq!(house.stands(12_001, kind).await, Some(true), "a new one");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mail_that_fails_again_is_told_again_and_mail_that_still_fails_stays_quiet() {
        let (house, kind) = (house(), NoticeKind::MailFailed);
        let mail = async |second: i64, fails: bool| {
            let app = house.at(second);
            let workspace = app.workspace().await.unwrap();
            let id = crate::app::send::new_id(app.now());
            let mail = WaitingMail {
                id,
                made: app.now(),
                recipient: "ops@acme.example".to_owned(),
                subject: String::new(),
                body: String::new(),
                attempts: 0,
            };
            let mut transaction = workspace.begin().await.unwrap();
            transaction.put_mail(&mail).await.unwrap();
            transaction.commit().await.unwrap();
            if fails {
                workspace.mail_failed(id, "refused", app.now(), app.now()).await.unwrap();
            }
            app.close().await;
            id
        };
        let sent = async |second, id| {
            let app = house.at(second);
            app.workspace().await.unwrap().mail_sent(id, app.now()).await.unwrap();
            app.close().await;
        };
        let first = mail(0, true).await;
        assert_eq!(house.stands(1, kind).await, Some(true));
        house.acknowledge(1, kind).await;
        // The first goes at last, and another fails before it: the trouble has not ended.
        let second = mail(100, true).await;
        sent(101, first).await;
        assert_eq!(house.stands(102, kind).await, Some(false));
        sent(200, second).await;
        assert_eq!(house.stands(201, kind).await, None);
        mail(300, true).await;
        assert_eq!(house.stands(301, kind).await, Some(true), "it has ended in between");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_activation_is_told_as_happened_or_as_missed_and_never_as_both() {
        let hour = 3600;
        for is_missed in [false, true] {
            let house = house();
            let app = house.at(0);
            let mut acme = connection("acme", "Acme");
            let entry = |number: u8, from: Option<Timestamp>| CertificateUse {
                fingerprint: crate::domain::certificate::Fingerprint([number; 32]),
                purposes: vec![CertificatePurpose::Encrypt],
                from,
                until: None,
                zone: None,
            };
            let at = app.now() + SignedDuration::from_secs(hour);
            let profile = acme.profile_mut(ProfileKind::Production).unwrap();
            profile.partner_certificates = vec![entry(1, None), entry(2, Some(at))];
            app.workspace().await.unwrap().save_connection(&acme, app.now()).await.unwrap();
            app.note_running().await;
            app.close().await;
            if !is_missed {
                for second in (0..hour + 120).step_by(60) {
                    house.at(second).note_running().await;
                }
            }
            let app = house.at(hour + 180);
            app.note_running().await;
            let kinds = async |app: &App| {
                let told = app.tell_notices(&[crate::domain::notice::standing::Way::Log]).await.unwrap().log;
                told.into_iter()
                    .map(|notice| notice.kind)
                    .filter(|kind| matches!(kind, NoticeKind::ActivationHappened | NoticeKind::ActivationMissed))
                    .collect::<Vec<_>>()
            };
            let expected = if is_missed { NoticeKind::ActivationMissed } else { NoticeKind::ActivationHappened };
            assert_eq!(kinds(&app).await, [expected]);
            // Also once the missed one was read, it is not told in the other way.
            app.know_missed_activations().await.unwrap();
            assert_eq!(kinds(&app).await, []);
            let open: Vec<NoticeKind> = app.notices().await.unwrap().iter().map(|each| each.notice.kind).collect();
            assert_eq!(open.contains(&NoticeKind::ActivationHappened), !is_missed);
            app.close().await;
        }
    }
}
