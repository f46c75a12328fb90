//! The evidence to be read, printed and forwarded: one file that needs nothing beside it and runs nothing.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

use super::{Report, ReportedCertificate, ReportedConnection, ReportedProfile, ReportedUse};
use crate::domain::compliance::{Column, Finding, Status};
use crate::domain::counted::counted;
use crate::domain::instant::in_words as instant;
use crate::domain::notice::Affected;
use crate::domain::policy::PolicyKind;

/// Colours as in the window's light theme, and what changes on paper.
const STYLE: &str = include_str!("style.css");

/// How many profiles are named where many use the same.
const MOST_NAMED: usize = 12;

/// Text that is written so that it is nothing but text, wherever it stands.
pub(in crate::app) struct Text<'a>(pub(in crate::app) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // What turns the direction of writing could make one name look like another.
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    f.write_char('\u{fffd}')?
                }
                '\n' => f.write_char(' ')?,
                control if control.is_control() => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// What is put together. Writing into a text does not fail.
#[derive(Default)]
struct Page(String);

macro_rules! put {
    ($page:expr, $($arguments:tt)*) => { $page.0.push_str(&format!($($arguments)*)) };
}

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let mut page = Page::default();
    put!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>AS2 compliance report, {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        instant(report.at)
    );
    head(&mut page, report);
    matrix(&mut page, report);
    findings(&mut page, report);
    certificates(&mut page, report);
    algorithms(&mut page, report);
    schedule(&mut page, report);
    transmissions(&mut page, report);
    policies(&mut page, report);
    put!(
        page,
        "<footer>Made by {} on {}. Judged as of {} by the policies named above. Revocation was not checked.</footer>\n\
         </body>\n</html>\n",
        Text(&report.made.program),
        instant(report.made.at),
        instant(report.at)
    );
    page.0
}

fn head(page: &mut Page, report: &Report) {
    let summary = &report.summary;
    put!(
        page,
        "<header>\n<h1>AS2 compliance report</h1>\n<p class=\"as-of\">As of {} {}</p>\n<dl>\n",
        instant(report.at),
        badge(report.status, report.status.label())
    );
    for (label, value) in [
        ("Workspace", report.made.workspace.as_str()),
        ("Made", &instant(report.made.at)),
        ("By", &report.made.by),
        ("With", &report.made.program),
    ] {
        put!(page, "<div><dt>{label}</dt><dd>{}</dd></div>\n", Text(value));
    }
    put!(page, "</dl>\n<ul class=\"tiles\">\n");
    let mut tile = |figure: usize, words: &str| put!(page, "<li><b>{figure}</b>{words}</li>\n");
    let one_or = |number: usize, one: &'static str, more: &'static str| if number == 1 { one } else { more };
    let connections = one_or(summary.connections, "connection", "connections");
    tile(summary.connections, &format!("{connections}, {}", counted(summary.profiles, "profile")));
    for standing in &summary.standing {
        let profiles = one_or(standing.profiles, "profile", "profiles");
        tile(standing.profiles, &format!("{profiles} {}", standing.status.label().to_lowercase()));
    }
    let ends = one_or(summary.ending, "certificate in use ends", "certificates in use end");
    tile(summary.ending, &format!("{ends} within 45 days"));
    let profiles = one_or(summary.unproven, "profile", "profiles");
    tile(summary.unproven, &format!("{profiles} without a proven delivery"));
    put!(page, "</ul>\n</header>\n");
}

fn matrix(page: &mut Page, report: &Report) {
    put!(page, "<section>\n<h2>Connections</h2>\n");
    if report.connections.is_empty() {
        put!(page, "<p>There are no connections in this workspace</p>\n</section>\n");
        return;
    }
    put!(page, "<table>\n<thead><tr><th>Connection</th><th>Profile</th><th>Status</th>");
    for column in Column::ALL {
        put!(page, "<th>{}</th>", column.label());
    }
    put!(page, "<th>Last proven delivery</th></tr></thead>\n<tbody>\n");
    for connection in &report.connections {
        for (index, profile) in connection.profiles.iter().enumerate() {
            put!(page, "<tr>");
            if index == 0 {
                put!(
                    page,
                    "<td rowspan=\"{}\"><b>{}</b><br><small>{}</small></td>",
                    connection.profiles.len(),
                    Text(&connection.name),
                    Text(connection.id.as_str())
                );
            }
            put!(
                page,
                "<td>{}</td><td>{}</td>",
                profile.profile.label(),
                badge(profile.status, profile.status.label())
            );
            for column in Column::ALL {
                let cell = profile.cells.iter().find(|cell| cell.column == *column);
                put!(page, "<td>{}</td>", cell.map_or_else(String::new, |cell| badge(cell.status, &cell.word)));
            }
            put!(page, "<td>{}</td></tr>\n", last_delivery(profile));
        }
    }
    put!(page, "</tbody>\n</table>\n</section>\n");
}

