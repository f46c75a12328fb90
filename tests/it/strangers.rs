//! What somebody who knows two identifiers and nothing else can make the program keep, and what not.

use std::io::Write as _;

use countersign::app::RawPart;
use countersign::domain::transmission::{Transmission, Verdict};

use crate::exchange::{Answered, DOCUMENT, Partner, Us, post};
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
