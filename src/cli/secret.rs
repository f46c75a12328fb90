//! Secrets that come from outside: the workspace's passphrase, and passwords on standard input.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::app::AppError;

/// The longest passphrase or password in bytes.
const LONGEST: usize = 4096;

/// The passphrase of the workspace, where the environment holds one: COUNTERSIGN_PASSPHRASE, else the first line of the
/// file that COUNTERSIGN_PASSPHRASE_FILE names.
///
/// # Errors
/// Where it is empty, no text or too long, or the file cannot be read.
pub(super) fn passphrase() -> Result<Option<Zeroizing<String>>, AppError> {
    choose(std::env::var_os("COUNTERSIGN_PASSPHRASE"), std::env::var_os("COUNTERSIGN_PASSPHRASE_FILE"))
}

fn choose(direct: Option<OsString>, file: Option<OsString>) -> Result<Option<Zeroizing<String>>, AppError> {
    let (found, variable) = if let Some(text) = direct {
        let text = text
            .into_string()
            .map_err(|_not_text| AppError::new("COUNTERSIGN_PASSPHRASE does not hold text in UTF-8"))?;
        (Zeroizing::new(text), "COUNTERSIGN_PASSPHRASE")
    } else if let Some(path) = file {
        let cannot = |reason: String| {
            AppError::new(format!("the passphrase cannot be read from {}: {reason}", path.display()))
                .hint("COUNTERSIGN_PASSPHRASE_FILE names a file whose first line is the passphrase")
        };
        let mut opened = std::fs::File::open(&path).map_err(|error| cannot(error.to_string()))?;
        (first_line(&mut opened).map_err(cannot)?, "the file that COUNTERSIGN_PASSPHRASE_FILE names")
    } else {
        return Ok(None);
    };
    if found.is_empty() {
        return Err(AppError::new(format!("the passphrase in {variable} is empty")).hint(
            "unset COUNTERSIGN_PASSPHRASE and COUNTERSIGN_PASSPHRASE_FILE for a workspace without a passphrase",
        ));
    }
    if found.len() > LONGEST {
        return Err(AppError::new(format!("the passphrase has more than {LONGEST} bytes")));
    }
    Ok(Some(found))
}

/// What is to be said where others can read the file from which the passphrase is taken. Descriptors and credentials that a
/// service manager passes on are its own affair.
pub(super) fn exposed_passphrase_file() -> Option<String> {
    let direct = std::env::var_os("COUNTERSIGN_PASSPHRASE");
    let file = std::env::var_os("COUNTERSIGN_PASSPHRASE_FILE").filter(|_| direct.is_none())?;
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
    exposed(Path::new(&file), credentials.as_deref().map(Path::new))
}

#[cfg(unix)]
fn exposed(file: &Path, credentials: Option<&Path>) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    if file.starts_with("/dev")
        || file.starts_with("/proc")
        || credentials.is_some_and(|folder| file.starts_with(folder))
    {
        return None;
    }
    let about = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    let mode = about.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let shown = file.display();
        format!("others can read the passphrase in {shown} (mode {mode:03o}); `chmod 600 {shown}` keeps it to you")
    })
}

#[cfg(not(unix))]
const fn exposed(_file: &Path, _credentials: Option<&Path>) -> Option<String> {
    None
}

/// A password from standard input: up to the first newline, or the end. An empty one is an empty password.
///
/// # Errors
/// Where it cannot be read, is no text or is too long.
pub(super) fn password_from_stdin() -> Result<Zeroizing<String>, AppError> {
    first_line(&mut io::stdin().lock())
        .map_err(|reason| AppError::new(format!("the password cannot be read from standard input: {reason}")))
}

/// The first line without its end. Nothing after it is taken from the reader.
fn first_line(reader: &mut impl Read) -> Result<Zeroizing<String>, String> {
    // As long as it can get, so that growing leaves no copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + 2));
    let mut byte = [0];
    loop {
        match reader.read(&mut byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() > LONGEST => return Err(format!("its first line has more than {LONGEST} bytes")),
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let text = std::str::from_utf8(&line).map_err(|_not_text| "it is not text in UTF-8".to_owned())?;
    if text.len() > LONGEST {
        return Err(format!("its first line has more than {LONGEST} bytes"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_ends_at_the_first_newline_or_the_end() {
        for (given, password) in
            [("secret\nrest", "secret"), ("secret\r\n", "secret"), ("sec ret", "sec ret"), ("", ""), ("\nx", "")]
        {
            assert_eq!(first_line(&mut given.as_bytes()).unwrap().as_str(), password, "{given:?}");
        }
        assert!(first_line(&mut [0xff, b'\n'].as_slice()).is_err());
        assert!(first_line(&mut io::repeat(b'x')).is_err());
        assert!(first_line(&mut "x".repeat(LONGEST).as_bytes()).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_passphrase_file_that_others_can_read_is_told_but_not_one_that_a_service_manager_passes_on() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        std::fs::write(&file, "correct horse\n").unwrap();
        let set = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o600);
        assert_eq!(exposed(&file, None), None);
        set(0o640);
        assert!(exposed(&file, None).unwrap().contains("(mode 640); `chmod 600"));
        assert_eq!(exposed(&file, Some(folder.path())), None);
        assert_eq!(exposed(Path::new("/dev/fd/0"), None), None);
        assert_eq!(exposed(&folder.path().join("absent"), None), None);
    }

    #[test]
    fn the_passphrase_itself_goes_before_the_file_and_neither_may_be_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        std::fs::write(&file, "from the file\nnot this\n").unwrap();
        let path = || Some(file.clone().into_os_string());
        assert!(choose(None, None).unwrap().is_none());
        assert_eq!(choose(Some("direct".into()), path()).unwrap().unwrap().as_str(), "direct");
        assert_eq!(choose(None, path()).unwrap().unwrap().as_str(), "from the file");
        assert!(choose(Some("".into()), None).is_err());
        std::fs::write(&file, "\n").unwrap();
        assert!(choose(None, path()).is_err());
        assert!(choose(None, Some(folder.path().join("absent").into_os_string())).is_err());
    }
}
