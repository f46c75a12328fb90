//! Certificates that end: the partner's, our own, and those of the partner's TLS servers.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{About, Affected, Facts, Notice, NoticeKind, Reminding, Steps, Urgency, away, count, day};
use crate::domain::algorithm::Encryption;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::connection::Profile;
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::domain::timeline::{CertificateUse, acceptable_now, next_activation, only_verifying, used_now};

/// A TLS server with the certificate that it showed when it was last talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenServer {
    /// Whose.
    pub connection: ConnectionId,
    /// Of which profile.
    pub profile: ProfileKind,
    /// Its own certificate's subject.
    pub subject: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its last instant.
    pub not_after: Timestamp,
    /// When it was seen.
    pub seen: Timestamp,
}

/// One certificate that is in use or will be, with everyone who uses it.
struct InUse<'a> {
    facts: &'a CertificateFacts,
    identity: Option<IdentityName>,
    profiles: Vec<Affected>,
    /// Those for which nothing follows in time.
    without: Vec<Affected>,
    /// The first successor that goes active.
    successor: Option<Next>,
    /// When the first profile begins to use it, where none does yet.
    begins: Option<Timestamp>,
}

/// What follows a certificate.
#[derive(Clone, Copy)]
struct Next {
    certificate: Fingerprint,
    /// When it goes active.
    from: Timestamp,
    /// When it ends, where it is known.
    end: Option<Timestamp>,
}

/// A certificate that a profile uses from an instant on, now where none is named, and what follows it in time.
struct Turn {
    certificate: Fingerprint,
    from: Option<Timestamp>,
    successor: Option<Next>,
}

/// Certificates in use, and those that will be, that end: one notice for each, whoever uses it.
pub(super) fn ends(facts: &Facts<'_, '_>, reminding: &Reminding, at: Timestamp) -> Vec<Notice> {
    let mut all: BTreeMap<(bool, Fingerprint), InUse<'_>> = BTreeMap::new();
    for connection in facts.connections.iter().filter(|connection| !reminding.quiet.contains(&connection.id)) {
        for (kind, profile) in connection.profiles() {
            let affected = Affected { connection: connection.id.clone(), profile: kind };
            for turn in partners(profile, at, facts) {
                let Some(known) = (facts.known.certificates)(&turn.certificate) else { continue };
                let entry = all.entry((false, turn.certificate)).or_insert_with(|| InUse::new(known, None));
                entry.used_by(&affected, &turn);
            }
            for (name, turn) in ours(profile, at, facts) {
                let Some(own) = (facts.known.identities)(name) else { continue };
                let entry = all.entry((true, turn.certificate)).or_insert_with(|| InUse::new(own, Some(name.clone())));
                entry.used_by(&affected, &turn);
            }
        }
    }
    all.into_values().map(|in_use| in_use.notice(facts, reminding, at)).collect()
}

/// Our certificates that a profile signs with, one after the other, each with what follows it in time.
fn ours<'p>(profile: &'p Profile, at: Timestamp, facts: &Facts<'_, '_>) -> Vec<(&'p IdentityName, Turn)> {
    let timeline = &profile.identity;
    let known = |name: &IdentityName| (facts.known.identities)(name);
    let mut found = Vec::new();
    let (mut name, mut from) = (timeline.at(at), None);
    loop {
        let next = timeline.next(from.unwrap_or(at));
        if let Some(own) = known(name) {
            // A successor that begins only after the end leaves a gap, and is none.
            let in_time = next.filter(|(_, when)| *when <= own.not_after);
            let successor = in_time.and_then(|(next, from)| {
                let next = known(&next.name)?;
                Some(Next { certificate: next.fingerprint_sha256, from, end: Some(next.not_after) })
            });
            found.push((name, Turn { certificate: own.fingerprint_sha256, from, successor }));
        }
        let Some((entry, when)) = next else { return found };
        (name, from) = (&entry.name, Some(when));
    }
}

