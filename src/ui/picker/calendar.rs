//! The arithmetic of the month grid.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::ui::week::WeekStart;

/// A month as the grid shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Month(Date);

impl Month {
    /// The month in which a day lies.
    #[must_use]
    pub(super) fn of(day: Date) -> Self {
        Self(day.first_of_month())
    }

    /// So many months later, earlier where negative.
    #[must_use]
    pub(super) fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months.months()).first_of_month())
    }

    /// Whether a day lies in it.
    #[must_use]
    pub(super) fn holds(self, day: Date) -> bool {
        Self::of(day) == self
    }

    /// Whether it ends before a day.
    #[must_use]
    pub(super) fn ends_before(self, day: Date) -> bool {
        self.0.last_of_month() < day
    }

    /// `November 2026`.
    #[must_use]
    pub(super) fn label(self) -> String {
        self.0.strftime("%B %Y").to_string()
    }

    /// Six weeks from the first day of that in which it begins. Always six, so that the grid keeps its height.
    #[must_use]
    pub(super) fn weeks(self, start: WeekStart) -> [[Date; 7]; 6] {
        let first = self.0.saturating_sub(i32::from(start.days_before(self.0)).days());
        std::array::from_fn(|week| {
            std::array::from_fn(|day| first.saturating_add(i32::try_from(week * 7 + day).unwrap_or(0).days()))
        })
    }
}

/// What a key does to the day under the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many days on.
    Days(i32),
    /// The same day so many months on, or the month's last.
    Months(i32),
    /// The first day of the week.
    WeekStart,
    /// The last day of the week.
    WeekEnd,
}

/// The day that a step leads to; never before the earliest.
#[must_use]
pub(super) fn step(day: Date, step: Step, start: WeekStart, earliest: Date) -> Date {
    let into_week = i32::from(start.days_before(day));
    let there = match step {
        Step::Days(days) => day.saturating_add(days.days()),
        Step::Months(months) => day.saturating_add(months.months()),
        Step::WeekStart => day.saturating_sub(into_week.days()),
        Step::WeekEnd => day.saturating_add((6 - into_week).days()),
    };
    there.max(earliest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_month_is_shown_in_whole_weeks() {
        // 1 November 2026 is a Sunday: its week begins in October.
        let weeks = Month::of(date(2026, 11, 28)).weeks(WeekStart::Monday);
        assert_eq!(weeks[0][0], date(2026, 10, 26));
        assert_eq!(weeks[0][6], date(2026, 11, 1));
        assert_eq!(weeks[5][6], date(2026, 12, 6));
        // 1 February 2027 is a Monday.
        assert_eq!(Month::of(date(2027, 2, 1)).weeks(WeekStart::Monday)[0][0], date(2027, 2, 1));
        assert_eq!(Month::of(date(2026, 11, 28)).weeks(WeekStart::Sunday)[0][0], date(2026, 11, 1));
        // A leap day has its place.
        assert!(Month::of(date(2028, 2, 1)).weeks(WeekStart::Saturday).as_flattened().contains(&date(2028, 2, 29)));
    }

    #[test]
    fn keys_move_by_day_week_and_month_and_never_before_today() {
        let today = date(2026, 11, 24);
        let from = |day, by| step(day, by, WeekStart::Monday, today);
        assert_eq!(from(date(2026, 11, 30), Step::Days(1)), date(2026, 12, 1));
        assert_eq!(from(date(2026, 12, 31), Step::Days(7)), date(2027, 1, 7));
        assert_eq!(from(date(2027, 1, 31), Step::Months(1)), date(2027, 2, 28));
        assert_eq!(from(date(2026, 11, 28), Step::WeekEnd), date(2026, 11, 29));
        assert_eq!(from(date(2026, 11, 29), Step::WeekEnd), date(2026, 11, 29));
        assert_eq!(from(date(2026, 12, 5), Step::WeekStart), date(2026, 11, 30));
        assert_eq!(from(date(2026, 11, 26), Step::WeekStart), today, "Monday has passed");
        assert_eq!(from(date(2026, 12, 1), Step::Months(-1)), today);
    }

    #[test]
    fn months_follow_each_other_over_the_year() {
        let december = Month::of(date(2026, 12, 31));
        assert_eq!(december.plus(1), Month::of(date(2027, 1, 1)));
        assert_eq!(december.plus(-12).label(), "December 2025");
        assert!(december.ends_before(date(2027, 1, 1)) && !december.ends_before(date(2026, 12, 31)));
        assert_eq!(Month::of(Date::MAX).plus(1), Month::of(Date::MAX), "the calendar's end is no panic");
    }
}
