//! The one place that prints: answers, documents, notes and errors.
//!
//! Whatever came from outside (names, subjects, headers) is shown without control characters, so that it can neither
//! steer the terminal nor pretend to be lines of ours. A reader that closes the pipe is not an error; a full disk is.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::app::AppError;

/// Where answers go, and how they look.
#[derive(Clone, Debug)]
pub(super) struct Output {
    json: bool,
    standard: Arc<Mutex<Standard>>,
}

/// What became of standard output so far, and whether an unfinished line stands on the terminal.
#[derive(Debug, Default)]
struct Standard {
    answered: bool,
    moving: bool,
    failure: Option<io::Error>,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: &'a str,
    hint: Option<&'a str>,
}

impl Output {
    /// Output as text, or as one JSON document.
    pub(super) fn new(json: bool) -> Self {
        Self { json, standard: Arc::default() }
    }

    /// Whether a JSON document is wanted.
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// The answer: a document, or text made only where text is wanted.
    pub(super) fn answer(&self, document: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            self.document(document);
        } else {
            self.text(&text());
        }
    }

    /// Text of the answer; nothing where a document is wanted.
    pub(super) fn text(&self, text: &str) {
        if !self.json {
            self.write(lines(text).as_bytes());
        }
    }

    /// What is told while the answer is not known yet: beside the text, out of a document's way.
    pub(super) fn progress(&self, text: &str) {
        if self.json { self.aside(text) } else { self.text(text) }
    }

    /// How far something has come, overwritten by the next; on a terminal only.
    pub(super) fn moving(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        if stderr.is_terminal() {
            self.standard().moving = true;
            // Whether it can be seen makes no difference to the work.
            write!(stderr, "\r\u{1b}[K{}", line(text)).and_then(|()| stderr.flush()).ok();
        }
    }

    /// A note beside the answer.
    pub(super) fn note(&self, text: &str) {
        self.aside(&format!("note: {}", line(text)));
    }

    /// A warning beside the answer.
    pub(super) fn warning(&self, text: &str) {
        self.aside(&format!("warning: {}", line(text)));
    }

    /// Lines beside the answer, on standard error. Where nobody can read them, there is nobody left to tell.
    pub(super) fn aside(&self, text: &str) {
        self.standard().clear();
        io::stderr().lock().write_all(lines(text).as_bytes()).ok();
    }

    /// Bytes as they are, to standard output.
    pub(super) fn bytes(&self, bytes: &[u8]) {
        self.write(bytes);
    }

    /// A file's bytes as they are, to standard output.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(super) fn file(&self, path: &Path) -> Result<(), AppError> {
        let cannot = |error: io::Error| AppError::unread(path, &error);
        let mut file = File::open(path).map_err(cannot)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer).map_err(cannot)? {
                0 => return Ok(()),
                read => self.write(&buffer[..read]),
            }
        }
    }

    /// What could not be carried out: a document, or on standard error where one has been written already.
    pub(super) fn error(&self, error: &AppError) {
        if self.json && !self.standard().answered {
            self.document(&ErrorDocument { error: error.message(), hint: error.what_to_do() });
            return;
        }
        self.aside(&format!("error: {}", line(error.message())));
        if let Some(hint) = error.what_to_do() {
            self.aside(&format!("hint: {}", line(hint)));
        }
    }

    /// Hands over what is still held back.
    ///
    /// # Errors
    /// Where standard output could not be written, unless its reader has gone.
    pub(super) fn finish(&self) -> Result<(), AppError> {
        self.write(b"");
        match self.standard().failure.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(AppError::new(format!("standard output cannot be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn document(&self, document: &impl Serialize) {
        match serde_json::to_string(document) {
            Ok(text) => {
                let mut text = harmless(&text);
                text.push('\n');
                self.write(text.as_bytes());
            }
            Err(error) => self.standard().failure = Some(io::Error::other(error)),
        }
    }

    fn standard(&self) -> std::sync::MutexGuard<'_, Standard> {
        self.standard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, bytes: &[u8]) {
        let mut standard = self.standard();
        if standard.failure.is_some() {
            return;
        }
        standard.clear();
        standard.answered |= !bytes.is_empty();
        let mut stdout = io::stdout().lock();
        standard.failure = stdout.write_all(bytes).and_then(|()| stdout.flush()).err();
    }
}

impl Standard {
    /// Takes away what stands on an unfinished line: it has had its time.
    fn clear(&mut self) {
        if std::mem::take(&mut self.moving) {
            io::stderr().lock().write_all(b"\r\x1b[K").ok();
        }
    }
}

/// Text of one or more lines that can do nothing but be read, with an end to its last line.
fn lines(text: &str) -> String {
    let mut shown: String =
        text.chars().map(|character| if character == '\n' { character } else { visible(character) }).collect();
    if !shown.ends_with('\n') {
        shown.push('\n');
    }
    shown
}

/// A document in which what steers a terminal or the direction of writing is escaped: JSON itself wants that only of what is
/// below the space, and partners choose what stands in their headers.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        if character.is_control() || turns(character) {
            // All of them are in the basic plane.
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            text.push(character);
        }
    }
    text
}

/// Whether a character changes the direction of writing.
const fn turns(character: char) -> bool {
    matches!(
        character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Text on one line that can do nothing but be read.
pub(super) fn line(text: &str) -> String {
    text.trim_end().chars().map(|character| if character == '\n' { ' ' } else { visible(character) }).collect()
}

/// The character, or a mark in the place of one that steers the terminal or the direction of writing.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        character if character.is_control() || turns(character) => char::REPLACEMENT_CHARACTER,
        character => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_outside_cannot_steer_the_terminal_or_make_lines() {
        assert_eq!(line("a\u{1b}[2Jb\nerror: c\r\u{202e}d\n"), "a\u{fffd}[2Jb error: c\u{fffd}\u{fffd}d");
        assert_eq!(lines("✓ Größe\nb\u{7}"), "✓ Größe\nb\u{fffd}\n");
    }

    #[test]
    fn a_document_says_the_same_and_steers_nothing() {
        let said = serde_json::json!({ "id": "<a\u{1b}\u{9b}2J\u{7f}\u{202e}\u{61c}é@b>" });
        let text = harmless(&said.to_string());
        assert!(text.chars().all(|character| !character.is_control() && !turns(character)), "{text}");
        assert!(text.contains("é@b"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), said);
    }

    #[test]
    fn an_error_as_a_document_has_its_hint_even_where_there_is_none() {
        let document = serde_json::to_value(ErrorDocument { error: "no", hint: None }).unwrap();
        assert_eq!(document, serde_json::json!({ "error": "no", "hint": null }));
    }
}
