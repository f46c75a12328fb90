//! What is small and asks for much: structures with a million entries, headers and parts without end, keys that nobody has.
//! All of it ends in a moment, refused in words or read for what it is.

use std::io::Cursor;
use std::time::{Duration, Instant};

use countersign::as2::{OpenError, Opened, OpeningKeys, dissect, open, read_receipt};
use countersign::certificate::{Certificate, Scheme, read, read_keystore, verify};
use countersign::domain::algorithm::Digest;
use countersign::transport::head::{HeadError, parse};

use crate::messages::{fixture, receiver, sender, tlv};

/// The longest that anything here may take, on a machine that is busy with other things and without optimisation.
const AT_MOST: Duration = Duration::from_secs(20);

/// Does something within the time that it may take.
fn soon<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    assert!(begun.elapsed() < AT_MOST, "{what} took {:?}", begun.elapsed());
    done
}

fn opened(content_type: &str, body: &[u8]) -> Result<Opened, OpenError> {
    let headers = [("Content-Type".to_owned(), content_type.to_owned())];
    let keys = [countersign::as2::DecryptionKey { certificate: &receiver().certificate, key: &receiver().key }];
    let opening = OpeningKeys { decryption: &keys, accepted: &[&sender().certificate] };
    // Everything that takes a message from somebody.
    drop(dissect(&headers, &mut Cursor::new(body), opening));
    drop(read_receipt(&headers, body, opening));
    open(&headers, &mut Cursor::new(body), opening, &[Digest::Sha256], &mut std::io::sink())
}

/// A ContentInfo of PKCS #7 around a structure: 2 signed, 3 enveloped.
fn content_info(kind: u8, inside: &[u8]) -> Vec<u8> {
    let oid = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, kind];
    tlv(0x30, &[&oid[..], &tlv(0xa0, inside)].concat())
}

const DATA: [u8; 11] = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];

/// Smallest entries that are elements by themselves.
fn million(entry: &[u8]) -> Vec<u8> {
    entry.repeat(1_000_000)
}

#[test]
fn a_million_recipients_signers_certificates_or_attributes_end_in_a_moment() {
    const ENVELOPED: &str = "application/pkcs7-mime; smime-type=enveloped-data";
    const SIGNED: &str = "application/pkcs7-mime; smime-type=signed-data";
    // One that names a recipient by a key identifier and wraps nothing, which is enough to be looked at.
    let recipient = tlv(0x30, &[&[2, 1, 2, 0x80, 1, 7][..], &tlv(0x30, &DATA), &[4, 1, 0]].concat());
    for recipients in [million(&[0x30, 0]), recipient.repeat(100_000), million(&[0xa1, 0])] {
        let content = tlv(0x30, &[&DATA[..], &tlv(0x30, &DATA), &[0x80, 0]].concat());
        let body = content_info(3, &tlv(0x30, &[&[2, 1, 0][..], &tlv(0x31, &recipients), &content].concat()));
        assert!(soon("recipients", || opened(ENVELOPED, &body)).is_err());
    }
    let signed = |digests: &[u8], certificates: &[u8], signers: &[u8]| {
        let content = tlv(0x30, &[&DATA[..], &tlv(0xa0, &tlv(4, b"A: b\r\n\r\nc"))].concat());
        let (digests, certificates) = (tlv(0x31, digests), tlv(0xa0, certificates));
        let parts = [&[2, 1, 1][..], &digests, &content, &certificates, &tlv(0x31, signers)].concat();
        content_info(2, &tlv(0x30, &parts))
    };
    let attributes = tlv(0xa0, &million(&[0x30, 0]));
    let signer = tlv(0x30, &[&[2, 1, 3, 0x80, 1, 7][..], &tlv(0x30, &DATA), &attributes].concat());
    for body in [
        signed(&million(&[0x30, 0]), &[], &[]),
        signed(&[], &million(&[0x30, 0]), &[]),
        signed(&[], &[], &million(&[0x30, 0])),
        signed(&[], &[], &signer),
        signed(&[], &[], &tlv(0x30, &million(&[5, 0]))),
    ] {
        let outcome = soon("signed", || opened(SIGNED, &body));
        assert!(outcome.is_err() || outcome.is_ok_and(|opened| !opened.is_well_signed()));
        // And as the part of a signature, and as a file with certificates.
        let part = [
            b"--x\r\nA: b\r\n\r\nc\r\n--x\r\nContent-Type: application/pkcs7-signature\r\n\r\n".as_slice(),
            body.as_slice(),
            b"\r\n--x--",
        ];
        let outcome = soon("a signature", || opened("multipart/signed; boundary=x", &part.concat()));
        assert!(outcome.is_err() || outcome.is_ok_and(|opened| !opened.is_well_signed()));
        assert!(soon("a file", || read(&body, None)).is_err());
    }
}

