//! How fast reads are taken in, stored and found again, and what they take.
//!
//! `cargo run --release -p billing-service --example reads [METERS] [DAYS] [CSV]`: METERS meters (100,000) send quarter-hours in order of
//! time for DAYS days (6), a thousand readings a message; with CSV (columns `start_utc,import_kwh`) their values come from there.
#![expect(clippy::print_stdout, reason = "a bench is there to print")]
#![expect(clippy::indexing_slicing, reason = "a bench may fail")]

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use billing_service::reads::store::EmbeddedReads;
use billing_service::reads::{Consequences, Limits, Reads, Touched, Unusable};
use billing_service::{Embedded, StoreError};
use model::{Channel, Stay, meter_hash, shard_of};
use proto::columns::{KIND_INTERVAL, Row};
use proto::meter::ReadingColumns;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const SHARDS: u16 = 4;
const ROWS: usize = 1000;
const QUARTER_MS: i64 = 900_000;
/// 1 January 2026.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// Nothing follows from a reading.
struct Nothing;

#[async_trait::async_trait]
impl Consequences for Nothing {
    async fn ensure(&self, _: &[Touched]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn quarantine(&self, _: Unusable) -> Result<(), StoreError> {
        Ok(())
    }

    fn settled_before_ms(&self) -> i64 {
        i64::MIN
    }
}

/// What is measured with.
struct Load {
    meters: usize,
    days: i64,
    values: Vec<i64>,
    by_shard: Vec<Vec<String>>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let load = Load::from_arguments()?;
    let readings = load.readings();
    let folder = tempfile::tempdir()?;
    let reads = open(folder.path()).await?;
    print_memory("opened, empty");
    let stop = CancellationToken::new();
    let checkpoints = JoinSet::from_iter([Arc::clone(&reads).run_checkpoints(stop.clone())]);

    let started = Instant::now();
    let (made, applied) = feed(&reads, &load).await?;
    let fed = started.elapsed().as_secs_f64();
    for shard in 0..SHARDS {
        reads.checkpoint(shard).await?;
    }
    let stored = started.elapsed().as_secs_f64();
    println!(
        "{readings} readings of {} meters over {} days",
        load.meters, load.days
    );
    println!(
        "making {made:?}, applying {applied:?}: {:.0} ns each",
        applied.as_secs_f64() * 1e9 / readings
    );
    println!(
        "fed in {fed:.2} s, stored in {stored:.2} s: {:.0} readings/s",
        readings / stored
    );
    println!(
        "{:.2} core-µs per reading, making included",
        cpu_seconds()? / readings * 1e6
    );
    print_memory("stored");
    ask(&reads, &load).await?;
    print_memory("asked");
    stop.cancel();
    checkpoints.join_all().await;
    drop(reads);

