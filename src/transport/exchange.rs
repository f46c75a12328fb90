//! One post as it runs: watched, told of, and put into an answer or a failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

use super::client::{Answer, PostEvent, Timings, millis};
use super::explain;
use super::failure::{FailureKind, Phase, PostFailure};
use super::meter::{Meter, Reading, TOLD_EVERY};
use super::trust::{ClientTls, TlsFacts};

/// An answer may take so many times the time that is allowed for silence, from its head to its end. Receipts are small.
pub const SLOWEST: u32 = 2;

/// One post.
pub(super) struct Exchange<'a, F> {
    pub(super) meter: Arc<Meter>,
    pub(super) tls: Option<ClientTls>,
    /// The partner, as host and port.
    pub(super) whither: String,
    /// The proxy, as host and port.
    pub(super) proxy: Option<String>,
    pub(super) limit: Duration,
    pub(super) most: u64,
    pub(super) events: &'a F,
    pub(super) told: Told,
}

/// What was told already.
#[derive(Default)]
pub(super) struct Told {
    connected: bool,
    bytes: u64,
    sent: bool,
}

/// Why a post ended without a whole answer, before it is put into words.
enum Cut {
    Client(reqwest::Error),
    Silence,
    /// Something moves, and too slowly.
    Slow,
    TooLarge,
}

impl<F: Fn(PostEvent) + Send + Sync> Exchange<'_, F> {
    /// Sends, receives, and says why not.
    pub(super) async fn run(
        mut self,
        sending: impl Future<Output = reqwest::Result<Response>> + Send,
    ) -> Result<Answer, PostFailure> {
        let response = match self.watch(async { sending.await.map_err(Cut::Client) }, None).await {
            Ok(response) => response,
            Err(cut) => return Err(self.failed(cut, None)),
        };
        self.meter.moved();
        let mut answer = self.begun(&response);
        (self.events)(PostEvent::Answered { ms: millis(answer.timings.answered), status: answer.status });
        let collecting = collect(response, Arc::clone(&self.meter), self.most, &mut answer.body);
        // An answer that drips would hold us for ever: silence alone is no limit.
        let outcome = self.watch(collecting, Some(Instant::now() + self.limit * SLOWEST)).await;

        let now = self.meter.close();
        answer.whole_sent = now.sent_at.is_some();
        answer.timings.sent = now.sent_at;
        answer.timings.finished = self.meter.elapsed();
        match outcome {
            Ok(()) => Ok(answer),
            Err(cut) => Err(self.failed(cut, Some(answer))),
        }
    }

    /// Drives the work, tells of progress, and ends it when nothing moves, or when it is not done by an instant. Until there is a connection the client's own
    /// time limit holds.
    async fn watch<T>(&mut self, work: impl Future<Output = Result<T, Cut>>, by: Option<Instant>) -> Result<T, Cut> {
        // Dropped after the work, so that nothing more is taken when it tells of what was.
        let mut telling = Telling {
            meter: &self.meter,
            told: &mut self.told,
            tls: self.tls.as_ref(),
            proxy: self.proxy.as_deref(),
            events: self.events,
            over: false,
        };
        let mut work = std::pin::pin!(work);
        let meter = Arc::clone(&self.meter);
        let still_until = || {
            let still = meter.reading().last_move.map(|moved| moved + self.limit);
            still.into_iter().chain(by).min()
        };
        let mut until = still_until();
        loop {
            let silence = tokio::time::sleep_until(until.unwrap_or_else(Instant::now).into());
            let outcome = tokio::select! {
                biased;
                () = meter.changed.notified() => None,
                outcome = &mut work => Some(outcome),
                () = silence, if until.is_some() => None,
            };
            telling.tell();
            if let Some(outcome) = outcome {
                telling.over = true;
                return outcome;
            }
            until = still_until();
            if until.is_some_and(|until| until <= Instant::now()) {
                telling.over = true;
                return Err(if by.is_some_and(|by| by <= Instant::now()) { Cut::Slow } else { Cut::Silence });
            }
        }
    }

    fn facts(&self) -> Option<TlsFacts> {
        self.tls.as_ref().map(ClientTls::facts)
    }

    fn begun(&self, response: &Response) -> Answer {
        let reason = match response.extensions().get::<hyper::ext::ReasonPhrase>() {
            Some(reason) => decoded(reason.as_bytes()),
            None => response.status().canonical_reason().unwrap_or_default().to_owned(),
        };
        let answered = self.meter.elapsed();
        let connected = self.meter.reading().made.map_or(answered, |made| made.at);
        Answer {
            status: response.status().as_u16(),
            reason,
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), decoded(value.as_bytes())))
                .collect(),
            body: Vec::new(),
            whole_sent: false,
            timings: Timings { connected, sent: None, answered, finished: answered },
            tls: self.facts(),
        }
    }

    fn failed(self, cut: Cut, answer: Option<Answer>) -> PostFailure {
        let now = self.meter.close();
        let tls = self.tls.as_ref();
        let (kind, detail) = match &cut {
            Cut::Slow => (FailureKind::SlowAnswer, format!("not whole after {:?}", self.limit * SLOWEST)),
            Cut::Silence => (FailureKind::Timeout, format!("nothing moved for {:?}", self.limit)),
            Cut::TooLarge => (
                FailureKind::AnswerTooLarge { most: self.most },
                format!("more than {} bytes, the rest was not read", self.most),
            ),
            Cut::Client(error) if now.made.is_none() || error.is_connect() => {
                let (kind, detail) = explain::not_connected(error, &self.whither, self.proxy.as_deref(), tls);
                return PostFailure::before(kind, detail);
            }
            Cut::Client(error) => match now.body_error {
                Some(why) => (FailureKind::Body, why),
                None => explain::broken(error, tls, now.sent_at.is_some(), answer.is_some()),
            },
        };
        let phase = match (&answer, now.sent_at) {
            (Some(_), _) => Phase::ReadingAnswer,
            (None, Some(_)) => Phase::AwaitingAnswer,
            (None, None) => Phase::Sending,
        };
        PostFailure {
            kind,
            detail,
            phase,
            sent_bytes: now.taken,
            whole_sent: now.sent_at.is_some(),
            tls: self.facts(),
            answer: answer.map(Box::new),
        }
    }
}

