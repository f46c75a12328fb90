//! `rollover`: one renewed certificate for many profiles at once.

mod arguments;

use serde::Serialize;

use super::arguments::ProfileChoice;
use super::table::{Table, labelled};
use super::{Answer, Session, words};
use crate::app::{
    AppError, CertificateSource, NamedProfiles, NewRollover, RolloverAction, RolloverChanged, RolloverRequest,
    RolloverSummary, StartedRollover, TestProgress, TestRollover, TestedRollover,
};
use crate::domain::certificate::Fingerprint;
use crate::domain::confirmation::Comparison;
use crate::domain::identifier::ProfileKind;
use crate::domain::instant;
use crate::domain::rollover::{
    Board, BoardRow, PlannedActivation, ProfileKey, RolloverId, RolloverPlan, RolloverState, ScheduleEffect,
    ScheduledUse, StateCount, Step,
};
pub(super) use arguments::RolloverCommand;
use arguments::StartArguments;

/// Shown at most so many lines of a difference in a terminal; `--json` has all.
const MOST_LINES: usize = 60;

#[derive(Serialize)]
struct ListDocument<'a> {
    rollovers: &'a [RolloverSummary],
}

#[derive(Serialize)]
struct PlanDocument<'a> {
    rollover: RolloverId,
    changed: usize,
    #[serde(flatten)]
    plan: &'a RolloverPlan,
}

#[derive(Serialize)]
struct FileDocument {
    file: String,
}

#[derive(Serialize)]
struct RemovedDocument {
    removed: RolloverId,
}

#[derive(Serialize)]
struct SheetDocument {
    csv: String,
}

pub(super) async fn run(session: &Session, command: RolloverCommand) -> Result<Answer, AppError> {
    let app = &session.app;
    match command {
        RolloverCommand::Start(arguments) => start(session, arguments).await?,
        RolloverCommand::List => {
            let rollovers = app.rollovers().await?;
            session.out.answer(&ListDocument { rollovers: &rollovers }, || list(&rollovers));
        }
        RolloverCommand::Show { id, state } => {
            let mut board = app.rollover(id).await?;
            board.rows.retain(|row| state.is_none_or(|state| row.state == state));
            session.out.answer(&board, || show(session, &board));
        }
        RolloverCommand::Apply { id, profiles, at, dry_run } => {
            step(session, id, Step::Schedule(at), &profiles, dry_run).await?;
        }
        RolloverCommand::Undo { id, profiles, dry_run } => step(session, id, Step::Undo, &profiles, dry_run).await?,
        RolloverCommand::Rollback { id, profiles } => step(session, id, Step::RollBack, &profiles, false).await?,
        RolloverCommand::Told { id, profiles, how, note, not } => {
            let action = if not { RolloverAction::NotTold } else { RolloverAction::Told { how, note } };
            change(session, id, action, &profiles).await?;
        }
        RolloverCommand::LeaveOut { id, profiles, dry_run } => {
            step(session, id, Step::LeaveOut, &profiles, dry_run).await?;
        }
        RolloverCommand::TakeIn { id, profiles } => change(session, id, RolloverAction::TakeIn, &profiles).await?,
        RolloverCommand::Import { id, file } => {
            change(session, id, RolloverAction::Sheet(file), &[]).await?;
        }
        RolloverCommand::Test { id, profiles, profile, parallel } => {
            return test(session, id, &profiles, profile, parallel).await;
        }
        RolloverCommand::Export { id, output } => {
            let text = app.rollover_sheet(id).await?;
            match session.write_confidential_if_asked(output.as_deref(), &text)? {
                Some(file) => {
                    let said = format!("Wrote {file}");
                    session.out.answer(&FileDocument { file }, || said);
                }
                None if session.out.is_json() => session.out.answer(&SheetDocument { csv: text }, String::new),
                None => session.out.bytes(text.as_bytes()),
            }
        }
        RolloverCommand::Remove { id } => {
            app.remove_rollover(id).await?;
            session.out.answer(&RemovedDocument { removed: id }, || format!("Forgot rollover {id}"));
        }
    }
    Ok(Answer::Yes)
}

