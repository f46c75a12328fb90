//! The button that mends what a diagnosis found: it asks, does it, and then offers to send again.

use std::cell::Cell;
use std::rc::Rc;

use egui::Ui;

use crate::app::engine::{Answer, Command, RequestId};
use crate::app::{CertificateSource, ImportRequest, ScheduleAct};
use crate::domain::certificate::Fingerprint;
use crate::domain::diagnosis::Action;
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::domain::timeline::{Activation, purpose_of, used_now};
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::intent::Intent;
use crate::ui::shell::Confirm;
use crate::ui::widgets::{ToneName, muted, notice, primary, secondary};

/// Whose outcome is to be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Target {
    /// The connection.
    pub connection: ConnectionId,
    /// Its profile.
    pub profile: ProfileKind,
}

/// Mending under way.
#[derive(Default)]
pub(in crate::ui) struct Mending {
    /// The import that was asked for; shared with the question that is answered first.
    importing: Rc<Cell<Option<RequestId>>>,
    saving: Option<(IdentityName, Option<PickId>)>,
    writing: Option<RequestId>,
    /// What was mended, in a sentence.
    mended: Option<String>,
}

impl Mending {
    /// Goes on with what has come meanwhile. To be called once a frame.
    pub(in crate::ui) fn poll(&mut self, desk: &mut Desk<'_>) {
        let mut importing = self.importing.take();
        match desk.answer(&mut importing) {
            Some(Ok(Answer::Imported(result))) => {
                let named = result.profiles.first().map(|imported| name(desk, &imported.fingerprint_sha256));
                let named = named.unwrap_or_else(|| "The certificate".to_owned());
                self.mended = Some(format!("Messages are now encrypted for {named}"));
            }
            Some(Err(error)) => desk.toasts.failed("The certificate was not activated", &error),
            Some(Ok(_)) | None => {}
        }
        self.importing.set(importing);
        if let Some((identity, pick)) = &mut self.saving
            && let Some(place) = desk.picked(pick)
        {
            let identity = identity.clone();
            self.saving = None;
            self.writing = place.and_then(|place| desk.ask(|id| Command::ExportIdentity(id, identity, place)));
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Written(file))) => {
                desk.toasts.done("Our certificate was saved", &format!("{}\nSend it to the partner", file.display()));
            }
            Some(Err(error)) => desk.toasts.failed("Our certificate was not saved", &error),
            Some(Ok(_)) | None => {}
        }
    }

    /// Says what was mended and offers to send again under a word, where something was. Returns whether that was chosen.
    pub(in crate::ui) fn mended(&self, ui: &mut Ui, word: &str) -> bool {
        let Some(mended) = &self.mended else { return false };
        let next = match word {
            "Redeliver" => "Redeliver it: the same document, encrypted anew",
            _ => "Send again to see whether that was it",
        };
        notice(ui, ToneName::Ok, mended, next, |ui| primary(ui, word).clicked())
    }

    /// Says what was mended, where something was, and what is to be done next by somebody else.
    pub(in crate::ui) fn told(&self, ui: &mut Ui, next: &str) {
        if let Some(mended) = &self.mended {
            notice(ui, ToneName::Ok, mended, next, |_| {});
        }
    }

    /// Whether something was mended since.
    pub(in crate::ui) const fn is_mended(&self) -> bool {
        self.mended.is_some()
    }

    /// The button for an action, with the word for sending again. Returns whether to send again.
    pub(in crate::ui) fn button(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        target: &Target,
        action: &Action,
        word: &str,
    ) -> bool {
        match action {
            // A diagnosis stays as it was made; what it proposes may have been done since.
            Action::ActivateCertificate { fingerprint } | Action::RollbackCertificate { fingerprint }
                if is_in_use(desk, target, fingerprint) =>
            {
                ui.label(muted(ui, format!("{} is in use now", name(desk, fingerprint))));
            }
            Action::ActivateCertificate { fingerprint } => {
                let busy = self.is_importing();
                ui.add_enabled_ui(!busy, |ui| {
                    if secondary(ui, "Activate the new certificate now").clicked() {
                        self.ask(desk, target, *fingerprint, false);
                    }
                });
            }
            Action::RollbackCertificate { fingerprint } => {
                let busy = self.is_importing();
                ui.add_enabled_ui(!busy, |ui| {
                    if secondary(ui, "Go back to the previous certificate").clicked() {
                        self.ask(desk, target, *fingerprint, true);
                    }
                });
            }
            Action::ImportCertificate { fingerprint: Some(fingerprint) }
            | Action::AcceptCertificate { fingerprint }
                if is_accepted(desk, target, fingerprint) =>
            {
                ui.label(muted(ui, format!("{} is accepted now", name(desk, fingerprint))));
            }
            Action::ImportCertificate { fingerprint: Some(fingerprint) }
            | Action::AcceptCertificate { fingerprint }
                if is_of_profile(desk, target, fingerprint) =>
            {
                let button = secondary(ui, "Accept it again");
                if button.on_hover_text("What messages are encrypted for stays as it is").clicked() {
                    let profiles = vec![(target.connection.clone(), target.profile)];
                    desk.intend(Intent::ChangeSchedule(
                        profiles,
                        ScheduleAct::AcceptAgain { certificate: *fingerprint },
                    ));
                }
            }
            Action::AcceptCertificate { fingerprint } => {
                let import = Action::ImportCertificate { fingerprint: Some(*fingerprint) };
                return self.button(ui, desk, target, &import, word);
            }
            Action::ImportCertificate { fingerprint } => {
                // What was inside the signature need not be fetched from anywhere.
                let at_hand = |print: &Fingerprint| {
                    desk.snapshot.first_sights.iter().any(|seen| seen.fingerprint == *print)
                        || desk.snapshot.certificates.contains_key(print)
                };
                let source = fingerprint.filter(at_hand).map(CertificateSource::Sighted);
                let label = if source.is_some() { "Import after confirming…" } else { "Import certificate…" };
                if secondary(ui, label).clicked() {
                    desk.intend(Intent::NewCertificate {
                        connection: Some(target.connection.clone()),
                        profile: Some(target.profile),
                        source,
                    });
                }
            }
            Action::ExportCertificate { identity } => {
                if secondary(ui, "Save our certificate…").clicked() {
                    let pick = desk.pick_file(FilePick::Save(format!("{identity}.pem")));
                    self.saving = pick.map(|pick| (identity.clone(), Some(pick)));
                }
            }
            Action::EditSetting { setting, value } => {
                let words = setting_word(setting);
                let label = match value {
                    Some(value) => format!("Change {words} to {value}"),
                    None => format!("Change {words}"),
                };
                if secondary(ui, label).clicked() {
                    desk.intend(Intent::ProposeSetting {
                        connection: target.connection.clone(),
                        profile: target.profile,
                        setting: setting.clone(),
                        value: value.clone(),
                    });
                }
            }
            Action::Redeliver => {
                return secondary(ui, word).clicked();
            }
        }
        false
    }

    fn is_importing(&self) -> bool {
        let request = self.importing.take();
        self.importing.set(request);
        request.is_some()
    }

    /// Asks, and then encrypts for a certificate that is in the workspace already.
    fn ask(&self, desk: &mut Desk<'_>, target: &Target, fingerprint: Fingerprint, back: bool) {
        let partner = partner(desk, target);
        let named = name(desk, &fingerprint);
        let state = desk.snapshot.certificates.get(&fingerprint);
        let until =
            state.map(|state| format!(", valid until {}", desk.moment.date(state.facts.not_after))).unwrap_or_default();
        let mut text = format!(
            "From now on messages to {partner} are encrypted for {named}{until}. What the partner signs with the other \
             certificate goes on being accepted until that one ends"
        );
        if !back && state.is_some_and(|state| state.confirmed.is_none() && state.facts.self_signed) {
            text.push_str(&format!(
                ".\n\nNobody has confirmed its fingerprint yet. Compare it with the one the partner shows\n{fingerprint}"
            ));
        }
        let (title, answer) = if back {
            ("Go back to the previous certificate?", "Go back")
        } else {
            ("Activate the new certificate now?", "Activate now")
        };
        let (asked, target) = (Rc::clone(&self.importing), target.clone());
        // What was to be encrypted for alone is brought in for that alone.
        let state = desk.snapshot.connection(&target.connection);
        let profile = state.and_then(|state| state.connection.profile(target.profile));
        let purpose =
            profile.and_then(|profile| purpose_of(&profile.partner_certificates, fingerprint, desk.moment.now));
        let question = Confirm::new(title, text, answer, move |desk| {
            asked.set(desk.ask(|id| {
                Command::Import(
                    id,
                    ImportRequest {
                        source: CertificateSource::Workspace(fingerprint),
                        connection: target.connection,
                        profiles: vec![target.profile],
                        also_where_used: false,
                        also: Vec::new(),
                        expected: None,
                        activation: Activation::Now,
                        confirmed: None,
                        purpose,
                        though_ended: false,
                    },
                )
            }));
        });
        desk.intend(Intent::Open(Box::new(question)));
    }
}

