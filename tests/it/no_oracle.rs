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

/// All that is told of a message whose ciphertext is changed at `from_end`, in every way in which one byte can be.
async fn answers(us: &Us, url: &str, form: fn(&mut Profile), from_end: usize) -> BTreeSet<(u16, String, bool)> {
    let (headers, body) = Partner::message_as(&us.certificate, "<captured@p>", DOCUMENT.as_bytes(), &[], form);
    let mut told_of_them = BTreeSet::new();
    for change in 1..=255_u8 {
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
    assert!(causes.contains("The message could not be decrypted"), "{causes:?}");
    assert!(journal.iter().all(|each| each.verdict == Verdict::Refused), "{causes:?}");
    serving.stop().await;
}
