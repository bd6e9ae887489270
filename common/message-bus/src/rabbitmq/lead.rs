//! Who of a group leads: the one whom the broker has consume the queue `<group>.lead`.
//!
//! Its single active consumer is the leader, and the next one is when that one is gone. AMQP does not tell a consumer that it has become the
//! active one, so whoever does not know puts a word into the queue: it is handed to the active consumer, who thereby knows.
//!
//! Over a connection of its own: the broker stops reading from one that publishes when it is short of disk, and acknowledgements
//! of readings must not wait for that.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel};
use tokio::sync::watch;

use super::link::{ANSWER_WITHIN, Backoff, Link, News, within};
use super::{Common, topology};
use crate::metrics::broker::Purpose;
use crate::{BusError, Group};

/// How often somebody who does not lead asks; so long may a takeover take after the broker has noticed that the leader is gone.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Words handed out at a time.
const PREFETCH: u16 = 1;
/// The word says nothing; that somebody is handed it does.
const WORD: &[u8] = b"who leads?";

/// Asks until the bus is closed; `leads` says whether this process was told that it does since it connected last.
pub(super) async fn keep(common: Arc<Common>, group: Group, leads: watch::Sender<bool>) {
    let mut backoff = Backoff::new();
    while !common.stop.is_cancelled() {
        match Link::open(&common.address, &common.connection_name(Purpose::Lead)).await {
            Ok(mut link) => {
                let attended = attend(&common, &mut link, group, &leads).await;
                leads.send_replace(false);
                let Err(why) = attended else {
                    link.close().await;
                    return;
                };
                tracing::warn!(%why, "the broker cannot be asked who leads; connecting again");
                common.metrics.reconnect(Purpose::Lead);
            }
            Err(error) => tracing::debug!(%error, "cannot ask yet who leads"),
        }
        tokio::select! {
            () = common.stop.cancelled() => {}
            () = tokio::time::sleep(backoff.step()) => {}
        }
    }
}

/// Until the bus is closed.
///
/// # Errors
/// Why the connection is of no use any more.
async fn attend(
    common: &Common,
    link: &mut Link,
    group: Group,
    leads: &watch::Sender<bool>,
) -> Result<(), BusError> {
    let channel = link.channel().await?;
    topology::lead(&channel, &common.names, group).await?;
    let bound = channel.basic_qos(PREFETCH, BasicQosOptions::default());
    within(ANSWER_WITHIN, "bound what is delivered", bound).await?;
    let queue = common.names.lead(group);
    let consuming = channel.basic_consume(
        queue.as_str().into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let mut words = within(ANSWER_WITHIN, "consume", consuming).await?;
    ask(common, &channel, &queue).await?;
    loop {
        tokio::select! {
            () = common.stop.cancelled() => return Ok(()),
            news = link.news() => if let News::Gone(why) = news {
                return Err(BusError::Unavailable(why));
            },
            word = words.next() => {
                let lost = || BusError::Unavailable("the broker ended the consumer".to_owned());
                let word = word.ok_or_else(lost)?;
                let word = word.map_err(|error| BusError::Unavailable(error.to_string()))?;
                let acking = channel.basic_ack(word.delivery_tag, BasicAckOptions::default());
                within(common.options.deadline, "acknowledge", acking).await?;
                leads.send_replace(true);
            }
            () = tokio::time::sleep(ASK_EVERY), if !*leads.borrow() => ask(common, &channel, &queue).await?,
        }
    }
}

/// Puts a word into the queue, which keeps one.
async fn ask(common: &Common, channel: &Channel, queue: &str) -> Result<(), BusError> {
    let asking = channel.basic_publish(
        "".into(),
        queue.into(),
        BasicPublishOptions::default(),
        WORD,
        BasicProperties::default(),
    );
    // A word that is lost is followed by another.
    within(common.options.deadline, "ask who leads", asking)
        .await
        .map(drop)
}
