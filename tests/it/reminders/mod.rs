//! Nobody forgets: what is told, once, in which way, by which program, and what becomes of it.

mod by_mail;
mod files;
mod smtp;
mod terminal;

use std::path::{Path, PathBuf};

use countersign::app::{App, Clock, ListedNotice, Location, Unlock};
use countersign::domain::notice::NoticeKind;
use countersign::domain::notice::standing::Way;
use jiff::{SignedDuration, Timestamp};

/// The end of the certificate that `amazon-us` uses: 14 Dec 2026, a second before midnight.
fn end() -> Timestamp {
    "2026-12-14T23:59:59Z".parse().unwrap()
}

fn days_before(days: i64) -> Timestamp {
    end().checked_sub(SignedDuration::from_hours(24 * days)).unwrap()
}

/// A workspace with one connection, whose production profile has a certificate that ends and nothing after it, and whose
/// test profile has a successor scheduled.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        let app = world.at(days_before(100));
        let name = "acme-2026".parse().unwrap();
        app.import_identity(&fixtures().join("acme-2026.pem"), Some(name), None).await.unwrap();
        app.add_connection(&fixtures().join("amazon-us.toml"), false).await.unwrap();
        app.close().await;
        world
    }

    fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// The program at an instant.
    fn at(&self, now: Timestamp) -> App {
        App::new(Location::Dir(self.workspace()), Unlock::none(), Clock::Fixed(now))
    }

    /// What is told at an instant in a way, by title.
    async fn told(&self, now: Timestamp, way: Way) -> Vec<String> {
        let app = self.at(now);
        let told = app.tell_notices(&[way]).await.unwrap();
        app.close().await;
        let notices = match way {
            Way::Window => told.window,
            Way::Desktop => told.desktop,
            Way::Log => told.log,
            Way::Mail => told.mail,
        };
        // That the successor of the test profile has gone active is another matter; see below.
        let ending = notices.into_iter().filter(|notice| notice.kind != NoticeKind::ActivationHappened);
        ending.map(|notice| notice.title).collect()
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/window")
}

/// The notice of the certificate that ends.
fn ending(notices: &[ListedNotice]) -> &ListedNotice {
    notices.iter().find(|listed| listed.notice.key.starts_with("certificate-ends:")).unwrap()
}

#[tokio::test]
async fn each_step_is_told_once_in_each_way_and_after_a_pause_only_the_latest() {
    let world = World::new().await;
    assert!(world.told(days_before(91), Way::Window).await.is_empty());
    let title = "No successor yet: the partner certificate of Amazon Vendor US ends in 60 days";
    assert_eq!(world.told(days_before(60), Way::Window).await, [title]);
    assert!(world.told(days_before(60), Way::Window).await.is_empty(), "told already");
    assert!(world.told(days_before(59), Way::Window).await.is_empty(), "the same step");
    assert_eq!(world.told(days_before(59), Way::Log).await.len(), 1, "in another way");
    // Nothing ran for the steps of 30, 14 and 7 days.
    let titles = world.told(days_before(2), Way::Window).await;
    assert_eq!(titles, ["No successor yet: the partner certificate of Amazon Vendor US ends in 2 days"]);
    let earlier = days_before(2).checked_sub(SignedDuration::from_mins(40)).unwrap();
    assert!(world.told(earlier, Way::Window).await.is_empty(), "the clock was put back a little");
    assert_eq!(world.told(days_before(-1), Way::Window).await.len(), 1, "it is over");
    assert!(world.told(days_before(-300), Way::Window).await.is_empty());
}

