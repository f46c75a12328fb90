//! Receipts (MDN): what we answer, and what partners answer us (RFC 4130 section 7, RFC 3798).

use std::io::{BufReader, Cursor, Read as _};

use jiff::Timestamp;
use mail_parser::decoders::charsets::map::charset_decoder;

use super::digest::{LineEnds, LineHasher};
use super::entity::{base64_lines, header_bytes};
use super::error::{BuildError, OpenError};
use super::headers::{Ending, HeaderList, MediaType, as2_id, get, read_block, unquote, without_comments};
use super::message::{PRODUCT, date, program_headers};
use super::mic::{Mic, ReceivedMic};
use super::multipart::Multipart;
use super::open::{OpeningKeys, open};
use super::signed::{SignatureCheck, SigningPlan};
use super::signed_multipart::{boundary, signature_part_head, signed_content_type};
use super::transfer::{base64_decoder, is_base64, quoted_printable_decoder, transfer_encoding};
use crate::domain::algorithm::MicalgStyle;
use crate::domain::diagnosis::WhatCame;
use crate::domain::disposition::Disposition;

/// The most bytes of a receipt that are taken.
pub const MAX_RECEIPT: u64 = 1024 * 1024;

/// The most characters of a receipt's human-readable text that are kept.
const MAX_TEXT: usize = 4000;

/// What a receipt of ours says.
#[derive(Clone, Debug)]
pub struct ReceiptContent<'a> {
    /// `AS2-From` of the receipt: the message's `AS2-To`, bare.
    pub from: &'a str,
    /// `AS2-To` of the receipt: the message's `AS2-From`, bare.
    pub to: &'a str,
    /// Message-ID of the receipt itself.
    pub message_id: &'a str,
    /// The message's Message-ID, byte by byte as it was received.
    pub original_message_id: &'a str,
    /// What became of the message.
    pub disposition: Disposition,
    /// What was received; absent where nothing could be hashed.
    pub mic: Option<&'a Mic>,
    /// How digest names are spelt.
    pub micalg_style: MicalgStyle,
    /// For people.
    pub text: &'a str,
    /// When.
    pub at: Timestamp,
}

/// A receipt ready to be sent.
#[derive(Clone, Debug)]
pub struct BuiltReceipt {
    /// Headers of the HTTP answer, or of the request for an asynchronous one.
    pub headers: HeaderList,
    /// Its body.
    pub body: Vec<u8>,
}

/// Builds a receipt, signed where a plan is given.
///
/// # Errors
/// Where our key cannot sign, or the system has no random numbers.
pub fn build_receipt(
    content: &ReceiptContent<'_>,
    signing: Option<&SigningPlan<'_>>,
) -> Result<BuiltReceipt, BuildError> {
    let inner_boundary = boundary()?;
    let report_type = format!("multipart/report; report-type=disposition-notification; boundary=\"{inner_boundary}\"");
    let report = report(content, &inner_boundary);
    let mut headers = program_headers();
    headers.extend([
        ("AS2-From".to_owned(), as2_id(content.from, false)),
        ("AS2-To".to_owned(), as2_id(content.to, false)),
        ("Message-ID".to_owned(), content.message_id.to_owned()),
        ("Date".to_owned(), date(content.at)),
        ("MIME-Version".to_owned(), "1.0".to_owned()),
        ("Subject".to_owned(), "Receipt".to_owned()),
    ]);
    let Some(signing) = signing else {
        headers.push(("Content-Type".to_owned(), report_type));
        return Ok(BuiltReceipt { headers, body: report });
    };
    let mut part = header_bytes(&[("Content-Type".to_owned(), report_type)]);
    part.extend_from_slice(&report);
    let mut hasher = LineHasher::new(&[signing.digest], LineEnds::AsTheyAre);
    hasher.update(&part);
    let digest = hasher.finish();
    let (_, value) =
        digest.first().ok_or_else(|| BuildError::OwnKey("the digest of the receipt cannot be computed".to_owned()))?;
    let signature = signing.sign(value)?;
    let outer = boundary()?;
    let mut body = format!("--{outer}\r\n").into_bytes();
    body.extend_from_slice(&part);
    body.extend_from_slice(&signature_part_head(&outer));
    body.extend_from_slice(&base64_lines(&signature));
    body.extend_from_slice(format!("--{outer}--\r\n").as_bytes());
    headers.push(("Content-Type".to_owned(), signed_content_type(&outer, signing.digest.micalg(content.micalg_style))));
    Ok(BuiltReceipt { headers, body })
}

