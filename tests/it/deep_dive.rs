//! One message in depth: its layers as far as they open, what was kept of it row by row and as files, the proof of delivery.

use std::io::Cursor;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::app::{MessageLayer, RawPart, ViewKind, ViewRow};
use countersign::as2::{DecryptionKey, Dissected, LayerKind, OpeningKeys, SignatureOutcome, dissect};
use countersign::domain::document::acknowledgement::Outcome;
use countersign::domain::transmission::{Transmission, Verdict};

use crate::exchange::{Partner, Received, Us, Wrong, post};
use crate::messages::{Headers, build, find, profile, receiver, sender};

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/documents").join(name)).unwrap()
}

/// Takes a message apart as its receiver, or as somebody without keys.
fn apart(headers: &Headers, body: &[u8], with_keys: bool) -> Dissected {
    let ours = [DecryptionKey { certificate: &receiver().certificate, key: &receiver().key }];
    let accepted = [&sender().certificate];
    let decryption: &[DecryptionKey<'_>] = if with_keys { &ours } else { &[] };
    dissect(headers, &mut Cursor::new(body), OpeningKeys { decryption, accepted: &accepted })
}

/// The names of the layers, those in others in brackets, with a mark where one stops.
fn shape(layer: &Dissected) -> String {
    let name = match &layer.kind {
        LayerKind::Encrypted(_) => "encrypted",
        LayerKind::Compressed => "compressed",
        LayerKind::Signed(_) => "signed",
        LayerKind::Signature => "signature",
        LayerKind::Parts => "parts",
        LayerKind::OtherCms(_) => "cms",
        LayerKind::Content { .. } => "content",
    };
    let stop = if layer.obstacle.is_some() { "!" } else { "" };
    let inner: Vec<String> = layer.parts.iter().map(shape).collect();
    if inner.is_empty() { format!("{name}{stop}") } else { format!("{name}{stop}({})", inner.join(" ")) }
}

fn signature(layer: &Dissected) -> &SignatureOutcome {
    match &layer.kind {
        LayerKind::Signed(facts) => &facts.check.as_ref().unwrap().outcome,
        _ => signature(&layer.parts[0]),
    }
}

#[test]
fn a_message_is_a_tree_of_its_layers_with_sizes_and_whom_each_names() {
    let payload = sample("850.x12");
    let settings = "compression = \"before-signing\"\nencryption = \"aes256-gcm\"\nkey_transport = \"rsa-oaep-sha256\"";
    let (built, body) = build(&profile(settings), &payload).unwrap();
    let found = apart(&built.headers, &body, true);
    assert_eq!(shape(&found), "encrypted(signed(compressed(content) signature))");
    assert_eq!(found.length, body.len() as u64);
    let LayerKind::Encrypted(facts) = &found.kind else { unreachable!() };
    assert!(facts.authenticated && facts.opened_with.is_some());
    assert!(facts.recipients[0].certificate.names(&receiver().certificate));
    assert_eq!(facts.recipients[0].how, "RSAES-OAEP with SHA-256");
    assert!(matches!(signature(&found), SignatureOutcome::Good { .. }));
    let signed = &found.parts[0];
    let [compressed, detached] = signed.parts.as_slice() else { panic!("{signed:#?}") };
    assert!(compressed.offset < detached.offset && compressed.offset + compressed.length <= detached.offset);
    let content = &compressed.parts[0];
    assert!(matches!(content.kind, LayerKind::Content { decoded } if decoded == payload.len() as u64));
    assert!(content.length > payload.len() as u64, "its headers count");
    assert!(content.headers.iter().any(|(name, _)| name == "Content-Type"));
    // Without the key it is its outermost layer, and that is described all the same.
    let closed = apart(&built.headers, &body, false);
    assert_eq!(shape(&closed), "encrypted!");
    let LayerKind::Encrypted(facts) = &closed.kind else { unreachable!() };
    assert!(facts.recipients[0].certificate.names(&receiver().certificate) && facts.opened_with.is_none());
}

#[test]
fn a_broken_message_opens_as_far_as_it_does_and_says_which_layer_stops_it() {
    let payload = sample("ORDERS.edi");
    let broken = |settings: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let (built, mut body) = build(&profile(settings), &payload).unwrap();
        change(&mut body);
        apart(&built.headers, &body, true)
    };
    // Cut in the middle of what is encrypted.
    let found = broken("encryption = \"aes128-cbc\"", &|body| body.truncate(body.len() / 2));
    assert_eq!(shape(&found), "encrypted!(signed(content signature))");
    // A tag that does not fit is seen at the end, when all has been read.
    let found = broken("encryption = \"aes128-gcm\"", &|body| *body.last_mut().unwrap() ^= 1);
    assert_eq!(shape(&found), "encrypted!(signed(content signature))");
    // Changed content under a signature that is whole.
    let plain = "encryption = \"none\"";
    let found = broken(plain, &|body| {
        let at = find(body, b"4501234567").unwrap();
        body[at] = b'9';
    });
    assert_eq!(shape(&found), "signed(content signature)");
    assert!(matches!(signature(&found), SignatureOutcome::Altered { .. }));
    // A signature that is none: what it signs is read all the same.
    let found = broken(plain, &|body| {
        let at = find(body, b"pkcs7-signature").unwrap();
        let blank = at + find(&body[at..], b"MI").unwrap();
        body[blank..blank + 40].fill(b'A');
    });
    assert_eq!(shape(&found), "signed(content signature!)");
    // The closing boundary is missing.
    let found = broken(plain, &|body| body.truncate(find(body, b"4501234567").unwrap()));
    assert_eq!(shape(&found), "signed!(content)");
    // Damaged where it is compressed, within a signature: the signature part behind it is read.
    let found = broken("encryption = \"none\"\ncompression = \"before-signing\"", &|body| {
        // Behind the head of the structure, within what is compressed.
        let at = find(body, b"\r\n\r\n").unwrap() + 130;
        for byte in &mut body[at..at + 30] {
            *byte ^= 0x55;
        }
    });
    assert!(
        shape(&found).starts_with("signed(compressed!") && shape(&found).ends_with("signature)"),
        "{}",
        shape(&found)
    );
    let other = apart(&vec![("Content-Type".to_owned(), "application/pkcs7-mime".to_owned())], b"not DER at all", true);
    assert_eq!(shape(&other), "cms!");
}

