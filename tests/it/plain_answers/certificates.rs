//! Certificates: files that are large, odd or no files, what is in use already, and removing what nobody uses.

use std::io::Write as _;

use base64::Engine as _;
use countersign::app::Clock;
use countersign::certificate::{Format, ReadError, read};

use super::{Desk, PARTNER, RENEWED, fixture, print};

/// So many days from now, as the command line takes an instant. The renewed certificate begins on 1 December 2026.
fn in_days(days: i64) -> String {
    (Clock::System.now() + jiff::SignedDuration::from_hours(24 * days)).to_string()
}

fn base64_lines(bytes: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect()
}

/// A mail with a document of so many bytes and a certificate.
fn mail(document: usize) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    pdf.resize(document, b'x');
    let part = |name: &str, bytes: &[u8]| {
        format!(
            "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}",
            base64_lines(bytes)
        )
    };
    format!(
        "From: partner@example.com\r\nTo: us@example.com\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n{}{}--b--\r\n",
        part("letter.pdf", &pdf),
        part("renewed.cer", RENEWED.as_bytes())
    )
    .into_bytes()
}

#[test]
fn a_certificate_is_found_in_a_large_mail_and_in_a_large_archive() {
    let desk = Desk::new();
    let large = mail(2 << 20);
    assert!(large.len() > 2 << 20);
    let file = desk.file("mail.eml", &large);
    let found = desk.json(&["certificate", "inspect", &file]);
    assert_eq!(found["certificates"][0]["fingerprint_sha256"], print(RENEWED).to_hex());
    assert_eq!(found["certificates"][0]["found_in"], "renewed.cer");

    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    // Together more than one file of certificates may have, each of the first less.
    for number in 0..12 {
        archive.start_file(format!("page-{number}.pdf"), stored).unwrap();
        archive.write_all(&[b"%PDF-1.7\n".as_slice(), &[b'x'; 900_000]].concat()).unwrap();
    }
    archive.start_file("scan.pdf", stored).unwrap();
    archive.write_all(&[b"%PDF-1.7\n".as_slice(), &[b'x'; 2_000_000]].concat()).unwrap();
    archive.start_file("renewed.pem", stored).unwrap();
    archive.write_all(RENEWED.as_bytes()).unwrap();
    let file = desk.file("parcel.zip", archive.finish().unwrap().into_inner());
    let found = desk.json(&["certificate", "inspect", &file]);
    assert_eq!((&found["format"], &found["certificates"][0]["found_in"]), (&"zip".into(), &"renewed.pem".into()));

    // There is an end to it, which is told of what it is; a bare certificate of that size there is not.
    let beyond = desk.file("beyond.eml", mail(26 << 20));
    let (error, hint) = desk.refused(&["certificate", "inspect", &beyond]);
    assert!(error.ends_with("the mail has more than 32 MiB, which is not opened"), "{error}");
    assert_eq!(hint, "save or unpack the certificate from it, and choose that");
    assert_eq!(read(&vec![b'A'; 2 << 20], None).unwrap_err(), ReadError::TooLarge);
}

#[test]
fn what_openssl_calls_a_trusted_certificate_is_one() {
    let body: String = RENEWED.lines().filter(|line| !line.starts_with("-----")).collect();
    let mut der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    // X509_CERT_AUX: trusted for nothing in particular.
    der.extend([0x30, 0x00]);
    let text = base64_lines(&der);
    let pem = format!("-----BEGIN TRUSTED CERTIFICATE-----\n{text}-----END TRUSTED CERTIFICATE-----\n");
    let found = read(pem.as_bytes(), None).unwrap();
    assert_eq!((found.format, found.certificates[0].facts().fingerprint_sha256), (Format::Pem, print(RENEWED)));
    let under_another = pem.replace("TRUSTED CERTIFICATE", "CERTIFICATE");
    assert!(matches!(read(under_another.as_bytes(), None), Err(ReadError::Damaged(_))));
}

