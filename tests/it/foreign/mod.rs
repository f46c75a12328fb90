//! Captured messages of other AS2 products and structures of OpenSSL, where they are at hand beside the project: every
//! file opens, or fails, as the index that comes with them says.

mod products;
mod yaml;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use countersign::as2::{
    DecryptionKey, OpenError, Opened, OpeningKeys, ReceiptReading, SignatureOutcome, open, read_receipt,
};
use countersign::certificate::{Certificate, PrivateKey, read};

/// The folder with foreign captures; tests pass over themselves where it is absent.
fn captures() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    // A worktree of the project may lie one folder deeper.
    let deeper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    [folder, deeper].into_iter().find(|folder| folder.is_dir())
}

fn certificate(path: &Path) -> Certificate {
    read(&std::fs::read(path).unwrap(), None).unwrap().certificates.remove(0)
}

fn key(path: &Path) -> PrivateKey {
    PrivateKey::from_pkcs8_der(&std::fs::read(path).unwrap()).unwrap()
}

/// What the index says of a file.
#[derive(Clone, Copy, Debug)]
enum Is {
    /// An envelope of OpenSSL around `entity.mime`, for these of the keys.
    Envelope(&'static [&'static str]),
    /// The same in AES-GCM, or for an EC key: opened, or said not to be supported, but never taken for something else.
    NewerEnvelope(&'static [&'static str]),
    /// A detached signature over `entity.mime`, made with this key.
    Signature(&'static str),
    /// A signature that must fail with the key it names.
    BadSignature,
    /// A file with so many certificates, and a private key or none.
    Holds(usize, bool),
    /// A key in PKCS#8.
    Key,
    /// A key in PKCS#8 that is encrypted, without a certificate beside it.
    EncryptedKey,
    /// A signed and encrypted message of mendelson or OpenAS2.
    Message,
    /// A message signed by somebody who is not known.
    Stranger,
    /// No CMS at all.
    NotCms,
    /// A receipt of mendelson, as YAML of a test framework.
    ReceiptYaml,
    /// Held by a test of its own below, or what a file above is compared with.
    Beside,
}

