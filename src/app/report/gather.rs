//! Gathering the evidence: everything is read once and judged at one instant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{
    Made, Report, ReportSummary, ReportedAlgorithm, ReportedCertificate, ReportedConfirmation, ReportedConnection,
    ReportedDelivery, ReportedPolicy, ReportedProfile, ReportedTraffic, ReportedTransmissions, ReportedUse, Scheduled,
    StatusCount,
};
use crate::app::notices::who;
use crate::app::{App, AppError, Observations};
use crate::domain::algorithm::{Encryption, Signing};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint, warnings};
use crate::domain::compliance::{self, CheckReport, ComplianceSettings, Finding, Findings, Known, Status};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind, without_secrets};
use crate::domain::notice::{Affected, Facts, Reminding, SeenServer, activations, own_activations};
use crate::domain::policy::{Policy, resolve};
use crate::domain::timeline::{next_activation, periods, used_now};
use crate::domain::transmission::{DeliveryEvidence, Direction, Verdict};
use crate::store::{Delivery, StoredCertificate, StoredIdentity, VerdictCount};

/// So many days of transmissions are counted: a quarter, as it is reviewed.
const COUNTED_DAYS: i64 = 92;

/// Everything that was read.
struct Read {
    connections: Vec<Connection>,
    certificates: Vec<StoredCertificate>,
    identities: Vec<StoredIdentity>,
    policies: Vec<Policy>,
    servers: Vec<SeenServer>,
    deliveries: Vec<Delivery>,
    counts: Vec<VerdictCount>,
    observations: Observations,
}

impl App {
    /// The evidence as of an instant; of now, where none is given.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn report(&self, at: Option<Timestamp>) -> Result<Report, AppError> {
        let now = self.now();
        let at = at.unwrap_or(now);
        // What is sent after now is not known, whatever instant is judged.
        let until = at.min(now);
        let since = until.saturating_sub(SignedDuration::from_hours(COUNTED_DAYS * 24)).unwrap_or(Timestamp::MIN);
        let mut connections = self.connections().await?;
        connections.sort_by_cached_key(|connection| (connection.name.to_lowercase(), connection.id.clone()));
        let (deliveries, counts) = match self.existing().await? {
            Some(workspace) => (workspace.last_delivered(until).await?, workspace.verdict_counts(since, until).await?),
            None => (Vec::new(), Vec::new()),
        };
        let read = Read {
            connections,
            certificates: self.stored_certificates().await?,
            identities: self.stored_identities().await?,
            policies: self.policies().await?,
            servers: self.seen_servers().await?,
            deliveries,
            counts,
            observations: self.observations().await?,
        };
        let made = Made {
            at: now,
            by: who(),
            program: concat!("Countersign ", env!("CARGO_PKG_VERSION")).to_owned(),
            workspace: self.location.to_string(),
        };
        Ok(read.report(at, (since, until), made))
    }
}

impl Read {
    fn report(&self, at: Timestamp, (since, until): (Timestamp, Timestamp), made: Made) -> Report {
        let by_print: HashMap<Fingerprint, &CertificateFacts> =
            self.certificates.iter().map(|stored| (stored.facts.fingerprint_sha256, &stored.facts)).collect();
        let by_name: HashMap<&IdentityName, &CertificateFacts> =
            self.identities.iter().map(|identity| (&identity.name, &identity.facts)).collect();
        let known = Known {
            certificates: &|fingerprint| by_print.get(fingerprint).copied(),
            identities: &|name| by_name.get(name).copied(),
        };
        let judged = compliance::check(&self.connections, &self.policies, &known, at, &ComplianceSettings::default());
        let certificates = self.inventory(at);
        let connections = self.profiles(&judged);
        let profiles: Vec<&ReportedProfile> = connections.iter().flat_map(|connection| &connection.profiles).collect();
        let summary = ReportSummary {
            connections: connections.len(),
            profiles: profiles.len(),
            standing: Status::ALL
                .iter()
                .map(|status| StatusCount {
                    status: *status,
                    profiles: profiles.iter().filter(|profile| profile.status == *status).count(),
                })
                .filter(|count| count.profiles > 0)
                .collect(),
            ending: certificates
                .iter()
                .filter(|certificate| certificate.used.iter().any(|used| used.now))
                .filter(|certificate| {
                    certificate.days_left < i64::from(ComplianceSettings::default().certificate_due_days)
                })
                .count(),
            unproven: profiles.iter().filter(|profile| profile.proven.is_none()).count(),
        };
        Report {
            at,
            made,
            status: judged.status,
            summary,
            schedule: self.schedule(&known, &judged, at),
            certificates,
            algorithms: self.algorithms(),
            connections,
            transmissions: ReportedTransmissions { since, until, connections: self.traffic() },
            policies: self.judged_by(),
        }
    }

