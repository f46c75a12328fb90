//! The same work by OpenSSL's command and by pyas2lib, where they are at hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::measure::mib;
use super::processor::write_payload;

/// They hold a message in memory several times over, so they get a smaller one.
fn foreign_mib() -> u64 {
    mib().min(64)
}

fn tell(name: &str, seconds: f64) {
    let rate = (foreign_mib() << 20) as f64 / seconds / 1e6;
    println!("  {name:<34}{rate:8.0} MB/s   ({} MiB)", foreign_mib());
}

pub(crate) fn print(folder: &Path) {
    write_payload(&folder.join("payload"), foreign_mib() << 20);
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", "/CN=bench"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("  there is no `openssl` on this machine");
        return;
    }
    // With the content inside the signature: the detached form is rewritten line by line on the way.
    shell(
        folder,
        "openssl cms, sign | encrypt",
        "openssl cms -sign -binary -nodetach -stream -md sha256 -outform DER -signer certificate.pem -inkey key.pem \
         -in payload | openssl cms -encrypt -binary -stream -aes-128-cbc -outform DER -out message certificate.pem",
    );
    shell(
        folder,
        "openssl cms, decrypt | verify",
        "openssl cms -decrypt -binary -inform DER -recip certificate.pem -inkey key.pem -in message \
         | openssl cms -verify -binary -inform DER -CAfile certificate.pem -purpose any -out /dev/null",
    );
    let Some(python) = python() else {
        println!("  there is no pyas2lib on this machine; tests/interop/setup.sh makes it");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/engine/pyas2lib_speed.py");
    let both = [folder.join("key.pem"), folder.join("certificate.pem")].map(|path| std::fs::read(path).unwrap());
    std::fs::write(folder.join("both.pem"), both.concat()).unwrap();
    let output = Command::new(python).arg(script).current_dir(folder).stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds: Vec<f64> = text.split_whitespace().map(|field| field.parse().unwrap()).collect();
    let [build, open, memory] = seconds[..] else { panic!("pyas2lib could not do it: {text}") };
    tell("pyas2lib, build", build);
    tell("pyas2lib, open", open);
    println!("  {:<34}{memory:8.0} MiB in all", "pyas2lib, memory");
}

fn shell(folder: &Path, name: &str, line: &str) {
    let begun = Instant::now();
    let done = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    if done.status.success() {
        tell(name, seconds);
    } else {
        println!("  {name} failed: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
}

fn python() -> Option<PathBuf> {
    let named = std::env::var_os("COUNTERSIGN_BENCH_PYTHON").map(PathBuf::from);
    let made = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/countersign-interop/bin/python"));
    named.or_else(made).filter(|python| python.exists())
}
