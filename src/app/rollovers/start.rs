//! Starting a rollover: from a certificate file, or from a certificate that is in the workspace already.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::NamedProfiles;
use super::surroundings::Surroundings;
use crate::app::arrivals::{refuse_ended, refuse_key};
use crate::app::certificates::read_partners;
use crate::app::connection_file::read_text;
use crate::app::{App, AppError, CertificateSource, arrivals};
use crate::certificate::{Candidate, Certificate};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint, ImportContext, import_warnings};
use crate::domain::confirmation::Comparison;
use crate::domain::connection::Connection;
use crate::domain::counted::counted;
use crate::domain::instant;
use crate::domain::rollover::{
    MOST_BYTES, PlannedActivation, PlannedProfile, ProfileKey, Rollover, RolloverId, RolloverPlan, RolloverProfile,
    SheetRow, Step, read_sheet,
};
use crate::domain::timeline::{Activation, CertificateUse, next_activation, used_now};

/// A rollover to be started.
#[derive(Clone, Debug)]
pub struct NewRollover {
    /// Where the renewed certificate is.
    pub source: CertificateSource,
    /// The certificate that was looked at before, where one was: another is not taken in its place.
    pub expected: Option<Fingerprint>,
    /// The certificates that it replaces; those in use with the same subject, where none is named.
    pub replaces: Vec<Fingerprint>,
    /// When all change that have no time of their own.
    pub activation: Option<Activation>,
    /// Only these; all that use the old one, where none is named.
    pub only: Vec<NamedProfiles>,
    /// All but these.
    pub except: Vec<NamedProfiles>,
    /// A table in CSV of those that take part, with their times and notes.
    pub sheet: Option<PathBuf>,
    /// The fingerprint as the partner confirmed it.
    pub confirmed: Option<Comparison>,
}

impl NewRollover {
    /// For all that use what the certificate replaces, with no time yet.
    #[must_use]
    pub fn of(source: CertificateSource) -> Self {
        Self {
            source,
            expected: None,
            replaces: Vec::new(),
            activation: None,
            only: Vec::new(),
            except: Vec::new(),
            sheet: None,
            confirmed: None,
        }
    }
}

/// A rollover that was started, or would be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StartedRollover {
    /// Its number; nothing where it was only worked out.
    pub id: Option<RolloverId>,
    /// What people call it.
    pub name: String,
    /// The renewed certificate.
    pub certificate: Fingerprint,
    /// The ones that it replaces.
    pub replaces: Vec<Fingerprint>,
    /// The profiles that take part.
    pub chosen: usize,
    /// Those that use the old one and are left out.
    pub left_out: usize,
    /// What is to be said about the certificate.
    pub warnings: Vec<CertificateWarning>,
    /// What applying it does; nothing where a time is missing.
    pub plan: Option<RolloverPlan>,
    /// The rollover that is about this certificate already, where it was only worked out: then it could not be started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub already: Option<RolloverId>,
}

impl App {
    /// Works out what a rollover would do, and keeps nothing.
    ///
    /// # Errors
    /// As [`App::start_rollover`].
    pub async fn prepare_rollover(&self, new: &NewRollover) -> Result<StartedRollover, AppError> {
        Ok(self.prepared_rollover(new, Second::Told).await?.told(None))
    }

    /// The same of one that is to be started: refused where it could not be.
    ///
    /// # Errors
    /// As [`App::start_rollover`].
    pub(in crate::app) async fn prepare_to_start(&self, new: &NewRollover) -> Result<StartedRollover, AppError> {
        Ok(self.prepared_rollover(new, Second::Refused).await?.told(None))
    }

    /// Starts a rollover: the certificate and who takes part are kept; no profile is changed before it is applied.
    ///
    /// # Errors
    /// Where the file holds no certificate or a private key, a confirmed fingerprint is another, the certificate has ended
    /// or has a key that cannot be used, nobody uses what it replaces, all that would take part change to it already, a name
    /// or a line of the table makes no sense, or there is a rollover with this certificate. Then nothing was kept.
    pub async fn start_rollover(&self, new: &NewRollover) -> Result<StartedRollover, AppError> {
        let mut prepared = self.prepared_rollover(new, Second::Refused).await?;
        let now = self.now();
        let mut transaction = self.workspace().await?.begin().await?;
        prepared.rollover.id = transaction.next_rollover().await?;
        let certificate = &prepared.certificate.leaf;
        let fingerprint = certificate.facts().fingerprint_sha256;
        transaction.put_certificate(certificate.der(), certificate.facts(), &new.source.name(), now).await?;
        let chain: Vec<&[u8]> = prepared.certificate.chain.iter().map(Certificate::der).collect();
        transaction.put_chain(&fingerprint, &chain).await?;
        if let Some(confirmed) = &new.confirmed {
            let by = arrivals::user();
            transaction.confirm_certificate(&fingerprint, confirmed.how(), by.as_deref(), now).await?;
        }
        transaction.save_rollover(&prepared.rollover).await?;
        transaction.commit().await?;
        let id = prepared.rollover.id;
        Ok(prepared.told(Some(id)))
    }

