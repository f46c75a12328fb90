//! What is to be opened in the window, where the first word of a command line is a link or a file and no command.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use url::Url;

use super::arguments::Arguments;
use crate::app::{AppError, ToOpen};
use crate::domain::link::is_link;

/// The global option that is followed by its value.
const VALUED: &str = "--workspace";

/// Files that are called so are meant as files, whether they are there or not.
const ENDS: [&str; 14] =
    ["cer", "crt", "pem", "der", "p7b", "p7c", "p12", "pfx", "zip", "eml", "txt", "toml", "xml", "key"];

/// What is to be opened, and the arguments without it.
///
/// # Errors
/// Where a file is named that cannot be one.
pub(super) fn taken_out(arguments: &[OsString]) -> Result<(Option<ToOpen>, Vec<OsString>), AppError> {
    let mut rest = arguments.to_vec();
    let Some(at) = first_word(arguments) else { return Ok((None, rest)) };
    let open = meant(&arguments[at])?;
    if open.is_some() {
        rest.remove(at);
    }
    Ok((open, rest))
}

/// Where the first word stands that is no option and belongs to none.
fn first_word(arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let word = arguments.get(at)?;
        if word == VALUED {
            at += 2;
        } else if word == "--" {
            return (at + 1 < arguments.len()).then_some(at + 1);
        } else if word.as_encoded_bytes().starts_with(b"-") {
            at += 1;
        } else {
            return Some(at);
        }
    }
}

/// What a word means; nothing where it is to be a command, right or wrong.
fn meant(word: &OsStr) -> Result<Option<ToOpen>, AppError> {
    let text = word.to_str().unwrap_or_default();
    if is_link(text) {
        return Ok(Some(ToOpen::Link(text.to_owned())));
    }
    if Arguments::command().find_subcommand(word).is_some() {
        return Ok(None);
    }
    // The desktop may name files so.
    let path = match Url::parse(text) {
        Ok(address) if address.scheme() == "file" => address.to_file_path().unwrap_or_else(|()| PathBuf::from(word)),
        _ => PathBuf::from(word),
    };
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() && !looks_like_one(&path) => Ok(None),
        Ok(found) if found.is_dir() => Err(AppError::new(format!("{} is a folder", path.display()))
            .hint("`countersign --workspace DIR` opens the workspace in a folder")),
        Ok(_) => {
            let path = std::path::absolute(&path).map_err(|error| AppError::unread(&path, &error))?;
            Ok(Some(ToOpen::File(path.into_os_string())))
        }
        Err(error) if looks_like_one(&path) => Err(AppError::unread(&path, &error)),
        Err(_) => Ok(None),
    }
}

/// Whether a word is written as files are, and not as commands.
fn looks_like_one(path: &Path) -> bool {
    let known = |end: &OsStr| ENDS.iter().any(|known| end.eq_ignore_ascii_case(known));
    path.components().count() > 1 || path.is_absolute() || path.extension().is_some_and(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        std::iter::once(&"countersign").chain(words).map(OsString::from).collect()
    }

    fn taken(given: &[&str]) -> (Option<ToOpen>, Vec<OsString>) {
        taken_out(&words(given)).unwrap()
    }

    #[test]
    fn only_one_global_option_is_followed_by_its_value() {
        let command = Arguments::command();
        let valued: Vec<_> = command.get_arguments().filter(|each| each.get_action().takes_values()).collect();
        assert_eq!(valued.iter().filter_map(|each| each.get_long()).collect::<Vec<_>>(), [&VALUED[2..]]);
    }

    #[test]
    fn a_link_or_a_file_is_taken_out_and_a_command_stays() {
        let guard = tempfile::tempdir().unwrap();
        let file = guard.path().join("amazon renewed.cer");
        std::fs::write(&file, "").unwrap();
        let path = file.display().to_string();
        let opened = Some(ToOpen::File(file.into_os_string()));
        let link = "countersign://connection/amazon-us";
        for given in
            [&[link][..], &["--json", link], &["--workspace", "w", link], &[link, "--workspace=w"], &["--", link]]
        {
            let (open, rest) = taken(given);
            assert_eq!(open, Some(ToOpen::Link(link.to_owned())), "{given:?}");
            assert_eq!(rest.len(), given.len(), "{given:?}");
            assert!(!rest.iter().any(|word| word == link), "{given:?}");
        }
        assert_eq!(taken(&[&path]).0, opened);
        assert_eq!(taken(&["--workspace", "w", &path]).0, opened);
        // As the desktop names it.
        assert_eq!(taken(&[&format!("file://{}", path.replace(' ', "%20"))]).0, opened);
        for given in [
            &[][..],
            &["--json"],
            &["check"],
            &["--workspace", link],
            &["--workspace"],
            &["certificate", "inspect", &path],
            &["sample"],
            &["chekc"],
            &["--"],
        ] {
            assert_eq!(taken(given), (None, words(given)), "{given:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_told_and_no_command() {
        let guard = tempfile::tempdir().unwrap();
        let refused = |word: &str| taken_out(&words(&[word])).unwrap_err().message().to_owned();
        assert!(refused("renewed.CER").starts_with("cannot read renewed.CER"));
        assert!(refused("./none").starts_with("cannot read ./none"));
        assert!(refused(guard.path().to_str().unwrap()).ends_with("is a folder"));
    }
}
