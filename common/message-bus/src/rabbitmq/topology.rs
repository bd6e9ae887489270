//! What must be there on the broker. Declaring is verifying: the broker refuses a declaration that differs from what exists.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ErrorKind, ExchangeKind};

use super::Options;
use super::link::{ANSWER_WITHIN, within};
use super::names::{Names, topics};
use crate::{BusError, Group, Topic};

/// What a queue does at its bound.
#[derive(Debug, Clone, Copy)]
enum AtBound {
    /// Refuses the newest: nothing confirmed is ever lost.
    Reject,
    /// Forgets the oldest.
    DropOldest,
}

/// Declares everything, the number of shards first.
///
/// # Errors
/// [`BusError::Shards`] when the broker was set up with another number; [`BusError::Refused`], [`BusError::Unavailable`].
pub(super) async fn declare(channel: &Channel, names: &Names, options: &Options) -> Result<(), BusError> {
    shards(channel, names, options.shards).await?;
    for topic in topics(options.shards) {
        exchange(channel, names, topic).await?;
        for group in [Group::Billing, Group::Analytics] {
            queue(channel, names, options, (group, topic)).await?;
        }
    }
    Ok(())
}

/// Declares the exchanges and queues that copies go to.
///
/// # Errors
/// [`BusError::Refused`], [`BusError::Unavailable`].
pub(super) async fn declare_copies(
    channel: &Channel,
    names: &Names,
    options: &Options,
) -> Result<(), BusError> {
    for topic in topics(options.shards) {
        exchange(channel, names, topic).await?;
        queue(channel, names, options, (Group::Analytics, topic)).await?;
    }
    Ok(())
}

/// Declares one queue. Billing's are published to directly, others are bound to the exchange of their topic.
///
/// # Errors
/// [`BusError::Refused`], [`BusError::Unavailable`].
pub(super) async fn queue(
    channel: &Channel,
    names: &Names,
    options: &Options,
    (group, topic): (Group, Topic),
) -> Result<(), BusError> {
    let name = names.queue(group, topic);
    let (bytes, at_bound) = match (group, topic) {
        (Group::Billing, Topic::Readings { .. }) => (options.limit_bytes, AtBound::Reject),
        _ => (options.copies_limit_bytes, AtBound::DropOldest),
    };
    let overflow = match at_bound {
        AtBound::Reject => "reject-publish",
        AtBound::DropOldest => "drop-head",
    };
    let mut arguments = quorum();
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    arguments.insert("x-max-length-bytes".into(), long(bytes));
    arguments.insert("x-overflow".into(), AMQPValue::LongString(overflow.into()));
    declare_queue(channel, &name, arguments).await?;
    if group == Group::Analytics {
        let key = match topic {
            Topic::Readings { shard } => shard.to_string(),
            Topic::Events => "#".to_owned(),
        };
        let binding = channel.queue_bind(
            name.into(),
            names.exchange(topic).into(),
            key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        within(ANSWER_WITHIN, "bind a queue", binding).await?;
    }
    Ok(())
}

/// Declares the queue whose active consumer leads `group`. It keeps one word: more would say no more.
///
/// # Errors
/// [`BusError::Refused`], [`BusError::Unavailable`].
pub(super) async fn lead(channel: &Channel, names: &Names, group: Group) -> Result<(), BusError> {
    let mut arguments = quorum();
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    arguments.insert("x-max-length".into(), long(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("drop-head".into()));
    declare_queue(channel, &names.lead(group), arguments).await
}

async fn exchange(channel: &Channel, names: &Names, topic: Topic) -> Result<(), BusError> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let name = names.exchange(topic).into();
    let declaring = channel.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default());
    within(ANSWER_WITHIN, "declare an exchange", declaring).await
}

/// The first to declare this queue settles the number of shards, because its bound cannot be declared otherwise any more.
async fn shards(channel: &Channel, names: &Names, wanted: u16) -> Result<(), BusError> {
    let mut arguments = quorum();
    arguments.insert("x-max-length".into(), long(wanted.into()));
    match declare_queue(channel, &names.shards(), arguments).await {
        Err(BusError::Refused { what, source }) => {
            match recorded(&source).and_then(|found| found.parse().ok()) {
                Some(found) => Err(BusError::Shards { found, wanted }),
                None => Err(BusError::Refused { what, source }),
            }
        }
        other => other,
    }
}

/// The first to declare this queue settles whose readings these are, in the same way.
///
/// # Errors
/// [`BusError::Store`], [`BusError::Refused`], [`BusError::Unavailable`].
pub(super) async fn store(channel: &Channel, names: &Names, wanted: &str) -> Result<(), BusError> {
    let mut arguments = quorum();
    arguments.insert(
        "x-dead-letter-exchange".into(),
        AMQPValue::LongString(wanted.into()),
    );
    match declare_queue(channel, &names.store(), arguments).await {
        Err(BusError::Refused { what, source }) => match recorded(&source) {
            Some(found) => Err(BusError::Store {
                found: found.to_owned(),
                wanted: wanted.to_owned(),
                queue: names.store(),
            }),
            None => Err(BusError::Refused { what, source }),
        },
        other => other,
    }
}

/// The argument that exists, from the broker's words: `... received '4' but current is '8'`.
fn recorded(error: &lapin::Error) -> Option<&str> {
    let ErrorKind::ProtocolError(answer) = error.kind() else {
        return None;
    };
    let (_, found) = answer.get_message().as_str().rsplit_once("current is '")?;
    found.split('\'').next()
}

async fn declare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), BusError> {
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let declaring = channel.queue_declare(name.into(), options, arguments);
    within(ANSWER_WITHIN, "declare a queue", declaring)
        .await
        .map(drop)
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}

fn long(number: u64) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(number).unwrap_or(i64::MAX))
}
