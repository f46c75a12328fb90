//! Settings > Storage: what is kept of transmissions, for how long, what the rules would free, and freeing it.

use std::cell::Cell;
use std::rc::Rc;

use egui::{Label, Ui};

use super::facts::fact;
use crate::app::engine::{Answer, Command, RequestId, RetentionAnswer, RetentionCommand};
use crate::app::{AppError, FreedKind, KindUsage, RetentionPreview, StorageUsage};
use crate::domain::retention::{
    RetentionError, RetentionKind, RetentionRules, TooYoung, age, age_in_words, amount, amount_in_words,
};
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::moment::{Moment, count, grouped, size};
use crate::ui::shell::Confirm;
use crate::ui::widgets::{ToneName, field, field_error, muted, notice, primary, secondary, section, text_edit};

/// The section, with what is being changed in it.
#[derive(Default)]
pub(super) struct StorageSection {
    usage: Option<StorageUsage>,
    reading: Option<RequestId>,
    form: Form,
    preview: Option<RetentionPreview>,
    /// The rules that are tried out.
    trying: Option<(RetentionRules, Option<RequestId>)>,
    saving: Option<RequestId>,
    freeing: Option<RequestId>,
    /// Set by the answer to the question before something is removed.
    agreed: Rc<Cell<bool>>,
    /// What could not be done, and why.
    failed: Option<(&'static str, String)>,
}

/// What stands in the fields: age and size of each kind.
#[derive(Clone, Default)]
struct Form {
    limits: [(String, String); 4],
}

impl Form {
    fn of(rules: &RetentionRules) -> Self {
        let mut form = Self::default();
        for kind in RetentionKind::ALL {
            let rule = rules.of(*kind);
            form.limits[kind.index()] = (age_in_words(rule.days), amount_in_words(rule.bytes));
        }
        form
    }

    /// The rules that it says, or what is wrong with which kind.
    fn rules(&self) -> Result<RetentionRules, (RetentionKind, RetentionError)> {
        let mut rules = RetentionRules::default();
        for kind in RetentionKind::ALL.iter().copied() {
            let (days, bytes) = &self.limits[kind.index()];
            let rule = rules.of_mut(kind);
            rule.days = limit(days, age).map_err(|error| (kind, error))?;
            rule.bytes = limit(bytes, amount).map_err(|error| (kind, error))?;
        }
        match rules.check() {
            Err(error @ RetentionError::TooSoon { kind, .. }) => Err((kind, error)),
            _ => Ok(rules),
        }
    }
}

/// An empty field is no limit.
fn limit<T>(text: &str, read: fn(&str) -> Result<Option<T>, RetentionError>) -> Result<Option<T>, RetentionError> {
    if text.trim().is_empty() { Ok(None) } else { read(text) }
}

impl StorageSection {
    /// Begins anew with what is kept and set.
    pub(super) fn enter(&mut self) {
        *self = Self::default();
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.take_answers(desk);
        if self.usage.is_none() && self.reading.is_none() && self.failed.is_none() {
            self.reading = desk.ask(|id| Command::Retention(id, RetentionCommand::Usage));
        }
        section(ui, "Storage");
        ui.add_space(6.0);
        let Some(usage) = self.usage.clone() else {
            if self.reading.is_some() {
                ui.label(muted(ui, "Adding up what is kept…"));
            }
            self.told(ui);
            return;
        };
        let about = "By default everything is kept. What is pending, uncertain or disputed is never removed, nor what is \
                     marked to be kept";
        ui.add(Label::new(muted(ui, about)).wrap());
        ui.add_space(6.0);
        let read = self.form.rules();
        let busy = self.saving.is_some() || self.freeing.is_some();
        ui.add_enabled_ui(!busy && !desk.snapshot.workspace.read_only, |ui| {
            field(ui, "", |ui| {
                ui.horizontal(|ui| {
                    let width = (ui.available_width() + 8.0) / 2.0;
                    let begin = ui.cursor().left();
                    ui.label(muted(ui, "Kept for"));
                    ui.add_space((begin + width - ui.cursor().left()).max(0.0));
                    ui.label(muted(ui, "At most"));
                });
            });
            for each in &usage.kinds {
                let wrong = read.as_ref().err().filter(|(kind, _)| *kind == each.kind).map(|(_, error)| error);
                self.kind(ui, each, wrong);
            }
        });
        ui.add_space(6.0);
        let database =
            format!("{}, of which {} are free for what comes", size(usage.database.bytes), size(usage.database.free));
        fact(ui, "Database", database, "It does not become smaller: what is removed leaves room in it");
        let backups = match usage.backups.number {
            0 => "None yet".to_owned(),
            number => format!("{} of {}", size(usage.backups.bytes), files(number)),
        };
        let remark = "Of the database, in the folder backups of the workspace; older ones go by themselves";
        fact(ui, "Automatic backups", backups, remark);
        if let Some(run) = &usage.last_run {
            fact(ui, "Last freed", desk.moment.day_and_time(run.at), &run.in_words());
        }
        ui.add_space(6.0);
        if let Ok(rules) = &read {
            self.try_out(desk, rules);
            self.previewed(ui, &desk.moment, rules);
        }
        self.told(ui);
        ui.add_space(8.0);
        self.acts(ui, desk, &usage, read.ok());
    }

