//! The contract on a real broker, and what only this backend promises.
//!
//! The broker is the one that `AMQP_URL` names; `scripts/test-servers run` starts one and sets it.

use std::sync::Mutex;

use bytes::Bytes;
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};

use super::*;
use crate::Delivery;
use crate::contract::{self, Backend, Place};

mod broker;
mod faults;
mod lead;
mod load;
mod secured;
mod settings;

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

fn url() -> String {
    named("AMQP_URL")
}

/// What the environment says.
fn named(variable: &str) -> String {
    let url = std::env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} names no broker: run the tests by `scripts/test-servers run cargo test ...`, which starts one")
    });
    url.into_string().expect("an address is text")
}

/// Makes places on one broker, apart by their prefix, and clears them away.
struct Broker {
    /// Where the bus finds it.
    url: String,
    /// Where it is found without TLS.
    plain: String,
    places: Mutex<Vec<Options>>,
}

impl Broker {
    fn at(url: String) -> Self {
        Self {
            plain: url.clone(),
            url,
            places: Mutex::default(),
        }
    }

    fn options(&self) -> Options {
        let options = Options {
            prefix: format!("test-{:016x}.", stamps::random()),
            ..Options::new(contract::SHARDS)
        };
        self.places.lock().unwrap().push(options.clone());
        options
    }

    async fn clear(&self) {
        let connection = Connection::connect(&self.plain, ConnectionProperties::default())
            .await
            .unwrap();
        let places: Vec<Options> = std::mem::take(&mut self.places.lock().unwrap());
        for options in places {
            let channel = connection.create_channel().await.unwrap();
            let names = Names::new(&options.prefix);
            let mut queues = vec![names.shards(), names.store(), names.lead(Group::Billing)];
            for topic in names::topics(options.shards) {
                queues.extend([Group::Billing, Group::Analytics].map(|group| names.queue(group, topic)));
                let exchange = names.exchange(topic).into();
                channel
                    .exchange_delete(exchange, lapin::options::ExchangeDeleteOptions::default())
                    .await
                    .unwrap();
            }
            for queue in queues {
                channel
                    .queue_delete(queue.into(), QueueDeleteOptions::default())
                    .await
                    .unwrap();
            }
        }
        drop(connection); // closes it
    }
}

struct Queues {
    url: String,
    options: Options,
}

#[async_trait::async_trait]
impl Place for Queues {
    async fn open(&self) -> Result<Arc<dyn Bus>, BusError> {
        Ok(open(&self.url, self.options.clone()).await?)
    }
}

impl Backend for Broker {
    fn place(&self) -> Box<dyn Place> {
        Box::new(Queues {
            url: self.url.clone(),
            options: self.options(),
        })
    }

    fn small(&self) -> Box<dyn Place> {
        let options = Options {
            // A queue takes one message beyond its bound.
            limit_bytes: contract::SMALL_BYTES - (128 << 10),
            ..self.options()
        };
        self.places.lock().unwrap().push(options.clone());
        Box::new(Queues {
            url: self.url.clone(),
            options,
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_contract() {
    let broker = Broker::at(url());
    contract::check(&broker).await.unwrap();
    broker.clear().await;
}

#[tokio::test]
async fn passes_the_contract_on_one_thread() {
    let broker = Broker::at(url());
    contract::check(&broker).await.unwrap();
    broker.clear().await;
}

fn readings(shard: u16) -> Topic {
    Topic::Readings { shard }
}

fn message(topic: Topic, id: u128) -> Message {
    Message {
        topic,
        id,
        kind: "test.Kind",
        time_ms: 1,
        traced: Vec::new(),
        body: Bytes::from(format!("body of {id}")),
    }
}

/// The next delivery, which must come.
async fn next(reader: &mut dyn Subscription) -> Delivery {
    tokio::time::timeout(PATIENCE, reader.next())
        .await
        .expect("a delivery")
        .unwrap()
}

/// Position and id of the next delivery, which must be a message.
async fn next_message(reader: &mut dyn Subscription) -> (Position, u128) {
    match next(reader).await {
        Delivery::Message { position, id, .. } => (position, id),
        Delivery::Gap { after, next } => panic!("a gap from {after} to {next}"),
    }
}

async fn delete_queue(url: &str, name: String) {
    let connection = Connection::connect(url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel
        .queue_delete(name.into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    drop(connection); // closes it
}

/// Until the bus takes a message again.
async fn publish_again(bus: &Rabbit, message: Message) {
    let again = async {
        while let Err(error) = bus.publish(vec![message.clone()]).await {
            assert!(
                matches!(error, BusError::Unavailable(_) | BusError::Full { .. }),
                "{error:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("the bus takes messages again");
}
