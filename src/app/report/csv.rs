//! The evidence for spreadsheets: one table, a record a row, so that one sheet can be filtered by what it is about.

use jiff::Timestamp;

use super::{Report, ReportedCertificate};
use crate::domain::counted::counted;
use crate::domain::formula::begins_formula;
use crate::domain::notice::Affected;

/// The heads of the table.
const HEADS: [&str; 11] =
    ["record", "connection", "profile", "item", "value", "status", "from", "until", "detail", "reference", "checked"];

/// The rows, each as wide as the heads.
struct Sheet {
    writer: csv::Writer<Vec<u8>>,
}

impl Sheet {
    fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let mut row: Vec<String> = cells.iter().map(|cell| harmless(cell)).collect();
        row.resize(HEADS.len(), String::new());
        // Into memory nothing fails, and every row is as long as the first.
        self.writer.write_record(&row).ok();
    }
}

/// The whole report.
pub(super) fn sheets(report: &Report) -> String {
    let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut sheet = Sheet { writer };
    sheet.row(HEADS);
    let (at, made) = (instant(report.at), instant(report.made.at));
    sheet.row([
        "report",
        "",
        "",
        &report.made.program,
        &report.made.workspace,
        report.status.as_str(),
        &at,
        "",
        &report.made.by,
        "",
        &made,
    ]);
    for certificate in &report.certificates {
        certificate_rows(&mut sheet, certificate);
    }
    for algorithm in &report.algorithms {
        for place in &algorithm.profiles {
            let (connection, profile) = words(place);
            sheet.row([
                "algorithm",
                &connection,
                &profile,
                algorithm.setting,
                &algorithm.value,
                "",
                "",
                "",
                algorithm.purpose,
            ]);
        }
    }
    for connection in &report.connections {
        for profile in &connection.profiles {
            let (id, kind) = (connection.id.as_str(), profile.profile.as_str());
            let ids = format!("{} to {}", profile.our_as2_id, profile.partner_as2_id);
            sheet.row([
                "profile",
                id,
                kind,
                &connection.name,
                &profile.url,
                profile.status.as_str(),
                "",
                "",
                &ids,
                connection.policy.as_str(),
            ]);
            for finding in &profile.findings {
                let setting = match finding.aspect {
                    Some(aspect) => format!("{}.{aspect}", finding.setting),
                    None => finding.setting.to_owned(),
                };
                let since = finding.since.map(|since| since.to_string()).unwrap_or_default();
                let bites = finding.bites.map(instant).unwrap_or_default();
                let quote = finding.quote.as_ref().map(|quote| format!("; \"{quote}\"")).unwrap_or_default();
                let detail = format!("{}{quote}", finding.reason);
                let source = finding.source.as_deref().unwrap_or_default();
                sheet.row([
                    "finding",
                    id,
                    kind,
                    &setting,
                    &finding.actual,
                    finding.status.as_str(),
                    &since,
                    &bites,
                    &detail,
                    source,
                ]);
            }
            match profile.proven.as_ref().or(profile.delivered.as_ref()) {
                Some(sent) => {
                    sheet.row([
                        "proof",
                        id,
                        kind,
                        "last delivered",
                        &instant(sent.at),
                        sent.evidence.as_str(),
                        "",
                        "",
                        &sent.message_id,
                        &sent.id.to_string(),
                    ]);
                }
                None => sheet.row(["proof", id, kind, "last delivered", "", "never"]),
            }
        }
    }
    for scheduled in &report.schedule {
        for place in &scheduled.profiles {
            let (connection, profile) = words(place);
            sheet.row([
                "schedule",
                &connection,
                &profile,
                &scheduled.kind,
                "",
                "",
                &instant(scheduled.at),
                "",
                &scheduled.what,
            ]);
        }
    }
    let (since, until) = (instant(report.transmissions.since), instant(report.transmissions.until));
    for traffic in &report.transmissions.connections {
        let connection = traffic.connection.as_ref().map(ToString::to_string).unwrap_or_default();
        for (what, number) in [
            ("delivered", traffic.delivered),
            ("failed", traffic.failed),
            ("uncertain", traffic.uncertain),
            ("open", traffic.open),
            ("received", traffic.received),
            ("refused", traffic.refused),
        ] {
            sheet.row(["transmissions", &connection, "", what, &number.to_string(), "", &since, &until]);
        }
    }
    for policy in &report.policies {
        let kind = policy.kind.map_or("", |kind| kind.as_str());
        let updated = policy.updated.map(|day| day.to_string()).unwrap_or_default();
        let checked = policy.checked.map(|(first, last)| format!("{first} to {last}")).unwrap_or_default();
        let rules = format!("{}, {}", counted(policy.rules, "rule"), counted(policy.connections, "connection"));
        sheet.row(["policy", "", "", policy.id.as_str(), &policy.name, kind, &updated, "", &rules, "", &checked]);
    }
    let bytes = sheet.writer.into_inner().unwrap_or_default();
    // Spreadsheets take a file for UTF-8 only where it says so.
    format!("\u{feff}{}", String::from_utf8_lossy(&bytes))
}

