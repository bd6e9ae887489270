//! Segment files: their names, how one is made, how the folder is listed.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Disk};
use super::format::{SEGMENT_HEAD, SegmentHead};
use super::scan::Expected;
use crate::{BusError, Position};

const EXTENSION: &str = "log";
/// A segment that is being made has this name, so that one named `.log` always has its header.
const UNFINISHED: &str = "unfinished";
const NAME_DIGITS: usize = 20;

/// A segment as readers know it; its bytes are durable.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// What its header says.
    pub(super) head: SegmentHead,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Open as long as anybody reads, even after retention removed its name.
    pub(super) file: Arc<File>,
    /// Durable bytes.
    pub(super) bytes: u64,
    /// The chain at its end.
    pub(super) chain: u32,
    /// The position of its last record; one before `head.first` when it has none.
    pub(super) last: Position,
    /// Per topic: the position of its last record here, 0 when there is none.
    pub(super) last_of: Vec<Position>,
}

impl Segment {
    /// An empty one.
    pub(super) fn new(head: SegmentHead, chain: u32, path: PathBuf, file: File) -> Self {
        Self {
            head,
            path,
            file: Arc::new(file),
            bytes: SEGMENT_HEAD as u64,
            chain,
            last: head.first.saturating_sub(1),
            last_of: vec![0; usize::from(head.shards).saturating_add(1)],
        }
    }

    /// What must come next at its end.
    pub(super) fn expected(&self) -> Expected {
        Expected {
            journal: self.head.journal,
            next: self.last.saturating_add(1),
            chain: self.chain,
        }
    }

    /// The header of the segment that follows this one.
    pub(super) fn next_head(&self) -> SegmentHead {
        SegmentHead {
            number: self.head.number.saturating_add(1),
            first: self.last.saturating_add(1),
            previous_bytes: self.bytes,
            previous_chain: self.chain,
            ..self.head
        }
    }
}

/// The file of the segment whose first record has position `first`.
pub(super) fn path_of(folder: &Path, first: Position) -> PathBuf {
    folder.join(format!("{first:0NAME_DIGITS$}.{EXTENSION}"))
}

/// Makes the file of a segment: when it has its name, its header is durable, and so is the name.
pub(super) fn create(folder: &Path, head: SegmentHead, disk: &dyn Disk) -> Result<Segment, BusError> {
    let path = path_of(folder, head.first);
    let unfinished = path.with_extension(UNFINISHED);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&unfinished)
        .map_err(|source| BusError::file("make", &unfinished, source))?;
    let raw = head.encode();
    disk::write_all(disk, &file, &raw, 0).map_err(|source| BusError::file("write", &unfinished, source))?;
    disk.sync(&file)
        .map_err(|source| BusError::file("sync", &unfinished, source))?;
    std::fs::rename(&unfinished, &path).map_err(|source| BusError::file("name", &path, source))?;
    disk::sync_folder(folder).map_err(|source| BusError::file("sync", folder, source))?;
    let chain = SegmentHead::decode(&raw)
        .map(|(_, chain)| chain)
        .unwrap_or_default();
    Ok(Segment::new(head, chain, path, file))
}

/// The segment files of a folder.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// By the position in their names.
    pub(super) segments: Vec<(Position, PathBuf)>,
    /// Under a name that no segment has: renamed or copied by somebody.
    pub(super) strange: Vec<PathBuf>,
}

/// Lists `folder`.
pub(super) fn list(folder: &Path) -> Result<Listed, BusError> {
    let unlisted = |source| BusError::file("list", folder, source);
    let mut listed = Listed::default();
    for entry in std::fs::read_dir(folder).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let digits = stem.len() == NAME_DIGITS && stem.bytes().all(|byte| byte.is_ascii_digit());
        match stem.parse().ok().filter(|_| digits) {
            Some(first) => listed.segments.push((first, path)),
            None => listed.strange.push(path),
        }
    }
    listed.segments.sort_unstable();
    Ok(listed)
}

/// Removes a segment that the positions file no longer asks for; if that fails, the next start does it.
pub(super) fn unlink(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(file = %path.display(), %error, "cannot remove a segment that nobody needs");
    }
}

/// Removes what a crash left of a segment that was being made; it never held a message.
pub(super) fn remove_unfinished(folder: &Path) -> Result<(), BusError> {
    let unlisted = |source| BusError::file("list", folder, source);
    for entry in std::fs::read_dir(folder).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            std::fs::remove_file(&path).map_err(|source| BusError::file("remove", &path, source))?;
        }
    }
    Ok(())
}
