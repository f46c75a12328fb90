//! Taking back that a certificate was scheduled, as long as nothing else has changed since.

use crate::app::engine::Snapshot;
use crate::app::{ImportRequest, ProfileKey, ScheduleActName, ScheduleChange};
use crate::domain::certificate::Fingerprint;
use crate::domain::timeline::{CertificateUse, next_activation, used_now};
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;

/// The certificates of profiles as they were.
pub(super) type Before = Vec<(ProfileKey, Vec<CertificateUse>)>;

/// The certificates of the profiles that a certificate is brought in for, as they are now.
pub(super) fn before(request: &ImportRequest, snapshot: &Snapshot) -> Before {
    let own = request.profiles.iter().map(|kind| (request.connection.clone(), *kind));
    let uses = |(id, kind): &ProfileKey| {
        let profile = snapshot.connection(id)?.connection.profile(*kind)?;
        Some(profile.partner_certificates.clone())
    };
    own.chain(request.also.iter().cloned()).filter_map(|key| Some((key.clone(), uses(&key)?))).collect()
}

/// Has the schedules taken back that were made with the certificate.
pub(super) fn take_back(before: Before, print: Fingerprint, desk: &mut Desk<'_>) {
    let now = desk.moment.now;
    let changes: Option<Vec<ScheduleChange>> = before
        .into_iter()
        .map(|((connection, profile), before)| {
            let state = desk.snapshot.connection(&connection)?;
            let after = state.connection.profile(profile)?.partner_certificates.clone();
            // What has gone active meanwhile, or was changed, is not what was offered to be taken back.
            next_activation(&after, now).filter(|(entry, _)| entry.fingerprint == print)?;
            Some(ScheduleChange {
                done: ScheduleActName::Undone,
                fingerprint_sha256: Some(print),
                activates: None,
                in_use: used_now(&before, now).map(|entry| entry.fingerprint),
                warnings: Vec::new(),
                connection,
                profile,
                before,
                after,
            })
        })
        .collect();
    match changes {
        Some(changes) => desk.intend(Intent::UndoSchedule(changes)),
        None => desk.toasts.error(
            "The schedule was not taken back",
            "The certificate is not scheduled as it was; look at the certificates as they are now",
        ),
    }
}