/// Every file of the index.
fn index() -> BTreeMap<&'static str, Is> {
    use Is::*;
    let mut files = BTreeMap::from([
        ("generated/entity.mime", Beside),
        ("generated/entity.mic.txt", Beside),
        ("generated/enc-3des.der", Envelope(&["rsa"])),
        ("generated/enc-aes128cbc.der", Envelope(&["rsa"])),
        ("generated/enc-aes192cbc.der", Envelope(&["rsa"])),
        ("generated/enc-aes256cbc-oaep-sha1.der", Envelope(&["rsa"])),
        ("generated/enc-aes256cbc-oaep-sha256.der", Envelope(&["rsa"])),
        ("generated/enc-aes256cbc-oaep-sha512.der", Envelope(&["rsa"])),
        ("generated/enc-aes256cbc-ski.der", Envelope(&["rsa"])),
        ("generated/enc-aes256cbc-rsa4096.der", Envelope(&["rsa4096"])),
        ("generated/enc-aes256cbc-3recipients.der", Envelope(&["rsa"])),
        ("generated/enc-aes256cbc-ber-indefinite.der", Envelope(&["rsa"])),
        ("generated/enc-aes128gcm.der", NewerEnvelope(&["rsa"])),
        ("generated/enc-aes256gcm-oaep256.der", NewerEnvelope(&["rsa"])),
        ("generated/enc-aes256cbc-ec-ecdh.der", NewerEnvelope(&["ec"])),
        ("generated/sig-sha1.der", Signature("rsa")),
        ("generated/sig-sha256.der", Signature("rsa")),
        ("generated/sig-sha384.der", Signature("rsa")),
        ("generated/sig-sha512.der", Signature("rsa")),
        ("generated/sig-sha256-pss.der", Signature("rsa")),
        ("generated/sig-sha512-pss.der", Signature("rsa")),
        ("generated/sig-sha256-ecdsa.der", Signature("ec")),
        ("generated/sig-sha256-nocerts.der", Signature("rsa")),
        ("generated/sig-sha256-noattr.der", Signature("rsa")),
        ("generated/sig-sha256-ski-nosmimecap.der", Signature("rsa")),
        ("generated/sig-sha256-wrongkey.der", BadSignature),
        ("generated/rsa-modern.p12", Holds(1, true)),
        ("generated/rsa-legacy-3des.p12", Holds(1, true)),
        ("generated/rsa-legacy-rc2-40.p12", Holds(1, true)),
        ("generated/rsa-emptypassword.p12", Holds(1, true)),
        ("generated/chain-der.p7b", Holds(1, false)),
        ("generated/chain-pem.p7b", Holds(2, false)),
        ("generated/rsa-der.cer", Holds(1, false)),
        ("generated/rsa-pem.crt", Holds(1, false)),
        ("generated/rsa-encrypted-pkcs8.der", EncryptedKey),
        ("generated/rsa.crt", Holds(1, false)),
        ("generated/rsa4096.crt", Holds(1, false)),
        ("generated/old.crt", Holds(1, false)),
        ("generated/ec.crt", Holds(1, false)),
        ("generated/rsa.key.der", Key),
        ("generated/rsa4096.key.der", Key),
        ("generated/old.key.der", Key),
        ("generated/ec.key.der", Key),
        ("alexdean-as2/LICENSE.txt", Beside),
        ("alexdean-as2/fixtures/hello_world_1.pkcs7", Stranger),
        ("alexdean-as2/fixtures/hello_world_2.pkcs7", Beside),
        ("alexdean-as2/fixtures/non_edi_content.pkcs7", NotCms),
        ("alexdean-as2/fixtures/signed_mdn.yml", ReceiptYaml),
        ("alexdean-as2/fixtures/unsigned_mdn.yml", ReceiptYaml),
        ("alexdean-as2/fixtures/binary_mdn.yml", ReceiptYaml),
        ("alexdean-as2/fixtures/message.txt", Beside),
        ("alexdean-as2/fixtures/multibyte.txt", Beside),
        ("alexdean-as2/fixtures/white-box.png", Beside),
        ("node-libas2/libas2community.cer", Holds(1, false)),
        ("node-libas2/as2testing.cer", Holds(1, false)),
        ("node-libas2/libas2community.key.der", Key),
        ("node-libas2/content.encrypted.txt", Beside),
        ("node-libas2/content.signed.txt", Beside),
        ("node-libas2/mdn.signed.txt", Beside),
        ("node-libas2/content.txt", Beside),
        ("node-libas2/content.mime.txt", Beside),
        ("node-libas2/sample_edi.edi", Beside),
    ]);
    for name in [
        "retailer_sha1_2014_2019.pem",
        "retailer_sha1_2014_2019.cer",
        "retailer_sha256_2018_2023.pem",
        "retailer_sha256_2018_2023.cer",
        "retailer_sha256_2022_2027.pem",
        "retailer_sha256_2022_2027.cer",
        "retailer_sha256_2022_2027.p7b",
        "retailer_sha256_samekey_renewal.pem",
        "retailer_sha256_samekey_renewal.cer",
        "retailer_sha512_4096.pem",
        "retailer_sha512_4096.cer",
        "vendor_rsa1024_weak.pem",
        "vendor_rsa1024_weak.cer",
        "vendor_p256.pem",
        "vendor_p256.cer",
    ] {
        files.insert(leaked(format!("certs/{name}")), Holds(1, false));
    }
    for name in ["server", "client", "partner_signing", "partner_encryption"] {
        files.insert(leaked(format!("alexdean-as2/certificates/{name}.crt")), Holds(1, false));
        files.insert(leaked(format!("alexdean-as2/certificates/{name}.key.der")), Key);
    }
    for product in ["from_mendelson", "from_openas2"] {
        for name in [
            "base64_crlf",
            "base64_newline",
            "binary_crlf_lines",
            "binary_newlines",
            "binary_initial_double_crlf",
            "binary_initial_double_newline",
            "binary_trailing_double_crlf",
            "binary_trailing_double_newline",
        ] {
            let path = format!("alexdean-as2/fixtures/{product}/{name}");
            files.insert(leaked(format!("{path}.pkcs7")), Message);
            files.insert(leaked(format!("{path}.mime")), Beside);
            files.insert(leaked(format!("{path}.txt")), Beside);
        }
    }
    files
}

