//! What is done with a large message once it has been answered.

use countersign::app::RawPart;
use countersign::domain::transmission::{Direction, Verdict};

use crate::exchange::{Partner, Us, Wrong, post};

/// More than is kept of a raw body.
const LARGE: usize = 17 * 1024 * 1024;

/// Bytes that no compression makes small.
fn payload() -> Vec<u8> {
    (0..LARGE as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_payload_is_digested_and_its_body_cut_after_the_answer_and_before_the_program_ends() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    let payload = payload();
    let (headers, body) = Partner::message(&us.certificate, "<large@p>", &payload, &[]);
    let url = serving.url.clone();
    let length = body.len() as u64;
    let posted = tokio::task::spawn_blocking(move || [(); 2].map(|()| post(&url, &headers, &body).status));
    assert_eq!(posted.await.unwrap(), [200, 200]);
    serving.stop().await;

    let journal = us.journal().await;
    let [again, received] = journal.as_slice() else { panic!("{journal:#?}") };
    assert_eq!(received.direction, Direction::Inbound);
    assert_eq!((received.bytes.payload, received.bytes.sent), (LARGE as u64, length));
    // Sent on, the same bytes are digested by the other road.
    let sent = us.send_bytes(&payload).await;
    let sent = us.until(&sent, |sent| sent.payload_sha256.is_some()).await;
    assert!(received.payload_sha256.is_some());
    assert_eq!(received.payload_sha256, sent.payload_sha256);
    assert_eq!(us.kept(received, "payload"), payload);
    assert_eq!(us.kept(received, "request.body").len(), 2 * 1024 * 1024);
    // Of what is in order nothing says that it is damaged: the rest was not kept.
    let structure = us.app.structure(&received.id.to_string(), RawPart::Request).await.unwrap();
    let (_, why) = structure.obstacle().unwrap();
    assert_eq!(why, "only its first 1.0 MB are kept, and that far it could be read", "{}", structure.to_text());
    assert!(!structure.to_text().contains("cannot be read"), "{}", structure.to_text());
    // A repetition has no payload of its own, and its body is cut as well.
    assert_eq!((again.cause(), again.bytes.sent), (Some("Repeated message"), length));
    assert_eq!(us.kept(again, "request.body").len(), 2 * 1024 * 1024);
    // Whoever looks for what the partner sent finds it too.
    assert_eq!((&again.connection, again.profile), (&received.connection, received.profile));
    // And that not all is kept is said where the message is shown.
    let cut = us.app.cut_parts(&received.id.to_string()).await.unwrap();
    let missing = length - 2 * 1024 * 1024;
    assert_eq!(cut.iter().map(|part| (part.part, part.gap.bytes)).collect::<Vec<_>>(), [("request", missing)]);
    assert!(cut[0].in_words().contains("the middle is not kept"), "{cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_strangers_no_more_is_taken_than_is_kept_of_a_body() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let stranger = [header("AS2-From", "STRANGER"), header("AS2-To", "US"), header("Message-ID", "<s@s>")];
    let (url, body) = (serving.url.clone(), vec![b'x'; LARGE]);
    let answered = tokio::task::spawn_blocking(move || post(&url, &stranger, &body)).await.unwrap();
    assert_eq!(answered.status, 413, "{answered:?}");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_cut_once_its_asynchronous_receipt_has_decided() {
    let us = Us::new().await;
    let partner = Partner::start(|_, stream| Partner::answer(stream, "202 Accepted", &[], b""));
    us.connect(&partner.url, "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/as2\"").await;
    let serving = us.serve().await;
    let sent = us.send_bytes(&payload()).await;
    assert_eq!(sent.verdict, Verdict::Pending);
    assert_eq!(us.kept(&sent, "request.body").len() as u64, sent.bytes.sent, "it may yet be needed");
    let receipt = partner.received()[0].receipt(&us.certificate, Wrong::Nothing);
    assert_eq!(post(&serving.url, &receipt.headers, &receipt.body).status, 200);
    assert_eq!(us.transmission(&sent).await.verdict, Verdict::Delivered);
    let begun = std::time::Instant::now();
    while us.kept(&sent, "request.body").len() != 2 * 1024 * 1024 {
        assert!(begun.elapsed() < crate::exchange::PATIENCE, "it was not cut");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    serving.stop().await;
}