    /// What there is of a kind, and its limits.
    fn kind(&mut self, ui: &mut Ui, usage: &KindUsage, wrong: Option<&RetentionError>) {
        let label = usage.kind.label();
        let (days, bytes) = &mut self.form.limits[usage.kind.index()];
        field(ui, label, |ui| {
            ui.horizontal(|ui| {
                let width = (ui.available_width() - 8.0) / 2.0;
                text_edit(ui, &format!("{label}, kept for"), days, "forever", width);
                text_edit(ui, &format!("{label}, at most"), bytes, "unlimited", width);
            });
            let number =
                format!("{} of {} transmissions. {}", size(usage.bytes), grouped(usage.number), remark(usage.kind));
            ui.add(Label::new(muted(ui, number)).wrap());
            if let Some(error) = wrong {
                field_error(ui, &format!("{error}; {}", error.hint()));
            }
        });
    }

    /// Asks what rules would free, one set of rules at a time.
    fn try_out(&mut self, desk: &mut Desk<'_>, rules: &RetentionRules) {
        let known = self.preview.as_ref().is_some_and(|preview| preview.rules == *rules);
        if !known && self.trying.is_none() && self.freeing.is_none() && self.failed.is_none() {
            let rules = *rules;
            let asked = desk.ask(|id| Command::Retention(id, RetentionCommand::Preview(rules)));
            self.trying = asked.map(|asked| (rules, Some(asked)));
        }
    }

    fn previewed(&self, ui: &mut Ui, moment: &Moment, rules: &RetentionRules) {
        let Some(preview) = self.preview.as_ref().filter(|preview| preview.rules == *rules) else {
            ui.label(muted(ui, "Looking what these rules would free…"));
            return;
        };
        let mut lines: Vec<String> = preview.frees.iter().map(|each| line(each, moment)).collect();
        if preview.held.all() > 0 {
            lines.push(format!("Not touched: {}", preview.held.in_words()));
        }
        lines.extend(preview.too_young.iter().map(TooYoung::in_words));
        if preview.entries_wait > 0 {
            let number = grouped(preview.entries_wait);
            lines.push(format!("{number} journal entries stay, because something else of their transmissions is kept"));
        }
        if preview.frees.is_empty() {
            notice(ui, ToneName::Info, "These rules would free nothing now", &lines.join("\n"), |_| ());
        } else {
            let head = format!("These rules would free {}", size(preview.bytes));
            notice(ui, ToneName::Warn, &head, &lines.join("\n"), |_| ());
        }
    }

    fn acts(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, usage: &StorageUsage, rules: Option<RetentionRules>) {
        let changed = rules.as_ref() != Some(&usage.rules);
        let busy = self.saving.is_some() || self.freeing.is_some() || desk.snapshot.workspace.read_only;
        ui.horizontal(|ui| {
            let save = ui.add_enabled_ui(!busy && changed && rules.is_some(), |ui| primary(ui, "Save rules")).inner;
            if save.clicked()
                && let Some(rules) = rules
            {
                self.failed = None;
                self.saving = desk.ask(|id| Command::Retention(id, RetentionCommand::Set(rules)));
            }
            if let Some(freeing) = self.freeing {
                ui.label(muted(ui, "Removing…"));
                if secondary(ui, "Stop").clicked() {
                    desk.ask(|_id| Command::GiveUp(freeing));
                }
                return;
            }
            let frees = self.preview.as_ref().filter(|preview| preview.rules == usage.rules && preview.bytes > 0);
            let free = ui.add_enabled_ui(!busy && !changed && frees.is_some(), |ui| secondary(ui, "Free now…")).inner;
            let why = if changed { "Save the rules first" } else { "The rules would free nothing now" };
            if free.on_disabled_hover_text(why).clicked()
                && let Some(preview) = frees
            {
                self.ask_before(desk, preview);
            }
            ui.label(muted(ui, "Saved rules are followed once a day"));
        });
        if self.agreed.take() {
            self.failed = None;
            self.freeing = desk.ask(|id| Command::Retention(id, RetentionCommand::Free));
        }
    }