#[test]
fn headers_parts_and_parameters_without_end_end_in_a_moment() {
    let refused = |what: &str, content_type: &str, body: &[u8]| {
        let outcome = soon(what, || opened(content_type, body));
        assert!(outcome.is_err() || outcome.is_ok_and(|opened| !opened.is_well_signed()), "{what}");
    };
    const SIGNED: &str = "multipart/signed; boundary=x";
    refused("headers", SIGNED, format!("--x\r\n{}\r\n\r\nc\r\n--x--", "A: b\r\n".repeat(1_000_000)).as_bytes());
    refused(
        "a folded header",
        SIGNED,
        format!("--x\r\nA: b{}\r\n\r\nc\r\n--x--", "\r\n c".repeat(1_000_000)).as_bytes(),
    );
    refused("a long header", SIGNED, format!("--x\r\nA: {}\r\n\r\nc\r\n--x--", "b".repeat(8 << 20)).as_bytes());
    refused("parts", SIGNED, "--x\r\n\r\n".repeat(1_000_000).as_bytes());
    refused("boundaries that are almost one", SIGNED, "--x-\r\n--".repeat(1_000_000).as_bytes());
    refused("hyphens", &format!("multipart/signed; boundary={}", "-".repeat(70)), "-".repeat(8 << 20).as_bytes());
    refused("base64", SIGNED, format!("--x\r\nA: b\r\n\r\nc\r\n--x\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--x--", "A\r\n".repeat(1_000_000)).as_bytes());
    // What stands in the head of a request is 64 KiB at most.
    for parameters in
        ["; a=b".repeat(12_000), "; a*0*=%41".repeat(6_000), ";".repeat(60_000), "; a=\"\\\\".repeat(8_000)]
    {
        refused("parameters", &format!("multipart/signed{parameters}; boundary=x"), b"--x\r\n\r\n--x--");
    }
    let mut name = String::from("attachment");
    (0..3_000).for_each(|number| name.push_str(&format!("; filename*{number}*=%C3%BC")));
    let words = format!("attachment; filename=\"{}\"", "=?utf-8?Q?=41?= ".repeat(4_000));
    for disposition in [name, words] {
        let headers = [("Content-Disposition".to_owned(), disposition)];
        soon("a file's name", || drop(countersign::as2::filename(&headers)));
    }
    let lines =
        |line: &str, times: usize| format!("POST / HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", line.repeat(times));
    assert!(matches!(soon("a head", || parse(lines("A: b\r\n", 10_000).as_bytes())), Err(HeadError::TooLong(_))));
    assert!(soon("a folded head", || parse(lines("A: b\r\n c\r\n", 200).as_bytes())).is_ok());
    assert!(
        soon("lengths", || parse(
            format!("POST / HTTP/1.1\r\nContent-Length: {}0\r\n\r\n", "0,".repeat(30_000)).as_bytes()
        ))
        .is_ok()
    );
}

