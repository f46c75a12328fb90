//! Header lists, media types and AS2 identifiers as they stand on the wire.

use std::borrow::Cow;
use std::io::{self, BufRead};

use super::multipart::MultipartError;

/// The most bytes of headers that are read before a message or part is refused.
pub(super) const MAX_HEADER_BYTES: usize = 64 * 1024;

/// A list of header fields in their order.
pub type HeaderList = Vec<(String, String)>;

/// The first value of a field; names are compared without regard to case.
#[must_use]
pub fn get<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A `type/subtype` with its parameters: of Content-Type, Content-Disposition and Disposition-Notification-Options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype` in lower case, with an `x-` before the subtype removed for PKCS#7 types.
    pub essence: String,
    /// Names in lower case, values unquoted.
    pub parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a value leniently: quotes or none, tabs, missing spaces, empty parameters.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let plain = without_comments(value);
        let mut parsed = Self::parse_plain(&plain);
        // Names of files are written without quotes in the field, and hold parentheses that are no comments.
        if plain != value {
            let named = Self::parse_plain(value).parameters.into_iter().filter(|(name, value)| {
                matches!(name.as_str(), "name" | "filename")
                    && value.contains('(')
                    && value.ends_with(|last| last != ')')
            });
            for (name, value) in named {
                parsed.parameters.retain(|(known, _)| *known != name);
                parsed.parameters.push((name, value));
            }
        }
        parsed
    }

    fn parse_plain(value: &str) -> Self {
        let mut parts = split_outside_quotes(value, ';').into_iter();
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let essence = match essence.strip_prefix("application/x-pkcs7-") {
            Some(rest) => format!("application/pkcs7-{rest}"),
            None => essence,
        };
        let parameters = parts
            .filter_map(|part| {
                let (name, value) = part.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquote(value.trim())))
            })
            .collect();
        Self { essence, parameters }
    }

    /// A parameter's value.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The boundary of a multipart.
    #[must_use]
    pub fn boundary(&self) -> Option<String> {
        self.parameter("boundary").map(str::to_owned).or_else(|| self.text_parameter("boundary"))
    }

    /// A parameter that may be split or percent-encoded (RFC 2231), or hold encoded words (RFC 2047 in UTF-8).
    #[must_use]
    pub fn text_parameter(&self, name: &str) -> Option<String> {
        if let Some(extended) = self.parameter(&format!("{name}*")) {
            let encoded = extended.splitn(3, '\'').nth(2).unwrap_or(extended);
            return Some(percent_decoded(encoded));
        }
        let mut joined = String::new();
        for index in 0..100 {
            if let Some(piece) = self.parameter(&format!("{name}*{index}")) {
                joined.push_str(piece);
            } else if let Some(piece) = self.parameter(&format!("{name}*{index}*")) {
                let encoded = if index == 0 { piece.splitn(3, '\'').nth(2).unwrap_or(piece) } else { piece };
                joined.push_str(&percent_decoded(encoded));
            } else {
                break;
            }
        }
        if !joined.is_empty() {
            return Some(joined);
        }
        self.parameter(name).map(decoded_words)
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(0), digit(1))
        {
            bytes.push((high << 4 | low).to_le_bytes()[0]);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Decodes `=?charset?B?…?=` and `=?charset?Q?…?=` (RFC 2047); other text is left as it is.
fn decoded_words(text: &str) -> String {
    use base64::Engine as _;
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let mut fields = rest[start + 2..].splitn(4, '?');
        let (Some(_charset), Some(kind), Some(data), Some(after)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            break;
        };
        let Some(after) = after.strip_prefix('=') else { break };
        let bytes = if kind.eq_ignore_ascii_case("b") {
            base64::engine::general_purpose::STANDARD.decode(data).ok()
        } else {
            Some(percent_decoded(&data.replace('_', " ").replace('=', "%")).into_bytes())
        };
        let Some(bytes) = bytes else { break };
        out.push_str(&rest[..start]);
        out.push_str(&String::from_utf8_lossy(&bytes));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Leaves out comments (RFC 5322 section 3.2.2): text in parentheses outside quotes, nested or not. One that does not end is
/// none.
pub(super) fn without_comments(value: &str) -> Cow<'_, str> {
    if !value.contains('(') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let (mut quoted, mut escaped, mut depth, mut begun) = (false, false, 0_u32, 0);
    for (at, character) in value.char_indices() {
        let kept = depth == 0;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted || depth > 0 => escaped = true,
            '"' if kept => quoted = !quoted,
            '(' if !quoted => {
                if kept {
                    begun = at;
                }
                depth += 1;
                continue;
            }
            ')' if depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if kept {
            out.push(character);
        }
    }
    if depth > 0 {
        out.push_str(&value[begun..]);
    }
    Cow::Owned(out)
}

/// Splits at a character where it stands outside quotes.
pub(super) fn split_outside_quotes(value: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    for (at, character) in value.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character == separator && !quoted => {
                parts.push(&value[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts
}

/// Removes quotes and their escapes; text without quotes stays as it is.
#[must_use]
pub fn unquote(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let mut out = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            '"' => break,
            _ => out.push(character),
        }
    }
    out
}

/// An AS2 identifier as a header has it (RFC 4130 section 6.2). Without quotes it can hold neither a quote nor a backslash;
/// mendelson escapes them and leaves the quotes out.
#[must_use]
pub fn as2_identifier(value: &str) -> String {
    let value = value.trim();
    if !value.starts_with('"') && (value.contains("\\\\") || value.contains("\\\"")) {
        return unquote(&format!("\"{value}\""));
    }
    unquote(value)
}

/// Writes text as a quoted string (RFC 5322 section 3.2.4).
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

/// An AS2 identifier as written in AS2-From and AS2-To: in quotes where it holds a space, a quote or a backslash, or
/// always (RFC 4130 section 6.2).
#[must_use]
pub fn as2_id(id: &str, always_quote: bool) -> String {
    if always_quote || id.contains([' ', '"', '\\']) { quote(id) } else { id.to_owned() }
}

/// Reads header lines up to the blank line that ends them; folded lines are joined (RFC 5322 section 2.2.3).
///
/// Returns the fields and the bytes as they were. Where the first line is no header field, nothing is taken for
/// headers: the bytes read so far belong to the content.
pub(super) fn read_block(reader: &mut impl BufRead) -> io::Result<(HeaderList, Vec<u8>, Ending)> {
    let mut raw = Vec::new();
    let mut fields: HeaderList = Vec::new();
    loop {
        let start = raw.len();
        let room = (MAX_HEADER_BYTES - start) as u64;
        let mut limited = io::Read::take(&mut *reader, room);
        limited.read_until(b'\n', &mut raw)?;
        if raw.len() >= MAX_HEADER_BYTES && is_mime(&fields) {
            return Err(MultipartError::LongLine.into());
        }
        if raw.len() == start || raw.len() >= MAX_HEADER_BYTES {
            // The end of the source or of patience: what has been read is no header block unless fields were found.
            let ending = if fields.is_empty() { Ending::NotHeaders } else { Ending::EndOfInput };
            return Ok((fields, raw, ending));
        }
        let line = trimmed_line(&raw[start..]);
        if line.is_empty() {
            let ending = if fields.is_empty() { Ending::EmptyBlock } else { Ending::BlankLine };
            return Ok((fields, raw, ending));
        }
        let text = String::from_utf8_lossy(line);
        if text.starts_with([' ', '\t']) {
            match fields.last_mut() {
                Some((_, value)) => {
                    let more = text.trim();
                    // A name may have its whole value on the lines that follow.
                    if !value.is_empty() && !more.is_empty() {
                        value.push(' ');
                    }
                    value.push_str(more);
                }
                None => return Ok((Vec::new(), raw, Ending::NotHeaders)),
            }
        } else {
            match text.split_once(':') {
                Some((name, value)) if is_field_name(name.trim_end()) => {
                    fields.push((name.trim_end().to_owned(), value.trim().to_owned()));
                }
                _ if fields.is_empty() => return Ok((Vec::new(), raw, Ending::NotHeaders)),
                // A line of junk among fields is passed over.
                _ => {}
            }
        }
    }
}

/// A message as it was saved: its headers, and what follows them. Where it does not begin with headers it is all content.
///
/// # Errors
/// Where its headers are too large.
pub fn split_saved(mut bytes: &[u8]) -> io::Result<(HeaderList, &[u8])> {
    let whole = bytes;
    let (fields, _, ending) = read_block(&mut bytes)?;
    Ok(if ending == Ending::BlankLine { (fields, bytes) } else { (Vec::new(), whole) })
}

/// Whether fields are those of a MIME entity, and not lines of content that happen to look like fields.
pub(super) fn is_mime(fields: &HeaderList) -> bool {
    fields.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.starts_with("content-") || name == "mime-version"
    })
}

/// How a header block ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a blank line.
    BlankLine,
    /// It was a blank line only.
    EmptyBlock,
    /// The source ended within it.
    EndOfInput,
    /// It does not begin like headers.
    NotHeaders,
}

fn trimmed_line(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_read_as_the_field_writes_them() {
        let read =
            MediaType::parse("multipart/signed; protocol=\"application/pkcs7-signature\";\tmicalg=SHA1;boundary=a=b==");
        assert_eq!(read.essence, "multipart/signed");
        assert_eq!(read.parameter("boundary"), Some("a=b=="));
        assert_eq!(read.parameter("micalg"), Some("SHA1"));
        assert_eq!(MediaType::parse("Application/X-PKCS7-Mime;name=smime.p7m").essence, "application/pkcs7-mime");
        let quoted = MediaType::parse(r#"attachment; filename="a; \"b\".edi""#);
        assert_eq!(quoted.text_parameter("filename").as_deref(), Some("a; \"b\".edi"));
        let extended = MediaType::parse("attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.edi");
        assert_eq!(extended.text_parameter("filename").as_deref(), Some("grüße.edi"));
        let word = MediaType::parse("attachment; filename=\"=?UTF-8?Q?gr=C3=BC=C3=9Fe_1.edi?=\"");
        assert_eq!(word.text_parameter("filename").as_deref(), Some("grüße 1.edi"));
    }

    #[test]
    fn identifiers_survive_quoting() {
        for id in ["PLAIN", "with space", "quo\"te", "back\\slash", "[br<ack>et]"] {
            for always in [false, true] {
                assert_eq!(as2_identifier(&as2_id(id, always)), id);
            }
        }
        // As mendelson writes them, and as others do.
        for (written, id) in [(r"BACK\\SLASH", r"BACK\SLASH"), (r#"QUO\"TE"#, "QUO\"TE"), (r"ONE\SLASH", r"ONE\SLASH")]
        {
            assert_eq!(as2_identifier(written), id);
        }
        assert_eq!(as2_id("PLAIN", false), "PLAIN");
        assert_eq!(as2_id("a b", false), "\"a b\"");
    }

    #[test]
    fn folded_lines_are_joined_and_content_without_headers_is_known() {
        let mut source = &b"Content-Type: multipart/signed;\r\n\tboundary=x\r\nX: y\n\nbody"[..];
        let (fields, raw, ending) = read_block(&mut source).unwrap();
        assert_eq!(fields[0].1, "multipart/signed; boundary=x");
        assert_eq!((fields.len(), ending, source), (2, Ending::BlankLine, &b"body"[..]));
        assert_eq!(raw.len(), 52);
        let mut source = &b"Original-Message-ID:\r\n <1@test>\r\n \t\r\n\r\n"[..];
        assert_eq!(read_block(&mut source).unwrap().0[0].1, "<1@test>");
        let mut edi = &b"ISA*00*          *\r\nGS*\r\n"[..];
        assert_eq!(read_block(&mut edi).unwrap().2, Ending::NotHeaders);
        assert_eq!(read_block(&mut &b""[..]).unwrap().2, Ending::NotHeaders);
        assert_eq!(read_block(&mut &b"\r\nx"[..]).unwrap().2, Ending::EmptyBlock);
    }
}
