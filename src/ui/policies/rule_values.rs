//! The values of a rule, with the controls that fit them: lists where there are choices, fields where there are none.

use egui::{Checkbox, RichText, Ui, Widget as _};

use super::words::unit;
use crate::domain::policy::{Operator, Setting, SettingValue, Shape};
use crate::domain::rule_text::RuleText;
use crate::ui::theme;
use crate::ui::widgets::{Choice, mono_edit, muted, select, text_area};

/// Width of a field for a number.
const NUMBER: f32 = 90.0;

/// What an operator is called beside the values of a setting.
#[must_use]
pub(super) const fn operator_word(op: Operator) -> &'static str {
    match op {
        Operator::AtLeast => "At least",
        Operator::OneOf => "One of",
        Operator::Range => "From … to …",
        Operator::Never => "Never",
    }
}

/// Shows the values.
pub(super) fn values(ui: &mut Ui, form: &mut RuleText) {
    match (form.setting.shape(), form.op) {
        (Shape::Ordered(words) | Shape::Words(words), Operator::AtLeast) => one_word(ui, form, &words, 0, "Value"),
        (Shape::Ordered(words) | Shape::Words(words), Operator::Range) => {
            ui.horizontal(|ui| {
                one_word(ui, form, &words, 0, "Lowest value");
                ui.label(muted(ui, "to"));
                one_word(ui, form, &words, 1, "Highest value");
            });
        }
        (Shape::Ordered(words) | Shape::Words(words), Operator::OneOf | Operator::Never) => {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            several(ui, form, &words);
        }
        (Shape::Flag, _) => several(ui, form, &["true".to_owned(), "false".to_owned()]),
        (Shape::Number, op) => numbers(ui, form, op),
        (Shape::Text, _) => texts(ui, form),
    }
}

fn label(setting: Setting, word: &str) -> String {
    let value = match setting.shape() {
        Shape::Flag => SettingValue::Flag(word == "true"),
        _ => SettingValue::Word(word.to_owned()),
    };
    setting.label(&value)
}

fn one_word(ui: &mut Ui, form: &mut RuleText, words: &[&str], place: usize, name: &str) {
    let choices: Vec<Choice<String>> =
        words.iter().map(|word| Choice::new((*word).to_owned(), label(form.setting, word))).collect();
    let current = form.values.get(place).cloned().unwrap_or_default();
    if let (Some(chosen), _) = select(ui, name, &current, &choices, 190.0) {
        put(form, place, chosen);
    }
}

fn put(form: &mut RuleText, place: usize, value: String) {
    while form.values.len() <= place {
        form.values.push(String::new());
    }
    if let Some(slot) = form.values.get_mut(place) {
        *slot = value;
    }
}

fn several(ui: &mut Ui, form: &mut RuleText, words: &[String]) {
    let setting = form.setting;
    let mut chosen: Vec<String> = Vec::new();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        for word in words {
            let mut ticked = form.values.contains(word);
            Checkbox::new(&mut ticked, RichText::new(label(setting, word)).font(theme::body())).ui(ui);
            if ticked {
                chosen.push(word.clone());
            }
        }
    });
    let same = chosen.len() == form.values.len() && chosen.iter().all(|word| form.values.contains(word));
    if !same {
        form.values = chosen;
    }
}

fn numbers(ui: &mut Ui, form: &mut RuleText, op: Operator) {
    let unit = unit(form.setting).unwrap_or_default();
    let mut number = |ui: &mut Ui, place: usize, name: &str| {
        let mut text = form.values.get(place).cloned().unwrap_or_default();
        if mono_edit(ui, name, &mut text, "2048", NUMBER).changed() {
            put(form, place, text);
        }
    };
    match op {
        Operator::AtLeast => {
            ui.horizontal(|ui| {
                number(ui, 0, "Value");
                ui.label(muted(ui, unit));
            });
        }
        Operator::Range => {
            ui.horizontal(|ui| {
                number(ui, 0, "Lowest value");
                ui.label(muted(ui, "to"));
                number(ui, 1, "Highest value");
                ui.label(muted(ui, unit));
            });
        }
        Operator::OneOf | Operator::Never => {
            ui.horizontal(|ui| {
                let mut text = form.values.join(", ");
                if mono_edit(ui, "Values", &mut text, "2048, 3072", 220.0).changed() {
                    form.values = text.split(',').map(|part| part.trim().to_owned()).collect();
                }
                ui.label(muted(ui, format!("{unit}, with commas between them")));
            });
        }
    }
}

fn texts(ui: &mut Ui, form: &mut RuleText) {
    let mut text = form.values.join("\n");
    if text_area(ui, "Values", &mut text, "One on each line", ui.available_width()).changed() {
        form.values = text.split('\n').map(str::to_owned).collect();
    }
}
