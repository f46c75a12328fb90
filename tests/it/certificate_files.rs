//! Every file that a partner or a user may hold: read by its content, with the facts that OpenSSL tells.

use countersign::certificate::{Certificate, FileContents, Format, ReadError, read};
use countersign::domain::algorithm::Digest;
use countersign::domain::certificate::{CertificateWarning, KeyAlgorithm, warnings};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn file(name: &str, password: Option<&str>) -> FileContents {
    read(&bytes(name), password).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_facts_are_those_that_openssl_tells() {
    // openssl x509 -in … -noout -subject -serial -dates -fingerprint -sha256
    let found = file("certificates/retailer_sha256_2022_2027.cer", None);
    assert_eq!(found.format, Format::Der);
    let facts = found.certificates[0].facts();
    let pem = file("certificates/retailer_sha256_2022_2027.pem", None);
    assert_eq!(pem.format, Format::Pem);
    assert_eq!(pem.certificates[0].facts(), facts);
    assert_eq!((facts.key.algorithm, facts.key.bits), (KeyAlgorithm::Rsa, 2048));
    assert_eq!(facts.signature.hash, Some(Digest::Sha256));
    assert!(facts.self_signed && !facts.ca);
    assert_eq!(facts.not_before.to_string()[..4].parse(), Ok(2022));
    assert_eq!(facts.not_after.to_string()[..4].parse(), Ok(2027));
    let p7b = file("certificates/retailer_sha256_2022_2027.p7b", None);
    assert_eq!((p7b.format, p7b.certificates[0].facts()), (Format::P7b, facts));
    let renewal = file("certificates/retailer_sha256_samekey_renewal.cer", None);
    assert_eq!(renewal.certificates[0].facts().spki_sha256, facts.spki_sha256);
    assert_ne!(renewal.certificates[0].facts().fingerprint_sha256, facts.fingerprint_sha256);
    let ec = file("certificates/vendor_p256.pem", None);
    assert_eq!(ec.certificates[0].facts().key.to_string(), "EC P-256");
    let again = Certificate::from_der(ec.certificates[0].der()).unwrap().to_pem();
    assert_eq!(read(again.as_bytes(), None).unwrap().certificates, ec.certificates);
}

#[test]
fn what_speaks_against_a_certificate_is_said() {
    let at = "2026-11-24T12:00:00Z".parse().unwrap();
    let said = |name: &str| warnings(file(name, None).certificates[0].facts(), at);
    assert_eq!(said("certificates/retailer_sha256_2022_2027.cer"), []);
    assert_eq!(
        said("certificates/retailer_sha1_2014_2019.cer"),
        [CertificateWarning::Expired, CertificateWarning::Sha1]
    );
    assert!(said("certificates/vendor_rsa1024_weak.pem").contains(&CertificateWarning::ShortKey));
}

#[test]
fn a_chain_begins_with_its_leaf() {
    // In both files the authority stands first.
    for (name, format) in [("authority-and-leaf.p7b", Format::P7b), ("authority-and-leaf.pem", Format::Pem)] {
        let chain = file(&format!("certificates/{name}"), None);
        assert_eq!(chain.format, format);
        let names: Vec<&str> = chain.certificates.iter().map(|each| each.facts().common_name()).collect();
        assert_eq!(names, ["leaf", "authority"], "{name}");
        assert!(chain.certificates[1].facts().ca && !chain.certificates[0].facts().self_signed);
    }
    // The same under the labels that some write instead.
    let text = String::from_utf8(bytes("openssl/chain-pem.p7b")).unwrap();
    for label in ["PKCS #7 SIGNED DATA", "CERTIFICATE"] {
        let relabelled = read(text.replace("PKCS7", label).as_bytes(), None).unwrap();
        assert_eq!((relabelled.format, relabelled.certificates.len()), (Format::P7b, 2), "{label}");
    }
    assert_eq!(file("openssl/chain-der.p7b", None).certificates.len(), 1);
    assert_eq!(file("openssl/chain-pem.p7b", None).certificates.len(), 2);
}

#[test]
fn pkcs12_is_opened_with_its_password_and_with_no_other() {
    for name in ["openssl/rsa-modern.p12", "openssl/rsa-legacy-3des.p12", "openssl/rsa-legacy-rc2-40.p12"] {
        let opened = file(name, Some("test"));
        assert_eq!(opened.format, Format::P12);
        let key = opened.private_key.unwrap_or_else(|| panic!("{name}: no key"));
        assert!(key.matches(&opened.certificates[0]), "{name}");
        assert_eq!(read(&bytes(name), Some("wrong")).unwrap_err(), ReadError::WrongPassword, "{name}");
        assert_eq!(read(&bytes(name), None).unwrap_err(), ReadError::PasswordNeeded, "{name}");
    }
    for password in [None, Some("")] {
        assert!(file("openssl/rsa-emptypassword.p12", password).private_key.is_some());
    }
}

#[test]
fn text_around_and_forms_between_do_not_matter() {
    let pem = String::from_utf8(bytes("certificates/retailer_sha256_2022_2027.pem")).unwrap();
    let plain = &file("certificates/retailer_sha256_2022_2027.pem", None).certificates;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for text in [
        format!("Dear partner,\r\nplease find our certificate\r\n\r\n{}\r\nRegards", pem.replace('\n', "\r\n")),
        format!("\u{feff}{pem}"),
        format!("{pem}{pem}"),
        body,
    ] {
        let read = read(text.as_bytes(), None).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(read.certificates[0], plain[0]);
        assert!(!read.has_private_key);
    }
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(pem.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read(&utf16, None).unwrap().certificates[0], plain[0]);
}

#[test]
fn a_private_key_is_recognised_in_every_form() {
    for name in ["rsa.key.der", "ec.key.der"] {
        let found = file(&format!("openssl/{name}"), None);
        assert!(found.has_private_key && found.private_key.is_some() && found.certificates.is_empty(), "{name}");
    }
    for name in ["rsa-pkcs1.pem", "ec-sec1.pem"] {
        assert!(file(&format!("openssl/{name}"), None).private_key.is_some(), "{name}");
    }
}

#[test]
fn a_private_key_under_a_password_is_read_with_it() {
    let own = &file("openssl/rsa.crt", None).certificates[0];
    for name in [
        "rsa-encrypted-pkcs8.der",
        "pkcs8-aes256-sha256.pem",
        "pkcs8-aes128-sha1.pem",
        "pkcs8-3des.pem",
        "pkcs8-pbe-3des.pem",
        "pkcs8-scrypt.pem",
    ] {
        let held = bytes(&format!("openssl/{name}"));
        assert_eq!(read(&held, None).unwrap_err(), ReadError::PasswordNeeded, "{name}");
        assert_eq!(read(&held, Some("wrong")).unwrap_err(), ReadError::WrongPassword, "{name}");
        let found = read(&held, Some("test")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(found.private_key.unwrap().matches(own), "{name}");
    }
    // The password may follow the certificate in one file.
    let both = [bytes("openssl/rsa.crt"), bytes("openssl/pkcs8-3des.pem")].concat();
    assert!(read(&both, Some("test")).unwrap().private_key.is_some());
    assert!(
        read(&both, None).unwrap().has_private_key,
        "it is noticed without the password, and refused for a partner"
    );
}

#[test]
fn pkcs12_without_a_mac_is_read_too() {
    let found = file("openssl/rsa-nomac.p12", Some("test"));
    assert!(found.private_key.unwrap().matches(&found.certificates[0]));
    assert!(read(&bytes("openssl/rsa-nomac.p12"), Some("wrong")).is_err());
}