#[test]
fn a_certificate_comes_from_standard_input_and_a_lone_pipe_is_not_waited_for() {
    let desk = Desk::new();
    let said = desk.given(&["certificate", "inspect", "-"], RENEWED.as_bytes());
    assert!(said.code == Some(0) && said.text.starts_with("standard input in pem format\n"), "{}", said.text);
    let both = desk.given(&["certificate", "inspect", "-", "--password-stdin"], b"secret\n");
    assert!(both.beside.contains("standard input cannot be both the file and its password"), "{}", both.beside);
    let words = ["certificate", "import", "-", "--connection", "partner", "--activate", &in_days(6)];
    assert_eq!(desk.given(&words, RENEWED.as_bytes()).code, Some(0));
    let listed = desk.json(&["certificate", "list"]);
    assert!(listed["certificates"].as_array().unwrap().iter().any(|each| each["came_from"] == "standard input"));
    #[cfg(unix)]
    {
        let pipe = desk.path("pipe.cer");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (error, hint) = desk.refused(&["certificate", "inspect", pipe.to_str().unwrap()]);
        assert!(error.ends_with("pipe.cer is a pipe, not a file"), "{error}");
        assert_eq!(hint, "write what comes out of it to a file and name that");
    }
}

#[test]
fn a_bare_key_is_told_with_what_it_is_good_for_and_all_labels_stand_in_one_column() {
    let desk = Desk::new();
    let key = fixture("openssl/rsa.key.der");
    let said = desk.good(&["certificate", "inspect", key.to_str().unwrap()]);
    assert!(said.text.contains("of which nothing was kept. For an identity of your own"), "{}", said.text);
    let file = desk.file("mail.eml", mail(1000));
    let column = |text: &str, label: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(label)).unwrap().to_owned();
        let after = line.find(label).unwrap() + label.len();
        after + line[after..].len() - line[after..].trim_start().len()
    };
    let inspected = desk.good(&["certificate", "inspect", &file]).text;
    assert_eq!(column(&inspected, "Found in"), column(&inspected, "Subject"), "{inspected}");
    let listed = desk.good(&["certificate", "list"]).text;
    assert_eq!(column(&listed, "Came from"), column(&listed, "Subject"), "{listed}");
}

#[test]
fn importing_what_is_in_use_already_says_that_nothing_has_changed() {
    let desk = Desk::new();
    // One that has not ended, whenever this is run.
    let partner = desk.path("theirs.pem").display().to_string();
    desk.good(&["identity", "create", "theirs", "--days", "700"]);
    desk.good(&["identity", "export", "theirs", "-o", &partner]);
    let text = std::fs::read_to_string(desk.path("partner.toml")).unwrap();
    let file = desk.file("theirs.toml", text.replace("partner.pem", "theirs.pem"));
    desk.good(&["connection", "add", &file, "--replace"]);
    let before = desk.good(&["connection", "export", "partner"]).text;
    let words = ["certificate", "import", &partner, "--connection", "partner", "--activate", &in_days(9)];
    let said = desk.good(&words);
    let rows: Vec<&str> = said.text.lines().filter(|line| line.contains("in use already")).collect();
    assert_eq!(rows.len(), 2, "{}", said.text);
    assert!(rows.iter().all(|row| row.contains("nothing") && row.contains("none replaced")), "{rows:?}");
    let note = said.beside.lines().find(|line| line.starts_with("note: ")).unwrap();
    assert!(note.contains("for partner production, partner test: nothing was changed there, and "), "{note}");
    assert!(note.ends_with("was not taken as its time"), "{note}");
    assert_eq!(desk.json(&words)["profiles"][0]["unchanged"], true);
    assert_eq!(desk.good(&["connection", "export", "partner"]).text, before);
    let renewed = desk.path("renewed.pem").display().to_string();
    let other = desk.json(&["certificate", "import", &renewed, "--connection", "partner", "--activate", &in_days(9)]);
    assert!(other["profiles"][0].get("unchanged").is_none(), "{other}");
}

#[test]
fn whose_activation_an_import_cancels_is_named() {
    let desk = Desk::new();
    let renewed = desk.path("renewed.pem").display().to_string();
    desk.good(&["certificate", "import", &renewed, "--connection", "partner", "--activate", &in_days(6)]);
    desk.good(&["identity", "create", "third", "--days", "400"]);
    let third = desk.path("third.pem").display().to_string();
    desk.good(&["identity", "export", "third", "-o", &third]);
    let said = desk.good(&["certificate", "import", &third, "--connection", "partner", "--activate", &in_days(8)]);
    let short = print(RENEWED).short();
    let told = format!(
        "warning: The scheduled activation is cancelled of {short} for partner production, {short} for partner test"
    );
    assert!(said.beside.lines().any(|line| line == told), "{}", said.beside);
    // As an import takes it, a schedule is moved to now.
    let moved = desk.json(&["certificate", "reschedule", "partner", "production", "now"]);
    assert_eq!(moved["profiles"][0]["done"], "activated", "{moved}");
}

