//! Every file that a partner may mail, read by its content.

use countersign::certificate::{Format, ReadError};

use super::{print, read_fixture};

/// The names of the certificates that may be meant, each with the names of its chain.
fn candidates(name: &str) -> Vec<Vec<String>> {
    let contents = read_fixture(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let called = |certificate: &countersign::certificate::Certificate| certificate.facts().common_name().to_owned();
    contents
        .candidates()
        .iter()
        .map(|each| std::iter::once(called(&each.leaf)).chain(each.chain.iter().map(called)).collect())
        .collect()
}

#[test]
fn one_certificate_is_found_wherever_it_is() {
    let new = print("new.cer");
    for (name, format, place) in [
        ("new.cer", Format::Der, None),
        ("text-around.pem", Format::Pem, None),
        ("with-openssl-text.pem", Format::Pem, None),
        ("quoted.txt", Format::Pem, None),
        ("new.zip", Format::Zip, Some("new.cer")),
        ("stored.zip", Format::Zip, Some("new.pem")),
        ("nested.zip", Format::Zip, Some("new.cer")),
        ("attached.eml", Format::Mail, Some("new.cer")),
        ("mailbox.eml", Format::Mail, Some("new.cer")),
        ("inline.eml", Format::Mail, Some("the mail's text")),
        ("plain.eml", Format::Mail, Some("the mail's text")),
        ("html.eml", Format::Mail, Some("the mail's text")),
        ("zipped.eml", Format::Mail, Some("new.cer")),
        ("text-attachment.eml", Format::Mail, Some("new.crt")),
        ("forwarded.eml", Format::Mail, Some("new.cer")),
    ] {
        let contents = read_fixture(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(contents.format, format, "{name}");
        assert_eq!(contents.certificates.len(), 1, "{name}");
        assert_eq!(contents.certificates[0].facts().fingerprint_sha256, new, "{name}");
        assert_eq!(contents.places.get(&new).map(String::as_str), place, "{name}");
        assert!(!contents.has_private_key && contents.remarks.is_empty(), "{name}: {:?}", contents.remarks);
    }
}

#[test]
fn of_a_chain_the_leaf_is_meant_and_the_rest_is_kept_with_it() {
    for name in ["chain.pem", "chain.p7b", "chain-pem.p7b", "chain.zip"] {
        assert_eq!(candidates(name), [["partner", "issuer", "root"]], "{name}");
    }
    // A certificate of OpenSSL's making calls itself a CA's and is none; a root that issued nothing here is not meant.
    assert_eq!(candidates("leaf-and-strangers.pem"), [vec!["partner"], vec!["partner"]]);
    assert_eq!(candidates("default.cer"), [["partner"]]);
    assert_eq!(candidates("root.cer"), [["root"]], "alone it can be meant");
}

#[test]
fn what_does_not_belong_together_is_left_to_the_user() {
    assert_eq!(candidates("several.pem"), [["partner"], ["somebody"]]);
    assert_eq!(candidates("several.zip"), [["partner"], ["somebody"]]);
    // Two of one subject did not issue each other.
    assert_eq!(candidates("old-and-new.pem"), [["partner"], ["partner"]]);
    let contents = read_fixture("several.zip").unwrap();
    assert_eq!(contents.places.values().collect::<Vec<_>>().len(), 2);
}

#[test]
fn a_private_key_is_found_wherever_it_is_and_never_kept() {
    for name in
        ["with-key.pem", "with-locked-key.pem", "key.zip", "p12.zip", "key-in-nested.zip", "key.eml", "key-in-text.eml"]
    {
        let contents = read_fixture(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(contents.has_private_key, "{name}");
        let in_a_container = matches!(contents.format, Format::Zip | Format::Mail);
        assert!(!in_a_container || contents.private_key.is_none(), "{name}");
    }
    assert_eq!(read_fixture("new.p12").unwrap_err(), ReadError::PasswordNeeded);
    let openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    for text in [openssh, "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n"] {
        assert_eq!(countersign::certificate::read(text.as_bytes(), None).unwrap_err(), ReadError::EncryptedKey);
    }
}

#[test]
fn what_holds_none_is_named() {
    for (name, said) in [
        ("nothing.zip", "there is no certificate in the archive; in it: README.txt, guide.pdf"),
        ("nothing.eml", "there is no certificate in the mail; in it: guide.pdf"),
        ("request.pem", "the file holds a request for a certificate, not a certificate"),
        ("public-key.pem", "the file holds a bare public key, not a certificate"),
        ("mail.msg", "the file is an Outlook message (.msg) or another file of Office, which is not opened here"),
        ("locked.zip", "the archive is protected by a password"),
        ("deep.zip", "there is no certificate in the archive: deeper.zip is packed too deep and was not opened"),
    ] {
        let error = read_fixture(name).unwrap_err();
        assert_eq!(error.to_string(), said, "{name}");
        assert!(error.hint().is_some(), "{name}");
    }
}

#[test]
fn what_would_fill_the_memory_is_refused() {
    for name in ["bomb.zip", "lying.zip", "many.zip"] {
        let error = read_fixture(name).unwrap_err();
        assert!(matches!(error, ReadError::Excessive(_) | ReadError::NothingInside { .. }), "{name}: {error}");
    }
    assert!(matches!(read_fixture("bomb.zip").unwrap_err(), ReadError::Excessive(_)));
    assert!(matches!(read_fixture("many.zip").unwrap_err(), ReadError::Excessive(_)));
}

#[test]
fn what_was_passed_over_is_said() {
    let contents = read_fixture("damaged-one.zip").unwrap();
    assert_eq!(contents.certificates.len(), 1);
    assert!(contents.remarks[0].starts_with("old.cer: is cut off"), "{:?}", contents.remarks);
    let contents = read_fixture("signed.eml").unwrap();
    assert_eq!(contents.certificates.len(), 1, "the sender's certificate for mail is not the partner's");
    assert!(contents.remarks[0].starts_with("smime.p7s is the signature of the mail itself"), "{:?}", contents.remarks);
}

#[test]
fn damage_of_every_kind_is_an_error_and_never_a_panic() {
    for name in ["new.zip", "attached.eml", "forwarded.eml", "chain.p7b", "nested.zip"] {
        let bytes = std::fs::read(super::fixture(name)).unwrap();
        for cut in (0..bytes.len()).step_by(13) {
            drop(countersign::certificate::read(&bytes[..cut], None));
            let mut changed = bytes.clone();
            changed[cut] ^= 0xff;
            drop(countersign::certificate::read(&changed, None));
        }
    }
}
