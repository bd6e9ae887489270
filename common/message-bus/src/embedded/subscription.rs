//! One group's reading of one topic: from memory while it keeps up, from the files in pieces while it does not.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::format::Record;
use super::scan;
use super::shared::Shared;
use super::state::State;
use super::tail::{Kept, Place};
use super::topic_index;
use super::window::Window;
use crate::{BusError, Delivery, Group, Position, Subscription, Topic};

/// The most a subscription takes at once, in bodies; it bounds the memory of a slow reader.
const CHUNK_BYTES: usize = 1 << 20;
/// The most a subscription takes at once, in messages.
const CHUNK_MESSAGES: usize = 256;
/// Read at once from a file.
const PIECE_BYTES: usize = 256 << 10;

/// See [`Subscription`].
pub(super) struct Reader {
    shared: Arc<Shared>,
    group: Group,
    topic: Topic,
    index: usize,
    /// The last position fetched, or proved not to be of this topic.
    fetched: Position,
    /// A group at or before the next message, if known.
    place: Option<Place>,
    ready: VecDeque<Delivery>,
    /// A read under way; it survives a dropped `next`.
    reading: Option<JoinHandle<Result<Chunk, BusError>>>,
    news: watch::Receiver<Position>,
}

/// What was read from a file.
struct Chunk {
    ready: VecDeque<Delivery>,
    /// The last position seen, of whatever topic.
    seen: Position,
    /// Where to go on.
    place: Place,
}

/// What there is for a reader now.
enum Source {
    /// Nothing.
    Nothing,
    /// Put into `ready`.
    Ready,
    /// In a file.
    File(FilePart),
}

/// The part of a segment to be read.
struct FilePart {
    file: Arc<File>,
    path: PathBuf,
    place: Place,
    end: u64,
    index: usize,
    shards: u16,
    after: Position,
}

impl Reader {
    /// Starts after `after`.
    pub(super) fn new(
        shared: Arc<Shared>,
        group: Group,
        topic: Topic,
        after: Position,
    ) -> Result<Self, BusError> {
        let no_topic = || BusError::Invalid("there is no such shard");
        let index = topic_index(topic, shared.shards).ok_or_else(no_topic)?;
        let news = shared.news(index).ok_or_else(no_topic)?;
        Ok(Self {
            group,
            topic,
            index,
            fetched: after,
            place: None,
            ready: VecDeque::new(),
            reading: None,
            news,
            shared,
        })
    }

