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
        ("\"aes128-cbc\"", "128", 9, "the value of `encryption` is a word in quotes, not integer"),
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
