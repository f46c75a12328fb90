//! `retention`: what is kept and for how long, what would go, and letting it go.

use clap::Subcommand;
use serde::Serialize;

use super::table::Table;
use super::{Answer, Session, words};
use crate::app::{AppError, FreedKind, RetentionPreview, Shutdown, StorageUsage};
use crate::domain::counted::counted;
use crate::domain::retention::{
    Held, RetentionError, RetentionKind, RetentionMark, RetentionRules, age, age_in_words, amount, amount_in_words,
};
use crate::domain::size::size;

/// What there is to do about retention.
#[derive(Debug, Subcommand)]
pub(super) enum RetentionCommand {
    /// Show what is kept, kind by kind, and the rules
    Show,
    /// Set rules; what is not named stays as it is. Nothing goes before `run`, or the next day
    Set(RuleArguments),
    /// Show what the rules would free, or others that are tried out; nothing is removed
    Preview(RuleArguments),
    /// Remove what the rules say, now
    Run,
    /// Keep all of a transmission, whatever the rules say
    Keep {
        /// The transmission's id, or its first 8 or more digits
        id: String,
    },
    /// Say that what was disputed about a transmission is settled: the rules hold for it as for any other
    Settle {
        /// The transmission's id, or its first 8 or more digits
        id: String,
    },
    /// Take such a mark off again
    Unmark {
        /// The transmission's id, or its first 8 or more digits
        id: String,
    },
}

/// Rules of some kinds.
#[derive(Debug, Default, clap::Args)]
pub(super) struct RuleArguments {
    /// Keep payloads so long: 90d, 12w, 7y, forever
    #[arg(long, value_name = "AGE", value_parser = age_of)]
    payloads: Option<Limit<u32>>,
    /// Keep so much of them, the newest: 50GiB, 200GB, unlimited. What is not a day old stays, whatever its size
    #[arg(long, value_name = "SIZE", value_parser = amount_of)]
    payloads_size: Option<Limit<u64>>,
    /// Keep raw messages so long
    #[arg(long, value_name = "AGE", value_parser = age_of)]
    raw: Option<Limit<u32>>,
    /// Keep so much of them, the newest; likewise
    #[arg(long, value_name = "SIZE", value_parser = amount_of)]
    raw_size: Option<Limit<u64>>,
    /// Keep receipts so long, 90 days at least. They prove deliveries, so by default they are kept forever
    #[arg(long, value_name = "AGE", value_parser = age_of)]
    receipts: Option<Limit<u32>>,
    /// Keep so much of them, the newest
    #[arg(long, value_name = "SIZE", value_parser = amount_of)]
    receipts_size: Option<Limit<u64>>,
    /// Keep journal entries so long, 90 days at least, and as long as anything else of the transmission is kept
    #[arg(long, value_name = "AGE", value_parser = age_of)]
    journal: Option<Limit<u32>>,
    /// Keep so much of them, the newest
    #[arg(long, value_name = "SIZE", value_parser = amount_of)]
    journal_size: Option<Limit<u64>>,
}

/// A limit that was named; nothing in it lifts the limit.
#[derive(Clone, Copy, Debug)]
struct Limit<T>(Option<T>);

fn age_of(text: &str) -> Result<Limit<u32>, RetentionError> {
    age(text).map(Limit)
}

fn amount_of(text: &str) -> Result<Limit<u64>, RetentionError> {
    amount(text).map(Limit)
}

impl RuleArguments {
    /// The rules with what was named, and whether anything was.
    fn onto(&self, mut rules: RetentionRules) -> (RetentionRules, bool) {
        let mut named = false;
        for (kind, days, bytes) in [
            (RetentionKind::Payload, self.payloads, self.payloads_size),
            (RetentionKind::Raw, self.raw, self.raw_size),
            (RetentionKind::Receipt, self.receipts, self.receipts_size),
            (RetentionKind::Journal, self.journal, self.journal_size),
        ] {
            let rule = rules.of_mut(kind);
            if let Some(Limit(days)) = days {
                rule.days = days;
            }
            if let Some(Limit(bytes)) = bytes {
                rule.bytes = bytes;
            }
            named |= days.is_some() || bytes.is_some();
        }
        (rules, named)
    }
}

#[derive(Serialize)]
struct MarkDocument<'a> {
    id: String,
    message_id: &'a str,
    mark: Option<RetentionMark>,
    /// What it was marked with before.
    before: Option<RetentionMark>,
}

pub(super) async fn run(session: &Session, command: RetentionCommand) -> Result<Answer, AppError> {
    match command {
        RetentionCommand::Show => show(session).await?,
        RetentionCommand::Set(arguments) => {
            let (rules, named) = arguments.onto(session.app.retention_rules().await.unwrap_or_default());
            if !named {
                return Err(AppError::new("there is nothing to set")
                    .hint("for instance `countersign retention set --payloads 90d --raw 30d`"));
            }
            session.app.set_retention_rules(&rules).await?;
            let preview = session.app.preview_retention(&rules).await?;
            session.out.answer(&preview, || {
                format!("The rules are set\n\n{}\nThey are followed once a day while the window or `serve` runs, and at once with \
                         `countersign retention run{}`\n", previewed(&preview), session.suffix)
            });
        }
        RetentionCommand::Preview(arguments) => {
            let (rules, _) = arguments.onto(session.app.retention_rules().await?);
            let preview = session.app.preview_retention(&rules).await?;
            session.out.answer(&preview, || previewed(&preview));
        }
        RetentionCommand::Run => return remove(session).await,
        RetentionCommand::Keep { id } => mark(session, &id, Some(RetentionMark::Keep)).await?,
        RetentionCommand::Settle { id } => {
            refuse_to_settle(session, &id).await?;
            mark(session, &id, Some(RetentionMark::Settled)).await?;
        }
        RetentionCommand::Unmark { id } => mark(session, &id, None).await?,
    }
    Ok(Answer::Yes)
}

