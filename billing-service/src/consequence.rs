//! What readings bring about beside being kept: unknown meters and conflicts become exceptions, drafts become dirty, and a read of an
//! issued period is seen. Every id is a function of its cause, so that the same readings may come again.

mod overlap;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use model::Series;

use crate::error::{Error, StoreError};
use crate::exception::{Cause, Kind};
use crate::issue::late_read;
use crate::office::Office;
use crate::reads::{Consequences, Touched, Unusable};
use crate::register::Id;
use crate::store::{BillInputs, Quarantined};
use crate::time;
pub(crate) use overlap::Overlaps;

/// See the module. Made before the office, because the reads need it, and [bound](Self::bind) to it before anything is consumed.
#[derive(Default)]
pub(crate) struct Watcher {
    /// Weak: the office has the reads, and they have this.
    office: OnceLock<Weak<Office>>,
    /// Hashes of unknown meters whose exception stands: most batches bring nothing new.
    unknown: Mutex<HashSet<u64>>,
}

impl Watcher {
    /// From now on the office is served.
    pub(crate) fn bind(&self, office: &Arc<Office>) {
        self.office.get_or_init(|| Arc::downgrade(office));
    }

    fn office(&self) -> Result<Arc<Office>, StoreError> {
        self.office
            .get()
            .and_then(Weak::upgrade)
            .ok_or(StoreError::Closing)
    }

    /// Someone registered this meter: its reads are no longer a stranger's.
    pub(crate) async fn registered(&self, meter: &str) -> Result<(), Error> {
        lock(&self.unknown).remove(&model::meter_hash(meter));
        let office = self.office()?;
        office.exceptions.close(Kind::UnknownMeter, meter).await?;
        if let Ok(meter) = meter.parse() {
            office.overlaps.check_open(&office, &meter).await?;
        }
        let agreements = office.register.index().agreements_of(meter);
        office.drafts.mark(agreements);
        Ok(())
    }

    /// Raises what this batch shows for the first time.
    async fn raise(&self, office: &Office, touched: &[Touched]) -> Result<(), StoreError> {
        let mut causes = Vec::new();
        let mut strangers = Vec::new();
        {
            let index = office.register.index();
            let known = lock(&self.unknown);
            for touch in touched {
                let id = touch.meter.as_str();
                let hash = model::meter_hash(id);
                if index.meter(id).is_none() && !known.contains(&hash) {
                    strangers.push(hash);
                    causes.push(Cause {
                        kind: Kind::UnknownMeter,
                        subject: id.to_owned(),
                        detail: "nobody registered this meter; its readings are kept".to_owned(),
                    });
                }
            }
        }
        for touch in touched {
            causes.extend(
                touch
                    .conflicts
                    .iter()
                    .map(|(series, start_ms)| conflict(touch.meter.as_str(), series, *start_ms)),
            );
        }
        office.exceptions.raise(&causes).await?;
        lock(&self.unknown).extend(strangers);
        Ok(())
    }

    /// Closes conflicts that a higher revision decided.
    async fn settle_conflicts(office: &Office, touch: &Touched) -> Result<(), StoreError> {
        for (series, start_ms) in &touch.settled {
            let subject = subject(touch.meter.as_str(), series, *start_ms);
            office.exceptions.close(Kind::ReadingConflict, &subject).await?;
        }
        Ok(())
    }

    /// Looks for overlaps and for issued bills that these reads come too late for, and marks drafts.
    async fn follow(office: &Office, touch: &Touched) -> Result<(), Error> {
        office.overlaps.check(office, touch).await?;
        let agreements = office.register.index().agreements_of(touch.meter.as_str());
        let issued = touch.range_ms.start < office.issuer.settled_before_ms();
        for agreement in agreements.iter().filter(|_| issued) {
            Self::check_issued(office, agreement, &touch.range_ms).await?;
        }
        office.drafts.mark(agreements);
        Ok(())
    }

    /// Asks the store, not the cache: a bill may have been stored a moment ago.
    async fn check_issued(office: &Office, agreement: &Id, range_ms: &Range<i64>) -> Result<(), Error> {
        for issued in office.issued_of(agreement).await?.touching(range_ms) {
            let inputs: Option<BillInputs> = office.store.get(&issued.inputs_id).await?;
            if let Some(inputs) = inputs
                && !office.loader.is_current(&issued.tariff_edition, &inputs).await?
            {
                office.exceptions.raise(&[late_read(&inputs.bill_id)]).await?;
            }
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Consequences for Watcher {
    async fn ensure(&self, touched: &[Touched]) -> Result<(), StoreError> {
        let office = self.office()?;
        office.store.look().await?; // by what another one knows, this may be wrong
        self.raise(&office, touched).await?;
        for touch in touched {
            Self::settle_conflicts(&office, touch).await?;
            match Self::follow(&office, touch).await {
                Ok(()) => {}
                Err(Error::Store(error)) => return Err(error),
                // Something the register names is gone: there is nothing to follow, and the reads are kept all the same.
                Err(error) => {
                    tracing::warn!(meter.id = touch.meter.as_str(), %error, "cannot follow the readings of a meter")
                }
            }
        }
        office.store.sync().await
    }

    fn stored(&self, readings: u32, took: Duration) {
        if let Ok(office) = self.office() {
            office.metrics.stored(readings, took);
        }
    }

    async fn quarantine(&self, message: Unusable) -> Result<(), StoreError> {
        let office = self.office()?;
        office.store.look().await?; // else it is quarantined by whoever leads
        let document = Quarantined {
            shard: u32::from(message.shard),
            position: message.position,
            message_id: message.id.to_be_bytes().to_vec(),
            kind: message.kind,
            time_ms: message.time_ms,
            body: message.body.to_vec(),
            reason: message.reason.clone(),
        };
        office.store.insert(&document).await?;
        let cause = Cause {
            kind: Kind::Quarantined,
            subject: document.subject(),
            detail: message.reason,
        };
        office.exceptions.raise(&[cause]).await?;
        office.store.sync().await
    }

    fn settled_before_ms(&self) -> i64 {
        // Before there is an office nothing is consumed; too early is never wrong.
        self.office()
            .map_or(i64::MAX, |office| office.issuer.settled_before_ms())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn subject(meter: &str, series: &Series, start_ms: i64) -> String {
    let series = match series {
        Series::Interval(channel) => channel.word().to_owned(),
        Series::Register(channel, name) => format!("{} {name}", channel.word()),
        Series::Telemetry(quantity) => quantity.word().to_owned(),
    };
    format!("{meter}|{series}|{}", time::utc(start_ms))
}

fn conflict(meter: &str, series: &Series, start_ms: i64) -> Cause {
    Cause {
        kind: Kind::ReadingConflict,
        subject: subject(meter, series, start_ms),
        detail: "several values of the same rank were received for this reading; a higher revision decides"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
