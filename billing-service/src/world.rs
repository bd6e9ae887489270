//! A small utility for tests: a house in Berlin, its meter and its tariff, on the embedded engines in a temporary folder.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use message_bus::{Bus, BusError, Group, Health, Message, Position, Subscription, Topic};
use model::Clock;
use proto::billing::register_object::Object;
use proto::billing::{
    Account, Agreement, Assignment, Bill, Calendar, Exception, Hold, Installation, Meter, RegisterObject,
    ServicePoint, Tariff,
};
use proto::columns::Row;
use proto::meter::ReadingColumns;
use service_kit::Tasks;

use crate::cache::{Cache, MemoryCache};
use crate::config::Config;
use crate::consequence::Watcher;
use crate::embedded::Embedded;
use crate::error::Error;
use crate::exception::Kind;
use crate::issue::Order;
use crate::office::Office;
use crate::reads::store::EmbeddedReads;
use crate::run;
use crate::service::Service;
use crate::start::{Backends, Deps, open};
use crate::store::{DocumentStore, EmbeddedDocuments};
use crate::time;

/// High by day on working days, low otherwise; a monthly fee; a tax.
pub(crate) const TARIFF: &str = include_str!("world/household.json");

/// The same, with a percentage that is not said to be a tax: it prices, but cannot be issued.
pub(crate) const UNTAXED: &str =
    include_str!("../../common/tariff-engine/tests/data/tariffs/neutral/n01_dst_berlin.json");

/// A clock that stands where it was set.
#[derive(Debug, Clone, Default)]
pub(crate) struct SetClock(Arc<AtomicI64>);

impl SetClock {
    pub(crate) fn set(&self, text: &str) {
        self.0
            .store(time::parse("clock", text).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A bus that only remembers what was published.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) published: Mutex<Vec<Message>>,
    pub(crate) broken: AtomicBool,
}

#[async_trait::async_trait]
impl Bus for Memory {
    fn shards(&self) -> u16 {
        2
    }

    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable("broken by the test".to_owned()));
        }
        self.published.lock().unwrap().extend(messages);
        Ok(())
    }

    async fn subscribe(
        &self,
        _: Group,
        _: Topic,
        _: Option<Position>,
    ) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Unavailable("nothing to read here".to_owned()))
    }

    fn health(&self) -> Health {
        Health::default()
    }

    async fn close(&self) -> Result<(), BusError> {
        Ok(())
    }
}

/// See the module.
pub(crate) struct World {
    pub(crate) office: Arc<Office>,
    pub(crate) watcher: Arc<Watcher>,
    pub(crate) bus: Arc<Memory>,
    pub(crate) clock: SetClock,
    position: AtomicU64,
}

impl World {
    pub(crate) async fn open(folder: &Path) -> Self {
        Self::open_with(folder, |documents| documents, Arc::new(MemoryCache::new(1 << 20))).await
    }

    /// Opens with the documents wrapped and another cache.
    pub(crate) async fn open_with(
        folder: &Path,
        wrap: impl FnOnce(Arc<dyn DocumentStore>) -> Arc<dyn DocumentStore>,
        cache: Arc<dyn Cache>,
    ) -> Self {
        let engine = Embedded::open(folder).unwrap();
        let backends = Backends {
            documents: wrap(Arc::new(EmbeddedDocuments::open(&engine).unwrap())),
            reads: Arc::new(EmbeddedReads::new(&engine).unwrap()),
            cache,
        };
        Self::open_on(folder, backends).await
    }

    /// Opens on backends of any kind.
    pub(crate) async fn open_on(folder: &Path, backends: Backends) -> Self {
        let (bus, clock) = (Arc::new(Memory::default()), SetClock::default());
        clock.set("2024-04-20T12:00:00Z");
        let deps = Deps {
            bus: Arc::clone(&bus) as Arc<dyn Bus>,
            clock: Arc::new(clock.clone()),
            registry: prometheus::Registry::new(),
            tasks: Tasks::default(),
            readiness: service_kit::Readiness::default(),
            store: "embedded:".to_owned(),
            cache: "memory:".to_owned(),
            folder: folder.to_owned(),
        };
        let metrics = crate::metrics::Metrics::new(&deps.registry).unwrap();
        let (office, watcher) = open(&Config::default(), &deps, backends, metrics).await.unwrap();
        let position = (0..2)
            .map(|shard| office.reads.position(shard))
            .max()
            .unwrap_or(0);
        Self {
            office,
            watcher,
            bus,
            clock,
            position: AtomicU64::new(position),
        }
    }

    pub(crate) fn service(&self) -> Service {
        let desk = crate::share::Desk::new(self.office.reads.shards(), String::new());
        Service::new(Arc::clone(&self.office), Arc::clone(&self.watcher), desk)
    }

    pub(crate) async fn put(&self, object: Object) -> Result<(), Error> {
        self.office
            .register
            .put(RegisterObject { object: Some(object) })
            .await
            .map(|_| ())
    }

