//! The calendar: activations, ends of certificates and deadlines of rules, as a file that calendar programs import.

mod format;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{App, AppError, NotificationSettings};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{self, CheckReport, ComplianceSettings, Known};
use crate::domain::connection::Connection;
use crate::domain::counted::counted;
use crate::domain::identifier::ConnectionId;
use crate::domain::notice::{
    Affected, Facts, Notice, NoticeKind, Reminding, SeenServer, Steps, activations, own_activations,
};
use format::{Alarm, Event, calendar};

/// How far ahead rules are looked for: ten years.
const DAYS: u32 = 3650;

/// How many profiles are named in an event.
const MOST_NAMED: usize = 20;

impl App {
    /// The calendar from now on.
    ///
    /// Every event has a UID of its own that stays, so that importing a later file moves it and doubles nothing.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn calendar(&self) -> Result<String, AppError> {
        let connections = self.connections().await?;
        let certificates: BTreeMap<Fingerprint, CertificateFacts> = self
            .stored_certificates()
            .await?
            .into_iter()
            .map(|stored| (stored.facts.fingerprint_sha256, stored.facts))
            .collect();
        let identities = self.stored_identities().await?;
        let policies = self.policies().await?;
        let settings = self.notification_settings().await?;
        let servers = self.seen_servers().await?;
        let now = self.now();
        let known = Known {
            certificates: &|fingerprint| certificates.get(fingerprint),
            identities: &|name| {
                identities.iter().find(|identity| identity.name == *name).map(|identity| &identity.facts)
            },
        };
        let horizon = ComplianceSettings { rule_due_days: DAYS, ..ComplianceSettings::default() };
        let report = compliance::check(&connections, &policies, &known, now, &horizon);
        let world = World {
            connections: &connections,
            certificates: &certificates,
            servers: &servers,
            settings: &settings,
            now,
        };
        let mut events = world.activations();
        events.extend(world.own_activations());
        events.extend(world.ends_and_deadlines(&known, &report));
        events.sort_by(|a, b| (a.at, &a.uid).cmp(&(b.at, &b.uid)));
        Ok(calendar("Countersign", &events, now))
    }
}

struct World<'a> {
    connections: &'a [Connection],
    certificates: &'a BTreeMap<Fingerprint, CertificateFacts>,
    servers: &'a [SeenServer],
    settings: &'a NotificationSettings,
    now: Timestamp,
}

