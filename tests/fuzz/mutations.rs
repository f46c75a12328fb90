//! Inputs made of others: by bytes, by lines of MIME, by elements of BER.

use crate::random::Random;
use crate::targets::ber::{self, Content, Node};

/// The largest input that is made.
pub(crate) const LARGEST: usize = 128 * 1024;

/// Bytes at which something ends or turns.
const EDGES: &[u8] =
    &[0, 1, 0x7f, 0x80, 0x81, 0x84, 0xff, b'\r', b'\n', b' ', b'\t', b'-', b'"', b'\\', b';', b'=', b':'];

/// Numbers at which something overflows.
const NUMBERS: &[&str] =
    &["0", "-1", "00", "1e9", "127", "128", "65535", "65536", "2147483648", "4294967296", "18446744073709551616"];

/// Lines that mean something in MIME.
const LINES: &[&str] = &[
    "Content-Type: multipart/signed; boundary=\"x\"",
    "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=x",
    "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
    "Content-Type: application/pkcs7-mime; smime-type=compressed-data",
    "Content-Type: application/pkcs7-mime; smime-type=enveloped-data",
    "Content-Type: message/disposition-notification",
    "Content-Type: text/plain; name*0*=utf-8''%41; name*1=\"b\"",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "Content-Disposition: attachment; filename=\"=?utf-8?B?w7w=?= =?utf-8?Q?=41?=\"",
    "Disposition: automatic-action/MDN-sent-automatically; processed/error: a, b",
    "Received-Content-MIC: AAAA, sha1",
    "Original-Message-ID: <>",
    "--x",
    "--x--",
    "--x-- ",
    "",
    "\t folded",
];

/// One input after another, made of two that are there.
pub(crate) fn mutated(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        match random.below(3) {
            0 => change_bytes(&mut bytes, other, random),
            1 => change_lines(&mut bytes, random),
            _ => change_elements(&mut bytes, other, random),
        }
        bytes.truncate(LARGEST);
    }
    bytes
}

/// A part of the input: where it begins and ends.
fn part(length: usize, random: &mut Random) -> std::ops::Range<usize> {
    let from = random.below(length + 1);
    let most = if random.once_in(3) { length } else { 40 };
    from..(from + random.below(most + 1)).min(length)
}

fn change_bytes(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len());
    let range = part(bytes.len(), random);
    match random.below(9) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(range)),
        2 => {
            let copy = bytes[range].to_vec();
            let copies = if random.once_in(8) { 200 } else { 1 };
            let copies = copies.min(LARGEST / (copy.len() + 1) + 1);
            drop(bytes.splice(at..at, copy.repeat(copies)));
        }
        3 => {
            let piece = &other[part(other.len(), random)];
            drop(bytes.splice(range, piece.iter().copied()));
        }
        4 => {
            bytes.truncate(at);
            bytes.extend(&other[random.below(other.len())..]);
        }
        5 => change_number(bytes, random),
        6 => drop(bytes.splice(at..at, [*random.one_of(EDGES)])),
        way => {
            let new = match way {
                7 => *random.one_of(EDGES),
                _ => random.byte(),
            };
            let flipped = 1 << random.below(8);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = if random.once_in(2) { new } else { *byte ^ flipped };
            }
        }
    }
}

/// Puts another number in the place of one in decimal digits.
fn change_number(bytes: &mut Vec<u8>, random: &mut Random) {
    let from = random.below(bytes.len());
    let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else { return };
    let end = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    drop(bytes.splice(start..end, random.one_of(NUMBERS).bytes()));
}

/// Moves, repeats, drops, folds and adds lines, delimiters among them.
fn change_lines(bytes: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    // Most often among the first ones, where the headers are.
    let near = if random.once_in(3) { lines.len() } else { lines.len().min(30) };
    let (at, to) = (random.below(near), random.below(near));
    if lines.is_empty() {
        lines.push(Vec::new());
    }
    match random.below(9) {
        0 => drop(lines.remove(at)),
        1 => {
            let line = lines[at].clone();
            lines.insert(to, line);
        }
        2 => lines.swap(at, to),
        3 => lines.insert(at, format!("{}\r\n", random.one_of(LINES)).into_bytes()),
        4 => {
            let boundary = boundary(bytes).unwrap_or_else(|| b"x".to_vec());
            let end = random.piece(&[b"\r\n", b"\n", b"--\r\n", b"--", b" \t\r\n", b"x\r\n", b"-\r\n"]);
            lines.insert(at, [&b"--"[..], boundary.as_slice(), end].concat());
        }
        5 => {
            let line = &mut lines[at];
            if let Some(space) = line.iter().position(|byte| *byte == b' ') {
                drop(line.splice(space..space, *b"\r\n\t"));
            }
        }
        6 => {
            let line = &mut lines[at];
            line.make_ascii_uppercase();
        }
        7 => {
            // Other line ends, in one line or in all.
            let all = random.once_in(2);
            for line in if all { &mut lines[..] } else { &mut lines[at..=at] } {
                if line.ends_with(b"\r\n") {
                    line.remove(line.len() - 2);
                } else if line.ends_with(b"\n") {
                    line.insert(line.len() - 1, b'\r');
                }
            }
        }
        _ => {
            let value = boundary(bytes).unwrap_or_default();
            let new = random.piece(&[b"x", b"", b"=_", b"a b", b"--"]);
            for line in &mut lines {
                if let Some(start) = find(line, &value).filter(|_| !value.is_empty()) {
                    drop(line.splice(start..start + value.len(), new.iter().copied()));
                    if random.once_in(2) {
                        break;
                    }
                }
            }
        }
    }
    *bytes = lines.concat();
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len().max(1)).position(|window| window == what)
}

