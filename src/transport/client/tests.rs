//! Against servers on loopback which behave as servers do, well and badly.

use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::transport::failure::{Phase, TlsReason};
use crate::transport::testing::{self, Events, Made, SOON, body, read_to, server};
use crate::transport::trust::provider;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

async fn quiet(request: PostRequest) -> Result<Answer, PostFailure> {
    // As a task: a post must be able to run on any thread.
    tokio::spawn(post(request, |_| ())).await.expect("no panic")
}

#[tokio::test]
async fn posts_with_a_length_and_tells_what_happens() {
    let (told, heard) = tokio::sync::oneshot::channel();
    let address = server(|mut stream| async move {
        let request = read_to(&mut stream, b"last byte").await;
        stream
            .write_all(
                b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.0 200 Very  good\r\nA: 1\r\nB:\r\n x\r\na: 2\r\n\r\nreceipt",
            )
            .await
            .expect("sent");
        told.send(request).expect("heard");
    })
    .await;
    let content = [vec![b'x'; 8_000_000], b"last byte".to_vec()].concat();
    let file = body(&content);
    let mut request = testing::request("http", address, &file);
    request.basic_auth = Some(BasicAuth { user: "me".into(), password: Zeroizing::new("secret".into()) });
    assert!(!format!("{request:?}").contains("secret"));
    let events = Events::default();
    let answer = post(request, events.note()).await.expect("an answer");
    assert_eq!(
        (answer.status, answer.reason.as_str(), answer.body.as_slice()),
        (200, "Very  good", b"receipt".as_slice())
    );
    assert!(answer.whole_sent && answer.timings.sent.is_some());
    assert_eq!(answer.headers, [("a", "1"), ("a", "2"), ("b", "x")].map(|(n, v)| (n.to_owned(), v.to_owned())));

    let sent = heard.await.expect("a request");
    let (head, sent_body) =
        sent.split_at(sent.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4);
    let head = String::from_utf8(head.to_vec()).expect("text");
    let mut expected = vec![
        "POST /as2?partner=a HTTP/1.1".to_owned(),
        format!("Host: {address}"),
        "As2-From: us".into(),
        "As2-To: \"the partner\"".into(),
        "Authorization: Basic bWU6c2VjcmV0".into(),
        format!("User-Agent: Countersign/{}", env!("CARGO_PKG_VERSION")),
        "Connection: close".into(),
        format!("Content-Length: {}", content.len()),
        "Accept: */*".into(),
    ];
    expected.extend([String::new(), String::new()]);
    assert_eq!(head.split("\r\n").collect::<Vec<_>>(), expected);
    assert!(sent_body == content);

    let events = events.0.into_inner().expect("events");
    let kinds: Vec<_> = events
        .iter()
        .map(|event| match event {
            PostEvent::Connected { tls: None, peer, .. } if *peer == Some(address) => "connected",
            PostEvent::Progress { bytes } if *bytes < 8_000_009 => "progress",
            PostEvent::Sent { bytes: 8_000_009, .. } => "sent",
            PostEvent::Answered { status: 200, .. } => "answered",
            other => panic!("{other:?}"),
        })
        .collect();
    let rest: Vec<_> = kinds.iter().copied().filter(|kind| *kind != "progress").collect();
    assert_eq!(rest, ["connected", "sent", "answered"], "{kinds:?}");
    assert!((1..=32).contains(&(kinds.len() - 3)), "{kinds:?}");
}

