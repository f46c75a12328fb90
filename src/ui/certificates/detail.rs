//! One certificate in depth: what it is, where it is used and how, its timeline, and what can be done with it.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Align, Label, Layout, Response, Ui};

use super::acts::activate_now;
use super::remove::RemoveCertificate;
use super::rows::{Place, Role, Row, RowKey, Whose};
use super::table::badge;
use crate::app::engine::{Answer, Command, RequestId, Snapshot};
use crate::app::{CertificateSource, ProfileKey, ScheduleAct};
use crate::domain::certificate::CertificateFacts;
use crate::domain::server_certificate::ServerSight;
use crate::ui::certificate::{
    ConfirmFingerprint, Timeline, draw_timeline, grouped, signature, stated, stated_fully, usage, validity,
};
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::icon::Icon;
use crate::ui::intent::{InspectorTab, Intent};
use crate::ui::moment::{Moment, count};
use crate::ui::theme;
use crate::ui::widgets::{
    icon_button, link, long_text_in, mono, muted, primary, secondary, section, small, utc_on_hover,
};

/// So many profiles are listed; the others are found by searching the connections.
const LISTED: usize = 25;

/// The detail.
pub(super) struct Detail {
    key: RowKey,
    made: Option<(Arc<Snapshot>, i64, Option<Timeline>)>,
    saving: Option<PickId>,
    writing: Option<RequestId>,
}

impl Detail {
    pub(super) const fn new(key: RowKey) -> Self {
        Self { key, made: None, saving: None, writing: None }
    }

    pub(super) const fn key(&self) -> &RowKey {
        &self.key
    }

