//! Certificates that partners were seen to sign with before they were expected: a line when it happens, a list, and the
//! command that puts it right.

use serde::Serialize;

use super::{Answer, Session, check, words};
use crate::app::AppError;
use crate::domain::certificate::Fingerprint;
use crate::domain::diagnosis::Action;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::sighting::{Sighting, SightingKind};
use crate::domain::transmission::Transmission;

#[derive(Serialize)]
struct ForgottenDocument {
    forgotten: Fingerprint,
}

/// Forgets a certificate that was seen with a connection, for whichever of its profiles.
pub(super) async fn forget(
    session: &Session,
    fingerprint: &Fingerprint,
    connection: &ConnectionId,
) -> Result<Answer, AppError> {
    let seen = session.app.first_sights().await?;
    let profiles: Vec<ProfileKind> = seen
        .iter()
        .filter(|each| each.fingerprint == *fingerprint && each.connection == *connection)
        .map(|each| each.profile)
        .collect();
    // Where there is none, the error says so.
    let profiles = if profiles.is_empty() { vec![ProfileKind::Production] } else { profiles };
    for profile in profiles {
        session.app.forget_sighting(connection, profile, fingerprint).await?;
    }
    session.out.answer(&ForgottenDocument { forgotten: *fingerprint }, || format!("Forgotten {fingerprint}"));
    Ok(Answer::Yes)
}

/// The list of what was seen, with what mends it; nothing where nothing was.
pub(super) fn listed(sightings: &[Sighting], suffix: &str) -> String {
    let mut text = String::new();
    for sighting in sightings {
        text.push_str(&format!(
            "\n▲ {}\n  {}\n  {} {}, last {}, in the transmission {}\n  {}\n",
            sighting.head(sighting.connection.as_str()),
            sighting.fingerprint.to_hex(),
            sighting.facts.as_ref().map_or("not known here, seen", |facts| facts.common_name()),
            words::counted(usize::try_from(sighting.times).unwrap_or(usize::MAX), "time"),
            words::instant(sighting.last_at),
            sighting.transmission,
            mend(&sighting.connection, sighting.profile, &sighting.fingerprint, sighting.kind, suffix),
        ));
    }
    text
}

/// One line for what a message or a receipt has shown, where it is to be mended by a certificate.
pub(super) fn line(transmission: &Transmission, suffix: &str) -> Option<String> {
    let diagnosis = transmission.diagnosis.as_ref()?;
    let (connection, profile) = (transmission.connection.as_ref()?, transmission.profile?);
    let (fingerprint, kind) = match diagnosis.action.as_ref()? {
        Action::ActivateCertificate { fingerprint } => (fingerprint, SightingKind::Scheduled),
        Action::AcceptCertificate { fingerprint } => (fingerprint, SightingKind::Retired),
        Action::ImportCertificate { fingerprint: Some(fingerprint) } => (fingerprint, SightingKind::Unknown),
        _ => return None,
    };
    let mend = mend(connection, profile, fingerprint, kind, suffix);
    let what = match kind {
        SightingKind::Scheduled => "activate now",
        SightingKind::Retired => "it was replaced; accept it again",
        SightingKind::Unknown => "if it is the partner's",
    };
    Some(format!("{} signs with {fingerprint}; {what}: {mend}", check::place(Some(connection), Some(profile))))
}

/// The command that puts it right.
fn mend(
    connection: &ConnectionId,
    profile: ProfileKind,
    fingerprint: &Fingerprint,
    kind: SightingKind,
    suffix: &str,
) -> String {
    let print = fingerprint.to_hex();
    if kind == SightingKind::Retired {
        return format!("countersign certificate accept {connection} {profile} {print}{suffix}");
    }
    let confirm =
        if kind == SightingKind::Scheduled { "" } else { " --confirm-fingerprint FINGERPRINT-AS-THE-PARTNER-TOLD-IT" };
    format!(
        "countersign certificate import --sighted {print} --connection {connection} --profile {profile} --activate now{confirm}{suffix}"
    )
}
