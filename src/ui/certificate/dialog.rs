//! The dialog for a renewed certificate: its state, and what it asks the engine.

use std::sync::Arc;

use egui::Context;

use super::activation::ActivationForm;
use super::applies_to::{Target, fill, targets};
use super::fingerprint::Comparing;
use super::look::Looking;
use super::plan::{Inputs, Plan};
use super::source::Trouble;
use super::undo::{Before, before, take_back};
use super::whose::Whose;
use super::words::{profile, stated_fully};
use crate::app::engine::{Answer, Command, RequestId, Snapshot};
use crate::app::{CertificateSource, ImportRequest, ImportResult};
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::renewal::replaced_now;
use crate::domain::timeline::{Activation, CertificatePurpose, common_purpose, next_activation};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, frame_with_foot};
use crate::ui::intent::{Intent, Page};
use crate::ui::moment::count;

/// The dialog.
pub(in crate::ui) struct CertificateDialog {
    pub(super) looking: Looking,
    /// For one purpose alone.
    pub(super) purpose: Option<CertificatePurpose>,
    pub(super) connection: Option<ConnectionId>,
    pub(super) whose: Whose,
    asked: Option<ProfileKind>,
    pub(super) targets: Vec<Target>,
    targets_of: Option<Arc<Snapshot>>,
    pub(super) activation: Option<ActivationForm>,
    pub(super) comparing: Comparing,
    pub(super) plan: Option<Plan>,
    planned: Option<(Arc<Snapshot>, Inputs)>,
    importing: Option<RequestId>,
    /// The certificates of the chosen profiles before it was brought in.
    before: Before,
    then_test: bool,
    pub(super) refusal: Option<Trouble>,
    /// Whether it is wanted although it has ended.
    pub(super) though_ended: bool,
}

/// What the user wants, said by the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To close the dialog.
    Close,
    /// To go on with the certificate that is found now.
    Found,
    /// To pick a file.
    Pick,
    /// To look at what was typed.
    Look(CertificateSource),
    /// To take another one of several in the file.
    Choose,
    /// To use it for this alone, or for both.
    UseFor(Option<CertificatePurpose>),
    /// To bring it in for this connection.
    For(ConnectionId),
    /// To choose another connection.
    Another,
    /// To add a connection first.
    NewConnection,
    /// To change many connections at once instead.
    Rollover,
    /// To bring it in, and perhaps to test it after that.
    Import {
        /// Send a test where it is active now, else show where that is done.
        then_test: bool,
    },
}

impl CertificateDialog {
    /// For a connection, where it is known whose certificate it is, from a source, where that is known.
    #[must_use]
    pub(in crate::ui) fn new(
        connection: Option<ConnectionId>,
        profile: Option<ProfileKind>,
        source: Option<CertificateSource>,
        desk: &mut Desk<'_>,
    ) -> Self {
        let mut dialog = Self {
            looking: Looking::default(),
            purpose: None,
            connection,
            whose: Whose::default(),
            asked: profile,
            targets: Vec::new(),
            targets_of: None,
            activation: None,
            comparing: Comparing::default(),
            plan: None,
            planned: None,
            importing: None,
            before: Before::new(),
            then_test: false,
            refusal: None,
            though_ended: false,
        };
        if let Some(source) = source {
            if let CertificateSource::Workspace(fingerprint) = source {
                // A schedule is moved as it was made.
                dialog.purpose = dialog.scheduled_for(fingerprint, desk);
            }
            dialog.look(source, desk);
        }
        dialog
    }

    /// For what alone a certificate is scheduled, where it is not for both and its profiles agree.
    fn scheduled_for(&self, fingerprint: Fingerprint, desk: &Desk<'_>) -> Option<CertificatePurpose> {
        let state = desk.snapshot.connection(self.connection.as_ref()?)?;
        let profiles = state.connection.profiles();
        let asked = profiles.filter(|(kind, _)| self.asked.is_none_or(|asked| asked == *kind));
        let lists = asked.map(|(_, profile)| profile.partner_certificates.as_slice());
        common_purpose(lists, fingerprint, desk.moment.now)
    }

    /// Has the engine look at a certificate.
    fn look(&mut self, source: CertificateSource, desk: &mut Desk<'_>) {
        if !self.busy() {
            self.looking.look(source, desk);
        }
    }

