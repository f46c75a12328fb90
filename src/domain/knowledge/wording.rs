//! Texts with places to be filled: `{partner}`.

/// What stands in a place where there is no transmission to take it from.
pub(super) const IN_GENERAL: &[(&str, &str)] = &[
    ("partner", "the partner"),
    ("source", "the partner"),
    ("at", "the time of the attempt"),
    ("clock", ""),
    ("host", "the partner's host"),
    ("door", "the partner's host and port"),
    ("size", ""),
    ("patience", "the time that the profile allows"),
    ("status", "of the answer"),
    ("profile", "this profile"),
    ("pin", "countersign connection tls ID PROFILE"),
    ("sibling", "other"),
    ("encryption", "AES-GCM"),
    ("key_transport", "RSA-OAEP"),
    ("other_order", "before-signing or after-signing"),
    ("reason", "why"),
    ("warning", "that it names"),
    ("disposition", "in it"),
    ("next", "the scheduled certificate"),
    ("next_at", "the scheduled day"),
    ("target", "the certificate in use then"),
    ("in_use", "the certificate in use"),
    ("in_use_since", "the day of the switch"),
    ("since", " since"),
    ("signer", "a certificate that is not known here"),
    ("previous", "the certificate used before"),
    ("ended", "a day that has passed"),
    ("own_ended", "a day that has passed"),
    ("own_since", "the day of its renewal"),
    ("known_at", "an earlier day"),
    ("own_end", ""),
    ("own_print", "with its fingerprint"),
    ("named", "a certificate"),
    ("number", "another issuer and number"),
    ("identity", "ours"),
    ("used_by", "which another profile uses"),
    ("whose", "a partner's"),
    ("first", "an earlier message"),
];

/// A text with its places filled by `words`; a place that none is for stays as it is.
pub(crate) fn fill<'a>(text: &str, words: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    // What was filled in is not looked at again: it may be somebody else's words.
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) => {
                match words(name) {
                    Some(word) => filled.push_str(word),
                    None => filled.push_str(&format!("{{{name}}}")),
                }
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// A text as it holds for any transmission.
pub(super) fn in_general(text: &str) -> String {
    let word = |name: &str| IN_GENERAL.iter().find(|(known, _)| *known == name).map(|(_, word)| *word);
    let filled = fill(text, word);
    let mut characters = filled.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let words = |name: &str| (name == "a").then_some("{b}");
        assert_eq!(fill("x {a} {c} {", words), "x {b} {c} {");
        assert_eq!(in_general("{partner} says"), "The partner says");
    }
}
