//! Our identities on the command line: made, imported, exported, requested, installed, removed.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use countersign::certificate::{Certificate, PrivateKey, read};
use rcgen::{CertificateParams, DnType, IsCa, KeyPair, PublicKeyData, SerialNumber, SignatureAlgorithm};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a workspace in it, and the program.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.named(name)
    }

    fn named(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn run(&self, words: &[&str], stdin: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(words)
            .env("COUNTERSIGN_WORKSPACE", self.path("workspace"))
            .env_remove("COUNTERSIGN_PASSPHRASE")
            .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who does not read it has closed it.
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).ok();
        child.wait_with_output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        self.json_with(words, "")
    }

    fn json_with(&self, words: &[&str], stdin: &str) -> Value {
        let output = self.run(&[&["--json"], words].concat(), stdin);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refused(&self, words: &[&str], stdin: &str) -> String {
        let output = self.run(words, stdin);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {stderr}");
        stderr
    }

    fn names(&self) -> Vec<String> {
        let listed = self.json(&["identity", "list"]);
        let names = listed["identities"].as_array().unwrap().iter();
        names.map(|each| each["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/openssl/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_is_made_can_be_exported_in_every_form_and_imported_again() {
    let desk = Desk::new();
    let subject = "CN=Acme, O=Acme\\, Inc., C=US";
    for kind in ["rsa-2048", "ec-p256", "ec-p384"] {
        let made = desk.json(&["identity", "create", kind, "--key", kind, "--days", "400", "--subject", subject]);
        assert_eq!(made["subject"], "CN=Acme,O=Acme\\, Inc.,C=US");
        for format in ["pem", "der", "p7b"] {
            let file = desk.named(&format!("{kind}.{format}"));
            desk.json(&["identity", "export", kind, "--format", format, "-o", &file]);
            let found = read(&std::fs::read(&file).unwrap(), None).unwrap();
            assert_eq!(made["fingerprint_sha256"], found.certificates[0].facts().fingerprint_sha256.to_hex());
            assert!(!found.has_private_key, "{format}");
        }
        for legacy in [false, true] {
            let file = desk.named("moved.p12");
            let mut words =
                vec!["identity", "export", kind, "--format", "p12", "--password-stdin", "-o", file.as_str()];
            words.extend(legacy.then_some("--legacy"));
            desk.json_with(&words, "correct horse\n");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            }
            let other = Desk::new();
            let taken = other.json_with(&["identity", "import", &file, "--password-stdin"], "correct horse\n");
            assert_eq!(taken["fingerprint_sha256"], made["fingerprint_sha256"]);
            let wrong = other.refused(&["identity", "import", &file, "--name", "x", "--password-stdin"], "battery\n");
            assert!(wrong.contains("the password is wrong"), "{wrong}");
        }
    }
    assert!(desk.refused(&["identity", "export", "rsa-2048", "--format", "der"], "").contains("not text"));
    let file = desk.named("no.p12");
    let without = desk.refused(&["identity", "export", "rsa-2048", "--format", "p12", "-o", &file], "");
    assert!(without.contains("needs a password") && !desk.path("no.p12").exists(), "{without}");
    assert!(desk.refused(&["identity", "create", "y", "--subject", "Acme"], "").contains("no `=`"));
}

#[test]
fn a_key_is_taken_from_every_kind_of_file_and_a_wrong_one_refused_in_plain_words() {
    let desk = Desk::new();
    for (name, password) in [
        ("rsa-modern.p12", "test"),
        ("rsa-legacy-3des.p12", "test"),
        ("rsa-legacy-rc2-40.p12", "test"),
        ("rsa-emptypassword.p12", ""),
        ("rsa-nomac.p12", "test"),
    ] {
        let desk = Desk::new();
        desk.json_with(&["identity", "import", &fixture(name), "--password-stdin"], &format!("{password}\n"));
        assert_eq!(desk.names().len(), 1, "{name}");
    }
    // Key and certificate in two files, the key under a password or not, PKCS#8, PKCS#1 and SEC 1.
    for (key, certificate) in [
        ("pkcs8-aes256-sha256.pem", "rsa.crt"),
        ("rsa-pkcs1.pem", "rsa.crt"),
        ("ec-sec1.pem", "ec.crt"),
        ("rsa.key.der", "rsa-der.cer"),
    ] {
        let desk = Desk::new();
        let words = ["identity", "import", &fixture(key), "--certificate", &fixture(certificate), "--name", "two"];
        desk.json_with(&[&words[..], &["--password-stdin"]].concat(), "test\n");
        assert_eq!(desk.names(), ["two"], "{key}");
    }
    let alone = desk.refused(&["identity", "import", &fixture("rsa-pkcs1.pem")], "");
    assert!(alone.contains("no certificate for it") && alone.contains("--certificate"), "{alone}");
    let others = ["identity", "import", &fixture("rsa-pkcs1.pem"), "--certificate", &fixture("old.crt")];
    assert!(desk.refused(&others, "").contains("does not fit the certificate"));
    let without = desk.refused(&["identity", "import", &fixture("pkcs8-3des.pem")], "");
    assert!(without.contains("protected by a password"), "{without}");
    let none = desk.refused(&["identity", "import", &fixture("rsa.crt")], "");
    assert!(none.contains("no private key"), "{none}");
    assert!(desk.refused(&["identity", "list"], "").contains("there is no workspace"), "nothing is half taken");
}

#[test]
fn of_several_keys_in_one_file_the_one_that_is_meant_is_taken() {
    use p12_keystore::{Certificate as P12Certificate, KeyStore, KeyStoreEntry, PrivateKey as P12Key, PrivateKeyChain};
    let desk = Desk::new();
    let mut store = KeyStore::new();
    for name in ["rsa", "old"] {
        let key = P12Key::from_der(&std::fs::read(fixture(&format!("{name}.key.der"))).unwrap()).unwrap();
        let pem = std::fs::read(fixture(&format!("{name}.crt"))).unwrap();
        let own = read(&pem, None).unwrap().certificates.remove(0);
        let certificate = P12Certificate::from_der(own.der()).unwrap();
        let chain = PrivateKeyChain::new(name.as_bytes().to_vec(), key, [certificate]);
        store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
    }
    let file = desk.file("several.p12", store.writer("test").write().unwrap());
    let words = ["identity", "import", file.as_str(), "--name", "chosen", "--password-stdin"];
    let told = desk.refused(&words, "test\n");
    assert!(told.contains("holds 2 keys") && told.contains("--choose"), "{told}");
    let wanted = read(&std::fs::read(fixture("old.crt")).unwrap(), None).unwrap().certificates.remove(0);
    let print = wanted.facts().fingerprint_sha256.to_hex();
    let taken = desk.json_with(&[&words[..], &["--choose", &print[..12]]].concat(), "test\n");
    assert_eq!(taken["fingerprint_sha256"], print);
    let nobody =
        desk.refused(&[&words[..4], &["other", "--password-stdin", "--choose", "ffffffffff"]].concat(), "test\n");
    assert!(nobody.contains("no key in it"), "{nobody}");
}

/// A pair of PEM blocks with a serial number that is given.
fn pair_with_serial(serial: &[u8]) -> String {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "Twin");
    parameters.serial_number = Some(SerialNumber::from_slice(serial));
    let certificate = parameters.self_signed(&key).unwrap();
    format!("{}{}", key.serialize_pem(), certificate.pem())
}

#[test]
fn two_identities_with_one_issuer_and_serial_number_are_refused() {
    let desk = Desk::new();
    let (one, two) = (desk.file("one.pem", pair_with_serial(&[7])), desk.file("two.pem", pair_with_serial(&[7])));
    desk.json(&["identity", "import", &one]);
    let twin = desk.refused(&["identity", "import", &two], "");
    assert!(twin.contains("issuer and the serial number 07 of the identity `one`"), "{twin}");
    let same = desk.refused(&["identity", "import", &one, "--name", "again"], "");
    assert!(same.contains("is the identity `one` already"), "{same}");
    let three = desk.file("three.pem", pair_with_serial(&[8]));
    desk.json(&["identity", "import", &three]);
    assert_eq!(desk.names(), ["one", "three"]);
}

/// The public key of a certificate request, as a CA takes it.
struct Requested {
    key: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for Requested {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A certification authority that certifies what it is asked for.
struct Authority {
    key: KeyPair,
    certificate: rcgen::Certificate,
    parameters: CertificateParams,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "Authority");
        parameters.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self { certificate: parameters.self_signed(&key).unwrap(), key, parameters }
    }

    /// The answer to a request in PEM, which has to be signed with its own key, with the authority's own certificate.
    fn answer(&self, pem: &str, algorithm: &'static SignatureAlgorithm) -> (String, String) {
        use x509_parser::prelude::FromDer as _;
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        assert_eq!(block.label, "CERTIFICATE REQUEST");
        let (_, request) =
            x509_parser::certification_request::X509CertificationRequest::from_der(&block.contents).unwrap();
        request.verify_signature().unwrap();
        let info = &request.certification_request_info;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "Certified");
        let key = info.subject_pki.subject_public_key.data.to_vec();
        let issuer = rcgen::Issuer::from_params(&self.parameters, &self.key);
        let certificate = parameters.signed_by(&Requested { key, algorithm }, &issuer).unwrap();
        (format!("{}{}", certificate.pem(), self.certificate.pem()), info.subject.to_string())
    }
}

