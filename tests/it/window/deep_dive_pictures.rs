//! Pictures of one transmission in depth: its document, its layers, its bytes, and two compared.

use std::io::Write as _;
use std::path::Path;

use countersign::app::{App, Location, Unlock};
use countersign::domain::transmission::Transmission;
use countersign::store::{Part, Workspace};
use egui::{Key, Modifiers, Theme};
use egui_kittest::SnapshotResults;

use super::pictures::{NARROW, WIDE, compare};
use super::{Stage, picture_workspace};

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

/// The workspace of the pictures, with documents and a message in its archive.
fn make(folder: &Path) -> App {
    let app = picture_workspace::make(folder);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let location = Location::Dir(folder.to_owned());
        let workspace =
            Workspace::open_existing(&location, &Unlock::none(), picture_workspace::now()).await.unwrap().unwrap();
        let (listed, _) = workspace.transmissions(&countersign::store::TransmissionFilter::default()).await.unwrap();
        for summary in listed {
            let mut transmission = workspace.transmission(summary.id).await.unwrap().unwrap();
            let sample = match transmission.file.as_deref() {
                Some("850_77120.edi") => "documents/850.x12",
                Some("997_000412.edi") => "documents/997-rejected.x12",
                Some("856_118820.edi") => "documents/broken-counts.x12",
                _ => continue,
            };
            put(&workspace, &transmission, Part::Payload, &bytes(sample));
            transmission.payload_sha256 = Some(workspace.archive().sha256(summary.id, Part::Payload).unwrap());
            if transmission.file.as_deref() == Some("850_77120.edi") {
                received(&workspace, &mut transmission);
            }
            workspace.update_transmission(&transmission).await.unwrap();
        }
        workspace.close().await;
    });
    app
}

fn put(workspace: &Workspace, transmission: &Transmission, part: Part, bytes: &[u8]) {
    let mut writer = workspace.archive().create(transmission.id, part).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap();
}

/// A message for us, signed by somebody who is not known here. It was made once: what is random in a message would differ
/// from picture to picture.
fn received(workspace: &Workspace, transmission: &mut Transmission) {
    let headers = [
        ("AS2-From", "HARBOR_AS2"),
        ("AS2-To", "ACME"),
        ("Content-Type", "application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\""),
        ("Content-Transfer-Encoding", "binary"),
    ];
    transmission.request_headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    put(workspace, transmission, Part::RequestBody(1), &bytes("window/received-850.p7m"));
}

fn picture(name: &str, size: [f32; 2], mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = make(&workspace);
        let mut stage = Stage::pictured(app, folder, workspace, size, theme);
        stage.wait_for("Amazon Vendor US, production");
        stage.press(Modifiers::COMMAND, Key::Num2);
        stage.wait_for("997_000412.edi");
        stage.wait_for("3 delivered");
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

fn open(stage: &mut Stage, file: &str, tab: &str) {
    stage.click_containing(file);
    stage.wait_for("Timeline");
    stage.click(tab);
}

#[test]
fn a_purchase_order() {
    picture("transmission-payload", WIDE, |stage| {
        open(stage, "850_77120.edi", "Payload");
        stage.wait_for("Beginning of a purchase order");
    });
}

#[test]
fn a_functional_acknowledgement() {
    picture("transmission-acknowledgement", WIDE, |stage| {
        open(stage, "997_000412.edi", "Payload");
        stage.wait_for("Partly accepted");
    });
}

#[test]
fn a_broken_document() {
    picture("transmission-broken-narrow", NARROW, |stage| {
        open(stage, "856_118820.edi", "Payload");
        stage.wait_for("3 problems");
        stage.wait_for("Interchange header");
    });
}

#[test]
fn layers() {
    picture("transmission-structure", WIDE, |stage| {
        open(stage, "850_77120.edi", "Structure");
        stage.wait_for("Compressed");
    });
}

#[test]
fn bytes_in_hex() {
    picture("transmission-raw", WIDE, |stage| {
        open(stage, "850_77120.edi", "Raw");
        stage.click("Document");
        stage.wait_for("Beginning of a purchase order");
        stage.click("Hex");
        stage.wait_for("00000000  49 53 41");
    });
}

#[test]
fn bytes_in_hex_narrow() {
    picture("transmission-raw-narrow", NARROW, |stage| {
        open(stage, "850_77120.edi", "Raw");
        stage.click("Document");
        stage.wait_for("Beginning of a purchase order");
        stage.click("Hex");
        stage.wait_for("00000000  49 53 41");
    });
}

#[test]
fn two_compared() {
    picture("transmission-compare", WIDE, |stage| {
        open(stage, "997_000412.edi", "Headers");
        stage.click("Compare…");
        stage.wait_until("the others", |stage| stage.sees(", Sent, Test, 997_000411.edi"));
        stage.click_containing(", Sent, Test, 997_000411.edi");
        stage.wait_for("≠ Verdict");
    });
}
