//! Reading what OpenAS2 or mendelson keeps, with its keystore, and telling who runs it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::partnerships::{self, Partnership, Properties};
use super::{MOST, MovedFrom, OpenAs2Files, mendelson};
use crate::app::AppError;
use crate::app::certificates::{read_bytes, unreadable};
use crate::app::connection_file::read_text;
use crate::app::written::folder_of;
use crate::certificate::{Keystore, read_keystore};

/// What was found.
pub(super) struct Found {
    pub(super) from: MovedFrom,
    pub(super) partnerships: Vec<Partnership>,
    pub(super) keystore: Keystore,
    /// What the keystore is called.
    pub(super) place: String,
}

/// The partnerships and the keystore.
pub(super) fn read(files: &OpenAs2Files) -> Result<Found, AppError> {
    let path = &files.partnerships;
    let folder = folder_of(path);
    let text = read_text(path, MOST)?;
    if mendelson::is_export(&text) {
        let mendelson::Export { partnerships, password } =
            mendelson::read(&text).map_err(|error| error.in_file(path))?;
        let place = files.keystore.clone().unwrap_or_else(|| folder.join("certificates.p12"));
        return opened(MovedFrom::Mendelson, partnerships, place, files.password.clone().or(password));
    }
    let config = folder.join("config.xml");
    let properties = if config.is_file() {
        let text = read_text(&config, MOST)?;
        // What it names by `%home%` is found from wherever the program runs.
        let home = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        Properties::read(&text, &home.display().to_string()).map_err(|error| error.in_file(&config))?
    } else {
        Properties::default()
    };
    let partnerships = partnerships::read(&text, &properties).map_err(|error| error.in_file(path))?;
    let named = properties.get("as2_keystore").map(|named| folder.join(named));
    let place = files.keystore.clone().or(named).unwrap_or_else(|| folder.join("as2_certs.p12"));
    let password = files.password.clone().or_else(|| properties.get("as2_keystore_password").map(Zeroizing::new));
    opened(MovedFrom::OpenAs2, partnerships, place, password)
}

/// The same with the keystore opened.
fn opened(
    from: MovedFrom,
    partnerships: Vec<Partnership>,
    place: PathBuf,
    password: Option<Zeroizing<String>>,
) -> Result<Found, AppError> {
    let password = password.ok_or_else(|| {
        AppError::new(format!("the password of {} is not known", place.display())).hint(match from {
            MovedFrom::OpenAs2 => {
                "give it with --password-stdin; OpenAS2 has it in config.xml, as as2_keystore_password"
            }
            MovedFrom::Mendelson => {
                "give it with --password-stdin; mendelson has it in its preferences, under security"
            }
        })
    })?;
    let elsewhere = format!("say where the keystore of {} is with --keystore FILE", from.label());
    let bytes = Zeroizing::new(read_bytes(&place).map_err(|error| error.hint(elsewhere))?);
    let keystore = read_keystore(&bytes, &password).map_err(|error| unreadable(&error).in_file(&place))?;
    let called = place.file_name().map_or_else(|| "keystore".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Found { from, partnerships, keystore, place: called })
}

/// The AS2 identifiers of whoever runs the program: who sends, and has a private key in the keystore; of mendelson the local
/// station.
pub(super) fn ours<'a>(
    partnerships: &'a [Partnership],
    keystore: &Keystore,
    said: Option<&str>,
) -> Result<BTreeSet<&'a str>, AppError> {
    if let Some(said) = said {
        let found: BTreeSet<&str> = partnerships
            .iter()
            .map(|partnership| &partnership.sender)
            .filter(|sender| sender.name == said || sender.as2_id == said)
            .map(|sender| sender.as2_id.as_str())
            .collect();
        if found.is_empty() {
            return Err(AppError::new(format!("no partnership has `{said}` for its sender"))
                .hint("give a name or an as2_id as it stands in partnerships.xml; upper and lower case differ"));
        }
        return Ok(found);
    }
    if partnerships.iter().any(|partnership| partnership.from == MovedFrom::Mendelson) {
        let found: BTreeSet<&str> = partnerships.iter().map(|partnership| partnership.sender.as2_id.as_str()).collect();
        let mut names = found.iter();
        return match (names.next(), names.next()) {
            (Some(one), Some(other)) => Err(AppError::new(format!(
                "it has several local stations, such as `{one}` and `{other}`, and does not say which of them speaks with whom"
            ))
            .hint("take them over one after the other: say whose turn it is with --ours NAME")),
            _ => Ok(found),
        };
    }
    let has_key = |partnership: &&Partnership| {
        let alias = partnership.sender.alias.as_deref();
        alias.and_then(|alias| keystore.entry(alias)).is_some_and(|entry| entry.key.is_some())
    };
    let sends = |partnership: &&Partnership| partnership.url().is_some();
    let mut sending: Vec<&Partnership> = partnerships.iter().filter(sends).filter(has_key).collect();
    // A keystore for trying things out holds the partners' keys as well; then who has files picked up is ours.
    if sending.iter().any(|partnership| partnership.is_polled) {
        let polled: BTreeSet<&str> = sending
            .iter()
            .filter(|partnership| partnership.is_polled)
            .map(|partnership| partnership.sender.as2_id.as_str())
            .collect();
        sending.retain(|partnership| polled.contains(partnership.sender.as2_id.as_str()));
    }
    let found: BTreeSet<&str> = sending.iter().map(|partnership| partnership.sender.as2_id.as_str()).collect();
    let contradicts = sending.iter().find(|partnership| found.contains(partnership.receiver.as2_id.as_str()));
    if let Some(both) = contradicts {
        return Err(AppError::new(format!(
            "it does not show which of `{}` and `{}` is yours: both send, and the keystore has the keys of both",
            both.sender.name, both.receiver.name
        ))
        .hint("say it with --ours NAME"));
    }
    if found.is_empty() {
        return Err(AppError::new("no partnership with an as2_url has a sender whose private key is in the keystore")
            .hint("choose the keystore that OpenAS2 uses: as2_keystore in its config.xml"));
    }
    Ok(found)
}
