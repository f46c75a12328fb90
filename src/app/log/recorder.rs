//! From what the program says of itself to lines, and to the thread that writes them.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use super::{LogLevel, files};
use crate::app::Clock;
use crate::app::bundle::without_secrets;

/// How many lines may wait. Where more come, they are lost, and it is said how many.
const WAITING: usize = 4096;

/// So many lines are held until it is known where they belong.
const HELD: usize = 256;

/// So long lines are gathered before they are written.
const GATHERED: Duration = Duration::from_millis(200);

/// The longest line, in characters.
const LONGEST: usize = 4096;

/// How long is waited at the end for what was said last.
const PATIENCE: Duration = Duration::from_secs(2);

static LEVEL: AtomicU8 = AtomicU8::new(LogLevel::USUAL as u8);
static THREAD: OnceLock<SyncSender<Said>> = OnceLock::new();

/// What the thread is told.
enum Said {
    Line(String),
    /// From here on lines belong into this folder.
    Folder(PathBuf),
    /// Everything before this is to be written now, and then this be answered.
    Now(SyncSender<()>),
}

/// Begins to listen to what the program says of itself. Once in a process; where the system gives no thread, nothing is
/// written.
pub fn install_log() {
    let (said, hears) = sync_channel(WAITING);
    let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&hears));
    if thread.is_ok() && THREAD.set(said).is_ok() {
        // Where somebody else listens already, that is theirs to say.
        tracing::subscriber::set_global_default(Recorder).ok();
    }
}

/// Waits until all is written that was said before.
pub fn flush_log() {
    let (done, wait) = sync_channel(1);
    if THREAD.get().is_some_and(|thread| thread.send(Said::Now(done)).is_ok()) {
        wait.recv_timeout(PATIENCE).ok();
    }
}

pub(super) fn set_level(level: LogLevel) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Says where lines belong.
pub(super) fn write_into(folder: PathBuf) {
    if let Some(thread) = THREAD.get() {
        thread.send(Said::Folder(folder)).ok();
    }
}

/// Writes lines as they come, some at a time.
fn write(hears: &Receiver<Said>) {
    let (mut folder, mut lines): (Option<PathBuf>, Vec<String>) = (None, Vec::new());
    loop {
        let mut answer = None;
        // Without anything to write it sleeps until somebody says something.
        let idle = lines.is_empty() || folder.is_none();
        let heard = if idle { hears.recv().map_err(Into::into) } else { hears.recv_timeout(GATHERED) };
        match heard {
            Ok(Said::Line(line)) if folder.is_some() || lines.len() < HELD => {
                lines.push(line);
                // The rest of what was said in one go is written with it.
                if lines.len() < HELD {
                    continue;
                }
            }
            Ok(Said::Line(_)) => {}
            Ok(Said::Folder(next)) => {
                if let Some(before) = folder.replace(next) {
                    append(&before, &mut lines);
                }
            }
            Ok(Said::Now(done)) => answer = Some(done),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if let Some(folder) = &folder {
            append(folder, &mut lines);
        }
        if let Some(answer) = answer {
            answer.send(()).ok();
        }
    }
}

fn append(folder: &std::path::Path, lines: &mut Vec<String>) {
    if !lines.is_empty() {
        // What cannot be written is lost: there is nobody to be told who would not be told by the program itself.
        files::append(folder, &lines.concat()).ok();
        lines.clear();
    }
}

/// Listens to what the program says of itself.
struct Recorder;

/// Where a level of ours stands among theirs.
fn rank(level: Level) -> u8 {
    match level {
        Level::ERROR => LogLevel::Error as u8,
        Level::WARN => LogLevel::Warn as u8,
        Level::INFO => LogLevel::Info as u8,
        _ => LogLevel::Debug as u8,
    }
}

impl Subscriber for Recorder {
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        // The level may be another the next time.
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = metadata.target().starts_with("countersign");
        metadata.is_event()
            && rank(*metadata.level()) <= LEVEL.load(Ordering::Relaxed)
            && (is_ours || *metadata.level() <= Level::WARN)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if let Some(thread) = THREAD.get() {
            // Nobody waits for the log.
            thread.try_send(Said::Line(line(event))).ok();
        }
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// `2026-11-28T08:00:00Z info  [4711] app::send: sent verdict=failed`
fn line(event: &Event<'_>) -> String {
    let mut words = Words::default();
    event.record(&mut words);
    let metadata = event.metadata();
    let target = metadata.target().strip_prefix("countersign::").unwrap_or_else(|| metadata.target());
    let level = metadata.level().as_str().to_ascii_lowercase();
    let said = plain(&format!("{}{}", words.message, words.fields));
    format!("{} {level:5} [{}] {target}: {said}\n", Clock::System.now(), std::process::id())
}

/// One line of words that others may have written: without secrets, and without what would make lines of its own.
fn plain(text: &str) -> String {
    let text = without_secrets(text);
    let mut plain: String =
        text.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(LONGEST).is_some() {
        plain.push('…');
    }
    plain
}

/// The message and what goes with it.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        if value.contains([' ', '"']) {
            self.record_debug(field, &value)
        } else {
            self.put(field, format_args!("{value}"))
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"));
    }
}

impl Words {
    fn put(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        match field.name() {
            "message" => write!(self.message, "{value}").unwrap_or_default(),
            name => write!(self.fields, " {name}={value}").unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_and_loses_what_lets_in() {
        let said =
            "posting to https://anna:pw@a.example/as2?token=abc failed\r\nAuthorization: Basic YW5uYTpwdw==\u{1b}[2J";
        let plain = plain(said);
        assert!(!plain.contains(['\r', '\n', '\u{1b}']), "{plain}");
        for secret in ["anna", "pw", "abc", "YW5u"] {
            assert!(!plain.contains(secret), "{plain}");
        }
        assert!(plain.starts_with("posting to https://a.example/as2?(hidden) failed"), "{plain}");
        assert_eq!(super::plain(&"x".repeat(2 * LONGEST)).chars().count(), LONGEST + 1);
    }
}
