//! Analytics between a played bus and a played billing, started, stopped and killed as often as wanted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use analytics_service::{Config, Deps, Running, start};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use model::{Clock, Energy, meter_hash, shard_of};
use prost::Message as _;
use proto::analytics::{GroupUsageRequest, GroupWindow};
use proto::billing::Group;
use proto::columns::Row;
use proto::meter::ReadingColumns;
use service_kit::Tasks;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bus::FakeBus;
use crate::reads::{FakeReads, winners};

pub(crate) const SHARDS: u16 = 2;
pub(crate) const KIND: &str = "gridtally.meter.v1.ReadingColumns";

/// Runs with Tokio's time, from wherever it was set.
#[derive(Debug)]
pub(crate) struct Watch {
    base_ms: AtomicI64,
    since: Mutex<Option<Instant>>,
}

impl Watch {
    /// Stands still until the next session.
    fn pause(&self) {
        let now = self.now().timestamp_millis();
        *self.since.lock().unwrap() = None;
        self.base_ms.store(now, Ordering::SeqCst);
    }

    fn resume(&self) {
        *self.since.lock().unwrap() = Some(Instant::now());
    }

    pub(crate) fn jump(&self, by: Duration) {
        self.base_ms
            .fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Watch {
    fn now(&self) -> DateTime<Utc> {
        let ran = self
            .since
            .lock()
            .unwrap()
            .map_or(0, |since| since.elapsed().as_millis());
        let now = self.base_ms.load(Ordering::SeqCst) + i64::try_from(ran).unwrap();
        DateTime::from_timestamp_millis(now).unwrap()
    }
}

/// A reading as tests write it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) meter: String,
    pub(crate) row: Row,
    pub(crate) repeat: bool,
}

pub(crate) struct World {
    pub(crate) bus: Arc<FakeBus>,
    pub(crate) reads: Arc<FakeReads>,
    pub(crate) clock: Arc<Watch>,
    folder: tempfile::TempDir,
    pub(crate) config: Config,
    pub(crate) registry: Mutex<prometheus::Registry>,
    /// Cancelled when a task without which the service is nothing has failed.
    pub(crate) failed: CancellationToken,
}

impl World {
    pub(crate) fn new(now: &str) -> Self {
        let bus = Arc::new(FakeBus::new(SHARDS));
        let now = DateTime::parse_from_rfc3339(now).unwrap();
        Self {
            reads: Arc::new(FakeReads::new(Arc::clone(&bus))),
            bus,
            clock: Arc::new(Watch {
                base_ms: AtomicI64::new(now.timestamp_millis()),
                since: Mutex::default(),
            }),
            folder: tempfile::tempdir().unwrap(),
            config: Config::default(),
            registry: Mutex::default(),
            failed: CancellationToken::new(),
        }
    }

    /// Runs `work` on a runtime of its own, whose time is Tokio's paused time; whatever still runs at its end is killed.
    pub(crate) fn session<T>(&self, work: impl AsyncFnOnce(Running) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            self.clock.resume();
            let running = start(self.config.clone(), self.deps()).await.unwrap();
            let outcome = work(running).await;
            self.clock.pause();
            outcome
        })
    }

    /// Why analytics does not start.
    pub(crate) fn refused(&self) -> analytics_service::Error {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let started = runtime.block_on(start(self.config.clone(), self.deps()));
        started.map(drop).unwrap_err()
    }

    /// The folder of analytics.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("analytics")
    }

    fn deps(&self) -> Deps {
        let registry = prometheus::Registry::new();
        *self.registry.lock().unwrap() = registry.clone();
        Deps {
            bus: Arc::clone(&self.bus) as _,
            reads: Arc::clone(&self.reads) as _,
            clock: Arc::clone(&self.clock) as _,
            registry,
            tasks: Tasks::new(self.failed.clone()),
            readiness: service_kit::Readiness::default(),
            store: "embedded:".to_owned(),
            folder: self.folder(),
        }
    }

    /// Publishes readings, one message per shard.
    pub(crate) fn tell(&self, readings: &[Told]) {
        for (shard, body) in messages(readings) {
            self.bus.put(shard, KIND, body);
        }
    }

    /// Publishes readings while the next day is folded.
    pub(crate) fn surprise(&self, readings: &[Told]) {
        for (shard, body) in messages(readings) {
            self.reads.surprise(shard, body);
        }
    }

    /// What windows of one minute must say, by region and start.
    pub(crate) fn expected(&self) -> BTreeMap<(String, i64), (i64, i64, u64)> {
        let mut expected = BTreeMap::new();
        for ((meter, channel, start), content) in winners(&self.bus.log(), u64::MAX) {
            let group = self.reads.group_at(&meter, start);
            let region = if group.region.is_empty() {
                "unknown".to_owned()
            } else {
                group.region
            };
            let sum = expected
                .entry((region, start.div_euclid(60_000) * 60_000))
                .or_insert((0, 0, 0));
            match channel {
                1 => sum.0 += content.value,
                _ => sum.1 += content.value,
            }
            sum.2 += 1;
        }
        expected
    }
}

