//! What somebody who knows two identifiers and nothing else can make the program keep, and what not.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use countersign::app::{RawPart, ServeEvent};
use countersign::domain::transmission::{Transmission, Verdict};
use countersign::store::TransmissionFilter;

use crate::exchange::{Answered, DOCUMENT, Partner, Serving, Us, post};
use crate::messages::compressed_data;

fn said(answered: &Answered) -> String {
    String::from_utf8_lossy(&answered.body).into_owned()
}

/// Headers of a message between the two, of a kind, with a wish for a receipt.
fn headers(id: &str, kind: &str) -> Vec<(String, String)> {
    [
        ("AS2-From", "PARTNER"),
        ("AS2-To", "US"),
        ("AS2-Version", "1.2"),
        ("Message-ID", id),
        ("Content-Type", kind),
        ("Disposition-Notification-To", "x"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Compressed content that nobody has signed and that inflates to so many MiB.
fn bomb(mib: usize) -> Vec<u8> {
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflate.write_all(b"Content-Type: application/edi-x12\r\n\r\n").unwrap();
    for _ in 0..mib {
        deflate.write_all(&vec![0; 1 << 20]).unwrap();
    }
    compressed_data(&deflate.finish().unwrap(), None)
}

async fn the_one(us: &Us, id: &str) -> Transmission {
    us.journal().await.into_iter().find(|each| each.message_id == id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_its_raw_request_and_no_payload() {
    const KIND: &str = "application/pkcs7-mime; smime-type=compressed-data; name=smime.p7z";
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serving = us.serve().await;
    let body = bomb(8);
    assert!(body.len() < 16 * 1024);
    let answer = said(&post(&serving.url, &headers("<bomb@x>", KIND), &body));
    assert!(answer.contains("insufficient-message-security"), "{answer}");
    // Signed, and not by the partner.
    let (mut alien, unsigned) =
        Partner::message_as(&us.certificate, "<alien@x>", DOCUMENT.as_bytes(), &[], |profile| {
            profile.signing = countersign::domain::algorithm::Signing::None;
        });
    let answer = said(&post(&serving.url, &alien, &unsigned));
    assert!(answer.contains("insufficient-message-security"), "{answer}");
    for id in ["<bomb@x>", "<alien@x>"] {
        let refused = the_one(&us, id).await;
        assert_eq!((refused.verdict, refused.payload_sha256.as_ref()), (Verdict::Refused, None));
        let files = us.files(&refused);
        assert_eq!(files, ["request.body", "request.head", "response.body", "response.head"], "{id}");
        // Whoever looks for it is told, and sees in the raw request what it was made of.
        let id = refused.id.to_string();
        let error = us.app.kept(&id, RawPart::Payload).await.unwrap_err();
        assert!(error.to_string().contains("nothing was kept of the payload"), "{error}");
        assert!(error.what_to_do().is_some_and(|hint| hint.contains("kept as its raw request")), "{error:?}");
        let tree = us.app.structure(&id, RawPart::Request).await.unwrap();
        assert!(format!("{tree:?}").contains("ompressed") || format!("{tree:?}").contains("ncrypted"), "{tree:?}");
    }
    // And what is mended is processed anew under the same Message-ID.
    let (mended, body) = Partner::message(&us.certificate, "<alien@x>", DOCUMENT.as_bytes(), &[]);
    alien = mended;
    let answer = said(&post(&serving.url, &alien, &body));
    assert!(answer.contains("; processed\r\n"), "{answer}");
    assert_eq!(us.inbox(), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_the_partner_has_signed_is_kept_though_it_is_refused() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "require = \"signed-encrypted\"").await;
    let serving = us.serve().await;
    let (headers, body) = Partner::message_as(&us.certificate, "<plain@x>", DOCUMENT.as_bytes(), &[], |profile| {
        profile.encryption = countersign::domain::algorithm::Encryption::None;
    });
    let answer = said(&post(&serving.url, &headers, &body));
    assert!(answer.contains("insufficient-message-security"), "{answer}");
    let refused = the_one(&us, "<plain@x>").await;
    assert!(refused.signed_with.is_some() && refused.verdict == Verdict::Refused);
    assert_eq!(us.kept(&refused, "payload"), DOCUMENT.as_bytes());
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_under_a_known_message_id_is_not_kept_where_anybody_can_have_sent_it() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serving = us.serve().await;
    let (first, body) = Partner::message(&us.certificate, "<1@p>", DOCUMENT.as_bytes(), &[]);
    assert!(said(&post(&serving.url, &first, &body)).contains("; processed\r\n"));
    let answer = post(&serving.url, &headers("<1@p>", "application/edi-x12"), b"ISA*another~");
    assert!(said(&answer).contains("; processed\r\n"), "the first answer, as it was");
    let journal = us.journal().await;
    let other = journal.iter().find(|each| each.cause() != Some("Received")).unwrap();
    let told = other.diagnosis.as_ref().unwrap();
    assert!(told.evidence.iter().any(|line| line.contains("raw request was kept")), "{told:?}");
    assert!(!us.files(other).contains(&"payload".to_owned()));
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lets_a_partner_in_is_not_kept() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serving = us.serve().await;
    let (mut headers, body) = Partner::message(&us.certificate, "<1@p>", DOCUMENT.as_bytes(), &[]);
    for (name, value) in [
        ("Authorization", "Basic cGFydG5lcjpQYXJ0bmVyU2VjcmV0UHc="),
        ("Proxy-authorization", "Basic\r\n cGFydG5lcjpQYXJ0bmVyU2VjcmV0UHc="),
        ("COOKIE", "session=cGFydG5lcjpQYXJ0bmVyU2VjcmV0UHc="),
    ] {
        headers.push((name.to_owned(), value.to_owned()));
    }
    assert!(said(&post(&serving.url, &headers, &body)).contains("; processed\r\n"));
    serving.stop().await;
    let received = the_one(&us, "<1@p>").await;
    let head = String::from_utf8(us.kept(&received, "request.head")).unwrap();
    assert!(head.contains("Authorization: *****") && head.contains("AS2-From: PARTNER"), "{head}");
    us.app.close().await;
    let mut folders = vec![us.workspace()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let secret = b"cGFydG5lcjpQYXJ0bmVy";
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 6, "{files}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_messages_between_unknown_identifiers_little_is_kept_and_not_many() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let serving = Serving::telling(us.app.clone(), us.path("inbox"), None, move |event| {
        if let ServeEvent::TurnedAway { reason, .. } = event {
            telling.lock().unwrap().push(reason);
        }
    })
    .await;
    let unknown = |id: &str, kind: &str| {
        let mut headers = headers(id, kind);
        headers[0].1 = "NOBODY".to_owned();
        headers
    };
    // A large one: its head, and what all of it was.
    let large: Vec<u8> = (0..3_000_000_u32).map(|index| u8::try_from(index % 251).unwrap()).collect();
    for kind in ["application/pkcs7-mime", "text/plain"] {
        let id = format!("<{}@x>", kind.len());
        assert!(said(&post(&serving.url, &unknown(&id, kind), &large)).contains("unknown-trading-relationship"));
        let kept = the_one(&us, &id).await;
        assert_eq!(us.kept(&kept, "request.body"), large[..64 * 1024]);
        assert_eq!(kept.bytes.sent, 3_000_000);
        let part = us.app.kept(&kept.id.to_string(), RawPart::Request).await.unwrap();
        assert_eq!((part.bytes, part.gap.map(|gap| gap.offset)), (3_000_000, Some(64 * 1024)));
        assert_eq!(part.sha256.map(|digest| digest.len()), Some(64));
        assert!(us.app.structure(&kept.id.to_string(), RawPart::Request).await.is_ok());
    }
    let mut answers = Vec::new();
    for number in 0..70 {
        let answer = post(&serving.url, &unknown(&format!("<{number}@x>"), "application/edi-x12"), b"hello");
        answers.push((answer.status, answer.header("Retry-After").is_some()));
    }
    assert_eq!(answers[..58], [(200, false); 58]);
    assert_eq!(answers[58..], [(429, true); 12]);
    // What may be a receipt is looked into all the same, and not kept where it is for nothing.
    let none = post(&serving.url, &unknown("<text@x>", "text/plain"), b"hello");
    assert_eq!(none.status, 429);
    let receipt = b"--b\r\n\r\nwords\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n\
        Original-Message-ID: <never@us>\r\nDisposition: automatic-action/MDN-sent-automatically; processed\r\n--b--\r\n";
    let kind = "multipart/report; report-type=disposition-notification; boundary=b";
    assert_eq!(post(&serving.url, &unknown("<receipt@x>", kind), receipt).status, 429);
    // Partners notice nothing of it.
    let (headers, body) = Partner::message(&us.certificate, "<good@p>", DOCUMENT.as_bytes(), &[]);
    assert!(said(&post(&serving.url, &headers, &body)).contains("; processed\r\n"));
    serving.stop().await;
    let journal =
        us.app.transmissions(&TransmissionFilter { limit: 500, ..TransmissionFilter::default() }).await.unwrap();
    assert_eq!(journal.transmissions.len(), 60 + 1);
    let last = the_one(&us, "<57@x>").await;
    let evidence = last.diagnosis.unwrap().evidence;
    assert!(evidence.iter().any(|line| line.contains("no more are kept")), "{evidence:?}");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("no more are kept within the hour") && told[1] == "13 more times within a minute",
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_turned_away_again_and_again_has_one_line_in_the_log() {
    let us = Us::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let serving = Serving::telling(us.app.clone(), us.path("inbox"), None, move |event| {
        if let ServeEvent::TurnedAway { reason, .. } = event {
            telling.lock().unwrap().push(reason);
        }
    })
    .await;
    for _ in 0..20 {
        assert_eq!(post(&serving.url, &[("X".to_owned(), "y".to_owned())], b"hello").status, 400);
    }
    serving.stop().await;
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("without AS2-From") && told[1] == "19 more times within a minute", "{told:?}");
}
