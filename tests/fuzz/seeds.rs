//! What inputs are made from: the repository's fixtures, and messages and receipts that the library builds.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use countersign::app::{App, BackupRequest, Clock, Location, NewIdentity, Unlock};
use countersign::as2::headers::HeaderList;
use countersign::as2::{Mic, ReceiptContent, SigningPlan, build_receipt};
use countersign::certificate::KeyKind;
use countersign::domain::algorithm::{Compression, Digest, Encryption, MicalgStyle, SignatureScheme, Signing};
use countersign::domain::disposition::Disposition;
use jiff::Timestamp;

use crate::mutations::LARGEST;
use crate::targets::files::BETWEEN;
use crate::targets::{Party, build, parties, profile};

/// Header values as they stand in the field.
const VALUES: &[&str] = &[
    "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha1; boundary=\"----=_Part_1_2.3\"",
    "Application/X-PKCS7-Mime; smime-type=enveloped-data;\tname=smime.p7m",
    "attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.edi; filename=\"a; \\\"b\\\".edi\"",
    "attachment; filename*0*=utf-8'en'a%20b; filename*1=\"c d\"; filename*2*=%41",
    "attachment; filename=\"=?UTF-8?Q?gr=C3=BC=C3=9Fe_1.edi?= =?utf-8?B?w7w=?=\"",
    "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha256, sha1",
    "<order.edi@host>",
    "<order.edi>",
    "\"quo\\\"te\"",
    "My Company",
    "",
];

const DISPOSITIONS: &[&str] = &[
    "automatic-action/MDN-sent-automatically; processed",
    "Automatic-Action/mdn-sent-automatically;Processed/Warning:duplicate-document",
    "automatic-action/MDN-sent-automatically; processed/Error : Authentication-Failed, sorry",
    "automatic-action/MDN-sent-automatically; failed/Failure: unsupported format",
    "automatic-action/MDN-sent-automatically; error: x",
    "manual-action/MDN-sent-manually; displayed",
    "processed; processed/superseded",
    ";failed",
    "",
];

/// Heads of requests as they come, and as they should not.
const HEADS: &[&str] = &[
    "POST /as2?x=1 HTTP/1.1\r\nHost: a.example\r\nContent-Type: multipart/signed;\r\n\tprotocol=\"a\"\r\nContent-Length: 42\r\n\r\n",
    "POST http://a.example/as2 HTTP/1.0\nAS2-From: \"a b\"\nContent-Length: 007, 7\n\nbody",
    "POST / HTTP/1.1\r\nTransfer-Encoding: identity, chunked\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n",
    "\r\n\r\nGET /in?back=http://b/ HTTP/1.1\r\nX-Empty:\r\nX-Latin: gr\u{fc}n\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length : 5\r\n folded\r\n\r\n",
];

/// Connections as the workspace keeps them.
const CONNECTIONS: &[&str] = &[
    "id = \"a\"\nname = \"A\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"A\"\nurl = \"https://a.example:8443/as2\"\nidentity = \"us\"\n",
    "id = \"b\"\nname = \"B\"\npolicy = \"amazon-vendor-central\"\ncustomer = \"C\"\ntags = [\"x\", \"y\"]\nnotes = \"\"\"\nn\n\"\"\"\ncontact = \"c\"\n\
     [test]\nour_as2_id = \"US\"\npartner_as2_id = \"B B\"\nurl = \"http://b.example/\"\nidentity = \"us\"\nencryption = \"aes256-gcm\"\n\
     signing = \"sha512\"\nsignature_scheme = \"rsa-pss\"\nkey_transport = \"rsa-oaep-sha256\"\ncompression = \"after-signing\"\nmdn = \"async-signed\"\n\
     mdn_url = \"https://us.example/as2\"\nmdn_mic = \"sha384\"\nrequire = \"signed\"\nrequire_strength = \"as-sent\"\nretries = 5\n\
     timeout_seconds = 90\ntls_trust = \"/etc/x.pem\"\ntls_identity = \"us\"\nhttp_user = \"u\"\nsubject = \"s\"\n\
     [test.quirks]\nmicalg_style = \"rfc3851\"\nchunked = true\nreceipt_hosts = [\"c.example\"]\nquote_as2_ids = \"always\"\n\
     [[test.partner_certificates]]\nfingerprint = \"0101010101010101010101010101010101010101010101010101010101010101\"\nuse = [\"encrypt\", \"verify\"]\nfrom = \"2026-01-01T00:00:00Z\"\n",
];

