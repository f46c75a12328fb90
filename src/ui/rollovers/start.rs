//! The dialog that starts a rollover: the renewed certificate, what it replaces, who uses that, and when all change.

use std::collections::BTreeMap;

use egui::{Context, RichText, Ui};

use super::in_words;
use crate::app::engine::{Answer, Command, RequestId, RolloverAnswer, RolloverCommand};
use crate::app::{CertificateSource, NewRollover};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint};
use crate::domain::timeline::used_now;
use crate::ui::certificate::{ActivationForm, Comparing, Looking, means, validity};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, Part, buttons, frame_with_foot};
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Choice, ToneName, link, mono, muted, notice, primary, secondary, section, select, small};

/// A certificate in use, and how many profiles use it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InUse {
    fingerprint: Fingerprint,
    facts: Option<CertificateFacts>,
    profiles: usize,
    connections: usize,
}

/// The dialog.
pub(in crate::ui) struct StartDialog {
    looking: Looking,
    /// Why it could not be started.
    trouble: Option<(String, String)>,
    old: Option<Fingerprint>,
    activation: Option<ActivationForm>,
    comparing: Comparing,
    starting: Option<RequestId>,
}

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// To go on with the certificate that is found now.
    Found,
    /// To take another file.
    Another,
    /// To take another one of several in the file.
    Choose,
    Start,
    Close,
}

impl StartDialog {
    /// From a source, where that is known.
    #[must_use]
    pub(in crate::ui) fn new(source: Option<CertificateSource>, desk: &mut Desk<'_>) -> Self {
        let mut dialog = Self {
            looking: Looking::default(),
            trouble: None,
            old: None,
            activation: None,
            comparing: Comparing::default(),
            starting: None,
        };
        if let Some(source) = source {
            dialog.look(source, desk);
        }
        dialog
    }

    fn look(&mut self, source: CertificateSource, desk: &mut Desk<'_>) {
        if self.starting.is_none() {
            self.trouble = None;
            self.looking.look(source, desk);
        }
    }

    fn answers(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        // What is being started stays what it is.
        if self.starting.is_none() && self.looking.answers(ctx, desk) {
            self.begin(desk);
        }
        match desk.answer(&mut self.starting) {
            Some(Ok(Answer::Rollover(answer))) => {
                if let RolloverAnswer::Started(started) = *answer
                    && let Some(id) = started.id
                {
                    let text = "Nothing is changed yet: look it over, then apply it";
                    desk.toasts.done(&format!("Rollover started for {}", count(started.chosen, "profile")), text);
                    desk.intend(Intent::ShowRollover(id));
                }
                return Flow::Close;
            }
            Some(Err(error)) => self.trouble = Some(in_words(&error)),
            Some(Ok(_)) | None => {}
        }
        Flow::Open
    }

    /// Another certificate is meant from now on.
    fn begin(&mut self, desk: &Desk<'_>) {
        let Some(facts) = self.looking.found().map(|found| &found.facts) else { return };
        let listed = in_use(desk, Some(&facts.fingerprint_sha256));
        let alike = |used: &&InUse| used.facts.as_ref().is_some_and(|old| old.subject == facts.subject);
        self.old = listed.iter().find(alike).map(|used| used.fingerprint);
        self.trouble = None;
        self.activation = None;
        self.comparing = Comparing::default();
    }

