//! The partner's certificates of one connection, and when each is used.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Label, RichText, Ui};

use super::certificate_cards::{Act, Card, OurCard, cards, our_card};
use super::server_card::server_card;
use super::sighted;
use crate::app::engine::{Answer, Command, ConnectionState, RequestId, Snapshot};
use crate::app::{CertificateSource, ScheduleAct};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::domain::sighting::Sighting;
use crate::domain::timeline::{CertificatePurpose, next_activation};
use crate::ui::certificate::{ConfirmFingerprint, Timeline, draw_timeline, meaning, purpose_meaning};
use crate::ui::certificates::activate_now;
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::icon::Icon;
use crate::ui::intent::{Intent, Page, SettingsSection};
use crate::ui::moment::Moment;
use crate::ui::theme;
use crate::ui::widgets::{empty_state, muted, primary, secondary, segmented};

/// What is shown of one profile, made where something has changed.
struct Made {
    snapshot: Arc<Snapshot>,
    connection: ConnectionId,
    profile: ProfileKind,
    minute: i64,
    timeline: Timeline,
    sentence: String,
    cards: Vec<Card>,
    /// Certificates that were seen before they were expected, of both profiles.
    sightings: Vec<Sighting>,
    ours: Option<OurCard>,
}

/// The tab.
#[derive(Default)]
pub(super) struct CertificatesTab {
    made: Option<Made>,
    saving: Option<(IdentityName, Option<PickId>)>,
    writing: Option<RequestId>,
    forgetting: Option<RequestId>,
}

