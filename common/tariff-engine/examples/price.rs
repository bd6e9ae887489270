//! How fast a compiled tariff prices: `cargo run --release -p tariff-engine --example price`.
//!
//! The time of use tariff of the worked bills on its quarter-hours of two half months, again and again.
#![expect(clippy::print_stdout, reason = "a bench is there to print")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time, and this crate has no other use for a clock"
)]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use model::Energy;
use tariff_engine::{Interval, Period, Tariff};

const TARIFF: &str = include_str!("../tests/data/tariffs/neutral/n01_dst_berlin.json");
const LOAD: &str = include_str!("../tests/data/loads/h0_berlin_15_2024-03_10.csv");

fn main() -> Result<(), Box<dyn Error>> {
    let tariff = Arc::new(Tariff::parse(TARIFF)?);
    let period = Period::of_dates(tariff.zone(), "2024-03-15".parse()?, "2024-04-15".parse()?)?;
    let intervals: Vec<Interval> = load()?
        .into_iter()
        .filter(|interval| (period.start_ms..period.end_ms).contains(&interval.start_ms))
        .collect();
    let compile = time_of(&mut || black_box(tariff.compile(&period)).map(drop))?;
    let compiled = tariff.compile(&period)?;
    let price = time_of(&mut || black_box(compiled.price(&intervals)).map(drop))?;
    let each = price
        .as_nanos()
        .checked_div(u128::try_from(intervals.len())?)
        .unwrap_or_default();
    println!(
        "working out a tariff for a month     {:>9.1} us",
        compile.as_secs_f64() * 1e6
    );
    println!(
        "pricing a month ({} intervals)     {:>9.1} us, {each} ns each",
        intervals.len(),
        price.as_secs_f64() * 1e6
    );
    Ok(())
}

/// The median of many runs.
fn time_of<E>(work: &mut dyn FnMut() -> Result<(), E>) -> Result<Duration, E> {
    const RUNS: usize = 501;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let started = Instant::now();
        work()?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(RUNS / 2).copied().unwrap_or_default())
}

fn load() -> Result<Vec<Interval>, Box<dyn Error>> {
    let mut intervals = Vec::new();
    for row in LOAD.lines().skip(1) {
        let mut cells = row.split(',');
        let (start, _local, import) = (cells.next(), cells.next(), cells.next());
        intervals.push(Interval {
            start_ms: DateTime::parse_from_rfc3339(start.unwrap_or_default())?.timestamp_millis(),
            minutes: 15,
            import: import.unwrap_or_default().parse()?,
            export: Energy::ZERO,
        });
    }
    Ok(intervals)
}