impl World<'_> {
    /// One event for each certificate and instant at which it goes active.
    fn activations(&self) -> Vec<Event> {
        let spoken_of = |affected: &Affected| !self.settings.quiet.contains(&affected.connection);
        activations(self.connections, self.now)
            .into_iter()
            .map(|(key, profiles)| (key, profiles.into_iter().filter(spoken_of).collect::<Vec<_>>()))
            .filter(|(_, profiles)| !profiles.is_empty())
            .map(|((at, fingerprint), mut profiles)| {
                profiles.sort();
                let name = self.certificates.get(&fingerprint).map_or("", CertificateFacts::common_name);
                let place = profiles.first().map(ToString::to_string).unwrap_or_default();
                Event {
                    // By its first profile, so that an activation that is put off moves and one of others stays.
                    uid: format!("activation-{}-{}@countersign", &fingerprint.to_hex()[..32], place.replace('/', "-")),
                    at,
                    summary: format!(
                        "New certificate {} goes active for {}",
                        fingerprint.short(),
                        self.names(&profiles)
                    ),
                    description: format!(
                        "{name} {fingerprint}\nMessages are encrypted for it from this instant on, in\n{}",
                        named(&profiles)
                    ),
                    category: "Activation",
                    alarms: vec![Alarm::Days(1), Alarm::Minutes(60)],
                }
            })
            .collect()
    }

    /// One event for each identity of ours and instant from which it signs.
    fn own_activations(&self) -> Vec<Event> {
        let spoken_of = |affected: &Affected| !self.settings.quiet.contains(&affected.connection);
        own_activations(self.connections, self.now)
            .into_iter()
            .map(|(key, profiles)| (key, profiles.into_iter().filter(spoken_of).collect::<Vec<_>>()))
            .filter_map(|((at, name), mut profiles)| {
                profiles.sort();
                let place = profiles.first()?.to_string();
                Some(Event {
                    uid: format!("own-activation-{name}-{}@countersign", place.replace('/', "-")),
                    at,
                    summary: format!("Our certificate {name} goes active for {}", self.names(&profiles)),
                    description: format!("Messages are signed with it from this instant on, in\n{}", named(&profiles)),
                    category: "Activation",
                    alarms: vec![Alarm::Days(1), Alarm::Minutes(60)],
                })
            })
            .collect()
    }

    /// Ends of certificates and deadlines of rules: what notices would be told of, however far away.
    fn ends_and_deadlines(&self, known: &Known<'_>, report: &CheckReport) -> Vec<Event> {
        let facts = Facts { connections: self.connections, known, report, servers: self.servers };
        let reminding = Reminding { steps: self.settings.steps.clone(), quiet: self.settings.quiet.clone() };
        facts
            .coming(&reminding, self.now)
            .into_iter()
            .filter(|notice| notice.at > self.now)
            .map(|notice| Event {
                uid: format!("{}@countersign", notice.key.replace(':', "-")),
                at: notice.at,
                summary: self.summary(&notice),
                description: format!(
                    "{}\nWhat to do: {}\n{}",
                    notice.text,
                    notice.remedy,
                    named(&notice.about.profiles)
                ),
                category: notice.kind.label(),
                alarms: days(&self.settings.steps, notice.insistent).iter().map(|days| Alarm::Days(*days)).collect(),
            })
            .collect()
    }

    /// What happens on that day, without how far away it is: that changes from day to day, the entry does not.
    fn summary(&self, notice: &Notice) -> String {
        let about = &notice.about;
        let of = match self.whose(&about.profiles) {
            whose if whose.is_empty() => whose,
            whose => format!(" of {whose}"),
        };
        match (notice.kind, &about.identity) {
            (_, Some(name)) => format!("Our certificate {name} ends"),
            (NoticeKind::CertificateEnds, None) => {
                let fingerprint = about.certificate.map(|print| print.short()).unwrap_or_default();
                let successor = if notice.insistent { "no successor yet" } else { "successor scheduled" };
                format!("Partner certificate {fingerprint}{of} ends, {successor}")
            }
            (NoticeKind::TlsServerEnds, None) => format!("Server certificate{of} ends"),
            (_, None) => notice.title.clone(),
        }
    }

    /// Whose they are: a connection's name, or how many connections.
    fn whose(&self, profiles: &[Affected]) -> String {
        let mut whose: Vec<&ConnectionId> = profiles.iter().map(|affected| &affected.connection).collect();
        whose.sort();
        whose.dedup();
        match whose[..] {
            [] => String::new(),
            [only] => self.name(only),
            _ => counted(whose.len(), "connection"),
        }
    }

    fn name(&self, id: &ConnectionId) -> String {
        let connection = self.connections.iter().find(|connection| connection.id == *id);
        connection.map_or_else(|| id.to_string(), |connection| connection.name.clone())
    }

    fn names(&self, profiles: &[Affected]) -> String {
        let name = |affected: &Affected| self.name(&affected.connection);
        match profiles {
            [] => String::new(),
            [only] => format!("{} {}", name(only), only.profile),
            [one, rest @ ..] if rest.iter().all(|other| other.connection == one.connection) => name(one),
            several => format!("{} profiles", several.len()),
        }
    }
}

fn days(steps: &Steps, insistent: bool) -> &[u16] {
    if insistent { steps.open() } else { steps.scheduled() }
}

fn named(profiles: &[Affected]) -> String {
    let mut lines: Vec<String> = profiles.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if profiles.len() > MOST_NAMED {
        lines.push(format!("and {} more", profiles.len() - MOST_NAMED));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifier::ProfileKind;
    use crate::store::fixtures::connection;

    #[test]
    fn an_entry_says_what_happens_that_day_and_whose_it_is() {
        let now: Timestamp = "2026-11-26T00:00:00Z".parse().unwrap();
        let connections = [connection("acme", "Acme"), connection("globex", "Globex")];
        let server = |of: usize, number: u8| SeenServer {
            connection: connections[of].id.clone(),
            profile: ProfileKind::Production,
            subject: "CN=as2.example".to_owned(),
            fingerprint: Fingerprint([number; 32]),
            not_after: now + jiff::SignedDuration::from_hours(24 * (300 + i64::from(number))),
            seen: now,
        };
        let servers = [server(0, 1), server(0, 2), server(1, 2)];
        let (certificates, settings) = (BTreeMap::new(), NotificationSettings::default());
        let world = World {
            connections: &connections,
            certificates: &certificates,
            servers: &servers,
            settings: &settings,
            now,
        };
        let known = Known { certificates: &|_| None, identities: &|_| None };
        let report = compliance::check(&connections, &[], &known, now, &ComplianceSettings::default());
        let events = world.ends_and_deadlines(&known, &report);
        let said: Vec<&str> = events.iter().map(|event| event.summary.as_str()).collect();
        assert_eq!(said, ["Server certificate of Acme ends", "Server certificate of 2 connections ends"]);
    }
}
