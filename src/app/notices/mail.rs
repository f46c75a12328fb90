//! Reminders by e-mail: one mail a round, written down first, sent until the server has taken it.

use std::time::Duration;

use jiff::Timestamp;
use uuid::{NoContext, Uuid};
use zeroize::Zeroizing;

use super::settings::PASSWORD;
use super::{MailSettings, MailTls};
use crate::app::{App, AppError};
use crate::domain::instant::in_words as instant;
use crate::domain::notice::Notice;
use crate::domain::sent::next_attempt;
use crate::store::{WaitingMail, Workspace};
use crate::transport::{Mail, MailError, MailSecurity, MailServer, Trust, send_mail};

/// How long each step of the conversation with a mail server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many notices are written out in one mail. What is more is named as a number: nobody reads further.
const MOST_IN_ONE: usize = 100;

/// How many mails are sent in one round.
const MOST_AT_ONCE: usize = 50;

/// The mails that tell of notices, one for each recipient.
pub(super) fn digests(
    notices: &[Notice],
    settings: &MailSettings,
    workspace: &str,
    now: Timestamp,
) -> Vec<WaitingMail> {
    let subject = match notices {
        [only] => format!("Countersign: {}", only.title),
        [first, ..] => format!("Countersign: {} notices, first {}", notices.len(), first.title),
        [] => return Vec::new(),
    };
    let body = body(notices, workspace, now);
    settings
        .to
        .iter()
        .map(|recipient| WaitingMail {
            id: number(now),
            made: now,
            recipient: recipient.clone(),
            subject: subject.clone(),
            body: body.clone(),
            attempts: 0,
        })
        .collect()
}

fn body(notices: &[Notice], workspace: &str, now: Timestamp) -> String {
    let mut text = format!("As of {}, workspace {workspace}\n", instant(now));
    for notice in notices.iter().take(MOST_IN_ONE) {
        text.push_str(&format!(
            "\n{}: {}\n  {}\n  What to do: {}\n  {}; notice {}\n",
            notice.urgency.label(),
            notice.title,
            notice.text,
            notice.remedy,
            instant(notice.at),
            notice.key
        ));
    }
    if notices.len() > MOST_IN_ONE {
        text.push_str(&format!("\nAnd {} more, in the list of notices\n", notices.len() - MOST_IN_ONE));
    }
    text.push_str(
        "\nEach is told once at each step. Take note of one in the window, or with\n  countersign notice acknowledge KEY\n",
    );
    text
}

fn number(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, now.subsec_nanosecond().unsigned_abs()))
}

impl App {
    /// Sends a mail to every recipient to see whether it works, and answers to whom it was sent.
    ///
    /// # Errors
    /// Where the settings make no sense or a server refuses: which recipient, why, and what to do.
    pub async fn send_test_mail(&self) -> Result<Vec<String>, AppError> {
        let settings = self.notification_settings().await?.mail;
        settings.validate()?;
        let workspace = self.workspace().await?;
        let server = server(&workspace, &settings).await?;
        let now = self.now();
        for recipient in &settings.to {
            let mail = Mail {
                from: settings.from.clone(),
                to: recipient.clone(),
                subject: "Countersign: test mail".to_owned(),
                body: format!(
                    "This is a test mail from Countersign, sent on {} from the workspace {}.\nReminders will come this way.\n",
                    instant(now),
                    self.location
                ),
                message_id: message_id(number(now), &settings.from),
                date: now,
            };
            send_mail(&server, &mail).await.map_err(|error| failed(&error, recipient))?;
        }
        Ok(settings.to)
    }

    /// Sends what waits to be sent. A failure is kept, told as a notice, and tried again later.
    ///
    /// # Errors
    /// Where the workspace cannot be read or written.
    pub async fn send_waiting_mail(&self) -> Result<(), AppError> {
        let Some(workspace) = self.existing().await?.filter(|workspace| !workspace.is_read_only()) else {
            return Ok(());
        };
        let settings = self.notification_settings().await?;
        if !settings.email {
            return Ok(());
        }
        for _ in 0..MOST_AT_ONCE {
            let Some(mail) = workspace.take_mail(self.now()).await? else { break };
            if !settings.mail.to.contains(&mail.recipient) {
                workspace.drop_mail(mail.id).await?;
                continue;
            }
            match self.send_waiting(&workspace, &settings.mail, &mail).await {
                Ok(()) => workspace.mail_sent(mail.id, self.now()).await?,
                Err(error) => {
                    let now = self.now();
                    let next = next_attempt(mail.attempts.saturating_add(1), now);
                    workspace.mail_failed(mail.id, error.message(), next, now).await?;
                }
            }
        }
        Ok(())
    }

    async fn send_waiting(
        &self,
        workspace: &Workspace,
        settings: &MailSettings,
        waiting: &WaitingMail,
    ) -> Result<(), AppError> {
        let server = server(workspace, settings).await?;
        let mail = Mail {
            from: settings.from.clone(),
            to: waiting.recipient.clone(),
            subject: waiting.subject.clone(),
            body: waiting.body.clone(),
            message_id: message_id(waiting.id, &settings.from),
            date: waiting.made,
        };
        send_mail(&server, &mail).await.map_err(|error| failed(&error, &waiting.recipient))
    }
}

fn failed(error: &MailError, recipient: &str) -> AppError {
    AppError::new(format!("the mail to {recipient} was not sent: {error}")).hint(error.hint())
}

/// A mail's own number at the sender's domain, the same for every attempt.
fn message_id(id: Uuid, from: &str) -> String {
    let domain: String = from
        .rsplit('@')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-'))
        .collect();
    let domain = if domain.is_empty() { "countersign.invalid" } else { &domain };
    format!("{}@{domain}", id.simple())
}

async fn server(workspace: &Workspace, settings: &MailSettings) -> Result<MailServer, AppError> {
    let login = if settings.user.is_empty() {
        None
    } else {
        let secret = workspace.secret(PASSWORD).await?.ok_or_else(|| {
            AppError::new(format!("no password is kept for {} at the mail server", settings.user))
                .hint("`countersign notifications set smtp_password=-` reads it from standard input")
        })?;
        let password = std::str::from_utf8(&secret)
            .map_err(|_not_text| AppError::new("the password kept for the mail server is not text"))?;
        Some((settings.user.clone(), Zeroizing::new(password.to_owned())))
    };
    let trust = if settings.trust == "system" {
        Trust::System
    } else {
        let path = std::path::Path::new(&settings.trust);
        Trust::Pem(crate::app::certificates::read_bytes(path)?)
    };
    Ok(MailServer {
        host: settings.host.clone(),
        port: settings.port,
        security: match settings.tls {
            MailTls::Starttls => MailSecurity::StartTls,
            MailTls::Tls => MailSecurity::Tls,
            MailTls::None | MailTls::Insecure => MailSecurity::Plain,
        },
        trust,
        login,
        timeout: TIMEOUT,
    })
}