async fn show(session: &Session) -> Result<(), AppError> {
    let out = session.out.clone();
    let moving = move |number| out.moving(&format!("{number} transmissions measured…"));
    let usage = session.app.storage_usage_told(&moving).await?;
    session.out.answer(&usage, || shown(&usage));
    Ok(())
}

fn shown(usage: &StorageUsage) -> String {
    let mut table = Table::new(["Kind", "Transmissions", "Size", "Kept for", "At most"]);
    for each in &usage.kinds {
        let rule = usage.rules.of(each.kind);
        table.row([
            each.kind.label().to_owned(),
            each.number.to_string(),
            size(each.bytes),
            age_in_words(rule.days),
            amount_in_words(rule.bytes),
        ]);
    }
    let mut text = table.render();
    text.push_str(&format!(
        "\nThe database has {}, of which {} are free for what is written next\n",
        size(usage.database.bytes),
        size(usage.database.free)
    ));
    if usage.backups.number > 0 {
        let files = counted(usize::try_from(usage.backups.number).unwrap_or(usize::MAX), "file");
        let bytes = size(usage.backups.bytes);
        text.push_str(&format!("The automatic backups in the folder `backups` have {bytes}, in {files}\n"));
    }
    if usage.unmeasured > 0 {
        text.push_str(&format!("{} transmissions are not counted yet\n", usage.unmeasured));
    }
    if let Some(run) = &usage.last_run {
        text.push_str(&format!("{}  {}\n", words::instant(run.at), run.in_words()));
    }
    text
}

fn previewed(preview: &RetentionPreview) -> String {
    let mut table = Table::new(["Kind", "Kept for", "At most", "Would free", "Oldest", "Newest"]);
    for kind in RetentionKind::ALL.iter().copied() {
        let rule = preview.rules.of(kind);
        let frees = preview.frees.iter().find(|each| each.kind == kind);
        table.row([
            kind.label().to_owned(),
            age_in_words(rule.days),
            amount_in_words(rule.bytes),
            frees.map_or_else(|| "nothing".to_owned(), FreedKind::in_words),
            frees.map_or_else(String::new, |each| words::instant(each.oldest)),
            frees.map_or_else(String::new, |each| words::instant(each.newest)),
        ]);
    }
    let mut text = table.render();
    text.push_str(&format!("\n{} in all\n", size(preview.bytes)));
    if preview.held.all() > 0 {
        text.push_str(&format!("Not touched: {}\n", preview.held.in_words()));
    }
    for stays in &preview.too_young {
        text.push_str(&format!("{}\n", stays.in_words()));
    }
    if preview.entries_wait > 0 {
        text.push_str(&format!(
            "{} journal entries stay, because something else of their transmissions is kept\n",
            preview.entries_wait
        ));
    }
    text
}

async fn remove(session: &Session) -> Result<Answer, AppError> {
    let shutdown = Shutdown::listen()?;
    let out = session.out.clone();
    let moving = move |number| out.moving(&format!("{number} transmissions looked at…"));
    // What is in hand is finished.
    let run = session.app.run_retention_until(shutdown.wished(), &moving).await?;
    session.out.answer(&run, || run.in_words());
    Ok(Answer::of(run.trouble.is_none() && !run.stopped))
}

/// Where nothing was disputed there is nothing to settle, and that something is to be kept is taken back by its own command.
async fn refuse_to_settle(session: &Session, id: &str) -> Result<(), AppError> {
    let transmission = session.app.transmission(id).await?;
    let (id, suffix) = (transmission.id, &session.suffix);
    match session.app.keeping(&id.to_string()).await?.mark {
        Some(RetentionMark::Keep) => Err(AppError::new(format!("{id} is marked to be kept, whatever the rules say"))
            .hint(format!("take that mark off first: `countersign retention unmark {id}{suffix}`"))),
        Some(RetentionMark::Settled) => Ok(()),
        None if matches!(Held::by_journal(&transmission), Some(Held::Uncertain | Held::Disputed)) => Ok(()),
        None => {
            Err(AppError::new(format!("nothing about {id} is disputed or uncertain, so there is nothing to settle"))
                .hint("the rules of retention hold for it as for any other"))
        }
    }
}

async fn mark(session: &Session, id: &str, mark: Option<RetentionMark>) -> Result<(), AppError> {
    let before = session.app.keeping(id).await?.mark;
    let marked = session.app.mark_transmission(id, mark).await?;
    let document = MarkDocument { id: marked.id.to_string(), message_id: &marked.message_id, mark, before };
    session.out.answer(&document, || match mark {
        Some(RetentionMark::Keep) => format!("{} is kept, whatever the rules say", marked.id),
        Some(RetentionMark::Settled) => format!("What was disputed about {} is settled", marked.id),
        None if before.is_some() => format!("The mark is taken off {}: the rules hold for it again", marked.id),
        None => format!("{} had no mark", marked.id),
    });
    Ok(())
}
