//! `check`: how every profile stands, and the findings behind it.

use jiff::Timestamp;
use serde::Serialize;

use super::table::{Table, labelled};
use super::{Answer, Session, sightings, words};
use crate::app::AppError;
use crate::domain::compliance::{CheckReport, Column, ConnectionReport, Finding, ProfileReport, Status};
use crate::domain::due::{self, DueItem};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::sighting::Sighting;

/// The report, and beside it what is due by its dates, and certificates that were seen before they were expected: they
/// break no rule.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a CheckReport,
    due: Vec<DueItem>,
    sightings: &'a [Sighting],
}

pub(super) async fn run(
    session: &Session,
    connections: &[ConnectionId],
    at: Option<Timestamp>,
) -> Result<Answer, AppError> {
    let at = at.unwrap_or_else(|| session.app.now());
    let report = session.app.check(connections, at).await?;
    let mut seen = session.app.first_sights().await?;
    seen.retain(|sighting| report.connections.iter().any(|connection| connection.id == sighting.connection));
    let document = Document { report: &report, due: due::due(&report.connections), sightings: &seen };
    session.out.answer(&document, || {
        format!("{}{}", whole(&report, &session.suffix), sightings::listed(&seen, &session.suffix))
    });
    super::schedule::tell_what_happened(session).await?;
    Ok(Answer::of(report.status != Status::NonCompliant))
}

fn whole(report: &CheckReport, suffix: &str) -> String {
    if report.connections.is_empty() {
        return "No connections in this workspace\n".to_owned();
    }
    let mut text = matrix(&report.connections);
    text.push_str(&findings(&report.connections, suffix));
    text.push_str(&coming(report));
    text.push_str(&format!("\n{}\n", summary(report)));
    text
}

/// A row for every profile, a column for every setting that people look at.
pub(super) fn matrix(connections: &[ConnectionReport]) -> String {
    let heads = Column::ALL.iter().map(|column| match column {
        Column::Mdn => "Receipt (MDN)",
        _ => column.label(),
    });
    let mut table = Table::new(["Connection", "Profile"].into_iter().chain(heads));
    for connection in connections {
        for profile in &connection.profiles {
            let cells = Column::ALL.iter().map(|column| {
                let cell = profile.cells.iter().find(|cell| cell.column == *column);
                cell.map_or_else(String::new, |cell| format!("{} {}", words::status(cell.status), cell.word))
            });
            let place = [called(connection), profile.profile.label().to_owned()];
            table.row(place.into_iter().chain(cells));
        }
    }
    table.render()
}

/// The findings that are not compliant, each with its reason, its source and what mends it.
pub(super) fn findings(connections: &[ConnectionReport], suffix: &str) -> String {
    let mut text = String::new();
    for (connection, profile) in each(connections) {
        let open: Vec<&Finding> = unmet(profile).collect();
        if open.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}, {}\n", called(connection), profile.profile));
        for finding in open {
            text.push_str(&format!("  {}\n", super::output::line(&in_one_line(finding))));
            let fix = finding.fix.as_ref().map(|fix| {
                let setting = words::shell_word(&format!("{}={}", fix.setting, fix.value));
                format!("countersign connection set {} {} {setting}{suffix}", connection.id, profile.profile)
            });
            let details = [
                ("Reason", Some(finding.reason.clone())),
                ("Note", finding.note.as_deref().map(str::to_owned)),
                ("Source", finding.source.as_deref().map(str::to_owned)),
                ("Fix", fix),
            ];
            text.push_str(&labelled(details.into_iter().filter_map(|(label, value)| Some((label, value?))), "      "));
        }
    }
    text
}

/// What is due, by when it bites: one line for each, over all connections.
fn coming(report: &CheckReport) -> String {
    let coming = due::due(&report.connections);
    let provided = match due::provided_for(&report.connections) {
        0 => String::new(),
        number => format!(
            "\nNothing is left to do for {} of those due: a successor is scheduled in time\n",
            words::counted(number, "profile")
        ),
    };
    if coming.is_empty() {
        return provided;
    }
    let mut table = Table::new(["Due", "Connection", "Profile", "What", "Is", "Required"]);
    for item in coming {
        let aspect = item.aspect.map(|aspect| format!(".{aspect}")).unwrap_or_default();
        table.row([
            words::instant(item.bites),
            item.connection.to_string(),
            item.profile.to_string(),
            format!("{}{aspect}", item.setting),
            item.actual,
            item.required.unwrap_or_default(),
        ]);
    }
    format!("\n{}{provided}", table.render())
}

