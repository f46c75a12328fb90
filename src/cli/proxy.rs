//! `proxy`: what messages go through, and the look at a server's certificate.

use clap::Subcommand;

use super::{Answer, Session, secret};
use crate::app::{AppError, ProxyKind, ProxySettings};

/// What there is to do about the proxy.
#[derive(Debug, Subcommand)]
pub(super) enum ProxyCommand {
    /// Show which proxy is used
    Show,
    /// Set which proxy is used, from the next message on. Never for this very machine
    Set {
        /// `system` for that of the system, `none`, or host and port such as proxy.example:8080
        #[arg(value_name = "system|none|HOST:PORT")]
        proxy: String,
        /// Its user, where it wants one; the password is read from standard input with --password-stdin, and kept as a secret
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Read the password of its user from standard input; else the one that is kept stays
        #[arg(long, requires = "user")]
        password_stdin: bool,
    },
}

pub(super) async fn run(session: &Session, command: ProxyCommand) -> Result<Answer, AppError> {
    let settings = match command {
        ProxyCommand::Show => session.app.proxy_settings().await?,
        ProxyCommand::Set { proxy, user, password_stdin } => {
            let (kind, address) = match proxy.as_str() {
                "system" => (ProxyKind::System, None),
                "none" => (ProxyKind::Direct, None),
                _ => (ProxyKind::Named, Some(proxy)),
            };
            if kind != ProxyKind::Named && user.is_some() {
                return Err(AppError::new("a user is for a proxy that is named")
                    .hint("for instance `countersign proxy set proxy.example:8080 --user NAME --password-stdin`"));
            }
            let password = if password_stdin { Some(secret::password_from_stdin()?) } else { None };
            let wanted = ProxySettings { kind, address, user, has_password: false };
            session.app.set_proxy(&wanted, password).await?
        }
    };
    session.out.answer(&settings, || format!("Messages go through this proxy: {}\n", settings.in_words()));
    Ok(Answer::Yes)
}