/// Whether the profile encrypts for this certificate now.
fn is_in_use(desk: &Desk<'_>, target: &Target, fingerprint: &Fingerprint) -> bool {
    let profile =
        desk.snapshot.connection(&target.connection).and_then(|state| state.connection.profile(target.profile));
    let used = profile.and_then(|profile| used_now(&profile.partner_certificates, desk.moment.now));
    used.is_some_and(|used| used.fingerprint == *fingerprint)
}

/// Whether the profile accepts what is signed with this certificate now.
fn is_accepted(desk: &Desk<'_>, target: &Target, fingerprint: &Fingerprint) -> bool {
    let Some(state) = desk.snapshot.connection(&target.connection) else { return false };
    let Some(profile) = state.connection.profile(target.profile) else { return false };
    let seen = &desk.snapshot.observations;
    seen.accepted(&target.connection, target.profile, profile, desk.moment.now).contains(fingerprint)
}

/// Whether this certificate is one of the profile's, accepted or not.
fn is_of_profile(desk: &Desk<'_>, target: &Target, fingerprint: &Fingerprint) -> bool {
    let profile =
        desk.snapshot.connection(&target.connection).and_then(|state| state.connection.profile(target.profile));
    profile.is_some_and(|profile| profile.partner_certificates.iter().any(|entry| entry.fingerprint == *fingerprint))
}

