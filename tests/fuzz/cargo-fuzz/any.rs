//! Whichever target has the name of this program.
#![no_main]
#![expect(clippy::unwrap_used, reason = "a target fails by panicking")]

use std::path::Path;
use std::sync::LazyLock;

#[path = "../targets.rs"]
mod targets;

static TARGET: LazyLock<targets::Target> = LazyLock::new(|| {
    let program = std::env::args().next().unwrap();
    let name = Path::new(&program).file_stem().unwrap().to_str().unwrap();
    targets::TARGETS.into_iter().find(|(known, _)| *known == name).map(|(_, target)| target).unwrap()
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| drop(TARGET(data)));
