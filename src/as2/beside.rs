//! Work beside: what is written is worked on, and what is read is made ready, on a thread of its own.
//!
//! A hash and a cipher cost about the same, so a large message is built and opened in half the time where both run at
//! once. Bytes go over in a few pieces that are used again and again: memory is the same for every size. Content up to
//! [`SMALL`] bytes stays on the caller's thread, where it is done before another one would have woken up. No thread
//! outlives the call that began it, and one that fails or panics is an [`io::Error`] to whoever waits for it.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::digest::Sha256;

/// Bytes that go over at a time. Waking the other thread costs as much as hashing some ten thousand bytes.
const PIECE: usize = 1024 * 1024;

/// Room for one that is read: what reads in steps of 64 KiB can put a whole one behind whatever is there.
const ROOM: usize = PIECE + 66 * 1024;

/// How many pieces are under way between two threads.
const PIECES: usize = 4;

/// So many bytes are worked on before a thread is begun.
const SMALL: usize = 1024 * 1024;

/// Bytes that are read at a time before a thread is begun.
const FIRST_READS: usize = 64 * 1024;

/// What a thread works on and comes back to, where it came to an end.
type Worker<'scope, W> = ScopedJoinHandle<'scope, io::Result<W>>;

fn begin<'scope, W: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> io::Result<W> + Send + 'scope,
) -> io::Result<Worker<'scope, W>> {
    thread::Builder::new().name(format!("as2 {name}")).spawn_scoped(scope, work)
}

fn end<W>(worker: Worker<'_, W>) -> io::Result<W> {
    worker.join().unwrap_or_else(|_panic| Err(io::Error::other("a thread of the engine broke down")))
}

/// Has what `fill` writes go through `inner` on another thread, called `name`, and gives `inner` back.
///
/// # Errors
/// Those of `fill`, and those of `inner`, which come first where both failed.
pub fn written<W, T, E>(
    name: &str,
    inner: W,
    fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, E>,
) -> Result<(T, W), E>
where
    W: Write + Send,
    E: From<io::Error>,
{
    thread::scope(|scope| {
        let mut writer = Beside { scope, name, place: WritePlace::Here { inner, written: 0 } };
        match fill(&mut writer) {
            Ok(value) => Ok((value, writer.finish()?)),
            Err(error) => Err(writer.give_up().map_or(error, E::from)),
        }
    })
}

/// The SHA-256 of all that `fill` writes, taken on another thread.
///
/// # Errors
/// Those of `fill`; and where the system gives no thread.
pub fn sha256_beside<T, E: From<io::Error>>(
    fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, E>,
) -> Result<(T, Vec<u8>), E> {
    let (value, digest) = written("digest", Sha256::default(), fill)?;
    Ok((value, digest.finish()))
}

/// Reads `source` ahead on another thread, called `name`, while `take` reads what is ready.
///
/// # Errors
/// Those of `take`; those of `source` reach it where it reads.
pub(super) fn read_ahead<R, T, E>(
    name: &str,
    source: R,
    take: impl FnOnce(&mut (dyn BufRead + Send)) -> Result<T, E>,
) -> Result<T, E>
where
    R: Read + Send,
    E: From<io::Error>,
{
    thread::scope(|scope| {
        let place = ReadPlace::Here { source, read: 0 };
        take(&mut Ahead { scope, name, place, piece: vec![0; FIRST_READS], start: 0, end: 0 })
    })
}

impl Write for Sha256 {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to `W`, once there is much of it on another thread.
struct Beside<'scope, 'env, 'n, W> {
    scope: &'scope Scope<'scope, 'env>,
    name: &'n str,
    place: WritePlace<'scope, W>,
}

enum WritePlace<'scope, W> {
    Here {
        inner: W,
        written: usize,
    },
    There(WriteThread<'scope, W>),
    /// No thread was to be had.
    Nowhere,
}

struct WriteThread<'scope, W> {
    full: SyncSender<Vec<u8>>,
    spare: Receiver<Vec<u8>>,
    /// The piece being filled.
    piece: Vec<u8>,
    /// How many pieces there are.
    made: usize,
    worker: Worker<'scope, W>,
}

impl<'scope, W: Write + Send + 'scope> Beside<'scope, '_, '_, W> {
    fn go(&mut self) -> io::Result<()> {
        let WritePlace::Here { mut inner, .. } = std::mem::replace(&mut self.place, WritePlace::Nowhere) else {
            return Err(ended());
        };
        let (full, pieces) = sync_channel::<Vec<u8>>(PIECES);
        let (back, spare) = sync_channel(PIECES);
        let worker = begin(self.scope, self.name, move || {
            for mut piece in pieces {
                inner.write_all(&piece)?;
                piece.clear();
                if back.send(piece).is_err() {
                    // Nobody waits for the rest.
                    break;
                }
            }
            Ok(inner)
        })?;
        let piece = Vec::with_capacity(PIECE);
        self.place = WritePlace::There(WriteThread { full, spare, piece, made: 1, worker });
        Ok(())
    }

    /// Waits until all is written.
    fn finish(self) -> io::Result<W> {
        match self.place {
            WritePlace::Here { inner, .. } => Ok(inner),
            WritePlace::There(WriteThread { full, spare, piece, worker, .. }) => {
                // Where it is not taken, the thread has ended and says why.
                drop(full.send(piece));
                drop(full);
                let inner = end(worker);
                drop(spare);
                inner
            }
            WritePlace::Nowhere => Err(ended()),
        }
    }

    /// Ends the thread at once; why it had ended before, where it had.
    fn give_up(self) -> Option<io::Error> {
        let WritePlace::There(WriteThread { full, spare, worker, .. }) = self.place else { return None };
        drop((full, spare));
        end(worker).err()
    }
}