    /// Goes on with what has come meanwhile.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) {
        if let Some(Some(file)) = desk.picked(&mut self.saving) {
            self.write(file, desk);
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Written(file))) => {
                desk.toasts.done("The certificate was written", &file.display().to_string());
            }
            Some(Err(error)) => desk.toasts.failed("The certificate could not be written", &error),
            Some(Ok(_)) | None => {}
        }
    }

    fn write(&mut self, file: PathBuf, desk: &mut Desk<'_>) {
        let print = self.key.fingerprint;
        let ours = desk.snapshot.identities.iter().find(|identity| identity.facts.fingerprint_sha256 == print);
        let name = ours.filter(|_| self.key.whose == Whose::Ours).map(|identity| identity.name.clone());
        self.writing = match name {
            Some(name) => desk.ask(|id| Command::ExportIdentity(id, name, file)),
            None => desk.ask(|id| Command::ExportCertificate(id, print, file)),
        };
    }

    /// Shows it; whether it is to be closed.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, row: Option<&Arc<Row>>) -> bool {
        let mut close = false;
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                ui.set_width((ui.available_width() - 40.0).max(80.0));
                ui.spacing_mut().item_spacing.y = 3.0;
                let name = row.map_or("Not in the workspace any more", |row| row.name.as_str());
                let ink = theme::tokens(ui.ctx()).text;
                long_text_in(ui, name, theme::bold(16.0), ink, "Copy the name");
                let whose = match self.key.whose {
                    Whose::Theirs => "A partner's certificate",
                    Whose::Ours => "Our own certificate",
                    Whose::Server => "Of a partner's TLS server",
                };
                ui.label(muted(ui, whose));
            });
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                close = icon_button(ui, Icon::X, "Close detail").clicked();
            });
        });
        let Some(row) = row else { return close };
        let snapshot = Arc::clone(desk.snapshot);
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.add_space(2.0);
            ui.scope(|ui| {
                // As low as they are: these are no controls.
                ui.spacing_mut().interact_size.y = 22.0;
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing.y = 4.0;
                    badge(ui, &row.until, "Valid until");
                    badge(ui, &row.next, "Next");
                    badge(ui, &row.confirmed, "Confirmed");
                });
            });
            self.acts(ui, desk, row);
            if let Some(timeline) = self.timeline(&snapshot, row, &desk.moment) {
                ui.add_space(4.0);
                draw_timeline(ui, timeline);
            }
            ui.add_space(6.0);
            section(ui, "Used by");
            places(ui, desk, row);
            ui.add_space(6.0);
            section(ui, "What it is");
            self.facts(ui, &snapshot, row, &desk.moment);
        });
        close
    }

    fn acts(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, row: &Row) {
        let coming = row.profiles(|place| matches!(place.role, Role::Coming(_)));
        let back = row.profiles(|place| place.before);
        let many = |word: &str, profiles: &[ProfileKey]| match profiles.len() {
            0 | 1 => word.to_owned(),
            several => format!("{word}, {several} profiles"),
        };
        let whom = |profiles: &[ProfileKey]| match profiles {
            [_] => row.used.clone(),
            several => count(several.len(), "profile"),
        };
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(8.0, 8.0);
            if self.key.whose == Whose::Theirs {
                let profile = row.places.first().map(|place| place.key.1);
                if row.without_successor && primary(ui, "Import its successor…").clicked() {
                    // For a profile that uses it, so that those which use another are not taken along.
                    let alone = |place: &&Place| place.role == Role::InUse && place.successor.is_none();
                    let of = row.places.iter().find(alone).map(|place| place.key.clone());
                    let (connection, profile) = of.map_or((None, None), |(id, kind)| (Some(id), Some(kind)));
                    desk.intend(Intent::NewCertificate { connection, profile, source: None });
                }
                if !coming.is_empty() {
                    if secondary(ui, many("Activate now…", &coming)).clicked() {
                        activate_now(coming.clone(), &whom(&coming), &row.key.fingerprint, desk);
                    }
                    if secondary(ui, "Reschedule…").clicked() {
                        let source = Some(CertificateSource::Workspace(row.key.fingerprint));
                        let of = row.places.iter().find(|place| matches!(place.role, Role::Coming(_)));
                        let connection = of.map(|place| place.key.0.clone());
                        desk.intend(Intent::NewCertificate { connection, profile, source });
                    }
                    if secondary(ui, many("Cancel the schedule", &coming)).clicked() {
                        desk.intend(Intent::ChangeSchedule(coming.clone(), ScheduleAct::Cancel));
                    }
                }
                if !back.is_empty() && secondary(ui, many("Roll back", &back)).clicked() {
                    desk.intend(Intent::ChangeSchedule(back.clone(), ScheduleAct::RollBack));
                }
                if row.confirmed.word == "Not confirmed"
                    && secondary(ui, "Confirm fingerprint…").clicked()
                    && let Some(facts) = desk.snapshot.facts(&row.key.fingerprint)
                {
                    desk.intend(Intent::Open(Box::new(ConfirmFingerprint::new(facts))));
                }
            }
            if self.key.whose == Whose::Server
                && let Some(place) = row.places.first()
                && secondary(ui, "Fetch the server's certificate…").clicked()
            {
                let dialog = super::FetchServer::new(place.key.clone(), &place.name, desk);
                desk.intend(Intent::Open(Box::new(dialog)));
            }
            if self.key.whose == Whose::Theirs && row.places.is_empty() && secondary(ui, "Remove…").clicked() {
                let dialog = RemoveCertificate::new(row.key.fingerprint, &row.name);
                desk.intend(Intent::Open(Box::new(dialog)));
            }
            if self.key.whose != Whose::Server
                && secondary(ui, "Export…").on_hover_text("PEM, or DER where the name ends in .cer or .der").clicked()
            {
                let name: String = row
                    .name
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
                    .collect();
                self.saving = desk.pick_file(FilePick::Save(format!("{name}.pem")));
            }
        });
    }

    /// The timeline of the first profile that it is used in.
    fn timeline(&mut self, snapshot: &Arc<Snapshot>, row: &Row, moment: &Moment) -> Option<&Timeline> {
        let minute = moment.now.as_second().div_euclid(60);
        let fresh = self.made.as_ref().is_some_and(|(of, at, _)| Arc::ptr_eq(of, snapshot) && *at == minute);
        if !fresh {
            let place = row.places.first().filter(|_| self.key.whose == Whose::Theirs);
            let timeline = place.and_then(|place| {
                let (id, kind) = &place.key;
                let profile = snapshot.connection(id)?.connection.profile(*kind)?;
                let uses = snapshot.observations.uses(id, *kind, profile);
                Some(Timeline::of(&uses, &|print| snapshot.facts(print), None, moment))
            });
            self.made = Some((Arc::clone(snapshot), minute, timeline));
        }
        self.made.as_ref().and_then(|(.., timeline)| timeline.as_ref())
    }

    fn facts(&self, ui: &mut Ui, snapshot: &Snapshot, row: &Row, moment: &Moment) {
        let print = &row.key.fingerprint;
        match self.key.whose {
            Whose::Theirs => {
                if let Some(state) = snapshot.certificates.get(print) {
                    facts(ui, &state.facts, moment);
                    let source = if state.source.is_empty() { "Not known" } else { &state.source };
                    line(ui, "Came from", source);
                    if let Some(confirmed) = &state.confirmed {
                        let by = confirmed.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
                        let when = moment.day_and_time(confirmed.at);
                        utc_on_hover(line(ui, "Confirmed", &format!("{when}{by}, {}", confirmed.how)), confirmed.at);
                    }
                }
            }
            Whose::Ours => {
                if let Some(ours) = snapshot.identities.iter().find(|ours| ours.facts.fingerprint_sha256 == *print) {
                    facts(ui, &ours.facts, moment);
                }
            }
            Whose::Server => {
                let sight = row.places.first().and_then(|place| snapshot.observations.servers.get(&place.key));
                if let Some(sight) = sight {
                    server(ui, sight, moment);
                }
            }
        }
        ui.horizontal(|ui| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.label(muted(ui, "SHA-256 fingerprint"));
                for part in grouped(print) {
                    ui.add(Label::new(mono(part)).wrap().selectable(true));
                }
            });
            if icon_button(ui, Icon::Copy, "Copy the fingerprint").clicked() {
                ui.copy_text(print.to_string());
            }
        });
    }
}

