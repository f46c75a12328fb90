//! Reading a request's head as partners really send it, and keeping it as it came.
//!
//! hyper refuses folded lines and bare line feeds, which AS2 products do send. So the head is read here, and hyper gets a
//! plain one in its place which holds nothing but the framing.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The most header lines of a request, after unfolding.
const MOST_HEADERS: usize = 256;

/// How the end of the body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// So many bytes; 0 also where nothing is said.
    Length(u64),
}

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method, as sent.
    pub method: String,
    /// Path with query; of an absolute address only these.
    pub path: String,
    /// HTTP/1.0 rather than HTTP/1.1.
    pub old: bool,
    /// The headers in order, duplicates included, names in lower case, folded lines joined by one space.
    pub headers: Vec<(String, String)>,
    /// How the end of the body is found.
    pub framing: Framing,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// Every byte up to the blank line and with it, as received.
    pub raw: Vec<u8>,
}

/// Why a head was not taken. The client's fault in each case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The connection ended before the head did.
    #[error("the client closed the connection before its request's head was complete")]
    Closed,
    /// Not HTTP as RFC 9112 has it.
    #[error("the request's head is not HTTP: {0}")]
    Malformed(String),
    /// A method that makes no sense here.
    #[error("the method CONNECT asks for a proxy, which this is not")]
    Method,
    /// A POST that does not say how long its body is.
    #[error("the request says neither with Content-Length nor with chunks how long its body is")]
    NoLength,
    /// Not complete in time.
    #[error("the request's head was not complete in time")]
    TooLate,
    /// Longer than the limit.
    #[error("the request's head is longer than {0} bytes or {MOST_HEADERS} lines")]
    TooLong(usize),
    /// A transfer coding other than chunked.
    #[error("the transfer coding `{0}` is not supported")]
    TransferCoding(String),
    /// Neither HTTP/1.1 nor HTTP/1.0.
    #[error("the protocol `{0}` is not supported, only HTTP/1.1 and HTTP/1.0")]
    Version(String),
}

impl HeadError {
    /// The status it is answered with; none where nobody is there to read it.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Closed => None,
            Self::Malformed(_) => Some(400),
            Self::Method => Some(405),
            Self::TooLate => Some(408),
            Self::NoLength => Some(411),
            Self::TooLong(_) => Some(431),
            Self::TransferCoding(_) => Some(501),
            Self::Version(_) => Some(505),
        }
    }
}

fn malformed(why: impl Into<String>) -> HeadError {
    HeadError::Malformed(why.into())
}

/// Reads up to the blank line into `into`, at most `most` bytes; returns the head's length. What was read beyond it is the
/// body's beginning.
///
/// # Errors
/// If the head is too long or the connection ends; `into` then holds what came.
pub(super) async fn read<R: AsyncRead + Unpin>(
    reader: &mut R,
    most: usize,
    into: &mut Vec<u8>,
) -> Result<usize, HeadError> {
    let mut scan = Scan::default();
    let mut piece = vec![0; 8 * 1024];
    loop {
        if let Some(end) = scan.end(into) {
            return if end <= most { Ok(end) } else { Err(HeadError::TooLong(most)) };
        }
        if into.len() > most {
            return Err(HeadError::TooLong(most));
        }
        if into.first() == Some(&0x16) {
            return Err(malformed("it looks like TLS, and this port speaks plain HTTP"));
        }
        match reader.read(&mut piece).await {
            Ok(0) | Err(_) => return Err(HeadError::Closed),
            Ok(count) => into.extend_from_slice(piece.get(..count).unwrap_or_default()),
        }
    }
}

/// Looks for the blank line, each byte once.
#[derive(Debug, Default)]
struct Scan {
    at: usize,
    line: usize,
    begun: bool,
}

impl Scan {
    /// Where the head ends, once it does; called again with more of the same bytes.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            if *byte != b'\n' {
                continue;
            }
            let line = bytes.get(self.line..self.at).unwrap_or_default();
            self.line = self.at;
            if !matches!(line, b"\n" | b"\r\n") {
                self.begun = true;
            } else if self.begun {
                return Some(self.at);
            }
        }
        None
    }
}