/// The partner's certificates whose end matters to a profile, each with what follows it in time.
fn partners(profile: &Profile, at: Timestamp, facts: &Facts<'_, '_>) -> Vec<Turn> {
    let uses = &profile.partner_certificates;
    let mut found = Vec::new();
    let end = |fingerprint: &Fingerprint| (facts.known.certificates)(fingerprint).map(|facts| facts.not_after);
    let encrypts_with = used_now(uses, at).map(|entry| entry.fingerprint);
    if profile.encryption != Encryption::None {
        let (mut used, mut from) = (encrypts_with, None);
        loop {
            let next = next_activation(uses, from.unwrap_or(at)).map(|(entry, when)| (entry.fingerprint, when));
            if let Some(used) = used {
                let in_time = next.filter(|(_, when)| end(&used).is_none_or(|end| *when <= end));
                let successor = in_time.map(|(certificate, from)| Next { certificate, from, end: end(&certificate) });
                found.push(Turn { certificate: used, from, successor });
            }
            let Some((certificate, when)) = next else { break };
            (used, from) = (Some(certificate), Some(when));
        }
    }
    // Those that only verify: a partner who signs with another key than it decrypts with.
    let mut verifying = only_verifying(uses, at);
    if profile.encryption == Encryption::None
        && let Some(first) = acceptable_now(uses, at).first()
    {
        // Nothing is encrypted: the first verifies alone as well.
        let leaves = !verifying.is_empty() && retires(uses, first);
        if !leaves && !verifying.contains(first) {
            verifying.insert(0, *first);
        }
    }
    let to_come = next_activation(uses, at).map(|(entry, _)| entry.fingerprint);
    for fingerprint in &verifying {
        // Another that is accepted and ends later takes its place, also one that comes for both.
        let later = acceptable_now(uses, at)
            .into_iter()
            .filter(|other| other != fingerprint && (verifying.contains(other) || Some(*other) == to_come))
            .find(|other| end(other) > end(fingerprint));
        let successor = later.map(|other| Next { certificate: other, from: at, end: end(&other) });
        found.push(Turn { certificate: *fingerprint, from: None, successor });
    }
    found
}

/// Whether somebody has set an end to accepting it: its time is over by decision.
fn retires(uses: &[CertificateUse], fingerprint: &Fingerprint) -> bool {
    uses.iter().filter(|entry| entry.fingerprint == *fingerprint).all(|entry| entry.until.is_some())
}

impl<'a> InUse<'a> {
    const fn new(facts: &'a CertificateFacts, identity: Option<IdentityName>) -> Self {
        Self { facts, identity, profiles: Vec::new(), without: Vec::new(), successor: None, begins: None }
    }

    fn used_by(&mut self, affected: &Affected, turn: &Turn) {
        // One that comes back after another is a matter for the last time that it does.
        let again = self.profiles.last() == Some(affected);
        self.begins = match (self.begins, turn.from) {
            (known, Some(_)) if again => known,
            (Some(known), Some(from)) => Some(known.min(from)),
            (None, Some(from)) if self.profiles.is_empty() => Some(from),
            _ => None,
        };
        if again {
            self.without.retain(|known| known != affected);
        } else {
            self.profiles.push(affected.clone());
        }
        match turn.successor {
            Some(found) => {
                if self.successor.is_none_or(|known| found.from < known.from) {
                    self.successor = Some(found);
                }
            }
            None => self.without.push(affected.clone()),
        }
    }

