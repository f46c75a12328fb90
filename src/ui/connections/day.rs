//! How do we stand on that day: the day that is looked at, and the workspace judged at its end. The engine judges; until it
//! has, what is shown stays.

use std::sync::Arc;

use egui::Ui;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use crate::app::engine::{Answer, Command, Foreseen, Outlook, RequestId, Snapshot};
use crate::ui::desk::Desk;
use crate::ui::moment::{Moment, count};
use crate::ui::picker::{DateMarks, DatePicker};
use crate::ui::widgets::{Choice, ToneName, muted, notice, secondary, select};

/// The control with its label is as wide as that.
pub(super) const DAY_WIDTH: f32 = 300.0;

/// Which day is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Day {
    /// The present.
    #[default]
    Today,
    /// So many days from today.
    In(i32),
    /// The day on which the next due finding bites.
    NextDue,
    /// One of the user's choice.
    On(Date),
}

/// The day that is looked at.
#[derive(Default)]
pub(super) struct DayView {
    day: Day,
    picker: DatePicker,
    /// What is being judged: from which snapshot, at which instant.
    asked: Option<(Arc<Snapshot>, Timestamp)>,
    request: Option<RequestId>,
    /// What was judged, from which snapshot and at which instant.
    judged: Option<(Arc<Snapshot>, Timestamp, Arc<Snapshot>)>,
}

impl DayView {
    /// The workspace as it stands on the day that is looked at, once it has been judged; till then as it was shown.
    pub(super) fn shown(&mut self, desk: &mut Desk<'_>) -> Arc<Snapshot> {
        self.follow(desk);
        match &self.judged {
            Some((.., judged)) if self.date(desk).is_some() => Arc::clone(judged),
            _ => Arc::clone(desk.snapshot),
        }
    }

    /// The instant from which is counted what is still to come.
    #[must_use]
    pub(super) fn now(&self, desk: &Desk<'_>) -> Timestamp {
        match &self.judged {
            Some((_, at, _)) if self.date(desk).is_some() => *at,
            _ => desk.moment.now,
        }
    }

    /// Has the day judged where that is not done yet, one question at a time.
    fn follow(&mut self, desk: &mut Desk<'_>) {
        if let Some(answer) = desk.answer(&mut self.request) {
            match answer {
                Ok(Answer::Foreseen(foreseen)) => {
                    if let (Foreseen::At(judged), Some((from, at))) = (*foreseen, self.asked.take()) {
                        self.judged = Some((from, at, judged));
                    }
                }
                Ok(_) => {}
                Err(error) => desk.toasts.failed("That day could not be judged", &error),
            }
        }
        let Some(date) = self.date(desk) else {
            self.judged = None;
            return;
        };
        let at = end_of(date, &desk.moment);
        let known = self.judged.as_ref().is_some_and(|(from, when, _)| Arc::ptr_eq(from, desk.snapshot) && *when == at);
        if !known && self.request.is_none() {
            let snapshot = Arc::clone(desk.snapshot);
            self.asked = Some((Arc::clone(&snapshot), at));
            self.request = desk.ask(|id| Command::Foresee(id, Outlook::At(snapshot, at)));
        }
    }

    /// The day that is looked at; nothing for the present.
    fn date(&self, desk: &Desk<'_>) -> Option<Date> {
        let today = today(&desk.moment);
        match self.day {
            Day::Today => None,
            Day::In(days) => Some(today.saturating_add(days.days())),
            Day::NextDue => next_due(desk),
            Day::On(date) => Some(date),
        }
        .filter(|date| *date > today)
    }

