//! One profile's card: what would be sent, the stages as they happen, the verdict, and what mends it.

use std::sync::Arc;

use egui::{Align, Layout, RichText, Ui, vec2};
use jiff::Timestamp;

use super::asking::payload_word;
use super::plan::plan;
use crate::app::engine::{Command, ConnectionState, SendId};
use crate::app::{AppError, Payload, SendRequest};
use crate::domain::identifier::ProfileKind;
use crate::domain::transmission::{Stage, StageStatus, Transmission};
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::{InspectorTab, Intent, Page};
use crate::ui::outcome::{
    Mending, Progress, Target, diagnosis_notice, lights, milliseconds, once_more, stages, verdict_word,
};
use crate::ui::sends::Run;
use crate::ui::theme;
use crate::ui::widgets::{Badge, ToneName, card, muted, notice, secondary, utc_on_hover};

/// A card with what the user has opened on it.
pub(super) struct Card {
    kind: ProfileKind,
    /// The run that `explained` and `mending` are about.
    about: Option<SendId>,
    explained: bool,
    mending: Mending,
    /// Whether the diagnosis was brought into view, once it had come.
    brought: bool,
}

/// What a card shows of a run, taken out so that the desk is free meanwhile.
struct Shown {
    running: bool,
    cancelling: bool,
    payload: Payload,
    begun: Timestamp,
    stages: Vec<Stage>,
    progress: Option<(u64, u64)>,
    outcome: Option<Result<Arc<Transmission>, Arc<AppError>>>,
}

impl Card {
    /// Of a profile.
    pub(super) fn new(kind: ProfileKind) -> Self {
        Self { kind, about: None, explained: false, mending: Mending::default(), brought: true }
    }

    /// Which profile's.
    pub(super) const fn kind(&self) -> ProfileKind {
        self.kind
    }

