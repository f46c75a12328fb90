//! Every rule of every policy that comes with the program, judged at its edges: the day before, of and after its beginning
//! and its end, with the weakest value that passes and the strongest that fails. The table is kept in
//! `tests/fixtures/policies/edges.txt` and read by people: `UPDATE_SNAPSHOTS=true` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use countersign::domain::algorithm::Digest;
use countersign::domain::certificate::{CertificateFacts, Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts};
use countersign::domain::compliance::{ComplianceSettings, Finding, Known, Status, judge_profile};
use countersign::domain::connection::Profile;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::policy::{
    AppliesTo, CertificateRole, ResolvedPolicy, ResolvedRule, Rule, RuleDate, Setting, SettingValue, Severity, Shape,
    builtin, resolve,
};
use countersign::domain::timeline::plain_list;
use countersign::domain::transmission::Direction;
use jiff::{SignedDuration, Timestamp};

/// A profile with its two certificates.
#[derive(Clone)]
struct World {
    profile: Profile,
    partner: CertificateFacts,
    own: CertificateFacts,
}

fn certificate(id: u8) -> CertificateFacts {
    CertificateFacts {
        subject: "CN=edge,O=Edge".to_owned(),
        issuer: "CN=edge,O=Edge".to_owned(),
        serial: format!("{id:02x}"),
        fingerprint_sha256: Fingerprint([id; 32]),
        fingerprint_sha1: String::new(),
        spki_sha256: format!("{id:02x}"),
        not_before: "2000-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2060-01-01T00:00:00Z".parse().unwrap(),
        key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 3072 },
        signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: Some(Digest::Sha256) },
        self_signed: true,
        ca: false,
        key_usage: Vec::new(),
    }
}

impl World {
    fn new() -> Self {
        let address = "https://partner.example/as2".parse().unwrap();
        let mut profile =
            Profile::fresh(&"US".parse().unwrap(), &"THEM".parse().unwrap(), &address, &"own".parse().unwrap())
                .unwrap();
        profile.partner_certificates = plain_list(&[Fingerprint([1; 32])]);
        Self { profile, partner: certificate(1), own: certificate(2) }
    }

    fn set(&mut self, changes: &[(&str, &str)]) {
        let changes: Vec<(String, String)> =
            changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.profile = self.profile.with_changes(&changes).unwrap();
    }

    /// The same where the setting has the value; nothing where no profile can have it.
    fn with(mut self, setting: Setting, value: &SettingValue) -> Option<Self> {
        if let Some(role) = setting.certificate() {
            let facts = match role {
                CertificateRole::Partner => &mut self.partner,
                CertificateRole::Identity => &mut self.own,
            };
            certify(facts, setting, value)?;
            return Some(self);
        }
        let text = value.to_string();
        match (setting, text.as_str()) {
            (Setting::Tls, "http" | "https") => self.set(&[("url", &format!("{text}://partner.example/as2"))]),
            (Setting::Tls, _) => return None,
            (Setting::EncryptionOrTls, "true") => self.set(&[("encryption", "none")]),
            (Setting::EncryptionOrTls, _) => {
                self.set(&[("encryption", "none"), ("url", "http://partner.example/as2")]);
            }
            (Setting::UrlPort, port) => self.set(&[("url", &format!("https://partner.example:{port}/as2"))]),
            (Setting::MdnUrlPort, port) => {
                self.set(&[("mdn", "async-signed"), ("mdn_url", &format!("https://us.example:{port}/as2"))]);
            }
            (Setting::Mdn, mode) if mode.starts_with("async") => {
                self.set(&[("mdn", mode), ("mdn_url", "https://us.example/as2")]);
            }
            (setting, text) => self.set(&[(setting.as_str(), text)]),
        }
        Some(self)
    }

    /// What becomes of the rule, alone, at an instant; nothing where it is not judged.
    fn judge(&self, kind: ProfileKind, rule: &ResolvedRule, at: Timestamp) -> Option<Finding> {
        let policy = ResolvedPolicy { rules: vec![rule.clone()], ..nothing() };
        let known = Known {
            certificates: &|print| (*print == self.partner.fingerprint_sha256).then_some(&self.partner),
            identities: &|_| Some(&self.own),
        };
        let settings = ComplianceSettings::default();
        let report = judge_profile(&policy.id, kind, &self.profile, Ok(&policy), &known, at, &settings);
        report.findings.iter().find(|finding| finding.since.is_some()).cloned()
    }
}

