//! What the engine does in a second, beside what the processor could do. `cargo bench --bench engine` prints it all in one
//! run: the bare algorithms, building and opening one large message, `send` to `serve` over loopback, small messages, the
//! memory that each takes, and the same work by OpenSSL and pyas2lib where they are at hand. Nothing is held, because the
//! figures are the machine's.
//!
//! `COUNTERSIGN_BENCH_MIB` is the size of the large message (1024), `COUNTERSIGN_BENCH_ROUNDS` how often each is measured
//! (3; the best counts), `COUNTERSIGN_BENCH_DISK` a folder on the disk to measure (the build's own),
//! `COUNTERSIGN_BENCH_PYTHON` a Python with pyas2lib (that of `tests/interop/setup.sh`, where it was made). Words on the
//! command line choose sections: `engine`, `small`, `program`, `disk`, `foreign`.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod foreign;
mod measure;
mod message;
mod processor;
mod program;

use std::path::{Path, PathBuf};

use measure::{Figure, child, mib, rounds};
use message::{CBC, GCM};

/// The engine's large messages, each case in a process of its own: its memory is its own.
fn engine(memory: &Path) -> f64 {
    let size = mib() << 20;
    let file = |name: &str| memory.join(name).to_string_lossy().into_owned();
    let (payload, message, ten) = (file("payload"), file("message"), file("message-of-10-mib"));
    let in_gcm = file("message-in-gcm");
    processor::write_payload(Path::new(&payload), size);
    child(&["make", CBC, &message, &size.to_string()]);
    child(&["make", CBC, &ten, &(10_u64 << 20).to_string()]);
    child(&["make", GCM, &in_gcm, &size.to_string()]);
    let size = size.to_string();
    let cases: [(&str, &[&str]); 10] = [
        ("SHA-256 alone", &["sha256", &size]),
        ("AES-128-CBC alone", &["aes128cbc", &size]),
        ("both on two threads: the limit", &["limit", &size]),
        ("build, signed and encrypted", &["build", CBC, &size]),
        ("  10 MiB", &["build", CBC, "10485760"]),
        ("  from a file in memory", &["build-file", &payload]),
        ("  in AES-128-GCM", &["build", GCM, &size]),
        ("open", &["open", &message]),
        ("  10 MiB", &["open", &ten]),
        ("  in AES-128-GCM", &["open", &in_gcm]),
    ];
    // Taken in turns, so that what disturbs one disturbs all.
    let mut best: Vec<Figure> = Vec::new();
    for round in 0..rounds() {
        for (index, (_, arguments)) in cases.iter().enumerate() {
            let figure = child(arguments);
            if round == 0 {
                best.push(figure);
            } else {
                best[index] = best[index].better(&figure);
            }
        }
    }
    let limit = best[2].rate();
    println!("One message of {} MiB, AES-128-CBC and SHA-256, into a sink", mib());
    for ((name, _), figure) in cases.iter().zip(&best) {
        println!("  {name:<34}{}", figure.line(Some(limit)));
    }
    for name in [&payload, &message, &ten, &in_gcm] {
        std::fs::remove_file(name).unwrap();
    }
    limit
}

fn small() {
    let mut best = [0.0_f64; 4];
    for _ in 0..rounds() {
        let now = [
            child(&["rsa", "1"]).per_second(),
            child(&["small", "1"]).per_second(),
            child(&["rsa", "2"]).per_second(),
            child(&["small", "2"]).per_second(),
        ];
        for (best, now) in best.iter_mut().zip(now) {
            *best = best.max(now);
        }
    }
    let [rsa, messages, rsa_both, messages_both] = best;
    println!("Messages of 4 KiB, signed (RSA-2048) and encrypted, building only");
    println!("  RSA-2048 signatures, one thread   {rsa:8.0} /s");
    println!("  messages, one thread              {messages:8.0} /s   {:.2} of the signatures", messages / rsa);
    println!("  RSA-2048 signatures, two threads  {rsa_both:8.0} /s");
    println!("  messages, two threads             {messages_both:8.0} /s   {:.2}", messages_both / rsa_both);
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == measure::CASE) {
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        return message::case(&arguments);
    }
    let wanted = |section: &str| words.is_empty() || words.iter().any(|word| word == section);
    let memory = tempfile::tempdir_in(memory_folder()).unwrap();
    let mut limit = None;
    if wanted("engine") || wanted("program") || wanted("disk") {
        limit = Some(engine(memory.path()));
    }
    if wanted("small") {
        small();
    }
    if wanted("program") {
        println!("`send` to `serve` over loopback, workspaces in memory");
        program::in_memory(memory.path(), limit);
    }
    if wanted("disk") {
        let disk = tempfile::tempdir_in(disk_folder()).unwrap();
        println!("`send` to `serve` over loopback, workspaces on disk");
        program::on_disk(disk.path());
    }
    if wanted("foreign") {
        println!("The same work by others");
        foreign::print(memory.path());
    }
}

/// A file system in memory, where there is one.
fn memory_folder() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

fn disk_folder() -> PathBuf {
    std::env::var_os("COUNTERSIGN_BENCH_DISK").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from)
}
