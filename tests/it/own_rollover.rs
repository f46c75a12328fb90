//! Changing our own identity: what is signed with before and after the agreed instant, what decrypts, and what is known of
//! the partner meanwhile.

use std::path::Path;

use countersign::app::{
    App, Clock, KeyKind, NewIdentity, OwnChange, OwnStep, Payload, SendRequest, SheetFormat, SheetRequest,
};
use countersign::certificate::{Certificate, read};
use countersign::domain::compliance::Status;
use countersign::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use countersign::domain::own_rollover::OwnStage;
use countersign::domain::timeline::Activation;
use countersign::domain::transmission::Verdict;
use jiff::{SignedDuration, Timestamp};

use crate::exchange::{PARTNER, Partner, Received, Serving, Wrong, app_on, post};

const PRODUCTION: ProfileKind = ProfileKind::Production;

fn name(text: &str) -> IdentityName {
    text.parse().unwrap()
}

fn partner_id() -> ConnectionId {
    "partner".parse().unwrap()
}

/// A workspace with two identities, the partner's connection signing with the old one.
struct House {
    folder: tempfile::TempDir,
    begin: Timestamp,
    old: Certificate,
    new: Certificate,
}

impl House {
    async fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let begin = Clock::System.now();
        let app = app_on(&folder.path().join("workspace"), Clock::Fixed(begin));
        let mut certificates = Vec::new();
        for each in ["old", "new"] {
            let new = NewIdentity { name: name(each), key: KeyKind::Rsa2048, days: 300, subject: None };
            app.create_identity(new).await.unwrap();
            let pem = app.export_identity(&name(each)).await.unwrap();
            certificates.push(read(pem.as_bytes(), None).unwrap().certificates.remove(0));
        }
        let [old, new] = <[Certificate; 2]>::try_from(certificates).unwrap();
        std::fs::write(folder.path().join("partner.pem"), PARTNER.certificate.to_pem()).unwrap();
        let file = folder.path().join("partner.toml");
        let text = format!(
            "id = \"partner\"\nname = \"Partner <&>\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"PARTNER\"\n\
             url = \"{url}\"\nidentity = \"old\"\npartner_certificates = [\"partner.pem\"]\n"
        );
        std::fs::write(&file, text).unwrap();
        app.add_connection(&file, false).await.unwrap();
        app.close().await;
        Self { folder, begin, old, new }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn day(&self, days: i64) -> Timestamp {
        self.begin.saturating_add(SignedDuration::from_hours(24 * days)).unwrap()
    }

    /// The program on a day.
    fn on(&self, days: i64) -> App {
        app_on(&self.path().join("workspace"), Clock::Fixed(self.day(days)))
    }

    fn change(&self, days: i64) -> OwnChange {
        let zone = Some("America/Chicago".to_owned());
        OwnChange {
            from: Some(name("old")),
            to: name("new"),
            activation: Activation::At { at: self.day(days), zone },
            profiles: Vec::new(),
        }
    }

    async fn signs_with(&self, days: i64) -> String {
        let app = self.on(days);
        let connection = app.connection(&partner_id()).await.unwrap();
        let signs = connection.profile(PRODUCTION).unwrap().identity.at(app.now()).to_string();
        app.close().await;
        signs
    }

    async fn stage(&self, days: i64) -> OwnStage {
        let app = self.on(days);
        let progress = app.own_progress(&name("new")).await.unwrap();
        app.close().await;
        progress[0].stage
    }
}

async fn send(app: &App, folder: &Path) -> Verdict {
    let file = folder.join("order.edi");
    std::fs::write(&file, "ISA*00*~").unwrap();
    let request = SendRequest { connection: partner_id(), profile: PRODUCTION, payload: Payload::File(file) };
    app.send(&request, &|_event| {}).await.unwrap().verdict
}

