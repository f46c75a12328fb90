//! One card for each certificate: what it is used for and until when, what is in it, what speaks against it.

use egui::{Align, Label, Layout, RichText, Ui};

use crate::app::ProfileKey;
use crate::app::engine::Snapshot;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{ProfileReport, Status};
use crate::domain::identifier::IdentityName;
use crate::domain::own_timeline::OwnTimeline;
use crate::domain::timeline::{
    CertificateUse, Retirement, acceptable_now, all_fingerprints, next_activation, previous, retirement, used_now,
    with_retirement, withdraw,
};
use crate::domain::transmission::TransmissionId;
use crate::ui::certificate::{days_left, short_fingerprint, signature, stated_fully, usage, validity};
use crate::ui::icon::Icon;
use crate::ui::moment::Moment;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, card, link, mono, muted, small};

/// What is to be done with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Compare its fingerprint.
    Confirm(Fingerprint),
    /// Activate it now.
    Activate(Fingerprint),
    /// Activate it at another time.
    Reschedule(Fingerprint),
    /// Do not activate it.
    Cancel,
    /// Use the one before again.
    RollBack,
    /// Bring in one that was seen in a signature.
    ImportSighted(Fingerprint),
    /// Accept one again that was replaced.
    AcceptAgain(Fingerprint),
    /// Accept one no longer that is not in use.
    Withdraw(Fingerprint),
    /// Show the transmission that it was seen in.
    ShowTransmission(TransmissionId),
    /// Forget that it was seen, because it is not the partner's.
    Forget(Fingerprint),
    /// Write our own to a file.
    WriteOurs(IdentityName),
    /// Show our identities, where they are changed over.
    ShowIdentities,
}

/// What a finding says, and whose rule it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    status: Status,
    reason: String,
    source: String,
}

/// A partner's certificate as it is shown.
pub(super) struct Card {
    fingerprint: Fingerprint,
    name: String,
    /// Whether it is there at all.
    known: bool,
    part: (ToneName, Icon, String),
    until: String,
    rows: Vec<(&'static str, String)>,
    /// Whether somebody has compared the fingerprint; nothing where a CA vouches for it.
    confirmed: Option<bool>,
    scheduled: bool,
    /// Whether it can be accepted no longer: others are, and it is neither in use nor scheduled.
    can_withdraw: bool,
    /// The certificate that can be gone back to, where this is the one in use.
    before: Option<Fingerprint>,
    said: Vec<Said>,
}

/// Our own certificate as it is shown.
pub(super) struct OurCard {
    name: IdentityName,
    fingerprint: Fingerprint,
    status: Status,
    word: String,
    rows: Vec<(&'static str, String)>,
    said: Vec<Said>,
    /// Which identity follows, and from when.
    next: Option<String>,
}

fn said(report: Option<&ProfileReport>, setting: &str, verifying: Option<Fingerprint>) -> Vec<Said> {
    report
        .into_iter()
        .flat_map(|report| &report.findings)
        .filter(|finding| finding.setting == setting && finding.certificate == verifying)
        .filter(|finding| finding.status < Status::Compliant)
        .map(|finding| Said {
            status: finding.status,
            reason: finding.reason.clone(),
            source: finding.source.as_deref().unwrap_or_default().to_owned(),
        })
        .collect()
}

fn show_said(ui: &mut Ui, all: &[Said]) {
    for said in all {
        ui.horizontal_top(|ui| {
            let begin = ui.cursor().left();
            Badge::status(said.status, said.status.label()).show(ui);
            // What is said of each begins in one column.
            let words = begin + Badge::width(ui, Status::NonCompliant.label()) + ui.spacing().item_spacing.x;
            ui.add_space((words - ui.cursor().left()).max(0.0));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add(Label::new(small(&said.reason)).wrap().selectable(true));
                if !said.source.is_empty() {
                    ui.add(Label::new(muted(ui, &said.source)).wrap().selectable(true));
                }
            });
        });
    }
}

pub(super) fn row(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    // As high as the text: these are no controls.
    let size = egui::vec2(ui.available_width(), 20.0);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        let (rect, _) = ui.allocate_exact_size(egui::vec2(96.0, 20.0), egui::Sense::hover());
        let ink = tokens(ui.ctx()).muted;
        ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, name, theme::small(), ink);
        content(ui);
    });
}

