//! Intervals that overlap: one exception for each meter, channel and UTC day on which one begins before another has ended, open as
//! long as that is so.
//!
//! Where a block alone shows that some may, the reads say so with every delivery ([`Touched::crowded`]). What one day's block cannot
//! show is an interval that lasts into the next day, so meters that ever sent such a one are remembered, in the store too, and every day
//! they touch is assembled; likewise where intervals are configured longer than usual, since blocks know only what was sent.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use model::{Channel, MeterId};
use proto::billing::Exception;

use crate::block::DAY_MS;
use crate::block::crowd::USUAL_SECONDS;
use crate::error::{Error, StoreError};
use crate::exception::{Cause, Exceptions, Kind};
use crate::office::Office;
use crate::reads::{IntervalRead, Touched, day_of, overlap};
use crate::store::{Kept, Store, Term};
use crate::time;

/// Before the id of a meter whose intervals last into the next day, in the state of the service.
const CROSSES: &str = "crosses midnight|";
/// Days assembled at once, so that memory does not grow with the range.
const DAYS_AT_ONCE: i32 = 31;

/// See the module.
pub(crate) struct Overlaps {
    /// Hashes of meters that sent an interval which lasts into the next UTC day.
    crossing: Mutex<HashSet<u64>>,
    /// Looking and saying what was seen is one step: of two at once the later to look would be the earlier to say.
    judging: tokio::sync::Mutex<()>,
}

impl Overlaps {
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn open(store: &Store) -> Result<Self, StoreError> {
        let mut crossing = HashSet::new();
        let remember = |kept: Kept| {
            if let Some(meter) = kept.name.strip_prefix(CROSSES) {
                crossing.insert(model::meter_hash(meter));
            }
        };
        store.for_each(CROSSES, remember).await?;
        Ok(Self {
            crossing: Mutex::new(crossing),
            judging: tokio::sync::Mutex::default(),
        })
    }

