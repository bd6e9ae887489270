//! Group commit: as soon as the bus is free, everything that has gathered is stamped, marked, encoded and published at once. No timer: the
//! slower the bus, the larger the groups.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use message_bus::{Bus, BusError, Message, Topic, Traced};
use model::Clock;
use prost::Message as _;
use service_kit::chain;
use service_kit::trace::{Kind, Span};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::group::{Draft, Group};
use crate::memory::{Mark, Memory, Word};
use crate::metrics::{Metrics, Publish};
use crate::queue::{Outcome, Queue, Taken};

/// What the body of our messages is.
const KIND: &str = "gridtally.meter.v1.ReadingColumns";

/// The task that publishes.
pub(crate) struct Committer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) memory: Memory,
    pub(crate) metrics: Metrics,
    pub(crate) confirm_within: Duration,
    pub(crate) publishes: usize,
    /// Upper half of the message ids of this run.
    pub(crate) run: u64,
    /// Lower half of the next one.
    pub(crate) next: u64,
    /// What became of the group before: the log says what changes, not every group.
    pub(crate) before: Publish,
}

/// A group that was handed to the bus.
struct Sent {
    taken: Taken,
    /// Per message the words of rows that are not simply accepted.
    words: Vec<Vec<(u32, Word)>>,
    /// Per message what was learned, to be unlearned should it fail.
    learned: Vec<(Vec<u64>, Vec<Mark>)>,
    since: Instant,
    /// Of the messages with readings that are traced.
    spans: Vec<Span>,
}

impl Committer {
    /// Publishes until `stop`, then what is left, and ends.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), BusError> {
        let mut sent = FuturesUnordered::new();
        let mut stopping = false;
        loop {
            while sent.len() < self.publishes
                && let Some(taken) = self.queue.take()
            {
                sent.push(self.send(taken));
            }
            if stopping && sent.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some((group, result)) = sent.next(), if !sent.is_empty() => self.finish(group, result),
                () = self.queue.gathered(), if sent.len() < self.publishes => {}
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.queue.close();
                }
            }
        }
    }

    /// Encodes a group and begins to publish it.
    fn send(&mut self, mut taken: Taken) -> impl Future<Output = (Sent, Result<(), Refusal>)> + use<> {
        let now_ms = self.clock.now_ms();
        let group: &mut Group = &mut taken.group;
        self.metrics.group(group.rows);
        let mut drafts = std::mem::take(&mut group.drafts);
        let mut words = Vec::with_capacity(drafts.len());
        let mut learned = Vec::with_capacity(drafts.len());
        let mut messages = Vec::with_capacity(drafts.len());
        let mut spans = Vec::new();
        for draft in &mut drafts {
            words.push(learn(&mut self.memory, draft));
            messages.push(self.message(draft, now_ms, &mut spans));
            learned.push((
                std::mem::take(&mut draft.identity),
                std::mem::take(&mut draft.marks),
            ));
        }
        self.queue.reuse(drafts);
        let sent = Sent {
            taken,
            words,
            learned,
            since: Instant::now(),
            spans,
        };
        let (bus, within) = (Arc::clone(&self.bus), self.confirm_within);
        async move {
            let published = tokio::time::timeout(within, bus.publish(messages)).await;
            (sent, understood(published))
        }
    }

    fn message(&mut self, draft: &mut Draft, now_ms: i64, spans: &mut Vec<Span>) -> Message {
        let columns = &mut draft.columns;
        columns.received_ms = now_ms;
        columns.squeeze();
        let id = (u128::from(self.run) << 64) | u128::from(self.next);
        self.next = self.next.wrapping_add(1);
        let body = Bytes::from(columns.encode_to_vec());
        Message {
            topic: Topic::Readings { shard: draft.shard },
            id,
            kind: KIND,
            time_ms: now_ms,
            traced: traced(draft, id, spans),
            body,
        }
    }

    /// Tells the callers of a group what became of it.
    fn finish(&mut self, sent: Sent, result: Result<(), Refusal>) {
        self.tell(&result);
        let outcome = match result {
            Ok(()) => Outcome::Kept(sent.words),
            Err(ref why) => {
                sent.spans.iter().for_each(|span| span.fail("not confirmed"));
                for ((identities, marks), words) in sent.learned.iter().zip(&sent.words) {
                    self.unlearn(identities, marks, words);
                }
                match why.kind {
                    Publish::Full => Outcome::Full,
                    Publish::Confirmed | Publish::Unknown => Outcome::Unknown,
                }
            }
        };
        let kind = kind(&result);
        self.metrics.published(kind, sent.since.elapsed());
        self.queue.done(sent.taken.group.cost);
        sent.taken.announce(outcome);
    }

    /// Says in the log what is not as it was with the group before.
    fn tell(&mut self, result: &Result<(), Refusal>) {
        let before = std::mem::replace(&mut self.before, kind(result));
        if before == self.before {
            return;
        }
        match result {
            Ok(()) => tracing::info!("the bus takes readings again"),
            Err(Refusal {
                kind: Publish::Full,
                why,
            }) => {
                tracing::warn!(error = why, "bus full, readings turned away");
            }
            Err(Refusal { why, .. }) => {
                tracing::error!(
                    error = why,
                    "publish failed, outcome unknown; so with all until it says otherwise"
                );
            }
        }
    }

    /// A memory that believed an unconfirmed group would call its repetition a duplicate.
    fn unlearn(&mut self, identities: &[u64], marks: &[Mark], words: &[(u32, Word)]) {
        let mut words = words.iter().peekable();
        for (row, (identity, mark)) in identities.iter().zip(marks).enumerate() {
            let word = words.next_if(|(at, _)| *at as usize == row);
            if !matches!(word, Some((_, Word::Duplicate))) {
                self.memory.forget(*identity, *mark);
            }
        }
    }
}

