//! Running one command: its places filled in, without a shell, for a bounded time, the end of what it writes kept.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{Occasion, OwnCommand};
use crate::app::send::blocking;
use crate::domain::transmission::Transmission;

/// So many bytes of what a command writes are kept, the last ones.
const KEPT: usize = 4096;

/// How often is looked whether it has ended.
const EVERY: Duration = Duration::from_millis(20);

/// So long is waited for the rest of what it has written, once it has ended: something that it started may go on writing.
const REST: Duration = Duration::from_millis(500);

/// How a command ended.
pub(super) struct Ran {
    pub(super) good: bool,
    pub(super) outcome: String,
    pub(super) ms: u64,
    pub(super) output: String,
}

/// A command that is ready to be run.
pub(super) struct Invocation {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    limit: Duration,
}

impl Invocation {
    pub(super) fn new(command: &OwnCommand, occasion: Occasion, transmission: &Transmission, file: PathBuf) -> Self {
        let values = [
            ("file", file.to_string_lossy().into_owned()),
            // In the archive a document has no name of its own.
            ("name", transmission.file.clone().unwrap_or_default()),
            ("message_id", transmission.message_id.clone()),
            ("connection", transmission.connection.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("profile", transmission.profile.map(|kind| kind.to_string()).unwrap_or_default()),
            ("cause", transmission.cause().unwrap_or_default().to_owned()),
        ];
        let values = values.map(|(name, value)| (name, value.replace('\0', "")));
        let arguments = command.arguments.iter().map(|argument| filled(argument, &values)).collect();
        let mut environment: Vec<(String, String)> = values
            .iter()
            .map(|(name, value)| (format!("COUNTERSIGN_{}", name.to_uppercase()), value.clone()))
            .collect();
        environment.push(("COUNTERSIGN_OCCASION".to_owned(), occasion.to_string()));
        environment.push(("COUNTERSIGN_TRANSMISSION".to_owned(), transmission.id.to_string()));
        environment.push(("COUNTERSIGN_VERDICT".to_owned(), transmission.verdict.to_string()));
        let limit = Duration::from_secs(u64::from(command.seconds));
        Self { program: command.program.clone(), arguments, environment, limit }
    }

    /// Runs it to its end, or to that of its time.
    pub(super) async fn run(self) -> Ran {
        let begun = Instant::now();
        let done = blocking(move || Ok(self.run_here())).await;
        let (good, outcome, output) =
            done.unwrap_or_else(|error| (false, format!("it could not be run: {error}"), String::new()));
        Ran { good, outcome, ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), output }
    }

    fn run_here(&self) -> (bool, String, String) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What unlocks the workspace is nobody else's business.
        for secret in ["COUNTERSIGN_PASSPHRASE", "COUNTERSIGN_PASSPHRASE_FILE"] {
            command.env_remove(secret);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return (false, format!("it could not be started: {error}"), String::new()),
        };
        let (send, written) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            drain(stdout, send.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            drain(stderr, send.clone());
        }
        drop(send);
        let begun = Instant::now();
        let mut kept = Vec::new();
        let ended = loop {
            keep_last(&mut kept, written.try_iter());
            match child.try_wait() {
                Ok(Some(status)) => break Ok(status),
                Ok(None) if begun.elapsed() < self.limit => std::thread::sleep(EVERY),
                Ok(None) => {
                    kill(&mut child);
                    break Err(format!("it was stopped because it took longer than {} s", self.limit.as_secs()));
                }
                Err(error) => break Err(format!("it cannot be waited for: {error}")),
            }
        };
        let until = Instant::now() + REST;
        while let Ok(part) = written.recv_timeout(until.saturating_duration_since(Instant::now())) {
            keep_last(&mut kept, std::iter::once(part));
        }
        let output = printable(&kept);
        match ended {
            Ok(status) if status.success() => (true, "it ended well".to_owned(), output),
            Ok(status) => {
                let how = status.code().map_or_else(|| status.to_string(), |code| format!("with the code {code}"));
                (false, format!("it ended {how}"), output)
            }
            Err(why) => (false, why, output),
        }
    }
}

