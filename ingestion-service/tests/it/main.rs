//! Ingestion as its callers see it, on a bus that can be slow, full, silent or failing.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod bus;
mod commit;
mod faults;
mod words;

use std::sync::Arc;
use std::time::Duration;

use ingestion_service::{Config, Deps, Running, start};
use model::{Clock, FixedClock};
use prometheus::Registry;
use proto::columns::{KIND_INTERVAL, Row};
use proto::ingestion::SubmitResponse;
use proto::meter::{ReadingColumns, Verdict};
use service_kit::Readiness;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

use bus::FakeBus;

const NOW_MS: i64 = 1_790_000_000_000;

struct Setup {
    running: Running,
    bus: Arc<FakeBus>,
    registry: Registry,
}

async fn setup(config: Config) -> Setup {
    let bus = Arc::new(FakeBus::default());
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(
        chrono::DateTime::from_timestamp_millis(NOW_MS).unwrap(),
    ));
    let registry = Registry::new();
    let deps = Deps {
        bus: Arc::<FakeBus>::clone(&bus),
        clock,
        registry: registry.clone(),
        is_known: Some(Arc::new(|id| id != "stranger")),
        readiness: Readiness::default(),
        failed: CancellationToken::new(),
    };
    let running = start(config, deps).await.unwrap();
    Setup {
        running,
        bus,
        registry,
    }
}

impl Setup {
    async fn submit(&self, columns: ReadingColumns) -> Result<SubmitResponse, Status> {
        let answer = self.running.ingestion().submit(Request::new(columns)).await?;
        Ok(answer.into_inner())
    }

    /// The verdict of the only row of `columns`.
    async fn verdict(&self, columns: ReadingColumns) -> Verdict {
        let rows = columns.rows();
        let verdicts = verdicts(&self.submit(columns).await.unwrap(), rows);
        assert_eq!(verdicts.len(), 1);
        verdicts[0]
    }

    fn metric(&self, name: &str, label: &str) -> u64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        let metric = family
            .get_metric()
            .iter()
            .find(|metric| metric.get_label().iter().any(|pair| pair.value() == label));
        let value = metric.unwrap().get_counter().get_value();
        format!("{value}").parse().unwrap()
    }
}

fn verdicts(response: &SubmitResponse, rows: usize) -> Vec<Verdict> {
    let name = |code: &u32| Verdict::try_from(i32::try_from(*code).unwrap()).unwrap();
    match response.verdict.as_slice() {
        [one] => vec![name(one); rows],
        many => {
            assert_eq!(many.len(), rows);
            many.iter().map(name).collect()
        }
    }
}

fn row(meter: u32, start_ms: i64, value: i64) -> Row {
    Row {
        meter,
        start_ms,
        kind: KIND_INTERVAL,
        channel: 1,
        register: 0,
        value,
        interval_seconds: 0,
        quality: 1,
        revision: 0,
        sequence: 0,
    }
}

fn batch(ids: &[&str], rows: &[Row]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    ids.iter().for_each(|id| columns.push_meter_id(id));
    rows.iter().for_each(|row| columns.push(row));
    columns
}

fn one(id: &str, row: Row) -> ReadingColumns {
    batch(&[id], &[row])
}

fn patient() -> Config {
    Config {
        confirm_within: Duration::from_secs(3_600),
        ..Config::default()
    }
}
