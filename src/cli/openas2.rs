//! `connection import`: what comes of what OpenAS2 or mendelson keeps.

use serde::Serialize;

use super::table::Table;
use super::{Answer, Session, words};
use crate::app::{AppError, OpenAs2Files, OpenAs2Plan};

#[derive(Serialize)]
struct ImportDocument<'a> {
    /// Whether it was only shown.
    dry_run: bool,
    #[serde(flatten)]
    plan: &'a OpenAs2Plan,
}

pub(super) async fn run(session: &Session, files: &OpenAs2Files, dry_run: bool) -> Result<Answer, AppError> {
    let app = &session.app;
    let plan = if dry_run { app.plan_openas2(files).await? } else { app.import_openas2(files).await? };
    session.out.answer(&ImportDocument { dry_run, plan: &plan }, || text(&plan, dry_run));
    if !dry_run && plan.identities.iter().any(|identity| !identity.is_there) {
        session.tell_protection().await?;
    }
    Ok(Answer::Yes)
}

fn text(plan: &OpenAs2Plan, dry_run: bool) -> String {
    let mut text = String::new();
    for identity in &plan.identities {
        let what = if identity.is_there { "is here already" } else { "comes with them" };
        text.push_str(&format!("Identity {} {what} ({})\n", identity.name, identity.fingerprint_sha256.short()));
    }
    let mut table = Table::new(["Connection", "Name", "From", "To", "Encryption", "Signing", "Receipt"]);
    for planned in &plan.connections {
        let connection = &planned.connection;
        for (_, profile) in connection.profiles() {
            table.row([
                connection.id.as_str(),
                &connection.name,
                profile.our_as2_id.as_str(),
                profile.partner_as2_id.as_str(),
                profile.encryption.label(),
                profile.signing.label(),
                profile.mdn.label(),
            ]);
        }
    }
    text.push_str(&table.render());
    for planned in &plan.connections {
        for remark in &planned.remarks {
            text.push_str(&format!("\n{}  {}", planned.connection.id, super::output::line(remark)));
        }
    }
    for passed in &plan.passed_over {
        let line = format!("{} was passed over: {}", passed.partnership, passed.why);
        text.push_str(&format!("\n{}", super::output::line(&line)));
    }
    let count = words::counted(plan.connections.len(), "connection");
    text.push_str(&if dry_run {
        format!("\n{count} would be taken over; nothing has changed")
    } else {
        format!("\n{count} taken over; `countersign check` says how they stand")
    });
    text
}