pub(super) fn rows(ui: &mut Ui, rows: &[(&'static str, String)]) {
    for (name, value) in rows {
        row(ui, name, |ui| {
            let label = ui.add(Label::new(small(value)).truncate().selectable(true));
            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {value}")));
        });
    }
}

/// The certificates of a profile: the one in use first, then what is scheduled, then what is accepted.
#[must_use]
pub(super) fn cards(
    snapshot: &Snapshot,
    key: &ProfileKey,
    retire_unused_days: u32,
    uses: &[CertificateUse],
    report: Option<&ProfileReport>,
    moment: &Moment,
) -> Vec<Card> {
    let now = moment.now;
    let used = used_now(uses, now).map(|entry| entry.fingerprint);
    let next = next_activation(uses, now);
    let seen = |print: &Fingerprint| snapshot.observations.last_seen(&key.0, key.1, print);
    let before = previous(uses, now).filter(|before| snapshot.facts(before).is_some_and(|facts| facts.not_after > now));
    let retiring = |print: &Fingerprint| retirement(uses, print, retire_unused_days, &seen);
    let listed = uses;
    let uses = &with_retirement(uses, retire_unused_days, &seen);
    let accepted = acceptable_now(uses, now);
    let mut all = all_fingerprints(uses);
    all.sort_by_key(|print| {
        (Some(*print) != used, next.map(|(entry, _)| entry.fingerprint) != Some(*print), !accepted.contains(print))
    });
    all.into_iter()
        .map(|fingerprint| {
            let state = snapshot.certificates.get(&fingerprint);
            let facts = state.map(|state| &state.facts);
            let coming = next.filter(|(entry, _)| entry.fingerprint == fingerprint);
            let part = if Some(fingerprint) == used {
                (ToneName::Ok, Icon::Check, "Used for sending".to_owned())
            } else if let Some((entry, at)) = coming {
                let when = stated_fully(at, entry.zone.as_deref(), moment);
                (ToneName::Warn, Icon::Clock, format!("Goes active {when}"))
            } else if accepted.contains(&fingerprint) {
                (ToneName::Info, Icon::Check, "Accepted only".to_owned())
            } else {
                (ToneName::Info, Icon::Ban, "Not used any more".to_owned())
            };
            let until = accepted_words(uses, &fingerprint, facts, moment);
            let self_signed = facts.is_some_and(|facts| facts.self_signed);
            let mut rows = Vec::new();
            if let Some(state) = state {
                rows = facts_rows(&state.facts, moment);
                let source = if state.source.is_empty() { "Not known" } else { &state.source };
                if !state.chain.is_empty() {
                    rows.push(("Chain", state.chain.join(" › ")));
                }
                rows.push(("Came from", source.to_owned()));
                if let Some(confirmed) = &state.confirmed {
                    let by = confirmed.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
                    rows.push(("Compared", format!("{}{by}, {}", moment.date(confirmed.at), confirmed.how)));
                }
            }
            if let Some(at) = seen(&fingerprint) {
                rows.push(("Last seen", format!("In a signature, {}", moment.ago(at))));
            }
            let retires = match retiring(&fingerprint) {
                Retirement::AwaitsSuccessor => Some("Until its end: its successor has not signed yet".to_owned()),
                Retirement::At(at) if at > now => Some(format!("{} where it is not seen again", moment.date(at))),
                Retirement::At(at) => Some(format!("Retired on {}, not seen since", moment.date(at))),
                Retirement::NotReplaced | Retirement::AtItsEnd => None,
            };
            rows.extend(retires.map(|retires| ("Retires", retires)));
            Card {
                fingerprint,
                name: facts.map_or_else(|| "Not in the workspace".to_owned(), |facts| facts.common_name().to_owned()),
                known: facts.is_some(),
                part,
                until,
                rows,
                confirmed: self_signed.then(|| state.is_some_and(|state| state.confirmed.is_some())),
                scheduled: coming.is_some(),
                can_withdraw: accepted.contains(&fingerprint) && withdraw(listed, fingerprint, now).is_ok(),
                before: before.filter(|_| Some(fingerprint) == used),
                said: said(report, "partner_certificate", Some(fingerprint).filter(|print| Some(*print) != used)),
            }
        })
        .collect()
}

fn facts_rows(facts: &CertificateFacts, moment: &Moment) -> Vec<(&'static str, String)> {
    let issuer = if facts.self_signed { "Itself, self-signed".to_owned() } else { facts.issuer.clone() };
    vec![
        ("Valid", format!("{} · {}", validity(facts, moment), days_left(facts, moment.now).to_lowercase())),
        ("Signature", signature(facts)),
        ("Key", facts.key.to_string()),
        ("Usage", usage(facts)),
        ("Issuer", issuer),
    ]
}

/// Since when and until when signatures made with a certificate are accepted.
fn accepted_words(
    uses: &[CertificateUse],
    print: &Fingerprint,
    facts: Option<&CertificateFacts>,
    moment: &Moment,
) -> String {
    if !acceptable_now(uses, moment.now).contains(print) {
        return "Signatures made with it are not accepted".to_owned();
    }
    let verifies = crate::domain::timeline::CertificatePurpose::Verify;
    let ends = uses
        .iter()
        .filter(|entry| entry.fingerprint == *print && entry.purposes.contains(&verifies))
        .map(|entry| entry.until)
        .try_fold(jiff::Timestamp::MIN, |latest, until| Some(latest.max(until?)));
    let end = match (ends, facts) {
        (Some(until), Some(facts)) => Some(until.min(facts.not_after)),
        (until, facts) => until.or(facts.map(|facts| facts.not_after)),
    };
    match end {
        Some(end) if end < moment.now => {
            format!("It expired on {}; signatures made with it are still accepted", moment.date(end))
        }
        Some(end) => format!("Signatures made with it are accepted until {}", moment.date(end)),
        None => "Signatures made with it are accepted".to_owned(),
    }
}

/// The certificate of an identity.
#[must_use]
pub(super) fn our_card(
    snapshot: &Snapshot,
    identity: &IdentityName,
    report: Option<&ProfileReport>,
    moment: &Moment,
) -> Option<OurCard> {
    let state = snapshot.identity(identity)?;
    let findings = report.into_iter().flat_map(|report| &report.findings);
    let own = findings.filter(|finding| finding.setting == "identity_certificate");
    Some(OurCard {
        name: state.name.clone(),
        fingerprint: state.facts.fingerprint_sha256,
        status: Status::worst(own.map(|finding| finding.status)),
        word: days_left(&state.facts, moment.now),
        rows: facts_rows(&state.facts, moment),
        said: said(report, "identity_certificate", None),
        next: None,
    })
}

impl Card {
    /// Shows it and returns what is to be done with it.
    pub(super) fn show(&self, ui: &mut Ui) -> Option<Act> {
        let mut act = None;
        ui.push_id(self.fingerprint.to_hex(), |ui| {
            card(ui).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 5.0;
                ui.add(Label::new(RichText::new(&self.name).font(theme::bold(theme::BODY))).truncate());
                let (tone, icon, word) = &self.part;
                Badge::new(*tone, word).icon(*icon).about(&self.fingerprint.short()).show(ui);
                ui.add(Label::new(muted(ui, &self.until)).wrap());
                rows(ui, &self.rows);
                row(ui, "SHA-256", |ui| short_fingerprint(ui, &self.fingerprint, &self.name));
                if let Some(confirmed) = self.confirmed {
                    row(ui, "Fingerprint", |ui| {
                        if confirmed {
                            Badge::new(ToneName::Ok, "Confirmed").about("Fingerprint").show(ui);
                        } else {
                            Badge::new(ToneName::Warn, "Not confirmed").about("Fingerprint").show(ui);
                            if link(ui, "Confirm fingerprint…").clicked() {
                                act = Some(Act::Confirm(self.fingerprint));
                            }
                        }
                    });
                }
                show_said(ui, &self.said);
                if self.scheduled && self.known {
                    ui.horizontal_wrapped(|ui| {
                        if crate::ui::widgets::secondary(ui, "Activate now…").clicked() {
                            act = Some(Act::Activate(self.fingerprint));
                        }
                        if crate::ui::widgets::secondary(ui, "Reschedule…").clicked() {
                            act = Some(Act::Reschedule(self.fingerprint));
                        }
                        if crate::ui::widgets::secondary(ui, "Cancel the schedule").clicked() {
                            act = Some(Act::Cancel);
                        }
                    });
                }
                if self.can_withdraw
                    && link(ui, "Stop accepting it")
                        .on_hover_text("Signatures made with it are refused from then on")
                        .clicked()
                {
                    act = Some(Act::Withdraw(self.fingerprint));
                }
                if let Some(before) = &self.before {
                    let label = format!("Roll back to {}", before.short());
                    if crate::ui::widgets::secondary(ui, label).clicked() {
                        act = Some(Act::RollBack);
                    }
                }
            });
        });
        act
    }
}

