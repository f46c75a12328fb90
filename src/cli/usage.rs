//! What is wrong with a command line, in the form in which everything else that is wrong is told.

use std::ffi::OsString;

use crate::app::AppError;

/// Whether `--json` is among the arguments, before they can be read.
pub(super) fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().skip(1).take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

/// The reader's error as one line, its tip and its usage as the hint.
pub(super) fn in_words(error: &clap::Error) -> AppError {
    let rendered = error.to_string();
    let mut message = String::new();
    let mut hints = Vec::new();
    for paragraph in rendered.split("\n\n") {
        let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(usage) = paragraph.strip_prefix("Usage: ") {
            hints.push(format!("usage: {usage}"));
        } else if let Some(tip) = paragraph.strip_prefix("tip: ") {
            hints.push(tip.to_owned());
        } else if message.is_empty() {
            message = paragraph.strip_prefix("error: ").unwrap_or(&paragraph).to_owned();
        }
    }
    if hints.is_empty() && error.kind() == clap::error::ErrorKind::ValueValidation {
        // The message says what is taken.
        hints.push("the same command with --help says what it takes".to_owned());
    } else if hints.is_empty() {
        hints.push("`countersign --help` shows the commands".to_owned());
    }
    AppError::new(message).hint(hints.join("; "))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::arguments::Arguments;

    fn refused(words: &[&str]) -> AppError {
        let error = Arguments::try_parse_from(std::iter::once(&"countersign").chain(words)).unwrap_err();
        assert!(error.use_stderr(), "{words:?}");
        in_words(&error)
    }

    #[test]
    fn a_wrong_command_line_is_told_on_one_line_with_its_usage() {
        let missing = refused(&["connection", "show"]);
        assert_eq!(missing.message(), "the following required arguments were not provided: <ID>");
        assert!(missing.what_to_do().unwrap().contains("usage: countersign connection show"), "{missing:?}");

        let value = refused(&["connection", "show", "Not An Id"]);
        assert!(value.message().starts_with("invalid value 'Not An Id' for '<ID>'"), "{value:?}");
        assert!(!value.message().contains('\n') && !value.message().contains("Usage"), "{value:?}");

        let unknown = refused(&["chekc"]);
        assert!(unknown.message().contains("chekc"), "{unknown:?}");
        assert!(unknown.what_to_do().unwrap().contains("check"), "{unknown:?}");

        let nothing = refused(&["connection"]);
        assert!(nothing.message().contains("requires a subcommand"), "{nothing:?}");
    }

    #[test]
    fn json_is_seen_even_where_the_rest_cannot_be_read() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words(&["countersign", "chekc", "--json"])));
        assert!(!wants_json(&words(&["--json"])));
        assert!(!wants_json(&words(&["countersign", "send", "--", "--json"])));
    }
}
