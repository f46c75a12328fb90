//! Connection files: picking one, adding it, asking before another is replaced, writing one.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::app::engine::{Answer, Command, RequestId};
use crate::domain::compliance::Status;
use crate::domain::identifier::ConnectionId;
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::intent::{Intent, Page};
use crate::ui::shell::Confirm;

/// File errands under way.
#[derive(Default)]
pub(crate) struct FileErrands {
    picking: Option<PickId>,
    saving: Option<(ConnectionId, Option<PickId>)>,
    adding: Option<(PathBuf, Option<RequestId>)>,
    /// Files to be added after that one, and whether each may replace.
    waiting: VecDeque<(PathBuf, bool)>,
    writing: Option<RequestId>,
    sample: Option<RequestId>,
}

impl FileErrands {
    /// Lets the user pick a connection file, which is then added.
    pub(crate) fn pick_connection(&mut self, desk: &mut Desk<'_>) {
        self.picking = desk.pick_file(FilePick::Connection);
    }

    /// Adds a connection file.
    pub(crate) fn add(&mut self, file: PathBuf, replace: bool, desk: &mut Desk<'_>) {
        self.waiting.push_back((file, replace));
        self.add_next(desk);
    }

    /// Begins with the next file where none is being added.
    fn add_next(&mut self, desk: &mut Desk<'_>) {
        if self.adding.is_none()
            && let Some((file, replace)) = self.waiting.pop_front()
        {
            let request = desk.ask(|id| Command::AddConnectionFile(id, file.clone(), replace));
            self.adding = request.map(|request| (file, Some(request)));
        }
    }

    /// Lets the user pick a place, where the connection is then written.
    pub(crate) fn export(&mut self, id: ConnectionId, desk: &mut Desk<'_>) {
        let pick = desk.pick_file(FilePick::Save(format!("{id}.toml")));
        self.saving = Some((id, pick));
    }

    /// Opens the sample in a window of its own.
    pub(crate) fn open_sample(&mut self, desk: &mut Desk<'_>) {
        if desk.snapshot.workspace.sample.is_some() {
            desk.toasts.done("This is the sample already", "");
            return;
        }
        self.sample = desk.ask(Command::OpenSample);
    }

    /// Goes on with what has come meanwhile. To be called once a frame.
    pub(crate) fn poll(&mut self, desk: &mut Desk<'_>) {
        if let Some(Some(file)) = desk.picked(&mut self.picking) {
            self.add(file, false, desk);
        }
        if let Some((id, pick)) = &mut self.saving
            && let Some(place) = desk.picked(pick)
        {
            let id = id.clone();
            self.saving = None;
            if let Some(place) = place {
                self.writing = desk.ask(|request| Command::ExportConnection(request, id, place));
            }
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Written(file))) => desk.toasts.done("Connection written", &file.display().to_string()),
            Some(Err(error)) => desk.toasts.failed("The connection could not be written", &error),
            Some(Ok(_)) | None => {}
        }
        match desk.answer(&mut self.sample) {
            Some(Err(error)) => desk.toasts.failed("The sample could not be opened", &error),
            Some(Ok(_)) => desk.toasts.done("The sample opens in a window of its own", ""),
            None => {}
        }
        self.add_next(desk);
        let Some((file, request)) = &mut self.adding else { return };
        let answer = desk.answer(request);
        let file = file.clone();
        match answer {
            Some(Ok(Answer::Saved(saved))) => {
                let report = &saved.report;
                self.adding = None;
                let status = report.status;
                let head = format!("{} was added", report.name);
                if let Some(shared) = saved.shared_pair() {
                    desk.toasts.warn(&head, &shared);
                } else if status == Status::NonCompliant {
                    desk.toasts.warn(&head, "It does not comply in everything yet");
                } else {
                    desk.toasts.done(&head, status.label());
                }
                desk.intend(Intent::Go(Page::Connections));
                desk.intend(Intent::Inspect { connection: report.id.clone(), profile: None, tab: None });
            }
            Some(Err(error))
                if error.message().contains("already")
                    && error.what_to_do().is_some_and(|hint| hint.contains("--replace")) =>
            {
                self.adding = None;
                let question = Confirm::new("Replace the connection?", error.message(), "Replace", move |desk| {
                    desk.intend(Intent::ReplaceConnectionFile(file));
                });
                desk.intend(Intent::Open(Box::new(question.destructive())));
            }
            Some(Err(error)) => {
                self.adding = None;
                desk.toasts.failed("The connection file was not added", &error);
            }
            Some(Ok(_)) => self.adding = None,
            None => {}
        }
    }
}