const PAYLOADS: &[&[u8]] = &[
    b"",
    b"x",
    b"UNB+UNOC:3'\r\nUNZ+0+1'\r\n",
    b"a\nb\n\nc",
    b"--=_countersign_\r\n--\r\nContent-Type: text/plain\r\n\r\n",
    &[0; 300],
];

/// The inputs that a target begins with.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let text = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    let mut seeds = match target {
        "headers" => text(VALUES),
        "dispositions" => text(DISPOSITIONS),
        "ber" => fixtures("openssl", |name| name.ends_with(".der")),
        "envelopes" => fixtures("openssl", |name| name.starts_with("enc-")),
        "signatures" => fixtures("openssl", |name| name.starts_with("sig-")),
        "certificates" => {
            let mut files = fixtures("certificates", |_| true);
            files.extend(fixtures("openssl", |name| !name.starts_with("enc-") && !name.starts_with("sig-")));
            files
        }
        "built" => (0..27_u8)
            .flat_map(|how| {
                PAYLOADS.iter().map(move |payload| [&[how, how / 3, (how << 3) | (how / 9)][..], payload].concat())
            })
            .collect(),
        "compressed" => messages()
            .into_iter()
            .filter(|(headers, _)| headers.iter().any(|(_, value)| value.contains("compressed-data")))
            .map(|(_, body)| body)
            .collect(),
        "documents" => fixtures("documents", |_| true),
        "heads" => text(HEADS),
        "parcels" => {
            fixtures("arrival", |name| name.ends_with(".zip") || name.ends_with(".eml") || name.ends_with(".pem"))
        }
        "keystores" => {
            let mut files = fixtures("openssl", |name| name.ends_with(".p12") || name.starts_with("pkcs8"));
            files.extend(fixtures("openas2", |name| name.ends_with(".p12")));
            files
        }
        "partners" => partners(),
        "policies" => files_of("assets/policies", |_| true),
        "connections" => text(CONNECTIONS),
        "backups" => backups(),
        "receipts" => receipts().iter().map(written).collect(),
        // Whatever has parts, receipts among it.
        _ => messages().iter().chain(&receipts()).map(written).collect(),
    };
    seeds.retain(|seed| seed.len() <= LARGEST);
    seeds
}

/// What the other programs keep, whole and with the config beside it.
fn partners() -> Vec<Vec<u8>> {
    let mut found = fixtures("mendelson", |_| true);
    let partnerships = fixtures("openas2", |name| name == "partnerships.xml").remove(0);
    let config = fixtures("openas2", |name| name == "config.xml").remove(0);
    found.push([partnerships.as_slice(), &[BETWEEN], &config].concat());
    found.push(partnerships);
    found
}

