//! The journal as it is read: lists, one transmission, its raw bytes.

use std::path::PathBuf;

use serde::Serialize;

use super::{App, AppError};
use crate::domain::connection::{Connection, Profile};
use crate::domain::diagnosis::{Context, KnownCertificate, OwnIdentity, PartnerCertificates, Sibling, Surroundings};
use crate::domain::identifier::ProfileKind;
use crate::domain::retention::removed;
use crate::domain::timeline::used_now;
use crate::domain::transmission::{Transmission, TransmissionId};
use crate::domain::transmission_comparison::{self as comparison, Comparison};
use crate::store::{Cursor, PrefixError, TransmissionChoices, TransmissionFilter, TransmissionSummary, Workspace};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransmissionPage {
    /// The transmissions, in the filter's order.
    pub transmissions: Vec<TransmissionSummary>,
    /// What to ask for the next page with; nothing on the last.
    pub next: Option<String>,
}

/// Which of the bytes that are kept of a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RawPart {
    /// The request's.
    Request,
    /// The answer's.
    Response,
    /// The document's, as it was given to be sent or as it was received.
    Payload,
    /// The receipt's: that which travelled by itself, else the answer's.
    Receipt,
}

impl RawPart {
    /// As it is named in a sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Payload => "payload",
            Self::Receipt => "receipt",
        }
    }
}

impl App {
    /// A page of the journal, in the filter's order.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn transmissions(&self, filter: &TransmissionFilter) -> Result<TransmissionPage, AppError> {
        if let Some(sort) = filter.after.as_ref().map(Cursor::sort).filter(|sort| *sort != filter.sort) {
            let wanted = filter.sort;
            return Err(AppError::new(format!(
                "this is the place of a next page in a list sorted by {sort}, and the list wanted is sorted by {wanted}"
            ))
            .hint(format!("ask for it with `--sort {sort}`, or begin anew without `--after`")));
        }
        let Some(workspace) = self.existing().await? else {
            return Ok(TransmissionPage { transmissions: Vec::new(), next: None });
        };
        self.look_at_deadlines(&workspace).await;
        let (transmissions, next) = workspace.transmissions(filter).await?;
        Ok(TransmissionPage { transmissions, next: next.map(|cursor| cursor.to_string()) })
    }

    /// How many transmissions a filter has in all.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn count_transmissions(&self, filter: &TransmissionFilter) -> Result<u64, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.count_transmissions(filter).await?),
            None => Ok(0),
        }
    }

    /// The causes and types of documents that were ever journalled.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn transmission_choices(&self) -> Result<TransmissionChoices, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.transmission_choices().await?),
            None => Ok(TransmissionChoices::default()),
        }
    }

    /// One transmission, by its id or the first 8 or more digits of it.
    ///
    /// # Errors
    /// Where there is none, or several begin so.
    pub async fn transmission(&self, id: &str) -> Result<Transmission, AppError> {
        let workspace = self.existing().await?.ok_or_else(|| none(id))?;
        let id = resolved(&workspace, id).await?;
        self.look_at_deadlines(&workspace).await;
        workspace.transmission(id).await?.ok_or_else(|| none(&id.to_string()))
    }

    /// Two transmissions beside each other, each by its id or the first 8 or more digits of it.
    ///
    /// # Errors
    /// Where there is none of either, or both are the same.
    pub async fn compare_transmissions(&self, one: &str, other: &str) -> Result<Comparison, AppError> {
        let (one, other) = (self.transmission(one).await?, self.transmission(other).await?);
        if one.id == other.id {
            return Err(AppError::new("a transmission is compared with another one, and these are the same"));
        }
        Ok(comparison::compare(&one, &other))
    }

    /// The workspace and a transmission in it, by the same, as the journal has it.
    pub(super) async fn journalled(&self, id: &str) -> Result<(Workspace, Transmission), AppError> {
        let workspace = self.existing().await?.ok_or_else(|| none(id))?;
        let id = resolved(&workspace, id).await?;
        let transmission = workspace.transmission(id).await?.ok_or_else(|| none(&id.to_string()))?;
        Ok((workspace, transmission))
    }

    /// Whoever looks sees what is uncertain by now, whether a program was there to write it down or not. Where it cannot
    /// be written, it is seen as it stands.
    async fn look_at_deadlines(&self, workspace: &Workspace) -> bool {
        !workspace.is_read_only() && self.settle_overdue(workspace, self.now()).await.unwrap_or_default()
    }

    /// The same on the workspace where it exists; whether anything has changed.
    pub(super) async fn pass_deadlines(&self) -> bool {
        match self.existing().await {
            Ok(Some(workspace)) => self.look_at_deadlines(&workspace).await,
            Ok(None) | Err(_) => false,
        }
    }

    /// The files with a transmission's raw bytes: the head, then the body, of an attempt, else of its last, as far as they
    /// are kept.
    ///
    /// # Errors
    /// Where there is no such transmission, or nothing of that side was kept.
    pub async fn raw(&self, id: &str, part: RawPart, attempt: Option<u32>) -> Result<Vec<PathBuf>, AppError> {
        let kept = self.kept_of(id, part, attempt).await?;
        Ok(kept.head.into_iter().chain(kept.body).collect())
    }

    /// What is known around an attempt, for explaining it.
    pub(super) async fn context(
        &self,
        workspace: &Workspace,
        connection: &Connection,
        kind: ProfileKind,
        profile: &Profile,
    ) -> Result<Context, AppError> {
        let at = self.now();
        let stored = workspace.certificates().await?;
        let known = |fingerprint: &_| {
            stored
                .iter()
                .find(|stored| stored.facts.fingerprint_sha256 == *fingerprint)
                .map(|stored| KnownCertificate::from(&stored.facts))
        };
        let portal = self.policy(&connection.policy).await.ok().and_then(|policy| policy.portal);
        let own = workspace.identity(profile.identity.at(at)).await?.map(|identity| OwnIdentity {
            name: identity.name,
            certificate: KnownCertificate::from(&identity.facts),
            used_since: profile.identity.signing(at).from,
            before: profile.identity.before(at).map(|before| before.name.clone()),
        });
        let sibling = connection.profiles().find(|(other, _)| *other != kind).map(|(other, settings)| Sibling {
            profile: other,
            our_as2_id: settings.our_as2_id.clone(),
            partner_as2_id: settings.partner_as2_id.clone(),
            url: settings.url.clone(),
            certificate: used_now(&settings.partner_certificates, at).map(|entry| entry.fingerprint),
        });
        let uses = self.over_time(workspace, &connection.id, kind, profile).await?;
        Ok(Context {
            at,
            connection: connection.id.clone(),
            partner: connection.name.clone(),
            profile: kind,
            portal,
            certificates: PartnerCertificates::at(&uses, at, known),
            own,
            sibling,
            surroundings: Surroundings::default(),
        })
    }
}

/// The transmission whose id begins so. Of one whose entry has gone it is said why there is none.
async fn resolved(workspace: &Workspace, id: &str) -> Result<TransmissionId, AppError> {
    match workspace.resolve_id(id).await {
        Err(error @ PrefixError::None { .. }) => match workspace.entry_removed(id).await? {
            Some(at) => Err(AppError::new(format!("the journal's entry of that transmission was {}", removed(at)))
                .hint("`countersign retention show` tells the rules")),
            None => Err(error.into()),
        },
        found => Ok(found?),
    }
}

fn none(id: &str) -> AppError {
    AppError::new(format!("there is no transmission `{}` in this workspace", id.chars().take(60).collect::<String>()))
        .hint("`countersign transmission list` shows the ids")
}
