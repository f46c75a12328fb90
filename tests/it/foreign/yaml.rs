//! As much of YAML as the captured answers need: two keys, scalars with or without quotes, base64.

use base64::Engine as _;

use crate::messages::Headers;

/// The headers and the body of a captured answer.
pub(super) fn answer(yaml: &str) -> Option<(Headers, Vec<u8>)> {
    let (_, rest) = yaml.split_once("headers:\n")?;
    let (mut head, body) = rest.split_once("\nbody: ")?;
    let mut headers = Headers::new();
    while let Some((name, value)) = head.trim_start().split_once(": ") {
        let (value, after) = scalar(value)?;
        headers.push((name.to_owned(), value));
        head = after;
    }
    if let Some(binary) = body.strip_prefix("!binary |-\n") {
        let text: String = binary.chars().filter(|character| !character.is_whitespace()).collect();
        return Some((headers, base64::engine::general_purpose::STANDARD.decode(text).ok()?));
    }
    Some((headers, scalar(body)?.0.into_bytes()))
}

/// One scalar and what follows it.
fn scalar(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'')?;
        return Some((value.to_owned(), rest));
    }
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once('\n').unwrap_or((text, ""));
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => match characters.next()?.1 {
                'r' => value.push('\r'),
                'n' => value.push('\n'),
                't' => value.push('\t'),
                // An escaped line break is none, and what indents the next line is not part of it.
                '\n' => while characters.next_if(|(_, next)| *next == ' ').is_some() {},
                other => value.push(other),
            },
            // A line break stands for a space.
            '\n' => {
                while characters.next_if(|(_, next)| *next == ' ').is_some() {}
                value.push(' ');
            }
            other => value.push(other),
        }
    }
    None
}
