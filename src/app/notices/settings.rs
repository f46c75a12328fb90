//! How is reminded: when, in which ways, and through which mail server. Kept in the workspace, the password sealed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::{App, AppError};
use crate::domain::identifier::ConnectionId;
use crate::domain::notice::Steps;
use crate::domain::spelling::spelled;
use crate::transport::mail::check_mailbox;

/// Under which the workspace keeps the settings.
const SETTING: &str = "notifications";

/// The word for the certificates that this machine trusts.
pub(super) const SYSTEM: &str = "system";

/// The most recipients.
const MOST_RECIPIENTS: usize = 50;

/// The most bytes of a text among the settings.
const LONGEST: usize = 1000;

/// Under which the workspace keeps the mail server's password.
pub(super) const PASSWORD: &str = "smtp-password";

spelled! {
    /// How the way to the mail server is protected.
    pub enum MailTls {
        /// TLS begun within the conversation, usually on port 587. Without it nothing is sent.
        Starttls = "starttls",
        /// TLS from the first byte, usually on port 465.
        Tls = "tls",
        /// Nothing, to a server on this machine.
        None = "none",
        /// Nothing, wherever the server is: password and mail can be read on the way.
        Insecure = "insecure",
    }
}

/// Through which mail server, from whom and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailSettings {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub tls: MailTls,
    /// Which servers are trusted: `system`, or besides those the certificates in this PEM file.
    pub trust: String,
    /// As whom to log in; without one nobody logs in.
    pub user: String,
    /// The sender's address, perhaps with a name.
    pub from: String,
    /// The recipients' addresses.
    pub to: Vec<String>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            tls: MailTls::Starttls,
            trust: SYSTEM.to_owned(),
            user: String::new(),
            from: String::new(),
            to: Vec::new(),
        }
    }
}

/// How is reminded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationSettings {
    /// When.
    #[serde(flatten)]
    pub steps: Steps,
    /// By messages in the window. The list of notices is always there.
    pub window: bool,
    /// By notifications of the desktop.
    pub desktop: bool,
    /// By e-mail.
    pub email: bool,
    /// Of which connections not at all.
    pub quiet: BTreeSet<ConnectionId>,
    /// The mail server.
    pub mail: MailSettings,
}

impl Default for NotificationSettings {
    /// In the window and on the desktop, at the usual steps.
    fn default() -> Self {
        Self {
            steps: Steps::default(),
            window: true,
            desktop: true,
            email: false,
            quiet: BTreeSet::new(),
            mail: MailSettings::default(),
        }
    }
}

impl App {
    /// How is reminded.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn notification_settings(&self) -> Result<NotificationSettings, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(NotificationSettings::default()) };
        let kept = workspace.meta(SETTING).await?;
        // What a later version wrote is as good as nothing.
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Whether a password is kept for the mail server.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn has_mail_password(&self) -> Result<bool, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(false) };
        Ok(workspace.secret_names().await?.iter().any(|name| name == PASSWORD))
    }

    /// Sets how is reminded, and the mail server's password where one is given: an empty one takes it away.
    ///
    /// # Errors
    /// Where the settings make no sense, or the workspace cannot be written. Then nothing has changed.
    pub async fn set_notifications(
        &self,
        settings: &NotificationSettings,
        password: Option<&Zeroizing<String>>,
    ) -> Result<(), AppError> {
        settings.validate()?;
        let text = serde_json::to_string(settings)
            .map_err(|error| AppError::new(format!("the settings cannot be written: {error}")))?;
        let before = self.notification_settings().await?.quiet;
        let workspace = self.workspace().await?;
        let known = workspace.connections().await?;
        // One that was removed since may stay named.
        let is_known = |id: &ConnectionId| before.contains(id) || known.iter().any(|connection| connection.id == *id);
        if let Some(unknown) = settings.quiet.iter().find(|id| !is_known(id)) {
            return Err(AppError::new(format!("`quiet`: there is no connection `{unknown}`"))
                .hint("`countersign connection list` shows them"));
        }
        let mut transaction = workspace.begin().await?;
        transaction.choose(SETTING, &text).await?;
        match password {
            Some(password) if password.is_empty() => drop(transaction.remove_secret(PASSWORD).await?),
            Some(password) => transaction.put_secret(PASSWORD, password.as_bytes()).await?,
            None => {}
        }
        transaction.commit().await?;
        // What could not be sent is tried with the new settings.
        Ok(workspace.mails_are_due().await?)
    }
}

