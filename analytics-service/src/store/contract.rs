//! What every backend must do. Each backend's tests call [`check`] with a way to open the same store again.

use proto::billing::{Group, GroupMinutes};

use super::{Batch, DayDocument, DayHeader, MetersDocument, Progress, StoreError, WindowStore};

/// Opens the store under test; called again it finds what was stored.
pub trait Open {
    /// The store.
    type Store: WindowStore;

    /// Opens it. The one opened before is gone by then.
    ///
    /// # Errors
    /// [`StoreError`].
    fn open(&self) -> impl Future<Output = Result<Self::Store, StoreError>>;
}

/// A promise that a backend does not keep, or an error where there may be none.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The promise.
    #[error("{0}")]
    Promise(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks every promise on an empty store.
///
/// # Errors
/// The first promise that is [`Broken`].
pub async fn check(place: &impl Open) -> Result<(), Broken> {
    empty(&place.open().await?).await?;
    the_first_decides_whose_readings_these_are(place).await?;
    a_batch_is_found_again(place).await?;
    the_later_position_wins(&place.open().await?).await?;
    marks_keep_values(&place.open().await?).await?;
    shards_and_days_are_apart(&place.open().await?).await
}

async fn empty(store: &impl WindowStore) -> Result<(), Broken> {
    let kept = store.kept(0).await?;
    promise(
        kept.progress.is_none() && kept.meters.is_none() && kept.days.is_empty(),
        "a new store is empty",
    )?;
    promise(store.day(0, 0).await?.is_none(), "no day is there")?;
    Ok(store.save(Batch::default()).await?)
}

async fn the_first_decides_whose_readings_these_are(place: &impl Open) -> Result<(), Broken> {
    let settled = place.open().await?.settle("01").await?;
    promise(settled == "01", "whoever says it first settles it")?;
    let store = place.open().await?;
    for billing_store in ["02", "01"] {
        let settled = store.settle(billing_store).await?;
        promise(settled == "01", "what is settled stays so")?;
    }
    Ok(())
}

async fn a_batch_is_found_again(place: &impl Open) -> Result<(), Broken> {
    let meters = MetersDocument {
        register_version: 3,
        hash: vec![1, u64::MAX],
        stays_number: vec![0, 1],
        seen: vec![true, false],
        ..MetersDocument::default()
    };
    let progress = Progress {
        position: 9,
        missed_after: Some(4),
        ..Progress::default()
    };
    let batch = Batch {
        shard: 1,
        days: vec![document(20_000, 9, 5), document(-3, 9, 6)],
        stale: vec![20_001],
        progress: Some(progress),
        meters: Some(meters.clone()),
    };
    place.open().await?.save(batch.clone()).await?;
    let store = place.open().await?;
    store.save(batch).await?;
    let kept = store.kept(1).await?;
    promise(
        kept.progress.map(|found| (found.position, found.missed_after)) == Some((9, Some(4))),
        "progress is found again",
    )?;
    promise(
        kept.meters
            .map(|found| (found.register_version, found.hash, found.seen))
            == Some((3, meters.hash, meters.seen)),
        "meters are found again",
    )?;
    let days: Vec<(i32, u64, bool)> =
        (kept.days.iter().map(|day| (day.day, day.position, day.stale))).collect();
    promise(
        days == [(-3, 9, false), (20_000, 9, false), (20_001, 0, true)],
        "days are found again in order",
    )?;
    promise(value(&store, 1, -3).await? == Some(6), "values are found again")?;
    promise(value(&store, 1, 20_001).await?.is_none(), "a mark has no values")
}

async fn the_later_position_wins(store: &impl WindowStore) -> Result<(), Broken> {
    for (position, energy, wins) in [(20, 1, 1), (19, 2, 1), (20, 3, 3), (21, 4, 4)] {
        let progress = Progress {
            position,
            ..Progress::default()
        };
        let batch = Batch {
            shard: 2,
            days: vec![document(7, position, energy)],
            progress: Some(progress),
            ..Batch::default()
        };
        store.save(batch).await?;
        promise(value(store, 2, 7).await? == Some(wins), "the later position wins")?;
    }
    let position = store.kept(2).await?.progress.map(|progress| progress.position);
    promise(position == Some(21), "the later progress wins")
}

async fn marks_keep_values(store: &impl WindowStore) -> Result<(), Broken> {
    let mut closed = document(8, 30, 11);
    closed.header.closed = true;
    let closing = Batch {
        shard: 3,
        days: vec![closed],
        ..Batch::default()
    };
    let marking = Batch {
        shard: 3,
        stale: vec![8],
        ..Batch::default()
    };
    store.save(closing).await?;
    store.save(marking).await?;
    let header = store.day(3, 8).await?.map(|day| day.header);
    promise(
        header.is_some_and(|header| header.stale && !header.closed && header.position == 30),
        "a mark opens a day and keeps its position",
    )?;
    promise(value(store, 3, 8).await? == Some(11), "a mark keeps the values")
}

async fn shards_and_days_are_apart(store: &impl WindowStore) -> Result<(), Broken> {
    let batch = |shard, day, energy| Batch {
        shard,
        days: vec![document(day, 1, energy)],
        ..Batch::default()
    };
    for shard in [255, 256] {
        for day in [-1, 0, 255, 256] {
            store
                .save(batch(shard, day, i64::from(shard) * 1000 + i64::from(day)))
                .await?;
        }
    }
    for shard in [255, 256] {
        for day in [-1, 0, 255, 256] {
            let wanted = i64::from(shard) * 1000 + i64::from(day);
            promise(
                value(store, shard, day).await? == Some(wanted),
                "every day has its own values",
            )?;
        }
        let days: Vec<i32> = store.kept(shard).await?.days.iter().map(|day| day.day).collect();
        promise(days == [-1, 0, 255, 256], "every shard has its own days")?;
    }
    Ok(())
}

fn document(day: i32, position: u64, energy: i64) -> DayDocument {
    let header = DayHeader {
        day,
        position,
        ..DayHeader::default()
    };
    let minutes = GroupMinutes {
        group: Some(Group {
            region: "north".to_owned(),
            ..Group::default()
        }),
        minute: vec![15],
        import: vec![energy],
        export: vec![0],
        readings: vec![1],
    };
    DayDocument {
        header,
        groups: vec![minutes],
    }
}

async fn value(store: &impl WindowStore, shard: u16, day: i32) -> Result<Option<i64>, Broken> {
    let document = store.day(shard, day).await?;
    Ok(document.and_then(|day| day.groups.first()?.import.first().copied()))
}

fn promise(kept: bool, what: &'static str) -> Result<(), Broken> {
    if kept { Ok(()) } else { Err(Broken::Promise(what)) }
}