fn report(content: &ReceiptContent<'_>, boundary: &str) -> Vec<u8> {
    let mut fields = vec![
        ("Reporting-UA".to_owned(), PRODUCT.to_owned()),
        ("Original-Recipient".to_owned(), format!("rfc822; {}", as2_id(content.from, false))),
        ("Final-Recipient".to_owned(), format!("rfc822; {}", as2_id(content.from, false))),
        ("Original-Message-ID".to_owned(), content.original_message_id.to_owned()),
        ("Disposition".to_owned(), content.disposition.to_string()),
    ];
    if let Some(mic) = content.mic {
        fields.push(("Received-Content-MIC".to_owned(), mic.field(content.micalg_style)));
    }
    let mut out = format!("--{boundary}\r\n").into_bytes();
    out.extend(header_bytes(&[
        ("Content-Type".to_owned(), "text/plain; charset=us-ascii".to_owned()),
        ("Content-Transfer-Encoding".to_owned(), "7bit".to_owned()),
    ]));
    out.extend(content.text.chars().filter(|c| c.is_ascii() && (!c.is_control() || *c == '\n')).map(|c| c as u8));
    out.extend_from_slice(format!("\r\n\r\n--{boundary}\r\n").as_bytes());
    out.extend(header_bytes(&[
        ("Content-Type".to_owned(), "message/disposition-notification".to_owned()),
        ("Content-Transfer-Encoding".to_owned(), "7bit".to_owned()),
    ]));
    out.extend(header_bytes(&fields));
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

/// What an answer turned out to be.
#[derive(Clone, Debug)]
pub enum ReceiptReading {
    /// A receipt.
    Read(Box<Receipt>),
    /// No receipt, but something else.
    Absent(WhatCame),
    /// Announced as a receipt, but damaged.
    Unreadable(String),
}

/// A receipt as a partner wrote it.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The message it is for, as written but for comments.
    pub original_message_id: Option<String>,
    /// What became of it; nothing where the field is missing.
    pub disposition: Option<Disposition>,
    /// The disposition as written.
    pub disposition_text: Option<String>,
    /// What the partner hashed.
    pub mic: Option<ReceivedMic>,
    /// The AS2 identifier of who received the message.
    pub final_recipient: Option<String>,
    /// The partner's software.
    pub product: Option<String>,
    /// The texts of its `Error`, `Failure` and `Warning` fields (RFC 3798 section 3.2.7).
    pub remarks: Vec<String>,
    /// What it says for people.
    pub text: Option<String>,
    /// The notification's fields, all of them, as written.
    pub fields: HeaderList,
    /// What its signature is worth, where it has one.
    pub signature: Option<SignatureCheck>,
    /// For a signature that does not fit: what it is worth with other line ends, where it fits with some.
    pub fitting: Option<SignatureCheck>,
}

impl Receipt {
    /// Whether it is for a message: Message-IDs are compared byte by byte, but for their angle brackets.
    #[must_use]
    pub fn is_for(&self, message_id: &str) -> bool {
        self.original_message_id.as_deref().is_some_and(|original| bare_id(original) == bare_id(message_id))
    }
}

fn bare_id(message_id: &str) -> &str {
    let id = message_id.trim();
    id.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(id)
}

