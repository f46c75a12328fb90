//! Steps, what they say, and what becomes of them.

mod decided;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::standing::{Telling, Way};
use super::*;
use crate::domain::certificate::{CertificateFacts, KeyAlgorithm, KeyFacts, SignatureFacts};
use crate::domain::compliance::{ComplianceSettings, check};
use crate::domain::own_timeline::{IdentityUse, OwnTimeline};
use crate::domain::policy::Policy;
use crate::domain::timeline::{Activation, CertificatePurpose, plain_list, renew, renew_encrypting};

/// The end of the certificate in these tests.
fn end() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().unwrap()
}

/// So many days and seconds before the end.
fn before(days: i64, seconds: i64) -> Timestamp {
    end().checked_sub(SignedDuration::from_secs(days * 86_400 + seconds)).unwrap()
}

fn facts(id: u8, not_after: Timestamp) -> CertificateFacts {
    CertificateFacts {
        subject: format!("CN=partner {id}"),
        issuer: "CN=partner".to_owned(),
        serial: format!("{id:02x}"),
        fingerprint_sha256: Fingerprint([id; 32]),
        fingerprint_sha1: String::new(),
        spki_sha256: format!("{id:02x}"),
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after,
        key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
        signature: SignatureFacts {
            algorithm: "rsa-pkcs1".to_owned(),
            hash: Some(crate::domain::algorithm::Digest::Sha256),
        },
        self_signed: true,
        ca: false,
        key_usage: Vec::new(),
    }
}

/// A workspace of two connections whose production profiles use the same partner certificate, 1; 2 is its successor and
/// 9 is ours.
struct World {
    connections: Vec<Connection>,
    certificates: Vec<CertificateFacts>,
    own: CertificateFacts,
    /// Ours that is to follow, called `next`.
    next: Option<CertificateFacts>,
    policies: Vec<Policy>,
    servers: Vec<SeenServer>,
    reminding: Reminding,
}

fn fresh() -> World {
    let connection = |id: &str, name: &str| -> Connection {
        let mut connection: Connection = toml::from_str(&format!(
            "id = '{id}'\nname = '{name}'\npolicy = 'rules'\n[production]\nour_as2_id = 'A'\npartner_as2_id = 'B'\n\
             url = 'http://127.0.0.1/'\nidentity = 'own'\nencryption = '3des-cbc'"
        ))
        .unwrap();
        connection.production.as_mut().unwrap().partner_certificates = plain_list(&[Fingerprint([1; 32])]);
        connection
    };
    let policy = "id = 'rules'\nname = 'The Rules'\nkind = 'own'";
    World {
        connections: vec![connection("acme", "Acme"), connection("bolt", "Bolt")],
        certificates: vec![facts(1, end()), facts(2, "2029-01-01T00:00:00Z".parse().unwrap())],
        own: facts(9, "2040-01-01T00:00:00Z".parse().unwrap()),
        next: None,
        policies: vec![Policy::from_toml(policy).unwrap()],
        servers: Vec::new(),
        reminding: Reminding::default(),
    }
}

impl World {
    fn due(&self, at: Timestamp) -> Vec<Notice> {
        self.coming(at).into_iter().filter(|notice| notice.step != Notice::FAR).collect()
    }

    fn coming(&self, at: Timestamp) -> Vec<Notice> {
        self.facts(at, |facts| facts.coming(&self.reminding, at))
    }

    fn facts<T>(&self, at: Timestamp, ask: impl FnOnce(&Facts<'_, '_>) -> T) -> T {
        let known = Known {
            certificates: &|fingerprint| {
                self.certificates.iter().find(|facts| facts.fingerprint_sha256 == *fingerprint)
            },
            identities: &|name| match name.as_str() {
                "own" => Some(&self.own),
                _ => self.next.as_ref(),
            },
        };
        let report = check(&self.connections, &self.policies, &known, at, &ComplianceSettings::default());
        let facts = Facts { connections: &self.connections, known: &known, report: &report, servers: &self.servers };
        ask(&facts)
    }

