//! What there is, what would go and what has gone, as it is told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::retention::{Held, RetentionKind, RetentionRules, TooYoung};
use crate::domain::size::size;
use crate::store::{AutomaticBackup, KeptBytes};

/// What there is of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KindUsage {
    /// Which.
    pub kind: RetentionKind,
    /// Of how many transmissions.
    pub number: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// How large the database is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DatabaseUsage {
    /// The file.
    pub bytes: u64,
    /// How much of it is free for what is written next: the file does not become smaller.
    pub free: u64,
}

/// What the automatic backups take. They are of the database alone, and older ones go by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackupsUsage {
    /// How many there are.
    pub number: u64,
    /// How many bytes they have together.
    pub bytes: u64,
}

impl BackupsUsage {
    pub(crate) fn of(all: &[AutomaticBackup]) -> Self {
        all.iter().fold(Self::default(), |sum, each| Self { number: sum.number + 1, bytes: sum.bytes + each.bytes })
    }
}

/// What there is, kind by kind, and the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StorageUsage {
    /// The rules.
    pub rules: RetentionRules,
    /// What there is of each kind.
    pub kinds: Vec<KindUsage>,
    /// How large the database is.
    pub database: DatabaseUsage,
    /// What the automatic backups take.
    pub backups: BackupsUsage,
    /// How many transmissions are not counted yet.
    pub unmeasured: u64,
    /// What was freed last, where anything was.
    pub last_run: Option<RetentionRun>,
}

impl StorageUsage {
    pub(super) fn new(rules: RetentionRules, kept: &KeptBytes, database: (u64, u64)) -> Self {
        let usage = |kind: &RetentionKind| KindUsage {
            kind: *kind,
            number: kept.number[kind.index()],
            bytes: kept.bytes[kind.index()],
        };
        Self {
            rules,
            kinds: RetentionKind::ALL.iter().map(usage).collect(),
            database: DatabaseUsage { bytes: database.0, free: database.1 },
            backups: BackupsUsage::default(),
            unmeasured: kept.unmeasured,
            last_run: None,
        }
    }
}

/// What goes of a kind, or has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreedKind {
    /// Which.
    pub kind: RetentionKind,
    /// Of how many transmissions.
    pub number: u64,
    /// How many bytes.
    pub bytes: u64,
    /// When the oldest of them was journalled.
    pub oldest: Timestamp,
    /// When the newest of them was journalled.
    pub newest: Timestamp,
}

impl FreedKind {
    /// Counts one more in its place in a list.
    pub(super) fn count(all: &mut Vec<Self>, kind: RetentionKind, bytes: u64, at: Timestamp) {
        match all.iter_mut().find(|each| each.kind == kind) {
            Some(each) => {
                each.number += 1;
                each.bytes += bytes;
                each.oldest = each.oldest.min(at);
                each.newest = each.newest.max(at);
            }
            None => {
                all.push(Self { kind, number: 1, bytes, oldest: at, newest: at });
                all.sort_by_key(|each| each.kind);
            }
        }
    }

    /// `120 payloads, 3.1 GB`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let what = match self.kind {
            RetentionKind::Payload => "payload",
            RetentionKind::Raw => "raw message",
            RetentionKind::Receipt => "receipt",
            RetentionKind::Journal if self.number == 1 => "journal entry",
            RetentionKind::Journal => "journal entrie",
        };
        let plural = if self.number == 1 { "" } else { "s" };
        format!("{} {what}{plural}, {}", self.number, size(self.bytes))
    }
}

/// How many transmissions would lose something and do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HeldCounts {
    /// Not at their end.
    pub pending: u64,
    /// The partner may have them or not.
    pub uncertain: u64,
    /// The two sides do not agree about them.
    pub disputed: u64,
    /// Marked to be kept.
    pub kept: u64,
}

impl HeldCounts {
    pub(super) const fn count(&mut self, held: Held) {
        match held {
            Held::Pending => self.pending += 1,
            Held::Uncertain => self.uncertain += 1,
            Held::Disputed => self.disputed += 1,
            Held::Kept => self.kept += 1,
        }
    }

    /// How many in all.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.pending + self.uncertain + self.disputed + self.kept
    }

    /// `2 pending, 1 disputed`; nothing where there are none.
    #[must_use]
    pub fn in_words(&self) -> String {
        let counts = [
            (Held::Pending, self.pending),
            (Held::Uncertain, self.uncertain),
            (Held::Disputed, self.disputed),
            (Held::Kept, self.kept),
        ];
        let words = counts.iter().filter(|(_, number)| *number > 0);
        words.map(|(held, number)| format!("{number} {}", held.label())).collect::<Vec<_>>().join(", ")
    }
}

/// What rules would free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RetentionPreview {
    /// The rules.
    pub rules: RetentionRules,
    /// As of when.
    pub at: Timestamp,
    /// What goes; kinds of which nothing goes are not there.
    pub frees: Vec<FreedKind>,
    /// How many bytes in all.
    pub bytes: u64,
    /// How many transmissions stay as they are though a rule says otherwise.
    pub held: HeldCounts,
    /// How many entries stay though a rule says otherwise, because something else of their transmission is kept.
    pub entries_wait: u64,
    /// How many transmissions are not counted yet.
    pub unmeasured: u64,
    /// What stays above the size that a rule allows, because nothing goes so soon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub too_young: Vec<TooYoung>,
}

/// What was freed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionRun {
    /// When.
    pub at: Timestamp,
    /// What has gone.
    pub frees: Vec<FreedKind>,
    /// How many bytes in all.
    pub bytes: u64,
    /// How many of these are still on disk, because the inbox has the same files, as earlier versions delivered them.
    #[serde(default)]
    pub elsewhere: u64,
    /// Whether it was stopped before it was done.
    #[serde(default)]
    pub stopped: bool,
    /// What could not be removed, and why; it is tried again.
    #[serde(default)]
    pub trouble: Option<String>,
    /// What stays above the size that a rule allows, because nothing goes so soon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_young: Vec<TooYoung>,
}

impl RetentionRun {
    pub(super) const fn new(at: Timestamp) -> Self {
        Self { at, frees: Vec::new(), bytes: 0, elsewhere: 0, stopped: false, trouble: None, too_young: Vec::new() }
    }

    /// `Retention freed 3.1 GB: 120 payloads, 3.1 GB`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut text = if self.frees.is_empty() {
            "Retention had nothing to remove".to_owned()
        } else {
            let kinds: Vec<String> = self.frees.iter().map(FreedKind::in_words).collect();
            format!("Retention freed {}: {}", size(self.bytes), kinds.join("; "))
        };
        if self.elsewhere > 0 {
            text.push_str(&format!("; {} of it are still in the inbox", size(self.elsewhere)));
        }
        for stays in &self.too_young {
            text.push_str(&format!("; {}", stays.in_words()));
        }
        if self.stopped {
            text.push_str("; stopped before it was done");
        }
        if let Some(trouble) = &self.trouble {
            text.push_str(&format!("; not everything could be removed, and is tried again: {trouble}"));
        }
        text
    }
}
