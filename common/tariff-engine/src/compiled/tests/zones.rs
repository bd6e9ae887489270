//! Every instant of five years in every zone of the world has exactly one price, the one that the rules give for its local clock.

use std::thread;

use chrono_tz::TZ_VARIANTS;

use super::*;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Bands over edges that clock changes skip and repeat, months, weekdays and holidays.
const EVERYWHERE: &str = r#""holidays": ["2022-12-25", "2024-02-29", "2026-03-29"], "charges": [{"id": "e", "type": "energy", "bands": [
        {"name": "early", "rate": 1, "when": [{"from": "00:00", "to": "00:30"}, {"from": "02:00", "to": "02:15", "months": [3, 4, 9, 10, 11]}]},
        {"name": "free", "rate": 0, "when": [{"days": ["hol"]}, {"days": ["sun"], "from": "12:00"}]},
        {"name": "peak", "rate": 3, "when": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "16:00", "to": "21:00"}]},
        {"name": "night", "rate": 2, "when": [{"from": "23:00", "to": "01:45"}]}], "otherwise": {"name": "day", "rate": 4}}]"#;

fn check_zone(zone: Tz) {
    let text = format!(
        r#"{{"currency": "EUR", "timezone": "{zone}", "rounding": {{"scope": "none"}}, {EVERYWHERE}}}"#
    );
    let tariff = Arc::new(Tariff::parse(&text).unwrap());
    let period = Period::of_dates(zone, day("2022-01-01"), day("2027-01-01")).unwrap();
    let compiled = tariff.compile(&period).unwrap();
    assert_eq!(compiled.days, 5 * 365 + 1, "{zone}");
    let mut end = period.start_ms;
    for (from, to, _) in compiled.segments.runs() {
        assert_eq!(from, end, "{zone}: runs follow each other");
        assert!(from < to, "{zone}: runs take time");
        end = to;
    }
    assert_eq!(end, period.end_ms, "{zone}");
    check_instants(&tariff, &compiled);
}

/// Every minute of days on which the clock changes, every hour of the others, and both ends of every run.
fn check_instants(tariff: &Tariff, compiled: &Compiled) {
    let (period, zone) = (compiled.period, compiled.period.zone);
    let bands = tariff.versions[0].charges[0].pricing();
    let offset = |at: i64| local::offset_ms(zone, at).unwrap();
    let check = |at: i64, cursor: &mut super::super::segments::Cursor<'_>| {
        let clock = at + offset(at);
        let date = chrono::DateTime::from_timestamp_millis(clock)
            .unwrap()
            .date_naive();
        let minute = u32::try_from(clock.rem_euclid(local::DAY_MS) / MINUTE_MS).unwrap();
        let slot = cursor.slot_at(at).unwrap();
        let (_, picks) = compiled.segments.slot(slot).unwrap();
        assert_eq!(
            picks,
            [bands.pick(date, minute, &compiled.calendar)],
            "{zone} {date} minute {minute}"
        );
    };
    let mut cursor = compiled.segments.cursor();
    let mut from = period.start_ms;
    while from < period.end_ms {
        let to = (from + local::DAY_MS).min(period.end_ms);
        let changes = [from + local::DAY_MS / 2, to]
            .iter()
            .any(|at| offset(*at) != offset(from));
        let step = if changes { MINUTE_MS } else { HOUR_MS };
        for at in (from..to).step_by(usize::try_from(step).unwrap()) {
            check(at, &mut cursor);
        }
        from = to;
    }
    for (from, to, _) in compiled.segments.runs() {
        check(from, &mut cursor);
        check(to - 1000, &mut cursor);
    }
}

#[test]
fn every_local_day_of_every_zone_is_partitioned() {
    assert!(TZ_VARIANTS.len() > 400);
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for part in TZ_VARIANTS.chunks(TZ_VARIANTS.len().div_ceil(threads)) {
            scope.spawn(move || part.iter().copied().for_each(check_zone));
        }
    });
}
