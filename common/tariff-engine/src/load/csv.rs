//! Load files (`RATING` 1.2) and what of their deliveries counts at an instant (`RATING` 1.5).

use std::cmp::Ordering;

use super::{Load, MINUTE_MS, PER_KWH, units};
use crate::exact::Exact;
use crate::instant;
use crate::rounding::Mode;
use crate::statement::Register;

/// Columns of energy, and what each measures.
const ENERGY: [(&str, Register); 3] = [
    ("import_kwh", Register::Import),
    ("export_kwh", Register::Export),
    ("reactive_kvarh", Register::Reactive),
];
/// Columns that say nothing about the energy.
const NOT_ENERGY: [&str; 5] = ["start_utc", "start_local", "minutes", "quality", "received_utc"];
/// Lines that cannot be read and are named; of further ones it is said how many there are. Who reads them has seen the pattern by then.
const MAX_NAMED: usize = 20;
/// Minutes of a day: the longest interval.
const MAX_MINUTES: i64 = 1440;

/// Decimals that are kept of a kWh. Measured values have fewer; what files have beyond is the noise of floating point.
const DECIMALS: u32 = 9;

/// The rows of a load file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    registers: Vec<Register>,
    rows: Vec<Row>,
    /// Of rows that do not say their length.
    step_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    start_ms: i64,
    length_ms: Option<i64>,
    received_ms: Option<i64>,
    /// One for every register, or the first column that is empty: the row stands for a missing interval (`RATING` 3.15).
    values: Result<Vec<i64>, &'static str>,
}

struct Columns {
    count: usize,
    start: usize,
    minutes: Option<usize>,
    received: Option<usize>,
    energy: Vec<(usize, &'static str, Register)>,
}

impl Rows {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence with the lines that cannot be read, the first 20 of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines();
        let columns = Columns::of(lines.next().unwrap_or_default())?;
        let (mut rows, mut wrong, mut more): (Vec<Row>, Vec<String>, usize) = (Vec::new(), Vec::new(), 0);
        for (line, number) in lines.zip(2_u32..) {
            if line.trim().is_empty() {
                continue;
            }
            match columns.row(line, rows.last()) {
                Ok(row) => rows.push(row),
                Err(what) if wrong.len() < MAX_NAMED => wrong.push(format!("line {number}: {what}")),
                Err(_) => more = more.saturating_add(1),
            }
        }
        if more > 0 {
            wrong.push(format!("and {more} more lines"));
        }
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        let mut starts: Vec<i64> = rows.iter().map(|row| row.start_ms).collect();
        starts.sort_unstable();
        starts.dedup();
        let spacing = |pair: &[i64]| match pair {
            [a, b] => b.checked_sub(*a),
            _ => None,
        };
        let step_ms = starts.windows(2).filter_map(spacing).min().unwrap_or_default();
        if rows.iter().any(|row| row.length_ms.is_none()) && !is_length(step_ms) {
            return Err("the length of the intervals is unknown: a column minutes, or rows a whole part of a day apart".to_owned());
        }
        Ok(Self {
            registers: columns
                .energy
                .into_iter()
                .map(|(.., register)| register)
                .collect(),
            rows,
            step_ms,
        })
    }

    /// What counts at the instant `as_of_ms`: rows received until then, and of several for one start the one received last. `None`:
    /// everything that was received at any time.
    #[must_use]
    pub fn as_of(&self, as_of_ms: Option<i64>) -> Load {
        let exists = |row: &&Row| match (as_of_ms, row.received_ms) {
            (Some(as_of), Some(received)) => received <= as_of,
            _ => true,
        };
        let mut rows: Vec<&Row> = self.rows.iter().filter(exists).collect();
        rows.sort_by_key(|row| (row.start_ms, row.received_ms)); // stable: of two received together the later row stays the later
        let mut load = Load {
            columns: self
                .registers
                .iter()
                .map(|name| (name.clone(), Vec::new()))
                .collect(),
            ..Load::default()
        };
        for (index, row) in rows.iter().enumerate() {
            let is_last = rows
                .get(index.saturating_add(1))
                .is_none_or(|next| next.start_ms != row.start_ms);
            let Some(values) = row.values.as_ref().ok().filter(|_| is_last) else {
                continue;
            };
            load.starts.push(row.start_ms);
            load.lengths_ms.push(row.length_ms.unwrap_or(self.step_ms));
            load.estimated.push(false);
            for ((_, column), value) in load.columns.iter_mut().zip(values) {
                column.push(*value);
            }
        }
        load
    }

    /// The first empty column of a row that starts at `at_ms` and has no energy.
    pub(crate) fn empty_at(&self, at_ms: i64) -> Option<&'static str> {
        let mut rows = self.rows.iter().filter(|row| row.start_ms == at_ms);
        rows.find_map(|row| row.values.as_ref().err().copied())
    }
}