impl<W> WriteThread<'_, W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE {
            let empty = if self.made < PIECES {
                self.made += 1;
                Vec::with_capacity(PIECE)
            } else {
                self.spare.recv().map_err(|_gone| ended())?
            };
            self.full.send(std::mem::replace(&mut self.piece, empty)).map_err(|_gone| ended())?;
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the thread that the bytes are for has ended")
}

impl<'scope, W: Write + Send + 'scope> Write for Beside<'scope, '_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if matches!(&self.place, WritePlace::Here { written, .. } if *written >= SMALL) {
            self.go()?;
        }
        match &mut self.place {
            WritePlace::Here { inner, written } => {
                let taken = inner.write(&bytes[..bytes.len().min(SMALL - *written)])?;
                *written += taken;
                Ok(taken)
            }
            WritePlace::There(there) => there.put(bytes),
            WritePlace::Nowhere => Err(ended()),
        }
    }

    /// On the other thread there is nothing to hurry: what was written gets there in its turn.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            WritePlace::Here { inner, .. } => inner.flush(),
            _ => Ok(()),
        }
    }
}

/// Reads from `R`, once there is much of it on another thread.
struct Ahead<'scope, 'env, 'n, R> {
    scope: &'scope Scope<'scope, 'env>,
    name: &'n str,
    place: ReadPlace<'scope, R>,
    /// What is being taken; from `start` to `end` it has not been yet.
    piece: Vec<u8>,
    start: usize,
    end: usize,
}

enum ReadPlace<'scope, R> {
    Here {
        source: R,
        read: usize,
    },
    There {
        full: Receiver<(Vec<u8>, usize)>,
        spare: SyncSender<Vec<u8>>,
        worker: Worker<'scope, ()>,
    },
    /// All was read.
    Ended,
    /// Reading failed, which has been said.
    Failed,
}

/// Reads until there is a piece, or the source has ended or failed: how much was read, and whether there may be more.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> (usize, io::Result<bool>) {
    let mut filled = 0;
    while filled < PIECE {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => return (filled, Ok(false)),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(true))
}

impl<'scope, R: Read + Send + 'scope> Ahead<'scope, '_, '_, R> {
    fn go(&mut self) -> io::Result<()> {
        let ReadPlace::Here { mut source, .. } = std::mem::replace(&mut self.place, ReadPlace::Failed) else {
            return Ok(());
        };
        let (pieces, full) = sync_channel::<(Vec<u8>, usize)>(PIECES);
        let (spare, empty) = sync_channel::<Vec<u8>>(PIECES);
        let worker = begin(self.scope, self.name, move || {
            let mut made = 0;
            loop {
                let mut piece = if made < PIECES {
                    made += 1;
                    vec![0; ROOM]
                } else {
                    // Where nobody gives any back, nobody reads any more.
                    let Ok(piece) = empty.recv() else { return Ok(()) };
                    piece
                };
                let (filled, outcome) = fill(&mut source, &mut piece);
                if filled > 0 && pieces.send((piece, filled)).is_err() {
                    return Ok(());
                }
                if !outcome? {
                    return Ok(());
                }
            }
        })?;
        self.place = ReadPlace::There { full, spare, worker };
        Ok(())
    }

    /// Gets the next bytes; at the end there are none.
    fn advance(&mut self) -> io::Result<()> {
        (self.start, self.end) = (0, 0);
        if matches!(&self.place, ReadPlace::Here { read, .. } if *read >= SMALL) {
            // What has been taken is no piece that can go over.
            self.piece = Vec::new();
            self.go()?;
        }
        match &mut self.place {
            ReadPlace::Here { source, read } => {
                self.end = source.read(&mut self.piece)?;
                *read += self.end;
            }
            ReadPlace::There { full, spare, .. } => {
                if !self.piece.is_empty() {
                    // A thread that has ended needs none.
                    drop(spare.send(std::mem::take(&mut self.piece)));
                }
                match full.recv() {
                    Ok((piece, filled)) => (self.piece, self.end) = (piece, filled),
                    Err(_ended) => {
                        if let ReadPlace::There { worker, .. } = std::mem::replace(&mut self.place, ReadPlace::Failed) {
                            end(worker)?;
                            self.place = ReadPlace::Ended;
                        }
                    }
                }
            }
            ReadPlace::Ended => {}
            ReadPlace::Failed => return Err(io::Error::other("reading has failed before")),
        }
        Ok(())
    }
}

impl<'scope, R: Read + Send + 'scope> Read for Ahead<'scope, '_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<'scope, R: Read + Send + 'scope> BufRead for Ahead<'scope, '_, '_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.advance()?;
        }
        Ok(&self.piece[self.start..self.end])
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
    }
}

#[cfg(test)]
mod tests;
