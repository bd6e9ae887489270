//! What the journal asks of the disk, behind a trait so that tests can make it fail.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The two calls whose failures decide about durability.
pub(super) trait Disk: Send + Sync {
    /// Writes some of `bytes` at `offset`; says how many.
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes what was written durable.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The operating system's.
pub(super) struct OsDisk;

impl Disk for OsDisk {
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// Writes all of `bytes`, however often the system takes only a part or is interrupted.
pub(super) fn write_all(disk: &dyn Disk, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut rest = bytes;
    let mut at = offset;
    while !rest.is_empty() {
        match disk.write(file, rest, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                rest = rest.get(written..).unwrap_or_default();
                at = at.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes names made, changed or removed in `folder` durable.
pub(super) fn sync_folder(folder: &std::path::Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Bytes that may still be written to the disk of `folder`.
pub(super) fn free_bytes(folder: &std::path::Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
