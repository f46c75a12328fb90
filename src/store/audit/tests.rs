use super::super::fixtures::{connection, now, workspace};
use super::*;

fn witness() -> Witness {
    Witness { by: "anna on edi-1".to_owned(), now: Arc::new(now) }
}

fn all() -> AuditFilter {
    AuditFilter { most: 100, ..AuditFilter::default() }
}

/// Does to the database what its triggers do not let anybody do.
async fn tampered(workspace: &Workspace, statement: &'static str) {
    let mut session = workspace.database().write("tamper").await.unwrap();
    session.script("tamper", "DROP TRIGGER audit_unchanged; DROP TRIGGER audit_kept").await.unwrap();
    session.execute("tamper", sql(statement)).await.unwrap();
    session.commit("tamper").await.unwrap();
}

async fn three_entries() -> (tempfile::TempDir, Workspace) {
    let (guard, workspace) = workspace().await;
    workspace.witnessed_by(witness());
    let mut changed = connection("acme", "Acme");
    workspace.save_connection(&changed, now()).await.unwrap();
    changed.name = "Acme Foods".to_owned();
    workspace.save_connection(&changed, now()).await.unwrap();
    workspace.save_connection(&changed, now()).await.unwrap();
    workspace.remove_connection(&changed.id, now()).await.unwrap();
    (guard, workspace)
}

#[tokio::test]
async fn what_was_changed_stands_with_who_and_from_what_to_what_and_nothing_stands_that_did_not_change() {
    let (_guard, workspace) = three_entries().await;
    let found = workspace.audit_entries(&all()).await.unwrap();
    let acts: Vec<_> = found.iter().map(|entry| (entry.number, entry.act, entry.subject.as_str())).collect();
    assert_eq!(
        acts,
        [
            (3, AuditAct::ConnectionRemoved, "acme"),
            (2, AuditAct::ConnectionChanged, "acme"),
            (1, AuditAct::ConnectionAdded, "acme")
        ]
    );
    assert!(found.iter().all(|entry| entry.by == "anna on edi-1" && entry.at == now()));
    let change = &found[1].changes;
    assert_eq!(change.len(), 1);
    assert_eq!((change[0].from.as_deref(), change[0].to.as_deref()), (Some("Acme"), Some("Acme Foods")));
    let of = |search: &str| AuditFilter { search: search.to_owned(), ..all() };
    assert_eq!(
        workspace.audit_entries(&of("ACME FOODS")).await.unwrap().len(),
        2,
        "changed to it, and removed with it"
    );
    assert_eq!(workspace.audit_entries(&of("anna")).await.unwrap().len(), 3);
    let page = AuditFilter { before: Some(3), most: 1, ..all() };
    assert_eq!(workspace.audit_entries(&page).await.unwrap()[0].number, 2);
}

#[tokio::test]
async fn what_is_not_committed_leaves_no_entry() {
    let (_guard, workspace) = workspace().await;
    workspace.witnessed_by(witness());
    let mut transaction = workspace.begin().await.unwrap();
    transaction.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
    drop(transaction);
    assert!(workspace.audit_entries(&all()).await.unwrap().is_empty());
    assert_eq!(workspace.verify_audit(None).await.unwrap().entries, 0);
}

#[tokio::test]
async fn the_chain_holds_and_knows_a_digest_that_was_kept_elsewhere() {
    let (_guard, workspace) = three_entries().await;
    let found = workspace.audit_entries(&all()).await.unwrap();
    let verified = workspace.verify_audit(Some(&found[1].digest.to_uppercase())).await.unwrap();
    assert_eq!((verified.entries, verified.broken), (3, None));
    assert_eq!(verified.last.as_ref(), Some(&found[0].digest));
    assert_eq!(verified.holds, Some(true));
    assert_eq!(workspace.verify_audit(Some("00")).await.unwrap().holds, Some(false));
    // More of them than are written by one statement.
    let mut transaction = workspace.begin().await.unwrap();
    for number in 0..150 {
        transaction.note(AuditNote::of(AuditAct::KeyExported, number.to_string()));
    }
    transaction.commit().await.unwrap();
    let verified = workspace.verify_audit(Some(&found[0].digest)).await.unwrap();
    assert_eq!((verified.entries, verified.broken, verified.holds), (153, None, Some(true)));
}

#[tokio::test]
async fn nothing_is_changed_or_taken_out_by_a_statement() {
    let (_guard, workspace) = three_entries().await;
    for statement in ["UPDATE audit SET done_by = 'nobody'", "DELETE FROM audit WHERE number = 3"] {
        let mut session = workspace.database().write("tamper").await.unwrap();
        let error = session.execute("tamper", sql(statement)).await.unwrap_err();
        assert!(error.to_string().contains("only added to"), "{error}");
    }
}

#[tokio::test]
async fn whatever_is_done_to_it_behind_our_back_shows() {
    for (statement, number) in [
        ("UPDATE audit SET done_by = 'nobody' WHERE number = 2", 2),
        ("UPDATE audit SET at = '2026-11-24T02:00:00Z' WHERE number = 1", 1),
        ("UPDATE audit SET changes = '[]' WHERE number = 2", 2),
        ("UPDATE audit SET act = 'key-exported' WHERE number = 3", 3),
        ("UPDATE audit SET subject = subject || ' ' WHERE number = 3", 3),
        ("UPDATE audit SET digest = lower(hex(randomblob(32))) WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
    ] {
        let (_guard, workspace) = three_entries().await;
        tampered(&workspace, statement).await;
        let verified = workspace.verify_audit(None).await.unwrap();
        assert_eq!(verified.broken.map(|(number, _)| number), Some(number), "{statement}");
    }
    // What is cut off at the end is known by who has kept its digest.
    let (_guard, workspace) = three_entries().await;
    let last = workspace.verify_audit(None).await.unwrap().last.unwrap();
    tampered(&workspace, "DELETE FROM audit WHERE number = 3").await;
    let verified = workspace.verify_audit(Some(&last)).await.unwrap();
    assert_eq!((verified.entries, verified.broken, verified.holds), (2, None, Some(false)));
}
