//! With clients on loopback which behave as clients do, well and badly.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc};

use super::*;
use crate::transport::client::{self, PostRequest};
use crate::transport::inbound::BodyError;
use crate::transport::testing::{self, body, read_to};
use crate::transport::trust::Trust;

/// What the handler saw of a request.
#[derive(Debug)]
struct Seen {
    path: String,
    headers: Vec<(String, String)>,
    raw_head: Vec<u8>,
    tls: bool,
    body: Result<Vec<u8>, BodyError>,
}

/// Reads the body and says how long it was. Paths choose something else.
struct Echo {
    seen: mpsc::Sender<Seen>,
    refused: mpsc::Sender<Refusal>,
    entered: Notify,
    go_on: Notify,
    finished: AtomicUsize,
}

impl Handler for Echo {
    async fn handle(&self, mut request: Request) -> Response {
        match request.path.as_str() {
            "/panic" => panic!("as asked for"),
            "/unread" => return Response::text(401, "who are you?"),
            "/file" => {
                let path = String::from_utf8(request.body.next().await.expect("a body").expect("bytes").to_vec());
                let body = ResponseBody::File { path: path.expect("a path").into(), length: 5 };
                return Response { status: 200, headers: vec![("X-A".into(), "b".into())], body };
            }
            "/wait" => {
                self.entered.notify_one();
                self.go_on.notified().await;
            }
            _ => {}
        }
        let mut all = Vec::new();
        let body = loop {
            match request.body.next().await {
                None => break Ok(all),
                Some(Ok(bytes)) => all.extend_from_slice(&bytes),
                Some(Err(error)) => break Err(error),
            }
        };
        let answer = Response::text(200, format!("{} bytes", body.as_ref().map_or(0, Vec::len)));
        let Request { path, headers, raw_head, tls, .. } = request;
        self.seen.send(Seen { path, headers, raw_head, tls, body }).await.expect("room");
        self.finished.fetch_add(1, Ordering::Relaxed);
        answer
    }

    fn refused(&self, refusal: Refusal) {
        self.refused.try_send(refusal).expect("room");
    }
}

struct House {
    address: SocketAddr,
    handler: Arc<Echo>,
    seen: mpsc::Receiver<Seen>,
    refused: mpsc::Receiver<Refusal>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Served>,
}

fn tight() -> Limits {
    Limits {
        head_time: Duration::from_secs(20),
        idle: Duration::from_secs(20),
        body_bytes: 1_000_000,
        drain: Duration::from_secs(20),
        ..Limits::default()
    }
}

/// The same where it is about who is too slow.
fn hasty() -> Limits {
    Limits { head_time: Duration::from_millis(300), idle: Duration::from_millis(300), ..tight() }
}

