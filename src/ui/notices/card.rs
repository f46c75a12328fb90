//! One notice: how urgent, what, when, what to do, and what can be done with it from here.

use egui::{Align, Button, Layout, Popup, PopupCloseBehavior, RichText, Ui, Widget as _, vec2};
use jiff::SignedDuration;

use super::{cause, snooze::SnoozeDialog, tone};
use crate::app::ListedNotice;
use crate::app::engine::NoticeCommand;
use crate::domain::notice::standing::Standing;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::Intent;
use crate::ui::theme;
use crate::ui::widgets::{Badge, ToneName, card as ground, muted, secondary, small, utc_on_hover};

/// For how long a notice is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Snooze {
    Day,
    Week,
    Until,
}

impl Snooze {
    /// So many days, where it says so itself.
    const fn days(self) -> Option<i64> {
        match self {
            Self::Day => Some(1),
            Self::Week => Some(7),
            Self::Until => None,
        }
    }
}

/// Shows it; returns what is to be done.
pub(super) fn card(ui: &mut Ui, listed: &ListedNotice, desk: &mut Desk<'_>) -> Option<NoticeCommand> {
    let notice = &listed.notice;
    let mut wish = None;
    ground(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 5.0;
        ui.horizontal(|ui| {
            badge(ui, listed);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let said = ui.add(egui::Label::new(muted(ui, when(listed, desk))).truncate());
                utc_on_hover(said, listed.notice.at);
            });
        });
        let title = RichText::new(&notice.title).font(theme::bold(theme::BODY));
        ui.add(egui::Label::new(title).wrap().selectable(true));
        if !notice.text.is_empty() {
            ui.add(egui::Label::new(small(&notice.text)).wrap().selectable(true));
        }
        if !notice.remedy.is_empty() {
            ui.add(egui::Label::new(muted(ui, &notice.remedy)).wrap());
        }
        if let Some(told) = told(listed, desk) {
            ui.add(egui::Label::new(muted(ui, told)).wrap());
        }
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            // Named after what it is about, so that buttons of the same word can be told apart.
            ui.push_id(&notice.key, |ui| wish = actions(ui, listed, desk));
        });
    });
    wish
}

fn badge(ui: &mut Ui, listed: &ListedNotice) {
    let notice = &listed.notice;
    let urgency = notice.urgency.label();
    match &listed.standing {
        Standing::Open => Badge::new(tone(notice.urgency), urgency).about(notice.kind.label()).show(ui),
        Standing::Acknowledged { .. } => {
            Badge::new(ToneName::Ok, "Acknowledged").about(notice.kind.label()).stands(urgency).show(ui)
        }
        Standing::Snoozed { .. } => {
            Badge::new(ToneName::Info, "Put off").icon(Icon::Clock).about(notice.kind.label()).stands(urgency).show(ui)
        }
    };
}

/// When it bites, in the user's zone and told from now.
fn when(listed: &ListedNotice, desk: &Desk<'_>) -> String {
    let (at, moment) = (listed.notice.at, &desk.moment);
    let told = if at > moment.now { moment.until(at) } else { moment.ago(at) };
    format!("{} · {told}", moment.day_and_time(at))
}

fn told(listed: &ListedNotice, desk: &Desk<'_>) -> Option<String> {
    let moment = &desk.moment;
    match &listed.standing {
        Standing::Acknowledged { at, by } => Some(format!("Acknowledged {} by {by}", moment.day_and_time(*at))),
        Standing::Snoozed { until, by } => Some(format!("Put off until {} by {by}", moment.day_and_time(*until))),
        Standing::Open => {
            let mail = listed.told.iter().rev().find(|told| told.way == crate::domain::notice::standing::Way::Mail);
            mail.map(|told| format!("Told by e-mail {}", moment.day_and_time(told.at)))
        }
    }
}

fn actions(ui: &mut Ui, listed: &ListedNotice, desk: &mut Desk<'_>) -> Option<NoticeCommand> {
    let notice = &listed.notice;
    let mut wish = None;
    if let Some((label, intent)) = cause(notice)
        && secondary(ui, label).clicked()
    {
        desk.intend(intent);
    }
    if !listed.standing.is_open() {
        if secondary(ui, "Open again").clicked() {
            wish = Some(NoticeCommand::Reopen(notice.key.clone()));
        }
        return wish;
    }
    if secondary(ui, "Acknowledge").clicked() {
        wish = Some(NoticeCommand::Acknowledge(vec![notice.key.clone()]));
    }
    let button = secondary(ui, "Put off");
    let mut chosen = None;
    let now = desk.moment.now;
    let latest = notice.latest_snooze(now);
    let until = |days: i64| now.saturating_add(SignedDuration::from_hours(24 * days)).ok();
    Popup::menu(&button).accessible_name("Put off").close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
        ui.set_min_width(140.0);
        for (snooze, label) in
            [(Snooze::Day, "For a day"), (Snooze::Week, "For a week"), (Snooze::Until, "Until a date…")]
        {
            // What would keep it silent when it bites is no choice.
            let late = snooze.days().and_then(until).is_some_and(|until| latest.is_some_and(|latest| until > latest));
            if late {
                continue;
            }
            let label = RichText::new(label).font(theme::body());
            if Button::selectable(false, label).min_size(vec2(140.0, 28.0)).ui(ui).clicked() {
                chosen = Some(snooze);
            }
        }
    });
    match chosen {
        Some(snooze @ (Snooze::Day | Snooze::Week)) => {
            wish = snooze.days().and_then(until).map(|until| NoticeCommand::Snooze(notice.key.clone(), until));
        }
        Some(Snooze::Until) => desk.intend(Intent::Open(Box::new(SnoozeDialog::new(notice, desk)))),
        None => {}
    }
    wish
}