    /// Every certificate, the one that ends first at the head.
    fn inventory(&self, at: Timestamp) -> Vec<ReportedCertificate> {
        let mut places: HashMap<Fingerprint, (Vec<ReportedUse>, Option<Fingerprint>)> = HashMap::new();
        let mut ours: HashMap<&IdentityName, Vec<ReportedUse>> = HashMap::new();
        let mut follows: HashMap<&IdentityName, &IdentityName> = HashMap::new();
        for (place, profile) in self.places() {
            let uses = &profile.partner_certificates;
            let encrypts = used_now(uses, at).map(|entry| entry.fingerprint);
            for period in periods(&self.observations.uses(&place.connection, place.profile, profile)) {
                places.entry(period.certificate).or_default().0.push(ReportedUse {
                    place: place.clone(),
                    purpose: Some(period.purpose),
                    from: period.from,
                    until: period.until,
                    now: period.covers(at),
                });
            }
            if let (Some(print), Some((next, _))) = (encrypts, next_activation(uses, at)) {
                places.entry(print).or_default().1.get_or_insert(next.fingerprint);
            }
            let signs = profile.identity.signing(at);
            let mut own = profile.identity.uses().iter().peekable();
            while let Some(entry) = own.next() {
                ours.entry(&entry.name).or_default().push(ReportedUse {
                    place: place.clone(),
                    purpose: None,
                    from: entry.from,
                    until: own.peek().and_then(|next| next.from),
                    now: entry == signs,
                });
            }
            if let Some((next, _)) = profile.identity.next(at) {
                follows.entry(&signs.name).or_insert(&next.name);
            }
        }
        let theirs = self.certificates.iter().map(|stored| {
            let (used, successor) = places.remove(&stored.facts.fingerprint_sha256).unwrap_or_default();
            let mut found = warnings(&stored.facts, at);
            if stored.facts.self_signed && stored.confirmed.is_none() {
                found.push(CertificateWarning::Unconfirmed);
            }
            ReportedCertificate {
                identity: None,
                days_left: stored.facts.days_left(at),
                source: Some(stored.source.clone()),
                confirmed: stored
                    .confirmed
                    .as_ref()
                    .map(|confirmed| ReportedConfirmation { at: confirmed.at, how: confirmed.how.clone() }),
                warnings: found,
                used,
                successor,
                facts: stored.facts.clone(),
            }
        });
        let mut all: Vec<ReportedCertificate> = theirs.collect();
        all.extend(self.identities.iter().map(|identity| ReportedCertificate {
            identity: Some(identity.name.clone()),
            days_left: identity.facts.days_left(at),
            source: None,
            confirmed: None,
            warnings: warnings(&identity.facts, at),
            used: ours.remove(&identity.name).unwrap_or_default(),
            successor: follows.get(&identity.name).and_then(|next| {
                let next = self.identities.iter().find(|identity| identity.name == **next)?;
                Some(next.facts.fingerprint_sha256)
            }),
            facts: identity.facts.clone(),
        }));
        all.sort_by_key(|certificate| (certificate.facts.not_after, certificate.facts.fingerprint_sha256));
        all
    }