/// When a delivery was proven last; where none ever was, what the last delivery was.
fn last_delivery(profile: &ReportedProfile) -> String {
    match (&profile.proven, &profile.delivered) {
        (Some(proven), _) => instant(proven.at),
        (None, Some(sent)) => {
            format!("Never<br><small>Delivered {}: {}</small>", instant(sent.at), sent.evidence.label().to_lowercase())
        }
        (None, None) => "Never".to_owned(),
    }
}

fn findings(page: &mut Page, report: &Report) {
    put!(page, "<section>\n<h2>Findings</h2>\n");
    let open = |profile: &ReportedProfile| profile.findings.iter().any(|finding| finding.status < Status::Compliant);
    let mut none = true;
    for connection in &report.connections {
        for profile in connection.profiles.iter().filter(|profile| open(profile)) {
            none = false;
            profile_findings(page, connection, profile);
        }
    }
    if none {
        put!(page, "<p>Every profile meets the rules of its policy</p>\n");
    }
    put!(page, "</section>\n");
}

fn profile_findings(page: &mut Page, connection: &ReportedConnection, profile: &ReportedProfile) {
    put!(
        page,
        "<h3>{}, {}</h3>\n<p class=\"where\">{} to {} at {}; policy {}</p>\n<table class=\"findings\">\n<thead><tr><th>Status</th><th>Setting</th><th>Is</th><th>Rule</th><th>Why, and who says so</th></tr></thead>\n<tbody>\n",
        Text(&connection.name),
        profile.profile.label().to_lowercase(),
        Text(&profile.our_as2_id),
        Text(&profile.partner_as2_id),
        Text(&profile.url),
        Text(connection.policy.as_str())
    );
    let mut unmet: Vec<&Finding> =
        profile.findings.iter().filter(|finding| finding.status < Status::Compliant).collect();
    unmet.sort_by_key(|finding| finding.status);
    for finding in unmet {
        let aspect = finding.aspect.map(|aspect| format!(", {}", aspect.replace('_', " "))).unwrap_or_default();
        let rule = match (&finding.required, finding.dated()) {
            (Some(required), Some(dated)) => {
                let verb = finding.severity.map_or("required", |severity| severity.as_str());
                format!("{required}, {verb} {dated}")
            }
            (Some(required), None) => required.to_string(),
            (None, _) => String::new(),
        };
        put!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}",
            badge(finding.status, finding.status.label()),
            Text(&format!("{}{aspect}", finding.setting.replace('_', " "))),
            Text(&finding.actual),
            Text(&rule),
            Text(&finding.reason)
        );
        if let Some(bites) = finding.bites {
            put!(page, "<br>Non-compliant from {}", instant(bites));
        }
        if let Some(quote) = &finding.quote {
            put!(page, "<blockquote>{}</blockquote>", Text(quote));
        }
        if let Some(source) = &finding.source {
            put!(page, "<cite>{}</cite>", Text(source));
        }
        put!(page, "</td></tr>\n");
    }
    put!(page, "</tbody>\n</table>\n");
}

fn certificates(page: &mut Page, report: &Report) {
    put!(page, "<section>\n<h2>Inventory of certificates</h2>\n");
    if report.certificates.is_empty() {
        put!(page, "<p>There are no certificates in this workspace</p>\n</section>\n");
        return;
    }
    put!(
        page,
        "<table class=\"certificates\">\n<thead><tr><th>Certificate</th><th>Valid</th><th>Key and signature</th><th>Used for</th></tr></thead>\n<tbody>\n"
    );
    for certificate in &report.certificates {
        certificate_row(page, certificate, report.at);
    }
    put!(page, "</tbody>\n</table>\n</section>\n");
}