fn leaked(path: String) -> &'static str {
    Box::leak(path.into_boxed_str())
}

#[test]
fn every_file_of_the_index_opens_or_fails_as_it_says() {
    let Some(folder) = captures() else { return };
    let index = index();
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    walk(&folder, &mut found);
    for path in &found {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        if name == "INDEX.md" {
            continue;
        }
        match index.get(name.as_str()) {
            Some(is) => {
                if let Err(reason) = behaves(&folder, path, *is) {
                    wrong.push(format!("{name} ({is:?}): {reason}"));
                }
            }
            None => wrong.push(format!("{name} is not in the table")),
        }
    }
    for name in index.keys().filter(|name| !folder.join(name).is_file()) {
        wrong.push(format!("{name} is in the table, but not there"));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Whether a file behaves; the reason where it does not.
fn behaves(folder: &Path, path: &Path, is: Is) -> Result<(), String> {
    let bytes = std::fs::read(path).unwrap();
    match is {
        Is::Envelope(names) => decrypted(folder, &bytes, names).map_err(|error| error.to_string()).map(drop),
        Is::NewerEnvelope(names) => match decrypted(folder, &bytes, names) {
            Ok(_) | Err(OpenError::Unsupported(_) | OpenError::UnknownEncryption(_)) => Ok(()),
            // An EC recipient is another kind than the RSA ones that were looked for.
            Err(OpenError::NotForUs { .. }) if names == ["ec"] => Ok(()),
            Err(error) => Err(error.to_string()),
        },
        Is::Signature(name) => {
            let outcome = verified(folder, &bytes, name)?;
            matches!(outcome, SignatureOutcome::Good { .. }).then_some(()).ok_or_else(|| format!("{outcome:?}"))
        }
        Is::BadSignature => {
            let outcome = verified(folder, &bytes, "rsa")?;
            (!matches!(outcome, SignatureOutcome::Good { .. })).then_some(()).ok_or_else(|| "it is good".to_owned())
        }
        Is::Holds(certificates, private_key) => {
            let password = if path.ends_with("rsa-emptypassword.p12") { "" } else { "test" };
            let contents = read(&bytes, Some(password)).map_err(|error| error.to_string())?;
            let held = (contents.certificates.len(), contents.private_key.is_some());
            (held == (certificates, private_key)).then_some(()).ok_or_else(|| format!("it holds {held:?}"))
        }
        Is::Key => PrivateKey::from_pkcs8_der(&bytes).map(drop).map_err(|error| error.to_string()),
        Is::EncryptedKey => match read(&bytes, Some("test")) {
            Ok(contents) => contents.private_key.is_some().then_some(()).ok_or_else(|| "it holds no key".to_owned()),
            Err(error) => (!error.to_string().is_empty()).then_some(()).ok_or_else(String::new),
        },
        Is::Message => {
            let (opened, _) = alexdean(folder, &bytes).map_err(|error| error.to_string())?;
            let outcome = opened.signature.ok_or("it is not signed")?.outcome;
            matches!(outcome, SignatureOutcome::Good { .. }).then_some(()).ok_or_else(|| format!("{outcome:?}"))
        }
        Is::Stranger => {
            let (opened, _) = alexdean(folder, &bytes).map_err(|error| error.to_string())?;
            let outcome = opened.signature.ok_or("it is not signed")?.outcome;
            matches!(outcome, SignatureOutcome::UnknownSigner { .. })
                .then_some(())
                .ok_or_else(|| format!("{outcome:?}"))
        }
        Is::NotCms => match alexdean(folder, &bytes) {
            Err(OpenError::Malformed(_)) => Ok(()),
            other => Err(format!("{:?}", other.map(|(opened, _)| opened.layers))),
        },
        Is::ReceiptYaml => receipt_of_mendelson(folder, &String::from_utf8_lossy(&bytes)),
        Is::Beside => Ok(()),
    }
}

fn decrypted(folder: &Path, bytes: &[u8], names: &[&str]) -> Result<Opened, OpenError> {
    let folder = folder.join("generated");
    let held: Vec<(Certificate, PrivateKey)> = names
        .iter()
        .map(|name| (certificate(&folder.join(format!("{name}.crt"))), key(&folder.join(format!("{name}.key.der")))))
        .collect();
    let ours: Vec<DecryptionKey<'_>> =
        held.iter().map(|(certificate, key)| DecryptionKey { certificate, key }).collect();
    let keys = OpeningKeys { decryption: &ours, accepted: &[] };
    let head = [("Content-Type".to_owned(), "application/pkcs7-mime".to_owned())];
    let mut payload = Vec::new();
    let opened = open(&head, &mut Cursor::new(bytes), keys, &[], &mut payload)?;
    let entity = std::fs::read(folder.join("entity.mime")).unwrap();
    assert!(entity.ends_with(&payload) && !payload.is_empty());
    let mics = std::fs::read_to_string(folder.join("entity.mic.txt")).unwrap();
    assert!(mics.contains(&opened.mic.base64()), "the MIC is not that of the entity");
    Ok(opened)
}

fn verified(folder: &Path, signature: &[u8], name: &str) -> Result<SignatureOutcome, String> {
    let folder = folder.join("generated");
    let entity = std::fs::read(folder.join("entity.mime")).unwrap();
    let body = crate::messages::signed_body(&entity, "Content-Type: application/pkcs7-signature\r\n", signature);
    let head = [("Content-Type".to_owned(), "multipart/signed; boundary=b".to_owned())];
    let signer = certificate(&folder.join(format!("{name}.crt")));
    let keys = OpeningKeys { decryption: &[], accepted: &[&signer] };
    let opened = open(&head, &mut Cursor::new(body), keys, &[], &mut Vec::new()).map_err(|error| error.to_string())?;
    Ok(opened.signature.ok_or("it is not signed")?.outcome)
}

/// Opens a message to alexdean's server, accepting its client's signature.
fn alexdean(folder: &Path, body: &[u8]) -> Result<(Opened, Vec<u8>), OpenError> {
    let folder = folder.join("alexdean-as2/certificates");
    let server = certificate(&folder.join("server.crt"));
    let server_key = key(&folder.join("server.key.der"));
    let client = certificate(&folder.join("client.crt"));
    let head =
        [("content-type".to_owned(), "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m".to_owned())];
    let decryption = [DecryptionKey { certificate: &server, key: &server_key }];
    let keys = OpeningKeys { decryption: &decryption, accepted: &[&client] };
    let mut payload = Vec::new();
    let opened = open(&head, &mut Cursor::new(body), keys, &[], &mut payload)?;
    Ok((opened, payload))
}

/// The headers and the body in a YAML file of Ruby's.
fn receipt_of_mendelson(folder: &Path, yaml: &str) -> Result<(), String> {
    let (headers, body) = yaml::answer(yaml).ok_or("its YAML is not understood")?;
    let known: Vec<Certificate> = ["server", "client", "partner_signing"]
        .iter()
        .map(|name| certificate(&folder.join(format!("alexdean-as2/certificates/{name}.crt"))))
        .collect();
    let accepted: Vec<&Certificate> = known.iter().collect();
    match read_receipt(&headers, &body, OpeningKeys { decryption: &[], accepted: &accepted }) {
        ReceiptReading::Read(receipt) => {
            receipt.disposition.ok_or("it has no disposition")?;
            receipt.original_message_id.ok_or("it is for no message")?;
            match receipt.signature.map(|check| check.outcome) {
                // OpenAS2 signed with a certificate that is not among the captures.
                None
                | Some(SignatureOutcome::Good { .. } | SignatureOutcome::UnknownSigner { content_intact: true, .. }) => {
                    Ok(())
                }
                Some(outcome) => Err(format!("{outcome:?}")),
            }
        }
        other => Err(format!("no receipt but {other:?}")),
    }
}
