//! The lock on a data folder: one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::KitError;

const LOCK: &str = "lock";
/// Rights of a folder that is made.
const OWNER_ONLY: u32 = 0o700;

/// The right to use a data folder; given back when dropped, also by the end of the process however it ends.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    _file: File,
}

impl FolderLock {
    /// Makes `folder` if need be, and takes it for this process.
    ///
    /// # Errors
    /// [`KitError::FolderInUse`] when another process has it, [`KitError::File`] when it cannot be made or written.
    pub fn take(folder: &Path) -> Result<Self, KitError> {
        let failed = |doing, file: &Path| {
            let file = file.to_path_buf();
            move |source| KitError::File { doing, file, source }
        };
        // names, addresses and readings are nobody else's business
        DirBuilder::new()
            .recursive(true)
            .mode(OWNER_ONLY)
            .create(folder)
            .map_err(failed("make", folder))?;
        let path = folder.join(LOCK);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.trim().parse().ok());
                return Err(KitError::FolderInUse {
                    folder: folder.to_path_buf(),
                    pid,
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source)),
        }
        file.set_len(0).map_err(failed("write", &path))?;
        file.rewind().map_err(failed("write", &path))?;
        writeln!(file, "{}", std::process::id()).map_err(failed("write", &path))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            _file: file,
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

#[cfg(test)]
mod tests;