/// A partner that knows a certificate of ours.
fn knowing(us: &Certificate) -> Partner {
    let us = us.clone();
    Partner::start(move |received, stream| {
        let receipt = received.receipt(&us, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    })
}

#[tokio::test]
async fn an_identity_that_ends_before_long_is_warned_of_and_told_before_it_signs() {
    use countersign::domain::certificate::CertificateWarning::{EndsEarlier, EndsSoon};
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    let late = app.change_own(&house.change(270)).await.unwrap();
    assert_eq!(late.warnings, [EndsSoon], "it signs for 30 days");
    let soon = NewIdentity { name: name("soon"), key: KeyKind::Rsa2048, days: 20, subject: None };
    app.create_identity(soon).await.unwrap();
    app.step_own(&[(partner_id(), PRODUCTION)], OwnStep::Cancel).await.unwrap();
    let changed = app.change_own(&OwnChange { to: name("soon"), ..house.change(10) }).await.unwrap();
    assert_eq!(changed.warnings, [EndsEarlier, EndsSoon]);

    let report = app.check(&[], house.day(0)).await.unwrap();
    let mut findings = report.connections[0].profiles[0].findings.iter();
    let finding =
        findings.find(|finding| finding.setting == "identity_certificate" && finding.bites.is_some()).unwrap();
    assert_eq!(finding.status, Status::Due);
    assert!(finding.bites.unwrap() <= house.day(20), "{finding:?}");
    let told = app.notices().await.unwrap();
    let told = told.iter().find(|listed| listed.notice.about.identity == Some(name("soon"))).unwrap();
    assert!(told.notice.insistent && told.notice.title.starts_with("No successor yet: our certificate soon"));
    let calendar = app.calendar().await.unwrap();
    assert!(calendar.contains("SUMMARY:Our certificate soon ends"), "{calendar}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_flips_at_the_agreed_instant_and_both_certificates_decrypt_all_along() {
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    let changed = app.change_own(&house.change(10)).await.unwrap();
    assert_eq!((changed.profiles.len(), changed.profiles[0].activates), (1, house.day(10)));
    assert!(changed.warnings.is_empty());
    app.close().await;

    for (days, signer, other) in [(9, &house.old, &house.new), (11, &house.new, &house.old)] {
        let partner = knowing(signer);
        let app = house.on(days);
        app.set(&partner_id(), Some(PRODUCTION), &[("url".to_owned(), partner.url.clone())], None).await.unwrap();
        assert_eq!(send(&app, house.path()).await, Verdict::Delivered);
        let received = partner.received().remove(0);
        assert!(signed_with(&received, signer) && !signed_with(&received, other));
        let serving = Serving::start(app.clone(), house.path().join("inbox"), None).await;
        for (index, recipient) in [signer, other].into_iter().enumerate() {
            let id = format!("<{days}-{index}@partner>");
            let (headers, body) = Partner::message(
                recipient,
                &id,
                b"order",
                &[
                    ("Disposition-Notification-To", "edi@partner.example"),
                    (
                        "Disposition-Notification-Options",
                        "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256",
                    ),
                ],
            );
            let answer = post(&serving.url, &headers, &body);
            assert_eq!(answer.status, 200);
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(text.contains("processed") && !text.contains("error"), "{text}");
            assert!(verified(&answer, signer), "the receipt is signed with what the partner knows at that instant");
            assert!(!verified(&answer, other));
        }
        serving.stop().await;
        app.close().await;
    }
}

/// Whether a message of ours is signed with the key of a certificate.
fn signed_with(received: &Received, signer: &Certificate) -> bool {
    use countersign::as2::{DecryptionKey, OpeningKeys, SignatureOutcome, open};
    let decryption = [DecryptionKey { certificate: &PARTNER.certificate, key: &PARTNER.key }];
    let keys = OpeningKeys { decryption: &decryption, accepted: &[signer] };
    let mut out = Vec::new();
    let opened = open(&received.headers, &mut std::io::Cursor::new(&received.body), keys, &[], &mut out).unwrap();
    matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. })
}