    /// Fills `ready` if there is anything new.
    async fn fetch(&mut self) -> Result<(), BusError> {
        while self.ready.is_empty() {
            if self.reading.is_none() {
                match self.look()? {
                    Source::Nothing => return Ok(()),
                    Source::Ready => continue,
                    Source::File(part) => {
                        self.reading = Some(tokio::task::spawn_blocking(move || part.read()))
                    }
                }
            }
            let Some(reading) = &mut self.reading else {
                continue;
            };
            let outcome = reading.await;
            self.reading = None;
            let read = outcome.map_err(|_| BusError::Unavailable("reading was interrupted".to_owned()))?;
            let chunk = read.inspect_err(|error| {
                if matches!(error, BusError::Damaged { .. }) {
                    // What was confirmed is not there any more: as at the start, nothing goes on without a person.
                    tracing::error!(
                        error = error as &dyn std::error::Error,
                        "the journal is damaged and stops"
                    );
                    self.shared.fail(&error.to_string());
                }
            })?;
            self.fetched = self.fetched.max(chunk.seen);
            self.place = Some(chunk.place);
            self.ready = chunk.ready;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<Source, BusError> {
        let shared = Arc::clone(&self.shared);
        let state = shared.state();
        let removed = state.removed.get(self.index).copied().unwrap_or_default();
        if self.fetched < removed {
            let gap = gap(&state, self.group, self.topic, self.fetched, removed)?;
            self.fetched = removed;
            self.place = None;
            self.ready.push_back(gap);
            return Ok(Source::Ready);
        }
        if state
            .last
            .get(self.index)
            .is_none_or(|last| *last <= self.fetched)
        {
            return Ok(Source::Nothing);
        }
        if let Some(newer) = state.tail.after(self.index, self.fetched) {
            let mut bytes = 0_usize;
            for kept in newer.take(CHUNK_MESSAGES) {
                bytes = bytes.saturating_add(kept.body.len());
                self.fetched = kept.position;
                self.place = Some(kept.place);
                self.ready.push_back(delivery(kept));
                if bytes >= CHUNK_BYTES {
                    break;
                }
            }
            return Ok(Source::Ready);
        }
        Ok(self.file_part(&state).map_or(Source::Nothing, Source::File))
    }

    /// The segment that holds the next message, from the best known place on.
    fn file_part(&self, state: &State) -> Option<FilePart> {
        let segment = state.segments.iter().find(|segment| {
            segment
                .last_of
                .get(self.index)
                .is_some_and(|last| *last > self.fetched)
        })?;
        let start = Place {
            number: segment.head.number,
            offset: super::format::SEGMENT_HEAD as u64,
        };
        let known = self.place.filter(|place| place.number == start.number);
        Some(FilePart {
            file: Arc::clone(&segment.file),
            path: segment.path.clone(),
            place: known.unwrap_or(start),
            end: segment.bytes,
            index: self.index,
            shards: state.shards,
            after: self.fetched,
        })
    }
}

/// What is said when the messages up to `removed` are gone.
fn gap(
    state: &State,
    group: Group,
    topic: Topic,
    after: Position,
    removed: Position,
) -> Result<Delivery, BusError> {
    let first = state
        .segments
        .front()
        .map(|segment| segment.head.first)
        .unwrap_or_default();
    match (group, topic) {
        (Group::Billing, Topic::Readings { .. }) => Err(BusError::Lost { wanted: after, first }),
        (Group::Analytics, _) | (_, Topic::Events) => Ok(Delivery::Gap {
            after,
            next: removed.saturating_add(1),
        }),
    }
}

fn delivery(kept: &Kept) -> Delivery {
    Delivery::Message {
        position: kept.position,
        id: kept.id,
        kind: kept.kind.to_owned(),
        time_ms: kept.time_ms,
        traced: kept.traced.clone(),
        body: kept.body.clone(),
    }
}

impl FilePart {
    /// Reads on until a chunk is full or the part ends. Every record handed out is checked.
    fn read(self) -> Result<Chunk, BusError> {
        let mut window = Window::new(&self.file, PIECE_BYTES);
        let mut ready = VecDeque::new();
        let (mut bytes, mut seen, mut at) = (0_usize, self.after, self.place.offset);
        while at < self.end && bytes < CHUNK_BYTES && ready.len() < CHUNK_MESSAGES {
            let group = scan::group_at(&mut window, at, self.end)
                .map_err(|source| BusError::file("read", &self.path, source))?
                .ok_or_else(|| self.damaged(at, self.end))?;
            let next = at.saturating_add(group.head.whole_bytes());
            for (head, raw) in scan::records(&group.raw) {
                seen = head.position;
                let wanted = topic_index(head.topic(), self.shards) == Some(self.index);
                if !wanted || head.position <= self.after {
                    continue;
                }
                let record = Record::decode(&raw).ok_or_else(|| self.damaged(at, next))?;
                bytes = bytes.saturating_add(record.body.len());
                ready.push_back(Delivery::Message {
                    position: record.position,
                    id: record.id,
                    kind: record.kind,
                    time_ms: record.time_ms,
                    traced: Vec::new(),
                    body: record.body,
                });
            }
            at = next;
        }
        let place = Place {
            offset: at,
            ..self.place
        };
        Ok(Chunk { ready, seen, place })
    }

    fn damaged(&self, from: u64, to: u64) -> BusError {
        BusError::damaged(&self.path, from..to, "it can no longer be read as it was written")
    }
}

#[async_trait::async_trait]
impl Subscription for Reader {
    async fn next(&mut self) -> Result<Delivery, BusError> {
        loop {
            // What comes after this look wakes `changed`.
            self.news.borrow_and_update();
            if let Some(delivery) = self.try_next().await? {
                return Ok(delivery);
            }
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                () = shared.stopped.cancelled() => return Err(shared.unavailable()),
                changed = self.news.changed() => changed.map_err(|_| shared.unavailable())?,
            }
        }
    }

    async fn try_next(&mut self) -> Result<Option<Delivery>, BusError> {
        if self.shared.stopped.is_cancelled() {
            return Err(self.shared.unavailable());
        }
        if self.ready.is_empty() {
            self.fetch().await?;
        }
        Ok(self.ready.pop_front())
    }

    async fn ack(&mut self, position: Position) -> Result<(), BusError> {
        if self.shared.stopped.is_cancelled() {
            return Err(self.shared.unavailable());
        }
        let moved = self.shared.state().ack(self.group, self.index, position);
        if moved {
            self.shared.inbox.remind();
        }
        Ok(())
    }
}