    /// The house: point `p`, meter `m`, account `c`, agreement `a` from 15 March 2024 on with billing day 15.
    pub(crate) async fn furnish(&self) {
        for object in [
            Object::ServicePoint(point("p")),
            Object::Meter(meter("m")),
            Object::Installation(installation("i", "m", "p", "2024-03-01T00:00:00+01:00", "")),
            Object::Account(Account {
                id: "c".to_owned(),
                currency: "EUR".to_owned(),
                ..Account::default()
            }),
            Object::Calendar(Calendar {
                id: "day15".to_owned(),
                billing_day: 15,
                ..Calendar::default()
            }),
            Object::Tariff(tariff("t", TARIFF)),
            Object::Agreement(agreement("a", "p", "2024-03-15T00:00:00+01:00", "")),
        ] {
            self.put(object).await.unwrap();
        }
    }

    /// Delivers a batch; what it brings about is ensured at once.
    pub(crate) async fn deliver(&self, batch: &ReadingColumns) {
        let meter = batch.meter_ids().next().unwrap().to_owned();
        let shard = model::shard_of(model::meter_hash(&meter), self.office.reads.shards());
        let position = self.position.fetch_add(1, Ordering::SeqCst) + 1;
        self.office.reads.apply(shard, batch, position).unwrap();
    }

    pub(crate) async fn checkpoint(&self) {
        for shard in 0..self.office.reads.shards() {
            self.office.reads.checkpoint(shard).await.unwrap();
        }
    }

    /// A bill run now.
    pub(crate) async fn run(&self) -> Result<proto::billing::RunBillsResponse, Error> {
        let order = Order {
            actor: "tester".to_owned(),
            reason: "bill run",
        };
        let as_of_ms = self.office.clock.now_ms();
        run::run(
            &self.office,
            &run::Request {
                as_of_ms,
                dry_run: false,
                order,
            },
        )
        .await
    }

    pub(crate) async fn exceptions(&self, kind: Kind) -> Vec<Exception> {
        let all = self
            .office
            .exceptions
            .list(Some(kind), "", None, 100)
            .await
            .unwrap();
        all.into_iter()
            .filter(|exception| exception.status == "open")
            .collect()
    }
}

pub(crate) fn point(id: &str) -> ServicePoint {
    let (zone, region) = ("Europe/Berlin".to_owned(), "north".to_owned());
    ServicePoint {
        id: id.to_owned(),
        zone,
        region,
        tariff_class: "household".to_owned(),
        ..ServicePoint::default()
    }
}

pub(crate) fn meter(id: &str) -> Meter {
    Meter {
        id: id.to_owned(),
        ..Meter::default()
    }
}

pub(crate) fn installation(id: &str, meter: &str, point: &str, from: &str, to: &str) -> Installation {
    Installation {
        id: id.to_owned(),
        meter_id: meter.to_owned(),
        service_point_id: point.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        ..Installation::default()
    }
}

pub(crate) fn tariff(id: &str, body: &str) -> Tariff {
    Tariff {
        id: id.to_owned(),
        body: body.to_owned(),
        ..Tariff::default()
    }
}

pub(crate) fn assignment(from: &str, tariff: &str) -> Assignment {
    Assignment {
        from: from.to_owned(),
        tariff_id: tariff.to_owned(),
        calendar_id: "day15".to_owned(),
        ..Assignment::default()
    }
}

pub(crate) fn agreement(id: &str, point: &str, from: &str, to: &str) -> Agreement {
    Agreement {
        id: id.to_owned(),
        account_id: "c".to_owned(),
        service_point_id: point.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        assignments: vec![assignment("", "t")],
    }
}

/// A batch of quarter hours of one meter; every value is (start, value, revision).
pub(crate) fn batch(meter: &str, rows: &[(i64, i64, u32)]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    columns.push_meter_id(meter);
    for (start_ms, value, revision) in rows {
        columns.push(&Row {
            meter: 0,
            start_ms: *start_ms,
            kind: proto::columns::KIND_INTERVAL,
            channel: 1,
            register: 0,
            value: *value,
            interval_seconds: 0,
            quality: 1,
            revision: *revision,
            sequence: 0,
        });
    }
    columns.received_ms = rows.first().map_or(0, |row| row.0);
    columns.squeeze();
    columns
}

/// The recorded load of March and April 2024: start and 10^-6 kWh.
pub(crate) fn load() -> Vec<(i64, i64, u32)> {
    let text = include_str!("../../common/tariff-engine/tests/data/loads/h0_berlin_15_2024-03_10.csv");
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let energy: model::Energy = cells[2].parse().unwrap();
        (
            time::parse("start", cells[0]).unwrap(),
            energy.as_milliwatt_hours(),
            0,
        )
    };
    let end = ms("2024-05-01T00:00:00Z");
    text.lines()
        .skip(1)
        .map(row)
        .filter(|(start_ms, ..)| *start_ms < end)
        .collect()
}

pub(crate) fn ms(text: &str) -> i64 {
    time::parse("test", text).unwrap()
}

/// Amounts by line, then the total.
pub(crate) fn amounts(bill: &Bill) -> Vec<(&str, &str)> {
    let lines = bill
        .lines
        .iter()
        .map(|line| (line.id.as_str(), line.amount.as_str()));
    lines.chain([("total", bill.total.as_str())]).collect()
}

pub(crate) fn reasons(bill: &Bill) -> Vec<(&str, &str)> {
    bill.holds
        .iter()
        .map(|Hold { reason, detail }| (reason.as_str(), detail.as_str()))
        .collect()
}