fn certificate_rows(sheet: &mut Sheet, certificate: &ReportedCertificate) {
    let facts = &certificate.facts;
    let whose = certificate.identity.as_ref().map_or_else(|| "partner".to_owned(), |name| format!("own: {name}"));
    let hash = facts.signature.hash.map_or("unknown", |hash| hash.label());
    let warnings: Vec<&str> = certificate.warnings.iter().map(|warning| warning.as_str()).collect();
    let mut detail = format!(
        "{}; issued by {}; serial {}; {}; signed with {hash}",
        facts.subject, facts.issuer, facts.serial, facts.key
    );
    match &certificate.confirmed {
        Some(confirmed) => detail.push_str(&format!("; confirmed {}: {}", instant(confirmed.at), confirmed.how)),
        // Nobody confirms our own to us.
        None if certificate.identity.is_some() => {}
        None => detail.push_str("; not confirmed"),
    }
    let (from, until) = (instant(facts.not_before), instant(facts.not_after));
    let fingerprint = facts.fingerprint_sha256.to_hex();
    let status = if warnings.is_empty() { "valid".to_owned() } else { warnings.join(" ") };
    sheet.row(["certificate", "", "", &whose, facts.common_name(), &status, &from, &until, &detail, &fingerprint]);
    for used in &certificate.used {
        let (connection, profile) = words(&used.place);
        let purpose = used.purpose.map_or("sign and decrypt", |purpose| purpose.as_str());
        let now = if used.now { "used now" } else { "not used now" };
        let (from, until) = (used.from.map(instant).unwrap_or_default(), used.until.map(instant).unwrap_or_default());
        sheet.row([
            "certificate use",
            &connection,
            &profile,
            purpose,
            facts.common_name(),
            now,
            &from,
            &until,
            "",
            &fingerprint,
        ]);
    }
}

fn words(place: &Affected) -> (String, String) {
    (place.connection.to_string(), place.profile.to_string())
}

fn instant(at: Timestamp) -> String {
    at.to_string()
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection): what begins as one gets an apostrophe before it.
/// So does what follows a semicolon, at which spreadsheets in half of Europe begin a cell.
pub(in crate::app) fn harmless(cell: &str) -> String {
    let clean: String = cell.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let begins = |text: &str| text.trim_start().starts_with(begins_formula);
    let cells: Vec<String> =
        clean.split(';').map(|part| if begins(part) { format!("'{part}") } else { part.to_owned() }).collect();
    cells.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_came_from_outside_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", " =cmd|' /C calc'!A0", "\t=1", "\r=1", "\u{ff1d}1"] {
            assert!(harmless(cell).starts_with('\''), "{cell:?} became {:?}", harmless(cell));
        }
        assert_eq!(harmless("CN=a; =cmd|' /C calc'!A0;b"), "CN=a;' =cmd|' /C calc'!A0;b");
        assert_eq!(harmless("CN=Acme, O=a+b"), "CN=Acme, O=a+b");
        assert_eq!(harmless("a\nb"), "a b");
    }
}