/// The messages of some readings, one per shard.
fn messages(readings: &[Told]) -> Vec<(u16, Bytes)> {
    let of = |shard| {
        readings
            .iter()
            .filter(|told| shard_of(meter_hash(&told.meter), SHARDS) == shard)
            .collect()
    };
    (0..SHARDS)
        .map(|shard| (shard, of(shard)))
        .filter(|(_, own): &(u16, Vec<&Told>)| !own.is_empty())
        .map(|(shard, own)| (shard, columns(&own).encode_to_vec().into()))
        .collect()
}

/// The message of some readings.
fn columns(readings: &[&Told]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    let mut ids: Vec<&str> = Vec::new();
    for (place, told) in (0_u32..).zip(readings) {
        let meter = ids.iter().position(|id| *id == told.meter).unwrap_or_else(|| {
            ids.push(&told.meter);
            columns.push_meter_id(&told.meter);
            ids.len() - 1
        });
        columns.push(&Row {
            meter: u32::try_from(meter).unwrap(),
            ..told.row
        });
        if told.repeat {
            columns.supposed_repeat.push(place);
        }
    }
    columns.squeeze();
    columns
}

/// An interval of channel import.
pub(crate) fn import(meter: &str, start: &str, value: i64) -> Told {
    Told {
        meter: meter.to_owned(),
        row: Row {
            meter: 0,
            start_ms: ms(start),
            kind: 1,
            channel: 1,
            register: 0,
            value,
            interval_seconds: 900,
            quality: 1,
            revision: 0,
            sequence: 0,
        },
        repeat: false,
    }
}

pub(crate) fn group(region: &str, zone: &str) -> Group {
    Group {
        region: region.to_owned(),
        feeder: format!("{region}-1"),
        tariff_class: "home".to_owned(),
        zone: zone.to_owned(),
    }
}

pub(crate) fn ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

/// Every page of a request.
pub(crate) async fn windows(running: &Running, mut request: GroupUsageRequest) -> Vec<GroupWindow> {
    let mut all = Vec::new();
    loop {
        let answer = running
            .analytics()
            .group_usage(tonic::Request::new(request.clone()))
            .await;
        let page = answer.unwrap().into_inner();
        assert!(page.items.len() <= 10_000);
        all.extend(page.items);
        let Some(cursor) = page.next_cursor else {
            return all;
        };
        request.cursor = cursor;
    }
}

/// Windows by region as numbers.
pub(crate) async fn by_region(
    running: &Running,
    resolution: &str,
    range: (&str, &str),
) -> BTreeMap<(String, i64), (i64, i64, u64)> {
    let request = GroupUsageRequest {
        by: "region".to_owned(),
        resolution: resolution.to_owned(),
        from: range.0.to_owned(),
        to: range.1.to_owned(),
        limit: 7,
        ..GroupUsageRequest::default()
    };
    let energy = |kwh: &str| kwh.parse::<Energy>().unwrap().as_milliwatt_hours();
    (windows(running, request).await.into_iter())
        .map(|window| {
            let sum = (
                energy(&window.import_kwh),
                energy(&window.export_kwh),
                window.readings,
            );
            ((window.group, ms(&window.start)), sum)
        })
        .collect()
}