#[test]
fn a_certificate_is_requested_for_a_new_key_and_the_answer_installed() {
    let desk = Desk::new();
    let authority = Authority::new();
    let file = desk.named("acme.csr");
    let words = ["identity", "request", "acme", "-o", file.as_str(), "--key", "ec-p256", "--subject", "CN=Acme, C=US"];
    desk.json(&words);
    let pem = std::fs::read_to_string(&file).unwrap();
    assert_eq!(desk.json(&["identity", "request", "acme"])["request"], pem.as_str(), "asked again, it is the same");
    assert!(desk.names().is_empty());
    assert_eq!(desk.json(&["identity", "list"])["requests"][0]["subject"], "CN=Acme, C=US");

    let stranger = desk.file("stranger.pem", authority.certificate.pem());
    let refused = desk.refused(&["identity", "install", "acme", &stranger], "");
    assert!(refused.contains("no certificate in") && refused.contains("key of `acme`"), "{refused}");
    let (chain, subject) = authority.answer(&pem, &rcgen::PKCS_ECDSA_P256_SHA256);
    assert!(subject.contains("Acme") && subject.contains("US"), "{subject}");
    let answer = desk.file("answer.pem", &chain);
    let installed = desk.json(&["identity", "install", "acme", &answer]);
    assert_eq!((installed["name"].as_str(), installed["subject"].as_str()), (Some("acme"), Some("CN=Certified")));
    assert!(desk.json(&["identity", "list"])["requests"].is_null(), "the request is answered");
    let file = desk.named("acme.p7b");
    desk.json(&["identity", "export", "acme", "--format", "p7b", "-o", &file]);
    assert_eq!(read(&std::fs::read(&file).unwrap(), None).unwrap().certificates.len(), 2, "with the one above it");
    assert!(desk.refused(&["identity", "install", "nobody", &answer], "").contains("no certificate was requested"));
}