/// An argument with its places filled in. What is filled in is not looked through for places again.
fn filled(argument: &str, values: &[(&str, String)]) -> String {
    let mut rest = argument;
    let mut text = String::with_capacity(argument.len());
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let place = values.iter().find_map(|(name, value)| {
            let after = rest.strip_prefix('{')?.strip_prefix(name)?.strip_prefix('}')?;
            Some((value, after))
        });
        match place {
            Some((value, after)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push('{');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

/// Reads until the end, beside everything else: a full pipe would stop the command.
fn drain(mut from: impl Read + Send + 'static, to: mpsc::Sender<Vec<u8>>) {
    let reading = move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            // What nobody waits for any more is read all the same.
            to.send(buffer[..read].to_vec()).unwrap_or_default();
        }
    };
    // Without a thread the pipe is closed, and the command is told so when it writes.
    drop(std::thread::Builder::new().name("command's output".to_owned()).spawn(reading));
}

fn keep_last(kept: &mut Vec<u8>, parts: impl Iterator<Item = Vec<u8>>) {
    for part in parts {
        kept.extend_from_slice(&part);
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
    }
}

/// As text, without what would steer a terminal.
fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end()
        .chars()
        .map(|character| if character.is_control() && character != '\n' { ' ' } else { character })
        .collect()
}

/// Ends a command, and what it has started, as far as the system says what that is.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    let group =
        Command::new("/bin/kill").args(["-KILL", "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
    #[cfg(windows)]
    let group =
        Command::new("taskkill").args(["/T", "/F", "/PID", &child.id().to_string()]).stdout(Stdio::null()).status();
    #[cfg(not(any(unix, windows)))]
    let group: std::io::Result<std::process::ExitStatus> = Err(std::io::ErrorKind::Unsupported.into());
    // It may have ended by itself in between.
    drop((group, child.kill(), child.wait()));
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::COMMAND_PLACES;
    use super::*;
    use crate::app::send::new_id;
    use crate::domain::transmission::Direction;

    fn invocation(script: &str, seconds: u32) -> Invocation {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let message_id = "<a; touch /x {file} $(id)@b>".to_owned();
        let mut transmission = Transmission::new(new_id(at), message_id, at, Direction::Inbound);
        transmission.connection = Some("acme".parse().unwrap());
        let arguments = ["-c", script, "{file}", "--id={message_id}", "{nothing}{"].map(str::to_owned).to_vec();
        let command = OwnCommand { program: "/bin/sh".into(), arguments, seconds, also_test: false };
        Invocation::new(&command, Occasion::Received, &transmission, "/in/po 1.edi".into())
    }

    #[tokio::test]
    async fn places_are_filled_in_within_single_arguments_and_in_the_environment() {
        let script =
            "printf '%s\\n' \"$0\" \"$@\" \"$COUNTERSIGN_CONNECTION $COUNTERSIGN_OCCASION\"; echo oh >&2; exit 3";
        let ran = invocation(script, 20).run().await;
        assert_eq!((ran.good, ran.outcome.as_str()), (false, "it ended with the code 3"));
        let text = "/in/po 1.edi\n--id=<a; touch /x {file} $(id)@b>\n{nothing}{\nacme received";
        assert!(ran.output.contains(text) && ran.output.contains("oh"), "{}", ran.output);
    }

    #[test]
    fn every_place_that_is_told_of_is_filled_in() {
        let told: Vec<String> = COMMAND_PLACES.iter().map(|name| format!("{{{name}}}")).collect();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let transmission = Transmission::new(new_id(at), "<a@b>".to_owned(), at, Direction::Inbound);
        let command = OwnCommand { program: "/bin/sh".into(), arguments: told, seconds: 1, also_test: false };
        let made = Invocation::new(&command, Occasion::Received, &transmission, "/in/po.edi".into());
        assert!(made.arguments.iter().all(|argument| !argument.contains('{')), "{:?}", made.arguments);
        let in_environment = |name: &&str| {
            made.environment.iter().any(|(key, _)| *key == format!("COUNTERSIGN_{}", name.to_uppercase()))
        };
        assert!(COMMAND_PLACES.iter().all(in_environment), "{:?}", made.environment);
    }

    #[tokio::test]
    async fn only_the_end_of_much_that_is_written_is_kept() {
        let ran = invocation("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done", 60).run().await;
        assert!(ran.good && ran.output.len() <= KEPT && ran.output.ends_with("line 19999"), "{}", ran.output);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_ended_with_all_that_it_has_started() {
        let guard = tempfile::tempdir().unwrap();
        let mark = guard.path().join("still-here");
        let script = format!("(sleep 3; touch {}) & echo begun; sleep 600", mark.display());
        let ran = invocation(&script, 1).run().await;
        assert!(!ran.good && ran.outcome.contains("longer than 1 s") && ran.output == "begun", "{}", ran.output);
        assert!(ran.ms < 60_000);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(!mark.exists(), "what it has started has ended too");
    }
}