#[test]
fn a_parcel_of_a_million_parts_or_entries_ends_in_a_moment() {
    let head = "From: a@example.com\r\nTo: b@example.com\r\nMIME-Version: 1.0\r\n";
    let mixed = format!("{head}Content-Type: multipart/mixed; boundary=x\r\n\r\n");
    let nested: String = (0..5_000)
        .map(|level| format!("--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", level + 1))
        .collect();
    let inner = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    let encoded = |inner: &str| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, inner);
        let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("{head}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", lines.join("\r\n"))
    };
    for (what, mail) in [
        ("parts", format!("{mixed}{}", "--x\r\n\r\n".repeat(3_000_000))),
        ("fewer parts", format!("{mixed}{}", "--x\r\n\r\nhello\r\n".repeat(10_000))),
        ("header lines", format!("{head}{}\r\nhello", "A: b\r\n".repeat(4_000_000))),
        ("fewer header lines", format!("{head}{}\r\nhello", "A: b\r\n".repeat(500_000))),
        ("parts in parts", format!("{head}Content-Type: multipart/mixed; boundary=b0\r\n\r\n{nested}")),
        ("mails in mails", format!("{head}{inner}")),
        ("fewer mails in mails", format!("{head}{}", "Content-Type: message/rfc822\r\n\r\n".repeat(90))),
        ("mails in an encoded mail", encoded(&inner.repeat(3))),
        ("fewer mails in an encoded mail", encoded(&"Content-Type: message/rfc822\r\n\r\n".repeat(3_000))),
        ("a page", format!("{head}Content-Type: text/html\r\n\r\n{}", "<a<b>&lt;".repeat(100_000))),
    ] {
        assert!(soon(what, || read(mail.as_bytes(), None)).is_err(), "{what}");
    }
    // A list of 700,000 files, each of which is the same.
    let entry = [&b"PK\x01\x02"[..], &[0; 42]].concat();
    let list = [&b"PK\x03\x04"[..], &[0; 26], &entry.repeat(700_000)].concat();
    let (count, size, at) = (u16::MAX.to_le_bytes(), (46 * 700_000_u32).to_le_bytes(), 30_u32.to_le_bytes());
    let end = [&b"PK\x05\x06"[..], &[0; 4], &count, &count, &size, &at, &[0; 2]].concat();
    let zip = [list, end].concat();
    assert!(soon("a list of files", || read(&zip, None)).unwrap_err().to_string().contains("more than 200 files"));
}

/// A certificate with that key, which nobody has signed.
fn with_key(key: &[u8]) -> Vec<u8> {
    let name = tlv(0x30, &tlv(0x31, &tlv(0x30, &[&[6, 3, 0x55, 4, 3][..], &tlv(0x0c, b"absurd")].concat())));
    let algorithm = tlv(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11][..], &[5, 0]].concat());
    let validity = tlv(0x30, &[tlv(0x17, b"260101000000Z"), tlv(0x17, b"460101000000Z")].concat());
    let parts = [&tlv(0xa0, &[2, 1, 2])[..], &[2, 1, 9], &algorithm, &name, &validity, &name, key].concat();
    let to_be_signed = tlv(0x30, &parts);
    tlv(0x30, &[to_be_signed, algorithm, tlv(3, &[0; 257])].concat())
}

/// A key for RSA of these two numbers.
fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let numbers = tlv(0x30, &[tlv(2, modulus), tlv(2, exponent)].concat());
    let algorithm = tlv(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1][..], &[5, 0]].concat());
    tlv(0x30, &[algorithm, tlv(3, &[&[0][..], &numbers].concat())].concat())
}

/// A point on P-256, or beside it.
fn ec(point: &[u8]) -> Vec<u8> {
    let curve = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let algorithm = tlv(0x30, &[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1][..], &curve].concat());
    tlv(0x30, &[algorithm, tlv(3, &[&[0][..], point].concat())].concat())
}