#[test]
fn an_answer_for_the_key_of_an_identity_stands_beside_the_old_certificate() {
    let desk = Desk::new();
    let authority = Authority::new();
    let made = desk.json(&["identity", "create", "acme-2026", "--key", "ec-p384", "--subject", "CN=Acme"]);
    let pem = desk.json(&["identity", "request", "acme-2026"])["request"].as_str().unwrap().to_owned();
    let (chain, subject) = authority.answer(&pem, &rcgen::PKCS_ECDSA_P384_SHA384);
    assert_eq!(subject, "CN=Acme", "that of the identity");
    let answer = desk.file("answer.pem", &chain);
    desk.json(&["identity", "install", "acme-2026", &answer, "--as", "acme-ca"]);
    assert_eq!(desk.names(), ["acme-2026", "acme-ca"]);
    let pem = desk.json(&["identity", "export", "acme-2026"])["certificate"].as_str().unwrap().to_owned();
    let old = read(pem.as_bytes(), None).unwrap().certificates.remove(0);
    assert_eq!(made["fingerprint_sha256"], old.facts().fingerprint_sha256.to_hex(), "the old one is as it was");
    let pem = desk.json(&["identity", "export", "acme-ca"])["certificate"].as_str().unwrap().to_owned();
    let new = read(pem.as_bytes(), None).unwrap().certificates.remove(0);
    assert_eq!(new.public_key(), old.public_key());
    // And without a CA: a new certificate for the same key, with a serial number of its own.
    desk.json(&["identity", "create", "acme-2028", "--same-key", "acme-2026", "--days", "800"]);
    let pem = desk.json(&["identity", "export", "acme-2028"])["certificate"].as_str().unwrap().to_owned();
    let renewed: Certificate = read(pem.as_bytes(), None).unwrap().certificates.remove(0);
    assert_eq!((renewed.public_key(), &renewed.facts().subject), (old.public_key(), &old.facts().subject));
    assert_ne!(renewed.facts().serial, old.facts().serial);
}