    /// The control: a day among a few, or one of the user's choice.
    pub(super) fn control(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        let today = today(&desk.moment);
        let day = |date: Date| desk.moment.dates.date(date);
        let within = |days: i32| Choice {
            value: Day::In(days),
            label: format!("In {days} days"),
            remark: Some(day(today.saturating_add(days.days()))),
        };
        let mut choices = vec![
            Choice { value: Day::Today, label: "Today".to_owned(), remark: Some(day(today)) },
            within(30),
            within(90),
            within(365),
        ];
        if let Some(next) = next_due(desk).filter(|next| *next > today) {
            let label = "When the next thing bites".to_owned();
            choices.insert(1, Choice { value: Day::NextDue, label, remark: Some(day(next)) });
        }
        let chosen = match self.day {
            Day::On(date) => Day::On(date),
            _ => Day::On(self.date(desk).unwrap_or_else(|| today.saturating_add(1.days()))),
        };
        choices.push(Choice::new(chosen, "On another day…"));
        ui.horizontal(|ui| {
            ui.label(muted(ui, "How we stand"));
            if let (Some(day), _) = select(ui, "How we stand", &self.day, &choices, 200.0) {
                self.day = day;
            }
        });
        if let Day::On(mut date) = self.day {
            let due = next_due(desk).map(|date| (date, "the next thing bites"));
            let marks = DateMarks { today, other: due };
            if ui.available_size_before_wrap().x < DAY_WIDTH / 2.0 {
                ui.end_row();
            }
            if self.picker.show(ui, "Day", &mut date, &marks) {
                self.day = if date > today { Day::On(date) } else { Day::Today };
            }
        }
    }

    /// Says that another day is looked at, and leads back.
    pub(super) fn banner(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        let Some(date) = self.date(desk) else { return };
        let days = usize::try_from((date - today(&desk.moment)).get_days()).unwrap_or(0);
        let head = format!(
            "This is how you stand on {}, {} from today",
            desk.moment.dates.date_of_week(date),
            count(days, "day")
        );
        let at = end_of(date, &desk.moment);
        let done = self.judged.as_ref().is_some_and(|(from, when, _)| Arc::ptr_eq(from, desk.snapshot) && *when == at);
        let text = if done {
            "Settings and schedules as they are now, judged at the end of that day. What you open is shown and changed as of \
             today"
        } else {
            "Judging that day…"
        };
        if notice(ui, ToneName::Accent, &head, text, |ui| secondary(ui, "Back to today").clicked()) {
            self.day = Day::Today;
        }
    }
}

fn today(moment: &Moment) -> Date {
    moment.zone.to_datetime(moment.now).date()
}

/// The last instant of a day in the user's zone, so that whatever happens on it has happened.
fn end_of(date: Date, moment: &Moment) -> Timestamp {
    let next = date.saturating_add(1.days());
    moment.zone.to_timestamp(next.at(0, 0, 0, 0)).map_or(Timestamp::MAX, |begin| {
        begin.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(Timestamp::MIN)
    })
}

/// The day on which the next due finding bites.
fn next_due(desk: &Desk<'_>) -> Option<Date> {
    let next = desk.snapshot.due.iter().find(|due| due.bites > desk.moment.now)?;
    Some(desk.moment.zone.to_datetime(next.bites).date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn a_day_is_judged_at_its_last_instant_in_the_users_zone() {
        let now = "2026-11-24T08:30:00Z".parse().unwrap();
        let end = |zone: &str, date: &str| {
            end_of(date.parse().unwrap(), &Moment::new(now, TimeZone::get(zone).unwrap())).to_string()
        };
        assert_eq!(end("UTC", "2026-12-01"), "2026-12-01T23:59:59.999Z");
        assert_eq!(end("Europe/Berlin", "2026-12-01"), "2026-12-01T22:59:59.999Z");
        assert_eq!(end("America/Los_Angeles", "2026-11-30"), "2026-12-01T07:59:59.999Z");
        // A day whose midnight is skipped by the clock, and the calendar's last.
        assert_eq!(end("America/Santiago", "2026-09-05"), "2026-09-06T03:59:59.999Z");
        assert!(end("UTC", "9999-12-31").starts_with("9999-12-"));
    }
}