/// A partner who receives, and answers with a receipt that is right or wrong in some way.
async fn sent(wrong: Wrong, document: &[u8]) -> (Us, Partner, Transmission) {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, wrong);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, "").await;
    let sent = us.send_bytes(document).await;
    (us, partner, sent)
}

fn fact<'l>(layer: &'l MessageLayer, name: &str) -> &'l str {
    let found = layer.facts.iter().find(|fact| fact.name == name);
    found.map_or_else(|| panic!("{name}: {layer:#?}"), |fact| fact.value.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_was_sent_the_outer_layer_is_shown_and_what_the_journal_knows_of_the_inside() {
    let (us, _partner, sent) = sent(Wrong::Nothing, &sample("850.x12")).await;
    let id = sent.id.to_string();
    let found = us.app.structure(&id, RawPart::Request).await.unwrap();
    assert_eq!(found.message.title, "Encrypted");
    assert!(fact(&found.message, "Recipient").contains("(Partner, Production)"), "{found:#?}");
    assert!(found.message.obstacle.as_deref().unwrap().contains("only the partner can open it"));
    assert_eq!(found.obstacle().unwrap().0, "Encrypted");
    let known = |name: &str| found.journal.iter().any(|fact| fact.name == name);
    assert!(known("MIC of ours") && known("Payload SHA-256") && known("Built"), "{:#?}", found.journal);
    let receipt = us.app.structure(&id, RawPart::Receipt).await.unwrap();
    assert_eq!((receipt.message.title.as_str(), receipt.obstacle()), ("Signed", None));
    assert!(fact(&receipt.message, "Signature").starts_with("Good, made by partner"), "{receipt:#?}");
    assert_eq!(fact(&receipt.message, "Scheme"), "RSASSA-PKCS1-v1_5");
    let report = &receipt.message.layers[0];
    assert_eq!((report.title.as_str(), report.layers.len()), ("Parts (multipart/report)", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_opens_to_its_document_and_names_our_key_and_their_signature() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    let (headers, body) = Partner::message(&us.certificate, "<dive@p>", &sample("997-rejected.x12"), &[]);
    let url = serving.url.clone();
    tokio::task::spawn_blocking(move || post(&url, &headers, &body)).await.unwrap();
    serving.stop().await;
    let received = us.journal().await.remove(0);
    let id = received.id.to_string();
    let found = us.app.structure(&id, RawPart::Request).await.unwrap();
    assert_eq!(found.obstacle(), None, "{found:#?}");
    assert!(fact(&found.message, "Opened with").contains("(ours, us)"), "{found:#?}");
    let signed = &found.message.layers[0];
    assert!(fact(signed, "Signature").contains("(Partner, Production)"), "{signed:#?}");
    assert!(found.to_text().contains("Content (application/edifact)"), "{}", found.to_text());
    // Its document is read by segments, with what it acknowledges.
    let view = Arc::new(us.app.open_view(&id, RawPart::Payload, None).await.unwrap());
    assert_eq!((view.kind, view.rows, view.acknowledged.len()), (ViewKind::Segments, 14, 3));
    let rows = us.app.view_rows(&view, 3, 1).await.unwrap();
    assert!(matches!(&rows[0], ViewRow::Segment(segment) if segment.tag == "AK1"), "{rows:?}");
    let hex = Arc::new(us.app.open_view(&id, RawPart::Payload, Some(ViewKind::Hex)).await.unwrap());
    let ViewRow::Hex { hex, text, .. } = us.app.view_rows(&hex, 0, 1).await.unwrap().remove(0) else { unreachable!() };
    assert_eq!((&hex[..8], &text[..3]), ("49 53 41", "ISA"));
    let error = us.app.proof(&id).await.unwrap_err();
    assert!(error.message().contains("whoever received it"), "{error}");
    // What its receipt was asked to be, and that it was given.
    let shown = program(&us, &["transmission", "show", &id]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("Signed with SHA-256, in the answer") && shown.contains("Sent in the answer, signed"),
        "{shown}"
    );
    assert!(!shown.contains("Not asked for"), "{shown}");
    // Whoever takes it out of the inbox may write to it; who writes into the archive is found out.
    let delivered = us.path("inbox/partner/production").join(&us.inbox()[0]);
    std::fs::write(&delivered, b"rewritten").unwrap();
    assert_eq!(us.app.altered(&id, RawPart::Payload).await.unwrap(), None);
    assert_eq!(us.app.open_view(&id, RawPart::Payload, None).await.unwrap().altered, None);
    let kept = us.app.kept(&id, RawPart::Payload).await.unwrap().body.unwrap();
    let document = std::fs::read(&kept).unwrap();
    std::fs::write(&kept, b"forged").unwrap();
    for words in [&["transmission", "raw", &id, "payload"][..], &["transmission", "show", &id, "--payload"]] {
        let told = String::from_utf8(program(&us, words).stderr).unwrap();
        assert!(told.starts_with("warning: The document was changed on disk since it was journalled"), "{told}");
    }
    assert!(us.app.open_view(&id, RawPart::Payload, None).await.unwrap().altered.is_some());
    std::fs::write(&kept, document).unwrap();
    // Without the keys that would open it, it says that it is they that are missing.
    us.app.close().await;
    std::fs::remove_file(us.workspace().join("workspace.key")).unwrap();
    let shown = program(&us, &["transmission", "show", &id, "--structure"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("it is encrypted, and the workspace is locked"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_delivery_verifies_anew_and_says_what_does_not_hold() {
    let (us, _partner, delivered) = sent(Wrong::Nothing, &sample("810.x12")).await;
    assert_eq!(delivered.verdict, Verdict::Delivered);
    let id = delivered.id.to_string();
    let file = us.path("proof.html");
    let proof = us.app.write_proof(&id, &file).await.unwrap();
    assert!(proof.proven, "{proof:#?}");
    let page = std::fs::read_to_string(&file).unwrap();
    let digest = delivered.payload_sha256.as_deref().unwrap();
    for wanted in
        ["<h1>Proof of delivery</h1>", digest, "&lt;", "BEGIN CERTIFICATE", "Received-Content-MIC", "shown as text"]
    {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(!page.contains("<script") && !page.contains("<1@") && page.contains("default-src 'none'"));
    // Every byte of the receipt can be taken out of it.
    let (_, rest) = page.split_once("data:application/octet-stream;base64,").unwrap();
    let (encoded, _) = rest.split_once('"').unwrap();
    let whole = [us.kept(&delivered, "response.head"), us.kept(&delivered, "response.body")].concat();
    assert_eq!(STANDARD.decode(encoded).unwrap(), whole);
    let told = |name: &str| proof.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert!(told("Journalled").is_some() && told("Sent").is_some(), "{:#?}", proof.facts);
    assert!(told("Receipt received, by our clock").is_some(), "{:#?}", proof.facts);
    assert!(proof.checks.iter().any(|check| check.what == "The signer's certificate was valid when the receipt came"));
    // The document in the archive is another by now.
    let month = delivered.at.strftime("%Y-%m").to_string();
    let payload = us.workspace().join("archive").join(month).join(&id).join("payload");
    std::fs::write(&payload, "something else").unwrap();
    let proof = us.app.proof(&id).await.unwrap();
    let failed: Vec<&str> =
        proof.checks.iter().filter(|check| check.holds != Some(true)).map(|check| check.what).collect();
    assert_eq!(failed, ["The document that is kept is the one that was sent"]);

    for (wrong, what) in [
        (Wrong::Tampered, "The receipt is signed by the partner and was not changed"),
        (Wrong::Unsigned, "The receipt is signed by the partner and was not changed"),
        (Wrong::Stranger, "The receipt is signed by the partner and was not changed"),
        (Wrong::Mic, "The MIC in the receipt is the one journalled when it was sent"),
        (Wrong::OtherMessage, "The receipt is for this message"),
        (Wrong::Refusal("decryption-failed"), "The receipt says that it was processed"),
    ] {
        let (us, _partner, sent) = sent(wrong, b"document").await;
        let proof = us.app.proof(&sent.id.to_string()).await.unwrap();
        let check = proof.checks.iter().find(|check| check.what == what).unwrap();
        assert!(!proof.proven && check.holds == Some(false), "{wrong:?}: {proof:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_is_saved_byte_for_byte_and_what_was_not_kept_is_told() {
    let (us, _partner, sent) = sent(Wrong::Nothing, &sample("856.x12")).await;
    let id = sent.id.to_string();
    for (part, files) in [
        (RawPart::Payload, vec!["payload"]),
        (RawPart::Request, vec!["request.head", "request.body"]),
        (RawPart::Response, vec!["response.head", "response.body"]),
        (RawPart::Receipt, vec!["response.head", "response.body"]),
    ] {
        let file = us.path("saved");
        let saved = us.app.save_part(&id, part, None, &file).await.unwrap();
        let kept: Vec<u8> = files.iter().flat_map(|name| us.kept(&sent, name)).collect();
        assert_eq!((saved.bytes, saved.gap), (kept.len() as u64, None));
        assert_eq!(std::fs::read(&file).unwrap(), kept, "{part:?}");
    }
    assert!(us.app.save_part(&id, RawPart::Payload, None, &us.path("absent/file")).await.is_err());

    // More than is kept of a body.
    let large: Vec<u8> = (0..17_u32 << 20).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sent = us.send_bytes(&large).await;
    let sent = us.until(&sent, |sent| us.kept(sent, "request.body").len() == 2 << 20).await;
    let id = sent.id.to_string();
    let view = Arc::new(us.app.open_view(&id, RawPart::Request, None).await.unwrap());
    assert_eq!((view.kind, view.bytes), (ViewKind::Hex, sent.bytes.sent));
    let gap = view.gap.unwrap();
    assert_eq!((gap.offset, gap.bytes), (1 << 20, sent.bytes.sent - (2 << 20)));
    let rows = us.app.view_rows(&view, (1 << 16) - 1, 3).await.unwrap();
    assert_eq!(rows[1], ViewRow::Missing(gap.bytes));
    assert!(matches!(rows[2], ViewRow::Hex { offset, .. } if offset == gap.offset + gap.bytes), "{rows:?}");
    let found = us.app.structure(&id, RawPart::Request).await.unwrap();
    assert!(found.missing.is_some() && found.message.bytes == sent.bytes.sent, "{found:#?}");
    assert_eq!(us.app.save_part(&id, RawPart::Request, None, &us.path("saved")).await.unwrap().gap, Some(gap));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_functional_acknowledgement_is_matched_with_what_it_is_about_from_both_ends() {
    let (us, _partner, invoice) = sent(Wrong::Nothing, &sample("810.x12")).await;
    let notice = us.send_bytes(&sample("856.x12")).await;
    let serving = us.serve().await;
    let (headers, body) = Partner::message(&us.certificate, "<ack@p>", &sample("997-rejected.x12"), &[]);
    let url = serving.url.clone();
    tokio::task::spawn_blocking(move || post(&url, &headers, &body)).await.unwrap();
    serving.stop().await;
    let received = us.journal().await.remove(0);
    let links = us.app.acknowledgements(&received.id.to_string()).await.unwrap();
    let matched: Vec<_> = links.acknowledges.iter().map(|link| link.transmission).collect();
    // It speaks of a second message, which was never in that group.
    assert_eq!(matched, [Some(invoice.id), None, Some(invoice.id)], "{links:#?}");
    assert!(links.acknowledged_by.is_empty());
    let links = us.app.acknowledgements(&invoice.id.to_string()).await.unwrap();
    let by: Vec<_> = links.acknowledged_by.iter().map(|link| (link.transmission, link.answer.outcome)).collect();
    assert_eq!(by, [(Some(received.id), Outcome::Rejected), (Some(received.id), Outcome::Partly)]);
    assert!(links.acknowledged_by[0].answer.reasons.contains(&"One or more segments in error".to_owned()));
    assert_eq!(us.app.acknowledgements(&notice.id.to_string()).await.unwrap().acknowledged_by, []);
}

const ISA: &str = "ISA*00*          *00*          *ZZ*ACME           *ZZ*PARTNER        *261123*1402*U*00401*";

#[tokio::test(flavor = "multi_thread")]
async fn short_numbers_kinds_of_groups_and_files_without_a_message_are_matched() {
    let order = format!(
        "{ISA}000000007*0*P*>~GS*PO*ACME*P*20261123*1402*7*X*004010~ST*850*0001~BEG*00*SA*1**20261123~SE*3*0001~GE*1*7~\
         IEA*1*000000007~"
    );
    let (us, _partner, order) = sent(Wrong::Nothing, order.as_bytes()).await;
    let serving = us.serve().await;
    let answer = |group: &str| {
        format!(
            "{ISA}000000900*0*P*>~GS*FA*P*ACME*20261123*1402*900*X*004010~ST*997*0001~AK1*{group}*7~AK9*A*1*1*1~SE*4*0001~\
             GE*1*900~IEA*1*000000900~"
        )
    };
    let technical = format!("{ISA}000000901*0*P*>~TA1*000000007*261123*1402*A*000~IEA*0*000000901~");
    for (number, text) in [answer("PO"), answer("IN"), technical].into_iter().enumerate() {
        let (headers, body) = Partner::message(&us.certificate, &format!("<{number}@p>"), text.as_bytes(), &[]);
        let url = serving.url.clone();
        tokio::task::spawn_blocking(move || post(&url, &headers, &body)).await.unwrap();
    }
    serving.stop().await;
    let received: Vec<Transmission> =
        us.journal().await.into_iter().filter(|each| each.verdict == Verdict::Received).collect();
    assert_eq!(received.len(), 3, "{received:#?}");
    let mut about = Vec::new();
    for each in &received {
        let links = us.app.acknowledgements(&each.id.to_string()).await.unwrap();
        about.push((
            each.message_id.clone(),
            links.acknowledges.iter().map(|link| link.transmission).collect::<Vec<_>>(),
        ));
    }
    about.sort();
    let id = |number: usize| format!("<{number}@p>");
    assert_eq!(about, [(id(0), vec![Some(order.id)]), (id(1), vec![None]), (id(2), vec![Some(order.id)])]);
    let by = us.app.acknowledgements(&order.id.to_string()).await.unwrap().acknowledged_by;
    let kinds: Vec<_> = by.iter().map(|link| link.answer.group_kind.as_deref()).collect();
    assert_eq!(kinds, [Some("PO"), None], "the answer to the interchange as well, though it is in no message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_stays_proven_when_its_connection_is_gone() {
    let (us, _partner, delivered) = sent(Wrong::Nothing, b"document").await;
    let connection = delivered.connection.clone().unwrap();
    us.app.remove_connection(&connection).await.unwrap();
    let proof = us.app.proof(&delivered.id.to_string()).await.unwrap();
    assert!(proof.proven, "{proof:#?}");
    // Whom nobody knows any more cannot be told from a stranger.
    let (us, _partner, sent) = sent(Wrong::Stranger, b"document").await;
    us.app.remove_connection(&connection).await.unwrap();
    let proof = us.app.proof(&sent.id.to_string()).await.unwrap();
    let what = "The receipt is signed by the partner and was not changed";
    let check = proof.checks.iter().find(|check| check.what == what).unwrap();
    assert!(check.holds.is_none() && !proof.proven, "{proof:#?}");
}

fn program(us: &Us, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(words).env("COUNTERSIGN_WORKSPACE", us.workspace()).stdin(Stdio::null());
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE").output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_saves_and_proves() {
    let (us, _partner, sent) = sent(Wrong::Nothing, &sample("broken-counts.x12")).await;
    let id = sent.id.to_string();
    us.app.close().await;
    let text = |words: &[&str]| {
        let output = program(&us, words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = text(&["transmission", "show", &id, "--payload"]);
    for wanted in [
        "X12, ",
        "BEG*00*SA*4501234567**20261123",
        "Beginning of a purchase order",
        "850, Purchase order: control number 0001, group 77120, interchange 000077120",
        "Segment 16, byte ",
        "SE counts 12, and there are 14 segments",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    assert!(text(&["transmission", "show", &id, "--structure"]).starts_with("Encrypted, "));
    let document: serde_json::Value =
        serde_json::from_str(&text(&["transmission", "show", &id, "--payload", "--structure", "--json"])).unwrap();
    assert_eq!(document["outline"]["messages"][0]["control"], "0001");
    assert_eq!(document["outline"]["delimiters"]["element"], "*");
    assert_eq!(document["structure"]["message"]["title"], "Encrypted");
    assert_eq!(document["id"], id.as_str());
    assert_eq!(text(&["transmission", "raw", &id, "payload"]).into_bytes(), us.kept(&sent, "payload"));
    let file = us.path("raw").display().to_string();
    text(&["transmission", "raw", &id, "receipt", "-o", &file]);
    let kept = [us.kept(&sent, "response.head"), us.kept(&sent, "response.body")].concat();
    assert_eq!(std::fs::read(&file).unwrap(), kept);
    let output = program(&us, &["transmission", "list", "--sort", "size", "--after", "1795673727150"]);
    assert_eq!(output.status.code(), Some(2), "a place in another list");
    let page = us.path("proof.html").display().to_string();
    assert!(text(&["transmission", "proof", &id, "-o", &page]).contains("✓ The receipt is for this message"));
    let (us, _partner, sent) = self::sent(Wrong::Unsigned, b"document").await;
    us.app.close().await;
    let page = us.path("proof.html").display().to_string();
    let output = program(&us, &["transmission", "proof", &sent.id.to_string(), "-o", &page]);
    assert_eq!(output.status.code(), Some(1), "what is not proven answers no");
}