async fn start(session: &Session, arguments: StartArguments) -> Result<(), AppError> {
    let StartArguments { file, fingerprint, replaces, at, only, except, csv, dry_run, confirm_fingerprint } = arguments;
    let in_workspace = file.to_str().filter(|_| !file.exists()).and_then(|text| text.parse().ok());
    let source = match in_workspace {
        Some(fingerprint) => CertificateSource::Workspace(fingerprint),
        None => super::certificate::source(file)?,
    };
    let new = NewRollover {
        expected: fingerprint,
        replaces,
        activation: at,
        only,
        except,
        sheet: csv,
        confirmed: confirm_fingerprint.map(Comparison::Stated),
        ..NewRollover::of(source)
    };
    let app = &session.app;
    let started = if dry_run { app.prepare_rollover(&new).await? } else { app.start_rollover(&new).await? };
    session.out.answer(&started, || told_of_start(session, &started));
    if let Some(known) = started.already {
        session.out.note(&format!(
            "rollover {known} is about this certificate already, so this one cannot be started; `countersign rollover show \
             {known}` shows how that stands"
        ));
    }
    for warning in &started.warnings {
        session.out.warning(warning.sentence());
    }
    Ok(())
}

fn told_of_start(session: &Session, started: &StartedRollover) -> String {
    let replaces: Vec<String> = started.replaces.iter().map(Fingerprint::short).collect();
    let mut text = labelled(
        [
            ("Certificate", format!("{} {}", started.name, started.certificate.short())),
            ("Replaces", replaces.join(", ")),
            ("Takes part", words::counted(started.chosen, "profile")),
            (
                "Left out",
                if started.left_out == 0 { String::new() } else { words::counted(started.left_out, "profile") },
            ),
        ],
        "",
    );
    if let Some(plan) = &started.plan {
        text.push_str(&format!("\n{}", difference(plan)));
    }
    match (started.id, &started.plan) {
        (Some(id), Some(_)) => text.push_str(&format!(
            "\nStarted rollover {id}; nothing is changed yet. `countersign rollover apply {id}{}` applies it\n",
            session.suffix
        )),
        (Some(id), None) => text.push_str(&format!(
            "\nStarted rollover {id}; nothing is changed yet. `countersign rollover apply {id} --at INSTANT{}` applies it\n",
            session.suffix
        )),
        (None, _) => text.push_str("\nNothing was kept\n"),
    }
    text
}

/// The profiles that are meant.
async fn keys(session: &Session, id: RolloverId, named: &[NamedProfiles]) -> Result<Vec<ProfileKey>, AppError> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let board = session.app.rollover(id).await?;
    if let Some(unknown) = named.iter().find(|named| !board.rows.iter().any(|row| named.holds(&row.key()))) {
        return Err(AppError::new(format!("{} is not in rollover {id}", unknown.connection))
            .hint(format!("`countersign rollover show {id}` lists its profiles")));
    }
    Ok(board.rows.iter().map(BoardRow::key).filter(|key| named.iter().any(|named| named.holds(key))).collect())
}

async fn step(
    session: &Session,
    id: RolloverId,
    step: Step,
    named: &[NamedProfiles],
    dry_run: bool,
) -> Result<(), AppError> {
    if !dry_run {
        return change(session, id, RolloverAction::Step(step), named).await;
    }
    let profiles = keys(session, id, named).await?;
    let plan = session.app.plan_rollover(id, &step, &profiles).await?;
    let document = PlanDocument { rollover: id, changed: plan.changed(), plan: &plan };
    session.out.answer(&document, || format!("{}\nNothing was changed\n", difference(&plan)));
    warn(session, &plan);
    Ok(())
}

async fn change(
    session: &Session,
    id: RolloverId,
    action: RolloverAction,
    named: &[NamedProfiles],
) -> Result<(), AppError> {
    let profiles = keys(session, id, named).await?;
    let request = RolloverRequest { id, profiles, action, seen: None };
    let changed = session.app.change_rollover(&request).await?;
    session.out.answer(&changed, || told_of_change(session, &changed, &request));
    warn(session, &changed.plan);
    Ok(())
}

fn warn(session: &Session, plan: &RolloverPlan) {
    for (warning, number) in plan.warnings() {
        session.out.warning(&format!("{} ({})", warning.sentence(), words::counted(number, "profile")));
    }
}

fn told_of_change(session: &Session, changed: &RolloverChanged, request: &RolloverRequest) -> String {
    let id = changed.rollover;
    let RolloverAction::Step(step) = &request.action else {
        let mut text = match (&request.action, changed.noted) {
            (RolloverAction::Sheet(_), 0) => format!("Nothing in the table differs from what rollover {id} says"),
            (_, 0) => format!("Noted in rollover {id}"),
            (_, noted) => format!("Noted in rollover {id} for {}", words::counted(noted, "profile")),
        };
        if changed.pending > 0 {
            text.push_str(&format!("\n{}", not_applied(session, id, changed.pending)));
        }
        return text;
    };
    let left_out = match step {
        Step::LeaveOut => format!("Left out {}\n", words::counted(request.profiles.len(), "profile")),
        Step::Schedule(_) | Step::RollBack | Step::Undo => String::new(),
    };
    let number = words::counted(changed.changed, "profile");
    format!("{}\nChanged {number}\n{left_out}", difference(&changed.plan))
}

