//! Readings as meters send them, and what must become of them.

use std::collections::BTreeMap;

use model::{Content, Quality, Series};
use proto::columns::{KIND_INTERVAL, KIND_REGISTER, KIND_TELEMETRY, Row};

use super::*;

/// One reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub meter: String,
    pub series: Series,
    pub start_ms: i64,
    pub content: Content,
    pub received_ms: i64,
}

impl Sent {
    /// An actual quarter-hour of import.
    pub(super) fn new(meter: &str, start_ms: i64, value: i64) -> Self {
        Self {
            meter: meter.to_owned(),
            series: Series::Interval(model::Channel::Import),
            start_ms,
            content: Content {
                value,
                interval_seconds: 900,
                quality: Quality::Actual,
                revision: 0,
            },
            received_ms: 5_000,
        }
    }
}

/// A batch of them, received when the first was.
pub(super) fn columns(sent: &[Sent]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    let mut meters: Vec<&str> = Vec::new();
    let mut registers: Vec<&str> = Vec::new();
    let number = |known: usize| u32::try_from(known).unwrap();
    for sent in sent {
        let meter = meters
            .iter()
            .position(|known| *known == sent.meter)
            .unwrap_or_else(|| {
                columns.push_meter_id(&sent.meter);
                meters.push(&sent.meter);
                meters.len() - 1
            });
        let (kind, channel, register) = match &sent.series {
            Series::Interval(channel) => (KIND_INTERVAL, channel.code(), 0),
            Series::Telemetry(_) => (KIND_TELEMETRY, 1, 0),
            Series::Register(channel, name) => {
                let register = registers
                    .iter()
                    .position(|known| *known == &**name)
                    .unwrap_or_else(|| {
                        columns.push_register_name(name);
                        registers.push(name);
                        registers.len() - 1
                    });
                (KIND_REGISTER, channel.code(), number(register))
            }
        };
        let telemetry = matches!(sent.series, Series::Telemetry(_));
        columns.push(&Row {
            meter: number(meter),
            start_ms: sent.start_ms,
            kind,
            channel,
            register,
            value: if telemetry { 0 } else { sent.content.value },
            interval_seconds: sent.content.interval_seconds,
            quality: sent.content.quality.code(),
            revision: sent.content.revision,
            sequence: 0,
        });
        if let Series::Telemetry(quantity) = &sent.series {
            columns.push_telemetry(quantity.code(), sent.content.value);
        }
    }
    columns.received_ms = sent.first().map_or(0, |sent| sent.received_ms);
    columns.squeeze();
    columns
}

/// A meter, series and start.
type Identity = (String, Series, i64);
/// Value, interval, quality and revision.
type Said = (i64, u32, u32, u32);

/// What must be kept: of every identity every content, with the smallest second of receipt.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fleet(BTreeMap<Identity, BTreeMap<Said, i64>>);

impl Fleet {
    pub(super) fn keep(&mut self, sent: &Sent, received_ms: i64) {
        let identity = (sent.meter.clone(), sent.series.clone(), sent.start_ms);
        self.keep_content(identity, &sent.content, received_ms);
    }

    fn keep_content(&mut self, identity: Identity, content: &Content, received_ms: i64) {
        let Content {
            value,
            interval_seconds,
            quality,
            revision,
        } = *content;
        let contents = self.0.entry(identity).or_default();
        let seconds = received_ms / 1000;
        let first = contents
            .entry((value, interval_seconds, quality.code(), revision))
            .or_insert(seconds);
        *first = seconds.min(*first);
    }

    /// What `reads` answers about these meters and series.
    pub(super) async fn ask(reads: &Reads, meters: &[&str], series: &[Series]) -> Self {
        let mut found = Self::default();
        for meter in meters {
            for series in series {
                for read in reads
                    .versions(&id(meter), series, i64::MIN..i64::MAX)
                    .await
                    .unwrap()
                {
                    for version in &read.versions {
                        let identity = ((*meter).to_owned(), series.clone(), read.start_ms);
                        found.keep_content(identity, &version.content, version.received_ms);
                    }
                }
            }
        }
        found
    }
}

/// The values in effect of import.
pub(super) async fn values(reads: &Reads, meter: &str) -> Vec<i64> {
    let all = reads
        .intervals(&id(meter), model::Channel::Import, i64::MIN..i64::MAX)
        .await
        .unwrap();
    all.iter().map(|read| read.content.value).collect()
}
