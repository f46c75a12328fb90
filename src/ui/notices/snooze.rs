//! Putting a notice off until a date.

use egui::{Context, Ui};
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::app::engine::{Command, NoticeCommand, RequestId};
use crate::domain::notice::Notice;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::picker::{DateMarks, DatePicker, TimeField};
use crate::ui::widgets::{ToneName, field, field_error, notice, primary, secondary};

/// The dialog.
pub(super) struct SnoozeDialog {
    key: String,
    title: String,
    /// The day on which it bites, to be seen in the month.
    bites: Date,
    /// The last instant until which it can be put off, where there is one.
    latest: Option<Timestamp>,
    date: Date,
    picker: DatePicker,
    time: TimeField,
    request: Option<RequestId>,
    refused: Option<String>,
}

impl SnoozeDialog {
    /// For a notice; a week from now is proposed, at nine, or the day before it bites where that is sooner.
    pub(super) fn new(notice: &Notice, desk: &Desk<'_>) -> Self {
        let day = |at: Timestamp| desk.moment.zone.to_datetime(at).date();
        let today = day(desk.moment.now);
        let latest = notice.latest_snooze(desk.moment.now);
        let week = today.checked_add(jiff::Span::new().days(7)).unwrap_or(today);
        let before = latest.and_then(|latest| day(latest).checked_sub(jiff::Span::new().days(1)).ok());
        Self {
            key: notice.key.clone(),
            title: notice.title.clone(),
            bites: day(notice.at),
            latest,
            date: before.map_or(week, |before| week.min(before.max(today))),
            picker: DatePicker::default(),
            time: TimeField::new(Time::constant(9, 0, 0, 0)),
            request: None,
            refused: None,
        }
    }

    fn until(&self, desk: &Desk<'_>) -> Option<Timestamp> {
        let local = self.date.to_datetime(self.time.value()?);
        desk.moment.zone.to_timestamp(local).ok().filter(|until| *until > desk.moment.now)
    }

    /// Whether it would stay silent when what it is about comes.
    fn is_late(&self, until: Timestamp) -> bool {
        self.latest.is_some_and(|latest| until > latest)
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.request) {
            Some(Ok(_)) => return Flow::Close,
            Some(Err(error)) => self.refused = Some(error.message().to_owned()),
            None => {}
        }
        let busy = self.request.is_some();
        let stated = self.until(desk);
        let until = stated.filter(|until| !self.is_late(*until));
        ui.add_enabled_ui(!busy, |ui| {
            field(ui, "Until", |ui| {
                ui.horizontal(|ui| {
                    let today = desk.moment.zone.to_datetime(desk.moment.now).date();
                    let marks = DateMarks { today, other: Some((self.bites, "it takes effect")) };
                    self.picker.show(ui, "Date", &mut self.date, &marks);
                    self.time.show(ui, "Time");
                });
                let late = self.latest.filter(|_| stated.is_some() && until.is_none());
                if stated.is_none() {
                    field_error(ui, "Write a time such as 09:00 that is still to come");
                } else if let Some(latest) = late {
                    let when = desk.moment.day_and_time(latest);
                    field_error(ui, &format!("It takes effect {when}: put it off until then at the latest"));
                }
            });
        });
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, "It was not put off", reason, |_| ());
        }
        let mut flow = Flow::Open;
        buttons(ui, |ui| {
            let put_off = ui.add_enabled_ui(!busy && until.is_some(), |ui| primary(ui, "Put off")).inner;
            if let Some(until) = until.filter(|_| put_off.clicked()) {
                let key = self.key.clone();
                self.request = desk.ask(|id| Command::Notices(id, NoticeCommand::Snooze(key, until)));
            }
            if secondary(ui, "Cancel").clicked() {
                flow = Flow::Close;
            }
        });
        flow
    }
}

impl Dialog for SnoozeDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        let (title, busy) = (self.title.clone(), self.request.is_some());
        frame(ctx, "snooze", "Put off until a date", &title, 520.0, busy, |ui| self.content(ui, desk))
    }
}
