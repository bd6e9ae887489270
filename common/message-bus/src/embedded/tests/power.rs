//! Power fails: of everything that was written and not synced, each sector is on the disk or not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Mutex;
use std::time::Duration;

use super::*;

const SECTOR: u64 = 512;

/// Small and repeatable.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// What a file had when it was synced last, where it was written since.
#[derive(Debug)]
struct Unsynced {
    bytes: u64,
    sectors: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug, Default)]
struct Power {
    /// Calls until it fails.
    calls_left: u32,
    /// By inode.
    unsynced: BTreeMap<u64, Unsynced>,
}

#[derive(Debug, Clone, Default)]
struct PowerDisk(Arc<Mutex<Power>>);

impl PowerDisk {
    fn tick(power: &mut Power) -> io::Result<()> {
        power.calls_left = power
            .calls_left
            .checked_sub(1)
            .ok_or_else(|| io::Error::other("no power"))?;
        Ok(())
    }
}

impl Disk for PowerDisk {
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut power = self.0.lock().unwrap();
        Self::tick(&mut power)?;
        let meta = file.metadata()?;
        let unsynced = power.unsynced.entry(meta.ino()).or_insert_with(|| Unsynced {
            bytes: meta.len(),
            sectors: BTreeMap::new(),
        });
        let end = offset + bytes.len() as u64;
        for sector in offset / SECTOR..end.div_ceil(SECTOR) {
            unsynced.sectors.entry(sector).or_insert_with(|| {
                let mut old = vec![0; SECTOR as usize];
                let _read = file.read_at(&mut old, sector * SECTOR).unwrap();
                old
            });
        }
        file.write_all_at(bytes, offset)?;
        Ok(bytes.len())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let mut power = self.0.lock().unwrap();
        Self::tick(&mut power)?;
        power.unsynced.remove(&file.metadata()?.ino());
        Ok(())
    }
}

/// Leaves in `folder` what a disk may have that lost its power now.
fn lose_unsynced(folder: &Path, power: &Power, dice: &mut Dice) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let meta = file.metadata().unwrap();
        let Some(unsynced) = power.unsynced.get(&meta.ino()) else {
            continue;
        };
        // Mostly torn somewhere, at times all lost or all there.
        let odds = [0, 1, 5, 9, 10][dice.below(5) as usize];
        let mut length = unsynced.bytes;
        for (sector, old) in &unsynced.sectors {
            let end = ((sector + 1) * SECTOR).min(meta.len());
            if dice.below(10) < odds {
                length = length.max(end);
            } else {
                let count = end.saturating_sub(sector * SECTOR) as usize;
                file.write_all_at(&old[..count], sector * SECTOR).unwrap();
            }
        }
        // The new length may be on the disk before the bytes.
        if dice.below(2) == 0 {
            file.set_len(length).unwrap();
        }
    }
}

/// What must be there.
#[derive(Default)]
struct Model {
    confirmed: Vec<u128>,
    /// Published when the power failed: all of it, or nothing.
    doubtful: Vec<u128>,
    acked: usize,
}

fn options(folder: &Path, dice: &mut Dice) -> Options {
    Options {
        spare_bytes: dice.below(2) << 20,
        rest_bytes: dice.below(3) * 100,
        segment_bytes: 1_500,
        save_within: Duration::from_micros(dice.below(3) * 200),
        ..small(folder)
    }
}

/// Publishes and acknowledges until the power fails.
async fn work(journal: &Journal, model: &mut Model, dice: &mut Dice) {
    let mut positions = BTreeMap::new();
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), None)
        .await
        .unwrap();
    let mut next = model.confirmed.last().map_or(0, |id| id + 1) + 1_000;
    loop {
        let ids: Vec<u128> = (next..next + 1 + u128::from(dice.below(8))).collect();
        next += ids.len() as u128;
        let messages = ids.iter().map(|id| message(readings(0), *id)).collect();
        if journal.publish(messages).await.is_err() {
            // What is doubtful still was written before the power failed, and nothing after it.
            if model.doubtful.is_empty() {
                model.doubtful = ids;
            }
            return;
        }
        model.confirmed.extend(&ids);
        if dice.below(3) > 0 {
            continue;
        }
        while let Ok(Some(Delivery::Message { position, id, .. })) = reader.try_next().await {
            positions.insert(id, position);
        }
        let most = model.confirmed.len() - model.acked;
        let count = model.acked + dice.below(most as u64 + 1) as usize;
        let position = count
            .checked_sub(1)
            .and_then(|last| positions.get(&model.confirmed[last]));
        if let Some(position) = position
            && reader.ack(*position).await.is_ok()
        {
            model.acked = count;
        }
    }
}

async fn check(journal: &Journal, model: &mut Model, seed: u64) {
    let mut ids = Vec::new();
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), None)
        .await
        .unwrap();
    loop {
        match reader.try_next().await {
            Ok(Some(Delivery::Message { id, .. })) => ids.push(id),
            Ok(Some(gap)) => panic!("seed {seed}: {gap:?}"),
            Ok(None) => break,
            // The power fails while we look.
            Err(BusError::Unavailable(_)) => return,
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
    let with_doubtful = [model.confirmed.clone(), std::mem::take(&mut model.doubtful)].concat();
    let doubtful_is_there = ids.last() > model.confirmed.last();
    if doubtful_is_there {
        model.confirmed = with_doubtful;
    }
    assert!(model.confirmed.ends_with(&ids), "seed {seed}: {ids:?}");
    let missed = model.confirmed.len() - ids.len();
    assert!(
        missed <= model.acked,
        "seed {seed}: {missed} gone, {} acknowledged",
        model.acked
    );
}

async fn lives(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let mut model = Model::default();
    for _life in 0..4 {
        let disk = PowerDisk::default();
        disk.0.lock().unwrap().calls_left = dice.below(60) as u32;
        let options = options(&folder, &mut dice);
        match Journal::open_on(options.clone(), CancellationToken::new(), Box::new(disk.clone())) {
            Ok(journal) => {
                check(&journal, &mut model, seed).await;
                work(&journal, &mut model, &mut dice).await;
                let _failed = journal.close().await;
            }
            // It may fail while it starts, too; only never because of what it finds.
            Err(BusError::File { .. }) => {}
            Err(other) => panic!("seed {seed}: {other}"),
        }
        lose_unsynced(&folder, &disk.0.lock().unwrap(), &mut dice);
        let report = verify(&folder).unwrap();
        assert_eq!(report.damages, vec![], "seed {seed}");
    }
    let journal = open(options(&folder, &mut dice)).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    check(&journal, &mut model, seed).await;
    journal.close().await.unwrap();
}

#[tokio::test]
async fn whatever_was_confirmed_survives_a_loss_of_power() {
    for seed in 0..300 {
        lives(seed).await;
    }
}
