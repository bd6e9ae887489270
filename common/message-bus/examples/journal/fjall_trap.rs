//! What fjall makes of one flipped bit in the middle of its journal, and what ours does with the same.

use std::path::{Path, PathBuf};

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use message_bus::embedded::{Journal, Options};
use message_bus::{Bus, BusError, Message, Topic};
use tokio_util::sync::CancellationToken;

use crate::Outcome;

const ENTRIES: u64 = 200;
const FLIPS: usize = 200;

pub(crate) fn run(folder: &Path) -> Outcome {
    let sound = folder.join("fjall");
    fill_fjall(&sound)?;
    let files = files_of(&sound)?;
    let journal = files
        .iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    let journal = journal.ok_or("fjall has no journal")?;
    let (mut refused, mut all, mut fewer, mut wrong, mut lost) = (0, 0, 0, 0, 0);
    for flip in 0..FLIPS {
        let copy = folder.join("copy");
        copy_all(&sound, &copy)?;
        flip_one(&copy.join(journal.strip_prefix(&sound)?), flip)?;
        match read_fjall(&copy) {
            Err(_) => refused += 1,
            Ok((_, bad)) if bad > 0 => wrong += 1,
            Ok((ENTRIES, _)) => all += 1,
            Ok((found, _)) => {
                fewer += 1;
                lost = lost.max(ENTRIES - found);
            }
        }
        std::fs::remove_dir_all(&copy)?;
    }
    println!("one flipped bit, {FLIPS} places spread over {ENTRIES} synced entries");
    println!(
        "fjall:   start refused {refused}, all there {all}, entries lost in silence {fewer} (up to {lost}), wrong body {wrong}"
    );
    let (refused, other) =
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ours(folder)))?;
    println!("journal: start refused with the range {refused}, anything else {other}");
    Ok(())
}

fn body(number: u64) -> Vec<u8> {
    (0..1_000_u64)
        .map(|at| u8::try_from((number * 31 + at * 7) % 251).unwrap_or_default())
        .collect()
}

fn fill_fjall(folder: &Path) -> Outcome {
    let database = Database::builder(folder).open()?;
    let items = database.keyspace("items", KeyspaceCreateOptions::default)?;
    for number in 0..ENTRIES {
        items.insert(number.to_be_bytes(), body(number))?;
        database.persist(PersistMode::SyncAll)?;
    }
    Ok(())
}

/// How many entries there are, and how many of them are not what was written.
fn read_fjall(folder: &Path) -> Outcome<(u64, u64)> {
    let database = Database::builder(folder).open()?;
    let items = database.keyspace("items", KeyspaceCreateOptions::default)?;
    let (mut found, mut wrong) = (0, 0);
    for number in 0..ENTRIES {
        if let Some(value) = items.get(number.to_be_bytes())? {
            found += 1;
            wrong += u64::from(*value != *body(number));
        }
    }
    Ok((found, wrong))
}

/// The same with our journal: how often the start was refused as damaged, and how often not.
async fn ours(folder: &Path) -> Outcome<(u32, u32)> {
    let sound = folder.join("journal");
    let open = |folder: &Path| Journal::open(Options::new(folder, 1), CancellationToken::new());
    let bus = open(&sound)?;
    for number in 0..ENTRIES {
        let message = Message {
            topic: Topic::Readings { shard: 0 },
            id: number.into(),
            kind: "test",
            time_ms: 0,
            traced: Vec::new(),
            body: body(number).into(),
        };
        bus.publish(vec![message]).await?;
    }
    bus.close().await?;
    let (mut refused, mut other) = (0, 0);
    for flip in 0..FLIPS {
        let copy = folder.join("copy");
        copy_all(&sound, &copy)?;
        flip_one(&copy.join("00000000000000000001.log"), flip)?;
        match open(&copy) {
            Err(BusError::Damaged { .. }) => refused += 1,
            Err(_) | Ok(_) => other += 1,
        }
        std::fs::remove_dir_all(&copy)?;
    }
    Ok((refused, other))
}

/// Flips one bit; the places are spread over what is written, without its last twentieth.
fn flip_one(path: &Path, index: usize) -> Outcome {
    let mut bytes = std::fs::read(path)?;
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap_or_default();
    let at = written * 19 / 20 * index / FLIPS + index % 13;
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << (index % 8);
    }
    std::fs::write(path, bytes)?;
    Ok(())
}

fn files_of(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_of(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn copy_all(from: &Path, to: &Path) -> Outcome {
    for file in files_of(from)? {
        let copy = to.join(file.strip_prefix(from)?);
        if let Some(parent) = copy.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::copy(&file, copy)?;
    }
    Ok(())
}
