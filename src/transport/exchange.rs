//! One request and its answer on a made connection.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::client::{Answer, PostEvent, Timings, millis};
use super::failure::{FailureKind, Phase, PostFailure, TlsReason};
use super::file_body::FileBody;
use super::meter::{KEPT_HEAD as MOST_HEAD, Meter, Metered, Reading, Stream};
use super::trust::{ClientTls, TlsFacts};

/// The most headers of an answer.
const MOST_HEADERS: usize = 256;

fn decoded(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// One request on one connection.
pub(super) struct Exchange {
    pub(super) meter: Arc<Meter>,
    pub(super) tls: Option<ClientTls>,
    pub(super) facts: Option<TlsFacts>,
    pub(super) connected: Duration,
    pub(super) limit: Duration,
    pub(super) most: u64,
}

/// Why an exchange ended without a whole answer, before it is put into words.
enum Cut {
    Http(hyper::Error),
    Silence,
    TooLarge,
}

impl Exchange {
    /// Sends, receives, and says why not.
    pub(super) async fn run<F>(
        self,
        stream: Box<dyn Stream>,
        message: http::Request<FileBody>,
        events: &F,
    ) -> Result<Answer, PostFailure>
    where
        F: Fn(PostEvent) + Send + Sync,
    {
        let io = TokioIo::new(Metered::new(stream, Arc::clone(&self.meter)));
        let mut builder = hyper::client::conn::http1::Builder::new();
        builder
            .title_case_headers(true)
            .max_headers(MOST_HEADERS)
            .max_header_size(MOST_HEAD)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true);
        let (mut sender, connection) = match builder.handshake(io).await {
            Ok(pair) => pair,
            Err(error) => return Err(self.failed(Cut::Http(error), None)),
        };
        let mut answer: Option<Answer> = None;
        let outcome = {
            let exchange = async {
                let response = sender.send_request(message).await.map_err(Cut::Http)?;
                let begun = answer.insert(self.begun(&response));
                events(PostEvent::Answered { ms: millis(begun.timings.answered), status: begun.status });
                collect(response.into_body(), self.most, &mut begun.body).await
            };
            self.watch(exchange, connection, events).await
        };
        if let Some(answer) = &mut answer {
            let now = self.meter.reading();
            answer.whole_sent = now.whole_accepted;
            answer.timings.sent = now.sent_at;
            answer.timings.finished = self.meter.elapsed();
        }
        match (outcome, answer) {
            (Ok(()), Some(answer)) => Ok(answer),
            (Ok(()), None) => Err(self.failed(Cut::Silence, None)),
            (Err(cut), answer) => Err(self.failed(cut, answer)),
        }
    }

    /// Drives the exchange and its connection, tells of progress, and ends it when nothing moves.
    async fn watch<F, E, C>(&self, exchange: E, connection: C, events: &F) -> Result<(), Cut>
    where
        F: Fn(PostEvent) + Send + Sync,
        E: Future<Output = Result<(), Cut>>,
        C: Future<Output = hyper::Result<()>>,
    {
        let mut exchange = std::pin::pin!(exchange);
        let mut connection = std::pin::pin!(connection);
        let mut open = true;
        let mut told_sent = false;
        let mut told = 0;
        let mut tell = |now: &Reading| {
            if !told_sent && let Some(at) = now.sent_at {
                told_sent = true;
                events(PostEvent::Sent { ms: millis(at), bytes: now.body_taken });
            } else if !told_sent && now.body_taken > told {
                told = now.body_taken;
                events(PostEvent::Progress { bytes: told });
            }
        };
        loop {
            let still_until = self.meter.reading().last_move + self.limit;
            tokio::select! {
                biased;
                // Its error, if it has one, reaches the exchange too.
                _ended = &mut connection, if open => open = false,
                () = self.meter.changed.notified() => tell(&self.meter.reading()),
                outcome = &mut exchange => return outcome,
                () = tokio::time::sleep_until(still_until.into()) => {
                    if self.meter.reading().last_move + self.limit <= std::time::Instant::now() {
                        return Err(Cut::Silence);
                    }
                }
            }
        }
    }

    fn begun(&self, response: &http::Response<Incoming>) -> Answer {
        let reason = match response.extensions().get::<hyper::ext::ReasonPhrase>() {
            Some(reason) => decoded(reason.as_bytes()),
            None => response.status().canonical_reason().unwrap_or_default().to_owned(),
        };
        let answered = self.meter.elapsed();
        Answer {
            status: response.status().as_u16(),
            reason,
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), decoded(value.as_bytes())))
                .collect(),
            raw_head: self.meter.answer_head(),
            body: Vec::new(),
            whole_sent: false,
            timings: Timings { connected: self.connected, sent: None, answered, finished: answered },
            tls: self.facts.clone(),
        }
    }

    fn failed(self, cut: Cut, answer: Option<Answer>) -> PostFailure {
        let now = self.meter.reading();
        let phase = match (&answer, now.whole_accepted) {
            (Some(_), _) => Phase::ReadingAnswer,
            (None, true) => Phase::AwaitingAnswer,
            (None, false) => Phase::Sending,
        };
        let (kind, detail) = match cut {
            Cut::Silence => (FailureKind::Timeout, format!("no byte in either direction for {:?}", self.limit)),
            Cut::TooLarge => (
                FailureKind::AnswerTooLarge { most: self.most },
                format!("more than {} bytes, the rest was not read", self.most),
            ),
            Cut::Http(error) => self.explain(&error, &now, answer.is_some()),
        };
        PostFailure {
            kind,
            detail,
            phase,
            sent_bytes: now.body_taken,
            whole_sent: now.whole_accepted,
            tls: self.facts,
            answer: answer.map(Box::new),
        }
    }

    fn explain(&self, error: &hyper::Error, now: &Reading, answered: bool) -> (FailureKind, String) {
        if let Some(why) = &now.body_error {
            return (FailureKind::Body, why.clone());
        }
        if let (Some(why), Some(tls)) = (&now.tls_error, &self.tls) {
            // In TLS 1.3 the server judges our certificate after we have begun to send.
            let chain = tls.chain();
            let reason = TlsReason::new(why, &chain, tls.asked(), tls.presents());
            return (FailureKind::TlsRefused { reason, chain }, why.to_string());
        }
        let head = self.meter.answer_head();
        if now.head_too_long {
            return (FailureKind::BadAnswer, format!("its head is longer than {MOST_HEAD} bytes"));
        }
        let begins_as_http = head.len() < 5 || head.starts_with(b"HTTP/");
        if !answered && (error.is_parse() || !begins_as_http) {
            return (FailureKind::BadAnswer, format!("{error}; it begins with `{}`", excerpt(&head)));
        }
        let why = now.read_error.as_ref().or(now.write_error.as_ref());
        let cause = why.map_or_else(String::new, |why| format!(" ({why})"));
        let what = match (answered, head.is_empty()) {
            (true, _) => "the server closed the connection in the middle of its answer",
            (false, true) => "the server closed the connection without an answer",
            (false, false) => "the server closed the connection in the middle of its answer's head",
        };
        (FailureKind::Broken, format!("{what}{cause}"))
    }
}

/// The beginning of what came, so that it can be read in a message.
fn excerpt(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(60)].escape_ascii().to_string()
}

async fn collect(mut body: Incoming, most: u64, into: &mut Vec<u8>) -> Result<(), Cut> {
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.map_err(Cut::Http)?.into_data() else { continue };
        let room = usize::try_from(most.saturating_sub(into.len() as u64)).unwrap_or(usize::MAX);
        into.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            return Err(Cut::TooLarge);
        }
    }
    Ok(())
}
