//! HTTP as bytes: nothing is made right that the other side got wrong.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// A list of header fields.
pub(crate) type Headers = Vec<(String, String)>;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Reads a start line and headers; folded lines stay as they are.
pub(super) fn head(reader: &mut impl std::io::BufRead) -> Option<(String, Headers)> {
    let mut start = String::new();
    let mut headers = Headers::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() && !start.is_empty() {
            return Some((start, headers));
        }
        if start.is_empty() {
            line.clone_into(&mut start);
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
}

/// Reads a body by its length, its chunks, or to the end.
pub(super) fn body(reader: &mut impl std::io::BufRead, headers: &Headers, to_the_end: bool) -> Option<Vec<u8>> {
    let field = |name: &str| {
        headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    let mut found = Vec::new();
    if field("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let length = u64::from_str_radix(line.trim(), 16).ok()?;
            reader.take(length).read_to_end(&mut found).ok()?;
            reader.read_line(&mut String::new()).ok()?;
            if length == 0 {
                return Some(found);
            }
        }
    }
    match field("Content-Length").and_then(|length| length.parse::<u64>().ok()) {
        Some(length) => {
            reader.take(length).read_to_end(&mut found).ok()?;
            (found.len() as u64 == length).then_some(found)
        }
        None if to_the_end => {
            reader.read_to_end(&mut found).ok()?;
            Some(found)
        }
        None => Some(found),
    }
}

/// Posts these bytes to a server of this machine and reads its answer.
pub(crate) fn post_raw(url: &str, request: &[u8]) -> Answered {
    let place = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    read_answer(&mut BufReader::new(stream), request.starts_with(b"HEAD "))
}

/// An address at which nobody listens, and nobody else can as long as the socket is kept.
pub(crate) fn unheard() -> (tokio::net::TcpSocket, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Reads an answer; that to HEAD announces a length and has no body (RFC 9110 section 9.3.2).
pub(crate) fn read_answer(reader: &mut impl std::io::BufRead, is_bodiless: bool) -> Answered {
    let (mut start, mut headers) = head(reader).expect("there is an answer");
    while start.contains(" 100") {
        (start, headers) = head(reader).expect("there is an answer behind 100");
    }
    let status = start.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if is_bodiless { Vec::new() } else { body(reader, &headers, true).unwrap() };
    Answered { status, headers, body }
}

/// Posts a message with a Content-Length.
pub(crate) fn post(url: &str, headers: &[(String, String)], body: &[u8]) -> Answered {
    post_raw(url, &request(headers, body))
}

/// The bytes of such a post.
pub(crate) fn request(headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut request = b"POST /as2 HTTP/1.1\r\nHost: localhost\r\n".to_vec();
    for (name, value) in headers {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}
