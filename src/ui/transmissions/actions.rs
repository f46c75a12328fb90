//! What is done with several transmissions: written to a file, sent again, their Message-IDs copied.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use egui::{Frame, Margin, Ui, vec2};

use super::again::{Again, NotTaken};
use super::batch::Batch;
use super::list::{What, all_of};
use super::selection::Selection;
use crate::app::engine::{Answer, Command, JournalCommand, RequestId, Snapshot};
use crate::app::{Exported, Payload, SendRequest, TransmissionSummary};
use crate::domain::transmission::{Direction, Verdict};
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::intent::Intent;
use crate::ui::moment::grouped;
use crate::ui::outcome::{may_be_redelivered, may_double};
use crate::ui::shell::Confirm;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{muted, secondary, secondary_in_line, strong};

/// So many are sent at once at most, whoever began them.
const MOST_AT_ONCE: usize = 8;

/// What is under way.
#[derive(Default)]
pub(super) struct Actions {
    pick: Option<(Exported, Option<PickId>)>,
    writing: Option<RequestId>,
    /// What is sent again once the user has agreed.
    proposed: Option<(Rc<Cell<bool>>, VecDeque<SendRequest>)>,
    /// What is still to be sent.
    again: Again,
    /// What was begun of it, and what has come of that.
    batch: Batch,
    /// How many of the selected can be sent as new, and how many under their Message-IDs, as of which selection and
    /// workspace: there may be thousands.
    sendable: Option<(u64, Arc<Snapshot>, (usize, usize))>,
}

impl Actions {
    /// Asks where a list is to be written.
    pub(super) fn export(&mut self, which: Exported, desk: &mut Desk<'_>) {
        let day = desk.moment.zone.to_datetime(desk.moment.now).strftime("%Y-%m-%d").to_string();
        let pick = desk.pick_file(FilePick::Save(format!("transmissions-{day}.csv")));
        self.pick = pick.map(|pick| (which, Some(pick)));
    }

