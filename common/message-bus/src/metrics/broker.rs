//! The numbers of the RabbitMQ backend.

use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use super::label;
use crate::Group;

/// Upper bounds in seconds: a confirm takes a sync of the broker, some milliseconds, and seconds under load.
const CONFIRM_SECONDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// What decides a verdict.
    Publish,
    /// Copies for analytics and others.
    Copies,
    /// Subscriptions.
    Consume,
    /// Who of several processes leads.
    Lead,
}

impl Purpose {
    /// The word for it, in labels and names.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Copies => "copies",
            Self::Consume => "consume",
            Self::Lead => "lead",
        }
    }
}

/// A clone is the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    confirm_seconds: Histogram,
    published_bytes: IntCounter,
    reconnects: IntCounterVec,
    blocked: IntGauge,
    returned: IntCounter,
    nacked: IntCounter,
    unknown: IntCounter,
    copies_lost: IntCounter,
    unacked: IntGaugeVec,
}

impl Metrics {
    /// All at 0, in no registry yet.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| IntCounter::new(name, help);
        let labelled = |name: &str, help: &str| Opts::new(name, help);
        let metrics = Self {
            confirm_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "gridtally_bus_confirm_seconds",
                    "Time from publishing a message to the broker's confirm, in seconds",
                )
                .buckets(CONFIRM_SECONDS.to_vec()),
            )?,
            published_bytes: counter(
                "gridtally_bus_confirmed_bytes_total",
                "Bytes of messages the broker confirmed",
            )?,
            reconnects: IntCounterVec::new(
                labelled(
                    "gridtally_bus_reconnects_total",
                    "Times that a connection to the broker had to be made anew",
                ),
                &["purpose"],
            )?,
            blocked: IntGauge::new(
                "gridtally_bus_blocked",
                "1 while the broker takes nothing, for want of disk or memory",
            )?,
            returned: counter(
                "gridtally_bus_returned_total",
                "Times that a message came back because its queue is missing",
            )?,
            nacked: counter(
                "gridtally_bus_nacked_total",
                "Messages that a queue refused at its bound",
            )?,
            unknown: counter(
                "gridtally_bus_unknown_outcomes_total",
                "Publishes whose outcome is not known",
            )?,
            copies_lost: counter(
                "gridtally_bus_copies_lost_total",
                "Copies for analytics that were not published; it finds the gap",
            )?,
            unacked: IntGaugeVec::new(
                labelled(
                    "gridtally_bus_unacked_messages",
                    "Messages handed out and not acknowledged, of the subscription that moved last",
                ),
                &["group"],
            )?,
        };
        for purpose in [Purpose::Publish, Purpose::Copies, Purpose::Consume, Purpose::Lead] {
            metrics.reconnects.with_label_values(&[purpose.word()]);
        }
        for group in [Group::Billing, Group::Analytics] {
            metrics.unacked.with_label_values(&[label(group)]);
        }
        Ok(metrics)
    }

    /// Shows them in `registry`.
    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.confirm_seconds.clone()))?;
        registry.register(Box::new(self.published_bytes.clone()))?;
        registry.register(Box::new(self.reconnects.clone()))?;
        registry.register(Box::new(self.blocked.clone()))?;
        registry.register(Box::new(self.returned.clone()))?;
        registry.register(Box::new(self.nacked.clone()))?;
        registry.register(Box::new(self.unknown.clone()))?;
        registry.register(Box::new(self.copies_lost.clone()))?;
        registry.register(Box::new(self.unacked.clone()))
    }

    pub(crate) fn confirmed(&self, took: Duration, bytes: usize) {
        self.confirm_seconds.observe(took.as_secs_f64());
        self.published_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn reconnect(&self, purpose: Purpose) {
        self.reconnects.with_label_values(&[purpose.word()]).inc();
    }

    pub(crate) fn blocked(&self, blocked: bool) {
        self.blocked.set(i64::from(blocked));
    }

    pub(crate) fn returned(&self) {
        self.returned.inc();
    }

    pub(crate) fn nacked(&self) {
        self.nacked.inc();
    }

    pub(crate) fn unknown(&self) {
        self.unknown.inc();
    }

    pub(crate) fn copies_lost(&self, count: usize) {
        self.copies_lost.inc_by(count as u64);
    }

    pub(crate) fn unacked(&self, group: Group, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.unacked.with_label_values(&[label(group)]).set(count);
    }
}
