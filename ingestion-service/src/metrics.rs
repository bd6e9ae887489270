//! Every metric of ingestion. Labels are words of this program: verdicts, reasons, outcomes.

use std::time::Duration;

use model::Reason;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use proto::meter::Verdict;

/// What became of a publish; also a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publish {
    /// Durable.
    Confirmed,
    /// The bus was at its bound.
    Full,
    /// No clear answer.
    Unknown,
}

impl Publish {
    const ALL: [Self; 3] = [Self::Confirmed, Self::Full, Self::Unknown];

    const fn label(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Full => "full",
            Self::Unknown => "unknown",
        }
    }
}

/// Upper bounds in rows: a single reading up to a full queue.
const ROWS: [f64; 10] = [1.0, 4.0, 16.0, 64.0, 256.0, 1e3, 4e3, 16e3, 64e3, 256e3];
/// Upper bounds in seconds: an fsync takes 0.2 to 10 ms, and the deadline is some seconds.
const SECONDS: [f64; 10] = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The counters of one verdict each, so that counting needs no look-up.
#[derive(Debug, Clone)]
struct Verdicts {
    accepted: IntCounter,
    duplicate: IntCounter,
    conflict: IntCounter,
    rejected: IntCounter,
    retry: IntCounter,
}

/// The numbers of ingestion. A clone is the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    verdicts: Verdicts,
    rejected: IntCounterVec,
    turned_away: IntCounterVec,
    publishes: IntCounterVec,
    publish_seconds: Histogram,
    group_rows: Histogram,
    queue_rows: IntGauge,
    queue_bytes: IntGauge,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let by_verdict = counters(
            registry,
            "gridtally_ingestion_readings_total",
            "Readings answered, by verdict",
            "verdict",
        )?;
        let verdict = |label: &str| by_verdict.with_label_values(&[label]);
        let metrics = Self {
            verdicts: Verdicts {
                accepted: verdict("accepted"),
                duplicate: verdict("duplicate"),
                conflict: verdict("conflict"),
                rejected: verdict("rejected"),
                retry: verdict("retry"),
            },
            rejected: counters(
                registry,
                "gridtally_ingestion_rejected_total",
                "Readings refused by ingestion, by reason",
                "reason",
            )?,
            turned_away: counters(
                registry,
                "gridtally_ingestion_batches_turned_away_total",
                "Batches not taken at all, by reason",
                "reason",
            )?,
            publishes: counters(
                registry,
                "gridtally_ingestion_publishes_total",
                "Groups handed to the bus, by outcome",
                "outcome",
            )?,
            publish_seconds: histogram(
                registry,
                "gridtally_ingestion_publish_seconds",
                "Time from handing a group to the bus to its answer, in seconds",
                &SECONDS,
            )?,
            group_rows: histogram(
                registry,
                "gridtally_ingestion_group_rows",
                "Readings per group handed to the bus",
                &ROWS,
            )?,
            queue_rows: gauge(
                registry,
                "gridtally_ingestion_queue_rows",
                "Readings that wait for the bus to be free",
            )?,
            queue_bytes: gauge(
                registry,
                "gridtally_ingestion_queue_bytes",
                "Upper bound on the bytes of readings that wait for the bus to be free",
            )?,
        };
        for reason in Reason::ALL {
            metrics.rejected.with_label_values(&[reason.code()]);
        }
        for outcome in Publish::ALL {
            metrics.publishes.with_label_values(&[outcome.label()]);
        }
        Ok(metrics)
    }

    pub(crate) fn answered(&self, verdict: Verdict, readings: usize) {
        let counter = match verdict {
            Verdict::Accepted => &self.verdicts.accepted,
            Verdict::Duplicate => &self.verdicts.duplicate,
            Verdict::Conflict => &self.verdicts.conflict,
            Verdict::Rejected => &self.verdicts.rejected,
            Verdict::Retry | Verdict::Unspecified => &self.verdicts.retry,
        };
        counter.inc_by(u64::try_from(readings).unwrap_or(u64::MAX));
    }

    pub(crate) fn rejected(&self, reason: Reason) {
        self.rejected.with_label_values(&[reason.code()]).inc();
    }

    pub(crate) fn turned_away(&self, reason: &'static str) {
        self.turned_away.with_label_values(&[reason]).inc();
    }

    pub(crate) fn group(&self, rows: usize) {
        self.group_rows.observe(float(rows));
    }

    pub(crate) fn published(&self, outcome: Publish, took: Duration) {
        self.publishes.with_label_values(&[outcome.label()]).inc();
        self.publish_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn queued(&self, rows: usize, bytes: usize) {
        self.queue_rows.set(i64::try_from(rows).unwrap_or(i64::MAX));
        self.queue_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

/// A count as a sample; counts here are far below 2^32.
fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    label: &str,
) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
    registry.register(Box::new(counters.clone()))?;
    Ok(counters)
}

fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    bounds: &[f64],
) -> Result<Histogram, prometheus::Error> {
    let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec()))?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}