    /// The one notice there is.
    fn only(&self, at: Timestamp) -> Notice {
        let mut found = self.due(at);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    /// Schedules 2 after 1 for so many days before the end, in the connections of these places.
    fn schedule(&mut self, places: &[usize], days: i64) {
        let (old, new) = (self.certificates[0].clone(), self.certificates[1].clone());
        for place in places {
            let profile = self.connections[*place].production.as_mut().unwrap();
            let activation = Activation::At { at: before(days, 0), zone: None };
            let renewal = renew(&profile.partner_certificates, &new, Some(&old), &activation, before(200, 0)).unwrap();
            profile.partner_certificates = renewal.uses;
        }
    }
}

#[test]
fn every_step_is_reached_on_its_day_and_not_before() {
    let world = fresh();
    assert_eq!(world.due(before(90, 1)), [], "a second too early");
    let steps = [90, 60, 30, 14, 7, 3, 1];
    for (index, step) in steps.into_iter().enumerate() {
        let days = i64::from(step);
        for (at, reached) in [
            (before(days, -1), step),
            (before(days, 0), step),
            (before(days, 1), if index == 0 { 0 } else { steps[index - 1] }),
        ] {
            if reached > 0 {
                assert_eq!(world.only(at).step, reached, "{at}");
            }
        }
    }
    assert_eq!(world.only(end()).step, 1, "valid at its last instant");
    assert_eq!(world.only(before(0, -1)).step, -1, "and not after it");
    assert_eq!(world.only(before(-400, 0)).step, -1);
}

#[test]
fn no_successor_is_louder_than_a_scheduled_one_and_says_other_words() {
    let mut world = fresh();
    let loud = world.only(before(30, 0));
    assert_eq!((loud.urgency, loud.insistent, loud.about.profiles.len()), (Urgency::Soon, true, 2));
    assert_eq!(loud.title, "No successor yet: the partner certificate of 2 connections ends in 30 days");
    assert_eq!(
        loud.text,
        "partner 1 01:01:01:01… ends on 1 Mar 2027 and is used by 2 profiles: Acme production and Bolt production; \
         nothing follows it yet"
    );
    assert_eq!(world.only(before(14, 0)).urgency, Urgency::Urgent);
    assert_eq!(world.only(before(3, 0)).urgency, Urgency::Critical);

    // For one of two: what is loud is about the other alone.
    world.schedule(&[0], 5);
    let half = world.only(before(30, 0));
    assert!(half.insistent);
    assert_eq!(half.about.profiles.iter().map(ToString::to_string).collect::<Vec<_>>(), ["bolt/production"]);
    assert!(half.text.ends_with("; 1 of them has no successor: Bolt production"), "{}", half.text);
    assert_eq!(half.key, loud.key, "the same matter");

    world.schedule(&[1], 5);
    assert_eq!(world.due(before(60, 0)), [], "fewer steps");
    let quiet = world.only(before(30, 0));
    assert_eq!((quiet.urgency, quiet.insistent, quiet.step), (Urgency::Info, false, 30));
    assert_eq!(quiet.title, "The partner certificate of 2 connections ends in 30 days, its successor is scheduled");
    assert!(quiet.text.ends_with("; its successor 02:02:02:02… goes active on 24 Feb 2027"), "{}", quiet.text);
    assert_eq!(world.only(before(14, 0)).step, 30, "the step of 14 days is not one of the quiet ones");
    assert_eq!(world.due(before(5, 0)), [], "the successor is used: the old one may end");
}

#[test]
fn a_certificate_that_many_profiles_use_is_one_notice() {
    let mut world = fresh();
    let template = world.connections[0].clone();
    world.connections = (0..320)
        .map(|number| Connection {
            id: format!("customer-{number:03}").parse().unwrap(),
            name: format!("Customer {number:03}"),
            test: template.production.clone(),
            ..template.clone()
        })
        .collect();
    let notice = world.only(before(30, 0));
    assert_eq!(notice.about.profiles.len(), 640);
    assert!(notice.title.contains("of 320 connections"), "{}", notice.title);
    assert!(notice.text.contains("640 profiles: Customer 000 production and 639 more profiles"), "{}", notice.text);
    assert!(notice.text.len() < 300);
}

#[test]
fn a_successor_that_comes_too_late_is_none_and_a_quiet_connection_is_left_out() {
    let mut world = fresh();
    world.schedule(&[0, 1], -2);
    assert!(world.only(before(30, 0)).insistent, "it leaves a gap of two days");
    world.reminding.quiet = BTreeSet::from(["acme".parse().unwrap()]);
    assert_eq!(world.only(before(30, 0)).about.profiles.len(), 1);
    world.reminding.quiet.insert("bolt".parse().unwrap());
    assert_eq!(world.due(before(30, 0)), []);
}

#[test]
fn a_successor_that_ends_before_long_is_told_of_before_it_goes_active() {
    let mut world = fresh();
    world.connections.truncate(1);
    // The present one ends in 20 days; its successor goes active in 15 and ends in 18.
    world.schedule(&[0], 5);
    world.certificates[1].not_after = before(2, 0);
    let told = world.due(before(20, 0));
    let about: Vec<_> = told.iter().map(|notice| (notice.about.certificate.unwrap().0[0], notice.at)).collect();
    assert_eq!(about, [(2, before(2, 0)), (1, end())], "the louder first: {told:#?}");
    assert_eq!((told[0].urgency, told[0].insistent, told[0].step), (Urgency::Soon, true, 30));
    assert_eq!(told[0].title, "No successor yet: the next partner certificate of Acme ends in 18 days");
    assert_eq!(
        told[0].text,
        "partner 2 02:02:02:02… ends on 27 Feb 2027 and will be used from 24 Feb 2027 on by 1 profile: Acme \
         production; nothing follows it yet"
    );
    assert_eq!(told[1].remedy, "Its successor ends before it does: have another follow in time");
    // Once it is used it is the present one, and the same matter.
    let used = world.only(before(4, 0));
    assert_eq!(used.key, told[0].key);
    assert_eq!(used.title, "No successor yet: the partner certificate of Acme ends in 2 days");
    // Another connection that uses it already makes it a present one for both.
    world.connections.push(fresh().connections.remove(1));
    world.connections[1].production.as_mut().unwrap().partner_certificates = plain_list(&[Fingerprint([2; 32])]);
    let told = world.due(before(20, 0));
    assert!(told[0].text.contains("and is used by 2 profiles"), "{}", told[0].text);
}

#[test]
fn an_identity_of_ours_that_is_to_sign_and_ends_before_long_is_told_of() {
    let mut world = fresh();
    world.connections.truncate(1);
    world.certificates[0].not_after = "2040-01-01T00:00:00Z".parse().unwrap();
    world.next = Some(facts(8, end()));
    let entry = |name: &str, from| IdentityUse { name: name.parse().unwrap(), from, zone: None };
    let uses = vec![entry("own", None), entry("next", Some(before(5, 0)))];
    world.connections[0].production.as_mut().unwrap().identity = OwnTimeline::new(uses).unwrap();
    assert_eq!(world.due(before(91, 0)), []);
    let told = world.only(before(14, 0));
    assert_eq!(told.title, "No successor yet: our certificate next ends in 14 days");
    assert_eq!((told.urgency, told.at), (Urgency::Urgent, end()));
    assert!(told.text.contains("will be used from 24 Feb 2027 on by 1 profile"), "{}", told.text);
    // The present one lasts, and is for a calendar alone.
    assert_eq!(world.coming(before(14, 0)).len(), 3);
}

#[test]
fn our_own_certificate_and_one_that_only_verifies_are_told_of_too() {
    let mut world = fresh();
    world.certificates[0].not_after = "2040-01-01T00:00:00Z".parse().unwrap();
    world.own.not_after = end();
    let own = world.only(before(7, 0));
    assert_eq!(own.title, "No successor yet: our certificate own ends in 7 days");
    assert_eq!(own.about.identity.as_ref().map(IdentityName::as_str), Some("own"));
    world.own.not_after = "2040-01-01T00:00:00Z".parse().unwrap();

    // The partner signs with 3, which never encrypts.
    world.certificates.push(facts(3, end()));
    let profile = world.connections[0].production.as_mut().unwrap();
    profile.partner_certificates = plain_list(&[Fingerprint([1; 32]), Fingerprint([3; 32])]);
    assert_eq!(world.only(before(7, 0)).about.certificate, Some(Fingerprint([3; 32])));
    assert!(world.only(before(7, 0)).insistent);
    // Another such is accepted already: it follows.
    world.certificates.push(facts(4, "2030-01-01T00:00:00Z".parse().unwrap()));
    let profile = world.connections[0].production.as_mut().unwrap();
    profile.partner_certificates = plain_list(&[1, 3, 4].map(|id| Fingerprint([id; 32])));
    assert!(!world.only(before(7, 0)).insistent);
}

#[test]
fn one_that_goes_on_verifying_alone_is_told_of_also_where_its_end_was_decided() {
    let mut world = fresh();
    world.connections.truncate(1);
    let (old, new) = (world.certificates[0].clone(), world.certificates[1].clone());
    let profile = world.connections[0].production.as_mut().unwrap();
    let renewal =
        renew_encrypting(&profile.partner_certificates, &new, Some(&old), &Activation::Now, before(200, 0)).unwrap();
    profile.partner_certificates = renewal.uses;
    let told = world.only(before(7, 0));
    assert_eq!((told.about.certificate, told.insistent), (Some(Fingerprint([1; 32])), true));
    // An end that somebody has set, and nothing follows.
    let profile = world.connections[0].production.as_mut().unwrap();
    profile.partner_certificates[0].purposes = vec![CertificatePurpose::Verify];
    profile.partner_certificates[0].until = Some(end());
    assert!(world.only(before(7, 0)).insistent);
    // What comes for both takes its place.
    world.certificates.push(facts(4, "2030-01-01T00:00:00Z".parse().unwrap()));
    let next = world.certificates[2].clone();
    let profile = world.connections[0].production.as_mut().unwrap();
    let activation = Activation::At { at: before(2, 0), zone: None };
    let renewal = renew(&profile.partner_certificates, &next, Some(&new), &activation, before(20, 0)).unwrap();
    profile.partner_certificates = renewal.uses;
    profile.partner_certificates[0].until = None;
    assert!(!world.only(before(7, 0)).insistent);
}

#[test]
fn the_certificate_of_a_server_is_told_of_quietly() {
    let mut world = fresh();
    world.certificates[0].not_after = "2040-01-01T00:00:00Z".parse().unwrap();
    world.servers.push(SeenServer {
        connection: "acme".parse().unwrap(),
        profile: ProfileKind::Production,
        subject: "CN=as2.acme.example".to_owned(),
        fingerprint: Fingerprint([7; 32]),
        not_after: end(),
        seen: before(40, 0),
    });
    assert_eq!(world.due(before(31, 0)), []);
    let notice = world.only(before(30, 0));
    assert_eq!((notice.kind, notice.insistent), (NoticeKind::TlsServerEnds, false));
    assert_eq!(notice.title, "The server certificate of Acme ends in 30 days");
}

#[test]
fn a_policy_that_is_not_to_be_had_is_told_of_once_for_all_that_are_judged_by_it() {
    let mut world = fresh();
    let told = |world: &World| {
        let due = world.facts(before(200, 0), |facts| facts.due(&world.reminding, before(200, 0)));
        due.into_iter().filter(|notice| notice.kind == NoticeKind::PolicyUnread).collect::<Vec<_>>()
    };
    assert_eq!(told(&world), []);
    world.policies.clear();
    let found = told(&world);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].key.as_str(), found[0].about.profiles.len()), ("policy-unread:rules", 2));
    assert!(found[0].text.contains("no policy `rules`") && found[0].text.contains("2 profiles"), "{}", found[0].text);
    // It has no date, so it is in no calendar.
    assert!(world.coming(before(200, 0)).iter().all(|notice| notice.kind != NoticeKind::PolicyUnread));
    world.reminding.quiet = BTreeSet::from(["acme".parse().unwrap()]);
    assert_eq!(told(&world)[0].about.profiles.len(), 1);
}

