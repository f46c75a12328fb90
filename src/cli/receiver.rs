//! `receiver`: the address that partners are told, and whether our own receiver answers there.

use clap::Subcommand;

use super::table::labelled;
use super::{Answer, Session};
use crate::app::{AppError, PublicUrl, ReceiverCheck};
use crate::domain::identifier::Address;
use crate::domain::reachability::AnsweredBy;

/// What there is to do about the receiver.
#[derive(Debug, Subcommand)]
pub(super) enum ReceiverCommand {
    /// Show the address that partners are told, and whether something receives for the workspace
    Show,
    /// Set the address that partners are told, such as https://as2.example.com/as2; `none` takes it away
    Set {
        /// The address, or `none`
        #[arg(value_name = "URL|none")]
        url: String,
    },
    /// Ask at the address that partners are told whether our own receiver answers there; exit code 1 where it does not
    #[command(
        after_help = "It is asked from this machine, once, and no redirect is followed. That our receiver answers does not prove \
                      that a partner outside reaches it: only a message from one does."
    )]
    Check {
        /// Another address than the one that is set
        #[arg(value_name = "URL")]
        url: Option<Address>,
    },
}

pub(super) async fn run(session: &Session, command: ReceiverCommand) -> Result<Answer, AppError> {
    let told = match command {
        ReceiverCommand::Show => session.app.public_url().await?,
        ReceiverCommand::Set { url } if url == "none" => session.app.set_public_url(None).await?,
        ReceiverCommand::Set { url } => {
            let url: Address = url.parse().map_err(|error: crate::domain::identifier::IdentifierError| {
                AppError::new(error.to_string()).hint("write it whole, such as https://as2.example.com/as2, or `none`")
            })?;
            session.app.set_public_url(Some(&url)).await?
        }
        ReceiverCommand::Check { url } => return check(session, url).await,
    };
    session.out.answer(&told, || shown(&told));
    Ok(Answer::Yes)
}

fn shown(told: &PublicUrl) -> String {
    let url = told.public_url.as_ref().map_or_else(|| "not set".to_owned(), ToString::to_string);
    let receiving = if told.receiving { "yes" } else { "no" };
    labelled([("Public URL", url), ("Receiving now", receiving.to_owned())], "")
}

async fn check(session: &Session, url: Option<Address>) -> Result<Answer, AppError> {
    let url = match url {
        Some(url) => url,
        None => session.app.public_url().await?.public_url.ok_or_else(|| {
            AppError::new("no public URL is set").hint(format!(
                "`countersign receiver set URL{}` sets what partners are told, or name the address to ask at",
                session.suffix
            ))
        })?,
    };
    let came = session.app.check_receiver(&url).await?;
    session.out.answer(&came, || in_words(&came));
    Ok(Answer::of(came.answered_by == AnsweredBy::Ours))
}

fn in_words(came: &ReceiverCheck) -> String {
    let mut text = format!("{}\n{}\n", came.what, came.why);
    for (title, lines) in [("What to do", &came.remedy), ("What this does not say", &came.limits)] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            text.extend(lines.iter().map(|line| format!("  - {line}\n")));
        }
    }
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    text.push('\n');
    text.push_str(&labelled(
        [
            ("URL", came.url.to_string()),
            ("HTTP", came.http_status.map_or_else(|| "no answer".to_owned(), |status| status.to_string())),
            ("TLS", or_none(&came.tls)),
            ("Reached", came.reached.clone().unwrap_or_else(|| "nothing".to_owned())),
            ("Proxy", or_none(&came.proxy)),
            ("Took", format!("{} ms", came.ms)),
        ],
        "",
    ));
    text
}
