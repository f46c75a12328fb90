//! The dialog that sends files as daily work: to which profile, which files and how large, and what became of each.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use egui::{Align, Context, Label, Layout, RichText, Ui, vec2};

use super::desk::Desk;
use super::dialog::{Dialog, Dropped, Flow, Part, buttons, frame_with_foot};
use super::files::{FilePick, PickId};
use super::icon::Icon;
use super::intent::Intent;
use super::outcome::result_word;
use super::theme;
use super::widgets::{
    Badge, ToneName, field_error, icon_button, link, muted, notice, primary, progress, secondary, segmented,
};
use crate::app::engine::{Answer, Command, RequestId};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::size::size;
use crate::domain::transmission::{Transmission, TransmissionId, Verdict};

/// How often is asked what became of what was taken on.
const EVERY: Duration = Duration::from_millis(500);

/// What was found of a file: its length, or why it cannot be sent.
type Looked = (PathBuf, Result<u64, String>);

/// One file of the list.
struct Item {
    path: PathBuf,
    name: String,
    /// Nothing until somebody has looked.
    bytes: Option<Result<u64, String>>,
    state: State,
}

/// How far a file is.
enum State {
    Chosen,
    Taken(TransmissionId, Option<Box<Transmission>>),
    Refused(String),
}

impl Item {
    /// Whether it could be taken on.
    const fn is_ready(&self) -> bool {
        matches!((&self.state, &self.bytes), (State::Chosen, Some(Ok(_))))
    }

    /// The transmission that is still to be followed.
    fn followed(&self) -> Option<TransmissionId> {
        match &self.state {
            State::Taken(id, standing) => standing.as_ref().is_none_or(|standing| goes_on(standing)).then_some(*id),
            State::Chosen | State::Refused(_) => None,
        }
    }
}

/// Whether something will still come of it by itself, soon.
const fn goes_on(standing: &Transmission) -> bool {
    matches!(standing.verdict, Verdict::Queued | Verdict::Sending | Verdict::Pending)
}

/// The dialog.
pub(super) struct SendFiles {
    connection: ConnectionId,
    profile: ProfileKind,
    items: Vec<Item>,
    picking: Option<PickId>,
    looking: Vec<Receiver<Looked>>,
    taking: Option<RequestId>,
    /// How many bytes of how many are copied.
    copied: Option<(u64, u64)>,
    given_up: bool,
    following: Option<(TransmissionId, Option<RequestId>)>,
    asked: Option<Instant>,
    turn: usize,
    ctx: Context,
}

impl SendFiles {
    /// With these files in it.
    pub(super) fn new(
        connection: ConnectionId,
        profile: ProfileKind,
        files: Vec<PathBuf>,
        desk: &mut Desk<'_>,
        ctx: &Context,
    ) -> Self {
        let mut dialog = Self {
            connection,
            profile,
            items: Vec::new(),
            picking: None,
            looking: Vec::new(),
            taking: None,
            copied: None,
            given_up: false,
            following: None,
            asked: None,
            turn: 0,
            ctx: ctx.clone(),
        };
        // The profile in front need not exist.
        let kinds = dialog.kinds(desk);
        if let Some(first) = kinds.first().filter(|_| !kinds.contains(&dialog.profile)) {
            dialog.profile = *first;
        }
        files.into_iter().for_each(|file| dialog.add(file, desk));
        dialog
    }

    fn kinds(&self, desk: &Desk<'_>) -> Vec<ProfileKind> {
        let state = desk.snapshot.connection(&self.connection);
        state.map_or_else(Vec::new, |state| state.connection.profiles().map(|(kind, _)| kind).collect())
    }

