//! What is done on the board: the dialog for each thing, files in and out, and what came of it.

use std::path::PathBuf;

use super::board::BoardView;
use super::in_words;
use super::step::{Kind, StepDialog};
use super::telling::TellingDialog;
use super::testing::TestDialog;
use crate::app::engine::{Answer, Command, RolloverAnswer, RolloverCommand};
use crate::app::{RolloverAction, RolloverChanged, RolloverRequest};
use crate::domain::rollover::{Board, ProfileKey};
use crate::ui::desk::Desk;
use crate::ui::files::FilePick;
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::shell::Confirm;

/// A file that is being picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// A table to be read.
    Import,
    /// Where a table is to be written.
    Export,
}

/// What is to be done to many profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Apply,
    Schedule,
    ActivateNow,
    RollBack,
    Undo,
    LeaveOut,
    TakeIn,
    Told,
    Note,
    Test,
    Import,
    Export,
    Forget,
}

impl BoardView {
    pub(super) fn act(&mut self, act: Act, board: &Board, desk: &mut Desk<'_>) {
        let (id, keys) = (self.id, self.keys_selected());
        let step = |kind, keys: Vec<ProfileKey>, desk: &mut Desk<'_>| {
            let dialog = StepDialog::new(board, kind, keys, desk);
            desk.intend(Intent::Open(Box::new(dialog)));
        };
        match act {
            Act::Apply => step(Kind::Apply, Vec::new(), desk),
            Act::Schedule => step(Kind::Schedule, keys, desk),
            Act::ActivateNow => step(Kind::ActivateNow, keys, desk),
            Act::RollBack => step(Kind::RollBack, keys, desk),
            Act::Undo => step(Kind::Undo, Vec::new(), desk),
            Act::LeaveOut => step(Kind::LeaveOut, keys, desk),
            Act::TakeIn => {
                let request = RolloverRequest { id, profiles: keys, action: RolloverAction::TakeIn, seen: None };
                self.change("Taken in", request, desk);
            }
            Act::Told => desk.intend(Intent::Open(Box::new(TellingDialog::told(board, keys)))),
            Act::Note => desk.intend(Intent::Open(Box::new(TellingDialog::note(board, keys)))),
            Act::Test => {
                let dialog = TestDialog::new(board, keys, desk);
                desk.intend(Intent::Open(Box::new(dialog)));
            }
            Act::Import => {
                self.picking = desk.pick_file(FilePick::Table).map(|pick| (Errand::Import, Some(pick)));
            }
            Act::Export => {
                let name = format!("rollover-{id}.csv");
                self.picking = desk.pick_file(FilePick::Save(name)).map(|pick| (Errand::Export, Some(pick)));
            }
            Act::Forget => {
                let question = Confirm::new(
                    "Forget this rollover?",
                    "The board and its notes go. The certificate stays in the workspace, and no profile is changed",
                    "Forget rollover",
                    move |desk| {
                        if desk
                            .ask(|request| Command::Rollover(request, Box::new(RolloverCommand::Remove(id))))
                            .is_some()
                        {
                            desk.intend(Intent::CloseRollover);
                        }
                    },
                );
                desk.intend(Intent::Open(Box::new(question.destructive())));
            }
        }
    }

    fn change(&mut self, done: &'static str, request: RolloverRequest, desk: &mut Desk<'_>) {
        let command = RolloverCommand::Change(request);
        let request = desk.ask(|id| Command::Rollover(id, Box::new(command)));
        self.doing = request.map(|request| (done, Some(request)));
    }

    /// Takes what was picked and what the engine has done.
    pub(super) fn answers(&mut self, desk: &mut Desk<'_>) {
        if let Some((errand, pick)) = &mut self.picking
            && let Some(picked) = desk.picked(pick)
        {
            let errand = *errand;
            self.picking = None;
            if let Some(file) = picked {
                self.file(errand, file, desk);
            }
        }
        if let Some((done, request)) = &mut self.doing
            && let Some(answer) = desk.answer(request)
        {
            let done = *done;
            self.doing = None;
            match answer {
                Ok(Answer::Rollover(answer)) => match *answer {
                    RolloverAnswer::Written(file) => desk.toasts.done("Table written", &file.display().to_string()),
                    RolloverAnswer::Changed(changed) => desk.toasts.done(done, &noted(&changed)),
                    _ => desk.toasts.done(done, ""),
                },
                Ok(_) => {}
                Err(error) => {
                    let (head, text) = in_words(&error);
                    desk.toasts.error(&head, &text);
                }
            }
            self.board.refresh();
        }
    }

    fn file(&mut self, errand: Errand, file: PathBuf, desk: &mut Desk<'_>) {
        match errand {
            Errand::Import => self.import(file, desk),
            Errand::Export => {
                let command = RolloverCommand::Export(self.id, file);
                let request = desk.ask(|id| Command::Rollover(id, Box::new(command)));
                self.doing = request.map(|request| ("Table written", Some(request)));
            }
        }
    }

    /// Takes times and notes from a table.
    fn import(&mut self, file: PathBuf, desk: &mut Desk<'_>) {
        let request = RolloverRequest::all(self.id, RolloverAction::Sheet(file));
        self.change("Times and notes taken", request, desk);
    }
}

/// How many profiles something was noted for, and that it is to be applied.
fn noted(changed: &RolloverChanged) -> String {
    let noted = match changed.noted {
        0 => "Nothing differs from what was there".to_owned(),
        number => format!("Noted for {}", count(number, "profile")),
    };
    match changed.pending {
        0 => noted,
        number => format!("{noted}; “Apply…” makes what is planned so for {}", count(number, "profile")),
    }
}
