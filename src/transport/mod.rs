//! HTTP and TLS: the client that posts a message and the listener that receives one. SMTP: the client that sends a reminder. Headers and bytes go through as they
//! are; what they mean is not known here.
//!
//! One connection carries one request, in both directions: an AS2 partner sends seldom, and a connection that is never
//! used again cannot fail in the middle of the next message.

pub mod client;
mod connector;
mod exchange;
mod explain;
pub mod failure;
mod file_body;
pub mod head;
pub mod inbound;
pub mod listener;
pub mod mail;
mod meter;
mod open_files;
mod patient;
mod places;
mod proxy;
mod reach;
pub mod server_certificate;
#[cfg(test)]
mod testing;
pub mod trust;

pub use client::{Answer, BasicAuth, GetRequest, PostEvent, PostRequest, Timings, get, post};
pub use exchange::SLOWEST;
pub use failure::{FailureKind, Phase, PostFailure, TlsReason};
pub use inbound::{Answered, BodyError, Handler, Refusal, Request, RequestBody, Response, ResponseBody};
pub use listener::{Limits, Listener, ListenerError, ServerTls};
pub use mail::{Mail, MailError, MailFault, MailSecurity, MailServer, send_mail};
pub use places::network_of;
pub use proxy::{NamedProxy, ProxyChoice};
pub use reach::{Reach, is_public_address};
pub use server_certificate::{ShownServer, show_server};
pub use trust::{Identity, IdentityError, TlsFacts, Trust};