    fn notice(mut self, facts: &Facts<'_, '_>, reminding: &Reminding, at: Timestamp) -> Notice {
        self.profiles.sort();
        self.without.sort();
        let insistent = !self.without.is_empty();
        let end = self.facts.not_after;
        let days = if insistent { reminding.steps.open() } else { reminding.steps.scheduled() };
        let step = reached(days, end, at);
        // What is told insistently is about those for which something is to be done.
        let concerned = if insistent { &self.without } else { &self.profiles };
        let whose = facts.whose(concerned);
        let what = match &self.identity {
            Some(name) => format!("our certificate {name}"),
            None if self.begins.is_some() => format!("the next partner certificate of {whose}"),
            None => format!("the partner certificate of {whose}"),
        };
        let when = away(end, at);
        let title = match (insistent, step < 0) {
            (_, true) => sentence(&format!("{what} ended {when}")),
            (true, false) => format!("No successor yet: {what} ends {when}"),
            (false, false) => sentence(&format!("{what} ends {when}, its successor is scheduled")),
        };
        let ends = if step < 0 { "ended" } else { "ends" };
        let used =
            self.begins.map_or_else(|| "is used".to_owned(), |from| format!("will be used from {} on", day(from)));
        let mut text = format!(
            "{} {} {ends} on {} and {used} by {}: {}",
            self.facts.common_name(),
            self.facts.fingerprint_sha256.short(),
            day(end),
            count(self.profiles.len(), "profile"),
            facts.places(&self.profiles),
        );
        match (self.successor, self.without.len(), self.profiles.len()) {
            (Some(next), 0, _) if next.from > at => {
                let (print, from) = (next.certificate.short(), day(next.from));
                text.push_str(&format!("; its successor {print} goes active on {from}"));
            }
            (Some(next), 0, _) => text.push_str(&format!("; {} is accepted already", next.certificate.short())),
            (_, without, all) if without < all => {
                let have = if without == 1 { "has" } else { "have" };
                text.push_str(&format!("; {without} of them {have} no successor: {}", facts.places(&self.without)));
            }
            (_, _, _) => text.push_str("; nothing follows it yet"),
        }
        // A successor that ends sooner has a notice of its own, and this one must not say that all is well.
        let sooner = self.successor.is_some_and(|next| next.end.is_some_and(|next| next < end));
        let remedy = match (&self.identity, insistent) {
            (_, false) if sooner => "Its successor ends before it does: have another follow in time".to_owned(),
            (_, false) => "Nothing is to be done but to watch the change".to_owned(),
            (Some(_), true) => {
                "Make a new identity, send its certificate to the partners, and agree on the day of the change"
                    .to_owned()
            }
            (None, true) => {
                format!("Ask {whose} for the renewed certificate, import it, and schedule its activation")
            }
        };
        Notice {
            key: format!("{}:{}", NoticeKind::CertificateEnds, self.facts.fingerprint_sha256.to_hex()),
            kind: NoticeKind::CertificateEnds,
            urgency: if insistent { urgency(step) } else { Urgency::Info },
            at: end,
            step,
            insistent,
            about: About {
                profiles: concerned.clone(),
                certificate: Some(self.facts.fingerprint_sha256),
                identity: self.identity,
                setting: None,
            },
            title,
            text,
            remedy,
        }
    }
}

/// Certificates of TLS servers that end. Nobody tells us of their successors: it shows itself at the next send.
pub(super) fn server_ends(facts: &Facts<'_, '_>, reminding: &Reminding, at: Timestamp) -> Vec<Notice> {
    let mut all: BTreeMap<Fingerprint, (&SeenServer, Vec<Affected>)> = BTreeMap::new();
    // What a connection's server showed is kept when the connection is gone.
    let there = |id: &ConnectionId| facts.connections.iter().any(|connection| connection.id == *id);
    let spoken_of = |id: &ConnectionId| !reminding.quiet.contains(id) && there(id);
    for server in facts.servers.iter().filter(|server| spoken_of(&server.connection)) {
        let affected = Affected { connection: server.connection.clone(), profile: server.profile };
        all.entry(server.fingerprint).or_insert_with(|| (server, Vec::new())).1.push(affected);
    }
    all.into_values()
        .map(|(server, mut profiles)| {
            profiles.sort();
            profiles.dedup();
            let end = server.not_after;
            let step = reached(reminding.steps.scheduled(), end, at);
            let (whose, when) = (facts.whose(&profiles), away(end, at));
            let verb = if step < 0 { "ended" } else { "ends" };
            let urgency = if step <= 1 { Urgency::Urgent } else { Urgency::Soon };
            let about = About { certificate: Some(server.fingerprint), profiles, ..About::default() };
            let notice = Notice::event(NoticeKind::TlsServerEnds, &server.fingerprint.to_hex(), urgency, end).saying(
                format!("The server certificate of {whose} {verb} {when}"),
                format!(
                    "The TLS server showed {} {} on {}, which {verb} on {}; it is used for {}",
                    server.subject,
                    server.fingerprint.short(),
                    day(server.seen),
                    day(end),
                    facts.places(&about.profiles)
                ),
                "Most servers renew theirs by themselves; where it is pinned for a profile, ask the partner for the next one",
            );
            Notice { step, about, ..notice }
        })
        .collect()
}

/// The step that an end has reached, -1 once it is over. A certificate is valid at its last instant
/// (RFC 5280 section 4.1.2.5).
fn reached(days: &[u16], end: Timestamp, at: Timestamp) -> i32 {
    if at > end {
        return -1;
    }
    // At its last instant there is less than a day left.
    Steps::reached(days, (end.as_second() - at.as_second()).max(1))
}

/// How urgent something is for which nothing has been done, by its step.
pub(super) const fn urgency(step: i32) -> Urgency {
    match step {
        ..=3 => Urgency::Critical,
        4..=14 => Urgency::Urgent,
        _ => Urgency::Soon,
    }
}

/// With a capital letter.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
