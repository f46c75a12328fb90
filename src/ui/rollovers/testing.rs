//! Test sends to many profiles: to whom, how many at once, how far it has come, giving it up.

use egui::{Checkbox, Context, RichText, Ui, Widget as _};

use super::in_words;
use crate::app::engine::{Answer, Command, RequestId, RolloverAnswer, RolloverCommand};
use crate::app::{TestProgress, TestRollover, TestedRollover};
use crate::domain::identifier::ProfileKind;
use crate::domain::rollover::{Board, ProfileKey, RolloverId, RolloverState};
use crate::domain::test_document::TestDocument;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme;
use crate::ui::widgets::{
    Choice, ToneName, card, link, muted, notice, primary, progress, secondary, segmented, select, small,
};

/// To which kind of profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinds {
    Test,
    Production,
    Both,
}

impl Kinds {
    fn list(self) -> Vec<ProfileKind> {
        match self {
            Self::Test => vec![ProfileKind::Test],
            Self::Production => vec![ProfileKind::Production],
            Self::Both => ProfileKind::ALL.to_vec(),
        }
    }
}

/// The dialog before tests are sent.
pub(super) struct TestDialog {
    id: RolloverId,
    keys: Vec<ProfileKey>,
    meant: Vec<ProfileKind>,
    kinds: Kinds,
    agreed: bool,
    at_once: Option<usize>,
    asked: Option<RequestId>,
}

impl TestDialog {
    /// For these profiles, or for all that take part where none is named.
    pub(super) fn new(board: &Board, keys: Vec<ProfileKey>, desk: &mut Desk<'_>) -> Self {
        let meant = board
            .rows
            .iter()
            .filter(|row| if keys.is_empty() { row.state != RolloverState::LeftOut } else { keys.contains(&row.key()) })
            .map(|row| row.profile)
            .collect();
        let asked = desk.ask(|id| Command::Rollover(id, Box::new(RolloverCommand::AtOnce)));
        Self { id: board.rollover.id, keys, meant, kinds: Kinds::Test, agreed: false, at_once: None, asked }
    }

    fn number(&self, kind: ProfileKind) -> usize {
        if !self.kinds.list().contains(&kind) {
            return 0;
        }
        self.meant.iter().filter(|meant| **meant == kind).count()
    }
}

impl Dialog for TestDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Ok(Answer::Rollover(answer))) = desk.answer(&mut self.asked)
            && let RolloverAnswer::AtOnce(number) = *answer
        {
            self.at_once = self.at_once.or(Some(number));
        }
        let mut send = false;
        let flow = frame(
            ctx,
            "rollover tests",
            "Send tests",
            "The built-in test document, once to each",
            560.0,
            false,
            |ui| {
                ui.spacing_mut().item_spacing.y = 10.0;
                ui.horizontal_wrapped(|ui| {
                    let all = [(Kinds::Test, "Test"), (Kinds::Production, "Production"), (Kinds::Both, "Both")];
                    if let Some(kinds) = segmented(ui, self.kinds, &all) {
                        self.kinds = kinds;
                        self.agreed = false;
                    }
                });
                let (test, production) = (self.number(ProfileKind::Test), self.number(ProfileKind::Production));
                ui.label(small(format!(
                    "{} and {}",
                    count(test, "test profile"),
                    count(production, "production profile")
                )));
                if production > 0 {
                    let what = TestDocument::what_arrives("each partner", ProfileKind::Production);
                    notice(ui, ToneName::Warn, "Production systems will receive a document", &what, |_| {});
                    let said = format!("Send it to {}", count(production, "production profile"));
                    Checkbox::new(&mut self.agreed, RichText::new(said).font(theme::body())).ui(ui);
                }
                ui.horizontal(|ui| {
                    ui.label(muted(ui, "At once"));
                    let choices: Vec<Choice<usize>> =
                        [1, 2, 4, 8, 16, 32].map(|number: usize| Choice::new(number, number.to_string())).to_vec();
                    let current = self.at_once.unwrap_or(crate::app::DEFAULT_AT_ONCE);
                    if let (Some(number), _) = select(ui, "How many at once", &current, &choices, 80.0) {
                        self.at_once = Some(number);
                    }
                });
                buttons(ui, |ui| {
                    let enabled = test + production > 0 && (production == 0 || self.agreed);
                    let label = format!("Send {}", count(test + production, "test"));
                    if ui.add_enabled_ui(enabled, |ui| primary(ui, label)).inner.clicked() {
                        send = true;
                        return Flow::Close;
                    }
                    if secondary(ui, "Cancel").clicked() { Flow::Close } else { Flow::Open }
                })
            },
        );
        if send {
            let request = TestRollover {
                id: self.id,
                kinds: self.kinds.list(),
                profiles: self.keys.clone(),
                at_once: self.at_once,
            };
            let id = self.id;
            if let Some(request) = desk.ask(|id| Command::Rollover(id, Box::new(RolloverCommand::Test(request)))) {
                desk.intend(Intent::FollowTests(request, id));
            }
        }
        flow
    }
}