    async fn prepared_rollover(&self, new: &NewRollover, second: Second) -> Result<Prepared, AppError> {
        let certificate = self.certificate_of(new).await?;
        let facts = certificate.leaf.facts();
        let fingerprint = facts.fingerprint_sha256;
        if let Some(confirmed) = new.confirmed.filter(|confirmed| !confirmed.is_of(facts)) {
            return Err(AppError::new(format!(
                "the confirmed fingerprint {confirmed} is not that of the certificate, which is {fingerprint}"
            ))
            .hint("nothing was kept; ask the partner which certificate is theirs"));
        }
        let now = self.now();
        refuse_ended(facts, now)?;
        let already = self.second(&fingerprint).await?;
        if second == Second::Refused {
            refuse_second(already)?;
        }
        let surroundings = Surroundings::read(self, Some((facts, new.confirmed.is_some()))).await?;
        let connections = self.connections().await?;
        let users = users(&connections, now);
        let replaces = replaced(new, facts, &users, &surroundings)?;
        let mut profiles: Vec<RolloverProfile> = users
            .iter()
            .filter(|(_, used)| replaces.contains(used))
            .map(|((connection, kind), _)| RolloverProfile::new(connection.clone(), *kind))
            .collect();
        if profiles.is_empty() {
            return Err(AppError::new("no profile uses the certificate that is to be replaced").hint(
                "`countersign certificate list` shows which certificate is used where; `--replaces` names the old one",
            ));
        }
        let encrypts = connections
            .iter()
            .flat_map(|connection| connection.profiles().map(move |(kind, profile)| ((&connection.id, kind), profile)))
            .any(|(key, profile)| {
                profile.encrypts() && profiles.iter().any(|each| (&each.connection, each.profile) == key)
            });
        refuse_key(facts, encrypts)?;
        choose(&mut profiles, new)?;
        if let Some(sheet) = &new.sheet {
            let rows = read_rows(sheet)?;
            take_rows(&mut profiles, &rows, true, (facts, now)).map_err(|error| error.in_file(sheet))?;
        }
        let rollover = Rollover {
            id: RolloverId(0),
            name: facts.common_name().to_owned(),
            certificate: fingerprint,
            replaces,
            created: now,
            activation: new.activation.as_ref().map(PlannedActivation::from),
            undone: None,
            profiles,
        };
        let old = rollover.replaces.first().and_then(|old| surroundings.facts(old));
        let context = ImportContext {
            own: surroundings.own(),
            replaces: old,
            installed: Vec::new(),
            confirmed: surroundings.is_confirmed(&fingerprint),
            ..ImportContext::default()
        };
        let warnings = import_warnings(facts, now, &context);
        let timed = |profile: &RolloverProfile| !profile.chosen || rollover.activation_of(profile).is_some();
        let plan = rollover
            .profiles
            .iter()
            .all(timed)
            .then(|| surroundings.plan(&rollover, facts, &Step::Schedule(None), &[], &connections, now));
        if let Some(plan) = &plan {
            refuse_nothing_to_do(&rollover, plan, &connections, now)?;
        }
        Ok(Prepared { certificate, rollover, warnings, plan, already })
    }

    /// The certificate that a source holds first, and what is known of the others in it.
    async fn certificate_of(&self, new: &NewRollover) -> Result<Candidate, AppError> {
        let bytes = self.bytes_of(&new.source).await?;
        let found = read_partners(&bytes, "the file").map_err(|error| new.source.located(error))?;
        arrivals::meant(&found, "the file", new.expected, new.confirmed.as_ref(), None)
            .map_err(|error| new.source.located(error))
    }

    /// The rollover that is about a certificate already, where there is one.
    async fn second(&self, certificate: &Fingerprint) -> Result<Option<RolloverId>, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(None) };
        let same = workspace.rollovers().await?.into_iter().find(|known| known.certificate == *certificate);
        Ok(same.map(|known| known.id))
    }
}

