//! One row for each certificate, made once for each snapshot: what it is, where it is used, until when, what follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::app::ProfileKey;
use crate::app::engine::Snapshot;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::IdentityName;
use crate::domain::own_timeline::IdentityUse;
use crate::domain::server_certificate::{ServerSight, ServerTrust, ends_within};
use crate::domain::timeline::{acceptable_now, next_activation, previous, used_now};
use crate::ui::certificate::signature;
use crate::ui::icon::Icon;
use crate::ui::moment::{Moment, count};
use crate::ui::widgets::ToneName;

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Whose {
    /// A partner's, for messages.
    Theirs,
    /// Of one of our identities.
    Ours,
    /// A partner's TLS server's.
    Server,
}

impl Whose {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Theirs => "Partner",
            Self::Ours => "Ours",
            Self::Server => "TLS server",
        }
    }
}

/// What a certificate is to a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Messages are encrypted for it, or we sign with it, or the server showed it.
    InUse,
    /// It goes active then.
    Coming(Timestamp),
    /// Signatures made with it are accepted.
    Accepted,
    /// It is listed and not used any more.
    Past,
}

/// Where a certificate is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The profile.
    pub key: ProfileKey,
    /// The connection's name.
    pub name: String,
    /// What it is there.
    pub role: Role,
    /// When what follows it goes active, where it is in use.
    pub successor: Option<Timestamp>,
    /// The zone in which an activation was stated.
    pub zone: Option<String>,
    /// Whether there is a valid one before it to go back to.
    pub before: bool,
    /// When a good signature made with it was last seen.
    pub seen: Option<Timestamp>,
}

/// A badge: its tone, its icon where it is not the tone's, its word.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Mark {
    pub(in crate::ui) tone: ToneName,
    pub(in crate::ui) icon: Option<Icon>,
    pub(in crate::ui) word: String,
}

impl Mark {
    fn new(tone: ToneName, word: impl Into<String>) -> Self {
        Self { tone, icon: None, word: word.into() }
    }

    fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }
}

/// By which a row is known, whatever comes and goes around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RowKey {
    pub whose: Whose,
    pub fingerprint: Fingerprint,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub key: RowKey,
    /// The subject's common name.
    pub name: String,
    /// Where it is used, those in use first.
    pub places: Vec<Place>,
    /// The same in a few words.
    pub used: String,
    /// Its beginning; nothing where only its end is known.
    pub not_before: Option<Timestamp>,
    /// Its end.
    pub not_after: Timestamp,
    /// Whole days until then.
    pub days: i64,
    pub until: Mark,
    pub next: Mark,
    pub confirmed: Mark,
    pub key_words: String,
    pub signature: String,
    /// Whether it is in use and nothing follows it in at least one profile.
    pub without_successor: bool,
    /// Everything that is searched, in lower case.
    haystack: String,
}

impl Row {
    /// Whether a search finds it.
    pub(super) fn answers(&self, query: &str) -> bool {
        query.split_whitespace().all(|word| self.haystack.contains(word))
    }

    /// The profiles in which it is this.
    pub(super) fn profiles(&self, is: impl Fn(&Place) -> bool) -> Vec<ProfileKey> {
        self.places.iter().filter(|place| is(place)).map(|place| place.key.clone()).collect()
    }

    /// The row as one sentence, for those who cannot see its columns.
    pub(super) fn sentence(&self) -> String {
        format!(
            "{}, {}, {}, valid until {}, {}, {}, {}, {}",
            self.name,
            self.key.whose.word(),
            self.used,
            self.until.word,
            self.next.word,
            self.confirmed.word,
            self.key_words,
            self.signature
        )
    }
}

