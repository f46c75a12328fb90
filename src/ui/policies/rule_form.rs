//! The form for one rule. It is read by the reader of policy files, and what that refuses stands at its field.

use egui::{Context, Ui};

use super::rule_values::{operator_word, values};
use super::words::{applies, setting_label, severity_word};
use crate::domain::policy::{AppliesTo, Operator, Rule, Setting, Severity};
use crate::domain::rule_text::{FieldFault, RuleField, RuleText, operators};
use crate::domain::sentence::sentence;
use crate::domain::transmission::Direction;
use crate::ui::dialog::{Part, buttons, frame_with_foot};
use crate::ui::moment::count;
use crate::ui::theme::tokens;
use crate::ui::widgets::{
    Choice, field, field_error, link, mono_edit, muted, primary, secondary, segmented, select, text_area, text_edit,
};

/// Which rule is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A new one.
    New,
    /// The own rule at this place.
    Own(usize),
    /// One that takes the place of an inherited one.
    Instead(Box<Rule>),
}

/// The form, while it is open.
pub(super) struct RuleForm {
    subject: Subject,
    text: RuleText,
    today: String,
    /// Faults are shown once the user has tried, or has left the form as it was found.
    tried: bool,
}

/// What became of the form.
pub(super) enum Done {
    /// It was given up.
    Cancelled,
    /// The rule to be put in.
    Rule(Subject, Box<Rule>),
}

impl RuleForm {
    /// For a new rule.
    #[must_use]
    pub(super) fn new(today: String) -> Self {
        let text = RuleText::new(Setting::Encryption, &today);
        Self { subject: Subject::New, text, today, tried: false }
    }

    /// For a rule that is there.
    #[must_use]
    pub(super) fn of(subject: Subject, rule: &Rule, today: String) -> Self {
        Self { subject, text: RuleText::of(rule), today, tried: true }
    }

    /// Shows it; says once what became of it. `rules` are the policy's own.
    pub(super) fn show(&mut self, ctx: &Context, rules: &[Rule]) -> Option<Done> {
        let read = self.text.read();
        let faults = read.as_ref().err().cloned().unwrap_or_default();
        let twice = read.as_ref().ok().and_then(|rule| self.twin(rule, rules));
        let (title, label) = match self.subject {
            Subject::New => ("New rule", "Add rule"),
            Subject::Own(_) => ("Edit rule", "Apply"),
            Subject::Instead(_) => ("Change an inherited rule", "Apply"),
        };
        let wish = frame_with_foot(ctx, "rule", title, &self.about(), 640.0, false, |ui, part| match part {
            Part::Content => {
                self.fields(ui, &faults);
                if let Some(reason) = &twice {
                    field_error(ui, reason);
                }
                None
            }
            Part::Foot => self.foot(ui, label, faults.len(), twice.is_some()),
        });
        match wish? {
            Some(true) => {
                let rule = read.ok().filter(|_| twice.is_none())?;
                Some(Done::Rule(self.subject.clone(), Box::new(rule)))
            }
            Some(false) | None => Some(Done::Cancelled),
        }
    }

    fn about(&self) -> String {
        match &self.subject {
            Subject::Instead(rule) => {
                let inherited = rule.requirement.label(rule.setting);
                match self.text.read() {
                    Ok(new) if !rule.replaced_by(&new) => format!("It holds beside the inherited one, {inherited}"),
                    Ok(new) if new.from.instant() > rule.from.instant() || new.applies_to != rule.applies_to => {
                        format!("Where and as long as it holds it takes the place of the inherited one, {inherited}")
                    }
                    _ => format!("It takes the place of the inherited one, {inherited}"),
                }
            }
            Subject::New | Subject::Own(_) => "Nothing is saved until the policy is".to_owned(),
        }
    }

    /// Another rule of the policy that says the same of the same time.
    fn twin(&self, rule: &Rule, rules: &[Rule]) -> Option<String> {
        let own = match self.subject {
            Subject::Own(place) => Some(place),
            Subject::New | Subject::Instead(_) => None,
        };
        let twin = rules.iter().enumerate().any(|(place, known)| Some(place) != own && known.duplicates(rule));
        twin.then(|| {
            format!(
                "There is another rule for {} with the same comparison from the same day; change that one",
                setting_label(rule.setting).to_lowercase()
            )
        })
    }