fn nothing() -> ResolvedPolicy {
    let any = &builtin()[0];
    ResolvedPolicy { rules: Vec::new(), portal: None, ..resolve(&any.id, builtin()).unwrap() }
}

fn certify(facts: &mut CertificateFacts, setting: Setting, value: &SettingValue) -> Option<()> {
    let aspect = setting.aspect()?;
    match (aspect, value) {
        ("signature_hash", SettingValue::Word(word)) => facts.signature.hash = Some(word.parse().unwrap()),
        ("signature_scheme", SettingValue::Word(word)) => facts.signature.algorithm.clone_from(word),
        ("key_algorithm", SettingValue::Word(word)) => facts.key.algorithm = word.parse().unwrap(),
        ("rsa_bits", SettingValue::Number(bits)) => facts.key.bits = *bits,
        ("ec_bits", SettingValue::Number(bits)) => {
            facts.key = KeyFacts { algorithm: KeyAlgorithm::Ec, bits: *bits };
        }
        ("self_signed", SettingValue::Flag(flag)) => facts.self_signed = *flag,
        ("validity_days", SettingValue::Number(days)) => {
            let seconds = i64::from(*days) * 86_400 - 1;
            facts.not_after = facts.not_before.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        }
        ("names_complete", SettingValue::Flag(flag)) => {
            facts.subject = if *flag { "CN=edge,O=Edge" } else { "CN=edge,O=" }.to_owned();
        }
        ("tls_use", SettingValue::Flag(flag)) => {
            facts.key_usage = if *flag { vec!["server-auth".to_owned()] } else { Vec::new() };
        }
        _ => panic!("{setting} takes no {value}"),
    }
    Some(())
}

/// What can be put there, the weakest first, where it has an order.
fn candidates(rule: &Rule) -> Vec<SettingValue> {
    let setting = rule.setting;
    let word = |word: &str| SettingValue::Word(word.to_owned());
    match setting.shape() {
        Shape::Ordered(words) => {
            let mut values: Vec<SettingValue> = words.into_iter().map(word).collect();
            values.sort_by_key(|value| setting.strength(&value.to_string()));
            values
        }
        Shape::Words(words) => words.into_iter().map(word).collect(),
        Shape::Flag => vec![SettingValue::Flag(false), SettingValue::Flag(true)],
        Shape::Number => {
            let mut values: Vec<u32> = rule
                .requirement
                .values()
                .into_iter()
                .filter_map(|value| match value {
                    SettingValue::Number(number) => Some(*number),
                    _ => None,
                })
                .flat_map(|number| [number.saturating_sub(1), number, number + 1])
                .filter(|number| *number > 0)
                .collect();
            values.sort_unstable();
            values.dedup();
            values.into_iter().map(SettingValue::Number).collect()
        }
        Shape::Text => {
            let mut values: Vec<SettingValue> = rule.requirement.values().into_iter().cloned().collect();
            values.push(word(if setting == Setting::Url { "https://elsewhere.example/as2" } else { "Elsewhere" }));
            values
        }
    }
}

/// The weakest and the strongest that pass, and the strongest that fails below and the weakest that fails above.
fn edges(rule: &Rule) -> Vec<(bool, SettingValue)> {
    let all: Vec<SettingValue> =
        candidates(rule).into_iter().filter(|value| World::new().with(rule.setting, value).is_some()).collect();
    let met = |value: &SettingValue| match (rule.setting, value.to_string().as_str()) {
        // Over https it is TLS 1.2 or 1.3: both must be met.
        (Setting::Tls, "https") => ["tls-1.2", "tls-1.3"]
            .iter()
            .all(|version| rule.requirement.met_by(rule.setting, &SettingValue::Word((*version).to_owned()))),
        _ => rule.requirement.met_by(rule.setting, value),
    };
    let passing: Vec<usize> = (0..all.len()).filter(|index| met(&all[*index])).collect();
    let (first, last) = (passing[0], passing[passing.len() - 1]);
    let below = (0..first).rev().find(|index| !met(&all[*index]));
    let above =
        (first..all.len()).find(|index| *index > last).or_else(|| (first..last).find(|index| !met(&all[*index])));
    let mut found = vec![(true, all[first].clone())];
    if matches!(rule.setting.shape(), Shape::Number) && last != first && last + 1 < all.len() {
        found.push((true, all[last].clone()));
    }
    found.extend([below, above].into_iter().flatten().map(|index| (false, all[index].clone())));
    found
}