/// The first boundary that headers name.
fn boundary(bytes: &[u8]) -> Option<Vec<u8>> {
    let rest = &bytes[find(bytes, b"boundary=")? + 9..];
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    Some(rest.iter().copied().take_while(|byte| !b"\"; \r\n".contains(byte)).collect())
}

/// Where a structure may begin: at once, or behind headers.
fn structure(bytes: &[u8]) -> Option<usize> {
    if bytes.first() == Some(&0x30) { Some(0) } else { find(bytes, b"\r\n\r\n\x30").map(|at| at + 4) }
}

/// Changes elements of a structure, and puts it together again with lengths that fit, or tampers with a length.
fn change_elements(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let Some(start) = structure(bytes) else { return change_bytes(bytes, other, random) };
    if random.once_in(4) {
        return change_length(bytes, start, random);
    }
    let Some((mut root, rest)) = ber::parse(&bytes[start..]) else { return change_bytes(bytes, other, random) };
    let rest = rest.to_vec();
    let donor = structure(other).and_then(|at| ber::parse(&other[at..])).map(|(mut donor, _)| {
        let chosen = random.below(donor.count());
        donor.nth(chosen).cloned()
    });
    let chosen = random.below(root.count());
    if let Some(node) = root.nth(chosen) {
        change_node(node, donor.flatten(), random);
    }
    let indefinite = if random.once_in(3) { random.below(12) } else { 0 };
    let mut out = bytes[..start].to_vec();
    root.write(indefinite, &mut out);
    out.extend(rest);
    *bytes = out;
}

fn change_node(node: &mut Node, donor: Option<Node>, random: &mut Random) {
    match (random.below(8), &mut node.content) {
        (0, _) => {
            node.tag =
                *random.one_of(&[0x02, 0x03, 0x04, 0x05, 0x06, 0x13, 0x17, 0x24, 0x30, 0x31, 0x80, 0xa0, 0xa1, 0xa3])
        }
        (1, _) => {
            if let Some(donor) = donor {
                *node = donor;
            }
        }
        (2 | 3, Content::Nodes(nodes)) if !nodes.is_empty() => {
            let at = random.below(nodes.len());
            let taken = nodes.remove(at);
            if random.once_in(2) {
                let to = random.below(nodes.len() + 1);
                nodes.insert(to, taken);
            }
        }
        (_, Content::Nodes(nodes)) => {
            let at = random.below(nodes.len() + 1);
            let copies = if random.once_in(8) { 40 } else { 1 };
            let chosen = random.below(nodes.len());
            if let Some(new) = donor.or_else(|| nodes.get(chosen).cloned()) {
                for _ in 0..copies {
                    nodes.insert(at, new.clone());
                }
            }
        }
        (2, Content::Bytes(bytes)) if bytes.len() > 1 => {
            // An octet string in pieces, as BER allows.
            let (first, second) = bytes.split_at(bytes.len() / 2);
            let piece = |bytes: &[u8]| Node { tag: 0x04, content: Content::Bytes(bytes.to_vec()) };
            let pieces = vec![piece(first), piece(second)];
            *node = Node { tag: node.tag | 0x20, content: Content::Nodes(pieces) };
        }
        (3, Content::Bytes(bytes)) => {
            // Numbers at the edge, and none.
            let new = random.piece(&[&[], &[0], &[0x7f], &[0x80], &[0xff; 4], &[0x7f, 0xff, 0xff, 0xff], &[1; 40]]);
            *bytes = new.to_vec();
        }
        (_, Content::Bytes(bytes)) => change_bytes(bytes, &[0, 0xff, 0x80, 0x30], random),
    }
}

/// Tampers with what looks like a length, and leaves everything else.
fn change_length(bytes: &mut Vec<u8>, start: usize, random: &mut Random) {
    let tags: Vec<usize> = (start..bytes.len().saturating_sub(1).min(start + 600))
        .filter(|at| [0x02, 0x04, 0x06, 0x30, 0x31, 0xa0, 0xa1, 0x80].contains(&bytes[*at]))
        .collect();
    if tags.is_empty() {
        return;
    }
    let at = *random.one_of(&tags) + 1;
    let old = bytes[at];
    let new = random
        .piece(&[
            &[old.wrapping_add(1)],
            &[old.wrapping_sub(1)],
            &[0],
            &[0x80],
            &[0x7f],
            &[0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x84, 0x7f, 0xff, 0xff, 0xff],
            &[0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x82, 0, old],
            &[0xff],
        ])
        .to_vec();
    drop(bytes.splice(at..=at, new));
}
