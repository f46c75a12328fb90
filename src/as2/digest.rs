//! Several digests over one stream.

use std::io::{self, BufRead, Read, Write};

use aws_lc_rs::digest::{self, Context};
use md5::{Digest as _, Md5};

use crate::certificate::digest_algorithm;
use crate::domain::algorithm::Digest;

/// The digests that signatures and MICs are made with. MD5 is only computed where a partner's receipt names it.
pub(super) const COMPUTED: [Digest; 4] = [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512];

/// SHA-256 of what is at hand.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut value = [0; 32];
    value.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    value
}

/// A set of digests being computed together.
#[derive(Clone, Default)]
pub(super) struct Hashes {
    running: Vec<(Digest, Context)>,
    md5: Option<Md5>,
}

impl Hashes {
    /// Begins the named digests; those that cannot be computed are left out.
    pub(super) fn of(digests: &[Digest]) -> Self {
        let mut running: Vec<(Digest, Context)> = Vec::new();
        for digest in digests {
            if let Some(algorithm) = digest_algorithm(*digest)
                && !running.iter().any(|(known, _)| known == digest)
            {
                running.push((*digest, Context::new(algorithm)));
            }
        }
        Self { running, md5: digests.contains(&Digest::Md5).then(Md5::new) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for (_, context) in &mut self.running {
            context.update(bytes);
        }
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    pub(super) fn finish(self) -> DigestValues {
        let values = self.running.into_iter().map(|(digest, context)| (digest, context.finish().as_ref().to_vec()));
        let md5 = self.md5.map(|md5| (Digest::Md5, md5.finalize().to_vec()));
        DigestValues(values.chain(md5).collect())
    }
}

/// Finished digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestValues(Vec<(Digest, Vec<u8>)>);

impl DigestValues {
    /// The value of one of them.
    #[must_use]
    pub fn get(&self, digest: Digest) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == digest).map(|(_, value)| value.as_slice())
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self) -> Option<(Digest, &[u8])> {
        self.0.first().map(|(digest, value)| (*digest, value.as_slice()))
    }
}

/// SHA-256 over a payload, for the journal.
#[derive(Clone)]
pub(super) struct Sha256(Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// Takes in further bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest, 32 bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

/// How the bytes are seen by the digest: as they are, or as a partner with other line ends would have seen them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnds {
    /// Untouched.
    AsTheyAre,
    /// Every line end becomes CRLF, a CR alone too: as the mail classes of Java, of BouncyCastle and of Python do it, which
    /// OpenAS2, mendelson and pyas2 stand on.
    Crlf,
    /// Every LF without a CR before it becomes CRLF, and a CR alone stays.
    LfToCrlf,
    /// The last line break is left out, as libas2 leaves it out of the reports that it signs.
    WithoutLast,
    /// Every CRLF becomes LF.
    Lf,
    /// Every CRLF after the first blank line becomes LF: headers have CRLF with everybody.
    BodyLf,
    /// Every LF without a CR before it becomes CRLF up to the first blank line: headers have CRLF with everybody.
    HeadCrlf,
}

/// Feeds bytes to digests, with line ends changed on the way where that is wanted.
#[derive(Clone)]
pub(super) struct LineHasher {
    hashes: Hashes,
    line_ends: LineEnds,
    /// The last byte seen was a CR; with [`LineEnds::Lf`] it has not been hashed yet.
    after_cr: bool,
    /// With [`LineEnds::BodyLf`] and [`LineEnds::HeadCrlf`]: before the first blank line, and whether anything stands in the line so far.
    head: bool,
    line_begun: bool,
    /// With [`LineEnds::WithoutLast`]: the line break, or the CR, that came last and has not been hashed yet.
    held: Vec<u8>,
}