impl CertificatesTab {
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        profile: &mut ProfileKind,
    ) {
        let kinds: Vec<(ProfileKind, &str)> =
            state.connection.profiles().map(|(kind, _)| (kind, kind.label())).collect();
        ui.horizontal_wrapped(|ui| {
            if let Some(chosen) = segmented(ui, *profile, &kinds) {
                *profile = chosen;
            }
            if secondary(ui, "New certificate…").clicked() {
                new_certificate(desk, state, *profile, None);
            }
        });
        self.make(desk, state, *profile);
        let Some(made) = &self.made else { return };
        let mut act = None;
        let mut seen = None;
        let place = ("certificates", state.connection.id.as_str(), *profile);
        egui::ScrollArea::vertical().id_salt(place).auto_shrink([false, false]).show(ui, |ui| {
            ui.add_space(4.0);
            seen = sighted::show(ui, &made.sightings, &state.connection.name, &desk.moment);
            if made.cards.is_empty() {
                let text =
                    "Without one nothing can be encrypted for the partner, and their signatures cannot be verified";
                ui.scope(|ui| {
                    ui.set_max_height(260.0);
                    let import = empty_state(ui, Icon::FileBadge, "No certificate of the partner yet", text, |ui| {
                        primary(ui, "Import the certificate…").clicked()
                    });
                    if import {
                        new_certificate(desk, state, *profile, None);
                    }
                });
                ui.add_space(16.0);
            } else {
                draw_timeline(ui, &made.timeline);
                ui.add(Label::new(muted(ui, &made.sentence)).wrap());
                ui.add_space(4.0);
                for card in &made.cards {
                    act = card.show(ui).or(act.take());
                }
            }
            ui.add_space(6.0);
            ui.label(RichText::new("Our own certificate").font(theme::bold(theme::SECTION)));
            match &made.ours {
                Some(ours) => act = ours.show(ui).or(act.take()),
                None => {
                    ui.label(muted(ui, "The identity that this profile names is not in the workspace"));
                }
            }
            if let Some(settings) = state.connection.profile(*profile) {
                let key = (state.connection.id.clone(), *profile);
                let snapshot = Arc::clone(desk.snapshot);
                server_card(ui, desk, &snapshot, &key, &state.connection.name, settings);
            }
        });
        if let Some((act, kind)) = seen.or(act.map(|act| (act, *profile))) {
            self.carry_out(act, desk, state, kind);
        }
    }

    /// Goes on with what has come meanwhile.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) {
        if let Some((name, pick)) = &mut self.saving
            && let Some(place) = desk.picked(pick)
        {
            let name = name.clone();
            self.saving = None;
            if let Some(place) = place {
                self.write(name, place, desk);
            }
        }
        if let Some(Err(error)) = desk.answer(&mut self.forgetting) {
            desk.toasts.failed("It could not be forgotten", &error);
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Written(file))) => {
                desk.toasts.done("Our certificate was written", &file.display().to_string())
            }
            Some(Err(error)) => desk.toasts.failed("Our certificate could not be written", &error),
            Some(Ok(_)) | None => {}
        }
    }

    fn write(&mut self, name: IdentityName, place: PathBuf, desk: &mut Desk<'_>) {
        self.writing = desk.ask(|id| Command::ExportIdentity(id, name, place));
    }

    fn make(&mut self, desk: &Desk<'_>, state: &ConnectionState, kind: ProfileKind) {
        let snapshot = desk.snapshot;
        let minute = desk.moment.now.as_second().div_euclid(60);
        let fresh = self.made.as_ref().is_some_and(|made| {
            Arc::ptr_eq(&made.snapshot, snapshot)
                && made.connection == state.connection.id
                && made.profile == kind
                && made.minute == minute
        });
        if fresh {
            return;
        }
        let Some(profile) = state.connection.profile(kind) else {
            self.made = None;
            return;
        };
        let uses = &profile.partner_certificates;
        let key = (state.connection.id.clone(), kind);
        let facts = |print: &Fingerprint| -> Option<&CertificateFacts> { snapshot.facts(print) };
        let moment: &Moment = &desk.moment;
        let report = state.profile_report(kind);
        // What is scheduled to be encrypted for alone changes nothing of what verifies.
        let verifies = |print: &Fingerprint| {
            let verify = CertificatePurpose::Verify;
            uses.iter().any(|entry| entry.fingerprint == *print && entry.purposes.contains(&verify))
        };
        let alone = next_activation(uses, moment.now)
            .filter(|(next, _)| !verifies(&next.fingerprint))
            .map(|_| CertificatePurpose::Encrypt);
        self.made = Some(Made {
            snapshot: Arc::clone(snapshot),
            connection: state.connection.id.clone(),
            profile: kind,
            minute,
            timeline: Timeline::of(&snapshot.observations.uses(&key.0, kind, profile), &facts, None, moment),
            sentence: purpose_meaning(alone, uses, None, moment).unwrap_or_else(|| meaning(uses, &facts, None, moment)),
            cards: cards(snapshot, &key, profile.retire_unused_days, uses, report, moment),
            sightings: of_connection(snapshot, &state.connection.id),
            ours: our_card(snapshot, profile.identity.at(snapshot.at), report, moment)
                .map(|ours| ours.followed(&profile.identity, moment)),
        });
    }

    fn carry_out(&mut self, act: Act, desk: &mut Desk<'_>, state: &ConnectionState, profile: ProfileKind) {
        match act {
            Act::Confirm(fingerprint) => {
                if let Some(facts) = desk.snapshot.facts(&fingerprint) {
                    desk.intend(Intent::Open(Box::new(ConfirmFingerprint::new(facts))));
                }
            }
            Act::Reschedule(fingerprint) => {
                new_certificate(desk, state, profile, Some(CertificateSource::Workspace(fingerprint)));
            }
            Act::Activate(fingerprint) => {
                let whom = format!("{}, {profile}", state.connection.name);
                activate_now(vec![(state.connection.id.clone(), profile)], &whom, &fingerprint, desk);
            }
            Act::Cancel => {
                let profiles = vec![(state.connection.id.clone(), profile)];
                desk.intend(Intent::ChangeSchedule(profiles, ScheduleAct::Cancel));
            }
            Act::RollBack => {
                let profiles = vec![(state.connection.id.clone(), profile)];
                desk.intend(Intent::ChangeSchedule(profiles, ScheduleAct::RollBack));
            }
            Act::ImportSighted(fingerprint) => {
                new_certificate(desk, state, profile, Some(CertificateSource::Sighted(fingerprint)));
            }
            Act::AcceptAgain(certificate) => {
                let profiles = vec![(state.connection.id.clone(), profile)];
                desk.intend(Intent::ChangeSchedule(profiles, ScheduleAct::AcceptAgain { certificate }));
            }
            Act::Withdraw(certificate) => {
                let profiles = vec![(state.connection.id.clone(), profile)];
                desk.intend(Intent::ChangeSchedule(profiles, ScheduleAct::Withdraw { certificate }));
            }
            Act::ShowTransmission(id) => desk.intend(Intent::ShowTransmission(id)),
            Act::Forget(fingerprint) => {
                let connection = state.connection.id.clone();
                self.forgetting = desk.ask(|id| Command::ForgetSighting(id, connection, profile, fingerprint));
            }
            Act::ShowIdentities => desk.intend(Intent::Go(Page::Settings(SettingsSection::Identities))),
            Act::WriteOurs(name) => {
                let pick = desk.pick_file(FilePick::Save(format!("{name}.pem")));
                self.saving = pick.map(|pick| (name, Some(pick)));
            }
        }
    }
}

/// What was seen of one connection.
fn of_connection(snapshot: &Snapshot, connection: &ConnectionId) -> Vec<Sighting> {
    snapshot.first_sights.iter().filter(|sighting| sighting.connection == *connection).cloned().collect()
}

fn new_certificate(
    desk: &mut Desk<'_>,
    state: &ConnectionState,
    profile: ProfileKind,
    source: Option<CertificateSource>,
) {
    let connection = Some(state.connection.id.clone());
    desk.intend(Intent::NewCertificate { connection, profile: Some(profile), source });
}
