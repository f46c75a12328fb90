//! Listening: plain or TLS, HTTP/1.1 and 1.0, one request per connection.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::file_body::FileBody;
use super::head::{self, Framing, Head, HeadError};
use super::inbound::{
    Answered, BodyEnd, BodyLimits, Handler, Refusal, RefusalReason, Request, RequestBody, Response, ResponseBody,
};
use super::open_files::raised_limit;
use super::patient::{Patient, Stream};
use super::places::{NoPlace, Pace, Places, Shares};
use super::trust::{Identity, provider};

/// Beyond the connections that are served, so many are told that it is too busy; any others are just closed.
const TURNED_AWAY_AT_ONCE: usize = 64;

/// The most bytes of a body that are read at once. Each time costs a thread's waking.
const READ_AT_ONCE: usize = 512 * 1024;

/// While lingering, the longest time without a byte from the client.
const LINGER_IDLE: Duration = Duration::from_secs(2);

/// All places but every so many-th are for one address, if it is this machine's own: whoever has a reverse proxy before this
/// program gets everybody through it. The rest is for those who come directly.
const LEFT_BY_THIS_MACHINE: usize = 8;

/// It is said once in this time that no connection can be taken.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// What a client may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; any more are answered 503, unless one is slow and makes room.
    pub connections: usize,
    /// Connections at once from one address, of IPv6 from one network of 64 bits. This machine itself has more.
    pub of_one_address: usize,
    /// Where no place is free, a client that is so far behind makes room for another.
    pub behind: Duration,
    /// A head's length in bytes.
    pub head_bytes: usize,
    /// Time for the TLS handshake, and then for the head.
    pub head_time: Duration,
    /// A body's length in bytes.
    pub body_bytes: u64,
    /// The longest time between two pieces of a body, and for a client to take a piece of the answer.
    pub idle: Duration,
    /// The least average rate of a body in bytes a second, once `grace` has been spent waiting for it.
    pub least_rate: u64,
    /// How long a body may come more slowly than `least_rate`.
    pub grace: Duration,
    /// After an early answer, how long the rest of the request is read and thrown away, so that the client gets to read it.
    pub linger: Duration,
    /// On shutdown, how long what is in flight may take.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            // A partner sends some messages at once, and few send dozens; four addresses are needed to take all places, and
            // whoever has one competes with themselves alone.
            of_one_address: 64,
            // Only so that what has come in the same moment is not closed for the next: whoever takes all places anew
            // every second has to be slower than a client who sends its head in one piece.
            behind: Duration::from_millis(10),
            head_bytes: 64 * 1024,
            // A head is a packet or two; whoever types it by hand is no partner.
            head_time: Duration::from_secs(10),
            // A body goes to the disk as it comes, so it is the disk that decides.
            body_bytes: 64 * 1024 * 1024 * 1024,
            idle: Duration::from_secs(60),
            least_rate: 512,
            grace: Duration::from_secs(20),
            linger: Duration::from_secs(30),
            drain: Duration::from_secs(30),
        }
    }
}

/// Why it is not listening.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// The address is not to be had.
    #[error("cannot listen on {address}: {source}{}", bind_hint(source))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Certificate or key of our own server cannot be used.
    #[error("cannot serve TLS: {0}")]
    Tls(String),
}

fn bind_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => " (another program listens there; choose another port)",
        io::ErrorKind::PermissionDenied => " (ports below 1024 need a privilege; choose a higher one)",
        _ => "",
    }
}

/// Our own server's certificate and key, ready for use.
#[derive(Clone)]
pub struct ServerTls(TlsAcceptor);

impl fmt::Debug for ServerTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ServerTls(key hidden)")
    }
}

