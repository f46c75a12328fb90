//! What was kept of a transmission, part by part: where it lies, what of it was given up, and saving it to a file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::retention::gone;
use super::send::blocking;
use super::written::write_private_from;
use super::{App, AppError, RawPart};
use crate::domain::instant::in_words;
use crate::domain::repetition::{COPIED, REPEATED, REUSED};
use crate::domain::transmission::{Direction, Headers, Transmission, Verdict};
use crate::store::{Archive, Part, Removal};

/// What is missing of a body that was cut, because it is longer than is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Where it begins.
    pub offset: u64,
    /// How many bytes are missing.
    pub bytes: u64,
}

/// A raw part of which the middle was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CutPart {
    /// Which.
    pub part: &'static str,
    /// How long it was.
    pub bytes: u64,
    /// What is missing of it.
    pub gap: Gap,
}

impl CutPart {
    /// `Of the raw request, 200000000 bytes, the middle is not kept: 197902848 bytes from byte 1048576 on`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Gap { offset, bytes } = self.gap;
        format!(
            "Of the raw {}, {} bytes, the middle is not kept: {bytes} bytes from byte {offset} on",
            self.part, self.bytes
        )
    }
}

/// A part as it is kept.
#[derive(Clone, Debug)]
pub struct KeptPart {
    /// Start line and header, where the part has such.
    pub head: Option<PathBuf>,
    /// The body.
    pub body: Option<PathBuf>,
    /// Length of the body when it was whole, in bytes.
    pub bytes: u64,
    /// What is missing of it.
    pub gap: Option<Gap>,
    /// SHA-256 of the whole body, where a part of it is missing.
    pub sha256: Option<String>,
    /// The headers that belong to the body, as the journal has them.
    pub headers: Headers,
    /// The SHA-256 that was journalled of it, where it is the document.
    journalled: Option<String>,
}

/// What was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SavedPart {
    /// Where.
    pub file: PathBuf,
    /// How many bytes were written.
    pub bytes: u64,
    /// What is missing in it.
    pub gap: Option<Gap>,
}

impl App {
    /// Where a part is kept.
    ///
    /// # Errors
    /// Where there is no such transmission, or nothing of that part was kept.
    pub async fn kept(&self, id: &str, part: RawPart) -> Result<KeptPart, AppError> {
        self.kept_of(id, part, None).await
    }

    /// The same of one attempt, counted from 1; of the one that counts where none is named.
    ///
    /// # Errors
    /// As [`App::kept`], and where there was no such attempt.
    pub async fn kept_of(&self, id: &str, part: RawPart, attempt: Option<u32>) -> Result<KeptPart, AppError> {
        let (workspace, transmission) = self.journalled(id).await?;
        let last = transmission.last_attempt();
        if let Some(attempt) = attempt.filter(|attempt| !(1..=last).contains(attempt)) {
            let made = if last == 1 { "one attempt was".to_owned() } else { format!("{last} attempts were") };
            return Err(AppError::new(format!("there is no attempt {attempt}: {made} made")));
        }
        let archive = workspace.archive().clone();
        let removals = workspace.removals(transmission.id).await?;
        let at = transmission.at;
        let found = blocking(move || find(&archive, &transmission, part, attempt, &removals)).await;
        if found.is_err()
            && matches!(part, RawPart::Payload | RawPart::Request)
            && let Some(made) = workspace.payloads_left_out().await?.filter(|made| at <= *made)
        {
            let (part, made) = (part.label(), in_words(made));
            return Err(AppError::new(format!("the {part} was left out of the backup of {made}"))
                .hint("this workspace was restored from it; the workspace that it was made from may still have it"));
        }
        found
    }