    fn answers(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        // What is being brought in stays what it is.
        if !self.busy() && self.looking.answers(ctx, desk) {
            self.begin();
        }
        match desk.answer(&mut self.importing) {
            Some(Ok(Answer::Imported(result))) => {
                self.tell(&result, desk);
                return Flow::Close;
            }
            Some(Err(error)) => self.refusal = Some(Trouble::from_engine(&error)),
            Some(Ok(_)) | None => {}
        }
        Flow::Open
    }

    /// Another certificate is meant from now on.
    fn begin(&mut self) {
        self.refusal = None;
        self.though_ended = false;
        self.comparing = Comparing::default();
        self.activation = None;
        self.targets = Vec::new();
        self.targets_of = None;
        self.planned = None;
    }

    /// Brings everything up to date that depends on something that has changed.
    fn work_out(&mut self, desk: &Desk<'_>) {
        let (Some(found), Some(connection)) = (self.looking.found(), &self.connection) else {
            self.plan = None;
            return;
        };
        let snapshot = desk.snapshot;
        let fresh = found.facts.fingerprint_sha256;
        if self.targets_of.as_ref().is_none_or(|made| !Arc::ptr_eq(made, snapshot)) {
            self.targets = targets(snapshot, connection, self.asked, &fresh, self.purpose, &self.targets);
            self.targets_of = Some(Arc::clone(snapshot));
        }
        let activation = self.activation.get_or_insert_with(|| {
            let state = snapshot.connection(connection);
            let profiles = || {
                let wanted = |target: &&Target| target.ticked && !target.other;
                let kinds = self.targets.iter().filter(wanted).map(|target| target.profile);
                kinds.filter_map(|kind| state?.connection.profile(kind))
            };
            let scheduled = profiles().find_map(|profile| {
                next_activation(&profile.partner_certificates, snapshot.at)
                    .filter(|(entry, _)| entry.fingerprint == fresh)
            });
            if let Some((entry, at)) = scheduled {
                return ActivationForm::scheduled(at, entry.zone.as_deref(), &desk.moment);
            }
            let old = profiles()
                .find_map(|profile| replaced_now(&profile.partner_certificates, self.purpose, snapshot.at))
                .and_then(|old| snapshot.facts(&old))
                // What the partner signs with already is to be used at once.
                .filter(|old| {
                    old.fingerprint_sha256 != fresh && !matches!(found.source, CertificateSource::Sighted(_))
                });
            ActivationForm::proposed(old, &found.facts, &desk.moment)
        });
        let known = snapshot.certificates.get(&fresh).is_some_and(|known| known.confirmed.is_some());
        let inputs = Inputs {
            new: found.facts.clone(),
            purpose: self.purpose,
            ticked: self.targets.iter().map(|target| target.ticked).collect(),
            stated: activation.stated.clone(),
            confirmed: known || self.comparing.comparison(&found.facts).is_some(),
            contradicted: self.comparing.is_contradicted(&found.facts),
            again: matches!(found.source, CertificateSource::Workspace(_)),
            though_ended: self.though_ended,
            minute: desk.moment.now.as_second().div_euclid(60),
        };
        let current =
            self.planned.as_ref().is_some_and(|(made, made_from)| Arc::ptr_eq(made, snapshot) && *made_from == inputs);
        if self.plan.is_none() || !current {
            self.plan = Some(Plan::make(snapshot, &desk.moment, &inputs, &self.targets));
            self.planned = Some((Arc::clone(snapshot), inputs));
        }
    }

    fn import(&mut self, then_test: bool, desk: &mut Desk<'_>) {
        let (Some(found), Some(plan), Some(connection)) = (self.looking.found(), &self.plan, &self.connection) else {
            return;
        };
        let Some(activation) = plan.reading.activation().filter(|_| plan.obstacle.is_none()) else { return };
        let fingerprint = found.facts.fingerprint_sha256;
        let mut request = ImportRequest {
            source: found.source.clone(),
            connection: connection.clone(),
            profiles: Vec::new(),
            also_where_used: false,
            also: Vec::new(),
            expected: Some(fingerprint),
            activation,
            confirmed: self.comparing.comparison(&found.facts),
            purpose: self.purpose,
            though_ended: self.though_ended,
        };
        if !fill(&mut request, &self.targets) {
            return;
        }
        self.then_test = then_test;
        self.refusal = None;
        self.before = before(&request, desk.snapshot);
        self.importing = desk.ask(|id| Command::Import(id, request));
    }