impl ServerTls {
    /// TLS 1.2 and 1.3 with this identity; no client certificate is asked for.
    ///
    /// # Errors
    /// If the key cannot be used or is not that of the first certificate.
    pub fn new(identity: &Identity) -> Result<Self, ListenerError> {
        let key = identity.certified().map_err(|error| ListenerError::Tls(error.to_string()))?;
        let config = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| ListenerError::Tls(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// A socket that takes connections.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<ServerTls>,
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Connections that were still in flight at the deadline and were cut off.
    pub cut_off: usize,
}

impl Listener {
    /// Listens on an address; port 0 lets the system choose.
    ///
    /// # Errors
    /// If the address is not to be had.
    pub async fn bind(address: SocketAddr, tls: Option<ServerTls>) -> Result<Self, ListenerError> {
        let socket = TcpListener::bind(address).await.map_err(|source| ListenerError::Bind { address, source })?;
        Ok(Self { socket, tls })
    }

    /// The address really listened on.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves until `shutdown` completes. Then nothing new is taken, connections without a request are closed, requests in
    /// flight are finished within [`Limits::drain`], and it returns.
    pub async fn serve<H: Handler>(
        self,
        handler: Arc<H>,
        limits: Limits,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Served {
        let Self { socket, tls } = self;
        let (stop, stopped) = watch::channel(false);
        let places = Arc::new(Places::new(shares(&limits)));
        let mut told = None;
        let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
        let door = Arc::new(Door { handler, limits, tls, stopped });
        let mut running = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                Some(_) = running.join_next() => continue,
                accepted = socket.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the client is gone already: neither lasts.
                    places.make_room(Instant::now());
                    if told.is_none_or(|told: Instant| told.elapsed() >= TOLD_EVERY) {
                        told = Some(Instant::now());
                        tracing::warn!("a connection could not be taken: {error}");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let door = Arc::clone(&door);
            match places.take(peer.ip(), Instant::now()) {
                Ok(place) => {
                    running.spawn(async move {
                        door.one(stream, peer, &place.pace).await;
                        drop(place);
                    });
                }
                Err(full) => {
                    if let Ok(place) = Arc::clone(&turned_away).try_acquire_owned() {
                        running.spawn(async move {
                            door.turn_away(stream, peer, full).await;
                            drop(place);
                        });
                    }
                }
            }
        }
        drop(socket);
        stop.send_replace(true);
        let everything = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(door.limits.drain, everything).await.is_err() {
            let cut_off = running.len();
            running.shutdown().await;
            return Served { cut_off };
        }
        Served { cut_off: 0 }
    }
}

/// How the places of a listener are shared. There are no more of them than files can be opened for.
fn shares(limits: &Limits) -> Shares {
    /// The socket of a connection, and the files of the archive that one message has open at once.
    const FILES_OF_ONE: u64 = 4;
    let files = raised_limit().and_then(|files| usize::try_from(files / FILES_OF_ONE).ok());
    let all = limits.connections.min(files.unwrap_or(usize::MAX)).max(1);
    Shares {
        all,
        of_one: limits.of_one_address,
        of_this_machine: all - all / LEFT_BY_THIS_MACHINE,
        behind: limits.behind,
        least_rate: limits.least_rate,
    }
}

/// What every connection of a listener shares.
struct Door<H> {
    handler: Arc<H>,
    limits: Limits,
    tls: Option<ServerTls>,
    stopped: watch::Receiver<bool>,
}

/// Ends a handler whose connection is cut off at shutdown.
struct EndsWith(JoinHandle<()>);

impl Drop for EndsWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<H: Handler> Door<H> {
    async fn one(&self, tcp: TcpStream, peer: SocketAddr, pace: &Arc<Pace>) {
        // Answers are short: without this the last packet may wait for an acknowledgement. Not vital where it fails.
        drop(tcp.set_nodelay(true));
        let mut stopped = self.stopped.clone();
        let begun = async {
            let mut stream = self.secured(tcp).await?;
            let mut came = Vec::new();
            let end =
                tokio::time::timeout(self.limits.head_time, head::read(&mut stream, self.limits.head_bytes, &mut came))
                    .await
                    .unwrap_or(Err(HeadError::TooLate));
            Ok::<_, RefusalReason>((stream, came, end))
        };
        let begun = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = pace.evicted.notified() => {
                let reason = RefusalReason::MadeRoom;
                self.handler.refused(Refusal { peer, status: None, reason, raw_head: Vec::new() });
                return;
            }
            begun = begun => begun,
        };
        let (stream, came, end) = match begun {
            Ok(begun) => begun,
            Err(reason) => {
                self.handler.refused(Refusal { peer, status: None, reason, raw_head: Vec::new() });
                return;
            }
        };
        let kept = |came: &[u8]| came.get(..came.len().min(self.limits.head_bytes)).unwrap_or_default().to_vec();
        let (head, rest) = match end.and_then(|end| {
            let (raw, rest) = came.split_at(end);
            head::parse(raw).map(|head| (head, rest))
        }) {
            Ok(pair) => pair,
            Err(HeadError::Closed) if came.is_empty() => return,
            Err(error) => {
                let raw_head = kept(&came);
                return self
                    .refuse(stream, Refusal { peer, status: error.status(), reason: error.into(), raw_head }, pace)
                    .await;
            }
        };
        if let Framing::Length(announced) = head.framing
            && announced > self.limits.body_bytes
        {
            let reason = RefusalReason::Announced { announced, most: self.limits.body_bytes };
            return self.refuse(stream, Refusal { peer, status: Some(413), reason, raw_head: head.raw }, pace).await;
        }
        let prefix = [head.plain().as_slice(), rest].concat();
        self.converse(Patient::new(stream, prefix, self.limits.idle), head, peer, pace).await;
    }

    async fn secured(&self, tcp: TcpStream) -> Result<Box<dyn Stream>, RefusalReason> {
        let Some(ServerTls(acceptor)) = &self.tls else { return Ok(Box::new(tcp)) };
        match tokio::time::timeout(self.limits.head_time, acceptor.accept(tcp)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(RefusalReason::Tls(error.to_string())),
            Err(_elapsed) => Err(RefusalReason::Tls("the handshake was not complete in time".into())),
        }
    }

    /// Hands the request over and sends the answer back.
    async fn converse(&self, stream: Patient, head: Head, peer: SocketAddr, pace: &Arc<Pace>) {
        let head = Mutex::new(Some(head));
        let running: Mutex<Option<EndsWith>> = Mutex::new(None);
        let (gone, answered) = Answered::new();
        let answered = Mutex::new(Some(answered));
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let head = head.lock().unwrap_or_else(PoisonError::into_inner).take();
            let answered = answered.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (done, answer) = oneshot::channel();
            let end = BodyEnd::default();
            if let (Some(head), Some(answered)) = (head, answered) {
                let body =
                    RequestBody::new(request.into_body(), self.body_limits(), Arc::clone(pace), Arc::clone(&end));
                let request = self.request(head, peer, body, answered);
                let handler = Arc::clone(&self.handler);
                // A task of its own, so that a client who goes away does not cut the handler off in the middle.
                let task = tokio::spawn(async move {
                    // Nobody waits for it where the client is gone.
                    drop(done.send(handler.handle(request).await));
                });
                *running.lock().unwrap_or_else(PoisonError::into_inner) = Some(EndsWith(task));
            }
            async move {
                // Fails only if the handler panicked.
                let answer = answer.await.unwrap_or_else(|_gone| Response::text(500, "internal error"));
                let error = end.lock().unwrap_or_else(PoisonError::into_inner).take();
                let answer = error.map_or(answer, |error| Response::text(error.status(), error.to_string()));
                Ok::<_, std::convert::Infallible>(outgoing(answer).await)
            }
        });
        let mut connection = hyper::server::conn::http1::Builder::new()
            .keep_alive(false)
            .half_close(true)
            .max_buf_size(READ_AT_ONCE)
            .serve_connection(TokioIo::new(stream), service);
        let outcome = Pin::new(&mut connection).await;
        if outcome.is_ok() {
            // Nobody waits for it where nothing is to be done.
            gone.send(()).unwrap_or_default();
            let mut stream = connection.into_parts().io.into_inner();
            self.linger(&mut stream, pace).await;
        } else {
            drop(gone);
            drop(connection);
        }
        let task = running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task {
            // A panic was answered above.
            drop((&mut task.0).await);
        }
    }

