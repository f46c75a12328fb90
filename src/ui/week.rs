//! On which day weeks begin, which is a matter of where one lives.

use egui::{Context, Id};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::territory;

/// The first day of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum WeekStart {
    /// As ISO 8601 has it.
    #[default]
    Monday,
    /// As in the United States.
    Sunday,
    /// As in Egypt.
    Saturday,
}

/// Territories whose weeks begin on a Sunday, and on a Saturday: CLDR, supplemental data, `weekData`, `firstDay`.
const SUNDAY: &str = "AG AS BD BR BS BT BW BZ CA CO DM DO ET GT GU HK HN ID IL IN JM JP KE KH KR LA MH MM MO MT MX MZ NI \
                      NP PA PE PH PK PR PT PY SA SG SV TH TT TW UM US VE VI WS YE ZA ZW";
const SATURDAY: &str = "AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY";

/// What the user has chosen, and what the system says.
fn chosen() -> Id {
    Id::unique("week start")
}
fn said() -> Id {
    Id::unique("week start of the system")
}

impl WeekStart {
    /// All of them, with their names.
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::Monday, "Monday"), (Self::Sunday, "Sunday"), (Self::Saturday, "Saturday")];

    /// What holds: the user's choice, else the system's, else Monday.
    #[must_use]
    pub(super) fn of(ctx: &Context) -> Self {
        ctx.data_mut(|data| data.get_persisted(chosen()).or_else(|| data.get_temp(said()))).unwrap_or_default()
    }

    /// Keeps what the user has chosen.
    pub(super) fn choose(self, ctx: &Context) {
        ctx.data_mut(|data| data.insert_persisted(chosen(), self));
    }

    /// Notes what the system's language settings say; the first that is set counts.
    pub(super) fn follow<'s>(ctx: &Context, settings: impl IntoIterator<Item = &'s str>) {
        if let Some(setting) = territory::first_set(settings) {
            ctx.data_mut(|data| data.insert_temp(said(), Self::of_setting(setting)));
        }
    }

    fn of_setting(setting: &str) -> Self {
        let territory = territory::of(setting);
        let is_in =
            |list: &str| territory.is_some_and(|territory| territory::listed(list).any(|each| each == territory));
        if is_in(SUNDAY) {
            Self::Sunday
        } else if is_in(SATURDAY) {
            Self::Saturday
        } else {
            Self::Monday
        }
    }

    /// How many days of its week lie before a day.
    #[must_use]
    pub(super) fn days_before(self, day: Date) -> i8 {
        let weekday = day.weekday();
        match self {
            Self::Monday => weekday.to_monday_zero_offset(),
            Self::Sunday => weekday.to_sunday_zero_offset(),
            Self::Saturday => (weekday.to_monday_zero_offset() + 2) % 7,
        }
    }

    /// The heads of a month's columns.
    #[must_use]
    pub(super) fn heads(self) -> [&'static str; 7] {
        match self {
            Self::Monday => ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"],
            Self::Sunday => ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"],
            Self::Saturday => ["Sa", "Su", "Mo", "Tu", "We", "Th", "Fr"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn weeks_begin_where_the_system_says_unless_the_user_has_chosen() {
        let ctx = Context::default();
        assert_eq!(WeekStart::of(&ctx), WeekStart::Monday);
        WeekStart::follow(&ctx, ["", "ar_EG.UTF-8", "de_DE"]);
        assert_eq!(WeekStart::of(&ctx), WeekStart::Saturday);
        for (setting, expected) in [
            ("en_US.UTF-8", WeekStart::Sunday),
            ("de_DE@euro", WeekStart::Monday),
            ("pt_BR", WeekStart::Sunday),
            ("C.UTF-8", WeekStart::Monday),
            ("nonsense", WeekStart::Monday),
        ] {
            WeekStart::follow(&ctx, [setting]);
            assert_eq!(WeekStart::of(&ctx), expected, "{setting}");
        }
        WeekStart::Sunday.choose(&ctx);
        assert_eq!(WeekStart::of(&ctx), WeekStart::Sunday);
    }

    #[test]
    fn the_days_of_a_week_are_counted_from_its_first() {
        // A Saturday, a Sunday, a Monday.
        let days = [date(2026, 11, 28), date(2026, 11, 29), date(2026, 11, 30)];
        assert_eq!(days.map(|day| WeekStart::Monday.days_before(day)), [5, 6, 0]);
        assert_eq!(days.map(|day| WeekStart::Sunday.days_before(day)), [6, 0, 1]);
        assert_eq!(days.map(|day| WeekStart::Saturday.days_before(day)), [0, 1, 2]);
        for (start, _) in WeekStart::ALL {
            let place = usize::try_from(start.days_before(days[2])).unwrap();
            assert_eq!(start.heads()[place], "Mo");
        }
    }
}
