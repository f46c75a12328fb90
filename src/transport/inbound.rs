//! What the listener hands over and what it gets back.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::sync::futures::OwnedNotified;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use super::head::HeadError;
use super::places::Pace;

/// A request whose head is complete and whose body is still coming.
#[derive(Debug)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// The headers in order, duplicates included, names in lower case, folded lines joined.
    pub headers: Vec<(String, String)>,
    /// The head, every byte as received.
    pub raw_head: Vec<u8>,
    /// Who sent it; a reverse proxy, if there is one before us.
    pub peer: SocketAddr,
    /// It came over TLS.
    pub tls: bool,
    /// The body.
    pub body: RequestBody,
    /// When the answer has gone; to be taken once.
    pub answered: Option<Answered>,
}

/// Tells when the answer to a request has gone, for whoever has something to do only then.
#[derive(Debug)]
pub struct Answered(oneshot::Receiver<()>);

impl Answered {
    pub(super) fn new() -> (oneshot::Sender<()>, Self) {
        let (gone, told) = oneshot::channel();
        (gone, Self(told))
    }

    /// Waits until the answer has been handed over whole. False where it could not be.
    pub async fn wait(self) -> bool {
        self.0.await.is_ok()
    }
}

/// Why a body ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The client went away.
    #[error("the client closed the connection before the message was complete")]
    Closed,
    /// The chunks do not hold together (RFC 9112, 7.1).
    #[error("the message's chunks are not well formed: {0}")]
    Malformed(String),
    /// Larger than the limit.
    #[error("the message is larger than {0} bytes")]
    TooLarge(u64),
    /// Nothing came for too long, or too little.
    #[error("the client sent its message too slowly or stopped sending")]
    TooSlow,
}

impl BodyError {
    /// The status with which the listener answers, whatever the handler makes of it.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Closed | Self::Malformed(_) => 400,
            Self::TooLarge(_) => 413,
            Self::TooSlow => 408,
        }
    }
}

/// What a body may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    pub(super) bytes: u64,
    pub(super) idle: Duration,
    pub(super) rate: u64,
    pub(super) grace: Duration,
}

/// How a body ended, for the listener to know.
pub(super) type BodyEnd = Arc<Mutex<Option<BodyError>>>;

/// A request's body: a stream of bytes, decoded from chunks, within the listener's limits. After an error it has ended.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    limits: BodyLimits,
    received: u64,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    waited: Duration,
    /// Where it is told how it comes, for whoever looks for the slowest.
    pace: Arc<Pace>,
    evicted: Pin<Box<OwnedNotified>>,
    end: BodyEnd,
    ended: bool,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, limits: BodyLimits, pace: Arc<Pace>, end: BodyEnd) -> Self {
        pace.came(0, Duration::ZERO);
        let evicted = Box::pin(Arc::clone(&pace.evicted).notified_owned());
        let (received, waiting, waited, ended) = (0, None, Duration::ZERO, false);
        Self { incoming, limits, received, waiting, waited, pace, evicted, end, ended }
    }

    /// Takes no more than so many bytes, where that is less than the listener would.
    pub fn limit(&mut self, most: u64) {
        self.limits.bytes = self.limits.bytes.min(most);
    }

    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Bytes received so far.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.received
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.ended = true;
        self.pace.is_ours();
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        Poll::Ready(Some(Err(error)))
    }

    fn take(&mut self, bytes: Bytes) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.received += bytes.len() as u64;
        if self.received > self.limits.bytes {
            return self.fail(BodyError::TooLarge(self.limits.bytes));
        }
        // Only the time we spent waiting counts: a handler may take as long as it needs between two pieces.
        let due = self.waited.saturating_sub(self.limits.grace).as_secs().saturating_mul(self.limits.rate);
        if self.received < due {
            return self.fail(BodyError::TooSlow);
        }
        self.pace.came(self.received, self.waited);
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Stream for RequestBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        loop {
            let frame = Pin::new(&mut this.incoming).poll_frame(context);
            if frame.is_ready()
                && let Some((since, _)) = this.waiting.take()
            {
                this.waited += since.elapsed();
            }
            match frame {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are passed over: nothing in AS2 uses them.
                    let Ok(bytes) = frame.into_data() else { continue };
                    return this.take(bytes);
                }
                Poll::Ready(Some(Err(error))) => return this.fail(body_error(&error)),
                Poll::Ready(None) => {
                    this.ended = true;
                    this.pace.is_ours();
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    let idle = this.limits.idle;
                    let (since, sleep) =
                        this.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(idle))));
                    this.pace.waits(*since);
                    // Others wait for a place, and this one is the slowest.
                    if this.evicted.as_mut().poll(context).is_ready() {
                        return this.fail(BodyError::TooSlow);
                    }
                    return match sleep.as_mut().poll(context) {
                        Poll::Ready(()) => this.fail(BodyError::TooSlow),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }
}

fn body_error(error: &hyper::Error) -> BodyError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        {
            return BodyError::Malformed(io.to_string());
        }
        cause = inner.source();
    }
    BodyError::Closed
}

/// What goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code, 200 to 599.
    pub status: u16,
    /// The headers in order. Content-Length, Date and Connection are added by the listener.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: ResponseBody,
}

/// A response's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseBody {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file's content.
    File {
        /// The file.
        path: PathBuf,
        /// Its length in bytes; if the file's is another, the answer is 500.
        length: u64,
    },
}

impl Response {
    /// A status with a sentence as plain text.
    #[must_use]
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Self { status, headers, body: ResponseBody::Bytes(text.into().into_bytes()) }
    }

    /// A status with nothing.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: ResponseBody::Bytes(Vec::new()) }
    }
}

/// A request which the listener itself refused, for whoever keeps a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who sent it.
    pub peer: SocketAddr,
    /// What it was answered; none if nobody was there to read it.
    pub status: Option<u16>,
    /// Why.
    pub reason: RefusalReason,
    /// The head as far as it came.
    pub raw_head: Vec<u8>,
}

/// Why the listener refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Its announced body is too large.
    #[error("the message is announced with {announced} bytes, at most {most} are taken")]
    Announced {
        /// What was announced, in bytes.
        announced: u64,
        /// What is taken, in bytes.
        most: u64,
    },
    /// Too many connections at once.
    #[error("there are {0} connections already")]
    Busy(usize),
    /// Too many connections at once from one address.
    #[error("there are {0} connections from this address already")]
    BusyShare(usize),
    /// It was the slowest while others waited for a place.
    #[error("its request had not come whole, and others waited for its place")]
    MadeRoom,
    /// Its head.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// No TLS connection came about.
    #[error("no TLS connection with the client: {0}")]
    Tls(String),
}

/// Takes requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one. It runs to its end even when the client goes away meanwhile; only a shutdown past its deadline cuts it
    /// off. If the body ended with an error, the listener sends that error's status instead of what is returned here.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// Told of what the listener refused by itself. Must not block.
    fn refused(&self, _refusal: Refusal) {}
}