    /// Assembles the days that were touched, as far as intervals may overlap there.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn check(&self, office: &Office, touch: &Touched) -> Result<(), Error> {
        let mut days: BTreeSet<(Channel, i32)> = touch.crowded.iter().copied().collect();
        if !touch.range_ms.is_empty() && self.is_watched(office, touch.meter.as_str()) {
            let touched = day_of(touch.range_ms.start)..=day_of(touch.range_ms.end.saturating_sub(1));
            for channel in Channel::ALL {
                self.judge(office, &touch.meter, *channel, touched.clone())
                    .await?;
                days.retain(|(of, day)| of != channel || !touched.contains(day));
            }
        }
        for (channel, day) in days {
            self.judge(office, &touch.meter, channel, day..=day).await?;
        }
        Ok(())
    }

    /// Whether blocks alone do not show all overlaps of this meter.
    fn is_watched(&self, office: &Office, meter: &str) -> bool {
        office.configured_seconds(meter) > USUAL_SECONDS
            || self.crossing().contains(&model::meter_hash(meter))
    }

    fn crossing(&self) -> std::sync::MutexGuard<'_, HashSet<u64>> {
        self.crossing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Assembles the time of each term of a bill.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn check_terms(&self, office: &Office, terms: &[Term]) -> Result<(), Error> {
        for term in terms {
            if let (Ok(meter), Some(channel)) = (term.meter_id.parse(), Channel::from_code(term.channel)) {
                let days = day_of(term.from_ms)..=day_of(term.to_ms.saturating_sub(1));
                self.judge(office, &meter, channel, days).await?;
            }
        }
        Ok(())
    }

    /// Assembles again the days of a meter with an open exception: its configured length may have changed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn check_open(&self, office: &Office, meter: &MeterId) -> Result<(), Error> {
        let mut after: Option<String> = None;
        loop {
            let page = office
                .exceptions
                .list(
                    Some(Kind::Overlap),
                    &format!("{meter}|"),
                    after.as_deref(),
                    crate::store::BATCH,
                )
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            for (channel, day) in page
                .iter()
                .filter(|found| Exceptions::is_open(found))
                .filter_map(place)
            {
                self.judge(office, meter, channel, day..=day).await?;
            }
        }
    }

    /// Raises an exception for every day with an overlap, and closes those of the others.
    async fn judge(
        &self,
        office: &Office,
        meter: &MeterId,
        channel: Channel,
        days: RangeInclusive<i32>,
    ) -> Result<(), Error> {
        let (mut first, last) = days.into_inner();
        while first <= last {
            let next = first.saturating_add(DAYS_AT_ONCE).min(last.saturating_add(1));
            self.judge_some(office, (meter, channel), first..=next.saturating_sub(1))
                .await?;
            if next == first {
                break; // the end of all days
            }
            first = next;
        }
        Ok(())
    }

    async fn judge_some(
        &self,
        office: &Office,
        (meter, channel): (&MeterId, Channel),
        days: RangeInclusive<i32>,
    ) -> Result<(), Error> {
        let _one = self.judging.lock().await;
        let seconds = office.configured_seconds(meter.as_str());
        // what began the day before may last into the first, and what begins on the last into the day after
        let judged = *days.start()..=days.end().saturating_add(1);
        let range = start_of(*days.start()).saturating_sub(overlap::LONGEST_MS)
            ..start_of(*judged.end()).saturating_add(DAY_MS);
        let reads = office.reads.intervals(meter, channel, range).await?;
        let mut found: BTreeMap<i32, Cause> = BTreeMap::new();
        for (read, around) in overlap::inside(&reads, seconds) {
            let day = day_of(read.start_ms);
            if judged.contains(&day) {
                found
                    .entry(day)
                    .or_insert_with(|| cause(&subject(meter, channel, day), read, around));
            }
        }
        let causes: Vec<Cause> = found.values().cloned().collect();
        office.exceptions.raise(&causes).await?;
        // a day without readings never had any
        let read_days: BTreeSet<i32> = reads.iter().map(|read| day_of(read.start_ms)).collect();
        let quiet = |day: &&i32| judged.contains(day) && !found.contains_key(day);
        for day in read_days.iter().filter(quiet).copied() {
            let subject = subject(meter, channel, day);
            office.exceptions.close(Kind::Overlap, &subject).await?;
        }
        let crosses = |read: &IntervalRead| {
            read.end_ms(seconds) > start_of(day_of(read.start_ms)).saturating_add(DAY_MS)
        };
        if reads.iter().any(crosses) {
            self.remember(office, meter).await?;
        }
        Ok(())
    }

    async fn remember(&self, office: &Office, meter: &MeterId) -> Result<(), StoreError> {
        let hash = model::meter_hash(meter.as_str());
        if self.crossing().contains(&hash) {
            return Ok(());
        }
        let kept = Kept {
            name: format!("{CROSSES}{meter}"),
            value: 1,
        };
        office.store.insert(&kept).await?;
        self.crossing().insert(hash);
        Ok(())
    }
}

fn start_of(day: i32) -> i64 {
    i64::from(day).saturating_mul(DAY_MS)
}

/// `meter|IMPORT|2024-03-15`.
fn subject(meter: &MeterId, channel: Channel, day: i32) -> String {
    let midnight = time::utc(start_of(day));
    let date = midnight.split('T').next().unwrap_or_default();
    format!("{meter}|{}|{date}", channel.word())
}

/// The channel and day that [`subject`] wrote.
fn place(exception: &Exception) -> Option<(Channel, i32)> {
    let mut parts = exception.subject.split('|').skip(1);
    let channel = Channel::from_word(parts.next()?)?;
    let midnight = time::parse("day", &format!("{}T00:00:00Z", parts.next()?)).ok()?;
    Some((channel, day_of(midnight)))
}

fn cause(subject: &str, read: &IntervalRead, around: &IntervalRead) -> Cause {
    Cause {
        kind: Kind::Overlap,
        subject: subject.to_owned(),
        detail: format!(
            "the interval that begins at {} does so before the one of {} has ended; a higher revision with another length decides",
            time::utc(read.start_ms),
            time::utc(around.start_ms)
        ),
    }
}

#[cfg(test)]
mod tests;
