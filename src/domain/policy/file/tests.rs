use super::*;

const GOOD: &str = r#"id = "mine"
name = "Mine"
kind = "own"
inherits = "as2-modern"

[[rules]]
setting = "encryption"
op = "at-least"
value = "aes128-cbc"
applies_to = "both"
severity = "required"
from = 2027-03-01
until = "2028-03-26T09:00[Europe/Berlin]"
source = "https://example.com/policy"
quote = """AES-128
at the least"""
checked = 2026-11-24

[[rules]]
setting = "partner_certificate.rsa_bits"
op = "range"
value = [2048, 4096]
applies_to = "production"
direction = "outbound"
severity = "recommended"
from = 2027-03-01T12:00:00+01:00
source = "a letter"
quote = "2048 to 4096"
checked = "2026-11-24"
"#;

#[test]
fn a_policy_file_is_read_and_written_back() {
    let policy = Policy::from_toml(GOOD).unwrap();
    assert_eq!(policy.inherits, Some(PolicyId::default()));
    assert_eq!(policy.updated().map(|date| date.to_string()).as_deref(), Some("2026-11-24"));
    let [first, second] = policy.rules.as_slice() else { panic!("two rules") };
    assert_eq!(first.requirement, Requirement::AtLeast(SettingValue::Word("aes128-cbc".to_owned())));
    assert_eq!(first.quote, "AES-128 at the least");
    assert_eq!(first.until.unwrap().to_string(), "2028-03-26T07:00:00Z");
    assert!(!first.in_force("2027-02-28T23:59:59Z".parse().unwrap()));
    assert!(first.in_force("2027-03-01T00:00:00Z".parse().unwrap()));
    assert!(!first.in_force("2028-03-26T07:00:00Z".parse().unwrap()));
    assert_eq!(second.requirement.label(second.setting), "RSA 2048 to RSA 4096");
    assert_eq!(second.from.instant().to_string(), "2027-03-01T11:00:00Z");
    let again = Policy::from_toml(&policy.to_toml().unwrap()).unwrap();
    assert_eq!(again.rules, policy.rules);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let change = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        let error = Policy::from_toml(&GOOD.replacen(from, to, 1)).unwrap_err();
        (error.line, error.reason)
    };
    for (from, to, line, reason) in [
        ("kind = \"own\"", "kind = \"ours\"", 3, "`kind`: `ours` is not one of official, secondary"),
        ("id = \"mine\"", "id = \"Mine\"", 1, "`id`: the policy's id holds `M` at position 1"),
        ("inherits = \"as2-modern\"", "inherits = \"mine\"", 4, "the policy inherits itself"),
        ("inherits", "inherit", 4, "unknown key `inherit` in the policy"),
        ("\"encryption\"", "\"encription\"", 7, "`setting`: `encription` is not one of"),
        ("op = \"at-least\"", "op = \"at-most\"", 8, "`op`: `at-most` is not one of at-least"),
        ("\"aes128-cbc\"", "\"aes128\"", 9, "`aes128` is no value of `encryption`, which takes none, 3des-cbc"),
        ("\"aes128-cbc\"", "128", 9, "the value of `encryption` must be a word in quotes; here it is a whole number"),
        ("\"aes128-cbc\"", "[\"aes128-cbc\"]", 9, "`at-least` takes one value"),
        ("setting = \"encryption\"", "setting = \"compression\"", 8, "`at-least` does not fit `compression`"),
        ("severity = \"required\"\n", "", 6, "`severity` is missing in the rule"),
        ("from = 2027-03-01\n", "from = 2029-03-01\n", 13, "`until` 2028-03-26T07:00:00Z is not after `from`"),
        ("from = 2027-03-01\n", "from = 2027-02-30\n", 12, ""),
        ("from = 2027-03-01\n", "from = 2027-03-01T09:00:00\n", 12, "`from`: `2027-03-01T09:00:00` has neither"),
        ("[2048, 4096]", "[4096, 2048]", 22, "the range's first value 4096 is above its second 2048"),
        ("[2048, 4096]", "[2048]", 22, "`range` takes two values"),
        ("[2048, 4096]", "[2048, -1]", 22, "-1 is not from 0 to"),
        ("direction = \"outbound\"", "diretcion = \"outbound\"", 24, "unknown key `diretcion` in the rule"),
        ("quote = \"2048 to 4096\"", "quote = 2048", 28, "`quote` must be a text in quotes; here it is a whole number"),
        ("quote = \"2048 to 4096\"\n", "", 19, "`quote` is missing in the rule"),
        ("source = \"a letter\"\n", "", 19, "`source` is missing in the rule"),
        ("checked = \"2026-11-24\"\n", "", 19, "`checked` is missing in the rule"),
        (
            "checked = \"2026-11-24\"",
            "checked = \"yesterday\"",
            29,
            "`checked` is a date such as 2026-11-28, not `yesterday`",
        ),
        ("checked = \"2026-11-24\"", "checked = 2026-11-24T09:00:00Z", 29, "`checked` is a date such as"),
        (
            "checked = \"2026-11-24\"",
            "checked = true",
            29,
            "`checked` must be a date such as 2026-11-28; here it is true or false",
        ),
        ("setting = \"encryption\"\n", "", 6, "`setting` is missing in the rule"),
        ("op = \"at-least\"\n", "", 6, "`op` is missing in the rule"),
        ("value = \"aes128-cbc\"\n", "", 6, "`value` is missing in the rule"),
        ("from = 2027-03-01\n", "", 6, "`from` is missing in the rule"),
        (
            "applies_to = \"both\"",
            "applies_to = \"all\"",
            10,
            "`applies_to`: `all` is not one of production, test, both",
        ),
        ("severity = \"required\"", "severity = \"must\"", 11, "`severity`: `must` is not one of required"),
        ("direction = \"outbound\"", "direction = \"out\"", 24, "`direction`: `out` is not one of"),
        ("id = \"mine\"\n", "", 1, "`id` is missing in the policy"),
        ("kind = \"own\"\n", "", 1, "`kind` is missing in the policy"),
        ("name = \"Mine\"", "name = 7", 2, "`name` must be a text in quotes; here it is a whole number"),
        (
            "inherits = \"as2-modern\"",
            "inherits = [\"as2-modern\"]",
            4,
            "`inherits` must be a word in quotes; here it is a list",
        ),
        ("inherits = \"as2-modern\"", "drops = [\"mdn\"]", 4, "drops rules but inherits none"),
        ("inherits = \"as2-modern\"", "inherits = \"as2-modern\"\ndrops = \"mdn\"", 5, "`drops` is a list of settings"),
        (
            "inherits = \"as2-modern\"",
            "inherits = \"as2-modern\"\ndrops = [\"mdm\"]",
            5,
            "`drops`: `mdm` is not one of",
        ),
        (
            "inherits = \"as2-modern\"",
            "inherits = \"as2-modern\"\ndrops = [\"mdn\", \"mdn\"]",
            5,
            "`drops` names `mdn` twice",
        ),
        ("inherits = \"as2-modern\"", "notes = 5", 4, "`notes` must be a text in quotes; here it is a whole number"),
        ("op = \"at-least\"\nvalue = \"aes128-cbc\"", "op = \"one-of\"\nvalue = []", 9, "`value` must list 1 to"),
        (
            "op = \"at-least\"\nvalue = \"aes128-cbc\"",
            "op = \"one-of\"\nvalue = [\"none\", \"3des-cbc\", \"none\"]",
            9,
            "`none` is listed twice",
        ),
        ("[2048, 4096]", "[2048, \"4096\"]", 22, "must be a whole number; here it is a text in quotes"),
        ("[2048, 4096]", "[2048, 4096, 8192]", 22, "`range` takes two values"),
        (
            "partner_certificate.rsa_bits",
            "partner_certificate.self_signed",
            21,
            "`range` does not fit `partner_certificate.self_signed`",
        ),
        ("[[rules]]", "[rules]", 19, "duplicate key"),
        ("quote = \"2048 to 4096\"", "quote = \"\"", 28, "`quote` must have 1 to 4000 characters"),
        ("name = \"Mine\"", "name = Mine", 2, ""),
    ] {
        let (found, text) = change(from, to);
        assert_eq!(found, line, "{to}: {text}");
        assert!(text.contains(reason), "{to}: {text}");
    }
    let twice = format!("{GOOD}\n[[rules]]{}", GOOD.rsplit_once("[[rules]]").unwrap().1);
    let error = Policy::from_toml(&twice).unwrap_err();
    assert_eq!(error.line, 31, "{error}");
    assert!(error.reason.contains("another rule for `partner_certificate.rsa_bits`"), "{error}");
}

