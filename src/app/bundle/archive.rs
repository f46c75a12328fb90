//! The bundle as an archive.

use std::fs::File;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::Offset;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use super::Bundle;

/// Writes all of it. Returns the archive's length.
pub(super) fn write(bundle: &Bundle, out: &mut dyn Write) -> io::Result<u64> {
    let mut counted = Counted { out, bytes: 0 };
    let mut archive = ZipWriter::new_stream(&mut counted);
    let options = SimpleFileOptions::default().unix_permissions(0o600).last_modified_time(moment(bundle.made));
    for file in &bundle.files {
        archive.start_file(file.name.as_str(), options)?;
        archive.write_all(&file.content)?;
    }
    if let Some(payload) = &bundle.payload {
        archive.start_file(payload.name, options.large_file(true))?;
        io::copy(&mut File::open(&payload.path)?, &mut archive)?;
    }
    archive.finish()?;
    counted.out.flush()?;
    Ok(counted.bytes)
}

/// An instant as archives keep it: to two seconds, from 1980 on.
pub(in crate::app) fn moment(at: Timestamp) -> DateTime {
    let at = Offset::UTC.to_datetime(at);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    DateTime::from_date_and_time(
        year,
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )
    .unwrap_or_default()
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.out.write(piece)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
