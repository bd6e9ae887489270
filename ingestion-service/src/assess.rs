//! A batch, looked at once: which rows are good, where each meter belongs, the hashes of every row. Pure.

use std::iter::Peekable;

use model::{
    Channel, Content, MeasuredQuantity, Quality, Reason, Series, content_hash, identity_hash, is_valid_id,
    meter_hash, shard_of,
};
use proto::columns::{KIND_REGISTER, KIND_TELEMETRY, Row};
use proto::meter::ReadingColumns;

use crate::judge::{Limits, judge_measured};
use crate::memory::Mark;

/// What a batch is judged by.
pub(crate) struct Rules<'a> {
    pub(crate) limits: Limits,
    pub(crate) shards: u16,
    /// Whether a meter is registered, where others are refused.
    pub(crate) is_known: Option<&'a (dyn Fn(&str) -> bool + Send + Sync)>,
}

/// A meter of the batch's dictionary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter<'a> {
    pub(crate) id: &'a str,
    pub(crate) hash: u64,
    pub(crate) shard: u16,
    /// Why none of its readings is taken.
    refused: Option<Reason>,
}

/// What was found out about a batch.
#[derive(Debug)]
pub(crate) struct Assessment<'a> {
    /// As in the batch's dictionary.
    pub(crate) meters: Vec<Meter<'a>>,
    /// Per row; 0 for a row that is refused.
    pub(crate) identity: Vec<u64>,
    /// As `identity`.
    pub(crate) content: Vec<u64>,
    /// The rows that are refused, in order.
    pub(crate) refused: Vec<(u32, Reason)>,
}

/// Judges and hashes every row of `columns`, which passed their check.
pub(crate) fn assess<'a>(columns: &'a ReadingColumns, rules: &Rules<'_>) -> Assessment<'a> {
    let meters: Vec<Meter<'a>> = columns.meter_ids().map(|id| look_at(id, rules)).collect();
    let rows = columns.rows();
    let mut identity = Vec::with_capacity(rows);
    let mut content = Vec::with_capacity(rows);
    let mut refused = Vec::new();
    let mut registers = Registers::new(columns);
    let mut telemetry = columns.telemetry().peekable();
    let mut measured = Vec::new();
    for at in 0..rows {
        let row = columns.row(at);
        let row_number = u32::try_from(at).unwrap_or(u32::MAX);
        take_row(&mut telemetry, row_number, &mut measured);
        let hashes = meters
            .get(row.meter as usize)
            .ok_or(Reason::BadId)
            .and_then(|meter| {
                judge(&row, meter, &measured, &rules.limits)?;
                let series = registers.series(&row, &measured)?;
                let reading = reading(&row);
                let hashed = content_hash(&reading);
                let hashed = if row.kind == KIND_TELEMETRY {
                    fold(hashed, &measured)
                } else {
                    hashed
                };
                Ok((identity_hash(meter.hash, series, row.start_ms), hashed))
            });
        let (row_identity, row_content) = hashes.unwrap_or_else(|reason| {
            refused.push((row_number, reason));
            (0, 0)
        });
        identity.push(row_identity);
        content.push(row_content);
    }
    Assessment {
        meters,
        identity,
        content,
        refused,
    }
}

/// What the memory keeps of a row with this content hash.
pub(crate) fn mark(row: &Row, content: u64) -> Mark {
    if row.kind == KIND_TELEMETRY {
        Mark::of_telemetry(content)
    } else {
        Mark::of_value(content, reading(row).rank())
    }
}

fn look_at<'a>(id: &'a str, rules: &Rules<'_>) -> Meter<'a> {
    let hash = meter_hash(id);
    let refused = if !is_valid_id(id) {
        Some(Reason::BadId)
    } else if rules.is_known.is_some_and(|is_known| !is_known(id)) {
        Some(Reason::UnknownMeter)
    } else {
        None
    };
    Meter {
        id,
        hash,
        shard: shard_of(hash, rules.shards),
        refused,
    }
}

