//! The sheet for a partner: our new certificate, from when we sign with it, and what they are to do. As a page that
//! stands alone, for mail and for printing, and as plain text.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{App, AppError};
use crate::certificate::Certificate;
use crate::domain::certificate::CertificateFacts;
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{Address, ConnectionId, IdentityName, ProfileKind};
use crate::domain::spelling::spelled;

spelled! {
    /// The form of a sheet.
    pub enum SheetFormat {
        /// A page for a browser, which also prints it.
        Html = "html",
        /// Plain text, for mail.
        Text = "text",
    }
}

impl SheetFormat {
    /// The form that a file's ending means; none where it has no ending.
    ///
    /// # Errors
    /// Where no sheet is written with that ending.
    pub fn of(file: &Path) -> Result<Option<Self>, AppError> {
        let Some(ending) = file.extension() else { return Ok(None) };
        match ending.to_string_lossy().to_ascii_lowercase().as_str() {
            "html" | "htm" => Ok(Some(Self::Html)),
            "txt" | "text" => Ok(Some(Self::Text)),
            other => Err(AppError::new(format!("a sheet is not written as .{other}: {}", file.display()))
                .hint("end the name in .html or .txt; the HTML prints to a PDF")),
        }
    }
}

/// What a sheet says beside what the workspace knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRequest {
    /// The identity that it is about.
    pub identity: IdentityName,
    /// For which connection.
    pub connection: ConnectionId,
    /// Whom of ours the partner is to answer.
    pub contact: Option<String>,
    /// The partner's time zone, where it is another than that in which the change was stated.
    pub zone: Option<String>,
    /// Its form.
    pub format: SheetFormat,
}

/// What a sheet says, put together.
struct Sheet<'a> {
    name: &'a IdentityName,
    connection: &'a Connection,
    certificate: &'a Certificate,
    /// The profiles that name the identity, with the one that signs until then, where another does.
    profiles: Vec<(ProfileKind, &'a Profile, Option<CertificateFacts>)>,
    zone: Option<TimeZone>,
    contact: Option<&'a str>,
    /// The address that partners are told.
    public_url: Option<Address>,
    now: Timestamp,
}

impl App {
    /// The sheet as text.
    ///
    /// # Errors
    /// Where the identity or the connection does not exist, none of its profiles names the identity, or the zone is
    /// unknown.
    pub async fn identity_sheet(&self, request: &SheetRequest) -> Result<String, AppError> {
        let SheetRequest { identity, connection, contact, zone, format } = request;
        let chain = self.own_chain(identity).await?;
        let certificate =
            chain.first().ok_or_else(|| AppError::new(format!("identity `{identity}` has no certificate")))?;
        self.profiles_naming(identity, std::slice::from_ref(connection)).await?;
        let zone = match zone {
            Some(name) => Some(
                TimeZone::get(name).map_err(|_unknown| AppError::new(format!("`{name}` is not a known time zone")))?,
            ),
            None => None,
        };
        let (connection, now) = (self.connection(connection).await?, self.now());
        let identities = self.stored_identities().await?;
        let profiles = connection
            .profiles()
            .filter(|(_, profile)| profile.identity.names(identity))
            .map(|(kind, profile)| {
                let signs = profile.identity.at(now);
                let old =
                    if signs == identity { profile.identity.before(now).map(|entry| &entry.name) } else { Some(signs) };
                let facts = old.and_then(|old| identities.iter().find(|each| each.name == *old));
                (kind, profile, facts.map(|stored| stored.facts.clone()))
            })
            .collect();
        let contact = contact.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let public_url = self.public_url().await?.public_url;
        let sheet =
            Sheet { name: identity, connection: &connection, certificate, profiles, zone, contact, public_url, now };
        Ok(match format {
            SheetFormat::Html => sheet.html(),
            SheetFormat::Text => sheet.text(),
        })
    }

