//! How fast a year is rated: `cargo run --release -p tariff-engine --example price`.
//!
//! A household's 35,040 quarter-hours in twelve monthly bills, under time of use x tiers x demand with fees and tax. Working the
//! tariff out for the months is timed apart: it is done once for all customers of a cycle.
#![expect(clippy::print_stdout, reason = "a bench is there to print")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time, and this crate has no other use for a clock"
)]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use tariff_engine::{Carry, Compiled, Inputs, Period, Rows, Tariff};

const LOAD: &str = include_str!("../tests/data/loads/res_15.csv");
const TARIFF: &str = r#"{"currency": "USD", "timezone": "Etc/GMT+5", "rounding": {"scope": "line", "mode": "half_up", "places": 2},
    "charges": [
        {"id": "energy", "type": "energy",
            "bands": [{"name": "peak", "rate": "0.31", "when": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "16:00", "to": "21:00"}]},
                {"name": "night", "rate": "0.12", "when": [{"from": "22:00", "to": "06:00"}]}],
            "otherwise": {"name": "day", "rate": "0.19"}},
        {"id": "tiers", "type": "tiered", "allowance": "per_day",
            "tiers": [{"up_to": "12", "rate": "0.02"}, {"up_to": "30", "rate": "0.05"}, {"up_to": null, "rate": "0.09"}]},
        {"id": "demand", "type": "demand", "window_minutes": 15, "rate": "4.20",
            "when": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "22:00"}]},
        {"id": "service", "type": "monthly", "amount": "9.50"}],
    "bill_charges": [{"id": "tax", "type": "percent", "rate": "0.07"}]}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let tariff = Arc::new(Tariff::parse(TARIFF)?);
    let load = Rows::parse(LOAD)?.as_of(None);
    let inputs = Inputs {
        load: Some(&load),
        prices: None,
    };
    let periods = (1..=12).map(|month| month_of(&tariff, month));
    let periods = periods.collect::<Result<Vec<_>, _>>()?;
    let compile = || {
        periods
            .iter()
            .map(|period| tariff.compile(period))
            .collect::<Result<Vec<_>, _>>()
    };
    let compiled: Vec<Compiled> = compile()?;
    let price = || {
        let bills = compiled.iter().map(|month| month.bill(inputs, &Carry::default()));
        bills.collect::<Result<Vec<_>, _>>()
    };
    let bills = price()?;
    let intervals: u32 = bills.iter().map(|bill| bill.intervals).sum();
    let compile_time = time_of(&mut || black_box(compile()).map(drop))?;
    let price_time = time_of(&mut || black_box(price()).map(drop))?;
    println!(
        "working a tariff out for 12 months      {:>8.3} ms",
        compile_time.as_secs_f64() * 1e3
    );
    println!(
        "12 bills of {intervals} intervals           {:>8.3} ms",
        price_time.as_secs_f64() * 1e3
    );
    Ok(())
}

fn month_of(tariff: &Tariff, month: u32) -> Result<Period, Box<dyn Error>> {
    let first = |year, month| NaiveDate::from_ymd_opt(year, month, 1).ok_or("no such month");
    let next = if month == 12 {
        first(2019, 1)?
    } else {
        first(2018, month + 1)?
    };
    Ok(Period::of_dates(tariff.zone(), first(2018, month)?, next)?)
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
