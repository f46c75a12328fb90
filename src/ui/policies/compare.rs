//! Two policies side by side: what they demand differently, what one of them alone demands, and what is the same.

use std::sync::Arc;

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use super::words::{applies, in_force, kind_badge, kind_word, setting_label, severity_badge};
use crate::app::engine::Snapshot;
use crate::domain::identifier::PolicyId;
use crate::domain::policy::{ResolvedRule, Rule};
use crate::domain::policy_comparison::{Differs, PolicyComparison, RulePair, compare};
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{
    Choice, ToneName, card, empty_state, icon_button, link, muted, notice, page_title, secondary, section, select,
};

/// Width of the column of settings.
const SETTING: f32 = 150.0;

/// Two policies that are compared.
pub(super) struct Comparison {
    a: PolicyId,
    b: PolicyId,
    show_same: bool,
    made: Option<Made>,
}

struct Made {
    snapshot: Arc<Snapshot>,
    of: (PolicyId, PolicyId),
    outcome: Result<PolicyComparison, String>,
}

impl Comparison {
    /// Of one with another; where none is named, with what it inherits, or else with what is usual.
    #[must_use]
    pub(super) fn new(a: PolicyId, b: Option<PolicyId>, snapshot: &Snapshot) -> Self {
        let parent = || snapshot.policy(&a).and_then(|state| state.policy.inherits.clone());
        let usual = || Some(PolicyId::default()).filter(|usual| *usual != a);
        let any = || snapshot.policies.iter().map(|state| state.id.clone()).find(|id| *id != a);
        let b = b.or_else(parent).or_else(usual).or_else(any).unwrap_or_else(|| a.clone());
        Self { a, b, show_same: false, made: None }
    }

    fn make(&mut self, snapshot: &Arc<Snapshot>) {
        let of = (self.a.clone(), self.b.clone());
        if self.made.as_ref().is_some_and(|made| Arc::ptr_eq(&made.snapshot, snapshot) && made.of == of) {
            return;
        }
        let resolved = |id: &PolicyId| match snapshot.policy(id) {
            None => Err(format!("There is no policy `{id}` any more")),
            Some(state) => state.resolved.as_ref().map_err(|error| sentence(&error.to_string())),
        };
        let outcome = resolved(&self.a).and_then(|a| Ok(compare(a, resolved(&self.b)?)));
        self.made = Some(Made { snapshot: Arc::clone(snapshot), of, outcome });
    }

    /// Shows both. Says whether it is to be closed.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &Desk<'_>) -> bool {
        let mut close = false;
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                close = icon_button(ui, Icon::X, "Close the comparison").clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| page_title(ui, "Compare policies"));
            });
        });
        self.choose(ui, desk.snapshot);
        self.make(desk.snapshot);
        let Some(made) = &self.made else { return close };
        let comparison = match &made.outcome {
            Ok(comparison) => comparison,
            Err(reason) => {
                notice(ui, ToneName::Bad, "They cannot be compared", reason, |_| ());
                return close;
            }
        };
        let names = [name(desk.snapshot, &self.a), name(desk.snapshot, &self.b)];
        let mut toggle = false;
        ScrollArea::vertical().id_salt("comparison").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            if comparison.different.is_empty() && comparison.only_a.is_empty() && comparison.only_b.is_empty() {
                let text = format!("{} in both", count(comparison.same.len(), "rule"));
                empty_state(ui, Icon::Equal, "Both demand the same", &text, |_| ());
                return;
            }
            if !comparison.different.is_empty() {
                section(ui, &format!("Different ({})", comparison.different.len()));
                pairs(ui, &comparison.different, &names, desk);
            }
            for (at, rules) in [&comparison.only_a, &comparison.only_b].into_iter().enumerate() {
                if !rules.is_empty() {
                    section(ui, &format!("Only {} ({})", names[at], rules.len()));
                    for rule in rules {
                        row(ui, rule, (at == 0).then_some(rule), (at == 1).then_some(rule), &[], &names, desk);
                    }
                }
            }
            if !comparison.same.is_empty() {
                ui.horizontal(|ui| {
                    section(ui, &format!("The same ({})", comparison.same.len()));
                    toggle = link(ui, if self.show_same { "Hide" } else { "Show" }).clicked();
                });
                if self.show_same {
                    pairs(ui, &comparison.same, &names, desk);
                }
            }
            ui.add_space(8.0);
        });
        self.show_same ^= toggle;
        close
    }

    fn choose(&mut self, ui: &mut Ui, snapshot: &Snapshot) {
        let choices: Vec<Choice<PolicyId>> = snapshot
            .policies
            .iter()
            .map(|state| Choice {
                value: state.id.clone(),
                label: state.name.clone(),
                remark: Some(kind_word(state.kind).to_owned()),
            })
            .collect();
        let width = ((ui.available_width() - 120.0) / 2.0).clamp(120.0, 320.0);
        ui.horizontal_wrapped(|ui| {
            if let (Some(chosen), _) = select(ui, "First policy", &self.a, &choices, width) {
                self.a = chosen;
            }
            if secondary(ui, "Swap").clicked() {
                std::mem::swap(&mut self.a, &mut self.b);
            }
            if let (Some(chosen), _) = select(ui, "Second policy", &self.b, &choices, width) {
                self.b = chosen;
            }
        });
        ui.horizontal(|ui| {
            for id in [&self.a, &self.b] {
                if let Some(state) = snapshot.policy(id) {
                    kind_badge(ui, state.kind);
                    ui.label(muted(ui, &state.name));
                }
            }
        });
    }
}