/// That what is planned is not what is applied, and what makes it so.
fn not_applied(session: &Session, id: RolloverId, pending: usize) -> String {
    format!(
        "What is planned is not applied to {} yet; `countersign rollover apply {id}{}` applies it",
        words::counted(pending, "profile"),
        session.suffix
    )
}

/// What a step does, line by line.
fn difference(plan: &RolloverPlan) -> String {
    let mut table = Table::new(["Connection", "Profile", "Encrypts for", "Then for", "From", "Remarks"]);
    let short = |print: Option<Fingerprint>| print.map_or_else(|| "nothing".to_owned(), |print| print.short());
    let changed: Vec<_> = plan.profiles.iter().filter(|planned| planned.changes()).collect();
    for planned in changed.iter().take(MOST_LINES) {
        let mut remarks: Vec<String> = match planned.schedule_effect() {
            ScheduleEffect::None => Vec::new(),
            ScheduleEffect::Removed => vec!["schedule removed".to_owned()],
            ScheduleEffect::ComesBack(ScheduledUse { certificate, at, zone }) => {
                let when = instant::in_words_there(*at, zone.as_deref());
                vec![format!("the earlier schedule comes back: {} from {when}", certificate.short())]
            }
        };
        remarks.extend(planned.warnings.iter().map(|warning| warning.label().to_owned()));
        remarks.extend(planned.against_policy.iter().cloned());
        table.row([
            planned.connection.to_string(),
            planned.profile.label().to_owned(),
            short(planned.encrypts_now),
            short(planned.encrypts_then),
            planned.from.map(|at| instant::in_words_there(at, planned.zone.as_deref())).unwrap_or_default(),
            remarks.join("; "),
        ]);
    }
    let mut text = if changed.is_empty() { "No profile changes\n".to_owned() } else { table.render() };
    if changed.len() > MOST_LINES {
        text.push_str(&format!(
            "… and {}; --json lists all\n",
            words::counted(changed.len() - MOST_LINES, "more profile")
        ));
    }
    let (same, scheduled) = plan.unchanged();
    if same > 0 {
        text.push_str(&format!("{} as they should be already\n", words::counted(same, "profile")));
    }
    if scheduled > 0 {
        let whom = words::counted(scheduled, "profile");
        let (stay, they) = if scheduled == 1 { ("stays", "it was") } else { ("stay", "they were") };
        text.push_str(&format!("▲ {whom} {stay} scheduled, as {they} before the rollover\n"));
    }
    for kept in &plan.kept {
        text.push_str(&format!("▲ {}, {} stays as it is: {}\n", kept.connection, kept.profile, kept.why));
    }
    for refused in &plan.refused {
        text.push_str(&format!("✗ {}, {} cannot be changed: {}\n", refused.connection, refused.profile, refused.why));
    }
    text
}

fn counts(states: &[StateCount]) -> String {
    let said: Vec<String> =
        states.iter().map(|count| format!("{} {}", count.profiles, count.state.label().to_lowercase())).collect();
    said.join(", ")
}

fn list(rollovers: &[RolloverSummary]) -> String {
    if rollovers.is_empty() {
        return "No rollovers in this workspace".to_owned();
    }
    let mut table = Table::new(["Id", "Certificate", "Fingerprint", "Started", "Profiles", "Stand", "Next change"]);
    for rollover in rollovers {
        table.row([
            rollover.id.to_string(),
            rollover.name.clone(),
            rollover.certificate.short(),
            words::instant(rollover.created),
            rollover.profiles.to_string(),
            counts(&rollover.states),
            rollover.next.map(words::instant).unwrap_or_default(),
        ]);
    }
    table.render()
}

/// The icon of a state.
const fn icon(state: RolloverState) -> char {
    match state {
        RolloverState::Problem => '✗',
        RolloverState::RolledBack => '▲',
        RolloverState::NotTold => '?',
        RolloverState::Told | RolloverState::Scheduled | RolloverState::Tested => '▲',
        RolloverState::Active | RolloverState::Confirmed => '✓',
        RolloverState::LeftOut => '·',
    }
}

