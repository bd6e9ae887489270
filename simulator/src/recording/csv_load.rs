//! The CSV of a load, row by row, in exact decimals.

use std::collections::HashMap;
use std::io::Read;

use chrono::DateTime;
use csv::StringRecord;
use model::{Energy, Quality};

use super::Row;
use crate::error::Error;

const DEFAULT_SECONDS: i64 = 900;

/// Where the columns are.
struct Columns {
    start: usize,
    import: usize,
    export: Option<usize>,
    reactive: Option<usize>,
    minutes: Option<usize>,
    quality: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, Error> {
        let find = |name: &str| header.iter().position(|column| column.trim() == name);
        let need = |name: &str| {
            let problem = || Error::Settings {
                problems: vec![format!("the load has no column {name}")],
            };
            find(name).ok_or_else(problem)
        };
        Ok(Self {
            start: need("start_utc")?,
            import: need("import_kwh")?,
            export: find("export_kwh"),
            reactive: find("reactive_kvarh"),
            minutes: find("minutes"),
            quality: find("quality"),
        })
    }

    fn row(&self, record: &StringRecord) -> Result<Row, String> {
        let text = |column: usize| record.get(column).map(str::trim).unwrap_or_default();
        let given = |column: Option<usize>| column.map(text).filter(|text| !text.is_empty());
        let energy = |column: Option<usize>| given(column).map(exact).transpose();
        let start =
            DateTime::parse_from_rfc3339(text(self.start)).map_err(|_| "start_utc is no time".to_owned())?;
        let quality = given(self.quality).map_or(Ok(Quality::Actual), |word| {
            Quality::from_word(word).ok_or_else(|| format!("{word} is no quality"))
        })?;
        let minutes: u32 = given(self.minutes)
            .map_or(Ok(0), str::parse)
            .map_err(|_| "minutes is no number".to_owned())?;
        Ok(Row {
            start_ms: start.timestamp_millis(),
            interval_seconds: minutes.saturating_mul(60),
            import: energy(Some(self.import))?,
            export: energy(self.export)?,
            reactive: energy(self.reactive)?,
            quality,
            revision: 0,
        })
    }
}

fn exact(text: &str) -> Result<Energy, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

/// Every row, lengths and revisions filled in.
pub(super) fn rows(source: impl Read) -> Result<Vec<Row>, Error> {
    let mut reader = csv::Reader::from_reader(source);
    let columns = Columns::of(reader.headers()?)?;
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let row = columns.row(&record?).map_err(|problem| Error::Row {
            row: index + 1,
            problem,
        })?;
        rows.push(row);
    }
    fill_lengths(&mut rows);
    number_revisions(&mut rows);
    Ok(rows)
}

/// A row without a length of its own has the smallest spacing of the file.
fn fill_lengths(rows: &mut [Row]) {
    let starts = rows.iter().map(|row| row.start_ms);
    let spacings = starts
        .clone()
        .zip(starts.skip(1))
        .map(|(left, right)| (right - left) / 1_000);
    let smallest = spacings
        .filter(|spacing| *spacing > 0)
        .min()
        .unwrap_or(DEFAULT_SECONDS);
    let seconds = u32::try_from(smallest).unwrap_or_default();
    for row in rows.iter_mut().filter(|row| row.interval_seconds == 0) {
        row.interval_seconds = seconds;
    }
}

fn number_revisions(rows: &mut [Row]) {
    let mut seen: HashMap<i64, u32> = HashMap::with_capacity(rows.len());
    for row in rows {
        let times = seen.entry(row.start_ms).or_default();
        row.revision = *times;
        *times += 1;
    }
}