fn certificate_row(page: &mut Page, certificate: &ReportedCertificate, at: Timestamp) {
    let facts = &certificate.facts;
    let whose = match &certificate.identity {
        Some(name) => format!("Ours: {name}"),
        None => "Partner's".to_owned(),
    };
    put!(
        page,
        "<tr><td><b>{}</b><br>{}<br>Issued by {}{}<br>Serial <code>{}</code><br>SHA-256 <code>{}</code></td>",
        Text(&whose),
        Text(&facts.subject),
        Text(&facts.issuer),
        if facts.self_signed { ", self-signed" } else { "" },
        Text(&facts.serial),
        facts.fingerprint_sha256
    );
    let (status, word) = match certificate.days_left {
        _ if at > facts.not_after => (Status::NonCompliant, "Ended".to_owned()),
        _ if at < facts.not_before => (Status::NonCompliant, "Not valid yet".to_owned()),
        1 => (Status::Due, "1 day left".to_owned()),
        days if days < 45 => (Status::Due, format!("{days} days left")),
        days => (Status::Compliant, format!("{days} days left")),
    };
    put!(page, "<td>{}<br>{} to<br>{}", badge(status, &word), instant(facts.not_before), instant(facts.not_after));
    match &certificate.successor {
        Some(next) => put!(page, "<br>Successor {}", next.short()),
        None if certificate.used.iter().any(|used| used.now) => put!(page, "<br>No successor"),
        None => {}
    }
    let hash = facts.signature.hash.map_or_else(|| facts.signature.algorithm.clone(), |hash| hash.label().to_owned());
    put!(page, "</td><td>{}<br>Signed with {}", Text(&facts.key.to_string()), Text(&hash));
    if let Some(confirmed) = &certificate.confirmed {
        put!(page, "<br>Fingerprint confirmed {}: {}", instant(confirmed.at), Text(&confirmed.how));
    }
    for warning in &certificate.warnings {
        put!(page, "<br>{}", badge(Status::Advice, warning.sentence()));
    }
    let mut places: Vec<(String, Vec<Affected>)> = Vec::new();
    for used in &certificate.used {
        // Once a certificate is used again, that it was before is no other thing to say of it.
        let over = |each: &ReportedUse| !each.now && each.from.is_none_or(|from| from <= at);
        let same = |each: &&ReportedUse| each.place == used.place && each.purpose == used.purpose;
        if over(used) && certificate.used.iter().filter(same).any(|each| !over(each)) {
            continue;
        }
        let purpose = used.purpose.map_or("Signing and decrypting", |purpose| match purpose {
            crate::domain::timeline::CertificatePurpose::Encrypt => "Encrypting",
            crate::domain::timeline::CertificatePurpose::Verify => "Verifying",
        });
        let when = match (used.now, used.from.filter(|from| *from > at)) {
            (true, _) => "now".to_owned(),
            (false, Some(from)) => format!("from {}", instant(from)),
            (false, None) => "not now".to_owned(),
        };
        let key = format!("{purpose}, {when}");
        match places.iter_mut().find(|(known, _)| *known == key) {
            Some((_, list)) if list.last() == Some(&used.place) => {}
            Some((_, list)) => list.push(used.place.clone()),
            None => places.push((key, vec![used.place.clone()])),
        }
    }
    put!(page, "</td><td>");
    if places.is_empty() {
        put!(page, "Not used");
    }
    for (what, list) in &places {
        put!(page, "<b>{}</b><br>{}<br>", Text(what), named(list));
    }
    put!(page, "</td></tr>\n");
}

fn algorithms(page: &mut Page, report: &Report) {
    if report.algorithms.is_empty() {
        return;
    }
    put!(
        page,
        "<section>\n<h2>Inventory of algorithms and protocols</h2>\n<table>\n<thead><tr><th>Purpose</th><th>Algorithm or protocol</th><th>Profiles</th></tr></thead>\n<tbody>\n"
    );
    for algorithm in &report.algorithms {
        put!(
            page,
            "<tr><td>{}</td><td>{} <small>{}</small></td><td>{}: {}</td></tr>\n",
            Text(algorithm.purpose),
            Text(&algorithm.label),
            Text(&algorithm.value),
            algorithm.profiles.len(),
            named(&algorithm.profiles)
        );
    }
    put!(page, "</tbody>\n</table>\n</section>\n");
}