/// What becomes of a rollover whose certificate has one already: a certificate has one at a time, because two boards for
/// the same profiles would contradict each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    /// It is worked out all the same, and that is told.
    Told,
    /// It is refused.
    Refused,
}

fn refuse_second(already: Option<RolloverId>) -> Result<(), AppError> {
    let Some(known) = already else { return Ok(()) };
    Err(AppError::new(format!("rollover {known} is about this certificate already"))
        .hint(format!("`countersign rollover show {known}` shows how it stands")))
}

/// A board on which everything is as it should be from the beginning is no rollover.
fn refuse_nothing_to_do(
    rollover: &Rollover,
    plan: &RolloverPlan,
    connections: &[Connection],
    now: Timestamp,
) -> Result<(), AppError> {
    // The same instant stated in another zone is no change that is worth a board.
    let bare = |entry: &CertificateUse| CertificateUse { zone: None, ..entry.clone() };
    let same = |planned: &PlannedProfile| {
        let after: Vec<CertificateUse> = planned.after.iter().map(bare).collect();
        planned.before.len() == after.len() && planned.before.iter().all(|entry| after.contains(&bare(entry)))
    };
    let stays = plan.refused.is_empty() && plan.profiles.iter().all(same);
    let Some(first) = plan.profiles.first().filter(|_| stays) else { return Ok(()) };
    let settings = connections.iter().find(|connection| connection.id == first.connection);
    let settings = settings.and_then(|connection| connection.profile(first.profile));
    let when = settings.and_then(|settings| next_activation(&settings.partner_certificates, now)).map_or_else(
        String::new,
        |(entry, at)| {
            let when = instant::in_words_there(at, entry.zone.as_deref());
            format!(", {}, {} on {when}", first.connection, first.profile)
        },
    );
    let whom = match plan.profiles.len() {
        1 => "the one profile that would take part changes".to_owned(),
        2 => "both profiles that would take part change".to_owned(),
        number => format!("all {number} profiles that would take part change"),
    };
    Err(AppError::new(format!(
        "there is nothing left to do: {whom} to {} already{when}",
        rollover.certificate.short()
    ))
    .hint(
        "nothing was kept; `countersign certificate reschedule` moves an activation, and `rollover start` with another time \
         moves all of them",
    ))
}

/// A rollover that was worked out.
struct Prepared {
    certificate: Candidate,
    rollover: Rollover,
    warnings: Vec<CertificateWarning>,
    plan: Option<RolloverPlan>,
    already: Option<RolloverId>,
}

impl Prepared {
    fn told(self, id: Option<RolloverId>) -> StartedRollover {
        let chosen = self.rollover.profiles.iter().filter(|profile| profile.chosen).count();
        StartedRollover {
            id,
            chosen,
            left_out: self.rollover.profiles.len() - chosen,
            name: self.rollover.name,
            certificate: self.rollover.certificate,
            replaces: self.rollover.replaces,
            warnings: self.warnings,
            plan: self.plan,
            already: self.already,
        }
    }
}

/// Which certificate each profile encrypts for now.
fn users(connections: &[Connection], now: Timestamp) -> Vec<(ProfileKey, Fingerprint)> {
    let mut found = Vec::new();
    for connection in connections {
        for (kind, profile) in connection.profiles() {
            if let Some(used) = used_now(&profile.partner_certificates, now) {
                found.push(((connection.id.clone(), kind), used.fingerprint));
            }
        }
    }
    found
}