/// Takes a head apart.
///
/// Empty lines before the request line are skipped, lines may end with a bare line feed (RFC 9112, 2.2), folded lines are
/// joined (5.2). Equal Content-Lengths are one, and none counts beside Transfer-Encoding (6.3).
///
/// # Errors
/// If it is not HTTP/1.x, or its framing cannot be relied on (RFC 9112, 6.3, 11.2).
pub fn parse(raw: &[u8]) -> Result<Head, HeadError> {
    let mut lines = raw
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .skip_while(|line| line.is_empty());
    let (method, path, old) = request_line(lines.next().unwrap_or_default())?;
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            let (_, value) = headers.last_mut().ok_or_else(|| malformed("its first header line is a folded one"))?;
            let more = text(line)?;
            if !value.is_empty() && !more.is_empty() {
                value.push(' ');
            }
            value.push_str(&more);
            continue;
        }
        if headers.len() == MOST_HEADERS {
            return Err(HeadError::TooLong(raw.len()));
        }
        headers.push(header(line)?);
    }
    let framing = match framing(&headers)? {
        Some(framing) => framing,
        // A body that ends with the connection is not one of a request (RFC 9112, 6.3): taken for empty, the document would
        // be acknowledged and lost.
        None if method == "POST" => return Err(HeadError::NoLength),
        None => Framing::Length(0),
    };
    let expects_continue =
        !old && headers.iter().any(|(name, value)| name == "expect" && value.eq_ignore_ascii_case("100-continue"));
    Ok(Head { method, path, old, headers, framing, expects_continue, raw: raw.to_vec() })
}

fn request_line(line: &[u8]) -> Result<(String, String, bool), HeadError> {
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed("its first line is not `METHOD path HTTP/1.1`"));
    };
    let old = match version {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        other if other.starts_with(b"HTTP/") => return Err(HeadError::Version(shown(other))),
        _ => return Err(malformed("its first line is not `METHOD path HTTP/1.1`")),
    };
    if method == b"CONNECT" {
        return Err(HeadError::Method);
    }
    if !method.iter().copied().all(is_token) {
        return Err(malformed("its method is not a word"));
    }
    if target.iter().any(u8::is_ascii_control) {
        return Err(malformed("its path holds a control character"));
    }
    Ok((decoded(method), path(&decoded(target)), old))
}

/// Path and query of a request target (RFC 9112, 3.2).
fn path(target: &str) -> String {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target.to_owned();
    };
    match rest.find(['/', '?']) {
        Some(at) if rest.as_bytes().get(at) == Some(&b'/') => rest.get(at..).unwrap_or("/").to_owned(),
        Some(at) => format!("/{}", rest.get(at..).unwrap_or_default()),
        None => "/".to_owned(),
    }
}

fn header(line: &[u8]) -> Result<(String, String), HeadError> {
    let colon = line
        .iter()
        .position(|byte| *byte == b':')
        .ok_or_else(|| malformed(format!("a header line has no colon: `{}`", shown(line))))?;
    let (name, value) = line.split_at(colon);
    // A space before the colon must be refused: it hides a header from some and not from others (RFC 9112, 5.1).
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(malformed(format!("`{}` cannot be the name of a header", shown(name))));
    }
    Ok((decoded(name).to_ascii_lowercase(), text(value.get(1..).unwrap_or_default())?))
}

/// A header's value without the white space around it; a bare carriage return counts as a space (RFC 9112, 2.2).
fn text(value: &[u8]) -> Result<String, HeadError> {
    if value.contains(&0) {
        return Err(malformed("a header holds a NUL"));
    }
    Ok(decoded(value).replace('\r', " ").trim_matches([' ', '\t']).to_owned())
}

/// UTF-8, or else Latin-1 (RFC 9110, 5.5, leaves it open).
fn decoded(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// The beginning of some bytes for a message.
fn shown(bytes: &[u8]) -> String {
    bytes.get(..bytes.len().min(80)).unwrap_or_default().escape_ascii().to_string()
}

/// RFC 9110, 5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// RFC 9112, 6.3. Nothing where the headers do not say.
fn framing(headers: &[(String, String)]) -> Result<Option<Framing>, HeadError> {
    let all = |wanted: &'static str| {
        headers
            .iter()
            .filter(move |(name, _)| name == wanted)
            .flat_map(|(_, value)| value.split(','))
            .map(|part| part.trim_matches([' ', '\t']))
    };
    let codings: Vec<&str> = all("transfer-encoding")
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
        .collect();
    match codings.as_slice() {
        [] => {}
        [only] if only.eq_ignore_ascii_case("chunked") => return Ok(Some(Framing::Chunked)),
        [first, ..] => return Err(HeadError::TransferCoding(first.chars().take(80).collect())),
    }
    let mut length = None;
    for part in all("content-length") {
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed("its Content-Length is not a number"));
        }
        let significant = part.trim_start_matches('0');
        // What no u64 holds is beyond every limit, and is refused as such.
        let number = if significant.is_empty() { 0 } else { significant.parse().unwrap_or(u64::MAX) };
        if length.is_some_and(|before| before != number) {
            return Err(malformed("it has two Content-Lengths which differ"));
        }
        length = Some(number);
    }
    Ok(length.map(Framing::Length))
}

