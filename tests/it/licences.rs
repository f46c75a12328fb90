//! The licences of what the program is made from: of all of it, and nothing that does not belong there.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign")).arg("licences").args(arguments).output().unwrap()
}

/// The crates of a lock file by name and version, but for our own.
fn locked() -> BTreeSet<(String, String)> {
    let lock: toml::Table = include_str!("../../Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let others = packages.iter().filter(|package| package.get("source").is_some());
    let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    others.map(|package| (text(package, "name"), text(package, "version"))).collect()
}

#[test]
fn every_crate_is_there_with_the_version_that_is_used() {
    let listed: Value = serde_json::from_slice(&run(&["--json"]).stdout).unwrap();
    let listed = listed["licences"].as_array().unwrap();
    let word = |part: &Value, key: &str| part[key].as_str().unwrap().to_owned();
    let (crates, others): (Vec<_>, Vec<_>) =
        listed.iter().map(|part| (word(part, "name"), word(part, "version"))).partition(|(_, version)| version != "-");
    let crates: BTreeSet<_> = crates.into_iter().collect();
    let locked = locked();
    let missing: Vec<_> = locked.difference(&crates).collect();
    let stale: Vec<_> = crates.difference(&locked).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "run .ci/licences: missing {missing:?}, not used any more {stale:?}"
    );
    let others: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(others, ["Inter (font)", "JetBrains Mono (font)", "Lucide (icons)", "The standard library of Rust"]);
    for part in listed {
        assert!(part["text"].as_str().unwrap().len() > 400, "{part}");
        assert!(!word(part, "licence").is_empty(), "{part}");
    }
}

#[test]
fn all_of_it_is_one_text_that_says_nothing_of_where_it_was_written() {
    let all = String::from_utf8(run(&[]).stdout).unwrap();
    assert_eq!(all, include_str!("../../assets/licences.txt"));
    for word in ["crates.io-", "index.crates", "registry/src", "/home/", "/root/", "/work/", "\\Users\\"] {
        assert!(!all.contains(word), "{word}");
    }
    let one = String::from_utf8(run(&["egui"]).stdout).unwrap();
    assert!(one.starts_with("egui ") && one.contains("Permission is hereby granted"), "{one}");
    let unknown = run(&["no-such-part"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no part of the program is called `no-such-part`"));
}

#[test]
fn what_it_may_be_made_from_is_said_once_and_held_without_any_tool() {
    let rules: toml::Table = include_str!("../../.deny.toml").parse().unwrap();
    let words = |list: &toml::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    // The licences are those that are chosen from where the texts are gathered.
    let script = include_str!("../../.ci/licences");
    let choice = script.split_once("\nCHOICE = [").unwrap().1.split_once(']').unwrap().0;
    let choice: Vec<&str> = choice.split('"').skip(1).step_by(2).collect();
    assert_eq!(words(&rules["licenses"]["allow"]), choice);
    let banned: Vec<&str> =
        rules["bans"]["deny"].as_array().unwrap().iter().map(|each| each["crate"].as_str().unwrap()).collect();
    for name in ["openssl", "native-tls", "rsa"] {
        assert!(banned.contains(&name), "{name}");
    }
    let lock: toml::Table = include_str!("../../Cargo.lock").parse().unwrap();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(&name), "{name} is in Cargo.lock");
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        assert!(package.get("source").is_none_or(|source| source.as_str() == Some(registry)), "{package}");
    }
    assert_eq!(rules["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert_eq!(rules["sources"]["unknown-git"].as_str(), Some("deny"));
}
