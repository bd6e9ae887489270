//! Measures the embedded journal beside the limit of the disk and beside fjall used as a queue:
//! `cargo run --release -p message-bus --example journal [FOLDER]`. What it found is in `docs/adr/0001-own-journal.md`.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use message_bus::embedded::{Journal, Options};
use message_bus::{Bus, Delivery, Group, Message, Topic};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

mod fjall_queue;
mod fjall_trap;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A thousand readings as strings; what `PERFORMANCE.md` measured with.
const BATCH_BYTES: usize = 57_000;
const RUN: Duration = Duration::from_secs(4);
const SHARDS: u16 = 4;

#[tokio::main]
async fn main() -> Outcome {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = given
        .unwrap_or_else(std::env::temp_dir)
        .join("gridtally-journal-bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    println!("57 KB batches; a second run of the same line differs by the machine's noise\n");
    for per_sync in [1, 8] {
        raw_file(&folder.join("raw"), per_sync)?;
        journal(&folder.join(format!("journal-{per_sync}")), per_sync).await?;
        fjall_queue::run(&folder.join(format!("fjall-{per_sync}")), per_sync)?;
        println!();
    }
    for publishers in [1, 8, 64] {
        small_publishes(&folder.join(format!("small-{publishers}")), publishers).await?;
    }
    println!();
    steady(&folder.join("steady")).await?;
    recovery(&folder.join("recovery")).await?;
    println!();
    fjall_trap::run(&folder.join("trap"))?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Bytes that no engine can make smaller, as packed readings nearly are.
fn incompressible(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Prints one line: batches per second, and core-microseconds of this process per batch.
fn tell(what: &str, batches: u64, took: Duration, cpu: Duration) {
    let count = u32::try_from(batches).unwrap_or(u32::MAX).max(1);
    let rate = f64::from(count) / took.as_secs_f64();
    let cpu = cpu.as_secs_f64() * 1e6 / f64::from(count);
    println!("{what:<52} {rate:>9.0}/s {cpu:>7.1} core-us each");
}

/// User and system time of this process so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10) // a tick is 10 ms on Linux
}

fn raw_file(path: &Path, per_sync: usize) -> Outcome {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    let bytes = incompressible(BATCH_BYTES * per_sync);
    let (started, cpu_before, mut batches) = (Instant::now(), cpu(), 0);
    let mut syncs = Vec::new();
    while started.elapsed() < RUN {
        file.write_all(&bytes)?;
        let before = Instant::now();
        file.sync_data()?;
        syncs.push(before.elapsed());
        batches += per_sync as u64;
    }
    let what = format!("file, write + fdatasync, x {per_sync} per sync");
    tell(&what, batches, started.elapsed(), cpu() - cpu_before);
    syncs.sort_unstable();
    let at = |part: usize| syncs.get(syncs.len() * part / 100).copied().unwrap_or_default();
    println!("    fdatasync p50 {:?}, p99 {:?}", at(50), at(99));
    std::fs::remove_file(path)?;
    Ok(())
}

fn options(folder: &Path) -> Options {
    Options {
        spare_bytes: 0,
        ..Options::new(folder, SHARDS)
    }
}

fn message(shard: u16, id: u128, body: &Bytes) -> Message {
    Message {
        topic: Topic::Readings { shard },
        id,
        kind: "gridtally.meter.v1.ReadingColumns",
        time_ms: 0,
        traced: Vec::new(),
        body: body.clone(),
    }
}

/// Reads a shard to `last` and acknowledges as it goes; gives the bytes seen.
async fn consume(bus: Arc<Journal>, group: Group, shard: u16, last: u128) -> Outcome<u64> {
    let topic = Topic::Readings { shard };
    let mut reader = bus.subscribe(group, topic, None).await?;
    let mut bytes = 0;
    loop {
        if let Delivery::Message {
            position, id, body, ..
        } = reader.next().await?
        {
            bytes += body.len() as u64;
            if id % 64 == 0 || id == last {
                reader.ack(position).await?;
            }
            if id == last {
                return Ok(bytes);
            }
        }
    }
}

/// Publish, consume and acknowledge, in two groups: `per_sync` batches in each publish, one publish at a time.
async fn journal(folder: &Path, per_sync: usize) -> Outcome {
    let bus = Journal::open(options(folder), CancellationToken::new())?;
    let body = Bytes::from(incompressible(BATCH_BYTES));
    let mut consumers = JoinSet::new();
    for group in [Group::Billing, Group::Analytics] {
        consumers.spawn(consume(Arc::clone(&bus), group, 0, u128::MAX));
    }
    let (started, cpu_before, mut batches) = (Instant::now(), cpu(), 0_u64);
    while started.elapsed() < RUN {
        let messages = (0..per_sync).map(|index| message(0, u128::from(batches) + index as u128, &body));
        bus.publish(messages.collect()).await?;
        batches += per_sync as u64;
    }
    bus.publish(vec![message(0, u128::MAX, &Bytes::new())]).await?;
    let mut bytes = 0;
    while let Some(seen) = consumers.join_next().await {
        bytes += seen??;
    }
    let what = format!("journal, publish + 2 x consume + ack, x {per_sync} per sync");
    tell(&what, batches, started.elapsed(), cpu() - cpu_before);
    if bytes != 2 * batches * BATCH_BYTES as u64 {
        return Err("something was not consumed".into());
    }
    bus.close().await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// Many publishers, each waiting for its confirm, with 4 messages of 5 KB to 4 shards.
async fn small_publishes(folder: &Path, publishers: u32) -> Outcome {
    let bus = Journal::open(options(folder), CancellationToken::new())?;
    let body = Bytes::from(incompressible(5_000));
    let end = Instant::now() + RUN;
    let (started, cpu_before) = (Instant::now(), cpu());
    let mut running = JoinSet::new();
    for shard in 0..SHARDS {
        running.spawn(consume_until(Arc::clone(&bus), shard, end));
    }
    let mut publishing = JoinSet::new();
    for _ in 0..publishers {
        let (bus, body) = (Arc::clone(&bus), body.clone());
        publishing.spawn(async move {
            let mut waits = Vec::new();
            while Instant::now() < end {
                let before = Instant::now();
                let messages = (0..SHARDS).map(|shard| message(shard, 1, &body)).collect();
                bus.publish(messages).await?;
                waits.push(before.elapsed());
            }
            Outcome::Ok(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(own) = publishing.join_next().await {
        waits.extend(own??);
    }
    let (took, used) = (started.elapsed(), cpu() - cpu_before);
    tell(
        &format!("journal, 4 x 5 KB, {publishers} publishers"),
        waits.len() as u64,
        took,
        used,
    );
    waits.sort_unstable();
    let at = |part: usize| waits.get(waits.len() * part / 100).copied().unwrap_or_default();
    println!("    confirm p50 {:?}, p99 {:?}", at(50), at(99));
    running.shutdown().await;
    bus.close().await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// How long a start takes that finds 512 MiB which nobody has acknowledged.
async fn recovery(folder: &Path) -> Outcome {
    let body = Bytes::from(incompressible(20_000));
    let bus = Journal::open(options(folder), CancellationToken::new())?;
    while bus.health().bytes < 512 << 20 {
        bus.publish((0..64).map(|id| message(0, id, &body)).collect())
            .await?;
    }
    bus.close().await?;
    drop(bus);
    let started = Instant::now();
    let bus = Journal::open(options(folder), CancellationToken::new())?;
    println!(
        "journal, start on 512 MiB, in the page cache              {:?}",
        started.elapsed()
    );
    bus.close().await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

async fn consume_until(bus: Arc<Journal>, shard: u16, end: Instant) -> Outcome {
    let mut reader = bus
        .subscribe(Group::Billing, Topic::Readings { shard }, None)
        .await?;
    while Instant::now() < end {
        if let Delivery::Message { position, .. } = reader.next().await? {
            reader.ack(position).await?;
        }
    }
    Ok(())
}

/// What a million readings per second ask of the journal: 1,000 groups of 4 x 5 KB each second, two consumers per shard.
async fn steady(folder: &Path) -> Outcome {
    let bus = Journal::open(options(folder), CancellationToken::new())?;
    let body = Bytes::from(incompressible(5_000));
    let end = Instant::now() + RUN;
    let mut running = JoinSet::new();
    for shard in 0..SHARDS {
        for _ in 0..2 {
            running.spawn(consume_until(Arc::clone(&bus), shard, end));
        }
    }
    let (started, cpu_before, mut groups) = (Instant::now(), cpu(), 0);
    let mut pause = tokio::time::interval(Duration::from_millis(1));
    while started.elapsed() < RUN {
        pause.tick().await;
        let messages = (0..SHARDS).map(|shard| message(shard, 1, &body)).collect();
        bus.publish(messages).await?;
        groups += 1;
    }
    let (took, used) = (started.elapsed(), cpu() - cpu_before);
    tell(
        "journal, 4 x 5 KB each millisecond, 8 consumers",
        groups,
        took,
        used,
    );
    println!(
        "    {:.1} % of one core",
        100.0 * used.as_secs_f64() / took.as_secs_f64()
    );
    running.shutdown().await;
    bus.close().await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
