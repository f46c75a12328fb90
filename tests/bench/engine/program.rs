//! The program itself, two of it: one sends, the other receives, over loopback.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::measure::{Figure, memory, mib, rounds};
use super::processor::{noise, write_payload};

/// How often the bytes of a message are written: the sender's copy of the payload, the message it built; the message as
/// it was received, the payload that came out.
const WRITTEN: usize = 4;

fn program(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_WORKSPACE", workspace);
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(workspace: &Path, arguments: &[&str]) {
    let output = program(workspace, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Two workspaces that know each other.
struct Pair(PathBuf);

/// What one message took.
struct Sent {
    /// Until the sender told what became of the message.
    seconds: f64,
    /// Until the sender had ended: what is kept of a large message is digested and cut once its outcome was told.
    ended: f64,
    /// The most memory of the sender, all of it, and of the receiver, above what it held before; in MiB.
    sender: Option<f64>,
    receiver: Option<f64>,
    /// How long the stages took.
    stages: String,
}

impl Pair {
    fn new(folder: &Path) -> Self {
        let pair = Self(folder.to_owned());
        for (workspace, name) in [("ours", "acme"), ("theirs", "part")] {
            run(&pair.path(workspace), &["identity", "create", name]);
            let pem = pair.path(&format!("{name}.pem"));
            run(&pair.path(workspace), &["identity", "export", name, "-o", pem.to_str().unwrap()]);
        }
        for (workspace, us, them) in [("ours", "acme", "part"), ("theirs", "part", "acme")] {
            let file = pair.path(&format!("{workspace}.toml"));
            let connection = format!(
                "id = \"{them}\"\nname = \"{them}\"\n[production]\nour_as2_id = \"{us}\"\npartner_as2_id = \"{them}\"\n\
                 url = \"http://127.0.0.1:9/as2\"\nidentity = \"{us}\"\npartner_certificates = [\"{them}.pem\"]\n\
                 encryption = \"aes128-cbc\"\nsigning = \"sha256\"\ntimeout_seconds = 600\n"
            );
            std::fs::write(&file, connection).unwrap();
            run(&pair.path(workspace), &["connection", "add", file.to_str().unwrap()]);
        }
        pair
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Has the system hold as much memory as a message will need, and gives it back: where this machine is a virtual one,
    /// memory that it has given back to its host comes again at a tenth of the speed, which says nothing about the program.
    fn warm(&self, bytes: u64) {
        let (path, chunk) = (self.path("warm"), noise(1 << 20));
        let mut file = std::fs::File::create(&path).unwrap();
        for _ in 0..(bytes * (WRITTEN as u64 + 1)) >> 20 {
            file.write_all(&chunk).unwrap();
        }
        drop(file);
        std::fs::remove_file(path).unwrap();
    }

    /// Sends one message to a listener that was just started, and forgets what was kept of it.
    fn send(&self, payload: &Path) -> Sent {
        let inbox = self.path("inbox");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--inbox", inbox.to_str().unwrap()];
        let mut served = Running(program(&self.path("theirs"), &arguments).stderr(Stdio::null()).spawn().unwrap());
        let mut first = String::new();
        BufReader::new(served.0.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let url = first.trim_end().strip_prefix("listening on ").unwrap();
        run(&self.path("ours"), &["connection", "set", "part", "production", &format!("url={url}")]);
        let receiver = served.0.id().to_string();
        let before = memory(&receiver, "VmRSS");

        let words = ["send", payload.to_str().unwrap(), "--connection", "part", "--profile", "production", "--json"];
        let begun = Instant::now();
        let mut sender = Running(program(&self.path("ours"), &words).spawn().unwrap());
        let process = sender.0.id().to_string();
        let answer = sender.0.stdout.take().unwrap();
        let told = std::thread::Builder::new()
            .name("answer".to_owned())
            .spawn(move || {
                let mut said = String::new();
                // One document on one line.
                BufReader::new(answer).read_line(&mut said).unwrap();
                (said, begun.elapsed().as_secs_f64())
            })
            .unwrap();
        let mut most = None;
        // Its memory is gone when it has ended, so it is looked at until then.
        let status = loop {
            most = memory(&process, "VmHWM").or(most);
            if let Some(status) = sender.0.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let ended = begun.elapsed().as_secs_f64();
        let (said, seconds) = told.join().unwrap();
        assert!(status.success(), "the message was not delivered: {said}");
        let stages = stages(&said);
        let above = before.zip(memory(&receiver, "VmHWM")).map(|(before, most)| (most - before).max(0.0));
        // Told to stop, it finishes what it is about.
        Command::new("kill").args(["-TERM", &receiver]).status().unwrap();
        served.0.wait().unwrap();
        for kept in ["ours/archive", "theirs/archive", "inbox"] {
            std::fs::remove_dir_all(self.path(kept)).ok();
        }
        Sent { seconds, ended, sender: most, receiver: above, stages }
    }
}

/// The stages of an answer that took any time.
fn stages(answer: &str) -> String {
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    let took = answer["stages"].as_array().unwrap().iter().filter_map(|stage| {
        let ms = stage["ms"].as_u64().filter(|ms| *ms > 0)?;
        Some(format!("{} {ms} ms", stage["stage"].as_str()?))
    });
    took.collect::<Vec<_>>().join(", ")
}

/// Ends with the measurement, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn best(pair: &Pair, payload: &Path) -> Sent {
    let mut best: Option<Sent> = None;
    for _ in 0..rounds() {
        pair.warm(std::fs::metadata(payload).unwrap().len());
        let sent = pair.send(payload);
        let larger = |one: Option<f64>, other: Option<f64>| one.zip(other).map(|(one, other)| one.max(other));
        best = Some(match best {
            None => sent,
            Some(best) => Sent {
                seconds: best.seconds.min(sent.seconds),
                ended: best.ended.min(sent.ended),
                sender: larger(best.sender, sent.sender),
                receiver: larger(best.receiver, sent.receiver),
                stages: if sent.seconds < best.seconds { sent.stages } else { best.stages },
            },
        });
    }
    best.unwrap()
}

fn tell(name: &str, length: u64, sent: &Sent, idle: &Sent, limit: Option<f64>) {
    let above = sent.sender.zip(idle.sender).map(|(most, idle)| (most - idle).max(0.0));
    let receiver = sent.receiver.map(|receiver| format!(", receiver {receiver:.1}")).unwrap_or_default();
    let figure = Figure { amount: length as f64, seconds: sent.seconds, memory: above };
    println!("  {name:<34}{} (sender{receiver})", figure.line(limit));
    println!("  {:<34}  {}; told after {:.2} s, ended after {:.2} s", "", sent.stages, sent.seconds, sent.ended);
}

pub(crate) fn in_memory(folder: &Path, limit: Option<f64>) {
    let (pair, payload) = (Pair::new(folder), folder.join("order.edi"));
    write_payload(&payload, 4096);
    let idle = best(&pair, &payload);
    println!("  {:<34}{:8.0} ms", "4 KiB", idle.seconds * 1000.0);
    for length in [10, mib()] {
        write_payload(&payload, length << 20);
        tell(&format!("{length} MiB"), length << 20, &best(&pair, &payload), &idle, limit);
    }
    std::fs::remove_file(&payload).unwrap();
}

pub(crate) fn on_disk(folder: &Path) {
    let (pair, payload) = (Pair::new(folder), folder.join("order.edi"));
    write_payload(&payload, 4096);
    let idle = pair.send(&payload);
    write_payload(&payload, mib() << 20);
    let (mut bare, mut sent) = (f64::MAX, None::<Sent>);
    for _ in 0..rounds() {
        bare = bare.min(write_as_often(folder));
        let now = pair.send(&payload);
        if sent.as_ref().is_none_or(|sent| now.seconds < sent.seconds) {
            sent = Some(now);
        }
    }
    let sent = sent.unwrap();
    tell(&format!("{} MiB", mib()), mib() << 20, &sent, &idle, None);
    println!(
        "  {:<34}{:8.2} s; sending takes {:.2} s, {:.2} times as long",
        format!("writing as many bytes {WRITTEN} times"),
        bare,
        sent.seconds,
        sent.seconds / bare
    );
}

/// Seconds that the bare writing takes, each file complete on disk before the next.
fn write_as_often(folder: &Path) -> f64 {
    let chunk = noise(1 << 20);
    let begun = Instant::now();
    for number in 0..WRITTEN {
        let mut file = std::fs::File::create(folder.join(format!("bare-{number}"))).unwrap();
        for _ in 0..mib() {
            file.write_all(&chunk).unwrap();
        }
        file.sync_all().unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    for number in 0..WRITTEN {
        std::fs::remove_file(folder.join(format!("bare-{number}"))).unwrap();
    }
    seconds
}
