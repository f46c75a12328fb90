//! Measuring what there is, telling what would go, and letting it go.
//!
//! Of each transmission the journal says first that something is removed, on disk; then the files are taken away; then the
//! journal says that they are. A program that is killed leaves no entry that claims what is gone, and no file that nobody
//! knows of: whoever runs next takes away what was said to be removed.

use std::collections::HashSet;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::facts::{BackupsUsage, FreedKind, HeldCounts, RetentionPreview, RetentionRun, StorageUsage};
use super::rules;
use crate::app::send::{InFlight, blocking};
use crate::app::{App, AppError};
use crate::domain::retention::{Held, Judgement, Planner, RetentionKind, RetentionRules, kind_of};
use crate::domain::transmission::{Transmission, TransmissionId};
use crate::store::{Archive, Freed, Kept, Measured, Workspace, automatic_backups, take_lock};

/// So many are measured together.
const MEASURED_AT_ONCE: u32 = 200;

/// So many are looked at together.
const LOOKED_AT_ONCE: u32 = 2000;

/// So many let something go in one transaction: between two of them others write.
const AT_ONCE: usize = 32;

/// Locked by the one program that removes.
const LOCK: &str = "retention";

/// Asked now and then whether to go on.
pub(super) type GoOn<'a> = &'a (dyn Fn() -> bool + Sync);

/// Told how many have been looked at.
pub(super) type Told<'a> = &'a (dyn Fn(u64) + Sync);

/// Goes through what is kept, the oldest first, and says what goes.
struct Walk<'a> {
    workspace: &'a Workspace,
    rules: RetentionRules,
    planner: Planner,
    last: HashSet<TransmissionId>,
    after: Option<TransmissionId>,
    done: bool,
}

impl<'a> Walk<'a> {
    async fn begin(workspace: &'a Workspace, rules: RetentionRules, now: Timestamp) -> Result<Self, AppError> {
        let there = workspace.kept_bytes().await?.bytes;
        let last = if rules.journal.is_active() { workspace.last_of_profiles().await? } else { HashSet::new() };
        let done = !rules.is_active();
        Ok(Self { workspace, rules, planner: Planner::new(rules, now, there), last, after: None, done })
    }

    /// The next, with what becomes of each; nothing where nothing more can go.
    async fn next(&mut self) -> Result<Option<Vec<(Kept, Judgement)>>, AppError> {
        if self.done {
            return Ok(None);
        }
        let page = self.workspace.kept_after(self.after, LOOKED_AT_ONCE, &self.rules).await?;
        let mut judged = Vec::with_capacity(page.len());
        for mut kept in page {
            if self.planner.is_done(kept.holding.at) {
                self.done = true;
                break;
            }
            self.after = Some(kept.id);
            kept.holding.is_last = self.last.contains(&kept.id);
            judged.push((kept, self.planner.judge(&kept.holding)));
        }
        self.done |= judged.is_empty();
        Ok(Some(judged))
    }
}

impl App {
    /// What there is, after what is not measured yet has been.
    ///
    /// # Errors
    /// Where the workspace or the archive cannot be read.
    pub async fn storage_usage(&self) -> Result<StorageUsage, AppError> {
        self.storage_usage_told(&|_number| {}).await
    }

    /// The same, telling how many have been measured so far.
    ///
    /// # Errors
    /// As [`App::storage_usage`].
    pub async fn storage_usage_told(&self, told: Told<'_>) -> Result<StorageUsage, AppError> {
        let Some(workspace) = self.existing().await? else {
            return Ok(StorageUsage::new(RetentionRules::default(), &crate::store::KeptBytes::default(), (0, 0)));
        };
        let rules = rules(&workspace).await?;
        measure(&workspace, &|| true, told).await?;
        let mut usage = StorageUsage::new(rules, &workspace.kept_bytes().await?, workspace.database_bytes().await?);
        usage.backups = BackupsUsage::of(&automatic_backups(workspace.folder()));
        usage.last_run = workspace.retention_runs(1).await?.pop().and_then(|text| serde_json::from_str(&text).ok());
        Ok(usage)
    }

