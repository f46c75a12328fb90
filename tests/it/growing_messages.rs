//! Large messages that are opened while they come, from clients that take their time.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use countersign::domain::algorithm::{Compression, Encryption, Signing};
use countersign::domain::connection::{Profile, TransferEncoding};
use countersign::domain::transmission::{Direction, Transmission, Verdict};

use crate::exchange::{Answered, PARTNER, PATIENCE, Partner, STRANGER, Serving, Us, post, read_answer};

/// So much of a message has come when its client falls silent: more than it takes to be opened.
const BEGUN: usize = 19 * 1024 * 1024;

/// More bytes than that, which cannot be compressed.
static PAYLOAD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = (0..(BEGUN + 2 * 1024 * 1024) / 8).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().collect()
});

/// A client that has sent the beginning of a message.
struct Slow {
    stream: TcpStream,
    rest: Vec<u8>,
    chunked: bool,
}

impl Slow {
    fn begin(url: &str, headers: &[(String, String)], body: &[u8], chunked: bool) -> Self {
        let place = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(place).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = "POST /as2 HTTP/1.1\r\nHost: localhost\r\n".to_owned();
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&if chunked {
            "Transfer-Encoding: chunked\r\n\r\n".to_owned()
        } else {
            format!("Content-Length: {}\r\n\r\n", body.len())
        });
        stream.write_all(head.as_bytes()).unwrap();
        let mut slow = Self { stream, rest: body[BEGUN..].to_vec(), chunked };
        slow.write(&body[..BEGUN]);
        slow
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.chunked {
            write!(self.stream, "{:x}\r\n", bytes.len()).unwrap();
        }
        self.stream.write_all(bytes).unwrap();
        if self.chunked {
            self.stream.write_all(b"\r\n").unwrap();
        }
    }

    /// Sends the rest and reads the answer.
    fn end(mut self) -> Answered {
        let rest = std::mem::take(&mut self.rest);
        self.write(&rest);
        if self.chunked {
            self.stream.write_all(b"0\r\n\r\n").unwrap();
        }
        read_answer(&mut BufReader::new(self.stream), false)
    }
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// All files in the archive, those without a name of their own included.
fn files(us: &Us) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![us.workspace().join("archive")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Payloads that are being opened, and much of which is there.
fn growing(us: &Us) -> usize {
    let large = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.len() >= 8 * 1024 * 1024);
    files(us).iter().filter(|path| name(path).starts_with(".payload.") && large(path)).count()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Names of what is kept of a transmission.
fn kept(us: &Us, transmission: &Transmission) -> Vec<String> {
    let of_it = |path: &&PathBuf| path.parent().unwrap().ends_with(transmission.id.to_string());
    let mut names: Vec<String> = files(us).iter().filter(of_it).map(|path| name(path)).collect();
    names.sort();
    names
}

async fn receiving() -> (Us, Serving) {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    (us, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_is_opened_while_it_comes_and_delivered_when_it_is_there() {
    let (us, serving) = receiving().await;
    for (number, chunked) in [(1, false), (2, true)] {
        let (headers, body) = Partner::message(&us.certificate, &format!("<{number}@p>"), &PAYLOAD, &[]);
        let slow = Slow::begin(&serving.url, &headers, &body, chunked);
        until("it is opened", async || growing(&us) == 1).await;
        // It is journalled before anything is read from it, and nothing follows from it yet.
        let journal = us.journal().await;
        assert_eq!(
            (journal.len(), journal[0].verdict, journal[0].direction),
            (number, Verdict::Queued, Direction::Inbound)
        );
        assert_eq!(us.inbox().len(), number - 1);
        assert_eq!(apart(|| slow.end()).await.status, 200);
        let received = us.settled(&journal[0], Verdict::Received).await;
        assert_eq!((received.bytes.payload, received.bytes.sent), (PAYLOAD.len() as u64, body.len() as u64));
        assert_eq!(us.inbox().len(), number);
        let received = us.until(&received, |received| received.payload_sha256.is_some()).await;
        assert!(us.kept(&received, "payload") == *PAYLOAD);
    }
    serving.stop().await;
}

/// A name for a form of messages, and what it changes of the partner's settings.
type Form = (&'static str, fn(&mut Profile));

const FORMS: [Form; 8] = [
    ("plain", |profile| (profile.encryption, profile.signing) = (Encryption::None, Signing::None)),
    ("signed", |profile| profile.encryption = Encryption::None),
    ("signed, in base64", |profile| {
        (profile.encryption, profile.transfer_encoding) = (Encryption::None, TransferEncoding::Base64);
    }),
    ("compressed alone", |profile| {
        (profile.encryption, profile.signing) = (Encryption::None, Signing::None);
        profile.compression = Compression::BeforeSigning;
    }),
    ("encrypted alone", |profile| profile.signing = Signing::None),
    ("in GCM", |profile| profile.encryption = Encryption::Aes256Gcm),
    ("compressed before it was signed", |profile| profile.compression = Compression::BeforeSigning),
    ("compressed after it was signed", |profile| profile.compression = Compression::AfterSigning),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_of_any_form_is_opened_while_it_comes() {
    let (us, serving) = receiving().await;
    us.connect("http://127.0.0.1:9/as2", "require = \"none\"").await;
    let mut delivered = 0;
    for (number, (form, change)) in FORMS.into_iter().enumerate() {
        let message_id = format!("<{number}@p>");
        let (headers, body) = Partner::message_as(&us.certificate, &message_id, &PAYLOAD, &[], change);
        assert!(body.len() > BEGUN, "{form}: something is still to come");
        let slow = Slow::begin(&serving.url, &headers, &body, false);
        until(form, async || growing(&us) == 1).await;
        assert_eq!(us.inbox().len(), delivered, "{form}: nothing is delivered before all of it is there");
        assert_eq!(apart(|| slow.end()).await.status, 200, "{form}");
        let received = us.settled(&us.journal().await[0], Verdict::Received).await;
        assert_eq!(received.bytes.payload, PAYLOAD.len() as u64, "{form}");
        assert!(us.kept(&received, "payload") == *PAYLOAD, "{form}");
        // One whose signature, tag or end was changed on its way is not delivered, however early it was begun.
        let message_id = format!("<{number}-changed@p>");
        let (headers, mut body) = Partner::message_as(&us.certificate, &message_id, &PAYLOAD, &[], change);
        let at = body.len() - 200_000;
        body[at] ^= 0x01;
        let slow = Slow::begin(&serving.url, &headers, &body, false);
        until(form, async || growing(&us) == 1).await;
        assert_eq!(apart(|| slow.end()).await.status, 200, "{form}");
        let changed = us.journal().await.remove(0);
        let nobody_can_tell = matches!(form, "plain" | "encrypted alone");
        us.settled(&changed, if nobody_can_tell { Verdict::Received } else { Verdict::Refused }).await;
        delivered += 1 + usize::from(nobody_can_tell);
        assert_eq!(us.inbox().len(), delivered, "{form}");
    }
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_large_message_that_breaks_off_only_raw_bytes_are_left() {
    let (us, serving) = receiving().await;
    let (headers, body) = Partner::message(&us.certificate, "<1@p>", &PAYLOAD, &[]);
    let slow = Slow::begin(&serving.url, &headers, &body, false);
    until("it is opened", async || growing(&us) == 1).await;
    drop(slow);
    let journal = us.journal().await;
    let broken = us.settled(&journal[0], Verdict::Refused).await;
    assert_eq!((broken.cause(), broken.http_status), (Some("Broken off while it was received"), None), "{broken:#?}");
    assert_eq!(broken.bytes.sent, BEGUN as u64);
    serving.stop().await;
    let names = kept(&us, &broken);
    let raw = |name: &String| name.starts_with("request.");
    assert!(names.contains(&"request.body".to_owned()) && names.iter().all(raw), "{names:?}");
    assert!(us.inbox().is_empty());
    // Sent again, it is taken.
    let serving = us.serve().await;
    let url = serving.url.clone();
    assert_eq!(apart(move || post(&url, &headers, &body)).await.status, 200);
    assert_eq!(us.inbox().len(), 1);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_message_that_dawdles_and_it_is_not_delivered_twice() {
    let (us, serving) = receiving().await;
    let (headers, body) = Partner::message(&us.certificate, "<1@p>", &PAYLOAD, &[]);
    let slow = Slow::begin(&serving.url, &headers, &body, false);
    until("it is opened", async || growing(&us) == 1).await;
    // The same message by another connection: what dawdles holds no place that it would have to wait for.
    let (url, again, whole) = (serving.url.clone(), headers.clone(), body.clone());
    let first = apart(move || post(&url, &again, &whole)).await;
    assert_eq!((first.status, us.inbox().len()), (200, 1));
    // What came before is not opened a third time, while it comes or afterwards.
    let third = Slow::begin(&serving.url, &headers, &body, false);
    let second = apart(|| slow.end()).await;
    assert!(second.body == first.body, "it is the first one's receipt");
    assert_eq!(growing(&us), 0, "the payload that was opened early is gone");
    assert!(apart(|| third.end()).await.body == first.body);
    serving.stop().await;
    let journal = us.journal().await;
    let payloads = |transmission: &Transmission| kept(&us, transmission).iter().any(|name| name.contains("payload"));
    assert_eq!(journal.iter().filter(|each| payloads(each)).count(), 1, "{journal:#?}");
    assert_eq!(journal.iter().filter(|each| each.cause() == Some("Repeated message")).count(), 2);
    assert_eq!(us.inbox().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_some_are_opened_when_they_are_there() {
    const MANY: usize = 6;
    let (us, serving) = receiving().await;
    // Made first: none is silent while the others are made.
    let made: Vec<_> =
        (0..MANY).map(|number| Partner::message(&us.certificate, &format!("<{number}@p>"), &PAYLOAD, &[])).collect();
    let all: Vec<_> = made.iter().map(|(headers, body)| Slow::begin(&serving.url, headers, body, false)).collect();
    until("as many as there are places", async || growing(&us) == 4).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((growing(&us), us.journal().await.len()), (4, 4), "and no more");
    for slow in all {
        assert_eq!(apart(|| slow.end()).await.status, 200);
    }
    serving.stop().await;
    assert_eq!((us.inbox().len(), growing(&us)), (MANY, 0));
    assert!(us.journal().await.iter().all(|each| each.verdict == Verdict::Received));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_judged_by_what_holds_when_it_is_there() {
    let (us, serving) = receiving().await;
    let (headers, body) = Partner::message(&us.certificate, "<1@p>", &PAYLOAD, &[]);
    let slow = Slow::begin(&serving.url, &headers, &body, false);
    until("it is opened", async || growing(&us) == 1).await;
    // Its signature was found to be good; meanwhile the partner's certificate is another one.
    std::fs::write(us.path("partner.pem"), STRANGER.certificate.to_pem()).unwrap();
    us.connect("http://127.0.0.1:9/as2", "").await;
    assert_eq!(apart(|| slow.end()).await.status, 200);
    let journal = us.journal().await;
    assert_eq!(journal[0].cause(), Some("Signed with a certificate that is not the partner's"), "{journal:#?}");
    assert!(us.inbox().is_empty());
    // And back again.
    std::fs::write(us.path("partner.pem"), PARTNER.certificate.to_pem()).unwrap();
    us.connect("http://127.0.0.1:9/as2", "").await;
    let url = serving.url.clone();
    assert_eq!(apart(move || post(&url, &headers, &body)).await.status, 200);
    assert_eq!(us.inbox().len(), 1);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_program_was_opening_is_brought_to_its_end_by_the_next() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    us.app.close().await;
    let (mut program, url) = us.serve_apart(&[]);
    let (headers, body) = Partner::message(&us.certificate, "<1@p>", &PAYLOAD, &[]);
    let slow = Slow::begin(&url, &headers, &body, false);
    until("it is opened", async || growing(&us) == 1).await;
    // Another comes that cannot be opened: that is known long before all of it is there.
    let (closed_headers, closed) = Partner::message(&STRANGER.certificate, "<2@p>", &PAYLOAD, &[]);
    let hopeless = Slow::begin(&url, &closed_headers, &closed, false);
    let in_flight = || files(&us).iter().filter(|path| name(path) == "in-flight").count();
    until("it is journalled", async || in_flight() == 2).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    program.kill().unwrap();
    program.wait().unwrap();
    drop((slow, hopeless));

    let serving = us.serve().await;
    let journal = us.journal().await;
    assert_eq!(journal.len(), 2);
    for each in &journal {
        let ended = us.settled(each, Verdict::Refused).await;
        assert_eq!(ended.cause(), Some("The program ended before this was done"));
    }
    #[cfg(unix)]
    assert!(!files(&us).iter().any(|path| name(path).ends_with(".partial")), "{:?}", files(&us));
    let url = serving.url.clone();
    assert_eq!(apart(move || post(&url, &headers, &body)).await.status, 200);
    serving.stop().await;
    assert_eq!(us.journal().await[0].verdict, Verdict::Received);
}