#[test]
fn every_request_keeps_its_key_until_it_is_answered_and_another_kind_of_key_makes_another() {
    let desk = Desk::new();
    let authority = Authority::new();
    let pem = |words: &[&str]| {
        let made = desk.json(&[&["identity", "request", "acme"], words].concat());
        made["request"].as_str().unwrap().to_owned()
    };
    let first = pem(&["--key", "ec-p256", "--subject", "CN=Acme"]);
    let second = pem(&["--key", "ec-p384"]);
    let third = pem(&["--key", "ec-p384", "--subject", "CN=Acme, C=US"]);
    assert!(first != second && second != third);
    assert_eq!(pem(&["--key", "ec-p256"]), first, "as long as nothing else is asked for it is the same");
    assert_eq!((pem(&[]), pem(&["--number", "2"])), (third.clone(), second.clone()), "the newest, or the one named");
    let listed = desk.json(&["identity", "list"]);
    let numbers: Vec<_> = listed["requests"].as_array().unwrap().iter().map(|each| each["number"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let which = desk.refused(&["identity", "request", "acme", "--forget"], "");
    assert!(which.contains("3 requests wait") && which.contains("--number"), "{which}");
    desk.json(&["identity", "request", "acme", "--forget", "--number", "2"]);

    // The answers come in another order than the questions; each finds its key.
    let key_of = |pem: &str, algorithm| {
        let (chain, _) = authority.answer(pem, algorithm);
        read(chain.as_bytes(), None).unwrap().certificates[0].public_key().to_vec()
    };
    let install = |pem: &str, algorithm| {
        let (chain, _) = authority.answer(pem, algorithm);
        desk.json(&["identity", "install", "acme", &desk.file("answer.pem", chain)])["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let public_key = |name: &str| {
        let pem = desk.json(&["identity", "export", name])["certificate"].as_str().unwrap().to_owned();
        read(pem.as_bytes(), None).unwrap().certificates[0].public_key().to_vec()
    };
    let (chain, _) = authority.answer(&second, &rcgen::PKCS_ECDSA_P384_SHA384);
    let gone = desk.refused(&["identity", "install", "acme", &desk.file("answer.pem", chain)], "");
    assert!(gone.contains("key of `acme`"), "{gone}");
    assert_eq!(install(&third, &rcgen::PKCS_ECDSA_P384_SHA384), "acme");
    assert_eq!(public_key("acme"), key_of(&third, &rcgen::PKCS_ECDSA_P384_SHA384));
    let other = install(&first, &rcgen::PKCS_ECDSA_P256_SHA256);
    assert_ne!(other, "acme");
    assert_eq!(public_key(&other), key_of(&first, &rcgen::PKCS_ECDSA_P256_SHA256));
    assert!(desk.json(&["identity", "list"])["requests"].is_null(), "all are answered or given up");
    // The identity's own key, unless another kind is asked for.
    let own = pem(&[]);
    assert_eq!(key_of(&own, &rcgen::PKCS_ECDSA_P384_SHA384), public_key("acme"));
    assert_eq!(pem(&["--key", "ec-p384"]), own);
    assert_ne!(pem(&["--key", "ec-p256"]), own);
}

#[test]
fn of_several_certificates_for_one_key_the_newest_valid_one_is_taken_or_the_one_asked_for() {
    let desk = Desk::new();
    let key = KeyPair::generate().unwrap();
    let certificate = |serial: u8, from: i32, until: i32| {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "Acme");
        parameters.serial_number = Some(SerialNumber::from_slice(&[serial]));
        (parameters.not_before, parameters.not_after) =
            (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(until, 1, 1));
        parameters.self_signed(&key).unwrap().pem()
    };
    // Expired, valid for long, valid and newer, not valid yet.
    let all = [
        certificate(1, 2000, 2010),
        certificate(2, 2001, 2090),
        certificate(3, 2020, 2080),
        certificate(4, 2070, 2099),
    ];
    let prints: Vec<String> = all
        .iter()
        .map(|pem| read(pem.as_bytes(), None).unwrap().certificates[0].facts().fingerprint_sha256.to_hex())
        .collect();
    let file = desk.file("bag.pem", format!("{}{}{}", key.serialize_pem(), all.concat(), all[2]));
    let taken = desk.json(&["identity", "import", &file, "--name", "newest"]);
    assert_eq!(taken["fingerprint_sha256"], prints[2].as_str());
    assert_eq!(taken["passed_over"].as_array().unwrap().len(), 3, "{taken}");
    let told = desk.run(&["identity", "import", &file, "--name", "again"], "");
    assert!(String::from_utf8_lossy(&told.stderr).contains("is the identity `newest` already"));
    let chosen = desk.json(&["identity", "import", &file, "--name", "chosen", "--choose", &prints[1]]);
    assert_eq!((&chosen["fingerprint_sha256"], chosen.get("passed_over")), (&prints[1].as_str().into(), None));
    // A CA's answer with the old certificate beside the new one, in whatever order.
    let answer = desk.file("answer.pem", format!("{}{}", all[1], certificate(5, 2024, 2085)));
    let installed = desk.json(&["identity", "install", "newest", &answer, "--as", "renewed"]);
    assert_eq!(installed["passed_over"], serde_json::json!([prints[1]]));
}

#[test]
fn a_request_that_is_given_up_takes_its_key_with_it() {
    let desk = Desk::new();
    let first = desk.json(&["identity", "request", "acme", "--key", "ec-p256"]);
    desk.json(&["identity", "request", "acme", "--forget"]);
    assert!(desk.refused(&["identity", "request", "acme", "--forget"], "").contains("no certificate was requested"));
    let again = desk.json(&["identity", "request", "acme", "--key", "ec-p256"]);
    assert_ne!(first["request"], again["request"]);
}

#[test]
fn a_key_that_is_read_back_is_the_one_that_was_written() {
    let desk = Desk::new();
    desk.json(&["identity", "create", "acme", "--key", "ec-p256"]);
    let file = desk.named("acme.p12");
    let words = ["identity", "export", "acme", "--format", "p12", "--password-stdin", "-o", file.as_str()];
    desk.json_with(&words, "pässwörd\n");
    let found = read(&std::fs::read(&file).unwrap(), Some("pässwörd")).unwrap();
    let key: PrivateKey = found.private_key.unwrap();
    assert!(key.matches(&found.certificates[0]));
    let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
    assert!(!text.contains("PRIVATE KEY"));
}