    /// The raw parts of a transmission of which the middle was not kept, each with its length and what is missing.
    ///
    /// # Errors
    /// Where there is no such transmission.
    pub async fn cut_parts(&self, id: &str) -> Result<Vec<CutPart>, AppError> {
        let (workspace, transmission) = self.journalled(id).await?;
        let removals = workspace.removals(transmission.id).await?;
        let archive = workspace.archive().clone();
        blocking(move || {
            let mut cut = Vec::new();
            for part in [RawPart::Request, RawPart::Response, RawPart::Receipt] {
                // What is not there at all is told otherwise.
                let Ok(kept) = find(&archive, &transmission, part, None, &removals) else { continue };
                cut.extend(kept.gap.map(|gap| CutPart { part: part.label(), bytes: kept.bytes, gap }));
            }
            Ok(cut)
        })
        .await
    }

    /// Whether the document of a transmission is still the one that was journalled: what is wrong, where it is not. Of every
    /// other part nothing is said.
    ///
    /// # Errors
    /// As [`App::kept`], and where it cannot be read.
    pub async fn altered(&self, id: &str, part: RawPart) -> Result<Option<String>, AppError> {
        let kept = self.kept(id, part).await?;
        blocking(move || kept.altered()).await
    }

    /// Writes a part to a file, head and body, exactly as they are kept.
    ///
    /// # Errors
    /// Where nothing of it was kept, or the file cannot be written.
    pub async fn save_part(
        &self,
        id: &str,
        part: RawPart,
        attempt: Option<u32>,
        file: &Path,
    ) -> Result<SavedPart, AppError> {
        let kept = self.kept_of(id, part, attempt).await?;
        let file = file.to_owned();
        blocking(move || {
            let bytes = write_private_from(&file, |out| {
                let mut written = 0;
                for source in kept.head.iter().chain(&kept.body) {
                    written += io::copy(&mut File::open(source)?, out)?;
                }
                out.flush()?;
                Ok(written)
            })?;
            Ok(SavedPart { file, bytes, gap: kept.gap })
        })
        .await
    }
}

fn find(
    archive: &Archive,
    transmission: &Transmission,
    part: RawPart,
    attempt: Option<u32>,
    removals: &[Removal],
) -> Result<KeptPart, AppError> {
    let id = transmission.id;
    let (head, body, headers) = parts_of(archive, transmission, part, attempt);
    if let (RawPart::Receipt, Part::ResponseBody(of)) = (part, body)
        && transmission.is_half_answered(of)
    {
        // Half of a signature may look whole.
        return Err(AppError::new(format!("the answer to attempt {of} broke off, so there is no whole receipt in it"))
            .hint("what came of it is kept as the raw response"));
    }
    let there = |part: Part| Some(archive.path(id, part)).filter(|path| path.is_file());
    let head = head.and_then(there);
    let body_file = there(body);
    if let Some(gone) = gone(transmission, part, head.is_some() || body_file.is_some(), removals) {
        return Err(gone);
    }
    if head.is_none() && body_file.is_none() {
        let none = AppError::new(format!("nothing was kept of the {} of transmission {id}", part.label()));
        return Err(match why_there_is_none(transmission, part) {
            Some(why) => none.hint(why),
            None => none,
        });
    }
    let cut = match (&body_file, body.is_body()) {
        (Some(_), true) => archive.cut(id, body)?,
        _ => None,
    };
    let there = body_file.as_ref().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len());
    let gap = cut.as_ref().map(|cut| Gap { offset: cut.head, bytes: cut.length.saturating_sub(cut.head + cut.tail) });
    Ok(KeptPart {
        head,
        body: body_file,
        bytes: cut.as_ref().map_or(there, |cut| cut.length),
        gap,
        sha256: cut.map(|cut| cut.sha256),
        headers,
        journalled: transmission.payload_sha256.clone().filter(|_| part == RawPart::Payload),
    })
}