/// Whether a receipt is signed with the key of a certificate.
fn verified(answer: &crate::exchange::Answered, signer: &Certificate) -> bool {
    use countersign::as2::{OpeningKeys, SignatureOutcome, open};
    let keys = OpeningKeys { decryption: &[], accepted: &[signer] };
    let mut out = Vec::new();
    let opened = open(&answer.headers, &mut std::io::Cursor::new(&answer.body), keys, &[], &mut out).unwrap();
    matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_known_how_far_the_partner_is() {
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    app.change_own(&house.change(10)).await.unwrap();
    let profiles = app.profiles_naming(&name("new"), &[]).await.unwrap();
    assert_eq!(profiles, [(partner_id(), PRODUCTION)]);
    assert_eq!(house.stage(0).await, OwnStage::NotTold);
    let late = house.on(8);
    let concerns = late.own_concerns().await.unwrap();
    assert_eq!((concerns.len(), &concerns[0].0), (1, &name("new")));
    assert!(concerns[0].1.concern.as_deref().unwrap().contains("nobody has told"));
    late.close().await;
    app.note_told(&name("new"), &profiles, "by mail", None).await.unwrap();
    assert_eq!(house.stage(1).await, OwnStage::Told);
    assert!(app.note_confirmed(&name("new"), &profiles, " ", None).await.is_err());
    app.note_confirmed(&name("new"), &profiles, "Ms Doe", None).await.unwrap();
    assert_eq!(house.stage(2).await, OwnStage::Confirmed);

    // A message that they encrypt for it before the date shows that they have it.
    let serving = Serving::start(app.clone(), house.path().join("inbox"), None).await;
    let (headers, body) = Partner::message(&house.new, "<early@partner>", b"order", &[]);
    assert!(post(&serving.url, &headers, &body).status < 300);
    serving.stop().await;
    let known = app.own_progress(&name("new")).await.unwrap().remove(0).known;
    assert_eq!(known.decrypted, Some(house.day(0)));
    app.close().await;
    assert_eq!(house.stage(9).await, OwnStage::Confirmed);
    assert_eq!(house.stage(10).await, OwnStage::Working);

    let partner = knowing(&house.new);
    let after = house.on(11);
    after.set(&partner_id(), Some(PRODUCTION), &[("url".to_owned(), partner.url.clone())], None).await.unwrap();
    assert_eq!(send(&after, house.path()).await, Verdict::Delivered);
    let known = after.own_progress(&name("new")).await.unwrap().remove(0).known;
    assert_eq!(known.verified, Some(house.day(11)));
    after.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_put_off_given_up_made_at_once_and_taken_back_and_nothing_is_half_done() {
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    let all = [(partner_id(), PRODUCTION)];
    app.change_own(&house.change(10)).await.unwrap();
    app.change_own(&house.change(20)).await.unwrap();
    assert_eq!((house.signs_with(19).await, house.signs_with(20).await), ("old".to_owned(), "new".to_owned()));
    // Written as its file and read again it is the same.
    let exported = app.export_connection(&partner_id()).await.unwrap();
    assert!(exported.contains("America/Chicago"), "{exported}");
    let file = house.path().join("again.toml");
    std::fs::write(&file, &exported).unwrap();
    app.add_connection(&file, true).await.unwrap();
    assert_eq!(app.export_connection(&partner_id()).await.unwrap(), exported);

    app.step_own(&all, OwnStep::Cancel).await.unwrap();
    assert_eq!(house.signs_with(30).await, "old");
    assert!(app.export_connection(&partner_id()).await.unwrap().contains("identity = \"old\""));
    assert!(app.step_own(&all, OwnStep::Cancel).await.unwrap_err().message().contains("no change"));
    assert!(app.step_own(&all, OwnStep::RollBack).await.is_err());

    app.change_own(&OwnChange { activation: Activation::Now, ..house.change(0) }).await.unwrap();
    assert_eq!(house.signs_with(1).await, "new");
    let used = app.remove_identity(&name("new")).await.unwrap_err();
    assert!(used.message().contains("partner production"), "{used}");
    let again = app.change_own(&house.change(5)).await.unwrap_err();
    assert!(again.message().contains("no profile is concerned"), "{again}");
    app.close().await;
    let later = house.on(2);
    later.step_own(&all, OwnStep::RollBack).await.unwrap();
    later.close().await;
    assert_eq!((house.signs_with(1).await, house.signs_with(3).await), ("new".to_owned(), "old".to_owned()));

    // What signed once and does not any more can go.
    let later = house.on(4);
    later.remove_identity(&name("new")).await.unwrap();
    assert!(later.remove_identity(&name("old")).await.is_err());
    later.close().await;
    assert_eq!(house.signs_with(5).await, "old");

    // An EC key does not sign with SHA-512: refused as a whole, and said where.
    let app = house.on(6);
    let ec = NewIdentity { name: name("ec"), key: KeyKind::EcP256, days: 300, subject: None };
    app.create_identity(ec).await.unwrap();
    app.set(&partner_id(), Some(PRODUCTION), &[("signing".to_owned(), "sha512".to_owned())], None).await.unwrap();
    let before = app.export_connection(&partner_id()).await.unwrap();
    let refused = app.change_own(&OwnChange { to: name("ec"), ..house.change(20) }).await.unwrap_err();
    assert!(refused.message().starts_with("partner production: ") && refused.message().contains("sha256 alone"));
    assert_eq!(app.export_connection(&partner_id()).await.unwrap(), before);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_is_named_and_does_not_fit_refuses_the_whole_and_is_named() {
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    let text = app.export_connection(&partner_id()).await.unwrap();
    for (id, identity) in [("second", "new"), ("third", "new")] {
        let file = house.path().join("more.toml");
        let text = text
            .replace("id = \"partner\"", &format!("id = \"{id}\""))
            .replace("identity = \"old\"", &format!("identity = \"{identity}\""));
        std::fs::write(&file, text).unwrap();
        app.add_connection(&file, false).await.unwrap();
    }
    let named = |ids: &[&str]| OwnChange {
        profiles: ids.iter().map(|id| (id.parse().unwrap(), PRODUCTION)).collect(),
        ..house.change(10)
    };
    let refused = app.change_own(&named(&["partner", "second"])).await.unwrap_err();
    assert!(refused.message().contains("second production: it signs with `new` and not with `old`"), "{refused}");
    let both = app.change_own(&named(&["partner", "second", "third"])).await.unwrap_err();
    assert!(both.message().contains("second production") && both.message().contains("third production"), "{both}");
    let test = OwnChange { profiles: vec![(partner_id(), ProfileKind::Test)], ..house.change(10) };
    assert!(app.change_own(&test).await.is_err(), "there is no such profile");
    assert_eq!(app.export_connection(&partner_id()).await.unwrap(), text, "nothing was half done");
    app.change_own(&named(&["partner"])).await.unwrap();
    app.close().await;
    // On the command line a connection stands for those of its profiles that sign with it.
    let program = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(words).env("COUNTERSIGN_WORKSPACE", house.path().join("workspace")).output().unwrap()
    };
    let output = program(&["identity", "rollover", "old", "new", "--at", "now", "--connection", "second"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("it signs with `new` and not with `old`"), "{told}");
    let output = program(&["identity", "rollover", "old", "new", "--at", "now", "--profile", "production"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn rolling_back_to_a_key_that_does_not_sign_so_any_more_is_refused() {
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    let ec = NewIdentity { name: name("ec"), key: KeyKind::EcP256, days: 300, subject: None };
    app.create_identity(ec).await.unwrap();
    let now = |from: &str, to: &str| OwnChange {
        from: Some(name(from)),
        to: name(to),
        activation: Activation::Now,
        profiles: Vec::new(),
    };
    app.change_own(&now("old", "ec")).await.unwrap();
    app.close().await;
    let app = house.on(1);
    app.change_own(&now("ec", "new")).await.unwrap();
    app.set(&partner_id(), Some(PRODUCTION), &[("signing".to_owned(), "sha512".to_owned())], None).await.unwrap();
    app.close().await;
    let app = house.on(2);
    let refused = app.step_own(&[(partner_id(), PRODUCTION)], OwnStep::RollBack).await.unwrap_err();
    assert!(refused.message().contains("sha256 alone"), "{refused}");
    assert_eq!(house.signs_with(3).await, "new");
    app.set(&partner_id(), Some(PRODUCTION), &[("signing".to_owned(), "sha256".to_owned())], None).await.unwrap();
    app.step_own(&[(partner_id(), PRODUCTION)], OwnStep::RollBack).await.unwrap();
    assert_eq!(house.signs_with(3).await, "ec");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_ours_stands_in_the_calendar_and_the_report_and_is_told_when_it_has_come_about() {
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    app.change_own(&house.change(10)).await.unwrap();
    let calendar = app.calendar().await.unwrap().replace("\r\n ", "");
    let at = house.day(10).strftime("DTSTART:%Y%m%dT%H%M%SZ").to_string();
    assert!(calendar.contains(&at) && calendar.contains("SUMMARY:Our certificate new goes active for"), "{calendar}");
    let report = app.report(None).await.unwrap();
    let flip = report.schedule.iter().find(|each| each.kind == "own-activation").unwrap();
    assert!(flip.at == house.day(10) && flip.what.contains("new") && flip.profiles.len() == 1, "{flip:?}");
    app.close().await;
    let happened = async |days| {
        let app = house.on(days);
        let notices = app.notices().await.unwrap();
        app.close().await;
        let kind = countersign::domain::notice::NoticeKind::ActivationHappened;
        notices.into_iter().filter(|each| each.notice.kind == kind).map(|each| each.notice).collect::<Vec<_>>()
    };
    assert!(happened(9).await.is_empty());
    for days in [11, 20] {
        let told = happened(days).await;
        assert_eq!(told.len(), 1, "on day {days}");
        assert!(told[0].title.contains("we sign with new now") && told[0].at == house.day(10), "{told:?}");
    }
    assert!(happened(45).await.is_empty(), "it is old news");
    // What somebody did by hand needs not be told.
    let app = house.on(12);
    app.step_own(&[(partner_id(), PRODUCTION)], OwnStep::RollBack).await.unwrap();
    app.close().await;
    assert!(happened(13).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn compliance_judges_the_one_that_signs_at_the_instant() {
    let house = House::new("http://127.0.0.1:9/").await;
    let app = house.on(0);
    // The old one ends on day 300.
    let due = |report: countersign::domain::compliance::CheckReport| {
        let profile = &report.connections[0].profiles[0];
        let finding = profile
            .findings
            .iter()
            .find(|finding| finding.setting == "identity_certificate" && finding.aspect == Some("validity"));
        let finding = finding.unwrap();
        (finding.status, finding.reason.clone())
    };
    let (status, reason) = due(app.check(&[], house.day(280)).await.unwrap());
    assert!(status == Status::Due && reason.contains("no successor is scheduled"), "{status:?}: {reason}");
    let (status, _) = due(app.check(&[], house.day(301)).await.unwrap());
    assert_eq!(status, Status::NonCompliant);
    let long = NewIdentity { name: name("long"), key: KeyKind::Rsa2048, days: 900, subject: None };
    app.create_identity(long).await.unwrap();
    app.change_own(&OwnChange { to: name("long"), ..house.change(290) }).await.unwrap();
    let (status, reason) = due(app.check(&[], house.day(280)).await.unwrap());
    assert!(status == Status::Due && reason.contains("its successor long goes active"), "{status:?}: {reason}");
    let (status, _) = due(app.check(&[], house.day(301)).await.unwrap());
    assert_eq!(status, Status::Compliant);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheet_says_all_that_a_partner_needs_and_holds_no_markup_of_others() {
    let house = House::new("http://127.0.0.1:9/as2").await;
    let app = house.on(0);
    app.change_own(&house.change(10)).await.unwrap();
    let request = |format| SheetRequest {
        identity: name("new"),
        connection: partner_id(),
        contact: Some("<edi@acme.example>".to_owned()),
        zone: None,
        format,
    };
    let facts = house.new.facts();
    let utc = house.day(10).strftime("%-d %B %Y, %H:%M UTC").to_string();
    let pairs = |hex: &str| {
        hex.to_ascii_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap())
            .collect::<Vec<_>>()
            .join(":")
    };
    let text = app.identity_sheet(&request(SheetFormat::Text)).await.unwrap();
    let html = app.identity_sheet(&request(SheetFormat::Html)).await.unwrap();
    let (sha256, sha1) = (pairs(&facts.fingerprint_sha256.to_hex()), pairs(&facts.fingerprint_sha1));
    for wanted in [
        utc.as_str(),
        "America/Chicago",
        sha256.as_str(),
        sha1.as_str(),
        facts.serial.as_str(),
        "PARTNER",
        "http://127.0.0.1:9/as2",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
        assert!(html.contains(wanted), "{wanted}: {html}");
    }
    assert_eq!(
        read(text.as_bytes(), None).unwrap().certificates,
        std::slice::from_ref(&house.new),
        "the certificate is in it"
    );
    assert!(html.contains("&lt;edi@acme.example&gt;") && html.contains("Partner &lt;&amp;&gt;"), "{html}");
    assert!(!html.contains("<edi@") && !html.contains("http-equiv") && !html.contains("src="), "it stands alone");
    let file = house.path().join("sheet.html");
    let beside = app.write_identity_sheet(&request(SheetFormat::Html), &file).await.unwrap();
    assert_eq!(read(&std::fs::read(beside).unwrap(), None).unwrap().certificates, std::slice::from_ref(&house.new));
    assert_eq!(std::fs::read_to_string(file).unwrap(), html);
    // What a name says is what is in it.
    for (format, name, said) in [
        (SheetFormat::Html, "sheet.pdf", "not written as .pdf"),
        (SheetFormat::Html, "sheet.txt", "is text by its name, and html was asked for"),
    ] {
        let file = house.path().join(name);
        let error = app.write_identity_sheet(&request(format), &file).await.unwrap_err();
        assert!(error.to_string().contains(said) && !file.exists(), "{error}");
    }
    let named = |name: &str| SheetFormat::of(Path::new(name));
    assert_eq!(
        [named("a.HTM").unwrap(), named("a.txt").unwrap(), named("a").unwrap()],
        [Some(SheetFormat::Html), Some(SheetFormat::Text), None]
    );
    // Where a public URL is set, it is what the partner is told.
    let our_address = |text: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix("Our address "));
        found.map(|found| found.trim().to_owned())
    };
    assert_eq!(our_address(&text).as_deref(), Some("Unchanged"), "{text}");
    let public = "https://as2.acme.example/as2".parse().unwrap();
    app.set_public_url(Some(&public)).await.unwrap();
    let text = app.identity_sheet(&request(SheetFormat::Text)).await.unwrap();
    assert_eq!(our_address(&text).as_deref(), Some("https://as2.acme.example/as2"), "{text}");
    let unscheduled = SheetRequest { connection: "nobody".parse().unwrap(), ..request(SheetFormat::Text) };
    assert!(app.identity_sheet(&unscheduled).await.is_err());
    app.close().await;
}