/// The certificates that are replaced: as named, or those in use that bear the same subject as the new one.
fn replaced(
    new: &NewRollover,
    facts: &CertificateFacts,
    users: &[(ProfileKey, Fingerprint)],
    surroundings: &Surroundings,
) -> Result<Vec<Fingerprint>, AppError> {
    if new.replaces.contains(&facts.fingerprint_sha256) {
        return Err(AppError::new("the renewed certificate is the very one that it is to replace")
            .hint("perhaps the old file was downloaded again"));
    }
    if !new.replaces.is_empty() {
        return Ok(new.replaces.clone());
    }
    let mut in_use: HashMap<Fingerprint, usize> = HashMap::new();
    for (_, used) in users.iter().filter(|(_, used)| *used != facts.fingerprint_sha256) {
        *in_use.entry(*used).or_default() += 1;
    }
    let mut alike: Vec<(Fingerprint, usize)> = in_use
        .into_iter()
        .filter(|(used, _)| surroundings.facts(used).is_some_and(|old| old.subject == facts.subject))
        .collect();
    alike.sort();
    match alike[..] {
        [(only, _)] => Ok(vec![only]),
        [] if users.iter().any(|(_, used)| *used == facts.fingerprint_sha256) => {
            let number = users.iter().filter(|(_, used)| *used == facts.fingerprint_sha256).count();
            let whom = if number == 1 { "1 profile uses".to_owned() } else { format!("{number} profiles use") };
            Err(AppError::new(format!(
                "there is nothing left to do: {whom} this certificate already, and none uses another of its subject"
            ))
            .hint("nothing was kept; where another is to be replaced by it, name that with `--replaces`"))
        }
        [] => Err(AppError::new(format!("no certificate in use has the subject {}", facts.subject))
            .hint("name the one that it replaces with `--replaces`; `countersign certificate list` shows them")),
        _ => {
            let listed: Vec<String> =
                alike.iter().map(|(used, number)| format!("{used} ({})", counted(*number, "profile"))).collect();
            Err(AppError::new(format!("several certificates in use have the subject {}", facts.subject))
                .hint(format!("name those that it replaces with `--replaces`: {}", listed.join(", "))))
        }
    }
}

/// Leaves out who was not asked for.
fn choose(profiles: &mut [RolloverProfile], new: &NewRollover) -> Result<(), AppError> {
    for named in new.only.iter().chain(&new.except) {
        if !profiles.iter().any(|profile| named.holds(&profile.key())) {
            let profile = named.profile.map_or_else(String::new, |profile| format!("/{profile}"));
            return Err(AppError::new(format!(
                "{}{profile} does not use the certificate that is to be replaced",
                named.connection
            )));
        }
    }
    let meant = |list: &[NamedProfiles], key: &ProfileKey| list.iter().any(|named| named.holds(key));
    for profile in profiles {
        let key = profile.key();
        profile.chosen = (new.only.is_empty() || meant(&new.only, &key)) && !meant(&new.except, &key);
    }
    Ok(())
}

/// Reads a table in CSV.
pub(super) fn read_rows(path: &std::path::Path) -> Result<Vec<SheetRow>, AppError> {
    let text = read_text(path, MOST_BYTES)?;
    read_sheet(&text).map_err(|errors| refused(&errors).in_file(path))
}

fn refused(errors: &impl std::fmt::Display) -> AppError {
    AppError::new(errors.to_string()).hint("nothing was taken of the table; put these lines right and try again")
}

/// Takes times and notes from a table, each where it has a column for it. Who does not stand in it is left out, where it
/// says who takes part. A time that is not there already has to be possible for the new certificate.
pub(super) fn take_rows(
    profiles: &mut [RolloverProfile],
    rows: &[SheetRow],
    says_who: bool,
    (new, now): (&CertificateFacts, Timestamp),
) -> Result<(), AppError> {
    let places: HashMap<ProfileKey, usize> =
        profiles.iter().enumerate().map(|(index, profile)| (profile.key(), index)).collect();
    let strangers: Vec<String> = rows
        .iter()
        .filter(|row| !places.contains_key(&row.key()))
        .take(20)
        .map(|row| {
            format!(
                "line {}: {}, {} does not use the certificate that is replaced",
                row.line, row.connection, row.profile
            )
        })
        .collect();
    if !strangers.is_empty() {
        return Err(refused(&strangers.join("; ")));
    }
    let impossible: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let profile = places.get(&row.key()).and_then(|index| profiles.get(*index))?;
            let own = row.activation.as_ref()?.own().filter(|own| profile.activation.as_ref() != Some(own))?;
            let error = own.check(new, now).err()?;
            Some(format!("line {}: {}, {}: {error}", row.line, row.connection, row.profile))
        })
        .take(20)
        .collect();
    if !impossible.is_empty() {
        return Err(refused(&impossible.join("; ")));
    }
    if says_who {
        for profile in profiles.iter_mut() {
            profile.chosen = false;
        }
    }
    for row in rows {
        if let Some(profile) = places.get(&row.key()).and_then(|index| profiles.get_mut(*index)) {
            profile.chosen |= says_who;
            if let Some(time) = &row.activation {
                profile.activation = time.own();
            }
            if let Some(note) = &row.note {
                profile.note.clone_from(note);
            }
        }
    }
    Ok(())
}