    const fn body_limits(&self) -> BodyLimits {
        BodyLimits {
            bytes: self.limits.body_bytes,
            idle: self.limits.idle,
            rate: self.limits.least_rate,
            grace: self.limits.grace,
        }
    }

    fn request(&self, head: Head, peer: SocketAddr, body: RequestBody, answered: Answered) -> Request {
        Request {
            method: head.method,
            path: head.path,
            headers: head.headers,
            raw_head: head.raw,
            peer,
            tls: self.tls.is_some(),
            body,
            answered: Some(answered),
        }
    }

    /// Answers without the handler, and closes.
    async fn refuse(&self, mut stream: Box<dyn Stream>, refusal: Refusal, pace: &Pace) {
        if let Some(status) = refusal.status {
            let answer = plain_answer(status, &refusal.reason.to_string());
            let sent = async {
                stream.write_all(&answer).await?;
                stream.shutdown().await
            };
            if let Ok(Ok(())) = tokio::time::timeout(self.limits.idle, sent).await {
                self.linger(&mut stream, pace).await;
            }
        }
        self.handler.refused(refusal);
    }

    async fn turn_away(&self, mut tcp: TcpStream, peer: SocketAddr, full: NoPlace) {
        let reason = match full {
            NoPlace::All(most) => RefusalReason::Busy(most),
            NoPlace::Share(most) => RefusalReason::BusyShare(most),
        };
        // Over TLS the answer would need a handshake, which is what there is no room for.
        let status = self.tls.is_none().then_some(503);
        if let Some(status) = status {
            let answer = plain_answer(status, &reason.to_string());
            let sent = async {
                tcp.write_all(&answer).await?;
                tcp.shutdown().await
            };
            if let Ok(Ok(())) = tokio::time::timeout(LINGER_IDLE, sent).await {
                drop(tokio::time::timeout(LINGER_IDLE, throw_away(&mut tcp)).await);
            }
        }
        self.handler.refused(Refusal { peer, status, reason, raw_head: Vec::new() });
    }