    /// Writes the sheet to a file and the certificate beside it. Returns where that is.
    ///
    /// # Errors
    /// As [`App::identity_sheet`], where the file's ending says another form, and where a file cannot be written.
    pub async fn write_identity_sheet(&self, request: &SheetRequest, file: &Path) -> Result<PathBuf, AppError> {
        if let Some(other) = SheetFormat::of(file)?.filter(|named| *named != request.format) {
            let (place, asked) = (file.display(), request.format);
            return Err(AppError::new(format!("{place} is {other} by its name, and {asked} was asked for"))
                .hint("give the file another ending, or ask for the other form"));
        }
        let text = self.identity_sheet(request).await?;
        let pem = self.export_identity(&request.identity).await?;
        let beside = file.with_file_name(format!("{}.cer", request.identity));
        for (path, content) in [(file, &text), (beside.as_path(), &pem)] {
            super::written::write(path, content)?;
        }
        Ok(beside)
    }
}

impl Sheet<'_> {
    fn facts(&self) -> &CertificateFacts {
        self.certificate.facts()
    }

    /// What the partner is to do.
    fn steps(&self) -> Vec<String> {
        let mut steps = vec![
            "Compare the fingerprint of the certificate with the one above, by telephone if you can".to_owned(),
            "Import the certificate now, beside the present one: our signatures on messages and receipts (MDN) are to be \
             accepted with both"
                .to_owned(),
            "From the date of the change on, encrypt for the new certificate. You may do so earlier: we decrypt with both \
             already"
                .to_owned(),
        ];
        if self.profiles.iter().any(|(_, _, old)| old.is_some()) {
            steps.push(
                "Keep the present certificate until you have received a message that was signed with the new one"
                    .to_owned(),
            );
        }
        steps.push(match self.contact {
            Some(contact) => format!("Tell us that it is installed: {contact}"),
            None => "Tell us that it is installed".to_owned(),
        });
        steps
    }

    /// When signing changes for a profile, in UTC and in the zone of those who read it.
    fn change(&self, profile: &Profile) -> String {
        let Some(entry) = profile.identity.uses().iter().rev().find(|entry| entry.name == *self.name) else {
            return String::new();
        };
        let Some(at) = entry.from else { return "In use already".to_owned() };
        let stated = entry.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let local = self.zone.clone().or(stated).filter(|zone| *zone != TimeZone::UTC).map(|zone| {
            let there = at.to_zoned_datetime(zone);
            let name = there.time_zone().iana_name().unwrap_or_default().to_owned();
            format!(" = {} {name}", there.strftime("%-d %B %Y, %H:%M (UTC%:z)"))
        });
        let done = if at <= self.now { ", done" } else { "" };
        format!(
            "{}{}{done}",
            at.to_zoned_datetime(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC"),
            local.unwrap_or_default()
        )
    }

    /// Heads with their rows.
    fn tables(&self) -> Vec<(String, Vec<(&'static str, String)>)> {
        let facts = self.facts();
        let mut tables = Vec::new();
        for (kind, profile, old) in &self.profiles {
            let mut rows = vec![
                ("We sign with it from", self.change(profile)),
                ("Our AS2 identifier", profile.our_as2_id.to_string()),
                ("Your AS2 identifier", profile.partner_as2_id.to_string()),
                ("Your address", profile.url.to_string()),
            ];
            // Where nothing names it, the partner keeps what it has.
            let ours = self.public_url.as_ref().or(profile.mdn_url.as_ref());
            rows.push(("Our address", ours.map_or_else(|| "Unchanged".to_owned(), ToString::to_string)));
            if let Some(receipts) = profile.mdn_url.as_ref().filter(|url| Some(*url) != ours) {
                rows.push(("Our address for receipts (MDN)", receipts.to_string()));
            }
            if let Some(old) = old {
                rows.push((
                    "It replaces",
                    format!("serial number {}, valid until {}", old.serial, date(old.not_after)),
                ));
                rows.push(("SHA-256 of that", grouped(&old.fingerprint_sha256.to_hex())));
            }
            let head = match kind {
                ProfileKind::Production => "Production",
                ProfileKind::Test => "Test",
            };
            tables.push((head.to_owned(), rows));
        }
        let rows = vec![
            ("Subject", facts.subject.clone()),
            ("Issuer", if facts.self_signed { "Self-signed".to_owned() } else { facts.issuer.clone() }),
            ("Serial number", facts.serial.clone()),
            ("Valid", format!("{} to {}", date(facts.not_before), date(facts.not_after))),
            ("Key", facts.key.to_string()),
            ("SHA-256", grouped(&facts.fingerprint_sha256.to_hex())),
            ("SHA-1", grouped(&facts.fingerprint_sha1)),
        ];
        tables.push(("The new certificate".to_owned(), rows));
        tables
    }

    fn title(&self) -> String {
        let who = self.facts().common_name();
        format!("New AS2 certificate of {who}, for {}", self.connection.name)
    }

    fn text(&self) -> String {
        let mut out = format!("{}\n{}\n", self.title(), "=".repeat(self.title().chars().count()));
        for (head, rows) in self.tables() {
            out.push_str(&format!("\n{head}\n{}\n", "-".repeat(head.chars().count())));
            let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
            for (label, value) in rows {
                out.push_str(&format!("{label:width$}  {value}\n"));
            }
        }
        out.push_str("\nWhat you are to do\n------------------\n");
        for (number, step) in (1..).zip(self.steps()) {
            out.push_str(&format!("{number}. {step}\n"));
        }
        out.push('\n');
        out.push_str(&self.certificate.to_pem());
        out
    }

    fn html(&self) -> String {
        let title = escaped(&self.title());
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>{STYLE}</style></head>\n\
             <body><main>\n<h1>{title}</h1>\n"
        );
        for (head, rows) in self.tables() {
            out.push_str(&format!("<h2>{}</h2>\n<table>\n", escaped(&head)));
            for (label, value) in rows {
                let exact = label.starts_with("SHA") || label.ends_with("identifier") || label.contains("address");
                let class = if exact { " class=\"mono\"" } else { "" };
                out.push_str(&format!("<tr><th>{}</th><td{class}>{}</td></tr>\n", escaped(label), escaped(&value)));
            }
            out.push_str("</table>\n");
        }
        out.push_str("<h2>What you are to do</h2>\n<ol>\n");
        for step in self.steps() {
            out.push_str(&format!("<li>{}</li>\n", escaped(&step)));
        }
        let file = escaped(&format!("{}.cer", self.name));
        let data = STANDARD.encode(self.certificate.der());
        out.push_str(&format!(
            "</ol>\n<h2>The certificate itself</h2>\n<p><a download=\"{file}\" \
             href=\"data:application/pkix-cert;base64,{data}\">Save {file}</a>, or copy it from here into a file of that name</p>\n\
             <pre>{}</pre>\n</main></body></html>\n",
            escaped(&self.certificate.to_pem())
        ));
        out
    }
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;color:#1b2330;background:#fff;margin:0}\
main{max-width:760px;margin:32px auto;padding:0 24px}h1{font-size:24px;line-height:1.25}h2{font-size:17px;margin:28px 0 8px}\
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:500;color:#5c6777;width:190px;vertical-align:top}\
th,td{padding:5px 8px 5px 0;border-bottom:1px solid #dfe3ea;overflow-wrap:anywhere}.mono,pre{font:13px/1.5 ui-monospace,monospace}\
pre{background:#f6f7f9;padding:12px;border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere}a{color:#2f5bd0}\
@media print{main{margin:0;max-width:none}h2{break-after:avoid}tr,pre{break-inside:avoid}}";

fn date(at: Timestamp) -> String {
    at.to_zoned_datetime(TimeZone::UTC).strftime("%-d %B %Y").to_string()
}

/// Hex in pairs, for comparing by eye.
fn grouped(hex: &str) -> String {
    let pairs: Vec<&str> = hex.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()).collect();
    pairs.join(":").to_ascii_uppercase()
}

/// Text for a page: nothing in it is markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
