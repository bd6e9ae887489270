//! Every metric of the device port. Labels are words of this program: methods, verdicts, reasons, outcomes.

use std::time::Duration;

use model::Reason;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use proto::meter::Verdict;

use super::receipts::Receipts;

/// Calls of `MeterGateway`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    SendReading,
    SendReadings,
    StreamReadings,
    StreamColumns,
}

/// Upper bounds in seconds: one fsync, up to the longest wait for one.
const SECONDS: [f64; 11] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0];

/// A counter per verdict, so that counting needs no look-up.
#[derive(Debug, Clone)]
struct Verdicts {
    accepted: IntCounter,
    duplicate: IntCounter,
    conflict: IntCounter,
    rejected: IntCounter,
    retry: IntCounter,
}

/// Counters of calls by method.
#[derive(Debug, Clone)]
struct Calls {
    one: IntCounter,
    many: IntCounter,
    stream: IntCounter,
    columns: IntCounter,
}

/// The numbers of the device port. A clone is the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    verdicts: Verdicts,
    reasons: IntCounterVec,
    calls: Calls,
    batch_seconds: Histogram,
    connections: IntGauge,
    refused_connections: IntCounterVec,
}

/// Why a connection was closed at once.
pub(crate) const TOO_MANY_FROM_ADDRESS: &str = "address_limit";
/// The threads that serve are behind.
pub(crate) const NO_ROOM: &str = "no_room";

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counters = |name: &str, help: &str, label: &str| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let readings = counters(
            "gridtally_device_readings_total",
            "Readings answered on the device port, by verdict",
            "verdict",
        )?;
        let calls = counters(
            "gridtally_device_calls_total",
            "Calls and streams begun on the device port, by method",
            "method",
        )?;
        let verdict = |label: &str| readings.with_label_values(&[label]);
        let method = |label: &str| calls.with_label_values(&[label]);
        let reasons = counters(
            "gridtally_device_faults_total",
            "Readings not simply accepted, by reason",
            "reason",
        )?;
        for reason in Reason::ALL {
            reasons.with_label_values(&[reason.code()]);
        }
        let refused_connections = counters(
            "gridtally_device_connections_refused_total",
            "Connections closed at once, by reason",
            "reason",
        )?;
        for reason in [TOO_MANY_FROM_ADDRESS, NO_ROOM] {
            refused_connections.with_label_values(&[reason]);
        }
        let batch_seconds = Histogram::with_opts(
            HistogramOpts::new(
                "gridtally_device_batch_seconds",
                "Time from a decoded message to its receipts, in seconds",
            )
            .buckets(SECONDS.to_vec()),
        )?;
        registry.register(Box::new(batch_seconds.clone()))?;
        let connections = IntGauge::new(
            "gridtally_device_connections",
            "Open connections on the device port",
        )?;
        registry.register(Box::new(connections.clone()))?;
        Ok(Self {
            verdicts: Verdicts {
                accepted: verdict("accepted"),
                duplicate: verdict("duplicate"),
                conflict: verdict("conflict"),
                rejected: verdict("rejected"),
                retry: verdict("retry"),
            },
            reasons,
            calls: Calls {
                one: method("send_reading"),
                many: method("send_readings"),
                stream: method("stream_readings"),
                columns: method("stream_columns"),
            },
            batch_seconds,
            connections,
            refused_connections,
        })
    }

    pub(crate) fn called(&self, method: Method) {
        match method {
            Method::SendReading => self.calls.one.inc(),
            Method::SendReadings => self.calls.many.inc(),
            Method::StreamReadings => self.calls.stream.inc(),
            Method::StreamColumns => self.calls.columns.inc(),
        }
    }

    pub(crate) fn answered(&self, receipts: &Receipts, took: Duration) {
        self.batch_seconds.observe(took.as_secs_f64());
        if receipts.all_accepted() {
            let readings = u64::try_from(receipts.readings()).unwrap_or(u64::MAX);
            return self.verdicts.accepted.inc_by(readings);
        }
        for receipt in receipts.iter() {
            match receipt.verdict {
                Verdict::Accepted => self.verdicts.accepted.inc(),
                Verdict::Duplicate => self.verdicts.duplicate.inc(),
                Verdict::Conflict => self.verdicts.conflict.inc(),
                Verdict::Rejected => self.verdicts.rejected.inc(),
                Verdict::Retry | Verdict::Unspecified => self.verdicts.retry.inc(),
            }
            // Only reasons that this program knows become labels, whatever ingestion answers.
            if let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == receipt.reason) {
                self.reasons.with_label_values(&[reason.code()]).inc();
            }
        }
    }

    /// Open connections, to be counted up and down.
    pub(crate) fn connections(&self) -> &IntGauge {
        &self.connections
    }

    /// `reason` is one of this module's words.
    pub(crate) fn connection_refused(&self, reason: &'static str) {
        self.refused_connections.with_label_values(&[reason]).inc();
    }
}