    fn places(&self) -> impl Iterator<Item = (Affected, &Profile)> {
        self.connections.iter().flat_map(|connection| {
            connection
                .profiles()
                .map(|(kind, profile)| (Affected { connection: connection.id.clone(), profile: kind }, profile))
        })
    }

    /// Every algorithm and protocol that is set.
    fn algorithms(&self) -> Vec<ReportedAlgorithm> {
        /// In the order in which a message meets them.
        const PURPOSES: [(&str, &str); 7] = [
            ("compression", "Compression"),
            ("signing", "Message digest and signature"),
            ("signature_scheme", "Signature scheme"),
            ("encryption", "Content encryption"),
            ("key_transport", "Key transport"),
            ("mdn_mic", "Receipt (MDN) digest"),
            ("tls", "Transport"),
        ];
        let mut all: BTreeMap<(usize, String, String), Vec<Affected>> = BTreeMap::new();
        for (place, profile) in self.places() {
            let mut note = |index: usize, value: &str, label: &str| {
                all.entry((index, value.to_owned(), label.to_owned())).or_default().push(place.clone());
            };
            note(0, profile.compression.as_str(), profile.compression.as_str());
            note(1, profile.signing.as_str(), profile.signing.label());
            if profile.signing != Signing::None {
                note(2, profile.signature_scheme.as_str(), profile.signature_scheme.as_str());
            }
            note(3, profile.encryption.as_str(), profile.encryption.label());
            if profile.encryption != Encryption::None {
                note(4, profile.key_transport.as_str(), profile.key_transport.as_str());
            }
            note(5, profile.receipt_digest().as_str(), profile.receipt_digest().label());
            let transport =
                if profile.url.is_tls() { ("https", "HTTPS (TLS 1.2 or later)") } else { ("http", "HTTP, no TLS") };
            note(6, transport.0, transport.1);
        }
        all.into_iter()
            .map(|((index, value, label), profiles)| ReportedAlgorithm {
                setting: PURPOSES[index].0,
                purpose: PURPOSES[index].1,
                value,
                label,
                profiles,
            })
            .collect()
    }

    fn profiles(&self, judged: &CheckReport) -> Vec<ReportedConnection> {
        // The newest first.
        let mut deliveries: HashMap<(&ConnectionId, ProfileKind), Vec<&Delivery>> = HashMap::new();
        for delivery in &self.deliveries {
            deliveries.entry((&delivery.connection, delivery.profile)).or_default().push(delivery);
        }
        let of = |id, kind| deliveries.get(&(id, kind)).into_iter().flatten().copied().map(reported);
        self.connections
            .iter()
            .zip(&judged.connections)
            .map(|(connection, report)| ReportedConnection {
                id: connection.id.clone(),
                name: connection.name.clone(),
                policy: connection.policy.clone(),
                status: report.status,
                profiles: connection
                    .profiles()
                    .zip(&report.profiles)
                    .map(|((kind, profile), report)| ReportedProfile {
                        profile: kind,
                        status: report.status,
                        our_as2_id: profile.our_as2_id.to_string(),
                        partner_as2_id: profile.partner_as2_id.to_string(),
                        url: without_secrets(profile.url.as_str()),
                        cells: report.cells.clone(),
                        findings: tellable(&report.findings),
                        proven: of(&connection.id, kind).find(|sent| sent.evidence == DeliveryEvidence::Proven),
                        delivered: of(&connection.id, kind).next(),
                    })
                    .collect(),
            })
            .collect()
    }

