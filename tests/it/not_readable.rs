//! What was decrypted and cannot be read all the same: our journal names what it is, and the sender is told so where a tag holds
//! what was encrypted, and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::as2::headers::get;
use countersign::domain::algorithm::{Encryption, Signing};
use countersign::domain::connection::{Profile, TransferEncoding};
use countersign::domain::diagnosis::Diagnosis;

use crate::behaviour_quirks::receiving;
use crate::exchange::{DOCUMENT, Partner, Serving, Us, post};
use crate::messages::{build, compressed_data, find, fixture, profile, stored_zlib};

/// SHA-256 in a signature, but for its last octet, which is the number of the digest among those of NIST.
const NIST_DIGEST: [u8; 10] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0];

/// A signed message of the partner whose signature names another digest of NIST: its Content-Type and its body.
fn signed_over(us: &Us, number: u8) -> (String, Vec<u8>) {
    let (headers, body) = Partner::message_as(&us.certificate, "<inner@p>", DOCUMENT.as_bytes(), &[], |profile| {
        profile.encryption = Encryption::None;
    });
    let head = find(&body, b"smime.p7s").expect("it is signed");
    let start = head + find(&body[head..], b"\r\n\r\n").expect("its head ends") + 4;
    let end = start + find(&body[start..], b"\r\n--").expect("it ends");
    let text: Vec<u8> = body[start..end].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut signature = STANDARD.decode(text).expect("it is base64");
    let known = &NIST_DIGEST[..9];
    while let Some(at) = find(&signature, known) {
        signature[at + 8] = number;
    }
    let mut patched = body[..start].to_vec();
    for line in STANDARD.encode(signature).as_bytes().chunks(76) {
        patched.extend_from_slice(line);
        patched.extend_from_slice(b"\r\n");
    }
    patched.extend_from_slice(&body[end + 2..]);
    (get(&headers, "Content-Type").expect("it has one").to_owned(), patched)
}

/// Posts a message of the partner with this in it: the modifier that is told, the words that are, and what our journal says.
async fn answered(
    us: &Us,
    serving: &Serving,
    content: (&str, &[u8]),
    form: impl FnOnce(&mut Profile),
) -> (String, String, Diagnosis) {
    let id = format!("<{}@p>", us.journal().await.len());
    let (kind, payload) = content;
    let (headers, body) = Partner::message_as(&us.certificate, &id, payload, &[], |profile| {
        kind.clone_into(&mut profile.content_type);
        form(profile);
    });
    let answered = post(&serving.url, &headers, &body);
    let text = String::from_utf8_lossy(&answered.body).into_owned();
    let modifier = text.lines().find_map(|line| line.strip_prefix("Disposition: ")).unwrap_or_default();
    let modifier = modifier.rsplit(": ").next().unwrap_or_default().to_owned();
    let words = text.lines().find(|line| line.starts_with("The message was")).unwrap_or_default().to_owned();
    let found = us.journal().await.into_iter().find(|each| each.message_id == id).expect("it is in the journal");
    (modifier, words, found.diagnosis.expect("it is explained"))
}