    /// Adds a file, and has somebody look how long it is: not this thread.
    fn add(&mut self, path: PathBuf, desk: &mut Desk<'_>) {
        if self.items.iter().any(|item| item.path == path && matches!(item.state, State::Chosen)) {
            return;
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        self.items.push(Item { path: path.clone(), name, bytes: None, state: State::Chosen });
        let (told, looked) = channel();
        let ctx = self.ctx.clone();
        let look = async move {
            let found = match std::fs::metadata(&path) {
                Ok(found) if found.is_file() => Ok(found.len()),
                Ok(_) => Err("It is a folder, not a file".to_owned()),
                Err(error) => Err(format!("It cannot be read: {error}")),
            };
            // Nobody waits any more where the dialog was closed.
            if told.send((path, found)).is_ok() {
                ctx.request_repaint();
            }
        };
        if desk.ask(|_| Command::Run(Box::pin(look))).is_some() {
            self.looking.push(looked);
        }
    }

    /// Takes whatever has come since the last frame.
    fn poll(&mut self, desk: &mut Desk<'_>) {
        for file in desk.picked_files(&mut self.picking).unwrap_or_default() {
            self.add(file, desk);
        }
        let found: Vec<Looked> = self.looking.iter().filter_map(|looked| looked.try_recv().ok()).collect();
        for (path, bytes) in found {
            if let Some(item) = self.items.iter_mut().find(|item| item.path == path && item.bytes.is_none()) {
                item.bytes = Some(bytes);
            }
        }
        match desk.answer(&mut self.taking) {
            Some(Ok(Answer::TakenOn(taken))) => {
                let waiting = self.items.iter_mut().filter(|item| item.is_ready());
                for (item, taken) in waiting.zip(taken) {
                    item.state = match taken {
                        Ok(id) => State::Taken(id, None),
                        Err(error) => State::Refused(crate::domain::sentence::sentence(&error.to_string())),
                    };
                }
            }
            Some(Err(error)) => desk.toasts.failed("Nothing was sent", &error),
            Some(Ok(_)) | None => {}
        }
        self.follow(desk);
    }

    /// Asks in turn what became of each.
    fn follow(&mut self, desk: &mut Desk<'_>) {
        if let Some((id, request)) = &mut self.following {
            let Some(answer) = desk.answer(request) else { return };
            let id = *id;
            self.following = None;
            let item = self.items.iter_mut().find(|item| item.followed() == Some(id));
            if let (Ok(Answer::Detail(detail)), Some(item)) = (answer, item) {
                item.state = State::Taken(id, Some(Box::new(detail.transmission)));
            }
        }
        let left: Vec<TransmissionId> = self.items.iter().filter_map(Item::followed).collect();
        if left.is_empty() {
            return;
        }
        self.ctx.request_repaint_after(EVERY);
        if self.asked.is_some_and(|asked| asked.elapsed() < EVERY) {
            return;
        }
        self.asked = Some(Instant::now());
        // Each has its turn.
        self.turn = self.turn.wrapping_add(1);
        let next = left[self.turn % left.len()];
        self.following = desk.ask(|id| Command::Transmission(id, next)).map(|id| (next, Some(id)));
    }

    fn send(&mut self, desk: &mut Desk<'_>) {
        let files: Vec<PathBuf> =
            self.items.iter().filter(|item| item.is_ready()).map(|item| item.path.clone()).collect();
        let (connection, profile) = (self.connection.clone(), self.profile);
        (self.copied, self.given_up) = (None, false);
        self.taking = desk.ask(|id| Command::TakeOn(id, connection, profile, files));
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> bool {
        ui.spacing_mut().item_spacing.y = 8.0;
        let kinds = self.kinds(desk);
        let may_change = self.taking.is_none();
        if kinds.len() == 2 {
            let all = [ProfileKind::Production, ProfileKind::Test].map(|kind| (kind, kind.label()));
            let row = |ui: &mut Ui| ui.horizontal(|ui| segmented(ui, self.profile, &all)).inner;
            let chosen = ui.add_enabled_ui(may_change, row).inner;
            self.profile = chosen.unwrap_or(self.profile);
        }
        let snapshot = std::sync::Arc::clone(desk.snapshot);
        let state = snapshot.connection(&self.connection);
        if let Some(profile) = state.and_then(|state| state.connection.profile(self.profile)) {
            let what = match self.profile {
                ProfileKind::Production => "The partner acts on them as on any real document",
                ProfileKind::Test => "The partner's test system gets them",
            };
            ui.add(Label::new(muted(ui, format!("{what}. To {}", profile.url))).wrap());
        }
        if snapshot.lease.holder.is_none() && !snapshot.lease.here {
            let text = "They are kept, and sent as soon as a program does the daily work of this workspace";
            notice(ui, ToneName::Info, "Nothing is sent at the moment", text, |_| ());
        }
        let mut removed = None;
        let mut shown = None;
        for (index, item) in self.items.iter().enumerate() {
            row(ui, item, may_change, |act| match act {
                Act::Remove => removed = Some(index),
                Act::Show(id) => shown = Some(id),
            });
        }
        if let Some(index) = removed {
            self.items.remove(index);
        }
        if self.items.is_empty() {
            ui.add(Label::new(muted(ui, "Drop files here, or choose them")).wrap());
        }
        let add = ui.add_enabled_ui(self.picking.is_none() && may_change, |ui| secondary(ui, "Choose files…")).inner;
        if add.clicked() {
            self.picking = desk.pick_file(FilePick::Documents);
        }
        if let Some(id) = shown {
            desk.intend(Intent::ShowTransmission(id));
            return true;
        }
        false
    }

    fn foot(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> bool {
        let ready: Vec<u64> = self
            .items
            .iter()
            .filter(|item| item.is_ready())
            .filter_map(|item| item.bytes.as_ref()?.as_ref().ok().copied())
            .collect();
        let begun = self.items.iter().any(|item| !matches!(item.state, State::Chosen));
        if let (Some(taking), Some((done, total))) = (self.taking, self.copied) {
            progress::bytes(ui, ("copying", taking), "copied", done, total);
        }
        buttons(ui, |ui| {
            let mut close = false;
            if let Some(taking) = self.taking {
                let cancel = ui.add_enabled_ui(!self.given_up, |ui| secondary(ui, "Cancel copying")).inner;
                if cancel.clicked() {
                    self.given_up = desk.ask(|_| Command::GiveUp(taking)).is_some();
                }
                return false;
            }
            if !ready.is_empty() || !begun {
                let label = match ready.len() {
                    0 => format!("Send to {}", self.profile),
                    1 => format!("Send 1 file to {}", self.profile),
                    number => format!("Send {number} files to {}", self.profile),
                };
                let can = !ready.is_empty() && self.taking.is_none() && !desk.snapshot.workspace.read_only;
                if ui.add_enabled_ui(can, |ui| primary(ui, label)).inner.clicked() {
                    self.send(desk);
                }
            }
            if secondary(ui, if begun { "Close" } else { "Cancel" }).clicked() {
                close = true;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if !ready.is_empty() {
                    ui.label(muted(ui, format!("{} in all", size(ready.iter().sum()))));
                }
            });
            close
        })
    }
}

/// What is done with a row.
enum Act {
    Remove,
    Show(TransmissionId),
}

fn row(ui: &mut Ui, item: &Item, may_change: bool, mut act: impl FnMut(Act)) {
    let height = 22.0;
    ui.allocate_ui_with_layout(vec2(ui.available_width(), height), Layout::right_to_left(Align::Center), |ui| {
        match &item.state {
            State::Chosen => {
                let name = format!("Remove {}", item.name);
                let button = ui.add_enabled_ui(may_change, |ui| icon_button(ui, Icon::X, &name)).inner;
                if button.clicked() {
                    act(Act::Remove);
                }
            }
            State::Taken(id, standing) => {
                if link(ui, "Open").on_hover_text(format!("Open the transmission of {}", item.name)).clicked() {
                    act(Act::Show(*id));
                }
                let (verdict, cause) = match standing {
                    Some(standing) => (standing.verdict, standing.cause()),
                    None => (Verdict::Queued, None),
                };
                Badge::verdict(verdict, &result_word(verdict, cause)).about(&item.name).show(ui);
            }
            State::Refused(_) => {
                Badge::new(ToneName::Bad, "Not sent").about(&item.name).show(ui);
            }
        }
        if let Some(Ok(bytes)) = &item.bytes {
            ui.label(muted(ui, size(*bytes)));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(Label::new(RichText::new(&item.name).font(theme::body())).truncate());
        });
    });
    let wrong = match (&item.state, &item.bytes) {
        (State::Refused(why), _) | (State::Chosen, Some(Err(why))) => Some(why),
        _ => None,
    };
    if let Some(why) = wrong {
        field_error(ui, why);
    }
}

impl Dialog for SendFiles {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        self.poll(desk);
        let name = desk
            .snapshot
            .connection(&self.connection)
            .map_or_else(|| self.connection.to_string(), |state| state.connection.name.clone());
        let subtitle = format!("To {name}, as daily work: sent again by itself until somebody has decided");
        let busy = self.taking.is_some();
        let done = frame_with_foot(ctx, "send-files", "Send files", &subtitle, 560.0, busy, |ui, part| {
            let close = match part {
                Part::Content => self.content(ui, desk),
                Part::Foot => self.foot(ui, desk),
            };
            close.then_some(())
        });
        if done.is_some() { Flow::Close } else { Flow::Open }
    }

    fn progress(&mut self, id: RequestId, done: u64, total: u64) {
        if self.taking == Some(id) {
            self.copied = Some((done, total));
        }
    }

    fn drop_file(&mut self, file: Dropped, desk: &mut Desk<'_>) -> Option<Dropped> {
        if self.taking.is_none() {
            self.add(file.path, desk);
        }
        None
    }
}