    /// Reads on after the answer. Closing with unread bytes makes the system reset the connection, and the client, who is
    /// still sending, then never reads the answer (RFC 9112, 9.6).
    async fn linger<S: AsyncRead + Unpin>(&self, stream: &mut S, pace: &Pace) {
        let mut stopped = self.stopped.clone();
        pace.idles(Instant::now());
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => {}
            () = pace.evicted.notified() => {}
            _ = tokio::time::timeout(self.limits.linger, throw_away(stream)) => {}
        }
    }
}

async fn throw_away<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(Ok(1..)) = tokio::time::timeout(LINGER_IDLE, stream.read(&mut piece)).await {}
}

fn plain_answer(status: u16, text: &str) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
    let retry = if status == 503 { "Retry-After: 30\r\n" } else { "" };
    let length = text.len();
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n{retry}Connection: close\r\n\r\n{text}"
    )
    .into_bytes()
}

/// The handler's answer as hyper sends it. What cannot be sent becomes 500.
async fn outgoing(answer: Response) -> hyper::Response<BoxBody<Bytes, io::Error>> {
    fn full(bytes: Vec<u8>) -> BoxBody<Bytes, io::Error> {
        Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed()
    }
    let body = match answer.body {
        ResponseBody::Bytes(bytes) => Ok(full(bytes)),
        ResponseBody::File { path, length } => FileBody::open(&path, length, true, None).await.map(|body| body.boxed()),
    };
    let made = body.map_err(|error| error.to_string()).and_then(|body| {
        let mut made = hyper::Response::new(body);
        *made.status_mut() = http::StatusCode::from_u16(answer.status)
            .ok()
            .filter(|status| !status.is_informational())
            .ok_or_else(|| format!("{} is not the status of an answer", answer.status))?;
        for (name, value) in answer.headers {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|error| format!("`{name}`: {error}"))?;
            if matches!(header, header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION) {
                continue;
            }
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| format!("`{name}`: {error}"))?;
            made.headers_mut().append(header, value);
        }
        Ok(made)
    });
    made.unwrap_or_else(|why: String| {
        tracing::error!("an answer could not be sent: {why}");
        let mut failed = hyper::Response::new(full(b"internal error".to_vec()));
        *failed.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}

#[cfg(test)]
mod tests;
