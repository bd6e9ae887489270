//! A file read in pieces: large reads, handed out as slices that share their memory.

use std::fs::File;
use std::io;

use bytes::Bytes;
use rustix::buffer::spare_capacity;

/// A read-only view that remembers the piece it read last.
pub(super) struct Window<'a> {
    file: &'a File,
    /// The least it reads at once.
    piece: usize,
    start: u64,
    held: Bytes,
}

impl<'a> Window<'a> {
    /// Nothing read yet.
    pub(super) fn new(file: &'a File, piece: usize) -> Self {
        Self {
            file,
            piece,
            start: 0,
            held: Bytes::new(),
        }
    }

    /// `bytes` bytes from `offset`; fewer at the end of the file.
    pub(super) fn get(&mut self, offset: u64, bytes: usize) -> io::Result<Bytes> {
        if let Some(found) = self.slice(offset, bytes) {
            return Ok(found);
        }
        self.held = read_at(self.file, offset, bytes.max(self.piece))?;
        self.start = offset;
        Ok(self.held.slice(..bytes.min(self.held.len())))
    }

    fn slice(&self, offset: u64, bytes: usize) -> Option<Bytes> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(bytes)?;
        (to <= self.held.len()).then(|| self.held.slice(from..to))
    }
}

/// Up to `bytes` bytes from `offset`.
fn read_at(file: &File, offset: u64, bytes: usize) -> io::Result<Bytes> {
    let mut out = Vec::with_capacity(bytes);
    while out.len() < bytes {
        let at = offset.saturating_add(u64::try_from(out.len()).unwrap_or(u64::MAX));
        match rustix::io::pread(file, spare_capacity(&mut out), at) {
            Ok(0) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Bytes::from(out))
}
