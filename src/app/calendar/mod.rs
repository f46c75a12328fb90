//! The calendar: activations, ends of certificates and deadlines of rules, as a file that calendar programs import.

mod format;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{App, AppError, NotificationSettings};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{self, CheckReport, ComplianceSettings, Known};
use crate::domain::connection::Connection;
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
                summary: match notice.about.identity {
                    Some(ref name) => format!("Our certificate {name} ends"),
                    None => summary(&notice),
                },
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

    fn names(&self, profiles: &[Affected]) -> String {
        let name = |affected: &Affected| {
            let connection = self.connections.iter().find(|connection| connection.id == affected.connection);
            connection.map_or_else(|| affected.connection.to_string(), |connection| connection.name.clone())
        };
        match profiles {
            [] => String::new(),
            [only] => format!("{} {}", name(only), only.profile),
            [one, rest @ ..] if rest.iter().all(|other| other.connection == one.connection) => name(one),
            several => format!("{} profiles", several.len()),
        }
    }
}

/// What stands in the calendar, without how far away it is: that changes from day to day, the entry does not.
fn summary(notice: &Notice) -> String {
    match notice.kind {
        NoticeKind::CertificateEnds => {
            let fingerprint = notice.about.certificate.map(|print| print.short()).unwrap_or_default();
            let successor = if notice.insistent { "no successor yet" } else { "successor scheduled" };
            format!("Partner certificate {fingerprint} ends, {successor}")
        }
        _ => notice.title.clone(),
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