async fn house(limits: Limits, tls: Option<ServerTls>) -> House {
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address"), tls).await.expect("bound");
    let address = listener.address().expect("an address");
    let (seen_in, seen) = mpsc::channel(16);
    let (refused_in, refused) = mpsc::channel(16);
    let handler = Arc::new(Echo {
        seen: seen_in,
        refused: refused_in,
        entered: Notify::new(),
        go_on: Notify::new(),
        finished: AtomicUsize::new(0),
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(listener.serve(Arc::clone(&handler), limits, async { drop(stopped.await) }));
    House { address, handler, seen, refused, stop, served }
}

impl House {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    /// Sends bytes and reads the whole answer.
    async fn ask(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("sent");
        rest(&mut stream).await
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.expect("an orderly end");
    String::from_utf8(all).expect("text")
}

fn has(seen: &Seen, name: &str, value: &str) -> bool {
    seen.headers.iter().any(|(found, text)| found == name && text == value)
}

#[tokio::test]
async fn a_folded_head_with_bare_line_feeds_arrives_whole() {
    let mut house = house(tight(), None).await;
    let head = b"\r\nPOST /as2?a=b HTTP/1.1\nAS2-From: \"us\"\nas2-from: us\nContent-Type: multipart/signed;\n\tboundary=x\nContent-Length: 05\nContent-Length: 5\nBad-Value: \xe9\n\n";
    let answer = house.ask(&[head.as_slice(), b"hello"].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n5 bytes"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    let seen = house.seen.recv().await.expect("a request");
    assert_eq!((seen.path.as_str(), seen.body.as_deref(), seen.tls), ("/as2?a=b", Ok(b"hello".as_slice()), false));
    assert_eq!(seen.raw_head, head);
    assert!(has(&seen, "content-type", "multipart/signed; boundary=x") && has(&seen, "bad-value", "é"));
    assert!(has(&seen, "as2-from", "\"us\"") && has(&seen, "as2-from", "us"));
}

#[tokio::test]
async fn chunks_with_extensions_and_split_anywhere() {
    let mut house = house(tight(), None).await;
    let mut stream = house.connect().await;
    let bytes = b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n005;name=\"v\"\r\nhello\r\n1 \r\n!\r\n0\r\nTrailer: x\r\n\r\n";
    for piece in bytes.chunks(7) {
        stream.write_all(piece).await.expect("sent");
        stream.flush().await.expect("sent");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(rest(&mut stream).await.ends_with("6 bytes"));
    assert_eq!(house.seen.recv().await.expect("a request").body.expect("a body"), b"hello!");
    // HTTP/1.0 with chunks is wrong and harmless: nothing follows on this connection.
    let old = house.ask(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").await;
    assert!(old.ends_with("2 bytes"), "{old}");
    assert_eq!(house.seen.recv().await.expect("a request").body.expect("a body"), b"hi");

    let broken = house.ask(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n").await;
    assert!(broken.starts_with("HTTP/1.1 400 "), "{broken}");
    assert!(matches!(house.seen.recv().await.expect("a request").body, Err(BodyError::Malformed(_))));
}

#[tokio::test]
async fn expect_is_answered_before_the_body_comes() {
    let mut house = house(tight(), None).await;
    let mut stream = house.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await.expect("sent");
    assert_eq!(read_to(&mut stream, b"\r\n\r\n").await, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.expect("sent");
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(house.seen.recv().await.expect("a request").body.expect("a body"), b"hello");
}

#[tokio::test]
async fn what_the_listener_refuses_by_itself() {
    let mut house = house(Limits { head_time: Duration::from_secs(2), ..tight() }, None).await;
    let long = [b"POST / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 70_000]].concat();
    for (bytes, status) in [
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!".as_slice(), 400),
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"CONNECT a:1 HTTP/1.1\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nContent-", 408),
        (b"POST / HTTP/1.1\r\nContent-Length: 1000001\r\n\r\nhello", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999999\r\n\r\nhello", 413),
        (&long, 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/2.0\r\n\r\n", 505),
    ] {
        let answer = house.ask(bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
        let refusal = house.refused.recv().await.expect("a refusal");
        assert_eq!(refusal.status, Some(status));
        assert!(bytes.starts_with(&refusal.raw_head) && !refusal.raw_head.is_empty());
    }
    assert_eq!(house.handler.finished.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_body_over_the_limit_stops_and_the_client_reads_why() {
    let mut house = house(tight(), None).await;
    let file = body(&vec![b'x'; 8 << 20]);
    for chunked in [true, false] {
        let request = PostRequest { chunked, ..testing::request("http", house.address, &file) };
        let answer = client::post(request, |_| ()).await.expect("an answer");
        assert_eq!(answer.status, 413, "chunked: {chunked}");
    }
    assert_eq!(house.seen.recv().await.expect("a request").body, Err(BodyError::TooLarge(1_000_000)));
}

#[tokio::test]
async fn an_answer_before_the_body_was_read_is_read_by_who_still_sends() {
    let house = house(tight(), None).await;
    let mut stream = house.connect().await;
    stream.write_all(b"POST /unread HTTP/1.1\r\nContent-Length: 900000\r\n\r\n").await.expect("sent");
    let answered = read_to(&mut stream, b"who are you?").await;
    assert!(answered.starts_with(b"HTTP/1.1 401 "));
    for _ in 0..9 {
        stream.write_all(&[b'x'; 100_000]).await.expect("the connection is still open");
    }
}

#[tokio::test]
async fn a_client_that_stops_or_goes_away_is_an_error_to_the_handler() {
    let mut house = house(hasty(), None).await;
    let answer = house.ask(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhello").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(house.seen.recv().await.expect("a request").body, Err(BodyError::TooSlow));

    for begun in [
        b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhello".as_slice(),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let mut stream = house.connect().await;
        stream.write_all(begun).await.expect("sent");
        drop(stream);
        assert_eq!(house.seen.recv().await.expect("a request").body, Err(BodyError::Closed));
    }
}

#[tokio::test]
async fn a_trickle_below_the_least_rate_is_cut() {
    let limits = Limits { grace: Duration::ZERO, least_rate: 1_000_000, ..tight() };
    let begun = Instant::now();
    let mut house = house(limits.clone(), None).await;
    let mut stream = house.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nx").await.expect("sent");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    stream.write_all(b"x").await.expect("sent");
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 408 "));
    assert!(begun.elapsed() < limits.idle, "it is not cut for its silence");
    assert_eq!(house.seen.recv().await.expect("a request").body, Err(BodyError::TooSlow));
}

#[tokio::test]
async fn who_has_sent_everything_may_close_its_half_and_the_handler_outlives_who_leaves() {
    let mut house = house(tight(), None).await;
    let mut stream = house.connect().await;
    stream.write_all(b"POST /wait HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").await.expect("sent");
    stream.shutdown().await.expect("half closed");
    house.handler.entered.notified().await;
    house.handler.go_on.notify_one();
    assert!(rest(&mut stream).await.ends_with("5 bytes"));
    house.seen.recv().await.expect("a request");

    let mut stream = house.connect().await;
    stream.write_all(b"POST /wait HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.expect("sent");
    house.handler.entered.notified().await;
    drop(stream);
    tokio::time::sleep(Duration::from_millis(50)).await;
    house.handler.go_on.notify_one();
    assert_eq!(house.seen.recv().await.expect("finished all the same").body.expect("a body"), b"");
}

#[tokio::test]
async fn a_panicking_handler_is_a_500_and_a_file_is_an_answer() {
    let house = house(tight(), None).await;
    assert!(house.ask(b"POST /panic HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.starts_with("HTTP/1.1 500 "));
    let file = body(b"12345");
    let path = file.path().to_str().expect("text");
    let ask = |path: &str| format!("POST /file HTTP/1.1\r\nContent-Length: {}\r\n\r\n{path}", path.len());
    let answer = house.ask(ask(path).as_bytes()).await;
    assert!(answer.ends_with("\r\n\r\n12345") && answer.contains("x-a: b\r\n"), "{answer}");
    assert!(house.ask(ask("/no/such/file").as_bytes()).await.starts_with("HTTP/1.1 500 "));
}

#[tokio::test]
async fn idle_connections_do_not_keep_others_out_for_long() {
    let mut house = house(Limits { connections: 1, behind: Duration::from_secs(5), ..tight() }, None).await;
    let idle = house.connect().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let busy = house.ask(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await;
    assert!(busy.starts_with("HTTP/1.1 503 ") && busy.contains("Retry-After"), "{busy}");
    assert_eq!(house.refused.recv().await.expect("a refusal").reason, RefusalReason::Busy(1));
    drop(idle);
    // As soon as it is seen that it has gone.
    let begun = Instant::now();
    while !house.ask(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.starts_with("HTTP/1.1 200 ") {
        assert!(begun.elapsed() < Duration::from_secs(10), "its place stays taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_flight_and_nothing_else() {
    let house = house(tight(), None).await;
    let idle = house.connect().await;
    let mut busy = house.connect().await;
    busy.write_all(b"POST /wait HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").await.expect("sent");
    house.handler.entered.notified().await;
    house.stop.send(()).expect("running");
    let begun = Instant::now();
    while TcpStream::connect(house.address).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing new is taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!house.served.is_finished());
    house.handler.go_on.notify_one();
    assert!(rest(&mut busy).await.ends_with("5 bytes"));
    assert_eq!(house.served.await.expect("served"), Served { cut_off: 0 });
    drop(idle);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let house = house(Limits { drain: Duration::from_millis(100), ..tight() }, None).await;
    let mut stream = house.connect().await;
    stream.write_all(b"POST /wait HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.expect("sent");
    house.handler.entered.notified().await;
    house.stop.send(()).expect("running");
    assert_eq!(house.served.await.expect("served"), Served { cut_off: 1 });
}

#[tokio::test]
async fn a_foreign_client_over_tls() {
    let made = testing::self_signed("localhost", |_| ());
    let mut house = house(tight(), Some(ServerTls::new(&made.identity).expect("TLS"))).await;
    let config = crate::transport::trust::ClientTls::prepare(&Trust::Pem(made.pem.clone()), None).expect("TLS");
    let foreign =
        reqwest::Client::builder().tls_backend_preconfigured(config.config).no_proxy().build().expect("a client");
    let content = vec![b'x'; 900_000];
    let sent = foreign.post(format!("https://{}/in", house.address)).header("AS2-To", "us").body(content.clone());
    let answer = sent.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.text().await.expect("text").as_str()), (200, "900000 bytes"));
    let seen = house.seen.recv().await.expect("a request");
    assert!(seen.tls && has(&seen, "as2-to", "us") && seen.body.expect("a body") == content);

    // And someone who does not speak TLS.
    let mut stream = house.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\n\r\n").await.expect("sent");
    assert!(matches!(house.refused.recv().await.expect("a refusal").reason, RefusalReason::Tls(_)));
}

/// Reads all of a body, and says so.
struct Reads;

impl Handler for Reads {
    async fn handle(&self, mut request: Request) -> Response {
        while let Some(piece) = request.body.next().await {
            if piece.is_err() {
                break;
            }
        }
        Response::text(200, "read")
    }
}

/// Holds a connection as long as it can: sends how it begins, then a byte from time to time, and comes again when it is
/// closed.
async fn drip(address: SocketAddr, begin: &'static [u8]) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await
            && stream.write_all(begin).await.is_ok()
        {
            let mut answer = [0; 64];
            loop {
                let closed = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut answer)).await;
                if closed.is_ok() || stream.write_all(b"a").await.is_err() {
                    break;
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Posts at the usual pace; whether that was taken and answered.
async fn is_read(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let posted = stream.write_all(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").await;
    posted.is_ok() && read_to(&mut stream, b"\r\n\r\nread").await.starts_with(b"HTTP/1.1 200 ")
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_keep_nobody_out_however_many_they_are() {
    let limits = Limits { connections: 24, ..Limits::default() };
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address"), None).await.expect("bound");
    let address = listener.address().expect("an address");
    let served = tokio::spawn(listener.serve(Arc::new(Reads), limits, std::future::pending()));
    for begin in [
        b"POST /as2 HTTP/1.1\r\nHost: x\r\nAS2-From: ".as_slice(),
        b"POST /as2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        b"POST /answered HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    ] {
        let mut slow: Vec<_> = (0..40).map(|_| tokio::spawn(drip(address, begin))).collect();
        tokio::time::sleep(Duration::from_millis(700)).await;
        for number in 0..15 {
            // All others come anew just before.
            if number % 5 == 0 {
                slow.extend((0..40).map(|_| tokio::spawn(drip(address, begin))));
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            let begun = Instant::now();
            // Among so many who have come at the very same moment it may be one of those for whom there is no room yet.
            while !is_read(address).await {
                assert!(begun.elapsed() < Duration::from_secs(20), "{number}");
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        slow.iter().for_each(JoinHandle::abort);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    served.abort();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_does_not_take_all_places() {
    async fn from(here: &str, to: SocketAddr) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{here}:0").parse().expect("an address")).expect("bound");
        socket.connect(to).await.expect("connected")
    }
    let mut house = house(Limits { connections: 8, ..tight() }, None).await;
    let mut held = Vec::new();
    for _ in 0..7 {
        let mut stream = from("127.0.0.1", house.address).await;
        stream.write_all(b"POST /wait HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.expect("sent");
        house.handler.entered.notified().await;
        held.push(stream);
    }
    let ask = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
    let mut eighth = from("127.0.0.1", house.address).await;
    eighth.write_all(ask).await.expect("sent");
    assert!(rest(&mut eighth).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(house.refused.recv().await.expect("a refusal").reason, RefusalReason::BusyShare(7));
    let mut other = from("127.0.0.2", house.address).await;
    other.write_all(ask).await.expect("sent");
    assert!(rest(&mut other).await.starts_with("HTTP/1.1 200 "));
    drop(held);
}