#[test]
fn keys_that_nobody_has_verify_nothing_and_take_no_time() {
    let number = |bytes: usize| [&[0][..], &vec![0xff; bytes]].concat();
    let (usual, even) = (number(256), [number(255), vec![0xfe]].concat());
    let keys = [
        ("a modulus of 16,392 bits", rsa(&number(2049), &[1, 0, 1])),
        ("a modulus of a million bits", rsa(&number(125_000), &[1, 0, 1])),
        ("an exponent as long", rsa(&usual, &number(125_000))),
        ("both", rsa(&number(60_000), &number(60_000))),
        ("an exponent of one", rsa(&usual, &[1])),
        ("an exponent of zero", rsa(&usual, &[0])),
        ("an even exponent", rsa(&usual, &[2])),
        ("an even modulus", rsa(&even, &[1, 0, 1])),
        ("a modulus of zero", rsa(&[0], &[1, 0, 1])),
        ("a modulus below zero", rsa(&[0xff; 256], &[1, 0, 1])),
        ("no modulus", rsa(&[], &[])),
        ("a point at infinity", ec(&[0])),
        ("a point beside the curve", ec(&[&[4][..], &[1; 64]].concat())),
        ("a point of a million bytes", ec(&vec![4; 900_000])),
        ("nothing", tlv(0x30, &[])),
    ];
    let mut known = 0;
    for (what, key) in keys {
        let der = with_key(&key);
        let Ok(contents) = soon(what, || read(&der, None)) else { continue };
        known += 1;
        let certificate: &Certificate = &contents.certificates[0];
        assert!(!certificate.facts().subject.is_empty(), "{what}");
        for scheme in [Scheme::RsaPkcs1, Scheme::Ecdsa, Scheme::RsaPss { mask: Digest::Sha256, salt_length: 32 }] {
            for signature in [&[][..], &[1], &[0; 256], &[0xff; 256], &[1; 2049]] {
                let fits = soon(what, || verify(certificate, Digest::Sha256, scheme, b"order", signature));
                assert!(!fits, "{what} verifies with {scheme:?} by {} bytes", signature.len());
            }
        }
        // As a partner's: what the partner has signed does not fit, and it is said.
        let body = [
            b"--b\r\n".as_slice(),
            include_bytes!("../fixtures/openssl/entity.mime"),
            b"\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\n",
            &fixture("sig-sha256.der"),
            b"\r\n--b--\r\n",
        ]
        .concat();
        let headers = [("Content-Type".to_owned(), "multipart/signed; boundary=b".to_owned())];
        let opening = OpeningKeys { decryption: &[], accepted: &[certificate] };
        let outcome = soon(what, || open(&headers, &mut Cursor::new(&body), opening, &[], &mut std::io::sink()));
        assert!(!outcome.unwrap().is_well_signed(), "{what}");
    }
    assert!(known >= 3, "only {known} of them are read at all");
}

#[test]
fn a_keystore_that_wants_its_password_hashed_for_hours_is_refused_at_once() {
    // PFX with thousands of things that are each encrypted under a password hashed a million times (RFC 7292 section 4).
    let pbes1 = [6, 10, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 3];
    let parameters = tlv(0x30, &[tlv(4, b"saltsalt"), tlv(2, &[0x0f, 0x42, 0x40])].concat());
    let algorithm = tlv(0x30, &[&pbes1[..], &parameters].concat());
    let encrypted = tlv(0x30, &[&DATA[..], &algorithm, &tlv(0x80, &[0; 8])].concat());
    let safe = content_info(6, &tlv(0x30, &[&[2, 1, 0][..], &encrypted].concat()));
    let pfx = |safes: usize| {
        let authenticated = tlv(0x30, &safe.repeat(safes));
        tlv(0x30, &[&[2, 1, 3][..], &content_info(1, &tlv(4, &authenticated))].concat())
    };
    let said = soon("a keystore", || read_keystore(&pfx(5_000), "secret").map(|_| ()).unwrap_err().to_string());
    assert!(said.contains("20 million"), "{said}");
    let said = soon("a file", || read(&pfx(5_000), Some("secret")).map(|_| ()).unwrap_err().to_string());
    assert!(said.contains("20 million"), "{said}");
    assert!(!read(&pfx(1), Some("secret")).unwrap_err().to_string().contains("20 million"));
    // A key under scrypt whose cost is zero: the library would take its logarithm.
    let scrypt = [6, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11];
    let costs = |cost: &[u8]| tlv(0x30, &[tlv(4, b"saltsalt"), tlv(2, cost), tlv(2, &[8]), tlv(2, &[1])].concat());
    let derived = |cost: &[u8]| tlv(0x30, &[&scrypt[..], &costs(cost)].concat());
    let cipher = tlv(0x30, &[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42][..], &tlv(4, &[0; 16])].concat());
    let pbes2 = |cost: &[u8]| {
        let parameters = tlv(0x30, &[derived(cost), cipher.clone()].concat());
        let kind = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
        let algorithm = tlv(0x30, &[&kind[..], &parameters].concat());
        tlv(0x30, &[algorithm, tlv(4, &[0; 16])].concat())
    };
    for cost in [&[0][..], &[0x40, 0, 0, 0], &[3]] {
        assert!(soon("a key", || read(&pbes2(cost), Some("secret"))).is_err(), "{cost:?}");
    }
}