#[test]
fn a_rule_is_told_of_before_at_and_after_its_date() {
    let mut world = fresh();
    world.certificates[0].not_after = "2040-01-01T00:00:00Z".parse().unwrap();
    let rule = "id = 'rules'\nname = 'The Rules'\nkind = 'own'\n[[rules]]\nsetting = 'encryption'\nop = 'at-least'\n\
                value = 'aes128-cbc'\napplies_to = 'both'\nseverity = 'required'\nfrom = '2027-03-01T12:00:00Z'\n\
                source = 'https://rules.example'\nquote = 'q'\nchecked = '2026-11-01'";
    world.policies = vec![Policy::from_toml(rule).unwrap()];
    assert_eq!(world.due(before(90, 1)), []);
    for (at, step, urgency) in [
        (before(90, 0), 90, Urgency::Soon),
        (before(30, 1), 60, Urgency::Soon),
        (before(14, 0), 14, Urgency::Urgent),
        (before(0, 1), 1, Urgency::Critical),
        (before(0, 0), 0, Urgency::Critical),
        (before(0, -1), 0, Urgency::Critical),
        (before(-90, 0), 0, Urgency::Critical),
    ] {
        let notice = world.only(at);
        assert_eq!((notice.step, notice.urgency, notice.about.profiles.len()), (step, urgency, 2), "{at}");
        assert_eq!(notice.at, end());
    }
    assert_eq!(world.due(before(-90, -1)), [], "no news any more");
    assert_eq!(
        world.only(before(14, 0)).title,
        "From 1 Mar 2027 The Rules requires AES-128 or stronger for encryption"
    );
    assert_eq!(world.only(before(14, 0)).key, format!("rule-bites:rules:encryption:{}", end().as_second()));
    assert_eq!(world.only(before(14, 0)).remedy, "Agree with the partner and set encryption to aes128-cbc");
    // One has mended it.
    world.connections[0].production.as_mut().unwrap().encryption = crate::domain::algorithm::Encryption::Aes128Cbc;
    assert_eq!(world.only(before(14, 0)).text, "1 profile will not meet it: Bolt production");
}

