//! What a step would do, before it is done: numbers, what is to be looked at, and the list.

use egui::{RichText, ScrollArea, Ui};

use super::lines::in_zone;
use crate::domain::certificate::Fingerprint;
use crate::domain::rollover::{PlannedProfile, ProfileKey, RolloverPlan, ScheduleEffect};
use crate::ui::focus;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::{Moment, count};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, link, mono, muted, notice, small};

/// Height of a row of the list.
const ROW: f32 = 24.0;

/// Shows it; returns those for which it cannot be done, where they are to be left out.
pub(super) fn difference(ui: &mut Ui, plan: &RolloverPlan, moment: &Moment) -> Option<Vec<ProfileKey>> {
    ui.spacing_mut().item_spacing.y = 6.0;
    let mut left_out = None;
    if !plan.refused.is_empty() {
        let all = plan.refused.len() + plan.profiles.len();
        let head = format!("{} of {all} cannot be changed, so none is", count(plan.refused.len(), "profile"));
        let mut said: Vec<String> = plan
            .refused
            .iter()
            .take(4)
            .map(|refused| format!("{}, {}: {}", refused.connection, refused.profile, refused.why))
            .collect();
        if plan.refused.len() > 4 {
            said.push(format!("and {} more", plan.refused.len() - 4));
        }
        let leave = format!("Leave {} out…", count(plan.refused.len(), "profile"));
        let offer = |ui: &mut Ui| {
            let link = link(ui, leave);
            // It comes when the plan has been worked out.
            focus::avoid(ui.ctx(), link.id);
            link.clicked()
        };
        if notice(ui, ToneName::Bad, &head, &said.join("\n"), offer) {
            let refused = plan.refused.iter().map(|refused| (refused.connection.clone(), refused.profile));
            left_out = Some(refused.collect());
        }
    }
    if !plan.kept.is_empty() {
        let head = kept(plan.kept.len());
        let said: Vec<String> = plan
            .kept
            .iter()
            .take(6)
            .map(|kept| format!("{}, {}: {}", kept.connection, kept.profile, kept.why))
            .chain((plan.kept.len() > 6).then(|| format!("and {} more", plan.kept.len() - 6)))
            .collect();
        notice(ui, ToneName::Warn, &head, &said.join("\n"), |_| {});
    }
    let mut said: Vec<String> = plan
        .warnings()
        .into_iter()
        .map(|(warning, number)| format!("{} ({})", warning.sentence_beforehand(), count(number, "profile")))
        .collect();
    let against = plan.against_policy();
    if against > 0 {
        said.push(format!("It does not fit the partner's policy for {}", count(against, "profile")));
    }
    if !said.is_empty() {
        let head =
            if said.len() == 1 { "1 thing to look at".to_owned() } else { format!("{} things to look at", said.len()) };
        notice(ui, ToneName::Warn, &head, &said.join("\n"), |_| {});
    }
    let changing: Vec<&PlannedProfile> = plan.profiles.iter().filter(|planned| planned.changes()).collect();
    let (same, scheduled) = plan.unchanged();
    let mut head = format!("{} would change", count(changing.len(), "profile"));
    if same > 0 {
        head.push_str(&format!(", {same} {} as they should already", if same == 1 { "stands" } else { "stand" }));
    }
    if scheduled > 0 {
        let stay = if scheduled == 1 { "stays scheduled as it was" } else { "stay scheduled as they were" };
        head.push_str(&format!(", {scheduled} {stay} before the rollover"));
    }
    ui.label(RichText::new(head).font(theme::bold(theme::BODY)));
    ui.spacing_mut().item_spacing.y = 0.0;
    let most = 9.0 * ROW;
    ScrollArea::vertical().id_salt("difference").max_height(most).auto_shrink([false, true]).show_rows(
        ui,
        ROW,
        changing.len(),
        |ui, rows| {
            ui.spacing_mut().interact_size.y = ROW;
            for planned in changing.get(rows).unwrap_or_default() {
                row(ui, planned, moment);
            }
        },
    );
    left_out
}

fn kept(number: usize) -> String {
    if number == 1 {
        "1 profile keeps its certificates".to_owned()
    } else {
        format!("{number} profiles keep their certificates")
    }
}

fn short(print: Option<Fingerprint>) -> String {
    print.map_or_else(|| "nothing".to_owned(), |print| print.short())
}

fn row(ui: &mut Ui, planned: &PlannedProfile, moment: &Moment) {
    let tokens = tokens(ui.ctx());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let cell = |ui: &mut Ui, width: f32, text: RichText| {
            // As wide as it is meant to be, whatever stands in it.
            let (rect, _) = ui.allocate_exact_size(egui::vec2(width, ROW), egui::Sense::hover());
            let layout = egui::Layout::left_to_right(egui::Align::Center);
            let mut cell = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
            cell.add(egui::Label::new(text).truncate());
        };
        let wide = ui.available_width();
        let name = format!("{}, {}", planned.name, planned.profile);
        let when = match planned.from {
            Some(at) if at <= moment.now => "At once".to_owned(),
            Some(at) => in_zone(at, planned.zone.as_deref(), moment),
            None if planned.schedule_effect() == ScheduleEffect::Removed => "Schedule removed".to_owned(),
            None => "No change of use".to_owned(),
        };
        let change = format!("{} → {}", short(planned.encrypts_now), short(planned.encrypts_then));
        cell(ui, (wide * 0.32).max(150.0), small(name).color(tokens.text));
        cell(ui, 226.0, mono(change).color(tokens.text));
        cell(ui, (wide * 0.24).max(120.0), small(when).color(tokens.text));
        let schedule = match planned.schedule_effect() {
            ScheduleEffect::ComesBack(earlier) => {
                let when = in_zone(earlier.at, earlier.zone.as_deref(), moment);
                Some(format!("the earlier schedule comes back: {} from {when}", earlier.certificate.short()))
            }
            ScheduleEffect::Removed if planned.from.is_some() => Some("schedule removed".to_owned()),
            ScheduleEffect::Removed | ScheduleEffect::None => None,
        };
        let labels = planned.warnings.iter().map(|warning| warning.label().to_owned());
        let mut remarks: Vec<String> = schedule.iter().cloned().chain(labels).collect();
        if !planned.against_policy.is_empty() {
            remarks.push("against policy".to_owned());
        }
        if !remarks.is_empty() {
            ui.label(icon::text(Icon::TriangleAlert, tokens.warn.ink).size(13.0));
            let said = muted(ui, remarks.join(", "));
            let label = ui.add(egui::Label::new(said).truncate());
            let sentences = planned.warnings.iter().map(|warning| warning.sentence_beforehand().to_owned());
            let mut full: Vec<String> = schedule.into_iter().chain(sentences).collect();
            full.extend(planned.against_policy.iter().cloned());
            label.on_hover_text(full.join("\n"));
        }
    });
}