    /// Activations, ends and deadlines from an instant on.
    fn schedule(&self, known: &Known<'_>, judged: &CheckReport, at: Timestamp) -> Vec<Scheduled> {
        let mut all: Vec<Scheduled> = activations(&self.connections, at)
            .into_iter()
            .map(|((from, fingerprint), profiles)| Scheduled {
                at: from,
                kind: "activation".to_owned(),
                what: format!("Certificate {} goes active", fingerprint.short()),
                profiles,
            })
            .collect();
        all.extend(own_activations(&self.connections, at).into_iter().map(|((from, name), profiles)| Scheduled {
            at: from,
            kind: "own-activation".to_owned(),
            what: format!("Our certificate {name} goes active: messages are signed with it"),
            profiles,
        }));
        let facts = Facts { connections: &self.connections, known, report: judged, servers: &self.servers };
        all.extend(facts.coming(&Reminding::default(), at).into_iter().filter(|notice| notice.at > at).map(|notice| {
            Scheduled {
                at: notice.at,
                kind: notice.kind.to_string(),
                what: format!("{}: {}", notice.title, notice.text),
                profiles: notice.about.profiles,
            }
        }));
        all.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
        all
    }

    fn traffic(&self) -> Vec<ReportedTraffic> {
        let mut all: BTreeMap<(bool, Option<&ConnectionId>), ReportedTraffic> = BTreeMap::new();
        for count in &self.counts {
            let connection = count.connection.as_ref();
            let entry = all
                .entry((connection.is_none(), connection))
                .or_insert_with(|| ReportedTraffic { connection: connection.cloned(), ..ReportedTraffic::default() });
            let number = match (count.direction, count.verdict) {
                (_, Verdict::Delivered) => &mut entry.delivered,
                (_, Verdict::Failed) => &mut entry.failed,
                (_, Verdict::Uncertain) => &mut entry.uncertain,
                (_, Verdict::Received) => &mut entry.received,
                (_, Verdict::Refused) => &mut entry.refused,
                // What was given up before it was sent is no traffic.
                (Direction::Outbound, Verdict::Queued | Verdict::Sending | Verdict::Pending) => &mut entry.open,
                _ => continue,
            };
            *number += count.number;
        }
        all.into_values().collect()
    }

    fn judged_by(&self) -> Vec<ReportedPolicy> {
        let named: BTreeSet<_> = self.connections.iter().map(|connection| &connection.policy).collect();
        named
            .into_iter()
            .map(|id| {
                let policy = self.policies.iter().find(|policy| policy.id == *id);
                let rules = resolve(id, &self.policies).map(|resolved| resolved.rules).unwrap_or_default();
                let checked = || rules.iter().map(|resolved| resolved.rule.checked);
                ReportedPolicy {
                    name: policy.map_or_else(|| id.to_string(), |policy| policy.name.clone()),
                    kind: policy.map(|policy| policy.kind),
                    updated: policy.and_then(Policy::updated),
                    rules: rules.len(),
                    fault: policy.and_then(|policy| policy.fault.as_ref()).map(ToString::to_string),
                    checked: checked().min().zip(checked().max()),
                    connections: self.connections.iter().filter(|connection| connection.policy == *id).count(),
                    id: id.clone(),
                }
            })
            .collect()
    }
}

fn reported(delivery: &Delivery) -> ReportedDelivery {
    ReportedDelivery {
        at: delivery.at,
        id: delivery.id,
        message_id: delivery.message_id.clone(),
        evidence: delivery.lights.evidence(),
    }
}

/// Findings as others may read them. An address that is to be put right is not told with the query in it: findings name
/// addresses without, and only a fix has to have all of it.
fn tellable(findings: &Findings) -> Findings {
    let names_address = |finding: &Finding| matches!(finding.setting, "url" | "mdn_url") && finding.fix.is_some();
    if !findings.iter().any(names_address) {
        return findings.clone();
    }
    let told = findings
        .iter()
        .map(|finding| Finding { fix: finding.fix.clone().filter(|_| !names_address(finding)), ..finding.clone() });
    told.collect()
}
