//! Notices: what must be told to somebody, about what, how urgently, and what to do.
//!
//! A [`Notice`] is computed from facts at an instant, never kept: what is kept is only that it was told, acknowledged or
//! put off ([`standing`]). Its key is stable, so that the same matter is known again tomorrow and by another program.
//!
//! What is known beforehand (ends of certificates, rules that begin to bite) is told at [`Steps`]: each step once, and
//! of several that were missed only the latest. What has happened (a certificate seen for the first time, a clock that
//! is off) is told once, as [`Notice::event`].

mod activation;
mod certificate;
mod rule;
pub mod standing;
mod steps;
#[cfg(test)]
mod tests;
mod unread;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Serialize, Serializer};

pub use activation::{CameAbout, InUse, activations, came_about, own_activations};
pub use certificate::SeenServer;
pub use steps::{Steps, StepsError};

use super::certificate::Fingerprint;
use super::compliance::{CheckReport, Known};
use super::connection::Connection;
use super::counted::counted as count;
use super::identifier::{ConnectionId, IdentityName, ProfileKind};
use super::spelling::spelled;

spelled! {
    /// What a notice is about.
    pub enum NoticeKind {
        /// A certificate in use ends: the partner's, or one of ours.
        CertificateEnds = "certificate-ends",
        /// The certificate of a partner's TLS server ends.
        TlsServerEnds = "tls-server-ends",
        /// A required rule begins to bite, or has begun to.
        RuleBites = "rule-bites",
        /// The rules of a policy are not known: its file cannot be read, or there is none.
        PolicyUnread = "policy-unread",
        /// A scheduled certificate has gone active.
        ActivationHappened = "activation-happened",
        /// A scheduled certificate went active while nobody was there to see it.
        ActivationMissed = "activation-missed",
        /// A certificate was seen that is not used yet, or not known.
        FirstSight = "first-sight",
        /// A partner's TLS server shows another certificate than before.
        TlsServerChanged = "tls-server-changed",
        /// Our clock and a partner's disagree.
        ClockOff = "clock-off",
        /// Reminders could not be sent by e-mail.
        MailFailed = "mail-failed",
        /// Something is wrong with the folder that a profile sends from, or with files in it.
        OutboxTrouble = "outbox-trouble",
        /// What is received cannot be put into its inbox, and is refused.
        InboxTrouble = "inbox-trouble",
        /// The command that follows a message has failed.
        CommandFailed = "command-failed",
        /// The workspace is damaged on disk.
        WorkspaceDamaged = "workspace-damaged",
        /// The backup that is made by itself could not be made.
        BackupFailed = "backup-failed",
    }
}

impl NoticeKind {
    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::CertificateEnds => "Certificate ends",
            Self::TlsServerEnds => "Server certificate ends",
            Self::RuleBites => "Rule takes effect",
            Self::PolicyUnread => "Policy cannot be read",
            Self::ActivationHappened => "Certificate activated",
            Self::ActivationMissed => "Activated unseen",
            Self::FirstSight => "New certificate seen",
            Self::TlsServerChanged => "Server certificate changed",
            Self::ClockOff => "Clock is off",
            Self::MailFailed => "E-mail failed",
            Self::OutboxTrouble => "Outbox needs attention",
            Self::InboxTrouble => "Inbox needs attention",
            Self::CommandFailed => "Command failed",
            Self::WorkspaceDamaged => "Workspace is damaged",
            Self::BackupFailed => "Backup failed",
        }
    }
}

spelled! {
    /// How urgent a notice is, the most urgent first.
    pub enum Urgency {
        /// Orders stop, or are about to.
        Critical = "critical",
        /// To be done this week.
        Urgent = "urgent",
        /// To be done in time.
        Soon = "soon",
        /// Nothing need be done.
        Info = "info",
    }
}

impl Urgency {
    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::Urgent => "Urgent",
            Self::Soon => "Soon",
            Self::Info => "For information",
        }
    }
}

/// One profile that a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Affected {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
}

impl std::fmt::Display for Affected {
    /// `amazon-us/production`, by which it is known in the table of acknowledgements.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.connection, self.profile)
    }
}

/// What a notice is about: where a click on it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// The profiles that it concerns, sorted; none where it is about the program itself.
    pub profiles: Vec<Affected>,
    /// The certificate.
    pub certificate: Option<Fingerprint>,
    /// The identity, where the certificate is ours.
    pub identity: Option<IdentityName>,
    /// The key of the connection file, where a rule is about one.
    pub setting: Option<String>,
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The matter, the same at every instant and in every program: `certificate-ends:` and a fingerprint.
    pub key: String,
    /// What it is.
    pub kind: NoticeKind,
    /// How urgent it is now.
    pub urgency: Urgency,
    /// When it bites, or when it happened.
    pub at: Timestamp,
    /// The step that has been reached: days before `at`, 0 at it, -1 after it. An event has step 0.
    pub step: i32,
    /// Whether every step is told even after an earlier one was acknowledged.
    pub insistent: bool,
    /// What it is about.
    pub about: About,
    /// In a line.
    pub title: String,
    /// In a sentence or two, without full stop at the end.
    pub text: String,
    /// What to do.
    pub remedy: String,
}

