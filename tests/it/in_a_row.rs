//! Many messages received in a row, from several clients at once and some of them twice: none is lost, none is doubled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::domain::transmission::Verdict;
use countersign::store::TransmissionFilter;

use crate::exchange::{Partner, Us, post};

const CLIENTS: usize = 4;

/// Every so many messages one is sent again, as by a partner who did not hear the answer.
const REPEATED: usize = 50;

async fn receive(many: usize) {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    let (next, url, certificate) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(serving.url.clone()), Arc::new(us.certificate.clone()));
    let clients = (0..CLIENTS).map(|_| {
        let (next, url, certificate) = (Arc::clone(&next), Arc::clone(&url), Arc::clone(&certificate));
        tokio::task::spawn_blocking(move || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= many {
                    return;
                }
                let document = format!("UNB+UNOC:3+PARTNER+US+261126:0900+{number}'UNZ+0+{number}'");
                let (headers, body) =
                    Partner::message(&certificate, &format!("<{number}@p>"), document.as_bytes(), &[]);
                for _ in 0..if number.is_multiple_of(REPEATED) { 2 } else { 1 } {
                    let answer = post(&url, &headers, &body);
                    assert_eq!(answer.status, 200, "{number}");
                    assert!(String::from_utf8_lossy(&answer.body).contains("processed"), "{number}");
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    serving.stop().await;

    let repeated = many.div_ceil(REPEATED);
    assert_eq!(us.inbox().len(), many);
    let delivered = us.path("inbox/partner/production");
    let mut payloads: Vec<Vec<u8>> =
        us.inbox().iter().map(|name| std::fs::read(delivered.join(name)).unwrap()).collect();
    payloads.sort();
    payloads.dedup();
    assert_eq!(payloads.len(), many, "each was delivered as it was sent");
    let (mut received, mut again) = (BTreeMap::new(), BTreeMap::new());
    let mut after = None;
    loop {
        let filter = TransmissionFilter { limit: 1000, after, ..TransmissionFilter::default() };
        let page = us.app.transmissions(&filter).await.unwrap();
        for each in &page.transmissions {
            assert_eq!(each.verdict, Verdict::Received, "{}", each.message_id);
            let is_repeated = each.cause.as_deref() == Some("Repeated message");
            *if is_repeated { &mut again } else { &mut received }.entry(each.message_id.clone()).or_insert(0) += 1;
        }
        after = page.next.map(|place| place.parse().unwrap());
        if after.is_none() {
            break;
        }
    }
    assert_eq!((received.len(), again.len()), (many, repeated));
    assert!(received.values().chain(again.values()).all(|entries| *entries == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_hundreds_received_in_a_row_none_is_lost_or_doubled() {
    receive(200).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes"]
async fn of_ten_thousand_received_in_a_row_none_is_lost_or_doubled() {
    receive(10_000).await;
}
