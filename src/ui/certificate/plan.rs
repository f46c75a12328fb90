//! What bringing the certificate in would do: worked out by the same rules as the import, and only where something
//! that it depends on has changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::applies_to::Target;
use super::comparison::{Judged, Row, rows};
use super::purpose;
use super::schedule::{Reading, Stated, means};
use super::timeline::{Timeline, meaning};
use super::words::stated_fully;
use crate::app::engine::Snapshot;
use crate::domain::arrival::{Arrival, SubjectUsers};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint, ImportContext, import_warnings};
use crate::domain::compliance::ProfileReport;
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::renewal::renew_for;
use crate::domain::timeline::{Activation, CertificatePurpose, CertificateUse, next_activation, plain_list, used_now};
use crate::ui::moment::{Moment, count};

/// What a plan depends on besides the workspace.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inputs {
    /// The certificate, and how many were looked at before it.
    pub(super) new: CertificateFacts,
    /// For one purpose alone.
    pub(super) purpose: Option<CertificatePurpose>,
    /// Which of those where it can go are chosen: they themselves stay what they are while the workspace does.
    pub(super) ticked: Vec<bool>,
    /// When.
    pub(super) stated: Stated,
    /// Whether its fingerprint is confirmed.
    pub(super) confirmed: bool,
    /// Whether the partner's fingerprint is another one.
    pub(super) contradicted: bool,
    /// Whether it is in the workspace, to be scheduled anew.
    pub(super) again: bool,
    /// Whether it is wanted although it has ended.
    pub(super) though_ended: bool,
    /// The minute, since days and hours are counted down.
    pub(super) minute: i64,
}

/// What bringing the certificate in would do.
pub(super) struct Plan {
    pub(super) rows: Vec<Row>,
    pub(super) old: Option<CertificateFacts>,
    /// Profiles chosen whose certificate in use is another than the one shown.
    pub(super) differing: Option<String>,
    pub(super) warnings: Vec<CertificateWarning>,
    /// Which activation it would cancel in the profile shown, as a sentence.
    pub(super) cancels: Option<String>,
    pub(super) reading: Reading,
    pub(super) means: String,
    pub(super) timeline: Timeline,
    pub(super) sentence: String,
    /// Why it cannot be done yet.
    pub(super) obstacle: Option<String>,
    /// How many profiles are chosen.
    pub(super) chosen: usize,
    /// Whether it has ended: then putting it to use is not what is proposed.
    pub(super) ended: bool,
    /// Whether it is to verify alone.
    accepts_only: bool,
}