#[test]
fn an_inherited_rule_is_told_once_and_of_the_policy_that_states_it() {
    let mut world = fresh();
    world.certificates[0].not_after = "2040-01-01T00:00:00Z".parse().unwrap();
    let rule = "id = 'body'\nname = 'The Body'\nkind = 'own'\n[[rules]]\nsetting = 'encryption'\nop = 'never'\n\
                value = ['3des-cbc']\napplies_to = 'both'\nseverity = 'required'\nfrom = '2027-03-01T12:00:00Z'\n\
                source = 'https://rules.example'\nquote = 'q'\nchecked = '2026-11-01'";
    let heir = |id: &str| Policy::from_toml(&format!("id = '{id}'\nname = '{id}'\nkind = 'own'\ninherits = 'body'"));
    world.policies = vec![Policy::from_toml(rule).unwrap(), heir("rules").unwrap(), heir("others").unwrap()];
    world.connections[1].policy = "others".parse().unwrap();
    let notice = world.only(before(14, 0));
    assert_eq!(notice.title, "From 1 Mar 2027 The Body forbids 3DES for encryption");
    assert_eq!(notice.key, format!("rule-bites:body:encryption:{}", end().as_second()));
    assert_eq!(notice.about.profiles.len(), 2, "two policies inherit it, and it is one matter");
    assert_eq!(world.only(before(-1, 0)).title, "Since 1 Mar 2027 The Body forbids 3DES for encryption");
}