impl NotificationSettings {
    /// The keys by which the command line and the JSON know the settings, with their values.
    #[must_use]
    pub fn by_key(&self) -> Vec<(&'static str, String)> {
        let days = |days: &[u16]| days.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let quiet: Vec<String> = self.quiet.iter().map(ToString::to_string).collect();
        let mail = &self.mail;
        vec![
            ("steps", days(self.steps.open())),
            ("steps_scheduled", days(self.steps.scheduled())),
            ("window", self.window.to_string()),
            ("desktop", self.desktop.to_string()),
            ("email", self.email.to_string()),
            ("quiet", quiet.join(",")),
            ("smtp_host", mail.host.clone()),
            ("smtp_port", mail.port.to_string()),
            ("smtp_tls", mail.tls.to_string()),
            ("smtp_trust", mail.trust.clone()),
            ("smtp_user", mail.user.clone()),
            ("mail_from", mail.from.clone()),
            ("mail_to", mail.to.join(", ")),
        ]
    }

    /// The same with one setting changed, written as on the command line; an empty value brings the default back.
    ///
    /// # Errors
    /// Where there is no such key, or the value makes no sense.
    pub fn with(mut self, key: &str, value: &str) -> Result<Self, AppError> {
        let default = Self::default();
        let value = value.trim();
        if value.len() > LONGEST * MOST_RECIPIENTS {
            return Err(AppError::new(format!("`{key}`: the value is too long")));
        }
        let flag = |usual: bool| match value {
            "" => Ok(usual),
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            _ => Err(AppError::new(format!("`{key}` is true or false"))),
        };
        let parts = || value.split(',').map(str::trim).filter(|part| !part.is_empty());
        let days = |usual: &[u16]| -> Result<Vec<u16>, AppError> {
            if value.is_empty() {
                return Ok(usual.to_vec());
            }
            parts()
                .map(|part| {
                    part.parse()
                        .map_err(|_no_number| AppError::new(format!("`{key}`: `{part}` is not a number of days")))
                })
                .collect()
        };
        match key {
            "steps" => self.steps = Steps::new(&days(default.steps.open())?, self.steps.scheduled())?,
            "steps_scheduled" => self.steps = Steps::new(self.steps.open(), &days(default.steps.scheduled())?)?,
            "window" => self.window = flag(default.window)?,
            "desktop" => self.desktop = flag(default.desktop)?,
            "email" => self.email = flag(default.email)?,
            "quiet" => self.quiet = parts().map(str::parse).collect::<Result<_, _>>()?,
            "smtp_host" => self.mail.host = value.to_owned(),
            "smtp_port" if value.is_empty() => self.mail.port = default.mail.port,
            "smtp_port" => {
                self.mail.port = value.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
                    AppError::new(format!("`{value}` is not a port, which is a number from 1 to 65535"))
                })?;
            }
            "smtp_tls" if value.is_empty() => self.mail.tls = default.mail.tls,
            "smtp_tls" => self.mail.tls = value.parse()?,
            "smtp_trust" if value.is_empty() || value == SYSTEM => self.mail.trust = SYSTEM.to_owned(),
            "smtp_trust" => {
                let path = std::path::absolute(value)
                    .map_err(|error| AppError::new(format!("`{key}`: {value} is not a file's path: {error}")))?;
                self.mail.trust = path.display().to_string();
            }
            "smtp_user" => self.mail.user = value.to_owned(),
            "mail_from" => self.mail.from = value.to_owned(),
            "mail_to" => self.mail.to = parts().map(str::to_owned).collect(),
            _ => {
                let shown: String = key.chars().take(60).collect();
                let known: Vec<&str> = default.by_key().into_iter().map(|(key, _)| key).collect();
                return Err(AppError::new(format!("there is no setting `{shown}`"))
                    .hint(format!("the settings are {}, and smtp_password=-", known.join(", "))));
            }
        }
        Ok(self)
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// What does not, in words.
    pub fn validate(&self) -> Result<(), AppError> {
        let mail = &self.mail;
        for text in [&mail.host, &mail.user, &mail.from, &mail.trust].into_iter().chain(&mail.to) {
            if text.len() > LONGEST || text.chars().any(char::is_control) {
                return Err(AppError::new("a setting of the mail server is too long or holds control characters"));
            }
        }
        for address in mail.to.iter().chain(Some(&mail.from).filter(|from| !from.is_empty())) {
            check_mailbox(address).map_err(|error| AppError::new(error.to_string()).hint(error.hint()))?;
        }
        if mail.tls == MailTls::None && !mail.host.is_empty() && !is_this_machine(&mail.host) {
            return Err(AppError::new(format!(
                "without TLS everybody on the way to {} can read password and mail",
                mail.host
            ))
            .hint("set smtp_tls=starttls or tls; smtp_tls=insecure states that it is wanted so"));
        }
        if mail.trust != SYSTEM {
            crate::app::certificates::read_certificate_file(std::path::Path::new(&mail.trust))
                .map_err(|error| AppError::new(format!("`smtp_trust`: {error}")))?;
        }
        if mail.to.len() > MOST_RECIPIENTS {
            return Err(AppError::new(format!("mail is sent to at most {MOST_RECIPIENTS} recipients")));
        }
        if self.email { mail.validate() } else { Ok(()) }
    }
}