#[test]
fn one_that_nobody_uses_is_removed_and_what_is_needed_stays() {
    let desk = Desk::new();
    let (partner, renewed) = (print(PARTNER).to_hex(), print(RENEWED).to_hex());
    let file = desk.path("renewed.pem").display().to_string();
    let removal = |print: &str| desk.refused(&["certificate", "remove", print]);
    let (error, hint) = removal(&renewed);
    assert!(error.starts_with("there is no certificate with the fingerprint"), "{error}");
    assert_eq!(hint, "`countersign certificate list` shows the certificates");

    desk.good(&["certificate", "import", &file, "--connection", "partner", "--activate", &in_days(6)]);
    let warnings = |desk: &Desk| desk.json(&["certificate", "inspect", &file])["certificates"][0]["warnings"].clone();
    assert!(warnings(&desk).as_array().unwrap().contains(&"already-installed".into()), "{}", warnings(&desk));
    let (error, hint) = removal(&renewed);
    assert!(error.ends_with("belongs to partner production, partner test"), "{error}");
    assert!(hint.contains("`countersign certificate cancel`"), "{hint}");
    for profile in ["production", "test"] {
        desk.good(&["certificate", "cancel", "partner", profile]);
    }
    assert!(desk.good(&["certificate", "list"]).text.contains("Used by nobody"));
    assert!(!warnings(&desk).as_array().unwrap().contains(&"already-installed".into()), "it is only kept");

    // A rollover is about it.
    desk.good(&["rollover", "start", &renewed, "--replaces", &partner]);
    let (error, hint) = removal(&renewed);
    assert!(error.starts_with("rollover 1 is about the certificate"), "{error}");
    assert!(hint.starts_with("`countersign rollover remove 1`"), "{hint}");
    desk.good(&["rollover", "remove", "1"]);
    let said = desk.good(&["certificate", "remove", &renewed]);
    assert!(said.text.starts_with("Removed "), "{}", said.text);
    let listed = desk.json(&["certificate", "list"]);
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1, "{listed}");

    // The journal has a message for it, so that it stays when its connection goes.
    desk.run(&["send", "--connection", "partner", "--profile", "test"]);
    desk.good(&["connection", "remove", "partner"]);
    let (error, hint) = removal(&partner);
    assert!(
        error.contains("the journal needs the certificate") && error.ends_with("1 transmission used it"),
        "{error}"
    );
    assert!(hint.starts_with("it stays as long as they are kept"), "{hint}");
}

#[test]
fn a_rollover_is_previewed_though_one_is_about_its_certificate_already() {
    let desk = Desk::new();
    let file = desk.path("renewed.pem").display().to_string();
    let words = ["rollover", "start", &file, "--at", &in_days(5)];
    desk.good(&words);
    assert!(desk.refused(&words).0.contains("rollover 1 is about this certificate already"));
    let said = desk.good(&[&words[..], &["--dry-run"]].concat());
    assert!(said.text.contains("2 profiles"), "{}", said.text);
    assert!(said.beside.contains("note: rollover 1 is about this certificate already"), "{}", said.beside);
    assert_eq!(desk.json(&[&words[..], &["--dry-run"]].concat())["already"], 1);
}

#[test]
fn an_ended_certificate_is_shown_as_ended_where_signatures_are_accepted() {
    let desk = Desk::new();
    let ended = fixture("certificates/retailer_sha1_2014_2019.cer");
    let text = std::fs::read_to_string(desk.path("partner.toml")).unwrap();
    let listed = format!("[\"partner.pem\", {ended:?}]");
    let file = desk.file("partner.toml", text.replace("[\"partner.pem\"]", &listed));
    desk.good(&["connection", "add", &file, "--replace"]);
    let shown = desk.good(&["connection", "show", "partner"]).text;
    let line = shown.lines().find(|line| line.starts_with("Accepts signatures by")).unwrap();
    assert_eq!(line.matches("(ended 19 Oct 2019").count(), 2, "{line}");
    // The other has an end of its own, in December 2027.
    let other = print(PARTNER).short();
    assert!(line.contains(&other) && !line.contains(&format!("{other} (ended 19 Oct 2019")), "{line}");
}