impl Columns {
    fn of(header: &str) -> Result<Self, String> {
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let find = |name: &str| names.iter().position(|title| *title == name);
        for (index, name) in names.iter().enumerate() {
            if names.iter().take(index).any(|earlier| earlier == name) {
                return Err(format!("column {name} comes twice"));
            }
        }
        let mut energy = Vec::new();
        for (index, name) in names.iter().enumerate() {
            match ENERGY.into_iter().find(|(column, _)| column == name) {
                Some((column, register)) => energy.push((index, column, register)),
                None if NOT_ENERGY.contains(name) => {}
                None => return Err(format!("column {name:?} is not known")),
            }
        }
        if !energy.iter().any(|(.., register)| *register == Register::Import) {
            return Err("there is no column import_kwh".to_owned());
        }
        Ok(Self {
            count: names.len(),
            start: find("start_utc").ok_or("there is no column start_utc")?,
            minutes: find("minutes"),
            received: find("received_utc"),
            energy,
        })
    }

    /// Reads a line, which comes after the row `last`.
    fn row(&self, line: &str, last: Option<&Row>) -> Result<Row, String> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        as_wide(cells.len(), self.count)?;
        let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
        let time = |text: &str| instant::parse(text).ok_or_else(|| format!("{text:?} is no time"));
        let length_ms = match self.minutes.map(cell).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                // A column with empty cells is often written with points: 15.0.
                let whole = text.parse::<Exact>().ok().and_then(|minutes| minutes.to_whole());
                let minutes = whole
                    .and_then(|minutes| i64::try_from(minutes).ok())
                    .filter(|minutes| (1..=MAX_MINUTES).contains(minutes));
                let length = minutes.and_then(|minutes| minutes.checked_mul(MINUTE_MS));
                Some(
                    length
                        .filter(|length| is_length(*length))
                        .ok_or_else(|| format!("{text:?} minutes are no length that divides a day"))?,
                )
            }
        };
        let received_ms = match self.received.map(cell).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(time(text)?),
        };
        let empty = self.energy.iter().find(|(index, ..)| cell(*index).is_empty());
        let values = || {
            let value = |(index, _, register): &(usize, &str, Register)| {
                let text = cell(*index);
                let units = energy(text)?;
                // each direction has its own column; reactive energy has a sign
                if units < 0 && *register != Register::Reactive {
                    return Err(format!(
                        "{text:?} kWh is below zero; the other direction has a column of its own"
                    ));
                }
                Ok(units)
            };
            self.energy.iter().map(value).collect::<Result<Vec<_>, _>>()
        };
        let row = Row {
            start_ms: time(cell(self.start))?,
            length_ms,
            received_ms,
            values: match empty {
                Some((_, column, _)) => Err(column),
                None => Ok(values()?),
            },
        };
        if last.is_some_and(|last| row.start_ms <= last.start_ms && row.received_ms.is_none()) {
            return Err("rows do not stand in order of time".to_owned());
        }
        Ok(row)
    }
}

/// Whether a row has as many cells as the header: of a longer one it is not known what stands where, a shorter one may be cut off in the
/// middle of a number.
///
/// # Errors
/// What is wrong.
pub(crate) fn as_wide(cells: usize, columns: usize) -> Result<(), String> {
    match cells.cmp(&columns) {
        Ordering::Less => Err(format!(
            "fewer than the {columns} cells of the header; the row may be cut off"
        )),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(format!(
            "more than the {columns} cells of the header; decimals have a point, not a comma"
        )),
    }
}

/// Whole minutes that divide a day.
fn is_length(length_ms: i64) -> bool {
    let day_ms = MAX_MINUTES.saturating_mul(MINUTE_MS);
    length_ms > 0 && length_ms.checked_rem(MINUTE_MS) == Some(0) && day_ms.checked_rem(length_ms) == Some(0)
}

fn energy(text: &str) -> Result<i64, String> {
    if let Some(units) = short_decimal(text) {
        return Ok(units);
    }
    let number: Exact = text
        .parse()
        .map_err(|_| format!("{text:?} is no number of kWh"))?;
    let number = number.rounded(DECIMALS, Mode::HalfEven);
    units(&number).ok_or_else(|| format!("{text:?} kWh is too large"))
}

/// The usual cell: digits, a point, at most nine digits.
fn short_decimal(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits =
        |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole, 9) || !digits(decimals, 9) {
        return None;
    }
    let power = 9_u32.checked_sub(u32::try_from(decimals.len()).ok()?)?;
    let fraction = decimals
        .parse::<i64>()
        .ok()?
        .checked_mul(10_i64.checked_pow(power)?)?;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(PER_KWH)?
        .checked_add(fraction)
}

#[cfg(test)]
mod tests;