    fn fields(&mut self, ui: &mut Ui, faults: &[FieldFault]) {
        let shown: &[FieldFault] = if self.tried { faults } else { &[] };
        let text = &mut self.text;
        field(ui, "Setting", |ui| {
            let choices: Vec<Choice<Setting>> =
                Setting::ALL.iter().map(|setting| Choice::new(*setting, setting_label(*setting))).collect();
            if let (Some(setting), _) = select(ui, "Setting", &text.setting, &choices, 320.0) {
                text.about(setting);
            }
        });
        field(ui, "Demands", |ui| {
            let all: Vec<(Operator, &str)> =
                operators(text.setting).iter().map(|op| (*op, operator_word(*op))).collect();
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if let Some(op) = segmented(ui, text.op, &all) {
                    text.compare(op);
                }
            });
            ui.push_id((text.setting.as_str(), text.op.as_str()), |ui| values(ui, text));
            fault(ui, shown, RuleField::Op);
            fault(ui, shown, RuleField::Value);
        });
        field(ui, "Applies to", |ui| {
            ui.horizontal_wrapped(|ui| {
                let profiles: Vec<Choice<AppliesTo>> =
                    AppliesTo::ALL.iter().map(|one| Choice::new(*one, applies(*one, None))).collect();
                if let (Some(chosen), _) = select(ui, "Profiles", &text.applies_to, &profiles, 190.0) {
                    text.applies_to = chosen;
                }
                let directions = [
                    Choice::new(None, "Both directions"),
                    Choice::new(Some(Direction::Outbound), "Messages we send"),
                    Choice::new(Some(Direction::Inbound), "Messages we receive"),
                ];
                if let (Some(chosen), _) = select(ui, "Direction", &text.direction, &directions, 190.0) {
                    text.direction = chosen;
                }
            });
            fault(ui, shown, RuleField::Direction);
        });
        field(ui, "Weight", |ui| {
            let all: Vec<(Severity, &str)> =
                Severity::ALL.iter().map(|severity| (*severity, severity_word(*severity))).collect();
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if let Some(severity) = segmented(ui, text.severity, &all) {
                    text.severity = severity;
                }
            });
            ui.label(muted(
                ui,
                match text.severity {
                    Severity::Required => "A profile that breaks it is non-compliant",
                    Severity::Recommended => "Advice from whoever makes the rule",
                    Severity::Reported => "Advice known from users alone",
                },
            ));
        });
        field(ui, "From", |ui| {
            day(ui, "From", &mut text.from, "2027-03-01", &self.today);
            fault(ui, shown, RuleField::From);
        });
        field(ui, "Until", |ui| {
            mono_edit(ui, "Until", &mut text.until, "no end", 230.0);
            fault(ui, shown, RuleField::Until);
        });
        field(ui, "Source", |ui| {
            text_edit(ui, "Source", &mut text.source, "An address or a document", ui.available_width());
            fault(ui, shown, RuleField::Source);
        });
        field(ui, "Quote", |ui| {
            text_area(ui, "Quote", &mut text.quote, "What was said, in its own words", ui.available_width());
            fault(ui, shown, RuleField::Quote);
        });
        field(ui, "Checked", |ui| {
            day(ui, "Checked", &mut text.checked, "2026-11-24", &self.today);
            fault(ui, shown, RuleField::Checked);
        });
    }

    fn foot(&mut self, ui: &mut Ui, label: &str, faults: usize, twice: bool) -> Option<bool> {
        buttons(ui, |ui| {
            let mut wish = None;
            let wrong = self.tried && faults > 0;
            if ui.add_enabled_ui(!wrong && !twice, |ui| primary(ui, label)).inner.clicked() {
                self.tried = true;
                wish = (faults == 0).then_some(true);
            }
            if secondary(ui, "Cancel").clicked() {
                wish = Some(false);
            }
            if wrong {
                let said = format!("{} to correct first", count(faults, "field"));
                ui.label(muted(ui, said).color(tokens(ui.ctx()).bad.ink));
            }
            wish
        })
    }
}

/// A day as policy files write it, or an instant with its offset.
fn day(ui: &mut Ui, name: &str, text: &mut String, hint: &str, today: &str) {
    ui.horizontal(|ui| {
        mono_edit(ui, name, text, hint, 230.0);
        if text != today && link(ui, "Today").clicked() {
            today.clone_into(text);
        }
    });
}

fn fault(ui: &mut Ui, faults: &[FieldFault], field: RuleField) {
    if let Some((_, reason)) = faults.iter().find(|(at, _)| *at == field) {
        // The file's key is the label here.
        field_error(ui, &sentence(&reason.replace('`', "")));
    }
}
