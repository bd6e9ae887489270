//! The one thread that changes files: takes everything that waits, writes it with one write, syncs once, tells the publishers.
//!
//! A failed sync is final: what the disk has is unknown from then on, and asking again may be answered with a lie. The journal turns
//! failed, the process is asked to end, and the next start reads what the disk really has.

use std::fs::File;
use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use super::disk::{self, Disk};
use super::format::{self, GROUP_HEAD, GroupHead, SegmentHead};
use super::inbox::{Publish, Work};
use super::lock::Lock;
use super::positions::PositionsFile;
use super::segment::{self, Segment};
use super::shared::Shared;
use super::state::Committed;
use super::{GROUP_BYTES, topic_index};
use crate::{BusError, Group, Message, Position};

/// The thread's own things.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Box<dyn Disk>,
    pub(super) positions: PositionsFile,
    pub(super) chores_done: Instant,
    /// Reused for every group.
    pub(super) buffer: Vec<u8>,
    /// Held as long as anything is written.
    pub(super) _lock: Lock,
}

/// Does, however the thread ends, what must be done then.
struct End {
    shared: Arc<Shared>,
    planned: bool,
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.planned {
            self.shared.fail("the journal's writer died");
        }
        self.shared.inbox.close();
        // Whoever still waits is told.
        while let Work::Group(group) = self.shared.inbox.take(self.shared.options.save_within) {
            settle(&self.shared, group, || Err(self.shared.unavailable()));
        }
        self.shared.writer_ended.cancel();
    }
}