/// When a profile changes, and when it is to where that is not applied.
fn when(row: &BoardRow) -> String {
    let said = |planned: &PlannedActivation| {
        let at = planned.at.map(|at| instant::in_words_there(at, planned.zone.as_deref()));
        format!("{}, once applied", at.unwrap_or_else(|| "now".to_owned()))
    };
    let Some(at) = row.activates else {
        return row.planned.as_ref().filter(|_| row.pending).map(said).unwrap_or_default();
    };
    let applied = instant::in_words_there(at, row.zone.as_deref());
    match row.planned_otherwise() {
        Some(planned) => format!("{applied}; planned {}", said(planned)),
        None => applied,
    }
}

fn show(session: &Session, board: &Board) -> String {
    let replaces: Vec<String> = board.rollover.replaces.iter().map(Fingerprint::to_hex).collect();
    let mut text = labelled(
        [
            ("Rollover", format!("{} {}", board.rollover.id, board.rollover.name)),
            ("Certificate", board.rollover.certificate.to_hex()),
            ("Replaces", replaces.join(", ")),
            ("Started", words::instant(board.rollover.created)),
            ("Undone", board.rollover.undone.map(words::instant).unwrap_or_default()),
            ("Stand", counts(&board.states)),
        ],
        "",
    );
    let mut table =
        Table::new(["Connection", "Profile", "State", "Changes", "Last test", "Last traffic", "Told", "Note"]);
    for row in &board.rows {
        let message = |message: &Option<crate::domain::rollover::Message>| {
            message
                .as_ref()
                .map(|message| format!("{} {}", words::verdict(message.verdict), words::instant(message.at)))
        };
        let beside: Vec<&str> =
            [row.problem.as_deref(), row.remark.as_deref(), Some(row.note.as_str()).filter(|note| !note.is_empty())]
                .into_iter()
                .flatten()
                .collect();
        table.row([
            row.connection.to_string(),
            row.profile.label().to_owned(),
            format!("{} {}", icon(row.state), row.state.label()),
            when(row),
            message(&row.last_test).unwrap_or_default(),
            message(&row.last_traffic).unwrap_or_default(),
            row.told.as_ref().map(|told| format!("{} {}", words::instant(told.at), told.how)).unwrap_or_default(),
            beside.join("; "),
        ]);
    }
    text.push('\n');
    text.push_str(&if board.rows.is_empty() { "No profile stands so\n".to_owned() } else { table.render() });
    let pending = board.rows.iter().filter(|row| row.pending && row.planned.is_some()).count();
    if pending > 0 {
        text.push_str(&format!("\n{}\n", not_applied(session, board.rollover.id, pending)));
    }
    text
}

async fn test(
    session: &Session,
    id: RolloverId,
    named: &[NamedProfiles],
    choice: ProfileChoice,
    parallel: Option<u8>,
) -> Result<Answer, AppError> {
    let profiles = keys(session, id, named).await?;
    let kinds = match choice {
        ProfileChoice::Test => vec![ProfileKind::Test],
        ProfileChoice::Production => vec![ProfileKind::Production],
        ProfileChoice::Both => ProfileKind::ALL.to_vec(),
    };
    if kinds.contains(&ProfileKind::Production) {
        session.out.note("the test document is sent to production systems, as you asked");
    }
    let request = TestRollover { id, kinds, profiles, at_once: parallel.map(usize::from) };
    let out = session.out.clone();
    let progress = |progress: TestProgress| {
        if let Some(last) = &progress.last {
            let verdict = last.verdict.map_or_else(|| "✗ Not sent".to_owned(), words::verdict);
            let cause = last.cause.clone().unwrap_or_default();
            out.progress(&format!("{verdict}  {}, {}  {cause}", last.connection, last.profile));
        }
        out.moving(&format!("{} of {} sent, {} went through", progress.done, progress.total, progress.good));
    };
    let stop = crate::app::Shutdown::listen().ok();
    let stopped = async {
        match stop {
            Some(stop) => {
                stop.wished().await;
            }
            None => std::future::pending().await,
        }
    };
    let tested = session.app.test_rollover(&request, &progress, stopped).await?;
    session.out.answer(&tested, || told_of_tests(&tested));
    Ok(Answer::of(tested.all_good()))
}

fn told_of_tests(tested: &TestedRollover) -> String {
    let good = tested.sent.iter().filter(|sent| sent.is_good()).count();
    let mut text = format!("\n{good} of {} went through", words::counted(tested.sent.len(), "test"));
    if tested.not_begun > 0 {
        text.push_str(&format!(", {} not begun", tested.not_begun));
    }
    text
}
