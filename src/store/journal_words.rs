//! What a transmission is searched by: its Message-ID, its file's name and its control numbers, capitals or not.
//!
//! SQLite makes small letters of ASCII alone, and cannot be taught more without an extension. So where there are other
//! letters, the words are folded here when they are journalled, and beside them lies what the index is made of; of most
//! transmissions that is nothing.

use sqlx::any::AnyRow;

use crate::domain::transmission::Transmission;

use super::error::StoreError;
use super::session::{Session, column, sql};

/// Words without their capitals, in every script: both sides of a search.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut words = String::with_capacity(text.len());
    // Letter by letter: what a small sigma looks like depends on where it stands, and what is searched is a piece.
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'ß' => words.push_str("ss"),
            'ς' => words.push('σ'),
            letter => words.push(letter),
        }
    }
    words
}

/// The words of these three, folded; nothing where the database's own folding does.
pub(super) fn beyond_ascii(message_id: &str, file: Option<&str>, numbers: Option<&str>) -> Option<String> {
    let (file, numbers) = (file.unwrap_or_default(), numbers.unwrap_or_default());
    let ascii = [message_id, file, numbers].iter().all(|text| text.is_ascii());
    (!ascii).then(|| folded(&format!("{message_id}\n{file}\n{numbers}")))
}

/// A text without the characters that stand for filters in the index (U+E000 to U+EFFF, which mean nothing by
/// themselves): else a file's name could pass for a connection or a verdict.
pub(super) fn without_words(text: &str) -> String {
    text.chars().filter(|each| !('\u{e000}'..='\u{efff}').contains(each)).collect()
}

/// The control numbers that a transmission is found by.
pub(super) fn control_numbers(transmission: &Transmission) -> Option<String> {
    let document = transmission.document.as_ref()?;
    Some(without_words(&document.numbers().collect::<Vec<_>>().join(" ")))
}

/// The words of a transmission, folded; nothing where the database's own folding does.
pub(super) fn of_transmission(transmission: &Transmission) -> Option<String> {
    let file = transmission.file.as_deref().map(without_words);
    let numbers = control_numbers(transmission);
    beyond_ascii(&without_words(&transmission.message_id), file.as_deref(), numbers.as_deref())
}

/// Folds the words of what was journalled before they were folded: those few that have other letters than ASCII's.
pub(super) async fn fold_what_was_journalled(session: &mut Session) -> Result<(), StoreError> {
    const DOING: &str = "bring the workspace up to date";
    let mut after = String::new();
    loop {
        // In pages: where all names are in another script, all transmissions are among them.
        let statement = sql("SELECT id, message_id, file, control_numbers FROM transmissions
             WHERE id > $1
             AND message_id || coalesce(file, '') || coalesce(control_numbers, '') GLOB '*[^' || char(1) || '-~]*'
             ORDER BY id LIMIT 2000");
        let rows = session.rows(DOING, statement.bind(after.clone())).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = column::<String>(last, "id")?;
        fold_these(session, DOING, &rows).await?;
    }
}

async fn fold_these(session: &mut Session, doing: &'static str, rows: &[AnyRow]) -> Result<(), StoreError> {
    for row in rows {
        let (file, numbers): (Option<String>, Option<String>) = (column(row, "file")?, column(row, "control_numbers")?);
        let words = beyond_ascii(&column::<String>(row, "message_id")?, file.as_deref(), numbers.as_deref());
        let statement = sql("UPDATE transmissions SET folded = $2 WHERE id = $1");
        session.execute(doing, statement.bind(column::<String>(row, "id")?).bind(words)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::As2Pair;
    use super::super::fixtures::{at, behind_its_back, now, transmission, workspace};
    use super::super::journal_filter::TransmissionFilter;
    use super::super::{Unlock, Workspace};

    async fn found(workspace: &Workspace, text: &str) -> usize {
        let filter = TransmissionFilter { search: Some(text.to_owned()), ..TransmissionFilter::default() };
        let listed = workspace.transmissions(&filter).await.unwrap().0.len();
        assert_eq!(workspace.count_transmissions(&filter).await.unwrap(), listed as u64, "{text}");
        listed
    }

    #[tokio::test]
    async fn a_name_is_found_whichever_way_its_letters_are_written() {
        let (guard, workspace) = workspace().await;
        let names = ["Bestellung_ÄÖÜ_4711.edi", "straße-ΟΔΟΣ.edi", "ЗАКАЗ.edi", "plain.edi"];
        for (number, name) in (1..).zip(names) {
            let mut entry = transmission(number);
            workspace.begin_transmission(&entry, As2Pair::default()).await.unwrap();
            entry.file = Some(name.to_owned());
            workspace.update_transmission(&entry).await.unwrap();
        }
        let wanted = [
            ("äöü", 1),
            ("ÄÖÜ_4711", 1),
            ("bestellung_äÖü", 1),
            ("STRASSE", 1),
            ("Straße", 1),
            ("οδος", 1),
            ("δος.", 1),
            ("заказ", 1),
            ("PLAIN", 1),
            ("aou", 0),
        ];
        for (text, number) in wanted {
            assert_eq!(found(&workspace, text).await, number, "{text}");
        }
        workspace.close().await;
        // As if it had been made by a program that folded ASCII alone.
        let folder = guard.path().join("w");
        behind_its_back(&folder, "UPDATE transmissions SET folded = NULL").await;
        behind_its_back(
            &folder,
            "DROP TABLE audit; DROP TRIGGER transmissions_updated; DROP INDEX listed_failures_by_size; DROP VIEW listable;
             CREATE VIEW listable AS SELECT id AS transmission, at_ns, direction, '' AS connection, '' AS profile,
                 payload_bytes, verdict, 5 AS standing, cause, file, document_type, control_numbers, message_id, '' AS words
                 FROM transmissions;
             DROP VIEW tally; CREATE VIEW tally AS SELECT number, at_ns, standing, payload_bytes, NULL AS connection,
                 NULL AS cause, NULL AS receipt_ms FROM listed;
             ALTER TABLE tallied DROP COLUMN received; ALTER TABLE transmissions DROP COLUMN folded;
             DROP INDEX transmissions_by_imprint; ALTER TABLE transmissions DROP COLUMN imprint;
             CREATE TRIGGER transmissions_updated AFTER UPDATE ON transmissions BEGIN SELECT 1; END;
             DELETE FROM schema_versions WHERE version > 12; PRAGMA user_version = 12",
        )
        .await;
        let workspace = Workspace::open_existing(&at(&folder), &Unlock::none(), now()).await.unwrap().unwrap();
        for (text, number) in wanted {
            assert_eq!(found(&workspace, text).await, number, "{text}, brought up to date");
        }
    }
}