/// Until when, in days, as a badge.
fn until(not_after: Timestamp, days: i64, moment: &Moment) -> Mark {
    let date = moment.date(not_after);
    match days {
        ..0 => Mark::new(ToneName::Bad, format!("{date} · ended")),
        0 if date != moment.date(moment.now) => Mark::new(ToneName::Bad, format!("{date} · ends tomorrow")),
        0 => Mark::new(ToneName::Bad, format!("{date} · ends today")),
        1..30 => Mark::new(ToneName::Bad, format!("{date} · {}", days_in_words(days))).icon(Icon::TriangleAlert),
        30..90 => Mark::new(ToneName::Warn, format!("{date} · {}", days_in_words(days))),
        _ => Mark::new(ToneName::Ok, format!("{date} · {}", days_in_words(days))),
    }
}

fn days_in_words(days: i64) -> String {
    let days = usize::try_from(days).unwrap_or(0);
    match days {
        0..730 => count(days, "day"),
        _ => count(days / 365, "year"),
    }
}

fn days_left(not_after: Timestamp, now: Timestamp) -> i64 {
    (not_after.as_second() - now.as_second()).div_euclid(86_400)
}

/// The end of a server's chain as a badge: of the certificate that ends first.
pub(in crate::ui) fn server_badge(sight: &ServerSight, moment: &Moment) -> Option<Mark> {
    let end = ends_within(sight, i64::MAX, moment.now)?;
    let mut mark = until(end.certificate.not_after, end.days, moment);
    if !end.own {
        mark.word.push_str(", its issuer's");
    }
    Some(mark)
}

/// Whether a server was trusted, as a badge.
pub(in crate::ui) fn trust_badge(sight: &ServerSight) -> Mark {
    match sight.trust {
        ServerTrust::System => Mark::new(ToneName::Ok, "Trusted"),
        ServerTrust::Pinned => Mark::new(ToneName::Ok, "Pinned here").icon(Icon::Pin),
        ServerTrust::Refused => Mark::new(ToneName::Bad, "Refused"),
    }
}