fn name(snapshot: &Snapshot, id: &PolicyId) -> String {
    snapshot.policy(id).map_or_else(|| id.to_string(), |state| state.name.clone())
}

fn pairs(ui: &mut Ui, pairs: &[RulePair], names: &[String; 2], desk: &Desk<'_>) {
    for pair in pairs {
        row(ui, &pair.a, Some(&pair.a), Some(&pair.b), &pair.differs, names, desk);
    }
}

/// One setting with what each of the two demands of it.
fn row(
    ui: &mut Ui,
    about: &ResolvedRule,
    a: Option<&ResolvedRule>,
    b: Option<&ResolvedRule>,
    differs: &[Differs],
    names: &[String; 2],
    desk: &Desk<'_>,
) {
    card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            let width = ui.available_width();
            let column = ((width - SETTING - 24.0) / 2.0).max(120.0);
            let top = Layout::top_down(Align::Min);
            ui.allocate_ui_with_layout(vec2(SETTING, 0.0), top, |ui| {
                ui.set_width(SETTING);
                let head = RichText::new(setting_label(about.rule.setting)).font(theme::bold(theme::BODY));
                ui.add(Label::new(head).wrap());
            });
            for (stated, name) in [a, b].into_iter().zip(names) {
                ui.allocate_ui_with_layout(vec2(column, 0.0), top, |ui| {
                    ui.set_width(column);
                    ui.spacing_mut().item_spacing.y = 4.0;
                    // As high as the text: these are no controls.
                    ui.spacing_mut().interact_size.y = 18.0;
                    match stated {
                        Some(stated) => side(ui, stated, name, differs, desk),
                        None => {
                            ui.add(Label::new(muted(ui, format!("{name} says nothing of it"))).wrap());
                        }
                    }
                });
            }
        });
    });
}

/// What one policy demands; where the other differs it stands out.
fn side(ui: &mut Ui, stated: &ResolvedRule, name: &str, differs: &[Differs], desk: &Desk<'_>) {
    let rule: &Rule = &stated.rule;
    let differ = |any: &[Differs]| any.iter().any(|one| differs.contains(one));
    line(ui, &sentence(&rule.requirement.label(rule.setting)), differ(&[Differs::Op, Differs::Value]), true);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
        if differ(&[Differs::Severity]) {
            mark(ui);
        }
        severity_badge(ui, rule.severity);
    });
    line(ui, &applies(rule.applies_to, rule.direction), differ(&[Differs::AppliesTo]), false);
    line(ui, &sentence(&in_force(rule, &desk.moment)), differ(&[Differs::From, Differs::Until]), false);
    if stated.stated_by_name != name {
        ui.add(Label::new(muted(ui, format!("Inherited from {}", stated.stated_by_name))).wrap());
    }
}

fn line(ui: &mut Ui, text: &str, differs: bool, strong: bool) {
    let tokens = tokens(ui.ctx());
    let font = if strong || differs { theme::medium(theme::SMALL) } else { theme::small() };
    let ink = if strong || differs { tokens.text } else { tokens.muted };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.spacing_mut().interact_size.y = 16.0;
        if differs {
            mark(ui);
        }
        ui.add(Label::new(RichText::new(text).font(font).color(ink)).wrap());
    });
}

/// The sign beside what differs.
fn mark(ui: &mut Ui) {
    let ink = tokens(ui.ctx()).accent.ink;
    ui.label(icon::text(Icon::EqualNot, ink).size(12.0)).on_hover_text("Different in the other policy");
}
