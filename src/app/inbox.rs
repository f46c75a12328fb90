//! Where a received payload is put, and under which name.

use std::path::{Path, PathBuf};

use super::AppError;
use crate::as2::{Opened, filename};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Headers, Transmission};
use crate::store::Archive;

/// The longest file name in characters.
const LONGEST: usize = 120;

/// The name of a received file: the innermost name, else the outer one unless it is that of the envelope, else the
/// Message-ID; made safe.
pub(super) fn file_name(opened: &Opened, headers: &Headers, message_id: &str) -> String {
    let outer = filename(headers).filter(|name| !name.eq_ignore_ascii_case("smime.p7m"));
    [opened.filename(), outer, Some(message_id.to_owned())]
        .into_iter()
        .flatten()
        .find_map(|name| safe(&name))
        .unwrap_or_else(|| "message".to_owned())
}

/// A name that is a name everywhere: the last component of a path, without characters that any file system refuses,
/// without a leading dot, and none of the names that Windows keeps for devices. Nothing where nothing is left.
fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mapped: String = last
        .chars()
        .filter(|character| {
            !character.is_control() && !"\u{202a}\u{202b}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}".contains(*character)
        })
        .map(|character| if "<>:\"|?*".contains(character) { '_' } else { character })
        .collect();
    let trimmed = shortened(mapped.trim().trim_start_matches('.').trim_end_matches(['.', ' ']));
    if trimmed.is_empty() || trimmed.chars().all(|character| character == '_') {
        return None;
    }
    let stem = trimmed.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    Some(if device { format!("_{trimmed}") } else { trimmed })
}

/// At most so many characters as a name has, its extension kept.
fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| format!(".{extension}")).unwrap_or_default();
    let kept = extension.chars().count();
    if kept > 16 {
        return name.chars().take(LONGEST).collect();
    }
    name.chars().take(LONGEST - kept).chain(extension.chars()).collect()
}

/// The folder of the inbox that a profile's payloads are put into.
pub(super) fn folder(inbox: &Path, connection: &ConnectionId, profile: ProfileKind) -> PathBuf {
    inbox.join(connection.as_str()).join(profile.as_str())
}

/// Whether the payload of a message was put into its inbox, as far as the journal and the inbox tell: it was to be, and
/// what lay ready for it lies there no more. What got its name may have been taken away since. Where the whole folder is
/// gone nobody can say, and it counts as not delivered: better twice than not at all.
///
/// # Errors
/// Where the inbox cannot be looked into.
pub(super) fn was_placed(transmission: &Transmission, inbox: Option<&Path>) -> Result<bool, AppError> {
    let Some(ready) = ready_path(transmission, inbox) else { return Ok(false) };
    let there = |path: &Path| {
        path.try_exists()
            .map_err(|error| AppError::new(format!("cannot look whether {} is there: {error}", path.display())))
    };
    Ok(!there(&ready)? && there(ready.parent().unwrap_or(Path::new(".")))?)
}

/// Where the payload of a message lies, or lay, ready in its inbox; nothing where it was never to be delivered. `inbox` is
/// the present one.
pub(super) fn ready_path(transmission: &Transmission, inbox: Option<&Path>) -> Option<PathBuf> {
    let delivery = transmission.delivery.as_ref()?;
    // What the journal says is text; a folder's name need not be.
    let present = inbox.filter(|inbox| inbox.to_string_lossy() == delivery.inbox);
    let inbox = present.unwrap_or(Path::new(&delivery.inbox));
    let folder = match delivery.own {
        true => inbox.to_owned(),
        false => folder(inbox, transmission.connection.as_ref()?, transmission.profile?),
    };
    Some(Archive::ready_path(transmission.id, &folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder_or_hide() {
        for (given, expected) in [
            ("po.edi", Some("po.edi")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\orders\\po.edi", Some("po.edi")),
            (".bashrc", Some("bashrc")),
            ("a<b>:c?.edi", Some("a_b__c_.edi")),
            ("<1@host>", Some("_1@host_")),
            ("CON.txt", Some("_CON.txt")),
            ("a\u{202e}b\u{0}.edi", Some("ab.edi")),
            ("..", None),
            ("/", None),
            ("", None),
            ("größe 1.edi", Some("größe 1.edi")),
        ] {
            assert_eq!(safe(given).as_deref(), expected, "{given}");
        }
        assert_eq!(safe(&"x".repeat(500)).map(|name| name.len()), Some(LONGEST));
        let long = safe(&format!("{}.edi", "x".repeat(500))).unwrap();
        assert!(long.len() == LONGEST && long.ends_with("x.edi"));
    }
}