/// Every row.
#[must_use]
pub(super) fn prepare(snapshot: &Snapshot, moment: &Moment) -> Vec<Arc<Row>> {
    let mut places: BTreeMap<RowKey, Vec<Place>> = BTreeMap::new();
    let mut put = |whose, fingerprint, place| places.entry(RowKey { whose, fingerprint }).or_default().push(place);
    let now = moment.now;
    for state in &snapshot.connections {
        let connection = &state.connection;
        for (kind, profile) in connection.profiles() {
            let key = (connection.id.clone(), kind);
            let uses = snapshot.observations.uses(&connection.id, kind, profile);
            let used = used_now(&uses, now).map(|entry| entry.fingerprint);
            let next = next_activation(&uses, now);
            let accepted = acceptable_now(&uses, now);
            let before = previous(&uses, now)
                .and_then(|before| snapshot.facts(&before))
                .is_some_and(|before| before.not_after > now);
            for fingerprint in crate::domain::timeline::all_fingerprints(&uses) {
                let coming = next.filter(|(entry, _)| entry.fingerprint == fingerprint);
                let role = if Some(fingerprint) == used {
                    Role::InUse
                } else if let Some((_, at)) = coming {
                    Role::Coming(at)
                } else if accepted.contains(&fingerprint) {
                    Role::Accepted
                } else {
                    Role::Past
                };
                let place = Place {
                    key: key.clone(),
                    name: connection.name.clone(),
                    role,
                    successor: next.map(|(_, at)| at).filter(|_| role == Role::InUse),
                    zone: next.and_then(|(entry, _)| entry.zone.clone()),
                    before: before && role == Role::InUse,
                    seen: snapshot.observations.last_seen(&connection.id, kind, &fingerprint),
                };
                put(Whose::Theirs, fingerprint, place);
            }
            let plain = |role| Place {
                key: key.clone(),
                name: connection.name.clone(),
                role,
                successor: None,
                zone: None,
                before: false,
                seen: None,
            };
            let change = profile.identity.next(now);
            let signs = profile.identity.at(now);
            if let Some(identity) = snapshot.identity(signs) {
                let place = Place {
                    successor: change.map(|(_, at)| at),
                    zone: change.and_then(|(entry, _)| entry.zone.clone()),
                    ..plain(Role::InUse)
                };
                put(Whose::Ours, identity.facts.fingerprint_sha256, place);
            }
            // Those that are to sign later, the next first; each once.
            let mut later: Vec<&IdentityUse> = Vec::new();
            for entry in profile.identity.uses().iter().filter(|entry| entry.from > Some(now) && entry.name != *signs) {
                if !later.iter().any(|known| known.name == entry.name) {
                    later.push(entry);
                }
            }
            for entry in later {
                if let (Some(identity), Some(from)) = (snapshot.identity(&entry.name), entry.from) {
                    let place = Place { zone: entry.zone.clone(), ..plain(Role::Coming(from)) };
                    put(Whose::Ours, identity.facts.fingerprint_sha256, place);
                }
            }
            if let Some(own) = snapshot.observations.servers.get(&key).and_then(ServerSight::own) {
                put(Whose::Server, own.fingerprint_sha256, plain(Role::InUse));
            }
        }
    }
    let mut taken = |whose, fingerprint| {
        let key = RowKey { whose, fingerprint };
        let mut found = places.remove(&key).unwrap_or_default();
        found.sort_by(|one, other| one.role.cmp(&other.role).then_with(|| one.name.cmp(&other.name)));
        (key, found)
    };
    let mut rows = Vec::new();
    for state in snapshot.certificates.values() {
        let (key, places) = taken(Whose::Theirs, state.facts.fingerprint_sha256);
        let confirmed = match (state.facts.self_signed, &state.confirmed) {
            (_, Some(_)) => Mark::new(ToneName::Ok, "Confirmed"),
            (true, None) => Mark::new(ToneName::Warn, "Not confirmed"),
            (false, None) => Mark::new(ToneName::Info, "Issued by a CA").icon(Icon::Building2),
        };
        rows.push(Arc::new(row(key, None, &state.facts, places, confirmed, moment)));
    }
    for identity in &snapshot.identities {
        let (key, places) = taken(Whose::Ours, identity.facts.fingerprint_sha256);
        let confirmed = Mark::new(ToneName::Ok, "Our own key").icon(Icon::KeyRound);
        rows.push(Arc::new(row(key, Some(&identity.name), &identity.facts, places, confirmed, moment)));
    }
    let mut servers: Vec<&ServerSight> = Vec::new();
    for sight in snapshot.observations.servers.values() {
        let own = |sight: &ServerSight| sight.own().map(|own| own.fingerprint_sha256);
        if own(sight).is_some() && !servers.iter().any(|known| own(known) == own(sight)) {
            servers.push(sight);
        }
    }
    rows.extend(servers.into_iter().filter_map(|sight| {
        let (key, places) = taken(Whose::Server, sight.own()?.fingerprint_sha256);
        Some(Arc::new(server_row(key, sight, places, moment)))
    }));
    rows
}

fn row(
    key: RowKey,
    identity: Option<&IdentityName>,
    facts: &CertificateFacts,
    places: Vec<Place>,
    confirmed: Mark,
    moment: &Moment,
) -> Row {
    let days = facts.days_left(moment.now);
    let in_use = |place: &&Place| place.role == Role::InUse;
    let without = places.iter().filter(in_use).filter(|place| place.successor.is_none()).count();
    let next = next_words(&key, &places, without, days, moment);
    let identity_name = identity.map(ToString::to_string).unwrap_or_default();
    let name = identity.map_or_else(|| facts.common_name().to_owned(), ToString::to_string);
    let used = used_words(&places);
    let names: String = places.iter().map(|place| format!("{} {} ", place.name, place.key.0)).collect();
    let haystack = format!(
        "{identity_name} {} {} {} {} {names}",
        facts.subject,
        facts.issuer,
        facts.serial,
        facts.fingerprint_sha256.to_hex()
    )
    .to_lowercase();
    Row {
        name,
        used,
        not_before: Some(facts.not_before),
        not_after: facts.not_after,
        days,
        until: if moment.now < facts.not_before {
            Mark::new(ToneName::Info, format!("Valid from {}", moment.date(facts.not_before))).icon(Icon::Clock)
        } else {
            until(facts.not_after, days, moment)
        },
        next,
        confirmed,
        key_words: match facts.signature.hash {
            Some(hash) => format!("{} · {}", facts.key, hash.label()),
            None => facts.key.to_string(),
        },
        signature: signature(facts),
        without_successor: key.whose != Whose::Server && without > 0,
        haystack,
        key,
        places,
    }
}

