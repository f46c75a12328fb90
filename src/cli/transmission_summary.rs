//! `transmission summary`: the numbers of the charts, without a chart.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Session;
use super::table::Table;
use super::transmission_arguments::{By, SummaryArguments};
use crate::app::AppError;
use crate::domain::summary::{Bucket, Latency, Step, Summary, Tally};

/// A summary, and where its days begin.
#[derive(Serialize)]
struct SummaryDocument<'a> {
    zone: Option<&'a str>,
    #[serde(flatten)]
    summary: &'a Summary,
}

pub(super) async fn run(session: &Session, arguments: SummaryArguments) -> Result<(), AppError> {
    let SummaryArguments { filter, by } = arguments;
    let zone = TimeZone::system();
    let filter = filter.filter(session).await?;
    let summary = session.app.sum_up_transmissions(&filter, by.and_then(By::step), &zone).await?;
    if let Some(wanted) = by.and_then(By::step).filter(|wanted| *wanted != summary.step && !summary.buckets.is_empty())
    {
        session.out.note(&format!("There are too many {wanted}s: it is divided by the {}", summary.step));
    }
    let document = SummaryDocument { zone: zone.iana_name(), summary: &summary };
    session.out.answer(&document, || {
        if summary.total.total() == 0 {
            return "No transmissions".to_owned();
        }
        let table = match by {
            Some(By::Cause) => by_cause(&summary),
            Some(By::Partner) => by_partner(&summary),
            _ => by_time(&summary, &zone),
        };
        format!("{table}\n{}\n", sentence(&summary))
    });
    Ok(())
}

fn by_time(summary: &Summary, zone: &TimeZone) -> String {
    let mut table =
        Table::new(["From", "Delivered", "Received", "Failed", "Uncertain", "Cancelled", "Median", "95th percentile"]);
    for Bucket { from, tally, receipt, .. } in &summary.buckets {
        let Tally { delivered, received, failed, open, cancelled } = tally;
        let time = |of: fn(&Latency) -> u64| receipt.as_ref().map_or_else(String::new, |receipt| seconds(of(receipt)));
        table.row([
            begins(*from, summary.step, zone),
            delivered.to_string(),
            received.to_string(),
            failed.to_string(),
            open.to_string(),
            cancelled.to_string(),
            time(|receipt| receipt.median_ms),
            time(|receipt| receipt.p95_ms),
        ]);
    }
    table.render()
}

fn by_cause(summary: &Summary) -> String {
    let mut table = Table::new(["Failed", "Cause"]);
    for each in &summary.causes {
        table.row([each.failed.to_string(), each.cause.clone().unwrap_or_else(|| "not known".to_owned())]);
    }
    table.render()
}

fn by_partner(summary: &Summary) -> String {
    let mut table = Table::new(["Failed", "Connection"]);
    for each in &summary.partners {
        let connection = each.connection.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        table.row([each.failed.to_string(), connection]);
    }
    table.render()
}

/// When a stretch begins: the day, or the hour with its offset, because an hour may come twice.
fn begins(from: Timestamp, step: Step, zone: &TimeZone) -> String {
    let form = if step == Step::Hour { "%Y-%m-%d %H:%M%:z" } else { "%Y-%m-%d" };
    from.to_zoned_datetime(zone.clone()).strftime(form).to_string()
}

/// All of it in a line.
fn sentence(summary: &Summary) -> String {
    let Tally { delivered, received, failed, open, cancelled } = summary.total;
    let mut text = format!("{delivered} delivered, {received} received, {failed} failed, {open} uncertain or waiting");
    if cancelled > 0 {
        text.push_str(&format!(", {cancelled} cancelled"));
    }
    if let Some(Latency { receipts, median_ms, p95_ms }) = summary.receipt {
        let (median, most) = (seconds(median_ms), seconds(p95_ms));
        text.push_str(&format!("; {receipts} receipts, half of them within {median}, 95 of a hundred within {most}"));
    }
    text
}

/// `0.412 s`, `75 s`.
fn seconds(ms: u64) -> String {
    if ms < 10_000 { format!("{}.{:03} s", ms / 1000, ms % 1000) } else { format!("{} s", ms / 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_that_comes_twice_is_told_apart_by_its_offset() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let told = |at: &str| begins(at.parse().unwrap(), Step::Hour, &berlin);
        assert_eq!(told("2026-10-25T00:00:00Z"), "2026-10-25 02:00+02:00");
        assert_eq!(told("2026-10-25T01:00:00Z"), "2026-10-25 02:00+01:00");
        assert_eq!(begins("2026-10-24T22:00:00Z".parse().unwrap(), Step::Day, &berlin), "2026-10-25");
        assert_eq!([seconds(412), seconds(9_999), seconds(75_400)], ["0.412 s", "9.999 s", "75 s"]);
    }
}
