//! Compression: CompressedData with ZLIB (RFC 3274, RFC 5402), made in definite lengths and read in any.

use std::io::{self, BufRead as _, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use der::asn1::ObjectIdentifier;
use flate2::write::ZlibEncoder;
use flate2::{Decompress, FlushDecompress, Status};
use tempfile::SpooledTempFile;

use super::content::OctetReader;
use super::enveloped::{algorithm_identifier, object_identifier};
use super::error::OpenError;
use super::oid as ids;
use super::transfer::base64_decoder;
use crate::certificate::ber::{BerReader, Octets};
use crate::certificate::encode::{INTEGER, OCTET_STRING, SEQUENCE, algorithm, element, header, oid};

/// What one message may inflate to. Nothing near it travels by AS2; it bounds what one sender can fill a disk with.
const MAX_INFLATED: u64 = 64 << 30;

/// Up to here any ratio is taken: ZLIB cannot exceed 1032 to 1, so it takes 16 KB. Whoever sent it is not known before all
/// of it has been inflated, and may be anybody who knows two identifiers, on every connection at once; so it is no more
/// than anybody may send without compression.
const ANY_RATIO: u64 = 16 << 20;

/// Beyond that, the most bytes that one compressed byte may become. EDI and XML shrink to a twentieth, at the very most
/// to a hundredth; what shrinks further was made to be inflated.
const MAX_RATIO: u64 = 200;

/// Nearly twice as fast on EDI as ZLIB's default of 6, for a hundredth more bytes.
const LEVEL: u32 = 4;

/// Compressed bytes that are held in memory before they go to disk.
const SPOOL_IN_MEMORY: usize = 1 << 20;

/// Why compressed content could not be inflated; carried inside an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CompressionError {
    /// Not ZLIB, or changed on the way.
    #[error("the compressed content is damaged")]
    Damaged,
    /// It is gzip.
    #[error("the content is compressed with gzip, where RFC 3274 wants ZLIB")]
    Gzip,
    /// It ends before its end.
    #[error("the compressed content ends too early")]
    Truncated,
    /// A bomb.
    #[error("it inflates to more than {MAX_RATIO} times its compressed size, which no document does")]
    Ratio,
    /// Larger than anything.
    #[error("it inflates to more than {} GiB", MAX_INFLATED >> 30)]
    Size,
}

impl From<CompressionError> for io::Error {
    fn from(error: CompressionError) -> Self {
        Self::other(error)
    }
}

/// How a received message was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressionFacts {
    /// The compressed bytes were written in base64 inside the structure, as phpas2 does against RFC 3274.
    pub base64_inside: bool,
}

/// What stands before `length` bytes of compressed content.
pub(super) fn prefix(length: u64) -> Vec<u8> {
    let octets = header(OCTET_STRING, length);
    let explicit = header(0xa0, octets.len() as u64 + length);
    let data = oid(ids::DATA);
    let content_length = (data.len() + explicit.len() + octets.len()) as u64 + length;
    let content = header(SEQUENCE, content_length);
    let head = [element(INTEGER, &[0]), algorithm(ids::ZLIB, &[])].concat();
    let compressed_length = (head.len() + content.len()) as u64 + content_length;
    let compressed = header(SEQUENCE, compressed_length);
    let outer = header(0xa0, compressed.len() as u64 + compressed_length);
    let kind = oid(ids::COMPRESSED_DATA);
    let whole = header(SEQUENCE, (kind.len() + outer.len() + compressed.len()) as u64 + compressed_length);
    [whole, kind, outer, compressed, head, content, data, explicit, octets].concat()
}

/// Compresses what is written. The same content gives the same bytes, so that a MIC over them can be computed again.
pub(super) fn deflate<W: Write>(out: W) -> ZlibEncoder<W> {
    ZlibEncoder::new(out, flate2::Compression::new(LEVEL))
}

/// A whole CompressedData, its compressed content kept on disk because its length stands before it.
pub(super) struct Packed {
    prefix: Cursor<Vec<u8>>,
    spool: SpooledTempFile,
    length: u64,
}

impl Packed {
    /// Compresses what `fill` writes; beyond a megabyte into a file without a name, in `folder` or where the system keeps
    /// temporary files.
    pub(super) fn fill<T, E: From<io::Error>>(
        folder: Option<&Path>,
        fill: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<(Self, T), E> {
        let spool = match folder {
            Some(folder) => tempfile::spooled_tempfile_in(SPOOL_IN_MEMORY, folder),
            None => tempfile::spooled_tempfile(SPOOL_IN_MEMORY),
        };
        let mut deflate = deflate(spool);
        let filled = fill(&mut deflate)?;
        let mut spool = deflate.finish()?;
        let compressed = spool.stream_position()?;
        spool.rewind()?;
        let prefix = prefix(compressed);
        let length = prefix.len() as u64 + compressed;
        Ok((Self { prefix: Cursor::new(prefix), spool, length }, filled))
    }

    /// Length in bytes.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.prefix.read(buffer)? {
            0 => self.spool.read(buffer),
            read => Ok(read),
        }
    }
}

