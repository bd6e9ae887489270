//! One process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::BusError;

const FILE_NAME: &str = "lock";

/// The folder is ours until this is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes `folder`, or says that another process has it.
    pub(super) fn take(folder: &Path) -> Result<Self, BusError> {
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| BusError::file("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(BusError::InUse {
                folder: folder.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(BusError::file("lock", &path, source)),
        }
    }
}

/// Unlocked by name: closing alone would leave it locked while a process that was just forked still holds a copy of the handle.
impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::debug!(%error, "the journal's lock ends with its handle");
        }
    }
}
