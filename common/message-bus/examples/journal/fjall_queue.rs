//! fjall as a queue: big-endian positions as keys, pushed in a batch, synced, read and removed by a consumer.

use std::path::Path;

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use tokio::time::Instant;

use crate::{BATCH_BYTES, Outcome, RUN, cpu, incompressible, tell};

pub(crate) fn run(folder: &Path, per_sync: usize) -> Outcome {
    let database = Database::builder(folder).open()?;
    let queue = database.keyspace("queue", KeyspaceCreateOptions::default)?;
    let body = incompressible(BATCH_BYTES);
    let (started, cpu_before) = (Instant::now(), cpu());
    let (mut pushed, mut popped) = (0_u64, 0_u64);
    while started.elapsed() < RUN {
        let mut batch = database.batch();
        for _ in 0..per_sync {
            batch.insert(&queue, pushed.to_be_bytes(), body.as_slice());
            pushed += 1;
        }
        batch.commit()?;
        database.persist(PersistMode::SyncAll)?;
        // The same thread consumes: known keys are asked for, not searched for. The removals ride on the next sync.
        let mut batch = database.batch();
        while popped < pushed {
            let found = queue.get(popped.to_be_bytes())?;
            if found.is_none_or(|found| found.len() != BATCH_BYTES) {
                return Err("something was not there".into());
            }
            batch.remove(&queue, popped.to_be_bytes());
            popped += 1;
        }
        batch.commit()?;
    }
    let what = format!("fjall, push + 1 x pop, x {per_sync} per sync");
    tell(&what, pushed, started.elapsed(), cpu() - cpu_before);
    drop((queue, database));
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