impl Seek for Packed {
    /// Only back to the beginning.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to != SeekFrom::Start(0) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.prefix.rewind()?;
        self.spool.rewind()?;
        Ok(0)
    }
}

/// The content type of a CMS structure, and the bytes that were read to see it. Nothing where it does not begin like one.
pub(super) fn content_type(source: &mut dyn Read) -> io::Result<(Option<ObjectIdentifier>, Vec<u8>)> {
    /// Identifier and nine length octets, then an identifier of at most as many as all that are known have.
    const ENOUGH: u64 = 32;
    let mut head = Vec::new();
    source.take(ENOUGH).read_to_end(&mut head)?;
    let kind = (|| {
        let (&SEQUENCE, rest) = head.split_first()? else { return None };
        let (&length, rest) = rest.split_first()?;
        let rest = if length > 0x80 { rest.get(usize::from(length & 0x7f)..)? } else { rest };
        object_identifier(rest).ok()
    })();
    Ok((kind, head))
}

/// Opens a CompressedData up to the beginning of its content.
pub(super) fn open<'r>(source: impl Read + Send + 'r) -> Result<(CompressionFacts, Inflated<'r>), OpenError> {
    let mut ber = BerReader::new(source);
    ber.enter_tag(SEQUENCE, "it does not begin with a CMS structure")?;
    ber.element(100)?;
    ber.enter_tag(0xa0, "the content of the CMS structure is missing")?;
    ber.enter_tag(SEQUENCE, "the compressed structure is missing")?;
    ber.element(16)?;
    let (how, _) = algorithm_identifier(&ber.element(4096)?)?;
    if how != ids::ZLIB {
        return Err(OpenError::Decompression(format!(
            "it is compressed with an unknown algorithm ({how}); ZLIB is the only one that RFC 3274 names"
        )));
    }
    ber.enter_tag(SEQUENCE, "the compressed content is missing")?;
    ber.element(100)?;
    ber.enter_tag(0xa0, "the compressed content is missing")?;
    if ber.next_tag()? & 0xdf != OCTET_STRING {
        return Err(OpenError::Malformed("the compressed content is no octet string".to_owned()));
    }
    let mut octets = OctetReader(Octets::enter(ber)?);
    let mut first = Vec::new();
    octets.by_ref().take(2).read_to_end(&mut first)?;
    let base64_inside = match first.as_slice() {
        [method, flags] if is_zlib(*method, *flags) => false,
        [0x1f, 0x8b] => return Err(OpenError::Decompression(CompressionError::Gzip.to_string())),
        // What the first byte of ZLIB becomes in base64, whatever the level.
        [b'e', b'A' | b'F' | b'J' | b'N'] => true,
        [] | [_] => return Err(OpenError::Decompression(CompressionError::Truncated.to_string())),
        _ => return Err(OpenError::Decompression(CompressionError::Damaged.to_string())),
    };
    let octets = Cursor::new(first).chain(octets);
    let source: Box<dyn Read + Send + 'r> =
        if base64_inside { Box::new(base64_decoder(octets)) } else { Box::new(octets) };
    Ok((CompressionFacts { base64_inside }, Inflated::new(BufReader::with_capacity(64 * 1024, source))))
}

/// The header of a ZLIB stream (RFC 1950 section 2.2).
fn is_zlib(method: u8, flags: u8) -> bool {
    method & 0x0f == 8 && method >> 4 <= 7 && (u16::from(method) << 8 | u16::from(flags)).is_multiple_of(31)
}

/// Inflates what is read through it, within the limits above and to the checksum at its end.
pub(super) struct Inflated<'r> {
    source: BufReader<Box<dyn Read + Send + 'r>>,
    inflate: Decompress,
    ended: bool,
    /// The last reading of it failed: there is nothing behind that.
    pub(super) failed: bool,
}

impl<'r> Inflated<'r> {
    fn new(source: BufReader<Box<dyn Read + Send + 'r>>) -> Self {
        Self { source, inflate: Decompress::new(true), ended: false, failed: false }
    }

    fn within_limits(&self) -> Result<(), CompressionError> {
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        if written > MAX_INFLATED {
            return Err(CompressionError::Size);
        }
        if written > ANY_RATIO && written / MAX_RATIO > read {
            return Err(CompressionError::Ratio);
        }
        Ok(())
    }