    /// Goes on with what is under way. To be called once a frame, whatever page is shown.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) {
        if let Some((which, pick)) = &mut self.pick
            && let Some(picked) = desk.picked(pick)
        {
            let which = which.clone();
            self.pick = None;
            if let Some(file) = picked {
                self.writing = desk.ask(|id| Command::Journal(id, JournalCommand::Export(which, file)));
            }
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Written(file))) => desk.toasts.done("Written", &file.display().to_string()),
            Some(Err(error)) => desk.toasts.failed("It was not written", &error),
            Some(Ok(_)) | None => {}
        }
        if self.proposed.as_ref().is_some_and(|(agreed, _)| agreed.get())
            && let Some((_, requests)) = self.proposed.take()
        {
            self.again.add(requests);
        }
        self.batch.follow(desk.sends);
        // What is under way wakes the window when it goes on, and then the next can follow.
        let batch = &mut self.batch;
        self.again.begin(|request| match desk.sends.running() {
            MOST_AT_ONCE.. => Err(NotTaken::Full(request)),
            _ => desk.try_send(request).map(|id| batch.begun(id)),
        });
        self.batch.conclude(self.again.len(), desk);
    }

    /// How many were to be sent again and have not begun yet.
    #[must_use]
    pub(super) fn to_be_sent(&self) -> usize {
        self.again.len()
    }

    /// Says how many are still to be sent, and offers to give them up.
    pub(super) fn remaining(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let (number, under_way) = (self.again.len(), self.batch.under_way());
        if number + under_way == 0 {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.label(muted(ui, format!("{} being sent, {} still to be sent", grouped(under_way), grouped(number))));
            if number > 0
                && secondary(ui, "Stop")
                    .on_hover_text("What is being sent now is finished, and nothing follows it")
                    .clicked()
            {
                self.again.stop();
                let documents = crate::ui::moment::count(number, "document");
                desk.toasts.warn("Stopped", &format!("{documents} not sent again"));
            }
        });
    }

    /// How many of the selected can be sent again; counted only when the selection or the workspace is another.
    fn sendable(&mut self, selection: &Selection, desk: &Desk<'_>) -> (usize, usize) {
        let revision = selection.revision();
        match &self.sendable {
            Some((of, snapshot, number)) if *of == revision && Arc::ptr_eq(snapshot, desk.snapshot) => *number,
            _ => {
                let can = selection.some().filter(|each| can_send(each, desk));
                let numbers = can
                    .fold((0, 0), |(all, open), each| (all + 1, open + usize::from(may_be_redelivered(each.verdict))));
                self.sendable = Some((revision, Arc::clone(desk.snapshot), numbers));
                numbers
            }
        }
    }

    /// Shows what can be done with the selected ones. `total` is how many are listed in all.
    pub(super) fn bar(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        what: &What,
        selection: &mut Selection,
        total: usize,
    ) {
        let tokens = tokens(ui.ctx());
        let frame = Frame::new()
            .fill(tokens.accent.soft)
            .corner_radius(theme::CARD_RADIUS)
            .inner_margin(Margin::symmetric(12, 6));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
                let words = match selection.count() {
                    Some(count) => format!("{} selected", grouped(count)),
                    None => format!("All {} selected", grouped(total)),
                };
                ui.add(egui::Label::new(strong(words)).extend());
                if secondary_in_line(ui, true, "Export selection…").clicked() {
                    let which = match selection.count() {
                        Some(_) => Exported::These(selection.some().map(|summary| summary.id).collect()),
                        None => Exported::Filter(Box::new(all_of(desk, what))),
                    };
                    self.export(which, desk);
                }
                if selection.is_read() {
                    if secondary_in_line(ui, true, "Copy Message-IDs").clicked() {
                        let ids: Vec<&str> = selection.some().rev().map(|each| each.message_id.as_str()).collect();
                        ui.ctx().copy_text(ids.join("\n"));
                        desk.toasts.done("Copied", "The Message-IDs of what is selected");
                    }
                    let (sendable, open) = self.sendable(selection, desk);
                    let button = secondary_in_line(ui, open > 0, "Redeliver selection…");
                    let hint =
                        "What did not get through, under its Message-ID, signed and encrypted with what is used now";
                    if button.on_hover_text(hint).clicked() {
                        self.propose_redelivery(selection, desk);
                    }
                    let button = secondary_in_line(ui, sendable > 0, "Send selection as new…");
                    let button =
                        button.on_hover_text("The same documents as new messages with Message-IDs of their own");
                    if button.clicked() {
                        self.propose(selection, desk);
                    }
                }
                if selection.is_too_many() {
                    ui.label(muted(ui, "More than 10,000: narrow the filters to send them again"));
                }
                // Behind the others: at the far right it would lie over them where the line is full.
                if secondary_in_line(ui, true, "Clear selection").clicked() {
                    selection.clear();
                }
            });
        });
    }

    /// Asks before messages are sent again under their Message-IDs.
    fn propose_redelivery(&mut self, selection: &Selection, desk: &mut Desk<'_>) {
        let open = |each: &&TransmissionSummary| can_send(each, desk) && may_be_redelivered(each.verdict);
        let chosen: Vec<&TransmissionSummary> = selection.some().filter(open).collect();
        let (count, uncertain) =
            (chosen.len(), chosen.iter().filter(|each| each.verdict == Verdict::Uncertain).count());
        let rest = selection.some().count() - count;
        let mut text =
            "Each goes out under the Message-ID that it has, signed and encrypted with what is used now, one after \
                        the other to each profile"
                .to_owned();
        if uncertain > 0 {
            let which = if uncertain == 1 { "One of them".to_owned() } else { format!("{uncertain} of them") };
            text.push_str(&format!(
                ". {which} may have arrived: there the very bytes go out that were sent, so that the partner recognises them"
            ));
        }
        if rest > 0 {
            text.push_str(&format!(
                ". {rest} of the selected were delivered or received, or are under way, and are left out"
            ));
        }
        let requests = chosen.into_iter().filter_map(|summary| {
            let payload = Payload::Again { id: summary.id, even_delivered: false };
            Some(SendRequest { payload, ..request(summary)? })
        });
        let requests = requests.collect();
        let agreed = Rc::new(Cell::new(false));
        self.proposed = Some((Rc::clone(&agreed), requests));
        let messages = crate::ui::moment::count(count, "message");
        let title = format!("Redeliver {messages}?");
        let question = Confirm::new(title, text, format!("Redeliver {messages}"), move |_desk| agreed.set(true));
        desk.intend(Intent::Open(Box::new(question)));
    }

    /// Asks before documents are sent again as new messages.
    fn propose(&mut self, selection: &Selection, desk: &mut Desk<'_>) {
        let sendable: Vec<&TransmissionSummary> = selection.some().filter(|each| can_send(each, desk)).collect();
        let doubled =
            |each: &&&TransmissionSummary| each.profile.is_some_and(|profile| may_double(profile, each.verdict));
        let (count, doubled) = (sendable.len(), sendable.iter().filter(doubled).count());
        let rest = selection.some().count() - count;
        let mut text =
            "Each goes out as a new message with a Message-ID of its own, one after the other to each profile"
                .to_owned();
        if doubled > 0 {
            text.push_str(&format!(
                ". {} may have reached a production system already, which cannot tell that the document is the same and may \
                 act on it twice",
                if doubled == 1 { "One of them".to_owned() } else { format!("{doubled} of them") }
            ));
        }
        if rest > 0 {
            text.push_str(&format!(". {rest} of the selected were received, or are under way, and are left out"));
        }
        let requests = sendable.into_iter().filter_map(request).collect();
        let agreed = Rc::new(Cell::new(false));
        self.proposed = Some((Rc::clone(&agreed), requests));
        let documents = crate::ui::moment::count(count, "document");
        let title = format!("Send {documents} as new?");
        let question = Confirm::new(title, text, format!("Send {documents} as new"), move |_desk| agreed.set(true));
        desk.intend(Intent::Open(Box::new(question)));
    }
}

/// Whether the document can be sent again: it was sent, has ended, and its profile is still there.
fn can_send(summary: &TransmissionSummary, desk: &Desk<'_>) -> bool {
    let (Some(connection), Some(profile)) = (&summary.connection, summary.profile) else { return false };
    summary.direction == Direction::Outbound
        && !matches!(summary.verdict, Verdict::Queued | Verdict::Sending)
        && desk.snapshot.connection(connection).is_some_and(|state| state.connection.profile(profile).is_some())
}

fn request(summary: &TransmissionSummary) -> Option<SendRequest> {
    Some(SendRequest {
        connection: summary.connection.clone()?,
        profile: summary.profile?,
        payload: Payload::Kept(summary.id),
    })
}
