//! What the window asks for about our own identities, and carrying it out.

use std::path::PathBuf;

use super::command::Answer;
use crate::app::{
    App, AppError, IdentityFiles, IdentityFormat, KeyExport, NewIdentity, NewRequest, OwnChange, OwnStep, ProfileRef,
    SheetRequest,
};
use crate::domain::identifier::IdentityName;

/// What the window asks for about our own identities.
pub enum IdentityCommand {
    /// Make a key with its certificate, beside everything else: it can take a minute. Answered by [`Answer::Identity`].
    Create(NewIdentity),
    /// Make a new certificate for the key of an identity. Answered by [`Answer::Identity`].
    Renew(NewIdentity, IdentityName),
    /// Take a key with its certificate from files. Answered by [`Answer::Identity`].
    Import(IdentityFiles, Option<IdentityName>),
    /// Write an identity's certificate, or its key with it, to a file. Answered by [`Answer::Written`].
    Export(IdentityName, IdentityFormat, Option<KeyExport>, PathBuf),
    /// Write a certificate request to a file. Answered by [`Answer::Written`].
    Request(NewRequest, PathBuf),
    /// Install a CA's answer. Answered by [`Answer::Identity`].
    Install(IdentityName, PathBuf, Option<IdentityName>),
    /// Give a request up, by its number. Answered by [`Answer::Done`].
    Forget(IdentityName, u32),
    /// Remove an identity. Answered by [`Answer::Done`].
    Remove(IdentityName),
    /// Have another identity sign. Answered by [`Answer::OwnChanged`].
    Change(OwnChange),
    /// Give changes up or take them back. Answered by [`Answer::OwnChanged`].
    Step(Vec<ProfileRef>, OwnStep),
    /// Note that partners were told, how. Answered by [`Answer::Done`].
    Told(IdentityName, Vec<ProfileRef>, String),
    /// Note that partners have confirmed, by whom. Answered by [`Answer::Done`].
    Confirmed(IdentityName, Vec<ProfileRef>, String),
    /// How far the partners are with an identity. Answered by [`Answer::OwnProgress`].
    Progress(IdentityName),
    /// Write a partner's sheet, and the certificate beside it. Answered by [`Answer::Written`].
    Sheet(SheetRequest, PathBuf),
}

impl IdentityCommand {
    /// Whether it only looks at the workspace.
    pub(super) const fn only_looks(&self) -> bool {
        matches!(self, Self::Export(..) | Self::Progress(_) | Self::Sheet(..))
    }

    /// Carries it out.
    pub(super) async fn carry_out(self, app: &App) -> Result<Answer, AppError> {
        let made = |made: crate::app::ListedIdentity| Answer::Identity(made.name);
        match self {
            Self::Create(new) => app.create_identity(new).await.map(made),
            Self::Renew(new, of) => app.renew_identity(new, &of).await.map(made),
            Self::Import(files, name) => app.import_identity_files(&files, name).await.map(made),
            Self::Export(name, _, Some(key), file) => {
                app.export_key(&name, key, &file).await?;
                Ok(Answer::Written(file))
            }
            Self::Export(name, format, None, file) => {
                let bytes = app.export_own_certificate(&name, format).await?;
                write(file, &bytes)
            }
            Self::Request(new, file) => {
                let pem = app.request_certificate(new).await?;
                write(file, pem.as_bytes())
            }
            Self::Install(name, file, new_name) => app.install_answer(&name, &file, new_name).await.map(made),
            Self::Forget(name, number) => app.drop_request(&name, Some(number)).await.map(|()| Answer::Done),
            Self::Remove(name) => app.remove_identity(&name).await.map(|()| Answer::Done),
            Self::Change(change) => app.change_own(&change).await.map(Answer::OwnChanged),
            Self::Step(profiles, step) => app.step_own(&profiles, step).await.map(Answer::OwnChanged),
            Self::Told(name, profiles, how) => app.note_told(&name, &profiles, &how, None).await.map(|()| Answer::Done),
            Self::Confirmed(name, profiles, by) => {
                app.note_confirmed(&name, &profiles, &by, None).await.map(|()| Answer::Done)
            }
            Self::Progress(name) => app.own_progress(&name).await.map(Answer::OwnProgress),
            Self::Sheet(request, file) => {
                app.write_identity_sheet(&request, &file).await?;
                Ok(Answer::Written(file))
            }
        }
    }
}

fn write(file: PathBuf, bytes: &[u8]) -> Result<Answer, AppError> {
    crate::app::write_file(&file, bytes)?;
    Ok(Answer::Written(file))
}
