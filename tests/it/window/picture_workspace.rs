//! The workspace that the pictures show: always the same connections, certificates, messages and instant.

use std::path::{Path, PathBuf};

use countersign::app::{App, Clock, Location, Unlock};
use countersign::domain::diagnosis::{Action, Blame, Diagnosis};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::{
    Attempt, Direction, Light, Lights, MicComparison, Sizes, Stage, StageName, StageStatus, Transmission, Verdict,
};
use countersign::store::{As2Pair, Workspace};
use jiff::Timestamp;
use uuid::Uuid;

/// The instant at which the pictures are taken: 23 Nov 2026, 22:30 UTC.
pub(super) fn now() -> Timestamp {
    "2026-11-23T22:30:00Z".parse().unwrap()
}

/// Where the certificates and connection files lie.
pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/window")
}

/// A message of the journal, told in a line.
struct Told {
    at: &'static str,
    connection: &'static str,
    profile: ProfileKind,
    direction: Direction,
    file: &'static str,
    verdict: Verdict,
    cause: &'static str,
}

const PRODUCTION: ProfileKind = ProfileKind::Production;
const OUT: Direction = Direction::Outbound;

/// Newest last, as they happened.
const JOURNAL: [Told; 8] = [
    told(
        "2026-11-21T17:01:00Z",
        "amazon-de",
        PRODUCTION,
        OUT,
        "856_9931.edi",
        Verdict::Uncertain,
        "No answer in time, the message may have arrived",
    ),
    told("2026-11-22T18:33:00Z", "amazon-de", PRODUCTION, OUT, "855_553.edi", Verdict::Delivered, "Delivered"),
    told(
        "2026-11-22T22:10:00Z",
        "harbor",
        PRODUCTION,
        OUT,
        "810_20933.edi",
        Verdict::Pending,
        "Waiting for the receipt",
    ),
    told(
        "2026-11-23T09:41:00Z",
        "harbor",
        PRODUCTION,
        Direction::Inbound,
        "850_77120.edi",
        Verdict::Received,
        "Received",
    ),
    told("2026-11-23T11:20:00Z", "northwind", PRODUCTION, OUT, "856_118820.edi", Verdict::Failed, "MIC mismatch"),
    told(
        "2026-11-23T13:58:00Z",
        "amazon-us",
        ProfileKind::Test,
        OUT,
        "997_000411.edi",
        Verdict::Delivered,
        "Delivered",
    ),
    told(
        "2026-11-23T14:02:11Z",
        "amazon-us",
        PRODUCTION,
        OUT,
        "997_000412.edi",
        Verdict::Failed,
        "The partner could not decrypt it",
    ),
    told(
        "2026-11-23T22:28:00Z",
        "amazon-us",
        ProfileKind::Test,
        OUT,
        "997_000413.edi",
        Verdict::Delivered,
        "Delivered",
    ),
];

const fn told(
    at: &'static str,
    connection: &'static str,
    profile: ProfileKind,
    direction: Direction,
    file: &'static str,
    verdict: Verdict,
    cause: &'static str,
) -> Told {
    Told { at, connection, profile, direction, file, verdict, cause }
}

/// Makes the workspace in a folder.
pub(super) fn make(folder: &Path) -> App {
    let app = App::new(Location::Dir(folder.to_owned()), Unlock::none(), Clock::Fixed(now()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let name = "acme-2026".parse().unwrap();
        app.import_identity(&fixtures().join("acme-2026.pem"), Some(name), None).await.unwrap();
        for connection in ["amazon-us", "amazon-de", "northwind", "harbor"] {
            app.add_connection(&fixtures().join(format!("{connection}.toml")), false).await.unwrap();
        }
        let location = Location::Dir(folder.to_owned());
        let workspace = Workspace::open_existing(&location, &Unlock::none(), now()).await.unwrap().unwrap();
        for told in &JOURNAL {
            let transmission = transmission(told);
            workspace.begin_transmission(&transmission, As2Pair { ours: None, partner: None }).await.unwrap();
            workspace.update_transmission(&transmission).await.unwrap();
        }
        workspace.close().await;
    });
    app
}

/// A month of messages before those: more on working days, some of which failed, waited or were given up.
pub(super) fn month() -> Vec<Transmission> {
    const CAUSES: [&str; 4] = [
        "The partner could not decrypt it",
        "MIC mismatch",
        "The server refused the connection",
        "The partner does not know the sender",
    ];
    let mut found = Vec::new();
    for day in 0..28_i64 {
        let weekend = matches!(day % 7, 5 | 6);
        let many = if weekend { 9 + day % 4 } else { 34 + day * 37 % 23 };
        for number in 0..many {
            // From Monday 26 October on.
            let second = 1_792_972_800 + day * 86_400 + 20_000 + number * 900;
            let at = Timestamp::from_second(second).unwrap();
            let mixed = (day * 61 + number) * 7919 % 1009;
            let connection =
                ["amazon-us", "amazon-us", "amazon-de", "northwind", "harbor"][usize::try_from(mixed % 5).unwrap()];
            let (verdict, cause) = match mixed % 53 {
                0 | 1 => (Verdict::Failed, CAUSES[usize::try_from(mixed / 53 * mixed % 4).unwrap()]),
                2 if day % 3 == 0 => (Verdict::Uncertain, "No answer in time, the message may have arrived"),
                3 if day % 9 == 0 => (Verdict::Cancelled, "Cancelled"),
                _ => (Verdict::Delivered, "Delivered"),
            };
            let stamp = u128::try_from(at.as_millisecond()).unwrap();
            let id = Uuid::from_u128((stamp << 80) | 0x7000_8000_0000_0000_0999);
            let mut sent = Transmission::new(id, format!("<{}@ACMEVC>", id.hyphenated()), at, OUT);
            sent.connection = Some(connection.parse().unwrap());
            sent.profile = Some(PRODUCTION);
            sent.file = Some(format!("850_{:06}.edi", day * 100 + number));
            (sent.verdict, sent.bytes) = (verdict, Sizes { payload: 1_218, sent: 4_603 });
            sent.diagnosis = Some(Diagnosis { cause: cause.to_owned(), ..Diagnosis::default() });
            if verdict == Verdict::Delivered {
                sent.lights.receipt = Light::Good;
                let took = 180 + mixed * 3 + if mixed % 17 == 0 { 2_400 } else { 0 };
                let arrived = at.checked_add(jiff::SignedDuration::from_millis(took)).unwrap();
                let stage = |stage, started| {
                    let detail = String::new();
                    Stage { stage, status: StageStatus::Good, started, ms: 0, detail }
                };
                sent.stages = vec![stage(StageName::Sent, at), stage(StageName::Receipt, arrived)];
            }
            found.push(sent);
        }
    }
    found
}

