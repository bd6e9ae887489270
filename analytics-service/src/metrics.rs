//! Every family of metrics of this service. Regions and tariff classes are the only labels that do not come from an enum: the
//! register names them, so their number is bounded here, and what exceeds the bound is shown as `other`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus::{CounterVec, Gauge, GaugeVec, IntCounter, IntGauge, Opts, Registry};
use proto::billing::Group;

use crate::shard::Received;

/// Regions with a label of their own.
const MAX_REGIONS: usize = 50;
/// Tariff classes with a label of their own; with the regions, at most 1,326 series.
const MAX_TARIFF_CLASSES: usize = 12;
/// The label of whatever is beyond the bounds.
const OTHER: &str = "other";
/// Joules of a milliwatt-hour.
const JOULES_PER_MILLIWATT_HOUR: f64 = 3.6;

/// The families.
#[derive(Debug)]
pub(crate) struct Metrics {
    energy: CounterVec,
    power: GaugeVec,
    labels_dropped: IntCounter,
    regions: Mutex<Labels>,
    tariff_classes: Mutex<Labels>,
    /// Readings taken from the bus.
    pub(crate) readings: IntCounter,
    /// Readings received but not yet counted, in messages.
    pub(crate) lag: Gauge,
    /// Days of a shard that were folded again.
    pub(crate) recomputed: IntCounter,
    /// Folds that did not succeed.
    pub(crate) recompute_failures: IntCounter,
    /// Days of a shard that wait to be folded.
    pub(crate) waiting: IntGauge,
    /// Times that messages were missed.
    pub(crate) missed: IntCounter,
}

impl Metrics {
    /// Registers the families, counters at 0.
    ///
    /// # Errors
    /// When a family is there already.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            energy: CounterVec::new(
                Opts::new(
                    "gridtally_usage_energy_joules_total",
                    "Energy of readings, counted when received; repeats that were noticed are left out.",
                ),
                &["region", "tariff_class", "direction"],
            )?,
            power: GaugeVec::new(
                Opts::new(
                    "gridtally_usage_power_watts",
                    "Mean imported power of a region in the last complete quarter of an hour.",
                ),
                &["region"],
            )?,
            labels_dropped: IntCounter::new(
                "gridtally_usage_labels_dropped_total",
                "Regions and tariff classes shown as `other` because there are too many.",
            )?,
            regions: Mutex::new(Labels::new(MAX_REGIONS)),
            tariff_classes: Mutex::new(Labels::new(MAX_TARIFF_CLASSES)),
            readings: IntCounter::new(
                "gridtally_analytics_readings_total",
                "Readings that analytics took from the bus.",
            )?,
            lag: Gauge::new(
                "gridtally_analytics_lag_messages",
                "Messages on the bus that analytics has not counted yet, of the shard that is farthest behind.",
            )?,
            recomputed: IntCounter::new(
                "gridtally_analytics_windows_recomputed_total",
                "Days of a shard whose windows were computed again from billing's reads.",
            )?,
            recompute_failures: IntCounter::new(
                "gridtally_analytics_recompute_failures_total",
                "Attempts to compute windows again that failed for another reason than that billing is behind.",
            )?,
            waiting: IntGauge::new(
                "gridtally_analytics_days_waiting",
                "Days of a shard whose windows are to be computed again.",
            )?,
            missed: IntCounter::new(
                "gridtally_analytics_gaps_total",
                "Times that messages were gone or unreadable, so that their days are computed again.",
            )?,
        };
        metrics.put_into(registry)?;
        Ok(metrics)
    }

    fn put_into(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.energy.clone()))?;
        registry.register(Box::new(self.power.clone()))?;
        registry.register(Box::new(self.labels_dropped.clone()))?;
        registry.register(Box::new(self.readings.clone()))?;
        registry.register(Box::new(self.lag.clone()))?;
        registry.register(Box::new(self.recomputed.clone()))?;
        registry.register(Box::new(self.recompute_failures.clone()))?;
        registry.register(Box::new(self.waiting.clone()))?;
        registry.register(Box::new(self.missed.clone()))
    }

    /// Counts energy that was received in `group`; called with nothing it makes the series begin at 0.
    pub(crate) fn count_energy(&self, group: &Group, received: Received) {
        let region = self.label(&self.regions, &group.region);
        let class = self.label(&self.tariff_classes, &group.tariff_class);
        for (direction, energy) in [("import", received.import), ("export", received.export)] {
            let series = self
                .energy
                .with_label_values(&[region.as_str(), class.as_str(), direction]);
            series.inc_by(joules(energy));
        }
    }

    /// Shows the mean power of every region; regions that are not named have none.
    pub(crate) fn show_power(&self, watts: &BTreeMap<String, f64>) {
        let mut shown: BTreeMap<String, f64> = BTreeMap::new();
        for (region, watts) in watts {
            *shown.entry(self.label(&self.regions, region)).or_default() += watts;
        }
        for (region, watts) in shown {
            self.power.with_label_values(&[&region]).set(watts);
        }
    }

    fn label(&self, labels: &Mutex<Labels>, name: &str) -> String {
        let mut labels = labels.lock().unwrap_or_else(PoisonError::into_inner);
        let (label, dropped) = labels.of(name);
        self.labels_dropped.inc_by(u64::from(dropped));
        label
    }
}

/// Milliwatt-hours of readings in joules; a counter cannot go back, so a negative value, which no reading has, counts nothing.
fn joules(milliwatt_hours: i64) -> f64 {
    milliwatt_hours.max(0) as f64 * JOULES_PER_MILLIWATT_HOUR
}

/// The values of one label.
#[derive(Debug)]
struct Labels {
    max: usize,
    /// `false`: beyond the bound.
    names: BTreeMap<String, bool>,
    own: usize,
}

/// Names remembered as dropped; beyond it they are dropped without being counted again.
const MAX_DROPPED: usize = 10_000;

impl Labels {
    fn new(max: usize) -> Self {
        Self {
            max,
            names: BTreeMap::new(),
            own: 0,
        }
    }

    /// The label of `name`, and whether it was dropped just now.
    fn of(&mut self, name: &str) -> (String, bool) {
        if let Some(own) = self.names.get(name) {
            return (if *own { name } else { OTHER }.to_owned(), false);
        }
        let own = self.own < self.max;
        self.own += usize::from(own);
        let remembered = self.names.len() < self.max + MAX_DROPPED;
        if remembered {
            self.names.insert(name.to_owned(), own);
        }
        (if own { name } else { OTHER }.to_owned(), !own && remembered)
    }
}

#[cfg(test)]
mod tests;