    /// What rules would free now. Nothing is removed.
    ///
    /// # Errors
    /// Where the rules cannot be followed, or the workspace or the archive cannot be read.
    pub async fn preview_retention(&self, rules: &RetentionRules) -> Result<RetentionPreview, AppError> {
        rules.check()?;
        let now = self.now();
        let mut preview = RetentionPreview {
            rules: *rules,
            at: now,
            frees: Vec::new(),
            bytes: 0,
            held: HeldCounts::default(),
            entries_wait: 0,
            unmeasured: 0,
            too_young: Vec::new(),
        };
        let Some(workspace) = self.existing().await? else { return Ok(preview) };
        measure(&workspace, &|| true, &|_number| {}).await?;
        let mut walk = Walk::begin(&workspace, *rules, now).await?;
        while let Some(page) = walk.next().await? {
            for (kept, judged) in page {
                for kind in judged.kinds() {
                    let bytes = kept.holding.of(kind).unwrap_or(0);
                    preview.bytes += bytes;
                    FreedKind::count(&mut preview.frees, kind, bytes, kept.holding.at);
                }
                if let Some(held) = judged.held {
                    preview.held.count(held);
                }
                preview.entries_wait += u64::from(judged.entry_waits);
            }
        }
        preview.too_young = walk.planner.too_young();
        preview.unmeasured = workspace.kept_bytes().await?.unmeasured;
        Ok(preview)
    }

    /// Lets go of what the rules say, unless `go_on` says no. What was begun by a program that was killed is finished first.
    ///
    /// # Errors
    /// Where the workspace is read-only, another program is at it, or the journal cannot be read or written. What a single
    /// file stands in the way of is told in the run.
    pub async fn run_retention(&self, go_on: GoOn<'_>, told: Told<'_>) -> Result<RetentionRun, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(RetentionRun::new(self.now())) };
        if workspace.is_read_only() {
            return Err(AppError::new(format!(
                "{} cannot be written to, so nothing can be removed",
                workspace.folder().display()
            )));
        }
        let Some(alone) = lock(&workspace).await? else {
            return Err(AppError::new("another program is removing from this workspace").hint("wait until it is done"));
        };
        let now = self.now();
        let mut run = RetentionRun::new(now);
        finish(&workspace, &mut run).await?;
        let rules = rules(&workspace).await?;
        if rules.is_active() {
            measure(&workspace, go_on, &|_number| {}).await?;
            let mut walk = Walk::begin(&workspace, rules, now).await?;
            let mut looked = 0;
            'all: while let Some(page) = walk.next().await? {
                looked += page.len() as u64;
                let goes: Vec<(Kept, Judgement)> = page.into_iter().filter(|(_, judged)| judged.is_any()).collect();
                for some in goes.chunks(AT_ONCE) {
                    if !go_on() {
                        run.stopped = true;
                        break 'all;
                    }
                    let_go(&workspace, some, now, &mut run).await?;
                }
                told(looked);
            }
            if !run.stopped {
                run.too_young = walk.planner.too_young();
            }
        }
        if !run.frees.is_empty() || run.trouble.is_some() {
            let document = serde_json::to_string(&run)
                .map_err(|error| AppError::new(format!("what was removed cannot be written down: {error}")))?;
            let mut transaction = workspace.begin().await?;
            transaction.put_retention_run(now, &document).await?;
            transaction.commit().await?;
        }
        drop(alone);
        tracing::info!("{}", run.in_words());
        Ok(run)
    }
}

impl App {
    /// The same, until `stop` completes: then what is in hand is finished.
    ///
    /// # Errors
    /// As [`App::run_retention`].
    pub async fn run_retention_until(
        &self,
        stop: impl Future<Output = ()> + Send,
        told: Told<'_>,
    ) -> Result<RetentionRun, AppError> {
        let wanted = AtomicBool::new(true);
        let go_on = || wanted.load(Ordering::Relaxed);
        let mut running = std::pin::pin!(self.run_retention(&go_on, told));
        tokio::select! {
            run = &mut running => run,
            () = stop => {
                wanted.store(false, Ordering::Relaxed);
                running.await
            }
        }
    }
}

/// The lock of whoever removes; nothing where another program has it.
pub(in crate::app) async fn lock(workspace: &Workspace) -> Result<Option<File>, AppError> {
    let place = workspace.folder().join(LOCK);
    let file = File::options().create(true).truncate(false).write(true).open(&place);
    let file = file.map_err(|error| AppError::new(format!("cannot write {}: {error}", place.display())))?;
    Ok(take_lock(&file).await.is_ok().then_some(file))
}

/// Measures what has changed since it was measured. A workspace that is only read stays as it was measured.
pub(super) async fn measure(workspace: &Workspace, go_on: GoOn<'_>, told: Told<'_>) -> Result<(), AppError> {
    let (mut after, mut number) = (None, 0);
    while !workspace.is_read_only() && go_on() {
        let some = workspace.to_measure(after, MEASURED_AT_ONCE).await?;
        let Some(last) = some.last() else { break };
        after = Some(last.transmission.id);
        number += some.len() as u64;
        let archive = workspace.archive().clone();
        let measured = blocking(move || {
            let mut measured = Vec::with_capacity(some.len());
            for of in some {
                let files = archive.measure(of.transmission.id, |name| kind_of(name, &of.transmission))?;
                let held = Held::by_journal(&of.transmission);
                measured.push((Measured { files, journal: of.journal, held }, of));
            }
            Ok(measured)
        })
        .await?;
        let mut transaction = workspace.begin().await?;
        for (measured, of) in &measured {
            transaction.put_measure(of, measured).await?;
        }
        transaction.commit().await?;
        told(number);
    }
    Ok(())
}