/// A Message-ID without the comment that may stand beside it (RFC 3798 section 3.1.1). Parentheses inside of it are its own.
fn message_id(field: &str) -> String {
    let id = field.trim();
    let end = id.rfind('>').filter(|_| id.starts_with('<'));
    let bare = end.map(|end| id.split_at(end + 1)).filter(|(_, comment)| without_comments(comment).trim().is_empty());
    bare.map_or(id, |(id, _)| id).to_owned()
}

/// Reads an answer as a receipt. The body is looked at too, because some servers announce a receipt as a web page.
#[must_use]
pub fn read_receipt(headers: &[(String, String)], body: &[u8], keys: OpeningKeys<'_>) -> ReceiptReading {
    let announced = MediaType::parse(get(headers, "Content-Type").unwrap_or_default());
    let known = announced.essence.starts_with("multipart/")
        || announced.essence == "application/pkcs7-mime"
        || announced.essence == "message/disposition-notification";
    let (headers, body) = if known {
        (headers.to_vec(), body)
    } else {
        match sniff(body) {
            Some(found) => found,
            None => return ReceiptReading::Absent(what_came(&announced, body)),
        }
    };
    match parse(&headers, body, keys) {
        Ok(receipt) => ReceiptReading::Read(Box::new(receipt)),
        Err(error) => ReceiptReading::Unreadable(error.to_string()),
    }
}

fn what_came(announced: &MediaType, body: &[u8]) -> WhatCame {
    let text = String::from_utf8_lossy(&body[..body.len().min(512)]).trim_start().to_ascii_lowercase();
    if text.is_empty() && body.len() < 512 {
        WhatCame::Empty
    } else if announced.essence == "text/html" || text.starts_with("<!doctype html") || text.starts_with("<html") {
        WhatCame::Html
    } else if announced.essence.starts_with("text/") || announced.essence.is_empty() {
        WhatCame::Text
    } else {
        WhatCame::Other(announced.essence.clone())
    }
}

/// Finds a receipt in a body that was announced as something else.
fn sniff(body: &[u8]) -> Option<(HeaderList, &[u8])> {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let mut rest = &body[start..];
    if rest.starts_with(b"--") {
        let line_end = rest.iter().position(|byte| *byte == b'\n')?;
        let boundary = String::from_utf8_lossy(&rest[2..line_end]).trim_end().to_owned();
        let lower = String::from_utf8_lossy(&rest[..rest.len().min(64 * 1024)]).to_ascii_lowercase();
        let signed = lower.contains("pkcs7-signature");
        let kind = if signed { "multipart/signed" } else { "multipart/report" };
        if !signed && !lower.contains("disposition-notification") {
            return None;
        }
        return Some((vec![("Content-Type".to_owned(), format!("{kind}; boundary=\"{boundary}\""))], rest));
    }
    let (headers, _, ending) = read_block(&mut rest).ok()?;
    let kind = MediaType::parse(get(&headers, "Content-Type")?);
    (ending == Ending::BlankLine && kind.essence.starts_with("multipart/")).then_some((headers, rest))
}

fn parse(headers: &HeaderList, body: &[u8], keys: OpeningKeys<'_>) -> Result<Receipt, OpenError> {
    let mut report = Vec::new();
    let opened = open(headers, &mut Cursor::new(body), keys, &[], &mut report)?;
    let kind = opened.content_type();
    let mut fields: Option<HeaderList> = None;
    let mut text = None;
    if kind.essence == "message/disposition-notification" {
        fields = Some(read_block(&mut report.as_slice())?.0);
    } else if let Some(boundary) = kind.boundary() {
        let mut parts =
            Multipart::new(report.as_slice(), &boundary).map_err(|error| OpenError::Malformed(error.to_string()))?;
        while parts.next_part()? {
            read_part(&mut parts, &mut fields, &mut text)?;
        }
    }
    let fields = fields.ok_or_else(|| OpenError::Malformed("it holds no disposition notification".to_owned()))?;
    let disposition_text = get(&fields, "Disposition").map(str::to_owned);
    Ok(Receipt {
        original_message_id: get(&fields, "Original-Message-ID").map(message_id),
        disposition: disposition_text.as_deref().map(|written| Disposition::parse(&without_comments(written))),
        disposition_text,
        mic: get(&fields, "Received-Content-MIC").and_then(|field| ReceivedMic::parse(&without_comments(field))),
        final_recipient: get(&fields, "Final-Recipient")
            .map(|recipient| unquote(recipient.split_once(';').map_or(recipient, |(_, id)| id))),
        product: get(&fields, "Reporting-UA").map(str::to_owned),
        remarks: fields
            .iter()
            .filter(|(name, _)| ["error", "failure", "warning"].contains(&name.to_ascii_lowercase().as_str()))
            .map(|(_, said)| said.chars().take(MAX_TEXT).collect())
            .take(10)
            .collect(),
        text,
        fields,
        signature: opened.signature,
        fitting: opened.fitting.map(|fitting| fitting.signature),
    })
}

