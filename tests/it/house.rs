//! The house's rules: imports run downwards only, and one room owns each heavy crate.

use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms that it may use (src/lib.rs).
const ROOMS: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("certificate", &["domain"]),
    ("as2", &["domain", "certificate"]),
    ("transport", &["domain"]),
    ("store", &["domain"]),
    ("app", &["domain", "certificate", "as2", "transport", "store"]),
    ("ui", &["domain", "app"]),
    ("cli", &["domain", "app"]),
];

/// A crate and the rooms that may name it.
const OWNERS: [(&str, &[&str]); 40] = [
    ("aws_lc_rs", &["as2", "certificate", "store"]),
    ("aws_lc_sys", &["certificate"]),
    ("csv", &["domain", "app"]),
    ("cms", &["as2", "certificate"]),
    ("der", &["as2", "certificate"]),
    ("ghash", &["as2"]),
    ("x509_parser", &["certificate"]),
    ("x509_cert", &["certificate"]),
    ("p12_keystore", &["certificate"]),
    ("zip", &["certificate", "app"]),
    ("mail_parser", &["as2", "certificate"]),
    ("roxmltree", &["app"]),
    ("whoami", &["app"]),
    ("flate2", &["as2"]),
    ("quoted_printable", &["as2"]),
    ("rcgen", &["certificate"]),
    ("time", &["certificate"]),
    ("reqwest", &["transport"]),
    ("hyper", &["transport"]),
    ("hyper_util", &["transport"]),
    ("rustls", &["transport"]),
    ("rustix", &["app", "transport", "store"]),
    ("lettre", &["transport"]),
    ("sqlx", &["store"]),
    ("directories", &["store"]),
    ("argon2", &["store"]),
    ("tokio", &["app", "transport", "store"]),
    ("notify_rust", &["app"]),
    ("clap", &["cli"]),
    ("egui", &["ui"]),
    ("eframe", &["ui"]),
    ("egui_plot", &["ui"]),
    ("egui_table", &["ui"]),
    ("lucide_icons", &["ui"]),
    ("rfd", &["ui"]),
    ("winit", &["ui"]),
    ("keyring_core", &["store"]),
    ("zbus_secret_service_keyring_store", &["store"]),
    ("apple_native_keyring_store", &["store"]),
    ("windows_native_keyring_store", &["store"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Code without comments and string contents are not told apart further: a rule is broken by naming a room or a crate.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// What breaks the rules in one line of a room.
fn offences(room: &str, line: &str) -> Vec<String> {
    let line = code(line);
    let (_, allowed) = ROOMS.iter().find(|(name, _)| *name == room).unwrap();
    let mut found = Vec::new();
    for (other, _) in ROOMS {
        let named = [
            format!("crate::{other}::"),
            format!("crate::{other};"),
            format!("crate::{other} "),
            format!("crate::{{{other}"),
        ];
        if other != room && !allowed.contains(&other) && named.iter().any(|path| line.contains(path.as_str())) {
            found.push(format!("{room} names {other}"));
        }
    }
    for (library, owners) in OWNERS {
        let named = line.match_indices(&format!("{library}::")).any(|(at, _)| {
            !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
        });
        if named && !owners.contains(&room) {
            found.push(format!("{room} names the crate {library}"));
        }
    }
    found
}

#[test]
fn imports_run_downwards_and_crates_stay_in_their_rooms() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&source, &mut files);
    let mut broken = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&source).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        if room.ends_with(".rs") {
            continue;
        }
        assert!(ROOMS.iter().any(|(name, _)| *name == room), "{room} is a room that src/lib.rs does not know");
        // What a room's own tests need is not part of the house.
        if inside.file_name().is_some_and(|name| name == "tests.rs" || name == "testing.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            for offence in offences(&room, line) {
                broken.push(format!("{}:{}: {offence}", inside.display(), number + 1));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn a_broken_rule_is_noticed() {
    assert_eq!(offences("as2", "use crate::store::Workspace;"), ["as2 names store"]);
    assert_eq!(offences("cli", "use crate::transport::{self, Trust};"), ["cli names transport"]);
    assert_eq!(offences("domain", "use crate::app::App;"), ["domain names app"]);
    assert_eq!(offences("app", "    sqlx::query(\"\")"), ["app names the crate sqlx"]);
    assert_eq!(offences("ui", "let key = aws_lc_rs::rand::fill(&mut key);"), ["ui names the crate aws_lc_rs"]);
    assert!(offences("app", "use crate::store::Workspace; // not crate::ui::View").is_empty());
    assert!(offences("certificate", "use x509_parser::time::ASN1Time;").is_empty());
}

#[test]
fn the_map_names_every_room() {
    let map = include_str!("../../src/lib.rs");
    for (room, _) in ROOMS {
        assert!(map.contains(&format!("`{room}`")), "src/lib.rs does not speak of {room}");
    }
}