fn kinds(applies_to: AppliesTo) -> &'static [ProfileKind] {
    match applies_to {
        AppliesTo::Production => &[ProfileKind::Production],
        AppliesTo::Test => &[ProfileKind::Test],
        AppliesTo::Both => &[ProfileKind::Production, ProfileKind::Test],
    }
}

/// How it stands on the day before a date, of it and after it.
fn days(world: &World, rule: &ResolvedRule, date: RuleDate) -> [Option<Status>; 3] {
    [-86_400_i64, 0, 86_400].map(|seconds| {
        let at = date.instant().checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let mut statuses =
            kinds(rule.rule.applies_to).iter().map(|kind| world.judge(*kind, rule, at).map(|finding| finding.status));
        let first = statuses.next().unwrap();
        assert!(statuses.all(|status| status == first), "production and test differ: {:?}", rule.rule);
        first
    })
}

/// What must hold of every rule whatever the table says.
fn hold(rule: &ResolvedRule, passes: bool, began: [Option<Status>; 3], ended: Option<[Option<Status>; 3]>) {
    let required = rule.rule.severity == Severity::Required;
    let broken = if required { Status::NonCompliant } else { Status::Advice };
    let coming = if required { Status::Due } else { Status::NotApplicable };
    let expected = if passes { [Status::Compliant; 3] } else { [coming, broken, broken] };
    assert_eq!(began, expected.map(Some), "{:?}", rule.rule);
    if let Some(ended) = ended {
        let last = if passes { Status::Compliant } else { broken };
        assert_eq!(ended, [Some(last), None, None], "{:?}", rule.rule);
    }
}

fn in_words(days: [Option<Status>; 3]) -> String {
    days.map(|status| status.map_or("not judged", Status::as_str)).join(", ")
}

/// The rule in lines: what it demands, and what becomes of each value at its edges.
fn told(rule: &ResolvedRule) -> String {
    let stated = &rule.rule;
    let until = stated.until.map_or_else(String::new, |until| format!(" until {until}"));
    let direction = stated.direction.map_or_else(String::new, |direction| format!(", {direction}"));
    let mut text = format!(
        "{}: {}\n  {}, {}{direction}, from {}{until}\n",
        stated.setting,
        stated.requirement.label(stated.setting),
        stated.severity,
        stated.applies_to,
        stated.from
    );
    // What the partner sends is told by its messages, not by the settings.
    if stated.direction == Some(Direction::Inbound) && !stated.setting.told_inbound() {
        assert_eq!(days(&World::new(), rule, stated.from), [Some(Status::NotApplicable); 3]);
        text.push_str("    held against every message that comes\n");
        return text;
    }
    for (passes, value) in edges(stated) {
        let world = World::new().with(stated.setting, &value).unwrap();
        let began = days(&world, rule, stated.from);
        let ended = stated.until.map(|until| days(&world, rule, until));
        hold(rule, passes, began, ended);
        let label = stated.setting.label(&value);
        let verb = if passes { "passes" } else { "fails " };
        write!(text, "    {verb} {label}: {}", in_words(began)).unwrap();
        if let Some(ended) = ended {
            write!(text, "; at the end {}", in_words(ended)).unwrap();
        }
        text.push('\n');
    }
    text
}

fn table() -> String {
    let mut text =
        "# How every rule of the policies that come with the program is judged on the day before, of and after it \
                    begins (and ends).\n"
            .to_owned();
    for policy in builtin() {
        let resolved = resolve(&policy.id, builtin()).unwrap();
        writeln!(text, "\n== {} · {} · {}", policy.id, policy.name, policy.kind).unwrap();
        for rule in &resolved.rules {
            let told = told(rule);
            if rule.stated_by == policy.id {
                text.push_str(&told);
            } else {
                // Told where it is stated; here, that it holds and for whom.
                let mut lines = told.lines();
                let (demand, when) = (lines.next().unwrap(), lines.next().unwrap().trim());
                writeln!(text, "as {}: {demand} ({when})", rule.stated_by).unwrap();
            }
        }
    }
    text
}

#[test]
fn every_rule_at_its_edges_is_as_it_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/policies/edges.txt");
    let table = table();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    for (number, (kept, now)) in kept.lines().zip(table.lines()).enumerate() {
        assert_eq!(now, kept, "line {} of {}", number + 1, path.display());
    }
    assert_eq!(table.lines().count(), kept.lines().count(), "{}", path.display());
}