    fn ask_before(&self, desk: &mut Desk<'_>, preview: &RetentionPreview) {
        let kinds: Vec<String> = preview.frees.iter().map(FreedKind::in_words).collect();
        let text = format!("{}. This cannot be taken back", kinds.join("; "));
        let agreed = Rc::clone(&self.agreed);
        let title = format!("Remove {}?", size(preview.bytes));
        let question = Confirm::new(title, text, "Remove", move |_desk| agreed.set(true));
        desk.intend(Intent::Open(Box::new(question.destructive())));
    }

    fn take_answers(&mut self, desk: &mut Desk<'_>) {
        let mut usage = desk.answer(&mut self.reading).map(|answer| ("What is kept cannot be added up", answer));
        if let Some(answer) = desk.answer(&mut self.saving) {
            if answer.is_ok() {
                desk.toasts.done("The rules are set", "They are followed once a day");
            }
            usage = Some(("The rules were not saved", answer));
        }
        match usage {
            Some((_, Ok(Answer::Retention(answer)))) => {
                if let RetentionAnswer::Usage(usage) = *answer {
                    self.form = Form::of(&usage.rules);
                    self.usage = Some(usage);
                }
            }
            Some((what, Err(error))) => self.failed = Some((what, reason(&error))),
            Some((_, Ok(_))) | None => {}
        }
        if let Some((_, request)) = &mut self.trying
            && let Some(answer) = desk.answer(request)
        {
            self.trying = None;
            match answer {
                Ok(Answer::Retention(answer)) => {
                    if let RetentionAnswer::Preview(preview) = *answer {
                        self.preview = Some(preview);
                    }
                }
                Err(error) => self.failed = Some(("It is not known what these rules would free", reason(&error))),
                Ok(_) => {}
            }
        }
        match desk.answer(&mut self.freeing) {
            Some(Ok(Answer::Retention(answer))) => {
                if let RetentionAnswer::Freed(run) = *answer {
                    match &run.trouble {
                        None => desk.toasts.done(&format!("{} freed", size(run.bytes)), &run.in_words()),
                        Some(_) => desk.toasts.warn(&format!("{} freed", size(run.bytes)), &run.in_words()),
                    }
                }
                self.preview = None;
                self.reading = desk.ask(|id| Command::Retention(id, RetentionCommand::Usage));
            }
            Some(Err(error)) => self.failed = Some(("Nothing was removed", reason(&error))),
            Some(Ok(_)) | None => {}
        }
    }

    fn told(&mut self, ui: &mut Ui) {
        let Some((head, reason)) = &self.failed else { return };
        ui.add_space(8.0);
        if notice(ui, ToneName::Bad, head, reason, |ui| secondary(ui, "Try again").clicked()) {
            self.failed = None;
        }
    }
}

fn files(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "file")
}

fn reason(error: &AppError) -> String {
    let hint = error.what_to_do().map(|hint| format!("\n{hint}")).unwrap_or_default();
    format!("{}{hint}", error.message())
}

/// `120 payloads, 3.1 GB, from 3 May 2025 to 1 Jun 2025`.
fn line(each: &FreedKind, moment: &Moment) -> String {
    let (oldest, newest) = (moment.date(each.oldest), moment.date(each.newest));
    let period = if oldest == newest { format!("of {oldest}") } else { format!("from {oldest} to {newest}") };
    format!("{}, {period}", each.in_words())
}

/// What is to be known of a kind.
const fn remark(kind: RetentionKind) -> &'static str {
    match kind {
        RetentionKind::Payload => "Documents, sent and received",
        RetentionKind::Raw => "Requests and answers as they went over the line",
        RetentionKind::Receipt => "They prove deliveries; 90 days at least",
        RetentionKind::Journal => "90 days at least, and as long as anything else is kept",
    }
}