fn wrapped(encryption: Encryption) -> impl FnOnce(&mut Profile) {
    move |profile| {
        (profile.signing, profile.encryption) = (Signing::None, encryption);
        profile.transfer_encoding = TransferEncoding::Binary;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsupported_digest_is_named_to_us_and_to_the_sender_where_nothing_may_have_been_changed() {
    let (us, serving) = receiving("").await;
    for (number, name) in [(4, "SHA-224"), (8, "SHA3-256"), (99, "2.16.840.1.101.3.4.2.99")] {
        let (kind, body) = signed_over(&us, number);
        for (encryption, modifier) in
            [(Encryption::Aes128Cbc, "decryption-failed"), (Encryption::Aes128Gcm, "authentication-failed")]
        {
            let (told, words, said) = answered(&us, &serving, (&kind, &body), wrapped(encryption)).await;
            assert_eq!(told, modifier, "{words}");
            assert_eq!(words.contains("digest"), encryption == Encryption::Aes128Gcm, "{words}");
            assert!(!words.contains(name), "{words}");
            assert_eq!(said.cause, "Signed with an unsupported digest");
            assert!(said.explanation.contains(name), "{}", said.explanation);
        }
    }
    // What is signed and nothing else holds nothing back.
    let (kind, body) = signed_over(&us, 4);
    let (headers, _) = Partner::message(&us.certificate, "<bare@p>", DOCUMENT.as_bytes(), &[("Content-Type", &kind)]);
    let answer = post(&serving.url, &headers, &body);
    let text = String::from_utf8_lossy(&answer.body);
    assert!(text.contains("processed/error: authentication-failed"), "{text}");
    let journal = us.journal().await;
    let bare = journal.iter().find(|each| each.message_id == "<bare@p>").expect("it is in the journal");
    assert!(bare.diagnosis.as_ref().is_some_and(|said| said.explanation.contains("SHA-224")), "{bare:?}");
    assert!(us.inbox().is_empty());
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_not_as_announced_was_decrypted() {
    let (us, serving) = receiving("").await;
    let (kind, body) = (
        "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha256; boundary=b",
        b"--b\r\nx".as_slice(),
    );
    for (encryption, modifier, cause) in [
        (Encryption::Aes128Cbc, "decryption-failed", "Decrypted, but cannot be read"),
        (Encryption::Aes128Gcm, "unexpected-processing-error", "Could not be read"),
    ] {
        let (told, words, said) = answered(&us, &serving, (kind, body), wrapped(encryption)).await;
        assert_eq!((told.as_str(), said.cause.as_str()), (modifier, cause), "{words}");
        assert!(!words.contains("Decrypted, but"), "{words}");
    }
    // Whoever signed it so may know, whatever it was encrypted with: nobody else can make them.
    for (is_theirs, modifier, cause) in [
        (true, "unexpected-processing-error", "Could not be read"),
        (false, "decryption-failed", "Decrypted, but cannot be read"),
    ] {
        let (told, words, said) = answered(&us, &serving, ("application/pkcs7-mime", b"no CMS"), |profile| {
            profile.encryption = Encryption::Aes128Cbc;
            if !is_theirs {
                profile.signing = Signing::None;
            }
        })
        .await;
        assert_eq!((told.as_str(), said.cause.as_str()), (modifier, cause), "{words}");
    }
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_content_that_a_tag_holds_lacks_its_signature_and_was_not_encrypted_for_another() {
    let (us, serving) = receiving("require = \"signed-encrypted\"").await;
    let content = compressed_data(&stored_zlib(DOCUMENT.as_bytes()), None);
    for (encryption, modifier, cause) in [
        (Encryption::Aes128Cbc, "decryption-failed", "Could not be decrypted"),
        (Encryption::Aes256Gcm, "insufficient-message-security", "Too little security"),
    ] {
        let kind = "application/pkcs7-mime; smime-type=compressed-data";
        let (told, words, said) = answered(&us, &serving, (kind, &content), wrapped(encryption)).await;
        assert_eq!((told.as_str(), said.cause.as_str()), (modifier, cause), "{words}");
    }
    // A tag that anybody can put around the ciphertext of others says nothing of what is in that.
    let (headers, inner) = Partner::message_as(&us.certificate, "<inner@p>", &content, &[], |profile| {
        "application/pkcs7-mime; smime-type=compressed-data".clone_into(&mut profile.content_type);
        wrapped(Encryption::Aes128Cbc)(profile);
    });
    let kind = get(&headers, "Content-Type").expect("it has one");
    let (told, words, _) = answered(&us, &serving, (kind, &inner), wrapped(Encryption::Aes128Gcm)).await;
    assert_eq!(told, "decryption-failed", "{words}");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_as_nobody_can_check_is_explained_in_plain_words() {
    let (us, serving) = receiving("").await;
    let (built, unnamed) = build(
        &profile("signing = \"sha256\"\nencryption = \"none\"\nquirks = { signer_certificates = \"none\" }"),
        DOCUMENT.as_bytes(),
    )
    .expect("it is built");
    let kind = get(&built.headers, "Content-Type").expect("it has one");
    for (id, kind, body, told, explained) in [
        (
            "<opaque@p>",
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
            fixture("sig-sha256-attached.der"),
            "unexpected-processing-error",
            "signed with its content inside the signature (`signed-data`), where AS2 wants multipart/signed",
        ),
        (
            "<unnamed@p>",
            kind,
            unnamed,
            "authentication-failed",
            "The message does not hold the certificate that it is signed with, and none of those accepted from ",
        ),
    ] {
        let (headers, _) = Partner::message(&us.certificate, id, DOCUMENT.as_bytes(), &[("Content-Type", kind)]);
        let answer = post(&serving.url, &headers, &body);
        assert!(String::from_utf8_lossy(&answer.body).contains(told), "{answer:?}");
        let journal = us.journal().await;
        let found = journal.iter().find(|each| each.message_id == id).expect("it is in the journal");
        let said = found.diagnosis.as_ref().expect("it is explained");
        assert!(said.explanation.contains(explained), "{}", said.explanation);
    }
    serving.stop().await;
}