fn transmission(told: &Told) -> Transmission {
    let at: Timestamp = told.at.parse().unwrap();
    // Sorts by time, as real ones do.
    let id = Uuid::from_u128((u128::try_from(at.as_millisecond()).unwrap() << 80) | 0x7000_8000_0000_0000_0412);
    let mut transmission = Transmission::new(id, format!("<{}@ACMEVC>", id.hyphenated()), at, told.direction);
    transmission.connection = Some(told.connection.parse().unwrap());
    transmission.profile = Some(told.profile);
    transmission.file = Some(told.file.to_owned());
    transmission.verdict = told.verdict;
    transmission.bytes = Sizes { payload: 1_218, sent: 4_603 };
    transmission.payload_sha256 = Some("3f".repeat(32));
    transmission.diagnosis = Some(Diagnosis { cause: told.cause.to_owned(), ..Diagnosis::default() });
    if told.direction == Direction::Outbound {
        outbound(&mut transmission, told);
    }
    transmission
}

fn outbound(transmission: &mut Transmission, told: &Told) {
    let at = transmission.at;
    let arrived = at.checked_add(jiff::SignedDuration::from_millis(412)).unwrap();
    let good = told.verdict == Verdict::Delivered;
    let light = if good { Light::Good } else { Light::Missing };
    let answered = !matches!(told.verdict, Verdict::Uncertain);
    transmission.http_status = answered.then_some(200);
    transmission.lights = Lights {
        http: if answered { Light::Good } else { Light::Missing },
        receipt: light,
        receipt_signature: light,
        disposition: if told.verdict == Verdict::Failed { Light::Bad } else { light },
        mic: light,
    };
    let stage = |stage, ms, detail: &str| Stage {
        stage,
        status: StageStatus::Good,
        started: at,
        ms,
        detail: detail.to_owned(),
    };
    transmission.stages = vec![
        stage(StageName::Certificates, 1, "encrypt for amazonedi 4F:A2…, sign with acme-2026"),
        stage(StageName::Built, 3, "1.2 KB → 4.6 KB, SHA-1 signed, 3DES encrypted"),
        stage(StageName::Connected, 52, "TLS 1.2, certificate of as2.marketplace.example valid until Mar 2027"),
        stage(StageName::Sent, 88, "4.6 KB"),
        stage(StageName::Answered, 104, "HTTP 200 OK"),
    ];
    if told.verdict == Verdict::Failed {
        transmission.disposition =
            Some("automatic-action/MDN-sent-automatically; processed/error: decryption-failed".to_owned());
        transmission.lights.receipt = Light::Good;
        transmission.lights.receipt_signature = Light::Good;
        transmission.stages.push(Stage {
            status: StageStatus::Bad,
            started: arrived,
            ..stage(StageName::Receipt, 0, "processed/error: decryption-failed; signed by B8:07:6E:93")
        });
        transmission.diagnosis = Some(Diagnosis {
            cause: told.cause.to_owned(),
            explanation: "It was encrypted for a certificate that the partner no longer uses. The renewed one is \
                          scheduled for 28 November"
                .to_owned(),
            remedy: vec!["Activate the new certificate now, then send again".to_owned()],
            evidence: vec!["The receipt says processed/error: decryption-failed".to_owned()],
            blame: Blame::Ours,
            action: Some(Action::ImportCertificate { fingerprint: None }),
            ..Diagnosis::default()
        });
    } else if good {
        transmission.disposition = Some("automatic-action/MDN-sent-automatically; processed".to_owned());
        transmission.mic = MicComparison {
            algorithm: Some("sha256".to_owned()),
            ours: Some("3q2+7wMcQ5Yh0m4b".to_owned()),
            theirs: Some("3q2+7wMcQ5Yh0m4b".to_owned()),
            matches: Some(true),
        };
        let read = stage(StageName::Receipt, 112, "processed; signed by B8:07:6E:93");
        transmission.stages.push(Stage { started: arrived, ..read });
        transmission.stages.push(stage(StageName::Matched, 0, "MIC 3q2+7wMcQ5Yh0m4b (sha256) is what was sent"));
    }
    transmission.attempts = vec![Attempt {
        number: 1,
        started: at,
        verdict: told.verdict,
        http_status: transmission.http_status,
        detail: told.cause.to_owned(),
    }];
}
