//! What was seen or has happened, as notices: each is told once, beside certificates that end and rules that bite.

use std::collections::BTreeSet;

use super::super::Observations;
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::notice::{About, Affected, Notice, NoticeKind, SeenServer, Urgency};
use crate::domain::server_certificate::ServerSight;
use crate::domain::sighting::{SightedIn, Sighting, SightingKind};

/// The servers whose certificates were seen and that are talked to still, each with its own.
pub(super) fn servers(observations: &Observations, connections: &[Connection]) -> Vec<SeenServer> {
    let seen = observations.servers.iter().filter_map(|((connection, profile), sight)| {
        let own = sight.own().filter(|_| is_talked_to(sight, connection, *profile, connections))?;
        Some(SeenServer {
            connection: connection.clone(),
            profile: *profile,
            subject: own.subject.clone(),
            fingerprint: own.fingerprint_sha256,
            not_after: own.not_after,
            seen: sight.seen,
        })
    });
    seen.collect()
}

/// Whether a server is the one that a profile talks to as it is set now.
fn is_talked_to(sight: &ServerSight, id: &ConnectionId, kind: ProfileKind, connections: &[Connection]) -> bool {
    let of = connections.iter().find(|connection| connection.id == *id);
    of.and_then(|connection| connection.profile(kind)).is_some_and(|profile| sight.is_of(profile))
}

/// Everything that has happened and that nobody has taken note of, but for connections that are gone or are to be quiet.
pub(super) fn happened(
    observations: &Observations,
    sightings: &[Sighting],
    connections: &[Connection],
    quiet: &BTreeSet<ConnectionId>,
) -> Vec<Notice> {
    let spoken_of = |id: &ConnectionId| !quiet.contains(id) && connections.iter().any(|each| each.id == *id);
    let name = |id: &ConnectionId| {
        connections.iter().find(|each| each.id == *id).map_or_else(|| id.to_string(), |each| each.name.clone())
    };
    let mut found: Vec<Notice> = sightings
        .iter()
        .filter(|sighting| spoken_of(&sighting.connection))
        .map(|sighting| first_sight(sighting, &name(&sighting.connection)))
        .collect();
    if let Some(clock) = observations.clock.as_ref().filter(|clock| clock.is_off()) {
        let (title, text) = clock.told();
        // Once it was right again, the next time is another matter.
        let key = observations.clock_off_since.map_or_else(|| "own".to_owned(), |at| format!("own:{}", at.as_second()));
        let notice = Notice::event(NoticeKind::ClockOff, &key, Urgency::Urgent, clock.at);
        found.push(notice.saying(title, text, "Set this computer's clock, or let it be set from the network"));
    }
    found.extend(observations.missed.iter().filter(|missed| spoken_of(&missed.connection)).map(|missed| {
        let activation = &missed.activation;
        let key = format!("{}:{}/{}", activation.certificate.to_hex(), missed.connection, missed.profile);
        let notice = Notice::event(NoticeKind::ActivationMissed, &key, Urgency::Info, activation.at);
        let title = format!("{}, {}: its new certificate went active unseen", name(&missed.connection), missed.profile);
        let text = format!(
            "Countersign was not running then; messages are encrypted for {} since that instant all the same",
            activation.certificate.short()
        );
        let about = about(&missed.connection, missed.profile);
        notice
            .saying(title, text, "Send a test message, to see that the partner has changed too")
            .about(About { certificate: Some(activation.certificate), ..about })
    }));
    found.extend(observations.servers.iter().filter_map(|((connection, profile), sight)| {
        let is_now = spoken_of(connection) && is_talked_to(sight, connection, *profile, connections);
        let (before, own) = (sight.untold_change().filter(|_| is_now)?, sight.own()?);
        let key = format!("{}:{connection}/{profile}", own.fingerprint_sha256.to_hex());
        let notice = Notice::event(NoticeKind::TlsServerChanged, &key, Urgency::Soon, before.changed);
        let title = format!("The TLS server {} has another certificate", sight.server);
        let text = format!(
            "It was {} and is {} now, for {}, {profile}",
            before.certificate.fingerprint_sha256.short(),
            own.fingerprint_sha256.short(),
            name(connection)
        );
        let remedy = "Where the partner has told of no change, ask whether it is theirs";
        Some(notice.saying(title, text, remedy).about(about(connection, *profile)))
    }));
    found
}

