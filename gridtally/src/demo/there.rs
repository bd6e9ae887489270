//! What the platform has of the readings already, asked as any client would: a demo that is started again sends what is missing.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use proto::billing::billing_client::BillingClient;
use proto::billing::{GetMeterRequest, GetUsageRequest, UsageWindow};

use super::Demo;
use super::site::Site;
use crate::access::Authorized;
use crate::error::CommandError;

/// Meters that are looked up at the same time.
const AT_ONCE: usize = 8;

/// Up to where the readings of a meter are there without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The first interval that may be missing.
    pub(super) until: DateTime<Utc>,
    /// How many are there before it.
    pub(super) readings: u64,
}

impl Demo<'_> {
    /// What is there of every site's readings from its own `from` on.
    ///
    /// # Errors
    /// What the platform answers.
    pub(super) async fn known(
        &self,
        billing: &BillingClient<Authorized>,
        froms: &[DateTime<Utc>],
    ) -> Result<Vec<Known>, CommandError> {
        let work = stream::iter(self.feed.sites.iter().zip(froms)).map(|(site, from)| {
            let mut billing = billing.clone();
            async move { known_of(&mut billing, site, *from).await }
        });
        work.buffered(AT_ONCE).try_collect().await
    }
}

async fn known_of(
    billing: &mut BillingClient<Authorized>,
    site: &Site,
    from: DateTime<Utc>,
) -> Result<Known, CommandError> {
    let Some(latest) = latest(billing, &site.meter)
        .await?
        .filter(|latest| *latest >= from)
    else {
        return Ok(Known {
            until: from,
            readings: 0,
        });
    };
    let end = latest + TimeDelta::seconds(i64::from(site.interval_seconds));
    let request = GetUsageRequest {
        meter_id: site.meter.clone(),
        resolution: "1d".to_owned(),
        from: from.to_rfc3339(),
        to: end.to_rfc3339(),
    };
    let days = billing.get_usage(request).await?.into_inner().items;
    Ok(prefix(site, &days, from, end))
}

/// The start of the latest interval that billing has of `meter`.
pub(super) async fn latest(
    billing: &mut BillingClient<Authorized>,
    meter: &str,
) -> Result<Option<DateTime<Utc>>, CommandError> {
    let view = match billing.get_meter(GetMeterRequest { id: meter.to_owned() }).await {
        Ok(view) => view.into_inner(),
        Err(status) if status.code() == tonic::Code::NotFound => return Ok(None),
        Err(status) => return Err(status.into()),
    };
    Ok(view
        .latest_reading
        .and_then(|reading| instant(&reading.timestamp)))
}

/// How far `days`, in order, are complete: the first is looked at from `from` on, the last has readings up to `end`. A day that lacks any
/// is sent again as a whole, which counts nothing twice.
fn prefix(site: &Site, days: &[UsageWindow], from: DateTime<Utc>, end: DateTime<Utc>) -> Known {
    let step = i64::from(site.interval_seconds.max(1));
    let channels = if site.exports { 2 } else { 1 };
    let mut known = Known {
        until: from,
        readings: 0,
    };
    for (number, day) in days.iter().enumerate() {
        let next = days
            .get(number + 1)
            .and_then(|next| instant(&next.start))
            .unwrap_or(end);
        let whole = (next - known.until).num_seconds() / step * channels;
        if i64::from(day.readings) != whole {
            break;
        }
        known.until = next;
        known.readings += u64::from(day.readings);
    }
    known
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests;