impl Plan {
    /// Works it out.
    #[must_use]
    pub(super) fn make(snapshot: &Arc<Snapshot>, moment: &Moment, inputs: &Inputs, targets: &[Target]) -> Self {
        let Inputs { new, stated, .. } = inputs;
        let connections: HashMap<&ConnectionId, &Connection> =
            snapshot.connections.iter().map(|state| (&state.connection.id, &state.connection)).collect();
        let ended = new.not_after < moment.now;
        let reading = match inputs.purpose {
            // There is no time left for it. At once it may be taken, where somebody says so.
            _ if ended && inputs.though_ended => Reading::Now,
            _ if ended => Reading::Refused(format!("It ended on {}", moment.date(new.not_after))),
            // Accepted at once, whatever was stated before.
            Some(CertificatePurpose::Verify) => Reading::Now,
            _ => stated.read(new, moment),
        };
        let shown = targets.iter().find(|target| target.ticked).or_else(|| targets.first());
        let fresh = new.fingerprint_sha256;
        let old_print = shown.and_then(|target| target.uses).filter(|old| *old != fresh);
        let old = old_print.and_then(|old| snapshot.facts(&old)).cloned();
        let facts = |print: &Fingerprint| if *print == fresh { Some(new) } else { snapshot.facts(print) };
        let profile = shown.and_then(|target| {
            let connection = &snapshot.connection(&target.connection)?.connection;
            Some((connection, target.profile, connection.profile(target.profile)?))
        });
        let uses = profile.map(|(_, _, profile)| profile.partner_certificates.clone()).unwrap_or_default();
        let after = reading
            .activation()
            .and_then(|activation| renew_for(inputs.purpose, &uses, new, old.as_ref(), &activation, moment.now).ok())
            .map_or_else(|| accepted_only(&uses, fresh, moment), |renewal| renewal.uses);
        let activates = match &reading {
            Reading::At { at, .. } => *at,
            _ => moment.now.max(new.not_before),
        };
        let (before_report, after_report) = profile.map_or((None, None), |(connection, kind, profile)| {
            let judge = |list: Vec<CertificateUse>, at| -> ProfileReport {
                let mut copy = profile.clone();
                copy.partner_certificates = list;
                snapshot.judge_with(&connection.policy, kind, &copy, new, at)
            };
            let decided = used_now(&after, activates).is_some_and(|entry| entry.fingerprint == fresh);
            let renewed = if decided { after.clone() } else { plain_list(&[fresh]) };
            (Some(judge(uses.clone(), moment.now)), Some(judge(renewed, activates)))
        });
        let judged_old = old.as_ref().map(|old| Judged {
            facts: old,
            report: before_report.as_ref(),
            at: moment.now,
            too_early: false,
        });
        let too_early = reading == Reading::Now && moment.now < new.not_before;
        let judged_new = Judged { facts: new, report: after_report.as_ref(), at: activates, too_early };
        let chosen = targets.iter().filter(|target| target.ticked).count();
        let encrypts = inputs.purpose != Some(CertificatePurpose::Verify)
            && targets.iter().filter(|target| target.ticked).any(|target| {
                let connection = connections.get(&target.connection);
                let profile = connection.and_then(|connection| connection.profile(target.profile));
                profile.is_some_and(Profile::encrypts)
            });
        // What has retired is not drawn as accepted.
        let drawn = profile.map_or_else(
            || after.clone(),
            |(connection, kind, profile)| {
                let renewed = Profile { partner_certificates: after.clone(), ..profile.clone() };
                snapshot.observations.uses(&connection.id, kind, &renewed)
            },
        );
        Self {
            rows: rows(judged_old.as_ref(), &judged_new, moment),
            differing: differing(targets, old_print),
            warnings: warnings(snapshot, &connections, moment, inputs, targets, &reading),
            cancels: next_activation(&uses, moment.now).filter(|(entry, _)| entry.fingerprint != fresh).map(
                |(entry, at)| {
                    let when = stated_fully(at, entry.zone.as_deref(), moment);
                    format!(
                        "The activation of {} that is scheduled for {when} would be cancelled",
                        entry.fingerprint.short()
                    )
                },
            ),
            means: means(&reading, old.as_ref(), moment),
            timeline: Timeline::of(&drawn, &facts, Some(fresh), moment),
            sentence: purpose::sentence(inputs.purpose, &after, old_print, moment)
                .unwrap_or_else(|| meaning(&after, &facts, old.as_ref(), moment)),
            obstacle: obstacle(new, ended, &reading, chosen, (inputs.contradicted, encrypts)),
            old,
            reading,
            chosen,
            ended,
            accepts_only: inputs.purpose == Some(CertificatePurpose::Verify),
        }
    }

    /// Whether it goes active at once.
    #[must_use]
    pub(super) const fn is_now(&self) -> bool {
        matches!(self.reading, Reading::Now)
    }

    /// What the button that does it says.
    #[must_use]
    pub(super) fn button(&self) -> String {
        let verb = match self.is_now() || self.ended {
            _ if self.accepts_only => "Accept",
            true => "Activate now",
            false => "Schedule",
        };
        format!("{verb} for {}", count(self.chosen, "profile"))
    }

    /// What the button says that goes on to the test send. Before the certificate is active there is nothing to test yet.
    #[must_use]
    pub(super) const fn second_button(&self) -> &'static str {
        match self.is_now() {
            _ if self.accepts_only => "Accept and test send",
            true => "Activate now and test send",
            false => "Schedule and open test send",
        }
    }
}