impl Writer {
    /// Works until the inbox ends or something fails for good.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut end = End {
            shared,
            planned: false,
        };
        if let Err(error) = self.work() {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the journal failed and stops"
            );
            self.shared.fail(&chain_text(&error));
        }
        end.planned = true;
        drop(self); // gives the folder back before anybody is told
    }

    fn work(&mut self) -> Result<(), BusError> {
        let pause = self.shared.options.save_within;
        loop {
            match self.shared.inbox.take(pause) {
                Work::Group(group) => {
                    let outcome = self.write_group(&group);
                    self.answer(group, outcome)?;
                    if self.chores_done.elapsed() >= pause {
                        self.do_chores()?;
                    }
                }
                Work::Idle => self.do_chores()?,
                Work::End => {
                    self.do_chores()?;
                    let positions = self.shared.state().positions(0);
                    return self.positions.save_synced(&*self.disk, &positions);
                }
            }
        }
    }

    /// Tells the publishers. An error that leaves the journal usable is theirs alone.
    fn answer(&self, group: Vec<Publish>, outcome: Result<(), WriteError>) -> Result<(), BusError> {
        match outcome {
            Ok(()) => {
                settle(&self.shared, group, || Ok(()));
                self.shared.inbox.remind();
                Ok(())
            }
            Err(WriteError::NoSpace) => {
                settle(&self.shared, group, || Err(self.shared.disk_full()));
                self.shared.inbox.remind();
                Ok(())
            }
            Err(WriteError::Fatal(error)) => {
                self.shared.fail(&chain_text(&error));
                settle(&self.shared, group, || Err(self.shared.unavailable()));
                Err(error)
            }
        }
    }

    /// When this is `Ok`, all messages of `group` are durable and readers are told.
    fn write_group(&mut self, group: &[Publish]) -> Result<(), WriteError> {
        let messages = || group.iter().flat_map(|publish| &publish.messages);
        let bytes: usize = group.iter().map(|publish| publish.bytes).sum();
        self.rotate_before(bytes)?;
        let (file, path, at, committed) = {
            let state = self.shared.state();
            let Some(segment) = state.segments.back() else {
                return Err(WriteError::Fatal(self.shared.unavailable()));
            };
            let head = GroupHead {
                journal: segment.head.journal,
                bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
                count: 0,
                first: segment.last.saturating_add(1),
                previous_chain: segment.chain,
                records_crc: 0,
            };
            let place = (Arc::clone(&segment.file), segment.path.clone(), segment.bytes);
            drop(state);
            let committed = encode_group(&mut self.buffer, head, messages());
            (place.0, place.1, place.2, committed)
        };
        if let Err(source) = disk::write_all(&*self.disk, &file, &self.buffer, at) {
            let error = BusError::file("write", &path, source);
            return Err(self.undo(&file, at, error));
        }
        let before = Instant::now();
        self.disk
            .sync(&file)
            .map_err(|source| WriteError::Fatal(BusError::file("sync", &path, source)))?;
        self.shared
            .metrics
            .synced(before.elapsed(), messages().count(), bytes);
        self.buffer.shrink_to(2 * GROUP_BYTES);
        let mut state = self.shared.state();
        state.commit(committed, messages());
        let last = state.last.clone();
        self.shared.note_kept(&state);
        drop(state);
        self.shared.announce(
            messages().filter_map(|message| topic_index(message.topic, self.shared.shards)),
            &last,
        );
        Ok(())
    }

    /// After a failed write: no space leaves a usable journal once the piece is cut off again, anything else does not.
    fn undo(&self, file: &File, at: u64, error: BusError) -> WriteError {
        let BusError::File { source, .. } = &error else {
            return WriteError::Fatal(error);
        };
        let full = matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        if full && file.set_len(at).is_ok() {
            self.shared.note_free(0);
            return WriteError::NoSpace;
        }
        WriteError::Fatal(error)
    }

    /// Starts a new segment when `bytes` more would make this one too large.
    fn rotate_before(&mut self, bytes: usize) -> Result<(), WriteError> {
        let state = self.shared.state();
        let limit = self.shared.options.segment_bytes;
        let grown = |held: u64| held.saturating_add((GROUP_HEAD + bytes) as u64);
        let next = state
            .segments
            .back()
            .filter(|segment| segment.last >= segment.head.first && grown(segment.bytes) > limit)
            .map(Segment::next_head);
        drop(state);
        next.map_or(Ok(()), |head| self.start_segment(head))
    }

    /// Starts an empty segment when everybody has read all of this one, so that a journal at rest takes no room.
    fn rotate_at_rest(&mut self) -> Result<(), BusError> {
        let state = self.shared.state();
        let spent = state.is_spent(self.shared.options.rest_bytes);
        let next = state.segments.back().filter(|_| spent).map(Segment::next_head);
        drop(state);
        match next.map_or(Ok(()), |head| self.start_segment(head)) {
            Ok(()) | Err(WriteError::NoSpace) => Ok(()),
            Err(WriteError::Fatal(error)) => Err(error),
        }
    }

    fn start_segment(&mut self, head: SegmentHead) -> Result<(), WriteError> {
        match segment::create(&self.shared.options.folder, head, &*self.disk) {
            Ok(segment) => self.shared.state().segments.push_back(segment),
            Err(BusError::File {
                doing: "make" | "write" | "name",
                source,
                ..
            }) if source.kind() == io::ErrorKind::StorageFull => {
                self.shared.note_free(0);
                return Err(WriteError::NoSpace);
            }
            Err(error) => return Err(WriteError::Fatal(error)),
        }
        let positions = self.shared.state().positions(0);
        self.positions
            .save_synced(&*self.disk, &positions)
            .map_err(WriteError::Fatal)
    }

    /// Saves positions, removes what nobody needs, looks at the disk.
    fn do_chores(&mut self) -> Result<(), BusError> {
        self.shared.inbox.forget_chores();
        self.chores_done = Instant::now();
        if self.shared.look_at_disk() {
            self.shared.inbox.remind(); // until there is room again
        }
        self.rotate_at_rest()?;
        let mut state = self.shared.state();
        let removable = state.removable(self.shared.options.spare_bytes);
        let unsaved = std::mem::take(&mut state.unsaved);
        let positions = state.positions(removable);
        for group in [Group::Billing, Group::Analytics] {
            self.shared.metrics.lag(group, state.lag(group));
        }
        drop(state);
        if removable > 0 {
            self.positions.save_synced(&*self.disk, &positions)?;
            let mut state = self.shared.state();
            let removed = state.remove(removable);
            self.shared.note_kept(&state);
            drop(state);
            removed.iter().for_each(|segment| segment::unlink(&segment.path));
        } else if unsaved {
            self.positions.save(&*self.disk, &positions)?;
        }
        Ok(())
    }
}

/// Why a group is not durable.
enum WriteError {
    /// Nothing was published, and the journal is as before.
    NoSpace,
    /// The outcome is unknown.
    Fatal(BusError),
}

/// Gives room back and answers every publisher of `group`.
fn settle(shared: &Shared, group: Vec<Publish>, outcome: impl Fn() -> Result<(), BusError>) {
    let bytes: u64 = group.iter().map(|publish| publish.bytes as u64).sum();
    shared.inbox.settled(bytes);
    for publish in group {
        // A publisher that no longer waits does not want to know.
        let _gone = publish.done.send(outcome());
    }
}

/// Fills `out` with the group; gives what is to be committed.
fn encode_group<'a>(
    out: &mut Vec<u8>,
    head: GroupHead,
    messages: impl Iterator<Item = &'a Message>,
) -> Committed {
    out.clear();
    out.resize(GROUP_HEAD, 0);
    let mut head = head;
    for message in messages {
        let position: Position = head.first.saturating_add(u64::from(head.count));
        let crc = format::encode_record(out, message, position);
        head.records_crc = format::append_crc(head.records_crc, crc);
        head.count = head.count.saturating_add(1);
    }
    let raw = head.encode();
    if let Some(place) = out.first_chunk_mut() {
        *place = raw;
    }
    Committed {
        bytes: out.len() as u64,
        chain: format::group_chain(&raw),
    }
}

/// The error and its causes in one line.
fn chain_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