fn server_row(key: RowKey, sight: &ServerSight, places: Vec<Place>, moment: &Moment) -> Row {
    let own = sight.own();
    let not_after = own.map_or(sight.seen, |own| own.not_after);
    let days = days_left(not_after, moment.now);
    let names: String = places.iter().map(|place| format!("{} {} ", place.name, place.key.0)).collect();
    let haystack =
        format!("{} {} {} {names}", sight.server, own.map_or("", |own| own.subject.as_str()), key.fingerprint.to_hex())
            .to_lowercase();
    Row {
        name: sight.server.clone(),
        used: used_words(&places),
        not_before: None,
        not_after,
        days,
        until: until(not_after, days, moment),
        next: if sight.untold_change().is_some() {
            Mark::new(ToneName::Warn, "Has changed")
        } else {
            Mark::new(ToneName::Info, format!("Seen {}", moment.ago(sight.seen))).icon(Icon::Eye)
        },
        confirmed: trust_badge(sight),
        key_words: "–".to_owned(),
        signature: "–".to_owned(),
        without_successor: false,
        haystack,
        key,
        places,
    }
}

/// What follows, the louder the sooner it is needed.
fn next_words(key: &RowKey, places: &[Place], without: usize, days: i64, moment: &Moment) -> Mark {
    let in_use = places.iter().filter(|place| place.role == Role::InUse).count();
    if let Some(at) = places.iter().find_map(|place| match place.role {
        Role::Coming(at) => Some(at),
        _ => None,
    }) && in_use == 0
    {
        let word = format!("Goes active {}", moment.day(at));
        return Mark::new(ToneName::Accent, word).icon(Icon::Clock);
    }
    if in_use == 0 {
        let accepted = places.iter().any(|place| place.role == Role::Accepted);
        return if accepted {
            Mark::new(ToneName::Info, "Accepted only").icon(Icon::Check)
        } else {
            Mark::new(ToneName::Info, "Not used").icon(Icon::Ban)
        };
    }
    if without == 0 {
        let at = places.iter().filter_map(|place| place.successor).min();
        let word = at.map_or_else(String::new, |at| format!("Successor {}", moment.day(at)));
        return Mark::new(ToneName::Ok, word).icon(Icon::Clock);
    }
    let some = if without < in_use { format!("No successor for {without} of {in_use}") } else { String::new() };
    let word = |other: &str| if some.is_empty() { other.to_owned() } else { some.clone() };
    match (days, key.whose) {
        (..90, _) => Mark::new(if days < 30 { ToneName::Bad } else { ToneName::Warn }, word("No successor yet")),
        (_, Whose::Ours) => Mark::new(ToneName::Info, "None needed yet").icon(Icon::Minus),
        (_, _) if some.is_empty() => Mark::new(ToneName::Info, "None needed yet").icon(Icon::Minus),
        (_, _) => Mark::new(ToneName::Info, some.clone()).icon(Icon::Clock),
    }
}

/// `Amazon Vendor US, production`, or how many.
fn used_words(places: &[Place]) -> String {
    let current: Vec<&Place> = places.iter().filter(|place| place.role != Role::Past).collect();
    match current.as_slice() {
        [] => "Nowhere".to_owned(),
        [one] => format!("{}, {}", one.name, one.key.1),
        [one, other] if one.key.0 == other.key.0 => format!("{}, both", one.name),
        [one, rest @ ..] => format!("{} and {} more", one.name, rest.len()),
    }
}
