use super::*;
use crate::demo::site;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(start: &str, readings: u32) -> UsageWindow {
    UsageWindow {
        start: start.to_owned(),
        readings,
        ..UsageWindow::default()
    }
}

/// A quarter-hourly meter in Berlin, with or without export.
fn meter(exports: bool) -> Site {
    let mut sites = site::recorded().unwrap();
    let place = sites
        .iter()
        .position(|site| site.interval_seconds == 900)
        .unwrap();
    let mut site = sites.swap_remove(place);
    site.exports = exports;
    site
}

fn check(exports: bool, days: &[UsageWindow], end: &str, until: &str, readings: u64) {
    let found = prefix(&meter(exports), days, at("2026-10-23T22:00:00Z"), at(end));
    assert_eq!((found.until, found.readings), (at(until), readings));
}

/// 24 October, the 25 hours of the 25th, and the 26th until noon.
fn days(of: [u32; 3]) -> Vec<UsageWindow> {
    let starts = [
        "2026-10-24T00:00:00+02:00",
        "2026-10-25T00:00:00+02:00",
        "2026-10-26T00:00:00+01:00",
    ];
    starts
        .iter()
        .zip(of)
        .map(|(start, readings)| day(start, readings))
        .collect()
}

#[test]
fn what_is_there_without_a_gap_is_not_sent_again() {
    let noon = "2026-10-26T11:00:00Z";
    check(false, &days([96, 100, 48]), noon, noon, 244);
    check(true, &days([192, 200, 96]), noon, noon, 488);
}

#[test]
fn a_day_that_lacks_a_reading_is_sent_again_with_all_after_it() {
    let noon = "2026-10-26T11:00:00Z";
    check(false, &days([96, 99, 48]), noon, "2026-10-24T22:00:00Z", 96);
    check(false, &days([96, 100, 47]), noon, "2026-10-25T23:00:00Z", 196);
    check(false, &days([0, 100, 48]), noon, "2026-10-23T22:00:00Z", 0);
    check(true, &days([96, 100, 48]), noon, "2026-10-23T22:00:00Z", 0);
    check(false, &[], "2026-10-23T22:00:00Z", "2026-10-23T22:00:00Z", 0);
}