impl OurCard {
    /// The same with the change that is to come.
    #[must_use]
    pub(super) fn followed(self, timeline: &OwnTimeline, moment: &Moment) -> Self {
        let next = timeline.next(moment.now).map(|(entry, at)| {
            format!("{} signs from {} on", entry.name, stated_fully(at, entry.zone.as_deref(), moment))
        });
        Self { next, ..self }
    }

    /// Shows it and returns what is to be done with it.
    pub(super) fn show(&self, ui: &mut Ui) -> Option<Act> {
        let mut act = None;
        ui.push_id("ours", |ui| {
            card(ui).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 5.0;
                ui.horizontal(|ui| {
                    ui.add(Label::new(mono(self.name.to_string())).truncate());
                    Badge::status(self.status, &self.word).about("Own certificate").show(ui);
                });
                rows(ui, &self.rows);
                row(ui, "SHA-256", |ui| short_fingerprint(ui, &self.fingerprint, "our certificate"));
                show_said(ui, &self.said);
                if let Some(next) = &self.next {
                    ui.add(Label::new(small(next)).wrap());
                }
                ui.add(
                    Label::new(muted(ui, "The partner needs it to verify our signatures and to encrypt for us")).wrap(),
                );
                ui.horizontal_wrapped(|ui| {
                    if crate::ui::widgets::secondary(ui, "Write our certificate to a file…").clicked() {
                        act = Some(Act::WriteOurs(self.name.clone()));
                    }
                    if link(ui, "Change it over…").clicked() {
                        act = Some(Act::ShowIdentities);
                    }
                });
            });
        });
        act
    }
}
