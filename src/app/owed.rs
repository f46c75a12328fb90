//! Receipts that we owe: posted where the message wants them, with the same bytes until they are taken.

use std::time::Duration;

use super::send::post_conditions;
use super::{App, AppError};
use crate::domain::connection::Profile;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::identifier::Address;
use crate::domain::instant;
use crate::domain::sent::{MOST_RECEIPT_ATTEMPTS, next_attempt};
use crate::domain::transmission::{Stage, StageName, StageStatus, Transmission, TransmissionId};
use crate::store::{Duty, DutyKind, Part, Workspace};
use crate::transport::{self, PostRequest, Reach, Trust};

/// The attempt under which all that concerns an inbound message is journalled.
const FIRST: u32 = 1;

/// How long a server that takes a receipt may be silent, where the profile says nothing.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What the answer to a receipt may be long. It means nothing.
const MOST_ANSWER: u64 = 64 * 1024;

/// Whether a profile names the host of an address: as that of the partner's server, or as one that takes its receipts.
pub(super) fn is_named_by(profile: &Profile, address: &Address) -> bool {
    let host = address.host();
    host == profile.url.host() || profile.quirks.receipt_hosts.contains(&host)
}

impl App {
    /// Posts the receipt of a message where one is owed: at once, or only where it is due. Nothing where none is owed any
    /// more. Whoever calls has it in hand.
    pub(super) async fn post_owed_receipt(
        &self,
        workspace: &Workspace,
        id: TransmissionId,
        at_once: bool,
    ) -> Result<Option<Transmission>, AppError> {
        let began = self.now();
        let owed = workspace.duty(id, DutyKind::Receipt).await?.filter(|duty| at_once || duty.at <= began);
        let (Some(duty), Some(transmission)) = (owed, workspace.transmission(id).await?) else { return Ok(None) };
        // An end that cannot be journalled must not have it posted again at once.
        let put_off = Duty { at: next_attempt(duty.number, began), ..duty.clone() };
        let mut transaction = workspace.begin().await?;
        transaction.put_duty(&put_off).await?;
        transaction.commit().await?;
        let whither = duty.whither.clone().unwrap_or_default();
        let posted = match self.receipt_post(workspace, &transmission, &whither).await {
            Ok(post) => match transport::post(post, |_event| {}).await {
                Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.status),
                Ok(answer) => Err(format!("HTTP {} {}", answer.status, answer.reason).trim_end().to_owned()),
                Err(failure) => Err(failure.to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        let now = self.now();
        let ms = u64::try_from(now.as_millisecond() - began.as_millisecond()).unwrap_or_default();
        let (status, detail, next) = match posted {
            Ok(status) => (StageStatus::Good, format!("Receipt posted to {whither}: HTTP {status}"), None),
            Err(why) if duty.number < MOST_RECEIPT_ATTEMPTS => {
                let at = next_attempt(duty.number, now);
                let again = instant::in_words(at);
                let detail = format!("Receipt not taken by {whither}: {why}; posted again at {again}");
                (StageStatus::Bad, detail, Some(Duty { at, number: duty.number + 1, ..duty }))
            }
            Err(why) => {
                let times = duty.number;
                let detail = format!("The receipt could not be delivered to {whither}, {times} times tried: {why}");
                (StageStatus::Bad, detail, None)
            }
        };
        let mut transaction = workspace.begin().await?;
        let stage = Stage { stage: StageName::Receipt, status, started: began, ms, detail: detail.clone() };
        transaction.append_stage(id, FIRST, &stage).await?;
        match &next {
            Some(duty) => transaction.put_duty(duty).await?,
            None => {
                transaction.end_duty(id, DutyKind::Receipt).await?;
                if let Some(mut standing) = transaction.transmission(id).await? {
                    standing.diagnosis.get_or_insert_with(Diagnosis::default).evidence.push(detail);
                    transaction.update_transmission(&standing).await?;
                }
            }
        }
        transaction.commit().await?;
        Ok(workspace.transmission(id).await?)
    }

    /// The post of a receipt, with the bytes that were kept of it.
    async fn receipt_post(
        &self,
        workspace: &Workspace,
        transmission: &Transmission,
        whither: &str,
    ) -> Result<PostRequest, AppError> {
        let url: Address = whither.parse()?;
        let body = workspace.archive().path(transmission.id, Part::ReceiptBody(FIRST));
        let length = std::fs::metadata(&body)
            .map_err(|error| AppError::new(format!("the receipt cannot be read from {}: {error}", body.display())))?
            .len();
        let mut post = PostRequest {
            url,
            headers: transmission.receipt_headers.clone(),
            body,
            length,
            chunked: false,
            timeout: TIMEOUT,
            basic_auth: None,
            trust: Trust::System,
            identity: None,
            max_answer: MOST_ANSWER,
            proxy: self.proxy(workspace).await?,
            // The message has named it.
            reach: Reach::Public,
        };
        // Where the profile was removed meanwhile, the receipt is owed all the same.
        if let (Some(connection), Some(kind)) = (&transmission.connection, transmission.profile)
            && let Ok((_, _, profile)) = self.profile(connection, kind).await
        {
            let conditions = post_conditions(self, workspace, connection, kind, &profile, &post.url);
            (post.basic_auth, post.trust, post.identity) = conditions.await?;
            post.timeout = Duration::from_secs(u64::from(profile.timeout_seconds));
            post.chunked = profile.quirks.chunked;
            if is_named_by(&profile, &post.url) {
                post.reach = Reach::Anywhere;
            }
        }
        Ok(post)
    }
}
