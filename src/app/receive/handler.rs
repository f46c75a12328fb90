//! What the listener is answered with: messages are posted, all else is told what this is.

use std::net::SocketAddr;
use std::sync::Arc;

use super::Receiver;
use crate::app::public_url::{CHECK_HEADER, GREETING, word_for};
use crate::app::serve::ServeEvent;
use crate::as2::headers::get;
use crate::domain::transmission::{Headers, TransmissionId};
use crate::store::DutyKind;
use crate::transport::{Answered, Handler, Refusal, Request, Response};

impl Receiver {
    /// Posts the receipt of a message once the answer to the message has gone. Where it has not, the message was
    /// processed all the same, and whoever sent it waits for its receipt.
    fn post_receipt(&self, id: TransmissionId, answered: Answered) {
        let (app, workspace, events) = (self.app.clone(), self.workspace.clone(), Arc::clone(&self.events));
        let places = Arc::clone(&self.posts);
        self.afterwards.begin(async move {
            answered.wait().await;
            let of = match workspace.transmission(id).await {
                Ok(Some(transmission)) => transmission.connection.map(|id| id.to_string()).unwrap_or_default(),
                _ => String::new(),
            };
            // Closed never.
            let Some(_place) = places.wait(&of).await else { return };
            let Some(_hand) = app.in_hand.take(id, DutyKind::Receipt) else { return };
            // What cannot be journalled now is tried again when it is due.
            if let Ok(Some(transmission)) = app.post_owed_receipt(&workspace, id, true).await {
                events(ServeEvent::Transmission(Box::new(transmission)));
            }
        });
    }

    /// A body in a coding of HTTP's, such as gzip: messages are compressed by RFC 5402, and what is signed is signed as it is
    /// (RFC 9110 section 15.5.16).
    fn not_decoded(&self, peer: SocketAddr, coding: &str) -> Response {
        let coding: String = coding.chars().take(40).collect();
        let reason = format!("it posted something with Content-Encoding {coding}, which is not read");
        self.tell_turned_away(peer, reason);
        let text = "A Content-Encoding is not read here: messages are compressed by RFC 5402\n";
        let mut response = Response::text(415, text);
        response.headers.push(("Accept-Encoding".to_owned(), "identity".to_owned()));
        response
    }

    /// Whoever looks in. To a question of our own that is open, the answer that only this workspace knows stands below.
    async fn greet(&self, request: &Request) -> Response {
        let word = match get(&request.headers, CHECK_HEADER) {
            Some(question) => word_for(&self.workspace, question, self.app.now()).await,
            None => None,
        };
        let Some(word) = word else { return Response::text(200, GREETING) };
        let mut response = Response::text(200, format!("{GREETING}{word}\n"));
        response.headers.push(("Cache-Control".to_owned(), "no-store".to_owned()));
        response
    }

    /// What is neither a message nor a receipt.
    pub(super) fn turn_away(&self, peer: SocketAddr) -> Response {
        let reason = "it posted something without AS2-From, AS2-To and Message-ID".to_owned();
        self.tell_turned_away(peer, reason);
        let text = "This is an AS2 receiver: a message needs AS2-From, AS2-To and Message-ID (RFC 4130)\n";
        Response::text(400, text)
    }
}

/// The coding that the body of a request is in, where it is in one.
fn content_coding(headers: &Headers) -> Option<&str> {
    get(headers, "Content-Encoding")
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

impl Handler for Receiver {
    async fn handle(&self, mut request: Request) -> Response {
        match request.method.as_str() {
            "POST" => {}
            "GET" | "HEAD" => return self.greet(&request).await,
            _ => {
                let mut response = Response::text(405, "Messages are sent with POST\n");
                // RFC 9110 section 15.5.6.
                response.headers.push(("Allow".to_owned(), "GET, HEAD, POST".to_owned()));
                return response;
            }
        }
        let peer = request.peer;
        if let Some(coding) = content_coding(&request.headers) {
            return self.not_decoded(peer, coding);
        }
        let answered = request.answered.take();
        match self.message(request).await {
            Ok((response, owed)) => {
                if let (Some(owed), Some(answered)) = (owed, answered) {
                    self.post_receipt(owed, answered);
                }
                response
            }
            Err(error) => {
                self.tell_not_taken(peer, error.to_string());
                // Whoever sent it is to send it again; why it failed is nobody else's business.
                Response::text(500, "The message could not be processed; please send it again\n")
            }
        }
    }

    fn refused(&self, refusal: Refusal) {
        self.tell_turned_away(refusal.peer, refusal.reason.to_string());
    }
}