/// Why a message that came has no payload, where that is as it should be.
fn why_there_is_none(transmission: &Transmission, part: RawPart) -> Option<&'static str> {
    if part != RawPart::Payload || transmission.direction != Direction::Inbound {
        return None;
    }
    match (transmission.verdict, transmission.cause()) {
        (Verdict::Received, Some(COPIED | REPEATED)) => Some("it is that of the first, and lies with it"),
        (Verdict::Received, Some(REUSED)) | (Verdict::Refused, _) => Some(
            "a message that was not taken and that the partner is not known to have signed is kept as its raw request",
        ),
        _ => None,
    }
}

/// The files of a part, and the headers that belong to them.
fn parts_of(
    archive: &Archive,
    transmission: &Transmission,
    part: RawPart,
    attempt: Option<u32>,
) -> (Option<Part>, Part, Headers) {
    let last = transmission.last_attempt();
    let kept =
        |head| std::fs::read(archive.path(transmission.id, head)).map(|head| headers_of(&head)).unwrap_or_default();
    let answer = |of: u32| {
        let head = Part::ResponseHead(of);
        // The journal has those of the last.
        let headers = if of == last { transmission.response_headers.clone() } else { kept(head) };
        (Some(head), Part::ResponseBody(of), headers)
    };
    match part {
        RawPart::Request => {
            let of = attempt.unwrap_or(last);
            let built = transmission.build_of(of).map(|build| build.headers.clone());
            let headers = built.unwrap_or_else(|| transmission.request_headers.clone());
            (Some(Part::RequestHead(of)), Part::RequestBody(transmission.body_of(of)), headers)
        }
        RawPart::Response => answer(attempt.unwrap_or(last)),
        RawPart::Payload => (None, Part::Payload, Headers::new()),
        // Where no other has been read, the last of those that came by themselves, though nothing proves who wrote it.
        RawPart::Receipt
            if attempt.is_none()
                && transmission.receipts > 0
                && transmission.deciding_receipt == 0
                && transmission.disposition.is_none() =>
        {
            let head = Part::ReceiptHead(transmission.receipts);
            (Some(head), Part::ReceiptBody(transmission.receipts), kept(head))
        }
        // A receipt that travelled by itself counts before what the answer said.
        RawPart::Receipt if transmission.receipt_headers.is_empty() || attempt.is_some() => {
            answer(attempt.unwrap_or_else(|| transmission.answered_attempt()))
        }
        RawPart::Receipt => {
            let number = transmission.deciding_receipt.max(1);
            (Some(Part::ReceiptHead(number)), Part::ReceiptBody(number), transmission.receipt_headers.clone())
        }
    }
}

/// The headers of a head that was kept.
fn headers_of(head: &[u8]) -> Headers {
    let text = String::from_utf8_lossy(head);
    let lines = text.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

impl KeptPart {
    /// That the document on disk is another than the one that was journalled, where it is. All of it is read.
    pub(super) fn altered(&self) -> Result<Option<String>, AppError> {
        let (Some(journalled), Some(path)) = (&self.journalled, &self.body) else { return Ok(None) };
        let found = Archive::sha256_of(path)?;
        Ok((found != *journalled).then(|| {
            format!(
                "The document was changed on disk since it was journalled: its SHA-256 is {found}, and was {journalled}"
            )
        }))
    }

    /// The head as text, for reading.
    pub(super) fn head_text(&self) -> Result<String, AppError> {
        /// Heads are limited to less than this when they are received.
        const MOST: u64 = 256 * 1024;
        let Some(path) = &self.head else { return Ok(String::new()) };
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes)).map_err(cannot_read(path))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether the part is the answer of somebody else: received for what we sent.
    pub(super) const fn is_theirs(part: RawPart, direction: Direction) -> bool {
        matches!(
            (part, direction),
            (RawPart::Request | RawPart::Payload, Direction::Inbound)
                | (RawPart::Response | RawPart::Receipt, Direction::Outbound)
        )
    }
}

pub(super) fn cannot_read(path: &Path) -> impl Fn(io::Error) -> AppError {
    move |error| AppError::new(format!("cannot read {}: {error}", path.display()))
}
