//! How dates are written, which is a matter of where one lives.
//!
//! What findings, notices and diagnoses say of dates is written by the domain in one fixed form, `14 Dec 2026`: the same text
//! stands in the window, in a terminal, in a report and in a mail, and nobody can misread it. So it is left as it is.

use egui::{Context, Id};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::territory;

/// A way of writing dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateForm {
    /// `26 Nov 2026`: read alike everywhere.
    #[default]
    Words,
    /// `2026-11-26`, as ISO 8601 has it.
    Iso,
    /// `26.11.2026`
    Dots,
    /// `26/11/2026`
    DayFirst,
    /// `11/26/2026`
    MonthFirst,
}

/// What the user has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum DateChoice {
    /// As the system's language settings have it.
    System,
    /// One of ours.
    Form(DateForm),
}

/// Territories that write the month first, the year first, and dots: CLDR, the skeleton `yMd` of their usual language.
const MONTH_FIRST: &str = "AS FM GU MH MP PA PH PR PW UM US VI";
const YEAR_FIRST: &str = "CA CN HU JP KP KR LT MN SE TW ZA";
const DOTS: &str = "AL AM AT AZ BA BG BY CH CZ DE DK EE FI GE HR IL IS KG KZ LI LU LV ME MK NO PL RO RS RU SI SK TR UA";

fn chosen() -> Id {
    Id::unique("date form")
}
fn said() -> Id {
    Id::unique("date form of the system")
}

impl DateForm {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Words, Self::Iso, Self::Dots, Self::DayFirst, Self::MonthFirst];

    /// What holds.
    #[must_use]
    pub(super) fn of(ctx: &Context) -> Self {
        match DateChoice::of(ctx) {
            DateChoice::Form(form) => form,
            DateChoice::System => Self::of_system(ctx),
        }
    }

    /// What the system says; words where it says nothing.
    #[must_use]
    pub(super) fn of_system(ctx: &Context) -> Self {
        ctx.data(|data| data.get_temp(said())).unwrap_or_default()
    }

    /// Notes what the system's language settings say; the first that is set counts.
    pub(super) fn follow<'s>(ctx: &Context, settings: impl IntoIterator<Item = &'s str>) {
        if let Some(setting) = territory::first_set(settings) {
            ctx.data_mut(|data| data.insert_temp(said(), Self::of_setting(setting)));
        }
    }

    fn of_setting(setting: &str) -> Self {
        let Some(territory) = territory::of(setting) else { return Self::Words };
        let is_in = |list: &str| territory::listed(list).any(|each| each == territory);
        if is_in(MONTH_FIRST) {
            Self::MonthFirst
        } else if is_in(YEAR_FIRST) {
            Self::Iso
        } else if is_in(DOTS) {
            Self::Dots
        } else {
            Self::DayFirst
        }
    }

    /// `26 Nov 2026`
    #[must_use]
    pub(super) fn date(self, date: Date) -> String {
        let form = match self {
            Self::Words => "%-d %b %Y",
            Self::Iso => "%Y-%m-%d",
            Self::Dots => "%d.%m.%Y",
            Self::DayFirst => "%d/%m/%Y",
            Self::MonthFirst => "%m/%d/%Y",
        };
        date.strftime(form).to_string()
    }

    /// `26 Nov`: without the year, unless a date without one would be no date any more.
    #[must_use]
    pub(super) fn day(self, date: Date) -> String {
        let form = match self {
            Self::Words => "%-d %b",
            Self::Iso => "%Y-%m-%d",
            Self::Dots => "%d.%m.",
            Self::DayFirst => "%d/%m",
            Self::MonthFirst => "%m/%d",
        };
        date.strftime(form).to_string()
    }

    /// `Thu 26 Nov 2026`
    #[must_use]
    pub(super) fn date_of_week(self, date: Date) -> String {
        format!("{} {}", date.strftime("%a"), self.date(date))
    }
}

impl DateChoice {
    /// What is chosen; words where nothing is.
    #[must_use]
    pub(super) fn of(ctx: &Context) -> Self {
        ctx.data_mut(|data| data.get_persisted(chosen())).unwrap_or(Self::Form(DateForm::Words))
    }

    /// Keeps it.
    pub(super) fn choose(self, ctx: &Context) {
        ctx.data_mut(|data| data.insert_persisted(chosen(), self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_date_is_written_in_the_form_that_is_chosen() {
        let day = date(2026, 3, 5);
        assert_eq!(
            DateForm::ALL.map(|form| form.date(day)),
            ["5 Mar 2026", "2026-03-05", "05.03.2026", "05/03/2026", "03/05/2026"]
        );
        assert_eq!(DateForm::ALL.map(|form| form.day(day)), ["5 Mar", "2026-03-05", "05.03.", "05/03", "03/05"]);
        assert_eq!(DateForm::Words.date_of_week(day), "Thu 5 Mar 2026");
    }

    #[test]
    fn the_system_is_followed_only_where_that_is_chosen() {
        let ctx = Context::default();
        DateForm::follow(&ctx, ["", "de_AT.UTF-8", "en_US"]);
        assert_eq!(DateForm::of(&ctx), DateForm::Words, "nothing was chosen");
        DateChoice::System.choose(&ctx);
        assert_eq!(DateForm::of(&ctx), DateForm::Dots);
        for (setting, expected) in [
            ("en_US.UTF-8", DateForm::MonthFirst),
            ("sv_SE", DateForm::Iso),
            ("en_GB", DateForm::DayFirst),
            ("C.UTF-8", DateForm::Words),
            ("POSIX", DateForm::Words),
            ("nonsense", DateForm::Words),
        ] {
            DateForm::follow(&ctx, [setting]);
            assert_eq!(DateForm::of(&ctx), expected, "{setting}");
        }
        DateChoice::Form(DateForm::Iso).choose(&ctx);
        assert_eq!(DateForm::of(&ctx), DateForm::Iso);
    }

    #[test]
    fn no_territory_is_in_two_lists() {
        let mut all: Vec<&str> =
            [MONTH_FIRST, YEAR_FIRST, DOTS].iter().flat_map(|list| territory::listed(list)).collect();
        let number = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), number);
    }
}