/// Tells of what moves. Where the post is given up in the middle, it ends the taking and tells of what was taken until
/// then: whether the partner may have the message must not hang on who looked first.
struct Telling<'w, F: Fn(PostEvent)> {
    meter: &'w Meter,
    told: &'w mut Told,
    tls: Option<&'w ClientTls>,
    proxy: Option<&'w str>,
    events: &'w F,
    over: bool,
}

impl<F: Fn(PostEvent)> Telling<'_, F> {
    fn tell(&mut self) {
        self.tell_of(&self.meter.reading());
    }

    fn tell_of(&mut self, now: &Reading) {
        if let Some(made) = now.made
            && !self.told.connected
        {
            self.told.connected = true;
            (self.events)(PostEvent::Connected {
                ms: millis(made.at),
                tls: self.tls.map(ClientTls::facts),
                peer: made.peer,
                proxy: self.proxy.map(str::to_owned),
            });
        }
        if let Some(at) = now.sent_at {
            if !self.told.sent {
                self.told.sent = true;
                (self.events)(PostEvent::Sent { ms: millis(at), bytes: now.taken });
            }
        } else if now.taken >= self.told.bytes + TOLD_EVERY {
            self.told.bytes = now.taken;
            (self.events)(PostEvent::Progress { bytes: now.taken });
        }
    }
}

impl<F: Fn(PostEvent)> Drop for Telling<'_, F> {
    fn drop(&mut self) {
        if !self.over {
            let now = self.meter.close();
            self.tell_of(&now);
        }
    }
}

fn decoded(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

async fn collect(mut response: Response, meter: Arc<Meter>, most: u64, into: &mut Vec<u8>) -> Result<(), Cut> {
    let to_the_end = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().all(|name| !response.headers().contains_key(name));
    loop {
        let bytes = match response.chunk().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(()),
            // Many servers close without close_notify. An answer without a length may then be cut; a receipt's signature
            // tells.
            Err(error) if to_the_end && explain::is_bare_end(&error) => return Ok(()),
            Err(error) => return Err(Cut::Client(error)),
        };
        meter.moved();
        let room = usize::try_from(most.saturating_sub(into.len() as u64)).unwrap_or(usize::MAX);
        into.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            return Err(Cut::TooLarge);
        }
    }
}