/// Begins a span in each trace that goes on with this message, so that every one of them is whole.
fn traced(draft: &Draft, id: u128, spans: &mut Vec<Span>) -> Vec<Traced> {
    let mut traced = Vec::new();
    for followed in &draft.followed {
        let span = Span::begin(Kind::Producer, "readings publish", Some(&followed.context));
        span.note("messaging.message.id", format!("{id:032x}"));
        span.note(
            "batch.size",
            i64::try_from(draft.columns.rows()).unwrap_or(i64::MAX),
        );
        if let Some(context) = span.context() {
            traced.push(Traced {
                parent: context.to_string(),
                first: followed.first,
                rows: followed.rows,
            });
        }
        spans.push(span);
    }
    traced
}

/// Looks up and remembers every row of a message, and marks those that were published before.
fn learn(memory: &mut Memory, draft: &mut Draft) -> Vec<(u32, Word)> {
    let mut words = Vec::new();
    for (row, (identity, mark)) in (0_u32..).zip(draft.identity.iter().zip(&draft.marks)) {
        let word = memory.learn(*identity, *mark);
        if word != Word::Accepted {
            words.push((row, word));
            draft.columns.supposed_repeat.push(row);
        }
    }
    words
}

/// A group that the bus did not confirm.
#[derive(Debug)]
struct Refusal {
    kind: Publish,
    /// For the log.
    why: String,
}

fn kind(result: &Result<(), Refusal>) -> Publish {
    result
        .as_ref()
        .err()
        .map_or(Publish::Confirmed, |refusal| refusal.kind)
}

/// What an answer of the bus, or its absence, means. Only a clear yes is a yes.
fn understood(published: Result<Result<(), BusError>, tokio::time::error::Elapsed>) -> Result<(), Refusal> {
    let (kind, why) = match published {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(full @ (BusError::Full { .. } | BusError::DiskFull { .. }))) => (Publish::Full, chain(&full)),
        Ok(Err(error)) => (Publish::Unknown, chain(&error)),
        Err(_) => (Publish::Unknown, "not confirmed in time".to_owned()),
    };
    Err(Refusal { kind, why })
}
