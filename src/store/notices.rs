//! What has become of notices: which step was told when and by which way, what was acknowledged or put off by whom.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::notice::standing::{Acknowledgement, Settlement, Snooze, Telling, Way, is_from_the_future};
use crate::domain::notice::{Notice, Urgency};

use super::error::{StoreError, at_most};
use super::journal::nanoseconds;
use super::session::{column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes of a key, and of the name of whoever decided.
const MOST_NAME: usize = 512;

/// The most bytes of what is kept of an acknowledgement.
const MOST: usize = 1024 * 1024;

/// Everything that is kept of notices, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeRecords {
    /// What was told.
    pub tellings: BTreeMap<String, Vec<Telling>>,
    /// What was decided.
    pub settlements: BTreeMap<String, Settlement>,
}

impl NoticeRecords {
    /// What was told of a notice, the first at the head.
    #[must_use]
    pub fn tellings(&self, key: &str) -> &[Telling] {
        self.tellings.get(key).map_or(&[], Vec::as_slice)
    }

    /// How often something was decided about a notice.
    #[must_use]
    pub fn round(&self, key: &str) -> u32 {
        self.settlements.get(key).map_or(0, |settlement| settlement.round)
    }
}

/// An acknowledgement as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    at: Timestamp,
    by: String,
    step: i32,
    insistent: bool,
    /// What was written before it was kept has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    urgency: Option<Urgency>,
    affected: BTreeSet<String>,
}

impl Workspace {
    /// Everything that is kept of notices.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn notice_records(&self) -> Result<NoticeRecords, StoreError> {
        const DOING: &str = "read what became of notices";
        let mut session = self.reading(DOING).await?;
        let mut records = NoticeRecords::default();
        let told =
            sql("SELECT notice, step, insistent, round, way, told_ns FROM notice_tellings ORDER BY told_ns, notice");
        for row in session.rows(DOING, told).await? {
            let at: i64 = column(&row, "told_ns")?;
            let telling = Telling {
                step: i32::try_from(column::<i64>(&row, "step")?).map_err(StoreError::damaged("a notice's step"))?,
                insistent: column::<i64>(&row, "insistent")? != 0,
                round: u32::try_from(column::<i64>(&row, "round")?).map_err(StoreError::damaged("a notice's round"))?,
                way: parsed::<Way>(&row, "way")?,
                at: Timestamp::from_nanosecond(i128::from(at))
                    .map_err(StoreError::damaged("the instant at which a notice was told"))?,
            };
            records.tellings.entry(column(&row, "notice")?).or_default().push(telling);
        }
        let settled = sql("SELECT notice, round, acknowledged, snoozed_until, snoozed_by FROM notice_settlements");
        for row in session.rows(DOING, settled).await? {
            let settlement = settlement(&row)?;
            records.settlements.insert(column(&row, "notice")?, settlement);
        }
        Ok(records)
    }
}

fn settlement(row: &sqlx::any::AnyRow) -> Result<Settlement, StoreError> {
    let acknowledged: Option<String> = column(row, "acknowledged")?;
    let until: Option<String> = column(row, "snoozed_until")?;
    let round = u32::try_from(column::<i64>(row, "round")?).map_err(StoreError::damaged("a notice's round"))?;
    let seen = acknowledged.map(|text| from_json::<Written>("an acknowledgement", &text)).transpose()?.map(
        |Written { at, by, step, insistent, urgency, affected }| Acknowledgement {
            at,
            by,
            step,
            insistent,
            urgency,
            affected,
        },
    );
    // Of what was put off, too, it stands in the same place how it was then.
    Ok(if until.is_some() {
        let by = column::<Option<String>>(row, "snoozed_by")?.unwrap_or_default();
        let snooze = Snooze { until: parsed(row, "snoozed_until")?, by, seen };
        Settlement { round, acknowledged: None, snoozed: Some(snooze) }
    } else {
        Settlement { round, acknowledged: seen, snoozed: None }
    })
}

