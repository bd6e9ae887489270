//! The readings of the demo: what every site measured in a span of time, on the wire of the device port.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use gridtally_simulator::{Fleet, Gateway, Sender, Sending, Tally, Transport};
use proto::meter::{Channel, Quality, Reading};

use super::site::{Site, Source};
use crate::error::CommandError;
use crate::output::Progress;

/// The meters and where their readings come from.
pub(super) struct Feed {
    pub(super) sites: Vec<Site>,
    /// Without telemetry: a month of history has none.
    pub(super) fleet: Fleet,
    /// The same fleet with telemetry, for live readings.
    pub(super) live: Fleet,
}

impl Feed {
    /// Readings of `site` whose intervals start in `[from, to)`.
    fn readings(&self, site: &Site, from: DateTime<Utc>, to: DateTime<Utc>, live: bool) -> Vec<Reading> {
        match &site.source {
            Source::Simulated(index) => {
                let fleet = if live { &self.live } else { &self.fleet };
                let Some(meter) = fleet.meters().get(*index) else {
                    return Vec::new();
                };
                fleet
                    .readings(meter, &(from..to))
                    .map(|sample| sample.to_wire(&meter.id))
                    .collect()
            }
            Source::Recorded(load, weeks) => {
                let mut readings = Vec::new();
                let mut start = from.duration_round_up(step(site)).unwrap_or(from);
                while start < to {
                    let (import, export) = load.at(start, site.zone, *weeks);
                    readings.push(reading(site, start, Channel::Import, import));
                    if site.exports {
                        readings.push(reading(site, start, Channel::Export, export));
                    }
                    start += step(site);
                }
                readings
            }
        }
    }

    /// Sends what every site measured from its own `from` to `to`, day by day as a fleet would, and says what became of it.
    ///
    /// # Errors
    /// [`CommandError::Failed`] when the platform refuses to take readings.
    pub(super) async fn replay(
        &self,
        gateway: Gateway,
        from: &[DateTime<Utc>],
        to: DateTime<Utc>,
    ) -> Result<Tally, CommandError> {
        const DAY: TimeDelta = TimeDelta::days(1);
        let failed = |error| CommandError::failed("the platform does not take the readings", error);
        let mut sender = Sender::new(
            gateway,
            Sending {
                transport: Transport::Stream,
                ..Sending::default()
            },
        );
        let mut day = from.iter().min().copied().unwrap_or(to);
        let days = u64::try_from((to - day).num_days() + 1).unwrap_or(1);
        let progress = Progress::new("readings", days);
        while day < to {
            let end = (day + DAY).min(to);
            for (site, from) in self.sites.iter().zip(from) {
                let (first, end) = ((*from).max(day), end.min(not_over(site, to)));
                sender
                    .push(self.readings(site, first, end, false))
                    .await
                    .map_err(failed)?;
            }
            day = end;
            progress.step(&format!("{} accepted", sender.tally().accepted));
        }
        sender.flush().await.map_err(failed)?;
        progress.done();
        Ok(sender.tally().clone())
    }

    /// Sends the intervals that ended after `from` and at `to` at the latest, with telemetry.
    ///
    /// # Errors
    /// As [`Self::replay`].
    pub(super) async fn send_live(
        &self,
        gateway: Gateway,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Tally, CommandError> {
        let failed = |error| CommandError::failed("the platform does not take the readings", error);
        let mut sender = Sender::new(gateway, Sending::default());
        for site in &self.sites {
            let readings = self.readings(site, not_over(site, from), not_over(site, to), true);
            sender.push(readings).await.map_err(failed)?;
        }
        sender.flush().await.map_err(failed)?;
        Ok(sender.tally().clone())
    }
}

fn step(site: &Site) -> TimeDelta {
    TimeDelta::seconds(i64::from(site.interval_seconds))
}

/// The first instant at which an interval of `site` may start and not be over at `at`.
fn not_over(site: &Site, at: DateTime<Utc>) -> DateTime<Utc> {
    at - step(site) + TimeDelta::milliseconds(1)
}

/// The start of the last interval of `site` that is over at `at`.
pub(super) fn last_start(site: &Site, at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(step(site)).unwrap_or(at) - step(site)
}

fn reading(site: &Site, start: DateTime<Utc>, channel: Channel, usage: f64) -> Reading {
    Reading {
        device_id: site.meter.clone(),
        timestamp: Some(prost_types::Timestamp {
            seconds: start.timestamp(),
            nanos: 0,
        }),
        usage_kwh: Some(usage),
        interval_seconds: site.interval_seconds,
        channel: channel.into(),
        quality: Quality::Actual.into(),
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests;
