//! What is wrong with a command line, in the form in which everything else that is wrong is told.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::arguments::Arguments;
use crate::app::AppError;
use crate::domain::certificate::FingerprintError;
use crate::domain::confirmation::StatedFingerprintError;
use crate::domain::identifier::IdentifierError;
use crate::domain::instant::InstantError;

/// Whether `--json` is among the arguments, before they can be read.
pub(super) fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().skip(1).take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

/// The reader's error as one line; what to do about the value that is wrong, its tip or its usage as the hint.
pub(super) fn in_words(error: &clap::Error, arguments: &[OsString]) -> AppError {
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
    let help = help(arguments);
    if let Some(hint) = of_value(error, &help) {
        hints = vec![hint];
    }
    if hints.is_empty() {
        hints.push(help);
    }
    AppError::new(message).hint(hints.join("; "))
}

/// What to do about a value that could not be read.
fn of_value(error: &clap::Error, help: &str) -> Option<String> {
    let source = std::error::Error::source(error)?;
    if let Some(instant) = source.downcast_ref::<InstantError>() {
        return Some(instant.hint());
    }
    let whole =
        "give it whole, as `countersign certificate list` or the partner shows it; colons and spaces do not matter";
    if source.is::<StatedFingerprintError>() || source.is::<FingerprintError>() {
        return Some(whole.to_owned());
    }
    // What is to be made has a name that is in no list yet.
    if help.contains(" create ") {
        return None;
    }
    let named = match source.downcast_ref::<IdentifierError>()?.what()? {
        "the connection's id" => "`countersign connection list` shows the ids",
        "the identity's name" => "`countersign identity list` shows the names",
        "the policy's id" => "`countersign policy list` shows the ids",
        _ => return None,
    };
    Some(named.to_owned())
}

/// Where the words that were given are explained: at the command that they name, as far as they name one.
fn help(arguments: &[OsString]) -> String {
    let mut command = &Arguments::command();
    let mut path = String::from("countersign");
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        let Some(inner) = command.find_subcommand(word) else { continue };
        path.push_str(&format!(" {}", inner.get_name()));
        command = inner;
    }
    if command.has_subcommands() {
        format!("`{path} --help` shows the commands")
    } else {
        format!("`{path} --help` shows what it takes")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn refused(words: &[&str]) -> AppError {
        let error = Arguments::try_parse_from(std::iter::once(&"countersign").chain(words)).unwrap_err();
        assert!(error.use_stderr(), "{words:?}");
        let arguments: Vec<OsString> = std::iter::once(&"countersign").chain(words).map(OsString::from).collect();
        in_words(&error, &arguments)
    }

    #[test]
    fn a_value_that_cannot_be_read_comes_with_what_to_do_about_it() {
        let told = |words: &[&str]| refused(words).what_to_do().unwrap_or_default().to_owned();
        let at = |at: &str| told(&["check", "--at", at]);
        assert!(at("tomorrow").contains("2026-11-28T09:00[Europe/Berlin]"), "{}", at("tomorrow"));
        assert_eq!(
            at("2026-11-28T09:00"),
            "write its zone behind it, in quotes: \"2026-11-28T09:00[Europe/Berlin]\", or in UTC 2026-11-28T09:00Z"
        );
        assert!(at("2026-11-28T09:00[Europe/Berln]").starts_with("did you mean Europe/Berlin"));
        assert!(at("2026-11-28T09:00[Nowhere]").starts_with("zones are named by a region and a city"));
        assert_eq!(at("2027-03-28T02:30[Europe/Berlin]"), "name a time before or after that hour");
        for command in [&["certificate", "confirm", "8B:07:…:5D"][..], &["certificate", "remove", "8B07:5D"]] {
            assert!(told(command).starts_with("give it whole, as `countersign certificate list`"), "{command:?}");
        }
        assert_eq!(told(&["connection", "show", "Not An Id"]), "`countersign connection list` shows the ids");
        assert_eq!(
            told(&["identity", "create", "ACME: new"]),
            "`countersign identity create --help` shows what it takes"
        );
        assert_eq!(told(&["policy", "show", "Not An Id"]), "`countersign policy list` shows the ids");
        assert_eq!(
            told(&["--json", "rollover", "show", "first"]),
            "`countersign rollover show --help` shows what it takes"
        );
    }

    #[test]
    fn a_wrong_command_line_is_told_on_one_line_with_its_usage() {
        let missing = refused(&["connection", "show"]);
        assert_eq!(missing.message(), "the following required arguments were not provided: <ID>");
        assert!(missing.what_to_do().unwrap().contains("usage: countersign connection show"), "{missing:?}");

        let value = refused(&["connection", "show", "Not An Id"]);
        assert!(value.message().starts_with("invalid value 'Not An Id' for '<ID>'"), "{value:?}");
        assert!(!value.message().contains('\n') && !value.message().contains("Usage"), "{value:?}");
        let size = refused(&["transmission", "list", "--min-bytes", "many"]);
        assert!(
            size.what_to_do().unwrap().contains("`countersign transmission list --help` shows what it takes"),
            "{size:?}"
        );

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
