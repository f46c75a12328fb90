//! Settings as they are written on the command line: an optional profile, then `KEY=VALUE`.

use crate::app::{AppError, FolderChange, FolderKind};
use crate::domain::identifier::ProfileKind;

/// The password's key, which is no key of the connection file.
const PASSWORD: &str = "http_password";

/// What `connection set` is to change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Of which profile; of the connection itself where none is named.
    pub(super) profile: Option<ProfileKind>,
    /// Keys and values in their order.
    pub(super) changes: Vec<(String, String)>,
    /// Whether the password is to be read from standard input.
    pub(super) password: bool,
    /// Folders of the profile: set to a path, or taken away.
    pub(super) folders: Vec<FolderChange>,
}

/// Reads the words after the connection's id.
///
/// # Errors
/// Where a word is neither a profile in the first place nor `KEY=VALUE`, or a password stands on the command line.
pub(super) fn read(words: &[String]) -> Result<Settings, AppError> {
    let (profile, rest) = match words.split_first() {
        Some((first, rest)) if !first.contains('=') => {
            let profile = first.parse::<ProfileKind>().map_err(|unknown| {
                AppError::new(unknown.to_string()).hint("connection set ID [PROFILE] KEY=VALUE, the profile first")
            })?;
            (Some(profile), rest)
        }
        _ => (None, words),
    };
    let mut settings = Settings { profile, changes: Vec::new(), password: false, folders: Vec::new() };
    for word in rest {
        let (key, value) = word.split_once('=').ok_or_else(|| {
            AppError::new(format!("`{word}` is no setting"))
                .hint("settings are written KEY=VALUE, as in the connection file")
        })?;
        if rest.iter().filter(|other| other.split_once('=').is_some_and(|(name, _)| name == key)).count() > 1 {
            return Err(AppError::new(format!("`{key}` is given more than once")));
        }
        if let Ok(kind) = key.parse::<FolderKind>() {
            let profile = profile.ok_or_else(|| {
                AppError::new(format!("the {key} belongs to a profile"))
                    .hint(format!("connection set ID PROFILE {key}=DIR"))
            })?;
            let path = match value {
                "" => None,
                // As it is from here, so that it means the same from anywhere.
                path => Some(
                    std::path::absolute(path)
                        .map_err(|error| AppError::new(format!("`{path}` is not a path: {error}")))?,
                ),
            };
            settings.folders.push((profile, kind, path));
        } else if key != PASSWORD {
            settings.changes.push((key.to_owned(), value.to_owned()));
        } else if value == "-" && profile.is_some() {
            settings.password = true;
        } else if value == "-" {
            return Err(
                AppError::new("a password belongs to a profile").hint("connection set ID PROFILE http_password=-")
            );
        } else {
            return Err(AppError::new("a password is not taken from the command line, where others can see it")
                .hint("write http_password=- and give the password on standard input"));
        }
    }
    if settings.changes.is_empty() && settings.folders.is_empty() && !settings.password {
        return Err(AppError::new("there is nothing to change").hint("settings are written KEY=VALUE"));
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(words: &[&str]) -> Result<Settings, AppError> {
        read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_profile_is_optional_and_values_may_hold_anything() {
        let production =
            settings(&["production", "encryption=aes128-cbc", "url=http://a/?x=y", "http_password=-"]).unwrap();
        assert_eq!(production.profile, Some(ProfileKind::Production));
        assert_eq!(production.changes[1], ("url".to_owned(), "http://a/?x=y".to_owned()));
        assert!(production.password);
        assert_eq!(settings(&["name=A B"]).unwrap().profile, None);
        let folders = settings(&["test", "outbox=/out", "inbox="]).unwrap().folders;
        let out = Some("/out".into());
        let expected = [(ProfileKind::Test, FolderKind::Outbox, out), (ProfileKind::Test, FolderKind::Inbox, None)];
        assert_eq!(folders, expected);
        for bad in [
            &["produktion", "a=b"][..],
            &["production"],
            &["production", "a"],
            &["test", "http_password=x"],
            &["http_password=-"],
            &["outbox=/out"],
            &["test", "signing=sha256", "signing=sha1"],
        ] {
            assert!(settings(bad).is_err(), "{bad:?}");
        }
    }
}