impl Transaction {
    /// Claims the telling of a notice's step in a way; answers whether it is the caller's to tell. It is not where this
    /// step or a later one was told already, by whatever program.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn claim_notice(&mut self, notice: &Notice, way: Way, now: Timestamp) -> Result<bool, StoreError> {
        const DOING: &str = "note that a notice is told";
        at_most("the notice's key", notice.key.len(), MOST_NAME)?;
        let round = self.settlement(&notice.key).await?.map_or(0, |settlement| settlement.round);
        // What a clock that was wrong told does not keep it from being told.
        let told = sql("SELECT told_ns FROM notice_tellings
             WHERE notice = $1 AND way = $2 AND round = $3 AND step <= $4 AND insistent >= $5")
        .bind(notice.key.clone())
        .bind(way.as_str())
        .bind(i64::from(round))
        .bind(i64::from(notice.step))
        .bind(i64::from(notice.insistent));
        for row in self.session.rows(DOING, told).await? {
            let at = Timestamp::from_nanosecond(i128::from(column::<i64>(&row, "told_ns")?))
                .map_err(StoreError::damaged("the instant at which a notice was told"))?;
            if !is_from_the_future(at, now) {
                return Ok(false);
            }
        }
        let statement = sql("INSERT INTO notice_tellings (notice, step, insistent, round, way, told_ns)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (notice, step, insistent, round, way) DO UPDATE SET told_ns = excluded.told_ns
             WHERE notice_tellings.told_ns > excluded.told_ns")
        .bind(notice.key.clone())
        .bind(i64::from(notice.step))
        .bind(i64::from(notice.insistent))
        .bind(i64::from(round))
        .bind(way.as_str())
        .bind(nanoseconds(now));
        Ok(self.session.execute(DOING, statement).await? > 0)
    }

    /// Gives a claim back: the notice's step could not be told in this way, and is to be told again.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn give_notice_back(&mut self, notice: &Notice, way: Way) -> Result<(), StoreError> {
        let round = self.settlement(&notice.key).await?.map_or(0, |settlement| settlement.round);
        let statement = sql("DELETE FROM notice_tellings
             WHERE notice = $1 AND step = $2 AND insistent = $3 AND round = $4 AND way = $5")
        .bind(notice.key.clone())
        .bind(i64::from(notice.step))
        .bind(i64::from(notice.insistent))
        .bind(i64::from(round))
        .bind(way.as_str());
        self.session.execute("note that a notice is still to be told", statement).await.map(|_| ())
    }

    /// What was decided about a notice, where anything was.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn settlement(&mut self, key: &str) -> Result<Option<Settlement>, StoreError> {
        let statement = sql("SELECT notice, round, acknowledged, snoozed_until, snoozed_by FROM notice_settlements
             WHERE notice = $1")
        .bind(key.to_owned());
        let row = self.session.row("read what was decided about a notice", statement).await?;
        row.as_ref().map(settlement).transpose()
    }

    /// Keeps what was decided about a notice, in the place of what was decided before. What is told from now on counts
    /// anew.
    ///
    /// # Errors
    /// Where it concerns too many profiles to be kept, or the database cannot be written.
    pub async fn settle_notice(
        &mut self,
        key: &str,
        acknowledged: Option<Acknowledgement>,
        snoozed: Option<Snooze>,
    ) -> Result<(), StoreError> {
        at_most("the notice's key", key.len(), MOST_NAME)?;
        let round = self.settlement(key).await?.map_or(0, |settlement| settlement.round).saturating_add(1);
        let (seen, until, by) = match snoozed {
            Some(Snooze { until, by, seen }) => (seen, Some(until), Some(by)),
            None => (acknowledged, None, None),
        };
        let document = seen
            .map(|Acknowledgement { at, by, step, insistent, urgency, affected }| {
                to_json("the acknowledgement", &Written { at, by, step, insistent, urgency, affected })
            })
            .transpose()?;
        at_most("the acknowledgement", document.as_ref().map_or(0, String::len), MOST)?;
        at_most("the name", by.as_ref().map_or(0, String::len), MOST_NAME)?;
        let statement = sql("INSERT INTO notice_settlements (notice, round, acknowledged, snoozed_until, snoozed_by)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (notice) DO UPDATE SET round = excluded.round, acknowledged = excluded.acknowledged,
                 snoozed_until = excluded.snoozed_until, snoozed_by = excluded.snoozed_by")
        .bind(key.to_owned())
        .bind(i64::from(round))
        .bind(document)
        .bind(until.map(|until| until.to_string()))
        .bind(by);
        self.session.execute("keep what was decided about a notice", statement).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, now, workspace};
    use super::super::{Unlock, Workspace};
    use super::*;
    use crate::domain::notice::NoticeKind;

    fn notice(step: i32, insistent: bool) -> Notice {
        let event = Notice::event(NoticeKind::CertificateEnds, "4fa2", Urgency::Soon, now());
        Notice { step, insistent, ..event }
    }

    async fn claim(workspace: &Workspace, notice: &Notice, way: Way, at: Timestamp) -> bool {
        let mut transaction = workspace.begin().await.unwrap();
        let ours = transaction.claim_notice(notice, way, at).await.unwrap();
        transaction.commit().await.unwrap();
        ours
    }

    #[tokio::test]
    async fn of_two_programs_one_tells_each_step_in_each_way() {
        let (_guard, one) = workspace().await;
        let other = Workspace::open_existing(&at(one.folder()), &Unlock::none(), now()).await.unwrap().unwrap();
        for way in [Way::Window, Way::Mail] {
            let thirty = notice(30, true);
            let (first, second) = tokio::join!(claim(&one, &thirty, way, now()), claim(&other, &thirty, way, now()));
            assert!(first != second, "exactly one of them");
            assert!(!claim(&one, &thirty, way, now()).await);
        }
        assert!(claim(&other, &notice(14, true), Way::Mail, now()).await);
        assert!(!claim(&one, &notice(30, true), Way::Mail, now()).await, "an earlier step after a later one");
        assert!(!claim(&one, &notice(14, false), Way::Mail, now()).await, "more quietly");
        assert_eq!(one.notice_records().await.unwrap().tellings("certificate-ends:4fa2").len(), 3);
    }

    #[tokio::test]
    async fn what_was_told_quietly_is_told_again_loudly_and_what_a_wrong_clock_told_does_not_count() {
        let (_guard, workspace) = workspace().await;
        assert!(claim(&workspace, &notice(30, false), Way::Mail, now()).await);
        assert!(claim(&workspace, &notice(30, true), Way::Mail, now()).await);
        let far: Timestamp = "2031-01-01T00:00:00Z".parse().unwrap();
        assert!(claim(&workspace, &notice(-1, true), Way::Mail, far).await, "the clock says 2031");
        assert!(!claim(&workspace, &notice(7, true), Way::Mail, far).await);
        assert!(claim(&workspace, &notice(7, true), Way::Mail, now()).await, "it was put right");
        assert!(claim(&workspace, &notice(-1, true), Way::Mail, now()).await, "and then it really is over");
        assert!(!claim(&workspace, &notice(-1, true), Way::Mail, now()).await);
    }

    #[tokio::test]
    async fn what_was_decided_is_kept_and_has_it_told_anew() {
        let (_guard, workspace) = workspace().await;
        let notice = notice(30, true);
        assert!(claim(&workspace, &notice, Way::Mail, now()).await);
        let acknowledged = notice.acknowledged(now(), "jo");
        let mut transaction = workspace.begin().await.unwrap();
        transaction.settle_notice(&notice.key, Some(acknowledged.clone()), None).await.unwrap();
        transaction.commit().await.unwrap();
        let kept = workspace.notice_records().await.unwrap();
        assert_eq!(kept.settlements[&notice.key].acknowledged, Some(acknowledged));
        assert_eq!(kept.round(&notice.key), 1);

        let until: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        let snooze = Snooze { until, by: "jo".to_owned(), seen: Some(notice.acknowledged(now(), "jo")) };
        transaction.settle_notice(&notice.key, None, Some(snooze.clone())).await.unwrap();
        transaction.commit().await.unwrap();
        let kept = workspace.notice_records().await.unwrap();
        let settled = &kept.settlements[&notice.key];
        assert_eq!((&settled.snoozed, &settled.acknowledged), (&Some(snooze), &None));
        assert_eq!(kept.round(&notice.key), 2);
        assert!(claim(&workspace, &notice, Way::Mail, until).await, "the same step, once more");
        assert_eq!(
            workspace.notice_records().await.unwrap().tellings(&notice.key).len(),
            2,
            "what was told stays told"
        );
    }
}