/// A backup of a workspace with an identity, and its files without the archive around them.
fn backups() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Dir(folder.path().join("workspace"));
    let app = App::new(location, Unlock::none(), Clock::Fixed(at()));
    let file = folder.path().join("backup.zip");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        app.create_identity(NewIdentity { name: "us".parse().unwrap(), key: KeyKind::EcP256, days: 30, subject: None })
            .await
            .unwrap();
        let request = BackupRequest { file: file.clone(), payloads: true, passphrase: None };
        app.back_up(&request, &|_done, _all| ()).await.unwrap();
        app.close().await;
    });
    let whole = fs::read(&file).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&whole)).unwrap();
    let mut head = Vec::new();
    archive.by_name("backup.json").unwrap().read_to_end(&mut head).unwrap();
    let head = [b"backup.json\n".as_slice(), &head].concat();
    let file = |name: &str| [&[BETWEEN], name.as_bytes(), b"\nsome content"].concat();
    let id = "0199a1b2-0000-7000-8000-000000000001";
    let kept = format!("archive/2026-11/{id}/request.body");
    let mut found = vec![
        [head.clone(), file("countersign.sqlite")].concat(),
        [head.clone(), file("countersign.sqlite"), file(&kept), file(&kept.replace("body", "head"))].concat(),
        [head.clone(), file("../evil"), file("archive/../../evil"), file("workspace.key")].concat(),
        [head, file("certificates/server.pem"), file(&kept.replace("request", "payload"))].concat(),
    ];
    found.push(whole);
    found
}

fn fixtures(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    files_of(&format!("tests/fixtures/{folder}"), wanted)
}

fn files_of(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The order must not depend on the disk, or a seed would not lead to the same again.
    files.sort();
    files.retain(|file| file.file_name().and_then(|name| name.to_str()).is_some_and(&wanted));
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

type Message = (HeaderList, Vec<u8>);

/// A message as targets take it.
fn written((headers, body): &Message) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in headers {
        out.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    out.extend(b"\r\n");
    out.extend(body);
    out
}

fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// Messages of every structure.
fn messages() -> Vec<Message> {
    let [rsa, p256, _] = parties();
    let mut all = Vec::new();
    for (signing, scheme, party) in [
        (Signing::None, SignatureScheme::RsaPkcs1, rsa),
        (Signing::Sha256, SignatureScheme::RsaPkcs1, rsa),
        (Signing::Sha512, SignatureScheme::RsaPss, rsa),
        (Signing::Sha256, SignatureScheme::RsaPkcs1, p256),
    ] {
        for encryption in [Encryption::None, Encryption::Aes128Cbc, Encryption::TripleDesCbc, Encryption::Aes256Gcm] {
            for &compression in Compression::ALL {
                for payload in &PAYLOADS[1..] {
                    all.push(message(signing, scheme, party, encryption, compression, payload));
                }
            }
        }
    }
    all
}

fn message(
    signing: Signing,
    scheme: SignatureScheme,
    party: &Party,
    encryption: Encryption,
    compression: Compression,
    payload: &[u8],
) -> Message {
    let mut profile = profile();
    profile.signing = signing;
    profile.signature_scheme = scheme;
    profile.encryption = encryption;
    profile.compression = compression;
    let (built, body) = build(&profile, "order.edi", payload, party, party);
    (built.headers, body)
}

/// Receipts that say yes and no, signed and not.
fn receipts() -> Vec<Message> {
    let [rsa, p256, _] = parties();
    let profile = profile();
    let mic = Mic { digest: Digest::Sha256, value: vec![7; 32] };
    let mut all = Vec::new();
    for disposition in [Disposition::processed(), Disposition::error("decryption-failed"), Disposition::failure("x")] {
        for (mic, from) in [(Some(&mic), "YOU"), (None, "quo\"te")] {
            let content = ReceiptContent {
                from,
                to: "ME",
                message_id: "<r@test>",
                original_message_id: "<1@test>",
                disposition: disposition.clone(),
                mic,
                micalg_style: MicalgStyle::Rfc5751,
                text: "The message was received",
                at: at(),
            };
            let plan = |party: &'static Party| SigningPlan {
                certificate: &party.certificate,
                chain: &[],
                key: &party.key,
                digest: Digest::Sha256,
                scheme: SignatureScheme::RsaPkcs1,
                quirks: &profile.quirks,
                at: at(),
            };
            for signing in [None, Some(plan(rsa)), Some(plan(p256))] {
                let receipt = build_receipt(&content, signing.as_ref()).unwrap();
                all.push((receipt.headers, receipt.body));
            }
        }
    }
    all
}
