//! The head of a request as it is kept: every byte as it came, but for what lets somebody in.

use crate::domain::transmission::Headers;

/// Headers whose values let whoever reads them in: a partner's password for us among them.
const SECRET: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

fn is_secret(name: &[u8]) -> bool {
    SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()))
}

/// A head in which each secret value is as many asterisks, on folded lines too (RFC 9112 section 5.2), so that everything
/// else stands where it stood.
pub(super) fn without_secrets(raw: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(raw.len());
    let mut secret = false;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let is_folded = matches!(line.first(), Some(b' ' | b'\t'));
        let colon = line.iter().position(|byte| *byte == b':');
        let begin = match colon {
            _ if is_folded => 0,
            Some(colon) => {
                // A space before the colon is refused, and does not hide what is behind it either.
                secret = is_secret(line.get(..colon).unwrap_or_default().trim_ascii());
                colon + 1
            }
            None => {
                secret = false;
                line.len()
            }
        };
        let (name, value) = line.split_at(begin);
        kept.extend_from_slice(name);
        kept.extend(value.iter().map(|byte| if secret && !byte.is_ascii_whitespace() { b'*' } else { *byte }));
    }
    kept
}

/// The same of headers that were read.
pub(super) fn hide_secrets(headers: &mut Headers) {
    for (name, value) in headers {
        if is_secret(name.as_bytes()) {
            "hidden".clone_into(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_somebody_in_is_not_kept_however_it_is_written() {
        let raw = b"POST /as2 HTTP/1.1\r\nHost: us\r\nAUTHORIZATION: Basic cGFy\r\n\tdG5lcg==\r\n  more\r\nAS2-From: A\r\n\
            Proxy-Authorization:Bearer x.y\nCookie: a=b; c=d\r\nX-Authorization-Note: stays\r\nAuthorization : late\r\n\r\n";
        let kept = without_secrets(raw);
        assert_eq!(kept.len(), raw.len());
        let kept = String::from_utf8(kept).unwrap();
        assert_eq!(
            kept,
            "POST /as2 HTTP/1.1\r\nHost: us\r\nAUTHORIZATION: ***** ****\r\n\t********\r\n  ****\r\nAS2-From: A\r\n\
             Proxy-Authorization:****** ***\nCookie: **** ***\r\nX-Authorization-Note: stays\r\nAuthorization : ****\r\n\r\n"
        );
    }

    #[test]
    fn nothing_else_is_changed() {
        for raw in
            [b"".as_slice(), b"\r\n\r\n", b"POST / HTTP/1.1\r\n folded: first\r\nno colon\r\n: x\r\n\r\n", b"\xff:\xfe"]
        {
            assert_eq!(without_secrets(raw), raw);
        }
    }
}