/// The partner with the profile: `Northwind Retail, Production`.
fn partner(desk: &Desk<'_>, target: &Target) -> String {
    let state = desk.snapshot.connection(&target.connection);
    let name = state.map_or_else(|| target.connection.to_string(), |state| state.connection.name.clone());
    format!("{name}, {}", target.profile.label())
}

/// A certificate by name and the beginning of its fingerprint.
fn name(desk: &Desk<'_>, fingerprint: &Fingerprint) -> String {
    match desk.snapshot.facts(fingerprint) {
        Some(facts) => format!("{} {}", facts.common_name(), fingerprint.short()),
        None => fingerprint.short(),
    }
}

/// A key of the connection file as it is called in the window.
fn setting_word(key: &str) -> String {
    match key {
        "url" => "the URL".to_owned(),
        "our_as2_id" => "our AS2 identifier".to_owned(),
        "partner_as2_id" => "the partner's AS2 identifier".to_owned(),
        "mdn" => "the receipt".to_owned(),
        "mdn_url" => "the receipt's URL".to_owned(),
        "mdn_mic" => "the receipt's MIC algorithm".to_owned(),
        "http_user" => "user name and password".to_owned(),
        "tls_trust" => "which TLS certificates are trusted".to_owned(),
        "tls_identity" => "the TLS identity".to_owned(),
        "filename" => "how file names are sent".to_owned(),
        other => other.trim_start_matches("quirks.").replace('_', " "),
    }
}
