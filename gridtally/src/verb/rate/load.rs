//! A load file of a case (`RATING` 1.2).

use std::ops::Range;

use chrono::DateTime;
use model::Energy;
use tariff_engine::Interval;

const MINUTE_MS: i64 = 60_000;

/// Its intervals, in order of time.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) intervals: Vec<Interval>,
    /// Whether the file has a column for it.
    pub(super) has_export: bool,
}

impl Load {
    /// Reads the columns `start_utc`, `import_kwh`, `export_kwh`; `start_local` is information only.
    ///
    /// # Errors
    /// A sentence with the line of what cannot be read, or is of no kind that this version rates.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines
            .next()
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .collect();
        const KNOWN: [&str; 4] = ["start_utc", "start_local", "import_kwh", "export_kwh"];
        if let Some(column) = header.iter().find(|column| !KNOWN.contains(column)) {
            return Err(format!("column {column} is not in this version"));
        }
        let column = |name: &str| header.iter().position(|title| *title == name);
        let start = column("start_utc").ok_or("there is no column start_utc")?;
        let import = column("import_kwh").ok_or("there is no column import_kwh")?;
        let export = column("export_kwh");
        let mut intervals = Vec::new();
        for (line, number) in lines.zip(2_u32..) {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let field = |index: usize| fields.get(index).copied().unwrap_or_default();
            let energy = |text: &str| {
                text.parse::<Energy>()
                    .map_err(|_| format!("line {number}: `{text}` is no kWh"))
            };
            let at = DateTime::parse_from_rfc3339(field(start))
                .map_err(|error| format!("line {number}: {error}"))?;
            if field(import).is_empty() {
                continue; // a missing interval, as if the row were not there
            }
            intervals.push(Interval {
                start_ms: at.timestamp_millis(),
                minutes: 0,
                import: energy(field(import))?,
                export: export.map_or(Ok(Energy::default()), |index| energy(field(index)))?,
            });
        }
        let load = Self {
            intervals,
            has_export: export.is_some(),
        };
        load.with_lengths()
    }

    /// The length of an interval is the smallest spacing of the rows.
    fn with_lengths(mut self) -> Result<Self, String> {
        let starts = self.intervals.iter().map(|interval| interval.start_ms);
        let spacing = starts
            .clone()
            .zip(starts.skip(1))
            .map(|(a, b)| b - a)
            .min()
            .unwrap_or(0);
        if spacing <= 0 || spacing % MINUTE_MS != 0 {
            return Err("rows do not stand in order of time, whole minutes apart".to_owned());
        }
        let minutes = u32::try_from(spacing / MINUTE_MS).map_err(|_| "intervals are too long".to_owned())?;
        for interval in &mut self.intervals {
            interval.minutes = minutes;
        }
        Ok(self)
    }

    /// The first start in `range_ms` at which no interval is.
    pub(super) fn first_missing(&self, range_ms: Range<i64>) -> Option<i64> {
        let mut next = range_ms.start;
        for interval in self
            .intervals
            .iter()
            .filter(|interval| range_ms.contains(&interval.start_ms))
        {
            if interval.start_ms > next {
                return Some(next);
            }
            next = interval.start_ms + i64::from(interval.minutes) * MINUTE_MS;
        }
        (next < range_ms.end).then_some(next)
    }
}

#[cfg(test)]
mod tests;
