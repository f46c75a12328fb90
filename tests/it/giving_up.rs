//! A send that is given up while its message is built ends at once and leaves nothing behind.

use std::path::Path;
use std::time::{Duration, Instant};

use countersign::app::{App, Clock, KeyKind, Location, NewIdentity, Payload, SendEvent, SendRequest, Unlock};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::{StageName, StageStatus, Verdict};

const PARTNER: &str = include_str!("../fixtures/certificates/retailer_sha256_2022_2027.pem");

async fn furnished(folder: &Path) -> App {
    let app = App::new(Location::Dir(folder.join("workspace")), Unlock::none(), Clock::System);
    let name = "acme".parse().unwrap();
    app.create_identity(NewIdentity { name, key: KeyKind::Rsa2048, days: 700, subject: None }).await.unwrap();
    std::fs::write(folder.join("partner.pem"), PARTNER).unwrap();
    let file = folder.join("connection.toml");
    let connection = "id = \"part\"\nname = \"Part\"\n[production]\nour_as2_id = \"ACME\"\npartner_as2_id = \"PART\"\n\
                      url = \"http://127.0.0.1:9/as2\"\nidentity = \"acme\"\npartner_certificates = [\"partner.pem\"]\n";
    std::fs::write(&file, connection).unwrap();
    app.add_connection(&file, false).await.unwrap();
    app
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_message_given_up_while_it_is_built_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let app = furnished(folder.path()).await;
    let payload = folder.path().join("order.edi");
    std::fs::File::create(&payload).unwrap().set_len(96 * 1024 * 1024).unwrap();
    let request = SendRequest {
        connection: "part".parse().unwrap(),
        profile: ProfileKind::Production,
        payload: Payload::File(payload),
    };
    let building = tokio::sync::Notify::new();
    let events = |event: SendEvent| {
        if let SendEvent::Stage(stage) = event
            && (stage.stage, stage.status) == (StageName::Built, StageStatus::Running)
        {
            building.notify_one();
        }
    };
    let sent = app.send_unless(&request, &events, building.notified()).await.unwrap();
    assert_eq!(sent.verdict, Verdict::Cancelled);
    let month = folder.path().join("workspace/archive").join(&names(&folder.path().join("workspace/archive"))[0]);
    let kept = month.join(sent.id.to_string());
    let begun = Instant::now();
    while names(&kept).iter().any(|name| name.ends_with(".partial")) {
        assert!(begun.elapsed() < crate::exchange::PATIENCE, "{:?}", names(&kept));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(names(&kept).is_empty(), "{:?}", names(&kept));
    app.close().await;
}
