//! Every metric of the bus. Labels are words of this program.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::{BusError, Group};

pub(crate) mod broker;

/// Upper bounds in seconds: a sync takes 0.2 ms on a good disk, and seconds on a sick one.
const SYNC_SECONDS: [f64; 12] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 5.0,
];
/// Upper bounds in messages: one publish alone up to a crowd.
const GROUP_MESSAGES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0, 4096.0];

/// The numbers of the embedded journal. A clone is the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    sync_seconds: Histogram,
    group_messages: Histogram,
    published_bytes: IntCounter,
    refused: IntCounterVec,
    kept_bytes: IntGauge,
    limit_bytes: IntGauge,
    disk_free_bytes: IntGauge,
    segments: IntGauge,
    lag: IntGaugeVec,
    failed: IntGauge,
}

impl Metrics {
    /// All at 0, in no registry yet.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let metrics = Self {
            sync_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "gridtally_bus_sync_seconds",
                    "Time of one sync of the journal, in seconds",
                )
                .buckets(SYNC_SECONDS.to_vec()),
            )?,
            group_messages: Histogram::with_opts(
                HistogramOpts::new(
                    "gridtally_bus_group_messages",
                    "Messages made durable by one sync",
                )
                .buckets(GROUP_MESSAGES.to_vec()),
            )?,
            published_bytes: IntCounter::new(
                "gridtally_bus_published_bytes_total",
                "Bytes of messages made durable",
            )?,
            refused: IntCounterVec::new(
                Opts::new(
                    "gridtally_bus_refused_publishes_total",
                    "Publishes refused, by reason",
                ),
                &["reason"],
            )?,
            kept_bytes: IntGauge::new("gridtally_bus_kept_bytes", "Bytes of the journal on disk")?,
            limit_bytes: IntGauge::new(
                "gridtally_bus_limit_bytes",
                "Bytes of the journal at which publishing is refused",
            )?,
            disk_free_bytes: IntGauge::new(
                "gridtally_bus_disk_free_bytes",
                "Bytes the journal's disk has left",
            )?,
            segments: IntGauge::new("gridtally_bus_segments", "Segment files of the journal")?,
            lag: IntGaugeVec::new(
                Opts::new(
                    "gridtally_bus_lag_positions",
                    "Positions from the oldest reading a group has not acknowledged to the end of the journal",
                ),
                &["group"],
            )?,
            failed: IntGauge::new(
                "gridtally_bus_failed",
                "1 once a write or sync failed for good and the process must end",
            )?,
        };
        for reason in ["full", "disk_full"] {
            metrics.refused.with_label_values(&[reason]);
        }
        for group in [Group::Billing, Group::Analytics] {
            metrics.lag.with_label_values(&[label(group)]);
        }
        Ok(metrics)
    }

    /// Shows them in `registry`.
    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.sync_seconds.clone()))?;
        registry.register(Box::new(self.group_messages.clone()))?;
        registry.register(Box::new(self.published_bytes.clone()))?;
        registry.register(Box::new(self.refused.clone()))?;
        registry.register(Box::new(self.kept_bytes.clone()))?;
        registry.register(Box::new(self.limit_bytes.clone()))?;
        registry.register(Box::new(self.disk_free_bytes.clone()))?;
        registry.register(Box::new(self.segments.clone()))?;
        registry.register(Box::new(self.lag.clone()))?;
        registry.register(Box::new(self.failed.clone()))
    }

    pub(crate) fn synced(&self, took: Duration, messages: usize, bytes: usize) {
        self.sync_seconds.observe(took.as_secs_f64());
        self.group_messages
            .observe(f64::from(u32::try_from(messages).unwrap_or(u32::MAX)));
        self.published_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn refused(&self, error: &BusError) {
        let reason = match error {
            BusError::Full { .. } => "full",
            BusError::DiskFull { .. } => "disk_full",
            BusError::Unavailable(_)
            | BusError::TooLarge { .. }
            | BusError::Lost { .. }
            | BusError::Damaged { .. }
            | BusError::Ahead { .. }
            | BusError::Invalid(_)
            | BusError::Address(_)
            | BusError::InUse { .. }
            | BusError::Shards { .. }
            | BusError::Refused { .. }
            | BusError::Metrics(_)
            | BusError::Store { .. }
            | BusError::File { .. } => return,
        };
        self.refused.with_label_values(&[reason]).inc();
    }

    pub(crate) fn kept(&self, bytes: u64, limit_bytes: u64, segments: usize) {
        self.kept_bytes.set(signed(bytes));
        self.limit_bytes.set(signed(limit_bytes));
        self.segments.set(i64::try_from(segments).unwrap_or(i64::MAX));
    }

    pub(crate) fn free(&self, bytes: u64) {
        self.disk_free_bytes.set(signed(bytes));
    }

    pub(crate) fn lag(&self, group: Group, positions: u64) {
        self.lag.with_label_values(&[label(group)]).set(signed(positions));
    }

    pub(crate) fn failed(&self) {
        self.failed.set(1);
    }
}

fn label(group: Group) -> &'static str {
    match group {
        Group::Billing => "billing",
        Group::Analytics => "analytics",
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