impl Notice {
    /// The step of what is too far away to be told.
    pub const FAR: i32 = i32::MAX;

    /// Something that has happened at an instant: told once.
    #[must_use]
    pub fn event(kind: NoticeKind, key: &str, urgency: Urgency, at: Timestamp) -> Self {
        Self {
            key: format!("{kind}:{key}"),
            kind,
            urgency,
            at,
            step: 0,
            insistent: false,
            about: About::default(),
            title: String::new(),
            text: String::new(),
            remedy: String::new(),
        }
    }

    /// The same, in words.
    #[must_use]
    pub fn saying(mut self, title: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        (self.title, self.text, self.remedy) = (title.into(), text.into(), remedy.into());
        self
    }

    /// The same, about something.
    #[must_use]
    pub fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }
}

/// What is known at an instant, of which something may have to be told.
pub struct Facts<'a, 'k> {
    /// The connections.
    pub connections: &'a [Connection],
    /// Where certificates are looked up.
    pub known: &'a Known<'k>,
    /// How the connections stand at the instant.
    pub report: &'a CheckReport,
    /// TLS servers with the certificate that each showed last.
    pub servers: &'a [SeenServer],
}

/// How is reminded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reminding {
    /// When.
    pub steps: Steps,
    /// Of which connections not at all.
    pub quiet: BTreeSet<ConnectionId>,
}

impl Facts<'_, '_> {
    /// Everything that is to be known ahead of time at an instant, the most urgent first: ends of certificates, and rules;
    /// also where rules are not known.
    #[must_use]
    pub fn due(&self, reminding: &Reminding, at: Timestamp) -> Vec<Notice> {
        let mut found = unread::unread(self, reminding, at);
        found.extend(self.coming(reminding, at).into_iter().filter(|notice| notice.step != Notice::FAR));
        sort(&mut found);
        found
    }

    /// The same with all that is further away than the first step, which has the step [`Notice::FAR`]: for a calendar.
    #[must_use]
    pub fn coming(&self, reminding: &Reminding, at: Timestamp) -> Vec<Notice> {
        let mut found = certificate::ends(self, reminding, at);
        found.extend(certificate::server_ends(self, reminding, at));
        found.extend(rule::bites(self, reminding, at));
        sort(&mut found);
        found
    }

    /// A connection's name.
    fn name(&self, id: &ConnectionId) -> String {
        self.connections
            .iter()
            .find(|connection| connection.id == *id)
            .map_or_else(|| id.to_string(), |connection| connection.name.clone())
    }

    /// Profiles in words: `Amazon US production and test`, `Amazon US production and 5 more profiles`.
    fn places(&self, profiles: &[Affected]) -> String {
        let Some((first, rest)) = profiles.split_first() else { return String::new() };
        let begin = format!("{} {}", self.name(&first.connection), first.profile);
        match rest {
            [] => begin,
            [other] if first.connection == other.connection => format!("{begin} and {}", other.profile),
            [other] => format!("{begin} and {} {}", self.name(&other.connection), other.profile),
            _ => format!("{begin} and {} more profiles", rest.len()),
        }
    }

    /// Whose they are, in a word or two: a connection's name, or how many connections.
    fn whose(&self, profiles: &[Affected]) -> String {
        let connections: BTreeSet<&ConnectionId> = profiles.iter().map(|affected| &affected.connection).collect();
        match connections.iter().next() {
            Some(only) if connections.len() == 1 => self.name(only),
            _ => format!("{} connections", connections.len()),
        }
    }
}

/// Puts notices into the order in which they are shown: the most urgent first, then what comes first.
pub fn sort(notices: &mut [Notice]) {
    notices.sort_by(|a, b| (a.urgency, a.at, &a.key).cmp(&(b.urgency, b.at, &b.key)));
}

/// The day of an instant in words, in UTC: `14 Dec 2026`.
fn day(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%-d %b %Y").to_string()
}

/// An instant in words, in UTC: `14 Dec 2026, 08:00 UTC`.
fn instant(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// How far away an instant is, in whole days: `in 21 days`, `today`, `3 days ago`.
fn away(then: Timestamp, at: Timestamp) -> String {
    let seconds = then.as_second() - at.as_second();
    match (seconds < 0, seconds.abs() / 86_400) {
        (false, 0) => "within a day".to_owned(),
        (false, 1) => "in 1 day".to_owned(),
        (false, days) => format!("in {days} days"),
        (true, 0) => "less than a day ago".to_owned(),
        (true, 1) => "1 day ago".to_owned(),
        (true, days) => format!("{days} days ago"),
    }
}

/// For lists that are stored as text: `30, 7, 1`.
fn comma<S: Serializer>(days: &[u16], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(days)
}