#[tokio::test]
async fn two_programs_at_once_do_not_tell_twice() {
    let world = World::new().await;
    let (one, other) = (world.at(days_before(30)), world.at(days_before(30)));
    let (first, second) = tokio::join!(one.tell_notices(&[Way::Window]), other.tell_notices(&[Way::Window]));
    let told = first.unwrap().window.len() + second.unwrap().window.len();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn what_is_acknowledged_or_put_off_is_quiet_as_long_as_it_should_be() {
    let world = World::new().await;
    let app = world.at(days_before(30));
    let key = ending(&app.notices().await.unwrap()).notice.key.clone();
    app.acknowledge_notice(&key).await.unwrap();
    assert!(!ending(&app.notices().await.unwrap()).standing.is_open());
    assert!(world.told(days_before(30), Way::Window).await.is_empty());
    assert!(world.told(days_before(15), Way::Window).await.is_empty());
    assert_eq!(world.told(days_before(14), Way::Window).await.len(), 1, "the next step is louder");

    let app = world.at(days_before(13));
    app.snooze_notice(&key, days_before(10)).await.unwrap();
    assert!(world.told(days_before(11), Way::Window).await.is_empty());
    assert_eq!(
        world.told(days_before(10), Way::Window).await.len(),
        1,
        "the same step again, now that the time has come"
    );
    let app = world.at(days_before(10));
    app.reopen_notice(&key).await.unwrap();
    assert!(ending(&app.notices().await.unwrap()).standing.is_open());

    let beyond = app.snooze_notice(&key, days_before(-1)).await.unwrap_err();
    assert!(beyond.to_string().contains("comes on 14 Dec 2026 23:59 UTC"), "{beyond}");
    app.snooze_notice(&key, end()).await.unwrap();
    let past = app.snooze_notice(&key, days_before(20)).await.unwrap_err();
    assert!(past.to_string().contains("which has passed"), "{past}");
    let unknown = app.acknowledge_notice("certificate-ends:00").await.unwrap_err();
    assert!(unknown.to_string().contains("there is no notice"), "{unknown}");
}

#[tokio::test]
async fn settings_decide_when_and_of_whom() {
    let world = World::new().await;
    let app = world.at(days_before(45));
    let settings = app.notification_settings().await.unwrap();
    app.set_notifications(&settings.clone().with("steps", "45").unwrap(), None).await.unwrap();
    assert_eq!(app.tell_notices(&[Way::Window]).await.unwrap().window.len(), 1);
    let unknown = app.set_notifications(&settings.clone().with("quiet", "amazon-uk").unwrap(), None).await.unwrap_err();
    assert!(unknown.to_string().contains("no connection `amazon-uk`"), "{unknown}");
    app.set_notifications(&settings.clone().with("quiet", "amazon-us").unwrap(), None).await.unwrap();
    assert!(app.notices().await.unwrap().is_empty());
    app.set_notifications(&settings.with("window", "false").unwrap(), None).await.unwrap();
    let app = world.at(days_before(3));
    assert!(app.tell_notices(&[Way::Window]).await.unwrap().window.is_empty());
    assert!(!app.notices().await.unwrap().is_empty(), "the list is always there");
}

#[tokio::test]
async fn a_scheduled_activation_that_has_come_about_is_told_once() {
    let world = World::new().await;
    let told = async |now| {
        let app = world.at(now);
        let told = app.tell_notices(&[Way::Window]).await.unwrap().window;
        app.close().await;
        told.into_iter().filter(|notice| notice.kind == NoticeKind::ActivationHappened).collect::<Vec<_>>()
    };
    // The test profile's successor: 28 Nov, nine in Berlin.
    let at: Timestamp = "2026-11-28T08:00:00Z".parse().unwrap();
    let later = |seconds| at.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    assert!(told(later(-1)).await.is_empty());
    let found = told(later(60)).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].title.contains("is in use now") && found[0].text.contains("28 Nov 2026, 08:00 UTC"), "{found:?}");
    assert!(told(later(120)).await.is_empty() && told(later(86_400)).await.is_empty(), "told once");
}

#[tokio::test]
async fn several_notices_are_acknowledged_together_or_not_at_all() {
    let world = World::new().await;
    let app = world.at(days_before(14));
    let keys: Vec<String> = app.notices().await.unwrap().into_iter().map(|listed| listed.notice.key).collect();
    assert!(keys.len() > 1, "{keys:?}");
    let with_unknown = [keys.clone(), vec!["certificate-ends:00".to_owned()]].concat();
    let refused = app.acknowledge_notices(&with_unknown).await.unwrap_err();
    assert!(refused.to_string().contains("there is no notice"), "{refused}");
    assert!(app.notices().await.unwrap().iter().all(|listed| listed.standing.is_open()), "nothing is half done");
    app.acknowledge_notices(&keys).await.unwrap();
    assert!(app.notices().await.unwrap().iter().all(|listed| !listed.standing.is_open()));
}
