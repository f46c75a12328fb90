//! The form for when a certificate goes active: now, or at a date and time in a stated zone.

use egui::Ui;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::schedule::{Reading, Stated, at_home, day_before_end, home, proposal, tonight, week_before_end, week_from};
use crate::domain::certificate::CertificateFacts;
use crate::ui::moment::Moment;
use crate::ui::picker::{DateMarks, DatePicker, TimeField, ZonePicker};
use crate::ui::widgets::{ToneName, link, muted, notice, secondary, segmented};

/// The form.
#[derive(Debug)]
pub(in crate::ui) struct ActivationForm {
    pub(in crate::ui) stated: Stated,
    dates: DatePicker,
    zones: ZonePicker,
}

impl ActivationForm {
    /// With what is sensible for a new certificate in place of an old one.
    #[must_use]
    pub(in crate::ui) fn proposed(old: Option<&CertificateFacts>, new: &CertificateFacts, moment: &Moment) -> Self {
        let moment = &at_home(moment);
        let proposal = proposal(old, new, moment);
        let local = proposal.unwrap_or_else(|| week_from(moment));
        Self::with(proposal.is_some(), local, home(moment).to_owned())
    }

    /// With an activation that is scheduled already.
    #[must_use]
    pub(in crate::ui) fn scheduled(at: Timestamp, zone: Option<&str>, moment: &Moment) -> Self {
        let known = zone.and_then(|name| Some((name, TimeZone::get(name).ok()?)));
        let (name, local) = match known {
            Some((name, zone)) => (name, zone.to_datetime(at)),
            None => (home(moment), at_home(moment).zone.to_datetime(at)),
        };
        Self::with(true, local, name.to_owned())
    }

    fn with(on_date: bool, local: DateTime, zone: String) -> Self {
        Self {
            stated: Stated { on_date, date: local.date(), time: TimeField::new(local.time()), zone, offset: None },
            dates: DatePicker::default(),
            zones: ZonePicker::default(),
        }
    }

    /// Shows it, with what it came to when that was last worked out.
    pub(in crate::ui) fn show(
        &mut self,
        ui: &mut Ui,
        reading: &Reading,
        means: &str,
        old: Option<&CertificateFacts>,
        moment: &Moment,
    ) {
        self.show_close(ui, reading, "", old, moment);
        if matches!(reading, Reading::Now | Reading::At { .. }) && !means.is_empty() {
            ui.add(egui::Label::new(muted(ui, means)).wrap());
        }
    }

    /// The same with what it came to on the line of the proposals, where every line counts.
    pub(super) fn show_close(
        &mut self,
        ui: &mut Ui,
        reading: &Reading,
        means: &str,
        old: Option<&CertificateFacts>,
        moment: &Moment,
    ) {
        let moment = &at_home(moment);
        let stated = &mut self.stated;
        let before = stated.clone();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(8.0, 8.0);
            // What does not fit goes to the next line, whole.
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            if let Some(on_date) = segmented(ui, stated.on_date, &[(false, "Now"), (true, "On a date")]) {
                stated.on_date = on_date;
            }
            if !stated.on_date {
                if !means.is_empty() && matches!(reading, Reading::Now) {
                    ui.label(muted(ui, means));
                }
                return;
            }
            let zone = TimeZone::get(&stated.zone).unwrap_or_else(|_unknown| moment.zone.clone());
            let old_end =
                old.filter(|old| old.not_after > moment.now).map(|old| zone.to_datetime(old.not_after).date());
            let marks = DateMarks {
                today: zone.to_datetime(moment.now).date(),
                other: old_end.map(|day| (day, "the old certificate expires")),
            };
            self.dates.show(ui, "Date", &mut stated.date, &marks);
            stated.time.show(ui, "Time");
            let local = stated.date.to_datetime(stated.time.value().unwrap_or(Time::midnight()));
            self.zones.show(ui, "Time zone", &mut stated.zone, local, home(moment));
        });
        if stated.on_date {
            presets(ui, stated, old, moment);
            if !means.is_empty() && matches!(reading, Reading::At { .. }) {
                ui.add(egui::Label::new(muted(ui, means)).wrap());
            }
        }
        // Another date is another question.
        if (before.date, &before.time, &before.zone) != (stated.date, &stated.time, &stated.zone) {
            stated.offset = None;
        }
        match reading {
            Reading::Refused(why) => notice(ui, ToneName::Bad, why, "", |_| {}),
            Reading::Twice { why, first, second } => {
                let mut chosen = None;
                notice(ui, ToneName::Warn, why, "Say which of the two is meant", |ui| {
                    for (offset, word) in [(first, "earlier"), (second, "later")] {
                        if secondary(ui, format!("The {word}, {}", offset_of(offset))).clicked() {
                            chosen = Some(offset.clone());
                        }
                    }
                });
                if chosen.is_some() {
                    stated.offset = chosen;
                }
            }
            Reading::Now | Reading::At { .. } => {}
        }
    }
}

/// The instants that are often chosen, in the zone that is stated.
fn presets(ui: &mut Ui, stated: &mut Stated, old: Option<&CertificateFacts>, moment: &Moment) {
    let there = moment.there(TimeZone::get(&stated.zone).unwrap_or_else(|_unknown| moment.zone.clone()));
    let all = [
        ("Tonight 02:00", Some(tonight(&there))),
        ("In 7 days", Some(week_from(&there))),
        ("A week before the old one expires", week_before_end(old, &there)),
        ("The day before the old one expires", day_before_end(old, &there)),
    ];
    ui.scope(|ui| {
        // Words alone: as low as they are.
        ui.spacing_mut().interact_size.y = 0.0;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(12.0, 4.0);
            for (label, local) in all {
                if let Some(local) = local
                    && link(ui, label).clicked()
                {
                    stated.date = local.date();
                    stated.time = TimeField::new(local.time());
                }
            }
        });
    });
}

/// `UTC+02` of `2027-10-31T02:30:00+02`.
fn offset_of(written: &str) -> String {
    written.get(19..).map_or_else(String::new, |offset| format!("UTC{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_taken_from_what_is_written() {
        assert_eq!([offset_of("2027-10-31T02:30:00+02"), offset_of("short")], ["UTC+02", ""]);
    }
}