/// What still does not comply, a line for each finding: for standard error after saving.
pub(super) fn still_open(report: &ConnectionReport) -> String {
    let mut text = String::new();
    for profile in &report.profiles {
        for finding in unmet(profile) {
            let place = format!("{} {}", report.id, profile.profile);
            let line = format!("{place}  {}. {}", in_one_line(finding), finding.reason);
            text.push_str(&format!("{}\n", super::output::line(&line)));
        }
    }
    text
}

/// A finding on a line: `✗ Non-compliant  encryption: 3DES, required AES-128 or stronger since 15 Oct 2019`.
fn in_one_line(finding: &Finding) -> String {
    let aspect = finding.aspect.map(|aspect| format!(".{aspect}")).unwrap_or_default();
    let mut line = format!(
        "{} {}  {}{aspect}: {}",
        words::status(finding.status),
        finding.status.label(),
        finding.setting,
        finding.actual
    );
    if let Some(required) = &finding.required {
        let verb = finding.severity.map_or("required", |severity| severity.as_str());
        line.push_str(&format!(", {verb} {required}"));
    }
    if let Some(dated) = finding.dated() {
        line.push_str(&format!(" {dated}"));
    }
    if let Some(bites) = finding.bites {
        line.push_str(&format!(", non-compliant from {}", words::instant(bites)));
    }
    line
}

fn unmet(profile: &ProfileReport) -> impl Iterator<Item = &Finding> {
    profile.findings.iter().filter(|finding| finding.status < Status::Compliant)
}

fn each(connections: &[ConnectionReport]) -> impl Iterator<Item = (&ConnectionReport, &ProfileReport)> {
    connections.iter().flat_map(|connection| connection.profiles.iter().map(move |profile| (connection, profile)))
}

/// A connection by its name and by what it is called on the command line.
fn called(connection: &ConnectionReport) -> String {
    if connection.name == connection.id.as_str() {
        return connection.name.clone();
    }
    format!("{} ({})", connection.name, connection.id)
}

/// How many profiles stand how: `36 profiles: 4 non-compliant, 32 compliant`.
fn summary(report: &CheckReport) -> String {
    let standing: Vec<Status> = each(&report.connections).map(|(_, profile)| profile.status).collect();
    let parts: Vec<String> = Status::ALL
        .iter()
        .map(|status| (status, standing.iter().filter(|found| *found == status).count()))
        .filter(|(_, number)| *number > 0)
        .map(|(status, number)| format!("{number} {}", status.label().to_lowercase()))
        .collect();
    format!("{} at {}: {}", words::counted(standing.len(), "profile"), words::instant(report.at), parts.join(", "))
}