#[tokio::test]
async fn chunked_by_wish_and_never_with_a_length() {
    let (told, heard) = tokio::sync::oneshot::channel();
    let address = server(|mut stream| async move {
        told.send(read_to(&mut stream, b"\r\n0\r\n\r\n").await).expect("heard");
        stream.write_all(OK).await.expect("sent");
    })
    .await;
    let file = body(b"hello");
    let request = PostRequest { chunked: true, ..testing::request("http", address, &file) };
    assert!(quiet(request).await.expect("an answer").whole_sent);
    let sent = String::from_utf8(heard.await.expect("a request")).expect("text").to_ascii_lowercase();
    assert!(sent.contains("transfer-encoding: chunked") && !sent.contains("content-length"), "{sent}");
    assert!(sent.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{sent}");
}

#[tokio::test]
async fn nobody_listens_or_nobody_is_known() {
    // Bound, so that nobody else has it, and not listened at.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("bound");
    let address = socket.local_addr().expect("an address");
    let file = body(b"hello");
    let failure = quiet(testing::request("http", address, &file)).await.expect_err("refused");
    assert_eq!((&failure.kind, failure.phase), (&FailureKind::Refused, Phase::BeforeConnect));
    assert!(!failure.may_have_arrived());

    let mut request = testing::request("http", address, &file);
    request.url = "http://nobody.invalid/".parse().expect("an address");
    request.timeout = Duration::from_secs(20);
    // Past the system's proxy, which a developer's machine may have.
    let failure = post_through(request, || Matcher::builder().build(), |_| ()).await.expect_err("unknown");
    // A machine without a name server finds out less.
    assert!(matches!(failure.kind, FailureKind::Resolve | FailureKind::ResolveLater), "{failure}");
}

#[tokio::test]
async fn what_had_left_before_it_was_given_up_is_told() {
    let (told, heard) = tokio::sync::oneshot::channel();
    let address = server(|mut stream| async move {
        told.send(read_to(&mut stream, b"last byte").await.len()).expect("heard");
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let file = body(&[vec![b'x'; 8_000_000], b"last byte".to_vec()].concat());
    let events = Events::default();
    let under_way = std::sync::atomic::AtomicBool::new(false);
    {
        let note = events.note();
        let posting = post(testing::request("http", address, &file), |event| {
            under_way.fetch_or(matches!(event, PostEvent::Progress { .. }), std::sync::atomic::Ordering::Relaxed);
            note(event);
        });
        let mut posting = std::pin::pin!(posting);
        // Nobody looks at it any more from its first progress on; what carries it goes on.
        std::future::poll_fn(|context| {
            let over = posting.as_mut().poll(context).is_ready();
            assert!(!over, "nobody answers");
            match under_way.load(std::sync::atomic::Ordering::Relaxed) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
        assert!(heard.await.expect("all of it") > 8_000_000);
    }
    let events = events.0.into_inner().expect("events");
    assert!(matches!(events.last(), Some(PostEvent::Sent { bytes: 8_000_009, .. })), "{:?}", events.last());
}

#[tokio::test]
async fn silence_after_the_whole_message_is_ambiguous() {
    let address = server(|mut stream| async move {
        read_to(&mut stream, b"hello").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let file = body(b"hello");
    let request = PostRequest { timeout: SOON, ..testing::request("http", address, &file) };
    let failure = quiet(request).await.expect_err("silence");
    assert_eq!((&failure.kind, failure.phase, failure.sent_bytes), (&FailureKind::Timeout, Phase::AwaitingAnswer, 5));
    assert!(failure.may_have_arrived());
}

#[tokio::test]
async fn a_server_that_stops_reading_cannot_have_the_message() {
    let address = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let file = body(&vec![0; 32 << 20]);
    let request = PostRequest { timeout: SOON, ..testing::request("http", address, &file) };
    let failure = quiet(request).await.expect_err("silence");
    assert_eq!((&failure.kind, failure.phase), (&FailureKind::Timeout, Phase::Sending));
    assert!(!failure.may_have_arrived() && failure.sent_bytes < 32 << 20);
}

#[tokio::test]
async fn slow_but_moving_is_no_timeout() {
    let address = server(|mut stream| async move {
        read_to(&mut stream, b"hello").await;
        for piece in [b"HTTP/1.1 ".as_slice(), b"200 OK\r\nContent-Length: 3\r\n\r\n", b"a", b"b", b"c"] {
            stream.write_all(piece).await.expect("sent");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await;
    let file = body(b"hello");
    // Shorter than all together, and much longer than each pause.
    let request = PostRequest { timeout: Duration::from_millis(1_400), ..testing::request("http", address, &file) };
    assert_eq!(quiet(request).await.expect("an answer").body, b"abc");
}

#[tokio::test]
async fn an_answer_that_drips_is_given_up_though_something_always_moves() {
    let address = server(|mut stream| async move {
        read_to(&mut stream, b"hello").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await.expect("sent");
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let file = body(b"hello");
    let request = PostRequest { timeout: Duration::from_secs(2), ..testing::request("http", address, &file) };
    let (limit, began) = (request.timeout, std::time::Instant::now());
    let failure = tokio::time::timeout(limit * 10, quiet(request)).await.expect("in time").expect_err("too slow");
    assert_eq!((&failure.kind, failure.phase), (&FailureKind::SlowAnswer, Phase::ReadingAnswer));
    assert!(failure.may_have_arrived() && began.elapsed() >= limit * 2);
    assert!(failure.answer.is_some_and(|answer| answer.body.len() > 2));
}

#[tokio::test]
async fn an_early_answer_is_delivered() {
    let address = server(|mut stream| async move {
        read_to(&mut stream, b"\r\n\r\n").await;
        stream
            .write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
            .await
            .expect("sent");
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let file = body(&vec![0; 32 << 20]);
    let answer = quiet(testing::request("http", address, &file)).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice(), answer.whole_sent), (413, b"no!".as_slice(), false));
}

#[tokio::test]
async fn an_early_answer_before_a_hang_up_is_delivered_or_the_break_is_certain() {
    let address = server(|mut stream| async move {
        read_to(&mut stream, b"\r\n\r\n").await;
        let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!";
        stream.write_all(answer).await.expect("sent");
    })
    .await;
    let file = body(&vec![0; 32 << 20]);
    match quiet(testing::request("http", address, &file)).await {
        Ok(answer) => assert_eq!((answer.status, answer.whole_sent), (413, false)),
        Err(failure) => {
            assert_eq!(failure.kind, FailureKind::Broken, "{failure}");
            assert!(!failure.may_have_arrived() && failure.detail.contains("refused it unread"), "{failure}");
        }
    }
}

#[tokio::test]
async fn never_through_a_proxy_to_this_machine() {
    let proxy = server(|_| async { panic!("the proxy was asked") }).await;
    let address = server(answer_ok).await;
    let file = body(b"hello");
    let events = Events::default();
    let rule = move || Matcher::builder().all(format!("http://{proxy}")).build();
    post_through(testing::request("http", address, &file), rule, events.note()).await.expect("an answer");
    let first = events.0.into_inner().expect("events").into_iter().next();
    assert!(matches!(first, Some(PostEvent::Connected { proxy: None, peer, .. }) if peer == Some(address)));
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let address = server(|mut stream| async move {
        read_to(&mut stream, b"hello").await;
        let answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.expect("sent");
    })
    .await;
    let file = body(b"hello");
    assert_eq!(quiet(testing::request("http", address, &file)).await.expect("an answer").status, 302);
}

#[tokio::test]
async fn answers_which_cannot_be_used() {
    let file = body(b"hello");
    let answered = async |answer: &'static [u8]| {
        let address = server(move |mut stream| async move {
            read_to(&mut stream, b"hello").await;
            drop(stream.write_all(answer).await);
        })
        .await;
        let request = PostRequest { max_answer: 4, ..testing::request("http", address, &file) };
        let failure = quiet(request).await.expect_err("no answer");
        assert!(failure.may_have_arrived());
        failure
    };
    let large = answered(b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\n12345").await;
    assert_eq!(large.kind, FailureKind::AnswerTooLarge { most: 4 });
    let kept = large.answer.expect("the head");
    assert_eq!((kept.status, kept.body.as_slice()), (200, b"1234".as_slice()));

    let head = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(1_000_000)).leak();
    let long = answered(head.as_bytes()).await;
    assert_eq!(long.kind, FailureKind::BadAnswer, "{long}");
    assert!(long.detail.contains("too large"), "{long}");

    let foreign = answered(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    assert_eq!(foreign.kind, FailureKind::BadAnswer, "{foreign}");

    let cut = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12").await;
    assert_eq!((&cut.kind, cut.phase), (&FailureKind::Broken, Phase::ReadingAnswer));
    assert_eq!(cut.answer.expect("the head").body, b"12");

    let nothing = answered(b"").await;
    assert_eq!((&nothing.kind, nothing.phase), (&FailureKind::Broken, Phase::AwaitingAnswer));
}

#[tokio::test]
async fn a_break_before_the_last_byte_is_certain() {
    let address = server(|mut stream| async move {
        read_to(&mut stream, b"\r\n\r\n").await;
    })
    .await;
    let file = body(&vec![0; 32 << 20]);
    let failure = quiet(testing::request("http", address, &file)).await.expect_err("broken");
    assert_eq!((&failure.kind, failure.phase), (&FailureKind::Broken, Phase::Sending));
    assert!(!failure.may_have_arrived());
}

#[tokio::test]
async fn what_cannot_be_sent_is_never_begun() {
    let address = server(|_| async {}).await;
    let file = body(b"hello");
    let base = testing::request("http", address, &file);
    let with =
        |name: &str, value: &str| PostRequest { headers: vec![(name.to_owned(), value.to_owned())], ..base.clone() };
    for wrong in [
        with("Subject", "a\r\nEvil: b"),
        with("Sub\nject", "a"),
        with("", "a"),
        with("Transfer-Encoding", "chunked"),
        with("Content-Length", "6"),
    ] {
        let failure = quiet(wrong.clone()).await.expect_err("refused");
        assert_eq!(failure.kind, FailureKind::Setup, "{:?}", wrong.headers);
    }
    let failure = quiet(PostRequest { length: 6, ..base.clone() }).await.expect_err("refused");
    assert_eq!(failure.kind, FailureKind::Body);
    let failure = quiet(PostRequest {
        url: "https://127.0.0.1:1/".parse().expect("an address"),
        trust: Trust::Pem(b"no certificate".to_vec()),
        ..base
    });
    assert_eq!(failure.await.expect_err("refused").kind, FailureKind::Setup);
}

async fn answer_ok(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    read_to(&mut stream, b"hello").await;
    // A client which refuses is gone by now.
    drop(stream.write_all(OK).await);
    drop(stream.shutdown().await);
}

/// A TLS server that answers one request; `clients`: the authority of the client certificates it wants.
async fn tls_server(identity: &Identity, clients: Option<&[u8]>) -> SocketAddr {
    let acceptor = acceptor(identity, clients, rustls::ALL_VERSIONS);
    server(|stream| async move {
        if let Ok(stream) = acceptor.accept(stream).await {
            answer_ok(stream).await;
        }
    })
    .await
}

fn acceptor(
    identity: &Identity,
    clients: Option<&[u8]>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsAcceptor {
    let key = Arc::new(rustls::sign::SingleCertAndKey::from(identity.certified().expect("an identity")));
    let builder =
        rustls::ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions).expect("versions");
    let config = match clients {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            use rustls::pki_types::pem::PemObject as _;
            let mut roots = rustls::RootCertStore::empty();
            roots.add(rustls::pki_types::CertificateDer::from_pem_slice(pem).expect("PEM")).expect("a root");
            let verifier =
                rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
    };
    TlsAcceptor::from(Arc::new(config.with_cert_resolver(key)))
}

async fn post_tls(server: &Made, trust: Trust) -> Result<Answer, PostFailure> {
    let file = body(b"hello");
    let address = tls_server(&server.identity, None).await;
    quiet(PostRequest { trust, timeout: Duration::from_secs(5), ..testing::request("https", address, &file) }).await
}

fn refusal(outcome: Result<Answer, PostFailure>) -> (TlsReason, usize) {
    let failure = outcome.expect_err("refused");
    assert!(!failure.may_have_arrived());
    match failure.kind {
        FailureKind::TlsRefused { reason, chain } => (reason, chain.len()),
        other => panic!("{other:?}: {}", failure.detail),
    }
}

#[tokio::test]
async fn a_self_signed_server_is_trusted_when_pinned_and_only_then() {
    let made = testing::self_signed("another.example", |_| ());
    let answer = post_tls(&made, Trust::Pem(made.pem.clone())).await.expect("an answer");
    let facts = answer.tls.expect("TLS");
    assert_eq!((facts.version, facts.chain.len(), facts.client_certificate_asked), ("TLS 1.3", 1, false));

    // One of the same subject: what was pinned before the server renewed. One of another subject: anybody's.
    let before = testing::self_signed("another.example", |_| ());
    assert_eq!(refusal(post_tls(&made, Trust::Pem(before.pem)).await), (TlsReason::NotPinned, 1));
    let for_this_host = testing::self_signed("127.0.0.1", |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "somebody");
    });
    assert_eq!(refusal(post_tls(&made, Trust::Pem(for_this_host.pem)).await), (TlsReason::NotPinned, 1));
    let other = testing::self_signed("another.example", |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "somebody");
    });
    assert_eq!(refusal(post_tls(&made, Trust::Pem(other.pem)).await), (TlsReason::SelfSigned, 1));
    let plain = testing::self_signed("127.0.0.1", |params| params.is_ca = rcgen::IsCa::NoCa);
    let by_system = post_tls(&plain, Trust::System).await;
    // A machine without any roots cannot ask them.
    if by_system.as_ref().is_err_and(|failure| failure.kind != FailureKind::Setup) {
        assert_eq!(refusal(by_system), (TlsReason::SelfSigned, 1));
    }
}

#[tokio::test]
async fn an_expired_server_is_refused_even_when_pinned() {
    let made = testing::self_signed("127.0.0.1", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    assert_eq!(refusal(post_tls(&made, Trust::Pem(made.pem.clone())).await), (TlsReason::Expired, 1));
}

#[tokio::test]
async fn an_authority_vouches_for_the_right_name_only() {
    let (authority, made) = testing::issued("127.0.0.1");
    assert!(post_tls(&made, Trust::Pem(authority)).await.is_ok());
    let (authority, made) = testing::issued("elsewhere.example");
    assert_eq!(refusal(post_tls(&made, Trust::Pem(authority)).await), (TlsReason::WrongName, 1));
    let (other, _) = testing::issued("127.0.0.1");
    let (_, made) = testing::issued("127.0.0.1");
    // Same subject, another key.
    assert!(matches!(
        refusal(post_tls(&made, Trust::Pem(other)).await).0,
        TlsReason::Certificate(_) | TlsReason::UnknownIssuer
    ));
}

#[tokio::test]
async fn a_client_certificate_is_shown_when_there_is_one_and_missed_when_not() {
    let (authority, ours) = testing::issued("us.example");
    let made = testing::self_signed("127.0.0.1", |_| ());
    let file = body(b"hello");
    let request = async |identity| {
        let address = tls_server(&made.identity, Some(&authority)).await;
        let trust = Trust::Pem(made.pem.clone());
        let timeout = Duration::from_secs(5);
        quiet(PostRequest { trust, identity, timeout, ..testing::request("https", address, &file) }).await
    };
    let answer = request(Some(ours.identity.clone())).await.expect("an answer");
    assert!(answer.tls.expect("TLS").client_certificate_asked);
    assert_eq!(refusal(request(None).await).0, TlsReason::ClientCertificateWanted);
    let (_, strangers) = testing::issued("us.example");
    assert!(matches!(refusal(request(Some(strangers.identity)).await).0, TlsReason::ClientCertificateRefused(_)));
}

#[tokio::test]
async fn an_older_server_which_just_hangs_up_has_answered_if_no_length_says_otherwise() {
    let made = testing::self_signed("127.0.0.1", |_| ());
    let file = body(b"hello");
    let answered = async |answer: &'static [u8]| {
        let acceptor = acceptor(&made.identity, None, &[&rustls::version::TLS12]);
        let address = server(move |stream| async move {
            let mut stream = acceptor.accept(stream).await.expect("TLS");
            read_to(&mut stream, b"hello").await;
            stream.write_all(answer).await.expect("sent");
            stream.flush().await.expect("sent");
            // Without close_notify.
        })
        .await;
        let trust = Trust::Pem(made.pem.clone());
        quiet(PostRequest { trust, ..testing::request("https", address, &file) }).await
    };
    let answer = answered(b"HTTP/1.1 200 OK\r\n\r\nreceipt").await.expect("an answer");
    assert_eq!((answer.tls.expect("TLS").version, answer.body.as_slice()), ("TLS 1.2", b"receipt".as_slice()));
    let cut = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nreceipt").await.expect_err("cut");
    assert_eq!((cut.kind, cut.phase), (FailureKind::Broken, Phase::ReadingAnswer));
}

#[tokio::test]
async fn a_handshake_that_ends_or_never_does() {
    let made = testing::self_signed("127.0.0.1", |_| ());
    let file = body(b"hello");
    let posted = async |address| {
        let trust = Trust::Pem(made.pem.clone());
        quiet(PostRequest { trust, timeout: SOON, ..testing::request("https", address, &file) }).await
    };
    let closing = server(|mut stream| async move {
        stream.read_exact(&mut [0; 16]).await.expect("a client hello");
    })
    .await;
    assert_eq!(refusal(posted(closing).await), (TlsReason::Closed, 0));
    let silent = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let failure = posted(silent).await.expect_err("silence");
    assert_eq!((&failure.kind, failure.phase), (&FailureKind::ConnectTimeout, Phase::BeforeConnect), "{failure}");
}

#[tokio::test]
async fn https_to_a_plain_port_is_recognised() {
    let made = testing::self_signed("127.0.0.1", |_| ());
    let address = server(|mut stream| async move {
        let mut some = [0; 16];
        stream.read_exact(&mut some).await.expect("a client hello");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("sent");
    })
    .await;
    let file = body(b"hello");
    let request = PostRequest { trust: Trust::Pem(made.pem), ..testing::request("https", address, &file) };
    assert_eq!(refusal(quiet(request).await).0, TlsReason::NotTls);
}

#[tokio::test]
async fn through_a_proxy_in_both_ways() {
    // Plain: the proxy is named the whole address.
    let proxy = server(|mut stream| async move {
        let request = String::from_utf8(read_to(&mut stream, b"hello").await).expect("text");
        assert!(
            request.starts_with("POST http://partner.invalid/in HTTP/1.1\r\nHost: partner.invalid\r\n"),
            "{request}"
        );
        assert!(request.contains("Proxy-Authorization: Basic dTpw\r\n"), "{request}");
        stream.write_all(OK).await.expect("sent");
    })
    .await;
    let rule = |proxy| move || Matcher::builder().all(format!("http://u:p@{proxy}")).build();
    let file = body(b"hello");
    let mut request = testing::request("http", proxy, &file);
    request.url = "http://partner.invalid/in".parse().expect("an address");
    post_through(request.clone(), rule(proxy), |_| ()).await.expect("an answer");

    // TLS: a tunnel, in which the partner is spoken to directly.
    let made = testing::self_signed("partner.invalid", |_| ());
    let partner = tls_server(&made.identity, None).await;
    let proxy = server(move |mut stream| async move {
        let request = String::from_utf8(read_to(&mut stream, b"\r\n\r\n").await).expect("text");
        assert!(request.starts_with("CONNECT partner.invalid:443 HTTP/1.1\r\n"), "{request}");
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.expect("sent");
        let mut onward = tokio::net::TcpStream::connect(partner).await.expect("connected");
        drop(tokio::io::copy_bidirectional(&mut stream, &mut onward).await);
    })
    .await;
    request.url = "https://partner.invalid/in".parse().expect("an address");
    request.trust = Trust::Pem(made.pem);
    let answer = post_through(request.clone(), rule(proxy), |_| ()).await.expect("an answer");
    assert_eq!(answer.tls.expect("TLS").version, "TLS 1.3");

    let proxy = server(|mut stream| async move {
        read_to(&mut stream, b"\r\n\r\n").await;
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.expect("sent");
    })
    .await;
    let failure = post_through(request, rule(proxy), |_| ()).await.expect_err("refused");
    assert_eq!(failure.kind, FailureKind::ProxyPassword);
    assert!(failure.detail.contains("authorization required") && !failure.detail.contains("u:p"), "{failure}");
}
