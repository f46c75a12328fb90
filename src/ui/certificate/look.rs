//! Looking at what somebody gave: a file that was picked, dropped or typed, a text that was pasted, what is in the workspace
//! already. Which of several certificates in it is meant is asked here, and what cannot be taken is said.
//!
//! A dialog that needs a certificate owns one [`Looking`] and does its own work with what was [`Found`].

use std::path::PathBuf;

use egui::{Context, Ui};

use super::choice::{Choice, Choosing, passed_over};
use super::source::{SourceForm, Trouble, pasted};
use crate::app::engine::{Answer, Command, RequestId};
use crate::app::{CertificateSource, Inspection};
use crate::domain::certificate::{CertificateFacts, CertificateWarning};
use crate::ui::desk::Desk;
use crate::ui::widgets::{ToneName, muted, notice};

/// A certificate that was looked at, and that is meant.
pub(in crate::ui) struct Found {
    pub(in crate::ui) source: CertificateSource,
    pub(in crate::ui) facts: CertificateFacts,
    /// Its issuers in the file, each in a line.
    pub(in crate::ui) chain: Vec<String>,
    /// Why something in an archive or a mail was passed over.
    remarks: Vec<String>,
    /// What is to be said of it wherever it is used.
    pub(in crate::ui) warnings: Vec<CertificateWarning>,
    /// What it was chosen from, where there were several.
    chosen_from: Option<Choosing>,
}

impl Found {
    /// Whether there were others in the file.
    pub(in crate::ui) const fn is_one_of_several(&self) -> bool {
        self.chosen_from.is_some()
    }

    /// Shows what was passed over in an archive or a mail, and why.
    pub(in crate::ui) fn say_passed_over(&self, ui: &mut Ui) {
        passed_over(ui, &self.remarks);
    }
}

/// Looking at certificates until one is found.
#[derive(Default)]
pub(in crate::ui) struct Looking {
    form: SourceForm,
    inspecting: Option<(CertificateSource, Option<RequestId>)>,
    trouble: Option<Trouble>,
    found: Option<Found>,
    choosing: Option<Choosing>,
}

impl Looking {
    /// The certificate that is meant, where it is known.
    pub(in crate::ui) const fn found(&self) -> Option<&Found> {
        self.found.as_ref()
    }

    /// Why the last that was given could not be taken.
    pub(in crate::ui) const fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Has the engine look at something. What was found before stays until something better is.
    pub(in crate::ui) fn look(&mut self, source: CertificateSource, desk: &mut Desk<'_>) {
        let request = desk.ask(|id| Command::Inspect(id, source.clone()));
        self.inspecting = request.map(|request| (source, Some(request)));
        self.trouble = None;
    }

    /// Opens the system's file dialog.
    pub(in crate::ui) fn pick(&mut self, desk: &mut Desk<'_>) {
        self.form.pick(desk);
    }

    /// Looks at what was picked or pasted meanwhile, and takes what the engine has found; says whether another certificate
    /// is meant from now on.
    pub(in crate::ui) fn answers(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> bool {
        if let Some(source) = self.form.picked(desk).or_else(|| pasted(ctx)) {
            self.look(source, desk);
        }
        let Some((source, request)) = &mut self.inspecting else { return false };
        let Some(answer) = desk.answer(request) else { return false };
        let source = source.clone();
        self.inspecting = None;
        match answer {
            Ok(Answer::Inspected(inspection)) => self.take(source, *inspection),
            Ok(_) => false,
            Err(error) => {
                self.trouble = Some(Trouble::from_engine(&error));
                false
            }
        }
    }

    /// Takes what the engine found; a private key is refused as the import would.
    fn take(&mut self, source: CertificateSource, inspection: Inspection) -> bool {
        let name = source.name();
        if inspection.private_key {
            self.trouble = Some(Trouble::private_key(&name));
            return false;
        }
        let choosing = Choosing::of(source, inspection);
        if choosing.choices.is_empty() {
            self.trouble = Some(Trouble::nothing_in(&name));
            return false;
        }
        self.form = SourceForm::default();
        self.trouble = None;
        self.found = None;
        self.choosing = None;
        if choosing.choices.len() == 1 {
            self.take_one(choosing, 0);
            return true;
        }
        self.choosing = Some(choosing);
        false
    }

    /// Takes one of what may be meant.
    fn take_one(&mut self, choosing: Choosing, index: usize) {
        let Some(Choice { facts, chain, warnings, .. }) = choosing.choices.get(index).cloned() else { return };
        let (source, remarks) = (choosing.source.clone(), choosing.remarks.clone());
        let chosen_from = (choosing.choices.len() > 1).then_some(choosing);
        self.found = Some(Found { source, facts, chain, remarks, warnings, chosen_from });
    }

    /// Asks again which one of the file is meant.
    pub(in crate::ui) fn choose_again(&mut self) {
        if let Some(found) = self.found.take() {
            self.choosing = found.chosen_from;
        }
    }

    /// Shows the field for a path where the system had no dialog to choose another file with, and returns what was typed.
    pub(in crate::ui) fn typed(&mut self, ui: &mut Ui) -> Option<CertificateSource> {
        self.form.instead_of_dialog(ui)
    }

    /// Shows the ways to give a certificate, or which one of several may be meant, until one is found; says whether that
    /// is so now. The sample's renewed certificate is offered where there is one.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, sample: Option<&PathBuf>) -> bool {
        if self.trouble.is_none()
            && self.inspecting.is_none()
            && let Some(choosing) = self.choosing.take()
        {
            match choosing.show(ui, &desk.moment) {
                Some(index) => self.take_one(choosing, index),
                None => self.choosing = Some(choosing),
            }
            return self.found.is_some();
        }
        if let Some(trouble) = &self.trouble {
            notice(ui, ToneName::Bad, &trouble.head, &trouble.remedy, |_| {});
        }
        if self.inspecting.is_some() {
            ui.label(muted(ui, "Looking at it"));
        }
        if let Some(source) = self.form.show(ui, desk, sample) {
            self.look(source, desk);
        }
        false
    }

    /// Whether it is being chosen from several.
    pub(in crate::ui) const fn is_choosing(&self) -> bool {
        self.choosing.is_some() && self.trouble.is_none() && self.inspecting.is_none()
    }
}