fn schedule(page: &mut Page, report: &Report) {
    put!(page, "<section>\n<h2>Schedule</h2>\n");
    if report.schedule.is_empty() {
        put!(page, "<p>Nothing is scheduled, and nothing ends</p>\n</section>\n");
        return;
    }
    put!(page, "<table>\n<thead><tr><th>When</th><th>What</th><th>Profiles</th></tr></thead>\n<tbody>\n");
    for scheduled in &report.schedule {
        put!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            instant(scheduled.at),
            Text(&scheduled.what),
            named(&scheduled.profiles)
        );
    }
    put!(page, "</tbody>\n</table>\n</section>\n");
}

fn transmissions(page: &mut Page, report: &Report) {
    let transmissions = &report.transmissions;
    put!(
        page,
        "<section>\n<h2>Transmissions</h2>\n<p>From {} to {}</p>\n",
        instant(transmissions.since),
        instant(transmissions.until)
    );
    if transmissions.connections.is_empty() {
        put!(page, "<p>Nothing was sent or received</p>\n</section>\n");
        return;
    }
    put!(
        page,
        "<table class=\"numbers\">\n<thead><tr><th>Connection</th><th>Delivered</th><th>Failed</th><th>Uncertain</th><th>Open</th><th>Received</th><th>Refused</th></tr></thead>\n<tbody>\n"
    );
    for traffic in &transmissions.connections {
        let connection = traffic.connection.as_ref().map_or("No connection", |id| id.as_str());
        put!(page, "<tr><td>{}</td>", Text(connection));
        for number in
            [traffic.delivered, traffic.failed, traffic.uncertain, traffic.open, traffic.received, traffic.refused]
        {
            put!(page, "<td>{number}</td>");
        }
        put!(page, "</tr>\n");
    }
    put!(page, "</tbody>\n</table>\n</section>\n");
}

fn policies(page: &mut Page, report: &Report) {
    if report.policies.is_empty() {
        return;
    }
    put!(
        page,
        "<section>\n<h2>Policies</h2>\n<table>\n<thead><tr><th>Policy</th><th>Origin</th><th>Changed</th><th>Sources checked</th><th>Rules</th><th>Connections</th></tr></thead>\n<tbody>\n"
    );
    for policy in &report.policies {
        let origin = match policy.kind {
            _ if policy.fault.is_some() => "Own, its file cannot be read",
            Some(PolicyKind::Official) => "Official",
            Some(PolicyKind::Secondary) => "Secondary sources",
            Some(PolicyKind::Draft) => "Draft of a standard",
            Some(PolicyKind::Template) => "Template, no rules known",
            Some(PolicyKind::Own) => "Own",
            None => "Not in this workspace",
        };
        let day =
            |day: Option<jiff::civil::Date>| day.map(|day| day.strftime("%-d %b %Y").to_string()).unwrap_or_default();
        let checked = match policy.checked {
            Some((first, last)) if first == last => day(Some(first)),
            Some((first, last)) => format!("{} to {}", day(Some(first)), day(Some(last))),
            None => String::new(),
        };
        put!(
            page,
            "<tr><td><b>{}</b><br><small>{}</small></td><td>{origin}</td><td>{}</td><td>{checked}</td><td>{}</td><td>{}</td></tr>\n",
            Text(&policy.name),
            Text(policy.id.as_str()),
            day(policy.updated),
            policy.rules,
            policy.connections
        );
    }
    put!(page, "</tbody>\n</table>\n</section>\n");
}

/// Icon, word and colour together, never colour alone.
fn badge(status: Status, word: &str) -> String {
    let (class, icon) = match status {
        Status::NonCompliant => ("bad", "\u{2715}"),
        Status::Due | Status::Advice => ("warn", "\u{25b2}"),
        Status::Compliant => ("ok", "\u{2713}"),
        Status::Unknown => ("info", "?"),
        Status::NotApplicable => ("info", "\u{b7}"),
    };
    format!("<span class=\"badge {class}\">{icon} {}</span>", Text(word))
}

/// Profiles, as far as anybody reads them; the CSV and the JSON have all.
fn named(profiles: &[Affected]) -> String {
    let mut text: Vec<String> = profiles
        .iter()
        .take(MOST_NAMED)
        .map(|place| format!("{} {}", Text(place.connection.as_str()), place.profile))
        .collect();
    if profiles.len() > MOST_NAMED {
        text.push(format!("and {} more", profiles.len() - MOST_NAMED));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_outside_is_text_wherever_it_stands() {
        assert_eq!(
            Text("<script>alert('1')</script> & \"x\"\u{202e}\u{0}").to_string(),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;\u{fffd}\u{fffd}"
        );
    }
}
