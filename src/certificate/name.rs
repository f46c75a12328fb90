//! Distinguished names, as text and from text (RFC 4514).

use rcgen::{DistinguishedName, DnType};
use x509_parser::der_parser::asn1_rs::Oid;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

/// A name that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a name such as `CN=Acme, O=Acme Supply, C=US`: {reason}")]
pub struct NameError {
    given: String,
    reason: String,
}

/// The attribute types that have a short name (RFC 4514 section 3, and `emailAddress` as everybody writes it).
const TYPES: [(&str, &str); 10] = [
    ("CN", "2.5.4.3"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("serialNumber", "2.5.4.5"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
];

/// A name as RFC 4514 writes it: the last part first, separated by commas.
pub(super) fn in_words(name: &X509Name<'_>) -> String {
    let parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(|each| attribute(each.attr_type(), each)).collect::<Vec<_>>().join("+"))
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
}

/// The same of an encoded Name; nothing where it is none.
#[must_use]
pub fn name_in_words(der: &[u8]) -> Option<String> {
    X509Name::from_der(der).ok().map(|(_, name)| in_words(&name))
}

fn attribute(kind: &Oid<'_>, value: &x509_parser::x509::AttributeTypeAndValue<'_>) -> String {
    let dotted = kind.to_id_string();
    let word = TYPES.iter().find(|(_, known)| *known == dotted).map_or(dotted.as_str(), |(word, _)| *word);
    let text = value.as_str().map_or_else(|_odd| String::from_utf8_lossy(value.as_slice()).into_owned(), str::to_owned);
    format!("{word}={}", escaped(&text))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    let last = text.chars().count().saturating_sub(1);
    for (at, character) in text.chars().enumerate() {
        let special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=')
            || (at == 0 && matches!(character, ' ' | '#'))
            || (at == last && character == ' ');
        if special {
            out.push('\\');
        }
        if character.is_control() {
            out.push('\u{fffd}');
        } else {
            out.push(character);
        }
    }
    out
}

/// Reads a name for a certificate of ours.
pub(super) fn parse(text: &str) -> Result<DistinguishedName, NameError> {
    let wrong = |reason: String| NameError { given: text.chars().take(100).collect(), reason };
    let mut name = DistinguishedName::new();
    let parts = split_unescaped(text);
    if parts.is_empty() {
        return Err(wrong("it is empty".to_owned()));
    }
    // The text begins with the last part of the name (RFC 4514 section 2.1).
    for part in parts.into_iter().rev() {
        let (kind, value) = part.split_once('=').ok_or_else(|| wrong("a part has no `=`".to_owned()))?;
        let kind = kind.trim();
        let value = unescaped(value.trim());
        if value.is_empty() {
            return Err(wrong(format!("`{kind}` is empty")));
        }
        if value.chars().any(char::is_control) || value.chars().count() > 64 {
            return Err(wrong(format!("`{kind}` holds a control character or more than 64 characters")));
        }
        let kind = match kind.to_ascii_uppercase().as_str() {
            "CN" => DnType::CommonName,
            "O" => DnType::OrganizationName,
            "OU" => DnType::OrganizationalUnitName,
            "L" => DnType::LocalityName,
            "ST" | "S" => DnType::StateOrProvinceName,
            // Three letters are seen in the field and refused by many (quirk 51).
            "C" if value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic()) => DnType::CountryName,
            "C" => return Err(wrong("`C` is a country's code of two letters".to_owned())),
            "EMAILADDRESS" | "E" => DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]),
            other => return Err(wrong(format!("`{other}` is none of CN, O, OU, L, ST, C, emailAddress"))),
        };
        name.push(kind, value);
    }
    Ok(name)
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn unescaped(value: &str) -> String {
    let mut out = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        out.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_make_no_sense_are_refused() {
        assert!(parse("CN=Acme, O=Acme\\, Inc., C=US").is_ok());
        for bad in ["", "Acme", "CN=", "C=USA", "X=1", "CN=a\u{7}"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
