//! What the running program reports when something cannot be carried out.

use std::fmt;
use std::io;
use std::path::Path;

/// A failure in words: what happened and why, and what to do about it where that is known.
#[derive(Debug)]
pub struct AppError {
    message: String,
    hint: Option<String>,
}

impl AppError {
    /// A failure without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with a hint where there is one.
    #[must_use]
    pub(super) fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into).or(self.hint);
        self
    }

    /// The same, saying first of what it is about.
    #[must_use]
    pub(super) fn at(mut self, what: &str) -> Self {
        self.message.insert_str(0, what);
        self
    }

    /// The same, saying first in which file it was found.
    #[must_use]
    pub(super) fn in_file(mut self, path: &Path) -> Self {
        self.message = format!("{}: {}", path.display(), self.message);
        self
    }

    /// The same failure, told to another who waits for the same thing.
    pub(super) fn again(&self) -> Self {
        Self { message: self.message.clone(), hint: self.hint.clone() }
    }

    /// That a file could not be read, with what to do about it.
    #[must_use]
    pub fn unread(path: &Path, error: &io::Error) -> Self {
        let said = Self::new(format!("cannot read {}: {error}", path.display()));
        said.hint(match error.kind() {
            io::ErrorKind::NotFound => "look whether its name and its folder are written as they are on disk",
            io::ErrorKind::PermissionDenied => "have whoever owns it let you read it, or copy it to a folder of yours",
            io::ErrorKind::IsADirectory => "that is a folder; name the file in it",
            _ => "look whether it can be opened otherwise, and try again",
        })
    }

    /// What happened and why.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn what_to_do(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AppError {}

/// Errors that say everything by themselves.
macro_rules! plain {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for AppError {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        })+
    };
}

plain!(
    crate::domain::identifier::IdentifierError,
    crate::domain::UnknownWord,
    crate::domain::timeline::ActivationError,
    crate::domain::instant::InstantError,
    crate::domain::notice::StepsError,
    crate::domain::rollover::RolloverIdError,
    crate::domain::certificate::FingerprintError,
    crate::as2::BuildError,
    crate::as2::OpenError,
    crate::store::CursorError,
    crate::transport::ListenerError,
    crate::certificate::KeyError,
    crate::certificate::CertificateError,
);

/// Errors that know what to do.
macro_rules! hinted {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for AppError {
            fn from(error: $error) -> Self {
                let hint = error.hint().map(|hint| hint.to_string());
                Self::new(error.to_string()).maybe_hint(hint)
            }
        })+
    };
}

hinted!(crate::store::StoreError, crate::store::OpenError, crate::store::FileError);

impl From<crate::domain::retention::RetentionError> for AppError {
    fn from(error: crate::domain::retention::RetentionError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<crate::store::PrefixError> for AppError {
    fn from(error: crate::store::PrefixError) -> Self {
        Self::new(error.to_string()).hint("`countersign transmission list` shows the ids")
    }
}
