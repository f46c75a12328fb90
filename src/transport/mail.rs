//! Sending one mail to one recipient through a mail server (SMTP, RFC 5321), over TLS where that is wanted.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use zeroize::Zeroizing;

use super::explain::find;
use super::trust::Trust;

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS begun within the conversation (RFC 3207). Where the server does not offer it, nothing is sent.
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// None.
    Plain,
}

/// A mail server and who we are to it.
#[derive(Clone)]
pub struct MailServer {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub security: MailSecurity,
    /// Which servers are trusted: those of the machine, or those and the certificates given.
    pub trust: Trust,
    /// User and password, where one logs in.
    pub login: Option<(String, Zeroizing<String>)>,
    /// How long each step of the conversation may take.
    pub timeout: Duration,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MailServer({}:{}, {:?}, password hidden)", self.host, self.port, self.security)
    }
}

/// A mail of plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender: an address, perhaps with a name before it.
    pub from: String,
    /// The one who is to have it.
    pub to: String,
    /// In a line.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// Its own number, without angle brackets: the same for every attempt.
    pub message_id: String,
    /// When it was written.
    pub date: Timestamp,
}

/// What a mail could not be sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFault {
    /// An address that is none.
    Address,
    /// There is no server, or it does not answer.
    Connection,
    /// TLS could not be agreed on, or the server is not trusted.
    Tls,
    /// User or password were refused.
    Login,
    /// The server refused sender, recipient or mail.
    Refused,
}

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MailError {
    /// Whose fault it is.
    pub fault: MailFault,
    message: String,
}

impl MailError {
    fn new(fault: MailFault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into() }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self.fault {
            MailFault::Address => "an address is written jo@example.com or Jo Doe <jo@example.com>",
            MailFault::Connection => "look at the server's name and port, and whether a firewall is between",
            MailFault::Tls => {
                "starttls is usual on port 587, tls on 465; a server with a certificate of your own is trusted by naming the \
                 certificate's file"
            }
            MailFault::Login => "look at user and password; many providers want a password made for this program alone",
            MailFault::Refused => {
                "look at the sender's and the recipient's address, and what the server lets this user send"
            }
        }
    }
}

/// Whether a text is the address of a mailbox.
///
/// # Errors
/// Where it is not, in words.
pub fn check_mailbox(text: &str) -> Result<(), MailError> {
    mailbox(text).map(|_| ())
}

fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.trim().parse::<Mailbox>().map_err(|error| {
        let shown: String = text.chars().take(120).collect();
        MailError::new(MailFault::Address, format!("`{shown}` is not an e-mail address: {error}"))
    })
}

/// Sends a mail, in a conversation of its own.
///
/// # Errors
/// Where the server has not taken it: then the recipient does not have it, except that the connection may have broken
/// after the server took it and before it could say so.
pub async fn send_mail(server: &MailServer, mail: &Mail) -> Result<(), MailError> {
    let message = message(mail)?;
    let place = format!("{}:{}", server.host, server.port);
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .timeout(Some(server.timeout));
    builder = match server.security {
        MailSecurity::StartTls => builder.tls(Tls::Required(tls(server)?)),
        MailSecurity::Tls => builder.tls(Tls::Wrapper(tls(server)?)),
        MailSecurity::Plain => builder.tls(Tls::None),
    };
    if let Some((user, password)) = &server.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.as_str().to_owned()));
    }
    let sending = async { builder.build::<Tokio1Executor>().send(message).await };
    // Each step has its time; a server that answers a byte a minute has none.
    match tokio::time::timeout(server.timeout.saturating_mul(4), sending).await {
        Ok(Ok(_taken)) => Ok(()),
        Ok(Err(error)) => Err(explained(&error, &place)),
        Err(_elapsed) => Err(MailError::new(MailFault::Connection, format!("{place} did not answer in time"))),
    }
}

fn tls(server: &MailServer) -> Result<TlsParameters, MailError> {
    let cannot = |error: lettre::transport::smtp::Error| {
        MailError::new(MailFault::Tls, format!("TLS cannot be used: {}", in_words(&error)))
    };
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Trust::Pem(pem) = &server.trust {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(cannot)?);
    }
    builder.build_rustls().map_err(cannot)
}

fn message(mail: &Mail) -> Result<Message, MailError> {
    let one_line = |text: &str| -> String {
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(400).collect()
    };
    let seconds = u64::try_from(mail.date.as_second()).unwrap_or_default();
    let mut message = Message::builder()
        .from(mailbox(&mail.from)?)
        .to(mailbox(&mail.to)?)
        .subject(one_line(&mail.subject))
        .message_id(Some(format!("<{}>", mail.message_id)))
        .date(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .header(ContentType::TEXT_PLAIN)
        .body(mail.body.clone())
        .map_err(|error| MailError::new(MailFault::Address, format!("the mail cannot be written: {error}")))?;
    // Programs that answer mails are not to answer this one (RFC 3834).
    let name = HeaderName::new_from_ascii("Auto-Submitted".to_owned())
        .map_err(|error| MailError::new(MailFault::Address, error.to_string()))?;
    message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
    Ok(message)
}

fn explained(error: &lettre::transport::smtp::Error, place: &str) -> MailError {
    let words = in_words(error);
    let refused = find::<rustls::Error>(error).map(ToString::to_string);
    if error.is_tls() || refused.is_some() {
        let why = refused.unwrap_or(words);
        return MailError::new(MailFault::Tls, format!("TLS with {place} could not be agreed on: {why}"));
    }
    if let Some(code) = error.status() {
        let code = code.to_string();
        // Replies about logging in (RFC 4954 section 6).
        let fault = if ["530", "534", "535", "538", "454"].contains(&code.as_str()) {
            MailFault::Login
        } else {
            MailFault::Refused
        };
        let what = if fault == MailFault::Login { "refused the login" } else { "refused the mail" };
        return MailError::new(fault, format!("{place} {what}: {code} {words}"));
    }
    if error.is_client() {
        // Said before anything was sent: no TLS offered, no way to log in that both know.
        let fault = if words.contains("STARTTLS") || words.to_lowercase().contains("tls") {
            MailFault::Tls
        } else {
            MailFault::Login
        };
        return MailError::new(fault, format!("{place} cannot be used so: {words}"));
    }
    MailError::new(MailFault::Connection, format!("no conversation with {place} came about: {words}"))
}

/// What caused an error, without the library's frame of words.
fn in_words(error: &lettre::transport::smtp::Error) -> String {
    let mut words = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    words.retain(|character| !character.is_control());
    words.chars().take(400).collect()
}
