//! One connection to the broker: made within a deadline, its events, and the waits between attempts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_rs::Runtime;
use futures_util::{Stream, StreamExt as _};
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties, ErrorKind, Event};

use super::address::Address;
use super::stamps;
use super::tls::{self, Kit};
use crate::BusError;

/// The most a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The most one answer of the broker may take that is no confirm: declaring, consuming, closing.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often the connection is looked at, should an event be missing.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The first wait between attempts.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
/// The longest.
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// What AMQP answers when it will not change its mind: access refused, other settings than asked for, not allowed.
const REFUSALS: [u16; 3] = [403, 406, 530];

/// An open connection. Dropping it closes it.
pub(super) struct Link {
    pub(super) connection: Arc<Connection>,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

/// What a link has to say.
#[derive(Debug)]
pub(super) enum News {
    /// The broker takes nothing for now, for this reason.
    Blocked(String),
    /// It does again.
    Unblocked,
    /// The connection is gone.
    Gone(String),
}

impl Link {
    /// Connects, under a name that the broker shows.
    pub(super) async fn open(address: &Address, name: &str) -> Result<Self, BusError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let tls = address.tls.clone();
        let connect = async move |uri: AMQPUri, _: Runtime<Kit>| {
            let socket = tls::connect(&uri, tls.as_ref()).await?;
            Ok(AsyncTcpStream::Plain(socket))
        };
        let runtime = Runtime::new(Kit::current());
        let connecting = Connection::connector(address.uri.clone(), runtime, connect, properties);
        let connection = within(CONNECT_WITHIN, "connect to the broker", connecting).await?;
        let events = Box::pin(connection.events_listener());
        Ok(Self {
            connection: Arc::new(connection),
            events,
        })
    }

    /// A new channel.
    pub(super) async fn channel(&mut self) -> Result<Channel, BusError> {
        within(ANSWER_WITHIN, "open a channel", self.connection.create_channel()).await
    }

    /// The next that matters. Safe to drop.
    pub(super) async fn news(&mut self) -> News {
        loop {
            match tokio::time::timeout(LOOK_EVERY, self.events.next()).await {
                Ok(Some(Event::ConnectionBlocked(reason))) => return News::Blocked(reason),
                Ok(Some(Event::ConnectionUnblocked)) => return News::Unblocked,
                Ok(None) => return News::Gone("the connection ended".to_owned()),
                // An error of a channel, or of the connection.
                Ok(Some(Event::Error(error))) if !self.connection.status().connected() => {
                    return News::Gone(error.to_string());
                }
                Ok(Some(_)) | Err(_) => {}
            }
            if !self.connection.status().connected() {
                return News::Gone("the connection was lost".to_owned());
            }
        }
    }

    /// Closes in order; a broker that does not answer is left.
    pub(super) async fn close(self) {
        let closing = self.connection.close(200, "OK".into());
        if let Err(error) = within(ANSWER_WITHIN, "close the connection", closing).await {
            tracing::debug!(%error, "the connection was not closed in order");
        }
    }
}

/// What `answer` comes to, within a deadline.
///
/// # Errors
/// [`BusError::Refused`] when trying again is no use, [`BusError::Unavailable`] otherwise.
pub(super) async fn within<T>(
    deadline: Duration,
    what: &'static str,
    answer: impl Future<Output = lapin::Result<T>> + Send,
) -> Result<T, BusError> {
    match tokio::time::timeout(deadline, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failed(what, error)),
        Err(_) => Err(BusError::Unavailable(format!(
            "cannot {what}: no answer within {deadline:?}"
        ))),
    }
}

fn failed(what: &'static str, error: lapin::Error) -> BusError {
    match error.kind() {
        // A virtual host that is down comes up again.
        ErrorKind::ProtocolError(answer)
            if REFUSALS.contains(&answer.get_id()) && !answer.get_message().as_str().contains("is down") =>
        {
            BusError::Refused { what, source: error }
        }
        _ => BusError::Unavailable(format!("cannot {what}: {error}")),
    }
}

/// Waits between attempts: doubling, with jitter, without an end.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: MIN_BACKOFF }
    }

    /// Begins anew after a success.
    pub(super) fn reset(&mut self) {
        self.next = MIN_BACKOFF;
    }

    /// Half of the wait to all of it, by chance.
    pub(super) fn step(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.saturating_mul(2).min(MAX_BACKOFF);
        let half = wait / 2;
        let micros = u64::try_from(half.as_micros()).unwrap_or(u64::MAX);
        half + Duration::from_micros(stamps::random() % micros.max(1))
    }
}
