//! Whoever changes what others have encrypted learns nothing from our answers: neither whether the padding was right, nor
//! whether the key was. Over a real socket.

use std::collections::BTreeSet;

use countersign::domain::algorithm::{Encryption, Signing};
use countersign::domain::connection::Profile;
use countersign::domain::transmission::Verdict;

use crate::behaviour_quirks::receiving;
use crate::exchange::{Answered, DOCUMENT, Partner, Us, post};

/// What an answer says that does not change with each message: its status, what is told, whether there is a MIC.
fn told(answered: &Answered) -> (u16, String, bool) {
    let text = String::from_utf8_lossy(&answered.body).into_owned();
    let lines = text
        .lines()
        .filter(|line| line.starts_with("Disposition:") || line.contains("could not") || line.contains("ssage"));
    let lines: Vec<&str> = lines.filter(|line| !line.contains("Message-ID")).collect();
    (answered.status, lines.join("\n"), text.contains("Received-Content-MIC"))
}

/// The changes of a byte after which it may be padding: both what it was and what it becomes are at most the block's length.
/// Twice that is less than the times that a reason is told in an hour.
const CHANGES: std::ops::RangeInclusive<u8> = 1..=31;

/// All that is told of a message whose ciphertext is changed at `from_end`, in every way that may make it other padding.
async fn answers(us: &Us, url: &str, form: fn(&mut Profile), from_end: usize) -> BTreeSet<(u16, String, bool)> {
    let (headers, body) = Partner::message_as(&us.certificate, "<captured@p>", DOCUMENT.as_bytes(), &[], form);
    let mut told_of_them = BTreeSet::new();
    for change in CHANGES {
        let mut headers = headers.clone();
        for (name, value) in &mut headers {
            if name.eq_ignore_ascii_case("Message-ID") {
                *value = format!("<forged-{change}-{from_end}@p>");
            }
        }
        let mut body = body.clone();
        let at = body.len() - from_end;
        body[at] ^= change;
        told_of_them.insert(told(&post(url, &headers, &body)));
    }
    told_of_them
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_what_is_encrypted_gets_the_same_answer() {
    let (us, serving) = receiving("require = \"signed-encrypted\"").await;
    let unsigned: fn(&mut Profile) = |profile| {
        (profile.encryption, profile.signing) = (Encryption::Aes128Cbc, Signing::None);
    };
    let signed: fn(&mut Profile) = |profile| profile.encryption = Encryption::Aes128Cbc;
    // The last byte of the last block but one decides about the last byte of the padding.
    for form in [unsigned, signed] {
        let told = answers(&us, &serving.url, form, 17).await;
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told.iter().all(|(status, text, _)| *status == 200 && text.contains("error")), "{told:#?}");
    }
    assert!(us.inbox().is_empty());
    // We ourselves are told what is the matter.
    let journal = us.journal().await;
    let causes: BTreeSet<String> =
        journal.iter().filter_map(|each| Some(each.diagnosis.as_ref()?.cause.clone())).collect();
    assert!(causes.contains("Could not be decrypted"), "{causes:?}");
    assert!(journal.iter().all(|each| each.verdict == Verdict::Refused), "{causes:?}");
    serving.stop().await;
}

/// Where the content of a message in AES-128-CBC begins: behind its initialisation vector.
fn content_of(body: &[u8]) -> usize {
    /// 2.16.840.1.101.3.4.1.2, and an octet string of one block.
    const CIPHER: [u8; 13] = [6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2, 4, 16];
    let cipher = body.windows(CIPHER.len()).position(|window| window == CIPHER).expect("it says how it is encrypted");
    // Tag and length follow, in at most five octets: whatever is changed from here on is ciphertext, or ends in nothing.
    cipher + CIPHER.len() + 16 + 5
}

#[tokio::test(flavor = "multi_thread")]
async fn what_decrypts_and_cannot_be_read_is_answered_as_what_does_not_decrypt() {
    let (us, serving) = receiving("require = \"signed-encrypted\"").await;
    let signed: fn(&mut Profile) = |profile| profile.encryption = Encryption::Aes128Cbc;
    let (headers, body) = Partner::message_as(&us.certificate, "<captured@p>", DOCUMENT.as_bytes(), &[], signed);
    let first = content_of(&body);
    let mut told_of_them = BTreeSet::new();
    for block in 0..16 {
        let mut headers = headers.clone();
        for (name, value) in &mut headers {
            if name.eq_ignore_ascii_case("Message-ID") {
                *value = format!("<forged-{block}@p>");
            }
        }
        let mut body = body.clone();
        body[first + 16 * block] ^= 0x5A;
        told_of_them.insert(told(&post(&serving.url, &headers, &body)).1);
    }
    assert!(told_of_them.iter().any(|told| told.contains("decryption-failed")), "{told_of_them:#?}");
    assert!(told_of_them.iter().all(|told| !told.contains("unexpected-processing-error")), "{told_of_them:#?}");
    // We ourselves are told that it decrypted.
    let journal = us.journal().await;
    let explained = |each: &countersign::domain::transmission::Transmission| {
        each.diagnosis.as_ref().is_some_and(|found| found.explanation.contains("what was encrypted cannot be read"))
    };
    assert!(journal.iter().any(explained));
    serving.stop().await;
}

/// What is left, such as where the content is compressed inside, is told too seldom to be of use.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_often_is_told_nothing_any_more() {
    let (us, serving) = receiving("require = \"signed-encrypted\"").await;
    let unsigned: fn(&mut Profile) = |profile| profile.signing = Signing::None;
    let post_as = |id: &str, form: fn(&mut Profile), is_spoilt: bool| {
        let (headers, mut body) = Partner::message_as(&us.certificate, id, DOCUMENT.as_bytes(), &[], form);
        if is_spoilt {
            body.truncate(20);
        }
        told(&post(&serving.url, &headers, &body))
    };
    let reasons: BTreeSet<_> = (0..100).map(|each| post_as(&format!("<unsigned-{each}@p>"), unsigned, false)).collect();
    assert_eq!(reasons.len(), 1, "{reasons:#?}");
    assert!(reasons.iter().all(|(_, text, _)| text.contains("insufficient-message-security")), "{reasons:#?}");
    let answers: BTreeSet<_> = [false, true, false, true]
        .into_iter()
        .enumerate()
        .map(|(each, is_spoilt)| post_as(&format!("<later-{each}@p>"), unsigned, is_spoilt))
        .collect();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let (status, text, has_mic) = answers.first().expect("there is one");
    assert!(*status == 200 && text.contains("unexpected-processing-error") && !has_mic, "{answers:#?}");
    // What is right is taken all the same, and we ourselves are told the reason.
    let (_, good, _) = post_as("<good@p>", |_| (), false);
    assert!(good.contains("processed") && !good.contains("error"), "{good}");
    let journal = us.journal().await;
    let later = journal.iter().find(|each| each.message_id == "<later-0@p>").expect("it is in the journal");
    let diagnosis = later.diagnosis.as_ref().expect("it is explained");
    assert!(
        diagnosis.evidence.iter().any(|each| each.contains("not told insufficient-message-security")),
        "{diagnosis:?}"
    );
    assert_ne!(diagnosis.cause, "Could not be read");
    serving.stop().await;
}