#[test]
fn a_policy_file_has_limits() {
    let error = Policy::from_toml(&"#".repeat(MOST_BYTES + 1)).unwrap_err();
    assert!(error.reason.contains("at most 1048576"), "{error}");
    let rule = GOOD.rsplit_once("[[rules]]").unwrap().1;
    let many: String =
        (0..=MOST_RULES).map(|n| format!("[[rules]]{}", rule.replace("2027", &(2000 + n).to_string()))).collect();
    let error = Policy::from_toml(&format!("id = \"a\"\nname = \"a\"\nkind = \"own\"\n{many}")).unwrap_err();
    assert!(error.reason.contains("more than 1000 rules"), "{error}");
}

/// A policy of these rules: setting, operator, value, and further keys in the place of the usual ones.
fn rules(rules: &[(&str, &str, &str, &str)]) -> String {
    let mut text = "id = \"mine\"\nname = \"Mine\"\nkind = \"own\"\n".to_owned();
    for (setting, op, value, keys) in rules {
        text.push_str(&format!("[[rules]]\nsetting = \"{setting}\"\nop = \"{op}\"\nvalue = {value}\n"));
        for (key, usual) in [("applies_to", "\"both\""), ("severity", "\"required\""), ("from", "2020-01-01")] {
            if !keys.contains(&format!("{key} = ")) {
                text.push_str(&format!("{key} = {usual}\n"));
            }
        }
        text.push_str(&format!("source = \"s\"\nquote = \"q\"\nchecked = 2026-01-01\n{keys}"));
    }
    text
}