fn first_sight(sighting: &Sighting, partner: &str) -> Notice {
    let remedy = match sighting.kind {
        SightingKind::Scheduled => "Activate the new certificate now",
        SightingKind::Unknown => "Import it after confirming its fingerprint, or say that it is not theirs",
        SightingKind::Retired => "Ask the partner to sign with the new one; until then accept it again",
    };
    // Whatever it is to the profile, what is sent to them or comes from them fails until somebody looks.
    let notice = Notice::event(NoticeKind::FirstSight, "", Urgency::Urgent, sighting.first_at);
    let fails = match (sighting.kind, sighting.seen_in) {
        (SightingKind::Scheduled, _) => "",
        (_, SightedIn::Message) => "What they send is refused until that is settled. ",
        (_, SightedIn::Receipt) => "What is sent to them is not proven delivered until that is settled. ",
    };
    let text = format!("{}. {fails}{}", sighting.named(), sighting.meaning());
    let about = About { certificate: Some(sighting.fingerprint), ..about(&sighting.connection, sighting.profile) };
    Notice { key: sighting.key(), ..notice }.saying(sighting.head(partner), text, remedy).about(about)
}

fn about(connection: &ConnectionId, profile: ProfileKind) -> About {
    About { profiles: vec![Affected { connection: connection.clone(), profile }], ..About::default() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::certificate::Fingerprint;
    use crate::domain::own_clock::ClockStanding;
    use crate::domain::server_certificate::{EarlierServer, Revocation, ServerTrust};
    use crate::domain::timeline::PastActivation;
    use crate::domain::transmission::{SeenCertificate, SeenTls, TransmissionId};
    use crate::store::MissedActivation;
    use crate::store::fixtures::connection;

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    fn certificate(id: u8) -> SeenCertificate {
        SeenCertificate {
            subject: format!("CN=server-{id}"),
            issuer: "CN=ca".to_owned(),
            not_after: second(1_000),
            fingerprint_sha256: Fingerprint([id; 32]),
        }
    }

    fn observed() -> Observations {
        let sight = ServerSight {
            server: "as2.example.com:443".to_owned(),
            seen: second(9),
            tls: SeenTls { version: None, chain: vec![certificate(8)] },
            trust: ServerTrust::System,
            refusal: None,
            revocation: Revocation::NotChecked,
            before: Some(EarlierServer { certificate: certificate(7), last_seen: second(5), changed: second(6) }),
            change_known: None,
        };
        Observations {
            servers: BTreeMap::from([(("acme".parse().unwrap(), ProfileKind::Production), sight)]),
            clock: Some(ClockStanding { ahead_seconds: 600, servers: 2, at: second(8) }),
            missed: vec![MissedActivation {
                connection: "acme".parse().unwrap(),
                profile: ProfileKind::Production,
                activation: PastActivation {
                    certificate: Fingerprint([1; 32]),
                    at: second(7),
                    zone: None,
                    replaced: None,
                },
            }],
            ..Observations::default()
        }
    }

    fn sighting(kind: SightingKind) -> Sighting {
        Sighting {
            connection: "acme".parse().unwrap(),
            profile: ProfileKind::Test,
            fingerprint: Fingerprint([2; 32]),
            kind,
            seen_in: SightedIn::Message,
            facts: None,
            transmission: TransmissionId::nil(),
            first_at: second(3),
            last_at: second(4),
            times: 1,
        }
    }

    #[test]
    fn whatever_was_seen_is_told_under_a_key_of_its_own() {
        let found =
            happened(&observed(), &[sighting(SightingKind::Unknown)], &[connection("acme", "Acme")], &BTreeSet::new());
        let kinds: Vec<NoticeKind> = found.iter().map(|notice| notice.kind).collect();
        let expected =
            [NoticeKind::FirstSight, NoticeKind::ClockOff, NoticeKind::ActivationMissed, NoticeKind::TlsServerChanged];
        assert_eq!(kinds, expected);
        let keys: BTreeSet<&str> = found.iter().map(|notice| notice.key.as_str()).collect();
        assert_eq!(keys.len(), found.len());
        assert!(found.iter().all(|notice| notice.key.starts_with(&format!("{}:", notice.kind))));
        assert!(
            found
                .iter()
                .all(|notice| ![&notice.title, &notice.text, &notice.remedy].iter().any(|text| text.is_empty()))
        );
    }

    #[test]
    fn that_messages_are_refused_for_a_certificate_that_nobody_knows_is_urgent() {
        let seen = |kind, seen_in| first_sight(&Sighting { seen_in, ..sighting(kind) }, "Acme");
        let message = seen(SightingKind::Unknown, SightedIn::Message);
        assert_eq!(message.urgency, Urgency::Urgent);
        assert!(message.text.contains("What they send is refused"), "{}", message.text);
        let receipt = seen(SightingKind::Unknown, SightedIn::Receipt);
        assert_eq!(receipt.urgency, Urgency::Urgent);
        assert!(receipt.text.contains("not proven delivered"), "{}", receipt.text);
        assert!(!seen(SightingKind::Scheduled, SightedIn::Message).text.contains("refused"));
    }

    #[test]
    fn what_is_gone_or_to_be_quiet_is_not_spoken_of() {
        let seen = [sighting(SightingKind::Unknown)];
        let acme = [connection("acme", "Acme")];
        let quiet = BTreeSet::from(["acme".parse().unwrap()]);
        for found in [happened(&observed(), &seen, &acme, &quiet), happened(&observed(), &seen, &[], &BTreeSet::new())]
        {
            assert_eq!(found.iter().map(|notice| notice.kind).collect::<Vec<_>>(), [NoticeKind::ClockOff]);
        }
    }

    #[test]
    fn what_somebody_knows_of_is_told_no_more_and_what_stands_otherwise_is_another_matter() {
        let mut observed = observed();
        for sight in observed.servers.values_mut() {
            sight.change_known = Some(second(10));
        }
        observed.missed.clear();
        observed.clock = Some(ClockStanding { ahead_seconds: 10, servers: 2, at: second(8) });
        let acme = [connection("acme", "Acme")];
        assert_eq!(happened(&observed, &[], &acme, &BTreeSet::new()), []);
        assert_eq!(servers(&observed, &acme).iter().map(|seen| seen.fingerprint.0[0]).collect::<Vec<_>>(), [8]);
        let keys =
            [SightingKind::Scheduled, SightingKind::Unknown].map(|kind| first_sight(&sighting(kind), "Acme").key);
        assert_ne!(keys[0], keys[1]);
    }

    #[test]
    fn a_server_that_is_talked_to_no_more_is_not_spoken_of() {
        let acme = |url: &str| {
            let mut acme = connection("acme", "Acme");
            acme.profile_mut(ProfileKind::Production).unwrap().url = url.parse().unwrap();
            [acme]
        };
        for (url, is_it) in [
            ("https://AS2.example.com/other", true),
            ("https://as2.example.com:8443/", false),
            ("https://elsewhere.example.com/", false),
            ("http://as2.example.com:443/", false),
        ] {
            let found = happened(&observed(), &[], &acme(url), &BTreeSet::new());
            let changed = found.iter().any(|notice| notice.kind == NoticeKind::TlsServerChanged);
            assert_eq!((servers(&observed(), &acme(url)).len(), changed), (usize::from(is_it), is_it), "{url}");
        }
    }
}
