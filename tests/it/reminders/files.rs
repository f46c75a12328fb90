//! The calendar and the report as files: what is in them, however nasty the names, and that they are whole.

use countersign::app::ReportFormat;
use countersign::domain::certificate::Fingerprint;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::notice::standing::Way;
use countersign::store::{As2Pair, Workspace};
use serde_json::Value;

use super::{World, days_before};

/// The lines of a calendar, unfolded.
fn lines(file: &str) -> Vec<String> {
    file.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn the_calendar_holds_activations_and_ends_and_a_second_one_has_the_same_uids() {
    let world = World::new().await;
    let uids =
        |file: &str| -> Vec<String> { lines(file).into_iter().filter(|line| line.starts_with("UID:")).collect() };
    let first = world.at(days_before(30)).calendar().await.unwrap();
    let summary = |file: &str, at: &str| {
        let all = lines(file);
        let place = all.iter().position(|line| line == &format!("DTSTART:{at}")).unwrap_or_else(|| panic!("{file}"));
        all[place..].iter().find_map(|line| line.strip_prefix("SUMMARY:")).unwrap().to_owned()
    };
    // 28 Nov, nine in Berlin, and the end of what production still uses.
    assert!(summary(&first, "20261128T080000Z").ends_with("goes active for Amazon Vendor US test"), "{first}");
    let ends = "Partner certificate 09:14:10:BE… of Amazon Vendor US ends\\, no successor yet";
    assert_eq!(summary(&first, "20261214T235959Z"), ends);
    assert!(lines(&first).iter().any(|line| line == "TRIGGER:-P30D"));
    // What is to follow has an end of its own.
    let app = world.at(days_before(30));
    let connection = app.connection(&"amazon-us".parse().unwrap()).await.unwrap();
    let test = connection.profile(ProfileKind::Test).unwrap();
    let next = test.partner_certificates.iter().find(|entry| entry.from.is_some_and(|from| from > days_before(30)));
    let next = next.unwrap().fingerprint;
    let ends = format!("UID:certificate-ends-{}", next.to_hex());
    assert!(lines(&first).iter().any(|line| line.starts_with(&ends)), "{ends} in {first}");
    let second = world.at(days_before(29)).calendar().await.unwrap();
    assert_eq!(uids(&first), uids(&second));
    assert_ne!(first, second, "DTSTAMP says when it was written");
}

/// A workspace whose names try to be more than names, and whose addresses hold secrets that a policy speaks of.
async fn nasty() -> World {
    let world = World::new().await;
    let app = world.at(days_before(30));
    let rules: String = ["url", "mdn_url"]
        .iter()
        .map(|setting| {
            format!(
                "[[rules]]\nsetting = '{setting}'\nop = 'one-of'\nvalue = ['https://as2.example/new?key=hidden-too']\n\
                 applies_to = 'both'\nseverity = 'required'\nfrom = 2020-01-01\nsource = 'their letter'\nquote = 'q'\n\
                 checked = 2026-11-01\n"
            )
        })
        .collect();
    let policy = format!("id = 'addresses'\nname = 'Addresses'\nkind = 'own'\ninherits = 'as2-modern'\n{rules}");
    let file = world.folder.path().join("addresses.toml");
    std::fs::write(&file, policy).unwrap();
    app.import_policy(&file, false).await.unwrap();
    let file = world.folder.path().join("nasty.toml");
    let pem = super::fixtures().join("northwind.pem");
    let connection = format!(
        "id = 'nasty'\nname = '=cmd|'' /C calc''!A0<script>alert(1)</script>'\npolicy = 'addresses'\n[production]\n\
         our_as2_id = '@SUM(A1)'\npartner_as2_id = '<img src=x onerror=alert(2)>'\nurl = 'https://as2.example/in?token=hidden'\n\
         identity = 'acme-2026'\npartner_certificates = [\"{}\"]\nencryption = '3des-cbc'\nmdn = 'async-signed'\n\
         mdn_url = 'https://us.example/receipts?token=hidden'",
        pem.display()
    )
    .replace("''", "\\u0027")
    .replace("name = '", "name = \"")
    .replace("</script>'", "</script>\"");
    std::fs::write(&file, connection).unwrap();
    app.add_connection(&file, false).await.unwrap();
    world
}

#[tokio::test]
async fn the_report_says_the_same_in_every_form_and_names_are_only_names() {
    let world = nasty().await;
    let app = world.at(days_before(30));
    let report = app.report(None).await.unwrap();
    let html = report.write(ReportFormat::Html).unwrap();
    assert!(
        !html.contains("<script") && !html.contains("<img") && !html.contains("<link"),
        "it loads and runs nothing"
    );
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for format in [ReportFormat::Html, ReportFormat::Csv, ReportFormat::Json] {
        let text = report.write(format).unwrap();
        assert!(!text.contains("hidden"), "what may be secret in an address stays here: {format}");
        assert!(text.contains("this is https://as2.example/in?…"), "and it is told all the same: {format}");
    }
    for part in [
        "Inventory of certificates",
        "Inventory of algorithms and protocols",
        "09:14:10:BE",
        "Amazon Vendor US",
        "Last proven delivery",
        "Schedule",
        "class=\"badge bad\">\u{2715} 3DES",
        "<blockquote>",
        "<cite>https://",
        "As of 14 Nov 2026 23:59 UTC",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let csv = report.write(ReportFormat::Csv).unwrap();
    assert!(csv.starts_with("\u{feff}record,connection,profile,"));
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    let details: Vec<(&str, &str)> =
        rows.iter().filter(|row| &row[0] == "certificate").map(|row| (&row[3], &row[8])).collect();
    for (whose, detail) in details {
        assert_eq!(detail.contains("not confirmed"), whose == "partner", "{whose}: {detail}");
    }
    assert!(csv.contains(" rules, 1 connection\"") && !csv.contains("1 connections"), "{csv}");
    assert!(html.contains("<b>2</b>connections, 3 profiles") && !html.contains("<b>1</b>profiles"), "{html}");
    let records: std::collections::BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
    for record in
        ["algorithm", "certificate", "certificate use", "finding", "policy", "profile", "proof", "report", "schedule"]
    {
        assert!(records.contains(record), "{record} among {records:?}");
    }
    let json: Value = serde_json::from_str(&report.write(ReportFormat::Json).unwrap()).unwrap();
    assert_eq!(json["connections"].as_array().unwrap().len(), 2);
    assert_eq!(json["status"], "non-compliant");
    assert_eq!(json["summary"]["unproven"], 3);
    assert_eq!(json["certificates"].as_array().unwrap().len(), 4, "three of partners, one of ours");
    let profiles = json["algorithms"].as_array().unwrap().iter().filter(|entry| entry["setting"] == "encryption");
    assert_eq!(profiles.map(|entry| entry["profiles"].as_array().unwrap().len()).sum::<usize>(), 3);
}

#[tokio::test]
async fn only_a_signed_receipt_for_what_was_sent_proves_a_delivery_and_else_is_said_what_it_was() {
    use countersign::domain::transmission::{Direction, Light, Lights, Transmission, Verdict};
    let world = World::new().await;
    let app = world.at(days_before(30));
    let location = super::Location::Dir(world.workspace());
    let workspace = Workspace::open_existing(&location, &super::Unlock::none(), app.now()).await.unwrap().unwrap();
    let good = [Good; 5];
    let mut minute = 0_u64;
    let mut sent = async |lights: [Light; 5]| {
        minute += 1;
        let at = days_before(31).checked_add(jiff::SignedDuration::from_mins(minute.cast_signed())).unwrap();
        let stamp = uuid::Timestamp::from_unix(uuid::NoContext, at.as_second().cast_unsigned(), 0);
        let id = uuid::Uuid::new_v7(stamp);
        let [http, receipt, receipt_signature, disposition, mic] = lights;
        let transmission = Transmission {
            connection: Some("amazon-us".parse().unwrap()),
            profile: Some(ProfileKind::Production),
            verdict: Verdict::Delivered,
            lights: Lights { http, receipt, receipt_signature, disposition, mic },
            signed_with: (receipt_signature == Good).then_some(Fingerprint([7; 32])),
            ..Transmission::new(id, format!("<{minute}@acme>"), at, Direction::Outbound)
        };
        workspace.begin_transmission(&transmission, As2Pair::default()).await.unwrap();
        let report = app.report(None).await.unwrap();
        let production = report.connections[0].profiles[0].clone();
        let html = report.write(ReportFormat::Html).unwrap();
        let csv = report.write(ReportFormat::Csv).unwrap();
        (production, report.summary.unproven, html, csv)
    };
    use Light::{Good, NotAsked};
    let mut unsigned = good;
    unsigned[2] = NotAsked;
    for (lights, evidence, words) in [
        ([Good, NotAsked, NotAsked, NotAsked, NotAsked], "no-receipt", "no receipt"),
        (unsigned, "unsigned-receipt", "receipt not signed"),
        ([Good, Good, Good, Good, NotAsked], "receipt-without-mic", "signed for, without a mic"),
    ] {
        let (profile, unproven, html, csv) = sent(lights).await;
        assert!(profile.proven.is_none(), "{evidence}");
        assert_eq!((profile.delivered.unwrap().evidence.as_str(), unproven), (evidence, 2));
        assert!(html.contains("Never<br><small>Delivered ") && html.contains(words), "{words}");
        assert!(
            csv.lines().any(|line| line.starts_with("proof,amazon-us,production") && line.contains(evidence)),
            "{csv}"
        );
    }
    let (profile, unproven, html, csv) = sent(good).await;
    assert_eq!((profile.proven.as_ref().unwrap().message_id.as_str(), unproven), ("<4@acme>", 1));
    assert!(!html.contains("Never<br>"), "{html}");
    assert!(csv.lines().any(|line| line.starts_with("proof,amazon-us,production") && line.contains(",proven,")));
    // What came after it proves nothing, and takes nothing from it.
    let (profile, unproven, ..) = sent([Good, NotAsked, NotAsked, NotAsked, NotAsked]).await;
    assert_eq!((profile.proven.unwrap().message_id.as_str(), unproven), ("<4@acme>", 1));
    assert_eq!(profile.delivered.unwrap().message_id, "<5@acme>");
}

#[tokio::test]
async fn a_report_as_of_another_day_is_judged_then() {
    let world = World::new().await;
    let app = world.at(days_before(30));
    let report = app.report(Some(days_before(-1))).await.unwrap();
    let production = &report.connections[0].profiles[0];
    assert!(production.findings.iter().any(|finding| finding.actual == "Ended"), "{production:#?}");
    assert!(report.schedule.iter().all(|scheduled| scheduled.at > days_before(-1)));
    assert_eq!(report.made.at, days_before(30));
}

#[tokio::test]
async fn a_file_is_written_whole_or_left_as_it_was() {
    let world = World::new().await;
    let app = world.at(days_before(30));
    let file = world.folder.path().join("report.html");
    std::fs::write(&file, "before").unwrap();
    app.write_report(ReportFormat::Html, None, &file).await.unwrap();
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("</html>\n"));
    let absent = world.folder.path().join("absent/report.html");
    let error = app.write_report(ReportFormat::Html, None, &absent).await.unwrap_err();
    assert!(error.to_string().contains("cannot write") && error.to_string().contains("absent"), "{error}");
    let left: Vec<_> =
        std::fs::read_dir(world.folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".countersign-")), "{left:?}");
    // An empty workspace has a report too, and leaves nothing behind.
    let empty = tempfile::tempdir().unwrap();
    let app = super::App::new(
        super::Location::Dir(empty.path().join("none")),
        super::Unlock::none(),
        super::Clock::Fixed(days_before(0)),
    );
    let html = app.report(None).await.unwrap().write(ReportFormat::Html).unwrap();
    assert!(html.contains("There are no connections in this workspace"));
    assert!(app.calendar().await.unwrap().contains("BEGIN:VCALENDAR"));
    assert!(app.notices().await.unwrap().is_empty());
    assert_eq!(app.tell_notices(&[Way::Window]).await.unwrap(), countersign::app::Told::default());
    assert!(!empty.path().join("none").exists());
}
