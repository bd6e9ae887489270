//! A bus in memory that does what a test tells it.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use message_bus::{Bus, BusError, Group, Health, Message, Position, Subscription, Topic};
use prost::Message as _;
use proto::meter::ReadingColumns;
use tokio::sync::Semaphore;

/// What becomes of one publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Kept.
    Kept,
    /// Kept, once the test lets it.
    Held,
    /// Turned away, nothing kept.
    Full,
    /// Kept, but nobody is told so.
    Silent,
    /// Not kept, and an error.
    Lost,
    /// Kept, and an error all the same.
    KeptWithError,
}

pub(crate) struct FakeBus {
    /// Of the next publishes; after the last one all are kept.
    fates: Mutex<VecDeque<Fate>>,
    published: Mutex<Vec<Vec<Message>>>,
    let_go: Semaphore,
}

impl Default for FakeBus {
    fn default() -> Self {
        Self {
            fates: Mutex::default(),
            published: Mutex::default(),
            let_go: Semaphore::new(0),
        }
    }
}

impl FakeBus {
    pub(crate) fn then(&self, fates: &[Fate]) {
        self.fates.lock().unwrap().extend(fates);
    }

    /// Lets one held publish go on.
    pub(crate) fn let_go(&self) {
        self.let_go.add_permits(1);
    }

    /// The rows of each publish so far, as they were begun.
    pub(crate) fn groups(&self) -> Vec<usize> {
        let rows = |message: &Message| decoded(message).rows();
        let published = self.published.lock().unwrap();
        published
            .iter()
            .map(|messages| messages.iter().map(rows).sum())
            .collect()
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.published.lock().unwrap().iter().flatten().cloned().collect()
    }
}

pub(crate) fn decoded(message: &Message) -> ReadingColumns {
    let columns = ReadingColumns::decode(message.body.clone()).unwrap();
    assert_eq!(columns.check(), Ok(()));
    columns
}

#[async_trait]
impl Bus for FakeBus {
    fn shards(&self) -> u16 {
        4
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Kept);
        let away = || BusError::Unavailable("test".to_owned());
        if fate != Fate::Full && fate != Fate::Lost {
            self.published.lock().unwrap().push(messages);
        }
        match fate {
            Fate::Kept => Ok(()),
            Fate::Held => {
                self.let_go.acquire().await.unwrap().forget();
                Ok(())
            }
            Fate::Full => Err(BusError::Full {
                bytes: 1,
                limit_bytes: 1,
            }),
            Fate::Silent => std::future::pending().await,
            Fate::Lost | Fate::KeptWithError => Err(away()),
        }
    }

    async fn subscribe(
        &self,
        _: Group,
        _: Topic,
        _: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Unavailable("nobody reads here".to_owned()))
    }

    fn health(&self) -> Health {
        Health::default()
    }

    async fn close(&self) -> Result<(), BusError> {
        Ok(())
    }
}
