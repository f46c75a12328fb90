//! What is done with a large message once it has been answered.

use countersign::domain::transmission::Direction;

use crate::exchange::{Partner, Us, post};

/// More than is kept of a raw body.
const LARGE: usize = 17 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_payload_is_digested_and_its_body_cut_after_the_answer_and_before_the_program_ends() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    let payload: Vec<u8> = (0..LARGE as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
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
    assert!(received.payload_sha256.is_some());
    assert_eq!(received.payload_sha256, sent.payload_sha256);
    assert_eq!(us.kept(received, "payload"), payload);
    assert_eq!(us.kept(received, "request.body").len(), 2 * 1024 * 1024);
    // A repetition has no payload of its own, and its body is cut as well.
    assert_eq!((again.cause(), again.bytes.sent), (Some("Repeated message"), length));
    assert_eq!(us.kept(again, "request.body").len(), 2 * 1024 * 1024);
}