/// The certificates while it is open when the new one goes active: it is accepted, and that is all.
fn accepted_only(uses: &[CertificateUse], fresh: Fingerprint, moment: &Moment) -> Vec<CertificateUse> {
    let mut after: Vec<CertificateUse> = uses.iter().filter(|entry| entry.fingerprint != fresh).cloned().collect();
    after.push(CertificateUse {
        fingerprint: fresh,
        purposes: vec![CertificatePurpose::Verify],
        from: Some(moment.now),
        until: None,
        zone: None,
    });
    after
}

fn differing(targets: &[Target], shown: Option<Fingerprint>) -> Option<String> {
    let others: Vec<String> = targets
        .iter()
        .filter(|target| target.ticked && target.uses != shown)
        .map(|target| {
            let profile = super::words::profile(&target.name, target.profile);
            target
                .uses
                .map_or_else(|| format!("{profile} has none in use"), |uses| format!("{profile} uses {}", uses.short()))
        })
        .take(4)
        .collect();
    (!others.is_empty()).then(|| others.join("; "))
}

fn obstacle(
    new: &CertificateFacts,
    ended: bool,
    reading: &Reading,
    chosen: usize,
    (contradicted, encrypts): (bool, bool),
) -> Option<String> {
    match reading {
        _ if new.key.refused(encrypts).is_some() => {
            Some("Such a key cannot be used in AS2; ask for one with RSA or EC".to_owned())
        }
        _ if contradicted => Some("The fingerprint that they sent is another certificate's".to_owned()),
        Reading::Refused(why) if ended => Some(format!("{why}; ask the partner for the renewed one")),
        _ if chosen == 0 => Some("Choose at least one profile".to_owned()),
        Reading::Refused(_) => Some("The date and time cannot be used".to_owned()),
        Reading::Twice { .. } => Some("Say which of the two times is meant".to_owned()),
        Reading::Now | Reading::At { .. } => None,
    }
}

/// What speaks against it, for all profiles that are chosen.
fn warnings(
    snapshot: &Snapshot,
    connections: &HashMap<&ConnectionId, &Connection>,
    moment: &Moment,
    inputs: &Inputs,
    targets: &[Target],
    reading: &Reading,
) -> Vec<CertificateWarning> {
    let Inputs { new, confirmed, again, purpose, .. } = inputs;
    let own: Vec<CertificateFacts> = snapshot.identities.iter().map(|identity| identity.facts.clone()).collect();
    let known = |print: &Fingerprint| snapshot.facts(print);
    let mut found: Vec<CertificateWarning> = Vec::new();
    let mut add = |warnings: Vec<CertificateWarning>| {
        for warning in warnings {
            if !found.contains(&warning) {
                found.push(warning);
            }
        }
    };
    let of_subject = SubjectUsers::of(new, connections.values().copied(), &known, moment.now);
    let ticked: HashSet<(&ConnectionId, ProfileKind)> =
        targets.iter().filter(|target| target.ticked).map(|target| (&target.connection, target.profile)).collect();
    let mut none = true;
    for target in targets.iter().filter(|target| target.ticked) {
        let Some(connection) = connections.get(&target.connection).copied() else { continue };
        let Some(profile) = connection.profile(target.profile) else { continue };
        none = false;
        let policy = snapshot.policy(&connection.policy).and_then(|policy| policy.resolved.as_ref().ok());
        let arrival = Arrival {
            connection,
            of_subject: &of_subject,
            kind: target.profile,
            purpose: *purpose,
            own: &own,
            known: &known,
            policy,
            confirmed: *confirmed,
        };
        let mut context = arrival.context(new, moment.now);
        let other = |kind: &ProfileKind| *kind != target.profile && ticked.contains(&(&target.connection, *kind));
        context.for_both = ProfileKind::ALL.iter().any(other);
        if *again {
            context.installed.clear();
            context.used_before.clear();
        }
        add(import_warnings(new, moment.now, &context));
        let old = target.uses.and_then(|old| snapshot.facts(&old));
        let activation = reading.activation().unwrap_or(Activation::Now);
        if let Ok(renewal) = renew_for(*purpose, &profile.partner_certificates, new, old, &activation, moment.now) {
            add(renewal.warnings);
        }
    }
    if none {
        let context = ImportContext { own: own.iter().collect(), confirmed: *confirmed, ..ImportContext::default() };
        add(import_warnings(new, moment.now, &context));
    }
    found
}