impl MailSettings {
    /// # Errors
    /// What keeps mail from being sent, in words.
    pub(super) fn validate(&self) -> Result<(), AppError> {
        let missing =
            [("smtp_host", self.host.is_empty()), ("mail_from", self.from.is_empty()), ("mail_to", self.to.is_empty())];
        let missing: Vec<&str> = missing.into_iter().filter(|(_, missing)| *missing).map(|(key, _)| key).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(AppError::new(format!("mail cannot be sent: {} is not set", missing.join(", ")))
            .hint("smtp_host is the mail server, mail_from the sender's address, mail_to the recipients'"))
    }
}

/// Whether a name is that of the machine itself, so that nothing leaves it.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(changes: &[(&str, &str)]) -> Result<NotificationSettings, AppError> {
        let changed = changes
            .iter()
            .try_fold(NotificationSettings::default(), |settings, (key, value)| settings.with(key, value))?;
        changed.validate().map(|()| changed)
    }

    #[test]
    fn settings_are_written_and_read_by_key() {
        let mail = [
            ("smtp_host", "mail.acme.example"),
            ("mail_from", "Acme <edi@acme.example>"),
            ("mail_to", "a@b.example, c@d.example"),
        ];
        let set = settings(
            &[
                &mail[..],
                &[
                    ("email", "true"),
                    ("steps", "10, 20"),
                    ("quiet", "amazon-us"),
                    ("smtp_port", "465"),
                    ("smtp_tls", "tls"),
                ],
            ]
            .concat(),
        )
        .unwrap();
        assert_eq!(set.steps.open(), [20, 10]);
        assert_eq!(set.mail.to, ["a@b.example", "c@d.example"]);
        let again = set
            .by_key()
            .into_iter()
            .try_fold(NotificationSettings::default(), |settings, (key, value)| settings.with(key, &value));
        assert_eq!(again.unwrap(), set);
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<NotificationSettings>(&text).unwrap(), set);
        let usual = set.by_key().into_iter().try_fold(set.clone(), |settings, (key, _)| settings.with(key, ""));
        assert_eq!(usual.unwrap(), NotificationSettings::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        let error = |changes: &[(&str, &str)]| settings(changes).unwrap_err().to_string();
        assert_eq!(error(&[("stepps", "1")]), "there is no setting `stepps`");
        assert_eq!(error(&[("steps", "soon")]), "`steps`: `soon` is not a number of days");
        assert_eq!(error(&[("steps", "0")]), "0 is not a number of days from 1 to 365");
        assert_eq!(error(&[("email", "maybe")]), "`email` is true or false");
        assert_eq!(error(&[("email", "true")]), "mail cannot be sent: smtp_host, mail_from, mail_to is not set");
        assert!(error(&[("mail_to", "nobody")]).starts_with("`nobody` is not an e-mail address"));
        assert!(error(&[("smtp_port", "70000")]).contains("is not a port"));
        assert!(
            error(&[("smtp_tls", "none"), ("smtp_host", "mail.acme.example")]).contains("can read password and mail")
        );
        assert!(settings(&[("smtp_tls", "none"), ("smtp_host", "127.0.0.1")]).is_ok());
        assert!(settings(&[("smtp_tls", "insecure"), ("smtp_host", "mail.acme.example")]).is_ok());
        assert!(error(&[("smtp_trust", "/absent/file.pem")]).starts_with("`smtp_trust`"));
        assert!(error(&[("smtp_user", "a\nb")]).contains("control characters"));
    }
}