    fn next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            let input = self.source.fill_buf()?;
            let at_end = input.is_empty();
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(input, buffer, FlushDecompress::None)
                .map_err(|_damaged| CompressionError::Damaged)?;
            let consumed = usize::try_from(self.inflate.total_in() - read).unwrap_or_default();
            let produced = usize::try_from(self.inflate.total_out() - written).unwrap_or_default();
            self.source.consume(consumed);
            self.within_limits()?;
            if status == Status::StreamEnd {
                self.ended = true;
                // What pads the content after its end is passed over, so that the layers around it are read to theirs.
                io::copy(&mut self.source, &mut io::sink())?;
            }
            if produced > 0 {
                return Ok(produced);
            }
            if at_end && !self.ended {
                return Err(CompressionError::Truncated.into());
            }
            if consumed == 0 && !self.ended {
                return Err(CompressionError::Damaged.into());
            }
        }
        Ok(0)
    }
}

impl Read for Inflated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.next(buffer);
        self.failed = read.is_err();
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let (mut packed, ()) = Packed::fill(None, |out| out.write_all(content)).unwrap();
        let mut all = Vec::new();
        packed.read_to_end(&mut all).unwrap();
        assert_eq!(all.len() as u64, packed.length());
        packed.rewind().unwrap();
        let mut again = Vec::new();
        packed.read_to_end(&mut again).unwrap();
        assert_eq!(all, again);
        all
    }

    fn inflated(structure: &[u8]) -> Result<(CompressionFacts, Vec<u8>), OpenError> {
        let mut source = structure;
        let (kind, head) = content_type(&mut source)?;
        assert_eq!(kind, Some(ids::COMPRESSED_DATA));
        let (facts, mut content) = open(head.chain(source))?;
        let mut all = Vec::new();
        content.read_to_end(&mut all)?;
        Ok((facts, all))
    }

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut out = deflate(Vec::new());
        out.write_all(content).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn what_is_compressed_is_inflated_again() {
        let binary: Vec<u8> = (0..300_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for content in [&b""[..], b"x", b"lines\nand\r\nlines", &[b'a'; 100_000], &binary] {
            let (facts, back) = inflated(&packed(content)).unwrap();
            assert_eq!(back, content);
            assert!(!facts.base64_inside);
        }
    }

    #[test]
    fn indefinite_lengths_pieces_and_base64_inside_are_read() {
        use base64::Engine as _;
        let zlib = zlib(b"hello, hello, hello");
        let base64 = base64::engine::general_purpose::STANDARD.encode(&zlib);
        for (content, base64_inside) in [(zlib.as_slice(), false), (base64.as_bytes(), true)] {
            let mut structure = vec![0x30, 0x80];
            structure.extend(oid(ids::COMPRESSED_DATA));
            structure.extend([0xa0, 0x80, 0x30, 0x80, 2, 1, 0]);
            structure.extend(algorithm(ids::ZLIB, &[]));
            structure.extend([0x30, 0x80]);
            structure.extend(oid(ids::DATA));
            structure.extend([0xa0, 0x80, 0x24, 0x80]);
            for piece in content.chunks(1) {
                structure.extend(element(OCTET_STRING, piece));
            }
            structure.extend([0; 12]);
            let (facts, back) = inflated(&structure).unwrap();
            assert_eq!(back, b"hello, hello, hello");
            assert_eq!(facts, CompressionFacts { base64_inside });
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_grown() {
        // 256 MiB of zeros are 256 KiB of ZLIB.
        let (mut packed, ()) =
            Packed::fill(None, |out| (0..256).try_for_each(|_| out.write_all(&vec![0; 1 << 20]))).unwrap();
        assert!(packed.length() < 1 << 20);
        let (_, mut content) = open(&mut packed).unwrap();
        let mut grown = Counted(0);
        let error = OpenError::from(io::copy(&mut content, &mut grown).unwrap_err());
        assert!(matches!(&error, OpenError::Decompression(_)), "{error}");
        assert_eq!(error.disposition().key().as_deref(), Some("decompression-failed"));
        assert!(grown.0 <= ANY_RATIO + (1 << 20), "{} bytes had come out", grown.0);
    }

    struct Counted(u64);

    impl Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn damage_is_told_from_what_is_not_zlib() {
        let whole = packed(&b"0123456789".repeat(50));
        let head = whole.len() - zlib(&b"0123456789".repeat(50)).len();
        let said = |bytes: &[u8]| inflated(bytes).unwrap_err().to_string();
        let mut changed = whole.clone();
        changed[head + 5] ^= 0x55;
        assert!(said(&changed).contains("decompressed"), "{}", said(&changed));
        // The checksum alone.
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(said(&changed).contains("damaged"), "{}", said(&changed));
        let mut gzip = whole;
        gzip[head..head + 2].copy_from_slice(&[0x1f, 0x8b]);
        assert!(said(&gzip).contains("gzip"));
        let short = zlib(b"0123456789");
        let cut = [prefix(short.len() as u64 - 5), short[..short.len() - 5].to_vec()].concat();
        assert!(said(&cut).contains("too early"), "{}", said(&cut));
    }
}