    fn start(&mut self, desk: &mut Desk<'_>) {
        let (Some(found), Some(old), Some(form)) = (self.looking.found(), self.old, &self.activation) else { return };
        let fingerprint = found.facts.fingerprint_sha256;
        let new = NewRollover {
            expected: Some(fingerprint),
            replaces: vec![old],
            activation: form.stated.read(&found.facts, &desk.moment).activation(),
            confirmed: self.comparing.comparison(&found.facts),
            ..NewRollover::of(found.source.clone())
        };
        self.trouble = None;
        self.starting = desk.ask(|id| Command::Rollover(id, Box::new(RolloverCommand::Start(new))));
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> Option<Wish> {
        ui.spacing_mut().item_spacing.y = 8.0;
        if let Some((head, text)) = &self.trouble {
            notice(ui, ToneName::Bad, head, text, |_| {});
        }
        if self.looking.found().is_none() {
            let sample = desk.snapshot.workspace.sample.clone();
            let offered = sample.as_ref().and_then(|files| files.renewed.first().map(|(_, path)| path));
            if self.looking.show(ui, desk, offered) {
                return Some(Wish::Found);
            }
            if !self.looking.is_choosing()
                && let Some(source) = of_workspace(ui, desk)
            {
                self.look(source, desk);
            }
            return None;
        }
        if let Some(unread) = self.looking.trouble() {
            notice(ui, ToneName::Bad, &unread.head, &unread.remedy, |_| {});
        }
        let found = self.looking.found()?;
        let mut wish = None;
        let facts = &found.facts;
        section(ui, "Renewed certificate");
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(facts.common_name()).font(theme::bold(theme::BODY)).color(tokens(ui.ctx()).text));
            ui.label(mono(facts.fingerprint_sha256.short()));
            ui.label(muted(ui, format!("{}, valid {}", facts.key, validity(facts, &desk.moment))));
            if link(ui, "Another file…").clicked() {
                wish = Some(Wish::Another);
            }
            if found.is_one_of_several() && link(ui, "Another one of the file…").clicked() {
                wish = Some(Wish::Choose);
            }
        });
        found.say_passed_over(ui);
        let said: Vec<&str> = found
            .warnings
            .iter()
            .filter(|warning| **warning != CertificateWarning::AlreadyInstalled)
            .map(|warning| warning.sentence())
            .collect();
        if !said.is_empty() {
            notice(ui, ToneName::Warn, "Things to look at", &said.join("\n"), |_| {});
        }
        let confirmed =
            desk.snapshot.certificates.get(&facts.fingerprint_sha256).is_some_and(|known| known.confirmed.is_some());
        if facts.self_signed && !confirmed {
            section(ui, "Fingerprint");
            self.comparing.show(ui, facts);
        }
        section(ui, "Replaces");
        let listed = in_use(desk, Some(&facts.fingerprint_sha256));
        if listed.is_empty() {
            notice(
                ui,
                ToneName::Warn,
                "No profile uses a certificate yet",
                "A rollover replaces one that is in use",
                |_| {},
            );
            return wish;
        }
        let choices: Vec<Choice<Option<Fingerprint>>> = listed
            .iter()
            .map(|used| {
                let name = used.facts.as_ref().map_or("unknown", |facts| facts.common_name());
                let remark = count(used.profiles, "profile");
                Choice {
                    value: Some(used.fingerprint),
                    label: format!("{name} {}", used.fingerprint.short()),
                    remark: Some(remark),
                }
            })
            .collect();
        let width = ui.available_width().min(420.0);
        if let (Some(chosen), _) = select(ui, "The certificate it replaces", &self.old, &choices, width) {
            self.old = chosen;
            self.activation = None;
        }
        let old = listed.iter().find(|used| Some(used.fingerprint) == self.old);
        let Some(old) = old else {
            ui.label(muted(ui, "Choose the one that it replaces: none in use has the same subject"));
            return wish;
        };
        ui.label(small(format!(
            "{} of {} use it and take part; who is not to, is left out on the board",
            count(old.profiles, "profile"),
            count(old.connections, "connection")
        )));
        section(ui, "When all change");
        let form =
            self.activation.get_or_insert_with(|| ActivationForm::proposed(old.facts.as_ref(), facts, &desk.moment));
        let reading = form.stated.read(facts, &desk.moment);
        let said = means(&reading, old.facts.as_ref(), &desk.moment);
        form.show(ui, &reading, &said, old.facts.as_ref(), &desk.moment);
        wish
    }

    fn ready(&self, desk: &Desk<'_>) -> bool {
        let (Some(found), Some(form)) = (self.looking.found(), &self.activation) else { return false };
        self.old.is_some()
            && self.starting.is_none()
            && !self.comparing.is_contradicted(&found.facts)
            && form.stated.read(&found.facts, &desk.moment).activation().is_some()
    }
}

