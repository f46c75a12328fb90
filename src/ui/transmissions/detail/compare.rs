//! Two transmissions beside each other, with what differs marked.

use egui::{Context, Label, RichText, Ui, vec2};

use crate::app::engine::{Answer, Command, LookAnswer, LookCommand, RequestId};
use crate::app::{SHORTEST_SEARCH, TransmissionFilter, TransmissionSummary};
use crate::domain::identifier::ConnectionId;
use crate::domain::transmission::{Transmission, TransmissionId};
use crate::domain::transmission_comparison::{ComparedLine, Comparison};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, Part, buttons, frame_with_foot};
use crate::ui::moment::{Moment, count};
use crate::ui::outcome::{direction_word, result_of};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, mono, muted, search, secondary, section, segmented, separator, small};

/// So many others are offered at once, the newest first; any other is searched for.
const OFFERED: usize = 40;

/// Width of the field for searching.
const SEARCH: f32 = 320.0;

/// Width of the column that names what is compared.
const NAMES: f32 = 148.0;

/// The dialog: first which other one, then both.
pub(super) struct CompareDialog {
    one: TransmissionId,
    title: String,
    /// Its connection, of which others are offered first. Searched is everywhere.
    connection: Option<ConnectionId>,
    search: String,
    /// What those that are offered were searched by.
    searched: String,
    others: Others,
    asked: Option<RequestId>,
    chosen: Option<(String, Option<Box<Comparison>>)>,
    only_differences: bool,
    error: Option<String>,
}

enum Others {
    Asked(Option<RequestId>),
    Here(Vec<TransmissionSummary>),
}

impl CompareDialog {
    /// One transmission, to be compared with others of its connection.
    #[must_use]
    pub(super) fn new(transmission: &Transmission, desk: &mut Desk<'_>) -> Self {
        let mut dialog = Self {
            one: transmission.id,
            title: named(transmission.file.as_deref(), transmission.at, &desk.moment),
            connection: transmission.connection.clone(),
            search: String::new(),
            searched: String::new(),
            others: Others::Asked(None),
            asked: None,
            chosen: None,
            only_differences: true,
            error: None,
        };
        dialog.ask(desk);
        dialog
    }

    /// Asks for those that are offered: the newest of the connection, or those that a text is in.
    fn ask(&mut self, desk: &mut Desk<'_>) {
        let search = Some(self.searched.clone()).filter(|text| !text.is_empty());
        let filter = TransmissionFilter {
            connection: if search.is_none() { self.connection.clone() } else { None },
            search,
            // One of them may be the one that is compared.
            limit: OFFERED + 1,
            ..TransmissionFilter::default()
        };
        self.others = Others::Asked(desk.ask(|id| Command::Transmissions(id, filter)));
    }

    /// The field for searching, and what was asked anew by it.
    fn search(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        search(ui, "Search for the other transmission", &mut self.search, "Message-ID, file name, ISA no.", SEARCH);
        let text = self.search.trim();
        // Shorter texts are not searched for.
        let wanted = if text.chars().count() < SHORTEST_SEARCH { "" } else { text };
        if wanted != self.searched {
            wanted.clone_into(&mut self.searched);
            self.ask(desk);
        }
    }

    fn poll(&mut self, desk: &mut Desk<'_>) {
        if let Others::Asked(request) = &mut self.others {
            match desk.answer(request) {
                Some(Ok(Answer::Page(page))) => {
                    let others = page.transmissions.into_iter().filter(|each| each.id != self.one);
                    self.others = Others::Here(others.take(OFFERED).collect());
                    self.error = None;
                }
                Some(Ok(_)) | None => {}
                Some(Err(error)) => self.error = Some(error.message().to_owned()),
            }
        }
        match desk.answer(&mut self.asked) {
            Some(Ok(Answer::Look(answer))) => {
                if let (LookAnswer::Compared(comparison), Some((_, found))) = (*answer, &mut self.chosen) {
                    *found = Some(Box::new(comparison));
                }
            }
            Some(Ok(_)) | None => {}
            Some(Err(error)) => self.error = Some(error.message().to_owned()),
        }
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if let Some(error) = &self.error {
            ui.add(Label::new(crate::domain::sentence::sentence(error)).wrap());
        }
        match &self.chosen {
            Some((other, Some(comparison))) => {
                both(ui, &self.title, other, comparison, &mut self.only_differences);
            }
            Some((_, None)) => {
                ui.label(muted(ui, "Reading both…"));
            }
            None => self.choose(ui, desk),
        }
    }

    /// What stays in sight however much there is to compare.
    fn foot(&mut self, ui: &mut Ui) -> Flow {
        buttons(ui, |ui| {
            let flow = if secondary(ui, "Done").clicked() { Flow::Close } else { Flow::Open };
            if self.chosen.is_some() && secondary(ui, "Choose another").clicked() {
                self.chosen = None;
                self.error = None;
            }
            flow
        })
    }

