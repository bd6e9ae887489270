//! A day of a shard, asked for page by page of meters: the chains hold the meters in another order, so the first page reads all of
//! them, and those that follow it at once take what is left of that look.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;

use super::document::StoredBlock;
use super::{BlockKey, MongoReads};
use crate::error::StoreError;

/// A page that asks for fewer meters reads only their chains.
const WHOLE_FROM: usize = 64;
/// How long a look serves the pages that follow it.
const LIFE: Duration = Duration::from_secs(10);

/// What is left of a look.
pub(super) struct Scan {
    day: i32,
    /// The meter the next page must begin with.
    next: u32,
    /// Appends of this process when it began: one that came since makes it old.
    changes: u64,
    at: Instant,
    by_meter: HashMap<String, Vec<StoredBlock>>,
}

/// While this lives, and when it ends, looks at the shard are old.
pub(super) struct Changing<'a> {
    reads: &'a MongoReads,
    shard: u16,
}

impl<'a> Changing<'a> {
    pub(super) fn new(reads: &'a MongoReads, shard: u16) -> Self {
        reads.known().change(shard);
        Self { reads, shard }
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.reads.known().change(self.shard);
    }
}

impl MongoReads {
    /// The energy of some meters on a day, in order of key; of one key there may be several.
    pub(super) async fn scan(
        &self,
        shard: u16,
        day: i32,
        meters: Range<u32>,
    ) -> Result<Vec<(BlockKey, Vec<u8>)>, StoreError> {
        let changes = self.known().changes(shard);
        let range = meters.start..meters.end.min(self.known().meters(shard));
        let mut ids = Vec::with_capacity(range.len());
        for number in range.clone() {
            ids.extend(self.known().meter(shard, number).map(|id| (number, id)));
        }
        let (mut scan, whole) = match self.go_on(shard, day, range.start, changes) {
            Some(scan) => (scan, true),
            None => {
                let whole = range.len() >= WHOLE_FROM;
                let mut buckets: BTreeSet<u64> = ids.iter().map(|(_, id)| self.bucket(id)).collect();
                if whole {
                    buckets.extend(0..self.buckets);
                }
                let at = Instant::now();
                let by_meter = self.energy(shard, day, buckets.into_iter()).await?;
                let scan = Scan {
                    day,
                    next: 0,
                    changes,
                    at,
                    by_meter,
                };
                (scan, whole)
            }
        };
        let mut page = Vec::new();
        for (meter, id) in ids {
            for block in scan.by_meter.remove(&id).unwrap_or_default() {
                let series = block.series()?;
                page.push((BlockKey { day, meter, series }, block.entries));
            }
        }
        page.sort_by(|(left, _), (right, _)| left.cmp(right));
        if whole && range.end < self.known().meters(shard) {
            scan.next = range.end;
            self.scans().insert(shard, scan);
        }
        Ok(page)
    }

    /// What is left of a look that the page at `next` goes on with.
    fn go_on(&self, shard: u16, day: i32, next: u32, changes: u64) -> Option<Scan> {
        let mut scans = self.scans();
        scans.retain(|of, scan| scan.at.elapsed() < LIFE && (*of != shard || scan.changes == changes));
        let fits = scans
            .get(&shard)
            .is_some_and(|scan| (scan.day, scan.next) == (day, next));
        if fits { scans.remove(&shard) } else { None }
    }
}