impl LineHasher {
    pub(super) fn new(digests: &[Digest], line_ends: LineEnds) -> Self {
        Self {
            hashes: Hashes::of(digests),
            line_ends,
            after_cr: false,
            head: true,
            line_begun: false,
            held: Vec::new(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self.line_ends {
            LineEnds::AsTheyAre => self.hashes.update(bytes),
            LineEnds::HeadCrlf if !self.head => self.hashes.update(bytes),
            LineEnds::HeadCrlf => {
                let (head, body) = bytes.split_at(self.end_of_head(bytes));
                self.update_with_crlf(head);
                self.hashes.update(body);
            }
            LineEnds::Crlf => self.update_with_every_crlf(bytes),
            LineEnds::LfToCrlf => self.update_with_crlf(bytes),
            LineEnds::WithoutLast => self.update_but_the_last_break(bytes),
            LineEnds::BodyLf if self.head => {
                let (head, body) = bytes.split_at(self.end_of_head(bytes));
                self.hashes.update(head);
                if !self.head {
                    self.update(body);
                }
            }
            LineEnds::Lf | LineEnds::BodyLf => {
                for piece in bytes.split_inclusive(|byte| *byte == b'\r') {
                    if self.after_cr && piece.first() != Some(&b'\n') {
                        self.hashes.update(b"\r");
                    }
                    match piece.split_last() {
                        Some((b'\r', body)) => {
                            self.hashes.update(body);
                            self.after_cr = true;
                        }
                        _ => {
                            self.hashes.update(piece);
                            self.after_cr = false;
                        }
                    }
                }
            }
        }
    }

    /// Where the head ends in these bytes, or where they end before it does.
    fn end_of_head(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|byte| {
            let blank = *byte == b'\n' && !self.line_begun;
            self.line_begun = *byte != b'\n' && (self.line_begun || *byte != b'\r');
            blank
        });
        self.head = end.is_none();
        end.map_or(bytes.len(), |end| end + 1)
    }

    fn update_with_crlf(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.split_last() {
                Some((b'\n', body)) => {
                    let has_cr = body.last().map_or(self.after_cr, |last| *last == b'\r');
                    self.hashes.update(body);
                    self.hashes.update(if has_cr { b"\n" } else { b"\r\n" });
                    self.after_cr = false;
                }
                _ => {
                    self.hashes.update(line);
                    self.after_cr = line.last() == Some(&b'\r');
                }
            }
        }
    }

    fn update_with_every_crlf(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            match line.split_last() {
                // The other half of a line end that was hashed already.
                Some((b'\n', [])) if self.after_cr => self.after_cr = false,
                Some((end @ (b'\r' | b'\n'), body)) => {
                    self.hashes.update(body);
                    self.hashes.update(b"\r\n");
                    self.after_cr = *end == b'\r';
                }
                _ => {
                    self.hashes.update(line);
                    self.after_cr = false;
                }
            }
        }
    }

    fn update_but_the_last_break(&mut self, bytes: &[u8]) {
        let kept = match bytes {
            [] => return,
            [b'\n'] if self.held == b"\r" => {
                self.held.push(b'\n');
                return;
            }
            [.., b'\r', b'\n'] => 2,
            [.., b'\r' | b'\n'] => 1,
            _ => 0,
        };
        self.hashes.update(&self.held);
        let (hashed, last) = bytes.split_at(bytes.len() - kept);
        self.hashes.update(hashed);
        self.held.clear();
        self.held.extend_from_slice(last);
    }

    pub(super) fn finish(mut self) -> DigestValues {
        if self.held == b"\r" {
            self.hashes.update(b"\r");
        }
        if self.after_cr && matches!(self.line_ends, LineEnds::Lf | LineEnds::BodyLf) {
            self.hashes.update(b"\r");
        }
        self.hashes.finish()
    }
}

/// Hashes what is written through it.
pub(super) struct HashingWriter<'h, W> {
    inner: W,
    hasher: &'h mut LineHasher,
}

impl<'h, W: Write> HashingWriter<'h, W> {
    pub(super) const fn new(inner: W, hasher: &'h mut LineHasher) -> Self {
        Self { inner, hasher }
    }
}

impl<W: Write> Write for HashingWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hashes what is read through it.
pub(super) struct HashingReader<'h, R> {
    inner: R,
    hasher: &'h mut LineHasher,
}

impl<'h, R: BufRead> HashingReader<'h, R> {
    pub(super) const fn new(inner: R, hasher: &'h mut LineHasher) -> Self {
        Self { inner, hasher }
    }
}