    fn choose(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.search(ui, desk);
        ui.add_space(4.0);
        let Others::Here(others) = &self.others else {
            ui.label(muted(ui, "Reading the journal…"));
            return;
        };
        if others.is_empty() {
            let none = if self.searched.is_empty() {
                "There is no other transmission of this connection; search for one of another"
            } else {
                "No other transmission has this in its Message-ID, file name or control numbers"
            };
            ui.add(Label::new(muted(ui, none)).wrap());
            return;
        }
        if others.len() == OFFERED {
            let more = format!("The newest {OFFERED} are offered; search for any other");
            ui.add(Label::new(muted(ui, more)).wrap());
        }
        let mut chosen = None;
        for each in others {
            let words = words(each, &desk.moment);
            let width = ui.available_width();
            ui.horizontal(|ui| {
                ui.set_min_width(width);
                if secondary(ui, words.as_str()).clicked() {
                    chosen = Some((each.id, named(each.file.as_deref(), each.at, &desk.moment)));
                }
                let result = result_of(each.direction, each.verdict, each.cause.as_deref());
                Badge::verdict(each.verdict, &result).show(ui);
            });
        }
        if let Some((other, words)) = chosen {
            let one = self.one;
            self.chosen = Some((words, None));
            self.asked = desk.ask(|id| Command::Look(id, LookCommand::Compare(one, other)));
        }
    }
}

/// What stands above one's column.
fn named(file: Option<&str>, at: jiff::Timestamp, moment: &Moment) -> String {
    format!("{}, {}", file.unwrap_or("Without a file name"), moment.full(at))
}

fn words(summary: &TransmissionSummary, moment: &Moment) -> String {
    let profile = summary.profile.map_or("no profile", crate::domain::identifier::ProfileKind::label);
    let file = summary.file.as_deref().unwrap_or("without a file name");
    format!("{}, {}, {profile}, {file}", moment.day_and_time(summary.at), direction_word(summary.direction))
}

impl Dialog for CompareDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        self.poll(desk);
        let title =
            if self.chosen.is_some() { "Two transmissions compared" } else { "Compare with which transmission?" };
        let subtitle = self.title.clone();
        let shown = frame_with_foot(ctx, "compare", title, &subtitle, 960.0, false, |ui, part| match part {
            Part::Content => {
                self.content(ui, desk);
                None
            }
            Part::Foot => (self.foot(ui) == Flow::Close).then_some(()),
        });
        if shown.is_some() { Flow::Close } else { Flow::Open }
    }
}

fn both(ui: &mut Ui, one: &str, other: &str, comparison: &Comparison, only_differences: &mut bool) {
    let differences = comparison.differences();
    ui.horizontal_wrapped(|ui| {
        let all = [(true, "Differences"), (false, "Everything")];
        if let Some(only) = segmented(ui, *only_differences, &all) {
            *only_differences = only;
        }
        let (tone, word) = match differences {
            0 => (ToneName::Ok, "Nothing differs that says something".to_owned()),
            number => (ToneName::Warn, count(number, "difference")),
        };
        Badge::new(tone, &word).about("Comparison").show(ui);
    });
    ui.add_space(4.0);
    columns(ui, RichText::new(""), small(one), small(other));
    separator(ui);
    for group in &comparison.groups {
        let lines: Vec<&ComparedLine> = group.lines.iter().filter(|line| line.differs || !*only_differences).collect();
        if lines.is_empty() {
            continue;
        }
        ui.add_space(6.0);
        section(ui, group.title);
        for line in lines {
            let ink = if line.differs { tokens(ui.ctx()).warn.ink } else { tokens(ui.ctx()).text };
            let value = |value: &Option<String>| match value {
                Some(value) => mono(shortened(value)).color(ink),
                None => RichText::new("—").font(theme::small()).color(ink),
            };
            let name = if line.differs { format!("≠ {}", line.name) } else { line.name.clone() };
            let name = muted(ui, name);
            columns(ui, name, value(&line.one), value(&line.other));
        }
    }
}

/// A header can be as long as its sender likes.
fn shortened(value: &str) -> String {
    const MOST: usize = 400;
    let mut letters = value.chars();
    let mut short: String = letters.by_ref().take(MOST).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

fn columns(ui: &mut Ui, name: RichText, one: RichText, other: RichText) {
    let room = (ui.available_width() - NAMES - 24.0).max(160.0) / 2.0;
    ui.horizontal_top(|ui| {
        for (text, width) in [(name, NAMES), (one, room), (other, room)] {
            ui.allocate_ui(vec2(width, 16.0), |ui| {
                ui.set_width(width);
                ui.add(Label::new(text).wrap().selectable(true));
            });
        }
    });
}