    /// Says what was done.
    fn tell(&self, result: &ImportResult, desk: &mut Desk<'_>) {
        let Some(first) = result.profiles.first() else { return };
        let whom = match (result.profiles.len(), desk.snapshot.connection(&first.connection)) {
            (1, Some(state)) => profile(&state.connection.name, first.profile),
            (number, _) => count(number, "profile"),
        };
        if result.profiles.iter().all(|profile| profile.unchanged) {
            desk.toasts.done(&format!("In use already for {whom}"), "Nothing was changed");
            return;
        }
        if self.purpose == Some(CertificatePurpose::Verify) {
            desk.toasts.done(
                &format!("New certificate accepted for {whom}"),
                "Signatures made with it are good from now on; messages are encrypted as before",
            );
            return;
        }
        match self.plan.as_ref().and_then(|plan| plan.reading.activation()) {
            Some(Activation::At { at, zone }) => {
                let when = stated_fully(at, zone.as_deref(), &desk.moment);
                let (head, text) = (format!("New certificate scheduled for {whom}"), format!("It goes active {when}"));
                let (before, print) = (self.before.clone(), first.fingerprint_sha256);
                desk.toasts.offer(&head, &text, "Undo", Box::new(move |desk| take_back(before, print, desk)));
            }
            Some(Activation::Now) | None => {
                desk.toasts
                    .done(&format!("New certificate active for {whom}"), "Messages are encrypted for it from now on");
            }
        }
        if self.then_test {
            let connection = first.connection.clone();
            desk.intend(if self.plan.as_ref().is_some_and(Plan::is_now) {
                let here = result.profiles.iter().filter(|each| each.connection == connection);
                let profiles = here.map(|each| each.profile).collect();
                Intent::SendTest { connection, profiles }
            } else {
                // Sent now, it would test the certificate that is to be replaced.
                Intent::Go(Page::TestSend(connection))
            });
        }
    }

    fn grant(&mut self, wish: Wish, desk: &mut Desk<'_>) -> Flow {
        match wish {
            Wish::Close => return Flow::Close,
            Wish::Found => self.begin(),
            Wish::Pick => self.looking.pick(desk),
            Wish::Look(source) => self.look(source, desk),
            Wish::Choose => self.looking.choose_again(),
            Wish::UseFor(purpose) => {
                self.purpose = purpose;
                self.targets_of = None;
                self.planned = None;
            }
            Wish::For(connection) => {
                self.connection = Some(connection);
                self.targets = Vec::new();
                self.targets_of = None;
                self.planned = None;
                self.activation = None;
            }
            Wish::Another => {
                self.connection = None;
                self.whose = Whose::default();
            }
            Wish::NewConnection => desk.intend(Intent::NewConnection),
            Wish::Rollover => {
                let source = self.looking.found().map(|found| found.source.clone());
                desk.intend(Intent::NewRollover(source));
                return Flow::Close;
            }
            Wish::Import { then_test } => self.import(then_test, desk),
        }
        Flow::Open
    }

    /// Whether something is being done that is to be waited for.
    pub(super) const fn busy(&self) -> bool {
        self.importing.is_some()
    }
}

impl Dialog for CertificateDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.answers(ctx, desk) == Flow::Close {
            return Flow::Close;
        }
        self.work_out(desk);
        let (title, subtitle) = self.title(desk.snapshot);
        let width = crate::ui::theme::DIALOG;
        let shown = frame_with_foot(ctx, "certificate", &title, &subtitle, width, self.busy(), |ui, part| {
            self.part(ui, desk, part)
        });
        let Some(wish) = shown else { return Flow::Open };
        let flow = self.grant(wish.unwrap_or(Wish::Close), desk);
        // What was asked for shows in the next frame.
        ctx.request_repaint();
        flow
    }

    fn drop_file(&mut self, file: Dropped, desk: &mut Desk<'_>) -> Option<Dropped> {
        self.look(CertificateSource::File(file.path), desk);
        None
    }
}
