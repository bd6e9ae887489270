//! The one place that turns the setting `bus` into a bus that several processes share.
//!
//! The journal of `embedded:` belongs to one process: programs of their own need a broker.

use std::sync::Arc;
use std::time::Duration;

use message_bus::rabbitmq::{self, MAX_SHARDS, Options};
use message_bus::{Bus, BusError, Traced};
use prometheus::Registry;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::config::Problem;
use crate::trace::{Context, Kind, Span};
use crate::{BackendUrl, Readiness, units, until_up};

/// The bus among what a process needs.
const NAME: &str = "bus";
/// The scheme of a broker.
const AMQP: &str = "amqp:";
/// As [`AMQP`], through TLS.
const AMQPS: &str = "amqps:";
/// Less would refuse readings in every short outage of billing.
const MIN_LIMIT_BYTES: u64 = 16 << 20;

/// What is left of the time to end for [`close`] when all was published before: the broker answers at once, or not at all.
const CLOSING: Duration = Duration::from_secs(3);

/// How much of the `grace` that a process has to end may pass before its bus is closed: all but 3 s, and three quarters at least.
#[must_use]
pub fn before_closing(grace: Duration) -> Duration {
    grace - CLOSING.min(grace / 4)
}

/// How a broker is used; all programs of an instance have the same settings here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrokerConfig {
    /// Before the name of every queue and exchange: for several instances on one virtual host.
    pub prefix: String,
    /// Into how many parts readings are divided; fixed for the life of the queues.
    pub shards: u16,
    /// Bytes that may wait in each of billing's queues before readings are refused.
    #[serde(with = "units::size")]
    pub limit: u64,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            shards: 8,
            limit: 512 << 20,
        }
    }
}

impl BrokerConfig {
    /// What is wrong with it; keys begin with `prefix`.
    #[must_use]
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut expect = |good: bool, key: &str, what: &str| {
            if !good {
                problems.push(Problem::new(format!("{prefix}{key}"), what));
            }
        };
        expect(
            (1..=MAX_SHARDS).contains(&self.shards),
            "shards",
            "must be 1 to 256",
        );
        expect(self.limit >= MIN_LIMIT_BYTES, "limit", "must be at least 16MiB");
        problems
    }
}

/// What is wrong with `bus` as the bus of a program of its own.
#[must_use]
pub fn problem(url: &BackendUrl) -> Option<Problem> {
    if url.scheme() == "embedded:" {
        let what = "the journal of embedded: belongs to one process; run `gridtally up`, or name a broker that the programs share: \
                    amqp:// or amqps://";
        return Some(Problem::new("bus", what));
    }
    problem_of_broker(url)
}

/// What is wrong with `url` as the address of a broker.
#[must_use]
pub fn problem_of_broker(url: &BackendUrl) -> Option<Problem> {
    if ![AMQP, AMQPS].contains(&url.scheme()) {
        return url.problem("bus", &[AMQP, AMQPS]);
    }
    let checked = rabbitmq::check_address(url.secret());
    checked.err().map(|error| Problem::new("bus", error.to_string()))
}

/// Connects to the broker at `url`, waiting a minute for one that is not up yet, shows its metrics in `registry`, and tells by
/// `readiness` how it is doing.
///
/// # Errors
/// Those of [`rabbitmq::open`].
pub async fn open(
    url: &BackendUrl,
    broker: &BrokerConfig,
    registry: &Registry,
    readiness: &Readiness,
) -> Result<Arc<dyn Bus>, BusError> {
    let options = Options {
        prefix: broker.prefix.clone(),
        limit_bytes: broker.limit,
        // The waiting is done here, where it can be seen from outside.
        connect_within: Duration::ZERO,
        ..Options::new(broker.shards)
    };
    let told = readiness.told_by(NAME, true);
    let is_away = |error: &BusError| matches!(error, BusError::Unavailable(_));
    let open = || rabbitmq::open(url.secret(), options.clone());
    let broker = until_up(&told, is_away, open).await?;
    broker.register(registry)?;
    let bus: Arc<dyn Bus> = broker;
    watch(&bus, readiness);
    Ok(bus)
}

/// Closes `bus` by `end`. Says whether all that was on its way was dealt with.
pub async fn close(bus: &Arc<dyn Bus>, end: Instant) -> bool {
    match tokio::time::timeout_at(end, bus.close()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(error = crate::chain(&error), "the bus could not be closed");
            false
        }
        Err(_) => false,
    }
}

/// Tells by `readiness` how `bus` is doing.
pub fn watch(bus: &Arc<dyn Bus>, readiness: &Readiness) {
    let looked = Arc::clone(bus);
    let look = move || {
        let health = looked.health();
        match health.trouble {
            Some(trouble) => Err(trouble),
            None if health.accepting => Ok(()),
            None => Err("does not take messages".to_owned()),
        }
    };
    readiness.depends_on(NAME, true, Box::new(look));
}

/// The parts of a message that are traced, each with the span in which it is taken in. They end when this is dropped.
#[derive(Debug)]
pub struct Taking(Vec<(Traced, Span)>);

impl Taking {
    /// Begins to take in a message as `name`.
    #[must_use]
    pub fn begin(name: &str, traced: Vec<Traced>) -> Self {
        let span = |part: Traced| {
            let parent: Context = part.parent.parse().ok()?;
            let span = Span::begin(Kind::Consumer, name, Some(&parent));
            Some((part, span))
        };
        Self(traced.into_iter().filter_map(span).collect())
    }

    /// The parts, and what happens to them from here on is below.
    pub fn parts(&self) -> impl Iterator<Item = (&Traced, Context)> {
        self.0
            .iter()
            .filter_map(|(part, span)| Some((part, span.context()?)))
    }

    /// It could not be taken in, and why: words that stay the same.
    pub fn fail(&self, why: &'static str) {
        self.0.iter().for_each(|(_, span)| span.fail(why));
    }
}