/// Something that goes, in hand so that nobody sends it meanwhile.
struct Going {
    kept: Kept,
    kinds: Vec<RetentionKind>,
    transmission: Option<Transmission>,
    held: InFlight,
}

/// Lets some go.
async fn let_go(
    workspace: &Workspace,
    some: &[(Kept, Judgement)],
    now: Timestamp,
    run: &mut RetentionRun,
) -> Result<(), AppError> {
    let mut going = Vec::with_capacity(some.len());
    for (kept, judged) in some {
        // What is under way is looked at the next time.
        let Some(held) = InFlight::try_begin(workspace, kept.id)? else { continue };
        going.push(Going { kept: *kept, kinds: judged.kinds().collect(), transmission: None, held });
    }
    let mut transaction = workspace.begin().await?;
    let mut said = Vec::with_capacity(going.len());
    for mut one in going {
        one.transmission = transaction.transmission(one.kept.id).await?;
        if transaction.begin_removal(one.kept.id, one.kept.changes, &one.kinds, now).await? {
            said.push(one);
        } else {
            one.held.end();
            workspace.archive().tidy(one.kept.id);
        }
    }
    transaction.commit().await?;
    let archive = workspace.archive().clone();
    let removed = blocking(move || {
        let mut removed = Vec::with_capacity(said.len());
        for one in said {
            let (kept, result) = (one.kept, take_away(&archive, one));
            removed.push((kept, result));
        }
        Ok(removed)
    })
    .await?;
    let mut transaction = workspace.begin().await?;
    for (kept, (freed, result)) in removed {
        for (kind, gone) in freed {
            let bytes = if kind == RetentionKind::Journal { kept.holding.of(kind).unwrap_or(0) } else { gone.bytes };
            run.bytes += bytes;
            run.elsewhere += gone.elsewhere;
            FreedKind::count(&mut run.frees, kind, bytes, kept.holding.at);
        }
        match result {
            Ok(()) => transaction.end_removal(kept.id).await?,
            Err(error) => drop(run.trouble.get_or_insert(error.to_string())),
        }
    }
    Ok(transaction.commit().await?)
}

/// What was taken away, kind by kind, and whether that was all.
type Taken = (Vec<(RetentionKind, Freed)>, Result<(), AppError>);

/// Takes the files of one transmission away.
fn take_away(archive: &Archive, one: Going) -> Taken {
    let Going { kept, kinds, transmission, held } = one;
    let (mut freed, mut result) = (Vec::new(), Ok(()));
    for kind in kinds.iter().copied().filter(|kind| *kind != RetentionKind::Journal) {
        let Some(transmission) = &transmission else { continue };
        match archive.remove(kept.id, |name| kind_of(name, transmission) == Some(kind)) {
            Ok(gone) => freed.push((kind, gone)),
            Err(error) => result = Err(error.into()),
        }
    }
    // Its lock lies in the folder that goes.
    held.end();
    if kinds.contains(&RetentionKind::Journal) {
        match archive.remove_all(kept.id) {
            Ok(gone) => freed.push((RetentionKind::Journal, gone)),
            Err(error) => result = Err(error.into()),
        }
    } else {
        archive.tidy(kept.id);
    }
    (freed, result)
}

/// Takes away what a program that was killed, or a file that stood in the way, has left.
async fn finish(workspace: &Workspace, run: &mut RetentionRun) -> Result<(), AppError> {
    loop {
        let open = workspace.open_removals().await?;
        let archive = workspace.archive().clone();
        let done = blocking(move || {
            let take = |one: &crate::store::OpenRemoval| match &one.transmission {
                // Its entry is gone, so whatever is left of it belongs to nobody.
                None => archive.remove_all(one.id),
                Some(transmission) => archive
                    .remove(one.id, |name| kind_of(name, transmission).is_some_and(|kind| one.kinds.contains(&kind))),
            };
            Ok(open.into_iter().map(|one| (one.id, take(&one))).collect::<Vec<_>>())
        })
        .await?;
        let mut transaction = workspace.begin().await?;
        let mut ended = false;
        for (id, result) in done {
            match result {
                Ok(_freed) => {
                    transaction.end_removal(id).await?;
                    ended = true;
                }
                Err(error) => drop(run.trouble.get_or_insert(error.to_string())),
            }
        }
        transaction.commit().await?;
        // What cannot be removed now would come again and again.
        if !ended {
            return Ok(());
        }
    }
}