/// A profile as it is called beside its connection: `amazon-us production`.
pub(super) fn place(connection: Option<&ConnectionId>, profile: Option<ProfileKind>) -> String {
    match (connection, profile) {
        (Some(connection), Some(profile)) => format!("{connection} {profile}"),
        (Some(connection), None) => connection.to_string(),
        (None, _) => "no connection".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::compliance::{Cell, Fix};
    use crate::domain::policy::{RuleDate, SettingValue, Severity};

    fn report() -> CheckReport {
        let finding = |status, setting, actual: &str| Finding {
            setting,
            aspect: None,
            certificate: None,
            status,
            actual: actual.to_owned(),
            required: Some("AES-128 or stronger".into()),
            since: Some(RuleDate::Day("2019-10-15".parse().unwrap())),
            severity: Some(Severity::Required),
            reason: "Amazon requires AES-128 or stronger".to_owned(),
            fix: Some(Fix { setting, value: SettingValue::Word("aes128-cbc".to_owned()) }),
            source: Some("https://partner.example/as2".into()),
            quote: None,
            note: None,
            bites: None,
            stated_by: None,
            demand: None,
        };
        let cell = |column, status, word: &str| Cell { column, status, word: word.to_owned() };
        CheckReport {
            at: "2026-11-24T08:30:00Z".parse().unwrap(),
            status: Status::NonCompliant,
            connections: vec![ConnectionReport {
                id: "amazon-us".parse().unwrap(),
                name: "Amazon Vendor US".to_owned(),
                policy: "amazon-vendor-central".parse().unwrap(),
                status: Status::NonCompliant,
                profiles: vec![
                    ProfileReport {
                        profile: ProfileKind::Production,
                        status: Status::NonCompliant,
                        findings: [finding(Status::NonCompliant, "encryption", "3DES")].into_iter().collect(),
                        cells: [
                            cell(Column::Encryption, Status::NonCompliant, "3DES"),
                            cell(Column::PartnerCertificate, Status::Due, "New on 28 Nov"),
                        ]
                        .into_iter()
                        .collect(),
                    },
                    ProfileReport {
                        profile: ProfileKind::Test,
                        status: Status::Compliant,
                        findings: [finding(Status::Compliant, "encryption", "AES-128")].into_iter().collect(),
                        cells: [cell(Column::Encryption, Status::Compliant, "AES-128")].into_iter().collect(),
                    },
                ],
            }],
        }
    }

    #[test]
    fn what_is_due_and_provided_for_is_counted_where_nothing_bites() {
        let mut report = report();
        for profile in &mut report.connections[0].profiles {
            let ending = Finding { status: Status::Due, ..profile.findings[0].clone() };
            (profile.status, profile.findings) = (Status::Due, [ending].into_iter().collect());
        }
        let text = whole(&report, "");
        assert!(text.contains("Nothing is left to do for 2 profiles of those due: a successor is scheduled"), "{text}");
        assert!(text.ends_with(": 2 due\n"), "{text}");
    }

    #[test]
    fn the_text_names_every_profile_and_the_command_that_mends_it() {
        let text = whole(&report(), " --workspace /w");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("Connection ") && lines[0].ends_with("Receipt (MDN)"), "{text}");
        assert!(lines[1].starts_with("Amazon Vendor US (amazon-us)  Production  ✗ 3DES"), "{text}");
        assert!(lines[1].contains("▲ New on 28 Nov"), "{text}");
        assert!(lines[2].contains("Test        ✓ AES-128"), "{text}");
        assert!(
            text.contains("countersign connection set amazon-us production encryption=aes128-cbc --workspace /w\n"),
            "{text}"
        );
        assert!(text.contains("Source  https://partner.example/as2"), "{text}");
        assert!(text.ends_with("2 profiles at 24 Nov 2026 08:30 UTC: 1 non-compliant, 1 compliant\n"), "{text}");
    }

    #[test]
    fn what_is_due_is_told_by_its_dates_over_all_connections() {
        let coming_at = |bites: &str| {
            let mut connection = report().connections.remove(0);
            let open = connection.profiles[0].findings[0].clone();
            let due = Finding { status: Status::Due, bites: Some(bites.parse().unwrap()), ..open };
            connection.profiles[0].findings = [due].into_iter().collect();
            connection
        };
        let first = coming_at("2027-06-01T00:00:00Z");
        let mut second = coming_at("2026-12-15T00:00:00Z");
        second.id = "walmart".parse().unwrap();
        let report = CheckReport { connections: vec![first, second], ..report() };
        let text = coming(&report);
        let lines: Vec<&str> = text.trim().lines().collect();
        assert!(lines[0].starts_with("Due "), "{text}");
        assert!(
            lines[1].starts_with("15 Dec 2026 00:00 UTC  walmart     production  encryption  3DES  AES-128"),
            "{text}"
        );
        assert!(lines[2].starts_with("1 Jun 2027 00:00 UTC   amazon-us   production"), "{text}");
        let json =
            serde_json::to_value(Document { report: &report, due: due::due(&report.connections), sightings: &[] })
                .unwrap();
        assert_eq!(json["status"], "non-compliant");
        assert_eq!(json["due"][0]["connection"], "walmart");
        assert_eq!(json["due"][0]["bites"], "2026-12-15T00:00:00Z");
        assert_eq!(json["due"][0]["setting"], "encryption");
        assert_eq!(json["connections"][0]["profiles"][0]["findings"][0]["bites"], "2027-06-01T00:00:00Z");
    }

    #[test]
    fn after_saving_only_what_does_not_comply_is_named() {
        assert_eq!(
            still_open(&report().connections[0]),
            "amazon-us production  ✗ Non-compliant  encryption: 3DES, required AES-128 or stronger since 15 Oct 2019. \
             Amazon requires AES-128 or stronger\n"
        );
    }
}
