//! Pictures of one transmission in depth: its document, its layers, its bytes, and two compared.

use std::io::{Cursor, Write as _};
use std::path::Path;

use countersign::app::{App, Location, Unlock};
use countersign::as2::{EncryptionPlan, Entity, OutboundMessage, SigningPlan};
use countersign::certificate::{PrivateKey, read};
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
            if transmission.file.as_deref() == Some("850_77120.edi") {
                received(&workspace, &mut transmission, &bytes(sample));
                workspace.update_transmission(&transmission).await.unwrap();
            }
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

/// A message for us, signed by somebody who is not known here.
fn received(workspace: &Workspace, transmission: &mut Transmission, payload: &[u8]) {
    let ours = read(&bytes("window/acme-2026.pem"), None).unwrap().certificates.remove(0);
    let theirs = read(&bytes("openssl/rsa.crt"), None).unwrap().certificates.remove(0);
    let key = PrivateKey::from_pkcs8_der(&bytes("openssl/rsa.key.der")).unwrap();
    let settings = "our_as2_id = \"HARBOR_AS2\"\npartner_as2_id = \"ACME\"\nurl = \"http://127.0.0.1/\"\nidentity = \"x\"\n\
                    compression = \"before-signing\"\ntransfer_encoding = \"base64\"";
    let profile: countersign::domain::connection::Profile = toml::from_str(settings).unwrap();
    let entity = Entity {
        content_type: "application/edi-x12".to_owned(),
        filename: Some("850_77120.edi".to_owned()),
        transfer_encoding: profile.transfer_encoding,
        payload_length: payload.len() as u64,
    };
    let message = OutboundMessage {
        profile: &profile,
        entity: &entity,
        message_id: &transmission.message_id,
        signing: Some(SigningPlan {
            certificate: &theirs,
            chain: &[],
            key: &key,
            digest: countersign::domain::algorithm::Digest::Sha256,
            scheme: profile.signature_scheme,
            quirks: &profile.quirks,
            at: picture_workspace::now(),
        }),
        encryption: Some(EncryptionPlan {
            recipient: &ours,
            encryption: profile.encryption,
            key_transport: profile.key_transport,
            identifier: profile.quirks.recipient_identifier,
            gcm_content: profile.quirks.gcm_content,
        }),
        at: picture_workspace::now(),
    };
    let mut body = Vec::new();
    transmission.request_headers = message.build(&mut Cursor::new(payload), &mut body).unwrap().headers;
    put(workspace, transmission, Part::RequestBody(1), &body);
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
fn two_compared() {
    picture("transmission-compare", WIDE, |stage| {
        open(stage, "997_000412.edi", "Headers");
        stage.click("Compare…");
        stage.wait_until("the others", |stage| stage.sees(", Sent, Test, 997_000411.edi"));
        stage.click_containing(", Sent, Test, 997_000411.edi");
        stage.wait_for("≠ Verdict");
    });
}