#[test]
fn days_that_make_no_steps_are_refused() {
    assert_eq!(Steps::new(&[7, 30, 7], &[1]).unwrap().open(), [30, 7]);
    assert_eq!(Steps::new(&[], &[1]), Err(StepsError::None));
    assert_eq!(Steps::new(&[0], &[1]), Err(StepsError::Range(0)));
    assert_eq!(Steps::new(&[30], &[366]), Err(StepsError::Range(366)));
    let many: Vec<u16> = (1..=30).collect();
    assert_eq!(Steps::new(&many, &[1]), Err(StepsError::TooMany));
    let written = serde_json::to_string(&Steps::default()).unwrap();
    assert_eq!(serde_json::from_str::<Steps>(&written).unwrap(), Steps::default());
}

proptest! {
    /// Whatever the instants at which somebody looks: each step is told at most once, and a later look never tells of an
    /// earlier step.
    #[test]
    fn each_step_is_told_once_however_the_clock_runs(days in proptest::collection::vec(-5_i64..120, 1..40)) {
        let world = fresh();
        let mut tellings: Vec<Telling> = Vec::new();
        for day in days {
            let at = before(day, 0);
            let Some(notice) = world.due(at).pop() else { continue };
            if notice.is_told(&tellings, 0, Way::Mail, at) {
                continue;
            }
            let counted = tellings.iter().filter(|told| !standing::is_from_the_future(told.at, at));
            prop_assert!(counted.clone().all(|told| told.step > notice.step), "{notice:?} {tellings:?}");
            tellings.retain(|told| told.step != notice.step);
            tellings.push(Telling { step: notice.step, insistent: notice.insistent, round: 0, way: Way::Mail, at });
        }
    }

    /// With a clock that runs as clocks do, a program that looks now and then tells as many steps as it has seen.
    #[test]
    fn of_several_steps_missed_only_the_latest_is_told(mut days in proptest::collection::btree_set(-5_i64..120, 1..40)) {
        let world = fresh();
        let mut told = Vec::new();
        let mut tellings: Vec<Telling> = Vec::new();
        while let Some(day) = days.pop_last() {
            let at = before(day, 0);
            let Some(notice) = world.due(at).pop() else { continue };
            if !notice.is_told(&tellings, 0, Way::Mail, at) {
                told.push(notice.step);
                tellings.push(Telling { step: notice.step, insistent: true, round: 0, way: Way::Mail, at });
            }
        }
        prop_assert!(told.windows(2).all(|pair| pair[0] > pair[1]), "{told:?}");
    }
}
