//! Functional acknowledgements: what this document acknowledges, or by what it was acknowledged.

use egui::{Label, RichText, Ui};

use super::outline::{about, outcome_tone};
use crate::app::engine::{Answer, Command, JournalCommand, LookAnswer, LookCommand, RequestId};
use crate::app::{AcknowledgementLink, AcknowledgementLinks, TransmissionFilter};
use crate::domain::test_document::TestDocument;
use crate::domain::transmission::{Direction, Transmission, TransmissionId};
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, link, muted, section};

/// So many are listed.
const LISTED: usize = 20;

/// So many seconds lie at least between two looks for what may have come.
const APART: f64 = 5.0;

/// What is known of them.
#[derive(Default)]
pub(super) struct Acknowledgements {
    known: bool,
    /// Whether the journal has changed since it was last looked at.
    changed: bool,
    /// When that was, by the window's clock.
    looked_at: f64,
    asked: Option<RequestId>,
    /// The question what the newest is that went the other way.
    peeking: Option<RequestId>,
    newest: Option<TransmissionId>,
    links: AcknowledgementLinks,
}

impl Acknowledgements {
    /// The journal has changed. What is shown stays until the answer has come.
    pub(super) const fn refresh(&mut self) {
        self.changed = true;
    }

    /// Asks for them where that has not been done, or something has come that may be one.
    fn poll(&mut self, ui: &Ui, desk: &mut Desk<'_>, transmission: &Transmission) {
        let now = ui.input(|input| input.time);
        if let Some(Ok(Answer::Page(page))) = desk.answer(&mut self.peeking) {
            let newest = page.transmissions.first().map(|summary| summary.id);
            self.known &= newest == self.newest;
            self.newest = newest;
        }
        if !self.known && self.asked.is_none() {
            let id = transmission.id;
            self.asked = desk.ask(|request| Command::Look(request, LookCommand::Acknowledgements(id)));
            self.known = self.asked.is_some();
            self.looked_at = now;
        } else if self.changed && self.peeking.is_none() && transmission.connection.is_some() {
            // Where much is sent and received, the journal changes all the time.
            let left = self.looked_at + APART - now;
            if left > 0.0 {
                ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(left));
                return;
            }
            self.changed = false;
            self.looked_at = now;
            let filter = TransmissionFilter {
                connection: transmission.connection.clone(),
                direction: Some(match transmission.direction {
                    Direction::Outbound => Direction::Inbound,
                    Direction::Inbound => Direction::Outbound,
                }),
                limit: 1,
                ..TransmissionFilter::default()
            };
            self.peeking = desk.ask(|id| Command::Journal(id, JournalCommand::Page(Box::new(filter))));
        }
    }

    /// Shows them.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, transmission: &Transmission) {
        self.poll(ui, desk, transmission);
        // What cannot be read is said where the document is looked at.
        if let Some(Ok(Answer::Look(answer))) = desk.answer(&mut self.asked)
            && let LookAnswer::Acknowledgements(links) = *answer
        {
            self.links = links;
        }
        for (head, links) in
            [("Acknowledges", &self.links.acknowledges), ("Acknowledged by", &self.links.acknowledged_by)]
        {
            if !links.is_empty() {
                ui.add_space(6.0);
                section(ui, head);
                let is_test = TestDocument::is_named(transmission.file.as_deref());
                links.iter().take(LISTED).for_each(|each| row(ui, desk, each, is_test));
                if links.len() > LISTED {
                    ui.label(muted(ui, format!("and {} more", links.len() - LISTED)));
                }
            }
        }
    }
}

fn row(ui: &mut Ui, desk: &mut Desk<'_>, each: &AcknowledgementLink, is_test: bool) {
    let answer = &each.answer;
    let about = about(answer);
    ui.horizontal_wrapped(|ui| {
        Badge::new(outcome_tone(answer.outcome), answer.outcome.label()).about(&about).show(ui);
        match (each.transmission, each.at) {
            (Some(id), Some(at)) => {
                let file = each.file.as_deref().unwrap_or("without a file name");
                if link(ui, format!("{file}, {}", desk.moment.day_and_time(at))).clicked() {
                    desk.intend(Intent::ShowTransmission(id));
                }
            }
            _ if is_test => {
                ui.label(muted(ui, "A test document, which acknowledges nothing real"));
            }
            _ => {
                ui.label(muted(ui, "Nothing in the journal has these numbers"));
            }
        }
    });
    ui.add(Label::new(muted(ui, about)).wrap());
    // The first says in the standard's words what the badge says.
    for reason in answer.reasons.iter().skip(1) {
        let ink = tokens(ui.ctx()).text;
        ui.add(Label::new(RichText::new(reason).font(theme::small()).color(ink)).wrap());
    }
}