/// Tests that are being sent, or were.
pub(super) struct Testing {
    id: RequestId,
    rollover: RolloverId,
    request: Option<RequestId>,
    progress: TestProgress,
    cancelling: bool,
    ended: Option<Result<TestedRollover, (String, String)>>,
    dismissed: bool,
}

impl Testing {
    pub(super) const fn new(request: RequestId, rollover: RolloverId) -> Self {
        Self {
            id: request,
            rollover,
            request: Some(request),
            progress: TestProgress { done: 0, total: 0, good: 0, last: None },
            cancelling: false,
            ended: None,
            dismissed: false,
        }
    }

    pub(super) const fn rollover(&self) -> RolloverId {
        self.rollover
    }

    /// Whether it was looked at and put away.
    pub(super) const fn is_dismissed(&self) -> bool {
        self.dismissed
    }

    pub(super) fn progress(&mut self, id: RequestId, progress: TestProgress) {
        if self.id == id {
            self.progress = progress;
        }
    }

    /// Takes the end; says whether it has come.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) -> bool {
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Rollover(answer))) => {
                if let RolloverAnswer::Tested(tested) = *answer {
                    self.ended = Some(Ok(*tested));
                }
                true
            }
            Some(Err(error)) => {
                self.ended = Some(Err(in_words(&error)));
                true
            }
            Some(Ok(_)) | None => false,
        }
    }

    /// Shows how far it has come, or what came of it.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        match &self.ended {
            Some(Ok(tested)) => {
                let good = tested.sent.iter().filter(|sent| sent.is_good()).count();
                let bad = tested.sent.len() - good;
                let mut text = String::new();
                for sent in tested.sent.iter().filter(|sent| !sent.is_good()).take(3) {
                    let cause = sent.cause.clone().unwrap_or_default();
                    text.push_str(&format!("{}, {}: {cause}\n", sent.connection, sent.profile));
                }
                if bad > 3 {
                    text.push_str(&format!("and {} more; the board shows which", bad - 3));
                }
                let mut head = format!("{good} of {} went through", count(tested.sent.len(), "test"));
                if tested.not_begun > 0 {
                    head.push_str(&format!(", {} not sent", tested.not_begun));
                }
                let tone = if tested.all_good() { ToneName::Ok } else { ToneName::Warn };
                self.dismissed = notice(ui, tone, &head, text.trim_end(), |ui| link(ui, "Put away").clicked());
            }
            Some(Err((head, text))) => {
                self.dismissed = notice(ui, ToneName::Bad, head, text, |ui| link(ui, "Put away").clicked());
            }
            None => self.running(ui, desk),
        }
    }

    fn running(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let TestProgress { done, total, good, .. } = self.progress;
        card(ui).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                let said = format!("Sending tests, {done} of {total}, {good} went through");
                ui.add(egui::Label::new(small(&said)).extend());
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let label = if self.cancelling { "Giving up…" } else { "Cancel" };
                    let cancel = ui.add_enabled_ui(!self.cancelling, |ui| secondary(ui, label)).inner;
                    if cancel.clicked() {
                        let id = self.id;
                        self.cancelling = desk.ask(|_| Command::CancelSend(id)).is_some();
                    }
                    let share = if total == 0 { 0.0 } else { done as f32 / total as f32 };
                    progress::bar(ui, share, (ui.available_width() - 12.0).max(40.0), &said);
                });
            });
        });
    }
}
