//! How fast reads are taken in, stored and found again, and what they take.
//!
//! `cargo run --release -p billing-service --example reads [METERS] [DAYS] [CSV]`: METERS meters (100,000) send quarter-hours in order of
//! time for DAYS days (6), a thousand readings a message; with CSV (columns `start_utc,import_kwh`) their values come from there.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use billing_service::Embedded;
use billing_service::reads::store::EmbeddedReads;
use billing_service::reads::{Consequences, Limits, Reads, Touched, Unusable};
use model::{Channel, meter_hash, shard_of};
use proto::columns::{KIND_INTERVAL, Row};
use proto::meter::ReadingColumns;
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
    async fn ensure(&self, _: &[Touched]) -> Result<(), billing_service::StoreError> {
        Ok(())
    }

    async fn quarantine(&self, _: Unusable) -> Result<(), billing_service::StoreError> {
        Ok(())
    }

    fn settled_before_ms(&self) -> i64 {
        i64::MIN
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let meters: usize = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let days: i64 = arguments.next().map_or(Ok(6), |text| text.parse())?;
    let loads = match arguments.next() {
        Some(csv) => read_loads(Path::new(&csv))?,
        None => (0..96 * 40_i64)
            .map(|slot| (40 + slot * slot * 7919 % 211) * 1000)
            .collect(),
    };
    let folder = tempfile::tempdir()?;
    let by_shard = meters_by_shard(meters);
    let reads = open(folder.path()).await?;
    say("opened, empty");

    let stop = CancellationToken::new();
    let checkpoints = tokio::task::JoinSet::from_iter([Arc::clone(&reads).run_checkpoints(stop.clone())]);
    let started = Instant::now();
    let (mut made, mut applied) = (Duration::ZERO, Duration::ZERO);
    let mut position = 0;
    for slot in 0..days * 96 {
        for (shard, ids) in (0..).zip(&by_shard) {
            for (block, ids) in (0..).zip(ids.chunks(ROWS)) {
                position += 1;
                let making = Instant::now();
                let columns = message(ids, block * ROWS, slot, &loads);
                made += making.elapsed();
                reads.wait_for_room().await;
                let applying = Instant::now();
                reads.apply(shard, &columns, position)?;
                applied += applying.elapsed();
                tokio::task::yield_now().await;
            }
        }
    }
    let readings = meters as f64 * days as f64 * 96.0;
    let fed = started.elapsed();
    for shard in 0..SHARDS {
        reads.checkpoint(shard).await?;
    }
    let stored = started.elapsed();
    println!("{readings} readings of {meters} meters over {days} days");
    println!(
        "making them {:.2} s, applying {:.2} s ({:.0} ns each)",
        made.as_secs_f64(),
        applied.as_secs_f64(),
        applied.as_nanos() as f64 / readings
    );
    println!(
        "fed in {:.2} s, stored in {:.2} s: {:.0} readings/s",
        fed.as_secs_f64(),
        stored.as_secs_f64(),
        readings / stored.as_secs_f64()
    );
    let (user, system) = cpu_seconds()?;
    println!(
        "cpu {user:.2} s user + {system:.2} s system: {:.2} core-µs per reading, making included",
        (user + system) / readings * 1e6
    );
    say("stored");

    queries(&reads, &by_shard, days).await?;
    say("asked");
    stop.cancel();
    checkpoints.join_all().await;
    drop(reads);
    println!(
        "{:.2} bytes per reading on disk",
        folder_bytes(folder.path())? as f64 / readings
    );
    let reopening = Instant::now();
    let reads = open(folder.path()).await?;
    println!(
        "opened again in {:.0} ms",
        reopening.elapsed().as_secs_f64() * 1e3
    );
    queries(&reads, &by_shard, days).await?;
    Ok(())
}

async fn open(folder: &Path) -> anyhow::Result<Arc<Reads>> {
    let store = EmbeddedReads::new(&Embedded::open(folder)?)?;
    Ok(Reads::open(Arc::new(store), Arc::new(Nothing), SHARDS, Limits::default()).await?)
}

async fn queries(reads: &Reads, by_shard: &[Vec<String>], days: i64) -> anyhow::Result<()> {
    let ids: Vec<&String> = by_shard.iter().flatten().collect();
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
    let day = BEGIN_MS / 86_400_000 + days / 2;
    let windows = reads
        .day_windows(0, i32::try_from(day)?, 0, &|id| Some(id.len() % 3))
        .await?;
    let counted: u32 = windows
        .groups
        .iter()
        .flat_map(|(_, minutes)| minutes)
        .map(|sum| sum.readings)
        .sum();
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

fn meters_by_shard(meters: usize) -> Vec<Vec<String>> {
    let mut by_shard = vec![Vec::new(); usize::from(SHARDS)];
    for meter in 0..meters {
        let id = format!("meter-{meter:07}");
        by_shard[usize::from(shard_of(meter_hash(&id), SHARDS))].push(id);
    }
    by_shard
}

fn message(ids: &[String], first: usize, slot: i64, loads: &[i64]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    for (index, id) in (0..).zip(ids) {
        columns.push_meter_id(id);
        let load =
            (first + usize::try_from(index).unwrap_or(0)) * 96 * 7 + usize::try_from(slot).unwrap_or(0);
        columns.push(&Row {
            meter: index,
            start_ms: BEGIN_MS + slot * QUARTER_MS,
            kind: KIND_INTERVAL,
            channel: 1,
            register: 0,
            value: loads[load % loads.len()],
            interval_seconds: 900,
            quality: 1,
            revision: 0,
            sequence: 0,
        });
    }
    // as a live meter would: shortly after the end of the interval
    columns.received_ms = BEGIN_MS + (slot + 1) * QUARTER_MS + i64::try_from(first % 7).unwrap_or(0) * 1000;
    columns.squeeze();
    columns
}

fn read_loads(csv: &Path) -> anyhow::Result<Vec<i64>> {
    let text = std::fs::read_to_string(csv)?;
    let values = text.lines().skip(1).filter_map(|line| line.split(',').nth(1));
    Ok(values
        .map(|kwh| Ok((kwh.parse::<f64>()? * 1e6).round() as i64))
        .collect::<Result<_, std::num::ParseFloatError>>()?)
}

fn say(when: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| {
        status
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or("")
            .to_owned()
    };
    println!("[{when}] {} {}", line("VmRSS"), line("VmHWM"));
}

fn cpu_seconds() -> anyhow::Result<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.split_whitespace().collect();
    Ok((
        fields[13].parse::<f64>()? / 100.0,
        fields[14].parse::<f64>()? / 100.0,
    ))
}

fn folder_bytes(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        bytes += if data.is_dir() {
            folder_bytes(&entry.path())?
        } else {
            std::os::unix::fs::MetadataExt::blocks(&data) * 512
        };
    }
    Ok(bytes)
}
