use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;

use super::*;

const LARGE: usize = 5 * SMALL + 12_345;

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index / 7 % 251).to_le_bytes()[0]).collect()
}

/// Notes the threads it works on; fails or panics once so many bytes have come.
struct Noting {
    bytes: Vec<u8>,
    threads: Vec<ThreadId>,
    fails_at: usize,
    panics_at: usize,
}

impl Noting {
    fn new() -> Self {
        Self { bytes: Vec::new(), threads: Vec::new(), fails_at: usize::MAX, panics_at: usize::MAX }
    }
}

impl Write for Noting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.threads.last() != Some(&thread::current().id()) {
            self.threads.push(thread::current().id());
        }
        assert!(self.bytes.len() < self.panics_at, "as the test wants");
        if self.bytes.len() >= self.fails_at {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_written_arrives_in_order_and_small_content_stays_on_its_thread() {
    let here = thread::current().id();
    for length in [0, 1, SMALL, SMALL + 1, SMALL + PIECE, LARGE] {
        let all = content(length);
        let (value, inner) = written("test", Noting::new(), |out| {
            for chunk in all.chunks(77_777) {
                out.write_all(chunk)?;
            }
            out.flush()?;
            Ok::<_, io::Error>(7)
        })
        .unwrap();
        assert_eq!((value, inner.bytes == all), (7, true), "{length}");
        assert_eq!(inner.threads.iter().any(|thread| *thread != here), length > SMALL, "{length}");
    }
}

#[test]
fn a_writer_that_fails_or_panics_halfway_is_an_error_of_its_own() {
    let all = content(LARGE);
    for (fails_at, panics_at, expected) in
        [(SMALL + 5, usize::MAX, io::ErrorKind::StorageFull), (usize::MAX, SMALL + 5, io::ErrorKind::Other)]
    {
        for chunk in [all.len(), 100_000] {
            let inner = Noting { fails_at, panics_at, ..Noting::new() };
            let outcome = written("test", inner, |out| all.chunks(chunk).try_for_each(|chunk| out.write_all(chunk)));
            assert_eq!(outcome.err().map(|error| error.kind()), Some(expected), "{chunk}");
        }
    }
}

#[test]
fn a_caller_that_fails_halfway_ends_the_thread_at_once() {
    /// Counts its ends.
    struct Slow<'a>(&'a AtomicUsize);
    impl Write for Slow<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            thread::sleep(std::time::Duration::from_millis(1));
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Drop for Slow<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let ended = AtomicUsize::new(0);
    let outcome = written("test", Slow(&ended), |out| {
        out.write_all(&content(LARGE))?;
        Err::<(), _>(io::Error::new(io::ErrorKind::TimedOut, "given up"))
    });
    assert_eq!(outcome.err().map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    assert_eq!(ended.load(Ordering::SeqCst), 1, "the thread has ended when the call has");
}

#[test]
fn a_digest_beside_is_the_digest() {
    for length in [0, 100, LARGE] {
        let all = content(length);
        let ((), digest) = sha256_beside(|out| out.write_all(&all)).unwrap();
        let expected = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &all);
        assert_eq!(digest, expected.as_ref());
    }
}

/// Gives so many bytes and then an error, a panic or the end.
struct Source {
    left: usize,
    then: fn() -> io::Result<usize>,
    threads: Vec<ThreadId>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.threads.last() != Some(&thread::current().id()) {
            self.threads.push(thread::current().id());
        }
        if self.left == 0 {
            return (self.then)();
        }
        let read = self.left.min(buffer.len()).min(50_000);
        buffer[..read].fill(b'x');
        self.left -= read;
        Ok(read)
    }
}

fn source(left: usize, then: fn() -> io::Result<usize>) -> Source {
    Source { left, then, threads: Vec::new() }
}

#[test]
fn what_is_read_ahead_comes_whole_and_small_content_from_its_thread() {
    let here = thread::current().id();
    for length in [0, 1, SMALL, SMALL + 1, SMALL + PIECE, LARGE] {
        let mut from = source(length, || Ok(0));
        let read = read_ahead("test", &mut from, |ahead| {
            let mut first = [0; 3];
            let read = ahead.read(&mut first)?;
            let rest = io::copy(ahead, &mut io::sink())?;
            assert!(ahead.fill_buf()?.is_empty(), "the end stays the end");
            Ok::<_, io::Error>(read as u64 + rest)
        });
        assert_eq!(read.unwrap(), length as u64);
        assert_eq!(from.threads.iter().any(|thread| *thread != here), length >= SMALL, "{length}");
    }
}

#[test]
fn an_error_of_the_source_comes_after_what_it_gave() {
    #[derive(Debug, thiserror::Error)]
    #[error("damaged")]
    struct Damaged;
    for length in [0, 100, LARGE] {
        let failing = source(length, || Err(io::Error::other(Damaged)));
        read_ahead("test", failing, |ahead| {
            let mut read = 0;
            let error = loop {
                match ahead.fill_buf() {
                    Ok(available) => {
                        let amount = available.len();
                        assert!(amount > 0, "an end where there was an error");
                        read += amount;
                        ahead.consume(amount);
                    }
                    Err(error) => break error,
                }
            };
            assert_eq!(read, length);
            assert!(error.get_ref().is_some_and(|inner| inner.is::<Damaged>()));
            assert!(ahead.fill_buf().is_err(), "it does not turn into an end");
            Ok::<_, io::Error>(())
        })
        .unwrap();
    }
    let outcome =
        read_ahead("test", source(LARGE, || panic!("as the test wants")), |ahead| io::copy(ahead, &mut io::sink()));
    assert!(outcome.is_err());
}

#[test]
fn a_reader_that_stops_halfway_ends_the_thread() {
    for taken in [0, 10, SMALL + 10, SMALL + 3 * PIECE] {
        let mut endless = source(usize::MAX, || Ok(0));
        let outcome =
            read_ahead("test", &mut endless, |ahead| io::copy(&mut ahead.take(taken as u64), &mut io::sink()));
        assert_eq!(outcome.unwrap(), taken as u64);
        let read = usize::MAX - endless.left;
        assert!(read <= taken + (PIECES + 1) * ROOM, "{read} bytes were read for {taken}");
    }
}
