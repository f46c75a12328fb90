//! Line ends that are turned on the way, and partners who canonicalise. Over real sockets.

use std::fs;
use std::net::TcpStream;

use countersign::domain::algorithm::{Digest, Encryption};
use countersign::domain::connection::Profile;
use countersign::domain::transmission::Verdict;

use crate::behaviour_quirks::{receiving, says};
use crate::exchange::{Partner, Received, Us, Wrong, judged, post};

/// The structures whose MIC goes by different rules.
const STRUCTURES: [(&str, &str); 4] =
    [("none", "none"), ("none", "sha256"), ("aes128-cbc", "none"), ("aes128-cbc", "sha256")];

#[tokio::test(flavor = "multi_thread")]
async fn quirk_41_two_workspaces_that_canonicalise_have_the_same_mic() {
    let (us, them) = (Us::new().await, Us::new().await);
    let certificate = |us: &Us| us.certificate.to_pem();
    fs::write(us.path("partner.pem"), certificate(&them)).unwrap();
    fs::write(them.path("partner.pem"), certificate(&us)).unwrap();
    let serving = them.serve().await;
    let connect = async |from: &Us, ids: (&str, &str), url: &str, settings: &str| {
        let text = format!(
            "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"{}\"\npartner_as2_id = \"{}\"\n\
             url = \"{url}\"\nidentity = \"us\"\npartner_certificates = [\"partner.pem\"]\nrequire = \"none\"\n{settings}",
            ids.0, ids.1
        );
        let file = from.path("partner.toml");
        fs::write(&file, text).unwrap();
        from.app.add_connection(&file, true).await.unwrap();
    };
    const PAYLOAD: &[u8] = b"a\nb\r\nc";
    let canonical = "[production.quirks]\ncanonicalise_mic = true\n";
    for (encryption, signing) in STRUCTURES {
        for compression in ["none", "before-signing", "after-signing"] {
            let form =
                format!("encryption = \"{encryption}\"\nsigning = \"{signing}\"\ncompression = \"{compression}\"\n");
            connect(&them, ("B", "A"), "http://127.0.0.1:9/", canonical).await;
            connect(&us, ("A", "B"), &serving.url, &format!("{form}{canonical}")).await;
            judged(&us.send_bytes(PAYLOAD).await, Verdict::Delivered, "ggggg", "Delivered and signed for");
        }
    }
    // Text that is encrypted and nothing else is canonicalised without being told to (RFC 4130 section 7.3.1).
    connect(&them, ("B", "A"), "http://127.0.0.1:9/", "").await;
    let text = "encryption = \"aes128-cbc\"\nsigning = \"none\"\ncontent_type = \"text/plain\"\n";
    connect(&us, ("A", "B"), &serving.url, text).await;
    let sent = us.send_bytes(PAYLOAD).await;
    judged(&sent, Verdict::Delivered, "ggggg", "Delivered and signed for");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_25_a_message_signed_with_crlf_and_sent_with_lf_is_taken_where_the_profile_says_so() {
    const SIGNED: &[u8] = b"line one\r\nline two\r\n";
    let cases = [("", "integrity-check-failed"), ("canonicalise_mic = true", "; processed\r\n")];
    // A carriage return alone is a line end too to OpenAS2, whose transfer encoding 8bit this is.
    for ((quirks, disposition), end) in cases.into_iter().flat_map(|case| [(case, "\n"), (case, "\r")]) {
        let (us, serving) = receiving(&format!("require = \"none\"\n[production.quirks]\n{quirks}")).await;
        let plain = |profile: &mut Profile| {
            profile.encryption = Encryption::None;
        };
        let (headers, body) = Partner::message_as(&us.certificate, "<q25@p>", SIGNED, &[], plain);
        let at = crate::messages::find(&body, SIGNED).unwrap();
        let other = String::from_utf8(SIGNED.to_vec()).unwrap().replace("\r\n", end);
        let sent = [&body[..at], other.as_bytes(), &body[at + SIGNED.len()..]].concat();
        let answered = post(&serving.url, &headers, &sent);
        assert!(says(&answered, disposition), "{quirks}: {}", String::from_utf8_lossy(&answered.body));
        let journal = us.journal().await;
        let diagnosis = journal[0].diagnosis.clone().unwrap();
        let told = format!("{} {:?}", diagnosis.explanation, diagnosis.remedy);
        assert!(told.contains("`quirks.canonicalise_mic`"), "{told}");
        if journal[0].verdict == Verdict::Received {
            // The MIC is over what was signed, and what came is what is delivered.
            let begins = crate::messages::find(&body, b"Content-Type: application/edifact").unwrap();
            let part = &body[begins..at + SIGNED.len()];
            let mic = crate::messages::mic_of(Digest::Sha256, part);
            assert!(says(&answered, &mic.base64()), "{}", String::from_utf8_lossy(&answered.body));
            assert!(journal[0].signed_with.is_some());
        }
        serving.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_25_a_receipt_signed_with_other_line_ends_is_told_as_that_and_taken_where_the_profile_says_so() {
    let cases = [
        ("", Verdict::Uncertain, "ggbgg", "The receipt was signed with other line ends"),
        ("canonicalise_mic = true", Verdict::Delivered, "ggggg", "Delivered and signed for"),
    ];
    // The line ends of the human-readable text alone; and a last line break that was not signed, as libas2 does it.
    let changes =
        [("The message was received\r\n", "The message was received\n"), ("--\r\n\r\n--", "--\r\n\r\n\r\n--")];
    for ((quirks, verdict, lights, cause), (signed, sent)) in
        cases.into_iter().flat_map(|case| changes.map(|change| (case, change)))
    {
        let us = Us::new().await;
        let certificate = us.certificate.clone();
        let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
            let receipt = received.receipt(&certificate, Wrong::Nothing);
            let text = String::from_utf8(receipt.body).unwrap();
            let body = text.replacen(signed, sent, 1);
            assert_ne!(body, text);
            Partner::answer(stream, "200 OK", &receipt.headers, body.as_bytes());
        });
        us.connect(&partner.url, &format!("[production.quirks]\n{quirks}")).await;
        judged(&us.send().await, verdict, lights, cause);
    }
}