/// The profiles that use it, each with what it is there, leading to its connection.
fn places(ui: &mut Ui, desk: &mut Desk<'_>, row: &Row) {
    if row.places.is_empty() {
        ui.add(Label::new(muted(ui, "No profile uses it")).wrap());
    }
    for place in row.places.iter().take(LISTED) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            if link(ui, format!("{}, {}", place.name, place.key.1)).clicked() {
                let (connection, profile) = place.key.clone();
                let tab = Some(InspectorTab::Certificates);
                desk.intend(Intent::Inspect { connection, profile: Some(profile), tab });
            }
            ui.label(muted(ui, place_words(row, place, &desk.moment)));
        });
    }
    if row.places.len() > LISTED {
        ui.label(muted(ui, format!("and {} more", row.places.len() - LISTED)));
    }
}

fn place_words(row: &Row, place: &Place, moment: &Moment) -> String {
    let what = match (row.key.whose, place.role) {
        (Whose::Ours, Role::Coming(at)) => {
            format!("signs from {}, decrypts already", stated_fully(at, place.zone.as_deref(), moment))
        }
        (Whose::Ours, _) => match place.successor {
            Some(at) => {
                let until = stated_fully(at, place.zone.as_deref(), moment);
                format!("signs until {until}, decrypts also after that")
            }
            None => "signs and decrypts".to_owned(),
        },
        (Whose::Server, _) => "its server".to_owned(),
        (_, Role::InUse) => match place.successor {
            Some(at) => format!("in use, successor {}", stated(at, place.zone.as_deref(), moment)),
            None => "in use, no successor yet".to_owned(),
        },
        (_, Role::Coming(at)) => format!("goes active {}", stated(at, place.zone.as_deref(), moment)),
        (_, Role::Accepted) => "signatures accepted".to_owned(),
        (_, Role::Past) => "not used any more".to_owned(),
    };
    match place.seen {
        Some(seen) => format!("{what} · signature last seen {}", moment.ago(seen)),
        None => what,
    }
}

fn facts(ui: &mut Ui, facts: &CertificateFacts, moment: &Moment) {
    let issuer = if facts.self_signed { "Itself, self-signed".to_owned() } else { facts.issuer.clone() };
    line(ui, "Subject", &facts.subject);
    line(ui, "Issuer", &issuer);
    line(ui, "Valid", &validity(facts, moment));
    line(ui, "Serial number", &facts.serial);
    line(ui, "Key", &facts.key.to_string());
    line(ui, "Signature", &signature(facts));
    line(ui, "Usage", &usage(facts));
}

/// What was seen of a server.
fn server(ui: &mut Ui, sight: &ServerSight, moment: &Moment) {
    line(ui, "Server", &sight.server);
    utc_on_hover(line(ui, "Seen", &moment.day_and_time(sight.seen)), sight.seen);
    line(ui, "TLS", sight.tls.version.as_deref().unwrap_or("Not agreed on"));
    if let Some(why) = &sight.refusal {
        line(ui, "Refused", &crate::domain::sentence::sentence(why));
    }
    line(ui, "Revocation", "Not checked");
    for (index, certificate) in sight.tls.chain.iter().enumerate() {
        let name = if index == 0 { "Subject" } else { "Above it" };
        line(ui, name, &format!("{}, until {}", certificate.subject, moment.date(certificate.not_after)));
    }
    if let Some(last) = sight.tls.chain.last() {
        line(ui, "Issued by", &last.issuer);
    }
    if let Some(before) = &sight.before {
        line(ui, "Before", &before.certificate.fingerprint_sha256.to_string());
        utc_on_hover(line(ui, "Changed", &moment.day_and_time(before.changed)), before.changed);
    }
}

fn line(ui: &mut Ui, name: &str, value: &str) -> Response {
    let shown = ui.horizontal_top(|ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        let (rect, _) = ui.allocate_exact_size(egui::vec2(96.0, 18.0), egui::Sense::hover());
        let ink = theme::tokens(ui.ctx()).muted;
        ui.painter().text(rect.left_top(), egui::Align2::LEFT_TOP, name, theme::small(), ink);
        let label = ui.add(Label::new(small(value)).wrap().selectable(true));
        label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {value}")));
        label
    });
    shown.inner
}