/// Takes what matters from one part of the report: the notification's fields, or the text for people.
fn read_part(
    parts: &mut Multipart<&[u8]>,
    fields: &mut Option<HeaderList>,
    text: &mut Option<String>,
) -> Result<(), OpenError> {
    let (headers, raw, ending) = read_block(parts)?;
    let mut content = Vec::new();
    if is_base64(&headers) {
        base64_decoder(&mut *parts).read_to_end(&mut content)?;
    } else {
        parts.read_to_end(&mut content)?;
        content = without_quoting(&headers, content);
    }
    // A part may lack its own headers: then the fields stand where headers are looked for.
    if get(&headers, "Disposition").is_some() && get(&headers, "Content-Type").is_none() {
        fields.get_or_insert(headers);
        return Ok(());
    }
    let media_type = MediaType::parse(get(&headers, "Content-Type").unwrap_or_default());
    let kind = &media_type.essence;
    if kind.starts_with("message/") && fields.is_none() {
        let mut found = HeaderList::new();
        let mut source = BufReader::new(content.as_slice());
        // Per-message and per-recipient fields are set apart by a blank line (RFC 3464); all are taken together.
        loop {
            let (block, raw, _) = read_block(&mut source)?;
            found.extend(block);
            if raw.is_empty() {
                break;
            }
        }
        *fields = Some(found);
    } else if text.is_none() && (kind.is_empty() || kind.starts_with("text/")) {
        let whole = if ending == Ending::NotHeaders { [raw, content].concat() } else { content };
        let charset = media_type.parameter("charset").unwrap_or_default();
        let said: String = in_letters(&whole, charset).trim().chars().take(MAX_TEXT).collect();
        *text = Some(said).filter(|said| !said.is_empty());
    }
    Ok(())
}

/// What quoted-printable stands for (RFC 2045 section 6.7). What is announced as that and is not says what it says.
fn without_quoting(headers: &HeaderList, content: Vec<u8>) -> Vec<u8> {
    if transfer_encoding(headers) != "quoted-printable" {
        return content;
    }
    let mut decoded = Vec::new();
    let read = quoted_printable_decoder(content.as_slice()).read_to_end(&mut decoded);
    if read.is_ok() { decoded } else { content }
}

/// Text for people in the charset that is declared. Where none is, or only ASCII, what goes beyond that is UTF-8 where it
/// can be, and otherwise what the Windows machines of Western Europe and America write.
fn in_letters(text: &[u8], charset: &str) -> String {
    let charset = charset.trim().to_ascii_lowercase();
    let is_open = matches!(charset.as_str(), "" | "us-ascii" | "ascii");
    if is_open && let Ok(unicode) = std::str::from_utf8(text) {
        return unicode.to_owned();
    }
    let charset = if is_open { "windows-1252" } else { charset.as_str() };
    match charset_decoder(charset.as_bytes()) {
        Some(decode) if charset != "utf-8" => decode(text),
        _ => String::from_utf8_lossy(text).into_owned(),
    }
}