#[test]
fn required_rules_that_no_value_meets_are_refused() {
    let refused =
        |list: &[(&str, &str, &str, &str)]| Policy::from_toml(&rules(list)).map_err(|error| error.to_string());
    let aes256 = ("encryption", "at-least", "\"aes256-cbc\"", "");
    let aes128 = ("encryption", "one-of", "[\"aes128-cbc\"]", "");
    assert_eq!(
        refused(&[aes256, aes128]).unwrap_err(),
        "line 14: no value of `encryption` meets this rule and the one on line 4, and both are required"
    );
    assert_eq!(
        refused(&[("signing", "never", "[\"none\", \"sha1\", \"sha256\", \"sha384\", \"sha512\"]", "")]).unwrap_err(),
        "line 4: no value of `signing` meets this rule"
    );
    let bits = |op, value| ("identity_certificate.rsa_bits", op, value, "");
    assert!(refused(&[bits("at-least", "3000"), bits("one-of", "[1024, 2048]")]).is_err());
    assert!(refused(&[bits("at-least", "3000"), bits("one-of", "[1024, 3072]")]).is_ok());
    assert!(refused(&[bits("range", "[2048, 3071]"), bits("at-least", "3072")]).is_err());
    assert!(refused(&[bits("range", "[2048, 3072]"), bits("never", "[2048, 3072]")]).is_ok());
    let flag = |op| ("partner_certificate.self_signed", op, "true", "");
    assert!(refused(&[flag("one-of"), flag("never")]).is_err());
    let id = |op, value| ("partner_as2_id", op, value, "");
    assert!(refused(&[id("one-of", "[\"A\"]"), id("never", "[\"A\"]")]).is_err());
    let later = ("partner_as2_id", "never", "[\"B\"]", "from = 2021-01-01\n");
    assert!(refused(&[id("never", "[\"A\"]"), later]).is_ok());
    // Three that two by two can be met, and together cannot.
    let three = [
        ("signing", "one-of", "[\"sha1\", \"sha256\"]", ""),
        ("signing", "one-of", "[\"sha256\", \"sha384\"]", "from = 2021-01-01\n"),
        ("signing", "one-of", "[\"sha1\", \"sha384\"]", "from = 2022-01-01\n"),
    ];
    assert!(refused(&three[..2]).is_ok());
    assert!(refused(&three).unwrap_err().starts_with("line 24: "));
}