fn judge(row: &Row, meter: &Meter<'_>, measured: &[Measured], limits: &Limits) -> Result<(), Reason> {
    let beyond_range = || {
        let mut measured = measured.iter();
        measured.find_map(|(quantity, value)| judge_measured(*quantity, *value))
    };
    let fault = meter.refused.or_else(|| limits.judge(row)).or_else(beyond_range);
    fault.map_or(Ok(()), Err)
}

/// The content of a row. Numbers that passed the batch's check have a name; any other would be the default.
fn reading(row: &Row) -> Content {
    Content {
        value: row.value,
        interval_seconds: row.interval_seconds,
        quality: Quality::from_code(row.quality).unwrap_or(Quality::Actual),
        revision: row.revision,
    }
}

type Measured = (MeasuredQuantity, i64);

/// The measurements of row `row`, which `telemetry` has reached, into `measured`.
fn take_row(
    telemetry: &mut Peekable<impl Iterator<Item = (u32, u32, i64)>>,
    row: u32,
    measured: &mut Vec<Measured>,
) {
    measured.clear();
    while let Some((_, kind, value)) = telemetry.next_if(|(of, _, _)| *of <= row) {
        measured.extend(MeasuredQuantity::from_code(kind).map(|quantity| (quantity, value)));
    }
}

/// The content hash of telemetry alone: of every measurement, in their order, on top of the row's own.
fn fold(hash: u64, measured: &[Measured]) -> u64 {
    measured.iter().fold(hash, |hash, (quantity, value)| {
        identity_hash(hash, &Series::Telemetry(*quantity), *value)
    })
}

/// Series of register reads, each made once per batch because it owns its name.
struct Registers<'a> {
    names: Vec<&'a str>,
    made: Vec<Option<Series>>,
}

const IMPORT: Series = Series::Interval(Channel::Import);
const EXPORT: Series = Series::Interval(Channel::Export);
const REACTIVE: Series = Series::Interval(Channel::Reactive);

impl<'a> Registers<'a> {
    fn new(columns: &'a ReadingColumns) -> Self {
        let names: Vec<&str> = columns.register_names().collect();
        let made = vec![None; names.len().saturating_mul(Channel::ALL.len())];
        Self { names, made }
    }

    fn series(&mut self, row: &Row, measured: &[Measured]) -> Result<&Series, Reason> {
        let channel = Channel::from_code(row.channel).ok_or(Reason::UnknownEnum)?;
        match row.kind {
            KIND_REGISTER => self.register(channel, row.register as usize),
            KIND_TELEMETRY => {
                let (first, _) = measured.first().ok_or(Reason::NoValue)?;
                Ok(telemetry_series(*first))
            }
            _ => Ok(match channel {
                Channel::Import => &IMPORT,
                Channel::Export => &EXPORT,
                Channel::Reactive => &REACTIVE,
            }),
        }
    }

    fn register(&mut self, channel: Channel, index: usize) -> Result<&Series, Reason> {
        let name = *self.names.get(index).ok_or(Reason::BadRegister)?;
        if !is_valid_id(name) {
            return Err(Reason::BadRegister);
        }
        let code = channel.code() as usize;
        let at = index
            .saturating_mul(Channel::ALL.len())
            .saturating_add(code.saturating_sub(1));
        let made = self.made.get_mut(at).ok_or(Reason::BadRegister)?;
        Ok(made.get_or_insert_with(|| Series::Register(channel, name.into())))
    }
}

/// Telemetry alone is known by the first quantity it measures.
fn telemetry_series(quantity: MeasuredQuantity) -> &'static Series {
    match quantity {
        MeasuredQuantity::Power => &Series::Telemetry(MeasuredQuantity::Power),
        MeasuredQuantity::Voltage => &Series::Telemetry(MeasuredQuantity::Voltage),
        MeasuredQuantity::Current => &Series::Telemetry(MeasuredQuantity::Current),
        MeasuredQuantity::PowerFactor => &Series::Telemetry(MeasuredQuantity::PowerFactor),
        MeasuredQuantity::Temperature => &Series::Telemetry(MeasuredQuantity::Temperature),
        MeasuredQuantity::Pressure => &Series::Telemetry(MeasuredQuantity::Pressure),
    }
}

#[cfg(test)]
mod tests;