impl Head {
    /// The plain head which hyper gets: the framing and nothing else.
    pub(super) fn plain(&self) -> Vec<u8> {
        // Chunks need HTTP/1.1, which hyper insists on; the answer then goes out with a length or ends with the connection.
        let version = if self.old && self.framing != Framing::Chunked { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut plain = format!("{} / {version}\r\nHost: here\r\n", self.method);
        match self.framing {
            Framing::Chunked => plain.push_str("Transfer-Encoding: chunked\r\n"),
            Framing::Length(0) => {}
            Framing::Length(length) => plain.push_str(&format!("Content-Length: {length}\r\n")),
        }
        if self.expects_continue {
            plain.push_str("Expect: 100-continue\r\n");
        }
        plain.push_str("\r\n");
        plain.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &str) -> Result<Head, HeadError> {
        parse(format!("GET /as2 HTTP/1.1\r\n{lines}\r\n").as_bytes())
    }

    fn header_of(head: &Head, name: &str) -> Vec<String> {
        head.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.clone()).collect()
    }

    #[test]
    fn folded_lines_are_joined_and_the_raw_head_stays() {
        let raw = b"\r\nPOST /as2?x=1 HTTP/1.1\nContent-Type: multipart/signed;\r\n\tprotocol=\"a\";\r\n   micalg=b\r\nContent-Length: 0\r\nX-Empty:\r\n\r\n";
        let head = parse(raw).expect("a head");
        assert_eq!(header_of(&head, "content-type"), ["multipart/signed; protocol=\"a\"; micalg=b"]);
        assert_eq!(header_of(&head, "x-empty"), [""]);
        assert_eq!((head.method.as_str(), head.path.as_str()), ("POST", "/as2?x=1"));
        assert_eq!(head.raw, raw);
    }

    #[test]
    fn duplicates_stay_in_order() {
        let head = headers("AS2-From: \"a\"\r\nX: 1\r\nas2-from: a\r\n").expect("a head");
        assert_eq!(header_of(&head, "as2-from"), ["\"a\"", "a"]);
    }

    #[test]
    fn lengths_agree_or_are_refused() {
        let framing = |lines: &str| headers(lines).map(|head| head.framing);
        for lines in ["", "Transfer-Encoding: identity\r\n"] {
            assert_eq!(framing(lines), Ok(Framing::Length(0)));
            let post = parse(format!("POST /as2 HTTP/1.1\r\n{lines}\r\n").as_bytes());
            assert_eq!(post, Err(HeadError::NoLength));
        }
        assert_eq!(framing("Content-Length: 0042\r\n"), Ok(Framing::Length(42)));
        assert_eq!(framing("Content-Length: 42\r\nContent-Length: 042\r\n"), Ok(Framing::Length(42)));
        assert_eq!(framing("Content-Length: 42, 42\r\n"), Ok(Framing::Length(42)));
        assert_eq!(framing("Content-Length: 7\r\nTransfer-Encoding: chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(framing("Transfer-Encoding: identity\r\nContent-Length: 7\r\n"), Ok(Framing::Length(7)));
        for wrong in ["Content-Length: 42\r\nContent-Length: 43\r\n", "Content-Length: +42\r\n", "Content-Length:\r\n"]
        {
            assert!(matches!(framing(wrong), Err(HeadError::Malformed(_))), "{wrong}");
        }
        for wrong in
            ["Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"]
        {
            assert!(matches!(framing(wrong), Err(HeadError::TransferCoding(_))), "{wrong}");
        }
    }

    #[test]
    fn names_stay_as_they_are_whatever_a_token_may_hold_and_however_long_they_are() {
        let long = "x".repeat(100);
        let head = headers(&format!("It's-{long}: 1\r\nIt's-{long}y: 2\r\n")).expect("a head");
        assert_eq!(header_of(&head, &format!("it's-{long}")), ["1"]);
        assert_eq!(header_of(&head, &format!("it's-{long}y")), ["2"]);
        assert_eq!(parse(b"IT'S / HTTP/1.1\r\n\r\n").expect("a head").method, "IT'S");
    }

    #[test]
    fn what_hides_a_header_is_refused() {
        for wrong in ["Content-Length : 5\r\n", " folded: first\r\n", "no colon\r\n", ": nothing\r\n", "A: \0\r\n"] {
            assert!(matches!(headers(wrong), Err(HeadError::Malformed(_))), "{wrong:?}");
        }
    }

    #[test]
    fn other_protocols_are_named() {
        assert!(matches!(parse(b"PRI * HTTP/2.0\r\n\r\n"), Err(HeadError::Version(_))));
        assert!(matches!(parse(b"EHLO there\r\n\r\n"), Err(HeadError::Malformed(_))));
        assert_eq!(parse(b"CONNECT a:1 HTTP/1.1\r\n\r\n"), Err(HeadError::Method));
    }

    #[test]
    fn an_absolute_target_is_reduced_to_its_path() {
        assert_eq!(path("http://a.example/x?y"), "/x?y");
        assert_eq!(path("http://a.example?y"), "/?y");
        assert_eq!(path("http://a.example"), "/");
        assert_eq!(path("/in?back=http://b/"), "/in?back=http://b/");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(parse(&raw));
            drop(parse(&[b"POST / HTTP/1.1\r\n".as_slice(), &raw].concat()));
        }
    }
}
