//! Reminders by e-mail, against a mail server that is really talked to.

use countersign::app::{App, AppError};
use countersign::domain::notice::standing::Way;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::smtp::{MailServer, Manner};
use super::{World, days_before, end};

const USER: &[(&str, &str)] = &[("smtp_user", "edi")];

/// Sets mail up on an app, with what differs.
async fn set_up(app: &App, server: &MailServer, changes: &[(&str, &str)]) {
    let (port, host) = (server.address.port().to_string(), "localhost");
    let usual = [
        ("email", "true"),
        ("smtp_host", host),
        ("smtp_port", port.as_str()),
        ("smtp_tls", "none"),
        ("mail_from", "Countersign <edi@acme.example>"),
        ("mail_to", "jo@acme.example, ann@acme.example"),
    ];
    let mut settings = app.notification_settings().await.unwrap();
    for (key, value) in usual.iter().chain(changes) {
        settings = settings.with(key, value).unwrap();
    }
    let password = Zeroizing::new("secret".to_owned());
    app.set_notifications(&settings, Some(&password)).await.unwrap();
}

async fn round(app: &App) {
    app.tell_notices(&[Way::Mail]).await.unwrap();
    app.send_waiting_mail().await.unwrap();
}

fn later(minutes: i64) -> Timestamp {
    days_before(30).checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

#[tokio::test]
async fn one_mail_a_round_reaches_every_recipient_once() {
    let world = World::new().await;
    let server = MailServer::start(Manner::Takes);
    let app = world.at(days_before(30));
    set_up(&app, &server, USER).await;
    round(&app).await;
    round(&app).await;
    let came = server.came();
    let mut to: Vec<&str> = came.iter().flat_map(|mail| mail.to.iter().map(String::as_str)).collect();
    to.sort_unstable();
    assert_eq!(to, ["ann@acme.example", "jo@acme.example"]);
    let mail = &came[0];
    assert!(mail.as_user && mail.from == "edi@acme.example");
    let title = "No successor yet: the partner certificate of Amazon Vendor US ends in 30 days";
    assert_eq!(mail.field("Subject"), format!("Countersign: {title}"));
    assert_eq!(mail.field("Auto-Submitted"), "auto-generated");
    assert!(mail.field("Message-ID").ends_with("@acme.example>"), "{}", mail.data);
    assert!(mail.field("Date").starts_with("Sat, 14 Nov 2026 23:59:59"), "{}", mail.field("Date"));
    let text = mail.text();
    for part in [title, "What to do: Ask Amazon Vendor US for the renewed certificate", "notice certificate-ends:"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let told = app.notices().await.unwrap();
    assert!(super::ending(&told).told.iter().any(|told| told.way == Way::Mail && told.step == 30));
}

#[tokio::test]
async fn a_password_that_is_refused_is_told_and_nothing_is_lost() {
    let world = World::new().await;
    let server = MailServer::start(Manner::RefusesPassword);
    let app = world.at(days_before(30));
    set_up(&app, &server, &[USER[0], ("mail_to", "jo@acme.example")]).await;
    round(&app).await;
    let notices = app.notices().await.unwrap();
    let failed = notices.iter().find(|listed| listed.notice.key.starts_with("mail-failed:smtp:")).unwrap();
    assert!(failed.notice.text.contains("refused the login: 535"), "{}", failed.notice.text);
    assert!(!failed.notice.text.contains("secret"));
    assert!(server.came().is_empty());

    // Too early: it waits five minutes.
    server.behave(Manner::Takes);
    world.at(later(4)).send_waiting_mail().await.unwrap();
    assert!(server.came().is_empty());
    world.at(later(6)).send_waiting_mail().await.unwrap();
    assert_eq!(server.came().len(), 1);
    let notices = world.at(later(7)).notices().await.unwrap();
    assert!(notices.iter().all(|listed| !listed.notice.key.starts_with("mail-failed:")), "it has been mended");
    let by_mail = world.told(later(8), Way::Mail).await;
    assert!(by_mail.is_empty(), "that mail failed is not told by mail: {by_mail:?}");
}

#[tokio::test]
async fn one_recipient_that_is_refused_keeps_nobody_else_from_having_it() {
    let world = World::new().await;
    let server = MailServer::start(Manner::RefusesRecipient("jo@acme.example"));
    let app = world.at(days_before(30));
    set_up(&app, &server, &[]).await;
    round(&app).await;
    assert_eq!(server.came().iter().map(|mail| mail.to[0].clone()).collect::<Vec<_>>(), ["ann@acme.example"]);
    let error = app.send_test_mail().await.unwrap_err();
    let words = error.to_string();
    assert!(words.contains("the mail to jo@acme.example was not sent") && words.contains("550"), "{words}");
    // Whoever is taken from the list is not written to any more.
    let settings = app.notification_settings().await.unwrap().with("mail_to", "ann@acme.example").unwrap();
    app.set_notifications(&settings, None).await.unwrap();
    world.at(later(30)).send_waiting_mail().await.unwrap();
    assert!(
        world
            .at(later(31))
            .notices()
            .await
            .unwrap()
            .iter()
            .all(|listed| !listed.notice.key.starts_with("mail-failed:"))
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again_with_growing_pauses() {
    let world = World::new().await;
    let server = MailServer::start(Manner::Takes);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = nobody.local_addr().unwrap().port().to_string();
    drop(nobody);
    let app = world.at(days_before(30));
    set_up(&app, &server, &[("smtp_port", &dead), ("mail_to", "jo@acme.example")]).await;
    round(&app).await;
    let error = app.send_test_mail().await.unwrap_err();
    assert!(error.to_string().contains("no conversation with localhost"), "{error}");
    assert!(error.what_to_do().unwrap().contains("firewall"));
    for minutes in [6, 17] {
        world.at(later(minutes)).send_waiting_mail().await.unwrap();
    }
    // Setting it right has it tried at once.
    let app = world.at(later(18));
    let port = server.address.port().to_string();
    let settings = app.notification_settings().await.unwrap().with("smtp_port", &port).unwrap();
    app.set_notifications(&settings, None).await.unwrap();
    app.send_waiting_mail().await.unwrap();
    assert_eq!(server.came().len(), 1);
}

#[tokio::test]
async fn without_the_tls_that_is_wanted_nothing_is_said() {
    let world = World::new().await;
    let server = MailServer::start(Manner::Takes);
    let app = world.at(days_before(30));
    set_up(&app, &server, &[("smtp_tls", "starttls"), USER[0]]).await;
    let words = app.send_test_mail().await.unwrap_err().to_string();
    assert!(words.contains("STARTTLS") || words.contains("TLS"), "{words}");
    assert!(
        server.said().iter().all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")),
        "{:?}",
        server.said()
    );
}

/// Sends a test mail to a server that speaks TLS in this manner.
async fn test_mail(manner: Manner, tls: &str, trusted: bool) -> (Result<Vec<String>, AppError>, MailServer) {
    let world = World::new().await;
    let server = MailServer::start(manner);
    let app = world.at(end());
    let pem = world.folder.path().join("mail.pem");
    std::fs::write(&pem, &server.certificate).unwrap();
    let pem = pem.display().to_string();
    let trust = if trusted { pem.as_str() } else { "system" };
    set_up(&app, &server, &[("smtp_tls", tls), ("smtp_trust", trust), USER[0]]).await;
    (app.send_test_mail().await, server)
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_neither_password_nor_mail() {
    for (manner, tls) in [(Manner::Tls, "tls"), (Manner::StartTls, "starttls")] {
        let (sent, server) = test_mail(manner, tls, false).await;
        let error = sent.unwrap_err();
        assert!(error.to_string().contains("TLS with localhost"), "{error}");
        assert!(error.what_to_do().unwrap().contains("trusted by naming"));
        assert!(server.came().is_empty());
        assert!(server.said().iter().all(|line| !line.starts_with("AUTH")));
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_of_ones_own_is_trusted_by_its_file() {
    for (manner, tls) in [(Manner::Tls, "tls"), (Manner::StartTls, "starttls")] {
        let (sent, server) = test_mail(manner, tls, true).await;
        assert_eq!(sent.unwrap(), ["jo@acme.example", "ann@acme.example"]);
        assert!(server.came().iter().all(|mail| mail.over_tls && mail.as_user), "{:?}", server.came());
        assert_eq!(server.came()[0].field("Subject"), "Countersign: test mail");
    }
}