#[test]
fn rules_that_never_meet_do_not_contradict_each_other() {
    let taken = |list: &[(&str, &str, &str, &str)]| Policy::from_toml(&rules(list)).is_ok();
    let aes256 = |keys| ("encryption", "at-least", "\"aes256-cbc\"", keys);
    let aes128 = |keys| ("encryption", "one-of", "[\"aes128-cbc\"]", keys);
    assert!(!taken(&[aes128(""), aes256("")]));
    assert!(taken(&[aes128("severity = \"recommended\"\n"), aes256("")]), "advice may ask for more");
    assert!(taken(&[aes128("applies_to = \"test\"\n"), aes256("applies_to = \"production\"\n")]));
    assert!(!taken(&[aes128("applies_to = \"test\"\n"), aes256("")]));
    assert!(taken(&[aes128("direction = \"inbound\"\n"), aes256("direction = \"outbound\"\n")]));
    assert!(taken(&[aes128("until = 2027-01-01\n"), aes256("from = 2027-01-01\n")]));
    assert!(!taken(&[aes128("until = 2027-01-02\n"), aes256("from = 2027-01-01\n")]));
    assert!(!taken(&[aes256("from = 2027-01-01\n"), aes128("until = 2027-01-02\n")]));
    // The same demand at two weights is none either.
    assert!(taken(&[
        ("signing", "at-least", "\"sha256\"", ""),
        ("signing", "at-least", "\"sha384\"", "severity = \"recommended\"\n")
    ]));
}

#[test]
fn a_hostile_number_of_rules_keeps_nobody_waiting() {
    let dates: Vec<String> = (0..MOST_RULES).map(|day| format!("from = {}-01-01\n", 1000 + day)).collect();
    let many: Vec<(&str, &str, &str, &str)> =
        dates.iter().map(|date| ("retries", "range", "[0, 20]", date.as_str())).collect();
    assert!(Policy::from_toml(&rules(&many)).is_ok());
}

#[test]
fn a_file_is_validated_together_with_what_it_inherits() {
    let parent = Policy::from_toml(&rules(&[("encryption", "never", "[\"aes256-cbc\", \"aes256-gcm\"]", "")])).unwrap();
    let parent = Policy { id: "parent".parse().unwrap(), ..parent };
    let child = |inherits: &str, more: &str| {
        rules(&[("encryption", "at-least", "\"aes256-cbc\"", "")])
            .replace("kind = \"own\"\n", &format!("kind = \"own\"\ninherits = \"{inherits}\"\n{more}"))
    };
    let told = |text: &str, others: &[Policy]| validate(text, others).map_err(|error| error.to_string());
    let all = [parent];
    assert_eq!(
        told(&child("nowhere", ""), &all).unwrap_err(),
        "line 4: the policy `mine` inherits `nowhere`, and there is no policy of that name"
    );
    assert_eq!(told(&child("mine", ""), &all).unwrap_err(), "line 4: the policy inherits itself");
    assert_eq!(
        told(&child("parent", ""), &all).unwrap_err(),
        "line 4: no value of `encryption` meets both what `mine` and what `parent` requires; `drops` lets an inherited \
         rule fall away"
    );
    assert!(told(&child("parent", "drops = [\"encryption\"]\n"), &all).is_ok());
    let round = Policy { inherits: Some("mine".parse().unwrap()), ..all[0].clone() };
    assert_eq!(
        told(&child("parent", "drops = [\"encryption\"]\n"), &[round]).unwrap_err(),
        "line 4: the policy `mine` inherits itself: mine → parent → mine"
    );
    // An older policy of the same name is not what it inherits.
    let older = Policy { id: "mine".parse().unwrap(), ..all[0].clone() };
    assert!(told(&child("parent", "drops = [\"encryption\"]\n"), &[older, all[0].clone()]).is_ok());
}
