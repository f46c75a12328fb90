//! What a mail must not ask for before it is taken apart.
//!
//! The parser holds each part and each header in memory at many times its length, and each mail in a mail as a value inside the
//! other: so many in one another that they cannot be let go of without more stack than a thread has end the program. It looks
//! into a mail that is encoded inside another, too, where nothing can be counted beforehand; then the whole has to be small.

use super::file::ReadError;

/// The most lines that may begin a part, and the most lines.
const MOST_BEGINNINGS: usize = 20_000;
const MOST_LINES: usize = 1_000_000;

/// The most mails in a mail, in one another or beside each other.
const MOST_INSIDE: usize = 100;

/// The largest mail with one inside that is encoded, in bytes: four thousand could be in one another.
const MOST_ENCODED: usize = 128 * 1024;

/// So much stack takes any that is not refused.
pub(super) const STACK: usize = 64 * 1024 * 1024;

/// Refuses a mail that would need more than it is worth.
pub(super) fn within(mail: &[u8]) -> Result<(), ReadError> {
    let mut beginnings = 0;
    for (number, line) in mail.split(|byte| *byte == b'\n').enumerate() {
        beginnings += usize::from(line.starts_with(b"--"));
        if number > MOST_LINES || beginnings > MOST_BEGINNINGS {
            return Err(ReadError::Excessive("more parts or lines than any mail has"));
        }
    }
    let mut inside = 0;
    for (at, _) in mail.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        // `message/rfc822`, `message/global`, and `multipart/digest`, whose parts are mails that do not say so.
        let subtype = after_space(mail.get(at + 1..).unwrap_or_default());
        let is = |name: &[u8]| subtype.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
        let is_digest = is(b"digest");
        if !(is_digest || is(b"rfc822") || is(b"global")) {
            continue;
        }
        inside += 1;
        if inside > MOST_INSIDE {
            return Err(ReadError::Excessive("more than 100 mails in a mail"));
        }
        if mail.len() > MOST_ENCODED && (is_digest || is_encoded(mail, at)) {
            return Err(ReadError::Excessive("a mail that is encoded, inside a large one"));
        }
    }
    Ok(())
}

/// What follows white space, line ends among it, and a comment (RFC 5322 section 3.2.2).
fn after_space(bytes: &[u8]) -> &[u8] {
    let rest = bytes.trim_ascii_start();
    match rest.strip_prefix(b"(") {
        Some(comment) => {
            let end = comment.iter().take(1000).position(|byte| *byte == b')');
            end.and_then(|end| comment.get(end + 1..)).map_or(rest, <[u8]>::trim_ascii_start)
        }
        None => rest,
    }
}

/// Whether the header that something stands in names an encoding which hides what follows.
fn is_encoded(mail: &[u8], at: usize) -> bool {
    let is_blank = |window: &[u8]| window.starts_with(b"\n\n") || window.starts_with(b"\n\r\n");
    let (before, after) = mail.split_at(at);
    let start = before.windows(3).rposition(is_blank).unwrap_or_default();
    let end = after.windows(3).position(is_blank);
    let header = mail.get(start..end.map_or(mail.len(), |end| at + end)).unwrap_or_default();
    let names = |name: &[u8]| header.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name));
    names(b"base64") || names(b"quoted-printable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_in_mails_are_counted_however_they_are_written() {
        let told = |mail: String| within(mail.as_bytes()).map_err(|error| error.to_string());
        let inside = |times: usize, kind: &str| {
            told(format!("From: a\n\n{}", format!("Content-Type: {kind}\n\n").repeat(times)))
        };
        for kind in ["message/rfc822", "Message/\r\n RFC822", "message/ (so) global", "multipart/digest; boundary=x"] {
            assert_eq!(inside(100, kind), Ok(()), "{kind}");
            assert!(inside(101, kind).unwrap_err().contains("more than 100 mails"), "{kind}");
        }
        // Words that only look so.
        assert_eq!(inside(101, "text/plain; name=rfc822; digest=global"), Ok(()));
    }

    #[test]
    fn one_that_is_encoded_makes_the_whole_small() {
        let large = "x".repeat(70) + "\n";
        let mail =
            |head: &str, lines: usize| within(format!("From: a\n\n{head}\n\n{}", large.repeat(lines)).as_bytes());
        for head in [
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64",
            "Content-Transfer-Encoding:\n Quoted-Printable\nContent-Type: message/rfc822",
            "Content-Type: multipart/digest; boundary=x",
        ] {
            assert_eq!(mail(head, 100), Ok(()), "{head}");
            assert!(mail(head, 5_000).is_err(), "{head}");
        }
        // As mails are forwarded, with what is attached to them.
        let forwarded =
            "Content-Type: message/rfc822\n\nContent-Transfer-Encoding: base64\nContent-Type: application/x-x509";
        assert_eq!(mail(forwarded, 5_000), Ok(()));
        assert!(within(&b"--\n".repeat(20_001)).is_err());
        assert!(within(&b"\n".repeat(1_000_001)).is_err());
    }
}