    let bytes = folder_bytes(folder.path())?;
    println!("{:.2} bytes per reading on disk", bytes as f64 / readings);
    let reopening = Instant::now();
    let reads = open(folder.path()).await?;
    println!("opened again in {:?}", reopening.elapsed());
    ask(&reads, &load).await
}

async fn open(folder: &Path) -> anyhow::Result<Arc<Reads>> {
    let store = EmbeddedReads::new(&Embedded::open(folder)?)?;
    Ok(Reads::open(Arc::new(store), Arc::new(Nothing), SHARDS, Limits::default()).await?)
}

/// Feeds everything, and says how long the making of the messages and the taking in took.
async fn feed(reads: &Reads, load: &Load) -> anyhow::Result<(Duration, Duration)> {
    let (mut made, mut applied) = (Duration::ZERO, Duration::ZERO);
    let mut position = 0;
    for slot in 0..load.days * 96 {
        for (shard, ids) in (0..).zip(&load.by_shard) {
            for (block, ids) in ids.chunks(ROWS).enumerate() {
                position += 1;
                let making = Instant::now();
                let columns = load.message(ids, block * ROWS, slot);
                made += making.elapsed();
                reads.wait_for_room().await;
                let applying = Instant::now();
                reads.apply(shard, &columns, position)?;
                applied += applying.elapsed();
                tokio::task::yield_now().await;
            }
        }
    }
    Ok((made, applied))
}

async fn ask(reads: &Reads, load: &Load) -> anyhow::Result<()> {
    let ids: Vec<&String> = load.by_shard.iter().flatten().collect();
    let mut times = Vec::new();
    let mut found = 0;
    for step in 0..1000 {
        let id = ids[step * 7919 % ids.len()].parse()?;
        let asked = Instant::now();
        let month = BEGIN_MS..BEGIN_MS + 31 * 96 * QUARTER_MS;
        found += reads.intervals(&id, Channel::Import, month).await?.len();
        times.push(asked.elapsed());
    }
    times.sort();
    println!(
        "a meter's month ({} reads): p50 {:?}, p99 {:?}",
        found / 1000,
        times[500],
        times[990]
    );
    let asked = Instant::now();
    let day = i32::try_from(BEGIN_MS / 86_400_000 + load.days / 2)?;
    let stays_of = |id: &str, stays: &mut Vec<Stay<usize>>| {
        stays.push(Stay {
            from_ms: i64::MIN,
            to_ms: i64::MAX,
            place: id.len() % 3,
        });
    };
    let windows = reads.day_windows(0, day, (0, None), &stays_of).await?;
    let minutes = windows.groups.iter().flat_map(|(_, minutes)| minutes);
    let counted: u32 = minutes.map(|sum| sum.readings).sum();
    println!(
        "windows of one shard and day ({counted} reads): {:?}",
        asked.elapsed()
    );
    let asked = Instant::now();
    for id in reads.meters(None, 1000) {
        reads.latest(&id).await?;
    }
    println!("1,000 meters with their latest read: {:?}", asked.elapsed());
    Ok(())
}

impl Load {
    fn from_arguments() -> anyhow::Result<Self> {
        let mut arguments = std::env::args().skip(1);
        let meters = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
        let days = arguments.next().map_or(Ok(6), |text| text.parse())?;
        let values = match arguments.next() {
            Some(csv) => values_of(Path::new(&csv))?,
            None => (0..96 * 40_i64)
                .map(|slot| (40 + slot * slot * 7919 % 211) * 1000)
                .collect(),
        };
        let mut by_shard = vec![Vec::new(); usize::from(SHARDS)];
        for meter in 0..meters {
            let id = format!("meter-{meter:07}");
            by_shard[usize::from(shard_of(meter_hash(&id), SHARDS))].push(id);
        }
        Ok(Self {
            meters,
            days,
            values,
            by_shard,
        })
    }

    fn readings(&self) -> f64 {
        self.meters as f64 * self.days as f64 * 96.0
    }

    /// A batch of one reading each of `ids`, of which the first is the shard's meter number `first`.
    fn message(&self, ids: &[String], first: usize, slot: i64) -> ReadingColumns {
        let mut columns = ReadingColumns::default();
        let week = usize::try_from(slot).unwrap_or(0);
        for (index, id) in (0..).zip(ids) {
            columns.push_meter_id(id);
            let place = (first + usize::try_from(index).unwrap_or(0)) * 96 * 7 + week;
            columns.push(&Row {
                meter: index,
                start_ms: BEGIN_MS + slot * QUARTER_MS,
                kind: KIND_INTERVAL,
                channel: 1,
                register: 0,
                value: scaled(self.values[place % self.values.len()], place),
                interval_seconds: 900,
                quality: 1,
                revision: 0,
                sequence: 0,
            });
        }
        // as from live meters: some seconds after the end of the interval
        let late_s = (i64::try_from(first).unwrap_or(0) / 1000 + slot * 31) % 7;
        columns.received_ms = BEGIN_MS + (slot + 1) * QUARTER_MS + late_s * 1000;
        columns.squeeze();
        columns
    }
}

/// As of a smaller or larger household, so that no two meters have the same day; to 0.1 Wh as the loads have it.
fn scaled(value: i64, place: usize) -> i64 {
    let thousandths = 500 + i64::try_from(place / (96 * 7) * 7919 % 1009).unwrap_or(0);
    value * thousandths / 1000 / 100 * 100
}

fn values_of(csv: &Path) -> anyhow::Result<Vec<i64>> {
    let text = std::fs::read_to_string(csv)?;
    let kwh = text.lines().skip(1).filter_map(|line| line.split(',').nth(1));
    let values = kwh.map(|kwh| anyhow::Ok(model::Energy::from_kwh(kwh.parse()?)?.as_milliwatt_hours()));
    values.collect()
}

fn print_memory(when: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find(|line| line.starts_with("VmRSS"));
    println!("[{when}] {}", resident.unwrap_or_default());
}

fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let ticks = stat.split_whitespace().skip(13).take(2).map(str::parse::<f64>);
    let ticks: f64 = ticks.sum::<Result<f64, _>>()?;
    Ok(ticks / 100.0)
}

fn folder_bytes(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        bytes += if data.is_dir() {
            folder_bytes(&entry.path())?
        } else {
            data.blocks() * 512
        };
    }
    Ok(bytes)
}
