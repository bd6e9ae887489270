//! The metrics of billing. Labels come from enums; no id is ever a label.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::exception::Kind;

/// Upper bounds of durations, seconds.
const SECONDS: &[f64] = &[0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];

/// States of a bill that are counted.
pub(crate) const BILL_STATES: &[&str] = &["issued", "held", "ready"];

/// See the module. A clone is the same metrics.
#[derive(Clone)]
pub struct Metrics {
    /// Readings merged into blocks.
    pub readings_stored: IntCounter,
    /// Checkpoints written.
    pub checkpoints: IntCounter,
    /// How long a checkpoint takes.
    pub checkpoint_seconds: Histogram,
    /// Memory of readings consumed but not in blocks yet.
    pub readings_pending_bytes: IntGauge,
    /// Meters that ever sent something.
    pub meters_seen: IntGauge,
    /// Whether this process leads.
    pub leading: IntGauge,
    /// Shards whose readings this process takes in.
    pub shards: IntGauge,
    /// How long planning one bill takes, reads included.
    pub plan_seconds: Histogram,
    /// Agreements whose draft may have changed.
    pub agreements_dirty: IntGauge,
    bills: IntCounterVec,
    exceptions_open: IntGaugeVec,
}

impl Metrics {
    /// Registers every metric, at 0.
    ///
    /// # Errors
    /// [`prometheus::Error`] when one is registered already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let bills_help =
            "Bills by what became of them in bill runs and issues: issued, held, ready (dry run).";
        let histogram = |name: &str, help: &str| {
            let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
            added(registry, Histogram::with_opts(options)?)
        };
        let gauge = |name: &str, help: &str| added(registry, IntGauge::new(name, help)?);
        let metrics = Self {
            readings_stored: added(
                registry,
                IntCounter::new(
                    "gridtally_billing_readings_stored_total",
                    "Readings merged into stored blocks.",
                )?,
            )?,
            checkpoints: added(
                registry,
                IntCounter::new(
                    "gridtally_billing_checkpoints_total",
                    "Checkpoints written and synced.",
                )?,
            )?,
            checkpoint_seconds: histogram(
                "gridtally_billing_checkpoint_seconds",
                "How long a checkpoint takes.",
            )?,
            readings_pending_bytes: gauge(
                "gridtally_billing_readings_pending_bytes",
                "Memory of readings consumed but not in stored blocks yet.",
            )?,
            meters_seen: gauge(
                "gridtally_billing_meters_seen",
                "Meters that ever sent something, registered or not.",
            )?,
            leading: gauge(
                "gridtally_billing_leading",
                "1 in the billing-service that leads.",
            )?,
            shards: gauge(
                "gridtally_billing_shards",
                "Shards whose readings this process takes in: all, or the leader's share and an assistant's.",
            )?,
            plan_seconds: histogram(
                "gridtally_billing_plan_seconds",
                "How long planning one bill takes, reads included.",
            )?,
            agreements_dirty: gauge(
                "gridtally_billing_agreements_dirty",
                "Agreements with reads since their draft was computed.",
            )?,
            bills: added(
                registry,
                IntCounterVec::new(Opts::new("gridtally_billing_bills_total", bills_help), &["state"])?,
            )?,
            exceptions_open: added(
                registry,
                IntGaugeVec::new(
                    Opts::new("gridtally_billing_exceptions_open", "Open exceptions by kind."),
                    &["kind"],
                )?,
            )?,
        };
        BILL_STATES
            .iter()
            .for_each(|state| metrics.bills(state).inc_by(0));
        Kind::ALL
            .iter()
            .for_each(|kind| metrics.exceptions_open(*kind).set(0));
        Ok(metrics)
    }

    /// So many readings were stored in this time.
    pub(crate) fn stored(&self, readings: u32, took: Duration) {
        self.readings_stored.inc_by(u64::from(readings));
        self.checkpoints.inc();
        self.checkpoint_seconds.observe(took.as_secs_f64());
    }

    /// Bills that came to a state; one of [`BILL_STATES`].
    pub(crate) fn bills(&self, state: &str) -> IntCounter {
        self.bills.with_label_values(&[state])
    }

    /// Open exceptions of a kind.
    pub(crate) fn exceptions_open(&self, kind: Kind) -> IntGauge {
        self.exceptions_open.with_label_values(&[kind.word()])
    }
}

fn added<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
