use proptest::prelude::*;

use super::*;
use crate::domain::identifier::ProfileKind;
use crate::domain::policy::{Requirement, Severity};
use crate::domain::transmission::Direction;

fn policy(id: &str, inherits: &str, rules: &str) -> Policy {
    let inherits = if inherits.is_empty() { String::new() } else { format!("inherits = \"{inherits}\"\n") };
    Policy::from_toml(&format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"own\"\n{inherits}{rules}")).unwrap()
}

/// `keys` are lines of the rule that take the place of the usual ones.
fn rule(setting: &str, op: &str, value: &str, keys: &str) -> String {
    let mut text = format!("[[rules]]\nsetting = \"{setting}\"\nop = \"{op}\"\nvalue = {value}\n{keys}");
    for (key, value) in [
        ("applies_to", "\"both\""),
        ("severity", "\"required\""),
        ("from", "2020-01-01"),
        ("source", "\"s\""),
        ("quote", "\"q\""),
        ("checked", "2026-01-01"),
    ] {
        if !keys.contains(&format!("{key} = ")) {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    text
}

/// Every rule in a line: setting, demand, profiles, from, until, and who states it.
fn told(child: &str, parent: &str) -> Vec<String> {
    let parent = policy("parent", "", parent);
    let child = policy("child", "parent", child);
    let resolved = resolve(&child.id, &[parent, child.clone()]).unwrap();
    assert_eq!(resolved.inherits, ["parent".parse().unwrap()]);
    resolved
        .rules
        .iter()
        .map(|found| {
            let rule = &found.rule;
            let until = rule.until.map_or_else(String::new, |until| format!(" to {until}"));
            let weight = rule.severity.as_str();
            let demand = rule.requirement.label(rule.setting);
            format!(
                "{}: {demand}, {weight} {} {}{until} ({})",
                rule.setting, rule.applies_to, rule.from, found.stated_by
            )
        })
        .collect()
}

#[test]
fn a_rule_replaces_the_inherited_one_of_the_same_setting_tighter_or_looser() {
    let aes128 = rule("encryption", "at-least", "\"aes128-cbc\"", "");
    let others = rule("signing", "at-least", "\"sha256\"", "") + &rule("compression", "never", "[\"none\"]", "");
    for (op, value, demand) in [
        ("at-least", "\"aes256-cbc\"", "AES-256 or stronger"),
        ("at-least", "\"3des-cbc\"", "3DES or stronger"),
        ("one-of", "[\"aes128-cbc\", \"aes256-cbc\"]", "AES-128 or AES-256"),
        ("range", "[\"aes128-cbc\", \"aes192-cbc\"]", "AES-128 to AES-192"),
    ] {
        assert_eq!(
            told(&rule("encryption", op, value, ""), &(aes128.clone() + &others)),
            [
                format!("encryption: {demand}, required both 2020-01-01 (child)"),
                "signing: SHA-256 or stronger, required both 2020-01-01 (parent)".to_owned(),
                "compression: not None, required both 2020-01-01 (parent)".to_owned(),
            ]
        );
    }
}

#[test]
fn what_is_refused_leaves_what_is_allowed_as_it_is() {
    let aes128 = rule("encryption", "at-least", "\"aes128-cbc\"", "");
    let no_gcm = rule("encryption", "never", "[\"aes128-gcm\"]", "");
    let lines = told(&no_gcm, &(aes128 + &rule("encryption", "never", "[\"aes256-gcm\"]", "")));
    assert_eq!(
        lines,
        [
            "encryption: not AES-128-GCM, required both 2020-01-01 (child)",
            "encryption: AES-128 or stronger, required both 2020-01-01 (parent)"
        ]
    );
}

#[test]
fn a_recommendation_leaves_a_requirement_and_a_requirement_takes_a_recommendation() {
    let advised = rule("encryption", "at-least", "\"aes256-cbc\"", "severity = \"recommended\"\n");
    let required = rule("encryption", "at-least", "\"aes128-cbc\"", "");
    assert_eq!(
        told(&advised, &required),
        [
            "encryption: AES-256 or stronger, recommended both 2020-01-01 (child)",
            "encryption: AES-128 or stronger, required both 2020-01-01 (parent)"
        ]
    );
    assert_eq!(told(&required, &advised), ["encryption: AES-128 or stronger, required both 2020-01-01 (child)"]);
}

#[test]
fn a_rule_replaces_for_its_own_profiles_and_direction_alone() {
    let both = rule("encryption", "at-least", "\"aes128-cbc\"", "");
    let production = rule("encryption", "at-least", "\"aes256-cbc\"", "applies_to = \"production\"\n");
    assert_eq!(
        told(&production, &both),
        [
            "encryption: AES-256 or stronger, required production 2020-01-01 (child)",
            "encryption: AES-128 or stronger, required test 2020-01-01 (parent)"
        ]
    );
    let test = rule("encryption", "at-least", "\"aes192-cbc\"", "applies_to = \"test\"\n");
    assert_eq!(told(&(production.clone() + &test), &both).len(), 2);
    assert_eq!(told(&test, &production).len(), 2);
    // What is received is another matter than what is sent; for the security that we demand there is only one.
    let outbound = rule("encryption", "at-least", "\"aes256-cbc\"", "direction = \"outbound\"\n");
    let inbound = rule("encryption", "at-least", "\"aes256-cbc\"", "direction = \"inbound\"\n");
    assert_eq!(told(&outbound, &both).len(), 1);
    assert_eq!(told(&inbound, &both).len(), 2);
    assert_eq!(told(&both, &inbound).len(), 1);
    assert_eq!(told(&outbound, &inbound).len(), 2);
}

#[test]
fn a_rule_replaces_as_long_as_it_is_in_force() {
    let since2019 = rule("encryption", "at-least", "\"aes128-cbc\"", "from = 2019-10-15\n");
    let coming = rule("encryption", "at-least", "\"aes256-cbc\"", "from = 2027-06-01\n");
    assert_eq!(
        told(&coming, &since2019),
        [
            "encryption: AES-256 or stronger, required both 2027-06-01 (child)",
            "encryption: AES-128 or stronger, required both 2019-10-15 to 2027-06-01 (parent)"
        ]
    );
    let grace = rule("encryption", "at-least", "\"3des-cbc\"", "from = 2026-01-01\nuntil = 2027-01-01\n");
    assert_eq!(
        told(&grace, &since2019),
        [
            "encryption: 3DES or stronger, required both 2026-01-01 to 2027-01-01 (child)",
            "encryption: AES-128 or stronger, required both 2019-10-15 to 2026-01-01 (parent)",
            "encryption: AES-128 or stronger, required both 2027-01-01 (parent)"
        ]
    );
    let over = rule("encryption", "at-least", "\"aes128-cbc\"", "from = 2019-10-15\nuntil = 2020-01-01\n");
    assert_eq!(
        told(&coming, &over)[1],
        "encryption: AES-128 or stronger, required both 2019-10-15 to 2020-01-01 (parent)"
    );
    let early = rule("encryption", "at-least", "\"3des-cbc\"", "from = 2010-01-01\nuntil = 2012-01-01\n");
    assert_eq!(told(&early, &since2019)[1], "encryption: AES-128 or stronger, required both 2019-10-15 (parent)");
}

#[test]
fn a_policy_drops_what_is_said_of_a_setting_above_it() {
    let parent = rule("mdn", "at-least", "\"sync-signed\"", "") + &rule("signing", "at-least", "\"sha256\"", "");
    assert_eq!(
        told("drops = [\"mdn\"]\n", &parent),
        ["signing: SHA-256 or stronger, required both 2020-01-01 (parent)"]
    );
    let own = "drops = [\"mdn\"]\n".to_owned() + &rule("mdn", "at-least", "\"sync\"", "severity = \"reported\"\n");
    assert_eq!(told(&own, &parent).len(), 2, "its own rules are not dropped");
    let (top, middle) = (policy("top", "", &parent), policy("middle", "top", ""));
    let bottom = policy("bottom", "middle", "drops = [\"mdn\", \"signing\"]\n");
    assert_eq!(resolve(&bottom.id, &[top, middle, bottom.clone()]).unwrap().rules, []);
}

#[test]
fn a_missing_circular_or_distant_parent_is_an_error() {
    let (a, b, c) = (policy("a", "b", ""), policy("b", "a", ""), policy("c", "nowhere", ""));
    let mut all = vec![a, b, c];
    let error = |all: &[Policy], id: &str| resolve(&id.parse().unwrap(), all).unwrap_err().to_string();
    assert_eq!(error(&all, "a"), "the policy `a` inherits itself: a → b → a");
    assert_eq!(error(&all, "c"), "the policy `c` inherits `nowhere`, and there is no policy of that name");
    assert!(error(&all, "d").starts_with("there is no policy `d`"));
    all.push(policy("p0", "", ""));
    for number in 1..=9 {
        all.push(policy(&format!("p{number}"), &format!("p{}", number - 1), ""));
    }
    assert_eq!(resolve(&"p8".parse().unwrap(), &all).unwrap().inherits.len(), MOST_ANCESTORS);
    assert_eq!(
        error(&all, "p9"),
        "the policy `p9` inherits more than 8 policies in a row: p9 → p8 → p7 → p6 → p5 → p4 → p3 → p2 → p1 → p0"
    );
}

/// A rule about encryption with everything that inheriting looks at drawn at random; `days` count from 2020-01-01.
fn any_rule() -> impl Strategy<Value = Rule> {
    let parsed = |text: String| policy("any", "", &text).rules.remove(0);
    (0..4_usize, 0..3_usize, 0..3_usize, 0..3_usize, 0..30_u8, proptest::option::of(1..20_u8)).prop_map(
        move |(demand, profiles, direction, severity, from, length)| {
            let (op, value) = [
                ("at-least", "\"aes128-cbc\""),
                ("one-of", "[\"aes256-cbc\", \"aes256-gcm\"]"),
                ("range", "[\"aes128-cbc\", \"aes256-cbc\"]"),
                ("never", "[\"3des-cbc\"]"),
            ][demand];
            let profiles = ["both", "production", "test"][profiles];
            let direction = ["", "direction = \"outbound\"\n", "direction = \"inbound\"\n"][direction];
            let severity = ["required", "recommended", "reported"][severity];
            let day = |day: u8| jiff::civil::date(2020, 1, 1).saturating_add(jiff::Span::new().days(i64::from(day)));
            let until = length.map_or_else(String::new, |length| format!("until = {}\n", day(from + length)));
            parsed(rule(
                "encryption",
                op,
                value,
                &format!(
                    "applies_to = \"{profiles}\"\n{direction}severity = \"{severity}\"\nfrom = {}\n{until}",
                    day(from)
                ),
            ))
        },
    )
}

proptest! {
    /// At every instant and for each profile, an inherited rule holds exactly where it is in force by itself and no
    /// nearer rule in force replaces it; own rules hold as they are stated.
    #[test]
    fn an_inherited_rule_holds_exactly_where_nothing_nearer_does(
        own in proptest::collection::vec(any_rule(), 0..4),
        inherited in proptest::collection::vec(any_rule(), 0..4),
    ) {
        let parent = Policy { rules: inherited.clone(), ..policy("parent", "", "") };
        let child = Policy { rules: own.clone(), ..policy("child", "parent", "") };
        let resolved = resolve(&child.id, &[child.clone(), parent.clone()]).unwrap().rules;
        for half_day in 0..110_i32 {
            let start: jiff::Timestamp = "2019-12-30T00:00:00Z".parse().unwrap();
            let at = start + jiff::SignedDuration::from_hours(i64::from(half_day) * 12);
            for kind in [ProfileKind::Production, ProfileKind::Test] {
                let holds = |rule: &Rule| rule.in_force(at) && rule.applies_to.covers(kind);
                let held = |by: &PolicyId| -> Vec<(Requirement, Option<Direction>, Severity)> {
                    resolved
                        .iter()
                        .filter(|found| found.stated_by == *by && holds(&found.rule))
                        .map(|found| (found.rule.requirement.clone(), found.rule.direction, found.rule.severity))
                        .collect()
                };
                let told = |rule: &Rule| (rule.requirement.clone(), rule.direction, rule.severity);
                let expected: Vec<_> = own.iter().filter(|rule| holds(rule)).map(told).collect();
                prop_assert_eq!(held(&child.id), expected);
                let expected: Vec<_> = inherited
                    .iter()
                    .filter(|rule| holds(rule))
                    .filter(|rule| !own.iter().any(|nearer| holds(nearer) && rule.replaced_by(nearer)))
                    .map(told)
                    .collect();
                prop_assert_eq!(held(&parent.id), expected, "{} {}", at, kind);
            }
        }
    }
}