/// A choice of the certificates that are in the workspace already and that nobody encrypts for yet.
fn of_workspace(ui: &mut Ui, desk: &Desk<'_>) -> Option<CertificateSource> {
    let used: Vec<Fingerprint> = in_use(desk, None).into_iter().map(|used| used.fingerprint).collect();
    let mut idle: Vec<&CertificateFacts> = desk
        .snapshot
        .certificates
        .values()
        .map(|state| &state.facts)
        .filter(|facts| !used.contains(&facts.fingerprint_sha256) && facts.not_after > desk.snapshot.at)
        .collect();
    if idle.is_empty() {
        return None;
    }
    idle.sort_by_key(|facts| std::cmp::Reverse(facts.not_before));
    ui.label(muted(ui, "Or take one that is in the workspace already"));
    let mut choices = vec![Choice::new(None, "Choose a certificate")];
    choices.extend(idle.into_iter().map(|facts| Choice {
        value: Some(facts.fingerprint_sha256),
        label: format!("{} {}", facts.common_name(), facts.fingerprint_sha256.short()),
        remark: Some(format!("until {}", desk.moment.date(facts.not_after))),
    }));
    let width = ui.available_width().min(420.0);
    let (chosen, _) = select(ui, "A certificate of the workspace", &None, &choices, width);
    chosen.flatten().map(CertificateSource::Workspace)
}

/// The certificates that profiles encrypt for now, those most used first.
fn in_use(desk: &Desk<'_>, but: Option<&Fingerprint>) -> Vec<InUse> {
    let mut found: BTreeMap<Fingerprint, InUse> = BTreeMap::new();
    for state in &desk.snapshot.connections {
        let mut seen: Vec<Fingerprint> = Vec::new();
        for (_, profile) in state.connection.profiles() {
            let used = used_now(&profile.partner_certificates, desk.snapshot.at).map(|entry| entry.fingerprint);
            let Some(used) = used.filter(|used| Some(used) != but) else { continue };
            let entry = found.entry(used).or_insert_with(|| InUse {
                fingerprint: used,
                facts: desk.snapshot.facts(&used).cloned(),
                profiles: 0,
                connections: 0,
            });
            entry.profiles += 1;
            if !seen.contains(&used) {
                entry.connections += 1;
                seen.push(used);
            }
        }
    }
    let mut found: Vec<InUse> = found.into_values().collect();
    found.sort_by_key(|used| std::cmp::Reverse(used.profiles));
    found
}

impl Dialog for StartDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.answers(ctx, desk) == Flow::Close {
            return Flow::Close;
        }
        let busy = self.starting.is_some();
        let ready = self.ready(desk);
        let subtitle = "One renewed certificate for every profile that uses the old one";
        let shown = frame_with_foot(ctx, "rollover", "New rollover", subtitle, 760.0, busy, |ui, part| match part {
            Part::Content => ui.add_enabled_ui(!busy, |ui| self.content(ui, desk)).inner,
            Part::Foot => buttons(ui, |ui| {
                if self.looking.found().is_some()
                    && ui.add_enabled_ui(ready, |ui| primary(ui, "Start rollover")).inner.clicked()
                {
                    return Some(Wish::Start);
                }
                secondary(ui, "Cancel").clicked().then_some(Wish::Close)
            }),
        });
        match shown {
            None => return Flow::Open,
            Some(None | Some(Wish::Close)) => return Flow::Close,
            Some(Some(Wish::Found)) => self.begin(desk),
            Some(Some(Wish::Another)) => (self.looking, self.trouble) = (Looking::default(), None),
            Some(Some(Wish::Choose)) => self.looking.choose_again(),
            Some(Some(Wish::Start)) => self.start(desk),
        }
        ctx.request_repaint();
        Flow::Open
    }

    fn drop_file(&mut self, file: Dropped, desk: &mut Desk<'_>) -> Option<Dropped> {
        self.look(CertificateSource::File(file.path), desk);
        None
    }
}