    /// Shows it, at least as tall as `least`, and reports its own height in `tallest`. Returns what is to be sent.
    #[expect(clippy::too_many_arguments, reason = "what a card is given is nothing else's")]
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        payload: &Payload,
        waits: bool,
        least: f32,
        tallest: &mut f32,
    ) -> Option<SendRequest> {
        let mended = self.mending.is_mended();
        self.mending.poll(desk);
        // What to do next must not lie below the edge.
        self.brought &= mended || !self.mending.is_mended();
        let run = desk.sends.of(&state.connection.id, self.kind);
        if run.map(|run| run.id) != self.about {
            self.about = run.map(|run| run.id);
            self.explained = false;
            self.mending = Mending::default();
            self.brought = false;
        }
        let shown = run.map(Shown::of);
        card(ui)
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                let content = ui.push_id(self.kind.as_str(), |ui| self.content(ui, desk, state, payload, waits, shown));
                let height = content.response.rect.height();
                *tallest = tallest.max(height);
                if height < least {
                    ui.add_space(least - height - ui.spacing().item_spacing.y);
                }
                content.inner
            })
            .inner
            .map(|payload| SendRequest { connection: state.connection.id.clone(), profile: self.kind, payload })
    }

    fn content(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        payload: &Payload,
        waits: bool,
        shown: Option<Shown>,
    ) -> Option<Payload> {
        self.head(ui, shown.as_ref());
        let Some(profile) = state.connection.profile(self.kind) else {
            self.missing(ui, desk, state);
            return None;
        };
        let Some(shown) = shown else {
            plan(ui, desk, state, self.kind, profile);
            ui.add_space(8.0);
            let label = format!("Send to {}", self.kind);
            return ui.add_enabled_ui(!waits, |ui| secondary(ui, label)).inner.clicked().then(|| payload.clone());
        };
        ui.add_space(-2.0);
        let words = muted(ui, format!("{}, {}", payload_word(&shown.payload), desk.moment.time(shown.begun)));
        utc_on_hover(ui.label(words), shown.begun);
        let progress = shown.progress.map(|(bytes, total)| Progress { bytes, total });
        stages(ui, &shown.stages, progress, |stage| match stage.status {
            StageStatus::Good | StageStatus::Bad => milliseconds(stage.ms),
            StageStatus::Running | StageStatus::Skipped => String::new(),
        });
        ui.add_space(6.0);
        match &shown.outcome {
            None => {
                self.cancel(ui, desk, state, shown.cancelling);
                None
            }
            Some(Err(error)) => {
                let hint = error.what_to_do().unwrap_or_default();
                notice(ui, ToneName::Bad, error.message(), hint, |_ui| ());
                self.again(ui, desk, None, payload, &shown, waits)
            }
            Some(Ok(transmission)) => {
                lights(ui, &transmission.lights);
                ui.add_space(4.0);
                let (once_more, word) = once_more(&shown.payload, Some(transmission));
                let again = self.diagnosis(ui, desk, state, transmission, word);
                let wanted = self.again(ui, desk, Some(transmission), payload, &shown, waits);
                if again { Some(once_more) } else { wanted }
            }
        }
    }

    fn head(&self, ui: &mut Ui, shown: Option<&Shown>) {
        let size = vec2(ui.available_width(), 24.0);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            let title = RichText::new(format!("{} profile", self.kind.label())).font(theme::bold(theme::SECTION));
            ui.add(egui::Label::new(title).extend());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                match shown.map(|shown| (&shown.outcome, shown.running)) {
                    Some((Some(Ok(sent)), _)) => {
                        let cause = sent.cause();
                        let word = verdict_word(sent.direction, sent.verdict, &sent.lights, cause);
                        Badge::verdict(sent.verdict, &word).show(ui).on_hover_text(cause.unwrap_or(&word));
                    }
                    Some((Some(Err(_)), _)) => {
                        Badge::new(ToneName::Bad, "Not sent").show(ui);
                    }
                    Some((None, _)) => {
                        Badge::new(ToneName::Accent, "Sending").icon(Icon::Send).show(ui);
                    }
                    None => {}
                }
            });
        });
    }

    fn missing(&self, ui: &mut Ui, desk: &mut Desk<'_>, state: &ConnectionState) {
        let other = match self.kind {
            ProfileKind::Production => ProfileKind::Test,
            ProfileKind::Test => ProfileKind::Production,
        };
        let text = format!("{} has no {} profile yet. It can be copied from {other}", state.connection.name, self.kind);
        notice(ui, ToneName::Info, &format!("No {} profile", self.kind), &text, |ui| {
            if secondary(ui, "Open settings").clicked() {
                desk.intend(Intent::Go(Page::Connections));
                desk.intend(Intent::Inspect {
                    connection: state.connection.id.clone(),
                    profile: Some(other),
                    tab: Some(InspectorTab::Settings),
                });
            }
        });
    }

    fn cancel(&self, ui: &mut Ui, desk: &mut Desk<'_>, state: &ConnectionState, cancelling: bool) {
        let label = if cancelling { "Cancelling…" } else { "Cancel" };
        let button = ui.add_enabled_ui(!cancelling, |ui| secondary(ui, label)).inner;
        let hint = "What has not been handed over is not sent; what has been may have arrived";
        if button.on_hover_text(hint).clicked()
            && let Some(id) = self.about
            && desk.ask(|_| Command::CancelSend(id)).is_some()
            && let Some(run) = desk.sends.of_mut(&state.connection.id, self.kind)
        {
            run.cancelling = true;
        }
    }

    /// The diagnosis with the button that mends it. Returns whether to send again.
    fn diagnosis(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        sent: &Transmission,
        word: &str,
    ) -> bool {
        let Some(diagnosis) = &sent.diagnosis else { return false };
        let target = Target { connection: state.connection.id.clone(), profile: self.kind };
        let Self { explained, mending, .. } = self;
        let mut again = false;
        let notice = ui.scope(|ui| {
            diagnosis_notice(ui, sent.verdict, diagnosis, explained, |ui| {
                if !mending.is_mended()
                    && let Some(action) = &diagnosis.action
                {
                    again = mending.button(ui, desk, &target, action, word);
                }
            });
            again |= mending.mended(ui, word);
        });
        if !std::mem::replace(&mut self.brought, true) && notice.response.rect.height() > 1.0 {
            notice.response.scroll_to_me(None);
        }
        again
    }

    /// The buttons below the outcome.
    fn again(
        &self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        sent: Option<&Transmission>,
        payload: &Payload,
        shown: &Shown,
        waits: bool,
    ) -> Option<Payload> {
        ui.add_space(4.0);
        // Where something was mended, or the diagnosis says so, that button stands above already.
        let above = self.mending.is_mended()
            || sent
                .and_then(|sent| sent.diagnosis.as_ref())
                .is_some_and(|diagnosis| diagnosis.action == Some(crate::domain::diagnosis::Action::Redeliver));
        let mut wanted = None;
        ui.horizontal_wrapped(|ui| {
            if let Some(sent) = sent
                && secondary(ui, "Open transmission").clicked()
            {
                desk.intend(Intent::ShowTransmission(sent.id));
            }
            if waits {
                ui.disable();
            }
            let (once_more, word) = once_more(&shown.payload, sent);
            if !above && secondary(ui, word).clicked() {
                wanted = Some(once_more);
            }
            if *payload != shown.payload && secondary(ui, format!("Send {}", payload_word(payload))).clicked() {
                wanted = Some(payload.clone());
            }
        });
        wanted
    }
}

impl Shown {
    fn of(run: &Run) -> Self {
        Self {
            running: run.is_running(),
            cancelling: run.cancelling,
            payload: run.payload.clone(),
            begun: run.begun,
            stages: run.stages.clone(),
            progress: run.progress,
            outcome: run.outcome.clone(),
        }
    }
}
