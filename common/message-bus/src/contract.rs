//! What every backend must pass, whatever it is made of. Compiled for tests, and with the feature `contract`.
//!
//! A backend gives a [`Backend`]; its test calls [`check`]. Deliveries may repeat, so the cases never forbid one; they forbid loss,
//! disorder, and anything that was not published.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{Bus, BusError, Delivery, Message, Position, Subscription, Topic};

mod cases;
mod flow;

/// Shards of every bus here.
pub const SHARDS: u16 = 4;
/// The most that a [`Backend::small`] bus may keep.
pub const SMALL_BYTES: u64 = 4 << 20;
/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a case ends; the text says what was wrong.
pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Makes places for buses.
pub trait Backend: Send + Sync {
    /// A new, empty place for a bus of [`SHARDS`] shards.
    fn place(&self) -> Box<dyn Place>;

    /// The same, bounded to at most [`SMALL_BYTES`].
    fn small(&self) -> Box<dyn Place>;
}

/// A folder or a set of queues that outlives the bus opened on it.
#[async_trait::async_trait]
pub trait Place: Send + Sync {
    /// Opens the bus; the one opened before is closed.
    ///
    /// # Errors
    /// As the backend's own.
    async fn open(&self) -> Result<Arc<dyn Bus>, BusError>;
}

/// Runs all cases, each in a place of its own.
///
/// # Errors
/// The first case that fails, by name.
pub async fn check(backend: &dyn Backend) -> Outcome {
    let named = |name: &str, outcome: Outcome| outcome.map_err(|error| format!("{name}: {error}"));
    let place = || backend.place();
    named(
        "published is delivered in order",
        cases::in_order(&*place()).await,
    )?;
    named("every topic is on its own", cases::topics_apart(&*place()).await)?;
    named("published survives", cases::survives(&*place()).await)?;
    named("unacknowledged comes again", cases::comes_again(&*place()).await)?;
    named(
        "an acknowledgement never goes back",
        cases::never_back(&*place()).await,
    )?;
    named("groups are independent", cases::groups_apart(&*place()).await)?;
    named("two readers of one group", cases::two_readers(&*place()).await)?;
    named("the same published twice", cases::twice(&*place()).await)?;
    named("bodies of all sizes", cases::sizes(&*place()).await)?;
    named("what no bus takes", cases::refused(&*place()).await)?;
    named("nothing there yet", flow::nothing_yet(&*place()).await)?;
    named("a reader that waits is woken", flow::woken(&*place()).await)?;
    named(
        "a reader that gives up loses nothing",
        flow::gives_up(&*place()).await,
    )?;
    named("many publishers", flow::many_publishers(&*place()).await)?;
    named("a reader far behind", flow::far_behind(&*place()).await)?;
    named(
        "full until billing acknowledges",
        flow::full(&*backend.small()).await,
    )?;
    named("traces come with their messages", flow::traced(&*place()).await)?;
    named("closed", flow::closed(&*place()).await)?;
    Ok(())
}

/// A delivered message, as far as the cases look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Got {
    position: Position,
    id: u128,
    body: Bytes,
}

fn readings(shard: u16) -> Topic {
    Topic::Readings { shard }
}

/// A message whose body tells its id.
fn message(topic: Topic, id: u128) -> Message {
    Message {
        topic,
        id,
        kind: "gridtally.test.v1.Numbered",
        time_ms: 1_800_000_000_000,
        traced: Vec::new(),
        body: Bytes::from(format!("body of {id}")),
    }
}

/// Ids `ids`, published one by one.
async fn publish_each(bus: &dyn Bus, topic: Topic, ids: std::ops::Range<u128>) -> Result<(), BusError> {
    for id in ids {
        bus.publish(vec![message(topic, id)]).await?;
    }
    Ok(())
}

/// The next message, which must be whole and no gap.
async fn next(reader: &mut dyn Subscription) -> Result<Got, Box<dyn std::error::Error + Send + Sync>> {
    let delivery = tokio::time::timeout(PATIENCE, reader.next())
        .await
        .map_err(|_| "nothing was delivered")??;
    match delivery {
        Delivery::Gap { after, next } => Err(format!("a gap after {after}, before {next}").into()),
        Delivery::Message {
            position,
            id,
            kind,
            time_ms,
            body,
            traced: _,
        } => {
            let expected = message(Topic::Events, id);
            if (kind.as_str(), time_ms) != (expected.kind, expected.time_ms) {
                return Err(format!("message {id} came with kind {kind} and time {time_ms}").into());
            }
            Ok(Got { position, id, body })
        }
    }
}

/// Reads until `count` different messages came; they must come in order of position, each with its own body.
async fn read(
    reader: &mut dyn Subscription,
    count: usize,
) -> Result<Vec<Got>, Box<dyn std::error::Error + Send + Sync>> {
    let mut all: Vec<Got> = Vec::new();
    while all.len() < count {
        let got = next(reader).await?;
        if all.iter().any(|seen| seen.position == got.position) {
            continue;
        }
        if all.last().is_some_and(|last| last.position > got.position) {
            return Err(format!("position {} came late", got.position).into());
        }
        if got.body != message(Topic::Events, got.id).body {
            return Err(format!("message {} came with another body", got.id).into());
        }
        all.push(got);
    }
    Ok(all)
}

fn ids(all: &[Got]) -> Vec<u128> {
    all.iter().map(|got| got.id).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?} instead of {expected:?}").into())
}