impl<R: BufRead> Read for HashingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.inner.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for HashingReader<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    /// What is consumed is hashed.
    fn consume(&mut self, amount: usize) {
        if amount == 0 {
            return;
        }
        // The bytes are still in the buffer: `fill_buf` without reading on cannot fail.
        if let Ok(available) = self.inner.fill_buf() {
            let amount = amount.min(available.len());
            self.hasher.update(&available[..amount]);
        }
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(bytes: &[u8]) -> Vec<u8> {
        digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
    }

    #[test]
    fn line_ends_change_across_chunks() {
        let text = b"a\nb\r\nc\r\rd\r\n\r\ne\r";
        let crlf = b"a\r\nb\r\nc\r\n\r\nd\r\n\r\ne\r\n";
        let lf_to_crlf = b"a\r\nb\r\nc\r\rd\r\n\r\ne\r";
        let lf = b"a\nb\nc\r\rd\n\ne\r";
        for step in 1..text.len() {
            for (ends, expected) in [
                (LineEnds::AsTheyAre, &text[..]),
                (LineEnds::Crlf, &crlf[..]),
                (LineEnds::LfToCrlf, &lf_to_crlf[..]),
                (LineEnds::Lf, &lf[..]),
            ] {
                let mut hasher = LineHasher::new(&[Digest::Sha256], ends);
                text.chunks(step).for_each(|chunk| hasher.update(chunk));
                assert_eq!(hasher.finish().get(Digest::Sha256), Some(&sha256(expected)[..]), "{ends:?} by {step}");
            }
        }
    }

    #[test]
    fn the_last_line_break_alone_is_left_out() {
        for (text, expected) in [
            (&b"a\r\nb\r\n"[..], &b"a\r\nb"[..]),
            (b"a\r\n\r\n", b"a\r\n"),
            (b"a\nb\n", b"a\nb"),
            (b"a\r\nb", b"a\r\nb"),
            (b"a\r", b"a\r"),
            (b"\r\n", b""),
        ] {
            for step in 1..=text.len() {
                let mut hasher = LineHasher::new(&[Digest::Sha256], LineEnds::WithoutLast);
                text.chunks(step).for_each(|chunk| hasher.update(chunk));
                assert_eq!(hasher.finish().get(Digest::Sha256), Some(&sha256(expected)[..]), "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn headers_alone_get_the_line_ends_that_they_should_have() {
        let (part, expected) = (b"A: 1\nB: 2\r\n\nx\n\ny\r\n", b"A: 1\r\nB: 2\r\n\r\nx\n\ny\r\n");
        for step in 1..part.len() {
            let mut hasher = LineHasher::new(&[Digest::Sha256], LineEnds::HeadCrlf);
            part.chunks(step).for_each(|chunk| hasher.update(chunk));
            assert_eq!(hasher.finish().get(Digest::Sha256), Some(&sha256(expected)[..]), "by {step}");
        }
    }

    #[test]
    fn headers_keep_their_line_ends_where_only_those_of_the_body_change() {
        let (part, expected) = (b"A: 1\r\nB: 2\r\n\r\nx\r\n\r\ny\r", b"A: 1\r\nB: 2\r\n\r\nx\n\ny\r");
        for step in 1..part.len() {
            let mut hasher = LineHasher::new(&[Digest::Sha256], LineEnds::BodyLf);
            part.chunks(step).for_each(|chunk| hasher.update(chunk));
            assert_eq!(hasher.finish().get(Digest::Sha256), Some(&sha256(expected)[..]), "by {step}");
        }
    }

    #[test]
    fn what_is_read_is_hashed_once() {
        let mut hasher = LineHasher::new(&[Digest::Sha256], LineEnds::AsTheyAre);
        let mut all = Vec::new();
        let mut reader = HashingReader::new(io::BufReader::with_capacity(3, &b"hello, world"[..]), &mut hasher);
        reader.read_until(b',', &mut all).unwrap();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"hello, world");
        assert_eq!(hasher.finish().get(Digest::Sha256), Some(&sha256(b"hello, world")[..]));
    }
}
